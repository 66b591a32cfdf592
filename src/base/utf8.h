/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8: one character at a time, for those who look at letters. Well-formed means Unicode 15,
 * table 3-7.
 */
#ifndef KM_BASE_UTF8_H
#define KM_BASE_UTF8_H

#include "base/buf.h"

#define KM_UTF8_BAD (-1)

/* How many bytes the well-formed character at the front takes, 0 when there is none. */
size_t km_utf8_length(km_str s);

int32_t km_utf8_next_long(km_str *s); /* see km_utf8_next */

/* Takes the first character off a text that is not empty. A byte that begins no well-formed
 * character is taken alone and is KM_UTF8_BAD. */
static inline int32_t km_utf8_next(km_str *s)
{
    unsigned char c = (unsigned char)s->p[0];
    if (c >= 0x80)
        return km_utf8_next_long(s);
    s->p++;
    s->n--;
    return c;
}

/* The bytes of a Unicode scalar value; how many. */
static inline size_t km_utf8_bytes(unsigned char out[4], int32_t c)
{
    uint32_t u = (uint32_t)c;
    if (u < 0x80) {
        out[0] = (unsigned char)u;
        return 1;
    }
    size_t n = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, u >>= 6)
        out[i] = (unsigned char)(0x80 | (u & 0x3F));
    out[0] = (unsigned char)(0xF00 >> n | u);
    return n;
}

static inline void km_utf8_put(km_buf *b, int32_t c)
{
    if (b->room - b->n < 4)
        km_buf_reserve(b, 4);
    b->n += km_utf8_bytes((unsigned char *)b->p + b->n, c);
}

#endif
