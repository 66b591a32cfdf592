/* SPDX-License-Identifier: Apache-2.0
 *
 * What changes identifiers for many or for good: new keys of a domain, merges, splits, permits.
 */
#include "trust/identity/register_test.h"

/* --- on a transaction --- */

typedef struct doing {
    km_test_register *r;
    const char *domain;
    km_revocation why;
    int64_t grace_s, fresh;
    km_merge *merge;
    km_split *split;
    const km_permit *permit;
} doing;

static km_code do_rotate(void *self, km_txn *t, km_fault *f)
{
    doing *d = self;
    return km_persons_rotate(d->r->p, km_str_of(d->domain), d->why, d->grace_s, &register_decided,
                             t, f);
}

static km_code do_merge(void *self, km_txn *t, km_fault *f)
{
    doing *d = self;
    return km_persons_merge(d->r->p, d->merge, &register_decided, t, f);
}

static km_code do_split(void *self, km_txn *t, km_fault *f)
{
    doing *d = self;
    return km_persons_split(&d->fresh, d->r->p, d->split, &register_decided, t, f);
}

static km_code do_permit(void *self, km_txn *t, km_fault *f)
{
    doing *d = self;
    return km_persons_permit(d->r->p, d->permit, &register_decided, t, f);
}

static km_code rotate(km_test_register *r, const char *domain, km_revocation why, int64_t grace_s)
{
    doing d = { .r = r, .domain = domain, .why = why, .grace_s = grace_s };
    km_code rc = km_persons_prepare_rotation(r->p, km_str_of(domain), &r->w->call);
    if (rc == KM_OK)
        rc = km_log_work(r->w->log, do_rotate, &d, &r->w->fault);
    if (rc == KM_OK) { /* done, whatever fails from here on */
        km_store_fail_after(r->w->store, 0);
        rc = km_persons_reload(r->p, &r->w->fault);
    }
    return rc;
}

static km_code merge(km_test_register *r, int64_t stays, int64_t gone)
{
    doing d = { .r = r };
    km_code rc = km_persons_prepare_merge(&d.merge, r->p, stays, gone, &r->w->call);
    return rc == KM_OK ? km_log_work(r->w->log, do_merge, &d, &r->w->fault) : rc;
}

static km_code split(km_test_register *r, int64_t *fresh, int64_t person, int64_t proof,
                     const char *domain)
{
    doing d = { .r = r };
    km_reassign records[2] = { { km_str_of(domain), KM_STR("Observation/1") },
                               { km_str_of(domain), KM_STR("Observation/2") } };
    km_code rc = km_persons_prepare_split(&d.split, r->p, person, &proof, 1, records, 2,
                                          &r->w->call);
    if (rc == KM_OK)
        rc = km_log_work(r->w->log, do_split, &d, &r->w->fault);
    *fresh = d.fresh;
    return rc;
}

static int64_t first_proof(km_test_register *r, int64_t person)
{
    km_proof_row *q;
    size_t n;
    km_test_must(r->w, km_persons_proofs(&q, &n, r->p, person, &r->w->call));
    assert_true(n > 0);
    return q[0].number;
}

/* --- new keys --- */

