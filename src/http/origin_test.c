/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom a browser may be made to ask for, what every reply says to a browser, and a request's name.
 */
#include "http/cookie.h"
#include "http/place_test.h"

static place *p;

static km_code serve_cookie(km_request *r, km_reply *out)
{
    km_cookie set = { "session", km_request_query(r, "v"), NULL, 60 };
    km_str got = km_request_cookie(r, "session");
    if (set.value.p != NULL)
        KM_TRY(km_reply_cookie(out, r, &set));
    out->type = "text/html; charset=utf-8";
    out->body = km_arena_print(r->call.arena, "[%.*s] %s %s", KM_STR_ARG(got), r->peer, r->id);
    return KM_OK;
}

static const km_http_route routes[] = { ROUTE("GET", "/cookie", serve_cookie, 0), { 0 } };
static const km_http_route *const tables[] = { routes, place_routes, NULL };

static int setup(void **state)
{
    (void)state;
    km_http_options o = { .workers = 2,
                          .admit = place_admit,
                          .refuse = place_refuse,
                          .routes = tables,
                          .session_cookie = "session",
                          .limits = place_limits() };
    p = place_open(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    return 0;
}

static answer get_with(const char *target, const char *headers)
{
    char text[8192];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", target, headers);
    return wire_ask(p->port, p->arena, text, (size_t)n);
}

static void with_our_cookie_only_our_pages_change_anything(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } row[] = {
        { "", 200 }, /* no cookie: whoever asks brings its own proof */
        { "Sec-Fetch-Site: cross-site\r\n", 200 },
        { "Cookie: other=1\r\n", 200 },
        { "Cookie: session=a\r\n", 403 },
        { "Cookie: other=1; session=a\r\n", 403 },
        { "Cookie: other=1\r\nCookie: session=a\r\n", 403 },
        { "Cookie: session=\r\n", 403 },
        { "Cookie: session=a; session=b\r\n", 403 },
        { "Cookie: session=a\r\nSec-Fetch-Site: same-origin\r\n", 200 },
        { "Cookie: session=a\r\nSec-Fetch-Site: same-site\r\n", 403 },
        { "Cookie: session=a\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://h\r\n", 403 },
        { "Cookie: session=a\r\nSec-Fetch-Site: none\r\n", 403 },
        { "Cookie: session=a\r\nOrigin: http://h\r\n", 200 },
        { "Cookie: session=a\r\nOrigin: https://h\r\n", 403 },
        { "Cookie: session=a\r\nOrigin: http://h:81\r\n", 403 },
        { "Cookie: session=a\r\nOrigin: http://h.example\r\n", 403 },
        { "Cookie: session=a\r\nOrigin: null\r\n", 403 },
    };
    static const char *const target[] = { "/echo", "/echo/inline", "/echo/bulk", "/sum" };
    (void)state;
    for (size_t t = 0; t < sizeof target / sizeof *target; t++)
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            answer a = wire_post(p->port, p->arena, target[t], row[i].headers, KM_STR("b"));
            if (a.status != row[i].status)
                fail_msg("%s %s: %d", target[t], row[i].headers, a.status);
        }
    assert_int_equal(get_with("/worker", "Cookie: session=a\r\n").status, 200);
}

