/* SPDX-License-Identifier: Apache-2.0
 *
 * What store.h promises, asked of both databases with one list of tests.
 */
#include "store/place_test.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/arena.h"

/* A .sql file as it would stand in a folder. */
#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }

static const km_embedded files[] = {
    SQL_FILE(
        "001_things.sql",
        "-- area: things\n"
        "-- for: sqlite\n"
        "CREATE TABLE thing(id INTEGER PRIMARY KEY, word TEXT, bytes BLOB);\n"
        "CREATE TABLE pair(a INTEGER NOT NULL, b BLOB NOT NULL, PRIMARY KEY(a, b)) WITHOUT ROWID;\n"
        "-- for: postgres\n"
        "CREATE TABLE thing(id BIGINT PRIMARY KEY, word TEXT, bytes BYTEA);\n"
        "CREATE TABLE pair(a BIGINT NOT NULL, b BYTEA NOT NULL, PRIMARY KEY(a, b));\n"),
    SQL_FILE("things.sql",
             "-- name: thing_put\nINSERT INTO thing(id, word, bytes) VALUES ($1, $2, $3);\n"
             "-- name: thing_get\nSELECT id, word, bytes FROM thing WHERE id = $1;\n"
             "-- name: thing_all\nSELECT id, word FROM thing ORDER BY id;\n"
             "-- name: thing_many [many]\nSELECT id, word FROM thing WHERE id >= $1 ORDER BY id;\n"
             "-- name: thing_count\nSELECT count(*) FROM thing;\n"
             "-- name: thing_sum\nSELECT sum(id), max(id) > 0 FROM thing;\n"
             "-- name: thing_touch\nUPDATE thing SET word = $2 WHERE id >= $1;\n"
             "-- name: thing_clear\nDELETE FROM thing;\n"
             "-- name: thing_like\nSELECT count(*) FROM thing WHERE (CAST($1 AS TEXT) IS NULL OR "
             "word = $1) AND "
             "id < $2 + 1;\n"
             "-- name: pair_put\nINSERT INTO pair(a, b) VALUES ($1, $2);\n"),
    { 0 },
};
static const km_embedded *const lists[] = { files, NULL };

typedef struct world {
    km_test_place place;
    km_store *store;
    km_conn *writer;
    km_fault fault;
} world;

static void open_world(world *w)
{
    km_store_options o = { .place = w->place.place, .sql = lists, .readers = 2 };
    km_fault_clear(&w->fault);
    if (km_store_open(&w->store, &o, &w->fault) != KM_OK)
        fail_msg("%s: %s", w->fault.path, w->fault.detail);
    assert_int_equal(km_store_writer(&w->writer, w->store, &w->fault), KM_OK);
}

