/* SPDX-License-Identifier: Apache-2.0
 *
 * person: the sender, the patient, the stay, allergies and insurance of a message.
 */
#include "gateways/hl7v2/inside.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/"
#define NAME_FORM "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"

#define WORDS km_hl7v2__words

static bool is_ten_digits(km_str s)
{
    return s.n == 10 && km_field_digits(s);
}

static void write_organization(km_jw *w, km_message *m)
{
    km_str key[] = { m->facility };
    bool code = is_ten_digits(m->facility);
    m->organization = km_entry_id(m->arena, code ? "Organization" : "Organization.hl7v2", key, 1);
    km_entry_open(w, "Organization", m->organization);
    if (code) {
        km_jw_key(w, "identifier");
        km_jw_open(w, '[');
        km_entry_identifier(
            w, KM_STR("http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"),
            m->facility);
        km_jw_close(w, ']');
    }
    km_jw_member(w, "name", m->facility.n > 0 ? m->facility : KM_STR("HL7 v2"));
    km_entry_close(w, "Organization", m->organization);
}

/* --- PID --- */

static void write_name(km_jw *w, const km_message *m, km_str xpn)
{
    const km_hl7 *h = m->hl7;
    km_str family = km_hl7_words(h, m->arena, xpn, 0, 1),
           given = km_hl7_words(h, m->arena, xpn, 0, 2);
    km_str form = km_hl7_words(h, m->arena, xpn, 0, 8);
    if (family.n + given.n == 0)
        return;
    km_jw_open(w, '{');
    if (km_str_is(form, "I") || km_str_is(form, "P")) {
        km_jw_key(w, "extension");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_member_z(w, "url", NAME_FORM);
        km_jw_member_z(w, "valueCode", km_str_is(form, "P") ? "SYL" : "IDE");
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    km_jw_member(w, "text",
                 km_arena_print(m->arena, "%.*s%s%.*s", KM_STR_ARG(family),
                                family.n > 0 && given.n > 0 ? " " : "", KM_STR_ARG(given)));
    if (family.n > 0)
        km_jw_member(w, "family", family);
    if (given.n > 0) {
        km_jw_key(w, "given");
        km_jw_open(w, '[');
        km_jw_str(w, given);
        km_jw_close(w, ']');
    }
    km_jw_close(w, '}');
}

static void write_names(km_jw *w, const km_message *m, const km_hl7_segment *pid)
{
    km_jw_key(w, "name");
    km_jw_open(w, '[');
    for (uint32_t i = 0; i < 8; i++)
        write_name(w, m, km_hl7_repeat(m->hl7, km_hl7_field(pid, 5), i));
    km_jw_close(w, ']');
}

static void write_phones(km_jw *w, const km_message *m, const km_hl7_segment *pid)
{
    static const struct {
        uint32_t field;
        const char *use;
    } from[] = { { 13, "home" }, { 14, "work" } };
    bool any = false;
    for (size_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < 8; i++) {
            km_str field = km_hl7_field(pid, from[k].field);
            km_str number = km_hl7_words(m->hl7, m->arena, field, i, 12);
            if (number.n == 0)
                number = km_hl7_words(m->hl7, m->arena, field, i, 1);
            if (number.n == 0)
                continue;
            if (!any) {
                km_jw_key(w, "telecom");
                km_jw_open(w, '[');
            }
            any = true;
            km_jw_open(w, '{');
            km_jw_member_z(w, "system", "phone");
            km_jw_member(w, "value", number);
            km_jw_member_z(w, "use", from[k].use);
            km_jw_close(w, '}');
        }
    if (any)
        km_jw_close(w, ']');
}

static void write_address(km_jw *w, const km_message *m, const km_hl7_segment *pid)
{
    km_str postal = WORDS(m, pid, 11, 5), whole = WORDS(m, pid, 11, 8);
    if (whole.n == 0)
        whole = km_str_trim(
            km_arena_print(m->arena, "%.*s%.*s%.*s", KM_STR_ARG(WORDS(m, pid, 11, 4)),
                           KM_STR_ARG(WORDS(m, pid, 11, 3)), KM_STR_ARG(WORDS(m, pid, 11, 1))));
    if (postal.n + whole.n == 0)
        return;
    km_jw_key(w, "address");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (whole.n > 0)
        km_jw_member(w, "text", whole);
    if (postal.n > 0)
        km_jw_member(w, "postalCode", postal);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static const char *gender(km_str s)
{
    return km_str_is(s, "M")   ? "male"
           : km_str_is(s, "F") ? "female"
           : km_str_is(s, "O") ? "other"
                               : "unknown";
}

static km_str patient_system(const km_message *m)
{
    return is_ten_digits(m->facility)
               ? km_arena_print(m->arena, "urn:oid:1.2.392.100495.20.3.51.1%.*s",
                                KM_STR_ARG(m->facility))
               : km_arena_print(m->arena, "urn:kumihimo:patient-number:%.*s",
                                KM_STR_ARG(km_str_sub(m->organization, 0, 16)));
}

static void write_patient(km_jw *w, km_message *m, const km_hl7_segment *pid)
{
    km_str number = WORDS(m, pid, 3, 1), born = km_hl7v2__time(m, pid, 7);
    km_str key[] = { m->facility, number };
    m->patient = km_entry_id(m->arena, "Patient", key, 2);
    km_entry_open(w, "Patient", m->patient);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(w, patient_system(m), number);
    km_jw_close(w, ']');
    write_names(w, m, pid);
    write_phones(w, m, pid);
    km_jw_member_z(w, "gender", gender(WORDS(m, pid, 8, 1)));
    if (born.n > 0)
        km_jw_member(w, "birthDate", km_str_sub(born, 0, 10));
    write_address(w, m, pid);
    km_entry_reference(w, "managingOrganization", "Organization", m->organization);
    km_entry_close(w, "Patient", m->patient);
}

/* --- PV1 --- */

/* What a trigger of ADT makes of the stay; others tell nothing new of it. */
static const char *encounter_status(const km_message *m)
{
    static const struct {
        const char *triggers, *status;
    } t[] = { { "A03 A13", "finished" },
              { "A01 A02 A04 A06 A07 A08 A15 A16 A21 A22 A52 A53 A54", "in-progress" },
              { "A05 A14", "planned" },
              { "A11 A12 A23 A25 A26 A27 A38 A55", "cancelled" } };
    if (m->deleted)
        return "entered-in-error";
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        for (km_str rest = km_str_of(t[i].triggers); rest.n > 0;)
            if (km_str_eq(km_str_cut(rest, ' ', &rest), m->trigger))
                return t[i].status;
    return "unknown";
}

static void write_location(km_jw *w, const km_message *m, const km_hl7_segment *pv1)
{
    km_buf words = km_buf_in(m->arena);
    for (uint32_t i = 1; i <= 3; i++) {
        km_str part = WORDS(m, pv1, 3, i);
        if (part.n > 0)
            km_buf_print(&words, "%s%.*s", words.n > 0 ? " " : "", KM_STR_ARG(part));
    }
    if (words.n == 0)
        return;
    km_jw_key(w, "location");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "location");
    km_jw_open(w, '{');
    km_jw_member(w, "display", km_buf_str(&words));
    km_jw_close(w, '}');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_encounter(km_jw *w, km_message *m, const km_hl7_segment *pv1)
{
    km_str class = WORDS(m, pv1, 2, 1), visit = WORDS(m, pv1, 19, 1);
    km_str from = km_hl7v2__time(m, pv1, 44), to = km_hl7v2__time(m, pv1, 45);
    const char *code = km_str_is(class, "I") ? "IMP" : km_str_is(class, "E") ? "EMER" : "AMB";
    km_str day = from.n > 0 ? from : to.n > 0 ? to : m->time;
    km_str key[] = { visit, visit.n > 0 ? KM_STR_NONE : km_str_sub(day, 0, 10), km_str_of(code) };
    km_str doctor = km_hl7v2__practitioner(w, m, km_hl7_field(pv1, 7));
    m->encounter = km_hl7v2__id(m, "Encounter", key, 3);
    km_entry_open(w, "Encounter", m->encounter);
    km_jw_member_z(w, "status", encounter_status(m));
    km_jw_key(w, "class");
    km_entry_coding(w, SYSTEM "v3-ActCode", km_str_of(code));
    km_hl7v2__subject(w, m);
    if (doctor.n > 0) {
        km_jw_key(w, "participant");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_entry_reference(w, "individual", "Practitioner", doctor);
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    if (from.n + to.n > 0) {
        km_jw_key(w, "period");
        km_jw_open(w, '{');
        if (from.n > 0)
            km_jw_member(w, "start", from);
        if (to.n > 0)
            km_jw_member(w, "end", to);
        km_jw_close(w, '}');
    }
    write_location(w, m, pv1);
    km_entry_reference(w, "serviceProvider", "Organization", m->organization);
    km_entry_close(w, "Encounter", m->encounter);
}

/* --- AL1, IAM --- */

/* HL70127: DA drug, FA food, EA environment. */
static void write_allergy(km_jw *w, km_message *m, const km_hl7_segment *s)
{
    bool iam = km_str_is(s->field[0], "IAM");
    km_str kind = WORDS(m, s, 2, 1), what = km_hl7_field(s, 3), reaction = WORDS(m, s, 5, 1);
    km_str key[] = { kind, WORDS(m, s, 3, 1), WORDS(m, s, 3, 2) };
    const char *category = km_str_is(kind, "DA")   ? "medication"
                           : km_str_is(kind, "FA") ? "food"
                           : km_str_is(kind, "EA") ? "environment"
                                                   : NULL;
    if (key[1].n + key[2].n == 0)
        return;
    km_str id = km_hl7v2__id(m, "AllergyIntolerance", key, 3);
    bool over = iam && km_str_is(WORDS(m, s, 6, 1), "D");
    km_entry_open(w, "AllergyIntolerance", id);
    km_entry_coded(w, "clinicalStatus", SYSTEM "allergyintolerance-clinical",
                   over || m->deleted ? KM_STR("inactive") : KM_STR("active"));
    if (category != NULL) {
        km_jw_key(w, "category");
        km_jw_open(w, '[');
        km_jw_z(w, category);
        km_jw_close(w, ']');
    }
    km_hl7v2__coded(w, m, "code", what);
    km_entry_reference(w, "patient", "Patient", m->patient);
    if (reaction.n > 0) {
        km_jw_key(w, "reaction");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_key(w, "manifestation");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_member(w, "text", reaction);
        km_jw_close(w, '}');
        km_jw_close(w, ']');
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    km_entry_close(w, "AllergyIntolerance", id);
}

static void write_coverage(km_jw *w, km_message *m, const km_hl7_segment *s)
{
    km_str insurer = WORDS(m, s, 3, 1), number = WORDS(m, s, 36, 1),
           from = km_hl7v2__time(m, s, 12);
    km_str key[] = { insurer, number };
    if (insurer.n == 0)
        return;
    km_str id = km_hl7v2__id(m, "Coverage", key, 2);
    km_entry_open(w, "Coverage", id);
    km_jw_member_z(w, "status", m->deleted ? "entered-in-error" : "active");
    km_hl7v2__coded(w, m, "type", km_hl7_field(s, 2));
    if (number.n > 0)
        km_jw_member(w, "subscriberId", number);
    km_entry_reference(w, "beneficiary", "Patient", m->patient);
    km_hl7v2__coded(w, m, "relationship", km_hl7_field(s, 17));
    if (from.n >= 10) {
        km_jw_key(w, "period");
        km_jw_open(w, '{');
        km_jw_member(w, "start", km_str_sub(from, 0, 10));
        km_jw_close(w, '}');
    }
    km_jw_key(w, "payor");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_entry_identifier(w, KM_STR("urn:oid:1.2.392.100495.20.3.61"), insurer);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_entry_close(w, "Coverage", id);
}

void km_hl7v2__person(km_jw *w, km_message *m)
{
    const km_hl7_segment *pv1 = km_hl7v2__first(m, "PV1");
    write_organization(w, m);
    write_patient(w, m, km_hl7v2__first(m, "PID"));
    if (pv1 != NULL && WORDS(m, pv1, 2, 1).n > 0 && km_str_is(m->type, "ADT"))
        write_encounter(w, m, pv1);
    for (size_t i = 0; i < m->n; i++) {
        const km_hl7_segment *s = &m->segment[i];
        if (km_str_is(s->field[0], "AL1") || km_str_is(s->field[0], "IAM"))
            write_allergy(w, m, s);
        else if (km_str_is(s->field[0], "IN1"))
            write_coverage(w, m, s);
    }
}
