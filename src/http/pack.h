/* SPDX-License-Identifier: Apache-2.0
 *
 * pack: content codings (RFC 9110 8.4): gzip (RFC 1952) and zstd (RFC 8878), both ways.
 */
#ifndef KM_HTTP_PACK_H
#define KM_HTTP_PACK_H

#include <pthread.h>

#include "base/buf.h"
#include "base/fault.h"

typedef enum km_coding { KM_CODING_PLAIN, KM_CODING_GZIP, KM_CODING_ZSTD } km_coding;

/* A growing block outside the arena: bodies may be larger than what an arena may hold. */
typedef struct km_block {
    char *p;
    size_t n, room;
} km_block;
void km_http__block_reserve(km_block *b, size_t room); /* at least; exactly when it grows */
void km_http__block_add(km_block *b, const void *p, size_t n);
void km_http__block_free(km_block *b);

const char *km_http__coding_name(km_coding c);
/* Content-Encoding of a request: empty, identity, gzip, x-gzip or zstd; else KM_MEDIA_TYPE. */
km_code km_http__coding_of(km_coding *out, km_str value, km_fault *f);

/* Accept-Encoding (RFC 9110 12.5.3). The best coding we have by q, zstd before gzip; plain
 * where neither is asked for. False when nothing we have is acceptable. */
bool km_http__coding_accepted(km_coding *best, bool *plain_refused, km_str accept);

/* Unpacking. At most `limit` bytes come out, and no more than `ratio` times what went in
 * (small bodies, up to KM_UNPACK_FREE, are let pass): KM_TOO_LONG. */
#define KM_UNPACK_FREE ((uint64_t)64 << 10)
typedef struct km_unpack km_unpack;
typedef km_code (*km_unpack_sink)(void *self, km_str bytes);
km_unpack *km_http__unpack_new(km_coding c, uint64_t limit, unsigned ratio);
void km_http__unpack_free(km_unpack *u);
km_code km_http__unpack_feed(km_unpack *u, km_str in, km_unpack_sink sink, void *self, km_fault *f);
km_code km_http__unpack_end(const km_unpack *u, km_fault *f); /* KM_MALFORMED when cut short */

/* Packing. Contexts are large and slow to make, so they are lent and given back. */
typedef struct km_pack km_pack;
typedef struct km_packers {
    pthread_mutex_t lock;
    km_pack *free[3];
} km_packers;
void km_http__packers_open(km_packers *p);
void km_http__packers_close(km_packers *p);
km_pack *km_http__pack_take(km_packers *p, km_coding c);
void km_http__pack_give(km_packers *p, km_pack *k);
/* KM_STR_NONE when packing does not make it smaller. */
km_str km_http__pack_all(km_pack *k, km_arena *a, km_str plain);
/* Writes into out, takes from in (both advanced); `end` with the last. True when all of `in` was
 * taken and, with `end`, all was written. */
bool km_http__pack_some(km_pack *k, km_str *in, bool end, char *out, size_t *n, size_t room);

#endif
