/* SPDX-License-Identifier: Apache-2.0
 *
 * rebuild: a view made anew from the current versions in the log. The setting fold:NAME says which
 * version of a fold made what is there; 0 says that a rebuild began and has not ended.
 */
#include "record/inside.h"

#include <stdio.h>

enum { PORTION = 1000 };

typedef struct rebuilding {
    km_log *log;
    const km_fold_def *fold;
    void *state;
    int64_t after, done, all;
    bool clear, end;
    km_call *call;
} rebuilding;

static km_code put_version(km_conn *c, const km_fold_def *fold, int version, km_fault *f)
{
    char name[64], text[16];
    snprintf(name, sizeof name, "fold:%s", fold->name);
    snprintf(text, sizeof text, "%d", version);
    return km_setting__put(c, name, km_str_of(text), f);
}

static km_code fold_record(rebuilding *b, km_reader *r, const km_entry *e, km_str id)
{
    km_record *rec;
    void *rows;
    km_code rc = km_reader__open_entry(&rec, r, e, id);
    if (rc == KM_ERASED) {
        km_fault_clear(r->call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    km_folding v = { .chart = e->chart,
                     .rid = e->rid,
                     .type = rec->type,
                     .id = rec->id,
                     .source = rec->source,
                     .key = b->log->index_key };
    KM_TRY(km_reader__patient(&v.owner, r, e->chart));
    KM_TRY(km_record_json(&v.resource, rec, r->call));
    KM_TRY(b->fold->rows(&rows, &v, r->call->arena, r->call->fault));
    b->fold->add(b->state, &v, rows);
    return KM_OK;
}

static km_code begin_portion(rebuilding *b, km_txn *t, km_fault *f)
{
    km_stmt *st;
    bool row;
    t->reader->call = b->call;
    KM_TRY(km_query(&st, t->log->conn, "resource_count", f));
    KM_TRY(km_step(&row, st, f));
    b->all = row ? km_col_int(st, 0) : 0;
    km_reset(st);
    if (!b->clear)
        return KM_OK;
    b->clear = false;
    KM_TRY(put_version(t->log->conn, b->fold, 0, f));
    return b->fold->clear(b->state, t->log->conn, f);
}

/* The current versions in order of rid, a portion in each transaction. */
static km_code fold_portion(void *self, km_txn *t, km_fault *f)
{
    rebuilding *b = self;
    km_stmt *st;
    size_t n = 0;
    KM_TRY(begin_portion(b, t, f));
    KM_TRY(km_query(&st, t->log->conn, "resource_bodies", f));
    km_bind_int(st, 1, b->after);
    km_bind_int(st, 2, PORTION);
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
    b->end = n < PORTION;
    return b->end ? put_version(t->log->conn, b->fold, b->fold->version, f) : KM_OK;
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
        if (rc == KM_OK && !b.end && p != NULL && !p->tick(p->self, b.done, b.all))
            rc = km_fail(call->fault, KM_CANCELLED, NULL, "the view is incomplete: run it again");
    }
    km_arena_free(inner.arena);
    return rc;
}

/* --- at the start --- */

typedef struct looking {
    const km_fold_def *fold;
    km_arena *arena;
    bool outdated;
} looking;

static km_code look_at_version(void *self, km_txn *t, km_fault *f)
{
    looking *k = self;
    char name[64];
    km_str text;
    bool there;
    int64_t version = 0;
    snprintf(name, sizeof name, "fold:%s", k->fold->name);
    KM_TRY(km_setting__get(&text, &there, t->log->conn, k->arena, name, f));
    if (there && !km_str_to_i64(&version, text))
        version = 0;
    if (version > k->fold->version)
        return km_fail(f, KM_TOO_NEW, NULL, "the view %s was made by a newer program",
                       k->fold->name);
    if (version == k->fold->version)
        return KM_OK;
    k->outdated = t->log->now.seq > 0;
    return k->outdated ? KM_OK : put_version(t->log->conn, k->fold, k->fold->version, f);
}

km_code km_rebuild__outdated(km_log *l, km_fault *f)
{
    km_call call = { km_arena_new(1 << 20), f, l->o.clock, l->o.random, NULL };
    km_code rc = KM_OK;
    for (size_t i = 0; i < l->folds && rc == KM_OK; i++) {
        looking k = { l->o.folds[i], call.arena, false };
        rc = km_writer__alone(l, look_at_version, &k, f);
        if (rc == KM_OK && k.outdated)
            rc = km_log_rebuild(l, k.fold->name, NULL, &call);
    }
    km_arena_free(call.arena);
    return rc;
}
