/* SPDX-License-Identifier: Apache-2.0
 *
 * synth: a region that never existed, as the FHIR files its institutions would send.
 *
 * Same seed, same bytes, on any machine: no clock, no floating-point library function whose
 * result may differ, no order of a hash table. Everybody and every institution is invented.
 */
#ifndef KM_SYNTH_SYNTH_H
#define KM_SYNTH_SYNTH_H

#include "base/call.h"

typedef struct km_synth_options {
    int64_t people; /* about how many; families are kept whole */
    uint64_t seed;
    const char *out; /* directory, made when missing */
} km_synth_options;

typedef struct km_synth_report {
    int64_t people, institutions, charts, files, resources, bytes;
} km_synth_report;

/* Writes DIR/INSTITUTION/NAME.json (transaction Bundles, one for each chart),
 * DIR/INSTITUTION/source.json and DIR/truth/persons.tsv (who is who; no gateway reads it). tick
 * (may be NULL) is asked after each person; false stops with KM_CANCELLED. */
km_code km_synth_write(km_synth_report *out, const km_synth_options *o,
                       bool (*tick)(void *self, int64_t done, int64_t all), void *self,
                       km_fault *f);

#endif
