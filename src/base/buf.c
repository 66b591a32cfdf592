/* SPDX-License-Identifier: Apache-2.0
 *
 * buf: see buf.h.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>

void km_buf_reserve(km_buf *b, size_t more)
{
    size_t need = b->n + more;
    assert(need >= more);
    if (need <= b->room)
        return;
    size_t room = b->room ? b->room * 2 : 64;
    if (room < need)
        room = need;
    char *p = km_arena_alloc(b->arena, room);
    if (b->n > 0)
        memcpy(p, b->p, b->n);
    b->p = p;
    b->room = room;
}

void km_buf_bytes(km_buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    if (n > b->room - b->n)
        km_buf_reserve(b, n);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void km_buf_print(km_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    km_buf_reserve(b, 64);
    int n = vsnprintf(b->p + b->n, b->room - b->n, fmt, ap);
    assert(n >= 0);
    if ((size_t)n >= b->room - b->n) {
        km_buf_reserve(b, (size_t)n + 1);
        vsnprintf(b->p + b->n, b->room - b->n, fmt, again);
    }
    b->n += (size_t)n;
    va_end(again);
    va_end(ap);
}

static void big_endian(km_buf *b, uint64_t v, int bytes)
{
    km_buf_reserve(b, (size_t)bytes);
    for (int i = bytes - 1; i >= 0; i--)
        b->p[b->n++] = (char)(unsigned char)(v >> (8 * i));
}

void km_buf_u16be(km_buf *b, uint16_t v)
{
    big_endian(b, v, 2);
}

void km_buf_u32be(km_buf *b, uint32_t v)
{
    big_endian(b, v, 4);
}

void km_buf_u64be(km_buf *b, uint64_t v)
{
    big_endian(b, v, 8);
}
