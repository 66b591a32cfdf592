/* SPDX-License-Identifier: Apache-2.0
 *
 * piece: the index of one segment, growing in memory or finished as a file.
 */
#include "trust/audit/finding.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { ORDER = 0x01020304, SCRATCH = 64 << 20 };
static const char magic[8] = { 'k', 'm', 'i', 'n', 'd', 'e', 'x', '1' };

/* Not a secret: a key only says where to look, and the entry decides. */
static const km_sipkey sip = { 0x6b756d6968696d6fu, 0x61756469742f7631u };

uint64_t km_audit__chart_key(int64_t chart)
{
    char text[32];
    int n = snprintf(text, sizeof text, "chart %lld", (long long)chart);
    return km_siphash(sip, text, (size_t)n);
}

uint64_t km_audit__agent_key(km_str id)
{
    km_sipkey key = { sip.k0, sip.k1 + 1 };
    return km_siphash(key, id.p, id.n);
}

uint64_t km_audit__kind_key(km_audit_kind k)
{
    const char *text = km_audit_kind_text(k);
    km_sipkey key = { sip.k0, sip.k1 + 2 };
    return km_siphash(key, text, strlen(text));
}

void km_audit__index_name(char out[KM_AUDIT_SEGMENT_NAME], int64_t first)
{
    snprintf(out, KM_AUDIT_SEGMENT_NAME, "%016lld.idx", (long long)first);
}

int64_t km_audit__segment_bytes(int dir, int64_t first)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    struct stat st;
    km_audit__segment_name(name, first);
    return fstatat(dir, name, &st, 0) == 0 ? (int64_t)st.st_size : -1;
}

/* --- growing -------------------------------------------------------------------------------------
 */

static void *grown(void *p, size_t *room, size_t n, size_t each)
{
    if (n < *room)
        return p;
    *room = *room > 0 ? *room * 2 : 1024;
    p = realloc(p, *room * each);
    if (p == NULL)
        abort(); /* decision 18 */
    return p;
}

static void post(km_audit__piece *p, uint64_t key, uint32_t entry)
{
    p->posting = grown(p->posting, &p->posting_room, p->head.keys, sizeof *p->posting);
    p->posting[p->head.keys++] = (km_audit__posting){ key, entry };
}

/* What is no entry (an older writer's, a test's) is found by nothing and stays in its place. */
static void post_entry(km_audit__piece *p, km_str text, uint32_t number, km_arena *scratch)
{
    km_audit_entry e;
    km_fault none = { 0 };
    km_arena_mark here = km_arena_here(scratch);
    if (km_audit_entry_parse(&e, text, scratch, &none) == KM_OK) {
        p->head.low = p->head.low == 0 || e.at < p->head.low ? e.at : p->head.low;
        p->head.high = e.at > p->head.high ? e.at : p->head.high;
        post(p, km_audit__kind_key(e.kind), number);
        if (e.agent.id.n > 0)
            post(p, km_audit__agent_key(e.agent.id), number);
        for (size_t i = 0; i < e.charts; i++)
            post(p, km_audit__chart_key(e.chart[i]), number);
    }
    km_arena_back(scratch, here);
}

void km_audit__piece_take(km_audit__piece *p, const km_audit__group *g, km_str records, int64_t at,
                          km_arena *scratch)
{
    km_audit_item item;
    const char *begin = records.p;
    assert(p->head.end == g->first && p->map == NULL);
    for (;;) {
        uint32_t number = (uint32_t)(p->head.end - p->head.first);
        int64_t place = at + KM_AUDIT_HEAD + (records.p - begin);
        if (!km_audit__next_record(&item, &records))
            break;
        assert(place <= UINT32_MAX);
        p->place = grown(p->place, &p->place_room, number, sizeof *p->place);
        p->place[number] = (uint32_t)place;
        if (!item.purged)
            post_entry(p, item.entry, number, scratch);
        p->head.end++;
    }
}

/* --- the file ------------------------------------------------------------------------------------
 */

static int by_key(const void *a, const void *b)
{
    const km_audit__posting *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static size_t entries_of(const km_audit__index_head *h)
{
    return (size_t)(h->end - h->first);
}

static size_t body_bytes(const km_audit__index_head *h)
{
    return h->keys * 12 + entries_of(h) * 4;
}

static char *print_body(const km_audit__piece *p)
{
    size_t keys = p->head.keys;
    char *body = malloc(body_bytes(&p->head) + 1);
    if (body == NULL)
        abort(); /* decision 18 */
    for (size_t i = 0; i < keys; i++) {
        memcpy(body + 8 * i, &p->posting[i].key, 8);
        memcpy(body + 8 * keys + 4 * i, &p->posting[i].entry, 4);
    }
    if (p->head.end > p->head.first)
        memcpy(body + 12 * keys, p->place, 4 * entries_of(&p->head));
    return body;
}

static bool write_file(int dir, const char *name, km_audit__index_head head, const char *body)
{
    size_t n = body_bytes(&head);
    int file = openat(dir, "indexing", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, &head, sizeof head) == (ssize_t)sizeof head;
    for (size_t at = 0; good && at < n;) {
        ssize_t put = write(file, body + at, n - at);
        good = put > 0;
        at += good ? (size_t)put : 0;
    }
    if (file >= 0)
        close(file);
    return good && renameat(dir, "indexing", dir, name) == 0;
}

km_code km_audit__piece_finish(km_audit__piece *p, int dir, int64_t bytes, km_fault *f)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    int64_t first = p->head.first, end = p->head.end;
    if (p->head.keys > 0)
        qsort(p->posting, p->head.keys, sizeof *p->posting, by_key);
    memcpy(p->head.magic, magic, sizeof magic);
    p->head.order = ORDER;
    p->head.bytes = bytes;
    char *body = print_body(p);
    p->head.crc = (uint32_t)crc32_z(0, (const unsigned char *)body, body_bytes(&p->head));
    km_audit__index_name(name, first);
    bool good = write_file(dir, name, p->head, body);
    free(body);
    if (!good)
        return km_audit__failed(f, "an index cannot be written");
    km_audit__piece_free(p);
    return km_audit__piece_load(p, dir, first, end, f);
}

