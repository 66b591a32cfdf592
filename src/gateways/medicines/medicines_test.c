/* SPDX-License-Identifier: Apache-2.0
 *
 * Notebooks and prescriptions become records, and a notebook comes back from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/kana.h"
#include "gateways/medicines/medicines.h"
#include "platform/format_test.h"

static const char notebook[] =
    "JAHISTC08,1\r\n1,組紐 花子,2,19800229,,,,,,,クミヒモ ハナコ\r\n2,1,そば,1\r\n"
    "3,バファリン,20240221,20240224,2,1,\r\n31,1,イブプロフェン,1,,2\r\n"
    "5,20260310,1\r\n11,紐薬局,13,4,1234567,,,03-0000-0000,1\r\n15,薬師 一子,,1\r\n"
    "51,紐病院,13,1,7654321,1\r\n"
    "201,1,ノルバスク錠２．５ｍｇ,1,錠,2,612170709,1,【般】アムロジピン錠,2,1179044F1ZZZ\r\n"
    "291,1,グレープフルーツを避ける,1\r\n201,1,別の薬,2.5,ｇ,1,,1\r\n"
    "301,1,朝食後,14,日分,1,1,,1\r\n201,2,湿布,10,枚,1,,1\r\n301,2,１日１回,1,調剤,5,1,,1\r\n"
    "501,薬袋を参照,1\r\n";

static const char prescription[] = "JAHIS10\r\n1,1,1234567,13,紐病院\r\n5,,,紐 "
                                   "一郎\r\n11,00012,組紐 花子,\r\n12,2\r\n13,4230110\r\n"
                                   "21,2\r\n22,133066\r\n23,い,１２,2,05\r\n27,54130012,"
                                   "1234567\r\n51,20260310\r\n52,20260313\r\n64,3\r\n"
                                   "101,1,1,内服,14\r\n111,1,2,1013044400000000,毎食後\r\n201,1,1,,"
                                   "2,612170709,ノルバスク錠,3,1,錠\r\n"
                                   "281,1,1,1,3,後発品変更不可,\r\n101,2,3,外用,1\r\n111,2,1,,"
                                   "１日１回\r\n201,2,1,,1,,湿布,10,1,枚\r\n";

static km_jv read_text(km_test_heard *h, km_arena *a, km_str text)
{
    return km_test_records(h, km_format_jahis.is(text) ? &km_format_jahis : &km_format_jahis_rx, a,
                           "", text);
}

static void a_notebook_becomes_what_was_dispensed(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_text(&h, a, km_str_of(notebook));
    assert_int_equal(h.errors, 0);
    km_jv drug = km_test_nth(b, "MedicationDispense", 0);
    km_test_has(drug, "medicationCodeableConcept.coding.0.system", "urn:kumihimo:receden:drug");
    km_test_has(drug, "medicationCodeableConcept.coding.1.code", "1179044F1ZZZ");
    km_test_has(drug, "whenHandedOver", "2026-03-10");
    km_test_has(drug, "daysSupply.value", "14");
    km_test_has(drug, "dosageInstruction.0.doseAndRate.0.rateRatio.numerator.value", "1");
    km_test_has(drug, "note.0.text", "グレープフルーツを避ける");
    km_test_has(km_test_nth(b, "MedicationDispense", 1), "note",
                ""); /* the caution is the first drug's */
    km_test_has(km_test_nth(b, "MedicationDispense", 2), "quantity.value", "10");
    km_test_has(km_test_nth(b, "AllergyIntolerance", 0), "code.text", "そば");
    km_test_has(km_test_nth(b, "MedicationStatement", 0), "note.0.text", "成分: イブプロフェン");
    km_test_has(km_test_nth(b, "Communication", 0), "category.0.coding.0.code", "501");
    km_arena_free(a);
}

