/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres: connections and statements of PostgreSQL 15 and later.
 *
 * - Parameters travel in binary: int8, text, bytea. Their types are told to the server when
 *   a statement is first run; a parameter that has only been NULL so far is left to it.
 * - km_run between begin and commit is sent and not waited for (postgres_pipe.h).
 * - The rows of a statement come all at once, except for queries marked [many], which go
 *   through a cursor inside a transaction.
 */
#include "store/driver.h"
#include "store/postgres_pipe.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* From pg_type.dat; part of the wire protocol, they never change. */
enum {
    BOOL = 16,
    BYTEA = 17,
    NAME = 19,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    VARCHAR = 1043,
    NUMERIC = 1700
};

enum { OLDEST_SERVER = 150000, FIRST_FETCH = 64, LAST_FETCH = 1024 };

typedef struct conn {
    km_conn base;
    km_pipe pipe;
} conn;

typedef struct stmt {
    km_stmt base;
    char name[32];   /* at the server */
    unsigned number; /* of this statement and variant: makes the name */
    bool prepared;
    bool cursor; /* prepared as a cursor's declaration; its name is `name` too */
    bool open;   /* the cursor */
    int fetch;   /* rows asked for last; 0: all there are have come */
    Oid *type;   /* told so far; 0 = left to the server */
    const char **value;
    int *length, *format;
    unsigned char (*number_at)[8];
    PGresult *result;
    int row, rows;
} stmt;

static km_pipe *pipe_of(const km_conn *c)
{
    return &((conn *)c)->pipe;
}

static stmt *stmt_of(km_stmt *s)
{
    return (stmt *)s;
}

/* --- connections --------------------------------------------------------------------- */

static km_code enter(km_store *s, km_fault *f)
{
    (void)s, (void)f;
    return KM_OK;
}

static void leave(km_store *s)
{
    (void)s;
}

/* A notice may quote values and has nobody who reads it. */
static void silent(void *arg, const PGresult *r)
{
    (void)arg, (void)r;
}

static PGconn *connect_to(const char *place)
{
    /* What stands before dbname the place may overrule, what stands after it not. */
    static const char *const key[] = { "connect_timeout", "application_name", "dbname",
                                       "client_encoding", NULL };
    const char *const value[] = { "10", "kumihimo", place, "UTF8", NULL };
    PGconn *pg = PQconnectdbParams(key, value, 1);
    if (pg == NULL)
        abort(); /* no memory */
    PQsetNoticeReceiver(pg, silent, NULL);
    return pg;
}

static void close_conn(km_conn *c)
{
    for (uint32_t i = 0; i < c->store->queries.n; i++)
        if (c->stmt[i] != NULL)
            PQclear(stmt_of(c->stmt[i])->result);
    PQfinish(pipe_of(c)->pg);
}

static km_code greet(conn *c, km_fault *f)
{
    if (PQstatus(c->pipe.pg) != CONNECTION_OK)
        return km_pipe__lost(&c->pipe, f);
    if (PQserverVersion(c->pipe.pg) < OLDEST_SERVER)
        return km_fail(f, KM_UNSUPPORTED, "store", "PostgreSQL 15 or later is needed");
    return km_pipe__script(&c->pipe, "connection", c->base.store->setup, f);
}

static km_code open_conn(km_conn **out, km_store *s, bool writer, km_fault *f)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    conn *c = KM_NEW(a, conn);
    c->pipe.pg = connect_to(s->place);
    c->base.store = s;
    c->base.arena = a;
    c->base.writer = writer;
    c->base.stmt = KM_NEW_ARRAY(a, s->queries.n, km_stmt *);
    km_code rc = greet(c, f);
    if (rc != KM_OK)
        km_conn__close(&c->base);
    else
        *out = &c->base;
    return rc;
}

static bool broken(const km_conn *c)
{
    return pipe_of(c)->lost || PQstatus(pipe_of(c)->pg) == CONNECTION_BAD;
}

static km_code script(km_conn *c, const char *what, const char *sql, km_fault *f)
{
    return km_pipe__script(pipe_of(c), what, sql, f);
}

static km_code settle(km_conn *c, km_fault *f)
{
    return km_pipe__drain(pipe_of(c), NULL, f);
}

/* --- statements ---------------------------------------------------------------------- */