static void a_cookie_is_read_once_and_whole(void **state)
{
    static const char *const row[][2] = {
        { "Cookie: session=abc", "[abc]" },
        { "Cookie: a=1; session=abc; b=2", "[abc]" },
        { "Cookie: a=1;session=abc", "[abc]" },
        { "Cookie: sessions=abc; Session=x", "[]" },
        { "Cookie: session=abc; session=abc", "[abc]" },
        { "Cookie: session=abc; session=abd", "[]" },
        { "Cookie: session=a b", "[]" },
        { "Cookie: session=\"abc\"", "[]" },
        { "Cookie: session", "[]" },
        { "Cookie: =; ;;; session=abc=", "[abc=]" },
        { "Cookie:", "[]" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char line[200];
        snprintf(line, sizeof line, "%s\r\n", row[i][0]);
        answer a = get_with("/cookie", line);
        if (!km_str_starts(a.body, km_str_of(row[i][1])))
            fail_msg("%s: %.*s", row[i][0], KM_STR_ARG(a.body));
    }
    char many[1024] = "Cookie: ";
    for (int i = 0; i < 64; i++)
        strcat(many, "a=1; ");
    strcat(many, "session=abc\r\n");
    assert_true(km_str_starts(get_with("/cookie", many).body, KM_STR("[]")));
}

static void a_cookie_is_set_for_us_alone_or_not_at_all(void **state)
{
    (void)state;
    answer a = get_with("/cookie?v=abc", "");
    assert_true(km_str_is(wire_header(&a, "Set-Cookie"),
                          "session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60"));
    static const char *const bad[] = { "%22",   "a%3Bb",         "a%2Cb",
                                       "a%20b", "a%0D%0AX:%20y", "%E7%B5%84" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char target[64];
        snprintf(target, sizeof target, "/cookie?v=%s", bad[i]);
        a = get_with(target, "");
        assert_int_equal(a.status, 400);
        assert_null(wire_header(&a, "Set-Cookie").p);
    }
}

static void every_reply_tells_the_browser_to_be_careful(void **state)
{
    static const char *const target[] = { "/cookie", "/worker", "/inline", "/stream?n=9",
                                          "/fault",  "/none",   "/large" };
    (void)state;
    for (size_t i = 0; i < sizeof target / sizeof *target; i++) {
        answer a = get_with(target[i], "");
        bool page = strcmp(target[i], "/cookie") == 0;
        km_str csp = wire_header(&a, "Content-Security-Policy");
        assert_true(km_str_is(wire_header(&a, "X-Content-Type-Options"), "nosniff"));
        assert_true(km_str_is(wire_header(&a, "Referrer-Policy"), "no-referrer"));
        assert_true(km_str_is(wire_header(&a, "Cache-Control"), "no-store"));
        assert_true(km_str_is(wire_header(&a, "Cross-Origin-Resource-Policy"), "same-origin"));
        assert_true(km_str_starts(csp, page ? KM_STR("default-src 'self';")
                                            : KM_STR("default-src 'none';")));
        assert_non_null(memmem(csp.p, csp.n, "frame-ancestors 'none'", 22));
        assert_null(memmem(csp.p, csp.n, "unsafe", 6));
        assert_int_equal(wire_header(&a, "Permissions-Policy").p != NULL, page);
        assert_int_equal(wire_header(&a, "Cross-Origin-Opener-Policy").p != NULL, page);
        assert_null(wire_header(&a, "Strict-Transport-Security").p); /* not over plain HTTP */
    }
}

static void a_request_keeps_the_name_that_its_caller_gave_when_it_is_one(void **state)
{
    static const struct {
        const char *id;
        bool kept;
    } row[] = {
        { "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true },
        { "4bf92f3577b34da6a3ce929d0e0e4736", true },
        { "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF", true },
        { "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF0", false },
        { "123456789012", false },             /* the number of a person */
        { "yamada-hanako-1970-01-01", false }, /* a person */
        { "f81d4fae-7dec-11d0-a765-00a0c91e6bf\"", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char line[200];
        snprintf(line, sizeof line, "X-Request-Id: %s\r\n", row[i].id);
        answer a = get_with("/cookie", line);
        km_str id = wire_header(&a, "X-Request-Id");
        assert_int_equal(km_str_is(id, row[i].id), row[i].kept);
        assert_true(row[i].kept || id.n == 16);
        assert_true(km_str_ends(a.body, id)); /* the handler sees the same */
        assert_non_null(memmem(a.body.p, a.body.n, "] 127.0.0.1 ", 12));
        km_str logged = km_arena_print(p->arena, "\"id\":\"%.*s\"", KM_STR_ARG(id));
        assert_true(place_line(p, logged).n > 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_our_cookie_only_our_pages_change_anything),
        cmocka_unit_test(a_cookie_is_read_once_and_whole),
        cmocka_unit_test(a_cookie_is_set_for_us_alone_or_not_at_all),
        cmocka_unit_test(every_reply_tells_the_browser_to_be_careful),
        cmocka_unit_test(a_request_keeps_the_name_that_its_caller_gave_when_it_is_one),
    };
    return cmocka_run_group_tests_name("origin", tests, setup, teardown);
}
