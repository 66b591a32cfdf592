/* SPDX-License-Identifier: Apache-2.0
 *
 * Erasing a chart: nobody reads it any more, everybody else's is as it was, the proof stays whole.
 * And blobs, which go with their chart; and views made anew.
 */
#include "record/words_test.h"

#include <sqlite3.h>

static void an_erased_chart_is_gone_and_the_proof_whole(void **state)
{
    km_test_log *w = *state;
    km_verify_report v;
    km_chart c;
    km_record *rec;
    int64_t chart;
    km_write a = put_basic(w, "a", "ja", "p1");
    put_patient(w, "p1", "ja");
    km_write other = put_basic(w, "b", "en", "p2");
    put_basic(w, "a", "fr", "p1");
    km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
    assert_null(language_of(w, "Basic", "a"));
    assert_null(language_of(w, "Patient", "p1"));
    assert_string_equal(language_of(w, "Basic", "b"), "en");
    km_reader *r = km_test_reader(w, &w->everything);
    assert_int_equal(km_reader_by_seq(&rec, r, a.seq), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_by_rid(&rec, r, a.rid), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_chart_of(&chart, r, 1, KM_STR("p1")), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    km_test_must(w, km_reader_chart(&c, r, a.chart));
    assert_true(c.erased && c.patient.n == 0);
    km_reader_close(r);
    char left[64];
    snprintf(left, sizeof left, "%lld/%lld/en ", (long long)other.chart, (long long)other.rid);
    assert_string_equal(words_of(w), left);
    km_test_must(w, km_test_verify(w, &v));
    assert_int_equal(v.versions, 4);
    assert_int_equal(v.erased, 1);
}

static void a_chart_is_erased_once_and_nobodys_never(void **state)
{
    km_test_log *w = *state;
    km_write a = put_basic(w, "a", "ja", "p1");
    assert_int_equal(km_log_erase(w->log, KM_CHART_NONE, &w->fault), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_log_erase(w->log, 99, &w->fault), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
    assert_int_equal(km_log_erase(w->log, a.chart, &w->fault), KM_ERASED);
}

static void who_comes_back_after_erasure_is_somebody_new(void **state)
{
    km_test_log *w = *state;
    km_write last = put_basic(w, "last", "ja", "p1");
    km_test_must(w, km_log_erase(w->log, last.chart, &w->fault));
    for (int again = 0; again < 2; again++) {
        km_write new = put_basic(w, "last", "en", "p1");
        assert_true(new.rid > last.rid);
        assert_true(new.chart > last.chart);
        assert_int_equal(new.version, 1);
        km_test_whole(w);
        last = new;
        km_test_must(w, km_log_erase(w->log, last.chart, &w->fault));
        km_test_log_close(w);
        km_test_log_open(w);
    }
    km_test_whole(w);
}

/* The name, the text and the words of the erased are nowhere in the files. */
static void nothing_of_the_erased_is_left_in_the_files(void **state)
{
    km_test_log *w = *state;
    static const char name[] = "unmistakable-id-of-somebody";
    char path[700], chunk[1 << 16];
    km_write a = put_basic(w, name, "xyzzyq", "unmistakable-id-of-somebody");
    km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
    static const char *const tails[] = { "", "-wal" };
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", w->place.place, tails[i]);
        FILE *f = fopen(path, "rb");
        if (f == NULL)
            continue;
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > sizeof name;) {
            assert_null(memmem(chunk, n, name, sizeof name - 1));
            assert_null(memmem(chunk, n, "xyzzyq", 6));
            if (n == sizeof chunk)
                fseek(f, -(long)sizeof name, SEEK_CUR);
        }
        fclose(f);
    }
}

static void a_long_chart_is_erased_in_portions(void **state)
{
    km_test_log *w = *state;
    put_many(w, 0, 1100, "ja", 2000);
    put_basic(w, "other", "en", "p3");
    km_test_must(w, km_log_erase(w->log, 2, &w->fault));
    assert_string_equal(words_of(w), "1/1/ja 3/1101/en ");
    km_test_whole(w);
}

/* A reader that began before keeps its snapshot; the key is not remembered again by that. */
static void a_reader_that_began_before_brings_no_key_back(void **state)
{
    km_test_log *w = *state;
    km_record *rec;
    km_write a = put_basic(w, "a", "ja", "p1");
    km_test_log_close(w);
    km_test_log_open(w); /* no key is remembered */
    km_reader *r = km_test_reader(w, &w->everything);
    (void)km_reader_conn(r);
    km_fault f = { 0 };
    km_code rc = km_log_erase(w->log, a.chart, &f);
    /* On SQLite the write-ahead log cannot be emptied under a reader: that is told. */
    assert_true(rc == KM_OK || rc == KM_STORE || rc == KM_BUSY);
    rc = km_reader_by_rid(&rec, r, a.rid);
    assert_true(rc == KM_OK || rc == KM_ERASED);
    km_reader_close(r);
    r = km_test_reader(w, &w->everything);
    km_str bytes;
    assert_int_equal(km_blob_get(&bytes, r, a.chart, KM_STR("00000000000000000000000000000000")),
                     KM_ERASED);
    km_reader_close(r);
    assert_int_equal(km_log_erase(w->log, a.chart, &f),
                     km_test_dialect == KM_SQLITE && f.code ? f.code : KM_ERASED);
}

