/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a node: what it makes, what it finds again, and when it refuses rather than harm a store.
 */
#include "platform/node_test.h"

#include <sqlite3.h>

static const km_service *const none[] = { NULL };

static mode_t rights(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static void a_new_node_makes_what_it_needs_for_its_owners_eyes_only(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    t.config.open = false;
    assert_int_equal(km_test_node_open(&t), KM_OK);
    assert_int_equal(rights(t.data), 0700);
    assert_int_equal(rights(km_test_path(&t, "data/keys")), 0700);
    assert_int_equal(rights(km_test_path(&t, "data/keys/kek")), 0400);
    assert_int_equal(rights(km_test_path(&t, "data/keys/token")), 0400);
    if (km_test_dialect == KM_SQLITE)
        assert_int_equal(rights(km_test_path(&t, "data/kumihimo.db")), 0600);
    else
        assert_false(exists(km_test_path(&t, "data/kumihimo.db")));
    assert_int_equal(km_test_read(&t, km_test_path(&t, "data/keys/kek")).n, 32);
    assert_int_equal(km_test_read(&t, km_test_path(&t, "data/keys/token")).n, 65);
    assert_true(t.node->local_source > 0);
    km_test_node_free(&t);
}

static void a_node_opened_again_keeps_its_keys(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    t.config.open = false;
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_str kek = km_test_read(&t, km_test_path(&t, "data/keys/kek"));
    km_str token = km_test_read(&t, km_test_path(&t, "data/keys/token"));
    unsigned char node_key[32];
    memcpy(node_key, km_log_node_key(t.node->log), 32);
    km_test_node_close(&t);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    assert_true(km_str_eq(kek, km_test_read(&t, km_test_path(&t, "data/keys/kek"))));
    assert_true(km_str_eq(token, km_test_read(&t, km_test_path(&t, "data/keys/token"))));
    assert_memory_equal(node_key, km_log_node_key(t.node->log), 32);
    km_test_node_free(&t);
}

/* An open node asks nobody, so it makes no token that would look as if it did. */
static void an_open_node_makes_no_token(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    assert_false(exists(km_test_path(&t, "data/keys/token")));
    km_test_node_free(&t);
}

static void two_nodes_have_different_keys(void **state)
{
    km_test_node a, b;
    (void)state;
    km_test_node_make(&a, none);
    km_test_node_make(&b, none);
    assert_int_equal(km_test_node_open(&a), KM_OK);
    assert_int_equal(km_test_node_open(&b), KM_OK);
    assert_false(km_str_eq(km_test_read(&a, km_test_path(&a, "data/keys/kek")),
                           km_test_read(&b, km_test_path(&b, "data/keys/kek"))));
    km_test_node_free(&a);
    km_test_node_free(&b);
}

static void check_refused(km_test_node *t, km_code code, const char *word)
{
    assert_int_equal(km_test_node_open(t), code);
    assert_null(t->node);
    if (!km_test_says(km_str_of(t->fault.detail), word))
        fail_msg("`%s` does not say `%s`", t->fault.detail, word);
}

static void a_store_whose_key_is_gone_is_refused_and_gets_no_new_one(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    const char *kek = km_test_path(&t, "data/keys/kek"), *away = km_test_path(&t, "away");
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_close(&t);
    assert_int_equal(rename(kek, away), 0);
    for (int i = 0; i < 2; i++) { /* the first refusal leaves nothing that the second would take */
        check_refused(&t, KM_IO, "put it back from its backup");
        assert_false(exists(kek));
    }
    assert_int_equal(rename(away, kek), 0);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_free(&t);
}

static void a_key_of_another_store_is_refused(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    const char *kek = km_test_path(&t, "data/keys/kek"), *away = km_test_path(&t, "away");
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_close(&t);
    assert_int_equal(rename(kek, away), 0);
    km_test_put(&t, "data/keys/kek", KM_STR("0123456789abcdef0123456789abcdef"));
    check_refused(&t, KM_TAMPERED, "not the one that this store was made with");
    km_test_put(&t, "data/keys/kek", KM_STR("too short"));
    check_refused(&t, KM_IO, "32 bytes");
    km_test_put(&t, "data/keys/kek", KM_STR("0123456789abcdef0123456789abcdef0"));
    check_refused(&t, KM_IO, "32 bytes");
    assert_int_equal(rename(away, kek), 0);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_free(&t);
}

/* What a process that died while it made the key left behind is no key. */
static void a_key_half_made_is_made_anew(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    km_test_put(&t, "data/keys/kek.new", KM_STR("half"));
    assert_int_equal(km_test_node_open(&t), KM_OK);
    assert_int_equal(km_test_read(&t, km_test_path(&t, "data/keys/kek")).n, 32);
    assert_false(exists(km_test_path(&t, "data/keys/kek.new")));
    km_test_node_free(&t);
}

static void a_data_directory_has_one_holder(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_node *first = t.node;
    t.node = NULL;
    check_refused(&t, KM_BUSY, "another process holds this da");
    t.node = first;
    km_test_node_close(&t);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_free(&t);
}

static void a_data_directory_that_cannot_be_one_is_refused_by_its_name(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    t.config.data_dir = km_test_put(&t, "file", KM_STR("x"));
    check_refused(&t, KM_IO, "/file");
    t.config.data_dir = km_test_path(&t, "no/such/parent");
    check_refused(&t, KM_IO, "No such file");
    char *deep = km_arena_alloc(t.arena, 8000);
    memset(deep, 'x', 7999);
    deep[7999] = '\0';
    t.config.data_dir = deep;
    check_refused(&t, KM_USAGE, "too long");
    km_test_node_free(&t);
}

/* A mistyped address is no name for a new file. */
static void a_store_elsewhere_is_a_postgresql_or_none(void **state)
{
    static const char *const wrong[] = { "mysql://x/y", "postgres:/x", "file.db", "/x/y.db", "" };
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        t.config.store = wrong[i];
        check_refused(&t, KM_USAGE, "postgres://");
    }
    km_test_node_free(&t);
}

