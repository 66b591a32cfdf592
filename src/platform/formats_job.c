/* SPDX-License-Identifier: Apache-2.0
 *
 * formats_job: a format read in a worker. What its sink would hear is said through the pipe, and
 * heard by the sink on the other side.
 */
#include "platform/formats.h"

enum { SOURCE = 1, ENTRIES, WARNING, ERROR, TEXT, COUNT };
enum { ARENA = 1 << 28, STREAM = 1 << 16 };

/* --- in the worker --- */

typedef struct saying {
    km_job *job;
    km_str text;
} saying;

/* Where the source of the next entries stands in the document, which both sides have. */
typedef struct extent {
    uint64_t from, n;
} extent;

static km_code say_entries(void *self, const km_piece *piece)
{
    saying *s = self;
    extent e = { 0 };
    if (piece->source.n > 0)
        e = (extent){ (uint64_t)(piece->source.p - s->text.p), piece->source.n };
    km_job_say(s->job, SOURCE, 0, (km_str){ (const char *)&e, sizeof e });
    km_job_say(s->job, ENTRIES, piece->line, piece->json);
    return KM_OK;
}

static void say_problem(void *self, bool error, const km_fault *f)
{
    saying *s = self;
    km_job_say(s->job, error ? ERROR : WARNING, 0, (km_str){ (const char *)f, sizeof *f });
}

static km_code say_records(km_job *j, const km_format *format, const km_document *doc, km_fault *f)
{
    saying s = { j, doc->text };
    km_format_sink sink = { say_entries, say_problem, &s };
    km_arena *a = km_arena_new(ARENA);
    km_call call = { .arena = a, .fault = f, .clock = &km_clock_real, .random = &km_random_real };
    km_code rc = format->records(doc, &sink, &call);
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

/* how: "records NAME PATH", "ja NAME ", "en NAME " */
static km_code run(const void *self, km_job *j, km_str how, km_str in, km_fault *f)
{
    km_str rest, path, what = km_str_cut(how, ' ', &rest);
    const km_format *format = km_format_named(self, km_str_cut(rest, ' ', &path));
    km_document doc = { in, path };
    if (format == NULL)
        return km_fail(f, KM_INTERNAL, "format", NULL);
    return km_str_is(what, "records") ? say_records(j, format, &doc, f)
                                      : say_explained(j, format, in, km_str_is(what, "ja"), f);
}

km_job_def km_format_job(const km_service *const *services)
{
    return (km_job_def){ "document", run, services };
}

/* --- on the other side --- */

typedef struct hearing {
    const km_format_sink *sink;
    km_str text, source;
} hearing;

static bool hear_source(hearing *h, km_str bytes)
{
    extent e;
    if (bytes.n != sizeof e)
        return false;
    memcpy(&e, bytes.p, sizeof e);
    if (e.from > h->text.n || e.n > h->text.n - e.from)
        return false;
    h->source = (km_str){ h->text.p + e.from, (size_t)e.n };
    return true;
}

static km_code hear_records(void *self, uint32_t kind, int64_t number, km_str bytes, km_fault *f)
{
    hearing *h = self;
    km_fault told;
    if (kind == SOURCE && hear_source(h, bytes))
        return KM_OK;
    if (kind == ENTRIES)
        return h->sink->entries(h->sink->self, &(km_piece){ number, bytes, h->source });
    if ((kind != WARNING && kind != ERROR) || !km_job_read_fault(&told, bytes))
        return km_fail(f, KM_MALFORMED, "document", "the parser answers nonsense");
    h->sink->problem(h->sink->self, kind == ERROR, &told);
    return KM_OK;
}

static km_str order(char text[KM_JOB_HOW_MAX], const char *what, const km_format *format,
                    km_str path)
{
    if (path.n > KM_DOCUMENT_PATH)
        path = km_str_sub(path, path.n - KM_DOCUMENT_PATH, KM_DOCUMENT_PATH);
    int n = snprintf(text, KM_JOB_HOW_MAX, "%s %s %.*s", what, format->name, KM_STR_ARG(path));
    return (km_str){ text, n > 0 && n < KM_JOB_HOW_MAX ? (size_t)n : 0 };
}

km_code km_format_records(const km_format *format, km_jobs *jobs, const km_document *doc,
                          const km_format_sink *sink, km_call *call)
{
    char how[KM_JOB_HOW_MAX];
    hearing h = { sink, doc->text, KM_STR_NONE };
    km_job_sink ours = { hear_records, &h };
    if (jobs == NULL)
        return format->records(doc, sink, call);
    return km_jobs_run(jobs, "document", order(how, "records", format, doc->path), doc->text, &ours,
                       call->fault);
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
    km_code rc = km_jobs_run(
        jobs, "document", order(how, japanese ? "ja" : "en", format, KM_STR_NONE), text, &sink, f);
    *errors = e.errors;
    return rc;
}
