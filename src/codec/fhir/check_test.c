/* SPDX-License-Identifier: Apache-2.0
 *
 * What km_fhir_check lets through and where it says that it does not.
 */
#include "codec/fhir/fhir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static km_arena *arena;

static km_jv parse(const char *text, km_fault *f)
{
    static const km_json_limits deep = { 400, 10000, 100000, 4u << 20 };
    km_json *doc;
    km_fault_clear(f);
    assert_int_equal(km_json_parse(&doc, arena, km_str_of(text), &deep, f), KM_OK);
    return km_json_root(doc);
}

typedef struct row {
    const char *text;
    km_code code;
    const char *path;
} row;

static void expect(const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        km_fault f;
        km_jv v = parse(rows[i].text, &f);
        km_code code = km_fhir_check(v, &f);
        if (code != rows[i].code || (code && strcmp(f.path, rows[i].path) != 0))
            fail_msg("%s\n  got %s at \"%s\" (%s)", rows[i].text, km_code_name(code), f.path,
                     f.detail);
        if (code)
            assert_true(f.line >= 1 && f.column >= 1);
        assert_int_equal(km_fhir_check(v, NULL), rows[i].code);
    }
}
#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof(rows)[0])

#define P(members) "{\"resourceType\":\"Patient\"," members "}"
#define OBS "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"}"

static void a_resource_is_an_object_with_a_known_type(void **state)
{
    static const row rows[] = {
        { "{\"resourceType\":\"Patient\"}", KM_OK, "" },
        { "{\"id\":\"a\",\"resourceType\":\"Patient\"}", KM_OK, "" },
        { "{\"id\":\"a\"}", KM_UNKNOWN_TYPE, "" },
        { "{\"resourceType\":\"Pacient\"}", KM_UNKNOWN_TYPE, "" },
        { "{\"resourceType\":\"DomainResource\"}", KM_UNKNOWN_TYPE, "" },
        { "{\"resourceType\":\"HumanName\"}", KM_UNKNOWN_TYPE, "" },
        { "{\"resourceType\":7}", KM_UNKNOWN_TYPE, "" },
        { "{}", KM_INVALID, "" },
        { "[]", KM_INVALID, "" },
        { "\"Patient\"", KM_INVALID, "" },
        { "null", KM_INVALID, "" },
    };
    (void)state;
    EXPECT(rows);
}

static void elements_are_r4s_and_nothing_else(void **state)
{
    static const row rows[] = {
        { P("\"birthDate\":\"1941-04-21\""), KM_OK, "" },
        { P("\"birthdate\":\"1941-04-21\""), KM_INVALID, "Patient.birthdate" },
        { P("\"contact\":[{\"name\":{\"famly\":\"x\"}}]"), KM_INVALID,
          "Patient.contact[0].name.famly" },
        { P("\"deceased\":true"), KM_INVALID, "Patient.deceased" },
        { P("\"deceasedString\":\"x\""), KM_INVALID, "Patient.deceasedString" },
        { P("\"meta\":{\"project\":\"x\"}"), KM_INVALID, "Patient.meta.project" },
        { P("\"fhir_comments\":[\"x\"]"), KM_INVALID, "Patient.fhir_comments" },
    };
    (void)state;
    EXPECT(rows);
}

static void a_name_that_is_no_word_is_not_repeated(void **state)
{
    km_fault f;
    (void)state;
    assert_int_equal(km_fhir_check(parse(P("\"\xe5\xb1\xb1\xe7\x94\xb0 090-1234\":1"), &f), &f),
                     KM_INVALID);
    assert_string_equal(f.path, "Patient");
    assert_int_equal(km_fhir_check(parse(P("\"gender\":\"yamada\""), &f), &f), KM_CODE_UNKNOWN);
    assert_null(strstr(f.detail, "yamada"));
}

static void a_fault_names_line_and_column(void **state)
{
    km_fault f;
    (void)state;
    km_jv v = parse("{\n  \"resourceType\": \"Patient\",\n  \"name\": [\n    {},\n    {}\n  ]\n}",
                    &f);
    assert_int_equal(km_fhir_check(v, &f), KM_INVALID);
    assert_string_equal(f.path, "Patient.name[0]");
    assert_int_equal(f.line, 4);
    assert_int_equal(f.column, 5);
}

