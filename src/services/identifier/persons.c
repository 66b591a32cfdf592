/* SPDX-License-Identifier: Apache-2.0
 *
 * persons: enrol, find, resolve, issue, translate, link.
 */
#include "http/rate.h"
#include "services/identifier/identifier.h"

static km_code answer_handle(km_id_call *q, int64_t person)
{
    km_str handle;
    KM_TRY(km_persons_handle(&handle, q->persons, person, q->call));
    q->w = km_jw_on(&q->json);
    km_jw_open(&q->w, '{');
    km_jw_member(&q->w, "person", handle);
    return KM_OK;
}

/* Into the domain that the request names, when it names one. */
static km_code issue_into(km_id_call *q, int64_t person)
{
    km_holder h;
    km_pid pid;
    km_domain d;
    km_str domain;
    if (km_jv_is(KM_JV_GET(q->body, "domain"), KM_JSON_NONE))
        return KM_OK;
    KM_TRY(km_identifier__text(&domain, q, "domain"));
    KM_TRY(km_identifier__holder(&h, q, domain, KM_HOLDER_OWNER | KM_HOLDER_ISSUES));
    KM_TRY(km_persons_issue(&pid, &d, q->persons, domain, person, q->call));
    return km_identifier__write(q, &q->w, "identifier", &d, &pid);
}

km_code km_identifier__enrol(km_request *r, km_reply *out)
{
    km_id_call q;
    km_id_proof proof[KM_PROOFS_MAX];
    size_t n;
    int64_t person;
    bool made;
    KM_TRY(km_identifier__open(&q, r, "proofs domain"));
    KM_TRY(km_identifier__read_proofs(proof, &n, &q, "proofs"));
    KM_TRY(km_persons_enrol(&person, &made, q.persons, proof, n, q.call));
    KM_TRY(answer_handle(&q, person));
    km_jw_member_bool(&q.w, "made", made);
    KM_TRY(issue_into(&q, person));
    return km_identifier__done(&q, out, made ? 201 : 200, KM_AUDIT_CREATE, KM_STR("enrol"));
}

km_code km_identifier__find(km_request *r, km_reply *out)
{
    km_id_call q;
    km_id_proof proof[KM_PROOFS_MAX];
    size_t n;
    int64_t person;
    KM_TRY(km_identifier__open(&q, r, "proofs"));
    KM_TRY(km_identifier__read_proofs(proof, &n, &q, "proofs"));
    KM_TRY(km_persons_find(&person, q.persons, &proof[0], q.call));
    KM_TRY(answer_handle(&q, person));
    return km_identifier__done(&q, out, 200, KM_AUDIT_SEARCH, KM_STR("find"));
}

