/* SPDX-License-Identifier: Apache-2.0
 *
 * client: asks another server once (JWKS, OCSP, CRL, time stamps, other nodes), on libcurl.
 *
 * What it asks for may have come from outside, so (trust.md §6):
 * - https only, and public addresses only: a name is resolved once, every address of it must be
 *   public (address.h), and the connection goes to one of those and to nothing else, whatever the
 *   name resolves to later. Who is in `allow` may be anywhere and may speak plain http.
 * - No redirects, no proxies and no .netrc from the environment, no cookies, no user in the URL.
 * - 10 s and 1 MiB unless the options say otherwise; TLS 1.2 at least, the certificate verified.
 * Only the name's look-up is not bounded by the time, but by the system's resolver.
 */
#ifndef KM_HTTP_CLIENT_H
#define KM_HTTP_CLIENT_H

#include <netinet/in.h>

#include "http/http.h"

enum { KM_CLIENT_ADDRESSES = 16 };

typedef struct km_client_addresses {
    struct sockaddr_storage at[KM_CLIENT_ADDRESSES]; /* port unused */
    size_t n;
} km_client_addresses;

typedef struct km_client {
    const char *const *allow; /* "host:port" as in the URL, NULL-ended; NULL = nobody */
    const char *ca_file;      /* PEM; NULL = the system's */
    const char *cert, *key;   /* PEM files, for mutual TLS; NULL = none */
    unsigned timeout_ms;      /* 0 = 10,000 */
    size_t body_bytes;        /* 0 = 1 MiB */
    /* NULL = the system's. False when the name is not known. */
    bool (*resolve)(void *self, km_client_addresses *out, const char *host);
    void *self;
} km_client;

typedef struct km_question {
    const char *method; /* "GET" or "POST" */
    const char *url;
    const char *type; /* of the body */
    km_str body;
    const km_field *header; /* further ones */
    size_t headers;
} km_question;

typedef struct km_answer {
    int status; /* whatever it is: 404 is an answer */
    km_str type, body;
} km_answer;

/* The answer lives in the call's arena. KM_BAD_VALUE: not a URL, or a header with control bytes;
 * KM_FORBIDDEN: not one to ask; KM_UPSTREAM: it did not answer, or not so (the detail tells why,
 * and nothing that the other side said). The fault's path is "url". */
km_code km_client_ask(km_answer *out, const km_client *c, const km_question *q, km_call *call);

#endif
