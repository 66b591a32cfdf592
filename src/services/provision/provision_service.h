/* SPDX-License-Identifier: Apache-2.0
 *
 * provision: what was given to others and received from others, to be looked at by whose data it is
 * and by a security officer; and opt-out schemes, announced. The service's one symbol. The JSON it
 * answers stands in docs/provision.md; the records themselves are trust/provision.h's.
 */
#ifndef KM_SERVICES_PROVISION_PROVISION_SERVICE_H
#define KM_SERVICES_PROVISION_PROVISION_SERVICE_H

#include "platform/platform.h"
#include "trust/provision.h"

extern const km_service km_service_provision;

#endif
