/* SPDX-License-Identifier: Apache-2.0
 *
 * jwt: what a verified token claims (RFC 7519 §4.1, RFC 8725 §3), and PKCE.
 */
#include <assert.h>

#include "base/hash.h"
#include "codec/jose/inside.h"

#define YEAR_9999_S INT64_C(253402300799)

static km_code refuse(km_fault *f, const char *claim, const char *why)
{
    return km_fail(f, KM_UNAUTHENTICATED, claim, "%s", why);
}

/* -1 when there is none. */
static km_code seconds(int64_t *out, km_jv claims, const char *name, km_fault *f)
{
    km_jv v = km_jv_get(claims, km_str_of(name));
    *out = -1;
    if (v.doc == NULL)
        return KM_OK;
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_str_to_i64(out, km_jv_str(v)) || *out < 0
        || *out > YEAR_9999_S)
        return km_fail(f, KM_MALFORMED, name, "whole seconds of the years 1970 to 9999");
    return KM_OK;
}

static bool meant_for(km_jv aud, km_str wanted)
{
    if (km_jv_is(aud, KM_JSON_STRING))
        return km_str_eq(km_jv_str(aud), wanted);
    if (!km_jv_is(aud, KM_JSON_ARRAY))
        return false;
    for (km_jv_iter i = km_jv_each(aud); km_jv_next(&i);)
        if (km_jv_is(i.value, KM_JSON_STRING) && km_str_eq(km_jv_str(i.value), wanted))
            return true;
    return false;
}

static bool of_type(km_jv header, km_str wanted)
{
    const km_str prefix = KM_STR("application/");
    km_str typ = km_jv_text(header, "typ");
    if (typ.n > prefix.n && km_str_eq_nocase(km_str_sub(typ, 0, prefix.n), prefix))
        typ = km_str_sub(typ, prefix.n, typ.n);
    return km_str_eq_nocase(typ, wanted);
}

static km_code check_times(km_jwt *out, const km_call *c, const km_jwt_want *want)
{
    int64_t now = km_call_now(c) / 1000, not_before;
    KM_TRY(seconds(&out->expires_s, out->claims, "exp", c->fault));
    KM_TRY(seconds(&out->issued_s, out->claims, "iat", c->fault));
    KM_TRY(seconds(&not_before, out->claims, "nbf", c->fault));
    if (out->expires_s < 0)
        return refuse(c->fault, "exp", "is missing");
    if (now >= out->expires_s + want->leeway_s)
        return refuse(c->fault, "exp", "has passed");
    if (not_before > now + want->leeway_s)
        return refuse(c->fault, "nbf", "is not yet");
    if (out->issued_s > now + want->leeway_s)
        return refuse(c->fault, "iat", "is in the future");
    if (want->lifetime_s > 0
        && (out->issued_s < 0 || out->expires_s - out->issued_s > want->lifetime_s))
        return refuse(c->fault, "iat", "is missing, or the token lives too long");
    return KM_OK;
}

km_code km_jwt_check(km_jwt *out, const km_call *c, const km_jws *jws, const km_jwt_want *want)
{
    km_json *doc;
    km_jwt jwt = { 0 };
    assert(want->issuer.n > 0 && want->audience.n > 0 && want->type.n > 0);
    assert(want->leeway_s >= 0 && want->leeway_s <= 300 && want->lifetime_s >= 0);
    if (km_json_parse(&doc, c->arena, jws->payload, &(km_json_limits){ .depth = 16 }, NULL)
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(c->fault, KM_MALFORMED, "token.claims", "not a JSON object");
    jwt.claims = km_json_root(doc);
    km_jv iss = KM_JV_GET(jwt.claims, "iss"), sub = KM_JV_GET(jwt.claims, "sub"),
          jti = KM_JV_GET(jwt.claims, "jti");
    if ((sub.doc != NULL && !km_jv_is(sub, KM_JSON_STRING))
        || (jti.doc != NULL && !km_jv_is(jti, KM_JSON_STRING)))
        return km_fail(c->fault, KM_MALFORMED, "token.claims", "sub and jti are texts");
    if (!of_type(jws->header, want->type))
        return refuse(c->fault, "typ", "is another type of token");
    if (!km_jv_is(iss, KM_JSON_STRING) || !km_str_eq(km_jv_str(iss), want->issuer))
        return refuse(c->fault, "iss", "is another issuer");
    if (!meant_for(KM_JV_GET(jwt.claims, "aud"), want->audience))
        return refuse(c->fault, "aud", "is another audience");
    if (want->need_jti && km_jv_str(jti).n == 0)
        return refuse(c->fault, "jti", "is missing");
    KM_TRY(check_times(&jwt, c, want));
    jwt.subject = km_jv_str(sub);
    jwt.jti = km_jv_str(jti);
    *out = jwt;
    return KM_OK;
}

km_code km_jwt_check_binding(const km_jwt *jwt, km_str thumbprint, km_fault *f)
{
    km_jv cnf = KM_JV_GET(jwt->claims, "cnf"), bound = KM_JV_GET(cnf, "x5t#S256");
    if (cnf.doc == NULL)
        return KM_OK;
    if (!km_jv_is(cnf, KM_JSON_OBJECT) || km_jv_count(cnf) != 1 || !km_jv_is(bound, KM_JSON_STRING))
        return refuse(f, "cnf", "binds to something that is not checked here");
    km_str named = km_jv_str(bound);
    if (thumbprint.n == 0)
        return refuse(f, "cnf", "the token is bound to a client certificate; none came along");
    if (named.n != thumbprint.n || !km_same_secret(named.p, thumbprint.p, named.n))
        return refuse(f, "cnf", "the token is bound to another client certificate");
    return KM_OK;
}

bool km_pkce_matches(km_arena *a, km_str verifier, km_str challenge)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    unsigned char sum[KM_SHA256_LEN];
    if (verifier.n < 43 || verifier.n > 128)
        return false;
    for (size_t i = 0; i < verifier.n; i++)
        if (memchr(unreserved, verifier.p[i], sizeof unreserved - 1) == NULL)
            return false;
    km_sha256(sum, verifier.p, verifier.n);
    km_str made = km_base64url(a, sum, sizeof sum);
    return made.n == challenge.n && km_same_secret(made.p, challenge.p, made.n);
}
