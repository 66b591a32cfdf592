/* SPDX-License-Identifier: Apache-2.0
 *
 * EF files: stays, acts and their details.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateways/dpc/dpc_gateway.h"

typedef struct heard {
    char types[512];
    int pieces, errors, warnings;
} heard;

static km_code take(void *self, const km_piece *piece)
{
    heard *h = self;
    static const char *const types[] = { "Procedure", "MedicationAdministration", "ChargeItem" };
    h->pieces++;
    for (size_t i = 0; i < 3; i++) /* grouped by type */
        for (const char *at = piece->json.p;
             (at = memmem(at, (size_t)(piece->json.p + piece->json.n - at), types[i],
                          strlen(types[i])))
             != NULL;
             at++)
            if (memcmp(at - 16, "\"resourceType\":\"", 16) == 0)
                h->types[strlen(h->types)] = types[i][0];
    return KM_OK;
}

static void note(void *self, bool error, const km_fault *f)
{
    heard *h = self;
    (void)f;
    h->errors += error;
    h->warnings += !error;
}

/* A row: patient, detail, claim code, fee points, points of the act, day. */
static void add(km_buf *out, const char *patient, const char *detail, const char *code,
                const char *fee, const char *points, const char *day)
{
    km_buf_print(
        out,
        "131234567\t%s\t20240706\t20240704\t60\t0001\t%s\tX\t%s\tD\t検査\t0000001.500\t000\t"
        "0\t1\t%s\t%s\t%s\t0\t0\t001\t\t1119\t%s\t20\t310\t4678\t31\t0\t0\t\r\n",
        patient, detail, code, fee, detail[2] == '0' ? "" : "000010000000", points, day);
}

static heard read_text(km_str text)
{
    heard h = { 0 };
    km_fault f = { 0 };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_call call = { .arena = a, .fault = &f, .clock = &km_clock_real, .random = &km_random_real };
    km_format_sink sink = { take, note, &h };
    km_document from = { .text = text };
    assert_true(km_format_dpc_ef.is(text));
    assert_int_equal(km_format_dpc_ef.records(&from, &sink, &call), KM_OK);
    km_arena_free(a);
    return h;
}

static void a_stay_is_a_piece_and_its_details_are_records(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf text = km_buf_in(a);
    (void)state;
    add(&text, "0000000001", "000", "160098110", "0", "00001540", "20240705");
    add(&text, "0000000001", "001", "160098110", "00001500", "0", "20240705");
    add(&text, "0000000001", "002", "620004992", "00000040", "0", "20240705");
    add(&text, "0000000001", "003", "710010028", "00000000", "0", "20240705");
    add(&text, "0000000002", "000", "160098110", "0", "00001541", "20240705");
    add(&text, "0000000002", "001", "160098110", "00001500", "0", "20240705");
    heard h = read_text(km_buf_str(&text));
    assert_int_equal(h.pieces, 2);
    assert_int_equal(h.errors, 0);
    assert_int_equal(h.warnings, 1); /* 1541 is not 1500 */
    assert_string_equal(h.types, "PMCP");
    km_arena_free(a);
}

static void a_stay_with_a_mistake_leaves_the_others(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf text = km_buf_in(a);
    (void)state;
    add(&text, "0000000001", "000", "160098110", "0", "0", "20240731");
    add(&text, "0000000001", "001", "160098110", "0", "0", "20240732");
    add(&text, "0000000002", "001", "160098110", "0", "0", "20240705");
    add(&text, "0000000003", "000", "160098110", "0", "0", "20240705");
    add(&text, "0000000003", "001", "160098110", "0", "0", "20240705");
    heard h = read_text(km_buf_str(&text));
    assert_int_equal(h.pieces, 1);
    assert_int_equal(h.errors, 2);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stay_is_a_piece_and_its_details_are_records),
        cmocka_unit_test(a_stay_with_a_mistake_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