static void a_store_of_a_later_program_is_refused(void **state)
{
    km_test_node t;
    sqlite3 *db;
    (void)state;
    if (km_test_dialect == KM_POSTGRES) /* store/migrate_test asks it of both */
        return;
    km_test_node_make(&t, none);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_node_close(&t);
    assert_int_equal(sqlite3_open(km_test_path(&t, "data/kumihimo.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO km_migration(area, number, name, applied_at) "
                                  "VALUES ('record', 999, '999_later.sql', '2030-01-01')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    check_refused(&t, KM_TOO_NEW, "record 999");
    km_test_node_free(&t);
}

static void the_figures_of_a_node_are_counts(void **state)
{
    km_test_node t;
    (void)state;
    km_test_node_make(&t, none);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_buf out = km_buf_in(t.arena);
    km_node_metrics(t.node, &out);
    km_str text = km_buf_str(&out);
    assert_true(km_test_says(text, "\nkumihimo_log_versions 0\n"));
    assert_true(km_test_says(text, "process_resident_memory_bytes "));
    for (km_str line; text.n > 0;) {
        line = km_str_cut(text, '\n', &text);
        int64_t number;
        km_str value, name = km_str_cut(line, ' ', &value);
        assert_true(km_str_is(name, "#") || km_str_to_i64(&number, value));
    }
    km_test_node_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_node_makes_what_it_needs_for_its_owners_eyes_only),
        cmocka_unit_test(a_node_opened_again_keeps_its_keys),
        cmocka_unit_test(an_open_node_makes_no_token),
        cmocka_unit_test(two_nodes_have_different_keys),
        cmocka_unit_test(a_store_whose_key_is_gone_is_refused_and_gets_no_new_one),
        cmocka_unit_test(a_key_of_another_store_is_refused),
        cmocka_unit_test(a_key_half_made_is_made_anew),
        cmocka_unit_test(a_data_directory_has_one_holder),
        cmocka_unit_test(a_data_directory_that_cannot_be_one_is_refused_by_its_name),
        cmocka_unit_test(a_store_elsewhere_is_a_postgresql_or_none),
        cmocka_unit_test(a_store_of_a_later_program_is_refused),
        cmocka_unit_test(the_figures_of_a_node_are_counts),
    };
    return km_test_on_both("a node", tests, NULL, NULL);
}