static void a_prescription_becomes_requests(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_jv b = read_text(&h, a, km_str_of(prescription));
    assert_int_equal(h.errors, 0);
    km_jv drug = km_test_nth(b, "MedicationRequest", 0);
    km_test_has(drug, "dosageInstruction.0.timing.code.coding.0.code", "1013044400000000");
    km_test_has(drug, "dispenseRequest.expectedSupplyDuration.value", "14");
    km_test_has(drug, "dispenseRequest.numberOfRepeatsAllowed", "2");
    km_test_has(drug, "dispenseRequest.validityPeriod.end", "2026-03-13");
    km_test_has(drug, "substitution.allowedBoolean", "false");
    km_test_has(km_test_nth(b, "MedicationRequest", 1), "dispenseRequest.quantity.value", "10");
    km_test_has(km_test_nth(b, "Patient", 0), "birthDate", "2011-01-10");
    km_test_has(km_test_nth(b, "Coverage", 1), "payor.0.identifier.value", "54130012");
    km_arena_free(a);
}

static void the_encoding_changes_nothing(void **state)
{
    km_test_heard one, other;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str cp932;
    (void)state;
    assert_int_equal(km_cp932_encode(&cp932, a, km_str_of(notebook), NULL), KM_OK);
    (void)read_text(&one, a, km_str_of(notebook));
    (void)read_text(&other, a, cp932);
    assert_true(km_str_eq(km_buf_str(&one.json), km_buf_str(&other.json)));
    km_arena_free(a);
}

static void a_notebook_comes_back_from_its_records(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f, .clock = &km_clock_real, .random = &km_random_real };
    km_buf out = km_buf_in(a);
    (void)state;
    km_jv b = read_text(&h, a, km_str_of(notebook));
    km_json *doc;
    km_str bundle = km_arena_print(a, "{\"entry\":%.*s}", KM_STR_ARG(km_jv_raw(b)));
    assert_int_equal(km_json_parse(&doc, a, bundle, NULL, NULL), KM_OK);
    if (km_format_jahis.write(&out, km_json_root(doc), &call) != KM_OK)
        fail_msg("%s %s", f.path, f.detail);
    km_jv again = read_text(&h, a, km_buf_str(&out));
    assert_int_equal(h.errors, 0);
    for (int i = 0; i < 3; i++)
        assert_true(km_str_eq(km_jv_raw(km_test_nth(b, "MedicationDispense", i)),
                              km_jv_raw(km_test_nth(again, "MedicationDispense", i))));
    assert_true(km_str_eq(km_jv_raw(km_test_nth(b, "Patient", 0)),
                          km_jv_raw(km_test_nth(again, "Patient", 0))));
    km_arena_free(a);
}

static void a_prescription_comes_back_from_its_records(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f, .clock = &km_clock_real, .random = &km_random_real };
    km_buf out = km_buf_in(a);
    km_json *doc;
    (void)state;
    km_jv b = read_text(&h, a, km_str_of(prescription));
    km_str bundle = km_arena_print(a, "{\"entry\":%.*s}", KM_STR_ARG(km_jv_raw(b)));
    assert_int_equal(km_json_parse(&doc, a, bundle, NULL, NULL), KM_OK);
    if (km_format_jahis_rx.write(&out, km_json_root(doc), &call) != KM_OK)
        fail_msg("%s %s", f.path, f.detail);
    km_jv again = read_text(&h, a, km_buf_str(&out));
    assert_int_equal(h.errors, 0);
    assert_true(km_str_eq(km_jv_raw(b), km_jv_raw(again)));
    assert_int_equal(km_format_jahis_rx.write(&out, KM_JV_GET(km_json_root(doc), "x"), &call),
                     KM_REQUIRED);
    km_arena_free(a);
}

static void a_text_with_an_error_makes_nothing(void **state)
{
    km_test_heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    (void)read_text(&h, a, KM_STR("JAHISTC08,1\r\n1,組紐,2,19800230\r\n"));
    assert_true(h.pieces == 0 && h.errors == 1);
    (void)read_text(&h, a,
                    KM_STR("JAHISTC08,1\r\n1,組紐,2,19800229\r\n911,12345678901234,2,1\r\n"));
    assert_true(h.pieces == 0 && h.errors == 1);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notebook_becomes_what_was_dispensed),
        cmocka_unit_test(a_prescription_becomes_requests),
        cmocka_unit_test(the_encoding_changes_nothing),
        cmocka_unit_test(a_notebook_comes_back_from_its_records),
        cmocka_unit_test(a_prescription_comes_back_from_its_records),
        cmocka_unit_test(a_text_with_an_error_makes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
