/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: a list of blocks, newest first. The first block is kept at reset; later ones double
 * up to 1 MiB. Under the address sanitizer what is not handed out is poisoned, with a little
 * more between two pieces, so that a byte too far or too late is seen in an arena too.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_POISON
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_POISON)
#include <sanitizer/asan_interface.h>
enum { BETWEEN = 16 };
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
enum { BETWEEN = 0 };
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST = 32 * 1024, LARGEST = 1024 * 1024, ALIGN = 16 };

typedef struct block {
    struct block *older;
    size_t room, used;
    _Alignas(ALIGN) char bytes[];
} block;

struct km_arena {
    block *newest;
    size_t cap, total; /* total: handed out, with the rounding */
};

static block *block_new(block *older, size_t room)
{
    block *b = malloc(sizeof *b + room);
    if (b == NULL) { /* decision 18: real exhaustion ends the process */
        fputs("kumihimo: out of memory\n", stderr);
        abort();
    }
    b->older = older;
    b->room = room;
    b->used = 0;
    POISON(b->bytes, room);
    return b;
}

km_arena *km_arena_new(size_t cap_bytes)
{
    km_arena *a = malloc(sizeof *a);
    if (a == NULL)
        abort();
    *a = (km_arena){ block_new(NULL, FIRST), cap_bytes, 0 };
    return a;
}

static void drop_newest(km_arena *a)
{
    block *b = a->newest;
    a->newest = b->older;
    UNPOISON(b->bytes, b->room);
    free(b);
}

void km_arena_free(km_arena *a)
{
    if (a == NULL)
        return;
    while (a->newest != NULL)
        drop_newest(a);
    free(a);
}

void km_arena_reset(km_arena *a)
{
    while (a->newest->older != NULL)
        drop_newest(a);
    a->newest->used = 0;
    POISON(a->newest->bytes, a->newest->room);
    a->total = 0;
}

void *km_arena_alloc(km_arena *a, size_t n)
{
    block *b = a->newest;
    assert(n < SIZE_MAX / 2); /* nobody asks for half the address space but by mistake */
    size_t rounded = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1), need = rounded + BETWEEN;
    if (need > b->room - b->used) {
        size_t room = b->room < LARGEST ? b->room * 2 : LARGEST;
        b = a->newest = block_new(b, need > room ? need : room);
    }
    void *p = b->bytes + b->used;
    UNPOISON(p, n);
    b->used += need;
    a->total += rounded;
    return p;
}

void *km_arena_zero(km_arena *a, size_t n)
{
    return memset(km_arena_alloc(a, n), 0, n);
}

void *km_arena_array(km_arena *a, size_t n, size_t size)
{
    size_t bytes;
    bool overflow = __builtin_mul_overflow(n, size, &bytes);
    assert(!overflow);
    return km_arena_zero(a, bytes);
}

km_str km_arena_copy(km_arena *a, km_str s)
{
    return (km_str){ km_arena_z(a, s), s.n };
}

const char *km_arena_z(km_arena *a, km_str s)
{
    char *p = km_arena_alloc(a, s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

km_str km_arena_vprint(km_arena *a, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    assert(n >= 0);
    char *p = km_arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof small)
        memcpy(p, small, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (km_str){ p, (size_t)n };
}

km_str km_arena_print(km_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    km_str s = km_arena_vprint(a, fmt, ap);
    va_end(ap);
    return s;
}

bool km_arena_over(const km_arena *a)
{
    return a->total > a->cap;
}

size_t km_arena_used(const km_arena *a)
{
    return a->total;
}

km_arena_mark km_arena_here(const km_arena *a)
{
    return (km_arena_mark){ a->newest, a->newest->used, a->total };
}

void km_arena_back(km_arena *a, km_arena_mark m)
{
    while (a->newest != m.block)
        drop_newest(a);
    a->newest->used = m.used;
    POISON(a->newest->bytes + m.used, a->newest->room - m.used);
    a->total = m.total;
}
