/* SPDX-License-Identifier: Apache-2.0
 *
 * consents: the fold that keeps Consents compiled.
 */
#include "trust/consents.h"

#include <assert.h>
#include <stdlib.h>

/* --- rows of one Consent (pure) --- */

static km_code rows_of(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    *out = NULL;
    if (v->type != km_fhir_type_named(KM_STR("Consent")))
        return KM_OK;
    km_consent *compiled = KM_NEW(a, km_consent);
    KM_TRY(km_consent_compile(compiled, a, v->resource, f));
    *out = compiled;
    return KM_OK;
}

/* --- notes of the writer's group --- */

typedef struct note {
    struct note *next;
    bool remove;
    int64_t chart, rid;
    size_t n;
    unsigned char bytes[];
} note;

typedef struct notes {
    note *first, **last;
} notes;

static void *open_notes(void)
{
    notes *s = calloc(1, sizeof *s);
    assert(s != NULL);
    s->last = &s->first;
    return s;
}

static void drop_notes(void *state)
{
    notes *s = state;
    for (note *n = s->first, *next; n != NULL; n = next) {
        next = n->next;
        free(n);
    }
    s->first = NULL;
    s->last = &s->first;
}

static void close_notes(void *state)
{
    drop_notes(state);
    free(state);
}

/* The arena of the rows ends before the group does. */
static void note_one(notes *s, const km_folding *v, const km_consent *compiled, bool remove)
{
    if (compiled == NULL)
        return;
    size_t bytes = remove ? 0 : compiled->n;
    note *n = calloc(1, sizeof *n + bytes);
    assert(n != NULL);
    n->remove = remove;
    n->chart = v->chart;
    n->rid = v->rid;
    n->n = bytes;
    if (bytes > 0)
        memcpy(n->bytes, compiled->p, bytes);
    *s->last = n;
    s->last = &n->next;
}

static void add(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, false);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, true);
}

static km_code flush(void *state, km_conn *c, km_fault *f)
{
    notes *s = state;
    for (const note *n = s->first; n != NULL; n = n->next) {
        km_stmt *st;
        KM_TRY(km_query(&st, c, n->remove ? "consent_drop" : "consent_put", f));
        km_bind_int(st, 1, n->chart);
        km_bind_int(st, 2, n->rid);
        if (!n->remove)
            km_bind_blob(st, 3, n->bytes, n->n);
        KM_TRY(km_run(st, NULL, f));
    }
    drop_notes(s);
    return KM_OK;
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    km_stmt *st;
    (void)state;
    KM_TRY(km_query(&st, c, "consent_forget", f));
    km_bind_int(st, 1, chart);
    return km_run(st, NULL, f);
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    km_stmt *st;
    (void)state;
    KM_TRY(km_query(&st, c, "consent_clear", f));
    return km_run(st, NULL, f);
}

const km_fold_def km_trust_consent_fold = { .name = "consent",
                                            .version = 1,
                                            .rows = rows_of,
                                            .open = open_notes,
                                            .close = close_notes,
                                            .add = add,
                                            .remove = take_back,
                                            .flush = flush,
                                            .drop = drop_notes,
                                            .forget = forget,
                                            .clear = clear };

/* --- reading --- */

km_code km_trust_consents(km_consent **out, size_t *n, km_reader *r, const int64_t *chart,
                          size_t charts)
{
    km_call *call = km_reader_call(r);
    km_conn *c = km_reader_conn(r);
    *n = 0;
    *out = KM_NEW_ARRAY(call->arena, KM_CONSENTS, km_consent);
    for (size_t i = 0; i < charts; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, c, "consent_all", call->fault));
        km_bind_int(st, 1, chart[i]);
        for (;;) {
            bool row;
            KM_TRY(km_step(&row, st, call->fault));
            if (!row)
                break;
            km_str bytes = km_arena_copy(call->arena, km_col_blob(st, 0));
            km_code rc = *n == KM_CONSENTS
                             ? km_fail(call->fault, KM_TOO_COSTLY, NULL, "too many consents")
                             : km_consent_load(&(*out)[*n], bytes, call->fault);
            if (rc != KM_OK) {
                km_reset(st);
                return rc;
            }
            ++*n;
        }
    }
    return KM_OK;
}
