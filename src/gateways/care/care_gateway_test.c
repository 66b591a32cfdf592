/* SPDX-License-Identifier: Apache-2.0
 *
 * Care homes' files: columns in any order, rows that stand for themselves, points that add up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "gateways/care/care_gateway.h"
#include "platform/format_test.h"

#define HEAD                                                                                   \
    "FORM_0000_2021\r\ninsured_no,facility_outpatient_category,care_facility_id,service_code," \
    "insurer_no,"                                                                              \
    "external_system_management_number,evaluate_date,barthel_index_meal,barthel_transfer,"     \
    "barthel_index_personal_hygiene_and_adjustment,barthel_index_toilet_activity,"             \
    "barthel_index_bathing,barthel_index_flat_ground_walking,barthel_index_stair_movement,"    \
    "barthel_index_changing_clothes,barthel_index_defecation_manage,"                          \
    "barthel_index_urination_manage\r\n"
#define WHO "\"0000000001\",1,\"1370000001\",51,131032,"

static km_jv read_text(km_test_heard *h, km_arena *a, const char *text)
{
    return km_test_records(h, &km_format_life, a, "", km_str_of(text));
}

/* Codes are ordinal; grooming and bathing have three codes and two values. */
static void the_barthel_index_is_the_sum_of_points(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_text(&h, a,
                        HEAD WHO "k1,20240401,2,3,2,2,2,3,2,2,2,2\r\n" WHO
                                 "k2,20240501,1,1,1,1,1,1,1,1,1,1\r\n" WHO
                                 "k3,20240601,1,1,1,1,1,1,1,1,1,\r\n");
    assert_int_equal(h.pieces, 3);
    assert_true(
        km_str_is(km_jv_raw(KM_JV_GET(km_test_nth(b, "Observation", 0), "valueInteger")), "100"));
    assert_true(
        km_str_is(km_jv_raw(KM_JV_GET(km_test_nth(b, "Observation", 1), "valueInteger")), "40"));
    assert_int_equal(km_jv_kind(km_test_nth(b, "Observation", 2)), KM_JSON_NONE);
    assert_true(
        km_str_is(km_jv_str(KM_JV_GET(km_test_nth(b, "QuestionnaireResponse", 1), "authored")),
                  "2024-05-01"));
    assert_int_equal(km_jv_kind(km_test_nth(b, "Patient", 0)), KM_JSON_NONE);
    km_arena_free(a);
}

static void a_row_with_a_mistake_leaves_the_others(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    (void)read_text(&h, a,
                    HEAD WHO "k1,20240431,,,,,,,,,,\r\n" WHO "k2,20240501,,,,,,,,,,\r\n" WHO
                             "k3,20240501\r\n");
    assert_int_equal(h.pieces, 1);
    assert_int_equal(h.errors, 2);
    assert_memory_equal(h.first, "3 ", 2);
    (void)read_text(&h, a,
                    "SERVICE_USER_INFO\r\ncare_facility_id,insurer_no\r\n1370000001,131032\r\n");
    assert_true(h.pieces == 0 && h.errors > 0
                && h.first[0] == '2'); /* columns that must be there */
    (void)read_text(&h, a, "FORM_9999_2021\r\ncare_facility_id\r\n1\r\n");
    assert_true(h.pieces == 0 && h.errors == 1);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_barthel_index_is_the_sum_of_points),
        cmocka_unit_test(a_row_with_a_mistake_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
