/* SPDX-License-Identifier: Apache-2.0
 *
 * write: pieces of FHIR JSON that several resources of a claim have.
 */
#ifndef KM_GATEWAYS_CLAIMS_WRITE_H
#define KM_GATEWAYS_CLAIMS_WRITE_H

#include "gateways/claims/inside.h"

/* The same parts, the same id; 40 hexadecimal digits. Parts are kept apart. */
km_str km_claims__id(km_arena *a, const char *kind, const km_str *part, size_t n);
/* {"resource":{"resourceType":TYPE,"id":ID, ... and its end with the request. */
void km_claims__entry_open(km_jw *w, const char *type, km_str id);
void km_claims__entry_close(km_jw *w, const char *type, km_str id);

void km_claims__reference(km_jw *w, const char *name, const char *type, km_str id);
/* {"coding":[{"system":..,"code":..}]} */
void km_claims__coded(km_jw *w, const char *name, const char *system, km_str code);
void km_claims__coding(km_jw *w, const char *system, km_str code);
void km_claims__identifier(km_jw *w, km_str system, km_str value);
/* "2024-03-05" into `out`; false when the field is no day. */
bool km_claims__date(char out[16], km_str field);
/* "period": first and last day of the month, from `since` where that is a day. */
void km_claims__month(km_jw *w, const char *name, int month, km_str since);
void km_claims__yen(km_jw *w, const char *name, int64_t points);

#endif