static km_code prepare(km_stmt **out, km_conn *c, const km_named *q, km_fault *f)
{
    (void)f; /* nothing is sent before the types are known */
    size_t n = (size_t)q->count;
    stmt *s = KM_NEW(c->arena, stmt);
    s->type = KM_NEW_ARRAY(c->arena, n, Oid);
    s->value = KM_NEW_ARRAY(c->arena, n, const char *);
    s->length = KM_NEW_ARRAY(c->arena, n, int);
    s->format = KM_NEW_ARRAY(c->arena, n, int);
    s->number_at = km_arena_array(c->arena, n, sizeof *s->number_at);
    for (size_t i = 0; i < n; i++)
        s->format[i] = 1;
    *out = &s->base;
    return KM_OK;
}

/* A type that was left open until now asks for a new preparation under a new name. */
static void has_type(stmt *s, int i, Oid type)
{
    if (s->type[i] != type) {
        s->type[i] = type;
        s->prepared = false;
    }
}

static void bind_int(km_stmt *st, int at, int64_t v)
{
    stmt *s = stmt_of(st);
    unsigned char *p = s->number_at[at - 1];
    uint64_t u = (uint64_t)v;
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(u >> (56 - 8 * i));
    s->value[at - 1] = (const char *)p;
    s->length[at - 1] = 8;
    has_type(s, at - 1, INT8);
}

static void bind_bytes(km_stmt *st, int at, km_kind kind, const void *p, size_t n)
{
    stmt *s = stmt_of(st);
    assert(n <= INT_MAX && "gateways keep values below the store's limit");
    s->value[at - 1] = p != NULL ? p : "";
    s->length[at - 1] = (int)n;
    has_type(s, at - 1, kind == KM_KIND_TEXT ? TEXT : BYTEA);
}

static void bind_null(km_stmt *st, int at)
{
    stmt_of(st)->value[at - 1] = NULL;
    stmt_of(st)->length[at - 1] = 0;
}

static const char *declaration(stmt *s)
{
    km_str text = km_arena_print(s->base.conn->arena, "DECLARE %s NO SCROLL CURSOR FOR %s", s->name,
                                 s->base.query->sql);
    return km_arena_z(s->base.conn->arena, text);
}

static km_code prepare_now(stmt *s, bool cursor, km_fault *f)
{
    if (s->prepared && s->cursor == cursor)
        return KM_OK;
    const km_named *q = s->base.query;
    const km_queries *all = &s->base.conn->store->queries;
    snprintf(s->name, sizeof s->name, "q%u_%u", (unsigned)(q - all->at), s->number++);
    s->cursor = cursor;
    s->prepared = true;
    return km_pipe__prepare(pipe_of(s->base.conn), &s->prepared, q->name, s->name,
                            cursor ? declaration(s) : q->sql, q->count, s->type, f);
}

static km_code send_it(stmt *s, bool cursor, km_fault *f)
{
    KM_TRY(prepare_now(s, cursor, f));
    km_call_of call = { s->name, s->base.query->count, s->value, s->length, s->format };
    return km_pipe__send(pipe_of(s->base.conn), s->base.query->name, &call, f);
}

static km_code fetch(stmt *s, km_fault *f)
{
    char text[80];
    s->fetch = s->fetch == 0 ? FIRST_FETCH : LAST_FETCH;
    snprintf(text, sizeof text, "FETCH FORWARD %d FROM %s", s->fetch, s->name);
    return km_pipe__send_text(pipe_of(s->base.conn), s->base.query->name, text, f);
}

static void take_rows(stmt *s, PGresult *r)
{
    PQclear(s->result);
    s->result = r;
    s->row = -1;
    s->rows = PQntuples(r);
    if (s->rows < s->fetch)
        s->fetch = 0;
}

static km_code ask(stmt *s, km_fault *f)
{
    PGresult *r;
    if (s->result == NULL) {
        bool cursor = s->base.query->many && s->base.conn->in_txn;
        KM_TRY(send_it(s, cursor, f));
        s->open = cursor;
        s->fetch = 0;
    }
    if (s->open)
        KM_TRY(fetch(s, f));
    km_code rc = km_pipe__drain(pipe_of(s->base.conn), &r, f);
    if (rc == KM_OK)
        take_rows(s, r);
    else
        s->open = false; /* it ended with its transaction */
    return rc;
}

static km_code step(bool *row, km_stmt *st, km_fault *f)
{
    stmt *s = stmt_of(st);
    if (s->result == NULL || (s->row + 1 == s->rows && s->fetch > 0))
        KM_TRY(ask(s, f));
    *row = ++s->row < s->rows;
    return KM_OK;
}

static void reset(km_stmt *st)
{
    stmt *s = stmt_of(st);
    if (s->open && !broken(st->conn)) {
        char text[64];
        snprintf(text, sizeof text, "CLOSE %s", s->name);
        km_pipe__send_text(pipe_of(st->conn), st->query->name, text, NULL);
    }
    s->open = false;
    s->fetch = 0;
    PQclear(s->result);
    s->result = NULL;
}

