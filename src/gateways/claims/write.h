/* SPDX-License-Identifier: Apache-2.0
 *
 * write: pieces of FHIR JSON that several resources of a claim have, beside those of
 * platform/entries.h.
 */
#ifndef KM_GATEWAYS_CLAIMS_WRITE_H
#define KM_GATEWAYS_CLAIMS_WRITE_H

#include "gateways/claims/inside.h"
#include "platform/entries.h"

/* "2024-03-05" into `out`; false when the field is no day. */
bool km_claims__date(char out[16], km_str field);
/* "period": first and last day of the month, from `since` where that is a day. */
void km_claims__month(km_jw *w, const char *name, int month, km_str since);
void km_claims__yen(km_jw *w, const char *name, int64_t points);

#endif
