/* SPDX-License-Identifier: Apache-2.0
 *
 * hits: the door over rows of one table (S1). See hits.h.
 */
#include "view/index/hits.h"

#include <stdlib.h>

void km_spots_add(km_spots *s, km_arena *a, km_spot one)
{
    if (s->n == s->room) {
        size_t room = s->room ? s->room * 2 : 64;
        km_spot *more = km_arena_alloc(a, room * sizeof *more);
        if (s->n > 0)
            memcpy(more, s->s, s->n * sizeof *more);
        s->s = more;
        s->room = room;
    }
    s->s[s->n++] = one;
}

static int order(const void *x, const void *y)
{
    const km_spot *a = x, *b = y;
    int c = (a->chart > b->chart) - (a->chart < b->chart);
    return c != 0 ? c : (a->rid > b->rid) - (a->rid < b->rid);
}

void km_spots_sort(km_spots *s)
{
    bool rising = true;
    for (size_t i = 1; i < s->n && rising; i++)
        rising = order(&s->s[i - 1], &s->s[i]) < 0;
    if (!rising) {
        size_t n = 0;
        qsort(s->s, s->n, sizeof *s->s, order);
        for (size_t i = 0; i < s->n; i++)
            if (n == 0 || order(&s->s[n - 1], &s->s[i]) != 0)
                s->s[n++] = s->s[i];
        s->n = n;
    }
    s->sorted = true;
}

/* Keeps the spots of `s` that are, or are not, in the other. */
static void keep(km_spots *s, const km_spots *other, bool wanted)
{
    size_t n = 0, j = 0;
    for (size_t i = 0; i < s->n; i++) {
        while (j < other->n && order(&other->s[j], &s->s[i]) < 0)
            j++;
        bool there = j < other->n && order(&other->s[j], &s->s[i]) == 0;
        if (there == wanted)
            s->s[n++] = s->s[i];
    }
    s->n = n;
}

void km_spots_intersect(km_spots *into, const km_spots *with)
{
    keep(into, with, true);
}

void km_spots_subtract(km_spots *from, const km_spots *what)
{
    keep(from, what, false);
}

bool km_spots_have(const km_spots *s, km_spot one)
{
    return s->n > 0 && bsearch(&one, s->s, s->n, sizeof one, order) != NULL;
}

static bool is_point(const km_range *r)
{
    return !r->prefix && r->low.n == r->high.n && memcmp(r->low.b, r->high.b, r->low.n) == 0;
}

/* The largest key that begins with `low`: the next one after all of them, exclusive, is low + 1.
 * Rows are asked with <=, so what equals that bound itself is passed over while reading. */
static bool prefix_end(km_key *out, const km_key *low)
{
    *out = *low;
    while (out->n > 0 && out->b[out->n - 1] == 0xFF)
        out->n--;
    if (out->n == 0)
        return false;
    out->b[out->n - 1]++;
    return true;
}

static km_code open_range(km_stmt **st, km_conn *c, const km_range *r, km_key *end, km_fault *f)
{
    bool bounded = true;
    if (r->prefix)
        bounded = prefix_end(end, &r->low);
    else
        *end = r->high;
    KM_TRY(km_query(st, c, bounded ? "hit_between" : "hit_from", f));
    km_bind_int(*st, 1, r->param);
    km_bind_blob(*st, 2, r->low.b, r->low.n);
    if (bounded)
        km_bind_blob(*st, 3, end->b, end->n);
    return KM_OK;
}

static km_code ids_at(km_spots *out, km_conn *c, const km_range *r, km_arena *a, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "hit_equal", f));
    km_bind_int(st, 1, r->param);
    km_bind_blob(st, 2, r->low.b, r->low.n);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_spots_add(out, a, (km_spot){ km_col_int(st, 0), km_col_int(st, 1) });
    }
}

km_code km_hits_ids(km_spots *out, km_conn *c, const km_range *r, km_hit_keep keep_row, void *self,
                    km_arena *a, km_fault *f)
{
    km_stmt *st;
    km_key end;
    out->sorted = false;
    if (is_point(r) && keep_row == NULL)
        return ids_at(out, c, r, a, f);
    KM_TRY(open_range(&st, c, r, &end, f));
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_str value = km_col_blob(st, 0);
        km_spot spot = { km_col_int(st, 1), km_col_int(st, 2) };
        if (r->prefix && !km_str_starts(value, (km_str){ (const char *)r->low.b, r->low.n }))
            continue;
        if (keep_row == NULL || keep_row(self, value, spot))
            km_spots_add(out, a, spot);
        if (km_arena_over(a)) {
            km_reset(st);
            return km_fail(f, KM_TOO_COSTLY, NULL, "too many records: ask more narrowly");
        }
    }
}

km_code km_hits_in_chart(km_spots *out, km_conn *c, uint16_t param, const km_key *value,
                         int64_t chart, km_arena *a, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "hit_equal_in_chart", f));
    km_bind_int(st, 1, param);
    km_bind_blob(st, 2, value->b, value->n);
    km_bind_int(st, 3, chart);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_spots_add(out, a, (km_spot){ km_col_int(st, 0), km_col_int(st, 1) });
    }
}

km_code km_hits_count(int64_t *out, km_conn *c, const km_range *r, int64_t limit, km_fault *f)
{
    km_stmt *st;
    bool row;
    km_key end = r->high;
    if (is_point(r) && limit == INT64_MAX) {
        KM_TRY(km_query(&st, c, "hit_count_equal", f));
        km_bind_int(st, 1, r->param);
        km_bind_blob(st, 2, r->low.b, r->low.n);
    } else {
        if (r->prefix && !prefix_end(&end, &r->low)) {
            memset(end.b, 0xFF, sizeof end.b);
            end.n = KM_KEY_MAX;
        }
        KM_TRY(km_query(&st, c, "hit_count_between", f));
        km_bind_int(st, 1, r->param);
        km_bind_blob(st, 2, r->low.b, r->low.n);
        km_bind_blob(st, 3, end.b, end.n);
        km_bind_int(st, 4, limit);
    }
    KM_TRY(km_step(&row, st, f));
    *out = row ? km_col_int(st, 0) : 0;
    km_reset(st);
    return KM_OK;
}

km_code km_hits_has(bool *out, km_conn *c, uint16_t param, const km_key *value, km_spot s,
                    km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "hit_has", f));
    km_bind_int(st, 1, param);
    km_bind_blob(st, 2, value->b, value->n);
    km_bind_int(st, 3, s.chart);
    km_bind_int(st, 4, s.rid);
    KM_TRY(km_step(out, st, f));
    if (*out)
        km_reset(st);
    return KM_OK;
}
