/* SPDX-License-Identifier: Apache-2.0
 *
 * write: the two threads. The writer joins what waits into a group, writes and syncs it, and tells
 * who waits; while it syncs, the next group gathers. So who comes alone waits for nobody, and under
 * load a group fills by itself. The signer brings the tree's nodes to their file and signs
 * checkpoints.
 */
#include "trust/audit/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* --- segments
 * -------------------------------------------------------------------------------------- */

bool km_audit__begin_segment(km_audit *a, int64_t first, int64_t cursor)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    unsigned char head[KM_AUDIT_HEAD];
    km_audit__segment_name(name, first);
    km_audit__put_head(head, first, cursor);
    if (a->segment >= 0)
        close(a->segment);
    a->segment = openat(a->dir, name, O_RDWR | O_CREAT | O_CLOEXEC, KM_AUDIT_WRITTEN_MODE);
    a->segment_at = KM_AUDIT_HEAD;
    return a->segment >= 0 && a->disk.write(a->disk.self, a->segment, head, sizeof head, 0)
           && a->disk.sync(a->disk.self, a->segment) && a->disk.sync(a->disk.self, a->dir);
}

/* --- the writer
 * -------------------------------------------------------------------------------------- */

/* Takes batches off the queue while they fit into one group. Under the mutex. */
static km_audit__batch *take_batches(km_audit *a, km_audit__group *g)
{
    km_audit__batch *list = a->head, *last = NULL;
    *g = (km_audit__group){ .first = a->durable, .cursor = a->cursor };
    for (km_audit__batch *b = list; b != NULL; last = b, b = b->next) {
        if (last != NULL
            && (g->count + b->n > KM_AUDIT_GROUP_MAX || g->bytes + b->bytes > KM_AUDIT_GROUP_BYTES))
            break;
        g->count += (uint32_t)b->n;
        g->bytes += (uint32_t)b->bytes;
        if (b->cursor != KM_AUDIT_NO_CURSOR)
            g->cursor = b->cursor;
    }
    if (last == NULL)
        return NULL;
    a->head = last->next;
    if (a->head == NULL)
        a->tail = NULL;
    last->next = NULL;
    a->queued -= g->bytes;
    return list;
}

static bool write_group(km_audit *a, const km_audit__group *g, const km_audit__batch *list)
{
    size_t n = KM_AUDIT_HEAD, whole = KM_AUDIT_HEAD + (size_t)g->bytes;
    if (a->segment_at >= a->o.segment_bytes) {
        if (!km_audit__begin_segment(a, g->first, a->cursor))
            return false;
        pthread_mutex_lock(&a->mutex);
        a->segment_first = g->first;
        pthread_mutex_unlock(&a->mutex);
    }
    if (a->group_room < whole) {
        free(a->group);
        a->group = malloc(whole);
        if (a->group == NULL)
            abort(); /* decision 18 */
        a->group_room = whole;
    }
    km_audit__put_group(a->group, g);
    for (; list != NULL; list = list->next) {
        memcpy(a->group + n, list->records, list->bytes);
        n += list->bytes;
    }
    if (!a->disk.write(a->disk.self, a->segment, a->group, n, a->segment_at)
        || !a->disk.sync(a->disk.self, a->segment))
        return false;
    a->segment_at += (int64_t)n;
    return true;
}

void km_audit__take(km_audit *a, const km_audit_hash *leaf)
{
    km_audit__nodes *n = &a->fresh;
    if (n->room - n->n < KM_AUDIT_LEVELS + 1) {
        n->room = n->room > 0 ? n->room * 2 : 4096;
        n->p = realloc(n->p, n->room * sizeof *n->p);
        if (n->p == NULL)
            abort(); /* decision 18 */
    }
    n->n += km_audit_grow(&a->frontier, leaf, n->p + n->n);
}

/* Under the mutex. */
static void tell_written(km_audit *a, const km_audit__group *g, km_audit__batch *list)
{
    while (list != NULL) {
        km_audit__batch *b = list;
        for (size_t i = 0; i < b->n; i++)
            km_audit__take(a, &b->leaf[i]);
        list = b->next;
        free(b);
    }
    a->durable = g->first + g->count;
    a->cursor = g->cursor;
    if (a->durable - a->signed_for.size >= KM_AUDIT_GROUP_MAX)
        pthread_cond_signal(&a->sign);
    pthread_cond_broadcast(&a->done);
}

static void free_batches(km_audit__batch *list)
{
    while (list != NULL) {
        km_audit__batch *b = list;
        list = b->next;
        free(b);
    }
}

/* Who waits without a thread for what is durable now, or for anything once nothing will be. Lets
 * the mutex go while it tells them. */
static void tell_waiting(km_audit *a)
{
    km_audit_waiter *ready = NULL;
    km_code rc = a->failed ? KM_STORE : KM_OK;
    for (km_audit_waiter **at = &a->waiting, *w; (w = *at) != NULL;) {
        if (!a->failed && w->size > a->durable) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = ready;
        ready = w;
    }
    if (ready == NULL)
        return;
    pthread_mutex_unlock(&a->mutex);
    for (km_audit_waiter *next; ready != NULL; ready = next) {
        next = ready->next;
        ready->done(ready->self, rc);
    }
    pthread_mutex_lock(&a->mutex);
}

