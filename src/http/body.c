/* SPDX-License-Identifier: Apache-2.0
 *
 * body: gathers the body of a request, or hands it on in pieces, and unpacks it. It stands
 * outside the arena, whose cap is for what a call makes of it.
 */
#include "http/inside.h"

km_code km_http__body_add(km_exchange *x, const char *p, size_t n)
{
    if (x->body.room == 0 && x->announced != KM_HTTP_UNKNOWN) {
        /* Exactly what was announced; untouched pages cost nothing until bytes arrive. */
        km_http__block_reserve(&x->body, (size_t)x->announced);
    }
    km_http__block_add(&x->body, p, n);
    return KM_OK;
}

static km_code into_block(void *self, km_str bytes)
{
    km_http__block_add(self, bytes.p, bytes.n);
    return KM_OK;
}

static void open_unpack(km_exchange *x)
{
    const km_http_limits *l = &x->http->o.limits;
    if (x->unpack == NULL)
        x->unpack = km_http__unpack_new(
            x->body_coding, km_http__unpacked_limit(l, x->r.route->flags), l->unpack_ratio);
}

km_code km_http__body_unpack(km_exchange *x)
{
    km_block whole = { 0 };
    if (x->body_coding != KM_CODING_PLAIN && x->body.n > 0) {
        km_str packed = { x->body.p, x->body.n };
        open_unpack(x);
        km_code rc = km_http__unpack_feed(x->unpack, packed, into_block, &whole, &x->fault);
        if (rc == KM_OK)
            rc = km_http__unpack_end(x->unpack, &x->fault);
        km_http__block_free(&x->body);
        x->body = whole;
        KM_TRY(rc);
    }
    x->r.body = (km_str){ x->body.n ? x->body.p : "", x->body.n };
    return KM_OK;
}

static km_code to_piece(void *self, km_str bytes)
{
    km_exchange *x = self;
    km_code rc = x->r.route->piece(&x->r, bytes);
    return rc == KM_OK ? rc : km_fail(&x->fault, rc, NULL, NULL);
}

km_code km_http__body_piece(km_exchange *x, bool last)
{
    km_str bytes = { x->body.p, x->body.n };
    x->body.n = 0;
    if (x->body_coding == KM_CODING_PLAIN || x->got == 0)
        return bytes.n ? to_piece(x, bytes) : KM_OK;
    open_unpack(x);
    KM_TRY(km_http__unpack_feed(x->unpack, bytes, to_piece, x, &x->fault));
    return last ? km_http__unpack_end(x->unpack, &x->fault) : KM_OK;
}

void km_http__body_free(km_exchange *x)
{
    const km_http_route *route = x->r.route;
    if (route != NULL && (route->flags & KM_HTTP_STREAM) && x->admitted && !x->served)
        route->piece(&x->r, KM_STR_NONE);
    km_http__unpack_free(x->unpack);
    x->unpack = NULL;
    if (x->body.room > KM_HTTP_BLOCK)
        km_http__block_free(&x->body);
    x->body.n = 0;
}
