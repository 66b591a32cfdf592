/* SPDX-License-Identifier: Apache-2.0
 *
 * prepare: what of a write can be done before the writer is held: canonical text, compression, the
 * rows of the new version.
 */
#include "record/inside.h"

#include <assert.h>

km_folding km_plan__folding(const km_log *l, const km_write *w)
{
    bool patient = km_str_is(km_fhir_type_name(w->type), "Patient");
    return (km_folding){ .type = w->type,
                         .id = w->id,
                         .source = w->source,
                         .owner = patient ? w->id : w->owner,
                         .resource = w->resource,
                         .key = l->index_key };
}

static km_code fold_rows(void **rows, km_log *l, const km_folding *v, km_call *call)
{
    for (size_t i = 0; i < l->folds; i++)
        KM_TRY(l->o.folds[i]->rows(&rows[i], v, call->arena, call->fault));
    return KM_OK;
}

km_code km_plan__prepare_write(km_log *l, km_sealing *s, km_write *w, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    assert(km_fhir_is_resource(w->type) && w->type < KM_TYPES && w->source >= 0);
    if (!km_fhir_is_id(w->id) || (w->owner.n > 0 && !km_fhir_is_id(w->owner)))
        return km_fail(call->fault, KM_BAD_VALUE, "id", "1 to 64 of A-Z a-z 0-9 - .");
    w->prepared = KM_NEW(call->arena, struct km_prepared);
    w->prepared->id = w->id;
    if (w->op == KM_OP_DELETE)
        return KM_OK;
    km_buf_reserve(&text, km_jv_raw(w->resource).n + 64);
    km_record_canonical(&text, w->resource, w->type, w->id);
    w->prepared->text = km_buf_str(&text);
    w->prepared->packed = km_seal__pack(s, call->arena, w->prepared->text);
    km_folding v = km_plan__folding(l, w);
    KM_TRY(fold_rows(w->prepared->rows, l, &v, call));
    if (km_arena_over(call->arena))
        return km_fail(call->fault, KM_TOO_COSTLY, NULL, "the request needs too much memory");
    return KM_OK;
}

/* The rows are the old version's: of its owner, which whoever deletes need not know. */
km_code km_plan__read_old(km_old *out, km_reader *r, const km_write *w, int64_t seq, km_call *call)
{
    km_folding v = km_plan__folding(r->log, w);
    KM_TRY(km_reader_by_seq(&out->record, r, seq));
    out->same = w->keep_same && w->op == KM_OP_UPDATE
                && km_str_eq(out->record->stored, w->prepared->text);
    if (out->same)
        return KM_OK;
    KM_TRY(km_reader__patient(&v.owner, r, out->record->chart));
    KM_TRY(km_record_json(&v.resource, out->record, call));
    return fold_rows(out->rows, r->log, &v, call);
}

/* --- what will likely be replaced --- */

static km_code current_seq(int64_t *seq, km_conn *c, const km_write *w, km_fault *f)
{
    km_stmt *st;
    bool row;
    *seq = 0;
    KM_TRY(km_query(&st, c, "claim_of", f));
    km_bind_int(st, 1, w->type);
    km_bind_text(st, 2, w->id);
    km_bind_int(st, 3, w->source);
    KM_TRY(km_step(&row, st, f));
    if (row && km_col_int(st, 4) == 0)
        *seq = km_col_int(st, 3);
    km_reset(st);
    return KM_OK;
}

/* Opening the current version and finding its rows costs many times what appending does, so it is
 * done here, for the version that is current now; when another comes first, the writer does it
 * again. Nothing depends on it: without a free connection it is left out, and a fault is the
 * writer's to tell. */
static void foresee(km_log *l, km_sealing *s, km_plan *p)
{
    km_fault ignored = { 0 };
    km_call call = *p->call;
    km_conn *c = NULL;
    bool replaces = false;
    for (size_t i = 0; i < p->n; i++)
        replaces = replaces || (!p->write[i].skip && p->write[i].expect != KM_EXPECT_ABSENT);
    if (!replaces)
        return;
    call.fault = &ignored;
    if (km_store_reader_if_free(&c, l->o.store, &ignored) != KM_OK || c == NULL)
        return;
    km_reader r = { .log = l, .conn = c, .call = &call, .sealing = s, .writers = true };
    for (size_t i = 0; i < p->n && !km_arena_over(call.arena); i++) {
        const km_write *w = &p->write[i];
        int64_t seq;
        if (w->skip || w->expect == KM_EXPECT_ABSENT || current_seq(&seq, c, w, &ignored) != KM_OK
            || seq == 0)
            continue;
        km_old *old = KM_NEW(call.arena, km_old);
        if (km_plan__read_old(old, &r, w, seq, &call) == KM_OK)
            w->prepared->old = old;
        km_fault_clear(&ignored);
    }
    km_store_return(c);
}

km_code km_plan__prepare(km_log *l, km_plan *p, size_t *failed)
{
    km_sealing *s = km_sealing__take(l);
    km_code rc = KM_OK;
    for (size_t i = 0; i < p->n && rc == KM_OK; i++) {
        *failed = i;
        rc = km_plan__prepare_write(l, s, &p->write[i], p->call);
    }
    if (rc == KM_OK)
        foresee(l, s, p);
    km_sealing__give(l, s);
    return rc;
}
