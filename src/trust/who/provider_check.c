/* SPDX-License-Identifier: Apache-2.0
 *
 * provider_check: what an ID token must say (OpenID Connect Core 1.0 §3.1.3.7).
 */
#include <openssl/evp.h>

#include "base/hash.h"
#include "trust/who/provider_inside.h"

enum { LIFETIME_S = 86400, LEEWAY_S = 60, SUBJECT_MAX = 255 };

static km_code refuse(km_call *c, const char *claim, const char *why)
{
    return km_fail(c->fault, KM_UNAUTHENTICATED, claim, "%s", why);
}

/* An ID token need not say its type (§2); one that says another is no ID token: an access token of
 * the same provider is "at+jwt". */
static km_code typed(km_jws *out, const km_jws *token, km_call *c)
{
    km_json *doc;
    *out = *token;
    if (KM_JV_GET(token->header, "typ").doc != NULL)
        return KM_OK;
    KM_TRY(km_json_parse(&doc, c->arena, KM_STR("{\"typ\":\"JWT\"}"), NULL, c->fault));
    out->header = km_json_root(doc);
    return KM_OK;
}

/* §3.1.3.7 steps 3 to 5, with the caution of RFC 9700: several audiences need an azp, and an azp
 * is us. */
static km_code check_parties(km_jv claims, const km_provider *p, km_call *c)
{
    km_jv aud = KM_JV_GET(claims, "aud"), azp = KM_JV_GET(claims, "azp");
    if (azp.doc == NULL && km_jv_is(aud, KM_JSON_ARRAY) && km_jv_count(aud) > 1)
        return refuse(c, "azp", "is missing, with several audiences");
    if (azp.doc != NULL
        && (!km_jv_is(azp, KM_JSON_STRING) || !km_str_eq(km_jv_str(azp), p->client_id)))
        return refuse(c, "azp", "is another client");
    return KM_OK;
}

/* §3.1.3.6: the left half of the hash that goes with the algorithm; Ed25519's is SHA-512. */
static km_code check_access_token(km_jv claims, km_jws_alg alg, km_str token, km_call *c)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    km_jv said = KM_JV_GET(claims, "at_hash");
    if (said.doc == NULL)
        return KM_OK;
    const EVP_MD *md = alg == KM_JWS_EDDSA ? EVP_sha512() : EVP_sha256();
    if (token.n == 0 || EVP_Digest(token.p, token.n, sum, &n, md, NULL) != 1)
        return refuse(c, "at_hash", "there is no access token");
    km_str wanted = km_base64url(c->arena, sum, n / 2), have = km_jv_str(said);
    if (have.n != wanted.n || !km_same_secret(have.p, wanted.p, wanted.n))
        return refuse(c, "at_hash", "is of another access token");
    return KM_OK;
}

km_code km_provider__check(km_str *subject, const km_jws *token, const km_provider *p, km_str nonce,
                           km_str access_token, km_call *c)
{
    km_jwt jwt;
    km_jws with_type;
    km_jwt_want want = { .issuer = p->issuer,
                         .audience = p->client_id,
                         .type = KM_STR("JWT"),
                         .leeway_s = LEEWAY_S,
                         .lifetime_s = LIFETIME_S };
    KM_TRY(typed(&with_type, token, c));
    KM_TRY(km_jwt_check(&jwt, c, &with_type, &want));
    KM_TRY(check_parties(jwt.claims, p, c));
    km_str said = km_jv_text(jwt.claims, "nonce");
    if (!km_jv_is(KM_JV_GET(jwt.claims, "nonce"), KM_JSON_STRING) || said.n != nonce.n
        || !km_same_secret(said.p, nonce.p, nonce.n))
        return refuse(c, "nonce", "is of another sign-in");
    KM_TRY(check_access_token(jwt.claims, token->alg, access_token, c));
    if (jwt.subject.n == 0)
        return refuse(c, "sub", "is missing");
    km_jv claim = km_jv_get(jwt.claims, p->claim);
    *subject = km_jv_str(claim);
    if (!km_jv_is(claim, KM_JSON_STRING) || subject->n == 0 || subject->n > SUBJECT_MAX)
        return refuse(c, "sub", "the claim that names the account is missing");
    return KM_OK;
}
