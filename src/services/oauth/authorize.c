/* SPDX-License-Identifier: Apache-2.0
 *
 * authorize: an app asks, a person answers (RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 9700 §2.1).
 *
 * What was asked is sealed into the page (trust/who/ticket.h) and comes back with the answer: the
 * node keeps nothing of a question, and the answer is bound to the session that was asked.
 * An unknown client, or a redirect URI that is not registered, is told to the person and to nobody
 * else; everything else goes back to the app.
 */
#include "http/cookie.h"
#include "services/oauth/oauth.h"
#include "trust/who/ticket.h"

#define QUESTION_LIFE_MS ((km_ms)10 * 60 * 1000)
enum { STATE_MAX = 512, NONCE_MAX = 256 };

static const char purpose[] = "authorize";

/* --- back to the app --- */

static void add_param(km_buf *out, const char *name, km_str value)
{
    if (value.n == 0)
        return;
    km_buf_print(out, "%c%s=", memchr(out->p, '?', out->n) != NULL ? '&' : '?', name);
    km_url_encode(out, value);
}

static km_code send_back(km_reply *out, km_request *r, const km_wish *w, const char *name,
                         km_str value, const char *why)
{
    km_buf to = km_buf_in(r->call.arena);
    km_buf_add(&to, w->redirect);
    add_param(&to, name, value);
    add_param(&to, "error_description", km_str_of(why));
    add_param(&to, "state", w->state);
    add_param(&to, "iss", km_whos_issuer(km_request_node(r)->whos));
    out->status = 303;
    km_reply_header(out, "Location", km_buf_str(&to));
    return KM_OK;
}

static km_code send_error(km_reply *out, km_request *r, const km_wish *w, const char *error,
                          const char *why)
{
    char told[256];
    snprintf(told, sizeof told, "%s", why); /* it may stand in the fault */
    km_fault_clear(r->call.fault);
    return send_back(out, r, w, "error", km_str_of(error), told);
}

/* --- what was asked --- */

/* False: the person was told. */
static bool find_client(km_wish *w, const km_params *p, km_request *r, km_reply *out, km_code *rc)
{
    km_str redirect = km_given(p, "redirect_uri");
    *rc = km_registered_find(&w->client, km_request_node(r)->whos, km_given(p, "client_id"),
                             &r->call);
    if (*rc == KM_NOT_FOUND) {
        km_fault_clear(r->call.fault);
        *rc = KM_OK;
        km_oauth__refuse(out, r, "invalid_client", "このアプリは登録されていません。",
                         "This app is not registered.");
        return false;
    }
    if (*rc != KM_OK)
        return false;
    if (!km_registered_has_redirect(&w->client, redirect)) {
        km_oauth__refuse(out, r, "invalid_request",
                         "アプリが戻り先として示した URI は登録されていません。",
                         "The app named a redirect URI that is not registered.");
        return false;
    }
    w->redirect = redirect;
    return true;
}

typedef struct objection {
    const char *error, *why;
} objection;

static objection look_at(km_wish *w, const km_params *p, km_request *r)
{
    km_str aud = km_given(p, "aud"), type = km_given(p, "response_type");
    km_node *n = km_request_node(r);
    w->state = km_given(p, "state");
    w->nonce = km_given(p, "nonce");
    w->challenge = km_given(p, "code_challenge");
    if (w->state.n > STATE_MAX || w->nonce.n > NONCE_MAX) {
        w->state = KM_STR_NONE;
        return (objection){ "invalid_request", "state or nonce is too long" };
    }
    if (km_param_twice(p) != NULL)
        return (objection){ "invalid_request", km_param_twice(p) };
    if (!km_str_is(type, "code"))
        return (objection){ type.n > 0 ? "unsupported_response_type" : "invalid_request",
                            "response_type is code" };
    if (w->state.n == 0)
        return (objection){ "invalid_request", "state is missing" };
    if (!km_str_is(km_given(p, "code_challenge_method"), "S256")
        || !km_oauth__is_challenge(w->challenge))
        return (objection){ "invalid_request",
                            "PKCE by S256 is needed: code_challenge of 43 characters and "
                            "code_challenge_method" };
    if (!km_str_eq(aud, km_whos_audience(n->whos)))
        return (objection){ "invalid_request", "aud is the address of this node's FHIR" };
    return (objection){ NULL, NULL };
}

