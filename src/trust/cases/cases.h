/* SPDX-License-Identifier: Apache-2.0
 *
 * cases: what no single person may do alone (trust.md §5.4). One proposes exactly what is to be
 * done, another reads it and confirms, and then it is done, once.
 *
 * Promises
 * - A kind of case is a row of data/cases/kinds.tsv: how many different persons, how long it lives,
 *   who may, and what it says. What it says is kept as canonical JSON (the members of the row in
 *   their order, no blanks, nothing else) with its SHA-256; who confirms names that hash.
 * - Different persons: by issuer and subject of their sign-in. Whoever proposed cannot confirm.
 * - A case is carried out once: km_cases_take and what it decides are one transaction.
 * - Every act stands beside the case, durable, before the call returns; the caller leaves it in the
 *   audit too (KM_AUDIT_CASE).
 * - A case holds no identifier of a patient: persons are named by handles (trust/identity).
 */
#ifndef KM_TRUST_CASES_CASES_H
#define KM_TRUST_CASES_CASES_H

#include "codec/json/json.h"
#include "record/log.h"
#include "trust/roles/roles.h"

/* The .sql lists that the store must have been opened with. */
extern const km_embedded km_sql_trust_cases[];

enum { KM_CASE_MEMBERS = 8, KM_CASE_PERSONS = 4, KM_CASE_KINDS = 32 };

typedef enum km_case_form {
    KM_CASE_TEXT,
    KM_CASE_DAY,
    KM_CASE_INT,
    KM_CASE_TEXTS,
    KM_CASE_INTS
} km_case_form;

typedef struct km_case_kind {
    km_str name, ja, en, permission;
    int64_t persons, life_ms;
    struct {
        km_str name;
        km_case_form form;
    } member[KM_CASE_MEMBERS];
    size_t members;
} km_case_kind;
/* All kinds of the table; a wrong table is our own mistake and ends the process. */
size_t km_case_kinds(const km_case_kind **out);
/* NULL: none of that name. */
const km_case_kind *km_case_kind_named(km_str name);
/* `what` has the members of the kind and no others, each of its form: then its canonical text.
 * KM_REQUIRED, KM_BAD_VALUE with the member's name, KM_UNKNOWN_PARAM. */
km_code km_case_canonical(km_str *out, const km_case_kind *kind, km_jv what, km_call *call);

typedef enum km_case_state {
    KM_CASE_NONE,
    KM_CASE_PROPOSED,
    KM_CASE_CONFIRMED, /* by as many as it needs: may be carried out */
    KM_CASE_DONE,
    KM_CASE_REFUSED,
    KM_CASE_EXPIRED, /* told, not stored: its time is over */
} km_case_state;
const char *km_case_state_name(km_case_state s);

/* Who acts, as proved by their sign-in. */
typedef struct km_case_actor {
    km_str person; /* issuer|subject; or the name of the operator */
    int role;      /* number in data/roles/roles.tsv */
} km_case_actor;

typedef struct km_case_act {
    km_str act; /* propose, confirm, refuse, carry-out */
    km_str person, role;
    km_ms at;
} km_case_act;

typedef struct km_case {
    km_str id;
    const km_case_kind *kind;
    km_str content, hash_hex;
    km_case_state state;
    km_ms proposed_at, expires_at;
    const km_case_act *act;
    size_t acts;
} km_case;
/* The persons who decided it, the proposer first; at most KM_CASE_PERSONS. */
size_t km_case_persons(km_str out[KM_CASE_PERSONS], const km_case *c);

typedef struct km_cases {
    km_log *log;
    const km_roles *roles;
} km_cases;

/* What comes back lives in the call's arena. KM_FORBIDDEN: the role may not. */
km_code km_cases_propose(km_case *out, const km_cases *s, km_str kind, km_jv what,
                         const km_case_actor *by, km_call *call);
/* KM_NOT_FOUND; KM_FORBIDDEN: not by this person; KM_PRECONDITION: another hash than the case's, or
 * it is not open any more. */
km_code km_cases_confirm(km_case *out, const km_cases *s, km_str id, km_str hash_hex,
                         const km_case_actor *by, km_call *call);
km_code km_cases_refuse(km_case *out, const km_cases *s, km_str id, const km_case_actor *by,
                        km_call *call);
km_code km_cases_get(km_case *out, const km_cases *s, km_str id, const km_case_actor *by,
                     km_call *call);
/* The newest, at most `room`, of the kinds that the role may see. */
km_code km_cases_list(km_case **out, size_t *n, size_t room, const km_cases *s,
                      const km_case_actor *by, km_call *call);
/* Within the transaction of what is decided: the case, which must be of that kind and confirmed, is
 * done from now on. KM_PRECONDITION, KM_FORBIDDEN, KM_NOT_FOUND. */
km_code km_cases_take(km_case *out, const km_cases *s, km_str id, const char *kind,
                      const km_case_actor *by, km_txn *t, km_call *call);

#endif
