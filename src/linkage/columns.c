/* SPDX-License-Identifier: Apache-2.0
 *
 * columns: which columns of a file say what, by maps that are tables (data/linkage).
 */
#include "linkage/inside.h"

#include "base/embedded.h"
#include "gen/km_data_linkage.h"

static int find_column(const km_str *header, size_t n, km_str name)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_eq_nocase(km_str_trim(header[i]), name))
            return (int)i;
    return -1;
}

/* "a+b": all of them are there. */
static bool take_columns(int out[KM_LINK_JOINED], km_str names, const km_str *header, size_t n)
{
    int found[KM_LINK_JOINED], k = 0;
    while (names.n > 0) {
        int at = find_column(header, n, km_str_trim(km_str_cut(names, '+', &names)));
        if (at < 0 || k == KM_LINK_JOINED)
            return false;
        found[k++] = at;
    }
    for (int i = 0; i < KM_LINK_JOINED; i++)
        out[i] = i < k ? found[i] : -1;
    return k > 0;
}

static int field_named(km_str name)
{
    for (int c = 0; c < KM_LINK_COLUMNS; c++)
        if (km_str_is(name, km_link_column_name((km_link_column)c)))
            return c;
    return -1;
}

static int map_columns(km_link_map *out, km_str map, const km_str *header, size_t n, km_fault *f)
{
    km_str cell[2];
    int found = 0;
    uint32_t line = 0;
    for (int c = 0; c < KM_LINK_COLUMNS; c++)
        for (int i = 0; i < KM_LINK_JOINED; i++)
            out->at[c][i] = -1;
    for (size_t k; (k = km_tsv_next(cell, 2, &map)) > 0;) {
        line++;
        if (km_str_is(cell[0], "field"))
            continue;
        int field = k == 2 ? field_named(cell[0]) : -1;
        if (field < 0) {
            km_fault_at(f, line, 0);
            (void)km_fail(f, KM_MALFORMED, "columns", "no row of a map: field, tab, column");
            return -1;
        }
        for (km_str names = cell[1]; names.n > 0 && out->at[field][0] < 0;)
            found += take_columns(out->at[field], km_str_cut(names, '|', &names), header, n);
    }
    return found;
}

km_code km_link_map_columns(km_link_map *out, km_str map, const km_str *header, size_t n,
                            km_fault *f)
{
    int found = map_columns(out, map, header, n, f);
    if (found < 0)
        return KM_MALFORMED;
    if (out->at[KM_LINK_ID][0] < 0)
        return km_fail(f, KM_REQUIRED, "columns", "no column for id");
    return found > 2 ? KM_OK
                     : km_fail(f, KM_REQUIRED, "columns", "too few columns of the map are there");
}

km_code km_link_map_guess(km_link_map *out, const km_str *header, size_t n, km_fault *f)
{
    int best = 0;
    km_link_map map;
    for (const km_embedded *e = km_data_linkage; e->name != NULL; e++) {
        if (!km_str_starts(km_str_of(e->name), KM_STR("columns_")))
            continue;
        int found = map_columns(&map, (km_str){ e->bytes, e->n }, header, n, f);
        if (found > best && map.at[KM_LINK_ID][0] >= 0) {
            best = found;
            *out = map;
        }
    }
    return best > 2 ? KM_OK
                    : km_fail(f, KM_REQUIRED, "columns",
                              "no known columns; say which is which: --columns MAP.tsv");
}
