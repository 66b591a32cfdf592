/* SPDX-License-Identifier: Apache-2.0
 *
 * Histories and walks against the simplest account of them: a list of what was written.
 */
#include "record/words_test.h"

enum { MANY = 400 };

typedef struct written {
    int64_t seq, rid, chart;
    km_ftype type;
    int32_t version;
    km_ms at;
    bool deleted, erased;
} written;

typedef struct account {
    written v[MANY];
    size_t n;
} account;

static const char *const types[] = { "Basic", "Flag", "List" };

static void write_at_random(km_test_log *w, account *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char id[16], owner[16] = "";
        size_t which = km_test_below(&w->seed, 30);
        snprintf(id, sizeof id, "r%zu", which);
        if (which % 4 > 0) /* else nobody's */
            snprintf(owner, sizeof owner, "p%zu", which % 4);
        const char *type = types[which % 3];
        w->now += (km_ms)km_test_below(&w->seed, 3) * 1000;
        km_write one = km_test_delete(type, id);
        if (km_test_below(&w->seed, 4) > 0)
            one = km_test_update(km_test_json(w->arena,
                                              "{\"resourceType\":\"%s\",\"id\":\"%s\",\"language\":"
                                              "\"l%zu\"}",
                                              type, id, i),
                                 owner);
        km_code rc = km_test_write(w, &one);
        if (rc == KM_NOT_FOUND || one.unchanged)
            continue;
        km_test_must(w, rc);
        a->v[a->n++] = (written){
            one.seq, one.rid, one.chart, one.type, one.version, one.at, one.op == KM_OP_DELETE,
            false
        };
    }
}

static bool wanted(const written *v, const km_history *h, const km_test_log *w)
{
    return !v->erased && v->chart != w->hidden && (h->rid == 0 || v->rid == h->rid)
           && (h->type == 0 || h->rid > 0 || v->type == h->type)
           && (h->before == 0 || v->seq < h->before) && v->at >= h->since
           && (h->until == 0 || v->at <= h->until) && (h->chart < 0 || v->chart == h->chart);
}

/* All pages of the history against the account. */
static void expect_history(km_test_log *w, const account *a, km_history h, size_t room)
{
    km_record *page[MANY];
    size_t n = 0, i = a->n;
    km_access *access = w->hidden >= 0 ? &w->some : &w->everything;
    do {
        km_reader *r = km_test_reader(w, access);
        km_test_must(w, km_reader_history(page, &n, room, r, &h));
        for (size_t k = 0; k < n; k++) {
            do
                assert_true(i-- > 0);
            while (!wanted(&a->v[i], &h, w));
            assert_int_equal(page[k]->seq, a->v[i].seq);
            assert_int_equal(page[k]->version, a->v[i].version);
            assert_int_equal(page[k]->deleted, a->v[i].deleted);
            assert_int_equal(page[k]->stored.n == 0, a->v[i].deleted);
        }
        if (n > 0)
            h.before = page[n - 1]->seq;
        km_reader_close(r);
    } while (n == room);
    while (i-- > 0)
        assert_false(wanted(&a->v[i], &h, w));
}

static void expect_histories(km_test_log *w, const account *a)
{
    static const size_t rooms[] = { 1, 3, MANY };
    for (size_t k = 0; k < 3; k++) {
        km_history h = { .chart = -1 };
        expect_history(w, a, h, rooms[k]);
        for (size_t t = 0; t < 3; t++) {
            h = (km_history){ .chart = -1, .type = type_of(types[t]) };
            expect_history(w, a, h, rooms[k]);
        }
        for (int64_t rid = 1; rid < 31; rid += k ? 1 : 7) {
            h = (km_history){ .chart = -1, .rid = rid };
            expect_history(w, a, h, rooms[k]);
        }
        for (int64_t chart = 0; chart < 4; chart++) {
            h = (km_history){ .chart = chart };
            expect_history(w, a, h, rooms[k]);
        }
    }
    for (size_t i = 0; i < a->n; i += 37)
        for (size_t j = 0; j < a->n; j += 41) {
            km_history h = { .chart = -1, .since = a->v[i].at, .until = a->v[j].at };
            expect_history(w, a, h, 5);
        }
}

