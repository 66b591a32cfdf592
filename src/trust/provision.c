/* SPDX-License-Identifier: Apache-2.0
 *
 * provision: writing and reading the records of what was given and received; what may be given
 * stands in provision_gate.c, announced schemes in provision_schemes.c.
 */
#include <stdlib.h>

#include "base/embedded.h"
#include "trust/provision_inside.h"

#include "km_data_trust.h"

size_t km_provision_bases(km_provision_basis out[KM_PROVISION_BASES])
{
    size_t n = 0;
    km_str cell[4], rest = km_embedded_find(km_data_trust, "provision_bases.tsv");
    (void)km_tsv_next(cell, 4, &rest); /* the header */
    while (n < KM_PROVISION_BASES && km_tsv_next(cell, 4, &rest) == 4)
        out[n++] = (km_provision_basis){ cell[0], cell[1], cell[2], km_str_is(cell[3], "yes") };
    return n;
}

/* --- writing --- */

static km_code put_share(km_conn *c, int64_t number, const km_provision_share *s, km_fault *f)
{
    km_stmt *st;
    if (s->chart == KM_CHART_NONE)
        return KM_OK;
    KM_TRY(km_query(&st, c, "provision_share", f));
    km_bind_int(st, 1, s->chart);
    km_bind_int(st, 2, number);
    km_bind_int(st, 3, s->records);
    return km_run(st, NULL, f);
}

static km_code put(km_conn *c, int64_t number, const km_provision *p, km_ms now, km_fault *f)
{
    km_stmt *st;
    km_str country = p->country.n > 0 ? p->country : KM_STR("JP");
    KM_TRY(km_query(&st, c, "provision_put", f));
    km_bind_int(st, 1, number);
    km_bind_int(st, 2, p->way);
    const km_str text[] = { p->channel, p->party, p->party_name, country,    p->basis, p->scheme,
                            p->purpose, p->items, p->obtained,   p->consent, p->by };
    for (int i = 0; i < 11; i++)
        km_bind_text(st, 3 + i, text[i]);
    km_bind_int(st, 14, now);
    km_bind_int(st, 15, now + KM_PROVISION_KEPT_MS);
    return km_run(st, NULL, f);
}

static km_code next_number(int64_t *out, km_conn *c, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "provision_next", f));
    KM_TRY(km_step(&row, st, f));
    *out = row ? km_col_int(st, 0) : 1;
    km_reset(st);
    return KM_OK;
}

km_code km_provision_record(int64_t *number, km_txn *t, const km_provision *p,
                            const km_provision_gate *gate, const km_provision_share *share,
                            size_t shares, km_ms now, km_fault *f)
{
    km_conn *c = km_txn_conn(t);
    KM_TRY(km_provision__sound(p, f));
    if (gate == NULL && km_provision__asks(p)
        && (km_str_is(p->basis, "opt-out") || p->consent.n == 0))
        return km_fail(f, KM_FORBIDDEN, NULL,
                       "each record of this provision must be asked for first");
    KM_TRY(next_number(number, c, f));
    KM_TRY(put(c, *number, p, now, f));
    for (size_t i = 0; i < shares; i++)
        KM_TRY(put_share(c, *number, &share[i], f));
    return KM_OK;
}

typedef struct writing {
    int64_t *number;
    const km_provision *p;
    const km_provision_gate *gate;
    const km_provision_share *share;
    size_t shares;
    km_ms now;
} writing;

static km_code write_one(void *self, km_txn *t, km_fault *f)
{
    const writing *w = self;
    return km_provision_record(w->number, t, w->p, w->gate, w->share, w->shares, w->now, f);
}

km_code km_provision_write(int64_t *number, km_log *l, const km_provision *p,
                           const km_provision_gate *gate, const km_provision_share *share,
                           size_t shares, km_call *call)
{
    writing w = { number, p, gate, share, shares, km_call_now(call) };
    return km_log_work(l, write_one, &w, call->fault);
}

typedef struct completing {
    int64_t number;
    const km_provision_share *share;
    size_t shares;
    km_str items;
} completing;

static km_code complete(void *self, km_txn *t, km_fault *f)
{
    const completing *w = self;
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    bool is;
    KM_TRY(km_query(&st, c, "provision_is", f));
    km_bind_int(st, 1, w->number);
    KM_TRY(km_step(&is, st, f));
    km_reset(st);
    if (!is)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    for (size_t i = 0; i < w->shares; i++)
        KM_TRY(put_share(c, w->number, &w->share[i], f));
    if (w->items.n == 0)
        return KM_OK;
    KM_TRY(km_query(&st, c, "provision_items", f));
    km_bind_int(st, 1, w->number);
    km_bind_text(st, 2, w->items);
    return km_run(st, NULL, f);
}

