/* SPDX-License-Identifier: Apache-2.0
 *
 * print: tape to text, compactly. What the parser marked as written the way we write is copied
 * as it stands.
 */
#include <assert.h>

#include "codec/json/inside.h"
#include "codec/json/scan.h"

/* RFC 8259 §7: the characters that have a short escape. */
static const char short_escape[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

static void put_escape(km_buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    if (short_escape[c] != '\0') {
        km_buf_bytes(out, (char[2]){ '\\', short_escape[c] }, 2);
        return;
    }
    KM_BUF_LIT(out, "\\u00");
    km_buf_bytes(out, (char[2]){ hex[c >> 4], hex[c & 15] }, 2);
}

void km_json_string(km_buf *out, km_str s)
{
    const char *at = s.p, *end = s.n ? s.p + s.n : s.p;
    bool high = false;
    km_buf_reserve(out, s.n + 2);
    km_buf_char(out, '"');
    while (at < end) {
        const char *stop = km_json__plain(at, end, &high);
        km_buf_bytes(out, at, (size_t)(stop - at));
        if (stop < end)
            put_escape(out, (unsigned char)*stop++);
        at = stop;
    }
    assert(!high || km_json__not_utf8(s.p, end) == NULL);
    km_buf_char(out, '"');
}

/* Value or name that holds nothing else, or a container as it was written. */
static void put_plain(km_buf *out, km_jv v)
{
    const km_json_node *one = &v.doc->node[v.at];
    if (one->marks & KM_JSON_ESCAPED)
        km_json_string(out, (km_str){ one->p, one->n });
    else
        km_buf_add(out, km_jv_raw(v));
}

static bool is_respelt_container(const km_json *doc, const km_json_node *one)
{
    return (one->kind == KM_JSON_ARRAY || one->kind == KM_JSON_OBJECT)
           && (one->marks & KM_JSON_RESPELT || doc->node[0].marks & KM_JSON_ALTERED);
}

/* The tape is walked in order; depth says where containers end. */
static void put_respelt(km_buf *out, km_jv v)
{
    char closing[KM_JSON_DEPTH_MAX]; /* of the open containers from v on */
    const km_json_node *node = v.doc->node;
    uint32_t base = node[v.at].depth, end = node[v.at].next, open = 0;
    char sign = '\0'; /* what stands before the next token */
    for (uint32_t i = v.at; i < end;) {
        for (; open > node[i].depth - base; sign = ',')
            km_buf_char(out, closing[--open]);
        if (sign != '\0')
            km_buf_char(out, sign);
        if (is_respelt_container(v.doc, &node[i])) {
            bool object = node[i].kind == KM_JSON_OBJECT;
            assert(open < sizeof closing);
            km_buf_char(out, object ? '{' : '[');
            closing[open++] = object ? '}' : ']';
            sign = '\0';
            i++;
            continue;
        }
        bool is_name = open > 0 && closing[open - 1] == '}' && sign != ':';
        put_plain(out, (km_jv){ v.doc, i });
        sign = is_name ? ':' : ',';
        i = node[i].next;
    }
    while (open > 0)
        km_buf_char(out, closing[--open]);
}

void km_jv_print(km_buf *out, km_jv v)
{
    assert(v.doc != NULL);
    if (!is_respelt_container(v.doc, &v.doc->node[v.at])) {
        put_plain(out, v);
        return;
    }
    km_buf_reserve(out, km_jv_raw(v).n); /* longer only by what was replaced */
    put_respelt(out, v);
}
