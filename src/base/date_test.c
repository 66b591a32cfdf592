/* SPDX-License-Identifier: Apache-2.0 */
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t day_of(int y, int m, int d)
{
    return km_day_from_civil(y, m, d);
}

static km_civil civil(const char *text)
{
    km_civil c;
    if (!km_civil_parse(&c, km_str_of(text)))
        fail_msg("%s was refused", text);
    return c;
}

static void every_day_of_ten_millennia_follows_the_day_before(void **state)
{
    int64_t n = day_of(1, 1, 1);
    (void)state;
    for (int y = 1; y <= 9999; y++)
        for (int m = 1; m <= 12; m++)
            for (int d = 1; d <= km_days_in_month(y, m); d++, n++) {
                int yy, mm, dd;
                if (day_of(y, m, d) != n)
                    fail_msg("%d-%d-%d", y, m, d);
                km_day_to_civil(n, &yy, &mm, &dd);
                if (yy != y || mm != m || dd != d)
                    fail_msg("day of %d-%d-%d", y, m, d);
            }
    assert_int_equal(day_of(1970, 1, 1), 0);
    assert_int_equal(n, day_of(10000, 1, 1));
}

static void years_before_christ_and_far_ahead_count_on(void **state)
{
    (void)state;
    for (int64_t n = -(1 << 30); n < 1 << 30; n += 99991) {
        int y, m, d;
        km_day_to_civil(n, &y, &m, &d);
        assert_true(m >= 1 && m <= 12 && d >= 1 && d <= km_days_in_month(y, m));
        assert_int_equal(day_of(y, m, d), n);
    }
}

static void a_century_is_leap_only_by_four_hundred(void **state)
{
    (void)state;
    for (int y = 1; y <= 9999; y++) {
        bool leap = y % 400 == 0 || (y % 4 == 0 && y % 100 != 0);
        assert_int_equal(km_civil_exists(y, 2, 29), leap);
        assert_int_equal(day_of(y + 1, 1, 1) - day_of(y, 1, 1), leap ? 366 : 365);
    }
}

