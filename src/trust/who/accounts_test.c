/* SPDX-License-Identifier: Apache-2.0
 *
 * Accounts, their passkeys, and tickets that are good once.
 */
#include "record/log_test.h"

#include "km_sql_trust_who.h"
#include "trust/who/accounts.h"
#include "trust/who/ticket.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_who, NULL };
static km_roles *roles;

static int setup(void **state)
{
    *state = km_test_log_new(lists, NULL);
    roles = km_roles_new();
    return 0;
}

static int teardown(void **state)
{
    km_test_log_free(*state);
    km_roles_free(roles);
    return 0;
}

static const km_str wards[] = { KM_STR_INIT("Patient/7"), KM_STR_INIT("Patient/8") };
static const km_str practitioner[] = { KM_STR_INIT("Practitioner/1") };

static km_account someone(const char *role, const char *subject)
{
    return (km_account){ .issuer = KM_STR("https://login.example"),
                         .subject = km_str_of(subject),
                         .role = km_roles_role(roles, km_str_of(role)),
                         .name = KM_STR("試験 花子") };
}

static km_account clinician(const char *subject)
{
    km_account a = someone("clinician", subject);
    a.organisation = KM_STR("Organization/3");
    a.actor = practitioner;
    a.actors = 1;
    return a;
}

static km_code add(km_test_log *w, const km_account *a)
{
    int64_t number;
    km_fault_clear(&w->fault);
    return km_account_add(&number, w->log, a, roles, &w->call);
}

static km_code find(km_account *out, km_test_log *w, const char *subject)
{
    km_conn *c;
    km_fault_clear(&w->fault);
    KM_TRY(km_store_reader(&c, w->store, &w->fault));
    km_code rc = km_account_find(out, c, roles, KM_STR("https://login.example"), km_str_of(subject),
                                 &w->call);
    km_store_return(c);
    return rc;
}

static void an_account_is_found_as_it_was_added(void **state)
{
    km_test_log *w = *state;
    km_account a = clinician("c-1"), proxy = someone("proxy", "p-1"), out;
    km_who who;
    proxy.ward = wards;
    proxy.wards = 2;
    assert_int_equal(add(w, &a), KM_OK);
    assert_int_equal(add(w, &proxy), KM_OK);
    assert_int_equal(find(&out, w, "c-1"), KM_OK);
    km_account_who(&who, &out, roles, w->arena);
    assert_true(km_str_is(who.name, "試験 花子"));
    assert_int_equal(who.role, a.role);
    assert_int_equal(who.purpose, KM_TREAT);
    assert_int_equal(who.actors, 2);
    assert_true(km_str_is(who.actor[0], "Practitioner/1"));
    assert_true(km_str_is(who.actor[1], "Organization/3"));
    assert_int_equal(who.second_factor_at, 0);
    assert_int_equal(find(&out, w, "p-1"), KM_OK);
    assert_int_equal(out.wards, 2);
    assert_true(km_str_eq(out.ward[1], wards[1]));
    assert_int_equal(find(&out, w, "P-1"), KM_NOT_FOUND);
}

static void a_subject_belongs_to_one_account(void **state)
{
    km_test_log *w = *state;
    km_account a = clinician("c-1"), b = clinician("c-2"), out;
    const km_str issuer = a.issuer;
    assert_int_equal(add(w, &a), KM_OK);
    assert_int_equal(add(w, &a), KM_DUPLICATE);
    assert_int_equal(add(w, &b), KM_OK);
    km_fault_clear(&w->fault);
    assert_int_equal(km_account_renew(w->log, issuer, KM_STR("c-1"), KM_STR("c-2"), &w->call),
                     KM_DUPLICATE);
    km_fault_clear(&w->fault);
    assert_int_equal(km_account_renew(w->log, issuer, KM_STR("c-1"), KM_STR("c-3"), &w->call),
                     KM_OK);
    assert_int_equal(find(&out, w, "c-1"), KM_NOT_FOUND);
    assert_int_equal(find(&out, w, "c-3"), KM_OK);
    km_fault_clear(&w->fault);
    assert_int_equal(km_account_renew(w->log, issuer, KM_STR("c-1"), KM_STR("c-4"), &w->call),
                     KM_NOT_FOUND);
}

