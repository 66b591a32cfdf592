/* SPDX-License-Identifier: Apache-2.0
 *
 * seal: bodies packed (zstd, numbered dictionaries) and closed with the chart's key, chart keys
 * wrapped by the key-encryption key. Formats:
 *   packed  u8 number of the dictionary (0 = none), zstd frame
 *   body    nonce 12 | ciphertext | tag 16; additional data be64 chart, be16 type, be32 version, id
 *   key     be32 number of the wrapping key, nonce 12 | 32 bytes | tag 16; additional data be64
 * chart
 */
#define ZSTD_STATIC_LINKING_ONLY /* dictionaries by reference */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "record/inside.h"

#include "base/embedded.h"
#include "km_data_record.h"

enum { PACK_LEVEL = 3, BODY_MAX = 1 << 30 };

struct km_sealing {
    km_sealing *next;
    km_gcm *gcm;
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    char *room; /* the packer's: as long as the worst packing, while bodies keep what they need */
    size_t room_bytes;
};

/* Dictionaries are immutable and opened once for the process; every log shares them. */
enum { DICTIONARIES = 8 };
static ZSTD_CDict *pack_with[DICTIONARIES];
static ZSTD_DDict *unpack_with[DICTIONARIES];
static unsigned newest;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

/* data/record/body_N.zdict; trained on synthetic data only (decision 11). */
static void open_dictionaries(void)
{
    for (unsigned i = 1; i < DICTIONARIES; i++) {
        char name[32];
        snprintf(name, sizeof name, "body_%u.zdict", i);
        km_str bytes = km_embedded_find(km_data_record, name);
        if (bytes.p == NULL)
            break;
        pack_with[i] = ZSTD_createCDict_byReference(bytes.p, bytes.n, PACK_LEVEL);
        unpack_with[i] = ZSTD_createDDict_byReference(bytes.p, bytes.n);
        assert(pack_with[i] != NULL && unpack_with[i] != NULL);
        newest = i;
    }
}

km_sealing *km_sealing__new(void)
{
    pthread_once(&opened, open_dictionaries);
    km_sealing *s = calloc(1, sizeof *s);
    assert(s != NULL);
    s->gcm = km_gcm_new();
    s->packer = ZSTD_createCCtx();
    s->unpacker = ZSTD_createDCtx();
    assert(s->gcm != NULL && s->packer != NULL && s->unpacker != NULL);
    ZSTD_CCtx_setParameter(s->packer, ZSTD_c_contentSizeFlag, 1);
    return s;
}

void km_sealing__free(km_sealing *s)
{
    if (s == NULL)
        return;
    km_gcm_free(s->gcm);
    ZSTD_freeCCtx(s->packer);
    ZSTD_freeDCtx(s->unpacker);
    free(s->room);
    free(s);
}

km_sealing *km_sealing__take(km_log *l)
{
    pthread_mutex_lock(&l->lock);
    km_sealing *s = l->free_sealing;
    if (s != NULL)
        l->free_sealing = s->next;
    pthread_mutex_unlock(&l->lock);
    return s != NULL ? s : km_sealing__new();
}

void km_sealing__give(km_log *l, km_sealing *s)
{
    pthread_mutex_lock(&l->lock);
    s->next = l->free_sealing;
    l->free_sealing = s;
    pthread_mutex_unlock(&l->lock);
}

/* Beyond this the room is given back after use. */
enum { ROOM_KEPT = 1 << 20 };

static char *room_for(km_sealing *s, size_t bytes)
{
    if (bytes > s->room_bytes) {
        free(s->room);
        s->room = malloc(bytes);
        assert(s->room != NULL);
        s->room_bytes = bytes;
    }
    return s->room;
}

