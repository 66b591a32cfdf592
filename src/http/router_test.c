/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/router.h"

static const int anyone = 1;
static km_arena *arena;

static km_code nothing(km_request *r, km_reply *out)
{
    (void)r;
    (void)out;
    return KM_OK;
}

static km_code no_piece(km_request *r, km_str bytes)
{
    (void)r;
    (void)bytes;
    return KM_OK;
}

#define ROUTE(m, p)                                                    \
    {                                                                  \
        .method = m, .pattern = p, .serve = nothing, .policy = &anyone \
    }

static const km_http_route fhir[] = {
    ROUTE("GET", "/fhir/metadata"),
    ROUTE("POST", "/fhir"),
    ROUTE("GET", "/fhir"),
    ROUTE("POST", "/fhir/$export"),
    ROUTE("GET", "/fhir/_history"),
    ROUTE("GET", "/fhir/{type}"),
    ROUTE("POST", "/fhir/{type}"),
    ROUTE("POST", "/fhir/{type}/_search"),
    ROUTE("POST", "/fhir/{type}/$validate"),
    ROUTE("GET", "/fhir/{type}/{id}"),
    ROUTE("PUT", "/fhir/{type}/{id}"),
    ROUTE("GET", "/fhir/{type}/{id}/_history/{vid}"),
    ROUTE("GET", "/fhir/Patient/{id}/$everything"),
    ROUTE("GET", "/fhir/{type}/{id}/{member}"),
    { 0 },
};
static const km_http_route pages[] = {
    ROUTE("GET", "/{rest*}"),
    ROUTE("GET", "/a/{x}/c"),
    ROUTE("GET", "/a/b/{y}"),
    ROUTE("GET", "/files/{name*}"),
    { 0 },
};
static const km_http_route *const tables[] = { fhir, pages, NULL };

static km_router *router;

typedef struct answer {
    km_code code;
    km_found found;
    km_field var[KM_ROUTE_VARS];
} answer;

static answer ask(const char *method, const char *raw)
{
    answer a = { 0 };
    km_fault f = { 0 };
    km_path path;
    a.code = km_http__path_cut(&path, arena, km_str_of(raw), &f);
    if (a.code == KM_OK)
        a.code = km_http__router_find(&a.found, a.var, router, &path, km_str_of(method), arena, &f);
    return a;
}

static void goes_to(const char *method, const char *raw, const char *pattern)
{
    answer a = ask(method, raw);
    assert_int_equal(a.code, KM_OK);
    assert_non_null(a.found.route);
    assert_string_equal(a.found.route->pattern, pattern);
}

static void var_is(const answer *a, size_t i, const char *name, const char *value)
{
    assert_true(i < a->found.vars);
    assert_true(km_str_is(a->var[i].name, name));
    assert_true(km_str_is(a->var[i].value, value));
}

static int setup(void **state)
{
    km_fault f = { 0 };
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    return km_http__router_new(&router, tables, &f) == KM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    km_http__router_free(router);
    km_arena_free(arena);
    return 0;
}

static void every_pattern_without_variables_finds_itself(void **state)
{
    (void)state;
    for (const km_http_route *r = fhir; r->method != NULL; r++)
        if (strchr(r->pattern, '{') == NULL)
            goes_to(r->method, r->pattern, r->pattern);
}

static void a_literal_goes_before_a_variable(void **state)
{
    (void)state;
    goes_to("GET", "/fhir/metadata", "/fhir/metadata");
    goes_to("GET", "/fhir/Patient", "/fhir/{type}");
    goes_to("GET", "/fhir/_history", "/fhir/_history");
    goes_to("POST", "/fhir/Patient/$validate", "/fhir/{type}/$validate");
    goes_to("GET", "/fhir/Patient/1/$everything", "/fhir/Patient/{id}/$everything");
    goes_to("GET", "/fhir/Group/1/$everything", "/fhir/{type}/{id}/{member}");
    goes_to("GET", "/fhir/Patient/1/_history/2", "/fhir/{type}/{id}/_history/{vid}");
}

