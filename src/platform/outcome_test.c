/* SPDX-License-Identifier: Apache-2.0
 *
 * OperationOutcomes: the text to the byte, the headers that go with it, and that no refusal repeats
 * what it refused.
 */
#include "platform/node_test.h"

#include "platform/change.h"

static void check_text(km_arena *a, const km_fault *f, const char *wanted)
{
    km_buf out = km_buf_in(a);
    km_outcome_print(&out, f);
    km_str text = km_buf_str(&out);
    if (!km_str_is(text, wanted))
        fail_msg("%.*s\nshould have been\n%s", KM_STR_ARG(text), wanted);
}

static void a_fault_is_one_issue_with_its_path_and_place(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    km_fault f = { 0 };
    (void)state;
    (void)km_fail(&f, KM_INVALID, "Patient.birthDate", "month %d", 13);
    check_text(a, &f,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"invalid\",\"details\":{\"text\":\"the content does not follow its "
               "definition\"},\"diagnostics\":\"month 13\",\"expression\":[\"Patient.birthDate\"]}"
               "]}");
    km_fault_at(&f, 3, 14);
    check_text(a, &f,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"invalid\",\"details\":{\"text\":\"the content does not follow its "
               "definition\"},\"diagnostics\":\"month 13 (line 3, column 14)\",\"expression\":["
               "\"Patient.birthDate\"]}]}");
    km_arena_free(a);
}

static void what_is_not_known_is_left_out(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    km_fault bare = { .code = KM_NOT_FOUND },
             placed = { .code = KM_MALFORMED, .line = 1, .column = 2 };
    (void)state;
    check_text(a, &bare,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"not-found\",\"details\":{\"text\":\"no such record\"}}]}");
    check_text(a, &placed,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"structure\",\"details\":{\"text\":\"the text is not well-formed\"},"
               "\"diagnostics\":\"(line 1, column 2)\"}]}");
    km_arena_free(a);
}

static void whatever_stands_in_a_fault_every_code_is_well_formed_json(void **state)
{
    static const char *const details[] = {
        "", "\"", "\\", "\n\t\x01", "日本", "</script>", "%s%n"
    };
    (void)state;
    for (int code = 1; code < KM_CODES; code++)
        for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
            km_arena *a = km_arena_new(1 << 18);
            km_fault f = { 0 }, g = { 0 };
            km_buf out = km_buf_in(a);
            km_json *doc;
            (void)km_fail(&f, (km_code)code, details[i], "%s", details[i]);
            km_outcome_print(&out, &f);
            assert_int_equal(km_json_parse(&doc, a, km_buf_str(&out), NULL, &g), KM_OK);
            km_jv issue = km_jv_item(KM_JV_GET(km_json_root(doc), "issue"), 0);
            assert_true(km_str_is(km_jv_str(KM_JV_GET(issue, "severity")), "error"));
            assert_true(
                km_str_is(km_jv_str(KM_JV_GET(issue, "code")), km_code_issue((km_code)code)));
            assert_true(km_str_is(km_jv_str(KM_JV_GET(issue, "diagnostics")), details[i]));
            km_arena_free(a);
        }
}

static void several_issues_keep_their_order_and_severity(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    km_buf out = km_buf_in(a);
    const km_issue issues[] = {
        { "warning", KM_BROKEN_REFERENCE, KM_STR_NONE, KM_STR("one") },
        { "information", KM_UNKNOWN_PARAM, KM_STR("x"), KM_STR_NONE },
    };
    (void)state;
    km_outcome_issues(&out, issues, 2);
    km_str text = km_buf_str(&out);
    assert_true(km_str_is(
        text, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"warning\","
              "\"code\":\"business-rule\",\"details\":{\"text\":\"a reference leads nowhere\"},"
              "\"diagnostics\":\"one\"},{\"severity\":\"information\",\"code\":\"not-supported\","
              "\"details\":{\"text\":\"unknown search parameter or modifier\"},\"expression\":["
              "\"x\"]}]}"));
    km_arena_free(a);
}

