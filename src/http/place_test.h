/* SPDX-License-Identifier: Apache-2.0
 *
 * place_test: for tests only: routes that show what reached them, and a server of them.
 */
#ifndef KM_HTTP_PLACE_TEST_H
#define KM_HTTP_PLACE_TEST_H

#include <stdatomic.h>

#include "http/wire_test.h"

enum { PLACE_WAITS = 64 };

typedef struct place {
    km_http *http;
    int port;
    km_arena *arena;
    atomic_int running, most, admitted, dropped, closed;
    pthread_mutex_t lock;
    km_block log; /* all lines */
    km_request *waiting[PLACE_WAITS];
    size_t waits;
} place;

static const int anyone = 1;

static inline place *place_of(const km_request *r)
{
    return r->app;
}

static inline km_code serve_fixed(km_request *r, km_reply *out)
{
    (void)r;
    out->type = "text/plain";
    out->body = KM_STR("fixed");
    return KM_OK;
}

static inline km_code serve_echo(km_request *r, km_reply *out)
{
    out->type = "application/json";
    out->body = r->body;
    return KM_OK;
}

static inline void show(km_buf *b, const char *what, const km_field *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        km_buf_print(b, "%s %.*s=%.*s\n", what, KM_STR_ARG(f[i].name), KM_STR_ARG(f[i].value));
}

static inline km_code serve_show(km_request *r, km_reply *out)
{
    km_buf b = km_buf_in(r->call.arena);
    km_str agent = km_request_header(r, "user-agent");
    km_buf_print(&b, "method %.*s\nhost %.*s\nagent %.*s\n", KM_STR_ARG(r->method),
                 KM_STR_ARG(r->host), KM_STR_ARG(agent));
    show(&b, "var", r->var, r->vars);
    show(&b, "query", r->query, r->queries);
    out->type = "text/plain";
    out->body = km_buf_str(&b);
    return KM_OK;
}

static inline km_code serve_form(km_request *r, km_reply *out)
{
    const km_field *f;
    size_t n;
    km_buf b = km_buf_in(r->call.arena);
    KM_TRY(km_request_form(&f, &n, r));
    show(&b, "form", f, n);
    out->type = "text/plain";
    out->body = b.n ? km_buf_str(&b) : KM_STR("none");
    return KM_OK;
}

/* Sleeps ?ms=, and keeps count of how many do at once. */
static inline km_code serve_slow(km_request *r, km_reply *out)
{
    place *p = place_of(r);
    int64_t ms = 10;
    km_str_to_i64(&ms, km_request_query(r, "ms"));
    int now = atomic_fetch_add(&p->running, 1) + 1, most = atomic_load(&p->most);
    while (now > most && !atomic_compare_exchange_weak(&p->most, &most, now))
        ;
    usleep((useconds_t)ms * 1000);
    atomic_fetch_sub(&p->running, 1);
    out->body = KM_STR("slept");
    return KM_OK;
}

/* Waits without a thread until the test says go on (?at-once: before it has begun to wait), then
 * shows the body. */
static inline km_code show_body(km_request *r, km_reply *out)
{
    if (km_request_query(r, "twice").p != NULL && out->self == NULL) {
        out->self = out;
        out->then = show_body;
        km_request_go_on(r);
        return KM_OK;
    }
    out->body = r->body.n > 0 ? r->body : KM_STR("went on");
    return km_request_query(r, "refuse").p ? km_fail(r->call.fault, KM_GONE, "x", "told") : KM_OK;
}

static inline km_code serve_waiting(km_request *r, km_reply *out)
{
    place *p = place_of(r);
    out->then = show_body;
    if (km_request_query(r, "fail").p)
        return KM_CONFLICT;
    if (km_request_query(r, "at-once").p) {
        km_request_go_on(r);
        return KM_OK;
    }
    pthread_mutex_lock(&p->lock);
    p->waiting[p->waits++ % PLACE_WAITS] = r;
    pthread_mutex_unlock(&p->lock);
    return KM_OK;
}

/* Once `n` wait, all go on. */
static inline void place_go_on(place *p, size_t n)
{
    km_request *r[PLACE_WAITS];
    size_t waits = 0;
    for (int i = 0; i < 5000 && waits < n; i++) {
        usleep(i ? 1000 : 0);
        pthread_mutex_lock(&p->lock);
        if (p->waits >= n) {
            waits = p->waits;
            memcpy(r, p->waiting, sizeof r);
            p->waits = 0;
        }
        pthread_mutex_unlock(&p->lock);
    }
    assert_int_equal(waits, n);
    for (size_t i = 0; i < waits; i++)
        km_request_go_on(r[i]);
}