static void close_world(world *w)
{
    km_store_return(w->writer);
    km_store_close(w->store);
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    km_test_place_new(&w->place);
    open_world(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    close_world(w);
    km_test_place_free(&w->place);
    free(w);
    return 0;
}

static km_stmt *query(km_conn *c, const char *name)
{
    km_stmt *s;
    assert_int_equal(km_query(&s, c, name, NULL), KM_OK);
    return s;
}

static km_code put_on(km_conn *c, int64_t id, const char *word, km_fault *f)
{
    km_stmt *s = query(c, "thing_put");
    km_bind_int(s, 1, id);
    km_bind_text(s, 2, km_str_of(word));
    km_bind_null(s, 3);
    return km_run(s, NULL, f);
}

static void put(world *w, int64_t id, const char *word)
{
    assert_int_equal(put_on(w->writer, id, word, &w->fault), KM_OK);
}

static int64_t count_on(km_conn *c)
{
    km_stmt *s = query(c, "thing_count");
    bool row;
    assert_int_equal(km_step(&row, s, NULL), KM_OK);
    assert_true(row);
    int64_t n = km_col_int(s, 0);
    km_reset(s);
    return n;
}

static void put_many(world *w, int64_t n)
{
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    for (int64_t i = 1; i <= n; i++)
        put(w, i, "one of many");
    assert_int_equal(km_commit(w->writer, &w->fault), KM_OK);
}

/* --- values -------------------------------------------------------------------------- */

static void check_round_trip(world *w, int64_t id, km_str word, km_str bytes)
{
    bool row;
    km_stmt *s = query(w->writer, "thing_put");
    km_bind_int(s, 1, id);
    km_bind_text(s, 2, word);
    km_bind_blob(s, 3, bytes.p, bytes.n);
    assert_int_equal(km_run(s, NULL, &w->fault), KM_OK);
    s = query(w->writer, "thing_get");
    km_bind_int(s, 1, id);
    assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
    assert_true(row);
    assert_true(km_col_int(s, 0) == id);
    assert_true(km_str_eq(km_col_text(s, 1), word));
    assert_true(km_str_eq(km_col_blob(s, 2), bytes));
    assert_false(km_col_null(s, 1));
    assert_false(km_col_null(s, 2));
    assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
    assert_false(row);
}

static void a_value_comes_back_as_it_went(void **state)
{
    world *w = *state;
    static const int64_t ids[] = {
        0, 1, -1, 127, 128, -129, 65536, INT32_MAX, INT64_MAX, INT64_MIN
    };
    char every_byte[256];
    for (int i = 0; i < 256; i++)
        every_byte[i] = (char)i;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        check_round_trip(w, ids[i], KM_STR("山田　太郎 𠮷 'quoted' $1 ?"),
                         (km_str){ every_byte, sizeof every_byte });
    check_round_trip(w, 2, KM_STR(""), KM_STR(""));
    check_round_trip(w, 3, KM_STR_NONE, KM_STR_NONE);
}

static void a_big_value_comes_back_whole(void **state)
{
    world *w = *state;
    for (size_t n = 1; n <= (size_t)16 << 20; n *= 16) {
        char *p = malloc(n);
        for (size_t i = 0; i < n; i++)
            p[i] = (char)('a' + i % 23);
        check_round_trip(w, (int64_t)n, (km_str){ p, n }, (km_str){ p, n });
        free(p);
    }
}

static void nothing_is_not_the_empty_text(void **state)
{
    world *w = *state;
    bool row;
    km_stmt *s = query(w->writer, "thing_put");
    km_bind_int(s, 1, 1);
    km_bind_null(s, 2);
    km_bind_null(s, 3);
    assert_int_equal(km_run(s, NULL, &w->fault), KM_OK);
    s = query(w->writer, "thing_get");
    km_bind_int(s, 1, 1);
    assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
    assert_true(km_col_null(s, 1) && km_col_null(s, 2));
    assert_int_equal(km_col_text(s, 1).n, 0);
    assert_null(km_col_blob(s, 2).p);
    km_reset(s);
    check_round_trip(w, 2, KM_STR("x"), KM_STR("y")); /* kinds become known only now */
}

static void a_parameter_may_first_be_null_and_then_a_value(void **state)
{
    world *w = *state;
    bool row;
    put(w, 1, "a");
    put(w, 2, "b");
    for (int round = 0; round < 4; round++) {
        km_stmt *s = query(w->writer, "thing_like");
        if (round % 2 == 0)
            km_bind_null(s, 1);
        else
            km_bind_text(s, 1, KM_STR("a"));
        km_bind_int(s, 2, (int64_t)1 << 40);
        assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
        assert_int_equal(km_col_int(s, 0), round % 2 == 0 ? 2 : 1);
        km_reset(s);
    }
}

static void sums_and_truths_are_numbers(void **state)
{
    world *w = *state;
    static const int64_t ids[] = { 1, 9999, 10000, 123456789012, -5, 2000000000000000 };
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        put(w, ids[i], "x");
        sum += ids[i];
        bool row;
        km_stmt *s = query(w->writer, "thing_sum");
        assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
        assert_true(km_col_int(s, 0) == sum);
        assert_int_equal(km_col_int(s, 1), 1);
        km_reset(s);
    }
}

/* --- statements ---------------------------------------------------------------------- */

static void touched_rows_are_counted(void **state)
{
    world *w = *state;
    put_many(w, 10);
    for (int64_t from = 1; from <= 12; from++) {
        int64_t changed = -1;
        km_stmt *s = query(w->writer, "thing_touch");
        km_bind_int(s, 1, from);
        km_bind_text(s, 2, KM_STR("touched"));
        assert_int_equal(km_run(s, &changed, &w->fault), KM_OK);
        assert_int_equal(changed, from <= 10 ? 11 - from : 0);
    }
    int64_t changed = -1;
    assert_int_equal(km_run(query(w->writer, "thing_all"), &changed, &w->fault), KM_OK);
    if (km_test_dialect == KM_SQLITE)
        assert_int_equal(changed, 0);
}

