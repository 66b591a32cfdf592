/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: who asks, for what, may they.
 *
 * This is the door with the simplest decision behind it: a node is either open (authentication
 * off, loopback only) or asks for the operator's token; whoever is let in sees what the route's
 * policy names. Consent, roles and audit replace the decision, not these signatures.
 */
#ifndef KM_TRUST_TRUST_H
#define KM_TRUST_TRUST_H

#include "record/access.h"
#include "record/log.h"

typedef enum km_purpose { /* HL7 v3 PurposeOfUse */
                          KM_PURPOSE_NONE = 0,
                          KM_TREAT,
                          KM_PATRQT,
                          KM_HOPERAT /* the node's own operation: import, export, verify */
} km_purpose;

/* Who may ask and for what; a row beside each route. Zero never means allowed. */
typedef struct km_policy {
    const char *role; /* "public" (health, pages), "reader", "writer", "operator" */
    km_purpose purpose;
} km_policy;

typedef struct km_caller {
    km_str name;      /* for audit: "open", "operator", "job:import" */
    int32_t source;   /* what the caller writes belongs to this source */
    bool public_only; /* nobody signed in: routes for everyone only */
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

/* Who sends this Authorization header (KM_STR_NONE: none), and may they use a route of this policy?
 * KM_UNAUTHENTICATED, KM_FORBIDDEN. */
km_code km_trust_admit(km_caller **out, km_trust *t, const km_policy *policy, km_str authorization,
                       km_call *call);

/* Opens the access for the caller of `call` under the policy (opens the audit entry). The access
 * lives in the call's arena. */
km_code km_trust_access(km_access **out, const km_policy *policy, km_call *call);

/* The fixed accesses of the node's own jobs (decision 1), by name: "rebuild", "verify", "export",
 * "import". Asserts the name is in the table. */
km_access *km_trust_job_access(const char *job, km_arena *a);

#endif
