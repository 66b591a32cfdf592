/* SPDX-License-Identifier: Apache-2.0
 *
 * coding: names of content codings, and which one the caller wants (RFC 9110 12.4.2, 12.5.3).
 */
#include "http/pack.h"

static const struct {
    const char *name;
    km_coding coding;
} names[] = {
    { "gzip", KM_CODING_GZIP },
    { "zstd", KM_CODING_ZSTD },
    { "x-gzip", KM_CODING_GZIP }, /* RFC 9110 8.4.1.3 */
    { "identity", KM_CODING_PLAIN },
};
enum { NAMES = sizeof names / sizeof *names };

const char *km_http__coding_name(km_coding c)
{
    return c == KM_CODING_ZSTD ? "zstd" : c == KM_CODING_GZIP ? "gzip" : "identity";
}

static bool find_name(km_coding *out, km_str s)
{
    for (size_t i = 0; i < NAMES; i++)
        if (km_str_eq_nocase(s, km_str_of(names[i].name))) {
            *out = names[i].coding;
            return true;
        }
    return false;
}

km_code km_http__coding_of(km_coding *out, km_str value, km_fault *f)
{
    *out = KM_CODING_PLAIN;
    value = km_str_trim(value);
    if (value.n == 0 || find_name(out, value))
        return KM_OK;
    return km_fail(f, KM_MEDIA_TYPE, NULL, "content codings are gzip and zstd, one at a time");
}

/* "0.5", "1", "1.000" in thousandths; what is no weight counts as 0. */
static int thousandths(km_str s)
{
    int q = 0, unit = 100;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return 0;
    q = (s.p[0] - '0') * 1000;
    for (size_t i = 2; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        q += (s.p[i] - '0') * unit;
    }
    return q > 1000 ? 1000 : q;
}

/* One element: "gzip;q=0.5". */
static int weight_of(km_str *name, km_str element)
{
    km_str rest;
    *name = km_str_trim(km_str_cut(element, ';', &rest));
    rest = km_str_trim(rest);
    if (rest.n > 1 && (rest.p[0] == 'q' || rest.p[0] == 'Q') && rest.p[1] == '=')
        return thousandths(km_str_sub(rest, 2, rest.n));
    return 1000;
}

bool km_http__coding_accepted(km_coding *best, bool *plain_refused, km_str accept)
{
    int q[3] = { -1, -1, -1 }, star = -1, top = 0;
    *best = KM_CODING_PLAIN;
    *plain_refused = false;
    while (accept.p != NULL) {
        km_coding c;
        km_str name, element = km_str_cut(accept, ',', &accept);
        int w = weight_of(&name, element);
        if (km_str_eq(name, KM_STR("*")))
            star = w;
        else if (find_name(&c, name) && w > q[c])
            q[c] = w;
    }
    for (int c = KM_CODING_GZIP; c <= KM_CODING_ZSTD; c++) {
        int w = q[c] >= 0 ? q[c] : star;
        if (w > 0 && w >= top) {
            top = w;
            *best = (km_coding)c;
        }
    }
    int plain = q[KM_CODING_PLAIN] >= 0 ? q[KM_CODING_PLAIN] : star == 0 ? 0 : 1;
    *plain_refused = plain == 0;
    if (plain > top)
        *best = KM_CODING_PLAIN;
    return plain > 0 || top > 0;
}
