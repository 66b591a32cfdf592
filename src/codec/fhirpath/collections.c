/* SPDX-License-Identifier: Apache-2.0
 *
 * collections: functions on a collection as a whole (FHIRPath 5.1, 5.3, 5.4).
 */
#include "codec/fhirpath/functions.h"

static km_code push_range(km_run *r, const km_items *in, uint32_t from, uint32_t to, km_items *out)
{
    for (uint32_t i = from; i < to && i < in->n; i++)
        KM_TRY(km_path__push(r, out, &in->item[i]));
    return KM_OK;
}

km_code km_path__empty(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    (void)n, (void)s;
    return km_path__push_bool(r, out, in->n == 0);
}

km_code km_path__not_(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    km_truth t;
    (void)s;
    KM_TRY(km_path__truth(r, n, in, &t));
    return t == KM_UNKNOWN ? KM_OK : km_path__push_bool(r, out, t == KM_FALSE);
}

/* allTrue, anyTrue, allFalse, anyFalse: whom they look for stands in the name. */
km_code km_path__truths(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                        km_items *out)
{
    bool all = n->fn->name[1] == 'l', meant = km_str_ends(km_str_of(n->fn->name), KM_STR("True"));
    bool answer = all;
    (void)s;
    for (uint32_t i = 0; i < in->n; i++) {
        km_item value;
        if (!km_path__system_value(r, &value, &in->item[i]) || value.kind != KM_ITEM_BOOL)
            return km_path__fail(r, n, "a value that is no Boolean");
        bool hit = (value.number != 0) == meant;
        answer = all ? answer && hit : answer || hit;
    }
    return km_path__push_bool(r, out, answer);
}

km_code km_path__count(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    (void)n, (void)s;
    return km_path__push_int(r, out, in->n);
}

/* --- sets ----------------------------------------------------------------------------------- */

km_code km_path__distinct(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                          km_items *out)
{
    (void)n, (void)s;
    return km_path__push_new(r, in, out->n, out);
}

km_code km_path__is_distinct(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                             km_items *out)
{
    km_items room = { 0 };
    (void)n, (void)s;
    KM_TRY(km_path__push_new(r, in, 0, &room));
    return km_path__push_bool(r, out, room.n == in->n);
}

static km_code is_subset(km_run *r, const km_items *few, const km_items *many, km_items *out)
{
    bool has = true;
    for (uint32_t i = 0; has && i < few->n; i++)
        KM_TRY(km_path__has(r, many, &few->item[i], &has));
    return km_path__push_bool(r, out, has);
}

km_code km_path__subset_of(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_items other = { 0 };
    KM_TRY(km_path__arg(r, n, 0, s, &other));
    return is_subset(r, in, &other, out);
}

km_code km_path__superset_of(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                             km_items *out)
{
    km_items other = { 0 };
    KM_TRY(km_path__arg(r, n, 0, s, &other));
    return is_subset(r, &other, in, out);
}

/* Those of `in` that are (not) in the argument. */
static km_code sift(km_run *r, const km_node *n, const km_items *in, const km_scope *s, bool wanted,
                    km_items *out)
{
    km_items other = { 0 };
    KM_TRY(km_path__arg(r, n, 0, s, &other));
    for (uint32_t i = 0; i < in->n; i++) {
        bool has;
        KM_TRY(km_path__has(r, &other, &in->item[i], &has));
        if (has == wanted)
            KM_TRY(km_path__push(r, out, &in->item[i]));
    }
    return KM_OK;
}

km_code km_path__intersect(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_items common = { 0 };
    KM_TRY(sift(r, n, in, s, true, &common));
    return km_path__push_new(r, &common, out->n, out);
}

km_code km_path__exclude(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         km_items *out)
{
    return sift(r, n, in, s, false, out);
}

km_code km_path__union_(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                        km_items *out)
{
    km_items other = { 0 };
    uint32_t before = out->n;
    KM_TRY(km_path__arg(r, n, 0, s, &other));
    KM_TRY(km_path__push_new(r, in, before, out));
    return km_path__push_new(r, &other, before, out);
}

km_code km_path__combine(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         km_items *out)
{
    KM_TRY(push_range(r, in, 0, in->n, out));
    return km_path__arg(r, n, 0, s, out);
}

/* --- parts ------------------------------------------------------------------------------------ */

km_code km_path__single_item(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                             km_items *out)
{
    (void)s;
    if (in->n > 1)
        return km_path__fail(r, n, "several items where one is meant");
    return push_range(r, in, 0, in->n, out);
}

km_code km_path__first(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    (void)n, (void)s;
    return push_range(r, in, 0, 1, out);
}

km_code km_path__last(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    (void)n, (void)s;
    return push_range(r, in, in->n ? in->n - 1 : 0, in->n, out);
}

km_code km_path__tail(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    (void)n, (void)s;
    return push_range(r, in, 1, in->n, out);
}

/* The argument as a number of items, 0 to in->n. */
static km_code number_of(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         uint32_t *out, bool *got)
{
    km_items room = { 0 };
    km_item value;
    KM_TRY(km_path__arg(r, n, 0, s, &room));
    KM_TRY(km_path__single(r, n, &room, &value, got));
    if (*got && value.kind != KM_ITEM_INT)
        return km_path__fail(r, n, "a number of items is a whole number");
    *out = !*got || value.number < 0 ? 0 : value.number > in->n ? in->n : (uint32_t)value.number;
    return KM_OK;
}

km_code km_path__skip(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    uint32_t count;
    bool got;
    KM_TRY(number_of(r, n, in, s, &count, &got));
    return push_range(r, in, count, in->n, out);
}

km_code km_path__take(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out)
{
    uint32_t count;
    bool got;
    KM_TRY(number_of(r, n, in, s, &count, &got));
    return push_range(r, in, 0, count, out);
}
