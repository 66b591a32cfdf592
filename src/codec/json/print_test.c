/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a tape, printing it, and the writer of replies.
 */
#include "codec/json/any_json.h"
#include "codec/json/json.h"

#include <setjmp.h>
#include <stdarg.h>

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

static km_jv parse(km_str text)
{
    km_json *doc;
    km_fault f = { 0 };
    if (km_json_parse(&doc, arena, text, NULL, &f) != KM_OK)
        fail_msg("%.*s: %s", KM_STR_ARG(text), f.detail);
    return km_json_root(doc);
}

static km_str print(km_jv v)
{
    km_buf out = km_buf_in(arena);
    km_jv_print(&out, v);
    return km_buf_str(&out);
}

static void assert_text(km_str got, const char *want)
{
    if (!km_str_is(got, want))
        fail_msg("%.*s is not %s", KM_STR_ARG(got), want);
}

static km_str any_text(uint64_t *seed, bool compact)
{
    km_buf text = km_buf_in(arena);
    any_value(&text, seed, compact, 5);
    return km_buf_str(&text);
}

/* Equal in every kind, name, string and number text, in order. */
static void assert_same(km_jv a, km_jv b)
{
    assert_int_equal(a.doc->nodes, b.doc->nodes);
    for (uint32_t i = 0; i < a.doc->nodes; i++) {
        km_jv x = { a.doc, i }, y = { b.doc, i };
        assert_int_equal(km_jv_kind(x), km_jv_kind(y));
        assert_int_equal(km_jv_count(x), km_jv_count(y));
        assert_true(km_str_eq(km_jv_str(x), km_jv_str(y)));
        assert_int_equal(a.doc->node[i].next, b.doc->node[i].next);
        assert_int_equal(a.doc->node[i].depth, b.doc->node[i].depth);
    }
}

static void print_then_parse_is_identity(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        km_arena_reset(arena);
        km_jv one = parse(any_text(&seed, false));
        km_str printed = print(one);
        assert_same(one, parse(printed));
        assert_true(km_str_eq(printed, print(parse(printed))));
    }
}

static void a_compact_text_is_printed_as_it_was(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        km_arena_reset(arena);
        km_str text = any_text(&seed, true);
        assert_true(km_str_eq(print(parse(text)), text));
    }
}

/* Whatever part of a tape is printed, it is the part of the whole that parses to it. */
static void every_part_prints_like_itself_alone(void **state)
{
    uint64_t seed = 4;
    (void)state;
    for (int round = 0; round < 300; round++) {
        km_arena_reset(arena);
        km_jv whole = parse(any_text(&seed, round % 2));
        for (uint32_t i = 0; i < whole.doc->nodes; i++) {
            km_jv part = { whole.doc, i };
            km_str raw = km_jv_raw(part);
            assert_true(raw.p >= whole.doc->text.p
                        && raw.p + raw.n <= whole.doc->text.p + whole.doc->text.n);
            assert_true(km_str_eq(print(part), print(parse(raw))));
        }
    }
}

static void printing_is_compact_and_escapes_little(void **state)
{
    (void)state;
    assert_text(print(parse(KM_STR(" { \"a\" : [ 1.00 , { } , [ ] ] , \"b\" : null } "))),
                "{\"a\":[1.00,{},[]],\"b\":null}");
    assert_text(print(parse(KM_STR("[\"\\u00e9\\/\\u0022\\u001f\\u000a\\u007f\"]"))),
                "[\"é/\\\"\\u001f\\n\x7f\"]");
    assert_text(print(parse(KM_STR("\"\\ud83d\\ude00\""))), "\"😀\"");
}

static void every_string_can_be_written_and_read_back(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[70];
        km_arena_reset(arena);
        size_t n = any_below(&seed, sizeof bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(1 + any_below(&seed, round % 2 ? 0x7F : 0x28));
        km_buf out = km_buf_in(arena);
        km_json_string(&out, (km_str){ bytes, n });
        assert_true(km_str_eq(km_jv_str(parse(km_buf_str(&out))), (km_str){ bytes, n }));
    }
    km_buf out = km_buf_in(arena);
    km_json_string(&out, KM_STR_NONE);
    assert_text(km_buf_str(&out), "\"\"");
}

static const km_str patient = KM_STR_INIT(
    "{\"resourceType\":\"Patient\",\"a\\u0062\":1,\"name\":[{\"family\":\"山田\"},{\"family\":"
    "\"x\"}],\n"
    "  \"link\":{\"other\":{\"reference\":\"Patient/1\"}},\"active\":true,\"n\":-1.50,\"z\":null}");

static void members_are_found_by_name_and_path(void **state)
{
    km_jv p = parse(patient);
    (void)state;
    assert_text(km_jv_text(p, "resourceType"), "Patient");
    assert_text(km_jv_text(p, "link.other.reference"), "Patient/1");
    assert_text(km_jv_str(KM_JV_GET(p, "ab")), "1");
    assert_text(km_jv_text(km_jv_item(KM_JV_GET(p, "name"), 1), "family"), "x");
    assert_text(km_jv_text(p, "n"), "-1.50");
    assert_true(km_jv_is(KM_JV_GET(p, "z"), KM_JSON_NULL));
    assert_int_equal(km_jv_count(p), 7);
    assert_int_equal(km_jv_count(KM_JV_GET(p, "name")), 2);
}

