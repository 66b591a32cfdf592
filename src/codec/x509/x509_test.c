/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "codec/x509/test_ca.h"

/* One TEST authority for all of these. */
typedef struct place {
    char folder[64];
    km_arena *arena;
    km_fault fault;
    km_call call;
    km_ms now;
    km_x509_anchors *hpki, *jpki, *tls;
    km_x509_crls *crls;
} place;

static km_ms the_now(void *self)
{
    return *(km_ms *)self;
}

static km_str file(place *p, const char *name, const char *end)
{
    char path[256];
    km_buf b = km_buf_in(p->arena);
    snprintf(path, sizeof path, "%s/%s%s", p->folder, name, end);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    km_buf_reserve(&b, 1 << 16);
    b.n = fread(b.p, 1, 1 << 16, in);
    fclose(in);
    return km_buf_str(&b);
}

static km_x509_anchors *anchors(place *p, const char *name)
{
    km_x509_anchors *x = NULL;
    assert_int_equal(km_x509_anchors_new(&x, file(p, name, ".pem"), NULL), KM_OK);
    return x;
}

static int make_place(void **state)
{
    static const char *const names[] = { "hpki-root",     "hpki-sign-ca", "hpki-auth-ca",
                                         "hpki-other-ca", "jpki-auth-ca", "jpki-sign-ca",
                                         "tls-root" };
    enum { LISTS = sizeof names / sizeof *names };
    static km_clock clock;
    place *p = calloc(1, sizeof *p);
    km_str list[LISTS];
    snprintf(p->folder, sizeof p->folder, P_tmpdir "/kumihimo-x509-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    p->arena = km_arena_new((size_t)256 << 20);
    p->now = km_clock_real.now(NULL);
    clock = (km_clock){ the_now, &p->now };
    p->call = (km_call){ p->arena, &p->fault, &clock, &km_random_real, NULL };
    if (km_test_ca_write(p->folder, &p->call) != KM_OK)
        fail_msg("%s", p->fault.detail);
    p->hpki = anchors(p, "anchors-hpki");
    p->jpki = anchors(p, "anchors-jpki");
    p->tls = anchors(p, "anchors-tls");
    for (size_t i = 0; i < LISTS; i++)
        list[i] = file(p, names[i], ".crl");
    assert_int_equal(km_x509_crls_new(&p->crls, list, LISTS, NULL), KM_OK);
    *state = p;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int leave_place(void **state)
{
    place *p = *state;
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    km_x509_crls_free(p->crls);
    km_x509_anchors_free(p->hpki);
    km_x509_anchors_free(p->jpki);
    km_x509_anchors_free(p->tls);
    km_arena_free(p->arena);
    free(p);
    return 0;
}

static size_t chain(km_str der[KM_X509_CHAIN], place *p, const char *name)
{
    size_t n = 0;
    assert_int_equal(km_cert_unpem(der, &n, KM_X509_CHAIN, p->arena, file(p, name, ".pem"), NULL),
                     KM_OK);
    return n;
}

static km_code verify_with(km_x509_path *out, place *p, const km_x509_anchors *to, const char *name,
                           const char *profile, const km_x509_want *like)
{
    km_str der[KM_X509_CHAIN];
    km_x509_profile found;
    km_x509_want want = *like;
    assert_true(km_x509_profile_find(&found, km_str_of(profile)));
    want.profile = &found;
    km_fault_clear(&p->fault);
    size_t n = chain(der, p, name);
    return km_x509_verify(out, p->arena, to, der, n, &want, &p->fault);
}

static km_code verify(km_x509_path *out, place *p, const km_x509_anchors *to, const char *name,
                      const char *profile)
{
    return verify_with(out, p, to, name, profile, &(km_x509_want){ .at = p->now, .crls = p->crls });
}

static EVP_PKEY *key_of(place *p, const char *name)
{
    km_str text = file(p, name, ".key");
    BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    assert_non_null(key);
    return key;
}

#define AUTH "test-hpki-authentication"

static void every_way_to_be_wrong_is_refused_by_its_name(void **state)
{
    static const struct {
        const char *name, *profile;
        km_code code;
        const char *detail;
    } rows[] = {
        { "doctor", AUTH, KM_OK, "" },
        { "doctor", "hpki-authentication", KM_UNAUTHENTICATED,
          "the chain has none of the policies asked for" },
        { "doctor", "test-hpki-signature", KM_UNAUTHENTICATED,
          "the chain has none of the policies asked for" },
        { "doctor-sign", "test-hpki-signature", KM_OK, "" },
        { "doctor-sign", AUTH, KM_UNAUTHENTICATED, "the chain has none of the policies asked for" },
        { "doctor-revoked", AUTH, KM_UNAUTHENTICATED, "was revoked" },
        { "doctor-expired", AUTH, KM_UNAUTHENTICATED, "has expired" },
        { "doctor-early", AUTH, KM_UNAUTHENTICATED, "is not valid yet" },
        { "doctor-wrong-policy", AUTH, KM_UNAUTHENTICATED,
          "the chain has none of the policies asked for" },
        { "doctor-other-ca", AUTH, KM_UNAUTHENTICATED,
          "the chain has none of the policies asked for" },
        { "doctor-stranger", AUTH, KM_UNAUTHENTICATED,
          "the chain does not end at a trusted authority" },
        { "doctor-critical", AUTH, KM_UNAUTHENTICATED, "a critical extension is not known" },
        { "doctor-no-role", AUTH, KM_UNAUTHENTICATED, "is missing" },
        { "doctor-two-roles", AUTH, KM_UNAUTHENTICATED, "more than one role" },
        { "doctor-unknown-role", AUTH, KM_UNAUTHENTICATED, "a role that is not known" },
        { "doctor-of-doctor", AUTH, KM_UNAUTHENTICATED, "an issuer in the chain is no authority" },
        { "hpki-auth-ca", AUTH, KM_UNAUTHENTICATED,
          "an authority's own certificate proves nobody" },
        { "hpki-root", AUTH, KM_UNAUTHENTICATED, "an authority's own certificate proves nobody" },
        { "hpki-ocsp", AUTH, KM_UNAUTHENTICATED, "the chain has none of the policies asked for" },
        { "hpki-ocsp", "client", KM_UNAUTHENTICATED,
          "its key may not be used for this (extKeyUsage)" },
        { "doctor", "client", KM_UNAUTHENTICATED,
          "its key may not be used for this (extKeyUsage)" },
        { "doctor-sign", "client", KM_UNAUTHENTICATED,
          "its key may not be used for this (keyUsage)" },
    };
    place *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_x509_path path;
        km_code rc = verify(&path, p, p->hpki, rows[i].name, rows[i].profile);
        if (rc != rows[i].code || strcmp(p->fault.detail, rows[i].detail) != 0)
            fail_msg("%s for %s: %s, %s", rows[i].name, rows[i].profile, km_code_name(rc),
                     p->fault.detail);
    }
}

static void a_citizen_is_issuer_and_serial_and_nothing_else(void **state)
{
    place *p = *state;
    km_x509_path path, renewed;
    km_str issuer, serial, issuer2, serial2;
    static const char profile[] = "test-jpki-authentication";
    assert_int_equal(verify(&path, p, p->jpki, "citizen", profile), KM_OK);
    assert_true(path.leaf.jpki);
    assert_int_equal(path.leaf.common_name.n + path.leaf.registration.n + path.leaf.name_ja.n, 0);
    km_cert_identity(&issuer, &serial, p->arena, &path.leaf);
    assert_int_equal(issuer.n, 64);
    assert_int_equal(serial.n, 16);
    assert_int_equal(verify(&renewed, p, p->jpki, "citizen-renewed", profile), KM_OK);
    km_cert_identity(&issuer2, &serial2, p->arena, &renewed.leaf);
    assert_true(km_str_eq(issuer, issuer2));
    assert_false(km_str_eq(serial, serial2));
    assert_int_equal(verify(&path, p, p->jpki, "citizen-revoked", profile), KM_UNAUTHENTICATED);
    assert_int_equal(verify(&path, p, p->jpki, "citizen-expired", profile), KM_UNAUTHENTICATED);
    /* The one for signatures has a name and an address in it. */
    assert_int_equal(verify(&path, p, p->jpki, "citizen-sign", profile), KM_UNAUTHENTICATED);
    assert_non_null(strstr(p->fault.detail, "for signatures is not taken"));
    assert_int_equal(verify(&path, p, p->hpki, "citizen", profile), KM_UNAUTHENTICATED);
    assert_int_equal(verify(&path, p, p->jpki, "citizen", "client"), KM_UNAUTHENTICATED);
    assert_int_equal(verify(&path, p, p->hpki, "doctor", profile), KM_UNAUTHENTICATED);
}

static void a_role_is_read_as_its_row_says(void **state)
{
    place *p = *state;
    km_x509_path path;
    assert_int_equal(verify(&path, p, p->hpki, "doctor", AUTH), KM_OK);
    assert_true(km_str_is(path.role.en, "Medical Doctor"));
    assert_true(km_str_is(path.role.ja, "医師"));
    assert_true(km_str_is(path.role.role, "clinician"));
    assert_true(km_str_is(path.leaf.common_name, "TEST Taro Shiken"));
    assert_true(km_str_is(path.leaf.registration, "TEST000001"));
    assert_true(km_str_is(path.leaf.name_ja, "試験 太郎"));
    assert_true(km_str_is(path.leaf.organisation_ja, "試験病院"));
    assert_int_equal(path.length, 3);
    assert_int_equal(verify(&path, p, p->hpki, "emergency-medical-technician", AUTH), KM_OK);
    assert_true(km_str_is(path.role.role, "emergency"));
    assert_int_equal(verify(&path, p, p->hpki, "dental-technician", AUTH), KM_OK);
    assert_int_equal(path.role.role.n, 0);
    km_hc_role none;
    assert_false(km_hc_role_find(&none, KM_STR("medical doctor")));
    assert_false(km_hc_role_find(&none, KM_STR("")));
    assert_false(km_hc_role_find(&none, KM_STR("en")));
}

static void a_chain_is_checked_at_the_time_that_is_named(void **state)
{
    place *p = *state;
    km_x509_path path;
    const km_ms day = 86400000;
    static const struct {
        const char *name;
        int days;
        km_code code;
    } rows[] = {
        { "doctor", -31, KM_UNAUTHENTICATED },
        { "doctor", -29, KM_OK },
        { "doctor", 1799, KM_OK },
        { "doctor", 1801, KM_UNAUTHENTICATED },
        { "doctor-early", 3, KM_OK },
        { "doctor-expired", -2, KM_OK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_x509_want want = { .at = p->now + rows[i].days * day, .status = KM_STATUS_NOT_ASKED };
        assert_int_equal(verify_with(&path, p, p->hpki, rows[i].name, AUTH, &want), rows[i].code);
    }
}

static void without_a_fresh_list_nobody_is_let_in(void **state)
{
    place *p = *state;
    km_x509_path path;
    km_x509_crls *some;
    const km_ms day = 86400000;
    static const struct {
        int days;
        km_ms age_days;
        km_code code;
    } rows[] = { { 0, 0, KM_OK },    { 29, 0, KM_OK }, { 31, 0, KM_BUSY },
                 { -2, 0, KM_BUSY }, { 1, 3, KM_OK },  { 3, 3, KM_BUSY } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_x509_want want = { .at = p->now + rows[i].days * day,
                              .crls = p->crls,
                              .crl_age_ms = rows[i].age_days * day };
        assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &want), rows[i].code);
    }
    km_x509_want none = { .at = p->now };
    assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &none), KM_BUSY);
    /* The leaf's list alone is not enough, and neither is that of another authority. */
    km_str one = file(p, "hpki-auth-ca", ".crl");
    assert_int_equal(km_x509_crls_new(&some, &one, 1, NULL), KM_OK);
    km_x509_want half = { .at = p->now, .crls = some };
    assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &half), KM_BUSY);
    km_x509_crls_free(some);
    /* The leaf by OCSP: the lists of the authorities are asked for all the same. */
    one = file(p, "hpki-root", ".crl");
    assert_int_equal(km_x509_crls_new(&some, &one, 1, NULL), KM_OK);
    half = (km_x509_want){ .at = p->now, .crls = some, .status = KM_STATUS_CRL_CAS };
    assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &half), KM_OK);
    half.status = KM_STATUS_CRL;
    assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &half), KM_BUSY);
    half = (km_x509_want){ .at = p->now, .status = KM_STATUS_CRL_CAS };
    assert_int_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &half), KM_BUSY);
    km_x509_crls_free(some);
}

