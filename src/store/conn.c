/* SPDX-License-Identifier: Apache-2.0
 *
 * conn: the rules of transactions and statements, the same on every database.
 *
 * - A statement that fails inside a transaction spoils it: until km_rollback or km_rollback_to
 *   nothing runs, and km_commit refuses. PostgreSQL does so by nature; here SQLite does too,
 *   so that no half of a transaction is ever committed by oversight.
 * - When km_commit fails the transaction is over and nothing of it is stored.
 * - Every parameter of a statement is bound anew after each reset, always as one kind.
 */
#include "store/driver.h"

#include <assert.h>

km_dialect km_conn_dialect(const km_conn *c)
{
    return c->store->driver->dialect;
}

km_code km_conn__open(km_conn **out, km_store *s, bool writer, km_fault *f)
{
    KM_TRY(s->driver->open(out, s, writer, f));
    km_code rc = writer ? KM_OK : km_conn__run_own(*out, KM_OWN_READ_ONLY, f);
    if (rc != KM_OK)
        km_conn__close(*out);
    return rc;
}

void km_conn__close(km_conn *c)
{
    km_arena *a = c->arena;
    c->store->driver->close(c);
    km_arena_free(a);
}

/* --- failures ------------------------------------------------------------------------ */

static km_code injected(km_conn *c, km_fault *f)
{
    _Atomic int64_t *left = &c->store->fail_after;
    if (atomic_load_explicit(left, memory_order_relaxed) <= 0 || atomic_fetch_sub(left, 1) != 1)
        return KM_OK;
    return km_fail(f, KM_STORE, NULL, "a failure made for a test");
}

static km_code spoiled(const km_conn *c, km_fault *f)
{
    return c->failed == KM_OK
               ? KM_OK
               : km_fail(f, KM_STORE, NULL, "the transaction has failed before and must be undone");
}

static km_code note(km_conn *c, km_code rc)
{
    if (rc != KM_OK && c->in_txn && c->failed == KM_OK)
        c->failed = rc;
    return rc;
}

/* May a statement run now? */
static km_code admit(km_conn *c, km_fault *f)
{
    km_code rc = spoiled(c, f);
    return rc != KM_OK ? rc : note(c, injected(c, f));
}

/* --- statements ---------------------------------------------------------------------- */

km_code km_conn__statement(km_stmt **out, km_conn *c, uint32_t number, km_fault *f)
{
    km_stmt *s = c->stmt[number];
    if (s == NULL) {
        const km_named *q = &c->store->queries.at[number];
        KM_TRY(note(c, c->store->driver->prepare(&s, c, q, f)));
        s->conn = c;
        s->query = q;
        c->stmt[number] = s;
    } else {
        km_reset(s);
    }
    *out = s;
    return KM_OK;
}

km_code km_query(km_stmt **out, km_conn *c, const char *name, km_fault *f)
{
    uint32_t number = km_queries__find(&c->store->queries, name);
    assert(number != KM_QUERY_NONE && "no query of this name");
    return km_conn__statement(out, c, number, f);
}

void km_reset(km_stmt *s)
{
    if (s->active) {
        s->active = false;
        s->conn->active--;
        s->conn->store->driver->reset(s);
    }
    s->bound = 0;
}

static void reset_all(km_conn *c)
{
    for (uint32_t i = 0; c->active > 0 && i < c->store->queries.n; i++)
        if (c->stmt[i] != NULL)
            km_reset(c->stmt[i]);
    assert(c->active == 0);
}

static void bind(km_stmt *s, int at, km_kind kind)
{
    assert(at >= 1 && at <= s->query->count && !s->active);
    s->bound |= (uint64_t)1 << (at - 1);
    uint8_t *before = &s->kind[at - 1];
    assert((kind == KM_KIND_NONE || *before == KM_KIND_NONE || *before == kind)
           && "a parameter keeps its kind");
    if (kind != KM_KIND_NONE)
        *before = (uint8_t)kind;
}

void km_bind_int(km_stmt *s, int at, int64_t v)
{
    bind(s, at, KM_KIND_INT);
    s->conn->store->driver->bind_int(s, at, v);
}

void km_bind_text(km_stmt *s, int at, km_str v)
{
    bind(s, at, KM_KIND_TEXT);
    s->conn->store->driver->bind_bytes(s, at, KM_KIND_TEXT, v.p, v.n);
}

void km_bind_blob(km_stmt *s, int at, const void *p, size_t n)
{
    bind(s, at, KM_KIND_BLOB);
    s->conn->store->driver->bind_bytes(s, at, KM_KIND_BLOB, p, n);
}

void km_bind_null(km_stmt *s, int at)
{
    bind(s, at, KM_KIND_NONE);
    s->conn->store->driver->bind_null(s, at);
}

