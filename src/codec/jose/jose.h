/* SPDX-License-Identifier: Apache-2.0
 *
 * jose: signed tokens (JWS compact, RFC 7515; JWT, RFC 7519) against a set of public keys
 * (RFC 7517), and sealed ones (JWE compact, RFC 7516) for the holder of one key.
 *
 * Promises
 * - The algorithm comes from the key; a token that names another is refused (RFC 8725 §3.1).
 *   There are four: ES256, RS256, PS256 (RFC 7518 §3), EdDSA with Ed25519 (RFC 8037).
 * - Nothing in a token brings a key: jwk, jku, x5c, x5u are refused, and so are crit and b64.
 * - One spelling: base64url is canonical, members are not repeated, a signature has its length.
 * - A key set is parsed once, never changed, and may be used by many threads.
 * - A fault says which check failed, never what the token holds.
 */
#ifndef KM_CODEC_JOSE_H
#define KM_CODEC_JOSE_H

#include "base/call.h"
#include "codec/json/json.h"

#define KM_JWS_MAX ((size_t)16 << 10)
#define KM_JWKS_MAX ((size_t)256 << 10)
#define KM_JWKS_KEYS 64
#define KM_JWK_KID_MAX 128
#define KM_JWS_SIGNATURE_MAX 1024 /* RSA of 8192 bits */

typedef enum km_jws_alg {
    KM_JWS_NO_ALG = 0,
    KM_JWS_ES256,
    KM_JWS_RS256,
    KM_JWS_PS256,
    KM_JWS_EDDSA
} km_jws_alg;

typedef struct km_jwks km_jwks;

/* Reads {"keys": [...]}. Keys of other kinds and uses are passed over (RFC 7517 §5); a key of a
 * known kind that is wrong refuses the set: a private part, a point off the curve, RSA below
 * 2048 or above 8192 bits, an exponent that is even or not in 65537..2^32 (FIPS 186-5 §5.4 names
 * the lower bound), one that can be factored (base/roca.h), an RSA key without alg, two keys with
 * one kid. A key without kid is called by its thumbprint. KM_MALFORMED, KM_BAD_VALUE, KM_TOO_LONG.
 */
km_code km_jwks_new(km_jwks **out, km_str json, km_fault *f);
void km_jwks_free(km_jwks *keys);
size_t km_jwks_count(const km_jwks *keys);
km_str km_jwks_kid(const km_jwks *keys, size_t i);
/* RFC 7638 with SHA-256, base64url. */
km_str km_jwks_thumbprint(const km_jwks *keys, size_t i);

typedef struct km_jws {
    km_jws_alg alg;
    km_jv header;
    km_str kid; /* of the key that verified; lives as long as the set */
    km_str payload;
} km_jws;

/* A token without kid is verified only when the set has one key. *out lives in the arena.
 * KM_MALFORMED, KM_TOO_LONG: not a token; KM_UNSUPPORTED: a header we refuse;
 * KM_UNAUTHENTICATED: no such key, another algorithm than the key's, or a wrong signature. */
km_code km_jws_verify(km_jws *out, km_arena *a, const km_jwks *keys, km_str token, km_fault *f);

/* What a token must say. An empty issuer, audience or type is a mistake of ours (asserted):
 * leaving one out never opens it. */
typedef struct km_jwt_want {
    km_str issuer, audience;
    km_str type;        /* typ, "application/" left off, case ignored: "JWT", "at+jwt" */
    int64_t leeway_s;   /* for exp, nbf and iat; at most 300 */
    int64_t lifetime_s; /* greatest exp - iat; 0: iat may be missing */
    bool need_jti;
} km_jwt_want;

typedef struct km_jwt {
    km_jv claims;
    km_str subject, jti;
    int64_t expires_s, issued_s; /* issued_s is -1 when iat is missing */
} km_jwt;

/* Times are whole seconds of the years 1970 to 9999. KM_MALFORMED: claims are no object of the
 * right types; KM_UNAUTHENTICATED: they say something else than wanted. */
