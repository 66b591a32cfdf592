/* SPDX-License-Identifier: Apache-2.0
 *
 * tls: what is spoken, and whom the other end shows to be.
 *
 * libmicrohttpd makes the session and shakes hands; it asks for a certificate when it was given
 * authorities, and looks at none. So a required one is verified inside the handshake by GnuTLS,
 * an optional one at the first request of its connection, once. 0-RTT needs a flag of
 * gnutls_init that libmicrohttpd does not set, and a ticket key that nobody makes: it is off.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/inside.h"

/* trust.md §5.2: what every browser and library of today has, the strongest first. */
#define GROUPS "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1"
#define CIPHERS "-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD"
static const char only_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:" GROUPS ":" CIPHERS;
static const char also_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:" GROUPS ":" CIPHERS
                               ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA";

static km_code read_pem(char **out, const char *path, const char *what, km_fault *f)
{
    enum { MOST = 1 << 20 };
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return km_fail(f, KM_IO, what, "%s", strerror(errno));
    *out = calloc(1, MOST + 1);
    size_t n = *out ? fread(*out, 1, MOST, in) : 0;
    bool bad = ferror(in) || n == 0 || n == MOST || memchr(*out, '\0', n) != NULL;
    fclose(in);
    return bad ? km_fail(f, KM_IO, what, "not a PEM file") : KM_OK;
}

/* libmicrohttpd starts even when it can read no authority in them. */
static km_code judge_authorities(const char *pem, km_fault *f)
{
    gnutls_datum_t text = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
    gnutls_x509_crt_t *list = NULL;
    unsigned n = 0;
    int rc = gnutls_x509_crt_list_import2(&list, &n, &text, GNUTLS_X509_FMT_PEM, 0);
    for (unsigned i = 0; rc >= 0 && i < n; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return rc < 0 || n == 0 ? km_fail(f, KM_USAGE, "tls-client-ca", "no certificates in it")
                            : KM_OK;
}

km_code km_http__tls_read(km_http *h, km_fault *f)
{
    const km_http_options *o = &h->o;
    h->tls = o->tls_cert != NULL || o->tls_key != NULL;
    if ((o->tls_peer != KM_HTTP_PEER_OFF) != (o->tls_client_ca != NULL))
        return km_fail(f, KM_USAGE, "tls-client-ca",
                       "authorities and a demand for certificates, both or neither");
    if (!h->tls && o->tls_client_ca != NULL)
        return km_fail(f, KM_USAGE, "tls-client-ca", "callers show certificates over TLS only");
    if (!h->tls)
        return KM_OK;
    if (o->tls_cert == NULL || o->tls_key == NULL)
        return km_fail(f, KM_USAGE, "tls", "a certificate and its key, both or neither");
    KM_TRY(read_pem(&h->cert, o->tls_cert, "tls-cert", f));
    KM_TRY(read_pem(&h->key, o->tls_key, "tls-key", f));
    if (o->tls_client_ca == NULL)
        return KM_OK;
    KM_TRY(read_pem(&h->client_ca, o->tls_client_ca, "tls-client-ca", f));
    return judge_authorities(h->client_ca, f);
}

void km_http__tls_forget(km_http *h)
{
    if (h->key != NULL)
        explicit_bzero(h->key, strlen(h->key));
    free(h->cert);
    free(h->key);
    free(h->client_ca);
}

static struct MHD_OptionItem text_item(enum MHD_OPTION o, const char *z)
{
    return (struct MHD_OptionItem){ o, 0, (void *)(uintptr_t)z };
}

size_t km_http__tls_items(const km_http *h, struct MHD_OptionItem item[4])
{
    size_t n = 0;
    item[n++] = text_item(MHD_OPTION_HTTPS_MEM_CERT, h->cert);
    item[n++] = text_item(MHD_OPTION_HTTPS_MEM_KEY, h->key);
    item[n++] = text_item(MHD_OPTION_HTTPS_PRIORITIES, h->o.tls_1_2 ? also_1_2 : only_1_3);
    if (h->client_ca != NULL)
        item[n++] = text_item(MHD_OPTION_HTTPS_MEM_TRUST, h->client_ca);
    return n;
}

static gnutls_session_t session_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c,
                                                                MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return i != NULL ? i->tls_session : NULL;
}

static bool verifies(gnutls_session_t s)
{
    gnutls_typed_vdata_st use = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                  .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
    unsigned wrong = 0;
    return gnutls_certificate_verify_peers(s, &use, 1, &wrong) == 0 && wrong == 0;
}

static int verify_in_handshake(gnutls_session_t s)
{
    return verifies(s) ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

void km_http__tls_begin(const km_http *h, struct MHD_Connection *c)
{
    gnutls_session_t s = session_of(c);
    if (h->o.tls_peer != KM_HTTP_PEER_REQUIRED || s == NULL)
        return;
    gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(s, verify_in_handshake);
}

void km_http__tls_peer(const km_http *h, struct MHD_Connection *c, km_conn *conn)
{
    if (conn->peer_read || h->o.tls_peer == KM_HTTP_PEER_OFF)
        return;
    gnutls_session_t s = session_of(c);
    unsigned n = 0;
    const gnutls_datum_t *chain = s ? gnutls_certificate_get_peers(s, &n) : NULL;
    conn->peer_read = true;
    if (chain == NULL || n == 0)
        return;
    conn->peer_certificate = (km_str){ (const char *)chain[0].data, chain[0].size };
    conn->peer_verified = verifies(s);
}
