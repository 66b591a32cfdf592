/* SPDX-License-Identifier: Apache-2.0
 *
 * decimal: exact decimal arithmetic.
 */
#include "codec/fhirpath/decimal.h"

#include <math.h>
#include <stdio.h>

#include "codec/json/decimal.h"

#define DIGITS 36
#define E18 UINT64_C(1000000000000000000)
#define E36 ((km_u128)E18 * E18)

static km_u128 ten_to(int n)
{
    km_u128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

static bool times(km_u128 *out, km_u128 a, km_u128 b)
{
    if (a != 0 && b > (E36 - 1) / a)
        return false;
    *out = a * b;
    return true;
}

bool km_dec__read(km_dec *out, km_str text)
{
    km_decimal d;
    *out = (km_dec){ 0 };
    if (!km_decimal_parse(&d, text))
        return false;
    for (size_t i = 0; i < d.whole.n + d.fraction.n; i++) {
        char c = i < d.whole.n ? d.whole.p[i] : d.fraction.p[i - d.whole.n];
        if (!times(&out->coef, out->coef, 10))
            return false;
        out->coef += (unsigned)(c - '0');
    }
    int64_t scale = (int64_t)d.fraction.n - d.exponent;
    if (scale > DIGITS || scale < -DIGITS)
        return out->coef == 0;
    for (; scale < 0; scale++)
        if (!times(&out->coef, out->coef, 10))
            return false;
    out->scale = (int)scale;
    out->minus = d.negative && out->coef != 0;
    return true;
}

km_dec km_dec__int(int64_t n)
{
    return (km_dec){ n < 0 ? (km_u128)0 - (km_u128)n : (km_u128)n, 0, n < 0 };
}

bool km_dec__to_i64(int64_t *out, km_dec d)
{
    d = km_dec__strip(d);
    if (d.scale > 0 || d.coef > (km_u128)INT64_MAX)
        return false;
    *out = d.minus ? -(int64_t)d.coef : (int64_t)d.coef;
    return true;
}

km_str km_dec__print(km_arena *a, km_dec d)
{
    char p[DIGITS * 2 + 4];
    size_t at = sizeof p;
    int written = 0;
    while (d.coef != 0 || written <= d.scale) {
        if (written == d.scale && d.scale > 0)
            p[--at] = '.';
        p[--at] = (char)('0' + (int)(d.coef % 10));
        d.coef /= 10;
        written++;
    }
    if (d.minus)
        p[--at] = '-';
    return km_arena_copy(a, (km_str){ p + at, sizeof p - at });
}

/* --- comparing -------------------------------------------------------------------------- */

int km_dec__compare(km_dec a, km_dec b)
{
    if (a.minus != b.minus)
        return a.minus ? -1 : 1;
    int sign = a.minus ? -1 : 1;
    a = km_dec__strip(a);
    b = km_dec__strip(b);
    km_u128 shifted;
    if (a.scale < b.scale) {
        if (!times(&shifted, a.coef, ten_to(b.scale - a.scale)))
            return sign;
        a.coef = shifted;
    } else {
        if (!times(&shifted, b.coef, ten_to(a.scale - b.scale)))
            return -sign;
        b.coef = shifted;
    }
    return a.coef == b.coef ? 0 : a.coef < b.coef ? -sign : sign;
}

/* --- arithmetic --------------------------------------------------------------------------- */

static bool same_scale(km_dec *a, km_dec *b)
{
    if (a->scale < b->scale) {
        if (!times(&a->coef, a->coef, ten_to(b->scale - a->scale)))
            return false;
        a->scale = b->scale;
    } else if (b->scale < a->scale) {
        if (!times(&b->coef, b->coef, ten_to(a->scale - b->scale)))
            return false;
        b->scale = a->scale;
    }
    return true;
}

bool km_dec__add(km_dec *out, km_dec a, km_dec b)
{
    if (!same_scale(&a, &b))
        return false;
    out->scale = a.scale;
    if (a.minus == b.minus) {
        out->coef = a.coef + b.coef;
        out->minus = a.minus;
    } else {
        bool b_larger = b.coef > a.coef;
        out->coef = b_larger ? b.coef - a.coef : a.coef - b.coef;
        out->minus = b_larger ? b.minus : a.minus;
    }
    out->minus = out->minus && out->coef != 0;
    return out->coef < E36;
}

km_dec km_dec__strip(km_dec d)
{
    while (d.scale > 0 && d.coef % 10 == 0) {
        d.coef /= 10;
        d.scale--;
    }
    return d;
}

bool km_dec__multiply(km_dec *out, km_dec a, km_dec b)
{
    if (a.scale + b.scale > DIGITS) {
        a = km_dec__strip(a);
        b = km_dec__strip(b);
    }
    if (a.scale + b.scale > DIGITS || !times(&out->coef, a.coef, b.coef))
        return false;
    out->scale = a.scale + b.scale;
    out->minus = a.minus != b.minus && out->coef != 0;
    return true;
}

bool km_dec__divide(km_dec *out, km_dec a, km_dec b)
{
    if (b.coef == 0 || !same_scale(&a, &b))
        return false;
    km_u128 q = a.coef / b.coef, rest = a.coef % b.coef;
    int scale = 0;
    while (scale < 16 && rest != 0 && q < E36 / 100 && rest < E36) {
        rest *= 10;
        q = q * 10 + rest / b.coef;
        rest %= b.coef;
        scale++;
    }
    if (rest > b.coef / 2 || (rest != 0 && rest * 2 == b.coef))
        q++;
    *out = km_dec__strip((km_dec){ q, scale, a.minus != b.minus && q != 0 });
    return q < E36;
}

bool km_dec__divide_whole(km_dec *quotient, km_dec *remainder, km_dec a, km_dec b)
{
    if (b.coef == 0 || !same_scale(&a, &b))
        return false;
    km_u128 q = a.coef / b.coef, rest = a.coef % b.coef;
    *quotient = (km_dec){ q, 0, a.minus != b.minus && q != 0 };
    *remainder = (km_dec){ rest, a.scale, a.minus && rest != 0 };
    return true;
}

km_dec km_dec__round(km_dec d, int scale, km_rounding how)
{
    if (scale < 0)
        scale = 0;
    if (d.scale <= scale)
        return d;
    km_u128 unit = ten_to(d.scale - scale), rest = d.coef % unit;
    d.coef /= unit;
    d.scale = scale;
    bool away =
        how == KM_ROUND_HALF
            ? rest >= unit / 2
            : rest != 0 && ((how == KM_ROUND_UP && !d.minus) || (how == KM_ROUND_DOWN && d.minus));
    d.coef += away;
    d.minus = d.minus && d.coef != 0;
    return d;
}

/* --- floating ------------------------------------------------------------------------------ */

double km_dec__to_double(km_dec d)
{
    double v = (double)d.coef / (double)ten_to(d.scale);
    return d.minus ? -v : v;
}

bool km_dec__from_double(km_dec *out, double v)
{
    char p[32];
    if (!isfinite(v))
        return false;
    int n = snprintf(p, sizeof p, "%.15g", v);
    /* What is too small for 36 digits is nothing. */
    if (fabs(v) < 1e-20)
        n = snprintf(p, sizeof p, "0");
    if (!km_dec__read(out, (km_str){ p, (size_t)n }))
        return false;
    *out = km_dec__strip(*out);
    return true;
}
