/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: what is done with a request: who asks, the body made whole, the route's handler, and
 * the reply made ready to send. Runs on a worker, or on the I/O thread for INLINE routes.
 */
#include <assert.h>

#include "http/inside.h"

enum { PACK_FROM = 1024 };

km_code km_http__admit(km_exchange *x)
{
    const km_http_options *o = &x->http->o;
    if (x->admitted)
        return KM_OK;
    KM_TRY(km_http__same_origin(x));
    km_code rc = o->admit ? o->admit(&x->r) : KM_OK;
    if (rc != KM_OK)
        return km_fail(&x->fault, rc, NULL, NULL);
    KM_TRY(km_http__rate_caller(x));
    x->admitted = true;
    return KM_OK;
}

static bool has_header(const km_reply *r, const char *name)
{
    for (size_t i = 0; i < r->headers; i++)
        if (km_str_eq_nocase(r->header[i].name, km_str_of(name)))
            return true;
    return false;
}

/* Text, JSON and XML become smaller; images and archives are packed already. Events must
 * leave at once and not wait for a block to fill. */
static bool packs_well(const char *type)
{
    if (type == NULL || strncmp(type, "text/event-stream", 17) == 0)
        return false;
    return strncmp(type, "text/", 5) == 0 || strstr(type, "json") != NULL
           || strstr(type, "xml") != NULL || strstr(type, "javascript") != NULL;
}

static bool bodyless(int status)
{
    return status < 200 || status == MHD_HTTP_NO_CONTENT || status == MHD_HTTP_NOT_MODIFIED;
}

static void pack_body(km_exchange *x)
{
    km_pack *k = km_http__pack_take(&x->http->packers, x->reply_coding);
    km_str packed = km_http__pack_all(k, x->r.call.arena, x->reply.body);
    km_http__pack_give(&x->http->packers, k);
    if (packed.p == NULL) {
        x->reply_coding = KM_CODING_PLAIN;
        return;
    }
    x->reply.body = packed;
}

/* Packs, or settles that it goes out plain (reply_coding). */
static void choose_packing(km_exchange *x)
{
    km_reply *r = &x->reply;
    bool may = !r->packed && !bodyless(x->status) && !has_header(r, "Content-Encoding");
    bool large = r->more != NULL || r->body.n >= PACK_FROM;
    bool wants = packs_well(r->type) && large;
    x->vary = may && wants;
    if (!may || !(wants || x->plain_refused)) {
        x->reply_coding = KM_CODING_PLAIN;
        return;
    }
    if (x->reply_coding == KM_CODING_PLAIN)
        return;
    if (r->more == NULL)
        pack_body(x);
    else if (!x->head)
        x->out_pack = km_http__pack_take(&x->http->packers, x->reply_coding);
}

static bool header_is_sound(const km_field *h)
{
    for (size_t i = 0; i < h->value.n; i++)
        if ((unsigned char)h->value.p[i] < 0x20 || h->value.p[i] == 0x7F)
            return false;
    return h->name.n > 0;
}

/* libmicrohttpd wants its strings ended by NUL. False: a handler let a line break through. */
static bool end_headers(km_exchange *x)
{
    km_reply *r = &x->reply;
    for (size_t i = 0; i < r->headers; i++) {
        if (!header_is_sound(&r->header[i]))
            return false;
        r->header[i].value.p = km_arena_z(x->r.call.arena, r->header[i].value);
    }
    return true;
}

static void drop_reply(km_exchange *x)
{
    if (x->reply.closed != NULL)
        x->reply.closed(x->reply.self);
    x->reply = (km_reply){ 0 };
}

static void refuse_plainly(const km_fault *f, km_reply *out)
{
    out->type = "text/plain; charset=utf-8";
    out->body = km_str_of(km_code_sentence(f->code));
}

static void finish(km_exchange *x)
{
    km_reply *r = &x->reply;
    x->status = r->status ? r->status : MHD_HTTP_OK;
    assert(x->status >= 200 && x->status < 600);
    if (bodyless(x->status)) {
        r->body = KM_STR_NONE;
        r->type = NULL;
    }
    choose_packing(x);
}

void km_http__refuse(km_exchange *x)
{
    const km_http_options *o = &x->http->o;
    const km_fault *f = &x->fault;
    drop_reply(x);
    x->reply.status = km_code_http(f->code);
    if (o->refuse != NULL)
        o->refuse(&x->r, f, &x->reply);
    else
        refuse_plainly(f, &x->reply);
    if (f->code == KM_METHOD)
        km_reply_header(&x->reply, "Allow", x->allow);
    if (f->code == KM_BUSY || f->code == KM_STOPPING)
        km_reply_header(&x->reply, "Retry-After", KM_STR("1"));
    if (f->code == KM_TOO_MANY)
        km_reply_header(&x->reply, "Retry-After",
                        km_arena_print(x->r.call.arena, "%u", (unsigned)x->retry_s));
    if (!end_headers(x))
        x->reply.headers = 0;
    finish(x);
}

static km_code call_route(km_exchange *x)
{
    const km_http_route *route = x->r.route;
    if (route == NULL) { /* OPTIONS; head.c lets nothing else without route pass */
        x->reply.status = MHD_HTTP_NO_CONTENT;
        if (x->allow.n > 0)
            km_reply_header(&x->reply, "Allow", x->allow);
        return KM_OK;
    }
    KM_TRY(km_http__admit(x));
    if (route->flags & KM_HTTP_STREAM)
        KM_TRY(km_http__body_piece(x, true));
    else
        KM_TRY(km_http__body_unpack(x));
    x->served = true;
    return route->serve(&x->r, &x->reply);
}

static void conclude(km_exchange *x, km_code rc)
{
    if (rc == KM_OK && !end_headers(x))
        rc = km_fail(&x->fault, KM_INTERNAL, NULL, "a reply header is malformed");
    if (rc != KM_OK) {
        km_fail(&x->fault, rc, NULL, NULL); /* when the handler told no story */
        km_http__refuse(x);
        return;
    }
    finish(x);
    if (x->reply.more != NULL && !x->head)
        km_http__produce(x); /* the first block; most often the only one */
}

void km_http__serve(km_exchange *x)
{
    km_code rc = call_route(x);
    if (rc != KM_OK || x->reply.then == NULL)
        conclude(x, rc);
}

void km_http__serve_rest(km_exchange *x)
{
    km_code (*then)(km_request * r, km_reply * out) = x->reply.then;
    x->reply.then = NULL;
    km_code rc = then(&x->r, &x->reply);
    if (rc != KM_OK || x->reply.then == NULL)
        conclude(x, rc);
}

/* The time a body waited for us is not held against its sender. */
static void forgive(km_exchange *x, uint64_t since_ms)
{
    const km_http_limits *l = &x->http->o.limits;
    x->body_began_ms += km_http__now_ms() - since_ms;
    km_http__conn_enter(x->conn, KM_CONN_READING,
                        km_http__body_due(l, x->r.route->flags, x->body_began_ms, x->got));
}

void km_http__run(km_exchange *x)
{
    uint64_t since = km_http__now_ms();
    switch (x->job) {
    case KM_JOB_ADMIT:
        km_http__admit(x);
        forgive(x, since);
        break;
    case KM_JOB_PIECE:
        km_http__body_piece(x, false);
        forgive(x, since);
        break;
    case KM_JOB_SERVE:
        km_http__serve(x);
        break;
    case KM_JOB_PRODUCE:
        km_http__produce(x);
        break;
    }
}
