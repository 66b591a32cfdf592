/* SPDX-License-Identifier: Apache-2.0
 *
 * person: whose claim it is, who pays, and what the illnesses are. A patient is the institution's
 * chart number, and without one the insured person with name and birthday.
 */
#include "gateways/claims/claim.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/"
#define MHLW "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/"
#define COVERAGE "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_"

enum { ROOM = 256 };

typedef struct whose {
    km_str chart, name, kana, sex, born, insurer, symbol, number, branch;
} whose;

static km_str text_of(const km_claim *c, km_str field)
{
    bool whole;
    return km_field_text(&whole, c->arena, km_str_trim(field));
}

static void look(whose *o, km_claim *c)
{
    km_rows rows = { .text = c->text };
    km_row row;
    int64_t points;
    while (km_rows_next(&row, &rows)) {
        km_str id = row.field[0];
        if (km_str_is(id, "RE")) {
            c->kind = km_claim_at(&row, 2);
            c->month = km_field_month(km_claim_at(&row, 3));
            c->admission = km_claim_at(&row, 8);
            o->name = text_of(c, km_claim_at(&row, 4));
            o->sex = km_claim_at(&row, 5);
            o->born = km_claim_at(&row, 6);
            o->chart = text_of(c, km_claim_at(&row, 13));
            o->kana = text_of(c, km_claim_at(&row, 36));
        } else if (km_str_is(id, "HO")) {
            o->insurer = km_str_trim(km_claim_at(&row, 1));
            o->symbol = text_of(c, km_claim_at(&row, 2));
            o->number = text_of(c, km_claim_at(&row, 3));
            (void)km_str_to_i64(&c->total, km_claim_at(&row, 5));
        } else if (km_str_is(id, "KO")) {
            if (o->insurer.n == 0 && km_str_to_i64(&points, km_claim_at(&row, 5))
                && points > c->total)
                c->total = points;
            if (o->number.n == 0)
                o->number = text_of(c, km_claim_at(&row, 2));
        } else if (km_str_is(id, "SN") && km_str_is(km_claim_at(&row, 1), "1"))
            o->branch = km_claim_at(&row, 6);
    }
}

static void write_identifier(km_claim *c, km_jw *w, const whose *o)
{
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    if (o->chart.n > 0)
        km_entry_identifier(w,
                            km_arena_print(c->arena, "urn:oid:1.2.392.100495.20.3.51.1%.*s",
                                           KM_STR_ARG(c->file->institution)),
                            o->chart);
    if (o->insurer.n > 0 && o->number.n > 0)
        km_entry_identifier(w, KM_STR("http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"),
                            km_arena_print(c->arena, "%s%.*s:%.*s:%.*s:%.*s",
                                           o->insurer.n == 6 ? "00" : "", KM_STR_ARG(o->insurer),
                                           KM_STR_ARG(o->symbol), KM_STR_ARG(o->number),
                                           KM_STR_ARG(o->branch)));
    km_jw_close(w, ']');
}

static void write_patient(km_claim *c, km_jw *w, const whose *o)
{
    char born[16];
    km_entry_open(w, "Patient", c->patient);
    write_identifier(c, w, o);
    if (o->name.n + o->kana.n > 0) {
        km_jw_key(w, "name");
        km_jw_open(w, '[');
        km_entry_name(w, "IDE", o->name);
        km_entry_name(w, "SYL", o->kana);
        km_jw_close(w, ']');
    }
    km_jw_member_z(w, "gender",
                   km_str_is(o->sex, "1")   ? "male"
                   : km_str_is(o->sex, "2") ? "female"
                                            : "unknown");
    if (km_claims__date(born, o->born))
        km_jw_member_z(w, "birthDate", born);
    km_entry_close(w, "Patient", c->patient);
}

static void write_extension(km_jw *w, const char *url, km_str value)
{
    if (value.n == 0)
        return;
    km_jw_open(w, '{');
    km_jw_member_z(w, "url", url);
    km_jw_member(w, "valueString", value);
    km_jw_close(w, '}');
}

