/* SPDX-License-Identifier: Apache-2.0
 *
 * Work beside the log: tables that are not its own, on the writer's transaction.
 */
#include "record/words_test.h"

#include <pthread.h>

enum { THREADS = 12, EACH = 40 };

typedef struct work {
    int64_t rid;
    bool refuse, touch_twice;
} work;

/* Writes a row, and then may refuse, or fail on a row that is there. */
static km_code put_word(void *self, km_txn *t, km_fault *f)
{
    const work *me = self;
    for (int i = 0; i <= (int)me->touch_twice; i++) {
        km_stmt *st;
        int64_t changed;
        KM_TRY(km_query(&st, km_txn_conn(t), "word_put", f));
        km_bind_int(st, 1, 0);
        km_bind_int(st, 2, me->rid);
        km_bind_text(st, 3, KM_STR("w"));
        KM_TRY(km_run(st, &changed, f));
    }
    return me->refuse ? km_fail(f, KM_CONFLICT, NULL, "refused") : KM_OK;
}

static void work_is_there_when_it_is_answered(void **state)
{
    km_test_log *w = *state;
    work one = { .rid = 900 };
    km_test_must(w, km_log_work(w->log, put_word, &one, &w->fault));
    assert_string_equal(words_of(w), "0/900/w ");
    km_log_close(w->log);
    km_store_close(w->store);
    km_test_log_open(w);
    assert_string_equal(words_of(w), "0/900/w ");
    assert_int_equal(km_log_figured(w->log).versions, 0);
    km_test_whole(w);
}

static void refused_work_leaves_nothing(void **state)
{
    km_test_log *w = *state;
    work refused = { .rid = 900, .refuse = true }, twice = { .rid = 901, .touch_twice = true };
    assert_int_equal(km_log_work(w->log, put_word, &refused, &w->fault), KM_CONFLICT);
    km_fault_clear(&w->fault);
    assert_int_equal(km_log_work(w->log, put_word, &twice, &w->fault), KM_DUPLICATE);
    km_fault_clear(&w->fault);
    assert_string_equal(words_of(w), "");
    put_basic(w, "x", "ja", "");
    assert_string_equal(words_of(w), "0/1/ja ");
    km_test_whole(w);
}

typedef struct worker {
    km_test_log *w;
    int number;
    int wrong;
} worker;

/* Plans and works of all outcomes, side by side in the same groups. */
static void *mix(void *arg)
{
    worker *me = arg;
    km_arena *a = km_arena_new(1 << 20);
    for (int i = 0; i < EACH; i++) {
        km_fault f = { 0 };
        km_call call = { a, &f, &me->w->clock, &me->w->random, NULL };
        int64_t rid = 100000 + me->number * EACH + i;
        km_arena_reset(a);
        work one = { .rid = rid, .refuse = i % 3 == 1, .touch_twice = i % 3 == 2 };
        km_code wanted = i % 3 == 1 ? KM_CONFLICT : i % 3 == 2 ? KM_DUPLICATE : KM_OK;
        me->wrong += km_log_work(me->w->log, put_word, &one, &f) != wanted;
        km_fault_clear(&f);
        km_write write = km_test_update(
            km_test_json(a, "{\"resourceType\":\"Basic\",\"id\":\"t%d-%d\",\"language\":\"ja\"}",
                         me->number, i),
            "p1");
        km_plan p = { .write = &write, .n = 1, .call = &call, .access = &me->w->everything };
        me->wrong += km_log_write(me->w->log, &p, NULL) != KM_OK;
    }
    km_arena_free(a);
    return NULL;
}

static void work_that_refuses_costs_its_neighbours_nothing(void **state)
{
    km_test_log *w = *state;
    worker me[THREADS];
    pthread_t t[THREADS];
    size_t rows = 0;
    for (int i = 0; i < THREADS; i++) {
        me[i] = (worker){ .w = w, .number = i };
        pthread_create(&t[i], NULL, mix, &me[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(me[i].wrong, 0);
    }
    for (const char *p = words_of(w); (p = strchr(p, ' ')) != NULL; p++)
        rows++;
    assert_int_equal(rows, THREADS * (EACH + (EACH + 2) / 3));
    assert_int_equal(km_log_figured(w->log).versions, THREADS * EACH);
    km_test_whole(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(work_is_there_when_it_is_answered),
        T(refused_work_leaves_nothing),
        T(work_that_refuses_costs_its_neighbours_nothing),
    };
    return km_test_on_both("work beside the log", tests, NULL, NULL);
}
