/* SPDX-License-Identifier: Apache-2.0
 *
 * test_inside: one certificate of the test authority.
 */
#ifndef KM_CODEC_X509_TEST_INSIDE_H
#define KM_CODEC_X509_TEST_INSIDE_H

#include <openssl/evp.h>

#include "codec/x509/inside.h"

typedef struct km_test_row {
    km_str file, issuer, kind, common_name, registration, name_ja, organisation_ja, policy, role;
    int64_t from, to; /* days from now */
    bool rsa, revoked, critical;
} km_test_row;

typedef struct km_test_made {
    km_test_row row;
    const struct km_test_made *by; /* itself for a root */
    X509 *cert;
    EVP_PKEY *key;
    unsigned char serial[8];
} km_test_made;

/* Fills cert and key of `out`, whose row, by and serial are set. */
km_code km_x509__test_make(km_test_made *out, km_arena *a, km_ms now, km_fault *f);
/* The list of what `by` revoked among `all`; the caller frees it. */
X509_CRL *km_x509__test_crl(const km_test_made *by, const km_test_made *all, size_t n, km_ms now);

#endif
