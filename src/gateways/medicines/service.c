/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the format that the gateway brings. A text is one piece: a notebook page or a
 * prescription of which half is missing helps nobody.
 */
#include "gateways/medicines/inside.h"

#include "platform/explain.h"

enum { ARENA = 1 << 28 };

static km_code reprint(km_buf *out, km_str text, km_fault *f)
{
    (void)f;
    km_rows_reprint(out, text, false);
    return KM_OK;
}

static km_code explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    km_arena *a = km_arena_new(ARENA);
    km_jahis *doc = KM_NEW(a, km_jahis);
    km_explaining e = { .out = out,
                        .ja = japanese,
                        .arena = a,
                        .findings = km_findings_new(a),
                        .utf8 = km_str_is_utf8(text, NULL) };
    km_judge j = { .tell = km_findings_keep, .self = e.findings, .arena = a };
    km_jahis_open(doc, text);
    km_code rc = km_jahis_check(&j, doc, f);
    if (rc == KM_OK) {
        km_jahis_rows rows = { .of = doc };
        km_row row;
        while (km_jahis_next(&row, &rows))
            km_explain_row(&e, km_jahis_record(j.layout, &row), &row);
        km_explain_end(&e, &j);
    }
    *errors = j.errors;
    km_arena_free(a);
    return rc;
}

static km_code tell(const km_document *from, const km_jahis *doc, const km_format_sink *sink,
                    km_arena *a, km_fault *f)
{
    km_med_text *t = KM_NEW(a, km_med_text);
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_medicines__read(t, doc, from->text, a);
    km_jw_open(&w, '[');
    if (doc->kind == KM_JAHIS_NOTEBOOK)
        km_medicines__notebook(&w, t);
    else
        km_medicines__prescription(&w, t);
    km_jw_close(&w, ']');
    if (km_arena_over(a))
        return km_fail(f, KM_TOO_LONG, "JAHIS", "this text is larger than allowed");
    km_piece piece = { 1, km_str_sub(km_buf_str(&out), 1, out.n - 2), KM_STR_NONE };
    return sink->entries(sink->self, &piece);
}

static km_code records(const km_document *from, const km_format_sink *sink, km_call *call)
{
    km_arena *a = km_arena_new(ARENA);
    km_jahis *doc = KM_NEW(a, km_jahis);
    km_format_sink copy = *sink;
    km_judge j = { .tell = km_format_hear, .self = &copy, .arena = a };
    km_jahis_open(doc, from->text);
    km_code rc = km_jahis_check(&j, doc, call->fault);
    if (rc == KM_OK && j.errors == 0)
        rc = tell(from, doc, sink, a, call->fault);
    km_arena_free(a);
    return rc;
}

static bool is_notebook(km_str text)
{
    return km_jahis_is(text) && km_jahis_kind_of(text) == KM_JAHIS_NOTEBOOK;
}

const km_format km_format_jahis = { .name = "jahis",
                                    .about = "medicine notebook (JAHIS)",
                                    .about_ja = "お薬手帳 (JAHIS)",
                                    .is = is_notebook,
                                    .reprint = reprint,
                                    .explain = explain,
                                    .records = records,
                                    .write = km_medicines__write_notebook };

const km_format km_format_jahis_rx = { .name = "jahis-rx",
                                       .about = "prescription symbol (JAHIS)",
                                       .about_ja = "処方箋２次元シンボル (JAHIS)",
                                       .is = km_jahis_is,
                                       .reprint = reprint,
                                       .explain = explain,
                                       .records = records,
                                       .write = km_medicines__write_prescription };

static const km_format *const formats[] = { &km_format_jahis, &km_format_jahis_rx, NULL };

const km_service km_gateway_medicines = { .name = "medicines", .formats = formats };
