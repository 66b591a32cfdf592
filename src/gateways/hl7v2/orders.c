/* SPDX-License-Identifier: Apache-2.0
 *
 * orders: what was ordered, given and found. Segments are read in their order; what stands before
 * (an order, a specimen) belongs to what follows.
 */
#include "gateways/hl7v2/inside.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/"

#define WORDS km_hl7v2__words

enum { RESULTS = 1024 };

typedef struct order {
    km_message *m;
    km_jw *w;
    size_t at; /* of the segment at hand */
    const km_hl7_segment *orc, *obr, *spm;
    km_str specimen, report; /* ids */
    km_str number;           /* placer's, else filler's */
    km_str result[RESULTS];  /* Observations of the report */
    size_t n_results;
    km_buf *held; /* the report is written when its results are known */
} order;

static bool is(const km_hl7_segment *s, const char *id)
{
    return km_str_is(s->field[0], id);
}

static km_str number_of(const order *o, const km_hl7_segment *s)
{
    km_str placer = WORDS(o->m, s, 2, 1);
    return placer.n > 0 ? placer : WORDS(o->m, s, 3, 1);
}

/* The first segment of that kind that belongs to the one at hand: before the next of its own kind
 * and the next order. */
static const km_hl7_segment *belonging(const order *o, const char *id)
{
    const km_message *m = o->m;
    for (size_t i = o->at + 1; i < m->n; i++) {
        const km_hl7_segment *s = &m->segment[i];
        if (is(s, id))
            return s;
        if (is(s, "ORC") || km_str_eq(s->field[0], m->segment[o->at].field[0]))
            return NULL;
    }
    return NULL;
}

static void write_encounter(order *o)
{
    if (o->m->encounter.n > 0)
        km_entry_reference(o->w, "encounter", "Encounter", o->m->encounter);
}

static void write_identifier(order *o, const km_hl7_segment *s)
{
    if (WORDS(o->m, s, 2, 1).n + WORDS(o->m, s, 3, 1).n == 0)
        return;
    km_jw_key(o->w, "identifier");
    km_jw_open(o->w, '[');
    for (uint32_t i = 2; i <= 3; i++) {
        km_str value = WORDS(o->m, s, i, 1);
        if (value.n > 0)
            km_entry_identifier(o->w,
                                km_arena_print(o->m->arena, "urn:kumihimo:%s-order:%.*s",
                                               i == 2 ? "placer" : "filler",
                                               KM_STR_ARG(km_str_sub(o->m->organization, 0, 16))),
                                value);
    }
    km_jw_close(o->w, ']');
}

/* --- results --- */

static const char *result_status(const order *o, km_str s)
{
    static const struct {
        char code;
        const char *status;
    } t[] = { { 'F', "final" },      { 'P', "preliminary" },      { 'C', "corrected" },
              { 'R', "registered" }, { 'I', "registered" },       { 'S', "preliminary" },
              { 'X', "cancelled" },  { 'D', "entered-in-error" }, { 'W', "entered-in-error" },
              { 'U', "final" } };
    if (o->m->deleted)
        return "entered-in-error";
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (s.n > 0 && s.p[0] == t[i].code)
            return t[i].status;
    return "unknown";
}

static void write_value(order *o, const km_hl7_segment *s)
{
    km_str kind = WORDS(o->m, s, 2, 1), value = km_hl7_field(s, 5), words = WORDS(o->m, s, 5, 1);
    if (value.n == 0)
        return;
    if (km_str_is(kind, "NM") && km_field_number(words))
        km_hl7v2__quantity(o->w, o->m, "valueQuantity", words, km_hl7_field(s, 6));
    else if (km_str_is(kind, "CE") || km_str_is(kind, "CWE") || km_str_is(kind, "CNE"))
        km_hl7v2__coded(o->w, o->m, "valueCodeableConcept", value);
    else if ((km_str_is(kind, "TS") || km_str_is(kind, "DT"))
             && km_hl7_time(o->m->arena, words).n > 0)
        km_jw_member(o->w, "valueDateTime", km_hl7_time(o->m->arena, words));
    else {
        km_str all = km_str_trim(km_hl7_text(o->m->hl7, o->m->arena, value, NULL));
        if (all.n > 0)
            km_jw_member(o->w, "valueString", all);
    }
}

