/* SPDX-License-Identifier: Apache-2.0
 *
 * ocsp: a SIMULATED responder (RFC 6960) of the TEST authority that `kumihimo pki test-ca FOLDER`
 * made. It is a program of its own and speaks the real protocol; what is simulated is the
 * authority.
 *
 *     simulated_ocsp FOLDER ISSUER RESPONDER MODE < request > answer
 *     simulated_ocsp FOLDER ISSUER RESPONDER MODE PORT        answers POSTs at 127.0.0.1, prints
 * its port
 *
 * RESPONDER signs: hpki-ocsp, or the issuer itself. MODE: honest; and to test who asks: no-nonce,
 * other-nonce, old, expired, future, other, try-later.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>

enum { ASK_MAX = 1 << 16, DAY_S = 86400 };

typedef struct responder {
    const char *folder, *issuer_name, *mode;
    X509 *issuer, *signer;
    EVP_PKEY *key;
} responder;

static FILE *open_file(const responder *r, const char *name, const char *end)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s%s", r->folder, name, end);
    FILE *in = fopen(path, "r");
    if (in == NULL) {
        perror(path);
        exit(2);
    }
    return in;
}

static X509 *certificate(const responder *r, const char *name)
{
    FILE *in = open_file(r, name, ".pem");
    X509 *x = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    return x;
}

/* issued.tsv: name, issuer, serial, status. */
static int status_of(const responder *r, const ASN1_INTEGER *serial)
{
    char line[512], name[128], issuer[128], hex[64], said[32];
    BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL), *row = NULL;
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    FILE *in = open_file(r, "issued", ".tsv");
    while (fgets(line, sizeof line, in) != NULL)
        if (sscanf(line, "%127s\t%127s\t%63s\t%31s", name, issuer, hex, said) == 4
            && strcmp(issuer, r->issuer_name) == 0 && BN_hex2bn(&row, hex) > 0
            && BN_cmp(row, n) == 0)
            status = strcmp(said, "revoked") == 0 ? V_OCSP_CERTSTATUS_REVOKED
                                                  : V_OCSP_CERTSTATUS_GOOD;
    fclose(in);
    BN_free(row);
    BN_free(n);
    return status;
}

static void say(const responder *r, OCSP_BASICRESP *out, OCSP_REQUEST *q, int i)
{
    ASN1_INTEGER *serial;
    OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(q, i)), *own = NULL;
    ASN1_OBJECT *digest;
    long now = 0, next = DAY_S;
    OCSP_id_get0_info(NULL, &digest, NULL, &serial, id);
    int status = status_of(r, serial);
    if (strcmp(r->mode, "old") == 0)
        now = -30 * DAY_S, next = DAY_S;
    else if (strcmp(r->mode, "expired") == 0)
        now = -2 * 3600, next = -3600;
    else if (strcmp(r->mode, "future") == 0)
        now = 3600;
    if (strcmp(r->mode, "other") == 0) /* about another certificate */
        own = OCSP_cert_to_id(EVP_sha1(), r->signer, r->issuer);
    ASN1_TIME *from = X509_gmtime_adj(NULL, now), *to = X509_gmtime_adj(NULL, next);
    ASN1_TIME *when = X509_gmtime_adj(NULL, -DAY_S);
    OCSP_basic_add1_status(out, own != NULL ? own : id, status, OCSP_REVOKED_STATUS_NOSTATUS,
                           status == V_OCSP_CERTSTATUS_REVOKED ? when : NULL, from, to);
    OCSP_CERTID_free(own);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(when);
}

static OCSP_RESPONSE *answer(const responder *r, const unsigned char *ask, size_t n)
{
    const unsigned char *p = ask;
    OCSP_REQUEST *q = d2i_OCSP_REQUEST(NULL, &p, (long)n);
    if (q == NULL)
        return OCSP_response_create(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, NULL);
    if (strcmp(r->mode, "try-later") == 0) {
        OCSP_REQUEST_free(q);
        return OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
    }
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    for (int i = 0; i < OCSP_request_onereq_count(q); i++)
        say(r, basic, q, i);
    unsigned char lie[16] = "another nonce";
    if (strcmp(r->mode, "other-nonce") == 0)
        OCSP_basic_add1_nonce(basic, lie, sizeof lie);
    else if (strcmp(r->mode, "no-nonce") != 0)
        OCSP_copy_nonce(basic, q);
    OCSP_basic_sign(basic, r->signer, r->key, EVP_sha256(), NULL, 0);
    OCSP_RESPONSE *out = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    OCSP_BASICRESP_free(basic);
    OCSP_REQUEST_free(q);
    return out;
}

static void once(const responder *r)
{
    static unsigned char ask[ASK_MAX];
    unsigned char *der = NULL;
    OCSP_RESPONSE *out = answer(r, ask, fread(ask, 1, sizeof ask, stdin));
    int n = i2d_OCSP_RESPONSE(out, &der);
    fwrite(der, 1, (size_t)n, stdout);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(out);
}

/* One request a connection, small enough to lie in one buffer. */
static void serve_one(const responder *r, int fd)
{
    static unsigned char text[ASK_MAX + 1];
    size_t n = 0, body = 0, want = ASK_MAX;
    while (n < want && n < ASK_MAX) {
        ssize_t got = read(fd, text + n, ASK_MAX - n);
        if (got <= 0)
            return;
        n += (size_t)got;
        text[n] = '\0';
        const char *end = strstr((char *)text, "\r\n\r\n");
        if (end == NULL || body > 0)
            continue;
        const char *length = strcasestr((char *)text, "\r\nContent-Length:");
        body = (size_t)(end + 4 - (char *)text);
        want = body + (length != NULL ? strtoul(length + 17, NULL, 10) : 0);
    }
    unsigned char *der = NULL;
    OCSP_RESPONSE *out = answer(r, text + body, n - body);
    int length = i2d_OCSP_RESPONSE(out, &der);
    dprintf(fd,
            "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n",
            length);
    if (write(fd, der, (size_t)length) != length)
        perror("write");
    OPENSSL_free(der);
    OCSP_RESPONSE_free(out);
}

static int serve(const responder *r, const char *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, 8) != 0
        || getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        perror("listen");
        return 2;
    }
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int one = accept(fd, NULL, NULL);
        if (one < 0)
            return 2;
        serve_one(r, one);
        close(one);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "simulated_ocsp FOLDER ISSUER RESPONDER MODE [PORT]\n");
        return 2;
    }
    responder r = { .folder = argv[1], .issuer_name = argv[2], .mode = argv[4] };
    r.issuer = certificate(&r, argv[2]);
    r.signer = certificate(&r, argv[3]);
    FILE *in = open_file(&r, argv[3], ".key");
    r.key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    fclose(in);
    int rc = 0;
    if (argc == 6)
        rc = serve(&r, argv[5]);
    else
        once(&r);
    X509_free(r.issuer);
    X509_free(r.signer);
    EVP_PKEY_free(r.key);
    return rc;
}
