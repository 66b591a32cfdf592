/* SPDX-License-Identifier: Apache-2.0
 *
 * invent: random resources and searches, from so few words that they often meet. The same numbers
 * in every run. Nobody in them is real.
 */
#ifndef KM_TESTS_PROPERTY_INVENT_H
#define KM_TESTS_PROPERTY_INVENT_H

#include "record/log_test.h"

#include "base/hash.h"
#include "km_sql_record.h"
#include "km_sql_view_index.h"
#include "km_sql_view_person.h"
#include "view/index/index.h"
#include "view/person/person.h"

static const km_embedded *const all_sql[] = { km_sql_record, km_sql_view_index, km_sql_view_person,
                                              NULL };
static const km_fold_def *const all_folds[] = { &km_index_fold, &km_person_fold, NULL };

#define ONE_OF(seed, list) ((list)[km_test_below((seed), sizeof(list) / sizeof *(list))])

static inline bool chance(uint64_t *seed, int percent)
{
    return km_test_below(seed, 100) < (size_t)percent;
}

static const char *const dates[] = { "2020",
                                     "2021",
                                     "2020-02",
                                     "2020-03",
                                     "2020-02-29",
                                     "2020-03-01",
                                     "2021-12-31",
                                     "2020-02-29T10:00:00+09:00",
                                     "2020-02-28T23:30:00Z",
                                     "1950-01-01",
                                     "2020-02-29T10:00:00.5Z",
                                     "2099-01-01" };
static const char *const numbers[] = { "0", "1",   "1.0",  "1.00", "-1",  "100",  "99.5", "100.4",
                                       "5", "5.4", "5.40", "5.44", "1e2", "0.05", "7.25", "-0.5" };
static const char *const families[] = { "山田", "やまだ", "ヤマダ", "ﾔﾏﾀﾞ",   "Yamada", "髙橋",
                                        "高橋", "大野",   "おおの", "O'Neil", "Müller", "" };
static const char *const givens[] = { "太郎", "たろう", "花子", "Taro", "tarō", "J\u00e9an" };
static const char *const systems[] = { "http://a.example/s", "http://a.example/s2", "urn:oid:1.2.3",
                                       "" };
static const char *const codes[] = { "a", "b", "A", "c|d", "e,f", "g$h", "1", "日本" };
#define LONG_TEXT                                                    \
    "a very long text that goes on and on, further than any key of " \
    "an index is long, until it ends with the word unmistakable"
#define LONG_URI                                                      \
    "http://a.example/a-very-long-way-to/something/that/nobody/will/" \
    "ever/type/by/hand/because/it/goes/on/longer/than/an/index/key/"
static const char *const texts[] = {
    "痛み", "いたみ", "Pain in the chest", "pain", "熱", LONG_TEXT
};
static const char *const uris[] = {
    "http://a.example/vs/1", "http://a.example/vs/1/2", "http://a.example/vs/12",
    "http://a.example/vs",   "urn:oid:1.2.3",           LONG_URI "one",
    LONG_URI "two"
};
static const char *const people[] = { "p1", "p2", "p3", "p4", "p5" };
static const char *const doctors[] = { "d1", "d2", "d3" };

typedef struct invent {
    uint64_t *seed;
    km_buf out;
    bool comma;
} invent;

static inline void member(invent *v, const char *name)
{
    if (v->comma)
        km_buf_char(&v->out, ',');
    v->comma = true;
    km_buf_print(&v->out, "\"%s\":", name);
}

static inline void text_member(invent *v, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    member(v, name);
    km_json_string(&v->out, km_str_of(text));
}

static inline void open_object(invent *v, const char *name)
{
    if (name != NULL)
        member(v, name);
    else if (v->comma)
        km_buf_char(&v->out, ',');
    km_buf_char(&v->out, '{');
    v->comma = false;
}

static inline void close_object(invent *v)
{
    km_buf_char(&v->out, '}');
    v->comma = true;
}

/* One to three of them, each made by `one`. */
static inline void list_of(invent *v, const char *name, void (*one)(invent *v))
{
    member(v, name);
    km_buf_char(&v->out, '[');
    v->comma = false;
    for (size_t n = 1 + km_test_below(v->seed, 3); n > 0; n--) {
        open_object(v, NULL);
        one(v);
        close_object(v);
    }
    km_buf_char(&v->out, ']');
    v->comma = true;
}

