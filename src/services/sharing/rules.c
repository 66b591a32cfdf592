/* SPDX-License-Identifier: Apache-2.0
 *
 * rules: what kind of event a record is, and what is said of it in one line. Pure.
 */
#include "services/sharing/sharing.h"

#include <stdio.h>

static const struct {
    const char *name, *title;
} kinds[KM_KINDS] = { [KM_KIND_NONE] = { "", "" },
                      [KM_KIND_NOTE] = { "note", "医師の記載" },
                      [KM_KIND_LAB] = { "lab", "検査データ" },
                      [KM_KIND_PRESCRIPTION] = { "prescription", "処方データ" },
                      [KM_KIND_ADMISSION] = { "admission", "入院" },
                      [KM_KIND_VISIT] = { "visit", "受診" },
                      [KM_KIND_DOCUMENT] = { "document", "文書" },
                      [KM_KIND_IMAGE] = { "image", "画像" },
                      [KM_KIND_CHECKUP] = { "checkup", "健診" },
                      [KM_KIND_CONDITION] = { "condition", "病名" },
                      [KM_KIND_PROCEDURE] = { "procedure", "処置・手術" },
                      [KM_KIND_IMMUNIZATION] = { "immunization", "予防接種" },
                      [KM_KIND_ALLERGY] = { "allergy", "アレルギー" },
                      [KM_KIND_VITAL] = { "vital", "バイタル" } };

const char *km_kind_name(km_kind k)
{
    return kinds[k].name;
}

const char *km_kind_title(km_kind k)
{
    return kinds[k].title;
}

bool km_kind_is_grouped(km_kind k)
{
    return k == KM_KIND_LAB || k == KM_KIND_PRESCRIPTION || k == KM_KIND_VITAL;
}

/* --- which kind --- */

/* A row holds for a type when `path` (a CodeableConcept, Coding or code, or a list of them) has
 * `code`; NULL: always. The first row that holds decides. LOINC 11506-3 progress note, 34117-2
 * history and physical, 53576-5 checkup report; JPGCHKUP01 and JPMCHKUP01 from JP doc-typecodes. */
static const struct row {
    const char *type, *path, *code;
    km_kind kind;
} rows[] = {
    { "Encounter", "class", "IMP", KM_KIND_ADMISSION },
    { "Encounter", "class", "ACUTE", KM_KIND_ADMISSION },
    { "Encounter", "class", "NONAC", KM_KIND_ADMISSION },
    { "Encounter", NULL, NULL, KM_KIND_VISIT },
    { "DocumentReference", "type", "53576-5", KM_KIND_CHECKUP },
    { "DocumentReference", "type", "JPGCHKUP01", KM_KIND_CHECKUP },
    { "DocumentReference", "type", "JPMCHKUP01", KM_KIND_CHECKUP },
    { "DocumentReference", "type", "11506-3", KM_KIND_NOTE },
    { "DocumentReference", "type", "34117-2", KM_KIND_NOTE },
    { "DocumentReference", "category", "clinical-note", KM_KIND_NOTE },
    { "DocumentReference", NULL, NULL, KM_KIND_DOCUMENT },
    { "Composition", "type", "53576-5", KM_KIND_CHECKUP },
    { "Composition", "type", "11506-3", KM_KIND_NOTE },
    { "Composition", NULL, NULL, KM_KIND_DOCUMENT },
    { "ClinicalImpression", NULL, NULL, KM_KIND_NOTE },
    { "Observation", "category", "laboratory", KM_KIND_LAB },
    { "Observation", "category", "vital-signs", KM_KIND_VITAL },
    { "Observation", "category", "imaging", KM_KIND_IMAGE },
    { "Observation", "category", "exam", KM_KIND_CHECKUP },
    { "MedicationRequest", NULL, NULL, KM_KIND_PRESCRIPTION },
    { "MedicationDispense", NULL, NULL, KM_KIND_PRESCRIPTION },
    { "MedicationStatement", NULL, NULL, KM_KIND_PRESCRIPTION },
    { "DiagnosticReport", "category", "RAD", KM_KIND_IMAGE },
    { "DiagnosticReport", "category", "checkup", KM_KIND_CHECKUP },
    { "DiagnosticReport", "category", "PAT", KM_KIND_DOCUMENT },
    { "ImagingStudy", NULL, NULL, KM_KIND_IMAGE },
    { "Condition", NULL, NULL, KM_KIND_CONDITION },
    { "Procedure", NULL, NULL, KM_KIND_PROCEDURE },
    { "Immunization", NULL, NULL, KM_KIND_IMMUNIZATION },
    { "AllergyIntolerance", NULL, NULL, KM_KIND_ALLERGY },
};

static bool has_code(km_jv v, const char *code)
{
    if (km_jv_is(v, KM_JSON_STRING))
        return km_str_is(km_jv_str(v), code);
    if (km_jv_is(v, KM_JSON_OBJECT)) {
        if (km_str_is(km_jv_str(KM_JV_GET(v, "code")), code))
            return true;
        v = KM_JV_GET(v, "coding");
    }
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (i.object)
            break;
        if (km_str_is(km_jv_str(KM_JV_GET(i.value, "code")), code))
            return true;
        for (km_jv_iter c = km_jv_each(KM_JV_GET(i.value, "coding")); km_jv_next(&c);)
            if (km_str_is(km_jv_str(KM_JV_GET(c.value, "code")), code))
                return true;
    }
    return false;
}

km_kind km_kind_of(km_jv resource, km_ftype type)
{
    km_str name = km_fhir_type_name(type);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (km_str_is(name, rows[i].type)
            && (rows[i].path == NULL || has_code(km_jv_at(resource, rows[i].path), rows[i].code)))
            return rows[i].kind;
    return KM_KIND_NONE;
}

