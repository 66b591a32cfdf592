/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hostile or broken caller meets: limits, deadlines, and heads that two servers might
 * read differently.
 */
#include "http/place_test.h"

static place *p;

enum { HEADER_MS = 400, BODY_MS = 500, IDLE_MS = 700 };

static int setup(void **state)
{
    km_http_options o = { .workers = 4, .admit = place_admit, .limits = place_limits() };
    (void)state;
    o.limits.header_ms = HEADER_MS;
    o.limits.body_ms = BODY_MS;
    o.limits.idle_ms = IDLE_MS;
    o.limits.body_min_bytes_per_s = 10000;
    p = place_open(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    return 0;
}

static int status_of(const char *request)
{
    return wire_ask(p->port, p->arena, request, strlen(request)).status;
}

static void heads_that_smuggle_are_refused_and_the_connection_ends(void **state)
{
    static const char *const head[] = {
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "Transfer-Encoding: \013chunked\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "X: a\r\n Transfer-Encoding: chunked\r\n",
        "X: a\r\n\tb\r\n",
        "X: a\rTransfer-Encoding: chunked\r\n",
        "X: a\nTransfer-Encoding: chunked\n",
        "X: a\n",
        ": x\r\n",
        "no colon\r\n",
        "X\x01: a\r\n",
        "X: a\x7f\r\n",
        "X(: a\r\n",
        "Host: other\r\n",
        " X: first line folded\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        char text[400];
        wire w = wire_open(p->port);
        int n = snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: h\r\n%s\r\n", head[i]);
        wire_send(&w, text, (size_t)n);
        answer a = wire_answer(&w, p->arena, false);
        if ((a.status != 400 && a.status != 413) || !wire_ends(&w, 2000))
            fail_msg("%d for %s", a.status, head[i]);
        wire_close(&w);
    }
}

static void a_nul_in_the_head_is_refused(void **state)
{
    static const char value[] = "POST /echo HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n";
    static const char last[] = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\0\r\n\r\n";
    static const char name[] = "POST /echo HTTP/1.1\r\nHost: h\r\nX\0Y: a\r\n\r\n";
    static const char line[] = "POST /ec\0ho HTTP/1.1\r\nHost: h\r\n\r\n";
    (void)state;
    assert_int_equal(wire_ask(p->port, p->arena, value, sizeof value - 1).status, 400);
    assert_int_equal(wire_ask(p->port, p->arena, last, sizeof last - 1).status, 400);
    assert_int_equal(wire_ask(p->port, p->arena, name, sizeof name - 1).status, 400);
    assert_true(wire_ask(p->port, p->arena, line, sizeof line - 1).status != 200);
}

static void a_sound_head_of_any_size_within_the_limits_passes(void **state)
{
    char text[8192];
    (void)state;
    for (size_t size = 100; size < 3900; size += 97) {
        int n = snprintf(text, sizeof text, "GET /inline HTTP/1.1\r\nHost: h\r\nX:");
        memset(text + n, 'x', size);
        snprintf(text + (size_t)n + size, sizeof text - (size_t)n - size,
                 "\r\nY:   z \r\nEmpty:\r\n\r\n");
        assert_int_equal(status_of(text), 200);
    }
}

static void all_limits_reached_at_once_still_leave_room_for_the_answer(void **state)
{
    static const km_http_options o = { .workers = 1 };
    place *full = place_open(&o);
    const km_http_limits *l = &km_http_limits_default;
    char *text = calloc(1, l->url_bytes + l->header_bytes + 200);
    (void)state;
    strcpy(text, "GET /worker?");
    memset(text + strlen(text), 'a', l->url_bytes - 8);
    strcat(text, " HTTP/1.1\r\nHost: h\r\n");
    size_t head = strlen(text), line = (l->header_bytes - 100) / (l->header_lines - 1);
    for (unsigned i = 1; i < l->header_lines; i++) {
        size_t from = strlen(text);
        strcat(text, "X: ");
        memset(text + from + 3, 'b', line - 5);
        strcat(text, "\r\n");
    }
    assert_true(strlen(text) - head > l->header_bytes - 200);
    strcat(text, "\r\n");
    for (int i = 0; i < 3; i++)
        assert_int_equal(wire_ask(full->port, full->arena, text, strlen(text)).status, 200);
    free(text);
    place_close(full);
}

static void a_first_line_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *text;
        int status; /* 0: the end without a word is enough */
    } row[] = {
        { "GET /inline\r\n\r\n", 400 },
        { "GET  /inline HTTP/1.1\r\nHost: h\r\n\r\n", 200 }, /* libmicrohttpd forgives it */
        { "GET /in line HTTP/1.1\r\nHost: h\r\n\r\n", 0 },
        { "GET /inline HTTP/2.0\r\nHost: h\r\n\r\n", 505 },
        { "GET /inline HTTP/1.1\r\n\r\n", 400 }, /* no Host */
        { "G\x01T /inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
        { "GET /inline HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
        { "GET /inline HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET /inline HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (status_of(row[i].text) != row[i].status)
            fail_msg("%d for %s", status_of(row[i].text), row[i].text);
}

static void tricks_with_paths_are_refused(void **state)
{
    static const char *const bad[] = { "/..",           "/files/../inline",  "/%2e%2e/x",
                                       "/a%00b",        "/files/%2e%2e%2fx", "/files/a%2fb",
                                       "/%ff",          "/inline/%",         "/files/x%5c..",
                                       "/inline?a=%00", "/inline?a=%zz",     "/inline?%ff" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wire_get(p->port, p->arena, bad[i]).status != 400)
            fail_msg("let pass: %s", bad[i]);
}

static void a_long_address_is_414(void **state)
{
    static const size_t size[] = { 1025, 2000, 4000, 12000, 100000 };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char *text = calloc(1, size[i] + 100);
        strcpy(text, "GET /");
        memset(text + 5, 'a', size[i]);
        strcat(text, " HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(status_of(text), 414);
        free(text);
    }
}

static void a_large_header_is_431(void **state)
{
    static const size_t size[] = { 4100, 8000, 20000, 100000 };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char *text = calloc(1, size[i] + 100);
        strcpy(text, "GET /inline HTTP/1.1\r\nHost: h\r\nX: ");
        memset(text + strlen(text), 'a', size[i]);
        strcat(text, "\r\n\r\n");
        assert_int_equal(status_of(text), 431);
        free(text);
    }
}

static void too_many_header_lines_are_431(void **state)
{
    char text[1000] = "GET /inline HTTP/1.1\r\nHost: h\r\n";
    (void)state;
    for (int i = 0; i < 19; i++)
        strcat(text, "X: a\r\n");
    size_t whole = strlen(text);
    strcat(text, "\r\n");
    assert_int_equal(status_of(text), 200);
    text[whole] = '\0';
    strcat(text, "X: a\r\n\r\n");
    assert_int_equal(status_of(text), 431);
}

static void a_body_announced_too_large_is_413_before_it_is_sent(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n"),
                     413);
    assert_int_equal(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                               "Content-Length: 9000000000000\r\n\r\n"),
                     413);
    assert_int_equal(
        status_of("POST /echo/bulk HTTP/1.1\r\nHost: h\r\nContent-Length: 4194305\r\n\r\n"), 413);
}

