/* SPDX-License-Identifier: Apache-2.0
 *
 * dpc_gateway: the gateway for the files of DPC hospitals. See README.md beside.
 */
#ifndef KM_GATEWAYS_DPC_DPC_GATEWAY_H
#define KM_GATEWAYS_DPC_DPC_GATEWAY_H

#include "platform/formats.h"

extern const km_service km_gateway_dpc;
extern const km_format km_format_dpc_ef;

#endif
