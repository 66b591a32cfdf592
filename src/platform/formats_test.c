/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats read in a worker say the same as in this process, and only the file suffers from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/formats.h"

/* A format of lines: `+` entries, `!` an error, `?` a warning, `x` the parser falls. */
static bool is_lines(km_str text)
{
    return km_str_starts(text, KM_STR("lines\n"));
}

static km_code tell_line(const km_format_sink *sink, int64_t number, km_str line)
{
    km_fault f = { 0 };
    if (km_str_starts(line, KM_STR("+")))
        return sink->entries(sink->self, &(km_piece){ number, line, km_str_sub(line, 1, line.n) });
    assert(!km_str_starts(line, KM_STR("x")));
    if (km_str_starts(line, KM_STR("!")) || km_str_starts(line, KM_STR("?"))) {
        (void)km_fail(&f, KM_INVALID, "line", "%d", (int)number);
        km_fault_at(&f, (uint32_t)number, 0);
        sink->problem(sink->self, line.p[0] == '!', &f);
    }
    return KM_OK;
}

static km_code records(const km_document *doc, const km_format_sink *sink, km_call *call)
{
    int64_t number = 1;
    for (km_str left = doc->text; left.n > 0; number++) {
        km_str line = km_str_cut(left, '\n', &left);
        if (km_str_is(line, "path")) {
            km_piece piece = { .line = number, .json = doc->path };
            KM_TRY(sink->entries(sink->self, &piece));
            continue;
        }
        if (km_str_is(line, "end"))
            return km_fail(call->fault, KM_UNSUPPORTED, "end", "no more");
        KM_TRY(tell_line(sink, number, line));
    }
    return KM_OK;
}

static km_code explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    (void)f;
    *errors = 3;
    for (int i = 0; i < 20000; i++)
        fprintf(out, "%s %d %zu\n", japanese ? "行" : "line", i, text.n);
    return KM_OK;
}

static const km_format lines = {
    .name = "lines", .is = is_lines, .records = records, .explain = explain
};
static const km_format *const formats[] = { &lines, NULL };
static const km_service service = { .name = "lines", .formats = formats };
static const km_service *const services[] = { &service, NULL };

/* --- both ways --- */

static km_jobs *jobs;
static km_job_def def;
static const km_job_def *const defs[] = { &def, NULL };

static int set_up(void **state)
{
    km_fault f = { 0 };
    (void)state;
    def = km_format_job(services);
    assert_int_equal(km_jobs_start(&jobs, defs, NULL, &f), KM_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    km_jobs_stop(jobs);
    return 0;
}

typedef struct said {
    km_arena *arena;
    km_buf text;
    km_fault fault;
    int64_t stop_at; /* the line whose entries are not taken */
} said;

static km_code take(void *self, const km_piece *piece)
{
    said *s = self;
    km_buf_print(&s->text, "%lld:%.*s(%.*s);", (long long)piece->line, KM_STR_ARG(piece->json),
                 KM_STR_ARG(piece->source));
    return piece->line == s->stop_at ? KM_CANCELLED : KM_OK;
}

static void note(void *self, bool error, const km_fault *f)
{
    said *s = self;
    km_buf_print(&s->text, "%u%s%s %s;", f->line, error ? "!" : "?", f->path, f->detail);
}

static km_code read_lines(said *s, km_jobs *with, const char *text, int64_t stop_at)
{
    *s = (said){ .arena = km_arena_new(1 << 20), .stop_at = stop_at };
    s->text = km_buf_in(s->arena);
    km_format_sink sink = { take, note, s };
    km_call call = {
        .arena = s->arena, .fault = &s->fault, .clock = &km_clock_real, .random = &km_random_real
    };
    km_document doc = { km_str_of(text), KM_STR("+a folder/and its file") };
    return km_format_records(&lines, with, &doc, &sink, &call);
}

static void check_both(const char *text, int64_t stop_at, km_code code)
{
    said here, there;
    assert_int_equal(read_lines(&here, NULL, text, stop_at), code);
    assert_int_equal(read_lines(&there, jobs, text, stop_at), code);
    assert_true(km_str_eq(km_buf_str(&here.text), km_buf_str(&there.text)));
    assert_string_equal(here.fault.path, there.fault.path);
    assert_string_equal(here.fault.detail, there.fault.detail);
    km_arena_free(here.arena);
    km_arena_free(there.arena);
}

static void a_worker_says_what_the_format_says_in_its_order(void **state)
{
    (void)state;
    check_both("lines\n+a\n!\n+b\n?\n+c\n", 0, KM_OK);
    check_both("lines\n", 0, KM_OK);
    check_both("lines\npath\n+a\n", 0, KM_OK);
    check_both("lines\n+a\nend\n+b\n", 0, KM_UNSUPPORTED);
    check_both("lines\n+a\n+b\n+c\n", 3, KM_CANCELLED);
}

static void a_file_that_the_parser_falls_over_hurts_nobody_else(void **state)
{
    said s;
    (void)state;
    assert_int_equal(read_lines(&s, jobs, "lines\n+a\nx\n+b\n", 0), KM_MALFORMED);
    assert_string_equal(s.fault.path, "document");
    assert_int_equal(s.text.n, 0); /* it was still gathered in the worker */
    km_arena_free(s.arena);
    assert_int_equal(read_lines(&s, jobs, "lines\n+a\n", 0), KM_OK);
    km_arena_free(s.arena);
}

static km_str explained(km_arena *a, km_jobs *with, bool japanese)
{
    char *text = NULL;
    size_t n = 0;
    int64_t errors = 0;
    km_fault f = { 0 };
    FILE *out = open_memstream(&text, &n);
    assert_int_equal(km_format_explain(&errors, out, &lines, with, KM_STR("lines\n"), japanese, &f),
                     KM_OK);
    fclose(out);
    assert_int_equal(errors, 3);
    km_str copy = km_arena_copy(a, (km_str){ text, n });
    free(text);
    return copy;
}

static void words_arrive_whole_and_in_the_language_asked_for(void **state)
{
    km_arena *a = km_arena_new((size_t)8 << 20);
    (void)state;
    for (int japanese = 0; japanese < 2; japanese++) {
        km_str here = explained(a, NULL, japanese), there = explained(a, jobs, japanese);
        assert_true(here.n > 200000 && km_str_eq(here, there));
    }
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_says_what_the_format_says_in_its_order),
        cmocka_unit_test(a_file_that_the_parser_falls_over_hurts_nobody_else),
        cmocka_unit_test(words_arrive_whole_and_in_the_language_asked_for),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
