/* SPDX-License-Identifier: Apache-2.0
 *
 * unpack: gzip and zstd bodies of requests. What is unpacked goes to a sink in blocks, so that a
 * body made to burst is stopped at the first block over its limit.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "http/pack.h"

enum {
    BLOCK = 32 * 1024,
    GZIP_WINDOW = 15 + 16, /* zlib: with the gzip wrapper only */
    ZSTD_WINDOW_LOG = 23   /* RFC 9659: 8 MiB is what HTTP allows */
};

struct km_unpack {
    km_coding coding;
    uint64_t limit, in, out;
    unsigned ratio;
    bool ended; /* at the end of a member or frame */
    z_stream z;
    ZSTD_DCtx *d;
    char block[BLOCK];
};

static void *must(void *p)
{
    if (p == NULL) { /* decision 18 */
        fputs("kumihimo: out of memory\n", stderr);
        abort();
    }
    return p;
}

km_unpack *km_http__unpack_new(km_coding c, uint64_t limit, unsigned ratio)
{
    assert(c != KM_CODING_PLAIN);
    km_unpack *u = must(calloc(1, sizeof *u));
    u->coding = c;
    u->limit = limit;
    u->ratio = ratio;
    if (c == KM_CODING_ZSTD) {
        u->d = must(ZSTD_createDCtx());
        ZSTD_DCtx_setParameter(u->d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    } else if (inflateInit2(&u->z, GZIP_WINDOW) != Z_OK) {
        must(NULL);
    }
    return u;
}

void km_http__unpack_free(km_unpack *u)
{
    if (u == NULL)
        return;
    if (u->coding == KM_CODING_ZSTD)
        ZSTD_freeDCtx(u->d);
    else
        inflateEnd(&u->z);
    free(u);
}

static km_code broken(km_fault *f)
{
    return km_fail(f, KM_MALFORMED, NULL, "the packed body is broken");
}

static km_code give(km_unpack *u, size_t n, km_unpack_sink sink, void *self, km_fault *f)
{
    uint64_t fair = u->in > UINT64_MAX / (u->ratio + 1) ? UINT64_MAX : u->in * u->ratio;
    u->out += n;
    if (u->out > u->limit)
        return km_fail(f, KM_TOO_LONG, NULL, "the unpacked body is larger than allowed");
    if (u->out > fair && u->out > KM_UNPACK_FREE)
        return km_fail(f, KM_TOO_LONG, NULL, "the body unpacks to more than %u times its size",
                       u->ratio);
    return n ? sink(self, (km_str){ u->block, n }) : KM_OK;
}

/* One step of each: takes from *in, leaves what it made in the block. */
static km_code gzip_step(km_unpack *u, km_str *in, size_t *made, km_fault *f)
{
    size_t some = in->n < BLOCK ? in->n : BLOCK;
    if (u->ended && inflateReset(&u->z) != Z_OK)
        return broken(f);
    u->z.next_in = (Bytef *)(uintptr_t)in->p;
    u->z.avail_in = (uInt)some;
    u->z.next_out = (Bytef *)u->block;
    u->z.avail_out = BLOCK;
    int rc = inflate(&u->z, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return broken(f);
    u->ended = rc == Z_STREAM_END;
    *made = BLOCK - u->z.avail_out;
    u->in += some - u->z.avail_in;
    *in = km_str_sub(*in, some - u->z.avail_in, in->n);
    return KM_OK;
}

static km_code zstd_step(km_unpack *u, km_str *in, size_t *made, km_fault *f)
{
    ZSTD_inBuffer from = { in->p, in->n < BLOCK ? in->n : BLOCK, 0 };
    ZSTD_outBuffer to = { u->block, BLOCK, 0 };
    size_t rc = ZSTD_decompressStream(u->d, &to, &from);
    if (ZSTD_isError(rc))
        return broken(f);
    u->ended = rc == 0;
    *made = to.pos;
    u->in += from.pos;
    *in = km_str_sub(*in, from.pos, in->n);
    return KM_OK;
}

km_code km_http__unpack_feed(km_unpack *u, km_str in, km_unpack_sink sink, void *self, km_fault *f)
{
    size_t made = 0;
    while (in.n > 0 || made == BLOCK) {
        size_t left = in.n;
        if (in.n == 0 && u->ended)
            break;
        KM_TRY(u->coding == KM_CODING_ZSTD ? zstd_step(u, &in, &made, f)
                                           : gzip_step(u, &in, &made, f));
        KM_TRY(give(u, made, sink, self, f));
        if (in.n == left && made == 0 && left > 0)
            return broken(f); /* nothing taken and nothing made: it never ends */
    }
    return KM_OK;
}

km_code km_http__unpack_end(const km_unpack *u, km_fault *f)
{
    return u->ended ? KM_OK : km_fail(f, KM_MALFORMED, NULL, "the packed body is cut short");
}
