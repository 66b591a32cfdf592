/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jose/inside.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/hash.h"

/* RFC 7518 appendix C: Alice's key of one message, Bob's own. */
#define ALICE_X "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
#define ALICE_Y "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
#define ALICE_D "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"
#define BOB_X "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ"
#define BOB_Y "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"
#define BOB_D "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"
#define BOB "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" BOB_X "\",\"y\":\"" BOB_Y "\""
#define BOB_OWN BOB ",\"kid\":\"bob\",\"d\":\"" BOB_D "\"}"
#define BOB_PUBLIC BOB ",\"kid\":\"bob\",\"use\":\"enc\",\"alg\":\"ECDH-ES+A256KW\"}"

typedef struct room {
    km_arena *arena;
    km_fault fault;
    km_call call;
    km_jwe_key *bob, *bob_public;
} room;

static int make_room(void **state)
{
    static room r;
    r = (room){ .arena = km_arena_new((size_t)64 << 20) };
    r.call = (km_call){ r.arena, &r.fault, &km_clock_real, &km_random_real, NULL };
    assert_int_equal(km_jwe_own_new(&r.bob, KM_STR(BOB_OWN), NULL), KM_OK);
    assert_int_equal(km_jwe_recipient_new(&r.bob_public, KM_STR(BOB_PUBLIC), NULL), KM_OK);
    *state = &r;
    return 0;
}

static int leave_room(void **state)
{
    room *r = *state;
    km_jwe_key_free(r->bob);
    km_jwe_key_free(r->bob_public);
    km_arena_free(r->arena);
    return 0;
}

static EVP_PKEY *key(km_arena *a, const char *x, const char *y, const char *d)
{
    km_str part[3];
    assert_true(km_unbase64url(&part[0], a, km_str_of(x)));
    assert_true(km_unbase64url(&part[1], a, km_str_of(y)));
    assert_true(km_unbase64url(&part[2], a, km_str_of(d)));
    EVP_PKEY *k = km_jose__p256(part[0], part[1], part[2]);
    assert_non_null(k);
    return k;
}

static void both_sides_agree_as_appendix_c_of_rfc_7518_does(void **state)
{
    room *r = *state;
    unsigned char one[16], two[16];
    EVP_PKEY *alice = key(r->arena, ALICE_X, ALICE_Y, ALICE_D);
    EVP_PKEY *bob = key(r->arena, BOB_X, BOB_Y, BOB_D);
    const km_str alg = KM_STR("A128GCM"), apu = KM_STR("Alice"), apv = KM_STR("Bob");
    assert_true(km_jose__agree(one, sizeof one, alice, bob, alg, apu, apv));
    assert_true(km_jose__agree(two, sizeof two, bob, alice, alg, apu, apv));
    assert_memory_equal(one, two, sizeof one);
    assert_true(km_str_is(km_base64url(r->arena, one, sizeof one), "VqqN6vgjbSBcIijNcacQGg"));
    assert_true(km_jose__agree(two, sizeof two, bob, alice, alg, apv, apu));
    assert_memory_not_equal(one, two, sizeof one);
    EVP_PKEY_free(alice);
    EVP_PKEY_free(bob);
}

