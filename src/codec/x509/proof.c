/* SPDX-License-Identifier: Apache-2.0
 *
 * proof: whoever signed holds the key of the certificate.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/roca.h"
#include "codec/x509/inside.h"

static km_code refuse(km_fault *f, const char *why)
{
    return km_fail(f, KM_UNAUTHENTICATED, "signature", "%s", why);
}

/* 32 or 48 bytes a half, 0 for what is no curve of ours. */
static size_t half_of(EVP_PKEY *key)
{
    char group[32];
    size_t n;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1)
        return 0;
    return strcmp(group, "prime256v1") == 0 ? 32 : strcmp(group, "secp384r1") == 0 ? 48 : 0;
}

static size_t to_der(unsigned char *out, km_str raw)
{
    int half = (int)(raw.n / 2);
    const unsigned char *p = (const unsigned char *)raw.p;
    ECDSA_SIG *e = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(p, half, NULL), *s = BN_bin2bn(p + half, half, NULL);
    int n = 0;
    if (e != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(e, r, s)) {
        n = i2d_ECDSA_SIG(e, &out);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(e);
    return n > 0 ? (size_t)n : 0;
}

static bool verifies(EVP_PKEY *key, const char *digest, bool pss, km_str signature, km_str bytes)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    bool good = md != NULL && EVP_DigestVerifyInit_ex(md, &ctx, digest, NULL, NULL, key, NULL) == 1;
    if (good && pss)
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
               && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good
           && EVP_DigestVerify(md, (const unsigned char *)signature.p, signature.n,
                               (const unsigned char *)bytes.p, bytes.n)
                  == 1;
    EVP_MD_CTX_free(md);
    return good;
}

/* Cards made such keys for years. */
static bool is_roca(EVP_PKEY *key)
{
    unsigned char modulus[1024];
    BIGNUM *n = NULL;
    bool roca = true;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1
        && BN_num_bytes(n) <= (int)sizeof modulus)
        roca = km_rsa_is_roca(modulus, (size_t)BN_bn2bin(n, modulus));
    BN_free(n);
    return roca;
}

static km_code check_rsa(EVP_PKEY *key, bool pss, km_str signature, km_str bytes, km_fault *f)
{
    int bits = EVP_PKEY_get_bits(key);
    if (!EVP_PKEY_is_a(key, "RSA") || bits < 2048 || bits > 8192)
        return refuse(f, "the certificate's key is of another kind or size");
    if (is_roca(key))
        return refuse(f, "the card's key is of the kind that can be factored (CVE-2017-15361)");
    if (signature.n != (size_t)EVP_PKEY_get_size(key))
        return refuse(f, "the signature has the wrong length");
    return verifies(key, "SHA256", pss, signature, bytes) ? KM_OK
                                                          : refuse(f, "the signature is wrong");
}

static km_code check_ec(EVP_PKEY *key, bool raw, km_str signature, km_str bytes, km_fault *f)
{
    unsigned char der[120];
    size_t half = half_of(key);
    if (half == 0)
        return refuse(f, "the certificate's key is of another kind or size");
    if (raw ? signature.n != 2 * half : signature.n < 8 || signature.n > sizeof der)
        return refuse(f, "the signature has the wrong length");
    if (raw)
        signature = (km_str){ (const char *)der, to_der(der, signature) };
    return verifies(key, half == 32 ? "SHA256" : "SHA384", false, signature, bytes)
               ? KM_OK
               : refuse(f, "the signature is wrong");
}

km_code km_cert_proves(const km_cert *c, km_proof kind, km_str signature, km_str bytes, km_fault *f)
{
    const unsigned char *p = (const unsigned char *)c->key.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)c->key.n);
    km_code rc;
    if (key == NULL)
        rc = refuse(f, "the certificate's key is of another kind or size");
    else if (kind == KM_PROOF_RSA_PKCS1 || kind == KM_PROOF_RSA_PSS)
        rc = check_rsa(key, kind == KM_PROOF_RSA_PSS, signature, bytes, f);
    else
        rc = check_ec(key, kind == KM_PROOF_ECDSA_RAW, signature, bytes, f);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return rc;
}
