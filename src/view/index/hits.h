/* SPDX-License-Identifier: Apache-2.0
 *
 * hits: the small door behind which index rows stand: (param, value, chart, rid).
 *
 * Today rows of one table without rowid (S1 of the measured schemes); posting blobs may
 * take their place behind the same door.
 */
#ifndef KM_VIEW_INDEX_HITS_H
#define KM_VIEW_INDEX_HITS_H

#include "store/store.h"
#include "view/index/keys.h"

typedef struct km_spot { /* where a match stands */
    int64_t chart, rid;
} km_spot;

typedef struct km_spots {
    km_spot *s;
    size_t n, room;
    bool sorted; /* by chart, then rid, without doubles */
} km_spots;

/* Spots whose value lies in [low, high] (both included, memcmp order); high with `prefix`: every
 * value that begins with it. `keep` (may be NULL) looks at value and spot and says whether it
 * counts. Appends. */
typedef struct km_range {
    uint16_t param;
    km_key low, high;
    bool prefix; /* high ignored: values that start with low */
} km_range;
typedef bool (*km_hit_keep)(void *self, km_str value, km_spot s);
km_code km_hits_ids(km_spots *out, km_conn *c, const km_range *r, km_hit_keep keep, void *self,
                    km_arena *a, km_fault *f);
/* How many rows, at most `limit`: for choosing where to begin. */
km_code km_hits_count(int64_t *out, km_conn *c, const km_range *r, int64_t limit, km_fault *f);
/* Is there a row with exactly this value at this spot? */
km_code km_hits_has(bool *out, km_conn *c, uint16_t param, const km_key *value, km_spot s,
                    km_fault *f);

/* Spots of one chart with exactly this value. Appends. */
km_code km_hits_in_chart(km_spots *out, km_conn *c, uint16_t param, const km_key *value,
                         int64_t chart, km_arena *a, km_fault *f);

void km_spots_add(km_spots *s, km_arena *a, km_spot one);
void km_spots_sort(km_spots *s);
void km_spots_intersect(km_spots *into, const km_spots *with); /* both sorted */
void km_spots_subtract(km_spots *from, const km_spots *what);  /* both sorted */
bool km_spots_have(const km_spots *s, km_spot one);

#endif
