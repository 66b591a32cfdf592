/* SPDX-License-Identifier: Apache-2.0
 *
 * records: a row of a form as FHIR. A user is a Patient of the facility with a Coverage of
 * long-term care insurance and the level of care; every other form is a QuestionnaireResponse whose
 * questions are the form's columns, and where the ten items of the Barthel index stand in it, their
 * sum is an Observation.
 */
#include "gateways/care/inside.h"

#define V(name) km_care__value(l, row, a, name)

typedef struct user {
    km_str facility, insurer, insured, organization, patient;
} user;

static user user_of(const km_life *l, const km_row *row, km_arena *a)
{
    user u = { .facility = V("care_facility_id"),
               .insurer = V("insurer_no"),
               .insured = V("insured_no") };
    km_str place[] = { u.facility }, who[] = { u.facility, u.insurer, u.insured };
    u.organization = km_entry_id(a, "Organization.care", place, 1);
    u.patient = km_entry_id(a, "Patient.care", who, 3);
    return u;
}

static bool print_date(char out[16], km_str s)
{
    int64_t day;
    if (s.n != 8 || !km_field_day(&day, s))
        return false;
    snprintf(out, 16, "%.4s-%.2s-%.2s", s.p, s.p + 4, s.p + 6);
    return true;
}

static void write_organization(km_jw *w, const user *u)
{
    km_entry_open(w, "Organization", u->organization);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(w, KM_STR("urn:kumihimo:ltci:facility"), u->facility);
    km_jw_close(w, ']');
    km_jw_member(w, "name", u->facility);
    km_entry_close(w, "Organization", u->organization);
}

static km_str full_name(km_arena *a, km_str family, km_str given)
{
    return km_arena_print(a, "%.*s%s%.*s", KM_STR_ARG(family),
                          family.n > 0 && given.n > 0 ? " " : "", KM_STR_ARG(given));
}

static void write_patient(km_jw *w, const km_life *l, const km_row *row, const user *u, km_arena *a)
{
    char born[16];
    km_str sex = V("gender");
    km_entry_open(w, "Patient", u->patient);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(
        w, km_arena_print(a, "urn:kumihimo:ltci:insured:%.*s", KM_STR_ARG(u->insurer)), u->insured);
    km_jw_close(w, ']');
    if (V("last_name").n + V("first_name").n + V("last_name_kana").n + V("first_name_kana").n > 0) {
        km_jw_key(w, "name");
        km_jw_open(w, '[');
        km_entry_name(w, "IDE", full_name(a, V("last_name"), V("first_name")));
        km_entry_name(w, "SYL", full_name(a, V("last_name_kana"), V("first_name_kana")));
        km_jw_close(w, ']');
    }
    km_jw_member_z(w, "gender",
                   km_str_is(sex, "1")   ? "male"
                   : km_str_is(sex, "2") ? "female"
                                         : "unknown");
    if (print_date(born, V("birthday")))
        km_jw_member_z(w, "birthDate", born);
    km_entry_reference(w, "managingOrganization", "Organization", u->organization);
    km_entry_close(w, "Patient", u->patient);
}

static void write_coverage(km_jw *w, const user *u, km_arena *a)
{
    km_str key[] = { u->patient, u->insurer, u->insured };
    km_str id = km_entry_id(a, "Coverage.care", key, 3);
    km_entry_open(w, "Coverage", id);
    km_jw_member_z(w, "status", "active");
    km_jw_key(w, "type");
    km_jw_open(w, '{');
    km_jw_member_z(w, "text", "介護保険");
    km_jw_close(w, '}');
    km_jw_member(w, "subscriberId", u->insured);
    km_entry_reference(w, "beneficiary", "Patient", u->patient);
    km_jw_key(w, "payor");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_entry_identifier(w, KM_STR("urn:kumihimo:ltci:insurer"), u->insurer);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_entry_close(w, "Coverage", id);
}

/* --- a form --- */

