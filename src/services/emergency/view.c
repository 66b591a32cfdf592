/* SPDX-License-Identifier: Apache-2.0
 *
 * view: one screen for who cannot be asked: allergies, directives, blood group, medicines,
 * problems, contacts, and the rest of the emergency class; with the full grant, everything else
 * behind it.
 */
#include "services/emergency/emergency.h"

enum { RECORDS_MOST = 20000, ROWS_MOST = 200, ITEMS_MOST = 128, SOURCES_MOST = 256 };

const km_policy km_emergency__view_policy = { "emergency.view", KM_AUDIT_BREAK_GLASS };

typedef struct shown {
    km_record *rec;
    km_jv body;
    km_carried carried, of_class; /* what it carries; what of it the emergency class shows */
    size_t section;               /* KM_SECTIONS: behind the full grant */
    int64_t day;
    bool dated;
} shown;

typedef struct screen {
    km_request *r;
    km_call *call;
    km_reader *reader;
    const km_classes *classes;
    int64_t *chart;
    size_t charts;
    km_granted grant;
    km_grant level;
    bool standing;
    km_refusal_told refused;
    shown *one;
    size_t n;
    int32_t source[SOURCES_MOST];
    km_str source_name[SOURCES_MOST];
    size_t sources;
} screen;

/* --- may they? --- */

/* The newest live grant of this clinician for the person, for the screen's head. */
static km_code my_grant(screen *s)
{
    enum { MINE = 50 };
    size_t n;
    km_ms now = km_call_now(s->call);
    km_granted *g = KM_NEW_ARRAY(s->call->arena, MINE, km_granted);
    KM_TRY(km_trust_grants_by(g, &n, MINE, s->reader, km_emergency__who(s->r)));
    for (size_t i = 0; i < n && s->grant.number == 0; i++)
        for (size_t c = 0; c < s->charts; c++)
            if (g[i].chart == s->chart[c] && g[i].level == s->level && now < g[i].until)
                s->grant = g[i];
    return KM_OK;
}

/* Without a grant the person is not there, as for everybody else. */
static km_code may_look(screen *s)
{
    const km_who *who = km_emergency__who(s->r);
    km_ms now = km_call_now(s->call);
    KM_TRY(km_trust_grant_of(&s->level, s->reader, s->chart, s->charts, who, now));
    KM_TRY(km_trust_standing_of(&s->standing, s->reader, s->chart, s->charts, who, now));
    if (s->level == KM_GRANT_NONE && !s->standing)
        return km_fail(s->call->fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(km_trust_refusal_of(&s->refused, s->reader, s->chart, s->charts, who, now));
    if (s->refused == KM_REFUSED_ALL)
        return km_fail(s->call->fault, KM_REFUSED_BEFOREHAND, NULL, NULL);
    return my_grant(s);
}

/* --- gathering --- */

static km_code take(screen *s, const km_dated *d)
{
    shown *one = &s->one[s->n];
    km_arena *a = s->call->arena;
    *one = (shown){ .day = d->day, .dated = d->dated };
    km_code rc = km_reader_by_rid(&one->rec, s->reader, d->rid);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
        km_fault_clear(s->call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_record_json(&one->body, one->rec, s->call));
    KM_TRY(km_classes_carried(&one->carried, s->classes, one->body, a, s->call->fault));
    one->of_class = km_classes_shown(s->classes, KM_CLASS_EMERGENCY, one->carried);
    one->section = km_emergency__section(s->classes, one->of_class);
    if (km_carried_any(one->of_class) || s->level == KM_GRANT_FULL)
        s->n++;
    return km_arena_over(a) ? km_fail(s->call->fault, KM_TOO_COSTLY, NULL, "too many records")
                            : KM_OK;
}

static km_code gather(screen *s)
{
    km_dated *dated;
    size_t n;
    int64_t first = km_day_from_civil(1, 1, 1), last = km_day_from_civil(9999, 12, 31);
    KM_TRY(km_index_charts(&dated, &n, s->reader, s->chart, s->charts, NULL, first, last, true));
    if (n > RECORDS_MOST)
        return km_fail(s->call->fault, KM_TOO_COSTLY, NULL, "too many records");
    s->one = KM_NEW_ARRAY(s->call->arena, n + 1, shown);
    for (size_t i = 0; i < n; i++)
        KM_TRY(take(s, &dated[i]));
    km_record **all = KM_NEW_ARRAY(s->call->arena, s->n + 1, km_record *);
    for (size_t i = 0; i < s->n; i++)
        all[i] = s->one[i].rec;
    return km_access_release(km_reader_access(s->reader), all, s->n, s->call->fault);
}

static km_code institution(km_str *out, screen *s, int32_t source)
{
    km_source of;
    for (size_t i = 0; i < s->sources; i++)
        if (s->source[i] == source) {
            *out = s->source_name[i];
            return KM_OK;
        }
    KM_TRY(km_reader_source(&of, s->reader, source));
    *out = km_str_eq(of.name, of.uri) ? KM_STR("") : of.name; /* a URI says nothing at a bed */
    if (s->sources < SOURCES_MOST) {
        s->source[s->sources] = source;
        s->source_name[s->sources++] = *out;
    }
    return KM_OK;
}

/* --- printing --- */

static void print_day(km_jw *w, const shown *one)
{
    int year, month, dom;
    char text[32];
    km_jw_key(w, "day");
    if (!one->dated) {
        km_jw_null(w);
        return;
    }
    km_day_to_civil(one->day, &year, &month, &dom);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, dom);
    km_jw_z(w, text);
}

