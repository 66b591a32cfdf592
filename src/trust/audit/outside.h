/* SPDX-License-Identifier: Apache-2.0
 *
 * outside: those outside of this house who hold the audit to its word: witnesses of other
 * operators, who countersign what only grows (C2SP tlog-witness), and a time-stamping authority
 * (RFC 3161).
 *
 * Promises
 * - A thread of its own asks them, with the limits of http/client.h; nothing that answers a person
 *   waits for it. What it keeps stands beside the checkpoints:
 *     witnessed   signed notes with a witness's signature more, each with an empty line behind it
 *     stamps      a line each: size SP base64(token)
 * - Kept is only what was verified: a countersignature by the witness's key, a token by the
 * authority.
 * - The newest checkpoint is sent to each witness as long as it grows, and stamped once an hour.
 * - Where an authority is configured, a trace without a stamp for an hour is warned about, and for
 *   24 hours is refused to be added to (km_audit_outside_state; trust.md §3.3, as X-Road does).
 */
#ifndef KM_TRUST_AUDIT_OUTSIDE_H
#define KM_TRUST_AUDIT_OUTSIDE_H

#include "http/client.h"
#include "trust/audit/audit.h"

typedef struct km_audit_outside km_audit_outside;

enum { KM_AUDIT_WITNESSES = 4 };

typedef struct km_audit_outside_options {
    const char *dir;
    const char
        *witness[KM_AUDIT_WITNESSES]; /* https://w.example/prefix#name+hash+key; NULL: none */
    const char *tsa_url;              /* NULL: no authority; then tsa_pem is not looked at */
    km_str tsa_pem;                   /* its authorities' certificates */
    const km_client *client;          /* borrowed; whom it may ask is what it allows */
    const km_clock *clock;
    const km_random *random;
    /* 0: 10 s, 1 h, 1 min, 1 h, 24 h */
    km_ms witness_every_ms, stamp_every_ms, retry_ms, warn_after_ms, refuse_after_ms;
    void (*warn)(const char *text); /* NULL: standard error */
} km_audit_outside_options;

/* KM_BAD_VALUE: a witness without a key, an authority without certificates; KM_STORE. With neither
 * configured *out is NULL. */
km_code km_audit_outside_open(km_audit_outside **out, const km_audit_outside_options *o,
                              km_fault *f);
/* Ends what it is asking, which its limits bound. */
void km_audit_outside_close(km_audit_outside *x);

typedef struct km_audit_outside_state {
    bool stamps;        /* an authority is configured */
    km_ms unstamped_ms; /* how long there has been something without a stamp; 0: nothing is */
    int64_t stamped;    /* entries below this number are stamped for */
    int64_t witnessed[KM_AUDIT_WITNESSES]; /* likewise, by each */
    size_t witnesses;
    bool warn, refuse;
} km_audit_outside_state;
/* x may be NULL. */
void km_audit_outside_now(km_audit_outside_state *out, km_audit_outside *x);

/* --- what was kept, checked
 * -----------------------------------------------------------------------
 */
struct km_stamp_authorities;
typedef struct km_audit_kept_report {
    int64_t stamps, stamped;          /* how many; entries below this number are stamped for */
    km_ms stamped_at;                 /* when the authority says that was */
    int64_t countersigned, witnessed; /* likewise, by the witness */
    const char *bad_what;             /* "stamp", "witness" */
    int64_t bad_size;                 /* of the checkpoint that it stands on */
} km_audit_kept_report;
/* Every kept stamp and countersignature stands on a checkpoint of this folder. s or witness may be
 * NULL: not looked at. KM_TAMPERED: one does not, or there is none of what was asked for. */
km_code km_audit_kept_check(km_audit_kept_report *out, const char *dir,
                            const struct km_stamp_authorities *s, const km_audit_key *witness,
                            km_call *call);

#endif
