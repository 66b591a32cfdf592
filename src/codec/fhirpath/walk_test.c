/* SPDX-License-Identifier: Apache-2.0
 *
 * From a resource to its elements: names, choices, types, primitives with extensions, references.
 */
#include "codec/fhirpath/asking.h"

static km_jv patient(void)
{
    return read_json(
        "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,"
        "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"c\",\"gender\":\"male\"}],"
        "\"name\":[{\"use\":\"official\",\"family\":\"F1\",\"given\":[\"G1\",\"G2\"]},"
        "{\"use\":\"usual\",\"given\":[\"G3\"]}],"
        "\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"2\"}"
        "],"
        "\"birthDate\":\"1974-12-25\",\"_birthDate\":{\"id\":\"b\",\"extension\":[{\"url\":"
        "\"time\","
        "\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},"
        "\"deceasedBoolean\":false,"
        "\"_gender\":{\"extension\":[{\"url\":\"none\",\"valueString\":\"masked\"}]},"
        "\"generalPractitioner\":[{\"reference\":\"Patient/1\"},{\"reference\":\"#c\"},"
        "{\"reference\":\"https://x.org/fhir/Observation/2/_history/3\"},"
        "{\"reference\":\"urn:uuid:0\",\"type\":\"Patient\"},{\"reference\":\"Nothing/1\"},"
        "{\"type\":\"Patient\"}]}");
}

static km_jv observation(void)
{
    return read_json(
        "{\"resourceType\":\"Observation\",\"status\":\"final\","
        "\"code\":{\"coding\":[{\"system\":\"s\",\"code\":\"c\"}]},"
        "\"subject\":{\"reference\":\"Patient/1\"},"
        "\"valueQuantity\":{\"value\":185.0,\"unit\":\"lbs\",\"code\":\"[lb_av]\"},"
        "\"effectiveDateTime\":\"2020-02\","
        "\"component\":[{\"valueString\":\"x\"},{\"valueQuantity\":{\"value\":2}},"
        "{\"valueInteger\":7}],"
        "\"extension\":[{\"url\":\"age\",\"valueAge\":{\"value\":3,\"unit\":\"a\"}}]}");
}