/* --- words --- */

static km_str one_name(km_jv name, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_str text = km_jv_str(KM_JV_GET(name, "text"));
    km_buf_add(&out, km_jv_str(KM_JV_GET(name, "family")));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "given")); km_jv_next(&i);) {
        if (out.n > 0)
            km_buf_char(&out, ' ');
        km_buf_add(&out, km_jv_str(i.value));
    }
    return out.n > 0 ? km_buf_str(&out) : text;
}

static bool is_reading(km_jv name)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "extension")); km_jv_next(&i);)
        if (km_str_is(km_jv_str(KM_JV_GET(i.value, "valueCode")), "SYL"))
            return true;
    return false;
}

void km_person_names(km_str *name, km_str *kana, km_jv patient, km_arena *a)
{
    *name = *kana = KM_STR("");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(patient, "name")); km_jv_next(&i);) {
        km_str *to = is_reading(i.value) ? kana : name;
        if (to->n == 0)
            *to = one_name(i.value, a);
    }
}

km_str km_concept_text(km_jv concept)
{
    km_str text = km_jv_str(KM_JV_GET(concept, "text"));
    if (text.n > 0)
        return text;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(concept, "coding")); km_jv_next(&i);)
        if ((text = km_jv_str(KM_JV_GET(i.value, "display"))).n > 0)
            return text;
    return km_jv_str(KM_JV_GET(km_jv_item(KM_JV_GET(concept, "coding"), 0), "code"));
}

km_str km_concept_code(km_jv concept, km_arena *a)
{
    km_jv coding = km_jv_item(KM_JV_GET(concept, "coding"), 0);
    km_str code = km_jv_str(KM_JV_GET(coding, "code"));
    if (code.n == 0)
        return KM_STR("");
    return km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(km_jv_str(KM_JV_GET(coding, "system"))),
                          KM_STR_ARG(code));
}

/* 血圧 128/76 mmHg: the components' values with their common unit. */
static km_str component_line(km_jv o, km_str name, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_str unit = KM_STR("");
    km_buf_add(&out, name);
    char mark = ' ';
    for (km_jv_iter i = km_jv_each(KM_JV_GET(o, "component")); km_jv_next(&i); mark = '/') {
        km_jv q = KM_JV_GET(i.value, "valueQuantity");
        km_buf_char(&out, mark);
        km_buf_add(&out, km_jv_str(KM_JV_GET(q, "value")));
        unit = km_jv_str(KM_JV_GET(q, "unit"));
    }
    km_buf_char(&out, ' ');
    km_buf_add(&out, unit);
    return km_str_trim(km_buf_str(&out));
}

static km_str result_line(km_jv o, km_arena *a)
{
    km_jv q = KM_JV_GET(o, "valueQuantity");
    km_str name = km_concept_text(KM_JV_GET(o, "code"));
    km_str text = km_jv_str(KM_JV_GET(o, "valueString"));
    if (km_jv_count(KM_JV_GET(o, "component")) > 0)
        return component_line(o, name, a);
    if (km_jv_is(q, KM_JSON_OBJECT))
        return km_arena_print(a, "%.*s %.*s %.*s", KM_STR_ARG(name),
                              KM_STR_ARG(km_jv_str(KM_JV_GET(q, "value"))),
                              KM_STR_ARG(km_jv_str(KM_JV_GET(q, "unit"))));
    if (text.n == 0)
        text = km_concept_text(KM_JV_GET(o, "valueCodeableConcept"));
    return km_arena_print(a, "%.*s %.*s", KM_STR_ARG(name), KM_STR_ARG(text));
}

static km_str first_text(km_jv v, const char *const *path)
{
    for (; *path != NULL; path++) {
        km_jv at = km_jv_at(v, *path);
        if (km_jv_is(at, KM_JSON_ARRAY))
            at = km_jv_item(at, 0);
        km_str text = km_jv_is(at, KM_JSON_OBJECT) ? km_concept_text(at) : km_jv_str(at);
        if (text.n > 0)
            return text;
    }
    return KM_STR("");
}

km_str km_event_summary(km_jv resource, km_kind k, km_arena *a)
{
    static const char *const words[] = { "medicationCodeableConcept",
                                         "vaccineCode",
                                         "title",
                                         "description",
                                         "conclusion",
                                         "summary",
                                         "reasonCode",
                                         "code",
                                         "type",
                                         "serviceType",
                                         NULL };
    static const char *const visit[] = { "reasonCode", "serviceType", "type", NULL };
    if (k == KM_KIND_LAB || k == KM_KIND_VITAL)
        return result_line(resource, a);
    return first_text(resource, k == KM_KIND_VISIT || k == KM_KIND_ADMISSION ? visit : words);
}

void km_day_print(char out[11], int64_t day)
{
    int year, month, dom;
    km_day_to_civil(day, &year, &month, &dom);
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
             (unsigned)dom % 100u);
}

bool km_day_parse(int64_t *day, km_str text)
{
    km_civil c;
    if (text.n != 10 || !km_civil_parse(&c, text) || c.day == 0)
        return false;
    *day = km_day_from_civil(c.year, c.month, c.day);
    return true;
}

km_str km_clock_time(km_str date_time, km_arena *a)
{
    km_civil c;
    km_ms low, high;
    if (!km_civil_parse(&c, date_time) || !c.has_time)
        return KM_STR("");
    km_civil_interval(&low, &high, &c);
    int64_t minute = (low / 60000 + KM_JAPAN_OFFSET_MIN) % 1440;
    if (minute < 0)
        minute += 1440;
    return km_arena_print(a, "%02d:%02d", (int)(minute / 60), (int)(minute % 60));
}