/* ?n= bytes of JSON lines. */
static inline km_code serve_large(km_request *r, km_reply *out)
{
    int64_t n = 4096;
    km_buf b = km_buf_in(r->call.arena);
    km_str_to_i64(&n, km_request_query(r, "n"));
    for (int i = 0; b.n < (size_t)n; i++)
        km_buf_print(&b, "{\"resourceType\":\"Observation\",\"id\":\"%d\"}\n", i);
    out->type = "application/fhir+json";
    out->body = km_str_sub(km_buf_str(&b), 0, (size_t)n);
    if (km_request_query(r, "packed").p != NULL)
        out->packed = true;
    if (km_request_query(r, "png").p != NULL)
        out->type = "image/png";
    return KM_OK;
}

typedef struct counting {
    place *p;
    int64_t next, most, fail_at;
} counting;

static inline int64_t count_more(void *self, char *out, size_t room)
{
    counting *c = self;
    size_t n = 0;
    if (c->next == c->fail_at)
        return -1;
    while (c->next < c->most && c->next != c->fail_at && room - n > 24)
        n += (size_t)snprintf(out + n, room - n, "%lld\n", (long long)c->next++);
    return (int64_t)n;
}

static inline void count_closed(void *self)
{
    counting *c = self;
    atomic_fetch_add(&c->p->closed, 1);
}

/* The numbers below ?n=, made while they are sent; the producer fails at ?fail=. */
static inline km_code serve_stream(km_request *r, km_reply *out)
{
    counting *c = KM_NEW(r->call.arena, counting);
    c->p = place_of(r);
    c->fail_at = -1;
    km_str_to_i64(&c->most, km_request_query(r, "n"));
    km_str_to_i64(&c->fail_at, km_request_query(r, "fail"));
    out->type = "application/fhir+ndjson";
    out->more = count_more;
    out->closed = count_closed;
    out->self = c;
    return km_request_query(r, "refuse").p ? KM_CONFLICT : KM_OK;
}

/* Sums the bytes of its pieces; a byte 0xEE is refused. */
typedef struct summing {
    uint64_t n, sum, pieces;
} summing;

static inline km_code sum_piece(km_request *r, km_str bytes)
{
    summing *s = r->stream;
    if (bytes.p == NULL) {
        atomic_fetch_add(&place_of(r)->dropped, 1);
        return KM_OK;
    }
    if (s == NULL)
        r->stream = s = KM_NEW(r->call.arena, summing);
    s->pieces++;
    s->n += bytes.n;
    for (size_t i = 0; i < bytes.n; i++) {
        s->sum = s->sum * 31 + (unsigned char)bytes.p[i];
        if ((unsigned char)bytes.p[i] == 0xEE)
            return km_fail(r->call.fault, KM_INVALID, "piece", "a byte EE");
    }
    return KM_OK;
}

static inline km_code serve_sum(km_request *r, km_reply *out)
{
    static const summing none;
    const summing *s = r->stream ? r->stream : &none;
    out->body = km_arena_print(r->call.arena, "%llu %llu", (unsigned long long)s->n,
                               (unsigned long long)s->sum);
    return KM_OK;
}

static inline km_code serve_fault(km_request *r, km_reply *out)
{
    out->status = 201;
    km_reply_header(out, "X-Lost", KM_STR("yes"));
    return km_request_query(r, "told").p ? km_fail(r->call.fault, KM_GONE, "x", "told")
                                         : KM_CONFLICT;
}

static inline km_code serve_header(km_request *r, km_reply *out)
{
    km_reply_header(out, "ETag", KM_STR("W/\"1\""));
    km_reply_header(out, "Cache-Control", KM_STR("max-age=60"));
    km_reply_header(out, "X-Asked", km_request_query(r, "v"));
    out->status = km_request_query(r, "none").p ? 204 : 200;
    out->body = KM_STR("body");
    out->type = "text/plain";
    return KM_OK;
}

#define ROUTE(m, p, s, f)                                                    \
    {                                                                        \
        .method = m, .pattern = p, .serve = s, .flags = f, .policy = &anyone \
    }
#define UPLOAD(p, f)                                                                       \
    {                                                                                      \
        .method = "POST", .pattern = p, .serve = serve_sum, .flags = f, .policy = &anyone, \
        .piece = sum_piece                                                                 \
    }

