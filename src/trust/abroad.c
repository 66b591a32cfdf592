/* SPDX-License-Identifier: Apache-2.0
 *
 * abroad: apps that are run from abroad (Act 57 of 2003, art. 28; trust.md §2.7). That somebody in
 * Japan uses the app does not make it one of Japan: who runs it receives what it is shown.
 */
#include "trust/decide.h"
#include "trust/provision.h"

bool km_trust__is_abroad(const km_caller *c)
{
    return c->who != NULL && c->who->country.n > 0 && !km_str_is(c->who->country, "JP");
}

/* Records one by one, and what everybody may; pages that gather, the audit, identifiers, the
 * emergency's are our own pages'. */
bool km_trust__open_abroad(const km_trust *t, const km_policy *policy)
{
    static const char *const permissions[] = { "records.read", "records.write" };
    for (size_t i = 0; i < sizeof permissions / sizeof *permissions; i++)
        if (strcmp(policy->permission, permissions[i]) == 0)
            return true;
    return km_trust__basis(t, policy, t->nobody_role) == KM_BASIS_OPEN;
}

km_code km_deciding__abroad(km_deciding *d)
{
    const km_who *w = d->call->caller->who;
    km_provision to = { .way = KM_PROVIDED,
                        .channel = KM_STR("app"),
                        .party = km_arena_print(d->call->arena, KM_ACTOR_APP "|%.*s",
                                                KM_STR_ARG(w->client)),
                        .country = w->country,
                        .basis = KM_STR("consent") };
    return km_provision_gate_open(&d->abroad, d->trust->log, &to, d->trust->views.same_person,
                                  d->call);
}

/* A record that was deleted has no body to ask of, and is told nobody abroad. */
bool km_deciding__leaves(km_deciding *d, struct km_record *rec)
{
    bool yes = false;
    if (d->abroad == NULL || rec->chart == KM_CHART_NONE)
        return true;
    if (rec->deleted)
        return false;
    km_code rc = km_provision_gate_lets(&yes, d->abroad, d->reader, rec);
    if (rc != KM_OK && d->fault.code == KM_OK)
        d->fault = *d->call->fault;
    return rc == KM_OK && yes;
}
