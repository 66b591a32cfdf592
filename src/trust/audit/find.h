/* SPDX-License-Identifier: Apache-2.0
 *
 * find: who looked at these charts, what did this agent do: an index over the segments.
 *
 * Promises
 * - It is derived: NUMBER.idx beside each finished segment, the one being written in memory. What
 * is missing or does not fit its segment is made anew from the segments; deleting it loses nothing.
 * - It is fed behind, by a thread of its own that reads the files; appending waits for nothing of
 *   it. A search first feeds what has been written meanwhile, so it sees its own past.
 * - A hit is decided by the entry itself: what is shown was read from the segment and matched. The
 *   index only says where to look. That nothing is missing rests on the index; it is not signed.
 * - A purged entry is found no more: its segment's index goes before the segment does.
 * - Work of a call is bounded: it looks at no more than KM_AUDIT_LOOKED_AT entries and may answer a
 *   short page with a cursor, even an empty one.
 */
#ifndef KM_TRUST_AUDIT_FIND_H
#define KM_TRUST_AUDIT_FIND_H

#include "trust/audit/audit.h"
#include "trust/audit/entry.h"

typedef struct km_audit_finder km_audit_finder;

enum { KM_AUDIT_FOUND_MAX = 1000, KM_AUDIT_LOOKED_AT = 20000, KM_AUDIT_SOUGHT_CHARTS = 1000 };

/* Begins to read the folder of an audit that is there. KM_NOT_FOUND, KM_STORE. */
km_code km_audit_finder_open(km_audit_finder **out, const char *dir, km_fault *f);
void km_audit_finder_close(km_audit_finder *x);

typedef struct km_audit_search {
    const int64_t *chart; /* entries about any of these; charts = 0: about whomever */
    size_t charts;
    km_str agent;       /* km_audit_agent.id; empty: anybody */
    uint32_t kinds;     /* bit 1 << km_audit_kind; 0: all */
    km_ms since, until; /* since <= at < until; 0: open */
    int64_t before;     /* entries below this number: next of the page before; 0: the newest */
    size_t limit;       /* 1 to KM_AUDIT_FOUND_MAX */
} km_audit_search;

typedef struct km_audit_found {
    km_audit_item item;   /* never purged */
    km_audit_entry entry; /* its text, read */
} km_audit_found;

typedef struct km_audit_page {
    km_audit_found *found; /* newest first; in the call's arena */
    size_t n;
    int64_t next; /* 0: there is nothing more */
    int64_t size; /* entries that the index knew */
} km_audit_page;

/* KM_BUSY: the index is still being made; ask again. KM_BAD_VALUE: limit or charts. KM_STORE. */
km_code km_audit_find(km_audit_page *out, km_audit_finder *x, const km_audit_search *s,
                      km_call *call);

/* The newest checkpoint: what proofs are made against. *c points into the note. */
km_code km_audit_find_checkpoint(km_audit_checkpoint *c, km_str *note, const km_audit_finder *x,
                                 km_call *call);
/* Paths of all that was found in the tree of `size` entries, that of a checkpoint. path[i].n is
 * meaningless where found[i].item.index >= size: those are not signed for there. */
km_code km_audit_prove_found(km_audit_path **path, const km_audit_finder *x,
                             const km_audit_page *page, int64_t size, km_call *call);

#endif
