/* SPDX-License-Identifier: Apache-2.0
 *
 * page: one page of a search. Cursors are keyset: the key of the last match, so that a page begins
 * where the one before ended whatever was written between. State: u8 kind, then 'k' be16 position
 * of the type in the search, the key (sort.c) 's' be64 seq: a plain listing of one type, which is
 * read in the order of the log and never gathered
 */
#include "view/index/inside.h"

#include <stdlib.h>

static uint64_t get64(const char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static km_code bad_cursor(km_seeking *run)
{
    return km_fail(run->call->fault, KM_BAD_VALUE, "_cursor", "not one of ours");
}

/* --- a listing without criteria --- */

static bool is_listing(const km_search *s)
{
    return s->types == 1 && s->typed[0].clauses == 0 && s->sorts == 0;
}

static km_code count_type(km_page *out, km_seeking *run, km_ftype type)
{
    km_stmt *st;
    bool row;
    if (!km_access_covers_all(run->access)) {
        km_spots all = { 0 };
        KM_TRY(km_run__type_all(&all, run, type));
        KM_TRY(km_run__cover(&all, run, type));
        out->total = (int64_t)all.n;
        return KM_OK;
    }
    KM_TRY(km_query(&st, run->conn, "type_count", run->call->fault));
    km_bind_int(st, 1, type);
    KM_TRY(km_step(&row, st, run->call->fault));
    out->total = row ? km_col_int(st, 0) : 0;
    km_reset(st);
    return KM_OK;
}

static km_code list_type(km_page *out, km_seeking *run, int64_t after)
{
    const km_search *s = run->search;
    km_stmt *st;
    km_fault *f = run->call->fault;
    km_ftype type = s->typed[0].type;
    out->found = KM_NEW_ARRAY(run->call->arena, s->view.count + 1, km_found);
    KM_TRY(km_query(&st, run->conn, "type_spots", f));
    km_bind_int(st, 1, type);
    km_bind_int(st, 2, after);
    km_bind_int(st, 3, INT64_MAX);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        km_spot spot = { km_col_int(st, 0), km_col_int(st, 1) };
        km_spots one = { &spot, 1, 1, true };
        KM_TRY(km_run__cover(&one, run, type));
        if (one.n == 0)
            continue;
        if (out->n == s->view.count) {
            out->more = true;
            km_reset(st);
            break;
        }
        out->found[out->n++] = (km_found){ spot.chart, spot.rid, false };
        after = km_col_int(st, 2);
    }
    if (out->more) {
        km_buf cursor = km_buf_in(run->call->arena);
        km_buf_char(&cursor, 's');
        km_buf_u64be(&cursor, (uint64_t)after);
        out->cursor = km_buf_str(&cursor);
    }
    return KM_OK;
}

static km_code listing(km_page *out, km_seeking *run, km_str cursor)
{
    const km_search *s = run->search;
    if (cursor.n > 0 && (cursor.n != 9 || cursor.p[0] != 's'))
        return bad_cursor(run);
    if (s->total != KM_TOTAL_NONE || s->view.summary == KM_SUMMARY_COUNT)
        KM_TRY(count_type(out, run, s->typed[0].type));
    if (s->view.summary == KM_SUMMARY_COUNT)
        return KM_OK;
    return list_type(out, run, cursor.n > 0 ? (int64_t)get64(cursor.p + 1) : 0);
}

/* --- everything else --- */

/* One exact code and an access that covers all: the rows are the count. */
static km_code count_quickly(bool *done, int64_t *total, km_seeking *run)
{
    const km_search *s = run->search;
    const km_clause *c = &s->typed[0].clause[0];
    *done = s->view.summary == KM_SUMMARY_COUNT && s->types == 1 && s->typed[0].clauses == 1
            && c->form == KM_FORM_PARAM && c->modifier == KM_MOD_NONE
            && c->param->kind == KM_PARAM_TOKEN && c->param->n_parts == 0 && c->terms == 1
            && c->term[0].has_bar && c->term[0].has_code && km_access_covers_all(run->access);
    if (!*done)
        return KM_OK;
    int64_t rows;
    km_range r = { .param = c->param->index_number };
    for (int any = 0; any < 2; any++) {
        km_key_token(&r.low, run->key, c->term[0].text, c->term[0].system, any != 0);
        r.high = r.low;
        KM_TRY(km_hits_count(&rows, run->conn, &r, INT64_MAX, run->call->fault));
        *total += rows;
    }
    return KM_OK;
}