/* Over all roles: what the table of bases asks for is asked for, and nothing may be given that the
 * role has no use for. */
static void a_role_gets_what_it_needs_and_no_more(void **state)
{
    km_test_log *w = *state;
    const km_role *role;
    char subject[16];
    for (int i = 0, n = (int)km_roles_all(&role, roles); i < n; i++) {
        bool self = km_str_is(role[i].name, "citizen"), ward = km_str_is(role[i].name, "proxy");
        snprintf(subject, sizeof subject, "s-%d", i);
        km_account a = someone("citizen", subject);
        a.role = i;
        a.organisation = KM_STR("Organization/3");
        a.person = self ? KM_STR("Patient/1") : KM_STR_NONE;
        a.ward = ward ? wards : NULL;
        a.wards = ward ? 2 : 0;
        bool nobody = km_str_is(role[i].name, "nobody");
        assert_int_equal(add(w, &a), nobody ? KM_BAD_VALUE : KM_OK);
        if (nobody)
            continue;
        a.subject = KM_STR("other");
        a.person = self ? KM_STR_NONE : KM_STR("Patient/1");
        assert_int_equal(add(w, &a), self ? KM_REQUIRED : KM_BAD_VALUE);
        a.person = self ? KM_STR("Patient/1") : KM_STR_NONE;
        a.ward = wards;
        a.wards = ward ? 0 : 2;
        assert_int_equal(add(w, &a), ward ? KM_REQUIRED : KM_BAD_VALUE);
    }
    km_account a = clinician("none");
    a.organisation = KM_STR_NONE;
    assert_int_equal(add(w, &a), KM_REQUIRED);
}

static void references_and_texts_have_a_form(void **state)
{
    static const char *const bad[] = { "3",  "Organization/",     "Organization/a b", "Patient/3",
                                       "/3", "Organization/../x", "Organization/3\n4" };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_account a = clinician("c-1");
        a.organisation = km_str_of(bad[i]);
        assert_int_equal(add(w, &a), KM_BAD_VALUE);
        assert_string_equal(w->fault.path, "account.organisation");
    }
    km_account a = clinician("line\nbreak");
    assert_int_equal(add(w, &a), KM_BAD_VALUE);
    a = clinician("");
    assert_int_equal(add(w, &a), KM_REQUIRED);
}

/* --- passkeys --- */

static km_code enrol(km_test_log *w, int64_t account, const char *id)
{
    km_passkey key = { km_str_of(id), KM_STR("key"), 0 };
    km_fault_clear(&w->fault);
    return km_account_enrol(w->log, account, &key, &w->call);
}

static size_t passkeys(km_test_log *w, int64_t account)
{
    km_passkey key[KM_ACCOUNT_PASSKEYS];
    km_conn *c;
    size_t n;
    km_test_must(w, km_store_reader(&c, w->store, &w->fault));
    km_test_must(w, km_account_passkeys(key, &n, c, account, &w->call));
    km_store_return(c);
    return n;
}

