/* SPDX-License-Identifier: Apache-2.0
 *
 * sheet: line 1 names the interface, line 2 the columns, further lines are data (CSV連携仕様書 LIFE
 * 1.0). Columns may stand in any order.
 */
#include "gateways/care/inside.h"

#include <string.h>

static km_str after_mark(km_str text)
{
    return km_str_starts(text, KM_STR("\xEF\xBB\xBF")) ? km_str_sub(text, 3, text.n) : text;
}

/* FORM_0000_2021 and SERVICE_USER_INFO: a name without its edition. */
static km_str form_of(km_str text)
{
    km_rows rows = { .text = text, .quoted = true };
    km_row row;
    if (!km_rows_next(&row, &rows) || row.fields > 1)
        return KM_STR_NONE;
    km_str name = km_str_trim(row.field[0]);
    if (km_str_starts(name, KM_STR("FORM_")) && name.n >= 9)
        return km_str_sub(name, 0, 9);
    return km_str_starts(name, KM_STR("SERVICE_USER_INFO")) ? km_str_sub(name, 0, 17) : KM_STR_NONE;
}

bool km_care__is(km_str text)
{
    km_str rest, form = form_of(after_mark(text));
    (void)km_str_cut(after_mark(text), '\n', &rest);
    km_str columns = km_str_cut(rest, '\n', &rest);
    return form.n > 0 && memmem(columns.p, columns.n, "care_facility_id", 16) != NULL;
}

static const km_layout_field *field_named(const km_layout_record *form, km_str name)
{
    for (uint32_t i = 1; form != NULL && i < form->n; i++)
        if (km_str_eq(form->field[i].en, name))
            return &form->field[i];
    return NULL;
}

static void read_columns(km_life *l, km_judge *j, const km_row *header)
{
    km_layout_record *c = &l->columns;
    *c = (km_layout_record){ .id = l->form->id,
                             .ja = l->form->ja,
                             .en = l->form->en,
                             .field = KM_NEW_ARRAY(j->arena, KM_ROW_FIELDS + 1, km_layout_field) };
    for (uint32_t i = 0; i < header->fields && i + 1 < KM_ROW_FIELDS; i++) {
        km_str name = km_str_trim(km_field_unquoted(j->arena, header->field[i]));
        const km_layout_field *f = field_named(l->form, name);
        if (f != NULL)
            c->field[i + 1] = *f;
        else
            km_judge_say(j, header->line, NULL, &l->columns, i + 1, "column-unknown");
    }
    c->n = (uint16_t)(header->fields + 1);
    c->least = c->most = c->n;
    for (uint32_t i = 1; i < l->form->n; i++)
        if (l->form->field[i].must && field_named(c, l->form->field[i].en) == NULL)
            km_judge_say(j, header->line, NULL, l->form, i, "column-missing");
}

km_code km_care__open(km_life *l, km_judge *j, km_str text, km_fault *f)
{
    km_layout *layout;
    km_row *row = KM_NEW(j->arena, km_row);
    KM_TRY(km_layout_open(&layout, j->arena, "life.tsv", 0, f));
    j->layout = layout;
    j->reasons = km_layout_table("sheet_reasons.tsv");
    *l = (km_life){ .text = after_mark(text), .utf8 = km_str_is_utf8(text, NULL) };
    l->rows = (km_rows){ .text = l->text, .quoted = true };
    l->form = km_layout_find(layout, form_of(l->text));
    if (l->form == NULL) {
        km_judge_say(j, 1, NULL, NULL, 0, "form-unknown");
        return KM_OK;
    }
    (void)km_rows_next(row, &l->rows);
    if (km_rows_next(row, &l->rows))
        read_columns(l, j, row);
    return KM_OK;
}

bool km_care__next(km_row *out, km_life *l, km_arena *a)
{
    km_row *row = KM_NEW(a, km_row);
    do {
        if (l->form == NULL || !km_rows_next(row, &l->rows))
            return false;
    } while (row->raw.n == 0);
    *out = (km_row){ .line = row->line, .raw = row->raw, .ending = row->ending };
    out->field[0] = l->form->id;
    out->fields = 1;
    for (uint32_t i = 0; i < row->fields && out->fields < KM_ROW_FIELDS; i++)
        out->field[out->fields++] = km_str_trim(km_field_unquoted(a, row->field[i]));
    return true;
}

km_str km_care__value(const km_life *l, const km_row *row, km_arena *a, const char *name)
{
    bool whole;
    for (uint32_t i = 1; i < l->columns.n && i < row->fields; i++)
        if (km_str_is(l->columns.field[i].en, name))
            return l->utf8 ? row->field[i] : km_field_text(&whole, a, row->field[i]);
    return KM_STR_NONE;
}
