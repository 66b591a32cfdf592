/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jose/jose.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/hash.h"

#define EC_KEY(rest)                                                                           \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"" rest "}"
#define ED_KEY \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define SET(key) "{\"keys\":[" key "]}"

/* RFC 7515 A.3.1. */
#define ES_PAYLOAD                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19" \
    "yb290Ijp0cnVlfQ"
#define ES_SIGNATURE \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ES_TOKEN "eyJhbGciOiJFUzI1NiJ9." ES_PAYLOAD "." ES_SIGNATURE
/* RFC 8037 A.4. */
#define ED_TOKEN                                                                        \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PP" \
    "Ot7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static km_code ask(km_jws *out, km_arena *a, const char *keys, km_str token, km_fault *f)
{
    km_jwks *set;
    *f = (km_fault){ 0 };
    assert_int_equal(km_jwks_new(&set, km_str_of(keys), f), KM_OK);
    km_code rc = km_jws_verify(out, a, set, token, f);
    km_jwks_free(set); /* kid is not looked at here */
    return rc;
}

static void the_vectors_of_the_rfcs_verify(void **state)
{
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_fault f;
    km_jws jws;
    (void)state;
    assert_int_equal(ask(&jws, a, SET(EC_KEY("")), KM_STR(ES_TOKEN), &f), KM_OK);
    assert_true(km_str_starts(jws.payload, KM_STR("{\"iss\":\"joe\"")));
    assert_int_equal(ask(&jws, a, SET(ED_KEY), KM_STR(ED_TOKEN), &f), KM_OK);
    assert_true(km_str_is(jws.payload, "Example of Ed25519 signing"));
    km_arena_free(a);
}

/* RFC 8037 A.3. */
static void a_key_without_kid_is_called_by_its_thumbprint(void **state)
{
    km_jwks *set;
    (void)state;
    assert_int_equal(km_jwks_new(&set, KM_STR(SET(ED_KEY)), NULL), KM_OK);
    assert_true(
        km_str_is(km_jwks_thumbprint(set, 0), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    assert_true(km_str_eq(km_jwks_thumbprint(set, 0), km_jwks_kid(set, 0)));
    km_jwks_free(set);
}

static void every_flipped_bit_of_a_token_is_refused(void **state)
{
    static const char *const rows[][2] = { { SET(EC_KEY("")), ES_TOKEN },
                                           { SET(ED_KEY), ED_TOKEN } };
    (void)state;
    for (size_t row = 0; row < 2; row++) {
        char token[512];
        size_t n = strlen(rows[row][1]);
        km_jwks *set;
        assert_int_equal(km_jwks_new(&set, km_str_of(rows[row][0]), NULL), KM_OK);
        km_arena *a = km_arena_new((size_t)1 << 20);
        memcpy(token, rows[row][1], n);
        for (size_t bit = 0; bit < n * 8; bit++) {
            km_jws jws;
            token[bit / 8] = (char)(token[bit / 8] ^ (1 << bit % 8));
            assert_int_not_equal(km_jws_verify(&jws, a, set, (km_str){ token, n }, NULL), KM_OK);
            token[bit / 8] = (char)(token[bit / 8] ^ (1 << bit % 8));
            assert_int_not_equal(km_jws_verify(&jws, a, set, (km_str){ token, bit / 8 }, NULL),
                                 KM_OK);
            km_arena_reset(a);
        }
        km_arena_free(a);
        km_jwks_free(set);
    }
}

static void a_token_chooses_neither_algorithm_nor_key(void **state)
{
    static const struct {
        const char *header;
        km_code code;
    } rows[] = {
        { "{\"alg\":\"none\"}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"HS256\"}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"EdDSA\"}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"es256\"}", KM_UNAUTHENTICATED },
        { "{}", KM_UNAUTHENTICATED },
        { "{\"alg\":[\"ES256\"]}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"ES256\",\"kid\":\"other\"}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"ES256\",\"kid\":1}", KM_UNAUTHENTICATED },
        { "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"b64\":false}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"jwk\":{}}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"jku\":\"https://example.org\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"x5c\":[]}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"x5u\":\"\"}", KM_UNSUPPORTED },
        { "{\"alg\":\"ES256\",\"alg\":\"none\"}", KM_MALFORMED },
        { "[]", KM_MALFORMED },
    };
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_fault f;
    km_jws jws;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_str head = km_base64url(a, rows[i].header, strlen(rows[i].header));
        km_str token = km_arena_print(a, "%.*s." ES_PAYLOAD "." ES_SIGNATURE, KM_STR_ARG(head));
        assert_int_equal(ask(&jws, a, SET(EC_KEY("")), token, &f), rows[i].code);
    }
    km_arena_free(a);
}

static void r_and_s_lie_between_0_and_the_order(void **state)
{
    static const unsigned char order[32] = { 0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                             0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                             0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                             0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
    km_arena *a = km_arena_new((size_t)1 << 20);
    (void)state;
    for (int half = 0; half < 4; half++) {
        unsigned char sig[64];
        km_fault f;
        km_jws jws;
        memset(sig, 1, sizeof sig);
        if (half < 2)
            memset(sig + (half ? 32 : 0), 0, 32);
        else
            memcpy(sig + (half == 3 ? 32 : 0), order, 32);
        km_str token = km_arena_print(a, "eyJhbGciOiJFUzI1NiJ9." ES_PAYLOAD ".%.*s",
                                      KM_STR_ARG(km_base64url(a, sig, sizeof sig)));
        assert_int_equal(ask(&jws, a, SET(EC_KEY("")), token, &f), KM_UNAUTHENTICATED);
        assert_string_equal(f.detail, "r or s is out of range");
    }
    km_arena_free(a);
}

static void weak_and_wrong_keys_refuse_the_set(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{\"keys\":{}}",
        SET("1"),
        SET(EC_KEY(",\"d\":\"AAAA\"")),
        SET(EC_KEY(",\"alg\":\"RS256\"")),
        SET(EC_KEY(",\"kid\":\"\"")),
        SET(EC_KEY("") "," EC_KEY("")),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
            "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
            "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}"),
        SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}"),
        SET("{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"),
        SET("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"),
    };
    km_jwks *set;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_not_equal(km_jwks_new(&set, km_str_of(rows[i]), NULL), KM_OK);
        assert_null(set);
    }
    /* A secret key is of another kind: passed over, never used. */
    assert_int_equal(km_jwks_new(&set, KM_STR(SET("{\"kty\":\"oct\",\"k\":\"AAAA\"}")), NULL),
                     KM_OK);
    assert_int_equal(km_jwks_count(set), 0);
    km_jwks_free(set);
}

