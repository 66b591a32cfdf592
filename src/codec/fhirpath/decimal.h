/* SPDX-License-Identifier: Apache-2.0
 *
 * decimal: exact arithmetic on decimals, coef / 10^scale. (Comparing the texts of decimals is
 * codec/json/decimal.h's.)
 *
 * 36 digits, more than the 28 that FHIRPath asks for. What does not fit is refused (false),
 * and the caller answers with the empty collection (FHIRPath 6.6). The sign stands apart from
 * an unsigned coefficient: sanitizers and clang check signed 128-bit products with a
 * function that libgcc lacks.
 */
#ifndef KM_CODEC_FHIRPATH_DECIMAL_H
#define KM_CODEC_FHIRPATH_DECIMAL_H

#include "base/arena.h"

__extension__ typedef unsigned __int128 km_u128;

typedef struct km_dec {
    km_u128 coef;
    int scale; /* digits after the point, 0..36 */
    bool minus;
} km_dec;

/* A JSON number of at most 36 digits. */
bool km_dec__read(km_dec *out, km_str text);
km_dec km_dec__int(int64_t n);
km_str km_dec__print(km_arena *a, km_dec d);
bool km_dec__to_i64(int64_t *out, km_dec d); /* of a whole number */

/* <0, 0, >0 */
int km_dec__compare(km_dec a, km_dec b);

bool km_dec__add(km_dec *out, km_dec a, km_dec b);
bool km_dec__multiply(km_dec *out, km_dec a, km_dec b);
/* Rounded half away from zero at 16 digits after the point at most; false for b = 0. */
bool km_dec__divide(km_dec *out, km_dec a, km_dec b);
/* Towards zero; a = b * quotient + remainder. */
bool km_dec__divide_whole(km_dec *quotient, km_dec *remainder, km_dec a, km_dec b);
typedef enum km_rounding { KM_ROUND_HALF, KM_ROUND_ZERO, KM_ROUND_UP, KM_ROUND_DOWN } km_rounding;
km_dec km_dec__round(km_dec d, int scale, km_rounding how);
/* 1.500 is 1.5 */
km_dec km_dec__strip(km_dec d);

double km_dec__to_double(km_dec d);
/* 15 significant digits; false for infinities and what is no number. */
bool km_dec__from_double(km_dec *out, double v);

#endif
