/* SPDX-License-Identifier: Apache-2.0
 *
 * wire_test: for tests only: a caller that speaks bytes over a socket, and a server of routes
 * that show what reached them.
 */
#ifndef KM_HTTP_WIRE_TEST_H
#define KM_HTTP_WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http.h"
#include "http/pack.h"

typedef struct wire {
    int fd;
    km_block in; /* read, not yet taken */
} wire;

typedef struct answer {
    int status; /* 0: the connection ended without a whole answer */
    km_str head, body;
    bool chunked;
} answer;

static inline wire wire_open(int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    wire w = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    if (connect(w.fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(w.fd);
        w.fd = -1;
    }
    return w;
}

static inline void wire_close(wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    km_http__block_free(&w->in);
    w->fd = -1;
}

static inline bool wire_send(wire *w, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t sent = send(w->fd, at, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static inline bool wire_say(wire *w, const char *z)
{
    return wire_send(w, z, strlen(z));
}

/* Reads some more, for at most `ms`. 1: some, 0: the end, -1: nothing in that time. */
static inline int wire_more(wire *w, int ms)
{
    char some[16384];
    struct pollfd p = { w->fd, POLLIN, 0 };
    if (poll(&p, 1, ms) <= 0)
        return -1;
    ssize_t n = recv(w->fd, some, sizeof some, 0);
    if (n <= 0)
        return 0;
    km_http__block_add(&w->in, some, (size_t)n);
    return 1;
}

/* True when the other side has ended the connection within `ms`. */
static inline bool wire_ends(wire *w, int ms)
{
    int got;
    while ((got = wire_more(w, ms)) > 0)
        ;
    return got == 0;
}

static inline km_str wire_header(const answer *a, const char *name)
{
    km_str rest = a->head;
    while (rest.p != NULL && rest.n > 0) {
        km_str value, line = km_str_cut(rest, '\n', &rest);
        km_str key = km_str_cut(line, ':', &value);
        if (km_str_eq_nocase(key, km_str_of(name)))
            return km_str_trim(value);
    }
    return KM_STR_NONE;
}

enum { WIRE_PATIENCE_MS = 5000 };

/* At least `n` bytes are read, or it is the end. */
static inline bool wire_need(wire *w, size_t n)
{
    while (w->in.n < n)
        if (wire_more(w, WIRE_PATIENCE_MS) <= 0)
            return false;
    return true;
}

static inline size_t wire_find(const wire *w, size_t from, const char *what)
{
    const char *hit = w->in.n > from ? memmem(w->in.p + from, w->in.n - from, what, strlen(what))
                                     : NULL;
    return hit ? (size_t)(hit - w->in.p) : SIZE_MAX;
}

static inline size_t wire_until(wire *w, size_t from, const char *what)
{
    size_t at;
    while ((at = wire_find(w, from, what)) == SIZE_MAX)
        if (wire_more(w, WIRE_PATIENCE_MS) <= 0)
            return SIZE_MAX;
    return at;
}

static inline bool wire_chunks(wire *w, size_t *at, km_buf *body)
{
    for (;;) {
        size_t line = wire_until(w, *at, "\r\n");
        if (line == SIZE_MAX)
            return false;
        size_t n = strtoul(w->in.p + *at, NULL, 16);
        if (!wire_need(w, line + 2 + n + 2))
            return false;
        km_buf_bytes(body, w->in.p + line + 2, n);
        *at = line + 2 + n + 2;
        if (n == 0)
            return true;
    }
}

/* The next answer, its texts in `a`. `bodyless` after HEAD. */
static inline answer wire_answer(wire *w, km_arena *a, bool bodyless)
{
    answer out = { 0 };
    size_t head = wire_until(w, 0, "\r\n\r\n"), at;
    if (head == SIZE_MAX)
        return out;
    out.head = km_arena_copy(a, (km_str){ w->in.p, head + 2 });
    at = head + 4;
    int status = atoi(out.head.p + 9);
    km_buf body = km_buf_in(a);
    int64_t n = 0;
    out.chunked = wire_header(&out, "Transfer-Encoding").p != NULL;
    if (bodyless || status == 204 || status == 304 || status < 200) {
        n = 0;
    } else if (out.chunked) {
        if (!wire_chunks(w, &at, &body))
            return (answer){ 0 };
    } else if (km_str_to_i64(&n, wire_header(&out, "Content-Length"))) {
        if (!wire_need(w, at + (size_t)n))
            return (answer){ 0 };
        km_buf_bytes(&body, w->in.p + at, (size_t)n);
        at += (size_t)n;
    }
    out.body = km_arena_copy(a, km_buf_str(&body)); /* ends with NUL, for strstr */
    out.status = status;
    memmove(w->in.p, w->in.p + at, w->in.n - at);
    w->in.n -= at;
    return out;
}

/* One request on a connection of its own. */
static inline answer wire_ask(int port, km_arena *a, const void *p, size_t n)
{
    wire w = wire_open(port);
    wire_send(&w, p, n);
    answer out = wire_answer(&w, a, false);
    wire_close(&w);
    return out;
}

static inline answer wire_get(int port, km_arena *a, const char *target)
{
    char text[16384];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target);
    return wire_ask(port, a, text, (size_t)n);
}

static inline answer wire_post(int port, km_arena *a, const char *target, const char *headers,
                               km_str body)
{
    char text[4096];
    wire w = wire_open(port);
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n%s\r\n", target, body.n,
                     headers);
    wire_send(&w, text, (size_t)n);
    wire_send(&w, body.p, body.n);
    answer out = wire_answer(&w, a, false);
    wire_close(&w);
    return out;
}

#endif
