/* SPDX-License-Identifier: Apache-2.0
 *
 * token: the token endpoint (RFC 6749 §4.1.3, §6, §4.4; SMART App Launch 2.0 §2.0.12, §5), and what
 * else is done with tokens: introspection (RFC 7662), revocation (RFC 7009).
 */
#include "services/oauth/oauth.h"

enum { ID_TOKEN_LIFE_S = 600 };

typedef struct issue { /* what is about to be given out */
    km_request *r;
    const km_registered *client;
    km_params form;
    km_allowed allowed;
    km_scopes scopes;
    km_str refresh, nonce;
} issue;

static const char *person_of(const km_who *who, km_arena *a)
{
    static const char *const types[] = { "Practitioner/", "PractitionerRole/", "RelatedPerson/" };
    if (who->person.n > 0)
        return km_arena_z(a, who->person);
    for (size_t i = 0; i < who->actors; i++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            if (km_str_starts(who->actor[i], km_str_of(types[t])))
                return km_arena_z(a, who->actor[i]);
    return NULL;
}

/* OpenID Connect Core 1.0 §2; fhirUser: SMART App Launch 2.0 §2.0.4. */
static km_code print_id_token(km_str *token, const issue *t, km_whos *w)
{
    km_call *call = &t->r->call;
    const km_who *who = &t->allowed.who;
    const char *person = person_of(who, call->arena);
    int64_t now = km_call_now(call) / 1000;
    km_buf out = km_buf_in(call->arena);
    km_jw j = km_jw_on(&out);
    km_jw_open(&j, '{');
    km_jw_member(&j, "iss", km_whos_issuer(w));
    km_jw_member(&j, "sub", km_token_subject(w, who, call->arena));
    km_jw_member(&j, "aud", t->client->id);
    km_jw_member_int(&j, "iat", now);
    km_jw_member_int(&j, "exp", now + ID_TOKEN_LIFE_S);
    if (t->nonce.n > 0)
        km_jw_member(&j, "nonce", t->nonce);
    if (t->scopes.profile)
        km_jw_member(&j, "name", who->name);
    if (t->scopes.fhir_user && person != NULL)
        km_jw_member(
            &j, "fhirUser",
            km_arena_print(call->arena, "%.*s/%s", KM_STR_ARG(km_whos_audience(w)), person));
    km_jw_close(&j, '}');
    return km_token_sign(token, w, "JWT", km_buf_str(&out), call);
}

static km_code make_access(km_str *token, km_str *scope, issue *t, km_whos *w)
{
    unsigned char sum[KM_SHA256_LEN];
    km_call *call = &t->r->call;
    km_who *who = &t->allowed.who;
    *scope = km_scopes_print(&t->scopes, call->arena);
    who->client = t->client->id;
    who->country = km_registered_is_abroad(t->client) ? t->client->country : KM_STR_NONE;
    who->session = t->allowed.sid;
    who->patient = t->allowed.patient;
    who->certificate = KM_STR_NONE;
    if (t->r->peer_verified && t->r->peer_certificate.n > 0) {
        km_sha256(sum, t->r->peer_certificate.p, t->r->peer_certificate.n);
        who->certificate = km_arena_copy(call->arena, (km_str){ (char *)sum, sizeof sum });
    }
    return km_token_make(token, w, who, *scope, KM_TOKEN_LIFE_S, call);
}

static km_code give(issue *t, km_reply *out, const char *reason)
{
    km_whos *w = km_request_node(t->r)->whos;
    km_str access, scope, id_token = KM_STR_NONE, id;
    km_buf json = km_buf_in(t->r->call.arena);
    km_jw j = km_jw_on(&json);
    KM_TRY(make_access(&access, &scope, t, w));
    if (t->scopes.openid)
        KM_TRY(print_id_token(&id_token, t, w));
    KM_TRY(km_oauth__trace(t->r, &t->allowed.who, t->client->id, reason));
    km_jw_open(&j, '{');
    km_jw_member(&j, "access_token", access);
    km_jw_member_z(&j, "token_type", "Bearer");
    km_jw_member_int(&j, "expires_in", KM_TOKEN_LIFE_S);
    km_jw_member(&j, "scope", scope);
    if (t->refresh.n > 0)
        km_jw_member(&j, "refresh_token", t->refresh);
    if (id_token.n > 0)
        km_jw_member(&j, "id_token", id_token);
    if (t->allowed.patient.n > 0) {
        km_str_cut(t->allowed.patient, '/', &id);
        km_jw_member(&j, "patient", id);
        km_jw_member_bool(&j, "need_patient_banner", true);
    }
    km_jw_close(&j, '}');
    km_oauth__json(out, km_buf_str(&json));
    return KM_OK;
}

/* The granted scopes once more, by what client and role are now. */
static km_code take_scopes(issue *t, km_str text)
{
    km_scopes granted, registered;
    km_call *call = &t->r->call;
    km_node *n = km_request_node(t->r);
    KM_TRY(km_scopes_parse(&granted, text, call->arena, call->fault));
    KM_TRY(km_scopes_parse(&registered, t->client->scopes, call->arena, call->fault));
    KM_TRY(km_scopes_meet(&t->scopes, &granted, &registered, call->arena, call->fault));
    km_oauth__narrow(&t->scopes, km_trust_roles(n->trust), t->allowed.who.role, false, call->arena);
    return KM_OK;
}

static km_code by_code(issue *t, km_reply *out)
{
    km_whos *w = km_request_node(t->r)->whos;
    km_code_came came = { .code = km_given(&t->form, "code"),
                          .client = t->client->id,
                          .redirect = km_given(&t->form, "redirect_uri"),
                          .verifier = km_given(&t->form, "code_verifier") };
    km_code rc = km_allowed_redeem(&t->allowed, &t->nonce, w, &came, &t->r->call);
    if (rc == KM_UNAUTHENTICATED)
        return km_oauth__fail(out, t->r, "invalid_grant",
                              "the code is spent, too old or another's; or its redirect_uri or "
                              "code_verifier is");
    KM_TRY(rc);
    KM_TRY(take_scopes(t, t->allowed.scope));
    if (t->scopes.offline || t->scopes.online)
        KM_TRY(km_allowed_refresh(&t->refresh, w, &t->allowed, &t->r->call));
    return give(t, out, "authorization_code");
}

/* RFC 6749 §6: fewer scopes may be asked for, never more. */
static km_code by_refresh(issue *t, km_reply *out)
{
    km_scopes asked, met;
    km_whos *w = km_request_node(t->r)->whos;
    km_call *call = &t->r->call;
    km_str scope = km_given(&t->form, "scope");
    if (scope.n > 0 && km_scopes_parse(&asked, scope, call->arena, call->fault) != KM_OK)
        return km_oauth__fail(out, t->r, "invalid_scope", call->fault->detail);
    km_code rc = km_allowed_turn(&t->allowed, &t->refresh, w, km_given(&t->form, "refresh_token"),
                                 t->client->id, call);
    if (rc == KM_UNAUTHENTICATED)
        return km_oauth__fail(out, t->r, "invalid_grant", "the refresh token is not good any more");
    KM_TRY(rc);
    KM_TRY(take_scopes(t, t->allowed.scope));
    if (scope.n > 0) {
        KM_TRY(km_scopes_meet(&met, &asked, &t->scopes, call->arena, call->fault));
        t->scopes = met;
    }
    return give(t, out, "refresh_token");
}

static km_code by_itself(issue *t, km_reply *out)
{
    km_scopes asked, registered;
    km_call *call = &t->r->call;
    km_node *n = km_request_node(t->r);
    km_str scope = km_given(&t->form, "scope");
    if (t->client->role < 0 || t->client->kind == KM_REGISTERED_PUBLIC)
        return km_oauth__fail(out, t->r, "unauthorized_client",
                              "the client is not registered to act by itself");
    if (scope.n == 0 || km_scopes_parse(&asked, scope, call->arena, call->fault) != KM_OK)
        return km_oauth__fail(out, t->r, "invalid_scope",
                              scope.n == 0 ? "say which scopes" : call->fault->detail);
    KM_TRY(km_scopes_parse(&registered, t->client->scopes, call->arena, call->fault));
    KM_TRY(km_scopes_meet(&t->scopes, &asked, &registered, call->arena, call->fault));
    km_oauth__narrow(&t->scopes, km_trust_roles(n->trust), t->client->role, true, call->arena);
    if (t->scopes.n == 0)
        return km_oauth__fail(out, t->r, "invalid_scope",
                              "none of these scopes is registered for the client");
    km_registered_who(&t->allowed.who, t->client, n->whos, call);
    t->allowed.sid = km_token_sid(call);
    return give(t, out, "client_credentials");
}

km_code km_oauth__token(km_request *r, km_reply *out)
{
    static const struct {
        const char *name;
        km_code (*serve)(issue *t, km_reply *out);
    } grants[] = { { "authorization_code", by_code },
                   { "refresh_token", by_refresh },
                   { "client_credentials", by_itself } };
    km_registered client;
    bool told;
    issue t = { .r = r, .client = &client };
    km_code rc = km_oauth__caller(&client, &t.form, &told, r, out);
    if (rc != KM_OK || told)
        return rc;
    km_str type = km_given(&t.form, "grant_type");
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
        if (km_str_is(type, grants[i].name))
            return grants[i].serve(&t, out);
    return km_oauth__fail(out, r, type.n > 0 ? "unsupported_grant_type" : "invalid_request",
                          "grant_type is authorization_code, refresh_token or client_credentials");
}

/* --- introspection --- */

typedef struct token_seen {
    bool active;
    km_str client, scope, patient, sid, subject, certificate;
    int64_t expires_s, issued_s;
    const char *type;
} token_seen;

static km_code see_access(token_seen *out, km_whos *w, km_str token, km_call *call)
{
    km_token_said said;
    km_code rc = km_token_look(&said, w, token, call);
    if (rc != KM_OK)
        return rc;
    *out = (token_seen){ true,
                         said.who->client,
                         said.scope,
                         said.who->patient,
                         said.who->session,
                         km_token_subject(w, said.who, call->arena),
                         said.who->certificate,
                         said.expires_s,
                         said.issued_s,
                         "Bearer" };
    return KM_OK;
}

static km_code see_refresh(token_seen *out, km_whos *w, km_str token, km_call *call)
{
    km_allowed a;
    km_code rc = km_allowed_look(&a, w, token, call);
    if (rc != KM_OK)
        return rc;
    *out = (token_seen){ .active = true,
                         .client = a.client,
                         .scope = a.scope,
                         .patient = a.patient,
                         .sid = a.sid,
                         .subject = km_token_subject(w, &a.who, call->arena),
                         .expires_s = a.until / 1000,
                         .issued_s = a.given_at / 1000 };
    return KM_OK;
}

/* Either kind; what is neither is not active and no fault. */
static km_code see(token_seen *out, km_whos *w, km_str token, km_call *call)
{
    km_fault none = { 0 };
    km_call quiet = *call;
    quiet.fault = &none;
    *out = (token_seen){ 0 };
    km_code rc = km_str_find(token, '.') < token.n ? see_access(out, w, token, &quiet)
                                                   : see_refresh(out, w, token, &quiet);
    return rc == KM_OK || rc == KM_UNAUTHENTICATED
               ? KM_OK
               : km_fail(call->fault, rc, none.path, "%s", none.detail);
}

static void print_seen(km_buf *json, const token_seen *s, km_whos *w, km_arena *a)
{
    km_str id;
    km_jw j = km_jw_on(json);
    km_jw_open(&j, '{');
    km_jw_member_bool(&j, "active", s->active);
    if (s->active) {
        km_jw_member(&j, "client_id", s->client);
        km_jw_member(&j, "scope", s->scope);
        km_jw_member(&j, "sub", s->subject);
        km_jw_member(&j, "iss", km_whos_issuer(w));
        km_jw_member(&j, "aud", km_whos_audience(w));
        km_jw_member_int(&j, "exp", s->expires_s);
        km_jw_member_int(&j, "iat", s->issued_s);
        if (s->type != NULL)
            km_jw_member_z(&j, "token_type", s->type);
        if (s->patient.n > 0) {
            km_str_cut(s->patient, '/', &id);
            km_jw_member(&j, "patient", id);
        }
        if (s->certificate.n > 0) {
            km_jw_key(&j, "cnf");
            km_jw_open(&j, '{');
            km_jw_member(&j, "x5t#S256", km_base64url(a, s->certificate.p, s->certificate.n));
            km_jw_close(&j, '}');
        }
    }
    km_jw_close(&j, '}');
}

/* RFC 7662 §2.1: who asks proves itself. A resource server registers as a client with keys or a
 * certificate; what is not its own it sees only when it acts by itself. */
km_code km_oauth__introspect(km_request *r, km_reply *out)
{
    km_registered client;
    km_params form;
    token_seen seen;
    bool told;
    km_whos *w = km_request_node(r)->whos;
    km_code rc = km_oauth__caller(&client, &form, &told, r, out);
    if (rc != KM_OK || told)
        return rc;
    if (client.kind == KM_REGISTERED_PUBLIC)
        return km_oauth__fail(out, r, "invalid_client", "a client that proves nothing may not ask");
    if (km_given(&form, "token").n == 0)
        return km_oauth__fail(out, r, "invalid_request", "which token?");
    KM_TRY(see(&seen, w, km_given(&form, "token"), &r->call));
    if (seen.active && !km_str_eq(seen.client, client.id) && (client.role < 0 || seen.type == NULL))
        seen = (token_seen){ 0 };
    km_buf json = km_buf_in(r->call.arena);
    print_seen(&json, &seen, w, r->call.arena);
    km_oauth__json(out, km_buf_str(&json));
    return KM_OK;
}

/* RFC 7009: with either token the whole grant ends. What is nobody's is over already (§2.2). */
km_code km_oauth__revoke(km_request *r, km_reply *out)
{
    km_registered client;
    km_params form;
    token_seen seen;
    bool told;
    km_whos *w = km_request_node(r)->whos;
    km_code rc = km_oauth__caller(&client, &form, &told, r, out);
    if (rc != KM_OK || told)
        return rc;
    if (km_given(&form, "token").n == 0)
        return km_oauth__fail(out, r, "invalid_request", "which token?");
    KM_TRY(see(&seen, w, km_given(&form, "token"), &r->call));
    if (seen.active && km_str_eq(seen.client, client.id)) {
        KM_TRY(km_allowed_end(w, seen.sid, &r->call));
        KM_TRY(km_oauth__trace(r, NULL, client.id, "revoked"));
    }
    km_oauth__json(out, KM_STR("{}"));
    return KM_OK;
}