static void a_domain_gets_new_keys_and_its_holder_each_successor(void **state)
{
    enum { PEOPLE = 60 };
    km_test_register *r = *state;
    km_pid_token old[PEOPLE];
    int64_t person[PEOPLE], done, left = 1, seen = 0;
    km_holder h = register_holder(r, CARE, "hospital", KM_HOLDER_OWNER);
    for (int i = 0; i < PEOPLE; i++) {
        person[i] = register_enrol(r, i);
        old[i] = register_issue(r, CARE, person[i]);
    }
    km_test_must(r->w, rotate(r, CARE, KM_REVOKE_REQUEST, 3600));
    assert_int_equal(rotate(r, CARE, KM_REVOKE_REQUEST, 0), KM_CONFLICT); /* one at a time */
    km_fault_clear(&r->w->fault);
    for (int i = 0; i < PEOPLE; i++)
        register_leads_to(r, old[i], person[i]);
    assert_int_equal(km_persons_applied(r->p, KM_STR(CARE), &h, 1, 0, &r->w->call), KM_CONFLICT);
    km_fault_clear(&r->w->fault);
    while (left > 0) { /* the process ends after each step */
        km_test_must(r->w, km_persons_rekey(&done, &left, r->p, KM_STR(CARE), 7, &r->w->call));
        register_again(r);
    }
    km_str after = KM_STR_NONE;
    do {
        km_rekeyed *pair;
        size_t n;
        km_test_must(r->w, km_persons_feed(&pair, &n, &after, r->p, KM_STR(CARE), 1, after, 13,
                                           &r->w->call));
        for (size_t i = 0; i < n; i++) {
            km_resolved was, is;
            km_domain d = { KM_STR(CARE), 1, pair[i].old_kv };
            assert_int_equal(register_resolve(r, &was, km_identity_token(&d, &pair[i].old)), KM_OK);
            d.kv = pair[i].kv;
            assert_int_equal(register_resolve(r, &is, km_identity_token(&d, &pair[i].fresh)),
                             KM_OK);
            assert_int_equal(was.person, is.person);
            assert_int_equal(was.state, KM_PID_ROTATED);
            assert_int_equal(is.state, KM_PID_ACTIVE);
            seen++;
        }
    } while (after.n > 0);
    assert_int_equal(seen, PEOPLE);
    assert_int_equal(km_persons_applied(r->p, KM_STR(CARE), &h, 1, seen - 1, &r->w->call),
                     KM_CONFLICT);
    km_fault_clear(&r->w->fault);
    km_test_must(r->w, km_persons_applied(r->p, KM_STR(CARE), &h, 1, seen, &r->w->call));
    r->w->now += 3600 * 1000;
    for (int i = 0; i < PEOPLE; i++) {
        km_resolved out;
        assert_int_equal(register_resolve(r, &out, old[i]), KM_GONE);
    }
}

static void after_a_compromise_old_identifiers_are_dead_at_once(void **state)
{
    km_test_register *r = *state;
    km_resolved out;
    int64_t one = register_enrol(r, 1);
    km_pid_token old = register_issue(r, CARE, one);
    assert_int_equal(rotate(r, CARE, KM_REVOKE_COMPROMISE, 1), KM_BAD_VALUE);
    km_fault_clear(&r->w->fault);
    km_test_must(r->w, rotate(r, CARE, KM_REVOKE_COMPROMISE, 0));
    assert_int_equal(register_resolve(r, &out, old), KM_GONE);
    /* Whoever is asked for before its turn gets its turn. */
    km_pid_token fresh = register_issue(r, CARE, one);
    assert_string_not_equal(fresh.v, old.v);
    register_leads_to(r, fresh, one);
}

/* --- merge, split --- */

static void who_is_merged_leads_to_who_stays(void **state)
{
    km_test_register *r = *state;
    km_id_event *e;
    size_t n;
    int64_t found;
    km_holder h = register_holder(r, CARE, "hospital", 0);
    int64_t a = register_enrol(r, 1), b = register_enrol(r, 2), c = register_enrol(r, 3);
    km_pid_token ta = register_issue(r, CARE, a), tb = register_issue(r, CARE, b),
                 tb2 = register_issue(r, OTHER_CARE, b);
    km_test_must(r->w, merge(r, a, b));
    register_leads_to(r, ta, a);
    register_leads_to(r, tb, a);
    register_leads_to(r, tb2, a);
    assert_string_equal(register_issue(r, CARE, b).v, ta.v);
    assert_string_not_equal(register_issue(r, OTHER_CARE, a).v, tb2.v);
    km_test_must(r->w, km_persons_events(&e, &n, r->p, &h, 0, 10, &r->w->call));
    assert_int_equal(n, 1);
    assert_true(km_str_is(e[0].kind, "replaced"));
    assert_non_null(memmem(e[0].body.p, e[0].body.n, tb.v, KM_TOKEN_LEN));
    assert_non_null(memmem(e[0].body.p, e[0].body.n, ta.v, KM_TOKEN_LEN));
    km_id_proof q = register_proof(r->w->arena, 2);
    km_test_must(r->w, km_persons_find(&found, r->p, &q, &r->w->call));
    assert_int_equal(found, a);
    /* Chains, and no rings. */
    km_test_must(r->w, merge(r, c, a));
    register_leads_to(r, tb, c);
    assert_int_equal(merge(r, a, c), KM_CONFLICT);
    km_fault_clear(&r->w->fault);
    assert_int_equal(merge(r, c, c), KM_CONFLICT);
    km_fault_clear(&r->w->fault);
    register_again(r);
    register_leads_to(r, tb2, c);
}

