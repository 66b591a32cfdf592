/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of this folder share: a compiled key, the names of algorithms.
 */
#ifndef KM_CODEC_JOSE_INSIDE_H
#define KM_CODEC_JOSE_INSIDE_H

#include <openssl/evp.h>

#include "codec/jose/jose.h"

typedef struct km_jwk {
    km_jws_alg alg;
    km_str kid, thumbprint;
    EVP_PKEY *key;
} km_jwk;

struct km_jwks {
    km_arena *arena;
    size_t n;
    km_jwk key[KM_JWKS_KEYS];
};

const char *km_jose__alg_name(km_jws_alg alg);
/* KM_JWS_NO_ALG for every other name. */
km_jws_alg km_jose__alg(km_str name);

#endif
