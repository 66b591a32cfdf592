/* SPDX-License-Identifier: Apache-2.0
 *
 * persons: the register of persons and of their identifiers (trust.md §1), in tables beside the
 * log.
 *
 * Promises
 * - What a call wrote is durable when it returns KM_OK, all of it or nothing: each is one work on
 *   the writer's transaction (record/log.h). Keys are asked before it, never within.
 * - Who has the database alone learns no root, number, identifier or token, and no two identifiers
 *   of one person: rows are found by keyed hashes and sealed (AES-256-GCM; additional data: table,
 *   column, row; §5.1). The keys over identifiers come from both operators together, so that the
 *   database with one operator's keys links no domains either.
 * - Resolving asks no operator: one look-up of the index.
 * - An identifier is never edited: it is active, or it was revoked, rotated away or merged, and the
 *   one that took its place stands beside it. UNIQUE(domain, identifier): what meets another's, by
 * a chance of 2^-128, gets the next generation and an event.
 * - Whoever holds identifiers of a domain learns of each change in an event of the same
 * transaction.
 * - A person is a number that stays within this program; outside it is a handle, sealed and new
 * each time, or a token.
 * - Safe for many threads.
 */
#ifndef KM_TRUST_IDENTITY_PERSONS_H
#define KM_TRUST_IDENTITY_PERSONS_H

#include "record/log.h"
#include "trust/identity/identity.h"

typedef struct km_persons km_persons;

typedef struct km_persons_options {
    km_log *log;
    km_operators by; /* borrowed */
    const km_clock *clock;
    const km_random *random;
} km_persons_options;

/* The .sql lists that the store must have been opened with. */
extern const km_embedded km_sql_trust_identity[];

/* Makes the keys that are missing (wrapping, index, and a pair of the operators' own for the
 * store). KM_TAMPERED: the tables were sealed under other keys. */
km_code km_persons_open(km_persons **out, const km_persons_options *o, km_fault *f);
void km_persons_close(km_persons *p);

/* --- domains (§1.4) --- */

typedef struct km_domain_rules {
    km_str uri;         /* urn:kumihimo:dom:CLASS:NAME, CLASS a row of data/identity/classes.tsv */
    km_str legal_basis; /* the law or decision it stands on; not empty */
    int64_t grace_s;    /* longest time for which old and new both resolve; at most the class's */
    int64_t smallest;   /* counts below it are not told; 0: the class's */
} km_domain_rules;

typedef struct km_domain_row {
    km_domain domain; /* kv: the newest */
    km_str class_name, legal_basis;
    int64_t grace_s, smallest;
    km_ms made_at, old_until; /* until when identifiers of older keys resolve */
    bool translates;          /* the class lets its identifiers be translated */
} km_domain_row;

/* Two different persons and the case they decided (trust.md §5.4); asserted to be so. `txn` is the
 * transaction in which the case was taken. */
typedef struct km_decided {
    km_str case_id, first, second;
} km_decided;
bool km_decided_is(const km_decided *d);

/* Keys first (km_persons_prepare_*, no transaction), then the row, on the transaction of the case.
 * KM_BAD_VALUE with the member's name, KM_DUPLICATE. */
km_code km_persons_check_domain(const km_domain_rules *r, km_fault *f);
km_code km_persons_prepare_domain(km_persons *p, const km_domain_rules *r, km_call *call);
km_code km_persons_add_domain(km_persons *p, const km_domain_rules *r, const km_decided *by,
                              km_txn *t, km_fault *f);
/* What is in the transaction becomes what all see: after it is durable. */
km_code km_persons_reload(km_persons *p, km_fault *f);
/* By URI; KM_NOT_FOUND. The row lives in the arena. */
km_code km_persons_domain(km_domain_row *out, km_persons *p, km_str uri, km_call *call);
km_code km_persons_domains(km_domain_row **out, size_t *n, km_persons *p, km_call *call);

/* Who holds identifiers of a domain: a client of the node, and its public key to encrypt to. */
enum {
    KM_HOLDER_OWNER = 1,
    KM_HOLDER_ISSUES = 2,
    KM_HOLDER_TRANSLATES = 4,
    KM_HOLDER_SUSPECTED = 8
};
typedef struct km_holder {
    int64_t number;
    km_str client, jwk;
    unsigned flags;
} km_holder;
/* Adds the holder or replaces its key and flags; a domain has at most one owner (KM_DUPLICATE). */
km_code km_persons_put_holder(km_persons *p, km_str domain, const km_holder *h, km_call *call);
/* KM_NOT_FOUND: the client holds nothing of the domain. */
km_code km_persons_holder(km_holder *out, km_persons *p, km_str domain, km_str client,
                          km_call *call);
