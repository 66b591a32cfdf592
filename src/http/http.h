/* SPDX-License-Identifier: Apache-2.0
 *
 * http: an HTTP/1.1 server on libmicrohttpd, with TLS 1.3 by GnuTLS. Knows no health words.
 *
 * - Routes are rows. A pattern is made of segments: literal, {name}, or a final {name*} that
 *   takes the rest. The most literal pattern wins; a known path with another method
 *   answers 405 with Allow. HEAD is answered by the GET route.
 * - An INLINE route runs on the thread of the connection and must be quick; every other runs
 *   on a worker thread, while the connection sleeps, and may block. A BRIEF route is INLINE for a
 *   request of at most 16 KiB without a condition (a header If-...).
 * - A handler that waits for something need not hold its thread: see km_reply.then.
 * - Limits (trust.md §6) are options; what exceeds them is answered 4xx by the
 *   `refuse` callback, which writes the body in the caller's language of faults.
 * - Request bodies: whole in memory, up to body_bytes; routes marked STREAM get the body in
 *   pieces as it arrives. gzip and zstd bodies are unpacked, at most ×10 and to the limit;
 *   replies are packed (zstd or gzip by Accept-Encoding) from 1 KiB on unless marked packed.
 * - Replies: bytes in the call's arena, or a producer called until it is done (chunked).
 * - Of a route that is not INLINE, admit, piece, serve and the producer run on workers, never
 *   two of one request at once, but each call perhaps on another thread. `then`, `closed` and the
 *   piece that is none run on the connection's thread and must be quick; `refuse` may run on
 *   either. STREAM and BULK routes are admitted before the body is read, others after.
 * - SIGTERM drains: km_http_stop refuses new connections, lets calls end, then returns.
 * - Paths are percent-decoded once per segment; '..', encoded slashes in literals, NUL, control
 * bytes and bad UTF-8 are refused with 400. Query and form fields are decoded too.
 * - One JSON line for each request: time, method, route pattern, status, bytes, µs, request
 *   id. Never the path, the query or a header value.
 */
#ifndef KM_HTTP_HTTP_H
#define KM_HTTP_HTTP_H

#include "base/buf.h"
#include "base/call.h"

typedef struct km_http km_http;
typedef struct km_request km_request;

typedef struct km_field { /* decoded query or form field, path variable or header */
    km_str name, value;
} km_field;

struct km_request {
    km_call call;        /* arena, fault, clock, random; caller filled in by `admit` */
    km_str method;       /* GET (also for HEAD), POST, ... */
    km_str path;         /* as sent, without query; for building links only */
    const km_field *var; /* from the pattern, in its order */
    size_t vars;
    const km_field *query; /* in order, duplicates kept */
    size_t queries;
    km_str query_raw; /* undecoded */
    km_str body;      /* whole body (not for STREAM routes) */
    km_str host;      /* Host header */
    bool tls;
    /* X-Request-Id where it is 16 to 64 hex digits and dashes (a UUID, a trace id: no name and no
     * person's number fits), else 16 hex digits of ours. Sent back and logged. */
    char id[65];
    const char *peer; /* address of the other end: "192.0.2.1", "2001:db8::1" */
    /* The leaf of the certificate that the caller showed and holds the key of, DER; KM_STR_NONE
     * for none. Unless peer_verified it proves a key and no name: it may be self-signed. */
    km_str peer_certificate;
    bool peer_verified;  /* the chain ends at tls_client_ca, in time, for client use */
    uint64_t caller_key; /* set by `admit`: a hash of who asks, for the rate; 0 = not known */
    void *app;           /* km_http_options.app */
    const struct km_http_route *route;
    void *stream; /* STREAM: the handler's own state between pieces */
};

/* KM_STR_NONE when absent. Header names are compared without case. */
km_str km_request_header(const km_request *r, const char *name);
km_str km_request_var(const km_request *r, const char *name);
km_str km_request_query(const km_request *r, const char *name); /* first */
/* application/x-www-form-urlencoded body, decoded; KM_MALFORMED when it is not. */
km_code km_request_form(const km_field **out, size_t *n, km_request *r);
/* Decodes one such text, + as space. */
km_code km_form_decode(const km_field **out, size_t *n, km_arena *a, km_str text, km_fault *f);
void km_url_encode(km_buf *out, km_str text); /* everything but unreserved */

typedef struct km_reply km_reply;
struct km_reply {
    int status;          /* 0 is taken as 200 */
    const char *type;    /* content type; NULL for none */
    km_str body;         /* lives in the call's arena or longer */
    km_field header[16]; /* further headers; values in the arena */
    size_t headers;
    bool packed; /* do not compress (or compressed already) */
    /* Producer: fills at most `room` bytes into `out`; returns bytes, 0 at the end, -1 to
     * abort the connection. When set, body is ignored. `closed` is called once at the end. */
    int64_t (*more)(void *self, char *out, size_t room);
    void (*closed)(void *self);
    void *self;
    /* The second half of a handler that waits for something: serve sets it, sees to it that
     * km_request_go_on is called once, and returns KM_OK; the rest of the reply, or the fault, is
     * made by `then`, which may wait once more in the same way. The request and its arena live on;
     * the connection sleeps, without a thread. Where serve returns a fault, nobody may call
     * km_request_go_on. */
    km_code (*then)(km_request *r, km_reply *out);
};

