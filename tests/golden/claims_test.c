/* SPDX-License-Identifier: Apache-2.0
 *
 * Claim files through the import of a whole node.
 */
#include "gateways/claims/claims.h"
#include "gateways/files/files_test.h"

static const km_service *const services[] = { &km_gateway_files, &km_gateway_claims, NULL };

static void a_claim_file_is_stored_once_however_often_it_comes(void **state)
{
    static const km_test_option again[] = { { "again", "" }, { NULL, NULL } };
    km_test_node t;
    (void)state;
    km_test_node_make(&t, services);
    km_jv r = km_test_import_so(&t, "tests/golden/claims/medical.uke", 0, again);
    km_test_counts(r, 20, 0, 0);
    r = km_test_import_so(&t, "tests/golden/claims/medical.uke", 0, again);
    km_test_counts(r, 0, 20, 0);
    assert_int_equal(km_test_count(r, "missingReferences"), 0);
    assert_int_equal(km_test_whole(&t), 20);
    km_test_node_free(&t);
}

static void a_dry_run_reports_and_stores_nothing(void **state)
{
    static const km_test_option dry[] = { { "dry-run", "" }, { NULL, NULL } };
    km_test_node t;
    (void)state;
    km_test_node_make(&t, services);
    km_jv r = km_test_import_so(&t, "tests/golden/claims/medical.uke", 0, dry);
    km_test_counts(r, 0, 0, 0);
    assert_int_equal(km_test_count(r, "files"), 1);
    assert_int_equal(km_test_whole(&t), 0);
    km_test_node_free(&t);
}

static void what_makes_no_records_is_refused_and_the_others_go_on(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, services);
    km_jv r = km_test_import(&t, "tests/golden/claims", 1);
    assert_int_equal(km_test_count(r, "files"), 4);
    assert_int_equal(km_test_count(r, "refused"), 2);
    km_test_refused_at(r, 0, "dental.uke", 0, "medical and DPC");
    km_test_refused_at(r, 1, "pharmacy.uke", 0, "medical and DPC");
    assert_true(km_test_count(r, "stored") > 20);
    km_test_node_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_file_is_stored_once_however_often_it_comes),
        cmocka_unit_test(a_dry_run_reports_and_stores_nothing),
        cmocka_unit_test(what_makes_no_records_is_refused_and_the_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
