/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: equality, equivalence and order (FHIRPath 6.1, 6.2).
 *
 * Elements are compared member by member with a list of pairs still to be looked at, not by
 * recursion. Inside an element `~` takes lists in their order: FHIRPath wants any order there
 * too, which costs a matching at every level and decides nothing in FHIR's own expressions.
 */
#include "codec/fhirpath/inside.h"

#include <utf8proc.h>

#include "codec/fhirpath/decimal.h"
#include "codec/fhirpath/moment.h"
#include "codec/json/decimal.h"

/* --- text -------------------------------------------------------------------------------- */

static bool is_space(utf8proc_int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000;
}

/* The next character for `~`: case off, white space as one blank. -1 at the end. */
static utf8proc_int32_t next_loose(km_str *s)
{
    utf8proc_int32_t c;
    if (s->n == 0)
        return -1;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s->p, (utf8proc_ssize_t)s->n,
                                          &c);
    if (n < 1) {
        c = (unsigned char)s->p[0];
        n = 1;
    }
    *s = km_str_sub(*s, (size_t)n, s->n);
    return is_space(c) ? ' ' : utf8proc_tolower(c);
}

static bool loosely_same(km_str a, km_str b)
{
    for (;;) {
        utf8proc_int32_t x = next_loose(&a), y = next_loose(&b);
        if (x != y)
            return false;
        if (x < 0)
            return true;
    }
}

/* --- numbers ------------------------------------------------------------------------------ */

static km_truth order_texts(km_str a, km_str b, int *order)
{
    km_decimal x, y;
    if (!km_decimal_parse(&x, a) || !km_decimal_parse(&y, b))
        return KM_UNKNOWN;
    *order = km_decimal_cmp(&x, &y);
    return KM_TRUE;
}

static km_str number_text(km_run *r, const km_item *i)
{
    return i->kind == KM_ITEM_INT ? km_path__text(r, i) : i->text;
}

static bool is_number(const km_item *i)
{
    return i->kind == KM_ITEM_INT || i->kind == KM_ITEM_DECIMAL;
}

/* FHIRPath 6.1.2: by the digits of the less precise one, zeros at its end not counted. */
static bool nearly_same(km_str a, km_str b)
{
    km_dec x, y;
    int order;
    if (!km_dec__read(&x, a) || !km_dec__read(&y, b))
        return order_texts(a, b, &order) == KM_TRUE && order == 0;
    x = km_dec__strip(x);
    y = km_dec__strip(y);
    int scale = x.scale < y.scale ? x.scale : y.scale;
    return km_dec__compare(km_dec__round(x, scale, KM_ROUND_HALF),
                           km_dec__round(y, scale, KM_ROUND_HALF))
           == 0;
}

/* --- quantities ----------------------------------------------------------------------------- */

/* An integer or decimal is a quantity of unit '1' (FHIRPath 5.5). */
static km_item as_quantity(km_run *r, const km_item *i)
{
    if (!is_number(i))
        return *i;
    return (km_item){ .kind = KM_ITEM_QUANTITY, .text = number_text(r, i), .unit = KM_STR("1") };
}

static bool in_ms(km_dec *out, km_str number, const km_time_unit *u)
{
    km_dec n, ms;
    return u->ms && km_dec__read(&n, number) && km_dec__read(&ms, km_str_of(u->ms))
           && km_dec__multiply(out, n, ms);
}

/* Units are the same text, or fixed units of time. Other UCUM units are not converted: it
 * cannot be told, which is what FHIRPath 6.1.1 leaves to an engine without UCUM. */
static km_truth order_quantities(const km_item *a, const km_item *b, int *order)
{
    bool ucum;
    km_dec x, y;
    if (km_str_eq(a->unit, b->unit))
        return order_texts(a->text, b->text, order);
    const km_time_unit *u = km_time_unit__of(a->unit, &ucum), *v = km_time_unit__of(b->unit, &ucum);
    if (!u || !v)
        return KM_UNKNOWN;
    bool words = km_time_unit__word(a->unit) && km_time_unit__word(b->unit);
    if (u == v && (u->ms || words))
        return order_texts(a->text, b->text, order);
    if (!in_ms(&x, a->text, u) || !in_ms(&y, b->text, v))
        return KM_UNKNOWN;
    *order = km_dec__compare(x, y);
    return KM_TRUE;
}

/* --- order ----------------------------------------------------------------------------------- */

