/* SPDX-License-Identifier: Apache-2.0
 *
 * medicines: the gateway for what a person carries to the pharmacy: medicine notebook lines and
 * prescription symbols (JAHIS). See README.md beside.
 */
#ifndef KM_GATEWAYS_MEDICINES_MEDICINES_H
#define KM_GATEWAYS_MEDICINES_MEDICINES_H

#include "platform/formats.h"

extern const km_service km_gateway_medicines;
extern const km_format km_format_jahis, km_format_jahis_rx;

#endif
