/* SPDX-License-Identifier: Apache-2.0
 *
 * memory: large tables and distinct values. Random reads in a table of many megabytes cost a walk
 * of the page tables each; huge pages make them some ten times as fast.
 */
#include "linkage/inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"

enum { HUGE_PAGE = 2 << 20, HEAD = 64, FIRST_BYTES = 4096 };

/* Before each table stands how much was mapped for it; 0: it was allocated. */
static size_t *head_of(void *p)
{
    return (size_t *)(void *)((char *)p - HEAD);
}

static void *map_table(size_t bytes)
{
    size_t room = (bytes + HEAD + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
    char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        abort();
    size_t before = HUGE_PAGE - (uintptr_t)p % HUGE_PAGE;
    if (before < HUGE_PAGE)
        munmap(p, before);
    else
        before = 0;
    p += before;
    room -= before;
    (void)madvise(p, room, MADV_HUGEPAGE);
    *(size_t *)(void *)p = room;
    return p + HEAD;
}

void *km_linkage__big(size_t bytes)
{
    if (bytes >= HUGE_PAGE)
        return map_table(bytes);
    char *p = calloc(1, bytes + HEAD);
    if (p == NULL)
        abort();
    return p + HEAD;
}

void *km_linkage__grow(void *p, size_t used, size_t bytes)
{
    void *bigger = km_linkage__big(bytes);
    if (p != NULL)
        memcpy(bigger, p, used);
    km_linkage__free(p);
    return bigger;
}

void km_linkage__free(void *p)
{
    if (p == NULL)
        return;
    size_t mapped = *head_of(p);
    if (mapped > 0)
        munmap((char *)p - HEAD, mapped);
    else
        free((char *)p - HEAD);
}

void km_linkage__values_free(km_values *v)
{
    km_linkage__free(v->hash);
    km_linkage__free(v->slot);
    km_linkage__free(v->at);
    km_linkage__free(v->bytes);
}

/* Values that are only appended are never looked for. */
static void make_room(km_values *v, bool sought)
{
    size_t room = v->room == 0 ? 4096 : v->room * 2;
    v->hash = km_linkage__grow(v->hash, v->room * sizeof *v->hash, room * sizeof *v->hash);
    v->at = km_linkage__grow(v->at, v->room * sizeof *v->at, (room + 1) * sizeof *v->at);
    v->room = room;
    if (v->n == 0) {
        v->n = 1; /* 0 is the empty value */
        v->bytes = km_linkage__big(FIRST_BYTES);
        v->bytes_room = FIRST_BYTES;
        v->at[0] = v->at[1] = 0;
    }
    if (!sought)
        return;
    km_linkage__free(v->slot);
    v->slots = room * 2;
    v->slot = km_linkage__big(v->slots * sizeof *v->slot);
    for (size_t i = 1; i < v->n; i++) {
        size_t at = v->hash[i] & (v->slots - 1);
        while (v->slot[at] != 0)
            at = (at + 1) & (v->slots - 1);
        v->slot[at] = (uint32_t)i;
    }
}

static uint32_t add_value(km_values *v, km_str s, uint64_t hash)
{
    uint32_t id = (uint32_t)v->n++;
    if (v->used + s.n > v->bytes_room) {
        size_t room = (v->used + s.n) * 2 + 65536;
        v->bytes = km_linkage__grow(v->bytes, v->used, room);
        v->bytes_room = room;
    }
    memcpy(v->bytes + v->used, s.p, s.n);
    v->used += s.n;
    v->hash[id] = hash;
    v->at[id + 1] = (uint32_t)v->used;
    return id;
}

static const km_sipkey key = { 0x6b756d6968696d6f, 0x6c696e6b616765 };

uint32_t km_linkage__append(km_values *v, km_str s)
{
    if (v->n + 1 >= v->room)
        make_room(v, false);
    return add_value(v, s, km_siphash(key, s.p, s.n));
}

uint32_t km_linkage__value(km_values *v, km_str s)
{
    if (s.n == 0)
        return 0;
    if (v->n + 1 >= v->room)
        make_room(v, true);
    uint64_t hash = km_siphash(key, s.p, s.n);
    size_t at = hash & (v->slots - 1);
    for (; v->slot[at] != 0; at = (at + 1) & (v->slots - 1)) {
        uint32_t id = v->slot[at];
        if (v->hash[id] == hash && km_str_eq(km_linkage__text(v, id), s))
            return id;
    }
    v->slot[at] = add_value(v, s, hash);
    return v->slot[at];
}
