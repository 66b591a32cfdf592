/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: the order of trust.md §2.2.
 */
#include "trust/consent/inside.h"

static void answer(km_decision *out, km_consent_answer a, km_consent_reason why, unsigned duties)
{
    out->answer = a;
    out->reason = why;
    out->duties = duties;
}

static void deny(km_decision *out, km_consent_reason why)
{
    answer(out, KM_DENY, why, KM_DUTY_HIDE_WHOLLY);
}

static const struct {
    unsigned check;
    km_consent_reason why;
} stops[] = { { KM_ASK_CREDENTIAL, KM_WHY_NOT_ADMITTED },
              { KM_ASK_SCOPE, KM_WHY_SCOPE },
              { KM_ASK_MEMBER, KM_WHY_NOT_MEMBER },
              { KM_ASK_PURPOSE, KM_WHY_PURPOSE } };

bool km_consent__first(km_decision *out, const km_consent_request *r, const km_consent_network *n)
{
    *out = (km_decision){ .consent = -1 };
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        if (!(r->passed & stops[i].check)) {
            deny(out, stops[i].why);
            return true;
        }
    }
    if (!km_str_eq(r->network, n->id)) {
        deny(out, KM_WHY_NOT_MEMBER);
        return true;
    }
    if (km_str_is(r->purpose, "PATRQT")) {
        if (r->own == KM_OWN_NONE)
            deny(out, KM_WHY_NOT_THE_PERSON);
        else
            answer(out, KM_PERMIT, r->own == KM_OWN_PERSON ? KM_WHY_OWN_RECORD : KM_WHY_PROXY, 0);
        return true;
    }
    if (km_str_is(r->purpose, "ETREAT")) {
        const unsigned duties = KM_DUTY_NOTIFY | KM_DUTY_REVIEW;
        if (r->grant == KM_GRANT_NONE)
            deny(out, KM_WHY_NO_GRANT);
        else if (r->grant == KM_GRANT_FULL)
            answer(out, KM_PERMIT, KM_WHY_EMERGENCY_FULL, duties);
        else
            answer(out, KM_PERMIT_MINIMUM, KM_WHY_EMERGENCY, duties | KM_DUTY_MINIMUM_SET);
        return true;
    }
    if (n->basis == KM_BASIS_LAW) {
        answer(out, KM_PERMIT, KM_WHY_LAW, 0);
        return true;
    }
    if (!(r->passed & KM_ASK_LEASE)) {
        deny(out, KM_WHY_CONSENT_UNKNOWN);
        return true;
    }
    return false;
}

static bool counts(km_consent__view *v, km_consent c, const km_consent_request *r, km_str network)
{
    km_consent__open(v, c);
    if (!v->head.active || v->head.flags & KM_CONSENT__ELSEWHERE || v->head.dated > r->now)
        return false;
    return v->head.flags & KM_CONSENT__LOOSE
           || km_consent__lists(v, (km_consent__span){ 0, v->head.networks }, network);
}

static bool is_replaced(const km_consent__view *v, km_str category, const km_consent_request *r,
                        km_str network, const km_consent *consent, size_t consents)
{
    km_consent__view other;
    for (size_t i = 0; i < consents; i++)
        if (km_consent_dated(consent[i]) > v->head.dated && counts(&other, consent[i], r, network)
            && !(other.head.flags & KM_CONSENT__LOOSE)
            && km_consent__lists(
                &other, (km_consent__span){ other.head.networks, other.head.categories }, category))
            return true;
    return false;
}

bool km_consent__stands(const km_consent_request *r, km_str network, const km_consent *consent,
                        size_t consents, size_t i)
{
    km_consent__view v;
    if (!counts(&v, consent[i], r, network))
        return false;
    if (v.head.flags & KM_CONSENT__LOOSE || consents > KM_CONSENTS)
        return true;
    for (uint32_t c = 0; c < v.head.categories; c++) {
        km_str category = km_consent__text(&v, km_consent__value_at(&v, v.head.networks + c).name);
        if (!is_replaced(&v, category, r, network, consent, consents))
            return true;
    }
    return false;
}

/* Consents in the order in which they are told: by category, then id, whatever the caller's. */
static bool comes_before(km_consent a, km_consent b)
{
    km_consent__view x, y;
    km_str p = KM_STR_NONE, q = KM_STR_NONE;
    km_consent__open(&x, a);
    km_consent__open(&y, b);
    if (x.head.categories > 0)
        p = km_consent__text(&x, km_consent__value_at(&x, x.head.networks).name);
    if (y.head.categories > 0)
        q = km_consent__text(&y, km_consent__value_at(&y, y.head.networks).name);
    int order = km_str_cmp(p, q);
    if (order == 0)
        order = km_str_cmp(km_consent_id(a), km_consent_id(b));
    if (order == 0)
        order = memcmp(x.head.digest, y.head.digest, sizeof x.head.digest);
    return order < 0;
}

