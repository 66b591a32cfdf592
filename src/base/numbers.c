/* SPDX-License-Identifier: Apache-2.0
 *
 * numbers: see numbers.h.
 */
#include "base/numbers.h"

bool km_number_digits(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static int digit_sum(int sum, km_str digits, int *weight)
{
    for (size_t i = digits.n; i-- > 0; *weight = 3 - *weight) {
        int product = (digits.p[i] - '0') * *weight;
        sum += product / 10 + product % 10;
    }
    return sum;
}

bool km_number_checks(km_str number)
{
    int weight = 2;
    if (number.n < 2 || !km_number_digits(number))
        return false;
    int sum = digit_sum(0, km_str_sub(number, 0, number.n - 1), &weight);
    return (10 - sum % 10) % 10 == number.p[number.n - 1] - '0';
}

bool km_number_institution_checks(km_str prefecture, km_str fee_table, km_str number)
{
    int weight = 2;
    if (number.n != 7 || !km_number_digits(number) || !km_number_digits(prefecture)
        || !km_number_digits(fee_table))
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

bool km_number_municipality_checks(km_str number)
{
    int sum = 0;
    if (number.n != 6 || !km_number_digits(number))
        return false;
    for (int i = 0; i < 5; i++)
        sum += (number.p[i] - '0') * (6 - i);
    return (11 - sum % 11) % 10 == number.p[5] - '0';
}

bool km_number_corporation_checks(km_str number)
{
    int sum = 0;
    if (number.n != 13 || !km_number_digits(number))
        return false;
    for (int i = 0; i < 12; i++) /* from the right: 1, 2, 1 ... */
        sum += (number.p[12 - i] - '0') * (1 + i % 2);
    return 9 - sum % 9 == number.p[0] - '0';
}
