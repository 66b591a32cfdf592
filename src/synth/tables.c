/* SPDX-License-Identifier: Apache-2.0
 *
 * tables: data/synth in memory.
 */
#include <assert.h>

#include "gen/km_data_synth.h"
#include "synth/inside.h"

static syn_table load(km_arena *a, const char *name)
{
    km_str text = km_embedded_find(km_data_synth, name), rest = text, cell[SYN_CELLS];
    size_t n = 0, cells, columns = km_tsv_next(cell, SYN_CELLS, &rest);
    assert(columns > 0 && columns <= SYN_CELLS);
    for (km_str left = rest; km_tsv_next(cell, SYN_CELLS, &left) > 0;)
        n++;
    syn_row *row = KM_NEW_ARRAY(a, n, syn_row);
    for (size_t i = 0; i < n; i++) {
        cells = km_tsv_next(row[i].cell, SYN_CELLS, &rest);
        assert(cells == columns);
    }
    return (syn_table){ row, n };
}

void km_synth__load(syn_world *w, km_arena *a)
{
    w->arena = a;
    w->families = load(a, "family_names.tsv");
    w->givens = load(a, "given_names.tsv");
    w->institutions = load(a, "institutions.tsv");
    w->staff = load(a, "staff.tsv");
    w->drugs = load(a, "drugs.tsv");
    w->labs = load(a, "labs.tsv");
    w->diseases = load(a, "diseases.tsv");
    w->vaccines = load(a, "vaccines.tsv");
    w->allergens = load(a, "allergens.tsv");
    w->illnesses = load(a, "illnesses.tsv");
    w->steps = load(a, "courses.tsv");
    w->notes = load(a, "notes.tsv");
    w->charts = KM_NEW_ARRAY(a, w->institutions.n, int64_t);
}

const syn_row *km_synth__row(const syn_table *t, km_str key)
{
    for (size_t i = 0; i < t->n; i++)
        if (km_str_eq(t->row[i].cell[0], key))
            return &t->row[i];
    assert(!"a key of data/synth names no row");
    return NULL;
}

int64_t km_synth__number(const syn_row *r, int column)
{
    int64_t n = 0;
    bool ok = r->cell[column].n == 0 || km_str_to_i64(&n, r->cell[column]);
    assert(ok);
    return n;
}

km_str km_synth__word(km_str *rest)
{
    while (rest->n > 0) {
        km_str word = km_str_cut(*rest, ' ', rest);
        if (word.n > 0)
            return word;
    }
    return KM_STR_NONE;
}

bool km_synth__has_word(km_str words, km_str word)
{
    for (km_str one; (one = km_synth__word(&words)).n > 0;)
        if (km_str_eq(one, word))
            return true;
    return false;
}
