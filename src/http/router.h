/* SPDX-License-Identifier: Apache-2.0
 *
 * router: from a path to a route. Pure: no connection, no clock.
 *
 * The patterns of all tables form one tree, a level for each segment. On every level a literal
 * goes before {name}, and {name} before {name*}; the first pattern found so takes the path,
 * whatever the method: if it lacks the method the answer is 405. A path that ends in a slash is
 * the path without it.
 */
#ifndef KM_HTTP_ROUTER_H
#define KM_HTTP_ROUTER_H

#include "http/http.h"

enum { KM_ROUTE_VARS = 8, KM_PATH_SEGMENTS = 32, KM_PATTERN_MOST = 256 };

/* A path, cut at its slashes and decoded. */
typedef struct km_path {
    km_str segment[KM_PATH_SEGMENTS];
    size_t n;
    uint32_t slashed; /* bit i: segment i holds an encoded slash */
} km_path;

/* decode.c. A target is what stands between method and version: /path?query,
 * http://host/path?query or *. */
void km_http__target_cut(km_str *path, km_str *query, km_str target);
km_code km_http__path_cut(km_path *out, km_arena *a, km_str raw, km_fault *f);

typedef struct km_router km_router;

typedef struct km_found {
    const km_http_route *route; /* NULL when only Allow is known */
    size_t at;                  /* number of the route, in the order of the tables */
    size_t vars;
    km_str allow; /* "GET, HEAD, OPTIONS" */
} km_found;

/* KM_USAGE when a row is wrong: no policy, no handler, a bad pattern, the same twice. */
km_code km_http__router_new(km_router **out, const km_http_route *const *tables, km_fault *f);
void km_http__router_free(km_router *r);

/* KM_UNKNOWN_ROUTE, KM_METHOD (with allow), KM_MALFORMED (an encoded slash where none may be).
 * OPTIONS that no row serves is KM_OK with a NULL route. Rest values are built in `a`. */
km_code km_http__router_find(km_found *out, km_field var[KM_ROUTE_VARS], const km_router *r,
                             const km_path *path, km_str method, km_arena *a, km_fault *f);

size_t km_http__router_count(const km_router *r);
const km_http_route *km_http__router_route(const km_router *r, size_t at);

#endif
