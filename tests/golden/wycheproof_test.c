/* SPDX-License-Identifier: Apache-2.0
 *
 * Project Wycheproof's vectors (C2SP/wycheproof, Apache-2.0) for every primitive that we use and
 * the samples have: signatures of certificates' keys, signed and sealed tokens, agreement on P-256,
 * AES-256-GCM. They lie in the samples (KUMIHIMO_SAMPLES, or ../shared/samples, unpacked); skipped
 * where they are absent. An invalid one is never taken; a valid one is, unless we are stricter, and
 * then the test says where.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/hash.h"
#include "codec/jose/inside.h"
#include "codec/x509/x509.h"

typedef struct room {
    km_arena *arena;
    size_t taken, refused;
} room;

static int make_room(void **state)
{
    static room r;
    r = (room){ .arena = km_arena_new((size_t)512 << 20) };
    *state = &r;
    return 0;
}

static int leave_room(void **state)
{
    room *r = *state;
    printf("%zu taken, %zu refused\n", r->taken, r->refused);
    assert_true(r->taken + r->refused > 0);
    km_arena_free(r->arena);
    return 0;
}

static int leave_skipped(void **state)
{
    room *r = *state;
    if (r->taken + r->refused > 0)
        return leave_room(state);
    km_arena_free(r->arena);
    return 0;
}

static km_jv groups(room *r, const char *name)
{
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    char path[512];
    km_json *doc;
    km_fault f = { 0 };
    snprintf(path, sizeof path, "%s/security/wycheproof/%s_test.json",
             samples != NULL ? samples : "../shared/samples", name);
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        printf("skipped: no samples at %s\n", path);
        skip();
    }
    enum { ROOM = 4 << 20 };
    char *text = km_arena_alloc(r->arena, ROOM);
    size_t n = fread(text, 1, ROOM, in);
    fclose(in);
    if (km_json_parse(&doc, r->arena, (km_str){ text, n }, NULL, &f) != KM_OK)
        fail_msg("%s: %s", path, f.detail);
    return KM_JV_GET(km_json_root(doc), "testGroups");
}

static km_str hex(room *r, km_jv v, const char *name)
{
    km_str text = km_jv_text(v, name);
    unsigned char *out = km_arena_alloc(r->arena, text.n / 2 + 1);
    assert_true(km_unhex(out, text.n / 2, text));
    return (km_str){ (char *)out, text.n / 2 };
}

static void count(room *r, km_jv test, bool taken, bool stricter)
{
    km_str result = km_jv_text(test, "result");
    taken ? r->taken++ : r->refused++;
    bool good = km_str_is(result, "valid")     ? taken || stricter
                : km_str_is(result, "invalid") ? !taken
                                               : true; /* "acceptable": either */
    if (!good)
        fail_msg("test %.*s (%.*s), %.*s: %s", KM_STR_ARG(km_jv_text(test, "tcId")),
                 KM_STR_ARG(km_jv_text(test, "comment")), KM_STR_ARG(result),
                 taken ? "taken" : "refused");
}

static void certificates(room *r, const char *file, km_proof kind)
{
    for (km_jv_iter g = km_jv_each(groups(r, file)); km_jv_next(&g);) {
        km_str der = hex(r, g.value, "publicKeyDer");
        km_cert c = { .key = der };
        for (km_jv_iter t = km_jv_each(KM_JV_GET(g.value, "tests")); km_jv_next(&t);) {
            km_arena_mark here = km_arena_here(r->arena);
            km_str sig = hex(r, t.value, "sig"), text = hex(r, t.value, "msg");
            count(r, t.value, km_cert_proves(&c, kind, sig, text, NULL) == KM_OK, false);
            km_arena_back(r->arena, here);
        }
    }
}

static void ecdsa_p256(void **state)
{
    certificates(*state, "ecdsa_secp256r1_sha256", KM_PROOF_ECDSA);
}

static void ecdsa_p384(void **state)
{
    certificates(*state, "ecdsa_secp384r1_sha384", KM_PROOF_ECDSA);
}

static void ecdsa_p384_raw(void **state)
{
    certificates(*state, "ecdsa_secp384r1_sha384_p1363", KM_PROOF_ECDSA_RAW);
}

