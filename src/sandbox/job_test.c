/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs in workers: what they answer, and what becomes of those that do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/call.h"
#include "sandbox/job.h"
#include "sandbox/sandbox.h"

/* --- what workers are asked to do here; all of them run in a child --- */

static km_code echo_lines(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    int64_t line = 1;
    (void)f;
    for (km_str left = in; left.n > 0; line++) {
        km_str one = km_str_cut(left, '\n', &left);
        km_job_say(j, 7, line, one);
    }
    km_job_say(j, 8, 0, how);
    return KM_OK;
}

static km_code refuse(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    (void)j;
    (void)how;
    (void)in;
    km_fail(f, KM_INVALID, "field \x1b[2J", "one\ntwo\xc2\x9b");
    km_fault_at(f, 3, 4);
    return f->code;
}

static km_code crash(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    volatile const char *volatile nowhere = in.p - in.n;
    (void)how;
    (void)f;
    km_job_say(j, 1, 0, KM_STR("before"));
    while (*nowhere != 1) /* down to where nothing is mapped */
        nowhere -= 4096;
    return KM_OK;
}

static km_code assert_it(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    (void)j;
    (void)how;
    (void)f;
    assert(in.n == 12345);
    return KM_OK;
}

static volatile bool for_ever = true; /* so that compilers expect an end */

static km_code hog(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    km_arena *a = km_arena_new(SIZE_MAX);
    (void)j;
    (void)how;
    (void)in;
    (void)f;
    while (for_ever)
        memset(km_arena_alloc(a, 1 << 20), 1, 1 << 20);
    return KM_OK;
}

static km_code spin(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    volatile uint64_t n = 0;
    (void)j;
    (void)how;
    (void)in;
    (void)f;
    while (for_ever)
        n = n + 1;
    return KM_OK;
}

static km_code talk(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    static char much[1 << 16];
    (void)how;
    (void)in;
    (void)f;
    while (for_ever)
        km_job_say(j, 1, 0, (km_str){ much, sizeof much });
    return KM_OK;
}

static km_code open_file(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    (void)j;
    (void)how;
    (void)in;
    (void)f;
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM ? KM_INVALID : KM_OK;
}

static km_code open_socket(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    (void)j;
    (void)how;
    (void)in;
    (void)f;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? KM_OK : KM_INVALID;
}

static km_code lie(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    (void)self;
    (void)f;
    (void)in;
    if (km_str_is(how, "store"))
        return KM_STORE;
    if (km_str_is(how, "nonsense"))
        return (km_code)9999;
    const struct {
        uint32_t kind, n;
        int64_t number;
    } head = { 1, UINT32_MAX, 0 };
    (void)j;
    return write(STDOUT_FILENO, &head, sizeof head) == sizeof head ? KM_OK : KM_INVALID;
}

#define JOB(f) static const km_job_def job_##f = { #f, f, NULL }
JOB(echo_lines);
JOB(refuse);
JOB(crash);
JOB(assert_it);
JOB(hog);
JOB(spin);
JOB(talk);
JOB(open_file);
JOB(open_socket);
JOB(lie);
static const km_job_def *const defs[] = { &job_echo_lines,  &job_refuse, &job_crash, &job_assert_it,
                                          &job_hog,         &job_spin,   &job_talk,  &job_open_file,
                                          &job_open_socket, &job_lie,    NULL };

/* --- the parent --- */

typedef struct heard {
    char text[256];
    size_t n, bytes;
    int64_t last;
    km_code then; /* what the sink answers */
} heard;

static km_code hear(void *self, uint32_t kind, int64_t number, km_str bytes, km_fault *f)
{
    heard *h = self;
    int some = snprintf(h->text + h->n, sizeof h->text - h->n, "%u:%lld:%.*s ", kind,
                        (long long)number, (int)(bytes.n < 40 ? bytes.n : 40), bytes.p);
    h->n = h->n + (size_t)some < sizeof h->text ? h->n + (size_t)some : h->n;
    h->bytes += bytes.n;
    h->last = number;
    return h->then == KM_OK ? KM_OK : km_fail(f, h->then, "sink", NULL);
}

static km_jobs *jobs;

