/* SPDX-License-Identifier: Apache-2.0
 *
 * charts: the writer's memory of which chart a source's patient has, so that the table is asked
 * once. A bounded open-addressing table; when full it is emptied, never wrong.
 */
#include "record/inside.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS = 16384, FULL = SLOTS * 3 / 4 };

typedef struct slot {
    int64_t chart; /* 0 = empty */
    int32_t source;
    uint8_t n;
    char patient[64];
} slot;

struct km_chart_names {
    slot slot[SLOTS];
    size_t used;
};

km_chart_names *km_charts__new(void)
{
    km_chart_names *c = calloc(1, sizeof *c);
    assert(c != NULL);
    return c;
}

void km_charts__free(km_chart_names *c)
{
    free(c);
}

static size_t place(const km_chart_names *c, int32_t source, km_str patient)
{
    /* No secret: the table is bounded and refilled from the store, a crowd costs time only. */
    uint64_t h = km_siphash((km_sipkey){ (uint64_t)source, 0 }, patient.p, patient.n);
    for (size_t i = h % SLOTS;; i = (i + 1) % SLOTS) {
        const slot *s = &c->slot[i];
        if (s->chart == 0
            || (s->source == source && s->n == patient.n
                && memcmp(s->patient, patient.p, patient.n) == 0))
            return i;
    }
}

int64_t km_charts__find(const km_chart_names *c, int32_t source, km_str patient)
{
    return patient.n <= 64 ? c->slot[place(c, source, patient)].chart : 0;
}

void km_charts__put(km_chart_names *c, int32_t source, km_str patient, int64_t chart)
{
    assert(patient.n <= 64 && chart > 0);
    if (c->used >= FULL)
        km_charts__clear(c);
    slot *s = &c->slot[place(c, source, patient)];
    c->used += s->chart == 0;
    s->chart = chart;
    s->source = source;
    s->n = (uint8_t)patient.n;
    memcpy(s->patient, patient.p, patient.n);
}

void km_charts__clear(km_chart_names *c)
{
    memset(c, 0, sizeof *c);
}
