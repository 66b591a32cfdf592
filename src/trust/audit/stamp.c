/* SPDX-License-Identifier: Apache-2.0
 *
 * stamp: RFC 3161 on OpenSSL's TS functions.
 */
#include "trust/audit/stamp.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "base/hash.h"

struct km_stamp_authorities {
    X509_STORE *store;
};

/* --- asking --------------------------------------------------------------------------------------
 */

static bool set_imprint(TS_REQ *req, km_str text)
{
    unsigned char sum[KM_SHA256_LEN];
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algo = X509_ALGOR_new();
    km_sha256(sum, text.p, text.n);
    bool good = imprint != NULL && algo != NULL
                && X509_ALGOR_set0(algo, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1
                && TS_MSG_IMPRINT_set_algo(imprint, algo) == 1
                && TS_MSG_IMPRINT_set_msg(imprint, sum, sizeof sum) == 1
                && TS_REQ_set_msg_imprint(req, imprint) == 1;
    X509_ALGOR_free(algo);
    TS_MSG_IMPRINT_free(imprint);
    return good;
}

static ASN1_INTEGER *number_of(const unsigned char nonce[KM_STAMP_NONCE])
{
    BIGNUM *n = BN_bin2bn(nonce, KM_STAMP_NONCE, NULL);
    ASN1_INTEGER *out = n != NULL ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    BN_free(n);
    return out;
}

km_code km_stamp_ask(km_str *out, km_str text, const unsigned char nonce[KM_STAMP_NONCE],
                     km_arena *a, km_fault *f)
{
    TS_REQ *req = TS_REQ_new();
    ASN1_INTEGER *n = number_of(nonce);
    unsigned char *der = NULL;
    int len = -1;
    if (req != NULL && n != NULL && TS_REQ_set_version(req, 1) == 1 && set_imprint(req, text)
        && TS_REQ_set_nonce(req, n) == 1 && TS_REQ_set_cert_req(req, 1) == 1)
        len = i2d_TS_REQ(req, &der);
    if (len > 0)
        *out = km_arena_copy(a, (km_str){ (const char *)der, (size_t)len });
    OPENSSL_free(der);
    ASN1_INTEGER_free(n);
    TS_REQ_free(req);
    return len > 0 ? KM_OK : km_fail(f, KM_INTERNAL, "stamp", "it cannot be asked for");
}

/* --- authorities ---------------------------------------------------------------------------------
 */

km_code km_stamp_authorities_new(km_stamp_authorities **out, km_str pem, km_fault *f)
{
    km_stamp_authorities *s = calloc(1, sizeof *s);
    BIO *in = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    size_t n = 0;
    if (s == NULL || (s->store = X509_STORE_new()) == NULL)
        abort(); /* decision 18 */
    for (X509 *one; in != NULL && (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; n++) {
        if (X509_STORE_add_cert(s->store, one) != 1)
            abort(); /* decision 18 */
        X509_free(one);
    }
    ERR_clear_error(); /* the end of the file is one */
    BIO_free(in);
    if (n > 0) {
        *out = s;
        return KM_OK;
    }
    km_stamp_authorities_free(s);
    return km_fail(f, KM_BAD_VALUE, "stamp", "no certificate of an authority, PEM");
}

void km_stamp_authorities_free(km_stamp_authorities *s)
{
    if (s == NULL)
        return;
    X509_STORE_free(s->store);
    free(s);
}

/* --- believing -----------------------------------------------------------------------------------
 */

static bool time_of(km_ms *out, const TS_TST_INFO *info)
{
    struct tm t = { 0 };
    const ASN1_GENERALIZEDTIME *at = TS_TST_INFO_get_time(info);
    if (at == NULL || ASN1_TIME_to_tm(at, &t) != 1)
        return false;
    time_t s = timegm(&t);
    *out = (km_ms)s * 1000;
    return s > 0;
}

/* The chain is judged at the time that the token tells: the signer's certificate may have run out
 * since, the stamp has not. The signature over that time is looked at in the same call. */
static TS_VERIFY_CTX *judge(const km_stamp_authorities *s, const TS_TST_INFO *info, km_str text)
{
    unsigned char sum[KM_SHA256_LEN], *copy;
    km_ms at;
    TS_VERIFY_CTX *c = TS_VERIFY_CTX_new();
    km_sha256(sum, text.p, text.n);
    if (c == NULL || (copy = OPENSSL_memdup(sum, sizeof sum)) == NULL)
        abort(); /* decision 18 */
    TS_VERIFY_CTX_set_flags(c, (int)(TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE));
    TS_VERIFY_CTX_set_imprint(c, copy, sizeof sum);
    X509_STORE_up_ref(s->store);
    TS_VERIFY_CTX_set_store(c, s->store);
    if (time_of(&at, info))
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(s->store), (time_t)(at / 1000));
    return c;
}

static km_code forget(km_fault *f, km_code code, const char *what)
{
    ERR_clear_error();
    return km_fail(f, code, "stamp", "%s", what);
}

static km_code read_token(km_str *out, TS_RESP *resp, km_arena *a, km_fault *f)
{
    unsigned char *der = NULL;
    PKCS7 *token = TS_RESP_get_token(resp);
    int len = token != NULL ? i2d_PKCS7(token, &der) : -1;
    if (len > 0 && len <= KM_STAMP_MAX)
        *out = km_arena_copy(a, (km_str){ (const char *)der, (size_t)len });
    OPENSSL_free(der);
    return len > 0 && len <= KM_STAMP_MAX ? KM_OK
                                          : forget(f, KM_UPSTREAM, "no token in the answer");
}

static km_code believe_answer(TS_RESP *resp, km_str text, const unsigned char *nonce,
                              const km_stamp_authorities *s, km_fault *f)
{
    long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(resp)));
    TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
    if ((status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) || info == NULL)
        return forget(f, KM_UPSTREAM, "the authority refused");
    const ASN1_INTEGER *said = TS_TST_INFO_get_nonce(info);
    ASN1_INTEGER *asked = number_of(nonce);
    bool same = said != NULL && asked != NULL && ASN1_INTEGER_cmp(said, asked) == 0;
    ASN1_INTEGER_free(asked);
    if (!same)
        return forget(f, KM_UPSTREAM, "the answer is to another question");
    TS_VERIFY_CTX *c = judge(s, info, text);
    bool good = TS_RESP_verify_response(c, resp) == 1;
    TS_VERIFY_CTX_free(c);
    return good ? KM_OK : forget(f, KM_FORBIDDEN, "nobody who is trusted for it stamped this");
}

