/* SPDX-License-Identifier: Apache-2.0
 *
 * log: the audit opened, fed, waited for, closed. The two threads are in write.c, what is done when
 * it opens in restore.c.
 */
#include "trust/audit/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_DEFAULT = 64 << 20, EVERY_DEFAULT_MS = 1000, QUEUE_BYTES = 64 << 20 };

static void *must(void *p)
{
    if (p == NULL)
        abort(); /* decision 18 */
    return p;
}

static bool real_write(void *self, int file, const void *p, size_t n, int64_t at)
{
    (void)self;
    for (const char *from = p; n > 0;) {
        ssize_t put = pwrite(file, from, n, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += put;
        at += put;
        n -= (size_t)put;
    }
    return true;
}

static bool real_sync(void *self, int file)
{
    (void)self;
    return fdatasync(file) == 0;
}

static const km_audit_disk real_disk = { real_write, real_sync, NULL };

/* --- opening and closing
 * -------------------------------------------------------------------------- */

static km_code hold(km_audit *a, km_fault *f)
{
    if (mkdir(a->path, 0700) != 0 && errno != EEXIST)
        return km_audit__failed(f, "the folder cannot be made");
    KM_TRY(km_audit__dir(&a->dir, a->path, f));
    a->lock = openat(a->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, KM_AUDIT_WRITTEN_MODE);
    if (a->lock < 0)
        return km_audit__failed(f, "the lock cannot be made");
    if (flock(a->lock, LOCK_EX | LOCK_NB) != 0)
        return km_fail(f, KM_BUSY, "audit", "another process holds it");
    return KM_OK;
}

static void release(km_audit *a)
{
    int files[] = { a->segment, a->tree, a->checkpoints, a->lock, a->dir };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    while (a->head != NULL) {
        km_audit__batch *b = a->head;
        a->head = b->next;
        free(b);
    }
    pthread_mutex_destroy(&a->mutex);
    pthread_cond_destroy(&a->work);
    pthread_cond_destroy(&a->done);
    pthread_cond_destroy(&a->sign);
    free(a->fresh.p);
    free(a->group);
    free(a->path);
    free(a->origin);
    free(a);
}

static void prepare_waiting(km_audit *a)
{
    pthread_condattr_t monotone;
    pthread_mutex_init(&a->mutex, NULL);
    pthread_cond_init(&a->work, NULL);
    pthread_cond_init(&a->done, NULL);
    pthread_condattr_init(&monotone);
    pthread_condattr_setclock(&monotone, CLOCK_MONOTONIC);
    pthread_cond_init(&a->sign, &monotone);
    pthread_condattr_destroy(&monotone);
}

static km_code run(km_audit *a, km_fault *f)
{
    if (pthread_create(&a->writer, NULL, km_audit__writer, a) != 0)
        return km_fail(f, KM_STORE, "audit", "no thread");
    if (pthread_create(&a->signer, NULL, km_audit__signer, a) != 0) {
        pthread_mutex_lock(&a->mutex);
        a->stopping = true;
        pthread_cond_broadcast(&a->work);
        pthread_mutex_unlock(&a->mutex);
        pthread_join(a->writer, NULL);
        return km_fail(f, KM_STORE, "audit", "no thread");
    }
    return KM_OK;
}

km_code km_audit_open(km_audit **out, const km_audit_options *o, km_fault *f)
{
    km_audit *a = must(calloc(1, sizeof *a));
    assert(o->dir != NULL && o->origin != NULL && o->signer.sign != NULL);
    a->o = *o;
    a->o.dir = a->path = must(strdup(o->dir));
    a->o.origin = a->origin = must(strdup(o->origin));
    a->disk = o->disk != NULL ? *o->disk : real_disk;
    if (a->o.segment_bytes <= 0)
        a->o.segment_bytes = SEGMENT_DEFAULT;
    if (a->o.checkpoint_every_ms <= 0)
        a->o.checkpoint_every_ms = EVERY_DEFAULT_MS;
    a->dir = a->lock = a->segment = a->tree = a->checkpoints = -1;
    a->cursor = KM_AUDIT_NO_CURSOR;
    prepare_waiting(a);
    km_arena *room = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_code rc = strcmp(o->origin, o->signer.key.name) == 0
                     ? hold(a, f)
                     : km_fail(f, KM_BAD_VALUE, "audit", "the key is named as the log");
    if (rc == KM_OK)
        rc = km_audit__restore(a, room, f);
    if (rc == KM_OK)
        rc = run(a, f);
    km_arena_free(room);
    if (rc != KM_OK) {
        release(a);
        return rc;
    }
    *out = a;
    return KM_OK;
}

static km_code faulted(km_fault *f)
{
    return km_fail(f, KM_STORE, "audit", "it cannot be written; the process has to end");
}

km_code km_audit_close(km_audit *a, km_fault *f)
{
    if (a == NULL)
        return KM_OK;
    pthread_mutex_lock(&a->mutex);
    a->stopping = true;
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->writer, NULL);
    pthread_mutex_lock(&a->mutex);
    a->written_out = true;
    pthread_cond_broadcast(&a->sign);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->signer, NULL);
    bool whole = !a->failed && a->signed_for.size == a->durable;
    release(a);
    return whole ? KM_OK : faulted(f);
}

const km_audit_key *km_audit_signing_key(const km_audit *a)
{
    return &a->o.signer.key;
}

/* --- feeding
 * ---------------------------------------------------------------------------------------- */

