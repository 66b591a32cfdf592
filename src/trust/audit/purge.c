/* SPDX-License-Identifier: Apache-2.0
 *
 * purge: erases what has outlived its retention. A segment is written anew with commitments in the
 * place of entries and takes the old one's name; the tree is what it was.
 */
#include "trust/audit/finding.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char half_done[] = "purging";

static km_code say_so(km_audit *a, const km_audit_purge *p, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    km_str basis[] = { km_arena_print(call->arena, "purge:below=%lld", (long long)p->below),
                       km_arena_print(call->arena, "decided:%.*s", KM_STR_ARG(p->first_person)),
                       km_arena_print(call->arena, "decided:%.*s", KM_STR_ARG(p->second_person)) };
    km_audit_entry e = { .at = km_call_now(call),
                         .kind = KM_AUDIT_PURGE,
                         .outcome = KM_STR("ok"),
                         .reason = p->case_id,
                         .basis = basis,
                         .bases = sizeof basis / sizeof *basis };
    KM_TRY(km_audit_entry_print(&text, &e, call->fault));
    km_str entry = km_buf_str(&text);
    KM_TRY(km_audit_append(NULL, a, &entry, 1, call->fault));
    return km_audit_sign_now(a, call->fault); /* no tail that is cut off takes it away again */
}

/* The group's bytes with all its records purged; how many were not before. */
static int64_t purge_group(km_buf *out, km_audit__group g, km_str records)
{
    static const unsigned char none[KM_AUDIT_SALT];
    km_audit_item item;
    int64_t erased = 0;
    size_t record = KM_AUDIT_RECORD_EXTRA + KM_AUDIT_HASH;
    g.bytes = g.count * (uint32_t)record;
    km_buf_reserve(out, KM_AUDIT_HEAD + g.bytes);
    km_audit__put_group((unsigned char *)out->p + out->n, &g);
    out->n += KM_AUDIT_HEAD;
    while (km_audit__next_record(&item, &records)) {
        if (!item.purged) {
            item.commit = km_audit_commit(item.salt, item.entry);
            erased++;
        }
        out->n += km_audit__put_record((unsigned char *)out->p + out->n, true, none,
                                       (km_str){ (const char *)item.commit.h, KM_AUDIT_HASH });
    }
    return erased;
}

/* Writes the segment [first, end) anew. */
static km_code write_anew(int64_t *erased, const km_audit *a, int64_t first, int64_t end, int file,
                          km_call *call)
{
    km_audit__scan s;
    km_audit__group g;
    km_str records;
    unsigned char head[KM_AUDIT_HEAD];
    int64_t at = KM_AUDIT_HEAD;
    bool more = true;
    km_code rc = km_audit__scan_open(&s, a->dir, first, call->arena, call->fault);
    while (rc == KM_OK && s.next < end && more) {
        bool begins = s.next == first;
        rc = km_audit__scan_next(&g, &records, &more, &s, call->fault);
        if (rc != KM_OK || !more)
            break;
        km_arena_mark here = km_arena_here(call->arena);
        km_buf out = km_buf_in(call->arena);
        if (begins) { /* its own head, with the cursor that stands there */
            if (!km_audit__read(s.file, head, sizeof head, 0)
                || !a->disk.write(a->disk.self, file, head, sizeof head, 0))
                rc = km_audit__failed(call->fault, "a purged segment cannot be written");
        }
        *erased += purge_group(&out, g, records);
        if (!a->disk.write(a->disk.self, file, out.p, out.n, at))
            rc = km_audit__failed(call->fault, "a purged segment cannot be written");
        at += (int64_t)out.n;
        km_arena_back(call->arena, here);
    }
    if (rc == KM_OK && s.next != end)
        rc = km_fail(call->fault, KM_TAMPERED, "audit", "entry %lld is not where it must be",
                     (long long)s.next);
    km_audit__scan_close(&s);
    return rc;
}

static void forget_index(const km_audit *a, int64_t first)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    km_audit__index_name(name, first);
    (void)unlinkat(a->dir, name, 0); /* there may be none */
}

static km_code purge_segment(int64_t *erased, const km_audit *a, int64_t first, int64_t end,
                             km_call *call)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    int64_t here = 0;
    km_audit__segment_name(name, first);
    int file = openat(a->dir, half_done, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                      KM_AUDIT_WRITTEN_MODE);
    if (file < 0)
        return km_audit__failed(call->fault, "a purged segment cannot be written");
    km_code rc = write_anew(&here, a, first, end, file, call);
    /* What says where an entry was goes first; a reader makes it anew. */
    if (rc == KM_OK && here > 0)
        forget_index(a, first);
    if (rc == KM_OK && here > 0
        && (!a->disk.sync(a->disk.self, file) || renameat(a->dir, half_done, a->dir, name) != 0
            || !a->disk.sync(a->disk.self, a->dir)))
        rc = km_audit__failed(call->fault, "a purged segment cannot take its place");
    close(file);
    if (rc != KM_OK || here == 0)
        unlinkat(a->dir, half_done, 0);
    if (rc == KM_OK)
        *erased += here;
    return rc;
}

km_code km_audit_purge_old(int64_t *purged, km_audit *a, const km_audit_purge *p, km_call *call)
{
    km_audit__segments all;
    *purged = 0;
    if (p->case_id.n == 0 || p->first_person.n == 0 || p->second_person.n == 0
        || km_str_eq(p->first_person, p->second_person))
        return km_fail(call->fault, KM_FORBIDDEN, "audit", "a case and two persons decide it");
    pthread_mutex_lock(&a->mutex);
    int64_t current = a->segment_first, signed_size = a->signed_for.size;
    pthread_mutex_unlock(&a->mutex);
    if (p->below > signed_size)
        return km_fail(call->fault, KM_BAD_VALUE, "audit", "not signed for yet");
    KM_TRY(say_so(a, p, call));
    KM_TRY(km_audit__list(&all, a->dir, call->arena, call->fault));
    for (size_t i = 0; i + 1 < all.n; i++) {
        if (all.first[i] >= current || all.first[i + 1] > p->below)
            break;
        KM_TRY(purge_segment(purged, a, all.first[i], all.first[i + 1], call));
    }
    return KM_OK;
}
