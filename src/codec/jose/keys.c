/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: private keys that sign in this process, and public ones put into words for others.
 */
#include <assert.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/hash.h"
#include "codec/jose/inside.h"

struct km_jws_key {
    km_arena *arena;
    km_jws_alg alg;
    km_str kid;
    km_str bytes; /* as km_jwk_public has it */
    EVP_PKEY *key;
};

static km_code wrong(km_fault *f, const char *why)
{
    return km_fail(f, KM_BAD_VALUE, "key", "%s", why);
}

/* --- private keys --- */

static EVP_PKEY *rsa_from(km_arena *a, km_jv jwk)
{
    static const struct {
        const char *member, *param;
    } rows[] = {
        { "n", OSSL_PKEY_PARAM_RSA_N },          { "e", OSSL_PKEY_PARAM_RSA_E },
        { "d", OSSL_PKEY_PARAM_RSA_D },          { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
        { "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },    { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
        { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 }
    };
    enum { PARTS = sizeof rows / sizeof *rows };
    BIGNUM *part[PARTS] = { NULL };
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    bool good = b != NULL;
    for (size_t i = 0; good && i < PARTS; i++) {
        km_str bytes;
        good =
            km_unbase64url(&bytes, a, km_jv_text(jwk, rows[i].member)) && bytes.n > 0
            && bytes.n <= 1024
            && (part[i] = BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.n, BN_secure_new()))
                   != NULL
            && OSSL_PARAM_BLD_push_BN(b, rows[i].param, part[i]) == 1;
    }
    OSSL_PARAM *params = good ? OSSL_PARAM_BLD_to_param(b) : NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) <= 0
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    for (size_t i = 0; i < PARTS; i++)
        BN_clear_free(part[i]);
    return key;
}

