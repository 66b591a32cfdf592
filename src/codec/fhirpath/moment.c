/* SPDX-License-Identifier: Apache-2.0
 *
 * moment: dates, times and calendar durations.
 */
#include "codec/fhirpath/moment.h"

#include <stdio.h>

#include "base/date.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)
/* Zones reach from -12:00 to +14:00; a value without one may mean any of them. */
#define ANY_ZONE_US (14 * HOUR_US)

/* --- reading ------------------------------------------------------------------------- */

static bool read_fraction(km_moment *m, km_str *s)
{
    int32_t unit = 100000;
    size_t n = 0;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, unit /= 10)
        m->micro += (s->p[n] - '0') * unit;
    m->fraction_digits = (uint8_t)(n < 6 ? n : 6);
    *s = km_str_sub(*s, n, s->n);
    return n > 0;
}

static bool read_time(km_moment *m, km_str *s)
{
    if (!km_str_take_digits(&m->hour, s, 2) || m->hour > 23)
        return false;
    m->precision = KM_HOUR;
    if (!km_str_take(s, ':'))
        return true;
    if (!km_str_take_digits(&m->minute, s, 2) || m->minute > 59)
        return false;
    m->precision = KM_MINUTE;
    if (!km_str_take(s, ':'))
        return true;
    if (!km_str_take_digits(&m->second, s, 2) || m->second > 60)
        return false;
    m->precision = KM_SECOND;
    return !km_str_take(s, '.') || read_fraction(m, s);
}

static bool read_zone(km_moment *m, km_str *s)
{
    int hour, minute;
    if (s->n == 0)
        return true;
    m->has_zone = true;
    if (km_str_take(s, 'Z'))
        return true;
    int sign = km_str_take(s, '-') ? -1 : 1;
    if (sign == 1 && !km_str_take(s, '+'))
        return false;
    if (!km_str_take_digits(&hour, s, 2) || !km_str_take(s, ':')
        || !km_str_take_digits(&minute, s, 2) || hour > 14 || minute > 59)
        return false;
    m->offset_min = sign * (hour * 60 + minute);
    return true;
}

static bool read_day(km_moment *m, km_str *s)
{
    if (!km_str_take_digits(&m->year, s, 4) || m->year == 0)
        return false;
    m->precision = KM_YEAR;
    if (!km_str_take(s, '-'))
        return true;
    if (!km_str_take_digits(&m->month, s, 2) || m->month < 1 || m->month > 12)
        return false;
    m->precision = KM_MONTH;
    if (!km_str_take(s, '-'))
        return true;
    m->precision = KM_DAY;
    return km_str_take_digits(&m->day, s, 2) && km_civil_exists(m->year, m->month, m->day);
}

bool km_moment__read(km_moment *out, km_str s, bool time)
{
    *out = (km_moment){ .year = 1970, .month = 1, .day = 1, .time = time };
    if (time)
        return read_time(out, &s) && s.n == 0;
    if (!read_day(out, &s))
        return false;
    out->has_t = km_str_take(&s, 'T');
    if (!out->has_t || s.n == 0)
        return s.n == 0;
    return out->precision == KM_DAY && read_time(out, &s) && read_zone(out, &s) && s.n == 0;
}

/* --- printing ------------------------------------------------------------------------- */

static int print_time(char *p, size_t room, const km_moment *m)
{
    int n = snprintf(p, room, "%02d", m->hour);
    if (m->precision >= KM_MINUTE)
        n += snprintf(p + n, room - (size_t)n, ":%02d", m->minute);
    if (m->precision >= KM_SECOND)
        n += snprintf(p + n, room - (size_t)n, ":%02d", m->second);
    if (m->precision >= KM_SECOND && m->fraction_digits) {
        snprintf(p + n, room - (size_t)n, ".%06d", (int)m->micro);
        n += 1 + m->fraction_digits;
    }
    return n;
}

km_str km_moment__print(km_arena *a, const km_moment *m)
{
    char p[64];
    int n = 0;
    if (m->time)
        return km_arena_copy(a, (km_str){ p, (size_t)print_time(p, sizeof p, m) });
    n += snprintf(p, sizeof p, "%04d", m->year);
    if (m->precision >= KM_MONTH)
        n += snprintf(p + n, sizeof p - (size_t)n, "-%02d", m->month);
    if (m->precision >= KM_DAY)
        n += snprintf(p + n, sizeof p - (size_t)n, "-%02d", m->day);
    if (m->has_t)
        p[n++] = 'T';
    if (m->precision >= KM_HOUR)
        n += print_time(p + n, sizeof p - (size_t)n, m);
    int off = m->offset_min < 0 ? -m->offset_min : m->offset_min;
    if (m->has_zone && off == 0)
        p[n++] = 'Z';
    else if (m->has_zone)
        n += snprintf(p + n, sizeof p - (size_t)n, "%c%02d:%02d", m->offset_min < 0 ? '-' : '+',
                      off / 60, off % 60);
    return km_arena_copy(a, (km_str){ p, (size_t)n });
}

/* --- comparing ------------------------------------------------------------------------- */

int64_t km_moment__start_us(const km_moment *m)
{
    return km_day_from_civil(m->year, m->month, m->day) * DAY_US + m->hour * HOUR_US
           + m->minute * MINUTE_US + m->second * SECOND_US + m->micro - m->offset_min * MINUTE_US;
}

