/* SPDX-License-Identifier: Apache-2.0
 *
 * everything: Patient/$everything: all that the covered charts of the Patient's person hold
 * (decision 6), newest first, page by page, and what the records of a page refer to outside of them
 * (organisations, practitioners), each once on the page.
 */
#include <stdlib.h>

#include "base/date.h"
#include "gateways/fhir/inside.h"

/* A page that grows beyond EVERYTHING_BYTES ends, however many it should hold. */
enum { EVERYTHING_MAX = 5000, EVERYTHING_BYTES = 24 << 20 };

typedef struct gathering {
    km_request *r;
    km_reader *reader;
    km_record **rec;
    size_t n, own;
    int64_t rid[EVERYTHING_MAX]; /* the own ones sorted, for "each once" */
    /* what is asked */
    const km_field *field;
    size_t fields, room;
    int64_t from, to; /* days */
    bool undated, paged;
    km_ms since;
    const km_ftype *types;
    int64_t after_day, after_rid; /* of the last record of the page before */
    /* what comes out */
    bool more;
    int64_t total, last_day, last_rid; /* total -1: not known */
} gathering;

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static bool there(const gathering *g, int64_t rid)
{
    if (bsearch(&rid, g->rid, g->own, sizeof rid, by_number) != NULL)
        return true;
    for (size_t i = g->own; i < g->n; i++)
        if (g->rec[i]->rid == rid)
            return true;
    return false;
}

static km_code take(gathering *g, int64_t rid)
{
    km_code rc = km_reader_by_rid(&g->rec[g->n], g->reader, rid);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
        km_fault_clear(g->r->call.fault);
        return KM_OK;
    }
    KM_TRY(rc);
    if (g->rec[g->n]->deleted || g->rec[g->n]->at < g->since)
        return KM_OK;
    if (++g->n > 2 * EVERYTHING_MAX || km_arena_over(g->r->call.arena))
        return km_fail(g->r->call.fault, KM_TOO_COSTLY, NULL,
                       "narrow it by start, end, _type or _since");
    return KM_OK;
}

/* --- what is asked --- */

/* The parameters of a POST: a Parameters resource, or a form. */
static km_code read_body(gathering *g)
{
    km_json *doc;
    km_request *r = g->r;
    km_str type = km_request_header(r, "Content-Type");
    if (km_str_starts(type, KM_STR("application/x-www-form-urlencoded")))
        return km_request_form(&g->field, &g->fields, r);
    KM_TRY(km_show__content_type(r));
    KM_TRY(km_json_parse(&doc, r->call.arena, r->body, NULL, r->call.fault));
    km_jv root = km_json_root(doc), list = KM_JV_GET(root, "parameter");
    if (!km_str_is(km_jv_str(KM_JV_GET(root, "resourceType")), "Parameters"))
        return km_fail(r->call.fault, KM_BAD_VALUE, "resourceType", "Parameters go here");
    km_field *field = KM_NEW_ARRAY(r->call.arena, km_jv_count(list) + 1, km_field);
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);) {
        km_field *one = &field[g->fields++];
        one->name = km_jv_str(KM_JV_GET(i.value, "name"));
        for (km_jv_iter m = km_jv_each(i.value); km_jv_next(&m);)
            if (km_str_starts(m.name, KM_STR("value")))
                one->value = km_jv_str(m.value);
        if (one->name.n == 0 || one->value.n == 0)
            return km_fail(r->call.fault, KM_BAD_VALUE, "Parameters.parameter",
                           "a name and a value");
    }
    g->field = field;
    return KM_OK;
}

static km_code read_day(gathering *g, const km_field *f)
{
    km_civil c;
    km_ms low, high;
    bool start = km_str_is(f->name, "start");
    if (!km_civil_parse(&c, f->value))
        return km_fail(g->r->call.fault, KM_BAD_VALUE, start ? "start" : "end", "a date");
    km_civil_interval(&low, &high, &c);
    if (start)
        g->from = km_day_in_japan(low);
    else
        g->to = km_day_in_japan(high);
    return KM_OK;
}

static km_code read_since(gathering *g, const km_field *f)
{
    km_civil c;
    km_ms high;
    if (!km_civil_parse(&c, f->value))
        return km_fail(g->r->call.fault, KM_BAD_VALUE, "_since", "an instant");
    km_civil_interval(&g->since, &high, &c);
    return KM_OK;
}

static km_code read_types(gathering *g, const km_field *f)
{
    km_str text = f->value;
    size_t n = 0;
    while (g->types != NULL && g->types[n] != 0)
        n++;
    km_ftype *types = KM_NEW_ARRAY(g->r->call.arena, n + text.n + 2, km_ftype);
    for (size_t i = 0; i < n; i++)
        types[i] = g->types[i];
    while (text.n > 0) {
        types[n] = km_fhir_type_named(km_str_trim(km_str_cut(text, ',', &text)));
        if (!km_fhir_is_resource(types[n++]))
            return km_fail(g->r->call.fault, KM_BAD_VALUE, "_type", "no such resource type");
    }
    g->types = types;
    return KM_OK;
}

