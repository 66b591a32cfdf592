/* SPDX-License-Identifier: Apache-2.0
 *
 * prescription: the symbol of a prescription as FHIR: Patient, Organization, Practitioner,
 * Coverage, and for each drug of an RP a MedicationRequest. Amounts of internal medicines are for a
 * day, of all others for the whole.
 */
#include "gateways/medicines/inside.h"

#define OID "urn:oid:1.2.392.100495.20."
#define COVERAGE "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_"

#define AT km_medicines__at

typedef struct prescribing {
    km_med_text *t;
    km_str institution, organization, doctor, number;
    char issued[16], until[16];
} prescribing;

static const km_med_line *find(const km_med_text *t, int id)
{
    return km_medicines__find(t, 0, t->n, id);
}

static const km_med_line *of_rp(const km_med_text *t, int id, km_str rp)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->line[i].id == id && km_str_eq(AT(&t->line[i], 1), rp))
            return &t->line[i];
    return NULL;
}

static void write_extension(km_jw *w, const char *name, km_str value)
{
    char url[160];
    if (value.n == 0)
        return;
    snprintf(url, sizeof url, COVERAGE "%s", name);
    km_jw_open(w, '{');
    km_jw_member_z(w, "url", url);
    km_jw_member(w, "valueString", value);
    km_jw_close(w, '}');
}

