/* SPDX-License-Identifier: Apache-2.0
 *
 * rules: what a role leaves of scopes, and forms of texts.
 */
#include "services/oauth/oauth.h"

static bool may(const km_roles *roles, int role, const char *permission)
{
    int p = km_roles_permission(roles, km_str_of(permission));
    return p >= 0 && km_roles_basis(roles, p, role) != KM_BASIS_NONE;
}

void km_oauth__narrow(km_scopes *s, const km_roles *roles, int role, bool system, km_arena *a)
{
    unsigned kinds = system ? 1U << KM_SCOPE_SYSTEM : 1U << KM_SCOPE_PATIENT | 1U << KM_SCOPE_USER;
    unsigned acts = 0;
    if (may(roles, role, "records.read"))
        acts |= KM_SCOPE_READ | KM_SCOPE_SEARCH;
    if (may(roles, role, "records.write"))
        acts |= KM_SCOPE_CREATE | KM_SCOPE_UPDATE | KM_SCOPE_DELETE;
    km_scopes_narrow(s, kinds, acts, a);
    if (system) /* nobody is there to be told who they are */
        s->openid = s->profile = s->fhir_user = s->offline = s->online = s->launch =
            s->launch_patient = false;
}

km_str km_oauth__patient(km_str text, km_arena *a)
{
    const km_str type = KM_STR("Patient/");
    text = km_str_trim(text);
    km_str id = km_str_starts(text, type) ? km_str_sub(text, type.n, text.n) : text;
    return km_fhir_is_id(id) ? km_arena_print(a, "Patient/%.*s", KM_STR_ARG(id)) : KM_STR_NONE;
}

bool km_oauth__is_challenge(km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
              || c == '_'))
            return false;
    }
    return s.n == 43; /* of SHA-256, RFC 7636 §4.2 */
}
