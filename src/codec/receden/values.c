/* SPDX-License-Identifier: Apache-2.0
 *
 * values: what stands in single fields: dates, check digits, text.
 */
#include "base/date.h"
#include "base/kana.h"
#include "codec/receden/inside.h"

bool km_receden__digits(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

bool km_receden_day(int64_t *day, km_str field)
{
    int y, m, d;
    if (!km_receden__digits(field))
        return false;
    if (field.n == 7)
        return km_era_parse(day, field);
    if (field.n != 8 || !km_str_take_digits(&y, &field, 4) || !km_str_take_digits(&m, &field, 2)
        || !km_str_take_digits(&d, &field, 2) || y < 1800 || !km_civil_exists(y, m, d))
        return false;
    *day = km_day_from_civil(y, m, d);
    return true;
}

/* A month belongs to an era when one of its days does: 41903 and 50105 are both months. */
int km_receden_month(km_str field)
{
    int era, y, m;
    if (!km_receden__digits(field))
        return 0;
    if (field.n == 6) {
        (void)km_str_take_digits(&y, &field, 4);
        (void)km_str_take_digits(&m, &field, 2);
        return y >= 1868 && m >= 1 && m <= 12 ? y * 100 + m : 0;
    }
    if (field.n != 5)
        return 0;
    (void)km_str_take_digits(&era, &field, 1);
    (void)km_str_take_digits(&y, &field, 2);
    (void)km_str_take_digits(&m, &field, 2);
    if (era < 1 || era > 5 || y < 1 || m < 1 || m > 12)
        return 0;
    int first, month, day;
    km_day_to_civil(km_eras[era - 1].first_day, &first, &month, &day);
    int year = first + y - 1;
    int64_t from = km_day_from_civil(year, m, 1), to = from + km_days_in_month(year, m) - 1;
    if (to < km_eras[era - 1].first_day || (era < 5 && from >= km_eras[era].first_day))
        return 0;
    return year * 100 + m;
}

bool km_receden__outside_era(km_str field)
{
    int era, y, m, d = 1;
    if (!km_receden__digits(field) || (field.n != 7 && field.n != 5))
        return false;
    (void)km_str_take_digits(&era, &field, 1);
    (void)km_str_take_digits(&y, &field, 2);
    (void)km_str_take_digits(&m, &field, 2);
    if (field.n == 2)
        (void)km_str_take_digits(&d, &field, 2);
    if (era < 1 || era > 5 || y < 1)
        return false;
    int first, month, day;
    km_day_to_civil(km_eras[era - 1].first_day, &first, &month, &day);
    return km_civil_exists(first + y - 1, m, d);
}

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
    if (number.n < 2 || !km_receden__digits(number))
        return false;
    int sum = digit_sum(0, km_str_sub(number, 0, number.n - 1), &weight);
    return (10 - sum % 10) % 10 == number.p[number.n - 1] - '0';
}

bool km_receden_institution_checks(km_str prefecture, km_str fee_table, km_str number)
{
    int weight = 2;
    if (number.n != 7 || !km_receden__digits(number) || !km_receden__digits(prefecture)
        || !km_receden__digits(fee_table))
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

static bool is_ascii(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

km_str km_receden_text(bool *whole, km_arena *a, km_str field)
{
    km_str out;
    *whole = true;
    if (is_ascii(field))
        return field;
    km_fault f = { 0 };
    if (km_cp932_decode(&out, a, field, &f) == KM_OK)
        return out;
    *whole = false;
    km_buf text = km_buf_in(a);
    while (field.n > 0) { /* one character at a time: memory stays in proportion to the field */
        size_t took = km_cp932_decode(&out, a, km_str_sub(field, 0, 1), NULL) == KM_OK   ? 1
                      : km_cp932_decode(&out, a, km_str_sub(field, 0, 2), NULL) == KM_OK ? 2
                                                                                         : 0;
        if (took > 0)
            km_buf_add(&text, out);
        else
            km_buf_z(&text, "〓");
        field = km_str_sub(field, took > 0 ? took : 1, field.n);
    }
    return km_buf_str(&text);
}
