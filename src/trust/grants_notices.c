/* SPDX-License-Identifier: Apache-2.0
 *
 * grants_notices: who is told that the glass was broken: the person, who stands for them, their
 * home doctors. A notice is kept until it is read, and after.
 */
#include <stdlib.h>

#include "trust/grants_inside.h"

const char *km_notice_to_code(km_notice_to t)
{
    static const char *const codes[] = { "", "person", "proxy", "home-doctor" };
    return codes[t <= KM_NOTICE_HOME ? t : 0];
}

const char *km_notice_kind_code(km_notice_kind k)
{
    static const char *const codes[] = {
        "", "grant", "extended", "refused", "standing", "reviewed"
    };
    return codes[k <= KM_NOTICE_REVIEWED ? k : 0];
}

/* --- writing --- */

static void bind_text(km_stmt *st, int at, km_str text)
{
    km_bind_text(st, at, text);
}

static km_code put(km_conn *c, const km_grants__telling *t, km_notice_to to, km_str home,
                   km_fault *f)
{
    km_stmt *st;
    int64_t number;
    KM_TRY(km_grants__next(&number, c, "notice_next", f));
    KM_TRY(km_query(&st, c, "notice_put", f));
    km_bind_int(st, 1, number);
    km_bind_int(st, 2, t->chart);
    km_bind_int(st, 3, to);
    bind_text(st, 4, home);
    km_bind_int(st, 5, t->kind);
    km_bind_int(st, 6, t->about);
    bind_text(st, 7, t->who->issuer);
    bind_text(st, 8, t->who->subject);
    bind_text(st, 9, t->who->name);
    bind_text(st, 10, t->who->organisation);
    km_bind_int(st, 11, t->at);
    return km_run(st, NULL, f);
}

km_code km_grants__tell(km_conn *c, const km_grants__telling *t, km_fault *f)
{
    KM_TRY(put(c, t, KM_NOTICE_PERSON, KM_STR_NONE, f));
    KM_TRY(put(c, t, KM_NOTICE_PROXY, KM_STR_NONE, f));
    for (size_t i = 0; i < t->homes; i++)
        if (t->home[i].n > 0)
            KM_TRY(put(c, t, KM_NOTICE_HOME, t->home[i], f));
    return KM_OK;
}

km_code km_grants__tell_again(km_conn *c, const km_granted *g, km_notice_kind kind,
                              const km_who *who, km_ms at, km_arena *a, km_fault *f)
{
    enum { HOMES = 16 };
    km_str home[HOMES];
    km_stmt *st;
    km_grants__telling t = {
        .chart = g->chart, .about = g->number, .kind = kind, .who = who, .home = home, .at = at
    };
    KM_TRY(km_query(&st, c, "notice_homes", f));
    km_bind_int(st, 1, g->number);
    km_bind_int(st, 2, g->chart);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        if (t.homes < HOMES)
            home[t.homes++] = km_arena_copy(a, km_col_text(st, 0));
    }
    return km_grants__tell(c, &t, f);
}

typedef struct marking {
    int64_t number;
    km_ms now;
} marking;

static km_code mark(void *self, km_txn *t, km_fault *f)
{
    const marking *m = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "notice_mark", f));
    km_bind_int(st, 1, m->number);
    km_bind_int(st, 2, m->now);
    return km_run(st, NULL, f);
}

km_code km_trust_notice_mark(km_log *l, int64_t number, km_call *call)
{
    marking m = { number, km_call_now(call) };
    return km_log_work(l, mark, &m, call->fault);
}

/* --- reading --- */

static void read_row(km_notice *out, km_stmt *st, km_arena *a)
{
    *out = (km_notice){ .number = km_col_int(st, 0),
                        .chart = km_col_int(st, 1),
                        .to = (km_notice_to)km_col_int(st, 2),
                        .kind = (km_notice_kind)km_col_int(st, 3),
                        .at = km_col_int(st, 4),
                        .read_at = km_col_int(st, 5),
                        .verdict = km_col_null(st, 10) ? KM_STR("")
                                                       : km_arena_copy(a, km_col_text(st, 10)) };
    out->grant.name = km_arena_copy(a, km_col_text(st, 6));
    out->grant.organisation = km_arena_copy(a, km_col_text(st, 7));
    out->grant.number = km_col_int(st, 8);
}

static km_code read_rows(km_notice *out, size_t *n, size_t room, km_stmt *st, km_arena *a,
                         km_fault *f)
{
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        if (*n < room)
            read_row(&out[(*n)++], st, a);
    }
}

/* What each notice is about, once its rows are read. */
static km_code read_grants(km_notice *out, size_t n, km_reader *r)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].grant.number > 0)
            KM_TRY(km_trust_grant_read(&out[i].grant, r, out[i].grant.number));
    return KM_OK;
}

km_code km_trust_notices(km_notice *out, size_t *n, size_t room, km_reader *r, int64_t chart,
                         km_notice_to to)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "notices_of", call->fault));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, to);
    km_bind_int(st, 3, (int64_t)room);
    KM_TRY(read_rows(out, n, room, st, call->arena, call->fault));
    return read_grants(out, *n, r);
}

static int newest_first(const void *a, const void *b)
{
    const km_notice *x = a, *y = b;
    return (x->number < y->number) - (x->number > y->number);
}

km_code km_trust_notices_home(km_notice *out, size_t *n, size_t room, km_reader *r,
                              const km_str *name, size_t names)
{
    km_call *call = km_reader_call(r);
    *n = 0;
    for (size_t i = 0; i < names && *n < room; i++) {
        km_stmt *st;
        if (name[i].n == 0)
            continue;
        KM_TRY(km_query(&st, km_reader_conn(r), "notices_home", call->fault));
        km_bind_text(st, 1, name[i]);
        km_bind_int(st, 2, (int64_t)(room - *n));
        KM_TRY(read_rows(out, n, room, st, call->arena, call->fault));
    }
    qsort(out, *n, sizeof *out, newest_first);
    return read_grants(out, *n, r);
}

km_code km_trust_notice_read(km_notice *out, km_reader *r, int64_t number)
{
    km_stmt *st;
    bool row;
    km_call *call = km_reader_call(r);
    KM_TRY(km_query(&st, km_reader_conn(r), "notice_get", call->fault));
    km_bind_int(st, 1, number);
    KM_TRY(km_step(&row, st, call->fault));
    if (!row)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    read_row(out, st, call->arena);
    km_reset(st);
    return read_grants(out, 1, r);
}

km_code km_trust_notice_is_for(bool *out, km_reader *r, int64_t number, const km_str *name,
                               size_t names)
{
    km_stmt *st;
    bool row;
    km_fault *f = km_reader_call(r)->fault;
    *out = false;
    KM_TRY(km_query(&st, km_reader_conn(r), "notice_get", f));
    km_bind_int(st, 1, number);
    KM_TRY(km_step(&row, st, f));
    for (size_t i = 0; row && i < names; i++)
        *out |= name[i].n > 0 && km_str_eq(km_col_text(st, 9), name[i]);
    km_reset(st);
    return KM_OK;
}
