/* SPDX-License-Identifier: Apache-2.0
 *
 * What of an entry a person may be given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/lookers/lookers.h"

static const int64_t own[] = { 3, 7 };

static km_audit_entry entry_of(const int64_t *chart, size_t charts, const char *role)
{
    return (
        km_audit_entry){ .agent = { .role = km_str_of(role) }, .chart = chart, .charts = charts };
}

/* Every entry about any of charts 1 to 8 alone or in pairs. */
static void a_text_that_tells_of_others_is_never_given(void **state)
{
    (void)state;
    for (int64_t a = 1; a <= 8; a++)
        for (int64_t b = a; b <= 8; b++)
            for (int names = 0; names < 2; names++) {
                int64_t chart[] = { a, b };
                km_audit_entry e = entry_of(chart, a == b ? 1 : 2, "clinician");
                bool mine = (a == 3 || a == 7) && (b == 3 || b == 7);
                km_text_given given = km_text_given_of(&e, own, 2, names);
                if (!mine)
                    assert_int_equal(given, KM_TEXT_OF_OTHERS);
                else
                    assert_int_equal(given, names ? KM_TEXT_GIVEN : KM_TEXT_NAMES);
            }
}

static void what_people_did_themselves_hides_no_name(void **state)
{
    (void)state;
    static const char *const themselves[] = { "citizen", "proxy" };
    for (size_t i = 0; i < 2; i++) {
        km_audit_entry e = entry_of(own, 2, themselves[i]);
        assert_false(km_looker_is_staff(&e));
        assert_int_equal(km_text_given_of(&e, own, 2, false), KM_TEXT_GIVEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_tells_of_others_is_never_given),
        cmocka_unit_test(what_people_did_themselves_hides_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
