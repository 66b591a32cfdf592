/* SPDX-License-Identifier: Apache-2.0
 *
 * care: what was done, given and charged. An act becomes a Procedure for each of its days, a drug a
 * MedicationRequest of its first, and every line an item of the Claim with its points as yen.
 */
#include "gateways/claims/claim.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/"

enum { DAYS = 31, FIRST_DAY = 13, FIRST_DAY_OF_DEVICE = 17 };

static bool is(const km_row *row, const char *id)
{
    return km_str_is(row->field[0], id);
}

static bool is_item(const km_row *row)
{
    return (is(row, "SI") || is(row, "IY") || is(row, "TO")) && km_claim_at(row, 3).n > 0;
}

/* The systems of acts are JP Core's. For the claim codes of drugs and devices no public package
 * names one: these are ours. */
static const char *system_of(const km_row *row)
{
    if (is(row, "IY"))
        return "urn:kumihimo:receden:drug";
    if (is(row, "TO"))
        return "urn:kumihimo:receden:device";
    return "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/masterS-medicalProcedure";
}

static bool has_day(const km_row *row, int day)
{
    km_str cell = km_claim_at(
        row, (uint32_t)((is(row, "TO") ? FIRST_DAY_OF_DEVICE : FIRST_DAY) + day - 1));
    return cell.n > 0 && !km_str_is(cell, "0");
}

static void print_day(char out[16], const km_claim *c, int day)
{
    snprintf(out, 16, "%04d-%02d-%02d", c->month / 100 % 10000, c->month % 100, day % 100);
}

/* Days the month has; a mark behind them is no day. */
static int days_of(const km_claim *c)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = c->month / 100, month = c->month % 100;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static km_str line_id(km_claim *c, const char *type, const km_row *row, int day)
{
    km_str key[] = { c->id, km_arena_print(c->arena, "%u", row->line),
                     km_arena_print(c->arena, "%d", day), km_claim_at(row, 3) };
    return km_entry_id(c->arena, type, key, 4);
}

static void write_procedure(km_claim *c, km_jw *w, const km_row *row, int day)
{
    char when[16];
    km_str id = line_id(c, "Procedure", row, day);
    km_entry_open(w, "Procedure", id);
    km_jw_member_z(w, "status", "completed");
    km_entry_coded(w, "code", system_of(row), km_claim_at(row, 3));
    km_entry_reference(w, "subject", "Patient", c->patient);
    km_entry_reference(w, "encounter", "Encounter", c->encounter);
    if (day > 0) {
        print_day(when, c, day);
        km_jw_member_z(w, "performedDateTime", when);
    } else
        km_claims__month(w, "performedPeriod", c->month, KM_STR_NONE);
    km_entry_close(w, "Procedure", id);
}

static void write_procedures(km_claim *c, km_jw *w, const km_row *row)
{
    int written = 0;
    for (int day = 1; day <= days_of(c); day++)
        if (has_day(row, day)) {
            write_procedure(c, w, row, day);
            written++;
        }
    if (written == 0)
        write_procedure(c, w, row, 0);
}

/* 21 internal, 22 as needed, 23 external; others are given where the patient is. */
static void write_drug(km_claim *c, km_jw *w, const km_row *row)
{
    char when[16];
    int day = 1;
    km_str id = line_id(c, "MedicationRequest", row, 0);
    km_entry_open(w, "MedicationRequest", id);
    km_jw_member_z(w, "status", "completed");
    km_jw_member_z(w, "intent", "order");
    km_entry_coded(w, "medicationCodeableConcept", system_of(row), km_claim_at(row, 3));
    km_entry_reference(w, "subject", "Patient", c->patient);
    km_entry_reference(w, "encounter", "Encounter", c->encounter);
    while (day <= days_of(c) && !has_day(row, day))
        day++;
    if (day <= days_of(c)) {
        print_day(when, c, day);
        km_jw_member_z(w, "authoredOn", when);
    }
    km_entry_close(w, "MedicationRequest", id);
}

/* --- the claim --- */

static int64_t number_at(const km_row *row, uint32_t field)
{
    int64_t v = 0;
    km_str s = km_claim_at(row, field);
    return s.n <= 9 && km_str_to_i64(&v, s) ? v : 0;
}

static void write_item(km_jw *w, const km_row *row, int sequence)
{
    int64_t points = number_at(row, 5), times = number_at(row, 6);
    km_jw_open(w, '{');
    km_jw_member_int(w, "sequence", sequence);
    km_entry_coded(w, "productOrService", system_of(row), km_claim_at(row, 3));
    if (times > 0) {
        km_jw_key(w, "quantity");
        km_jw_open(w, '{');
        km_jw_member_int(w, "value", times);
        km_jw_close(w, '}');
    }
    if (points != 0) {
        km_claims__yen(w, "unitPrice", points);
        km_claims__yen(w, "net", points * (times > 0 ? times : 1));
    }
    km_jw_close(w, '}');
}