static void what_is_not_there_is_none_and_stays_none(void **state)
{
    km_jv p = parse(patient);
    const km_jv none[] = { KM_JV_NONE,
                           KM_JV_GET(p, "nam"),
                           KM_JV_GET(p, "Patient"), /* a value is not a name */
                           km_jv_at(p, "name.family"),
                           km_jv_at(p, "link.other.reference.x"),
                           km_jv_at(p, ""),
                           km_jv_item(KM_JV_GET(p, "name"), 2),
                           km_jv_item(p, 0),
                           KM_JV_GET(KM_JV_GET(p, "name"), "family") };
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint32_t line, column;
        assert_int_equal(km_jv_kind(none[i]), KM_JSON_NONE);
        assert_null(km_jv_str(none[i]).p);
        assert_null(km_jv_raw(none[i]).p);
        assert_int_equal(km_jv_count(none[i]), 0);
        assert_null(km_jv_get(none[i], KM_STR("a")).doc);
        assert_null(km_jv_item(none[i], 0).doc);
        km_jv_iter each = km_jv_each(none[i]);
        assert_false(km_jv_next(&each));
        km_jv_place(none[i], &line, &column);
        assert_int_equal(line, 0);
    }
    assert_null(km_jv_str(KM_JV_GET(p, "active")).p);
    assert_null(km_jv_str(p).p);
}

static void each_member_comes_once_in_order(void **state)
{
    static const char *const names[] = { "resourceType", "ab", "name", "link", "active", "n", "z" };
    km_jv p = parse(patient);
    size_t n = 0;
    (void)state;
    for (km_jv_iter i = km_jv_each(p); km_jv_next(&i); n++) {
        assert_true(n < 7);
        assert_text(i.name, names[n]);
        assert_int_equal(i.value.at, km_jv_get(p, i.name).at);
    }
    assert_int_equal(n, 7);
    n = 0;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(p, "name")); km_jv_next(&i); n++)
        assert_int_equal(i.value.at, km_jv_item(KM_JV_GET(p, "name"), (uint32_t)n).at);
    assert_int_equal(n, 2);
}

static void a_value_knows_its_place(void **state)
{
    uint32_t line, column;
    km_jv p = parse(KM_STR("{\"a\":\n  [1, \"\\n\"]}"));
    (void)state;
    km_jv_place(p, &line, &column);
    assert_true(line == 1 && column == 1);
    km_jv_place(km_jv_item(KM_JV_GET(p, "a"), 0), &line, &column);
    assert_true(line == 2 && column == 4);
    km_jv_place(km_jv_item(KM_JV_GET(p, "a"), 1), &line, &column);
    assert_true(line == 2 && column == 7);
}

static void a_replaced_string_is_printed_and_nothing_else_changes(void **state)
{
    uint64_t seed = 6;
    (void)state;
    for (int round = 0; round < 300; round++) {
        km_arena_reset(arena);
        km_str text = any_text(&seed, round % 2);
        for (uint32_t i = 0; i < parse(text).doc->nodes; i++) {
            km_jv v = { parse(text).doc, i };
            if (!km_jv_is(v, KM_JSON_STRING))
                continue;
            km_str raw = km_jv_raw(v);
            km_buf edited = km_buf_in(arena);
            km_buf_add(&edited, km_str_sub(text, 0, (size_t)(raw.p - text.p)));
            km_json_string(&edited, KM_STR("an\"other"));
            km_buf_add(&edited, km_str_sub(text, (size_t)(raw.p + raw.n - text.p), text.n));
            km_jv_replace(v, KM_STR("not yet"));
            km_jv_replace(v, KM_STR("an\"other"));
            assert_text(km_jv_str(v), "an\"other");
            assert_true(km_jv_raw(v).p == raw.p && km_jv_raw(v).n == raw.n);
            assert_true(km_str_eq(print(km_json_root(v.doc)), print(parse(km_buf_str(&edited)))));
        }
    }
}

static void the_writer_puts_commas_and_colons(void **state)
{
    km_buf out = km_buf_in(arena);
    km_jw w = km_jw_on(&out);
    (void)state;
    km_jw_open(&w, '{');
    km_jw_member(&w, "s", KM_STR("a\"b"));
    km_jw_member_z(&w, "z", "y");
    km_jw_member_int(&w, "i", INT64_MIN);
    km_jw_member_bool(&w, "b", false);
    km_jw_key(&w, "list");
    km_jw_open(&w, '[');
    km_jw_int(&w, 0);
    km_jw_int(&w, INT64_MAX);
    km_jw_null(&w);
    km_jw_bool(&w, true);
    km_jw_open(&w, '{');
    km_jw_close(&w, '}');
    km_jw_raw(&w, KM_STR("1.0"));
    km_jw_value(&w, parse(KM_STR("[ 1 ]")));
    km_jw_close(&w, ']');
    km_jw_key_str(&w, KM_STR("\n"));
    km_jw_z(&w, "");
    km_jw_close(&w, '}');
    assert_text(km_buf_str(&out),
                "{\"s\":\"a\\\"b\",\"z\":\"y\",\"i\":-9223372036854775808,\"b\":false,\"list\":[0,"
                "9223372036854775807,null,true,{},1.0,[1]],\"\\n\":\"\"}");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(print_then_parse_is_identity),
    cmocka_unit_test(a_compact_text_is_printed_as_it_was),
    cmocka_unit_test(every_part_prints_like_itself_alone),
    cmocka_unit_test(printing_is_compact_and_escapes_little),
    cmocka_unit_test(every_string_can_be_written_and_read_back),
    cmocka_unit_test(members_are_found_by_name_and_path),
    cmocka_unit_test(what_is_not_there_is_none_and_stays_none),
    cmocka_unit_test(each_member_comes_once_in_order),
    cmocka_unit_test(a_value_knows_its_place),
    cmocka_unit_test(a_replaced_string_is_printed_and_nothing_else_changes),
    cmocka_unit_test(the_writer_puts_commas_and_colons),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
