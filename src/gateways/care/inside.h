/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the gateway share.
 */
#ifndef KM_GATEWAYS_CARE_INSIDE_H
#define KM_GATEWAYS_CARE_INSIDE_H

#include "codec/layout/judge.h"
#include "gateways/care/care_gateway.h"
#include "platform/entries.h"

/* A LIFE file: its form by line 1, its columns by line 2. */
typedef struct km_life {
    km_str text;                  /* without a byte order mark */
    km_rows rows;                 /* at the first line of data */
    const km_layout_record *form; /* NULL: unknown */
    /* The form's fields in the order of the file's columns; field 0 is the first column's, as
     * km_judge_row wants it behind a record's id. */
    km_layout_record columns;
    bool utf8;
} km_life;

/* --- sheet.c --- */
bool km_care__is(km_str text);
km_code km_care__open(km_life *out, km_judge *j, km_str text, km_fault *f);
/* A row of data with room for a record's id before it, unquoted. False at the end. */
bool km_care__next(km_row *out, km_life *l, km_arena *a);
/* The value of the column with that English name, as UTF-8, trimmed. */
km_str km_care__value(const km_life *l, const km_row *row, km_arena *a, const char *name);

/* --- records.c --- */
void km_care__row(km_jw *w, const km_life *l, const km_row *row, km_arena *a);

#endif
