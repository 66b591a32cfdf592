/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/utf8.h"

static void a_part_never_reaches_outside(void **state)
{
    const km_str s = KM_STR("abcdef");
    const size_t most[] = { 0, 1, 5, 6, 7, SIZE_MAX - 1, SIZE_MAX };
    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < 7; k++) {
            km_str part = km_str_sub(s, most[i], most[k]);
            assert_true(part.p >= s.p && part.p + part.n <= s.p + s.n);
        }
    assert_int_equal(km_str_sub(KM_STR_NONE, 3, 3).n, 0);
}

static void cutting_gives_the_parts_in_order(void **state)
{
    km_str rest = KM_STR("a,,b"), part;
    const char *want[] = { "a", "", "b" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        part = km_str_cut(rest, ',', &rest);
        assert_true(km_str_is(part, want[i]));
    }
    assert_null(rest.p);
    part = km_str_cut(rest, ',', &rest);
    assert_int_equal(part.n, 0);
    km_str_cut(KM_STR("a,"), ',', &rest);
    assert_non_null(rest.p); /* there was a separator: one more part, an empty one */
    assert_int_equal(rest.n, 0);
}

static void nothing_equals_the_empty_text(void **state)
{
    (void)state;
    assert_true(km_str_eq(KM_STR_NONE, KM_STR("")));
    assert_true(km_str_eq(km_str_of(NULL), KM_STR_NONE));
    assert_true(km_str_starts(KM_STR("a"), KM_STR_NONE));
    assert_true(km_str_ends(KM_STR_NONE, KM_STR_NONE));
    assert_false(km_str_starts(KM_STR("a"), KM_STR("ab")));
    assert_false(km_str_ends(KM_STR("b"), KM_STR("ab")));
    assert_int_equal(km_str_find(KM_STR_NONE, 'x'), 0);
    assert_int_equal(km_str_cmp(KM_STR_NONE, KM_STR("")), 0);
}

static void order_is_that_of_unsigned_bytes_shorter_first(void **state)
{
    const km_str up[] = { KM_STR(""),  { "\0", 1 },    KM_STR("a"), KM_STR("aa"),
                          KM_STR("b"), KM_STR("\x7f"), KM_STR("é"), KM_STR("\xff") };
    (void)state;
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 8; k++) {
            int c = km_str_cmp(up[i], up[k]);
            assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
        }
}

static void trimming_takes_blanks_from_both_ends_only(void **state)
{
    static const char *rows[][2] = { { "", "" },       { " \t\r\n", "" }, { " a b ", "a b" },
                                     { "a", "a" },     { "\ta", "a" },    { "a\n", "a" },
                                     { "　a", "　a" }, { "\va", "\va" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(km_str_is(km_str_trim(km_str_of(rows[i][0])), rows[i][1]));
}

static void only_ascii_letters_lose_their_case(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            char x = (char)a, y = (char)b;
            bool letters = (a ^ b) == 32 && ((a | 32) >= 'a' && (a | 32) <= 'z');
            assert_int_equal(km_str_eq_nocase((km_str){ &x, 1 }, (km_str){ &y, 1 }),
                             a == b || letters);
        }
    assert_false(km_str_eq_nocase(KM_STR("a"), KM_STR("ab")));
}

static void whole_numbers_of_64_bits_are_read_and_no_others(void **state)
{
    static const int64_t good[] = {
        0, 1, -1, 9, 10, 4711, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1
    };
    static const char *bad[] = { "",
                                 "-",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "0x1",
                                 "1.0",
                                 "--1",
                                 "1-",
                                 "a",
                                 "9223372036854775808",
                                 "-9223372036854775809",
                                 "99999999999999999999999999",
                                 "１" };
    int64_t v;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)good[i]);
        assert_true(km_str_to_i64(&v, km_str_of(text)));
        assert_int_equal(v, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(km_str_to_i64(&v, km_str_of(bad[i])));
}