static void a_literal_that_leads_nowhere_is_left_again(void **state)
{
    (void)state;
    goes_to("GET", "/a/b/c", "/a/b/{y}");
    goes_to("GET", "/a/x/c", "/a/{x}/c");
    goes_to("GET", "/a/b/z", "/a/b/{y}");
    goes_to("GET", "/a/x/z", "/{rest*}"); /* from three levels down back to the top */
    goes_to("GET", "/fhir/Patient/1/_history", "/fhir/{type}/{id}/{member}");
    goes_to("GET", "/fhir/Patient/1/_history/2/3", "/{rest*}");
}

static void variables_come_in_the_order_of_the_pattern(void **state)
{
    (void)state;
    answer a = ask("GET", "/fhir/Observation/a-1/_history/7");
    assert_int_equal(a.found.vars, 3);
    var_is(&a, 0, "type", "Observation");
    var_is(&a, 1, "id", "a-1");
    var_is(&a, 2, "vid", "7");
}

static void a_variable_on_a_way_given_up_leaves_no_trace(void **state)
{
    (void)state;
    answer a = ask("GET", "/a/b/c");
    assert_int_equal(a.found.vars, 1);
    var_is(&a, 0, "y", "c");
    a = ask("GET", "/fhir/x/y/z/w");
    assert_int_equal(a.found.vars, 1);
    var_is(&a, 0, "rest", "fhir/x/y/z/w");
}

static void a_last_slash_counts_for_nothing(void **state)
{
    (void)state;
    goes_to("POST", "/fhir", "/fhir");
    goes_to("POST", "/fhir/", "/fhir");
    goes_to("GET", "/fhir/Patient/1/", "/fhir/{type}/{id}");
    answer a = ask("GET", "/files/x/y/");
    var_is(&a, 0, "name", "x/y");
}

static void an_inner_empty_segment_is_no_segment_of_ours(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/fhir//1").code, KM_UNKNOWN_ROUTE);
    assert_int_equal(ask("GET", "//fhir").code, KM_UNKNOWN_ROUTE);
    assert_int_equal(ask("GET", "/files//x").code, KM_UNKNOWN_ROUTE);
    assert_int_equal(ask("GET", "/fhir/Patient//").code, KM_UNKNOWN_ROUTE);
}

static void the_rest_may_be_nothing(void **state)
{
    (void)state;
    answer a = ask("GET", "/");
    assert_string_equal(a.found.route->pattern, "/{rest*}");
    var_is(&a, 0, "rest", "");
    goes_to("GET", "/files", "/files/{name*}");
}

static void another_method_is_told_which_there_are(void **state)
{
    (void)state;
    answer a = ask("DELETE", "/fhir/Patient/1");
    assert_int_equal(a.code, KM_METHOD);
    assert_true(km_str_is(a.found.allow, "PUT, GET, HEAD, OPTIONS"));
    a = ask("GET", "/fhir/Patient/_search");
    assert_int_equal(a.code, KM_METHOD);
    assert_true(km_str_is(a.found.allow, "POST, OPTIONS"));
}

static void head_is_served_by_get_and_options_by_nobody(void **state)
{
    (void)state;
    goes_to("HEAD", "/fhir/metadata", "/fhir/metadata");
    assert_int_equal(ask("HEAD", "/fhir/$export").code, KM_METHOD);
    answer a = ask("OPTIONS", "/fhir/metadata");
    assert_int_equal(a.code, KM_OK);
    assert_null(a.found.route);
    assert_true(km_str_is(a.found.allow, "GET, HEAD, OPTIONS"));
}

static void an_encoded_slash_stands_in_a_variable_only(void **state)
{
    (void)state;
    answer a = ask("GET", "/fhir/Patient/a%2Fb");
    assert_int_equal(a.code, KM_OK);
    var_is(&a, 1, "id", "a/b");
    assert_int_equal(ask("GET", "/files/a%2fb").code, KM_MALFORMED);
    assert_int_equal(ask("GET", "/files/a%5cb").code, KM_MALFORMED);
    assert_int_equal(ask("GET", "/fhir%2Fmetadata").code, KM_MALFORMED);
}

static void an_encoded_letter_is_the_letter(void **state)
{
    (void)state;
    goes_to("GET", "/%66hir/metadat%61", "/fhir/metadata");
}

