/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: who asks, for what, may they; and the trace of it.
 *
 * Promises
 * - No record is read without an access, and none is made but here: from the caller's role and the
 *   permission of the route (data/roles), the person's consents, the class of items that the role
 *   is shown, the labels, the ties between institution and person, a break-glass grant, the scopes
 *   of the app.
 * - What an access shows has left its audit entry, durable, before km_access_release returns.
 * - A refusal leaves an entry too.
 * - An open node (--open, loopback only) asks nobody who they are, and whoever has the operator's
 *   token is its operator: both see everything, and are traced like all others.
 */
#ifndef KM_TRUST_TRUST_H
#define KM_TRUST_TRUST_H

#include "record/access.h"
#include "record/log.h"
#include "trust/audit/audit.h"
#include "trust/audit/entry.h"
#include "trust/classes/classes.h"
#include "trust/roles/roles.h"
#include "trust/who/prove.h"

/* What a route is for. Zero never means allowed. */
typedef struct km_policy {
    const char *permission; /* a row of data/roles/permissions.tsv: who may, on which basis */
    km_audit_kind kind;     /* what the trace calls it; a read unless said otherwise */
} km_policy;

/* What the trace tells of the request; all of it lives as long as the call. */
typedef struct km_asked {
    const char *route;   /* the pattern, never the path */
    km_str request;      /* its id */
    km_str address;      /* of the other end */
    const km_str *query; /* names of parameters, never values */
    size_t queries;
} km_asked;

typedef struct km_caller {
    km_str name;       /* for audit: "open", "operator", "job:import"; else empty: `who` says it */
    int role;          /* number in data/roles/roles.tsv */
    int32_t source;    /* what the caller writes belongs to this source; its records are its own */
    const km_who *who; /* NULL: the operator, an open node, the node's own job */
    km_asked asked;
} km_caller;

/* What stands above trust and the door must ask. */
typedef struct km_trust_views {
    /* All charts of the person that `chart` is one of, itself included; asks no access. */
    km_code (*same_person)(int64_t **charts, size_t *n, km_reader *r, int64_t chart);
    /* Does a record with this body meet this search ("category=laboratory")? The limit of an app's
     * scope. NULL: a scope with a limit covers nothing. */
    km_code (*matches)(bool *yes, km_jv body, km_ftype type, km_str search, km_call *call);
} km_trust_views;

typedef struct km_trust km_trust;
typedef struct km_trust_options {
    bool open;              /* --open */
    const char *token_file; /* holds the operator's token; made at first start, mode 0400 */
    const km_random *random;
    km_log *log;          /* borrowed; NULL: callers own no source */
    km_whos *whos;        /* borrowed; NULL: nobody but the operator can prove who they are */
    km_audit *audit;      /* borrowed; NULL: no trace (tests of the door alone) */
    const char *network;  /* as Consent.organization names it; NULL: "Organization/network" */
    int32_t local_source; /* whose literal references are those of the node's register */
    const km_trust_views *views; /* NULL: every chart is a person of its own */
} km_trust_options;
/* km_fhir_load comes first. */
km_code km_trust_open(km_trust **out, const km_trust_options *o, km_fault *f);
void km_trust_close(km_trust *t);
bool km_trust_is_open(const km_trust *t);
const km_roles *km_trust_roles(const km_trust *t);
const km_classes *km_trust_classes(const km_trust *t);
/* Is there a row for this policy? Asked of every route before a node serves. */
bool km_trust_knows(const km_trust *t, const km_policy *policy);

/* Who comes with these credentials, and may they use a route of this policy? A role that signs in
 * with two factors (data/roles) gets nothing but what is open to all until the second was shown;
 * machines prove a key instead. KM_UNAUTHENTICATED, KM_FORBIDDEN. */
km_code km_trust_admit(km_caller **out, km_trust *t, const km_policy *policy,
                       const km_credentials *c, const km_asked *asked, km_call *call);

/* To which source belongs what the caller of `call` writes under the policy, and whose records are
 * its own: that of the organisation it acts for, made when something is written to it first; of a
 * person who writes about themselves that of their Patient; the node's own for its operator. 0:
 * none. */
#define KM_SOURCE_PREFIX "urn:kumihimo:source:"
km_code km_trust_source(int32_t *out, km_trust *t, const km_policy *policy, km_call *call);

/* Opens the access for the caller of `call` under the policy. It lives in the call's arena, belongs
 * to one thread at a time, and decides within the snapshot of the reader that it is given to.
 * KM_UNAUTHENTICATED, KM_FORBIDDEN. */
km_code km_trust_access(km_access **out, km_trust *t, const km_policy *policy, km_call *call);

/* May the caller write a record of this type into this chart (0: one that is not there yet, or
 * nobody's)? `may` is KM_SCOPE_CREATE, _UPDATE or _DELETE. The access was made for writing, and is
 * bound to a reader. Whose source it is written to, the caller's own, says the rest. */
bool km_trust_may_write(km_access *a, int64_t chart, km_ftype type, unsigned may);

/* Appends an entry that no access makes: a sign-in, a token, a case. `e` without agent gets that of
 * the call's caller. Durable when it returns KM_OK. */
km_code km_trust_trace(km_trust *t, km_audit_entry *e, km_call *call);

/* Who writes, as the log keeps it with what is written (decision 16): an entry of the audit without
 * time, request and records. The same for all that one caller writes by one route. */
km_code km_trust_act(km_str *out, const km_trust *t, km_call *call);

/* The fixed accesses of the node's own jobs (decision 1), by name: "rebuild", "verify", "export",
 * "import". Asserts the name is in the table. */
km_access *km_trust_job_access(const char *job, km_arena *a);

#endif
