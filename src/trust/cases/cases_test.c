/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases: one proposes, another confirms what was proposed, and it is done once.
 */
#include "record/log_test.h"
#include "trust/cases/cases.h"

typedef struct world {
    km_test_log *w;
    km_roles *roles;
    km_cases s;
    km_case_actor anna, ben, cleo, nurse;
} world;

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_cases, NULL };
static const km_fold_def *const folds[] = { NULL };

static int setup(void **state)
{
    world *x = calloc(1, sizeof *x);
    assert_non_null(x);
    x->w = km_test_log_new(lists, folds);
    x->roles = km_roles_new();
    x->s = (km_cases){ x->w->log, x->roles };
    int admin = km_roles_role(x->roles, KM_STR("network_admin"));
    int officer = km_roles_role(x->roles, KM_STR("security_officer"));
    x->anna = (km_case_actor){ KM_STR("https://id.example|anna"), admin };
    x->ben = (km_case_actor){ KM_STR("https://id.example|ben"), officer };
    x->cleo = (km_case_actor){ KM_STR("https://other.example|anna"), officer };
    x->nurse = (km_case_actor){ KM_STR("https://id.example|n"),
                                km_roles_role(x->roles, KM_STR("clinician")) };
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    world *x = *state;
    km_roles_free(x->roles);
    km_test_log_free(x->w);
    free(x);
    return 0;
}

static km_jv domain_json(world *x)
{
    return km_test_json(x->w->arena, "{\"smallest\":0,\"uri\":\"urn:x\", \"graceSeconds\":60,"
                                     "\"legalBasis\":\"a \\u6cd5\"}");
}

static km_case propose(world *x, const char *kind, km_jv what, const km_case_actor *by)
{
    km_case c;
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_cases_propose(&c, &x->s, km_str_of(kind), what, by, &x->w->call));
    return c;
}

static km_code confirm(world *x, km_case *c, km_str hash, const km_case_actor *by)
{
    km_fault_clear(&x->w->fault);
    return km_cases_confirm(c, &x->s, c->id, hash, by, &x->w->call);
}

typedef struct taking {
    world *x;
    km_str id;
    const char *kind;
    const km_case_actor *by;
    bool fail;
} taking;

static km_code take_in(void *self, km_txn *t, km_fault *f)
{
    taking *me = self;
    km_case c;
    KM_TRY(km_cases_take(&c, &me->x->s, me->id, me->kind, me->by, t, &me->x->w->call));
    return me->fail ? km_fail(f, KM_CONFLICT, NULL, "what was decided failed") : KM_OK;
}

static km_code take(world *x, km_str id, const char *kind, const km_case_actor *by, bool fail)
{
    taking me = { x, id, kind, by, fail };
    km_fault_clear(&x->w->fault);
    return km_log_work(x->w->log, take_in, &me, &x->w->fault);
}

static void what_is_proposed_has_one_spelling_and_its_hash(void **state)
{
    world *x = *state;
    km_case a = propose(x, "new-domain", domain_json(x), &x->anna);
    assert_true(km_str_is(a.content,
                          "{\"uri\":\"urn:x\",\"legalBasis\":\"a 法\",\"graceSeconds\":60,"
                          "\"smallest\":0}"));
    assert_int_equal(a.state, KM_CASE_PROPOSED);
    assert_int_equal(a.hash_hex.n, 64);
    static const char *const wrong[] = {
        "{}", "[]", "{\"uri\":1,\"legalBasis\":\"b\",\"graceSeconds\":1,\"smallest\":0}",
        "{\"uri\":\"u\",\"legalBasis\":\"b\",\"graceSeconds\":1.5,\"smallest\":0}",
        "{\"uri\":\"u\",\"legalBasis\":\"b\",\"graceSeconds\":1,\"smallest\":0,\"more\":1}"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        km_case c;
        km_fault_clear(&x->w->fault);
        assert_int_not_equal(km_cases_propose(&c, &x->s, KM_STR("new-domain"),
                                              km_test_json(x->w->arena, "%s", wrong[i]), &x->anna,
                                              &x->w->call),
                             KM_OK);
    }
}