/* A body that does not open: the view cannot take its rows back one by one. */
static void a_chart_with_a_broken_body_is_erased_too(void **state)
{
    km_test_log *w = *state;
    sqlite3 *db;
    km_write a = put_basic(w, "a", "ja", "p1");
    assert_int_equal(sqlite3_open(w->place.place, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE log SET body = zeroblob(60) WHERE seq = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
    assert_string_equal(words_of(w), "");
}

/* --- blobs --- */

static void a_blob_is_read_back_and_goes_with_its_chart(void **state)
{
    km_test_log *w = *state;
    km_str name, again, other, back, big;
    km_write a = put_basic(w, "a", "ja", "p1"), b = put_basic(w, "b", "ja", "p2");
    char *bytes = km_arena_alloc(w->arena, 300000);
    km_test_fill(w, bytes, 300000);
    big = (km_str){ bytes, 300000 };
    km_test_must(w, km_blob_put(&name, w->log, a.chart, big, &w->call));
    km_test_must(w, km_blob_put(&again, w->log, a.chart, big, &w->call));
    km_test_must(w, km_blob_put(&other, w->log, b.chart, big, &w->call));
    assert_true(km_str_eq(name, again));
    assert_false(km_str_eq(name, other));
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_blob_get(&back, r, a.chart, name));
    assert_true(km_str_eq(back, big));
    assert_int_equal(km_blob_get(&back, r, b.chart, name), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_blob_get(&back, r, a.chart, KM_STR("../../etc/passwd")), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_blob_get(&back, r, 99, name), KM_NOT_FOUND);
    km_reader_close(r);
    w->hidden = a.chart;
    r = km_test_reader(w, &w->some);
    assert_int_equal(km_blob_get(&back, r, a.chart, name), KM_NOT_FOUND);
    km_reader_close(r);
    km_fault_clear(&w->fault);
    assert_int_equal(km_blob_put(&again, w->log, 99, big, &w->call), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    km_test_must(w, km_log_erase(w->log, a.chart, &w->fault));
    r = km_test_reader(w, &w->everything);
    assert_int_equal(km_blob_get(&back, r, a.chart, name), KM_ERASED);
    km_fault_clear(&w->fault);
    km_test_must(w, km_blob_get(&back, r, b.chart, other));
    km_reader_close(r);
    assert_int_equal(km_blob_put(&again, w->log, a.chart, big, &w->call), KM_ERASED);
}

static void an_empty_blob_is_a_blob(void **state)
{
    km_test_log *w = *state;
    km_str name, back;
    km_test_must(w, km_blob_put(&name, w->log, KM_CHART_NONE, KM_STR(""), &w->call));
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_blob_get(&back, r, KM_CHART_NONE, name));
    assert_int_equal(back.n, 0);
    km_reader_close(r);
}

/* --- rebuild --- */

static void a_view_made_anew_is_the_one_that_was_there(void **state)
{
    km_test_log *w = *state;
    put_many(w, 0, 2200, "ja", 5);
    put_many(w, 100, 200, "en", 5);
    km_write gone = km_test_delete("Basic", "r4");
    km_test_must(w, km_test_write(w, &gone));
    km_test_must(w, km_log_erase(w->log, 2, &w->fault));
    const char *before = words_of(w);
    km_test_must(w, km_log_rebuild(w->log, "words", NULL, &w->call));
    assert_string_equal(words_of(w), before);
    assert_int_equal(km_log_rebuild(w->log, "verbs", NULL, &w->call), KM_NOT_FOUND);
}

static bool stop_at_once(void *self, int64_t done, int64_t all)
{
    (void)self;
    assert_true(done <= all);
    return false;
}

static void a_view_is_made_anew_at_the_start_when_it_is_old_or_half_made(void **state)
{
    km_test_log *w = *state;
    static km_fold_def newer; /* the log is closed after this test */
    static const km_fold_def *const folds[] = { &newer, NULL };
    newer = words_fold;
    put_many(w, 0, 1500, "ja", 0);
    const char *before = words_of(w);
    km_progress stop = { stop_at_once, NULL };
    assert_int_equal(km_log_rebuild(w->log, "words", &stop, &w->call), KM_CANCELLED);
    assert_string_not_equal(words_of(w), before);
    km_test_log_close(w);
    km_test_log_open(w);
    assert_string_equal(words_of(w), before);
    km_test_log_close(w);
    newer.version = 2;
    w->folds = folds;
    km_test_log_open(w);
    assert_string_equal(words_of(w), before);
    km_test_log_close(w);
    w->folds = words_folds;
    assert_int_equal(km_test_log_try_open(w), KM_TOO_NEW);
    w->folds = folds;
    km_test_log_open(w);
}

int main(void)
{
    static const struct CMUnitTest sqlite[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(nothing_of_the_erased_is_left_in_the_files),
        T(a_chart_with_a_broken_body_is_erased_too),
    };
    static const struct CMUnitTest both[] = {
        T(an_erased_chart_is_gone_and_the_proof_whole),
        T(a_chart_is_erased_once_and_nobodys_never),
        T(who_comes_back_after_erasure_is_somebody_new),
        T(a_long_chart_is_erased_in_portions),
        T(a_reader_that_began_before_brings_no_key_back),
        T(a_blob_is_read_back_and_goes_with_its_chart),
        T(an_empty_blob_is_a_blob),
        T(a_view_made_anew_is_the_one_that_was_there),
        T(a_view_is_made_anew_at_the_start_when_it_is_old_or_half_made),
    };
    km_test_dialect = KM_SQLITE;
    int failed = cmocka_run_group_tests_name("erasure in files", sqlite, NULL, NULL);
    return failed + km_test_on_both("erasure", both, NULL, NULL);
}
