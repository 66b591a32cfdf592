/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: codec/hl7v2
 *
 * Any bytes: what was cut is printed back, parts lie in the text, words are UTF-8, and a check
 * ends.
 */
#include "codec/hl7v2/hl7v2.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void look(const km_hl7 *m, km_arena *a)
{
    km_hl7_segments segments = km_hl7_segments_of(m);
    km_hl7_segment s;
    while (km_hl7_next(&s, &segments))
        for (uint32_t i = 0; i < s.n && i < 16; i++) {
            km_str words = km_hl7_words(m, a, km_hl7_field(&s, i), 0, 1);
            claim(km_str_is_utf8(words, NULL));
            claim(km_str_is_utf8(km_hl7_text(m, a, s.field[i], NULL), NULL));
            claim(km_str_is_utf8(km_hl7_time(a, s.field[i]), NULL));
            (void)km_hl7_sub(m, km_hl7_component(m, km_hl7_repeat(m, s.field[i], 1), 2), 2);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf out = km_buf_in(a);
    km_hl7_reprint(&out, text);
    claim(km_str_eq(km_buf_str(&out), text));
    km_hl7_texts texts = { .text = text };
    km_hl7 m;
    while (km_hl7_next_message(&m, &texts)) {
        km_judge j = { .arena = a };
        look(&m, a);
        claim(km_hl7_check(&j, &m, NULL) == KM_OK);
    }
    km_arena_free(a);
    return 0;
}