static km_truth order_moments(const km_item *a, const km_item *b, int *order)
{
    km_moment x, y;
    bool time = a->kind == KM_ITEM_TIME;
    if (!km_moment__read(&x, a->text, time) || !km_moment__read(&y, b->text, time))
        return KM_UNKNOWN;
    return km_moment__compare(order, &x, &y) ? KM_TRUE : KM_UNKNOWN;
}

km_truth km_path__order(km_run *r, const km_item *a, const km_item *b, int *order)
{
    *order = 0;
    if (a->kind == KM_ITEM_INT && b->kind == KM_ITEM_INT) {
        *order = (a->number > b->number) - (a->number < b->number);
        return KM_TRUE;
    }
    if (is_number(a) && is_number(b))
        return order_texts(number_text(r, a), number_text(r, b), order);
    if ((a->kind == KM_ITEM_QUANTITY && (b->kind == a->kind || is_number(b)))
        || (b->kind == KM_ITEM_QUANTITY && is_number(a))) {
        km_item x = as_quantity(r, a), y = as_quantity(r, b);
        return order_quantities(&x, &y, order);
    }
    if (a->kind != b->kind)
        return KM_FALSE;
    if (a->kind == KM_ITEM_STRING) {
        *order = km_str_cmp(a->text, b->text);
        return KM_TRUE;
    }
    if (a->kind == KM_ITEM_DATE || a->kind == KM_ITEM_TIME)
        return order_moments(a, b, order);
    return KM_FALSE;
}

/* --- elements -------------------------------------------------------------------------------- */

typedef struct pair {
    km_jv a, b;
} pair;

typedef struct pairs {
    pair *p;
    uint32_t n, room;
} pairs;

static void later(km_run *r, pairs *list, km_jv a, km_jv b)
{
    if (list->n == list->room) {
        uint32_t room = list->room * 2;
        pair *more = km_arena_alloc(r->arena, room * sizeof *more);
        memcpy(more, list->p, list->n * sizeof *more);
        list->p = more;
        list->room = room;
    }
    list->p[list->n++] = (pair){ a, b };
}

static bool leaves_match(km_jv a, km_jv b, bool loose)
{
    km_json_kind kind = km_jv_kind(a);
    int order;
    if (kind == KM_JSON_NUMBER && loose)
        return nearly_same(km_jv_str(a), km_jv_str(b));
    if (kind == KM_JSON_NUMBER)
        return order_texts(km_jv_str(a), km_jv_str(b), &order) == KM_TRUE && order == 0;
    if (kind == KM_JSON_STRING && loose)
        return loosely_same(km_jv_str(a), km_jv_str(b));
    return kind != KM_JSON_STRING || km_str_eq(km_jv_str(a), km_jv_str(b));
}

static bool push_members(km_run *r, pairs *list, km_jv a, km_jv b)
{
    km_jv_iter j = km_jv_each(b);
    bool array = km_jv_is(a, KM_JSON_ARRAY);
    for (km_jv_iter i = km_jv_each(a); km_jv_next(&i);) {
        km_jv other = KM_JV_NONE;
        if (!array)
            other = km_jv_get(b, i.name);
        else if (km_jv_next(&j))
            other = j.value;
        if (other.doc == NULL)
            return false;
        later(r, list, i.value, other);
    }
    return true;
}

static km_code same_json(km_run *r, km_jv left, km_jv right, bool loose, bool *out)
{
    pair near[16];
    pairs list = { near, 0, 16 };
    *out = false;
    later(r, &list, left, right);
    while (list.n > 0) {
        pair p = list.p[--list.n];
        KM_TRY(km_path__spend(r, 1 + km_jv_count(p.a)));
        if (km_arena_over(r->arena))
            return km_path__costly(r);
        if (p.a.doc == p.b.doc && p.a.at == p.b.at)
            continue;
        km_json_kind kind = km_jv_kind(p.a);
        if (kind != km_jv_kind(p.b) || km_jv_count(p.a) != km_jv_count(p.b))
            return KM_OK;
        bool inner = kind == KM_JSON_OBJECT || kind == KM_JSON_ARRAY;
        if (inner ? !push_members(r, &list, p.a, p.b) : !leaves_match(p.a, p.b, loose))
            return KM_OK;
    }
    *out = true;
    return KM_OK;
}

static km_code same_elements(km_run *r, const km_item *a, const km_item *b, bool loose, bool *out)
{
    *out = false;
    if (a->kind != KM_ITEM_JSON || b->kind != KM_ITEM_JSON) {
        *out = a->kind == b->kind && a->type == b->type && km_str_eq(a->text, b->text);
        return KM_OK;
    }
    KM_TRY(same_json(r, a->v, b->v, loose, out));
    /* Elements without a value are told apart by their extensions. */
    if (*out && a->v.doc == NULL)
        return same_json(r, a->side, b->side, loose, out);
    return KM_OK;
}

