/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: the bytes of segments, how they are walked, and the open log's own state.
 *
 * Segment: head, then groups; what one write brought is one group.
 *   head, 32 bytes    "kmaudit1" first(8) cursor(8) crc(4) zero(4)
 *   group, 32 bytes   "KMGR" count(4) first(8) cursor(8) bytes(4) crc(4), then its records
 *   record            length(4) purged(1) zero(3) salt(16) entry crc(4)
 * A purged record has no salt, and its commitment in the place of the entry. CRC-32 is over what
 * stands before it; it finds torn writes, the tree finds the rest.
 */
#ifndef KM_TRUST_AUDIT_INSIDE_H
#define KM_TRUST_AUDIT_INSIDE_H

#include <pthread.h>

#include "trust/audit/audit.h"

enum {
    KM_AUDIT_HEAD = 32,
    KM_AUDIT_RECORD_HEAD = 24,
    KM_AUDIT_RECORD_EXTRA = KM_AUDIT_RECORD_HEAD + 4,
    KM_AUDIT_BATCH_BYTES = 32 << 20, /* of one call */
    KM_AUDIT_GROUP_BYTES = 8 << 20,  /* more batches are joined up to this */
    KM_AUDIT_GROUP_WHOLE = KM_AUDIT_BATCH_BYTES + KM_AUDIT_GROUP_BYTES,
    KM_AUDIT_SEGMENT_NAME = 24,
    KM_AUDIT_WRITTEN_MODE = 0600,
};

typedef struct km_audit__group {
    int64_t first, cursor;
    uint32_t count, bytes;
} km_audit__group;

void km_audit__put_head(unsigned char out[KM_AUDIT_HEAD], int64_t first, int64_t cursor);
void km_audit__put_group(unsigned char out[KM_AUDIT_HEAD], const km_audit__group *g);
/* out has room for entry.n + KM_AUDIT_RECORD_EXTRA; returns that. */
size_t km_audit__put_record(unsigned char *out, bool purged, const unsigned char *salt,
                            km_str entry);
bool km_audit__get_head(int64_t *first, int64_t *cursor, const unsigned char *p);
bool km_audit__get_group(km_audit__group *out, const unsigned char *p);
/* Takes the next record off *rest; entry points into it. Its commitment is there only when it is
 * purged. False at a bad one. */
bool km_audit__get_record(km_audit_item *out, km_str *rest);
/* Of records that were found whole already (km_audit__scan_next): their CRC is not taken again. */
bool km_audit__next_record(km_audit_item *out, km_str *rest);

/* --- segments in order --------------------------------------------------------------------------
 */
typedef struct km_audit__segments {
    int64_t *first;
    size_t n;
} km_audit__segments;
km_code km_audit__list(km_audit__segments *out, int dir, km_arena *a, km_fault *f);
void km_audit__segment_name(char out[KM_AUDIT_SEGMENT_NAME], int64_t first);

typedef struct km_audit__scan {
    int dir, file;
    km_audit__segments all;
    size_t segment;      /* the next to be opened */
    int64_t at, end;     /* in the file: of what follows; end of what is buffered */
    int64_t next;        /* the entry that must come */
    int64_t cursor;      /* of the last group */
    int64_t begun;       /* the cursor in the head of the segment that is open */
    unsigned char *room; /* buffered bytes, from `at` on at room + from */
    size_t size, from, have;
    bool torn; /* the last segment ends in something that is no whole group, at `at` */
} km_audit__scan;
/* From the segment that holds `from` on. */
km_code km_audit__scan_open(km_audit__scan *s, int dir, int64_t from, km_arena *a, km_fault *f);
/* *more = false: the end, or a torn end. `records` lives until the next call. KM_TAMPERED:
 * something is wrong before the end; s->next is the first entry that is not there. */
km_code km_audit__scan_next(km_audit__group *g, km_str *records, bool *more, km_audit__scan *s,
                            km_fault *f);
