/* SPDX-License-Identifier: Apache-2.0
 *
 * decimal: numbers as their digits say. FHIR R4 2.24.0.1: the precision of a decimal has
 * meaning, 1.00 is not 1.0; so a decimal is its text, and a double is only for ordering.
 *
 * Promises
 * - Comparing is exact, whatever the number of digits and the exponent.
 * - Decimals that are equal give the same double, the nearest one; a greater decimal never
 *   gives a lesser double. Beyond the range of doubles that is 0 or infinite; never NaN or -0.
 */
#ifndef KM_CODEC_JSON_DECIMAL_H
#define KM_CODEC_JSON_DECIMAL_H

#include "base/str.h"

/* Significant digits that are read; clinical numbers have fewer than 18. */
#define KM_DECIMAL_DIGITS 800

typedef struct km_decimal {
    bool negative;
    bool has_exponent;
    km_str whole, fraction; /* the digits before and after the point, in the text */
    int32_t exponent;       /* as written; 0 without one */
    uint32_t significant;   /* digits from the first that is not 0; 0 for zero */
} km_decimal;

/* A JSON number (RFC 8259 §6), which is what FHIR allows too. False for anything else, for more
 * than KM_DECIMAL_DIGITS significant digits, and for exponents of more than nine digits. The
 * text must outlive *out. */
bool km_decimal_parse(km_decimal *out, km_str text);

/* How many decimals the value has, counted without exponent: 1.20 -> 2, 1.20e1 -> 1, 1e2 -> -2. */
int64_t km_decimal_decimals(const km_decimal *d);

/* By value, exactly: <0, 0, >0. 1.0 = 1, -0 = 0. */
int km_decimal_cmp(const km_decimal *a, const km_decimal *b);

double km_decimal_to_double(const km_decimal *d);

/* What the precision of a search value implies (FHIR R4 3.1.1.4.7): low <= value < high, half a
 * unit of the last digit to each side. 100 -> [99.5, 100.5), 100.00 -> [99.995, 100.005).
 * A single figure with an exponent counts as two figures, as the specification's own example
 * has it: 1e2 -> [95, 105). high is moved up to the next double where it would fall on the
 * value; only for an infinite value it stays there. */
void km_decimal_interval(double *low, double *high, const km_decimal *d);

/* Order-preserving: a < b if and only if key(a) < key(b); -0 and 0 have one key. v is not NaN. */
uint64_t km_double_key(double v);
double km_double_from_key(uint64_t key);

#endif
