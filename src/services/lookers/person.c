/* SPDX-License-Identifier: Apache-2.0
 *
 * person: whose entries are asked for, the page, the proofs, and the trace of the reading.
 */
#include "services/lookers/lookers.h"

/* Whom a caller means who names nobody: themselves, or the one for whom they stand. */
static km_str implied(const km_request *r)
{
    const km_who *who = ((const km_caller *)r->call.caller)->who;
    if (who == NULL)
        return KM_STR_NONE;
    return who->person.n > 0 ? who->person : who->wards == 1 ? who->ward[0] : KM_STR_NONE;
}

static km_code find_person(km_looked_at *p)
{
    km_request *r = p->r;
    int64_t chart, rid;
    km_str id, named = km_request_query(r, "person"), own = implied(r);
    if (named.n > 0)
        return km_str_to_i64(&p->person, named) ? KM_OK
                                                : km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    if (own.n == 0)
        return km_fail(r->call.fault, KM_REQUIRED, "person", "whose record?");
    (void)km_str_cut(own, '/', &id);
    KM_TRY(km_reader_locate(&chart, &rid, p->reader, km_fhir_type_named(KM_STR("Patient")), id, 0));
    return km_person_of_chart(&p->person, p->reader, chart);
}

km_code km_lookers__open(km_looked_at *out, km_request *r, const km_policy *policy)
{
    km_access *access;
    km_node *n = km_request_node(r);
    *out = (km_looked_at){ .r = r };
    KM_TRY(km_trust_access(&access, n->trust, policy, &r->call));
    KM_TRY(km_reader_open(&out->reader, n->log, access, &r->call));
    km_code rc = find_person(out);
    if (rc == KM_OK)
        rc = km_person_charts(&out->chart, &out->charts, out->reader, out->person);
    if (rc == KM_OK && out->charts == 0)
        rc = km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    if (rc != KM_OK)
        km_reader_close(out->reader);
    return rc;
}

km_code km_lookers__trace(const km_request *r, const int64_t *chart, size_t charts)
{
    km_call call = r->call;
    km_audit_entry e = { .kind = KM_AUDIT_AUDIT_READ, .chart = chart, .charts = charts };
    return km_trust_trace(km_request_node(r)->trust, &e, &call);
}

km_code km_lookers__page(km_audit_search *s, const km_request *r)
{
    int64_t limit = KM_LOOKERS_LIMIT;
    km_str before = km_request_query(r, "before"), most = km_request_query(r, "limit");
    if (before.n > 0 && (!km_str_to_i64(&s->before, before) || s->before < 1))
        return km_fail(r->call.fault, KM_BAD_VALUE, "before", "next of the page before");
    if (most.n > 0 && (!km_str_to_i64(&limit, most) || limit < 1 || limit > KM_LOOKERS_LIMIT_MAX))
        return km_fail(r->call.fault, KM_BAD_VALUE, "limit", "1 to %d", KM_LOOKERS_LIMIT_MAX);
    s->limit = (size_t)limit;
    return KM_OK;
}

km_code km_lookers__prove(km_audit_checkpoint *c, km_str *note, km_audit_path **path, km_request *r,
                          const km_audit_page *page)
{
    km_node *n = km_request_node(r);
    KM_TRY(km_audit_find_checkpoint(c, note, n->finder, &r->call));
    if (page->n > 0 && page->found[0].item.index >= c->size) {
        km_fault own = { 0 }; /* a signer that refuses now signs later; the page says so */
        if (km_audit_sign_now(n->audit, &own) == KM_OK)
            KM_TRY(km_audit_find_checkpoint(c, note, n->finder, &r->call));
    }
    return km_audit_prove_found(path, n->finder, page, c->size, &r->call);
}
