/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom we ask, and what becomes of servers that lie, hang, redirect or never end.
 */
#include "http/address.h"
#include "http/cert_test.h"
#include "http/client.h"

/* --- a server that says what the path names ---------------------------------------------- */

typedef struct liar {
    int fd, port;
    pthread_t thread;
    atomic_int calls;
    atomic_bool stop;
} liar;

static void say(int fd, const char *z)
{
    (void)!send(fd, z, strlen(z), MSG_NOSIGNAL);
}

static void endless(int fd, const char *head, const char *piece, liar *l)
{
    say(fd, head);
    while (!atomic_load(&l->stop) && send(fd, piece, strlen(piece), MSG_NOSIGNAL) > 0)
        ;
}

static void lie(liar *l, int fd, const char *request)
{
    static const char big[] = "0123456789012345678901234567890123456789012345678901234567890123";
    if (strstr(request, " /ok") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
    } else if (strstr(request, " /echo") != NULL) {
        const char *body = strstr(request, "\r\n\r\n");
        char text[8192];
        snprintf(text, sizeof text, "HTTP/1.1 404 No\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body + 4), body + 4);
        say(fd, text);
    } else if (strstr(request, " /redirect") != NULL) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    } else if (strstr(request, " /hang") != NULL) {
        char more;
        (void)!recv(fd, &more, 1, 0); /* until the other side goes */
    } else if (strstr(request, " /endless/body") != NULL) {
        endless(fd, "HTTP/1.1 200 OK\r\n\r\n", big, l);
    } else if (strstr(request, " /endless/head") != NULL) {
        endless(fd, "HTTP/1.1 200 OK\r\n", "X-A: 0123456789\r\n", l);
    } else if (strstr(request, " /endless/line") != NULL) {
        endless(fd, "HTTP/1.1 200 OK\r\nX: ", big, l);
    } else if (strstr(request, " /announced") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nok");
    } else if (strstr(request, " /short") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
    } else if (strstr(request, " /09") != NULL) {
        say(fd, "ok, said by HTTP/0.9");
    } else if (strstr(request, " /chunk") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok");
    }
}

static void *be_liar(void *self)
{
    liar *l = self;
    char text[4096];
    for (int fd; (fd = accept(l->fd, NULL, NULL)) >= 0; close(fd)) {
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        atomic_fetch_add(&l->calls, 1);
        if (n > 0) {
            text[n] = '\0';
            usleep(2000); /* a body may follow its head */
            ssize_t more = recv(fd, text + n, sizeof text - 1 - (size_t)n, MSG_DONTWAIT);
            text[n + (more > 0 ? more : 0)] = '\0';
            lie(l, fd, text);
        }
        shutdown(fd, SHUT_WR);
    }
    return NULL;
}

static liar server;
static km_arena *arena;
static char allowed[64];
static const char *const allow[] = { allowed, NULL };

static int setup(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server.fd, 16), 0);
    getsockname(server.fd, (struct sockaddr *)&at, &n);
    server.port = ntohs(at.sin_port);
    snprintf(allowed, sizeof allowed, "127.0.0.1:%d", server.port);
    assert_int_equal(pthread_create(&server.thread, NULL, be_liar, &server), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    atomic_store(&server.stop, true);
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    km_arena_free(arena);
    return 0;
}

static km_fault fault;

static km_code ask(km_answer *out, const km_client *c, km_question q)
{
    km_call call = { .arena = arena, .fault = &fault };
    fault = (km_fault){ 0 };
    if (q.method == NULL)
        q.method = "GET";
    return km_client_ask(out, c, &q, &call);
}

static const char *url_of(const char *host, int port, const char *path)
{
    return km_arena_print(arena, "http://%s:%d%s", host, port, path).p;
}

static km_code get(km_answer *out, const km_client *c, const char *path)
{
    return ask(out, c, (km_question){ .url = url_of("127.0.0.1", server.port, path) });
}

