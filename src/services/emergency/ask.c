/* SPDX-License-Identifier: Apache-2.0
 *
 * ask: who asks, what the body says, whose charts are meant.
 */
#include "services/emergency/emergency.h"

const km_who *km_emergency__who(km_request *r)
{
    const km_caller *c = r->call.caller;
    if (c->who != NULL)
        return c->who;
    km_who *who = KM_NEW(r->call.arena, km_who);
    *who = (km_who){
        .issuer = KM_STR("urn:kumihimo:node"), .subject = c->name, .name = c->name, .role = c->role
    };
    return who;
}

km_str km_emergency__by(km_request *r)
{
    const km_who *who = km_emergency__who(r);
    return who->name.n > 0 ? who->name : who->subject;
}

km_call *km_emergency__urgent(km_request *r)
{
    km_call *call = KM_NEW(r->call.arena, km_call);
    *call = r->call;
    if (r->call.caller->who == NULL)
        return call;
    km_caller *caller = KM_NEW(r->call.arena, km_caller);
    km_who *who = KM_NEW(r->call.arena, km_who);
    *caller = *r->call.caller;
    *who = *caller->who;
    who->purpose = KM_ETREAT;
    caller->who = who;
    call->caller = caller;
    return call;
}

km_access *km_emergency__own_access(km_request *r)
{
    return km_trust_job_access("emergency", r->call.arena);
}

/* --- bodies --- */

km_code km_emergency__body(km_request *r, const km_member *m)
{
    km_json *doc;
    km_call *call = &r->call;
    KM_TRY(km_json_parse(&doc, call->arena, r->body, NULL, call->fault));
    if (!km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(call->fault, KM_INVALID, NULL, "an object");
    for (km_jv_iter i = km_jv_each(km_json_root(doc)); km_jv_next(&i);) {
        const km_member *of = m;
        while (of->name != NULL && !km_str_is(i.name, of->name))
            of++;
        if (of->name == NULL)
            return km_fail(call->fault, KM_UNSUPPORTED, NULL, "a member is not known here");
        if (!km_jv_is(i.value, KM_JSON_STRING))
            return km_fail(call->fault, KM_BAD_VALUE, of->name, "a text");
        *of->to = km_jv_str(i.value);
    }
    for (; m->name != NULL; m++)
        if (m->wanted && km_str_trim(*m->to).n == 0)
            return km_fail(call->fault, KM_REQUIRED, m->name, NULL);
    return KM_OK;
}

km_code km_emergency__number(int64_t *out, km_request *r, const char *var)
{
    return km_str_to_i64(out, km_request_var(r, var)) && *out > 0
               ? KM_OK
               : km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
}

/* --- whose --- */

km_code km_emergency__charts(int64_t **chart, size_t *n, km_reader *r, km_str person)
{
    int64_t number;
    km_fault *f = km_reader_call(r)->fault;
    if (!km_str_to_i64(&number, person) || number <= 0)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(km_person_charts(chart, n, r, number));
    return *n > 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_emergency__charts_of(int64_t **chart, size_t *n, km_reader *r, km_str patient)
{
    int64_t own, rid, person;
    km_call *call = km_reader_call(r);
    km_str id, type = km_str_cut(patient, '/', &id);
    if (!km_str_is(type, "Patient") || !km_fhir_is_id(id))
        return km_fail(call->fault, KM_BAD_VALUE, "patient", "Patient/ID");
    KM_TRY(km_reader_locate(&own, &rid, r, km_fhir_type_named(type), id, 0));
    KM_TRY(km_person_of_chart(&person, r, own));
    return km_person_charts(chart, n, r, person);
}

km_code km_emergency__patient(km_jv *out, km_record **rec, km_reader *r, int64_t chart)
{
    km_chart of;
    km_call *call = km_reader_call(r);
    *out = KM_JV_NONE;
    KM_TRY(km_reader_chart(&of, r, chart));
    km_code rc = km_reader_find(rec, r, km_fhir_type_named(KM_STR("Patient")), of.patient,
                                of.source);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED || (rc == KM_OK && (*rec)->deleted)) {
        km_fault_clear(call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    return km_record_json(out, *rec, call);
}

/* --- answers --- */

km_code km_emergency__reply(km_reply *out, int status, const km_buf *json)
{
    out->status = status;
    out->type = "application/json";
    out->body = km_buf_str(json);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

void km_emergency__member_time(km_jw *w, const char *name, km_ms at)
{
    char text[25];
    km_jw_key(w, name);
    if (at == 0) {
        km_jw_null(w);
        return;
    }
    km_instant_print(text, at);
    km_jw_z(w, text);
}

static const char *level_of(const km_granted *g)
{
    return g->level == KM_GRANT_FULL ? "full" : g->level == KM_GRANT_MINIMUM ? "minimum" : "none";
}

static void print_second(km_jw *w, const km_granted *g)
{
    km_jw_key(w, "second");
    if (g->second_at == 0) {
        km_jw_null(w);
        return;
    }
    km_jw_open(w, '{');
    km_jw_member(w, "name", g->second_name);
    km_jw_member(w, "organisation", g->second_organisation);
    km_jw_member(w, "words", g->second_words);
    km_emergency__member_time(w, "at", g->second_at);
    km_jw_close(w, '}');
}

void km_emergency__print_grant(km_jw *w, const km_granted *g, km_ms now)
{
    static const char *const refused[] = { "nothing", "parts", "all" };
    km_jw_open(w, '{');
    km_jw_member_int(w, "number", g->number);
    km_jw_member_z(w, "level", level_of(g));
    km_jw_member_bool(w, "live", g->level != KM_GRANT_NONE && now < g->until);
    km_jw_member_z(w, "refused", refused[g->refused]);
    km_jw_member(w, "name", g->name);
    km_jw_member(w, "role", g->role);
    km_jw_member(w, "organisation", g->organisation);
    km_jw_member(w, "reason", g->reason);
    km_jw_member(w, "words", g->words);
    km_emergency__member_time(w, "at", g->at);
    km_emergency__member_time(w, "until", g->until);
    print_second(w, g);
    km_jw_close(w, '}');
}
