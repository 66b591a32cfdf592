/* SPDX-License-Identifier: Apache-2.0
 *
 * fhir: the gateway's one symbol. See README.md beside.
 */
#ifndef KM_GATEWAYS_FHIR_FHIR_H
#define KM_GATEWAYS_FHIR_FHIR_H

#include "platform/platform.h"

extern const km_service km_gateway_fhir;

#endif
