/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the door share.
 */
#ifndef KM_TRUST_INSIDE_H
#define KM_TRUST_INSIDE_H

#include "base/hash.h"
#include "trust/classes/classes.h"
#include "trust/trust.h"

struct km_trust {
    bool open;
    km_roles *roles;
    km_classes *classes;
    int nobody_role, operator_role;
    unsigned char token_hash[KM_SHA256_LEN]; /* of the token's text; the text itself is not kept */
    km_audit *audit;
    km_trust_views views;
};

km_basis km_trust__basis(const km_trust *t, const km_policy *policy, int role);
/* Who may not is told so; who is nobody yet, how to become somebody. Leaves an entry. */
km_code km_trust__refused(km_trust *t, const km_policy *policy, km_call *call);

/* --- trace.c --- */
/* Fills what the entry tells of who asks and how. */
void km_trace__of(km_audit_entry *e, const km_trust *t, const km_call *call);
/* Not waited for: a refusal shows nothing. */
void km_trace__refused(km_trust *t, const km_policy *policy, km_code why, km_call *call);
/* The records shown, durable when it returns KM_OK. */
km_code km_trace__shown(km_trust *t, km_audit_entry *e, struct km_record *const *shown, size_t n,
                        km_call *call);

#endif
