/* SPDX-License-Identifier: Apache-2.0
 *
 * cookie: reads one cookie of a request and sets one in a reply (RFC 6265).
 */
#ifndef KM_HTTP_COOKIE_H
#define KM_HTTP_COOKIE_H

#include "http/http.h"

/* Looks at 64 pairs and no more. KM_STR_NONE when it is absent, empty, or there twice with
 * different values: another host of the domain may have planted one of the two. The value is
 * what the caller sent, of cookie-octets only. */
km_str km_request_cookie(const km_request *r, const char *name);

/* Adds Set-Cookie with HttpOnly, SameSite=Strict, Path and, on TLS, Secure. `max_age_s` below 0
 * keeps it to the end of the browser's session, 0 deletes it. KM_BAD_VALUE unless name is a
 * token, value is made of cookie-octets and path begins with a slash and holds no semicolon. */
typedef struct km_cookie {
    const char *name;
    km_str value;
    const char *path; /* NULL is "/" */
    int64_t max_age_s;
} km_cookie;
km_code km_reply_cookie(km_reply *out, km_request *r, const km_cookie *c);

/* Does a page of our own ask? By Sec-Fetch-Site where the browser sends it, else by Origin
 * against Host; no when it sends neither. http asks it by itself for `session_cookie`. */
bool km_request_same_origin(const km_request *r);

#endif
