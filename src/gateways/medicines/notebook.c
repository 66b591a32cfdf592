/* SPDX-License-Identifier: Apache-2.0
 *
 * notebook: medicine notebook lines as FHIR. A drug of an RP becomes a MedicationDispense and the
 * MedicationRequest it was dispensed for; medicines without prescription a MedicationStatement;
 * allergies and adverse reactions an AllergyIntolerance, earlier illnesses a Condition; what
 * pharmacists, hospitals and the person wrote a Communication, its record as its category.
 */
#include "gateways/medicines/inside.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/"
#define RECORD_SYSTEM "urn:kumihimo:jahis:notebook-record"

#define AT km_medicines__at

/* The dispensing at hand. */
typedef struct block {
    size_t from, to; /* lines */
    char day[16];
    km_str day_field, pharmacy, pharmacist;
} block;

static km_str key_id(const km_med_text *t, const char *kind, const km_str *part, size_t n)
{
    km_str key[8] = { t->patient };
    for (size_t i = 0; i < n && i < 7; i++)
        key[i + 1] = part[i];
    return km_entry_id(t->arena, kind, key, n + 1);
}

/* Ten digits, or nothing: prefecture, fee table, code. */
static km_str institution_code(const km_med_text *t, const km_med_line *l)
{
    km_str p = AT(l, 2), f = AT(l, 3), c = AT(l, 4);
    if (p.n != 2 || f.n != 1 || c.n != 7)
        return KM_STR_NONE;
    return km_arena_print(t->arena, "%.*s%.*s%.*s", KM_STR_ARG(p), KM_STR_ARG(f), KM_STR_ARG(c));
}

/* --- what is written in words --- */

static void write_words(km_jw *w, km_med_text *t, const km_med_line *l, km_str words,
                        const char *day)
{
    km_str key[] = { l->field[0], words, km_str_of(day) };
    if (words.n == 0)
        return;
    km_str id = key_id(t, "Communication", key, 3);
    km_entry_open(w, "Communication", id);
    km_jw_member_z(w, "status", "completed");
    km_jw_key(w, "category");
    km_jw_open(w, '[');
    km_entry_coded(w, NULL, RECORD_SYSTEM, l->field[0]);
    km_jw_close(w, ']');
    km_entry_reference(w, "subject", "Patient", t->patient);
    if (day[0] != '\0')
        km_jw_member_z(w, "sent", day);
    km_jw_key(w, "payload");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member(w, "contentString", words);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_entry_close(w, "Communication", id);
}

static void write_allergy(km_jw *w, km_med_text *t, const km_med_line *l)
{
    km_str key[] = { AT(l, 1), AT(l, 2) };
    km_str id = key_id(t, "AllergyIntolerance", key, 2);
    km_entry_open(w, "AllergyIntolerance", id);
    km_entry_coded(w, "clinicalStatus", SYSTEM "allergyintolerance-clinical", KM_STR("active"));
    if (km_str_is(AT(l, 1), "2")) {
        km_jw_member_z(w, "type", "intolerance");
        km_jw_key(w, "category");
        km_jw_open(w, '[');
        km_jw_z(w, "medication");
        km_jw_close(w, ']');
    } else
        km_jw_member_z(w, "type", "allergy");
    km_jw_key(w, "code");
    km_jw_open(w, '{');
    km_jw_member(w, "text", AT(l, 2));
    km_jw_close(w, '}');
    km_entry_reference(w, "patient", "Patient", t->patient);
    km_entry_close(w, "AllergyIntolerance", id);
}

static void write_history(km_jw *w, km_med_text *t, const km_med_line *l)
{
    km_str key[] = { AT(l, 2) };
    km_str id = key_id(t, "Condition", key, 1);
    km_entry_open(w, "Condition", id);
    km_jw_key(w, "category");
    km_jw_open(w, '[');
    km_entry_coded(w, NULL, SYSTEM "condition-category", KM_STR("problem-list-item"));
    km_jw_close(w, ']');
    km_jw_key(w, "code");
    km_jw_open(w, '{');
    km_jw_member(w, "text", AT(l, 2));
    km_jw_close(w, '}');
    km_entry_reference(w, "subject", "Patient", t->patient);
    km_entry_close(w, "Condition", id);
}

