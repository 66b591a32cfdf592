/* SPDX-License-Identifier: Apache-2.0
 *
 * Search parameters and compartments, against the published R4 text.
 */
#include "codec/fhir/inside.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const km_param *param(const char *type, const char *code)
{
    return km_fhir_param(km_fhir_type_named(km_str_of(type)), km_str_of(code));
}

static void each_type_has_only_its_part_of_a_shared_parameter(void **state)
{
    static const struct {
        const char *type, *code, *expression;
        km_param_kind kind;
    } rows[] = {
        { "Patient", "birthdate", "Patient.birthDate", KM_PARAM_DATE },
        { "RelatedPerson", "birthdate", "RelatedPerson.birthDate", KM_PARAM_DATE },
        { "AllergyIntolerance", "code",
          "AllergyIntolerance.code | AllergyIntolerance.reaction.substance", KM_PARAM_TOKEN },
        { "MedicationRequest", "code", "MedicationRequest.medication.ofType(CodeableConcept)",
          KM_PARAM_TOKEN },
        { "Patient", "phone", "Patient.telecom.where(system='phone')", KM_PARAM_TOKEN },
        { "Patient", "_tag", "Resource.meta.tag", KM_PARAM_TOKEN },
        { "ValueSet", "context-quantity",
          "ValueSet.useContext.value.ofType(Quantity) | ValueSet.useContext.value.ofType(Range)",
          KM_PARAM_QUANTITY },
        { "Observation", "value-string",
          "Observation.value.ofType(string) | Observation.value.ofType(CodeableConcept).text",
          KM_PARAM_STRING },
        { "Location", "near", "Location.position", KM_PARAM_SPECIAL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const km_param *p = param(rows[i].type, rows[i].code);
        if (!p || !km_str_is(p->expression, rows[i].expression) || p->kind != rows[i].kind
            || !p->path)
            fail_msg("%s %s", rows[i].type, rows[i].code);
    }
    assert_true(km_str_is(param("Patient", "birthdate")->url,
                          "http://hl7.org/fhir/SearchParameter/individual-birthdate"));
}

static km_str word_at(km_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n
           && ((s.p[at + n] >= 'a' && s.p[at + n] <= 'z')
               || (s.p[at + n] >= 'A' && s.p[at + n] <= 'Z')))
        n++;
    return km_str_sub(s, at, n);
}

