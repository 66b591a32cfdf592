/* SPDX-License-Identifier: Apache-2.0
 *
 * entry: the step through the door, whichever way one came (entry.h).
 */
#include "services/signin/entry.h"

#include "base/hash.h"

enum { BODY_MAX = 64 << 10, TICKET_S = 600 };

/* --- what was sent -----------------------------------------------------------------------------
 */

km_code km_signin__body(km_jv *out, km_request *r)
{
    km_json *doc;
    if (!km_request_same_origin(r))
        return km_fail(r->call.fault, KM_FORBIDDEN, NULL, "the request came from another site");
    if (r->body.n > BODY_MAX)
        return km_fail(r->call.fault, KM_TOO_LONG, "body", "at most %d bytes", BODY_MAX);
    KM_TRY(km_json_parse(&doc, r->call.arena, r->body,
                         &(km_json_limits){ .depth = 4, .members = 32, .array_members = 16 },
                         r->call.fault));
    *out = km_json_root(doc);
    return km_jv_is(*out, KM_JSON_OBJECT)
               ? KM_OK
               : km_fail(r->call.fault, KM_MALFORMED, "body", "a JSON object");
}

km_code km_signin__text(km_str *out, km_jv body, const char *name, km_request *r)
{
    km_jv v = km_jv_get(body, km_str_of(name));
    *out = km_jv_str(v);
    return km_jv_is(v, KM_JSON_STRING) && out->n > 0
               ? KM_OK
               : km_fail(r->call.fault, KM_REQUIRED, name, "a text");
}

km_code km_signin__bytes(km_str *out, km_jv body, const char *name, km_request *r)
{
    km_str text;
    KM_TRY(km_signin__text(&text, body, name, r));
    return km_unbase64url(out, r->call.arena, text)
               ? KM_OK
               : km_fail(r->call.fault, KM_BAD_VALUE, name, "base64url");
}

/* --- this node, as browsers call it --------------------------------------------------------------
 */

static km_str host_of(km_str address)
{
    km_str rest;
    (void)km_str_cut(address, '/', &rest);
    return km_str_sub(rest, 1, rest.n);
}

static bool is_loopback(km_str host)
{
    km_str port, name = km_str_cut(host, ':', &port);
    return km_str_is(name, "localhost") || km_str_is(name, "127.0.0.1")
           || km_str_starts(host, KM_STR("[::1]"));
}

km_str km_signin__address(const km_request *r)
{
    km_str ours = km_whos_issuer(km_request_node(r)->whos);
    if (is_loopback(host_of(ours)) && is_loopback(r->host))
        return km_arena_print(r->call.arena, "%s://%.*s", r->tls ? "https" : "http",
                              KM_STR_ARG(r->host));
    return ours;
}

/* --- cookies
 * ---------------------------------------------------------------------------------------- */

static const char *ticket_name(const km_request *r)
{
    return r->tls ? "__Host-kumihimo-ticket" : "kumihimo-ticket";
}

km_code km_signin__keep_ticket(km_reply *out, km_request *r, km_str ticket)
{
    km_cookie c = { .name = ticket_name(r), .value = ticket, .max_age_s = TICKET_S };
    return km_reply_cookie(out, r, &c);
}

km_str km_signin__ticket(const km_request *r)
{
    return km_request_cookie(r, ticket_name(r));
}

km_str km_signin__cookie(const km_request *r)
{
    return km_request_cookie(r, km_session_cookie(r->tls));
}

const km_who *km_signin__who(const km_request *r)
{
    const km_caller *c = r->call.caller;
    bool page = c != NULL && c->who != NULL && c->who->client.n == 0 && km_signin__cookie(r).n > 0;
    return page ? c->who : NULL;
}

static km_code set_session(km_reply *out, km_request *r, km_str cookie)
{
    km_cookie session = { .name = km_session_cookie(r->tls),
                          .value = cookie,
                          .max_age_s = cookie.n > 0 ? -1 : 0 };
    km_cookie ticket = { .name = ticket_name(r), .max_age_s = 0 };
    KM_TRY(km_reply_cookie(out, r, &session));
    return km_signin__ticket(r).n > 0 ? km_reply_cookie(out, r, &ticket) : KM_OK;
}

/* --- who one is
 * ---------------------------------------------------------------------------------------- */

static void say_role(km_jw *w, const km_role *role)
{
    km_jw_key(w, "role");
    km_jw_open(w, '{');
    km_jw_member(w, "name", role->name);
    km_jw_member(w, "ja", role->ja);
    km_jw_member(w, "en", role->en);
    km_jw_close(w, '}');
    km_jw_member_z(w, "purpose", km_purpose_name(role->purpose));
}

