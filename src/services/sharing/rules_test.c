/* SPDX-License-Identifier: Apache-2.0
 *
 * What kind of event a record is, what is said of it, days and clock times of the timeline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/sharing/sharing.h"

typedef struct fixture {
    km_arena *a;
} fixture;

static int begin(void **state)
{
    static fixture f;
    km_fhir_load();
    f.a = km_arena_new(1 << 20);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    km_arena_free(((fixture *)*state)->a);
    return 0;
}

static km_jv parse(void **state, const char *text)
{
    km_json *doc;
    km_fault f = { 0 };
    assert_int_equal(km_json_parse(&doc, ((fixture *)*state)->a, km_str_of(text), NULL, &f), KM_OK);
    return km_json_root(doc);
}

static km_kind kind(void **state, const char *text)
{
    km_jv v = parse(state, text);
    return km_kind_of(v, km_fhir_type_named(km_jv_str(KM_JV_GET(v, "resourceType"))));
}

static void a_record_is_the_kind_of_event_its_codes_say(void **state)
{
    static const struct {
        const char *text;
        km_kind kind;
    } rows[] = {
        { "{\"resourceType\":\"Encounter\",\"class\":{\"code\":\"IMP\"}}", KM_KIND_ADMISSION },
        { "{\"resourceType\":\"Encounter\",\"class\":{\"code\":\"AMB\"}}", KM_KIND_VISIT },
        { "{\"resourceType\":\"Encounter\"}", KM_KIND_VISIT },
        { "{\"resourceType\":\"Observation\",\"category\":[{\"coding\":[{\"code\":\"laboratory\"}]}"
          "]}",
          KM_KIND_LAB },
        { "{\"resourceType\":\"Observation\",\"category\":[{\"coding\":[{\"code\":\"social-"
          "history\"}]},"
          "{\"coding\":[{\"code\":\"vital-signs\"}]}]}",
          KM_KIND_VITAL },
        { "{\"resourceType\":\"Observation\"}", KM_KIND_NONE },
        { "{\"resourceType\":\"DocumentReference\",\"type\":{\"coding\":[{\"code\":\"11506-3\"}]}}",
          KM_KIND_NOTE },
        { "{\"resourceType\":\"DocumentReference\",\"type\":{\"coding\":[{\"code\":\"53576-5\"}]}}",
          KM_KIND_CHECKUP },
        { "{\"resourceType\":\"DocumentReference\"}", KM_KIND_DOCUMENT },
        { "{\"resourceType\":\"MedicationRequest\"}", KM_KIND_PRESCRIPTION },
        { "{\"resourceType\":\"Organization\"}", KM_KIND_NONE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kind(state, rows[i].text), rows[i].kind);
}

static void every_kind_that_is_shown_has_a_name_and_a_title(void **state)
{
    (void)state;
    for (int k = KM_KIND_NONE + 1; k < KM_KINDS; k++) {
        assert_true(strlen(km_kind_name((km_kind)k)) > 0);
        assert_true(strlen(km_kind_title((km_kind)k)) > 0);
    }
}

static void the_reading_of_a_name_is_told_from_the_name(void **state)
{
    km_str name, kana;
    km_jv v = parse(
        state,
        "{\"name\":[{\"extension\":[{\"url\":\"x\",\"valueCode\":\"SYL\"}],\"family\":\"ヤマダ\","
        "\"given\":[\"タロウ\"]},{\"extension\":[{\"url\":\"x\",\"valueCode\":\"IDE\"}],\"family\":"
        "\"山田\",\"given\":[\"太郎\"]}]}");
    km_person_names(&name, &kana, v, ((fixture *)*state)->a);
    assert_true(km_str_is(name, "山田 太郎"));
    assert_true(km_str_is(kana, "ヤマダ タロウ"));
}

static void a_result_keeps_the_text_of_its_number(void **state)
{
    km_jv v = parse(
        state, "{\"code\":{\"text\":\"HbA1c\"},\"valueQuantity\":{\"value\":6.80,\"unit\":\"%\"}}");
    assert_true(
        km_str_is(km_event_summary(v, KM_KIND_LAB, ((fixture *)*state)->a), "HbA1c 6.80 %"));
}

static void blood_pressure_is_one_line_of_both_values(void **state)
{
    km_jv v = parse(
        state, "{\"code\":{\"text\":\"血圧\"},\"component\":[{\"valueQuantity\":{\"value\":128,"
               "\"unit\":\"mmHg\"}},{\"valueQuantity\":{\"value\":76,\"unit\":\"mmHg\"}}]}");
    assert_true(
        km_str_is(km_event_summary(v, KM_KIND_VITAL, ((fixture *)*state)->a), "血圧 128/76 mmHg"));
}

static void a_concept_is_its_text_before_its_display_before_its_code(void **state)
{
    assert_true(km_str_is(
        km_concept_text(parse(state, "{\"text\":\"t\",\"coding\":[{\"display\":\"d\"}]}")), "t"));
    assert_true(km_str_is(
        km_concept_text(parse(state, "{\"coding\":[{\"code\":\"c\",\"display\":\"d\"}]}")), "d"));
    assert_true(km_str_is(km_concept_text(parse(state, "{\"coding\":[{\"code\":\"c\"}]}")), "c"));
    assert_int_equal(km_concept_text(parse(state, "{}")).n, 0);
}

static void printing_a_day_and_reading_it_is_the_same_day(void **state)
{
    (void)state;
    for (int64_t day = -30000; day < 40000; day += 13) {
        char text[11];
        int64_t again;
        km_day_print(text, day);
        assert_true(km_day_parse(&again, km_str_of(text)));
        assert_int_equal(again, day);
    }
    int64_t day;
    assert_false(km_day_parse(&day, KM_STR("2024-02-30")));
    assert_false(km_day_parse(&day, KM_STR("2024-02")));
    assert_false(km_day_parse(&day, KM_STR("2024-02-01T00:00")));
}

static void the_clock_shows_the_time_in_japan(void **state)
{
    km_arena *a = ((fixture *)*state)->a;
    assert_true(km_str_is(km_clock_time(KM_STR("2024-05-01T00:30:00Z"), a), "09:30"));
    assert_true(km_str_is(km_clock_time(KM_STR("2024-05-01T20:00:00Z"), a), "05:00"));
    assert_true(km_str_is(km_clock_time(KM_STR("2024-05-01T09:30:00+09:00"), a), "09:30"));
    assert_int_equal(km_clock_time(KM_STR("2024-05-01"), a).n, 0);
    assert_int_equal(km_clock_time(KM_STR("nonsense"), a).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_is_the_kind_of_event_its_codes_say, begin, end),
        cmocka_unit_test(every_kind_that_is_shown_has_a_name_and_a_title),
        cmocka_unit_test_setup_teardown(the_reading_of_a_name_is_told_from_the_name, begin, end),
        cmocka_unit_test_setup_teardown(a_result_keeps_the_text_of_its_number, begin, end),
        cmocka_unit_test_setup_teardown(blood_pressure_is_one_line_of_both_values, begin, end),
        cmocka_unit_test_setup_teardown(a_concept_is_its_text_before_its_display_before_its_code,
                                        begin, end),
        cmocka_unit_test(printing_a_day_and_reading_it_is_the_same_day),
        cmocka_unit_test_setup_teardown(the_clock_shows_the_time_in_japan, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
