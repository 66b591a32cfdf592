/* SPDX-License-Identifier: Apache-2.0
 *
 * provision_schemes: opt-out schemes are told to everybody before anything is given under them.
 */
#include "trust/provision_inside.h"

static void read_row(km_scheme *out, km_stmt *st, km_arena *a)
{
    km_str text[6];
    for (int i = 0; i < 6; i++)
        text[i] = km_arena_copy(a, km_col_text(st, i));
    *out = (km_scheme){ text[0], text[1],           text[2],           text[3],          text[4],
                        text[5], km_col_int(st, 6), km_col_int(st, 7), km_col_int(st, 8) };
}

km_code km_provision__scheme(km_scheme *out, km_conn *c, km_str id, km_arena *a, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "scheme_get", f));
    km_bind_text(st, 1, id);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    read_row(out, st, a);
    km_reset(st);
    return KM_OK;
}

km_code km_schemes(km_scheme *out, size_t *n, size_t room, km_reader *r)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "scheme_all", call->fault));
    km_bind_int(st, 1, (int64_t)room);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n < room)
            read_row(&out[(*n)++], st, call->arena);
    }
}

/* --- announcing --- */

typedef struct announcing {
    const km_scheme *s;
    km_str by;
    km_ms now;
    km_arena *arena;
} announcing;

static km_code announce(void *self, km_txn *t, km_fault *f)
{
    const announcing *w = self;
    km_conn *c = km_txn_conn(t);
    km_scheme before;
    km_stmt *st;
    km_fault none = { 0 };
    km_code rc = km_provision__scheme(&before, c, w->s->id, w->arena, &none);
    if (rc == KM_OK)
        return km_fail(f, KM_DUPLICATE, "id", "announced before; a changed scheme is another one");
    if (rc != KM_NOT_FOUND)
        return km_fail(f, rc, NULL, NULL);
    KM_TRY(km_query(&st, c, "scheme_put", f));
    const km_str text[] = { w->s->id,    w->s->title, w->s->notice,
                            w->s->entry, w->s->party, w->s->purpose };
    for (int i = 0; i < 6; i++)
        km_bind_text(st, 1 + i, text[i]);
    km_bind_int(st, 7, w->now);
    km_bind_int(st, 8, w->s->starts != 0 ? w->s->starts : w->now);
    km_bind_text(st, 9, w->by);
    return km_run(st, NULL, f);
}

km_code km_scheme_announce(km_log *l, const km_scheme *s, km_str by, km_call *call)
{
    enum { MOST = 8000 };
    announcing w = { s, by, km_call_now(call), call->arena };
    const struct {
        const char *name;
        km_str text;
    } wanted[] = { { "id", s->id },       { "title", s->title }, { "notice", s->notice },
                   { "entry", s->entry }, { "party", s->party }, { "purpose", s->purpose } };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (km_str_trim(wanted[i].text).n == 0)
            return km_fail(call->fault, KM_REQUIRED, wanted[i].name, NULL);
        if (wanted[i].text.n > MOST || !km_str_is_utf8(wanted[i].text, NULL))
            return km_fail(call->fault, KM_BAD_VALUE, wanted[i].name, "at most %d bytes", MOST);
    }
    if (s->starts != 0 && s->starts < w.now)
        return km_fail(call->fault, KM_BAD_VALUE, "starts", "not before it is announced");
    return km_log_work(l, announce, &w, call->fault);
}

typedef struct ending {
    km_str id, by;
    km_ms now;
} ending;

static km_code end(void *self, km_txn *t, km_fault *f)
{
    const ending *w = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "scheme_end", f));
    km_bind_text(st, 1, w->id);
    km_bind_int(st, 2, w->now);
    km_bind_text(st, 3, w->by);
    KM_TRY(km_run(st, &changed, f));
    return changed > 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_scheme_end(km_log *l, km_str id, km_str by, km_call *call)
{
    ending w = { id, by, km_call_now(call) };
    return km_log_work(l, end, &w, call->fault);
}
