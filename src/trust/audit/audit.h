/* SPDX-License-Identifier: Apache-2.0
 *
 * audit: who saw what, in files that only grow and that cannot be changed unseen (trust.md §3).
 *
 * Promises
 * - km_audit_append returns KM_OK only after its entries are durable. Many threads share one write
 *   and one fdatasync; who comes alone waits for nobody. Entries of one call stand together, in
 *   order; batches stand in the order of their coming.
 * - A write or fsync that failed is never tried again, since a second fsync may report a success
 *   that is none: from then on every call answers KM_STORE and the process has to end.
 * - After a crash the half-written group is cut off; what was acknowledged is there.
 * - Each entry is a leaf of a Merkle tree (tree.h). A checkpoint, signed once a second or every
 *   1,000 entries while there is something new, fixes all before it: no change, removal,
 *   insertion or exchange of an entry below the last checkpoint passes km_audit_verify.
 * - The first checkpoint is of the empty tree, made when it is opened for the first time.
 * - One process holds the folder (lock); others may read and verify it meanwhile.
 *
 * Files in the folder (numbers big-endian)
 *   0000000000000000.seg  segments, named by their first entry (16 digits, decimal)
 *   tree                  the nodes in order of their making (km_audit_place); made anew from the
 *                         segments when it does not agree with the last checkpoint
 *   checkpoints           signed notes, each with an empty line behind it
 *   keys                  the verifier keys that signed, a line each
 */
#ifndef KM_TRUST_AUDIT_AUDIT_H
#define KM_TRUST_AUDIT_AUDIT_H

#include "trust/audit/tree.h"

typedef struct km_audit km_audit;

enum { KM_AUDIT_ENTRY_MAX = 1 << 20, KM_AUDIT_GROUP_MAX = 1000 };

/* How the files are written; NULL: write(2) and fdatasync(2). For tests of what fails. */
typedef struct km_audit_disk {
    bool (*write)(void *self, int file, const void *p, size_t n, int64_t at);
    bool (*sync)(void *self, int file);
    void *self;
} km_audit_disk;

typedef struct km_audit_options {
    const char *dir;    /* made when it is not there */
    const char *origin; /* names this log in its checkpoints: node.example/audit */
    const km_clock *clock;
    const km_random *random;
    /* Of checkpoints; called on a thread of the log's own, its key named as the origin. One that
     * refuses (not with KM_STORE) is asked again a second later; entries stay durable meanwhile. */
    km_audit_signer signer;
    int64_t segment_bytes;     /* a new segment is begun above it; default 64 MiB */
    km_ms checkpoint_every_ms; /* default 1,000 */
    const km_audit_disk *disk;
} km_audit_options;

/* KM_BUSY: another process holds it. KM_TAMPERED: the files do not hold what the last checkpoint
 * does. KM_STORE. */
km_code km_audit_open(km_audit **out, const km_audit_options *o, km_fault *f);
/* Writes and signs what is left. KM_STORE when that failed; it is closed all the same. */
km_code km_audit_close(km_audit *a, km_fault *f);

/* The key that signs now. */
const km_audit_key *km_audit_signing_key(const km_audit *a);

#define KM_AUDIT_NO_CURSOR ((int64_t)-1)

/* Durable when it returns KM_OK; *first (may be NULL) is the number of the first of them, from 0.
 * At most KM_AUDIT_GROUP_MAX entries (KM_TOO_LONG), of at most KM_AUDIT_ENTRY_MAX bytes each. */
km_code km_audit_append(int64_t *first, km_audit *a, const km_str *entry, size_t n, km_fault *f);

/* For who feeds entries that are kept elsewhere too (decision 16: those of writes, from the log):
 * does not wait unless too much is queued. `cursor` tells how far the feeder has come; it is stored
 * with the entries, so that km_audit_cursor tells after a crash where to go on. */