/* --- the claims --------------------------------------------------------------------------- */

static void who_is_allowed_is_asked_and_its_answer_comes_whole(void **state)
{
    const km_client c = { .allow = allow, .timeout_ms = 2000 };
    km_answer a;
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* nobody listens there */
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    assert_int_equal(get(&a, &c, "/ok"), KM_OK);
    assert_int_equal(a.status, 200);
    assert_true(km_str_is(a.body, "ok") && km_str_is(a.type, "text/plain"));
    km_question q = { "POST",   url_of("127.0.0.1", server.port, "/echo"),
                      "text/x", KM_STR("told"),
                      NULL,     0 };
    assert_int_equal(ask(&a, &c, q), KM_OK);
    assert_int_equal(a.status, 404);
    assert_true(km_str_is(a.body, "told"));
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    const km_client c = { .allow = allow, .timeout_ms = 2000 };
    km_answer a;
    (void)state;
    int before = atomic_load(&server.calls);
    assert_int_equal(get(&a, &c, "/redirect"), KM_OK);
    assert_int_equal(a.status, 302);
    assert_int_equal(a.body.n, 0);
    assert_int_equal(atomic_load(&server.calls), before + 1);
}

static void what_hangs_lies_or_never_ends_is_a_fault_in_time(void **state)
{
    static const struct {
        const char *path, *detail;
    } row[] = {
        { "/hang", "not in time" },
        { "/endless/body", "more than allowed came" },
        { "/endless/head", "more than allowed came" },
        { "/endless/line", NULL },
        { "/announced", NULL },
        { "/short", NULL },
        { "/09", NULL },
        { "/chunk", NULL },
        { "/nothing", NULL },
    };
    const km_client c = { .allow = allow, .timeout_ms = 900, .body_bytes = 32 << 10 };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_answer a;
        uint64_t began = km_ticks_ns();
        if (get(&a, &c, row[i].path) != KM_UPSTREAM)
            fail_msg("%s: %d %s", row[i].path, fault.code, fault.detail);
        assert_int_equal(a.status, 0);
        assert_string_equal(fault.path, "url");
        if (row[i].detail != NULL)
            assert_string_equal(fault.detail, row[i].detail);
        assert_true(km_ticks_ns() - began < 3000000000u);
    }
}

static void a_body_may_have_as_many_bytes_as_the_limit_says(void **state)
{
    km_answer a;
    (void)state;
    for (size_t most = 1; most <= 3; most++) {
        const km_client c = { .allow = allow, .timeout_ms = 2000, .body_bytes = most };
        assert_int_equal(get(&a, &c, "/ok"), most >= 2 ? KM_OK : KM_UPSTREAM);
    }
}

static void nobody_else_is_asked_however_the_address_is_written(void **state)
{
    static const char *const host[] = {
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "172.31.255.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[::127.0.0.1]",
    };
    static const km_client strict = { .timeout_ms = 500 };
    km_answer a;
    (void)state;
    int before = atomic_load(&server.calls);
    for (size_t i = 0; i < sizeof host / sizeof *host; i++) {
        km_str url = km_arena_print(arena, "https://%s:%d/ok", host[i], server.port);
        km_code rc = ask(&a, &strict, (km_question){ .url = url.p });
        if (rc != KM_FORBIDDEN && rc != KM_BAD_VALUE)
            fail_msg("%s: %d %s", host[i], rc, fault.detail);
    }
    assert_int_equal(atomic_load(&server.calls), before);
}

