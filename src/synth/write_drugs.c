/* SPDX-License-Identifier: Apache-2.0
 *
 * write_drugs: prescriptions, and what the pharmacy hands out for them.
 */
#include <assert.h>

#include "synth/inside.h"

#define YJ "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code"
#define JAMI_USAGE "http://jami.jp/CodeSystem/MedicationUsage"

/* A word that begins with ~ stands for what one gives at that age. */
static const struct {
    const char *word, *child, *adult;
} by_age[] = {
    { "~cold", "carbocisteine-child tipepidine-child",
      "carbocisteine dextromethorphan tranexamic" },
    { "~flu", "oseltamivir-child acetaminophen-child", "oseltamivir acetaminophen" },
    { "~gut", "probiotics", "probiotics domperidone" },
    { "~covid", "acetaminophen-child", "acetaminophen dextromethorphan" },
};
enum { CHILD_UNTIL = 12 };

static km_str drugs_for(const syn_person *p, int64_t day, km_str words)
{
    if (!km_str_starts(words, KM_STR("~")))
        return words;
    for (size_t i = 0; i < sizeof by_age / sizeof *by_age; i++)
        if (km_str_is(words, by_age[i].word))
            return km_str_of(km_synth__age(p, day) < CHILD_UNTIL ? by_age[i].child
                                                                 : by_age[i].adult);
    assert(!"an age word without a row");
    return KM_STR_NONE;
}

/* Tenths of a unit as a decimal number without useless zeros. */
static km_str tenths(km_arena *a, int64_t n)
{
    return n % 10 == 0 ? km_arena_print(a, "%lld", (long long)(n / 10))
                       : km_arena_print(a, "%lld.%lld", (long long)(n / 10), (long long)(n % 10));
}

static void write_dosage(km_jw *w, const syn_row *drug, km_arena *a, int64_t days)
{
    km_str dose = tenths(a, km_synth__number(drug, DRUG_DOSE));
    const km_str *cell = drug->cell;
    bool as_needed = km_synth__number(drug, DRUG_TIMES) == 0;
    km_jw_key(w, "dosageInstruction");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member(w, "text",
                 km_arena_print(a, "%.*s 1回%.*s%.*s %lld%s", KM_STR_ARG(cell[DRUG_USAGE]),
                                KM_STR_ARG(dose), KM_STR_ARG(cell[DRUG_UNIT]), (long long)days,
                                as_needed ? "日まで" : "日分"));
    km_jw_key(w, "timing");
    km_jw_open(w, '{');
    km_synth__concept(w, "code", JAMI_USAGE, cell[DRUG_USAGE_CODE], cell[DRUG_USAGE]);
    km_jw_close(w, '}');
    if (as_needed)
        km_jw_member_bool(w, "asNeededBoolean", true);
    km_jw_key(w, "doseAndRate");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_synth__quantity(w, "doseQuantity", dose, cell[DRUG_UNIT], KM_STR_NONE);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static km_str total(km_arena *a, const syn_row *drug, int64_t days)
{
    int64_t times = km_synth__number(drug, DRUG_TIMES);
    int64_t doses = times > 0 ? times * days : days;
    return tenths(a, km_synth__number(drug, DRUG_DOSE) * doses);
}

/* Prescription group and place in it (JP_MedicationRequest requires both). */
static void write_rp(km_jw *w, int64_t group)
{
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)group);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_synth__identifier(w, "urn:oid:1.2.392.100495.20.3.81", km_str_of(number));
    km_synth__identifier(w, "urn:oid:1.2.392.100495.20.3.82", KM_STR("1"));
    km_jw_close(w, ']');
}

static void write_request(const syn_stay *s, int64_t day, const syn_row *drug, int64_t days,
                          int64_t group)
{
    km_arena *a = s->person->arena;
    char number[16];
    syn_entry e = km_synth__open(s->chart, "MedicationRequest", "JP_MedicationRequest");
    write_rp(e.w, group);
    km_jw_member_z(e.w, "status", "completed");
    km_jw_member_z(e.w, "intent", "order");
    km_synth__concept(e.w, "medicationCodeableConcept", YJ, drug->cell[DRUG_YJ],
                      drug->cell[DRUG_NAME]);
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__time(e.w, "authoredOn", day, s->minute + 22);
    km_synth__refer_doctor(e.w, "requester", s->doctor);
    write_dosage(e.w, drug, a, days);
    km_jw_key(e.w, "dispenseRequest");
    km_jw_open(e.w, '{');
    km_synth__quantity(e.w, "quantity", total(a, drug, days), drug->cell[DRUG_UNIT], KM_STR_NONE);
    snprintf(number, sizeof number, "%lld", (long long)days);
    km_synth__quantity(e.w, "expectedSupplyDuration", km_str_of(number), KM_STR("日"), KM_STR("d"));
    km_jw_close(e.w, '}');
    km_synth__close(&e);
}

static void write_dispense(const syn_stay *s, int64_t day, const syn_row *drug, int64_t days,
                           int64_t group)
{
    km_arena *a = s->person->arena;
    char number[16];
    syn_entry e = km_synth__open(s->chart, "MedicationDispense", "JP_MedicationDispense");
    write_rp(e.w, group);
    km_jw_member_z(e.w, "status", "completed");
    km_synth__concept(e.w, "medicationCodeableConcept", YJ, drug->cell[DRUG_YJ],
                      drug->cell[DRUG_NAME]);
    km_synth__refer(e.w, "subject", "Patient", s->chart->patient);
    km_jw_key(e.w, "performer");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_synth__refer_doctor(e.w, "actor", s->doctor);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_synth__quantity(e.w, "quantity", total(a, drug, days), drug->cell[DRUG_UNIT], KM_STR_NONE);
    snprintf(number, sizeof number, "%lld", (long long)days);
    km_synth__quantity(e.w, "daysSupply", km_str_of(number), KM_STR("日"), KM_STR("d"));
    km_synth__time(e.w, "whenHandedOver", day, s->minute);
    write_dosage(e.w, drug, a, days);
    km_synth__close(&e);
}

/* Outside a hospital stay the paper goes to the pharmacy, which keeps its own chart of the person
 * and knows nothing of the institution's record. */
void km_synth__write_drugs(const syn_stay *s, int64_t day, km_str words, int64_t days)
{
    const syn_table *drugs = &s->person->world->drugs;
    km_str list = drugs_for(s->person, day, words), rest = list, word;
    for (int64_t group = 1; (word = km_synth__word(&rest)).n > 0; group++)
        write_request(s, day, km_synth__row(drugs, word), days, group);
    if (s->days > 0)
        return;
    syn_stay pharmacy = km_synth__stay(s->person, KM_STR("yakkyoku"), KM_STR_NONE, day, 0);
    pharmacy.day = day;
    pharmacy.minute = s->minute + 50;
    rest = list;
    for (int64_t group = 1; (word = km_synth__word(&rest)).n > 0; group++)
        write_dispense(&pharmacy, day, km_synth__row(drugs, word), days, group);
}