static void write_items(km_claim *c, km_jw *w)
{
    km_rows rows = { .text = c->text, .line = c->line - 1 };
    km_row row;
    int sequence = 0;
    while (km_rows_next(&row, &rows)) {
        if (!is_item(&row))
            continue;
        if (sequence == 0) {
            km_jw_key(w, "item");
            km_jw_open(w, '[');
        }
        write_item(w, &row, ++sequence);
    }
    if (sequence > 0)
        km_jw_close(w, ']');
}

/* Remarks and accounts of symptoms, in their order. */
static void write_remarks(km_claim *c, km_jw *w)
{
    km_rows rows = { .text = c->text };
    km_row row;
    int sequence = 0;
    while (km_rows_next(&row, &rows)) {
        bool whole, account = is(&row, "SJ");
        km_str text = km_claim_at(&row, account ? 2 : 4);
        if ((!account && !is(&row, "CO")) || km_str_trim(text).n == 0)
            continue;
        if (sequence == 0) {
            km_jw_key(w, "supportingInfo");
            km_jw_open(w, '[');
        }
        km_jw_open(w, '{');
        km_jw_member_int(w, "sequence", ++sequence);
        km_entry_coded(w, "category", SYSTEM "claiminformationcategory", KM_STR("info"));
        km_jw_member(w, "valueString", km_field_text(&whole, c->arena, text));
        km_jw_close(w, '}');
    }
    if (sequence > 0)
        km_jw_close(w, ']');
}

static void write_diagnoses(km_claim *c, km_jw *w)
{
    if (c->conditions == 0)
        return;
    km_jw_key(w, "diagnosis");
    km_jw_open(w, '[');
    for (size_t i = 0; i < c->conditions; i++) {
        km_jw_open(w, '{');
        km_jw_member_int(w, "sequence", (int64_t)i + 1);
        km_entry_reference(w, "diagnosisReference", "Condition", c->condition[i]);
        if (c->main[i]) {
            km_jw_key(w, "type");
            km_jw_open(w, '[');
            km_entry_coded(w, NULL, SYSTEM "ex-diagnosistype", KM_STR("principal"));
            km_jw_close(w, ']');
        }
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void write_insurance(km_claim *c, km_jw *w)
{
    km_jw_key(w, "insurance");
    km_jw_open(w, '[');
    for (size_t i = 0; i < c->coverages; i++) {
        km_jw_open(w, '{');
        km_jw_member_int(w, "sequence", (int64_t)i + 1);
        km_jw_member_bool(w, "focal", i == 0);
        km_entry_reference(w, "coverage", "Coverage", c->coverage[i]);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void write_claim(km_claim *c, km_jw *w)
{
    int month = c->file->request_month > 0 ? c->file->request_month : c->month;
    km_entry_open(w, "Claim", c->id);
    km_jw_member_z(w, "status", "active");
    km_entry_coded(w, "type", SYSTEM "claim-type", KM_STR("institutional"));
    km_jw_member_z(w, "use", "claim");
    km_entry_reference(w, "patient", "Patient", c->patient);
    km_claims__month(w, "billablePeriod", c->month, KM_STR_NONE);
    km_jw_member(w, "created", km_arena_print(c->arena, "%04d-%02d", month / 100, month % 100));
    km_entry_reference(w, "provider", "Organization", c->file->institution_id);
    km_entry_coded(w, "priority", SYSTEM "processpriority", KM_STR("normal"));
    write_remarks(c, w);
    write_diagnoses(c, w);
    write_insurance(c, w);
    write_items(c, w);
    km_claims__yen(w, "total", c->total);
    km_entry_close(w, "Claim", c->id);
}

void km_claim__care(km_claim *c, km_jw *w)
{
    km_rows rows = { .text = c->text }; /* lines count from the claim's own first */
    km_row row;
    while (km_rows_next(&row, &rows)) {
        if (!is_item(&row))
            continue;
        if (is(&row, "SI"))
            write_procedures(c, w, &row);
        else if (is(&row, "IY"))
            write_drug(c, w, &row);
    }
    write_claim(c, w);
}

void km_claim__organization(const km_claim_file *file, km_jw *w)
{
    km_entry_open(w, "Organization", file->institution_id);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(
        w, KM_STR("http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"),
        file->institution);
    km_jw_close(w, ']');
    if (file->name.n > 0)
        km_jw_member(w, "name", file->name);
    km_entry_close(w, "Organization", file->institution_id);
}
