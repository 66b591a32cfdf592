/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS 1.3 and nothing older, with a certificate made here.
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

#include "http/place_test.h"

static place *p;
static char cert_path[] = P_tmpdir "/km_http_cert_XXXXXX",
            key_path[] = P_tmpdir "/km_http_key_XXXXXX";

static void write_file(char *path, const gnutls_datum_t *d)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, d->data, d->size), d->size);
    close(fd);
}

static void make_certificate(void)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t text;
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&cert);
    assert_int_equal(gnutls_x509_privkey_generate(
                         key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    gnutls_x509_crt_set_version(cert, 3);
    gnutls_x509_crt_set_serial(cert, "\x01", 1);
    gnutls_x509_crt_set_dn(cert, "CN=localhost", NULL);
    gnutls_x509_crt_set_activation_time(cert, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(cert, time(NULL) + 3600);
    gnutls_x509_crt_set_key(cert, key);
    assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(cert_path, &text);
    gnutls_free(text.data);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(key_path, &text);
    gnutls_free(text.data);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
}

static int setup(void **state)
{
    (void)state;
    make_certificate();
    km_http_options o = { .workers = 4, .tls_cert = cert_path, .tls_key = key_path };
    o.limits = place_limits();
    o.limits.header_ms = 500;
    p = place_open(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    place_close(p);
    unlink(cert_path);
    unlink(key_path);
    return 0;
}

typedef struct secure {
    wire w;
    gnutls_session_t s;
    gnutls_certificate_credentials_t c;
} secure;

/* 0, or why the two do not agree. */
static int shake(secure *t, const char *priority)
{
    int rc;
    t->w = wire_open(p->port);
    gnutls_init(&t->s, GNUTLS_CLIENT);
    gnutls_certificate_allocate_credentials(&t->c);
    gnutls_credentials_set(t->s, GNUTLS_CRD_CERTIFICATE, t->c);
    assert_int_equal(gnutls_priority_set_direct(t->s, priority, NULL), 0);
    gnutls_transport_set_int(t->s, t->w.fd);
    gnutls_handshake_set_timeout(t->s, 3000);
    do
        rc = gnutls_handshake(t->s);
    while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
    return rc;
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
    } while (n > 0 && (in->n < 5 || memcmp(in->p + in->n - 5, "fixed", 5) != 0));
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
    };
    static const km_code code[] = { KM_USAGE, KM_USAGE, KM_USAGE, KM_IO };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
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
        cmocka_unit_test(a_certificate_that_does_not_serve_stops_the_start),
    };
    return cmocka_run_group_tests_name("TLS", tests, setup, teardown);
}