void *km_audit__writer(void *self)
{
    km_audit *a = self;
    pthread_mutex_lock(&a->mutex);
    while (!a->failed) {
        km_audit__group g;
        km_audit__batch *list = take_batches(a, &g);
        if (list == NULL) {
            if (a->stopping)
                break;
            pthread_cond_wait(&a->work, &a->mutex);
            continue;
        }
        pthread_mutex_unlock(&a->mutex);
        bool written = write_group(a, &g, list);
        pthread_mutex_lock(&a->mutex);
        if (written) {
            tell_written(a, &g, list);
        } else {
            free_batches(list);
            a->failed = true;
        }
        tell_waiting(a);
    }
    pthread_cond_broadcast(&a->done);
    pthread_mutex_unlock(&a->mutex);
    return NULL;
}

/* --- the signer
 * ------------------------------------------------------------------------------------- */

bool km_audit__store_nodes(km_audit *a, km_audit__nodes *n)
{
    if (n->n > 0
        && !a->disk.write(a->disk.self, a->tree, n->p, n->n * sizeof *n->p,
                          a->tree_at * KM_AUDIT_HASH))
        return false;
    a->tree_at += (int64_t)n->n;
    n->n = 0;
    return true;
}

km_code km_audit__node_at(void *self, km_audit_hash *out, int64_t place, km_fault *f)
{
    const int *tree = self;
    if (!km_audit__read(*tree, out->h, KM_AUDIT_HASH, place * KM_AUDIT_HASH))
        return km_fail(f, KM_STORE, "audit", "a node of the tree is not there");
    return KM_OK;
}

/* Does the tree hold all that the last signed one did? Asked before each signature, of the nodes as
 * they stand in the file. */
static km_code holds_the_last(km_audit *a, const km_audit_frontier *t, const km_audit_hash *root,
                              km_fault *f)
{
    km_audit_path path;
    km_audit_hash old = km_audit_root(&a->signed_for);
    km_audit_nodes nodes = { km_audit__node_at, &a->tree };
    if (a->signed_for.size == 0)
        return KM_OK;
    KM_TRY(km_audit_prove_growth(&path, &nodes, a->signed_for.size, t->size, f));
    if (!km_audit_grew(&old, a->signed_for.size, root, t->size, &path))
        return km_fail(f, KM_TAMPERED, "audit", "the tree does not hold what was signed");
    return KM_OK;
}

km_code km_audit__sign(km_audit *a, const km_audit_frontier *t, km_arena *room, km_fault *f)
{
    km_buf note = km_buf_in(room);
    km_audit_checkpoint c = { .origin = km_str_of(a->origin),
                              .size = t->size,
                              .root = km_audit_root(t),
                              .at = a->o.clock->now(a->o.clock->self) };
    KM_TRY(holds_the_last(a, t, &c.root, f));
    km_audit_checkpoint_print(&note, &c);
    km_str text = km_arena_copy(room, km_buf_str(&note));
    km_buf_char(&note, '\n');
    KM_TRY(km_audit_countersign(&note, text, &a->o.signer, f));
    km_buf_char(&note, '\n');
    if (!a->disk.write(a->disk.self, a->checkpoints, note.p, note.n, a->checkpoints_at)
        || !a->disk.sync(a->disk.self, a->checkpoints))
        return km_audit__failed(f, "a checkpoint cannot be written");
    a->checkpoints_at += (int64_t)note.n;
    return KM_OK;
}

/* Called without the mutex. A signer that refuses (a token was drawn) is asked again later: the
 * entries are durable, only not signed for yet. What the disk refuses is final, and so is a tree
 * that does not agree. */
static void sign_once(km_audit *a, const km_audit_frontier *t, km_audit__nodes *nodes)
{
    km_fault fault = { 0 };
    km_arena *room = km_arena_new(1 << 20);
    /* Nodes below a checkpoint are durable before it is: after a crash proofs stand on them. */
    bool stored = km_audit__store_nodes(a, nodes) && a->disk.sync(a->disk.self, a->tree);
    km_code rc = stored ? km_audit__sign(a, t, room, &fault) : KM_STORE;
    km_arena_free(room);
    pthread_mutex_lock(&a->mutex);
    if (rc == KM_OK)
        a->signed_for = *t;
    else if (rc == KM_STORE || rc == KM_TAMPERED)
        a->failed = true;
    a->sign_tried++;
    pthread_cond_broadcast(&a->done);
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->mutex);
}

static bool is_due(const km_audit *a, const struct timespec *when)
{
    struct timespec now;
    if (a->sign_asked || a->written_out || a->durable - a->signed_for.size >= KM_AUDIT_GROUP_MAX)
        return true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > when->tv_sec
           || (now.tv_sec == when->tv_sec && now.tv_nsec >= when->tv_nsec);
}

static struct timespec after_ms(km_ms ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

void *km_audit__signer(void *self)
{
    km_audit *a = self;
    km_audit__nodes taken = { 0 };
    struct timespec when = after_ms(a->o.checkpoint_every_ms);
    pthread_mutex_lock(&a->mutex);
    while (!a->failed) {
        bool last = a->written_out;
        if (is_due(a, &when)) {
            if (a->durable > a->signed_for.size) {
                km_audit_frontier t = a->frontier;
                km_audit__nodes kept = taken;
                taken = a->fresh;
                a->fresh = kept;
                a->sign_asked = false;
                pthread_mutex_unlock(&a->mutex);
                sign_once(a, &t, &taken);
                pthread_mutex_lock(&a->mutex);
                /* One that was refused waits its time again. */
            }
            a->sign_asked = a->sign_asked && a->durable > a->signed_for.size;
            when = after_ms(a->o.checkpoint_every_ms);
        }
        if (last)
            break;
        if (!a->sign_asked && !a->written_out && !a->failed)
            pthread_cond_timedwait(&a->sign, &a->mutex, &when);
    }
    pthread_mutex_unlock(&a->mutex);
    free(taken.p);
    return NULL;
}
