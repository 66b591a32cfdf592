/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

/* The key of the authors' own vectors: bytes 00..0f. */
static const km_sipkey sip_key = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };

static void siphash_gives_the_published_vectors(void **state)
{
    static const struct {
        size_t n;
        uint64_t hash;
    } rows[] = { { 0, 0x726fdb47dd0e0e31u },
                 { 1, 0x74f839c593dc67fdu },
                 { 15, 0xa129ca6149be45e5u } };
    unsigned char in[16], wide[16];
    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(km_siphash(sip_key, in, rows[i].n), rows[i].hash);
    km_siphash128(wide, sip_key, in, 0);
    static const unsigned char empty[16] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                             0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 };
    assert_memory_equal(wide, empty, 16);
}

static void siphash_agrees_with_openssl_at_every_length(void **state)
{
    unsigned char key[16], in[300], ours[16], theirs[16];
    (void)state;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 167 + 3);
    for (size_t n = 0; n <= sizeof in; n++)
        for (size_t size = 8; size <= 16; size += 8) {
            size_t got = 0;
            OSSL_PARAM p[] = { OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                               OSSL_PARAM_construct_end() };
            assert_non_null(EVP_Q_mac(NULL, "SIPHASH", NULL, NULL, p, key, sizeof key, in, n,
                                      theirs, sizeof theirs, &got));
            assert_int_equal(got, size);
            uint64_t narrow = km_siphash(sip_key, in, n);
            km_siphash128(ours, sip_key, in, n);
            for (int i = 0; size == 8 && i < 8; i++)
                ours[i] = (unsigned char)(narrow >> (8 * i));
            assert_memory_equal(ours, theirs, size);
        }
}

static void sha256_of_parts_is_that_of_the_whole(void **state)
{
    static const unsigned char abc[KM_SHA256_LEN] = {
        /* FIPS 180-2, B.1 */
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
    };
    unsigned char out[KM_SHA256_LEN];
    const km_str parts[] = { KM_STR("a"), KM_STR_NONE, KM_STR(""), KM_STR("bc") };
    (void)state;
    km_sha256(out, "abc", 3);
    assert_memory_equal(out, abc, sizeof abc);
    km_sha256_parts(out, parts, 4);
    assert_memory_equal(out, abc, sizeof abc);
}

