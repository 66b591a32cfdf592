/* SPDX-License-Identifier: Apache-2.0
 *
 * http_date: reading the date of HTTP headers (RFC 9110 5.6.7, IMF-fixdate).
 */
#include <stdio.h>

#include "base/date.h"

bool km_http_date_parse(km_ms *at, km_str text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[32], name[4], end[4];
    int day, year, hour, minute, second, used = 0;
    if (text.n != 29)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (sscanf(copy, "%*3s, %2d %3s %4d %2d:%2d:%2d %3s%n", &day, name, &year, &hour, &minute,
               &second, end, &used) != 7
        || used != 29 || strcmp(end, "GMT") != 0)
        return false;
    const char *hit = strstr(months, name);
    if (hit == NULL || (hit - months) % 3 != 0 || hour > 23 || minute > 59 || second > 60)
        return false;
    int month = (int)(hit - months) / 3 + 1;
    if (!km_civil_exists(year, month, day))
        return false;
    *at = ((km_day_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000;
    return true;
}
