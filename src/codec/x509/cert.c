/* SPDX-License-Identifier: Apache-2.0
 *
 * cert: one certificate (RFC 5280 §4.1), read by our own bounded reader; OpenSSL must take it too.
 */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "codec/x509/inside.h"

enum { EXTENSIONS = 32, RDNS = 32, SERIAL_LONGEST = 20, NAMES = 32 };

static km_code wrong(km_fault *f, const char *why)
{
    return km_fail(f, KM_MALFORMED, "certificate", "%s", why);
}

X509 *km_x509__load(km_str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *x = der.n > 0 && der.n <= KM_X509_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p != (const unsigned char *)der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    ERR_clear_error();
    return x;
}

/* --- names --- */

/* What we read of a Name; the last of several wins, as the most particular stands last. */
typedef struct name {
    km_str country, organisation, unit, common_name, registration;
    bool for_authentication, for_signature; /* JPKI's two authorities, by their unit */
} name;

static km_code read_pair(name *out, km_arena *a, km_str pair, km_fault *f)
{
    km_str type;
    km_der value;
    if (!km_der__take(&type, &pair, KM_DER_OID) || !km_der__next(&value, &pair) || pair.n > 0)
        return wrong(f, "a name is types with values");
    if (type.n != 3 || memcmp(type.p, "\x55\x04", 2) != 0)
        return KM_OK;
    km_str text = km_der__text(a, &value);
    switch (type.p[2]) { /* X.520 */
    case 3:
        out->common_name = text;
        break;
    case 5:
        out->registration = text;
        break;
    case 6:
        out->country = text;
        break;
    case 10:
        out->organisation = text;
        break;
    case 11:
        out->unit = text;
        out->for_authentication |= km_str_is(text, "JPKI for user authentication");
        out->for_signature |= km_str_is(text, "JPKI for digital signature");
        break;
    default:
        break;
    }
    return KM_OK;
}

/* `rdns` is the content of the RDNSequence. */
static km_code read_name(name *out, km_arena *a, km_str rdns, km_fault *f)
{
    *out = (name){ 0 };
    for (int i = 0; rdns.n > 0; i++) {
        km_str set, pair;
        if (i == RDNS || !km_der__take(&set, &rdns, KM_DER_SET))
            return wrong(f, "a name is a sequence of sets");
        for (int j = 0; set.n > 0; j++) {
            if (j == RDNS || !km_der__take(&pair, &set, KM_DER_SEQUENCE))
                return wrong(f, "a name is a sequence of sets of pairs");
            KM_TRY(read_pair(out, a, pair, f));
        }
    }
    return KM_OK;
}

/* --- extensions --- */

static km_code read_constraints(km_cert *c, km_str v, km_fault *f)
{
    km_str inner, flag;
    if (!km_der__take(&inner, &v, KM_DER_SEQUENCE) || v.n > 0)
        return wrong(f, "basicConstraints");
    c->ca = km_der__take(&flag, &inner, KM_DER_BOOLEAN) && flag.n == 1
            && (unsigned char)flag.p[0] == 0xff;
    return KM_OK;
}

static km_code read_use(km_cert *c, km_str v, km_fault *f)
{
    static const struct {
        unsigned bit, use;
    } rows[] = { { 0x80, KM_USE_SIGNATURE },
                 { 0x40, KM_USE_NON_REPUDIATION },
                 { 0x08, KM_USE_KEY_AGREEMENT },
                 { 0x04, KM_USE_CERT_SIGN },
                 { 0x02, KM_USE_CRL_SIGN } };
    km_str bits;
    if (!km_der__take(&bits, &v, KM_DER_BITS) || v.n > 0 || bits.n < 2 || bits.n > 3)
        return wrong(f, "keyUsage");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((unsigned char)bits.p[1] & rows[i].bit)
            c->use |= rows[i].use;
    c->has_use = true;
    return KM_OK;
}

static km_code read_eku(km_cert *c, km_arena *a, km_str v, km_fault *f)
{
    static const struct {
        const char *oid;
        unsigned eku;
    } rows[] = { { "1.3.6.1.5.5.7.3.1", KM_EKU_SERVER },
                 { "1.3.6.1.5.5.7.3.2", KM_EKU_CLIENT },
                 { "1.3.6.1.5.5.7.3.9", KM_EKU_OCSP },
                 { "2.5.29.37.0", KM_EKU_ANY } };
    km_str list, oid;
    if (!km_der__take(&list, &v, KM_DER_SEQUENCE) || v.n > 0)
        return wrong(f, "extKeyUsage");
    for (int i = 0; list.n > 0; i++) {
        if (i == NAMES || !km_der__take(&oid, &list, KM_DER_OID))
            return wrong(f, "extKeyUsage");
        km_str text = km_der__oid(a, oid);
        unsigned eku = KM_EKU_OTHER;
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            if (km_str_is(text, rows[r].oid))
                eku = rows[r].eku;
        c->eku |= eku;
    }
    c->has_eku = true;
    return KM_OK;
}

