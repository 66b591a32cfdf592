/* SPDX-License-Identifier: Apache-2.0 */
#include "gateways/claims/claims.h"

#include "codec/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct heard {
    km_arena *arena;
    km_buf json;
    int bundles, errors;
    int64_t first_error;
} heard;

static km_code take(void *self, const km_piece *piece)
{
    heard *h = self;
    assert_true(piece->line > 0);
    km_buf_z(&h->json, h->bundles++ > 0 ? "," : "[");
    km_buf_add(&h->json, piece->json);
    return KM_OK;
}

static void note(void *self, bool error, const km_fault *f)
{
    heard *h = self;
    assert_true(f->line > 0 && f->detail[0] != '\0');
    if (error && h->errors++ == 0)
        h->first_error = f->line;
}

static km_str golden(km_arena *a, const char *name)
{
    size_t room = 1 << 16;
    char *p = km_arena_alloc(a, room);
    FILE *f = fopen(km_arena_print(a, "tests/golden/claims/%s", name).p, "rb");
    assert_non_null(f);
    km_str out = { p, fread(p, 1, room, f) };
    fclose(f);
    return out;
}

static km_code read_file(heard *h, km_arena *a, km_str text)
{
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f, .clock = &km_clock_real, .random = &km_random_real };
    km_format_sink sink = { take, note, h };
    *h = (heard){ .arena = a, .json = km_buf_in(a) };
    km_code rc = km_format_receden.records(&(km_document){ .text = text }, &sink, &call);
    km_buf_z(&h->json, h->bundles > 0 ? "]" : "[]");
    return rc;
}

static km_jv entries(const heard *h)
{
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, h->arena, km_buf_str(&h->json), NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static int count(km_jv list, const char *type)
{
    int n = 0;
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        n += km_str_is(km_jv_text(i.value, "resource.resourceType"), type);
    return n;
}

static void a_claim_becomes_who_paid_what_was_ill_and_what_was_done(void **state)
{
    static const struct {
        const char *type;
        int n;
    } t[] = { { "Organization", 1 }, { "Patient", 2 },          { "Encounter", 2 },
              { "Coverage", 3 },     { "Condition", 4 },        { "Procedure", 4 },
              { "Claim", 2 },        { "MedicationRequest", 2 } };
    heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_int_equal(read_file(&h, a, golden(a, "medical.uke")), KM_OK);
    assert_int_equal(h.errors, 0);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (count(entries(&h), t[i].type) != t[i].n)
            fail_msg("%d %s", count(entries(&h), t[i].type), t[i].type);
    km_arena_free(a);
}

static void the_same_file_makes_the_same_bytes(void **state)
{
    static const char *const name[] = { "medical.uke", "dpc.uke" };
    heard one, two;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        assert_int_equal(read_file(&one, a, golden(a, name[i])), KM_OK);
        assert_int_equal(read_file(&two, a, golden(a, name[i])), KM_OK);
        assert_true(km_str_eq(km_buf_str(&one.json), km_buf_str(&two.json)));
    }
    km_arena_free(a);
}

static void every_reference_leads_to_an_entry_of_the_file(void **state)
{
    heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_int_equal(read_file(&h, a, golden(a, "medical.uke")), KM_OK);
    km_str text = km_buf_str(&h.json), key = KM_STR("\"reference\":\"");
    for (size_t at = 0; at + key.n < text.n; at++) {
        if (!km_str_starts(km_str_sub(text, at, text.n), key))
            continue;
        km_str rest, target = km_str_cut(km_str_sub(text, at + key.n, text.n), '"', &rest);
        bool found = false;
        for (km_jv_iter i = km_jv_each(entries(&h)); km_jv_next(&i);)
            found = found || km_str_eq(km_jv_text(i.value, "request.url"), target);
        if (!found)
            fail_msg("%.*s", KM_STR_ARG(target));
    }
    km_arena_free(a);
}

/* Line 6 is of the first claim: only the second one is left. */
static void a_wrong_line_refuses_its_claim_and_no_other(void **state)
{
    heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_str text = golden(a, "medical.uke");
    char *at = memmem(text.p, text.n, "20230401", 8);
    assert_non_null(at);
    memcpy(at, "20230431", 8);
    assert_int_equal(read_file(&h, a, text), KM_OK);
    assert_int_equal(h.first_error, 6);
    assert_int_equal(h.errors, 2);
    assert_int_equal(count(entries(&h), "Claim"), 1);
    assert_int_equal(count(entries(&h), "Patient"), 1);
    km_arena_free(a);
}

static void a_file_that_names_no_institution_makes_nothing(void **state)
{
    heard h;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_int_equal(read_file(&h, a, KM_STR("RE,1,1112,202403,A\r\n")), KM_INVALID);
    assert_int_equal(read_file(&h, a, KM_STR("")), KM_INVALID);
    assert_int_equal(h.bundles, 0);
    assert_int_equal(read_file(&h, a, golden(a, "pharmacy.uke")), KM_UNSUPPORTED);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_becomes_who_paid_what_was_ill_and_what_was_done),
        cmocka_unit_test(the_same_file_makes_the_same_bytes),
        cmocka_unit_test(every_reference_leads_to_an_entry_of_the_file),
        cmocka_unit_test(a_wrong_line_refuses_its_claim_and_no_other),
        cmocka_unit_test(a_file_that_names_no_institution_makes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
