/* SPDX-License-Identifier: Apache-2.0
 *
 * grants_reviews: each broken glass is looked at by somebody else, within 72 hours.
 */
#include "trust/grants_inside.h"

static km_code read_rows(km_review *out, size_t *n, size_t room, km_stmt *st, km_call *call)
{
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n == room)
            continue;
        out[*n] = (km_review){ .due = km_col_int(st, 1),
                               .verdict = km_arena_copy(call->arena, km_col_text(st, 2)),
                               .words = km_arena_copy(call->arena, km_col_text(st, 3)),
                               .by = km_arena_copy(call->arena, km_col_text(st, 4)),
                               .at = km_col_int(st, 5) };
        out[(*n)++].grant.number = km_col_int(st, 0);
    }
}

km_code km_trust_reviews(km_review *out, size_t *n, size_t room, km_reader *r, bool done)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), done ? "reviews_done" : "reviews_open", call->fault));
    km_bind_int(st, 1, (int64_t)room);
    KM_TRY(read_rows(out, n, room, st, call));
    for (size_t i = 0; i < *n; i++)
        KM_TRY(km_trust_grant_read(&out[i].grant, r, out[i].grant.number));
    return KM_OK;
}

/* --- judging --- */

typedef struct judging {
    int64_t grant;
    km_str verdict, words;
    const km_who *who;
    km_arena *arena;
    km_ms now;
} judging;

static bool is(const km_who *who, km_str issuer, km_str subject)
{
    return km_str_eq(who->issuer, issuer) && km_str_eq(who->subject, subject);
}

static km_code judge(void *self, km_txn *t, km_fault *f)
{
    const judging *j = self;
    km_conn *c = km_txn_conn(t);
    km_granted g;
    km_grants__pair pair;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_grants__get(&g, &pair, c, j->grant, j->arena, f));
    if (is(j->who, pair.issuer, pair.subject)
        || (g.second_at > 0 && is(j->who, pair.second_issuer, pair.second_subject)))
        return km_fail(f, KM_FORBIDDEN, NULL, "nobody judges a glass they broke");
    KM_TRY(km_query(&st, c, "review_judge", f));
    km_bind_int(st, 1, j->grant);
    km_bind_text(st, 2, j->verdict);
    km_bind_text(st, 3, j->words);
    km_bind_text(st, 4, j->who->name.n > 0 ? j->who->name : j->who->subject);
    km_bind_int(st, 5, j->now);
    KM_TRY(km_run(st, &changed, f));
    if (changed == 0)
        return km_fail(f, KM_DUPLICATE, NULL, "it was judged before");
    return km_grants__tell_again(c, &g, KM_NOTICE_REVIEWED, j->who, j->now, j->arena, f);
}

km_code km_trust_review_judge(km_log *l, int64_t grant, km_str verdict, km_str words,
                              const km_who *who, km_call *call)
{
    judging j = { grant, verdict, KM_STR_NONE, who, call->arena, km_call_now(call) };
    bool unjustified = km_str_is(verdict, "unjustified");
    if (!unjustified && !km_str_is(verdict, "justified"))
        return km_fail(call->fault, KM_BAD_VALUE, "verdict", "justified or unjustified");
    if (unjustified || words.n > 0)
        KM_TRY(km_grants__words(&j.words, words, "words", call->fault));
    return km_log_work(l, judge, &j, call->fault);
}

km_code km_trust_review_figures(int64_t *open, int64_t *overdue, km_conn *c, km_ms now, km_fault *f)
{
    km_stmt *st;
    bool row;
    *open = *overdue = 0;
    KM_TRY(km_query(&st, c, "review_figures", f));
    km_bind_int(st, 1, now);
    KM_TRY(km_step(&row, st, f));
    if (row) {
        *open = km_col_int(st, 0);
        *overdue = km_col_int(st, 1);
    }
    km_reset(st);
    return KM_OK;
}