static void another_person_confirms_exactly_what_was_proposed(void **state)
{
    world *x = *state;
    km_case c = propose(x, "new-domain", domain_json(x), &x->anna);
    assert_int_equal(confirm(x, &c, c.hash_hex, &x->anna), KM_FORBIDDEN);
    c = propose(x, "new-domain", domain_json(x), &x->anna);
    km_case other = c;
    assert_int_equal(confirm(x, &other, c.hash_hex, &x->nurse), KM_FORBIDDEN);
    other = c;
    assert_int_equal(confirm(x, &other, KM_STR("00"), &x->ben), KM_PRECONDITION);
    other = c;
    assert_int_equal(confirm(x, &other, c.hash_hex, &x->ben), KM_OK);
    assert_int_equal(other.state, KM_CASE_CONFIRMED);
    km_str person[KM_CASE_PERSONS];
    assert_int_equal(km_case_persons(person, &other), 2);
    assert_true(km_str_eq(person[0], x->anna.person) && km_str_eq(person[1], x->ben.person));
    assert_int_equal(confirm(x, &other, c.hash_hex, &x->cleo), KM_PRECONDITION);
}

static void a_case_is_carried_out_once_and_with_what_it_decides(void **state)
{
    world *x = *state;
    km_case c = propose(x, "new-domain", domain_json(x), &x->anna);
    assert_int_equal(take(x, c.id, "new-domain", &x->anna, false), KM_PRECONDITION);
    assert_int_equal(confirm(x, &c, c.hash_hex, &x->ben), KM_OK);
    assert_int_equal(take(x, c.id, "merge", &x->anna, false), KM_PRECONDITION);
    assert_int_equal(take(x, c.id, "new-domain", &x->nurse, false), KM_FORBIDDEN);
    assert_int_equal(take(x, c.id, "new-domain", &x->anna, true), KM_CONFLICT);
    assert_int_equal(take(x, c.id, "new-domain", &x->anna, false), KM_OK);
    assert_int_equal(take(x, c.id, "new-domain", &x->anna, false), KM_PRECONDITION);
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_cases_get(&c, &x->s, c.id, &x->ben, &x->w->call));
    assert_int_equal(c.state, KM_CASE_DONE);
    assert_int_equal(c.acts, 3);
    assert_true(km_str_is(c.act[2].act, "carry-out"));
}

static void three_custodians_are_three_persons(void **state)
{
    world *x = *state;
    km_jv what = km_test_json(x->w->arena, "{\"release\":\"r\",\"sid\":\"00\",\"reason\":\"why\"}");
    km_case c;
    assert_int_equal(
        km_cases_propose(&c, &x->s, KM_STR("forward-scan"), what, &x->anna, &x->w->call),
        KM_FORBIDDEN); /* not a custodian's role */
    c = propose(x, "forward-scan", what, &x->ben);
    km_case_actor operator_ = { KM_STR("operator"), km_roles_role(x->roles, KM_STR("operator")) };
    assert_int_equal(confirm(x, &c, c.hash_hex, &x->cleo), KM_OK);
    assert_int_equal(c.state, KM_CASE_PROPOSED);
    km_case again = c;
    assert_int_equal(confirm(x, &again, c.hash_hex, &x->cleo), KM_FORBIDDEN);
    assert_int_equal(confirm(x, &c, c.hash_hex, &operator_), KM_OK);
    assert_int_equal(c.state, KM_CASE_CONFIRMED);
}

static void a_case_ends_with_its_time_or_when_it_is_refused(void **state)
{
    world *x = *state;
    km_case c = propose(x, "new-domain", domain_json(x), &x->anna), late = c;
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_cases_refuse(&c, &x->s, c.id, &x->anna, &x->w->call));
    assert_int_equal(confirm(x, &c, late.hash_hex, &x->ben), KM_PRECONDITION);
    x->w->now++;
    late = propose(x, "new-domain", domain_json(x), &x->anna);
    assert_int_equal(confirm(x, &late, late.hash_hex, &x->ben), KM_OK);
    x->w->now += late.kind->life_ms;
    assert_int_equal(take(x, late.id, "new-domain", &x->ben, false), KM_PRECONDITION);
    km_case *all;
    size_t n;
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_cases_list(&all, &n, 10, &x->s, &x->ben, &x->w->call));
    assert_int_equal(n, 2);
    assert_int_equal(all[0].state, KM_CASE_EXPIRED);
    assert_int_equal(all[1].state, KM_CASE_REFUSED);
    km_test_must(x->w, km_cases_list(&all, &n, 10, &x->s, &x->nurse, &x->w->call));
    assert_int_equal(n, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_is_proposed_has_one_spelling_and_its_hash),
        T(another_person_confirms_exactly_what_was_proposed),
        T(a_case_is_carried_out_once_and_with_what_it_decides),
        T(three_custodians_are_three_persons),
        T(a_case_ends_with_its_time_or_when_it_is_refused),
    };
    return km_test_on_both("cases", tests, NULL, NULL);
}
