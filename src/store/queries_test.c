/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/queries.h"

typedef struct loaded {
    km_arena *arena;
    km_queries q;
    km_fault fault;
} loaded;

static km_code load(loaded *l, km_dialect d, const char *text)
{
    km_embedded file[] = { { "a.sql", text, strlen(text) }, { 0 } };
    const km_embedded *const lists[] = { file, NULL };
    *l = (loaded){ .arena = km_arena_new(KM_ARENA_CAP_DEFAULT) };
    return km_queries__load(&l->q, l->arena, d, lists, &l->fault);
}

static const km_named *get(const loaded *l, const char *name)
{
    uint32_t number = km_queries__find(&l->q, name);
    assert_int_not_equal(number, KM_QUERY_NONE);
    return &l->q.at[number];
}

static void check_sql(km_dialect d, const char *text, const char *name, const char *sql)
{
    loaded l;
    assert_int_equal(load(&l, d, text), KM_OK);
    assert_string_equal(get(&l, name)->sql, sql);
    km_arena_free(l.arena);
}

/* Refused on both dialects alike, by name of the file and line. */
static void check_refused(const char *text, uint32_t line, const char *why)
{
    for (int d = KM_SQLITE; d <= KM_POSTGRES; d++) {
        loaded l;
        assert_int_equal(load(&l, (km_dialect)d, text), KM_STORE);
        if (strstr(l.fault.detail, why) == NULL)
            fail_msg("'%s' is not '%s'", l.fault.detail, why);
        assert_int_equal(l.fault.line, line);
        km_arena_free(l.arena);
    }
}

static void a_parameter_keeps_its_number_on_sqlite(void **state)
{
    (void)state;
    const char *text = "-- name: a\nSELECT $2, $1, $2;\n";
    check_sql(KM_SQLITE, text, "a", "SELECT ?2, ?1, ?2");
    check_sql(KM_POSTGRES, text, "a", "SELECT $2, $1, $2");
}

static void comments_go_and_quoted_text_stays(void **state)
{
    (void)state;
    check_sql(KM_SQLITE,
              "-- a file\n/* of ; mine */\n\n-- name: a\n-- why $9\nSELECT '$1;--', /* $3 */\n"
              "  \"odd$2\", a$1, 'it''s' -- end\n  WHERE x = $1 ; -- done\n/* and ; gone */\n",
              "a", "SELECT '$1;--', \"odd$2\", a$1, 'it''s' WHERE x = ?1 ");
}

static void each_dialect_has_its_text(void **state)
{
    (void)state;
    const char *text = "-- name: a [sqlite]\nSELECT 1;\n-- name: b\nSELECT 3;\n"
                       "-- name: a [postgres]\nSELECT 2;\n";
    check_sql(KM_SQLITE, text, "a", "SELECT 1");
    check_sql(KM_POSTGRES, text, "a", "SELECT 2");
    check_sql(KM_SQLITE, text, "b", "SELECT 3");
}

static void marks_may_stand_together(void **state)
{
    (void)state;
    loaded l;
    assert_int_equal(load(&l, KM_SQLITE,
                          "-- name: a [many]\nSELECT 1;\n-- name: b [sqlite] [many]\nSELECT 1;\n"
                          "-- name: b [postgres]\nSELECT 1;\n--name: not a heading\n"),
                     KM_OK);
    assert_true(get(&l, "a")->many && get(&l, "b")->many);
    assert_int_equal(l.q.n, 2);
    km_arena_free(l.arena);
}

static void a_name_is_found_among_many_and_no_other(void **state)
{
    (void)state;
    enum { N = 1000 };
    static char text[N * 40];
    size_t n = 0;
    for (int i = 0; i < N; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "-- name: q%d\nSELECT %d;\n", i, i);
    loaded l;
    assert_int_equal(load(&l, KM_SQLITE, text), KM_OK);
    for (int i = 0; i < N; i++) {
        char name[16], sql[24];
        snprintf(name, sizeof name, "q%d", i);
        snprintf(sql, sizeof sql, "SELECT %d", i);
        assert_string_equal(get(&l, name)->sql, sql);
    }
    assert_int_equal(km_queries__find(&l.q, "q1000"), KM_QUERY_NONE);
    assert_int_equal(km_queries__find(&l.q, ""), KM_QUERY_NONE);
    km_arena_free(l.arena);
}

