/* SPDX-License-Identifier: Apache-2.0
 *
 * access: the answer of `trust` to "may this caller, for this purpose, see these persons'
 * records of these classes". Whoever reads records needs one; only `trust` makes one (the
 * constructor stands in access_make.h, which LAYERS opens to trust alone), so no handler
 * can forget consent or audit: it would not compile.
 *
 * - An access is a predicate over charts, types and labels (decision 2). Making it opens
 *   the audit entry.
 * - km_access_release completes the entry with what is shown, and is the only way the text of a
 *   record reaches a reply: km_record_text asserts it.
 * - A record that may not be seen is treated everywhere as one that does not exist.
 */
#ifndef KM_RECORD_ACCESS_H
#define KM_RECORD_ACCESS_H

#include "base/call.h"
#include "codec/fhir/fhir.h"

typedef struct km_access km_access;
struct km_record;

/* Chart 0 owns what belongs to no patient: organisations, code systems. */
#define KM_CHART_NONE ((int64_t)0)

/* One decision for a chart (within a value, index rows are ordered by chart, so this is
 * asked once per run of rows, decision 21). */
bool km_access_covers_chart(const km_access *a, int64_t chart);

/* True when some covered chart may still have rows of this type hidden, so that rows must be
 * asked one by one with km_access_covers. */
bool km_access_is_partial(const km_access *a, km_ftype type);
bool km_access_covers(const km_access *a, int64_t chart, km_ftype type, int64_t rid);

/* The same for a version that is not the current one: by what that version says itself, so that a
 * label taken off later hides it all the same. */
bool km_access_covers_version(const km_access *a, struct km_record *r);
/* A fault of the store met while deciding hides; whoever finds nothing asks whether that is why. */
km_code km_access_failed(const km_access *a, km_fault *f);

/* What the access covers everything of: lets counting skip the question. */
bool km_access_covers_all(const km_access *a);

/* Completes the audit entry: these records are shown to the caller. After KM_OK their text
 * may be printed. n may be 0 (a count, an empty page). */
km_code km_access_release(km_access *a, struct km_record *const *shown, size_t n, km_fault *f);
/* For who waits without a thread: from here on a release does not wait until its entry is durable,
 * but leaves in *owed how far the audit must be. The caller lets nothing leave before it is
 * (km_audit_when). */
void km_access_defer(km_access *a, int64_t *owed);

#endif
