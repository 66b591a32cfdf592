/* SPDX-License-Identifier: Apache-2.0
 *
 * names: (owner, name) -> two numbers. Filled at start, then only read; open addressing, at
 * most half full. One key may be entered several times (a code that stands in two systems).
 */
#ifndef KM_CODEC_FHIR_NAMES_H
#define KM_CODEC_FHIR_NAMES_H

#include "base/arena.h"

typedef struct km_name {
    const char *p; /* NULL: the slot is empty */
    uint32_t hash;
    uint16_t n, owner;
    uint16_t a, b;
} km_name;

typedef struct km_names {
    km_name *slot;
    uint32_t mask;
    uint32_t n;
} km_names;

km_names km_fhir__names_new(km_arena *a, size_t expected);
/* The bytes must live as long as the table. */
void km_fhir__names_add(km_names *t, uint16_t owner, km_str name, uint16_t a, uint16_t b);
/* NULL when there is none. */
const km_name *km_fhir__names_find(const km_names *t, uint16_t owner, km_str name);
/* The next entry with the same key. */
const km_name *km_fhir__names_again(const km_names *t, const km_name *found);

#endif
