/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_place: the file as a whole: who holds it, when its log is carried over, copies.
 *
 * The write-ahead log is carried over into the file by a thread of its own (the keeper),
 * beside the writer and the readers. What the writer adds meanwhile is left for the next
 * round, so rounds get shorter; once little is left the writer carries that over itself, and
 * the log begins anew. Where the keeper does not keep up (a long load), the writer does it
 * all when the log has HELP_PAGES; that bounds the log.
 */
#include "store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    CARRY_PAGES = 16384, /* 64 MiB of 4 KiB pages: the keeper begins */
    FEW_PAGES = 512,     /* 2 MiB: the writer ends it */
    HELP_PAGES = 32768
};

typedef struct place {
    int lock_fd;
    sqlite3 *keeper;      /* opened when first needed */
    pthread_mutex_t work; /* held while the keeper's connection is in use */
    pthread_mutex_t gate; /* guards what follows */
    pthread_cond_t knock;
    bool wanted, working, stopping, runs;
    int carried; /* pages of the log that are in the file since it last began anew */
    pthread_t thread;
} place;

/* --- the lock ------------------------------------------------------------------------ */

static km_code fail_errno(const char *what, km_fault *f)
{
    return km_fail(f, KM_IO, "store", "%s: %s", what, strerror(errno));
}

/* flock is dropped by the system when the process ends, however it ends. The file stays:
 * removing it would let two processes hold two files of one name. */
