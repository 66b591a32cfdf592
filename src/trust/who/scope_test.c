/* SPDX-License-Identifier: Apache-2.0
 *
 * Scopes: read, printed, met, and what they allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trust/who/scope.h"

static km_arena *arena;

static int setup(void **state)
{
    (void)state;
    km_fhir_load();
    arena = km_arena_new((size_t)4 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

static km_scopes read(const char *text)
{
    km_scopes s;
    km_fault f = { 0 };
    if (km_scopes_parse(&s, km_str_of(text), arena, &f) != KM_OK)
        fail_msg("%s: %s", text, f.detail);
    return s;
}

static void prints(const km_scopes *s, const char *wanted)
{
    assert_string_equal(km_arena_z(arena, km_scopes_print(s, arena)), wanted);
}

static void what_is_read_is_printed_in_the_second_version(void **state)
{
    static const char *const rows[][2] = {
        { "", "" },
        { "patient/Observation.rs", "patient/Observation.rs" },
        { "patient/*.read", "patient/*.rs" },
        { "user/Patient.write", "user/Patient.cud" },
        { "system/*.*", "system/*.cruds" },
        { "user/*.cruds openid fhirUser", "openid fhirUser user/*.cruds" },
        { "launch/patient offline_access", "offline_access launch/patient" },
        { "patient/Observation.r patient/Observation.s", "patient/Observation.rs" },
        { "patient/Observation.rs?category=http://x|laboratory&status=final",
          "patient/Observation.rs?category=http://x|laboratory&status=final" },
        { "address phone somewhere/else", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_scopes s = read(rows[i][0]);
        prints(&s, rows[i][1]);
        km_scopes again = read(rows[i][1]);
        prints(&again, rows[i][1]);
    }
}

static void a_scope_of_another_form_is_refused(void **state)
{
    static const char *const rows[] = { "patient/",
                                        "patient/Observation",
                                        "patient/Observation.",
                                        "patient/Observation.sr",
                                        "patient/Observation.rr",
                                        "patient/Observation.x",
                                        "patient/Nothing.rs",
                                        "patient/Quantity.rs",
                                        "patient/observation.rs",
                                        "patient/*.rs?category=x",
                                        "patient/Observation.rs?",
                                        "patient/Observation.rs?category",
                                        "patient/Observation.rs?category=",
                                        "patient/Observation.rs?=x",
                                        "patient/Observation.rs?nothing=x",
                                        "patient/Observation.rs?category=x&",
                                        "user/*.rs ",
                                        " user/*.rs",
                                        "user/*.rs  openid",
                                        "user/*.rs\tuser/*.c",
                                        "\"openid\"",
                                        "open\\id" };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_scopes s;
        km_fault f = { 0 };
        if (km_scopes_parse(&s, km_str_of(rows[i]), arena, &f) != KM_BAD_VALUE)
            fail_msg("%s was taken", rows[i]);
        assert_string_equal(f.path, "scope");
    }
}

static void what_two_hold_is_what_both_hold(void **state)
{
    static const char *const rows[][3] = {
        { "user/*.rs", "user/Observation.cruds", "user/Observation.rs" },
        { "user/Observation.rs", "patient/Observation.rs", "" },
        { "openid fhirUser launch", "openid launch/patient", "openid" },
        { "user/Patient.c", "user/Patient.rs", "" },
        { "patient/Observation.rs?category=a", "patient/*.cruds",
          "patient/Observation.rs?category=a" },
        { "patient/Observation.rs?category=a", "patient/Observation.rs?status=final",
          "patient/Observation.rs?category=a&status=final" },
        { "patient/Observation.rs?category=a", "patient/Observation.rs?category=a",
          "patient/Observation.rs?category=a" },
        { "user/*.rs user/Patient.u", "user/Patient.ru user/Condition.s",
          "user/Patient.ru user/Condition.s" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_scopes x = read(rows[i][0]), y = read(rows[i][1]), met;
        assert_int_equal(km_scopes_meet(&met, &x, &y, arena, NULL), KM_OK);
        prints(&met, rows[i][2]);
    }
}

static bool allows(const char *text, const char *patient, const char *type, unsigned may,
                   km_scope_reach *reach)
{
    km_scopes s = read(text);
    km_who who = { .scoped = true, .scope = s.scope, .scopes = s.n, .patient = km_str_of(patient) };
    return km_scopes_allow(reach, &who, km_fhir_type_named(km_str_of(type)), may);
}

static void scopes_allow_what_they_say_and_tell_how_far(void **state)
{
    km_scope_reach r;
    (void)state;
    assert_true(allows("user/Observation.rs", "", "Observation", KM_SCOPE_READ, &r));
    assert_true(r.whole);
    assert_false(allows("user/Observation.rs", "", "Observation", KM_SCOPE_UPDATE, &r));
    assert_false(allows("user/Observation.rs", "", "Condition", KM_SCOPE_READ, &r));
    assert_false(allows("", "", "Observation", KM_SCOPE_READ, &r));
    assert_false(allows("openid launch", "Patient/1", "Patient", KM_SCOPE_READ, &r));
    assert_true(allows("patient/*.rs", "Patient/1", "Condition", KM_SCOPE_SEARCH, &r));
    assert_false(r.whole);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.by[0]->of, KM_SCOPE_PATIENT);
    assert_false(allows("patient/*.rs", "", "Condition", KM_SCOPE_SEARCH, &r));
    assert_true(
        allows("user/Observation.rs?category=laboratory", "", "Observation", KM_SCOPE_READ, &r));
    assert_false(r.whole);
    assert_true(km_str_is(r.by[0]->limit, "category=laboratory"));
    km_who page = { .scoped = false };
    assert_true(km_scopes_allow(&r, &page, 0, KM_SCOPE_DELETE));
    assert_true(r.whole);
    assert_true(km_scopes_allow(NULL, &page, 0, KM_SCOPE_DELETE));
}

static void narrowing_drops_what_is_empty(void **state)
{
    (void)state;
    km_scopes s = read("openid user/Patient.cruds patient/Observation.c system/*.rs");
    km_scopes_narrow(&s, 1U << KM_SCOPE_USER | 1U << KM_SCOPE_PATIENT,
                     KM_SCOPE_READ | KM_SCOPE_SEARCH, arena);
    prints(&s, "openid user/Patient.rs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_printed_in_the_second_version),
        cmocka_unit_test(a_scope_of_another_form_is_refused),
        cmocka_unit_test(what_two_hold_is_what_both_hold),
        cmocka_unit_test(scopes_allow_what_they_say_and_tell_how_far),
        cmocka_unit_test(narrowing_drops_what_is_empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
