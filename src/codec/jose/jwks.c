/* SPDX-License-Identifier: Apache-2.0
 *
 * jwks: public keys from their JSON to OpenSSL, once.
 */
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/hash.h"
#include "base/roca.h"
#include "codec/jose/inside.h"

static const char *const alg_names[] = {
    [KM_JWS_ES256] = "ES256",
    [KM_JWS_RS256] = "RS256",
    [KM_JWS_PS256] = "PS256",
    [KM_JWS_EDDSA] = "EdDSA",
};

const char *km_jose__alg_name(km_jws_alg alg)
{
    return alg_names[alg];
}

km_jws_alg km_jose__alg(km_str name)
{
    for (int i = KM_JWS_ES256; i <= KM_JWS_EDDSA; i++)
        if (km_str_is(name, alg_names[i]))
            return (km_jws_alg)i;
    return KM_JWS_NO_ALG;
}

/* RFC 7638 §3.2: the required members in the order of their names. `first` and `second` are the
 * parts of the key. */
typedef struct kind {
    const char *kty, *crv, *first, *second;
    km_jws_alg alg; /* none: the key must say it */
} kind;

static const kind kinds[] = {
    { "EC", "P-256", "x", "y", KM_JWS_ES256 },
    { "OKP", "Ed25519", "x", NULL, KM_JWS_EDDSA },
    { "RSA", NULL, "n", "e", KM_JWS_NO_ALG },
};

static km_code wrong(km_fault *f, const char *why)
{
    return km_fail(f, KM_BAD_VALUE, "keys", "%s", why);
}

static const kind *kind_of(km_jv jwk)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (km_str_is(km_jv_text(jwk, "kty"), kinds[i].kty)
            && (kinds[i].crv == NULL || km_str_is(km_jv_text(jwk, "crv"), kinds[i].crv)))
            return &kinds[i];
    return NULL;
}

static bool of_params(EVP_PKEY **out, const char *type, OSSL_PARAM_BLD *b)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    bool made = params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) > 0
                && EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) > 0;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return made;
}

static km_code load_ec(EVP_PKEY **out, km_str x, km_str y, km_fault *f)
{
    unsigned char point[65] = { 4 };
    if (x.n != 32 || y.n != 32)
        return wrong(f, "a coordinate of P-256 has 32 bytes");
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    bool made = b != NULL
                && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0)
                && OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 65)
                && of_params(out, "EC", b);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX *ctx = made ? EVP_PKEY_CTX_new_from_pkey(NULL, *out, NULL) : NULL;
    made = ctx != NULL && EVP_PKEY_public_check(ctx) > 0;
    EVP_PKEY_CTX_free(ctx);
    return made ? KM_OK : wrong(f, "the point is not on P-256");
}

static km_code load_rsa(EVP_PKEY **out, km_str n, km_str e, km_fault *f)
{
    if (n.n < 256 || n.n > 1024 || n.p[0] == 0 || (n.n == 256 && !((unsigned char)n.p[0] & 0x80)))
        return wrong(f, "an RSA modulus has 2048 to 8192 bits and no leading zero");
    if (!(n.p[n.n - 1] & 1))
        return wrong(f, "an RSA modulus is odd");
    if (e.n < 3 || e.n > 4 || e.p[0] == 0 || !(e.p[e.n - 1] & 1))
        return wrong(f, "an RSA exponent is odd, at least 65537 and below 2^32");
    if (km_rsa_is_roca((const unsigned char *)n.p, n.n))
        return wrong(f, "an RSA key of the kind that can be factored (CVE-2017-15361)");
    BIGNUM *bn = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    BIGNUM *be = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    bool made = b != NULL && bn != NULL && be != NULL
                && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn)
                && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) && of_params(out, "RSA", b);
    OSSL_PARAM_BLD_free(b);
    BN_free(bn);
    BN_free(be);
    return made ? KM_OK : wrong(f, "the RSA key is refused");
}

static km_code load(km_jwk *k, const kind *like, km_arena *a, km_jv jwk, km_fault *f)
{
    km_str first, second = KM_STR_NONE;
    if (!km_unbase64url(&first, a, km_jv_text(jwk, like->first))
        || (like->second != NULL && !km_unbase64url(&second, a, km_jv_text(jwk, like->second))))
        return wrong(f, "a part of the key is not base64url");
    if (like->alg == KM_JWS_ES256)
        return load_ec(&k->key, first, second, f);
    if (like->alg == KM_JWS_NO_ALG)
        return load_rsa(&k->key, first, second, f);
    if (first.n != 32)
        return wrong(f, "a key of Ed25519 has 32 bytes");
    k->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)first.p,
                                         32);
    return k->key != NULL ? KM_OK : wrong(f, "the key of Ed25519 is refused");
}

