/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in stays in and is not read again; what was stopped or killed goes on.
 */
#include "gateways/files/files_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define P(id, family) \
    "{\"resourceType\":\"Patient\",\"id\":\"" id "\",\"name\":[{\"family\":\"" family "\"}]}"

static const km_test_option again[] = { { "again", "true" }, { 0 } };

static void open_new(km_test_node *t)
{
    km_test_node_make(t, km_test_files);
    assert_int_equal(km_test_node_open(t), KM_OK);
}

static void the_same_file_again_is_not_even_read(void **state)
{
    static const char text[] = P("a", "A") "\n" P("b", "B") "\n";
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_put(&t, "in/a.ndjson", km_str_of(text));
    km_test_put(&t, "in/b.json", KM_STR(P("c", "C")));
    const char *in = km_test_path(&t, "in");
    km_test_counts(km_test_import(&t, in, 0), 3, 0, 0);
    km_jv r = km_test_import(&t, in, 0);
    km_test_counts(r, 0, 0, 0);
    assert_int_equal(km_test_count(r, "alreadyIn"), sizeof text - 1 + sizeof P("c", "C") - 1);
    km_test_counts(km_test_import_so(&t, in, 0, again), 0, 3, 0); /* read, and nothing appended */
    assert_int_equal(km_test_whole(&t), 3);
    km_test_node_free(&t);
}

/* Of the same length, within the same second. */
static void a_file_that_changed_is_another_file(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    const char *path = km_test_put(&t, "a.json", KM_STR(P("a", "A")));
    km_test_counts(km_test_import(&t, path, 0), 1, 0, 0);
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL); /* a tick of the file system */
    km_test_put(&t, "a.json", KM_STR(P("a", "B")));
    km_test_counts(km_test_import(&t, path, 0), 1, 0, 0);
    km_test_holds(&t, NULL, "Patient", "a", 2, "B");
    km_test_node_free(&t);
}

/* A file whose bundle was refused comes again when asked again. */
static void what_was_refused_whole_is_not_taken_for_done(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    const char *path = km_test_put(&t, "a.json",
                                   KM_STR("{\"resourceType\":\"Patient\",\"id\":\"_\"}"));
    km_test_counts(km_test_import(&t, path, 1), 0, 0, 1);
    km_test_counts(km_test_import(&t, path, 1), 0, 0, 1);
    km_test_node_free(&t);
}

/* The progress belongs to one store: after another was put in its place, files come in anew. */
static void another_store_in_the_same_place_has_nothing_yet(void **state)
{
    km_test_node t;
    (void)state;
    if (km_test_dialect == KM_POSTGRES)
        return;
    open_new(&t);
    const char *path = km_test_put(&t, "a.json", KM_STR(P("a", "A")));
    km_test_counts(km_test_import(&t, path, 0), 1, 0, 0);
    km_test_node_close(&t);
    assert_int_equal(unlink(km_test_path(&t, "data/kumihimo.db")), 0);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_counts(km_test_import(&t, path, 0), 1, 0, 0);
    km_test_holds(&t, NULL, "Patient", "a", 1, "A");
    km_test_node_free(&t);
}

/* A backup put back: the progress knows of more than the log holds. */
static void a_store_put_back_from_a_backup_takes_in_again_what_it_lost(void **state)
{
    km_test_node t;
    (void)state;
    if (km_test_dialect == KM_POSTGRES)
        return;
    open_new(&t);
    const char *one = km_test_put(&t, "a.json", KM_STR(P("a", "A")));
    const char *two = km_test_put(&t, "b.json", KM_STR(P("b", "B")));
    km_test_counts(km_test_import(&t, one, 0), 1, 0, 0);
    assert_int_equal(km_store_backup(t.node->store, km_test_path(&t, "backup"), &t.fault), KM_OK);
    km_test_counts(km_test_import(&t, two, 0), 1, 0, 0);
    km_test_node_close(&t);
    assert_int_equal(rename(km_test_path(&t, "backup"), km_test_path(&t, "data/kumihimo.db")), 0);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    km_test_counts(km_test_import(&t, one, 0), 0, 0, 0);
    km_test_counts(km_test_import(&t, two, 0), 1, 0, 0);
    km_test_node_free(&t);
}

