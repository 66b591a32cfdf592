/* SPDX-License-Identifier: Apache-2.0
 *
 * allowed: what somebody let an app do: the grant, the code and the refresh tokens that stand for
 * it, and handles of launches from our own pages.
 *
 * Promises
 * - Codes live KM_CODE_LIFE_MS and are good once; a code that comes again ends the grant (RFC 6749
 *   §4.1.2). Refresh tokens are good once and replaced by the next; one that comes again ends the
 *   grant, whoever of the two was the thief (RFC 9700 §4.14.2).
 * - All is durable before it is given out. The store knows secrets by their SHA-256 alone.
 * - With the account the grant ends: a refresh finds that it is gone, or what it is now.
 */
#ifndef KM_TRUST_WHO_ALLOWED_H
#define KM_TRUST_WHO_ALLOWED_H

#include "trust/who/prove.h"

#define KM_CODE_LIFE_MS ((km_ms)60 * 1000)
#define KM_LAUNCH_LIFE_MS ((km_ms)5 * 60 * 1000)
#define KM_OFFLINE_LIFE_MS ((km_ms)90 * 24 * 60 * 60 * 1000) /* of a grant with offline_access */
#define KM_ONLINE_LIFE_MS ((km_ms)12 * 60 * 60 * 1000)       /* as a session */

typedef struct km_allowed {
    km_str sid; /* the grant's handle, in all its tokens */
    km_str client;
    km_who who;   /* without client, scope, patient, session */
    km_str scope; /* what was granted, as text */
    km_str patient;
    km_ms given_at, until;
} km_allowed;

/* --- codes --- */
typedef struct km_code_bound {
    km_str redirect, challenge, nonce;
} km_code_bound;
/* Makes the grant and its code. `a->sid` is chosen here. */
km_code km_allowed_code(km_str *code, km_whos *w, km_allowed *a, const km_code_bound *bound,
                        km_call *call);
/* KM_UNAUTHENTICATED, whatever was wrong: nobody's code, spent, too late, another client's, another
 * redirect URI, a wrong verifier. Spends it in any case. */
typedef struct km_code_came {
    km_str code, client, redirect, verifier;
} km_code_came;
km_code km_allowed_redeem(km_allowed *out, km_str *nonce, km_whos *w, const km_code_came *came,
                          km_call *call);

/* --- refresh tokens --- */
km_code km_allowed_refresh(km_str *token, km_whos *w, const km_allowed *a, km_call *call);
/* Spends the token and makes the next. KM_UNAUTHENTICATED. */
km_code km_allowed_turn(km_allowed *out, km_str *next, km_whos *w, km_str token, km_str client,
                        km_call *call);
/* Whose it is, spending nothing. KM_UNAUTHENTICATED: nobody's, spent, or over. */
km_code km_allowed_look(km_allowed *out, km_whos *w, km_str token, km_call *call);

/* What a person allowed and is not over, the newest first, at most `room`. `who` is left out. */
km_code km_allowed_list(km_allowed *out, size_t *n, size_t room, km_whos *w, km_str issuer,
                        km_str subject, km_call *call);

/* --- the end --- */
/* Of the grant with all its tokens; also of a handle that has no grant. */
km_code km_allowed_end(km_whos *w, km_str sid, km_call *call);
km_code km_allowed_end_client(km_whos *w, km_str client, km_call *call);
km_code km_allowed_end_person(km_whos *w, km_str issuer, km_str subject, km_call *call);

/* --- launches from our own pages (SMART App Launch 2.0 §2.0.7) --- */
/* `patient` as "Patient/1"; good for this person and client, once. */
km_code km_launch_make(km_str *handle, km_whos *w, const km_who *who, km_str client, km_str patient,
                       km_call *call);
/* KM_UNAUTHENTICATED. */
km_code km_launch_take(km_str *patient, km_whos *w, const km_who *who, km_str client, km_str handle,
                       km_call *call);

#endif