static km_code lock(place *p, km_store *s, km_fault *f)
{
    km_str path = km_arena_print(s->arena, "%s.lock", s->place);
    p->lock_fd = open(km_arena_z(s->arena, path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (p->lock_fd < 0)
        return fail_errno("the lock file", f);
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return KM_OK;
    if (errno == EWOULDBLOCK)
        return km_fail(f, KM_BUSY, "store", "another process holds this data directory");
    return fail_errno("the lock", f);
}

static km_code sync_folder_of(const char *path, km_arena *a, km_fault *f)
{
    char *copy = (char *)km_arena_alloc(a, strlen(path) + 1);
    strcpy(copy, path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        km_code rc = fail_errno("the data directory", f);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    close(fd);
    return KM_OK;
}

/* Makes the file for its owner's eyes only; SQLite gives its log the same rights. */
static km_code make_file(const char *path, int flags, km_arena *a, km_fault *f)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0)
        return fail_errno("the store's file", f);
    close(fd);
    return sync_folder_of(path, a, f);
}

/* --- the keeper ---------------------------------------------------------------------- */

/* A connection that has read nothing yet does not know of the log, and would carry over
 * nothing with a smile: so it reads once. */
static km_code keeper_ready(place *p, const km_store *s, km_fault *f)
{
    if (p->keeper != NULL)
        return KM_OK;
    KM_TRY(km_sqlite__connect(&p->keeper, s->place, SQLITE_OPEN_READWRITE, f));
    const char *read = s->queries.at[s->own[KM_OWN_SNAPSHOT]].sql;
    int rc = sqlite3_exec(p->keeper, read, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return KM_OK;
    km_code code = km_sqlite__fail(p->keeper, rc, "checkpoint", f);
    sqlite3_close(p->keeper);
    p->keeper = NULL;
    return code;
}

/* How far the log is carried over now; a failure carries nothing and is tried again after
 * the next commit, for the log keeps everything. */
static int carry_over(place *p, const km_store *s)
{
    int carried = 0;
    pthread_mutex_lock(&p->work);
    if (keeper_ready(p, s, NULL) == KM_OK
        && sqlite3_wal_checkpoint_v2(p->keeper, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &carried)
               != SQLITE_OK)
        carried = 0;
    pthread_mutex_unlock(&p->work);
    return carried;
}

static void *keep(void *arg)
{
    km_store *s = arg;
    place *p = s->inside;
    pthread_mutex_lock(&p->gate);
    for (;;) {
        while (!p->wanted && !p->stopping)
            pthread_cond_wait(&p->knock, &p->gate);
        if (p->stopping)
            break;
        p->wanted = false;
        p->working = true;
        pthread_mutex_unlock(&p->gate);
        int carried = carry_over(p, s);
        pthread_mutex_lock(&p->gate);
        p->carried = carried;
        p->working = false;
    }
    pthread_mutex_unlock(&p->gate);
    return NULL;
}

/* True when the writer shall carry over what is left. Otherwise, with enough in the log, the
 * keeper is called. */
static bool writers_turn(place *p, int pages)
{
    pthread_mutex_lock(&p->gate);
    if (pages < p->carried)
        p->carried = 0; /* the log has begun anew */
    bool few_left = !p->working && p->carried > 0 && pages - p->carried <= FEW_PAGES;
    bool turn = few_left || pages >= HELP_PAGES;
    if (!turn && !p->working) {
        p->wanted = true;
        pthread_cond_signal(&p->knock);
    }
    pthread_mutex_unlock(&p->gate);
    return turn;
}

/* After each commit of the writer: `pages` are in the log. */
static int committed(void *arg, sqlite3 *writer, const char *name, int pages)
{
    place *p = arg;
    if (pages < CARRY_PAGES || !writers_turn(p, pages))
        return SQLITE_OK;
    pthread_mutex_lock(&p->work); /* a round of the keeper ends first: there is one at a time */
    sqlite3_wal_checkpoint_v2(writer, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    pthread_mutex_unlock(&p->work);
    return SQLITE_OK;
}

void km_sqlite__watch_log(km_store *s, sqlite3 *writer)
{
    sqlite3_wal_hook(writer, committed, s->inside);
}

/* --- enter and leave ----------------------------------------------------------------- */

km_code km_sqlite__enter(km_store *s, km_fault *f)
{
    place *p = KM_NEW(s->arena, place);
    pthread_mutex_init(&p->work, NULL);
    pthread_mutex_init(&p->gate, NULL);
    pthread_cond_init(&p->knock, NULL);
    s->inside = p;
    KM_TRY(lock(p, s, f));
    KM_TRY(make_file(s->place, 0, s->arena, f));
    if (pthread_create(&p->thread, NULL, keep, s) != 0)
        return km_fail(f, KM_INTERNAL, "store", "no thread for checkpoints");
    p->runs = true;
    return KM_OK;
}

void km_sqlite__leave(km_store *s)
{
    place *p = s->inside;
    if (p == NULL)
        return;
    if (p->runs) {
        pthread_mutex_lock(&p->gate);
        p->stopping = true;
        pthread_cond_signal(&p->knock);
        pthread_mutex_unlock(&p->gate);
        pthread_join(p->thread, NULL);
    }
    /* The last connection to close carries the log over and removes it. */
    sqlite3_close(p->keeper);
    if (p->lock_fd >= 0)
        close(p->lock_fd);
    pthread_cond_destroy(&p->knock);
    pthread_mutex_destroy(&p->gate);
    pthread_mutex_destroy(&p->work);
}

/* --- erasure and copies -------------------------------------------------------------- */

km_code km_sqlite__truncate_wal(km_store *s, km_fault *f)
{
    place *p = s->inside;
    pthread_mutex_lock(&p->work);
    km_code rc = keeper_ready(p, s, f);
    if (rc == KM_OK) {
        int left = -1;
        int done = sqlite3_wal_checkpoint_v2(p->keeper, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left,
                                             NULL);
        if (done != SQLITE_OK)
            rc = km_sqlite__fail(p->keeper, done, "checkpoint", f);
        else if (left != 0)
            rc = km_fail(f, KM_STORE, "checkpoint", "the log was not emptied");
    }
    pthread_mutex_unlock(&p->work);
    return rc;
}

static km_code copy(sqlite3 *from, sqlite3 *to, km_fault *f)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc = b == NULL ? sqlite3_errcode(to) : SQLITE_OK;
    if (b != NULL) {
        sqlite3_backup_step(b, -1); /* all at once: one snapshot */
        rc = sqlite3_backup_finish(b);
    }
    return rc == SQLITE_OK ? KM_OK : km_sqlite__fail(to, rc, "backup", f);
}

km_code km_sqlite__backup(km_store *s, const char *to, km_fault *f)
{
    sqlite3 *source = NULL, *target = NULL;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_code rc = make_file(to, O_EXCL, a, f);
    km_arena_free(a);
    if (rc != KM_OK)
        return rc;
    rc = km_sqlite__connect(&source, s->place, SQLITE_OPEN_READWRITE, f);
    if (rc == KM_OK)
        rc = km_sqlite__connect(&target, to, SQLITE_OPEN_READWRITE, f);
    if (rc == KM_OK)
        rc = copy(source, target, f);
    sqlite3_close(target);
    sqlite3_close(source);
    if (rc != KM_OK)
        unlink(to);
    return rc;
}
