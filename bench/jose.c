/* SPDX-License-Identifier: Apache-2.0
 *
 * jose: signed tokens checked by one thread (signature, then claims; nothing is remembered), beside
 * the floor: OpenSSL's verification alone under a context that is kept. Then tokens sealed for one
 * recipient, beside one agreement of keys and one fresh key.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/jose/jose.h"
#include "kit/kit.h"

#define P256                                                                                   \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\"," \
    "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\""
#define P256_OWN P256 ",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}"
#define ED_OWN                                                                                    \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"," \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

enum { SECONDS_TENTH = 5 }; /* each measurement runs for half a second */

/* What this thread computed: others may be at work on the machine. */
static uint64_t ticks(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool more(uint64_t from, int done, double *per_s)
{
    uint64_t took = ticks() - from;
    *per_s = done / ((double)took / 1e9);
    return took < SECONDS_TENTH * UINT64_C(100000000);
}

static double ours(const km_jwks *set, km_str token)
{
    static const km_jwt_want want = { .issuer = KM_STR_INIT("https://node.example"),
                                      .audience = KM_STR_INIT("https://node.example/fhir"),
                                      .type = KM_STR_INIT("at+jwt"),
                                      .leeway_s = 60,
                                      .lifetime_s = 3600,
                                      .need_jti = true };
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_fault f = { 0 };
    km_call c = { a, &f, &km_clock_real, &km_random_real, NULL };
    double per_s;
    int n = 0;
    for (uint64_t from = ticks(); more(from, n, &per_s); n++) {
        km_jws jws;
        km_jwt jwt;
        if (km_jws_verify(&jws, a, set, token, &f) != KM_OK
            || km_jwt_check(&jwt, &c, &jws, &want) != KM_OK)
            kit_die(f.detail);
        km_arena_reset(a);
    }
    km_arena_free(a);
    return per_s;
}

/* Signs and verifies with OpenSSL alone; the digest is computed each time. */
static double floor_of(EVP_PKEY *key, bool one_shot, bool pss)
{
    unsigned char text[300] = { 0 }, sig[512], sum[32];
    size_t n = sizeof sig;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL), *in;
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (EVP_DigestSignInit(md, &in, one_shot ? NULL : digest, NULL, key) != 1)
        kit_die("no signature");
    if (pss) {
        EVP_PKEY_CTX_set_rsa_padding(in, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(in, RSA_PSS_SALTLEN_DIGEST);
    }
    if (EVP_DigestSign(md, sig, &n, text, sizeof text) != 1)
        kit_die("nothing signed");
    if (!one_shot && EVP_PKEY_verify_init(ctx) != 1)
        kit_die("no context");
    if (!one_shot)
        EVP_PKEY_CTX_set_signature_md(ctx, digest);
    if (pss) {
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
    }
    double per_s;
    int done = 0;
    for (uint64_t from = ticks(); more(from, done, &per_s); done++) {
        bool good;
        if (one_shot)
            good = EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) == 1
                   && EVP_DigestVerify(md, sig, n, text, sizeof text) == 1;
        else
            good = EVP_Digest(text, sizeof text, sum, NULL, digest, NULL) == 1
                   && EVP_PKEY_verify(ctx, sig, n, sum, sizeof sum) == 1;
        if (!good)
            kit_die("not verified");
    }
    EVP_MD_free(digest);
    EVP_PKEY_CTX_free(ctx);
    EVP_MD_CTX_free(md);
    return per_s;
}

static void row(const char *what, km_str key, km_jws_alg alg, EVP_PKEY *peer)
{
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_fault f = { 0 };
    km_jws_key *own;
    km_jwks *set;
    km_str token;
    km_buf json = km_buf_in(a);
    long long now = km_clock_real.now(NULL) / 1000;
    if (km_jws_key_new(&own, key, alg, &f) != KM_OK)
        kit_die(f.detail);
    km_jwk_public public = km_jws_key_public(own);
    km_jws_signer by = km_jws_key_signer(own);
    km_str claims = km_arena_print(
        a,
        "{\"iss\":\"https://node.example\",\"sub\":\"0b9a4d3e-77a1\",\"aud\":"
        "\"https://node.example/fhir\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"8d0e7a1c\","
        "\"scope\":\"user/Observation.rs user/Patient.rs\",\"client_id\":\"viewer\"}",
        now, now + 600);
    if (km_jws_sign(&token, a, &by, KM_STR("at+jwt"), claims, &f) != KM_OK
        || km_jwks_print(&json, &public, 1, &f) != KM_OK
        || km_jwks_new(&set, km_buf_str(&json), &f) != KM_OK)
        kit_die(f.detail);
    kit_print(&(kit_row){ what, "/s", "OpenSSL's check alone", ours(set, token),
                          floor_of(peer, public.alg == KM_JWS_EDDSA, public.alg == KM_JWS_PS256),
                          KIT_AT_LEAST, 0.85 });
    km_jwks_free(set);
    km_jws_key_free(own);
    EVP_PKEY_free(peer);
    km_arena_free(a);
}

static void sealed(void)
{
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_fault f = { 0 };
    km_call c = { a, &f, &km_clock_real, &km_random_real, NULL };
    km_jwe_key *to;
    double mine, peer;
    int n = 0;
    if (km_jwe_recipient_new(&to, KM_STR(P256 "}"), &f) != KM_OK)
        kit_die(f.detail);
    for (uint64_t from = ticks(); more(from, n, &mine); n++) {
        km_str token;
        if (km_jwe_seal(&token, &c, to, KM_STR(""), KM_STR("{\"pid\":\"...\"}")) != KM_OK)
            kit_die(f.detail);
        km_arena_reset(a);
    }
    EVP_PKEY *other = EVP_EC_gen("P-256");
    n = 0;
    for (uint64_t from = ticks(); more(from, n, &peer); n++) {
        unsigned char z[32];
        size_t length = sizeof z;
        EVP_PKEY *once = EVP_EC_gen("P-256");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(once, NULL);
        if (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, other) != 1
            || EVP_PKEY_derive(ctx, z, &length) != 1)
            kit_die("no agreement");
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(once);
    }
    EVP_PKEY_free(other);
    kit_print(&(kit_row){ "tokens sealed for one recipient, one thread", "/s",
                          "a fresh key, one agreement", mine, peer, KIT_AT_LEAST, 0.8 });
    km_jwe_key_free(to);
    km_arena_free(a);
}

static km_str pem_of(EVP_PKEY *key, km_arena *a)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *p;
    if (PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
        kit_die("no key");
    long n = BIO_get_mem_data(out, &p);
    km_str text = km_arena_copy(a, (km_str){ p, (size_t)n });
    BIO_free(out);
    return text;
}

int main(void)
{
    km_arena *a = km_arena_new((size_t)1 << 20);
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    km_str pem = pem_of(rsa, a);
    EVP_PKEY_up_ref(rsa);
    row("ES256 tokens checked, one thread", KM_STR(P256_OWN), KM_JWS_NO_ALG, EVP_EC_gen("P-256"));
    row("EdDSA tokens checked, one thread", KM_STR(ED_OWN), KM_JWS_NO_ALG,
        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    row("RS256 tokens checked, one thread", pem, KM_JWS_RS256, rsa);
    row("PS256 tokens checked, one thread", pem, KM_JWS_PS256, rsa);
    sealed();
    km_arena_free(a);
    return 0;
}
