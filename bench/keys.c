/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: what one thread gets out of each door to the keys, by its own time: operator A's keyed hash
 * (batches of 256), ES256 and Ed25519, a data key unwrapped; from sealed files and from a PKCS#11
 * token (SoftHSM, skipped where it is absent). Then a card's sign-in proved: chain, lists,
 * challenge.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "codec/x509/test_ca.h"
#include "kit/kit.h"
#include "trust/keys/keys.h"

static const char module[] = "/usr/lib/softhsm/libsofthsm2.so";
static const km_str domain = KM_STR_INIT("urn:kumihimo:dom:care:net-0001");
enum { BATCH = 256 };

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
    return took < UINT64_C(400000000);
}

typedef struct rates {
    double pid, es256, ed25519, unwrap;
} rates;

static rates of(km_keys *k)
{
    static km_key_root root[BATCH];
    static unsigned char t[BATCH][KM_KEY_T];
    unsigned char sig[KM_KEY_SIGNATURE], wrapped[KM_KEY_WRAPPED], data[KM_KEY_DATA] = { 1 };
    char text[300] = { 0 };
    km_str message = { text, sizeof text }, use = KM_STR("column");
    km_fault f = { 0 };
    km_key_name d = { KM_KEY_PID_A, domain, 0 };
    rates r;
    uint32_t v;
    uint64_t from;
    int n;
    if (km_keys_make(&v, k, KM_KEY_PID_A, domain, &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_TOKEN, KM_STR(""), &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_CHECKPOINT, KM_STR(""), &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_WRAP, KM_STR(""), &f) != KM_OK
        || km_keys_wrap(wrapped, k, use, data, &f) != KM_OK)
        kit_die(f.detail);
    km_code rc = KM_OK;
    for (from = ticks(), n = 0; rc == KM_OK && more(from, n, &r.pid); n += BATCH)
        rc = km_keys_pid_a(t, k, d, root, BATCH, &f);
    for (from = ticks(), n = 0; rc == KM_OK && more(from, n, &r.es256); n++)
        rc = km_keys_sign_token(sig, k, 0, message, &f);
    for (from = ticks(), n = 0; rc == KM_OK && more(from, n, &r.ed25519); n++)
        rc = km_keys_sign_checkpoint(sig, k, 0, message, &f);
    for (from = ticks(), n = 0; rc == KM_OK && more(from, n, &r.unwrap); n++)
        rc = km_keys_unwrap(data, k, use, wrapped, &f);
    if (rc != KM_OK)
        kit_die(f.detail);
    return r;
}

static double hmac_per_s(void)
{
    unsigned char key[32] = { 1 }, message[83] = { 0 }, out[32];
    unsigned n = 32;
    double per_s;
    int done = 0;
    for (uint64_t from = ticks(); more(from, done, &per_s); done++)
        if (HMAC(EVP_sha256(), key, 32, message, sizeof message, out, &n) == NULL)
            kit_die("no hash");
    return per_s;
}

static rates in_files(void)
{
    km_keys *k;
    km_fault f = { 0 };
    km_keys_folder o = { kit_path(kit_folder(), "ring"), KM_KEY_MASK_ALL, &km_random_real };
    if (km_keys_open(&k, &o, &f) != KM_OK)
        kit_die(f.detail);
    rates r = of(k);
    km_keys_close(k);
    return r;
}

static rates in_token(void)
{
    km_keys *k;
    km_fault f = { 0 };
    const char *folder = kit_folder(), *conf = kit_path(folder, "softhsm2.conf");
    FILE *out = fopen(conf, "w");
    if (out == NULL)
        kit_die("no folder");
    fprintf(out, "directories.tokendir = %s\nobjectstore.backend = file\n", folder);
    fclose(out);
    setenv("SOFTHSM2_CONF", conf, 1);
    kit_run(NULL,
            (const char *const[]){ "/usr/bin/softhsm2-util", "--init-token", "--free", "--label",
                                   "bench", "--so-pin", "5678", "--pin", "1234", NULL });
    km_keys_token o = { module, "bench", KM_STR("1234"), KM_KEY_MASK_ALL, &km_random_real };
    if (km_keys_open_token(&k, &o, &f) != KM_OK)
        kit_die(f.detail);
    rates r = of(k);
    km_keys_close(k);
    return r;
}

/* --- a card --- */