/* The first microsecond after what it stands for. */
static int64_t end_us(const km_moment *m)
{
    static const int64_t span[] = {
        [KM_DAY] = DAY_US, [KM_HOUR] = HOUR_US, [KM_MINUTE] = MINUTE_US, [KM_SECOND] = 1
    };
    km_moment next = *m;
    if (m->precision >= KM_DAY)
        return km_moment__start_us(m) + span[m->precision];
    if (m->precision == KM_YEAR || m->month == 12) {
        next.year++;
        next.month = 1;
    } else {
        next.month++;
    }
    return km_moment__start_us(&next);
}

bool km_moment__compare(int *order, const km_moment *a, const km_moment *b)
{
    int64_t a0 = km_moment__start_us(a), b0 = km_moment__start_us(b);
    bool same_zoning = a->has_zone == b->has_zone;
    if (same_zoning && a->precision == b->precision) {
        *order = (a0 > b0) - (a0 < b0);
        return true;
    }
    /* Otherwise decided only where the two spans do not touch. */
    int64_t slack = same_zoning ? 0 : ANY_ZONE_US;
    int64_t a1 = end_us(a), b1 = end_us(b);
    *order = a1 + slack <= b0 ? -1 : b1 + slack <= a0 ? 1 : 0;
    return *order != 0;
}

/* --- durations ------------------------------------------------------------------------- */

static const km_time_unit units[] = {
    { "year", "years", "a", NULL, KM_YEAR, 1 },
    { "month", "months", "mo", NULL, KM_MONTH, 1 },
    { "week", "weeks", "wk", "604800000", KM_DAY, 7 },
    { "day", "days", "d", "86400000", KM_DAY, 1 },
    { "hour", "hours", "h", "3600000", KM_HOUR, 1 },
    { "minute", "minutes", "min", "60000", KM_MINUTE, 1 },
    { "second", "seconds", "s", "1000", KM_SECOND, 1000 },
    { "millisecond", "milliseconds", "ms", "1", KM_SECOND, 1 },
};

const km_time_unit *km_time_unit__word(km_str word)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (km_str_is(word, units[i].word) || km_str_is(word, units[i].plural))
            return &units[i];
    return NULL;
}

const km_time_unit *km_time_unit__of(km_str unit, bool *ucum)
{
    const km_time_unit *u = km_time_unit__word(unit);
    *ucum = false;
    for (size_t i = 0; u == NULL && i < sizeof units / sizeof units[0]; i++)
        if (km_str_is(unit, units[i].ucum)) {
            *ucum = true;
            u = &units[i];
        }
    return u;
}

static bool add_months(km_moment *m, int64_t count)
{
    int64_t total = (int64_t)m->year * 12 + (m->month - 1) + count;
    if (total < 12 || total >= 120000)
        return false;
    m->year = (int)(total / 12);
    m->month = (int)(total % 12) + 1;
    int last = km_days_in_month(m->year, m->month);
    if (m->day > last)
        m->day = last;
    return true;
}

static bool add_us(km_moment *m, int64_t us)
{
    int64_t day_us = m->hour * HOUR_US + m->minute * MINUTE_US + m->second * SECOND_US + m->micro;
    int64_t day = km_day_from_civil(m->year, m->month, m->day);
    int64_t sum = day_us + us % DAY_US;
    day += us / DAY_US + (sum < 0 ? -1 : sum >= DAY_US ? 1 : 0);
    sum = ((sum % DAY_US) + DAY_US) % DAY_US;
    /* Years 1 to 9999; a time of day turns around instead. */
    if (!m->time) {
        if (day < -719162 || day > 2932896)
            return false;
        km_day_to_civil(day, &m->year, &m->month, &m->day);
    }
    m->hour = (int)(sum / HOUR_US);
    m->minute = (int)(sum / MINUTE_US % 60);
    m->second = (int)(sum / SECOND_US % 60);
    m->micro = (int32_t)(sum % SECOND_US);
    if (m->precision == KM_SECOND && m->micro && m->fraction_digits < 3)
        m->fraction_digits = 3;
    return true;
}

bool km_moment__add(km_moment *m, int64_t count, const km_time_unit *u)
{
    /* How many of the smaller make one of the larger, year downwards (FHIRPath 6.6.7): a
     * duration finer than the date is cut to the date's precision first. */
    static const int down[] = {
        [KM_YEAR] = 12, [KM_MONTH] = 30, [KM_DAY] = 24, [KM_HOUR] = 60, [KM_MINUTE] = 60000
    };
    static const int64_t us[] = {
        [KM_DAY] = DAY_US, [KM_HOUR] = HOUR_US, [KM_MINUTE] = MINUTE_US, [KM_SECOND] = 1000
    };
    int precision = (int)u->precision;
    if (count > INT64_C(400000000000000) || count < -INT64_C(400000000000000))
        return false;
    count *= u->per;
    if (precision >= (int)KM_DAY && m->precision == KM_YEAR && !m->time) {
        for (; precision > (int)KM_DAY; precision--)
            count /= down[precision - 1];
        count /= 365;
        precision = KM_YEAR;
    }
    for (; precision > (int)m->precision; precision--)
        count /= down[precision - 1];
    if (precision <= (int)KM_MONTH)
        return !m->time && count < 200000 && count > -200000
               && add_months(m, precision == (int)KM_YEAR ? count * 12 : count);
    if (count > INT64_C(9000000000000000000) / us[precision]
        || count < -INT64_C(9000000000000000000) / us[precision])
        return false;
    return add_us(m, count * us[precision]);
}
