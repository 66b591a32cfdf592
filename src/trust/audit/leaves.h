/* SPDX-License-Identifier: Apache-2.0
 *
 * leaves: the leaves of all segments in order, made by threads ahead of who grows the tree from
 * them: reading, checksums and commitments are most of the work of a verification, and no segment
 * needs another for them.
 */
#ifndef KM_TRUST_AUDIT_LEAVES_H
#define KM_TRUST_AUDIT_LEAVES_H

#include "trust/audit/inside.h"

typedef struct km_audit__leaves { /* of one segment */
    int64_t first, next;          /* whole entries: [first, next) */
    const km_audit_hash *leaf;
    int64_t begun, cursor; /* in its head; of its last group */
    bool headless, torn;   /* its head is none; it ends in something that is no whole group */
    int64_t purged, last_purged;
    int64_t purge_allowed; /* by entries in it: entries below this number; 0: none */
} km_audit__leaves;

typedef struct km_audit__leafing km_audit__leafing;
/* `all` lives until it is closed. */
km_code km_audit__leafing_open(km_audit__leafing **out, int dir, const km_audit__segments *all,
                               km_fault *f);
/* The next segment's, in order; *out lives until the next call. As often as there are segments. */
km_code km_audit__leafing_next(km_audit__leaves *out, km_audit__leafing *l, km_fault *f);
void km_audit__leafing_close(km_audit__leafing *l);

#endif
