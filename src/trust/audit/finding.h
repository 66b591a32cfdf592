/* SPDX-License-Identifier: Apache-2.0
 *
 * finding: what the files of the index share.
 *
 * NUMBER.idx, in the byte order of this machine (it is derived, never carried elsewhere): a
 * km_audit__index_head, then 8-byte keys, then the entry of each key (4 bytes, counted from the
 * segment's first), then the place of each entry's record in its segment (4 bytes). Keys rise, the
 * entries of one key too. crc: of all that follows the head.
 */
#ifndef KM_TRUST_AUDIT_FINDING_H
#define KM_TRUST_AUDIT_FINDING_H

#include "trust/audit/find.h"
#include "trust/audit/inside.h"

typedef struct km_audit__index_head {
    char magic[8];
    int64_t first, end; /* entries */
    int64_t bytes;      /* of the segment: a purged one is another */
    km_ms low, high;    /* times in it */
    uint64_t keys;
    uint32_t order, crc; /* order: 0x01020304 */
} km_audit__index_head;

typedef struct km_audit__posting {
    uint64_t key;
    uint32_t entry;
} km_audit__posting;

/* The index of one segment. */
typedef struct km_audit__piece {
    km_audit__index_head head;
    void *map; /* a finished one: the file; keys are sorted */
    size_t map_bytes;
    km_audit__posting *posting; /* one that grows: in order of the entries */
    size_t posting_room;
    uint32_t *place;
    size_t place_room;
} km_audit__piece;

struct km_audit_finder {
    int dir;
    pthread_t thread;
    bool runs;             /* the thread */
    pthread_mutex_t mutex; /* over all that follows */
    pthread_cond_t ready, stop;
    bool stopping, whole;   /* whole: all finished segments are indexed */
    km_code failed;         /* why the thread ended */
    km_audit__piece *piece; /* in order; the last one grows */
    size_t pieces, room;
    km_audit__scan scan; /* of the segment that grows */
    km_arena *list;      /* of the scan */
};

uint64_t km_audit__chart_key(int64_t chart);
uint64_t km_audit__agent_key(km_str id);
uint64_t km_audit__kind_key(km_audit_kind k);

/* What the entries of a group are found by. `at`: where the group stands in its segment. */
void km_audit__piece_take(km_audit__piece *p, const km_audit__group *g, km_str records, int64_t at,
                          km_arena *scratch);
/* Sorts it, writes its file, maps that. */
km_code km_audit__piece_finish(km_audit__piece *p, int dir, int64_t bytes, km_fault *f);
/* Maps the file. KM_NOT_FOUND: there is none that fits. */
km_code km_audit__piece_load(km_audit__piece *p, int dir, int64_t first, int64_t end, km_fault *f);
/* From the segment. */
km_code km_audit__piece_make(km_audit__piece *p, int dir, int64_t first, int64_t end, km_fault *f);
void km_audit__piece_free(km_audit__piece *p);
/* Entries of the key below `below`, falling, counted from the segment's first; at most `most`. */
void km_audit__piece_find(km_buf *out, const km_audit__piece *p, uint64_t key, int64_t below,
                          size_t most);
uint32_t km_audit__piece_place(const km_audit__piece *p, uint32_t entry);
void km_audit__index_name(char out[KM_AUDIT_SEGMENT_NAME], int64_t first);
/* -1: not there. */
int64_t km_audit__segment_bytes(int dir, int64_t first);

/* Feeds all that is written. Under the mutex, which it gives away between groups. */
km_code km_audit__feed(km_audit_finder *x, km_fault *f);
/* The piece anew when its segment was purged. Under the mutex. */
km_code km_audit__renew(km_audit_finder *x, size_t piece, km_fault *f);

#endif
