/* SPDX-License-Identifier: Apache-2.0
 *
 * claims: the gateway for claim files (レセプト電算処理). See README.md beside.
 */
#ifndef KM_GATEWAYS_CLAIMS_CLAIMS_H
#define KM_GATEWAYS_CLAIMS_CLAIMS_H

#include "platform/formats.h"

extern const km_service km_gateway_claims;
extern const km_format km_format_receden;

#endif