static void two_statements_step_side_by_side(void **state)
{
    world *w = *state;
    put_many(w, 300);
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    km_stmt *all = query(w->writer, "thing_all"), *many = query(w->writer, "thing_many");
    km_bind_int(many, 1, 1);
    for (int64_t i = 1; i <= 300; i++) {
        bool row;
        assert_int_equal(km_step(&row, all, &w->fault), KM_OK);
        assert_true(row && km_col_int(all, 0) == i);
        assert_int_equal(km_step(&row, many, &w->fault), KM_OK);
        assert_true(row && km_col_int(many, 0) == i);
        put(w, 1000 + i, "while stepping");
        if (i == 150) /* what is added behind would be met by one database and not by the other */
            break;
    }
    assert_int_equal(km_commit(w->writer, &w->fault), KM_OK);
    assert_int_equal(count_on(w->writer), 450);
}

/* Rows of thing_many, at most `most`; then it is left. */
static int64_t read_many(world *w, km_conn *c, int64_t from, int64_t most)
{
    km_stmt *s = query(c, "thing_many");
    int64_t n = 0;
    bool row = true;
    km_bind_int(s, 1, from);
    while (n < most) {
        assert_int_equal(km_step(&row, s, &w->fault), KM_OK);
        if (!row)
            return n;
        assert_int_equal(km_col_int(s, 0), from + n);
        n++;
    }
    km_reset(s);
    return n;
}

static void many_rows_come_to_the_end_and_may_be_left_early(void **state)
{
    world *w = *state;
    static const int64_t sizes[] = { 0, 1, 63, 64, 65, 1087, 1088, 1089, 5000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(km_run(query(w->writer, "thing_clear"), NULL, &w->fault), KM_OK);
        put_many(w, sizes[i]);
        assert_int_equal(read_many(w, w->writer, 1, INT64_MAX), sizes[i]); /* no transaction */
        km_conn *r;
        assert_int_equal(km_store_reader(&r, w->store, &w->fault), KM_OK);
        assert_int_equal(km_begin(r, &w->fault), KM_OK);
        for (int64_t most = 1; most <= 100; most += 33)
            assert_int_equal(read_many(w, r, 1, most), most < sizes[i] ? most : sizes[i]);
        assert_int_equal(read_many(w, r, 1, INT64_MAX), sizes[i]);
        km_store_return(r);
    }
}

static void every_query_stands(void **state)
{
    world *w = *state;
    assert_int_equal(km_prepare_all(w->writer, &w->fault), KM_OK);
}

static void a_query_that_does_not_stand_is_named(void **state)
{
    world *w = *state;
    static const km_embedded wrong[] = {
        SQL_FILE("wrong.sql",
                 "-- name: good\nSELECT 1;\n-- name: bad\nSELECT x FROM no_such_table;\n"),
        { 0 },
    };
    static const km_embedded *const with_wrong[] = { files, wrong, NULL };
    close_world(w);
    km_store_options o = { .place = w->place.place, .sql = with_wrong };
    assert_int_equal(km_store_open(&w->store, &o, &w->fault), KM_OK);
    assert_int_equal(km_store_writer(&w->writer, w->store, &w->fault), KM_OK);
    assert_int_equal(km_prepare_all(w->writer, &w->fault), KM_STORE);
    assert_string_equal(w->fault.path, "bad");
    assert_non_null(strstr(w->fault.detail, "no_such_table"));
    assert_int_equal(count_on(w->writer), 0); /* the connection lives on */
}

/* --- transactions -------------------------------------------------------------------- */

static void what_was_committed_is_there_after_closing(void **state)
{
    world *w = *state;
    put_many(w, 3);
    for (int i = 0; i < 10; i++) {
        close_world(w);
        open_world(w); /* at once: the place is free */
        assert_int_equal(count_on(w->writer), 3);
    }
}

static void what_was_rolled_back_is_not_there(void **state)
{
    world *w = *state;
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 1, "x");
    km_rollback(w->writer);
    km_rollback(w->writer); /* twice is once */
    assert_int_equal(count_on(w->writer), 0);
}

static void a_unique_violation_is_a_duplicate(void **state)
{
    world *w = *state;
    put(w, 7, "x");
    assert_int_equal(put_on(w->writer, 7, "y", &w->fault), KM_DUPLICATE);
    assert_string_equal(w->fault.path, "thing_put");
    for (int i = 0; i < 2; i++) {
        km_stmt *s = query(w->writer, "pair_put");
        km_bind_int(s, 1, 1);
        km_bind_blob(s, 2, "k\0k", 3);
        assert_int_equal(km_run(s, NULL, NULL), i == 0 ? KM_OK : KM_DUPLICATE);
    }
}

static void a_fault_quotes_no_value(void **state)
{
    world *w = *state;
    put(w, 714, "secret");
    assert_int_equal(put_on(w->writer, 714, "secret", &w->fault), KM_DUPLICATE);
    assert_null(strstr(w->fault.detail, "714"));
    assert_null(strstr(w->fault.detail, "secret"));
}

