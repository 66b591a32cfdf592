/* SPDX-License-Identifier: Apache-2.0
 *
 * roles: the three tables, read once.
 */
#include "trust/roles/roles.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "km_data_trust_roles.h"

enum { PERMISSIONS = 128, CELLS = 3 + KM_ROLES_MAX };

struct km_roles {
    km_role role[KM_ROLES_MAX];
    km_permission permission[PERMISSIONS];
    km_basis_words basis[KM_BASES];
    size_t roles, permissions;
};

static const char *const purposes[KM_PURPOSES] = { "",        "TREAT",  "ETREAT",
                                                   "CAREMGT", "HPAYMT", "HRESCH",
                                                   "PUBHLTH", "PATRQT", "HOPERAT" };
static const char *const bases[KM_BASES] = { "",     "open", "all",     "consent",  "own",
                                             "self", "ward", "members", "residents" };

const char *km_purpose_name(km_purpose p)
{
    return purposes[p];
}

km_purpose km_purpose_named(km_str name)
{
    for (int i = 1; i < KM_PURPOSES; i++)
        if (km_str_is(name, purposes[i]))
            return (km_purpose)i;
    return KM_PURPOSE_NONE;
}

static _Noreturn void wrong(const char *table, km_str where)
{
    fprintf(stderr, "kumihimo: data/roles/%s.tsv is wrong at %.*s\n", table, KM_STR_ARG(where));
    abort();
}

static void read_roles(km_roles *r)
{
    km_str cell[5], rest = km_embedded_find(km_data_trust_roles, "roles.tsv");
    (void)km_tsv_next(cell, 5, &rest); /* the header */
    while (km_tsv_next(cell, 5, &rest) == 5) {
        km_purpose purpose = km_purpose_named(cell[3]);
        if (r->roles == KM_ROLES_MAX || km_roles_role(r, cell[0]) >= 0
            || (purpose == KM_PURPOSE_NONE && cell[3].n > 0))
            wrong("roles", cell[0]);
        r->role[r->roles++] = (km_role){ .name = cell[0],
                                         .ja = cell[1],
                                         .en = cell[2],
                                         .purpose = purpose,
                                         .second_factor = km_str_is(cell[4], "yes") };
    }
}

static km_basis basis_named(const char *table, km_str name)
{
    for (int i = 0; i < KM_BASES; i++)
        if (km_str_is(name, bases[i]))
            return (km_basis)i;
    wrong(table, name);
}

static void read_bases(km_roles *r)
{
    km_str cell[3], rest = km_embedded_find(km_data_trust_roles, "bases.tsv");
    (void)km_tsv_next(cell, 3, &rest);
    while (km_tsv_next(cell, 3, &rest) == 3)
        r->basis[basis_named("bases", cell[0])] =
            (km_basis_words){ .name = cell[0], .ja = cell[1], .en = cell[2] };
    for (int i = 1; i < KM_BASES; i++)
        if (r->basis[i].name.n == 0)
            wrong("bases", km_str_of(bases[i]));
}

/* The columns are the roles, in their order. */
static void read_permissions(km_roles *r)
{
    km_str cell[CELLS], rest = km_embedded_find(km_data_trust_roles, "permissions.tsv");
    size_t n = km_tsv_next(cell, CELLS, &rest);
    if (n != 3 + r->roles)
        wrong("permissions", KM_STR("its header"));
    for (size_t i = 0; i < r->roles; i++)
        if (!km_str_eq(cell[3 + i], r->role[i].name))
            wrong("permissions", cell[3 + i]);
    while ((n = km_tsv_next(cell, CELLS, &rest)) > 0) {
        if (r->permissions == PERMISSIONS || n != 3 + r->roles
            || km_roles_permission(r, cell[0]) >= 0)
            wrong("permissions", cell[0]);
        km_permission *p = &r->permission[r->permissions++];
        *p = (km_permission){ .name = cell[0], .ja = cell[1], .en = cell[2] };
        for (size_t i = 0; i < r->roles; i++)
            p->basis[i] = basis_named("permissions", cell[3 + i]);
    }
}

km_roles *km_roles_new(void)
{
    km_roles *r = calloc(1, sizeof *r);
    assert(r != NULL);
    read_roles(r);
    read_bases(r);
    read_permissions(r);
    return r;
}

void km_roles_free(km_roles *r)
{
    free(r);
}

size_t km_roles_all(const km_role **out, const km_roles *r)
{
    *out = r->role;
    return r->roles;
}

size_t km_roles_permissions(const km_permission **out, const km_roles *r)
{
    *out = r->permission;
    return r->permissions;
}

km_basis_words km_roles_basis_words(const km_roles *r, km_basis b)
{
    assert((unsigned)b < KM_BASES);
    return r->basis[b];
}

int km_roles_role(const km_roles *r, km_str name)
{
    for (size_t i = 0; i < r->roles; i++)
        if (km_str_eq(r->role[i].name, name))
            return (int)i;
    return -1;
}

int km_roles_permission(const km_roles *r, km_str name)
{
    for (size_t i = 0; i < r->permissions; i++)
        if (km_str_eq(r->permission[i].name, name))
            return (int)i;
    return -1;
}

km_basis km_roles_basis(const km_roles *r, int permission, int role)
{
    assert(permission >= 0 && (size_t)permission < r->permissions);
    assert(role >= 0 && (size_t)role < r->roles);
    return r->permission[permission].basis[role];
}
