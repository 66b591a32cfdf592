/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of who may do what, held against what must never stand in it.
 */
#include "trust/roles/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static km_roles *roles;

static void every_actor_of_the_reform_has_a_role(void **state)
{
    static const char *const actors[] = { "clinician",     "emergency",       "pharmacist",
                                          "citizen",       "proxy",           "insurer",
                                          "employer",      "municipality",    "school_nurse",
                                          "care_worker",   "researcher",      "claims_reviewer",
                                          "network_admin", "security_officer" };
    (void)state;
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        assert_true(km_roles_role(roles, km_str_of(actors[i])) >= 0);
    assert_int_equal(km_roles_role(roles, KM_STR("clinicia")), -1);
    assert_int_equal(km_roles_role(roles, KM_STR_NONE), -1);
}

static void every_role_permission_and_basis_has_words_in_both_languages(void **state)
{
    const km_role *role;
    const km_permission *p;
    (void)state;
    for (size_t n = km_roles_all(&role, roles); n-- > 0;)
        assert_true(role[n].ja.n > 0 && role[n].en.n > 0);
    for (size_t n = km_roles_permissions(&p, roles); n-- > 0;)
        assert_true(p[n].ja.n > 0 && p[n].en.n > 0);
    for (int b = 1; b < KM_BASES; b++) {
        km_basis_words w = km_roles_basis_words(roles, (km_basis)b);
        assert_true(w.ja.n > 0 && w.en.n > 0);
    }
}

/* The audit, two-person cases and the register of identifiers hold no record of anybody's health
 * (trust.md §1, §3.4, §5.4): who runs or watches a network uses them, and reads no chart. */
static bool is_of_the_office(const km_permission *p)
{
    return km_str_starts(p->name, KM_STR("audit.")) || km_str_starts(p->name, KM_STR("cases."))
           || km_str_starts(p->name, KM_STR("identity."));
}

/* Nobody, an employer and a researcher never see a person; only the operator sees all records. */
static void no_cell_gives_what_the_law_forbids(void **state)
{
    static const char *const never[] = { "nobody",          "employer",      "researcher",
                                         "claims_reviewer", "network_admin", "security_officer" };
    const km_permission *p;
    const km_role *role;
    size_t n = km_roles_permissions(&p, roles), r = km_roles_all(&role, roles);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        bool office = is_of_the_office(&p[i]);
        for (size_t j = 0; j < sizeof never / sizeof *never; j++) {
            km_basis b = p[i].basis[km_roles_role(roles, km_str_of(never[j]))];
            assert_true(b == KM_BASIS_NONE || b == KM_BASIS_OPEN || office);
        }
        for (size_t j = 0; j < r; j++)
            assert_true(p[i].basis[j] != KM_BASIS_ALL || km_str_is(role[j].name, "operator")
                        || (office
                            && (km_str_is(role[j].name, "network_admin")
                                || km_str_is(role[j].name, "security_officer"))));
    }
}

static void a_purpose_has_one_name(void **state)
{
    (void)state;
    for (int i = 1; i < KM_PURPOSES; i++)
        assert_int_equal(km_purpose_named(km_str_of(km_purpose_name((km_purpose)i))), i);
    assert_int_equal(km_purpose_named(KM_STR("treat")), KM_PURPOSE_NONE);
    assert_int_equal(km_purpose_named(KM_STR_NONE), KM_PURPOSE_NONE);
}

static int setup(void **state)
{
    (void)state;
    roles = km_roles_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_roles_free(roles);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_actor_of_the_reform_has_a_role),
        cmocka_unit_test(every_role_permission_and_basis_has_words_in_both_languages),
        cmocka_unit_test(no_cell_gives_what_the_law_forbids),
        cmocka_unit_test(a_purpose_has_one_name),
    };
    return cmocka_run_group_tests_name("roles", tests, setup, teardown);
}
