/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite: connections and statements of SQLite. A connection is opened without SQLite's own
 * mutexes: the pool gives it to one thread at a time.
 */
#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>

enum { BUSY_WAIT_MS = 10000 };

typedef struct conn {
    km_conn base;
    sqlite3 *db;
} conn;

typedef struct stmt {
    km_stmt base;
    sqlite3_stmt *p;
} stmt;

static conn *conn_of(km_conn *c)
{
    return (conn *)c;
}

static stmt *stmt_of(km_stmt *s)
{
    return (stmt *)s;
}

/* --- failures ------------------------------------------------------------------------ */

static const struct {
    int rc; /* an extended code, or a primary one for all of its kind */
    km_code code;
} meanings[] = {
    { SQLITE_CONSTRAINT_UNIQUE, KM_DUPLICATE },
    { SQLITE_CONSTRAINT_PRIMARYKEY, KM_DUPLICATE },
    { SQLITE_CONSTRAINT_ROWID, KM_DUPLICATE },
    { SQLITE_BUSY, KM_BUSY },
    { SQLITE_LOCKED, KM_BUSY },
    { SQLITE_INTERRUPT, KM_CANCELLED },
};

static km_code meaning(int rc)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].rc == rc || meanings[i].rc == (rc & 0xff))
            return meanings[i].code;
    return KM_STORE;
}

km_code km_sqlite__fail(sqlite3 *db, int rc, const char *what, km_fault *f)
{
    return km_fail(f, meaning(rc), what, "%s (SQLite %d)",
                   db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc), rc);
}

/* --- connections --------------------------------------------------------------------- */

