/* SPDX-License-Identifier: Apache-2.0
 *
 * The register: who is enrolled, what is issued, resolved and revoked, and who learns of it.
 */
#include "trust/identity/register_test.h"

static void the_same_proof_is_the_same_person(void **state)
{
    km_test_register *r = *state;
    int64_t one = register_enrol(r, 1), other = register_enrol(r, 2), found;
    assert_int_not_equal(one, other);
    assert_int_equal(register_enrol(r, 1), one);
    km_id_proof wide = { .system = KM_STR("insno"),
                         .part = { KM_STR("０１１３００１２"), KM_STR("記号"), KM_STR("000 0001"),
                                   KM_STR("00") },
                         .parts = 4 };
    km_test_must(r->w, km_persons_find(&found, r->p, &wide, &r->w->call));
    assert_int_equal(found, one);
    register_again(r);
    assert_int_equal(register_enrol(r, 2), other);
}

static void a_proof_that_many_share_names_nobody(void **state)
{
    km_test_register *r = *state;
    int64_t person;
    bool made;
    km_id_proof q[2] = { { .system = KM_STR("nkds"),
                           .part = { KM_STR("ヤマダ タロウ"), KM_STR("1980-02-29"),
                                     KM_STR("male") },
                           .parts = 3,
                           .source = KM_STR("desk") } };
    assert_int_equal(km_persons_enrol(&person, &made, r->p, q, 1, &r->w->call), KM_REQUIRED);
    km_fault_clear(&r->w->fault);
    for (int n = 1; n <= 2; n++) {
        q[1] = register_proof(r->w->arena, n);
        km_test_must(r->w, km_persons_enrol(&person, &made, r->p, q, 2, &r->w->call));
        assert_true(made);
    }
}

static void proofs_of_two_persons_are_a_case(void **state)
{
    km_test_register *r = *state;
    int64_t person;
    bool made;
    km_id_proof q[2] = { register_proof(r->w->arena, 1), register_proof(r->w->arena, 2) };
    register_enrol(r, 1);
    register_enrol(r, 2);
    assert_int_equal(km_persons_enrol(&person, &made, r->p, q, 2, &r->w->call), KM_CONFLICT);
}

static void a_my_number_is_no_proof(void **state)
{
    km_test_register *r = *state;
    int64_t person;
    bool made;
    km_id_proof q = { .system = KM_STR("residence"),
                      .part = { KM_STR("1234 5678 9018") },
                      .parts = 1,
                      .source = KM_STR("desk") };
    assert_int_equal(km_persons_enrol(&person, &made, r->p, &q, 1, &r->w->call), KM_INVALID);
    assert_string_equal(r->w->fault.detail, "forbidden identifier");
}

static void an_identifier_leads_to_its_person_and_differs_by_domain(void **state)
{
    km_test_register *r = *state;
    int64_t one = register_enrol(r, 1), other = register_enrol(r, 2);
    km_pid_token care = register_issue(r, CARE, one), next = register_issue(r, OTHER_CARE, one),
                 hers = register_issue(r, CARE, other);
    assert_string_not_equal(care.v, next.v);
    assert_string_not_equal(care.v, hers.v);
    assert_string_equal(register_issue(r, CARE, one).v, care.v);
    for (int lives = 0; lives < 2; lives++) {
        register_leads_to(r, care, one);
        register_leads_to(r, next, one);
        register_leads_to(r, hers, other);
        register_again(r);
    }
}

static void an_identifier_of_nobody_leads_nowhere(void **state)
{
    km_test_register *r = *state;
    km_resolved out;
    km_pid_token t = register_issue(r, CARE, register_enrol(r, 1));
    t.v[20] = t.v[20] == 'A' ? 'B' : 'A';
    assert_int_equal(register_resolve(r, &out, t), KM_NOT_FOUND);
    t.v[0] = '!';
    assert_int_equal(register_resolve(r, &out, t), KM_BAD_VALUE);
    km_domain d = { KM_STR(CARE), 99, 1 };
    km_pid none = { { 1 } };
    assert_int_equal(register_resolve(r, &out, km_identity_token(&d, &none)), KM_NOT_FOUND);
}