static void names_lead_through_lists(void **state)
{
    static const asked rows[] = {
        { "name.given", "\"G1\", \"G2\", \"G3\"" },
        { "Patient.name.family", "\"F1\"" },
        { "Patient.name.suffix", "" },
        { "name[0].given[1]", "\"G2\"" },
        { "name[5]", "" },
        { "name[-1]", "" },
        { "Patient.id", "\"p\"" },
        { "Patient.id.id", "" },
        { "Patient.birthDate.id", "\"b\"" },
        { "Resource.id", "\"p\"" },
        { "DomainResource.contained.gender", "\"male\"" },
        { "Observation.id", "" },
        { "resourceType", "" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
}

static void a_choice_is_found_by_its_plain_name(void **state)
{
    static const asked rows[] = {
        { "Observation.value.unit", "\"lbs\"" },
        { "Observation.value is Quantity", "true" },
        { "Observation.value.is(Period)", "false" },
        { "(Observation.value as Quantity).unit", "\"lbs\"" },
        { "Observation.value.as(Quantity).unit", "\"lbs\"" },
        { "Observation.value.ofType(Quantity).unit", "\"lbs\"" },
        { "Observation.value.as(Period).start", "" },
        { "(Observation.component.value as Quantity).value", "2" },
        { "Observation.component.value", "\"x\", {\"value\":2}, 7" },
        { "Observation.component.value.ofType(string)", "\"x\"" },
        { "Observation.effective.is(dateTime)", "true" },
        { "Observation.valueQuantity", "" },
        { "Observation.extension('age').value is Quantity", "true" },
        { "Observation.extension.value.as(Quantity).unit", "\"a\"" },
        { "Observation.extension.value is Age", "true" },
    };
    (void)state;
    EXPECT_ALL(observation(), rows);
}

static void an_unknown_type_is_walked_as_it_stands(void **state)
{
    km_jv root = read_json("{\"a\":{\"b\":[1,2]},\"_c\":{\"id\":\"x\"},\"e\":[],\"n\":null}");
    static const asked rows[] = {
        { "a.b", "1, 2" }, { "c.id", "\"x\"" }, { "e", "" }, { "n", "" }, { "a.b.c", "" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
}

static void a_primitive_brings_its_extensions(void **state)
{
    static const asked rows[] = {
        { "birthDate.extension('time').value", "\"1974-12-25T14:35:45-05:00\"" },
        { "Patient.birthDate.extension.url", "\"time\"" },
        { "birthDate.extension('none').exists()", "false" },
        { "birthDate.hasValue()", "true" },
        { "gender.exists()", "true" },
        { "gender.hasValue()", "false" },
        { "gender.getValue()", "" },
        { "gender", "-" },
        { "gender.extension('none').value", "\"masked\"" },
        { "gender = 'male'", "false" },
        { "birthDate.getValue()", "1974-12-25" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
}

static void companions_stand_at_the_place_of_their_value(void **state)
{
    km_jv root = read_json(
        "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"a\",null,\"c\"],"
        "\"_given\":[null,{\"id\":\"2\"},{\"id\":\"3\"}]},{\"_given\":[{\"id\":\"4\"}]},"
        "{\"given\":[null,\"z\"],\"_given\":[null]}]}");
    static const asked rows[] = {
        { "name.given.id", "\"2\", \"3\", \"4\"" },
        { "name.given.count()", "5" },
        { "name.given.select(hasValue())", "true, false, true, false, true" },
        { "name.given.where(id = '3')", "\"c\"" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
}

static void references_tell_the_type_of_their_target(void **state)
{
    static const asked rows[] = {
        { "generalPractitioner.resolve()",
          "<Patient>, {\"resourceType\":\"Patient\",\"id\":\"c\",\"gender\":\"male\"}, "
          "<Observation>, "
          "<Patient>" },
        { "generalPractitioner.where(resolve() is Patient).reference",
          "\"Patient/1\", \"#c\", \"urn:uuid:0\"" },
        { "generalPractitioner[0].resolve().name", "" },
        { "generalPractitioner[1].resolve().gender", "\"male\"" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
    expect_answer(observation(), "Observation.subject.where(resolve() is Patient).reference",
                  "\"Patient/1\"");
}

static bool find_by_hand(void *self, km_item *out, km_str reference)
{
    *out = (km_item){ .kind = KM_ITEM_STRING, .text = reference };
    (*(int *)self)++;
    return true;
}

static void resolve_asks_whom_it_is_told_to(void **state)
{
    int asked_times = 0;
    km_path *path = NULL;
    km_items items;
    km_path_env env = { .model = &small_model,
                        .arena = arena,
                        .resource = observation(),
                        .resolve = find_by_hand,
                        .self = &asked_times };
    (void)state;
    assert_int_equal(
        km_path_compile(&path, arena, KM_STR("subject.resolve()"), &small_model, &fault), KM_OK);
    assert_int_equal(km_path_eval(&items, path, &env, &fault), KM_OK);
    assert_int_equal(items.n, 1);
    assert_true(km_str_is(items.item[0].text, "Patient/1"));
    assert_int_equal(asked_times, 1);
}

static void resources_inside_are_of_their_own_type(void **state)
{
    km_jv root = read_json(
        "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":"
        "\"Patient\",\"birthDate\":\"2000\"}},{\"resource\":{\"resourceType\":"
        "\"Observation\",\"valueInteger\":3}},{\"resource\":{}}]}");
    static const asked rows[] = {
        { "Bundle.entry.resource.birthDate", "\"2000\"" },
        { "Bundle.entry.resource.value", "3" },
        { "Bundle.entry.resource.ofType(Patient).birthDate", "\"2000\"" },
        { "Bundle.entry.resource.where($this is Observation).value", "3" },
        { "Bundle.entry[0].resource is Resource", "true" },
        { "Bundle.entry.resource.type().name", "\"Patient\", \"Observation\", \"Resource\"" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
}

/* What search indexing reads from an item. */
static void items_carry_the_type_that_the_model_gives(void **state)
{
    static const struct {
        const char *text, *types;
    } rows[] = {
        { "Observation.code", "CodeableConcept" },
        { "Observation.status", "code" },
        { "Observation.subject", "Reference" },
        { "Observation.value", "Quantity" },
        { "Observation.component.value", "string Quantity integer" },
        { "Observation.effective", "dateTime" },
        { "Observation.code.coding.first()", "Coding" },
        { "Observation", "Observation" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_path *path = NULL;
        km_items items;
        km_str rest = km_str_of(rows[i].types);
        km_path_env env = { .model = &small_model, .arena = arena, .resource = observation() };
        assert_int_equal(
            km_path_compile(&path, arena, km_str_of(rows[i].text), &small_model, &fault), KM_OK);
        assert_int_equal(km_path_eval(&items, path, &env, &fault), KM_OK);
        for (uint32_t k = 0; k < items.n; k++) {
            km_str type = km_str_cut(rest, ' ', &rest);
            if (!km_str_eq(small_type_name(items.item[k].type), type))
                fail_msg("%s: item %u", rows[i].text, k);
        }
        assert_null(rest.p);
    }
}

static void another_focus_than_the_resource_can_be_asked(void **state)
{
    km_path *path = NULL;
    km_items items;
    km_jv root = observation();
    km_path_env env = { .model = &small_model, .arena = arena, .resource = root };
    km_item focus = { .kind = KM_ITEM_JSON,
                      .type = small_type_named(KM_STR("Observation.component")),
                      .v = km_jv_item(km_jv_get(root, KM_STR("component")), 1) };
    (void)state;
    assert_int_equal(km_path_compile(&path, arena, KM_STR("value.as(Quantity) | %resource.status"),
                                     &small_model, &fault),
                     KM_OK);
    assert_int_equal(km_path_eval_on(&items, path, &env, focus, &fault), KM_OK);
    assert_int_equal(items.n, 2);
    assert_true(km_str_is(km_jv_text(items.item[0].v, "value"), "2"));
}

static void the_tree_can_be_walked_without_names(void **state)
{
    km_jv root = read_json(
        "{\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"item\":[{\"linkId\":"
        "\"1\",\"item\":[{\"linkId\":\"1.1\"},{\"linkId\":\"1.2\"}]},{\"linkId\":"
        "\"2\"}]}");
    static const asked rows[] = {
        { "Questionnaire.children().count()", "3" },
        { "Questionnaire.repeat(item).linkId", "\"1\", \"2\", \"1.1\", \"1.2\"" },
        { "Questionnaire.descendants().linkId", "\"1\", \"2\", \"1.1\", \"1.2\"" },
        { "Questionnaire.repeat('test')", "\"test\"" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
    expect_answer(observation(), "children().where($this is Quantity).unit", "\"lbs\"");
    expect_answer(patient(), "children().where($this is date or $this is code).count()", "2");
}

static void steps_and_memory_are_bounded(void **state)
{
    const char *answer;
    (void)state;
    assert_int_equal(ask_code(&answer, observation(), "descendants().descendants()", 50),
                     KM_TOO_COSTLY);
    assert_int_equal(ask_code(&answer, observation(), "repeat($this | 1 | 2).repeat(3)", 0), KM_OK);
    assert_int_equal(ask_code(&answer, KM_JV_NONE, "1.repeat($this + 1)", 0), KM_TOO_COSTLY);
    assert_int_equal(
        ask_code(
            &answer, KM_JV_NONE,
            "'1234567890123456'.toChars().aggregate($total & $total & "
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
            " & $total & $total & $total & $total & $total & $total, 'b')",
            0),
        KM_TOO_COSTLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_through_lists),
        cmocka_unit_test(a_choice_is_found_by_its_plain_name),
        cmocka_unit_test(an_unknown_type_is_walked_as_it_stands),
        cmocka_unit_test(a_primitive_brings_its_extensions),
        cmocka_unit_test(companions_stand_at_the_place_of_their_value),
        cmocka_unit_test(references_tell_the_type_of_their_target),
        cmocka_unit_test(resolve_asks_whom_it_is_told_to),
        cmocka_unit_test(resources_inside_are_of_their_own_type),
        cmocka_unit_test(items_carry_the_type_that_the_model_gives),
        cmocka_unit_test(another_focus_than_the_resource_can_be_asked),
        cmocka_unit_test(the_tree_can_be_walked_without_names),
        cmocka_unit_test(steps_and_memory_are_bounded),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
