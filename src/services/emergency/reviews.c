/* SPDX-License-Identifier: Apache-2.0
 *
 * reviews: the queue of broken glasses that nobody has looked at yet, the alarm, the verdicts; and
 * the tables of sites and of who agreed beforehand.
 */
#include "services/emergency/emergency.h"

enum { REVIEWS_MOST = 200 };

/* --- the queue --- */

static void print_one(km_jw *w, const km_review *v, km_ms now)
{
    km_jw_open(w, '{');
    km_jw_member_int(w, "number", v->grant.number);
    km_emergency__member_time(w, "due", v->due);
    km_jw_member_bool(w, "overdue", v->verdict.n == 0 && now > v->due);
    km_jw_member(w, "verdict", v->verdict);
    km_jw_member(w, "words", v->words);
    km_jw_member(w, "by", v->by);
    km_emergency__member_time(w, "at", v->at);
    km_jw_key(w, "grant");
    km_emergency__print_grant(w, &v->grant, now);
    km_jw_close(w, '}');
}

static km_code list(km_buf *json, km_reader *reader, bool done)
{
    size_t n;
    int64_t open, overdue;
    km_call *call = km_reader_call(reader);
    km_ms now = km_call_now(call);
    km_review *all = KM_NEW_ARRAY(call->arena, REVIEWS_MOST, km_review);
    km_jw w = km_jw_on(json);
    KM_TRY(km_trust_reviews(all, &n, REVIEWS_MOST, reader, done));
    KM_TRY(km_trust_review_figures(&open, &overdue, km_reader_conn(reader), now, call->fault));
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "open", open);
    km_jw_member_int(&w, "overdue", overdue);
    km_jw_member_bool(&w, "alarm", overdue > 0);
    km_jw_key(&w, "reviews");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        print_one(&w, &all[i], now);
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_emergency__reviews(km_request *r, km_reply *out)
{
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    bool done = km_str_is(km_request_query(r, "done"), "true");
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = list(&json, reader, done);
    km_reader_close(reader);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}

km_code km_emergency__judge(km_request *r, km_reply *out)
{
    int64_t number;
    km_str verdict = KM_STR_NONE, words = KM_STR_NONE;
    const km_member members[] = { { "verdict", &verdict, true },
                                  { "words", &words, false },
                                  { 0 } };
    km_node *node = km_request_node(r);
    KM_TRY(km_emergency__number(&number, r, "grant"));
    KM_TRY(km_emergency__body(r, members));
    km_audit_entry e = { .kind = KM_AUDIT_CASE,
                         .outcome = KM_STR("ok"),
                         .reason = km_str_is(verdict, "unjustified") ? KM_STR("unjustified")
                                                                     : KM_STR("justified"),
                         .flags = KM_AUDIT_EMERGENCY };
    KM_TRY(
        km_trust_review_judge(node->log, number, verdict, words, km_emergency__who(r), &r->call));
    KM_TRY(km_trust_trace(node->trust, &e, &r->call));
    out->status = 204;
    return KM_OK;
}

/* --- sites --- */

static km_code print_sites(km_buf *json, km_reader *reader)
{
    km_site *site;
    size_t n;
    km_jw w = km_jw_on(json);
    KM_TRY(km_trust_sites(&site, &n, reader));
    km_jw_open(&w, '{');
    km_jw_key(&w, "sites");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&w, '{');
        km_jw_member(&w, "organisation", site[i].organisation);
        km_jw_member(&w, "name", site[i].name);
        km_emergency__member_time(&w, "at", site[i].at);
        km_emergency__member_time(&w, "ended", site[i].ended);
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_emergency__sites(km_request *r, km_reply *out)
{
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = print_sites(&json, reader);
    km_reader_close(reader);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}

static km_code trace_site(km_request *r, const char *what)
{
    km_audit_entry e = { .kind = KM_AUDIT_CASE,
                         .outcome = KM_STR("ok"),
                         .reason = km_str_of(what) };
    return km_trust_trace(km_request_node(r)->trust, &e, &r->call);
}

km_code km_emergency__site_put(km_request *r, km_reply *out)
{
    km_str organisation = KM_STR_NONE, name = KM_STR_NONE;
    const km_member members[] = { { "organisation", &organisation, true },
                                  { "name", &name, true },
                                  { 0 } };
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(trace_site(r, "emergency-site"));
    KM_TRY(km_trust_site_put(km_request_node(r)->log, organisation, name, km_emergency__by(r),
                             &r->call));
    out->status = 204;
    return KM_OK;
}

km_code km_emergency__site_end(km_request *r, km_reply *out)
{
    km_str organisation = KM_STR_NONE;
    const km_member members[] = { { "organisation", &organisation, true }, { 0 } };
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(trace_site(r, "emergency-site-ended"));
    KM_TRY(km_trust_site_end(km_request_node(r)->log, organisation, km_emergency__by(r), &r->call));
    out->status = 204;
    return KM_OK;
}

/* --- agreed at registration --- */

const km_policy km_emergency__standing_policy = { "emergency.standing", KM_AUDIT_NONE };

/* The person's chart, and that the Consent they name is theirs and stands; the access leaves only
 * who may act for this person. */
static km_code find_standing(int64_t *chart, km_request *r, km_str patient, km_str consent)
{
    km_access *access;
    km_reader *reader;
    int64_t *charts, own, rid;
    size_t n;
    bool theirs = consent.n == 0;
    km_str id, type = km_str_cut(consent, '/', &id);
    km_node *node = km_request_node(r);
    KM_TRY(km_trust_access(&access, node->trust, &km_emergency__standing_policy, &r->call));
    KM_TRY(km_reader_open(&reader, node->log, access, &r->call));
    km_code rc = km_emergency__charts_of(&charts, &n, reader, patient);
    if (rc == KM_OK && !theirs) {
        rc = km_str_is(type, "Consent") && km_fhir_is_id(id)
                 ? km_reader_locate(&own, &rid, reader, km_fhir_type_named(type), id, 0)
                 : km_fail(r->call.fault, KM_BAD_VALUE, "consent", "Consent/ID");
        for (size_t i = 0; rc == KM_OK && i < n; i++)
            theirs |= charts[i] == own;
    }
    if (rc == KM_OK && (n == 0 || !theirs))
        rc = km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    if (rc == KM_OK)
        *chart = charts[0];
    km_reader_close(reader);
    return rc;
}

km_code km_emergency__standing_put(km_request *r, km_reply *out)
{
    int64_t chart;
    km_str patient = KM_STR_NONE, consent = KM_STR_NONE;
    const km_member members[] = { { "patient", &patient, true },
                                  { "consent", &consent, true },
                                  { 0 } };
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(find_standing(&chart, r, patient, consent));
    KM_TRY(km_trust_standing_put(km_request_node(r)->log, chart, consent, km_emergency__by(r),
                                 &r->call));
    out->status = 204;
    return KM_OK;
}

km_code km_emergency__standing_end(km_request *r, km_reply *out)
{
    int64_t chart;
    km_str patient = KM_STR_NONE;
    const km_member members[] = { { "patient", &patient, true }, { 0 } };
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(find_standing(&chart, r, patient, KM_STR_NONE));
    KM_TRY(km_trust_standing_end(km_request_node(r)->log, chart, km_emergency__by(r), &r->call));
    out->status = 204;
    return KM_OK;
}
