/* SPDX-License-Identifier: Apache-2.0
 *
 * entry: what the ways of signing in share: an address, a ticket in a cookie, the step through the
 * door with its trace, and the answer of who one is now.
 *
 * - Every request that signs in or out must come from a page of this node (cookie.h).
 * - Who came in, and who did not, stands in the audit before the answer leaves.
 */
#ifndef KM_SERVICES_SIGNIN_ENTRY_H
#define KM_SERVICES_SIGNIN_ENTRY_H

#include "http/cookie.h"
#include "services/signin/signin.h"
#include "trust/who/accounts.h"
#include "trust/who/demo.h"
#include "trust/who/session.h"

/* The body as a JSON object of at most 64 KiB, sent by a page of ours. KM_FORBIDDEN, KM_MALFORMED,
 * KM_TOO_LONG. */
km_code km_signin__body(km_jv *out, km_request *r);
/* A text member that must be there. */
km_code km_signin__text(km_str *out, km_jv body, const char *name, km_request *r);
/* The same, base64url decoded. */
km_code km_signin__bytes(km_str *out, km_jv body, const char *name, km_request *r);

/* "https://kumihimo.example": what browsers call this node. On loopback it is what the Host header
 * says, where that is loopback too. */
km_str km_signin__address(const km_request *r);

/* The ticket of a sign-in under way. */
km_code km_signin__keep_ticket(km_reply *out, km_request *r, km_str ticket);
km_str km_signin__ticket(const km_request *r);

/* Is somebody signed in by a session of our pages? NULL: no. */
const km_who *km_signin__who(const km_request *r);
km_str km_signin__cookie(const km_request *r); /* of the session; KM_STR_NONE */

/* On a reading connection of its own. */
km_code km_signin__account(km_account *out, km_request *r, km_str issuer, km_str subject);

/* Begins a session for `who`, ends the one that was, traces, and answers who that is. `how`:
 * "provider", "passkey", "card", "demo". */
km_code km_signin__enter(km_request *r, km_reply *out, const km_who *who, const char *how);
/* The session of this request has shown a second factor. */
km_code km_signin__raise(km_request *r, km_reply *out, const char *how);
/* Traces that `how` failed with `rc`, which the fault tells, and returns it. */
km_code km_signin__failed(km_request *r, km_code rc, const char *how);

/* {"signedIn":true,...} of `who`; NULL: nobody. */
km_code km_signin__say(km_reply *out, km_request *r, const km_who *who);

/* --- routes --- */
km_code km_signin__session(km_request *r, km_reply *out);
km_code km_signin__sign_out(km_request *r, km_reply *out);
km_code km_signin__demo(km_request *r, km_reply *out);
km_code km_signin__page(km_request *r, km_reply *out);
km_code km_signin__ways(km_request *r, km_reply *out);
km_code km_signin__provider(km_request *r, km_reply *out);
km_code km_signin__return(km_request *r, km_reply *out);
km_code km_signin__provider_done(km_request *r, km_reply *out);
km_code km_signin__passkey(km_request *r, km_reply *out);
km_code km_signin__passkey_done(km_request *r, km_reply *out);
km_code km_signin__passkey_new(km_request *r, km_reply *out);
km_code km_signin__passkey_new_done(km_request *r, km_reply *out);
km_code km_signin__passkeys(km_request *r, km_reply *out);
km_code km_signin__passkey_drop(km_request *r, km_reply *out);
km_code km_signin__card(km_request *r, km_reply *out);
km_code km_signin__card_done(km_request *r, km_reply *out);

#endif
