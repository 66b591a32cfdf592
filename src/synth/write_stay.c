/* SPDX-License-Identifier: Apache-2.0
 *
 * write_stay: visits and admissions, and what is found and done in them.
 */
#include "synth/inside.h"

#define MEDIS_NUMBER "http://medis.or.jp/CodeSystem/master-disease-keyNumber"
#define MEDIS_EXCHANGE "http://medis.or.jp/CodeSystem/master-disease-exCode"
#define ICD10 "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full"

void km_synth__write_encounter(syn_stay *s, km_str reason)
{
    bool in = s->days > 0;
    syn_entry e = km_synth__open(s->chart, "Encounter", "JP_Encounter");
    snprintf(s->encounter, sizeof s->encounter, "%s", e.id);
    km_jw_member_z(e.w, "status", "finished");
    km_jw_key(e.w, "class");
    km_synth__coding(e.w, "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                     in ? KM_STR("IMP") : KM_STR("AMB"), in ? KM_STR("入院") : KM_STR("外来"));
    km_synth__refer(e.w, "subject", "Patient", s->chart->patient);
    km_jw_key(e.w, "participant");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_synth__refer_doctor(e.w, "individual", s->doctor);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_jw_key(e.w, "period");
    km_jw_open(e.w, '{');
    km_synth__time(e.w, "start", s->day, s->minute);
    km_synth__time(e.w, "end", s->day + (in ? s->days - 1 : 0), in ? 11 * 60 : s->minute + 25);
    km_jw_close(e.w, '}');
    if (reason.n > 0) {
        km_jw_key(e.w, "reasonCode");
        km_jw_open(e.w, '[');
        km_jw_open(e.w, '{');
        km_jw_member(e.w, "text", reason);
        km_jw_close(e.w, '}');
        km_jw_close(e.w, ']');
    }
    km_synth__refer(e.w, "serviceProvider", "Organization",
                    km_arena_z(s->person->arena, s->chart->institution->cell[INST_KEY]));
    km_synth__close(&e);
}

static void write_disease(km_jw *w, const syn_row *d)
{
    km_jw_key(w, "code");
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_synth__coding(w, MEDIS_NUMBER, d->cell[DISEASE_NUMBER], d->cell[DISEASE_NAME]);
    km_synth__coding(w, MEDIS_EXCHANGE, d->cell[DISEASE_EXCHANGE], d->cell[DISEASE_NAME]);
    km_synth__coding(w, ICD10, d->cell[DISEASE_ICD], KM_STR_NONE);
    km_jw_close(w, ']');
    km_jw_member(w, "text", d->cell[DISEASE_NAME]);
    km_jw_close(w, '}');
}

void km_synth__write_condition(const syn_stay *s, int64_t day, km_str disease, int64_t lasts,
                               int64_t onset)
{
    const syn_row *d = km_synth__row(&s->person->world->diseases, disease);
    bool over = lasts > 0 && day + lasts <= s->person->last;
    syn_entry e = km_synth__open(s->chart, "Condition", "JP_Condition");
    km_synth__concept(e.w, "clinicalStatus",
                      "http://terminology.hl7.org/CodeSystem/condition-clinical",
                      over ? KM_STR("resolved") : KM_STR("active"), KM_STR_NONE);
    km_synth__concept(e.w, "verificationStatus",
                      "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                      KM_STR("confirmed"), KM_STR_NONE);
    km_jw_key(e.w, "category");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_jw_key(e.w, "coding");
    km_jw_open(e.w, '[');
    km_synth__coding(e.w, "http://terminology.hl7.org/CodeSystem/condition-category",
                     KM_STR("encounter-diagnosis"), KM_STR_NONE);
    km_jw_close(e.w, ']');
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    write_disease(e.w, d);
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__day(e.w, "onsetDateTime", onset < day ? onset : day);
    if (over)
        km_synth__day(e.w, "abatementDateTime", day + lasts);
    km_synth__day(e.w, "recordedDate", day);
    km_synth__refer_doctor(e.w, "asserter", s->doctor);
    km_synth__close(&e);
}

void km_synth__write_procedure(const syn_stay *s, int64_t day, km_str text)
{
    syn_entry e = km_synth__open(s->chart, "Procedure", "JP_Procedure");
    km_jw_member_z(e.w, "status", "completed");
    km_synth__concept(e.w, "code", NULL, KM_STR_NONE, text);
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__time(e.w, "performedDateTime", day, s->minute + 20);
    km_jw_key(e.w, "performer");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_synth__refer_doctor(e.w, "actor", s->doctor);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

/* The pictures themselves are no part of this region yet: the study names what was taken. */
void km_synth__write_image(const syn_stay *s, int64_t day, km_str body, km_str modality,
                           km_str title)
{
    char uid[64];
    syn_entry e = km_synth__open(s->chart, "ImagingStudy", NULL);
    uint64_t of = km_synth__mixed(s->person->seed, (uint64_t)s->chart->number,
                                  (uint64_t)s->chart->resources);
    km_jw_member_z(e.w, "status", "available");
    km_jw_key(e.w, "modality");
    km_jw_open(e.w, '[');
    km_synth__coding(e.w, "http://dicom.nema.org/resources/ontology/DCM", modality, KM_STR_NONE);
    km_jw_close(e.w, ']');
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__time(e.w, "started", day, s->minute + 15);
    km_jw_member_int(e.w, "numberOfSeries", 1);
    km_jw_member(e.w, "description", title);
    km_jw_key(e.w, "series");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    snprintf(uid, sizeof uid, "2.25.%llu", (unsigned long long)of); /* DICOM PS3.5 B.2 */
    km_jw_member_z(e.w, "uid", uid);
    km_jw_key(e.w, "modality");
    km_synth__coding(e.w, "http://dicom.nema.org/resources/ontology/DCM", modality, KM_STR_NONE);
    km_jw_member(e.w, "description", body);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

void km_synth__write_allergy(const syn_stay *s, const syn_row *allergen)
{
    const km_str *cell = allergen->cell;
    bool drug = km_str_is(cell[ALLERGEN_CATEGORY], "medication");
    syn_entry e = km_synth__open(s->chart, "AllergyIntolerance", "JP_AllergyIntolerance");
    km_synth__concept(e.w, "clinicalStatus",
                      "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                      KM_STR("active"), KM_STR_NONE);
    km_synth__concept(e.w, "verificationStatus",
                      "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                      KM_STR("confirmed"), KM_STR_NONE);
    km_jw_member_z(e.w, "type", "allergy");
    km_jw_key(e.w, "category");
    km_jw_open(e.w, '[');
    km_jw_str(e.w, cell[ALLERGEN_CATEGORY]);
    km_jw_close(e.w, ']');
    km_jw_member_z(e.w, "criticality", drug ? "high" : "low");
    km_synth__concept(e.w, "code", km_arena_z(s->person->arena, cell[ALLERGEN_SYSTEM]),
                      cell[ALLERGEN_CODE], cell[ALLERGEN_NAME]);
    km_synth__refer_stay(e.w, s, "patient");
    km_synth__day(e.w, "recordedDate", s->day);
    km_synth__refer_doctor(e.w, "recorder", s->doctor);
    km_synth__close(&e);
}

void km_synth__write_vaccine(const syn_stay *s, km_str name, km_str cvx, int64_t dose)
{
    char lot[16];
    syn_entry e = km_synth__open(s->chart, "Immunization", "JP_Immunization");
    km_jw_member_z(e.w, "status", "completed");
    km_synth__concept(e.w, "vaccineCode", "http://hl7.org/fhir/sid/cvx", cvx, name);
    km_synth__refer_stay(e.w, s, "patient");
    km_synth__day(e.w, "occurrenceDateTime", s->day);
    snprintf(lot, sizeof lot, "SYN%04d", (int)(s->day % 9000 + 1000));
    km_jw_member_z(e.w, "lotNumber", lot);
    km_jw_key(e.w, "performer");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_synth__refer_doctor(e.w, "actor", s->doctor);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    if (dose > 0) {
        km_jw_key(e.w, "protocolApplied");
        km_jw_open(e.w, '[');
        km_jw_open(e.w, '{');
        km_jw_member_int(e.w, "doseNumberPositiveInt", dose);
        km_jw_close(e.w, '}');
        km_jw_close(e.w, ']');
    }
    km_synth__close(&e);
}
