/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: trust/keys
 *
 * Messages to the key process: whatever comes is refused or has sizes that agree with its form; a
 * request that was read, written again, is the same bytes; and a ring serves it without a fault
 * of ours. The text is tried as an answer too.
 */
#include <stdlib.h>

#include "trust/keys/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void serve(const km_key_request *q, km_arena *a)
{
    km_fault f = { 0 };
    km_keys *k;
    uint32_t v;
    km_key_answer out = { NULL, (size_t)km_keys__form[q->op].out * q->n, 0 };
    out.p = km_arena_zero(a, out.room + 1);
    claim(km_keys_in_memory(&k, KM_KEY_MASK_ALL, &km_random_real, &f) == KM_OK);
    claim(km_keys_make(&v, k, q->key.role, q->key.name, &f) == KM_OK);
    km_code rc = k->kind->serve(k, q, &out, &f);
    claim(rc != KM_OK || out.used <= out.room);
    km_keys_close(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str frame = { (const char *)p, n }, bytes;
    km_fault f = { 0 }, g = { 0 };
    km_key_request q;
    if (n <= KM_WIRE_MAX && km_wire__read_request(&q, frame, &f) == KM_OK) {
        km_buf again = km_buf_in(a);
        km_wire__request(&again, &q);
        claim(again.n == n + KM_WIRE_HEAD && memcmp(again.p + KM_WIRE_HEAD, p, n) == 0);
        claim(km_wire__length((unsigned char *)again.p) == n);
        serve(&q, a);
    }
    if (km_wire__read_answer(&bytes, frame, &g) == KM_OK)
        claim(bytes.n == n - 2);
    km_arena_free(a);
    return 0;
}