static km_str events_of(km_test_register *r, const km_holder *h)
{
    km_id_event *e;
    size_t n;
    km_buf out = km_buf_in(r->w->arena);
    km_test_must(r->w, km_persons_events(&e, &n, r->p, h, 0, 100, &r->w->call));
    for (size_t i = 0; i < n; i++)
        km_buf_print(&out, "%.*s %.*s\n", KM_STR_ARG(e[i].kind), KM_STR_ARG(e[i].body));
    km_buf_char(&out, '\0');
    return km_buf_str(&out);
}

static void a_revoked_identifier_has_a_successor_and_each_holder_learns_of_it(void **state)
{
    km_test_register *r = *state;
    km_pid pid;
    km_domain d;
    km_resolved out;
    km_holder good = register_holder(r, CARE, "hospital", KM_HOLDER_OWNER);
    km_holder suspected = register_holder(r, CARE, "lost-laptop", KM_HOLDER_SUSPECTED);
    km_holder elsewhere = register_holder(r, OTHER_CARE, "hospital", 0);
    int64_t one = register_enrol(r, 1);
    km_pid_token old = register_issue(r, CARE, one);
    km_test_must(r->w, km_persons_revoke(&pid, &d, r->p, KM_STR(CARE), one, KM_REVOKE_COMPROMISE, 0,
                                         &r->w->call));
    km_pid_token fresh = km_identity_token(&d, &pid);
    assert_string_not_equal(old.v, fresh.v);
    assert_int_equal(register_resolve(r, &out, old), KM_GONE);
    assert_int_equal(out.state, KM_PID_REVOKED);
    register_leads_to(r, fresh, one);
    assert_string_equal(register_issue(r, CARE, one).v, fresh.v);
    km_str told = events_of(r, &good);
    assert_true(km_str_starts(told, KM_STR("revoked {")));
    assert_non_null(strstr(told.p, old.v));
    assert_non_null(strstr(told.p, fresh.v));
    told = events_of(r, &suspected);
    assert_non_null(strstr(told.p, old.v));
    assert_null(strstr(told.p, fresh.v));
    assert_string_equal(events_of(r, &elsewhere).p, "");
}

static void grace_is_the_domains_and_none_after_a_compromise(void **state)
{
    km_test_register *r = *state;
    km_pid pid;
    km_domain d;
    km_resolved out;
    int64_t one = register_enrol(r, 1);
    km_pid_token old = register_issue(r, OTHER_CARE, one);
    const km_str domain = KM_STR(OTHER_CARE);
    km_fault *f = &r->w->fault;
    assert_int_equal(
        km_persons_revoke(&pid, &d, r->p, domain, one, KM_REVOKE_REQUEST, 3601, &r->w->call),
        KM_BAD_VALUE);
    km_fault_clear(f);
    assert_int_equal(
        km_persons_revoke(&pid, &d, r->p, domain, one, KM_REVOKE_COMPROMISE, 1, &r->w->call),
        KM_BAD_VALUE);
    km_fault_clear(f);
    km_test_must(
        r->w, km_persons_revoke(&pid, &d, r->p, domain, one, KM_REVOKE_REQUEST, 3600, &r->w->call));
    register_leads_to(r, old, one);
    r->w->now += 3600 * 1000;
    assert_int_equal(register_resolve(r, &out, old), KM_GONE);
    (void)register_issue(r, RESEARCH, one);
    assert_int_equal(
        km_persons_revoke(&pid, &d, r->p, KM_STR(RESEARCH), one, KM_REVOKE_ERROR, 1, &r->w->call),
        KM_BAD_VALUE);
}

static void a_handle_is_new_each_time_and_opens_here_alone(void **state)
{
    km_test_register *r = *state;
    km_str one, again;
    int64_t person = register_enrol(r, 1), back;
    km_test_must(r->w, km_persons_handle(&one, r->p, person, &r->w->call));
    km_test_must(r->w, km_persons_handle(&again, r->p, person, &r->w->call));
    assert_false(km_str_eq(one, again));
    km_test_must(r->w, km_persons_by_handle(&back, r->p, one, &r->w->fault));
    assert_int_equal(back, person);
    ((char *)(uintptr_t)one.p)[10] ^= 1;
    assert_int_equal(km_persons_by_handle(&back, r->p, one, &r->w->fault), KM_BAD_VALUE);
}