static km_str file(const char *folder, const char *name, km_arena *a)
{
    size_t n;
    char *text = kit_read(&n, kit_path(folder, name));
    km_str copy = km_arena_copy(a, (km_str){ text, n });
    free(text);
    return copy;
}

static size_t sign(unsigned char out[512], km_str pem, km_str text)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t n = 512;
    if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1
        || EVP_DigestSign(md, out, &n, (const unsigned char *)text.p, text.n) != 1)
        kit_die("no signature");
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    BIO_free(in);
    return n;
}

static double cards_per_s(void)
{
    km_arena *a = km_arena_new((size_t)16 << 20), *each = km_arena_new((size_t)4 << 20);
    km_fault f = { 0 };
    km_call c = { a, &f, &km_clock_real, &km_random_real, NULL };
    const char *folder = kit_path(kit_folder(), "ca");
    km_x509_anchors *anchors;
    km_x509_crls *crls;
    km_x509_profile profile;
    km_str der[KM_X509_CHAIN], text = KM_STR("kumihimo challenge");
    size_t count;
    unsigned char sig[512];
    if (km_test_ca_write(folder, &c) != KM_OK
        || !km_x509_profile_find(&profile, KM_STR("test-hpki-authentication")))
        kit_die(f.detail);
    km_str list[] = { file(folder, "hpki-root.crl", a), file(folder, "hpki-auth-ca.crl", a) };
    if (km_x509_anchors_new(&anchors, file(folder, "anchors-hpki.pem", a), &f) != KM_OK
        || km_x509_crls_new(&crls, list, 2, &f) != KM_OK
        || km_cert_unpem(der, &count, KM_X509_CHAIN, a, file(folder, "doctor.pem", a), &f) != KM_OK)
        kit_die(f.detail);
    size_t n = sign(sig, file(folder, "doctor.key", a), text);
    km_x509_want want = { .profile = &profile, .at = km_call_now(&c), .crls = crls };
    double per_s;
    int done = 0;
    for (uint64_t from = ticks(); more(from, done, &per_s); done++) {
        km_x509_path path;
        if (km_x509_verify(&path, each, anchors, der, count, &want, &f) != KM_OK
            || km_cert_proves(&path.leaf, KM_PROOF_RSA_PKCS1, (km_str){ (char *)sig, n }, text, &f)
                   != KM_OK)
            kit_die(f.detail);
        km_arena_reset(each);
    }
    km_x509_anchors_free(anchors);
    km_x509_crls_free(crls);
    km_arena_free(a);
    km_arena_free(each);
    return per_s;
}

int main(void)
{
    double hmac = hmac_per_s();
    rates r = in_files();
    static const char once[] = "OpenSSL HMAC once";
    kit_print(
        &(kit_row){ "keyed hashes, keys in files", "/s", once, r.pid, hmac, KIT_AT_LEAST, 1 });
    kit_print(&(kit_row){ "ES256 signatures, keys in files", "/s", once, r.es256, hmac,
                          KIT_AT_LEAST, 0.005 });
    kit_print(&(kit_row){ "Ed25519 signatures, keys in files", "/s", once, r.ed25519, hmac,
                          KIT_AT_LEAST, 0.005 });
    kit_print(&(kit_row){ "data keys unwrapped, keys in files", "/s", once, r.unwrap, hmac,
                          KIT_AT_LEAST, 0.1 });
    if (access(module, R_OK) == 0) {
        rates t = in_token();
        static const char files[] = "the same, keys in files";
        kit_print(&(kit_row){ "keyed hashes, PKCS#11 token", "/s", files, t.pid, r.pid,
                              KIT_AT_LEAST, 0.005 });
        kit_print(&(kit_row){ "ES256 signatures, PKCS#11 token", "/s", files, t.es256, r.es256,
                              KIT_AT_LEAST, 0.1 });
        kit_print(&(kit_row){ "Ed25519 signatures, PKCS#11 token", "/s", files, t.ed25519,
                              r.ed25519, KIT_AT_LEAST, 0.1 });
        kit_print(&(kit_row){ "data keys unwrapped, PKCS#11 token", "/s", files, t.unwrap, r.unwrap,
                              KIT_AT_LEAST, 0.01 });
    } else {
        kit_skip("the same in a PKCS#11 token", "no SoftHSM here");
    }
    kit_print(&(kit_row){ "cards proved (chain, lists, challenge)", "/s", once, cards_per_s(), hmac,
                          KIT_AT_LEAST, 0.001 });
    return 0;
}
