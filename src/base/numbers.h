/* SPDX-License-Identifier: Apache-2.0
 *
 * numbers: check digits of the numbers of Japan's health system. A number that is not all digits,
 * or not as long as its kind, has none.
 */
#ifndef KM_BASE_NUMBERS_H
#define KM_BASE_NUMBERS_H

#include "base/str.h"

bool km_number_digits(km_str s); /* one at least, and nothing else */

/* Insurers (保険者番号, 6 or 8 digits), public payers (公費負担者番号, 8) and recipients
 * (公費受給者番号, 7): weights 2, 1, 2 ... from the right, digits of the products added, up to the
 * next ten. `number` has its check digit last. Source: measured on 250 of 253 published numbers. */
bool km_number_checks(km_str number);
/* Medical institutions (医療機関コード, 7 digits): the same over prefecture, fee table and the
 * first six, but in 埼玉, 千葉, 東京 and 神奈川 (11 to 14) over the six alone. Source: measured on
 * 97,024 published codes. */
bool km_number_institution_checks(km_str prefecture, km_str fee_table, km_str number);
/* Municipalities (全国地方公共団体コード, 6 digits): weights 6 to 2, 11 less the rest of 11, its
 * last digit. Source: measured on all 1,916 codes. */
bool km_number_municipality_checks(km_str number);
/* Corporations (法人番号, 13 digits): the check digit comes first; 9 less the rest of 9 of the
 * others with weights 1, 2 from the right. Source: from memory of the ordinance. */
bool km_number_corporation_checks(km_str number);

#endif