/* --- equality --------------------------------------------------------------------------------- */

km_code km_path__equal(km_run *r, const km_item *a, const km_item *b, km_truth *out)
{
    km_item x, y;
    bool same;
    int order;
    KM_TRY(km_path__spend(r, 1));
    bool va = km_path__system_value(r, &x, a), vb = km_path__system_value(r, &y, b);
    if (!va || !vb) {
        KM_TRY(same_elements(r, a, b, false, &same));
        *out = va == vb && same ? KM_TRUE : KM_FALSE;
        return KM_OK;
    }
    if (x.kind == KM_ITEM_BOOL && y.kind == KM_ITEM_BOOL) {
        *out = x.number == y.number ? KM_TRUE : KM_FALSE;
        return KM_OK;
    }
    km_truth told = km_path__order(r, &x, &y, &order);
    *out = told == KM_TRUE ? (order == 0 ? KM_TRUE : KM_FALSE) : told;
    return KM_OK;
}

km_code km_path__all_equal(km_run *r, const km_items *a, const km_items *b, km_truth *out)
{
    *out = a->n == 0 || b->n == 0 ? KM_UNKNOWN : a->n == b->n ? KM_TRUE : KM_FALSE;
    for (uint32_t i = 0; *out != KM_FALSE && i < a->n && i < b->n; i++) {
        km_truth one;
        KM_TRY(km_path__equal(r, &a->item[i], &b->item[i], &one));
        if (one != KM_TRUE)
            *out = one;
    }
    return KM_OK;
}

km_code km_path__has(km_run *r, const km_items *c, const km_item *item, bool *out)
{
    *out = false;
    for (uint32_t i = 0; i < c->n && !*out; i++) {
        km_truth one;
        KM_TRY(km_path__equal(r, &c->item[i], item, &one));
        *out = one == KM_TRUE;
    }
    return KM_OK;
}

/* --- equivalence --------------------------------------------------------------------------------
 */

/* Unlike for `=`, another precision is simply another date. */
static bool same_moment(const km_item *a, const km_item *b)
{
    km_moment x, y;
    int order;
    bool time = a->kind == KM_ITEM_TIME;
    return km_moment__read(&x, a->text, time) && km_moment__read(&y, b->text, time)
           && x.precision == y.precision && km_moment__compare(&order, &x, &y) && order == 0;
}

static bool same_values(km_run *r, const km_item *x, const km_item *y)
{
    int order;
    if (x->kind == KM_ITEM_BOOL && y->kind == KM_ITEM_BOOL)
        return x->number == y->number;
    if (x->kind == KM_ITEM_STRING && y->kind == KM_ITEM_STRING)
        return loosely_same(x->text, y->text);
    if (is_number(x) && is_number(y))
        return nearly_same(number_text(r, x), number_text(r, y));
    if (x->kind == KM_ITEM_QUANTITY && y->kind == KM_ITEM_QUANTITY && km_str_eq(x->unit, y->unit))
        return nearly_same(x->text, y->text);
    if (x->kind == y->kind && (x->kind == KM_ITEM_DATE || x->kind == KM_ITEM_TIME))
        return same_moment(x, y);
    return km_path__order(r, x, y, &order) == KM_TRUE && order == 0;
}

km_code km_path__equivalent(km_run *r, const km_item *a, const km_item *b, bool *out)
{
    km_item x, y;
    KM_TRY(km_path__spend(r, 1));
    bool va = km_path__system_value(r, &x, a), vb = km_path__system_value(r, &y, b);
    *out = va && vb && same_values(r, &x, &y);
    return va || vb ? KM_OK : same_elements(r, a, b, true, out);
}

km_code km_path__all_equivalent(km_run *r, const km_items *a, const km_items *b, bool *out)
{
    *out = a->n == b->n;
    bool *taken = KM_NEW_ARRAY(r->arena, b->n + 1u, bool);
    for (uint32_t i = 0; *out && i < a->n; i++) {
        bool hit = false;
        for (uint32_t j = 0; !hit && j < b->n; j++) {
            if (!taken[j])
                KM_TRY(km_path__equivalent(r, &a->item[i], &b->item[j], &hit));
            taken[j] = taken[j] || hit;
        }
        *out = hit;
    }
    return KM_OK;
}
