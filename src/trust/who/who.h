/* SPDX-License-Identifier: Apache-2.0
 *
 * who: whoever asks, as proved by an access token, a session of our own pages, or a client
 * certificate: person or machine, in which role, for what, in whose name, through which app.
 *
 * Promises
 * - A km_who is proved: signature, issuer, audience, life, revocation and, where the token is bound
 *   to one, the client certificate were looked at. Nothing of it was taken from the request alone.
 * - Scopes only narrow what the role may (SMART App Launch 2; trust.md §2.2).
 * - Everything in it lives in the call's arena or longer. No member may be logged but `session`.
 */
#ifndef KM_TRUST_WHO_WHO_H
#define KM_TRUST_WHO_WHO_H

#include "base/call.h"
#include "base/embedded.h"
#include "codec/fhir/fhir.h"
#include "trust/roles/roles.h"

/* The .sql list of this room's tables, for the store of a node. */
extern const km_embedded km_sql_trust_who[];

/* A SMART scope: patient/Observation.rs?category=laboratory */
typedef enum km_scope_of { KM_SCOPE_PATIENT, KM_SCOPE_USER, KM_SCOPE_SYSTEM } km_scope_of;
enum {
    KM_SCOPE_CREATE = 1,
    KM_SCOPE_READ = 2,
    KM_SCOPE_UPDATE = 4,
    KM_SCOPE_DELETE = 8,
    KM_SCOPE_SEARCH = 16
};
typedef struct km_scope {
    km_scope_of of;
    km_ftype type; /* 0: every type */
    unsigned may;  /* KM_SCOPE_* */
    km_str limit;  /* what stands behind the '?', decoded no further; empty: no limit */
} km_scope;

typedef struct km_who {
    km_str issuer, subject; /* where they signed in, and their name there: together, who it is */
    km_str name;            /* for people to read */
    int role;               /* number in data/roles/roles.tsv */
    km_purpose purpose;     /* of this token or session; the role's own when it names none */
    km_str network;         /* "Organization/n1"; empty: the node's only one */
    km_str organisation;    /* for whom they act: "Organization/2"; empty: nobody */
    /* Every name under which they act, for consents: km_consent_request.actor. */
    const km_str *actor;
    size_t actors;
    km_str person;      /* "Patient/1": whose own records these are (role citizen); empty: none */
    const km_str *ward; /* "Patient/2"...: whom they say they stand for (role proxy) */
    size_t wards;
    km_str client;  /* the app's id; empty: our own pages */
    km_str country; /* where who runs that app is: "US"; empty: JP */
    bool scoped;    /* an app's token: `scope` is all it may. Our own pages have none. */
    const km_scope *scope;
    size_t scopes;
    km_str patient;         /* launch context: what patient/ scopes cover; empty: nobody */
    km_str session;         /* a handle of this sign-in for log and audit; says nothing of whom */
    km_ms second_factor_at; /* when a passkey or certificate was shown; 0: never */
    km_str certificate;     /* SHA-256 of the client certificate they came with; empty: none */
} km_who;

/* What a request carries that can prove somebody; members are KM_STR_NONE when absent. */
typedef struct km_credentials {
    km_str authorization; /* the header */
    km_str session;       /* the value of the session cookie */
    km_str certificate;   /* DER of the client certificate whose key the caller holds */
    bool certificate_verified;
} km_credentials;

#endif
