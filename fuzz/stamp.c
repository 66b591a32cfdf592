/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: trust/audit
 *
 * Answers and tokens of a time-stamping authority: nothing that nobody known signed is believed.
 */
#include "trust/audit/stamp.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* An authority whose key is thrown away: nobody can stand under it. */
static km_str make_authority(km_arena *a)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    if (key == NULL || c == NULL || out == NULL)
        abort();
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               (const unsigned char *)"gone", -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(c));
    X509_gmtime_adj(X509_getm_notBefore(c), -60);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400);
    X509_set_pubkey(c, key);
    if (X509_sign(c, key, EVP_sha256()) == 0 || PEM_write_bio_X509(out, c) != 1)
        abort();
    long len = BIO_get_mem_data(out, &text);
    km_str pem = km_arena_copy(a, (km_str){ text, (size_t)len });
    BIO_free(out);
    X509_free(c);
    EVP_PKEY_free(key);
    return pem;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static km_stamp_authorities *authorities; /* made once for all inputs */
    static const unsigned char nonce[KM_STAMP_NONCE] = { 0x41, 2, 3, 4, 5, 6, 7, 8 };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str given = { (const char *)p, n }, token;
    km_ms at;
    km_fault f = { 0 }, g = { 0 };
    if (authorities == NULL
        && km_stamp_authorities_new(&authorities, make_authority(a), NULL) != KM_OK)
        abort();
    if (km_stamp_take(&token, &at, given, KM_STR("text"), nonce, authorities, a, &f) == KM_OK
        || km_stamp_check(&at, given, KM_STR("text"), authorities, &g) == KM_OK)
        abort();
    km_arena_free(a);
    return 0;
}
