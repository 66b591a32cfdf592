/* SPDX-License-Identifier: Apache-2.0
 *
 * names: the hash table behind every look-up by name in this folder. What is entered is
 * ours, so nobody outside can choose colliding keys; a strange name probes to the next
 * empty slot and no further.
 */
#include "codec/fhir/names.h"

#include <assert.h>

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static uint32_t hash_of(uint16_t owner, km_str s)
{
    uint64_t h = mix(s.n, owner), word;
    size_t n = s.n;
    const char *p = s.p;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = mix(h, word);
    }
    word = 0;
    if (n)
        memcpy(&word, p, n);
    h = mix(h, word);
    return (uint32_t)(h >> 32);
}

km_names km_fhir__names_new(km_arena *a, size_t expected)
{
    uint32_t room = 16;
    while (room < 2 * expected)
        room *= 2;
    return (km_names){ KM_NEW_ARRAY(a, room, km_name), room - 1, 0 };
}

void km_fhir__names_add(km_names *t, uint16_t owner, km_str name, uint16_t a, uint16_t b)
{
    assert(name.n > 0 && name.n <= UINT16_MAX && t->n <= t->mask / 2);
    uint32_t hash = hash_of(owner, name), at = hash & t->mask;
    while (t->slot[at].p)
        at = (at + 1) & t->mask;
    t->slot[at] = (km_name){ name.p, hash, (uint16_t)name.n, owner, a, b };
    t->n++;
}

static const km_name *look_from(const km_names *t, uint32_t at, uint32_t hash, uint16_t owner,
                                km_str name)
{
    for (; t->slot[at].p; at = (at + 1) & t->mask) {
        const km_name *s = &t->slot[at];
        if (s->hash == hash && s->owner == owner && s->n == name.n
            && memcmp(s->p, name.p, name.n) == 0)
            return s;
    }
    return NULL;
}

const km_name *km_fhir__names_find(const km_names *t, uint16_t owner, km_str name)
{
    if (name.n == 0 || name.n > UINT16_MAX)
        return NULL;
    uint32_t hash = hash_of(owner, name);
    return look_from(t, hash & t->mask, hash, owner, name);
}

const km_name *km_fhir__names_again(const km_names *t, const km_name *found)
{
    uint32_t at = (uint32_t)(found - t->slot);
    return look_from(t, (at + 1) & t->mask, found->hash, found->owner,
                     (km_str){ found->p, found->n });
}
