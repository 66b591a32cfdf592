/* SPDX-License-Identifier: Apache-2.0
 *
 * leaves: two threads, each with a segment of its own, a ring of results.
 */
#include "trust/audit/leaves.h"

#include <stdlib.h>

enum { THREADS = 2, SLOTS = 4 };

typedef struct slot {
    km_audit__leaves of;
    km_audit_hash *leaf;
    size_t room;
    bool made;
    km_code rc;
    km_fault fault;
} slot;

struct km_audit__leafing {
    int dir;
    const km_audit__segments *all;
    pthread_t thread[THREADS];
    size_t threads;
    pthread_mutex_t mutex; /* over all that follows */
    pthread_cond_t change;
    bool stopping;
    size_t taken, given, freed; /* segments begun, handed out, whose slot may be used again */
    slot slot[SLOTS];
};

/* As km_audit_purge_old writes it: at, then kind, then the rest (entry.h). */
static void note_purge(km_audit__leaves *of, km_str entry)
{
    static const char kind[] = "\"kind\":\"purge\"", below[] = "\"purge:below=";
    int64_t n;
    const char *at = memmem(entry.p, entry.n < 64 ? entry.n : 64, kind, sizeof kind - 1);
    if (at == NULL || (at = memmem(entry.p, entry.n, below, sizeof below - 1)) == NULL)
        return;
    km_str rest = { at + sizeof below - 1, entry.n - (size_t)(at + sizeof below - 1 - entry.p) };
    if (km_str_to_i64(&n, km_str_cut(rest, '"', &rest)) && n > of->purge_allowed)
        of->purge_allowed = n;
}

static void make_room(slot *s, size_t need)
{
    if (s->room >= need)
        return;
    s->room = need < 4096 ? 4096 : 2 * need;
    s->leaf = realloc(s->leaf, s->room * sizeof *s->leaf);
    if (s->leaf == NULL)
        abort(); /* decision 18 */
}

static void take_group(slot *s, const km_audit__group *g, km_str records)
{
    km_audit_item item;
    size_t n = (size_t)(g->first - s->of.first);
    make_room(s, n + g->count);
    for (; km_audit__next_record(&item, &records); n++) {
        if (item.purged) {
            s->of.purged++;
            s->of.last_purged = s->of.first + (int64_t)n;
        } else {
            item.commit = km_audit_commit(item.salt, item.entry);
            note_purge(&s->of, item.entry);
        }
        s->leaf[n] = km_audit_leaf(&item.commit);
    }
}

static bool is_stopping(km_audit__leafing *l)
{
    pthread_mutex_lock(&l->mutex);
    bool stopping = l->stopping;
    pthread_mutex_unlock(&l->mutex);
    return stopping;
}

/* One segment by itself; whether it is the last, who asks knows. */
static void make(km_audit__leafing *l, slot *s, int64_t first)
{
    km_audit__group g;
    km_str records;
    bool more = true;
    km_audit__scan scan = { .dir = l->dir,
                            .file = -1,
                            .all = { &first, 1 },
                            .next = first,
                            .cursor = KM_AUDIT_NO_CURSOR,
                            .begun = KM_AUDIT_NO_CURSOR };
    s->of = (km_audit__leaves){ .first = first, .last_purged = -1 };
    s->rc = KM_OK;
    km_fault_clear(&s->fault);
    while (s->rc == KM_OK && more && !is_stopping(l)) {
        s->rc = km_audit__scan_next(&g, &records, &more, &scan, &s->fault);
        if (s->rc == KM_OK && more)
            take_group(s, &g, records);
    }
    s->of.next = scan.next;
    s->of.leaf = s->leaf;
    s->of.begun = scan.begun;
    s->of.cursor = scan.cursor;
    s->of.torn = scan.torn;
    s->of.headless = scan.torn && scan.at == 0;
    km_audit__scan_close(&scan);
}

static void *run(void *self)
{
    km_audit__leafing *l = self;
    pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (!l->stopping && l->taken < l->all->n && l->taken >= l->freed + SLOTS)
            pthread_cond_wait(&l->change, &l->mutex);
        if (l->stopping || l->taken == l->all->n)
            break;
        size_t i = l->taken++;
        slot *s = &l->slot[i % SLOTS];
        s->made = false;
        pthread_mutex_unlock(&l->mutex);
        make(l, s, l->all->first[i]);
        pthread_mutex_lock(&l->mutex);
        s->made = true;
        pthread_cond_broadcast(&l->change);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

km_code km_audit__leafing_open(km_audit__leafing **out, int dir, const km_audit__segments *all,
                               km_fault *f)
{
    km_audit__leafing *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort(); /* decision 18 */
    l->dir = dir;
    l->all = all;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->change, NULL);
    while (l->threads < THREADS && pthread_create(&l->thread[l->threads], NULL, run, l) == 0)
        l->threads++;
    *out = l;
    if (l->threads > 0)
        return KM_OK;
    km_audit__leafing_close(l);
    return km_fail(f, KM_STORE, "audit", "no thread");
}

km_code km_audit__leafing_next(km_audit__leaves *out, km_audit__leafing *l, km_fault *f)
{
    pthread_mutex_lock(&l->mutex);
    l->freed = l->given;
    pthread_cond_broadcast(&l->change);
    size_t i = l->given++;
    slot *s = &l->slot[i % SLOTS];
    while (l->taken <= i || !s->made)
        pthread_cond_wait(&l->change, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
    *out = s->of;
    return s->rc == KM_OK ? KM_OK : km_fail(f, s->rc, s->fault.path, "%s", s->fault.detail);
}

void km_audit__leafing_close(km_audit__leafing *l)
{
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    pthread_cond_broadcast(&l->change);
    pthread_mutex_unlock(&l->mutex);
    for (size_t i = 0; i < l->threads; i++)
        pthread_join(l->thread[i], NULL);
    for (size_t i = 0; i < SLOTS; i++)
        free(l->slot[i].leaf);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->change);
    free(l);
}
