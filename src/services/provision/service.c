/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of records of provision and of opt-out schemes, and the verb that purges what
 * has been kept long enough.
 */
#include "base/date.h"
#include "services/provision/provision_service.h"

enum { PAGE = 100, SCHEMES = 200 };

static const km_policy reading = { "provisions.read", KM_AUDIT_NONE },
                       announcing = { "provisions.schemes", KM_AUDIT_CASE },
                       everyone = { "node.public", KM_AUDIT_NONE };

/* --- printing --- */

static km_code reply(km_reply *out, const km_buf *json)
{
    out->type = "application/json";
    out->body = km_buf_str(json);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

static void member_time(km_jw *w, const char *name, km_ms at)
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

static void print_basis(km_jw *w, km_str code)
{
    km_provision_basis basis[KM_PROVISION_BASES];
    size_t n = km_provision_bases(basis);
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(basis[i].code, code)) {
            km_jw_member(w, "basisJa", basis[i].ja);
            km_jw_member(w, "basisEn", basis[i].en);
            km_jw_member_bool(w, "thirdParty", basis[i].third_party);
        }
}

static void print_one(km_jw *w, const km_provision_seen *s)
{
    const km_provision *p = &s->p;
    km_jw_open(w, '{');
    km_jw_member_int(w, "number", s->number);
    km_jw_member_z(w, "way", p->way == KM_PROVIDED ? "provided" : "received");
    member_time(w, "at", s->at);
    km_jw_member(w, "channel", p->channel);
    km_jw_member(w, "party", p->party);
    km_jw_member(w, "partyName", p->party_name);
    km_jw_member(w, "country", p->country);
    km_jw_member(w, "basis", p->basis);
    print_basis(w, p->basis);
    km_jw_member(w, "scheme", p->scheme);
    km_jw_member(w, "purpose", p->purpose);
    km_jw_member(w, "items", p->items);
    km_jw_member(w, "obtained", p->obtained);
    km_jw_member(w, "consent", p->consent);
    km_jw_member(w, "by", p->by);
    km_jw_member_int(w, "records", s->records);
    km_jw_member_int(w, "charts", s->charts);
    member_time(w, "keptUntil", s->kept_until);
    km_jw_close(w, '}');
}

static void print_all(km_buf *json, const km_provision_seen *seen, size_t n)
{
    km_jw w = km_jw_on(json);
    km_jw_open(&w, '{');
    km_jw_key(&w, "provisions");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        print_one(&w, &seen[i]);
    km_jw_close(&w, ']');
    if (n == PAGE)
        km_jw_member_int(&w, "next", seen[n - 1].number);
    km_jw_close(&w, '}');
}

/* --- whose --- */

static km_code charts_of_patient(int64_t **chart, size_t *n, km_reader *r, km_str patient)
{
    int64_t own, rid, person;
    km_str id, type = km_str_cut(patient, '/', &id);
    if (!km_str_is(type, "Patient") || !km_fhir_is_id(id))
        return km_fail(km_reader_call(r)->fault, KM_BAD_VALUE, "patient", "Patient/ID");
    KM_TRY(km_reader_locate(&own, &rid, r, km_fhir_type_named(type), id, 0));
    KM_TRY(km_person_of_chart(&person, r, own));
    return km_person_charts(chart, n, r, person);
}

/* Who they ask about; a citizen who says nobody asks about themself. */
static km_code whose(int64_t **chart, size_t *n, km_reader *r, km_request *q)
{
    int64_t number;
    const km_who *who = q->call.caller->who;
    km_fault *f = q->call.fault;
    km_str person = km_request_query(q, "person"), patient = km_request_query(q, "patient");
    if (person.n > 0) {
        if (!km_str_to_i64(&number, person) || number <= 0)
            return km_fail(f, KM_NOT_FOUND, NULL, NULL);
        KM_TRY(km_person_charts(chart, n, r, number));
        return *n > 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
    }
    if (patient.n == 0 && who != NULL)
        patient = who->person.n > 0 ? who->person : who->wards > 0 ? who->ward[0] : KM_STR_NONE;
    if (patient.n == 0)
        return km_fail(f, KM_REQUIRED, "person", NULL);
    return charts_of_patient(chart, n, r, patient);
}

