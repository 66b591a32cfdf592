/* SPDX-License-Identifier: Apache-2.0
 *
 * clients: the apps and machines that may ask for tokens here, each a row that this node's
 * administrator made (RFC 6749 §2): what they may get at most, where an answer may be sent, and how
 * they prove themselves.
 *
 * Promises
 * - No secrets: a client is public, or has keys (private_key_jwt, RFC 7523), or a certificate
 *   (RFC 8705 §2.2); what is kept of it is public.
 * - A redirect URI is compared byte by byte (RFC 9700 §2.1); it is https, or http on loopback, or
 * an app's own scheme with a dot in it (RFC 8252 §7).
 * - An assertion is good for our token endpoint, once, for at most five minutes (SMART App Launch
 *   2.0 §5).
 * - Removing a client ends all that it was granted.
 */
#ifndef KM_TRUST_WHO_CLIENTS_H
#define KM_TRUST_WHO_CLIENTS_H

#include "trust/who/prove.h"

typedef enum km_registered_kind {
    KM_REGISTERED_PUBLIC, /* proves nothing: PKCE and its redirect URI are all */
    KM_REGISTERED_KEYS,
    KM_REGISTERED_CERTIFICATE,
    KM_REGISTERED_KINDS
} km_registered_kind;
const char *km_registered_kind_name(km_registered_kind k); /* "public", "keys", "certificate" */

enum {
    KM_REGISTERED_REDIRECTS = 16,
    KM_REGISTERED_TEXT = 256,
    KM_ASSERTION_LIFE_S = 300,
    KM_ASSERTION_LEEWAY_S = 5
};

typedef struct km_registered {
    km_str id;   /* A-Z, a-z, 0-9, "-", ".", "_"; at most 64 */
    km_str name; /* for people to read */
    km_registered_kind kind;
    km_str proof; /* a JWK set, or the certificate's x5t#S256; empty: public */
    const km_str *redirect;
    size_t redirects;
    km_str launch; /* where a launch from our pages sends the browser; empty: nowhere */
    km_str scopes; /* the most that it may be granted */
    int role;      /* as whom it acts by itself (client_credentials); -1: never */
    km_purpose purpose;
    km_str network, organisation; /* for whom it acts by itself */
    km_str country;               /* where who runs it is, "US"; empty or "JP": here */
} km_registered;
bool km_registered_is_abroad(const km_registered *c);

/* Lives in the call's arena. KM_NOT_FOUND. */
km_code km_registered_find(km_registered *out, km_whos *w, km_str id, km_call *call);
/* Ids above `after`, in order, at most `room`. */
km_code km_registered_list(km_registered *out, size_t *n, size_t room, km_whos *w, km_str after,
                           km_call *call);
/* KM_BAD_VALUE, KM_REQUIRED with the member's name as path; KM_DUPLICATE. */
km_code km_registered_add(km_whos *w, const km_registered *c, km_call *call);
km_code km_registered_remove(km_whos *w, km_str id, km_call *call);
bool km_registered_has_redirect(const km_registered *c, km_str uri);

/* What a client shows of itself at the token endpoint. */
typedef struct km_registered_shown {
    km_str id; /* may be empty where there is an assertion */
    km_str assertion;
    km_str certificate; /* DER of what it holds the key of; empty: none */
    km_str endpoint;    /* the audience that an assertion must name */
} km_registered_shown;
/* KM_UNAUTHENTICATED with one text, whatever was wrong. */
km_code km_registered_prove(km_registered *out, km_whos *w, const km_registered_shown *s,
                            km_call *call);
/* A client that acts for itself. */
void km_registered_who(km_who *out, const km_registered *c, const km_whos *w, km_call *call);

#endif
