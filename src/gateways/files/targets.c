/* SPDX-License-Identifier: Apache-2.0
 *
 * targets: references may come before what they refer to, so they are judged when everything is in:
 * what was written is remembered by hash, what is needed by name; at the end the rest is asked of
 * the node.
 */
#include "gateways/files/inside.h"

#include <stdlib.h>

enum { NEEDED_MAX = 4000000, RECENT = 1 << 18 };

typedef struct set { /* of 64-bit hashes, open addressing; 0 = empty */
    uint64_t *slot;
    size_t n, room;
} set;

typedef struct need {
    int32_t source;
    km_ftype type;
    char id[65];
    uint64_t hash;
} need;

struct km_targets {
    pthread_mutex_t lock;
    uint64_t *recent; /* hashes of what was written lately, each at its own place; 0 = none */
    set asked;
    need *need;
    size_t n, room;
    bool overflow;
};

static uint64_t hash_of(int32_t source, km_ftype type, km_str id)
{
    uint64_t h = km_siphash((km_sipkey){ (uint64_t)source, type }, id.p, id.n);
    return h ? h : 1;
}

static bool put(set *s, uint64_t h)
{
    if (s->n * 2 >= s->room) {
        set bigger = { calloc(s->room ? s->room * 2 : 4096, sizeof(uint64_t)), 0,
                       s->room ? s->room * 2 : 4096 };
        if (bigger.slot == NULL)
            abort();
        for (size_t i = 0; i < s->room; i++)
            if (s->slot[i] != 0)
                put(&bigger, s->slot[i]);
        free(s->slot);
        *s = bigger;
    }
    size_t i = h & (s->room - 1);
    for (; s->slot[i] != 0; i = (i + 1) & (s->room - 1))
        if (s->slot[i] == h)
            return false;
    s->slot[i] = h;
    s->n++;
    return true;
}

/* References mostly lead to what came shortly before. What is forgotten here is asked of the node
 * at the end, so an import of any length needs no more memory. */
static bool wrote_lately(const km_targets *t, uint64_t h)
{
    return t->recent[h % RECENT] == h;
}

km_targets *km_targets__new(void)
{
    km_targets *t = calloc(1, sizeof *t);
    if (t == NULL)
        abort();
    pthread_mutex_init(&t->lock, NULL);
    t->recent = calloc(RECENT, sizeof *t->recent);
    if (t->recent == NULL)
        abort();
    return t;
}

void km_targets__free(km_targets *t)
{
    pthread_mutex_destroy(&t->lock);
    free(t->recent);
    free(t->asked.slot);
    free(t->need);
    free(t);
}

void km_targets__wrote(km_targets *t, int32_t source, km_ftype type, km_str id)
{
    uint64_t h = hash_of(source, type, id);
    pthread_mutex_lock(&t->lock);
    t->recent[h % RECENT] = h;
    pthread_mutex_unlock(&t->lock);
}

typedef struct needing {
    km_targets *t;
    int32_t source;
} needing;

static void add_need(km_targets *t, int32_t source, const km_reference *ref)
{
    uint64_t h = hash_of(source, ref->type, ref->id);
    if (wrote_lately(t, h) || !put(&t->asked, h))
        return;
    if (t->n == NEEDED_MAX) {
        t->overflow = true;
        return;
    }
    if (t->n == t->room) {
        t->room = t->room ? t->room * 2 : 1024;
        t->need = realloc(t->need, t->room * sizeof *t->need);
        if (t->need == NULL)
            abort();
    }
    need *one = &t->need[t->n++];
    *one = (need){ .source = source, .type = ref->type, .hash = h };
    memcpy(one->id, ref->id.p, ref->id.n);
}

static void found(void *self, km_jv value, km_str text)
{
    needing *x = self;
    km_reference ref;
    (void)value;
    if (!km_reference_parse(&ref, text) || ref.contained || ref.urn || ref.base.n > 0
        || ref.type == 0 || ref.id.n == 0 || ref.id.n > 64)
        return;
    pthread_mutex_lock(&x->t->lock);
    add_need(x->t, x->source, &ref);
    pthread_mutex_unlock(&x->t->lock);
}

void km_targets__need(km_targets *t, int32_t source, km_jv resource, km_ftype type)
{
    needing x = { t, source };
    km_fhir_references(resource, type, found, &x);
}

km_code km_targets__missing(int64_t *out, km_targets *t, km_node *n)
{
    km_own_call own;
    km_reader *r;
    km_own_call_open(&own, n, "import", (size_t)1 << 30);
    km_code rc = km_reader_open(&r, n->log, km_trust_job_access("import", own.call.arena),
                                &own.call);
    *out = 0;
    if (rc == KM_OK) {
        for (size_t i = 0; i < t->n; i++) {
            int64_t chart, rid;
            if (wrote_lately(t, t->need[i].hash))
                continue;
            km_code one = km_reader_locate(&chart, &rid, r, t->need[i].type,
                                           km_str_of(t->need[i].id), t->need[i].source);
            *out += one == KM_NOT_FOUND;
            km_fault_clear(&own.fault);
        }
        km_reader_close(r);
    }
    km_own_call_close(&own);
    return rc;
}