static km_code measure(size_t *bytes, const km_str *entry, size_t n, km_fault *f)
{
    *bytes = 0;
    if (n == 0 || n > KM_AUDIT_GROUP_MAX)
        return km_fail(f, KM_TOO_LONG, "audit", "1 to %d entries at once", KM_AUDIT_GROUP_MAX);
    for (size_t i = 0; i < n; i++) {
        if (entry[i].n > KM_AUDIT_ENTRY_MAX)
            return km_fail(f, KM_TOO_LONG, "audit", "an entry of %zu bytes", entry[i].n);
        *bytes += entry[i].n + KM_AUDIT_RECORD_EXTRA;
    }
    if (*bytes > KM_AUDIT_BATCH_BYTES)
        return km_fail(f, KM_TOO_LONG, "audit", "%zu bytes at once", *bytes);
    return KM_OK;
}

/* All that can be done on the caller's thread is done there: salts, commitments, the bytes. */
static km_audit__batch *make_batch(const km_audit *a, const km_str *entry, size_t n, size_t bytes)
{
    km_audit__batch *b = must(malloc(sizeof *b + n * (sizeof *b->leaf + KM_AUDIT_SALT) + bytes));
    unsigned char *salt;
    *b = (km_audit__batch){ .n = n, .bytes = bytes };
    b->leaf = (km_audit_hash *)(void *)(b + 1);
    salt = (unsigned char *)(b->leaf + n);
    b->records = salt + n * KM_AUDIT_SALT;
    a->o.random->fill(a->o.random->self, salt, n * KM_AUDIT_SALT);
    unsigned char *p = b->records;
    for (size_t i = 0; i < n; i++, salt += KM_AUDIT_SALT) {
        km_audit_hash commit = km_audit_commit(salt, entry[i]);
        b->leaf[i] = km_audit_leaf(&commit);
        p += km_audit__put_record(p, false, salt, entry[i]);
    }
    return b;
}

km_code km_audit_offer(int64_t *first, km_audit *a, const km_str *entry, size_t n, int64_t cursor,
                       km_fault *f)
{
    size_t bytes;
    KM_TRY(measure(&bytes, entry, n, f));
    km_audit__batch *b = make_batch(a, entry, n, bytes);
    b->cursor = cursor;
    pthread_mutex_lock(&a->mutex);
    while (a->queued > QUEUE_BYTES && !a->failed && !a->stopping)
        pthread_cond_wait(&a->done, &a->mutex);
    bool failed = a->failed, refused = failed || a->stopping;
    if (!refused) {
        if (a->tail != NULL)
            a->tail->next = b;
        else
            a->head = b;
        a->tail = b;
        a->queued += bytes;
        if (first != NULL)
            *first = a->next;
        a->next += (int64_t)n;
        pthread_cond_signal(&a->work);
    }
    pthread_mutex_unlock(&a->mutex);
    if (!refused)
        return KM_OK;
    free(b);
    return failed ? faulted(f) : km_fail(f, KM_STOPPING, "audit", NULL);
}

km_code km_audit_wait(km_audit *a, int64_t size, km_fault *f)
{
    pthread_mutex_lock(&a->mutex);
    while (a->durable < size && !a->failed && size <= a->next)
        pthread_cond_wait(&a->done, &a->mutex);
    bool durable = a->durable >= size, failed = a->failed;
    pthread_mutex_unlock(&a->mutex);
    if (durable)
        return KM_OK;
    return failed ? faulted(f) : km_fail(f, KM_NOT_FOUND, "audit", "no such entry was given");
}

void km_audit_when(km_audit *a, km_audit_waiter *w, int64_t size,
                   void (*done)(void *self, km_code rc), void *self)
{
    *w = (km_audit_waiter){ .size = size, .done = done, .self = self };
    pthread_mutex_lock(&a->mutex);
    bool durable = a->durable >= size, waits = !durable && !a->failed && size <= a->next;
    if (waits) {
        w->next = a->waiting;
        a->waiting = w;
    }
    pthread_mutex_unlock(&a->mutex);
    if (!waits)
        done(self, durable ? KM_OK : KM_STORE);
}

km_code km_audit_append(int64_t *first, km_audit *a, const km_str *entry, size_t n, km_fault *f)
{
    int64_t at;
    KM_TRY(km_audit_offer(&at, a, entry, n, KM_AUDIT_NO_CURSOR, f));
    KM_TRY(km_audit_wait(a, at + (int64_t)n, f));
    if (first != NULL)
        *first = at;
    return KM_OK;
}

int64_t km_audit_durable(km_audit *a)
{
    pthread_mutex_lock(&a->mutex);
    int64_t durable = a->durable;
    pthread_mutex_unlock(&a->mutex);
    return durable;
}

int64_t km_audit_cursor(km_audit *a)
{
    pthread_mutex_lock(&a->mutex);
    int64_t cursor = a->cursor;
    pthread_mutex_unlock(&a->mutex);
    return cursor;
}

km_code km_audit_sign_now(km_audit *a, km_fault *f)
{
    pthread_mutex_lock(&a->mutex);
    int64_t size = a->durable;
    uint64_t tried = a->sign_tried;
    /* What is being signed may be smaller: its end does not count unless it signs so much. */
    for (int rounds = 0; a->signed_for.size < size && !a->failed && rounds < 2; rounds++) {
        a->sign_asked = true;
        pthread_cond_broadcast(&a->sign);
        for (; a->sign_tried == tried && !a->failed;)
            pthread_cond_wait(&a->done, &a->mutex);
        tried = a->sign_tried;
    }
    bool whole = a->signed_for.size >= size, failed = a->failed;
    pthread_mutex_unlock(&a->mutex);
    if (whole)
        return KM_OK;
    return failed ? faulted(f) : km_fail(f, KM_STORE, "audit", "the signer refused");
}
