/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: signing in of people by OpenID Connect: the authorisation code flow with PKCE
 * (OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9700), against any provider of the table.
 *
 * Promises
 * - state, nonce and verifier are random, sealed into a ticket that the same browser must bring
 *   back (ticket.h), and good for ten minutes and once.
 * - Of a provider is believed only what its keys signed: an ID token with our issuer, audience,
 *   nonce, azp, at_hash and times, by an algorithm that is the key's own (codec/jose).
 * - Its documents are asked for by http/client: bounded in bytes and time, no redirects, public
 *   addresses unless its row allows a place. They are kept for 15 minutes; an unknown key asks once
 *   more, at most every 30 s; keys that cannot be renewed are used for an hour and no longer.
 * - A provider that hangs holds up few: at most eight threads wait for providers, others are
 *   answered KM_BUSY.
 * - No fault holds what the provider or the person said.
 */
#ifndef KM_TRUST_WHO_PROVIDER_H
#define KM_TRUST_WHO_PROVIDER_H

#include "http/client.h"
#include "record/log.h"

enum {
    KM_PROVIDERS_MAX = 32,
    KM_PROVIDER_ALLOWED = 8,
    KM_PROVIDER_LIFE_MS = 15 * 60 * 1000,
    KM_PROVIDER_STALE_MS = 60 * 60 * 1000,
    KM_PROVIDER_AGAIN_MS = 30 * 1000,
    KM_PROVIDER_TICKET_MS = 10 * 60 * 1000
};

/* A row of the table. */
typedef struct km_provider {
    km_str name;   /* in addresses: a-z, 0-9, - */
    km_str ja, en; /* on the button */
    km_str issuer; /* as it writes itself; its metadata is below it */
    km_str client_id;
    km_str secret; /* of ours at its token endpoint; empty: PKCE alone */
    km_str claim;  /* which text claim of its ID token is the subject of our accounts: "sub" */
    km_str scope;  /* beside openid; may be empty */
    const km_str *allowed; /* "host:port" that may be private or speak plain http */
    size_t allowances;
    km_str ca_file; /* PEM; empty: the system's */
} km_provider;

/* KM_BAD_VALUE, KM_REQUIRED, KM_DUPLICATE. */
km_code km_provider_add(km_log *l, const km_provider *p, km_call *call);
km_code km_provider_remove(km_log *l, km_str name, km_call *call);
/* At most KM_PROVIDERS_MAX, by name; secrets are left out. */
km_code km_provider_list(km_provider *out, size_t *n, km_log *l, km_call *call);

/* What is known of providers while a node runs. Safe for many threads. */
typedef struct km_providers km_providers;
km_providers *km_providers_new(km_log *l);
void km_providers_free(km_providers *ps);

/* Where the browser is to go, and the ticket it is to keep meanwhile. `back` is our own address,
 * to which the provider sends it back. KM_NOT_FOUND: no such provider; KM_UPSTREAM, KM_BUSY. */
km_code km_provider_begin(km_str *location, km_str *ticket, km_providers *ps, km_str name,
                          km_str back, km_call *call);

typedef struct km_provider_came {
    km_str ticket, back; /* as begun */
    km_str state, code;  /* what the browser brought back */
    km_str iss;          /* RFC 9207; empty: it brought none */
} km_provider_came;
typedef struct km_provider_said {
    km_str issuer, subject; /* of an account */
    km_str provider;        /* its name in the table */
} km_provider_said;
/* KM_UNAUTHENTICATED: the proof does not hold; KM_UPSTREAM: the provider did not answer, or not as
 * the protocol says. */
km_code km_provider_finish(km_provider_said *out, km_providers *ps, const km_provider_came *came,
                           km_call *call);

#endif