static void what_is_sealed_is_opened_by_its_key_alone(void **state)
{
    room *r = *state;
    km_jwe_key *other;
    static const char alice[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ALICE_X
                                "\",\"y\":\"" ALICE_Y "\",\"d\":\"" ALICE_D "\"}";
    assert_int_equal(km_jwe_own_new(&other, km_str_of(alice), NULL), KM_OK);
    for (size_t n = 0; n < 600; n += 37) {
        km_jwe out;
        km_str token, again;
        km_str plain = { km_arena_zero(r->arena, n + 1), n };
        assert_int_equal(km_jwe_seal(&token, &r->call, r->bob_public, KM_STR("pid+jwe"), plain),
                         KM_OK);
        assert_int_equal(km_jwe_seal(&again, &r->call, r->bob_public, KM_STR("pid+jwe"), plain),
                         KM_OK);
        assert_false(km_str_eq(token, again));
        assert_int_equal(km_jwe_open(&out, r->arena, r->bob, token, NULL), KM_OK);
        assert_true(km_str_eq(out.plain, plain));
        assert_true(km_str_is(km_jv_text(out.header, "typ"), "pid+jwe"));
        assert_true(km_str_is(km_jv_text(out.header, "kid"), "bob"));
        assert_int_equal(km_jwe_open(&out, r->arena, other, token, NULL), KM_UNAUTHENTICATED);
    }
    km_jwe_key_free(other);
}

static void every_flipped_bit_of_a_sealed_token_is_refused(void **state)
{
    room *r = *state;
    km_str token;
    assert_int_equal(km_jwe_seal(&token, &r->call, r->bob_public, KM_STR(""), KM_STR("a secret")),
                     KM_OK);
    for (size_t i = 0; i < token.n * 7; i++) {
        km_arena_mark here = km_arena_here(r->arena);
        km_jwe out;
        km_str changed = km_arena_copy(r->arena, token);
        ((char *)(uintptr_t)changed.p)[i / 7] ^= (char)(1 << i % 7);
        assert_int_not_equal(km_jwe_open(&out, r->arena, r->bob, changed, NULL), KM_OK);
        if (i % 7 == 0)
            assert_int_not_equal(
                km_jwe_open(&out, r->arena, r->bob, km_str_sub(token, 0, i / 7), NULL), KM_OK);
        km_arena_back(r->arena, here);
    }
}

/* The header of a sealed token replaced; the key wrapped in it still fits. */
static void a_header_of_another_kind_is_refused_by_its_name(void **state)
{
    static const struct {
        const char *header;
        km_code code;
    } rows[] = {
        { "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256CBC-HS512\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"crit\":[]}", KM_UNSUPPORTED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\"}", KM_MALFORMED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"kty\":\"EC\","
          "\"crv\":\"P-256\",\"x\":\"" BOB_X "\",\"y\":\"" BOB_X "\"}}",
          KM_UNAUTHENTICATED }, /* off the curve */
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"kty\":\"EC\","
          "\"crv\":\"P-384\",\"x\":\"" BOB_X "\",\"y\":\"" BOB_Y "\"}}",
          KM_MALFORMED },
        { "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"kty\":\"EC\","
          "\"crv\":\"P-256\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}}",
          KM_UNAUTHENTICATED },
        { "[]", KM_MALFORMED },
        { "", KM_MALFORMED },
    };
    room *r = *state;
    km_str token, rest;
    assert_int_equal(km_jwe_seal(&token, &r->call, r->bob_public, KM_STR(""), KM_STR("a secret")),
                     KM_OK);
    (void)km_str_cut(token, '.', &rest);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_jwe out;
        km_str head = km_base64url(r->arena, rows[i].header, strlen(rows[i].header));
        km_str changed = km_arena_print(r->arena, "%.*s.%.*s", KM_STR_ARG(head), KM_STR_ARG(rest));
        assert_int_equal(km_jwe_open(&out, r->arena, r->bob, changed, NULL), rows[i].code);
    }
}

static void a_key_for_sealing_is_one_public_key_of_p256(void **state)
{
    static const struct {
        const char *json;
        bool public, own;
    } rows[] = {
        { BOB_PUBLIC, true, false },
        { BOB "}", true, false },
        { BOB_OWN, false, true },
        { "{\"keys\":[" BOB_PUBLIC "]}", true, false },
        { "{\"keys\":[" BOB_PUBLIC "," BOB_PUBLIC "]}", false, false },
        { "{\"keys\":[" BOB "}]}", false, false },
        { "{\"keys\":[]}", false, false },
        { BOB ",\"use\":\"sig\"}", false, false },
        { BOB ",\"alg\":\"ES256\"}", false, false },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" BOB_X "\",\"y\":\"" ALICE_Y "\"}", false,
          false },
        { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" BOB_X "\",\"y\":\"" BOB_Y
          "\",\"d\":\"" ALICE_D "\"}",
          false, false },
        { "{\"kty\":\"oct\",\"k\":\"AAAA\"}", false, false },
        { "[]", false, false },
        { "", false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_jwe_key *k;
        assert_int_equal(km_jwe_recipient_new(&k, km_str_of(rows[i].json), NULL) == KM_OK,
                         rows[i].public);
        assert_int_equal(k != NULL, rows[i].public);
        km_jwe_key_free(k);
        assert_int_equal(km_jwe_own_new(&k, km_str_of(rows[i].json), NULL) == KM_OK, rows[i].own);
        km_jwe_key_free(k);
    }
}

