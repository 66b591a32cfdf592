/* SPDX-License-Identifier: Apache-2.0
 *
 * back_prescription: a prescription symbol from the entries of a FHIR Bundle: one patient, one
 * prescriber, and a MedicationRequest for each drug. Requests with one RP number are one RP;
 * without numbers each is its own.
 */
#include "base/kana.h"
#include "gateways/medicines/inside.h"

#define OID "urn:oid:1.2.392.100495.20."

enum { VERSION = 10, REQUESTS = 512 };

typedef struct writing {
    km_med_bundle b;
    km_jv patient, organization, doctor, role, request[REQUESTS];
    size_t n;
} writing;

static km_str number_text(const writing *o, size_t n)
{
    return km_arena_print(o->b.arena, "%zu", n);
}

static void row(writing *o, const char *id, const km_str *field, size_t n)
{
    km_medicines__row(&o->b, id, field, n);
}

static km_str identifier(km_jv v, const char *system)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "identifier")); km_jv_next(&i);)
        if (km_str_is(km_jv_str(KM_JV_GET(i.value, "system")), system))
            return km_jv_str(KM_JV_GET(i.value, "value"));
    return KM_STR_NONE;
}

/* --- who --- */

static km_code gather(writing *o, km_fault *f)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(o->b.bundle, "entry")); km_jv_next(&i);) {
        km_jv r = km_medicines__resource(i.value);
        km_str type = km_jv_str(KM_JV_GET(r, "resourceType"));
        if (km_str_is(type, "Patient")) {
            if (km_jv_kind(o->patient) == KM_JSON_OBJECT)
                return km_fail(f, KM_INVALID, "Bundle.entry", "a prescription is one person's");
            o->patient = r;
        } else if (km_str_is(type, "MedicationRequest")) {
            if (o->n == REQUESTS)
                return km_fail(f, KM_TOO_COSTLY, "MedicationRequest", "at most %d", REQUESTS);
            o->request[o->n++] = r;
        }
    }
    return o->n > 0 ? KM_OK : km_fail(f, KM_REQUIRED, "MedicationRequest", NULL);
}

static void find_prescriber(writing *o)
{
    km_jv who = km_medicines__look_up(&o->b, km_jv_text(o->request[0], "requester.reference"));
    km_str type = km_jv_str(KM_JV_GET(who, "resourceType"));
    if (km_str_is(type, "PractitionerRole")) {
        o->role = who;
        o->organization = km_medicines__look_up(&o->b, km_jv_text(who, "organization.reference"));
        o->doctor = km_medicines__look_up(&o->b, km_jv_text(who, "practitioner.reference"));
    } else if (km_str_is(type, "Practitioner"))
        o->doctor = who;
}

static km_code write_prescriber(writing *o, km_fault *f)
{
    km_str code = identifier(
        o->organization, "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no");
    km_str doctor = km_medicines__name(o->doctor, false);
    km_str department = km_jv_str(KM_JV_GET(km_medicines__first(o->role, "specialty"), "text"));
    if (code.n != 10)
        return km_fail(f, KM_REQUIRED, "Organization.identifier",
                       "the ten digits of the institution that prescribes");
    if (doctor.n == 0)
        return km_fail(f, KM_REQUIRED, "Practitioner.name.text", NULL);
    km_str place[] = { km_str_sub(code, 2, 1), km_str_sub(code, 3, 7), km_str_sub(code, 0, 2),
                       km_jv_str(KM_JV_GET(o->organization, "name")) };
    row(o, "1", place, 4);
    km_str phone[] = { km_medicines__phone(o->organization) };
    if (phone[0].n > 0)
        row(o, "3", phone, 1);
    km_str where[] = { KM_STR("1"), KM_STR_NONE, department };
    if (department.n > 0)
        row(o, "4", where, 3);
    km_str by[] = { KM_STR_NONE, KM_STR_NONE, doctor };
    row(o, "5", by, 3);
    return KM_OK;
}

static km_code write_patient(writing *o, km_fault *f)
{
    km_str sex = km_jv_str(KM_JV_GET(o->patient, "gender"));
    km_str born[] = { km_medicines__day(&o->b, km_jv_str(KM_JV_GET(o->patient, "birthDate"))) };
    km_jv number = km_medicines__first(o->patient, "identifier");
    km_str who[] = { km_jv_str(KM_JV_GET(number, "value")), km_medicines__name(o->patient, false),
                     km_medicines__name(o->patient, true) };
    if (who[1].n + who[2].n == 0)
        return km_fail(f, KM_REQUIRED, "Patient.name.text", NULL);
    if (!km_str_is(sex, "male") && !km_str_is(sex, "female"))
        return km_fail(f, KM_REQUIRED, "Patient.gender", "a prescription knows male and female");
    if (born[0].n == 0)
        return km_fail(f, KM_REQUIRED, "Patient.birthDate", NULL);
    row(o, "11", who, 3);
    row(o, "12", &(km_str){ km_str_is(sex, "male") ? "1" : "2", 1 }, 1);
    row(o, "13", born, 1);
    return KM_OK;
}

