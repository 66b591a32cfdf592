/* SPDX-License-Identifier: Apache-2.0
 *
 * trace: entries of the audit, of what the door lets through and of what it refuses.
 */
#include "record/record.h"
#include "trust/inside.h"

static km_str hex_of(const km_call *call, km_str bytes)
{
    return bytes.n > 0 ? km_hex(call->arena, bytes.p, bytes.n) : KM_STR_NONE;
}

static void who_of(km_audit_agent *out, const km_who *w, const km_call *call)
{
    out->id = w->issuer.n > 0 ? km_arena_print(call->arena, "%.*s|%.*s", KM_STR_ARG(w->issuer),
                                               KM_STR_ARG(w->subject))
                              : w->subject;
    out->name = w->name;
    out->organisation = w->organisation;
    out->client = w->client;
    out->session = w->session;
    out->thumbprint = hex_of(call, w->certificate);
    out->second_factor = w->second_factor_at > 0;
}

void km_trace__of(km_audit_entry *e, const km_trust *t, const km_call *call)
{
    const km_caller *c = call->caller;
    const km_role *role;
    (void)km_roles_all(&role, t->roles);
    e->at = km_call_now(call);
    if (c == NULL)
        return;
    role += c->role;
    e->agent.role = role->name;
    e->agent.id = c->name;
    e->agent.address = c->asked.address;
    e->purpose = km_str_of(km_purpose_name(role->purpose));
    if (c->who != NULL) {
        who_of(&e->agent, c->who, call);
        if (c->who->purpose != KM_PURPOSE_NONE)
            e->purpose = km_str_of(km_purpose_name(c->who->purpose));
    }
    e->route = km_str_of(c->asked.route);
    e->request = c->asked.request;
    e->query = c->asked.query;
    e->queries = c->asked.queries;
}

static km_code print(km_buf *out, const km_audit_entry *e, km_call *call)
{
    km_fault f = { 0 };
    km_code rc = km_audit_entry_print(out, e, &f);
    return rc == KM_OK ? KM_OK : km_fail(call->fault, rc, NULL, "the trace: %s", f.detail);
}

static km_code append(km_trust *t, const km_audit_entry *e, int64_t *owed, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    if (t->audit == NULL)
        return KM_OK;
    KM_TRY(print(&text, e, call));
    km_str one = km_buf_str(&text);
    if (owed == NULL)
        return km_audit_append(NULL, t->audit, &one, 1, call->fault);
    int64_t at;
    KM_TRY(km_audit_offer(&at, t->audit, &one, 1, KM_AUDIT_NO_CURSOR, call->fault));
    *owed = at + 1;
    return KM_OK;
}

km_code km_trust_trace(km_trust *t, km_audit_entry *e, km_call *call)
{
    km_audit_entry whole = { 0 };
    km_trace__of(&whole, t, call);
    if (e->agent.id.n == 0)
        e->agent = whole.agent;
    if (e->purpose.n == 0)
        e->purpose = whole.purpose;
    if (e->outcome.n == 0)
        e->outcome = KM_STR("ok");
    e->at = whole.at;
    e->route = whole.route;
    e->request = whole.request;
    return append(t, e, NULL, call);
}

km_code km_trust_act(km_str *out, const km_trust *t, km_call *call)
{
    km_audit_entry e = { .kind = KM_AUDIT_UPDATE };
    km_buf text = km_buf_in(call->arena);
    *out = KM_STR_NONE;
    if (call->caller == NULL)
        return KM_OK;
    km_trace__of(&e, t, call);
    e.at = 1; /* an entry has a time; that of what is written is put in when it is told */
    e.request = KM_STR_NONE;
    e.queries = 0;
    KM_TRY(print(&text, &e, call));
    *out = km_buf_str(&text);
    return KM_OK;
}

void km_trace__refused(km_trust *t, const km_policy *policy, km_code why, km_call *call)
{
    km_fault own = { 0 };
    km_buf text = km_buf_in(call->arena);
    km_audit_entry e = { .kind = KM_AUDIT_REFUSED, .outcome = km_str_of(km_code_name(why)) };
    if (t->audit == NULL)
        return;
    km_trace__of(&e, t, call);
    e.reason = km_str_of(policy->permission);
    if (km_audit_entry_print(&text, &e, &own) != KM_OK)
        return;
    km_str one = km_buf_str(&text);
    (void)km_audit_offer(NULL, t->audit, &one, 1, KM_AUDIT_NO_CURSOR, &own);
}

/* The charts in order of appearance, each once: what is shown comes mostly sorted by chart. */
static void charts_of(km_audit_entry *e, struct km_record *const *shown, size_t n, km_call *call)
{
    int64_t *chart = KM_NEW_ARRAY(call->arena, n + 1, int64_t);
    size_t charts = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = shown[i]->chart == KM_CHART_NONE;
        for (size_t k = charts; k-- > 0 && !seen;)
            seen = chart[k] == shown[i]->chart;
        if (!seen)
            chart[charts++] = shown[i]->chart;
    }
    e->chart = chart;
    e->charts = charts;
}

km_code km_trace__shown(km_trust *t, km_audit_entry *e, struct km_record *const *shown, size_t n,
                        int64_t *owed, km_call *call)
{
    km_audit_shown *list = KM_NEW_ARRAY(call->arena, n + 1, km_audit_shown);
    if (t->audit == NULL)
        return KM_OK;
    for (size_t i = 0; i < n; i++)
        list[i] = (km_audit_shown){ km_fhir_type_name(shown[i]->type), shown[i]->id,
                                    shown[i]->version };
    km_trace__of(e, t, call);
    e->outcome = KM_STR("ok");
    e->shown = list;
    e->shows = n;
    charts_of(e, shown, n, call);
    return append(t, e, owed, call);
}
