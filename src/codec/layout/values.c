/* SPDX-License-Identifier: Apache-2.0
 *
 * values: what stands in single fields: numbers, dates, text.
 */
#include "base/date.h"
#include "base/kana.h"
#include "base/numbers.h"
#include "codec/layout/layout.h"

bool km_field_digits(km_str s)
{
    return km_number_digits(s);
}

bool km_field_day(int64_t *day, km_str field)
{
    int y, m, d;
    if (!km_field_digits(field))
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
int km_field_month(km_str field)
{
    int era, y, m;
    if (!km_field_digits(field))
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

bool km_field_outside_era(km_str field)
{
    int era, y, m, d = 1;
    if (!km_field_digits(field) || (field.n != 7 && field.n != 5))
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

bool km_field_number(km_str s)
{
    size_t sign = s.n > 0 && s.p[0] == '-';
    int points = 0, digits = 0;
    for (size_t i = sign; i < s.n; i++) {
        points += s.p[i] == '.';
        digits += s.p[i] >= '0' && s.p[i] <= '9';
    }
    return digits > 0 && points <= 1 && sign + (size_t)points + (size_t)digits == s.n;
}

bool km_field_has_gaiji(km_str utf8)
{
    for (size_t i = 0; i + 2 < utf8.n; i++) {
        unsigned a = (unsigned char)utf8.p[i], b = (unsigned char)utf8.p[i + 1];
        if (a == 0xEE || (a == 0xEF && b < 0xA4))
            return true;
    }
    return false;
}

static bool is_ascii(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

km_str km_field_text(bool *whole, km_arena *a, km_str field)
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
