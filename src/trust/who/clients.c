/* SPDX-License-Identifier: Apache-2.0
 *
 * clients: the table behind clients.h, its rules, and how a client proves itself.
 */
#include "trust/who/clients.h"

#include "trust/who/allowed.h"
#include "trust/who/inside.h"
#include "trust/who/ticket.h"

enum { ID_MAX = 64, JTI_MAX = 256 };

static const char *const kinds[] = { "public", "keys", "certificate" };

const char *km_registered_kind_name(km_registered_kind k)
{
    return kinds[k];
}

/* --- rows --- */

static km_str text_at(km_stmt *st, int at, km_arena *a)
{
    return km_arena_copy(a, km_col_text(st, at));
}

static km_registered_kind kind_of(km_str name)
{
    for (int i = 0; i < KM_REGISTERED_KINDS; i++)
        if (km_str_is(name, kinds[i]))
            return (km_registered_kind)i;
    return KM_REGISTERED_KINDS;
}

static km_code read_row(km_registered *out, km_stmt *st, const km_roles *roles, km_call *call)
{
    km_arena *a = call->arena;
    km_str *redirect = KM_NEW_ARRAY(a, KM_REGISTERED_REDIRECTS, km_str), role = km_col_text(st, 7);
    *out = (km_registered){ .id = text_at(st, 0, a),
                            .name = text_at(st, 1, a),
                            .kind = kind_of(km_col_text(st, 2)),
                            .proof = text_at(st, 3, a),
                            .redirect = redirect,
                            .launch = text_at(st, 5, a),
                            .scopes = text_at(st, 6, a),
                            .role = role.n > 0 ? km_roles_role(roles, role) : -1,
                            .purpose = km_purpose_named(km_col_text(st, 8)),
                            .network = text_at(st, 9, a),
                            .organisation = text_at(st, 10, a),
                            .country = text_at(st, 11, a) };
    for (km_str lines = text_at(st, 4, a); lines.n > 0 && out->redirects < KM_REGISTERED_REDIRECTS;)
        redirect[out->redirects++] = km_str_cut(lines, '\n', &lines);
    return out->kind < KM_REGISTERED_KINDS && (role.n == 0 || out->role >= 0)
               ? KM_OK
               : km_fail(call->fault, KM_STORE, "client", "a row that this program does not know");
}

km_code km_registered_find(km_registered *out, km_whos *w, km_str id, km_call *call)
{
    km_conn *c;
    km_stmt *st;
    bool row = false;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = km_query(&st, c, "auth_client_by_id", call->fault);
    if (rc == KM_OK) {
        km_bind_text(st, 1, id);
        rc = km_step(&row, st, call->fault);
    }
    if (rc == KM_OK && row) {
        rc = read_row(out, st, w->roles, call);
        km_reset(st);
    }
    km_store_return(c);
    return rc == KM_OK && !row ? km_fail(call->fault, KM_NOT_FOUND, "client", "no such client")
                               : rc;
}

km_code km_registered_list(km_registered *out, size_t *n, size_t room, km_whos *w, km_str after,
                           km_call *call)
{
    km_conn *c;
    km_stmt *st;
    bool row = true;
    *n = 0;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = km_query(&st, c, "auth_client_all", call->fault);
    if (rc == KM_OK)
        km_bind_text(st, 1, after);
    while (rc == KM_OK && *n < room && (rc = km_step(&row, st, call->fault)) == KM_OK && row)
        rc = read_row(&out[(*n)++], st, w->roles, call);
    if (rc == KM_OK && row)
        km_reset(st);
    km_store_return(c);
    return rc;
}

bool km_registered_has_redirect(const km_registered *c, km_str uri)
{
    for (size_t i = 0; i < c->redirects; i++)
        if (km_str_eq(c->redirect[i], uri))
            return true;
    return false;
}

bool km_registered_is_abroad(const km_registered *c)
{
    return c->country.n > 0 && !km_str_is(c->country, "JP");
}

/* --- what a row must hold --- */

static bool is_id(km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
              || c == '.' || c == '_'))
            return false;
    }
    return s.n > 0 && s.n <= ID_MAX;
}

