/* SPDX-License-Identifier: Apache-2.0
 *
 * fold: the index as a fold of the log. Rows of a version are computed off the writer; the writer
 * notes them in its group and writes them sorted, since a sorted run touches each page of the tree
 * once.
 */
#include "view/index/index.h"

#include <assert.h>
#include <stdlib.h>

#include "view/index/hits.h"
#include "view/index/inside.h"

/* --- rows of one version (pure) --- */

typedef struct index_row {
    uint16_t param;
    uint8_t n;
    const unsigned char *value;
} index_row;

typedef struct index_rows {
    index_row *row;
    size_t n, room;
    int64_t day;
} index_rows;

static void add_row(index_rows *rows, km_arena *a, uint16_t param, const km_key *key)
{
    if (rows->n == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 16;
        index_row *row = km_arena_alloc(a, room * sizeof *row);
        if (rows->n > 0)
            memcpy(row, rows->row, rows->n * sizeof *row);
        rows->row = row;
        rows->room = room;
    }
    unsigned char *value = km_arena_alloc(a, key->n);
    memcpy(value, key->b, key->n);
    rows->row[rows->n++] = (index_row){ param, key->n, value };
}

/* The chart says whose it is: no row for the own patient by a parameter that means just that. */
static bool says_owner(const km_param *p, const km_value *v, km_str owner)
{
    km_reference ref;
    return p->own_patient && owner.n > 0 && v->kind == KM_PARAM_REFERENCE && v->text.n > 0
           && km_reference_parse(&ref, v->text) && ref.base.n == 0 && km_str_eq(ref.id, owner)
           && km_str_is(km_fhir_type_name(ref.type), "Patient");
}

/* What is found on the way to the rows is many times their size: it goes to `scratch`. */
static km_code rows_of_param(index_rows *rows, const km_param *p, const km_folding *v, km_arena *a,
                             km_arena *scratch, km_fault *f)
{
    bool own = false;
    km_values values = { 0 };
    KM_TRY(km_values_of(&values, p, v->resource, v->type, scratch, f));
    for (size_t i = 0; i < values.n; i++) {
        km_key key[3];
        if (says_owner(p, &values.v[i], v->owner)) {
            own = true;
            if (values.v[i].id_value.n == 0)
                continue;
            values.v[i].text = KM_STR_NONE; /* an identifier beside it stays */
        }
        size_t n = km_value_keys(key, &values.v[i], v->key, scratch);
        for (size_t j = 0; j < n; j++)
            add_row(rows, a, p->number, &key[j]);
    }
    if (p->own_patient && v->owner.n > 0 && !own) {
        km_key key;
        km_key_not_own(&key);
        add_row(rows, a, p->number, &key);
    }
    return KM_OK;
}

static km_code rows_of(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    index_rows *rows = KM_NEW(a, index_rows);
    km_arena *scratch = km_arena_new(KM_ARENA_CAP_DEFAULT);
    const km_param *params;
    km_code rc = KM_OK;
    size_t n = km_fhir_params(&params, v->type);
    for (size_t i = 0; i < n && rc == KM_OK; i++) {
        if (params[i].index_number != params[i].number || params[i].n_parts > 0
            || params[i].kind == KM_PARAM_COMPOSITE || params[i].kind == KM_PARAM_SPECIAL)
            continue;
        rc = rows_of_param(rows, &params[i], v, a, scratch, f);
        km_arena_reset(scratch);
    }
    km_arena_free(scratch);
    KM_TRY(rc);
    if (!km_fhir_day(&rows->day, v->resource, v->type))
        rows->day = KM_DAY_NONE;
    *out = rows;
    return KM_OK;
}

/* --- the writer's notes --- */

typedef struct note {
    uint64_t front; /* the first bytes of the value, as they sort */
    uint16_t param;
    uint8_t n;
    bool remove;
    uint32_t order; /* among notes of one row the last counts */
    int64_t chart, rid;
    size_t at; /* offset of the value */
} note;

typedef struct day_note {
    int64_t chart, day, rid;
    km_ftype type;
    bool remove;
} day_note;

typedef struct notes {
    note *note;
    size_t n, room;
    day_note *day;
    size_t days, day_room;
    unsigned char *bytes;
    size_t used, size;
} notes;

static void *grown(void *p, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return p;
    size_t more = *room ? *room * 2 : 1024;
    while (more < need)
        more *= 2;
    p = realloc(p, more * size);
    assert(p != NULL);
    *room = more;
    return p;
}

static void *open_notes(void)
{
    void *n = calloc(1, sizeof(notes));
    assert(n != NULL);
    return n;
}

static void close_notes(void *state)
{
    notes *s = state;
    free(s->note);
    free(s->day);
    free(s->bytes);
    free(s);
}

/* Zeros fill a shorter value up: it sorts no later than what it begins. */
static uint64_t front_of(const unsigned char *value, size_t n)
{
    uint64_t front = 0;
    for (size_t i = 0; i < 8; i++)
        front = front << 8 | (i < n ? value[i] : 0u);
    return front;
}

