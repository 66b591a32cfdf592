/* SPDX-License-Identifier: Apache-2.0
 *
 * carry: what was decided is done, once. What needs keys is prepared first; the case is taken in
 * the transaction of what it decides. A row for each kind; a kind without steps is a decision that
 * is carried out elsewhere (a configuration), and is only taken.
 */
#include "base/date.h"
#include "services/identifier/identifier.h"

typedef struct carrying carrying;
typedef struct step {
    const char *kind;
    km_code (*prepare)(carrying *c);
    km_code (*within)(carrying *c, km_txn *t);
    km_code (*after)(carrying *c);
} step;

struct carrying {
    km_id_call q; /* its body: what was decided */
    km_str id;
    km_cases cases;
    km_case_actor by;
    km_case taken;
    km_decided decided;
    const step *step;
    km_domain_rules rules;
    km_permit permit;
    km_merge *merge;
    km_split *split;
    km_revoking *revoking;
    km_str uri;
    km_revocation why;
    int64_t grace_s, person;
};

static km_code why_of(km_revocation *out, carrying *c, const char *member)
{
    static const char *const names[] = { "request", "error", "compromise" };
    km_str text;
    KM_TRY(km_identifier__text(&text, &c->q, member));
    for (int i = 0; i < 3; i++)
        if (km_str_is(text, names[i])) {
            *out = (km_revocation)i;
            return KM_OK;
        }
    return km_fail(c->q.call->fault, KM_BAD_VALUE, member, "request, error or compromise");
}

static km_code grace_of(carrying *c)
{
    return km_identifier__number(&c->grace_s, &c->q, "graceSeconds", -1, INT32_MAX);
}

/* --- domains --- */

static km_code prepare_domain(carrying *c)
{
    KM_TRY(km_identifier__text(&c->rules.uri, &c->q, "uri"));
    KM_TRY(km_identifier__text(&c->rules.legal_basis, &c->q, "legalBasis"));
    KM_TRY(grace_of(c));
    c->rules.grace_s = c->grace_s;
    KM_TRY(km_identifier__number(&c->rules.smallest, &c->q, "smallest", -1, 1000000));
    return km_persons_prepare_domain(c->q.persons, &c->rules, c->q.call);
}

static km_code add_domain(carrying *c, km_txn *t)
{
    return km_persons_add_domain(c->q.persons, &c->rules, &c->decided, t, c->q.call->fault);
}

static km_code reload(carrying *c)
{
    return km_persons_reload(c->q.persons, c->q.call->fault);
}

static km_code prepare_rotation(carrying *c)
{
    KM_TRY(km_identifier__text(&c->uri, &c->q, "uri"));
    KM_TRY(why_of(&c->why, c, "reason"));
    KM_TRY(grace_of(c));
    return km_persons_prepare_rotation(c->q.persons, c->uri, c->q.call);
}

static km_code rotate(carrying *c, km_txn *t)
{
    return km_persons_rotate(c->q.persons, c->uri, c->why, c->grace_s, &c->decided, t,
                             c->q.call->fault);
}

/* --- persons --- */

static km_code prepare_merge(carrying *c)
{
    int64_t stays, gone;
    KM_TRY(km_identifier__person(&stays, &c->q, "stays"));
    KM_TRY(km_identifier__person(&gone, &c->q, "gone"));
    return km_persons_prepare_merge(&c->merge, c->q.persons, stays, gone, c->q.call);
}

static km_code merge(carrying *c, km_txn *t)
{
    return km_persons_merge(c->q.persons, c->merge, &c->decided, t, c->q.call->fault);
}

/* "urn:kumihimo:dom:care:net-0001 Observation/17" */
static km_code read_records(km_reassign *out, carrying *c, km_jv records)
{
    for (km_jv_iter i = km_jv_each(records); km_jv_next(&i); out++) {
        out->domain = km_str_cut(km_jv_str(i.value), ' ', &out->record);
        if (out->record.n == 0)
            return km_fail(c->q.call->fault, KM_BAD_VALUE, "records", "DOMAIN RECORD");
    }
    return KM_OK;
}

static km_code prepare_split(carrying *c)
{
    km_jv records = KM_JV_GET(c->q.body, "records"), proofs = KM_JV_GET(c->q.body, "proofs");
    size_t n = km_jv_count(records), m = 0;
    km_arena *a = c->q.call->arena;
    km_reassign *r = KM_NEW_ARRAY(a, n + 1, km_reassign);
    int64_t *proof = KM_NEW_ARRAY(a, km_jv_count(proofs) + 1, int64_t);
    KM_TRY(km_identifier__person(&c->person, &c->q, "person"));
    KM_TRY(read_records(r, c, records));
    for (km_jv_iter i = km_jv_each(proofs); km_jv_next(&i); m++)
        (void)km_str_to_i64(&proof[m], km_jv_str(i.value));
    return km_persons_prepare_split(&c->split, c->q.persons, c->person, proof, m, r, n, c->q.call);
}

static km_code split(carrying *c, km_txn *t)
{
    return km_persons_split(&c->person, c->q.persons, c->split, &c->decided, t, c->q.call->fault);
}

static km_code tell_person(carrying *c)
{
    km_str handle;
    KM_TRY(km_persons_handle(&handle, c->q.persons, c->person, c->q.call));
    km_jw_member(&c->q.w, "person", handle);
    return KM_OK;
}

static km_code prepare_revocation(carrying *c)
{
    KM_TRY(km_identifier__person(&c->person, &c->q, "person"));
    KM_TRY(km_identifier__text(&c->uri, &c->q, "domain"));
    KM_TRY(why_of(&c->why, c, "why"));
    KM_TRY(grace_of(c));
    return km_persons_prepare_revocation(&c->revoking, c->q.persons, c->uri, c->person, c->why,
                                         c->grace_s, c->q.call);
}

