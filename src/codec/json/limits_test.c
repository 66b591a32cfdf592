/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps a hostile text cheap: depth, members, lengths, memory, names that repeat.
 */
#include "codec/json/any_json.h"
#include "codec/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

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

static km_code parse(km_buf text, const km_json_limits *limits, km_fault *f)
{
    km_json *doc;
    km_fault none;
    if (f == NULL)
        f = &none;
    km_fault_clear(f);
    return km_json_parse(&doc, arena, km_buf_str(&text), limits, f);
}

static km_buf repeat(const char *open, uint32_t n, const char *inside, const char *close)
{
    km_buf text = km_buf_in(arena);
    for (uint32_t i = 0; i < n; i++)
        km_buf_z(&text, open);
    km_buf_z(&text, inside);
    for (uint32_t i = 0; i < n; i++)
        km_buf_z(&text, close);
    km_buf_char(&text, '\0'); /* p may be read as a C string */
    text.n--;
    return text;
}

static void nesting_ends_at_its_limit(void **state)
{
    (void)state;
    for (uint32_t depth = 1; depth <= KM_JSON_DEPTH_MAX; depth = depth * 2 - depth / 3) {
        km_json_limits limits = { .depth = depth };
        km_arena_reset(arena);
        assert_int_equal(parse(repeat("[", depth, "", "]"), &limits, NULL), KM_OK);
        assert_int_equal(parse(repeat("{\"a\":", depth, "1", "}"), &limits, NULL), KM_OK);
        assert_int_equal(parse(repeat("[", depth + 1, "", "]"), &limits, NULL), KM_TOO_LONG);
        assert_int_equal(parse(repeat("{\"a\":", depth + 1, "1", "}"), &limits, NULL), KM_TOO_LONG);
    }
    assert_int_equal(parse(repeat("[", 64, "", "]"), NULL, NULL), KM_OK);
    assert_int_equal(parse(repeat("[", 65, "", "]"), NULL, NULL), KM_TOO_LONG);
    assert_int_equal(parse(repeat("[", 1000000, "", ""), NULL, NULL), KM_TOO_LONG);
}

static void openings_without_end_are_refused(void **state)
{
    static const char *const opening[] = { "[", "{\"\":", "[1,", "{\"\":0,\"a\":" };
    const km_json_limits deep = { .depth = KM_JSON_DEPTH_MAX };
    (void)state;
    for (uint32_t n = 1; n < KM_JSON_DEPTH_MAX + 10; n++)
        for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
            km_arena_reset(arena);
            assert_int_equal(parse(repeat(opening[i], n, "", ""), &deep, NULL),
                             n <= KM_JSON_DEPTH_MAX ? KM_MALFORMED : KM_TOO_LONG);
        }
}

static km_buf object_of(uint32_t n)
{
    km_buf text = km_buf_in(arena);
    for (uint32_t i = 0; i < n; i++)
        km_buf_print(&text, "%c\"n%u\":%u", i ? ',' : '{', i, i);
    km_buf_char(&text, '}');
    return text;
}

static void members_end_at_their_limit(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 40; n++) {
        km_json_limits limits = { .members = n, .array_members = n };
        km_arena_reset(arena);
        assert_int_equal(parse(object_of(n), &limits, NULL), KM_OK);
        assert_int_equal(parse(object_of(n + 1), &limits, NULL), KM_TOO_LONG);
        assert_int_equal(parse(repeat("[1", 1, repeat(",1", n - 1, "", "").p, "]"), &limits, NULL),
                         KM_OK);
        assert_int_equal(parse(repeat("[1", 1, repeat(",1", n, "", "").p, "]"), &limits, NULL),
                         KM_TOO_LONG);
    }
    km_arena_reset(arena);
    assert_int_equal(parse(object_of(10000), NULL, NULL), KM_OK);
    assert_int_equal(parse(object_of(10001), NULL, NULL), KM_TOO_LONG);
}

static void strings_end_at_their_limit_however_written(void **state)
{
    static const char *const written[] = { "x", "\\n", "\\u0041" };
    (void)state;
    for (uint32_t n = 1; n < 50; n++)
        for (size_t i = 0; i < 3; i++) {
            km_json_limits limits = { .string_bytes = n };
            km_arena_reset(arena);
            km_buf fits = km_buf_in(arena), longer = km_buf_in(arena);
            km_buf_print(&fits, "\"%s\"", repeat(written[i], n, "", "").p);
            km_buf_print(&longer, "\"x%s\"", repeat(written[i], n, "", "").p);
            assert_int_equal(parse(fits, &limits, NULL), KM_OK);
            assert_int_equal(parse(longer, &limits, NULL), KM_TOO_LONG);
        }
}

