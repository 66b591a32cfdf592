/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_gather: SQLite writes each page of a commit to its log with two calls, the head of the
 * frame and the page. Here they are gathered and go out as one, before the log is synced or
 * anything of it is read. Nobody else can have looked for them before: SQLite tells its other
 * connections of a commit only after its sync, and their descriptors are not this one.
 *
 * A VFS that is SQLite's own but for the log of a database; a write that fails is told by the sync.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite.h"

/* SQLite's own VFS for Unix writes at most 128 KiB less one byte in one call, and takes a longer
 * one for a full disk. */
enum { GATHER_BYTES = 120 << 10, GROW_BYTES = 64 << 10, AHEAD_BYTES = 2 << 20 };

typedef struct gathering {
    sqlite3_file base;
    sqlite3_file *real;
    char *bytes;
    sqlite3_int64 at; /* where the first byte belongs */
    int n;
    sqlite3_int64 end; /* of the file, as this descriptor made it */
} gathering;

static gathering *of(sqlite3_file *f)
{
    return (gathering *)f;
}

/* A sync of a file that has grown writes its length too, which costs several times the sync of
 * bytes in place. So it grows by a portion of zeros at a time; a frame of zeros is none, and SQLite
 * reads no further. A failure is left to the write that needs the room. */
static void make_room(gathering *g, sqlite3_int64 needed)
{
    static const char zeros[GROW_BYTES];
    if (needed <= g->end)
        return;
    sqlite3_int64 end = (needed / AHEAD_BYTES + 1) * AHEAD_BYTES;
    while (g->end < end) {
        int n = end - g->end < GROW_BYTES ? (int)(end - g->end) : GROW_BYTES;
        (void)g->real->pMethods->xWrite(g->real, zeros, n, g->end);
        g->end += n;
    }
}

static int flush(gathering *g)
{
    int n = g->n;
    g->n = 0;
    if (n == 0)
        return SQLITE_OK;
    make_room(g, g->at + n);
    return g->real->pMethods->xWrite(g->real, g->bytes, n, g->at);
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    gathering *g = of(f);
    if (g->n > 0 && (at != g->at + g->n || n > GATHER_BYTES - g->n)) {
        int rc = flush(g);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (n > GATHER_BYTES)
        return g->real->pMethods->xWrite(g->real, p, n, at);
    if (g->n == 0)
        g->at = at;
    memcpy(g->bytes + g->n, p, (size_t)n);
    g->n += n;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    int rc = flush(of(f));
    return rc == SQLITE_OK ? of(f)->real->pMethods->xRead(of(f)->real, p, n, at) : rc;
}

static int on_sync(sqlite3_file *f, int flags)
{
    int rc = flush(of(f));
    return rc == SQLITE_OK ? of(f)->real->pMethods->xSync(of(f)->real, flags) : rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = flush(of(f));
    of(f)->end = size;
    return rc == SQLITE_OK ? of(f)->real->pMethods->xTruncate(of(f)->real, size) : rc;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = flush(of(f));
    return rc == SQLITE_OK ? of(f)->real->pMethods->xFileSize(of(f)->real, size) : rc;
}

static int on_close(sqlite3_file *f)
{
    gathering *g = of(f);
    int rc = flush(g), closed = g->real->pMethods->xClose(g->real);
    free(g->bytes);
    return rc == SQLITE_OK ? closed : rc;
}

/* A log is locked with its database, never by itself. */
static int on_lock(sqlite3_file *f, int how)
{
    (void)f, (void)how;
    return SQLITE_OK;
}

static int on_reserved(sqlite3_file *f, int *reserved)
{
    (void)f;
    *reserved = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *f, int what, void *arg)
{
    return of(f)->real->pMethods->xFileControl(of(f)->real, what, arg);
}

static int on_sector(sqlite3_file *f)
{
    return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

static int on_device(sqlite3_file *f)
{
    return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real);
}

static const sqlite3_io_methods methods = { .iVersion = 1,
                                            .xClose = on_close,
                                            .xRead = on_read,
                                            .xWrite = on_write,
                                            .xTruncate = on_truncate,
                                            .xSync = on_sync,
                                            .xFileSize = on_size,
                                            .xLock = on_lock,
                                            .xUnlock = on_lock,
                                            .xCheckReservedLock = on_reserved,
                                            .xFileControl = on_control,
                                            .xSectorSize = on_sector,
                                            .xDeviceCharacteristics = on_device };

static sqlite3_vfs *system_vfs(sqlite3_vfs *v)
{
    return v->pAppData;
}

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *given)
{
    sqlite3_vfs *real = system_vfs(v);
    if (!(flags & SQLITE_OPEN_WAL))
        return real->xOpen(real, name, f, flags, given);
    gathering *g = of(f);
    *g = (gathering){ .real = (sqlite3_file *)(g + 1) };
    int rc = real->xOpen(real, name, g->real, flags, given);
    if (rc != SQLITE_OK)
        return rc;
    if (g->real->pMethods->xFileSize(g->real, &g->end) != SQLITE_OK)
        g->end = INT64_MAX;
    g->bytes = malloc(GATHER_BYTES);
    assert(g->bytes != NULL);
    g->base.pMethods = &methods;
    return SQLITE_OK;
}

/* SQLite's list of VFS is the process's, and what stands in it must stay: made once, never
 * changed. */
static sqlite3_vfs gather;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    assert(real != NULL && _Alignof(gathering) >= _Alignof(sqlite3_file));
    gather = *real;
    gather.pNext = NULL;
    gather.zName = "kumihimo";
    gather.pAppData = real;
    gather.szOsFile = (int)sizeof(gathering) + real->szOsFile;
    gather.xOpen = on_open;
    int rc = sqlite3_vfs_register(&gather, 0);
    assert(rc == SQLITE_OK);
    (void)rc;
}

const char *km_sqlite__vfs(void)
{
    pthread_once(&once, make);
    return gather.zName;
}
