/* SPDX-License-Identifier: Apache-2.0
 *
 * The access classes against the reform's table and against a person who carries everything.
 */
#include "trust/classes/classes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { REFORM = 64 };

static km_arena *arena;
static km_classes *classes;

static km_jv parse(const char *text)
{
    km_json *doc;
    km_fault f = { 0 };
    static const km_json_limits limits = { 64, 1000, 1000, 1u << 20 };
    if (km_json_parse(&doc, arena, km_str_of(text), &limits, &f) != KM_OK)
        fail_msg("%s: %s", text, f.detail);
    return km_json_root(doc);
}

static km_carried carried(km_jv v)
{
    km_carried out;
    km_fault f = { 0 };
    assert_int_equal(km_classes_carried(&out, classes, v, arena, &f), KM_OK);
    return out;
}

static size_t number_of(const char *id)
{
    const km_shared_item *item;
    size_t n = km_classes_items(&item, classes);
    for (size_t i = 0; i < n; i++)
        if (km_str_is(item[i].id, id))
            return i;
    fail_msg("no item %s", id);
    return 0;
}

static int count(km_carried s)
{
    return __builtin_popcountll(s.bits[0]) + __builtin_popcountll(s.bits[1]);
}

/* One record for each item, as small as R4 lets it be. */
static const struct example {
    const char *item, *text;
} examples[] = {
    { "T01", "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"x\"}]}" },
    { "T02", "{\"resourceType\":\"Patient\",\"gender\":\"female\"}" },
    { "T03", "{\"resourceType\":\"Patient\",\"birthDate\":\"1941-04-21\"}" },
    { "T04",
      "{\"resourceType\":\"ClaimResponse\",\"status\":\"active\",\"type\":{\"text\":\"x\"},\"use\":"
      "\"claim\",\"patient\":{\"reference\":\"Patient/"
      "p\"},\"created\":\"2018-01-01\",\"insurer\":{\"display\":\"x\"},\"outcome\":\"complete\"}" },
    { "T05", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/p\"},\"payor\":[{\"display\":\"x\"}]}" },
    { "T06", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/p\"},\"payor\":[{\"display\":\"x\"}],\"subscriberId\":\"1\"}" },
    { "T07", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/"
             "p\"},\"payor\":[{\"display\":\"x\"}],\"type\":{\"coding\":[{\"system\":\"urn:oid:1.2."
             "392.100495.20.2.61\",\"code\":\"8\"}]}}" },
    { "T08", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/"
             "p\"},\"payor\":[{\"display\":\"x\"}],\"type\":{\"coding\":[{\"system\":\"urn:oid:1.2."
             "392.100495.20.2.61\",\"code\":\"8\"}]}}" },
    { "T09", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/"
             "p\"},\"payor\":[{\"display\":\"x\"}],\"costToBeneficiary\":[{\"valueQuantity\":{"
             "\"value\":30}}]}" },
    { "T10", "{\"resourceType\":\"Coverage\",\"status\":\"active\",\"beneficiary\":{\"reference\":"
             "\"Patient/"
             "p\"},\"payor\":[{\"display\":\"x\"}],\"costToBeneficiary\":[{\"valueQuantity\":{"
             "\"value\":30},\"exception\":[{\"type\":{\"text\":\"x\"}}]}]}" },
    { "T11", "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:oid:1.2.392.100495."
             "20.3.51.11311234567\",\"value\":\"1\"}]}" },
    { "T12", "{\"resourceType\":\"MedicationDispense\",\"identifier\":[{\"value\":\"1\"}],"
             "\"status\":\"completed\",\"medicationCodeableConcept\":{\"text\":\"x\"}}" },
    { "T13", "{\"resourceType\":\"MedicationDispense\",\"status\":\"completed\","
             "\"medicationCodeableConcept\":{\"text\":\"x\"},\"whenHandedOver\":\"2018-01-01\"}" },
    { "T14", "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
             "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/"
             "p\"},\"requester\":{\"reference\":\"Practitioner/d\"}}" },
    { "T15", "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
             "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/"
             "p\"},\"contained\":[{\"resourceType\":\"Practitioner\",\"id\":\"d\","
             "\"qualification\":[{\"identifier\":[{\"system\":\"urn:oid:1.2.392.100495.20.3.32."
             "113\",\"value\":\"1\"}],\"code\":{\"text\":\"x\"}}]}]}" },
    { "T16", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"AMB\"},"
             "\"serviceProvider\":{\"reference\":\"Organization/o\"}}" },
    { "T17", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"AMB\"},"
             "\"serviceProvider\":{\"reference\":\"Organization/o\"}}" },
    { "T18", "{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T19", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"performedDateTime\":\"2018-01-01\"}" },
    { "T20", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"}}" },
    { "T21", "{\"resourceType\":\"ServiceRequest\",\"status\":\"active\",\"intent\":\"order\","
             "\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T22", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"277132007\"}]}}" },
    { "T23",
      "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T24", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"387713003\"}]}}" },
    { "T25", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"399097000\"}]}}" },
    { "T26", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"5447007\"}]}}" },
    { "T27", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"77465005\"}]}}" },
    { "T28", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"IMP\"},"
             "\"period\":{\"start\":\"2018-01-01\"}}" },
    { "T29", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"IMP\"},"
             "\"period\":{\"start\":\"2018-01-01\",\"end\":\"2018-01-09\"}}" },
    { "T30", "{\"resourceType\":\"NutritionOrder\",\"status\":\"active\",\"intent\":\"order\","
             "\"patient\":{\"reference\":\"Patient/p\"},\"dateTime\":\"2018-01-01\"}" },
    { "T31", "{\"resourceType\":\"DeviceUseStatement\",\"status\":\"active\",\"subject\":{"
             "\"reference\":\"Patient/p\"},\"device\":{\"display\":\"x\"}}" },
    { "T32", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"52052004\"}]}}" },
    { "T33",
      "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"IMP\"},"
      "\"location\":[{\"location\":{\"display\":\"a\"}},{\"location\":{\"display\":\"b\"}}]}" },
    { "T34", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"IMP\"},"
             "\"priority\":{\"text\":\"x\"}}" },
    { "T35", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"IMP\"},"
             "\"hospitalization\":{\"reAdmission\":{\"text\":\"x\"}}}" },
    { "T36", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"http://loinc.org\",\"code\":\"30525-0\"}]}}" },
    { "T37", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"http://loinc.org\",\"code\":\"8339-4\"}]}}" },
    { "T38", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"urn:kumihimo:dpc\",\"code\":\"JCS\"}]}}" },
    { "T39", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"urn:kumihimo:dpc\",\"code\":\"BURN-INDEX\"}]}}" },
    { "T40", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"urn:kumihimo:dpc\",\"code\":\"SEVERITY\"}]}}" },
    { "T41",
      "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{\"code\":"
      "\"exam\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"x\"}]}}" },
    { "T42", "{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/"
             "p\"},\"category\":[{\"coding\":[{\"code\":\"problem-list-item\"}]}]}" },
    { "T43", "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{\"code\":\"AMB\"},"
             "\"serviceProvider\":{\"reference\":\"Organization/o\"}}" },
    { "T44", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"387713003\"}]}}" },
    { "T45", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"399097000\"}]}}" },
    { "T46", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"5447007\"}]}}" },
    { "T47", "{\"resourceType\":\"Procedure\",\"status\":\"completed\",\"subject\":{\"reference\":"
             "\"Patient/p\"},\"category\":{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"103693007\"}]}}" },
    { "T48",
      "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T49",
      "{\"resourceType\":\"MedicationRequest\",\"status\":\"stopped\",\"intent\":\"order\","
      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T50", "{\"resourceType\":\"DeviceUseStatement\",\"status\":\"active\",\"subject\":{"
             "\"reference\":\"Patient/p\"},\"device\":{\"display\":\"x\"}}" },
    { "T51", "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/p\"}}" },
    { "T52",
      "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"intent\":\"order\","
      "\"medicationCodeableConcept\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "T53", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"system\":\"urn:kumihimo:document\",\"code\":\"dpc\"}]},\"content\":[{"
             "\"attachment\":{\"title\":\"x\"}}]}" },
    { "T54", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
             "\"code\":\"laboratory\"}]}],\"code\":{\"coding\":[{\"system\":\"urn:oid:1.2.392."
             "200119.4.504\",\"code\":\"2A010000001901\"}]}}" },
    { "T55", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
             "\"code\":\"laboratory\"}]}],\"code\":{\"coding\":[{\"system\":\"urn:oid:1.2.392."
             "200119.4.504\",\"code\":\"3F015000002327101\"}]}}" },
    { "T56", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
             "\"code\":\"laboratory\"}]}],\"code\":{\"coding\":[{\"system\":\"urn:oid:1.2.392."
             "200119.4.504\",\"code\":\"9A110160700000011\"}]}}" },
    { "T57",
      "{\"resourceType\":\"Media\",\"status\":\"completed\",\"content\":{\"title\":\"x\"}}" },
    { "T58", "{\"resourceType\":\"DiagnosticReport\",\"status\":\"final\",\"category\":[{"
             "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
             "v2-0074\",\"code\":\"CT\"}]}],\"code\":{\"text\":\"x\"}}" },
    { "T59", "{\"resourceType\":\"DiagnosticReport\",\"status\":\"final\",\"category\":[{"
             "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
             "v2-0074\",\"code\":\"PAT\"}]}],\"code\":{\"text\":\"x\"}}" },
    { "T60", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"code\":\"34745-0\"}]},\"content\":[{\"attachment\":{\"title\":\"x\"}}]}" },
    { "T61", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"code\":\"18842-5\"}]},\"content\":[{\"attachment\":{\"title\":\"x\"}}]}" },
    { "T62", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"code\":\"57133-1\"}]},\"content\":[{\"attachment\":{\"title\":\"x\"}}]}" },
    { "T63", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"code\":\"JPMCHKUP01\"}]},\"content\":[{\"attachment\":{\"title\":\"x\"}}]}" },
    { "T64", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"code\":\"JPGCHKUP01\"}]},\"content\":[{\"attachment\":{\"title\":\"x\"}}]}" },
    { "K01",
      "{\"resourceType\":\"AllergyIntolerance\",\"patient\":{\"reference\":\"Patient/p\"}}" },
    { "K02", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"http://loinc.org\",\"code\":\"882-1\"}]}}" },
    { "K03", "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"Patient/p\"}}" },
    { "K04", "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"code\":"
             "\"adr\"}]},\"category\":[{\"text\":\"x\"}],\"patient\":{\"reference\":\"Patient/"
             "p\"},\"policyRule\":{\"text\":\"x\"}}" },
    { "K05", "{\"resourceType\":\"DocumentReference\",\"status\":\"current\",\"type\":{\"coding\":["
             "{\"system\":\"urn:kumihimo:document\",\"code\":\"emergency-summary\"}]},\"content\":["
             "{\"attachment\":{\"title\":\"x\"}}]}" },
    { "K06",
      "{\"resourceType\":\"Immunization\",\"status\":\"completed\",\"vaccineCode\":{\"text\":\"x\"}"
      ",\"patient\":{\"reference\":\"Patient/p\"},\"occurrenceDateTime\":\"2018-01-01\"}" },
    { "K07", "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
             "\"code\":\"vital-signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://"
             "loinc.org\",\"code\":\"8867-4\"}]}}" },
    { "K08", "{\"resourceType\":\"FamilyMemberHistory\",\"status\":\"completed\",\"patient\":{"
             "\"reference\":\"Patient/p\"},\"relationship\":{\"text\":\"x\"}}" },
    { "K09", "{\"resourceType\":\"Goal\",\"lifecycleStatus\":\"active\",\"description\":{\"text\":"
             "\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}" },
    { "K10", "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"participant\":[{\"actor\":{"
             "\"reference\":\"Patient/p\"},\"status\":\"accepted\"}]}" },
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static void the_table_has_64_items_and_shows_50_43_and_26(void **state)
{
    (void)state;
    static const int shown[KM_CLASSES] = { 0, 50, 43, 26 };
    const km_shared_item *item;
    size_t n = km_classes_items(&item, classes);
    int seen[KM_CLASSES] = { 0 };
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(item[i].ours, i >= REFORM);
        assert_int_equal(item[i].id.p[0], i >= REFORM ? 'K' : 'T');
        assert_true(item[i].ja.n > 0 && item[i].en.n > 0);
        for (int k = 0; k < KM_CLASSES; k++)
            seen[k] += i < REFORM && item[i].shown[k];
    }
    assert_memory_equal(seen, shown, sizeof seen);
}

/* By the records' own words: nothing of ours is among them. */
static void a_person_who_carries_all_64_shows_50_43_and_26(void **state)
{
    (void)state;
    static const int shown[KM_CLASSES] = { 0, 50, 43, 26 };
    int records[KM_CLASSES] = { 0 };
    for (int i = 1; i <= REFORM; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{\"resourceType\":\"Basic\",\"meta\":{\"tag\":[{\"system\":\"urn:kumihimo:item\","
                 "\"code\":\"T%02d\"}]},\"code\":{\"text\":\"x\"}}",
                 i);
        km_carried c = carried(parse(text));
        assert_int_equal(count(c), 1);
        for (int k = 0; k < KM_CLASSES; k++)
            records[k] += km_carried_any(km_classes_shown(classes, (km_access_class)k, c));
    }
    assert_memory_equal(records, shown, sizeof records);
}

/* And by what they are. */
static void every_item_has_a_record_of_fhir_that_carries_it(void **state)
{
    (void)state;
    const km_shared_item *item;
    km_carried all = { { 0, 0 } };
    assert_int_equal(km_classes_items(&item, classes), EXAMPLES);
    for (size_t i = 0; i < EXAMPLES; i++) {
        km_fault f = { 0 };
        km_jv v = parse(examples[i].text);
        if (km_fhir_check(v, &f) != KM_OK)
            fail_msg("%s: %s %s", examples[i].item, f.path, f.detail);
        km_carried c = carried(v);
        if (!km_carried_has(c, number_of(examples[i].item)))
            fail_msg("%s is not carried by %s", examples[i].item, examples[i].text);
        all.bits[0] |= c.bits[0];
        all.bits[1] |= c.bits[1];
    }
    assert_int_equal(count(all), EXAMPLES);
    static const int reform[KM_CLASSES] = { 0, 50, 43, 26 };
    for (int k = 0; k < KM_CLASSES; k++)
        assert_int_equal(
            __builtin_popcountll(km_classes_shown(classes, (km_access_class)k, all).bits[0]),
            reform[k]);
}

/* What the emergency column leaves out stays out, whatever else lies beside it. */
static void an_emergency_shows_no_results_images_reports_or_summaries(void **state)
{
    (void)state;
    static const char *const hidden[] = { "T54", "T55", "T56", "T57", "T58", "T59",
                                          "T60", "T61", "T62", "T63", "T64", "T53" };
    for (size_t i = 0; i < EXAMPLES; i++)
        for (size_t h = 0; h < sizeof hidden / sizeof *hidden; h++)
            if (strcmp(examples[i].item, hidden[h]) == 0)
                assert_false(km_carried_any(km_classes_shown(classes, KM_CLASS_EMERGENCY,
                                                             carried(parse(examples[i].text)))));
}

static void a_record_that_carries_nothing_is_in_no_class(void **state)
{
    (void)state;
    static const char *const strangers[] = {
        "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"}}",
        "{\"resourceType\":\"Patient\"}",
        "{\"resourceType\":\"Nothing\"}",
        "{}",
        "[]",
        ("{\"resourceType\":\"Condition\",\"subject\":{},\"meta\":{\"tag\":[{\"system\":"
         "\"urn:kumihimo:item\",\"code\":\"T99\"}]}}"),
    };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        for (int k = 0; k < KM_CLASSES; k++)
            assert_false(km_carried_any(
                km_classes_shown(classes, (km_access_class)k, carried(parse(strangers[i])))));
}