static void a_text_that_needs_too_much_memory_is_refused(void **state)
{
    km_arena *small = km_arena_new(100000);
    km_json *doc;
    km_fault f = { 0 };
    (void)state;
    km_arena_reset(arena);
    km_buf text = repeat("[1", 1, repeat(",1", 200000, "", "").p, "]");
    assert_int_equal(km_json_parse(&doc, small, km_buf_str(&text), NULL, &f), KM_TOO_COSTLY);
    assert_int_equal(km_arena_used(small), 0);
    km_arena_free(small);
}

static void a_refused_text_leaves_no_memory_behind(void **state)
{
    uint64_t seed = 11;
    (void)state;
    for (int round = 0; round < 200; round++) {
        km_arena_reset(arena);
        km_buf text = km_buf_in(arena);
        km_buf_z(&text, "[");
        any_value(&text, &seed, false, 4);
        km_buf_z(&text, "}");
        size_t used = km_arena_used(arena);
        assert_int_equal(parse(text, NULL, NULL), KM_MALFORMED);
        assert_int_equal(km_arena_used(arena), used);
    }
}

/* An object of n names of which the one at `second` is that at `first` again. */
static km_buf twins(uint32_t n, uint32_t first, uint32_t second, bool escaped)
{
    km_buf text = km_buf_in(arena);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t name = i == second ? first : i;
        bool spell = escaped && i == second;
        km_buf_print(&text, "%s\"long member %s%u\":[{}]", i ? ",\n" : "{",
                     spell ? "n\\u0061me " : "name ", name);
    }
    km_buf_char(&text, '}');
    return text;
}

static void a_name_twice_is_refused_wherever_it_stands(void **state)
{
    static const uint32_t sizes[] = { 2, 3, 5, 15, 16, 17, 18, 33, 100 };
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint32_t second = 1; second < sizes[s]; second++)
            for (uint32_t first = 0; first < second; first += 1 + sizes[s] / 9) {
                km_fault f;
                km_arena_reset(arena);
                assert_int_equal(parse(twins(sizes[s], first, second, second % 2), NULL, &f),
                                 KM_MALFORMED);
                assert_int_equal(f.line, second + 1);
                assert_int_equal(f.column, 1);
            }
}

static void names_that_differ_anywhere_are_two(void **state)
{
    static const uint32_t sizes[] = { 1, 2, 8, 16, 17, 100, 2000 };
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint32_t at = 0; at < 24; at++) {
            km_arena_reset(arena);
            km_buf text = km_buf_in(arena);
            for (uint32_t i = 0; i < sizes[s]; i++)
                km_buf_print(&text, "%s\"%.*s%x%.*s\":0", i ? "," : "{", (int)at,
                             "zzzzzzzzzzzzzzzzzzzzzzzz", i, (int)(24 - at),
                             "yyyyyyyyyyyyyyyyyyyyyyyy");
            km_buf_char(&text, '}');
            assert_int_equal(parse(text, NULL, NULL), KM_OK);
        }
    km_buf text = km_buf_in(arena);
    km_buf_z(&text, "{\"\":1,\"a\":{\"\":2,\"a\":3},\"b\":{\"a\":4},\"A\":5,\"aa\":6}");
    assert_int_equal(parse(text, NULL, NULL), KM_OK);
}

static void the_empty_name_counts_as_a_name(void **state)
{
    km_buf text = km_buf_in(arena);
    (void)state;
    km_buf_z(&text, "{\"\":1,\"\":2}");
    assert_int_equal(parse(text, NULL, NULL), KM_MALFORMED);
}

static void a_fault_names_line_and_column(void **state)
{
    static const struct {
        const char *text;
        uint32_t line, column;
    } rows[] = {
        { "x", 1, 1 },
        { "", 1, 1 },
        { "[1,\n 2,\n x]", 3, 2 },
        { "{\"a\":1,\n\"b\" 2}", 2, 5 },
        { "\n\n\n[", 4, 2 },
        { "[\"ab\\qc\"]", 1, 5 },
        { "[\"漢\xff\"]", 1, 6 },
        { "[1.x]", 1, 4 },
        { "[]\n]", 2, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_fault f;
        km_buf text = km_buf_in(arena);
        km_buf_z(&text, rows[i].text);
        assert_int_equal(parse(text, NULL, &f), KM_MALFORMED);
        if (f.line != rows[i].line || f.column != rows[i].column)
            fail_msg("%s: %u:%u", rows[i].text, f.line, f.column);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nesting_ends_at_its_limit),
    cmocka_unit_test(openings_without_end_are_refused),
    cmocka_unit_test(members_end_at_their_limit),
    cmocka_unit_test(strings_end_at_their_limit_however_written),
    cmocka_unit_test(a_text_that_needs_too_much_memory_is_refused),
    cmocka_unit_test(a_refused_text_leaves_no_memory_behind),
    cmocka_unit_test(a_name_twice_is_refused_wherever_it_stands),
    cmocka_unit_test(names_that_differ_anywhere_are_two),
    cmocka_unit_test(the_empty_name_counts_as_a_name),
    cmocka_unit_test(a_fault_names_line_and_column),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
