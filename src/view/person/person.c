/* SPDX-License-Identifier: Apache-2.0
 *
 * person: asking the view.
 */
#include "view/person/person.h"

#include "base/kana.h"

static km_code charts_of(int64_t **chart, size_t *n, km_reader *r, int64_t person)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    size_t room = 0;
    *n = 0;
    *chart = NULL;
    KM_TRY(km_query(&st, km_reader_conn(r), "person_charts", call->fault));
    km_bind_int(st, 1, person);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        int64_t one = km_col_int(st, 0);
        if (*n == room) {
            room = room * 2 + 8;
            int64_t *more = km_arena_alloc(call->arena, room * sizeof *more);
            if (*n > 0)
                memcpy(more, *chart, *n * sizeof *more);
            *chart = more;
        }
        (*chart)[(*n)++] = one;
    }
}

km_code km_person_charts(int64_t **chart, size_t *n, km_reader *r, int64_t person)
{
    size_t all, kept = 0;
    KM_TRY(charts_of(chart, &all, r, person));
    for (size_t i = 0; i < all; i++)
        if (km_access_covers_chart(km_reader_access(r), (*chart)[i]))
            (*chart)[kept++] = (*chart)[i];
    *n = kept;
    return KM_OK;
}

static km_code person_of(int64_t *person, km_reader *r, int64_t chart)
{
    bool row;
    km_stmt *st;
    km_fault *f = km_reader_call(r)->fault;
    *person = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "person_of_chart", f));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, f));
    if (row) {
        *person = km_col_int(st, 0);
        km_reset(st);
    }
    return KM_OK;
}

/* A chart whose Patient was deleted is no person's any more; it stands alone. */
km_code km_person_same(int64_t **chart, size_t *n, km_reader *r, int64_t chart_of)
{
    int64_t person;
    *n = 0;
    KM_TRY(person_of(&person, r, chart_of));
    if (person != 0)
        KM_TRY(charts_of(chart, n, r, person));
    if (*n > 0)
        return KM_OK;
    *chart = KM_NEW(km_reader_call(r)->arena, int64_t);
    **chart = chart_of;
    *n = 1;
    return KM_OK;
}

km_code km_person_of_chart(int64_t *person, km_reader *r, int64_t chart)
{
    km_fault *f = km_reader_call(r)->fault;
    if (!km_access_covers_chart(km_reader_access(r), chart))
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(person_of(person, r, chart));
    return *person != 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

/* --- the list --- */

/* "name NUL chart" of the last row that was looked at. */
static void split_place(km_str *name, int64_t *chart, km_str after)
{
    km_str number;
    *name = km_str_cut(after, '\n', &number);
    if (after.n == 0 || !km_str_to_i64(chart, number))
        *chart = -1;
}

typedef struct place {
    km_str name;
    int64_t person, chart, rid;
} place;

enum { PORTION = 200 };

static km_code read_places(place *out, size_t *n, km_reader *r, km_str name, km_str after,
                           int64_t after_chart)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "name_list", call->fault));
    km_bind_text(st, 1, name);
    km_bind_text(st, 2, after);
    km_bind_int(st, 3, after_chart);
    km_bind_int(st, 4, name.n == 0);
    km_bind_int(st, 5, PORTION);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        out[(*n)++] = (place){ km_arena_copy(call->arena, km_col_text(st, 0)), km_col_int(st, 1),
                               km_col_int(st, 2), km_col_int(st, 3) };
    }
}

/* A person stands in a list once: where its first name is that the access covers, whatever page
 * that was on. */
static km_code comes_earlier(bool *out, km_reader *r, const place *p, km_str name)
{
    km_stmt *st;
    km_fault *f = km_reader_call(r)->fault;
    *out = false;
    KM_TRY(km_query(&st, km_reader_conn(r), "name_earlier", f));
    km_bind_int(st, 1, p->person);
    km_bind_text(st, 2, name);
    km_bind_text(st, 3, p->name);
    km_bind_int(st, 4, p->chart);
    km_bind_int(st, 5, name.n == 0);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        if (!km_access_covers_chart(km_reader_access(r), km_col_int(st, 0)))
            continue;
        *out = true;
        km_reset(st);
        return KM_OK;
    }
}

static km_code take_place(km_person_row *out, size_t *n, km_reader *r, const place *p, km_str name)
{
    int64_t *chart;
    size_t charts;
    bool earlier;
    if (!km_access_covers_chart(km_reader_access(r), p->chart))
        return KM_OK;
    KM_TRY(comes_earlier(&earlier, r, p, name));
    if (earlier)
        return KM_OK;
    KM_TRY(km_person_charts(&chart, &charts, r, p->person));
    out[(*n)++] = (km_person_row){ p->person, p->chart, p->rid, charts };
    return KM_OK;
}

static km_code list_by(km_person_row *out, size_t *n, size_t room, km_reader *r, km_str name,
                       km_str after, km_str *next)
{
    km_arena *a = km_reader_call(r)->arena;
    place *places = KM_NEW_ARRAY(a, PORTION, place);
    km_str at;
    int64_t chart;
    size_t got = PORTION;
    split_place(&at, &chart, after);
    while (got == PORTION && *n < room) {
        KM_TRY(read_places(places, &got, r, name, at, chart));
        for (size_t i = 0; i < got && *n < room; i++) {
            if (!km_str_starts(places[i].name, name)) {
                *next = KM_STR_NONE;
                return KM_OK;
            }
            KM_TRY(take_place(out, n, r, &places[i], name));
            at = places[i].name;
            chart = places[i].chart;
        }
    }
    *next = *n == room ? km_arena_print(a, "%.*s\n%lld", KM_STR_ARG(at), (long long)chart)
                       : KM_STR_NONE;
    return KM_OK;
}

/* The next page of a list goes on in the reading that the first was found by. */
static bool is_place_in(km_str after, km_str reading)
{
    return after.n == 0 || km_str_starts(after, reading);
}

km_code km_person_list(km_person_row *out, size_t *n, size_t room, km_reader *r, km_str name,
                       km_str after, km_str *next)
{
    km_arena *a = km_reader_call(r)->arena;
    km_str reading[1 + KM_ROMAJI_READINGS];
    size_t readings = 1;
    reading[0] = km_fold(a, name);
    if (name.n > 0)
        readings += km_romaji_readings(reading + 1, KM_ROMAJI_READINGS, a, name);
    *n = 0;
    *next = KM_STR_NONE;
    for (size_t i = 0; i < readings && *n == 0; i++)
        if (is_place_in(after, reading[i]))
            KM_TRY(list_by(out, n, room, r, reading[i], after, next));
    return KM_OK;
}