static void check_refusal(km_code code, int status, const char *header, bool body)
{
    km_request r = { .call.arena = km_arena_new(1 << 16) };
    km_reply out = { 0 };
    km_fault f = { .code = code };
    km_refuse(&r, &f, &out);
    assert_int_equal(out.status, status);
    assert_int_equal(out.body.n > 0, body);
    assert_int_equal(out.headers, header != NULL ? 1 : 0);
    if (header != NULL)
        assert_true(km_str_is(out.header[0].name, header));
    if (body)
        assert_string_equal(out.type, "application/fhir+json;charset=utf-8");
    km_arena_free(r.call.arena);
}

/* When to come again is for the server to say, which knows how busy it is. */
static void a_refusal_has_the_status_of_its_code(void **state)
{
    (void)state;
    check_refusal(KM_NOT_FOUND, 404, NULL, true);
    check_refusal(KM_GONE, 410, NULL, true);
    check_refusal(KM_UNAUTHENTICATED, 401, "WWW-Authenticate", true);
    check_refusal(KM_BUSY, 503, NULL, true);
    check_refusal(KM_STOPPING, 503, NULL, true);
    check_refusal(KM_STORE, 500, NULL, true);
    check_refusal(KM_NOT_MODIFIED, 304, NULL, false); /* RFC 9110 15.4.5: no content */
}

/* --- no refusal repeats a value --- */

/* Every value here is a secret: its text must not come back. */
static const char secret_patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"zq1zq\",\"active\":true,"
    "\"identifier\":[{\"system\":\"urn:zq2zq\",\"value\":\"zq3zq\"}],"
    "\"name\":[{\"family\":\"zq4zq\",\"given\":[\"zq5zq\"],\"text\":\"zq6zq\"}],"
    "\"telecom\":[{\"system\":\"phone\",\"value\":\"zq7zq\"}],\"gender\":\"female\","
    "\"birthDate\":\"1961-05-05\",\"address\":[{\"line\":[\"zq8zq\"],\"city\":\"zq9zq\"}],"
    "\"multipleBirthInteger\":7,\"generalPractitioner\":[{\"reference\":\"Practitioner/zq10zq\"}]}";

/* The faults of reading it so; counts those that were refused. */
static void read_secret(km_str text, size_t *refused)
{
    km_arena *a = km_arena_new(1 << 20);
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f };
    km_jv resource;
    km_ftype type;
    if (km_change_read(&resource, &type, text, 0, &call) != KM_OK) {
        ++*refused;
        km_buf out = km_buf_in(a);
        km_outcome_print(&out, &f);
        if (km_test_says(km_buf_str(&out), "zq") || km_test_says(km_buf_str(&out), "1961"))
            fail_msg("a value of %.*s\nstands in %.*s", KM_STR_ARG(text),
                     KM_STR_ARG(km_buf_str(&out)));
    }
    km_arena_free(a);
}

static void no_refusal_repeats_a_value_it_refused(void **state)
{
    static const char wrong[] = "\"{}[],:01ntf\\u\x01\x80 ";
    char text[sizeof secret_patient];
    size_t n = sizeof secret_patient - 1, refused = 0;
    (void)state;
    km_fhir_load();
    read_secret((km_str){ secret_patient, n }, &refused);
    assert_int_equal(refused, 0);
    for (size_t cut = 0; cut < n; cut++)
        read_secret((km_str){ secret_patient, cut }, &refused);
    for (size_t at = 0; at < n; at++)
        for (size_t w = 0; w < sizeof wrong - 1; w++) {
            memcpy(text, secret_patient, n);
            text[at] = wrong[w];
            read_secret((km_str){ text, n }, &refused);
        }
    assert_true(refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_one_issue_with_its_path_and_place),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(whatever_stands_in_a_fault_every_code_is_well_formed_json),
        cmocka_unit_test(several_issues_keep_their_order_and_severity),
        cmocka_unit_test(a_refusal_has_the_status_of_its_code),
        cmocka_unit_test(no_refusal_repeats_a_value_it_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
