/* SPDX-License-Identifier: Apache-2.0
 *
 * proof: a proof as a file that one may keep, and the check of such a file that needs nothing else.
 *
 * A proof is a JSON object, as web/src/audit/proof.ts reads it too:
 *     {"index":17,"salt":"...","entry":"{...}","commit":"...","path":["..."],"checkpoint":"..."}
 * salt and entry are absent where the entry was purged or is not for this reader to see; then it
 * proves only that something stands there. Base64 with padding. A file of many is NDJSON; a line
 * may leave out `checkpoint` where a line before has it: {"key":"...","checkpoint":"..."}.
 */
#ifndef KM_TRUST_AUDIT_PROOF_H
#define KM_TRUST_AUDIT_PROOF_H

#include "codec/json/json.h"
#include "trust/audit/audit.h"

/* The members, without the brackets; `checkpoint` only when the note is not empty. */
void km_audit_proof_members(km_jw *w, const km_audit_item *item, bool text,
                            const km_audit_path *path, km_str note, km_arena *a);

typedef struct km_audit_proofs_report {
    int64_t proved;                 /* entries with their text */
    int64_t withheld;               /* commitments without a text */
    int64_t bad_line;               /* the first that proves nothing, from 1; 0: none */
    const char *bad_what;           /* "form", "entry", "tree", "signature", "key" */
    km_audit_checkpoint checkpoint; /* the last one that was believed; of the text */
} km_audit_proofs_report;
/* `pinned` (may be NULL): the key that must have signed; without it the file's own is believed,
 * which proves that the file is whole and not whose it is. KM_TAMPERED with bad_line, also for a
 * file without any proof. */
km_code km_audit_proofs_check(km_audit_proofs_report *out, km_str file, const km_audit_key *pinned,
                              km_arena *a, km_fault *f);

#endif
