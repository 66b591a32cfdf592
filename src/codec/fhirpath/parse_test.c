/* SPDX-License-Identifier: Apache-2.0
 *
 * What is an expression, what is none, and where that is seen.
 */
#include "codec/fhirpath/asking.h"

static void operators_bind_as_the_specification_lists_them(void **state)
{
    static const asked rows[] = {
        { "1+2*3+4", "11" },
        { "(1+2)*3", "9" },
        { "-2 + 3", "1" },
        { "- - 2", "2" },
        { "2 - -1", "3" },
        { "1 | 1 is Integer", "1, true" },
        { "true and '0215' in ('0215' | '0216')", "true" },
        { "1 < 2 = true", "true" },
        { "false implies 1 > 2 or false", "true" },
        { "true or true and false", "true" },
        { "'a' & 'b' = 'ab'", "true" },
        { "7 - 2 - 1", "4" },
        { "8 / 4 / 2", "1" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

static void comments_are_blanks(void **state)
{
    static const asked rows[] = {
        { "2 + 2 // and no more", "4" },
        { "// before\n 2 + /* + * $@%^ */ 2", "4" },
        { "2 // half\n / 2", "1" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "2 + 2 /* no end", KM_BAD_VALUE, 7);
}

static void literals_mean_what_they_say(void **state)
{
    static const asked rows[] = {
        { "'\\\\ \\/ \\' \\\" \\` \\u002a \\uD83D\\uDE00'",
          "\"\\\\ / ' \\\" ` * \xF0\x9F\x98\x80\"" },
        { "10.1 'mg'", "10.1 'mg'" },
        { "4 days", "4 'days'" },
        { "@2015", "2015" },
        { "@2015T", "2015T" },
        { "@2015-02-04T14:34:28.123+10:00", "2015-02-04T14:34:28.123+10:00" },
        { "@T14:34", "T14:34" },
        { "{}", "" },
        { "true | false", "true, false" },
        { "007", "7" },
        { "1.50", "1.50" },
        { "%ucum", "\"http://unitsofmeasure.org\"" },
        { "%`vs-administrative-gender`", "\"http://hl7.org/fhir/ValueSet/administrative-gender\"" },
        { "%'ext-patient-birthTime'",
          "\"http://hl7.org/fhir/StructureDefinition/patient-birthTime\"" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

static void keywords_are_names_where_names_stand(void **state)
{
    km_jv root = read_json("{\"resourceType\":\"?\",\"contains\":1,\"is\":2,\"as\":3,\"in\":4,"
                           "\"day\":5,\"two words\":6}");
    static const asked rows[] = {
        { "contains", "1" }, { "is + as", "5" },     { "in in (in | 5)", "true" },
        { "day", "5" },      { "`two words`", "6" }, { "$this.`contains`", "1" },
    };
    (void)state;
    EXPECT_ALL(root, rows);
}

static void what_is_wrong_is_told_with_its_column(void **state)
{
    static const struct {
        const char *text;
        uint32_t column;
    } rows[] = {
        { "", 1 },
        { "2 + 2 /", 8 },
        { "name.", 6 },
        { "name..given", 6 },
        { "(1", 3 },
        { "1)", 2 },
        { "a b", 3 },
        { "name.where()", 12 },
        { "name.where(1, 2)", 13 },
        { "name.conformsTo('x')", 6 },
        { "1 + frobnicate()", 5 },
        { "value as Nonsense", 10 },
        { "ofType(FHIR.Nonsense)", 8 },
        { "'abc", 1 },
        { "'a\\q'", 5 },
        { "@2015-02-30", 1 },
        { "@T25:00", 1 },
        { "@T14:34:28Z.is(Time)", 11 },
        { "@T14:34:28+10:00", 14 },
        { "%unknown", 1 },
        { "$those", 1 },
        { "a ? b", 3 },
        { "'\\ud800'", 8 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_fault(KM_JV_NONE, rows[i].text, KM_BAD_VALUE, rows[i].column);
}

static void a_function_that_is_not_there_is_named(void **state)
{
    (void)state;
    expect_fault(KM_JV_NONE, "1 + frobnicate()", KM_BAD_VALUE, 5);
    assert_string_equal(fault.detail, "no such function: frobnicate()");
}

static void lines_are_counted(void **state)
{
    (void)state;
    expect_fault(KM_JV_NONE, "1 +\n  ?", KM_BAD_VALUE, 3);
    assert_int_equal(fault.line, 2);
}

/* n times `each`, then `middle`, then n times `close`. */
static const char *nested(unsigned n, const char *each, const char *middle, const char *close)
{
    km_buf b = km_buf_in(arena);
    for (unsigned i = 0; i < n; i++)
        km_buf_z(&b, each);
    km_buf_z(&b, middle);
    for (unsigned i = 0; i < n; i++)
        km_buf_z(&b, close);
    km_buf_char(&b, '\0');
    return b.p;
}

static void depth_is_limited_however_it_comes_about(void **state)
{
    static const struct {
        const char *each, *middle, *close;
    } ways[] = {
        { "(", "1", ")" },       { "1 + (", "1", ")" }, { "iif(true, ", "1", ")" },
        { "", "1", ".first()" }, { "", "1", " + 1" },   { "", "1", "[0]" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const char *answer;
        const char *few = nested(40, ways[i].each, ways[i].middle, ways[i].close);
        const char *many = nested(2000, ways[i].each, ways[i].middle, ways[i].close);
        assert_int_equal(ask_code(&answer, KM_JV_NONE, few, 0), KM_OK);
        assert_int_equal(ask_code(&answer, KM_JV_NONE, many, 0), KM_BAD_VALUE);
    }
}

static void members_and_unions_are_no_depth(void **state)
{
    km_jv root = read_json("{\"a\":1}");
    const char *answer;
    (void)state;
    expect_answer(root, nested(300, "", "a", " | a"), "1");
    assert_int_equal(ask_code(&answer, root, nested(300, "", "a", ".b"), 0), KM_OK);
    assert_string_equal(answer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_bind_as_the_specification_lists_them),
        cmocka_unit_test(comments_are_blanks),
        cmocka_unit_test(literals_mean_what_they_say),
        cmocka_unit_test(keywords_are_names_where_names_stand),
        cmocka_unit_test(what_is_wrong_is_told_with_its_column),
        cmocka_unit_test(a_function_that_is_not_there_is_named),
        cmocka_unit_test(lines_are_counted),
        cmocka_unit_test(depth_is_limited_however_it_comes_about),
        cmocka_unit_test(members_and_unions_are_no_depth),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