static void lists_are_arrays_and_single_values_are_not(void **state)
{
    static const row rows[] = {
        { P("\"name\":[{\"family\":\"x\"}]"), KM_OK, "" },
        { P("\"name\":{\"family\":\"x\"}"), KM_INVALID, "Patient.name" },
        { P("\"name\":[{\"family\":[\"x\"]}]"), KM_BAD_VALUE, "Patient.name[0].family" },
        { P("\"name\":[{\"given\":\"x\"}]"), KM_INVALID, "Patient.name[0].given" },
        { P("\"name\":[[{\"family\":\"x\"}]]"), KM_INVALID, "Patient.name[0]" },
        { P("\"maritalStatus\":[{\"text\":\"x\"}]"), KM_INVALID, "Patient.maritalStatus" },
        { P("\"active\":[true]"), KM_BAD_VALUE, "Patient.active" },
    };
    (void)state;
    EXPECT(rows);
}

static void nothing_is_empty_and_nothing_is_null(void **state)
{
    static const row rows[] = {
        { P("\"name\":[]"), KM_INVALID, "Patient.name" },
        { P("\"name\":[{}]"), KM_INVALID, "Patient.name[0]" },
        { P("\"maritalStatus\":{}"), KM_INVALID, "Patient.maritalStatus" },
        { P("\"maritalStatus\":null"), KM_INVALID, "Patient.maritalStatus" },
        { P("\"active\":null"), KM_BAD_VALUE, "Patient.active" },
        { P("\"name\":[null]"), KM_INVALID, "Patient.name[0]" },
        { P("\"name\":[{\"family\":\"\"}]"), KM_BAD_VALUE, "Patient.name[0].family" },
        { P("\"name\":[{\"given\":[\"a\",null]}]"), KM_INVALID, "Patient.name[0].given[1]" },
    };
    (void)state;
    EXPECT(rows);
}

#define ABSENT "{\"extension\":[{\"url\":\"http://x/absent\",\"valueCode\":\"unknown\"}]}"

static void a_primitive_may_have_a_companion(void **state)
{
    static const row rows[] = {
        { P("\"birthDate\":\"1941\",\"_birthDate\":{\"id\":\"a\"}"), KM_OK, "" },
        { P("\"_birthDate\":" ABSENT), KM_OK, "" },
        { P("\"_birthDate\":null"), KM_INVALID, "Patient._birthDate" },
        { P("\"_birthDate\":{}"), KM_INVALID, "Patient._birthDate" },
        { P("\"_birthDate\":\"x\""), KM_INVALID, "Patient._birthDate" },
        { P("\"_birthDate\":{\"value\":1}"), KM_INVALID, "Patient._birthDate.value" },
        { P("\"_birthDate\":[" ABSENT "]"), KM_INVALID, "Patient._birthDate" },
        { P("\"_maritalStatus\":" ABSENT), KM_INVALID, "Patient._maritalStatus" },
        { P("\"_strange\":" ABSENT), KM_INVALID, "Patient._strange" },
        { P("\"_\":" ABSENT), KM_INVALID, "Patient._" },
        { P("\"name\":[{\"given\":[\"a\",null],\"_given\":[null," ABSENT "]}]"), KM_OK, "" },
        { P("\"name\":[{\"_given\":[null," ABSENT "],\"given\":[\"a\",null]}]"), KM_OK, "" },
        { P("\"name\":[{\"given\":[\"a\",\"b\"],\"_given\":[" ABSENT "]}]"), KM_OK, "" },
        { P("\"name\":[{\"given\":[\"a\",null],\"_given\":[" ABSENT ",null]}]"), KM_INVALID,
          "Patient.name[0].given[1]" },
        { P("\"name\":[{\"given\":[\"a\"],\"_given\":[null," ABSENT "]}]"), KM_INVALID,
          "Patient.name[0]._given" },
        { P("\"name\":[{\"_given\":[" ABSENT "]}]"), KM_OK, "" },
        { P("\"name\":[{\"_given\":[null]}]"), KM_INVALID, "Patient.name[0]._given[0]" },
        { P("\"name\":[{\"_given\":" ABSENT "}]"), KM_INVALID, "Patient.name[0]._given" },
        { "{\"resourceType\":\"Observation\",\"code\":{\"text\":\"x\"},\"_status\":" ABSENT "}",
          KM_OK, "" },
    };
    (void)state;
    EXPECT(rows);
}

static void a_choice_holds_one_value(void **state)
{
    static const row rows[] = {
        { OBS ",\"valueString\":\"a\"}", KM_OK, "" },
        { OBS ",\"valueString\":\"a\",\"_valueString\":" ABSENT "}", KM_OK, "" },
        { OBS ",\"valueString\":\"a\",\"valueInteger\":1}", KM_INVALID,
          "Observation.valueInteger" },
        { OBS ",\"valueString\":\"a\",\"_valueInteger\":" ABSENT "}", KM_INVALID,
          "Observation.value" },
        { OBS ",\"_valueString\":" ABSENT ",\"_valueInteger\":" ABSENT "}", KM_INVALID,
          "Observation._valueInteger" },
    };
    (void)state;
    EXPECT(rows);
}