/* 1 health insurance, 2 national health insurance (six digits), 7 the old (39), 8 public. */
static const char *insurance_kind(km_str insurer, bool public)
{
    return public ? "8" : insurer.n == 6 ? "2" : km_str_starts(insurer, KM_STR("39")) ? "7" : "1";
}

static void write_coverage(km_claim *c, km_jw *w, const whose *o, const km_row *row)
{
    bool public = km_str_is(row->field[0], "KO");
    km_str payer = km_str_trim(km_claim_at(row, 1));
    km_str number = public ? text_of(c, km_claim_at(row, 2)) : o->number;
    km_str key[] = { c->patient, payer, public ? KM_STR_NONE : o->symbol, number };
    if (payer.n == 0 || c->coverages == sizeof c->coverage / sizeof *c->coverage)
        return;
    km_str id = km_entry_id(c->arena, "Coverage", key, 4);
    for (size_t i = 0; i < c->coverages; i++)
        if (km_str_eq(c->coverage[i], id))
            return;
    c->coverage[c->coverages++] = id;
    km_entry_open(w, "Coverage", id);
    if (!public && o->symbol.n + o->number.n + o->branch.n > 0) {
        km_jw_key(w, "extension");
        km_jw_open(w, '[');
        write_extension(w, COVERAGE "InsuredPersonSymbol", o->symbol);
        write_extension(w, COVERAGE "InsuredPersonNumber", o->number);
        write_extension(w, COVERAGE "InsuredPersonSubNumber", o->branch);
        km_jw_close(w, ']');
    }
    km_jw_member_z(w, "status", "active");
    km_entry_coded(w, "type", "urn:oid:1.2.392.100495.20.2.61",
                   km_str_of(insurance_kind(payer, public)));
    if (number.n > 0)
        km_jw_member(w, "subscriberId", number);
    km_entry_reference(w, "beneficiary", "Patient", c->patient);
    km_jw_key(w, "payor");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_entry_identifier(w,
                        public ? KM_STR("urn:oid:1.2.392.100495.20.3.71")
                               : KM_STR("urn:oid:1.2.392.100495.20.3.61"),
                        payer);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_entry_close(w, "Coverage", id);
}

