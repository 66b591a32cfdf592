/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages become records; where SS-MIX2 keeps a message must agree with what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateways/hl7v2/inside.h"
#include "platform/format_test.h"

#define HEAD(type) "MSH|^~\\&|HIS|1310123456|GW|RCV|20240301101500||" type "|1|P|2.5\r"
#define PID "PID|1||0000123^^^^PI||山田^太郎^^^^^L^I~ヤマダ^タロウ^^^^^L^P||19410421|M\r"

static km_jv read_at(km_test_heard *h, km_arena *a, const char *path, const char *text)
{
    return km_test_records(h, &km_format_hl7v2, a, path, km_str_of(text));
}

static void a_result_keeps_its_code_its_unit_and_its_specimen(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_at(&h, a, "",
                      HEAD("OUL^R22^OUL_R22") PID
                      "SPM|1|77||023^血清^JC10|||||||||||||202402291500\r"
                      "OBR|1|55|77|E001^生化学^99O03|||20240229\r"
                      "OBX|1|NM|3A010000002327101^総蛋白^JC10||07.20|g/dl^g/dl^99XYZ|6.7-8.3|L|||F"
                      "|||202402291500\rOBX|2|NM|3A010000002399901^総蛋白^JC10||7.4||||||C\r");
    assert_int_equal(h.errors, 0);
    km_jv one = km_test_nth(b, "Observation", 0);
    km_test_has(one, "code.coding.0.code", "3A010000002327101");
    km_test_has(one, "code.coding.0.system", "urn:oid:1.2.392.200119.4.504");
    km_test_has(one, "valueQuantity.value", "7.20");
    km_test_has(one, "effectiveDateTime", "2024-02-29T15:00:00+09:00");
    km_test_has(one, "interpretation.0.coding.0.code", "L");
    km_test_has(one, "status", "final");
    km_test_has(km_test_nth(b, "Observation", 1), "status", "corrected");
    km_test_has(km_test_nth(b, "Observation", 1), "effectiveDateTime", "2024-02-29");
    km_test_has(km_test_nth(b, "Specimen", 0), "type.coding.0.code", "023");
    assert_int_equal(km_jv_count(KM_JV_GET(km_test_nth(b, "DiagnosticReport", 0), "result")), 2);
    km_test_has(km_test_nth(b, "Patient", 0), "identifier.0.system",
                "urn:oid:1.2.392.100495.20.3.51.11310123456");
    km_test_has(km_test_nth(b, "Patient", 0), "name.1.extension.0.valueCode", "SYL");
    km_arena_free(a);
}

static void a_prescription_has_its_dose_and_its_days(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_at(&h, a, "",
                      HEAD("RDE^O11^RDE_O11") PID
                      "ORC|NW|185||1|||||20240301103045|||110^医師^一郎\r"
                      "RXE||108665201^ダーゼン錠^HOT9|1||TAB^錠^MR9P|||||15|TAB^錠^MR9P\r"
                      "TQ1|1||1013044400000000&内服・経口・１日３回&JAMISDP01|||5^d|2024030100\r"
                      "RXR|PO^口^HL70162\r");
    km_jv drug = km_test_nth(b, "MedicationRequest", 0);
    km_test_has(drug, "medicationCodeableConcept.coding.0.system",
                "urn:oid:1.2.392.200119.4.403.1");
    km_test_has(drug, "dosageInstruction.0.doseAndRate.0.doseQuantity.unit", "錠");
    km_test_has(drug, "dosageInstruction.0.timing.code.coding.0.code", "1013044400000000");
    km_test_has(drug, "dispenseRequest.expectedSupplyDuration.value", "5");
    km_test_has(drug, "dispenseRequest.quantity.value", "15");
    km_test_has(km_test_nth(b, "Practitioner", 0), "name.0.text", "医師 一郎");
    km_arena_free(a);
}

static void a_stay_is_what_its_trigger_says(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_test_has(km_test_nth(read_at(&h, a, "", HEAD("ADT^A03^ADT_A03") PID "PV1|1|I|41^460\r"),
                            "Encounter", 0),
                "status", "finished");
    km_test_has(km_test_nth(read_at(&h, a, "", HEAD("ADT^A11^ADT_A09") PID "PV1|1|I|41^460\r"),
                            "Encounter", 0),
                "status", "cancelled");
    km_arena_free(a);
}

#define MESSAGE HEAD("ADT^A08^ADT_A01") PID "PV1|1|O\r"
#define NAME(patient, day, type, flag) \
    patient "_" day "_" type "_999999999999999_20240301101500000_01_" flag

static void a_message_belongs_where_it_lies(void **state)
{
    static const struct {
        const char *path, *first;
    } t[] = {
        { "x/000/012/0000123/-/ADT-00/" NAME("0000123", "-", "ADT-00", "1"), "" },
        { "x/000/012/0000124/-/ADT-00/" NAME("0000124", "-", "ADT-00", "1"),
          "2 the folder's patient is another than the message's" },
        { "x/000/012/0000124/-/ADT-00/" NAME("0000123", "-", "ADT-00", "1"),
          "2 the folder's patient is another than the message's" },
        { "x/000/012/0000123/-/ADT-61/" NAME("0000123", "-", "ADT-00", "1"),
          "1 folder and file name tell different types of data" },
        { "x/000/012/0000123/-/OML-11/" NAME("0000123", "-", "OML-11", "1"),
          "1 the type of data does not have such messages" },
        { "x/999/999/0000123/20240101/ADT-00/" NAME("0000123", "-", "ADT-00", "1"), "" },
        { "some/other/folder/message.hl7", "" },
        { "", "" },
    };
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        (void)read_at(&h, a, t[i].path, MESSAGE);
        if (strcmp(h.first, t[i].first) != 0 || (h.pieces == 1) != (t[i].first[0] == '\0'))
            fail_msg("%zu: %s", i, h.first);
    }
    km_test_has(
        km_test_nth(read_at(&h, a,
                            "x/000/012/0000123/-/ADT-00/" NAME("0000123", "-", "ADT-00", "0"),
                            MESSAGE),
                    "Encounter", 0),
        "status", "entered-in-error");
    km_arena_free(a);
}

static void a_bad_message_leaves_the_others(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_at(&h, a, "", MESSAGE HEAD("ADT^A08^ADT_A01") "PV1|1|O\r" MESSAGE);
    assert_int_equal(h.errors, 1);
    assert_int_equal(h.pieces, 2);
    assert_true(km_str_eq(km_jv_raw(km_test_nth(b, "Patient", 0)),
                          km_jv_raw(km_test_nth(b, "Patient", 1))));
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_keeps_its_code_its_unit_and_its_specimen),
        cmocka_unit_test(a_prescription_has_its_dose_and_its_days),
        cmocka_unit_test(a_stay_is_what_its_trigger_says),
        cmocka_unit_test(a_message_belongs_where_it_lies),
        cmocka_unit_test(a_bad_message_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
