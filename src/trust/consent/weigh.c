/* SPDX-License-Identifier: Apache-2.0
 *
 * weigh: what one consent says to one request, and what it may say to a chart. Nodes lie in the
 * order in which they are met, so a stack of the open ones is all that is kept.
 */
#include "trust/consent/inside.h"

bool km_consent__lists(const km_consent__view *v, km_consent__span list, km_str word)
{
    for (uint32_t i = 0; i < list.n; i++) {
        km_consent__value x = km_consent__value_at(v, list.at + i);
        if (x.role.n == 0 && km_str_eq(km_consent__text(v, x.name), word))
            return true;
    }
    return false;
}

static bool has(const km_str *list, size_t n, km_str word)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(list[i], word))
            return true;
    return false;
}

static bool hits(const km_consent__view *v, km_consent__span list, const km_str *own, size_t n)
{
    for (uint32_t i = 0; i < list.n; i++) {
        km_consent__value x = km_consent__value_at(v, list.at + i);
        if ((x.name.n == 0 || has(own, n, km_consent__text(v, x.name)))
            && (x.role.n == 0 || has(own, n, km_consent__text(v, x.role)))
            && x.name.n + x.role.n > 0)
            return true;
    }
    return false;
}

static km_match criterion(const km_consent__view *v, const km_consent__node *n,
                          const km_consent_request *r, km_criterion c)
{
    static const unsigned facts[KM_BYS] = { [KM_BY_CLASS] = KM_FACT_CLASS,
                                            [KM_BY_CODE] = KM_FACT_CODES,
                                            [KM_BY_LABEL] = KM_FACT_LABELS,
                                            [KM_BY_RECORD] = KM_FACT_RECORD,
                                            [KM_BY_TIME] = KM_FACT_TIME };
    bool hit = false;
    if (r->unknown & facts[c])
        return KM_MATCH_MAYBE;
    switch (c) {
    case KM_BY_ACTOR:
        hit = hits(v, n->list[c], r->actor, r->actors);
        break;
    case KM_BY_ACTION:
        hit = km_consent__lists(v, n->list[c], r->action);
        break;
    case KM_BY_PURPOSE:
        hit = km_consent__lists(v, n->list[c], r->purpose);
        break;
    case KM_BY_CLASS:
        hit = km_consent__lists(v, n->list[c], r->klass);
        break;
    case KM_BY_CODE:
        hit = hits(v, n->list[c], r->code, r->codes);
        break;
    case KM_BY_LABEL:
        hit = hits(v, n->list[c], r->label, r->labels);
        break;
    case KM_BY_RECORD:
        hit = km_consent__lists(v, n->list[c], r->record);
        break;
    case KM_BY_PERIOD:
        hit = r->now >= n->period_low && r->now <= n->period_high;
        break;
    case KM_BY_TIME:
        hit = r->time >= n->time_low && r->time <= n->time_high;
        break;
    case KM_BYS:
        break;
    }
    return hit ? KM_MATCH_YES : n->unclear & 1u << c ? KM_MATCH_UNCLEAR : KM_MATCH_NO;
}

km_match km_consent__match(const km_consent__view *v, const km_consent__node *n,
                           const km_consent_request *r)
{
    km_match all = KM_MATCH_YES;
    for (unsigned left = n->given; left != 0; left &= left - 1) {
        km_match one = criterion(v, n, r, (km_criterion)__builtin_ctz(left));
        if (one == KM_MATCH_NO)
            return KM_MATCH_NO;
        if (one < all)
            all = one;
    }
    return all;
}

typedef struct frame {
    bool permit, told, told_permit, deny_only;
    uint32_t node, told_node;
} frame;

static void tell_parent(frame *parent, const frame *kid)
{
    bool permit = kid->told ? kid->told_permit : kid->permit;
    if (permit && kid->deny_only)
        return;
    if (parent->told && (permit || !parent->told_permit))
        return;
    parent->told = true;
    parent->told_permit = permit;
    parent->told_node = kid->told ? kid->told_node : kid->node;
}

