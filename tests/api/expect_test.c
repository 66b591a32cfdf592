/* SPDX-License-Identifier: Apache-2.0
 *
 * What a path finds, what the verbs take for true, and how a reply is taken apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expect.h"
#include "wire.h"

static const char bundle[] =
    "{\"resourceType\":\"Bundle\",\"total\":2,\"price\":1.00,\"on\":true,\"none\":null,"
    "\"link\":[{\"relation\":\"self\",\"url\":\"/a?_count=1\"},{\"relation\":\"next\",\"url\":\"/"
    "b\"}],"
    "\"entry\":[{\"resource\":{\"id\":\"a\",\"name\":[{\"family\":\"山田\"}]}},"
    "{\"resource\":{\"id\":\"b\",\"tags\":[\"x\",\"y\"]}}],"
    "\"extension\":[{\"url\":\"http://x.org/v.1\",\"valueCode\":\"k\"}]}";

/* Runs `script`'s one expectation on the reply. */
static km_code judge(km_str *saved, const api_reply *r, km_arena *a, const char *expectation)
{
    api_script s;
    km_fault f = { 0 };
    km_str text = km_arena_print(a, "# One.\nGET /x\n=> %s\n", expectation);
    assert_int_equal(api_script_parse(&s, a, text, &f), KM_OK);
    return api_expect(saved, a, r, &s.step[1], s.step[1].word, s.step[1].rest, &f);
}

static void check(const api_reply *r, const char *expectation, km_code wanted)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str saved;
    if (judge(&saved, r, a, expectation) != wanted)
        fail_msg("`%s` should have been %s", expectation, km_code_name(wanted));
    km_arena_free(a);
}

static const api_reply reply = { 200,
                                 KM_STR_INIT(
                                     "ETag: W/\"3\"\r\nlocation: /fhir/Patient/7/_history/1\r\n"
                                     "Vary: Accept\r\nVary: Prefer"),
                                 { bundle, sizeof bundle - 1 } };

static void what_is_so_holds(void **state)
{
    (void)state;
    static const char *const so[] = {
        "200",
        "201|200",
        "header etag is W/\"3\"",
        "header Location matches /fhir/Patient/*/_history/1",
        "header Vary count 2",
        "header Vary contains Prefer",
        "header Vary lacks Cookie",
        "header X-None absent",
        "json . exists",
        "json resourceType is Bundle",
        "json resourceType is \"Bundle\"",
        "json total is 2",
        "json price is 1.00",
        "json on is true",
        "json none is null",
        "json none exists",
        "json nothing absent",
        "json nothing count 0",
        "json entry count 2",
        "json entry[*].resource.id count 2",
        "json entry[*].resource.id contains b",
        "json entry[*].resource.id lacks c",
        "json entry[0].resource.name[0].family is \"山田\"",
        "json entry[1].resource.tags is [\"x\", \"y\"]",
        "json entry[1].resource.tags contains \"y\"",
        "json entry[*].resource.id matches *",
        "json entry[0].resource.id differs b",
        "json link[relation=next].url is /b",
        "json extension[url=http://x.org/v.1].valueCode is k",
        "json link[0] is {\"relation\":\"self\",\"url\":\"/a?_count=1\"}",
        "json link[0].url contains _count",
        "json entry[5].resource absent",
        "json resourceType[0] absent",
        "body contains 山田",
        "body lacks secret",
    };
    for (size_t i = 0; i < sizeof so / sizeof *so; i++)
        check(&reply, so[i], KM_OK);
}