static void chunk_after_chunk(wire *w, size_t bytes)
{
    char chunk[1100] = "400\r\n";
    memset(chunk + 5, 'a', 1024);
    memcpy(chunk + 1029, "\r\n", 3);
    for (size_t sent = 0; sent < bytes && wire_send(w, chunk, 1031); sent += 1024)
        ;
}

static void a_body_that_grows_too_large_is_413(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunk_after_chunk(&w, 100 << 10);
    wire_say(&w, "0\r\n\r\nGET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(wire_answer(&w, p->arena, false).status, 413);
    assert_int_equal(wire_answer(&w, p->arena, false).status, 200); /* still of use */
    wire_close(&w);
}

static void a_body_that_never_ends_is_cut_off(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunk_after_chunk(&w, 64 << 20);
    assert_true(wire_ends(&w, 2000));
    wire_close(&w);
    km_str line = KM_STR("\"route\":\"/echo\",\"status\":413,\"bytes\":0,");
    assert_true(place_line(p, line).n > 0);
}

static void a_short_body_of_a_refused_request_is_read_past(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w, "POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"
                 "POST /inline HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n0\r\n\r\nGET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(wire_answer(&w, p->arena, false).status, 404);
    assert_int_equal(wire_answer(&w, p->arena, false).status, 405);
    assert_int_equal(wire_answer(&w, p->arena, false).status, 200);
    wire_close(&w);
}

static void broken_chunks_are_refused(void **state)
{
    static const char *const body[] = { "x\r\n",
                                        "5\r\nabc",
                                        "-1\r\n",
                                        "3\r\nabcd\r\n0\r\n\r\n",
                                        "ffffffffffffffffff\r\n",
                                        "0x3\r\nabc\r\n0\r\n\r\n" };
    (void)state;
    for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
        char text[200];
        int n = snprintf(text, sizeof text,
                         "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%s",
                         body[i]);
        answer a = wire_ask(p->port, p->arena, text, (size_t)n);
        if (a.status < 400) {
            if (a.status != 0)
                fail_msg("%d for %s", a.status, body[i]);
        }
    }
}

static void codings_that_we_have_not_are_refused(void **state)
{
    (void)state;
    assert_int_equal(
        wire_post(p->port, p->arena, "/echo", "Content-Encoding: br\r\n", KM_STR("x")).status, 415);
    assert_int_equal(
        status_of("GET /inline HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br, *;q=0\r\n\r\n"), 406);
}

/* Says nothing more: the connection must end by itself, not before `least` and soon after. */
static void ends_between(wire *w, int least, int most)
{
    uint64_t began = km_ticks_ns();
    assert_true(wire_ends(w, most));
    int ms = (int)((km_ticks_ns() - began) / 1000000u);
    if (ms < least)
        fail_msg("ended after %d ms", ms);
}

