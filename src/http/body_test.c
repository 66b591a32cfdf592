/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies both ways: gathered, chunked, in pieces, packed, and made while they are sent.
 */
#include "http/place_test.h"

static place *p;
static km_packers packers;

static int setup(void **state)
{
    km_http_options o = {
        .workers = 8, .admit = place_admit, .refuse = place_refuse, .limits = place_limits()
    };
    (void)state;
    km_http__packers_open(&packers);
    p = place_open(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    km_http__packers_close(&packers);
    return 0;
}

static km_str noise(size_t n)
{
    char *b = km_arena_alloc(p->arena, n);
    uint32_t x = 2463534242u;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        b[i] = (char)(unsigned char)(x % 0xEE); /* never EE, which the summing route refuses */
    }
    return (km_str){ b, n };
}

static km_str packed(km_coding c, km_str plain)
{
    km_pack *k = km_http__pack_take(&packers, c);
    km_str out = km_http__pack_all(k, p->arena, plain);
    km_http__pack_give(&packers, k);
    return out;
}

static km_code gather(void *self, km_str bytes)
{
    km_buf_add(self, bytes);
    return KM_OK;
}

static km_str unpacked(km_coding c, km_str in)
{
    km_buf b = km_buf_in(p->arena);
    km_fault f = { 0 };
    km_unpack *u = km_http__unpack_new(c, 1 << 30, 1000);
    assert_int_equal(km_http__unpack_feed(u, in, gather, &b, &f), KM_OK);
    assert_int_equal(km_http__unpack_end(u, &f), KM_OK);
    km_http__unpack_free(u);
    return km_buf_str(&b);
}

static answer post(const char *target, const char *headers, km_str body)
{
    return wire_post(p->port, p->arena, target, headers, body);
}

/* Chunks of 1, 2, 3 ... bytes. */
static answer post_chunked(const char *target, km_str body)
{
    char head[200];
    wire w = wire_open(p->port);
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", target);
    wire_send(&w, head, (size_t)n);
    for (size_t size = 1; body.n > 0; size = size * 3 / 2 + 1) {
        km_str some = km_str_sub(body, 0, size);
        n = snprintf(head, sizeof head, "%zx;ext=1\r\n", some.n);
        wire_send(&w, head, (size_t)n);
        wire_send(&w, some.p, some.n);
        wire_say(&w, "\r\n");
        body = km_str_sub(body, some.n, body.n);
    }
    wire_say(&w, "0\r\nTrailer: x\r\n\r\n");
    answer a = wire_answer(&w, p->arena, false);
    wire_close(&w);
    return a;
}

static void a_body_comes_back_as_it_was_sent(void **state)
{
    static const size_t size[] = { 0, 1, 1000, 16384, 65535, 65536 };
    static const char *const target[] = { "/echo", "/echo/inline", "/echo/bulk" };
    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 3; j++) {
            km_str body = noise(size[i]);
            answer a = post(target[j], "", body);
            assert_int_equal(a.status, 200);
            assert_true(km_str_eq(a.body, body));
            a = post_chunked(target[j], body);
            assert_int_equal(a.status, 200);
            assert_true(km_str_eq(a.body, body));
        }
}

static void a_bulk_body_may_be_larger(void **state)
{
    km_str body = noise(3 << 20);
    answer a = post("/echo/bulk", "", body);
    (void)state;
    assert_int_equal(a.status, 200);
    assert_true(km_str_eq(a.body, body));
    assert_int_equal(post("/echo", "", body).status, 413);
}

static void a_caller_that_waits_to_be_asked_is_asked(void **state)
{
    wire w = wire_open(p->port);
    (void)state;
    wire_say(&w,
             "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(wire_answer(&w, p->arena, false).status, 100);
    wire_say(&w, "abc");
    assert_true(km_str_is(wire_answer(&w, p->arena, false).body, "abc"));
    wire_close(&w);
}

static void who_is_not_admitted_is_not_asked_for_a_large_body(void **state)
{
    static const char *const target[] = { "/sum", "/sum/inline", "/echo/bulk", "/nowhere" };
    static const int status[] = { 401, 401, 401, 404 };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[200];
        int n = snprintf(text, sizeof text,
                         "POST %s HTTP/1.1\r\nHost: h\r\nX-Who: nobody\r\nExpect: 100-continue\r\n"
                         "Content-Length: 300000\r\n\r\n",
                         target[i]);
        answer a = wire_ask(p->port, p->arena, text, (size_t)n);
        assert_int_equal(a.status, status[i]);
        assert_true(km_str_is(wire_header(&a, "Connection"), "close"));
    }
}

static km_str sum_of(km_str body)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < body.n; i++)
        sum = sum * 31 + (unsigned char)body.p[i];
    return km_arena_print(p->arena, "%zu %llu", body.n, (unsigned long long)sum);
}

