/* SPDX-License-Identifier: Apache-2.0
 *
 * driver: what a database must do to stand behind store.h, and the insides that the files of
 * this folder share. store.c opens, pool.c lends connections, conn.c keeps the rules of
 * transactions and statements; sqlite*.c and postgres*.c know one database each.
 */
#ifndef KM_STORE_DRIVER_H
#define KM_STORE_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/queries.h"

/* Queries of store.sql that this folder itself runs, by number. */
#define KM_OWN_QUERIES(X)                       \
    X(HOLD, "store_hold")                       \
    X(FITS, "store_fits")                       \
    X(READ_ONLY, "store_read_only")             \
    X(BEGIN_WRITE, "store_begin_write")         \
    X(BEGIN_READ, "store_begin_read")           \
    X(SNAPSHOT, "store_snapshot")               \
    X(COMMIT, "store_commit")                   \
    X(ROLLBACK, "store_rollback")               \
    X(SAVEPOINT, "store_savepoint")             \
    X(RELEASE, "store_release")                 \
    X(ROLLBACK_TO, "store_rollback_to")         \
    X(MIGRATION_TABLE, "store_migration_table") \
    X(MIGRATION_LAST, "store_migration_last")   \
    X(MIGRATION_PUT, "store_migration_put")

typedef enum km_own {
#define X(name, text) KM_OWN_##name,
    KM_OWN_QUERIES(X)
#undef X
        KM_OWN_COUNT
} km_own;

typedef enum km_kind { KM_KIND_NONE, KM_KIND_INT, KM_KIND_TEXT, KM_KIND_BLOB } km_kind;

/* A driver's connection and statement begin with these. */
struct km_conn {
    km_store *store;
    km_arena *arena; /* the connection's own, ends with it */
    km_stmt **stmt;  /* by number of the query; NULL until first used */
    bool writer;
    bool in_txn, in_savepoint;
    km_code failed;  /* a statement of this transaction failed: only rollback helps */
    unsigned active; /* statements between their first row and their reset */
};

struct km_stmt {
    km_conn *conn;
    const km_named *query;
    uint64_t bound;                /* bit i: $i+1 is bound */
    uint8_t kind[KM_QUERY_PARAMS]; /* km_kind that a parameter once had and keeps */
    bool active;
};

typedef struct km_driver {
    km_dialect dialect;
    /* What belongs to the place, not to one connection; `leave` also after a failed enter. */
    km_code (*enter)(km_store *s, km_fault *f);
    void (*leave)(km_store *s);
    /* A connection with the setup script run. */
    km_code (*open)(km_conn **out, km_store *s, bool writer, km_fault *f);
    void (*close)(km_conn *c);
    bool (*broken)(const km_conn *c);
    /* A script of many statements, outside of the statements' cache; `what` names it in faults. */
    km_code (*script)(km_conn *c, const char *what, const char *sql, km_fault *f);
    km_code (*prepare)(km_stmt **out, km_conn *c, const km_named *q, km_fault *f);
    /* Does the query stand in this database? Nothing is kept. */
    km_code (*check)(km_conn *c, const km_named *q, km_fault *f);
    /* Everything queued on the connection is done; tells the first failure. */
    km_code (*settle)(km_conn *c, km_fault *f);

    void (*bind_int)(km_stmt *s, int at, int64_t v);
    void (*bind_bytes)(km_stmt *s, int at, km_kind kind, const void *p, size_t n);
    void (*bind_null)(km_stmt *s, int at);
    km_code (*step)(bool *row, km_stmt *s, km_fault *f);
    km_code (*run)(km_stmt *s, int64_t *changed, km_fault *f);
    void (*reset)(km_stmt *s); /* also when nothing is to reset */

    int64_t (*col_int)(km_stmt *s, int at);
    km_str (*col_bytes)(km_stmt *s, int at);
    bool (*col_null)(km_stmt *s, int at);

    km_code (*truncate_wal)(km_store *s, km_fault *f);
    km_code (*backup)(km_store *s, const char *to, km_fault *f);
} km_driver;

extern const km_driver km_sqlite__driver, km_postgres__driver;

struct km_store {
    const km_driver *driver;
    km_arena *arena;
    const char *place;
    const char *setup; /* the script of every new connection */
    void *inside;      /* the driver's, made by enter */
    int readers, writer_cache_kib, reader_cache_kib;
    km_queries queries;
    uint32_t own[KM_OWN_COUNT];
    _Atomic int64_t fail_after;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t reader_free, writer_free;
    km_conn *writer; /* NULL after it broke, until it is taken again */
    bool writer_out;
    km_conn **idle;
    int idle_n, open_n;
};

/* store.c: makes s->writer; the caller has the right to. */
km_code km_store__open_writer(km_store *s, km_fault *f);

/* conn.c */
km_code km_conn__open(km_conn **out, km_store *s, bool writer, km_fault *f);
void km_conn__close(km_conn *c);
km_code km_conn__statement(km_stmt **out, km_conn *c, uint32_t number, km_fault *f);
km_code km_conn__run_own(km_conn *c, km_own which, km_fault *f);

/* migrate.c: the part of a script that is for the dialect, NUL-ended. */
km_code km_migrate__section(const char **out, km_arena *a, km_dialect d, const km_embedded *script,
                            km_fault *f);
km_code km_migrate__all(km_conn *writer, const km_embedded *const *lists, km_fault *f);

#endif
