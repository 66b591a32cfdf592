/* SPDX-License-Identifier: Apache-2.0
 *
 * courses: reads courses.tsv as a program. A visit or admit row opens a stay, once or again and
 * again; the rows below it happen in that stay.
 */
#include <assert.h>
#include <limits.h>

#include "synth/inside.h"

/* --- where and by whom --- */

enum { SCHOOL_CHILD_UNTIL = 15 };

static km_str place_of(const syn_person *p, km_str place, int64_t day)
{
    static const char *const fixed[][2] = { { "child", "hinata" },
                                            { "bone", "hone" },
                                            { "dental", "shika" } };
    if (km_str_is(place, "clinic"))
        return p->clinic;
    if (km_str_is(place, "near"))
        return km_synth__age(p, day) <= SCHOOL_CHILD_UNTIL ? KM_STR("hinata") : p->clinic;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (km_str_is(place, fixed[i][0]))
            return km_str_of(fixed[i][1]);
    return place;
}

/* One keeps one's doctor: the person's number chooses among those of the department. */
static const syn_row *doctor_of(const syn_person *p, km_str institution, km_str department)
{
    const syn_table *staff = &p->world->staff;
    const syn_row *all[8], *fitting[8];
    size_t n = 0, fits = 0;
    for (size_t i = 0; i < staff->n && n < 8; i++) {
        const syn_row *r = &staff->row[i];
        if (!km_str_eq(r->cell[STAFF_INST], institution))
            continue;
        all[n++] = r;
        if (km_str_eq(r->cell[STAFF_DEPARTMENT], department))
            fitting[fits++] = r;
    }
    assert(n > 0);
    return fits > 0 ? fitting[(size_t)p->index % fits] : all[0];
}

syn_stay km_synth__stay(syn_person *p, km_str place, km_str department, int64_t day, int64_t days)
{
    syn_stay s = { .person = p, .day = day, .days = days, .department = department };
    km_str institution = place_of(p, place, day);
    s.chart = km_synth__chart(p, institution);
    s.doctor = doctor_of(p, institution, department);
    s.minute =
        9 * 60
        + (int)(km_synth__mixed(p->seed, (uint64_t)day, s.chart->institution->cell[INST_KEY].n)
                % 96)
              * 5;
    return s;
}

static bool is_visit(const syn_row *step)
{
    return km_str_is(step->cell[STEP_KIND], "visit");
}

static bool is_admission(const syn_row *step)
{
    return km_str_is(step->cell[STEP_KIND], "admit");
}

/* --- one stay --- */

typedef struct running {
    syn_person *p;
    int64_t onset, since; /* day from which the steps count; day on which the illness began */
    const syn_row *head, *step, *end;
} running;

static void document(const syn_stay *s, int64_t day, const syn_row *step)
{
    bool leaving = km_str_is(step->cell[STEP_WHAT], "18842-5");
    km_synth__write_document(s, day, step->cell[STEP_WHAT], step->cell[STEP_TEXT],
                             leaving ? KM_STR("discharge") : KM_STR("referral"));
}

static void checkup(const syn_stay *s, int64_t day, const syn_row *step)
{
    km_synth__write_labs(s, day, step->cell[STEP_WHAT], step->cell[STEP_TEXT]);
    km_synth__write_document(s, day, KM_STR("JPGCHKUP01"), step->cell[STEP_TEXT],
                             KM_STR("checkup"));
}

static void take(const running *r, const syn_stay *s, int64_t day, const syn_row *step)
{
    km_str kind = step->cell[STEP_KIND], what = step->cell[STEP_WHAT];
    if (km_str_is(kind, "condition"))
        km_synth__write_condition(s, day, what, km_synth__number(step, STEP_AMOUNT), r->since);
    else if (km_str_is(kind, "vital"))
        km_synth__write_vitals(s, day, what);
    else if (km_str_is(kind, "labs"))
        km_synth__write_labs(s, day, what, KM_STR_NONE);
    else if (km_str_is(kind, "note"))
        km_synth__write_note(s, day, what);
    else if (km_str_is(kind, "rx"))
        km_synth__write_drugs(s, day, what, km_synth__number(step, STEP_AMOUNT));
    else if (km_str_is(kind, "procedure"))
        km_synth__write_procedure(s, day, what);
    else if (km_str_is(kind, "image"))
        km_synth__write_image(s, day, what, step->cell[STEP_AMOUNT], step->cell[STEP_TEXT]);
    else if (km_str_is(kind, "document"))
        document(s, day, step);
    else if (km_str_is(kind, "checkup"))
        checkup(s, day, step);
    else if (km_str_is(kind, "immunize"))
        km_synth__write_vaccine(s, step->cell[STEP_TEXT], what, 0);
    else
        assert(!"a kind of step that nobody takes");
}

/* Does the step happen at the visit with this number? */
static bool is_due(const syn_row *step, int64_t visit)
{
    int64_t every = km_synth__number(step, STEP_EVERY);
    return every == 0 ? visit == 0 : visit % every == 0;
}

static void tell_moment(const running *r, int64_t day, int64_t visit, int64_t offset)
{
    for (const syn_row *step = r->step; step < r->end; step++) {
        km_str kind = step->cell[STEP_KIND];
        if (is_due(step, visit) && km_synth__number(step, STEP_DAY) == offset
            && (km_str_is(kind, "vital") || km_str_is(kind, "labs")))
            km_synth__moment(r->p, day, step->cell[STEP_WHAT]);
    }
}