/* Each of the four algorithms: what a key of ours signs, its published set verifies. */
static void what_our_keys_sign_their_published_set_verifies(void **state)
{
    room *r = *state;
    static const struct {
        const char *key;
        km_jws_alg alg;
    } rows[] = {
        { BOB_OWN, KM_JWS_ES256 },
        /* RFC 8037 A.1. */
        { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":"
          "\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"x\":"
          "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
          KM_JWS_EDDSA },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_jws_key *k;
        km_jwks *set;
        km_jws jws;
        km_str token;
        km_buf json = km_buf_in(r->arena);
        assert_int_equal(km_jws_key_new(&k, km_str_of(rows[i].key), KM_JWS_NO_ALG, NULL), KM_OK);
        km_jws_signer by = km_jws_key_signer(k);
        km_jwk_public public = km_jws_key_public(k);
        assert_int_equal(by.alg, rows[i].alg);
        assert_int_equal(km_jws_sign(&token, r->arena, &by, KM_STR("JWT"), KM_STR("{}"), NULL),
                         KM_OK);
        assert_int_equal(km_jwks_print(&json, &public, 1, NULL), KM_OK);
        assert_int_equal(km_jwks_new(&set, km_buf_str(&json), NULL), KM_OK);
        assert_true(km_str_eq(km_jwks_kid(set, 0), by.kid));
        assert_int_equal(km_jws_verify(&jws, r->arena, set, token, NULL), KM_OK);
        km_str thumb;
        assert_int_equal(km_jwk_public_thumbprint(&thumb, r->arena, &public, NULL), KM_OK);
        assert_true(km_str_eq(thumb, km_jwks_thumbprint(set, 0)));
        if (rows[i].alg == KM_JWS_EDDSA) /* RFC 8037 A.3 */
            assert_true(km_str_is(thumb, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
        km_jwks_free(set);
        km_jws_key_free(k);
    }
}

static void a_bound_token_is_good_beside_its_certificate_alone(void **state)
{
    static const struct {
        const char *claims, *thumb;
        km_code code;
    } rows[] = {
        { "{}", NULL, KM_OK },
        { "{}", "AAAA", KM_OK },
        { "{\"cnf\":{\"x5t#S256\":\"AAAA\"}}", "AAAA", KM_OK },
        { "{\"cnf\":{\"x5t#S256\":\"AAAA\"}}", "AAAB", KM_UNAUTHENTICATED },
        { "{\"cnf\":{\"x5t#S256\":\"AAAA\"}}", "AAA", KM_UNAUTHENTICATED },
        { "{\"cnf\":{\"x5t#S256\":\"AAAA\"}}", NULL, KM_UNAUTHENTICATED },
        { "{\"cnf\":{\"x5t#S256\":\"AAAA\",\"jkt\":\"x\"}}", "AAAA", KM_UNAUTHENTICATED },
        { "{\"cnf\":{\"jkt\":\"AAAA\"}}", "AAAA", KM_UNAUTHENTICATED },
        { "{\"cnf\":{}}", "AAAA", KM_UNAUTHENTICATED },
        { "{\"cnf\":\"AAAA\"}", "AAAA", KM_UNAUTHENTICATED },
        { "{\"cnf\":null}", "AAAA", KM_UNAUTHENTICATED },
    };
    room *r = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_json *doc;
        assert_int_equal(km_json_parse(&doc, r->arena, km_str_of(rows[i].claims), NULL, NULL),
                         KM_OK);
        km_jwt jwt = { .claims = km_json_root(doc) };
        assert_int_equal(km_jwt_check_binding(&jwt, km_str_of(rows[i].thumb), NULL), rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree_as_appendix_c_of_rfc_7518_does),
        cmocka_unit_test(what_is_sealed_is_opened_by_its_key_alone),
        cmocka_unit_test(every_flipped_bit_of_a_sealed_token_is_refused),
        cmocka_unit_test(a_header_of_another_kind_is_refused_by_its_name),
        cmocka_unit_test(a_key_for_sealing_is_one_public_key_of_p256),
        cmocka_unit_test(what_our_keys_sign_their_published_set_verifies),
        cmocka_unit_test(a_bound_token_is_good_beside_its_certificate_alone),
    };
    return cmocka_run_group_tests(tests, make_room, leave_room);
}