static km_code print_row(km_jw *w, screen *s, const shown *one, const km_said *said)
{
    const km_shared_item *item;
    size_t items = km_classes_items(&item, s->classes);
    km_str from;
    KM_TRY(institution(&from, s, one->rec->source));
    km_jw_open(w, '{');
    km_jw_member(w, "text", said->text);
    km_jw_member(w, "detail", said->detail);
    if (said->phone.n > 0)
        km_jw_member(w, "phone", said->phone);
    km_jw_member_bool(w, "grave", said->grave);
    print_day(w, one);
    km_jw_member(w, "institution", from);
    km_jw_member(w, "type", km_fhir_type_name(one->rec->type));
    km_jw_key(w, "items");
    km_jw_open(w, '[');
    for (size_t i = 0; i < items; i++)
        if (km_carried_has(one->of_class, i))
            km_jw_str(w, item[i].id);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    return KM_OK;
}

static bool is_patient(const shown *one)
{
    return km_str_is(km_fhir_type_name(one->rec->type), "Patient");
}

/* Patient.contact: the people to call. */
static km_code print_contacts(km_jw *w, screen *s, const shown *one)
{
    km_arena *a = s->call->arena;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(one->body, "contact")); km_jv_next(&i);) {
        km_said said = { .detail = km_emergency__concept(
                             km_jv_item(KM_JV_GET(i.value, "relationship"), 0)) };
        km_jv name = KM_JV_GET(i.value, "name");
        said.text = km_jv_text(name, "text");
        if (said.text.n == 0)
            said.text = km_arena_print(
                a, "%.*s %.*s", KM_STR_ARG(km_jv_text(name, "family")),
                KM_STR_ARG(km_jv_str(km_jv_item(KM_JV_GET(name, "given"), 0))));
        for (km_jv_iter t = km_jv_each(KM_JV_GET(i.value, "telecom")); km_jv_next(&t);)
            if (said.phone.n == 0 && km_str_is(km_jv_text(t.value, "system"), "phone"))
                said.phone = km_jv_text(t.value, "value");
        KM_TRY(print_row(w, s, one, &said));
    }
    return KM_OK;
}

static km_code print_rows(km_jw *w, screen *s, size_t section)
{
    size_t rows = 0;
    km_jw_open(w, '[');
    for (size_t i = 0; i < s->n; i++) {
        km_said said;
        const shown *one = &s->one[i];
        if (is_patient(one)) {
            if (section < KM_SECTIONS
                && strcmp(km_emergency__sections[section].id, "contacts") == 0)
                KM_TRY(print_contacts(w, s, one));
            continue;
        }
        if (one->section != section || rows++ >= ROWS_MOST)
            continue;
        km_emergency__said(&said, one->body, one->rec->type, s->call->arena);
        KM_TRY(print_row(w, s, one, &said));
    }
    km_jw_close(w, ']');
    return KM_OK;
}

static size_t count_of(const screen *s, size_t section)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->one[i].section == section && !is_patient(&s->one[i]);
    return n;
}

