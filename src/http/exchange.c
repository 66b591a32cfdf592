/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange: makes a request's state at its first line and gives it back, counted and logged, at its
 * end.
 */
#include <stdlib.h>

#include "http/inside.h"

enum { FREE_MOST = 256 };

/* splitmix64 (Steele, Lea, Flood 2014): one-to-one, so ids do not repeat in one run. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void name_request(struct km_http *h, char id[65])
{
    static const char digit[] = "0123456789abcdef";
    uint64_t n = atomic_fetch_add_explicit(&h->id_next, 1, memory_order_relaxed);
    uint64_t v = mixed(h->id_seed + n * 0x9E3779B97F4A7C15u);
    for (int i = 15; i >= 0; i--, v >>= 4)
        id[i] = digit[v & 15];
    id[16] = '\0';
}

static km_exchange *take_free(struct km_http *h)
{
    pthread_mutex_lock(&h->lock);
    km_exchange *x = h->free;
    if (x != NULL) {
        h->free = x->next;
        h->frees--;
    }
    pthread_mutex_unlock(&h->lock);
    if (x != NULL)
        return x;
    x = calloc(1, sizeof *x);
    if (x == NULL)
        abort(); /* decision 18 */
    x->r.call.arena = km_arena_new(h->o.limits.arena_bytes);
    return x;
}

/* A used exchange keeps its memory and nothing else. */
static void renew(km_exchange *x)
{
    km_arena *arena = x->r.call.arena;
    km_block body = x->body;
    char *out = x->out, *plain = x->out_plain;
    size_t room = x->out_room;
    memset(x, 0, sizeof *x);
    x->r.call.arena = arena;
    x->body = body;
    x->out = out;
    x->out_room = room;
    x->out_plain = plain;
}

static void read_target(km_exchange *x, const char *uri)
{
    size_t n = strlen(uri), most = x->http->o.limits.url_bytes;
    if (n > most) {
        km_fail(&x->fault, KM_URI_TOO_LONG, NULL, "at most %zu bytes", most);
        n = 0;
    }
    km_str target = km_arena_copy(x->r.call.arena, (km_str){ uri, n });
    km_http__target_cut(&x->r.path, &x->r.query_raw, target);
}

km_exchange *km_http__exchange_open(struct km_http *h, struct MHD_Connection *c, const char *uri)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c,
                                                                MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    km_exchange *x = take_free(h);
    renew(x);
    x->http = h;
    x->c = c;
    x->conn = i->socket_context;
    x->began_ns = km_ticks_ns();
    x->logged_method = "-";
    x->route_at = km_http__router_count(h->router);
    x->r.call.fault = &x->fault;
    x->r.call.clock = h->o.clock;
    x->r.call.random = h->o.random;
    x->r.var = x->var;
    x->r.tls = h->tls;
    x->r.app = h->o.app;
    name_request(h, x->r.id);
    if (h->tls)
        km_http__tls_peer(h, c, x->conn);
    x->r.peer = x->conn->peer;
    x->r.peer_certificate = x->conn->peer_certificate;
    x->r.peer_verified = x->conn->peer_verified;
    read_target(x, uri);
    km_http__conn_enter(x->conn, KM_CONN_READING, x->began_ns / 1000000u + h->o.limits.header_ms);
    return x;
}

void km_http__exchange_free(km_exchange *x)
{
    km_arena_free(x->r.call.arena);
    km_http__block_free(&x->body);
    free(x->out);
    free(x->out_plain);
    free(x);
}

/* The status for the log when no answer of ours went out. */
static int silent_status(const km_exchange *x)
{
    enum { CALLER_WENT = 499 }; /* nginx's number for it */
    if (km_http__conn_expired(x->conn))
        return MHD_HTTP_REQUEST_TIMEOUT;
    if (x->step == KM_STEP_NEW) { /* libmicrohttpd may have found the head wrong */
        const union MHD_ConnectionInfo *i = MHD_get_connection_info(
            x->c, MHD_CONNECTION_INFO_HTTP_STATUS);
        return i != NULL ? (int)i->http_status : CALLER_WENT;
    }
    return x->fault.code ? km_code_http(x->fault.code) : CALLER_WENT;
}

static void keep(struct km_http *h, km_exchange *x, bool was_counted)
{
    pthread_mutex_lock(&h->lock);
    bool room = h->frees < FREE_MOST;
    if (room) {
        x->next = h->free;
        h->free = x;
        h->frees++;
    }
    if (was_counted && --h->inflight == 0)
        pthread_cond_broadcast(&h->quiet);
    pthread_mutex_unlock(&h->lock);
    if (!room)
        km_http__exchange_free(x);
}

void km_http__exchange_close(km_exchange *x)
{
    struct km_http *h = x->http;
    uint64_t now = km_ticks_ns(), ns = now - x->began_ns;
    if (x->step != KM_STEP_ANSWERED)
        x->status = silent_status(x);
    km_http__produce_close(x);
    km_http__count(&h->count[x->route_at], x->status, ns);
    km_http__log(x, ns);
    km_http__body_free(x);
    km_http__conn_enter(x->conn, KM_CONN_IDLE, now / 1000000u + h->o.limits.idle_ms);
    km_arena_reset(x->r.call.arena);
    keep(h, x, x->counted);
}
