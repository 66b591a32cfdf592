/* SPDX-License-Identifier: Apache-2.0
 *
 * What a well-behaved caller meets: connections that stay, methods, headers, variables, forms,
 * the log and the counters, many calls at once, and an end that waits for them.
 */
#include <pthread.h>

#include "http/place_test.h"

static place *p;

static int setup(void **state)
{
    static const km_http_options o = { .workers = 64,
                                       .admit = place_admit,
                                       .refuse = place_refuse };
    km_http_options with = o;
    (void)state;
    with.limits = place_limits();
    p = place_open(&with);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    return 0;
}

static answer get(const char *target)
{
    return wire_get(p->port, p->arena, target);
}

static bool holds(km_str text, const char *what)
{
    return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void a_route_answers_on_the_io_thread_and_on_a_worker(void **state)
{
    static const char *const target[] = { "/inline", "/worker", "/worker/", "http://h/inline" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        answer a = get(target[i]);
        assert_int_equal(a.status, 200);
        assert_true(km_str_is(a.body, "fixed"));
    }
}

static void a_connection_serves_one_request_after_another(void **state)
{
    static const char *const target[] = { "/inline", "/worker", "/nowhere", "/inline" };
    wire w = wire_open(p->port);
    (void)state;
    for (int i = 0; i < 100; i++) {
        char text[100];
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target[i % 4]);
        wire_send(&w, text, (size_t)n);
        assert_int_equal(wire_answer(&w, p->arena, false).status, i % 4 == 2 ? 404 : 200);
    }
    wire_close(&w);
}

static void requests_sent_at_once_are_answered_in_their_order(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    for (int i = 0; i < 20; i++) {
        char text[200];
        int n = snprintf(text, sizeof text,
                         "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n%02d"
                         "GET /show/%d/x HTTP/1.1\r\nHost: h\r\n\r\n",
                         i, i);
        wire_send(&w, text, (size_t)n);
    }
    for (int i = 0; i < 20; i++) {
        char want[20];
        answer a = wire_answer(&w, p->arena, false);
        assert_int_equal(atoi(a.body.p), i);
        a = wire_answer(&w, p->arena, false);
        snprintf(want, sizeof want, "var a=%d\n", i);
        assert_true(holds(a.body, want));
    }
    wire_close(&w);
}

static void an_old_caller_gets_its_answer_and_the_end(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w, "GET /stream?n=10 HTTP/1.0\r\n\r\n");
    assert_true(wire_ends(&w, 2000));
    km_http__block_add(&w.in, "", 1);
    assert_non_null(strstr(w.in.p, "\r\n\r\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"));
    wire_close(&w);
}

static void head_has_the_headers_of_get_and_no_body(void **state)
{
    static const char *const target[] = { "/inline", "/worker", "/large?n=5000" };
    static const char *const length[] = { "5", "5", "5000" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wire w = wire_open(p->port);
        char text[200];
        int n = snprintf(
            text, sizeof text,
            "HEAD %s HTTP/1.1\r\nHost: h\r\n\r\nGET /inline HTTP/1.1\r\nHost: h\r\n\r\n",
            target[i]);
        wire_send(&w, text, (size_t)n);
        answer a = wire_answer(&w, p->arena, true);
        assert_int_equal(a.status, 200);
        assert_true(km_str_is(wire_header(&a, "Content-Length"), length[i]));
        a = wire_answer(&w, p->arena, false); /* what follows is the next answer's first byte */
        assert_true(km_str_is(a.body, "fixed"));
        wire_close(&w);
    }
}

static void head_of_a_stream_is_a_head_and_the_end(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    atomic_store(&p->closed, 0);
    wire_say(&w, "HEAD /stream?n=10 HTTP/1.1\r\nHost: h\r\n\r\n");
    answer a = wire_answer(&w, p->arena, true);
    assert_int_equal(a.status, 200);
    assert_null(wire_header(&a, "Content-Length").p);
    assert_true(wire_ends(&w, 2000));
    assert_int_equal(w.in.n, 0);
    assert_true(place_awaits(&p->closed, 1)); /* never asked, closed all the same */
    wire_close(&w);
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
    answer a = wire_post(p->port, p->arena, "/inline", "", KM_STR("body"));
    (void)state;
    assert_int_equal(a.status, 405);
    assert_true(km_str_is(wire_header(&a, "Allow"), "GET, HEAD, OPTIONS"));
    assert_true(km_str_is(a.body, "{\"code\":\"METHOD\"}"));
}

