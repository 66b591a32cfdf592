/* SPDX-License-Identifier: Apache-2.0
 *
 * produce: replies that are made while they are sent.
 *
 * The route's producer fills a block on a worker while the connection is suspended (on the
 * I/O thread for INLINE routes), so it may block; libmicrohttpd then reads the block
 * empty and asks for the next. One request's producer never runs on two threads at
 * once, but from block to block it may be another worker.
 */
#include <assert.h>
#include <stdlib.h>

#include "http/inside.h"

enum {
    ENOUGH_MS = 50 /* a slow producer's bytes leave after so long, block full or not */
};

static char *block(char **p)
{
    if (*p == NULL)
        *p = malloc(KM_HTTP_BLOCK);
    if (*p == NULL)
        abort(); /* decision 18 */
    return *p;
}

/* Calls the producer for at most `room` bytes. */
static size_t take(km_exchange *x, char *out, size_t room)
{
    int64_t n = x->reply.more(x->reply.self, out, room);
    if (n < 0 || (uint64_t)n > room)
        x->out_failed = true;
    else if (n == 0)
        x->out_end = true;
    return x->out_failed ? 0 : (size_t)n;
}

static void fill_packed(km_exchange *x)
{
    bool done = false;
    km_str plain = { block(&x->out_plain), 0 };
    plain.n = take(x, x->out_plain, KM_HTTP_BLOCK / 2);
    while (!done && !x->out_failed) {
        /* The block is twice what is packed at once; what an encoder held back may still
         * need more. */
        if (x->out_n + 1024 > x->out_room) {
            x->out_room *= 2;
            x->out = realloc(x->out, x->out_room);
            if (x->out == NULL)
                abort();
        }
        done = km_http__pack_some(x->out_pack, &plain, x->out_end, x->out, &x->out_n, x->out_room);
    }
}

void km_http__produce(km_exchange *x)
{
    uint64_t since = km_http__now_ms();
    block(&x->out);
    if (x->out_room == 0)
        x->out_room = KM_HTTP_BLOCK;
    x->out_n = x->out_at = 0;
    while (!x->out_end && !x->out_failed && x->out_n < KM_HTTP_BLOCK / 2) {
        if (x->out_n > 0 && km_http__now_ms() - since > ENOUGH_MS)
            break;
        if (x->out_pack != NULL)
            fill_packed(x);
        else
            x->out_n += take(x, x->out + x->out_n, KM_HTTP_BLOCK - x->out_n);
    }
}

static bool serves_inline(const km_exchange *x)
{
    return x->r.route == NULL || (x->r.route->flags & KM_HTTP_INLINE);
}

/* The block is empty: gets the next one made. True when there is one now. */
static bool next_block(km_exchange *x)
{
    if (serves_inline(x)) {
        km_http__produce(x);
        return true;
    }
    if (km_http__hand_over(x, KM_JOB_PRODUCE, KM_STEP_ANSWERED))
        return false; /* x is the worker's now */
    x->out_failed = true;
    return true;
}

static ssize_t read_block(void *self, uint64_t at, char *out, size_t room)
{
    km_exchange *x = self;
    (void)at;
    if (x->out_at == x->out_n && !x->out_end && !x->out_failed && !next_block(x))
        return 0;
    if (x->out_failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (x->out_at == x->out_n)
        return x->out_end ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    size_t n = x->out_n - x->out_at < room ? x->out_n - x->out_at : room;
    memcpy(out, x->out + x->out_at, n);
    x->out_at += n;
    x->sent += n;
    if (!km_http__conn_enter(x->conn, KM_CONN_SENDING,
                             km_http__now_ms() + x->http->o.limits.idle_ms))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)n;
}

/* libmicrohttpd 0.9.75 ends a chunked answer to HEAD with the last chunk of the body it has not
 * sent, and the next answer would begin with it. As HTTP/1.0, which knows no chunks, it sends
 * the head and closes. */
static void without_chunks(struct MHD_Response *m)
{
    enum MHD_Result set = MHD_set_response_options(m, MHD_RF_HTTP_VERSION_1_0_RESPONSE, MHD_RO_END);
    assert(set == MHD_YES);
}

struct MHD_Response *km_http__produce_response(km_exchange *x)
{
    enum { OLD_CALLERS = 16 * 1024 }; /* HTTP/1.0 is read through a buffer of this size */
    struct MHD_Response *m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, OLD_CALLERS,
                                                               read_block, x, NULL);
    if (m != NULL && x->head)
        without_chunks(m);
    return m;
}

void km_http__produce_close(km_exchange *x)
{
    km_http__pack_give(&x->http->packers, x->out_pack);
    x->out_pack = NULL;
    if (x->reply.closed != NULL)
        x->reply.closed(x->reply.self);
    x->reply.closed = NULL;
}
