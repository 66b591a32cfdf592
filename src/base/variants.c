/* SPDX-License-Identifier: Apache-2.0
 *
 * variants: data/base/kanji_variants.tsv as a table of open addressing.
 */
#include "base/letters.h"

#include <assert.h>
#include <threads.h>

#include "base/utf8.h"
#include "gen/km_data_base.h"

enum { ROOM = 4096, STEP = 40503 }; /* a quarter full; STEP is 2^16 times the golden ratio */

/* Read once from constant bytes of the program, then never written: the same in every
 * thread and every test. */
static struct {
    int32_t variant, common;
} table[ROOM];
static once_flag table_once = ONCE_FLAG_INIT;

static size_t place_of(int32_t c)
{
    size_t at = (uint32_t)c * STEP >> 4 & (ROOM - 1);
    while (table[at].variant != c && table[at].variant != 0)
        at = (at + 1) & (ROOM - 1);
    return at;
}

static void read_table(void)
{
    km_str cell[2], rest = km_embedded_find(km_data_base, "kanji_variants.tsv");
    size_t rows = 0;
    km_tsv_next(cell, 2, &rest);
    assert(km_str_is(cell[0], "variant"));
    while (km_tsv_next(cell, 2, &rest) == 2) {
        int32_t variant = km_utf8_next(&cell[0]), common = km_utf8_next(&cell[1]);
        size_t at = place_of(variant);
        assert(variant > 0 && common > 0 && table[at].variant == 0 && ++rows < ROOM / 2);
        table[at].variant = variant;
        table[at].common = common;
    }
    assert(rows > 0);
}

int32_t km_kana__common(int32_t c)
{
    call_once(&table_once, read_table);
    size_t at = place_of(c);
    return table[at].variant == c ? table[at].common : c;
}
