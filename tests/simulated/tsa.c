/* SPDX-License-Identifier: Apache-2.0
 *
 * tsa: a SIMULATED time-stamping authority: a program of its own that speaks RFC 3161 over HTTP
 * (§3.4) with OpenSSL's TS functions, and that lies where it is told to.
 *
 *     simulated_tsa ADDRESS:PORT CA.pem
 *
 * What is simulated: its authority, whose certificate it writes to CA.pem when it starts, and its
 * clock, which nobody accredits. The path says how it answers: /good, /rejects (status 2),
 * /other-nonce, /other-text (an imprint of something else), /unknown (signed under an authority
 * that nobody was told of), /garbage, /hang. Never to be trusted.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http/http.h"

typedef struct signer {
    X509 *certificate;
    EVP_PKEY *key;
} signer;

static struct {
    signer good, unknown;
} me;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "simulated tsa: %s\n", what);
    exit(3);
}

static void extend(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX v;
    X509V3_set_ctx(&v, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v, nid, value);
    if (e == NULL || X509_add_ext(c, e, -1) != 1)
        die("an extension");
    X509_EXTENSION_free(e);
}

/* purpose NULL: an authority. */
static signer make(const char *name, const signer *issuer, const char *purpose)
{
    static long serial = 100;
    signer s = { X509_new(), EVP_EC_gen("P-256") };
    X509_NAME *n = X509_get_subject_name(s.certificate);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(s.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(s.certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(s.certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(s.certificate), 86400);
    X509_set_pubkey(s.certificate, s.key);
    const signer *by = issuer != NULL ? issuer : &s;
    X509_set_issuer_name(s.certificate, X509_get_subject_name(by->certificate));
    if (purpose == NULL) {
        extend(s.certificate, by->certificate, NID_basic_constraints, "critical,CA:TRUE");
        extend(s.certificate, by->certificate, NID_key_usage, "critical,keyCertSign");
    } else {
        extend(s.certificate, by->certificate, NID_key_usage, "critical,digitalSignature");
        extend(s.certificate, by->certificate, NID_ext_key_usage, purpose);
    }
    if (X509_sign(s.certificate, by->key, EVP_sha256()) == 0)
        die("a certificate");
    return s;
}

static ASN1_INTEGER *next_serial(TS_RESP_CTX *c, void *self)
{
    static long serial;
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    (void)c;
    (void)self;
    ASN1_INTEGER_set(n, __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
    return n;
}

/* The request with another nonce, or with another imprint. */
static km_str changed(km_str body, bool nonce, km_arena *a)
{
    const unsigned char *p = (const unsigned char *)body.p;
    TS_REQ *req = d2i_TS_REQ(NULL, &p, (long)body.n);
    if (req == NULL)
        return body;
    if (nonce) {
        ASN1_INTEGER *n = ASN1_INTEGER_new();
        ASN1_INTEGER_set(n, 42);
        TS_REQ_set_nonce(req, n);
        ASN1_INTEGER_free(n);
    } else {
        unsigned char other[32] = { 7 };
        TS_MSG_IMPRINT_set_msg(TS_REQ_get_msg_imprint(req), other, sizeof other);
    }
    unsigned char *der = NULL;
    int n = i2d_TS_REQ(req, &der);
    km_str out = km_arena_copy(a, (km_str){ (const char *)der, n > 0 ? (size_t)n : 0 });
    OPENSSL_free(der);
    TS_REQ_free(req);
    return out;
}

static km_code stamp(km_reply *out, km_request *r, const signer *s, km_str body)
{
    TS_RESP_CTX *c = TS_RESP_CTX_new();
    BIO *in = BIO_new_mem_buf(body.p, (int)body.n);
    ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    unsigned char *der = NULL;
    if (TS_RESP_CTX_set_signer_cert(c, s->certificate) != 1)
        die("the signer");
    TS_RESP_CTX_set_signer_key(c, s->key);
    TS_RESP_CTX_set_def_policy(c, policy);
    TS_RESP_CTX_add_md(c, EVP_sha256());
    TS_RESP_CTX_set_signer_digest(c, EVP_sha256());
    TS_RESP_CTX_set_ess_cert_id_digest(c, EVP_sha256());
    TS_RESP_CTX_set_serial_cb(c, next_serial, NULL);
    TS_RESP *resp = TS_RESP_create_response(c, in);
    int n = resp != NULL ? i2d_TS_RESP(resp, &der) : -1;
    out->type = "application/timestamp-reply";
    out->body = km_arena_copy(r->call.arena, (km_str){ (const char *)der, n > 0 ? (size_t)n : 0 });
    OPENSSL_free(der);
    TS_RESP_free(resp);
    ASN1_OBJECT_free(policy);
    BIO_free(in);
    TS_RESP_CTX_free(c);
    return KM_OK;
}

static km_code rejects(km_reply *out, km_request *r)
{
    TS_RESP *resp = TS_RESP_new();
    TS_STATUS_INFO *si = TS_STATUS_INFO_new();
    unsigned char *der = NULL;
    TS_STATUS_INFO_set_status(si, TS_STATUS_REJECTION);
    TS_RESP_set_status_info(resp, si);
    int n = i2d_TS_RESP(resp, &der);
    out->type = "application/timestamp-reply";
    out->body = km_arena_copy(r->call.arena, (km_str){ (const char *)der, n > 0 ? (size_t)n : 0 });
    OPENSSL_free(der);
    TS_STATUS_INFO_free(si);
    TS_RESP_free(resp);
    return KM_OK;
}

static km_code answer(km_request *r, km_reply *out)
{
    km_str how = km_request_var(r, "how");
    if (km_str_is(how, "rejects"))
        return rejects(out, r);
    if (km_str_is(how, "garbage")) {
        out->body = KM_STR("<html>no stamp</html>");
        return KM_OK;
    }
    if (km_str_is(how, "hang"))
        sleep(20);
    const signer *s = km_str_is(how, "unknown") ? &me.unknown : &me.good;
    km_str body = km_str_is(how, "other-nonce")  ? changed(r->body, true, r->call.arena)
                  : km_str_is(how, "other-text") ? changed(r->body, false, r->call.arena)
                                                 : r->body;
    return stamp(out, r, s, body);
}

static km_code everybody(km_request *r)
{
    (void)r;
    return KM_OK;
}

static void refuse(km_request *r, const km_fault *f, km_reply *out)
{
    (void)r;
    out->status = km_code_http(f->code);
}

static void say_nothing(void *app, km_str line)
{
    (void)app;
    (void)line;
}

static const km_http_route routes[] = { { "POST", "/{how}", answer, 0, "anybody", NULL, NULL },
                                        { 0 } };
static const km_http_route *const tables[] = { routes, NULL };

int main(int argc, char **argv)
{
    km_http *h;
    km_fault f = { 0 };
    sigset_t stop;
    int got;
    if (argc != 3)
        die("simulated_tsa ADDRESS:PORT CA.pem");
    signer ca = make("Simulated authority", NULL, NULL), other = make("Somebody else", NULL, NULL);
    me.good = make("Simulated TSA", &ca, "critical,timeStamping");
    me.unknown = make("Unknown TSA", &other, "critical,timeStamping");
    FILE *pem = fopen(argv[2], "w");
    if (pem == NULL || PEM_write_X509(pem, ca.certificate) != 1 || fclose(pem) != 0)
        die("CA.pem cannot be written");
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    km_http_options o = { .listen = argv[1],
                          .routes = tables,
                          .workers = 4,
                          .limits = km_http_limits_default,
                          .admit = everybody,
                          .refuse = refuse,
                          .log = say_nothing,
                          .clock = &km_clock_real,
                          .random = &km_random_real };
    if (km_http_start(&h, &o, &f) != KM_OK)
        die(f.detail);
    printf("http://127.0.0.1:%d\n", km_http_port(h));
    fflush(stdout);
    sigwait(&stop, &got);
    _exit(0); /* what hangs on purpose is not waited for */
}
