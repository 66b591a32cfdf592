/* SPDX-License-Identifier: Apache-2.0
 *
 * http_date: reading the date of HTTP headers (RFC 9110 5.6.7, IMF-fixdate). Every date has one
 * spelling, so what was read is printed again and must be what came.
 */
#include "base/date.h"

/* The number in the two or four characters at p; any number for what are no digits. */
static int number(const char *p, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

static int month_of(const char *name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(months + (size_t)3 * (size_t)i, name, 3) == 0)
            return i + 1;
    return 0;
}

bool km_http_date_parse(km_ms *at, km_str text)
{
    char again[30];
    if (text.n != sizeof again - 1)
        return false;
    const char *p = text.p; /* Sun, 06 Nov 1994 08:49:37 GMT */
    int day = number(p + 5, 2), month = month_of(p + 8), year = number(p + 12, 4);
    if (!km_civil_exists(year, month, day))
        return false;
    km_ms second = number(p + 17, 2) * 3600 + number(p + 20, 2) * 60 + number(p + 23, 2);
    km_ms found = km_day_from_civil(year, month, day) * 86400000 + second * 1000;
    km_http_date_print(again, found);
    if (memcmp(again, text.p, text.n) != 0)
        return false;
    *at = found;
    return true;
}