km_code km_sqlite__connect(sqlite3 **out, const char *path, int flags, km_fault *f)
{
    int rc = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, km_sqlite__vfs());
    if (rc != SQLITE_OK) {
        km_code code = km_sqlite__fail(*out, rc, "open", f);
        sqlite3_close(*out);
        *out = NULL;
        return code;
    }
    sqlite3_extended_result_codes(*out, 1);
    sqlite3_busy_timeout(*out, BUSY_WAIT_MS);
    /* A misspelt column in double quotes is an error, not a text; the schema and the file's
     * inside are not for queries. */
    sqlite3_db_config(*out, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(*out, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return KM_OK;
}

static km_code script(km_conn *c, const char *what, const char *sql, km_fault *f)
{
    sqlite3 *db = conn_of(c)->db;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? KM_OK : km_sqlite__fail(db, rc, what, f);
}

static void close_conn(km_conn *c)
{
    for (uint32_t i = 0; i < c->store->queries.n; i++)
        if (c->stmt[i] != NULL)
            sqlite3_finalize(stmt_of(c->stmt[i])->p);
    int rc = sqlite3_close(conn_of(c)->db);
    assert(rc == SQLITE_OK);
    (void)rc;
}

static km_code open_conn(km_conn **out, km_store *s, bool writer, km_fault *f)
{
    sqlite3 *db;
    KM_TRY(km_sqlite__connect(&db, s->place, SQLITE_OPEN_READWRITE, f));
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    conn *c = KM_NEW(a, conn);
    c->db = db;
    c->base.store = s;
    c->base.arena = a;
    c->base.writer = writer;
    c->base.stmt = KM_NEW_ARRAY(a, s->queries.n, km_stmt *);
    /* A PRAGMA takes no parameter: the one piece of SQL that C has to spell. */
    char cache[64];
    snprintf(cache, sizeof cache, "PRAGMA cache_size = -%d",
             writer ? s->writer_cache_kib : s->reader_cache_kib);
    km_code rc = script(&c->base, "connection", s->setup, f);
    if (rc == KM_OK)
        rc = script(&c->base, "connection", cache, f);
    if (rc != KM_OK) {
        km_conn__close(&c->base);
        return rc;
    }
    if (writer)
        km_sqlite__watch_log(s, db);
    *out = &c->base;
    return KM_OK;
}

/* A file does not go away as a server does. */
static bool broken(const km_conn *c)
{
    (void)c;
    return false;
}

static km_code settle(km_conn *c, km_fault *f)
{
    (void)c, (void)f; /* nothing is ever queued */
    return KM_OK;
}

/* --- statements ---------------------------------------------------------------------- */

static km_code compile(sqlite3_stmt **out, conn *c, const km_named *q, unsigned flags, km_fault *f)
{
    int rc = sqlite3_prepare_v3(c->db, q->sql, -1, flags, out, NULL);
    if (rc != SQLITE_OK)
        return km_sqlite__fail(c->db, rc, q->name, f);
    /* A bare `?` would be a parameter that the query file does not know of. */
    if (sqlite3_bind_parameter_count(*out) == q->count)
        return KM_OK;
    sqlite3_finalize(*out);
    return km_fail(f, KM_STORE, q->name, "parameters are written $1, $2, ...");
}

static km_code prepare(km_stmt **out, km_conn *c, const km_named *q, km_fault *f)
{
    sqlite3_stmt *p;
    KM_TRY(compile(&p, conn_of(c), q, SQLITE_PREPARE_PERSISTENT, f));
    stmt *s = KM_NEW(c->arena, stmt);
    s->p = p;
    *out = &s->base;
    return KM_OK;
}

static km_code check(km_conn *c, const km_named *q, km_fault *f)
{
    sqlite3_stmt *p;
    KM_TRY(compile(&p, conn_of(c), q, 0, f));
    sqlite3_finalize(p);
    return KM_OK;
}

static void bind_int(km_stmt *s, int at, int64_t v)
{
    int rc = sqlite3_bind_int64(stmt_of(s)->p, at, v);
    assert(rc == SQLITE_OK);
    (void)rc;
}

static void bind_bytes(km_stmt *s, int at, km_kind kind, const void *p, size_t n)
{
    const char *bytes = p != NULL ? p : ""; /* NULL would be NULL, not empty */
    int rc = kind == KM_KIND_TEXT
                 ? sqlite3_bind_text64(stmt_of(s)->p, at, bytes, n, SQLITE_STATIC, SQLITE_UTF8)
                 : sqlite3_bind_blob64(stmt_of(s)->p, at, bytes, n, SQLITE_STATIC);
    assert(rc == SQLITE_OK && "gateways keep values below the store's limit");
    (void)rc;
}

static void bind_null(km_stmt *s, int at)
{
    sqlite3_bind_null(stmt_of(s)->p, at);
}

static km_code step(bool *row, km_stmt *s, km_fault *f)
{
    int rc = sqlite3_step(stmt_of(s)->p);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return KM_OK;
    return km_sqlite__fail(conn_of(s->conn)->db, rc, s->query->name, f);
}

static void reset(km_stmt *s)
{
    sqlite3_reset(stmt_of(s)->p);
}

static km_code run(km_stmt *s, int64_t *changed, km_fault *f)
{
    bool row = true;
    km_code rc = KM_OK;
    while (rc == KM_OK && row)
        rc = step(&row, s, f);
    if (changed != NULL)
        *changed = rc != KM_OK || sqlite3_stmt_readonly(stmt_of(s)->p)
                       ? 0
                       : sqlite3_changes64(conn_of(s->conn)->db);
    reset(s);
    return rc;
}

/* --- columns: as strict as PostgreSQL, so that one database's tests speak for both ------ */

static int64_t col_int(km_stmt *s, int at)
{
    sqlite3_stmt *p = stmt_of(s)->p;
    int type = sqlite3_column_type(p, at);
    assert((type == SQLITE_INTEGER || type == SQLITE_NULL) && at < sqlite3_column_count(p));
    return type == SQLITE_NULL ? 0 : sqlite3_column_int64(p, at);
}

static km_str col_bytes(km_stmt *s, int at)
{
    sqlite3_stmt *p = stmt_of(s)->p;
    int type = sqlite3_column_type(p, at);
    assert(type == SQLITE_TEXT || type == SQLITE_BLOB || type == SQLITE_NULL);
    assert(at < sqlite3_column_count(p));
    const char *bytes = sqlite3_column_blob(p, at);
    return (km_str){ bytes, (size_t)sqlite3_column_bytes(p, at) };
}

static bool col_null(km_stmt *s, int at)
{
    return sqlite3_column_type(stmt_of(s)->p, at) == SQLITE_NULL;
}

const km_driver km_sqlite__driver = {
    .dialect = KM_SQLITE,
    .enter = km_sqlite__enter,
    .leave = km_sqlite__leave,
    .open = open_conn,
    .close = close_conn,
    .broken = broken,
    .script = script,
    .prepare = prepare,
    .check = check,
    .settle = settle,
    .bind_int = bind_int,
    .bind_bytes = bind_bytes,
    .bind_null = bind_null,
    .step = step,
    .run = run,
    .reset = reset,
    .col_int = col_int,
    .col_bytes = col_bytes,
    .col_null = col_null,
    .truncate_wal = km_sqlite__truncate_wal,
    .backup = km_sqlite__backup,
};