typedef struct rsa {
    EVP_PKEY *key;
    bool pss;
} rsa;

static km_code sign_rsa(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n,
                        km_str bytes, km_fault *f)
{
    const rsa *r = self;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    (void)f;
    *n = KM_JWS_SIGNATURE_MAX;
    assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, "SHA256", NULL, NULL, r->key, NULL), 1);
    if (r->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(md, out, n, (const unsigned char *)bytes.p, bytes.n), 1);
    EVP_MD_CTX_free(md);
    return KM_OK;
}

static void an_rsa_key_verifies_its_own_algorithm_alone(void **state)
{
    km_arena *a = km_arena_new((size_t)1 << 20);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    unsigned char n[256];
    BIGNUM *bn = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &bn), 1);
    assert_int_equal(BN_bn2binpad(bn, n, sizeof n), 256);
    BN_free(bn);
    for (int i = 0; i < 8; i++) {
        bool key_pss = i & 1, named_pss = i & 2, signed_pss = i & 4;
        rsa self = { key, signed_pss };
        km_jws_signer by = { named_pss ? KM_JWS_PS256 : KM_JWS_RS256, KM_STR("k"), sign_rsa,
                             &self };
        km_jws jws;
        km_fault f;
        km_str token, set = km_arena_print(
                          a,
                          "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"alg\":\"%s\",\"e\":\"AQAB\","
                          "\"n\":\"%.*s\"}]}",
                          key_pss ? "PS256" : "RS256", KM_STR_ARG(km_base64url(a, n, sizeof n)));
        assert_int_equal(km_jws_sign(&token, a, &by, KM_STR("JWT"), KM_STR("{}"), NULL), KM_OK);
        assert_int_equal(ask(&jws, a, km_arena_z(a, set), token, &f),
                         key_pss == named_pss && named_pss == signed_pss ? KM_OK
                                                                         : KM_UNAUTHENTICATED);
    }
    EVP_PKEY_free(key);
    km_arena_free(a);
}

static void an_rsa_key_outside_its_bounds_is_refused(void **state)
{
    static const struct {
        size_t bytes;
        unsigned char top, low;
        const char *e;
        km_code code;
    } rows[] = {
        { 256, 0x80, 1, "AQAB", KM_OK },         { 256, 0x7f, 1, "AQAB", KM_BAD_VALUE },
        { 255, 0xff, 1, "AQAB", KM_BAD_VALUE },  { 1024, 0xff, 1, "AQAB", KM_OK },
        { 1025, 0x01, 1, "AQAB", KM_BAD_VALUE }, { 257, 0, 1, "AQAB", KM_BAD_VALUE },
        { 256, 0x80, 2, "AQAB", KM_BAD_VALUE },  { 256, 0x80, 1, "AQAA", KM_BAD_VALUE },
        { 256, 0x80, 1, "Aw", KM_BAD_VALUE },    { 256, 0x80, 1, "AQAAAAE", KM_BAD_VALUE },
    };
    km_arena *a = km_arena_new((size_t)1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char n[1025];
        km_jwks *set;
        memset(n, 0x55, sizeof n);
        n[0] = rows[i].top;
        n[rows[i].bytes - 1] = rows[i].low;
        km_str json = km_arena_print(
            a, "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"%s\",\"n\":\"%.*s\"}]}",
            rows[i].e, KM_STR_ARG(km_base64url(a, n, rows[i].bytes)));
        assert_int_equal(km_jwks_new(&set, json, NULL), rows[i].code);
        km_jwks_free(set);
    }
    km_arena_free(a);
}