static void a_streamed_body_arrives_whole_in_pieces(void **state)
{
    static const size_t size[] = { 0, 1, 65535, 65536, 65537, 200000, 2000000 };
    static const char *const target[] = { "/sum", "/sum/inline" };
    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 2; j++) {
            km_str body = noise(size[i]), want = sum_of(body);
            answer a = post(target[j], "", body);
            assert_int_equal(a.status, 200);
            assert_true(km_str_eq(a.body, want));
            a = post_chunked(target[j], body);
            assert_int_equal(a.status, 200);
            assert_true(km_str_eq(a.body, want));
        }
}

static void a_piece_that_is_refused_ends_the_upload(void **state)
{
    static const char *const target[] = { "/sum", "/sum/inline" };
    static const size_t bad_at[] = { 0, 100, 70000, 199999 };
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++) {
            km_str body = noise(200000);
            int dropped = atomic_load(&p->dropped);
            ((char *)(uintptr_t)body.p)[bad_at[i]] = (char)(unsigned char)0xEE;
            answer a = post(target[j], "", body);
            assert_int_equal(a.status, 422);
            assert_true(km_str_is(a.body, "{\"code\":\"INVALID\"}"));
            assert_true(place_awaits(&p->dropped, dropped + 1));
        }
}

static void a_caller_that_leaves_in_the_middle_is_told_to_the_route(void **state)
{
    wire w = wire_open(p->port);
    km_str some = noise(70000);
    int dropped = atomic_load(&p->dropped);
    (void)state;
    wire_say(&w, "POST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    wire_send(&w, some.p, some.n);
    wire_close(&w);
    assert_true(place_awaits(&p->dropped, dropped + 1));
}

static const km_coding both[] = { KM_CODING_GZIP, KM_CODING_ZSTD };

static const char *coding_line(km_coding c)
{
    return c == KM_CODING_GZIP ? "Content-Encoding: gzip\r\n" : "Content-Encoding: zstd\r\n";
}

static km_str lines(size_t n)
{
    km_buf b = km_buf_in(p->arena);
    uint32_t x = 1;
    while (b.n < n) {
        x = x * 1664525u + 1013904223u;
        km_buf_print(&b, "{\"id\":%u,\"at\":%u}\n", x, x >> 9);
    }
    return km_buf_str(&b);
}

static void a_packed_body_is_unpacked(void **state)
{
    static const char *const target[] = { "/echo", "/echo/inline", "/echo/bulk" };
    (void)state;
    for (size_t c = 0; c < 2; c++)
        for (size_t j = 0; j < 3; j++) {
            km_str body = lines(150000); /* larger than may be sent plain, packed it is not */
            km_str small = packed(both[c], body);
            assert_true(small.n < 65536);
            answer a = post(target[j], coding_line(both[c]), small);
            assert_int_equal(a.status, 200);
            assert_true(km_str_eq(a.body, body));
        }
}

static void a_packed_stream_is_unpacked_on_the_way(void **state)
{
    km_str body = lines(2 << 20);
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        answer a = post("/sum", coding_line(both[c]), packed(both[c], body));
        assert_int_equal(a.status, 200);
        assert_true(km_str_eq(a.body, sum_of(body)));
        km_str cut = packed(both[c], body);
        cut.n -= 5;
        assert_int_equal(post("/sum", coding_line(both[c]), cut).status, 400);
    }
}

static void a_bomb_does_not_go_off(void **state)
{
    static const char *const target[] = { "/echo", "/echo/inline", "/sum", "/echo/bulk" };
    km_str zeros = { km_arena_zero(p->arena, 32 << 20), 32 << 20 };
    (void)state;
    for (size_t c = 0; c < 2; c++)
        for (size_t j = 0; j < 4; j++) {
            answer a = post(target[j], coding_line(both[c]), packed(both[c], zeros));
            assert_int_equal(a.status, 413);
        }
}

static void a_body_that_is_not_what_it_says_is_malformed(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        assert_int_equal(post("/echo", coding_line(both[c]), KM_STR("plain text")).status, 400);
        assert_int_equal(post("/sum", coding_line(both[c]), KM_STR("plain text")).status, 400);
        assert_int_equal(post("/echo", coding_line(both[c]), KM_STR("")).status, 200);
    }
}

static answer get_accepting(const char *target, const char *accept)
{
    char text[300];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n",
                     target, accept);
    return wire_ask(p->port, p->arena, text, (size_t)n);
}

static void an_answer_is_packed_for_who_can_unpack_it(void **state)
{
    answer plain = wire_get(p->port, p->arena, "/large?n=20000");
    (void)state;
    assert_null(wire_header(&plain, "Content-Encoding").p);
    assert_true(km_str_is(wire_header(&plain, "Vary"), "Accept-Encoding"));
    for (size_t c = 0; c < 2; c++) {
        const char *name = km_http__coding_name(both[c]);
        answer a = get_accepting("/large?n=20000", name);
        assert_true(km_str_is(wire_header(&a, "Content-Encoding"), name));
        assert_true(km_str_is(wire_header(&a, "Vary"), "Accept-Encoding"));
        assert_true(a.body.n < plain.body.n / 4);
        assert_true(km_str_eq(unpacked(both[c], a.body), plain.body));
    }
}

