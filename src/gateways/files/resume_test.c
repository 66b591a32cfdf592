/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in stays in and is not read again; what was stopped or killed goes on.
 */
#include "gateways/files/files_test.h"

#include <pthread.h>
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

/* More lines than are under way at once (lines.c). Only on SQLite: what a store keeps of a process
 * that was killed is asked of both by tests/fault. */
enum { MANY = 16000, SOME = 4000 };

static const char *put_lines(km_test_node *t, int n)
{
    km_buf text = km_buf_in(t->arena);
    for (int i = 0; i < n; i++)
        km_buf_print(&text, P("p%d", "F%d") "\n", i, i);
    return km_test_put(t, "many.ndjson", km_buf_str(&text));
}

typedef struct end {
    km_node *node;
    int signal;
    int64_t versions; /* the signal comes once so many are durable */
} end;

static void *watch(void *arg)
{
    const end *e = arg;
    while (km_log_figured(e->node->log).versions < e->versions)
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    kill(getpid(), e->signal);
    return NULL;
}

/* Another process imports until it sends itself the signal; its end as waitpid tells it. */
static int import_until(km_test_node *t, const char *path, int signal, int64_t versions)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        km_str said;
        pthread_t watcher;
        km_stop_listen();
        if (km_test_node_open(t) != KM_OK)
            _exit(99);
        end e = { t->node, signal, versions };
        if (pthread_create(&watcher, NULL, watch, &e) != 0)
            _exit(98);
        int rc = km_test_verb(&said, t, "import", path, NULL);
        pthread_join(watcher, NULL);
        _exit(rc);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* Every line is there once, whatever happened before. */
static void check_all_there(km_test_node *t, const char *path, int n)
{
    (void)km_test_import(t, path, 0);
    km_jv r = km_test_import_so(t, path, 0, again);
    km_test_counts(r, 0, n, 0);
    assert_int_equal(km_test_whole(t), n);
    for (int i = 0; i < n; i += 97)
        km_test_holds(t, NULL, "Patient", km_arena_print(t->arena, "p%d", i).p, 1,
                      km_arena_print(t->arena, "\"F%d\"", i).p);
}

static void an_import_killed_anywhere_goes_on_and_stores_nothing_twice(void **state)
{
    static const int64_t versions[] = { 0, 1, SOME / 2, SOME };
    (void)state;
    if (km_test_dialect == KM_POSTGRES)
        return;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        km_test_node t;
        km_test_node_make(&t, km_test_files);
        const char *path = put_lines(&t, SOME);
        int status = import_until(&t, path, SIGKILL, versions[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(km_test_node_open(&t), KM_OK);
        assert_true(km_test_whole(&t) >= versions[i]);
        check_all_there(&t, path, SOME);
        km_test_node_free(&t);
    }
}

/* A wish to stop ends it in order: what was read is durable, and the next import begins behind it.
 */
static void an_import_asked_to_stop_says_how_far_it_came(void **state)
{
    km_test_node t;
    (void)state;
    if (km_test_dialect == KM_POSTGRES)
        return;
    km_test_node_make(&t, km_test_files);
    const char *path = put_lines(&t, MANY);
    int status = import_until(&t, path, SIGTERM, 1);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), KM_EXIT_REFUSED);
    assert_int_equal(km_test_node_open(&t), KM_OK);
    int64_t before = km_test_whole(&t);
    assert_true(before > 0 && before < MANY);
    km_jv r = km_test_import(&t, path, 0);
    km_test_counts(r, MANY - before, 0, 0);
    assert_true(km_test_count(r, "alreadyIn") > 0);
    check_all_there(&t, path, MANY);
    km_test_node_free(&t);
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
