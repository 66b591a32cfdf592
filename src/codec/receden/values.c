/* SPDX-License-Identifier: Apache-2.0
 *
 * values: the check digits.
 */
#include "codec/receden/receden.h"

static int digit_sum(int sum, km_str digits, int *weight)
{
    for (size_t i = digits.n; i-- > 0; *weight = 3 - *weight) {
        int product = (digits.p[i] - '0') * *weight;
        sum += product / 10 + product % 10;
    }
    return sum;
}

bool km_receden_checks(km_str number)
{
    int weight = 2;
    if (number.n < 2 || !km_field_digits(number))
        return false;
    int sum = digit_sum(0, km_str_sub(number, 0, number.n - 1), &weight);
    return (10 - sum % 10) % 10 == number.p[number.n - 1] - '0';
}

bool km_receden_institution_checks(km_str prefecture, km_str fee_table, km_str number)
{
    int weight = 2;
    if (number.n != 7 || !km_field_digits(number) || !km_field_digits(prefecture)
        || !km_field_digits(fee_table))
        return false;
    int sum = digit_sum(0, km_str_sub(number, 0, 6), &weight);
    bool alone = km_str_cmp(prefecture, KM_STR("11")) >= 0
                 && km_str_cmp(prefecture, KM_STR("14")) <= 0;
    if (!alone) {
        sum = digit_sum(sum, fee_table, &weight);
        sum = digit_sum(sum, prefecture, &weight);
    }
    return (10 - sum % 10) % 10 == number.p[6] - '0';
}