static void only_written_fhir_dates_are_read(void **state)
{
    static const char *good[] = {
        "2024",
        "0001",
        "9999-12",
        "2024-02-29",
        "2000-02-29",
        "2024-05-01T12:34",
        "2024-05-01T12:34Z",
        "2024-05-01T12:34:56",
        "2024-05-01T00:00:00Z",
        "2024-05-01T23:59:60Z",
        "2024-05-01T12:34:56.7+09:00",
        "2024-05-01T12:34:56.123456789-14:00",
        "2024-05-01T12:34:56-00:00",
    };
    static const char *bad[] = {
        "",
        "0000",
        "202",
        "20245",
        "2024-",
        "2024-5",
        "2024-13",
        "2024-00",
        "2024-00-01",
        "2024-01-00",
        "2024-02-30",
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024/05/01",
        "2024-05-01 12:34:56",
        "2024-05-01T",
        "2024-05-01T12",
        "2024-05-01T12:",
        "2024-05-01T12:3",
        "2024-05-01T24:00:00Z",
        "2024-05-01T12:60:00Z",
        "2024-05-01T12:34:61Z",
        "2024-05-01T12:34:",
        "2024-05-01T12:34:56.",
        "2024-05-01T12:34:56.Z",
        "2024-05-01T12:34:56z",
        "2024-05-01T12:34:56Z ",
        " 2024",
        "2024-05-01T12:34:56+9:00",
        "2024-05-01T12:34:56+0900",
        "2024-05-01T12:34:56+14:01",
        "2024-05-01T12:34:56+15:00",
        "2024-05-01T12:34:56+09:60",
        "2024-05-01T12:34:56+09:00Z",
        "2024-05T12:34:56Z",
        "-2024",
        "+2024",
        "2024-05-01T12:34:56.1111111111111111111111111111111111111111111111111111111111111Z",
        "２０２４",
    };
    km_civil c;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        civil(good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (km_civil_parse(&c, km_str_of(bad[i])))
            fail_msg("%s was taken", bad[i]);
}

static void a_date_cut_anywhere_is_a_shorter_date_or_refused(void **state)
{
    static const char whole[] = "2024-05-01T12:34:56.789+09:00";
    (void)state;
    for (size_t n = 0; n <= sizeof whole - 1; n++) {
        km_civil c;
        bool want = n == 4 || n == 7 || n == 10 || n == 16 || n == 19 || (n >= 21 && n <= 23)
                    || n == sizeof whole - 1;
        assert_int_equal(km_civil_parse(&c, (km_str){ whole, n }), want);
    }
}

static void a_value_stands_for_the_whole_of_what_it_names(void **state)
{
    static const struct {
        const char *text, *low, *high;
    } rows[] = {
        { "2024", "2023-12-31T15:00:00.000Z", "2024-12-31T14:59:59.999Z" },
        { "2024-02", "2024-01-31T15:00:00.000Z", "2024-02-29T14:59:59.999Z" },
        { "2024-12", "2024-11-30T15:00:00.000Z", "2024-12-31T14:59:59.999Z" },
        { "2024-05-01", "2024-04-30T15:00:00.000Z", "2024-05-01T14:59:59.999Z" },
        { "2024-05-01T12:34", "2024-05-01T03:34:00.000Z", "2024-05-01T03:34:59.999Z" },
        { "2024-05-01T12:34:56", "2024-05-01T03:34:56.000Z", "2024-05-01T03:34:56.999Z" },
        { "2024-05-01T12:34:56Z", "2024-05-01T12:34:56.000Z", "2024-05-01T12:34:56.999Z" },
        { "2024-05-01T12:34:60Z", "2024-05-01T12:34:59.000Z", "2024-05-01T12:34:59.999Z" },
        { "2024-05-01T12:34:56.5Z", "2024-05-01T12:34:56.500Z", "2024-05-01T12:34:56.500Z" },
        { "2024-05-01T12:34:56.0509Z", "2024-05-01T12:34:56.050Z", "2024-05-01T12:34:56.050Z" },
        { "2024-05-01T00:00:00+14:00", "2024-04-30T10:00:00.000Z", "2024-04-30T10:00:00.999Z" },
        { "2024-12-31T23:59:59-14:00", "2025-01-01T13:59:59.000Z", "2025-01-01T13:59:59.999Z" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_civil c = civil(rows[i].text);
        km_ms low, high;
        char text[25];
        km_civil_interval(&low, &high, &c);
        km_instant_print(text, low);
        assert_string_equal(text, rows[i].low);
        km_instant_print(text, high);
        assert_string_equal(text, rows[i].high);
    }
}

static void a_printed_instant_reads_back_as_itself(void **state)
{
    char text[25];
    km_ms low, high;
    (void)state;
    for (km_ms at = -62135596800000; at < 253402300800000; at += 3600999999777) {
        km_instant_print(text, at);
        km_civil c = civil(text);
        km_civil_interval(&low, &high, &c);
        assert_int_equal(low, at);
        assert_int_equal(high, at);
    }
    km_instant_print(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    km_instant_print(text, INT64_MIN);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

static void http_dates_look_as_in_rfc_9110(void **state)
{
    char text[30];
    (void)state;
    km_http_date_print(text, 784111777000); /* the example of RFC 9110 5.6.7 */
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    km_http_date_print(text, 0);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    km_http_date_print(text, -1);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

static void http_dates_are_read_in_their_one_spelling(void **state)
{
    char text[30];
    km_ms at;
    (void)state;
    for (km_ms day = -719162; day < 2932897; day += 1009) {
        km_ms want = day * 86400000 + (day + 800000) * 7919 % 86400 * 1000;
        km_http_date_print(text, want);
        assert_true(km_http_date_parse(&at, km_str_of(text)));
        assert_int_equal(at, want);
    }
    km_http_date_print(text, 784111777000);
    for (size_t i = 0; i < 29; i++)
        for (int c = 0; c < 256; c++) {
            char other[30];
            memcpy(other, text, sizeof other);
            other[i] = (char)c;
            bool read = km_http_date_parse(&at, (km_str){ other, 29 });
            if (read) {
                km_http_date_print(text, at);
                assert_memory_equal(text, other, 29);
                km_http_date_print(text, 784111777000);
            }
        }
    for (size_t n = 0; n < 29; n++)
        assert_false(km_http_date_parse(&at, (km_str){ text, n }));
    assert_false(km_http_date_parse(&at, KM_STR("Mon, 06 Nov 1994 08:49:37 GMT")));
    assert_false(km_http_date_parse(&at, KM_STR("Sun, 06 Nov 1994 08:49:-7 GMT")));
    assert_false(km_http_date_parse(&at, KM_STR("Sun, 06 Nov 1994 08:49:60 GMT")));
    assert_false(km_http_date_parse(&at, KM_STR("Wed, 30 Feb 1994 08:49:37 GMT")));
    assert_false(km_http_date_parse(&at, KM_STR("Sunday, 06-Nov-94 08:49:37 GMT")));
}

static void a_day_in_japan_begins_at_three_in_the_afternoon_utc(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 800000; day += 12345) {
        km_ms start = day * 86400000 - 9 * 3600000;
        assert_int_equal(km_day_in_japan(start), day);
        assert_int_equal(km_day_in_japan(start - 1), day - 1);
        assert_int_equal(km_day_in_japan(start + 86399999), day);
    }
    assert_true(km_day_in_japan(INT64_MAX) > 0);
    assert_true(km_day_in_japan(INT64_MIN) < 0);
}

static void age_is(int64_t born, int64_t on, int y, int m, int d)
{
    int years, months, days;
    assert_true(km_age(&years, &months, &days, born, on));
    assert_int_equal(years, y);
    assert_int_equal(months, m);
    assert_int_equal(days, d);
}

static void age_counts_years_then_months_then_days(void **state)
{
    int y, m, d;
    (void)state;
    age_is(day_of(1941, 4, 21), day_of(2010, 5, 7), 69, 0, 16);
    age_is(day_of(1941, 4, 21), day_of(1941, 4, 21), 0, 0, 0);
    age_is(day_of(2024, 1, 31), day_of(2024, 2, 28), 0, 0, 28);
    age_is(day_of(2024, 1, 31), day_of(2024, 2, 29), 0, 1, 0);
    age_is(day_of(2024, 1, 31), day_of(2024, 3, 1), 0, 1, 1);
    age_is(day_of(2024, 1, 31), day_of(2024, 3, 31), 0, 2, 0);
    age_is(day_of(2020, 2, 29), day_of(2021, 2, 27), 0, 11, 29);
    age_is(day_of(2020, 2, 29), day_of(2021, 2, 28), 1, 0, 0);
    age_is(day_of(2020, 2, 29), day_of(2024, 2, 28), 3, 11, 30);
    age_is(day_of(2020, 2, 29), day_of(2024, 2, 29), 4, 0, 0);
    age_is(day_of(1999, 12, 31), day_of(2000, 1, 1), 0, 0, 1);
    assert_false(km_age(&y, &m, &d, day_of(2024, 5, 2), day_of(2024, 5, 1)));
}

/* Each day adds a day, or fills a month; nobody grows younger. */
static void age_grows_with_every_day(void **state)
{
    (void)state;
    for (int64_t born = day_of(1999, 12, 1); born <= day_of(2000, 4, 1); born++) {
        int before = -1, days_before = 0;
        for (int64_t on = born; on < born + 6 * 366; on++) {
            int y, m, d;
            assert_true(km_age(&y, &m, &d, born, on));
            assert_true(m >= 0 && m < 12 && d >= 0 && d < 31);
            int months = y * 12 + m;
            if (months == before)
                assert_int_equal(d, days_before + 1);
            else {
                assert_int_equal(months, before + 1);
                assert_int_equal(d, 0);
            }
            before = months;
            days_before = d;
        }
    }
}

static void the_law_adds_a_year_at_the_end_of_the_day_before_the_birthday(void **state)
{
    (void)state;
    for (int64_t born = day_of(1995, 1, 1); born <= day_of(2005, 1, 1); born++)
        for (int years = 1; years <= 110; years += 3) {
            int by, bm, bd;
            km_day_to_civil(born, &by, &bm, &bd);
            if (bm == 2 && bd == 29)
                continue;
            int64_t birthday = day_of(by + years, bm, bd);
            assert_false(km_age_reached_in_law(years, born, birthday - 2));
            assert_true(km_age_reached_in_law(years, born, birthday - 1));
            assert_true(km_age_reached_in_law(years, born, birthday));
        }
    assert_false(km_age_reached_in_law(0, day_of(2000, 1, 1), day_of(1999, 12, 31)));
    assert_true(km_age_reached_in_law(0, day_of(2000, 1, 1), day_of(2000, 1, 1)));
}

static void a_child_of_the_first_of_april_goes_to_school_a_year_early(void **state)
{
    (void)state;
    assert_true(km_age_reached_in_law(6, day_of(2018, 4, 1), day_of(2024, 3, 31)));
    assert_false(km_age_reached_in_law(6, day_of(2018, 4, 2), day_of(2024, 3, 31)));
}

static void who_is_born_on_a_leap_day_is_older_after_28_february(void **state)
{
    (void)state;
    for (int years = 1; years < 120; years++) {
        assert_false(
            km_age_reached_in_law(years, day_of(1940, 2, 29), day_of(1940 + years, 2, 27)));
        assert_true(km_age_reached_in_law(years, day_of(1940, 2, 29), day_of(1940 + years, 2, 28)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_millennia_follows_the_day_before),
        cmocka_unit_test(years_before_christ_and_far_ahead_count_on),
        cmocka_unit_test(a_century_is_leap_only_by_four_hundred),
        cmocka_unit_test(only_written_fhir_dates_are_read),
        cmocka_unit_test(a_date_cut_anywhere_is_a_shorter_date_or_refused),
        cmocka_unit_test(a_value_stands_for_the_whole_of_what_it_names),
        cmocka_unit_test(a_printed_instant_reads_back_as_itself),
        cmocka_unit_test(http_dates_look_as_in_rfc_9110),
        cmocka_unit_test(http_dates_are_read_in_their_one_spelling),
        cmocka_unit_test(a_day_in_japan_begins_at_three_in_the_afternoon_utc),
        cmocka_unit_test(age_counts_years_then_months_then_days),
        cmocka_unit_test(age_grows_with_every_day),
        cmocka_unit_test(the_law_adds_a_year_at_the_end_of_the_day_before_the_birthday),
        cmocka_unit_test(a_child_of_the_first_of_april_goes_to_school_a_year_early),
        cmocka_unit_test(who_is_born_on_a_leap_day_is_older_after_28_february),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