static void options_says_what_may_be_asked(void **state)
{
    static const char text[] = "OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char star[] = "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n";
    answer a = wire_ask(p->port, p->arena, text, sizeof text - 1);
    (void)state;
    assert_int_equal(a.status, 204);
    assert_true(km_str_is(wire_header(&a, "Allow"), "POST, OPTIONS"));
    assert_int_equal(wire_ask(p->port, p->arena, star, sizeof star - 1).status, 204);
}

static void every_answer_says_how_to_treat_it(void **state)
{
    static const char *const target[] = { "/inline", "/worker", "/nowhere", "/fault", "/%00" };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        answer a = get(target[i]);
        assert_true(km_str_is(wire_header(&a, "X-Content-Type-Options"), "nosniff"));
        assert_true(km_str_is(wire_header(&a, "Referrer-Policy"), "no-referrer"));
        assert_true(km_str_is(wire_header(&a, "Cache-Control"), "no-store"));
        assert_int_equal(wire_header(&a, "X-Request-Id").n, 16);
        assert_non_null(wire_header(&a, "Date").p);
    }
}

static void a_handler_may_say_otherwise(void **state)
{
    answer a = get("/header?v=x");
    (void)state;
    assert_true(km_str_is(wire_header(&a, "Cache-Control"), "max-age=60"));
    assert_true(km_str_is(wire_header(&a, "ETag"), "W/\"1\""));
    assert_true(km_str_is(wire_header(&a, "X-Asked"), "x"));
}

static void a_line_break_never_gets_into_a_header(void **state)
{
    answer a = get("/header?v=x%0d%0aSet-Cookie:%20a=b");
    (void)state;
    assert_int_equal(a.status, 500);
    assert_null(wire_header(&a, "Set-Cookie").p);
    assert_null(wire_header(&a, "X-Asked").p);
}

static void no_content_has_none(void **state)
{
    answer a = get("/header?none&v=1");
    (void)state;
    assert_int_equal(a.status, 204);
    assert_null(wire_header(&a, "Content-Type").p);
    assert_null(wire_header(&a, "Content-Length").p);
}

static void request_ids_differ(void **state)
{
    km_str last = KM_STR_NONE;
    (void)state;
    for (int i = 0; i < 50; i++) {
        answer a = get("/inline");
        km_str id = wire_header(&a, "X-Request-Id");
        assert_false(km_str_eq(id, last));
        last = id;
    }
}

static void variables_query_and_headers_reach_the_handler(void **state)
{
    static const char text[] = "GET /show/%E5%B1%B1/b%2Fc?x=1&y=a+b&x=%26&z HTTP/1.1\r\n"
                               "hOST: example:8080\r\nUser-AGENT:  me \r\n\r\n";
    answer a = wire_ask(p->port, p->arena, text, sizeof text - 1);
    (void)state;
    assert_int_equal(a.status, 200);
    assert_true(km_str_is(a.body, "method GET\nhost example:8080\nagent me\n"
                                  "var a=\xE5\xB1\xB1\nvar b=b/c\n"
                                  "query x=1\nquery y=a b\nquery x=&\nquery z=\n"));
}

static void a_long_query_is_read_whole(void **state)
{
    char target[1024] = "/show/a/b?";
    size_t n = strlen(target);
    (void)state;
    while (n < 1000)
        n += (size_t)snprintf(target + n, sizeof target - n, "a&");
    answer a = get(target);
    size_t found = 0;
    for (const char *at = a.body.p; (at = strstr(at, "query a=")) != NULL; at++)
        found++;
    assert_int_equal(a.status, 200);
    assert_int_equal(found, (n - 10) / 2);
}