km_code km_stamp_take(km_str *token, km_ms *at, km_str answer, km_str text,
                      const unsigned char nonce[KM_STAMP_NONCE], const km_stamp_authorities *s,
                      km_arena *a, km_fault *f)
{
    const unsigned char *p = (const unsigned char *)answer.p;
    TS_RESP *resp = answer.n <= KM_STAMP_MAX ? d2i_TS_RESP(NULL, &p, (long)answer.n) : NULL;
    if (resp == NULL)
        return forget(f, KM_UPSTREAM, "no TimeStampResp");
    km_code rc = believe_answer(resp, text, nonce, s, f);
    if (rc == KM_OK && !time_of(at, TS_RESP_get_tst_info(resp)))
        rc = forget(f, KM_UPSTREAM, "no time");
    if (rc == KM_OK)
        rc = read_token(token, resp, a, f);
    TS_RESP_free(resp);
    return rc;
}

km_code km_stamp_check(km_ms *at, km_str token, km_str text, const km_stamp_authorities *s,
                       km_fault *f)
{
    const unsigned char *p = (const unsigned char *)token.p;
    PKCS7 *signed_info = token.n <= KM_STAMP_MAX ? d2i_PKCS7(NULL, &p, (long)token.n) : NULL;
    bool whole = signed_info != NULL && p == (const unsigned char *)token.p + token.n;
    TS_TST_INFO *info = whole ? PKCS7_to_TS_TST_INFO(signed_info) : NULL;
    bool good = info != NULL && time_of(at, info);
    if (good) {
        TS_VERIFY_CTX *c = judge(s, info, text);
        good = TS_RESP_verify_token(c, signed_info) == 1;
        TS_VERIFY_CTX_free(c);
    }
    TS_TST_INFO_free(info);
    PKCS7_free(signed_info);
    return good ? KM_OK : forget(f, KM_TAMPERED, "a time stamp is not one of this checkpoint");
}
