/* SPDX-License-Identifier: Apache-2.0
 *
 * people: families with names, birthdays and deaths over the age pyramid of an ageing town.
 */
#include <assert.h>

#include "synth/inside.h"

int64_t km_synth__age(const syn_person *p, int64_t day)
{
    int years, months, days;
    return km_age(&years, &months, &days, p->born, day) ? years : 0;
}

/* --- names --- */

static const syn_row *family_name(const syn_world *w, syn_chance *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < w->families.n; i++)
        sum += km_synth__number(&w->families.row[i], FAMILY_WEIGHT);
    int64_t at = km_synth__between(c, 0, sum - 1);
    for (size_t i = 0;; i++) {
        at -= km_synth__number(&w->families.row[i], FAMILY_WEIGHT);
        if (at < 0)
            return &w->families.row[i];
    }
}

static const syn_row *given_name(const syn_world *w, syn_chance *c, bool female, int year)
{
    const syn_row *fitting[256];
    size_t n = 0;
    for (size_t i = 0; i < w->givens.n && n < 256; i++) {
        const syn_row *r = &w->givens.row[i];
        if (r->cell[GIVEN_SEX].p[0] == (female ? 'f' : 'm')
            && year >= km_synth__number(r, GIVEN_FROM) && year <= km_synth__number(r, GIVEN_TO))
            fitting[n++] = r;
    }
    assert(n > 0);
    return fitting[km_synth__between(c, 0, (int64_t)n - 1)];
}

/* --- households --- */

typedef struct household {
    syn_world *w;
    syn_person *all;
    size_t *n;
    syn_chance chance;
    int64_t number, members;
    const syn_row *name;
    km_str clinic;
} household;

/* Of 1000 people of that age, how many die in a year (life table 2019, both sexes, rounded). */
static int64_t deaths(int64_t age)
{
    static const struct {
        int64_t from, permille;
    } rows[] = { { 90, 170 }, { 85, 85 }, { 80, 45 }, { 75, 25 }, { 70, 15 }, { 60, 7 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (age >= rows[i].from)
            return rows[i].permille;
    return 0;
}

static void settle_history(syn_person *p)
{
    int64_t begin = km_day_from_civil(2015, 4, 1), end = km_day_from_civil(2025, 3, 31);
    p->first = p->born > begin ? p->born : begin;
    p->last = end;
    for (int64_t year = p->first; year < end; year += 365)
        if (km_synth__permille(&p->chance, deaths(km_synth__age(p, year)))) {
            int64_t day = year + km_synth__between(&p->chance, 20, 364);
            if (day < end) {
                p->last = day;
                p->died = true;
                return;
            }
        }
}

/* Born so that the age on 2020-01-01 is `age` (below zero: born later). */
static syn_person *add_member(household *h, bool female, int64_t age, bool dependant)
{
    syn_person *p = &h->all[(*h->n)++];
    int y, m, d;
    p->world = h->w;
    p->index = (int64_t)*h->n - 1;
    p->household = h->number;
    p->seed = km_synth__mixed(h->w->seed, (uint64_t)p->index, 11);
    p->chance = km_synth__chance(p->seed, 0);
    p->female = female;
    p->born = km_day_from_civil(2020, 1, 1) - age * 1461 / 4
              - km_synth__between(&p->chance, 1, 360);
    p->family = h->name;
    km_day_to_civil(p->born, &y, &m, &d);
    p->given = given_name(h->w, &p->chance, female, y);
    p->clinic = h->clinic;
    km_synth__insure(p, km_synth__mixed(h->w->seed, (uint64_t)h->number, 13), ++h->members,
                     dependant);
    settle_history(p);
    return p;
}

static void add_children(household *h, int64_t mother_age, int64_t most)
{
    int64_t oldest = mother_age - 23 < 21 ? mother_age - 23 : 21;
    for (int64_t k = km_synth__between(&h->chance, 1, most); k > 0; k--) {
        int64_t age = km_synth__between(&h->chance, -4, oldest < -4 ? -4 : oldest);
        add_member(h, km_synth__permille(&h->chance, 490), age, true);
    }
}

static void old_couple(household *h, int64_t low, int64_t high)
{
    int64_t age = km_synth__between(&h->chance, low, high);
    add_member(h, false, age, false);
    add_member(h, true, age - km_synth__between(&h->chance, -2, 6), true);
}

static void parents(household *h, int64_t most_children)
{
    int64_t age = km_synth__between(&h->chance, 26, 49);
    add_member(h, false, age + km_synth__between(&h->chance, -2, 5), false);
    add_member(h, true, age, true);
    add_children(h, age, most_children);
}

/* Shares of households, roughly those of the census of 2020 in a provincial town. */
static void fill_household(household *h)
{
    int64_t kind = km_synth__between(&h->chance, 0, 99);
    bool woman = km_synth__permille(&h->chance, 600);
    if (kind < 13)
        add_member(h, woman, km_synth__between(&h->chance, 66, 94), false);
    else if (kind < 34)
        old_couple(h, 62, 88);
    else if (kind < 44)
        old_couple(h, 45, 62);
    else if (kind < 58)
        add_member(h, woman, km_synth__between(&h->chance, 22, 60), false);
    else if (kind < 86)
        parents(h, 3);
    else if (kind < 93) {
        int64_t age = km_synth__between(&h->chance, 27, 47);
        add_member(h, true, age, false);
        add_children(h, age, 2);
    } else {
        old_couple(h, 64, 82);
        parents(h, 2);
    }
}

/* The person of the reform's viewer: born on 1941-04-21, seen on 2010-05-07 at 69 years, 0 months
 * and 16 days; and his wife. */
static void add_yamada(household *h)
{
    h->name = km_synth__row(&h->w->families, KM_STR("山田"));
    h->clinic = KM_STR("minato");
    syn_person *p = add_member(h, false, 78, false);
    static const syn_row taro = { { KM_STR_INIT("太郎"), KM_STR_INIT("タロウ") } };
    p->given = &taro;
    p->born = km_day_from_civil(1941, 4, 21);
    p->first = km_day_from_civil(2009, 4, 1);
    p->last = km_day_from_civil(2025, 3, 31);
    p->died = false;
    add_member(h, true, 75, true);
}

syn_person *km_synth__people(size_t *n, syn_world *w, int64_t people)
{
    enum { LARGEST_FAMILY = 9 };
    syn_person *all = KM_NEW_ARRAY(w->arena, (size_t)people + LARGEST_FAMILY, syn_person);
    household h = { .w = w, .all = all, .n = n };
    *n = 0;
    for (int64_t number = 0; *n < (size_t)people; number++) {
        h.number = number;
        h.members = 0;
        h.chance = km_synth__chance(w->seed, (uint64_t)number + 1000000);
        h.name = family_name(w, &h.chance);
        h.clinic = km_synth__permille(&h.chance, 560) ? KM_STR("minato") : KM_STR("hinata");
        if (number == 0)
            add_yamada(&h);
        else
            fill_household(&h);
    }
    return all;
}
