/* SPDX-License-Identifier: Apache-2.0
 *
 * verify: a path to a configured anchor (RFC 5280 §6) by OpenSSL, and what it leaves to us: usage,
 * profile, that every authority says that it is one.
 */
#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "codec/x509/inside.h"

static km_code refuse(km_fault *f, const char *why)
{
    return km_fail(f, KM_UNAUTHENTICATED, "certificate", "%s", why);
}

/* --- anchors --- */

km_code km_x509_anchors_new(km_x509_anchors **out, km_str pem, km_fault *f)
{
    km_str der[KM_X509_ANCHORS];
    size_t n;
    km_arena *a = km_arena_new((size_t)4 << 20);
    km_x509_anchors *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort();
    *out = NULL;
    x->store = X509_STORE_new();
    km_code rc = km_cert_unpem(der, &n, KM_X509_ANCHORS, a, pem, f);
    for (size_t i = 0; rc == KM_OK && i < n; i++) {
        km_cert c;
        rc = km_cert_read(&c, a, der[i], f);
        X509 *one = rc == KM_OK ? km_x509__load(der[i]) : NULL;
        if (rc == KM_OK && !c.ca)
            rc = km_fail(f, KM_BAD_VALUE, "anchors", "certificate %zu is no authority", i + 1);
        else if (rc == KM_OK && X509_STORE_add_cert(x->store, one) != 1)
            rc = km_fail(f, KM_BAD_VALUE, "anchors", "certificate %zu is refused", i + 1);
        X509_free(one);
    }
    x->n = rc == KM_OK ? n : 0;
    km_arena_free(a);
    if (rc == KM_OK)
        *out = x;
    else
        km_x509_anchors_free(x);
    return rc;
}

void km_x509_anchors_free(km_x509_anchors *x)
{
    if (x == NULL)
        return;
    X509_STORE_free(x->store);
    free(x);
}

size_t km_x509_anchors_count(const km_x509_anchors *x)
{
    return x->n;
}

/* --- the path --- */

/* What OpenSSL found, in our words. */
static km_code told(int error, km_fault *f)
{
    static const struct {
        int error;
        const char *why;
    } rows[] = {
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "the chain does not end at a trusted authority" },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
          "the chain does not end at a trusted authority" },
        { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
          "the chain does not end at a trusted authority" },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "the chain does not end at a trusted authority" },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "it is signed by itself" },
        { X509_V_ERR_CERT_SIGNATURE_FAILURE, "a signature in the chain is wrong" },
        { X509_V_ERR_CERT_NOT_YET_VALID, "is not valid yet" },
        { X509_V_ERR_CERT_HAS_EXPIRED, "has expired" },
        { X509_V_ERR_CERT_REVOKED, "was revoked" },
        { X509_V_ERR_INVALID_CA, "an issuer in the chain is no authority" },
        { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "an issuer in the chain is no authority" },
        { X509_V_ERR_PATH_LENGTH_EXCEEDED, "the chain is longer than an authority allows" },
        { X509_V_ERR_CERT_CHAIN_TOO_LONG, "the chain is too long" },
        { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "a critical extension is not known" },
        { X509_V_ERR_INVALID_POLICY_EXTENSION, "a policy extension is wrong" },
        { X509_V_ERR_NO_EXPLICIT_POLICY, "the chain has none of the policies asked for" },
        { X509_V_ERR_EE_KEY_TOO_SMALL, "a key is too small" },
        { X509_V_ERR_CA_KEY_TOO_SMALL, "a key is too small" },
        { X509_V_ERR_CA_MD_TOO_WEAK, "a signature uses a weak hash" },
        { X509_V_ERR_CRL_SIGNATURE_FAILURE, "a revocation list has a wrong signature" },
        { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "a revocation list is not its authority's to sign" },
        { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
          "a revocation list has a critical extension that is not known" },
    };
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        return km_fail(f, KM_BUSY, "certificate",
                       "no fresh list says whether the certificate is revoked");
    default:
        break;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == error)
            return refuse(f, rows[i].why);
    return refuse(f, "the chain is not valid");
}

/* With KM_STATUS_CRL_CAS the leaf's own list is not looked for: OCSP says it. */
static int leaf_by_ocsp(int good, X509_STORE_CTX *ctx)
{
    int error = X509_STORE_CTX_get_error(ctx);
    if (!good && X509_STORE_CTX_get_error_depth(ctx) == 0
        && (error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_DIFFERENT_CRL_SCOPE)) {
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
    }
    return good;
}

