/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read, what is refused, and where.
 */
#include "codec/json/any_json.h"
#include "codec/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static km_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = km_arena_new((size_t)1 << 30);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

/* Forgets the last tape and reads from memory of exactly the length of the text. */
static km_code parse_into(km_json **doc, km_str text, const km_json_limits *limits, km_fault *f)
{
    km_arena_reset(arena);
    km_str exact = any_exact(text);
    km_fault_clear(f);
    km_code rc = km_json_parse(doc, arena, exact, limits, f);
    if (rc == KM_OK) /* the text must outlive the tape */
        rc = km_json_parse(doc, arena, km_arena_copy(arena, text), limits, f);
    free((void *)(uintptr_t)exact.p);
    return rc;
}

static km_jv read_ok(km_str text)
{
    km_json *doc;
    km_fault f;
    if (parse_into(&doc, text, NULL, &f) != KM_OK)
        fail_msg("%.*s: %u:%u: %s", KM_STR_ARG(text), f.line, f.column, f.detail);
    return km_json_root(doc);
}

static void assert_refused(km_str text, km_code code)
{
    km_json *doc = NULL;
    km_fault f;
    km_code rc = parse_into(&doc, text, NULL, &f);
    if (rc != code)
        fail_msg("%.*s: %d, not %d", KM_STR_ARG(text), (int)rc, (int)code);
    assert_null(doc);
    assert_int_equal(f.code, code);
    assert_true(f.line > 0 && f.column > 0 && f.detail[0] != '\0');
}

static void assert_reads(km_str text, km_str meaning)
{
    km_str got = km_jv_str(read_ok(text));
    if (!km_str_eq(got, meaning))
        fail_msg("%.*s became %.*s", KM_STR_ARG(text), KM_STR_ARG(got));
}

static void each_kind_of_value_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        km_json_kind kind;
    } rows[] = {
        { "null", KM_JSON_NULL }, { "false", KM_JSON_FALSE },        { "true", KM_JSON_TRUE },
        { "0", KM_JSON_NUMBER },  { "\"\"", KM_JSON_STRING },        { "[]", KM_JSON_ARRAY },
        { "{}", KM_JSON_OBJECT }, { " \r\n\t[ ]\n", KM_JSON_ARRAY }, { "{\"\":0}", KM_JSON_OBJECT },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(km_jv_kind(read_ok(km_str_of(rows[i].text))), rows[i].kind);
}

static void numbers_keep_their_text(void **state)
{
    static const char *const good[] = { "0",
                                        "-0",
                                        "1.00",
                                        "100.0",
                                        "1e2",
                                        "1E+2",
                                        "-1.5",
                                        "0.010",
                                        "12.50e-3",
                                        "0e0",
                                        "12345678901234567890123456789.10" };
    static const char *const bad[] = { "01",       "-",   "+1",  "1.",   ".5",    "1e",  "1e+",
                                       "0x1",      "1_0", "-01", "1.e1", "1e1.0", "--1", "1 2",
                                       "Infinity", "NaN", "1,",  "-a",   "0.e1",  "00",  "１" };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_reads(km_str_of(good[i]), km_str_of(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(km_str_of(bad[i]), KM_MALFORMED);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "'a'",
        "{a:1}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "[}",
        "{]",
        "[",
        "{",
        "]",
        "[]]",
        "{}{}",
        "[] x",
        "// c\n1",
        "[1/**/]",
        "\"a",
        "\"a\\\"",
        "\"\\",
        "\v1",
        "\f[]",
        "[1]\xc2\xa0",
        "\xef\xbb\xbf{}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{\"a\":1 \"b\":2}",
        "\"\\x41\"",
        "\"\\u12g4\"",
        "\"\\u123\"",
        "\"\\U0041\"",
        "\"\\'\"",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(km_str_of(bad[i]), KM_MALFORMED);
    assert_refused((km_str){ "1\0", 2 }, KM_MALFORMED);
    assert_refused((km_str){ "[\0]", 3 }, KM_MALFORMED);
}

static void no_container_cut_short_is_accepted(void **state)
{
    uint64_t seed = 7;
    km_arena *texts = km_arena_new((size_t)1 << 30);
    (void)state;
    for (int round = 0; round < 60; round++) {
        km_arena_reset(texts);
        km_buf text = km_buf_in(texts);
        km_buf_char(&text, '[');
        any_value(&text, &seed, false, 3);
        km_buf_char(&text, ']');
        read_ok(km_buf_str(&text));
        for (size_t n = 0; n < text.n; n++)
            assert_refused((km_str){ text.p, n }, KM_MALFORMED);
    }
    km_arena_free(texts);
}

static size_t put_character(char *out, uint32_t c)
{
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = more; i > 0; i--, c >>= 6)
        out[i] = (char)(unsigned char)(0x80 | (c & 0x3F));
    out[0] = (char)(unsigned char)(lead[more] | c);
    return more + 1;
}

static void every_character_means_the_same_raw_and_escaped(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 || (c >= 0xD700 && c < 0x10100) ? 1 : 7) {
        char raw[8] = "\"", escaped[32], meaning[4];
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        size_t n = put_character(meaning, c);
        memcpy(raw + 1, meaning, n);
        raw[n + 1] = '"';
        if (c < 0x10000)
            snprintf(escaped, sizeof escaped, c & 1 ? "\"\\u%04x\"" : "\"\\u%04X\"", c);
        else
            snprintf(escaped, sizeof escaped, "\"\\u%04x\\u%04X\"", 0xD7C0 + (c >> 10),
                     0xDC00 + (c & 0x3FF));
        assert_reads(km_str_of(escaped), (km_str){ meaning, n });
        if (c >= 0x20 && c != '"' && c != '\\')
            assert_reads((km_str){ raw, n + 2 }, (km_str){ meaning, n });
        else
            assert_refused((km_str){ raw, n + 2 }, KM_MALFORMED);
    }
}

