/* SPDX-License-Identifier: Apache-2.0
 *
 * block: which pairs are worth comparing. Records that share a key are pairs; a pair comes from
 * the first key it shares, so none is told twice and nothing must be sorted to find that out. A
 * group of more than 200 is cut by birth, and counted: it was looked at in part.
 */
#include "linkage/inside.h"

#include <stdlib.h>
#include <string.h>

enum { CAP = 200, RADIX = 11, BUCKETS = 1 << RADIX };

#define F(field) (1u << KM_LINK_F_##field)

const unsigned km_linkage__key_fields[KM_LINK_KEYS] = {
    F(NUMBER),                       /* number */
    F(FAMILY) | F(GIVEN) | F(BIRTH), /* names in either order, year of birth */
    F(BIRTH) | F(FAMILY),            /* birth, family */
    F(BIRTH) | F(GIVEN),             /* birth, given */
    F(BIRTH) | F(PLACE),             /* birth, postal code */
    F(FAMILY) | F(GIVEN) | F(SEX),   /* both in kanji, or where there is none in kana, sex */
    F(PLACE) | F(GIVEN),             /* postal code, given */
    F(BIRTH) | F(GIVEN),             /* birth, given in kanji */
    F(FAMILY) | F(GIVEN) | F(BIRTH), /* names, day and month of birth */
    F(PLACE) | F(FAMILY),            /* address and postal code, family */
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ b * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return x ^ x >> 29;
}

static uint64_t both(uint64_t a, uint64_t b, uint64_t kind)
{
    return a == 0 || b == 0 ? 0 : mix(mix(a, b), kind) | 1;
}

/* Keys are made of what the values say, never of their numbers, which the order of the records
 * gave them. */
static uint64_t make_key(const km_linker *l, const km_link_record *r, int key)
{
    uint64_t family = l->plain[r->kana[0]], given = l->plain[r->kana[1]];
    uint64_t postal = km_linkage__hash(&l->place, r->postal);
    switch (key) {
    case 0:
        return both(km_linkage__hash(&l->number, r->number),
                    km_linkage__hash(&l->number, r->insurer) + 1, 1);
    case 1:
        return family == 0 || given == 0 ? 0 : both(family + given, r->birth / 10000, 2);
    case 2:
        return both(r->birth, family, 3);
    case 3:
        return both(r->birth, given, 4);
    case 4:
        return both(r->birth, postal, 5);
    case 5:
        if (r->kanji[0] == 0 && r->kanji[1] == 0)
            return both(both(family, given, 11), (uint64_t)r->sex + 1, 11);
        return both(both(km_linkage__hash(&l->kanji, r->kanji[0]),
                         km_linkage__hash(&l->kanji, r->kanji[1]), 6),
                    (uint64_t)r->sex + 1, 6);
    case 6:
        return both(postal, given, 7);
    case 7:
        return both(r->birth, km_linkage__hash(&l->kanji, r->kanji[1]), 8);
    case 8:
        return both(both(family, given, 9), r->birth % 10000, 9);
    default:
        return both(both(postal, km_linkage__hash(&l->place, r->address), 10), family, 10);
    }
}

void km_linkage__make_keys(km_linker *l)
{
    l->key = km_linkage__big((l->n + 1) * sizeof *l->key);
    for (size_t i = 0; i < l->n; i++)
        for (int k = 0; k < KM_LINK_KEYS; k++)
            l->key[i][k] = make_key(l, &l->record[i], k);
}

static int by_key(const void *x, const void *y)
{
    const km_keyed *a = x, *b = y;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->record > b->record) - (a->record < b->record);
}

/* By the upper 33 bits, eleven a pass; where keys still differ behind them, the run is sorted. */
km_keyed *km_linkage__sort(km_keyed *from, km_keyed *to, size_t n)
{
    for (int shift = 31; shift < 64; shift += RADIX) {
        size_t count[BUCKETS] = { 0 }, at = 0;
        for (size_t i = 0; i < n; i++)
            count[from[i].key >> shift & (BUCKETS - 1)]++;
        for (size_t i = 0; i < BUCKETS; i++) {
            size_t here = count[i];
            count[i] = at;
            at += here;
        }
        for (size_t i = 0; i < n; i++)
            to[count[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
        km_keyed *other = from;
        from = to;
        to = other;
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        bool same = true;
        while (end < n && from[end].key >> 31 == from[i].key >> 31) {
            same = same && from[end].key == from[i].key;
            end++;
        }
        if (!same)
            qsort(from + i, end - i, sizeof *from, by_key);
        i = end;
    }
    return from;
}

static bool shares_earlier(const uint64_t *a, const uint64_t *b, int key)
{
    for (int k = 0; k < key; k++)
        if (a[k] != 0 && a[k] == b[k])
            return true;
    return false;
}

typedef struct blocking {
    km_linker *l;
    km_link_hear hear;
    int key;
    bool once; /* pairs of earlier keys are passed over */
} blocking;

static void tell(const blocking *b, uint32_t x, uint32_t y)
{
    if (!b->once || !shares_earlier(b->l->key[x], b->l->key[y], b->key))
        b->hear.pair(b->hear.self, x < y ? x : y, x < y ? y : x);
}

static int by_birth(const void *x, const void *y, void *records)
{
    const km_link_record *a = (km_link_record *)records + ((const km_keyed *)x)->record;
    const km_link_record *b = (km_link_record *)records + ((const km_keyed *)y)->record;
    if (a->birth != b->birth)
        return a->birth < b->birth ? -1 : 1;
    return ((const km_keyed *)x)->record < ((const km_keyed *)y)->record ? -1 : 1;
}

static void tell_group(blocking *b, km_keyed *group, size_t n)
{
    bool large = n > CAP;
    if (large) {
        qsort_r(group, n, sizeof *group, by_birth, b->l->record);
        if (b->once)
            b->l->report->blocks_capped++;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && k < i + CAP; k++) {
            if (large && b->l->record[group[i].record].birth != b->l->record[group[k].record].birth)
                break;
            tell(b, group[i].record, group[k].record);
        }
}

static void pairs_of_key(blocking *b, km_keyed *one, km_keyed *two, unsigned sample)
{
    size_t n = 0;
    for (size_t i = 0; i < b->l->n; i++) {
        uint64_t key = b->l->key[i][b->key];
        if (key != 0 && (sample <= 1 || (key >> 8) % sample == 0))
            one[n++] = (km_keyed){ key, (uint32_t)i };
    }
    km_keyed *sorted = km_linkage__sort(one, two, n);
    for (size_t i = 0; i < n;) {
        size_t to = i + 1;
        while (to < n && sorted[to].key == sorted[i].key)
            to++;
        if (to > i + 1)
            tell_group(b, sorted + i, to - i);
        i = to;
    }
}

void km_linkage__pairs_of_key(km_linker *l, int key, unsigned sample, km_link_hear hear)
{
    blocking b = { l, hear, key, false };
    pairs_of_key(&b, l->one, l->two, sample);
}

bool km_linkage__pairs(km_linker *l, km_link_hear hear)
{
    blocking b = { l, hear, 0, true };
    bool go_on = true;
    for (; b.key < KM_LINK_KEYS && go_on; b.key++) {
        pairs_of_key(&b, l->one, l->two, 1);
        if (l->options->progress != NULL)
            go_on = l->options->progress(l->options->self, "compare", b.key + 1, KM_LINK_KEYS);
    }
    return go_on;
}