static km_code read_policies(km_cert *c, km_arena *a, km_str v, km_fault *f)
{
    km_str list, one, oid;
    if (!km_der__take(&list, &v, KM_DER_SEQUENCE) || v.n > 0)
        return wrong(f, "certificatePolicies");
    while (list.n > 0) {
        if (!km_der__take(&one, &list, KM_DER_SEQUENCE) || !km_der__take(&oid, &one, KM_DER_OID))
            return wrong(f, "certificatePolicies");
        if (c->policies == KM_X509_POLICIES)
            return km_fail(f, KM_TOO_LONG, "certificate.certificatePolicies",
                           "more than %d policies", KM_X509_POLICIES);
        c->policy[c->policies] = km_der__oid(a, oid);
        if (c->policy[c->policies++].n == 0)
            return wrong(f, "certificatePolicies");
    }
    return KM_OK;
}

/* directoryName [4]; the personal fields of JPKI's signature certificates are otherName [0] under
 * an arc of their own, which we know and do not read. */
static km_code read_alt_names(km_cert *c, km_arena *a, km_str v, bool *signature, km_fault *f)
{
    static const char jpki_fields[] = "\x2a\x83\x08\x8c\x9b\x55\x08\x05\x05";
    const km_str arc = { jpki_fields, sizeof jpki_fields - 1 };
    km_str list, type, rdns;
    km_der e;
    name n;
    if (!km_der__take(&list, &v, KM_DER_SEQUENCE) || v.n > 0)
        return wrong(f, "subjectAltName");
    for (int i = 0; list.n > 0; i++) {
        if (i == NAMES || !km_der__next(&e, &list))
            return wrong(f, "subjectAltName");
        km_str rest = e.content;
        if (e.tag == KM_DER_CONTEXT && km_der__take(&type, &rest, KM_DER_OID))
            *signature |= km_str_starts(type, arc);
        if (e.tag != (KM_DER_CONTEXT | 4))
            continue;
        if (!km_der__take(&rdns, &rest, KM_DER_SEQUENCE) || rest.n > 0)
            return wrong(f, "subjectAltName");
        KM_TRY(read_name(&n, a, rdns, f));
        c->name_ja = n.common_name;
        c->organisation_ja = n.organisation;
    }
    return KM_OK;
}

static km_code read_extension(km_cert *c, km_arena *a, km_str ext, uint64_t *seen, bool *signature,
                              km_fault *f)
{
    km_str oid, critical, v;
    if (!km_der__take(&oid, &ext, KM_DER_OID))
        return wrong(f, "an extension has a type");
    (void)km_der__take(&critical, &ext, KM_DER_BOOLEAN);
    if (!km_der__take(&v, &ext, KM_DER_OCTETS) || ext.n > 0)
        return wrong(f, "an extension has a value");
    if (oid.n != 3 || memcmp(oid.p, "\x55\x1d", 2) != 0)
        return KM_OK;
    unsigned kind = (unsigned char)oid.p[2];
    if (kind < 64) {
        if (*seen & UINT64_C(1) << kind) /* RFC 5280 §4.2 */
            return wrong(f, "an extension stands twice");
        *seen |= UINT64_C(1) << kind;
    }
    switch (kind) {
    case 9:
        return km_x509__hc_roles(c, a, v, f);
    case 15:
        return read_use(c, v, f);
    case 17:
        return read_alt_names(c, a, v, signature, f);
    case 19:
        return read_constraints(c, v, f);
    case 32:
        return read_policies(c, a, v, f);
    case 37:
        return read_eku(c, a, v, f);
    default:
        return KM_OK; /* km_x509_verify refuses critical ones that nobody knows */
    }
}

static km_code read_extensions(km_cert *c, km_arena *a, km_str tbs, bool *signature, km_fault *f)
{
    km_str list, ext;
    km_der e;
    uint64_t seen = 0;
    while (tbs.n > 0) {
        if (!km_der__next(&e, &tbs))
            return wrong(f, "what stands behind the key");
        if (e.tag != (KM_DER_CONTEXT | 3))
            continue;
        if (!km_der__take(&list, &e.content, KM_DER_SEQUENCE) || e.content.n > 0)
            return wrong(f, "extensions");
        for (int i = 0; list.n > 0; i++) {
            if (i == EXTENSIONS || !km_der__take(&ext, &list, KM_DER_SEQUENCE))
                return wrong(f, "extensions");
            KM_TRY(read_extension(c, a, ext, &seen, signature, f));
        }
    }
    return KM_OK;
}

/* --- the whole --- */

static km_code read_validity(km_cert *c, km_str validity, km_fault *f)
{
    km_der from, to;
    if (!km_der__next(&from, &validity) || !km_der__next(&to, &validity) || validity.n > 0
        || !km_der__time(&c->not_before, &from) || !km_der__time(&c->not_after, &to))
        return wrong(f, "validity is two times");
    return KM_OK;
}

