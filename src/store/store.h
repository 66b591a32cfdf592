/* SPDX-License-Identifier: Apache-2.0
 *
 * store: one small SQL door; SQLite and PostgreSQL behind it.
 *
 * - SQL-shaped, never domain-shaped: begin, commit, rollback, run a named query,
 *   step, read a column. No SQL text in C: queries stand in .sql files.
 * - A .sql file holds queries, each opened by a line `-- name: find_chart`; one that must
 *   differ is written twice, side by side, as `-- name: find_chart [sqlite]` and `[postgres]`.
 *   Parameters are $1, $2, ...; a `;` ends the query. A name marked `[many]` may have more rows
 * than memory should hold, or is left early: on PostgreSQL, inside a transaction, it goes through a
 * cursor, all others bring their rows at once (SQLite brings row by row anyway).
 * - Files named NNN_*.sql are migrations: whole scripts with `-- for: sqlite|postgres|both`
 * sections, of the area that a line `-- area: record` at their head names. They are applied once,
 * areas in the order of the lists, by number within an area, each in its own transaction.
 * - Migrations go forward only; a store newer than the program is refused (KM_TOO_NEW).
 * - One process holds a place (decision 17); another gets KM_BUSY. A process that dies holds
 * nothing.
 * - A statement belongs to its connection, is prepared at first use and kept. A
 *   connection is for one thread at a time.
 * - Values bound are borrowed until the statement is reset; columns read are borrowed
 *   until the next step. Every parameter is bound anew after each reset, and one that was bound as
 * a number, a text or a blob stays of that kind (or NULL). An empty text or blob is not NULL,
 * whatever its pointer.
 * - PostgreSQL infers the type of a parameter that is NULL from its place: `$1 IS NULL` has none,
 * write `CAST($1 AS BIGINT) IS NULL`. km_prepare_all finds such places.
 * - A statement that fails inside a transaction spoils it, on both databases: nothing runs any more
 * and km_commit refuses, until km_rollback, or km_rollback_to when it failed within the savepoint.
 * - A column is read as what it is: km_col_int a whole number (or NULL: 0), km_col_text and
 * km_col_blob bytes (or NULL: KM_STR_NONE). PostgreSQL sorts text by the database's locale, so text
 * that a query orders or compares by < is declared COLLATE "C" there.
 * - A fault holds the name of the query and of a constraint, never a value.
 * - SQLite: WAL, synchronous=FULL, 8 KiB pages, secure_delete on, mmap off. PostgreSQL: libpq,
 *   prepared statements, pipelined runs of km_run between begin and commit.
 */
#ifndef KM_STORE_STORE_H
#define KM_STORE_STORE_H

#include "base/embedded.h"
#include "base/fault.h"

typedef struct km_store km_store; /* a place and its pool of connections; thread-safe */
typedef struct km_conn km_conn;   /* one connection */
typedef struct km_stmt km_stmt;   /* one prepared query on one connection */

typedef enum km_dialect { KM_SQLITE, KM_POSTGRES } km_dialect;

typedef struct km_store_options {
    const char *place;             /* a file path, or postgres://... */
    const km_embedded *const *sql; /* NULL-ended list of .sql lists (km_sql_record, ...) */
    int readers;                   /* pooled reading connections; default 8 */
    int writer_cache_kib;          /* default 65536 */
    int reader_cache_kib;          /* default 4096 */
} km_store_options;

/* Opens, or makes, the store and applies the migrations that are missing. */
km_code km_store_open(km_store **out, const km_store_options *o, km_fault *f);
void km_store_close(km_store *s);
km_dialect km_store_dialect(const km_store *s);

/* Borrow a reading connection (waits for a free one), give it back. It sees a
 * snapshot from km_begin to km_rollback. Giving back undoes a transaction left open, and
 * replaces a connection that was lost. */
km_code km_store_reader(km_conn **out, km_store *s, km_fault *f);
/* The same for who can do without: *out is NULL when none is free; nobody waits, so it may be asked
 * by who holds one. */
km_code km_store_reader_if_free(km_conn **out, km_store *s, km_fault *f);
/* The writing connection; one per store, taken until given back. */
km_code km_store_writer(km_conn **out, km_store *s, km_fault *f);
void km_store_return(km_conn *c);

km_dialect km_conn_dialect(const km_conn *c);
km_code km_begin(km_conn *c, km_fault *f); /* deferred for readers, immediate for the writer */
/* Durable when it returns KM_OK; otherwise the transaction is over and nothing of it is stored
 * (where the connection was lost meanwhile, nobody knows). Statements still stepping are reset. */
km_code km_commit(km_conn *c, km_fault *f);
void km_rollback(km_conn *c);                  /* nothing where no transaction is open */
km_code km_savepoint(km_conn *c, km_fault *f); /* one level */
/* Tells what failed since km_savepoint; then the savepoint still stands and km_rollback_to ends it.
 */
km_code km_release(km_conn *c, km_fault *f);
void km_rollback_to(km_conn *c);

/* The query called `name`; asserts that it exists (names are ours). Reset and ready to bind. */
km_code km_query(km_stmt **out, km_conn *c, const char *name, km_fault *f);
void km_bind_int(km_stmt *s, int at, int64_t v); /* at: 1-based, as $1 */
void km_bind_text(km_stmt *s, int at, km_str v);
void km_bind_blob(km_stmt *s, int at, const void *p, size_t n);
void km_bind_null(km_stmt *s, int at);

/* One row: KM_OK with *row true, or false at the end (then reset). */
km_code km_step(bool *row, km_stmt *s, km_fault *f);
/* Runs to the end, rows ignored, resets; *changed (may be NULL) counts touched rows.
 * On PostgreSQL inside a transaction with changed == NULL it is queued, and a
 * failure is told at the latest by the next step, km_release or km_commit. A unique violation
 * is KM_DUPLICATE. */
km_code km_run(km_stmt *s, int64_t *changed, km_fault *f);
void km_reset(km_stmt *s);

int64_t km_col_int(km_stmt *s, int at); /* at: 0-based */
km_str km_col_text(km_stmt *s, int at);
km_str km_col_blob(km_stmt *s, int at);
bool km_col_null(km_stmt *s, int at);

/* For tests: prepares every named query on this connection; the fault names the first
 * that does not stand. */
km_code km_prepare_all(km_conn *c, km_fault *f);

/* SQLite: truncates the write-ahead log (erasure, decision 10). PostgreSQL: nothing. */
km_code km_store_truncate_wal(km_store *s, km_fault *f);

/* SQLite: a copy, of one moment, in the file `to`, which must not exist. The store is used
 * meanwhile. PostgreSQL: KM_UNSUPPORTED, its own tools do that. */
km_code km_store_backup(km_store *s, const char *to, km_fault *f);

/* For fault tests: the k-th call from now on to step, run or commit on any connection
 * fails with KM_STORE; 0 switches it off. */
void km_store_fail_after(km_store *s, int64_t calls);

#endif