static km_basis basis_of(km_request *r)
{
    const km_roles *roles = km_trust_roles(km_request_node(r)->trust);
    return km_roles_basis(roles, km_roles_permission(roles, km_str_of(reading.permission)),
                          r->call.caller->role);
}

/* Who may see all provisions sees no record by it: such a reader needs no access of a person's. */
static km_code open_reader(km_reader **out, km_request *r)
{
    km_access *access;
    km_node *node = km_request_node(r);
    if (basis_of(r) == KM_BASIS_OPEN)
        access = km_trust_job_access("emergency", r->call.arena);
    else
        KM_TRY(km_trust_access(&access, node->trust, &reading, &r->call));
    return km_reader_open(out, node->log, access, &r->call);
}

static km_code list(km_buf *json, km_reader *reader, km_request *r)
{
    int64_t *chart, before = 0;
    size_t charts, n;
    bool all = basis_of(r) == KM_BASIS_OPEN || basis_of(r) == KM_BASIS_ALL;
    km_str from = km_request_query(r, "before");
    km_provision_seen *seen = KM_NEW_ARRAY(r->call.arena, PAGE, km_provision_seen);
    if (from.n > 0 && (!km_str_to_i64(&before, from) || before <= 0))
        return km_fail(r->call.fault, KM_BAD_VALUE, "before", "a number from 1 on");
    if (all && km_request_query(r, "person").n == 0 && km_request_query(r, "patient").n == 0) {
        KM_TRY(km_provisions_all(seen, &n, PAGE, reader, before));
    } else {
        KM_TRY(whose(&chart, &charts, reader, r));
        KM_TRY(km_provisions_of(seen, &n, PAGE, reader, chart, charts, before));
    }
    KM_TRY(km_access_release(km_reader_access(reader), NULL, 0, r->call.fault));
    print_all(json, seen, n);
    return KM_OK;
}

static km_code provisions(km_request *r, km_reply *out)
{
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(open_reader(&reader, r));
    km_code rc = list(&json, reader, r);
    km_reader_close(reader);
    return rc == KM_OK ? reply(out, &json) : rc;
}

/* --- schemes --- */

static void print_scheme(km_jw *w, const km_scheme *s)
{
    km_jw_open(w, '{');
    km_jw_member(w, "id", s->id);
    km_jw_member(w, "title", s->title);
    km_jw_member(w, "notice", s->notice);
    km_jw_member(w, "entry", s->entry);
    km_jw_member(w, "party", s->party);
    km_jw_member(w, "purpose", s->purpose);
    member_time(w, "announced", s->announced);
    member_time(w, "starts", s->starts);
    member_time(w, "ended", s->ended);
    km_jw_close(w, '}');
}

/* Everybody may read what was announced to everybody. */
static km_code schemes(km_request *r, km_reply *out)
{
    km_reader *reader;
    size_t n = 0;
    km_scheme *all = KM_NEW_ARRAY(r->call.arena, SCHEMES, km_scheme);
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log,
                          km_trust_job_access("emergency", r->call.arena), &r->call));
    km_code rc = km_schemes(all, &n, SCHEMES, reader);
    km_reader_close(reader);
    KM_TRY(rc);
    km_jw_open(&w, '{');
    km_jw_key(&w, "schemes");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++)
        print_scheme(&w, &all[i]);
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return reply(out, &json);
}

static km_code text(km_str *out, km_jv body, const char *name, km_fault *f)
{
    km_jv v = km_jv_get(body, km_str_of(name));
    *out = km_jv_str(v);
    return km_jv_is(v, KM_JSON_STRING) || km_jv_is(v, KM_JSON_NONE)
               ? KM_OK
               : km_fail(f, KM_BAD_VALUE, name, "a text");
}

