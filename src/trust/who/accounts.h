/* SPDX-License-Identifier: Apache-2.0
 *
 * accounts: whom a proof at the door belongs to. A provider or a certificate proves (issuer,
 * subject) and nothing else; which role that is, for which organisation and network, and whose
 * records are their own, stands in a row that this node's administrator made.
 *
 * Promises
 * - No row, no way in: a valid proof of somebody who has no account here opens nothing.
 * - What a role needs is asked for: `person` where records are one's own, a ward where one stands
 *   for somebody, the organisation where consent or the own institution decides (data/roles).
 * - Removing an account removes its passkeys in the same transaction.
 * - No fault holds a subject or a name.
 */
#ifndef KM_TRUST_WHO_ACCOUNTS_H
#define KM_TRUST_WHO_ACCOUNTS_H

#include "record/log.h"
#include "trust/who/passkey.h"
#include "trust/who/who.h"

enum {
    KM_ACCOUNT_TEXT = 512,
    KM_ACCOUNT_LIST = 32,    /* actors, wards */
    KM_ACCOUNT_PASSKEYS = 16 /* of one account */
};

typedef struct km_account {
    int64_t number; /* chosen by km_account_add */
    km_str issuer, subject;
    int role;
    km_str name; /* for people to read */
    km_str network, organisation, person;
    const km_str *actor; /* further names under which they act: "Practitioner/1" */
    size_t actors;
    const km_str *ward;
    size_t wards;
} km_account;

/* On any connection; what is found lives in the call's arena. KM_NOT_FOUND. */
km_code km_account_find(km_account *out, km_conn *c, const km_roles *roles, km_str issuer,
                        km_str subject, km_call *call);
km_code km_account_numbered(km_account *out, km_conn *c, const km_roles *roles, int64_t number,
                            km_call *call);
/* Numbers above `after`, in order, at most `room`. */
km_code km_account_list(km_account *out, size_t *n, size_t room, km_conn *c, const km_roles *roles,
                        int64_t after, km_call *call);

/* KM_REQUIRED, KM_BAD_VALUE: the row is not whole for its role; KM_DUPLICATE: there is one. */
km_code km_account_add(int64_t *number, km_log *l, const km_account *a, const km_roles *roles,
                       km_call *call);
km_code km_account_remove(km_log *l, km_str issuer, km_str subject, km_call *call);
/* The same person under a new subject: a card was renewed and its serial number is another.
 * KM_NOT_FOUND; KM_DUPLICATE: the new subject is somebody else's. */
km_code km_account_renew(km_log *l, km_str issuer, km_str old, km_str renewed, km_call *call);

/* What they are once they have signed in: all of `who` but session, client, scopes, certificate
 * and second factor. Lives as long as the account. */
void km_account_who(km_who *out, const km_account *a, const km_roles *roles, km_arena *arena);

/* A code with which whoever bears it enrols one passkey for this account, once, within a day. For
 * the first passkey: further ones are enrolled by who showed one. */
void km_account_enrolment(km_str *code, km_log *l, const km_account *a, km_call *call);
/* Spends the code. KM_UNAUTHENTICATED: it is none, is old, was used, or is another account's. */
km_code km_account_enrolment_spend(km_log *l, const km_account *a, km_str code, km_call *call);

/* --- their passkeys --- */

km_code km_account_passkeys(km_passkey *out, size_t *n, km_conn *c, int64_t account, km_call *call);
/* KM_NOT_FOUND. */
km_code km_account_of_passkey(int64_t *account, km_passkey *key, km_conn *c, km_str id,
                              km_call *call);
/* KM_DUPLICATE; KM_TOO_COSTLY: the account has KM_ACCOUNT_PASSKEYS already. */
km_code km_account_enrol(km_log *l, int64_t account, const km_passkey *key, km_call *call);
/* Keeps the new counter; KM_CONFLICT when somebody else did so meanwhile with the same old one. */
km_code km_account_used(km_log *l, const km_passkey *key, uint32_t count, km_call *call);
km_code km_account_unenrol(km_log *l, int64_t account, km_str id, km_call *call);

#endif
