/* SPDX-License-Identifier: Apache-2.0
 *
 * pack: replies as gzip or zstd, at their cheapest levels: packing shares its thread with the
 * work of a call, and JSON packs well at any level.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "http/pack.h"

enum { GZIP_LEVEL = 1, ZSTD_LEVEL = 1, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, STEP = 1 << 20 };

struct km_pack {
    km_coding coding;
    z_stream z;
    ZSTD_CCtx *c;
    km_pack *next;
};

static _Noreturn void out_of_memory(void)
{
    fputs("kumihimo: out of memory\n", stderr); /* decision 18 */
    abort();
}

static km_pack *make(km_coding c)
{
    km_pack *k = calloc(1, sizeof *k);
    if (k == NULL)
        out_of_memory();
    k->coding = c;
    if (c == KM_CODING_ZSTD) {
        k->c = ZSTD_createCCtx();
        if (k->c == NULL)
            out_of_memory();
        ZSTD_CCtx_setParameter(k->c, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    } else if (deflateInit2(&k->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                            Z_DEFAULT_STRATEGY)
               != Z_OK) {
        out_of_memory();
    }
    return k;
}

static void drop(km_pack *k)
{
    if (k->coding == KM_CODING_ZSTD)
        ZSTD_freeCCtx(k->c);
    else
        deflateEnd(&k->z);
    free(k);
}

void km_http__packers_open(km_packers *p)
{
    *p = (km_packers){ 0 };
    pthread_mutex_init(&p->lock, NULL);
}

void km_http__packers_close(km_packers *p)
{
    for (size_t c = 0; c < 3; c++)
        while (p->free[c] != NULL) {
            km_pack *k = p->free[c];
            p->free[c] = k->next;
            drop(k);
        }
    pthread_mutex_destroy(&p->lock);
}

km_pack *km_http__pack_take(km_packers *p, km_coding c)
{
    assert(c != KM_CODING_PLAIN);
    pthread_mutex_lock(&p->lock);
    km_pack *k = p->free[c];
    if (k != NULL)
        p->free[c] = k->next;
    pthread_mutex_unlock(&p->lock);
    if (k == NULL)
        return make(c);
    if (c == KM_CODING_ZSTD)
        ZSTD_CCtx_reset(k->c, ZSTD_reset_session_only);
    else
        deflateReset(&k->z);
    return k;
}

void km_http__pack_give(km_packers *p, km_pack *k)
{
    if (k == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    k->next = p->free[k->coding];
    p->free[k->coding] = k;
    pthread_mutex_unlock(&p->lock);
}

static bool gzip_some(km_pack *k, km_str *in, bool end, char *out, size_t *n, size_t room)
{
    /* zlib counts in 32 bits. */
    size_t some = in->n < STEP ? in->n : STEP, space = room - *n < STEP ? room - *n : STEP;
    bool last = end && some == in->n;
    k->z.next_in = (Bytef *)(uintptr_t)in->p;
    k->z.avail_in = (uInt)some;
    k->z.next_out = (Bytef *)out + *n;
    k->z.avail_out = (uInt)space;
    int rc = deflate(&k->z, last ? Z_FINISH : Z_NO_FLUSH);
    assert(rc != Z_STREAM_ERROR);
    *in = km_str_sub(*in, some - k->z.avail_in, in->n);
    *n += space - k->z.avail_out;
    return end ? rc == Z_STREAM_END : in->n == 0;
}

static bool zstd_some(km_pack *k, km_str *in, bool end, char *out, size_t *n, size_t room)
{
    ZSTD_inBuffer from = { in->p, in->n, 0 };
    ZSTD_outBuffer to = { out, room, *n };
    size_t rc = ZSTD_compressStream2(k->c, &to, &from, end ? ZSTD_e_end : ZSTD_e_continue);
    assert(!ZSTD_isError(rc));
    *in = km_str_sub(*in, from.pos, in->n);
    *n = to.pos;
    return end ? rc == 0 : in->n == 0;
}

bool km_http__pack_some(km_pack *k, km_str *in, bool end, char *out, size_t *n, size_t room)
{
    return k->coding == KM_CODING_ZSTD ? zstd_some(k, in, end, out, n, room)
                                       : gzip_some(k, in, end, out, n, room);
}

km_str km_http__pack_all(km_pack *k, km_arena *a, km_str plain)
{
    /* What does not fit into less than the plain text is sent plain. */
    size_t room = plain.n, n = 0;
    km_arena_mark before = km_arena_here(a);
    char *out = km_arena_alloc(a, room);
    while (n < room) {
        size_t had = n;
        if (km_http__pack_some(k, &plain, true, out, &n, room))
            return (km_str){ out, n };
        if (n == had && plain.n == 0)
            break;
    }
    km_arena_back(a, before);
    return KM_STR_NONE;
}