static void write_judgement(order *o, const km_hl7_segment *s)
{
    km_str flag = WORDS(o->m, s, 8, 1), range = WORDS(o->m, s, 7, 1);
    if (flag.n > 0) {
        km_jw_key(o->w, "interpretation");
        km_jw_open(o->w, '[');
        km_entry_coded(o->w, NULL, SYSTEM "v3-ObservationInterpretation", flag);
        km_jw_close(o->w, ']');
    }
    if (range.n > 0) {
        km_jw_key(o->w, "referenceRange");
        km_jw_open(o->w, '[');
        km_jw_open(o->w, '{');
        km_jw_member(o->w, "text", range);
        km_jw_close(o->w, '}');
        km_jw_close(o->w, ']');
    }
}

/* JLAC10: analyte 5, identification 4, specimen 3, method 3, result 2. The method stays what the
 * whole code says: two codes are two series. */
static bool is_laboratory(const order *o)
{
    return o->obr != NULL && (km_str_is(o->m->type, "OUL") || km_str_is(o->m->type, "ORU"));
}

static void write_observation(order *o, const km_hl7_segment *s)
{
    km_str when = km_hl7v2__time(o->m, s, 14);
    if (when.n == 0 && o->obr != NULL)
        when = km_hl7v2__time(o->m, o->obr, 7);
    if (when.n == 0)
        when = o->m->time;
    km_str key[] = { o->number,
                     WORDS(o->m, s, 3, 1),
                     WORDS(o->m, s, 3, 2),
                     WORDS(o->m, s, 4, 1),
                     WORDS(o->m, s, 1, 1),
                     when };
    if (key[1].n + key[2].n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "Observation", key, 6);
    km_entry_open(o->w, "Observation", id);
    km_jw_member_z(o->w, "status", result_status(o, WORDS(o->m, s, 11, 1)));
    km_jw_key(o->w, "category");
    km_jw_open(o->w, '[');
    km_entry_coded(o->w, NULL, SYSTEM "observation-category",
                   is_laboratory(o) ? KM_STR("laboratory") : KM_STR("exam"));
    km_jw_close(o->w, ']');
    km_hl7v2__coded(o->w, o->m, "code", km_hl7_field(s, 3));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (when.n > 0)
        km_jw_member(o->w, "effectiveDateTime", when);
    write_value(o, s);
    write_judgement(o, s);
    if (o->specimen.n > 0)
        km_entry_reference(o->w, "specimen", "Specimen", o->specimen);
    km_entry_close(o->w, "Observation", id);
    if (o->n_results < RESULTS)
        o->result[o->n_results++] = id;
}

static void write_specimen(order *o, const km_hl7_segment *s)
{
    km_str when = km_hl7v2__time(o->m, s, 17);
    km_str key[] = { WORDS(o->m, s, 2, 1), WORDS(o->m, s, 2, 2), WORDS(o->m, s, 4, 1), when,
                     WORDS(o->m, s, 1, 1) };
    o->spm = s;
    o->specimen = km_hl7v2__id(o->m, "Specimen", key, 5);
    km_entry_open(o->w, "Specimen", o->specimen);
    km_hl7v2__coded(o->w, o->m, "type", km_hl7_field(s, 4));
    km_hl7v2__subject(o->w, o->m);
    if (when.n > 0) {
        km_jw_key(o->w, "collection");
        km_jw_open(o->w, '{');
        km_jw_member(o->w, "collectedDateTime", when);
        km_jw_close(o->w, '}');
    }
    km_entry_close(o->w, "Specimen", o->specimen);
}

/* The report of an OBR, once its results are known. */
static void close_report(order *o)
{
    const km_hl7_segment *s = o->obr;
    if (s == NULL || o->report.n == 0)
        return;
    km_str when = km_hl7v2__time(o->m, s, 7), issued = km_hl7v2__time(o->m, s, 22);
    km_entry_open(o->w, "DiagnosticReport", o->report);
    write_identifier(o, s);
    km_str status = WORDS(o->m, s, 25, 1);
    km_jw_member_z(o->w, "status",
                   status.n > 0 ? result_status(o, status) : km_hl7v2__status(o->m, "final"));
    km_hl7v2__coded(o->w, o->m, "code", km_hl7_field(s, 4));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (when.n > 0)
        km_jw_member(o->w, "effectiveDateTime", when);
    if (issued.n > 19)
        km_jw_member(o->w, "issued", issued);
    km_jw_key(o->w, "performer");
    km_jw_open(o->w, '[');
    km_entry_reference(o->w, NULL, "Organization", o->m->organization);
    km_jw_close(o->w, ']');
    if (o->n_results > 0) {
        km_jw_key(o->w, "result");
        km_jw_open(o->w, '[');
        for (size_t i = 0; i < o->n_results; i++)
            km_entry_reference(o->w, NULL, "Observation", o->result[i]);
        km_jw_close(o->w, ']');
    }
    km_entry_close(o->w, "DiagnosticReport", o->report);
    o->report = KM_STR_NONE;
}

