/* SPDX-License-Identifier: Apache-2.0
 *
 * buf: bytes being built. Grows in its arena (the old place is simply left
 * behind); what it has is `p`, `n` and may be borrowed as a km_str until the
 * next growth. A zeroed km_buf with an arena is ready.
 */
#ifndef KM_BASE_BUF_H
#define KM_BASE_BUF_H

#include "base/arena.h"

typedef struct km_buf {
    km_arena *arena;
    char *p;
    size_t n, room;
} km_buf;

static inline km_buf km_buf_in(km_arena *a)
{
    return (km_buf){ a, NULL, 0, 0 };
}

static inline km_str km_buf_str(const km_buf *b)
{
    return (km_str){ b->p, b->n };
}

/* Room for `more` bytes beyond n. */
void km_buf_reserve(km_buf *b, size_t more);
void km_buf_bytes(km_buf *b, const void *p, size_t n);
void km_buf_print(km_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void km_buf_add(km_buf *b, km_str s)
{
    km_buf_bytes(b, s.p, s.n);
}

static inline void km_buf_z(km_buf *b, const char *z)
{
    km_buf_bytes(b, z, strlen(z));
}

static inline void km_buf_char(km_buf *b, char c)
{
    if (b->n == b->room)
        km_buf_reserve(b, 1);
    b->p[b->n++] = c;
}

#define KM_BUF_LIT(b, lit) km_buf_bytes((b), "" lit, sizeof(lit) - 1)

/* Big-endian, so that memcmp orders unsigned numbers. */
void km_buf_u16be(km_buf *b, uint16_t v);
void km_buf_u32be(km_buf *b, uint32_t v);
void km_buf_u64be(km_buf *b, uint64_t v);

#endif