static void set_params(X509_STORE_CTX *ctx, const km_x509_want *want)
{
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    X509_VERIFY_PARAM_set_time(p, want->at / 1000);
    X509_VERIFY_PARAM_set_depth(p, KM_X509_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(p, 2); /* 112 bits: RSA of 2048, no SHA-1 */
    if (want->profile->policies > 0)
        flags |= X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY;
    for (size_t i = 0; i < want->profile->policies; i++) {
        char oid[128];
        km_str text = want->profile->policy[i];
        assert(text.n < sizeof oid);
        memcpy(oid, text.p, text.n);
        oid[text.n] = '\0';
        X509_VERIFY_PARAM_add0_policy(p, OBJ_txt2obj(oid, 1));
    }
    if (want->status != KM_STATUS_NOT_ASKED)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL
                 | X509_V_FLAG_EXTENDED_CRL_SUPPORT;
    X509_VERIFY_PARAM_set_flags(p, flags);
    if (want->status == KM_STATUS_CRL_CAS)
        X509_STORE_CTX_set_verify_cb(ctx, leaf_by_ocsp);
}

/* Copies out of the chain what outlives it. */
static km_code keep(km_x509_path *out, km_arena *a, STACK_OF(X509) * chain, km_fault *f)
{
    int n = sk_X509_num(chain);
    if (n < 2)
        return refuse(f, "an authority's own certificate proves nobody");
    for (int i = 1; i < n; i++) {
        /* 1: there are basicConstraints and they say so; OpenSSL takes less. The anchor is
         * trusted as it is. */
        if (i + 1 < n && X509_check_ca(sk_X509_value(chain, i)) != 1)
            return refuse(f, "an issuer in the chain is no authority");
    }
    unsigned char *der = NULL;
    int length = i2d_X509(sk_X509_value(chain, 1), &der);
    if (length <= 0)
        return km_fail(f, KM_INTERNAL, "certificate", "the issuer cannot be written");
    km_str copy = km_arena_copy(a, (km_str){ (char *)der, (size_t)length });
    OPENSSL_free(der);
    out->length = (size_t)n;
    return km_cert_read(&out->issuer, a, copy, f);
}

static km_code check_path(km_x509_path *out, km_arena *a, const km_x509_anchors *anchors,
                          X509 *const *cert, size_t n, const km_x509_want *want, km_fault *f)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    STACK_OF(X509_CRL) *crls = km_x509__fresh(want->crls, want->at, want->crl_age_ms);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    km_code rc;
    for (size_t i = 1; i < n; i++)
        sk_X509_push(others, cert[i]);
    if (ctx == NULL || X509_STORE_CTX_init(ctx, anchors->store, cert[0], others) != 1) {
        rc = km_fail(f, KM_INTERNAL, "certificate", "OpenSSL fails");
    } else {
        X509_STORE_CTX_set0_crls(ctx, crls);
        set_params(ctx, want);
        rc = X509_verify_cert(ctx) == 1 ? keep(out, a, X509_STORE_CTX_get0_chain(ctx), f)
                                        : told(X509_STORE_CTX_get_error(ctx), f);
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_CRL_free(crls);
    sk_X509_free(others);
    ERR_clear_error();
    return rc;
}

static km_code check_profile(km_x509_path *out, const km_x509_profile *p, km_fault *f)
{
    const km_cert *c = &out->leaf;
    if (c->ca)
        return refuse(f, "an authority's own certificate proves nobody");
    if (!c->has_use || (c->use & p->use) != p->use)
        return refuse(f, "its key may not be used for this (keyUsage)");
    if ((p->eku_needed && !c->has_eku)
        || (c->has_eku && p->eku != 0 && !(c->eku & KM_EKU_ANY) && (c->eku & p->eku) != p->eku))
        return refuse(f, "its key may not be used for this (extKeyUsage)");
    if (p->jpki && !c->jpki)
        return refuse(f, "not a JPKI certificate for user authentication");
    if (!p->jpki && c->jpki)
        return refuse(f, "a JPKI certificate stands for a citizen alone");
    return p->role ? km_cert_hc_role(&out->role, c, f) : KM_OK;
}

km_code km_x509_verify(km_x509_path *out, km_arena *a, const km_x509_anchors *anchors,
                       const km_str *der, size_t n, const km_x509_want *want, km_fault *f)
{
    X509 *cert[KM_X509_CHAIN] = { NULL };
    km_x509_path path = { .length = 0 };
    km_code rc = KM_OK;
    assert(want->profile != NULL);
    if (n == 0)
        return km_fail(f, KM_MALFORMED, "certificate", "there is none");
    if (n > KM_X509_CHAIN)
        return km_fail(f, KM_TOO_LONG, "certificate", "at most %d certificates", KM_X509_CHAIN);
    for (size_t i = 0; i < n && rc == KM_OK; i++) {
        km_cert other;
        rc = km_cert_read(i == 0 ? &path.leaf : &other, a, der[i], f);
        if (rc == KM_OK && (cert[i] = km_x509__load(der[i])) == NULL)
            rc = km_fail(f, KM_MALFORMED, "certificate", "OpenSSL does not take it");
    }
    if (rc == KM_OK)
        rc = check_path(&path, a, anchors, cert, n, want, f);
    if (rc == KM_OK)
        rc = check_profile(&path, want->profile, f);
    for (size_t i = 0; i < n; i++)
        X509_free(cert[i]);
    if (rc == KM_OK)
        *out = path;
    return rc;
}
