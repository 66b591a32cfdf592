/* SPDX-License-Identifier: Apache-2.0
 *
 * scope: the scopes of SMART App Launch 2.0: what an app asks for, what it may get, and whether
 * what it got allows an act. Pure.
 *
 * - Text: names separated by single spaces (RFC 6749 §3.3). Resource scopes are
 *   (patient|user|system)/(Type|*).(c?r?u?d?s?)[?param=value&...], letters in that order; the first
 *   version's .read, .write and .* are read as .rs, .cud and .cruds and printed so.
 * - A scope of another shape is refused; a name that is none of ours is passed over, as RFC 6749
 *   §3.3 allows: the answer says what was granted.
 * - Scopes narrow and never widen: an app's token may what its role may and its scopes say.
 */
#ifndef KM_TRUST_WHO_SCOPE_H
#define KM_TRUST_WHO_SCOPE_H

#include "trust/who/who.h"

enum { KM_SCOPES_MAX = 100, KM_SCOPE_TEXT_MAX = 4096, KM_SCOPE_EVERY = 31 };

typedef struct km_scopes {
    const km_scope *scope; /* without two of the same kind, type and limit */
    size_t n;
    bool openid, profile, fhir_user, offline, online;
    bool launch, launch_patient; /* EHR launch, standalone launch */
} km_scopes;

/* What it points to lives in the arena and in `text`. KM_BAD_VALUE: a scope of the wrong form, an
 * unknown type or search parameter; KM_TOO_LONG. The fault's path is "scope". */
km_code km_scopes_parse(km_scopes *out, km_str text, km_arena *a, km_fault *f);
km_str km_scopes_print(const km_scopes *s, km_arena *a);

/* What both hold: asked for and registered. Where both have a limit, both count. KM_TOO_LONG where
 * that is more than KM_SCOPES_MAX. */
km_code km_scopes_meet(km_scopes *out, const km_scopes *x, const km_scopes *y, km_arena *a,
                       km_fault *f);
/* Leaves of each scope what is in `may`, and drops what is empty then; keeps the kinds whose bit
 * (1 << km_scope_of) is in `kinds`. */
void km_scopes_narrow(km_scopes *s, unsigned kinds, unsigned may, km_arena *a);

/* What the scopes of an app leave of the records of a type. */
typedef struct km_scope_reach {
    bool whole; /* nothing is left out: our own pages, or a scope without limit for all persons */
    const km_scope *by[KM_SCOPES_MAX]; /* otherwise: a record is covered that one of these covers */
    size_t n;
} km_scope_reach;
/* May `who` do this to records of the type at all? `may` is one of KM_SCOPE_*. A scope of the
 * reach covers a record when of == KM_SCOPE_PATIENT asks it to be who->patient's, and limit to be
 * found by that search. `out` may be NULL. */
bool km_scopes_allow(km_scope_reach *out, const km_who *who, km_ftype type, unsigned may);

#endif
