/* SPDX-License-Identifier: Apache-2.0
 *
 * roles: who may do what, as one table: a row for each permission, a column for each role, in the
 * cell the basis (data/roles/). Routes, the page and the manual of permissions, and the tests read
 * the same table.
 *
 * - A route names a permission (km_policy); a name that is in no row stops the start.
 * - An empty cell means: may not. Nothing is allowed by being left out.
 * - A basis says how the persons' records are decided then; but for `open` and `all`, person by
 *   person.
 * - Pure, read once, then shared by all threads.
 */
#ifndef KM_TRUST_ROLES_ROLES_H
#define KM_TRUST_ROLES_ROLES_H

#include "base/fault.h"
#include "base/str.h"

/* HL7 v3 PurposeOfUse, those of trust.md §2.1. */
typedef enum km_purpose {
    KM_PURPOSE_NONE,
    KM_TREAT,
    KM_ETREAT,
    KM_CAREMGT,
    KM_HPAYMT,
    KM_HRESCH,
    KM_PUBHLTH,
    KM_PATRQT,
    KM_HOPERAT, /* the node's own operation: import, export, verify */
    KM_PURPOSES
} km_purpose;
const char *km_purpose_name(km_purpose p); /* "" for none */
km_purpose km_purpose_named(km_str name);  /* KM_PURPOSE_NONE: unknown */

typedef enum km_basis {
    KM_BASIS_NONE, /* may not */
    KM_BASIS_OPEN, /* no person's record is touched */
    KM_BASIS_ALL,
    KM_BASIS_CONSENT,
    KM_BASIS_OWN,
    KM_BASIS_SELF,
    KM_BASIS_WARD,
    KM_BASIS_MEMBERS,
    KM_BASIS_RESIDENTS,
    KM_BASES
} km_basis;

enum { KM_ROLES_MAX = 32 };

typedef struct km_role {
    km_str name, ja, en;
    km_purpose purpose; /* unless the caller says another that is allowed */
    bool second_factor;
} km_role;

typedef struct km_permission {
    km_str name, ja, en;
    km_basis basis[KM_ROLES_MAX]; /* by role number */
} km_permission;

typedef struct km_basis_words {
    km_str name, ja, en;
} km_basis_words;

typedef struct km_roles km_roles;
/* A wrong table is our own mistake and ends the process. */
km_roles *km_roles_new(void);
void km_roles_free(km_roles *r);

size_t km_roles_all(const km_role **out, const km_roles *r);
size_t km_roles_permissions(const km_permission **out, const km_roles *r);
km_basis_words km_roles_basis_words(const km_roles *r, km_basis b);

/* Numbers, in the table's order; -1 where there is none. */
int km_roles_role(const km_roles *r, km_str name);
int km_roles_permission(const km_roles *r, km_str name);
km_basis km_roles_basis(const km_roles *r, int permission, int role);

#endif