/* --- who pays --- */

static km_str extension(km_jv v, const char *name)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "extension")); km_jv_next(&i);)
        if (km_str_ends(km_jv_str(KM_JV_GET(i.value, "url")), km_str_of(name)))
            return km_jv_str(KM_JV_GET(i.value, "valueString"));
    return KM_STR_NONE;
}

static km_str code_of(km_jv concept)
{
    return km_jv_str(KM_JV_GET(km_medicines__first(concept, "coding"), "code"));
}

static void write_insurer(writing *o, km_jv coverage, km_str insurer)
{
    km_str kind[] = { code_of(KM_JV_GET(coverage, "type")) }, number[] = { insurer };
    km_str relation = code_of(KM_JV_GET(coverage, "relationship"));
    km_str who[] = { extension(coverage, "InsuredPersonSymbol"),
                     extension(coverage, "InsuredPersonNumber"),
                     relation.n > 0 ? relation : KM_STR("1"),
                     extension(coverage, "InsuredPersonSubNumber") };
    if (who[1].n == 0)
        who[1] = km_jv_str(KM_JV_GET(coverage, "subscriberId"));
    if (kind[0].n > 0)
        row(o, "21", kind, 1);
    row(o, "22", number, 1);
    row(o, "23", who, 4);
}

static void write_coverages(writing *o)
{
    static const char *const records[] = { "27", "28", "29" };
    size_t public = 0;
    bool insured = false;
    for (int pass = 0; pass < 2; pass++) /* the insurer stands first */
        for (km_jv_iter i = km_jv_each(KM_JV_GET(o->b.bundle, "entry")); km_jv_next(&i);) {
            km_jv r = km_medicines__resource(i.value);
            km_jv payor = KM_JV_GET(km_medicines__first(r, "payor"), "identifier");
            km_str system = km_jv_str(KM_JV_GET(payor, "system"));
            km_str value = km_jv_str(KM_JV_GET(payor, "value"));
            if (!km_str_is(km_jv_str(KM_JV_GET(r, "resourceType")), "Coverage"))
                continue;
            if (pass == 0 && !insured && km_str_is(system, OID "3.61")) {
                write_insurer(o, r, value);
                insured = true;
            } else if (pass == 1 && public < 3 && km_str_is(system, OID "3.71")) {
                km_str field[] = { value, km_jv_str(KM_JV_GET(r, "subscriberId")) };
                row(o, records[public ++], field, 2);
            }
        }
}

/* --- the whole --- */

static km_code write_days(writing *o, km_fault *f)
{
    km_jv one = o->request[0];
    km_str issued[] = { km_medicines__day(&o->b, km_jv_str(KM_JV_GET(one, "authoredOn"))) };
    km_str until[] = { km_medicines__day(&o->b,
                                         km_jv_text(one, "dispenseRequest.validityPeriod.end")) };
    km_str number = km_jv_text(one, "groupIdentifier.value");
    int64_t repeats = 0;
    if (issued[0].n == 0)
        return km_fail(f, KM_REQUIRED, "MedicationRequest.authoredOn", NULL);
    row(o, "51", issued, 1);
    if (until[0].n > 0)
        row(o, "52", until, 1);
    if (km_str_to_i64(&repeats, km_jv_raw(km_jv_at(one, "dispenseRequest.numberOfRepeatsAllowed")))
        && repeats > 0 && repeats < 9)
        row(o, "64", &(km_str){ number_text(o, (size_t)repeats + 1).p, 1 }, 1);
    km_str named[] = { KM_STR("1"), number };
    if (number.n == 16)
        row(o, "82", named, 2);
    return KM_OK;
}

/* --- an RP --- */

static bool is_daily(km_jv request)
{
    return km_jv_kind(km_jv_at(request, "dispenseRequest.expectedSupplyDuration.value"))
           == KM_JSON_NUMBER;
}

