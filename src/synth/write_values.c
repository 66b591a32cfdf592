/* SPDX-License-Identifier: Apache-2.0
 *
 * write_values: laboratory results in their report, vital signs, checkups.
 */
#include <assert.h>

#include "synth/inside.h"

#define JLAC10 "urn:oid:1.2.392.200119.4.504"
#define LOINC "http://loinc.org"

static void write_category(km_jw *w, const char *system, km_str code)
{
    km_jw_key(w, "category");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_synth__coding(w, system, code, KM_STR_NONE);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_observation_head(syn_entry *e, const syn_stay *s, int64_t day, bool vital,
                                   km_str code, km_str name)
{
    km_jw_member_z(e->w, "status", "final");
    write_category(e->w, "http://terminology.hl7.org/CodeSystem/observation-category",
                   vital ? KM_STR("vital-signs") : KM_STR("laboratory"));
    km_synth__concept(e->w, "code", vital ? LOINC : JLAC10, code, name);
    km_synth__refer_stay(e->w, s, "subject");
    km_synth__time(e->w, "effectiveDateTime", day, s->minute + (vital ? 2 : 10));
}

static void write_flag(km_jw *w, char flag)
{
    char text[2] = { flag, '\0' };
    km_jw_key(w, "interpretation");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_synth__coding(w, "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
                     km_str_of(text), KM_STR_NONE);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_range(km_jw *w, km_arena *a, const syn_row *lab, bool female, int64_t value)
{
    int low = female ? LAB_LOW_F : LAB_LOW_M, high = female ? LAB_HIGH_F : LAB_HIGH_M;
    int64_t decimals = km_synth__number(lab, LAB_DECIMALS);
    bool has_low = lab->cell[low].n > 0, has_high = lab->cell[high].n > 0;
    if (!has_low && !has_high)
        return;
    bool under = has_low && value < km_synth__number(lab, low);
    bool over = has_high && value > km_synth__number(lab, high);
    write_flag(w, (char)(under ? 'L' : over ? 'H' : 'N'));
    km_jw_key(w, "referenceRange");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (has_low)
        km_synth__quantity(w, "low", km_synth__value_text(a, km_synth__number(lab, low), decimals),
                           lab->cell[LAB_UNIT], lab->cell[LAB_UCUM]);
    if (has_high)
        km_synth__quantity(w, "high",
                           km_synth__value_text(a, km_synth__number(lab, high), decimals),
                           lab->cell[LAB_UNIT], lab->cell[LAB_UCUM]);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_value(km_jw *w, const syn_stay *s, const syn_row *lab, int64_t value)
{
    static const char *const grades[] = { "(-)", "(±)", "(1+)", "(2+)" };
    km_arena *a = s->person->arena;
    if (lab->cell[LAB_KIND].p[0] == 'q') {
        km_jw_member_z(w, "valueString", grades[value < 3 ? value : 3]);
        write_flag(w, value == 0 ? 'N' : 'A');
        return;
    }
    km_synth__quantity(w, "valueQuantity",
                       km_synth__value_text(a, value, km_synth__number(lab, LAB_DECIMALS)),
                       lab->cell[LAB_UNIT], lab->cell[LAB_UCUM]);
    write_range(w, a, lab, s->person->female, value);
}

/* --- laboratory --- */

typedef struct results {
    char id[40][SYN_ID];
    size_t n;
} results;

static void write_report(const syn_stay *s, int64_t day, const results *r, km_str checkup)
{
    bool is_checkup = checkup.n > 0;
    syn_entry e = km_synth__open(s->chart, "DiagnosticReport", "JP_DiagnosticReport_Common");
    km_jw_member_z(e.w, "status", "final");
    if (is_checkup)
        write_category(e.w, "http://jpfhir.jp/fhir/eCheckup/CodeSystem/checkup-report-category",
                       KM_STR("10"));
    else
        write_category(e.w, "http://terminology.hl7.org/CodeSystem/v2-0074", KM_STR("LAB"));
    km_synth__concept(e.w, "code", LOINC, is_checkup ? KM_STR("53576-5") : KM_STR("11502-2"),
                      is_checkup ? checkup : KM_STR("検査データ"));
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__time(e.w, "effectiveDateTime", day, s->minute + 10);
    km_jw_key(e.w, "result");
    km_jw_open(e.w, '[');
    for (size_t i = 0; i < r->n; i++)
        km_synth__refer(e.w, NULL, "Observation", r->id[i]);
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

void km_synth__write_labs(const syn_stay *s, int64_t day, km_str words, km_str checkup)
{
    const syn_table *labs = &s->person->world->labs;
    results *r = KM_NEW(s->person->arena, results);
    for (size_t i = 0; i < labs->n; i++) {
        const syn_row *lab = &labs->row[i];
        if (lab->cell[LAB_KIND].p[0] == 'v' || !km_synth__asks_for(words, lab))
            continue;
        assert(r->n < 40);
        syn_entry e = km_synth__open(s->chart, "Observation", "JP_Observation_LabResult");
        snprintf(r->id[r->n++], SYN_ID, "%s", e.id);
        write_observation_head(&e, s, day, false, lab->cell[LAB_CODE], lab->cell[LAB_NAME]);
        write_value(e.w, s, lab, km_synth__value(s->person, lab, day));
        km_synth__close(&e);
    }
    assert(r->n > 0);
    write_report(s, day, r, checkup);
}

/* --- vital signs --- */

static void write_component(km_jw *w, const syn_stay *s, int64_t day, km_str key)
{
    const syn_row *lab = km_synth__row(&s->person->world->labs, key);
    km_jw_open(w, '{');
    km_synth__concept(w, "code", LOINC, lab->cell[LAB_CODE], lab->cell[LAB_NAME]);
    write_value(w, s, lab, km_synth__value(s->person, lab, day));
    km_jw_close(w, '}');
}

/* R4 bp profile: one panel, two components. */
static void write_pressure(const syn_stay *s, int64_t day)
{
    syn_entry e = km_synth__open(s->chart, "Observation", "JP_Observation_VitalSigns");
    write_observation_head(&e, s, day, true, KM_STR("85354-9"), KM_STR("血圧"));
    km_jw_key(e.w, "component");
    km_jw_open(e.w, '[');
    write_component(e.w, s, day, KM_STR("sbp"));
    write_component(e.w, s, day, KM_STR("dbp"));
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

void km_synth__write_vitals(const syn_stay *s, int64_t day, km_str words)
{
    for (km_str word; (word = km_synth__word(&words)).n > 0;) {
        km_str key = km_synth__bare(word);
        if (km_str_is(key, "sbp")) {
            write_pressure(s, day);
            continue;
        }
        const syn_row *lab = km_synth__row(&s->person->world->labs, key);
        syn_entry e = km_synth__open(s->chart, "Observation", "JP_Observation_VitalSigns");
        write_observation_head(&e, s, day, true, lab->cell[LAB_CODE], lab->cell[LAB_NAME]);
        write_value(e.w, s, lab, km_synth__value(s->person, lab, day));
        km_synth__close(&e);
    }
}