static bool is_uri_text(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7F || memchr("\"'<>\\^`{|}#;,", s.p[i], 13) != NULL)
            return false;
    return s.n > 0 && s.n <= KM_REGISTERED_TEXT;
}

/* RFC 8252 §7: https; http to the device itself; a scheme of the app's own, which has a dot. */
static bool is_redirect(km_str s)
{
    static const char *const loopback[] = { "127.0.0.1", "[::1]", "localhost" };
    km_str rest, scheme = km_str_cut(s, ':', &rest);
    if (!is_uri_text(s) || rest.n == 0)
        return false;
    if (!km_str_is(scheme, "http") && !km_str_is(scheme, "https"))
        return is_id(scheme) && km_str_find(scheme, '.') < scheme.n;
    if (!km_str_starts(rest, KM_STR("//")))
        return false;
    rest = km_str_sub(rest, 2, rest.n);
    km_str host = km_str_sub(rest, 0, km_str_find(rest, '/'));
    if (km_str_find(host, '@') < host.n || km_str_find(host, '?') < host.n)
        return false;
    if (km_str_is(scheme, "https"))
        return host.n > 0;
    for (size_t i = 0; i < 3; i++) {
        km_str name = km_str_of(loopback[i]);
        if (km_str_starts(host, name) && (host.n == name.n || host.p[name.n] == ':'))
            return true;
    }
    return false;
}

static km_code bad(km_fault *f, const char *path, const char *what)
{
    return km_fail(f, KM_BAD_VALUE, path, "%s", what);
}

static bool is_line(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return false;
    return s.n > 0 && s.n <= KM_REGISTERED_TEXT && km_str_is_utf8(s, NULL);
}

