/* SPDX-License-Identifier: Apache-2.0
 *
 * session: somebody signed in at our own pages. The browser keeps a random secret in a cookie; the
 * store keeps its SHA-256.
 *
 * Promises
 * - A session is durable before its secret is given out, and ended for every request that begins
 *   after km_session_end returned.
 * - It ends by itself after KM_SESSION_LIFE_MS, and after KM_SESSION_IDLE_MS without a request.
 * - Each sign-in is a session of its own with a new secret (no fixation): end the one that the
 *   browser brought, if any, before making another.
 */
#ifndef KM_TRUST_WHO_SESSION_H
#define KM_TRUST_WHO_SESSION_H

#include "trust/who/prove.h"

#define KM_SESSION_LIFE_MS ((km_ms)12 * 60 * 60 * 1000)
#define KM_SESSION_IDLE_MS ((km_ms)30 * 60 * 1000)
/* The cookie: with TLS it is bound to this host (RFC 6265bis §4.1.3.2). */
#define KM_SESSION_COOKIE_TLS "__Host-kumihimo"
#define KM_SESSION_COOKIE_PLAIN "kumihimo"
/* The page at which people sign in; ?then=PATH, percent-encoded, is where it leads afterwards: a
 * path of this node, beginning with one slash. */
#define KM_SIGN_IN_PAGE "/sign-in"

static inline const char *km_session_cookie(bool tls)
{
    return tls ? KM_SESSION_COOKIE_TLS : KM_SESSION_COOKIE_PLAIN;
}

/* Begins a session for `who`, of which issuer, subject, name, role, purpose, network,
 * organisation, actors, person, wards and second_factor_at are kept. *cookie is what the browser
 * is to keep; *handle what log and audit may call it. */
km_code km_session_begin(km_str *cookie, km_str *handle, km_whos *w, const km_who *who,
                         km_call *call);
/* Who it is: km_who_prove by this cookie alone. KM_UNAUTHENTICATED. */
km_code km_session_who(km_who **out, km_whos *w, km_str cookie, km_call *call);
/* A second factor was shown in it: second_factor_at becomes now, and the session a new one with a
 * new cookie (what a session may do has grown). KM_UNAUTHENTICATED. */
km_code km_session_raise(km_str *cookie, km_whos *w, km_str old, km_call *call);
/* No session of that cookie is no fault. */
km_code km_session_end(km_whos *w, km_str cookie, km_call *call);
/* All of a person's, because an account is gone or a device was lost. */
km_code km_session_end_all(km_whos *w, km_str issuer, km_str subject, km_call *call);

#endif
