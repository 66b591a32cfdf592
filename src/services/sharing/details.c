/* SPDX-License-Identifier: Apache-2.0
 *
 * details: what opens at the right of the grid: sections of a note, rows of results, drugs of a
 * prescription, with what another institution did twice; and one analyte over a life.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "services/sharing/sharing.h"

enum { SAME_TEST_DAYS = 30, TEXT_MAX = 200000 };

typedef struct detail {
    km_person_seen *p;
    const km_item_seen **one; /* the records of the event */
    size_t n;
    km_jw *w;
} detail;

static void member_source(km_jw *w, const char *name, int32_t source)
{
    char text[16];
    snprintf(text, sizeof text, "%d", source);
    km_jw_member_z(w, name, text);
}

static void member_day(km_jw *w, const char *name, int64_t day)
{
    char text[11];
    km_day_print(text, day);
    km_jw_member_z(w, name, text);
}

static void print_duplicate(km_jw *w, const km_item_seen *twin)
{
    km_jw_key(w, "duplicate");
    if (twin == NULL) {
        km_jw_null(w);
        return;
    }
    km_jw_open(w, '{');
    member_source(w, "institution", twin->source);
    member_day(w, "day", twin->day);
    km_jw_close(w, '}');
}

/* --- results --- */

static const km_item_seen *same_test_elsewhere(const km_person_seen *p, const km_item_seen *one)
{
    km_arena *a = p->r->call.arena;
    km_str code = km_concept_code(KM_JV_GET(one->body, "code"), a);
    for (size_t i = 0; code.n > 0 && i < p->n; i++) {
        const km_item_seen *other = &p->item[i];
        int64_t apart = other->day - one->day;
        if (other->kind == KM_KIND_LAB && other->source != one->source && apart <= SAME_TEST_DAYS
            && apart >= -SAME_TEST_DAYS
            && km_str_eq(km_concept_code(KM_JV_GET(other->body, "code"), a), code))
            return other;
    }
    return NULL;
}

static void member_number(km_jw *w, const char *name, km_jv number)
{
    km_jw_key(w, name);
    if (km_jv_is(number, KM_JSON_NUMBER))
        km_jw_value(w, number);
    else
        km_jw_null(w);
}

static void print_value(km_jw *w, km_jv o)
{
    km_jv q = KM_JV_GET(o, "valueQuantity"), range = km_jv_item(KM_JV_GET(o, "referenceRange"), 0);
    km_str text = km_jv_str(KM_JV_GET(q, "value"));
    if (text.n == 0)
        text = km_jv_str(KM_JV_GET(o, "valueString"));
    if (text.n == 0)
        text = km_concept_text(KM_JV_GET(o, "valueCodeableConcept"));
    km_jw_member(w, "value", text);
    km_str unit = km_jv_str(KM_JV_GET(q, "unit"));
    km_jw_member(w, "unit", unit.n > 0 ? unit : km_jv_str(KM_JV_GET(q, "code")));
    member_number(w, "low", km_jv_at(range, "low.value"));
    member_number(w, "high", km_jv_at(range, "high.value"));
    km_jv flag = km_jv_item(KM_JV_GET(o, "interpretation"), 0);
    km_jw_member(w, "flag", km_jv_str(KM_JV_GET(km_jv_item(KM_JV_GET(flag, "coding"), 0), "code")));
    member_number(w, "numeric", KM_JV_GET(q, "value"));
}

static void print_row(const detail *d, const km_item_seen *one, km_jv o, bool component)
{
    km_jw *w = d->w;
    km_str code = km_concept_code(KM_JV_GET(o, "code"), d->p->r->call.arena);
    km_jw_open(w, '{');
    km_jw_member(w, "name", km_concept_text(KM_JV_GET(o, "code")));
    print_value(w, o);
    km_jw_member(w, "code", code);
    km_jw_member_bool(w, "trend",
                      !component && code.n > 0
                          && km_jv_is(KM_JV_GET(o, "valueQuantity"), KM_JSON_OBJECT));
    print_duplicate(w,
                    component || one->kind != KM_KIND_LAB ? NULL : same_test_elsewhere(d->p, one));
    km_jw_close(w, '}');
}

static void print_rows(const detail *d)
{
    km_jw_key(d->w, "rows");
    km_jw_open(d->w, '[');
    for (size_t i = 0; i < d->n; i++) {
        km_jv parts = KM_JV_GET(d->one[i]->body, "component");
        if (km_jv_count(parts) == 0)
            print_row(d, d->one[i], d->one[i]->body, false);
        for (km_jv_iter c = km_jv_each(parts); km_jv_next(&c);)
            print_row(d, d->one[i], c.value, true);
    }
    km_jw_close(d->w, ']');
}