static void what_is_not_so_does_not_hold(void **state)
{
    (void)state;
    static const char *const not_so[] = {
        "201",
        "201|204",
        "header etag is W/\"4\"",
        "header Location matches /fhir/Observation/*",
        "header X-None exists",
        "header X-None is anything",
        "header Vary is Accept", /* not every one is */
        "json total is \"2\"",   /* a number is no string */
        "json price is 1.0",
        "json nothing is null",
        "json nothing matches *",
        "json nothing differs x",
        "json none absent",
        "json entry count 3",
        "json entry[*].resource.id lacks a",
        "json entry[*].resource.id is a",
        "json entry[*].resource.id save $id",
        "json entry[1].resource.tags is [\"y\",\"x\"]",
        "json entry[1].resource.tags contains z",
        "json link[relation=prev].url exists",
        "json total contains 2x",
        "body contains secret",
        "body is x",
    };
    for (size_t i = 0; i < sizeof not_so / sizeof *not_so; i++)
        check(&reply, not_so[i], KM_INVALID);
}

static void a_path_that_is_none_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = { "json a..b exists",    "json entry[x] exists",
                                         "json entry[1 exists", "json entry. exists",
                                         "json entry[] exists", "json entry[-1] exists" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check(&reply, wrong[i], KM_MALFORMED);
    const api_reply text = { 200, KM_STR_INIT(""), KM_STR_INIT("not json") };
    check(&text, "json a exists", KM_MALFORMED);
}

static void a_value_is_saved_as_its_text(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str saved;
    assert_int_equal(judge(&saved, &reply, a, "json entry[0].resource.id save $id"), KM_OK);
    assert_true(km_str_is(saved, "a"));
    assert_int_equal(judge(&saved, &reply, a, "header ETag save $tag"), KM_OK);
    assert_true(km_str_is(saved, "W/\"3\""));
    assert_int_equal(judge(&saved, &reply, a, "json price save $p"), KM_OK);
    assert_true(km_str_is(saved, "1.00"));
    km_arena_free(a);
}

static void lines_of_ndjson_are_one_set(void **state)
{
    (void)state;
    const api_reply r = { 200, KM_STR_INIT(""),
                          KM_STR_INIT("{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n{\"x\":1}") };
    check(&r, "ndjson id count 2", KM_OK);
    check(&r, "ndjson . count 3", KM_OK);
    check(&r, "ndjson id contains b", KM_OK);
    check(&r, "ndjson id is a", KM_INVALID);
}

static void a_star_stands_for_any_text(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        { "", "", true },
        { "*", "", true },
        { "*", "abc", true },
        { "a*c", "abc", true },
        { "a*c", "ac", true },
        { "a*c", "abcd", false },
        { "a*b*c", "aXbbYc", true },
        { "*aab", "aaab", true },
        { "", "a", false },
        { "a", "", false },
        { "**a**", "bab", true },
        { "*a*", "bbb", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(api_glob(km_str_of(rows[i].pattern), km_str_of(rows[i].text)),
                         rows[i].matches);
}

static km_code take_apart(api_reply *out, km_arena *a, const char *bytes, bool head)
{
    return api_reply_parse(out, a, km_str_of(bytes), head, NULL);
}

static void chunks_are_joined(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    api_reply r;
    assert_int_equal(
        take_apart(
            &r, a,
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5;x=y\r\nab\r\nc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            false),
        KM_OK);
    assert_int_equal(r.status, 200);
    assert_true(km_str_is(r.body, "ab\r\nc0123456789"));
    km_arena_free(a);
}

static void a_reply_that_is_cut_off_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 xyz OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "SSH-2.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    api_reply r;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (take_apart(&r, a, wrong[i], false) != KM_MALFORMED)
            fail_msg("taken: %s", wrong[i]);
    assert_int_equal(take_apart(&r, a, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true),
                     KM_OK);
    assert_int_equal(take_apart(&r, a, "HTTP/1.1 200 OK\r\n\r\nbody", true), KM_MALFORMED);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_so_holds),
        cmocka_unit_test(what_is_not_so_does_not_hold),
        cmocka_unit_test(a_path_that_is_none_is_told),
        cmocka_unit_test(a_value_is_saved_as_its_text),
        cmocka_unit_test(lines_of_ndjson_are_one_set),
        cmocka_unit_test(a_star_stands_for_any_text),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(a_reply_that_is_cut_off_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