static void write_encounter(km_claim *c, km_jw *w)
{
    char last = c->kind.n == 4 ? c->kind.p[3] : '0';
    km_entry_open(w, "Encounter", c->encounter);
    km_jw_member_z(w, "status", "finished");
    km_jw_key(w, "class");
    km_entry_coding(w, "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    (last - '0') % 2 != 0 ? KM_STR("IMP") : KM_STR("AMB"));
    km_entry_reference(w, "subject", "Patient", c->patient);
    km_claims__month(w, "period", c->month, c->admission);
    km_entry_reference(w, "serviceProvider", "Organization", c->file->institution_id);
    km_entry_close(w, "Encounter", c->encounter);
}

/* --- illnesses --- */

typedef struct illness {
    km_str code, modifiers, name, icd, outcome, since;
    bool main;
} illness;

/* SY: code, start, outcome, modifiers, name, main. SB: code, modifiers, name, ICD-10, role. */
static illness illness_of(const km_claim *c, const km_row *row)
{
    if (km_str_is(row->field[0], "SY"))
        return (illness){ .code = km_claim_at(row, 1),
                          .since = km_claim_at(row, 2),
                          .outcome = km_claim_at(row, 3),
                          .modifiers = km_claim_at(row, 4),
                          .name = text_of(c, km_claim_at(row, 5)),
                          .main = km_str_is(km_claim_at(row, 6), "01") };
    return (illness){ .code = km_claim_at(row, 1),
                      .modifiers = km_claim_at(row, 2),
                      .name = text_of(c, km_claim_at(row, 3)),
                      .icd = km_claim_at(row, 4),
                      .main = km_str_is(km_claim_at(row, 5), "11") };
}

static bool is_suspected(km_str modifiers)
{
    for (size_t i = 0; i + 4 <= modifiers.n; i += 4)
        if (km_str_is(km_str_sub(modifiers, i, 4), "8002"))
            return true;
    return false;
}

static void write_illness_code(km_jw *w, const illness *i)
{
    km_jw_key(w, "code");
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    if (i->code.n > 0)
        km_entry_coding(w, MHLW "masterB-disease", i->code);
    for (size_t at = 0; at + 4 <= i->modifiers.n; at += 4)
        km_entry_coding(w, MHLW "masterZ-disease-modifier", km_str_sub(i->modifiers, at, 4));
    if (i->icd.n > 0)
        km_entry_coding(w, MHLW "ICD10-2013-full", i->icd);
    km_jw_close(w, ']');
    if (i->name.n > 0)
        km_jw_member(w, "text", i->name);
    km_jw_close(w, '}');
}

static void write_condition(km_claim *c, km_jw *w, const km_row *row)
{
    char since[16];
    illness i = illness_of(c, row);
    km_str key[] = { c->patient, row->field[0], i.code, i.modifiers, i.name, i.since };
    if (i.code.n == 0 || c->conditions == ROOM)
        return;
    km_str id = km_entry_id(c->arena, "Condition", key, 6);
    for (size_t k = 0; k < c->conditions; k++)
        if (km_str_eq(c->condition[k], id))
            return;
    c->main[c->conditions] = i.main;
    c->condition[c->conditions++] = id;
    km_entry_open(w, "Condition", id);
    const char *status = km_str_is(i.outcome, "2")                                ? "resolved"
                         : km_str_is(i.outcome, "3") || km_str_is(i.outcome, "4") ? "inactive"
                                                                                  : "active";
    km_entry_coded(w, "clinicalStatus", SYSTEM "condition-clinical", km_str_of(status));
    km_entry_coded(w, "verificationStatus", SYSTEM "condition-ver-status",
                   is_suspected(i.modifiers) ? KM_STR("provisional") : KM_STR("confirmed"));
    km_jw_key(w, "category");
    km_jw_open(w, '[');
    km_entry_coded(w, NULL, SYSTEM "condition-category", KM_STR("encounter-diagnosis"));
    km_jw_close(w, ']');
    write_illness_code(w, &i);
    km_entry_reference(w, "subject", "Patient", c->patient);
    if (km_claims__date(since, i.since))
        km_jw_member_z(w, "onsetDateTime", since);
    km_entry_close(w, "Condition", id);
}

static void choose_ids(km_claim *c, const whose *o)
{
    km_str chart[] = { c->file->institution, o->chart };
    km_str person[] = { c->file->institution, o->insurer, o->symbol, o->number, o->born, o->name };
    km_str month = km_arena_print(c->arena, "%d", c->month);
    c->patient = o->chart.n > 0 ? km_entry_id(c->arena, "Patient", chart, 2)
                                : km_entry_id(c->arena, "Patient.insured", person, 6);
    km_str claim[] = { c->patient, month, c->kind, c->admission, o->insurer, o->symbol, o->number };
    c->encounter = km_entry_id(c->arena, "Encounter", claim, 7);
    c->id = km_entry_id(c->arena, "Claim", claim, 7);
}

km_code km_claim__person(km_claim *c, km_jw *w, km_fault *f)
{
    whose o = { 0 };
    look(&o, c);
    if (c->month == 0 || (o.chart.n == 0 && o.number.n == 0))
        return km_fail(f, KM_INVALID, "RE", "month of care, or whose claim it is, is not told");
    choose_ids(c, &o);
    write_patient(c, w, &o);
    write_encounter(c, w);
    km_rows rows = { .text = c->text };
    km_row row;
    while (km_rows_next(&row, &rows)) {
        if (km_str_is(row.field[0], "HO") || km_str_is(row.field[0], "KO"))
            write_coverage(c, w, &o, &row);
        else if (km_str_is(row.field[0], "SY") || km_str_is(row.field[0], "SB"))
            write_condition(c, w, &row);
    }
    return KM_OK;
}
