/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: see explain.h.
 */
#include "platform/explain.h"

#include <stdlib.h>

km_findings *km_findings_new(km_arena *a)
{
    km_findings *f = KM_NEW(a, km_findings);
    f->found = KM_NEW_ARRAY(a, KM_FINDINGS_KEPT, km_finding);
    return f;
}

void km_findings_keep(void *self, const km_finding *f)
{
    km_findings *all = self;
    if (all->n < KM_FINDINGS_KEPT)
        all->found[all->n++] = *f;
    else
        all->more++;
}

static int by_line(const void *x, const void *y)
{
    const km_finding *a = x, *b = y;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->field > b->field) - (a->field < b->field);
}

static void print_finding(const km_explaining *e, const km_finding *f)
{
    km_str field = e->ja ? f->field_ja : f->field_en;
    fprintf(e->out, "      %s",
            f->error ? (e->ja ? "× 誤り" : "x error") : (e->ja ? "△ 注意" : "! warning"));
    if (f->field > 0)
        fprintf(e->out, e->ja ? " 項目%u %.*s" : " field %u %.*s", f->field, KM_STR_ARG(field));
    else if (f->record.n > 0)
        fprintf(e->out, " %.*s", KM_STR_ARG(f->record));
    fprintf(e->out, ": %.*s [%.*s]\n", KM_STR_ARG(e->ja ? f->ja : f->en), KM_STR_ARG(f->reason));
}

/* Control characters would talk to the terminal. */
static void print_text(const km_explaining *e, km_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool c1 = c == 0xC2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xA0;
        if (c1)
            i++;
        fputc(c < 0x20 || c == 0x7F || c1 ? '?' : c, e->out);
    }
}

static void print_field(km_explaining *e, const km_layout_record *r, uint32_t i, km_str bytes)
{
    bool whole;
    const km_layout_field *f = r != NULL ? km_layout_at(r, i) : NULL;
    km_arena_mark here = km_arena_here(e->arena);
    if (f != NULL)
        fprintf(e->out, "   %3u %.*s: ", i, KM_STR_ARG(e->ja ? f->ja : f->en));
    else
        fprintf(e->out, e->ja ? "   %3u （名称不明の項目）: " : "   %3u (no name known): ", i);
    print_text(e, e->utf8 ? bytes : km_field_text(&whole, e->arena, bytes));
    km_str meaning = f != NULL ? km_layout_meaning(f, bytes) : KM_STR_NONE;
    if (meaning.n > 0)
        fprintf(e->out, " (%.*s)", KM_STR_ARG(meaning));
    fputc('\n', e->out);
    km_arena_back(e->arena, here);
}

static void print_until(km_explaining *e, uint32_t line)
{
    km_findings *f = e->findings;
    if (f->shown == 0 && f->n > 1)
        qsort(f->found, f->n, sizeof *f->found, by_line);
    for (; f->shown < f->n && f->found[f->shown].line <= line; f->shown++)
        print_finding(e, &f->found[f->shown]);
}

void km_explain_row(km_explaining *e, const km_layout_record *record, const km_row *row)
{
    fprintf(e->out, e->ja ? "%u 行 " : "line %u ", row->line);
    print_text(e, km_str_sub(row->field[0], 0, 10));
    if (record != NULL)
        fprintf(e->out, " %.*s", KM_STR_ARG(e->ja ? record->ja : record->en));
    fputc('\n', e->out);
    for (uint32_t i = 1; i < row->fields; i++)
        if (row->field[i].n > 0)
            print_field(e, record, i, row->field[i]);
    print_until(e, row->line);
}

void km_explain_rest(km_explaining *e)
{
    print_until(e, UINT32_MAX);
    if (e->findings->more > 0)
        fprintf(e->out, e->ja ? "（ほかに %lld 件）\n" : "(and %lld more)\n",
                (long long)e->findings->more);
}

void km_explain_end(km_explaining *e, const km_judge *j)
{
    km_explain_rest(e);
    fprintf(e->out, e->ja ? "誤り %lld、注意 %lld\n" : "%lld errors, %lld warnings\n",
            (long long)j->errors, (long long)j->warnings);
}
