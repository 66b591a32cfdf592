/* SPDX-License-Identifier: Apache-2.0
 *
 * date: days, FHIR date values and ages. The calendar is counted in years that begin on
 * 1 March, so that the leap day is the last of its year; 400 of them have 146097 days.
 */
#include "base/date.h"

#include <assert.h>

enum { DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, DAYS_TO_1970 = 719468 };
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Quotient towards minus infinity. */
static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

int64_t km_day_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t cycle = floor_div(y, 400), of_cycle = y - cycle * 400;
    int from_march = (month + 9) % 12;
    int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
    return cycle * DAYS_400 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year
           - DAYS_TO_1970;
}

void km_day_to_civil(int64_t day, int *year, int *month, int *dom)
{
    assert(day > -((int64_t)1 << 38) && day < (int64_t)1 << 38);
    day += DAYS_TO_1970;
    int64_t cycle = floor_div(day, DAYS_400);
    int left = (int)(day - cycle * DAYS_400);
    int y = (left - left / (DAYS_4 - 1) + left / DAYS_100 - left / (DAYS_400 - 1)) / 365;
    int of_year = left - (365 * y + y / 4 - y / 100);
    int from_march = (5 * of_year + 2) / 153;
    *dom = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(cycle * 400) + y + (*month <= 2);
}