/* --- drugs --- */

static int64_t days_of(km_jv m)
{
    static const char *const paths[] = { "dispenseRequest.expectedSupplyDuration.value",
                                         "daysSupply.value" };
    int64_t days;
    for (size_t i = 0; i < 2; i++)
        if (km_str_to_i64(&days, km_jv_text(m, paths[i])))
            return days;
    return 0;
}

/* The same drug at another institution on days that overlap; dispensing what was prescribed is no
 * duplicate. */
static const km_item_seen *same_drug_elsewhere(const km_person_seen *p, const km_item_seen *one)
{
    km_arena *a = p->r->call.arena;
    km_str code = km_concept_code(KM_JV_GET(one->body, "medicationCodeableConcept"), a);
    int64_t end = one->day + (days_of(one->body) > 0 ? days_of(one->body) : 1);
    for (size_t i = 0; code.n > 0 && i < p->n; i++) {
        const km_item_seen *other = &p->item[i];
        int64_t other_end = other->day + (days_of(other->body) > 0 ? days_of(other->body) : 1);
        if (other->kind == KM_KIND_PRESCRIPTION && other->source != one->source
            && other->record->type == one->record->type && other->day < end && one->day < other_end
            && km_str_eq(km_concept_code(KM_JV_GET(other->body, "medicationCodeableConcept"), a),
                         code))
            return other;
    }
    return NULL;
}

static km_str dose_text(km_jv dosage, km_arena *a)
{
    km_jv q = KM_JV_GET(km_jv_item(KM_JV_GET(dosage, "doseAndRate"), 0), "doseQuantity");
    km_str value = km_jv_str(KM_JV_GET(q, "value"));
    if (value.n == 0)
        return KM_STR("");
    return km_arena_print(a, "1回%.*s%.*s", KM_STR_ARG(value),
                          KM_STR_ARG(km_jv_str(KM_JV_GET(q, "unit"))));
}

static km_str usage_text(km_jv dosage)
{
    km_str text = km_jv_str(KM_JV_GET(dosage, "text"));
    return text.n > 0 ? text : km_concept_text(km_jv_at(dosage, "timing.code"));
}

static void print_drug(const detail *d, const km_item_seen *one)
{
    km_jw *w = d->w;
    km_jv dosage = km_jv_item(KM_JV_GET(one->body, "dosageInstruction"), 0);
    if (km_jv_kind(dosage) == KM_JSON_NONE)
        dosage = km_jv_item(KM_JV_GET(one->body, "dosage"), 0);
    km_str name = km_concept_text(KM_JV_GET(one->body, "medicationCodeableConcept"));
    if (name.n == 0)
        name = km_jv_text(one->body, "medicationReference.display");
    km_jw_open(w, '{');
    km_jw_member(w, "name", name);
    km_jw_member(w, "dose", dose_text(dosage, d->p->r->call.arena));
    km_jw_member(w, "usage", usage_text(dosage));
    km_jw_member_int(w, "days", days_of(one->body));
    print_duplicate(w, same_drug_elsewhere(d->p, one));
    km_jw_close(w, '}');
}

static void print_drugs(const detail *d)
{
    km_jw_key(d->w, "drugs");
    km_jw_open(d->w, '[');
    for (size_t i = 0; i < d->n; i++)
        print_drug(d, d->one[i]);
    km_jw_close(d->w, ']');
}

/* --- notes and everything else --- */

static void print_section(km_jw *w, km_str title, km_str text)
{
    if (text.n == 0)
        return;
    km_jw_open(w, '{');
    km_jw_member(w, "title", title);
    km_jw_member(w, "text", text);
    km_jw_close(w, '}');
}