static void write_remark(km_jw *w, km_med_text *t, const km_med_line *l)
{
    if (km_str_is(AT(l, 1), "1") || km_str_is(AT(l, 1), "2"))
        write_allergy(w, t, l);
    else if (km_str_is(AT(l, 1), "3"))
        write_history(w, t, l);
    else
        write_words(w, t, l, AT(l, 2), "");
}

/* --- medicines without prescription --- */

static void write_period(km_jw *w, const char *name, km_str from, km_str to)
{
    char start[16] = "", end[16] = "";
    bool starts = km_medicines__date(start, from), ends = km_medicines__date(end, to);
    if (!starts && !ends)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '{');
    if (starts)
        km_jw_member_z(w, "start", start);
    if (ends)
        km_jw_member_z(w, "end", end);
    km_jw_close(w, '}');
}

static void write_ingredients(km_jw *w, km_med_text *t, km_str sequence)
{
    bool any = false;
    for (size_t i = 0; i < t->n; i++) {
        const km_med_line *l = &t->line[i];
        if (l->id != 31 || sequence.n == 0 || !km_str_eq(AT(l, 1), sequence))
            continue;
        if (!any) {
            km_jw_key(w, "note");
            km_jw_open(w, '[');
        }
        any = true;
        km_jw_open(w, '{');
        km_jw_member(w, "text", km_arena_print(t->arena, "成分: %.*s", KM_STR_ARG(AT(l, 2))));
        km_jw_close(w, '}');
    }
    if (any)
        km_jw_close(w, ']');
}

static void write_over_the_counter(km_jw *w, km_med_text *t, const km_med_line *l)
{
    km_str key[] = { AT(l, 1), AT(l, 2), AT(l, 6) };
    km_str id = key_id(t, "MedicationStatement", key, 3);
    km_entry_open(w, "MedicationStatement", id);
    km_jw_member_z(w, "status", AT(l, 3).n > 0 ? "completed" : "unknown");
    km_jw_key(w, "medicationCodeableConcept");
    km_jw_open(w, '{');
    if (AT(l, 6).n > 0) {
        km_jw_key(w, "coding");
        km_jw_open(w, '[');
        km_entry_coding(w, "https://www.gs1.org/gtin", AT(l, 6));
        km_jw_close(w, ']');
    }
    km_jw_member(w, "text", AT(l, 1));
    km_jw_close(w, '}');
    km_entry_reference(w, "subject", "Patient", t->patient);
    write_period(w, "effectivePeriod", AT(l, 2), AT(l, 3));
    write_ingredients(w, t, AT(l, 5));
    km_entry_close(w, "MedicationStatement", id);
}

static void write_family_pharmacist(km_jw *w, km_med_text *t, const km_med_line *l)
{
    km_str key[] = { AT(l, 1), AT(l, 2) };
    km_str organization = km_medicines__organization(w, t, KM_STR_NONE, AT(l, 2), AT(l, 3));
    km_str who = km_medicines__practitioner(w, t, organization, AT(l, 1), KM_STR_NONE);
    km_str id = key_id(t, "CareTeam", key, 2);
    km_entry_open(w, "CareTeam", id);
    km_jw_member_z(w, "name", "かかりつけ薬剤師");
    km_entry_reference(w, "subject", "Patient", t->patient);
    write_period(w, "period", AT(l, 4), AT(l, 5));
    km_jw_key(w, "participant");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_entry_reference(w, "member", "Practitioner", who);
    km_entry_reference(w, "onBehalfOf", "Organization", organization);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_entry_close(w, "CareTeam", id);
}

/* --- a drug of an RP --- */

typedef struct drug {
    const km_med_line *line, *usage; /* 201, 301 */
    km_str request, dispense, prescriber, doctor;
} drug;