static void rsa_2048(void **state)
{
    certificates(*state, "rsa_signature_2048_sha256", KM_PROOF_RSA_PKCS1);
}

static void rsa_3072(void **state)
{
    certificates(*state, "rsa_signature_3072_sha256", KM_PROOF_RSA_PKCS1);
}

/* What a set published for others would be: the group's public key. */
static km_str key_set(room *r, km_jv group)
{
    km_jv public = KM_JV_GET(group, "public");
    km_jv one = public.doc != NULL ? public : KM_JV_GET(group, "private");
    km_str raw = km_jv_raw(one);
    return KM_JV_GET(one, "keys").doc != NULL
               ? raw
               : km_arena_print(r->arena, "{\"keys\":[%.*s]}", KM_STR_ARG(raw));
}

static bool names(room *r, km_str token, km_jws_alg alg)
{
    km_str json;
    km_json *doc;
    return km_unbase64url(&json, r->arena, km_str_sub(token, 0, km_str_find(token, '.')))
           && km_json_parse(&doc, r->arena, json, NULL, NULL) == KM_OK
           && km_jose__alg(km_jv_text(km_json_root(doc), "alg")) == alg;
}

static void tokens_of(room *r, const char *file)
{
    for (km_jv_iter g = km_jv_each(groups(r, file)); km_jv_next(&g);) {
        km_jwks *set = NULL;
        km_code rc = km_jwks_new(&set, key_set(r, g.value), NULL);
        km_jv key = KM_JV_GET(g.value, "public");
        km_jws_alg alg = km_jose__alg(km_jv_text(key, "alg"));
        for (km_jv_iter t = km_jv_each(KM_JV_GET(g.value, "tests")); km_jv_next(&t);) {
            km_jws jws;
            km_str token = km_jv_text(t.value, "jws");
            bool taken = rc == KM_OK && km_jws_verify(&jws, r->arena, set, token, NULL) == KM_OK;
            /* Stricter: a key of an algorithm that we do not take, or a token that names another
             * than its key (RFC 8725 §3.1), and whole sets that are refused. */
            bool stricter = alg == KM_JWS_NO_ALG || rc != KM_OK || !names(r, token, alg);
            count(r, t.value, taken, stricter);
        }
        km_jwks_free(set);
    }
}

static void signed_tokens(void **state)
{
    room *r = *state;
    tokens_of(r, "json_web_signature");
    assert_true(r->taken > 0);
}

static void signed_tokens_and_key_sets(void **state)
{
    tokens_of(*state, "json_web_crypto");
}

static void key_sets(void **state)
{
    tokens_of(*state, "json_web_key");
}

static void sealed_tokens(void **state)
{
    room *r = *state;
    for (km_jv_iter g = km_jv_each(groups(r, "json_web_encryption")); km_jv_next(&g);) {
        km_jwe_key *own = NULL;
        km_jv private = KM_JV_GET(g.value, "private");
        (void)km_jwe_own_new(&own, km_jv_raw(private), NULL);
        for (km_jv_iter t = km_jv_each(KM_JV_GET(g.value, "tests")); km_jv_next(&t);) {
            km_jwe out;
            km_str token = km_jv_text(t.value, "jwe");
            bool taken = own != NULL && km_jwe_open(&out, r->arena, own, token, NULL) == KM_OK;
            bool stricter = own == NULL || !km_str_is(km_jv_text(t.value, "enc"), "A256GCM");
            count(r, t.value, taken, stricter);
            if (taken)
                assert_true(km_str_eq(out.plain, hex(r, t.value, "pt")));
        }
        km_jwe_key_free(own);
    }
    assert_true(r->taken > 0);
}

/* A private key of P-256 with its point, from the secret number alone. */
static EVP_PKEY *private_of(room *r, km_str d)
{
    unsigned char secret[32] = { 0 }, point[65];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *at = EC_POINT_new(group);
    while (d.n > 0 && d.p[0] == 0)
        d = km_str_sub(d, 1, d.n);
    assert_true(d.n <= 32);
    memcpy(secret + 32 - d.n, d.p, d.n);
    BIGNUM *n = BN_bin2bn(secret, 32, NULL);
    assert_int_equal(EC_POINT_mul(group, at, n, NULL, NULL, NULL), 1);
    assert_int_equal(EC_POINT_point2oct(group, at, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL),
                     65);
    BN_free(n);
    EC_POINT_free(at);
    EC_GROUP_free(group);
    km_str part = km_arena_copy(r->arena, (km_str){ (char *)point, 65 });
    return km_jose__p256(km_str_sub(part, 1, 32), km_str_sub(part, 33, 32),
                         km_arena_copy(r->arena, (km_str){ (char *)secret, 32 }));
}

