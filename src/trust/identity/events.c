/* SPDX-License-Identifier: Apache-2.0
 *
 * events: what holders of identifiers are told, and what they answer. Bodies lie sealed in the
 * database and are encrypted to the holder when it asks for them (its key may have changed since).
 */
#include <assert.h>
#include <endian.h>

#include "trust/identity/inside.h"

enum { HOLDERS = 4096, LISTED = 10000 };

static km_id_place event_at(char room[8], int64_t number)
{
    uint64_t be = htobe64((uint64_t)number);
    memcpy(room, &be, 8);
    return (km_id_place){ "id_event", "sealed", { room, 8 } };
}

typedef struct event_row {
    int64_t holder, domain;
    const char *kind;
    km_str body;
    bool needs_answer;
} event_row;

static km_code put(km_persons *p, km_conn *c, const event_row *e, km_arena *a, km_fault *f)
{
    km_stmt *st;
    int64_t number;
    char room[8];
    KM_TRY(km_id__next(&number, c, "id_event_last", f));
    km_str sealed = km_id__seal_in(a, p, KM_ID_EVENT, event_at(room, number), e->body);
    KM_TRY(km_query(&st, c, "id_event_put", f));
    km_bind_int(st, 1, number);
    km_bind_int(st, 2, e->domain);
    km_bind_int(st, 3, e->holder);
    km_bind_text(st, 4, km_str_of(e->kind));
    km_bind_int(st, 5, km_id__now(p));
    km_bind_blob(st, 6, sealed.p, sealed.n);
    km_bind_int(st, 7, e->needs_answer);
    int64_t changed;
    return km_run(st, &changed, f);
}

static void token_member(km_jw *w, const char *name, km_domain d, uint32_t kv, const km_pid *pid)
{
    if (pid == NULL)
        return;
    d.kv = kv;
    km_jw_member_z(w, name, km_identity_token(&d, pid).v);
}

static km_str body_of(km_arena *a, const km_id_news *n, km_domain d, bool suspected)
{
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_jw_open(&w, '{');
    token_member(&w, "old", d, n->old_kv, n->old);
    if (!suspected) {
        token_member(&w, "new", d, n->kv, n->fresh);
        if (n->reason != NULL)
            km_jw_member_z(&w, "reason", n->reason);
        if (n->until != 0)
            km_jw_member_int(&w, "bothUntil", n->until);
        if (n->records > 0) {
            km_jw_key(&w, "records");
            km_jw_open(&w, '[');
            for (size_t i = 0; i < n->records; i++)
                km_jw_str(&w, n->record[i]);
            km_jw_close(&w, ']');
        }
    }
    km_jw_close(&w, '}');
    return km_buf_str(&out);
}

typedef struct told {
    int64_t number;
    unsigned flags;
} told;

static km_code holders_of(told *out, size_t *n, km_conn *c, uint16_t domain, km_fault *f)
{
    km_stmt *st;
    bool row = true;
    *n = 0;
    KM_TRY(km_query(&st, c, "id_holder_all", f));
    km_bind_int(st, 1, domain);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && *n == HOLDERS) {
            km_reset(st);
            return km_fail(f, KM_TOO_COSTLY, "domain", "more than %d holders", HOLDERS);
        }
        if (row)
            out[(*n)++] = (told){ km_col_int(st, 0), (unsigned)km_col_int(st, 3) };
    }
    return KM_OK;
}

km_code km_id__tell(km_persons *p, km_conn *c, const km_id_news *news, km_fault *f)
{
    km_arena *a = km_arena_new((size_t)8 << 20);
    told *h = KM_NEW_ARRAY(a, HOLDERS, told);
    km_domain_row d;
    size_t n = 0;
    km_code rc = km_id__domain_coded(&d, p, news->domain, f);
    if (rc == KM_OK)
        rc = holders_of(h, &n, c, news->domain, f);
    for (size_t i = 0; i < n && rc == KM_OK; i++) {
        km_arena_mark here = km_arena_here(a);
        bool suspected = (h[i].flags & KM_HOLDER_SUSPECTED) != 0;
        event_row e = { h[i].number, news->domain, news->kind,
                        body_of(a, news, d.domain, suspected), news->needs_answer };
        rc = put(p, c, &e, a, f);
        km_arena_back(a, here);
    }
    km_arena_free(a);
    return rc;
}

