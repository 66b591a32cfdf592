/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place_test.h"

#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }

static const km_embedded base_list[] = {
    SQL_FILE("001_first.sql",
             "-- area: base\n"
             "CREATE TABLE both_have(x INTEGER);\n"
             "-- for: sqlite\nCREATE TABLE one(id INTEGER PRIMARY KEY);\n"
             "-- for: postgres\nCREATE TABLE one(id BIGINT PRIMARY KEY);\n"
             "-- for: both\nINSERT INTO one(id) VALUES (1); INSERT INTO one(id) VALUES (2);\n"),
    SQL_FILE("base.sql", "-- name: one_count\nSELECT count(*) FROM one;\n"
                         "-- name: one_put\nINSERT INTO one(id) VALUES ($1);\n"),
    { 0 },
};
/* Builds on the tables of base. */
static const km_embedded view_list[] = {
    SQL_FILE("001_copy.sql", "-- what it is about\n-- area: view\n"
                             "CREATE TABLE copy AS SELECT id FROM one;\n"),
    SQL_FILE("view.sql", "-- name: copy_count\nSELECT count(*) FROM copy;\n"),
    { 0 },
};
static const km_embedded second[] = {
    SQL_FILE("003_third.sql", "-- area: base\nINSERT INTO one(id) SELECT max(id) + 1 FROM one;\n"),
    SQL_FILE("002_second.sql", "-- area: base\nDELETE FROM one WHERE id = 2;\n"),
    { 0 },
};

static const km_embedded *const old_program[] = { base_list, NULL };
static const km_embedded *const with_view[] = { base_list, view_list, NULL };
static const km_embedded *const new_program[] = { base_list, second, view_list, NULL };

static km_test_place place;

static int setup(void **state)
{
    (void)state;
    km_test_place_new(&place);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_test_place_free(&place);
    return 0;
}

static km_code open_with(km_store **s, const km_embedded *const *lists, km_fault *f)
{
    km_store_options o = { .place = place.place, .sql = lists, .readers = 1 };
    return km_store_open(s, &o, f);
}

