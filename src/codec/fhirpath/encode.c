/* SPDX-License-Identifier: Apache-2.0
 *
 * encode: encode, decode, escape and unescape of strings.
 */
#include "codec/fhirpath/functions.h"

#include "base/hash.h"

static km_code push_buf(km_run *r, km_items *out, const km_buf *b)
{
    KM_TRY(km_path__spend(r, b->n / 16));
    return km_path__push_text(r, out, KM_ITEM_STRING, b->n ? km_buf_str(b) : KM_STR(""));
}

static km_code refuse(km_run *r, const km_node *n)
{
    return km_path__fail(r, n, "a form that is not known");
}

/* Base64 with the alphabet of RFC 4648 section 5, but padded as FHIRPath shows it. */
static void swap(km_buf *b, km_str s, const char *from, const char *to)
{
    for (size_t i = 0; i < s.n; i++)
        km_buf_char(b, s.p[i] == from[0] ? to[0] : s.p[i] == from[1] ? to[1] : s.p[i]);
}

ON_ONE(encode)
{
    km_buf b = km_buf_in(r->arena);
    km_str how = arg[0].text;
    if (km_str_is(how, "hex"))
        km_buf_add(&b, km_hex(r->arena, in->text.p, in->text.n));
    else if (km_str_is(how, "base64"))
        km_buf_add(&b, km_base64(r->arena, in->text.p, in->text.n));
    else if (km_str_is(how, "urlbase64"))
        swap(&b, km_base64(r->arena, in->text.p, in->text.n), "+/", "-_");
    else
        return refuse(r, n);
    return push_buf(r, out, &b);
}

static bool decode_bytes(km_run *r, km_str how, km_str text, km_buf *b)
{
    km_str bytes;
    if (km_str_is(how, "hex")) {
        km_buf_reserve(b, text.n / 2 + 1);
        b->n = text.n / 2;
        return text.n % 2 == 0 && km_unhex((unsigned char *)b->p, b->n, text);
    }
    km_buf plain = km_buf_in(r->arena);
    swap(&plain, text, km_str_is(how, "base64") ? "+/" : "-_", "+/");
    if (!km_unbase64(&bytes, r->arena, km_buf_str(&plain)))
        return false;
    km_buf_add(b, bytes);
    return true;
}

/* Bytes that are no text are no answer. */
ON_ONE(decode)
{
    km_buf b = km_buf_in(r->arena);
    km_str how = arg[0].text;
    if (!km_str_is(how, "hex") && !km_str_is(how, "base64") && !km_str_is(how, "urlbase64"))
        return refuse(r, n);
    if (!decode_bytes(r, how, in->text, &b) || !km_str_is_utf8(km_buf_str(&b), NULL))
        return KM_OK;
    return push_buf(r, out, &b);
}

/* --- escapes ---------------------------------------------------------------------------------- */

typedef struct escape_row {
    char plain;
    const char *escaped;
} escape_row;

static const escape_row html[] = { { '&', "&amp;" },  { '<', "&lt;" },   { '>', "&gt;" },
                                   { '"', "&quot;" }, { '\'', "&#39;" }, { 0, NULL } };
static const escape_row json[] = { { '\\', "\\\\" }, { '"', "\\\"" }, { '\n', "\\n" },
                                   { '\r', "\\r" },  { '\t', "\\t" }, { '\f', "\\f" },
                                   { '\b', "\\b" },  { 0, NULL } };

static const escape_row *rows_of(km_str how)
{
    return km_str_is(how, "html") ? html : km_str_is(how, "json") ? json : NULL;
}

ON_ONE(escape)
{
    km_buf b = km_buf_in(r->arena);
    const escape_row *rows = rows_of(arg[0].text);
    if (rows == NULL)
        return refuse(r, n);
    for (size_t i = 0; i < in->text.n; i++) {
        const escape_row *row = rows;
        while (row->escaped && row->plain != in->text.p[i])
            row++;
        if (row->escaped)
            km_buf_z(&b, row->escaped);
        else
            km_buf_char(&b, in->text.p[i]);
    }
    return push_buf(r, out, &b);
}

ON_ONE(unescape)
{
    km_buf b = km_buf_in(r->arena);
    const escape_row *rows = rows_of(arg[0].text);
    if (rows == NULL)
        return refuse(r, n);
    for (size_t i = 0; i < in->text.n;) {
        km_str rest = km_str_sub(in->text, i, in->text.n);
        const escape_row *row = rows;
        while (row->escaped && !km_str_starts(rest, km_str_of(row->escaped)))
            row++;
        km_buf_char(&b, row->escaped ? row->plain : in->text.p[i]);
        i += row->escaped ? strlen(row->escaped) : 1;
    }
    return push_buf(r, out, &b);
}
