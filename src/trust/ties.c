/* SPDX-License-Identifier: Apache-2.0
 *
 * ties: the fold of which institutions a chart's person has to do with (data/trust/ties.tsv).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "km_data_trust.h"
#include "record/notes.h"
#include "trust/marks.h"

enum { RULES = 64, NAMES = 64, STEPS = 20000 };
#define TABLE_BYTES ((size_t)4 << 20)
#define DAY_MS ((km_ms)86400000)

typedef struct rule {
    km_tie kind;
    km_ftype type;
    const km_path *path, *since, *until; /* since, until: NULL: no such path */
    int64_t days;
} rule;

static struct {
    rule rule[RULES];
    size_t n;
} table;

static _Noreturn void wrong(km_str where)
{
    fprintf(stderr, "kumihimo: data/trust/ties.tsv is wrong at %.*s\n", KM_STR_ARG(where));
    abort();
}

static km_tie kind_named(km_str name)
{
    static const char *const names[KM_TIES] = { NULL, "care", "member", "resident" };
    for (int k = KM_TIE_CARE; k < KM_TIES; k++)
        if (km_str_is(name, names[k]))
            return (km_tie)k;
    wrong(name);
}

static const km_path *path_of(km_str text, km_arena *a)
{
    km_path *path = NULL;
    km_fault f = { 0 };
    if (text.n > 0 && km_path_compile(&path, a, text, km_fhir_model(), &f) != KM_OK)
        wrong(text);
    return path;
}

static void read_table(void)
{
    static km_arena *a; /* for the life of the process */
    km_str cell[6], rest = km_embedded_find(km_data_trust, "ties.tsv");
    a = km_arena_new(TABLE_BYTES);
    (void)km_tsv_next(cell, 6, &rest);
    while (km_tsv_next(cell, 6, &rest) == 6) {
        rule *r = &table.rule[table.n++];
        *r = (rule){ .kind = kind_named(cell[0]),
                     .type = km_fhir_type_named(cell[1]),
                     .path = path_of(cell[2], a),
                     .since = path_of(cell[3], a),
                     .until = path_of(cell[4], a) };
        if (table.n == RULES || r->type == 0 || r->path == NULL
            || !km_str_to_i64(&r->days, cell[5]))
            wrong(cell[1]);
    }
}

static void load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_table);
}

/* --- rows of one record --- */

typedef struct tie {
    km_tie kind;
    km_str name;
    km_ms since, until;
} tie;

typedef struct row {
    tie *tie;
    size_t n;
} row;

/* The moment that a path leads to: its first (or last) one. */
static bool moment_at(km_ms *out, const km_path *path, const km_path_env *env, bool last)
{
    km_items found = { 0 };
    km_fault f = { 0 };
    km_civil c;
    km_ms low, high;
    if (path == NULL || km_path_eval(&found, path, env, &f) != KM_OK || found.n == 0)
        return false;
    km_str text = found.item[0].kind == KM_ITEM_JSON ? km_jv_str(found.item[0].v)
                                                     : found.item[0].text;
    if (!km_civil_parse(&c, text))
        return false;
    km_civil_interval(&low, &high, &c);
    *out = last ? high : low;
    return true;
}

static void span_of(tie *out, const rule *r, const km_path_env *env)
{
    bool from = moment_at(&out->since, r->since, env, false);
    if (!from)
        out->since = INT64_MIN;
    out->until = INT64_MAX;
    if (moment_at(&out->until, r->until, env, true))
        out->until += r->days * DAY_MS;
    else if (r->since != NULL && r->until == NULL)
        out->until = from ? out->since + r->days * DAY_MS : INT64_MIN; /* of no known time: never */
}

static km_str name_of(km_jv reference, int32_t source, km_arena *a)
{
    km_reference r;
    km_jv by = KM_JV_GET(reference, "identifier");
    km_str system = km_jv_str(KM_JV_GET(by, "system")), value = km_jv_str(KM_JV_GET(by, "value"));
    if (system.n > 0 && value.n > 0)
        return km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(value));
    if (!km_reference_parse(&r, km_jv_str(KM_JV_GET(reference, "reference"))) || r.id.n == 0
        || r.base.n > 0 || r.contained)
        return KM_STR_NONE;
    return km_arena_print(a, "%d/%.*s/%.*s", source, KM_STR_ARG(km_fhir_type_name(r.type)),
                          KM_STR_ARG(r.id));
}