static objection look_at_scopes(km_wish *w, const km_params *p, const km_who *who, km_request *r)
{
    km_scopes asked, registered;
    km_call *call = &r->call;
    km_str text = km_given(p, "scope");
    if (text.n == 0)
        return (objection){ "invalid_scope", "say which scopes" };
    if (km_scopes_parse(&asked, text, call->arena, call->fault) != KM_OK
        || km_scopes_parse(&registered, w->client.scopes, call->arena, call->fault) != KM_OK
        || km_scopes_meet(&w->scopes, &asked, &registered, call->arena, call->fault) != KM_OK)
        return (objection){ "invalid_scope", call->fault->detail };
    km_oauth__narrow(&w->scopes, km_trust_roles(km_request_node(r)->trust), who->role, false,
                     call->arena);
    if (w->scopes.n == 0 && !w->scopes.openid)
        return (objection){ "invalid_scope",
                            "none of these scopes is registered for the app and open to the role" };
    return (objection){ NULL, NULL };
}

static bool wants_patient(const km_scopes *s)
{
    bool wants = s->launch_patient;
    for (size_t i = 0; i < s->n; i++)
        wants = wants || s->scope[i].of == KM_SCOPE_PATIENT;
    return wants;
}

/* Whose records: those of the launch, one's own, or whose the person says. */
static objection look_at_launch(km_wish *w, const km_params *p, const km_who *who, km_request *r)
{
    km_str launch = km_given(p, "launch");
    if (launch.n > 0) {
        if (!w->scopes.launch)
            return (objection){ "invalid_scope", "a launch needs the scope launch" };
        if (km_launch_take(&w->patient, km_request_node(r)->whos, who, w->client.id, launch,
                           &r->call)
            != KM_OK)
            return (objection){ "invalid_request", "the launch is over, or another's" };
        return (objection){ NULL, NULL };
    }
    if (!wants_patient(&w->scopes))
        return (objection){ NULL, NULL };
    w->patient = who->person;
    w->pick = who->person.n == 0;
    return (objection){ NULL, NULL };
}

/* --- the question, sealed --- */

static km_str seal(const km_wish *w, const km_who *who, km_request *r)
{
    km_str text;
    km_buf json = km_buf_in(r->call.arena);
    km_jw j = km_jw_on(&json);
    km_jw_open(&j, '{');
    km_jw_member(&j, "once", km_token_sid(&r->call)); /* the same question is another one */
    km_jw_member(&j, "client", w->client.id);
    km_jw_member(&j, "redirect", w->redirect);
    km_jw_member(&j, "state", w->state);
    km_jw_member(&j, "challenge", w->challenge);
    km_jw_member(&j, "nonce", w->nonce);
    km_jw_member(&j, "patient", w->patient);
    km_jw_member_bool(&j, "pick", w->pick);
    km_jw_member(&j, "scope", km_scopes_print(&w->scopes, r->call.arena));
    km_jw_member(&j, "session", who->session);
    km_jw_close(&j, '}');
    km_ticket_seal(&text, km_request_node(r)->log, purpose, km_buf_str(&json),
                   km_call_now(&r->call) + QUESTION_LIFE_MS, &r->call);
    return text;
}

typedef struct question {
    km_wish wish;
    km_str bytes;
    km_ms until;
} question;

