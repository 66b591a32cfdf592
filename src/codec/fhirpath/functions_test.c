/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions, group by group of the table.
 */
#include "codec/fhirpath/asking.h"
#include "codec/fhirpath/regex.h"

static km_jv patient(void)
{
    return read_json(
        "{\"resourceType\":\"Patient\",\"active\":true,\"gender\":\"male\",\"birthDate\":"
        "\"1974-12-25\",\"deceasedBoolean\":false,"
        "\"name\":[{\"use\":\"official\",\"family\":\"Chalmers\",\"given\":[\"Peter\",\"James\"]},"
        "{\"use\":\"usual\",\"given\":[\"Jim\"]},{\"use\":\"maiden\",\"family\":\"Windsor\","
        "\"given\":[\"Peter\",\"James\"]}],"
        "\"telecom\":[{\"value\":\"a\"},{\"system\":\"phone\",\"value\":\"b\"},{\"system\":"
        "\"email\","
        "\"value\":\"c\"}]}");
}

static void existence_is_asked(void **state)
{
    static const asked rows[] = {
        { "name.exists()", "true" },
        { "name.exists(use = 'nickname')", "false" },
        { "name.exists(use = 'usual')", "true" },
        { "contact.exists()", "false" },
        { "contact.empty()", "true" },
        { "name.all(given.exists())", "true" },
        { "name.all(family.exists())", "false" },
        { "{}.all(false)", "true" },
        { "name.select(given.exists()).allTrue()", "true" },
        { "name.select(family.exists()).allTrue()", "false" },
        { "name.select(family.exists()).anyTrue()", "true" },
        { "name.select(family.exists()).anyFalse()", "true" },
        { "name.select(family.exists()).allFalse()", "false" },
        { "name.count()", "3" },
        { "name.given.distinct()", "\"Peter\", \"James\", \"Jim\"" },
        { "name.given.isDistinct()", "false" },
        { "name.first().subsetOf($this.name)", "true" },
        { "name.subsetOf($this.name.first())", "false" },
        { "name.supersetOf($this.name.first())", "true" },
        { "Patient.deceased.exists() and Patient.deceased != false", "false" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
    expect_fault(KM_JV_NONE, "(true | 'foo').allTrue()", KM_BAD_VALUE, 16);
}

static void collections_are_filtered_and_shaped(void **state)
{
    static const asked rows[] = {
        { "Patient.telecom.where(system='email').value", "\"c\"" },
        { "Patient.name.where(given = 'Jim').use", "\"usual\"" },
        { "Patient.name.where($index = 1).use", "\"usual\"" },
        { "Patient.name.given.where(substring($this.length()-3) = 'ter')", "\"Peter\", \"Peter\"" },
        { "name.select(given.first())", "\"Peter\", \"Jim\", \"Peter\"" },
        { "telecom.select(iif(value='b', $index, {}))", "1" },
        { "(1|2|3).aggregate($this + $total, 0)", "6" },
        { "(4|2|9).aggregate(iif($total.empty(), $this, iif($this < $total, $this, $total)))",
          "2" },
        { "(3|1|2).sort()", "1, 2, 3" },
        { "(3|1|2).sort(-$this)", "3, 2, 1" },
        { "name.sort(-family, use).use", "\"usual\", \"maiden\", \"official\"" },
        { "name.trace('x').count()", "3" },
        { "('context').iif($this = 'context', 'yes', 'no')", "\"yes\"" },
        { "iif({}, 1)", "" },
        { "name.select(use | given).count()", "8" },
        { "name.select(use.union(given)).count()", "8" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
    expect_fault(KM_JV_NONE, "(1|2).iif(true, 1)", KM_BAD_VALUE, 7);
}

static void parts_and_sets_are_taken(void **state)
{
    static const asked rows[] = {
        { "(1|2|3).first()", "1" },
        { "(1|2|3).last()", "3" },
        { "{}.last()", "" },
        { "(1|2|3).tail()", "2, 3" },
        { "(1|2|3).skip(2)", "3" },
        { "(1|2|3).skip(-1)", "1, 2, 3" },
        { "(1|2|3).take(2)", "1, 2" },
        { "(1|2|3).take(99)", "1, 2, 3" },
        { "(7).single()", "7" },
        { "(1|2|3).intersect(2|4)", "2" },
        { "1.combine(1).intersect(1)", "1" },
        { "(1|2|3).exclude(2|4)", "1, 3" },
        { "1.combine(1).exclude(2)", "1, 1" },
        { "1.union(2.union(1))", "1, 2" },
        { "1.combine(1)", "1, 1" },
        { "2 in (1|2)", "true" },
        { "{} in (1|2)", "" },
        { "(1|2) contains 3", "false" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "(1|2).single()", KM_BAD_VALUE, 7);
    expect_fault(KM_JV_NONE, "(1|2)['a']", KM_BAD_VALUE, 6);
}

static void types_are_told_apart(void **state)
{
    static const asked rows[] = {
        { "1.is(Integer)", "true" },
        { "1.is(System.Integer)", "true" },
        { "1.is(Decimal)", "false" },
        { "1.0 is Decimal", "true" },
        { "true is Boolean", "true" },
        { "@2015.is(Date)", "true" },
        { "@2015.is(DateTime)", "false" },
        { "@2015T.is(DateTime)", "true" },
        { "@T14 is Time", "true" },
        { "1 day is Quantity", "true" },
        { "active.is(boolean)", "true" },
        { "active.is(Boolean)", "false" },
        { "active.is(FHIR.boolean)", "true" },
        { "gender.is(code)", "true" },
        { "gender.is(string)", "true" },
        { "gender.is(id)", "false" },
        { "gender.as(string)", "" },
        { "gender.ofType(code)", "\"male\"" },
        { "Patient.is(Patient)", "true" },
        { "Patient.is(Resource)", "true" },
        { "Patient.is(FHIR.`Patient`)", "true" },
        { "Patient.is(System.Patient)", "false" },
        { "name.ofType(HumanName).use", "\"official\", \"usual\", \"maiden\"" },
        { "1.type()", "<System.Integer>" },
        { "Patient.active.type().name", "\"boolean\"" },
        { "Patient.type().namespace", "\"FHIR\"" },
        { "{} is Integer", "" },
    };
    (void)state;
    EXPECT_ALL(patient(), rows);
    expect_fault(patient(), "name is HumanName", KM_BAD_VALUE, 6);
}

static void conversions_give_a_value_or_nothing(void **state)
{
    static const asked rows[] = {
        { "'1'.toInteger()", "1" },
        { "'+007'.toInteger()", "7" },
        { "'1.0'.toInteger()", "" },
        { "true.toInteger()", "1" },
        { "'1.10'.toDecimal()", "1.10" },
        { "'1.'.toDecimal()", "" },
        { "'1e3'.toDecimal()", "" },
        { "'-01.5'.toDecimal()", "-1.5" },
        { "true.toDecimal()", "1.0" },
        { "'y'.toBoolean()", "true" },
        { "'False'.toBoolean()", "false" },
        { "2.toBoolean()", "" },
        { "1.0.toBoolean()", "true" },
        { "'2015-02'.toDate()", "2015-02" },
        { "'2015-02-30'.toDate()", "" },
        { "@2015-02-04T10:00:00Z.toDate()", "2015-02-04" },
        { "'2015-02-04T14'.toDateTime()", "2015-02-04T14" },
        { "@2015.toDateTime()", "2015T" },
        { "'14:34'.toTime()", "T14:34" },
        { "'14:60'.toTime()", "" },
        { "'1 day'.toQuantity()", "1 'day'" },
        { "'1 \\'wk\\''.toQuantity()", "1 'wk'" },
        { "'1 wk'.toQuantity()", "" },
        { "'1'.toQuantity()", "1 '1'" },
        { "1.toQuantity()", "1 '1'" },
        { "1.50.toString()", "\"1.50\"" },
        { "1 'wk'.toString()", "\"1 'wk'\"" },
        { "1 week.toString()", "\"1 week\"" },
        { "@2014-12-14.toString()", "\"2014-12-14\"" },
        { "'1.a'.convertsToDecimal()", "false" },
        { "1.convertsToBoolean()", "true" },
        { "{}.convertsToInteger()", "" },
        { "'x'.convertsToString()", "true" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_answer(patient(), "name.first().convertsToString()", "false");
    expect_fault(KM_JV_NONE, "(1|2).toInteger()", KM_BAD_VALUE, 7);
}

/* Places count characters, not bytes. */
static void strings_are_made_of_characters(void **state)
{
    static const asked rows[] = {
        { "'山田太郎'.length()", "4" },
        { "'山田太郎'.substring(2)", "\"太郎\"" },
        { "'山田太郎'.substring(1, 2)", "\"田太\"" },
        { "'山田太郎'.indexOf('太')", "2" },
        { "'山田'.toChars()", "\"山\", \"田\"" },
        { "'12345'.substring(25)", "" },
        { "'12345'.substring(-1)", "" },
        { "'12345'.substring(2, 99)", "\"345\"" },
        { "'12345'.substring(2, 0)", "\"\"" },
        { "'abcabc'.indexOf('c')", "2" },
        { "'abcabc'.lastIndexOf('c')", "5" },
        { "'abc'.indexOf('')", "0" },
        { "'abc'.indexOf('z')", "-1" },
        { "''.indexOf('z')", "-1" },
        { "'abc'.startsWith('ab')", "true" },
        { "'abc'.startsWith('')", "true" },
        { "'abc'.endsWith('bc')", "true" },
        { "'abc'.contains('')", "true" },
        { "'abc'.contains('bd')", "false" },
        { "'é-я'.upper()", "\"É-Я\"" },
        { "'ÀB'.lower()", "\"àb\"" },
        { "'123456'.replace('234', 'X')", "\"1X56\"" },
        { "'abc'.replace('', 'x')", "\"xaxbxcx\"" },
        { "'aaa'.replace('a', '')", "\"\"" },
        { "'  a b '.trim()", "\"a b\"" },
        { "'A,,C'.split(',')", "\"A\", \"\", \"C\"" },
        { "('a'|'b').join('-')", "\"a-b\"" },
        { "('a'|'b').join()", "\"ab\"" },
        { "{}.length()", "" },
        { "'a'.startsWith({})", "" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "1.length()", KM_BAD_VALUE, 3);
    expect_fault(KM_JV_NONE, "'a'.substring('b')", KM_BAD_VALUE, 5);
    expect_fault(patient(), "name.first().startsWith('a')", KM_BAD_VALUE, 14);
}

static void strings_are_encoded_and_escaped(void **state)
{
    static const asked rows[] = {
        { "'subjects?_d'.encode('base64')", "\"c3ViamVjdHM/X2Q=\"" },
        { "'subjects?_d'.encode('urlbase64')", "\"c3ViamVjdHM_X2Q=\"" },
        { "'c3ViamVjdHM_X2Q='.decode('urlbase64')", "\"subjects?_d\"" },
        { "'test'.encode('hex')", "\"74657374\"" },
        { "'74657374'.decode('hex')", "\"test\"" },
        { "'747'.decode('hex')", "" },
        { "'ff'.decode('hex')", "" },
        { "'\"1<2\"'.escape('html')", "\"&quot;1&lt;2&quot;\"" },
        { "'&quot;1&lt;2&amp;&quot;'.unescape('html')", "\"\\\"1<2&\\\"\"" },
        { "'\\\\\"1\\\\\"'.unescape('json') = '\"1\"'", "true" },
        { "'\"'.escape('json').length()", "2" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "'a'.encode('rot13')", KM_BAD_VALUE, 5);
}

static void patterns_match_as_elsewhere(void **state)
{
    static const asked rows[] = {
        { "'FHIR'.matches('fhir')", "false" },
        { "'A\\n\\t B'.matches('A.*B')", "true" },
        { "'http://x/Library/F|4'.matches('Library')", "true" },
        { "'http://x/Library/F|4'.matches('^Library$')", "false" },
        { "'http://x/Library/F|4'.matchesFull('Library')", "false" },
        { "'http://x/Library/F|4'.matchesFull('.*Library.*')", "true" },
        { "'2024-05-01'.matchesFull('\\\\d{4}-\\\\d{2}-\\\\d{2}')", "true" },
        { "'12'.matchesFull('[0-9]{3,}')", "false" },
        { "'a+b'.matchesFull('a\\\\+b')", "true" },
        { "'山田'.matchesFull('[一-龠]{2}')", "true" },
        { "'abc'.matchesFull('a|ab|abc')", "true" },
        { "'abab'.matchesFull('(?:ab)+')", "true" },
        { "'a.b'.matches('^\\\\w\\\\W\\\\w$')", "true" },
        { "'one two'.matches('\\\\btwo\\\\b')", "true" },
        { "'onetwo'.matches('\\\\btwo')", "false" },
        { "'x'.matches('[^a-w]')", "true" },
        { "'a{b'.matches('a{b')", "true" },
        { "'123456'.replaceMatches('234', 'X')", "\"1X56\"" },
        { "'abc'.replaceMatches('', 'x')", "\"abc\"" },
        { "'abc123'.replaceMatches('[0-9]', '-')", "\"abc---\"" },
        { "'2024-05-01'.replaceMatches('(?<y>\\\\d+)-(\\\\d+)-(\\\\d+)', '$3/$2/${y}')",
          "\"01/05/2024\"" },
        { "'aXbX'.replaceMatches('(a)|(b)', '[$1$2]')", "\"[a]X[b]X\"" },
        { "'aaa'.replaceMatches('a*?', '-')", "\"-a-a-a-\"" },
        { "'<a><b>'.replaceMatches('<.+?>', 'x')", "\"xx\"" },
        { "'<a><b>'.replaceMatches('<.+>', 'x')", "\"x\"" },
        { "'cost 5$'.replaceMatches('5', '$')", "\"cost $$\"" },
        { "'a'.matches({})", "" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "'a'.matches('(')", KM_BAD_VALUE, 5);
}

static void a_wrong_pattern_is_refused(void **state)
{
    static const char *const wrong[] = {
        "(",   ")",     "[a",      "a**",  "*a",     "a{3,2}", "(?=a)", "\\", "\\q",
        "\\1", "[b-a]", "a{1001}", "\\x4", "(?<>a)", "(?<n",   "[",     "[]", "((a{100}){100}){9}"
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        km_regex *x;
        if (km_regex__compile(&x, arena, km_str_of(wrong[i])) == NULL)
            fail_msg("%s is taken", wrong[i]);
    }
}

/* Patterns on which engines that try one way after the other take exponential time. */
static void a_hostile_pattern_costs_no_more_than_another(void **state)
{
    static const char *const patterns[] = { "(a*)*b", "(a|aa)+$", "(a?){25}a{25}", "(.*)(.*)(.*)x",
                                            "((a*)*)*" };
    char text[2001];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        km_regex *x;
        km_regex_hit hit;
        assert_null(km_regex__compile(&x, arena, km_str_of(patterns[i])));
        km_regex__find(&hit, x, arena, (km_str){ text, sizeof text }, 0, false);
    }
}

static void mathematics_stays_within_decimals(void **state)
{
    static const asked rows[] = {
        { "(-5).abs()", "5" },
        { "(-5.5).abs()", "5.5" },
        { "(-5.5 'mg').abs()", "5.5 'mg'" },
        { "1.1.ceiling()", "2" },
        { "(-1.1).ceiling()", "-1" },
        { "(-2.1).floor()", "-3" },
        { "2.1.floor()", "2" },
        { "(-1.56).truncate()", "-1" },
        { "3.14159.round(3)", "3.142" },
        { "2.5.round()", "3" },
        { "(-2.5).round()", "-3" },
        { "1.round()", "1" },
        { "(1.2 / 1.8).round(2)", "0.67" },
        { "81.sqrt()", "9" },
        { "(-1).sqrt()", "" },
        { "0.exp()", "1" },
        { "1.ln()", "0" },
        { "0.ln()", "" },
        { "16.log(2)", "4" },
        { "2.power(3)", "8" },
        { "2.5.power(2)", "6.25" },
        { "2.power(-1)", "0.5" },
        { "(-1).power(0.5)", "" },
        { "10.power(30)", "" },
        { "{}.exp()", "" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
    expect_fault(KM_JV_NONE, "'a'.abs()", KM_BAD_VALUE, 5);
}

/* The clock is the caller's, shown as it stands on a wall in Japan. */
static void time_is_told_by_the_caller(void **state)
{
    static const asked rows[] = {
        { "now()", "2024-05-01T21:34:56.789+09:00" },
        { "today()", "2024-05-01" },
        { "timeOfDay()", "T21:34:56.789" },
        { "now() = now()", "true" },
        { "now() > today()", "" },
        { "today() - 1 year > @2020", "true" },
    };
    (void)state;
    EXPECT_ALL(KM_JV_NONE, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(existence_is_asked),
        cmocka_unit_test(collections_are_filtered_and_shaped),
        cmocka_unit_test(parts_and_sets_are_taken),
        cmocka_unit_test(types_are_told_apart),
        cmocka_unit_test(conversions_give_a_value_or_nothing),
        cmocka_unit_test(strings_are_made_of_characters),
        cmocka_unit_test(strings_are_encoded_and_escaped),
        cmocka_unit_test(patterns_match_as_elsewhere),
        cmocka_unit_test(a_wrong_pattern_is_refused),
        cmocka_unit_test(a_hostile_pattern_costs_no_more_than_another),
        cmocka_unit_test(mathematics_stays_within_decimals),
        cmocka_unit_test(time_is_told_by_the_caller),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