static km_code write_form(writing *o, km_jv request, km_str rp, km_fault *f)
{
    km_jv usage = km_medicines__first(request, "dosageInstruction");
    bool daily = is_daily(request);
    bool needed = km_jv_is(KM_JV_GET(usage, "asNeededBoolean"), KM_JSON_TRUE);
    km_str days = km_jv_raw(km_jv_at(request, "dispenseRequest.expectedSupplyDuration.value"));
    km_str text = km_jv_str(KM_JV_GET(usage, "text"));
    km_str code = code_of(km_jv_at(usage, "timing.code"));
    if (text.n == 0)
        return km_fail(f, KM_REQUIRED, "MedicationRequest.dosageInstruction.text", NULL);
    km_str form[] = { rp,
                      daily    ? KM_STR("1")
                      : needed ? KM_STR("2")
                               : KM_STR("9"),
                      KM_STR_NONE, daily ? days : KM_STR("1") };
    row(o, "101", form, 4);
    km_str how[] = { rp, code.n > 0 ? KM_STR("2") : KM_STR("1"), code, text };
    row(o, "111", how, 4);
    size_t nth = 1;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(usage, "additionalInstruction")); km_jv_next(&i);) {
        km_str more[] = { rp, number_text(o, nth++), KM_STR_NONE,
                          km_jv_str(KM_JV_GET(i.value, "text")), code_of(i.value) };
        row(o, "181", more, 5);
    }
    return KM_OK;
}

static km_code write_drug(writing *o, km_jv request, km_str rp, size_t nth, km_fault *f)
{
    km_jv drug = KM_JV_GET(request, "medicationCodeableConcept");
    km_jv dose = km_medicines__first(km_medicines__first(request, "dosageInstruction"),
                                     "doseAndRate");
    km_jv amount = is_daily(request) ? km_jv_at(dose, "rateRatio.numerator")
                                     : km_jv_at(request, "dispenseRequest.quantity");
    km_jv coding = km_medicines__first(drug, "coding");
    char kind[2] = { km_medicines__kind(km_jv_str(KM_JV_GET(coding, "system"))), '\0' };
    km_str value = km_jv_raw(KM_JV_GET(amount, "value"));
    if (value.n == 0)
        return km_fail(f, KM_REQUIRED,
                       is_daily(request)
                           ? "MedicationRequest.dosageInstruction.doseAndRate.rateRatio"
                           : "MedicationRequest.dispenseRequest.quantity",
                       "how much of the drug");
    km_str field[] = { rp,
                       number_text(o, nth),
                       KM_STR_NONE,
                       kind[0] != '\0' ? km_arena_copy(o->b.arena, (km_str){ kind, 1 })
                                       : KM_STR("1"),
                       kind[0] != '\0' ? km_jv_str(KM_JV_GET(coding, "code")) : KM_STR_NONE,
                       km_jv_str(KM_JV_GET(drug, "text")),
                       value,
                       KM_STR("1"),
                       km_jv_str(KM_JV_GET(amount, "unit")) };
    row(o, "201", field, 9);
    km_str single[] = { rp, number_text(o, nth), km_jv_raw(km_jv_at(dose, "doseQuantity.value")) };
    if (single[2].n > 0)
        row(o, "241", single, 3);
    bool fixed = km_jv_is(km_jv_at(request, "substitution.allowedBoolean"), KM_JSON_FALSE);
    size_t notes = 1;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(request, "note")); km_jv_next(&i); fixed = false) {
        km_str note[] = { rp, number_text(o, nth), number_text(o, notes++),
                          fixed ? KM_STR("3") : KM_STR_NONE,
                          km_jv_str(KM_JV_GET(i.value, "text")) };
        row(o, "281", note, 5);
    }
    return KM_OK;
}

static km_code write_rps(writing *o, km_fault *f)
{
    km_str before = KM_STR_NONE, rp = KM_STR_NONE;
    size_t rps = 0, nth = 0;
    for (size_t i = 0; i < o->n; i++) {
        km_str own = identifier(o->request[i], OID "3.81");
        if (i == 0 || own.n == 0 || !km_str_eq(own, before)) {
            rp = number_text(o, ++rps);
            nth = 0;
            KM_TRY(write_form(o, o->request[i], rp, f));
        }
        before = own;
        KM_TRY(write_drug(o, o->request[i], rp, ++nth, f));
    }
    return KM_OK;
}

km_code km_medicines__write_prescription(km_buf *out, km_jv bundle, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    km_str bytes;
    km_fault *f = call->fault;
    writing *o = KM_NEW(call->arena, writing);
    *o = (writing){ .b = { bundle, call->arena, &text } };
    km_buf_print(&text, "JAHIS%d\r\n", VERSION);
    KM_TRY(gather(o, f));
    find_prescriber(o);
    KM_TRY(write_prescriber(o, f));
    KM_TRY(write_patient(o, f));
    write_coverages(o);
    KM_TRY(write_days(o, f));
    KM_TRY(write_rps(o, f));
    KM_TRY(km_cp932_encode(&bytes, call->arena, km_buf_str(&text), f));
    km_buf_add(out, bytes);
    return KM_OK;
}
