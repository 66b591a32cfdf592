/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: one writer's request, in two passes: first everything is looked at, then everything is
 * written. A plan that is refused in the first pass has written nothing, so no savepoint is needed;
 * a failure in the second is the store's, and the whole group is rolled back.
 */
#include "record/inside.h"

#include <assert.h>

/* What the first pass found out about one write. */
typedef struct aim {
    int64_t chart, rid, prev; /* 0: to be made */
    int32_t version;          /* the current one; 0 = none */
    bool was_deleted;
    bool skip;
    const km_old *old; /* current version, when its rows must be taken back */
} aim;

/* --- first pass: look --- */

static km_code find_current(km_txn *t, const km_write *w, aim *out, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, t->log->conn, "claim_of", f));
    km_bind_int(st, 1, w->type);
    km_bind_text(st, 2, w->id);
    km_bind_int(st, 3, w->source);
    KM_TRY(km_step(&row, st, f));
    if (row)
        *out = (aim){ .chart = km_col_int(st, 0),
                      .rid = km_col_int(st, 1),
                      .version = (int32_t)km_col_int(st, 2),
                      .prev = km_col_int(st, 3),
                      .was_deleted = km_col_int(st, 4) != 0 };
    km_reset(st);
    return KM_OK;
}

static km_code find_chart(int64_t *chart, km_txn *t, int32_t source, km_str patient, km_fault *f)
{
    km_stmt *st;
    bool row;
    *chart = km_charts__find(t->log->charts, source, patient);
    if (*chart != 0)
        return KM_OK;
    KM_TRY(km_query(&st, t->log->conn, "chart_by_patient", f));
    km_bind_int(st, 1, source);
    km_bind_text(st, 2, patient);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return KM_OK;
    *chart = km_col_int(st, 0);
    km_reset(st);
    km_charts__put(t->log->charts, source, patient, *chart);
    return KM_OK;
}

/* A record belongs to its chart for ever (decision 6): an update may not hand it to another
 * patient, neither to one that has no chart yet. */
static km_code same_owner(km_txn *t, const km_write *w, const aim *a, km_fault *f)
{
    int64_t chart = KM_CHART_NONE;
    km_str owner = km_plan__folding(t->log, w).owner;
    if (owner.n > 0)
        KM_TRY(find_chart(&chart, t, w->source, owner, f));
    if (chart != a->chart || (owner.n > 0 && chart == KM_CHART_NONE))
        return km_fail(f, KM_SEVERAL_OWNERS, NULL,
                       "a record stays with its patient: delete it and create it anew");
    return KM_OK;
}

static km_code check_expectation(const km_write *w, const aim *a, km_fault *f)
{
    bool there = a->version > 0 && !a->was_deleted;
    if (w->expect == KM_EXPECT_ABSENT && there)
        return km_fail(f, KM_DUPLICATE, NULL, "the id is in use");
    if (w->expect > 0 && (!there || w->expect != a->version))
        return km_fail(f, KM_PRECONDITION, NULL, "the current version is another one");
    if (w->op == KM_OP_DELETE && a->version == 0)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    return KM_OK;
}

/* The current version's rows, which the new version takes back: prepared off the writer where the
 * current version is still the one that was seen there. */
static km_code load_old(km_txn *t, const km_write *w, aim *a, km_call *call)
{
    a->old = w->prepared->old;
    if (a->old != NULL && a->old->record->seq == a->prev)
        return KM_OK;
    km_old *old = KM_NEW(call->arena, km_old);
    a->old = old;
    return km_plan__read_old(old, t->reader, w, a->prev, call);
}

/* A chart whose key does not open refuses here, where nothing is written yet: later the whole
 * group would be lost with it. */
static km_code key_opens(km_txn *t, const km_write *w, const aim *a, km_fault *f)
{
    unsigned char key[KM_KEY_LEN];
    int64_t chart = a->chart;
    km_str owner = km_plan__folding(t->log, w).owner;
    if (a->version == 0 && owner.n > 0)
        KM_TRY(find_chart(&chart, t, w->source, owner, f));
    KM_TRY(km_seal__key(key, t->log, t->log->conn, t->log->sealing, chart, f));
    explicit_bzero(key, sizeof key);
    return KM_OK;
}

static void answer_unchanged(km_write *w, const aim *a, const km_record *old)
{
    w->unchanged = true;
    w->version = a->version;
    w->rid = a->rid;
    w->chart = a->chart;
    w->seq = a->prev;
    w->at = old ? old->at : 0;
}

