/* SPDX-License-Identifier: Apache-2.0
 *
 * access_make: how an access is made. For `trust` (and record itself) only, see LAYERS.
 */
#ifndef KM_RECORD_ACCESS_MAKE_H
#define KM_RECORD_ACCESS_MAKE_H

#include "record/access.h"

typedef struct km_access_rules {
    bool (*covers_chart)(const km_access *a, int64_t chart);
    bool (*is_partial)(const km_access *a, km_ftype type);
    bool (*covers)(const km_access *a, int64_t chart, km_ftype type, int64_t rid);
    /* Writes the second half of the audit entry; durable when it returns KM_OK. */
    km_code (*release)(km_access *a, struct km_record *const *shown, size_t n, km_fault *f);
} km_access_rules;

struct km_access {
    const km_access_rules *rules;
    bool covers_all;
    void *decision; /* trust's own */
};

#endif
