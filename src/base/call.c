/* SPDX-License-Identifier: Apache-2.0
 *
 * call: the real clock and the real chance.
 */
#include "base/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static km_ms now_real(void *self)
{
    struct timespec t;
    (void)self;
    clock_gettime(CLOCK_REALTIME, &t);
    return (km_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fill_real(void *self, void *out, size_t n)
{
    char *p = out;
    (void)self;
    while (n > 0) {
        ssize_t got = getrandom(p, n > 256 ? 256 : n, 0);
        if (got <= 0) /* without chance there are no keys: nothing may go on */
            abort();
        p += got;
        n -= (size_t)got;
    }
}

const km_clock km_clock_real = { now_real, NULL };
const km_random km_random_real = { fill_real, NULL };

uint64_t km_ticks_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void km_call_uuid(const km_call *c, char out[37])
{
    unsigned char b[16];
    uint64_t ms = (uint64_t)km_call_now(c);
    c->random->fill(c->random->self, b, sizeof b);
    for (int i = 5; i >= 0; i--, ms >>= 8)
        b[i] = (unsigned char)ms;
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x70);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}
