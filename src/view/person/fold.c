/* SPDX-License-Identifier: Apache-2.0
 *
 * fold: Patients to persons. Charts that share an identifier of a listed system form one component;
 * its number is its smallest chart, so the order of arrival leaves no trace and a rebuilt view
 * equals the live one.
 */
#include "view/person/person.h"

#include <assert.h>
#include <stdlib.h>

#include "base/kana.h"
#include "record/notes.h"
#include "km_data_view_person.h"

enum { MARK = 16, LINKS = 32, NAMES = 16, NAME_BYTES = 120, COMPONENT_MAX = 4096, SEEN = 8192 };

/* --- rows of one Patient (pure) --- */

typedef struct person_rows {
    unsigned char mark[LINKS][MARK];
    size_t marks;
    km_str
        name[NAMES]; /* folded; the first is the one people are listed by (kana if there is one) */
    size_t names;
    bool is_patient;
} person_rows;

static bool joins_people(km_str system)
{
    km_str cell[2], rest = km_embedded_find(km_data_view_person, "person_systems.tsv");
    while (km_tsv_next(cell, 2, &rest) == 2) {
        bool open = km_str_ends(cell[0], KM_STR("*"));
        if (open ? km_str_starts(system, km_str_sub(cell[0], 0, cell[0].n - 1))
                 : km_str_eq(system, cell[0]))
            return true;
    }
    return false;
}

static void read_marks(person_rows *out, const km_folding *v, km_arena *a)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v->resource, "identifier")); km_jv_next(&i);) {
        km_str system = km_jv_str(KM_JV_GET(i.value, "system"));
        km_str value = km_jv_str(KM_JV_GET(i.value, "value"));
        if (value.n == 0 || out->marks == LINKS || !joins_people(system))
            continue;
        km_buf text = km_buf_in(a);
        km_buf_u16be(&text, (uint16_t)(system.n & 0xFFFF));
        km_buf_add(&text, system);
        km_buf_add(&text, km_nfkc(a, value));
        km_siphash128(out->mark[out->marks++], v->key, text.p, text.n);
    }
}

static bool is_kana_name(km_jv name)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "extension")); km_jv_next(&i);)
        if (km_str_is(km_jv_str(KM_JV_GET(i.value, "valueCode")), "SYL"))
            return true;
    return false;
}

static km_str whole_name(km_jv name, km_arena *a)
{
    km_buf whole = km_buf_in(a);
    km_buf_add(&whole, km_jv_str(KM_JV_GET(name, "family")));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "given")); km_jv_next(&i);)
        km_buf_add(&whole, km_jv_str(i.value));
    if (whole.n == 0)
        km_buf_add(&whole, km_jv_str(KM_JV_GET(name, "text")));
    km_str folded = km_fold(a, km_buf_str(&whole));
    size_t n = folded.n < NAME_BYTES ? folded.n : NAME_BYTES;
    while (n > 0 && n < folded.n && ((unsigned char)folded.p[n] & 0xC0) == 0x80)
        n--;
    return km_str_sub(folded, 0, n);
}

/* Written twice, in kanji and kana or for two uses, it may fold to the same. */
static bool has_name(const person_rows *rows, km_str name)
{
    for (size_t i = 0; i < rows->names; i++)
        if (km_str_eq(rows->name[i], name))
            return true;
    return false;
}

static void read_names(person_rows *out, const km_folding *v, km_arena *a)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v->resource, "name")); km_jv_next(&i);) {
        km_str folded = whole_name(i.value, a);
        if (folded.n == 0 || out->names == NAMES || has_name(out, folded))
            continue;
        out->name[out->names++] = folded;
        if (is_kana_name(i.value)) { /* to the front */
            out->name[out->names - 1] = out->name[0];
            out->name[0] = folded;
        }
    }
    if (out->names == 0)
        out->name[out->names++] = KM_STR("");
}

static km_code rows_of(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    (void)f;
    *out = NULL;
    if (!km_str_is(km_fhir_type_name(v->type), "Patient"))
        return KM_OK;
    person_rows *rows = KM_NEW(a, person_rows);
    rows->is_patient = true;
    read_marks(rows, v, a);
    read_names(rows, v, a);
    *out = rows;
    return KM_OK;
}

/* --- the writer's notes --- */

typedef struct note {
    bool remove;
    int64_t chart, rid;
    person_rows rows;
    char text[NAMES][NAME_BYTES];
} note;

static void note_one(void *notes, const km_folding *v, const person_rows *rows, bool remove)
{
    if (rows == NULL)
        return;
    note *n = km_notes_add(notes, sizeof *n);
    *n = (note){ .remove = remove, .chart = v->chart, .rid = v->rid, .rows = *rows };
    for (size_t i = 0; i < rows->names;
         i++) { /* the arena of the rows ends before the group does */
        memcpy(n->text[i], rows->name[i].p, rows->name[i].n);
        n->rows.name[i].p = n->text[i];
    }
}

static void add(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, false);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    note_one(state, v, rows, true);
}

/* --- components --- */

typedef struct numbers {
    int64_t v[COMPONENT_MAX];
    size_t n;
    uint64_t seen[SEEN]; /* marks that were followed; open addressing */
    size_t n_seen;
} numbers;

/* A number given to many strangers would be followed from each of them. */
static bool is_new(numbers *s, const unsigned char mark[MARK])
{
    uint64_t key;
    memcpy(&key, mark, sizeof key);
    key |= 1;
    size_t at = key >> 1 & (SEEN - 1);
    for (; s->seen[at] != 0; at = (at + 1) & (SEEN - 1))
        if (s->seen[at] == key)
            return false;
    if (s->n_seen < SEEN / 2) {
        s->seen[at] = key;
        s->n_seen++;
    }
    return true;
}