static void what_is_required_must_be_there(void **state)
{
    static const row rows[] = {
        { "{\"resourceType\":\"Observation\",\"status\":\"final\"}", KM_REQUIRED,
          "Observation.code" },
        { P("\"link\":[{\"type\":\"refer\"}]"), KM_REQUIRED, "Patient.link[0].other" },
        { "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
          "\"subject\":{\"reference\":\"Patient/1\"}}",
          KM_REQUIRED, "MedicationRequest.medication" },
        { P("\"communication\":[{\"preferred\":true}]"), KM_REQUIRED,
          "Patient.communication[0].language" },
    };
    (void)state;
    EXPECT(rows);
}

static void required_bindings_bind(void **state)
{
    static const row rows[] = {
        { P("\"gender\":\"female\""), KM_OK, "" },
        { P("\"gender\":\"f\""), KM_CODE_UNKNOWN, "Patient.gender" },
        { P("\"name\":[{\"use\":\"Official\"}]"), KM_CODE_UNKNOWN, "Patient.name[0].use" },
        { "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"link\":[{\"relation\":\"self\","
          "\"url\":\"http://x\"}]}",
          KM_OK, "" },
#define ALLERGY(status)                                                                   \
    "{\"resourceType\":\"AllergyIntolerance\",\"patient\":{\"reference\":\"Patient/1\"}," \
    "\"clinicalStatus\":" status "}"
#define CLINICAL "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
        { ALLERGY("{\"coding\":[{\"system\":\"" CLINICAL "\",\"code\":\"resolved\"}]}"), KM_OK,
          "" },
        { ALLERGY("{\"coding\":[{\"system\":\"http://x\",\"code\":\"y\"},"
                  "{\"system\":\"" CLINICAL "\",\"code\":\"active\"}]}"),
          KM_OK, "" },
        { ALLERGY("{\"text\":\"in words\"}"), KM_OK, "" },
        { ALLERGY("{\"coding\":[{\"system\":\"" CLINICAL "\",\"code\":\"gone\"}]}"),
          KM_CODE_UNKNOWN, "AllergyIntolerance.clinicalStatus" },
        { ALLERGY("{\"coding\":[{\"system\":\"http://x\",\"code\":\"active\"}]}"), KM_CODE_UNKNOWN,
          "AllergyIntolerance.clinicalStatus" },
    };
    (void)state;
    EXPECT(rows);
}

static void an_extension_has_a_url_and_either_a_value_or_extensions(void **state)
{
    static const row rows[] = {
        { P("\"extension\":[{\"url\":\"http://x\",\"valueBoolean\":true}]"), KM_OK, "" },
        { P("\"extension\":[{\"url\":\"http://x\",\"_valueCode\":" ABSENT "}]"), KM_OK, "" },
        { P("\"extension\":[{\"url\":\"http://x\",\"extension\":["
            "{\"url\":\"y\",\"valueBoolean\":true}]}]"),
          KM_OK, "" },
        { P("\"extension\":[{\"valueBoolean\":true}]"), KM_REQUIRED, "Patient.extension[0].url" },
        { P("\"extension\":[{\"url\":\"http://x\"}]"), KM_INVALID, "Patient.extension[0]" },
        { P("\"extension\":[{\"url\":\"http://x\",\"valueCode\":\"a\",\"extension\":["
            "{\"url\":\"y\",\"valueBoolean\":true}]}]"),
          KM_INVALID, "Patient.extension[0]" },
        { P("\"birthDate\":\"1941\",\"_birthDate\":{\"extension\":[{\"url\":\"x\","
            "\"valueQuantity\":{\"vale\":1}}]}"),
          KM_INVALID, "Patient._birthDate.extension[0].valueQuantity.vale" },
    };
    (void)state;
    EXPECT(rows);
}

static void resources_inside_are_checked_by_their_own_type(void **state)
{
    static const row rows[] = {
        { P("\"contained\":[{\"resourceType\":\"Patient\",\"gender\":\"male\"}]"), KM_OK, "" },
        { P("\"contained\":[{\"resourceType\":\"Patient\",\"gender\":\"m\"}]"), KM_CODE_UNKNOWN,
          "Patient.contained[0].gender" },
        { P("\"contained\":[{\"gender\":\"male\"}]"), KM_INVALID, "Patient.contained[0]" },
        { P("\"contained\":[{\"resourceType\":\"Strange\"}]"), KM_INVALID, "Patient.contained[0]" },
        { P("\"contained\":[" P("\"contained\":[" P("\"active\":true") "]") "]"), KM_INVALID,
          "Patient.contained[0].contained" },
#define BUNDLE(resource)                                                                           \
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":" resource "}]" \
    "}"
        { BUNDLE(P("\"contained\":[" P("\"active\":true") "]")), KM_OK, "" },
        { BUNDLE(P("\"active\":1")), KM_BAD_VALUE, "Bundle.entry[0].resource.active" },
        { P("\"contained\":[" BUNDLE(P("\"contained\":[" P("\"active\":true") "]")) "]"),
          KM_INVALID, "Patient.contained[0].entry[0].resource.contained" },
        { "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"a\",\"part\":[{\"name\":"
          "\"b\","
          "\"resource\":" P("\"gendre\":\"male\"") "}]}]}",
          KM_INVALID, "Parameters.parameter[0].part[0].resource.gendre" },
    };
    (void)state;
    EXPECT(rows);
}

