/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: codec/jahis
 *
 * Medicine notebooks and prescription symbols: any bytes are cut into parts that lie in the text,
 * read to their end, and every finding has words.
 */
#include "codec/jahis/jahis.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void hear(void *self, const km_finding *f)
{
    (void)self;
    claim(f->line >= 1 && f->ja.n > 0 && f->en.n > 0 && f->field < KM_ROW_FIELDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    if (km_jahis_is(text)) {
        km_jahis *doc = KM_NEW(a, km_jahis);
        km_jahis_open(doc, text);
        claim(doc->n >= 1 && doc->n <= KM_JAHIS_PARTS);
        for (size_t i = 0; i < doc->n; i++)
            claim(doc->part[i].text.p >= text.p
                  && doc->part[i].text.p + doc->part[i].text.n <= text.p + text.n);
        km_judge j = { .tell = hear, .arena = a };
        claim(km_jahis_check(&j, doc, NULL) == KM_OK);
    }
    km_arena_free(a);
    return 0;
}
