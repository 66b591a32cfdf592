/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of the audit, for the person and for the security officer.
 */
#include "services/lookers/lookers.h"

const km_policy km_lookers__own = { "lookers.read", KM_AUDIT_AUDIT_READ };
const km_policy km_lookers__audit = { "audit.read", KM_AUDIT_AUDIT_READ };

static const km_http_route routes[] = {
    { "GET", "/api/lookers", km_lookers__list, 0, &km_lookers__own, NULL, NULL },
    { "GET", "/api/lookers/proofs", km_lookers__proofs, 0, &km_lookers__own, NULL, NULL },
    { "GET", "/api/audit", km_lookers__search, 0, &km_lookers__audit, NULL, NULL },
    { 0 }
};

const km_service km_service_lookers = { .name = "lookers", .routes = routes };
