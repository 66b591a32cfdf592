/* SPDX-License-Identifier: Apache-2.0
 *
 * calls: a request's way, driven by libmicrohttpd's calls: the request line, the head, pieces of
 * the body, its end, and the end of the answer.
 */
#include <assert.h>

#include "http/callbacks.h"
#include "http/inside.h"

/* False: the server is closing or the connection's deadline has come. */
static bool may_sleep(km_exchange *x)
{
    struct km_http *h = x->http;
    atomic_fetch_add(&h->away, 1);
    if (!atomic_load(&h->closing) && km_http__conn_enter(x->conn, KM_CONN_SERVING, 0))
        return true;
    atomic_fetch_sub(&h->away, 1);
    return false;
}

void km_http__wake(km_exchange *x)
{
    struct km_http *h = x->http;
    MHD_resume_connection(x->c);
    atomic_fetch_sub(&h->away, 1);
}

/* x belongs to a worker until libmicrohttpd calls again with the connection resumed. The
 * connection sleeps before the worker can know of it. */
bool km_http__hand_over(km_exchange *x, km_job job, km_step step)
{
    if (!may_sleep(x))
        return false;
    x->step = step;
    MHD_suspend_connection(x->c);
    if (km_http__workers_push(&x->http->workers, x, job))
        return true;
    km_fail(&x->fault, KM_BUSY, NULL, NULL);
    if (job == KM_JOB_SERVE)
        km_http__refuse(x);
    km_http__wake(x);
    return true;
}

/* Two must have come before the rest of a reply can be made: whoever ran `serve`, once it has
 * returned and the connection sleeps, and whoever calls this from outside. The second one wakes the
 * connection; the first does not touch x again. */
void km_request_go_on(km_request *r)
{
    km_exchange *x = (km_exchange *)r;
    if (atomic_exchange(&x->met, true))
        km_http__wake(x);
}

static enum MHD_Result hand_over(km_exchange *x, km_job job, km_step step)
{
    return km_http__hand_over(x, job, step) ? MHD_YES : MHD_NO;
}

static bool is_inline(const km_exchange *x)
{
    return x->r.route == NULL || (x->r.route->flags & KM_HTTP_INLINE);
}

/* Refused before the body was taken. A short body is read to its end, for the connection's
 * sake and because a close with unread bytes may cost the caller the answer (RFC 9112 9.6). */
static enum MHD_Result refuse_head(km_exchange *x)
{
    bool long_body = x->announced != KM_HTTP_UNKNOWN && x->announced > KM_HTTP_DROP_KNOWN;
    bool waits = x->expects && x->announced != 0; /* the caller has not sent it yet */
    km_http__refuse(x);
    if (x->close_after || long_body || waits)
        return km_http__answer(x);
    x->step = KM_STEP_DROP;
    return MHD_YES;
}

static enum MHD_Result begin_body(km_exchange *x)
{
    const km_http_limits *l = &x->http->o.limits;
    unsigned flags = x->r.route ? x->r.route->flags : 0;
    if (x->fault.code != KM_OK)
        return refuse_head(x);
    x->step = KM_STEP_BODY;
    if (x->announced == 0)
        return MHD_YES;
    bool in_time = km_http__conn_enter(x->conn, KM_CONN_READING,
                                       km_http__body_due(l, flags, x->body_began_ms, x->got));
    return in_time ? MHD_YES : MHD_NO;
}

static void count_in(km_exchange *x)
{
    struct km_http *h = x->http;
    pthread_mutex_lock(&h->lock);
    h->inflight++;
    pthread_mutex_unlock(&h->lock);
    x->counted = true;
}

/* Who may not send much is told so before sending it; for small bodies the question waits until
 * the worker has the request anyway. */
static bool asks_first(const km_exchange *x)
{
    return x->r.route != NULL && (x->r.route->flags & (KM_HTTP_STREAM | KM_HTTP_BULK))
           && x->announced != 0;
}

static enum MHD_Result begin(km_exchange *x, const char *method, const char *version)
{
    count_in(x);
    x->step = KM_STEP_DROP;
    km_code rc = km_http__head(x, method, version);
    x->body_began_ms = x->announced ? km_http__now_ms() : 0;
    if (rc == KM_OK && asks_first(x)) {
        if (!is_inline(x))
            return hand_over(x, KM_JOB_ADMIT, KM_STEP_ADMITTING);
        km_http__admit(x);
    }
    return begin_body(x);
}

static enum MHD_Result drop(km_exchange *x, size_t *n)
{
    x->dropped += *n;
    *n = 0;
    if (x->dropped <= KM_HTTP_DROP_BYTES)
        return MHD_YES;
    if (km_http__conn_enter(x->conn, KM_CONN_SERVING, 0))
        km_http__conn_last_words(x->conn, km_code_http(x->fault.code));
    return MHD_NO;
}

static enum MHD_Result refuse_body(km_exchange *x, size_t *n)
{
    km_http__refuse(x);
    x->step = KM_STEP_DROP;
    return drop(x, n);
}

/* Into the block what fits; true when it is full. */
static bool fill_block(km_exchange *x, const char **p, size_t *n)
{
    size_t some = KM_HTTP_BLOCK - x->body.n < *n ? KM_HTTP_BLOCK - x->body.n : *n;
    km_http__block_reserve(&x->body, KM_HTTP_BLOCK);
    km_http__block_add(&x->body, *p, some);
    *p += some;
    *n -= some;
    x->got += some;
    return x->body.n == KM_HTTP_BLOCK;
}

/* STREAM: a full block goes to the route. With a worker, what does not fit stays with
 * libmicrohttpd, which offers it again once the connection is resumed; awake, it would not. */
