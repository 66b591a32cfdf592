/* SPDX-License-Identifier: Apache-2.0
 *
 * records: a claim file as FHIR, claim by claim. The file is checked first; a claim with an error
 * in one of its lines is refused as a whole, said with its line, and the next one goes on.
 */
#include "gateways/claims/claim.h"

enum { CLAIM_ROWS = 20000, ARENA = 1 << 28 };

typedef struct reading {
    const km_format_sink *sink;
    km_arena *arena; /* of one claim */
    uint8_t *wrong;  /* a bit for each line */
    size_t lines;
    km_claim_file file;
} reading;

static void hear(void *self, const km_finding *p)
{
    reading *r = self;
    km_format_sink sink = *r->sink;
    if (p->error && p->line < r->lines)
        r->wrong[p->line / 8] |= (uint8_t)(1 << p->line % 8);
    km_format_hear(&sink, p);
}

static bool is_wrong(const reading *r, uint32_t from, uint32_t to)
{
    for (uint32_t line = from; line < to; line++)
        if (line >= r->lines || (r->wrong[line / 8] >> line % 8 & 1) != 0)
            return true;
    return false;
}

static void refuse(reading *r, uint32_t line, const char *why)
{
    km_fault f = { 0 };
    (void)km_fail(&f, KM_INVALID, "RE", "%s", why);
    km_fault_at(&f, line, 0);
    r->sink->problem(r->sink->self, true, &f);
}

static km_code tell_claim(reading *r, km_str text, uint32_t from, uint32_t to)
{
    km_fault f = { 0 };
    km_arena_reset(r->arena);
    if (is_wrong(r, from, to) || to - from > CLAIM_ROWS) {
        refuse(r, from, "this claim is refused: one of its lines is wrong");
        return KM_OK;
    }
    km_claim *c = KM_NEW(r->arena, km_claim);
    *c = (km_claim){ .file = &r->file, .text = text, .line = from, .arena = r->arena };
    km_buf out = km_buf_in(r->arena);
    km_jw w = km_jw_on(&out);
    km_jw_open(&w, '[');
    if (km_claim__person(c, &w, &f) != KM_OK) {
        refuse(r, from, f.detail);
        return KM_OK;
    }
    km_claim__care(c, &w);
    km_jw_close(&w, ']');
    if (km_arena_over(r->arena)) {
        refuse(r, from, "this claim is larger than allowed");
        return KM_OK;
    }
    km_piece piece = { from, km_str_sub(km_buf_str(&out), 1, out.n - 2), text };
    return r->sink->entries(r->sink->self, &piece);
}

static km_code read_header(reading *r, km_str text, km_arena *a, km_fault *f)
{
    bool whole;
    km_rows rows = { .text = text };
    km_row row;
    if (!km_rows_next(&row, &rows) || km_claim_at(&row, 4).n != 7 || is_wrong(r, 1, 2)) {
        km_fault_at(f, 1, 0);
        return km_fail(f, KM_INVALID, "IR", "the institution is not told");
    }
    r->file.institution = km_arena_print(a, "%.*s%.*s%.*s", KM_STR_ARG(km_claim_at(&row, 2)),
                                         KM_STR_ARG(km_claim_at(&row, 3)),
                                         KM_STR_ARG(km_claim_at(&row, 4)));
    r->file.institution_id = km_entry_id(a, "Organization", &r->file.institution, 1);
    r->file.name = km_arena_copy(a, km_field_text(&whole, a, km_claim_at(&row, 6)));
    r->file.request_month = km_field_month(km_claim_at(&row, 7));
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_claim__organization(&r->file, &w);
    km_piece piece = { 1, km_buf_str(&out), text };
    (void)km_str_cut(text, '\n', &piece.source);
    piece.source = km_str_sub(text, 0, text.n - piece.source.n);
    return r->sink->entries(r->sink->self, &piece);
}

static km_code read_claims(reading *r, km_str text)
{
    km_rows rows = { .text = text };
    km_row row;
    const char *begin = NULL;
    uint32_t from = 0;
    for (bool more = true; more;) {
        more = km_rows_next(&row, &rows);
        bool starts = more && km_str_is(row.field[0], "RE");
        bool ends = !more || starts || km_str_is(row.field[0], "GO");
        const char *here = more ? row.raw.p : text.p + text.n - rows.tail.n;
        if (ends && begin != NULL) {
            uint32_t to = more ? row.line : rows.line + 1;
            KM_TRY(tell_claim(r, (km_str){ begin, (size_t)(here - begin) }, from, to));
            begin = NULL;
        }
        if (starts) {
            begin = here;
            from = row.line;
        }
    }
    return KM_OK;
}

static size_t count_lines(km_str text)
{
    size_t n = 2;
    for (km_str rest = text; rest.n > 0; n++)
        (void)km_str_cut(rest, '\n', &rest);
    return n;
}

km_code km_claims__records(const km_document *doc, const km_format_sink *sink, km_call *call)
{
    km_str text = doc->text;
    km_receden_sums sums;
    km_receden_kind kind = km_receden_kind_of(text);
    if (kind != KM_RECEDEN_MEDICAL && kind != KM_RECEDEN_DPC)
        return km_fail(call->fault, KM_UNSUPPORTED, km_receden_kind_name(kind, false),
                       "only medical and DPC claims become records so far");
    km_arena *own = km_arena_new(ARENA);
    reading r = { .sink = sink, .arena = km_arena_new(ARENA), .lines = count_lines(text) };
    r.wrong = KM_NEW_ARRAY(own, r.lines / 8 + 1, uint8_t);
    km_code rc = km_receden_check(&sums, own, text, (km_receden_teller){ hear, &r }, call->fault);
    if (rc == KM_OK)
        rc = read_header(&r, text, own, call->fault);
    if (rc == KM_OK)
        rc = read_claims(&r, text);
    km_arena_free(r.arena);
    km_arena_free(own);
    return rc;
}