/* A narrative's text without its tags; never shown as HTML. */
static km_str plain_text(km_str div, km_arena *a)
{
    km_buf out = km_buf_in(a);
    bool tag = false;
    for (size_t i = 0; i < div.n && out.n < TEXT_MAX; i++) {
        char c = div.p[i];
        if (c == '<')
            tag = true;
        else if (c == '>')
            tag = false;
        else if (!tag)
            km_buf_char(&out, c);
    }
    static const char *const entity[][2] = {
        { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&amp;", "&" }
    };
    km_str text = km_buf_str(&out);
    for (size_t e = 0; e < 4; e++) {
        km_buf next = km_buf_in(a);
        km_str what = km_str_of(entity[e][0]);
        for (size_t i = 0; i < text.n;) {
            if (km_str_starts(km_str_sub(text, i, text.n), what)) {
                km_buf_z(&next, entity[e][1]);
                i += what.n;
            } else
                km_buf_char(&next, text.p[i++]);
        }
        text = km_buf_str(&next);
    }
    return km_str_trim(text);
}

/* "【現病歴】...【所見】..." in a plain text becomes sections; without such marks one section. */
static void print_marked_text(km_jw *w, km_str title, km_str text)
{
    const km_str open = KM_STR("【"), close = KM_STR("】");
    km_str name = title;
    size_t start = 0;
    for (size_t i = 0; i < text.n;) {
        if (!km_str_starts(km_str_sub(text, i, text.n), open)) {
            i++;
            continue;
        }
        size_t end = i + open.n;
        while (end < text.n && !km_str_starts(km_str_sub(text, end, text.n), close))
            end++;
        if (end >= text.n)
            break;
        print_section(w, name, km_str_trim(km_str_sub(text, start, i - start)));
        name = km_str_sub(text, i + open.n, end - i - open.n);
        i = start = end + close.n;
    }
    print_section(w, name, km_str_trim(km_str_sub(text, start, text.n)));
}

static void print_attachments(const detail *d, km_jv doc)
{
    km_arena *a = d->p->r->call.arena;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(doc, "content")); km_jv_next(&i);) {
        km_jv attachment = KM_JV_GET(i.value, "attachment");
        km_str type = km_jv_str(KM_JV_GET(attachment, "contentType")), bytes;
        km_str title = km_jv_str(KM_JV_GET(attachment, "title"));
        if (!km_str_starts(type, KM_STR("text/plain"))
            || !km_unbase64(&bytes, a, km_jv_str(KM_JV_GET(attachment, "data")))
            || !km_str_is_utf8(bytes, NULL))
            print_section(d->w, title.n > 0 ? title : KM_STR("添付"), type);
        else
            print_marked_text(d->w, title.n > 0 ? title : KM_STR("本文"),
                              km_str_sub(bytes, 0, TEXT_MAX));
    }
}

static void print_composition(const detail *d, km_jv sections, int depth)
{
    for (km_jv_iter i = km_jv_each(sections); km_jv_next(&i) && depth < 8;) {
        km_str title = km_jv_str(KM_JV_GET(i.value, "title"));
        print_section(d->w, title,
                      plain_text(km_jv_text(i.value, "text.div"), d->p->r->call.arena));
        print_composition(d, KM_JV_GET(i.value, "section"), depth + 1);
    }
}

/* What a record says in words: title of the section, path of the text or CodeableConcept. */
static void print_words(const detail *d, km_jv body)
{
    static const struct {
        const char *title, *path;
    } rows[] = {
        { "内容", "code" },          { "ワクチン", "vaccineCode" },
        { "理由", "reasonCode" },    { "診療科", "serviceType" },
        { "要約", "summary" },       { "説明", "description" },
        { "結論", "conclusion" },    { "状態", "clinicalStatus" },
        { "種別", "class.display" }, { "撮影", "modality" },
        { "部位", "bodySite" },      { "退院先", "hospitalization.dischargeDisposition" }
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_jv v = km_jv_at(body, rows[i].path);
        if (km_jv_is(v, KM_JSON_ARRAY))
            v = km_jv_item(v, 0);
        km_str text = km_jv_is(v, KM_JSON_OBJECT) ? km_concept_text(v) : km_jv_str(v);
        if (text.n == 0 && km_jv_is(v, KM_JSON_OBJECT))
            text = km_jv_str(KM_JV_GET(v, "display"));
        print_section(d->w, km_str_of(rows[i].title), text);
    }
    for (km_jv_iter i = km_jv_each(KM_JV_GET(body, "note")); km_jv_next(&i);)
        print_section(d->w, KM_STR("メモ"), km_jv_str(KM_JV_GET(i.value, "text")));
}

static void print_sections(const detail *d)
{
    km_jw_key(d->w, "sections");
    km_jw_open(d->w, '[');
    for (size_t i = 0; i < d->n; i++) {
        km_jv body = d->one[i]->body;
        print_words(d, body);
        print_attachments(d, body);
        print_composition(d, KM_JV_GET(body, "section"), 0);
    }
    km_jw_close(d->w, ']');
}