static void a_failed_statement_spoils_its_transaction(void **state)
{
    world *w = *state;
    km_code rc;
    put(w, 1, "x");
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 2, "y");
    rc = put_on(w->writer, 1, "again", &w->fault);
    assert_true(rc == KM_DUPLICATE || (rc == KM_OK && km_test_dialect == KM_POSTGRES));
    rc = km_commit(w->writer, &w->fault);
    assert_int_not_equal(rc, KM_OK);
    assert_int_equal(w->fault.code, KM_DUPLICATE); /* told once, by whoever knew first */
    assert_int_equal(count_on(w->writer), 1);
    put_many(w, 0); /* and the connection is well */
}

static void a_queued_failure_is_told_by_the_next_step(void **state)
{
    world *w = *state;
    bool row;
    put(w, 1, "x");
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put_on(w->writer, 1, "again", &w->fault);
    assert_int_not_equal(km_step(&row, query(w->writer, "thing_count"), &w->fault), KM_OK);
    assert_int_equal(w->fault.code, KM_DUPLICATE);
    assert_string_equal(w->fault.path, "thing_put");
    assert_int_not_equal(put_on(w->writer, 2, "never", NULL), KM_OK);
    km_rollback(w->writer);
    assert_int_equal(count_on(w->writer), 1);
}

static void more_is_queued_than_the_queue_holds(void **state)
{
    world *w = *state;
    put_many(w, 5000);
    assert_int_equal(count_on(w->writer), 5000);
}

static void a_savepoint_takes_back_what_came_after_it(void **state)
{
    world *w = *state;
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    for (int64_t i = 1; i <= 20; i++) {
        assert_int_equal(km_savepoint(w->writer, &w->fault), KM_OK);
        put(w, i, "x");
        if (i % 3 == 0)
            km_rollback_to(w->writer);
        else
            assert_int_equal(km_release(w->writer, &w->fault), KM_OK);
    }
    assert_int_equal(km_commit(w->writer, &w->fault), KM_OK);
    assert_int_equal(count_on(w->writer), 14);
}

static void a_failure_within_a_savepoint_spoils_only_that(void **state)
{
    world *w = *state;
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 1, "x");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(km_savepoint(w->writer, &w->fault), KM_OK);
        put(w, 10 + i, "with it");
        put_on(w->writer, 1, "again", &w->fault);
        assert_int_not_equal(km_release(w->writer, &w->fault), KM_OK);
        assert_int_equal(w->fault.code, KM_DUPLICATE);
        km_rollback_to(w->writer);
        km_fault_clear(&w->fault);
    }
    put(w, 2, "y");
    assert_int_equal(km_commit(w->writer, &w->fault), KM_OK);
    assert_int_equal(count_on(w->writer), 2);
}

static void a_failure_before_a_savepoint_is_not_healed_by_it(void **state)
{
    world *w = *state;
    put(w, 1, "x");
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put_on(w->writer, 1, "again", NULL);
    if (km_savepoint(w->writer, NULL) == KM_OK) {
        put_on(w->writer, 2, "y", NULL);
        km_rollback_to(w->writer);
    }
    assert_int_not_equal(km_commit(w->writer, NULL), KM_OK);
    assert_int_equal(count_on(w->writer), 1);
}

/* --- readers ------------------------------------------------------------------------- */

static void a_reader_sees_one_moment_from_begin_to_rollback(void **state)
{
    world *w = *state;
    km_conn *r;
    put(w, 1, "x");
    assert_int_equal(km_store_reader(&r, w->store, &w->fault), KM_OK);
    assert_int_equal(km_begin(r, &w->fault), KM_OK);
    put(w, 2, "y"); /* before its first query, and all the same not seen */
    assert_int_equal(count_on(r), 1);
    put(w, 3, "z");
    assert_int_equal(count_on(r), 1);
    km_rollback(r);
    assert_int_equal(count_on(r), 3);
    km_store_return(r);
}

static void a_reader_sees_nothing_uncommitted(void **state)
{
    world *w = *state;
    km_conn *r;
    assert_int_equal(km_store_reader(&r, w->store, &w->fault), KM_OK);
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 1, "x");
    assert_int_equal(count_on(w->writer), 1);
    assert_int_equal(count_on(r), 0);
    assert_int_equal(km_commit(w->writer, &w->fault), KM_OK);
    assert_int_equal(count_on(r), 1);
    km_store_return(r);
}