km_str km_seal__pack(km_sealing *s, km_arena *a, km_str text)
{
    size_t room = ZSTD_compressBound(text.n);
    char *packed = room_for(s, room);
    size_t n = newest > 0 ? ZSTD_compress_usingCDict(s->packer, packed, room, text.p, text.n,
                                                     pack_with[newest])
                          : ZSTD_compressCCtx(s->packer, packed, room, text.p, text.n, PACK_LEVEL);
    assert(!ZSTD_isError(n));
    char *out = km_arena_alloc(a, n + 1);
    out[0] = (char)newest;
    memcpy(out + 1, packed, n);
    if (s->room_bytes > ROOM_KEPT) {
        free(s->room);
        s->room = NULL;
        s->room_bytes = 0;
    }
    return (km_str){ out, n + 1 };
}

static km_code unpack(km_str *text, km_sealing *s, km_arena *a, km_str packed, km_fault *f)
{
    unsigned number = packed.n > 0 ? (unsigned char)packed.p[0] : DICTIONARIES;
    if (number > newest)
        return km_fail(f, KM_TAMPERED, NULL, "unknown dictionary");
    const char *frame = packed.p + 1;
    size_t n = packed.n - 1;
    unsigned long long size = ZSTD_getFrameContentSize(frame, n);
    if (size > BODY_MAX)
        return km_fail(f, KM_TAMPERED, NULL, "no sensible length in a body");
    char *out = km_arena_alloc(a, (size_t)size + 1);
    size_t got = number > 0 ? ZSTD_decompress_usingDDict(s->unpacker, out, (size_t)size, frame, n,
                                                         unpack_with[number])
                            : ZSTD_decompressDCtx(s->unpacker, out, (size_t)size, frame, n);
    if (ZSTD_isError(got) || got != size)
        return km_fail(f, KM_TAMPERED, NULL, "a body does not unpack");
    out[size] = '\0';
    *text = (km_str){ out, (size_t)size };
    return KM_OK;
}

static km_str place_bytes(char out[128], const km_seal_place *at)
{
    assert(at->id.n <= 64);
    uint64_t chart = (uint64_t)at->chart;
    for (int i = 0; i < 8; i++)
        out[i] = (char)(chart >> (56 - 8 * i));
    out[8] = (char)(at->type >> 8);
    out[9] = (char)at->type;
    for (int i = 0; i < 4; i++)
        out[10 + i] = (char)((uint32_t)at->version >> (24 - 8 * i));
    memcpy(out + 14, at->id.p, at->id.n);
    return (km_str){ out, 14 + at->id.n };
}

km_str km_seal__close(km_sealing *s, km_arena *a, const unsigned char key[KM_KEY_LEN],
                      const km_seal_place *at, km_str packed, const km_random *random)
{
    char aad[128];
    unsigned char nonce[12];
    random->fill(random->self, nonce, sizeof nonce);
    unsigned char *out = km_arena_alloc(a, packed.n + KM_GCM_EXTRA);
    km_gcm_seal(s->gcm, out, key, nonce, place_bytes(aad, at), packed);
    return (km_str){ (char *)out, packed.n + KM_GCM_EXTRA };
}

km_code km_seal__open(km_str *text, km_sealing *s, km_arena *a, const unsigned char key[KM_KEY_LEN],
                      const km_seal_place *at, km_str sealed, km_fault *f)
{
    char aad[128];
    if (sealed.n < KM_GCM_EXTRA)
        return km_fail(f, KM_TAMPERED, NULL, "a body is too short");
    km_str packed = { km_arena_alloc(a, sealed.n), sealed.n - KM_GCM_EXTRA };
    KM_TRY(km_gcm_open(s->gcm, (unsigned char *)(uintptr_t)packed.p, key, place_bytes(aad, at),
                       sealed, f));
    return unpack(text, s, a, packed, f);
}

static km_str chart_bytes(char out[8], int64_t chart)
{
    for (int i = 0; i < 8; i++)
        out[i] = (char)((uint64_t)chart >> (56 - 8 * i));
    return (km_str){ out, 8 };
}