km_consent__says km_consent__weigh(const km_consent__view *v, const km_consent_request *r)
{
    frame open[KM_CONSENT_DEPTH + 1];
    uint32_t depth = 0;
    km_consent__node n = km_consent__node_at(v, 0);
    if (v->head.flags & KM_CONSENT__OPAQUE)
        return (km_consent__says){ .applies = true };
    km_match m = km_consent__match(v, &n, r);
    if (m == KM_MATCH_NO)
        return (km_consent__says){ 0 };
    open[0] = (frame){ .permit = n.permit };
    open[0].deny_only = m != KM_MATCH_YES || v->head.flags & KM_CONSENT__DENY_ONLY;
    for (uint32_t i = 1; i < v->head.nodes;) {
        n = km_consent__node_at(v, i);
        for (; depth >= n.depth; depth--)
            tell_parent(&open[depth - 1], &open[depth]);
        m = km_consent__match(v, &n, r);
        if (m == KM_MATCH_NO) {
            i = n.end;
            continue;
        }
        open[++depth] = (frame){ .permit = n.permit, .node = i, .deny_only = m != KM_MATCH_YES };
        i++;
    }
    for (; depth > 0; depth--)
        tell_parent(&open[depth - 1], &open[depth]);
    frame all = { 0 };
    tell_parent(&all, &open[0]);
    return (km_consent__says){ all.told, all.told_permit, all.told_node };
}

/* What a node may say is the set of what its children may say, deny before permit, and its own
 * word where all of them may be silent. Taken together that is more than can happen, never less. */
typedef struct may_frame {
    bool permit, must_deny, all_may_be_silent;
    unsigned kids;
    km_match match;
} may_frame;

static unsigned may(const may_frame *f)
{
    unsigned own = f->permit ? KM_MAY_PERMIT : KM_MAY_DENY;
    unsigned says = (f->kids & (KM_MAY_PERMIT | KM_MAY_DENY)) | (f->all_may_be_silent ? own : 0u);
    if (f->must_deny)
        says = KM_MAY_DENY;
    if (f->match == KM_MATCH_MAYBE)
        says |= KM_MAY_BE_SILENT;
    if (f->match == KM_MATCH_UNCLEAR && says & KM_MAY_PERMIT)
        says = (says & ~(unsigned)KM_MAY_PERMIT) | KM_MAY_BE_SILENT;
    return says;
}

static void may_parent(may_frame *parent, const may_frame *kid)
{
    unsigned says = may(kid);
    parent->kids |= says;
    parent->must_deny |= says == KM_MAY_DENY;
    parent->all_may_be_silent &= (says & KM_MAY_BE_SILENT) != 0;
}

unsigned km_consent__range(const km_consent__view *v, const km_consent_request *r)
{
    may_frame open[KM_CONSENT_DEPTH + 1];
    uint32_t depth = 0;
    km_consent__node n = km_consent__node_at(v, 0);
    if (v->head.flags & KM_CONSENT__OPAQUE)
        return KM_MAY_DENY;
    km_match m = km_consent__match(v, &n, r);
    if (m == KM_MATCH_NO)
        return KM_MAY_BE_SILENT;
    open[0] = (may_frame){ .permit = n.permit, .all_may_be_silent = true, .match = m };
    for (uint32_t i = 1; i < v->head.nodes;) {
        n = km_consent__node_at(v, i);
        for (; depth >= n.depth; depth--)
            may_parent(&open[depth - 1], &open[depth]);
        m = km_consent__match(v, &n, r);
        if (m == KM_MATCH_NO) {
            i = n.end;
            continue;
        }
        open[++depth] = (may_frame){ .permit = n.permit, .all_may_be_silent = true, .match = m };
        i++;
    }
    for (; depth > 0; depth--)
        may_parent(&open[depth - 1], &open[depth]);
    unsigned says = may(&open[0]);
    if (v->head.flags & KM_CONSENT__DENY_ONLY && says & KM_MAY_PERMIT)
        says = (says & ~(unsigned)KM_MAY_PERMIT) | KM_MAY_BE_SILENT;
    return says;
}

bool km_consent_asks_codes(const km_consent *consent, size_t consents)
{
    for (size_t i = 0; i < consents; i++) {
        km_consent__view v;
        km_consent__open(&v, consent[i]);
        for (uint32_t k = 0; k < v.head.nodes; k++) {
            km_consent__node n = km_consent__node_at(&v, k);
            if (n.list[KM_BY_CODE].n > 0 || n.unclear & 1u << KM_BY_CODE)
                return true;
        }
    }
    return false;
}
