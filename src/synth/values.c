/* SPDX-License-Identifier: Apache-2.0
 *
 * values: what a laboratory or a cuff finds on a day: the mean of the sex, the person's own place
 * around it, the illnesses, and the day.
 */
#include <assert.h>

#include "synth/inside.h"

/* An untreated illness shows most; treatment brings it down within a year and a half, after which
 * it swings a little around what remains. Permille of the row's shift. */
static int64_t strength(int64_t days)
{
    enum { FIRST = 1700, LATER = 850, TREATED = 540, SWING = 420 };
    if (days < 0)
        return 0;
    if (days < TREATED)
        return FIRST - (FIRST - LATER) * days / TREATED;
    int64_t at = (days - TREATED) % SWING;
    return LATER + (at < SWING / 2 ? at : SWING - at);
}

/* "sbp+14" is the key sbp and 14. */
static km_str split(int64_t *by, km_str word)
{
    size_t sign = 0;
    while (sign < word.n && word.p[sign] != '+'
           && (word.p[sign] != '-' || sign + 1 == word.n || word.p[sign + 1] > '9'))
        sign++;
    *by = 0;
    km_str number = km_str_sub(word, sign < word.n && word.p[sign] == '+' ? sign + 1 : sign,
                               word.n);
    bool ok = number.n == 0 || km_str_to_i64(by, number);
    assert(ok);
    return km_str_sub(word, 0, sign);
}

km_str km_synth__bare(km_str word)
{
    int64_t by;
    return split(&by, word);
}

static bool names(const syn_row *lab, km_str key)
{
    return km_str_eq(key, lab->cell[LAB_KEY]) || km_synth__has_word(lab->cell[LAB_PANELS], key);
}

bool km_synth__asks_for(km_str words, const syn_row *lab)
{
    for (km_str word; (word = km_synth__word(&words)).n > 0;)
        if (names(lab, km_synth__bare(word)))
            return true;
    return false;
}

void km_synth__moment(syn_person *p, int64_t day, km_str words)
{
    if (p->moment_day != day)
        p->moments = 0;
    p->moment_day = day;
    assert(p->moments < SYN_MOMENTS);
    p->moment[p->moments++] = words;
}

static int64_t sum_for(km_str words, const syn_row *lab)
{
    int64_t sum = 0, by;
    for (km_str word; (word = km_synth__word(&words)).n > 0;)
        if (names(lab, split(&by, word)))
            sum += by;
    return sum;
}

/* An inflamed body shows it in the white cells of a blood count, not in all of it. */
static int64_t of_the_moment(const syn_person *p, const syn_row *lab, int64_t day)
{
    int64_t sum = 0;
    if (day != p->moment_day
        || (km_str_is(lab->cell[LAB_PANELS], "cbc") && !km_str_is(lab->cell[LAB_KEY], "WBC")))
        return 0;
    for (size_t i = 0; i < p->moments; i++)
        sum += sum_for(p->moment[i], lab);
    return sum;
}

/* Growth of boys and girls together, cm and kg in tenths, at 0..17 years (School Health Statistics
 * 2019, rounded). */
static const int16_t heights[] = { 500,  755,  865,  950,  1025, 1095, 1160, 1220, 1277,
                                   1335, 1395, 1460, 1525, 1580, 1620, 1640, 1645, 1650 };
static const int16_t weights[] = { 31,  94,  119, 141, 162, 188, 212, 239, 271,
                                   305, 342, 388, 437, 485, 526, 553, 567, 580 };

static int64_t grown(const int16_t *by_year, int64_t age, int64_t days_since_birthday)
{
    int64_t from = by_year[age], to = by_year[age < 17 ? age + 1 : 17];
    return from + (to - from) * days_since_birthday / 366;
}

static int64_t usual(const syn_person *p, const syn_row *lab, int64_t day)
{
    km_str key = lab->cell[LAB_KEY];
    int64_t age = km_synth__age(p, day),
            mean = km_synth__number(lab, p->female ? LAB_MEAN_F : LAB_MEAN_M);
    bool tall = km_str_is(key, "height"), heavy = km_str_is(key, "weight");
    if (age < 18 && (tall || heavy)) {
        int64_t since = (day - p->born) % 366;
        return grown(tall ? heights : weights, age, since);
    }
    if (km_str_is(key, "sbp"))
        return mean + (age < 18 ? (age - 18) * 2 : (age - 40) / 5);
    if (km_str_is(key, "pulse") && age < 10)
        return mean + (10 - age) * 5;
    return mean;
}

int64_t km_synth__value(const syn_person *p, const syn_row *lab, int64_t day)
{
    uint64_t which = (uint64_t)(lab - p->world->labs.row);
    int64_t age = km_synth__age(p, day), spread = km_synth__number(lab, LAB_SPREAD);
    int64_t v = usual(p, lab, day);
    if (age < 18 && lab->cell[LAB_KIND].p[0] == 'v')
        spread = spread * v / (km_synth__number(lab, LAB_MEAN_M) + 1);
    v += km_synth__bell(km_synth__mixed(p->seed, which, 1), spread);
    v += km_synth__bell(km_synth__mixed(p->seed, which, (uint64_t)day + 2),
                        km_synth__number(lab, LAB_SD));
    for (size_t i = 0; i < p->ills; i++)
        v += sum_for(p->ill[i].illness->cell[ILL_SHIFT], lab) * strength(day - p->ill[i].since)
             / 1000;
    v += of_the_moment(p, lab, day);
    if (km_str_is(lab->cell[LAB_KEY], "spo2") && v > 99)
        v = 99;
    return v < 0 ? 0 : v;
}

km_str km_synth__value_text(km_arena *a, int64_t value, int64_t decimals)
{
    static const int64_t power[] = { 1, 10, 100, 1000 };
    assert(value >= 0 && decimals >= 0 && decimals < 4);
    if (decimals == 0)
        return km_arena_print(a, "%lld", (long long)value);
    return km_arena_print(a, "%lld.%0*lld", (long long)(value / power[decimals]), (int)decimals,
                          (long long)(value % power[decimals]));
}
