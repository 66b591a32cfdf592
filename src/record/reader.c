/* SPDX-License-Identifier: Apache-2.0
 *
 * reader: reading records under an access. What the access does not cover is passed over as if it
 * were not there, before its body is opened.
 */
#include "record/inside.h"

#include <assert.h>

/* The first read of a call stands alone and needs no transaction; from the second on, and as soon
 * as a view asks, the reader holds one snapshot. */
static km_code enter(km_reader *r)
{
    assert(r->access != NULL);
    if (r->begun || r->reads++ == 0)
        return KM_OK;
    KM_TRY(km_begin(r->conn, r->call->fault));
    r->begun = true;
    return KM_OK;
}

km_code km_reader_open(km_reader **out, km_log *l, km_access *a, km_call *call)
{
    assert(a != NULL);
    km_reader *r = KM_NEW(call->arena, km_reader);
    r->log = l;
    r->access = a;
    r->call = call;
    KM_TRY(km_store_reader(&r->conn, l->o.store, call->fault));
    r->sealing = km_sealing__take(l);
    km_access_bind(a, r);
    *out = r;
    return KM_OK;
}

void km_reader_close(km_reader *r)
{
    if (r == NULL || r->writers || r->conn == NULL)
        return;
    if (r->begun)
        km_rollback(r->conn);
    km_sealing__give(r->log, r->sealing);
    km_store_return(r->conn);
    r->conn = NULL;
}

km_conn *km_reader_conn(km_reader *r)
{
    if (!r->begun && km_begin(r->conn, r->call->fault) == KM_OK)
        r->begun = true;
    if (r->txn != NULL)
        (void)km_plan__flush(r->txn, r->call->fault);
    return r->conn;
}

km_access *km_reader_access(km_reader *r)
{
    return r->access;
}

km_call *km_reader_call(km_reader *r)
{
    return r->call;
}

km_log *km_reader_log(km_reader *r)
{
    return r->log;
}

km_reader *km_txn_reader(km_txn *t)
{
    return t->reader;
}

static bool covered(const km_reader *r, const km_entry *e)
{
    /* The writer itself reads old versions to take their rows back, before any caller's eyes. */
    return r->access == NULL
           || (km_access_covers_chart(r->access, e->chart)
               && (!km_access_is_partial(r->access, (km_ftype)e->type)
                   || km_access_covers(r->access, e->chart, (km_ftype)e->type, e->rid)));
}

km_code km_reader__open_entry(km_record **out, km_reader *r, const km_entry *e, km_str id)
{
    km_arena *a = r->call->arena;
    km_record *rec = KM_NEW(a, km_record);
    *rec = (km_record){ .seq = e->seq,
                        .chart = e->chart,
                        .rid = e->rid,
                        .version = (int32_t)e->version,
                        .type = (km_ftype)e->type,
                        .source = (int32_t)e->source,
                        .deleted = e->op == KM_OP_DELETE,
                        .put = e->op == KM_OP_UPDATE,
                        .at = e->at,
                        .id = km_arena_copy(a, id) };
    *out = rec;
    if (rec->deleted)
        return KM_OK;
    unsigned char key[KM_KEY_LEN];
    /* The body is borrowed from the statement; opening the key uses another statement. */
    KM_TRY(km_seal__key(key, r->log, r->conn, r->sealing, e->chart, r->call->fault));
    km_seal_place at = { e->chart, rec->type, rec->id, rec->version };
    return km_seal__open(&rec->stored, r->sealing, a, key, &at, e->body, r->call->fault);
}

/* Runs a log_ query to its first covered row that `accept` takes (NULL: any). */
static km_code first_row(km_record **out, km_reader *r, km_stmt *st, int32_t source)
{
    km_fault *f = r->call->fault;
    *out = NULL;
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        km_entry e;
        km_entry__read(&e, st);
        bool own = source > 0 && e.source == source;
        if (!covered(r, &e) || (*out != NULL && !own))
            continue;
        km_code rc = km_reader__open_entry(out, r, &e, km_col_text(st, 11));
        if (rc != KM_OK || own || source <= 0) {
            km_reset(st);
            return rc;
        }
    }
    if (*out != NULL)
        return KM_OK;
    if (r->access != NULL)
        KM_TRY(km_access_failed(r->access, f));
    return km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_reader_find(km_record **out, km_reader *r, km_ftype type, km_str id, int32_t source)
{
    km_stmt *st;
    KM_TRY(enter(r));
    KM_TRY(km_query(&st, r->conn, "claim_read", r->call->fault));
    km_bind_int(st, 1, type);
    km_bind_text(st, 2, id);
    return first_row(out, r, st, source);
}