static const km_http_route place_routes[] = {
    ROUTE("GET", "/inline", serve_fixed, KM_HTTP_INLINE),
    ROUTE("GET", "/worker", serve_fixed, 0),
    ROUTE("POST", "/echo", serve_echo, 0),
    ROUTE("POST", "/echo/inline", serve_echo, KM_HTTP_INLINE),
    ROUTE("POST", "/echo/bulk", serve_echo, KM_HTTP_BULK),
    ROUTE("GET", "/show/{a}/{b}", serve_show, KM_HTTP_INLINE),
    ROUTE("GET", "/files/{rest*}", serve_show, KM_HTTP_INLINE),
    ROUTE("POST", "/form", serve_form, 0),
    ROUTE("GET", "/slow", serve_slow, 0),
    ROUTE("GET", "/waiting", serve_waiting, 0),
    ROUTE("POST", "/waiting", serve_waiting, KM_HTTP_BRIEF),
    ROUTE("GET", "/large", serve_large, 0),
    ROUTE("GET", "/stream", serve_stream, 0),
    ROUTE("GET", "/stream/inline", serve_stream, KM_HTTP_INLINE),
    UPLOAD("/sum", KM_HTTP_STREAM | KM_HTTP_BULK),
    UPLOAD("/sum/inline", KM_HTTP_STREAM | KM_HTTP_BULK | KM_HTTP_INLINE),
    ROUTE("GET", "/fault", serve_fault, 0),
    ROUTE("GET", "/header", serve_header, KM_HTTP_INLINE),
    { 0 },
};
static const km_http_route *const place_tables[] = { place_routes, NULL };

/* Who says X-Who: nobody is not let in. */
static inline km_code place_admit(km_request *r)
{
    atomic_fetch_add(&place_of(r)->admitted, 1);
    return km_str_is(km_request_header(r, "X-Who"), "nobody")
               ? km_fail(r->call.fault, KM_UNAUTHENTICATED, NULL, NULL)
               : KM_OK;
}

static inline void place_refuse(km_request *r, const km_fault *f, km_reply *out)
{
    out->type = "application/json";
    out->body = km_arena_print(r->call.arena, "{\"code\":\"%s\"}", km_code_name(f->code));
    if (f->code == KM_UNAUTHENTICATED)
        km_reply_header(out, "WWW-Authenticate", KM_STR("Bearer"));
}

static inline void place_log(void *app, km_str line)
{
    place *p = app;
    pthread_mutex_lock(&p->lock);
    km_http__block_add(&p->log, line.p, line.n);
    km_http__block_add(&p->log, "\n", 1);
    pthread_mutex_unlock(&p->lock);
}

/* Small limits, so that a test reaches them soon. */
static inline km_http_limits place_limits(void)
{
    km_http_limits l = km_http_limits_default;
    l.header_bytes = 4096;
    l.url_bytes = 1024;
    l.header_lines = 20;
    l.body_bytes = 64 << 10;
    l.bulk_bytes = 4 << 20;
    l.unpacked_bytes = 512 << 10;
    return l;
}

static inline place *place_open(const km_http_options *with)
{
    place *p = calloc(1, sizeof *p);
    km_http_options o = *with;
    km_fault f = { 0 };
    pthread_mutex_init(&p->lock, NULL);
    p->arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    o.app = p;
    o.log = place_log;
    if (o.listen == NULL)
        o.listen = "127.0.0.1:0";
    if (o.routes == NULL)
        o.routes = place_tables;
    if (km_http_start(&p->http, &o, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
    p->port = km_http_port(p->http);
    return p;
}

static inline void place_close(place *p)
{
    km_http_stop(p->http);
    km_arena_free(p->arena);
    pthread_mutex_destroy(&p->lock);
    km_http__block_free(&p->log);
    free(p);
}

/* Waits until `*n` is at least `want`. */
static inline bool place_awaits(const atomic_int *n, int want)
{
    for (int i = 0; i < 5000 && atomic_load(n) < want; i++)
        usleep(1000);
    return atomic_load(n) >= want;
}

static inline km_str line_with(const km_block *log, km_str what)
{
    km_str rest = { log->p, log->n };
    while (rest.p != NULL) {
        km_str line = km_str_cut(rest, '\n', &rest);
        if (line.n >= what.n && memmem(line.p, line.n, what.p, what.n) != NULL)
            return line;
    }
    return KM_STR_NONE;
}

/* The log line that holds `what`; it is written after the answer has left. */
static inline km_str place_line(place *p, km_str what)
{
    km_str line = KM_STR_NONE;
    for (int i = 0; i < 5000 && line.p == NULL; i++) {
        usleep(i ? 1000 : 0);
        pthread_mutex_lock(&p->lock);
        line = line_with(&p->log, what);
        if (line.p != NULL)
            line = km_arena_copy(p->arena, line);
        pthread_mutex_unlock(&p->lock);
    }
    return line.p ? line : KM_STR("");
}

#endif
