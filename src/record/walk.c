/* SPDX-License-Identifier: Apache-2.0
 *
 * walk: the log from its beginning: for exports, rebuilds and proofs. Read in portions, each on a
 * fresh snapshot, so that no long reader keeps the store from tidying up.
 */
#include "record/inside.h"

enum { PORTION = 500 };

typedef struct walked {
    km_entry e;
    km_str id;
    bool current, known;
} walked;

/* The next rows after `after`; their bytes are copied into the call's arena. */
static km_code read_portion(walked *out, size_t *n, km_reader *r, int64_t after)
{
    km_stmt *st;
    km_fault *f = r->call->fault;
    km_arena *a = r->call->arena;
    *n = 0;
    KM_TRY(km_query(&st, r->conn, "log_after", f));
    km_bind_int(st, 1, after);
    km_bind_int(st, 2, PORTION);
    for (;;) {
        bool more;
        KM_TRY(km_step(&more, st, f));
        if (!more)
            return KM_OK;
        walked *one = &out[(*n)++];
        km_entry__read(&one->e, st);
        one->e.body = km_arena_copy(a, one->e.body);
        one->known = !km_col_null(st, 11);
        one->id = km_arena_copy(a, km_col_text(st, 11));
        one->current = one->known && km_col_int(st, 12) == one->e.seq;
    }
}

static km_code visit_portion(km_reader *r, const walked *rows, size_t n, bool current_only,
                             km_log_visit visit, void *self)
{
    for (size_t i = 0; i < n; i++) {
        km_record *rec;
        const walked *one = &rows[i];
        if (!one->known || (current_only && !one->current))
            continue;
        if (!km_access_covers_chart(r->access, one->e.chart)
            || (km_access_is_partial(r->access, (km_ftype)one->e.type)
                && !km_access_covers(r->access, one->e.chart, (km_ftype)one->e.type, one->e.rid)))
            continue;
        km_code rc = km_reader__open_entry(&rec, r, &one->e, one->id);
        if (rc == KM_ERASED) {
            km_fault_clear(r->call->fault);
            continue;
        }
        KM_TRY(rc);
        if (current_only && rec->deleted)
            continue;
        KM_TRY(visit(self, rec, r->call->fault));
    }
    return KM_OK;
}

km_code km_log_walk(km_log *l, km_access *a, int64_t after, bool current_only, km_log_visit visit,
                    void *self, km_call *call)
{
    km_arena *arena = call->arena;
    km_arena *portion = km_arena_new((size_t)1 << 30);
    walked *rows = KM_NEW_ARRAY(arena, PORTION, walked);
    km_call inner = *call;
    km_code rc = KM_OK;
    inner.arena = portion;
    for (size_t n = PORTION; n == PORTION && rc == KM_OK;) {
        km_reader *r;
        km_arena_reset(portion);
        rc = km_reader_open(&r, l, a, &inner);
        if (rc != KM_OK)
            break;
        rc = read_portion(rows, &n, r, after);
        if (rc == KM_OK)
            rc = visit_portion(r, rows, n, current_only, visit, self);
        if (n > 0)
            after = rows[n - 1].e.seq;
        km_reader_close(r);
    }
    km_arena_free(portion);
    return rc;
}

/* --- proof --- */

typedef struct proof {
    km_log *log;
    km_verify_report *out;
    km_reader *r;
    unsigned char head[KM_SHA256_LEN];
    unsigned char committed[KM_SHA256_LEN]; /* what log_commit says at `next_commit` */
    int64_t next_commit, expected_seq;
} proof;

static km_code broken(proof *p, int64_t seq, const char *what)
{
    p->out->bad_seq = seq;
    return km_fail(p->r->call->fault, KM_TAMPERED, NULL, "entry %lld: %s", (long long)seq, what);
}

static km_code next_commit(proof *p)
{
    km_stmt *st;
    bool row;
    km_fault *f = p->r->call->fault;
    KM_TRY(km_query(&st, p->r->conn, "log_commit_after", f));
    km_bind_int(st, 1, p->next_commit);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return KM_OK;
    p->next_commit = km_col_int(st, 0);
    km_str head = km_col_blob(st, 1);
    if (head.n == KM_SHA256_LEN)
        memcpy(p->committed, head.p, KM_SHA256_LEN);
    km_reset(st);
    p->out->commits++;
    return KM_OK;
}