km_code km_audit_offer(int64_t *first, km_audit *a, const km_str *entry, size_t n, int64_t cursor,
                       km_fault *f);
int64_t km_audit_durable(km_audit *a); /* entries below this number are durable */
int64_t km_audit_cursor(km_audit *a);  /* the last durable one, or KM_AUDIT_NO_CURSOR */
/* Waits until entries below `size` are durable. */
km_code km_audit_wait(km_audit *a, int64_t size, km_fault *f);
/* The same without a thread: `done` is called once, when entries below `size` are durable (KM_OK)
 * or cannot be (KM_STORE); perhaps before this returns, else on the log's own thread, which it must
 * not hold up. The waiter is the caller's and lives until then. */
typedef struct km_audit_waiter {
    struct km_audit_waiter *next;
    int64_t size;
    void (*done)(void *self, km_code rc);
    void *self;
} km_audit_waiter;
void km_audit_when(km_audit *a, km_audit_waiter *w, int64_t size,
                   void (*done)(void *self, km_code rc), void *self);
/* Signs now what is durable, waits for it. */
km_code km_audit_sign_now(km_audit *a, km_fault *f);

/* --- reading; needs no open log, disturbs none ---------------------------------------------------
 */
typedef struct km_audit_item {
    int64_t index;
    bool purged;
    unsigned char salt[KM_AUDIT_SALT]; /* purged: zeros */
    km_str entry;                      /* purged: empty; else it lives in the arena */
    km_audit_hash commit;
} km_audit_item;
/* Visits whole entries from `from` on, in order; at most those below `below` (0: all that are
 * whole). `item` and its bytes live until the visit returns. */
typedef km_code (*km_audit_visit)(void *self, const km_audit_item *item, km_fault *f);
km_code km_audit_walk(const char *dir, int64_t from, int64_t below, km_audit_visit visit,
                      void *self, km_call *call);

/* The newest whole checkpoint's note; KM_NOT_FOUND. */
km_code km_audit_last_checkpoint(km_str *note, const char *dir, km_call *call);

/* The entry with its path in the tree of the newest checkpoint. KM_NOT_FOUND above that. */
typedef struct km_audit_proof {
    km_audit_item item;
    km_audit_path path;
    km_str note;
} km_audit_proof;
km_code km_audit_prove_entry(km_audit_proof *out, const char *dir, int64_t index, km_call *call);
/* From a tree of old_size, as a witness last saw it, to that of the newest checkpoint. */
km_code km_audit_prove_since(km_audit_path *out, km_str *note, const char *dir, int64_t old_size,
                             km_call *call);

typedef struct km_audit_report {
    int64_t entries; /* below the last checkpoint: proved */
    int64_t beyond;  /* whole ones after it: not yet signed for */
    int64_t purged, checkpoints, segments;
    int64_t bad_entry;    /* first one that is not what was signed for; -1: none */
    const char *bad_what; /* "entry", "tree", "checkpoint", "key" */
} km_audit_report;
/* Recomputes everything. `pinned` (may be NULL): the key that must have signed the last checkpoint;
 * without it the folder's own `keys` are believed. KM_TAMPERED with bad_what; KM_IO. */
km_code km_audit_verify(km_audit_report *out, const char *dir, const km_audit_key *pinned,
                        km_call *call);

/* --- retention -----------------------------------------------------------------------------------
 */
/* Erases entries and salts below `below`, in whole segments other than the one being written; their
 * commitments stay, so that all proofs hold. It appends an entry of kind "purge" first, which names
 * the case and the two persons who decided it; without such an entry a purge is tampering.
 * KM_FORBIDDEN: two different persons and a case are needed. *purged: how many were erased. */
typedef struct km_audit_purge {
    int64_t below;
    km_str case_id, first_person, second_person;
} km_audit_purge;
km_code km_audit_purge_old(int64_t *purged, km_audit *a, const km_audit_purge *p, km_call *call);

#endif
