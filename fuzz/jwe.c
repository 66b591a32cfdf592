/* SPDX-License-Identifier: Apache-2.0
 * fuzz: codec/jose
 *
 * jwe: the first line is a sealed token, the rest a key. A key that is taken must seal and open; a
 * token is asked of a fixed key, which must answer and no more.
 */
#include <stdlib.h>

#include "codec/jose/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Bob's of RFC 7518 appendix C. */
#define OWN                                                                                    \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
    "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\","                                   \
    "\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}"

static void try_key(const km_call *c, km_str json)
{
    km_jwe_key *k;
    km_jws_key *s;
    km_str token;
    if (km_jwe_recipient_new(&k, json, NULL) == KM_OK
        && km_jwe_seal(&token, c, k, KM_STR("t"), KM_STR("plain")) != KM_OK)
        abort();
    km_jwe_key_free(k);
    if (km_jwe_own_new(&k, json, NULL) == KM_OK) {
        km_jwe out;
        if (km_jwe_seal(&token, c, k, KM_STR("t"), KM_STR("plain")) != KM_OK
            || km_jwe_open(&out, c->arena, k, token, NULL) != KM_OK)
            abort();
    }
    km_jwe_key_free(k);
    if (km_jws_key_new(&s, json, KM_JWS_RS256, NULL) == KM_OK && km_jws_key_public(s).bytes.n == 0)
        abort();
    km_jws_key_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_arena *a = km_arena_new((size_t)64 << 20);
    km_fault f = { 0 }, g = { 0 };
    km_call c = { a, &f, &km_clock_real, &km_random_real, NULL };
    km_jwe_key *own;
    km_jwe out;
    km_str key, token = km_str_cut((km_str){ (const char *)bytes, n }, '\n', &key);
    if (km_jwe_own_new(&own, KM_STR(OWN), NULL) != KM_OK)
        abort();
    if (km_jwe_open(&out, a, own, token, &g) != g.code)
        abort();
    try_key(&c, key);
    km_jwe_key_free(own);
    km_arena_free(a);
    return 0;
}
