/* SPDX-License-Identifier: Apache-2.0
 *
 * layout: see layout.h.
 */
#include "codec/layout/layout.h"

#include "base/embedded.h"
#include "gen/km_data_codec_layout.h"

enum { RECORD, POSITION, JA, EN, KIND, BYTES, CODES, FROM, TO, SOURCE, MARK, COLUMNS };
enum { RECORDS_MAX = 128 };

km_str km_layout_table(const char *name)
{
    return km_embedded_find(km_data_codec_layout, name);
}

static uint16_t number(km_str s)
{
    int64_t v = 0;
    return km_str_to_i64(&v, s) && v > 0 && v <= UINT16_MAX ? (uint16_t)v : 0;
}

/* "7", "0..40", "" */
static void limits(uint16_t *least, uint16_t *most, km_str s)
{
    size_t dots = km_str_find(s, '.');
    *least = number(km_str_sub(s, 0, dots));
    *most = dots < s.n ? number(km_str_sub(s, dots + 2, s.n)) : *least;
}

static bool holds(int month, km_str from, km_str to)
{
    int first = number(km_str_sub(from, 0, 4)) * 100 + number(km_str_sub(from, 4, 2));
    int last = to.n == 0 ? INT32_MAX
                         : number(km_str_sub(to, 0, 4)) * 100 + number(km_str_sub(to, 4, 2));
    return month == 0 ? to.n == 0 : first <= month && month <= last;
}

static bool must(km_str *kind)
{
    bool is = kind->n > 0 && kind->p[kind->n - 1] == '!';
    kind->n -= is;
    return is;
}

static km_str numbered(km_arena *a, km_str name, int n)
{
    size_t at = km_str_find(name, '%');
    if (at == name.n)
        return name;
    return km_arena_print(a, "%.*s%d%.*s", KM_STR_ARG(km_str_sub(name, 0, at)), n,
                          KM_STR_ARG(km_str_sub(name, at + 2, name.n)));
}

static bool add_record(km_layout *l, km_arena *a, const km_str *cell)
{
    if (l->n == RECORDS_MAX)
        return false;
    km_layout_record *r = &l->record[l->n++];
    *r = (km_layout_record){ .id = cell[RECORD],
                             .ja = cell[JA],
                             .en = cell[EN],
                             .place = cell[KIND],
                             .rank = number(cell[CODES]),
                             .n = 1,
                             .field = KM_NEW_ARRAY(a, KM_ROW_FIELDS, km_layout_field) };
    r->must = must(&r->place);
    limits(&r->least, &r->most, cell[BYTES]);
    r->field[0] = (km_layout_field){ .ja = KM_STR("レコード識別情報"),
                                     .en = KM_STR("record"),
                                     .kind = KM_STR("code") };
    return true;
}

static bool add_fields(km_layout_record *r, km_arena *a, const km_str *cell)
{
    size_t dash = km_str_find(cell[POSITION], '-');
    int first = number(km_str_sub(cell[POSITION], 0, dash)), last = first;
    if (dash < cell[POSITION].n)
        last = number(km_str_sub(cell[POSITION], dash + 1, cell[POSITION].n));
    if (first < 1 || last < first || last >= KM_ROW_FIELDS)
        return false;
    for (int i = first; i <= last; i++) {
        km_layout_field *f = &r->field[i];
        *f = (km_layout_field){ .ja = numbered(a, cell[JA], i - first + 1),
                                .en = numbered(a, cell[EN], i - first + 1),
                                .kind = cell[KIND],
                                .codes = cell[CODES] };
        f->must = must(&f->kind);
        limits(&f->least, &f->most, cell[BYTES]);
    }
    if (r->n <= last)
        r->n = (uint16_t)(last + 1);
    return true;
}

km_code km_layout_open(km_layout **out, km_arena *a, const char *name, int month, km_fault *f)
{
    km_str cell[COLUMNS], rest = km_layout_table(name);
    if (rest.n == 0)
        return km_fail(f, KM_NOT_FOUND, name, "no such layout");
    km_layout *l = KM_NEW(a, km_layout);
    l->name = km_str_of(name);
    l->record = KM_NEW_ARRAY(a, RECORDS_MAX, km_layout_record);
    (void)km_tsv_next(cell, COLUMNS, &rest);
    for (size_t n; (n = km_tsv_next(cell, COLUMNS, &rest)) > 0;) {
        bool fine = n == COLUMNS;
        if (fine && !holds(month, cell[FROM], cell[TO]))
            continue;
        if (fine && km_str_is(cell[POSITION], "0"))
            fine = add_record(l, a, cell);
        else if (fine)
            fine = l->n > 0 && km_str_eq(l->record[l->n - 1].id, cell[RECORD])
                   && add_fields(&l->record[l->n - 1], a, cell);
        if (!fine)
            return km_fail(f, KM_MALFORMED, name, "record %.*s position %.*s",
                           KM_STR_ARG(cell[RECORD]), n > POSITION ? (int)cell[POSITION].n : 0,
                           n > POSITION ? cell[POSITION].p : "");
    }
    *out = l;
    return KM_OK;
}

const km_layout_record *km_layout_find(const km_layout *l, km_str id)
{
    for (size_t i = 0; i < l->n; i++)
        if (km_str_eq(l->record[i].id, id))
            return &l->record[i];
    return NULL;
}

const km_layout_field *km_layout_at(const km_layout_record *r, uint32_t position)
{
    return position < r->n && r->field[position].kind.n > 0 ? &r->field[position] : NULL;
}

km_str km_layout_meaning(const km_layout_field *f, km_str code)
{
    for (km_str rest = f->codes; rest.n > 0;) {
        km_str meaning, pair = km_str_cut(rest, ';', &rest);
        if (km_str_eq(km_str_cut(pair, '=', &meaning), code))
            return meaning;
    }
    return KM_STR_NONE;
}
