/* SPDX-License-Identifier: Apache-2.0
 *
 * A process that writes is killed (SIGKILL) at any moment. Afterwards every write that it was told
 * is durable is there, the proof is whole, and the views are what the log makes of them.
 *
 * KUMIHIMO_LONG=1: a hundred times instead of five.
 */
#include "../property/invent.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { THREADS = 4, MEMORY = 1 << 20 };

/* What the writing process tells: this version is durable, or this chart is erased. */
typedef struct told {
    int64_t seq, rid, chart;
    int32_t version;
    bool erased;
} told;

typedef struct writing {
    km_test_log *w;
    int pipe, number;
    uint64_t seed;
} writing;

static void tell(int pipe, const told *t)
{
    if (write(pipe, t, sizeof *t) != (ssize_t)sizeof *t)
        _exit(3);
}

static void write_one_plan(writing *me, km_call *call, int i)
{
    km_write write[5];
    char id[32], owner[8];
    size_t n = 1 + km_test_below(&me->seed, 5);
    snprintf(owner, sizeof owner, "p%zu", km_test_below(&me->seed, 8));
    for (size_t k = 0; k < n; k++) { /* new ones, and new versions of old ones */
        snprintf(id, sizeof id, "t%d-%zu-%s", me->number,
                 k ? km_test_below(&me->seed, 30) : 1000 + (size_t)i, owner);
        for (size_t j = 0; j < k; j++)
            if (km_str_is(write[j].id, id))
                snprintf(id, sizeof id, "t%d-x%d-%zu-%s", me->number, i, k, owner);
        write[k] = km_test_update(
            km_test_json(
                call->arena,
                "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"subject\":{\"reference\":"
                "\"Patient/%s\"},\"code\":{\"text\":\"%d\",\"coding\":[{\"code\":\"c%d\"}]}}",
                id, owner, i, i % 5),
            km_arena_z(call->arena, km_str_of(owner)));
    }
    km_plan p = { .write = write, .n = n, .call = call };
    km_code rc = km_log_write(me->w->log, &p, NULL);
    if (rc == KM_SEVERAL_OWNERS) /* the chart was erased and is another one now */
        return;
    if (rc != KM_OK)
        _exit(4);
    for (size_t k = 0; k < n; k++)
        tell(me->pipe,
             &(told){ write[k].seq, write[k].rid, write[k].chart, write[k].version, false });
}

static void *write_for_ever(void *arg)
{
    writing *me = arg;
    km_arena *a = km_arena_new(1 << 22);
    for (int i = 0;; i++) {
        km_fault f = { 0 };
        km_call call = { a, &f, &me->w->clock, &km_random_real, NULL };
        km_arena_reset(a);
        write_one_plan(me, &call, i);
        if (me->number == 0 && i % 50 == 49) {
            int64_t chart = 1 + (int64_t)km_test_below(&me->seed, 20);
            if (km_log_erase(me->w->log, chart, &f) == KM_OK)
                tell(me->pipe, &(told){ .chart = chart, .erased = true });
        }
    }
    return NULL;
}

/* The process that will be killed. */
static void live(km_test_log *w, int pipe)
{
    static writing me[THREADS];
    w->random = km_random_real; /* several threads draw from it */
    km_test_log_open(w);
    for (int i = 0; i < THREADS; i++) {
        pthread_t t;
        me[i] = (writing){ w, pipe, i, (uint64_t)getpid() * 977 + (uint64_t)i + 1 };
        if (pthread_create(&t, NULL, write_for_ever, &me[i]) != 0)
            _exit(5);
    }
    for (;;)
        pause();
}

/* --- afterwards --- */

typedef struct memory {
    told *t;
    size_t n;
} memory;

static void listen_to(memory *m, int pipe)
{
    told one;
    for (ssize_t n; (n = read(pipe, &one, sizeof one)) > 0;) {
        assert_int_equal(n, sizeof one);
        assert_true(m->n < MEMORY);
        m->t[m->n++] = one;
    }
}

static void expect_told(km_test_log *w, const memory *m)
{
    km_reader *r = km_test_reader(w, &w->everything);
    km_arena_mark mark = km_arena_here(w->arena);
    for (size_t i = 0; i < m->n; i++) {
        const told *t = &m->t[i];
        km_record *rec;
        km_chart chart;
        km_arena_back(w->arena, mark);
        km_test_must(w, km_reader_chart(&chart, r, t->chart));
        if (t->erased)
            assert_true(chart.erased);
        if (chart.erased) /* an erasure may be durable and not have been told */
            continue;
        km_test_must(w, km_reader_by_seq(&rec, r, t->seq));
        assert_int_equal(rec->rid, t->rid);
        assert_int_equal(rec->version, t->version);
    }
    km_reader_close(r);
}

static int64_t hits(km_test_log *w)
{
    km_page page;
    km_search *s;
    km_search_field field = { KM_STR("code"), KM_STR("c0,c1,c2,c3,c4") };
    km_search_input in = { .type = km_fhir_type_named(KM_STR("Observation")),
                           .field = &field,
                           .fields = 1,
                           .count_default = 1 };
    km_fault_clear(&w->fault);
    km_test_must(w, km_search_parse(&s, &in, &w->call));
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_search_run(&page, s, r, KM_STR_NONE));
    km_reader_close(r);
    return page.total;
}

static void kill_after(km_test_log *w, memory *m, unsigned ms)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        live(w, fd[1]);
    }
    close(fd[1]);
    size_t before = m->n;
    while (m->n == before) { /* it lives: the clock of the killer starts */
        told one;
        assert_int_equal(read(fd[0], &one, sizeof one), sizeof one);
        m->t[m->n++] = one;
    }
    usleep(ms * 1000);
    kill(child, SIGKILL);
    listen_to(m, fd[0]);
    close(fd[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void what_was_told_is_there_after_every_kill(void **state)
{
    (void)state;
    const char *lasting = getenv("KUMIHIMO_LONG");
    int kills = lasting != NULL && lasting[0] == '1' ? 100 : 5;
    km_test_log *w = km_test_log_new(all_sql, all_folds);
    memory m = { calloc(MEMORY, sizeof *m.t), 0 };
    uint64_t seed = 42;
    assert_non_null(m.t);
    km_test_log_close(w);
    for (int i = 0; i < kills; i++) {
        kill_after(w, &m, (unsigned)km_test_below(&seed, 400));
        km_test_log_open(w);
        expect_told(w, &m);
        km_test_whole(w);
        int64_t live_total = hits(w);
        if (i % 10 == 0 || i == kills - 1) {
            km_test_must(w, km_log_rebuild(w->log, "index", NULL, &w->call));
            assert_int_equal(hits(w), live_total);
        }
        km_test_log_close(w);
    }
    print_message("%d kills, %zu durable writes, none lost\n", kills, m.n);
    free(m.t);
    km_test_log_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_is_there_after_every_kill),
    };
    km_test_dialect = km_test_server() != NULL ? KM_POSTGRES : KM_SQLITE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
