/* SPDX-License-Identifier: Apache-2.0
 *
 * consents: the compiled consents of the log's current versions, a fold of it: a decision finds
 * them ready, in the snapshot in which it reads the records, so a withdrawal counts from its commit
 * on and no stale permit stands beside fresh data (trust.md §2.3).
 *
 * A Consent that cannot be compiled is refused when it is written (it may be a withdrawal, and must
 * not be kept as if it were none); the fault says where.
 */
#ifndef KM_TRUST_CONSENTS_H
#define KM_TRUST_CONSENTS_H

#include "record/log.h"
#include "trust/consent/consent.h"

extern const km_fold_def km_trust_consent_fold;
extern const km_embedded km_sql_trust[];

/* All consents of a person's charts, loaded and proved, in the call's arena. At most KM_CONSENTS:
 * with more, KM_TOO_COSTLY, since leaving one out could leave out a refusal. KM_TAMPERED. */
km_code km_trust_consents(km_consent **out, size_t *n, km_reader *r, const int64_t *chart,
                          size_t charts);
/* The same on the writer's transaction; for this folder. */
km_code km_trust__consents(km_consent **out, size_t *n, km_conn *c, const int64_t *chart,
                           size_t charts, km_arena *a, km_fault *f);

#endif