static void a_list_that_was_changed_does_not_count(void **state)
{
    place *p = *state;
    km_x509_path path;
    km_str list[2] = { file(p, "hpki-root", ".crl"), file(p, "hpki-auth-ca", ".crl") };
    ((char *)(uintptr_t)list[1].p)[list[1].n - 1] ^= 1;
    km_x509_crls *x;
    assert_int_equal(km_x509_crls_new(&x, list, 2, NULL), KM_OK);
    km_x509_want want = { .at = p->now, .crls = x };
    assert_int_not_equal(verify_with(&path, p, p->hpki, "doctor", AUTH, &want), KM_OK);
    km_x509_crls_free(x);
    list[1].n -= 1;
    assert_int_equal(km_x509_crls_new(&x, list, 2, NULL), KM_MALFORMED);
    assert_int_equal(km_x509_crls_new(&x, list, KM_X509_CRLS + 1, NULL), KM_TOO_LONG);
    list[0].n = KM_X509_CRL_MAX + 1;
    assert_int_equal(km_x509_crls_new(&x, list, 1, NULL), KM_TOO_LONG);
}

static void every_cut_and_flipped_byte_is_no_certificate_of_ours(void **state)
{
    place *p = *state;
    km_str der[KM_X509_CHAIN];
    km_x509_profile profile;
    size_t n = chain(der, p, "doctor");
    assert_int_equal(n, 2);
    assert_true(km_x509_profile_find(&profile, KM_STR(AUTH)));
    km_x509_want want = { .profile = &profile, .at = p->now, .status = KM_STATUS_NOT_ASKED };
    km_str leaf = der[0];
    for (size_t i = 0; i < leaf.n; i++) {
        km_arena_mark here = km_arena_here(p->arena);
        km_x509_path path;
        km_cert c;
        der[0] = km_arena_copy(p->arena, leaf);
        ((char *)(uintptr_t)der[0].p)[i] ^= (char)(1 << i % 8);
        assert_int_not_equal(km_x509_verify(&path, p->arena, p->hpki, der, n, &want, NULL), KM_OK);
        assert_int_not_equal(km_cert_read(&c, p->arena, km_str_sub(leaf, 0, i), NULL), KM_OK);
        km_arena_back(p->arena, here);
    }
    km_cert c;
    km_str more = km_arena_print(p->arena, "%.*s", 0, "");
    km_buf b = km_buf_in(p->arena);
    km_buf_add(&b, leaf);
    km_buf_char(&b, '\0');
    (void)more;
    assert_int_equal(km_cert_read(&c, p->arena, km_buf_str(&b), NULL), KM_MALFORMED);
    km_str big = { km_arena_zero(p->arena, KM_X509_MAX + 1), KM_X509_MAX + 1 };
    assert_int_equal(km_cert_read(&c, p->arena, big, NULL), KM_TOO_LONG);
    km_x509_path path;
    assert_int_equal(km_x509_verify(&path, p->arena, p->hpki, der, 0, &want, NULL), KM_MALFORMED);
    km_str many[KM_X509_CHAIN + 1] = { leaf };
    assert_int_equal(km_x509_verify(&path, p->arena, p->hpki, many, KM_X509_CHAIN + 1, &want, NULL),
                     KM_TOO_LONG);
}

