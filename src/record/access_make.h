/* SPDX-License-Identifier: Apache-2.0
 *
 * access_make: how an access is made. For `trust` (and record itself) only, see LAYERS.
 */
#ifndef KM_RECORD_ACCESS_MAKE_H
#define KM_RECORD_ACCESS_MAKE_H

#include "record/log.h"

/* Those that may be NULL say so. */
typedef struct km_access_rules {
    bool (*covers_chart)(const km_access *a, int64_t chart);
    bool (*is_partial)(const km_access *a, km_ftype type);
    bool (*covers)(const km_access *a, int64_t chart, km_ftype type, int64_t rid);
    /* A version that is not the current one, by what it says itself. NULL: as the current one. */
    bool (*covers_version)(const km_access *a, struct km_record *r);
    /* The access was given to a reader: what it decides from now on, it decides in that one's
     * snapshot. NULL: it reads nothing. */
    void (*bound)(km_access *a, km_reader *r);
    /* A fault met while deciding, where something was hidden for it. NULL: none ever. */
    km_code (*failed)(const km_access *a, km_fault *f);
    /* Writes the second half of the audit entry; durable when it returns KM_OK, or told in *owed.
     */
    km_code (*release)(km_access *a, struct km_record *const *shown, size_t n, km_fault *f);
} km_access_rules;

struct km_access {
    const km_access_rules *rules;
    bool covers_all;
    void *decision; /* trust's own */
    int64_t *owed;  /* km_access_defer */
};

void km_access_bind(km_access *a, km_reader *r);

/* Reads a current record without asking the access: for deciding about it. KM_NOT_FOUND. */
km_code km_reader_peek(km_record **out, km_reader *r, int64_t rid);
/* The source and the patient of a chart, without asking; KM_NOT_FOUND. */
km_code km_reader_peek_chart(km_chart *out, km_reader *r, int64_t chart);
/* The chart of the Patient with this id: `source`'s own, else the only one there is: an id that
 * several other sources have names nobody. KM_NOT_FOUND without a word in the call's fault. */
km_code km_reader_peek_patient(int64_t *chart, km_reader *r, km_str id, int32_t source);
/* The current Patient of a chart. KM_NOT_FOUND. */
km_code km_reader_peek_chart_patient(km_record **out, km_reader *r, int64_t chart);

#endif
