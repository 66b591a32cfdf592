/* SPDX-License-Identifier: Apache-2.0
 *
 * refer: where references lead, and who refers. "Practitioner/1" means the record of that name of
 * the source that wrote it, else the first of all sources that the access covers (decision 19).
 */
#include "view/index/inside.h"

km_code km_run__target(km_spot *spot, km_seeking *run, km_ftype type, km_str id, int32_t source)
{
    km_fault *f = run->call->fault;
    km_stmt *st;
    bool row;
    km_code rc = km_reader_locate(&spot->chart, &spot->rid, run->r, type, id, source);
    if (rc == KM_NOT_FOUND) {
        km_fault_clear(f);
        spot->rid = 0;
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_query(&st, run->conn, "spot_of", f));
    km_bind_int(st, 1, spot->rid);
    KM_TRY(km_step(&row, st, f));
    if (!row || km_col_int(st, 4) != 0)
        spot->rid = 0;
    km_reset(st);
    return KM_OK;
}

/* --- who refers --- */

static km_code claims_of(size_t *n, km_seeking *run, km_ftype type, km_str id)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    *n = 0;
    KM_TRY(km_query(&st, run->conn, "claim_find", f));
    km_bind_int(st, 1, type);
    km_bind_text(st, 2, id);
    for (;; ++*n) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
    }
}

static km_code source_of(int32_t *source, km_seeking *run, int64_t rid)
{
    km_stmt *st;
    bool row;
    km_fault *f = run->call->fault;
    KM_TRY(km_query(&st, run->conn, "source_of", f));
    km_bind_int(st, 1, rid);
    KM_TRY(km_step(&row, st, f));
    *source = row ? (int32_t)km_col_int(st, 0) : 0;
    km_reset(st);
    return KM_OK;
}

/* Where several sources have the name, each referrer means one of them. */
static km_code keep_who_means(km_spots *s, km_seeking *run, int64_t target, km_ftype type,
                              km_str id)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        int32_t source;
        km_spot meant;
        KM_TRY(km_run__in_time(run));
        KM_TRY(source_of(&source, run, s->s[i].rid));
        KM_TRY(km_run__target(&meant, run, type, id, source));
        if (meant.rid == target)
            s->s[n++] = s->s[i];
    }
    s->n = n;
    return KM_OK;
}

km_code km_run__referring(km_spots *out, km_seeking *run, const km_param *p, km_spot target,
                          km_ftype target_type, km_str target_id)
{
    km_key key;
    size_t namesakes;
    km_spots by_name = { 0 };
    km_arena *a = run->call->arena;
    km_str text = km_arena_print(a, "%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(target_type)),
                                 KM_STR_ARG(target_id));
    km_key_reference(&key, run->key, text);
    km_range r = { .param = p->index_number, .low = key, .high = key };
    KM_TRY(km_hits_ids(&by_name, run->conn, &r, NULL, NULL, a, run->call->fault));
    if (by_name.n > 0) {
        KM_TRY(claims_of(&namesakes, run, target_type, target_id));
        if (namesakes > 1)
            KM_TRY(keep_who_means(&by_name, run, target.rid, target_type, target_id));
    }
    for (size_t i = 0; i < by_name.n; i++)
        km_spots_add(out, a, by_name.s[i]);
    if (p->own_patient && km_str_is(km_fhir_type_name(target_type), "Patient"))
        KM_TRY(km_kinds__of_chart(out, run, target.chart, p));
    return KM_OK;
}