static km_code unseal(question *q, km_str ticket, const km_who *who, km_request *r)
{
    km_json *doc;
    km_call *call = &r->call;
    km_wish *w = &q->wish;
    km_node *n = km_request_node(r);
    *q = (question){ 0 };
    KM_TRY(km_ticket_open(&q->bytes, &q->until, n->log, purpose, ticket, call));
    KM_TRY(km_json_parse(&doc, call->arena, q->bytes, NULL, call->fault));
    km_jv o = km_json_root(doc);
    if (!km_str_eq(km_jv_text(o, "session"), who->session))
        return km_fail(call->fault, KM_UNAUTHENTICATED, "ticket", "another session was asked");
    w->redirect = km_jv_text(o, "redirect");
    w->state = km_jv_text(o, "state");
    w->challenge = km_jv_text(o, "challenge");
    w->nonce = km_jv_text(o, "nonce");
    w->patient = km_jv_text(o, "patient");
    w->pick = km_jv_is(KM_JV_GET(o, "pick"), KM_JSON_TRUE);
    KM_TRY(km_registered_find(&w->client, n->whos, km_jv_text(o, "client"), call));
    return km_scopes_parse(&w->scopes, km_jv_text(o, "scope"), call->arena, call->fault);
}

/* --- who is asked --- */

km_code km_oauth__session(km_who **who, km_request *r)
{
    km_str cookie = km_request_cookie(r, km_session_cookie(r->tls));
    km_code rc = km_session_who(who, km_request_node(r)->whos, cookie, &r->call);
    if (rc == KM_UNAUTHENTICATED)
        km_fault_clear(r->call.fault);
    return rc;
}

/* The session's cookie goes along only with what our own pages ask for (SameSite=Strict), and an
 * app's link is none of ours: asked from here once more, the browser sends it. */
static void sign_in_first(km_reply *out, km_request *r)
{
    km_str site = km_request_header(r, "Sec-Fetch-Site");
    if (km_str_is(site, "cross-site") || km_str_is(site, "same-site")) {
        km_oauth__again(out, r);
        return;
    }
    km_buf to = km_buf_in(r->call.arena);
    km_buf_z(&to, KM_SIGN_IN_PAGE "?then=");
    km_url_encode(&to,
                  km_arena_print(r->call.arena, "/oauth/authorize?%.*s", KM_STR_ARG(r->query_raw)));
    out->status = 303;
    km_reply_header(out, "Location", km_buf_str(&to));
}

km_code km_oauth__authorize(km_request *r, km_reply *out)
{
    km_wish w = { 0 };
    km_who *who;
    km_code rc;
    km_params p = { r->query, r->queries };
    if (!find_client(&w, &p, r, out, &rc))
        return rc;
    objection o = look_at(&w, &p, r);
    if (o.error != NULL)
        return send_error(out, r, &w, o.error, o.why);
    rc = km_oauth__session(&who, r);
    if (rc == KM_UNAUTHENTICATED) {
        if (km_str_is(km_given(&p, "prompt"), "none"))
            return send_error(out, r, &w, "login_required", "nobody is signed in");
        sign_in_first(out, r);
        return KM_OK;
    }
    KM_TRY(rc);
    o = look_at_scopes(&w, &p, who, r);
    if (o.error == NULL)
        o = look_at_launch(&w, &p, who, r);
    if (o.error == NULL && km_str_is(km_given(&p, "prompt"), "none"))
        o = (objection){ "consent_required", "the person is asked each time" };
    if (o.error != NULL)
        return send_error(out, r, &w, o.error, o.why);
    km_oauth__ask(out, r, &w, who, seal(&w, who, r), km_str_is(km_given(&p, "lang"), "en"));
    return KM_OK;
}

/* --- the answer --- */

static bool stands_for(const km_who *who, km_str patient)
{
    for (size_t i = 0; i < who->wards; i++)
        if (km_str_eq(who->ward[i], patient))
            return true;
    return who->wards == 0;
}

