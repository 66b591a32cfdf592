/* SPDX-License-Identifier: Apache-2.0
 *
 * str: see str.h.
 */
#include "base/str.h"

#include <assert.h>

#include "base/utf8.h"

int km_str_cmp(km_str a, km_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

km_str km_str_trim(km_str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = km_str_sub(s, 1, s.n);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool km_str_eq_nocase(km_str a, km_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool km_str_to_i64(int64_t *out, km_str s)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    int64_t v = 0;
    if (s.n == (size_t)minus)
        return false;
    for (size_t i = minus; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v)
            || __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    if (!minus && v == INT64_MIN)
        return false;
    *out = minus ? v : -v;
    return true;
}

/* Eight bytes of ASCII at once: most of what comes is ASCII. */
static bool eight_ascii(const char *p)
{
    uint64_t eight;
    memcpy(&eight, p, 8);
    return (eight & 0x8080808080808080u) == 0;
}

bool km_str_is_utf8(km_str s, size_t *bad_at)
{
    for (size_t i = 0; i < s.n;) {
        if (s.n - i >= 8 && eight_ascii(s.p + i)) {
            i += 8;
            continue;
        }
        size_t n = km_utf8_length(km_str_sub(s, i, 4));
        if (n == 0) {
            if (bad_at)
                *bad_at = i;
            return false;
        }
        i += n;
    }
    return true;
}

bool km_str_take(km_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = km_str_sub(*s, 1, s->n);
    return true;
}

bool km_str_take_digits(int *out, km_str *s, size_t n)
{
    int v = 0;
    assert(n <= 9);
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *out = v;
    *s = km_str_sub(*s, n, s->n);
    return true;
}