static km_code read_tbs(km_cert *c, km_arena *a, km_str tbs, km_fault *f)
{
    km_str version, algorithm, validity;
    km_der issuer, subject, key;
    name by, of;
    bool signature = false;
    if (!km_der__take(&version, &tbs, KM_DER_CONTEXT)
        || !km_der__take(&c->serial, &tbs, KM_DER_INTEGER) || c->serial.n == 0
        || c->serial.n > SERIAL_LONGEST + 1 || !km_der__take(&algorithm, &tbs, KM_DER_SEQUENCE)
        || !km_der__next(&issuer, &tbs) || issuer.tag != KM_DER_SEQUENCE
        || !km_der__take(&validity, &tbs, KM_DER_SEQUENCE) || !km_der__next(&subject, &tbs)
        || subject.tag != KM_DER_SEQUENCE || !km_der__next(&key, &tbs)
        || key.tag != KM_DER_SEQUENCE)
        return wrong(f, "not a certificate of version 3");
    c->issuer = issuer.whole;
    c->subject = subject.whole;
    c->key = key.whole;
    KM_TRY(read_validity(c, validity, f));
    KM_TRY(read_name(&by, a, issuer.content, f));
    KM_TRY(read_name(&of, a, subject.content, f));
    KM_TRY(read_extensions(c, a, tbs, &signature, f));
    bool jpki = km_str_is(by.organisation, "JPKI") && !c->ca;
    if (signature || (jpki && by.for_signature))
        return km_fail(f, KM_UNAUTHENTICATED, "certificate",
                       "a JPKI certificate for signatures is not taken; use the one for user "
                       "authentication");
    c->jpki = jpki && by.for_authentication;
    if (c->jpki) {
        c->name_ja = c->organisation_ja = KM_STR_NONE;
        return KM_OK;
    }
    c->common_name = of.common_name;
    c->registration = of.registration;
    c->organisation = of.organisation;
    return KM_OK;
}

km_code km_cert_read(km_cert *out, km_arena *a, km_str der, km_fault *f)
{
    km_cert c = { .der = der };
    km_str rest = der, outer, tbs, algorithm, signature;
    if (der.n > KM_X509_MAX)
        return km_fail(f, KM_TOO_LONG, "certificate", "a certificate has at most 16 KiB");
    if (!km_der__take(&outer, &rest, KM_DER_SEQUENCE) || rest.n > 0
        || !km_der__take(&tbs, &outer, KM_DER_SEQUENCE)
        || !km_der__take(&algorithm, &outer, KM_DER_SEQUENCE)
        || !km_der__take(&signature, &outer, KM_DER_BITS) || outer.n > 0)
        return wrong(f, "not a certificate in DER, or more than one");
    KM_TRY(read_tbs(&c, a, tbs, f));
    X509 *x = km_x509__load(der);
    if (x == NULL)
        return wrong(f, "OpenSSL does not take it");
    X509_free(x);
    km_sha256(c.sha256, der.p, der.n);
    *out = c;
    return KM_OK;
}

km_code km_cert_unpem(km_str *der, size_t *n, size_t max, km_arena *a, km_str text, km_fault *f)
{
    char *label = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long length;
    *n = 0;
    if (text.n > 0 && text.p[0] == KM_DER_SEQUENCE) {
        der[(*n)++] = text;
        return KM_OK;
    }
    if (text.n > (size_t)1 << 20)
        return km_fail(f, KM_TOO_LONG, "certificate", "a PEM text has at most 1 MiB");
    BIO *in = BIO_new_mem_buf(text.n > 0 ? text.p : "", (int)text.n);
    km_code rc = KM_OK;
    while (rc == KM_OK && PEM_read_bio(in, &label, &header, &bytes, &length) == 1) {
        if (strcmp(label, "CERTIFICATE") == 0) {
            if (*n == max)
                rc = km_fail(f, KM_TOO_LONG, "certificate", "more than %zu certificates", max);
            else
                der[(*n)++] = km_arena_copy(a, (km_str){ (char *)bytes, (size_t)length });
        }
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(bytes);
    }
    BIO_free(in);
    ERR_clear_error();
    if (rc == KM_OK && *n == 0)
        rc = wrong(f, "no certificate in PEM or DER");
    return rc;
}

void km_cert_thumbprint(char out[KM_X509_THUMBPRINT], km_str der)
{
    unsigned char sum[KM_SHA256_LEN];
    km_arena *a = km_arena_new(256);
    km_sha256(sum, der.p, der.n);
    km_str text = km_base64url(a, sum, sizeof sum);
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    km_arena_free(a);
}

void km_cert_identity(km_str *issuer, km_str *serial, km_arena *a, const km_cert *c)
{
    unsigned char sum[KM_SHA256_LEN];
    km_str s = c->serial;
    while (s.n > 1 && s.p[0] == 0)
        s = km_str_sub(s, 1, s.n);
    km_sha256(sum, c->issuer.p, c->issuer.n);
    *issuer = km_hex(a, sum, sizeof sum);
    *serial = km_hex(a, s.p, s.n);
}