km_code km_identifier__proofs(km_request *r, km_reply *out)
{
    km_id_call q;
    km_proof_row *row;
    size_t n;
    int64_t person;
    KM_TRY(km_identifier__open(&q, r, "person"));
    KM_TRY(km_identifier__person(&person, &q, "person"));
    KM_TRY(km_persons_proofs(&row, &n, q.persons, person, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_key(&q.w, "proofs");
    km_jw_open(&q.w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&q.w, '{');
        km_jw_member_int(&q.w, "proof", row[i].number);
        km_jw_member(&q.w, "system", row[i].system);
        km_jw_member(&q.w, "source", row[i].source);
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_READ, KM_STR("proofs"));
}

/* --- identifiers --- */

/* A domain that the client is not registered for answers as a token that does not exist. */
static km_code resolve(km_resolved *out, km_id_call *q, const char *name, unsigned flags)
{
    km_str token;
    km_holder h;
    km_fault own = { 0 };
    km_call mine = *q->call;
    mine.fault = &own;
    KM_TRY(km_identifier__text(&token, q, name));
    km_code rc = km_persons_resolve(out, q->persons, token, &mine);
    if (rc == KM_OK || rc == KM_GONE) {
        KM_TRY(km_identifier__holder(&h, q, out->domain.uri, flags));
        if (rc == KM_GONE)
            return km_fail(q->call->fault, KM_GONE, name, "the identifier was replaced");
        return KM_OK;
    }
    return rc == KM_NOT_FOUND ? km_fail(q->call->fault, rc, "domain", "no such holder")
                              : km_fail(q->call->fault, rc, name, "%s", own.detail);
}

static const char *state_name(km_pid_state s)
{
    static const char *const names[] = { "none", "active", "revoked", "rotated", "merged" };
    return names[s];
}

km_code km_identifier__resolve(km_request *r, km_reply *out)
{
    km_id_call q;
    km_resolved found;
    KM_TRY(km_identifier__open(&q, r, "token"));
    KM_TRY(resolve(&found, &q, "token", 0));
    KM_TRY(answer_handle(&q, found.person));
    km_jw_member(&q.w, "domain", found.domain.uri);
    km_jw_member_z(&q.w, "state", state_name(found.state));
    return km_identifier__done(&q, out, 200, KM_AUDIT_READ, KM_STR("resolve"));
}

km_code km_identifier__issue(km_request *r, km_reply *out)
{
    km_id_call q;
    km_holder h;
    km_pid pid;
    km_domain d;
    int64_t person;
    km_str domain;
    KM_TRY(km_identifier__open(&q, r, "person domain"));
    KM_TRY(km_identifier__person(&person, &q, "person"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__holder(&h, &q, domain, KM_HOLDER_OWNER | KM_HOLDER_ISSUES));
    KM_TRY(km_persons_issue(&pid, &d, q.persons, domain, person, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    KM_TRY(km_identifier__write(&q, &q.w, "identifier", &d, &pid));
    return km_identifier__done(&q, out, 200, KM_AUDIT_CREATE, KM_STR("issue"));
}

/* Per client and per person: row by row is for care, not for whole tables (a permit is). Made once,
 * they hold counts and nothing else. */
static pthread_once_t rates_once = PTHREAD_ONCE_INIT;
static km_rate *by_client, *by_person;
static km_sipkey rates_key;

static void make_rates(void)
{
    km_random_real.fill(NULL, &rates_key, sizeof rates_key);
    by_client = km_rate_new(20, 200, rates_key.k0);
    by_person = km_rate_new(1, 10, rates_key.k1);
}

static km_code within_rates(km_id_call *q, int64_t person)
{
    pthread_once(&rates_once, make_rates);
    uint64_t now = km_ticks_ns() / 1000000;
    uint64_t client = km_siphash(rates_key, q->client.p, q->client.n);
    uint64_t who = km_siphash(rates_key, &person, sizeof person);
    return km_rate_take(by_client, client, now) == 0 && km_rate_take(by_person, who, now) == 0
               ? KM_OK
               : km_fail(q->call->fault, KM_TOO_MANY, NULL, "for many at once ask for a permit");
}

static km_code translated(km_str *jwe, km_id_call *q, int64_t person, const km_domain_row *to,
                          const km_holder *owner)
{
    km_pid pid;
    km_domain d;
    km_str purpose;
    km_buf plain = km_buf_in(q->call->arena);
    km_jw w = km_jw_on(&plain);
    KM_TRY(km_identifier__text(&purpose, q, "purpose"));
    KM_TRY(km_persons_issue(&pid, &d, q->persons, to->domain.uri, person, q->call));
    km_jw_open(&w, '{');
    KM_TRY(km_identifier__write(q, &w, "identifier", &d, &pid));
    km_jw_member(&w, "purpose", purpose);
    km_jw_member_int(&w, "at", km_call_now(q->call));
    km_jw_close(&w, '}');
    return km_identifier__seal(jwe, q, owner, "kumihimo-translation", km_buf_str(&plain));
}

km_code km_identifier__translate(km_request *r, km_reply *out)
{
    km_id_call q;
    km_resolved found;
    km_domain_row from, to;
    km_holder owner;
    km_str uri, named, basis, jwe;
    KM_TRY(km_identifier__open(&q, r, "from token to purpose basis"));
    KM_TRY(km_identifier__text(&named, &q, "from"));
    KM_TRY(km_identifier__text(&uri, &q, "to"));
    KM_TRY(km_identifier__text(&basis, &q, "basis"));
    KM_TRY(resolve(&found, &q, "token", KM_HOLDER_OWNER | KM_HOLDER_TRANSLATES));
    if (!km_str_eq(named, found.domain.uri))
        return km_fail(q.call->fault, KM_BAD_VALUE, "from", "not the token's domain");
    KM_TRY(km_persons_domain(&from, q.persons, named, q.call));
    KM_TRY(km_persons_domain(&to, q.persons, uri, q.call));
    if (!from.translates || !to.translates)
        return km_fail(q.call->fault, KM_FORBIDDEN, "to", "this class is linked by permits alone");
    KM_TRY(within_rates(&q, found.person));
    KM_TRY(km_persons_owner(&owner, q.persons, uri, q.call));
    KM_TRY(translated(&jwe, &q, found.person, &to, &owner));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member(&q.w, "jwe", jwe);
    return km_identifier__done(&q, out, 200, KM_AUDIT_DISCLOSURE, KM_STR("translate"));
}

/* --- merge with a strong proof --- */

typedef struct merging {
    km_persons *persons;
    km_merge *merge;
} merging;

static km_code merge(void *self, km_txn *t, km_fault *f)
{
    merging *m = self;
    return km_persons_merge(m->persons, m->merge, NULL, t, f);
}

km_code km_identifier__merge(km_request *r, km_reply *out)
{
    km_id_call q;
    km_id_proof history[KM_PROOFS_MAX];
    size_t n;
    int64_t stays, gone;
    bool strong;
    merging m;
    KM_TRY(km_identifier__open(&q, r, "stays gone history"));
    KM_TRY(km_identifier__person(&stays, &q, "stays"));
    KM_TRY(km_identifier__person(&gone, &q, "gone"));
    KM_TRY(km_identifier__read_proofs(history, &n, &q, "history"));
    KM_TRY(km_persons_strong(&strong, q.persons, stays, gone, history, n, q.call));
    if (!strong)
        return km_fail(q.call->fault, KM_PRECONDITION, "history",
                       "no strong proof: propose a case of two persons");
    m.persons = q.persons;
    KM_TRY(km_persons_prepare_merge(&m.merge, q.persons, stays, gone, q.call));
    KM_TRY(km_log_work(q.node->log, merge, &m, q.call->fault));
    KM_TRY(answer_handle(&q, stays));
    return km_identifier__done(&q, out, 200, KM_AUDIT_UPDATE, KM_STR("merge"));
}

/* --- linkage --- */

static km_code read_rows(int64_t *row, int64_t *person, size_t *n, km_id_call *q)
{
    km_jv rows = KM_JV_GET(q->body, "rows");
    if (!km_jv_is(rows, KM_JSON_ARRAY) || km_jv_count(rows) > KM_LINK_MAX)
        return km_fail(q->call->fault, KM_BAD_VALUE, "rows", "at most %d rows", KM_LINK_MAX);
    for (km_jv_iter i = km_jv_each(rows); km_jv_next(&i); ++*n) {
        km_resolved found;
        km_id_call one = *q;
        one.body = i.value;
        if (!km_str_to_i64(&row[*n], km_jv_str(KM_JV_GET(i.value, "row"))))
            return km_fail(q->call->fault, KM_BAD_VALUE, "rows.row", "a whole number");
        KM_TRY(resolve(&found, &one, "token", 0));
        person[*n] = found.person;
    }
    return KM_OK;
}

km_code km_identifier__link(km_request *r, km_reply *out)
{
    km_id_call q;
    size_t n = 0;
    KM_TRY(km_identifier__open(&q, r, "rows"));
    km_arena *a = q.call->arena;
    int64_t *row = KM_NEW_ARRAY(a, KM_LINK_MAX, int64_t);
    int64_t *person = KM_NEW_ARRAY(a, KM_LINK_MAX, int64_t);
    unsigned char(*sid)[KM_KEY_ID] = km_arena_array(a, KM_LINK_MAX, KM_KEY_ID);
    KM_TRY(read_rows(row, person, &n, &q));
    KM_TRY(km_persons_link(sid, q.persons, km_request_var(r, "release"), person, n, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_key(&q.w, "rows");
    km_jw_open(&q.w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&q.w, '{');
        km_jw_member_int(&q.w, "row", row[i]);
        km_jw_member(&q.w, "sid", km_hex(a, sid[i], KM_KEY_ID));
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_DISCLOSURE, KM_STR("link"));
}