static void open_report(order *o, const km_hl7_segment *s)
{
    close_report(o);
    o->obr = s;
    o->n_results = 0;
    if (number_of(o, s).n > 0)
        o->number = number_of(o, s);
    km_str key[] = { o->number, WORDS(o->m, s, 4, 1), WORDS(o->m, s, 4, 2), WORDS(o->m, s, 1, 1) };
    if (key[1].n + key[2].n > 0)
        o->report = km_hl7v2__id(o->m, "DiagnosticReport", key, 4);
}

/* --- orders --- */

static const char *order_status(const order *o)
{
    km_str control = WORDS(o->m, o->orc, 1, 1);
    if (o->m->deleted)
        return "entered-in-error";
    return km_str_is(control, "CA") || km_str_is(control, "OC") || km_str_is(control, "DC")
               ? "revoked"
               : "active";
}

static void write_service_request(order *o, const km_hl7_segment *s)
{
    km_str doctor = km_hl7v2__practitioner(
        o->w, o->m, km_hl7_field(o->orc != NULL ? o->orc : s, o->orc != NULL ? 12 : 16));
    km_str when = km_hl7v2__time(o->m, o->orc, 9);
    if (number_of(o, s).n > 0)
        o->number = number_of(o, s);
    km_str key[] = { o->number, WORDS(o->m, s, 4, 1), WORDS(o->m, s, 4, 2), WORDS(o->m, s, 1, 1) };
    o->obr = s;
    o->n_results = 0;
    if (key[1].n + key[2].n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "ServiceRequest", key, 4);
    km_entry_open(o->w, "ServiceRequest", id);
    write_identifier(o, s);
    km_jw_member_z(o->w, "status", order_status(o));
    km_jw_member_z(o->w, "intent", "order");
    km_hl7v2__coded(o->w, o->m, "code", km_hl7_field(s, 4));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (when.n > 0)
        km_jw_member(o->w, "authoredOn", when);
    if (doctor.n > 0)
        km_entry_reference(o->w, "requester", "Practitioner", doctor);
    if (o->specimen.n > 0) {
        km_jw_key(o->w, "specimen");
        km_jw_open(o->w, '[');
        km_entry_reference(o->w, NULL, "Specimen", o->specimen);
        km_jw_close(o->w, ']');
    }
    km_entry_close(o->w, "ServiceRequest", id);
}

static void write_procedure(order *o, const km_hl7_segment *s, uint32_t code, uint32_t time)
{
    km_str when = km_hl7v2__time(o->m, s, time);
    if (number_of(o, s).n > 0 && is(s, "OBR"))
        o->number = number_of(o, s);
    km_str key[] = { o->number, WORDS(o->m, s, code, 1), WORDS(o->m, s, code, 2), when };
    if (key[1].n + key[2].n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "Procedure", key, 4);
    km_entry_open(o->w, "Procedure", id);
    km_jw_member_z(o->w, "status", km_hl7v2__status(o->m, "completed"));
    km_hl7v2__coded(o->w, o->m, "code", km_hl7_field(s, code));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (when.n > 0 || o->m->time.n > 0)
        km_jw_member(o->w, "performedDateTime", when.n > 0 ? when : o->m->time);
    km_entry_close(o->w, "Procedure", id);
}

/* --- medicines --- */

