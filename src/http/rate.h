/* SPDX-License-Identifier: Apache-2.0
 *
 * rate: token buckets by key, in constant memory.
 *
 * A table of sets of eight buckets; a key has one place: its set. A new key takes the place of the
 * bucket that is fullest by now, since who asked least loses least (a full one loses nothing), so a
 * flood of keys cannot bring an emptied bucket its tokens back while fuller ones share its set.
 * Keys are mixed with a secret, so that nobody chooses whose set is flooded. Any thread may ask.
 */
#ifndef KM_HTTP_RATE_H
#define KM_HTTP_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct km_rate km_rate;

/* NULL when per_s is 0: no limit. A burst of 0 is one second's worth. */
km_rate *km_rate_new(uint32_t per_s, uint32_t burst, uint64_t secret);
void km_rate_free(km_rate *r);
/* Takes one token: 0, or after how many ms there will be one. `now_ms` is a monotone clock. */
uint32_t km_rate_take(km_rate *r, uint64_t key, uint64_t now_ms);
size_t km_rate_bytes(void); /* what one table takes */

#endif