static enum MHD_Result take_piece(km_exchange *x, const char *p, size_t *n)
{
    while (*n > 0 && fill_block(x, &p, n)) {
        if (!is_inline(x))
            return hand_over(x, KM_JOB_PIECE, KM_STEP_PIECE);
        if (km_http__body_piece(x, false) != KM_OK)
            return refuse_body(x, n);
    }
    return MHD_YES;
}

static enum MHD_Result take(km_exchange *x, const char *p, size_t *n)
{
    const km_http_limits *l = &x->http->o.limits;
    unsigned flags = x->r.route ? x->r.route->flags : 0;
    uint64_t due = km_http__body_due(l, flags, x->body_began_ms, x->got + *n);
    if (!km_http__conn_enter(x->conn, KM_CONN_READING, due))
        return MHD_NO;
    if (x->got + *n > km_http__body_limit(l, flags)) {
        km_fail(&x->fault, KM_TOO_LONG, NULL, "at most %llu bytes",
                (unsigned long long)km_http__body_limit(l, flags));
        return refuse_body(x, n);
    }
    if (flags & KM_HTTP_STREAM)
        return take_piece(x, p, n);
    x->got += *n;
    km_http__body_add(x, p, *n);
    *n = 0;
    return MHD_YES;
}

static bool is_condition(km_str header)
{
    return header.n > 3 && km_str_eq_nocase(km_str_sub(header, 0, 3), KM_STR("If-"));
}

static bool is_brief(const km_exchange *x)
{
    if (x->r.route == NULL || !(x->r.route->flags & KM_HTTP_BRIEF)
        || x->body_coding != KM_CODING_PLAIN || x->got > KM_HTTP_BRIEF_BYTES)
        return false;
    for (size_t i = 0; i < x->headers; i++)
        if (is_condition(x->header[i].name))
            return false;
    return true;
}

/* On this thread, and the connection sleeps only while there is something to wait for. */
static enum MHD_Result serve_here(km_exchange *x, void (*serve)(km_exchange *x))
{
    if (!may_sleep(x))
        return MHD_NO;
    x->step = KM_STEP_WORK;
    atomic_store(&x->met, false);
    serve(x);
    if (x->reply.then == NULL) {
        atomic_fetch_sub(&x->http->away, 1);
        return km_http__answer(x);
    }
    MHD_suspend_connection(x->c);
    km_request_go_on(&x->r);
    return MHD_YES;
}

static enum MHD_Result complete(km_exchange *x)
{
    if (is_brief(x))
        return serve_here(x, km_http__serve);
    if (!is_inline(x))
        return hand_over(x, KM_JOB_SERVE, KM_STEP_WORK);
    km_http__serve(x);
    assert(x->reply.then == NULL); /* who waits says so by its flags */
    return km_http__answer(x);
}

static bool sleeps(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return i != NULL && i->suspended == MHD_YES;
}

static enum MHD_Result go_on(km_exchange *x, const char *p, size_t *n)
{
    if (x->step == KM_STEP_PIECE) {
        x->step = KM_STEP_BODY;
        if (x->fault.code != KM_OK) {
            km_http__refuse(x);
            x->step = KM_STEP_DROP;
        }
    }
    switch (x->step) {
    case KM_STEP_BODY:
        return *n > 0 ? take(x, p, n) : complete(x);
    case KM_STEP_DROP:
        return *n > 0 ? drop(x, n) : km_http__answer(x);
    case KM_STEP_WORK:
        return x->reply.then != NULL ? serve_here(x, km_http__serve_rest) : km_http__answer(x);
    default:
        return MHD_YES; /* answered: libmicrohttpd has what it needs */
    }
}

enum MHD_Result km_http__on_call(void *http, struct MHD_Connection *c, const char *url,
                                 const char *method, const char *version, const char *p, size_t *n,
                                 void **context)
{
    km_exchange *x = *context;
    (void)http;
    (void)url;
    assert(x != NULL); /* made at the request line */
    /* With a chunked body libmicrohttpd offers the next chunk even to a sleeping connection. */
    bool away = x->step == KM_STEP_ADMITTING || x->step == KM_STEP_PIECE || x->step == KM_STEP_WORK;
    if (away && sleeps(c))
        return MHD_YES;
    if (x->step == KM_STEP_NEW)
        return begin(x, method, version);
    if (x->step == KM_STEP_ADMITTING)
        return begin_body(x);
    return go_on(x, p, n);
}

void *km_http__on_target(void *http, const char *uri, struct MHD_Connection *c)
{
    km_exchange *x = km_http__exchange_open(http, c, uri);
    /* libmicrohttpd would now decode the query into records of its own, one for each
     * field, in the pool that the head needs. We decode it ourselves, so the text it
     * is about to read (its own buffer, which it lets us see) ends here. */
    char *query = strchr((char *)(uintptr_t)uri, '?');
    if (query != NULL && query[1] != '\0')
        query[1] = '\0';
    return x;
}

void km_http__on_end(void *http, struct MHD_Connection *c, void **context,
                     enum MHD_RequestTerminationCode why)
{
    (void)http;
    (void)c;
    (void)why;
    if (*context != NULL)
        km_http__exchange_close(*context);
    *context = NULL;
}

void km_http__on_connection(void *http, struct MHD_Connection *c, void **context,
                            enum MHD_ConnectionNotificationCode what)
{
    struct km_http *h = http;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const km_http_limits *l = &h->o.limits;
        int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        km_conn *conn = km_http__watch_add(
            &h->watch, fd, h->tls, km_http__now_ms() + (h->tls ? l->handshake_ms : l->header_ms));
        km_http__peer_name(conn, c);
        *context = conn;
        if (h->tls)
            km_http__tls_begin(h, c);
    } else if (*context != NULL) {
        km_http__watch_drop(&h->watch, *context);
        *context = NULL;
    }
}
