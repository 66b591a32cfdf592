/* SPDX-License-Identifier: Apache-2.0
 *
 * register_test: a register of persons for a test, on either database: its log, two operators with
 * rings of their own, a few domains and holders.
 */
#ifndef KM_TRUST_IDENTITY_REGISTER_TEST_H
#define KM_TRUST_IDENTITY_REGISTER_TEST_H

#include "record/log_test.h"

#include "trust/identity/persons.h"

typedef struct km_test_register {
    km_test_log *w;
    km_keys *a, *b;
    km_persons *p;
} km_test_register;

static const km_embedded *const register_lists[] = { km_sql_record, km_sql_trust_identity, NULL };
static const km_fold_def *const register_folds[] = { NULL };
static const km_decided register_decided = { KM_STR_INIT("case"), KM_STR_INIT("one"),
                                             KM_STR_INIT("two") };

#define CARE "urn:kumihimo:dom:care:net-0001"
#define OTHER_CARE "urn:kumihimo:dom:care:net-0002"
#define RESEARCH "urn:kumihimo:dom:research:ndb"

static inline void register_open(km_test_register *r)
{
    km_persons_options o = { r->w->log, { r->a, r->b }, &r->w->clock, &r->w->random };
    km_fault_clear(&r->w->fault);
    km_test_must(r->w, km_persons_open(&r->p, &o, &r->w->fault));
}

/* The process ends and begins again; what was not durable is gone. */
static inline void register_again(km_test_register *r)
{
    km_persons_close(r->p);
    km_test_log_close(r->w);
    km_test_log_open(r->w);
    register_open(r);
}

typedef struct register_domain {
    km_test_register *r;
    const km_domain_rules *rules;
} register_domain;

static inline km_code register_put_domain(void *self, km_txn *t, km_fault *f)
{
    register_domain *d = self;
    return km_persons_add_domain(d->r->p, d->rules, &register_decided, t, f);
}

static inline void register_add_domain(km_test_register *r, const char *uri, int64_t grace_s)
{
    km_domain_rules rules = { km_str_of(uri), KM_STR("test"), grace_s, 0 };
    register_domain d = { r, &rules };
    km_test_must(r->w, km_persons_prepare_domain(r->p, &rules, &r->w->call));
    km_test_must(r->w, km_log_work(r->w->log, register_put_domain, &d, &r->w->fault));
    km_test_must(r->w, km_persons_reload(r->p, &r->w->fault));
}

static inline km_holder register_holder(km_test_register *r, const char *domain, const char *client,
                                        unsigned flags)
{
    km_holder h = { 0, km_str_of(client), KM_STR("{}"), flags };
    km_test_must(r->w, km_persons_put_holder(r->p, km_str_of(domain), &h, &r->w->call));
    km_test_must(r->w, km_persons_holder(&h, r->p, km_str_of(domain), h.client, &r->w->call));
    return h;
}

static inline int register_setup(void **state)
{
    km_test_register *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->w = km_test_log_new(register_lists, register_folds);
    assert_int_equal(km_keys_in_memory(&r->a, KM_KEY_MASK_A, &r->w->random, &r->w->fault), KM_OK);
    assert_int_equal(km_keys_in_memory(&r->b, KM_KEY_MASK_B, &r->w->random, &r->w->fault), KM_OK);
    register_open(r);
    register_add_domain(r, CARE, 86400);
    register_add_domain(r, OTHER_CARE, 3600);
    register_add_domain(r, RESEARCH, 0);
    *state = r;
    return 0;
}

static inline int register_teardown(void **state)
{
    km_test_register *r = *state;
    km_persons_close(r->p);
    km_keys_close(r->a);
    km_keys_close(r->b);
    km_test_log_free(r->w);
    free(r);
    return 0;
}

/* An insured number that is `n`'s. */
static inline km_id_proof register_proof(km_arena *a, int n)
{
    return (km_id_proof){ .system = KM_STR("insno"),
                          .part = { KM_STR("01130012"), KM_STR("記号"),
                                    km_arena_print(a, "%07d", n), KM_STR("00") },
                          .parts = 4,
                          .source = KM_STR("01130012") };
}

static inline int64_t register_enrol(km_test_register *r, int n)
{
    int64_t person;
    bool made;
    km_id_proof q = register_proof(r->w->arena, n);
    km_test_must(r->w, km_persons_enrol(&person, &made, r->p, &q, 1, &r->w->call));
    return person;
}

static inline km_pid_token register_issue(km_test_register *r, const char *domain, int64_t person)
{
    km_pid pid;
    km_domain d;
    km_test_must(r->w, km_persons_issue(&pid, &d, r->p, km_str_of(domain), person, &r->w->call));
    return km_identity_token(&d, &pid);
}

static inline km_code register_resolve(km_test_register *r, km_resolved *out, km_pid_token t)
{
    km_fault_clear(&r->w->fault);
    km_code rc = km_persons_resolve(out, r->p, km_str_of(t.v), &r->w->call);
    km_fault_clear(&r->w->fault);
    return rc;
}

static inline void register_leads_to(km_test_register *r, km_pid_token t, int64_t person)
{
    km_resolved out = { 0 };
    assert_int_equal(register_resolve(r, &out, t), KM_OK);
    assert_int_equal(out.person, person);
}

#endif