static void a_silent_caller_is_sent_away(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    ends_between(&w, HEADER_MS - 50, HEADER_MS + 1000);
    assert_int_equal(w.in.n, 0);
    wire_close(&w);
}

static void a_head_in_drops_is_cut_off(void **state)
{
    static const char *const begin[] = { "GET /inline HTTP/1.1\r\n", "" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire w = wire_open(p->port);
        int sent = 0;
        wire_say(&w, begin[i]);
        while (sent < 100 && wire_say(&w, "x") && wire_more(&w, 30) != 0)
            sent++;
        assert_true(sent < 60);
        km_http__block_add(&w.in, "", 1);
        if (i == 0) /* who has not even asked is not answered */
            assert_non_null(strstr(w.in.p, "HTTP/1.1 408 "));
        else
            assert_int_equal(w.in.n, 1);
        wire_close(&w);
    }
}

static void a_body_in_drops_is_cut_off(void **state)
{
    static const char *const target[] = { "/echo", "/sum", "/echo/bulk" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wire w = wire_open(p->port);
        char head[200];
        int n = snprintf(head, sizeof head,
                         "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", target[i]);
        int sent = 0;
        wire_send(&w, head, (size_t)n);
        while (sent < 100 && wire_say(&w, "x") && wire_more(&w, 30) != 0)
            sent++;
        assert_true(sent < 60);
        km_http__block_add(&w.in, "", 1);
        assert_non_null(strstr(w.in.p, "HTTP/1.1 408 "));
        wire_close(&w);
    }
}

static void an_idle_connection_ends(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w, "GET /worker HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(wire_answer(&w, p->arena, false).status, 200);
    ends_between(&w, IDLE_MS - 50, IDLE_MS + 1000);
    assert_int_equal(w.in.n, 0);
    wire_close(&w);
}

static void a_caller_that_does_not_read_is_cut_off(void **state)
{
    int small = 4096;
    wire w = wire_open(p->port);
    (void)state;
    setsockopt(w.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    atomic_store(&p->closed, 0);
    wire_say(&w, "GET /stream?n=100000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(place_awaits(&p->closed, 1));
    wire_close(&w);
}

static void a_slow_worker_is_no_fault_of_the_caller(void **state)
{
    (void)state;
    assert_int_equal(wire_get(p->port, p->arena, "/slow?ms=1200").status, 200);
}

static void one_address_has_its_share_of_connections(void **state)
{
    km_http_options o = { .workers = 1, .io_threads = 1, .limits = place_limits() };
    wire w[8];
    int served = 0;
    (void)state;
    o.limits.connections_per_ip = 5;
    place *few = place_open(&o);
    for (int i = 0; i < 8; i++) {
        w[i] = wire_open(few->port);
        wire_say(&w[i], "GET /inline HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (int i = 0; i < 8; i++)
        served += wire_answer(&w[i], few->arena, false).status == 200;
    assert_int_equal(served, 5);
    for (int i = 0; i < 8; i++)
        wire_close(&w[i]);
    place_close(few);
}

static void a_caller_that_leaves_leaves_nothing_behind(void **state)
{
    static const char *const text[] = {
        "GET /slow?ms=50 HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nabc",
        "POST /sum HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "GET /inline HTTP/1.1\r\nHo",
        "GET /stream?n=1000000 HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    (void)state;
    for (int i = 0; i < 100; i++) {
        wire w = wire_open(p->port);
        wire_say(&w, text[i % 5]);
        if (i % 2)
            usleep(500);
        wire_close(&w);
    }
    assert_int_equal(wire_get(p->port, p->arena, "/worker").status, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_that_smuggle_are_refused_and_the_connection_ends),
        cmocka_unit_test(a_nul_in_the_head_is_refused),
        cmocka_unit_test(a_sound_head_of_any_size_within_the_limits_passes),
        cmocka_unit_test(all_limits_reached_at_once_still_leave_room_for_the_answer),
        cmocka_unit_test(a_first_line_that_is_none_is_refused),
        cmocka_unit_test(tricks_with_paths_are_refused),
        cmocka_unit_test(a_long_address_is_414),
        cmocka_unit_test(a_large_header_is_431),
        cmocka_unit_test(too_many_header_lines_are_431),
        cmocka_unit_test(a_body_announced_too_large_is_413_before_it_is_sent),
        cmocka_unit_test(a_body_that_grows_too_large_is_413),
        cmocka_unit_test(a_body_that_never_ends_is_cut_off),
        cmocka_unit_test(a_short_body_of_a_refused_request_is_read_past),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(codings_that_we_have_not_are_refused),
        cmocka_unit_test(a_silent_caller_is_sent_away),
        cmocka_unit_test(a_head_in_drops_is_cut_off),
        cmocka_unit_test(a_body_in_drops_is_cut_off),
        cmocka_unit_test(an_idle_connection_ends),
        cmocka_unit_test(a_caller_that_does_not_read_is_cut_off),
        cmocka_unit_test(a_slow_worker_is_no_fault_of_the_caller),
        cmocka_unit_test(one_address_has_its_share_of_connections),
        cmocka_unit_test(a_caller_that_leaves_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("what is refused", tests, setup, teardown);
}
