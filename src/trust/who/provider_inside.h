/* SPDX-License-Identifier: Apache-2.0
 *
 * provider_inside: what the three files of the relying party share: the table, what is fetched,
 * what is checked.
 */
#ifndef KM_TRUST_WHO_PROVIDER_INSIDE_H
#define KM_TRUST_WHO_PROVIDER_INSIDE_H

#include "codec/jose/jose.h"
#include "trust/who/provider.h"

/* From the table, secret opened. KM_NOT_FOUND. */
km_code km_provider__find(km_provider *out, km_log *l, km_str name, km_call *call);

/* What its metadata says (OpenID Connect Discovery 1.0 §3); lives in the call's arena. */
typedef struct km_provider__places {
    km_str authorize, token, jwks;
    bool says_iss; /* RFC 9207 §3: it always sends iss */
    bool post;     /* takes the client's secret in the body alone */
} km_provider__places;

km_code km_provider__places_of(km_provider__places *out, km_providers *ps, const km_provider *p,
                               km_call *call);
/* Verifies the token with the provider's keys, fetching them where they are missing or old, and
 * once more when the token's key is not among them. */
km_code km_provider__verify(km_jws *out, km_providers *ps, const km_provider *p, km_str token,
                            km_call *call);
/* One question to a provider. Only status 200 and JSON are an answer. */
km_code km_provider__ask(km_jv *out, km_providers *ps, const km_provider *p, const km_question *q,
                         km_call *call);

/* The claims of a verified ID token. `access_token` may be empty. */
km_code km_provider__check(km_str *subject, const km_jws *token, const km_provider *p, km_str nonce,
                           km_str access_token, km_call *call);

km_log *km_provider__log(const km_providers *ps);

#endif