static void a_split_asks_each_holder_and_lists_who_has_not_answered(void **state)
{
    km_test_register *r = *state;
    km_id_event *e;
    km_id_open *open;
    size_t n;
    int64_t fresh, found;
    km_resolved out;
    km_holder h = register_holder(r, CARE, "hospital", 0);
    int64_t a = register_enrol(r, 1), b = register_enrol(r, 2);
    km_pid_token ta = register_issue(r, CARE, a), tb = register_issue(r, CARE, b);
    int64_t of_b = first_proof(r, b);
    km_test_must(r->w, merge(r, a, b));
    register_leads_to(r, tb, a);
    km_test_must(r->w, split(r, &fresh, a, of_b, CARE));
    /* Whose the merged one is nobody can say any more. */
    assert_int_equal(register_resolve(r, &out, tb), KM_GONE);
    register_leads_to(r, ta, a);
    km_id_proof q = register_proof(r->w->arena, 2);
    km_test_must(r->w, km_persons_find(&found, r->p, &q, &r->w->call));
    assert_int_equal(found, fresh);
    register_leads_to(r, register_issue(r, CARE, fresh), fresh);
    km_test_must(r->w, km_persons_events(&e, &n, r->p, &h, 0, 10, &r->w->call));
    assert_int_equal(n, 3);
    assert_true(km_str_is(e[1].kind, "closed"));
    assert_true(km_str_is(e[2].kind, "reassign") && e[2].needs_answer);
    assert_non_null(memmem(e[2].body.p, e[2].body.n, "Observation/2", 13));
    r->w->now += (km_ms)KM_ID_ANSWER_DAYS * 86400000 + 1;
    km_ms week_ago = r->w->now - (km_ms)KM_ID_ANSWER_DAYS * 86400000;
    km_test_must(r->w, km_persons_open_answers(&open, &n, r->p, week_ago, &r->w->call));
    assert_int_equal(n, 1);
    assert_int_equal(open[0].event, e[2].number);
    km_holder other = register_holder(r, OTHER_CARE, "clinic", 0);
    assert_int_equal(km_persons_answer(r->p, &other, e[2].number, &r->w->call), KM_NOT_FOUND);
    km_fault_clear(&r->w->fault);
    km_test_must(r->w, km_persons_answer(r->p, &h, e[2].number, &r->w->call));
    km_test_must(r->w, km_persons_open_answers(&open, &n, r->p, week_ago, &r->w->call));
    assert_int_equal(n, 0);
    /* A proof of somebody else moves nowhere. */
    assert_int_equal(split(r, &fresh, a, of_b, CARE), KM_BAD_VALUE);
}

static void a_strong_proof_is_history_and_birth(void **state)
{
    km_test_register *r = *state;
    bool made, strong;
    int64_t one, other;
    km_id_proof birth = { .system = KM_STR("birth"),
                          .part = { KM_STR("1980-02-29"), KM_STR("male") },
                          .parts = 2,
                          .source = KM_STR("registry") };
    km_id_proof first[2] = { register_proof(r->w->arena, 1), birth };
    km_id_proof second[2] = { register_proof(r->w->arena, 2), birth };
    km_id_proof history[2] = { first[0], second[0] };
    km_call *call = &r->w->call;
    km_test_must(r->w, km_persons_enrol(&one, &made, r->p, first, 2, call));
    km_test_must(r->w, km_persons_enrol(&other, &made, r->p, second, 1, call));
    km_test_must(r->w, km_persons_strong(&strong, r->p, one, other, history, 2, call));
    assert_false(strong); /* no birth date of the other */
    km_test_must(r->w, km_persons_enrol(&other, &made, r->p, second, 2, call));
    km_test_must(r->w, km_persons_strong(&strong, r->p, one, other, history, 2, call));
    assert_true(strong);
    km_test_must(r->w, km_persons_strong(&strong, r->p, one, other, history, 1, call));
    assert_false(strong); /* a history that does not name both */
}

/* --- permits --- */