static void note_all(notes *s, const km_folding *v, const index_rows *rows, bool remove)
{
    for (size_t i = 0; i < rows->n; i++) {
        const index_row *r = &rows->row[i];
        s->note = grown(s->note, &s->room, s->n + 1, sizeof *s->note);
        s->bytes = grown(s->bytes, &s->size, s->used + r->n, 1);
        s->note[s->n] = (note){ front_of(r->value, r->n), r->param, r->n,   remove,
                                (uint32_t)s->n,           v->chart, v->rid, s->used };
        s->n++;
        memcpy(s->bytes + s->used, r->value, r->n);
        s->used += r->n;
    }
    s->day = grown(s->day, &s->day_room, s->days + 1, sizeof *s->day);
    s->day[s->days++] = (day_note){ v->chart, rows->day, v->rid, v->type, remove };
}

static void add(void *state, const km_folding *v, const void *rows)
{
    note_all(state, v, rows, false);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    note_all(state, v, rows, true);
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int same_row(const notes *s, const note *a, const note *b)
{
    if (a->param != b->param)
        return a->param < b->param ? -1 : 1;
    if (a->front != b->front)
        return a->front < b->front ? -1 : 1;
    int c = km_str_cmp((km_str){ (const char *)s->bytes + a->at, a->n },
                       (km_str){ (const char *)s->bytes + b->at, b->n });
    if (c == 0)
        c = by_number(a->chart, b->chart);
    return c != 0 ? c : by_number(a->rid, b->rid);
}

static int in_order(const void *x, const void *y, void *state)
{
    const note *a = x, *b = y;
    int c = same_row(state, a, b);
    return c != 0 ? c : by_number(a->order, b->order);
}

static km_code write_note(km_stmt *put, km_stmt *drop, const notes *s, const note *n, km_fault *f)
{
    km_stmt *st = n->remove ? drop : put;
    km_bind_int(st, 1, n->param);
    km_bind_blob(st, 2, s->bytes + n->at, n->n);
    km_bind_int(st, 3, n->chart);
    km_bind_int(st, 4, n->rid);
    return km_run(st, NULL, f);
}

static km_code flush_days(notes *s, km_conn *c, km_fault *f)
{
    km_stmt *put, *drop;
    KM_TRY(km_query(&put, c, "day_put", f));
    KM_TRY(km_query(&drop, c, "day_drop", f));
    for (size_t i = 0; i < s->days; i++) {
        const day_note *d = &s->day[i];
        km_stmt *st = d->remove ? drop : put;
        km_bind_int(st, 1, d->chart);
        km_bind_int(st, 2, d->type);
        km_bind_int(st, 3, d->day);
        km_bind_int(st, 4, d->rid);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

static void drop_notes(void *state)
{
    notes *s = state;
    s->n = s->days = s->used = 0;
}

static km_code flush(void *state, km_conn *c, km_fault *f)
{
    notes *s = state;
    km_stmt *put, *drop;
    if (s->n > 0)
        qsort_r(s->note, s->n, sizeof *s->note, in_order, s);
    KM_TRY(km_query(&put, c, "hit_put", f));
    KM_TRY(km_query(&drop, c, "hit_drop", f));
    for (size_t i = 0; i < s->n; i++)
        if (i + 1 == s->n || same_row(s, &s->note[i], &s->note[i + 1]) != 0)
            KM_TRY(write_note(put, drop, s, &s->note[i], f));
    KM_TRY(flush_days(s, c, f));
    drop_notes(s);
    return KM_OK;
}

/* --- erasure and rebuild --- */

static km_code run_all(km_conn *c, const char *const *query, const int64_t *chart, km_fault *f)
{
    for (; *query != NULL; query++) {
        km_stmt *st;
        int64_t changed;
        KM_TRY(km_query(&st, c, *query, f));
        if (chart != NULL)
            km_bind_int(st, 1, *chart);
        KM_TRY(km_run(st, &changed, f));
    }
    return KM_OK;
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    static const char *const queries[] = { "day_forget", NULL };
    (void)state;
    return run_all(c, queries, &chart, f);
}

/* `hit` is found by value, so this reads all of it. */
static km_code scour(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    static const char *const queries[] = { "hit_forget", NULL };
    (void)state;
    return run_all(c, queries, &chart, f);
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    static const char *const queries[] = { "hit_clear", "day_clear", NULL };
    (void)state;
    return run_all(c, queries, NULL, f);
}

const km_fold_def km_index_fold = { .name = "index",
                                    .version = 5,
                                    .rows = rows_of,
                                    .open = open_notes,
                                    .close = close_notes,
                                    .add = add,
                                    .remove = take_back,
                                    .flush = flush,
                                    .drop = drop_notes,
                                    .forget = forget,
                                    .scour = scour,
                                    .clear = clear };
