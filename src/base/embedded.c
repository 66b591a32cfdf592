/* SPDX-License-Identifier: Apache-2.0
 *
 * embedded: see embedded.h.
 */
#include "base/embedded.h"

km_str km_embedded_find(const km_embedded *list, const char *name)
{
    for (; list->name != NULL; list++)
        if (strcmp(list->name, name) == 0)
            return (km_str){ list->bytes, list->n };
    return KM_STR_NONE;
}

size_t km_tsv_next(km_str *cell, size_t max, km_str *rest)
{
    while (rest->n > 0) {
        km_str line = km_str_cut(*rest, '\n', rest);
        if (km_str_ends(line, KM_STR("\r")))
            line.n--;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        size_t n = 0;
        for (km_str left = line; n < max;) {
            bool last = km_str_find(left, '\t') == left.n;
            cell[n++] = km_str_cut(left, '\t', &left);
            if (last)
                break;
        }
        return n;
    }
    return 0;
}
