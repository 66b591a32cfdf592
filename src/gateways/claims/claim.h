/* SPDX-License-Identifier: Apache-2.0
 *
 * claim: one claim of a file and what it becomes.
 */
#ifndef KM_GATEWAYS_CLAIMS_CLAIM_H
#define KM_GATEWAYS_CLAIMS_CLAIM_H

#include "gateways/claims/write.h"

typedef struct km_claim_file {
    km_str institution;    /* ten digits: prefecture, fee table, code */
    km_str institution_id; /* of the Organization */
    km_str name;
    int request_month; /* YYYYMM, 0 when not told */
} km_claim_file;

/* A claim's lines, read as often as needed: nothing of them is kept. */
typedef struct km_claim {
    const km_claim_file *file;
    km_str text;
    uint32_t line; /* of its RE */
    km_arena *arena;
    int month;
    km_str kind, admission, patient, encounter, id;
    km_str coverage[5], condition[256];
    bool main[256];
    size_t coverages, conditions;
    int64_t total; /* points of HO, else of KO */
} km_claim;

static inline km_str km_claim_at(const km_row *row, uint32_t field)
{
    return field < row->fields ? row->field[field] : KM_STR_NONE;
}

/* Patient, Coverage, Encounter, Condition: whose it is. KM_INVALID when that is not told. */
km_code km_claim__person(km_claim *c, km_jw *w, km_fault *f);
/* Procedure, MedicationRequest, Claim: what was done. */
void km_claim__care(km_claim *c, km_jw *w);
void km_claim__organization(const km_claim_file *file, km_jw *w);

#endif
