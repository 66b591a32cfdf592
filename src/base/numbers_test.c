/* SPDX-License-Identifier: Apache-2.0
 *
 * Check digits: one number in ten of a run has the right one, and no single wrong digit passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/numbers.h"

typedef bool (*checks)(km_str number);

static bool institution_of_hokkaido(km_str number)
{
    return km_number_institution_checks(KM_STR("01"), KM_STR("1"), number);
}

static bool institution_of_tokyo(km_str number)
{
    return km_number_institution_checks(KM_STR("13"), KM_STR("1"), number);
}

static void one_digit_in_ten_is_right_and_a_slip_is_found(void **state)
{
    static const struct {
        checks fine;
        const char *digits;
    } t[] = { { km_number_checks, "0613001" },
              { km_number_checks, "13306" },
              { institution_of_hokkaido, "011234" },
              { institution_of_tokyo, "011234" } };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char number[16];
        int fine = 0, right = 0;
        for (int d = 0; d < 10; d++) {
            snprintf(number, sizeof number, "%s%d", t[i].digits, d);
            if (t[i].fine(km_str_of(number))) {
                fine++;
                right = d;
            }
        }
        assert_int_equal(fine, 1);
        snprintf(number, sizeof number, "%s%d", t[i].digits, right);
        for (size_t at = 0; at < strlen(number); at++) {
            char was = number[at];
            number[at] = was == '9' ? '0' : (char)(was + 1);
            assert_false(t[i].fine(km_str_of(number)));
            number[at] = was;
        }
    }
}

static void published_numbers_are_right(void **state)
{
    static const char *const towns[] = { "011002", "131016", "131032", "271004", "472018" };
    (void)state;
    for (size_t i = 0; i < sizeof towns / sizeof *towns; i++)
        assert_true(km_number_municipality_checks(km_str_of(towns[i])));
    assert_true(km_number_checks(KM_STR("01010016")));
    assert_true(km_number_corporation_checks(KM_STR("7000012050002"))); /* 国税庁 */
    assert_false(km_number_corporation_checks(KM_STR("7000012050003")));
}

static void what_is_no_number_has_none(void **state)
{
    (void)state;
    assert_false(km_number_checks(KM_STR("")));
    assert_false(km_number_checks(KM_STR("0101001a")));
    assert_false(km_number_municipality_checks(KM_STR("01100")));
    assert_false(km_number_institution_checks(KM_STR("x1"), KM_STR("1"), KM_STR("0112343")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_digit_in_ten_is_right_and_a_slip_is_found),
        cmocka_unit_test(published_numbers_are_right),
        cmocka_unit_test(what_is_no_number_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
