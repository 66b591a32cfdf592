/* SPDX-License-Identifier: Apache-2.0
 *
 * str: borrowed bytes. A km_str never owns what it points to, need not end in
 * NUL and may hold any byte; whoever made the bytes says how long they live
 * (most often: as long as the call's arena).
 */
#ifndef KM_BASE_STR_H
#define KM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct km_str {
    const char *p;
    size_t n;
} km_str;

/* printf: "%.*s", KM_STR_ARG(s) */
#define KM_STR(lit) ((km_str){ "" lit, sizeof(lit) - 1 })
#define KM_STR_INIT(lit)        \
    {                           \
        "" lit, sizeof(lit) - 1 \
    }
#define KM_STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")
#define KM_STR_NONE ((km_str){ NULL, 0 })

static inline km_str km_str_of(const char *z)
{
    return (km_str){ z, z ? strlen(z) : 0 };
}

static inline bool km_str_eq(km_str a, km_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool km_str_is(km_str a, const char *z)
{
    return km_str_eq(a, km_str_of(z));
}

static inline bool km_str_starts(km_str s, km_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool km_str_ends(km_str s, km_str suffix)
{
    return s.n >= suffix.n
           && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The part from `at` on, at most `n` bytes; never reaches outside `s`. */
static inline km_str km_str_sub(km_str s, size_t at, size_t n)
{
    if (at > s.n)
        at = s.n;
    if (n > s.n - at)
        n = s.n - at;
    return (km_str){ s.p ? s.p + at : NULL, n };
}

/* Index of the first `c`, or s.n when there is none. */
static inline size_t km_str_find(km_str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

/* Splits at the first `sep`: the part before it is returned, *rest becomes the
 * part after it (KM_STR_NONE when there was no `sep`). */
static inline km_str km_str_cut(km_str s, char sep, km_str *rest)
{
    size_t at = km_str_find(s, sep);
    *rest = at < s.n ? km_str_sub(s, at + 1, s.n) : KM_STR_NONE;
    return km_str_sub(s, 0, at);
}

/* Byte order, shorter first on a tie: <0, 0, >0. */
int km_str_cmp(km_str a, km_str b);

/* ASCII only: strips spaces, tabs, CR and LF from both ends. */
km_str km_str_trim(km_str s);

/* ASCII case ignored. */
bool km_str_eq_nocase(km_str a, km_str b);

/* Decimal digits with an optional '-'; false on anything else or overflow. */
bool km_str_to_i64(int64_t *out, km_str s);

/* Takes `c`, or exactly `n` decimal digits (at most nine) as a number, off the front of *s; false,
 * and nothing is taken, when something else stands there. */
bool km_str_take(km_str *s, char c);
bool km_str_take_digits(int *out, km_str *s, size_t n);

/* True when `s` is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no
 * overlong forms); *bad_at, if given, is the first offending byte. */
bool km_str_is_utf8(km_str s, size_t *bad_at);

#endif
