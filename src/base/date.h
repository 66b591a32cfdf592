/* SPDX-License-Identifier: Apache-2.0
 *
 * date: civil days, instants, FHIR date values as intervals, Japanese eras, ages.
 *
 * A day number counts days since 1970-01-01 (proleptic Gregorian). Where a
 * value carries no zone it is meant in Japan (UTC+9 without summer time since
 * 1952), so a FHIR "2024-05-01" is the interval
 * [2024-04-30T15:00:00.000Z, 2024-05-01T14:59:59.999Z].
 */
#ifndef KM_BASE_DATE_H
#define KM_BASE_DATE_H

#include "base/buf.h"
#include "base/call.h"

#define KM_JAPAN_OFFSET_MIN 540

typedef struct km_civil {
    int year, month, day; /* month 1..12; 0 = not given (with everything after it) */
    int hour, minute, second, ms;
    int offset_min; /* zone, minutes east of UTC */
    bool has_time, has_zone;
    bool minute_only; /* hh:mm without seconds */
    int fraction_digits;
} km_civil;

/* FHIR R4 date, dateTime, instant (2.24.0.1): YYYY, YYYY-MM, YYYY-MM-DD,
 * YYYY-MM-DDThh:mm[:ss[.fff]][zone]. Dates that do not exist are refused; a second
 * of 60 is read as 59. `hh:mm` alone (no seconds) is read only for searching. Digits of a
 * second past the third are dropped. */
#define KM_CIVIL_LONGEST 64
bool km_civil_parse(km_civil *out, km_str text);

/* The closed interval of milliseconds that the value stands for: the year, the month, the
 * day, the minute or the second it names. A fraction of a second is a decimal number (.5 and
 * .500 are the same, as in FHIRPath) and stands for one millisecond. */
void km_civil_interval(km_ms *low, km_ms *high, const km_civil *c);

int64_t km_day_from_civil(int year, int month, int day);
void km_day_to_civil(int64_t day, int *year, int *month, int *dom);
bool km_civil_exists(int year, int month, int day);
int km_days_in_month(int year, int month);

/* The day in Japan on which the instant falls. */
int64_t km_day_in_japan(km_ms at);

/* 2024-05-01T12:34:56.789Z */
void km_instant_print(char out[25], km_ms at);
/* Wed, 01 May 2024 12:34:56 GMT (RFC 9110 5.6.7) */
void km_http_date_print(char out[30], km_ms at);
/* IMF-fixdate only; false for anything else. */
bool km_http_date_parse(km_ms *at, km_str text);

/* Japanese eras from the Taiki-calendar change on (Meiji 6 = 1873-01-01 is the
 * first Gregorian day; earlier Meiji days are counted Gregorian all the same):
 * Meiji 1868-10-23, Taisho 1912-07-30, Showa 1926-12-25, Heisei 1989-01-08,
 * Reiwa 2019-05-01. A day of change belongs to the new era. */
typedef struct km_era {
    char letter;       /* M T S H R */
    int number;        /* 1..5, as in claims (1 Meiji .. 5 Reiwa) */
    const char *kanji; /* 令和 */
    int64_t first_day;
} km_era;
extern const km_era km_eras[5];
const km_era *km_era_of(int64_t day); /* NULL before Meiji */
/* 令和6年5月1日; the first year is 元年. Before Meiji the Gregorian year: 1850年5月1日. */
km_str km_era_print(km_arena *a, int64_t day);
/* R6.5.1, R060501, 令和6年5月1日, 令和元年5月1日, 5060501 (claims: era number, yy, mm, dd),
 * full-width digits and letters too, with or without spaces; R6/5/1 and R6-5-1. False when
 * no such day is in that era. 1912-07-30 and 1926-12-25 are read in both eras: the new one
 * began on the day it was proclaimed, so papers of that day carry the old. */
bool km_era_parse(int64_t *day, km_str text);

/* Exact age on a day, both ends in Japan: whole years, then whole months, then
 * days. Born 1941-04-21, seen 2010-05-07: 69, 0, 16. A month is whole when the day of
 * month has been reached; for a birthday that the month lacks, its last day
 * counts. False if `on` lies before `born`. */
bool km_age(int *years, int *months, int *days, int64_t born, int64_t on);
/* Act on Calculation of Age (Act 50 of 1902) with Civil Code art. 143: a year of
 * age is reached at the end of the day before the birthday. True if on that day
 * (as a whole day, as insurance and school law count) the age is reached. */
bool km_age_reached_in_law(int years, int64_t born, int64_t on);

#endif
