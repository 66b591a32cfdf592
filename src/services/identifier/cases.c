/* SPDX-License-Identifier: Apache-2.0
 *
 * cases: proposed, read, confirmed, refused. Each act leaves its trace, whatever came of it.
 */
#include "services/identifier/identifier.h"

void km_identifier__write_case(km_jw *w, const km_case *c)
{
    km_jw_open(w, '{');
    km_jw_member(w, "case", c->id);
    km_jw_member(w, "kind", c->kind->name);
    km_jw_member(w, "ja", c->kind->ja);
    km_jw_member(w, "en", c->kind->en);
    km_jw_member_z(w, "state", km_case_state_name(c->state));
    km_jw_member_int(w, "persons", c->kind->persons);
    km_jw_key(w, "what");
    km_jw_raw(w, c->content);
    km_jw_member(w, "hash", c->hash_hex);
    km_jw_member_int(w, "expiresAt", c->expires_at);
    km_jw_key(w, "acts");
    km_jw_open(w, '[');
    for (size_t i = 0; i < c->acts; i++) {
        km_jw_open(w, '{');
        km_jw_member(w, "act", c->act[i].act);
        km_jw_member(w, "person", c->act[i].person);
        km_jw_member(w, "role", c->act[i].role);
        km_jw_member_int(w, "at", c->act[i].at);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
    km_jw_close(w, '}');
}

/* The act and what came of it; a refused one too. */
static km_code trace(km_request *r, const char *act, km_str id, km_code rc)
{
    km_fault own = { 0 };
    km_call call = r->call;
    km_str basis = km_str_of(act);
    call.fault = &own;
    km_audit_entry e = { .kind = KM_AUDIT_CASE,
                         .outcome = rc == KM_OK ? KM_STR("ok") : km_str_of(km_code_name(rc)),
                         .reason = id,
                         .basis = &basis,
                         .bases = 1 };
    km_code traced = km_trust_trace(km_request_node(r)->trust, &e, &call);
    return traced == KM_OK ? rc : km_fail(r->call.fault, traced, "audit", "%s", own.detail);
}

static km_code show(km_request *r, km_reply *out, const km_case *c, int status)
{
    km_buf text = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&text);
    km_identifier__write_case(&w, c);
    out->status = status;
    out->type = "application/json";
    out->body = km_buf_str(&text);
    return KM_OK;
}

static km_code propose(km_case *out, km_request *r, km_str kind, km_jv what)
{
    km_cases s = km_identifier__cases(km_request_node(r));
    km_case_actor by = km_identifier__actor(&r->call);
    km_code rc = km_cases_propose(out, &s, kind, what, &by, &r->call);
    return trace(r, "propose", rc == KM_OK ? out->id : KM_STR_NONE, rc);
}

km_code km_identifier__propose(km_request *r, km_reply *out)
{
    km_id_call q;
    km_case made;
    km_str kind;
    KM_TRY(km_identifier__open(&q, r, "kind what"));
    KM_TRY(km_identifier__text(&kind, &q, "kind"));
    KM_TRY(propose(&made, r, kind, KM_JV_GET(q.body, "what")));
    return show(r, out, &made, 201);
}

/* A short way to a case of its kind. */
km_code km_identifier__revoke(km_request *r, km_reply *out)
{
    km_id_call q;
    km_case made;
    KM_TRY(km_identifier__open(&q, r, "person domain why graceSeconds"));
    KM_TRY(propose(&made, r, KM_STR("revoke"), q.body));
    return show(r, out, &made, 202);
}

km_code km_identifier__cases_list(km_request *r, km_reply *out)
{
    enum { ROOM = 200 };
    km_case *all;
    size_t n;
    km_cases s = km_identifier__cases(km_request_node(r));
    km_case_actor by = km_identifier__actor(&r->call);
    KM_TRY(km_cases_list(&all, &n, ROOM, &s, &by, &r->call));
    km_buf text = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&text);
    km_jw_open(&w, '{');
    km_jw_key(&w, "cases");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        km_identifier__write_case(&w, &all[i]);
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&text);
    return trace(r, "list", KM_STR_NONE, KM_OK);
}

km_code km_identifier__case(km_request *r, km_reply *out)
{
    km_case one;
    km_cases s = km_identifier__cases(km_request_node(r));
    km_case_actor by = km_identifier__actor(&r->call);
    km_str id = km_request_var(r, "case");
    KM_TRY(trace(r, "read", id, km_cases_get(&one, &s, id, &by, &r->call)));
    return show(r, out, &one, 200);
}

km_code km_identifier__confirm(km_request *r, km_reply *out)
{
    km_id_call q;
    km_case one;
    km_str hash, id = km_request_var(r, "case");
    km_cases s = km_identifier__cases(km_request_node(r));
    km_case_actor by = km_identifier__actor(&r->call);
    KM_TRY(km_identifier__open(&q, r, "hash"));
    KM_TRY(km_identifier__text(&hash, &q, "hash"));
    KM_TRY(trace(r, "confirm", id, km_cases_confirm(&one, &s, id, hash, &by, &r->call)));
    return show(r, out, &one, 200);
}

km_code km_identifier__refuse(km_request *r, km_reply *out)
{
    km_case one;
    km_str id = km_request_var(r, "case");
    km_cases s = km_identifier__cases(km_request_node(r));
    km_case_actor by = km_identifier__actor(&r->call);
    KM_TRY(trace(r, "refuse", id, km_cases_refuse(&one, &s, id, &by, &r->call)));
    return show(r, out, &one, 200);
}
