/* SPDX-License-Identifier: Apache-2.0
 *
 * bytes: heads, groups and records of a segment.
 */
#include "trust/audit/inside.h"

#include <zlib.h>

static void put(unsigned char *p, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, v >>= 8)
        p[i] = (unsigned char)v;
}

static uint64_t get(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

static uint32_t crc(const unsigned char *p, size_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

void km_audit__put_head(unsigned char out[KM_AUDIT_HEAD], int64_t first, int64_t cursor)
{
    memcpy(out, "kmaudit1", 8);
    put(out + 8, (uint64_t)first, 8);
    put(out + 16, (uint64_t)cursor, 8);
    put(out + 24, crc(out, 24), 4);
    put(out + 28, 0, 4);
}

bool km_audit__get_head(int64_t *first, int64_t *cursor, const unsigned char *p)
{
    *first = (int64_t)get(p + 8, 8);
    *cursor = (int64_t)get(p + 16, 8);
    return memcmp(p, "kmaudit1", 8) == 0 && get(p + 24, 4) == crc(p, 24) && get(p + 28, 4) == 0;
}

void km_audit__put_group(unsigned char out[KM_AUDIT_HEAD], const km_audit__group *g)
{
    memcpy(out, "KMGR", 4);
    put(out + 4, g->count, 4);
    put(out + 8, (uint64_t)g->first, 8);
    put(out + 16, (uint64_t)g->cursor, 8);
    put(out + 24, g->bytes, 4);
    put(out + 28, crc(out, 28), 4);
}

bool km_audit__get_group(km_audit__group *out, const unsigned char *p)
{
    out->count = (uint32_t)get(p + 4, 4);
    out->first = (int64_t)get(p + 8, 8);
    out->cursor = (int64_t)get(p + 16, 8);
    out->bytes = (uint32_t)get(p + 24, 4);
    return memcmp(p, "KMGR", 4) == 0 && get(p + 28, 4) == crc(p, 28) && out->count > 0
           && out->count <= KM_AUDIT_GROUP_MAX && out->bytes <= KM_AUDIT_GROUP_WHOLE;
}

size_t km_audit__put_record(unsigned char *out, bool purged, const unsigned char *salt,
                            km_str entry)
{
    size_t n = KM_AUDIT_RECORD_HEAD + entry.n;
    put(out, entry.n, 4);
    put(out + 4, (uint64_t)purged << 24, 4);
    memcpy(out + 8, salt, KM_AUDIT_SALT);
    memcpy(out + KM_AUDIT_RECORD_HEAD, entry.p, entry.n);
    put(out + n, crc(out, n), 4);
    return n + 4;
}

static bool take_record(km_audit_item *out, km_str *rest, bool whole)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    if (rest->n < KM_AUDIT_RECORD_EXTRA)
        return false;
    uint64_t n = get(p, 4), purged = get(p + 4, 4);
    if (n > KM_AUDIT_ENTRY_MAX || n > rest->n - KM_AUDIT_RECORD_EXTRA
        || (purged != 0 && (purged != 1u << 24 || n != KM_AUDIT_HASH))
        || (!whole && get(p + KM_AUDIT_RECORD_HEAD + n, 4) != crc(p, KM_AUDIT_RECORD_HEAD + n)))
        return false;
    *out = (km_audit_item){ .purged = purged != 0 };
    memcpy(out->salt, p + 8, KM_AUDIT_SALT);
    out->entry = km_str_sub(*rest, KM_AUDIT_RECORD_HEAD, n);
    if (out->purged) {
        static const unsigned char none[KM_AUDIT_SALT];
        memcpy(out->commit.h, out->entry.p, KM_AUDIT_HASH);
        out->entry = KM_STR_NONE;
        if (memcmp(out->salt, none, KM_AUDIT_SALT) != 0)
            return false;
    }
    *rest = km_str_sub(*rest, KM_AUDIT_RECORD_EXTRA + n, rest->n);
    return true;
}

bool km_audit__get_record(km_audit_item *out, km_str *rest)
{
    return take_record(out, rest, false);
}

bool km_audit__next_record(km_audit_item *out, km_str *rest)
{
    return take_record(out, rest, true);
}