km_code km_reader_locate(int64_t *chart, int64_t *rid, km_reader *r, km_ftype type, km_str id,
                         int32_t source)
{
    km_stmt *st;
    km_fault *f = r->call->fault;
    bool found = false;
    KM_TRY(enter(r));
    KM_TRY(km_query(&st, r->conn, "claim_find", f));
    km_bind_int(st, 1, type);
    km_bind_text(st, 2, id);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        km_entry e = { .chart = km_col_int(st, 0),
                       .rid = km_col_int(st, 1),
                       .source = km_col_int(st, 2),
                       .type = type };
        bool own = source > 0 && e.source == source;
        if (!covered(r, &e) || (found && !own))
            continue;
        *chart = e.chart;
        *rid = e.rid;
        found = true;
        if (own) {
            km_reset(st);
            break;
        }
    }
    return found ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

static km_code one_by(km_record **out, km_reader *r, const char *query, int64_t key)
{
    km_stmt *st;
    KM_TRY(r->access == NULL ? KM_OK : enter(r));
    KM_TRY(km_query(&st, r->conn, query, r->call->fault));
    km_bind_int(st, 1, key);
    return first_row(out, r, st, 0);
}

km_code km_reader_peek(km_record **out, km_reader *r, int64_t rid)
{
    km_access *access = r->access;
    r->access = NULL; /* the record's own eyes */
    km_code rc = one_by(out, r, "resource_peek", rid);
    r->access = access;
    return rc;
}

km_code km_reader_by_rid(km_record **out, km_reader *r, int64_t rid)
{
    return one_by(out, r, "resource_read", rid);
}

km_code km_reader_by_seq(km_record **out, km_reader *r, int64_t seq)
{
    return one_by(out, r, "log_by_seq", seq);
}

/* --- histories: chains of prev and type_prev --- */

typedef struct step {
    km_entry e;
    km_record *record; /* when it is wanted and may be seen */
} step;

static bool wanted(const km_reader *r, const km_history *h, const km_entry *e)
{
    return covered(r, e) && (h->until == 0 || e->at <= h->until)
           && (h->chart < 0 || h->chart == e->chart);
}

/* h NULL: the entry alone. */
static km_code entry_at(step *out, km_reader *r, const char *query, int64_t key,
                        const km_history *h)
{
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    *out = (step){ 0 };
    KM_TRY(km_query(&st, r->conn, query, f));
    km_bind_int(st, 1, key);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return KM_OK;
    km_entry__read(&out->e, st);
    km_code rc = KM_OK;
    if (h != NULL && wanted(r, h, &out->e)) {
        rc = km_reader__open_entry(&out->record, r, &out->e, km_col_text(st, 11));
        if (rc == KM_OK && !km_access_covers_version(r->access, out->record))
            out->record = NULL;
        if (rc == KM_ERASED) { /* an erased chart's versions are not there any more */
            km_fault_clear(f);
            out->record = NULL;
            rc = KM_OK;
        }
    }
    km_reset(st);
    return rc;
}

static km_code version_at(km_record **out, km_reader *r, int64_t seq)
{
    KM_TRY(km_reader_by_seq(out, r, seq));
    return km_access_covers_version(r->access, *out)
               ? KM_OK
               : km_fail(r->call->fault, KM_NOT_FOUND, NULL, NULL);
}

km_code km_reader_version(km_record **out, km_reader *r, km_ftype type, km_str id, int32_t source,
                          int32_t version)
{
    km_record *current;
    KM_TRY(km_reader_find(&current, r, type, id, source));
    if (current->version == version) {
        *out = current;
        return KM_OK;
    }
    KM_TRY(enter(r));
    for (int64_t seq = current->seq; seq > 0;) {
        step s;
        KM_TRY(entry_at(&s, r, "log_by_seq", seq, NULL));
        if (s.e.seq == 0 || s.e.version < version)
            break;
        if (s.e.version == version)
            return version_at(out, r, seq);
        seq = s.e.prev;
    }
    return km_fail(r->call->fault, KM_NOT_FOUND, NULL, NULL);
}

/* Where the chain goes on from an entry. */
static int64_t older(const km_history *h, const km_entry *e)
{
    return h->rid > 0 ? e->prev : h->type > 0 ? e->type_prev : e->seq - 1;
}

static km_code newest(int64_t *seq, km_reader *r, const km_history *h)
{
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    const char *query = h->rid > 0 ? "resource_seq" : h->type > 0 ? "type_head_get" : "log_last";
    *seq = 0;
    KM_TRY(km_query(&st, r->conn, query, f));
    if (h->rid > 0 || h->type > 0)
        km_bind_int(st, 1, h->rid > 0 ? h->rid : h->type);
    KM_TRY(km_step(&row, st, f));
    if (row) {
        *seq = km_col_int(st, 0);
        km_reset(st);
    }
    return KM_OK;
}

/* `before` was handed out by an earlier page; its chart may have been erased since, then its place
 * in the log still says where the chain goes on. One that is of another chain leads nowhere. */
static km_code history_start(int64_t *seq, km_reader *r, const km_history *h)
{
    step s;
    if (h->before <= 0)
        return newest(seq, r, h);
    if (h->rid <= 0 && h->type <= 0) {
        *seq = h->before - 1;
        return KM_OK;
    }
    KM_TRY(entry_at(&s, r, "log_bare", h->before, NULL));
    bool same = s.e.seq > 0 && (h->rid > 0 ? s.e.rid == h->rid : s.e.type == h->type);
    *seq = same ? older(h, &s.e) : 0;
    return KM_OK;
}