/* McGrew and Viega, test case 16 of the GCM submission (AES-256, 60 bytes, with data). */
static void gcm_gives_the_published_vector(void **state)
{
    unsigned char key[32], nonce[12], aad[20], plain[60], want[60 + 16], out[60 + KM_GCM_EXTRA];
    km_gcm *g = km_gcm_new();
    (void)state;
    assert_true(km_unhex(key, 32,
                         KM_STR("feffe9928665731c6d6a8f9467308308"
                                "feffe9928665731c6d6a8f9467308308")));
    assert_true(km_unhex(nonce, 12, KM_STR("cafebabefacedbaddecaf888")));
    assert_true(km_unhex(aad, 20, KM_STR("feedfacedeadbeeffeedfacedeadbeefabaddad2")));
    assert_true(km_unhex(plain, 60,
                         KM_STR("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")));
    assert_true(km_unhex(want, 76,
                         KM_STR("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                                "76fc6ece0f4e1768cddf8853bb2d551b")));
    km_gcm_seal(g, out, key, nonce, (km_str){ (char *)aad, 20 }, (km_str){ (char *)plain, 60 });
    assert_memory_equal(out, nonce, 12);
    assert_memory_equal(out + 12, want, 76);
    km_gcm_free(g);
}

static void what_is_sealed_opens_and_one_changed_bit_anywhere_is_refused(void **state)
{
    unsigned char key[32] = { 7 }, nonce[12] = { 9 }, plain[70], sealed[70 + KM_GCM_EXTRA], out[70];
    const km_str aad = KM_STR("chart 1");
    km_gcm *g = km_gcm_new();
    (void)state;
    for (size_t n = 0; n <= sizeof plain; n += 7) {
        for (size_t i = 0; i < n; i++)
            plain[i] = (unsigned char)(i ^ n);
        km_gcm_seal(g, sealed, key, nonce, aad, (km_str){ (char *)plain, n });
        km_str whole = { (char *)sealed, n + KM_GCM_EXTRA };
        assert_int_equal(km_gcm_open(g, out, key, aad, whole, NULL), KM_OK);
        assert_memory_equal(out, plain, n);
        for (size_t bit = 0; bit < whole.n * 8; bit++) {
            sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_int_equal(km_gcm_open(g, out, key, aad, whole, NULL), KM_TAMPERED);
            sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < whole.n; cut++)
            assert_int_equal(km_gcm_open(g, out, key, aad, km_str_sub(whole, 0, cut), NULL),
                             KM_TAMPERED);
        assert_int_equal(km_gcm_open(g, out, key, KM_STR("chart 2"), whole, NULL), KM_TAMPERED);
        key[31] ^= 1;
        assert_int_equal(km_gcm_open(g, out, key, aad, whole, NULL), KM_TAMPERED);
        key[31] ^= 1;
        assert_int_equal(km_gcm_open(g, out, key, aad, whole, NULL), KM_OK);
    }
    km_gcm_free(g);
}

static void nothing_unproved_is_left_in_the_output(void **state)
{
    unsigned char key[32] = { 1 }, nonce[12] = { 2 }, sealed[16 + KM_GCM_EXTRA], out[16];
    static const unsigned char zero[16];
    km_gcm *g = km_gcm_new();
    (void)state;
    km_gcm_seal(g, sealed, key, nonce, KM_STR_NONE, KM_STR("sixteen letters."));
    sealed[sizeof sealed - 1] ^= 1;
    km_fault f = { 0 };
    assert_int_equal(
        km_gcm_open(g, out, key, KM_STR_NONE, (km_str){ (char *)sealed, sizeof sealed }, &f),
        KM_TAMPERED);
    assert_int_equal(f.code, KM_TAMPERED);
    assert_memory_equal(out, zero, 16);
    km_gcm_free(g);
}

static void text_forms_print_then_parse_is_identity(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    unsigned char in[64], back[64];
    (void)state;
    for (size_t n = 0; n <= sizeof in; n++)
        for (unsigned seed = 0; seed < 20; seed++) {
            km_str out;
            for (size_t i = 0; i < n; i++)
                in[i] = (unsigned char)((i + 1) * (seed * 37 + 255) >> 1);
            km_str hex = km_hex(a, in, n);
            assert_int_equal(hex.n, 2 * n);
            assert_true(km_unhex(back, n, hex));
            assert_memory_equal(back, in, n);
            km_str url = km_base64url(a, in, n);
            assert_true(km_unbase64url(&out, a, url));
            assert_int_equal(out.n, n);
            assert_memory_equal(out.p, in, n);
            km_str b64 = km_base64(a, in, n);
            assert_int_equal(b64.n % 4, 0);
            assert_true(km_unbase64(&out, a, b64));
            assert_int_equal(out.n, n);
            assert_memory_equal(out.p, in, n);
            km_arena_reset(a);
        }
    km_arena_free(a);
}

static void base64_gives_the_vectors_of_rfc_4648(void **state)
{
    static const char *rows[][2] = { { "", "" },
                                     { "f", "Zg==" },
                                     { "fo", "Zm8=" },
                                     { "foo", "Zm9v" },
                                     { "foob", "Zm9vYg==" },
                                     { "fooba", "Zm9vYmE=" },
                                     { "foobar", "Zm9vYmFy" },
                                     { "\xfb\xff", "+/8=" } };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(km_base64(a, rows[i][0], strlen(rows[i][0])).p, rows[i][1]);
    assert_string_equal(km_base64url(a, "\xfb\xff", 2).p, "-_8");
    km_arena_free(a);
}

/* A value has one spelling: otherwise a token could be changed and still be taken. */
static void text_forms_refuse_every_other_spelling(void **state)
{
    static const char *bad64[] = { "Z",      "Zg",         "Zg=",  "Zh==", "Zm9=",
                                   "Zg==\n", " Zg=",       "Z===", "====", "Zg==Zg==",
                                   "Zm-_",   "Z\xc3\xa9=", "=AAA", "A=AA" };
    static const char *bad_url[] = { "Z", "Zg==", "Zh", "Zm9", "+/8", "Zg\n", "Zg=" };
    static const char *bad_hex[] = { "0", "0g", "g0", " 0", "0x", "000", "" };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    unsigned char one;
    km_str out;
    (void)state;
    for (size_t i = 0; i < sizeof bad64 / sizeof *bad64; i++)
        assert_false(km_unbase64(&out, a, km_str_of(bad64[i])));
    for (size_t i = 0; i < sizeof bad_url / sizeof *bad_url; i++)
        assert_false(km_unbase64url(&out, a, km_str_of(bad_url[i])));
    for (size_t i = 0; i < sizeof bad_hex / sizeof *bad_hex; i++)
        assert_false(km_unhex(&one, 1, km_str_of(bad_hex[i])));
    assert_true(km_unhex(&one, 1, KM_STR("aF")));
    assert_int_equal(one, 0xaf);
    km_arena_free(a);
}

static void secrets_are_the_same_only_when_every_byte_is(void **state)
{
    unsigned char a[40] = { 0 }, b[40] = { 0 };
    (void)state;
    assert_true(km_same_secret(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        assert_true(km_same_secret(a, b, sizeof a));
        b[i] ^= 0x80;
        assert_false(km_same_secret(a, b, sizeof a));
        assert_true(km_same_secret(a, b, i));
        b[i] ^= 0x80;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_published_vectors),
        cmocka_unit_test(siphash_agrees_with_openssl_at_every_length),
        cmocka_unit_test(sha256_of_parts_is_that_of_the_whole),
        cmocka_unit_test(gcm_gives_the_published_vector),
        cmocka_unit_test(what_is_sealed_opens_and_one_changed_bit_anywhere_is_refused),
        cmocka_unit_test(nothing_unproved_is_left_in_the_output),
        cmocka_unit_test(text_forms_print_then_parse_is_identity),
        cmocka_unit_test(base64_gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(text_forms_refuse_every_other_spelling),
        cmocka_unit_test(secrets_are_the_same_only_when_every_byte_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