static void agreement_on_p256(void **state)
{
    room *r = *state;
    const km_str prefix = KM_STR("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a"
                                 "\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04");
    for (km_jv_iter g = km_jv_each(groups(r, "ecdh_secp256r1")); km_jv_next(&g);)
        for (km_jv_iter t = km_jv_each(KM_JV_GET(g.value, "tests")); km_jv_next(&t);) {
            unsigned char got[32], want[32];
            km_str der = hex(r, t.value, "public"), z = hex(r, t.value, "shared");
            /* A token's epk has x and y: other forms of a point cannot come in. */
            if (!km_str_starts(der, prefix) || der.n != prefix.n + 64)
                continue;
            EVP_PKEY *own = private_of(r, hex(r, t.value, "private"));
            EVP_PKEY *other = km_jose__p256(km_str_sub(der, prefix.n, 32),
                                            km_str_sub(der, prefix.n + 32, 32), KM_STR_NONE);
            bool taken = own != NULL && other != NULL
                         && km_jose__agree(got, 32, own, other, KM_STR(""), KM_STR(""), KM_STR(""));
            EVP_PKEY_free(own);
            EVP_PKEY_free(other);
            count(r, t.value, taken, false);
            km_str parts[] = { KM_STR("\0\0\0\1"), z, KM_STR("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0") };
            km_sha256_parts(want, parts, 3);
            if (taken && km_str_is(km_jv_text(t.value, "result"), "valid"))
                assert_memory_equal(got, want, 32);
        }
    assert_true(r->taken > 100);
}

static void aes_256_gcm(void **state)
{
    room *r = *state;
    km_gcm *gcm = km_gcm_new();
    for (km_jv_iter g = km_jv_each(groups(r, "aes_gcm")); km_jv_next(&g);) {
        if (!km_str_is(km_jv_text(g.value, "ivSize"), "96")
            || !km_str_is(km_jv_text(g.value, "keySize"), "256")
            || !km_str_is(km_jv_text(g.value, "tagSize"), "128"))
            continue;
        for (km_jv_iter t = km_jv_each(KM_JV_GET(g.value, "tests")); km_jv_next(&t);) {
            km_str key = hex(r, t.value, "key"), iv = hex(r, t.value, "iv");
            km_str aad = hex(r, t.value, "aad"), text = hex(r, t.value, "msg");
            km_buf sealed = km_buf_in(r->arena);
            km_buf_add(&sealed, iv);
            km_buf_add(&sealed, hex(r, t.value, "ct"));
            km_buf_add(&sealed, hex(r, t.value, "tag"));
            unsigned char *out = km_arena_alloc(r->arena, text.n + KM_GCM_EXTRA);
            bool taken = km_gcm_open(gcm, out, (const unsigned char *)key.p, aad,
                                     km_buf_str(&sealed), NULL)
                         == KM_OK;
            count(r, t.value, taken, false);
            if (!taken)
                continue;
            assert_memory_equal(out, text.p, text.n);
            km_gcm_seal(gcm, out, (const unsigned char *)key.p, (const unsigned char *)iv.p, aad,
                        text);
            assert_memory_equal(out, sealed.p, sealed.n);
        }
    }
    km_gcm_free(gcm);
}

int main(void)
{
#define ROOM(t) cmocka_unit_test_setup_teardown(t, make_room, leave_skipped)
    const struct CMUnitTest tests[] = {
        ROOM(ecdsa_p256),
        ROOM(ecdsa_p384),
        ROOM(ecdsa_p384_raw),
        ROOM(rsa_2048),
        ROOM(rsa_3072),
        ROOM(signed_tokens),
        ROOM(signed_tokens_and_key_sets),
        ROOM(key_sets),
        ROOM(sealed_tokens),
        ROOM(agreement_on_p256),
        ROOM(aes_256_gcm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