static void take_page(km_page *out, km_seeking *run, size_t type, const km_ordered *all, size_t n,
                      km_str after)
{
    uint32_t count = run->search->view.count;
    for (size_t i = 0; i < n; i++) {
        if (after.n > 0 && km_str_cmp(all[i].key, after) <= 0)
            continue;
        if (out->n == count) {
            out->more = true;
            return;
        }
        out->found[out->n++] = (km_found){ all[i].spot.chart, all[i].spot.rid, false };
        km_buf cursor = km_buf_in(run->call->arena);
        km_buf_char(&cursor, 'k');
        km_buf_u16be(&cursor, (uint16_t)type);
        km_buf_add(&cursor, all[i].key);
        out->cursor = km_buf_str(&cursor);
    }
}

/* Without a sort the keys are chart and rid: no need to make them all, the page begins behind the
 * cursor. */
static km_code order_some(km_ordered **all, size_t *n, km_seeking *run, km_spots *spots,
                          km_ftype type, km_str after)
{
    if (run->search->sorts == 0) {
        size_t from = 0;
        if (after.n == 16) {
            km_spot last = { (int64_t)get64(after.p), (int64_t)get64(after.p + 8) };
            while (from < spots->n
                   && (spots->s[from].chart < last.chart
                       || (spots->s[from].chart == last.chart && spots->s[from].rid <= last.rid)))
                from++;
        }
        if (from > 0) {
            spots->s += from;
            spots->n -= from;
        }
        if (spots->n > (size_t)run->search->view.count + 1)
            spots->n = (size_t)run->search->view.count + 1;
    }
    *n = spots->n;
    return km_sort__order(all, run, spots, type);
}

/* Sorted records of several types stand in one order, whatever their type. */
static km_code together(km_page *out, km_seeking *run, km_str after)
{
    const km_search *s = run->search;
    km_arena *a = run->call->arena;
    km_ordered *whole = NULL;
    size_t n = 0, room = 0;
    for (size_t t = 0; t < s->types; t++) {
        km_spots spots = { 0 };
        km_ordered *all;
        KM_TRY(km_run__in_time(run));
        KM_TRY(km_run__spots(&spots, run, &s->typed[t]));
        KM_TRY(km_sort__order(&all, run, &spots, s->typed[t].type));
        if (n + spots.n > room) {
            room = 2 * (n + spots.n);
            km_ordered *more = KM_NEW_ARRAY(a, room, km_ordered);
            if (n > 0)
                memcpy(more, whole, n * sizeof *more);
            whole = more;
        }
        if (spots.n > 0)
            memcpy(whole + n, all, spots.n * sizeof *all);
        n += spots.n;
    }
    if (n > 0)
        km_sort__again(whole, n);
    out->total = (int64_t)n;
    take_page(out, run, 0, whole, n, after);
    return KM_OK;
}

static km_code gathered(km_page *out, km_seeking *run, km_str cursor)
{
    const km_search *s = run->search;
    size_t start = 0;
    bool counted;
    km_str after = KM_STR_NONE;
    KM_TRY(count_quickly(&counted, &out->total, run));
    if (counted)
        return KM_OK;
    if (cursor.n > 0) {
        if (cursor.n < 3 || cursor.p[0] != 'k')
            return bad_cursor(run);
        start = (size_t)((unsigned char)cursor.p[1] << 8 | (unsigned char)cursor.p[2]);
        after = km_str_sub(cursor, 3, cursor.n);
    }
    out->found = KM_NEW_ARRAY(run->call->arena, s->view.count + 1, km_found);
    if (s->sorts > 0 && s->types > 1 && s->view.summary != KM_SUMMARY_COUNT)
        return together(out, run, after);
    bool total = s->total != KM_TOTAL_NONE || s->view.summary == KM_SUMMARY_COUNT;
    for (size_t t = total ? 0 : start; t < s->types; t++) {
        km_spots spots = { 0 };
        km_ordered *all;
        size_t n;
        KM_TRY(km_run__in_time(run));
        KM_TRY(km_run__spots(&spots, run, &s->typed[t]));
        out->total += (int64_t)spots.n;
        if (t < start || s->view.summary == KM_SUMMARY_COUNT || out->more)
            continue;
        KM_TRY(
            order_some(&all, &n, run, &spots, s->typed[t].type, t == start ? after : KM_STR_NONE));
        take_page(out, run, t, all, n, t == start ? after : KM_STR_NONE);
        if (out->more && !total)
            break;
    }
    return KM_OK;
}

