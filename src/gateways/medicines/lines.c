/* SPDX-License-Identifier: Apache-2.0
 *
 * lines: the rows of a text as UTF-8, to be looked at in any order.
 */
#include "gateways/medicines/inside.h"

static size_t count_rows(const km_jahis *doc)
{
    km_jahis_rows rows = { .of = doc };
    km_row row;
    size_t n = 0;
    while (km_jahis_next(&row, &rows))
        n++;
    return n;
}

void km_medicines__read(km_med_text *out, const km_jahis *doc, km_str text, km_arena *a)
{
    km_jahis_rows rows = { .of = doc };
    km_row row;
    bool whole, utf8 = km_str_is_utf8(text, NULL);
    *out = (km_med_text){ .doc = doc, .arena = a };
    out->line = KM_NEW_ARRAY(a, count_rows(doc) + 1, km_med_line);
    while (km_jahis_next(&row, &rows)) {
        km_med_line *l = &out->line[out->n++];
        int64_t id = 0;
        if (!km_field_digits(row.field[0]) || row.field[0].n > 4
            || !km_str_to_i64(&id, row.field[0]))
            id = 0;
        *l = (km_med_line){ .line = row.line,
                            .n = row.fields,
                            .id = (int)id,
                            .field = KM_NEW_ARRAY(a, row.fields, km_str) };
        for (uint32_t i = 0; i < row.fields; i++)
            l->field[i] = km_str_trim(utf8 ? row.field[i] : km_field_text(&whole, a, row.field[i]));
    }
}

km_str km_medicines__at(const km_med_line *l, uint32_t field)
{
    return l != NULL && field < l->n ? l->field[field] : KM_STR_NONE;
}

const km_med_line *km_medicines__find(const km_med_text *t, size_t from, size_t to, int id)
{
    for (size_t i = from; i < to && i < t->n; i++)
        if (t->line[i].id == id)
            return &t->line[i];
    return NULL;
}
