/* SPDX-License-Identifier: Apache-2.0
 *
 * classes: the access classes of the reform's table of three columns (trust.md §2.7): what a region
 * shares, what the nation shares, what an emergency shows; item by item.
 *
 * - The items stand in data/classes/items.tsv: the 64 of the table (50, 43 and 26 of them shown)
 *   and what this project adds, which is marked as ours.
 * - Which records carry an item stands in data/classes/carriers.tsv. A record may carry several; a
 *   class shows it when it shows any of them, and a record that carries none is in no class.
 * - A record that says itself what it carries (meta.tag, system urn:kumihimo:item) is believed: who
 *   brings a file in knows more than its FHIR tells. It can only be believed for charts of its own
 *   source, so nobody opens another's record by a tag.
 * - Pure: no clock, no I/O; made once, then read by all threads.
 */
#ifndef KM_TRUST_CLASSES_CLASSES_H
#define KM_TRUST_CLASSES_CLASSES_H

#include "codec/fhir/fhir.h"

typedef enum km_access_class {
    KM_CLASS_NONE, /* shows nothing */
    KM_CLASS_REGION,
    KM_CLASS_NATION,
    KM_CLASS_EMERGENCY,
    KM_CLASSES
} km_access_class;

/* A set of items: bit n is row n of items.tsv. */
typedef struct km_carried {
    uint64_t bits[2];
} km_carried;

typedef struct km_shared_item {
    km_str id; /* "T19", "K01" */
    km_str ja, en;
    bool shown[KM_CLASSES];
    bool ours; /* not in the reform's table */
} km_shared_item;

/* km_fhir_load comes first. A wrong table is our own mistake and ends the process. */
typedef struct km_classes km_classes;
km_classes *km_classes_new(void);
void km_classes_free(km_classes *c);

/* All items in the table's order. */
size_t km_classes_items(const km_shared_item **out, const km_classes *c);
const char *km_class_name(km_access_class k); /* "none" "region" "nation" "emergency" */

/* What a record carries. Its own work is undone in the arena. KM_TOO_COSTLY where a record is made
 * to be costly: then it carries nothing. */
km_code km_classes_carried(km_carried *out, const km_classes *c, km_jv resource, km_arena *a,
                           km_fault *f);

/* Of what is carried, what the class shows; empty: the record is not shown. */
km_carried km_classes_shown(const km_classes *c, km_access_class k, km_carried items);
static inline bool km_carried_any(km_carried s)
{
    return (s.bits[0] | s.bits[1]) != 0;
}
static inline bool km_carried_has(km_carried s, size_t item)
{
    return (s.bits[item / 64] >> (item % 64) & 1) != 0;
}

#endif