static void a_release_has_identifiers_of_its_own_that_end_with_it(void **state)
{
    km_test_register *r = *state;
    unsigned char sid[3][KM_KEY_ID], again[3][KM_KEY_ID];
    int64_t person[3] = { register_enrol(r, 1), register_enrol(r, 2), register_enrol(r, 1) }, back;
    km_call *call = &r->w->call;
    for (int i = 0; i < 2; i++) {
        km_permit m = { .release = i == 0 ? KM_STR("study-1") : KM_STR("study-2"),
                        .research = KM_STR(RESEARCH),
                        .basis = KM_STR("approved"),
                        .client = KM_STR("university"),
                        .ends_at = r->w->now + 1000000 };
        doing d = { .r = r, .permit = &m };
        km_test_must(r->w, km_persons_prepare_permit(r->p, &m, call));
        km_test_must(r->w, km_log_work(r->w->log, do_permit, &d, &r->w->fault));
        assert_int_equal(km_persons_prepare_permit(r->p, &m, call), KM_DUPLICATE);
        km_fault_clear(&r->w->fault);
    }
    km_test_must(r->w, km_persons_link(sid, r->p, KM_STR("study-1"), person, 3, call));
    assert_memory_equal(sid[0], sid[2], KM_KEY_ID);
    assert_memory_not_equal(sid[0], sid[1], KM_KEY_ID);
    km_test_must(r->w, km_persons_link(again, r->p, KM_STR("study-2"), person, 3, call));
    assert_memory_not_equal(sid[0], again[0], KM_KEY_ID);
    register_again(r);
    km_test_must(r->w, km_persons_link(again, r->p, KM_STR("study-1"), person, 3, call));
    assert_memory_equal(sid, again, sizeof sid);
    km_test_must(r->w, km_persons_forward_scan(&back, r->p, KM_STR("study-1"), sid[1],
                                               &register_decided, call));
    assert_int_equal(back, person[1]);
    sid[1][0] ^= 1;
    assert_int_equal(
        km_persons_forward_scan(&back, r->p, KM_STR("study-1"), sid[1], &register_decided, call),
        KM_NOT_FOUND);
    km_fault_clear(&r->w->fault);
    km_test_must(r->w, km_persons_end_permit(r->p, KM_STR("study-1"), call));
    assert_int_equal(km_persons_link(again, r->p, KM_STR("study-1"), person, 3, call), KM_GONE);
    km_fault_clear(&r->w->fault);
    r->w->now += 1000000;
    assert_int_equal(km_persons_link(again, r->p, KM_STR("study-2"), person, 3, call), KM_GONE);
}

/* --- property: any sequence, with failures in between --- */

enum { PEOPLE_MAX = 64, TOKENS_MAX = 2048, STEPS = 300 };
typedef struct issued {
    km_pid_token token;
    int domain; /* index */
    uint32_t kv;
    int64_t person;
    km_pid_state state;
    km_ms until;
} issued;

typedef struct model {
    km_test_register *r;
    int64_t person[PEOPLE_MAX], into[PEOPLE_MAX]; /* into: 0, or the person it is part of */
    int64_t proof[PEOPLE_MAX];
    size_t persons, tokens;
    issued token[TOKENS_MAX];
    uint32_t kv[3];
    km_ms old_until[3];
    int next_number;
} model;

static const char *const model_domain[] = { CARE, OTHER_CARE, RESEARCH };

static size_t index_of(const model *m, int64_t person)
{
    size_t i = 0;
    while (m->person[i] != person)
        i++;
    return i;
}

static int64_t left_of(const model *m, int64_t person)
{
    while (m->into[index_of(m, person)] != 0)
        person = m->into[index_of(m, person)];
    return person;
}

static issued *active_of(model *m, int domain, int64_t person)
{
    for (size_t i = 0; i < m->tokens; i++)
        if (m->token[i].domain == domain && m->token[i].person == person
            && m->token[i].state == KM_PID_ACTIVE)
            return &m->token[i];
    return NULL;
}

static bool should_lead(const model *m, const issued *t)
{
    km_ms now = m->r->w->now;
    if (t->state == KM_PID_REVOKED || t->state == KM_PID_ROTATED)
        return now < t->until;
    return t->kv == m->kv[t->domain]
           || (t->kv + 1 == m->kv[t->domain] && now < m->old_until[t->domain]);
}

static void model_holds(model *m)
{
    for (size_t i = 0; i < m->tokens; i++) {
        km_resolved out = { 0 };
        km_code rc = register_resolve(m->r, &out, m->token[i].token);
        if (rc != (should_lead(m, &m->token[i]) ? KM_OK : KM_GONE))
            fail_msg(
                "identifier %zu of person %lld, version %u of %u, state %d, until %lld, is %s in "
                "state %d",
                i, (long long)m->token[i].person, m->token[i].kv, m->kv[m->token[i].domain],
                (int)m->token[i].state, (long long)(m->token[i].until - m->r->w->now),
                km_code_name(rc), (int)out.state);
        if (rc == KM_OK)
            assert_int_equal(out.person, left_of(m, m->token[i].person));
    }
}