static int set_up(void **state)
{
    km_fault f = { 0 };
    km_job_limits l = km_job_limits_default;
    (void)state;
    l.ms = 1000;
    l.ms_per_mib = 0;
    l.memory_bytes = (size_t)64 << 20;
    l.result_bytes = (size_t)8 << 20;
    l.piece_bytes = (size_t)1 << 20;
    l.input_bytes = (size_t)16 << 20;
    assert_int_equal(km_jobs_start(&jobs, defs, &l, &f), KM_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    km_jobs_stop(jobs);
    return waitpid(-1, NULL, WNOHANG) == -1 ? 0 : 1; /* nobody is left */
}

static km_code ask(const km_job_def *def, km_str how, km_str in, heard *h, km_fault *f)
{
    km_job_sink sink = { hear, h };
    *f = (km_fault){ 0 };
    return km_jobs_run(jobs, def->name, how, in, &sink, f);
}

static void what_a_job_says_arrives_in_order(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    assert_int_equal(ask(&job_echo_lines, KM_STR("loud"), KM_STR("a\nbb\nccc"), &h, &f), KM_OK);
    assert_string_equal(h.text, "7:1:a 7:2:bb 7:3:ccc 8:0:loud ");
    h = (heard){ 0 };
    assert_int_equal(ask(&job_echo_lines, KM_STR_NONE, KM_STR_NONE, &h, &f), KM_OK);
    assert_string_equal(h.text, "8:0: ");
}

static void many_small_and_some_large_pieces_arrive_whole(void **state)
{
    size_t n = (size_t)4 << 20;
    char *text = malloc(n);
    heard h = { 0 };
    km_fault f;
    (void)state;
    memset(text, 'x', n);
    size_t lines = 0, bytes = 0;
    for (size_t at = 0, step = 1; at + step < n; at += step, step = step * 7 % 100003 + 1, lines++)
        text[at + step - 1] = '\n';
    for (size_t i = 0; i < n; i++)
        bytes += text[i] != '\n';
    assert_int_equal(ask(&job_echo_lines, KM_STR_NONE, (km_str){ text, n }, &h, &f), KM_OK);
    assert_int_equal(h.bytes, bytes);
    assert_true(lines > 30);
    free(text);
}

static void a_fault_comes_back_whole_and_cannot_talk_to_a_terminal(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    assert_int_equal(ask(&job_refuse, KM_STR_NONE, KM_STR("x"), &h, &f), KM_INVALID);
    assert_string_equal(f.path, "field ?[2J");
    assert_string_equal(f.detail, "one?two??");
    assert_int_equal(f.line, 3);
    assert_int_equal(f.column, 4);
}

static void a_parser_that_falls_is_a_malformed_document(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    assert_int_equal(ask(&job_crash, KM_STR_NONE, KM_STR("x"), &h, &f), KM_MALFORMED);
    assert_int_equal(ask(&job_assert_it, KM_STR_NONE, KM_STR("x"), &h, &f), KM_MALFORMED);
    assert_string_equal(f.path, "assert_it");
    assert_int_equal(ask(&job_echo_lines, KM_STR_NONE, KM_STR("x"), &h, &f), KM_OK);
}

static void a_job_opens_nothing_and_is_ended_when_it_asks_for_the_network(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    if (!km_sandbox_can())
        skip();
    assert_int_equal(ask(&job_open_file, KM_STR_NONE, KM_STR("x"), &h, &f), KM_INVALID);
    assert_int_equal(ask(&job_open_socket, KM_STR_NONE, KM_STR("x"), &h, &f), KM_MALFORMED);
    assert_non_null(strstr(f.detail, "may not"));
}

static void memory_time_and_talk_are_bounded_and_the_fault_names_which(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    uint64_t before = km_ticks_ns();
    assert_int_equal(ask(&job_spin, KM_STR_NONE, KM_STR("x"), &h, &f), KM_TOO_COSTLY);
    assert_non_null(strstr(f.detail, "1 s"));
    assert_true(km_ticks_ns() - before < 10000000000u);
    assert_int_equal(ask(&job_talk, KM_STR_NONE, KM_STR("x"), &h, &f), KM_TOO_LONG);
    assert_non_null(strstr(f.detail, "8 MiB"));
    if (!km_sandbox_can())
        return;
    assert_int_equal(ask(&job_hog, KM_STR_NONE, KM_STR("x"), &h, &f), KM_TOO_COSTLY);
    assert_non_null(strstr(f.detail, "64 MiB"));
}

static void a_document_that_is_too_large_is_not_even_tried(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    char *much = calloc(17, 1 << 20);
    assert_int_equal(ask(&job_echo_lines, KM_STR_NONE, (km_str){ much, (size_t)17 << 20 }, &h, &f),
                     KM_TOO_LONG);
    free(much);
}

static void a_captured_worker_cannot_speak_for_the_node(void **state)
{
    heard h = { 0 };
    km_fault f;
    (void)state;
    assert_int_equal(ask(&job_lie, KM_STR("store"), KM_STR_NONE, &h, &f), KM_INTERNAL);
    assert_int_equal(ask(&job_lie, KM_STR("nonsense"), KM_STR_NONE, &h, &f), KM_INTERNAL);
    assert_int_equal(ask(&job_lie, KM_STR("length"), KM_STR_NONE, &h, &f), KM_TOO_LONG);
}

static void a_sink_that_has_had_enough_ends_the_job(void **state)
{
    heard h = { .then = KM_CANCELLED };
    km_fault f;
    (void)state;
    assert_int_equal(ask(&job_talk, KM_STR_NONE, KM_STR("x"), &h, &f), KM_CANCELLED);
    assert_string_equal(f.path, "sink");
}

static void *ask_often(void *self)
{
    size_t *good = self;
    for (int i = 0; i < 20; i++) {
        heard h = { 0 };
        km_fault f;
        *good += ask(&job_echo_lines, KM_STR_NONE, KM_STR("a\nb"), &h, &f) == KM_OK && h.last == 0;
    }
    return NULL;
}

static void many_threads_ask_at_once(void **state)
{
    enum { THREADS = 8 };
    pthread_t t[THREADS];
    size_t good[THREADS] = { 0 };
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, ask_often, &good[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(good[i], 20);
    }
    assert_true(km_jobs_figured(jobs).run >= 160);
    assert_true(km_jobs_figured(jobs).killed >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_job_says_arrives_in_order),
        cmocka_unit_test(many_small_and_some_large_pieces_arrive_whole),
        cmocka_unit_test(a_fault_comes_back_whole_and_cannot_talk_to_a_terminal),
        cmocka_unit_test(a_parser_that_falls_is_a_malformed_document),
        cmocka_unit_test(a_job_opens_nothing_and_is_ended_when_it_asks_for_the_network),
        cmocka_unit_test(memory_time_and_talk_are_bounded_and_the_fault_names_which),
        cmocka_unit_test(a_document_that_is_too_large_is_not_even_tried),
        cmocka_unit_test(a_captured_worker_cannot_speak_for_the_node),
        cmocka_unit_test(a_sink_that_has_had_enough_ends_the_job),
        cmocka_unit_test(many_threads_ask_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