static void only_https_and_only_sound_urls(void **state)
{
    static const struct {
        const char *url;
        km_code code;
    } row[] = {
        { "http://8.8.8.8/", KM_FORBIDDEN },
        { "ftp://8.8.8.8/", KM_FORBIDDEN },
        { "file:///etc/passwd", KM_BAD_VALUE },
        { "gopher://8.8.8.8/", KM_FORBIDDEN },
        { "https://user:secret@8.8.8.8/", KM_BAD_VALUE },
        { "https://a@8.8.8.8/", KM_BAD_VALUE },
        { "", KM_BAD_VALUE },
        { "https://", KM_BAD_VALUE },
        { "/ok", KM_BAD_VALUE },
        { "https://[fe80::1%25lo]/", KM_BAD_VALUE },
        { "https://8.8.8.8:99999/", KM_BAD_VALUE },
        { "https://a b/", KM_BAD_VALUE },
    };
    static const km_client strict = { .timeout_ms = 500 };
    km_answer a;
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (ask(&a, &strict, (km_question){ .url = row[i].url }) != row[i].code)
            fail_msg("%s: %d %s", row[i].url, fault.code, fault.detail);
    const km_client c = { .allow = allow };
    const km_field broken = { KM_STR_INIT("X"), KM_STR_INIT("a\r\nY: b") };
    assert_int_equal(ask(&a, &c,
                         (km_question){ .url = url_of("127.0.0.1", server.port, "/ok"),
                                        .header = &broken,
                                        .headers = 1 }),
                     KM_BAD_VALUE);
}

/* A name server that changes its mind: the first look-up is public, every later one is us. */
typedef struct turncoat {
    int asked;
    const char *first, *also;
} turncoat;

static bool add_address(km_client_addresses *out, const char *text)
{
    struct sockaddr_in *at = (struct sockaddr_in *)(void *)&out->at[out->n++];
    at->sin_family = AF_INET;
    return inet_pton(AF_INET, text, &at->sin_addr) == 1;
}

static bool turn(void *self, km_client_addresses *out, const char *host)
{
    turncoat *t = self;
    (void)host;
    bool known = add_address(out, t->asked++ ? "127.0.0.1" : t->first);
    return known && (t->also == NULL || add_address(out, t->also));
}

static void a_name_is_looked_up_once_and_all_of_it_must_be_public(void **state)
{
    km_answer a;
    (void)state;
    int before = atomic_load(&server.calls);
    const char *url = km_arena_print(arena, "https://localhost:%d/ok", server.port).p;
    turncoat t = { .first = "8.8.8.8", .also = "127.0.0.1" };
    km_client c = { .resolve = turn, .self = &t, .timeout_ms = 300 };
    assert_int_equal(ask(&a, &c, (km_question){ .url = url }), KM_FORBIDDEN);
    assert_int_equal(t.asked, 1);
    assert_int_equal(atomic_load(&server.calls), before);
    /* and the connection goes where we looked, whatever the system says of the name */
    char named[64];
    const char *const names[] = { named, NULL };
    snprintf(named, sizeof named, "jwks.invalid:%d", server.port);
    t = (turncoat){ .first = "127.0.0.1" };
    c.allow = names;
    c.timeout_ms = 2000;
    assert_int_equal(
        ask(&a, &c, (km_question){ .url = url_of("jwks.invalid", server.port, "/ok") }), KM_OK);
    assert_int_equal(a.status, 200);
}

static void public_addresses_are_public(void **state)
{
    static const char *const yes[] = {
        "8.8.8.8",         "1.1.1.1",      "172.32.0.1",          "100.128.0.1",
        "2606:4700::1111", "2400:cb00::1", "2001:4860:4860::8888"
    };
    static const char *const no[] = { "192.0.2.1",   "198.18.0.1",    "203.0.113.9", "240.0.0.1",
                                      "2001:db8::1", "3fff::1",       "100::1",      "5f00::1",
                                      "fec0::1",     "::ffff:8.8.8.8" };
    unsigned char bytes[16];
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        int family = strchr(yes[i], ':') ? AF_INET6 : AF_INET;
        assert_int_equal(inet_pton(family, yes[i], bytes), 1);
        assert_true(km_address_is_public(family, bytes));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        int family = strchr(no[i], ':') ? AF_INET6 : AF_INET;
        assert_int_equal(inet_pton(family, no[i], bytes), 1);
        assert_false(km_address_is_public(family, bytes));
    }
}

