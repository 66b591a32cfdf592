/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json/decimal.h"
#include "codec/json/any_json.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static km_decimal decimal(const char *text)
{
    km_decimal d;
    if (!km_decimal_parse(&d, km_str_of(text)))
        fail_msg("%s was refused", text);
    return d;
}

/* mantissa x 10^exponent, written with `zeros` more zeros and the point somewhere. */
static void write_decimal(char out[64], int64_t mantissa, int exponent, int zeros, int style)
{
    char digits[40];
    int n = snprintf(digits, sizeof digits, "%lld",
                     (long long)(mantissa < 0 ? -mantissa : mantissa));
    if (mantissa == 0)
        zeros = 0;
    for (int i = 0; i < zeros; i++)
        digits[n++] = '0';
    digits[n] = '\0';
    exponent -= zeros;
    const char *sign = mantissa < 0 ? "-" : "";
    if (style == 0)
        snprintf(out, 64, "%s%se%d", sign, digits, exponent);
    else if (style == 1 && n > 1 && digits[0] != '0')
        snprintf(out, 64, "%s%c.%sE%+d", sign, digits[0], digits + 1, exponent + n - 1);
    else
        snprintf(out, 64, "%s0.00%se%d", sign, digits, exponent + n + 2);
}

static void only_json_numbers_are_decimals(void **state)
{
    static const char *const good[] = { "0",
                                        "-0",
                                        "0.0",
                                        "1",
                                        "-1.50",
                                        "1e2",
                                        "1E-2",
                                        "1.0e+09",
                                        "1e0000000000002",
                                        "0.000000000000000000000000001" };
    static const char *const bad[] = { "",    "-",     "+1",  "01",    "1.",          ".1",
                                       "1e",  "1e+",   " 1",  "1 ",    "1a",          "a",
                                       "--1", "1.2.3", "0x1", "1e1e1", "1e9999999999" };
    km_decimal d;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        decimal(good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (km_decimal_parse(&d, km_str_of(bad[i])))
            fail_msg("%s was read", bad[i]);
    assert_false(km_decimal_parse(&d, KM_STR_NONE));
    assert_false(km_decimal_parse(&d, (km_str){ "1\0", 2 }));
}

static void digits_beyond_the_limit_are_refused_zeros_in_front_are_not(void **state)
{
    char text[KM_DECIMAL_DIGITS + 10] = "0.000";
    km_decimal d;
    (void)state;
    memset(text + 5, '7', KM_DECIMAL_DIGITS);
    assert_true(km_decimal_parse(&d, (km_str){ text, 5 + KM_DECIMAL_DIGITS }));
    assert_true(fabs(km_decimal_to_double(&d) - 0.000777777777777777777) < 1e-18);
    text[5 + KM_DECIMAL_DIGITS] = '7';
    assert_false(km_decimal_parse(&d, (km_str){ text, 6 + KM_DECIMAL_DIGITS }));
}

static void decimals_are_counted_as_written(void **state)
{
    static const struct {
        const char *text;
        int decimals;
        uint32_t significant;
    } rows[] = { { "0", 0, 0 },    { "1", 0, 1 },    { "1.20", 2, 3 },  { "1.20e1", 1, 3 },
                 { "1e2", -2, 1 }, { "0.00", 2, 0 }, { "0.010", 3, 2 }, { "-100", 0, 3 },
                 { "1e-3", 3, 1 }, { "10.0", 1, 3 } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        km_decimal d = decimal(rows[i].text);
        assert_int_equal(km_decimal_decimals(&d), rows[i].decimals);
        assert_int_equal(d.significant, rows[i].significant);
    }
}

static void one_value_is_equal_in_every_writing(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 100000; round++) {
        char a[64], b[64];
        int64_t m = (int64_t)any_below(&seed, 2000001) - 1000000;
        int e = (int)any_below(&seed, 40) - 20;
        write_decimal(a, m, e, (int)any_below(&seed, 9), (int)any_below(&seed, 3));
        write_decimal(b, m, e, (int)any_below(&seed, 9), (int)any_below(&seed, 3));
        km_decimal x = decimal(a), y = decimal(b);
        if (km_decimal_cmp(&x, &y) != 0 || km_decimal_to_double(&x) != km_decimal_to_double(&y))
            fail_msg("%s is not %s", a, b);
    }
}

