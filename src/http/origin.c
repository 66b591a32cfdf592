/* SPDX-License-Identifier: Apache-2.0
 *
 * origin: cookies, and whether the request that brings one was made by a page of ours: a browser
 * sends cookies along with whatever any page lets it ask (CSRF).
 */
#include "http/cookie.h"
#include "http/inside.h"

enum { PAIRS_MOST = 64, LINES_MOST = 8 };

/* RFC 6265 4.1.1: cookie-octet */
static bool is_octets(km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c >= 0x7F || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

typedef struct search {
    km_str name, value;
    size_t pairs;
    bool twice;
} search;

static void search_line(search *s, km_str line)
{
    for (km_str rest = line; rest.p != NULL && s->pairs < PAIRS_MOST; s->pairs++) {
        km_str value, pair = km_str_cut(rest, ';', &rest);
        km_str name = km_str_trim(km_str_cut(pair, '=', &value));
        if (value.p == NULL || !km_str_eq(name, s->name))
            continue;
        value = km_str_trim(value);
        s->twice |= s->value.p != NULL && !km_str_eq(s->value, value);
        s->value = value;
    }
}

static search search_cookie(const km_request *r, const char *name)
{
    const km_exchange *x = (const km_exchange *)(const void *)r;
    search s = { .name = km_str_of(name) };
    size_t lines = 0;
    for (size_t i = 0; i < x->headers && lines < LINES_MOST; i++) {
        if (!km_str_eq_nocase(x->header[i].name, KM_STR("cookie")))
            continue;
        search_line(&s, x->header[i].value);
        lines++;
    }
    return s;
}

km_str km_request_cookie(const km_request *r, const char *name)
{
    search s = search_cookie(r, name);
    bool sound = s.value.n > 0 && !s.twice && is_octets(s.value);
    return sound ? s.value : KM_STR_NONE;
}

static bool is_cookie_name(km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && c != '-' && c != '_' && c != '.')
            return false;
    }
    return s.n > 0;
}

km_code km_reply_cookie(km_reply *out, km_request *r, const km_cookie *c)
{
    const char *path = c->path ? c->path : "/";
    km_buf b = km_buf_in(r->call.arena);
    if (!is_cookie_name(km_str_of(c->name)) || !is_octets(c->value) || path[0] != '/'
        || strpbrk(path, ";, \"\\") != NULL)
        return km_fail(r->call.fault, KM_BAD_VALUE, "cookie", NULL);
    km_buf_print(&b, "%s=%.*s; Path=%s; HttpOnly; SameSite=Strict%s", c->name, KM_STR_ARG(c->value),
                 path, r->tls ? "; Secure" : "");
    if (c->max_age_s >= 0)
        km_buf_print(&b, "; Max-Age=%lld", (long long)c->max_age_s);
    km_reply_header(out, "Set-Cookie", km_buf_str(&b));
    return KM_OK;
}

bool km_request_same_origin(const km_request *r)
{
    km_str site = km_request_header(r, "Sec-Fetch-Site"), origin = km_request_header(r, "Origin");
    km_str scheme = r->tls ? KM_STR("https://") : KM_STR("http://");
    if (site.p != NULL)
        return km_str_is(site, "same-origin");
    return r->host.n > 0 && km_str_starts(origin, scheme)
           && km_str_eq_nocase(km_str_sub(origin, scheme.n, origin.n), r->host);
}

km_code km_http__same_origin(km_exchange *x)
{
    const km_request *r = &x->r;
    const char *cookie = x->http->o.session_cookie;
    if (cookie == NULL || km_str_is(r->method, "GET") || km_str_is(r->method, "OPTIONS"))
        return KM_OK;
    if (search_cookie(r, cookie).value.p == NULL || km_request_same_origin(r))
        return KM_OK;
    return km_fail(&x->fault, KM_FORBIDDEN, NULL, "the request came from another site");
}
