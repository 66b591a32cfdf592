/* SPDX-License-Identifier: Apache-2.0
 *
 * erase: the end of a chart (decisions 8 to 10). View rows first, then blobs, names and the key, in
 * one transaction with secure_delete; then the write-ahead log is truncated. What stays: sealed
 * bodies that nobody can open, and every proof.
 */
#include "record/inside.h"

#include <stdio.h>

enum { PORTION = 500 };

typedef struct erasing {
    int64_t chart;
    km_call *call;
    bool unsure; /* a body did not open: which rows it put in, nobody knows */
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

/* --- rows of views --- */

static km_code take_back(erasing *e, km_txn *t, const km_entry *entry, km_str id)
{
    km_log *l = t->log;
    km_old old;
    km_write w = { .type = (km_ftype)entry->type,
                   .source = (int32_t)entry->source,
                   .id = km_arena_copy(e->call->arena, id) };
    km_code rc = km_plan__read_old(&old, t->reader, &w, entry->seq, e->call);
    if (rc == KM_TAMPERED) {
        km_fault_clear(e->call->fault);
        e->unsure = true;
        return KM_OK;
    }
    KM_TRY(rc);
    km_folding v = km_plan__folding(l, &w);
    v.chart = entry->chart;
    v.rid = entry->rid;
    for (size_t i = 0; i < l->folds; i++)
        l->o.folds[i]->remove(l->fold_state[i], &v, old.rows[i]);
    t->noted = true;
    return KM_OK;
}

static km_code read_portion(km_entry *entry, km_str *id, size_t *n, km_txn *t, int64_t chart,
                            int64_t after)
{
    km_stmt *st;
    km_call *call = t->reader->call;
    *n = 0;
    KM_TRY(km_query(&st, t->log->conn, "resource_of_chart", call->fault));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, after);
    km_bind_int(st, 3, PORTION);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        entry[*n] = (km_entry){ .seq = km_col_int(st, 0),
                                .chart = chart,
                                .rid = km_col_int(st, 1),
                                .type = km_col_int(st, 2),
                                .source = km_col_int(st, 3) };
        id[(*n)++] = km_arena_copy(call->arena, km_col_text(st, 4));
    }
}

/* Each current version takes back what it put in, as for a deletion: that costs what the chart
 * holds, while looking for the chart in all rows costs what everybody holds. */
static km_code take_back_all(erasing *e, km_txn *t)
{
    km_arena *a = e->call->arena;
    km_entry *entry = KM_NEW_ARRAY(a, PORTION, km_entry);
    km_str *id = KM_NEW_ARRAY(a, PORTION, km_str);
    km_arena_mark mark = km_arena_here(a);
    int64_t after = 0;
    for (size_t n = PORTION; n == PORTION;) {
        km_arena_back(a, mark);
        KM_TRY(read_portion(entry, id, &n, t, e->chart, after));
        for (size_t i = 0; i < n; i++)
            KM_TRY(take_back(e, t, &entry[i], id[i]));
        KM_TRY(km_plan__flush(t, e->call->fault));
        if (n > 0)
            after = entry[n - 1].rid;
    }
    return KM_OK;
}

static km_code forget_views(erasing *e, km_txn *t, km_fault *f)
{
    km_log *l = t->log;
    KM_TRY(take_back_all(e, t));
    for (size_t i = 0; i < l->folds; i++) {
        const km_fold_def *fold = l->o.folds[i];
        KM_TRY(fold->forget(l->fold_state[i], l->conn, e->chart, f));
        if (e->unsure && fold->scour != NULL)
            KM_TRY(fold->scour(l->fold_state[i], l->conn, e->chart, f));
    }
    return KM_OK;
}

/* --- the whole --- */

static km_code keep_rid(km_log *l, km_fault *f)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)l->now.rid);
    return km_setting__put(l->conn, KM_SETTING_RID, km_str_of(text), f);
}

static km_code erase(void *self, km_txn *t, km_fault *f)
{
    static const char *const steps[] = { "claim_erase", "resource_erase", "blob_forget",
                                         "chart_erase" };
    erasing *e = self;
    km_log *l = t->log;
    t->reader->call = e->call;
    KM_TRY(must_be_there(l->conn, e->chart, f));
    KM_TRY(forget_views(e, t, f));
    KM_TRY(keep_rid(l, f));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        KM_TRY(run_with_chart(l->conn, steps[i], e->chart, f));
    km_charts__clear(l->charts);
    return KM_OK;
}

km_code km_log_erase(km_log *l, int64_t chart, km_fault *f)
{
    km_call call = { km_arena_new((size_t)1 << 30), f, l->o.clock, l->o.random, NULL };
    erasing e = { chart, &call, false };
    km_code rc = chart == KM_CHART_NONE ? km_fail(f, KM_NOT_FOUND, NULL, "chart 0 is nobody's")
                                        : km_writer__alone(l, erase, &e, f);
    km_arena_free(call.arena);
    if (rc != KM_OK && rc != KM_ERASED)
        return rc;
    /* Once more for one that was erased before: the truncation may be what failed then. */
    if (rc == KM_OK)
        km_seal__forget(l, chart);
    km_code truncated = km_store_truncate_wal(l->o.store, rc == KM_OK ? f : NULL);
    return rc != KM_OK ? rc : truncated;
}
