/* SPDX-License-Identifier: Apache-2.0
 *
 * permissions: the table of who may do what, for people and programs: the rows that the door itself
 * asks.
 */
#include "app/inside.h"

static void words(km_jw *w, km_str name, km_str ja, km_str en)
{
    km_jw_key(w, "name");
    km_jw_str(w, name);
    km_jw_key(w, "ja");
    km_jw_str(w, ja);
    km_jw_key(w, "en");
    km_jw_str(w, en);
}

static void print_roles(km_jw *w, const km_roles *roles)
{
    const km_role *role;
    size_t n = km_roles_all(&role, roles);
    km_jw_key(w, "roles");
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(w, '{');
        words(w, role[i].name, role[i].ja, role[i].en);
        km_jw_key(w, "purpose");
        km_jw_str(w, km_str_of(km_purpose_name(role[i].purpose)));
        km_jw_key(w, "secondFactor");
        km_jw_raw(w, role[i].second_factor ? KM_STR("true") : KM_STR("false"));
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void print_bases(km_jw *w, const km_roles *roles)
{
    km_jw_key(w, "bases");
    km_jw_open(w, '[');
    for (int b = 1; b < KM_BASES; b++) {
        km_basis_words of = km_roles_basis_words(roles, (km_basis)b);
        km_jw_open(w, '{');
        words(w, of.name, of.ja, of.en);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static void print_routes(km_jw *w, const km_service *const *services)
{
    km_jw_key(w, "routes");
    km_jw_open(w, '[');
    for (; *services != NULL; services++)
        for (const km_http_route *r = (*services)->routes; r != NULL && r->method != NULL; r++) {
            const km_policy *policy = r->policy;
            km_jw_open(w, '{');
            km_jw_member_z(w, "method", r->method);
            km_jw_member_z(w, "pattern", r->pattern);
            km_jw_member_z(w, "permission", policy->permission);
            km_jw_close(w, '}');
        }
    km_jw_close(w, ']');
}

/* {"roles":[...],"bases":[...],"permissions":[{...,"may":{"clinician":"consent"}}],"routes":[...]}
 */
static void print_table(km_buf *out, const km_roles *roles, const km_service *const *services)
{
    const km_permission *p;
    const km_role *role;
    size_t n = km_roles_permissions(&p, roles), r = km_roles_all(&role, roles);
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    print_roles(&w, roles);
    print_bases(&w, roles);
    km_jw_key(&w, "permissions");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&w, '{');
        words(&w, p[i].name, p[i].ja, p[i].en);
        km_jw_key(&w, "may");
        km_jw_open(&w, '{');
        for (size_t j = 0; j < r; j++)
            if (p[i].basis[j] != KM_BASIS_NONE) {
                km_jw_key_str(&w, role[j].name);
                km_jw_str(&w, km_roles_basis_words(roles, p[i].basis[j]).name);
            }
        km_jw_close(&w, '}');
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    print_routes(&w, services);
    km_jw_close(&w, '}');
}

km_code km_app__permissions_shown(km_request *r, km_reply *out)
{
    km_buf json = km_buf_in(r->call.arena);
    km_node *n = km_request_node(r);
    print_table(&json, km_trust_roles(n->trust), n->services);
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}

static void print_permission(const km_permission *p, const km_roles *roles, bool english)
{
    const km_role *role;
    size_t r = km_roles_all(&role, roles);
    printf("%.*s  %.*s\n", KM_STR_ARG(p->name), KM_STR_ARG(english ? p->en : p->ja));
    for (size_t i = 0; i < r; i++) {
        if (p->basis[i] == KM_BASIS_NONE)
            continue;
        km_basis_words of = km_roles_basis_words(roles, p->basis[i]);
        printf("  %-16.*s  %.*s: %.*s\n", KM_STR_ARG(role[i].name),
               KM_STR_ARG(english ? role[i].en : role[i].ja), KM_STR_ARG(english ? of.en : of.ja));
    }
}

int km_app__permissions(const km_args *a, km_node *n)
{
    (void)n;
    km_roles *roles = km_roles_new();
    const km_permission *p;
    if (a->config->json) {
        km_arena *own = km_arena_new(1 << 22);
        km_buf json = km_buf_in(own);
        print_table(&json, roles, a->services);
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&json)));
        km_arena_free(own);
    } else {
        bool english = km_app__in_english(a->option(a, "lang"));
        size_t all = km_roles_permissions(&p, roles);
        for (size_t i = 0; i < all; i++)
            print_permission(&p[i], roles, english);
    }
    km_roles_free(roles);
    return KM_EXIT_DONE;
}