static km_code allow(question *q, const km_who *who, km_str said, km_request *r, km_reply *out)
{
    km_str code;
    km_wish *w = &q->wish;
    km_call *call = &r->call;
    km_node *n = km_request_node(r);
    if (w->pick)
        w->patient = km_oauth__patient(said, call->arena);
    if (w->pick && (w->patient.n == 0 || !stands_for(who, w->patient)))
        return send_error(out, r, w, "access_denied", "no patient was chosen");
    km_code rc = km_ticket_spend(n->log, q->bytes, q->until, call);
    if (rc == KM_UNAUTHENTICATED)
        return send_error(out, r, w, "access_denied", "the question was answered before");
    KM_TRY(rc);
    km_allowed a = { .client = w->client.id,
                     .who = *who,
                     .scope = km_scopes_print(&w->scopes, call->arena),
                     .patient = w->patient,
                     .until = km_call_now(call)
                              + (w->scopes.offline ? KM_OFFLINE_LIFE_MS : KM_ONLINE_LIFE_MS) };
    a.who.country = km_registered_is_abroad(&w->client) ? w->client.country : KM_STR_NONE;
    km_code_bound bound = { w->redirect, w->challenge, w->nonce };
    KM_TRY(km_allowed_code(&code, n->whos, &a, &bound, call));
    a.who.session = a.sid;
    KM_TRY(km_oauth__trace(r, &a.who, w->client.id, "allowed"));
    KM_TRY(km_oauth__provide(r, &a, w->client.name));
    return send_back(out, r, w, "code", code, NULL);
}

km_code km_oauth__answer(km_request *r, km_reply *out)
{
    km_params p;
    question q;
    km_who *who;
    KM_TRY(km_request_form(&p.field, &p.n, r));
    km_code rc = km_oauth__session(&who, r);
    if (rc == KM_OK)
        rc = unseal(&q, km_given(&p, "ticket"), who, r);
    if (rc == KM_UNAUTHENTICATED || rc == KM_NOT_FOUND) {
        km_fault_clear(r->call.fault);
        km_oauth__refuse(
            out, r, "access_denied",
            "この問いは期限が切れたか、別の人への問いです。アプリからやり直してください。",
            "This question is too old or was asked of somebody else. Begin again in "
            "the app.");
        return KM_OK;
    }
    KM_TRY(rc);
    km_str answer = km_given(&p, "answer");
    if (km_str_is(answer, "ja") || km_str_is(answer, "en")) {
        km_oauth__ask(out, r, &q.wish, who, km_given(&p, "ticket"), km_str_is(answer, "en"));
        return KM_OK;
    }
    if (!km_str_is(answer, "allow"))
        return send_error(out, r, &q.wish, "access_denied", "the person did not allow it");
    return allow(&q, who, km_given(&p, "patient"), r, out);
}

/* --- a launch from our own pages --- */

/* {"client": "growth-chart", "patient": "Patient/1"} → where the browser is to go. */
km_code km_oauth__launch(km_request *r, km_reply *out)
{
    km_json *doc;
    km_who *who;
    km_registered client;
    km_str handle;
    km_call *call = &r->call;
    km_whos *w = km_request_node(r)->whos;
    if (km_oauth__session(&who, r) != KM_OK)
        return km_fail(call->fault, KM_UNAUTHENTICATED, NULL, "sign in first");
    KM_TRY(km_json_parse(&doc, call->arena, r->body, &(km_json_limits){ .depth = 4 }, call->fault));
    km_jv o = km_json_root(doc);
    km_str patient = km_oauth__patient(km_jv_text(o, "patient"), call->arena);
    KM_TRY(km_registered_find(&client, w, km_jv_text(o, "client"), call));
    if (client.launch.n == 0)
        return km_fail(call->fault, KM_BAD_VALUE, "client", "an app that can be launched");
    if (patient.n == 0 || !stands_for(who, patient)
        || (who->person.n > 0 && !km_str_eq(who->person, patient)))
        return km_fail(call->fault, KM_BAD_VALUE, "patient", "a patient, as Patient/ID");
    KM_TRY(km_launch_make(&handle, w, who, client.id, patient, call));
    km_buf to = km_buf_in(call->arena), json = km_buf_in(call->arena);
    km_buf_add(&to, client.launch);
    add_param(&to, "iss", km_whos_audience(w));
    add_param(&to, "launch", handle);
    km_jw j = km_jw_on(&json);
    km_jw_open(&j, '{');
    km_jw_member(&j, "launch", handle);
    km_jw_member(&j, "location", km_buf_str(&to));
    km_jw_close(&j, '}');
    out->status = 201;
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}