static inline void coding(invent *v)
{
    if (chance(v->seed, 90))
        text_member(v, "system", ONE_OF(v->seed, systems));
    if (chance(v->seed, 90))
        text_member(v, "code", ONE_OF(v->seed, codes));
    text_member(v, "display", chance(v->seed, 40) ? ONE_OF(v->seed, texts) : "shown");
}

static inline void concept(invent *v)
{
    if (chance(v->seed, 85))
        list_of(v, "coding", coding);
    text_member(v, "text", chance(v->seed, 50) ? ONE_OF(v->seed, texts) : "said");
}

static inline void identifier(invent *v)
{
    static const char *const more[] = {
        "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID",
        "http://hl7.org/fhir/sid/us-ssn"
    };
    bool joins = chance(v->seed, 20);
    text_member(v, "system", joins ? ONE_OF(v->seed, more) : ONE_OF(v->seed, systems));
    text_member(v, "value", ONE_OF(v->seed, codes));
    if (chance(v->seed, 50)) {
        open_object(v, "type");
        concept(v);
        close_object(v);
    }
}

static inline void human_name(invent *v)
{
    text_member(v, "family", ONE_OF(v->seed, families));
    if (chance(v->seed, 80)) {
        member(v, "given");
        km_buf_char(&v->out, '[');
        km_json_string(&v->out, km_str_of(ONE_OF(v->seed, givens)));
        km_buf_char(&v->out, ']');
    }
    text_member(v, "text", chance(v->seed, 30) ? ONE_OF(v->seed, texts) : "");
    if (chance(v->seed, 30)) {
        static const char *const syl = "[{\"url\":\"http://hl7.org/fhir/StructureDefinition/"
                                       "iso21090-EN-representation\",\"valueCode\":\"SYL\"}]";
        member(v, "extension");
        km_buf_z(&v->out, syl);
    }
}

static inline void contact(invent *v)
{
    static const char *const use[] = { "home", "work" }, *const value[] = { "03-1", "a@b.example" };
    text_member(v, "system", chance(v->seed, 50) ? "phone" : "email");
    text_member(v, "use", ONE_OF(v->seed, use));
    text_member(v, "value", ONE_OF(v->seed, value));
}

static inline void address(invent *v)
{
    static const char *const city[] = { "東京", "とうきょう", "Paris" };
    text_member(v, "city", ONE_OF(v->seed, city));
    text_member(v, "postalCode", ONE_OF(v->seed, numbers));
    text_member(v, "use", "home");
}

static inline void reference_to(invent *v, const char *type, const char *id)
{
    char text[200];
    static const char *const tails[] = { "", "", "", "", "", "/_history/2" };
    snprintf(text, sizeof text, "%s%s/%s%s",
             chance(v->seed, 5) ? "https://elsewhere.example/fhir/" : "", type, id,
             ONE_OF(v->seed, tails));
    int kind = (int)km_test_below(v->seed, 12);
    if (kind == 0)
        snprintf(text, sizeof text, "#inside");
    if (kind > 1)
        text_member(v, "reference", text);
    if (kind < 3) {
        open_object(v, "identifier");
        text_member(v, "system", ONE_OF(v->seed, systems));
        text_member(v, "value", ONE_OF(v->seed, codes));
        close_object(v);
    }
    text_member(v, "display", kind == 1 ? "only shown" : "");
}

static inline void doctor(invent *v)
{
    reference_to(v, "Practitioner", ONE_OF(v->seed, doctors));
}

static inline void period(invent *v)
{
    if (chance(v->seed, 70))
        text_member(v, "start", ONE_OF(v->seed, dates));
    if (chance(v->seed, 50))
        text_member(v, "end", ONE_OF(v->seed, dates));
    if (!v->comma)
        text_member(v, "start", "2020");
}

static inline void quantity(invent *v)
{
    static const char *const unit[] = { "mg", "kg", "a", "" }, *const comparator[] = { "<", ">",
                                                                                       "<=" };
    member(v, "value");
    km_buf_z(&v->out, ONE_OF(v->seed, numbers));
    text_member(v, "unit", ONE_OF(v->seed, unit));
    text_member(v, "system", ONE_OF(v->seed, systems));
    text_member(v, "code", ONE_OF(v->seed, unit));
    if (chance(v->seed, 20))
        text_member(v, "comparator", ONE_OF(v->seed, comparator));
}

