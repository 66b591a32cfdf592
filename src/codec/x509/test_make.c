/* SPDX-License-Identifier: Apache-2.0
 *
 * test_make: a certificate of the TEST authority: its names, its extensions, its list.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "codec/x509/test_inside.h"

enum { DAY_S = 86400, LIST_DAYS = 30 };

/* What OpenSSL's own words for extensions say, by kind. */
static const struct {
    const char *kind, *constraints, *use, *eku;
    bool no_check;
} kinds[] = {
    { "authority", "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL, false },
    { "jpki-authority", "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL, false },
    { "responder", "critical,CA:FALSE", "critical,digitalSignature", "OCSPSigning", true },
    { "responder-checked", "critical,CA:FALSE", "critical,digitalSignature", "OCSPSigning", false },
    { "authentication", NULL, "critical,digitalSignature", NULL, false },
    { "signature", NULL, "critical,nonRepudiation", NULL, false },
    { "jpki-authentication", NULL, "critical,digitalSignature", "clientAuth", false },
    { "jpki-signature", NULL, "critical,digitalSignature,nonRepudiation", NULL, false },
    { "server", "critical,CA:FALSE", "critical,digitalSignature", "serverAuth", false },
    { "client", "critical,CA:FALSE", "critical,digitalSignature", "clientAuth", false },
};

static bool put(X509_NAME *n, const char *field, km_str text)
{
    return text.n == 0
           || X509_NAME_add_entry_by_txt(n, field, MBSTRING_UTF8, (const unsigned char *)text.p,
                                         (int)text.n, -1, 0)
                  == 1;
}

static bool name_it(X509_NAME *n, const km_test_row *r)
{
    if (!put(n, "C", KM_STR("JP")))
        return false;
    if (km_str_is(r->kind, "jpki-authority"))
        return put(n, "O", KM_STR("JPKI")) && put(n, "OU", r->common_name)
               && put(n, "OU", KM_STR("TEST authority of nobody"));
    return put(n, "O", KM_STR("TEST")) && put(n, "CN", r->common_name)
           && put(n, "serialNumber", r->registration);
}

static bool add_worded(X509 *x, X509 *by, int nid, const char *words)
{
    X509V3_CTX ctx;
    if (words == NULL)
        return true;
    CONF *none = NCONF_new(NULL); /* policies ask for one that they do not read */
    X509V3_set_ctx(&ctx, by, x, NULL, NULL, 0);
    X509V3_set_nconf(&ctx, none);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, words);
    bool added = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    NCONF_free(none);
    return added;
}

static bool add_bytes(X509 *x, const char *oid, bool critical, km_str value)
{
    ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *v = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(v, (const unsigned char *)value.p, (int)value.n);
    X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, type, critical, v);
    bool added = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(v);
    ASN1_OBJECT_free(type);
    return added;
}

static km_str tlv(km_arena *a, unsigned char tag, km_str content)
{
    km_buf b = km_buf_in(a);
    km_buf_char(&b, (char)tag);
    if (content.n >= 0x80)
        km_buf_char(&b, (char)0x81);
    km_buf_char(&b, (char)content.n);
    km_buf_add(&b, content);
    return km_buf_str(&b);
}

/* As a test certificate of MEDIS has it: each actor a sequence of [0] with a set of the scheme's
 * OID (1.2.392.100495.1.6.1.1) in [0] and the text in [2]. */
static bool add_roles(X509 *x, km_arena *a, km_str roles)
{
    static const char type[] = "\x06\x06\x28\x81\x85\x42\x00\x01";
    static const char scheme[] = "\xa0\x0c\x06\x0a\x2a\x83\x08\x86\x91\x0f\x01\x06\x01\x01";
    km_buf actors = km_buf_in(a);
    if (roles.n == 0)
        return true;
    while (roles.n > 0) {
        km_buf coded = km_buf_in(a);
        km_str one = km_str_cut(roles, '|', &roles);
        km_buf_bytes(&coded, scheme, sizeof scheme - 1);
        km_buf_add(&coded, tlv(a, KM_DER_CONTEXT | 2, tlv(a, KM_DER_UTF8, one)));
        km_str set = tlv(a, KM_DER_CONTEXT, tlv(a, KM_DER_SET, km_buf_str(&coded)));
        km_buf_add(&actors, tlv(a, KM_DER_SEQUENCE, set));
    }
    km_buf attribute = km_buf_in(a);
    km_buf_bytes(&attribute, type, sizeof type - 1);
    km_buf_add(&attribute, tlv(a, KM_DER_SET, tlv(a, KM_DER_SET, km_buf_str(&actors))));
    return add_bytes(x, "2.5.29.9", false,
                     tlv(a, KM_DER_SEQUENCE, tlv(a, KM_DER_SEQUENCE, km_buf_str(&attribute))));
}