static void passkeys_go_with_their_account_and_are_bounded(void **state)
{
    km_test_log *w = *state;
    km_account a = clinician("c-1"), b = clinician("c-2");
    int64_t first, second;
    km_test_must(w, km_account_add(&first, w->log, &a, roles, &w->call));
    km_test_must(w, km_account_add(&second, w->log, &b, roles, &w->call));
    for (int i = 0; i < KM_ACCOUNT_PASSKEYS; i++) {
        char id[8];
        snprintf(id, sizeof id, "k%d", i);
        assert_int_equal(enrol(w, first, id), KM_OK);
    }
    assert_int_equal(enrol(w, first, "more"), KM_TOO_COSTLY);
    assert_int_equal(enrol(w, second, "k0"), KM_DUPLICATE);
    assert_int_equal(enrol(w, second, "own"), KM_OK);
    km_fault_clear(&w->fault);
    km_test_must(w, km_account_remove(w->log, a.issuer, a.subject, &w->call));
    assert_int_equal(passkeys(w, first), 0);
    assert_int_equal(passkeys(w, second), 1);
    assert_int_equal(km_account_unenrol(w->log, first, KM_STR("own"), &w->call), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    km_test_must(w, km_account_unenrol(w->log, second, KM_STR("own"), &w->call));
    assert_int_equal(passkeys(w, second), 0);
}

static void a_counter_is_kept_once(void **state)
{
    km_test_log *w = *state;
    km_account a = clinician("c-1");
    km_passkey key = { KM_STR("k"), KM_STR("key"), 0 };
    int64_t number;
    km_test_must(w, km_account_add(&number, w->log, &a, roles, &w->call));
    km_test_must(w, km_account_enrol(w->log, number, &key, &w->call));
    km_test_must(w, km_account_used(w->log, &key, 5, &w->call));
    assert_int_equal(km_account_used(w->log, &key, 5, &w->call), KM_CONFLICT);
}

/* --- tickets --- */

static void a_ticket_is_for_one_purpose_and_time(void **state)
{
    km_test_log *w = *state;
    km_str text, bytes;
    km_ms until;
    km_ticket_seal(&text, w->log, "one", KM_STR("secret"), w->now + 1000, &w->call);
    assert_null(memmem(text.p, text.n, "secret", 6));
    assert_int_equal(km_ticket_open(&bytes, &until, w->log, "one", text, &w->call), KM_OK);
    assert_true(km_str_is(bytes, "secret"));
    assert_int_equal(until, w->now + 1000);
    assert_int_equal(km_ticket_open(&bytes, &until, w->log, "two", text, &w->call),
                     KM_UNAUTHENTICATED);
    for (size_t i = 0; i < text.n; i++) {
        char *other = (char *)km_arena_copy(w->arena, text).p;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        assert_int_equal(
            km_ticket_open(&bytes, &until, w->log, "one", (km_str){ other, text.n }, &w->call),
            KM_UNAUTHENTICATED);
    }
    w->now += 1000;
    assert_int_equal(km_ticket_open(&bytes, &until, w->log, "one", text, &w->call),
                     KM_UNAUTHENTICATED);
}

static void what_was_spent_is_spent_even_after_a_restart(void **state)
{
    km_test_log *w = *state;
    assert_int_equal(km_ticket_spend(w->log, KM_STR("a"), w->now + 1000, &w->call), KM_OK);
    assert_int_equal(km_ticket_spend(w->log, KM_STR("a"), w->now + 1000, &w->call),
                     KM_UNAUTHENTICATED);
    km_test_log_close(w);
    km_test_log_open(w);
    km_fault_clear(&w->fault);
    assert_int_equal(km_ticket_spend(w->log, KM_STR("a"), w->now + 1000, &w->call),
                     KM_UNAUTHENTICATED);
    km_fault_clear(&w->fault);
    assert_int_equal(km_ticket_spend(w->log, KM_STR("b"), w->now + 1000, &w->call), KM_OK);
    w->now += 1001; /* the table does not grow for ever */
    assert_int_equal(km_ticket_spend(w->log, KM_STR("a"), w->now + 1000, &w->call), KM_OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(an_account_is_found_as_it_was_added),
        T(a_subject_belongs_to_one_account),
        T(a_role_gets_what_it_needs_and_no_more),
        T(references_and_texts_have_a_form),
        T(passkeys_go_with_their_account_and_are_bounded),
        T(a_counter_is_kept_once),
        T(a_ticket_is_for_one_purpose_and_time),
        T(what_was_spent_is_spent_even_after_a_restart),
    };
    return km_test_on_both("accounts", tests, NULL, NULL);
}
