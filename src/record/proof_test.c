/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever changes the log behind its back is found out (verify.c, V1 to V8): every bit, every row.
 * The rows are changed through SQLite itself.
 */
#include "record/words_test.h"

#include <pthread.h>
#include <sqlite3.h>

/* Two patients, a few records each with several versions, one deleted, one of nobody. */
static void fill(km_test_log *w)
{
    put_patient(w, "p1", "ja");
    put_basic(w, "a", "ja", "p1");
    put_basic(w, "a", "en", "p1");
    put_patient(w, "p2", "fr");
    put_basic(w, "b", "ja", "p2");
    put_basic(w, "nobody", "de", "");
    km_write gone = km_test_delete("Basic", "b");
    km_test_must(w, km_test_write(w, &gone));
    put_basic(w, "a", "it", "p1");
    km_test_whole(w);
}

/* Runs SQL on the file beside the open log; how many rows it touched. */
static int tamper(km_test_log *w, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(w->place.place, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    int touched = sqlite3_total_changes(db);
    sqlite3_close(db);
    return touched;
}

static void found_out(km_test_log *w, const char *what)
{
    km_verify_report v;
    km_code rc = km_test_verify(w, &v);
    if (rc != KM_TAMPERED || v.bad_seq == 0)
        fail_msg("not found out: %s (%s)", what, km_code_name(rc));
}

static void each_change_of_a_table_is_found_out_and_its_undoing_too(void **state)
{
    static const struct {
        const char *change, *undo;
    } row[] = {
        { "UPDATE log SET at = at + 1 WHERE seq = 3", "UPDATE log SET at = at - 1 WHERE seq = 3" },
        { "UPDATE log SET chart = 2 WHERE seq = 2", "UPDATE log SET chart = 1 WHERE seq = 2" },
        { "UPDATE log SET prev = 1 WHERE seq = 3", "UPDATE log SET prev = 2 WHERE seq = 3" },
        { "UPDATE log SET op = 1 WHERE seq = 7", "UPDATE log SET op = 3 WHERE seq = 7" },
        { "CREATE TABLE kept AS SELECT * FROM log; DELETE FROM log WHERE seq = 5",
          "DELETE FROM log; INSERT INTO log SELECT * FROM kept; DROP TABLE kept" },
        { "CREATE TABLE kept AS SELECT * FROM log; DELETE FROM log WHERE seq = 8;"
          "CREATE TABLE kept2 AS SELECT * FROM log_commit; DELETE FROM log_commit WHERE last_seq = "
          "8",
          "INSERT INTO log SELECT * FROM kept WHERE seq = 8; DROP TABLE kept;"
          "INSERT INTO log_commit SELECT * FROM kept2 WHERE last_seq = 8; DROP TABLE kept2" },
        { "UPDATE log SET seq = -1 WHERE seq = 2; UPDATE log SET seq = 2 WHERE seq = 3;"
          "UPDATE log SET seq = 3 WHERE seq = -1",
          "UPDATE log SET seq = -1 WHERE seq = 2; UPDATE log SET seq = 2 WHERE seq = 3;"
          "UPDATE log SET seq = 3 WHERE seq = -1" },
        { "INSERT INTO log SELECT 9, chart, rid, type, version + 1, source, op, at, seq, type_prev,"
          " body FROM log WHERE seq = 8",
          "DELETE FROM log WHERE seq = 9" },
        { "INSERT INTO log_commit SELECT 99, head FROM log_commit WHERE last_seq = 8",
          "DELETE FROM log_commit WHERE last_seq = 99" },

        { "UPDATE resource SET seq = 3, version = 2 WHERE id = 'a'",
          "UPDATE resource SET seq = 8, version = 3 WHERE id = 'a'" },
        { "UPDATE resource SET deleted = 0 WHERE id = 'b'",
          "UPDATE resource SET deleted = 1 WHERE id = 'b'" },
        { "UPDATE resource SET deleted = 1 WHERE id = 'a'",
          "UPDATE resource SET deleted = 0 WHERE id = 'a'" },
        { "UPDATE resource SET id = 'c' WHERE id = 'a'",
          "UPDATE resource SET id = 'a' WHERE id = 'c'" },
        { "UPDATE resource SET source = 2 WHERE id = 'a'",
          "UPDATE resource SET source = 1 WHERE id = 'a'" },
        { "CREATE TABLE kept AS SELECT * FROM resource; DELETE FROM resource WHERE id = 'a'",
          "INSERT INTO resource SELECT * FROM kept WHERE id = 'a'; DROP TABLE kept" },
        { "CREATE TABLE kept AS SELECT * FROM resource; DELETE FROM resource WHERE id = 'nobody'",
          "INSERT INTO resource SELECT * FROM kept WHERE id = 'nobody'; DROP TABLE kept" },
        { "INSERT INTO resource SELECT 77, chart, type, source, id, version, seq, deleted FROM "
          "resource"
          " WHERE id = 'a'",
          "DELETE FROM resource WHERE rid = 77" },
        { "CREATE TABLE kept AS SELECT * FROM claim; DELETE FROM claim WHERE id = 'a'",
          "INSERT INTO claim SELECT * FROM kept WHERE id = 'a'; DROP TABLE kept" },
        { "UPDATE claim SET rid = 4 WHERE id = 'a'", "UPDATE claim SET rid = 2 WHERE id = 'a'" },
        { "INSERT INTO claim SELECT type, 'zzz', source, chart, rid FROM claim WHERE id = 'a'",
          "DELETE FROM claim WHERE id = 'zzz'" },
        { "UPDATE act SET text = 'another' WHERE seq = 1",
          "UPDATE act SET text = '' WHERE seq = 1" },
        { "DELETE FROM act WHERE seq = 1", "INSERT INTO act VALUES (1, '')" },
        { "INSERT INTO act VALUES (5, 'another')", "DELETE FROM act WHERE seq = 5" },
        { "INSERT INTO act VALUES (99, '')", "DELETE FROM act WHERE seq = 99" },
        { "UPDATE type_head SET seq = 7 WHERE seq = 8",
          "UPDATE type_head SET seq = 8 WHERE seq = 7" },
        { "CREATE TABLE kept AS SELECT * FROM type_head; DELETE FROM type_head WHERE seq = 8",
          "INSERT INTO type_head SELECT * FROM kept WHERE seq = 8; DROP TABLE kept" },
        { "INSERT INTO type_head VALUES (900, 8)", "DELETE FROM type_head WHERE type = 900" },
        { "UPDATE chart SET patient = 'p3' WHERE patient = 'p1'",
          "UPDATE chart SET patient = 'p1' WHERE patient = 'p3'" },
        { "CREATE TABLE kept AS SELECT * FROM chart; UPDATE chart SET key = NULL WHERE number = 1",
          "UPDATE chart SET key = (SELECT key FROM kept WHERE number = 1) WHERE number = 1;"
          "DROP TABLE kept" },
        { "CREATE TABLE kept AS SELECT * FROM chart; DELETE FROM chart WHERE number = 1",
          "INSERT INTO chart SELECT * FROM kept WHERE number = 1; DROP TABLE kept" },
    };
    km_test_log *w = *state;
    fill(w);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_true(tamper(w, row[i].change) > 0);
        km_test_log_close(w); /* keys that are remembered hide nothing */
        km_code rc = km_test_log_try_open(w);
        if (rc == KM_OK)
            found_out(w, row[i].change);
        else
            assert_int_equal(rc, KM_TAMPERED);
        assert_true(tamper(w, row[i].undo) > 0);
        if (rc != KM_OK)
            km_test_log_open(w);
        km_verify_report v;
        if (km_test_verify(w, &v) != KM_OK)
            fail_msg("not whole after: %s: %s", row[i].undo, w->fault.detail);
    }
}