static void references_have_a_form(void **state)
{
    static const row rows[] = {
        { OBS ",\"subject\":{\"reference\":\"Patient/1\"}}", KM_OK, "" },
        { OBS ",\"subject\":{\"reference\":\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\"}}",
          KM_OK, "" },
        { OBS ",\"subject\":{\"reference\":\"Patient?identifier=x\"}}", KM_OK, "" },
        { OBS ",\"subject\":{\"display\":\"somebody\"}}", KM_OK, "" },
        { OBS ",\"subject\":{\"reference\":\"Pacient/1\"}}", KM_BAD_VALUE,
          "Observation.subject.reference" },
        { OBS ",\"subject\":{\"reference\":\"Patient/a b\"}}", KM_BAD_VALUE,
          "Observation.subject.reference" },
        { OBS ",\"subject\":{\"reference\":\"1\"}}", KM_BAD_VALUE,
          "Observation.subject.reference" },
    };
    (void)state;
    EXPECT(rows);
}

/* Extensions nest without end in R4; here they end. */
static void depth_is_bounded(void **state)
{
    enum { DEEP = 150 };
    static char text[DEEP * 64];
    km_fault f;
    size_t n = (size_t)sprintf(text, "{\"resourceType\":\"Patient\"");
    (void)state;
    for (int i = 0; i < DEEP; i++)
        n += (size_t)sprintf(text + n, ",\"extension\":[{\"url\":\"x\"");
    n += (size_t)sprintf(text + n, ",\"valueBoolean\":true");
    for (int i = 0; i < DEEP; i++)
        n += (size_t)sprintf(text + n, "}]");
    sprintf(text + n, "}");
    assert_int_equal(km_fhir_check(parse(text, &f), &f), KM_TOO_COSTLY);
    assert_int_equal(f.path[sizeof f.path - 1], 0);
}

static void a_value_is_checked_by_its_type(void **state)
{
    static const struct {
        const char *text, *type;
        km_code code;
        const char *path;
    } rows[] = {
        { "\"1941-04-21\"", "date", KM_OK, "" },
        { "\"1941-04-31\"", "date", KM_BAD_VALUE, "value" },
        { "{\"family\":\"x\"}", "HumanName", KM_OK, "" },
        { "{\"family\":1}", "HumanName", KM_BAD_VALUE, "value.family" },
        { "[{\"family\":\"x\"}]", "HumanName", KM_INVALID, "value" },
        { "{\"relationship\":[{\"text\":\"x\"}]}", "Patient.contact", KM_OK, "" },
        { P("\"active\":true"), "Resource", KM_OK, "" },
        { "{\"reference\":\"x\"}", "Reference", KM_BAD_VALUE, "value.reference" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_fault f;
        km_jv v = parse(rows[i].text, &f);
        km_ftype type = km_fhir_type_named(km_str_of(rows[i].type));
        assert_int_equal(km_fhir_check_value(v, type, "value", &f), rows[i].code);
        assert_string_equal(f.path, rows[i].path);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resource_is_an_object_with_a_known_type),
        cmocka_unit_test(elements_are_r4s_and_nothing_else),
        cmocka_unit_test(a_name_that_is_no_word_is_not_repeated),
        cmocka_unit_test(a_fault_names_line_and_column),
        cmocka_unit_test(lists_are_arrays_and_single_values_are_not),
        cmocka_unit_test(nothing_is_empty_and_nothing_is_null),
        cmocka_unit_test(a_primitive_may_have_a_companion),
        cmocka_unit_test(a_choice_holds_one_value),
        cmocka_unit_test(what_is_required_must_be_there),
        cmocka_unit_test(required_bindings_bind),
        cmocka_unit_test(an_extension_has_a_url_and_either_a_value_or_extensions),
        cmocka_unit_test(resources_inside_are_checked_by_their_own_type),
        cmocka_unit_test(references_have_a_form),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_value_is_checked_by_its_type),
    };
    km_fhir_load();
    arena = km_arena_new((size_t)64 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    km_arena_free(arena);
    return failed;
}