static bool add_alt_names(X509 *x, const km_test_row *r)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool good = true;
    if (r->name_ja.n > 0) {
        GENERAL_NAME *one = GENERAL_NAME_new();
        X509_NAME *n = X509_NAME_new();
        good = put(n, "C", KM_STR("JP")) && put(n, "O", r->organisation_ja)
               && put(n, "CN", r->name_ja);
        GENERAL_NAME_set0_value(one, GEN_DIRNAME, n);
        sk_GENERAL_NAME_push(names, one);
    }
    if (km_str_is(r->kind, "jpki-signature")) { /* the four personal fields: here the first */
        GENERAL_NAME *one = GENERAL_NAME_new();
        ASN1_TYPE *value = ASN1_TYPE_new();
        ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
        ASN1_STRING_set(text, "TEST", 4);
        ASN1_TYPE_set(value, V_ASN1_UTF8STRING, text);
        good = GENERAL_NAME_set0_othername(one, OBJ_txt2obj("1.2.392.200149.8.5.5.1", 1), value)
               == 1;
        sk_GENERAL_NAME_push(names, one);
    }
    if (km_str_is(r->kind, "server")) {
        GENERAL_NAME *dns = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_DNS, "localhost", 0);
        GENERAL_NAME *ip = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_IPADD, "127.0.0.1", 0);
        sk_GENERAL_NAME_push(names, dns);
        sk_GENERAL_NAME_push(names, ip);
    }
    if (sk_GENERAL_NAME_num(names) > 0)
        good = good
               && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return good;
}

static bool extend(km_test_made *m, km_arena *a)
{
    const km_test_row *r = &m->row;
    X509 *x = m->cert, *by = m->by->cert;
    bool good = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (km_str_is(r->kind, kinds[i].kind))
            good = add_worded(x, by, NID_basic_constraints, kinds[i].constraints)
                   && add_worded(x, by, NID_key_usage, kinds[i].use)
                   && add_worded(x, by, NID_ext_key_usage, kinds[i].eku)
                   && (!kinds[i].no_check || add_worded(x, by, NID_id_pkix_OCSP_noCheck, "NULL"));
    if (r->policy.n > 0) {
        km_str words = km_arena_print(a, "critical,%.*s", KM_STR_ARG(r->policy));
        good = good && add_worded(x, by, NID_certificate_policies, words.p);
    }
    if (r->critical)
        good = good && add_bytes(x, "1.2.392.100495.1.999.1", true, KM_STR("\x05\0"));
    return good && add_worded(x, by, NID_subject_key_identifier, "hash")
           && add_worded(x, by, NID_authority_key_identifier, "keyid:always")
           && add_roles(x, a, r->role) && add_alt_names(x, r);
}

km_code km_x509__test_make(km_test_made *m, km_arena *a, km_ms now, km_fault *f)
{
    X509 *x = m->cert = X509_new();
    EVP_PKEY *key = m->key = m->row.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    BIGNUM *serial = BN_bin2bn(m->serial, sizeof m->serial, NULL);
    bool good = x != NULL && key != NULL && serial != NULL
                && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)) != NULL
                && X509_set_version(x, X509_VERSION_3) == 1
                && ASN1_TIME_set(X509_getm_notBefore(x), now / 1000 + m->row.from * DAY_S) != NULL
                && ASN1_TIME_set(X509_getm_notAfter(x), now / 1000 + m->row.to * DAY_S) != NULL
                && X509_set_pubkey(x, key) == 1 && name_it(X509_get_subject_name(x), &m->row)
                && X509_set_issuer_name(x, X509_get_subject_name(m->by->cert)) == 1 && extend(m, a)
                && X509_sign(x, m->by->key, EVP_sha256()) > 0;
    BN_free(serial);
    ERR_clear_error();
    return good
               ? KM_OK
               : km_fail(f, KM_INTERNAL, "test-ca", "%.*s cannot be made", KM_STR_ARG(m->row.file));
}

X509_CRL *km_x509__test_crl(const km_test_made *by, const km_test_made *all, size_t n, km_ms now)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *at = ASN1_TIME_set(NULL, now / 1000 - DAY_S);
    ASN1_TIME *next = ASN1_TIME_set(NULL, now / 1000 + LIST_DAYS * DAY_S);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    bool good = X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1
                && X509_CRL_set_issuer_name(list, X509_get_subject_name(by->cert)) == 1
                && X509_CRL_set1_lastUpdate(list, at) == 1
                && X509_CRL_set1_nextUpdate(list, next) == 1 && ASN1_INTEGER_set(number, 1) == 1
                && X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1;
    for (size_t i = 0; good && i < n; i++) {
        if (all[i].by != by || !all[i].row.revoked)
            continue;
        X509_REVOKED *row = X509_REVOKED_new();
        good = X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(all[i].cert)) == 1
               && X509_REVOKED_set_revocationDate(row, at) == 1
               && X509_CRL_add0_revoked(list, row) == 1;
    }
    good = good && X509_CRL_sort(list) == 1 && X509_CRL_sign(list, by->key, EVP_sha256()) > 0;
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(at);
    ASN1_TIME_free(next);
    if (!good) {
        X509_CRL_free(list);
        list = NULL;
    }
    return list;
}