static void a_form_is_decoded_and_nothing_else_is_a_form(void **state)
{
    static const char form[] = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
    answer a = wire_post(p->port, p->arena, "/form", form, KM_STR("name=%E5%B1%B1+x&b"));
    (void)state;
    assert_true(km_str_is(a.body, "form name=\xE5\xB1\xB1 x\nform b=\n"));
    a = wire_post(p->port, p->arena, "/form", form, KM_STR("a=%"));
    assert_int_equal(a.status, 400);
    a = wire_post(p->port, p->arena, "/form", "Content-Type: text/plain\r\n", KM_STR("a=1"));
    assert_int_equal(a.status, 415);
    a = wire_post(p->port, p->arena, "/form", "", KM_STR(""));
    assert_true(km_str_is(a.body, "none"));
}

static void a_fault_becomes_the_refusal_and_leaves_no_half_reply(void **state)
{
    answer a = get("/fault?told");
    (void)state;
    assert_int_equal(a.status, 410);
    assert_true(km_str_is(a.body, "{\"code\":\"GONE\"}"));
    assert_null(wire_header(&a, "X-Lost").p);
    a = get("/fault");
    assert_int_equal(a.status, 409);
}

static void who_is_not_admitted_is_not_served(void **state)
{
    static const char *const target[] = { "/inline", "/worker" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char text[100];
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nX-Who: nobody\r\n\r\n",
                         target[i]);
        answer a = wire_ask(p->port, p->arena, text, (size_t)n);
        assert_int_equal(a.status, 401);
        assert_true(km_str_is(wire_header(&a, "WWW-Authenticate"), "Bearer"));
    }
}

static km_str line_of(answer a)
{
    return place_line(p, wire_header(&a, "X-Request-Id"));
}

static void a_log_line_names_the_pattern_and_nothing_of_the_caller(void **state)
{
    static const char odd[] = "SECRET /inline HTTP/1.1\r\nHost: h\r\n\r\n";
    static const struct {
        const char *target, *says;
    } row[] = {
        { "/show/secretname/x?secret=1",
          "\"method\":\"GET\",\"route\":\"/show/{a}/{b}\",\"status\":200,\"bytes\":" },
        { "/secret/place", "\"method\":\"GET\",\"route\":\"-\",\"status\":404," },
        { "/files/secret%00", "\"method\":\"GET\",\"route\":\"-\",\"status\":400," },
        { "/worker", "\"route\":\"/worker\",\"status\":200,\"bytes\":5,\"us\":" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_str line = line_of(get(row[i].target));
        assert_true(holds(line, row[i].says));
        assert_true(holds(line, "{\"t\":\"20"));
        assert_false(holds(line, "secret"));
    }
    km_str line = line_of(wire_ask(p->port, p->arena, odd, sizeof odd - 1));
    assert_true(holds(line, "\"method\":\"-\",\"route\":\"-\",\"status\":405"));
}

static void the_counters_tell_routes_classes_and_times(void **state)
{
    static const char *const want[] = {
        "http_requests_total{method=\"GET\",route=\"/worker\",class=\"2xx\"} ",
        "http_requests_total{method=\"-\",route=\"-\",class=\"4xx\"} ",
        "http_request_seconds_bucket{method=\"GET\",route=\"/worker\",le=\"+Inf\"} ",
        "http_request_seconds_count{method=\"GET\",route=\"/worker\"} ",
        "\nhttp_workers 64\n",
        "\nhttp_workers_busy 0\n",
        "\nhttp_queue 0\n",
        "\nhttp_connections ",
    };
    km_buf b = km_buf_in(p->arena);
    (void)state;
    line_of(get("/worker"));
    line_of(get("/nowhere"));
    km_http_metrics(p->http, &b);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!holds(km_buf_str(&b), want[i]))
            fail_msg("lacks %s", want[i]);
    assert_false(holds(km_buf_str(&b), "class=\"0xx\""));
}