km_code km_step(bool *row, km_stmt *s, km_fault *f)
{
    km_conn *c = s->conn;
    assert(s->bound == s->query->params && "every parameter is bound");
    *row = false;
    km_code rc = admit(c, f);
    if (rc == KM_OK)
        rc = note(c, c->store->driver->step(row, s, f));
    if (rc == KM_OK && *row) {
        if (!s->active) {
            s->active = true;
            c->active++;
        }
        return KM_OK;
    }
    *row = false;
    c->store->driver->reset(s);
    km_reset(s);
    return rc;
}

km_code km_run(km_stmt *s, int64_t *changed, km_fault *f)
{
    km_conn *c = s->conn;
    assert(s->bound == s->query->params && !s->active && "every parameter is bound");
    km_code rc = admit(c, f);
    if (rc == KM_OK)
        rc = note(c, c->store->driver->run(s, changed, f));
    s->bound = 0;
    return rc;
}

int64_t km_col_int(km_stmt *s, int at)
{
    assert(s->active);
    return s->conn->store->driver->col_int(s, at);
}

km_str km_col_text(km_stmt *s, int at)
{
    assert(s->active);
    return s->conn->store->driver->col_bytes(s, at);
}

km_str km_col_blob(km_stmt *s, int at)
{
    assert(s->active);
    return s->conn->store->driver->col_bytes(s, at);
}

bool km_col_null(km_stmt *s, int at)
{
    assert(s->active);
    return s->conn->store->driver->col_null(s, at);
}

km_code km_prepare_all(km_conn *c, km_fault *f)
{
    for (uint32_t i = 0; i < c->store->queries.n; i++)
        KM_TRY(c->store->driver->check(c, &c->store->queries.at[i], f));
    return KM_OK;
}

/* --- transactions -------------------------------------------------------------------- */

km_code km_conn__run_own(km_conn *c, km_own which, km_fault *f)
{
    km_stmt *s;
    KM_TRY(km_conn__statement(&s, c, c->store->own[which], f));
    return c->store->driver->run(s, NULL, f);
}

km_code km_begin(km_conn *c, km_fault *f)
{
    assert(!c->in_txn);
    c->in_txn = true;
    c->in_savepoint = false;
    c->failed = KM_OK;
    km_code rc = km_conn__run_own(c, c->writer ? KM_OWN_BEGIN_WRITE : KM_OWN_BEGIN_READ, f);
    if (rc == KM_OK && !c->writer)
        rc = km_conn__run_own(c, KM_OWN_SNAPSHOT, f);
    if (rc == KM_OK && !c->writer)
        rc = c->store->driver->settle(c, f);
    if (rc != KM_OK)
        km_rollback(c);
    return rc;
}

km_code km_commit(km_conn *c, km_fault *f)
{
    assert(c->in_txn && !c->in_savepoint);
    reset_all(c);
    km_code rc = admit(c, f);
    if (rc == KM_OK)
        rc = km_conn__run_own(c, KM_OWN_COMMIT, f);
    if (rc == KM_OK)
        rc = c->store->driver->settle(c, f);
    if (rc == KM_OK)
        c->in_txn = false;
    else
        km_rollback(c);
    return rc;
}

/* What fails here has ended by itself (SQLite undoes a transaction on some errors) or ends
 * with its connection; there is nothing to tell. */
void km_rollback(km_conn *c)
{
    if (!c->in_txn)
        return;
    reset_all(c);
    c->store->driver->settle(c, NULL);
    km_conn__run_own(c, KM_OWN_ROLLBACK, NULL);
    c->store->driver->settle(c, NULL);
    c->in_txn = c->in_savepoint = false;
    c->failed = KM_OK;
}

km_code km_savepoint(km_conn *c, km_fault *f)
{
    assert(c->in_txn && !c->in_savepoint);
    KM_TRY(spoiled(c, f));
    KM_TRY(note(c, km_conn__run_own(c, KM_OWN_SAVEPOINT, f)));
    c->in_savepoint = true;
    return KM_OK;
}

km_code km_release(km_conn *c, km_fault *f)
{
    assert(c->in_txn && c->in_savepoint);
    km_code rc = spoiled(c, f);
    if (rc == KM_OK)
        rc = note(c, km_conn__run_own(c, KM_OWN_RELEASE, f));
    if (rc == KM_OK)
        rc = note(c, c->store->driver->settle(c, f));
    if (rc == KM_OK)
        c->in_savepoint = false;
    return rc;
}

void km_rollback_to(km_conn *c)
{
    assert(c->in_txn && c->in_savepoint);
    reset_all(c);
    c->store->driver->settle(c, NULL);
    c->in_savepoint = false;
    c->failed = KM_OK;
    /* Where this fails the transaction stays spoiled, and km_commit will say so. */
    if (note(c, km_conn__run_own(c, KM_OWN_ROLLBACK_TO, NULL)) == KM_OK
        && note(c, km_conn__run_own(c, KM_OWN_RELEASE, NULL)) == KM_OK)
        note(c, c->store->driver->settle(c, NULL));
}