km_code km_id__note(km_persons *p, km_conn *c, const char *kind, km_str json, km_fault *f)
{
    km_arena *a = km_arena_new(1 << 16);
    event_row e = { 0, 0, kind, json, false };
    km_code rc = put(p, c, &e, a, f);
    km_arena_free(a);
    return rc;
}

/* --- reading --- */

typedef struct reading {
    km_persons *p;
    const km_holder *h;
    int64_t after;
    size_t room, n;
    km_id_event *out;
    km_arena *a;
} reading;

static km_code read_one(reading *r, km_stmt *st, km_fault *f)
{
    char room[8];
    km_domain_row d;
    km_id_event *e = &r->out[r->n++];
    km_str sealed = km_col_blob(st, 4);
    if (sealed.n < KM_ID_SEAL_EXTRA)
        return km_fail(f, KM_TAMPERED, "identity", "an event");
    size_t n = sealed.n - KM_ID_SEAL_EXTRA;
    unsigned char *body = km_arena_alloc(r->a, n + 1);
    *e = (km_id_event){ .number = km_col_int(st, 0),
                        .kind = km_arena_copy(r->a, km_col_text(st, 2)),
                        .at = km_col_int(st, 3),
                        .needs_answer = km_col_int(st, 5) != 0,
                        .body = { (char *)body, n } };
    KM_TRY(km_id__domain_coded(&d, r->p, (uint16_t)km_col_int(st, 1), f));
    e->domain = d.domain.uri;
    return km_id__open(body, n, r->p, KM_ID_EVENT, event_at(room, e->number), sealed, f);
}

static km_code read_events(void *self, km_conn *c, km_fault *f)
{
    reading *r = self;
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "id_event_after", f));
    km_bind_int(st, 1, r->h->number);
    km_bind_int(st, 2, r->after);
    km_bind_int(st, 3, (int64_t)r->room);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        km_code rc = row ? read_one(r, st, f) : KM_OK;
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
    }
    return KM_OK;
}

km_code km_persons_events(km_id_event **out, size_t *n, km_persons *p, const km_holder *h,
                          int64_t after, size_t room, km_call *call)
{
    reading r = { .p = p, .h = h, .after = after, .room = room, .a = call->arena };
    r.out = KM_NEW_ARRAY(call->arena, room + 1, km_id_event);
    KM_TRY(km_id__read(p, read_events, &r, call->fault));
    *out = r.out;
    *n = r.n;
    return KM_OK;
}

/* --- answers --- */

typedef struct answering {
    km_persons *p;
    int64_t holder, event;
} answering;

static km_code answer(void *self, km_txn *t, km_fault *f)
{
    answering *a = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "id_event_answer", f));
    km_bind_int(st, 1, a->event);
    km_bind_int(st, 2, a->holder);
    km_bind_int(st, 3, km_id__now(a->p));
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_persons_answer(km_persons *p, const km_holder *h, int64_t event, km_call *call)
{
    answering a = { p, h->number, event };
    return km_log_work(p->o.log, answer, &a, call->fault);
}

typedef struct waiting {
    km_persons *p;
    km_ms until;
    km_arena *a;
    km_id_open *out;
    size_t n;
} waiting;

static km_code list_open(void *self, km_conn *c, km_fault *f)
{
    waiting *w = self;
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "id_event_open", f));
    km_bind_int(st, 1, w->until);
    km_bind_int(st, 2, LISTED);
    while (row) {
        km_domain_row d = { 0 };
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        if (km_id__domain_coded(&d, w->p, (uint16_t)km_col_int(st, 2), NULL) != KM_OK)
            continue;
        w->out[w->n++] = (km_id_open){ km_col_int(st, 0), km_arena_copy(w->a, km_col_text(st, 1)),
                                       d.domain.uri, km_arena_copy(w->a, km_col_text(st, 3)),
                                       km_col_int(st, 4) };
    }
    return KM_OK;
}

km_code km_persons_open_answers(km_id_open **out, size_t *n, km_persons *p, km_ms until,
                                km_call *call)
{
    waiting w = { .p = p, .until = until, .a = call->arena };
    w.out = KM_NEW_ARRAY(call->arena, LISTED, km_id_open);
    KM_TRY(km_id__read(p, list_open, &w, call->fault));
    *out = w.out;
    *n = w.n;
    return KM_OK;
}
