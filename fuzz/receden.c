/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: codec/receden
 *
 * Claim files: any bytes are cut and printed back as they were, checked to their end, and every
 * finding stands in the file.
 */
#include "codec/receden/receden.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void hear(void *self, const km_finding *p)
{
    const int64_t *lines = self;
    claim(p->line >= 1 && p->line <= *lines && p->ja.n > 0 && p->en.n > 0);
    claim(p->field < KM_ROW_FIELDS);
}

static int64_t cut(km_arena *a, km_str text, bool quoted)
{
    km_buf out = km_buf_in(a);
    km_rows rows = { .text = text, .quoted = quoted };
    km_row row;
    int64_t lines = 0;
    km_rows_reprint(&out, text, quoted);
    claim(km_str_eq(km_buf_str(&out), text));
    while (km_rows_next(&row, &rows)) {
        lines++;
        for (uint32_t i = 0; i < row.fields; i++) {
            bool whole;
            km_str plain = km_field_unquoted(a, row.field[i]);
            claim(plain.n <= row.field[i].n);
            km_str utf8 = km_field_text(&whole, a, plain);
            claim(km_str_is_utf8(utf8, NULL));
        }
    }
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    km_receden_sums sums;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)cut(a, text, true);
    int64_t lines = cut(a, text, false);
    if (lines == 0)
        lines = 1;
    km_receden_teller teller = { hear, &lines };
    claim(km_receden_check(&sums, a, text, teller, NULL) == KM_OK);
    km_arena_free(a);
    return 0;
}