static bool is_country(km_str s)
{
    return s.n == 0
           || (s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z');
}

static km_code check_proof(const km_registered *c, km_fault *f)
{
    km_jwks *set;
    if (c->kind == KM_REGISTERED_PUBLIC)
        return c->proof.n == 0 ? KM_OK : bad(f, "proof", "a public client proves nothing");
    if (c->kind == KM_REGISTERED_CERTIFICATE)
        return c->proof.n == 43 ? KM_OK : bad(f, "certificate", "one certificate");
    KM_TRY(km_jwks_new(&set, c->proof, f));
    size_t n = km_jwks_count(set);
    km_jwks_free(set);
    return n > 0 ? KM_OK : bad(f, "jwks", "no key of ES256, RS256, PS256 or EdDSA in it");
}

/* Grants to people go to a place, own ones act for somebody. */
static km_code check_use(const km_registered *c, km_whos *w, km_fault *f)
{
    const km_role *role;
    size_t roles = km_roles_all(&role, w->roles);
    if (c->redirects == 0 && c->role < 0)
        return km_fail(f, KM_REQUIRED, "redirect", "a redirect URI, or a role to act in by itself");
    if (c->redirects > KM_REGISTERED_REDIRECTS)
        return bad(f, "redirect", "too many");
    for (size_t i = 0; i < c->redirects; i++)
        if (!is_redirect(c->redirect[i]))
            return bad(f, "redirect",
                       "https, http on loopback, or an own scheme with a dot; no fragment");
    if (c->launch.n > 0 && (!is_redirect(c->launch) || km_str_find(c->launch, '?') < c->launch.n))
        return bad(f, "launch", "a URL as a redirect URI is, without query");
    if (c->role < 0)
        return KM_OK;
    if ((size_t)c->role >= roles || km_str_is(role[c->role].name, "nobody")
        || km_str_is(role[c->role].name, "operator"))
        return bad(f, "role", "a role of data/roles/roles.tsv, but not nobody or operator");
    return c->kind != KM_REGISTERED_PUBLIC
               ? KM_OK
               : bad(f, "role", "who proves nothing does not act by itself");
}

static km_code check(const km_registered *c, km_whos *w, km_call *call)
{
    km_scopes s;
    if (!is_id(c->id))
        return bad(call->fault, "id", "1 to 64 of A-Z, a-z, 0-9, '-', '.', '_'");
    if (!is_line(c->name))
        return bad(call->fault, "name", "one line of text");
    if ((c->network.n > 0 && !km_str_starts(c->network, KM_STR("Organization/")))
        || (c->organisation.n > 0 && !km_str_starts(c->organisation, KM_STR("Organization/")))
        || (c->network.n > 0 && !is_line(c->network))
        || (c->organisation.n > 0 && !is_line(c->organisation)))
        return bad(call->fault, "organisation", "is written as Organization/ID");
    if (!is_country(c->country))
        return bad(call->fault, "country", "two letters of ISO 3166-1, as US");
    KM_TRY(check_use(c, w, call->fault));
    KM_TRY(km_scopes_parse(&s, c->scopes, call->arena, call->fault));
    if (s.n == 0)
        return km_fail(call->fault, KM_REQUIRED, "scope", "the most that it may be granted");
    return check_proof(c, call->fault);
}

/* --- changes --- */

typedef struct change {
    const km_registered *client;
    const km_roles *roles;
    km_call *call;
    km_str *sid;
    size_t n, room;
} change;

static km_str lines_of(const km_registered *c, km_arena *a)
{
    km_buf out = km_buf_in(a);
    for (size_t i = 0; i < c->redirects; i++)
        km_buf_print(&out, "%s%.*s", i > 0 ? "\n" : "", KM_STR_ARG(c->redirect[i]));
    return km_buf_str(&out);
}

static km_code put(void *self, km_txn *t, km_fault *f)
{
    const change *x = self;
    const km_registered *c = x->client;
    const km_role *role;
    km_stmt *st;
    int64_t changed;
    km_roles_all(&role, x->roles);
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_client_put", f));
    km_bind_text(st, 1, c->id);
    km_bind_text(st, 2, c->name);
    km_bind_text(st, 3, km_str_of(kinds[c->kind]));
    km_bind_text(st, 4, c->proof);
    km_bind_text(st, 5, lines_of(c, x->call->arena));
    km_bind_text(st, 6, c->launch);
    km_bind_text(st, 7, c->scopes);
    km_bind_text(st, 8, c->role >= 0 ? role[c->role].name : KM_STR(""));
    km_bind_text(st, 9, km_str_of(km_purpose_name(c->purpose)));
    km_bind_text(st, 10, c->network);
    km_bind_text(st, 11, c->organisation);
    km_bind_int(st, 12, km_call_now(x->call));
    km_bind_text(st, 13, km_registered_is_abroad(c) ? c->country : KM_STR(""));
    return km_run(st, &changed, f);
}

km_code km_registered_add(km_whos *w, const km_registered *c, km_call *call)
{
    change x = { .client = c, .roles = w->roles, .call = call };
    km_fault own = { 0 };
    KM_TRY(check(c, w, call));
    km_code rc = km_log_work(w->log, put, &x, &own);
    if (rc == KM_DUPLICATE)
        return km_fail(call->fault, rc, "id", "a client of this id is registered already");
    return rc == KM_OK ? KM_OK : km_fail(call->fault, rc, own.path, "%s", own.detail);
}

static km_code drop(void *self, km_txn *t, km_fault *f)
{
    change *x = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_client_drop", f));
    km_bind_text(st, 1, x->client->id);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_NOT_FOUND, "id", "no such client");
}

km_code km_registered_remove(km_whos *w, km_str id, km_call *call)
{
    km_registered c = { .id = id };
    change x = { .client = &c, .call = call };
    KM_TRY(km_log_work(w->log, drop, &x, call->fault));
    return km_allowed_end_client(w, id, call);
}

/* --- proving --- */

static km_code refuse(km_fault *f)
{
    return km_fail(f, KM_UNAUTHENTICATED, "client", "the client did not prove itself");
}

/* Who the assertion says it is; proved later. */
static km_str subject_of(km_str assertion, km_arena *a)
{
    km_str rest, body;
    km_json *doc;
    km_str_cut(assertion, '.', &rest);
    if (assertion.n > KM_JWS_MAX || !km_unbase64url(&body, a, km_str_cut(rest, '.', &rest))
        || km_json_parse(&doc, a, body, &(km_json_limits){ .depth = 8 }, NULL) != KM_OK)
        return KM_STR_NONE;
    return km_jv_str(KM_JV_GET(km_json_root(doc), "sub"));
}

