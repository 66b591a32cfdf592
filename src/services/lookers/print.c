/* SPDX-License-Identifier: Apache-2.0
 *
 * print: entries as the pages read them.
 */
#include "base/date.h"
#include "services/lookers/lookers.h"

static void member_if(km_jw *w, const char *name, km_str s)
{
    if (s.n > 0)
        km_jw_member(w, name, s);
}

void km_lookers__print(km_jw *w, const km_audit_found *one)
{
    const km_audit_entry *e = &one->entry;
    char at[25];
    km_instant_print(at, e->at);
    km_jw_member_z(w, "at", at);
    km_jw_member_z(w, "kind", km_audit_kind_text(e->kind));
    member_if(w, "outcome", e->outcome);
    member_if(w, "role", e->agent.role);
    member_if(w, "organisation", e->agent.organisation);
    member_if(w, "client", e->agent.client);
    member_if(w, "purpose", e->purpose);
    if (e->flags & KM_AUDIT_EMERGENCY)
        km_jw_member_bool(w, "emergency", true);
    if (e->flags & KM_AUDIT_UNEXPLAINED)
        km_jw_member_bool(w, "unexplained", true);
}

/* How many of which type; the ids stand in the entry. */
void km_lookers__print_shown(km_jw *w, const km_audit_entry *e, km_arena *a)
{
    int64_t *count = KM_NEW_ARRAY(a, e->shows, int64_t);
    size_t *first = KM_NEW_ARRAY(a, e->shows, size_t), types = 0;
    for (size_t i = 0; i < e->shows; i++) {
        size_t k = 0;
        while (k < types && !km_str_eq(e->shown[first[k]].type, e->shown[i].type))
            k++;
        if (k == types)
            first[types++] = i;
        count[k]++;
    }
    km_jw_key(w, "shown");
    km_jw_open(w, '{');
    for (size_t k = 0; k < types; k++) {
        km_jw_key_str(w, e->shown[first[k]].type);
        km_jw_int(w, count[k]);
    }
    km_jw_close(w, '}');
}

void km_lookers__print_key(km_jw *w, const km_request *r)
{
    km_buf key = km_buf_in(r->call.arena);
    km_audit_key_print(&key, km_audit_signing_key(km_request_node(r)->audit));
    km_jw_member(w, "key", km_buf_str(&key));
}