/* A failure injected at every call to the store, one after the other: what is told to have failed
 * has left nothing, what is told to be done is there. */
static void a_failure_at_any_call_leaves_nothing_half_done(void **state)
{
    km_test_register *r = *state;
    km_holder h = register_holder(r, CARE, "hospital", 0);
    int64_t one = register_enrol(r, 1);
    km_pid_token now = register_issue(r, CARE, one);
    size_t told = 0;
    for (int64_t k = 1, done = 0; done == 0; k++) {
        km_pid pid;
        km_domain d;
        km_resolved out;
        km_id_event *e;
        size_t n;
        km_fault_clear(&r->w->fault);
        km_store_fail_after(r->w->store, k);
        km_code rc = km_persons_revoke(&pid, &d, r->p, KM_STR(CARE), one, KM_REVOKE_ERROR, 0,
                                       &r->w->call);
        km_store_fail_after(r->w->store, 0);
        km_fault_clear(&r->w->fault);
        register_again(r);
        km_test_must(r->w, km_persons_events(&e, &n, r->p, &h, 0, 1000, &r->w->call));
        done = rc == KM_OK;
        if (register_resolve(r, &out, now) == KM_OK) {
            assert_int_not_equal(rc, KM_OK);
            assert_int_equal(n, told);
            assert_string_equal(register_issue(r, CARE, one).v, now.v);
        } else { /* done, or the commit's answer was lost */
            assert_int_equal(n, told + 1);
            told = n;
            now = register_issue(r, CARE, one);
            register_leads_to(r, now, one);
        }
        assert_true(k < 500);
    }
}

static void the_tables_open_with_their_own_keys_alone(void **state)
{
    km_test_register *r = *state;
    km_keys *stranger;
    km_persons *p;
    uint32_t v;
    km_fault *f = &r->w->fault;
    assert_int_equal(km_keys_in_memory(&stranger, KM_KEY_MASK_B, &r->w->random, f), KM_OK);
    assert_int_equal(km_keys_make(&v, stranger, KM_KEY_PID_B, KM_STR("urn:kumihimo:store"), f),
                     KM_OK);
    int64_t one = register_enrol(r, 1);
    km_pid_token t = register_issue(r, CARE, one);
    km_persons_options o = { r->w->log, { r->a, stranger }, &r->w->clock, &r->w->random };
    km_resolved out;
    /* A's keys with another's in B's place find nothing and open nothing. */
    assert_int_equal(km_persons_open(&p, &o, f), KM_OK);
    assert_int_not_equal(km_persons_resolve(&out, p, km_str_of(t.v), &r->w->call), KM_OK);
    km_fault_clear(f);
    km_persons_close(p);
    km_keys_close(stranger);
    assert_int_equal(km_keys_in_memory(&stranger, KM_KEY_MASK_A, &r->w->random, f), KM_OK);
    o.by = (km_operators){ stranger, r->b };
    assert_int_not_equal(km_persons_open(&p, &o, f), KM_OK);
    km_keys_close(stranger);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, register_setup, register_teardown)
        T(the_same_proof_is_the_same_person),
        T(a_proof_that_many_share_names_nobody),
        T(proofs_of_two_persons_are_a_case),
        T(a_my_number_is_no_proof),
        T(an_identifier_leads_to_its_person_and_differs_by_domain),
        T(an_identifier_of_nobody_leads_nowhere),
        T(a_revoked_identifier_has_a_successor_and_each_holder_learns_of_it),
        T(grace_is_the_domains_and_none_after_a_compromise),
        T(a_handle_is_new_each_time_and_opens_here_alone),
        T(a_failure_at_any_call_leaves_nothing_half_done),
        T(the_tables_open_with_their_own_keys_alone),
    };
    return km_test_on_both("the register of persons", tests, NULL, NULL);
}