static km_code print_sections(km_jw *w, screen *s)
{
    km_jw_key(w, "sections");
    km_jw_open(w, '[');
    for (size_t i = 0; i < KM_SECTIONS; i++) {
        km_jw_open(w, '{');
        km_jw_member_z(w, "id", km_emergency__sections[i].id);
        km_jw_member_int(w, "records", (int64_t)count_of(s, i));
        km_jw_key(w, "rows");
        KM_TRY(print_rows(w, s, i));
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
    if (s->level == KM_GRANT_FULL) {
        km_jw_member_int(w, "othersAll", (int64_t)count_of(s, KM_SECTIONS));
        km_jw_key(w, "others");
        KM_TRY(print_rows(w, s, KM_SECTIONS));
    }
    return KM_OK;
}

/* Item by item, so that nobody takes an empty one for one that was not looked for. */
static void print_items(km_jw *w, const screen *s)
{
    const km_shared_item *item;
    size_t items = km_classes_items(&item, s->classes);
    km_jw_key(w, "items");
    km_jw_open(w, '[');
    for (size_t i = 0; i < items; i++) {
        int64_t n = 0;
        if (!item[i].shown[KM_CLASS_EMERGENCY])
            continue;
        for (size_t k = 0; k < s->n; k++)
            n += km_carried_has(s->one[k].of_class, i);
        km_jw_open(w, '{');
        km_jw_member(w, "id", item[i].id);
        km_jw_member(w, "ja", item[i].ja);
        km_jw_member(w, "en", item[i].en);
        km_jw_member_bool(w, "ours", item[i].ours);
        km_jw_member_int(w, "records", n);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void print_age(km_jw *w, km_jv patient, km_ms now)
{
    km_civil c;
    int years, months, days;
    km_jw_key(w, "age");
    if (km_civil_parse(&c, km_jv_text(patient, "birthDate")) && c.day > 0
        && km_age(&years, &months, &days, km_day_from_civil(c.year, c.month, c.day),
                  km_day_in_japan(now))) {
        km_jw_int(w, years);
        return;
    }
    km_jw_null(w);
}

static km_jv patient_of(const screen *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (is_patient(&s->one[i]) && !s->one[i].rec->deleted)
            return s->one[i].body;
    return KM_JV_NONE;
}

static void print_numbers(km_jw *w, const screen *s)
{
    km_jw_key(w, "numbers");
    km_jw_open(w, '[');
    for (size_t i = 0; i < s->n; i++)
        for (km_jv_iter k = km_jv_each(
                 is_patient(&s->one[i]) ? KM_JV_GET(s->one[i].body, "identifier") : KM_JV_NONE);
             km_jv_next(&k);)
            km_jw_str(w, km_jv_text(k.value, "value"));
    km_jw_close(w, ']');
}

static void print_who(km_jw *w, const screen *s)
{
    km_str name, kana;
    km_jv body = patient_of(s);
    km_emergency__names(&name, &kana, body, s->call->arena);
    km_jw_member(w, "person", km_request_var(s->r, "person"));
    km_jw_member(w, "name", name.n > 0 ? name : kana);
    km_jw_member(w, "kana", kana);
    km_jw_member(w, "gender", km_jv_text(body, "gender"));
    km_jw_member(w, "birthDate", km_jv_text(body, "birthDate"));
    print_age(w, body, km_call_now(s->call));
    km_jw_member_bool(w, "deceased",
                      km_jv_is(KM_JV_GET(body, "deceasedBoolean"), KM_JSON_TRUE)
                          || km_jv_text(body, "deceasedDateTime").n > 0);
    print_numbers(w, s);
}

static km_code print_screen(km_buf *json, screen *s)
{
    km_jw w = km_jw_on(json);
    km_jw_open(&w, '{');
    print_who(&w, s);
    km_jw_key(&w, "grant");
    if (s->grant.number > 0)
        km_emergency__print_grant(&w, &s->grant, km_call_now(s->call));
    else
        km_jw_null(&w);
    km_jw_member_bool(&w, "standing", s->standing);
    km_jw_member_bool(&w, "refusedParts", s->refused == KM_REFUSED_PARTS);
    KM_TRY(print_sections(&w, s));
    print_items(&w, s);
    km_jw_close(&w, '}');
    return KM_OK;
}

/* --- the route --- */

static km_code look_at(km_buf *json, screen *s)
{
    KM_TRY(km_emergency__charts(&s->chart, &s->charts, s->reader, km_request_var(s->r, "person")));
    KM_TRY(may_look(s));
    KM_TRY(gather(s));
    return print_screen(json, s);
}

/* Under which purpose they look: a grant's is ETREAT, what was agreed to at registration is TREAT.
 */
static km_code purpose_of(bool *urgent, km_request *r)
{
    int64_t *chart;
    size_t n;
    km_grant level;
    km_reader *reader;
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = km_emergency__charts(&chart, &n, reader, km_request_var(r, "person"));
    if (rc == KM_OK)
        rc = km_trust_grant_of(&level, reader, chart, n, km_emergency__who(r),
                               km_call_now(&r->call));
    km_reader_close(reader);
    *urgent = rc == KM_OK && level != KM_GRANT_NONE;
    return rc;
}

km_code km_emergency__view(km_request *r, km_reply *out)
{
    bool urgent;
    km_access *access;
    km_node *node = km_request_node(r);
    screen *s = KM_NEW(r->call.arena, screen);
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(purpose_of(&urgent, r));
    s->r = r;
    s->call = urgent ? km_emergency__urgent(r) : &r->call;
    s->classes = km_trust_classes(node->trust);
    KM_TRY(km_trust_access(&access, node->trust, &km_emergency__view_policy, s->call));
    KM_TRY(km_reader_open(&s->reader, node->log, access, s->call));
    km_code rc = look_at(&json, s);
    km_reader_close(s->reader);
    if (rc == KM_OK && s->grant.number == 0 && s->standing)
        rc = km_trust_standing_seen(node->log, s->chart[0], km_emergency__who(r), &r->call);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}
