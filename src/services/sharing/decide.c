/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: POST /consent/decide explains a decision: which consent of the person, which provision,
 * and what whoever acts on it must do. It asks the same function, over the same stored consents, as
 * the door does, and shows no record.
 */
#include "services/sharing/sharing.h"

enum { LISTED = 64 };

typedef struct question {
    km_consent_request asked;
    km_consent_network network;
    km_str patient; /* logical id */
    km_str actor[LISTED], code[LISTED], label[LISTED];
} question;

static km_code wrong(km_call *call, km_str name, const char *wanted)
{
    return km_fail(call->fault, KM_BAD_VALUE, km_arena_z(call->arena, name), "%s", wanted);
}

/* --- what may be said: one row a member --- */

typedef km_code reader_of(question *q, km_jv v, km_str name, km_call *call);

static km_code list_of(km_str *out, size_t *n, km_jv v, km_str name, km_call *call)
{
    if (!km_jv_is(v, KM_JSON_ARRAY))
        return wrong(call, name, "a list of texts");
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i); ++*n) {
        if (*n == LISTED || !km_jv_is(i.value, KM_JSON_STRING))
            return wrong(call, name, "a list of at most 64 texts");
        out[*n] = km_jv_str(i.value);
    }
    return KM_OK;
}

static km_code actors(question *q, km_jv v, km_str name, km_call *call)
{
    return list_of(q->actor, &q->asked.actors, v, name, call);
}

static km_code codes(question *q, km_jv v, km_str name, km_call *call)
{
    q->asked.unknown &= ~(unsigned)KM_FACT_CODES;
    return list_of(q->code, &q->asked.codes, v, name, call);
}

static km_code labels(question *q, km_jv v, km_str name, km_call *call)
{
    q->asked.unknown &= ~(unsigned)KM_FACT_LABELS;
    return list_of(q->label, &q->asked.labels, v, name, call);
}

static km_code text_of(km_str *out, km_jv v, km_str name, km_call *call)
{
    *out = km_jv_str(v);
    return out->n > 0 ? KM_OK : wrong(call, name, "a text");
}

static km_code instant_of(km_ms *out, km_jv v, km_str name, km_call *call)
{
    km_civil c;
    km_ms high;
    if (!km_civil_parse(&c, km_jv_str(v)))
        return wrong(call, name, "a date or dateTime of FHIR");
    km_civil_interval(out, &high, &c);
    return KM_OK;
}

static km_code flag_of(bool *out, km_jv v, km_str name, km_call *call)
{
    *out = km_jv_is(v, KM_JSON_TRUE);
    return *out || km_jv_is(v, KM_JSON_FALSE) ? KM_OK : wrong(call, name, "true or false");
}

static km_code patient(question *q, km_jv v, km_str name, km_call *call)
{
    km_str id, type = km_str_cut(km_jv_str(v), '/', &id);
    if (!km_str_is(type, "Patient") || !km_fhir_is_id(id))
        return wrong(call, name, "Patient/ID");
    q->patient = id;
    return KM_OK;
}

static km_code basis(question *q, km_jv v, km_str name, km_call *call)
{
    static const char *const names[] = { "opt-in", "opt-out", "law" };
    for (int i = 0; i < 3; i++)
        if (km_str_is(km_jv_str(v), names[i])) {
            q->network.basis = (km_consent_basis)i;
            return KM_OK;
        }
    return wrong(call, name, "opt-in, opt-out or law");
}

static km_code network(question *q, km_jv v, km_str name, km_call *call)
{
    KM_TRY(text_of(&q->network.id, v, name, call));
    q->asked.network = q->network.id;
    return KM_OK;
}

static km_code notice(question *q, km_jv v, km_str name, km_call *call)
{
    return instant_of(&q->network.notice_at, v, name, call);
}

static km_code unrelated(question *q, km_jv v, km_str name, km_call *call)
{
    return flag_of(&q->network.unrelated_may, v, name, call);
}

static km_code related(question *q, km_jv v, km_str name, km_call *call)
{
    return flag_of(&q->asked.related, v, name, call);
}

static km_code at(question *q, km_jv v, km_str name, km_call *call)
{
    return instant_of(&q->asked.now, v, name, call);
}

static km_code action(question *q, km_jv v, km_str name, km_call *call)
{
    return text_of(&q->asked.action, v, name, call);
}

static km_code purpose(question *q, km_jv v, km_str name, km_call *call)
{
    return text_of(&q->asked.purpose, v, name, call);
}

static km_code klass(question *q, km_jv v, km_str name, km_call *call)
{
    q->asked.unknown &= ~(unsigned)KM_FACT_CLASS;
    return text_of(&q->asked.klass, v, name, call);
}

static km_code record(question *q, km_jv v, km_str name, km_call *call)
{
    q->asked.unknown &= ~(unsigned)KM_FACT_RECORD;
    return text_of(&q->asked.record, v, name, call);
}

static km_code data_time(question *q, km_jv v, km_str name, km_call *call)
{
    q->asked.unknown &= ~(unsigned)KM_FACT_TIME;
    return instant_of(&q->asked.time, v, name, call);
}

static km_code author(question *q, km_jv v, km_str name, km_call *call)
{
    return text_of(&q->asked.author, v, name, call);
}

static const struct member {
    const char *name;
    reader_of *read;
} members[] = {
    { "patient", patient }, { "network", network },
    { "basis", basis },     { "noticeAt", notice },
    { "at", at },           { "actors", actors },
    { "related", related }, { "unrelatedMay", unrelated },
    { "action", action },   { "purpose", purpose },
    { "class", klass },     { "codes", codes },
    { "labels", labels },   { "record", record },
    { "time", data_time },  { "author", author },
};