/* --- TLS ---------------------------------------------------------------------------------- */

static void over_tls_both_sides_prove_who_they_are(void **state)
{
    char ca[] = P_tmpdir "/km_client_ca_XXXXXX", other_ca[] = P_tmpdir "/km_client_ot_XXXXXX",
         cert[] = P_tmpdir "/km_client_ce_XXXXXX", key[] = P_tmpdir "/km_client_ke_XXXXXX",
         mine[] = P_tmpdir "/km_client_mi_XXXXXX", my_key[] = P_tmpdir "/km_client_mk_XXXXXX";
    party authority = make_party((shape){ .dn = "CN=authority", .authority = true });
    party other = make_party((shape){ .dn = "CN=other", .authority = true });
    party node = make_party((shape){ .dn = "CN=node", .issuer = &authority, .host = "localhost" });
    party me = make_party((shape){ .dn = "CN=me", .issuer = &authority });
    char place_name[64];
    const char *const names[] = { place_name, NULL };
    km_answer a;
    (void)state;
    write_certificate(ca, &authority);
    write_certificate(other_ca, &other);
    write_certificate(cert, &node);
    write_key(key, &node);
    write_certificate(mine, &me);
    write_key(my_key, &me);
    km_http_options o = { .workers = 2,
                          .tls_cert = cert,
                          .tls_key = key,
                          .tls_client_ca = ca,
                          .tls_peer = KM_HTTP_PEER_REQUIRED,
                          .limits = place_limits() };
    place *p = place_open(&o);
    const char *by_name = km_arena_print(arena, "https://localhost:%d/worker", p->port).p;
    const char *by_number = km_arena_print(arena, "https://127.0.0.1:%d/worker", p->port).p;
    snprintf(place_name, sizeof place_name, "localhost:%d", p->port);
    const km_client good = {
        .allow = names, .ca_file = ca, .cert = mine, .key = my_key, .timeout_ms = 3000
    };
    km_client nobody = good, stranger = good, numbered = good;
    char numbered_name[64];
    const char *const numbers[] = { numbered_name, NULL };
    snprintf(numbered_name, sizeof numbered_name, "127.0.0.1:%d", p->port);
    nobody.cert = nobody.key = NULL;
    stranger.ca_file = other_ca;
    numbered.allow = numbers;
    assert_int_equal(ask(&a, &good, (km_question){ .url = by_name }), KM_OK);
    assert_true(a.status == 200 && km_str_is(a.body, "fixed"));
    assert_int_equal(ask(&a, &nobody, (km_question){ .url = by_name }), KM_UPSTREAM);
    assert_int_equal(ask(&a, &stranger, (km_question){ .url = by_name }), KM_UPSTREAM);
    assert_int_equal(ask(&a, &numbered, (km_question){ .url = by_number }), KM_UPSTREAM);
    place_close(p);
    const char *const files[] = { ca, other_ca, cert, key, mine, my_key };
    for (size_t i = 0; i < 6; i++)
        unlink(files[i]);
    free_party(&authority);
    free_party(&other);
    free_party(&node);
    free_party(&me);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_allowed_is_asked_and_its_answer_comes_whole),
        cmocka_unit_test(a_redirect_is_an_answer_and_is_not_followed),
        cmocka_unit_test(what_hangs_lies_or_never_ends_is_a_fault_in_time),
        cmocka_unit_test(a_body_may_have_as_many_bytes_as_the_limit_says),
        cmocka_unit_test(nobody_else_is_asked_however_the_address_is_written),
        cmocka_unit_test(only_https_and_only_sound_urls),
        cmocka_unit_test(a_name_is_looked_up_once_and_all_of_it_must_be_public),
        cmocka_unit_test(public_addresses_are_public),
        cmocka_unit_test(over_tls_both_sides_prove_who_they_are),
    };
    return cmocka_run_group_tests_name("client", tests, setup, teardown);
}