km_code km_signin__say(km_reply *out, km_request *r, const km_who *who)
{
    const km_node *n = km_request_node(r);
    const km_role *role;
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    km_roles_all(&role, km_trust_roles(n->trust));
    km_jw_open(&w, '{');
    km_jw_member_bool(&w, "signedIn", who != NULL);
    km_jw_member_bool(&w, "open", km_trust_is_open(n->trust));
    km_jw_member_bool(&w, "demo", km_whos_demo(n->whos));
    if (who != NULL) {
        km_jw_member(&w, "name", who->name);
        say_role(&w, &role[who->role]);
        km_jw_member(&w, "organisation", who->organisation);
        km_jw_member(&w, "person", who->person);
        km_jw_member_bool(&w, "demoAccount", km_str_is(who->issuer, KM_DEMO_ISSUER));
        km_jw_member_bool(&w, "secondFactor", who->second_factor_at > 0);
        km_jw_member_bool(&w, "secondFactorNeeded",
                          role[who->role].second_factor && who->second_factor_at == 0);
    }
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&b);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

/* --- through the door
 * ------------------------------------------------------------------------------------ */

km_code km_signin__account(km_account *out, km_request *r, km_str issuer, km_str subject)
{
    km_conn *c;
    const km_node *n = km_request_node(r);
    km_fault own = { 0 };
    km_call call = r->call;
    call.fault = &own;
    KM_TRY(km_store_reader(&c, n->store, r->call.fault));
    km_code rc = km_account_find(out, c, km_trust_roles(n->trust), issuer, subject, &call);
    km_store_return(c);
    if (rc == KM_NOT_FOUND)
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, "account",
                       "the proof holds, but this node has no account for it");
    return rc == KM_OK ? KM_OK : km_fail(r->call.fault, rc, own.path, "%s", own.detail);
}

/* As the caller that `who` is. */
static km_code trace(km_request *r, const km_who *who, km_audit_kind kind, km_str outcome,
                     const char *how)
{
    km_caller caller = *r->call.caller;
    km_call call = r->call;
    km_audit_entry e = { .kind = kind, .outcome = outcome, .reason = km_str_of(how) };
    if (who != NULL) {
        caller.who = who;
        caller.role = who->role;
        caller.name = KM_STR_NONE;
    }
    call.caller = &caller;
    return km_trust_trace(km_request_node(r)->trust, &e, &call);
}

km_code km_signin__enter(km_request *r, km_reply *out, const km_who *who, const char *how)
{
    km_whos *whos = km_request_node(r)->whos;
    km_str cookie, old = km_signin__cookie(r);
    km_who entered = *who;
    if (old.n > 0)
        KM_TRY(km_session_end(whos, old, &r->call));
    KM_TRY(km_session_begin(&cookie, &entered.session, whos, who, &r->call));
    km_code rc = trace(r, &entered, KM_AUDIT_LOGIN, KM_STR("ok"), how);
    if (rc != KM_OK) {
        km_call quiet = r->call;
        quiet.fault = NULL;
        (void)km_session_end(whos, cookie, &quiet);
        return rc;
    }
    KM_TRY(set_session(out, r, cookie));
    return km_signin__say(out, r, &entered);
}

km_code km_signin__raise(km_request *r, km_reply *out, const char *how)
{
    km_str cookie;
    km_who raised = *km_signin__who(r);
    KM_TRY(km_session_raise(&cookie, km_request_node(r)->whos, km_signin__cookie(r), &r->call));
    raised.second_factor_at = km_call_now(&r->call);
    KM_TRY(trace(r, &raised, KM_AUDIT_LOGIN, KM_STR("ok"), how));
    KM_TRY(set_session(out, r, cookie));
    return km_signin__say(out, r, &raised);
}

km_code km_signin__failed(km_request *r, km_code rc, const char *how)
{
    km_fault none = { 0 };
    km_call quiet = r->call;
    quiet.fault = &none;
    km_caller caller = *r->call.caller;
    km_audit_entry e = { .kind = KM_AUDIT_LOGIN,
                         .outcome = km_str_of(km_code_name(rc)),
                         .reason = km_arena_print(r->call.arena, "%s: %s", how,
                                                  r->call.fault->path) };
    quiet.caller = &caller;
    (void)km_trust_trace(km_request_node(r)->trust, &e, &quiet);
    return rc;
}

/* --- in, out, and by demonstration
 * ---------------------------------------------------------------------- */

km_code km_signin__session(km_request *r, km_reply *out)
{
    const km_caller *c = r->call.caller;
    return km_signin__say(out, r, c->who);
}

km_code km_signin__sign_out(km_request *r, km_reply *out)
{
    km_str cookie = km_signin__cookie(r);
    const km_who *who = km_signin__who(r);
    if (!km_request_same_origin(r))
        return km_fail(r->call.fault, KM_FORBIDDEN, NULL, "the request came from another site");
    if (cookie.n > 0)
        KM_TRY(km_session_end(km_request_node(r)->whos, cookie, &r->call));
    if (who != NULL)
        KM_TRY(trace(r, who, KM_AUDIT_LOGOUT, KM_STR("ok"), "page"));
    KM_TRY(set_session(out, r, KM_STR_NONE));
    return km_signin__say(out, r, NULL);
}
