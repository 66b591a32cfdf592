/* SPDX-License-Identifier: Apache-2.0
 *
 * person: asking the view.
 */
#include "view/person/person.h"

#include "base/kana.h"

km_code km_person_charts(int64_t **chart, size_t *n, km_reader *r, int64_t person)
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
        if (!km_access_covers_chart(km_reader_access(r), one))
            continue;
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

static km_code two_numbers(int64_t out[2], km_reader *r, const char *query, int64_t key,
                           bool *there)
{
    km_stmt *st;
    km_fault *f = km_reader_call(r)->fault;
    KM_TRY(km_query(&st, km_reader_conn(r), query, f));
    km_bind_int(st, 1, key);
    KM_TRY(km_step(there, st, f));
    if (!*there)
        return KM_OK;
    out[0] = km_col_int(st, 0);
    if (strcmp(query, "person_size") == 0)
        out[1] = km_col_int(st, 1);
    km_reset(st);
    return KM_OK;
}

km_code km_person_of_chart(int64_t *person, km_reader *r, int64_t chart)
{
    bool there;
    int64_t out[2];
    if (!km_access_covers_chart(km_reader_access(r), chart))
        return km_fail(km_reader_call(r)->fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(two_numbers(out, r, "person_of_chart", chart, &there));
    *person = out[0];
    return there ? KM_OK : km_fail(km_reader_call(r)->fault, KM_NOT_FOUND, NULL, NULL);
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

static bool listed(const km_person_row *out, size_t n, int64_t person)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].person == person)
            return true;
    return false;
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

static km_code take_place(km_person_row *out, size_t *n, km_reader *r, const place *p)
{
    int64_t size[2];
    bool there;
    if (!km_access_covers_chart(km_reader_access(r), p->chart) || listed(out, *n, p->person))
        return KM_OK;
    KM_TRY(two_numbers(size, r, "person_size", p->person, &there));
    if (there)
        out[(*n)++] = (km_person_row){ p->person, p->chart, p->rid, (size_t)size[0] };
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
            KM_TRY(take_place(out, n, r, &places[i]));
            at = places[i].name;
            chart = places[i].chart;
        }
    }
    *next = *n == room ? km_arena_print(a, "%.*s\n%lld", KM_STR_ARG(at), (long long)chart)
                       : KM_STR_NONE;
    return KM_OK;
}

km_code km_person_list(km_person_row *out, size_t *n, size_t room, km_reader *r, km_str name,
                       km_str after, km_str *next)
{
    km_arena *a = km_reader_call(r)->arena;
    km_str reading[KM_ROMAJI_READINGS];
    *n = 0;
    KM_TRY(list_by(out, n, room, r, km_fold(a, name), after, next));
    size_t readings = *n == 0 && after.n == 0 && name.n > 0
                          ? km_romaji_readings(reading, KM_ROMAJI_READINGS, a, name)
                          : 0;
    for (size_t i = 0; i < readings && *n == 0; i++)
        KM_TRY(list_by(out, n, room, r, reading[i], after, next));
    return KM_OK;
}