static EVP_PKEY *from_jwk(km_arena *a, km_jv jwk)
{
    km_str x, y, d, kty = km_jv_text(jwk, "kty"), crv = km_jv_text(jwk, "crv");
    if (km_str_is(kty, "RSA"))
        return rsa_from(a, jwk);
    if (!km_unbase64url(&d, a, km_jv_text(jwk, "d")) || d.n != 32
        || !km_unbase64url(&x, a, km_jv_text(jwk, "x")))
        return NULL;
    if (km_str_is(kty, "EC") && km_str_is(crv, "P-256"))
        return km_unbase64url(&y, a, km_jv_text(jwk, "y")) ? km_jose__p256(x, y, d) : NULL;
    if (!km_str_is(kty, "OKP") || !km_str_is(crv, "Ed25519"))
        return NULL;
    unsigned char own[32];
    size_t n = sizeof own;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)d.p,
                                                 32);
    if (key != NULL
        && (EVP_PKEY_get_raw_public_key(key, own, &n) != 1 || x.n != n
            || memcmp(own, x.p, n) != 0)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* No passphrase is asked for: an encrypted file is no key here. */
static int no_passphrase(char *out, int n, int writing, void *self)
{
    (void)out, (void)n, (void)writing, (void)self;
    return -1;
}

static km_code read_key(km_jws_key *k, km_str text, km_fault *f)
{
    km_json *doc;
    text = km_str_trim(text);
    if (text.n > 0 && text.p[0] == '{') {
        KM_TRY(km_json_parse(&doc, k->arena, text, &(km_json_limits){ .depth = 4 }, f));
        km_jv jwk = km_json_root(doc), said = KM_JV_GET(jwk, "alg");
        if (said.doc != NULL)
            k->alg = km_jose__alg(km_jv_str(said));
        k->kid = km_jv_text(jwk, "kid");
        k->key = from_jwk(k->arena, jwk);
    } else {
        BIO *in = BIO_new_mem_buf(text.n > 0 ? text.p : "", (int)text.n);
        k->key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
        BIO_free(in);
    }
    ERR_clear_error();
    return k->key != NULL ? KM_OK : km_fail(f, KM_MALFORMED, "key", "no private key in JWK or PEM");
}

/* What the key is, and that it may be used for the algorithm; the bytes to publish. */
static km_code fit(km_jws_key *k, km_fault *f)
{
    unsigned char *out = km_arena_alloc(k->arena, 65);
    size_t n = 65;
    bool rsa = EVP_PKEY_is_a(k->key, "RSA");
    km_jws_alg own = EVP_PKEY_is_a(k->key, "ED25519") ? KM_JWS_EDDSA
                     : EVP_PKEY_is_a(k->key, "EC")    ? KM_JWS_ES256
                                                      : KM_JWS_NO_ALG;
    if (!rsa && own != KM_JWS_NO_ALG && k->alg == KM_JWS_NO_ALG)
        k->alg = own;
    if (rsa ? k->alg != KM_JWS_RS256 && k->alg != KM_JWS_PS256
            : own == KM_JWS_NO_ALG || k->alg != own)
        return wrong(f, "the key does not fit its algorithm, or is RSA without one");
    if (rsa) {
        unsigned char *der = NULL;
        int length = i2d_PUBKEY(k->key, &der);
        if (length <= 0 || EVP_PKEY_get_bits(k->key) < 2048 || EVP_PKEY_get_bits(k->key) > 8192) {
            OPENSSL_free(der);
            return wrong(f, "an RSA modulus has 2048 to 8192 bits");
        }
        k->bytes = km_arena_copy(k->arena, (km_str){ (char *)der, (size_t)length });
        OPENSSL_free(der);
        return KM_OK;
    }
    if (own == KM_JWS_ES256 ? !km_jose__point(out, k->key)
                            : EVP_PKEY_get_raw_public_key(k->key, out, &n) != 1)
        return wrong(f, "a key of another curve than P-256");
    k->bytes = (km_str){ (char *)out, own == KM_JWS_ES256 ? 65 : n };
    if (own == KM_JWS_ES256) { /* the group, not just the size of the point */
        char group[32];
        if (EVP_PKEY_get_group_name(k->key, group, sizeof group, &n) != 1
            || strcmp(group, "prime256v1") != 0)
            return wrong(f, "a key of another curve than P-256");
    }
    return KM_OK;
}

km_code km_jws_key_new(km_jws_key **out, km_str jwk_or_pem, km_jws_alg alg, km_fault *f)
{
    km_arena *a = km_arena_new((size_t)4 << 20);
    km_jws_key *k = KM_NEW(a, km_jws_key);
    *out = NULL;
    k->arena = a;
    k->alg = alg;
    km_code rc = jwk_or_pem.n > KM_JWKS_MAX ? km_fail(f, KM_TOO_LONG, "key", "at most 256 KiB")
                                            : read_key(k, jwk_or_pem, f);
    if (rc == KM_OK)
        rc = fit(k, f);
    if (rc == KM_OK && k->kid.n == 0) {
        km_jwk_public own = km_jws_key_public(k);
        rc = km_jwk_public_thumbprint(&k->kid, a, &own, f);
    }
    if (rc == KM_OK)
        *out = k;
    else
        km_jws_key_free(k);
    return rc;
}

void km_jws_key_free(km_jws_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->key);
    km_arena_free(k->arena);
}

km_jwk_public km_jws_key_public(const km_jws_key *k)
{
    return (km_jwk_public){ k->alg, k->kid, k->bytes };
}

static bool to_raw(unsigned char out[64], const unsigned char *der, size_t n)
{
    ECDSA_SIG *e = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool good = e != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(e), out, 32) == 32
                && BN_bn2binpad(ECDSA_SIG_get0_s(e), out + 32, 32) == 32;
    ECDSA_SIG_free(e);
    return good;
}

