/* SPDX-License-Identifier: Apache-2.0
 *
 * care_gateway: the gateway for evidence-based long-term care data (LIFE). See README.md beside.
 */
#ifndef KM_GATEWAYS_CARE_CARE_GATEWAY_H
#define KM_GATEWAYS_CARE_CARE_GATEWAY_H

#include "platform/formats.h"

extern const km_service km_gateway_care;
extern const km_format km_format_life;

#endif