/* Every scalar value in its one form, at every distance from a run of ASCII. */
static void every_character_is_well_formed_and_reads_back(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (int32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        km_buf b = km_buf_in(a);
        for (int i = 0; i < c % 9; i++)
            km_buf_char(&b, 'x');
        km_utf8_put(&b, c);
        km_buf_char(&b, 'y');
        km_str s = km_buf_str(&b), rest = km_str_sub(s, (size_t)(c % 9), s.n);
        assert_true(km_str_is_utf8(s, NULL));
        assert_int_equal(km_utf8_length(rest), rest.n - 1);
        assert_int_equal(km_utf8_next(&rest), c);
        assert_true(km_str_is(rest, "y"));
        km_arena_reset(a);
    }
    km_arena_free(a);
}

/* All texts of one to three bytes, and of four with a lead byte of four, by the definition. */
static bool defined(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char low[4], high[4];
        size_t n;
    } form[] = {
        /* Unicode 15, table 3-7 */
        { { 0x00 }, { 0x7F }, 1 },
        { { 0xC2, 0x80 }, { 0xDF, 0xBF }, 2 },
        { { 0xE0, 0xA0, 0x80 }, { 0xE0, 0xBF, 0xBF }, 3 },
        { { 0xE1, 0x80, 0x80 }, { 0xEC, 0xBF, 0xBF }, 3 },
        { { 0xED, 0x80, 0x80 }, { 0xED, 0x9F, 0xBF }, 3 },
        { { 0xEE, 0x80, 0x80 }, { 0xEF, 0xBF, 0xBF }, 3 },
        { { 0xF0, 0x90, 0x80, 0x80 }, { 0xF0, 0xBF, 0xBF, 0xBF }, 4 },
        { { 0xF1, 0x80, 0x80, 0x80 }, { 0xF3, 0xBF, 0xBF, 0xBF }, 4 },
        { { 0xF4, 0x80, 0x80, 0x80 }, { 0xF4, 0x8F, 0xBF, 0xBF }, 4 },
    };
    while (n > 0) {
        size_t took = 0;
        for (size_t f = 0; f < sizeof form / sizeof *form && took == 0; f++) {
            size_t i = 0;
            while (form[f].n <= n && i < form[f].n && p[i] >= form[f].low[i]
                   && p[i] <= form[f].high[i])
                i++;
            took = i == form[f].n ? i : 0;
        }
        if (took == 0)
            return false;
        p += took;
        n -= took;
    }
    return true;
}

static void well_formed_is_what_unicode_defines(void **state)
{
    static const unsigned char tails[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                           0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF };
    enum { TAILS = sizeof tails };
    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned i = 0; i < TAILS * TAILS * TAILS; i++) {
            unsigned char p[4] = { (unsigned char)first, tails[i % TAILS], tails[i / TAILS % TAILS],
                                   tails[i / TAILS / TAILS] };
            for (size_t n = 1; n <= 4; n++)
                assert_int_equal(km_str_is_utf8((km_str){ (char *)p, n }, NULL), defined(p, n));
        }
}

static void the_first_bad_byte_is_told(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        char text[41];
        size_t bad = SIZE_MAX;
        memset(text, 'a', sizeof text);
        text[at] = '\xe3'; /* begins what never ends */
        assert_false(km_str_is_utf8((km_str){ text, sizeof text }, &bad));
        assert_int_equal(bad, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_never_reaches_outside),
        cmocka_unit_test(cutting_gives_the_parts_in_order),
        cmocka_unit_test(nothing_equals_the_empty_text),
        cmocka_unit_test(order_is_that_of_unsigned_bytes_shorter_first),
        cmocka_unit_test(trimming_takes_blanks_from_both_ends_only),
        cmocka_unit_test(only_ascii_letters_lose_their_case),
        cmocka_unit_test(whole_numbers_of_64_bits_are_read_and_no_others),
        cmocka_unit_test(every_character_is_well_formed_and_reads_back),
        cmocka_unit_test(well_formed_is_what_unicode_defines),
        cmocka_unit_test(the_first_bad_byte_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
