/* SPDX-License-Identifier: Apache-2.0 */
#include "base/roca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* What the paper describes: p = k * M + 65537^a mod M, M the product of the small primes. */
static void a_modulus_of_that_form_is_known(void **state)
{
    static const int primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                  47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                  107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167 };
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = BN_new(), *p = BN_new(), *q = BN_new(), *k = BN_new(), *e = BN_new();
    (void)state;
    BN_one(m);
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++)
        BN_mul_word(m, (BN_ULONG)primes[i]);
    for (int round = 0; round < 50; round++) {
        BIGNUM *half[2] = { p, q };
        for (int i = 0; i < 2; i++) { /* the form is what is looked for: a prime or not */
            BN_set_word(e, 65537);
            BN_rand(k, 60, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
            assert_int_equal(BN_mod_exp(half[i], e, k, m, ctx), 1);
            BN_rand(k, 700, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
            BN_mul(k, k, m, ctx);
            BN_add(half[i], half[i], k);
        }
        BN_mul(k, p, q, ctx);
        assert_true(BN_num_bytes(k) <= 512);
        unsigned char wide[512];
        size_t n = (size_t)BN_bn2bin(k, wide);
        assert_true(km_rsa_is_roca(wide, n));
        wide[n - 1] ^= 2;
        assert_false(km_rsa_is_roca(wide, n));
    }
    assert_false(km_rsa_is_roca((const unsigned char *)"", 0));
    BN_free(m), BN_free(p), BN_free(q), BN_free(k), BN_free(e);
    BN_CTX_free(ctx);
}

static void a_key_of_openssl_is_sound(void **state)
{
    unsigned char bytes[256];
    BIGNUM *n = NULL;
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_false(km_rsa_is_roca(bytes, (size_t)BN_bn2bin(n, bytes)));
    BN_free(n);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modulus_of_that_form_is_known),
        cmocka_unit_test(a_key_of_openssl_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
