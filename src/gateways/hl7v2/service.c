/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the format that the gateway brings. A message is a piece: it becomes records whole, or
 * not at all, and the next one goes on.
 */
#include "gateways/hl7v2/inside.h"

#include "platform/explain.h"

enum { ARENA = 1 << 28 };

static km_code reprint(km_buf *out, km_str text, km_fault *f)
{
    (void)f;
    km_hl7_reprint(out, text);
    return KM_OK;
}

/* --- in words --- */

static void explain_segment(km_explaining *e, const km_hl7 *m, const km_layout *l,
                            const km_hl7_segment *s)
{
    km_row *row = KM_NEW(e->arena, km_row);
    *row = (km_row){ .line = s->line, .fields = s->n };
    for (uint32_t i = 0; i < s->n; i++)
        row->field[i] = i == 0 ? s->field[0] : km_hl7_text(m, e->arena, s->field[i], NULL);
    km_explain_row(e, km_layout_find(l, s->field[0]), row);
}

static km_code explain_message(km_explaining *e, const km_hl7 *m, km_judge *j, km_fault *f)
{
    km_hl7_segments segments = km_hl7_segments_of(m);
    km_hl7_segment s;
    KM_TRY(km_hl7_check(j, m, f));
    while (km_hl7_next(&s, &segments)) {
        km_arena_mark here = km_arena_here(e->arena);
        explain_segment(e, m, j->layout, &s);
        km_arena_back(e->arena, here);
    }
    return KM_OK;
}

static km_code explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    km_arena *a = km_arena_new(ARENA);
    km_explaining e = {
        .out = out, .ja = japanese, .arena = a, .findings = km_findings_new(a), .utf8 = true
    };
    km_judge j = { .tell = km_findings_keep, .self = e.findings, .arena = a };
    km_hl7_texts texts = { .text = text };
    km_hl7 m;
    km_code rc = KM_OK;
    while (rc == KM_OK && km_hl7_next_message(&m, &texts))
        rc = explain_message(&e, &m, &j, f);
    if (rc == KM_OK)
        km_explain_end(&e, &j);
    *errors = j.errors;
    km_arena_free(a);
    return rc;
}

/* --- as records --- */

static km_code tell_message(const km_document *doc, const km_hl7 *hl7, const km_format_sink *sink,
                            km_arena *a, km_fault *f)
{
    km_format_sink copy = *sink;
    km_judge j = { .tell = km_format_hear, .self = &copy, .arena = a };
    km_message *m = KM_NEW(a, km_message);
    km_ssmix2 place = km_hl7v2__place(doc->path);
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    KM_TRY(km_hl7_check(&j, hl7, f));
    km_hl7v2__read(m, hl7, a);
    if (j.errors > 0 || (place.is && !km_hl7v2__fits(&place, &j, m)))
        return KM_OK;
    m->deleted = place.is && km_str_is(place.flag, "0");
    km_jw_open(&w, '[');
    km_hl7v2__person(&w, m);
    bool known = km_hl7v2__orders(&w, m);
    km_jw_close(&w, ']');
    if (!known)
        km_judge_say(&j, hl7->line, NULL, NULL, 0, "message-unknown");
    if (km_arena_over(a))
        return km_fail(f, KM_TOO_LONG, "MSH", "this message is larger than allowed");
    km_piece piece = { hl7->line, km_str_sub(km_buf_str(&out), 1, out.n - 2), hl7->text };
    return sink->entries(sink->self, &piece);
}

static km_code records(const km_document *doc, const km_format_sink *sink, km_call *call)
{
    km_arena *a = km_arena_new(ARENA);
    km_hl7_texts texts = { .text = doc->text };
    km_hl7 m;
    km_code rc = KM_OK;
    while (rc == KM_OK && km_hl7_next_message(&m, &texts)) {
        rc = tell_message(doc, &m, sink, a, call->fault);
        km_arena_reset(a);
    }
    km_arena_free(a);
    return rc;
}

const km_format km_format_hl7v2 = { .name = "hl7v2",
                                    .about = "HL7 v2 messages, SS-MIX2 storage",
                                    .about_ja = "HL7 v2 メッセージ・SS-MIX2 標準化ストレージ",
                                    .is = km_hl7_is,
                                    .reprint = reprint,
                                    .explain = explain,
                                    .records = records };

static const km_format *const formats[] = { &km_format_hl7v2, NULL };

const km_service km_gateway_hl7v2 = { .name = "hl7v2", .formats = formats };
