/* SPDX-License-Identifier: Apache-2.0
 *
 * The progress of long work, and the wish to stop.
 */
#include "platform/node_test.h"

#include <signal.h>

/* What the bar says when it was shown `times` times, each `apart_ns` after the one before. */
static km_str said(km_arena *a, km_bar bar, int times, uint64_t apart_ns)
{
    km_test_words words = km_test_listen(stderr);
    for (int i = 1; i <= times; i++) {
        bar.last_ns = km_ticks_ns() - apart_ns;
        km_bar_show(&bar, i * 10, 100, "resources");
    }
    km_bar_end(&bar);
    return km_test_heard(&words, a);
}

static void quiet_work_says_nothing(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    const km_config quiet = { .quiet = true }, json = { .json = true };
    (void)state;
    assert_int_equal(said(a, km_bar_start(&quiet, "import"), 10, 60000000000u).n, 0);
    assert_int_equal(said(a, km_bar_start(&json, "import"), 10, 60000000000u).n, 0);
    km_arena_free(a);
}

static void where_no_terminal_is_a_line_comes_every_ten_seconds(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    const km_config plain = { 0 };
    (void)state;
    km_bar bar = km_bar_start(&plain, "import");
    bar.live = false;
    assert_int_equal(said(a, bar, 50, 9000000000u).n, 0);
    km_str text = said(a, bar, 2, 10000000001u);
    assert_true(km_str_starts(text, KM_STR("import: 10 resources, ")));
    assert_true(km_test_says(text, "\nimport: 20 resources, "));
    assert_false(km_test_says(text, "\r"));
    km_arena_free(a);
}

static void on_a_terminal_one_line_moves_and_ends(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    const km_config plain = { 0 };
    (void)state;
    km_bar bar = km_bar_start(&plain, "import");
    bar.live = true;
    km_str text = said(a, bar, 10, 200000000u);
    assert_true(km_test_says(text, "\rimport [###..........................."));
    assert_true(km_test_says(text, "\rimport [##############################] 100 % 100"));
    assert_int_equal(km_str_find(text, '\n'), text.n - 1);
    km_arena_free(a);
}

static void a_signal_asks_to_stop_and_ends_nothing(void **state)
{
    (void)state;
    km_stop_listen();
    assert_false(km_stop_asked());
    raise(SIGPIPE);
    assert_false(km_stop_asked());
    raise(SIGTERM);
    assert_true(km_stop_asked());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_work_says_nothing),
        cmocka_unit_test(where_no_terminal_is_a_line_comes_every_ten_seconds),
        cmocka_unit_test(on_a_terminal_one_line_moves_and_ends),
        cmocka_unit_test(a_signal_asks_to_stop_and_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
