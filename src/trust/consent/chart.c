/* SPDX-License-Identifier: Apache-2.0
 *
 * chart: one answer for all records of a chart where there is one; and the hash by which a
 * decision is replayed.
 */
#include "trust/consent/inside.h"

/* Might a standing consent refuse emergency access for some record? */
static bool may_refuse(const km_consent_request *r, km_str network, const km_consent *consent,
                       size_t consents)
{
    for (size_t i = 0; i < consents; i++) {
        km_consent__view v;
        if (!km_consent__stands(r, network, consent, consents, i))
            continue;
        km_consent__open(&v, consent[i]);
        for (uint32_t k = 1; k < v.head.nodes; k++) {
            km_consent__node n = km_consent__node_at(&v, k);
            if (!n.permit && km_consent__lists(&v, n.list[KM_BY_PURPOSE], KM_STR("ETREAT")))
                return true;
        }
    }
    return false;
}

static km_consent_parts part(const km_decision *d)
{
    return d->answer == KM_DENY ? KM_PARTS_NONE : KM_PARTS_ALL;
}

km_consent_parts km_consent_chart(km_consent_answer *all, const km_consent_request *r,
                                  const km_consent_network *network, const km_consent *consent,
                                  size_t consents)
{
    km_decision d, none = { .answer = KM_PERMIT };
    bool may_deny = false, may_permit = false, all_may_be_silent = true;
    *all = KM_DENY;
    if (km_consent__first(&d, r, network)) {
        *all = d.answer;
        if (d.reason != KM_WHY_EMERGENCY && d.reason != KM_WHY_EMERGENCY_FULL)
            return part(&d);
        return may_refuse(r, network->id, consent, consents) ? KM_PARTS_ASK : KM_PARTS_ALL;
    }
    if (consents > KM_CONSENTS)
        return KM_PARTS_NONE;
    km_consent__relation(&none, r, network);
    if (none.answer == KM_DENY)
        return KM_PARTS_NONE;
    for (size_t i = 0; i < consents; i++) {
        km_consent__view v;
        if (!km_consent__stands(r, network->id, consent, consents, i))
            continue;
        km_consent__open(&v, consent[i]);
        unsigned says = km_consent__range(&v, r);
        if (says == KM_MAY_DENY)
            return KM_PARTS_NONE;
        may_deny |= (says & KM_MAY_DENY) != 0;
        may_permit |= (says & KM_MAY_PERMIT) != 0;
        all_may_be_silent &= (says & KM_MAY_BE_SILENT) != 0;
    }
    km_consent__default(&d, r, network);
    may_permit |= all_may_be_silent && d.answer == KM_PERMIT;
    if (!may_permit)
        return KM_PARTS_NONE;
    bool ask = may_deny || (r->unknown & KM_FACT_LABELS)
               || (all_may_be_silent && d.answer == KM_DENY);
    for (size_t i = 0; i < r->labels; i++)
        ask |= km_consent__is_restricted(r->label[i]);
    *all = ask ? KM_DENY : KM_PERMIT;
    return ask ? KM_PARTS_ASK : KM_PARTS_ALL;
}

/* --- snapshot ---------------------------------------------------------------------------- */
typedef struct digest {
    unsigned char sum[KM_SHA256_LEN];
    char held[1024];
    size_t n;
} digest;

static void flush(digest *d)
{
    km_str part[2] = { { (const char *)d->sum, sizeof d->sum }, { d->held, d->n } };
    km_sha256_parts(d->sum, part, 2);
    d->n = 0;
}

static void bytes(digest *d, const void *p, size_t n)
{
    const char *from = p;
    while (n > 0) {
        size_t some = sizeof d->held - d->n < n ? sizeof d->held - d->n : n;
        memcpy(d->held + d->n, from, some);
        d->n += some;
        from += some;
        n -= some;
        if (d->n == sizeof d->held)
            flush(d);
    }
}

static void number(digest *d, int64_t v)
{
    bytes(d, &v, sizeof v);
}

static void text(digest *d, km_str s)
{
    number(d, (int64_t)s.n);
    bytes(d, s.p, s.n);
}

static void texts(digest *d, const km_str *s, size_t n)
{
    number(d, (int64_t)n);
    for (size_t i = 0; i < n; i++)
        text(d, s[i]);
}

void km_consent_snapshot(unsigned char out[KM_SHA256_LEN], const km_consent_request *r,
                         const km_consent_network *network, const km_consent *consent,
                         size_t consents)
{
    digest d = { .n = 0 };
    text(&d, KM_STR("kumihimo/decision/v1"));
    const int64_t numbers[] = { r->passed,
                                r->own,
                                r->grant,
                                r->related,
                                r->now,
                                r->time,
                                r->unknown,
                                network->basis,
                                network->notice_needed,
                                network->notice_at,
                                network->unrelated_may };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        number(&d, numbers[i]);
    const km_str words[] = { r->network, r->action, r->purpose, r->klass,
                             r->record,  r->author, network->id };
    texts(&d, words, sizeof words / sizeof *words);
    texts(&d, r->actor, r->actors);
    texts(&d, r->code, r->codes);
    texts(&d, r->label, r->labels);
    number(&d, (int64_t)consents);
    for (size_t i = 0; i < consents; i++)
        bytes(&d, consent[i].p + 8, KM_SHA256_LEN);
    flush(&d);
    memcpy(out, d.sum, sizeof d.sum);
}