static void write_payor(km_jw *w, const char *system, km_str payer)
{
    km_jw_key(w, "payor");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_entry_identifier(w, km_str_of(system), payer);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_coverage(km_jw *w, const prescribing *o)
{
    const km_med_line *kind = find(o->t, 21), *insurer = find(o->t, 22), *who = find(o->t, 23);
    km_str key[] = { o->t->patient, AT(insurer, 1), AT(who, 1), AT(who, 2) };
    if (AT(insurer, 1).n == 0)
        return;
    km_str id = km_entry_id(o->t->arena, "Coverage", key, 4);
    km_entry_open(w, "Coverage", id);
    if (AT(who, 1).n + AT(who, 2).n + AT(who, 4).n > 0) {
        km_jw_key(w, "extension");
        km_jw_open(w, '[');
        write_extension(w, "InsuredPersonSymbol", AT(who, 1));
        write_extension(w, "InsuredPersonNumber", AT(who, 2));
        write_extension(w, "InsuredPersonSubNumber", AT(who, 4));
        km_jw_close(w, ']');
    }
    km_jw_member_z(w, "status", "active");
    if (AT(kind, 1).n > 0)
        km_entry_coded(w, "type", OID "2.61", AT(kind, 1));
    if (AT(who, 2).n > 0)
        km_jw_member(w, "subscriberId", AT(who, 2));
    km_entry_reference(w, "beneficiary", "Patient", o->t->patient);
    if (AT(who, 3).n > 0)
        km_entry_coded(w, "relationship", OID "2.62", AT(who, 3));
    write_payor(w, OID "3.61", AT(insurer, 1));
    km_entry_close(w, "Coverage", id);
}

static void write_public(km_jw *w, const prescribing *o, int record)
{
    const km_med_line *l = find(o->t, record);
    km_str key[] = { o->t->patient, AT(l, 1), KM_STR_NONE, AT(l, 2) };
    if (AT(l, 1).n == 0)
        return;
    km_str id = km_entry_id(o->t->arena, "Coverage", key, 4);
    km_entry_open(w, "Coverage", id);
    km_jw_member_z(w, "status", "active");
    km_entry_coded(w, "type", OID "2.61", KM_STR("8"));
    if (AT(l, 2).n > 0)
        km_jw_member(w, "subscriberId", AT(l, 2));
    km_entry_reference(w, "beneficiary", "Patient", o->t->patient);
    write_payor(w, OID "3.71", AT(l, 1));
    km_entry_close(w, "Coverage", id);
}

/* --- a drug --- */

static void write_identifiers(km_jw *w, const km_med_line *l)
{
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(w, KM_STR(OID "3.81"), AT(l, 1));
    km_entry_identifier(w, KM_STR(OID "3.82"), AT(l, 2));
    km_jw_close(w, ']');
}

static void write_additions(km_jw *w, const prescribing *o, const km_med_line *l)
{
    bool any = false;
    for (size_t i = 0; i < o->t->n; i++) {
        const km_med_line *a = &o->t->line[i];
        if (a->id != 181 || !km_str_eq(AT(a, 1), AT(l, 1)) || AT(a, 4).n == 0)
            continue;
        if (!any) {
            km_jw_key(w, "additionalInstruction");
            km_jw_open(w, '[');
        }
        any = true;
        km_jw_open(w, '{');
        if (AT(a, 5).n > 0) {
            km_jw_key(w, "coding");
            km_jw_open(w, '[');
            km_entry_coding(w, "urn:oid:1.2.392.200250.2.2.20.22", AT(a, 5));
            km_jw_close(w, ']');
        }
        km_jw_member(w, "text", AT(a, 4));
        km_jw_close(w, '}');
    }
    if (any)
        km_jw_close(w, ']');
}

static void write_dose(km_jw *w, const prescribing *o, const km_med_line *l, bool daily)
{
    const km_med_line *single = NULL;
    for (size_t i = 0; i < o->t->n && single == NULL; i++)
        if (o->t->line[i].id == 241 && km_str_eq(AT(&o->t->line[i], 1), AT(l, 1))
            && km_str_eq(AT(&o->t->line[i], 2), AT(l, 2)))
            single = &o->t->line[i];
    if ((!daily || !km_field_number(AT(l, 7))) && single == NULL)
        return;
    km_jw_key(w, "doseAndRate");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (single != NULL)
        km_medicines__quantity(w, "doseQuantity", AT(single, 3), AT(l, 9));
    if (daily && km_field_number(AT(l, 7))) {
        km_jw_key(w, "rateRatio");
        km_jw_open(w, '{');
        km_medicines__quantity(w, "numerator", AT(l, 7), AT(l, 9));
        km_medicines__quantity(w, "denominator", KM_STR("1"), KM_STR("日"));
        km_jw_close(w, '}');
    }
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_dosage(km_jw *w, const prescribing *o, const km_med_line *l, bool daily)
{
    const km_med_line *usage = of_rp(o->t, 111, AT(l, 1)), *form = of_rp(o->t, 101, AT(l, 1));
    km_jw_key(w, "dosageInstruction");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (AT(usage, 4).n > 0)
        km_jw_member(w, "text", AT(usage, 4));
    write_additions(w, o, l);
    if (km_str_is(AT(usage, 2), "2") && AT(usage, 3).n > 0) {
        km_jw_key(w, "timing");
        km_jw_open(w, '{');
        km_entry_coded(w, "code", "urn:oid:1.2.392.200250.2.2.20.20", AT(usage, 3));
        km_jw_close(w, '}');
    }
    if (km_str_is(AT(form, 2), "2"))
        km_jw_member_bool(w, "asNeededBoolean", true);
    write_dose(w, o, l, daily);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_dispense(km_jw *w, const prescribing *o, const km_med_line *l, bool daily)
{
    const km_med_line *form = of_rp(o->t, 101, AT(l, 1)), *refill = find(o->t, 64);
    int64_t times = 0;
    km_jw_key(w, "dispenseRequest");
    km_jw_open(w, '{');
    if (o->issued[0] != '\0' && o->until[0] != '\0') {
        km_jw_key(w, "validityPeriod");
        km_jw_open(w, '{');
        km_jw_member_z(w, "start", o->issued);
        km_jw_member_z(w, "end", o->until);
        km_jw_close(w, '}');
    }
    if (km_str_to_i64(&times, AT(refill, 1)) && times > 1 && times < 100)
        km_jw_member_int(w, "numberOfRepeatsAllowed", times - 1);
    if (daily)
        km_medicines__quantity(w, "expectedSupplyDuration", AT(form, 4), KM_STR("日"));
    else
        km_medicines__quantity(w, "quantity", AT(l, 7), AT(l, 9));
    km_jw_close(w, '}');
}

/* 281: what to do with the drug; 3 to 6 say that another must not be given for it. */
static void write_drug_additions(km_jw *w, const prescribing *o, const km_med_line *l)
{
    bool any = false, fixed = false;
    for (size_t i = 0; i < o->t->n; i++) {
        const km_med_line *a = &o->t->line[i];
        if (a->id != 281 || !km_str_eq(AT(a, 1), AT(l, 1)) || !km_str_eq(AT(a, 2), AT(l, 2)))
            continue;
        fixed = fixed || (AT(a, 4).n == 1 && AT(a, 4).p[0] >= '3' && AT(a, 4).p[0] <= '6');
        if (AT(a, 5).n == 0)
            continue;
        if (!any) {
            km_jw_key(w, "note");
            km_jw_open(w, '[');
        }
        any = true;
        km_jw_open(w, '{');
        km_jw_member(w, "text", AT(a, 5));
        km_jw_close(w, '}');
    }
    if (any)
        km_jw_close(w, ']');
    if (fixed) {
        km_jw_key(w, "substitution");
        km_jw_open(w, '{');
        km_jw_member_bool(w, "allowedBoolean", false);
        km_jw_close(w, '}');
    }
}

static void write_request(km_jw *w, const prescribing *o, const km_med_line *l)
{
    bool daily = km_str_is(AT(of_rp(o->t, 101, AT(l, 1)), 2), "1");
    km_str key[] = { o->t->patient, o->institution, km_str_of(o->issued), o->number, AT(l, 1),
                     AT(l, 2),      AT(l, 5) };
    km_str id = km_entry_id(o->t->arena, "MedicationRequest", key, 7);
    km_entry_open(w, "MedicationRequest", id);
    write_identifiers(w, l);
    km_jw_member_z(w, "status", "active");
    km_jw_member_z(w, "intent", "order");
    km_medicines__drug(w, AT(l, 6), AT(l, 4), AT(l, 5), KM_STR_NONE, KM_STR_NONE);
    km_entry_reference(w, "subject", "Patient", o->t->patient);
    if (o->issued[0] != '\0')
        km_jw_member_z(w, "authoredOn", o->issued);
    km_entry_reference(w, "requester", "PractitionerRole", o->doctor);
    if (o->number.n > 0) {
        km_jw_key(w, "groupIdentifier");
        km_entry_identifier(w, KM_STR(OID "3.11"), o->number);
    }
    write_dosage(w, o, l, daily);
    write_dispense(w, o, l, daily);
    write_drug_additions(w, o, l);
    km_entry_close(w, "MedicationRequest", id);
}

static void write_person(km_jw *w, prescribing *o)
{
    const km_med_line *who = find(o->t, 11);
    km_med_person p = { .number = AT(who, 1),
                        .name = AT(who, 2),
                        .kana = AT(who, 3),
                        .sex = AT(find(o->t, 12), 1),
                        .born = AT(find(o->t, 13), 1) };
    p.number_system = km_arena_print(o->t->arena, OID "3.51.1%.*s", KM_STR_ARG(o->institution));
    km_str chart[] = { o->institution, p.number };
    km_str person[] = { o->institution, p.name, p.kana, p.born };
    o->t->patient = p.number.n > 0 ? km_entry_id(o->t->arena, "Patient", chart, 2)
                                   : km_entry_id(o->t->arena, "Patient.symbol", person, 4);
    km_medicines__patient(w, o->t, &p);
}

void km_medicines__prescription(km_jw *w, km_med_text *t)
{
    prescribing o = { .t = t };
    const km_med_line *at = find(t, 1), *by = find(t, 5);
    o.institution = km_arena_print(t->arena, "%.*s%.*s%.*s", KM_STR_ARG(AT(at, 3)),
                                   KM_STR_ARG(AT(at, 1)), KM_STR_ARG(AT(at, 2)));
    if (o.institution.n != 10)
        o.institution = KM_STR_NONE;
    write_person(w, &o);
    o.organization = km_medicines__organization(w, t, o.institution, AT(at, 4), AT(find(t, 3), 1));
    km_str who = km_medicines__practitioner(w, t, o.organization,
                                            AT(by, 3).n > 0 ? AT(by, 3) : AT(by, 2), AT(by, 1));
    o.doctor = km_medicines__role(w, t, o.organization, who, AT(find(t, 4), 3));
    o.number = AT(find(t, 82), 2);
    (void)km_medicines__date(o.issued, AT(find(t, 51), 1));
    (void)km_medicines__date(o.until, AT(find(t, 52), 1));
    write_coverage(w, &o);
    for (int record = 27; record <= 30; record++)
        write_public(w, &o, record);
    for (size_t i = 0; i < t->n; i++)
        if (t->line[i].id == 201)
            write_request(w, &o, &t->line[i]);
}
