/* SPDX-License-Identifier: Apache-2.0
 *
 * consents: the fold that keeps Consents compiled.
 */
#include "trust/consents.h"

#include "record/notes.h"

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
    bool remove;
    int64_t chart, rid;
    size_t n;
    unsigned char bytes[]; /* the arena of the rows ends before the group does */
} note;

static void note_one(void *notes, const km_folding *v, const km_consent *compiled, bool remove)
{
    if (compiled == NULL)
        return;
    size_t bytes = remove ? 0 : compiled->n;
    note *n = km_notes_add(notes, sizeof *n + bytes);
    n->remove = remove;
    n->chart = v->chart;
    n->rid = v->rid;
    n->n = bytes;
    if (bytes > 0)
        memcpy(n->bytes, compiled->p, bytes);
}

static void add(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, false);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, true);
}

static km_code write_note(void *self, const void *one, km_fault *f)
{
    km_stmt *st;
    const note *n = one;
    KM_TRY(km_query(&st, self, n->remove ? "consent_drop" : "consent_put", f));
    km_bind_int(st, 1, n->chart);
    km_bind_int(st, 2, n->rid);
    if (!n->remove)
        km_bind_blob(st, 3, n->bytes, n->n);
    return km_run(st, NULL, f);
}

static km_code flush(void *state, km_conn *c, km_fault *f)
{
    return km_notes_flush(state, write_note, c, f);
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    (void)state;
    return km_notes_take_all(c, "consent_forget", &chart, f);
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    (void)state;
    return km_notes_take_all(c, "consent_clear", NULL, f);
}

const km_fold_def km_trust_consent_fold = { .name = "consent",
                                            .version = 1,
                                            .rows = rows_of,
                                            .open = km_notes_open,
                                            .close = km_notes_close,
                                            .add = add,
                                            .remove = take_back,
                                            .flush = flush,
                                            .drop = km_notes_drop,
                                            .forget = forget,
                                            .clear = clear };

/* --- reading --- */

km_code km_trust__consents(km_consent **out, size_t *n, km_conn *c, const int64_t *chart,
                           size_t charts, km_arena *a, km_fault *f)
{
    km_consent found[KM_CONSENTS];
    *n = 0;
    for (size_t i = 0; i < charts; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, c, "consent_all", f));
        km_bind_int(st, 1, chart[i]);
        for (;;) {
            bool row;
            KM_TRY(km_step(&row, st, f));
            if (!row)
                break;
            km_str bytes = km_arena_copy(a, km_col_blob(st, 0));
            km_code rc = *n == KM_CONSENTS ? km_fail(f, KM_TOO_COSTLY, NULL, "too many consents")
                                           : km_consent_load(&found[*n], bytes, f);
            if (rc != KM_OK) {
                km_reset(st);
                return rc;
            }
            ++*n;
        }
    }
    *out = KM_NEW_ARRAY(a, *n + 1, km_consent);
    if (*n > 0)
        memcpy(*out, found, *n * sizeof *found);
    return KM_OK;
}

km_code km_trust_consents(km_consent **out, size_t *n, km_reader *r, const int64_t *chart,
                          size_t charts)
{
    km_call *call = km_reader_call(r);
    return km_trust__consents(out, n, km_reader_conn(r), chart, charts, call->arena, call->fault);
}
