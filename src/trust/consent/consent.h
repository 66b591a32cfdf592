/* SPDX-License-Identifier: Apache-2.0
 *
 * consent: what a person allowed and forbade, compiled; and the one function that decides.
 *
 * Promises
 * - A compiled consent is position-independent bytes: kept as a blob, used where it lies, never
 *   parsed again. They are bytes from outside all the same: km_consent_load proves every offset
 *   and the digest once, and only a km_consent that came from it may be decided on.
 * - km_consent_decide is pure: no memory taken, no clock, nothing read but its arguments.
 * - What is not understood never widens access. A criterion that cannot be understood (an unknown
 *   system or code, a reference that leads elsewhere, a fact the request does not know) makes its
 *   node count only where it denies. So in a permit it matches nothing and in a deny everything;
 *   and a deny inside such a permit still denies. An unknown modifier makes the consent deny all.
 * - Taking a consent away, or adding a denying node, never shows more, but where the consent taken
 *   away was the newest of its category and so had replaced another (README.md, 4).
 *
 * The reading of FHIR R4 and where it differs from the standard's comments: README.md.
 */
#ifndef KM_TRUST_CONSENT_H
#define KM_TRUST_CONSENT_H

#include "base/call.h"
#include "base/hash.h"
#include "codec/json/json.h"

enum {
    KM_CONSENT_DEPTH = 64,         /* provisions inside provisions, the root is 0 */
    KM_CONSENT_PROVISIONS = 10000, /* in one consent */
    KM_CONSENT_VALUES = 100000,    /* actors, codes ... of one consent */
    KM_CONSENT_BYTES = 8 << 20,    /* compiled */
    KM_CONSENTS = 256              /* in one decision; more: denied as unknown */
};

/* --- compiled ------------------------------------------------------------------------ */
typedef struct km_consent {
    const unsigned char *p;
    size_t n;
} km_consent;

/* From a FHIR R4 Consent (km_fhir_load was called, km_fhir_check went well). Times are real
 * milliseconds; a date means its Japanese day. KM_INVALID, KM_REQUIRED, KM_BAD_VALUE,
 * KM_CODE_UNKNOWN, KM_TOO_COSTLY (too many provisions or values), KM_TOO_LONG (too deep). A refused
 * consent must not be stored as if it were none: it may be a withdrawal. */
km_code km_consent_compile(km_consent *out, km_arena *a, km_jv consent, km_fault *f);

/* From the compact form {id, status, network, category, dateTime, policyRule, provision}; all
 * words are taken as they are and all times are integers. */
km_code km_consent_compile_compact(km_consent *out, km_arena *a, km_jv consent, km_fault *f);

/* Proves bytes to be a compiled consent; it borrows them. KM_TAMPERED. */
km_code km_consent_load(km_consent *out, km_str bytes, km_fault *f);

km_str km_consent_id(km_consent c);
km_str km_consent_subject(km_consent c); /* "Patient/1"; empty in the compact form */
/* Its networks, one by one; KM_STR_NONE behind the last. */
km_str km_consent_network_at(km_consent c, uint32_t i);
bool km_consent_is_active(km_consent c);
km_ms km_consent_dated(km_consent c);
uint32_t km_consent_provisions(km_consent c); /* with the root */

/* --- asked --------------------------------------------------------------------------- */
/* Step 1: what the door has checked. Zero never means allowed. */
enum {
    KM_ASK_CREDENTIAL = 1, /* who asks is proved */
    KM_ASK_SCOPE = 2,      /* the client's scopes cover it */
    KM_ASK_MEMBER = 4,     /* the organisation is in the network */
    KM_ASK_PURPOSE = 8,    /* the purpose is not forbidden here */
    KM_ASK_LEASE = 16,     /* the consents are known to be current (§2.3) */
    KM_ASK_ALL = 31
};
/* Facts of one record that the caller does not know. In a decision an unknown fact counts as not
 * understood; for km_consent_chart it is what makes the answer depend on the record. */
enum {
    KM_FACT_CLASS = 1,
    KM_FACT_CODES = 2,
    KM_FACT_LABELS = 4,
    KM_FACT_TIME = 8,
    KM_FACT_RECORD = 16,
    KM_FACTS = 31
};

typedef enum km_grant { /* break-glass, §2.4 */
                        KM_GRANT_NONE = 0,
                        KM_GRANT_MINIMUM, /* a valid grant of this clinician for this person */
                        KM_GRANT_FULL     /* a second clinician extended it */
} km_grant;

typedef enum km_own { /* who asks under PATRQT: trust/consent/proxy.h decides the second */
                      KM_OWN_NONE = 0,
                      KM_OWN_PERSON,
                      KM_OWN_PROXY
} km_own;

typedef struct km_consent_request {
    unsigned passed; /* KM_ASK_* */
    km_own own;
    km_grant grant;
    bool related; /* a live treatment relation was found */
    km_ms now;

    /* Every name under which the requester acts: "Practitioner/1", "Organization/2",
     * "CareTeam/3", "Device/4", "RelatedPerson/5", "Patient/6", identifiers as "system|value",
     * hcRole as "role:physician". A name left out is a name no deny can hit: give all. */
    const km_str *actor;
    size_t actors;
    km_str network; /* as in Consent.organization: "Organization/n1" or "system|value" */
    km_str action;  /* consentaction: access, correct, disclose ... */
    km_str purpose; /* v3 PurposeOfUse: TREAT, ETREAT, ... */

    unsigned unknown; /* KM_FACT_* */
    km_str klass;     /* resource type */
    const km_str *code;
    size_t codes; /* "system|code" */
    const km_str *label;
    size_t labels; /* PSY, HIV, N, R ...; other systems "system|code" */
    km_ms time;    /* of the data */
    km_str record; /* "Observation/1" */
    km_str author; /* the authoring organisation; kept in the snapshot */
} km_consent_request;