static void learn(model *m, int domain, int64_t person, km_pid_token token, uint32_t kv)
{
    issued *was = active_of(m, domain, person);
    if (was != NULL && strcmp(was->token.v, token.v) == 0)
        return;
    if (was != NULL) {
        assert_true(was->kv < kv);
        was->state = KM_PID_ROTATED;
        was->until = m->old_until[domain];
    }
    assert_true(m->tokens < TOKENS_MAX);
    m->token[m->tokens++] = (issued){ token, domain, kv, person, KM_PID_ACTIVE, 0 };
}

/* Asks for what is active by now and learns it; nothing that was active may have vanished. */
static void learn_active(model *m, int domain, int64_t person)
{
    km_pid pid;
    km_domain d;
    km_test_must(m->r->w, km_persons_issue(&pid, &d, m->r->p, km_str_of(model_domain[domain]),
                                           person, &m->r->w->call));
    learn(m, domain, person, km_identity_token(&d, &pid), d.kv);
}

static int64_t some_person(model *m, uint64_t *seed)
{
    for (;;) {
        size_t i = km_test_below(seed, m->persons);
        if (m->into[i] == 0)
            return m->person[i];
    }
}

/* Which of those that wait for new keys had their turn by now is the register's choice. */
static bool had_its_turn(const model *m, const issued *t)
{
    km_resolved out = { 0 };
    (void)register_resolve(m->r, &out, t->token);
    return out.state == KM_PID_ROTATED;
}

static km_code step_enrol(model *m, uint64_t *seed)
{
    int64_t person;
    bool made;
    (void)seed;
    if (m->persons == PEOPLE_MAX)
        return KM_OK;
    km_id_proof q = register_proof(m->r->w->arena, m->next_number);
    KM_TRY(km_persons_enrol(&person, &made, m->r->p, &q, 1, &m->r->w->call));
    assert_true(made);
    m->next_number++;
    m->person[m->persons] = person;
    m->into[m->persons++] = 0;
    return KM_OK;
}

static km_code step_issue(model *m, uint64_t *seed)
{
    int domain = (int)km_test_below(seed, 3);
    int64_t person = some_person(m, seed);
    km_pid pid;
    km_domain d;
    KM_TRY(km_persons_issue(&pid, &d, m->r->p, km_str_of(model_domain[domain]), person,
                            &m->r->w->call));
    learn(m, domain, person, km_identity_token(&d, &pid), d.kv);
    return KM_OK;
}

