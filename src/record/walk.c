/* SPDX-License-Identifier: Apache-2.0
 *
 * walk: the log from its beginning: for exports and proofs. Read in portions, each on a
 * fresh snapshot, so that no long reader keeps the store from tidying up.
 */
#include "record/inside.h"

/* The next rows after `after`; their bytes are copied into the call's arena. */
km_code km_walk__portion(km_walked *out, size_t *n, km_reader *r, int64_t after)
{
    km_stmt *st;
    km_fault *f = r->call->fault;
    km_arena *a = r->call->arena;
    *n = 0;
    KM_TRY(km_query(&st, r->conn, "log_after", f));
    km_bind_int(st, 1, after);
    km_bind_int(st, 2, KM_WALK_PORTION);
    for (;;) {
        bool more;
        KM_TRY(km_step(&more, st, f));
        if (!more)
            return KM_OK;
        km_walked *one = &out[(*n)++];
        *one = (km_walked){ .known = !km_col_null(st, 11) };
        km_entry__read(&one->e, st);
        one->e.body = km_arena_copy(a, one->e.body);
        if (!one->known)
            continue;
        one->id = km_arena_copy(a, km_col_text(st, 11));
        one->newest = km_col_int(st, 12);
    }
}

static km_code visit_portion(km_reader *r, const km_walked *rows, size_t n, bool current_only,
                             km_log_visit visit, void *self)
{
    for (size_t i = 0; i < n; i++) {
        km_record *rec;
        const km_walked *one = &rows[i];
        if (!one->known || (current_only && one->newest != one->e.seq))
            continue;
        if (!km_access_covers_chart(r->access, one->e.chart)
            || (km_access_is_partial(r->access, (km_ftype)one->e.type)
                && !km_access_covers(r->access, one->e.chart, (km_ftype)one->e.type, one->e.rid)))
            continue;
        km_code rc = km_reader__open_entry(&rec, r, &one->e, one->id);
        if (rc == KM_ERASED) {
            km_fault_clear(r->call->fault);
            continue;
        }
        KM_TRY(rc);
        if (current_only && rec->deleted)
            continue;
        KM_TRY(visit(self, rec, r->call->fault));
    }
    return KM_OK;
}

km_code km_log_walk(km_log *l, km_access *a, int64_t after, bool current_only, km_log_visit visit,
                    void *self, km_call *call)
{
    km_arena *arena = call->arena;
    km_arena *portion = km_arena_new((size_t)1 << 30);
    km_walked *rows = KM_NEW_ARRAY(arena, KM_WALK_PORTION, km_walked);
    km_call inner = *call;
    km_code rc = KM_OK;
    inner.arena = portion;
    for (size_t n = KM_WALK_PORTION; n == KM_WALK_PORTION && rc == KM_OK;) {
        km_reader *r;
        km_arena_reset(portion);
        rc = km_reader_open(&r, l, a, &inner);
        if (rc != KM_OK)
            break;
        rc = km_walk__portion(rows, &n, r, after);
        if (rc == KM_OK)
            rc = visit_portion(r, rows, n, current_only, visit, self);
        if (n > 0)
            after = rows[n - 1].e.seq;
        km_reader_close(r);
    }
    km_arena_free(portion);
    return rc;
}