/* Every part is base64url or a name of the table: nothing to escape. */
static km_str thumbprint(km_arena *a, const kind *like, km_jv jwk)
{
    unsigned char sum[KM_SHA256_LEN];
    km_str x = km_jv_text(jwk, like->first);
    km_str text;
    if (like->crv == NULL)
        text = km_arena_print(a, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}",
                              KM_STR_ARG(km_jv_text(jwk, "e")), KM_STR_ARG(x));
    else if (like->second == NULL)
        text = km_arena_print(a, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%.*s\"}", like->crv,
                              like->kty, KM_STR_ARG(x));
    else
        text = km_arena_print(a, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                              like->crv, like->kty, KM_STR_ARG(x),
                              KM_STR_ARG(km_jv_text(jwk, "y")));
    km_sha256(sum, text.p, text.n);
    return km_base64url(a, sum, sizeof sum);
}

/* RFC 7517 §4.2, §4.3: for signatures, as far as it says. */
static bool verifies(km_jv jwk)
{
    km_jv use = KM_JV_GET(jwk, "use"), ops = KM_JV_GET(jwk, "key_ops");
    if (use.doc != NULL && !km_str_is(km_jv_str(use), "sig"))
        return false;
    if (ops.doc == NULL)
        return true;
    if (km_jv_is(ops, KM_JSON_ARRAY))
        for (km_jv_iter i = km_jv_each(ops); km_jv_next(&i);)
            if (km_jv_is(i.value, KM_JSON_STRING) && km_str_is(km_jv_str(i.value), "verify"))
                return true;
    return false;
}

static km_code add(km_jwks *set, km_jv jwk, km_fault *f)
{
    const kind *like = kind_of(jwk);
    km_jv said = KM_JV_GET(jwk, "alg"), kid = KM_JV_GET(jwk, "kid");
    if (like == NULL || !verifies(jwk))
        return KM_OK;
    km_jws_alg alg = said.doc != NULL ? km_jose__alg(km_jv_str(said)) : like->alg;
    bool rsa = like->crv == NULL;
    if (said.doc != NULL && alg == KM_JWS_NO_ALG)
        return KM_OK;
    if (rsa ? alg != KM_JWS_RS256 && alg != KM_JWS_PS256 : alg != like->alg)
        return wrong(f, "the key does not fit its alg, or is RSA without alg");
    if (KM_JV_GET(jwk, "d").doc != NULL)
        return wrong(f, "a private part stands among public keys");
    if (kid.doc != NULL
        && (!km_jv_is(kid, KM_JSON_STRING) || km_jv_str(kid).n == 0
            || km_jv_str(kid).n > KM_JWK_KID_MAX))
        return wrong(f, "kid is a text of 1 to 128 bytes");
    if (set->n == KM_JWKS_KEYS)
        return km_fail(f, KM_TOO_LONG, "keys", "more than %d keys", KM_JWKS_KEYS);
    km_jwk *k = &set->key[set->n++];
    k->alg = alg;
    KM_TRY(load(k, like, set->arena, jwk, f));
    k->thumbprint = thumbprint(set->arena, like, jwk);
    k->kid = kid.doc != NULL ? km_arena_copy(set->arena, km_jv_str(kid)) : k->thumbprint;
    for (size_t i = 0; i + 1 < set->n; i++)
        if (km_str_eq(set->key[i].kid, k->kid))
            return wrong(f, "two keys have one kid");
    return KM_OK;
}

static km_code fill(km_jwks *set, km_str json, km_fault *f)
{
    km_json *doc;
    if (json.n > KM_JWKS_MAX)
        return km_fail(f, KM_TOO_LONG, "keys", "a key set has at most 256 KiB");
    KM_TRY(km_json_parse(&doc, set->arena, json, &(km_json_limits){ .depth = 8 }, f));
    km_jv list = KM_JV_GET(km_json_root(doc), "keys");
    if (!km_jv_is(list, KM_JSON_ARRAY))
        return km_fail(f, KM_MALFORMED, "keys", "an array of keys");
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);) {
        if (!km_jv_is(i.value, KM_JSON_OBJECT))
            return km_fail(f, KM_MALFORMED, "keys", "a key is an object");
        KM_TRY(add(set, i.value, f));
    }
    return KM_OK;
}

km_code km_jwks_new(km_jwks **out, km_str json, km_fault *f)
{
    *out = NULL;
    km_arena *a = km_arena_new((size_t)32 << 20);
    km_jwks *set = KM_NEW(a, km_jwks);
    set->arena = a;
    km_code rc = fill(set, json, f);
    if (rc == KM_OK)
        *out = set;
    else
        km_jwks_free(set);
    return rc;
}

void km_jwks_free(km_jwks *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->n; i++) {
        EVP_PKEY_CTX_free(keys->key[i].spare);
        EVP_PKEY_free(keys->key[i].key);
    }
    km_arena_free(keys->arena);
}

size_t km_jwks_count(const km_jwks *keys)
{
    return keys->n;
}

km_str km_jwks_kid(const km_jwks *keys, size_t i)
{
    return i < keys->n ? keys->key[i].kid : KM_STR_NONE;
}

km_str km_jwks_thumbprint(const km_jwks *keys, size_t i)
{
    return i < keys->n ? keys->key[i].thumbprint : KM_STR_NONE;
}