static void write_answer(km_jw *w, const km_layout_field *f, km_str value, const char *form)
{
    char date[16], system[64];
    km_jw_key(w, "answer");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    if (km_str_is(f->kind, "code")) {
        km_jw_key(w, "valueCoding");
        km_jw_open(w, '{');
        snprintf(system, sizeof system, "urn:kumihimo:life:%s", form);
        km_jw_member_z(w, "system", system);
        km_jw_member(w, "code", value);
        if (km_layout_meaning(f, value).n > 0)
            km_jw_member(w, "display", km_layout_meaning(f, value));
        km_jw_close(w, '}');
    } else if (km_str_is(f->kind, "date") && print_date(date, value))
        km_jw_member_z(w, "valueDate", date);
    else
        km_jw_member(w, "valueString", value);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_items(km_jw *w, const km_life *l, const km_row *row, km_arena *a)
{
    char form[32];
    bool whole;
    snprintf(form, sizeof form, "%.*s", KM_STR_ARG(l->form->id));
    km_jw_key(w, "item");
    km_jw_open(w, '[');
    for (uint32_t i = 1; i < l->columns.n && i < row->fields; i++) {
        const km_layout_field *f = &l->columns.field[i];
        km_str value = l->utf8 ? row->field[i] : km_field_text(&whole, a, row->field[i]);
        if (f->kind.n == 0 || value.n == 0)
            continue;
        km_jw_open(w, '{');
        km_jw_member(w, "linkId", f->en);
        km_jw_member(w, "text", f->ja);
        write_answer(w, f, value, form);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

/* The points stand in the meaning of each code: 一部介助(5). */
static bool points_of(int *out, const km_layout_field *f, km_str code)
{
    km_str meaning = km_layout_meaning(f, code), rest;
    int64_t v = 0;
    (void)km_str_cut(meaning, '(', &rest);
    km_str number = km_str_cut(rest, ')', &rest);
    if (number.n == 0 || number.n > 2 || !km_str_to_i64(&v, number))
        return false;
    *out += (int)v;
    return true;
}

static bool barthel_of(int *sum, const km_life *l, const km_row *row)
{
    int items = 0;
    *sum = 0;
    for (uint32_t i = 1; i < l->columns.n && i < row->fields; i++)
        if (km_str_starts(l->columns.field[i].en, KM_STR("barthel_"))
            && points_of(sum, &l->columns.field[i], row->field[i]))
            items++;
    return items == 10;
}

static void write_barthel(km_jw *w, const user *u, km_str form_id, const char *day, int sum,
                          km_arena *a)
{
    km_str key[] = { form_id };
    km_str id = km_entry_id(a, "Observation.barthel", key, 1);
    km_entry_open(w, "Observation", id);
    km_jw_member_z(w, "status", "final");
    km_jw_key(w, "code");
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_entry_coding(w, "urn:kumihimo:life", KM_STR("barthel-index"));
    km_jw_close(w, ']');
    km_jw_member_z(w, "text", "Barthel Index 合計");
    km_jw_close(w, '}');
    km_entry_reference(w, "subject", "Patient", u->patient);
    if (day != NULL)
        km_jw_member_z(w, "effectiveDateTime", day);
    km_jw_member_int(w, "valueInteger", sum);
    km_jw_key(w, "derivedFrom");
    km_jw_open(w, '[');
    km_entry_reference(w, NULL, "QuestionnaireResponse", form_id);
    km_jw_close(w, ']');
    km_entry_close(w, "Observation", id);
}

static void write_form(km_jw *w, const km_life *l, const km_row *row, const user *u, km_arena *a)
{
    char day[16];
    int sum;
    km_str key[] = { u->patient, l->form->id, V("external_system_management_number"),
                     V("evaluate_date") };
    km_str id = km_entry_id(a, "QuestionnaireResponse", key, 4);
    bool dated = print_date(day, V("evaluate_date"));
    km_entry_open(w, "QuestionnaireResponse", id);
    km_jw_member(w, "questionnaire",
                 km_arena_print(a, "urn:kumihimo:life:%.*s", KM_STR_ARG(l->form->id)));
    km_jw_member_z(w, "status", "completed");
    km_entry_reference(w, "subject", "Patient", u->patient);
    if (dated)
        km_jw_member_z(w, "authored", day);
    km_entry_reference(w, "author", "Organization", u->organization);
    write_items(w, l, row, a);
    km_entry_close(w, "QuestionnaireResponse", id);
    if (barthel_of(&sum, l, row))
        write_barthel(w, u, id, dated ? day : NULL, sum, a);
}

void km_care__row(km_jw *w, const km_life *l, const km_row *row, km_arena *a)
{
    user u = user_of(l, row, a);
    write_organization(w, &u);
    if (km_str_is(l->form->id, "SERVICE_USER_INFO")) {
        write_patient(w, l, row, &u, a);
        write_coverage(w, &u, a);
    }
    write_form(w, l, row, &u, a);
}