/* --- who wrote it --- */

static km_code practitioner_name(km_str *out, km_person_seen *p, km_jv reference, int32_t source)
{
    km_reference ref;
    km_record *rec;
    km_jv body;
    km_str kana;
    *out = km_jv_str(KM_JV_GET(reference, "display"));
    km_str text = km_jv_str(KM_JV_GET(reference, "reference"));
    if (out->n > 0 || !km_reference_parse(&ref, text) || ref.base.n > 0
        || !km_str_is(km_fhir_type_name(ref.type), "Practitioner"))
        return KM_OK;
    km_code rc = km_reader_find(&rec, p->reader, ref.type, ref.id, source);
    if (rc != KM_OK || rec->deleted) {
        km_fault_clear(p->r->call.fault);
        return rc == KM_STORE ? rc : KM_OK;
    }
    KM_TRY(km_record_json(&body, rec, &p->r->call));
    KM_TRY(km_access_release(km_reader_access(p->reader), &rec, 1, p->r->call.fault));
    km_person_names(out, &kana, body, p->r->call.arena);
    return KM_OK;
}

static km_code find_author(km_str *out, const detail *d)
{
    static const char *const paths[] = { "author",   "requester",   "performer", "recorder",
                                         "asserter", "participant", NULL };
    const km_item_seen *one = d->one[0];
    *out = KM_STR("");
    for (const char *const *path = paths; *path != NULL && out->n == 0; path++) {
        km_jv v = km_jv_at(one->body, *path);
        if (km_jv_is(v, KM_JSON_ARRAY))
            v = km_jv_item(v, 0);
        km_jv actor = KM_JV_GET(v, "individual");
        if (km_jv_kind(actor) == KM_JSON_NONE)
            actor = KM_JV_GET(v, "actor");
        KM_TRY(practitioner_name(out, d->p, km_jv_kind(actor) != KM_JSON_NONE ? actor : v,
                                 one->source));
    }
    return KM_OK;
}

/* --- one event --- */

static km_code print_detail(km_buf *out, detail *d, km_str id)
{
    km_jw w = km_jw_on(out);
    km_str author;
    const km_item_seen *first = d->one[0];
    d->w = &w;
    KM_TRY(find_author(&author, d));
    km_jw_open(&w, '{');
    km_jw_member(&w, "id", id);
    km_jw_member_z(&w, "kind", km_kind_name(first->kind));
    if (first->day > -500000)
        member_day(&w, "day", first->day);
    member_source(&w, "institution", first->source);
    km_jw_member(&w, "author", author);
    km_jw_member_z(&w, "title", km_kind_title(first->kind));
    if (first->kind == KM_KIND_LAB || first->kind == KM_KIND_VITAL
        || km_jv_kind(KM_JV_GET(first->body, "valueQuantity")) != KM_JSON_NONE)
        print_rows(d);
    else if (first->kind == KM_KIND_PRESCRIPTION)
        print_drugs(d);
    else
        print_sections(d);
    km_jw_key(&w, "records");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < d->n; i++)
        km_jw_str(&w, km_arena_print(d->p->r->call.arena, "%.*s/%.*s",
                                     KM_STR_ARG(km_fhir_type_name(d->one[i]->record->type)),
                                     KM_STR_ARG(d->one[i]->record->id)));
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}

/* lab:3:2019-05-07 */
static bool read_group(km_kind *kind, int32_t *source, int64_t *day, km_str id)
{
    int64_t number;
    km_str rest, name = km_str_cut(id, ':', &rest), source_text = km_str_cut(rest, ':', &rest);
    *kind = km_str_is(name, "lab")     ? KM_KIND_LAB
            : km_str_is(name, "rx")    ? KM_KIND_PRESCRIPTION
            : km_str_is(name, "vital") ? KM_KIND_VITAL
                                       : KM_KIND_NONE;
    if (*kind == KM_KIND_NONE || !km_str_to_i64(&number, source_text) || !km_day_parse(day, rest))
        return false;
    *source = (int32_t)number;
    return true;
}

static km_code not_found(km_person_seen *p)
{
    return km_fail(p->r->call.fault, KM_NOT_FOUND, NULL, NULL);
}

