/* SPDX-License-Identifier: Apache-2.0
 *
 * The store fails at every call in turn: what was acknowledged is there, what was refused is not,
 * the proof is whole, the views are as if made anew, and the log goes on.
 */
#include "record/words_test.h"

enum { STEPS = 12 };

typedef struct told {
    km_code code[STEPS];
    km_str blob;
    int64_t chart;
} told;

/* Each step stands on what the steps before were told. */
static km_code take_step(km_test_log *w, told *t, int step)
{
    km_write one, many[6];
    int32_t number;
    char id[16];
    km_fault_clear(&w->fault);
    switch (step) {
    case 0:
    case 1:
    case 2:
    case 3: /* a new record, then three versions more */
        one = km_test_update(a_basic(w, "a", step % 2 ? "en" : "ja"), "p1");
        t->code[step] = km_test_write(w, &one);
        t->chart = t->code[step] == KM_OK ? one.chart : t->chart;
        return t->code[step];
    case 4:
        one = km_test_update(a_patient(w, "p1", "ja"), "");
        return km_test_write(w, &one);
    case 5:
    case 6: /* a plan of many */
        for (int i = 0; i < 6; i++) {
            snprintf(id, sizeof id, "m%d", i);
            many[i] = km_test_update(a_basic(w, id, step == 5 ? "ja" : "en"), i % 2 ? "p1" : "p2");
        }
        km_plan p = { .write = many, .n = 6, .call = &w->call, .access = &w->everything };
        return km_log_write(w->log, &p, NULL);
    case 7:
        one = km_test_delete("Basic", "m1");
        return km_test_write(w, &one);
    case 8:
        return km_blob_put(&t->blob, w->log, t->chart, KM_STR("bytes"), &w->call);
    case 9:
        return km_log_source(&number, w->log, KM_STR("urn:x"), KM_STR("X"), &w->fault);
    case 10:
        return km_log_rebuild(w->log, "words", NULL, &w->call);
    default:
        one = km_test_update(a_basic(w, "last", "ja"), "p3");
        return km_test_write(w, &one);
    }
}

static void expect_language(km_test_log *w, const char *id, const char *expected)
{
    const char *is = language_of(w, "Basic", id);
    if (expected == NULL ? is != NULL : is == NULL || strcmp(is, expected) != 0)
        fail_msg("Basic/%s is %s, not %s", id, is ? is : "absent", expected ? expected : "absent");
}

static void expect_what_was_told(km_test_log *w, const told *t)
{
    const char *a = NULL, *m0 = NULL, *m1 = NULL;
    for (int i = 0; i < 4; i++)
        a = t->code[i] == KM_OK ? i % 2 ? "en" : "ja" : a;
    expect_language(w, "a", a);
    for (int i = 5; i < 7; i++)
        m0 = t->code[i] == KM_OK ? i == 5 ? "ja" : "en" : m0;
    m1 = t->code[7] == KM_OK ? "" : m0;
    expect_language(w, "m0", m0);
    expect_language(w, "m1", m1);
    expect_language(w, "m5", m0);
    expect_language(w, "last", t->code[11] == KM_OK ? "ja" : NULL);
    if (t->code[8] == KM_OK) {
        km_str bytes;
        km_reader *r = km_test_reader(w, &w->everything);
        km_test_must(w, km_blob_get(&bytes, r, t->chart, t->blob));
        km_reader_close(r);
        assert_true(km_str_is(bytes, "bytes"));
    }
}

/* A rebuild that failed leaves a view half made, which the next start mends; all else leaves it
 * right. */
static void expect_views(km_test_log *w, const told *t)
{
    const char *live = words_of(w);
    km_test_must(w, km_log_rebuild(w->log, "words", NULL, &w->call));
    if (t->code[10] == KM_OK)
        assert_string_equal(live, words_of(w));
}

static bool run_with_failure(km_test_log *w, int64_t k)
{
    told t = { .chart = 1 };
    bool failed = false;
    km_store_fail_after(w->store, k);
    for (int i = 0; i < STEPS; i++) {
        t.code[i] = take_step(w, &t, i);
        if (t.code[i] != KM_OK && t.code[i] != KM_STORE
            && !(failed && (t.code[i] == KM_NOT_FOUND || t.code[i] == KM_TAMPERED)))
            fail_msg("call %lld, step %d: %s", (long long)k, i, km_code_name(t.code[i]));
        failed |= t.code[i] != KM_OK;
    }
    km_store_fail_after(w->store, 0);
    expect_what_was_told(w, &t);
    km_test_whole(w);
    expect_views(w, &t);
    put_basic(w, "after", "ja", "p1");
    km_test_log_close(w);
    km_test_log_open(w);
    expect_what_was_told(w, &t);
    expect_language(w, "after", "ja");
    km_test_whole(w);
    return failed;
}