static void write_usage(km_jw *w, const drug *d)
{
    bool days = km_str_is(AT(d->usage, 4), "日分");
    if (d->usage == NULL)
        return;
    km_jw_key(w, "dosageInstruction");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (AT(d->usage, 2).n > 0)
        km_jw_member(w, "text", AT(d->usage, 2));
    if (km_str_is(AT(d->usage, 6), "2") && AT(d->usage, 7).n > 0) {
        km_jw_key(w, "timing");
        km_jw_open(w, '{');
        km_entry_coded(w, "code", "urn:oid:1.2.392.200250.2.2.20.20", AT(d->usage, 7));
        km_jw_close(w, '}');
    }
    if (km_str_is(AT(d->usage, 5), "3"))
        km_jw_member_bool(w, "asNeededBoolean", true);
    if (days && km_field_number(AT(d->line, 3))) {
        km_jw_key(w, "doseAndRate");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_key(w, "rateRatio");
        km_jw_open(w, '{');
        km_medicines__quantity(w, "numerator", AT(d->line, 3), AT(d->line, 4));
        km_medicines__quantity(w, "denominator", KM_STR("1"), KM_STR("日"));
        km_jw_close(w, '}');
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_request(km_jw *w, km_med_text *t, const block *b, const drug *d)
{
    km_entry_open(w, "MedicationRequest", d->request);
    km_jw_member_z(w, "status", "completed");
    km_jw_member_z(w, "intent", "order");
    km_medicines__drug(w, AT(d->line, 2), AT(d->line, 5), AT(d->line, 6), AT(d->line, 8),
                       AT(d->line, 10));
    km_entry_reference(w, "subject", "Patient", t->patient);
    km_jw_member_z(w, "authoredOn", b->day);
    if (d->doctor.n > 0)
        km_entry_reference(w, "requester", "PractitionerRole", d->doctor);
    else if (d->prescriber.n > 0)
        km_entry_reference(w, "requester", "Organization", d->prescriber);
    write_usage(w, d);
    km_entry_close(w, "MedicationRequest", d->request);
}

static void write_performers(km_jw *w, const block *b)
{
    if (b->pharmacy.n + b->pharmacist.n == 0)
        return;
    km_jw_key(w, "performer");
    km_jw_open(w, '[');
    if (b->pharmacy.n > 0) {
        km_jw_open(w, '{');
        km_entry_reference(w, "actor", "Organization", b->pharmacy);
        km_jw_close(w, '}');
    }
    if (b->pharmacist.n > 0) {
        km_jw_open(w, '{');
        km_entry_reference(w, "actor", "Practitioner", b->pharmacist);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

/* 281 and 291 belong to the drug before them, 311 and 391 to the RP. */
static bool is_note_of(const km_med_text *t, const drug *d, const km_med_line *l)
{
    static const int ids[] = { 281, 291, 311, 391 };
    for (size_t i = 0; i < 4; i++) {
        if (l->id != ids[i] || !km_str_eq(AT(l, 1), AT(d->line, 1)))
            continue;
        const km_med_line *of = l;
        while (i < 2 && of > t->line && of->id != 201)
            of--;
        return i >= 2 || of == d->line;
    }
    return false;
}

static void write_notes(km_jw *w, km_med_text *t, const block *b, const drug *d)
{
    bool any = false;
    for (size_t i = b->from; i < b->to; i++) {
        if (!is_note_of(t, d, &t->line[i]))
            continue;
        if (!any) {
            km_jw_key(w, "note");
            km_jw_open(w, '[');
        }
        any = true;
        km_jw_open(w, '{');
        km_jw_member(w, "text", AT(&t->line[i], 2));
        km_jw_close(w, '}');
    }
    if (any)
        km_jw_close(w, ']');
}

static void write_dispense(km_jw *w, km_med_text *t, const block *b, const drug *d)
{
    bool days = km_str_is(AT(d->usage, 4), "日分");
    km_entry_open(w, "MedicationDispense", d->dispense);
    km_jw_member_z(w, "status", "completed");
    km_medicines__drug(w, AT(d->line, 2), AT(d->line, 5), AT(d->line, 6), AT(d->line, 8),
                       AT(d->line, 10));
    km_entry_reference(w, "subject", "Patient", t->patient);
    write_performers(w, b);
    km_jw_key(w, "authorizingPrescription");
    km_jw_open(w, '[');
    km_entry_reference(w, NULL, "MedicationRequest", d->request);
    km_jw_close(w, ']');
    if (!days)
        km_medicines__quantity(w, "quantity", AT(d->line, 3), AT(d->line, 4));
    if (d->usage != NULL)
        km_medicines__quantity(w, "daysSupply", AT(d->usage, 3), AT(d->usage, 4));
    km_jw_member_z(w, "whenHandedOver", b->day);
    write_notes(w, t, b, d);
    write_usage(w, d);
    km_entry_close(w, "MedicationDispense", d->dispense);
}

static const km_med_line *usage_of(const km_med_text *t, const block *b, const km_med_line *l)
{
    for (size_t i = b->from; i < b->to; i++)
        if (t->line[i].id == 301 && km_str_eq(AT(&t->line[i], 1), AT(l, 1)))
            return &t->line[i];
    return NULL;
}

static void write_drug(km_jw *w, km_med_text *t, const block *b, drug *d)
{
    char nth[24];
    int before = 0;
    for (const km_med_line *l = &t->line[b->from]; l < d->line; l++)
        before += l->id == 201;
    snprintf(nth, sizeof nth, "%d", before);
    km_str key[] = { b->day_field,   b->pharmacy,    d->prescriber, AT(d->line, 1),
                     AT(d->line, 2), AT(d->line, 6), km_str_of(nth) };
    d->usage = usage_of(t, b, d->line);
    d->request = key_id(t, "MedicationRequest", key, 7);
    d->dispense = key_id(t, "MedicationDispense", key, 7);
    write_request(w, t, b, d);
    write_dispense(w, t, b, d);
}

/* --- a dispensing --- */

static void write_block(km_jw *w, km_med_text *t, block *b)
{
    drug d = { 0 };
    const km_med_line *at = km_medicines__find(t, b->from, b->to, 11);
    const km_med_line *by = km_medicines__find(t, b->from, b->to, 15);
    if (at != NULL)
        b->pharmacy = km_medicines__organization(w, t, institution_code(t, at), AT(at, 1),
                                                 AT(at, 7));
    if (by != NULL)
        b->pharmacist = km_medicines__practitioner(w, t, b->pharmacy, AT(by, 1), KM_STR_NONE);
    for (size_t i = b->from; i < b->to; i++) {
        const km_med_line *l = &t->line[i];
        if (l->id == 51) {
            d.prescriber = km_medicines__organization(w, t, institution_code(t, l), AT(l, 1),
                                                      KM_STR_NONE);
            d.doctor = KM_STR_NONE;
        } else if (l->id == 55)
            d.doctor = km_medicines__role(
                w, t, d.prescriber,
                km_medicines__practitioner(w, t, d.prescriber, AT(l, 1), KM_STR_NONE), AT(l, 2));
        else if (l->id == 201) {
            d.line = l;
            write_drug(w, t, b, &d);
        } else if (l->id == 401 || l->id == 411 || l->id == 421 || l->id == 501)
            write_words(w, t, l, AT(l, 1), b->day);
        else if (l->id == 601) {
            char day[16];
            write_words(w, t, l, AT(l, 1), km_medicines__date(day, AT(l, 2)) ? day : b->day);
        }
    }
}

static void write_file_line(km_jw *w, km_med_text *t, const km_med_line *l)
{
    char day[16] = "";
    if (l->id == 2)
        write_remark(w, t, l);
    else if (l->id == 3)
        write_over_the_counter(w, t, l);
    else if (l->id == 4) {
        (void)km_medicines__date(day, AT(l, 2));
        write_words(w, t, l, AT(l, 1), day);
    } else if (l->id == 701)
        write_family_pharmacist(w, t, l);
}

void km_medicines__notebook(km_jw *w, km_med_text *t)
{
    const km_med_line *who = km_medicines__find(t, 0, t->n, 1);
    km_med_person p = { .name = AT(who, 1),
                        .sex = AT(who, 2),
                        .born = AT(who, 3),
                        .postal = AT(who, 4),
                        .address = AT(who, 5),
                        .telephone = AT(who, 6),
                        .kana = AT(who, 10) };
    char born[16] = "";
    (void)km_medicines__date(born, p.born);
    km_str key[] = { p.name, p.sex, km_str_of(born) };
    t->patient = km_entry_id(t->arena, "Patient.notebook", key, 3);
    km_medicines__patient(w, t, &p);
    for (size_t i = 0; i < t->n; i++) {
        block b = { .from = i, .to = i + 1 };
        write_file_line(w, t, &t->line[i]);
        if (t->line[i].id != 5 || !km_medicines__date(b.day, AT(&t->line[i], 1)))
            continue;
        b.day_field = km_str_of(b.day);
        while (b.to < t->n && t->line[b.to].id != 5 && t->line[b.to].id != 701)
            b.to++;
        write_block(w, t, &b);
    }
}