static km_code read_count(gathering *g, const km_field *f)
{
    int64_t n;
    if (!km_str_to_i64(&n, f->value) || n < 1)
        return km_fail(g->r->call.fault, KM_BAD_VALUE, "_count", "a number from 1 on");
    g->room = n > EVERYTHING_MAX ? EVERYTHING_MAX : (size_t)n;
    return KM_OK;
}

static const struct row {
    const char *name;
    km_code (*read)(gathering *g, const km_field *f);
} rows[] = { { "start", read_day },   { "end", read_day },      { "_since", read_since },
             { "_type", read_types }, { "_count", read_count }, { "_format", NULL },
             { "_pretty", NULL },     { "_cursor", NULL } };

static km_code read_field(gathering *g, const km_field *f, bool lenient)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (km_str_is(f->name, rows[i].name))
            return rows[i].read != NULL && f->value.n > 0 ? rows[i].read(g, f) : KM_OK;
    if (lenient)
        return KM_OK;
    return km_fail(g->r->call.fault, KM_UNKNOWN_PARAM, km_arena_z(g->r->call.arena, f->name),
                   "$everything takes start, end, _since, _type and _count");
}

/* A cursor's plain text: path NUL fields NUL day NUL rid. */
static km_code read_cursor(gathering *g, km_str cursor, km_str path)
{
    km_str plain, rest;
    KM_TRY(km_cursor__open(&plain, g->r, cursor));
    bool fine = km_str_eq(km_str_cut(plain, '\0', &rest), path);
    km_str fields = km_str_cut(rest, '\0', &rest);
    fine = fine && km_str_to_i64(&g->after_day, km_str_cut(rest, '\0', &rest))
           && km_str_to_i64(&g->after_rid, rest);
    if (!fine)
        return km_fail(g->r->call.fault, KM_BAD_VALUE, "_cursor", "it belongs to another question");
    g->paged = true;
    return km_form_decode(&g->field, &g->fields, g->r->call.arena, fields, g->r->call.fault);
}

static km_code read_question(gathering *g, km_str path)
{
    bool lenient;
    km_request *r = g->r;
    km_str cursor = km_request_query(r, "_cursor");
    (void)km_show__prefer(r, &lenient);
    g->room = EVERYTHING_MAX;
    g->from = INT64_MIN;
    g->to = INT64_MAX;
    if (km_str_is(r->method, "POST") && r->body.n > 0)
        KM_TRY(read_body(g));
    for (size_t i = 0; i < g->fields; i++)
        KM_TRY(read_field(g, &g->field[i], lenient));
    for (size_t i = 0; i < r->queries; i++)
        KM_TRY(read_field(g, &r->query[i], lenient));
    if (cursor.n == 0) {
        km_field *all = KM_NEW_ARRAY(r->call.arena, g->fields + r->queries + 1, km_field);
        for (size_t i = 0; i < g->fields; i++)
            all[i] = g->field[i];
        for (size_t i = 0; i < r->queries; i++)
            all[g->fields + i] = r->query[i];
        g->field = all;
        g->fields += r->queries;
    } else {
        KM_TRY(read_cursor(g, cursor, path));
        for (size_t i = 0; i < g->fields; i++)
            KM_TRY(read_field(g, &g->field[i], true));
    }
    g->undated = g->from == INT64_MIN && g->to == INT64_MAX;
    return KM_OK;
}

/* --- gathering --- */

/* In the order of km_index_charts: newest day first, of one day the oldest record. */
static bool is_behind(const gathering *g, const km_dated *d)
{
    return !g->paged || d->day < g->after_day || (d->day == g->after_day && d->rid > g->after_rid);
}

static km_code gather_page(gathering *g, const km_dated *dated, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_behind(g, &dated[i]))
            continue;
        if (g->n == g->room || (g->n > 0 && km_arena_used(g->r->call.arena) > EVERYTHING_BYTES)) {
            g->more = true;
            break;
        }
        KM_TRY(take(g, dated[i].rid));
        g->last_day = dated[i].day;
        g->last_rid = dated[i].rid;
    }
    return KM_OK;
}

static km_code gather_own(gathering *g, int64_t chart)
{
    int64_t person, *charts;
    size_t n_charts, n;
    km_dated *dated;
    KM_TRY(km_person_of_chart(&person, g->reader, chart));
    KM_TRY(km_person_charts(&charts, &n_charts, g->reader, person));
    KM_TRY(km_index_charts(&dated, &n, g->reader, charts, n_charts, g->types, g->from, g->to,
                           g->undated));
    KM_TRY(gather_page(g, dated, n));
    g->own = g->n;
    g->total = g->since == 0 ? (int64_t)n : g->paged || g->more ? -1 : (int64_t)g->own;
    for (size_t i = 0; i < g->n; i++)
        g->rid[i] = g->rec[i]->rid;
    qsort(g->rid, g->n, sizeof *g->rid, by_number);
    return KM_OK;
}

typedef struct following {
    gathering *g;
    const km_record *from;
    km_code rc;
} following;