static void no_acknowledged_write_is_lost_wherever_the_store_fails(void **state)
{
    (void)state;
    int64_t k = 1;
    /* Some calls may fail unnoticed: what is only foreseen is done again by the writer. */
    for (int unnoticed = 0; unnoticed < 25; k++) {
        km_test_log *w = km_test_log_new(words_lists, words_folds);
        unnoticed = run_with_failure(w, k) ? 0 : unnoticed + 1;
        km_test_log_free(w);
    }
    assert_true(k > 80); /* that many calls there are at least */
}

/* Erasing fails: it is erased, or nothing of it is. */
static void an_erasure_that_fails_has_done_nothing(void **state)
{
    (void)state;
    km_code rc = KM_STORE;
    for (int64_t k = 1; rc != KM_OK; k++) {
        km_test_log *w = km_test_log_new(words_lists, words_folds);
        km_write a = put_basic(w, "a", "ja", "p1");
        put_basic(w, "b", "ja", "p2");
        put_basic(w, "a", "en", "p1");
        const char *before = words_of(w);
        km_store_fail_after(w->store, k);
        rc = km_log_erase(w->log, a.chart, &w->fault);
        km_store_fail_after(w->store, 0);
        if (rc != KM_OK) {
            assert_int_equal(rc, KM_STORE);
            expect_language(w, "a", "en");
            assert_string_equal(words_of(w), before);
            km_fault_clear(&w->fault);
            km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
        }
        expect_language(w, "a", NULL);
        expect_language(w, "b", "ja");
        km_test_whole(w);
        km_test_log_free(w);
    }
}

/* Opening fails: it opens the next time. */
static void a_log_that_could_not_be_opened_opens_later(void **state)
{
    (void)state;
    km_test_log *w = km_test_log_new(words_lists, words_folds);
    put_basic(w, "a", "ja", "p1");
    km_log_close(w->log);
    km_code rc = KM_STORE;
    for (int64_t k = 1; rc != KM_OK; k++) {
        km_log_options lo = { .store = w->store,
                              .kek = { 7, 7, 7 },
                              .kek_number = 1,
                              .folds = w->folds,
                              .clock = &w->clock,
                              .random = &w->random };
        km_fault_clear(&w->fault);
        w->log = NULL;
        km_store_fail_after(w->store, k);
        rc = km_log_open(&w->log, &lo, &w->fault);
        km_store_fail_after(w->store, 0);
        assert_true(rc == KM_OK || rc == KM_STORE);
    }
    expect_language(w, "a", "ja");
    put_basic(w, "a", "en", "p1");
    km_test_whole(w);
    km_test_log_free(w);
}

/* PostgreSQL ends all our connections, as when it restarts. */
static void a_lost_connection_is_made_again_and_nothing_is_lost(void **state)
{
    (void)state;
    if (km_test_dialect != KM_POSTGRES)
        return;
    km_test_log *w = km_test_log_new(words_lists, words_folds);
    PGconn *pg = PQconnectdb(km_test_server());
    char id[16];
    bool stored[40];
    for (int i = 0; i < 40; i++) {
        if (i % 3 == 1)
            PQclear(PQexec(pg,
                           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                           "pg_backend_pid() AND backend_type = 'client backend'"));
        snprintf(id, sizeof id, "r%d", i);
        km_write one = km_test_update(a_basic(w, id, "ja"), "p1");
        km_code rc = km_test_write(w, &one);
        stored[i] = rc == KM_OK;
        assert_true(rc == KM_OK || rc == KM_STORE);
        assert_true(i % 3 == 1 || rc == KM_OK);
    }
    PQfinish(pg);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "r%d", i);
        if (stored[i])
            expect_language(w, id, "ja");
    }
    km_test_whole(w);
    const char *live = words_of(w);
    km_test_must(w, km_log_rebuild(w->log, "words", NULL, &w->call));
    assert_string_equal(live, words_of(w));
    km_test_log_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_acknowledged_write_is_lost_wherever_the_store_fails),
        cmocka_unit_test(an_erasure_that_fails_has_done_nothing),
        cmocka_unit_test(a_log_that_could_not_be_opened_opens_later),
        cmocka_unit_test(a_lost_connection_is_made_again_and_nothing_is_lost),
    };
    return km_test_on_both("a store that fails", tests, NULL, NULL);
}
