/* SPDX-License-Identifier: Apache-2.0
 *
 * store: opening and closing a place. The order is: the place is ours alone, its writing
 * connection, migrations; only then does anybody get a connection.
 */
#include "store/driver.h"

#include <assert.h>
#include <time.h>

#include "gen/km_sql_store.h"

enum { READERS = 8, WRITER_CACHE_KIB = 64 * 1024, READER_CACHE_KIB = 4 * 1024 };
enum { HOLD_TRIES = 100, HOLD_PAUSE_NS = 20 * 1000 * 1000 };

static const char *const own_names[KM_OWN_COUNT] = {
#define X(name, text) text,
    KM_OWN_QUERIES(X)
#undef X
};

static const km_driver *driver_of(const char *place)
{
    km_str p = km_str_of(place);
    bool postgres = km_str_starts(p, KM_STR("postgres://"))
                    || km_str_starts(p, KM_STR("postgresql://"));
    return postgres ? &km_postgres__driver : &km_sqlite__driver;
}

static int or_default(int given, int otherwise)
{
    return given > 0 ? given : otherwise;
}

/* Our own list before the caller's. */
static const km_embedded *const *with_own(km_arena *a, const km_embedded *const *lists)
{
    size_t n = 0;
    while (lists != NULL && lists[n] != NULL)
        n++;
    const km_embedded **all = km_arena_zero(a, (n + 2) * sizeof *all);
    all[0] = km_sql_store;
    for (size_t i = 0; i < n; i++)
        all[i + 1] = lists[i];
    return all;
}

static const km_embedded *setup_script(void)
{
    const km_embedded *e = km_sql_store;
    while (e->name != NULL && strcmp(e->name, "000_connection.sql") != 0)
        e++;
    assert(e->name != NULL);
    return e;
}

static km_code load(km_store *s, const km_embedded *const *lists, km_fault *f)
{
    km_dialect d = s->driver->dialect;
    KM_TRY(km_migrate__section(&s->setup, s->arena, d, setup_script(), f));
    KM_TRY(km_queries__load(&s->queries, s->arena, d, with_own(s->arena, lists), f));
    for (int i = 0; i < KM_OWN_COUNT; i++) {
        s->own[i] = km_queries__find(&s->queries, own_names[i]);
        assert(s->own[i] != KM_QUERY_NONE);
    }
    return KM_OK;
}

/* One of our own queries whose one answer is yes or no. */
static km_code ask(bool *yes, km_conn *c, km_own which, km_fault *f)
{
    km_stmt *q;
    bool row;
    *yes = false;
    KM_TRY(km_conn__statement(&q, c, c->store->own[which], f));
    KM_TRY(km_step(&row, q, f));
    *yes = row && km_col_int(q, 0) != 0;
    km_reset(q);
    return KM_OK;
}

/* A server learns a moment late that the session which held the place has ended: a node that is
 * started again at once waits for that, up to two seconds. */
static km_code suits(km_conn *writer, km_fault *f)
{
    bool yes = false;
    for (int i = 0; i < HOLD_TRIES && !yes; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){ .tv_nsec = HOLD_PAUSE_NS }, NULL);
        KM_TRY(ask(&yes, writer, KM_OWN_HOLD, f));
    }
    if (!yes)
        return km_fail(f, KM_BUSY, "store", "another process holds this database");
    KM_TRY(ask(&yes, writer, KM_OWN_FITS, f));
    if (yes)
        return KM_OK;
    return km_fail(f, KM_STORE, "store",
                   writer->store->driver->dialect == KM_SQLITE
                       ? "this file system cannot carry a write-ahead log"
                       : "the database must be encoded in UTF8");
}

km_code km_store__open_writer(km_store *s, km_fault *f)
{
    km_conn *c;
    KM_TRY(km_conn__open(&c, s, true, f));
    km_code rc = suits(c, f);
    if (rc != KM_OK)
        km_conn__close(c);
    else
        s->writer = c;
    return rc;
}

static km_store *store_new(const km_store_options *o)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_store *s = KM_NEW(a, km_store);
    s->arena = a;
    s->driver = driver_of(o->place);
    s->place = km_arena_z(a, km_str_of(o->place));
    s->readers = or_default(o->readers, READERS);
    s->writer_cache_kib = or_default(o->writer_cache_kib, WRITER_CACHE_KIB);
    s->reader_cache_kib = or_default(o->reader_cache_kib, READER_CACHE_KIB);
    s->idle = KM_NEW_ARRAY(a, (size_t)s->readers, km_conn *);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    pthread_cond_init(&s->writer_free, NULL);
    return s;
}

km_code km_store_open(km_store **out, const km_store_options *o, km_fault *f)
{
    km_store *s = store_new(o);
    km_code rc = load(s, o->sql, f);
    if (rc == KM_OK)
        rc = s->driver->enter(s, f);
    if (rc == KM_OK)
        rc = km_store__open_writer(s, f);
    if (rc == KM_OK)
        rc = km_migrate__all(s->writer, o->sql, f);
    if (rc != KM_OK) {
        km_store_close(s);
        s = NULL;
    }
    *out = s;
    return rc;
}

void km_store_close(km_store *s)
{
    if (s == NULL)
        return;
    assert(!s->writer_out && s->idle_n == s->open_n && "every connection is given back");
    while (s->idle_n > 0)
        km_conn__close(s->idle[--s->idle_n]);
    if (s->writer != NULL)
        km_conn__close(s->writer);
    s->driver->leave(s);
    pthread_cond_destroy(&s->writer_free);
    pthread_cond_destroy(&s->reader_free);
    pthread_mutex_destroy(&s->lock);
    km_arena_free(s->arena);
}

km_dialect km_store_dialect(const km_store *s)
{
    return s->driver->dialect;
}

km_code km_store_truncate_wal(km_store *s, km_fault *f)
{
    return s->driver->truncate_wal(s, f);
}

km_code km_store_backup(km_store *s, const char *to, km_fault *f)
{
    return s->driver->backup(s, to, f);
}

void km_store_fail_after(km_store *s, int64_t calls)
{
    atomic_store(&s->fail_after, calls);
}