/* Days around the event are gathered too, for what was done twice. */
static km_code find_group(detail *d, km_kind kind, int32_t source, int64_t day)
{
    km_person_seen *p = d->p;
    KM_TRY(km_seen__gather(p, day - 120, day + 120, false));
    d->one = KM_NEW_ARRAY(p->r->call.arena, p->n + 1, const km_item_seen *);
    for (size_t i = 0; i < p->n; i++)
        if (p->item[i].kind == kind && p->item[i].source == source && p->item[i].day == day)
            d->one[d->n++] = &p->item[i];
    return d->n > 0 ? KM_OK : not_found(p);
}

static km_code find_single(detail *d, km_str id)
{
    km_person_seen *p = d->p;
    km_str rest, type = km_str_cut(id, ':', &rest);
    KM_TRY(km_seen__gather(p, INT64_MIN / 2, INT64_MAX / 2, true));
    d->one = KM_NEW_ARRAY(p->r->call.arena, 1, const km_item_seen *);
    for (size_t i = 0; i < p->n && d->n == 0; i++)
        if (km_str_eq(p->item[i].record->id, rest)
            && km_str_eq(km_fhir_type_name(p->item[i].record->type), type))
            d->one[d->n++] = &p->item[i];
    return d->n > 0 ? KM_OK : not_found(p);
}

km_code km_sharing__detail(km_request *r, km_reply *out)
{
    km_person_seen p;
    km_kind kind;
    int32_t source;
    int64_t day;
    km_str id = km_request_var(r, "event");
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_seen__open(&p, r));
    detail d = { .p = &p };
    km_code rc = read_group(&kind, &source, &day, id) ? find_group(&d, kind, source, day)
                                                      : find_single(&d, id);
    if (rc == KM_OK)
        rc = print_detail(&json, &d, id);
    km_reader_close(p.reader);
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return rc;
}

/* --- one analyte over a life --- */

static km_str unit_of(km_jv o)
{
    km_jv q = KM_JV_GET(o, "valueQuantity");
    km_str unit = km_jv_str(KM_JV_GET(q, "unit"));
    return unit.n > 0 ? unit : km_jv_str(KM_JV_GET(q, "code"));
}

/* Same code and same unit only: values by other methods or units never share a series. The newest
 * value's unit is the series'. */
static km_code print_trend(km_buf *out, km_person_seen *p, km_str code)
{
    km_arena *a = p->r->call.arena;
    km_jw w = km_jw_on(out);
    const km_item_seen *newest = NULL;
    KM_TRY(km_seen__gather(p, INT64_MIN / 2, INT64_MAX / 2, false));
    km_jw_open(&w, '{');
    km_buf points = km_buf_in(a);
    km_jw pw = km_jw_on(&points);
    km_jw_open(&pw, '[');
    for (size_t i = 0; i < p->n; i++) {
        const km_item_seen *one = &p->item[i];
        km_jv value = km_jv_at(one->body, "valueQuantity.value");
        if ((one->kind != KM_KIND_LAB && one->kind != KM_KIND_VITAL)
            || !km_jv_is(value, KM_JSON_NUMBER)
            || !km_str_eq(km_concept_code(KM_JV_GET(one->body, "code"), a), code))
            continue;
        if (newest == NULL)
            newest = one;
        if (!km_str_eq(unit_of(one->body), unit_of(newest->body)))
            continue;
        km_jw_open(&pw, '{');
        member_day(&pw, "day", one->day);
        km_jw_key(&pw, "value");
        km_jw_value(&pw, value);
        member_source(&pw, "institution", one->source);
        km_jw_close(&pw, '}');
    }
    km_jw_close(&pw, ']');
    if (newest == NULL)
        return not_found(p);
    km_jv range = km_jv_item(KM_JV_GET(newest->body, "referenceRange"), 0);
    km_jw_member(&w, "name", km_concept_text(KM_JV_GET(newest->body, "code")));
    km_jw_member(&w, "unit", unit_of(newest->body));
    member_number(&w, "low", km_jv_at(range, "low.value"));
    member_number(&w, "high", km_jv_at(range, "high.value"));
    km_jw_key(&w, "points");
    km_jw_raw(&w, km_buf_str(&points));
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_sharing__trend(km_request *r, km_reply *out)
{
    km_person_seen p;
    km_buf json = km_buf_in(r->call.arena);
    km_str code = km_request_query(r, "code");
    if (code.n == 0)
        return km_fail(r->call.fault, KM_REQUIRED, "code", "system|code");
    KM_TRY(km_seen__open(&p, r));
    km_code rc = print_trend(&json, &p, code);
    km_reader_close(p.reader);
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return rc;
}
