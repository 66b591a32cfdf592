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
    struct km_shown_rules *shown; /* data/trust: shown, law, common */
    km_str network;
    char *network_text;
    int32_t local_source;
    int nobody_role, operator_role;
    unsigned char token_hash[KM_SHA256_LEN]; /* of the token's text; the text itself is not kept */
    km_log *log;
    km_whos *whos;
    struct km_source_names *sources;
    km_audit *audit;
    km_trust_views views;
};

km_basis km_trust__basis(const km_trust *t, const km_policy *policy, int role);
/* Who may not is told so; who is nobody yet, how to become somebody. Leaves an entry. */
km_code km_trust__refused(km_trust *t, const km_policy *policy, km_call *call);

/* The charts of a person; without a view above, each stands alone. */
km_code km_trust__same_person(int64_t **chart, size_t *n, km_trust *t, km_reader *r,
                              int64_t chart_of);

/* --- abroad.c --- */
/* Does an app ask that is run from abroad, and may such a one ask for this at all? */
bool km_trust__is_abroad(const km_caller *c);
bool km_trust__open_abroad(const km_trust *t, const km_policy *policy);

/* --- shown.c: the tables of what is shown to whom --- */
struct km_shown_rules *km_shown__new(const km_roles *roles);
void km_shown__free(struct km_shown_rules *s);
/* May the role ask for the purpose, and which class is it shown then? KM_CLASS_NONE: everything. */
bool km_trust__shown(km_access_class *out, const km_trust *t, int role, km_purpose purpose);
bool km_trust__by_law(const km_trust *t, int role, km_ftype type);
bool km_trust__is_common(const km_trust *t, km_ftype type);

/* --- source.c --- */
struct km_source_names *km_source_names__new(void);
void km_source_names__free(struct km_source_names *s);

/* --- trace.c --- */
/* Fills what the entry tells of who asks and how. */
void km_trace__of(km_audit_entry *e, const km_trust *t, const km_call *call);
/* Not waited for: a refusal shows nothing. */
void km_trace__refused(km_trust *t, const km_policy *policy, km_code why, km_call *call);
/* The records shown; durable when it returns KM_OK unless `owed` (km_access_defer). */
km_code km_trace__shown(km_trust *t, km_audit_entry *e, struct km_record *const *shown, size_t n,
                        int64_t *owed, km_call *call);

#endif