km_str km_seal__wrap(km_log *l, km_sealing *s, km_arena *a, int64_t chart,
                     const unsigned char key[KM_KEY_LEN])
{
    char aad[8];
    unsigned char nonce[12];
    l->o.random->fill(l->o.random->self, nonce, sizeof nonce);
    km_buf out = km_buf_in(a);
    km_buf_u32be(&out, l->o.kek_number);
    km_buf_reserve(&out, KM_KEY_LEN + KM_GCM_EXTRA);
    km_gcm_seal(s->gcm, (unsigned char *)out.p + out.n, l->o.kek, nonce, chart_bytes(aad, chart),
                (km_str){ (const char *)key, KM_KEY_LEN });
    out.n += KM_KEY_LEN + KM_GCM_EXTRA;
    return km_buf_str(&out);
}

km_code km_seal__unwrap(unsigned char key[KM_KEY_LEN], km_log *l, km_sealing *s, int64_t chart,
                        km_str wrapped, km_fault *f)
{
    char aad[8];
    if (wrapped.n != 4 + KM_KEY_LEN + KM_GCM_EXTRA)
        return km_fail(f, KM_TAMPERED, NULL, "a wrapped key has the wrong length");
    return km_gcm_open(s->gcm, key, l->o.kek, chart_bytes(aad, chart),
                       km_str_sub(wrapped, 4, wrapped.n), f);
}

static bool was_erased(const km_log *l, int64_t chart)
{
    for (size_t i = 0; i < l->erased_n; i++)
        if (l->erased[i] == chart)
            return true;
    return false;
}

void km_seal__remember(km_log *l, int64_t chart, const unsigned char key[KM_KEY_LEN])
{
    km_key_slot *slot = &l->key_slot[(uint64_t)chart % KM_KEY_SLOTS];
    pthread_mutex_lock(&l->key_lock);
    if (!was_erased(l, chart)) {
        slot->chart = chart;
        memcpy(slot->key, key, KM_KEY_LEN);
    }
    pthread_mutex_unlock(&l->key_lock);
}

void km_seal__forget(km_log *l, int64_t chart)
{
    km_key_slot *slot = &l->key_slot[(uint64_t)chart % KM_KEY_SLOTS];
    pthread_mutex_lock(&l->key_lock);
    if (slot->chart == chart) {
        explicit_bzero(slot->key, KM_KEY_LEN);
        slot->chart = 0;
    }
    if (l->erased_n == l->erased_room) {
        l->erased_room = l->erased_room * 2 + 16;
        l->erased = realloc(l->erased, l->erased_room * sizeof *l->erased);
        assert(l->erased != NULL);
    }
    l->erased[l->erased_n++] = chart;
    pthread_mutex_unlock(&l->key_lock);
}

static bool recall(unsigned char key[KM_KEY_LEN], km_log *l, int64_t chart)
{
    km_key_slot *slot = &l->key_slot[(uint64_t)chart % KM_KEY_SLOTS];
    pthread_mutex_lock(&l->key_lock);
    bool hit = slot->chart == chart;
    if (hit)
        memcpy(key, slot->key, KM_KEY_LEN);
    pthread_mutex_unlock(&l->key_lock);
    return hit;
}

km_code km_seal__key(unsigned char key[KM_KEY_LEN], km_log *l, km_conn *c, km_sealing *s,
                     int64_t chart, km_fault *f)
{
    if (chart == KM_CHART_NONE) {
        memcpy(key, l->node_key, KM_KEY_LEN);
        return KM_OK;
    }
    if (recall(key, l, chart))
        return KM_OK;
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "chart_get", f));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, f));
    km_code rc = KM_OK;
    if (!row)
        return km_fail(f, KM_TAMPERED, NULL, "a chart is missing");
    if (km_col_null(st, 2))
        rc = km_fail(f, KM_ERASED, NULL, "the key of this chart was destroyed");
    else
        rc = km_seal__unwrap(key, l, s, chart, km_col_blob(st, 2), f);
    km_reset(st);
    if (rc == KM_OK)
        km_seal__remember(l, chart, key);
    return rc;
}
