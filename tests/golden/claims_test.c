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
    km_test_counts(r, 23, 0, 0);
    r = km_test_import_so(&t, "tests/golden/claims/medical.uke", 0, again);
    km_test_counts(r, 0, 20, 0);
    assert_int_equal(km_test_count(r, "missingReferences"), 0);
    assert_int_equal(km_test_whole(&t), 23);
    km_test_node_free(&t);
}

typedef struct looking {
    km_reader *reader;
    int found;
} looking;

static km_code look_at(void *self, km_record *rec, km_fault *f)
{
    looking *o = self;
    km_str bytes;
    const char *at = memmem(rec->stored.p, rec->stored.n, "urn:kumihimo:blob", 17);
    (void)f;
    if (rec->chart == 0 || at == NULL)
        return KM_OK;
    const char *value = memmem(at, rec->stored.n - (size_t)(at - rec->stored.p), "value\":\"", 8);
    assert_non_null(value);
    assert_int_equal(km_blob_get(&bytes, o->reader, rec->chart, (km_str){ value + 8, 32 }), KM_OK);
    assert_true(km_str_starts(bytes, KM_STR("RE,")));
    o->found++;
    return KM_OK;
}

/* Each claim has a Provenance, which names what it was made from as kept with the chart. */
static void a_claim_keeps_the_bytes_it_was_made_from(void **state)
{
    km_test_node t;
    looking o = { 0 };
    km_own_call own;
    (void)state;
    km_test_node_make(&t, services);
    (void)km_test_import(&t, "tests/golden/claims/medical.uke", 0);
    km_own_call_open(&own, t.node, "export", 1 << 24);
    km_access *access = km_trust_job_access("export", own.call.arena);
    assert_int_equal(km_reader_open(&o.reader, t.node->log, access, &own.call), KM_OK);
    assert_int_equal(km_log_walk(t.node->log, access, 0, true, look_at, &o, &own.call), KM_OK);
    assert_int_equal(o.found, 2);
    km_reader_close(o.reader);
    km_own_call_close(&own);
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
        cmocka_unit_test(a_claim_keeps_the_bytes_it_was_made_from),
        cmocka_unit_test(a_dry_run_reports_and_stores_nothing),
        cmocka_unit_test(what_makes_no_records_is_refused_and_the_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
