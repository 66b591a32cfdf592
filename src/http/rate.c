/* SPDX-License-Identifier: Apache-2.0
 *
 * rate: token buckets by key (rate.h).
 */
#include <pthread.h>
#include <stdlib.h>

#include "http/rate.h"

enum { SETS = 2048, WAYS = 8, LOCKS = 16, WHOLE = 1000 /* a token, in parts */ };

typedef struct bucket {
    uint64_t key, at_ms; /* key 0: free */
    uint64_t parts;      /* at that time */
} bucket;

struct km_rate {
    uint64_t per_ms, most, secret; /* parts: tokens per second are parts per ms */
    pthread_mutex_t lock[LOCKS];
    bucket set[SETS][WAYS];
};

size_t km_rate_bytes(void)
{
    return sizeof(km_rate);
}

km_rate *km_rate_new(uint32_t per_s, uint32_t burst, uint64_t secret)
{
    if (per_s == 0)
        return NULL;
    km_rate *r = calloc(1, sizeof *r);
    if (r == NULL)
        abort(); /* decision 18 */
    r->per_ms = per_s;
    r->most = (uint64_t)(burst ? burst : per_s) * WHOLE;
    r->secret = secret;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&r->lock[i], NULL);
    return r;
}

void km_rate_free(km_rate *r)
{
    for (size_t i = 0; r != NULL && i < LOCKS; i++)
        pthread_mutex_destroy(&r->lock[i]);
    free(r);
}

/* splitmix64's last step */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t parts_now(const km_rate *r, const bucket *b, uint64_t now_ms)
{
    uint64_t passed = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
    if (b->key == 0 || passed >= r->most / r->per_ms + 1)
        return r->most;
    uint64_t parts = b->parts + passed * r->per_ms;
    return parts < r->most ? parts : r->most;
}

/* The key's bucket, or the one it takes over. */
static bucket *find(const km_rate *r, bucket set[WAYS], uint64_t key, uint64_t now_ms)
{
    bucket *fullest = set;
    uint64_t most = 0;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        uint64_t parts = set[i].key ? parts_now(r, &set[i], now_ms) : UINT64_MAX;
        if (parts > most) {
            most = parts;
            fullest = &set[i];
        }
    }
    *fullest = (bucket){ .key = key, .at_ms = now_ms, .parts = r->most };
    return fullest;
}

uint32_t km_rate_take(km_rate *r, uint64_t key, uint64_t now_ms)
{
    if (r == NULL)
        return 0;
    uint64_t k = mixed(key ^ r->secret), wait = 0;
    size_t at = k % SETS;
    k |= (uint64_t)1 << 63; /* never the free one */
    pthread_mutex_lock(&r->lock[at % LOCKS]);
    bucket *b = find(r, r->set[at], k, now_ms);
    b->parts = parts_now(r, b, now_ms);
    b->at_ms = b->at_ms > now_ms ? b->at_ms : now_ms;
    if (b->parts >= WHOLE)
        b->parts -= WHOLE;
    else
        wait = (WHOLE - b->parts + r->per_ms - 1) / r->per_ms;
    pthread_mutex_unlock(&r->lock[at % LOCKS]);
    return (uint32_t)wait;
}
