/* SPDX-License-Identifier: Apache-2.0
 *
 * hash: SipHash-2-4 as in "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012), its
 * 128-bit form as in the authors' reference; SHA-256 and AES-256-GCM are OpenSSL's.
 */
#include "base/hash.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <threads.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

typedef struct sip {
    uint64_t v0, v1, v2, v3;
} sip;

static inline uint64_t left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(sip *s)
{
    s->v0 += s->v1;
    s->v1 = left(s->v1, 13) ^ s->v0;
    s->v0 = left(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = left(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = left(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = left(s->v1, 17) ^ s->v2;
    s->v2 = left(s->v2, 32);
}

static inline void sip_word(sip *s, uint64_t m)
{
    s->v3 ^= m;
    sip_round(s);
    sip_round(s);
    s->v0 ^= m;
}

/* The state after all of the input, before finalisation. */
static inline sip sip_absorb(km_sipkey key, uint64_t tweak, const unsigned char *p, size_t n)
{
    sip s = { key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du ^ tweak,
              key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u };
    uint64_t last = (uint64_t)n << 56, m;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&m, p, 8);
        sip_word(&s, le64toh(m));
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)p[i] << (8 * i);
    sip_word(&s, last);
    return s;
}

static inline uint64_t sip_end(sip *s)
{
    for (int i = 0; i < 4; i++)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t km_siphash(km_sipkey key, const void *p, size_t n)
{
    sip s = sip_absorb(key, 0, p, n);
    s.v2 ^= 0xff;
    return sip_end(&s);
}

void km_siphash128(unsigned char out[16], km_sipkey key, const void *p, size_t n)
{
    sip s = sip_absorb(key, 0xee, p, n);
    s.v2 ^= 0xee;
    uint64_t low = htole64(sip_end(&s));
    s.v1 ^= 0xdd;
    uint64_t high = htole64(sip_end(&s));
    memcpy(out, &low, 8);
    memcpy(out + 8, &high, 8);
}

/* OpenSSL fails here only for want of memory or of the algorithm itself; without either
 * nothing may go on. */
static void must(int done)
{
    if (done != 1)
        abort();
}

/* OpenSSL 3 looks an algorithm up by name at every use, which takes longer than hashing a
 * small record. Found once, then only read; it counts its own references. */
static EVP_MD *sha256;
static once_flag sha256_once = ONCE_FLAG_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 != NULL);
}

void km_sha256_parts(unsigned char out[KM_SHA256_LEN], const km_str *part, size_t parts)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    call_once(&sha256_once, fetch_sha256);
    must(c != NULL && EVP_DigestInit_ex(c, sha256, NULL));
    for (size_t i = 0; i < parts; i++)
        must(EVP_DigestUpdate(c, part[i].p, part[i].n));
    must(EVP_DigestFinal_ex(c, out, NULL));
    EVP_MD_CTX_free(c);
}

void km_sha256(unsigned char out[KM_SHA256_LEN], const void *p, size_t n)
{
    km_sha256_parts(out, &(km_str){ p, n }, 1);
}

enum { NONCE = 12, TAG = 16 };

struct km_gcm {
    EVP_CIPHER_CTX *context;
};

km_gcm *km_gcm_new(void)
{
    km_gcm *g = malloc(sizeof *g);
    must(g != NULL);
    g->context = EVP_CIPHER_CTX_new();
    must(g->context != NULL
         && EVP_CipherInit_ex(g->context, EVP_aes_256_gcm(), NULL, NULL, NULL, 1));
    return g;
}

void km_gcm_free(km_gcm *g)
{
    if (g == NULL)
        return;
    EVP_CIPHER_CTX_free(g->context);
    free(g);
}

/* Key, nonce and additional data of one message; the cipher itself stays. */
static void begin(km_gcm *g, const unsigned char *key, const unsigned char *nonce, km_str aad,
                  int sealing)
{
    int n;
    assert(aad.n <= INT_MAX);
    must(EVP_CipherInit_ex(g->context, NULL, NULL, key, nonce, sealing));
    if (aad.n > 0)
        must(EVP_CipherUpdate(g->context, NULL, &n, (const unsigned char *)aad.p, (int)aad.n));
}

void km_gcm_seal(km_gcm *g, unsigned char *out, const unsigned char key[32],
                 const unsigned char nonce[12], km_str aad, km_str plain)
{
    int n;
    assert(plain.n <= INT_MAX - KM_GCM_EXTRA);
    begin(g, key, nonce, aad, 1);
    memcpy(out, nonce, NONCE);
    out += NONCE;
    if (plain.n > 0)
        must(EVP_CipherUpdate(g->context, out, &n, (const unsigned char *)plain.p, (int)plain.n));
    must(EVP_CipherFinal_ex(g->context, out + plain.n, &n));
    must(EVP_CIPHER_CTX_ctrl(g->context, EVP_CTRL_GCM_GET_TAG, TAG, out + plain.n));
}

km_code km_gcm_open(km_gcm *g, unsigned char *out, const unsigned char key[32], km_str aad,
                    km_str sealed, km_fault *f)
{
    unsigned char tag[TAG], none[1];
    const unsigned char *p = (const unsigned char *)sealed.p;
    int n;
    if (sealed.n < KM_GCM_EXTRA || sealed.n > INT_MAX)
        return km_fail(f, KM_TAMPERED, NULL, "sealed text of %zu bytes", sealed.n);
    size_t text = sealed.n - KM_GCM_EXTRA;
    begin(g, key, p, aad, 0);
    memcpy(tag, p + NONCE + text, TAG);
    if (text > 0)
        must(EVP_CipherUpdate(g->context, out, &n, p + NONCE, (int)text));
    must(EVP_CIPHER_CTX_ctrl(g->context, EVP_CTRL_GCM_SET_TAG, TAG, tag));
    if (EVP_CipherFinal_ex(g->context, text > 0 ? out + text : none, &n) == 1)
        return KM_OK;
    if (text > 0) /* nobody may use what was not proved */
        OPENSSL_cleanse(out, text);
    return km_fail(f, KM_TAMPERED, NULL, "the tag does not match");
}

bool km_same_secret(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
