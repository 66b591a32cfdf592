/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans: all or nothing, preconditions on the writer, many callers at once, loads beside them.
 */
#include "record/words_test.h"

#include <pthread.h>

static km_code write_all(km_test_log *w, km_write *write, size_t n, size_t *failed)
{
    km_fault_clear(&w->fault);
    km_plan p = { .write = write, .n = n, .call = &w->call, .access = &w->everything };
    return km_log_write(w->log, &p, failed);
}

static void one_refused_write_stores_none_of_its_plan(void **state)
{
    km_test_log *w = *state;
    put_basic(w, "there", "ja", "");
    for (size_t bad = 0; bad < 5; bad++) {
        km_write write[5];
        size_t failed;
        for (size_t i = 0; i < 5; i++) {
            char id[16];
            snprintf(id, sizeof id, "n%zu", i);
            write[i] = km_test_update(a_basic(w, i == bad ? "there" : id, "en"), "p1");
            write[i].owner = i == bad ? KM_STR_NONE : KM_STR("p1");
            write[i].expect = i == bad ? 7 : KM_EXPECT_ANY;
        }
        assert_int_equal(write_all(w, write, 5, &failed), KM_PRECONDITION);
        assert_int_equal(failed, bad);
        assert_int_equal(km_log_figured(w->log).versions, 1);
        assert_null(language_of(w, "Basic", "n4"));
        assert_null(language_of(w, "Basic", "n0"));
        assert_string_equal(language_of(w, "Basic", "there"), "ja");
    }
    assert_string_equal(words_of(w), "0/1/ja ");
    km_test_whole(w);
}

static void one_plan_names_one_resource_once(void **state)
{
    km_test_log *w = *state;
    size_t failed;
    km_write write[40];
    for (size_t i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof id, "n%zu", i == 33 ? 5 : i);
        write[i] = km_test_update(a_basic(w, id, "en"), "");
    }
    assert_int_equal(write_all(w, write, 40, &failed), KM_CONFLICT);
    assert_int_equal(failed, 33);
    write[33].source = 2;
    km_test_must(w, write_all(w, write, 40, &failed));
    assert_int_equal(failed, 40);
    write[33].source = 1;
    write[33].skip = true;
    km_test_must(w, write_all(w, write, 40, NULL));
}

static void a_patient_and_his_records_come_in_any_order_within_a_plan(void **state)
{
    km_test_log *w = *state;
    km_write write[3] = { km_test_update(a_basic(w, "a", "ja"), "p1"),
                          km_test_update(a_patient(w, "p1", "ja"), ""),
                          km_test_update(a_basic(w, "b", "ja"), "p1") };
    km_test_must(w, write_all(w, write, 3, NULL));
    assert_true(write[0].chart > 0);
    assert_int_equal(write[0].chart, write[1].chart);
    assert_int_equal(write[0].chart, write[2].chart);
    km_test_whole(w);
}

static void an_empty_plan_is_done(void **state)
{
    km_test_log *w = *state;
    km_test_must(w, write_all(w, NULL, 0, NULL));
}

/* --- preconditions --- */

static km_code see_and_rename(km_plan *p, km_txn *t, km_fault *f)
{
    km_record *rec;
    km_reader *r = km_txn_reader(t);
    (void)f;
    km_code rc = km_reader_find(&rec, r, p->write[0].type, KM_STR("seen"), 1);
    if (rc == KM_OK)
        p->write[0].id = KM_STR("renamed");
    else
        p->write[0].skip = true;
    km_fault_clear(f);
    return KM_OK;
}

static void a_precondition_may_skip_or_choose_another_id(void **state)
{
    km_test_log *w = *state;
    km_write one = km_test_update(a_basic(w, "first", "ja"), "");
    km_plan p = {
        .write = &one, .n = 1, .before = see_and_rename, .call = &w->call, .access = &w->everything
    };
    km_test_must(w, km_log_write(w->log, &p, NULL));
    assert_true(one.skip);
    assert_int_equal(km_log_figured(w->log).versions, 0);
    put_basic(w, "seen", "ja", "");
    one.skip = false;
    km_test_must(w, km_log_write(w->log, &p, NULL));
    assert_null(language_of(w, "Basic", "first"));
    assert_string_equal(language_of(w, "Basic", "renamed"), "ja");
    km_test_whole(w);
}

static km_code rewrite(km_plan *p, km_txn *t, km_fault *f)
{
    km_test_log *w = p->self;
    (void)t, (void)f;
    p->write[0].resource = a_basic(w, "x", "en");
    p->write[0].rewritten = true;
    return KM_OK;
}

static void a_precondition_may_change_what_is_written(void **state)
{
    km_test_log *w = *state;
    km_write one = km_test_update(a_basic(w, "x", "ja"), "");
    km_plan p = { .write = &one,
                  .n = 1,
                  .before = rewrite,
                  .self = w,
                  .call = &w->call,
                  .access = &w->everything };
    km_test_must(w, km_log_write(w->log, &p, NULL));
    assert_string_equal(language_of(w, "Basic", "x"), "en");
    assert_string_equal(words_of(w), "0/1/en ");
}

static km_code refuse(km_plan *p, km_txn *t, km_fault *f)
{
    (void)p, (void)t;
    return km_fail(f, KM_MULTIPLE_MATCHES, NULL, "told by the precondition");
}

static void a_precondition_that_refuses_hurts_nobody_else(void **state)
{
    km_test_log *w = *state;
    km_write one = km_test_update(a_basic(w, "x", "ja"), "");
    km_plan p = {
        .write = &one, .n = 1, .before = refuse, .call = &w->call, .access = &w->everything
    };
    assert_int_equal(km_log_write(w->log, &p, NULL), KM_MULTIPLE_MATCHES);
    assert_string_equal(w->fault.detail, "told by the precondition");
    put_basic(w, "x", "en", "");
    km_test_whole(w);
}

