/* SPDX-License-Identifier: Apache-2.0
 *
 * sign: ES256 (RFC 7518 §3.4) and Ed25519 (RFC 8032) over OpenSSL. A private key is kept as
 * PKCS#8 DER.
 */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "trust/keys/inside.h"

static km_code broken(km_fault *f)
{
    return km_fail(f, KM_INTERNAL, "key", "the cryptographic library refused");
}

km_code km_sign__make(unsigned char der[KM_KEY_SECRET_MAX], size_t *n, km_key_role role,
                      km_fault *f)
{
    EVP_PKEY *key = role == KM_KEY_TOKEN ? EVP_EC_gen("P-256")
                                         : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char *p = der;
    PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    int bytes = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    bool made = bytes > 0 && bytes <= KM_KEY_SECRET_MAX
                && i2d_PKCS8_PRIV_KEY_INFO(info, &p) == bytes;
    *n = made ? (size_t)bytes : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return made ? KM_OK : broken(f);
}

km_code km_sign__load(void **pkey, km_key_role role, km_str der, km_fault *f)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    const char *kind = role == KM_KEY_TOKEN ? "EC" : "ED25519";
    if (key == NULL || !EVP_PKEY_is_a(key, kind)) {
        EVP_PKEY_free(key);
        return km_fail(f, KM_TAMPERED, "key", "not a signing key of this role");
    }
    *pkey = key;
    return KM_OK;
}

void km_sign__free(void *pkey)
{
    EVP_PKEY_free(pkey);
}

/* DER SEQUENCE { r, s } to two numbers of 32 bytes. */
static bool to_jws(unsigned char out[KM_KEY_SIGNATURE], const unsigned char *der, size_t n)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool done = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32
                && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return done;
}

km_code km_sign__sign(unsigned char out[KM_KEY_SIGNATURE], km_key_role role, void *pkey,
                      km_str message, km_fault *f)
{
    unsigned char sig[128];
    size_t n = sizeof sig;
    bool es256 = role == KM_KEY_TOKEN;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx != NULL
                && EVP_DigestSignInit(ctx, NULL, es256 ? EVP_sha256() : NULL, NULL, pkey) == 1
                && EVP_DigestSign(ctx, sig, &n, (const unsigned char *)message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (done && es256)
        done = to_jws(out, sig, n);
    else if (done)
        memcpy(out, sig, KM_KEY_SIGNATURE);
    return done ? KM_OK : broken(f);
}

km_code km_sign__public(unsigned char *out, size_t *n, km_key_role role, void *pkey, km_fault *f)
{
    *n = KM_KEY_PUBLIC_MAX;
    bool done = role == KM_KEY_TOKEN
                    ? EVP_PKEY_get_octet_string_param(pkey, "pub", out, KM_KEY_PUBLIC_MAX, n) == 1
                    : EVP_PKEY_get_raw_public_key(pkey, out, n) == 1;
    return done ? KM_OK : broken(f);
}