/* What the network's rules say. A zeroed one denies. */
typedef enum km_consent_basis {
    KM_BASIS_OPT_IN = 0, /* sharing of care: nothing without a permit */
    KM_BASIS_OPT_OUT,    /* certified anonymisation: permitted unless refused */
    KM_BASIS_LAW         /* eligibility, claims: the law, no consent is asked */
} km_consent_basis;
typedef struct km_consent_network {
    km_str id;
    km_consent_basis basis;
    bool notice_needed; /* opt-out counts only after the person was told (the law's notice) */
    km_ms notice_at;    /* 0: not told */
    bool unrelated_may; /* TREAT without a relation: permitted and flagged, else denied */
} km_consent_network;

/* --- answered ------------------------------------------------------------------------ */
typedef enum km_consent_answer { KM_DENY = 0, KM_PERMIT_MINIMUM, KM_PERMIT } km_consent_answer;

typedef enum km_consent_reason {
    KM_WHY_NONE = 0,
#define REASON(name, code, en, ja) KM_WHY_##name,
#include "trust/consent/reasons.def"
#undef REASON
    KM_WHYS
} km_consent_reason;
const char *km_consent_reason_code(km_consent_reason r); /* stable: "restricted-label" */
const char *km_consent_reason_en(km_consent_reason r);
const char *km_consent_reason_ja(km_consent_reason r);
const char *km_consent_answer_code(km_consent_answer a); /* permit, permit-minimum, deny */

/* What the caller must do with the answer. */
enum {
    KM_DUTY_UNEXPLAINED = 1,   /* no treatment relation explains it: to risk detection */
    KM_DUTY_MINIMUM_SET = 2,   /* show the minimum set only */
    KM_DUTY_NOTIFY = 4,        /* person, proxy, home doctor */
    KM_DUTY_REVIEW = 8,        /* a case, within 72 h */
    KM_DUTY_TELL_REFUSAL = 16, /* tell the clinician that the person had refused */
    KM_DUTY_HIDE_WHOLLY = 32   /* leave it out of counts, timelines and lists too */
};

typedef struct km_decision {
    km_consent_answer answer;
    km_consent_reason reason;
    unsigned duties;
    int32_t consent; /* index of the consent that decided, -1: none */
    uint16_t depth;  /* path of the node: provision[path[0]].provision[path[1]]...; 0: its base */
    uint16_t path[KM_CONSENT_DEPTH];
} km_decision;

/* trust.md §2.2, in its order. The consents are those of one person; which of them count (active,
 * this network, newest of their category) is decided here. */
void km_consent_decide(km_decision *out, const km_consent_request *r,
                       const km_consent_network *network, const km_consent *consent,
                       size_t consents);

/* One answer for a whole chart, from a request whose record facts are (partly) unknown. NONE and
 * ALL promise that km_consent_decide gives deny, or *all, for every record; ASK promises nothing.
 * While labels are unknown the answer is never ALL outside an emergency: say that a chart has no
 * labelled rows by leaving KM_FACT_LABELS out with labels 0. */
typedef enum km_consent_parts { KM_PARTS_NONE = 0, KM_PARTS_ASK, KM_PARTS_ALL } km_consent_parts;
km_consent_parts km_consent_chart(km_consent_answer *all, const km_consent_request *r,
                                  const km_consent_network *network, const km_consent *consent,
                                  size_t consents);

/* SHA-256 over request, network and the digests of the consents, in their order: whoever has these
 * again can replay the decision. Apart from deciding, since it costs more than that and is needed
 * once per audit entry, not per record. */
void km_consent_snapshot(unsigned char out[KM_SHA256_LEN], const km_consent_request *r,
                         const km_consent_network *network, const km_consent *consent,
                         size_t consents);

/* --- told ---------------------------------------------------------------------------- */
/* The word for a security label of a record, as consents are asked by it; empty: no code. */
km_str km_consent_label(km_arena *a, km_str system, km_str code);
/* Labels that no general consent opens, separated by blanks. */
extern const char km_consent_restricted[];
/* Does any of them ask which codes a record holds? If none does, they need not be told. */
bool km_consent_asks_codes(const km_consent *consent, size_t consents);

/* In words, one line a node; lang is "ja" or "en". */
void km_consent_explain(km_buf *out, km_consent c, const char *lang);

/* A line of the compact form: {network: {id, default}, consents, request}. What it points to lives
 * in the arena and in the text. The door's checks count as passed and the relation as found. */
typedef struct km_consent_case {
    km_consent_request request;
    km_consent_network network;
    const km_consent *consent;
    size_t consents;
} km_consent_case;
km_code km_consent_read_case(km_consent_case *out, km_arena *a, km_jv line, km_fault *f);

#endif