void km_audit__scan_close(km_audit__scan *s);
/* Does a whole group begin anywhere behind the torn place? Then it is no torn end. */
bool km_audit__scan_goes_on(km_audit__scan *s);

/* --- checkpoints in order ------------------------------------------------------------------------
 */
typedef struct km_audit__notes {
    int file;
    int64_t at; /* behind the last whole note */
    size_t have, used;
    char room[4 * KM_AUDIT_NOTE_MAX];
} km_audit__notes;
/* *out points into n; *more = false at the end; what is left behind n->at is torn or wrong. */
km_code km_audit__notes_next(km_str *out, bool *more, km_audit__notes *n, km_fault *f);
/* KM_NOT_FOUND when there is none. *end: where it ends. */
km_code km_audit__notes_last(km_str *out, int64_t *end, int dir, km_arena *a, km_fault *f);

/* Of a file of notes of another name. */
km_code km_audit__last_of(km_str *out, int64_t *end, int dir, const char *name, km_arena *a,
                          km_fault *f);

/* Is it signed by one of the folder's keys? */
km_code km_audit__keys(km_audit_key **out, size_t *n, int dir, km_arena *a, km_fault *f);
bool km_audit__signed_by_any(const km_audit_checkpoint *c, const km_audit_key *k, size_t n);

/* --- files
 * ----------------------------------------------------------------------------------------- */
km_code km_audit__dir(int *out, const char *path, km_fault *f);
/* Exactly n bytes, or false. */
bool km_audit__read(int file, void *p, size_t n, int64_t at);
km_code km_audit__failed(km_fault *f, const char *what);
/* Nodes of an open tree file, for proofs; `self` is a pointer to the descriptor. */
km_code km_audit__node_at(void *self, km_audit_hash *out, int64_t place, km_fault *f);

/* --- the open log
 * ------------------------------------------------------------------------------------ */
typedef struct km_audit__batch {
    struct km_audit__batch *next;
    size_t n, bytes;
    int64_t cursor;
    km_audit_hash *leaf;
    unsigned char *records;
} km_audit__batch;

typedef struct km_audit__nodes {
    km_audit_hash *p;
    size_t n, room;
} km_audit__nodes;

struct km_audit {
    km_audit_options o;
    km_audit_disk disk;
    char *path, *origin;
    int dir, lock, segment, tree, checkpoints;
    int64_t segment_at; /* the writer's: end of the segment */
    unsigned char *group;
    size_t group_room;
    int64_t tree_at, checkpoints_at; /* the signer's: nodes in the file, bytes */

    pthread_mutex_t mutex; /* over all that follows */
    pthread_cond_t work, done, sign;
    pthread_t writer, signer;
    bool failed, stopping, written_out, sign_asked;
    uint64_t sign_tried; /* counts checkpoints made or refused */
    km_audit__batch *head, *tail;
    size_t queued;
    km_audit_waiter *waiting;
    int64_t next, durable, cursor;
    int64_t segment_first;
    km_audit_frontier frontier;
    km_audit__nodes fresh; /* made since the signer last took them */
    km_audit_frontier signed_for;
};

void *km_audit__writer(void *self);
void *km_audit__signer(void *self);
/* One leaf more in the tree; its nodes wait in `fresh`. */
void km_audit__take(km_audit *a, const km_audit_hash *leaf);
/* Brings the nodes to the tree's file; the signer's, or before the threads run. */
bool km_audit__store_nodes(km_audit *a, km_audit__nodes *n);
/* Signs a checkpoint of `t` behind the others. */
km_code km_audit__sign(km_audit *a, const km_audit_frontier *t, km_arena *room, km_fault *f);
/* A new segment, whose first entry is `first`. */
bool km_audit__begin_segment(km_audit *a, int64_t first, int64_t cursor);
km_code km_audit__restore(km_audit *a, km_arena *room, km_fault *f);

#endif
