/* SPDX-License-Identifier: Apache-2.0
 *
 * call: what one call has at hand. There is no other state: time and chance
 * arrive here, so that a test can choose both.
 */
#ifndef KM_BASE_CALL_H
#define KM_BASE_CALL_H

#include "base/arena.h"
#include "base/fault.h"

/* Milliseconds since 1970-01-01T00:00:00Z. */
typedef int64_t km_ms;

typedef struct km_clock {
    km_ms (*now)(void *self);
    void *self;
} km_clock;

typedef struct km_random {
    void (*fill)(void *self, void *out, size_t n);
    void *self;
} km_random;

/* The real ones: CLOCK_REALTIME and getrandom(2). */
extern const km_clock km_clock_real;
extern const km_random km_random_real;

/* Monotone nanoseconds, for measuring only. */
uint64_t km_ticks_ns(void);

struct km_caller; /* trust/caller.h; NULL for the node's own jobs */

typedef struct km_call {
    km_arena *arena;
    km_fault *fault;
    const km_clock *clock;
    const km_random *random;
    const struct km_caller *caller;
} km_call;

static inline km_ms km_call_now(const km_call *c)
{
    return c->clock->now(c->clock->self);
}

/* A UUID in lower case, 36 characters and NUL: the call's time, then 74 random bits (version 7, RFC
 * 9562 5.7). Ids made one after the other lie side by side in a tree, so a group of creates
 * writes one page of it and not one each; what they tell, meta.lastUpdated tells too. */
void km_call_uuid(const km_call *c, char out[37]);

#endif
