/* SPDX-License-Identifier: Apache-2.0
 *
 * select: functions whose argument is evaluated with each item as $this.
 */
#include "codec/fhirpath/functions.h"

static km_code push_all(km_run *r, const km_items *from, km_items *out)
{
    for (uint32_t i = 0; i < from->n; i++)
        KM_TRY(km_path__push(r, out, &from->item[i]));
    return KM_OK;
}

/* The argument's truth for one item; what it took in memory is given back. */
static km_code holds(km_run *r, const km_node *n, const km_items *in, uint32_t i, const km_scope *s,
                     km_truth *out)
{
    km_arena_mark mark = km_arena_here(r->arena);
    km_items room = { 0 };
    KM_TRY(km_path__spend(r, 1));
    KM_TRY(km_path__eval_with(r, n->arg[0], s, &in->item[i], i, &room));
    KM_TRY(km_path__truth(r, n, &room, out));
    km_arena_back(r->arena, mark);
    return KM_OK;
}

km_code km_path__where(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    for (uint32_t i = 0; i < in->n; i++) {
        km_truth t;
        KM_TRY(holds(r, n, in, i, s, &t));
        if (t == KM_TRUE)
            KM_TRY(km_path__push(r, out, &in->item[i]));
    }
    return KM_OK;
}

km_code km_path__exists(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                        km_items *out)
{
    bool any = n->n_args == 0 && in->n > 0;
    for (uint32_t i = 0; n->n_args && !any && i < in->n; i++) {
        km_truth t;
        KM_TRY(holds(r, n, in, i, s, &t));
        any = t == KM_TRUE;
    }
    return km_path__push_bool(r, out, any);
}

km_code km_path__every(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    bool all = true;
    for (uint32_t i = 0; all && i < in->n; i++) {
        km_truth t;
        KM_TRY(holds(r, n, in, i, s, &t));
        all = t == KM_TRUE;
    }
    return km_path__push_bool(r, out, all);
}

km_code km_path__select(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                        km_items *out)
{
    for (uint32_t i = 0; i < in->n; i++) {
        KM_TRY(km_path__spend(r, 1));
        KM_TRY(km_path__eval_with(r, n->arg[0], s, &in->item[i], i, out));
    }
    return KM_OK;
}

/* What is new is asked in its turn; the answers so far are the queue. */
km_code km_path__repeat(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                        km_items *out)
{
    km_items queue = { 0 };
    km_seen seen = { 0 };
    KM_TRY(push_all(r, in, &queue));
    for (uint32_t i = 0; i < queue.n; i++) {
        km_item item = queue.item[i];
        uint32_t from = queue.n;
        KM_TRY(km_path__eval_with(r, n->arg[0], s, &item, i, &queue));
        KM_TRY(km_path__keep_new(r, &seen, &queue, in->n, from));
    }
    for (uint32_t i = in->n; i < queue.n; i++)
        KM_TRY(km_path__push(r, out, &queue.item[i]));
    return KM_OK;
}

km_code km_path__aggregate(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_items total = { 0 };
    if (n->n_args == 2)
        KM_TRY(km_path__arg(r, n, 1, s, &total));
    for (uint32_t i = 0; i < in->n; i++) {
        km_items next = { 0 };
        km_scope inner = { s->focus, &total, s->index };
        KM_TRY(km_path__spend(r, 1));
        KM_TRY(km_path__eval_with(r, n->arg[0], &inner, &in->item[i], i, &next));
        total = next;
    }
    return push_all(r, &total, out);
}

km_code km_path__iif(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                     km_items *out)
{
    km_items room = { 0 };
    km_truth t;
    km_scope inner = { in, s->total, s->index };
    if (in->n > 1)
        return km_path__fail(r, n, "several items where one is meant");
    KM_TRY(km_path__eval(r, n->arg[0], &inner, &room));
    KM_TRY(km_path__truth(r, n, &room, &t));
    if (t == KM_TRUE)
        return km_path__eval(r, n->arg[1], &inner, out);
    return n->n_args == 3 ? km_path__eval(r, n->arg[2], &inner, out) : KM_OK;
}

/* Writes nowhere: what an expression traces is personal data, and logs hold none. */
km_code km_path__trace(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    (void)n, (void)s;
    return push_all(r, in, out);
}

/* --- sort --------------------------------------------------------------------------------- */

typedef struct sort_key {
    const km_node *by;
    bool descending;
} sort_key;

/* -key sorts downwards; the minus is no arithmetic there. */
static sort_key key_of(const km_node *arg)
{
    if (arg->kind == KM_NODE_MINUS && arg->minus)
        return (sort_key){ arg->from, true };
    return (sort_key){ arg, false };
}

static km_code value_of(km_run *r, const km_node *n, const km_node *by, const km_scope *s,
                        const km_item *item, km_item *out, bool *got)
{
    const km_items *in;
    km_items room = { 0 };
    km_items focus = { (km_item *)(uintptr_t)item, 1, 1 };
    km_scope inner = { &focus, s->total, 0 };
    KM_TRY(km_path__input(r, by, &inner, &in, &room));
    return km_path__single(r, n, in, out, got);
}

/* What has no key comes first, upwards and downwards (as the official suite has it). */
static km_code key_order(km_run *r, const km_node *n, sort_key key, const km_scope *s,
                         const km_item *a, const km_item *b, int *order)
{
    km_item x, y;
    bool got_x, got_y;
    *order = 0;
    KM_TRY(value_of(r, n, key.by, s, a, &x, &got_x));
    KM_TRY(value_of(r, n, key.by, s, b, &y, &got_y));
    if (!got_x || !got_y) {
        *order = (int)got_x - (int)got_y;
        return KM_OK;
    }
    if (km_path__order(r, &x, &y, order) == KM_FALSE)
        return km_path__fail(r, n, "values of kinds that have no order");
    if (key.descending)
        *order = -*order;
    return KM_OK;
}

static km_code item_order(km_run *r, const km_node *n, const km_scope *s, const km_item *a,
                          const km_item *b, int *order)
{
    KM_TRY(km_path__spend(r, 1));
    *order = 0;
    if (n->n_args == 0)
        return key_order(r, n, (sort_key){ NULL, false }, s, a, b, order);
    for (size_t i = 0; i < n->n_args && *order == 0; i++)
        KM_TRY(key_order(r, n, key_of(n->arg[i]), s, a, b, order));
    return KM_OK;
}

/* By insertion, stable; steps bound it. */
km_code km_path__sort(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    uint32_t before = out->n;
    for (uint32_t i = 0; i < in->n; i++) {
        KM_TRY(km_path__push(r, out, &in->item[i]));
        for (uint32_t k = out->n - 1; k > before; k--) {
            int order;
            km_arena_mark mark = km_arena_here(r->arena);
            KM_TRY(item_order(r, n, s, &out->item[k - 1], &out->item[k], &order));
            km_arena_back(r->arena, mark);
            if (order <= 0)
                break;
            km_item t = out->item[k];
            out->item[k] = out->item[k - 1];
            out->item[k - 1] = t;
        }
    }
    return KM_OK;
}
