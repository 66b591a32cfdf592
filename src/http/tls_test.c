/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS 1.3, 1.2 only where asked for, and callers with certificates, all made here.
 */
#include "http/cert_test.h"

static place *p;
static char cert_path[] = P_tmpdir "/km_http_cert_XXXXXX",
            key_path[] = P_tmpdir "/km_http_key_XXXXXX", ca_path[] = P_tmpdir "/km_http_ca_XXXXXX";

static party server, authority;

static void make_certificates(void)
{
    server = make_party((shape){ .dn = "CN=localhost" });
    authority = make_party((shape){ .dn = "CN=authority", .authority = true });
    write_certificate(cert_path, &server);
    write_certificate(ca_path, &authority);
    write_key(key_path, &server);
}

static int setup(void **state)
{
    (void)state;
    make_certificates();
    km_http_options o = { .workers = 4, .tls_cert = cert_path, .tls_key = key_path };
    o.limits = place_limits();
    o.limits.handshake_ms = 500;
    p = place_open(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    unlink(cert_path);
    unlink(key_path);
    unlink(ca_path);
    free_party(&server);
    free_party(&authority);
    return 0;
}

typedef struct secure {
    wire w;
    gnutls_session_t s;
    gnutls_certificate_credentials_t c;
} secure;

/* 0, or why the two do not agree. `as` is shown even when the server does not know its issuer. */
static int shake_as(secure *t, int port, const char *priority, const party *as)
{
    int rc;
    t->w = wire_open(port);
    gnutls_init(&t->s, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
    gnutls_certificate_allocate_credentials(&t->c);
    if (as != NULL)
        gnutls_certificate_set_x509_key(t->c, (gnutls_x509_crt_t *)(uintptr_t)&as->cert, 1,
                                        as->key);
    gnutls_credentials_set(t->s, GNUTLS_CRD_CERTIFICATE, t->c);
    assert_int_equal(gnutls_priority_set_direct(t->s, priority, NULL), 0);
    gnutls_transport_set_int(t->s, t->w.fd);
    gnutls_handshake_set_timeout(t->s, 3000);
    do
        rc = gnutls_handshake(t->s);
    while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
    return rc;
}

static int shake(secure *t, const char *priority)
{
    return shake_as(t, p->port, priority, NULL);
}

static void leave(secure *t)
{
    gnutls_deinit(t->s);
    gnutls_certificate_free_credentials(t->c);
    wire_close(&t->w);
}

static int ask(secure *t, const char *request, km_block *in)
{
    ssize_t n = gnutls_record_send(t->s, request, strlen(request));
    char some[4096];
    in->n = 0;
    if (n <= 0)
        return 0;
    do {
        n = gnutls_record_recv(t->s, some, sizeof some);
        if (n > 0)
            km_http__block_add(in, some, (size_t)n);
    } while (n > 0 && memmem(in->p, in->n, "fixed", 5) == NULL);
    km_http__block_add(in, "", 1);
    return strncmp(in->p, "HTTP/1.1 ", 9) == 0 ? atoi(in->p + 9) : 0;
}

static void tls_1_3_speaks_http(void **state)
{
    static const char *const target[] = { "/inline", "/worker" };
    secure t;
    km_block in = { 0 };
    (void)state;
    assert_int_equal(shake(&t, "NORMAL:-VERS-ALL:+VERS-TLS1.3"), 0);
    assert_int_equal(gnutls_protocol_get_version(t.s), GNUTLS_TLS1_3);
    for (int i = 0; i < 10; i++) {
        char text[100];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target[i % 2]);
        assert_int_equal(ask(&t, text, &in), 200);
    }
    km_http__block_free(&in);
    leave(&t);
}

static void each_group_and_cipher_that_we_name_serves(void **state)
{
    static const char *const priority[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
    };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        secure t;
        assert_int_equal(shake(&t, priority[i]), 0);
        leave(&t);
    }
}

static void nothing_older_or_weaker_is_spoken(void **state)
{
    static const char *const priority[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-CCM",
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        secure t;
        assert_true(shake(&t, priority[i]) < 0);
        leave(&t);
    }
}