static void run_stay(const running *r, int64_t day, int64_t visit)
{
    const km_str *cell = r->head->cell;
    bool in = is_admission(r->head);
    int64_t days = in ? km_synth__number(r->head, STEP_AMOUNT) : 0, told = -1;
    if (day + days > r->p->last)
        days = in ? r->p->last - day + 1 : 0;
    syn_stay s = km_synth__stay(r->p, cell[STEP_PLACE], cell[STEP_WHAT], day, days);
    km_synth__write_encounter(&s, cell[STEP_TEXT]);
    for (const syn_row *step = r->step; step < r->end; step++) {
        int64_t offset = km_synth__number(step, STEP_DAY);
        if (!is_due(step, visit) || day + offset > r->p->last)
            continue;
        if (offset != told)
            tell_moment(r, day + offset, visit, offset);
        told = offset;
        take(r, &s, day + offset, step);
    }
}

/* --- when --- */

/* Offices are closed on Sundays and on the first three days of a year; an emergency does not ask.
 */
static int64_t open_day(int64_t day)
{
    int y, m, d;
    if ((day + 4) % 7 == 0) /* 1970-01-01 was a Thursday */
        day++;
    km_day_to_civil(day, &y, &m, &d);
    if (m == 1 && d <= 3)
        day += 4 - d;
    return (day + 4) % 7 == 0 ? day + 1 : day;
}

/* "14", "0-200" or "2010-05-07". */
static int64_t first_day(const running *r, bool *is_date)
{
    int64_t low = 0, high = 0;
    km_civil date;
    km_str cell = r->head->cell[STEP_DAY], rest, part;
    *is_date = cell.n == 10 && km_civil_parse(&date, cell);
    if (*is_date)
        return km_day_from_civil(date.year, date.month, date.day);
    part = km_str_cut(cell, '-', &rest);
    bool ok = km_str_to_i64(&low, part);
    assert(ok);
    if (rest.n == 0)
        return r->onset + low;
    ok = km_str_to_i64(&high, rest);
    assert(ok);
    return r->onset + km_synth__between(&r->p->chance, low, high);
}

static void run_visits(const running *r)
{
    bool is_date;
    int64_t every = km_synth__number(r->head, STEP_EVERY);
    int64_t most = km_synth__number(r->head, STEP_AMOUNT), day = first_day(r, &is_date);
    for (int64_t visit = 0; day <= r->p->last; visit++) {
        int64_t at = km_synth__out_of_hospital(r->p, day);
        if (!is_date || visit > 0)
            at = km_synth__out_of_hospital(r->p, open_day(at));
        if (at >= r->p->first && at <= r->p->last)
            run_stay(r, at, visit);
        if (every == 0 || (most > 0 && visit + 1 >= most))
            return;
        day += every + km_synth__between(&r->p->chance, -every / 14, every / 14);
    }
}

static void run_admission(const running *r)
{
    for (size_t i = 0; i < r->p->admissions; i++) {
        const syn_admission *a = &r->p->admission[i];
        if (a->step == r->head && a->onset == r->onset)
            run_stay(r, a->first, 0);
    }
}

/* The next stay of the course with the steps below it; false at the end. */
static bool next_head(running *r, km_str course)
{
    const syn_table *t = &r->p->world->steps;
    const syn_row *end = t->row + t->n;
    r->head = r->head == NULL ? km_synth__row(t, course) : r->end;
    if (r->head >= end || !km_str_eq(r->head->cell[STEP_COURSE], course))
        return false;
    assert(is_visit(r->head) || is_admission(r->head));
    r->step = r->end = r->head + 1;
    while (r->end < end && km_str_eq(r->end->cell[STEP_COURSE], course) && !is_visit(r->end)
           && !is_admission(r->end))
        r->end++;
    return true;
}

void km_synth__course(syn_person *p, km_str course, int64_t onset, int64_t since)
{
    running r = { .p = p, .onset = onset, .since = since };
    while (next_head(&r, course))
        if (is_admission(r.head))
            run_admission(&r);
        else
            run_visits(&r);
}

/* --- in hospital --- */

/* The first admission that has one of these days. */
static const syn_admission *admission_in(const syn_person *p, int64_t first, int64_t last)
{
    for (size_t i = 0; i < p->admissions; i++)
        if (p->admission[i].first <= last && first <= p->admission[i].last)
            return &p->admission[i];
    return NULL;
}

static int64_t moved(const syn_person *p, int64_t day, int64_t days)
{
    for (const syn_admission *a; (a = admission_in(p, day, day + days)) != NULL;)
        day = a->last + 3 + (int64_t)(p->seed % 5);
    return day;
}

int64_t km_synth__out_of_hospital(const syn_person *p, int64_t day)
{
    return moved(p, day, 0);
}

void km_synth__admissions(syn_person *p, km_str course, int64_t onset)
{
    running r = { .p = p, .onset = onset };
    bool is_date;
    while (next_head(&r, course)) {
        if (!is_admission(r.head) || p->admissions == SYN_ADMISSIONS)
            continue;
        int64_t days = km_synth__number(r.head, STEP_AMOUNT);
        int64_t first = moved(p, first_day(&r, &is_date), days - 1);
        if (first < p->first || first > p->last)
            continue;
        int64_t last = first + days - 1 < p->last ? first + days - 1 : p->last;
        p->admission[p->admissions++] = (syn_admission){ r.head, onset, first, last };
    }
}
