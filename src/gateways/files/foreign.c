/* SPDX-License-Identifier: Apache-2.0
 *
 * foreign: files in a format that another gateway brings. Each piece that the format makes (a
 * claim, a message) is a transaction of its own; what is wrong in the file is reported at its line.
 */
#include "gateways/files/inside.h"

enum { ARENA = 1 << 28 };

typedef struct foreign {
    km_importing *im;
    const char *path;
    int32_t source;
} foreign;

static km_code take(void *self, const km_piece *piece)
{
    foreign *o = self;
    if (o->im->dry)
        return KM_OK;
    km_arena *a = km_arena_new((size_t)1 << 31);
    km_buf text = km_buf_in(a);
    km_buf_z(&text, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
    km_buf_add(&text, piece->json);
    km_buf_z(&text, "]}");
    km_code rc = km_whole__made(o->im, o->path, piece->line, km_buf_str(&text), o->source);
    km_arena_free(a);
    return rc == KM_OK && km_stop_asked() ? KM_CANCELLED : rc;
}

static void note(void *self, bool error, const km_fault *f)
{
    foreign *o = self;
    if (error)
        km_report__refuse(o->im->report, o->path, f->line, f);
    else
        o->im->report->warned++;
}

km_code km_foreign__import(km_importing *im, const char *path, km_str text, const km_format *format,
                           int32_t source)
{
    foreign o = { im, path, source };
    km_format_sink sink = { take, note, &o };
    km_fault f = { 0 };
    km_arena *a = km_arena_new(ARENA);
    km_call call = {
        .arena = a, .fault = &f, .clock = im->node->clock, .random = im->node->random
    };
    km_code rc = KM_OK;
    km_document doc = { text, km_str_of(path) };
    if (format->records == NULL)
        (void)km_fail(&f, KM_UNSUPPORTED, format->name, "this format makes no records");
    else
        rc = km_format_records(format, im->node->config->jobs, &doc, &sink, &call);
    if (f.code != KM_OK)
        km_report__refuse(im->report, path, f.line, &f);
    km_arena_free(a);
    return rc == KM_STORE ? rc : KM_OK;
}