km_code km_persons_owner(km_holder *out, km_persons *p, km_str domain, km_call *call);

/* --- persons and what proves them (§1.2) --- */

typedef struct km_id_proof {
    km_str system; /* a kind of proof */
    km_str part[KM_PARTS_MAX];
    size_t parts;
    km_str source;       /* who says so: an insurer's number, "jpki" */
    int64_t from, until; /* days as YYYYMMDD; 0: open */
} km_id_proof;

enum { KM_PROOFS_MAX = 16 };
/* The person whom the proofs name; proofs that were not known are added. Nobody: a new person with
 * a random root. At least one proof must identify by itself (KM_REQUIRED). Proofs that name two
 * persons are KM_CONFLICT: whether they are one is a case. */
km_code km_persons_enrol(int64_t *person, bool *made, km_persons *p, const km_id_proof *proof,
                         size_t n, km_call *call);
/* KM_NOT_FOUND. Persons who were merged are answered as the one who is left. */
km_code km_persons_find(int64_t *person, km_persons *p, const km_id_proof *proof, km_call *call);
/* What is known of a person's proofs: no value. */
typedef struct km_proof_row {
    int64_t number;
    km_str system, source;
    int64_t from, until;
} km_proof_row;
km_code km_persons_proofs(km_proof_row **out, size_t *n, km_persons *p, int64_t person,
                          km_call *call);
/* Death ends nothing but is known (trust.md §2.7). */
km_code km_persons_died(km_persons *p, int64_t person, km_call *call);

/* --- handles --- */
km_code km_persons_handle(km_str *out, km_persons *p, int64_t person, km_call *call);
km_code km_persons_by_handle(int64_t *person, km_persons *p, km_str handle, km_fault *f);

/* --- identifiers --- */

typedef enum km_pid_state {
    KM_PID_NONE,
    KM_PID_ACTIVE,
    KM_PID_REVOKED,
    KM_PID_ROTATED, /* the domain has new keys */
    KM_PID_MERGED,  /* its person is another one now; leads there until the domain's next keys */
} km_pid_state;

typedef struct km_resolved {
    int64_t person;
    km_pid_state state;
    km_domain domain; /* its kv is the identifier's; the URI lives as long as the register */
    uint32_t gen;
    km_ms issued_at;
} km_resolved;
/* KM_BAD_VALUE: no token. KM_NOT_FOUND: none of ours. KM_GONE: revoked or rotated away, and the
 * grace is over; `out` is filled all the same. */
km_code km_persons_resolve(km_resolved *out, km_persons *p, km_str token, km_call *call);

/* The person's identifier in the domain, made where there is none. */
km_code km_persons_issue(km_pid *pid, km_domain *in, km_persons *p, km_str domain, int64_t person,
                         km_call *call);

typedef enum km_revocation {
    KM_REVOKE_REQUEST,
    KM_REVOKE_ERROR,
    KM_REVOKE_COMPROMISE
} km_revocation;
/* The next generation: the new identifier is active, the old one revoked, each holder told.
 * KM_BAD_VALUE: a grace over the domain's, or any after a compromise. */
km_code km_persons_revoke(km_pid *pid, km_domain *in, km_persons *p, km_str domain, int64_t person,
                          km_revocation why, int64_t grace_s, km_call *call);

/* The same in two steps, for a case: the second on its transaction. KM_CONFLICT: something changed
 * in between. */
typedef struct km_revoking km_revoking;
km_code km_persons_prepare_revocation(km_revoking **out, km_persons *p, km_str domain,
                                      int64_t person, km_revocation why, int64_t grace_s,
                                      km_call *call);
km_code km_persons_revoke_within(km_revoking *r, km_txn *t, km_fault *f);

/* --- new keys for a whole domain (§1.5) --- */

/* Both operators' next keys (before), then the domain's new version (on the case's transaction).
 * From then on identifiers of the old keys resolve for grace_s, and not at all after a compromise.
 */
km_code km_persons_prepare_rotation(km_persons *p, km_str domain, km_call *call);
km_code km_persons_rotate(km_persons *p, km_str domain, km_revocation why, int64_t grace_s,
                          const km_decided *by, km_txn *t, km_fault *f);
/* Gives up to `room` persons their new identifier; may be stopped and asked again at any time.
 * *left: how many still wait. */
km_code km_persons_rekey(int64_t *done, int64_t *left, km_persons *p, km_str domain, size_t room,
                         km_call *call);
/* Old and new, in an order of its own, beginning behind `after` (empty: at the beginning); *next is
 * where to go on, empty at the end. */