static km_code revoke(carrying *c, km_txn *t)
{
    return km_persons_revoke_within(c->revoking, t, c->q.call->fault);
}

/* --- permits --- */

static km_code prepare_permit(carrying *c)
{
    km_civil day;
    km_str ends;
    km_ms low;
    KM_TRY(km_identifier__text(&c->permit.release, &c->q, "release"));
    KM_TRY(km_identifier__text(&c->permit.research, &c->q, "research"));
    KM_TRY(km_identifier__text(&c->permit.basis, &c->q, "basis"));
    KM_TRY(km_identifier__text(&c->permit.client, &c->q, "client"));
    KM_TRY(km_identifier__text(&ends, &c->q, "ends"));
    if (!km_civil_parse(&day, ends))
        return km_fail(c->q.call->fault, KM_BAD_VALUE, "ends", "a day");
    km_civil_interval(&low, &c->permit.ends_at, &day);
    return km_persons_prepare_permit(c->q.persons, &c->permit, c->q.call);
}

static km_code permit(carrying *c, km_txn *t)
{
    return km_persons_permit(c->q.persons, &c->permit, &c->decided, t, c->q.call->fault);
}

static km_code prepare_release(carrying *c)
{
    return km_identifier__text(&c->permit.release, &c->q, "release");
}

static km_code end_permit(carrying *c)
{
    return km_persons_end_permit(c->q.persons, c->permit.release, c->q.call);
}

static km_code scan(carrying *c)
{
    unsigned char sid[KM_KEY_ID];
    km_str text;
    KM_TRY(km_identifier__text(&text, &c->q, "sid"));
    if (!km_unhex(sid, sizeof sid, text))
        return km_fail(c->q.call->fault, KM_BAD_VALUE, "sid", "32 hexadecimal digits");
    KM_TRY(km_persons_forward_scan(&c->person, c->q.persons, c->permit.release, sid, &c->decided,
                                   c->q.call));
    return tell_person(c);
}

/* --- audit --- */

static km_code purge(carrying *c)
{
    int64_t purged;
    km_audit_purge p = { .case_id = c->decided.case_id,
                         .first_person = c->decided.first,
                         .second_person = c->decided.second };
    KM_TRY(km_identifier__number(&p.below, &c->q, "below", -1, INT64_MAX));
    KM_TRY(km_audit_purge_old(&purged, c->q.node->audit, &p, c->q.call));
    km_jw_member_int(&c->q.w, "purged", purged);
    return KM_OK;
}

static const step steps[] = {
    { "new-domain", prepare_domain, add_domain, reload },
    { "rotate-domain", prepare_rotation, rotate, reload },
    { "merge", prepare_merge, merge, NULL },
    { "split", prepare_split, split, tell_person },
    { "revoke", prepare_revocation, revoke, NULL },
    { "linkage-permit", prepare_permit, permit, NULL },
    { "end-permit", prepare_release, NULL, end_permit },
    { "forward-scan", prepare_release, NULL, scan },
    { "audit-purge", NULL, NULL, purge },
    { "witness-change", NULL, NULL, NULL },
    { "break-glass-policy", NULL, NULL, NULL },
};

static km_code within(void *self, km_txn *t, km_fault *f)
{
    carrying *c = self;
    km_str person[KM_CASE_PERSONS] = { { 0 } };
    (void)f; /* the call's own */
    KM_TRY(km_cases_take(&c->taken, &c->cases, c->id, c->step->kind, &c->by, t, c->q.call));
    (void)km_case_persons(person, &c->taken);
    c->decided = (km_decided){ c->id, person[0], person[1] };
    return c->step->within != NULL ? c->step->within(c, t) : KM_OK;
}

static km_code carry(carrying *c)
{
    km_json *doc;
    km_case seen;
    km_call *call = c->q.call;
    KM_TRY(km_cases_get(&seen, &c->cases, c->id, &c->by, call));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (km_str_is(seen.kind->name, steps[i].kind))
            c->step = &steps[i];
    if (c->step == NULL || seen.state != KM_CASE_CONFIRMED)
        return km_fail(call->fault, KM_PRECONDITION, "case", "it is %s",
                       km_case_state_name(seen.state));
    KM_TRY(km_json_parse(&doc, call->arena, seen.content, NULL, call->fault));
    c->q.body = km_json_root(doc);
    if (c->step->prepare != NULL)
        KM_TRY(c->step->prepare(c));
    KM_TRY(km_log_work(c->q.node->log, within, c, call->fault));
    c->q.w = km_jw_on(&c->q.json);
    km_jw_open(&c->q.w, '{');
    km_jw_key(&c->q.w, "decided");
    km_identifier__write_case(&c->q.w, &c->taken);
    return c->step->after != NULL ? c->step->after(c) : KM_OK;
}

km_code km_identifier__carry(km_request *r, km_reply *out)
{
    carrying *c = KM_NEW(r->call.arena, carrying);
    KM_TRY(km_identifier__open(&c->q, r, NULL));
    c->id = km_request_var(r, "case");
    c->cases = km_identifier__cases(c->q.node);
    c->by = km_identifier__actor(&r->call);
    km_code rc = carry(c);
    if (rc == KM_OK)
        return km_identifier__done(&c->q, out, 200, KM_AUDIT_CASE, c->id);
    km_fault own = { 0 };
    km_call call = r->call;
    call.fault = &own;
    km_audit_entry e = { .kind = KM_AUDIT_CASE,
                         .outcome = km_str_of(km_code_name(rc)),
                         .reason = c->id };
    km_code traced = km_trust_trace(c->q.node->trust, &e, &call);
    return traced == KM_OK ? rc : traced;
}