/* A body opens under its key and place, or its key is gone. */
static km_code prove_body(proof *p, const walked *one)
{
    km_record *rec;
    km_fault *f = p->r->call->fault;
    if (!one->known) /* only an erasure takes a resource's row away */
        return KM_OK;
    km_code rc = km_reader__open_entry(&rec, p->r, &one->e, one->id);
    if (rc == KM_ERASED || rc == KM_OK) {
        km_fault_clear(f);
        return KM_OK;
    }
    km_fault_clear(f);
    return broken(p, one->e.seq, "its body does not open");
}

static km_code prove_row(proof *p, const walked *one)
{
    const km_entry *e = &one->e;
    if (e->seq != p->expected_seq)
        return broken(p, p->expected_seq, "missing");
    p->expected_seq++;
    if (p->next_commit < e->seq)
        KM_TRY(next_commit(p));
    km_chain__append(p->head, e);
    KM_TRY(prove_body(p, one));
    if (e->seq == p->next_commit && memcmp(p->head, p->committed, KM_SHA256_LEN) != 0)
        return broken(p, e->seq, "the chain up to here differs from its commit");
    p->out->versions++;
    return KM_OK;
}

static km_code prove_charts(proof *p)
{
    km_stmt *st;
    bool row;
    km_fault *f = p->r->call->fault;
    KM_TRY(km_query(&st, p->r->conn, "chart_counts", f));
    KM_TRY(km_step(&row, st, f));
    if (row) {
        p->out->charts = km_col_int(st, 0);
        p->out->erased = km_col_int(st, 1);
        km_reset(st);
    }
    return KM_OK;
}

/* Tables beside the log must say what the log says; each query lists offenders. */
static km_code prove_tables(proof *p)
{
    static const struct {
        const char *query, *what;
    } claim[] = { { "wrong_current", "not the newest version that the table of resources names" },
                  { "wrong_claim", "its id is not claimed as it should be" } };
    km_fault *f = p->r->call->fault;
    for (size_t i = 0; i < sizeof claim / sizeof *claim; i++) {
        km_stmt *st;
        bool row;
        KM_TRY(km_query(&st, p->r->conn, claim[i].query, f));
        KM_TRY(km_step(&row, st, f));
        if (!row)
            continue;
        int64_t seq = km_col_int(st, 0);
        km_reset(st);
        return broken(p, seq, claim[i].what);
    }
    return KM_OK;
}

static km_code prove(proof *p, const km_progress *progress, int64_t all)
{
    walked *rows = KM_NEW_ARRAY(p->r->call->arena, PORTION, walked);
    km_arena_mark mark = km_arena_here(p->r->call->arena);
    for (size_t n = PORTION; n == PORTION;) {
        km_arena_back(p->r->call->arena, mark);
        KM_TRY(read_portion(rows, &n, p->r, p->expected_seq - 1));
        for (size_t i = 0; i < n; i++)
            KM_TRY(prove_row(p, &rows[i]));
        if (progress != NULL && !progress->tick(progress->self, p->out->versions, all))
            return km_fail(p->r->call->fault, KM_CANCELLED, NULL, NULL);
    }
    if (p->expected_seq - 1 != p->next_commit)
        return broken(p, p->expected_seq, "the log does not end where its last commit says");
    if (p->expected_seq - 1 != all)
        return broken(p, p->expected_seq, "missing");
    KM_TRY(prove_charts(p));
    return prove_tables(p);
}

km_code km_log_verify(km_verify_report *out, km_log *l, const km_progress *progress, km_call *call)
{
    static const km_access_rules none = { 0 };
    km_access everything = { &none, true, NULL };
    km_arena *arena = km_arena_new((size_t)1 << 30);
    km_call inner = *call;
    inner.arena = arena;
    *out = (km_verify_report){ 0 };
    proof p = { .log = l, .out = out, .expected_seq = 1 };
    km_code rc = km_reader_open(&p.r, l, &everything, &inner);
    if (rc == KM_OK) {
        (void)km_reader_conn(p.r); /* one snapshot for the whole proof */
        rc = prove(&p, progress, l->now.seq);
        km_str hex = km_hex(arena, p.head, KM_SHA256_LEN);
        memcpy(out->head, hex.p, 64);
        out->head[64] = '\0';
        km_reader_close(p.r);
    }
    km_arena_free(arena);
    return rc;
}
