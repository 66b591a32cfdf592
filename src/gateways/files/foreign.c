/* SPDX-License-Identifier: Apache-2.0
 *
 * foreign: files in a format that another gateway brings. What is wrong in the file is reported at
 * its line; what the format makes of it goes to the pieces.
 */
#include "gateways/files/inside.h"

enum { ARENA = 1 << 28 };

typedef struct foreign {
    km_importing *im;
    const char *path;
    km_pieces *pieces; /* NULL: a dry run */
} foreign;

static km_code take(void *self, const km_piece *piece)
{
    foreign *o = self;
    km_code rc = o->pieces == NULL ? KM_OK : km_pieces__add(o->pieces, piece);
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
                           int32_t source, bool again)
{
    foreign o = { im, path, NULL };
    km_format_sink sink = { take, note, &o };
    km_fault f = { 0 };
    km_arena *a = km_arena_new(ARENA);
    km_call call = {
        .arena = a, .fault = &f, .clock = im->node->clock, .random = im->node->random
    };
    km_code rc = KM_OK, flushed = KM_OK;
    km_document doc = { text, km_str_of(path) };
    if (!im->dry)
        o.pieces = km_pieces__open(im, path, text, format->name, source, again);
    if (format->records == NULL)
        (void)km_fail(&f, KM_UNSUPPORTED, format->name, "this format makes no records");
    else
        rc = km_format_records(format, im->node->config->jobs, &doc, &sink, &call);
    if (o.pieces != NULL) {
        flushed = km_pieces__flush(o.pieces);
        km_pieces__close(o.pieces);
    }
    if (f.code != KM_OK)
        km_report__refuse(im->report, path, f.line, &f);
    km_arena_free(a);
    return rc == KM_STORE || flushed == KM_STORE ? KM_STORE : KM_OK;
}