static km_ms at_1000(void *self)
{
    (void)self;
    return 1000 * 1000;
}

static void a_claim_that_is_not_as_wanted_is_refused(void **state)
{
#define REST "\"iss\":\"i\",\"aud\":\"a\""
    static const struct {
        const char *claims;
        km_code code;
    } rows[] = {
        { "{" REST ",\"exp\":1001,\"iat\":990,\"jti\":\"j\"}", KM_OK },
        { "{\"iss\":\"i\",\"aud\":[\"b\",\"a\"],\"exp\":1001,\"iat\":990,\"jti\":\"j\"}", KM_OK },
        { "{" REST ",\"exp\":991,\"iat\":990,\"jti\":\"j\"}", KM_OK },
        { "{" REST ",\"exp\":990,\"iat\":990,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":1020,\"iat\":1010,\"nbf\":1010,\"jti\":\"j\"}", KM_OK },
        { "{" REST ",\"exp\":1020,\"iat\":1011,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":1020,\"iat\":1000,\"nbf\":1011,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":1060,\"iat\":1000,\"jti\":\"j\"}", KM_OK },
        { "{" REST ",\"exp\":1061,\"iat\":1000,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":1001,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"iat\":990,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":1001,\"iat\":990}", KM_UNAUTHENTICATED },
        { "{\"iss\":\"x\",\"aud\":\"a\",\"exp\":1001,\"iat\":990,\"jti\":\"j\"}",
          KM_UNAUTHENTICATED },
        { "{\"iss\":\"i\",\"aud\":\"b\",\"exp\":1001,\"iat\":990,\"jti\":\"j\"}",
          KM_UNAUTHENTICATED },
        { "{\"iss\":\"i\",\"exp\":1001,\"iat\":990,\"jti\":\"j\"}", KM_UNAUTHENTICATED },
        { "{" REST ",\"exp\":\"1001\",\"iat\":990,\"jti\":\"j\"}", KM_MALFORMED },
        { "{" REST ",\"exp\":1e9,\"iat\":990,\"jti\":\"j\"}", KM_MALFORMED },
        { "{" REST ",\"exp\":99999999999999999999,\"iat\":990,\"jti\":\"j\"}", KM_MALFORMED },
        { "{" REST ",\"exp\":-1,\"iat\":990,\"jti\":\"j\"}", KM_MALFORMED },
        { "{" REST ",\"exp\":1001,\"iat\":990,\"jti\":1}", KM_MALFORMED },
        { "[]", KM_MALFORMED },
    };
    const km_clock clock = { at_1000, NULL };
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_jwt_want want = { .issuer = KM_STR("i"),
                         .audience = KM_STR("a"),
                         .type = KM_STR("at+jwt"),
                         .leeway_s = 10,
                         .lifetime_s = 60,
                         .need_jti = true };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows * 2; i++) {
        km_fault f = { 0 };
        km_json *header;
        km_jwt jwt;
        const km_call c = { .arena = a, .fault = &f, .clock = &clock };
        bool other = i & 1;
        assert_int_equal(km_json_parse(&header, a,
                                       other ? KM_STR("{\"typ\":\"JWT\"}")
                                             : KM_STR("{\"typ\":\"application/AT+jwt\"}"),
                                       NULL, NULL),
                         KM_OK);
        km_jws jws = { KM_JWS_ES256, km_json_root(header), KM_STR("k"),
                       km_str_of(rows[i / 2].claims) };
        km_code rc = km_jwt_check(&jwt, &c, &jws, &want);
        if (other)
            assert_int_not_equal(rc, KM_OK);
        else
            assert_int_equal(rc, rows[i / 2].code);
    }
    km_arena_free(a);
}

/* RFC 7636 appendix B. */
static void a_verifier_belongs_to_its_challenge_alone(void **state)
{
    const km_str verifier = KM_STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    const km_str challenge = KM_STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    km_arena *a = km_arena_new((size_t)1 << 20);
    (void)state;
    assert_true(km_pkce_matches(a, verifier, challenge));
    assert_false(km_pkce_matches(a, challenge, verifier));
    assert_false(km_pkce_matches(a, km_str_sub(verifier, 0, 42), challenge));
    assert_false(km_pkce_matches(a, verifier, km_str_sub(challenge, 0, 42)));
    assert_false(km_pkce_matches(a, verifier, KM_STR_NONE));
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfcs_verify),
        cmocka_unit_test(a_key_without_kid_is_called_by_its_thumbprint),
        cmocka_unit_test(every_flipped_bit_of_a_token_is_refused),
        cmocka_unit_test(a_token_chooses_neither_algorithm_nor_key),
        cmocka_unit_test(r_and_s_lie_between_0_and_the_order),
        cmocka_unit_test(weak_and_wrong_keys_refuse_the_set),
        cmocka_unit_test(an_rsa_key_verifies_its_own_algorithm_alone),
        cmocka_unit_test(an_rsa_key_outside_its_bounds_is_refused),
        cmocka_unit_test(a_claim_that_is_not_as_wanted_is_refused),
        cmocka_unit_test(a_verifier_belongs_to_its_challenge_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
