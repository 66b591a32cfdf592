/* SPDX-License-Identifier: Apache-2.0
 *
 * balp: an entry as FHIR R4 AuditEvents in the shape of IHE BALP (Basic Audit Log Patterns 1.1.4).
 *
 * - An entry about one chart, or none, is one AuditEvent; about several, one for each (BALP, Query:
 *   one for every patient), and those list no records: which is whose the entry does not say.
 * - A chart is a logical reference (urn:kumihimo:chart|N); no name and no Patient id is made up.
 * - Searched values are in no entry, so `query` holds the route and the parameters' names alone.
 * - meta.profile is claimed only where all that the profile asks for is there; those that describe
 * a success are not claimed for what failed.
 * - The first AuditEvent of entry 12 has the id audit-12, the next audit-12-2.
 */
#ifndef KM_TRUST_AUDIT_BALP_H
#define KM_TRUST_AUDIT_BALP_H

#include "trust/audit/entry.h"

typedef struct km_balp km_balp;

/* The table of codes (data/audit/balp.tsv). A wrong one is our own mistake and ends the process. */
km_balp *km_balp_new(void);
void km_balp_free(km_balp *b);

size_t km_balp_events(const km_audit_entry *e); /* how many AuditEvents it is */
/* The nth of them (from 0). `origin`: who recorded it, the log's name in its checkpoints. */
void km_balp_print(km_buf *out, const km_balp *b, const km_audit_entry *e, int64_t index,
                   size_t nth, km_str origin);

#endif
