/* SPDX-License-Identifier: Apache-2.0
 *
 * rows: see layout.h. Claims have fields of two or three bytes, most of them empty: a memchr for
 * each would cost more than the bytes, so sixteen bytes are looked at together.
 */
#include "codec/layout/layout.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { CP_M_END = 0x1A, BLOCK = 16 };

/* Keeps the room of the last field for the rest of the line. */
static void put(km_row *row, const char *from, const char *to)
{
    row->field[row->fields++] = (km_str){ from, (size_t)(to - from) };
}

static void put_comma(km_row *row, const char **from, const char *at)
{
    if (row->fields < KM_ROW_FIELDS - 1) {
        put(row, *from, at);
        *from = at + 1;
    }
}

/* The line's end: at its LF or at `end`. */
static const char *scan_plain(km_row *row, const char *p, const char *end, char mark)
{
    const char *from = p;
#ifdef __SSE2__
    const __m128i comma = _mm_set1_epi8(mark), feed = _mm_set1_epi8('\n');
    for (; end - p >= BLOCK; p += BLOCK) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned feeds = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, feed));
        unsigned commas = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, comma));
        if (feeds != 0)
            commas &= (feeds & -feeds) - 1;
        for (; commas != 0; commas &= commas - 1)
            put_comma(row, &from, p + __builtin_ctz(commas));
        if (feeds != 0) {
            p += __builtin_ctz(feeds);
            put(row, from, p);
            return p;
        }
    }
#endif
    for (; p < end && *p != '\n'; p++)
        if (*p == mark)
            put_comma(row, &from, p);
    put(row, from, p);
    return p;
}

static const char *scan_quoted(km_row *row, const char *p, const char *end, char mark)
{
    const char *from = p;
    bool inside = false;
    for (; p < end && (inside || *p != '\n'); p++) {
        if (*p == '"' && inside && p + 1 < end && p[1] == '"')
            p++;
        else if (*p == '"' && (inside || p == from))
            inside = !inside;
        else if (*p == mark && !inside)
            put_comma(row, &from, p);
    }
    put(row, from, p);
    return p;
}

bool km_rows_next(km_row *out, km_rows *r)
{
    const char *p = r->text.p, *end = p + r->text.n;
    if (r->text.n == 0)
        return false;
    if (*p == CP_M_END) {
        r->tail = r->text;
        r->text.n = 0;
        return false;
    }
    const char mark = r->mark != '\0' ? r->mark : ',';
    out->line = ++r->line;
    out->fields = 0;
    const char *stop = r->quoted ? scan_quoted(out, p, end, mark) : scan_plain(out, p, end, mark);
    km_str *last = &out->field[out->fields - 1];
    const char *next = stop < end ? stop + 1 : stop, *shown = stop;
    if (stop < end && last->n > 0 && stop[-1] == '\r')
        shown--;
    if (stop == end && last->n > 0 && stop[-1] == CP_M_END) {
        shown--;
        next = shown;
    }
    last->n -= (size_t)(stop - shown);
    out->raw = (km_str){ p, (size_t)(shown - p) };
    out->ending = (km_str){ shown, (size_t)(next - shown) };
    r->text = (km_str){ next, (size_t)(end - next) };
    return true;
}

void km_row_print(km_buf *out, const km_row *row)
{
    for (uint32_t i = 0; i < row->fields; i++) {
        if (i > 0)
            km_buf_char(out, ',');
        km_buf_add(out, row->field[i]);
    }
    km_buf_add(out, row->ending);
}

km_str km_field_unquoted(km_arena *a, km_str field)
{
    if (field.n < 2 || field.p[0] != '"' || field.p[field.n - 1] != '"')
        return field;
    km_str inner = km_str_sub(field, 1, field.n - 2);
    if (km_str_find(inner, '"') == inner.n)
        return inner;
    km_buf out = km_buf_in(a);
    for (size_t i = 0; i < inner.n; i++) {
        km_buf_char(&out, inner.p[i]);
        if (inner.p[i] == '"' && i + 1 < inner.n && inner.p[i + 1] == '"')
            i++;
    }
    return km_buf_str(&out);
}

void km_rows_reprint(km_buf *out, km_str text, bool quoted)
{
    km_rows rows = { .text = text, .quoted = quoted };
    km_row row;
    km_buf_reserve(out, text.n);
    while (km_rows_next(&row, &rows))
        km_row_print(out, &row);
    km_buf_add(out, rows.tail);
}