typedef struct km_rekeyed {
    km_pid old, fresh;
    uint32_t old_kv, kv;
} km_rekeyed;
km_code km_persons_feed(km_rekeyed **out, size_t *n, km_str *next, km_persons *p, km_str domain,
                        uint32_t old_kv, km_str after, size_t room, km_call *call);
/* The holder says how many it has replaced. KM_CONFLICT unless as many were issued. */
km_code km_persons_applied(km_persons *p, km_str domain, const km_holder *h, uint32_t old_kv,
                           int64_t count, km_call *call);

/* --- merge and split (§1.2) --- */

/* One history of insured numbers, as the register of the insurers tells it, names both, and both
 * have the same sex and birth date: enough for a merge without a case. */
km_code km_persons_strong(bool *out, km_persons *p, int64_t one, int64_t other,
                          const km_id_proof *history, size_t n, km_call *call);

/* `gone` becomes merged into `stays`. Its identifiers go on resolving, to `stays`; each holder is
 * told which identifier takes their place. Prepared before, carried out on a transaction. */
typedef struct km_merge km_merge;
km_code km_persons_prepare_merge(km_merge **out, km_persons *p, int64_t stays, int64_t gone,
                                 km_call *call);
/* by is NULL for a strong proof. KM_CONFLICT: something changed since it was prepared. */
km_code km_persons_merge(km_persons *p, km_merge *m, const km_decided *by, km_txn *t, km_fault *f);

/* A new person with a new root takes over the listed proofs; each holder is asked to reassign the
 * listed records and has to answer. Identifiers that came to the person by a merge answer KM_GONE
 * from now on: whose they are nobody can say any more. */
typedef struct km_reassign {
    km_str domain, record;
} km_reassign;
typedef struct km_split km_split;
km_code km_persons_prepare_split(km_split **out, km_persons *p, int64_t person,
                                 const int64_t *proof, size_t proofs, const km_reassign *r,
                                 size_t n, km_call *call);
km_code km_persons_split(int64_t *fresh, km_persons *p, km_split *s, const km_decided *by,
                         km_txn *t, km_fault *f);

/* --- events to holders --- */

typedef struct km_id_event {
    int64_t number;
    km_str kind; /* revoked, replaced, reassign, rotated, closed */
    km_str domain;
    km_ms at;
    bool needs_answer;
    km_str body; /* JSON with tokens: for the holder's eyes, encrypted to it */
} km_id_event;
/* The holder's events behind `after`, at most `room`. */
km_code km_persons_events(km_id_event **out, size_t *n, km_persons *p, const km_holder *h,
                          int64_t after, size_t room, km_call *call);
/* The holder has done what the event asks; KM_NOT_FOUND. */
km_code km_persons_answer(km_persons *p, const km_holder *h, int64_t event, km_call *call);
/* What waits for an answer since before `until`: without bodies. */
typedef struct km_id_open {
    int64_t event;
    km_str kind, domain, client;
    km_ms at;
} km_id_open;
enum { KM_ID_ANSWER_DAYS = 7 };
km_code km_persons_open_answers(km_id_open **out, size_t *n, km_persons *p, km_ms until,
                                km_call *call);

/* --- linkage permits (§1.7) --- */

typedef struct km_permit {
    km_str release;  /* its name: [a-z0-9.-]{1,64} */
    km_str research; /* the domain under whose identifiers the rows meet */
    km_str basis, client;
    km_ms made_at, ends_at, destroyed_at;
} km_permit;
/* K_r is made, random, then the permit, on the transaction of its case. KM_DUPLICATE: a name is
 * used once for ever. */
km_code km_persons_prepare_permit(km_persons *p, const km_permit *m, km_call *call);
km_code km_persons_permit(km_persons *p, const km_permit *m, const km_decided *by, km_txn *t,
                          km_fault *f);
km_code km_persons_permits(km_permit **out, size_t *n, km_persons *p, km_call *call);
/* SIDs of at most KM_LINK_MAX persons. KM_GONE: the project has ended; KM_NOT_FOUND. */
enum { KM_LINK_MAX = 1000 };
km_code km_persons_link(unsigned char (*sid)[KM_KEY_ID], km_persons *p, km_str release,
                        const int64_t *person, size_t n, km_call *call);
/* K_r is destroyed: nobody can link for this release any more. */
km_code km_persons_end_permit(km_persons *p, km_str release, km_call *call);
/* From a SID back to its person, by computing everybody's: it takes the keys of A and B, without
 * which no identifier of the register opens, and that of the release. `by` is a case of three
 * persons. KM_NOT_FOUND. */
km_code km_persons_forward_scan(int64_t *person, km_persons *p, km_str release,
                                const unsigned char sid[KM_KEY_ID], const km_decided *by,
                                km_call *call);

#endif