static void short_escapes_mean_what_rfc_8259_says(void **state)
{
    (void)state;
    assert_reads(KM_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), KM_STR("\"\\/\b\f\n\r\t"));
    assert_reads(KM_STR("\"x\\ny\""), KM_STR("x\ny"));
    for (int c = 1; c < 256; c++)
        if (strchr("\"\\/bfnrtu", c) == NULL)
            assert_refused((km_str){ (char[]){ '"', '\\', (char)c, '"' }, 4 }, KM_MALFORMED);
}

static void half_a_surrogate_pair_is_refused(void **state)
{
    (void)state;
    for (unsigned half = 0xD800; half <= 0xDFFF; half++) {
        static const char *const around[] = { "\"\\u%04x\"",           "\"\\u%04xabcdef\"",
                                              "\"\\u%04x\\n\\u0041\"", "\"\\u0041\\u%04x\"",
                                              "\"\\u%04x\\ud800\"",    "\"\\u%04x\\u\"" };
        for (size_t i = 0; i < COUNT(around); i++) {
            char text[40];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, around[i], half);
#pragma GCC diagnostic pop
            assert_refused(km_str_of(text), KM_MALFORMED);
        }
    }
}

static void nul_is_refused_however_it_is_written(void **state)
{
    (void)state;
    assert_refused(KM_STR("\"a\\u0000\""), KM_MALFORMED);
    assert_refused((km_str){ "\"a\0\"", 4 }, KM_MALFORMED);
    assert_reads(KM_STR("\"\\\\u0000\""), KM_STR("\\u0000"));
}

/* km_str_is_utf8 is another implementation of the same table. */
static void strings_are_utf8_or_refused(void **state)
{
    static const unsigned char edge[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                          0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF };
    (void)state;
    for (unsigned first = 0x80; first < 0x100; first++)
        for (unsigned second = 0x20; second < 0x100; second++)
            for (size_t i = 0; i < COUNT(edge) * COUNT(edge); i++) {
                char text[] = { '"',
                                'a',
                                (char)first,
                                (char)second,
                                (char)edge[i / COUNT(edge)],
                                (char)edge[i % COUNT(edge)],
                                'b',
                                '"' };
                km_str inside = { text + 1, 6 };
                km_json *doc;
                km_arena_reset(arena);
                if (memchr(text + 2, 0, 4) || memchr(text + 2, '"', 4) || memchr(text + 2, '\\', 4))
                    continue;
                bool read = km_json_parse(&doc, arena, (km_str){ text, 8 }, NULL, NULL) == KM_OK;
                assert_int_equal(read, km_str_is_utf8(inside, NULL));
            }
}

static void a_bad_byte_is_found_wherever_it_stands(void **state)
{
    static const char bad[] = { '\x01', '\x1f', '\n', '\x80', '\xff', '\xc0', '\xed' };
    (void)state;
    for (size_t n = 1; n < 80; n++)
        for (size_t at = 0; at < n; at++)
            for (size_t i = 0; i < COUNT(bad); i++) {
                char text[82];
                memset(text, 'x', sizeof text);
                text[0] = text[n + 1] = '"';
                text[at + 1] = bad[i];
                assert_refused((km_str){ text, n + 2 }, KM_MALFORMED);
            }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_kind_of_value_is_told_apart),
    cmocka_unit_test(numbers_keep_their_text),
    cmocka_unit_test(what_is_not_json_is_refused),
    cmocka_unit_test(no_container_cut_short_is_accepted),
    cmocka_unit_test(every_character_means_the_same_raw_and_escaped),
    cmocka_unit_test(short_escapes_mean_what_rfc_8259_says),
    cmocka_unit_test(half_a_surrogate_pair_is_refused),
    cmocka_unit_test(nul_is_refused_however_it_is_written),
    cmocka_unit_test(strings_are_utf8_or_refused),
    cmocka_unit_test(a_bad_byte_is_found_wherever_it_stands),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
