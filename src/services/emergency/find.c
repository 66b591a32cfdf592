/* SPDX-License-Identifier: Apache-2.0
 *
 * find: who lies there? By a number on a card (chart, insured person), by name and birth date, or
 * by an identifier with its system as a card's reader gives it. Whole values only, few answers, and
 * every search leaves an entry in the audit: what is found here is who somebody is, no more.
 */
#include "base/kana.h"
#include "services/emergency/emergency.h"

enum { FOUND_MOST = 5, LOOKED_AT = 400 };

typedef struct wanted {
    km_str number, name, birth, system, value;
} wanted;

typedef struct found {
    int64_t person[FOUND_MOST], chart[FOUND_MOST];
    size_t n;
} found;

static km_code add(found *f, int64_t person, int64_t chart, km_call *call)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->person[i] == person)
            return KM_OK;
    if (f->n == FOUND_MOST)
        return km_fail(call->fault, KM_TOO_COSTLY, NULL, "too many people: say more");
    f->person[f->n] = person;
    f->chart[f->n++] = chart;
    return KM_OK;
}

/* --- by identifier --- */

static km_code by_identifier(found *f, km_reader *r, km_str value)
{
    km_search *s;
    km_found hit[64];
    size_t n;
    km_call *call = km_reader_call(r);
    const km_search_field field = { KM_STR("identifier"), value };
    const km_search_input in = { .type = km_fhir_type_named(KM_STR("Patient")),
                                 .field = &field,
                                 .fields = 1,
                                 .conditional = true };
    KM_TRY(km_search_parse(&s, &in, call));
    KM_TRY(km_search_few(hit, 64, &n, s, r));
    if (n > 64)
        return km_fail(call->fault, KM_TOO_COSTLY, NULL, "too many people: say more");
    for (size_t i = 0; i < n; i++) {
        int64_t person;
        KM_TRY(km_person_of_chart(&person, r, hit[i].chart));
        KM_TRY(add(f, person, hit[i].chart, call));
    }
    return KM_OK;
}

/* Commas, bars and dollars have a meaning in searches; here they are what is written on a card. */
static km_str escaped(km_arena *a, km_str s)
{
    km_buf out = km_buf_in(a);
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("\\,|$", s.p[i]) != NULL && s.p[i] != '\0')
            km_buf_char(&out, '\\');
        km_buf_char(&out, s.p[i]);
    }
    return km_buf_str(&out);
}

/* --- by name and birth date --- */

static km_code by_name(found *f, km_reader *r, const wanted *w)
{
    km_call *call = km_reader_call(r);
    km_person_row *row = KM_NEW_ARRAY(call->arena, LOOKED_AT, km_person_row);
    size_t n;
    km_str next;
    KM_TRY(km_person_list(row, &n, LOOKED_AT, r, w->name, KM_STR_NONE, &next));
    for (size_t i = 0; i < n; i++) {
        km_record *rec;
        km_jv body;
        km_code rc = km_reader_by_rid(&rec, r, row[i].patient_rid);
        if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
            km_fault_clear(call->fault);
            continue;
        }
        KM_TRY(rc);
        KM_TRY(km_record_json(&body, rec, call));
        if (km_str_eq(km_jv_text(body, "birthDate"), w->birth))
            KM_TRY(add(f, row[i].person, row[i].chart, call));
    }
    if (f->n == 0 && next.n > 0)
        return km_fail(call->fault, KM_TOO_COSTLY, "name", "write the whole name");
    return KM_OK;
}

/* 昭和の誕生日 on a card: eras are read too. */
static km_code birth_day(wanted *w, km_call *call)
{
    int64_t day;
    int year, month, dom;
    km_civil c;
    if (km_civil_parse(&c, w->birth) && c.day > 0 && !c.has_time)
        return KM_OK;
    if (!km_era_parse(&day, w->birth))
        return km_fail(call->fault, KM_BAD_VALUE, "birthDate", "YYYY-MM-DD, or a day of an era");
    km_day_to_civil(day, &year, &month, &dom);
    w->birth = km_arena_print(call->arena, "%04d-%02d-%02d", year, month, dom);
    return KM_OK;
}

