/* SPDX-License-Identifier: Apache-2.0
 *
 * marks: the fold of what a record carries, as a few bytes:
 *     n | n items | 0 or 1 | time, 8 bytes | for each label: length, 2 bytes, its letters
 */
#include "trust/marks.h"

#include <pthread.h>

#include "record/notes.h"
#include "trust/consent/consent.h"

static km_classes *classes;

static void make_classes(void)
{
    classes = km_classes_new();
}

const km_classes *km_mark_classes(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_classes);
    return classes;
}

/* --- from a body --- */

static void add_label(km_mark *m, km_str label)
{
    if (label.n > 0 && m->labels < KM_MARK_LABELS)
        m->label[m->labels++] = label;
}

/* Nobody hides a label behind many others. */
static void restrict_wholly(km_mark *m)
{
    m->labels = 0;
    for (km_str left = km_str_of(km_consent_restricted); left.n > 0;)
        add_label(m, km_str_cut(left, ' ', &left));
}

static void read_labels(km_mark *m, km_jv resource, km_arena *a)
{
    size_t n = 0;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(KM_JV_GET(resource, "meta"), "security"));
         km_jv_next(&i); n++) {
        km_str label = km_consent_label(a, km_jv_str(KM_JV_GET(i.value, "system")),
                                        km_jv_str(KM_JV_GET(i.value, "code")));
        if (n == KM_MARK_LABELS || label.n > UINT16_MAX) {
            restrict_wholly(m);
            return;
        }
        add_label(m, label);
    }
}

km_code km_mark_make(km_mark *out, km_jv resource, km_ftype type, km_arena *a, km_fault *f)
{
    *out = (km_mark){ 0 };
    read_labels(out, resource, a);
    out->timed = km_fhir_moment(&out->time, resource, type);
    return km_classes_carried(&out->items, km_mark_classes(), resource, a, f);
}

/* --- as bytes --- */

static void print(km_buf *out, const km_mark *m)
{
    char item[128];
    size_t n = 0;
    for (size_t i = 0; i < sizeof item; i++)
        if (km_carried_has(m->items, i))
            item[n++] = (char)i;
    km_buf_char(out, (char)n);
    km_buf_bytes(out, item, n);
    km_buf_char(out, m->timed);
    km_buf_u64be(out, (uint64_t)m->time);
    for (size_t i = 0; i < m->labels; i++) {
        km_buf_u16be(out, (uint16_t)m->label[i].n);
        km_buf_add(out, m->label[i]);
    }
}

static uint64_t number(km_str bytes, size_t at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = at; i < at + n; i++)
        v = v << 8 | (unsigned char)bytes.p[i];
    return v;
}

/* The labels borrow the bytes. */
static bool parse(km_mark *m, km_str s)
{
    *m = (km_mark){ 0 };
    size_t n = s.n > 0 ? (unsigned char)s.p[0] : 0, at = 1 + n;
    if (s.n < at + 9)
        return false;
    for (size_t i = 1; i <= n; i++) {
        size_t item = (unsigned char)s.p[i] & 127u;
        m->items.bits[item / 64] |= (uint64_t)1 << (item % 64);
    }
    m->timed = s.p[at] != 0;
    m->time = (km_ms)number(s, at + 1, 8);
    for (at += 9; at + 2 <= s.n && m->labels < KM_MARK_LABELS;) {
        size_t len = (size_t)number(s, at, 2);
        if (len > s.n - at - 2)
            return false;
        m->label[m->labels++] = (km_str){ s.p + at + 2, len };
        at += 2 + len;
    }
    return at == s.n;
}

/* --- the fold --- */

typedef struct row {
    bool labelled;
    km_str facts;
} row;

static km_code rows_of(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    km_mark m;
    km_buf facts = km_buf_in(a);
    *out = NULL;
    if (v->owner.n == 0)
        return KM_OK;
    km_code rc = km_mark_make(&m, v->resource, v->type, a, f);
    if (rc == KM_TOO_COSTLY) /* made to be costly: it is stored, and carries nothing */
        km_fault_clear(f);
    else if (rc != KM_OK)
        return rc;
    row *one = KM_NEW(a, row);
    print(&facts, &m);
    *one = (row){ m.labels > 0, km_buf_str(&facts) };
    *out = one;
    return KM_OK;
}

typedef struct note {
    bool remove, labelled;
    int64_t chart, rid;
    size_t n;
    unsigned char facts[];
} note;

static void add(void *state, const km_folding *v, const void *rows)
{
    const row *one = rows;
    if (one == NULL || v->chart == KM_CHART_NONE)
        return;
    note *n = km_notes_add(state, sizeof *n + one->facts.n);
    n->chart = v->chart;
    n->rid = v->rid;
    n->labelled = one->labelled;
    n->n = one->facts.n;
    memcpy(n->facts, one->facts.p, one->facts.n);
}

static void take_back(void *state, const km_folding *v, const void *rows)
{
    if (rows == NULL || v->chart == KM_CHART_NONE)
        return;
    note *n = km_notes_add(state, sizeof *n);
    n->remove = true;
    n->chart = v->chart;
    n->rid = v->rid;
}

static km_code write_note(void *self, const void *one, km_fault *f)
{
    km_stmt *st;
    const note *n = one;
    KM_TRY(km_query(&st, self, n->remove ? "mark_drop" : "mark_put", f));
    km_bind_int(st, 1, n->chart);
    km_bind_int(st, 2, n->rid);
    if (!n->remove) {
        km_bind_int(st, 3, n->labelled);
        km_bind_blob(st, 4, n->facts, n->n);
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
    return km_notes_take_all(c, "mark_forget", &chart, f);
}

static km_code clear(void *state, km_conn *c, km_fault *f)
{
    (void)state;
    return km_notes_take_all(c, "mark_clear", NULL, f);
}

/* A change of data/classes is a higher version: items are kept by their row. */
const km_fold_def km_trust_mark_fold = { .name = "mark",
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

/* --- asking --- */

km_code km_mark_of(km_mark *out, km_reader *r, int64_t chart, int64_t rid)
{
    km_stmt *st;
    bool found;
    km_call *call = km_reader_call(r);
    *out = (km_mark){ 0 };
    KM_TRY(km_query(&st, km_reader_conn(r), "mark_of", call->fault));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, rid);
    KM_TRY(km_step(&found, st, call->fault));
    if (!found)
        return KM_OK;
    km_str facts = km_col_blob(st, 0);
    bool labelled = facts.n > 0 && facts.n > 10u + (unsigned char)facts.p[0];
    bool whole = parse(out, labelled ? km_arena_copy(call->arena, facts) : facts);
    km_reset(st);
    return whole ? KM_OK : km_fail(call->fault, KM_TAMPERED, NULL, "a mark is no mark");
}

km_code km_mark_any_label(bool *out, km_reader *r, int64_t chart)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    KM_TRY(km_query(&st, km_reader_conn(r), "mark_any_label", call->fault));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(out, st, call->fault));
    if (*out)
        km_reset(st);
    return KM_OK;
}
