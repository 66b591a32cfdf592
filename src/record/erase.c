/* SPDX-License-Identifier: Apache-2.0
 *
 * erase: the end of a chart (decisions 8 to 10). View rows first, then blobs, names and the key, in
 * one transaction with secure_delete; then the write-ahead log is truncated. What stays: sealed
 * bodies that nobody can open, and every proof. And rebuilding a view from the log, its
 * counterpart.
 */
#include "record/inside.h"

#include <stdio.h>

typedef struct erasing {
    int64_t chart;
} erasing;

static km_code run_with_chart(km_conn *c, const char *query, int64_t chart, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, c, query, f));
    km_bind_int(st, 1, chart);
    return km_run(st, &changed, f);
}

static km_code must_be_there(km_conn *c, int64_t chart, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "chart_get", f));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    bool erased = km_col_null(st, 2);
    km_reset(st);
    return erased ? km_fail(f, KM_ERASED, NULL, "it was erased before") : KM_OK;
}

static km_code erase(void *self, km_txn *t, km_fault *f)
{
    static const char *const steps[] = { "claim_erase", "resource_erase", "blob_forget",
                                         "chart_erase" };
    const erasing *e = self;
    km_log *l = t->log;
    KM_TRY(must_be_there(l->conn, e->chart, f));
    for (size_t i = 0; i < l->folds; i++)
        KM_TRY(l->o.folds[i]->forget(l->fold_state[i], l->conn, e->chart, f));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        KM_TRY(run_with_chart(l->conn, steps[i], e->chart, f));
    km_charts__clear(l->charts);
    return KM_OK;
}

km_code km_log_erase(km_log *l, int64_t chart, km_fault *f)
{
    erasing e = { chart };
    if (chart == KM_CHART_NONE)
        return km_fail(f, KM_NOT_FOUND, NULL, "chart 0 belongs to nobody");
    KM_TRY(km_writer__alone(l, erase, &e, f));
    km_seal__forget(l, chart);
    return km_store_truncate_wal(l->o.store, f);
}

/* --- rebuild --- */

enum { REBUILD_PORTION = 1000 };

typedef struct rebuilding {
    km_log *log;
    const km_fold_def *fold;
    void *state;
    int64_t after, done;
    bool clear, end;
    km_call *call;
} rebuilding;

static km_code fold_record(rebuilding *b, km_reader *r, const km_entry *e, km_str id)
{
    km_record *rec;
    km_chart chart = { 0 };
    void *rows;
    km_code rc = km_reader__open_entry(&rec, r, e, id);
    if (rc == KM_ERASED) {
        km_fault_clear(r->call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    if (e->chart != KM_CHART_NONE)
        KM_TRY(km_reader_chart(&chart, r, e->chart));
    km_folding v = { .chart = e->chart,
                     .rid = e->rid,
                     .type = rec->type,
                     .id = rec->id,
                     .source = rec->source,
                     .owner = chart.patient,
                     .key = b->log->index_key };
    KM_TRY(km_record_json(&v.resource, rec, r->call));
    KM_TRY(b->fold->rows(&rows, &v, r->call->arena, r->call->fault));
    b->fold->add(b->state, &v, rows);
    return KM_OK;
}

/* The current versions in order of rid, a portion in each transaction. */
static km_code fold_portion(void *self, km_txn *t, km_fault *f)
{
    static const km_access_rules none = { 0 };
    km_access everything = { &none, true, NULL };
    rebuilding *b = self;
    km_stmt *st;
    size_t n = 0;
    t->reader->call = b->call;
    t->reader->access = &everything;
    t->reader->reads = 1;
    if (b->clear) {
        KM_TRY(b->fold->clear(b->state, t->log->conn, f));
        b->clear = false;
    }
    KM_TRY(km_query(&st, t->log->conn, "resource_bodies", f));
    km_bind_int(st, 1, b->after);
    km_bind_int(st, 2, REBUILD_PORTION);
    for (;; n++) {
        bool more;
        km_entry e;
        KM_TRY(km_step(&more, st, f));
        if (!more)
            break;
        km_entry__read(&e, st);
        b->after = e.rid;
        KM_TRY(fold_record(b, t->reader, &e, km_col_text(st, 11)));
    }
    t->noted = true;
    b->done += (int64_t)n;
    b->end = n < REBUILD_PORTION;
    return KM_OK;
}

km_code km_log_rebuild(km_log *l, const char *name, const km_progress *p, km_call *call)
{
    size_t which = 0;
    while (which < l->folds && strcmp(l->o.folds[which]->name, name) != 0)
        which++;
    if (which == l->folds)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, "no view is called %s", name);
    km_call inner = *call;
    inner.arena = km_arena_new((size_t)1 << 30);
    rebuilding b = { .log = l,
                     .fold = l->o.folds[which],
                     .state = l->fold_state[which],
                     .clear = true,
                     .call = &inner };
    km_code rc = KM_OK;
    while (rc == KM_OK && !b.end) {
        km_arena_reset(inner.arena);
        rc = km_writer__alone(l, fold_portion, &b, call->fault);
        if (rc == KM_OK && p != NULL && !p->tick(p->self, b.done, l->now.rid))
            rc = km_fail(call->fault, KM_CANCELLED, NULL, "the view is incomplete: run it again");
    }
    km_arena_free(inner.arena);
    return rc;
}