static void anchors_are_authorities(void **state)
{
    place *p = *state;
    km_x509_anchors *x;
    assert_int_equal(km_x509_anchors_count(p->hpki), 1);
    assert_int_equal(km_x509_anchors_count(p->jpki), 2);
    assert_int_equal(km_x509_anchors_new(&x, file(p, "doctor", ".pem"), NULL), KM_BAD_VALUE);
    assert_int_equal(km_x509_anchors_new(&x, KM_STR("nothing"), NULL), KM_MALFORMED);
    assert_int_equal(km_x509_anchors_new(&x, KM_STR(""), NULL), KM_MALFORMED);
    assert_null(x);
}

static void a_challenge_is_signed_by_the_certificates_key_alone(void **state)
{
    place *p = *state;
    static const struct {
        const char *name;
        km_proof kind;
        bool pss;
    } rows[] = { { "citizen", KM_PROOF_RSA_PKCS1, false },
                 { "citizen", KM_PROOF_RSA_PSS, true },
                 { "client", KM_PROOF_ECDSA, false } };
    const km_str text = KM_STR("kumihimo/sign-in/v1 challenge");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char sig[512];
        size_t n = sizeof sig;
        km_str der[KM_X509_CHAIN];
        km_cert c, other;
        (void)chain(der, p, rows[i].name);
        assert_int_equal(km_cert_read(&c, p->arena, der[0], NULL), KM_OK);
        (void)chain(der, p, "citizen-renewed");
        assert_int_equal(km_cert_read(&other, p->arena, der[0], NULL), KM_OK);
        EVP_PKEY *key = key_of(p, rows[i].name);
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx;
        assert_int_equal(EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL, key), 1);
        if (rows[i].pss) {
            EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
        }
        assert_int_equal(EVP_DigestSign(md, sig, &n, (const unsigned char *)text.p, text.n), 1);
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(key);
        km_str s = { (char *)sig, n };
        for (int kind = KM_PROOF_RSA_PKCS1; kind <= KM_PROOF_ECDSA_RAW; kind++)
            assert_int_equal(km_cert_proves(&c, (km_proof)kind, s, text, NULL),
                             kind == (int)rows[i].kind ? KM_OK : KM_UNAUTHENTICATED);
        assert_int_equal(km_cert_proves(&other, rows[i].kind, s, text, NULL), KM_UNAUTHENTICATED);
        assert_int_equal(km_cert_proves(&c, rows[i].kind, s, KM_STR("another"), NULL),
                         KM_UNAUTHENTICATED);
        assert_int_equal(km_cert_proves(&c, rows[i].kind, KM_STR(""), text, NULL),
                         KM_UNAUTHENTICATED);
    }
}