static void sixty_four_calls_wait_at_once_on_sixty_four_workers(void **state)
{
    wire w[64];
    (void)state;
    atomic_store(&p->most, 0);
    for (int i = 0; i < 64; i++) {
        w[i] = wire_open(p->port);
        wire_say(&w[i], "GET /slow?ms=300 HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (int i = 0; i < 64; i++) {
        assert_int_equal(wire_answer(&w[i], p->arena, false).status, 200);
        wire_close(&w[i]);
    }
    assert_int_equal(atomic_load(&p->most), 64);
}

static void an_inline_route_answers_while_all_workers_sleep(void **state)
{
    wire w[64];
    (void)state;
    for (int i = 0; i < 64; i++) {
        w[i] = wire_open(p->port);
        wire_say(&w[i], "GET /slow?ms=400 HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    assert_true(place_awaits(&p->running, 64));
    assert_int_equal(get("/inline").status, 200);
    assert_int_equal(atomic_load(&p->running), 64);
    for (int i = 0; i < 64; i++) {
        wire_answer(&w[i], p->arena, false);
        wire_close(&w[i]);
    }
}

static size_t headers_named(const answer *a, const char *name)
{
    size_t n = 0;
    for (km_str rest = a->head, value; rest.n > 0;)
        n += km_str_eq_nocase(km_str_cut(km_str_cut(rest, '\n', &rest), ':', &value),
                              km_str_of(name));
    return n;
}

static void a_full_queue_says_so(void **state)
{
    enum { CALLS = 120 }; /* one runs, 64 wait, the others hear that it is busy */
    static const km_http_options o = { .workers = 1, .io_threads = 1 };
    place *few = place_open(&o);
    wire w[CALLS];
    int busy = 0, served = 0;
    (void)state;
    for (int i = 0; i < CALLS; i++) {
        w[i] = wire_open(few->port);
        wire_say(&w[i], i == 0 ? "GET /slow?ms=500 HTTP/1.1\r\nHost: h\r\n\r\n"
                               : "GET /worker HTTP/1.1\r\nHost: h\r\n\r\n");
        if (i == 0)
            assert_true(place_awaits(&few->running, 1));
    }
    for (int i = 0; i < CALLS; i++) {
        answer a = wire_answer(&w[i], few->arena, false);
        served += a.status == 200;
        busy += a.status == 503;
        if (a.status == 503)
            assert_int_equal(headers_named(&a, "Retry-After"), 1);
        wire_close(&w[i]);
    }
    assert_int_equal(served, 65);
    assert_int_equal(busy, CALLS - 65);
    place_close(few);
}

static void *stop(void *self)
{
    km_http_stop(self);
    return NULL;
}

static void the_end_waits_for_a_call_and_takes_no_other(void **state)
{
    static const km_http_options o = { .workers = 2 };
    place *last = place_open(&o);
    pthread_t thread;
    wire w = wire_open(last->port), idle = wire_open(last->port);
    (void)state;
    wire_say(&idle, "GET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    wire_answer(&idle, last->arena, false);
    wire_say(&w, "GET /slow?ms=400 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(place_awaits(&last->running, 1));
    pthread_create(&thread, NULL, stop, last->http);
    usleep(50000);
    wire late = wire_open(last->port);
    wire_say(&late, "GET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(wire_answer(&late, last->arena, false).status, 0);
    wire_say(&idle, "GET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    answer a = wire_answer(&idle, last->arena, false);
    assert_int_equal(a.status, 503);
    assert_true(km_str_is(wire_header(&a, "Connection"), "close"));
    assert_int_equal(atomic_load(&last->running), 1);
    a = wire_answer(&w, last->arena, false);
    assert_int_equal(a.status, 200);
    assert_true(km_str_is(a.body, "slept"));
    pthread_join(thread, NULL);
    wire_close(&w);
    wire_close(&idle);
    wire_close(&late);
    km_http__block_free(&last->log);
    km_arena_free(last->arena);
    free(last);
}

static void a_start_that_cannot_be_says_why(void **state)
{
    static const struct {
        const char *listen;
        km_code code;
    } row[] = { { "127.0.0.1", KM_USAGE }, { "", KM_USAGE },        { "127.0.0.1:99999", KM_USAGE },
                { ":80", KM_USAGE },       { "[::1:80", KM_USAGE }, { "203.0.113.1:1", KM_IO } };
    static const km_http_route open[] = {
        { .method = "GET", .pattern = "/x", .serve = serve_fixed },
        { 0 },
    };
    static const km_http_route *const open_tables[] = { open, NULL };
    km_http *h;
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_http_options o = { .listen = row[i].listen, .routes = place_tables };
        km_fault f = { 0 };
        assert_int_equal(km_http_start(&h, &o, &f), row[i].code);
        assert_null(h);
    }
    km_http_options o = { .listen = "127.0.0.1:0", .routes = open_tables };
    km_fault f = { 0 };
    assert_int_equal(km_http_start(&h, &o, &f), KM_USAGE); /* no policy: never "allowed" */
}

static void who_waits_holds_no_thread_and_all_go_on(void **state)
{
    enum { MANY = 48 };
    wire w[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        char text[200];
        /* On the connection's thread; with a condition, or without a body, on a worker. */
        static const char *const head[] = { "POST", "POST", "GET" };
        static const char *const more[] = { "Content-Length: 2\r\n",
                                            "Content-Length: 2\r\nIf-Match: W/\"1\"\r\n", "" };
        int n = snprintf(text, sizeof text, "%s /waiting%s HTTP/1.1\r\nHost: h\r\n%s\r\n",
                         head[i % 3],
                         i % 5 == 4   ? "?refuse"
                         : i % 5 == 3 ? "?twice"
                                      : "",
                         more[i % 3]);
        if (i % 3 < 2)
            n += snprintf(text + n, sizeof text - (size_t)n, "%02d", i);
        w[i] = wire_open(p->port);
        wire_send(&w[i], text, (size_t)n);
    }
    assert_int_equal(get("/worker").status, 200);
    place_go_on(p, MANY);
    for (int i = 0; i < MANY; i++) {
        answer a = wire_answer(&w[i], p->arena, false);
        assert_int_equal(a.status, i % 5 == 4 ? 410 : 200);
        if (i % 5 != 4 && i % 3 < 2)
            assert_int_equal(atoi(a.body.p), i);
        else if (i % 5 != 4)
            assert_true(km_str_is(a.body, "went on"));
        wire_close(&w[i]);
    }
}

static void what_need_not_wait_after_all_goes_on_at_once(void **state)
{
    static const char *const method[] = { "POST", "GET" };
    wire w = wire_open(p->port);
    (void)state;
    for (int i = 0; i < 200; i++) {
        char text[200];
        int n = snprintf(text, sizeof text, "%s /waiting?%s HTTP/1.1\r\nHost: h\r\n%s\r\n",
                         method[i % 2], i % 7 ? "at-once" : "fail",
                         i % 2 ? "" : "Content-Length: 0\r\n");
        wire_send(&w, text, (size_t)n);
        assert_int_equal(wire_answer(&w, p->arena, false).status, i % 7 ? 200 : 409);
    }
    wire_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_answers_on_the_io_thread_and_on_a_worker),
        cmocka_unit_test(a_connection_serves_one_request_after_another),
        cmocka_unit_test(requests_sent_at_once_are_answered_in_their_order),
        cmocka_unit_test(an_old_caller_gets_its_answer_and_the_end),
        cmocka_unit_test(head_has_the_headers_of_get_and_no_body),
        cmocka_unit_test(head_of_a_stream_is_a_head_and_the_end),
        cmocka_unit_test(a_wrong_method_is_told_the_right_ones),
        cmocka_unit_test(options_says_what_may_be_asked),
        cmocka_unit_test(every_answer_says_how_to_treat_it),
        cmocka_unit_test(a_handler_may_say_otherwise),
        cmocka_unit_test(a_line_break_never_gets_into_a_header),
        cmocka_unit_test(no_content_has_none),
        cmocka_unit_test(request_ids_differ),
        cmocka_unit_test(variables_query_and_headers_reach_the_handler),
        cmocka_unit_test(a_long_query_is_read_whole),
        cmocka_unit_test(a_form_is_decoded_and_nothing_else_is_a_form),
        cmocka_unit_test(a_fault_becomes_the_refusal_and_leaves_no_half_reply),
        cmocka_unit_test(who_is_not_admitted_is_not_served),
        cmocka_unit_test(a_log_line_names_the_pattern_and_nothing_of_the_caller),
        cmocka_unit_test(the_counters_tell_routes_classes_and_times),
        cmocka_unit_test(sixty_four_calls_wait_at_once_on_sixty_four_workers),
        cmocka_unit_test(an_inline_route_answers_while_all_workers_sleep),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(the_end_waits_for_a_call_and_takes_no_other),
        cmocka_unit_test(a_start_that_cannot_be_says_why),
        cmocka_unit_test(who_waits_holds_no_thread_and_all_go_on),
        cmocka_unit_test(what_need_not_wait_after_all_goes_on_at_once),
    };
    return cmocka_run_group_tests_name("the server", tests, setup, teardown);
}
