/* SPDX-License-Identifier: Apache-2.0
 *
 * source: to which source belongs what a caller writes. Everybody who acts for Organization/X of
 * the node's register writes to, and owns the records of, the source urn:kumihimo:source:
 * Organization/X. A person who writes about themselves writes into the charts of the source whose
 * Patient they are.
 */
#include <pthread.h>
#include <stdlib.h>

#include "record/access_make.h"
#include "trust/inside.h"

enum { KEPT = 1024, TEXT = 160 };

/* Sources are never renumbered, so what was found is kept; of two that share a place the newer. */
typedef struct kept {
    char organisation[TEXT];
    int32_t number;
} kept;

struct km_source_names {
    pthread_mutex_t lock;
    kept kept[KEPT];
};

struct km_source_names *km_source_names__new(void)
{
    struct km_source_names *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void km_source_names__free(struct km_source_names *s)
{
    if (s != NULL)
        pthread_mutex_destroy(&s->lock);
    free(s);
}

static kept *place_of(struct km_source_names *s, km_str organisation)
{
    static const km_sipkey fixed = { 1, 2 };
    return &s->kept[km_siphash(fixed, organisation.p, organisation.n) % KEPT];
}

static int32_t recall(km_trust *t, km_str organisation)
{
    pthread_mutex_lock(&t->sources->lock);
    const kept *k = place_of(t->sources, organisation);
    int32_t number = km_str_is(organisation, k->organisation) ? k->number : 0;
    pthread_mutex_unlock(&t->sources->lock);
    return number;
}

static void keep(km_trust *t, km_str organisation, int32_t number)
{
    if (organisation.n >= TEXT || number == 0)
        return;
    pthread_mutex_lock(&t->sources->lock);
    kept *k = place_of(t->sources, organisation);
    memcpy(k->organisation, organisation.p, organisation.n);
    k->organisation[organisation.n] = '\0';
    k->number = number;
    pthread_mutex_unlock(&t->sources->lock);
}

static km_code of_organisation(int32_t *out, km_trust *t, km_str organisation, bool make,
                               km_call *call)
{
    km_str uri = km_arena_print(call->arena, KM_SOURCE_PREFIX "%.*s", KM_STR_ARG(organisation));
    *out = recall(t, organisation);
    if (*out != 0)
        return KM_OK;
    km_code rc = make ? km_log_source(out, t->log, uri, KM_STR_NONE, call->fault)
                      : km_log_source_find(out, t->log, uri, call->fault);
    KM_TRY(rc);
    keep(t, organisation, *out);
    return KM_OK;
}

static km_code of_person(int32_t *out, km_trust *t, km_str person, km_call *call)
{
    km_reader *r;
    km_chart chart;
    int64_t number;
    km_str id, type = km_str_cut(person, '/', &id);
    if (!km_str_is(type, "Patient"))
        return KM_OK;
    KM_TRY(km_reader_open(&r, t->log, km_trust_job_access("verify", call->arena), call));
    km_code rc = km_reader_peek_patient(&number, r, id, t->local_source);
    if (rc == KM_OK)
        rc = km_reader_peek_chart(&chart, r, number);
    if (rc == KM_OK)
        *out = chart.source;
    km_reader_close(r);
    return rc == KM_NOT_FOUND ? KM_OK : rc;
}

km_code km_trust_source(int32_t *out, km_trust *t, const km_policy *policy, km_call *call)
{
    const km_caller *c = call->caller;
    km_basis basis = km_trust__basis(t, policy, c->role);
    *out = 0;
    if (c->who == NULL) {
        *out = t->local_source;
        return KM_OK;
    }
    if (t->log == NULL || basis == KM_BASIS_OPEN)
        return KM_OK;
    if (basis == KM_BASIS_SELF)
        return of_person(out, t, c->who->person, call);
    if (c->who->organisation.n == 0)
        return KM_OK;
    return of_organisation(out, t, c->who->organisation, basis == KM_BASIS_OWN, call);
}
