/* SPDX-License-Identifier: Apache-2.0
 * fuzz: codec/jose
 *
 * jws: the first line is a token, the rest a key set. Neither the set of the input nor a fixed
 * key may be talked into anything but an answer.
 */
#include <stdlib.h>

#include "codec/jose/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void try_set(km_str set, km_str token)
{
    km_arena *a = km_arena_new((size_t)16 << 20);
    km_fault f = { 0 };
    km_jwks *keys;
    km_jws jws;
    km_code rc = km_jwks_new(&keys, set, &f);
    if (rc != f.code || (keys != NULL) != (rc == KM_OK))
        abort();
    if (rc == KM_OK && km_jws_verify(&jws, a, keys, token, &f) != f.code)
        abort();
    km_jwks_free(keys);
    km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_str set, token = km_str_cut((km_str){ (const char *)bytes, n }, '\n', &set);
    try_set(set, token);
    try_set(KM_STR("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                   "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"),
            token);
    return 0;
}
