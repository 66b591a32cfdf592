/* SPDX-License-Identifier: Apache-2.0
 *
 * jose: signed tokens (JWS compact, RFC 7515; JWT, RFC 7519) against a set of public keys
 * (RFC 7517).
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
 * the lower bound), an RSA key without alg, two keys with one kid. A key without kid is called
 * by its thumbprint. KM_MALFORMED, KM_BAD_VALUE, KM_TOO_LONG. */
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

/* RFC 7636 §4.1, §4.6: a verifier of 43 to 128 unreserved characters belongs to the challenge. */
bool km_pkce_matches(km_arena *a, km_str verifier, km_str challenge);

#endif
