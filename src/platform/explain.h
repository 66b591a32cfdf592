/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: files of rows in words, with the names of their layout and what is wrong with them
 * below the line it is about, for the person who has to find the mistake. Characters that would
 * talk to a terminal are shown as '?'.
 */
#ifndef KM_PLATFORM_EXPLAIN_H
#define KM_PLATFORM_EXPLAIN_H

#include <stdio.h>

#include "codec/layout/judge.h"

enum { KM_FINDINGS_KEPT = 100000 };

typedef struct km_findings {
    km_finding *found; /* sorted by line and field once shown */
    size_t n, shown;
    int64_t more; /* beyond those kept */
} km_findings;
km_findings *km_findings_new(km_arena *a);
/* A km_judge's tell; self is the findings. */
void km_findings_keep(void *self, const km_finding *f);

typedef struct km_explaining {
    FILE *out;
    bool ja;
    km_arena *arena;
    km_findings *findings;
    bool utf8; /* the text, else CP932 */
} km_explaining;

/* The row, its fields that are not empty, and its findings; `record` NULL: not in the layout. */
void km_explain_row(km_explaining *e, const km_layout_record *record, const km_row *row);
/* What no row was shown for. */
void km_explain_rest(km_explaining *e);
/* The rest, and how many errors and warnings there are. */
void km_explain_end(km_explaining *e, const km_judge *j);

#endif
