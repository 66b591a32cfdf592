/* SPDX-License-Identifier: Apache-2.0
 *
 * prove: who comes with these credentials. The node's own access tokens (JWT by RFC 9068, ES256
 * under the key of trust/keys), sessions of our own pages, and what both are bound to.
 *
 * Promises
 * - One answer for every failure, KM_UNAUTHENTICATED with one text; and a token that fails before
 *   its signature was looked at costs a look at a signature all the same.
 * - A token is ours only with exactly the header that we write: another algorithm, key or type is
 *   another header, and refused before anything of it is read (RFC 8725 §3.1, §3.11).
 * - A token bound to a client certificate (cnf x5t#S256, RFC 8705 §3) is good with that certificate
 *   and with no other.
 * - What was proved is kept, by the SHA-256 of the token, until it runs out, is revoked, or another
 *   takes its place; revocation counts for every request that begins after it returned.
 * - Of a person a token shows its app no more than the app was granted: the rest is sealed.
 * - Safe for many threads.
 */
#ifndef KM_TRUST_WHO_PROVE_H
#define KM_TRUST_WHO_PROVE_H

#include "record/log.h"
#include "trust/keys/keys.h"
#include "trust/who/who.h"

enum {
    KM_TOKEN_LIFE_S = 600, /* of an access token; RFC 9700 §4.14 wants it short */
    KM_TOKEN_LEEWAY_S = 5, /* between clocks that are one */
    KM_TOKEN_SID = 22,     /* characters of a grant's handle */
    KM_WHOS_CACHED = 4096
};
#define KM_TOKEN_KEY_MS ((km_ms)90 * 24 * 60 * 60 * 1000) /* trust.md §5.1 */

typedef struct km_whos km_whos;
typedef struct km_whos_options {
    km_log *log;   /* borrowed, as are the others */
    km_keys *keys; /* with the role KM_KEY_TOKEN */
    const km_clock *clock;
    const km_random *random;
    const char *address;  /* "https://node.example": issuer of our tokens; NULL: told later */
    const char *demo_key; /* the demonstration's key (demo.h); NULL: no demonstration */
    unsigned cached;      /* proofs kept; 0 is KM_WHOS_CACHED */
    bool uncached;        /* none; for measuring */
} km_whos_options;

/* Makes the signing key where there is none, and a new one where the newest is older than
 * KM_TOKEN_KEY_MS; the newest two are published. km_fhir_load comes first. */
km_code km_whos_open(km_whos **out, const km_whos_options *o, km_fault *f);
void km_whos_close(km_whos *w);

/* By which address others reach this node: issuer and audience of its tokens. Once, by who serves,
 * as soon as it is known; until then no token of ours is good and none is made (KM_BUSY). */
void km_whos_address(km_whos *w, km_str address);
km_str km_whos_issuer(const km_whos *w);   /* "http://127.0.0.1:8080"; empty: not told yet */
km_str km_whos_audience(const km_whos *w); /* the same with /fhir behind it */
bool km_whos_demo(const km_whos *w);
const km_roles *km_whos_roles(const km_whos *w);
km_log *km_whos_log(const km_whos *w);

/* Does the request bring anything that could prove somebody? */
bool km_credentials_any(const km_credentials *c);
/* KM_UNAUTHENTICATED, also when they bring nothing. *out lives in the call's arena. */
km_code km_who_prove(km_who **out, km_whos *w, const km_credentials *c, km_call *call);

/* What an access token of ours says, whoever brings it: for introspection. The certificate that it
 * is bound to stands in who->certificate. KM_UNAUTHENTICATED. */
typedef struct km_token_said {
    const km_who *who;
    km_str scope;
    int64_t expires_s, issued_s;
} km_token_said;
km_code km_token_look(km_token_said *out, km_whos *w, km_str token, km_call *call);

/* {"keys":[...]}, the published ones. */
km_str km_whos_jwks(const km_whos *w);

/* --- making tokens --- */

/* An access token for `who`, with its session (the grant's handle), client, scope, patient and
 * certificate (as km_who has it: SHA-256, empty: not bound) in it; for `scope` the granted text. */
km_code km_token_make(km_str *token, km_whos *w, const km_who *who, km_str scope, int64_t life_s,
                      km_call *call);
/* Signs claims that are an object as a token of another type, "JWT" for an ID token. */
km_code km_token_sign(km_str *token, km_whos *w, const char *type, km_str claims, km_call *call);
/* A handle for a grant: random, KM_TOKEN_SID characters. */
km_str km_token_sid(km_call *call);
/* The name of a person in our tokens: says nothing of them, and is the same for all apps. */
km_str km_token_subject(const km_whos *w, const km_who *who, km_arena *a);
/* From now on no token of the handle is good; durable. `until`: when they have all run out. */
km_code km_token_end(km_whos *w, km_str sid, km_ms until, km_call *call);

#endif
