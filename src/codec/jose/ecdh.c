/* SPDX-License-Identifier: Apache-2.0
 *
 * ecdh: keys of P-256 from their parts, and what two of them agree on (RFC 7518 §4.6; SP 800-56A
 * §5.8.1.1).
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "base/hash.h"
#include "codec/jose/inside.h"

static EVP_PKEY *from_params(OSSL_PARAM_BLD *b, bool private)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0
        || EVP_PKEY_fromdata(ctx, &key, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params)
               <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static bool belongs_together(EVP_PKEY *key, bool private)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = ctx != NULL && EVP_PKEY_public_check(ctx) > 0
                && (!private || EVP_PKEY_pairwise_check(ctx) > 0);
    EVP_PKEY_CTX_free(ctx);
    return good;
}

EVP_PKEY *km_jose__p256(km_str x, km_str y, km_str d)
{
    unsigned char point[65] = { 4 };
    if (x.n != 32 || y.n != 32 || (d.n != 0 && d.n != 32))
        return NULL;
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *secret = d.n > 0 ? BN_bin2bn((const unsigned char *)d.p, 32, BN_secure_new()) : NULL;
    EVP_PKEY *key = NULL;
    if (b != NULL && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0)
        && OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 65)
        && (d.n == 0
            || (secret != NULL && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, secret))))
        key = from_params(b, d.n > 0);
    OSSL_PARAM_BLD_free(b);
    BN_clear_free(secret);
    if (key != NULL && !belongs_together(key, d.n > 0)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    return key;
}

bool km_jose__point(unsigned char out[65], EVP_PKEY *key)
{
    size_t n = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, 65, &n) == 1
           && n == 65 && out[0] == 4;
}

/* One round of the KDF gives 32 bytes; more is never asked for. OtherInfo is the algorithm, the two
 * parties' names, and the length in bits. */
static void derive(unsigned char out[KM_SHA256_LEN], const unsigned char z[32], size_t n,
                   const km_str party[3])
{
    unsigned char sizes[3][4], round[4] = { 0, 0, 0, 1 };
    unsigned char bits[4] = { 0, 0, (unsigned char)(n * 8 >> 8), (unsigned char)(n * 8) };
    km_str parts[9] = { { (char *)round, 4 }, { (const char *)z, 32 } };
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 4; k++)
            sizes[i][k] = (unsigned char)(party[i].n >> (24 - 8 * k));
        parts[2 + 2 * i] = (km_str){ (char *)sizes[i], 4 };
        parts[3 + 2 * i] = party[i];
    }
    parts[8] = (km_str){ (char *)bits, 4 };
    km_sha256_parts(out, parts, 9);
}

bool km_jose__agree(unsigned char *out, size_t n, EVP_PKEY *own, EVP_PKEY *other, km_str alg,
                    km_str apu, km_str apv)
{
    unsigned char z[32], sum[KM_SHA256_LEN];
    size_t length = sizeof z;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool good = n <= sizeof sum && ctx != NULL && EVP_PKEY_derive_init(ctx) > 0
                && EVP_PKEY_derive_set_peer(ctx, other) > 0 && EVP_PKEY_derive(ctx, z, &length) > 0
                && length == sizeof z;
    EVP_PKEY_CTX_free(ctx);
    if (good) {
        derive(sum, z, n, (const km_str[]){ alg, apu, apv });
        memcpy(out, sum, n);
    }
    explicit_bzero(z, sizeof z);
    explicit_bzero(sum, sizeof sum);
    ERR_clear_error();
    return good;
}
