/* SPDX-License-Identifier: Apache-2.0
 *
 * access: what a caller may see, asked record by record while it is read; and the fixed accesses of
 * the node's own jobs. What decides is in decide.c.
 */
#include <assert.h>

#include "record/access_make.h"
#include "trust/decide.h"

/* --- everything, traced --- */

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
    km_deciding *d = a->decision;
    km_audit_entry e = { .kind = d->policy->kind };
    KM_TRY(km_deciding_failed(d, f));
    if (e.kind == KM_AUDIT_UPDATE) /* what the caller wrote is told by the log (decision 16) */
        return KM_OK;
    if (e.kind == KM_AUDIT_NONE)
        e.kind = KM_AUDIT_READ;
    km_deciding_explain(&e, d, shown, n);
    return km_trace__shown(d->trust, &e, shown, n, a->owed, d->call);
}

static km_code failed(const km_access *a, km_fault *f)
{
    return km_deciding_failed(a->decision, f);
}

/* An access that covers everything never asks the first three. */
static const km_access_rules everything = {
    .covers_chart = never_chart, .is_partial = never_partial, .covers = never, .release = show
};

/* --- person by person --- */

static void bound(km_access *a, km_reader *r)
{
    km_deciding_bind(a->decision, r);
}

static bool covers_chart(const km_access *a, int64_t chart)
{
    return km_decide_chart(a->decision, chart);
}

static bool is_partial(const km_access *a, km_ftype type)
{
    return km_decide_is_partial(a->decision, type);
}

static bool covers(const km_access *a, int64_t chart, km_ftype type, int64_t rid)
{
    return km_decide_record(a->decision, chart, type, rid);
}

static bool covers_version(const km_access *a, struct km_record *r)
{
    return km_decide_version(a->decision, r);
}

static const km_access_rules by_person = { .covers_chart = covers_chart,
                                           .is_partial = is_partial,
                                           .covers = covers,
                                           .covers_version = covers_version,
                                           .bound = bound,
                                           .failed = failed,
                                           .release = show };

km_code km_trust_access(km_access **out, km_trust *t, const km_policy *policy, km_call *call)
{
    assert(call->caller != NULL);
    km_basis basis = km_trust__basis(t, policy, call->caller->role);
    if (basis == KM_BASIS_NONE || basis == KM_BASIS_OPEN
        || (basis == KM_BASIS_ALL && km_trust__is_abroad(call->caller)))
        return km_trust__refused(t, policy, call);
    km_access *a = KM_NEW(call->arena, km_access);
    km_deciding *d = KM_NEW(call->arena, km_deciding);
    km_deciding_begin(d, t, policy, basis, call);
    a->covers_all = basis == KM_BASIS_ALL;
    a->rules = a->covers_all ? &everything : &by_person;
    a->decision = d;
    *out = a;
    return KM_OK;
}

bool km_trust_may_write(km_access *a, int64_t chart, km_ftype type, unsigned may)
{
    return a->covers_all || km_decide_write(a->decision, chart, type, may);
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

static const km_access_rules of_jobs = {
    .covers_chart = never_chart, .is_partial = never_partial, .covers = never, .release = pass
};

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
