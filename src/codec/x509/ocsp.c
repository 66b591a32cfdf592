/* SPDX-License-Identifier: Apache-2.0
 *
 * ocsp: asking a responder, and whether its answer counts (RFC 6960 §3.2, §4.2.2.2).
 */
#include <assert.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "codec/x509/inside.h"

static km_code useless(km_fault *f, const char *why)
{
    return km_fail(f, KM_UPSTREAM, "ocsp", "%s", why);
}

/* SHA-1 names the certificate, it protects nothing: what responders know (RFC 5019 §2.1.1). */
static OCSP_CERTID *id_of(const km_x509_path *path)
{
    X509 *leaf = km_x509__load(path->leaf.der), *issuer = km_x509__load(path->issuer.der);
    OCSP_CERTID *id = leaf != NULL && issuer != NULL ? OCSP_cert_to_id(EVP_sha1(), leaf, issuer)
                                                     : NULL;
    X509_free(leaf);
    X509_free(issuer);
    return id;
}

km_code km_ocsp_ask(km_str *request, km_arena *a, const km_x509_path *path,
                    const unsigned char nonce[KM_OCSP_NONCE], km_fault *f)
{
    unsigned char own[KM_OCSP_NONCE], *der = NULL;
    OCSP_REQUEST *q = OCSP_REQUEST_new();
    OCSP_CERTID *id = id_of(path);
    int n = -1;
    memcpy(own, nonce, sizeof own);
    /* add0 takes the id. */
    if (q != NULL && id != NULL && OCSP_request_add0_id(q, id) != NULL
        && OCSP_request_add1_nonce(q, own, sizeof own) == 1)
        n = i2d_OCSP_REQUEST(q, &der);
    OCSP_REQUEST_free(q);
    ERR_clear_error();
    if (n <= 0)
        return km_fail(f, KM_INTERNAL, "ocsp", "the request cannot be made");
    *request = km_arena_copy(a, (km_str){ (char *)der, (size_t)n });
    OPENSSL_free(der);
    return KM_OK;
}

/* 1: the same, 0: another, -1: none. */
static int nonce_agrees(OCSP_BASICRESP *answer, const unsigned char *nonce)
{
    int at = OCSP_BASICRESP_get_ext_by_NID(answer, NID_id_pkix_OCSP_Nonce, -1);
    if (at < 0)
        return -1;
    const ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(answer, at));
    const unsigned char *p = ASN1_STRING_get0_data(v);
    int n = ASN1_STRING_length(v);
    /* An OCTET STRING in the extension's own (RFC 8954 §2.1); some old ones leave it out. */
    if (n == KM_OCSP_NONCE + 2 && p[0] == KM_DER_OCTETS && p[1] == KM_OCSP_NONCE)
        p += 2, n -= 2;
    return n == KM_OCSP_NONCE && km_same_secret(p, nonce, KM_OCSP_NONCE);
}

/* A named responder's own status is not chased: its authority must say that there is none. */
static bool named_well(OCSP_BASICRESP *answer, X509 *issuer, STACK_OF(X509) * certs)
{
    X509 *signer = NULL;
    return OCSP_resp_get0_signer(answer, &signer, certs) == 1
           && (X509_cmp(signer, issuer) == 0
               || X509_get_ext_by_NID(signer, NID_id_pkix_OCSP_noCheck, -1) >= 0);
}

/* The store holds the issuer alone, which the path has proved: the responder is it, or is named by
 * it directly. OCSP_basic_verify looks at OCSPSigning. */
static km_code check_signer(OCSP_BASICRESP *answer, const km_x509_path *path, km_ms at, km_fault *f)
{
    X509 *issuer = km_x509__load(path->issuer.der);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *certs = sk_X509_new_null();
    X509_VERIFY_PARAM *p = X509_STORE_get0_param(store);
    assert(issuer != NULL);
    X509_STORE_add_cert(store, issuer);
    X509_VERIFY_PARAM_set_time(p, at / 1000);
    X509_VERIFY_PARAM_set_auth_level(p, 2);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
    sk_X509_push(certs, issuer);
    km_code rc = KM_OK;
    if (OCSP_basic_verify(answer, certs, store, OCSP_PARTIAL_CHAIN) != 1)
        rc = useless(f,
                     "the responder may not speak for this authority, or its signature is wrong");
    else if (!named_well(answer, issuer, certs))
        rc = useless(f, "the responder's certificate does not say ocsp-nocheck");
    sk_X509_free(certs);
    X509_STORE_free(store);
    X509_free(issuer);
    return rc;
}

static km_code check_times(km_ms *until, ASN1_GENERALIZEDTIME *this_update,
                           ASN1_GENERALIZEDTIME *next_update, const km_ocsp_want *want, km_fault *f)
{
    km_ms from, to;
    if (!km_x509__time(&from, this_update))
        return useless(f, "thisUpdate is no time");
    if (from > want->at + want->leeway_ms)
        return useless(f, "thisUpdate lies in the future");
    if (from < want->at - want->age_ms)
        return useless(f, "the answer is too old");
    *until = from + want->age_ms;
    if (next_update == NULL)
        return KM_OK;
    if (!km_x509__time(&to, next_update) || to < from)
        return useless(f, "nextUpdate is no time, or lies before thisUpdate");
    if (to <= want->at)
        return useless(f, "the answer has expired");
    if (to < *until)
        *until = to;
    return KM_OK;
}

static km_code check_basic(km_ms *until, OCSP_BASICRESP *answer, const km_x509_path *path,
                           const km_ocsp_want *want, km_fault *f)
{
    int status = -1, reason = -1, agrees = nonce_agrees(answer, want->nonce);
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
    if (agrees == 0 || (agrees < 0 && want->nonce_needed))
        return useless(f, "the answer is to another question (nonce)");
    KM_TRY(check_signer(answer, path, want->at, f));
    OCSP_CERTID *id = id_of(path);
    int found = OCSP_resp_find_status(answer, id, &status, &reason, &revoked, &from, &to);
    OCSP_CERTID_free(id);
    if (found != 1)
        return useless(f, "the answer is about another certificate");
    KM_TRY(check_times(until, from, to, want, f));
    if (status == V_OCSP_CERTSTATUS_GOOD)
        return KM_OK;
    return km_fail(f, KM_UNAUTHENTICATED, "certificate", "%s",
                   status == V_OCSP_CERTSTATUS_REVOKED ? "was revoked"
                                                       : "its authority does not know it");
}

km_code km_ocsp_check(km_ms *until, km_arena *a, km_str answer, const km_x509_path *path,
                      const km_ocsp_want *want, km_fault *f)
{
    const unsigned char *p = (const unsigned char *)answer.p;
    (void)a;
    assert(want->nonce != NULL && want->age_ms > 0 && want->leeway_ms >= 0);
    if (answer.n > KM_OCSP_MAX)
        return km_fail(f, KM_TOO_LONG, "ocsp", "an answer has at most 32 KiB");
    OCSP_RESPONSE *r = answer.n > 0 ? d2i_OCSP_RESPONSE(NULL, &p, (long)answer.n) : NULL;
    OCSP_BASICRESP *basic = NULL;
    km_code rc;
    if (r == NULL || p != (const unsigned char *)answer.p + answer.n)
        rc = useless(f, "no answer of a responder");
    else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        rc = useless(f, "the responder answers with an error");
    else if ((basic = OCSP_response_get1_basic(r)) == NULL)
        rc = useless(f, "an answer of another kind");
    else
        rc = check_basic(until, basic, path, want, f);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(r);
    ERR_clear_error();
    return rc;
}