/* The end of the log, cut off with its commit while the node runs. */
static void a_log_that_was_cut_off_is_missed_by_the_node_that_wrote_it(void **state)
{
    km_test_log *w = *state;
    fill(w);
    tamper(w, "DELETE FROM log WHERE seq = 8; DELETE FROM log_commit WHERE last_seq = 8;"
              "UPDATE resource SET seq = 3, version = 2 WHERE id = 'a';"
              "UPDATE type_head SET seq = 7 WHERE seq = 8");
    found_out(w, "the end cut off");
}

/* Every bit of every sealed body. */
static void each_flipped_bit_of_a_body_is_found_out(void **state)
{
    km_test_log *w = *state;
    char sql[256];
    put_basic(w, "a", "ja", "p1");
    put_basic(w, "a", "en", "p1");
    sqlite3 *db;
    sqlite3_blob *body;
    assert_int_equal(sqlite3_open(w->place.place, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_blob_open(db, "main", "log", "body", 2, 1, &body), SQLITE_OK);
    int n = sqlite3_blob_bytes(body);
    assert_true(n > 40 && n < 400);
    for (int bit = 0; bit < n * 8; bit++) {
        unsigned char byte, flipped;
        assert_int_equal(sqlite3_blob_read(body, &byte, 1, bit / 8), SQLITE_OK);
        flipped = (unsigned char)(byte ^ 1u << bit % 8);
        assert_int_equal(sqlite3_blob_write(body, &flipped, 1, bit / 8), SQLITE_OK);
        sqlite3_blob_close(body);
        snprintf(sql, sizeof sql, "bit %d", bit);
        found_out(w, sql);
        assert_int_equal(sqlite3_blob_open(db, "main", "log", "body", 2, 1, &body), SQLITE_OK);
        assert_int_equal(sqlite3_blob_write(body, &byte, 1, bit / 8), SQLITE_OK);
    }
    sqlite3_blob_close(body);
    sqlite3_close(db);
    km_test_whole(w);
}

/* --- what is whole is called whole --- */

typedef struct busy {
    km_test_log *w;
    _Atomic bool stop;
} busy;

static void *write_all_the_time(void *arg)
{
    busy *b = arg;
    km_arena *a = km_arena_new(1 << 20);
    for (int i = 0; !b->stop; i++) {
        km_fault f = { 0 };
        km_call call = { a, &f, &b->w->clock, &b->w->random, NULL };
        km_arena_reset(a);
        km_write one = km_test_update(
            km_test_json(a, "{\"resourceType\":\"Basic\",\"id\":\"w%d\",\"language\":\"ja\"}",
                         i % 50),
            "p9");
        km_plan p = { .write = &one, .n = 1, .call = &call };
        assert_int_equal(km_log_write(b->w->log, &p, NULL), KM_OK);
    }
    km_arena_free(a);
    return NULL;
}

static void a_log_is_proved_while_it_is_written(void **state)
{
    busy b = { *state, false };
    pthread_t t;
    pthread_create(&t, NULL, write_all_the_time, &b);
    for (int i = 0; i < 50; i++)
        km_test_whole(b.w);
    b.stop = true;
    pthread_join(t, NULL);
    km_test_whole(b.w);
}

static void an_empty_log_is_whole(void **state)
{
    km_verify_report v;
    km_test_log *w = *state;
    km_test_must(w, km_test_verify(w, &v));
    assert_int_equal(v.versions, 0);
    assert_int_equal(v.commits, 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(v.head[i], '0');
}

static void the_report_counts_what_is_there(void **state)
{
    km_verify_report v, again;
    km_test_log *w = *state;
    fill(w);
    km_test_must(w, km_test_verify(w, &v));
    assert_int_equal(v.versions, 8);
    assert_int_equal(v.commits, 8);
    assert_int_equal(v.charts, 2);
    assert_int_equal(v.erased, 0);
    km_test_log_close(w);
    km_test_log_open(w);
    km_test_must(w, km_test_verify(w, &again));
    assert_string_equal(v.head, again.head);
}

static bool stop_at_once(void *self, int64_t done, int64_t all)
{
    (void)self, (void)done, (void)all;
    return false;
}

static void a_proof_may_be_stopped(void **state)
{
    km_verify_report v;
    km_test_log *w = *state;
    km_progress p = { stop_at_once, NULL };
    fill(w);
    assert_int_equal(km_log_verify(&v, w->log, &p, &w->call), KM_CANCELLED);
}

int main(void)
{
    static const struct CMUnitTest sqlite[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(each_change_of_a_table_is_found_out_and_its_undoing_too),
        T(a_log_that_was_cut_off_is_missed_by_the_node_that_wrote_it),
        T(each_flipped_bit_of_a_body_is_found_out),
    };
    static const struct CMUnitTest both[] = {
        T(a_log_is_proved_while_it_is_written),
        T(an_empty_log_is_whole),
        T(the_report_counts_what_is_there),
        T(a_proof_may_be_stopped),
    };
    km_test_dialect = KM_SQLITE;
    int failed = cmocka_run_group_tests_name("proof against tampering", sqlite, NULL, NULL);
    return failed + km_test_on_both("proof", both, NULL, NULL);
}