static void a_broken_progress_file_costs_time_and_nothing_else(void **state)
{
    static const char *const broken[] = {
        "",
        "\n\n\n",
        "garbage",
        "\t\t\t\n",
        "zz\t1\t1\n",
        "0123456789abcdef0123456789abcdef\t99999999999999999999\t1\n",
        "0123456789abcdef0123456789abcdef\t-5\t0\n",
        "0123456789abcdef0123456789abcdef\t5"
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        km_test_node t;
        open_new(&t);
        const char *path = km_test_put(&t, "a.json", KM_STR(P("a", "A")));
        km_test_put(&t, "data/import-progress.tsv", km_str_of(broken[i]));
        km_test_counts(km_test_import(&t, path, 0), 1, 0, 0);
        km_test_counts(km_test_import(&t, path, 0), 0, 0, 0);
        km_test_node_free(&t);
    }
}

/* --- stopped and killed --- */

enum { MANY = 12000 };

static const char *put_many(km_test_node *t)
{
    km_buf text = km_buf_in(t->arena);
    for (int i = 0; i < MANY; i++)
        km_buf_print(&text, P("p%d", "F%d") "\n", i, i);
    return km_test_put(t, "many.ndjson", km_buf_str(&text));
}

/* Another process imports until `signal` comes after `wait_ms`; its end as waitpid tells it. */
static int import_until(km_test_node *t, const char *path, int signal, int wait_ms)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        km_str said;
        km_stop_listen();
        _exit(km_test_verb(&said, t, "import", path, NULL));
    }
    nanosleep(&(struct timespec){ .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L },
              NULL);
    kill(child, signal);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* Every line is there once, whatever happened before. */
static void check_all_there(km_test_node *t, const char *path)
{
    (void)km_test_import(t, path, 0);
    km_jv r = km_test_import_so(t, path, 0, again);
    km_test_counts(r, 0, MANY, 0);
    assert_int_equal(km_test_whole(t), MANY);
    for (int i = 0; i < MANY; i += 97)
        km_test_holds(t, NULL, "Patient", km_arena_print(t->arena, "p%d", i).p, 1,
                      km_arena_print(t->arena, "\"F%d\"", i).p);
}

static void an_import_killed_anywhere_goes_on_and_stores_nothing_twice(void **state)
{
    (void)state;
    for (int wait_ms = 20; wait_ms <= 620; wait_ms += 150) {
        km_test_node t;
        km_test_node_make(&t, km_test_files);
        const char *path = put_many(&t);
        (void)import_until(&t, path, SIGKILL, wait_ms);
        assert_int_equal(km_test_node_open(&t), KM_OK);
        (void)km_test_whole(&t);
        check_all_there(&t, path);
        km_test_node_free(&t);
    }
}

/* A wish to stop ends it in order: what was read is durable, and the next import begins behind it.
 */
static void an_import_asked_to_stop_says_how_far_it_came(void **state)
{
    bool halfway = false;
    (void)state;
    for (int wait_ms = 100; wait_ms < 3000 && !halfway; wait_ms += 100) {
        km_test_node t;
        km_test_node_make(&t, km_test_files);
        const char *path = put_many(&t);
        int status = import_until(&t, path, SIGTERM, wait_ms);
        assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGTERM);
        assert_int_equal(km_test_node_open(&t), KM_OK);
        int64_t before = km_test_whole(&t);
        km_jv r = km_test_import(&t, path, 0);
        halfway = before > 0 && before < MANY;
        if (halfway) {
            assert_int_equal(WEXITSTATUS(status), KM_EXIT_REFUSED);
            assert_true(km_test_count(r, "alreadyIn") > 0);
            km_test_counts(r, MANY - before, 0, 0);
        }
        check_all_there(&t, path);
        km_test_node_free(&t);
    }
    assert_true(halfway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_file_again_is_not_even_read),
        cmocka_unit_test(a_file_that_changed_is_another_file),
        cmocka_unit_test(what_was_refused_whole_is_not_taken_for_done),
        cmocka_unit_test(another_store_in_the_same_place_has_nothing_yet),
        cmocka_unit_test(a_store_put_back_from_a_backup_takes_in_again_what_it_lost),
        cmocka_unit_test(a_broken_progress_file_costs_time_and_nothing_else),
        cmocka_unit_test(an_import_killed_anywhere_goes_on_and_stores_nothing_twice),
        cmocka_unit_test(an_import_asked_to_stop_says_how_far_it_came),
    };
    return km_test_on_both("resuming", tests, NULL, NULL);
}
