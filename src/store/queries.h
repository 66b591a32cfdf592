/* SPDX-License-Identifier: Apache-2.0
 *
 * queries: the named queries of all .sql lists, as one dialect sees them.
 *
 * - A name has one text for both dialects or one for each; twice, or a dialect without a
 *   text, is refused.
 * - A text is one statement; comments are gone from it, $1 is $1 for PostgreSQL and ?1 for
 *   SQLite (there `$1` would be a name, numbered by its first appearance).
 * - Parameters are $1 to $n without gaps, n at most KM_QUERY_PARAMS.
 * - Files whose name begins with three digits are scripts and are passed over.
 */
#ifndef KM_STORE_QUERIES_H
#define KM_STORE_QUERIES_H

#include "base/arena.h"
#include "store/store.h"

#define KM_QUERY_PARAMS 64
#define KM_QUERY_NONE UINT32_MAX

typedef struct km_named {
    const char *name;
    const char *sql;
    uint64_t params; /* bit i stands for $i+1 */
    int count;       /* how many bits */
    unsigned seen;   /* dialects that have a text */
    bool many;       /* marked [many]: see store.h */
} km_named;

typedef struct km_queries {
    km_named *at;
    uint32_t n;
    uint32_t *slot; /* open addressing: number + 1 of a query, 0 = free */
    uint32_t mask;
} km_queries;

/* `lists` ends with NULL, as in km_store_options. */
km_code km_queries__load(km_queries *out, km_arena *a, km_dialect d,
                         const km_embedded *const *lists, km_fault *f);
uint32_t km_queries__find(const km_queries *q, const char *name);

/* True for NNN_anything.sql; *number gets NNN. */
bool km_queries__is_script(int *number, const char *file);

#endif
