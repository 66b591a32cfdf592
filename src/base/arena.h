/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: all memory of one call, given back at once.
 *
 * Promises
 * - km_arena_alloc never returns NULL. Real exhaustion of memory ends the
 *   process (decision 18); the log is durable and proves itself on restart.
 * - An arena over its cap is a fault, not a crash: alloc still answers, and
 *   km_arena_over() stays true from then on. Whatever grows with its input
 *   asks it (KM_TOO_COSTLY) once per parsed resource, row or entry, so what
 *   goes over the cap is bounded by one of them.
 * - Memory is aligned for any type and is zeroed only by km_arena_zero.
 */
#ifndef KM_BASE_ARENA_H
#define KM_BASE_ARENA_H

#include <stdarg.h>

#include "base/str.h"

typedef struct km_arena km_arena;

/* trust.md §6: 64 MiB per request unless configured otherwise. */
#define KM_ARENA_CAP_DEFAULT ((size_t)64 << 20)

km_arena *km_arena_new(size_t cap_bytes);
void km_arena_free(km_arena *a);

/* Forgets everything, keeps the first block for the next call. */
void km_arena_reset(km_arena *a);

void *km_arena_alloc(km_arena *a, size_t n);
void *km_arena_zero(km_arena *a, size_t n);

/* Zeroed array; n * size may not overflow (asserted). */
void *km_arena_array(km_arena *a, size_t n, size_t size);
#define KM_NEW(a, type) ((type *)km_arena_zero((a), sizeof(type)))
#define KM_NEW_ARRAY(a, n, type) ((type *)km_arena_array((a), (n), sizeof(type)))

km_str km_arena_copy(km_arena *a, km_str s);
const char *km_arena_z(km_arena *a, km_str s); /* copy with a final NUL */
km_str km_arena_print(km_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
km_str km_arena_vprint(km_arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

bool km_arena_over(const km_arena *a);
size_t km_arena_used(const km_arena *a);

/* A mark and a way back to it: everything allocated since is forgotten. */
typedef struct km_arena_mark {
    void *block;
    size_t used, total;
} km_arena_mark;
km_arena_mark km_arena_here(const km_arena *a);
void km_arena_back(km_arena *a, km_arena_mark m);

#endif