static size_t after_call(km_str s, size_t open)
{
    size_t depth = 0;
    for (size_t i = open; i < s.n; i++) {
        depth += s.p[i] == '(';
        if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.n;
}

/* Follows Type.a.b.where(...).ofType(T).c as far as it goes; false at a name that R4 lacks.
 * InsurancePlan's `name | alias` begins at the resource without saying so. */
static bool leads_somewhere(km_ftype type, km_str term)
{
    const km_path_model *m = km_fhir_model();
    km_str word = word_at(term, 0);
    km_path_element e = { .type = m->type_named(word) };
    size_t at = word.n;
    if (e.type == 0 && !m->element(&e, type, word))
        return false;
    while (at < term.n && term.p[at] == '.') {
        word = word_at(term, at + 1);
        at += 1 + word.n;
        if (at < term.n && term.p[at] == '(') {
            if (km_str_is(word, "ofType"))
                e = (km_path_element){ .type = m->type_named(word_at(term, at + 1)) };
            else if (!km_str_is(word, "where"))
                return true;
            at = after_call(term, at);
        } else if (!m->element(&e, e.type, word)) {
            return false;
        }
        if (at < term.n && term.p[at] == '[')
            at += 3;
    }
    return e.type || e.choice;
}

static void expressions_name_elements_that_exist(void **state)
{
    size_t terms = 0;
    (void)state;
    for (uint16_t n = 1; n <= km_fhir__tables->highest; n++) {
        const km_param *p = km_fhir_param_numbered(n);
        for (km_str rest = p->expression; rest.n; terms++) {
            km_str term = km_str_trim(km_str_cut(rest, '|', &rest));
            if (!leads_somewhere(p->type, term))
                fail_msg("%.*s: %.*s", KM_STR_ARG(p->code), KM_STR_ARG(term));
        }
    }
    assert_true(terms > 2281);
}

static void what_is_not_r4s_is_unknown(void **state)
{
    static const char *const rows[][2] = {
        { "Patient", "_id" },
        { "Patient", "_text" },
        { "Patient", "Birthdate" },
        { "DetectedIssue", "status" },
        { "ServiceRequest", "order-detail" },
        { "Patient", "" },
        { "HumanName", "family" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_null(param(rows[i][0], rows[i][1]));
    assert_null(km_fhir_param(0, KM_STR("code")));
}

static void every_parameter_is_found_by_number_and_among_its_types(void **state)
{
    const km_ftype *all;
    size_t n = km_fhir_resources(&all), total = 0;
    (void)state;
    for (size_t i = 0; i < n; i++) {
        const km_param *p;
        size_t m = km_fhir_params(&p, all[i]);
        assert_true(m >= 4); /* _profile _security _source _tag */
        for (size_t k = 0; k < m; k++, total++) {
            assert_int_equal(p[k].type, all[i]);
            assert_ptr_equal(km_fhir_param_numbered(p[k].number), &p[k]);
            assert_ptr_equal(km_fhir_param(all[i], p[k].code), &p[k]);
            assert_true(p[k].path && p[k].url.n);
            assert_int_equal(p[k].kind == KM_PARAM_COMPOSITE, p[k].n_components > 1);
            assert_true(p[k].kind == KM_PARAM_REFERENCE || p[k].n_targets == 0);
        }
    }
    assert_int_equal(total, 2281);
    assert_null(km_fhir_param_numbered(0));
    assert_null(km_fhir_param_numbered(UINT16_MAX));
}

static void the_first_numbers_never_change(void **state)
{
    (void)state;
    assert_int_equal(param("Account", "_profile")->number, 1);
    assert_int_equal(param("Observation", "patient")->number, 1519);
    assert_int_equal(param("Observation", "subject")->number, 1523);
    assert_int_equal(param("VisionPrescription", "status")->number, 2281);
}

static void an_alias_is_served_by_the_rows_of_another(void **state)
{
    static const struct {
        const char *type, *code, *by;
    } rows[] = {
        { "Observation", "patient", "subject" },
        { "Observation", "subject", "subject" },
        { "Appointment", "practitioner", "actor" },
        { "Patient", "phonetic", "name" },
        { "Patient", "family", "family" },
        { "Coverage", "patient", "beneficiary" },
        { "CapabilityStatement", "fhirversion", "fhirversion" },
        { "AuditEvent", "patient", "patient" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (param(rows[i].type, rows[i].code)->index_number
            != param(rows[i].type, rows[i].by)->number)
            fail_msg("%s %s", rows[i].type, rows[i].code);
    const km_param *p = param("Appointment", "practitioner");
    assert_int_equal(p->n_targets, 1);
    assert_int_equal(p->targets[0], km_fhir_type_named(KM_STR("Practitioner")));
}

static void what_others_take_together_is_theirs_to_find(void **state)
{
    static const struct {
        const char *code, *part[2];
    } rows[] = {
        { "combo-code", { "code", "component-code" } },
        { "combo-data-absent-reason", { "component-data-absent-reason", "data-absent-reason" } },
        { "combo-value-concept", { "component-value-concept", "value-concept" } },
        { "combo-value-quantity", { "component-value-quantity", "value-quantity" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const km_param *p = param("Observation", rows[i].code);
        assert_int_equal(p->n_parts, 2);
        for (size_t j = 0; j < 2; j++)
            assert_ptr_equal(p->part[j], param("Observation", rows[i].part[j]));
    }
    assert_int_equal(param("Observation", "code")->n_parts, 0);
    assert_int_equal(param("Patient", "identifier")->n_parts, 0);
}

/* A part has rows: it is neither another's alias nor made of parts itself. */
static void parts_have_rows_of_their_own(void **state)
{
    const km_ftype *types;
    size_t n = km_fhir_resources(&types);
    (void)state;
    for (size_t t = 0; t < n; t++) {
        const km_param *all;
        size_t params = km_fhir_params(&all, types[t]);
        for (size_t i = 0; i < params; i++)
            for (size_t j = 0; j < all[i].n_parts; j++) {
                const km_param *part = all[i].part[j];
                if (part->n_parts > 0 || part->index_number != part->number)
                    fail_msg("%.*s", KM_STR_ARG(all[i].code));
            }
    }
}

static void a_composite_knows_its_parts(void **state)
{
    (void)state;
    const km_param *p = param("Observation", "code-value-quantity");
    assert_int_equal(p->n_components, 2);
    assert_ptr_equal(p->component[0].param, param("Observation", "code"));
    assert_ptr_equal(p->component[1].param, param("Observation", "value-quantity"));
    assert_int_equal(p->component[0].kind, KM_PARAM_TOKEN);
    assert_int_equal(p->component[1].kind, KM_PARAM_QUANTITY);
    assert_non_null(p->component[1].path);
}

static void parameters_that_lead_to_the_owner_are_marked(void **state)
{
    static const struct {
        const char *type, *code;
        bool own;
    } rows[] = {
        { "Observation", "patient", true },    { "Observation", "subject", true },
        { "Observation", "performer", false }, { "Immunization", "patient", true },
        { "Coverage", "beneficiary", true },   { "Coverage", "patient", true },
        { "Coverage", "subscriber", false },   { "Appointment", "patient", true },
        { "Task", "patient", true },           { "Patient", "link", false },
        { "AuditEvent", "patient", false }, /* also who touched it */
        { "Communication", "sender", false },  { "Communication", "subject", true },
        { "Organization", "partof", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (param(rows[i].type, rows[i].code)->own_patient != rows[i].own)
            fail_msg("%s %s", rows[i].type, rows[i].code);
}

static void compartments_are_r4s(void **state)
{
    static const struct {
        const char *of, *type;
        bool in;
        size_t n;
        const char *first;
    } rows[] = {
        { "Patient", "Observation", true, 2, "subject" },
        { "Patient", "Patient", true, 1, "link" },
        { "Patient", "Organization", false, 0, NULL },
        { "Encounter", "Encounter", true, 0, NULL },
        { "Encounter", "Condition", true, 1, "encounter" },
        { "Practitioner", "Practitioner", true, 0, NULL },
        { "RelatedPerson", "CareTeam", true, 1, "participant" },
        { "Device", "Observation", true, 2, "subject" },
        { "Device", "Patient", false, 0, NULL },
        { "Organization", "Observation", false, 0, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const km_param *const *params;
        bool in;
        size_t n = km_fhir_compartment(&params, &in, km_fhir_type_named(km_str_of(rows[i].of)),
                                       km_fhir_type_named(km_str_of(rows[i].type)));
        if (in != rows[i].in || n != rows[i].n || (n && !km_str_is(params[0]->code, rows[i].first)))
            fail_msg("%s in %s", rows[i].type, rows[i].of);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_only_its_part_of_a_shared_parameter),
        cmocka_unit_test(expressions_name_elements_that_exist),
        cmocka_unit_test(what_is_not_r4s_is_unknown),
        cmocka_unit_test(every_parameter_is_found_by_number_and_among_its_types),
        cmocka_unit_test(the_first_numbers_never_change),
        cmocka_unit_test(an_alias_is_served_by_the_rows_of_another),
        cmocka_unit_test(what_others_take_together_is_theirs_to_find),
        cmocka_unit_test(parts_have_rows_of_their_own),
        cmocka_unit_test(a_composite_knows_its_parts),
        cmocka_unit_test(parameters_that_lead_to_the_owner_are_marked),
        cmocka_unit_test(compartments_are_r4s),
    };
    km_fhir_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