static void histories_are_what_was_written(void **state)
{
    km_test_log *w = *state;
    static account a;
    a.n = 0;
    write_at_random(w, &a, 300);
    expect_histories(w, &a);
    w->hidden = 2;
    expect_histories(w, &a);
    w->hidden = -1;
}

static void erased_versions_vanish_from_histories_and_nothing_else(void **state)
{
    km_test_log *w = *state;
    static account a;
    a.n = 0;
    write_at_random(w, &a, 200);
    km_test_must(w, km_log_erase(w->log, 2, &w->fault));
    for (size_t i = 0; i < a.n; i++)
        a.v[i].erased = a.v[i].chart == 2;
    expect_histories(w, &a);
    km_test_log_close(w);
    km_test_log_open(w);
    write_at_random(w, &a, 100);
    expect_histories(w, &a);
    km_test_whole(w);
}

/* The page was handed out before the erasure, the next is asked after it. */
static void a_page_goes_on_behind_a_version_that_was_erased_meanwhile(void **state)
{
    km_test_log *w = *state;
    km_record *page[2];
    size_t n;
    put_basic(w, "a", "ja", "p1");
    put_basic(w, "b", "ja", "p2");
    put_basic(w, "c", "ja", "p1");
    km_history h = { .chart = -1, .type = type_of("Basic") };
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_reader_history(page, &n, 2, r, &h));
    h.before = page[1]->seq;
    int64_t erased = page[1]->chart;
    km_reader_close(r);
    km_test_must(w, km_log_erase(w->log, erased, &w->fault));
    r = km_test_reader(w, &w->everything);
    km_test_must(w, km_reader_history(page, &n, 2, r, &h));
    assert_int_equal(n, 1);
    assert_true(km_str_is(page[0]->id, "a"));
    h.before = 2; /* a place in the chain of another resource leads nowhere */
    h.rid = 1;
    km_test_must(w, km_reader_history(page, &n, 2, r, &h));
    assert_int_equal(n, 0);
    km_reader_close(r);
}

/* --- walks --- */

typedef struct walk {
    int64_t last;
    size_t n, deleted;
} walk;

static km_code count(void *self, km_record *rec, km_fault *f)
{
    walk *k = self;
    (void)f;
    assert_true(rec->seq > k->last);
    k->last = rec->seq;
    k->n++;
    k->deleted += rec->deleted;
    return KM_OK;
}

static void a_walk_sees_each_version_or_each_current_one_once(void **state)
{
    km_test_log *w = *state;
    put_many(w, 0, 1000, "ja", 2); /* more than two portions */
    put_many(w, 0, 300, "en", 2);
    km_write gone = km_test_delete("Basic", "r7");
    km_test_must(w, km_test_write(w, &gone));
    walk all = { 0 }, current = { 0 }, from = { 0 }, some = { 0 };
    km_test_must(w, km_log_walk(w->log, &w->everything, 0, false, count, &all, &w->call));
    assert_int_equal(all.n, 1301);
    assert_int_equal(all.deleted, 1);
    km_test_must(w, km_log_walk(w->log, &w->everything, 0, true, count, &current, &w->call));
    assert_int_equal(current.n, 999);
    assert_int_equal(current.deleted, 0);
    km_test_must(w, km_log_walk(w->log, &w->everything, 1300, false, count, &from, &w->call));
    assert_int_equal(from.n, 1);
    w->hidden = 1;
    km_test_must(w, km_log_walk(w->log, &w->some, 0, true, count, &some, &w->call));
    assert_int_equal(some.n, 499);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(histories_are_what_was_written),
        T(erased_versions_vanish_from_histories_and_nothing_else),
        T(a_page_goes_on_behind_a_version_that_was_erased_meanwhile),
        T(a_walk_sees_each_version_or_each_current_one_once),
    };
    return km_test_on_both("history", tests, NULL, NULL);
}
