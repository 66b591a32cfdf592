/* SPDX-License-Identifier: Apache-2.0
 *
 * cert_test: for tests only: makes keys and certificates, and writes them to files.
 */
#ifndef KM_HTTP_CERT_TEST_H
#define KM_HTTP_CERT_TEST_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

#include "http/place_test.h"

static inline void write_file(char *path, const gnutls_datum_t *d)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, d->data, d->size), d->size);
    close(fd);
}

typedef struct party {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
} party;

typedef struct shape {
    const char *dn;
    const party *issuer; /* NULL: itself */
    time_t from, to;     /* seconds from now; both 0: an hour around it */
    const char *use;     /* an extended key usage */
    bool authority;
    const char *host; /* a DNS name of it */
} shape;

static inline party make_party(shape s)
{
    party out;
    gnutls_x509_privkey_init(&out.key);
    gnutls_x509_crt_init(&out.cert);
    assert_int_equal(gnutls_x509_privkey_generate(out.key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                  0),
                     0);
    gnutls_x509_crt_set_version(out.cert, 3);
    gnutls_x509_crt_set_serial(out.cert, "\x01", 1);
    gnutls_x509_crt_set_dn(out.cert, s.dn, NULL);
    gnutls_x509_crt_set_activation_time(out.cert, time(NULL) + (s.to ? s.from : -3600));
    gnutls_x509_crt_set_expiration_time(out.cert, time(NULL) + (s.to ? s.to : 3600));
    if (s.authority) {
        gnutls_x509_crt_set_basic_constraints(out.cert, 1, 0);
        gnutls_x509_crt_set_key_usage(out.cert,
                                      GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_DIGITAL_SIGNATURE);
    }
    if (s.use != NULL)
        gnutls_x509_crt_set_key_purpose_oid(out.cert, s.use, 0);
    if (s.host != NULL)
        gnutls_x509_crt_set_subject_alt_name(out.cert, GNUTLS_SAN_DNSNAME, s.host,
                                             (unsigned)strlen(s.host), GNUTLS_FSAN_SET);
    gnutls_x509_crt_set_key(out.cert, out.key);
    assert_int_equal(gnutls_x509_crt_sign2(out.cert, s.issuer ? s.issuer->cert : out.cert,
                                           s.issuer ? s.issuer->key : out.key, GNUTLS_DIG_SHA256,
                                           0),
                     0);
    return out;
}

static inline void free_party(party *a)
{
    gnutls_x509_crt_deinit(a->cert);
    gnutls_x509_privkey_deinit(a->key);
}

static inline void write_certificate(char *path, const party *a)
{
    gnutls_datum_t text;
    assert_int_equal(gnutls_x509_crt_export2(a->cert, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(path, &text);
    gnutls_free(text.data);
}

static inline void write_key(char *path, const party *a)
{
    gnutls_datum_t text;
    assert_int_equal(gnutls_x509_privkey_export2(a->key, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(path, &text);
    gnutls_free(text.data);
}

#endif