static int sign(int64_t n)
{
    return (n > 0) - (n < 0);
}

static void comparing_follows_the_value(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char a[64], b[64];
        int64_t m = (int64_t)any_below(&seed, 2001) - 1000,
                n = (int64_t)any_below(&seed, 2001) - 1000;
        int more = (int)any_below(&seed, 4), e = (int)any_below(&seed, 30) - 15;
        write_decimal(a, m, e + more, (int)any_below(&seed, 5), (int)any_below(&seed, 3));
        write_decimal(b, n, e, (int)any_below(&seed, 5), (int)any_below(&seed, 3));
        km_decimal x = decimal(a), y = decimal(b);
        static const int64_t power[] = { 1, 10, 100, 1000 };
        int want = sign(m * power[more] - n);
        if (sign(km_decimal_cmp(&x, &y)) != want || sign(km_decimal_cmp(&y, &x)) != -want)
            fail_msg("%s against %s", a, b);
        double dx = km_decimal_to_double(&x), dy = km_decimal_to_double(&y);
        assert_true(want > 0 ? dx > dy : want < 0 ? dx < dy : dx == dy);
    }
}

static void comparing_is_exact_beyond_doubles(void **state)
{
    static const char *const ascending[] = { "-1e999999999",
                                             "-1e400",
                                             "-100000000000000000000.1",
                                             "-100000000000000000000",
                                             "-1e-999999999",
                                             "0",
                                             "1e-999999999",
                                             "1.1e-999999999",
                                             "0.1",
                                             "0.10000000000000000000000000000000001",
                                             "9007199254740992",
                                             "9007199254740993",
                                             "9007199254740993.0000000000000000000000001",
                                             "1e400",
                                             "1.0000000000000000001e400",
                                             "1e999999999" };
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t j = 0; j < COUNT(ascending); j++) {
            km_decimal a = decimal(ascending[i]), b = decimal(ascending[j]);
            assert_int_equal(sign(km_decimal_cmp(&a, &b)), (i > j) - (i < j));
            assert_true(i <= j ? km_decimal_to_double(&a) <= km_decimal_to_double(&b) : true);
        }
}

static void doubles_are_the_nearest(void **state)
{
    static const char *const texts[] = { "0.1",      "1.7976931348623157e308",         "5e-324",
                                         "2.5e-324", "123456789012345678901234567890", "-3.14159",
                                         "1e23",     "2.2250738585072011e-308",        "1e400",
                                         "-1e400" };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        km_decimal d = decimal(texts[i]);
        assert_true(km_decimal_to_double(&d) == strtod(texts[i], NULL));
    }
    km_decimal zero = decimal("-0.00");
    assert_false(signbit(km_decimal_to_double(&zero)));
}

