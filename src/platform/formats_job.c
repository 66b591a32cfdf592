/* SPDX-License-Identifier: Apache-2.0
 *
 * formats_job: a format read in a worker. What its sink would hear is said through the pipe, and
 * heard by the sink on the other side.
 */
#include "platform/formats.h"

enum { ENTRIES = 1, WARNING, ERROR, TEXT, COUNT };
enum { ARENA = 1 << 28, STREAM = 1 << 16 };

/* --- in the worker --- */

static km_code say_entries(void *self, int64_t line, km_str json)
{
    km_job_say(self, ENTRIES, line, json);
    return KM_OK;
}

static void say_problem(void *self, bool error, const km_fault *f)
{
    km_job_say(self, error ? ERROR : WARNING, 0, (km_str){ (const char *)f, sizeof *f });
}

static km_code say_records(km_job *j, const km_format *format, km_str text, km_fault *f)
{
    km_format_sink sink = { say_entries, say_problem, j };
    km_arena *a = km_arena_new(ARENA);
    km_call call = { .arena = a, .fault = f, .clock = &km_clock_real, .random = &km_random_real };
    km_code rc = format->records(text, &sink, &call);
    km_arena_free(a);
    return rc;
}

static ssize_t say_text(void *self, const char *p, size_t n)
{
    km_job_say(self, TEXT, 0, (km_str){ p, n });
    return (ssize_t)n;
}

static km_code say_explained(km_job *j, const km_format *format, km_str text, bool japanese,
                             km_fault *f)
{
    static char room[STREAM]; /* of the one stream of this process */
    int64_t errors = 0;
    FILE *out = fopencookie(j, "w", (cookie_io_functions_t){ .write = say_text });
    if (out == NULL)
        return km_fail(f, KM_INTERNAL, format->name, "no stream");
    setvbuf(out, room, _IOFBF, sizeof room);
    km_code rc = format->explain(&errors, out, text, japanese, f);
    fclose(out);
    km_job_say(j, COUNT, errors, KM_STR_NONE);
    return rc;
}

static const km_format *format_named(const km_service *const *services, km_str name)
{
    for (; *services != NULL; services++)
        for (const km_format *const *f = (*services)->formats; f != NULL && *f != NULL; f++)
            if (km_str_is(name, (*f)->name))
                return *f;
    return NULL;
}

/* how: "records NAME", "ja NAME", "en NAME" */
static km_code run(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    km_str name, what = km_str_cut(how, ' ', &name);
    const km_format *format = format_named(self, name);
    if (format == NULL)
        return km_fail(f, KM_INTERNAL, "format", NULL);
    return km_str_is(what, "records") ? say_records(j, format, in, f)
                                      : say_explained(j, format, in, km_str_is(what, "ja"), f);
}

km_job_def km_format_job(const km_service *const *services)
{
    return (km_job_def){ "document", run, services };
}

/* --- on the other side --- */

static km_code hear_records(void *self, uint32_t kind, int64_t number, km_str bytes, km_fault *f)
{
    const km_format_sink *sink = self;
    km_fault told;
    if (kind == ENTRIES)
        return sink->entries(sink->self, number, bytes);
    if ((kind != WARNING && kind != ERROR) || !km_job_read_fault(&told, bytes))
        return km_fail(f, KM_MALFORMED, "document", "the parser answers nonsense");
    sink->problem(sink->self, kind == ERROR, &told);
    return KM_OK;
}

static km_str order(char text[KM_JOB_HOW_MAX], const char *what, const km_format *format)
{
    int n = snprintf(text, KM_JOB_HOW_MAX, "%s %s", what, format->name);
    return (km_str){ text, n > 0 && n < KM_JOB_HOW_MAX ? (size_t)n : 0 };
}

km_code km_format_records(const km_format *format, km_jobs *jobs, km_str text,
                          const km_format_sink *sink, km_call *call)
{
    char how[KM_JOB_HOW_MAX];
    km_format_sink copy = *sink;
    km_job_sink ours = { hear_records, &copy };
    if (jobs == NULL)
        return format->records(text, sink, call);
    return km_jobs_run(jobs, "document", order(how, "records", format), text, &ours, call->fault);
}

typedef struct explained {
    FILE *out;
    int64_t errors;
} explained;

static km_code hear_explained(void *self, uint32_t kind, int64_t number, km_str bytes, km_fault *f)
{
    explained *e = self;
    (void)f;
    if (kind == COUNT)
        e->errors = number;
    else if (kind == TEXT)
        fwrite(bytes.p, 1, bytes.n, e->out);
    return KM_OK;
}

km_code km_format_explain(int64_t *errors, FILE *out, const km_format *format, km_jobs *jobs,
                          km_str text, bool japanese, km_fault *f)
{
    char how[KM_JOB_HOW_MAX];
    explained e = { out, 0 };
    km_job_sink sink = { hear_explained, &e };
    if (jobs == NULL)
        return format->explain(errors, out, text, japanese, f);
    km_code rc = km_jobs_run(jobs, "document", order(how, japanese ? "ja" : "en", format), text,
                             &sink, f);
    *errors = e.errors;
    return rc;
}
