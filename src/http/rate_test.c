/* SPDX-License-Identifier: Apache-2.0
 *
 * How often one may ask: the buckets alone, and the server that asks them.
 */
#include "http/place_test.h"
#include "http/rate.h"

static void whoever_asks_gets_the_burst_and_then_the_rate(void **state)
{
    static const uint32_t rates[] = { 1, 3, 10, 999, 5000 }, bursts[] = { 0, 1, 7, 100 };
    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 4; k++) {
            km_rate *r = km_rate_new(rates[i], bursts[k], 42);
            uint64_t burst = bursts[k] ? bursts[k] : rates[i], got = 0, seconds = 20;
            for (uint64_t n = 0; n < burst; n++)
                assert_int_equal(km_rate_take(r, 1, 1000), 0);
            uint32_t wait = km_rate_take(r, 1, 1000);
            assert_in_range(wait, 1, 1000);
            assert_int_equal(km_rate_take(r, 1, 1000 + wait), 0); /* it said so */
            km_rate_free(r);
            r = km_rate_new(rates[i], bursts[k], 42);
            for (uint64_t t = 0; t <= seconds * 1000; t++)
                for (int n = 0; n < 8; n++)
                    got += km_rate_take(r, 1, 5000 + t) == 0;
            assert_in_range(got, burst, burst + rates[i] * seconds);
            km_rate_free(r);
        }
}

static void others_do_not_pay_and_a_clock_that_goes_back_gives_nothing(void **state)
{
    (void)state;
    km_rate *r = km_rate_new(1, 1, 7);
    for (uint64_t key = 0; key < 1000; key++) {
        assert_int_equal(km_rate_take(r, key, 10000), 0);
        assert_true(km_rate_take(r, key, 9000) > 0);
        assert_true(km_rate_take(r, key, 10000) > 0);
    }
    km_rate_free(r);
}

/* 200,000 strangers with one question each do not bring tokens back to who has used his up. */
static void a_flood_of_strangers_does_not_refill_an_empty_bucket(void **state)
{
    enum { STRANGERS = 200000 };
    (void)state;
    km_rate *r = km_rate_new(10, 100, 99);
    for (int i = 0; i < 100; i++)
        assert_int_equal(km_rate_take(r, 5, 1000), 0);
    for (uint64_t key = 10; key < STRANGERS; key++)
        assert_int_equal(km_rate_take(r, key, 1000), 0);
    assert_true(km_rate_take(r, 5, 1000) > 0);
    assert_true(km_rate_bytes() < 512 * 1024);
    km_rate_free(r);
}

static void no_rate_is_no_limit(void **state)
{
    (void)state;
    assert_null(km_rate_new(0, 5, 1));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(km_rate_take(NULL, 1, 1), 0);
}

/* Who says X-Key is known by it. */
static km_code admit_by_key(km_request *r)
{
    int64_t key = 0;
    km_str_to_i64(&key, km_request_header(r, "X-Key"));
    r->caller_key = (uint64_t)key;
    return KM_OK;
}

static km_code serve_address(km_request *r, km_reply *out)
{
    out->body = km_str_of(r->peer);
    out->type = "text/plain";
    return KM_OK;
}

static const km_http_route routes[] = {
    ROUTE("GET", "/address", serve_address, 0),
    ROUTE("GET", "/health", serve_fixed, KM_HTTP_INLINE | KM_HTTP_UNLIMITED),
    { 0 },
};
static const km_http_route *const tables[] = { routes, place_routes, NULL };

static place *open_with(km_http_limits l, const char *proxy)
{
    km_http_options o = { .workers = 2,
                          .admit = admit_by_key,
                          .refuse = place_refuse,
                          .routes = tables,
                          .trusted_proxy = proxy,
                          .limits = l };
    return place_open(&o);
}

static answer get_with(place *p, const char *target, const char *headers)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", target, headers);
    return wire_ask(p->port, p->arena, text, (size_t)n);
}

static void beyond_the_peers_rate_it_is_429_but_for_health(void **state)
{
    static const char *const target[] = { "/worker", "/inline", "/none", "/worker" };
    km_http_limits l = place_limits();
    (void)state;
    l.peer_per_s = 1;
    l.peer_burst = 4;
    place *p = open_with(l, NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(get_with(p, target[i], "").status, i == 2 ? 404 : 200);
    for (int i = 0; i < 3; i++) {
        answer a = get_with(p, "/worker", "X-Forwarded-For: 192.0.2.1\r\n");
        int64_t s;
        assert_int_equal(a.status, 429);
        assert_true(km_str_is(a.body, "{\"code\":\"too-many\"}")
                    || memmem(a.body.p, a.body.n, "TOO_MANY", 8) != NULL);
        assert_true(km_str_to_i64(&s, wire_header(&a, "Retry-After")) && s >= 1 && s <= 2);
        assert_int_equal(wire_post(p->port, p->arena, "/sum", "", KM_STR("abc")).status, 429);
        assert_int_equal(get_with(p, "/health", "").status, 200);
    }
    sleep(2);
    assert_int_equal(get_with(p, "/worker", "").status, 200);
    place_close(p);
}

static void beyond_a_callers_rate_only_that_caller_waits(void **state)
{
    km_http_limits l = place_limits();
    (void)state;
    l.caller_per_s = 1;
    l.caller_burst = 3;
    place *p = open_with(l, NULL);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(get_with(p, "/worker", "X-Key: 7\r\n").status, i < 3 ? 200 : 429);
        assert_int_equal(get_with(p, "/inline", "X-Key: 0\r\n").status, 200); /* nobody known */
        assert_int_equal(get_with(p, "/health", "X-Key: 7\r\n").status, 200);
    }
    assert_int_equal(get_with(p, "/worker", "X-Key: 8\r\n").status, 200);
    place_close(p);
}

static void only_a_trusted_proxy_tells_who_asks(void **state)
{
    static const struct {
        const char *headers, *peer;
    } row[] = {
        { "", "127.0.0.1" },
        { "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7" },
        { "X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n", "192.0.2.7" },
        { "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7" },
        { "X-Forwarded-For: 2001:DB8:0::1\r\n", "2001:db8::1" },
        { "X-Forwarded-For: 192.0.2.7,\r\n", "127.0.0.1" },
        { "X-Forwarded-For: unknown\r\n", "127.0.0.1" },
        { "X-Forwarded-For: 192.0.2.7:80\r\n", "127.0.0.1" },
        { "X-Forwarded-For: <script>\r\n", "127.0.0.1" },
    };
    static const char *const proxy[] = { "127.0.0.1", NULL, "127.0.0.2" };
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        place *p = open_with(place_limits(), proxy[k]);
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            answer a = get_with(p, "/address", row[i].headers);
            assert_true(km_str_is(a.body, k == 0 ? row[i].peer : "127.0.0.1"));
        }
        place_close(p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_asks_gets_the_burst_and_then_the_rate),
        cmocka_unit_test(others_do_not_pay_and_a_clock_that_goes_back_gives_nothing),
        cmocka_unit_test(a_flood_of_strangers_does_not_refill_an_empty_bucket),
        cmocka_unit_test(no_rate_is_no_limit),
        cmocka_unit_test(beyond_the_peers_rate_it_is_429_but_for_health),
        cmocka_unit_test(beyond_a_callers_rate_only_that_caller_waits),
        cmocka_unit_test(only_a_trusted_proxy_tells_who_asks),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
