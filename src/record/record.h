/* SPDX-License-Identifier: Apache-2.0
 *
 * record: one version of one FHIR R4 resource, as the log holds it.
 *
 * - A record belongs for ever to one chart: one source's patient (decision 6); chart 0 owns
 *   what is nobody's.
 * - Within the node a resource is a `rid` (a number, never used again); outside it is
 *   (type, id) of a source. Ids are unique per source (decision 19).
 * - Stored text is compact JSON that begins {"resourceType":T,"id":I,"meta":{ and carries
 *   neither meta.versionId nor meta.lastUpdated: those are columns, put in when printed.
 */
#ifndef KM_RECORD_RECORD_H
#define KM_RECORD_RECORD_H

#include "record/access.h"

typedef struct km_record {
    int64_t seq; /* place in the log: total order of the node */
    int64_t chart, rid;
    int32_t version; /* 1, 2, ... */
    km_ftype type;
    int32_t source;
    bool deleted;  /* this version is a deletion: no text */
    bool put;      /* written by update (PUT), not by create (POST) */
    bool released; /* km_access_release has been asked; see access.h */
    km_ms at;      /* meta.lastUpdated */
    km_str id;
    km_str stored; /* not for replies; for rules that must look */
    km_json *json; /* stored, parsed on demand by km_record_json */
} km_record;

/* The stored text as values, for deciding and for extracting; parsed once. */
km_code km_record_json(km_jv *out, km_record *r, const km_call *call);

/* The text for a reply, with versionId and lastUpdated. Asserts r->released. */
void km_record_print(km_buf *out, const km_record *r);

/* Canonical stored text of a resource: resourceType, id, meta first (versionId and lastUpdated
 * dropped, `id` replaced), then the other members in their order, compact. */
void km_record_canonical(km_buf *out, km_jv resource, km_ftype type, km_str id);

#endif