static km_code spend(km_whos *w, const km_registered *c, const km_jwt *jwt, km_call *quiet)
{
    km_str once = km_arena_print(quiet->arena, "assertion\n%.*s\n%.*s", KM_STR_ARG(c->id),
                                 KM_STR_ARG(jwt->jti));
    km_ms until = (jwt->expires_s + KM_ASSERTION_LEEWAY_S) * 1000;
    return km_ticket_spend(w->log, once, until, quiet);
}

/* RFC 7523 §3; SMART App Launch 2.0 §5.4.2: iss = sub = client_id, exp at most five minutes ahead,
 * jti never again. */
static km_code prove_keys(const km_registered *c, km_whos *w, const km_registered_shown *s,
                          km_call *quiet)
{
    km_jwks *set;
    km_jws jws;
    km_jwt jwt;
    km_jwt_want want = { .issuer = c->id,
                         .audience = s->endpoint,
                         .type = KM_STR("JWT"),
                         .leeway_s = KM_ASSERTION_LEEWAY_S,
                         .need_jti = true };
    KM_TRY(km_jwks_new(&set, c->proof, NULL));
    km_code rc = km_jws_verify(&jws, quiet->arena, set, s->assertion, NULL);
    if (rc == KM_OK)
        rc = km_jwt_check(&jwt, quiet, &jws, &want);
    km_jwks_free(set);
    KM_TRY(rc);
    int64_t now = km_call_now(quiet) / 1000;
    if (!km_str_eq(jwt.subject, c->id) || jwt.jti.n > JTI_MAX
        || jwt.expires_s > now + KM_ASSERTION_LIFE_S + KM_ASSERTION_LEEWAY_S)
        return KM_UNAUTHENTICATED;
    return spend(w, c, &jwt, quiet);
}

static km_code prove_kind(km_registered *out, km_whos *w, const km_registered_shown *s, km_str id,
                          km_call *quiet)
{
    if (s->assertion.n > 0 && !km_str_eq(subject_of(s->assertion, quiet->arena), id))
        return KM_UNAUTHENTICATED;
    KM_TRY(km_registered_find(out, w, id, quiet));
    if (out->kind == KM_REGISTERED_KEYS)
        return s->assertion.n > 0 ? prove_keys(out, w, s, quiet) : KM_UNAUTHENTICATED;
    if (s->assertion.n > 0)
        return KM_UNAUTHENTICATED;
    if (out->kind == KM_REGISTERED_PUBLIC)
        return KM_OK;
    km_str shown = km_who__thumbprint_text(s->certificate, quiet->arena);
    return shown.n == out->proof.n && km_same_secret(shown.p, out->proof.p, shown.n)
               ? KM_OK
               : KM_UNAUTHENTICATED;
}

km_code km_registered_prove(km_registered *out, km_whos *w, const km_registered_shown *s,
                            km_call *call)
{
    km_call quiet = *call;
    quiet.fault = NULL;
    km_str id = s->id.n > 0 ? s->id : subject_of(s->assertion, call->arena);
    if (!is_id(id) || s->endpoint.n == 0)
        return refuse(call->fault);
    km_code rc = prove_kind(out, w, s, id, &quiet);
    if (rc == KM_OK || rc == KM_STORE || rc == KM_BUSY)
        return rc == KM_OK ? rc : km_fail(call->fault, rc, NULL, NULL);
    return refuse(call->fault);
}

void km_registered_who(km_who *out, const km_registered *c, const km_whos *w, km_call *call)
{
    const km_role *role;
    km_str *actor = KM_NEW_ARRAY(call->arena, 1, km_str);
    km_roles_all(&role, w->roles);
    *out = (km_who){ .issuer = km_whos_issuer(w),
                     .subject = c->id,
                     .name = c->name,
                     .role = c->role,
                     .purpose = c->purpose != KM_PURPOSE_NONE ? c->purpose : role[c->role].purpose,
                     .network = c->network,
                     .organisation = c->organisation,
                     .client = c->id,
                     .country = c->country,
                     .scoped = true };
    if (c->organisation.n > 0) {
        *actor = c->organisation;
        out->actor = actor;
        out->actors = 1;
    }
}