static inline void date_choice(invent *v, const char *instant, const char *span)
{
    if (chance(v->seed, 60)) {
        text_member(v, instant, ONE_OF(v->seed, dates));
    } else if (chance(v->seed, 75)) {
        open_object(v, span);
        period(v);
        close_object(v);
    }
}

static inline void subject(invent *v, const char *name, const char *patient)
{
    open_object(v, name);
    if (patient != NULL)
        reference_to(v, "Patient", patient);
    else
        reference_to(v, chance(v->seed, 50) ? "Group" : "Location", ONE_OF(v->seed, people));
    close_object(v);
}

/* --- types --- */

static inline void patient_body(invent *v, const char *patient)
{
    (void)patient;
    if (chance(v->seed, 90))
        list_of(v, "name", human_name);
    if (chance(v->seed, 80))
        list_of(v, "identifier", identifier);
    if (chance(v->seed, 50))
        list_of(v, "telecom", contact);
    if (chance(v->seed, 50))
        list_of(v, "address", address);
    if (chance(v->seed, 60))
        list_of(v, "generalPractitioner", doctor);
    static const char *const gender[] = { "male", "female", "" };
    text_member(v, "gender", ONE_OF(v->seed, gender));
    text_member(v, "birthDate", chance(v->seed, 80) ? ONE_OF(v->seed, dates) : "");
    if (chance(v->seed, 50)) {
        member(v, "active");
        km_buf_z(&v->out, chance(v->seed, 50) ? "true" : "false");
    }
    if (chance(v->seed, 20))
        text_member(v, "deceasedDateTime", ONE_OF(v->seed, dates));
}

static inline void component(invent *v)
{
    open_object(v, "code");
    concept(v);
    close_object(v);
    open_object(v, "valueQuantity");
    quantity(v);
    close_object(v);
}

static inline void observation_body(invent *v, const char *patient)
{
    open_object(v, "code");
    concept(v);
    close_object(v);
    text_member(v, "status", chance(v->seed, 50) ? "final" : "amended");
    if (chance(v->seed, 85))
        subject(v, "subject", patient);
    date_choice(v, "effectiveDateTime", "effectivePeriod");
    if (chance(v->seed, 60)) {
        open_object(v, "valueQuantity");
        quantity(v);
        close_object(v);
    } else if (chance(v->seed, 50)) {
        open_object(v, "valueCodeableConcept");
        concept(v);
        close_object(v);
    } else {
        text_member(v, "valueString", ONE_OF(v->seed, texts));
    }
    if (chance(v->seed, 40))
        list_of(v, "component", component);
    if (chance(v->seed, 50))
        list_of(v, "performer", doctor);
    if (chance(v->seed, 50))
        list_of(v, "identifier", identifier);
}

static inline void condition_body(invent *v, const char *patient)
{
    open_object(v, "code");
    concept(v);
    close_object(v);
    subject(v, "subject", patient);
    date_choice(v, "onsetDateTime", "onsetPeriod");
    if (chance(v->seed, 30)) {
        open_object(v, "onsetAge");
        quantity(v);
        close_object(v);
    }
    if (chance(v->seed, 50))
        list_of(v, "category", concept);
}

static inline void encounter_body(invent *v, const char *patient)
{
    text_member(v, "status", "finished");
    if (chance(v->seed, 90))
        subject(v, "subject", patient);
    open_object(v, "class");
    coding(v);
    close_object(v);
    open_object(v, "period");
    period(v);
    close_object(v);
    if (chance(v->seed, 50)) {
        member(v, "participant");
        km_buf_z(&v->out, "[{\"individual\":{");
        v->comma = false;
        doctor(v);
        km_buf_z(&v->out, "}}]");
        v->comma = true;
    }
}

static inline void risk_body(invent *v, const char *patient)
{
    text_member(v, "status", "final");
    subject(v, "subject", patient);
    member(v, "prediction");
    km_buf_z(&v->out, "[{\"");
    if (chance(v->seed, 70))
        km_buf_print(&v->out, "probabilityDecimal\":%s", ONE_OF(v->seed, numbers));
    else
        km_buf_print(&v->out,
                     "probabilityRange\":{\"low\":{\"value\":%s},\"high\":{\"value\":200}}",
                     ONE_OF(v->seed, numbers));
    km_buf_z(&v->out, "}]");
    v->comma = true;
}

