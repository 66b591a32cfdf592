/* SPDX-License-Identifier: Apache-2.0
 *
 * prove: a token looked at: first whether its header is one that we write, then its signature, its
 * claims, whether its handle is over, and the certificate it is bound to (prove.h).
 */
#include "trust/who/prove.h"

#include "trust/who/demo.h"
#include "trust/who/inside.h"
#include "trust/who/ticket.h"

enum { SIGNATURE_TEXT = 86, SCOPE_DEPTH = 8 };

km_code km_who__refuse(km_fault *f)
{
    return km_fail(f, KM_UNAUTHENTICATED, NULL, "the token or session is not good; sign in again");
}

bool km_credentials_any(const km_credentials *c)
{
    return c->authorization.n > 0 || c->session.n > 0;
}

static bool bearer(km_str *token, km_str authorization)
{
    const km_str scheme = KM_STR("Bearer ");
    if (!km_str_eq_nocase(km_str_sub(authorization, 0, scheme.n), scheme))
        return false;
    *token = km_str_trim(km_str_sub(authorization, scheme.n, authorization.n));
    return token->n > 0 && token->n <= KM_JWS_MAX;
}

/* header "." claims "." 64 bytes */
static bool has_form(km_str token, km_str header)
{
    km_str rest;
    if (header.n == 0 || token.n <= header.n || token.p[header.n] != '.'
        || !km_str_eq(km_str_sub(token, 0, header.n), header))
        return false;
    km_str_cut(km_str_sub(token, header.n + 1, token.n), '.', &rest);
    return rest.n == SIGNATURE_TEXT && km_str_find(rest, '.') == rest.n;
}

/* --- claims --- */

static km_code read_scope(km_who *who, km_jv claims, km_arena *a)
{
    km_scopes s;
    km_jv text = KM_JV_GET(claims, "scope");
    who->client = km_jv_str(KM_JV_GET(claims, "client_id"));
    who->patient = km_jv_str(KM_JV_GET(claims, "patient"));
    who->scoped = text.doc != NULL || who->client.n > 0;
    KM_TRY(km_scopes_parse(&s, km_jv_str(text), a, NULL));
    who->scope = s.scope;
    who->scopes = s.n;
    return KM_OK;
}

static km_code read_person(km_who *who, km_whos *w, km_jv sealed, bool demo, km_call *quiet)
{
    km_str bytes, plain;
    if (demo)
        return km_who__read(who, sealed, w->roles, quiet->arena, NULL);
    if (!km_unbase64url(&bytes, quiet->arena, km_jv_str(sealed))
        || km_ticket__open(&plain, w->log, "who", bytes, quiet) != KM_OK)
        return KM_UNAUTHENTICATED;
    return km_who__parse(who, plain, w->roles, quiet->arena, NULL);
}

typedef struct look { /* at one token */
    km_who who;
    km_proof proof;
    km_token_said said;
} look;

static km_code look_inside(look *out, km_whos *w, km_str token, bool demo, km_call *quiet)
{
    km_jws jws;
    km_jwt jwt;
    const struct km_whos_name *name = atomic_load(&w->name);
    if (!demo && name == NULL)
        return KM_UNAUTHENTICATED;
    km_jwt_want want = { .issuer = demo ? KM_STR(KM_DEMO_ISSUER) : name->issuer,
                         .audience = demo ? KM_STR(KM_DEMO_ISSUER) : name->audience,
                         .type = KM_STR("at+jwt"),
                         .leeway_s = KM_TOKEN_LEEWAY_S,
                         .lifetime_s = demo ? KM_DEMO_LIFE_S : KM_TOKEN_LIFE_S };
    KM_TRY(km_jws_verify(&jws, quiet->arena, demo ? w->demo : w->ours, token, NULL));
    KM_TRY(km_jwt_check(&jwt, quiet, &jws, &want));
    KM_TRY(read_person(&out->who, w, KM_JV_GET(jwt.claims, "who"), demo, quiet));
    KM_TRY(read_scope(&out->who, jwt.claims, quiet->arena));
    out->who.session = km_jv_str(KM_JV_GET(jwt.claims, "sid"));
    km_jv bound = km_jv_at(jwt.claims, "cnf.x5t#S256");
    if (bound.doc != NULL
        && (!km_unbase64url(&out->who.certificate, quiet->arena, km_jv_str(bound))
            || out->who.certificate.n != KM_SHA256_LEN))
        return KM_UNAUTHENTICATED;
    out->proof = (km_proof){ .from = (jwt.issued_s - KM_TOKEN_LEEWAY_S) * 1000,
                             .until = (jwt.expires_s + KM_TOKEN_LEEWAY_S) * 1000 };
    out->said = (km_token_said){ &out->who, km_jv_text(jwt.claims, "scope"), jwt.expires_s,
                                 jwt.issued_s };
    return out->who.session.n > 0 ? KM_OK : KM_UNAUTHENTICATED;
}

