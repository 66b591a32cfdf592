/* SPDX-License-Identifier: Apache-2.0
 *
 * grants_inside: what the files of grants share.
 */
#ifndef KM_TRUST_GRANTS_INSIDE_H
#define KM_TRUST_GRANTS_INSIDE_H

#include "trust/consents.h"
#include "trust/grants.h"

enum { KM_GRANT_WORDS_MOST = 2000 }; /* bytes */

/* Without spaces at its ends; KM_REQUIRED below the least, KM_TOO_LONG. */
km_code km_grants__words(km_str *out, km_str words, const char *path, km_fault *f);
/* Role, second factor: may they break the glass? Zero time never counts as shown. */
km_code km_grants__may(const km_who *who, km_ms now, km_fault *f);
/* Does the organisation stand in the table? */
km_code km_grants__site(bool *out, km_conn *c, km_str organisation, km_fault *f);

/* Columns of grant_get, copied into the arena. */
void km_grants__row(km_granted *out, km_stmt *st, km_arena *a);
/* With the keys of both clinicians, which leave this folder with nobody. */
typedef struct km_grants__pair {
    km_str issuer, subject, second_issuer, second_subject;
} km_grants__pair;
km_code km_grants__get(km_granted *out, km_grants__pair *pair, km_conn *c, int64_t number,
                       km_arena *a, km_fault *f);

/* The next number of a table, on the writer's transaction. */
km_code km_grants__next(int64_t *out, km_conn *c, const char *query, km_fault *f);

typedef struct km_grants__telling {
    int64_t chart, about;
    km_notice_kind kind;
    const km_who *who;
    const km_str *home;
    size_t homes;
    km_ms at;
} km_grants__telling;
/* Writes the notices to the person, to who stands for them, and to the home doctors. */
km_code km_grants__tell(km_conn *c, const km_grants__telling *t, km_fault *f);
/* To all who were told of the grant before. */
km_code km_grants__tell_again(km_conn *c, const km_granted *g, km_notice_kind kind,
                              const km_who *who, km_ms at, km_arena *a, km_fault *f);

#endif
