/* SPDX-License-Identifier: Apache-2.0
 *
 * shown: the tables of data/trust that say what is shown to whom, read once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "km_data_trust.h"
#include "trust/inside.h"

enum { LAW_ROWS = 256, TYPES = 1024 };

typedef struct km_shown_rules {
    bool may[KM_ROLES_MAX][KM_PURPOSES];
    km_access_class klass[KM_ROLES_MAX][KM_PURPOSES];
    bool common[TYPES];
    struct {
        int role;
        km_ftype type;
    } law[LAW_ROWS];
    size_t laws;
} km_shown_rules;

static _Noreturn void wrong(const char *table, km_str where)
{
    fprintf(stderr, "kumihimo: data/trust/%s.tsv is wrong at %.*s\n", table, KM_STR_ARG(where));
    abort();
}

static km_access_class class_named(km_str name)
{
    if (name.n == 0)
        return KM_CLASS_NONE;
    for (int k = KM_CLASS_REGION; k < KM_CLASSES; k++)
        if (km_str_is(name, km_class_name((km_access_class)k)))
            return (km_access_class)k;
    wrong("shown", name);
}

static int role_named(const km_roles *roles, const char *table, km_str name)
{
    int role = km_roles_role(roles, name);
    if (role < 0)
        wrong(table, name);
    return role;
}

static km_ftype type_named(const char *table, km_str name)
{
    km_ftype type = km_fhir_type_named(name);
    if (!km_fhir_is_resource(type) || type >= TYPES)
        wrong(table, name);
    return type;
}

static void read_shown(km_shown_rules *s, const km_roles *roles)
{
    km_str cell[3], rest = km_embedded_find(km_data_trust, "shown.tsv");
    (void)km_tsv_next(cell, 3, &rest);
    while (km_tsv_next(cell, 3, &rest) == 3) {
        int role = role_named(roles, "shown", cell[0]);
        km_purpose purpose = km_purpose_named(cell[1]);
        if (purpose == KM_PURPOSE_NONE)
            wrong("shown", cell[1]);
        s->may[role][purpose] = true;
        s->klass[role][purpose] = class_named(cell[2]);
    }
}

static void read_law(km_shown_rules *s, const km_roles *roles)
{
    km_str cell[3], rest = km_embedded_find(km_data_trust, "law.tsv");
    (void)km_tsv_next(cell, 3, &rest);
    while (km_tsv_next(cell, 3, &rest) == 3) {
        if (s->laws == LAW_ROWS)
            wrong("law", cell[0]);
        s->law[s->laws].role = role_named(roles, "law", cell[0]);
        s->law[s->laws++].type = type_named("law", cell[1]);
    }
}

static void read_common(km_shown_rules *s)
{
    km_str cell[1], rest = km_embedded_find(km_data_trust, "common.tsv");
    (void)km_tsv_next(cell, 1, &rest);
    while (km_tsv_next(cell, 1, &rest) == 1)
        s->common[type_named("common", cell[0])] = true;
}

km_shown_rules *km_shown__new(const km_roles *roles)
{
    km_shown_rules *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    read_shown(s, roles);
    read_law(s, roles);
    read_common(s);
    return s;
}

void km_shown__free(km_shown_rules *s)
{
    free(s);
}

bool km_trust__shown(km_access_class *out, const km_trust *t, int role, km_purpose purpose)
{
    *out = t->shown->klass[role][purpose];
    return t->shown->may[role][purpose];
}

bool km_trust__by_law(const km_trust *t, int role, km_ftype type)
{
    for (size_t i = 0; i < t->shown->laws; i++)
        if (t->shown->law[i].role == role && t->shown->law[i].type == type)
            return true;
    return false;
}

bool km_trust__is_common(const km_trust *t, km_ftype type)
{
    return type < TYPES && t->shown->common[type];
}
