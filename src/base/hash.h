/* SPDX-License-Identifier: Apache-2.0
 *
 * hash: keyed 64- and 128-bit hashes for index keys (SipHash-2-4, Aumasson and
 * Bernstein 2012), SHA-256 and AES-256-GCM over OpenSSL, hex and base64url.
 */
#ifndef KM_BASE_HASH_H
#define KM_BASE_HASH_H

#include "base/buf.h"
#include "base/fault.h"

typedef struct km_sipkey {
    uint64_t k0, k1;
} km_sipkey;

uint64_t km_siphash(km_sipkey key, const void *p, size_t n);
void km_siphash128(unsigned char out[16], km_sipkey key, const void *p, size_t n);

#define KM_SHA256_LEN 32
void km_sha256(unsigned char out[KM_SHA256_LEN], const void *p, size_t n);
/* Over the concatenation of the parts. */
void km_sha256_parts(unsigned char out[KM_SHA256_LEN], const km_str *part, size_t parts);

/* AES-256-GCM (NIST SP 800-38D): nonce 12, tag 16. out = nonce || text || tag,
 * n + KM_GCM_EXTRA bytes. A context holds one OpenSSL cipher; not for sharing
 * between threads. */
#define KM_GCM_EXTRA 28
typedef struct km_gcm km_gcm;
km_gcm *km_gcm_new(void);
void km_gcm_free(km_gcm *g);
void km_gcm_seal(km_gcm *g, unsigned char *out, const unsigned char key[32],
                 const unsigned char nonce[12], km_str aad, km_str plain);
/* out has room for sealed.n - KM_GCM_EXTRA. KM_TAMPERED when the tag is wrong. */
km_code km_gcm_open(km_gcm *g, unsigned char *out, const unsigned char key[32], km_str aad,
                    km_str sealed, km_fault *f);

/* Equal, in time that depends on n alone. */
bool km_same_secret(const void *a, const void *b, size_t n);

km_str km_hex(km_arena *a, const void *p, size_t n);
bool km_unhex(unsigned char *out, size_t n, km_str hex);
km_str km_base64url(km_arena *a, const void *p, size_t n); /* without padding, RFC 4648 §5 */
bool km_unbase64url(km_str *out, km_arena *a, km_str text);
km_str km_base64(km_arena *a, const void *p, size_t n);
bool km_unbase64(km_str *out, km_arena *a, km_str text); /* padding required */

#endif
