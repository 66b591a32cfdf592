/* SPDX-License-Identifier: Apache-2.0
 *
 * shares: whose records a file brought in or took along, and of which types: what a record of
 * provision or receipt must tell (trust/provision.h).
 */
#include <assert.h>
#include <stdlib.h>

#include "gateways/files/inside.h"

enum { TYPES = 1024 };

struct km_shares {
    pthread_mutex_t lock;
    km_provision_share *slot; /* open addressing by chart; chart 0: free */
    size_t slots, used;
    int64_t of_type[TYPES], all;
};

km_shares *km_shares__new(void)
{
    km_shares *s = calloc(1, sizeof *s);
    assert(s != NULL);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void km_shares__free(km_shares *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s->slot);
    free(s);
}

static km_provision_share *slot_of(km_provision_share *slot, size_t slots, int64_t chart)
{
    size_t at = (size_t)((uint64_t)chart * 0x9E3779B97F4A7C15ULL >> 20) & (slots - 1);
    while (slot[at].chart != 0 && slot[at].chart != chart)
        at = (at + 1) & (slots - 1);
    return &slot[at];
}

static void grow(km_shares *s)
{
    size_t slots = s->slots > 0 ? s->slots * 2 : 256;
    km_provision_share *slot = calloc(slots, sizeof *slot);
    assert(slot != NULL);
    for (size_t i = 0; i < s->slots; i++)
        if (s->slot[i].chart != 0)
            *slot_of(slot, slots, s->slot[i].chart) = s->slot[i];
    free(s->slot);
    s->slot = slot;
    s->slots = slots;
}

void km_shares__add(km_shares *s, int64_t chart, km_ftype type)
{
    pthread_mutex_lock(&s->lock);
    s->all++;
    if (type < TYPES)
        s->of_type[type]++;
    if (chart > KM_CHART_NONE) {
        if (s->used * 2 >= s->slots)
            grow(s);
        km_provision_share *one = slot_of(s->slot, s->slots, chart);
        s->used += one->chart == 0;
        one->chart = chart;
        one->records++;
    }
    pthread_mutex_unlock(&s->lock);
}

/* "Observation 120, Patient 3": which items, of how many records. */
static km_str items(const km_shares *s, km_arena *a)
{
    km_buf out = km_buf_in(a);
    for (km_ftype t = 1; t < TYPES; t++)
        if (s->of_type[t] > 0)
            km_buf_print(&out, "%s%.*s %lld", out.n > 0 ? ", " : "",
                         KM_STR_ARG(km_fhir_type_name(t)), (long long)s->of_type[t]);
    return km_buf_str(&out);
}

km_code km_shares__save(km_shares *s, km_log *l, int64_t provision, km_call *call)
{
    km_provision_share *share = KM_NEW_ARRAY(call->arena, s->used + 1, km_provision_share);
    size_t n = 0;
    for (size_t i = 0; i < s->slots; i++)
        if (s->slot[i].chart != 0)
            share[n++] = s->slot[i];
    KM_TRY(km_provision_complete(l, provision, share, n, items(s, call->arena), call));
    if (s->slots > 0)
        memset(s->slot, 0, s->slots * sizeof *s->slot);
    s->used = 0; /* what is saved is saved; the types go on counting */
    return KM_OK;
}

/* --- receipts of an import, one for each source --- */

typedef struct receipt {
    int32_t source;
    int64_t provision;
    km_shares *shares;
} receipt;

struct km_receipts {
    receipt *one;
    size_t n, room;
};

km_receipts *km_receipts__new(void)
{
    km_receipts *r = calloc(1, sizeof *r);
    assert(r != NULL);
    return r;
}

void km_receipts__free(km_receipts *r)
{
    for (size_t i = 0; i < r->n; i++)
        km_shares__free(r->one[i].shares);
    free(r->one);
    free(r);
}

static km_provision received(const km_importing *im, const km_source *from)
{
    bool own = from->number == im->node->local_source;
    return (km_provision){ .way = KM_RECEIVED,
                           .channel = KM_STR("import"),
                           .party = from->uri,
                           .party_name = from->name,
                           .country = km_str_of(im->country),
                           .basis = im->basis != NULL ? km_str_of(im->basis)
                                    : own             ? KM_STR("own")
                                                      : KM_STR("unstated"),
                           .purpose = KM_STR("TREAT"),
                           .obtained = km_str_of(im->obtained),
                           .by = KM_STR("job:import") };
}

/* The receipt is on record before the first of its data is. */
km_code km_receipts__begin(km_shares **out, km_importing *im, int32_t source, km_fault *f)
{
    km_receipts *all = im->receipts;
    km_own_call own;
    km_source from;
    km_reader *r;
    int64_t number;
    for (size_t i = 0; i < all->n; i++)
        if (all->one[i].source == source) {
            *out = all->one[i].shares;
            return KM_OK;
        }
    km_own_call_open(&own, im->node, "import", 1 << 20);
    own.call.fault = f;
    km_code rc = km_reader_open(&r, im->node->log, km_trust_job_access("import", own.call.arena),
                                &own.call);
    if (rc == KM_OK) {
        rc = km_reader_source(&from, r, source);
        km_reader_close(r);
    }
    if (rc == KM_OK) {
        from.number = source;
        km_provision p = received(im, &from);
        rc = km_provision_write(&number, im->node->log, &p, NULL, NULL, 0, &own.call);
    }
    km_own_call_close(&own);
    KM_TRY(rc);
    if (all->n == all->room) {
        all->room = all->room * 2 + 8;
        all->one = realloc(all->one, all->room * sizeof *all->one);
        assert(all->one != NULL);
    }
    all->one[all->n] = (receipt){ source, number, km_shares__new() };
    *out = all->one[all->n++].shares;
    return KM_OK;
}

km_code km_receipts__save(km_importing *im, km_fault *f)
{
    km_own_call own;
    km_code rc = KM_OK;
    km_own_call_open(&own, im->node, "import", (size_t)1 << 30);
    own.call.fault = f;
    for (size_t i = 0; i < im->receipts->n && rc == KM_OK; i++)
        if (im->receipts->one[i].shares->used > 0 || im->receipts->one[i].shares->all > 0)
            rc = km_shares__save(im->receipts->one[i].shares, im->node->log,
                                 im->receipts->one[i].provision, &own.call);
    km_own_call_close(&own);
    return rc;
}
