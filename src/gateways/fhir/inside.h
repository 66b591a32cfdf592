/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the FHIR gateway share.
 */
#ifndef KM_GATEWAYS_FHIR_INSIDE_H
#define KM_GATEWAYS_FHIR_INSIDE_H

#include "platform/change.h"

#define KM_FHIR_JSON "application/fhir+json;charset=utf-8"
enum { KM_BUNDLE_MAX = 5000, KM_HISTORY_DEFAULT = 50 };

extern const km_policy km_fhir_reads, km_fhir_searches, km_fhir_histories, km_fhir_all,
    km_fhir_writes, km_fhir_public;

/* --- show.c: what goes back --- */
typedef struct km_showing {
    km_summary summary;
    const km_str *element;
    size_t elements;
    bool pretty;
} km_showing;
/* The resource as the reply shows it: whole, a summary, some elements. The record must be released.
 */
km_code km_show__resource(km_buf *out, km_record *r, const km_showing *s, km_call *call);
void km_show__pretty(km_buf *out, km_str json);
km_code km_show__options(km_showing *out, const km_request *r);
/* Does a list of tags (W/"3", "3", *) hold this version? And which version is one tag: 0 = none of
 * ours. */
bool km_show__tag_meets(km_str tags, int32_t version);
int64_t km_show__tag_version(km_str tag);
/* Status 200/201 with the headers of a version: ETag, Last-Modified, and Location when new. */
km_code km_show__version(km_reply *out, km_request *r, km_record *rec, int status);
void km_show__change_headers(km_reply *out, km_request *r, const km_change *c);
km_str km_show__base(const km_request *r); /* http://host/fhir */
typedef enum {
    KM_RETURN_DEFAULT,
    KM_RETURN_MINIMAL,
    KM_RETURN_REPRESENTATION,
    KM_RETURN_OUTCOME
} km_return;
km_return km_show__prefer(const km_request *r, bool *lenient);
km_code km_show__acceptable(const km_request *r);   /* _format and Accept */
km_code km_show__content_type(const km_request *r); /* bodies must be JSON */
km_code km_show__body(km_reply *out, km_request *r, km_buf *json, int status);

/* --- the interactions (serve.c, bundle.c, find.c, past.c, everything.c, capability.c) --- */
km_code km_fhir__read(km_request *r, km_reply *out);
km_code km_fhir__vread(km_request *r, km_reply *out);
km_code km_fhir__create(km_request *r, km_reply *out);
km_code km_fhir__update(km_request *r, km_reply *out);
km_code km_fhir__update_if(km_request *r, km_reply *out);
km_code km_fhir__patch(km_request *r, km_reply *out);
km_code km_fhir__patch_if(km_request *r, km_reply *out);
km_code km_fhir__delete(km_request *r, km_reply *out);
km_code km_fhir__delete_if(km_request *r, km_reply *out);
km_code km_fhir__bundle(km_request *r, km_reply *out);
km_code km_fhir__search_type(km_request *r, km_reply *out);
km_code km_fhir__search_all(km_request *r, km_reply *out);
km_code km_fhir__search_compartment(km_request *r, km_reply *out);
km_code km_fhir__history_instance(km_request *r, km_reply *out);
km_code km_fhir__history_type(km_request *r, km_reply *out);
km_code km_fhir__history_all(km_request *r, km_reply *out);
km_code km_fhir__everything(km_request *r, km_reply *out);
km_code km_fhir__capability(km_request *r, km_reply *out);

/* --- serve.c: what every single write has in common --- */
km_code km_fhir__carry_out(km_request *r, km_reply *out, km_change *c);
/* If-Match and If-None-Match: * of the request. */
km_code km_fhir__preconditions(km_change *c, km_request *r);

/* A search or history, as an address of its own or as an entry of a Bundle: prints the Bundle. */
typedef struct km_finding {
    km_ftype type, compartment;
    km_str compartment_id;
    const km_field *field;
    size_t fields;
    bool lenient;
} km_finding;
km_code km_find__print(km_buf *out, km_request *r, const km_finding *f);
/* Patient/1/Observation, Patient/1/ *: KM_UNKNOWN_ROUTE where there is no such compartment or type.
 */
km_code km_find__compartment(km_finding *out, km_request *r, km_ftype of, km_str id, km_str member);
km_code km_past__print(km_buf *out, km_request *r, const km_finding *f, km_str id);

/* --- inner.c: GET inside a Bundle --- */
typedef struct km_inner {
    enum { KM_INNER_READ, KM_INNER_SEARCH, KM_INNER_HISTORY } what;
    km_ftype type;
    km_str id;
    int64_t version;
    km_finding find;
    km_str none_match, modified_since;
} km_inner;
km_code km_inner__read(km_inner *out, km_request *r, km_jv request);
km_code km_inner__answer(km_buf *out, int *status, km_request *r, const km_inner *in);

/* --- cursor.c --- */
/* Seals state for the caller: base64url; and opens it (KM_BAD_VALUE). */
km_str km_cursor__seal(km_request *r, km_str plain);
km_code km_cursor__open(km_str *plain, km_request *r, km_str sealed);

/* Resource type of the path variable {type}; KM_UNKNOWN_TYPE. */
km_code km_fhir__type_of(km_ftype *out, km_request *r);
km_code km_fhir__id_of(km_str *out, km_request *r);
km_code km_fhir__reader(km_reader **out, km_request *r, const km_policy *policy);

#endif
