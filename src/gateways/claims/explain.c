/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: a claim file in words. Findings are gathered first and printed below their line; the
 * text is read a second time rather than kept.
 */
#include <stdlib.h>

#include "gateways/claims/inside.h"

enum { ARENA = 1 << 28, SHOWN = 100000 };

typedef struct finding {
    km_receden_problem said;
} finding;

typedef struct explaining {
    FILE *out;
    km_arena *arena;
    bool ja;
    finding *found;
    size_t n, next, room;
} explaining;

static void keep(void *self, const km_receden_problem *p)
{
    explaining *e = self;
    if (e->n < e->room)
        e->found[e->n++].said = *p;
}

static int by_line(const void *x, const void *y)
{
    const km_receden_problem *a = &((const finding *)x)->said, *b = &((const finding *)y)->said;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->field > b->field) - (a->field < b->field);
}

static void print_finding(const explaining *e, const km_receden_problem *p)
{
    km_str field = e->ja ? p->field_ja : p->field_en;
    fprintf(e->out, "      %s",
            p->error ? (e->ja ? "× 誤り" : "x error") : (e->ja ? "△ 注意" : "! warning"));
    if (p->field > 0)
        fprintf(e->out, e->ja ? " 項目%u %.*s" : " field %u %.*s", p->field, KM_STR_ARG(field));
    fprintf(e->out, ": %.*s [%.*s]\n", KM_STR_ARG(e->ja ? p->ja : p->en), KM_STR_ARG(p->reason));
}

/* Control characters would talk to the terminal. */
static void print_text(const explaining *e, km_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool c1 = c == 0xC2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xA0;
        if (c1)
            i++;
        fputc(c < 0x20 || c == 0x7F || c1 ? '?' : c, e->out);
    }
}

static void print_field(explaining *e, const km_layout_record *r, uint32_t i, km_str bytes)
{
    bool whole;
    const km_layout_field *f = r != NULL ? km_layout_at(r, i) : NULL;
    km_arena_mark here = km_arena_here(e->arena);
    km_str text = km_field_text(&whole, e->arena, bytes);
    if (f != NULL)
        fprintf(e->out, "   %3u %.*s: ", i, KM_STR_ARG(e->ja ? f->ja : f->en));
    else
        fprintf(e->out, e->ja ? "   %3u （名称不明の項目）: " : "   %3u (no name known): ", i);
    print_text(e, text);
    km_str meaning = f != NULL ? km_layout_meaning(f, bytes) : KM_STR_NONE;
    if (meaning.n > 0)
        fprintf(e->out, " (%.*s)", KM_STR_ARG(meaning));
    fputc('\n', e->out);
    km_arena_back(e->arena, here);
}

static void print_row(explaining *e, const km_layout *l, const km_row *row)
{
    const km_layout_record *r = km_layout_find(l, row->field[0]);
    fprintf(e->out, e->ja ? "%u 行 " : "line %u ", row->line);
    print_text(e, km_str_sub(row->field[0], 0, 8));
    if (r != NULL)
        fprintf(e->out, " %.*s", KM_STR_ARG(e->ja ? r->ja : r->en));
    fputc('\n', e->out);
    for (uint32_t i = 1; i < row->fields; i++)
        if (row->field[i].n > 0)
            print_field(e, r, i, row->field[i]);
    for (; e->next < e->n && e->found[e->next].said.line <= row->line; e->next++)
        print_finding(e, &e->found[e->next].said);
}

static void print_sums(const explaining *e, const km_receden_sums *s)
{
    fprintf(e->out,
            e->ja ? "%s: %lld レコード、%lld レセプト、誤り %lld、注意 %lld\n"
                  : "%s: %lld records, %lld claims, %lld errors, %lld warnings\n",
            km_receden_kind_name(s->kind, e->ja), (long long)s->records, (long long)s->claims,
            (long long)s->errors, (long long)s->warnings);
}

km_code km_claims__explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    km_layout *layout = NULL;
    km_receden_sums sums = { 0 };
    explaining e = { .out = out, .ja = japanese, .arena = km_arena_new(ARENA), .room = SHOWN };
    e.found = KM_NEW_ARRAY(e.arena, SHOWN, finding);
    km_receden_teller teller = { keep, &e };
    km_code rc = km_receden_check(&sums, e.arena, text, teller, f);
    if (rc == KM_OK)
        rc = km_receden_layout(&layout, e.arena, text, f);
    if (rc == KM_OK) {
        km_rows rows = { .text = text };
        km_row row;
        if (e.n > 0)
            qsort(e.found, e.n, sizeof *e.found, by_line);
        while (km_rows_next(&row, &rows))
            print_row(&e, layout, &row);
        for (; e.next < e.n; e.next++)
            print_finding(&e, &e.found[e.next].said);
        print_sums(&e, &sums);
    }
    *errors = sums.errors;
    km_arena_free(e.arena);
    return rc;
}
