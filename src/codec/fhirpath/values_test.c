/* SPDX-License-Identifier: Apache-2.0
 *
 * Equality, order, arithmetic and logic of values.
 */
#include "codec/fhirpath/asking.h"

static void equality_is_by_value_and_empty_where_it_cannot_be_told(void **state)
{
    static const asked rows[] = {
        { "1 = 1.0", "true" },
        { "1.10 = 1.1", "true" },
        { "123456789012345678901234567890.1 = 123456789012345678901234567890.10", "true" },
        { "'a' = 'A'", "false" },
        { "1 = '1'", "false" },
        { "{} = {}", "" },
        { "true = {}", "" },
        { "true != false", "true" },
        { "(1|2) = (1|2)", "true" },
        { "(1|2) = (2|1)", "false" },
        { "(1|2) = 1", "false" },
        { "@2012-04-15 = @2012-04-15T10:00:00", "" },
        { "@2012-04-15 = @2012-04-16T10:00:00", "false" },
        { "@2012-04-15T15:30:31 = @2012-04-15T15:30:31.0", "true" },
        { "@2012-04-15T15:00:00Z = @2012-04-15T10:00:00", "" },
        { "@2012-04-15T15:00:00Z = @2012-04-17T10:00:00", "false" },
        { "@2012-04-15T15:00:00+02:00 = @2012-04-15T16:00:00+03:00", "true" },
        { "@2012 = @T12:00", "false" },
        { "4 'g' = 4.0 'g'", "true" },
        { "4 'g' = 4000 'mg'", "" },
        { "7 days = 1 week", "true" },
        { "1 day = 1 'd'", "true" },
        { "1 month = 1 'mo'", "" },
        { "1 year = 2 years", "false" },
        { "1 = 1 '1'", "true" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

static void equivalence_always_answers(void **state)
{
    static const asked rows[] = {
        { "{} ~ {}", "true" },
        { "1 ~ {}", "false" },
        { "'A  b' ~ 'a  B'", "true" },
        { "'\xC3\x89' ~ '\xC3\xA9'", "true" },
        { "1.2 / 1.8 ~ 0.67", "true" },
        { "0.66 ~ 0.67", "false" },
        { "(1|2|3) ~ (3|2|1)", "true" },
        { "(1|2|3) ~ (3|2)", "false" },
        { "@2012-04-15 ~ @2012-04-15T10:00:00", "false" },
        { "1 !~ 2", "true" },
        { "4.0 'g' ~ 4 'g'", "true" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

static void elements_are_equal_when_all_of_them_is(void **state)
{
    km_jv root = read_json(
        "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"F\",\"given\":[\"a\",\"b\"]},"
        "{\"given\":[\"a\",\"b\"],\"family\":\"F\"},{\"family\":\"f\",\"given\":[\"A\",\"b\"]},"
        "{\"family\":\"F\",\"given\":[\"b\",\"a\"]},{\"family\":\"F\"}]}");
    static const asked rows[] = {
        { "name[0] = name[1]", "true" },        { "name[0] = name[2]", "false" },
        { "name[0] ~ name[2]", "true" },        { "name[0] = name[3]", "false" },
        { "name[0] = name[4]", "false" },       { "name.distinct().count()", "4" },
        { "(name[0] | name[1]).count()", "1" }, { "name = name", "true" },
        { "name contains name[3]", "true" },    { "name[0] in name", "true" },
        { "name[0] = 'F'", "false" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
}

/* Beyond a few items what is there already is found by a hash, which must see no difference
 * where `=` sees none, and none the less tell the rest apart. */
static void what_is_equal_is_distinct_once_in_small_and_in_large(void **state)
{
    static const char *const many[] = { "1|2|3|4|5|6|7|8|9",
                                        "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21" };
    static const struct {
        const char *a, *b;
        bool equal;
    } pairs[] = {
        { "100", "100.0", true },
        { "100.10", "100.1 '1'", true },
        { "7 days", "1 week", true },
        { "60 'min'", "1 hour", true },
        { "5 'g'", "5.00 'g'", true },
        { "5 'g'", "5 'kg'", false },
        { "@2020-01-01T09:00:00+09:00", "@2020-01-01T00:00:00Z", true },
        { "@2020-01-01", "@2020-01", false },
        { "@T10:00:00", "@T10:00:00.0", true },
        { "'x'", "'X'", false },
        { "true", "'true'", false },
        { "name[0]", "name[1]", true },
        { "name[0]", "name[2]", false },
        { "9007199254740993", "9007199254740993.0", true },
        { "9007199254740993", "9007199254740992.0", false },
    };
    km_jv root = read_json("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"F\",\"given\":"
                           "[\"a\"]},{\"given\":[\"a\"],\"family\":\"F\"},{\"family\":\"a\"}]}");
    (void)state;
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            const char *text = km_arena_z(
                arena, km_arena_print(arena, "(%s|%s|%s).count() - (%s|%s).count() = %d", many[m],
                                      pairs[i].a, pairs[i].b, many[m], pairs[i].a,
                                      pairs[i].equal ? 0 : 1));
            expect_answer(root, text, "true");
        }
}

static void thousands_of_items_are_made_distinct_within_the_steps(void **state)
{
    km_buf b = km_buf_in(arena);
    (void)state;
    km_buf_z(&b, "{\"a\":[");
    for (int i = 0; i < 20000; i++)
        km_buf_print(&b, "%s\"%d\"", i ? "," : "", i % 15000);
    km_buf_z(&b, "]}");
    km_buf_char(&b, '\0');
    km_jv root = read_json(b.p);
    expect_answer(root, "(a | a).count()", "15000");
    expect_answer(root, "a.distinct().count()", "15000");
    expect_answer(root, "a.isDistinct()", "false");
    expect_answer(root, "repeat(a).count()", "15000");
}

static void order_follows_the_kind(void **state)
{
    static const asked rows[] = {
        { "1 < 1.5", "true" },
        { "2 > 10", "false" },
        { "0.1 <= 0.10", "true" },
        { "'a' < 'b'", "true" },
        { "'Z' < 'a'", "true" },
        { "@2018-03 < @2018-03-01", "" },
        { "@2018-03 < @2018-04-01", "true" },
        { "@2018-03-01T10:30:00 <= @2018-03-01T10:30:00.0", "true" },
        { "@T10:30 < @T10:30:00", "" },
        { "@T10:30 < @T10:31:00", "true" },
        { "@2017-11-05T01:30:00.0-04:00 < @2017-11-05T01:15:00.0-05:00", "true" },
        { "6 days < 1 week", "true" },
        { "1 'kg' < 2 'g'", "" },
        { "1 < {}", "" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "1 < 'a'", KM_BAD_VALUE, 3);
    expect_fault(KM_JV_NONE, "(1|2) < 3", KM_BAD_VALUE, 7);
    expect_fault(KM_JV_NONE, "true < false", KM_BAD_VALUE, 6);
}

static void elements_of_fhir_count_as_their_values(void **state)
{
    km_jv root = read_json(
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"issued\":"
        "\"2020-01-01T00:00:00+09:00\",\"valueQuantity\":{\"value\":185,\"unit\":"
        "\"lbs\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"[lb_av]\"},"
        "\"component\":[{\"valueQuantity\":{\"value\":1,\"comparator\":\"<\"}},"
        "{\"valueInteger\":5}]}");
    static const asked rows[] = {
        { "value = 185 '[lb_av]'", "true" },
        { "value != 185 'kg'", "" },
        { "value < 200 '[lb_av]'", "true" },
        { "value.value > 180.0", "true" },
        { "value.value + 1", "186" },
        { "component[1].value * 2", "10" },
        { "issued < @2020-01-01T00:00:00Z", "true" },
        { "issued = @2019-12-31T15:00:00Z", "true" },
        { "status = 'final'", "true" },
        { "status & '!'", "\"final!\"" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
    expect_fault(root, "component[0].value < 2 '1'", KM_BAD_VALUE, 20);
}

static void arithmetic_is_exact_and_empty_where_there_is_no_answer(void **state)
{
    static const asked rows[] = {
        { "1.8 - 1.2", "0.6" },
        { "0.1 + 0.2", "0.3" },
        { "1.2 * 1.8", "2.16" },
        { "1 / 2", "0.5" },
        { "2 / 3", "0.6666666666666667" },
        { "4.0 / 2.0", "2" },
        { "1 / 0", "" },
        { "5 div 2", "2" },
        { "-5 div 2", "-2" },
        { "-5 mod 3", "-2" },
        { "2.2 div 1.8", "1" },
        { "2.2 mod 1.8", "0.4" },
        { "5 mod 0", "" },
        { "9223372036854775807 + 1", "" },
        { "9223372036854775807 * 9223372036854775807", "" },
        { "-(9223372036854775807) - 2", "" },
        { "99999999999999999999999999999999999.0 * 100.0", "" },
        { "0.0000000000000000001 * 0.0000000000000000001", "" },
        { "'a' + 'b'", "\"ab\"" },
        { "'a' + {}", "" },
        { "'a' & {} & 'b'", "\"ab\"" },
        { "1 'g' + 2.5 'g'", "3.5 'g'" },
        { "1 'g' + 1 'mg'", "" },
        { "3 'm' / 2 'm'", "1.5 '1'" },
        { "3 'm' * 2", "6 'm'" },
        { "-(5.5 'mg')", "-5.5 'mg'" },
        { "-0.0", "0.0" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "'a' - 'b'", KM_BAD_VALUE, 5);
    expect_fault(KM_JV_NONE, "-1.convertsToInteger()", KM_BAD_VALUE, 1);
    expect_fault(KM_JV_NONE, "(1|2|3) & 'b'", KM_BAD_VALUE, 9);
}

static void dates_move_by_calendar_durations(void **state)
{
    static const asked rows[] = {
        { "@1973-12-25 + 7 days", "1974-01-01" },
        { "@1973-12-25 + 7.7 days", "1974-01-01" },
        { "@1973-12-25 + 1 'wk'", "1974-01-01" },
        { "@2024-01-31 + 1 month", "2024-02-29" },
        { "@2024-02-29 + 1 year", "2025-02-28" },
        { "@2024-03-31 - 1 month", "2024-02-29" },
        { "@2024-01-15 - 13 months", "2022-12-15" },
        { "@2014 + 24 months", "2016" },
        { "@2014-03 + 40 days", "2014-04" },
        { "@2016 + 365 days", "2017" },
        { "@1973-12-25T00:00:00.000+10:00 + 1 second", "1973-12-25T00:00:01.000+10:00" },
        { "@1973-12-25T00:00:00.000+10:00 - 1 'ms'", "1973-12-24T23:59:59.999+10:00" },
        { "@1973-12-25T23:30:00Z + 90 minutes", "1973-12-26T01:00:00Z" },
        { "@1973-12-25T00:00:00Z + 0.5 seconds", "1973-12-25T00:00:00.500Z" },
        { "@T23:30:00 + 1 hour", "T00:30:00" },
        { "@9999-12-31 + 1 day", "" },
        { "@0001-01-01 - 1 day", "" },
        { "@0001 - 1 year", "" },
        { "@2024-01-01 + 99999999999999 years", "" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "@1973-12-25 + 1 'mo'", KM_BAD_VALUE, 13);
    expect_fault(KM_JV_NONE, "@1973-12-25 + 7", KM_BAD_VALUE, 13);
    expect_fault(KM_JV_NONE, "@1973-12-25 - 1 'cm'", KM_BAD_VALUE, 13);
}

/* The whole tables of FHIRPath 6.5: rows true, false, empty. */
static void logic_has_three_values(void **state)
{
    static const char *const sides[] = { "true", "false", "{}" };
    static const struct {
        const char *op;
        const char *answer[3][3];
    } tables[] = {
        { "and", { { "true", "false", "" }, { "false", "false", "false" }, { "", "false", "" } } },
        { "or", { { "true", "true", "true" }, { "true", "false", "" }, { "true", "", "" } } },
        { "xor", { { "false", "true", "" }, { "true", "false", "" }, { "", "", "" } } },
        { "implies", { { "true", "false", "" }, { "true", "true", "true" }, { "true", "", "" } } },
    };
    (void)state;
    for (size_t t = 0; t < 4; t++)
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++) {
                const char *text = km_arena_z(
                    arena, km_arena_print(arena, "%s %s %s", sides[i], tables[t].op, sides[j]));
                expect_answer(KM_JV_NONE, text, tables[t].answer[i][j]);
            }
}

static void one_item_is_true_and_several_are_a_fault(void **state)
{
    static const asked rows[] = { { "true and 'foo'", "true" },
                                  { "(0).not()", "false" },
                                  { "{}.not()", "" } };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "(1|2).not()", KM_BAD_VALUE, 7);
    expect_fault(KM_JV_NONE, "true and (1|2)", KM_BAD_VALUE, 6);
    expect_fault(KM_JV_NONE, "iif(1 | 2, true, false)", KM_BAD_VALUE, 1);
}

static void what_is_decided_is_not_asked_further(void **state)
{
    static const asked rows[] = {
        { "false and (1|2).not()", "false" },
        { "true or (1|2).not()", "true" },
        { "iif(true, 1, (1|2).not())", "1" },
        { "iif(false, (1|2).not(), 2)", "2" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

static void items_true_reads_a_collection_as_a_condition(void **state)
{
    km_item yes = { .kind = KM_ITEM_BOOL, .number = 1 }, no = { .kind = KM_ITEM_BOOL };
    km_item fhir_no = { .kind = KM_ITEM_JSON, .v = read_json("false") };
    km_item text = { .kind = KM_ITEM_STRING, .text = KM_STR("x") };
    (void)state;
    assert_true(km_items_true(&(km_items){ &yes, 1, 1 }));
    assert_false(km_items_true(&(km_items){ &no, 1, 1 }));
    assert_false(km_items_true(&(km_items){ &fhir_no, 1, 1 }));
    assert_true(km_items_true(&(km_items){ &text, 1, 1 }));
    assert_false(km_items_true(&(km_items){ NULL, 0, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_by_value_and_empty_where_it_cannot_be_told),
        cmocka_unit_test(equivalence_always_answers),
        cmocka_unit_test(elements_are_equal_when_all_of_them_is),
        cmocka_unit_test(what_is_equal_is_distinct_once_in_small_and_in_large),
        cmocka_unit_test(thousands_of_items_are_made_distinct_within_the_steps),
        cmocka_unit_test(order_follows_the_kind),
        cmocka_unit_test(elements_of_fhir_count_as_their_values),
        cmocka_unit_test(arithmetic_is_exact_and_empty_where_there_is_no_answer),
        cmocka_unit_test(dates_move_by_calendar_durations),
        cmocka_unit_test(logic_has_three_values),
        cmocka_unit_test(one_item_is_true_and_several_are_a_fault),
        cmocka_unit_test(what_is_decided_is_not_asked_further),
        cmocka_unit_test(items_true_reads_a_collection_as_a_condition),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