static km_code look(km_txn *t, km_write *w, aim *a, km_call *call)
{
    km_fault *f = call->fault;
    if (w->rewritten || !km_str_eq(w->id, w->prepared->id)) {
        KM_TRY(km_plan__prepare_write(t->log, t->log->sealing, w, call));
        w->rewritten = false;
    }
    KM_TRY(find_current(t, w, a, f));
    KM_TRY(check_expectation(w, a, f));
    if (w->op == KM_OP_DELETE && a->was_deleted) {
        a->skip = true;
        answer_unchanged(w, a, NULL);
        return KM_OK;
    }
    if (a->version > 0 && w->op != KM_OP_DELETE)
        KM_TRY(same_owner(t, w, a, f));
    if (w->op != KM_OP_DELETE)
        KM_TRY(key_opens(t, w, a, f));
    if (a->version == 0 || a->was_deleted)
        return KM_OK;
    KM_TRY(load_old(t, w, a, call));
    if (a->old->same) {
        a->skip = true;
        answer_unchanged(w, a, a->old->record);
    }
    return KM_OK;
}

/* One plan may name one resource once: the second pass relies on what the first has seen. */
static km_code all_different(const km_plan *p, size_t *failed)
{
    size_t room = 16;
    while (room < p->n * 2)
        room *= 2;
    const km_write **slot = KM_NEW_ARRAY(p->call->arena, room, const km_write *);
    for (size_t i = 0; i < p->n; i++) {
        const km_write *w = &p->write[i];
        if (w->skip)
            continue;
        size_t at = (size_t)km_siphash((km_sipkey){ w->type, 0 }, w->id.p, w->id.n) & (room - 1);
        for (; slot[at] != NULL; at = (at + 1) & (room - 1))
            if (slot[at]->type == w->type && slot[at]->source == w->source
                && km_str_eq(slot[at]->id, w->id)) {
                *failed = i;
                return km_fail(p->call->fault, KM_CONFLICT, NULL,
                               "the same resource stands twice in one request");
            }
        slot[at] = w;
    }
    return KM_OK;
}

/* --- second pass: write --- */

static km_code make_chart(int64_t *chart, km_txn *t, int32_t source, km_str patient, km_call *call)
{
    km_log *l = t->log;
    unsigned char key[KM_KEY_LEN];
    km_stmt *st;
    *chart = ++l->now.chart;
    l->o.random->fill(l->o.random->self, key, sizeof key);
    km_str wrapped = km_seal__wrap(l, l->sealing, call->arena, *chart, key);
    km_seal__remember(l, *chart, key);
    explicit_bzero(key, sizeof key);
    km_charts__put(l->charts, source, patient, *chart);
    KM_TRY(km_query(&st, l->conn, "chart_put", call->fault));
    km_bind_int(st, 1, *chart);
    km_bind_int(st, 2, source);
    km_bind_text(st, 3, patient);
    km_bind_blob(st, 4, wrapped.p, wrapped.n);
    return km_run(st, NULL, call->fault);
}

static km_code chart_for(int64_t *chart, km_txn *t, const km_write *w, km_call *call)
{
    km_str owner = km_plan__folding(t->log, w).owner;
    *chart = KM_CHART_NONE;
    if (owner.n == 0)
        return KM_OK;
    KM_TRY(find_chart(chart, t, w->source, owner, call->fault));
    return *chart != 0 ? KM_OK : make_chart(chart, t, w->source, owner, call);
}

static km_code put_claim(km_txn *t, const km_write *w, const aim *a, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, t->log->conn, "claim_put", f));
    km_bind_int(st, 1, w->type);
    km_bind_text(st, 2, w->id);
    km_bind_int(st, 3, w->source);
    km_bind_int(st, 4, a->chart);
    km_bind_int(st, 5, a->rid);
    return km_run(st, NULL, f);
}

static km_code put_resource(km_txn *t, const km_write *w, const aim *a, int64_t seq, km_fault *f)
{
    km_stmt *st;
    bool fresh = a->version == 0;
    KM_TRY(km_query(&st, t->log->conn, fresh ? "resource_put" : "resource_move", f));
    km_bind_int(st, 1, a->rid);
    if (fresh) {
        km_bind_int(st, 2, a->chart);
        km_bind_int(st, 3, w->type);
        km_bind_int(st, 4, w->source);
        km_bind_text(st, 5, w->id);
    }
    int at = fresh ? 6 : 2;
    km_bind_int(st, at, a->version + 1);
    km_bind_int(st, at + 1, seq);
    km_bind_int(st, at + 2, w->op == KM_OP_DELETE);
    return km_run(st, NULL, f);
}

static km_code put_entry(km_txn *t, const km_entry *e, km_fault *f)
{
    km_stmt *st;
    const int64_t column[10] = { e->seq,    e->chart, e->rid, e->type, e->version,
                                 e->source, e->op,    e->at,  e->prev, e->type_prev };
    KM_TRY(km_query(&st, t->log->conn, "log_put", f));
    for (int i = 0; i < 10; i++)
        km_bind_int(st, i + 1, column[i]);
    if (e->body.p != NULL)
        km_bind_blob(st, 11, e->body.p, e->body.n);
    else
        km_bind_null(st, 11);
    return km_run(st, NULL, f);
}