/* From any thread, even before serve has returned. The request is not the caller's from here on. */
void km_request_go_on(km_request *r);

void km_reply_header(km_reply *r, const char *name, km_str value);

typedef enum km_http_flag {
    KM_HTTP_INLINE = 1,    /* quick: runs on the connection's thread */
    KM_HTTP_STREAM = 2,    /* body comes in pieces through `piece` */
    KM_HTTP_BULK = 4,      /* body limit is bulk_bytes instead of body_bytes */
    KM_HTTP_UNLIMITED = 8, /* no rate limit: who watches the node's health */
    KM_HTTP_BRIEF = 16     /* quick while the request is small and without condition */
} km_http_flag;

typedef struct km_http_route {
    const char *method;  /* "GET", "POST", ... */
    const char *pattern; /* "/fhir/{type}/{id}" */
    /* Fills the reply. On a code other than KM_OK the reply comes from `refuse`. */
    km_code (*serve)(km_request *r, km_reply *out);
    unsigned flags;
    const void *policy; /* who may ask; opaque here, never NULL (the start is refused) */
    /* STREAM: never empty, but for KM_STR_NONE, which says that the request ended before serve was
     * called (the caller went, a piece failed, a limit was passed): give back what `stream`
     * holds outside the arena; the code is not looked at. */
    km_code (*piece)(km_request *r, km_str bytes);
    const void *extra; /* what the route's module wants to know of itself */
} km_http_route;

typedef struct km_http_limits {
    size_t header_bytes, url_bytes, body_bytes, bulk_bytes, unpacked_bytes;
    unsigned header_lines, unpack_ratio;
    unsigned handshake_ms, header_ms, body_ms, idle_ms, connections, connections_per_ip;
    unsigned body_min_bytes_per_s; /* slower bodies end with 408 */
    size_t arena_bytes;
    /* Token buckets; 0 per second is no limit, 0 burst one second's worth. Beyond them 429 with
     * Retry-After. A peer is an IPv4 address or a /64 of IPv6; a caller is km_request.caller_key.
     */
    uint32_t peer_per_s, peer_burst, caller_per_s, caller_burst;
} km_http_limits;
extern const km_http_limits km_http_limits_default; /* trust.md §6 */

typedef enum km_http_peer {
    KM_HTTP_PEER_OFF,      /* no certificate is asked for */
    KM_HTTP_PEER_OPTIONAL, /* asked for; km_request tells whether it verified */
    KM_HTTP_PEER_REQUIRED  /* none, or one that does not verify, ends the handshake */
} km_http_peer;

typedef struct km_http_options {
    const char *listen;             /* "127.0.0.1:8080", "[::1]:8080"; port 0 = any free */
    int listening;                  /* what km_http_listen made, taken over; 0: from `listen` */
    const char *tls_cert, *tls_key; /* PEM files; both NULL = plain */
    const char *tls_client_ca;      /* PEM file; needed unless tls_peer is OFF, refused if it is */
    km_http_peer tls_peer;
    bool tls_1_2; /* also TLS 1.2 with ECDHE and AEAD, for who cannot do 1.3 */
    /* Requests that carry this cookie and may change something must come from our own pages
     * (Sec-Fetch-Site, else Origin), else 403; NULL = no such cookie. */
    const char *session_cookie;
    /* Address of a proxy in front, as km_request.peer writes it; from there, and from nowhere else,
     * the last address of X-Forwarded-For counts as the peer's. NULL = none. */
    const char *trusted_proxy;
    const km_http_route *const *routes; /* NULL-ended list of tables, each ended by {0} */
    unsigned io_threads, workers;       /* 0 = default (2; 32) */
    km_http_limits limits;
    void *app;
    /* Called before serve: who asks, may they (sets call.caller). NULL = nobody asks. */
    km_code (*admit)(km_request *r);
    /* Writes the reply for a fault: status, body, type. */
    void (*refuse)(km_request *r, const km_fault *f, km_reply *out);
    /* One finished line of JSON without newline; NULL = stderr. */
    void (*log)(void *app, km_str line);
    const km_clock *clock;
    const km_random *random;
} km_http_options;

/* Binds and listens at once, for who gives up the right to before km_http_start. KM_USAGE, KM_IO;
 * the fault's path is "listen". */
km_code km_http_listen(int *fd, const char *listen, km_fault *f);
km_code km_http_start(km_http **out, const km_http_options *o, km_fault *f);
int km_http_port(const km_http *h);
/* Drains, at most 30 s, and frees; where a handler runs on even then, all is left as it is, for
 * the process to end. */
void km_http_stop(km_http *h);

/* Metrics in Prometheus text: requests by route pattern and status class, duration
 * histogram by pattern, connections, workers busy. */
void km_http_metrics(const km_http *h, km_buf *out);

#endif