static bool put_number(numbers *s, int64_t one)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i] == one)
            return false;
    if (s->n < COMPONENT_MAX)
        s->v[s->n++] = one;
    return true;
}

static km_code numbers_of(numbers *out, km_conn *c, const char *query, const void *blob,
                          int64_t key, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, query, f));
    if (blob != NULL)
        km_bind_blob(st, 1, blob, MARK);
    else
        km_bind_int(st, 1, key);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        put_number(out, km_col_int(st, 0));
    }
}

static km_code marks_of(unsigned char (*mark)[MARK], size_t *n, km_conn *c, int64_t chart,
                        km_fault *f)
{
    km_stmt *st;
    *n = 0;
    KM_TRY(km_query(&st, c, "link_marks", f));
    km_bind_int(st, 1, chart);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_str m = km_col_blob(st, 0);
        if (*n < LINKS && m.n == MARK)
            memcpy(mark[(*n)++], m.p, MARK);
    }
}

static km_code set_person(km_conn *c, int64_t chart, int64_t person, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "person_put", f));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, person);
    return km_run(st, NULL, f);
}

/* Everything that `start` reaches over shared marks becomes one person. */
static km_code join(numbers *reached, km_conn *c, int64_t start, km_fault *f)
{
    unsigned char mark[LINKS][MARK];
    size_t marks;
    reached->n = 0;
    if (reached->n_seen > 0)
        memset(reached->seen, 0, sizeof reached->seen);
    reached->n_seen = 0;
    put_number(reached, start);
    for (size_t i = 0; i < reached->n; i++) {
        KM_TRY(marks_of(mark, &marks, c, reached->v[i], f));
        for (size_t m = 0; m < marks; m++)
            if (is_new(reached, mark[m]))
                KM_TRY(numbers_of(reached, c, "link_charts", mark[m], 0, f));
    }
    int64_t person = start;
    for (size_t i = 0; i < reached->n; i++)
        person = reached->v[i] < person ? reached->v[i] : person;
    for (size_t i = 0; i < reached->n; i++)
        KM_TRY(set_person(c, reached->v[i], person, f));
    return KM_OK;
}

static km_code run_int(km_conn *c, const char *query, int64_t key, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, query, f));
    km_bind_int(st, 1, key);
    return km_run(st, NULL, f);
}

static km_code write_links(km_conn *c, const note *n, km_fault *f)
{
    km_stmt *st;
    for (size_t i = 0; i < n->rows.marks; i++) {
        KM_TRY(km_query(&st, c, n->remove ? "link_drop" : "link_put", f));
        km_bind_blob(st, 1, n->rows.mark[i], MARK);
        km_bind_int(st, 2, n->chart);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

static km_code write_names(km_conn *c, const note *n, km_fault *f)
{
    km_stmt *st;
    KM_TRY(run_int(c, "name_drop", n->chart, f));
    for (size_t i = 0; !n->remove && i < n->rows.names; i++) {
        KM_TRY(km_query(&st, c, "name_put", f));
        km_bind_int(st, 1, n->chart);
        km_bind_text(st, 2, n->rows.name[i]);
        km_bind_int(st, 3, i == 0);
        km_bind_int(st, 4, n->rid);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

typedef struct writing {
    km_conn *conn;
    numbers before, after;
} writing;

/* Before and after: whoever was one with this chart may be somebody else without the link. */
static km_code write_note(void *self, const void *one, km_fault *f)
{
    writing *w = self;
    const note *n = one;
    w->before.n = 0;
    if (n->remove)
        KM_TRY(join(&w->before, w->conn, n->chart, f));
    KM_TRY(write_links(w->conn, n, f));
    KM_TRY(write_names(w->conn, n, f));
    if (n->remove)
        KM_TRY(run_int(w->conn, "person_drop", n->chart, f));
    else
        KM_TRY(join(&w->after, w->conn, n->chart, f));
    for (size_t i = 0; i < w->before.n; i++)
        if (w->before.v[i] != n->chart)
            KM_TRY(join(&w->after, w->conn, w->before.v[i], f));
    return KM_OK;
}

static km_code flush(void *state, km_conn *c, km_fault *f)
{
    if (!km_notes_any(state)) /* most groups bring no Patient */
        return KM_OK;
    writing *w = calloc(1, sizeof *w);
    assert(w != NULL);
    w->conn = c;
    km_code rc = km_notes_flush(state, write_note, w, f);
    free(w);
    return rc;
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    (void)state;
    numbers *work = calloc(2, sizeof *work);
    assert(work != NULL);
    km_code rc = join(&work[0], c, chart, f);
    if (rc == KM_OK)
        rc = run_int(c, "link_forget", chart, f);
    if (rc == KM_OK)
        rc = run_int(c, "name_drop", chart, f);
    if (rc == KM_OK)
        rc = run_int(c, "person_drop", chart, f);
    for (size_t i = 0; i < work[0].n && rc == KM_OK; i++)
        if (work[0].v[i] != chart)
            rc = join(&work[1], c, work[0].v[i], f);
    free(work);
    return rc;
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    static const char *const queries[] = { "link_clear", "person_clear", "name_clear" };
    (void)state;
    for (size_t i = 0; i < 3; i++)
        KM_TRY(km_notes_take_all(c, queries[i], NULL, f));
    return KM_OK;
}

const km_fold_def km_person_fold = { .name = "person",
                                     .version = 2,
                                     .rows = rows_of,
                                     .open = km_notes_open,
                                     .close = km_notes_close,
                                     .add = add,
                                     .remove = take_back,
                                     .flush = flush,
                                     .drop = km_notes_drop,
                                     .forget = forget,
                                     .clear = clear };