static void write_dosage(order *o, const km_hl7_segment *rxe)
{
    const km_hl7_segment *tq1 = belonging(o, "TQ1"), *rxr = belonging(o, "RXR");
    const km_hl7 *h = o->m->hl7;
    km_str repeat = tq1 == NULL ? KM_STR_NONE
                                : km_hl7_component(h, km_hl7_repeat(h, km_hl7_field(tq1, 3), 0), 1);
    km_str code = km_str_trim(km_hl7_text(h, o->m->arena, km_hl7_sub(h, repeat, 1), NULL));
    km_str text = km_str_trim(km_hl7_text(h, o->m->arena, km_hl7_sub(h, repeat, 2), NULL));
    km_str from = km_hl7v2__time(o->m, tq1, 7), words = WORDS(o->m, rxe, 7, 2);
    if (text.n == 0)
        text = words;
    km_jw_key(o->w, "dosageInstruction");
    km_jw_open(o->w, '[');
    km_jw_open(o->w, '{');
    if (text.n > 0)
        km_jw_member(o->w, "text", text);
    if (code.n + from.n > 0) {
        km_jw_key(o->w, "timing");
        km_jw_open(o->w, '{');
        if (from.n > 0) {
            km_jw_key(o->w, "event");
            km_jw_open(o->w, '[');
            km_jw_str(o->w, from);
            km_jw_close(o->w, ']');
        }
        if (code.n > 0)
            km_entry_coded(o->w, "code", "urn:oid:1.2.392.200250.2.2.20.20", code);
        km_jw_close(o->w, '}');
    }
    if (rxr != NULL)
        km_hl7v2__coded(o->w, o->m, "route", km_hl7_field(rxr, 1));
    if (km_field_number(WORDS(o->m, rxe, 3, 1))) {
        km_jw_key(o->w, "doseAndRate");
        km_jw_open(o->w, '[');
        km_jw_open(o->w, '{');
        km_hl7v2__quantity(o->w, o->m, "doseQuantity", WORDS(o->m, rxe, 3, 1),
                           km_hl7_field(rxe, 5));
        km_jw_close(o->w, '}');
        km_jw_close(o->w, ']');
    }
    km_jw_close(o->w, '}');
    km_jw_close(o->w, ']');
}

/* Components of a mixture, as far as a note can say them. */
static void write_components(order *o)
{
    bool any = false;
    for (size_t i = o->at + 1;
         i < o->m->n && !is(&o->m->segment[i], "ORC") && !is(&o->m->segment[i], "RXE"); i++) {
        const km_hl7_segment *s = &o->m->segment[i];
        if (!is(s, "RXC"))
            continue;
        if (!any) {
            km_jw_key(o->w, "note");
            km_jw_open(o->w, '[');
        }
        any = true;
        km_jw_open(o->w, '{');
        km_jw_member(
            o->w, "text",
            km_arena_print(o->m->arena, "%.*s %.*s %.*s %.*s", KM_STR_ARG(WORDS(o->m, s, 2, 1)),
                           KM_STR_ARG(WORDS(o->m, s, 2, 2)), KM_STR_ARG(WORDS(o->m, s, 3, 1)),
                           KM_STR_ARG(WORDS(o->m, s, 4, 2))));
        km_jw_close(o->w, '}');
    }
    if (any)
        km_jw_close(o->w, ']');
}

static void write_supply(order *o, const km_hl7_segment *rxe)
{
    const km_hl7_segment *tq1 = belonging(o, "TQ1");
    const km_hl7 *h = o->m->hl7;
    km_str days = tq1 == NULL ? KM_STR_NONE : WORDS(o->m, tq1, 6, 1);
    km_str unit = tq1 == NULL ? KM_STR_NONE : WORDS(o->m, tq1, 6, 2);
    bool in_days = km_str_is(unit, "d") && km_field_number(days);
    (void)h;
    if (!in_days && !km_field_number(WORDS(o->m, rxe, 10, 1)))
        return;
    km_jw_key(o->w, "dispenseRequest");
    km_jw_open(o->w, '{');
    km_hl7v2__quantity(o->w, o->m, "quantity", WORDS(o->m, rxe, 10, 1), km_hl7_field(rxe, 11));
    if (in_days) {
        km_jw_key(o->w, "expectedSupplyDuration");
        km_jw_open(o->w, '{');
        km_jw_key(o->w, "value");
        km_jw_raw(o->w, days);
        km_jw_member_z(o->w, "unit", "日");
        km_jw_member_z(o->w, "system", "http://unitsofmeasure.org");
        km_jw_member_z(o->w, "code", "d");
        km_jw_close(o->w, '}');
    }
    km_jw_close(o->w, '}');
}

