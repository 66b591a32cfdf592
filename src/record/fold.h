/* SPDX-License-Identifier: Apache-2.0
 *
 * fold: how a view follows the log. fold(old version, new version) -> rows out, rows in;
 * pure in both, so that it can take back what it once put in (decision 4).
 *
 * `rows` is pure and runs on any thread, before the writer is held. `add` and `remove` note rows
 * for the writer's group; `flush` writes all noted rows to the store at once, sorted, and is called
 * before a precondition asks the view and before commit. `drop` forgets what was noted since the
 * last flush (a failed group).
 */
#ifndef KM_RECORD_FOLD_H
#define KM_RECORD_FOLD_H

#include "base/hash.h"
#include "codec/fhir/fhir.h"
#include "record/record.h"
#include "store/store.h"

/* What a fold sees of one version. */
typedef struct km_folding {
    int64_t chart, rid; /* filled before add/remove; NOT known to `rows` */
    km_ftype type;
    km_str id;
    int32_t source;
    km_str owner; /* logical id of the chart's Patient (for a Patient: its own id) */
    km_jv resource;
    km_sipkey key;
} km_folding;

typedef struct km_fold_def {
    const char *name;
    int version; /* a higher one than the store's asks for a rebuild */
    /* The rows of one version, opaque to all others, in the arena. */
    km_code (*rows)(void **out, const km_folding *v, km_arena *a, km_fault *f);
    /* State of the writer for this fold; made once per log. */
    void *(*open)(void);
    void (*close)(void *state);
    void (*add)(void *state, const km_folding *v, const void *rows);
    void (*remove)(void *state, const km_folding *v, const void *rows);
    km_code (*flush)(void *state, km_conn *c, km_fault *f);
    void (*drop)(void *state);
    /* Erasure: every row of the chart goes. Each current version has been removed before, so this
     * is for what is found by the chart; `scour` (may be NULL) is asked too when a version could
     * not be read, and looks through all rows. Rebuild: `clear`, every row goes. Within a
     * transaction. */
    km_code (*forget)(void *state, km_conn *c, int64_t chart, km_fault *f);
    km_code (*scour)(void *state, km_conn *c, int64_t chart, km_fault *f);
    km_code (*clear)(void *state, km_conn *c, km_fault *f);
} km_fold_def;

#endif