static km_code run(km_stmt *st, int64_t *changed, km_fault *f)
{
    PGresult *r;
    if (changed != NULL)
        *changed = 0;
    KM_TRY(send_it(stmt_of(st), false, f));
    if (changed == NULL && st->conn->in_txn)
        return KM_OK;
    KM_TRY(km_pipe__drain(pipe_of(st->conn), &r, f));
    bool counts = PQresultStatus(r) == PGRES_COMMAND_OK && changed != NULL;
    if (counts && !km_str_to_i64(changed, km_str_of(PQcmdTuples(r))))
        *changed = 0; /* a command that touches no rows says nothing */
    PQclear(r);
    return KM_OK;
}

static const Oid readable[] = { BOOL, INT2, INT4, INT8, NUMERIC, TEXT, VARCHAR, NAME, BYTEA };

static km_code check(km_conn *c, const km_named *q, km_fault *f)
{
    PGresult *r;
    KM_TRY(km_pipe__prepare(pipe_of(c), NULL, q->name, "", q->sql, 0, NULL, f));
    KM_TRY(km_pipe__describe(pipe_of(c), q->name, "", f));
    KM_TRY(km_pipe__drain(pipe_of(c), &r, f));
    km_code rc = KM_OK;
    for (int i = 0; i < PQnfields(r) && rc == KM_OK; i++) {
        size_t k = 0;
        while (k < sizeof readable / sizeof readable[0] && readable[k] != PQftype(r, i))
            k++;
        if (k == sizeof readable / sizeof readable[0])
            rc = km_fail(f, KM_STORE, q->name, "column %d has the type %u: cast it", i + 1,
                         (unsigned)PQftype(r, i));
    }
    PQclear(r);
    return rc;
}

/* --- columns ------------------------------------------------------------------------- */

static int64_t big_endian(const unsigned char *p, int n)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* A whole number among numeric (sums of bigint are): count of base-10000 digits, weight of
 * the first, sign, scale, then the digits; 16 bits each. */
static int64_t numeric(const unsigned char *p)
{
    int n = (int)big_endian(p, 2), weight = (int)big_endian(p + 2, 2);
    bool minus = big_endian(p + 4, 2) == 0x4000, over = false;
    int64_t v = 0;
    for (int i = 0; i <= weight; i++) {
        int64_t digit = i < n ? big_endian(p + 8 + 2 * i, 2) : 0;
        over |= __builtin_mul_overflow(v, 10000, &v);
        over |= __builtin_add_overflow(v, minus ? -digit : digit, &v);
    }
    assert(!over && n <= weight + 1 && "a sum that is a whole number of 64 bits");
    return v;
}

static bool col_null(km_stmt *st, int at)
{
    stmt *s = stmt_of(st);
    return PQgetisnull(s->result, s->row, at) != 0;
}

static int64_t col_int(km_stmt *st, int at)
{
    stmt *s = stmt_of(st);
    assert(at < PQnfields(s->result));
    const unsigned char *p = (const unsigned char *)PQgetvalue(s->result, s->row, at);
    if (col_null(st, at))
        return 0;
    switch (PQftype(s->result, at)) {
    case BOOL:
        return p[0];
    case INT2:
        return big_endian(p, 2);
    case INT4:
        return big_endian(p, 4);
    case INT8:
        return big_endian(p, 8);
    case NUMERIC:
        return numeric(p);
    default:
        assert(false && "a column of whole numbers");
        abort();
    }
}

static km_str col_bytes(km_stmt *st, int at)
{
    stmt *s = stmt_of(st);
    assert(at < PQnfields(s->result));
    Oid type = PQftype(s->result, at);
    assert(type == TEXT || type == BYTEA || type == VARCHAR || type == NAME);
    (void)type;
    if (col_null(st, at))
        return KM_STR_NONE;
    return (km_str){ PQgetvalue(s->result, s->row, at),
                     (size_t)PQgetlength(s->result, s->row, at) };
}

/* --- the place ----------------------------------------------------------------------- */

static km_code truncate_wal(km_store *s, km_fault *f)
{
    (void)s, (void)f; /* the server's own business */
    return KM_OK;
}

static km_code backup(km_store *s, const char *to, km_fault *f)
{
    (void)s, (void)to;
    return km_fail(f, KM_UNSUPPORTED, "store", "a PostgreSQL store is copied with pg_basebackup");
}

const km_driver km_postgres__driver = {
    .dialect = KM_POSTGRES,
    .enter = enter,
    .leave = leave,
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
    .truncate_wal = truncate_wal,
    .backup = backup,
};