int km_days_in_month(int year, int month)
{
    static const unsigned char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    assert(month >= 1 && month <= 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool km_civil_exists(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1
           && day <= km_days_in_month(year, month);
}

int64_t km_day_in_japan(km_ms at)
{
    /* Not `at - day * DAY`: the first day of all begins before the first millisecond. */
    int64_t within = at % DAY < 0 ? at % DAY + DAY : at % DAY;
    return floor_div(at, DAY) + (within >= DAY - KM_JAPAN_OFFSET_MIN * (int64_t)MINUTE);
}

/* .f, .ff, .fff and more: digits past the third are below what we keep. */
static bool parse_fraction(km_civil *c, km_str *s)
{
    static const int unit[] = { 100, 10, 1 };
    int one, n = 0;
    for (; s->n > 0 && km_str_take_digits(&one, s, 1); n++)
        if (n < 3)
            c->ms += one * unit[n];
    c->fraction_digits = n;
    return n > 0;
}

static bool parse_zone(km_civil *c, km_str *s)
{
    int hour, minute;
    c->offset_min = KM_JAPAN_OFFSET_MIN;
    if (s->n == 0)
        return true;
    c->has_zone = true;
    c->offset_min = 0;
    if (km_str_take(s, 'Z'))
        return true;
    bool west = s->p[0] == '-';
    if (!km_str_take(s, west ? '-' : '+') || !km_str_take_digits(&hour, s, 2)
        || !km_str_take(s, ':') || !km_str_take_digits(&minute, s, 2) || minute > 59
        || hour * 60 + minute > 14 * 60)
        return false;
    c->offset_min = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

static bool parse_time(km_civil *c, km_str *s)
{
    c->has_time = true;
    if (!km_str_take_digits(&c->hour, s, 2) || !km_str_take(s, ':')
        || !km_str_take_digits(&c->minute, s, 2) || c->hour > 23 || c->minute > 59)
        return false;
    c->minute_only = !km_str_take(s, ':');
    if (!c->minute_only && (!km_str_take_digits(&c->second, s, 2) || c->second > 60))
        return false;
    if (c->second == 60)
        c->second = 59;
    if (!c->minute_only && km_str_take(s, '.') && !parse_fraction(c, s))
        return false;
    return parse_zone(c, s);
}

bool km_civil_parse(km_civil *out, km_str s)
{
    km_civil c = { .offset_min = KM_JAPAN_OFFSET_MIN };
    if (s.n > KM_CIVIL_LONGEST || !km_str_take_digits(&c.year, &s, 4) || c.year == 0)
        return false;
    if (s.n > 0
        && (!km_str_take(&s, '-') || !km_str_take_digits(&c.month, &s, 2) || c.month < 1
            || c.month > 12))
        return false;
    if (s.n > 0
        && (!km_str_take(&s, '-') || !km_str_take_digits(&c.day, &s, 2)
            || !km_civil_exists(c.year, c.month, c.day)))
        return false;
    if (s.n > 0 && (!km_str_take(&s, 'T') || !parse_time(&c, &s) || s.n > 0))
        return false;
    *out = c;
    return true;
}

void km_civil_interval(km_ms *low, km_ms *high, const km_civil *c)
{
    int month = c->month ? c->month : 1, day = c->day ? c->day : 1;
    int64_t first = km_day_from_civil(c->year, month, day), next = first + 1;
    if (c->month == 0)
        next = km_day_from_civil(c->year + 1, 1, 1);
    else if (c->day == 0)
        next = first + km_days_in_month(c->year, month);
    km_ms zone = (c->has_zone ? c->offset_min : KM_JAPAN_OFFSET_MIN) * (km_ms)MINUTE;
    *low = first * DAY - zone;
    *high = next * DAY - zone - 1;
    if (c->has_time) {
        *low += c->hour * (km_ms)HOUR + c->minute * (km_ms)MINUTE + c->second * SECOND + c->ms;
        *high = *low + (c->minute_only ? MINUTE : c->fraction_digits > 0 ? 1 : SECOND) - 1;
    }
}

static char *put(char *p, int value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        p[i] = (char)('0' + value % 10);
    return p + width;
}

static char *put_name(char *p, const char *three)
{
    memcpy(p, three, 3);
    return p + 3;
}

/* hh:mm:ss */
static char *put_clock(char *p, int64_t of_day)
{
    p = put(p, (int)(of_day / HOUR), 2);
    *p++ = ':';
    p = put(p, (int)(of_day / MINUTE % 60), 2);
    *p++ = ':';
    return put(p, (int)(of_day / SECOND % 60), 2);
}

/* Four digits is what both printed forms have for a year: 0001 to 9999. */
static void split(km_ms at, int64_t *day, int64_t *of_day, int civil[3])
{
    km_ms first = km_day_from_civil(1, 1, 1) * DAY, end = km_day_from_civil(10000, 1, 1) * DAY;
    at = at < first ? first : at >= end ? end - 1 : at;
    *day = floor_div(at, DAY);
    *of_day = at - *day * DAY;
    km_day_to_civil(*day, &civil[0], &civil[1], &civil[2]);
}

void km_instant_print(char out[25], km_ms at)
{
    int64_t day, of_day;
    int civil[3];
    split(at, &day, &of_day, civil);
    char *p = put(out, civil[0], 4);
    *p++ = '-';
    p = put(p, civil[1], 2);
    *p++ = '-';
    p = put(p, civil[2], 2);
    *p++ = 'T';
    p = put_clock(p, of_day);
    *p++ = '.';
    p = put(p, (int)(of_day % SECOND), 3);
    memcpy(p, "Z", 2);
}

void km_http_date_print(char out[30], km_ms at)
{
    static const char week[] = "ThuFriSatSunMonTueWed"; /* day 0 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t day, of_day;
    int civil[3];
    split(at, &day, &of_day, civil);
    char *p = put_name(out, week + 3 * (day - floor_div(day, 7) * 7));
    memcpy(p, ", ", 2);
    p = put(p + 2, civil[2], 2);
    *p++ = ' ';
    p = put_name(p, months + (size_t)3 * (size_t)(civil[1] - 1));
    *p++ = ' ';
    p = put(p, civil[0], 4);
    *p++ = ' ';
    p = put_clock(p, of_day);
    memcpy(p, " GMT", 5);
}

/* The same day of month `months` later, or the last day of a month that lacks it. */
static int64_t later(int64_t from, int months)
{
    int year, month, dom;
    km_day_to_civil(from, &year, &month, &dom);
    int count = month - 1 + months;
    year += count / 12;
    month = count % 12 + 1;
    int last = km_days_in_month(year, month);
    return km_day_from_civil(year, month, dom < last ? dom : last);
}

bool km_age(int *years, int *months, int *days, int64_t born, int64_t on)
{
    int by, bm, bd, y, m, d;
    if (on < born)
        return false;
    km_day_to_civil(born, &by, &bm, &bd);
    km_day_to_civil(on, &y, &m, &d);
    int whole = (y - by) * 12 + m - bm;
    if (later(born, whole) > on)
        whole--;
    *years = whole / 12;
    *months = whole % 12;
    *days = (int)(on - later(born, whole));
    return true;
}

bool km_age_reached_in_law(int years, int64_t born, int64_t on)
{
    int year, month, dom;
    if (years <= 0)
        return on >= born;
    km_day_to_civil(born, &year, &month, &dom);
    int last = km_days_in_month(year + years, month);
    /* Civil Code art. 143 (2): a month without that day ends the term on its own last day,
     * so who is born on 29 February is a year older at the end of 28 February, always. */
    int64_t term_ends = dom > last ? km_day_from_civil(year + years, month, last)
                                   : km_day_from_civil(year + years, month, dom) - 1;
    return on >= term_ends;
}
