/* SPDX-License-Identifier: Apache-2.0
 *
 * chance: xoshiro256** (Blackman and Vigna 2018) seeded by splitmix64; integers only.
 */
#include "synth/inside.h"

#include <assert.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

syn_chance km_synth__chance(uint64_t seed, uint64_t stream)
{
    syn_chance c;
    uint64_t state = km_synth__mixed(seed, stream, 0);
    for (int i = 0; i < 4; i++)
        c.s[i] = splitmix(&state);
    return c;
}

static uint64_t next(syn_chance *c)
{
    uint64_t out = rotate(c->s[1] * 5, 7) * 9, t = c->s[1] << 17;
    c->s[2] ^= c->s[0];
    c->s[3] ^= c->s[1];
    c->s[1] ^= c->s[2];
    c->s[0] ^= c->s[3];
    c->s[2] ^= t;
    c->s[3] = rotate(c->s[3], 45);
    return out;
}

/* The remainder's bias is below 2^-40 for the ranges of this folder. */
int64_t km_synth__between(syn_chance *c, int64_t low, int64_t high)
{
    assert(low <= high && high - low < (1 << 24));
    return low + (int64_t)(next(c) % (uint64_t)(high - low + 1));
}

bool km_synth__permille(syn_chance *c, int64_t permille)
{
    return km_synth__between(c, 0, 999) < permille;
}

uint64_t km_synth__mixed(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t state = a;
    state = splitmix(&state) ^ b;
    state = splitmix(&state) ^ c;
    return splitmix(&state);
}

/* The sum of twelve uniform numbers has variance 1 and is near enough to normal. */
int64_t km_synth__bell(uint64_t mixed, int64_t sd)
{
    int64_t sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (int64_t)(splitmix(&mixed) % 1001) - 500;
    return (sum * sd + (sum < 0 ? -500 : 500)) / 1000;
}
