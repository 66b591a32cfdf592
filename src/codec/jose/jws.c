/* SPDX-License-Identifier: Apache-2.0
 *
 * jws: the compact form (RFC 7515 §7.1), verified and signed.
 */
#include <assert.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/hash.h"
#include "codec/jose/inside.h"

static km_code refuse(km_fault *f, const char *why)
{
    return km_fail(f, KM_UNAUTHENTICATED, "token", "%s", why);
}

/* The order of P-256, SEC 2 §2.4.2. */
static const unsigned char p256_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

static bool in_range(const char *p)
{
    static const unsigned char zero[32];
    return memcmp(p, zero, 32) != 0 && memcmp(p, p256_order, 32) < 0;
}

/* r || s to DER (RFC 7518 §3.4); 0 when that fails. */
static size_t to_der(unsigned char out[80], km_str sig)
{
    unsigned char *p = out;
    ECDSA_SIG *e = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn((const unsigned char *)sig.p, 32, NULL);
    BIGNUM *s = BN_bin2bn((const unsigned char *)sig.p + 32, 32, NULL);
    int n = 0;
    if (e != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(e, r, s)) {
        n = i2d_ECDSA_SIG(e, &p);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(e);
    return n > 0 ? (size_t)n : 0;
}

static bool proves_eddsa(const km_jwk *k, km_str sig, km_str bytes)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL && EVP_DigestVerifyInit_ex(md, NULL, NULL, NULL, NULL, k->key, NULL) == 1
                && EVP_DigestVerify(md, (const unsigned char *)sig.p, sig.n,
                                    (const unsigned char *)bytes.p, bytes.n)
                       == 1;
    EVP_MD_CTX_free(md);
    return good;
}

static EVP_PKEY_CTX *prepare(const km_jwk *k)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    if (good && k->alg == KM_JWS_RS256)
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    /* RFC 7518 §3.5: the salt is as long as the hash. MGF1 takes the hash of the signature. */
    if (good && k->alg == KM_JWS_PS256)
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
               && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    if (good && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static bool proves(km_jwk *k, km_str sig, km_str bytes)
{
    unsigned char sum[KM_SHA256_LEN];
    if (k->alg == KM_JWS_EDDSA)
        return proves_eddsa(k, sig, bytes);
    EVP_PKEY_CTX *ctx = atomic_exchange(&k->spare, NULL);
    if (ctx == NULL)
        ctx = prepare(k);
    if (ctx == NULL)
        return false;
    km_sha256(sum, bytes.p, bytes.n);
    bool good = EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n, sum, sizeof sum) == 1;
    /* One that failed is not kept: what is left in it is not known. */
    EVP_PKEY_CTX_free(good ? atomic_exchange(&k->spare, ctx) : ctx);
    return good;
}

static km_code check(km_jwk *k, km_str sig, km_str bytes, km_fault *f)
{
    unsigned char der[80];
    bool rsa = k->alg == KM_JWS_RS256 || k->alg == KM_JWS_PS256;
    if (sig.n != (rsa ? (size_t)EVP_PKEY_get_size(k->key) : 64))
        return refuse(f, "the signature has the wrong length");
    if (k->alg == KM_JWS_ES256) {
        if (!in_range(sig.p) || !in_range(sig.p + 32))
            return refuse(f, "r or s is out of range");
        sig = (km_str){ (const char *)der, to_der(der, sig) };
    }
    bool good = proves(k, sig, bytes);
    if (!good)
        ERR_clear_error();
    return good ? KM_OK : refuse(f, "the signature is wrong");
}