km_code km_provision_complete(km_log *l, int64_t number, const km_provision_share *share,
                              size_t shares, km_str items, km_call *call)
{
    enum { PORTION = 500 }; /* everybody who writes waits for a work */
    size_t done = 0;
    do {
        size_t some = shares - done < PORTION ? shares - done : PORTION;
        completing w = { number, share + done, some, KM_STR_NONE };
        done += some;
        if (done == shares)
            w.items = items;
        KM_TRY(km_log_work(l, complete, &w, call->fault));
    } while (done < shares);
    return KM_OK;
}

/* --- purging --- */

typedef struct purging {
    km_ms now;
    int64_t gone;
} purging;

static km_code purge_some(void *self, km_txn *t, km_fault *f)
{
    enum { ROOM = 200 };
    static const char *const drops[] = { "provision_drop_shares", "provision_drop" };
    purging *p = self;
    int64_t number[ROOM];
    size_t n = 0;
    km_stmt *st;
    p->gone = 0;
    KM_TRY(km_query(&st, km_txn_conn(t), "provision_old", f));
    km_bind_int(st, 1, p->now);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        if (n < ROOM)
            number[n++] = km_col_int(st, 0);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 2; k++) {
            KM_TRY(km_query(&st, km_txn_conn(t), drops[k], f));
            km_bind_int(st, 1, number[i]);
            KM_TRY(km_run(st, NULL, f));
        }
    p->gone = (int64_t)n;
    return KM_OK;
}

km_code km_provision_purge(int64_t *gone, km_log *l, km_call *call)
{
    purging p = { km_call_now(call), 0 };
    *gone = 0;
    do {
        KM_TRY(km_log_work(l, purge_some, &p, call->fault));
        *gone += p.gone;
    } while (p.gone > 0);
    return KM_OK;
}

/* --- reading --- */

static void read_row(km_provision_seen *out, km_stmt *st, km_arena *a)
{
    km_str text[11];
    for (int i = 0; i < 11; i++)
        text[i] = km_arena_copy(a, km_col_text(st, 2 + i));
    *out = (km_provision_seen){ .number = km_col_int(st, 0),
                                .p = { .way = (km_provision_way)km_col_int(st, 1),
                                       .channel = text[0],
                                       .party = text[1],
                                       .party_name = text[2],
                                       .country = text[3],
                                       .basis = text[4],
                                       .scheme = text[5],
                                       .purpose = text[6],
                                       .items = text[7],
                                       .obtained = text[8],
                                       .consent = text[9],
                                       .by = text[10] },
                                .at = km_col_int(st, 13),
                                .kept_until = km_col_int(st, 14),
                                .records = km_col_int(st, 15),
                                .charts = km_col_int(st, 16) };
}

static km_code read_rows(km_provision_seen *out, size_t *n, size_t room, km_stmt *st, km_call *call)
{
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n < room)
            read_row(&out[(*n)++], st, call->arena);
    }
}

static int newest_first(const void *a, const void *b)
{
    const km_provision_seen *x = a, *y = b;
    return (x->number < y->number) - (x->number > y->number);
}

/* Two charts of a person in one provision are one row. */
static size_t join(km_provision_seen *seen, size_t n)
{
    size_t kept = 0;
    qsort(seen, n, sizeof *seen, newest_first);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && seen[kept - 1].number == seen[i].number)
            seen[kept - 1].records += seen[i].records;
        else
            seen[kept++] = seen[i];
    }
    return kept;
}

km_code km_provisions_of(km_provision_seen *out, size_t *n, size_t room, km_reader *r,
                         const int64_t *chart, size_t charts, int64_t before)
{
    km_call *call = km_reader_call(r);
    km_provision_seen *all = KM_NEW_ARRAY(call->arena, room * charts + 1, km_provision_seen);
    size_t found = 0;
    *n = 0;
    for (size_t i = 0; i < charts; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, km_reader_conn(r), "provisions_of", call->fault));
        km_bind_int(st, 1, chart[i]);
        km_bind_int(st, 2, before > 0 ? before : INT64_MAX);
        km_bind_int(st, 3, (int64_t)room);
        KM_TRY(read_rows(all, &found, room * charts, st, call));
    }
    found = join(all, found);
    *n = found < room ? found : room;
    if (*n > 0)
        memcpy(out, all, *n * sizeof *out);
    return KM_OK;
}

km_code km_provisions_all(km_provision_seen *out, size_t *n, size_t room, km_reader *r,
                          int64_t before)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "provisions_all", call->fault));
    km_bind_int(st, 1, before > 0 ? before : INT64_MAX);
    km_bind_int(st, 2, (int64_t)room);
    return read_rows(out, n, room, st, call);
}
