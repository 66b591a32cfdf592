/* SPDX-License-Identifier: Apache-2.0
 *
 * ticket: what a sign-in that is under way has to remember (state, nonce, verifier, challenge),
 * sealed and given to the browser itself in a cookie. So it is bound to that browser, and whoever
 * only begins sign-ins makes the node write and keep nothing.
 *
 * Promises
 * - Nobody but this node reads or makes one; one of another purpose, or after its time, is
 *   KM_UNAUTHENTICATED.
 * - What was spent cannot be spent again until its time is over, when it would be refused anyway;
 *   durably, so after a restart too.
 */
#ifndef KM_TRUST_WHO_TICKET_H
#define KM_TRUST_WHO_TICKET_H

#include "record/log.h"

enum { KM_TICKET_MAX = 3000 }; /* bytes of its text: a cookie has about 4096 */

/* `what`: its purpose, "provider". *text is base64url. */
void km_ticket_seal(km_str *text, km_log *l, const char *what, km_str bytes, km_ms until,
                    km_call *call);
km_code km_ticket_open(km_str *bytes, km_ms *until, km_log *l, const char *what, km_str text,
                       km_call *call);

/* KM_UNAUTHENTICATED when these bytes were spent before. */
km_code km_ticket_spend(km_log *l, km_str bytes, km_ms until, km_call *call);

/* For other secrets of this room that rest in a table; no time, no purpose but `what`. */
km_str km_ticket__close(km_log *l, const char *what, km_str bytes, km_call *call);
km_code km_ticket__open(km_str *bytes, km_log *l, const char *what, km_str sealed, km_call *call);

#endif