static km_seeking start_run(const km_search *s, km_reader *r)
{
    return (km_seeking){ .r = r,
                         .conn = km_reader_conn(r),
                         .call = km_reader_call(r),
                         .access = km_reader_access(r),
                         .key = km_log_index_key(km_reader_log(r)),
                         .search = s,
                         .ends_ns = km_ticks_ns() + 5000000000u };
}

km_code km_search_run(km_page *out, const km_search *s, km_reader *r, km_str cursor)
{
    km_seeking run = start_run(s, r);
    *out = (km_page){ 0 };
    KM_TRY(is_listing(s) ? listing(out, &run, cursor) : gathered(out, &run, cursor));
    out->has_total = s->total != KM_TOTAL_NONE || s->view.summary == KM_SUMMARY_COUNT;
    out->matches = out->n;
    if (!out->more)
        out->cursor = KM_STR_NONE;
    return km_include__add(out, &run);
}

km_code km_search_few(km_found *found, size_t room, size_t *n, const km_search *s, km_reader *r)
{
    km_seeking run = start_run(s, r);
    *n = 0;
    for (size_t t = 0; t < s->types; t++) {
        km_spots spots = { 0 };
        KM_TRY(km_run__spots(&spots, &run, &s->typed[t]));
        for (size_t i = 0; i < spots.n; i++) {
            if (*n < room)
                found[*n] = (km_found){ spots.s[i].chart, spots.s[i].rid, false };
            ++*n;
        }
    }
    return KM_OK;
}

/* --- charts by day --- */

static bool wanted(const km_ftype *types, km_ftype type)
{
    if (types == NULL)
        return true;
    while (*types != 0)
        if (*types++ == type)
            return true;
    return false;
}

static km_code dated_of_chart(km_dated **out, size_t *n, size_t *room, km_reader *r, int64_t chart,
                              const km_ftype *types, const int64_t span[2], bool undated)
{
    km_stmt *st;
    km_fault *f = km_reader_call(r)->fault;
    km_arena *a = km_reader_call(r)->arena;
    km_access *access = km_reader_access(r);
    KM_TRY(km_query(&st, km_reader_conn(r), "day_of_chart", f));
    km_bind_int(st, 1, chart);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_dated d = { chart, km_col_int(st, 2), km_col_int(st, 1), (km_ftype)km_col_int(st, 0),
                       true };
        d.dated = d.day != KM_DAY_NONE;
        bool in_time = d.dated ? d.day >= span[0] && d.day <= span[1] : undated;
        if (!in_time || !wanted(types, d.type)
            || (km_access_is_partial(access, d.type)
                && !km_access_covers(access, chart, d.type, d.rid)))
            continue;
        if (*n == *room) {
            *room = *room ? *room * 2 : 256;
            km_dated *more = km_arena_alloc(a, *room * sizeof *more);
            if (*n > 0)
                memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        (*out)[(*n)++] = d;
    }
}

static int newest_first(const void *x, const void *y)
{
    const km_dated *a = x, *b = y;
    int c = (a->day < b->day) - (a->day > b->day);
    return c != 0 ? c : (a->rid > b->rid) - (a->rid < b->rid);
}

km_code km_index_charts(km_dated **out, size_t *n, km_reader *r, const int64_t *chart,
                        size_t charts, const km_ftype *types, int64_t from, int64_t to,
                        bool undated)
{
    size_t room = 0;
    const int64_t span[2] = { from, to };
    *out = NULL;
    *n = 0;
    for (size_t i = 0; i < charts; i++)
        if (km_access_covers_chart(km_reader_access(r), chart[i]))
            KM_TRY(dated_of_chart(out, n, &room, r, chart[i], types, span, undated));
    if (*n > 0)
        qsort(*out, *n, sizeof **out, newest_first);
    return KM_OK;
}
