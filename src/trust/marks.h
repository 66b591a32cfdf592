/* SPDX-License-Identifier: Apache-2.0
 *
 * marks: what the door must know to decide, kept beside the log so that no body is opened for it:
 * of each record of a chart the items it carries (trust/classes), its security labels and its time;
 * of each chart the institutions that its person has to do with.
 *
 * - Both are folds of the log: they are those of the current versions, in the snapshot that the
 *   records are read in.
 * - A mark says what km_mark_make says of the body; a record without one carries nothing.
 * - Ties name institutions as records do: "system|value" for a reference by identifier, and
 *   "N/Type/id" for a literal one of source N, since ids are unique per source (decision 19).
 */
#ifndef KM_TRUST_MARKS_H
#define KM_TRUST_MARKS_H

#include "record/log.h"
#include "trust/classes/classes.h"

extern const km_fold_def km_trust_mark_fold, km_trust_tie_fold;

/* The one set of tables of this process; made at first use, by whichever thread. */
const km_classes *km_mark_classes(void);

enum { KM_MARK_LABELS = 64 };

typedef struct km_mark {
    km_carried items;
    bool timed;
    km_ms time;
    /* As km_consent_request.label: codes of HL7's confidentiality and sensitivity, other systems as
     * "system|code". A record with more than KM_MARK_LABELS is kept as restricted by all. */
    km_str label[KM_MARK_LABELS];
    size_t labels;
} km_mark;

/* From a body. What it points to lives in the arena or in the body. KM_TOO_COSTLY. */
km_code km_mark_make(km_mark *out, km_jv resource, km_ftype type, km_arena *a, km_fault *f);
/* That of a current record; zeroes where there is none. */
km_code km_mark_of(km_mark *out, km_reader *r, int64_t chart, int64_t rid);
/* Does any record of the chart carry a label? */
km_code km_mark_any_label(bool *out, km_reader *r, int64_t chart);

typedef enum km_tie { KM_TIE_CARE = 1, KM_TIE_MEMBER, KM_TIE_RESIDENT, KM_TIES } km_tie;
/* Has the chart a tie of this kind with any of these names, at that moment? */
km_code km_tie_holds(bool *out, km_reader *r, int64_t chart, km_tie kind, const km_str *name,
                     size_t names, km_ms now);

#endif