static void what_is_small_packed_or_a_picture_is_left_alone(void **state)
{
    static const char *const target[] = { "/large?n=1023", "/large?n=9000&packed",
                                          "/large?n=9000&png", "/inline" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        answer a = get_accepting(target[i], "gzip, zstd");
        assert_int_equal(a.status, 200);
        assert_null(wire_header(&a, "Content-Encoding").p);
        assert_null(wire_header(&a, "Vary").p);
    }
}

static void who_refuses_plain_gets_even_little_packed(void **state)
{
    answer a = get_accepting("/large?n=500", "gzip, identity;q=0");
    (void)state;
    assert_true(km_str_is(wire_header(&a, "Content-Encoding"), "gzip"));
    assert_int_equal(unpacked(KM_CODING_GZIP, a.body).n, 500);
}

static km_str numbers(int n)
{
    km_buf b = km_buf_in(p->arena);
    for (int i = 0; i < n; i++)
        km_buf_print(&b, "%d\n", i);
    return km_buf_str(&b);
}

static void a_stream_arrives_whole(void **state)
{
    static const int n[] = { 0, 1, 1000, 300000 };
    static const char *const route[] = { "/stream", "/stream/inline" };
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++) {
            char target[100];
            int closed = atomic_load(&p->closed);
            snprintf(target, sizeof target, "%s?n=%d", route[j], n[i]);
            answer a = wire_get(p->port, p->arena, target);
            assert_int_equal(a.status, 200);
            assert_true(a.chunked);
            assert_true(km_str_eq(a.body, numbers(n[i])));
            assert_true(place_awaits(&p->closed, closed + 1));
            assert_int_equal(atomic_load(&p->closed), closed + 1);
            for (size_t c = 0; c < 2; c++) {
                a = get_accepting(target, km_http__coding_name(both[c]));
                assert_int_equal(a.status, 200);
                assert_true(km_str_eq(unpacked(both[c], a.body), numbers(n[i])));
            }
            assert_true(place_awaits(&p->closed, closed + 3));
        }
}

static void a_stream_that_fails_is_seen_to_be_cut(void **state)
{
    static const char *const route[] = { "/stream", "/stream/inline" };
    (void)state;
    for (size_t j = 0; j < 2; j++) {
        char target[100];
        int closed = atomic_load(&p->closed);
        snprintf(target, sizeof target, "%s?n=300000&fail=200000", route[j]);
        assert_int_equal(wire_get(p->port, p->arena, target).status, 0); /* no last chunk */
        assert_true(place_awaits(&p->closed, closed + 1));
    }
}

static void a_stream_given_up_before_it_began_is_closed(void **state)
{
    int closed = atomic_load(&p->closed);
    answer a = wire_get(p->port, p->arena, "/stream?n=5&refuse");
    (void)state;
    assert_int_equal(a.status, 409);
    assert_int_equal(atomic_load(&p->closed), closed + 1);
}

static void many_streams_run_side_by_side(void **state)
{
    wire w[40];
    km_str want = numbers(50000);
    (void)state;
    for (int i = 0; i < 40; i++) {
        w[i] = wire_open(p->port);
        wire_say(&w[i], "GET /stream?n=50000 HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (int i = 0; i < 40; i++) {
        answer a = wire_answer(&w[i], p->arena, false);
        assert_true(km_str_eq(a.body, want));
        wire_close(&w[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_back_as_it_was_sent),
        cmocka_unit_test(a_bulk_body_may_be_larger),
        cmocka_unit_test(a_caller_that_waits_to_be_asked_is_asked),
        cmocka_unit_test(who_is_not_admitted_is_not_asked_for_a_large_body),
        cmocka_unit_test(a_streamed_body_arrives_whole_in_pieces),
        cmocka_unit_test(a_piece_that_is_refused_ends_the_upload),
        cmocka_unit_test(a_caller_that_leaves_in_the_middle_is_told_to_the_route),
        cmocka_unit_test(a_packed_body_is_unpacked),
        cmocka_unit_test(a_packed_stream_is_unpacked_on_the_way),
        cmocka_unit_test(a_bomb_does_not_go_off),
        cmocka_unit_test(a_body_that_is_not_what_it_says_is_malformed),
        cmocka_unit_test(an_answer_is_packed_for_who_can_unpack_it),
        cmocka_unit_test(what_is_small_packed_or_a_picture_is_left_alone),
        cmocka_unit_test(who_refuses_plain_gets_even_little_packed),
        cmocka_unit_test(a_stream_arrives_whole),
        cmocka_unit_test(a_stream_that_fails_is_seen_to_be_cut),
        cmocka_unit_test(a_stream_given_up_before_it_began_is_closed),
        cmocka_unit_test(many_streams_run_side_by_side),
    };
    return cmocka_run_group_tests_name("bodies", tests, setup, teardown);
}
