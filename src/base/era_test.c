/* SPDX-License-Identifier: Apache-2.0 */
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t last_day = 47847; /* 2100-12-31, Reiwa 82 */

static int64_t read_day(const char *text)
{
    int64_t day = INT64_MIN;
    if (!km_era_parse(&day, km_str_of(text)))
        fail_msg("%s was refused", text);
    return day;
}

static void eras_begin_on_their_days(void **state)
{
    static const int first[5][3] = {
        { 1868, 10, 23 }, { 1912, 7, 30 }, { 1926, 12, 25 }, { 1989, 1, 8 }, { 2019, 5, 1 }
    };
    (void)state;
    for (int i = 0; i < 5; i++) {
        int64_t day = km_day_from_civil(first[i][0], first[i][1], first[i][2]);
        assert_int_equal(km_eras[i].first_day, day);
        assert_ptr_equal(km_era_of(day), &km_eras[i]);
        assert_ptr_equal(km_era_of(day - 1), i ? &km_eras[i - 1] : NULL);
    }
}

static void every_day_since_meiji_prints_and_reads_back(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (int64_t day = km_eras[0].first_day; day <= last_day; day++) {
        assert_int_equal(read_day(km_era_print(a, day).p), day);
        km_arena_reset(a);
    }
    km_arena_free(a);
}

/* The letter forms and the form of claims, made here from the calendar alone. */
static void every_day_reads_in_every_written_form(void **state)
{
    static const char *forms[] = { "%c%d.%d.%d", "%c%02d%02d%02d", "%c%02d.%02d.%02d", "%c%d/%d/%d",
                                   "%c%d-%d-%d", "%c %d. %d. %d",  "%c%d年%d月%d日" };
    (void)state;
    for (int64_t day = km_eras[0].first_day; day <= last_day; day++) {
        const km_era *e = km_era_of(day);
        int y, m, d, first, mm, dd;
        char text[64];
        km_day_to_civil(day, &y, &m, &d);
        km_day_to_civil(e->first_day, &first, &mm, &dd);
        y -= first - 1;
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, forms[i], e->letter, y, m, d);
#pragma GCC diagnostic pop
            assert_int_equal(read_day(text), day);
        }
        snprintf(text, sizeof text, "%d%02d%02d%02d", e->number, y, m, d);
        assert_int_equal(read_day(text), day);
    }
}

static void one_day_may_be_written_in_many_ways(void **state)
{
    static const char *ways[] = { "R1.5.1",
                                  "R010501",
                                  "r1.5.1",
                                  "令和元年5月1日",
                                  "5010501",
                                  "Ｒ１．５．１",
                                  "令和１年５月１日",
                                  "５０１０５０１",
                                  "㋿元年5月1日",
                                  "令和 元年 5月 1日",
                                  "令和元年　５月　１日",
                                  "R元.5.1",
                                  "R01/05/01",
                                  "令和1-5-1" };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_int_equal(read_day(ways[i]), km_eras[4].first_day);
    assert_int_equal(read_day("㍻31年4月30日"), km_eras[4].first_day - 1);
    assert_int_equal(read_day("㍼64年1月7日"), km_eras[3].first_day - 1);
    assert_int_equal(read_day("㍽元年7月30日"), km_eras[1].first_day);
    assert_int_equal(read_day("㍾元年10月23日"), km_eras[0].first_day);
}

static void a_day_outside_its_era_is_refused(void **state)
{
    static const char *bad[] = {
        "H31.5.1", "H310501",  "4310501",        "S64.1.8", "昭和64年1月8日", "令和元年4月30日",
        "R1.4.30", "M1.10.22", "明治元年1月1日", "H1.1.7",  "T16.1.1",        "R0.5.1",
        "R6.2.30", "R5.2.29",  "R6.13.1",        "R6.0.1",  "R6.5.0",         "R000501",
    };
    int64_t day;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (km_era_parse(&day, km_str_of(bad[i])))
            fail_msg("%s was taken", bad[i]);
}

static void the_days_proclaimed_as_taisho_and_showa_are_read_in_the_old_era_too(void **state)
{
    (void)state;
    assert_int_equal(read_day("M45.7.30"), km_eras[1].first_day);
    assert_int_equal(read_day("3011225"), read_day("2151225"));
    int64_t day;
    assert_false(km_era_parse(&day, KM_STR("M45.7.31")));
    assert_false(km_era_parse(&day, KM_STR("T15.12.26")));
}

static void other_text_is_refused(void **state)
{
    static const char *bad[] = {
        "",         "R",         "令和",           "R6",
        "R6.5",     "R6.5.",     "R6.5.1.",        "R6.5/1",
        "6.5.1",    "X6.5.1",    "R6年5月1",       "R6年5.1日",
        "R6.5.1日", "5060501日", "50605",          "50605011",
        "6060501",  "0060501",   "R0605011",       "R06051",
        "令6.5.1",  "R106.5.1",  "R6.005.1",       "2024-05-01",
        "\xff",     "R6\xe5",    "R6.5.1\xe6\x97", "5.6.5.1",
        "5元.5.1",  "R6..5.1",   "R-6.5.1",        "令和六年五月一日",
    };
    int64_t day;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (km_era_parse(&day, km_str_of(bad[i])))
            fail_msg("%s was taken", bad[i]);
    assert_false(km_era_parse(&day, KM_STR("R6.5.1\0")));
    char many[4000];
    memset(many, ' ', sizeof many);
    assert_false(km_era_parse(&day, (km_str){ many, sizeof many }));
    memset(many, '1', sizeof many);
    assert_false(km_era_parse(&day, (km_str){ many, sizeof many }));
}

static void before_meiji_the_gregorian_year_is_printed(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_string_equal(km_era_print(a, km_day_from_civil(1850, 5, 1)).p, "1850年5月1日");
    assert_string_equal(km_era_print(a, km_day_from_civil(2024, 5, 1)).p, "令和6年5月1日");
    assert_string_equal(km_era_print(a, km_day_from_civil(2019, 12, 31)).p, "令和元年12月31日");
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eras_begin_on_their_days),
        cmocka_unit_test(every_day_since_meiji_prints_and_reads_back),
        cmocka_unit_test(every_day_reads_in_every_written_form),
        cmocka_unit_test(one_day_may_be_written_in_many_ways),
        cmocka_unit_test(a_day_outside_its_era_is_refused),
        cmocka_unit_test(the_days_proclaimed_as_taisho_and_showa_are_read_in_the_old_era_too),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(before_meiji_the_gregorian_year_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
