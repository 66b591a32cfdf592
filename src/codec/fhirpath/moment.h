/* SPDX-License-Identifier: Apache-2.0
 *
 * moment: dates, dateTimes and times of partial precision, and durations of the calendar.
 *
 * FHIRPath's dates are wider than FHIR's (an hour without minutes, a bare time), so they are
 * read here and not by base/date.h. Times are kept to the microsecond.
 */
#ifndef KM_CODEC_FHIRPATH_MOMENT_H
#define KM_CODEC_FHIRPATH_MOMENT_H

#include "base/arena.h"

typedef enum km_precision {
    KM_YEAR = 1,
    KM_MONTH,
    KM_DAY,
    KM_HOUR,
    KM_MINUTE,
    KM_SECOND /* fractions of it too: FHIRPath 6.1.1 takes them for one precision */
} km_precision;

typedef struct km_moment {
    int year, month, day; /* a time: 1970-01-01 */
    int hour, minute, second;
    int32_t micro;
    uint8_t fraction_digits;
    km_precision precision;
    bool time;  /* a time of day */
    bool has_t; /* a dateTime, even when it says no more than its day */
    bool has_zone;
    int offset_min;
} km_moment;

bool km_moment__read(km_moment *out, km_str text, bool time);
km_str km_moment__print(km_arena *a, const km_moment *m);
/* <0, 0, >0; false when precision or zone leave it open. */
bool km_moment__compare(int *order, const km_moment *a, const km_moment *b);

/* When it begins, in UTC where it has a zone; equal moments have one. */
int64_t km_moment__start_us(const km_moment *m);

/* A unit of time. Calendar words (`month`) and UCUM codes ('mo') differ above the week:
 * a UCUM month is 30.4375 days, a calendar month is not a number of days. */
typedef struct km_time_unit {
    const char *word, *plural;
    const char *ucum;
    const char *ms; /* one of it; NULL: not fixed */
    km_precision precision;
    int per; /* one of it = `per` of its precision: week 7 days */
} km_time_unit;
const km_time_unit *km_time_unit__word(km_str word);           /* day, days */
const km_time_unit *km_time_unit__of(km_str unit, bool *ucum); /* also 'd' */

/* m + count units; false when the date leaves the calendar (years 1..9999). */
bool km_moment__add(km_moment *m, int64_t count, const km_time_unit *u);

#endif
