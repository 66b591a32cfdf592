/* SPDX-License-Identifier: Apache-2.0
 *
 * What somebody may not see is answered in the very bytes of what does not exist: status, headers
 * and body, whatever is asked. A clinician without the person's consent asks for a record that is
 * there and for one that is not. KUMIHIMO names the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "node.h"
#include "trust/who/demo.h"
#include "wire.h"

static api_node node;
static km_arena *arena;
static char operator_header[160], clinician_header[4096];

static api_reply ask(const char *method, km_str target, const char *headers, km_str body)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    if (api_send(&r, arena, node.port, km_str_of(method), target, km_str_of(headers), body, &f)
        != KM_OK)
        fail_msg("%s %.*s: %s", method, KM_STR_ARG(target), f.detail);
    return r;
}

static void put(const char *target, km_str body)
{
    char headers[256];
    snprintf(headers, sizeof headers, "%sContent-Type: application/fhir+json\n", operator_header);
    api_reply r = ask("PUT", km_str_of(target), headers, body);
    if (r.status != 201)
        fail_msg("PUT %s: %d %.*s", target, r.status, KM_STR_ARG(r.body));
}

static void take_operator(void)
{
    char path[128];
    km_str text;
    km_fault f = { 0 };
    snprintf(path, sizeof path, "%s/node/keys/token", node.dir);
    assert_int_equal(api_read_file(&text, arena, path, &f), KM_OK);
    snprintf(operator_header, sizeof operator_header, "Authorization: Bearer %.64s\n", text.p);
}

static void take_clinician(void)
{
    char path[128];
    km_fault f = { 0 };
    km_str token;
    km_roles *roles = km_roles_new();
    km_call call = {
        .arena = arena, .fault = &f, .clock = &km_clock_real, .random = &km_random_real
    };
    km_who who = { .issuer = KM_STR(KM_DEMO_ISSUER),
                   .subject = KM_STR("doctor"),
                   .name = KM_STR("doctor"),
                   .role = km_roles_role(roles, KM_STR("clinician")),
                   .organisation = KM_STR("Organization/elsewhere"),
                   .second_factor_at = km_call_now(&call) };
    snprintf(path, sizeof path, "%s/node/keys/demo", node.dir);
    if (km_demo_token(&token, path, &who, KM_STR_NONE, roles, &call) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
    snprintf(clinician_header, sizeof clinician_header, "Authorization: Bearer %.*s\n",
             KM_STR_ARG(token));
    km_roles_free(roles);
}

static int start(void **state)
{
    km_fault f = { 0 };
    (void)state;
    arena = km_arena_new((size_t)64 << 20);
    km_fhir_load();
    if (api_node_make(&node, &f) != KM_OK
        || api_node_start(&node, arena, KM_STR("--demo"), &f) != KM_OK) {
        fprintf(stderr, "%s\n", f.detail);
        return 1;
    }
    take_operator();
    take_clinician();
    put("/fhir/Patient/there1", KM_STR("{\"resourceType\":\"Patient\",\"id\":\"there1\","
                                       "\"name\":[{\"family\":\"山田\"}]}"));
    put("/fhir/Observation/there1",
        KM_STR("{\"resourceType\":\"Observation\",\"id\":\"there1\",\"status\":\"final\","
               "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/there1\"}}"));
    return 0;
}

static int stop(void **state)
{
    km_fault f = { 0 };
    (void)state;
    int rc = api_node_stop(&node, &f) == KM_OK ? 0 : 1;
    api_node_free(&node, false);
    km_arena_free(arena);
    return rc;
}

/* The id is a star; a cursor, which is sealed with a nonce of its own, as many as it is long. */
static void add_masked(km_buf *out, km_str line, const char *id)
{
    const km_str cursor = KM_STR("_cursor=");
    bool sealed = false;
    for (size_t at = 0; at < line.n; at++) {
        km_str here = km_str_sub(line, at, line.n);
        sealed = (sealed && line.p[at] != '"' && line.p[at] != '&')
                 || (at >= cursor.n
                     && km_str_eq(km_str_sub(line, at - cursor.n, cursor.n), cursor));
        if (km_str_starts(here, km_str_of(id)))
            at += strlen(id) - 1;
        km_buf_char(out, sealed || km_str_starts(here, km_str_of(id)) ? '*' : line.p[at]);
    }
}

/* All of the answer but what differs from one moment to the next, without the id asked for. */
static km_str comparable(const api_reply *r, const char *id)
{
    km_buf out = km_buf_in(arena);
    km_str parts[] = { r->headers, r->body };
    km_buf_print(&out, "%d\n", r->status);
    for (size_t i = 0; i < 2; i++)
        for (km_str left = parts[i]; left.n > 0;) {
            km_str line = km_str_cut(left, '\n', &left);
            if (i == 0
                && (km_str_starts(line, KM_STR("Date:"))
                    || km_str_starts(line, KM_STR("X-Request-Id:"))))
                continue;
            add_masked(&out, line, id);
            km_buf_char(&out, '\n');
        }
    return km_buf_str(&out);
}

/* The pattern with the id at its %s. */
static km_str target_of(const char *pattern, const char *id)
{
    const char *at = strstr(pattern, "%s");
    return km_arena_print(arena, "%.*s%s%s", (int)(at - pattern), pattern, id, at + 2);
}

static void a_hidden_record_is_answered_as_one_that_is_not_there(void **state)
{
    static const struct {
        const char *method, *target;
    } asked[] = { { "GET", "/fhir/Observation/%s" },
                  { "HEAD", "/fhir/Observation/%s" },
                  { "GET", "/fhir/Observation/%s/_history" },
                  { "GET", "/fhir/Observation/%s/_history/1" },
                  { "GET", "/fhir/Observation?_id=%s" },
                  { "GET", "/fhir/Observation?_id=%s&_summary=count" },
                  { "GET", "/fhir/Observation?subject=Patient/%s" },
                  { "GET", "/fhir/Observation?subject=Patient/%s&_include=Observation:subject" },
                  { "GET", "/fhir/Patient/%s" },
                  { "GET", "/fhir/Patient/%s/$everything" },
                  { "GET", "/fhir/Patient/%s/Observation" },
                  { "GET", "/fhir/Patient?_id=%s&_revinclude=Observation:subject" } };
    (void)state;
    assert_int_equal(
        ask("GET", KM_STR("/fhir/Observation?_id=x"), clinician_header, KM_STR_NONE).status, 200);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        km_str there = target_of(asked[i].target, "there1");
        km_str absent = target_of(asked[i].target, "never1");
        api_reply a = ask(asked[i].method, there, clinician_header, KM_STR_NONE);
        api_reply b = ask(asked[i].method, absent, clinician_header, KM_STR_NONE);
        km_str x = comparable(&a, "there1"), y = comparable(&b, "never1");
        if (!km_str_eq(x, y))
            fail_msg("%s %s:\n%.*s\nbut\n%.*s", asked[i].method, asked[i].target, KM_STR_ARG(x),
                     KM_STR_ARG(y));
    }
}

static void who_may_see_it_does(void **state)
{
    (void)state;
    assert_int_equal(
        ask("GET", KM_STR("/fhir/Observation/there1"), operator_header, KM_STR_NONE).status, 200);
    assert_int_equal(
        ask("GET", KM_STR("/fhir/Observation/never1"), operator_header, KM_STR_NONE).status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_record_is_answered_as_one_that_is_not_there),
        cmocka_unit_test(who_may_see_it_does),
    };
    if (getenv("KUMIHIMO") == NULL) {
        print_message("KUMIHIMO names the program\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