static bool fits(const km_audit__index_head *h, int64_t bytes, int dir, int64_t first, int64_t end)
{
    return memcmp(h->magic, magic, sizeof magic) == 0 && h->order == ORDER && h->first == first
           && h->end == end && h->end > h->first && h->end - h->first <= UINT32_MAX
           && h->keys < (uint64_t)bytes && bytes == (int64_t)(sizeof *h + body_bytes(h))
           && h->bytes == km_audit__segment_bytes(dir, first);
}

km_code km_audit__piece_load(km_audit__piece *p, int dir, int64_t first, int64_t end, km_fault *f)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    struct stat st;
    void *map = MAP_FAILED;
    *p = (km_audit__piece){ 0 };
    km_audit__index_name(name, first);
    int file = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &st) == 0 && st.st_size >= (off_t)sizeof p->head)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    if (map == MAP_FAILED)
        return km_fail(f, KM_NOT_FOUND, "audit", "no index of a segment");
    const unsigned char *body = (const unsigned char *)map + sizeof p->head;
    memcpy(&p->head, map, sizeof p->head);
    p->map = map;
    p->map_bytes = (size_t)st.st_size;
    if (fits(&p->head, st.st_size, dir, first, end)
        && p->head.crc == (uint32_t)crc32_z(0, body, body_bytes(&p->head)))
        return KM_OK;
    km_audit__piece_free(p);
    return km_fail(f, KM_NOT_FOUND, "audit", "no index that fits its segment");
}

km_code km_audit__piece_make(km_audit__piece *p, int dir, int64_t first, int64_t end, km_fault *f)
{
    km_audit__scan s;
    km_audit__group g;
    km_str records;
    bool more = true;
    int64_t bytes = km_audit__segment_bytes(dir, first);
    km_arena *list = km_arena_new(KM_ARENA_CAP_DEFAULT), *scratch = km_arena_new(SCRATCH);
    *p = (km_audit__piece){ .head = { .first = first, .end = first } };
    km_code rc = km_audit__scan_open(&s, dir, first, list, f);
    while (rc == KM_OK && more && s.next < end) {
        rc = km_audit__scan_next(&g, &records, &more, &s, f);
        if (rc == KM_OK && more)
            km_audit__piece_take(p, &g, records, s.at - KM_AUDIT_HEAD - g.bytes, scratch);
    }
    if (rc == KM_OK && p->head.end != end)
        rc = km_fail(f, KM_TAMPERED, "audit", "a segment ends before the next begins");
    km_audit__scan_close(&s);
    km_arena_free(scratch);
    km_arena_free(list);
    if (rc == KM_OK)
        rc = km_audit__piece_finish(p, dir, bytes, f);
    if (rc != KM_OK)
        km_audit__piece_free(p);
    return rc;
}

void km_audit__piece_free(km_audit__piece *p)
{
    if (p->map != NULL)
        munmap(p->map, p->map_bytes);
    free(p->posting);
    free(p->place);
    *p = (km_audit__piece){ 0 };
}

/* --- asking it -----------------------------------------------------------------------------------
 */

static const char *body_of(const km_audit__piece *p)
{
    return (const char *)p->map + sizeof p->head;
}

static uint64_t key_at(const km_audit__piece *p, uint64_t i)
{
    uint64_t key;
    memcpy(&key, body_of(p) + 8 * i, 8);
    return key;
}

static uint32_t entry_at(const km_audit__piece *p, uint64_t i)
{
    uint32_t entry;
    memcpy(&entry, body_of(p) + 8 * p->head.keys + 4 * i, 4);
    return entry;
}

/* The first posting whose key is greater. */
static uint64_t behind(const km_audit__piece *p, uint64_t key)
{
    uint64_t low = 0, high = p->head.keys;
    while (low < high) {
        uint64_t half = low + (high - low) / 2;
        if (key_at(p, half) <= key)
            low = half + 1;
        else
            high = half;
    }
    return low;
}

void km_audit__piece_find(km_buf *out, const km_audit__piece *p, uint64_t key, int64_t below,
                          size_t most)
{
    if (p->map == NULL) {
        for (size_t i = p->head.keys; i-- > 0 && most > 0;)
            if (p->posting[i].key == key && p->head.first + p->posting[i].entry < below) {
                km_buf_bytes(out, &p->posting[i].entry, 4);
                most--;
            }
        return;
    }
    for (uint64_t i = behind(p, key); i-- > 0 && key_at(p, i) == key && most > 0;) {
        uint32_t entry = entry_at(p, i);
        if (p->head.first + entry < below) {
            km_buf_bytes(out, &entry, 4);
            most--;
        }
    }
}

uint32_t km_audit__piece_place(const km_audit__piece *p, uint32_t entry)
{
    uint32_t place;
    if (p->map == NULL)
        return p->place[entry];
    memcpy(&place, body_of(p) + 12 * p->head.keys + 4 * (size_t)entry, 4);
    return place;
}
