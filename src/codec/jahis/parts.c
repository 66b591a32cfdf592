/* SPDX-License-Identifier: Apache-2.0
 *
 * parts: a text cut into the codes it was scanned from, and read as one.
 */
#include "codec/jahis/jahis.h"

static km_str after_mark(km_str text)
{
    return km_str_starts(text, KM_STR("\xEF\xBB\xBF")) ? km_str_sub(text, 3, text.n) : text;
}

static bool is_header(km_str s)
{
    if (!km_str_starts(s, KM_STR("JAHIS")))
        return false;
    s = km_str_sub(s, 5, s.n);
    if (km_str_starts(s, KM_STR("TC")))
        s = km_str_sub(s, 2, s.n);
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

bool km_jahis_is(km_str text)
{
    return is_header(after_mark(text));
}

km_jahis_kind km_jahis_kind_of(km_str text)
{
    return km_str_starts(after_mark(text), KM_STR("JAHISTC")) ? KM_JAHIS_NOTEBOOK
                                                              : KM_JAHIS_PRESCRIPTION;
}

static int number_of(const km_row *row, uint32_t field)
{
    int64_t v = 0;
    return field < row->fields && row->field[field].n <= 4 && km_str_to_i64(&v, row->field[field])
                   && v >= 0 && v <= 9999
               ? (int)v
               : 0;
}

static void refuse(km_jahis *d, uint32_t line, const char *why)
{
    if (d->wrong == NULL) {
        d->wrong = why;
        d->wrong_line = line;
    }
}

/* Keeps the parts in the order of their numbers. */
static void add(km_jahis *d, km_jahis_part part)
{
    size_t at = d->n;
    while (at > 0 && d->part[at - 1].number > part.number)
        at--;
    if (at > 0 && d->part[at - 1].number == part.number) {
        d->twice = true;
        return;
    }
    if (d->n == KM_JAHIS_PARTS) {
        refuse(d, part.line, "set-mixed");
        return;
    }
    for (size_t i = d->n; i > at; i--)
        d->part[i] = d->part[i - 1];
    d->part[at] = part;
    d->n++;
}

static void read_part(km_jahis *d, km_jahis_part part)
{
    km_rows rows = { .text = part.text, .line = part.line - 1 };
    km_row row;
    while (km_rows_next(&row, &rows)) {
        if (!km_str_is(row.field[0], "911") || row.fields < 4)
            continue;
        int parts = number_of(&row, 2);
        part.number = number_of(&row, 3);
        if ((d->id.n > 0 && (!km_str_eq(d->id, row.field[1]) || parts != d->parts)) || parts < 1
            || parts > KM_JAHIS_PARTS || part.number < 1 || part.number > parts)
            refuse(d, row.line, "set-mixed");
        d->id = row.field[1];
        d->parts = parts;
    }
    if (part.number == 0 && d->n > 0)
        refuse(d, part.line, "set-mixed");
    if (part.number == 0)
        part.number = 1;
    add(d, part);
}

void km_jahis_open(km_jahis *d, km_str text)
{
    km_str body = after_mark(text);
    km_rows rows = { .text = body };
    km_row row;
    km_jahis_part part = { .line = 1 };
    const char *begin = body.p;
    *d = (km_jahis){ .kind = km_jahis_kind_of(text) };
    while (km_rows_next(&row, &rows)) {
        if (!is_header(row.field[0]))
            continue;
        if (row.line == 1) {
            int64_t version = 0;
            size_t skip = d->kind == KM_JAHIS_NOTEBOOK ? 7 : 5;
            if (km_str_to_i64(&version, km_str_sub(row.field[0], skip, 3)) && version > 0)
                d->version = (int)version;
            continue;
        }
        part.text = (km_str){ begin, (size_t)(row.raw.p - begin) };
        read_part(d, part);
        part = (km_jahis_part){ .line = row.line };
        begin = row.raw.p;
    }
    part.text = (km_str){ begin, (size_t)(body.p + body.n - begin) };
    read_part(d, part);
    if (d->parts > 0 && d->n < (size_t)d->parts)
        refuse(d, d->part[0].line, "set-incomplete");
}

/* --- rows --- */

static bool is_repeatable(km_str id)
{
    static const char *const ids[] = { "1", "5", "11", "15", "51", "55" };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (km_str_is(id, ids[i]))
            return true;
    return false;
}

/* True when the row says nothing that does not stand already. */
static bool holds(km_jahis_rows *r, const km_row *row)
{
    for (size_t i = 0; i < r->n_held; i++)
        if (km_str_eq(r->held[i].field[0], row->field[0])) {
            bool same = km_str_eq(r->held[i].raw, row->raw);
            r->held[i] = *row;
            return same && r->part > 1;
        }
    if (r->n_held < sizeof r->held / sizeof *r->held)
        r->held[r->n_held++] = *row;
    return false;
}

bool km_jahis_next(km_row *out, km_jahis_rows *r)
{
    for (;;) {
        if (r->rows.text.n == 0) {
            if (r->part == r->of->n)
                return false;
            const km_jahis_part *p = &r->of->part[r->part++];
            r->rows = (km_rows){ .text = p->text, .line = p->line - 1 };
        }
        if (!km_rows_next(out, &r->rows))
            continue;
        if (out->raw.n == 0 || (r->part > 1 && is_header(out->field[0])))
            continue;
        if (!is_repeatable(out->field[0]) || !holds(r, out))
            return true;
    }
}
