/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: the decision behind an access: chart by chart, and where a chart's answer depends on the
 * record, record by record. For the door's own files.
 *
 * What counts, in this order; everything narrows, nothing widens:
 * 1. the app's scopes (SMART): types, what may be done, the patient of the launch;
 * 2. the basis of the role's permission: own records, the person's own, those stood for, members or
 *    residents (types by data/trust/law.tsv), or consent; an institution's own records need none;
 * 3. purpose and network, the consents of the person, ties, grant (trust/consent);
 * 4. the class of items that the role is shown for the purpose (data/trust/shown.tsv).
 *
 * Everything is read in the snapshot of the reader that the access is bound to. A fault of the
 * store hides, and is told when the access is released.
 */
#ifndef KM_TRUST_DECIDE_H
#define KM_TRUST_DECIDE_H

#include "trust/consents.h"
#include "trust/grants.h"
#include "trust/inside.h"
#include "trust/marks.h"

typedef enum km_verdict { KM_VERDICT_NONE = 1, KM_VERDICT_ALL, KM_VERDICT_ASK } km_verdict;

/* One person as this access sees them: shared by their charts. */
typedef struct km_decided {
    const int64_t *chart;
    size_t charts;
    km_consent *consent;
    size_t consents;
    km_consent_request request;
    bool asks_codes, labelled;
    km_consent_parts parts;
    km_consent_answer all;
    km_decision why; /* why the last record was shown */
    struct km_decided *next;
} km_decided;

typedef struct km_decided_chart {
    int64_t chart; /* 0: empty */
    km_verdict verdict;
    bool own;           /* of the caller's own source */
    bool by_law;        /* types of data/trust/law.tsv only */
    km_decided *person; /* NULL where consent is not asked */
} km_decided_chart;

typedef struct km_deciding {
    km_trust *trust;
    const km_policy *policy;
    km_basis basis;
    km_call *call;
    km_reader *reader;
    km_consent_network network;
    km_consent_request request; /* what is the same for all persons */
    km_access_class klass;      /* KM_CLASS_NONE: everything */
    bool stopped;               /* purpose, network: nothing is shown */
    km_str *name;               /* of the caller's institution, as ties have them */
    size_t names;
    const int64_t *self; /* charts that are one's own, stood for, or of the app's patient */
    size_t selves;
    const int64_t *launched;
    size_t launches;
    km_decided_chart *slot;
    size_t slots, used;
    km_decided *persons;
    struct km_provision_gate *abroad; /* an app run from abroad; NULL: none is */
    km_fault fault;
} km_deciding;

void km_deciding_begin(km_deciding *d, km_trust *t, const km_policy *policy, km_basis basis,
                       km_call *call);
void km_deciding_bind(km_deciding *d, km_reader *r);
/* What went wrong while deciding; KM_OK when nothing did. */
km_code km_deciding_failed(const km_deciding *d, km_fault *f);
/* Consents, grant, ties that the records shown rest on. */
void km_deciding_explain(km_audit_entry *e, km_deciding *d, struct km_record *const *shown,
                         size_t n);

bool km_decide_chart(km_deciding *d, int64_t chart);
bool km_decide_is_partial(const km_deciding *d, km_ftype type);
bool km_decide_record(km_deciding *d, int64_t chart, km_ftype type, int64_t rid);
bool km_decide_write(km_deciding *d, int64_t chart, km_ftype type, unsigned may);
bool km_decide_version(km_deciding *d, struct km_record *r);

/* --- abroad.c --- */
/* How Consents name an app: provision.actor.reference.identifier {system, value: its id}. */
#define KM_ACTOR_APP "urn:kumihimo:client"
km_code km_deciding__abroad(km_deciding *d);
/* May this record leave for where the app is run? */
bool km_deciding__leaves(km_deciding *d, struct km_record *rec);

#endif
