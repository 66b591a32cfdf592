/* SPDX-License-Identifier: Apache-2.0
 *
 * provision: whose records somebody let an app have is on record (trust/provision.h): what they
 * allowed is the consent that it rests on.
 */
#include "services/oauth/oauth.h"
#include "trust/provision.h"

/* No chart (0) where nobody's records in particular were allowed, as to a clinician's app. */
static km_code chart_of(int64_t *out, km_request *r, km_str patient)
{
    km_reader *reader;
    int64_t rid;
    km_node *n = km_request_node(r);
    km_call *call = &r->call;
    km_str id, type = km_str_cut(patient, '/', &id);
    *out = KM_CHART_NONE;
    if (!km_str_is(type, "Patient") || !km_fhir_is_id(id))
        return KM_OK;
    KM_TRY(km_reader_open(&reader, n->log, km_trust_job_access("export", call->arena), call));
    km_code rc = km_reader_locate(out, &rid, reader, km_fhir_type_named(type), id, n->local_source);
    km_reader_close(reader);
    if (rc != KM_NOT_FOUND)
        return rc;
    km_fault_clear(call->fault);
    *out = KM_CHART_NONE;
    return KM_OK;
}

km_code km_oauth__provide(km_request *r, const km_allowed *a, km_str client_name)
{
    int64_t number, chart;
    km_str patient = a->patient.n > 0 ? a->patient : a->who.person;
    km_provision_share share = { .records = 0 };
    km_provision p = { .way = KM_PROVIDED,
                       .channel = KM_STR("app"),
                       .party = a->client,
                       .party_name = client_name,
                       .country = a->who.country,
                       .basis = KM_STR("consent"),
                       .purpose = km_str_of(km_purpose_name(a->who.purpose)),
                       .items = a->scope,
                       .consent = km_arena_print(r->call.arena, "authorisation/%.*s",
                                                 KM_STR_ARG(a->sid)),
                       .by = a->who.name };
    KM_TRY(chart_of(&chart, r, patient));
    share.chart = chart;
    return km_provision_write(&number, km_request_node(r)->log, &p, NULL, &share, 1, &r->call);
}