static km_code step_revoke(model *m, uint64_t *seed)
{
    int domain = (int)km_test_below(seed, 3);
    int64_t person = some_person(m, seed), grace = domain == 0 ? 60 : 0;
    issued *was = active_of(m, domain, person);
    km_pid pid;
    km_domain d;
    km_code rc = km_persons_revoke(&pid, &d, m->r->p, km_str_of(model_domain[domain]), person,
                                   KM_REVOKE_ERROR, grace, &m->r->w->call);
    if (was == NULL && rc == KM_NOT_FOUND) {
        km_fault_clear(&m->r->w->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    if (was != NULL) {
        bool rotated = had_its_turn(m, was);
        was->state = rotated ? KM_PID_ROTATED : KM_PID_REVOKED;
        was->until = rotated ? m->old_until[domain] : grace > 0 ? m->r->w->now + grace * 1000 : 0;
    }
    learn(m, domain, person, km_identity_token(&d, &pid), d.kv);
    return KM_OK;
}

static km_code step_merge(model *m, uint64_t *seed)
{
    int64_t stays = some_person(m, seed), gone = some_person(m, seed);
    if (stays == gone)
        return KM_OK;
    km_code rc = merge(m->r, stays, gone);
    if (rc == KM_CONFLICT) { /* identifiers of it wait for new keys: nothing has happened */
        km_fault_clear(&m->r->w->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    bool had[3];
    for (int d = 0; d < 3; d++) {
        issued *t = active_of(m, d, gone);
        had[d] = t != NULL;
        if (t == NULL)
            continue;
        t->state = had_its_turn(m, t) ? KM_PID_ROTATED : KM_PID_MERGED;
        t->until = m->old_until[d];
    }
    m->into[index_of(m, gone)] = stays;
    km_store_fail_after(m->r->w->store, 0);
    for (int d = 0; d < 3; d++)
        if (had[d])
            learn_active(m, d, stays);
    return KM_OK;
}

static km_code step_split(model *m, uint64_t *seed)
{
    int64_t person = some_person(m, seed), fresh;
    km_proof_row *q;
    size_t n;
    if (m->persons == PEOPLE_MAX)
        return KM_OK;
    KM_TRY(km_persons_proofs(&q, &n, m->r->p, person, &m->r->w->call));
    if (n < 2)
        return KM_OK;
    KM_TRY(split(m->r, &fresh, person, q[km_test_below(seed, n)].number, OTHER_CARE));
    for (size_t i = 0; i < m->tokens; i++)
        if (m->token[i].person != person && left_of(m, m->token[i].person) == person) {
            m->token[i].state = KM_PID_REVOKED;
            m->token[i].until = 0;
        }
    m->person[m->persons] = fresh;
    m->into[m->persons++] = 0;
    km_store_fail_after(m->r->w->store, 0);
    learn_active(m, 1, fresh);
    return KM_OK;
}

static km_code step_rotate(model *m, uint64_t *seed)
{
    int domain = (int)km_test_below(seed, 3);
    int64_t done, left, grace = domain == 0 && km_test_below(seed, 2) == 0 ? 60 : 0;
    const km_str uri = km_str_of(model_domain[domain]);
    km_code rc = rotate(m->r, model_domain[domain], KM_REVOKE_ERROR, grace);
    if (rc == KM_OK) {
        /* A rotation begins when the last one is through: all of that have successors. */
        for (size_t i = 0; i < m->tokens; i++)
            if (m->token[i].domain == domain && m->token[i].state == KM_PID_ACTIVE
                && m->token[i].kv < m->kv[domain]) {
                m->token[i].state = KM_PID_ROTATED;
                m->token[i].until = m->old_until[domain];
            }
        m->kv[domain]++;
        m->old_until[domain] = grace > 0 ? m->r->w->now + grace * 1000 : 0;
    } else if (rc != KM_CONFLICT) {
        return rc;
    }
    km_fault_clear(&m->r->w->fault);
    if (rc == KM_STORE)
        return rc;
    return km_persons_rekey(&done, &left, m->r->p, uri, km_test_below(seed, 9), &m->r->w->call);
}

static km_code step_wait(model *m, uint64_t *seed)
{
    m->r->w->now += (km_ms)km_test_below(seed, 40) * 1000;
    return KM_OK;
}

static void any_sequence_keeps_every_identifier_right(void **state)
{
    static km_code (*const step[])(model *, uint64_t *) = { step_enrol, step_issue,  step_issue,
                                                            step_issue, step_revoke, step_merge,
                                                            step_split, step_rotate, step_wait };
    km_test_register *r = *state;
    const char *said = getenv("KUMIHIMO_SEED"); /* another sequence */
    uint64_t seed = 20260401 + (said != NULL ? strtoull(said, NULL, 10) : 0);
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->r = r;
    m->kv[0] = m->kv[1] = m->kv[2] = 1;
    for (int i = 0; i < 4; i++)
        assert_int_equal(step_enrol(m, &seed), KM_OK);
    for (int i = 0; i < STEPS; i++) {
        size_t which = km_test_below(&seed, sizeof step / sizeof *step);
        bool breaks = km_test_below(&seed, 4) == 0;
        km_arena_mark here = km_arena_here(r->w->arena);
        km_fault_clear(&r->w->fault);
        if (breaks)
            km_store_fail_after(r->w->store, 1 + (int64_t)km_test_below(&seed, 40));
        km_code rc = step[which](m, &seed);
        km_store_fail_after(r->w->store, 0);
        if (rc != KM_OK && !breaks)
            fail_msg("step %d of kind %zu: %s at %s: %s", i, which, km_code_name(rc),
                     r->w->fault.path, r->w->fault.detail);
        if (breaks || i % 50 == 0)
            register_again(r); /* what was not durable is gone */
        km_arena_back(r->w->arena, here);
        model_holds(m);
    }
    assert_true(m->tokens > 60);
    free(m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, register_setup, register_teardown)
        T(a_domain_gets_new_keys_and_its_holder_each_successor),
        T(after_a_compromise_old_identifiers_are_dead_at_once),
        T(who_is_merged_leads_to_who_stays),
        T(a_split_asks_each_holder_and_lists_who_has_not_answered),
        T(a_strong_proof_is_history_and_birth),
        T(a_release_has_identifiers_of_its_own_that_end_with_it),
        T(any_sequence_keeps_every_identifier_right),
    };
    return km_test_on_both("changes of identifiers", tests, NULL, NULL);
}
