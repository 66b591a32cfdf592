/* SPDX-License-Identifier: Apache-2.0
 *
 * entry: one line of the audit: who did what, in which role, for what purpose, on what basis, about
 * whom and which records were shown. A superset of what IHE BALP and the MHLW guideline (v6.0,
 * operation, ch. 17) ask for.
 *
 * - Its text is JSON in one fixed order without blanks; that text is what is stored and hashed.
 *   print(parse(x)) = x for every text that print made.
 * - No person's name, diagnosis or searched value stands in it, ever: persons are chart numbers,
 *   routes are templates, searches are the names of their parameters (decision 23). A member of
 *   the staff may be named.
 * - Empty members are not written. Records shown are runs: a type, then id/version each.
 */
#ifndef KM_TRUST_AUDIT_ENTRY_H
#define KM_TRUST_AUDIT_ENTRY_H

#include "base/call.h"
#include "codec/json/json.h"

typedef enum km_audit_kind {
    KM_AUDIT_NONE = 0,
#define KIND(name, text) KM_AUDIT_##name,
#include "trust/audit/kinds.def"
#undef KIND
    KM_AUDIT_KINDS_END
} km_audit_kind;
const char *km_audit_kind_text(km_audit_kind k);
km_audit_kind km_audit_kind_named(km_str text); /* KM_AUDIT_NONE: no such */

typedef struct km_audit_agent {
    km_str id, role, name, organisation, client, address, thumbprint, session;
    bool second_factor;
} km_audit_agent;

typedef struct km_audit_shown {
    km_str type, id;
    int32_t version; /* 0: not known */
} km_audit_shown;

enum { KM_AUDIT_UNEXPLAINED = 1, KM_AUDIT_EMERGENCY = 2 };

typedef struct km_audit_entry {
    km_ms at;
    km_audit_kind kind;
    km_str outcome; /* "ok" or the fault's name; empty: not known yet */
    km_audit_agent agent;
    km_str purpose, route, reason, request;
    const km_str *query; /* names of parameters */
    size_t queries;
    const km_str *basis; /* consent ids with their path, grant, relation, law */
    size_t bases;
    unsigned flags;
    const int64_t *chart;
    size_t charts;
    const km_audit_shown *shown;
    size_t shows;
    int64_t bytes_out;
} km_audit_entry;

enum { KM_AUDIT_CHARTS_MAX = 100000, KM_AUDIT_SHOWN_MAX = 100000, KM_AUDIT_NAMES_MAX = 1000 };

/* KM_TOO_LONG above the limits, KM_BAD_VALUE where a text is not UTF-8 or a route or parameter
 * holds a '?' or a '='; a time or kind must be there (KM_REQUIRED). */
km_code km_audit_entry_print(km_buf *out, const km_audit_entry *e, km_fault *f);
/* What it points to lives in the arena and in `text`. KM_MALFORMED, KM_INVALID, KM_TOO_LONG. */
km_code km_audit_entry_parse(km_audit_entry *out, km_str text, km_arena *a, km_fault *f);

#endif
