/* SPDX-License-Identifier: Apache-2.0
 *
 * life: which illnesses a person gets and when, the vaccinations of a child, allergies.
 */
#include <assert.h>

#include "synth/inside.h"

/* --- illnesses --- */

static bool fits(const syn_person *p, const syn_row *ill, int64_t day)
{
    int y, m, d;
    int64_t age = km_synth__age(p, day);
    km_day_to_civil(day, &y, &m, &d);
    char sex = ill->cell[ILL_SEX].n > 0 ? ill->cell[ILL_SEX].p[0] : p->female ? 'f' : 'm';
    return age >= km_synth__number(ill, ILL_FROM) && age <= km_synth__number(ill, ILL_TO)
           && sex == (p->female ? 'f' : 'm') && y >= km_synth__number(ill, ILL_SINCE);
}

static int64_t times_had(const syn_person *p, km_str course)
{
    int64_t n = 0;
    for (size_t i = 0; i < p->ills; i++)
        n += km_str_eq(p->ill[i].illness->cell[ILL_COURSE], course);
    return n;
}

static void fall_ill(syn_person *p, const syn_row *ill, int64_t onset, int64_t since)
{
    if (times_had(p, ill->cell[ILL_COURSE]) >= km_synth__number(ill, ILL_MOST)
        || p->ills == SYN_ILLS)
        return;
    p->ill[p->ills++] = (syn_ill){ ill, onset, since };
}

/* "11-3" is November to March. The season's day within a year that begins at `from`. */
static int64_t day_in_season(syn_person *p, km_str months, int64_t from)
{
    int64_t first, last;
    int y, m, d;
    if (months.n == 0)
        return from + km_synth__between(&p->chance, 0, 364);
    km_str rest, part = km_str_cut(months, '-', &rest);
    bool ok = km_str_to_i64(&first, part) && km_str_to_i64(&last, rest);
    assert(ok);
    int64_t length = (last - first + 12) % 12 + 1;
    km_day_to_civil(from, &y, &m, &d);
    int64_t begin = km_day_from_civil(y, (int)first, 1);
    if (begin < from)
        begin = km_day_from_civil(y + 1, (int)first, 1);
    return begin + km_synth__between(&p->chance, 0, length * 30 - 1);
}

/* Long illnesses enter the list of ills; one course of theirs is on its way for the rest of the
 * history. Those that come and go (most > 1) leave their values alone. */
static void go_through(syn_person *p, const syn_row *ill)
{
    int64_t already = km_synth__number(ill, ILL_ALREADY);
    if (fits(p, ill, p->first) && km_synth__permille(&p->chance, already))
        fall_ill(p, ill, p->first + km_synth__between(&p->chance, 3, 85),
                 p->first - km_synth__between(&p->chance, 100, 3200));
    for (int64_t year = p->first; year < p->last; year += 365)
        for (int64_t rate = km_synth__number(ill, ILL_PER_YEAR); rate > 0; rate -= 1000) {
            if (!fits(p, ill, year) || !km_synth__permille(&p->chance, rate))
                continue;
            int64_t onset = day_in_season(p, ill->cell[ILL_MONTHS], year);
            if (onset <= p->last)
                fall_ill(p, ill, onset, onset);
        }
}

/* --- vaccinations, allergies --- */

static void vaccinate(syn_person *p)
{
    const syn_table *t = &p->world->vaccines;
    syn_stay s = { 0 };
    int y, m, d;
    km_day_to_civil(p->born, &y, &m, &d);
    for (size_t i = 0; i < t->n; i++) {
        const syn_row *v = &t->row[i];
        int64_t day = p->born + km_synth__number(v, VACCINE_AGE) + (int64_t)(p->seed % 12);
        if (day < p->first || day > p->last || y < km_synth__number(v, VACCINE_FROM)
            || !km_synth__permille(&p->chance, km_synth__number(v, VACCINE_UPTAKE)))
            continue;
        if (s.person == NULL || s.day != day) {
            s = km_synth__stay(p, KM_STR("child"), KM_STR("09"), day, 0);
            km_synth__write_encounter(&s, KM_STR("予防接種"));
        }
        km_synth__write_vaccine(&s, v->cell[VACCINE_NAME], v->cell[VACCINE_CVX],
                                km_synth__number(v, VACCINE_DOSE));
    }
}

static void tell_allergies(syn_person *p)
{
    const syn_table *t = &p->world->allergens;
    for (size_t i = 0; i < t->n; i++) {
        if (!km_synth__permille(&p->chance, km_synth__number(&t->row[i], ALLERGEN_PERMILLE)))
            continue;
        int64_t day = p->first + km_synth__between(&p->chance, 10, 900);
        day = km_synth__out_of_hospital(p, day);
        if (day > p->last)
            continue;
        syn_stay s = km_synth__stay(p, KM_STR("near"), KM_STR("01"), day, 0);
        km_synth__write_encounter(&s, KM_STR("アレルギーの相談"));
        km_synth__write_allergy(&s, &t->row[i]);
    }
}

/* The hand-placed person lives by his own course; what he has shows in his values. */
static void live_as_told(syn_person *p)
{
    static const struct {
        const char *course;
        int years_before;
    } has[] = { { "hypertension", 1 }, { "diabetes", 1 } };
    const syn_table *t = &p->world->illnesses;
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        p->ill[p->ills++] = (syn_ill){ km_synth__row(t, km_str_of(has[i].course)), p->first,
                                       p->first - 365 * has[i].years_before };
    km_synth__admissions(p, KM_STR("yamada"), p->first);
    km_synth__course(p, KM_STR("yamada"), p->first, p->first);
    syn_stay s = km_synth__stay(p, KM_STR("minato"), KM_STR("01"), km_day_from_civil(2009, 4, 24),
                                0);
    km_synth__write_encounter(&s, KM_STR("アレルギーの相談"));
    km_synth__write_allergy(&s, km_synth__row(&p->world->allergens, KM_STR("ペニシリン系抗菌薬")));
}

void km_synth__live(syn_person *p)
{
    const syn_table *t = &p->world->illnesses;
    if (p->index == 0) {
        live_as_told(p);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        go_through(p, &t->row[i]);
    for (size_t i = 0; i < p->ills; i++)
        km_synth__admissions(p, p->ill[i].illness->cell[ILL_COURSE], p->ill[i].onset);
    vaccinate(p);
    for (size_t i = 0; i < p->ills; i++)
        km_synth__course(p, p->ill[i].illness->cell[ILL_COURSE], p->ill[i].onset, p->ill[i].since);
    tell_allergies(p);
}
