/* SPDX-License-Identifier: Apache-2.0
 *
 * receden: claim files (レセプト電算処理, UKE) of medical, DPC, dental and pharmacy.
 *
 * A file is one institution (IR, YK or UK), then claims (RE and what belongs to it), then the
 * totals (GO). What records there are and what stands in them, the tables uke_*.tsv of codec/layout
 * say; what can be wrong, uke_reasons.tsv. Checking tells every finding with line, field and reason
 * and never stops before the end of the file.
 */
#ifndef KM_CODEC_RECEDEN_RECEDEN_H
#define KM_CODEC_RECEDEN_RECEDEN_H

#include "codec/layout/judge.h"

typedef enum km_receden_kind {
    KM_RECEDEN_MEDICAL,
    KM_RECEDEN_DPC,
    KM_RECEDEN_DENTAL,
    KM_RECEDEN_PHARMACY,
    KM_RECEDEN_KINDS
} km_receden_kind;
/* "medical"; "医科" */
const char *km_receden_kind_name(km_receden_kind k, bool ja);

/* A file that begins with IR, UK, YK or RE, a comma and a digit is a claim file, sound or not. */
bool km_receden_is(km_str text);
/* By the header's fee table and, for DPC, the first claim's records. */
km_receden_kind km_receden_kind_of(km_str text);
/* The layout of a kind; from the month of its request when `text` says one. */
km_code km_receden_layout(km_layout **out, km_arena *a, km_str text, km_fault *f);

typedef struct km_receden_sums {
    km_receden_kind kind;
    int64_t records, claims, errors, warnings;
} km_receden_sums;

typedef struct km_receden_teller {
    void (*tell)(void *self, const km_finding *p); /* NULL: only counted */
    void *self;
} km_receden_teller;
km_code km_receden_check(km_receden_sums *out, km_arena *a, km_str text, km_receden_teller teller,
                         km_fault *f);

#endif