static void write_medication_request(order *o, const km_hl7_segment *s)
{
    km_str doctor = o->orc == NULL ? KM_STR_NONE
                                   : km_hl7v2__practitioner(o->w, o->m, km_hl7_field(o->orc, 12));
    km_str when = km_hl7v2__time(o->m, o->orc, 9);
    char nth[16];
    snprintf(nth, sizeof nth, "%u", (unsigned)o->at);
    km_str key[] = { o->number, WORDS(o->m, o->orc, 4, 1), WORDS(o->m, s, 2, 1),
                     WORDS(o->m, s, 2, 2), km_str_of(nth) };
    if (key[2].n + key[3].n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "MedicationRequest", key, 5);
    km_entry_open(o->w, "MedicationRequest", id);
    if (o->orc != NULL)
        write_identifier(o, o->orc);
    const char *status = order_status(o);
    km_jw_member_z(o->w, "status", km_str_is(km_str_of(status), "revoked") ? "cancelled" : status);
    km_jw_member_z(o->w, "intent", "order");
    km_hl7v2__coded(o->w, o->m, "medicationCodeableConcept", km_hl7_field(s, 2));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (when.n > 0)
        km_jw_member(o->w, "authoredOn", when);
    if (doctor.n > 0)
        km_entry_reference(o->w, "requester", "Practitioner", doctor);
    write_components(o);
    write_dosage(o, s);
    write_supply(o, s);
    km_entry_close(o->w, "MedicationRequest", id);
}

static void write_administration(order *o, const km_hl7_segment *s)
{
    const km_hl7_segment *rxr = belonging(o, "RXR");
    km_str when = km_hl7v2__time(o->m, s, 3), done = WORDS(o->m, s, 20, 1);
    km_str key[] = { o->number, WORDS(o->m, s, 5, 1), WORDS(o->m, s, 5, 2), when,
                     WORDS(o->m, s, 2, 1) };
    if (key[1].n + key[2].n == 0 || (when.n == 0 && o->m->time.n == 0))
        return;
    km_str id = km_hl7v2__id(o->m, "MedicationAdministration", key, 5);
    km_entry_open(o->w, "MedicationAdministration", id);
    km_jw_member_z(o->w, "status",
                   km_hl7v2__status(o->m, km_str_is(done, "RE") || km_str_is(done, "NA")
                                              ? "not-done"
                                          : km_str_is(done, "PA") ? "in-progress"
                                                                  : "completed"));
    km_hl7v2__coded(o->w, o->m, "medicationCodeableConcept", km_hl7_field(s, 5));
    km_hl7v2__subject(o->w, o->m);
    km_jw_member(o->w, "effectiveDateTime", when.n > 0 ? when : o->m->time);
    if (rxr != NULL || km_field_number(WORDS(o->m, s, 6, 1))) {
        km_jw_key(o->w, "dosage");
        km_jw_open(o->w, '{');
        if (rxr != NULL)
            km_hl7v2__coded(o->w, o->m, "route", km_hl7_field(rxr, 1));
        km_hl7v2__quantity(o->w, o->m, "dose", WORDS(o->m, s, 6, 1), km_hl7_field(s, 7));
        km_jw_close(o->w, '}');
    }
    km_entry_close(o->w, "MedicationAdministration", id);
}

/* --- food, problems --- */

static void write_diet(order *o, const km_hl7_segment *s)
{
    km_str when = km_hl7v2__time(o->m, o->orc, 9), text = WORDS(o->m, s, 4, 1);
    km_str key[] = { o->number, WORDS(o->m, s, 1, 1), WORDS(o->m, s, 3, 1), text };
    if (when.n == 0)
        when = o->m->time;
    if (when.n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "NutritionOrder", key, 4);
    km_entry_open(o->w, "NutritionOrder", id);
    km_jw_member_z(o->w, "status", order_status(o));
    km_jw_member_z(o->w, "intent", "order");
    km_entry_reference(o->w, "patient", "Patient", o->m->patient);
    km_jw_member(o->w, "dateTime", when);
    km_jw_key(o->w, "oralDiet");
    km_jw_open(o->w, '{');
    if (WORDS(o->m, s, 3, 1).n + WORDS(o->m, s, 3, 2).n > 0) {
        km_jw_key(o->w, "type");
        km_jw_open(o->w, '[');
        km_hl7v2__coded(o->w, o->m, NULL, km_hl7_field(s, 3));
        km_jw_close(o->w, ']');
    }
    if (text.n > 0)
        km_jw_member(o->w, "instruction", text);
    if (text.n + WORDS(o->m, s, 3, 1).n + WORDS(o->m, s, 3, 2).n == 0)
        km_jw_member_z(o->w, "instruction", "食事");
    km_jw_close(o->w, '}');
    km_entry_close(o->w, "NutritionOrder", id);
}

