/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of this room share about tokens and sessions: a km_who as text, copied,
 * kept; handles that are over.
 */
#ifndef KM_TRUST_WHO_INSIDE_H
#define KM_TRUST_WHO_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "codec/jose/jose.h"
#include "trust/who/prove.h"
#include "trust/who/scope.h"

/* --- form.c --- */
/* One JSON object: issuer, subject, name, role, purpose, network, organisation, actors, person,
 * wards, second_factor_at; what an app's grant says stands beside it. */
km_str km_who__print(const km_who *who, const km_roles *roles, km_arena *a);
/* KM_TAMPERED: no text that print made. */
km_code km_who__read(km_who *out, km_jv object, const km_roles *roles, km_arena *a, km_fault *f);
km_code km_who__parse(km_who *out, km_str text, const km_roles *roles, km_arena *a, km_fault *f);
/* In one piece of memory: from the arena, or, with NULL, from malloc for free. */
km_who *km_who__copy(const km_who *who, km_arena *a);
/* The SHA-256 of a certificate, as km_who has it, and as text: x5t#S256 (RFC 8705 §3.1). Empty
 * where there is none. */
km_str km_who__thumbprint(km_str der, km_arena *a);
km_str km_who__thumbprint_text(km_str der, km_arena *a);

/* --- kept.c: proofs that held, and handles that are over --- */
typedef struct km_kept km_kept;
km_kept *km_kept__new(unsigned room);
void km_kept__free(km_kept *k);
typedef struct km_proof {
    km_ms from, until; /* good when from <= now < until */
    bool session;
    km_ms seen; /* of a session: the last request, and the last that the store knows of */
    bool tell;  /* out: the store is to be told of `seen` */
} km_proof;
/* A copy of what is kept under the hash, in the arena; NULL when there is none, when it is not good
 * at `now`, or over. */
km_who *km_kept__find(km_proof *out, km_kept *k, const unsigned char hash[KM_SHA256_LEN], km_ms now,
                      km_arena *a);
void km_kept__put(km_kept *k, const unsigned char hash[KM_SHA256_LEN], const km_who *who,
                  const km_proof *p);
void km_kept__drop(km_kept *k, const unsigned char hash[KM_SHA256_LEN]);
void km_kept__end(km_kept *k, km_str sid);
bool km_kept__is_ended(km_kept *k, km_str sid);

enum { KM_WHOS_KEYS = 2 };
struct km_whos_name {
    km_str issuer, audience;
};
struct km_whos {
    km_log *log;
    km_keys *keys;
    const km_clock *clock;
    const km_random *random;
    km_roles *roles;
    km_arena *arena; /* what is made at the start */
    km_jwks *ours, *demo;
    uint32_t version; /* of the key that signs */
    km_str kid;
    km_str header[KM_WHOS_KEYS]; /* of our access tokens, base64url, by key; newest first */
    size_t headers;
    km_str demo_header;
    km_str decoy; /* a token with a signature that holds, good for nothing */
    km_str jwks;
    _Atomic(const struct km_whos_name *) name; /* NULL: nobody told it */
    km_kept *kept;
};

/* A session of that cookie; part of km_who_prove. `f` may be NULL. */
km_code km_session__prove(km_who **out, km_whos *w, km_str cookie, km_call *call);
km_code km_who__refuse(km_fault *f);

#endif