static km_code look(found *f, km_reader *r, wanted *w)
{
    km_arena *a = km_reader_call(r)->arena;
    km_str number = km_str_trim(w->number);
    if (w->value.n > 0)
        return by_identifier(f, r,
                             km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(escaped(a, w->system)),
                                            KM_STR_ARG(escaped(a, w->value))));
    if (number.n > 0)
        return by_identifier(f, r, escaped(a, number));
    KM_TRY(birth_day(w, km_reader_call(r)));
    return by_name(f, r, w);
}

static km_code read_wanted(wanted *w, km_request *r)
{
    *w = (wanted){ .number = KM_STR_NONE };
    const km_member members[] = {
        { "number", &w->number, false },   { "name", &w->name, false },
        { "birthDate", &w->birth, false }, { "system", &w->system, false },
        { "value", &w->value, false },     { 0 }
    };
    KM_TRY(km_emergency__body(r, members));
    w->name = km_str_trim(w->name);
    w->value = km_str_trim(w->value);
    if (km_str_trim(w->number).n > 0 || w->value.n > 0)
        return KM_OK;
    if (w->name.n == 0)
        return km_fail(r->call.fault, KM_REQUIRED, "name",
                       "a number, a name with birthDate, or system and value");
    return w->birth.n > 0 ? KM_OK : km_fail(r->call.fault, KM_REQUIRED, "birthDate", NULL);
}

/* --- answering --- */

static km_code leave_entry(km_request *r, const found *f)
{
    static const km_str names[] = { KM_STR_INIT("emergency-find") };
    km_audit_entry e = { .kind = KM_AUDIT_SEARCH,
                         .outcome = KM_STR("ok"),
                         .query = names,
                         .queries = 1,
                         .flags = KM_AUDIT_EMERGENCY,
                         .chart = f->chart,
                         .charts = f->n };
    return km_trust_trace(km_request_node(r)->trust, &e, &r->call);
}

static km_code print_one(km_jw *w, km_reader *r, int64_t person, km_request *q)
{
    int64_t *chart;
    size_t n;
    km_jv body = KM_JV_NONE;
    km_record *rec;
    km_grant grant;
    bool standing;
    km_str name, kana;
    km_call *call = km_reader_call(r);
    const km_who *who = km_emergency__who(q);
    KM_TRY(km_person_charts(&chart, &n, r, person));
    for (size_t i = 0; i < n && km_jv_kind(body) == KM_JSON_NONE; i++)
        KM_TRY(km_emergency__patient(&body, &rec, r, chart[i]));
    KM_TRY(km_trust_grant_of(&grant, r, chart, n, who, km_call_now(call)));
    KM_TRY(km_trust_standing_of(&standing, r, chart, n, who, km_call_now(call)));
    km_emergency__names(&name, &kana, body, call->arena);
    km_jw_open(w, '{');
    km_jw_member(w, "person", km_arena_print(call->arena, "%lld", (long long)person));
    km_jw_member(w, "name", name.n > 0 ? name : kana);
    km_jw_member(w, "kana", kana);
    km_jw_member(w, "gender", km_jv_text(body, "gender"));
    km_jw_member(w, "birthDate", km_jv_text(body, "birthDate"));
    km_jw_member_bool(w, "granted", grant != KM_GRANT_NONE);
    km_jw_member_bool(w, "standing", standing);
    km_jw_close(w, '}');
    return KM_OK;
}

static km_code answer(km_buf *json, found *f, km_request *r, km_reader *reader, wanted *w)
{
    km_jw jw = km_jw_on(json);
    KM_TRY(look(f, reader, w));
    KM_TRY(leave_entry(r, f));
    km_jw_open(&jw, '{');
    km_jw_key(&jw, "persons");
    km_jw_open(&jw, '[');
    for (size_t i = 0; i < f->n; i++)
        KM_TRY(print_one(&jw, reader, f->person[i], r));
    km_jw_close(&jw, ']');
    km_jw_close(&jw, '}');
    return KM_OK;
}

km_code km_emergency__find(km_request *r, km_reply *out)
{
    wanted w;
    found f = { .n = 0 };
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(read_wanted(&w, r));
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = answer(&json, &f, r, reader, &w);
    km_reader_close(reader);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}