/* The dear part of looking at a token, for one that is refused before. */
static void look_at_decoy(km_whos *w, km_arena *a)
{
    km_jws jws;
    (void)km_jws_verify(&jws, a, w->ours, w->decoy, NULL);
}

static km_code look_at(look *out, km_whos *w, km_str token, km_call *quiet)
{
    for (size_t i = 0; i < w->headers; i++)
        if (has_form(token, w->header[i]))
            return look_inside(out, w, token, false, quiet);
    if (w->demo != NULL && has_form(token, w->demo_header))
        return look_inside(out, w, token, true, quiet);
    look_at_decoy(w, quiet->arena);
    return KM_UNAUTHENTICATED;
}

/* What the caller holds the key of. A token that is bound to a certificate is good with that one
 * alone. With another token or a session a certificate is told of only if it verified: a key that
 * nobody vouches for is no second factor. */
static bool is_bound_well(km_who *who, const km_credentials *c, km_str thumbprint)
{
    if (who->certificate.n > 0
        && (who->certificate.n != thumbprint.n
            || !km_same_secret(who->certificate.p, thumbprint.p, thumbprint.n)))
        return false;
    if (who->certificate.n == 0 && c->certificate_verified)
        who->certificate = thumbprint;
    return true;
}

static km_code prove_token(km_who **out, km_whos *w, km_str token, const km_credentials *c,
                           km_call *quiet)
{
    unsigned char hash[KM_SHA256_LEN];
    km_proof proof;
    look l = { 0 };
    km_sha256(hash, token.p, token.n);
    km_who *who = km_kept__find(&proof, w->kept, hash, km_call_now(quiet), quiet->arena);
    if (who == NULL) {
        KM_TRY(look_at(&l, w, token, quiet));
        km_kept__put(w->kept, hash, &l.who, &l.proof);
        who = km_who__copy(&l.who, quiet->arena);
    }
    if (km_kept__is_ended(w->kept, who->session)
        || !is_bound_well(who, c, km_who__thumbprint(c->certificate, quiet->arena)))
        return KM_UNAUTHENTICATED;
    *out = who;
    return KM_OK;
}

km_code km_who_prove(km_who **out, km_whos *w, const km_credentials *c, km_call *call)
{
    km_str token;
    km_code rc = KM_UNAUTHENTICATED;
    km_call quiet = *call;
    quiet.fault = NULL;
    if (c->authorization.n > 0) {
        if (bearer(&token, c->authorization))
            rc = prove_token(out, w, token, c, &quiet);
        else
            look_at_decoy(w, call->arena);
    } else if (c->session.n > 0) {
        rc = km_session__prove(out, w, c->session, &quiet);
        if (rc == KM_OK && c->certificate_verified)
            (*out)->certificate = km_who__thumbprint(c->certificate, call->arena);
    }
    if (rc == KM_OK || rc == KM_STORE || rc == KM_BUSY)
        return rc == KM_OK ? rc : km_fail(call->fault, rc, NULL, NULL);
    return km_who__refuse(call->fault);
}

km_code km_token_look(km_token_said *out, km_whos *w, km_str token, km_call *call)
{
    look *l = KM_NEW(call->arena, look);
    km_call quiet = *call;
    quiet.fault = NULL;
    if (token.n > KM_JWS_MAX || look_at(l, w, token, &quiet) != KM_OK
        || km_kept__is_ended(w->kept, l->who.session))
        return km_who__refuse(call->fault);
    *out = l->said;
    out->who = &l->who;
    return KM_OK;
}