static void must_open(km_store **s, const km_embedded *const *lists)
{
    km_fault f = { 0 };
    if (open_with(s, lists, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
}

static int64_t number(km_store *s, const char *query)
{
    km_conn *c;
    km_stmt *q;
    bool row;
    assert_int_equal(km_store_reader(&c, s, NULL), KM_OK);
    assert_int_equal(km_query(&q, c, query, NULL), KM_OK);
    assert_int_equal(km_step(&row, q, NULL), KM_OK);
    assert_true(row);
    int64_t n = km_col_int(q, 0);
    km_reset(q);
    km_store_return(c);
    return n;
}

static void check_refused(const km_embedded *const *lists, km_code code, const char *path,
                          const char *why)
{
    km_fault f = { 0 };
    km_store *s;
    assert_int_equal(open_with(&s, lists, &f), code);
    assert_null(s);
    assert_string_equal(f.path, path);
    if (strstr(f.detail, why) == NULL)
        fail_msg("'%s' is not '%s'", f.detail, why);
}

static void a_migration_is_applied_once(void **state)
{
    (void)state;
    km_store *s;
    for (int i = 0; i < 3; i++) {
        must_open(&s, old_program);
        assert_int_equal(number(s, "one_count"), 2);
        km_store_close(s);
    }
}

static void missing_migrations_are_applied_by_area_and_number(void **state)
{
    (void)state;
    km_store *s;
    must_open(&s, with_view);
    assert_int_equal(number(s, "copy_count"), 2);
    km_store_close(s);
    must_open(&s,
              new_program); /* 1, 2 -> 1 -> 1, 2: in the other order 1, 3 would be 1, 2, 3 less 2 */
    assert_int_equal(number(s, "one_count"), 2);
    km_stmt *q;
    km_conn *c;
    assert_int_equal(km_store_writer(&c, s, NULL), KM_OK);
    assert_int_equal(km_query(&q, c, "one_put", NULL), KM_OK);
    km_bind_int(q, 1, 2);
    assert_int_equal(km_run(q, NULL, NULL), KM_DUPLICATE);
    km_store_return(c);
    km_store_close(s);
}

static void a_store_newer_than_the_program_is_refused(void **state)
{
    (void)state;
    km_store *s;
    must_open(&s, new_program);
    km_store_close(s);
    check_refused(with_view, KM_TOO_NEW, "km_migration", "base 3");
    check_refused(old_program, KM_TOO_NEW, "km_migration", "base 3");
    must_open(&s, new_program); /* a refusal harms nothing and holds nothing */
    km_store_close(s);
}

static void an_area_that_the_program_does_not_have_is_newer(void **state)
{
    (void)state;
    km_store *s;
    must_open(&s, with_view);
    km_store_close(s);
    check_refused(old_program, KM_TOO_NEW, "km_migration", "view 1");
}

static void a_migration_that_fails_leaves_nothing_of_itself(void **state)
{
    (void)state;
    static const km_embedded broken[] = {
        SQL_FILE("002_broken.sql",
                 "-- area: base\nDELETE FROM one;\nCREATE TABLE extra(x INTEGER);\n"
                 "INSERT INTO no_such_table VALUES (1);\n"),
        { 0 },
    };
    static const km_embedded *const broken_program[] = { base_list, broken, NULL };
    km_store *s;
    check_refused(broken_program, KM_STORE, "002_broken.sql", "no_such_table");
    must_open(&s, old_program); /* 001 stands, 002 is not known to the store */
    assert_int_equal(number(s, "one_count"), 2);
    km_store_close(s);
    must_open(&s, new_program);
    km_store_close(s);
}

static void scripts_that_do_not_say_what_they_are_are_refused(void **state)
{
    (void)state;
    static const km_embedded none[] = {
        SQL_FILE("001_x.sql", "CREATE TABLE x(y INTEGER);\n-- area: late\n"), { 0 }
    };
    static const km_embedded twice[] = {
        SQL_FILE("001_x.sql", "-- area: base\nCREATE TABLE x(y INTEGER);\n"), { 0 }
    };
    static const km_embedded whom[] = {
        SQL_FILE("001_x.sql", "-- area: a\n-- for: oracle\nCREATE TABLE x(y INTEGER);\n"), { 0 }
    };
    static const km_embedded zero[] = {
        SQL_FILE("000_x.sql", "-- area: a\nCREATE TABLE x(y INTEGER);\n"), { 0 }
    };
    static const km_embedded *const without_area[] = { none, NULL };
    static const km_embedded *const two_of_one[] = { base_list, twice, NULL };
    static const km_embedded *const for_whom[] = { whom, NULL };
    static const km_embedded *const from_zero[] = { zero, NULL };
    check_refused(without_area, KM_STORE, "001_x.sql", "area");
    check_refused(two_of_one, KM_STORE, "001_x.sql", "one number");
    check_refused(for_whom, KM_STORE, "001_x.sql", "sqlite, postgres or both");
    check_refused(from_zero, KM_STORE, "000_x.sql", "001");
}

static void a_place_that_is_not_there_is_told(void **state)
{
    (void)state;
    km_fault f = { 0 };
    km_store *s;
    km_store_options o = { .place = km_test_dialect == KM_SQLITE
                                        ? "/nonexistent/folder/store.db"
                                        : "postgresql:///x?host=/nonexistent/folder",
                           .sql = old_program };
    assert_int_not_equal(km_store_open(&s, &o, &f), KM_OK);
    assert_null(s);
    assert_int_not_equal(f.detail[0], '\0');
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(a_migration_is_applied_once),
        T(missing_migrations_are_applied_by_area_and_number),
        T(a_store_newer_than_the_program_is_refused),
        T(an_area_that_the_program_does_not_have_is_newer),
        T(a_migration_that_fails_leaves_nothing_of_itself),
        T(scripts_that_do_not_say_what_they_are_are_refused),
        T(a_place_that_is_not_there_is_told),
    };
    return km_test_on_both("migrations", tests, NULL, NULL);
}