static km_code sign(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f)
{
    const km_jws_key *k = self;
    unsigned char made[KM_JWS_SIGNATURE_MAX];
    size_t length = sizeof made;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = EVP_DigestSignInit_ex(md, &ctx, k->alg == KM_JWS_EDDSA ? NULL : "SHA256", NULL,
                                      NULL, k->key, NULL)
                == 1;
    if (good && k->alg == KM_JWS_PS256)
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
               && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestSign(md, made, &length, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(md);
    if (good && k->alg == KM_JWS_ES256) {
        good = to_raw(out, made, length);
        *n = 64;
    } else if (good) {
        memcpy(out, made, length);
        *n = length;
    }
    ERR_clear_error();
    return good ? KM_OK : km_fail(f, KM_INTERNAL, "key", "signing failed");
}

km_jws_signer km_jws_key_signer(km_jws_key *k)
{
    return (km_jws_signer){ k->alg, k->kid, sign, k };
}

/* --- public keys --- */

/* The members of RFC 7638 §3.2 in their order; `first` and `second` are base64url. */
typedef struct members {
    const char *kty, *crv;
    km_str first, second; /* x, y; n, e */
} members;

static km_code rsa_members(members *m, km_arena *a, km_str der, km_fault *f)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
    BIGNUM *n = NULL, *e = NULL;
    bool good = key != NULL && EVP_PKEY_is_a(key, "RSA")
                && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1
                && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1
                && BN_num_bytes(n) <= 1024 && BN_num_bytes(e) <= 8;
    if (good) {
        unsigned char bytes[1024];
        m->kty = "RSA";
        m->first = km_base64url(a, bytes, (size_t)BN_bn2bin(n, bytes));
        m->second = km_base64url(a, bytes, (size_t)BN_bn2bin(e, bytes));
    }
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good ? KM_OK : wrong(f, "not an RSA key");
}

static km_code members_of(members *m, km_arena *a, const km_jwk_public *k, km_fault *f)
{
    *m = (members){ 0 };
    switch (k->alg) {
    case KM_JWS_ES256:
        if (k->bytes.n != 65 || k->bytes.p[0] != 4)
            return wrong(f, "a point of P-256 has 65 bytes and begins with 4");
        m->kty = "EC";
        m->crv = "P-256";
        m->first = km_base64url(a, k->bytes.p + 1, 32);
        m->second = km_base64url(a, k->bytes.p + 33, 32);
        return KM_OK;
    case KM_JWS_EDDSA:
        if (k->bytes.n != 32)
            return wrong(f, "a key of Ed25519 has 32 bytes");
        m->kty = "OKP";
        m->crv = "Ed25519";
        m->first = km_base64url(a, k->bytes.p, 32);
        return KM_OK;
    case KM_JWS_RS256:
    case KM_JWS_PS256:
        return rsa_members(m, a, k->bytes, f);
    case KM_JWS_NO_ALG:
        break;
    }
    return wrong(f, "an algorithm is missing");
}

km_code km_jwk_public_thumbprint(km_str *out, km_arena *a, const km_jwk_public *key, km_fault *f)
{
    unsigned char sum[KM_SHA256_LEN];
    members m;
    km_buf b = km_buf_in(a);
    km_jw w = km_jw_on(&b);
    KM_TRY(members_of(&m, a, key, f));
    km_jw_open(&w, '{');
    if (m.crv != NULL) {
        km_jw_member_z(&w, "crv", m.crv);
        km_jw_member_z(&w, "kty", m.kty);
        km_jw_member(&w, "x", m.first);
        if (m.second.n > 0)
            km_jw_member(&w, "y", m.second);
    } else {
        km_jw_member(&w, "e", m.second);
        km_jw_member_z(&w, "kty", m.kty);
        km_jw_member(&w, "n", m.first);
    }
    km_jw_close(&w, '}');
    km_sha256(sum, b.p, b.n);
    *out = km_base64url(a, sum, sizeof sum);
    return KM_OK;
}

static km_code print_one(km_jw *w, km_arena *a, const km_jwk_public *key, km_fault *f)
{
    members m;
    km_str kid = key->kid;
    KM_TRY(members_of(&m, a, key, f));
    if (kid.n == 0)
        KM_TRY(km_jwk_public_thumbprint(&kid, a, key, f));
    km_jw_open(w, '{');
    km_jw_member_z(w, "kty", m.kty);
    if (m.crv != NULL)
        km_jw_member_z(w, "crv", m.crv);
    km_jw_member_z(w, "use", "sig");
    km_jw_member_z(w, "alg", km_jose__alg_name(key->alg));
    km_jw_member(w, "kid", kid);
    km_jw_member(w, m.crv != NULL ? "x" : "n", m.first);
    if (m.second.n > 0)
        km_jw_member(w, m.crv != NULL ? "y" : "e", m.second);
    km_jw_close(w, '}');
    return KM_OK;
}

km_code km_jwks_print(km_buf *out, const km_jwk_public *key, size_t n, km_fault *f)
{
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    km_jw_key(&w, "keys");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        KM_TRY(print_one(&w, out->arena, &key[i], f));
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}
