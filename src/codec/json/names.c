/* SPDX-License-Identifier: Apache-2.0
 *
 * names: no name twice in one object. RFC 8259 leaves it open which of two would count; two
 * programs that choose differently would read two records, so we read neither.
 *
 * Few names are compared with each other. Many are sorted: a hash table would need a secret to
 * stay fast under names chosen against it, an order needs none.
 */
#include "codec/json/inside.h"

typedef struct entry {
    uint64_t head; /* the first eight bytes, so that most compares stay in the table */
    uint32_t at;
} entry;

static bool same(const km_json_node *a, const km_json_node *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

bool km_json__is_repeated(const km_json_node *node, uint32_t object, uint32_t name)
{
    for (uint32_t i = object + 1; i < name; i = node[i + 1].next)
        if (same(&node[i], &node[name]))
            return true;
    return false;
}

static entry entry_of(const km_json_node *node, uint32_t at)
{
    entry e = { 0, at };
    memcpy(&e.head, node[at].p, node[at].n < 8 ? node[at].n : 8);
    return e;
}

/* A total order in which equal names stand together, the earlier first. */
static bool before(const km_json_node *node, entry a, entry b)
{
    const km_json_node *x = &node[a.at], *y = &node[b.at];
    if (a.head != b.head)
        return a.head < b.head;
    if (x->n != y->n)
        return x->n < y->n;
    int c = x->n > 8 ? memcmp(x->p, y->p, x->n) : 0;
    return c != 0 ? c < 0 : a.at < b.at;
}

static void sink(entry *heap, uint32_t i, uint32_t n, const km_json_node *node)
{
    entry e = heap[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && before(node, heap[child], heap[child + 1]))
            child++;
        if (!before(node, e, heap[child]))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = e;
}

/* Heapsort: its worst case is its usual one. */
static void sort(entry *all, uint32_t n, const km_json_node *node)
{
    for (uint32_t i = n / 2; i > 0; i--)
        sink(all, i - 1, n, node);
    for (uint32_t last = n - 1; last > 0; last--) {
        entry e = all[0];
        all[0] = all[last];
        all[last] = e;
        sink(all, 0, last, node);
    }
}

uint32_t km_json__find_repeated(km_arena *a, const km_json_node *node, uint32_t object)
{
    uint32_t n = 0, found = 0;
    if (node[object].n == 0)
        return 0;
    km_arena_mark here = km_arena_here(a);
    entry *all = km_arena_alloc(a, node[object].n * sizeof *all);
    for (uint32_t i = object + 1; n < node[object].n; i = node[i + 1].next)
        all[n++] = entry_of(node, i);
    sort(all, n, node);
    for (uint32_t i = 1; i < n && found == 0; i++)
        if (same(&node[all[i - 1].at], &node[all[i].at]))
            found = all[i].at;
    km_arena_back(a, here);
    return found;
}