static void a_row_that_says_too_little_is_refused(void **state)
{
    static const km_http_route bad[] = {
        { .method = "GET", .pattern = "/x", .serve = nothing }, /* no policy: never allowed */
        { .method = "GET", .pattern = "/x", .policy = &anyone },
        { .method = "GET", .pattern = "x", .serve = nothing, .policy = &anyone },
        { .method = "get", .pattern = "/x", .serve = nothing, .policy = &anyone },
        { .method = "HEAD", .pattern = "/x", .serve = nothing, .policy = &anyone },
        { .method = "GET", .serve = nothing, .policy = &anyone },
        ROUTE("GET", "/x//y"),
        ROUTE("GET", "/x/{}"),
        ROUTE("GET", "/x/{a*}/y"),
        ROUTE("GET", "/x/{a"),
        ROUTE("GET", "/x/a{b}"),
        ROUTE("GET", "/x/%41"),
        ROUTE("GET", "/x/\"y"),
        ROUTE("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"),
        { .method = "PUT",
          .pattern = "/x",
          .serve = nothing,
          .policy = &anyone,
          .flags = KM_HTTP_STREAM },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const km_http_route one[] = { bad[i], { 0 } };
        const km_http_route *const list[] = { one, NULL };
        km_router *r;
        km_fault f = { 0 };
        assert_int_equal(km_http__router_new(&r, list, &f), KM_USAGE);
        assert_null(r);
    }
}

static void one_address_has_one_handler_for_each_method(void **state)
{
    static const km_http_route same[] = { ROUTE("GET", "/x/{a}"), ROUTE("GET", "/x/{b}"), { 0 } };
    static const km_http_route other[] = { ROUTE("GET", "/x/{a}"),
                                           ROUTE("PUT", "/x/{b}"),
                                           { .method = "POST",
                                             .pattern = "/x/{c}",
                                             .serve = nothing,
                                             .policy = &anyone,
                                             .flags = KM_HTTP_STREAM,
                                             .piece = no_piece },
                                           { 0 } };
    const km_http_route *const bad[] = { same, NULL }, *const good[] = { other, NULL };
    km_router *r;
    km_fault f = { 0 };
    (void)state;
    assert_int_equal(km_http__router_new(&r, bad, &f), KM_USAGE);
    km_fault_clear(&f);
    assert_int_equal(km_http__router_new(&r, good, &f), KM_OK);
    km_http__router_free(r);
}

static void no_tables_are_a_router_that_knows_nothing(void **state)
{
    const km_http_route *const none[] = { NULL };
    km_router *r;
    km_path path = { .n = 0 };
    km_found found;
    km_field var[KM_ROUTE_VARS];
    km_fault f = { 0 };
    (void)state;
    assert_int_equal(km_http__router_new(&r, none, &f), KM_OK);
    assert_int_equal(km_http__router_find(&found, var, r, &path, KM_STR("GET"), arena, &f),
                     KM_UNKNOWN_ROUTE);
    km_http__router_free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_without_variables_finds_itself),
        cmocka_unit_test(a_literal_goes_before_a_variable),
        cmocka_unit_test(a_literal_that_leads_nowhere_is_left_again),
        cmocka_unit_test(variables_come_in_the_order_of_the_pattern),
        cmocka_unit_test(a_variable_on_a_way_given_up_leaves_no_trace),
        cmocka_unit_test(a_last_slash_counts_for_nothing),
        cmocka_unit_test(an_inner_empty_segment_is_no_segment_of_ours),
        cmocka_unit_test(the_rest_may_be_nothing),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(head_is_served_by_get_and_options_by_nobody),
        cmocka_unit_test(an_encoded_slash_stands_in_a_variable_only),
        cmocka_unit_test(an_encoded_letter_is_the_letter),
        cmocka_unit_test(a_row_that_says_too_little_is_refused),
        cmocka_unit_test(one_address_has_one_handler_for_each_method),
        cmocka_unit_test(no_tables_are_a_router_that_knows_nothing),
    };
    return cmocka_run_group_tests_name("the router", tests, setup, teardown);
}
