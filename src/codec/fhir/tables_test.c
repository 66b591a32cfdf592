/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tables say, against facts that stand in the published R4 text.
 */
#include "codec/fhir/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NAMED(lit) km_fhir_type_named(KM_STR(lit))

static void r4_has_146_resources_with_small_numbers(void **state)
{
    const km_ftype *all;
    (void)state;
    size_t n = km_fhir_resources(&all);
    assert_int_equal(n, 146);
    for (size_t i = 0; i < n; i++) {
        assert_true(all[i] > 0 && all[i] < 1000);
        assert_true(km_fhir_is_resource(all[i]));
        assert_int_equal(km_fhir_type_named(km_fhir_type_name(all[i])), all[i]);
        assert_true(i == 0
                    || km_str_cmp(km_fhir_type_name(all[i - 1]), km_fhir_type_name(all[i])) < 0);
    }
}

static void the_first_numbers_never_change(void **state)
{
    static const struct {
        const char *name;
        km_ftype number;
    } rows[] = {
        { "Account", 1 },      { "Condition", 28 }, { "Encounter", 44 },          { "Bundle", 12 },
        { "Observation", 96 }, { "Patient", 103 },  { "VisionPrescription", 146 }
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(km_fhir_type_named(km_str_of(rows[i].name)), rows[i].number);
}

static void abstract_types_and_strange_names_are_no_resources(void **state)
{
    (void)state;
    assert_false(km_fhir_is_resource(NAMED("Resource")));
    assert_false(km_fhir_is_resource(NAMED("DomainResource")));
    assert_false(km_fhir_is_resource(NAMED("Patient.contact")));
    assert_int_equal(NAMED("SubscriptionStatus"), 0); /* R4B */
    assert_int_equal(NAMED("patient"), 0);
    assert_int_equal(NAMED(""), 0);
    assert_int_equal(km_fhir_type_name(0).n, 0);
    assert_int_equal(km_fhir_type_name(UINT16_MAX).n, 0);
}

static void inherited_elements_come_first(void **state)
{
    static const char *const first[] = {
        "id",         "meta",      "implicitRules", "language",
        "text",       "contained", "extension",     "modifierExtension",
        "identifier", "active",    "name"
    };
    const km_element *e;
    (void)state;
    size_t n = km_fhir_elements(&e, NAMED("Patient"));
    assert_int_equal(n, 8 + 16); /* of DomainResource, of Patient */
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        assert_true(km_str_is(e[i].name, first[i]));
}

static void a_choice_is_found_by_its_json_name_and_not_by_its_base_name(void **state)
{
    km_ftype type = 0;
    (void)state;
    const km_element *e = km_fhir_element(NAMED("Observation"), KM_STR("valueQuantity"), &type);
    assert_non_null(e);
    assert_true(e->choice && km_str_is(e->name, "value"));
    assert_int_equal(e->n_types, 11);
    assert_int_equal(type, NAMED("Quantity"));
    e = km_fhir_element(NAMED("Observation"), KM_STR("valueDateTime"), &type);
    assert_int_equal(type, NAMED("dateTime"));
    assert_null(km_fhir_element(NAMED("Observation"), KM_STR("value"), &type));
    assert_null(km_fhir_element(NAMED("Observation"), KM_STR("valueAddress"), &type));
    assert_null(km_fhir_element(0, KM_STR("id"), &type));
}

static void what_the_package_added_to_r4_is_not_there(void **state)
{
    static const char *const added[][2] = {
        { "Meta", "project" },
        { "Meta", "author" },
        { "Binary", "url" },
        { "ResearchStudy", "label" },
        { "DeviceDefinition", "classification" },
        { "EvidenceVariable.characteristic", "linkId" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        km_ftype of = km_fhir_type_named(km_str_of(added[i][0]));
        assert_int_not_equal(of, 0);
        assert_null(km_fhir_element(of, km_str_of(added[i][1]), NULL));
    }
    assert_non_null(km_fhir_element(NAMED("EvidenceVariable.characteristic"),
                                    KM_STR("definitionReference"), NULL));
}

static void content_references_lead_to_the_part_they_repeat(void **state)
{
    km_ftype type;
    (void)state;
    assert_non_null(km_fhir_element(NAMED("Bundle.entry"), KM_STR("link"), &type));
    assert_int_equal(type, NAMED("Bundle.link"));
    assert_non_null(km_fhir_element(NAMED("Questionnaire.item"), KM_STR("item"), &type));
    assert_int_equal(type, NAMED("Questionnaire.item"));
}

static void cardinality_binding_and_targets_are_r4s(void **state)
{
    (void)state;
    const km_element *e = km_fhir_element(NAMED("Observation"), KM_STR("status"), NULL);
    assert_true(e->min == 1 && e->max == 1 && e->summary && e->modifier);
    assert_int_equal(e->value_set,
                     km_fhir_value_set(KM_STR("http://hl7.org/fhir/ValueSet/observation-status")));
    e = km_fhir_element(NAMED("Observation"), KM_STR("category"), NULL);
    assert_true(e->min == 0 && e->max == 0 && e->value_set == 0);
    e = km_fhir_element(NAMED("Immunization"), KM_STR("patient"), NULL);
    assert_int_equal(e->n_targets, 1);
    assert_int_equal(e->targets[0], NAMED("Patient"));
    e = km_fhir_element(NAMED("Provenance"), KM_STR("target"), NULL);
    assert_int_equal(e->n_targets, 0);
}

/* The numbers are also those of %resource: the engine asks nothing else. */
static void the_model_answers_fhirpath(void **state)
{
    const km_path_model *m = km_fhir_model();
    km_path_element e;
    (void)state;
    assert_true(m->element(&e, NAMED("Observation"), KM_STR("value")));
    assert_true(e.choice && e.type == 0 && e.n_types == 11);
    assert_false(m->element(&e, NAMED("Observation"), KM_STR("valueQuantity")));
    assert_true(m->element(&e, NAMED("Patient"), KM_STR("contact")));
    assert_true(km_str_is(m->type_name(e.type), "Patient.contact"));
    assert_true(m->is(NAMED("Age"), NAMED("Quantity")));
    assert_true(m->is(NAMED("code"), NAMED("string")));
    assert_true(m->is(NAMED("Patient"), NAMED("Resource")));
    assert_false(m->is(NAMED("Quantity"), NAMED("Age")));
    assert_false(m->is(0, 0));
    assert_true(m->is_primitive(NAMED("xhtml")) && !m->is_primitive(NAMED("Quantity")));
}

static void no_two_elements_of_a_type_share_a_json_name(void **state)
{
    size_t asked = 0;
    (void)state;
    for (km_ftype t = 1; t < KM_FHIR_TYPES; t++) {
        const km_element *e;
        size_t n = km_fhir_elements(&e, t);
        assert_true(n <= KM_FHIR_ELEMENTS);
        for (size_t i = 0; i < n; i++) {
            const km_names *names = &km_fhir__tables->element_names;
            const km_name *found = km_fhir__names_find(names, t, e[i].name);
            assert_non_null(found);
            assert_null(km_fhir__names_again(names, found));
            asked++;
        }
    }
    assert_int_equal(asked, 7446);
}

static void codes_belong_to_their_set_and_system(void **state)
{
    static const struct {
        const char *set, *system, *code;
        bool in;
    } rows[] = {
        { "administrative-gender", "", "female", true },
        { "administrative-gender", "http://hl7.org/fhir/administrative-gender", "female", true },
        { "administrative-gender", "http://example.org", "female", false },
        { "administrative-gender", "", "Female", false },
        { "administrative-gender", "", "", false },
        { "detectedissue-severity", "", "high", true },
        { "task-intent", "", "unknown", true },        /* of one system */
        { "task-intent", "", "order", true },          /* of another */
        { "condition-clinical", "", "relapse", true }, /* below `active` */
        { "resource-types", "", "Patient", true },
        { "currencies", "", "JPY", true },
        { "currencies", "", "yen", false },
        { "mimetypes", "", "application/fhir+json", true },
        { "ucum-units", "http://unitsofmeasure.org", "mm[Hg]", true },
        { "ucum-units", "http://example.org", "mm[Hg]", false },
    };
    char url[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(url, sizeof url, "http://hl7.org/fhir/ValueSet/%s", rows[i].set);
        uint16_t set = km_fhir_value_set(km_str_of(url));
        assert_int_not_equal(set, 0);
        bool in = km_fhir_code_in(set, km_str_of(rows[i].system), km_str_of(rows[i].code));
        if (in != rows[i].in)
            fail_msg("%s in %s", rows[i].code, rows[i].set);
    }
    assert_int_equal(km_fhir_value_set(KM_STR("http://example.org/ValueSet/x")), 0);
    assert_false(km_fhir_code_in(0, KM_STR_NONE, KM_STR("female")));
    assert_false(km_fhir_code_in(UINT16_MAX, KM_STR_NONE, KM_STR("female")));
}

static void the_tables_and_expressions_fit_in_10_mib(void **state)
{
    (void)state;
    size_t used = km_arena_used(km_fhir__tables->arena);
    km_fhir_load(); /* once more does nothing */
    assert_int_equal(km_arena_used(km_fhir__tables->arena), used);
    assert_true(used < (size_t)10 << 20);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(r4_has_146_resources_with_small_numbers),
        cmocka_unit_test(the_first_numbers_never_change),
        cmocka_unit_test(abstract_types_and_strange_names_are_no_resources),
        cmocka_unit_test(inherited_elements_come_first),
        cmocka_unit_test(a_choice_is_found_by_its_json_name_and_not_by_its_base_name),
        cmocka_unit_test(what_the_package_added_to_r4_is_not_there),
        cmocka_unit_test(content_references_lead_to_the_part_they_repeat),
        cmocka_unit_test(cardinality_binding_and_targets_are_r4s),
        cmocka_unit_test(the_model_answers_fhirpath),
        cmocka_unit_test(no_two_elements_of_a_type_share_a_json_name),
        cmocka_unit_test(codes_belong_to_their_set_and_system),
        cmocka_unit_test(the_tables_and_expressions_fit_in_10_mib),
    };
    km_fhir_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
