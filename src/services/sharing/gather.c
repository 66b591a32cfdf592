/* SPDX-License-Identifier: Apache-2.0
 *
 * gather: a person's records over the charts that the access covers, newest day first.
 */
#include "services/sharing/sharing.h"

enum { SHOWN_MAX = 20000 };

km_code km_seen__open(km_person_seen *out, km_request *r)
{
    km_access *access;
    *out = (km_person_seen){ .r = r };
    if (!km_str_to_i64(&out->person, km_request_var(r, "person")))
        return km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(km_trust_access(&access, km_request_node(r)->trust, &km_sharing__policy, &r->call));
    KM_TRY(km_reader_open(&out->reader, km_request_node(r)->log, access, &r->call));
    km_code rc = km_person_charts(&out->chart, &out->charts, out->reader, out->person);
    if (rc == KM_OK && out->charts == 0)
        rc = km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    if (rc != KM_OK)
        km_reader_close(out->reader);
    return rc;
}

static km_code take(km_person_seen *p, const km_dated *d)
{
    km_item_seen *one = &p->item[p->n];
    km_code rc = km_reader_by_rid(&one->record, p->reader, d->rid);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
        km_fault_clear(p->r->call.fault);
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_record_json(&one->body, one->record, &p->r->call));
    one->kind = km_kind_of(one->body, d->type);
    one->day = d->day;
    one->source = one->record->source;
    p->n += one->kind != KM_KIND_NONE;
    return km_arena_over(p->r->call.arena)
               ? km_fail(p->r->call.fault, KM_TOO_COSTLY, NULL, "ask for fewer days")
               : KM_OK;
}

km_code km_seen__gather(km_person_seen *p, int64_t from, int64_t to, bool undated)
{
    km_dated *dated;
    size_t n;
    km_arena *a = p->r->call.arena;
    KM_TRY(km_index_charts(&dated, &n, p->reader, p->chart, p->charts, NULL, from, to, undated));
    if (n > SHOWN_MAX)
        return km_fail(p->r->call.fault, KM_TOO_COSTLY, NULL, "ask for fewer days");
    p->item = KM_NEW_ARRAY(a, n + 1, km_item_seen);
    for (size_t i = 0; i < n; i++)
        KM_TRY(take(p, &dated[i]));
    km_record **shown = KM_NEW_ARRAY(a, p->n + 1, km_record *);
    for (size_t i = 0; i < p->n; i++)
        shown[i] = p->item[i].record;
    return km_access_release(km_reader_access(p->reader), shown, p->n, p->r->call.fault);
}
