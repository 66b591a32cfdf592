/* SPDX-License-Identifier: Apache-2.0
 *
 * An entry's text is one text, reads back as what it was, stays small, and takes no values in.
 */
#include "trust/audit/audit_test.h"

static uint32_t below(uint64_t *seed, uint32_t n) /* xorshift64*, Vigna 2016 */
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (uint32_t)((*seed * 0x2545F4914F6CDD1Du) >> 33) % n;
}

static km_str any_text(uint64_t *seed)
{
    static const char *const texts[] = {
        "", "a", "staff-12", "医師", "with \"quotes\" \\ and \n", "0123456789abcdef0123456789abcdef"
    };
    return km_str_of(texts[below(seed, 6)]);
}

static km_str any_name(uint64_t *seed)
{
    static const char *const names[] = { "code", "patient", "_count", "date" };
    return km_str_of(names[below(seed, 4)]);
}

static km_audit_entry any_entry(km_arena *a, uint64_t *seed)
{
    km_audit_entry e = { .at = 1 + below(seed, 1u << 30),
                         .kind = (km_audit_kind)(1 + below(seed, KM_AUDIT_KINDS_END - 1)),
                         .outcome = any_text(seed),
                         .purpose = any_text(seed),
                         .route = any_name(seed),
                         .reason = any_text(seed),
                         .request = any_text(seed),
                         .flags = below(seed, 4),
                         .bytes_out = below(seed, 2) ? below(seed, 1u << 20) : 0 };
    e.agent = (km_audit_agent){ .id = any_text(seed),
                                .role = any_text(seed),
                                .name = any_text(seed),
                                .organisation = any_text(seed),
                                .client = any_text(seed),
                                .address = any_text(seed),
                                .thumbprint = any_text(seed),
                                .session = any_text(seed),
                                .second_factor = below(seed, 2) };
    km_str *query = KM_NEW_ARRAY(a, 8, km_str), *basis = KM_NEW_ARRAY(a, 8, km_str);
    int64_t *chart = KM_NEW_ARRAY(a, 8, int64_t);
    km_audit_shown *shown = KM_NEW_ARRAY(a, 20, km_audit_shown);
    e.queries = below(seed, 8);
    e.bases = below(seed, 8);
    e.charts = below(seed, 8);
    e.shows = below(seed, 20);
    for (size_t i = 0; i < 8; i++) {
        query[i] = any_name(seed);
        basis[i] = any_text(seed);
        chart[i] = below(seed, 1u << 30);
    }
    for (size_t i = 0; i < 20; i++)
        shown[i] = (km_audit_shown){ any_name(seed), any_name(seed), (int32_t)below(seed, 3) };
    e.query = query;
    e.basis = basis;
    e.chart = chart;
    e.shown = shown;
    return e;
}

static void printing_what_was_read_gives_the_same_text(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 2000; i++) {
        km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
        km_fault fault = { 0 };
        km_audit_entry e = any_entry(a, &seed), back;
        km_buf once = km_buf_in(a), twice = km_buf_in(a);
        assert_int_equal(km_audit_entry_print(&once, &e, &fault), KM_OK);
        if (km_audit_entry_parse(&back, km_buf_str(&once), a, &fault) != KM_OK)
            fail_msg("%s: %.*s", fault.path, KM_STR_ARG(km_buf_str(&once)));
        assert_int_equal(back.at, e.at);
        assert_int_equal(back.kind, e.kind);
        assert_int_equal(back.shows, e.shows);
        assert_int_equal(back.charts, e.charts);
        assert_true(km_str_eq(back.agent.session, e.agent.session));
        assert_int_equal(km_audit_entry_print(&twice, &back, &fault), KM_OK);
        assert_true(km_str_eq(km_buf_str(&once), km_buf_str(&twice)));
        km_arena_free(a);
    }
}

static void every_kind_has_a_name_that_leads_back_to_it(void **state)
{
    (void)state;
    for (int k = 1; k < KM_AUDIT_KINDS_END; k++)
        assert_int_equal(km_audit_kind_named(km_str_of(km_audit_kind_text((km_audit_kind)k))), k);
    assert_int_equal(km_audit_kind_named(KM_STR("")), KM_AUDIT_NONE);
    assert_int_equal(km_audit_kind_named(KM_STR("peek")), KM_AUDIT_NONE);
}

static void a_page_of_a_thousand_rows_is_its_ids_and_little_more(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf out = km_buf_in(a);
    km_audit_shown *shown = KM_NEW_ARRAY(a, 1000, km_audit_shown);
    size_t ids = 0;
    for (int i = 0; i < 1000; i++) {
        shown[i] = (km_audit_shown){ KM_STR("Observation"), km_arena_print(a, "obs-%06d", i), 1 };
        ids += shown[i].id.n;
    }
    km_audit_entry e = { .at = 1, .kind = KM_AUDIT_SEARCH, .shown = shown, .shows = 1000 };
    assert_int_equal(km_audit_entry_print(&out, &e, NULL), KM_OK);
    assert_true(out.n < ids + 1000 * 5 + 100);
    km_arena_free(a);
}

static void a_searched_value_cannot_come_in(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str with_value = KM_STR("name=Yamada");
    km_audit_entry bad[] = {
        { .at = 1, .kind = KM_AUDIT_SEARCH, .route = KM_STR("/fhir/Patient?name=Yamada") },
        { .at = 1, .kind = KM_AUDIT_SEARCH, .query = &with_value, .queries = 1 },
    };
    for (size_t i = 0; i < 2; i++) {
        km_buf out = km_buf_in(a);
        assert_int_equal(km_audit_entry_print(&out, &bad[i], NULL), KM_BAD_VALUE);
        assert_int_equal(out.n, 0);
    }
    km_arena_free(a);
}

static void what_no_entry_has_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"at\":1}",
        "{\"at\":0,\"kind\":\"read\"}",
        "{\"at\":1,\"kind\":\"peek\"}",
        "{\"at\":1,\"kind\":\"read\",\"name\":\"x\"}",
        "{\"at\":1,\"kind\":\"read\",\"shown\":[[\"A\",\"b/0\"]]}",
        "{\"at\":1,\"kind\":\"read\",\"shown\":[{}]}",
        "{\"at\":1,\"kind\":\"read\",\"flags\":[\"x\"]}",
        "{\"at\":1,\"kind\":\"read\",\"charts\":[\"1\"]}",
        "{\"at\":1,\"kind\":\"read\",\"agent\":[]}",
    };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_audit_entry e;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (km_audit_entry_parse(&e, km_str_of(wrong[i]), a, NULL) == KM_OK)
            fail_msg("taken: %s", wrong[i]);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printing_what_was_read_gives_the_same_text),
        cmocka_unit_test(every_kind_has_a_name_that_leads_back_to_it),
        cmocka_unit_test(a_page_of_a_thousand_rows_is_its_ids_and_little_more),
        cmocka_unit_test(a_searched_value_cannot_come_in),
        cmocka_unit_test(what_no_entry_has_is_refused),
    };
    return cmocka_run_group_tests_name("audit entries", tests, NULL, NULL);
}
