/* SPDX-License-Identifier: Apache-2.0
 *
 * feed: brings the index behind the segments: at the start what is missing, then what is written.
 */
#include "trust/audit/finding.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 200, SCRATCH = 64 << 20 };

static km_audit__piece *add_piece(km_audit_finder *x)
{
    if (x->pieces == x->room) {
        x->room = x->room > 0 ? 2 * x->room : 16;
        x->piece = realloc(x->piece, x->room * sizeof *x->piece);
        if (x->piece == NULL)
            abort(); /* decision 18 */
    }
    x->piece[x->pieces] = (km_audit__piece){ 0 };
    return &x->piece[x->pieces++];
}

static km_audit__piece *growing(km_audit_finder *x)
{
    return &x->piece[x->pieces - 1];
}

/* --- what grows ----------------------------------------------------------------------------------
 */

/* Opens the scan anew at the growing segment, and at that alone. */
static km_code look_again(km_audit_finder *x, int64_t first, km_fault *f)
{
    km_audit__scan_close(&x->scan);
    km_arena_reset(x->list);
    KM_TRY(km_audit__scan_open(&x->scan, x->dir, first, x->list, f));
    if (x->scan.all.n > 0)
        x->scan.all.n = x->scan.segment + 1;
    return KM_OK;
}

/* Goes over to the segment that begins where the growing one ends, if it was begun. A segment is
 * begun only after its predecessor's last group; that may have come since it was looked for. */
static km_code next_segment(bool *more, km_audit_finder *x, int64_t read_to, km_fault *f)
{
    km_audit__piece *p = growing(x);
    int64_t first = p->head.end, bytes;
    *more = p->head.end > p->head.first && km_audit__segment_bytes(x->dir, first) >= 0;
    if (!*more)
        return KM_OK;
    bytes = km_audit__segment_bytes(x->dir, p->head.first);
    if (x->scan.at < bytes)
        return x->scan.at > read_to ? KM_OK
                                    : km_fail(f, KM_TAMPERED, "audit", "entry %lld is damaged",
                                              (long long)p->head.end);
    KM_TRY(km_audit__piece_finish(p, x->dir, bytes, f));
    p = add_piece(x);
    p->head.first = p->head.end = first;
    return look_again(x, first, f);
}

static km_code take_groups(km_audit_finder *x, km_arena *scratch, km_fault *f)
{
    km_audit__group g;
    km_str records;
    bool more = true;
    /* What looked torn was being written. */
    x->scan.torn = false;
    x->scan.from = x->scan.have = 0;
    if (x->scan.all.n == 0)
        KM_TRY(look_again(x, growing(x)->head.first, f));
    while (more && !x->stopping) {
        KM_TRY(km_audit__scan_next(&g, &records, &more, &x->scan, f));
        if (!more)
            break;
        km_audit__piece_take(growing(x), &g, records, x->scan.at - KM_AUDIT_HEAD - g.bytes,
                             scratch);
        pthread_mutex_unlock(&x->mutex); /* who searches goes first */
        pthread_mutex_lock(&x->mutex);
    }
    return KM_OK;
}

km_code km_audit__feed(km_audit_finder *x, km_fault *f)
{
    km_arena *scratch = km_arena_new(SCRATCH);
    bool more = true;
    km_code rc = KM_OK;
    for (int64_t before = -1; rc == KM_OK && more && !x->stopping; before = x->scan.at) {
        rc = take_groups(x, scratch, f);
        if (rc == KM_OK)
            rc = next_segment(&more, x, before, f);
    }
    km_arena_free(scratch);
    return rc;
}

km_code km_audit__renew(km_audit_finder *x, size_t piece, km_fault *f)
{
    km_audit__piece *p = &x->piece[piece];
    int64_t first = p->head.first, end = p->head.end;
    if (p->map == NULL || p->head.bytes == km_audit__segment_bytes(x->dir, first))
        return KM_OK;
    km_audit__piece_free(p);
    return km_audit__piece_make(p, x->dir, first, end, f);
}

/* --- the start -----------------------------------------------------------------------------------
 */

/* Finished segments that have an index keep it; the others get one. Without the mutex: nobody asks
 * before `whole`. */
static km_code take_finished(km_audit_finder *x, km_fault *f)
{
    km_audit__segments all;
    km_fault none = { 0 };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_code rc = km_audit__list(&all, x->dir, a, f);
    for (size_t i = 0; rc == KM_OK && i + 1 < all.n && !x->stopping; i++) {
        km_audit__piece *p = add_piece(x);
        if (km_audit__piece_load(p, x->dir, all.first[i], all.first[i + 1], &none) != KM_OK)
            rc = km_audit__piece_make(p, x->dir, all.first[i], all.first[i + 1], f);
    }
    km_audit__piece *last = add_piece(x);
    last->head.first = last->head.end = rc == KM_OK && all.n > 0 ? all.first[all.n - 1] : 0;
    km_arena_free(a);
    return rc;
}

static void *run(void *self)
{
    km_audit_finder *x = self;
    km_fault fault = { 0 };
    km_code rc = take_finished(x, &fault);
    pthread_mutex_lock(&x->mutex);
    if (rc == KM_OK)
        rc = km_audit__feed(x, &fault);
    x->whole = true;
    for (;;) {
        x->failed = rc;
        pthread_cond_broadcast(&x->ready);
        if (x->stopping || rc != KM_OK)
            break;
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += (long)EVERY_MS * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&x->stop, &x->mutex, &t);
        if (!x->stopping)
            rc = km_audit__feed(x, &fault);
    }
    pthread_mutex_unlock(&x->mutex);
    return NULL;
}

km_code km_audit_finder_open(km_audit_finder **out, const char *dir, km_fault *f)
{
    km_audit_finder *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort(); /* decision 18 */
    km_code rc = km_audit__dir(&x->dir, dir, f);
    if (rc != KM_OK) {
        free(x);
        return rc;
    }
    pthread_mutex_init(&x->mutex, NULL);
    pthread_cond_init(&x->ready, NULL);
    pthread_cond_init(&x->stop, NULL);
    x->list = km_arena_new(KM_ARENA_CAP_DEFAULT);
    x->scan.file = -1;
    *out = x;
    x->runs = pthread_create(&x->thread, NULL, run, x) == 0;
    if (x->runs)
        return KM_OK;
    km_audit_finder_close(x);
    return km_fail(f, KM_STORE, "audit", "no thread");
}

void km_audit_finder_close(km_audit_finder *x)
{
    if (x == NULL)
        return;
    pthread_mutex_lock(&x->mutex);
    x->stopping = true;
    pthread_cond_broadcast(&x->stop);
    pthread_mutex_unlock(&x->mutex);
    if (x->runs)
        pthread_join(x->thread, NULL);
    for (size_t i = 0; i < x->pieces; i++)
        km_audit__piece_free(&x->piece[i]);
    free(x->piece);
    km_audit__scan_close(&x->scan);
    km_arena_free(x->list);
    close(x->dir);
    pthread_mutex_destroy(&x->mutex);
    pthread_cond_destroy(&x->ready);
    pthread_cond_destroy(&x->stop);
    free(x);
}