typedef struct problem_fields {
    uint32_t code, from, to, key;
} problem_fields;

static void write_condition(order *o, const km_hl7_segment *s, problem_fields f)
{
    km_str from = km_hl7v2__time(o->m, s, f.from), to = km_hl7v2__time(o->m, s, f.to);
    km_str key[] = { WORDS(o->m, s, f.key, 1), WORDS(o->m, s, f.code, 1), WORDS(o->m, s, f.code, 2),
                     km_str_sub(from, 0, 10) };
    bool removed = is(s, "PRB") && km_str_is(WORDS(o->m, s, 1, 1), "DE");
    if (key[1].n + key[2].n == 0)
        return;
    km_str id = km_hl7v2__id(o->m, "Condition", key, 4);
    km_entry_open(o->w, "Condition", id);
    if (o->m->deleted || removed)
        km_entry_coded(o->w, "verificationStatus", SYSTEM "condition-ver-status",
                       KM_STR("entered-in-error"));
    else
        km_entry_coded(o->w, "clinicalStatus", SYSTEM "condition-clinical",
                       to.n > 0 ? KM_STR("resolved") : KM_STR("active"));
    km_jw_key(o->w, "category");
    km_jw_open(o->w, '[');
    km_entry_coded(o->w, NULL, SYSTEM "condition-category",
                   is(s, "PRB") ? KM_STR("problem-list-item") : KM_STR("encounter-diagnosis"));
    km_jw_close(o->w, ']');
    km_hl7v2__coded(o->w, o->m, "code", km_hl7_field(s, f.code));
    km_hl7v2__subject(o->w, o->m);
    write_encounter(o);
    if (from.n > 0)
        km_jw_member(o->w, "onsetDateTime", from);
    if (to.n > 0)
        km_jw_member(o->w, "abatementDateTime", to);
    km_entry_close(o->w, "Condition", id);
}

static void take(order *o, const km_hl7_segment *s)
{
    bool results = km_str_is(o->m->type, "ORU") || km_str_is(o->m->type, "OUL");
    if (is(s, "ORC")) {
        o->orc = s;
        if (number_of(o, s).n > 0)
            o->number = number_of(o, s);
    } else if (is(s, "OBR") && results)
        open_report(o, s);
    else if (is(s, "OBR") && km_str_is(o->m->type, "OMI"))
        write_procedure(o, s, 4, 7);
    else if (is(s, "OBR"))
        write_service_request(o, s);
    else if (is(s, "OBX"))
        write_observation(o, s);
    else if (is(s, "SPM"))
        write_specimen(o, s);
    else if (is(s, "RXE"))
        write_medication_request(o, s);
    else if (is(s, "RXA"))
        write_administration(o, s);
    else if (is(s, "ODS"))
        write_diet(o, s);
    else if (is(s, "PRB"))
        write_condition(o, s, (problem_fields){ 3, 16, 9, 4 });
    else if (is(s, "DG1"))
        write_condition(o, s, (problem_fields){ 3, 5, 99, 6 });
    else if (is(s, "PR1"))
        write_procedure(o, s, 3, 5);
}

bool km_hl7v2__orders(km_jw *w, km_message *m)
{
    static const char *const known[] = { "ADT", "PPR", "RDE", "RAS", "OML", "OUL", "ORU",
                                         "OMG", "OMI", "OMD", "OMP", "ORM", "VXU", "MDM" };
    order *o = KM_NEW(m->arena, order);
    bool found = false;
    *o = (order){ .m = m, .w = w };
    for (o->at = 0; o->at < m->n; o->at++)
        take(o, &m->segment[o->at]);
    close_report(o);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found = found || km_str_is(m->type, known[i]);
    return found;
}
