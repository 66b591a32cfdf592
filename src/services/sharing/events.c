/* SPDX-License-Identifier: Apache-2.0
 *
 * events: people, a person's header and overview, and the events of a span of days.
 */
#include <stdio.h>
#include <stdlib.h>

#include "services/sharing/sharing.h"

enum { DAYS_MAX = 400, PEOPLE_MAX = 200, YEARS = 200, SOURCES = 256, SUMMARY_PARTS = 4 };

static km_code show(km_request *r, km_reply *out, const km_buf *json)
{
    (void)r;
    out->type = "application/json";
    out->body = km_buf_str(json);
    return KM_OK;
}

static void member_day(km_jw *w, const char *name, int64_t day)
{
    char text[11];
    km_day_print(text, day);
    km_jw_member_z(w, name, text);
}

static void member_source(km_jw *w, int32_t source)
{
    char text[16];
    snprintf(text, sizeof text, "%d", source);
    km_jw_member_z(w, "institution", text);
}

/* --- people --- */

static void print_who(km_jw *w, km_jv patient, int64_t person, km_arena *a)
{
    km_str name, kana;
    km_person_names(&name, &kana, patient, a);
    km_jw_member(w, "person", km_arena_print(a, "%lld", (long long)person));
    km_jw_member(w, "name", name.n > 0 ? name : kana);
    km_jw_member(w, "kana", kana);
    km_jw_member(w, "gender", km_jv_str(KM_JV_GET(patient, "gender")));
    km_jw_member(w, "birthDate", km_jv_str(KM_JV_GET(patient, "birthDate")));
}

/* The Patients of the rows that are still there; rows keep step with them. */
static km_code load_people(km_record **rec, km_person_row *row, size_t *n, km_reader *reader)
{
    size_t kept = 0;
    km_call *call = km_reader_call(reader);
    for (size_t i = 0; i < *n; i++) {
        km_code rc = km_reader_by_rid(&rec[kept], reader, row[i].patient_rid);
        if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
            km_fault_clear(call->fault);
            continue;
        }
        KM_TRY(rc);
        row[kept++] = row[i];
    }
    *n = kept;
    return km_access_release(km_reader_access(reader), rec, kept, call->fault);
}

static km_code print_row(km_jw *w, km_call *call, const km_person_row *row, km_record *rec)
{
    km_jv body;
    KM_TRY(km_record_json(&body, rec, call));
    km_jw_open(w, '{');
    print_who(w, body, row->person, call->arena);
    km_jw_member_int(w, "institutions", (int64_t)row->charts);
    km_jw_close(w, '}');
    return KM_OK;
}

static km_code print_people(km_buf *out, km_request *r, km_reader *reader)
{
    int64_t limit = 50;
    size_t n;
    km_str next, name = km_request_query(r, "name"), after = km_request_query(r, "after");
    km_jw w = km_jw_on(out);
    if (km_request_query(r, "limit").n > 0
        && (!km_str_to_i64(&limit, km_request_query(r, "limit")) || limit < 1))
        return km_fail(r->call.fault, KM_BAD_VALUE, "limit", "a number from 1 on");
    limit = limit > PEOPLE_MAX ? PEOPLE_MAX : limit;
    km_person_row *row = KM_NEW_ARRAY(r->call.arena, (size_t)limit, km_person_row);
    km_record **rec = KM_NEW_ARRAY(r->call.arena, (size_t)limit, km_record *);
    KM_TRY(km_person_list(row, &n, (size_t)limit, reader, name, after, &next));
    KM_TRY(load_people(rec, row, &n, reader));
    km_jw_open(&w, '{');
    km_jw_key(&w, "persons");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        KM_TRY(print_row(&w, &r->call, &row[i], rec[i]));
    km_jw_close(&w, ']');
    if (next.n > 0)
        km_jw_member(&w, "next", next);
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_sharing__persons(km_request *r, km_reply *out)
{
    km_access *access;
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_trust_access(&access, km_request_node(r)->trust, &km_sharing__policy, &r->call));
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, access, &r->call));
    km_code rc = print_people(&json, r, reader);
    km_reader_close(reader);
    KM_TRY(rc);
    return show(r, out, &json);
}