static void precision_implies_the_interval(void **state)
{
    static const struct {
        const char *text;
        double low, high;
    } rows[] = {
        { "100", 99.5, 100.5 },     { "100.00", 99.995, 100.005 },
        { "1e2", 95, 105 },         { "2e2", 195, 205 },
        { "1.0e2", 95, 105 },       { "1.00e2", 99.5, 100.5 },
        { "5.4", 5.35, 5.45 },      { "5.40", 5.395, 5.405 },
        { "0", -0.5, 0.5 },         { "0.0", -0.05, 0.05 },
        { "-0", -0.5, 0.5 },        { "1", 0.5, 1.5 },
        { "-1", -1.5, -0.5 },       { "-100.0", -100.05, -99.95 },
        { "10", 9.5, 10.5 },        { "5.4e-3", 0.00535, 0.00545 },
        { "1000", 999.5, 1000.5 },  { "0.1", 0.05, 0.15 },
        { "0e2", -5, 5 },           { "5", 4.5, 5.5 },
        { "1E-2", 0.0095, 0.0105 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double low, high;
        km_decimal d = decimal(rows[i].text);
        km_decimal_interval(&low, &high, &d);
        if (low != rows[i].low || high != rows[i].high)
            fail_msg("%s: [%.17g, %.17g)", rows[i].text, low, high);
    }
}

static void a_value_lies_in_its_interval_and_its_mirror_in_the_mirrored(void **state)
{
    uint64_t seed = 3;
    (void)state;
    for (int round = 0; round < 100000; round++) {
        char plus[64], minus[64];
        double low, high, mirror_low, mirror_high;
        int64_t m =
            1 + (int64_t)any_below(&seed, 10000000) * (1 + (int64_t)any_below(&seed, 1000000));
        int e = (int)any_below(&seed, 700) - 350;
        int zeros = (int)any_below(&seed, 9), style = (int)any_below(&seed, 3);
        write_decimal(plus, m, e, zeros, style);
        write_decimal(minus, -m, e, zeros, style);
        km_decimal d = decimal(plus), opposite = decimal(minus);
        double v = km_decimal_to_double(&d);
        km_decimal_interval(&low, &high, &d);
        km_decimal_interval(&mirror_low, &mirror_high, &opposite);
        assert_true(low <= v && (isinf(v) || v < high));
        assert_true(mirror_low <= -v && (isinf(v) || -v < mirror_high));
        /* The moved upper end is the one difference. */
        assert_true(mirror_low == -high || nextafter(v, INFINITY) == high);
        assert_true(mirror_high == -low || nextafter(-v, INFINITY) == mirror_high);
    }
}

static void an_interval_is_never_empty(void **state)
{
    static const char *const narrow[] = {
        "0.12345678901234567890123456789", "1e-400", "-1e-400", "-0.12345678901234567890123456789",
        "12345678901234567890.0",          "5e-324", "-5e-324"
    };
    (void)state;
    for (size_t i = 0; i < COUNT(narrow); i++) {
        double low, high;
        km_decimal d = decimal(narrow[i]);
        km_decimal_interval(&low, &high, &d);
        assert_true(low <= km_decimal_to_double(&d) && km_decimal_to_double(&d) < high);
    }
}

static double any_double(uint64_t *seed)
{
    for (;;) {
        uint64_t bits = (uint64_t)any_below(seed, 1u << 30) << 34
                        ^ (uint64_t)any_below(seed, 1u << 30) << 17 ^ any_below(seed, 1u << 30);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isnan(v))
            return v;
    }
}

static void keys_order_as_doubles_do_and_lead_back(void **state)
{
    static const double edges[] = { -INFINITY, -DBL_MAX, -1, -DBL_MIN,        -5e-324, 0,
                                    5e-324,    DBL_MIN,  1,  1 + DBL_EPSILON, DBL_MAX, INFINITY };
    uint64_t seed = 9;
    (void)state;
    for (size_t i = 0; i < COUNT(edges); i++)
        for (size_t j = 0; j < COUNT(edges); j++)
            assert_int_equal(km_double_key(edges[i]) < km_double_key(edges[j]), i < j);
    assert_true(km_double_key(-0.0) == km_double_key(0.0));
    assert_false(signbit(km_double_from_key(km_double_key(-0.0))));
    for (int round = 0; round < 1000000; round++) {
        double a = any_double(&seed), b = any_double(&seed);
        assert_int_equal(km_double_key(a) < km_double_key(b), a < b);
        assert_true(km_double_from_key(km_double_key(a)) == a);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_json_numbers_are_decimals),
    cmocka_unit_test(digits_beyond_the_limit_are_refused_zeros_in_front_are_not),
    cmocka_unit_test(decimals_are_counted_as_written),
    cmocka_unit_test(one_value_is_equal_in_every_writing),
    cmocka_unit_test(comparing_follows_the_value),
    cmocka_unit_test(comparing_is_exact_beyond_doubles),
    cmocka_unit_test(doubles_are_the_nearest),
    cmocka_unit_test(precision_implies_the_interval),
    cmocka_unit_test(a_value_lies_in_its_interval_and_its_mirror_in_the_mirrored),
    cmocka_unit_test(an_interval_is_never_empty),
    cmocka_unit_test(keys_order_as_doubles_do_and_lead_back),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