static void follow(row *out, const rule *r, const km_folding *v, const km_path_env *env)
{
    km_items found = { 0 };
    km_fault f = { 0 };
    if (km_path_eval(&found, r->path, env, &f) != KM_OK)
        return;
    for (uint32_t i = 0; i < found.n && out->n < NAMES; i++) {
        tie *t = &out->tie[out->n];
        t->kind = r->kind;
        t->name = name_of(found.item[i].v, v->source, env->arena);
        if (t->name.n == 0)
            continue;
        span_of(t, r, env);
        out->n++;
    }
}

static km_code rows_of(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    (void)f;
    *out = NULL;
    load();
    if (v->owner.n == 0)
        return KM_OK;
    km_path_env env = {
        .model = km_fhir_model(), .arena = a, .resource = v->resource, .step_limit = STEPS
    };
    row *one = NULL;
    for (size_t i = 0; i < table.n; i++) {
        if (table.rule[i].type != v->type)
            continue;
        if (one == NULL) {
            one = KM_NEW(a, row);
            one->tie = KM_NEW_ARRAY(a, NAMES, tie);
        }
        follow(one, &table.rule[i], v, &env);
    }
    *out = one;
    return KM_OK;
}

/* --- the fold --- */

typedef struct note {
    bool remove;
    km_tie kind;
    int64_t chart, rid;
    km_ms since, until;
    size_t n;
    char name[];
} note;

static void note_all(void *state, const km_folding *v, const row *rows, bool remove)
{
    for (size_t i = 0; rows != NULL && v->chart != KM_CHART_NONE && i < rows->n; i++) {
        const tie *t = &rows->tie[i];
        note *n = km_notes_add(state, sizeof *n + t->name.n);
        n->remove = remove;
        n->kind = t->kind;
        n->chart = v->chart;
        n->rid = v->rid;
        n->since = t->since;
        n->until = t->until;
        n->n = t->name.n;
        memcpy(n->name, t->name.p, t->name.n);
    }
}

static void add(void *state, const km_folding *v, const void *rows)
{
    note_all(state, v, rows, false);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    note_all(state, v, rows, true);
}

static km_code write_note(void *self, const void *one, km_fault *f)
{
    km_stmt *st;
    const note *n = one;
    KM_TRY(km_query(&st, self, n->remove ? "tie_drop" : "tie_put", f));
    km_bind_int(st, 1, n->chart);
    km_bind_int(st, 2, n->kind);
    km_bind_text(st, 3, (km_str){ n->name, n->n });
    km_bind_int(st, 4, n->rid);
    if (!n->remove) {
        km_bind_int(st, 5, n->since);
        km_bind_int(st, 6, n->until);
    }
    return km_run(st, NULL, f);
}

static km_code flush(void *state, km_conn *c, km_fault *f)
{
    return km_notes_flush(state, write_note, c, f);
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    (void)state;
    return km_notes_take_all(c, "tie_forget", &chart, f);
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    (void)state;
    return km_notes_take_all(c, "tie_clear", NULL, f);
}

/* A change of data/trust/ties.tsv is a higher version. */
const km_fold_def km_trust_tie_fold = { .name = "tie",
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

km_code km_tie_holds(bool *out, km_reader *r, int64_t chart, km_tie kind, const km_str *name,
                     size_t names, km_ms now)
{
    km_call *call = km_reader_call(r);
    *out = false;
    for (size_t i = 0; i < names && !*out; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, km_reader_conn(r), "tie_holds", call->fault));
        km_bind_int(st, 1, chart);
        km_bind_int(st, 2, kind);
        km_bind_text(st, 3, name[i]);
        km_bind_int(st, 4, now);
        KM_TRY(km_step(out, st, call->fault));
        if (*out)
            km_reset(st);
    }
    return KM_OK;
}
