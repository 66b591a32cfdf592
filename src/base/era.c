/* SPDX-License-Identifier: Apache-2.0
 *
 * era: Japanese eras. The text is read as characters of one width: full-width letters,
 * digits and signs are their ASCII twins.
 */
#include "base/date.h"

#include "base/utf8.h"

const km_era km_eras[5] = {
    { 'M', 1, "明治", -36959 }, /* 1868-10-23 */
    { 'T', 2, "大正", -20974 }, /* 1912-07-30 */
    { 'S', 3, "昭和", -15713 }, /* 1926-12-25 */
    { 'H', 4, "平成", 6947 },   /* 1989-01-08 */
    { 'R', 5, "令和", 18017 },  /* 2019-05-01 */
};
enum { ERAS = sizeof km_eras / sizeof *km_eras };

const km_era *km_era_of(int64_t day)
{
    const km_era *e = NULL;
    for (int i = 0; i < ERAS && day >= km_eras[i].first_day; i++)
        e = &km_eras[i];
    return e;
}

static int first_year(const km_era *e)
{
    int year, month, dom;
    km_day_to_civil(e->first_day, &year, &month, &dom);
    return year;
}

km_str km_era_print(km_arena *a, int64_t day)
{
    const km_era *e = km_era_of(day);
    int year, month, dom;
    km_day_to_civil(day, &year, &month, &dom);
    if (e == NULL)
        return km_arena_print(a, "%d年%d月%d日", year, month, dom);
    year -= first_year(e) - 1;
    if (year == 1)
        return km_arena_print(a, "%s元年%d月%d日", e->kanji, month, dom);
    return km_arena_print(a, "%s%d年%d月%d日", e->kanji, year, month, dom);
}

enum { LONGEST = 32 }; /* 令和元年 and the like, with spaces between, are far shorter */

typedef struct letters {
    int32_t at[LONGEST + 1]; /* ends with 0 */
    const int32_t *p;
} letters;

static bool read_letters(letters *l, km_str text)
{
    size_t n = 0;
    while (text.n > 0) {
        int32_t c = km_utf8_next(&text);
        if (c <= 0 || n == LONGEST)
            return false;
        if (c >= 0xFF01 && c <= 0xFF5E)
            c -= 0xFF01 - '!';
        if (c != ' ' && c != 0x3000)
            l->at[n++] = c;
    }
    l->at[n] = 0;
    l->p = l->at;
    return true;
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

/* One or two digits, not zero. */
static bool number(int *out, letters *l)
{
    *out = 0;
    for (int n = 0; n < 2 && is_digit(*l->p); n++)
        *out = *out * 10 + (int)(*l->p++ - '0');
    return *out > 0 && !is_digit(*l->p);
}

/* yymmdd and nothing more. */
static bool six_digits(int ymd[3], letters *l)
{
    for (int i = 0; i < 3; i++) {
        if (!is_digit(l->p[0]) || !is_digit(l->p[1]))
            return false;
        ymd[i] = (int)((l->p[0] - '0') * 10 + (l->p[1] - '0'));
        l->p += 2;
    }
    return *l->p == 0;
}

static bool take(letters *l, int32_t c)
{
    if (*l->p != c)
        return false;
    l->p++;
    return true;
}

/* y.m.d with one sign throughout, or y年m月d日; 元 is the first year. */
static bool parted(int ymd[3], letters *l)
{
    static const int32_t kanji[] = { 0x5E74, 0x6708, 0x65E5 }; /* 年月日 */
    if (take(l, 0x5143))
        ymd[0] = 1;
    else if (!number(&ymd[0], l))
        return false;
    int32_t sign = *l->p;
    if (sign != kanji[0] && sign != '.' && sign != '/' && sign != '-')
        return false;
    bool named = sign == kanji[0];
    l->p++;
    return number(&ymd[1], l) && take(l, named ? kanji[1] : sign) && number(&ymd[2], l)
           && (!named || take(l, kanji[2])) && *l->p == 0;
}

/* ㍾ ㍽ ㍼ ㍻ ㋿: an era in one sign, in the order of km_eras. */
static const int32_t one_sign[ERAS] = { 0x337E, 0x337D, 0x337C, 0x337B, 0x32FF };

static const km_era *era_by_name(letters *l, bool *by_number)
{
    for (int i = 0; i < ERAS; i++) {
        const km_era *e = &km_eras[i];
        km_str name = km_str_of(e->kanji);
        int32_t first = km_utf8_next(&name), second = km_utf8_next(&name);
        *by_number = l->p[0] == '0' + e->number;
        if (*by_number || l->p[0] == e->letter || l->p[0] == e->letter + 32
            || l->p[0] == one_sign[i]) {
            l->p++;
            return e;
        }
        if (l->p[0] == first && l->p[1] == second) {
            l->p += 2;
            return e;
        }
    }
    return NULL;
}

/* Taisho and Showa began on the day they were proclaimed, so that day is in the old era's
 * last year too; Heisei and Reiwa began on the day after. */
static bool holds(const km_era *e, int64_t day)
{
    const km_era *of = km_era_of(day);
    return of == e || (of == e + 1 && day == of->first_day && e->number < 3);
}

bool km_era_parse(int64_t *day, km_str text)
{
    letters l;
    bool by_number;
    int ymd[3];
    if (!read_letters(&l, text))
        return false;
    const km_era *e = era_by_name(&l, &by_number);
    if (e == NULL)
        return false;
    const int32_t *after_name = l.p;
    if (!six_digits(ymd, &l)) {
        l.p = after_name;
        if (by_number || !parted(ymd, &l))
            return false;
    }
    int year = first_year(e) + ymd[0] - 1;
    if (ymd[0] == 0 || !km_civil_exists(year, ymd[1], ymd[2]))
        return false;
    int64_t found = km_day_from_civil(year, ymd[1], ymd[2]);
    if (!holds(e, found))
        return false;
    *day = found;
    return true;
}
