/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: a claim file in words. Findings are gathered first and printed below their line; the
 * text is read a second time rather than kept.
 */
#include "gateways/claims/inside.h"
#include "platform/explain.h"

enum { ARENA = 1 << 28 };

static void print_sums(const km_explaining *e, const km_receden_sums *s)
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
    km_arena *a = km_arena_new(ARENA);
    km_explaining e = { .out = out, .ja = japanese, .arena = a, .findings = km_findings_new(a) };
    km_receden_teller teller = { km_findings_keep, e.findings };
    km_code rc = km_receden_check(&sums, a, text, teller, f);
    if (rc == KM_OK)
        rc = km_receden_layout(&layout, a, text, f);
    if (rc == KM_OK) {
        km_rows rows = { .text = text };
        km_row row;
        while (km_rows_next(&row, &rows))
            km_explain_row(&e, km_layout_find(layout, row.field[0]), &row);
        km_explain_rest(&e);
        print_sums(&e, &sums);
    }
    *errors = sums.errors;
    km_arena_free(a);
    return rc;
}