static km_code by_whom(km_str *out, km_request *r, const char *what)
{
    const km_who *who = r->call.caller->who;
    km_audit_entry e = { .kind = KM_AUDIT_CASE,
                         .outcome = KM_STR("ok"),
                         .reason = km_str_of(what) };
    *out = who == NULL ? r->call.caller->name : who->name.n > 0 ? who->name : who->subject;
    return km_trust_trace(km_request_node(r)->trust, &e, &r->call);
}

static km_code starts_at(km_ms *out, km_jv body, km_call *call)
{
    km_civil c;
    km_ms high;
    km_str from;
    KM_TRY(text(&from, body, "starts", call->fault));
    *out = 0; /* at once */
    if (from.n == 0)
        return KM_OK;
    if (!km_civil_parse(&c, from))
        return km_fail(call->fault, KM_BAD_VALUE, "starts", "a date or dateTime of FHIR");
    km_civil_interval(out, &high, &c);
    return KM_OK;
}

static km_code announce(km_request *r, km_reply *out)
{
    km_json *doc;
    km_scheme s = { .id = KM_STR_NONE };
    km_str by;
    km_fault *f = r->call.fault;
    KM_TRY(km_json_parse(&doc, r->call.arena, r->body, NULL, f));
    km_jv body = km_json_root(doc);
    const struct {
        const char *name;
        km_str *to;
    } members[] = { { "id", &s.id },       { "title", &s.title }, { "notice", &s.notice },
                    { "entry", &s.entry }, { "party", &s.party }, { "purpose", &s.purpose } };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        KM_TRY(text(members[i].to, body, members[i].name, f));
    KM_TRY(starts_at(&s.starts, body, &r->call));
    KM_TRY(by_whom(&by, r, "opt-out-scheme"));
    KM_TRY(km_scheme_announce(km_request_node(r)->log, &s, by, &r->call));
    out->status = 204;
    return KM_OK;
}

static km_code end(km_request *r, km_reply *out)
{
    km_str by;
    KM_TRY(by_whom(&by, r, "opt-out-scheme-ended"));
    KM_TRY(km_scheme_end(km_request_node(r)->log, km_request_var(r, "scheme"), by, &r->call));
    out->status = 204;
    return KM_OK;
}

static const km_http_route routes[] = {
    { "GET", "/api/provisions", provisions, 0, &reading, NULL, NULL },
    { "GET", "/api/provisions/schemes", schemes, 0, &everyone, NULL, NULL },
    { "POST", "/api/provisions/schemes", announce, 0, &announcing, NULL, NULL },
    { "POST", "/api/provisions/schemes/{scheme}/end", end, 0, &announcing, NULL, NULL },
    { 0 }
};

/* --- the verb --- */

static int purge(const km_args *a, km_node *n)
{
    km_own_call own;
    int64_t gone = 0;
    if (a->words != 1 || strcmp(a->word[0], "purge") != 0) {
        fprintf(stderr, "kumihimo provisions: say purge\nkumihimo provisions --help\n");
        return KM_EXIT_USAGE;
    }
    km_own_call_open(&own, n, "purge", 1 << 20);
    km_code rc = km_provision_purge(&gone, n->log, &own.call);
    if (rc != KM_OK)
        fprintf(stderr, "kumihimo provisions: %s\n", km_code_sentence(rc));
    else if (a->config->json)
        printf("{\"purged\":%lld}\n", (long long)gone);
    else
        printf("%lld records of provision had been kept long enough and are gone.\n",
               (long long)gone);
    km_own_call_close(&own);
    return rc == KM_OK ? KM_EXIT_DONE : KM_EXIT_STORE;
}

static const km_command commands[] = {
    { "provisions", "purge",
      "delete records of provision and receipt that were kept for their five years",
      "保存期間 (5年) を過ぎた提供・受領の記録を削除する",
      "  kumihimo provisions purge --data demo/node", NULL, 0, purge },
    { 0 }
};

const km_service km_service_provision = { .name = "provision",
                                          .routes = routes,
                                          .commands = commands };