static void plain_text_and_silence_get_nothing(void **state)
{
    (void)state;
    assert_int_equal(wire_get(p->port, p->arena, "/inline").status, 0);
    wire w = wire_open(p->port);
    assert_true(wire_ends(&w, 2000)); /* no handshake within the header's time */
    wire_close(&w);
}

/* What /peer says: "none", or the certificate's length and whether it verified; "" when the
 * connection brought no answer. */
static km_str told(int port, const char *priority, const party *as)
{
    secure t;
    km_block in = { 0 };
    km_str out = KM_STR("");
    if (shake_as(&t, port, priority, as) == 0
        && ask(&t, "GET /peer HTTP/1.1\r\nHost: h\r\n\r\n", &in) == 200) {
        const char *body = strstr(in.p, "\r\n\r\n") + 4;
        out = km_arena_copy(p->arena, (km_str){ body, (size_t)(strstr(body, " fixed") - body) });
    }
    km_http__block_free(&in);
    leave(&t);
    return out;
}

static km_code serve_peer(km_request *r, km_reply *out)
{
    km_str der = r->peer_certificate;
    unsigned sum = 0;
    for (size_t i = 0; i < der.n; i++)
        sum = sum * 31 + (unsigned char)der.p[i];
    out->type = "text/plain";
    out->body = der.p == NULL ? KM_STR("none fixed")
                              : km_arena_print(r->call.arena, "%zu %u %s fixed", der.n, sum,
                                               r->peer_verified ? "verified" : "unverified");
    return KM_OK;
}

static const km_http_route peer_routes[] = { ROUTE("GET", "/peer", serve_peer, 0), { 0 } };
static const km_http_route *const peer_tables[] = { peer_routes, NULL };

static km_str expected(const party *a, const char *word)
{
    gnutls_datum_t der;
    unsigned sum = 0;
    assert_int_equal(gnutls_x509_crt_export2(a->cert, GNUTLS_X509_FMT_DER, &der), 0);
    for (size_t i = 0; i < der.size; i++)
        sum = sum * 31 + der.data[i];
    km_str out = km_arena_print(p->arena, "%u %u %s", der.size, sum, word);
    gnutls_free(der.data);
    return out;
}

static place *open_for_peers(km_http_peer mode, bool tls_1_2)
{
    km_http_options o = { .workers = 2,
                          .tls_cert = cert_path,
                          .tls_key = key_path,
                          .tls_client_ca = mode == KM_HTTP_PEER_OFF ? NULL : ca_path,
                          .tls_peer = mode,
                          .tls_1_2 = tls_1_2,
                          .routes = peer_tables,
                          .limits = place_limits() };
    return place_open(&o);
}

/* Whoever comes, in every mode and both versions: who verifies is told so, who does not is told
 * as unverified where that may be, and let in nowhere else. */
static void a_caller_is_who_its_certificate_proves_and_nobody_else(void **state)
{
    static const char *const version[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
    const shape shapes[] = {
        { .dn = "CN=member", .issuer = &authority, .use = GNUTLS_KP_TLS_WWW_CLIENT },
        { .dn = "CN=any use", .issuer = &authority },
        { .dn = "CN=member" },                                             /* its own issuer */
        { .dn = "CN=authority", .authority = true },                       /* of the same name */
        { .dn = "CN=late", .issuer = &authority, .from = -90, .to = -30 }, /* over */
        { .dn = "CN=soon", .issuer = &authority, .from = 60, .to = 90 },   /* not begun */
        { .dn = "CN=a server", .issuer = &authority, .use = GNUTLS_KP_TLS_WWW_SERVER },
    };
    (void)state;
    for (int mode = KM_HTTP_PEER_OFF; mode <= KM_HTTP_PEER_REQUIRED; mode++) {
        place *of = open_for_peers((km_http_peer)mode, true);
        for (size_t v = 0; v < 2; v++) {
            km_str nobody = told(of->port, version[v], NULL);
            assert_true(km_str_is(nobody, mode == KM_HTTP_PEER_REQUIRED ? "" : "none"));
            for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                party who = make_party(shapes[i]);
                km_str is = told(of->port, version[v], &who);
                km_str want = KM_STR("none");
                if (mode == KM_HTTP_PEER_REQUIRED && i > 1)
                    want = KM_STR("");
                else if (mode != KM_HTTP_PEER_OFF)
                    want = expected(&who, i > 1 ? "unverified" : "verified");
                if (!km_str_eq(is, want))
                    fail_msg("mode %d, version %zu, shape %zu: %.*s", mode, v, i, KM_STR_ARG(is));
                free_party(&who);
            }
        }
        place_close(of);
    }
}

