/* SPDX-License-Identifier: Apache-2.0
 *
 * reply: hands a finished reply to libmicrohttpd, with the headers that every reply has.
 */
#include <assert.h>

#include "http/inside.h"

/* The body lives in the arena until the request is completed, which is after libmicrohttpd's
 * last look at it. */
static struct MHD_Response *make(km_exchange *x)
{
    km_str body = x->reply.body;
    if (x->reply.more != NULL && x->status != MHD_HTTP_NO_CONTENT
        && x->status != MHD_HTTP_NOT_MODIFIED)
        return km_http__produce_response(x);
    x->sent = x->head ? 0 : body.n;
    return MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)(body.n ? body.p : ""),
                                           MHD_RESPMEM_PERSISTENT);
}

static void add(struct MHD_Response *m, const char *name, const char *value)
{
    enum MHD_Result added = MHD_add_response_header(m, name, value);
    assert(added == MHD_YES); /* serve.c has looked at every one */
}

static void add_headers(const km_exchange *x, struct MHD_Response *m)
{
    const km_reply *r = &x->reply;
    for (size_t i = 0; i < r->headers; i++)
        add(m, r->header[i].name.p, r->header[i].value.p);
    if (r->type != NULL)
        add(m, "Content-Type", r->type);
    if (x->reply_coding != KM_CODING_PLAIN)
        add(m, "Content-Encoding", km_http__coding_name(x->reply_coding));
    if (x->vary)
        add(m, "Vary", "Accept-Encoding");
    km_http__secure(x, m);
    add(m, "X-Request-Id", x->r.id);
    if (x->close_after)
        add(m, "Connection", "close");
}

enum MHD_Result km_http__answer(km_exchange *x)
{
    const km_http_limits *l = &x->http->o.limits;
    uint64_t due = km_http__now_ms() + l->idle_ms
                   + (uint64_t)x->reply.body.n * 1000u / l->body_min_bytes_per_s;
    if (!km_http__conn_enter(x->conn, KM_CONN_SENDING, due))
        return MHD_NO;
    struct MHD_Response *m = make(x);
    if (m == NULL)
        return MHD_NO;
    add_headers(x, m);
    x->step = KM_STEP_ANSWERED;
    enum MHD_Result queued = MHD_queue_response(x->c, (unsigned)x->status, m);
    MHD_destroy_response(m);
    return queued;
}