static inline void value_set_body(invent *v, const char *patient)
{
    (void)patient;
    text_member(v, "url", ONE_OF(v->seed, uris));
    text_member(v, "name", ONE_OF(v->seed, texts));
    text_member(v, "status", "active");
    text_member(v, "version", ONE_OF(v->seed, numbers));
    text_member(v, "date", ONE_OF(v->seed, dates));
}

static inline void plan_body(invent *v, const char *patient)
{
    text_member(v, "status", "active");
    text_member(v, "intent", "plan");
    subject(v, "subject", patient);
    member(v, "instantiatesCanonical");
    km_buf_char(&v->out, '[');
    km_str uri = km_str_of(ONE_OF(v->seed, uris));
    km_json_string(&v->out, chance(v->seed, 40)
                                ? km_arena_print(v->out.arena, "%.*s|2", KM_STR_ARG(uri))
                                : uri);
    km_buf_char(&v->out, ']');
    if (chance(v->seed, 50)) {
        open_object(v, "period");
        period(v);
        close_object(v);
    }
}

static inline void practitioner_body(invent *v, const char *patient)
{
    (void)patient;
    list_of(v, "name", human_name);
    if (chance(v->seed, 50))
        list_of(v, "identifier", identifier);
}

static const struct invented_type {
    const char *name;
    bool owned; /* may belong to a patient */
    void (*body)(invent *v, const char *patient);
} invented[] = {
    { "Patient", false, patient_body },    { "Observation", true, observation_body },
    { "Condition", true, condition_body }, { "Encounter", true, encounter_body },
    { "RiskAssessment", true, risk_body }, { "ValueSet", false, value_set_body },
    { "CarePlan", true, plan_body },       { "Practitioner", false, practitioner_body }
};
enum { INVENTED = sizeof invented / sizeof *invented };

static inline void print_meta(invent *v)
{
    if (!chance(v->seed, 40))
        return;
    open_object(v, "meta");
    list_of(v, "tag", coding);
    text_member(v, "source", ONE_OF(v->seed, uris));
    if (chance(v->seed, 30)) {
        member(v, "profile");
        km_buf_print(&v->out, "[\"%s\"]", ONE_OF(v->seed, uris));
    }
    close_object(v);
}

/* A write of a random resource; ids are few, so that many are new versions. */
static inline km_write invent_write(km_test_log *w)
{
    const struct invented_type *t = &ONE_OF(&w->seed, invented);
    invent v = { &w->seed, km_buf_in(w->arena), false };
    char id[16];
    bool person = t->body == patient_body, doctors_own = t->body == practitioner_body;
    snprintf(id, sizeof id, "r%zu", km_test_below(&w->seed, 40));
    const char *name = person        ? ONE_OF(&w->seed, people)
                       : doctors_own ? ONE_OF(&w->seed, doctors)
                                     : id;
    const char *patient = t->owned && chance(&w->seed, 85) ? ONE_OF(&w->seed, people) : NULL;
    open_object(&v, NULL);
    text_member(&v, "resourceType", t->name);
    text_member(&v, "id", name);
    print_meta(&v);
    t->body(&v, patient);
    close_object(&v);
    km_jv resource = km_test_json(w->arena, "%.*s", KM_STR_ARG(km_buf_str(&v.out)));
    km_write one = km_test_update(resource, "");
    one.source = 1 + (int32_t)km_test_below(&w->seed, 2);
    km_str owner[4];
    km_reference ref;
    if (km_fhir_owner(owner, 4, resource, one.type) == 1 && km_reference_parse(&ref, owner[0])
        && ref.base.n == 0 && !ref.contained)
        one.owner = ref.id;
    else if (t->owned && chance(&w->seed, 40)) /* the transaction's only patient (decision 7) */
        one.owner = km_str_of(ONE_OF(&w->seed, people));
    return one;
}

/* Writes, updates, deletes; refusals (another owner, nothing to delete) are part of it. */
static inline void live_on(km_test_log *w, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        km_arena_mark mark = km_arena_here(w->arena);
        km_write one = invent_write(w);
        w->now += (km_ms)km_test_below(&w->seed, 3) * 3600000;
        if (chance(&w->seed, 8))
            one.op = KM_OP_DELETE;
        km_code rc = km_test_write(w, &one);
        if (rc != KM_OK && rc != KM_SEVERAL_OWNERS && rc != KM_NOT_FOUND)
            fail_msg("step %zu: %s %s", i, km_code_name(rc), w->fault.detail);
        km_arena_back(w->arena, mark);
    }
    km_fault_clear(&w->fault);
}

#endif