/* --- header and overview --- */

static km_code patient_of_chart(km_jv *body, km_person_seen *p, const km_chart *chart)
{
    km_record *rec;
    *body = KM_JV_NONE;
    km_code rc = km_reader_find(&rec, p->reader, km_fhir_type_named(KM_STR("Patient")),
                                chart->patient, chart->source);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED || (rc == KM_OK && rec->deleted)) {
        km_fault_clear(p->r->call.fault);
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_access_release(km_reader_access(p->reader), &rec, 1, p->r->call.fault));
    return km_record_json(body, rec, &p->r->call);
}

/* The number of a patient at its institution: the first identifier, else the id. */
static km_str chart_number(km_jv patient, km_str id)
{
    km_str value = km_jv_str(KM_JV_GET(km_jv_item(KM_JV_GET(patient, "identifier"), 0), "value"));
    return value.n > 0 ? value : id;
}

static km_code print_institutions(km_jw *w, km_person_seen *p, km_jv *shown)
{
    km_jw_key(w, "institutions");
    km_jw_open(w, '[');
    for (size_t i = 0; i < p->charts; i++) {
        km_chart chart;
        km_source source;
        km_jv patient;
        KM_TRY(km_reader_chart(&chart, p->reader, p->chart[i]));
        KM_TRY(km_reader_source(&source, p->reader, chart.source));
        KM_TRY(patient_of_chart(&patient, p, &chart));
        if (km_jv_kind(*shown) == KM_JSON_NONE)
            *shown = patient;
        km_jw_open(w, '{');
        km_jw_member(w, "id", km_arena_print(p->r->call.arena, "%d", chart.source));
        km_jw_member(w, "name", source.name);
        km_jw_key(w, "charts");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_member(w, "number", chart_number(patient, chart.patient));
        km_jw_close(w, '}');
        km_jw_close(w, ']');
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
    return KM_OK;
}

static km_code print_age(km_jw *w, km_request *r, km_jv patient)
{
    int64_t born, on = km_day_in_japan(km_call_now(&r->call));
    int years, months, days;
    km_str text = km_request_query(r, "on");
    if (text.n > 0 && !km_day_parse(&on, text))
        return km_fail(r->call.fault, KM_BAD_VALUE, "on", "a day as YYYY-MM-DD");
    km_jw_key(w, "age");
    if (!km_day_parse(&born, km_jv_str(KM_JV_GET(patient, "birthDate")))
        || !km_age(&years, &months, &days, born, on)) {
        km_jw_null(w);
        return KM_OK;
    }
    km_jw_open(w, '{');
    km_jw_member_int(w, "years", years);
    km_jw_member_int(w, "months", months);
    km_jw_member_int(w, "days", days);
    km_jw_close(w, '}');
    return KM_OK;
}

static void print_allergies(km_jw *w, const km_person_seen *p)
{
    km_jw_key(w, "allergies");
    km_jw_open(w, '[');
    for (size_t i = 0; i < p->n; i++) {
        const km_item_seen *one = &p->item[i];
        if (one->kind != KM_KIND_ALLERGY)
            continue;
        km_str criticality = km_jv_str(KM_JV_GET(one->body, "criticality"));
        km_jw_open(w, '{');
        km_jw_member(w, "text", km_concept_text(KM_JV_GET(one->body, "code")));
        member_source(w, one->source);
        km_jw_member(w, "recorded",
                     km_str_sub(km_jv_str(KM_JV_GET(one->body, "recordedDate")), 0, 10));
        if (criticality.n > 0)
            km_jw_member(w, "criticality", criticality);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

typedef struct year_row {
    int year;
    int32_t source;
    int counts[KM_KINDS];
} year_row;

static year_row *year_of(year_row *row, size_t *n, size_t room, int year, int32_t source)
{
    for (size_t i = 0; i < *n; i++)
        if (row[i].year == year && row[i].source == source)
            return &row[i];
    if (*n == room)
        return NULL;
    row[*n] = (year_row){ .year = year, .source = source };
    return &row[(*n)++];
}

static int by_year(const void *x, const void *y)
{
    const year_row *a = x, *b = y;
    return a->year != b->year ? a->year - b->year : a->source - b->source;
}

/* The same grouping as the events: results and prescriptions of a day count once. */
static bool is_first_of_group(const km_person_seen *p, size_t at)
{
    const km_item_seen *one = &p->item[at];
    if (!km_kind_is_grouped(one->kind))
        return true;
    for (size_t i = at; i-- > 0 && p->item[i].day == one->day;)
        if (p->item[i].kind == one->kind && p->item[i].source == one->source)
            return false;
    return true;
}

static void print_years(km_jw *w, const km_person_seen *p)
{
    size_t n = 0, room = YEARS * 4;
    year_row *row = KM_NEW_ARRAY(p->r->call.arena, room, year_row);
    for (size_t i = 0; i < p->n; i++) {
        int year, month, dom;
        if (p->item[i].day < -500000 || !is_first_of_group(p, i))
            continue;
        km_day_to_civil(p->item[i].day, &year, &month, &dom);
        year_row *one = year_of(row, &n, room, year, p->item[i].source);
        if (one != NULL)
            one->counts[p->item[i].kind]++;
    }
    qsort(row, n, sizeof *row, by_year);
    km_jw_key(w, "years");
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(w, '{');
        km_jw_member_int(w, "year", row[i].year);
        member_source(w, row[i].source);
        km_jw_key(w, "counts");
        km_jw_open(w, '{');
        for (int k = 1; k < KM_KINDS; k++)
            if (row[i].counts[k] > 0)
                km_jw_member_int(w, km_kind_name((km_kind)k), row[i].counts[k]);
        km_jw_close(w, '}');
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void print_span(km_jw *w, const km_person_seen *p)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < p->n; i++) {
        int64_t day = p->item[i].day;
        if (day < -500000)
            continue;
        first = day < first ? day : first;
        last = day > last ? day : last;
    }
    if (first > last) {
        km_jw_key(w, "first");
        km_jw_null(w);
        km_jw_key(w, "last");
        km_jw_null(w);
        return;
    }
    member_day(w, "first", first);
    member_day(w, "last", last);
}

static km_code print_person(km_buf *out, km_person_seen *p)
{
    km_arena *a = p->r->call.arena;
    km_buf institutions = km_buf_in(a);
    km_jw w = km_jw_on(out), iw = km_jw_on(&institutions);
    km_jv patient = KM_JV_NONE;
    KM_TRY(print_institutions(&iw, p, &patient));
    KM_TRY(km_seen__gather(p, INT64_MIN / 2, INT64_MAX / 2, true));
    km_jw_open(&w, '{');
    print_who(&w, patient, p->person, a);
    km_str deceased = km_jv_str(KM_JV_GET(patient, "deceasedDateTime"));
    km_jw_key(&w, "deceased");
    if (deceased.n > 0)
        km_jw_str(&w, km_str_sub(deceased, 0, 10));
    else
        km_jw_null(&w);
    KM_TRY(print_age(&w, p->r, patient));
    km_jw_raw(&w, km_buf_str(&institutions));
    print_allergies(&w, p);
    print_span(&w, p);
    print_years(&w, p);
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_sharing__person(km_request *r, km_reply *out)
{
    km_person_seen p;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_seen__open(&p, r));
    km_code rc = print_person(&json, &p);
    km_reader_close(p.reader);
    KM_TRY(rc);
    return show(r, out, &json);
}

/* --- events --- */

static km_str event_id(const km_item_seen *one, km_arena *a)
{
    char day[11];
    const char *group = one->kind == KM_KIND_LAB     ? "lab"
                        : one->kind == KM_KIND_VITAL ? "vital"
                                                     : "rx";
    if (!km_kind_is_grouped(one->kind))
        return km_arena_print(a, "%.*s:%.*s", KM_STR_ARG(km_fhir_type_name(one->record->type)),
                              KM_STR_ARG(one->record->id));
    km_day_print(day, one->day);
    return km_arena_print(a, "%s:%d:%s", group, one->source, day);
}

static km_str time_of(const km_item_seen *one, km_arena *a)
{
    static const char *const paths[] = {
        "effectiveDateTime", "period.start", "date",           "authoredOn",
        "performedDateTime", "started",      "whenHandedOver", NULL
    };
    for (const char *const *path = paths; *path != NULL; path++) {
        km_str time = km_clock_time(km_jv_text(one->body, *path), a);
        if (time.n > 0)
            return time;
    }
    return KM_STR("");
}

static void print_end(km_jw *w, const km_item_seen *one)
{
    km_civil c;
    km_ms low, high;
    if (one->kind != KM_KIND_ADMISSION || !km_civil_parse(&c, km_jv_text(one->body, "period.end")))
        return;
    km_civil_interval(&low, &high, &c);
    member_day(w, "end", km_day_in_japan(low));
}

static void print_event(km_jw *w, const km_person_seen *p, size_t at)
{
    const km_item_seen *one = &p->item[at];
    km_arena *a = p->r->call.arena;
    km_buf summary = km_buf_in(a);
    int64_t count = 0;
    for (size_t i = at; i < p->n && p->item[i].day == one->day; i++) {
        const km_item_seen *other = &p->item[i];
        if (i != at
            && (!km_kind_is_grouped(one->kind) || other->kind != one->kind
                || other->source != one->source))
            continue;
        if (count < SUMMARY_PARTS) {
            km_str line = km_event_summary(other->body, other->kind, a);
            km_buf_z(&summary, count > 0 && line.n > 0 ? ", " : "");
            km_buf_add(&summary, line);
        }
        count++;
        if (!km_kind_is_grouped(one->kind))
            break;
    }
    km_str time = time_of(one, a);
    km_jw_open(w, '{');
    km_jw_member(w, "id", event_id(one, a));
    km_jw_member_z(w, "kind", km_kind_name(one->kind));
    member_day(w, "day", one->day);
    km_jw_key(w, "time");
    if (time.n > 0)
        km_jw_str(w, time);
    else
        km_jw_null(w);
    print_end(w, one);
    member_source(w, one->source);
    km_jw_member_z(w, "title", km_kind_title(one->kind));
    km_jw_member(w, "summary", km_buf_str(&summary));
    km_jw_member_int(w, "count", count);
    km_jw_close(w, '}');
}

static km_code read_span(int64_t *from, int64_t *to, km_request *r)
{
    if (!km_day_parse(from, km_request_query(r, "from"))
        || !km_day_parse(to, km_request_query(r, "to")) || *to < *from || *to - *from > DAYS_MAX)
        return km_fail(r->call.fault, KM_BAD_VALUE, "from, to", "days as YYYY-MM-DD, at most %d",
                       DAYS_MAX);
    return KM_OK;
}

/* An admission that began earlier may still last: it is looked for a year back. */
static bool lasts_into(const km_item_seen *one, int64_t from)
{
    km_civil c;
    km_ms low, high;
    if (one->kind != KM_KIND_ADMISSION)
        return false;
    km_str end = km_jv_text(one->body, "period.end");
    if (end.n == 0)
        return true;
    if (!km_civil_parse(&c, end))
        return false;
    km_civil_interval(&low, &high, &c);
    return km_day_in_japan(low) >= from;
}

static km_code print_events(km_buf *out, km_person_seen *p)
{
    int64_t from, to;
    km_jw w = km_jw_on(out);
    KM_TRY(read_span(&from, &to, p->r));
    KM_TRY(km_seen__gather(p, from - 366, to, false));
    km_jw_open(&w, '{');
    km_jw_key(&w, "events");
    km_jw_open(&w, '[');
    for (size_t i = p->n; i-- > 0;)
        if ((p->item[i].day >= from || lasts_into(&p->item[i], from)) && is_first_of_group(p, i))
            print_event(&w, p, i);
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_sharing__events(km_request *r, km_reply *out)
{
    km_person_seen p;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_seen__open(&p, r));
    km_code rc = print_events(&json, &p);
    km_reader_close(p.reader);
    KM_TRY(rc);
    return show(r, out, &json);
}