/* --- many at once --- */

enum { THREADS = 16, EACH = 60 };

typedef struct writer {
    km_test_log *w;
    int number;
    km_code worst;
    int64_t seq[EACH];
} writer;

/* Own records, one that all fight for, and plans that are refused in between. */
static void *write_many(void *arg)
{
    writer *me = arg;
    km_arena *a = km_arena_new(1 << 20);
    for (int i = 0; i < EACH; i++) {
        km_fault f = { 0 };
        km_call call = { a, &f, &me->w->clock, &me->w->random, NULL };
        km_arena_reset(a);
        km_write write[2] = {
            km_test_update(
                km_test_json(a,
                             "{\"resourceType\":\"Basic\",\"id\":\"t%d-%d\",\"language\":"
                             "\"ja\"}",
                             me->number, i / 2),
                "p1"),
            km_test_update(
                km_test_json(a, "{\"resourceType\":\"Basic\",\"id\":\"all\",\"language\":\"l%d\"}",
                             me->number),
                "p1")
        };
        km_plan p = { .write = write, .n = 2, .call = &call, .access = &me->w->everything };
        if (i % 7 == 3)
            write[1].expect = 1000000;
        km_code rc = km_log_write(me->w->log, &p, NULL);
        if (rc != (i % 7 == 3 ? KM_PRECONDITION : KM_OK))
            me->worst = rc ? rc : KM_INTERNAL;
        me->seq[i] = rc == KM_OK ? write[0].seq : 0;
    }
    km_arena_free(a);
    return NULL;
}

static void sixteen_callers_share_groups_and_nobody_loses_a_write(void **state)
{
    km_test_log *w = *state;
    static writer me[THREADS];
    pthread_t t[THREADS];
    put_basic(w, "all", "ja", "p1");
    for (int i = 0; i < THREADS; i++) {
        me[i] = (writer){ .w = w, .number = i };
        pthread_create(&t[i], NULL, write_many, &me[i]);
    }
    int64_t done = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(me[i].worst, KM_OK);
        for (int j = 0; j < EACH; j++)
            done += me[i].seq[j] > 0;
    }
    km_log_figures figures = km_log_figured(w->log);
    assert_int_equal(figures.versions, 1 + 2 * done);
    assert_int_equal(figures.waiting, 0);
    assert_true(figures.groups < figures.versions);
    km_reader *r = km_test_reader(w, &w->everything);
    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < EACH; j++) {
            km_record *rec;
            if (me[i].seq[j] == 0)
                continue;
            km_test_must(w, km_reader_by_seq(&rec, r, me[i].seq[j]));
            char id[16];
            snprintf(id, sizeof id, "t%d-%d", i, j / 2);
            assert_true(km_str_is(rec->id, id));
        }
    km_reader_close(r);
    km_test_whole(w);
}

/* --- loads --- */

typedef struct load {
    km_test_log *w;
    km_plan plan;
    km_write write[10];
    km_call call;
    km_fault fault;
    km_arena *arena;
    km_code code;
    _Atomic bool answered;
} load;

static void answered(void *self, km_plan *p, km_code c)
{
    load *l = self;
    assert_ptr_equal(p, &l->plan);
    l->code = c;
    l->answered = true;
}

static void hand_in(load *l, km_test_log *w, int number)
{
    *l = (load){ .w = w, .arena = km_arena_new(1 << 22) };
    l->call = (km_call){ l->arena, &l->fault, &w->clock, &w->random, NULL };
    for (int i = 0; i < 10; i++)
        l->write[i] = km_test_update(
            km_test_json(l->arena,
                         "{\"resourceType\":\"Basic\",\"id\":\"b%d-%d\",\"language\":\"ja\"}",
                         number, i),
            "p1");
    if (number % 10 == 9)
        l->write[5].expect = 5; /* refused */
    l->plan = (km_plan){ .write = l->write, .n = 10, .call = &l->call, .bulk = true };
    km_test_must(w, km_log_prepare(w->log, &l->plan));
    km_test_must(w, km_log_submit(w->log, &l->plan, answered, l));
}

static void each_plan_of_a_load_is_answered_and_in_order(void **state)
{
    enum { PLANS = 300 };
    static load l[PLANS];
    km_test_log *w = *state;
    for (int i = 0; i < PLANS; i++)
        hand_in(&l[i], w, i);
    put_basic(w, "small", "ja", ""); /* passes between */
    km_log_close(w->log);            /* lets the writer finish */
    w->log = NULL;
    int64_t last = 0;
    for (int i = 0; i < PLANS; i++) {
        assert_true(l[i].answered);
        assert_int_equal(l[i].code, i % 10 == 9 ? KM_PRECONDITION : KM_OK);
        if (l[i].code == KM_OK) {
            assert_true(l[i].write[0].seq > last);
            last = l[i].write[9].seq;
        }
        km_arena_free(l[i].arena);
    }
    km_store_close(w->store);
    km_test_log_open(w);
    assert_int_equal(km_log_figured(w->log).versions, 270 * 10 + 1);
    km_test_whole(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(one_refused_write_stores_none_of_its_plan),
        T(one_plan_names_one_resource_once),
        T(a_patient_and_his_records_come_in_any_order_within_a_plan),
        T(an_empty_plan_is_done),
        T(a_precondition_may_skip_or_choose_another_id),
        T(a_precondition_may_change_what_is_written),
        T(a_precondition_that_refuses_hurts_nobody_else),
        T(sixteen_callers_share_groups_and_nobody_loses_a_write),
        T(each_plan_of_a_load_is_answered_and_in_order),
    };
    return km_test_on_both("plans", tests, NULL, NULL);
}
