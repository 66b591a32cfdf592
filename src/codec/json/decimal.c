/* SPDX-License-Identifier: Apache-2.0
 *
 * decimal: see decimal.h. Doubles come from strtod, which rounds correctly; the text it gets has
 * no point in it, so the locale has no say.
 */
#include "codec/json/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json/scan.h"

/* Sign, digits with one more, e, an exponent of 64 bits, NUL. */
enum { TEXT_MAX = 1 + KM_DECIMAL_DIGITS + 1 + 1 + 20 + 1 };

/* Digits without leading zeros, and the power of ten of the last one. */
typedef struct figures {
    char digit[KM_DECIMAL_DIGITS + 2];
    uint32_t n;
    int64_t unit;
} figures;

static size_t leading_zeros(km_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == '0')
        n++;
    return n;
}

static bool read_exponent(int32_t *out, km_str s)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = km_str_sub(s, 1, s.n);
    s = km_str_sub(s, leading_zeros(s), s.n);
    if (s.n > 9)
        return false;
    int32_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v * 10 + (s.p[i] - '0');
    *out = minus ? -v : v;
    return true;
}

static size_t find_exponent(km_str s)
{
    size_t at = km_str_find(s, 'e');
    return at < s.n ? at : km_str_find(s, 'E');
}

bool km_decimal_parse(km_decimal *out, km_str text)
{
    const char *wrong;
    if (text.n == 0 || km_json__number(text.p, text.p + text.n, &wrong) != text.p + text.n
        || wrong != NULL)
        return false;
    km_decimal d = { .negative = text.p[0] == '-' };
    km_str rest = km_str_sub(text, d.negative, text.n);
    size_t e = find_exponent(rest);
    d.has_exponent = e < rest.n;
    if (d.has_exponent && !read_exponent(&d.exponent, km_str_sub(rest, e + 1, rest.n)))
        return false;
    d.whole = km_str_cut(km_str_sub(rest, 0, e), '.', &d.fraction);
    size_t n = d.whole.n - leading_zeros(d.whole);
    n += n > 0 ? d.fraction.n : d.fraction.n - leading_zeros(d.fraction);
    if (n > KM_DECIMAL_DIGITS)
        return false;
    d.significant = (uint32_t)n;
    *out = d;
    return true;
}

int64_t km_decimal_decimals(const km_decimal *d)
{
    return (int64_t)d->fraction.n - d->exponent;
}

/* The i-th significant digit; 0 behind the last. */
static char digit(const km_decimal *d, uint32_t i)
{
    if (i >= d->significant)
        return '0';
    size_t behind = d->significant - i;
    return behind <= d->fraction.n ? d->fraction.p[d->fraction.n - behind]
                                   : d->whole.p[d->whole.n + d->fraction.n - behind];
}

static int cmp_magnitude(const km_decimal *a, const km_decimal *b)
{
    if (a->significant == 0 || b->significant == 0)
        return (a->significant > 0) - (b->significant > 0);
    int64_t ea = a->significant - km_decimal_decimals(a);
    int64_t eb = b->significant - km_decimal_decimals(b);
    if (ea != eb)
        return ea < eb ? -1 : 1;
    for (uint32_t i = 0; i < a->significant || i < b->significant; i++)
        if (digit(a, i) != digit(b, i))
            return digit(a, i) < digit(b, i) ? -1 : 1;
    return 0;
}

int km_decimal_cmp(const km_decimal *a, const km_decimal *b)
{
    bool minus_a = a->negative && a->significant > 0, minus_b = b->negative && b->significant > 0;
    if (minus_a != minus_b)
        return minus_a ? -1 : 1;
    return minus_a ? cmp_magnitude(b, a) : cmp_magnitude(a, b);
}

static figures figures_of(const km_decimal *d)
{
    figures f = { .n = d->significant, .unit = -km_decimal_decimals(d) };
    for (uint32_t i = 0; i < f.n; i++)
        f.digit[i] = digit(d, i);
    return f;
}

static double nearest(const figures *f, bool negative)
{
    char text[TEXT_MAX];
    if (f->n == 0)
        return 0.0;
    int n = snprintf(text, sizeof text, "%s%.*se%lld", negative ? "-" : "", (int)f->n, f->digit,
                     (long long)f->unit);
    assert(n > 0 && (size_t)n < sizeof text);
    double v = strtod(text, NULL);
    return v == 0.0 ? 0.0 : v;
}

double km_decimal_to_double(const km_decimal *d)
{
    figures f = figures_of(d);
    return nearest(&f, d->negative);
}

static void append_digit(figures *f, char c)
{
    assert(f->n < sizeof f->digit);
    if (f->n > 0 || c != '0')
        f->digit[f->n++] = c;
    f->unit--;
}

/* One unit less; f is not zero. Leading zeros that come of it do no harm. */
static void subtract_one(figures *f)
{
    uint32_t i = f->n;
    while (f->digit[i - 1] == '0')
        f->digit[--i] = '9';
    f->digit[i - 1]--;
}

void km_decimal_interval(double *low, double *high, const km_decimal *d)
{
    figures outer = figures_of(d);
    if (d->has_exponent && d->significant <= 1)
        append_digit(&outer, '0');
    figures inner = outer; /* the end nearer to zero; for zero itself, across it */
    bool across = outer.n == 0;
    if (!across)
        subtract_one(&inner);
    append_digit(&outer, '5');
    append_digit(&inner, '5');
    double value = km_decimal_to_double(d);
    *low = d->negative ? nearest(&outer, true) : nearest(&inner, across);
    *high = d->negative ? nearest(&inner, !across) : nearest(&outer, false);
    if (*high <= value)
        *high = nextafter(value, INFINITY);
}

uint64_t km_double_key(double v)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t bits;
    assert(!isnan(v));
    if (v == 0.0)
        v = 0.0; /* -0 */
    memcpy(&bits, &v, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

double km_double_from_key(uint64_t key)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t bits = key & sign ? key ^ sign : ~key;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