/* A path that wants one value and finds many is no reason to show the record, nor to refuse it. */
static void what_the_paths_stumble_over_is_not_carried(void **state)
{
    (void)state;
    km_carried c = carried(parse(
        "{\"resourceType\":\"MedicationRequest\",\"status\":[\"active\",\"active\"],\"intent\":"
        "\"order\",\"medicationCodeableConcept\":{},\"subject\":{}}"));
    assert_false(km_carried_has(c, number_of("T48")));
    assert_true(km_carried_has(c, number_of("T23")));
}

static void the_arena_is_as_it_was(void **state)
{
    (void)state;
    km_jv v = parse(examples[EXAMPLES / 2].text);
    km_arena_mark before = km_arena_here(arena);
    (void)carried(v);
    km_arena_mark after = km_arena_here(arena);
    assert_memory_equal(&before, &after, sizeof before);
}

static int setup(void **state)
{
    (void)state;
    km_fhir_load();
    arena = km_arena_new(64u << 20);
    classes = km_classes_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_classes_free(classes);
    km_arena_free(arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_64_items_and_shows_50_43_and_26),
        cmocka_unit_test(a_person_who_carries_all_64_shows_50_43_and_26),
        cmocka_unit_test(every_item_has_a_record_of_fhir_that_carries_it),
        cmocka_unit_test(an_emergency_shows_no_results_images_reports_or_summaries),
        cmocka_unit_test(a_record_that_carries_nothing_is_in_no_class),
        cmocka_unit_test(what_the_paths_stumble_over_is_not_carried),
        cmocka_unit_test(the_arena_is_as_it_was),
    };
    return cmocka_run_group_tests_name("access classes", tests, setup, teardown);
}
