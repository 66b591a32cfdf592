/* SPDX-License-Identifier: Apache-2.0
 *
 * access: what a caller may see.
 */
#include <assert.h>

#include "record/access_make.h"
#include "trust/inside.h"

typedef struct km_decided {
    km_trust *trust;
    const km_policy *policy;
    km_call *call;
} km_decided;

static bool never_chart(const km_access *a, int64_t chart)
{
    (void)a;
    (void)chart;
    return false;
}

static bool never_partial(const km_access *a, km_ftype type)
{
    (void)a;
    (void)type;
    return false;
}

static bool never(const km_access *a, int64_t chart, km_ftype type, int64_t rid)
{
    (void)a;
    (void)chart;
    (void)type;
    (void)rid;
    return false;
}

static km_code show(km_access *a, struct km_record *const *shown, size_t n, km_fault *f)
{
    const km_decided *d = a->decision;
    km_audit_entry e = { .kind = d->policy->kind };
    (void)f; /* the call's */
    if (e.kind == KM_AUDIT_NONE)
        e.kind = KM_AUDIT_READ;
    return km_trace__shown(d->trust, &e, shown, n, d->call);
}

/* An access that covers everything never asks the first three. */
static const km_access_rules asked = { never_chart, never_partial, never, show };

km_code km_trust_access(km_access **out, km_trust *t, const km_policy *policy, km_call *call)
{
    assert(call->caller != NULL);
    if (km_trust__basis(t, policy, call->caller->role) != KM_BASIS_ALL)
        return km_trust__refused(t, policy, call);
    km_access *a = KM_NEW(call->arena, km_access);
    km_decided *d = KM_NEW(call->arena, km_decided);
    *d = (km_decided){ .trust = t, .policy = policy, .call = call };
    a->rules = &asked;
    a->covers_all = true;
    a->decision = d;
    *out = a;
    return KM_OK;
}

/* --- the node's own jobs --- */

static km_code pass(km_access *a, struct km_record *const *shown, size_t n, km_fault *f)
{
    (void)a;
    (void)shown;
    (void)n;
    (void)f;
    return KM_OK;
}

static const km_access_rules of_jobs = { never_chart, never_partial, never, pass };

km_access *km_trust_job_access(const char *job, km_arena *a)
{
    static const char *const jobs[] = { "rebuild", "verify", "export",
                                        "import",  "erase",  "emergency" };
    bool known = false;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        known = known || strcmp(jobs[i], job) == 0;
    assert(known);
    km_access *access = KM_NEW(a, km_access);
    access->rules = &of_jobs;
    access->covers_all = true;
    return access;
}
