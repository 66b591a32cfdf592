/* SPDX-License-Identifier: Apache-2.0
 *
 * authenticator_test: an authenticator in software, for tests: makes a key, attests it, shows it;
 * and lies where the test says.
 */
#ifndef KM_TRUST_WHO_AUTHENTICATOR_TEST_H
#define KM_TRUST_WHO_AUTHENTICATOR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/hash.h"
#include "trust/who/passkey.h"

typedef struct authenticator_soft {
    km_arena *arena;
    EVP_PKEY *key;
    int64_t alg; /* -7, -8, -257 */
    unsigned char id[32];
    uint32_t count;
    unsigned flags; /* UP | UV unless the test says otherwise */
    const char *rp_id, *origin;
    bool packed;
} authenticator_soft;

static inline void authenticator_open(authenticator_soft *s, km_arena *a, int64_t alg)
{
    *s = (authenticator_soft){ .arena = a,
                               .alg = alg,
                               .flags = 5,
                               .rp_id = "kumihimo.example",
                               .origin = "https://kumihimo.example" };
    s->key = alg == -7   ? EVP_EC_gen("P-256")
             : alg == -8 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                         : EVP_RSA_gen(2048);
    assert_non_null(s->key);
    km_sha256(s->id, &s->key, sizeof(void *));
}

static inline void authenticator_close(authenticator_soft *s)
{
    EVP_PKEY_free(s->key);
}

static inline void cbor_head(km_buf *out, unsigned major, uint64_t n)
{
    major <<= 5;
    if (n < 24) {
        km_buf_char(out, (char)(major | n));
    } else if (n < 256) {
        km_buf_char(out, (char)(major | 24));
        km_buf_char(out, (char)n);
    } else {
        km_buf_char(out, (char)(major | 25));
        km_buf_u16be(out, (uint16_t)n);
    }
}

static inline void cbor_number(km_buf *out, int64_t n)
{
    cbor_head(out, n < 0, (uint64_t)(n < 0 ? -1 - n : n));
}

static inline void cbor_bytes(km_buf *out, const void *p, size_t n)
{
    cbor_head(out, 2, n);
    km_buf_bytes(out, p, n);
}

static inline void cbor_text(km_buf *out, const char *z)
{
    cbor_head(out, 3, strlen(z));
    km_buf_z(out, z);
}

static inline void cbor_bignum(km_buf *out, EVP_PKEY *key, const char *name)
{
    unsigned char bytes[1024];
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
    cbor_bytes(out, bytes, (size_t)BN_bn2bin(n, bytes));
    BN_free(n);
}

/* COSE_Key in the order of CTAP2. */
static inline km_str authenticator_key(const authenticator_soft *s)
{
    km_buf out = km_buf_in(s->arena);
    unsigned char raw[65];
    size_t n = sizeof raw;
    cbor_head(&out, 5, s->alg == -7 ? 5 : 4);
    cbor_number(&out, 1);
    cbor_number(&out, s->alg == -7 ? 2 : s->alg == -8 ? 1 : 3);
    cbor_number(&out, 3);
    cbor_number(&out, s->alg);
    if (s->alg == -257) {
        cbor_number(&out, -1);
        cbor_bignum(&out, s->key, OSSL_PKEY_PARAM_RSA_N);
        cbor_number(&out, -2);
        cbor_bignum(&out, s->key, OSSL_PKEY_PARAM_RSA_E);
        return km_buf_str(&out);
    }
    cbor_number(&out, -1);
    cbor_number(&out, s->alg == -7 ? 1 : 6);
    cbor_number(&out, -2);
    if (s->alg == -8) {
        assert_int_equal(EVP_PKEY_get_raw_public_key(s->key, raw, &n), 1);
        cbor_bytes(&out, raw, 32);
        return km_buf_str(&out);
    }
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(s->key, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &n), 1);
    cbor_bytes(&out, raw + 1, 32);
    cbor_number(&out, -3);
    cbor_bytes(&out, raw + 33, 32);
    return km_buf_str(&out);
}

static inline km_str authenticator_client(const authenticator_soft *s, const char *type,
                                          km_str challenge)
{
    return km_arena_print(
        s->arena,
        "{\"type\":\"%s\",\"challenge\":\"%.*s\",\"origin\":\"%s\",\"crossOrigin\":false}", type,
        KM_STR_ARG(km_base64url(s->arena, challenge.p, challenge.n)), s->origin);
}

static inline km_str authenticator_said(const authenticator_soft *s, bool credential)
{
    unsigned char rp[KM_SHA256_LEN];
    km_buf out = km_buf_in(s->arena);
    km_sha256(rp, s->rp_id, strlen(s->rp_id));
    km_buf_bytes(&out, rp, sizeof rp);
    km_buf_char(&out, (char)(s->flags | (credential ? 0x40 : 0)));
    km_buf_u32be(&out, s->count);
    if (credential) {
        km_str key = authenticator_key(s);
        km_buf_bytes(&out, (char[16]){ 0 }, 16);
        km_buf_u16be(&out, sizeof s->id);
        km_buf_bytes(&out, s->id, sizeof s->id);
        km_buf_add(&out, key);
    }
    return km_buf_str(&out);
}

static inline km_str authenticator_sign(const authenticator_soft *s, km_str said, km_str client)
{
    unsigned char hash[KM_SHA256_LEN];
    size_t n = 512;
    unsigned char *sig = km_arena_alloc(s->arena, n);
    km_buf text = km_buf_in(s->arena);
    km_sha256(hash, client.p, client.n);
    km_buf_add(&text, said);
    km_buf_bytes(&text, hash, sizeof hash);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const char *digest = s->alg == -8 ? NULL : "SHA256";
    assert_int_equal(EVP_DigestSignInit_ex(md, NULL, digest, NULL, NULL, s->key, NULL), 1);
    assert_int_equal(EVP_DigestSign(md, sig, &n, (const unsigned char *)text.p, text.n), 1);
    EVP_MD_CTX_free(md);
    return (km_str){ (char *)sig, n };
}

static inline km_str authenticator_attest(authenticator_soft *s, km_str client)
{
    km_buf out = km_buf_in(s->arena);
    km_str said = authenticator_said(s, true);
    cbor_head(&out, 5, 3);
    cbor_text(&out, "fmt");
    cbor_text(&out, s->packed ? "packed" : "none");
    cbor_text(&out, "attStmt");
    cbor_head(&out, 5, s->packed ? 2 : 0);
    if (s->packed) {
        km_str sig = authenticator_sign(s, said, client);
        cbor_text(&out, "alg");
        cbor_number(&out, s->alg);
        cbor_text(&out, "sig");
        cbor_bytes(&out, sig.p, sig.n);
    }
    cbor_text(&out, "authData");
    cbor_bytes(&out, said.p, said.n);
    return km_buf_str(&out);
}

static inline km_passkey_shown authenticator_show(authenticator_soft *s, km_str challenge)
{
    km_passkey_shown shown = { .client_data = authenticator_client(s, "webauthn.get", challenge),
                               .authenticator_data = authenticator_said(s, false) };
    shown.signature = authenticator_sign(s, shown.authenticator_data, shown.client_data);
    return shown;
}

#endif