static km_code read_member(question *q, const km_jv_iter *i, km_call *call)
{
    for (size_t m = 0; m < sizeof members / sizeof *members; m++)
        if (km_str_is(i->name, members[m].name))
            return members[m].read(q, i->value, i->name, call);
    return km_fail(call->fault, KM_UNSUPPORTED, NULL, "a member of the question is not known");
}

static km_code read_question(question *q, km_request *r)
{
    km_json *doc;
    km_call *call = &r->call;
    *q = (question){ .asked = { .passed = KM_ASK_ALL,
                                .unknown = KM_FACTS,
                                .now = km_call_now(call),
                                .action = KM_STR("access") } };
    KM_TRY(km_json_parse(&doc, call->arena, r->body, NULL, call->fault));
    if (!km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(call->fault, KM_INVALID, NULL, "a question is an object");
    for (km_jv_iter i = km_jv_each(km_json_root(doc)); km_jv_next(&i);)
        KM_TRY(read_member(q, &i, call));
    q->asked.actor = q->actor;
    q->asked.code = q->code;
    q->asked.label = q->label;
    const char *missing = q->patient.n == 0         ? "patient"
                          : q->network.id.n == 0    ? "network"
                          : q->asked.purpose.n == 0 ? "purpose"
                                                    : NULL;
    return missing == NULL ? KM_OK : km_fail(call->fault, KM_REQUIRED, missing, NULL);
}

/* --- the answer --- */

static const struct duty {
    unsigned bit;
    const char *name;
} duties[] = {
    { KM_DUTY_UNEXPLAINED, "unexplained" },
    { KM_DUTY_MINIMUM_SET, "minimum-set" },
    { KM_DUTY_NOTIFY, "notify" },
    { KM_DUTY_REVIEW, "review" },
    { KM_DUTY_TELL_REFUSAL, "tell-refusal" },
    { KM_DUTY_HIDE_WHOLLY, "hide-wholly" },
};

static void print_place(km_jw *w, const km_decision *d, const km_consent *consent, km_arena *a)
{
    if (d->consent < 0)
        return;
    km_buf path = km_buf_in(a);
    km_buf_print(&path, "provision");
    for (uint16_t i = 0; i < d->depth; i++)
        km_buf_print(&path, ".provision[%u]", d->path[i]);
    km_jw_member(w, "consent",
                 km_arena_print(a, "Consent/%.*s", KM_STR_ARG(km_consent_id(consent[d->consent]))));
    km_jw_member(w, "path", km_buf_str(&path));
}

static void print_answer(km_buf *out, const question *q, const km_consent *consent, size_t n,
                         km_call *call)
{
    km_decision d;
    unsigned char snapshot[KM_SHA256_LEN];
    km_jw w = km_jw_on(out);
    km_consent_decide(&d, &q->asked, &q->network, consent, n);
    km_consent_snapshot(snapshot, &q->asked, &q->network, consent, n);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "decision", km_consent_answer_code(d.answer));
    km_jw_member_z(&w, "reason", km_consent_reason_code(d.reason));
    km_jw_member_z(&w, "ja", km_consent_reason_ja(d.reason));
    km_jw_member_z(&w, "en", km_consent_reason_en(d.reason));
    print_place(&w, &d, consent, call->arena);
    km_jw_key(&w, "duties");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < sizeof duties / sizeof *duties; i++)
        if (d.duties & duties[i].bit)
            km_jw_z(&w, duties[i].name);
    km_jw_close(&w, ']');
    km_jw_member_int(&w, "consents", (int64_t)n);
    km_jw_member(&w, "snapshot", km_hex(call->arena, snapshot, sizeof snapshot));
    km_jw_close(&w, '}');
}

/* The consents of all charts of the person whose Patient it is. */
static km_code consents_of(km_consent **out, size_t *n, km_reader *r, km_str id)
{
    int64_t chart, rid, person, *charts;
    size_t count;
    km_call *call = km_reader_call(r);
    KM_TRY(km_reader_locate(&chart, &rid, r, km_fhir_type_named(KM_STR("Patient")), id, 0));
    km_code rc = km_person_of_chart(&person, r, chart);
    if (rc == KM_NOT_FOUND) { /* a deleted Patient is no person any more; the chart remains */
        km_fault_clear(call->fault);
        return km_trust_consents(out, n, r, &chart, 1);
    }
    KM_TRY(rc);
    KM_TRY(km_person_charts(&charts, &count, r, person));
    return km_trust_consents(out, n, r, charts, count);
}

km_code km_sharing__decide(km_request *r, km_reply *out)
{
    question q;
    km_access *access;
    km_reader *reader;
    km_consent *consent;
    size_t n;
    km_node *node = km_request_node(r);
    KM_TRY(read_question(&q, r));
    KM_TRY(km_trust_access(&access, node->trust, r->route->policy, &r->call));
    KM_TRY(km_reader_open(&reader, node->log, access, &r->call));
    km_code rc = consents_of(&consent, &n, reader, q.patient);
    if (rc == KM_OK)
        rc = km_access_release(access, NULL, 0, r->call.fault);
    if (rc == KM_OK) {
        km_buf json = km_buf_in(r->call.arena);
        print_answer(&json, &q, consent, n, &r->call);
        out->type = "application/json";
        out->body = km_buf_str(&json);
    }
    km_reader_close(reader);
    return rc;
}
