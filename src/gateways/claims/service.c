/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the format that the gateway brings.
 */
#include "gateways/claims/inside.h"

static km_code reprint(km_buf *out, km_str text, km_fault *f)
{
    (void)f;
    km_rows_reprint(out, text, false);
    return KM_OK;
}

const km_format km_format_receden = { .name = "receden",
                                      .about = "claims (UKE)",
                                      .about_ja = "レセプト電算処理",
                                      .is = km_receden_is,
                                      .reprint = reprint,
                                      .explain = km_claims__explain,
                                      .records = km_claims__records };

static const km_format *const formats[] = { &km_format_receden, NULL };

const km_service km_gateway_claims = { .name = "claims", .formats = formats };
