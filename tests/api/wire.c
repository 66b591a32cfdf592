/* SPDX-License-Identifier: Apache-2.0
 *
 * wire: a small HTTP client over a plain socket; the server closes after its reply.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static km_code connect_to(int *out, int port, km_fault *f)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval wait = { .tv_sec = 60 };
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return km_fail(f, KM_IO, NULL, "socket: %s", strerror(errno));
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
        close(s);
        return km_fail(f, KM_IO, NULL, "the node does not answer: %s", strerror(errno));
    }
    *out = s;
    return KM_OK;
}

/* A server that answers before it has read everything may close early; what it
 * said is then still there to read, so a broken pipe is no failure here. */
static void send_all(int s, km_str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(s, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes = km_str_sub(bytes, (size_t)n, bytes.n);
    }
}

/* What came before the connection ended, in whatever way; with nothing, why. */
static km_code receive_all(km_str *out, int s, km_arena *a, km_fault *f)
{
    km_buf in = km_buf_in(a);
    ssize_t n;
    do {
        km_buf_reserve(&in, 1 << 16);
        n = recv(s, in.p + in.n, 1 << 16, 0);
        if (n > 0)
            in.n += (size_t)n;
    } while (n > 0);
    *out = km_buf_str(&in);
    if (in.n == 0)
        return km_fail(f, KM_IO, NULL, "no reply: %s", n < 0 ? strerror(errno) : "closed");
    return KM_OK;
}

/* The length of a chunk; what follows it on its line is an extension. */
static bool read_hex(size_t *out, km_str text)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0, i = 0;
    for (; i < text.n && i < 8; i++) {
        int c = text.p[i] >= 'A' && text.p[i] <= 'F' ? text.p[i] + 32 : text.p[i];
        const char *at = memchr(digits, c, sizeof digits - 1);
        if (at == NULL)
            break;
        n = n * 16 + (size_t)(at - digits);
    }
    *out = n;
    return i > 0;
}

static km_code join_chunks(km_str *body, km_arena *a, km_fault *f)
{
    km_buf out = km_buf_in(a);
    km_str left = *body;
    for (;;) {
        size_t n;
        if (!read_hex(&n, km_str_cut(left, '\n', &left)) || left.n < n)
            return km_fail(f, KM_MALFORMED, NULL, "the reply was cut off in its chunks");
        if (n == 0)
            break;
        km_buf_bytes(&out, left.p, n);
        left = km_str_sub(left, n, left.n);
        km_str_cut(left, '\n', &left);
    }
    *body = km_buf_str(&out);
    return KM_OK;
}

static km_code cut_to_length(km_str *body, km_str length, bool head, km_fault *f)
{
    int64_t n;
    if (!km_str_to_i64(&n, length) || n < 0)
        return km_fail(f, KM_MALFORMED, NULL, "Content-Length is no number");
    if (!head && body->n != (size_t)n)
        return km_fail(f, KM_MALFORMED, NULL, "Content-Length is %lld, the body has %zu bytes",
                       (long long)n, body->n);
    return KM_OK;
}

km_code api_reply_parse(api_reply *out, km_arena *a, km_str bytes, bool head, km_fault *f)
{
    int64_t status;
    km_str value;
    if (km_str_starts(bytes, KM_STR("HTTP/1.1 1"))) { /* interim; the reply comes after it */
        const char *gap = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
        bytes = gap == NULL ? KM_STR_NONE : km_str_sub(bytes, (size_t)(gap - bytes.p) + 4, bytes.n);
    }
    const char *end = bytes.n ? memmem(bytes.p, bytes.n, "\r\n\r\n", 4) : NULL;
    if (end == NULL || !km_str_starts(bytes, KM_STR("HTTP/1.1 "))
        || !km_str_to_i64(&status, km_str_sub(bytes, 9, 3)))
        return km_fail(f, KM_MALFORMED, NULL, "no HTTP reply in %zu bytes", bytes.n);
    km_str top = { bytes.p, (size_t)(end - bytes.p) };
    *out = (api_reply){ .status = (int)status };
    km_str_cut(top, '\n', &out->headers);
    out->body = km_str_sub(bytes, top.n + 4, bytes.n);
    if (head && out->body.n > 0)
        return km_fail(f, KM_MALFORMED, NULL, "a body after HEAD");
    if (api_header(&value, out, KM_STR("Transfer-Encoding"), 0)
        && km_str_eq_nocase(value, KM_STR("chunked")))
        return head ? KM_OK : join_chunks(&out->body, a, f);
    if (api_header(&value, out, KM_STR("Content-Length"), 0) && status != 304)
        return cut_to_length(&out->body, value, head, f);
    return KM_OK;
}

km_code api_send(api_reply *out, km_arena *a, int port, km_str method, km_str target,
                 km_str headers, km_str body, km_fault *f)
{
    int s;
    km_buf top = km_buf_in(a);
    KM_TRY(connect_to(&s, port, f));
    km_buf_print(&top, "%.*s %.*s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n",
                 KM_STR_ARG(method), KM_STR_ARG(target), port);
    for (km_str left = headers; left.n > 0;) {
        km_str line = km_str_trim(km_str_cut(left, '\n', &left));
        if (line.n > 0)
            km_buf_print(&top, "%.*s\r\n", KM_STR_ARG(line));
    }
    if (body.n > 0 || km_str_is(method, "POST") || km_str_is(method, "PUT"))
        km_buf_print(&top, "Content-Length: %zu\r\n", body.n);
    KM_BUF_LIT(&top, "\r\n");
    send_all(s, km_buf_str(&top));
    send_all(s, body);
    km_str bytes;
    km_code rc = receive_all(&bytes, s, a, f);
    close(s);
    KM_TRY(rc);
    return api_reply_parse(out, a, bytes, km_str_is(method, "HEAD"), f);
}
