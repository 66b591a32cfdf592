/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose a resource is, and on which day in Japan it happened.
 */
#include "codec/fhir/inside.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/date.h"

static km_arena *arena;

static km_jv parse(const char *text)
{
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, arena, km_str_of(text), NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static size_t owners(km_str *out, size_t room, const char *type, const char *members)
{
    km_str text = km_arena_print(arena, "{\"resourceType\":\"%s\",%s}", type, members);
    return km_fhir_owner(out, room, parse(km_arena_z(arena, text)),
                         km_fhir_type_named(km_str_of(type)));
}

#define REF(text) "{\"reference\":\"" text "\"}"
#define URN "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"

static void the_owner_is_the_patient_the_resource_is_about(void **state)
{
    static const struct {
        const char *type, *members, *owner; /* NULL: none */
    } rows[] = {
        { "Observation", "\"subject\":" REF("Patient/1"), "Patient/1" },
        { "Observation", "\"subject\":" REF("Group/1"), NULL },
        { "Observation", "\"performer\":[" REF("Patient/1") "]", NULL },
        { "Observation", "\"subject\":" REF("http://x/fhir/Patient/1"), "http://x/fhir/Patient/1" },
        { "Observation", "\"subject\":" REF("#p"), NULL },
        { "Observation", "\"subject\":" REF("Patient?identifier=a"), "Patient?identifier=a" },
        { "Observation", "\"subject\":" REF(URN), NULL },
        { "Observation", "\"subject\":{\"type\":\"Patient\",\"reference\":\"" URN "\"}", URN },
        { "Observation", "\"subject\":{\"display\":\"x\"}", NULL },
        { "Condition", "\"subject\":" REF(URN), URN },
        { "Condition", "\"subject\":{\"type\":\"Group\",\"reference\":\"" URN "\"}", NULL },
        { "AllergyIntolerance", "\"patient\":" REF("Patient/1"), "Patient/1" },
        { "Coverage", "\"beneficiary\":" REF("Patient/1") ",\"subscriber\":" REF("Patient/2"),
          "Patient/1" },
        { "Appointment",
          "\"participant\":[{\"actor\":" REF(
              "Practitioner/1") "},{\"status\":\"x\"},{\"actor\":" REF("Patient/1") "}]",
          "Patient/1" },
        { "Provenance", "\"target\":[" REF("Observation/1") "," REF("Patient/1") "]", "Patient/1" },
        { "Task", "\"for\":" REF("Patient/1") ",\"owner\":" REF("Patient/2"), "Patient/1" },
        { "Communication", "\"sender\":" REF("Patient/2"), "Patient/2" },
        { "Communication", "\"subject\":" REF("Patient/1") ",\"sender\":" REF("Patient/2"),
          "Patient/1" },
        { "RelatedPerson", "\"patient\":" REF("Patient/1"), "Patient/1" },
        { "Organization", "\"partOf\":" REF("Patient/1"), NULL },
        { "Patient", "\"link\":[{\"other\":" REF("Patient/2") "}]", NULL },
        { "Observation", "\"subject\":[[[[[[[[[[[[" REF("Patient/1") "]]]]]]]]]]]]", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_str out[2];
        size_t n = owners(out, 2, rows[i].type, rows[i].members);
        if (n != (rows[i].owner != NULL) || (n && !km_str_is(out[0], rows[i].owner)))
            fail_msg("%s %s", rows[i].type, rows[i].members);
    }
}

static void several_owners_are_counted_once_each(void **state)
{
    km_str out[2];
    (void)state;
    const char *members = "\"participant\":[{\"actor\":" REF("Patient/1") "},{\"actor\":" REF(
        "Patient/1") "},{\"actor\":" REF("Patient/2") "},{\"actor\":" REF("Patient/3") "}]";
    assert_int_equal(owners(out, 2, "Appointment", members), 3);
    assert_true(km_str_is(out[0], "Patient/1") && km_str_is(out[1], "Patient/2"));
    assert_int_equal(owners(NULL, 0, "Encounter", "\"subject\":" REF("Patient/1")), 1);
}

static void where_people_meet_the_first_owns_it_elsewhere_several_are_refused(void **state)
{
    (void)state;
    assert_true(km_fhir_owner_is_first(km_fhir_type_named(KM_STR("Appointment"))));
    assert_false(km_fhir_owner_is_first(km_fhir_type_named(KM_STR("Observation"))));
    assert_false(km_fhir_owner_is_first(km_fhir_type_named(KM_STR("Group"))));
    assert_false(km_fhir_has_owner(km_fhir_type_named(KM_STR("Group"))));
}

/* Each step of a path in the two tables is an element that R4 has. */
static void check_paths(const km_fhir_paths *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < rows[i].n_paths; p++) {
            km_ftype type = rows[i].type;
            for (km_str rest = rows[i].path[p]; rest.n;)
                if (!km_fhir_element(type, km_str_cut(rest, '.', &rest), &type))
                    fail_msg("%.*s: %.*s", KM_STR_ARG(km_fhir_type_name(rows[i].type)),
                             KM_STR_ARG(rows[i].path[p]));
        }
}

static void every_path_of_owner_and_day_exists(void **state)
{
    (void)state;
    assert_true(km_fhir__tables->n_owner > 60 && km_fhir__tables->n_day > 60);
    check_paths(km_fhir__tables->owner, km_fhir__tables->n_owner);
    check_paths(km_fhir__tables->day, km_fhir__tables->n_day);
}

static void every_type_of_the_patient_compartment_has_an_owner_row(void **state)
{
    const km_ftype *all;
    size_t n = km_fhir_resources(&all), in_all = 0;
    km_ftype patient = km_fhir_type_named(KM_STR("Patient"));
    (void)state;
    for (size_t i = 0; i < n; i++) {
        const km_param *const *params;
        bool in, row = false;
        km_fhir_compartment(&params, &in, patient, all[i]);
        for (size_t r = 0; r < km_fhir__tables->n_owner; r++)
            row |= km_fhir__tables->owner[r].type == all[i];
        in_all += in;
        if (in && !row && all[i] != patient)
            fail_msg("%.*s", KM_STR_ARG(km_fhir_type_name(all[i])));
    }
    assert_int_equal(in_all, 66);
}

static void the_day_is_the_first_path_that_holds_a_date(void **state)
{
    static const struct {
        const char *type, *members;
        int year, month, day; /* 0: none */
    } rows[] = {
        { "Encounter", "\"period\":{\"start\":\"2024-05-01\"}", 2024, 5, 1 },
        { "Encounter", "\"period\":{\"end\":\"2024-05-01\"}", 0, 0, 0 },
        { "Observation", "\"issued\":\"2024-05-03T00:00:00Z\",\"effectiveDateTime\":\"2024-05-01\"",
          2024, 5, 1 },
        { "Observation", "\"issued\":\"2024-05-03T00:00:00Z\"", 2024, 5, 3 },
        { "Observation", "\"effectiveInstant\":\"2024-05-01T15:00:00Z\"", 2024, 5, 2 },
        { "Observation", "\"effectiveDateTime\":\"2024-05\"", 2024, 5, 1 },
        { "Observation", "\"effectiveDateTime\":\"soon\",\"issued\":\"2024-05-03T00:00:00Z\"", 2024,
          5, 3 },
        { "Condition", "\"recordedDate\":\"2024-05-02\",\"onsetDateTime\":\"2023\"", 2023, 1, 1 },
        { "MedicationRequest", "\"authoredOn\":\"2024-05-01T23:00:00+09:00\"", 2024, 5, 1 },
        { "ServiceRequest", "\"occurrenceTiming\":{\"event\":[\"2024-05-04\",\"2024-05-05\"]}",
          2024, 5, 4 },
        { "Organization", "\"name\":\"x\"", 0, 0, 0 },
        { "Observation", "\"effectiveDateTime\":{\"x\":1}", 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_str text = km_arena_print(arena, "{\"resourceType\":\"%s\",%s}", rows[i].type,
                                     rows[i].members);
        int64_t day;
        bool found = km_fhir_day(&day, parse(km_arena_z(arena, text)),
                                 km_fhir_type_named(km_str_of(rows[i].type)));
        if (found != (rows[i].year != 0)
            || (found && day != km_day_from_civil(rows[i].year, rows[i].month, rows[i].day)))
            fail_msg("%s %s", rows[i].type, rows[i].members);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_the_patient_the_resource_is_about),
        cmocka_unit_test(several_owners_are_counted_once_each),
        cmocka_unit_test(where_people_meet_the_first_owns_it_elsewhere_several_are_refused),
        cmocka_unit_test(every_path_of_owner_and_day_exists),
        cmocka_unit_test(every_type_of_the_patient_compartment_has_an_owner_row),
        cmocka_unit_test(the_day_is_the_first_path_that_holds_a_date),
    };
    km_fhir_load();
    arena = km_arena_new((size_t)64 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    km_arena_free(arena);
    return failed;
}
