/* SPDX-License-Identifier: Apache-2.0
 *
 * What the script language takes and what it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script.h"

static km_code parse(api_script *out, km_fault *f, km_arena *a, const char *text)
{
    km_fault_clear(f);
    return api_script_parse(out, a, km_str_of(text), f);
}

static void is(km_str s, const char *wanted)
{
    if (!km_str_is(s, wanted))
        fail_msg("expected <%s>, got <%.*s>", wanted, KM_STR_ARG(s));
}

static void a_request_has_target_headers_and_body(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    api_script s;
    km_fault f;
    assert_int_equal(
        parse(&s, &f, a,
              "# A patient is kept.\r\n\r\nPOST /fhir/Patient\r\nA: b\r\nC: d\r\n\r\n"
              "{\r\n\r\n}\r\n\r\n  => 201|200\r\n=> json name[0].family is \"a b\"\r\n"),
        KM_OK);
    is(s.claim, "A patient is kept.");
    assert_int_equal(s.steps, 3);
    is(s.step[0].word, "POST");
    is(s.step[0].rest, "/fhir/Patient");
    is(s.step[0].headers, "A: b\r\nC: d");
    is(s.step[0].body, "{\r\n\r\n}");
    assert_int_equal(s.step[0].line, 3);
    is(s.step[1].rest, "201|200");
    is(s.step[2].word, "name[0].family");
    assert_int_equal(s.step[2].verb, API_IS);
    is(s.step[2].rest, "\"a b\"");
    is(s.step[2].text, "=> json name[0].family is \"a b\"");
    km_arena_free(a);
}

static void blocks_know_their_ends(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    api_script s;
    km_fault f;
    assert_int_equal(parse(&s, &f, a,
                           "# Blocks.\nrepeat 3\nrepeat 2\nGET /$i\n=> 200\nend\nend\n"
                           "concurrently 8\nDELETE /x\n=> 204|404\nend\n=> tally 204 is 1\n"),
                     KM_OK);
    assert_int_equal(s.step[0].partner, 5);
    assert_int_equal(s.step[1].partner, 4);
    assert_int_equal(s.step[5].partner, 0);
    assert_int_equal(s.step[6].partner, 9);
    assert_int_equal(s.step[6].count, 8);
    assert_int_equal(s.step[10].subject, API_TALLY);
    km_arena_free(a);
}

static void every_directive_is_taken(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    api_script s;
    km_fault f;
    assert_int_equal(
        parse(&s, &f, a,
              "# All.\nserve --open --x 1\nwith Authorization: Bearer $t\nset n 5\nstart\n"
              "stop\nkill\nrun rebuild index --data $data\n=> exit 0\n=> body contains ok\n"
              "GET /s\n=> eventually 200\n=> ndjson id count 3\n=> header X absent\n"
              "=> json id save $pid\n"),
        KM_OK);
    const api_kind kinds[] = { API_SERVE,  API_WITH,   API_SET,    API_START,  API_STOP,
                               API_KILL,   API_RUN,    API_EXPECT, API_EXPECT, API_REQUEST,
                               API_EXPECT, API_EXPECT, API_EXPECT, API_EXPECT };
    assert_int_equal(s.steps, sizeof kinds / sizeof *kinds);
    for (uint32_t i = 0; i < s.steps; i++)
        assert_int_equal(s.step[i].kind, kinds[i]);
    is(s.step[1].word, "Authorization");
    is(s.step[1].rest, "Bearer $t");
    is(s.step[0].rest, "--open --x 1");
    is(s.step[13].rest, "$pid");
    km_arena_free(a);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
    } wrong[] = {
        { "", 0 },
        { "GET /x\n=> 200\n", 1 },
        { "# No stop\nGET /x\n=> 200\n", 1 },
        { "# Nothing.\n", 1 },
        { "# No expectation.\nGET /x\n", 2 },
        { "# Swallowed.\nGET /x\n\nGET /y\n=> 200\n", 4 },
        { "# No reply.\n=> 200\n", 2 },
        { "# No reply.\nset a 1\n=> json a is 1\n", 3 },
        { "# Verb.\nGET /x\n=> json a equals 1\n", 3 },
        { "# Value.\nGET /x\n=> json a is\n", 3 },
        { "# Value.\nGET /x\n=> json a absent 1\n", 3 },
        { "# Status.\nGET /x\n=> 200 or 201\n", 3 },
        { "# Save.\nGET /x\n=> json id save pid\n", 3 },
        { "# Header.\nGET /x\nnot a header\n=> 200\n", 3 },
        { "# Open.\nrepeat 2\nGET /x\n=> 200\n", 4 },
        { "# End.\nend\n", 2 },
        { "# Count.\nrepeat many\nend\n", 2 },
        { "# Nested.\nrepeat 2\nconcurrently 2\nend\nend\n", 3 },
        { "# Stop.\nconcurrently 2\nstop\nend\n", 3 },
        { "# Word.\nwait 5\n", 2 },
        { "# With.\nwith Accept\n", 2 },
        { "# Set.\nset Big 1\n", 2 },
        { "# More.\nstart now\n", 2 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
        api_script s;
        km_fault f;
        if (parse(&s, &f, a, wrong[i].text) != KM_MALFORMED || f.line != wrong[i].line)
            fail_msg("<%s>: line %u: %s", wrong[i].text, f.line, f.detail);
        km_arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_target_headers_and_body),
        cmocka_unit_test(blocks_know_their_ends),
        cmocka_unit_test(every_directive_is_taken),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