static void a_reader_cannot_write(void **state)
{
    world *w = *state;
    km_conn *r;
    assert_int_equal(km_store_reader(&r, w->store, &w->fault), KM_OK);
    assert_int_equal(put_on(r, 1, "x", &w->fault), KM_STORE);
    assert_int_equal(count_on(r), 0);
    km_store_return(r);
}

static void a_transaction_left_open_ends_with_giving_back(void **state)
{
    world *w = *state;
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 1, "x");
    km_store_return(w->writer);
    assert_int_equal(km_store_writer(&w->writer, w->store, &w->fault), KM_OK);
    assert_int_equal(count_on(w->writer), 0);
}

/* --- failures made ------------------------------------------------------------------- */

/* A transfer that must never be seen by half. */
static km_code transfer(world *w, int64_t base)
{
    KM_TRY(km_begin(w->writer, NULL));
    km_code rc = KM_OK;
    for (int64_t i = 0; i < 4 && rc == KM_OK; i++)
        rc = put_on(w->writer, base + i, "part", NULL);
    bool row;
    if (rc == KM_OK)
        rc = km_step(&row, query(w->writer, "thing_count"), NULL);
    if (rc == KM_OK)
        return km_commit(w->writer, NULL);
    km_rollback(w->writer);
    return rc;
}

static void a_failure_at_any_call_leaves_all_or_nothing(void **state)
{
    world *w = *state;
    int64_t whole = 0, k = 1;
    for (;; k++) {
        km_store_fail_after(w->store, k);
        km_code rc = transfer(w, k * 10);
        km_store_fail_after(w->store, 0);
        whole += rc == KM_OK;
        assert_int_equal(count_on(w->writer), whole * 4);
        if (rc == KM_OK)
            break;
        assert_int_equal(rc, KM_STORE);
    }
    assert_int_equal(k, 7); /* four runs, a step, the commit: each has failed once */
}

static void a_failure_that_is_overlooked_is_not_committed(void **state)
{
    world *w = *state;
    assert_int_equal(km_begin(w->writer, &w->fault), KM_OK);
    put(w, 1, "x");
    km_store_fail_after(w->store, 1);
    assert_int_equal(put_on(w->writer, 2, "y", NULL), KM_STORE);
    assert_int_equal(km_commit(w->writer, NULL), KM_STORE);
    assert_int_equal(count_on(w->writer), 0);
}

/* --- one process --------------------------------------------------------------------- */

static void a_place_is_held_by_one_process(void **state)
{
    world *w = *state;
    km_store *second;
    km_store_options o = { .place = w->place.place, .sql = lists };
    assert_int_equal(km_store_open(&second, &o, &w->fault), KM_BUSY);
    assert_null(second);
    assert_non_null(strstr(w->fault.detail, "another process"));
    put(w, 1, "x"); /* the first is not harmed */
}

static void a_killed_process_leaves_the_place_free_and_whole(void **state)
{
    world *w = *state;
    close_world(w);
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        open_world(w);
        put_many(w, 5);
        assert_int_equal(km_begin(w->writer, NULL), KM_OK);
        put(w, 99, "never committed");
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    open_world(w);
    assert_int_equal(count_on(w->writer), 5);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(a_value_comes_back_as_it_went),
        T(a_big_value_comes_back_whole),
        T(nothing_is_not_the_empty_text),
        T(a_parameter_may_first_be_null_and_then_a_value),
        T(sums_and_truths_are_numbers),
        T(touched_rows_are_counted),
        T(two_statements_step_side_by_side),
        T(many_rows_come_to_the_end_and_may_be_left_early),
        T(every_query_stands),
        T(a_query_that_does_not_stand_is_named),
        T(what_was_committed_is_there_after_closing),
        T(what_was_rolled_back_is_not_there),
        T(a_unique_violation_is_a_duplicate),
        T(a_fault_quotes_no_value),
        T(a_failed_statement_spoils_its_transaction),
        T(a_queued_failure_is_told_by_the_next_step),
        T(more_is_queued_than_the_queue_holds),
        T(a_savepoint_takes_back_what_came_after_it),
        T(a_failure_within_a_savepoint_spoils_only_that),
        T(a_failure_before_a_savepoint_is_not_healed_by_it),
        T(a_reader_sees_one_moment_from_begin_to_rollback),
        T(a_reader_sees_nothing_uncommitted),
        T(a_reader_cannot_write),
        T(a_transaction_left_open_ends_with_giving_back),
        T(a_failure_at_any_call_leaves_all_or_nothing),
        T(a_failure_that_is_overlooked_is_not_committed),
        T(a_place_is_held_by_one_process),
        T(a_killed_process_leaves_the_place_free_and_whole),
    };
    return km_test_on_both("store", tests, NULL, NULL);
}