/* Versions of an erased chart keep their place in the log alone. */
static km_code next_step(step *out, km_reader *r, const km_history *h, int64_t seq)
{
    KM_TRY(entry_at(out, r, "log_by_seq", seq, h));
    return out->e.seq > 0 ? KM_OK : entry_at(out, r, "log_bare", seq, NULL);
}

km_code km_reader_history(km_record **out, size_t *n, size_t room, km_reader *r,
                          const km_history *h)
{
    int64_t seq;
    *n = 0;
    KM_TRY(enter(r));
    KM_TRY(enter(r));
    KM_TRY(history_start(&seq, r, h));
    while (seq > 0 && *n < room) {
        step s;
        KM_TRY(next_step(&s, r, h, seq));
        if (s.e.seq == 0 || s.e.at < h->since)
            break;
        if (s.record != NULL)
            out[(*n)++] = s.record;
        if (km_arena_over(r->call->arena))
            return km_fail(r->call->fault, KM_TOO_COSTLY, NULL, "ask for fewer versions");
        seq = older(h, &s.e);
    }
    return KM_OK;
}

/* --- charts and sources --- */

km_code km_reader__patient(km_str *out, km_reader *r, int64_t chart)
{
    km_stmt *st;
    bool row;
    *out = KM_STR_NONE;
    if (chart == KM_CHART_NONE)
        return KM_OK;
    KM_TRY(km_query(&st, r->conn, "chart_get", r->call->fault));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, r->call->fault));
    if (!row)
        return km_fail(r->call->fault, KM_TAMPERED, NULL, "a chart is missing");
    *out = km_arena_copy(r->call->arena, km_col_text(st, 1));
    km_reset(st);
    return KM_OK;
}

km_code km_reader_peek_chart(km_chart *out, km_reader *r, int64_t chart)
{
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    KM_TRY(km_query(&st, r->conn, "chart_peek", f));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    *out = (km_chart){ .number = chart,
                       .source = (int32_t)km_col_int(st, 0),
                       .patient = km_arena_copy(r->call->arena, km_col_text(st, 1)),
                       .erased = km_col_null(st, 2) };
    km_reset(st);
    return KM_OK;
}

km_code km_reader_chart(km_chart *out, km_reader *r, int64_t chart)
{
    if (!km_access_covers_chart(r->access, chart))
        return km_fail(r->call->fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(enter(r));
    return km_reader_peek_chart(out, r, chart);
}

/* Two hospitals may both have a Patient/1: without one of `source`'s own, an id that several have
 * names nobody. */
static km_code patient_claim(int64_t *chart, int64_t *rid, km_reader *r, km_str id, int32_t source)
{
    km_stmt *st;
    size_t found = 0;
    bool own = false;
    km_fault *f = r->call->fault;
    KM_TRY(km_query(&st, r->conn, "claim_peek", f));
    km_bind_int(st, 1, km_fhir_type_named(KM_STR("Patient")));
    km_bind_text(st, 2, id);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return own || found == 1 ? KM_OK : KM_NOT_FOUND;
        found++;
        if (own)
            continue;
        own = km_col_int(st, 2) == source;
        *chart = km_col_int(st, 0);
        *rid = km_col_int(st, 1);
    }
}

km_code km_reader_peek_patient(int64_t *chart, km_reader *r, km_str id, int32_t source)
{
    int64_t rid;
    return patient_claim(chart, &rid, r, id, source);
}

km_code km_reader_peek_chart_patient(km_record **out, km_reader *r, int64_t chart)
{
    km_chart c;
    int64_t found = 0, rid;
    KM_TRY(km_reader_peek_chart(&c, r, chart));
    if (patient_claim(&found, &rid, r, c.patient, c.source) != KM_OK || found != chart)
        return km_fail(r->call->fault, KM_NOT_FOUND, NULL, NULL);
    return km_reader_peek(out, r, rid);
}

km_code km_reader_chart_of(int64_t *chart, km_reader *r, int32_t source, km_str patient)
{
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    KM_TRY(enter(r));
    KM_TRY(km_query(&st, r->conn, "chart_by_patient", f));
    km_bind_int(st, 1, source);
    km_bind_text(st, 2, patient);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    *chart = km_col_int(st, 0);
    km_reset(st);
    return km_access_covers_chart(r->access, *chart) ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_reader_source(km_source *out, km_reader *r, int32_t number)
{
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    KM_TRY(enter(r));
    KM_TRY(km_query(&st, r->conn, "source_by_number", f));
    km_bind_int(st, 1, number);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    *out = (km_source){ number, km_arena_copy(r->call->arena, km_col_text(st, 0)),
                        km_arena_copy(r->call->arena, km_col_text(st, 1)) };
    km_reset(st);
    return KM_OK;
}
