/* SPDX-License-Identifier: Apache-2.0
 *
 * client: see client.h.
 */
#include "kit/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit/kit.h"

enum { HEAD_ROOM = 64 * 1024 };

typedef struct conn {
    int fd, number;
    kit_ask ask;
    size_t sent;
    double began;
    char in[HEAD_ROOM]; /* the head, and what of the body came with it */
    size_t have;
    bool has_head;
    size_t left; /* bytes of the body still to come */
    int status;
} conn;

typedef struct run {
    const kit_load *l;
    kit_answers *out;
    size_t room, asked;
    int poll;
    double ends;
} run;

static int connect_to(int port)
{
    int one = 1;
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        kit_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* --- answers ------------------------------------------------------------------------------ */

static void note(run *r, const conn *c)
{
    kit_answers *out = r->out;
    if (out->n == r->room) {
        r->room = r->room ? r->room * 2 : 4096;
        out->ms = realloc(out->ms, r->room * sizeof *out->ms);
        if (out->ms == NULL)
            kit_die("memory");
    }
    out->ms[out->n++] = (kit_now() - c->began) * 1000;
    out->by_class[c->status / 100 % 6]++;
}

/* The head is whole: status and length. */
static void read_head(conn *c, size_t head)
{
    size_t length = 0;
    c->status = atoi(c->in + 9);
    c->in[head - 2] = '\0';
    for (const char *line = c->in; (line = strstr(line, "\r\n")) != NULL; line += 2)
        if (strncasecmp(line + 2, "Content-Length:", 15) == 0)
            length = strtoul(line + 17, NULL, 10);
    size_t came = c->have - head;
    if (came > length)
        kit_die("an answer is longer than it says");
    c->left = length - came;
    c->has_head = true;
}

/* True when the answer is whole. */
static bool take(conn *c)
{
    char sink[HEAD_ROOM];
    char *to = c->has_head ? sink : c->in + c->have;
    size_t room = c->has_head ? sizeof sink : sizeof c->in - 1 - c->have;
    ssize_t n = recv(c->fd, to, room, 0);
    if (n <= 0)
        kit_die("the node ended a connection");
    if (c->has_head) {
        c->left -= (size_t)n;
        return c->left == 0;
    }
    c->have += (size_t)n;
    c->in[c->have] = '\0';
    const char *end = strstr(c->in, "\r\n\r\n");
    if (end == NULL)
        return false;
    read_head(c, (size_t)(end - c->in) + 4);
    return c->left == 0;
}

/* --- the load ------------------------------------------------------------------------------- */

static bool over(const run *r)
{
    const kit_load *l = r->l;
    return (l->most > 0 && r->asked >= l->most) || (l->seconds > 0 && kit_now() >= r->ends)
           || (l->stop != NULL && __atomic_load_n(l->stop, __ATOMIC_ACQUIRE));
}

static void push(const run *r, conn *c)
{
    while (c->sent < c->ask.n) {
        ssize_t n = send(c->fd, c->ask.bytes + c->sent, c->ask.n - c->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            kit_die("send");
        c->sent += (size_t)n;
    }
    errno = 0;
    struct epoll_event e = { .events = EPOLLIN | (c->sent < c->ask.n ? (unsigned)EPOLLOUT : 0u),
                             .data.ptr = c };
    epoll_ctl(r->poll, EPOLL_CTL_MOD, c->fd, &e);
}

static bool ask_next(run *r, conn *c)
{
    if (over(r))
        return false;
    c->ask = r->l->next(r->l->self, c->number, r->asked++);
    c->sent = c->have = 0;
    c->has_head = false;
    c->began = kit_now();
    push(r, c);
    return true;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static void serve_events(run *r, int open)
{
    struct epoll_event e[64];
    while (open > 0) {
        int n = epoll_wait(r->poll, e, 64, 30000);
        if (n == 0 || (n < 0 && errno != EINTR))
            kit_die("the node is silent");
        for (int i = 0; i < n; i++) {
            conn *c = e[i].data.ptr;
            if (c->sent < c->ask.n)
                push(r, c);
            if (!(e[i].events & EPOLLIN) || !take(c))
                continue;
            note(r, c);
            open -= !ask_next(r, c);
        }
    }
}

void kit_ask_all(kit_answers *out, const kit_load *l)
{
    *out = (kit_answers){ 0 };
    double began = kit_now();
    run r = {
        .l = l, .out = out, .poll = epoll_create1(EPOLL_CLOEXEC), .ends = began + l->seconds
    };
    conn *all = calloc((size_t)l->connections, sizeof *all);
    if (all == NULL || r.poll < 0)
        kit_die("connections");
    int open = 0;
    for (int i = 0; i < l->connections; i++) {
        all[i].number = i;
        all[i].fd = connect_to(l->port);
        struct epoll_event e = { .events = 0, .data.ptr = &all[i] };
        epoll_ctl(r.poll, EPOLL_CTL_ADD, all[i].fd, &e);
    }
    for (int i = 0; i < l->connections; i++)
        open += ask_next(&r, &all[i]);
    serve_events(&r, open);
    out->took_s = kit_now() - began;
    for (int i = 0; i < l->connections; i++)
        close(all[i].fd);
    close(r.poll);
    free(all);
    if (out->n > 0)
        qsort(out->ms, out->n, sizeof *out->ms, by_size);
}

void kit_answers_free(kit_answers *a)
{
    free(a->ms);
    *a = (kit_answers){ 0 };
}

double kit_per_s(const kit_answers *a)
{
    return a->took_s > 0 ? (double)a->n / a->took_s : 0;
}

double kit_quantile_ms(const kit_answers *a, double q)
{
    return a->n == 0 ? 0 : a->ms[(size_t)((double)(a->n - 1) * q)];
}

/* --- single requests ----------------------------------------------------------------------------
 */

kit_ask kit_request(const char *method, const char *path, const char *headers, const char *body,
                    size_t n)
{
    size_t room = strlen(path) + strlen(headers) + n + 256;
    char *text = malloc(room);
    if (text == NULL)
        kit_die("memory");
    int head = n > 0 ? snprintf(
                   text, room,
                   "%s %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/fhir+json\r\n"
                   "Content-Length: %zu\r\n%s\r\n",
                   method, path, n, headers)
                     : snprintf(text, room, "%s %s HTTP/1.1\r\nHost: bench\r\n%s\r\n", method, path,
                                headers);
    if (n > 0)
        memcpy(text + head, body, n);
    return (kit_ask){ text, (size_t)head + n };
}

static char *read_to_end(int fd)
{
    size_t n = 0, room = 1 << 16;
    char *text = malloc(room);
    for (ssize_t got = 1; got > 0 && text != NULL; n += got > 0 ? (size_t)got : 0) {
        if (n + 1 >= room)
            text = realloc(text, room *= 2);
        got = text != NULL ? recv(fd, text + n, room - n - 1, 0) : 0;
    }
    if (text == NULL)
        kit_die("memory");
    text[n] = '\0';
    return text;
}

int kit_ask_one(char **body, int port, const char *method, const char *path, const char *sent,
                size_t n)
{
    kit_ask ask = kit_request(method, path, "Connection: close\r\n", sent, n);
    int fd = connect_to(port);
    for (size_t at = 0; at < ask.n;) {
        ssize_t one = send(fd, ask.bytes + at, ask.n - at, MSG_NOSIGNAL);
        if (one <= 0)
            kit_die("send");
        at += (size_t)one;
    }
    char *reply = read_to_end(fd);
    close(fd);
    int status = strlen(reply) > 12 ? atoi(reply + 9) : 0;
    const char *end = strstr(reply, "\r\n\r\n");
    if (body != NULL)
        *body = strdup(end ? end + 4 : "");
    free(reply);
    free((void *)(uintptr_t)ask.bytes);
    return status;
}
