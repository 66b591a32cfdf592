/* SPDX-License-Identifier: Apache-2.0
 *
 * receden: what a file is.
 */
#include "codec/receden/receden.h"

static const struct {
    const char *name, *ja, *table;
} kinds[KM_RECEDEN_KINDS] = {
    { "medical", "医科", "uke_medical.tsv" },
    { "DPC", "DPC", "uke_dpc.tsv" },
    { "dental", "歯科", "uke_dental.tsv" },
    { "pharmacy", "調剤", "uke_pharmacy.tsv" },
};

const char *km_receden_kind_name(km_receden_kind k, bool ja)
{
    return ja ? kinds[k].ja : kinds[k].name;
}

bool km_receden_is(km_str text)
{
    static const char heads[][4] = { "IR,", "UK,", "YK,", "RE," };
    if (text.n < 4 || text.p[3] < '0' || text.p[3] > '9')
        return false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (memcmp(text.p, heads[i], 3) == 0)
            return true;
    return false;
}

km_receden_kind km_receden_kind_of(km_str text)
{
    km_rows rows = { .text = text };
    km_row row;
    for (int claims = 0; km_rows_next(&row, &rows);) {
        km_str id = row.field[0], table = row.fields > 3 ? row.field[3] : KM_STR_NONE;
        bool header = km_str_is(id, "IR");
        if (km_str_is(id, "YK") || (header && km_str_is(table, "4")))
            return KM_RECEDEN_PHARMACY;
        if (km_str_is(id, "UK") || (header && km_str_is(table, "3")))
            return KM_RECEDEN_DENTAL;
        if (km_str_is(id, "BU"))
            return KM_RECEDEN_DPC;
        claims += km_str_is(id, "RE");
        if (claims > 1)
            break;
    }
    return KM_RECEDEN_MEDICAL;
}

km_code km_receden_layout(km_layout **out, km_arena *a, km_str text, km_fault *f)
{
    km_rows rows = { .text = text };
    km_row row;
    int month = 0;
    if (km_rows_next(&row, &rows) && row.fields > 7)
        month = km_field_month(row.field[7]);
    return km_layout_open(out, a, kinds[km_receden_kind_of(text)].table, month, f);
}
