/* SPDX-License-Identifier: Apache-2.0
 *
 * scan: walks the groups of all segments in order, through one buffer. Reads only, so that it may
 * run beside the process that writes: what that one has half written looks like a torn end.
 */
#include "trust/audit/inside.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_AHEAD = 1 << 20, DIGITS = 16 };

km_code km_audit__failed(km_fault *f, const char *what)
{
    return km_fail(f, KM_STORE, "audit", "%s: %s", what, strerror(errno));
}

km_code km_audit__dir(int *out, const char *path, km_fault *f)
{
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0 && errno == ENOENT)
        return km_fail(f, KM_NOT_FOUND, "audit", "no audit here");
    return *out < 0 ? km_audit__failed(f, "the folder cannot be opened") : KM_OK;
}

bool km_audit__read(int file, void *p, size_t n, int64_t at)
{
    for (char *to = p; n > 0;) {
        ssize_t got = pread(file, to, n, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

void km_audit__segment_name(char out[KM_AUDIT_SEGMENT_NAME], int64_t first)
{
    snprintf(out, KM_AUDIT_SEGMENT_NAME, "%016lld.seg", (long long)first);
}

/* --- the list
 * ------------------------------------------------------------------------------------- */

static bool is_segment(int64_t *first, const char *name)
{
    km_str s = km_str_of(name);
    return s.n == DIGITS + 4 && km_str_ends(s, KM_STR(".seg")) && name[0] != '-'
           && km_str_to_i64(first, km_str_sub(s, 0, DIGITS));
}

static int by_first(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

km_code km_audit__list(km_audit__segments *out, int dir, km_arena *a, km_fault *f)
{
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    if (d == NULL)
        return km_audit__failed(f, "the folder cannot be listed");
    km_buf list = km_buf_in(a);
    int64_t first;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (is_segment(&first, e->d_name))
            km_buf_bytes(&list, &first, sizeof first);
    closedir(d);
    out->n = list.n / sizeof first;
    out->first = KM_NEW_ARRAY(a, out->n, int64_t);
    if (out->n > 0)
        memcpy(out->first, list.p, list.n);
    qsort(out->first, out->n, sizeof *out->first, by_first);
    return KM_OK;
}

/* --- the walk
 * ---------------------------------------------------------------------------------------- */

km_code km_audit__scan_open(km_audit__scan *s, int dir, int64_t from, km_arena *a, km_fault *f)
{
    *s = (km_audit__scan){ .dir = dir, .file = -1, .cursor = KM_AUDIT_NO_CURSOR };
    KM_TRY(km_audit__list(&s->all, dir, a, f));
    while (s->segment + 1 < s->all.n && s->all.first[s->segment + 1] <= from)
        s->segment++;
    s->next = s->segment > 0 ? s->all.first[s->segment] : 0;
    return KM_OK;
}

void km_audit__scan_close(km_audit__scan *s)
{
    if (s->file >= 0)
        close(s->file);
    free(s->room);
    *s = (km_audit__scan){ .file = -1 };
}

static void make_room(km_audit__scan *s, size_t need)
{
    if (s->from > 0) {
        memmove(s->room, s->room + s->from, s->have);
        s->from = 0;
    }
    if (s->size >= need && s->size > 0)
        return;
    s->size = need > READ_AHEAD ? need : READ_AHEAD;
    s->room = realloc(s->room, s->size);
    if (s->room == NULL)
        abort(); /* decision 18 */
}

/* `need` bytes from `at` on stand in the buffer, if the file has so many. */
static bool buffered(km_audit__scan *s, size_t need)
{
    if (s->have >= need)
        return true;
    make_room(s, need);
    while (s->have < need) {
        ssize_t got = pread(s->file, s->room + s->have, s->size - s->have,
                            s->at + (int64_t)s->have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        s->have += (size_t)got;
    }
    return true;
}

static void pass(km_audit__scan *s, size_t n)
{
    s->at += (int64_t)n;
    s->from += n;
    s->have -= n;
}

static bool is_last(const km_audit__scan *s)
{
    return s->segment == s->all.n;
}

static km_code broken(const km_audit__scan *s, km_fault *f)
{
    return km_fail(f, KM_TAMPERED, "audit", "entry %lld is not where it must be",
                   (long long)s->next);
}

/* A segment whose head is torn can only be the last: it was just begun. */
static km_code next_segment(km_audit__scan *s, km_fault *f)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    int64_t first = s->all.first[s->segment], said, cursor;
    if (s->file >= 0)
        close(s->file);
    s->at = 0;
    s->from = s->have = 0;
    km_audit__segment_name(name, first);
    s->file = openat(s->dir, name, O_RDONLY | O_CLOEXEC);
    if (s->file < 0)
        return km_audit__failed(f, "a segment cannot be opened");
    s->segment++;
    if (first != s->next)
        return broken(s, f);
    if (!buffered(s, KM_AUDIT_HEAD) || !km_audit__get_head(&said, &cursor, s->room + s->from)
        || said != first) {
        s->torn = is_last(s);
        return s->torn ? KM_OK : broken(s, f);
    }
    if (s->cursor != KM_AUDIT_NO_CURSOR && cursor != s->cursor)
        return broken(s, f);
    s->cursor = s->begun = cursor;
    pass(s, KM_AUDIT_HEAD);
    return KM_OK;
}

/* All its records are whole, and nothing else is there. */
static bool are_records(km_str records, uint32_t count)
{
    km_audit_item item;
    for (uint32_t i = 0; i < count; i++)
        if (!km_audit__get_record(&item, &records))
            return false;
    return records.n == 0;
}

km_code km_audit__scan_next(km_audit__group *g, km_str *records, bool *more, km_audit__scan *s,
                            km_fault *f)
{
    *more = false;
    while (s->file < 0 || !buffered(s, 1)) {
        if (s->torn || is_last(s))
            return KM_OK;
        KM_TRY(next_segment(s, f));
        if (s->torn)
            return KM_OK;
    }
    if (s->torn)
        return KM_OK;
    if (buffered(s, KM_AUDIT_HEAD) && km_audit__get_group(g, s->room + s->from)
        && g->first == s->next && buffered(s, KM_AUDIT_HEAD + g->bytes)) {
        *records = (km_str){ (const char *)s->room + s->from + KM_AUDIT_HEAD, g->bytes };
        if (are_records(*records, g->count)) {
            pass(s, KM_AUDIT_HEAD + g->bytes);
            s->next += g->count;
            s->cursor = g->cursor;
            *more = true;
            return KM_OK;
        }
    }
    s->torn = is_last(s);
    return s->torn ? KM_OK : broken(s, f);
}

bool km_audit__scan_goes_on(km_audit__scan *s)
{
    km_audit__group g;
    buffered(s, KM_AUDIT_GROUP_WHOLE + KM_AUDIT_HEAD); /* as much as there is */
    if (s->have >= KM_AUDIT_GROUP_WHOLE + KM_AUDIT_HEAD)
        return true; /* no one write is so long */
    for (size_t i = 1; i + KM_AUDIT_HEAD <= s->have; i++) {
        const unsigned char *p = s->room + s->from + i;
        if (*p == 'K' && km_audit__get_group(&g, p) && g.first >= s->next
            && g.bytes <= s->have - i - KM_AUDIT_HEAD
            && are_records((km_str){ (const char *)p + KM_AUDIT_HEAD, g.bytes }, g.count))
            return true;
    }
    return false;
}
