/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the format that the gateway brings. A row of data is a piece.
 */
#include "gateways/care/inside.h"

#include "platform/explain.h"

enum { ARENA = 1 << 28 };

static km_code reprint(km_buf *out, km_str text, km_fault *f)
{
    (void)f;
    km_rows_reprint(out, text, true);
    return KM_OK;
}

static km_code explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    km_arena *a = km_arena_new(ARENA);
    km_life l;
    km_row *row = KM_NEW(a, km_row);
    km_explaining e = { .out = out, .ja = japanese, .arena = a, .findings = km_findings_new(a) };
    km_judge j = { .tell = km_findings_keep, .self = e.findings, .arena = a };
    km_code rc = km_care__open(&l, &j, text, f);
    e.utf8 = l.utf8;
    while (rc == KM_OK && km_care__next(row, &l, a)) {
        km_judge_row(&j, &l.columns, row);
        km_explain_row(&e, &l.columns, row);
    }
    if (rc == KM_OK)
        km_explain_end(&e, &j);
    *errors = j.errors;
    km_arena_free(a);
    return rc;
}

static km_code tell_row(const km_life *l, const km_row *row, const km_format_sink *sink,
                        km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_jw_open(&w, '[');
    km_care__row(&w, l, row, a);
    km_jw_close(&w, ']');
    km_piece piece = { row->line,
                       km_str_sub(km_buf_str(&out), 1, out.n - 2),
                       { row->raw.p, row->raw.n + row->ending.n } };
    return sink->entries(sink->self, &piece);
}

static km_code records(const km_document *doc, const km_format_sink *sink, km_call *call)
{
    km_arena *a = km_arena_new(ARENA), *one = km_arena_new(ARENA);
    km_life l;
    km_row *row = KM_NEW(a, km_row);
    km_format_sink copy = *sink;
    km_judge j = { .tell = km_format_hear, .self = &copy, .arena = a };
    km_code rc = km_care__open(&l, &j, doc->text, call->fault);
    bool sound = j.errors == 0;
    while (rc == KM_OK && sound && km_care__next(row, &l, one)) {
        int64_t before = j.errors;
        km_judge_row(&j, &l.columns, row);
        if (j.errors == before)
            rc = tell_row(&l, row, sink, one);
        km_arena_reset(one);
    }
    km_arena_free(one);
    km_arena_free(a);
    return rc;
}

const km_format km_format_life = { .name = "life",
                                   .about = "evidence-based long-term care (LIFE CSV)",
                                   .about_ja = "科学的介護情報システム (LIFE) CSV",
                                   .is = km_care__is,
                                   .reprint = reprint,
                                   .explain = explain,
                                   .records = records };

static const km_format *const formats[] = { &km_format_life, NULL };

const km_service km_gateway_care = { .name = "care", .formats = formats };
