/* SPDX-License-Identifier: Apache-2.0
 *
 * hl7v2_gateway: the gateway for HL7 v2 messages and SS-MIX2 storage. See README.md beside.
 */
#ifndef KM_GATEWAYS_HL7V2_HL7V2_GATEWAY_H
#define KM_GATEWAYS_HL7V2_HL7V2_GATEWAY_H

#include "platform/formats.h"

extern const km_service km_gateway_hl7v2;
extern const km_format km_format_hl7v2;

#endif
