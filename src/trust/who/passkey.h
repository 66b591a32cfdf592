/* SPDX-License-Identifier: Apache-2.0
 *
 * passkey: what an authenticator says, checked (WebAuthn Level 2 §7.1, §7.2). Pure: who keeps
 * challenges and keys calls it.
 *
 * Promises
 * - A passkey counts only when the authenticator verified its user (UV): by it alone somebody shows
 *   what they have and what they know or are, as MHLW's guideline 6.0 asks of two factors.
 * - Nothing is believed that is not signed or bound: type, challenge, origin, the hash of the
 *   relying party's id, flags and counter are compared, and nothing may stand behind the last part.
 * - Keys: ES256 on P-256, EdDSA with Ed25519, RS256 of 2048 to 4096 bits (COSE, RFC 9053).
 * - Attestation is not asked for: "none" is taken, and "packed" of the key's own signature, which
 *   is verified; other statements are refused, so that nobody mistakes them for checked.
 * - A fault says which check failed, never what was sent.
 */
#ifndef KM_TRUST_WHO_PASSKEY_H
#define KM_TRUST_WHO_PASSKEY_H

#include "base/call.h"

enum {
    KM_PASSKEY_CHALLENGE = 32,
    KM_PASSKEY_ID_MAX = 1023, /* §4, credential id */
    KM_PASSKEY_KEY_MAX = 1024,
    KM_PASSKEY_SENT_MAX = 8192 /* bytes of one part of an answer */
};

/* What it must be bound to. */
typedef struct km_passkey_want {
    km_str rp_id;     /* "kumihimo.example" */
    km_str origin;    /* "https://kumihimo.example:8443" */
    km_str challenge; /* the bytes */
} km_passkey_want;

typedef struct km_passkey {
    km_str id;  /* credential id */
    km_str key; /* COSE_Key, as it came */
    uint32_t count;
} km_passkey;

/* A new passkey; parts live as long as the bytes given. KM_MALFORMED, KM_TOO_LONG, KM_UNSUPPORTED
 * (another kind of key or attestation), KM_UNAUTHENTICATED (bound to something else, or its user
 * not verified). */
km_code km_passkey_register(km_passkey *out, const km_passkey_want *want, km_str client_data,
                            km_str attestation, km_call *call);

typedef struct km_passkey_shown {
    km_str client_data, authenticator_data, signature;
} km_passkey_shown;
/* Somebody shows the passkey `k`. *count is the counter to keep. KM_CONFLICT, after all else held:
 * the counter did not rise although it counts (§6.1.1), so that there may be a copy of the key. */
km_code km_passkey_check(uint32_t *count, const km_passkey *k, const km_passkey_want *want,
                         const km_passkey_shown *shown, km_call *call);

#endif