/* RFC 8705's form, against OpenSSL's own fingerprint. */
static void a_thumbprint_is_the_hash_of_the_der(void **state)
{
    place *p = *state;
    char text[KM_X509_THUMBPRINT];
    km_str der[KM_X509_CHAIN];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n;
    (void)chain(der, p, "doctor");
    const unsigned char *at = (const unsigned char *)der[0].p;
    X509 *x = d2i_X509(NULL, &at, (long)der[0].n);
    assert_int_equal(X509_digest(x, EVP_sha256(), sum, &n), 1);
    X509_free(x);
    km_cert_thumbprint(text, der[0]);
    assert_true(km_str_is(km_base64url(p->arena, sum, n), text));
}

/* The authorities of the samples (facts/hpki-jpki.md): their certificates are real and public. */
static void the_real_authorities_are_read(void **state)
{
    static const char *const names[] = { "mhlw_hpki_root_ca_v2", "medis_auth_ca", "medis_sign_ca",
                                         "jpki_sign_ca01", "jpki_sign_ca03" };
    place *p = *state;
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    char folder[512];
    snprintf(folder, sizeof folder, "%s/japan/hpki/ca_certs",
             samples != NULL ? samples : "../shared/samples");
    if (access(folder, R_OK) != 0) {
        printf("skipped: no samples at %s\n", folder);
        skip();
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        place q = *p;
        char path[640];
        unsigned char bytes[8192];
        km_cert c;
        snprintf(path, sizeof path, "%s/%s.cer", folder, names[i]);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        size_t n = fread(bytes, 1, sizeof bytes, in);
        fclose(in);
        km_str der = { (char *)bytes, n };
        km_x509_anchors *x;
        assert_int_equal(km_x509_anchors_new(&x, der, NULL), KM_OK);
        km_x509_anchors_free(x);
        assert_int_equal(km_cert_read(&c, q.arena, der, NULL), KM_OK);
        assert_true(c.ca);
        if (i == 1)
            assert_true(km_str_is(c.policy[0], "1.2.392.100495.1.5.1.2.3.1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_be_wrong_is_refused_by_its_name),
        cmocka_unit_test(a_citizen_is_issuer_and_serial_and_nothing_else),
        cmocka_unit_test(a_role_is_read_as_its_row_says),
        cmocka_unit_test(a_chain_is_checked_at_the_time_that_is_named),
        cmocka_unit_test(without_a_fresh_list_nobody_is_let_in),
        cmocka_unit_test(a_list_that_was_changed_does_not_count),
        cmocka_unit_test(every_cut_and_flipped_byte_is_no_certificate_of_ours),
        cmocka_unit_test(anchors_are_authorities),
        cmocka_unit_test(a_challenge_is_signed_by_the_certificates_key_alone),
        cmocka_unit_test(a_thumbprint_is_the_hash_of_the_der),
        cmocka_unit_test(the_real_authorities_are_read),
    };
    return cmocka_run_group_tests(tests, make_place, leave_place);
}