static void scripts_are_passed_over(void **state)
{
    (void)state;
    int number = 0;
    assert_true(km_queries__is_script(&number, "017_more.sql"));
    assert_int_equal(number, 17);
    static const char *const others[] = { "17_more.sql", "a17_x.sql", "0017_x.sql", "017.sql", "" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(km_queries__is_script(&number, others[i]));
}

static void what_is_not_a_query_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        const char *why;
    } cases[] = {
        { "SELECT 1;\n", 1, "text before the first name" },
        { "-- name: a\nSELECT 1\n", 1, "no ; at its end" },
        { "-- name: a\nSELECT 1;\n\n-- name: b\n-- nothing\n", 4, "no ; at its end" },
        { "-- name: a\n;\n", 1, "empty" },
        { "-- name: a\nSELECT 1; SELECT 2;\n", 1, "more than one statement" },
        { "-- name: a\nSELECT 'open;\n", 1, "without its end" },
        { "-- name: a\nSELECT /* open;\n", 1, "without its end" },
        { "-- name: a\nSELECT $x;\n", 1, "without its end" },
        { "-- name: a\nSELECT $;\n", 1, "without its end" },
        { "-- name: a\nSELECT $0;\n", 1, "$1 to $64" },
        { "-- name: a\nSELECT $65;\n", 1, "$1 to $64" },
        { "-- name: a\nSELECT $1234;\n", 1, "without its end" },
        { "-- name: a\nSELECT $1, $3;\n", 1, "left out" },
        { "-- name: \nSELECT 1;\n", 1, "not a name" },
        { "-- name: a b\nSELECT 1;\n", 1, "not a name" },
        { "-- name: a [oracle]\nSELECT 1;\n", 1, "not a name" },
        { "-- name: a\nSELECT 1;\n-- name: a\nSELECT 1;\n", 3, "two of this name" },
        { "-- name: a\nSELECT 1;\n-- name: a [sqlite]\nSELECT 1;\n", 3, "two of this name" },
        { "-- name: a [sqlite]\nSELECT 1;\n-- name: a\nSELECT 1;\n", 3, "two of this name" },
        { "-- name: a [sqlite]\nSELECT 1;\n", 0, "lacks a dialect" },
        { "-- name: a [postgres]\nSELECT 1;\n", 0, "lacks a dialect" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_refused(cases[i].text, cases[i].line, cases[i].why);
}

static void every_beginning_of_a_good_file_is_read_or_refused(void **state)
{
    (void)state;
    static const char text[] = "-- x\n-- name: a [sqlite]\nSELECT '$1', \"b\" /* c */, $1;\n"
                               "-- name: a [postgres] [many]\nSELECT $1, a$1;-- e\n";
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = test_malloc(n + 1); /* the allocator of the tests sees a step beyond the end */
        memcpy(copy, text, n);
        copy[n] = '\0';
        loaded l;
        km_code rc = load(&l, KM_SQLITE, copy);
        assert_true(rc == KM_OK || rc == KM_STORE);
        km_arena_free(l.arena);
        test_free(copy);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parameter_keeps_its_number_on_sqlite),
        cmocka_unit_test(comments_go_and_quoted_text_stays),
        cmocka_unit_test(each_dialect_has_its_text),
        cmocka_unit_test(marks_may_stand_together),
        cmocka_unit_test(a_name_is_found_among_many_and_no_other),
        cmocka_unit_test(scripts_are_passed_over),
        cmocka_unit_test(what_is_not_a_query_is_refused_with_its_line),
        cmocka_unit_test(every_beginning_of_a_good_file_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
