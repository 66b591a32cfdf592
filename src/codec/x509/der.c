/* SPDX-License-Identifier: Apache-2.0
 *
 * der: elements of X.690 distinguished encoding, one after the other, never outside their bytes.
 */
#include "base/buf.h"
#include "base/date.h"
#include "base/utf8.h"
#include "codec/x509/inside.h"

enum { OID_LONGEST = 64 };

bool km_der__next(km_der *out, km_str *rest)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t head = 2, n;
    if (rest->n < 2 || (p[0] & 0x1f) == 0x1f)
        return false;
    if (p[1] < 0x80) {
        n = p[1];
    } else {
        size_t bytes = p[1] & 0x7f;
        if (bytes == 0 || bytes > 4 || rest->n < 2 + bytes || p[2] == 0)
            return false;
        n = 0;
        for (size_t i = 0; i < bytes; i++)
            n = n << 8 | p[2 + i];
        if (n < 0x80)
            return false;
        head += bytes;
    }
    if (n > rest->n - head)
        return false;
    out->tag = p[0];
    out->whole = km_str_sub(*rest, 0, head + n);
    out->content = km_str_sub(*rest, head, n);
    *rest = km_str_sub(*rest, head + n, rest->n);
    return true;
}

bool km_der__take(km_str *content, km_str *rest, unsigned char tag)
{
    km_der e;
    km_str left = *rest;
    if (!km_der__next(&e, &left) || e.tag != tag)
        return false;
    *content = e.content;
    *rest = left;
    return true;
}

km_str km_der__oid(km_arena *a, km_str content)
{
    km_buf b = km_buf_in(a);
    uint64_t arc = 0;
    bool first = true, begun = false;
    if (content.n == 0 || content.n > OID_LONGEST)
        return KM_STR_NONE;
    for (size_t i = 0; i < content.n; i++) {
        unsigned char c = (unsigned char)content.p[i];
        if ((!begun && c == 0x80) || arc > UINT64_MAX >> 8)
            return KM_STR_NONE;
        arc = arc << 7 | (c & 0x7f);
        begun = c & 0x80;
        if (begun)
            continue;
        uint64_t top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        if (first)
            km_buf_print(&b, "%u.%llu", (unsigned)top, (unsigned long long)(arc - 40 * top));
        else
            km_buf_print(&b, ".%llu", (unsigned long long)arc);
        first = false;
        arc = 0;
    }
    return begun ? KM_STR_NONE : km_buf_str(&b);
}

/* RFC 5280 §4.1.2.5: YYMMDDHHMMSSZ with 1950..2049, YYYYMMDDHHMMSSZ. */
bool km_der__time(km_ms *out, const km_der *e)
{
    int year, month, day, hour, minute, second;
    km_str s = e->content;
    bool utc = e->tag == KM_DER_UTC_TIME;
    if ((!utc && e->tag != KM_DER_TIME) || !km_str_take_digits(&year, &s, utc ? 2 : 4)
        || !km_str_take_digits(&month, &s, 2) || !km_str_take_digits(&day, &s, 2)
        || !km_str_take_digits(&hour, &s, 2) || !km_str_take_digits(&minute, &s, 2)
        || !km_str_take_digits(&second, &s, 2) || !km_str_is(s, "Z"))
        return false;
    if (utc)
        year += year < 50 ? 2000 : 1900;
    if (!km_civil_exists(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    *out = ((km_day_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60000
           + second * 1000;
    return true;
}

/* BMPString: UTF-16 without pairs, big end first. */
static km_str from_bmp(km_arena *a, km_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    km_buf b = km_buf_in(a);
    if (bytes.n % 2 != 0)
        return KM_STR_NONE;
    for (size_t i = 0; i < bytes.n; i += 2) {
        int32_t c = p[i] << 8 | p[i + 1];
        if (c >= 0xd800 && c <= 0xdfff)
            return KM_STR_NONE;
        km_utf8_put(&b, c);
    }
    return km_buf_str(&b);
}

km_str km_der__text(km_arena *a, const km_der *e)
{
    km_str s = e->content;
    switch (e->tag) {
    case KM_DER_BMP:
        s = from_bmp(a, s);
        break;
    case KM_DER_UTF8:
        break;
    case KM_DER_PRINTABLE:
    case KM_DER_IA5:
    case KM_DER_NUMERIC:
        for (size_t i = 0; i < s.n; i++)
            if ((unsigned char)s.p[i] >= 0x80)
                return KM_STR_NONE;
        break;
    default:
        return KM_STR_NONE;
    }
    /* A NUL in a name once hid what stands behind it. */
    return km_str_is_utf8(s, NULL) && km_str_find(s, '\0') == s.n ? s : KM_STR_NONE;
}