static km_code choose(km_jwk **out, km_jwks *keys, km_jv header, km_fault *f)
{
    km_jv kid = KM_JV_GET(header, "kid");
    if (kid.doc == NULL && keys->n == 1) {
        *out = &keys->key[0];
        return KM_OK;
    }
    if (!km_jv_is(kid, KM_JSON_STRING))
        return refuse(f, "the token does not say its key");
    for (size_t i = 0; i < keys->n; i++)
        if (km_str_eq(keys->key[i].kid, km_jv_str(kid))) {
            *out = &keys->key[i];
            return KM_OK;
        }
    return refuse(f, "no such key");
}

static km_code read_header(km_jv *out, km_arena *a, km_str text, km_fault *f)
{
    static const char *const refused[] = { "crit", "b64", "jwk", "jku", "x5c", "x5u", "zip" };
    km_str json;
    km_json *doc;
    if (!km_unbase64url(&json, a, text))
        return km_fail(f, KM_MALFORMED, "token.header", "not canonical base64url");
    if (km_json_parse(&doc, a, json, &(km_json_limits){ .depth = 4, .members = 32 }, NULL)
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(f, KM_MALFORMED, "token.header", "not a JSON object");
    *out = km_json_root(doc);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (km_jv_get(*out, km_str_of(refused[i])).doc != NULL)
            return km_fail(f, KM_UNSUPPORTED, "token.header", "%s is refused", refused[i]);
    return KM_OK;
}

km_code km_jws_verify(km_jws *out, km_arena *a, const km_jwks *keys, km_str token, km_fault *f)
{
    km_str rest, body, signed_bytes, sig, payload;
    km_jwk *k;
    km_jv header;
    if (token.n > KM_JWS_MAX)
        return km_fail(f, KM_TOO_LONG, "token", "a token has at most 16 KiB");
    km_str head = km_str_cut(token, '.', &rest);
    body = km_str_cut(rest, '.', &rest);
    if (rest.p == NULL || rest.n == 0 || km_str_find(rest, '.') < rest.n)
        return km_fail(f, KM_MALFORMED, "token", "not three parts");
    signed_bytes = km_str_sub(token, 0, head.n + 1 + body.n);
    if (!km_unbase64url(&payload, a, body) || !km_unbase64url(&sig, a, rest))
        return km_fail(f, KM_MALFORMED, "token", "not canonical base64url");
    KM_TRY(read_header(&header, a, head, f));
    /* What changes in a set is the context that is kept: nothing that anybody sees. */
    KM_TRY(choose(&k, (km_jwks *)(uintptr_t)keys, header, f));
    if (!km_str_is(km_jv_text(header, "alg"), km_jose__alg_name(k->alg)))
        return refuse(f, "the algorithm is not that of the key");
    KM_TRY(check(k, sig, signed_bytes, f));
    *out = (km_jws){ k->alg, header, k->kid, payload };
    return KM_OK;
}

km_code km_jws_sign(km_str *token, km_arena *a, const km_jws_signer *signer, km_str type,
                    km_str payload, km_fault *f)
{
    unsigned char sig[KM_JWS_SIGNATURE_MAX];
    size_t n = 0;
    km_buf head = km_buf_in(a);
    km_jw w = km_jw_on(&head);
    assert(signer->alg != KM_JWS_NO_ALG);
    km_jw_open(&w, '{');
    km_jw_key(&w, "alg");
    km_jw_z(&w, km_jose__alg_name(signer->alg));
    km_jw_key(&w, "kid");
    km_jw_str(&w, signer->kid);
    km_jw_key(&w, "typ");
    km_jw_str(&w, type);
    km_jw_close(&w, '}');
    km_str text = km_arena_print(a, "%.*s.%.*s", KM_STR_ARG(km_base64url(a, head.p, head.n)),
                                 KM_STR_ARG(km_base64url(a, payload.p, payload.n)));
    KM_TRY(signer->sign(signer->self, sig, &n, text, f));
    assert(n > 0 && n <= sizeof sig);
    *token = km_arena_print(a, "%.*s.%.*s", KM_STR_ARG(text), KM_STR_ARG(km_base64url(a, sig, n)));
    return KM_OK;
}
