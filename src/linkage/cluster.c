/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster: pairs are joined strongest first. Two groups become one when no record of the one
 * cannot be the person of a record of the other, and when all pairs between them, not only the one
 * at hand, speak for it on average: a chain of likenesses is not a person.
 */
#include "linkage/inside.h"

#include <stdlib.h>

enum { CROSS = 4096 }; /* pairs between two groups that are looked at */

static int strongest_first(const void *x, const void *y)
{
    const km_link_edge *a = x, *b = y;
    if (a->bits != b->bits)
        return a->bits > b->bits ? -1 : 1;
    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return (a->b > b->b) - (a->b < b->b);
}

typedef struct groups {
    km_linker *l;
    uint32_t *parent, *next, *size; /* next: a ring through the members */
} groups;

static uint32_t root(groups *g, uint32_t i)
{
    while (g->parent[i] != i) {
        g->parent[i] = g->parent[g->parent[i]];
        i = g->parent[i];
    }
    return i;
}

/* Twins, and other people of one house: born on one day with one family name, and given names that
 * nothing likens. Sexes that differ with given names that do. A number of one person alone, with
 * its branch, says otherwise: people change their names. */
static bool cannot_be(const km_link_record *a, const km_link_record *b, uint32_t pattern)
{
    bool own = a->branch != 0 && a->branch == b->branch
               && km_linkage__level(pattern, KM_LINK_F_NUMBER) <= 1;
    int family = km_linkage__level(pattern, KM_LINK_F_FAMILY);
    int given = km_linkage__level(pattern, KM_LINK_F_GIVEN);
    int birth = km_linkage__level(pattern, KM_LINK_F_BIRTH);
    int sex = km_linkage__level(pattern, KM_LINK_F_SEX);
    if (given != KM_NAME_ELSE || own)
        return false;
    return (birth == 0 && family <= KM_NAME_KANJI_OTHER_KANA) || sex == 1;
}

static bool may_join(groups *g, uint32_t a, uint32_t b)
{
    double sum = 0;
    long n = 0;
    uint32_t x = a;
    do {
        uint32_t y = b;
        do {
            const km_link_record *p = &g->l->record[x], *q = &g->l->record[y];
            uint32_t pattern = km_linkage__compare(g->l, p, q);
            if (cannot_be(p, q, pattern))
                return false;
            sum += km_linkage__score(g->l, p, pattern, NULL);
            y = g->next[y];
        } while (++n < CROSS && y != b);
        x = g->next[x];
    } while (n < CROSS && x != a);
    return sum / (double)n >= 0;
}

static void join(groups *g, uint32_t a, uint32_t b)
{
    uint32_t after = g->next[a];
    if (g->size[a] < g->size[b]) {
        uint32_t other = a;
        a = b;
        b = other;
        after = g->next[a];
    }
    g->next[a] = g->next[b];
    g->next[b] = after;
    g->parent[b] = a;
    g->size[a] += g->size[b];
}

/* Numbers from 0 by the first record, in the order they were added, that has it. */
static void number_clusters(groups *g)
{
    km_linker *l = g->l;
    uint32_t *place = km_linkage__big((l->n + 1) * sizeof *place);
    uint32_t *number = km_linkage__big((l->n + 1) * sizeof *number);
    for (size_t i = 0; i < l->n; i++)
        place[l->order[i]] = (uint32_t)i;
    for (size_t i = 0; i < l->n; i++) {
        uint32_t r = root(g, place[i]);
        if (number[r] == 0)
            number[r] = (uint32_t)++l->report->clusters;
        l->cluster[i] = number[r] - 1;
        if (g->size[r] > l->report->largest)
            l->report->largest = g->size[r];
    }
    km_linkage__free(place);
    km_linkage__free(number);
}

void km_linkage__cluster(km_linker *l, float match_bits)
{
    groups g = { .l = l,
                 .parent = km_linkage__big((l->n + 1) * sizeof *g.parent),
                 .next = km_linkage__big((l->n + 1) * sizeof *g.next),
                 .size = km_linkage__big((l->n + 1) * sizeof *g.size) };
    for (size_t i = 0; i < l->n; i++) {
        g.parent[i] = g.next[i] = (uint32_t)i;
        g.size[i] = 1;
    }
    if (l->edges > 1)
        qsort(l->edge, l->edges, sizeof *l->edge, strongest_first);
    for (size_t i = 0; i < l->edges && l->edge[i].bits >= match_bits; i++) {
        uint32_t a = root(&g, l->edge[i].a), b = root(&g, l->edge[i].b);
        if (a == b)
            continue;
        if (may_join(&g, a, b))
            join(&g, a, b);
        else
            l->report->refused++;
    }
    number_clusters(&g);
    km_linkage__free(g.parent);
    km_linkage__free(g.next);
    km_linkage__free(g.size);
}
