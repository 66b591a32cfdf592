/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/consent/proxy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/date.h"

static const km_str teen[] = { KM_STR_INIT("Immunization") };
static const km_proxy_rules rules = { teen, 1 };

static km_proxy a_parent(void)
{
    return (km_proxy){ .kind = KM_PROXY_PARENT, .custody = true, .from = -100000, .until = 100000 };
}

/* Act 50 of 1902: born on 2 April and on 1 April, the last day before is already 15. */
static void a_parent_acts_alone_until_the_end_of_the_day_before_the_fifteenth_birthday(void **state)
{
    (void)state;
    km_proxy p = a_parent();
    for (int year = 1990; year < 2020; year++) {
        for (int day = 1; day <= 28; day++) {
            int64_t born = km_day_from_civil(year, 2, day),
                    birthday = km_day_from_civil(year + 15, 2, day),
                    adult = km_day_from_civil(year + 18, 2, day);
            assert_int_equal(km_proxy_may(&p, &rules, born, birthday - 2, KM_STR("Condition")),
                             KM_PROXY_MAY);
            assert_int_equal(km_proxy_may(&p, &rules, born, birthday - 1, KM_STR("Condition")),
                             KM_PROXY_TEEN);
            assert_int_equal(km_proxy_may(&p, &rules, born, adult - 2, KM_STR("Immunization")),
                             KM_PROXY_MAY);
            assert_int_equal(km_proxy_may(&p, &rules, born, adult - 1, KM_STR("Immunization")),
                             KM_PROXY_OF_AGE);
        }
    }
}

static void protection_custody_and_period_come_before_age(void **state)
{
    (void)state;
    for (int kind = KM_PROXY_PARENT; kind <= KM_PROXY_DELEGATE; kind++) {
        for (int age = 0; age < 90; age++) {
            km_proxy p = a_parent();
            p.kind = (km_proxy_kind)kind;
            int64_t born = km_day_from_civil(1950, 6, 1), on = km_day_from_civil(1950 + age, 6, 1);
            p.until = on - 1;
            assert_int_equal(km_proxy_may(&p, &rules, born, on, teen[0]), KM_PROXY_NOT_NOW);
            p.until = on;
            p.barred = true;
            assert_int_equal(km_proxy_may(&p, &rules, born, on, teen[0]), KM_PROXY_BARRED);
            p.barred = p.custody = false;
            if (kind == KM_PROXY_PARENT)
                assert_int_equal(km_proxy_may(&p, &rules, born, on, teen[0]), KM_PROXY_NO_CUSTODY);
        }
    }
}

static void a_delegate_sees_the_classes_given_and_no_others(void **state)
{
    (void)state;
    km_str given[] = { KM_STR("Observation"), KM_STR("Condition") };
    km_proxy p = a_parent();
    int64_t born = km_day_from_civil(1950, 6, 1), on = km_day_from_civil(2024, 6, 1);
    p.kind = KM_PROXY_DELEGATE;
    assert_int_equal(km_proxy_may(&p, &rules, born, on, given[0]), KM_PROXY_OTHER_CLASS);
    p.klass = given;
    p.classes = 2;
    assert_int_equal(km_proxy_may(&p, &rules, born, on, given[1]), KM_PROXY_MAY);
    assert_int_equal(km_proxy_may(&p, &rules, born, on, teen[0]), KM_PROXY_OTHER_CLASS);
}

static void a_zeroed_proxy_may_nothing(void **state)
{
    (void)state;
    km_proxy p = { 0 };
    for (int64_t on = 0; on < 20000; on += 7)
        assert_int_equal(km_proxy_may(&p, &rules, 0, on, teen[0]), KM_PROXY_NO_PROXY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_parent_acts_alone_until_the_end_of_the_day_before_the_fifteenth_birthday),
        cmocka_unit_test(protection_custody_and_period_come_before_age),
        cmocka_unit_test(a_delegate_sees_the_classes_given_and_no_others),
        cmocka_unit_test(a_zeroed_proxy_may_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
