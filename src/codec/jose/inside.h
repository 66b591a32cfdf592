/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of this folder share: a compiled key, the names of algorithms.
 */
#ifndef KM_CODEC_JOSE_INSIDE_H
#define KM_CODEC_JOSE_INSIDE_H

#include <stdatomic.h>

#include <openssl/evp.h>

#include "codec/jose/jose.h"

typedef struct km_jwk {
    km_jws_alg alg;
    km_str kid, thumbprint;
    EVP_PKEY *key;
    /* A context that is ready to verify, kept for whoever comes next: preparing one costs a third
     * of a check with RSA. Taken by exchange with NULL, so that no two threads hold it. */
    _Atomic(EVP_PKEY_CTX *) spare;
} km_jwk;

struct km_jwks {
    km_arena *arena;
    size_t n;
    km_jwk key[KM_JWKS_KEYS];
};

const char *km_jose__alg_name(km_jws_alg alg);
/* A public key, or a private one where `d` is not empty, of P-256; NULL: not on the curve, or the
 * parts do not belong together. */
EVP_PKEY *km_jose__p256(km_str x, km_str y, km_str d);
/* 04 || x || y. */
bool km_jose__point(unsigned char out[65], EVP_PKEY *key);
/* RFC 7518 §4.6.2: agree on 32 bytes for `alg` (`n` of them are used). */
bool km_jose__agree(unsigned char *out, size_t n, EVP_PKEY *own, EVP_PKEY *other, km_str alg,
                    km_str apu, km_str apv);

/* KM_JWS_NO_ALG for every other name. */
km_jws_alg km_jose__alg(km_str name);

#endif
