/* SPDX-License-Identifier: Apache-2.0
 *
 * status: lists of revoked certificates (RFC 5280 §5), kept parsed, chosen by how fresh they are.
 * Their signatures, scopes and critical extensions are OpenSSL's to check along the path.
 */
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "codec/x509/inside.h"

bool km_x509__time(km_ms *out, const ASN1_TIME *t)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = (km_ms)timegm(&tm) * 1000;
    return true;
}

static X509_CRL *load(km_str list)
{
    const unsigned char *p = (const unsigned char *)list.p;
    X509_CRL *crl = NULL;
    if (list.n > 0 && list.p[0] == KM_DER_SEQUENCE) {
        crl = d2i_X509_CRL(NULL, &p, (long)list.n);
        if (crl != NULL && p != (const unsigned char *)list.p + list.n) {
            X509_CRL_free(crl);
            crl = NULL;
        }
    } else if (list.n > 0) {
        BIO *in = BIO_new_mem_buf(list.p, (int)list.n);
        crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
        BIO_free(in);
    }
    ERR_clear_error();
    return crl;
}

static km_code add(km_x509_crls *x, km_str list, km_fault *f)
{
    if (list.n > KM_X509_CRL_MAX)
        return km_fail(f, KM_TOO_LONG, "crl", "a list has at most 32 MiB");
    X509_CRL *crl = load(list);
    if (crl == NULL)
        return km_fail(f, KM_MALFORMED, "crl", "not a revocation list in DER or PEM");
    if (X509_CRL_get0_nextUpdate(crl) == NULL) {
        X509_CRL_free(crl);
        return km_fail(f, KM_BAD_VALUE, "crl", "a list without nextUpdate");
    }
    sk_X509_CRL_push(x->list, crl);
    return KM_OK;
}

km_code km_x509_crls_new(km_x509_crls **out, const km_str *list, size_t n, km_fault *f)
{
    *out = NULL;
    if (n > KM_X509_CRLS)
        return km_fail(f, KM_TOO_LONG, "crl", "at most %d lists", KM_X509_CRLS);
    km_x509_crls *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort();
    x->list = sk_X509_CRL_new_null();
    km_code rc = KM_OK;
    for (size_t i = 0; i < n && rc == KM_OK; i++)
        rc = add(x, list[i], f);
    if (rc == KM_OK)
        *out = x;
    else
        km_x509_crls_free(x);
    return rc;
}

void km_x509_crls_free(km_x509_crls *x)
{
    if (x == NULL)
        return;
    sk_X509_CRL_pop_free(x->list, X509_CRL_free);
    free(x);
}

STACK_OF(X509_CRL) * km_x509__fresh(const km_x509_crls *x, km_ms at, km_ms age_ms)
{
    STACK_OF(X509_CRL) *fresh = sk_X509_CRL_new_null();
    for (int i = 0; x != NULL && i < sk_X509_CRL_num(x->list); i++) {
        X509_CRL *crl = sk_X509_CRL_value(x->list, i);
        km_ms made, next;
        if (km_x509__time(&made, X509_CRL_get0_lastUpdate(crl))
            && km_x509__time(&next, X509_CRL_get0_nextUpdate(crl)) && made <= at && at < next
            && (age_ms == 0 || at - made <= age_ms))
            sk_X509_CRL_push(fresh, crl);
    }
    return fresh;
}
