/* SPDX-License-Identifier: Apache-2.0
 *
 * limits: what one caller may ask of the server (trust.md §6), and what follows from it.
 */
#include "http/inside.h"

const km_http_limits km_http_limits_default = {
    .header_bytes = (size_t)16 << 10,
    .url_bytes = (size_t)8 << 10,
    .body_bytes = (size_t)16 << 20,
    .bulk_bytes = (size_t)1 << 30,
    .unpacked_bytes = (size_t)64 << 20,
    .header_lines = 64,
    .unpack_ratio = 10,
    .handshake_ms = 5000,
    .header_ms = 10000,
    .body_ms = 60000,
    .idle_ms = 75000,
    .connections = 2048,
    .connections_per_ip = 512, /* a hospital is one address */
    .body_min_bytes_per_s = 1024,
    .arena_bytes = KM_ARENA_CAP_DEFAULT,
};

#define FILL(name)    \
    if (l->name == 0) \
    l->name = km_http_limits_default.name

void km_http__limits_fill(km_http_limits *l)
{
    FILL(header_bytes);
    FILL(url_bytes);
    FILL(body_bytes);
    FILL(bulk_bytes);
    FILL(unpacked_bytes);
    FILL(header_lines);
    FILL(unpack_ratio);
    FILL(handshake_ms);
    FILL(header_ms);
    FILL(body_ms);
    FILL(idle_ms);
    FILL(connections);
    FILL(connections_per_ip);
    FILL(body_min_bytes_per_s);
    FILL(arena_bytes);
}

/* libmicrohttpd keeps a connection's head, its records of header lines and the head of the
 * answer in one pool; beyond it, it answers 414 or 431 by itself. */
size_t km_http__pool_bytes(const km_http_limits *l)
{
    enum { LINE_RECORD = 80, ANSWER = 4096 }; /* it clears the pool after each request */
    return l->header_bytes + l->url_bytes + (size_t)l->header_lines * LINE_RECORD + ANSWER;
}

uint64_t km_http__body_limit(const km_http_limits *l, unsigned route_flags)
{
    return route_flags & KM_HTTP_BULK ? l->bulk_bytes : l->body_bytes;
}

uint64_t km_http__unpacked_limit(const km_http_limits *l, unsigned route_flags)
{
    return route_flags & KM_HTTP_BULK && l->bulk_bytes > l->unpacked_bytes ? l->bulk_bytes
                                                                           : l->unpacked_bytes;
}

/* Every body must keep up the minimum rate; one that is not bulk must also end in time. */
uint64_t km_http__body_due(const km_http_limits *l, unsigned route_flags, uint64_t began,
                           uint64_t got)
{
    uint64_t start = l->body_ms < KM_HTTP_SLOW_START_MS ? l->body_ms : KM_HTTP_SLOW_START_MS;
    uint64_t due = began + start + got * 1000u / l->body_min_bytes_per_s;
    uint64_t end = began + l->body_ms;
    return route_flags & (KM_HTTP_BULK | KM_HTTP_STREAM) || due < end ? due : end;
}