static void tell_path(km_decision *out, const km_consent *consent, size_t i, uint32_t node)
{
    km_consent__view v;
    km_consent__open(&v, consent[i]);
    out->consent = (int32_t)i;
    out->depth = 0;
    for (uint32_t at = 0; at != node;) {
        km_consent__node kid = km_consent__node_at(&v, ++at);
        while (kid.end <= node) {
            at = kid.end;
            kid = km_consent__node_at(&v, at);
        }
        out->path[out->depth++] = (uint16_t)kid.sibling;
    }
}

static bool names_all_restricted(const km_consent__view *v, uint32_t node,
                                 const km_consent_request *r)
{
    km_consent__node n = km_consent__node_at(v, node);
    if (r->unknown & KM_FACT_LABELS)
        return false;
    for (size_t i = 0; i < r->labels; i++)
        if (km_consent__is_restricted(r->label[i])
            && (node == 0 || !km_consent__lists(v, n.list[KM_BY_LABEL], r->label[i])))
            return false;
    return true;
}

/* The word of all consents that stand; each index is -1 where there is none. */
typedef struct words {
    bool any;
    int64_t deny, refusal, permit; /* permit: one that names all restricted labels of the record */
    uint32_t deny_node, refusal_node, permit_node;
} words;

static void take(int64_t *best, uint32_t *best_node, const km_consent *consent, size_t i,
                 uint32_t node)
{
    if (*best >= 0 && !comes_before(consent[i], consent[*best]))
        return;
    *best = (int64_t)i;
    *best_node = node;
}

static words hear(const km_consent_request *r, km_str network, const km_consent *consent,
                  size_t consents)
{
    words w = { .deny = -1, .refusal = -1, .permit = -1 };
    for (size_t i = 0; i < consents; i++) {
        km_consent__view v;
        if (!km_consent__stands(r, network, consent, consents, i))
            continue;
        km_consent__open(&v, consent[i]);
        km_consent__says s = km_consent__weigh(&v, r);
        if (!s.applies)
            continue;
        w.any = true;
        if (s.permit) {
            if (names_all_restricted(&v, s.node, r))
                take(&w.permit, &w.permit_node, consent, i, s.node);
            continue;
        }
        take(&w.deny, &w.deny_node, consent, i, s.node);
        if (s.node > 0
            && km_consent__lists(&v, km_consent__node_at(&v, s.node).list[KM_BY_PURPOSE],
                                 KM_STR("ETREAT")))
            take(&w.refusal, &w.refusal_node, consent, i, s.node);
    }
    return w;
}

void km_consent__default(km_decision *out, const km_consent_request *r, const km_consent_network *n)
{
    if (n->basis != KM_BASIS_OPT_OUT)
        deny(out, KM_WHY_NETWORK_DEFAULT);
    else if (n->notice_needed && (n->notice_at == 0 || n->notice_at > r->now))
        deny(out, KM_WHY_NO_NOTICE);
    else
        answer(out, KM_PERMIT, KM_WHY_NETWORK_DEFAULT, 0);
}

void km_consent__relation(km_decision *out, const km_consent_request *r,
                          const km_consent_network *n)
{
    if (out->answer == KM_DENY || r->related || !km_str_is(r->purpose, "TREAT"))
        return;
    if (n->unrelated_may)
        out->duties |= KM_DUTY_UNEXPLAINED;
    else
        answer(out, KM_DENY, KM_WHY_NO_RELATION, KM_DUTY_HIDE_WHOLLY | KM_DUTY_UNEXPLAINED);
}

static bool has_restricted(const km_consent_request *r)
{
    bool any = (r->unknown & KM_FACT_LABELS) != 0;
    for (size_t i = 0; i < r->labels; i++)
        any |= km_consent__is_restricted(r->label[i]);
    return any;
}

void km_consent_decide(km_decision *out, const km_consent_request *r, const km_consent_network *n,
                       const km_consent *consent, size_t consents)
{
    if (km_consent__first(out, r, n)) {
        if (out->reason != KM_WHY_EMERGENCY && out->reason != KM_WHY_EMERGENCY_FULL)
            return;
        words w = hear(r, n->id, consent, consents);
        if (w.refusal >= 0) {
            answer(out, KM_DENY, KM_WHY_EMERGENCY_REFUSED,
                   KM_DUTY_HIDE_WHOLLY | KM_DUTY_TELL_REFUSAL);
            tell_path(out, consent, (size_t)w.refusal, w.refusal_node);
        }
        return;
    }
    if (consents > KM_CONSENTS) {
        deny(out, KM_WHY_CONSENT_UNKNOWN);
        return;
    }
    words w = hear(r, n->id, consent, consents);
    if (w.deny >= 0) {
        deny(out, w.deny_node > 0 ? KM_WHY_RULE : KM_WHY_BASE);
        tell_path(out, consent, (size_t)w.deny, w.deny_node);
    } else if (w.permit >= 0) {
        answer(out, KM_PERMIT, w.permit_node > 0 ? KM_WHY_RULE : KM_WHY_BASE, 0);
        tell_path(out, consent, (size_t)w.permit, w.permit_node);
    } else if (w.any) {
        deny(out, KM_WHY_RESTRICTED);
    } else {
        km_consent__default(out, r, n);
        if (out->answer != KM_DENY && has_restricted(r))
            deny(out, KM_WHY_RESTRICTED);
    }
    km_consent__relation(out, r, n);
}
