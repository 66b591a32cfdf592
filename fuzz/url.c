/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: http
 *
 * Addresses: whatever the target of a request is, its decoded segments hold no dots, NULs or
 * control bytes; a rest never leads upwards; and what was decoded, encoded again, decodes to
 * the same. The text is tried as a form and as an Accept-Encoding too.
 */
#include "http/pack.h"
#include "http/router.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static km_code nothing(km_request *r, km_reply *out)
{
    (void)r;
    (void)out;
    return KM_OK;
}

static const int anyone = 1;
#define ROUTE(m, p)                                                    \
    {                                                                  \
        .method = m, .pattern = p, .serve = nothing, .policy = &anyone \
    }
static const km_http_route routes[] = {
    ROUTE("GET", "/fhir/metadata"),
    ROUTE("POST", "/fhir"),
    ROUTE("GET", "/fhir/{type}"),
    ROUTE("POST", "/fhir/{type}/_search"),
    ROUTE("GET", "/fhir/{type}/{id}"),
    ROUTE("GET", "/fhir/{type}/{id}/_history/{vid}"),
    ROUTE("GET", "/fhir/Patient/{id}/$everything"),
    ROUTE("GET", "/web/{rest*}"),
    ROUTE("GET", "/a/{x}/c"),
    ROUTE("GET", "/a/b/{rest*}"),
    { 0 },
};
static const km_http_route *const tables[] = { routes, NULL };

static bool is_sound(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    return km_str_is_utf8(s, NULL);
}

static bool has_dots(km_str s)
{
    while (s.p != NULL) {
        km_str part = km_str_cut(s, '/', &s);
        if (km_str_is(part, ".") || km_str_is(part, ".."))
            return true;
    }
    return false;
}

static void same_again(const km_path *path, km_arena *a)
{
    km_buf b = km_buf_in(a);
    km_path again;
    km_fault f = { 0 };
    km_buf_char(&b, '/');
    for (size_t i = 0; i < path->n; i++) {
        km_url_encode(&b, path->segment[i]);
        km_buf_char(&b, '/');
    }
    claim(km_http__path_cut(&again, a, km_buf_str(&b), &f) == KM_OK);
    claim(again.n == path->n && again.slashed == path->slashed);
    for (size_t i = 0; i < path->n; i++)
        claim(km_str_eq(again.segment[i], path->segment[i]));
}

static void try_route(const km_path *path, const char *method, km_arena *a)
{
    km_router *r;
    km_found found;
    km_field var[KM_ROUTE_VARS];
    km_fault f = { 0 };
    claim(km_http__router_new(&r, tables, &f) == KM_OK);
    km_code rc = km_http__router_find(&found, var, r, path, km_str_of(method), a, &f);
    if (rc == KM_OK && found.route != NULL)
        for (size_t i = 0; i < found.vars; i++) {
            bool rest = km_str_is(var[i].name, "rest");
            claim(rest || var[i].value.n > 0);
            claim(is_sound(var[i].value) && !has_dots(var[i].value));
        }
    else
        claim(rc == KM_OK || rc == f.code);
    km_http__router_free(r);
}

static void try_path(km_str raw, km_arena *a)
{
    km_path path;
    km_fault f = { 0 };
    if (km_http__path_cut(&path, a, raw, &f) != KM_OK)
        return;
    claim(path.n <= KM_PATH_SEGMENTS);
    for (size_t i = 0; i < path.n; i++)
        claim(is_sound(path.segment[i]) && !has_dots(path.segment[i]));
    same_again(&path, a);
    try_route(&path, "GET", a);
    try_route(&path, "POST", a);
    try_route(&path, "OPTIONS", a);
}

static void try_form(km_str text, km_arena *a)
{
    const km_field *field, *again;
    size_t n, m;
    km_fault f = { 0 };
    km_buf b = km_buf_in(a);
    if (km_form_decode(&field, &n, a, text, &f) != KM_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        km_url_encode(&b, field[i].name);
        km_buf_char(&b, '=');
        km_url_encode(&b, field[i].value);
        km_buf_char(&b, '&');
    }
    claim(km_form_decode(&again, &m, a, km_buf_str(&b), &f) == KM_OK && m == n);
    for (size_t i = 0; i < n; i++)
        claim(km_str_eq(again[i].name, field[i].name) && km_str_eq(again[i].value, field[i].value));
}

static void try_accept(km_str text)
{
    km_coding c;
    bool plain_refused;
    if (!km_http__coding_accepted(&c, &plain_refused, text))
        claim(plain_refused);
    if (plain_refused && c == KM_CODING_PLAIN)
        claim(!km_http__coding_accepted(&c, &plain_refused, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str text = { (const char *)p, n }, path, query;
    km_http__target_cut(&path, &query, text);
    try_path(path, a);
    try_form(query, a);
    try_form(text, a);
    try_accept(text);
    km_arena_free(a);
    return 0;
}