static void follow(void *self, km_jv value, km_str text)
{
    following *f = self;
    km_reference ref;
    int64_t chart, rid;
    (void)value;
    if (f->rc != KM_OK || !km_reference_parse(&ref, text) || ref.contained || ref.urn
        || ref.base.n > 0 || ref.type == 0)
        return;
    f->rc = km_reader_locate(&chart, &rid, f->g->reader, ref.type, ref.id, f->from->source);
    if (f->rc == KM_NOT_FOUND) {
        km_fault_clear(f->g->r->call.fault);
        f->rc = KM_OK;
        return;
    }
    if (f->rc == KM_OK && chart == KM_CHART_NONE && !there(f->g, rid))
        f->rc = take(f->g, rid);
}

static km_code gather_referred(gathering *g)
{
    for (size_t i = 0; i < g->own; i++) {
        km_jv body;
        following f = { g, g->rec[i], KM_OK };
        KM_TRY(km_record_json(&body, g->rec[i], &g->r->call));
        km_fhir_references(body, g->rec[i]->type, follow, &f);
        KM_TRY(f.rc);
    }
    return KM_OK;
}

static void print_next(km_jw *w, const gathering *g, km_str path)
{
    km_arena *a = g->r->call.arena;
    km_buf plain = km_buf_in(a);
    km_buf_add(&plain, path);
    km_buf_char(&plain, '\0');
    for (size_t i = 0; i < g->fields; i++) {
        if (i > 0)
            km_buf_char(&plain, '&');
        km_url_encode(&plain, g->field[i].name);
        km_buf_char(&plain, '=');
        km_url_encode(&plain, g->field[i].value);
    }
    km_buf_char(&plain, '\0');
    km_buf_print(&plain, "%lld", (long long)g->last_day);
    km_buf_char(&plain, '\0');
    km_buf_print(&plain, "%lld", (long long)g->last_rid);
    km_jw_key(w, "link");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "relation", "next");
    km_jw_member(w, "url",
                 km_arena_print(a, "%.*s/%.*s?_cursor=%.*s", KM_STR_ARG(km_show__base(g->r)),
                                KM_STR_ARG(path),
                                KM_STR_ARG(km_cursor__seal(g->r, km_buf_str(&plain)))));
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static km_code print_entry(km_jw *w, const gathering *g, size_t i)
{
    km_str base = km_show__base(g->r);
    km_jw_open(w, '{');
    km_jw_member(w, "fullUrl",
                 km_arena_print(g->r->call.arena, "%.*s/%.*s/%.*s", KM_STR_ARG(base),
                                KM_STR_ARG(km_fhir_type_name(g->rec[i]->type)),
                                KM_STR_ARG(g->rec[i]->id)));
    km_jw_key(w, "resource");
    KM_TRY(km_show__resource(w->out, g->rec[i], NULL, &g->r->call));
    w->comma = true;
    km_jw_key(w, "search");
    km_jw_raw(w, i < g->own ? KM_STR("{\"mode\":\"match\"}") : KM_STR("{\"mode\":\"include\"}"));
    km_jw_close(w, '}');
    return KM_OK;
}

static km_code print(km_buf *out, gathering *g, km_str path)
{
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Bundle");
    km_jw_member_z(&w, "type", "searchset");
    if (g->total >= 0)
        km_jw_member_int(&w, "total", g->total);
    if (g->more)
        print_next(&w, g, path);
    if (g->n > 0) {
        km_jw_key(&w, "entry");
        km_jw_open(&w, '[');
        for (size_t i = 0; i < g->n; i++)
            KM_TRY(print_entry(&w, g, i));
        km_jw_close(&w, ']');
    }
    km_jw_close(&w, '}');
    return KM_OK;
}

static km_code everything(km_buf *out, gathering *g, km_str id, km_str path)
{
    km_record *patient;
    KM_TRY(km_reader_find(&patient, g->reader, km_fhir_type_named(KM_STR("Patient")), id,
                          ((const km_caller *)g->r->call.caller)->source));
    if (patient->deleted)
        return km_fail(g->r->call.fault, KM_GONE, NULL, NULL);
    KM_TRY(gather_own(g, patient->chart));
    KM_TRY(gather_referred(g));
    KM_TRY(km_access_release(km_reader_access(g->reader), g->rec, g->n, g->r->call.fault));
    return print(out, g, path);
}

km_code km_fhir__everything(km_request *r, km_reply *out)
{
    km_str id;
    km_buf json = km_buf_in(r->call.arena);
    gathering *g = KM_NEW(r->call.arena, gathering);
    g->r = r;
    g->rec = KM_NEW_ARRAY(r->call.arena, 2 * EVERYTHING_MAX + 2, km_record *);
    KM_TRY(km_fhir__id_of(&id, r));
    KM_TRY(km_show__acceptable(r));
    km_str path = km_arena_print(r->call.arena, "Patient/%.*s/$everything", KM_STR_ARG(id));
    KM_TRY(read_question(g, path));
    KM_TRY(km_fhir__reader(&g->reader, r, &km_fhir_all));
    km_code rc = everything(&json, g, id, path);
    km_reader_close(g->reader);
    KM_TRY(rc);
    return km_show__body(out, r, &json, 200);
}