static void tls_1_2_is_spoken_where_asked_for_and_then_with_aead_only(void **state)
{
    static const struct {
        const char *priority;
        bool agrees;
    } row[] = {
        { "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC", false },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM", false },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA:+DHE-RSA", false },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", false },
    };
    (void)state;
    place *of = open_for_peers(KM_HTTP_PEER_OFF, true);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        secure t;
        assert_int_equal(shake_as(&t, of->port, row[i].priority, NULL) == 0, row[i].agrees);
        leave(&t);
    }
    place_close(of);
}

static void no_ticket_brings_early_data(void **state)
{
    secure t;
    km_block in = { 0 };
    (void)state;
    assert_int_equal(shake(&t, "NORMAL:-VERS-ALL:+VERS-TLS1.3"), 0);
    assert_int_equal(ask(&t, "GET /worker HTTP/1.1\r\nHost: h\r\n\r\n", &in), 200);
    unsigned flags = gnutls_session_get_flags(t.s);
    assert_int_equal(flags & (GNUTLS_SFLAGS_EARLY_DATA | GNUTLS_SFLAGS_SESSION_TICKET), 0);
    assert_non_null(strstr(in.p, "Strict-Transport-Security: max-age="));
    km_http__block_free(&in);
    leave(&t);
}

static void a_certificate_that_does_not_serve_stops_the_start(void **state)
{
    km_http *h;
    const km_http_options bad[] = {
        { .listen = "127.0.0.1:0", .routes = place_tables, .tls_cert = cert_path },
        { .listen = "127.0.0.1:0", .routes = place_tables, .tls_key = key_path },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_cert = key_path,
          .tls_key = cert_path },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_cert = "/nonexistent/cert",
          .tls_key = key_path },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_cert = cert_path,
          .tls_key = key_path,
          .tls_client_ca = key_path,
          .tls_peer = KM_HTTP_PEER_REQUIRED },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_cert = cert_path,
          .tls_key = key_path,
          .tls_peer = KM_HTTP_PEER_OPTIONAL },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_cert = cert_path,
          .tls_key = key_path,
          .tls_client_ca = ca_path },
        { .listen = "127.0.0.1:0",
          .routes = place_tables,
          .tls_client_ca = ca_path,
          .tls_peer = KM_HTTP_PEER_REQUIRED },
    };
    static const km_code code[] = { KM_USAGE, KM_USAGE, KM_USAGE, KM_IO,
                                    KM_USAGE, KM_USAGE, KM_USAGE, KM_USAGE };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_fault f = { 0 };
        assert_int_equal(km_http_start(&h, &bad[i], &f), code[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_3_speaks_http),
        cmocka_unit_test(each_group_and_cipher_that_we_name_serves),
        cmocka_unit_test(nothing_older_or_weaker_is_spoken),
        cmocka_unit_test(plain_text_and_silence_get_nothing),
        cmocka_unit_test(a_caller_is_who_its_certificate_proves_and_nobody_else),
        cmocka_unit_test(tls_1_2_is_spoken_where_asked_for_and_then_with_aead_only),
        cmocka_unit_test(no_ticket_brings_early_data),
        cmocka_unit_test(a_certificate_that_does_not_serve_stops_the_start),
    };
    return cmocka_run_group_tests_name("TLS", tests, setup, teardown);
}
