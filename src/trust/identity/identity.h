/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: identifiers that differ by purpose (trust.md §1), derived from a person's random root
 * by two operators, neither of whom can do it alone.
 *
 * Promises
 * - km_pid has no formatter: it becomes text as a token only, and a token reaches a record only
 *   through km_identity_write, for a client whose registration lists the domain (§1.6).
 * - Parts of known identifiers are normalised before they are hashed: what is one number in two
 *   writings is one blind index (§1.2).
 * - A My Number is refused wherever it stands, and the fault says nothing but that (§1.8).
 * - Faults never hold a value.
 */
#ifndef KM_TRUST_IDENTITY_IDENTITY_H
#define KM_TRUST_IDENTITY_IDENTITY_H

#include "codec/json/json.h"
#include "trust/keys/keys.h"

typedef struct km_pid {
    unsigned char v[16];
} km_pid;

enum { KM_TOKEN_LEN = 27 };
typedef struct km_pid_token {
    char v[KM_TOKEN_LEN + 1];
} km_pid_token;

/* A purpose: urn:kumihimo:dom:CLASS:NAME. Its code is unique among domains. */
typedef struct km_domain {
    km_str uri;
    uint16_t code;
    uint32_t kv; /* 0: the newest keys */
} km_domain;

/* The two operators' doors; the same ring twice in a small installation. */
typedef struct km_operators {
    km_keys *a, *b;
} km_operators;

/* pid = y[0..15], §1.3, for n persons. */
km_code km_identity_derive(km_pid *out, km_operators by, const km_domain *d,
                           const km_key_root *root, size_t n, km_fault *f);

/* 0x01 || u16be(code) || u8(kv mod 256) || pid in base64url. */
km_pid_token km_identity_token(const km_domain *d, const km_pid *pid);
/* Takes a token apart; *kv8 is the key version mod 256. KM_BAD_VALUE. */
km_code km_identity_read_token(km_pid *pid, uint16_t *code, uint8_t *kv8, km_str token,
                               km_fault *f);

/* --- blind indexes --- */

/* A kind of proof (§1.2): what its parts are is a row of the table in parts.c. */
typedef enum km_part {
    KM_PART_NONE,
    KM_PART_TEXT,  /* NFKC, kana to full-width katakana, no spaces or hyphens */
    KM_PART_DATE,  /* to YYYYMMDD */
    KM_PART_BYTES, /* as they are */
} km_part;
enum { KM_PARTS_MAX = 8 };
typedef struct km_proof_kind {
    const char *system;
    km_part part[KM_PARTS_MAX]; /* ended by KM_PART_NONE */
    bool identifies;            /* by itself: at most one person has it */
} km_proof_kind;
/* NULL when there is no such kind. */
const km_proof_kind *km_identity_kind(km_str system);

/* One part made comparable. KM_BAD_VALUE when a date is none or nothing is left. */
km_code km_identity_part(km_str *out, km_arena *a, km_part kind, km_str value, km_fault *f);
/* idx of a proof. The parts must be as many as the kind has. */
km_code km_identity_index(unsigned char out[KM_KEY_ID], km_keys *a, km_str system,
                          const km_str *part, size_t n, km_fault *f);

/* --- into records --- */

/* {"use":"secondary","system":DOMAIN,"value":TOKEN}, for a client whose registration lists the
 * domain among `allowed`; KM_FORBIDDEN for all others. The only way that an identifier is shown. */
typedef struct km_registration {
    const km_str *domain;
    size_t n;
} km_registration;
km_code km_identity_write(km_jw *w, const km_registration *allowed, const km_domain *d,
                          const km_pid *pid, km_fault *f);

/* --- never --- */

/* True when the identifier may not be kept: a system of the deny list, or a value with the form
 * and check digit of a My Number whose system is unknown. A right check digit occurs by chance in
 * about one of ten 12-digit numbers, so the systems of the table in forbidden.c, and all in
 * `known` (NULL-ended, may be NULL), are exempt. */
bool km_identity_forbidden(km_str system, km_str value, const char *const *known);
/* Looks at every object in a resource with a text called `value`, telecom aside. KM_INVALID with
 * the path of the first one and "forbidden identifier". */
km_code km_identity_check(km_jv resource, const char *const *known, km_fault *f);

#endif
