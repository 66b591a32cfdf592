/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of this folder share: a reader of DER that cannot leave its bytes, and the
 * doors to OpenSSL.
 */
#ifndef KM_CODEC_X509_INSIDE_H
#define KM_CODEC_X509_INSIDE_H

#include <openssl/x509.h>

#include "codec/x509/x509.h"

/* Tags of X.690 that certificates use. */
enum {
    KM_DER_BOOLEAN = 0x01,
    KM_DER_INTEGER = 0x02,
    KM_DER_BITS = 0x03,
    KM_DER_OCTETS = 0x04,
    KM_DER_OID = 0x06,
    KM_DER_UTF8 = 0x0c,
    KM_DER_NUMERIC = 0x12,
    KM_DER_PRINTABLE = 0x13,
    KM_DER_IA5 = 0x16,
    KM_DER_UTC_TIME = 0x17,
    KM_DER_TIME = 0x18,
    KM_DER_BMP = 0x1e,
    KM_DER_SEQUENCE = 0x30,
    KM_DER_SET = 0x31,
    KM_DER_CONTEXT = 0xa0, /* constructed [0]; | n */
    KM_DER_CONTEXT_PRIMITIVE = 0x80
};

typedef struct km_der {
    unsigned char tag;
    km_str whole, content;
} km_der;

/* Takes the next element off *rest. False at its end, and for what DER does not allow or we do not
 * read: lengths indefinite, not minimal or beyond the bytes, tags of several bytes. */
bool km_der__next(km_der *out, km_str *rest);
/* The next one, if it has this tag; nothing is taken otherwise. */
bool km_der__take(km_str *content, km_str *rest, unsigned char tag);
/* Dotted digits; KM_STR_NONE when it is no object identifier. */
km_str km_der__oid(km_arena *a, km_str content);
bool km_der__time(km_ms *out, const km_der *e);
/* UTF-8 of a character string; KM_STR_NONE for other types and for bytes that are no characters. */
km_str km_der__text(km_arena *a, const km_der *e);

/* The texts under hcRole in the value of a subjectDirectoryAttributes. */
km_code km_x509__hc_roles(km_cert *c, km_arena *a, km_str value, km_fault *f);

/* All of `der` as one certificate of OpenSSL, NULL when it is none. */
X509 *km_x509__load(km_str der);
struct km_x509_anchors {
    X509_STORE *store;
    size_t n;
};

struct km_x509_crls {
    STACK_OF(X509_CRL) * list;
};
/* The lists that are fresh, borrowed from x; the stack is the caller's to free. */
STACK_OF(X509_CRL) * km_x509__fresh(const km_x509_crls *x, km_ms at, km_ms age_ms);
bool km_x509__time(km_ms *out, const ASN1_TIME *t);

#endif