static km_code seal_body(km_str *out, km_txn *t, const km_write *w, const aim *a, km_call *call)
{
    unsigned char key[KM_KEY_LEN];
    km_log *l = t->log;
    *out = KM_STR_NONE;
    if (w->op == KM_OP_DELETE)
        return KM_OK;
    KM_TRY(km_seal__key(key, l, l->conn, l->sealing, a->chart, call->fault));
    km_seal_place at = { a->chart, w->type, w->id, a->version + 1 };
    *out = km_seal__close(l->sealing, call->arena, key, &at, w->prepared->packed, l->o.random);
    return KM_OK;
}

static void fold_in(km_txn *t, const km_write *w, const aim *a)
{
    km_folding v = km_plan__folding(t->log, w);
    v.chart = a->chart;
    v.rid = a->rid;
    for (size_t i = 0; i < t->log->folds; i++) {
        const km_fold_def *fold = t->log->o.folds[i];
        if (a->old != NULL)
            fold->remove(t->log->fold_state[i], &v, a->old->rows[i]);
        if (w->op != KM_OP_DELETE)
            fold->add(t->log->fold_state[i], &v, w->prepared->rows[i]);
    }
    t->noted = true;
}

static km_code append(km_txn *t, km_write *w, aim *a, km_call *call)
{
    km_log *l = t->log;
    km_str body;
    if (a->version == 0) {
        KM_TRY(chart_for(&a->chart, t, w, call));
        a->rid = ++l->now.rid;
    }
    KM_TRY(seal_body(&body, t, w, a, call));
    km_entry e = { .seq = ++l->now.seq,
                   .chart = a->chart,
                   .rid = a->rid,
                   .type = w->type,
                   .version = a->version + 1,
                   .source = w->source,
                   .op = w->op,
                   .at = l->now.at,
                   .prev = a->prev,
                   .type_prev = l->now.type_last[w->type],
                   .body = body };
    l->now.type_last[w->type] = e.seq;
    km_chain__append(l->now.head, &e);
    KM_TRY(put_entry(t, &e, call->fault));
    KM_TRY(put_resource(t, w, a, e.seq, call->fault));
    if (a->version == 0)
        KM_TRY(put_claim(t, w, a, call->fault));
    fold_in(t, w, a);
    w->created = a->version == 0 || a->was_deleted;
    w->version = a->version + 1;
    w->seq = e.seq;
    w->chart = a->chart;
    w->rid = a->rid;
    w->at = e.at;
    return KM_OK;
}

km_code km_plan__flush(km_txn *t, km_fault *f)
{
    if (!t->noted)
        return KM_OK;
    for (size_t i = 0; i < t->log->folds; i++)
        KM_TRY(t->log->o.folds[i]->flush(t->log->fold_state[i], t->log->conn, f));
    t->noted = false;
    return KM_OK;
}

/* A failure after the first row was written loses the group, whatever its name. */
static km_code lost(km_fault *f, km_code rc)
{
    if (rc == KM_STORE)
        return rc;
    km_fault_clear(f);
    return km_fail(f, KM_STORE, NULL, "the write could not be finished");
}

km_code km_plan__carry_out(km_txn *t, km_plan *p, size_t *failed, int64_t *records)
{
    km_call *call = p->call;
    *failed = p->n;
    t->reader->call = call;
    t->reader->access = p->access;
    if (p->before != NULL && p->access != NULL)
        km_access_bind(p->access, t->reader);
    if (p->before != NULL) {
        if (km_plan__flush(t, call->fault) != KM_OK)
            return lost(call->fault, KM_STORE);
        KM_TRY(p->before(p, t, call->fault));
    }
    t->reader->access = NULL; /* from here on the log itself reads, not the caller */
    KM_TRY(all_different(p, failed));
    aim *aims = KM_NEW_ARRAY(call->arena, p->n, aim);
    for (size_t i = 0; i < p->n; i++) {
        *failed = i;
        if (p->write[i].skip)
            aims[i].skip = true;
        else
            KM_TRY(look(t, &p->write[i], &aims[i], call));
    }
    for (size_t i = 0; i < p->n; i++) {
        *failed = i;
        if (aims[i].skip)
            continue;
        if (km_act__note(t->log, p->act, call->fault) != KM_OK)
            return lost(call->fault, KM_STORE);
        km_code rc = append(t, &p->write[i], &aims[i], call);
        if (rc != KM_OK)
            return lost(call->fault, rc);
        ++*records;
    }
    *failed = p->n;
    return KM_OK;
}
