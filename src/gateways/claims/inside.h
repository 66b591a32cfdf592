/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the gateway share.
 */
#ifndef KM_GATEWAYS_CLAIMS_INSIDE_H
#define KM_GATEWAYS_CLAIMS_INSIDE_H

#include "codec/receden/receden.h"
#include "gateways/claims/claims.h"

km_code km_claims__explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f);
km_code km_claims__records(const km_document *doc, const km_format_sink *sink, km_call *call);

#endif