km_code km_jwt_check(km_jwt *out, const km_call *c, const km_jws *jws, const km_jwt_want *want);

/* Signs; the key may be elsewhere. `sign` writes r || s, or the RSA or Ed25519 signature. */
typedef struct km_jws_signer {
    km_jws_alg alg;
    km_str kid;
    km_code (*sign)(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f);
    void *self;
} km_jws_signer;
km_code km_jws_sign(km_str *token, km_arena *a, const km_jws_signer *signer, km_str type,
                    km_str payload, km_fault *f);

/* --- keys of our own --- */

/* A private key from a JWK with its private part, or from PEM (PKCS#8, SEC 1 or PKCS#1,
 * unencrypted). The algorithm is what the JWK says; of PEM it is `alg`, which a key of Ed25519 or
 * P-256 need not be told. KM_MALFORMED, KM_BAD_VALUE. */
typedef struct km_jws_key km_jws_key;
km_code km_jws_key_new(km_jws_key **out, km_str jwk_or_pem, km_jws_alg alg, km_fault *f);
void km_jws_key_free(km_jws_key *k);
/* Lives as long as the key. */
km_jws_signer km_jws_key_signer(km_jws_key *k);

/* A public key to publish: 04 || x || y of P-256 (ES256), the 32 bytes of Ed25519, or a
 * SubjectPublicKeyInfo in DER (RSA). An empty kid is the thumbprint. */
typedef struct km_jwk_public {
    km_jws_alg alg;
    km_str kid, bytes;
} km_jwk_public;
km_jwk_public km_jws_key_public(const km_jws_key *k);
/* {"keys":[...]} with use, alg and kid. KM_BAD_VALUE: bytes that are no such key. */
km_code km_jwks_print(km_buf *out, const km_jwk_public *key, size_t n, km_fault *f);
/* RFC 7638 of one. */
km_code km_jwk_public_thumbprint(km_str *out, km_arena *a, const km_jwk_public *key, km_fault *f);

/* --- bound tokens --- */

/* RFC 8705 §3.1: a token with cnf is good only beside the certificate that cnf names by x5t#S256;
 * `thumbprint` is that of the certificate whose key the caller holds, KM_STR_NONE when there is
 * none. A cnf of another kind is refused, a token without one is KM_OK. KM_UNAUTHENTICATED. */
km_code km_jwt_check_binding(const km_jwt *jwt, km_str thumbprint, km_fault *f);

/* --- sealed tokens: ECDH-ES+A256KW on P-256 with A256GCM (RFC 7518 §4.6, §5.3), nothing else ---
 */

#define KM_JWE_MAX ((size_t)1 << 20)

/* Whom to seal for: a JWK, or the one key of a set that is for encryption (use "enc" or none, alg
 * ECDH-ES+A256KW or none). With a private part it also opens; a recipient's must not have one. */
typedef struct km_jwe_key km_jwe_key;
km_code km_jwe_recipient_new(km_jwe_key **out, km_str json, km_fault *f);
km_code km_jwe_own_new(km_jwe_key **out, km_str jwk, km_fault *f);
void km_jwe_key_free(km_jwe_key *k);
km_str km_jwe_kid(const km_jwe_key *k); /* empty: it has none */

/* A fresh key each. `type` is the header's typ, left out when empty; the header is not secret. */
km_code km_jwe_seal(km_str *token, const km_call *c, const km_jwe_key *to, km_str type,
                    km_str plain);

typedef struct km_jwe {
    km_jv header;
    km_str plain;
} km_jwe;
/* KM_TOO_LONG, KM_MALFORMED: not a token; KM_UNSUPPORTED: another algorithm, crit, zip, several
 * recipients' forms; KM_UNAUTHENTICATED: not for this key, or changed: which, is not said. */
km_code km_jwe_open(km_jwe *out, km_arena *a, const km_jwe_key *own, km_str token, km_fault *f);

/* RFC 7636 §4.1, §4.6: a verifier of 43 to 128 unreserved characters belongs to the challenge. */
bool km_pkce_matches(km_arena *a, km_str verifier, km_str challenge);

#endif
