/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: who asks, for what, may they.
 *
 * This is the door with the simplest decision behind it: a node is either open (authentication
 * off, loopback only) or asks for the operator's token; whoever is let in is its operator, and sees
 * everything. The table of roles says what the others will be asked (trust/roles); until they can
 * sign in and consent is asked, nobody has their roles, and every basis but `all` is refused.
 */
#ifndef KM_TRUST_TRUST_H
#define KM_TRUST_TRUST_H

#include "record/access.h"
#include "record/log.h"
#include "trust/roles/roles.h"

/* What a route is for: a row of data/roles/permissions.tsv, which says who may and on which basis.
 * Zero never means allowed. */
typedef struct km_policy {
    const char *permission;
} km_policy;

typedef struct km_caller {
    km_str name;    /* for audit: "open", "operator", "job:import" */
    int role;       /* number in data/roles/roles.tsv */
    int32_t source; /* what the caller writes belongs to this source */
} km_caller;

typedef struct km_trust km_trust;
typedef struct km_trust_options {
    bool open;              /* --open */
    const char *token_file; /* holds the operator's token; made at first start, mode 0400 */
    const km_random *random;
} km_trust_options;
km_code km_trust_open(km_trust **out, const km_trust_options *o, km_fault *f);
void km_trust_close(km_trust *t);
bool km_trust_is_open(const km_trust *t);
const km_roles *km_trust_roles(const km_trust *t);
/* Is there a row for this policy? Asked of every route before a node serves. */
bool km_trust_knows(const km_trust *t, const km_policy *policy);

/* Who sends this Authorization header (KM_STR_NONE: none), and may they use a route of this policy?
 * KM_UNAUTHENTICATED, KM_FORBIDDEN. */
km_code km_trust_admit(km_caller **out, km_trust *t, const km_policy *policy, km_str authorization,
                       km_call *call);

/* Opens the access for the caller of `call` under the policy (opens the audit entry). The access
 * lives in the call's arena. KM_UNAUTHENTICATED, KM_FORBIDDEN. */
km_code km_trust_access(km_access **out, const km_trust *t, const km_policy *policy, km_call *call);

/* The fixed accesses of the node's own jobs (decision 1), by name: "rebuild", "verify", "export",
 * "import". Asserts the name is in the table. */
km_access *km_trust_job_access(const char *job, km_arena *a);

#endif
