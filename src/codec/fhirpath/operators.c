/* SPDX-License-Identifier: Apache-2.0
 *
 * operators: the table of infix operators (FHIRPath 6), and what they do.
 */
#include "codec/fhirpath/decimal.h"
#include "codec/fhirpath/inside.h"
#include "codec/fhirpath/moment.h"

/* --- operands -------------------------------------------------------------------------- */

typedef struct sides {
    km_items room_a, room_b;
    const km_items *a, *b;
} sides;

static km_code both(km_run *r, const km_node *n, const km_scope *s, sides *out)
{
    out->room_a = out->room_b = (km_items){ 0 };
    KM_TRY(km_path__input(r, n->from, s, &out->a, &out->room_a));
    return km_path__input(r, n->right, s, &out->b, &out->room_b);
}

/* Two single values; *got is false when either is missing. */
static km_code both_values(km_run *r, const km_node *n, const km_scope *s, km_item *a, km_item *b,
                           bool *got)
{
    sides c;
    bool got_a, got_b;
    KM_TRY(both(r, n, s, &c));
    KM_TRY(km_path__single(r, n, c.a, a, &got_a));
    KM_TRY(km_path__single(r, n, c.b, b, &got_b));
    *got = got_a && got_b;
    return KM_OK;
}

static km_code push_truth(km_run *r, km_items *out, km_truth t)
{
    return t == KM_UNKNOWN ? KM_OK : km_path__push_bool(r, out, t == KM_TRUE);
}

/* --- equality and order ------------------------------------------------------------------ */

static km_code equals(km_run *r, const km_node *n, const km_scope *s, km_truth *out)
{
    sides c;
    KM_TRY(both(r, n, s, &c));
    return km_path__all_equal(r, c.a, c.b, out);
}

static km_code apply_equal(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_truth t;
    KM_TRY(equals(r, n, s, &t));
    return push_truth(r, out, t);
}

static km_code apply_unequal(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_truth t;
    KM_TRY(equals(r, n, s, &t));
    return push_truth(r, out, t == KM_UNKNOWN ? t : t == KM_TRUE ? KM_FALSE : KM_TRUE);
}

static km_code equivalent(km_run *r, const km_node *n, const km_scope *s, bool *out)
{
    sides c;
    KM_TRY(both(r, n, s, &c));
    return km_path__all_equivalent(r, c.a, c.b, out);
}

static km_code apply_equivalent(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    bool same;
    KM_TRY(equivalent(r, n, s, &same));
    return km_path__push_bool(r, out, same);
}

static km_code apply_different(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    bool same;
    KM_TRY(equivalent(r, n, s, &same));
    return km_path__push_bool(r, out, !same);
}

static km_code apply_order(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_item a, b;
    bool got;
    int order;
    KM_TRY(both_values(r, n, s, &a, &b, &got));
    if (!got)
        return KM_OK;
    km_truth told = km_path__order(r, &a, &b, &order);
    if (told == KM_FALSE)
        return km_path__fail(r, n, "values of kinds that have no order");
    if (told == KM_UNKNOWN)
        return KM_OK;
    bool or_equal = n->op->sign[1] == '=';
    bool less = n->op->sign[0] == '<';
    return km_path__push_bool(r, out, order == 0 ? or_equal : (order < 0) == less);
}

/* --- membership ---------------------------------------------------------------------------- */

static km_code is_in(km_run *r, const km_node *n, const km_items *one, const km_items *many,
                     km_items *out)
{
    bool has;
    if (one->n == 0)
        return KM_OK;
    if (one->n > 1)
        return km_path__fail(r, n, "several items where one is meant");
    KM_TRY(km_path__has(r, many, one->item, &has));
    return km_path__push_bool(r, out, has);
}

static km_code apply_in(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    sides c;
    KM_TRY(both(r, n, s, &c));
    return is_in(r, n, c.a, c.b, out);
}

static km_code apply_contains(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    sides c;
    KM_TRY(both(r, n, s, &c));
    return is_in(r, n, c.b, c.a, out);
}

/* --- logic of three values (FHIRPath 6.5) ----------------------------------------------------- */

static km_code truth_of(km_run *r, const km_node *n, const km_node *side, const km_scope *s,
                        km_truth *out)
{
    const km_items *in;
    km_items room = { 0 };
    KM_TRY(km_path__input(r, side, s, &in, &room));
    return km_path__truth(r, n, in, out);
}

/* `and` and `or` differ in what decides them; the right side is left out once they are. */
static km_code decided_by(km_run *r, const km_node *n, const km_scope *s, km_truth by,
                          km_items *out)
{
    km_truth a, b;
    KM_TRY(truth_of(r, n, n->from, s, &a));
    if (a == by)
        return push_truth(r, out, by);
    KM_TRY(truth_of(r, n, n->right, s, &b));
    if (b == by)
        return push_truth(r, out, by);
    return push_truth(r, out, a == KM_UNKNOWN ? a : b);
}

static km_code apply_and(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    return decided_by(r, n, s, KM_FALSE, out);
}

static km_code apply_or(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    return decided_by(r, n, s, KM_TRUE, out);
}

static km_code apply_xor(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_truth a, b;
    KM_TRY(truth_of(r, n, n->from, s, &a));
    KM_TRY(truth_of(r, n, n->right, s, &b));
    if (a == KM_UNKNOWN || b == KM_UNKNOWN)
        return KM_OK;
    return km_path__push_bool(r, out, a != b);
}

static km_code apply_implies(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_truth a, b;
    KM_TRY(truth_of(r, n, n->from, s, &a));
    if (a == KM_FALSE)
        return km_path__push_bool(r, out, true);
    KM_TRY(truth_of(r, n, n->right, s, &b));
    if (b == KM_TRUE || a == KM_TRUE)
        return push_truth(r, out, b);
    return KM_OK;
}

/* --- arithmetic ----------------------------------------------------------------------------------
 */

static bool is_number(const km_item *i)
{
    return i->kind == KM_ITEM_INT || i->kind == KM_ITEM_DECIMAL;
}

static bool is_numeric(const km_item *i)
{
    return is_number(i) || i->kind == KM_ITEM_QUANTITY;
}

static bool as_dec(km_dec *out, const km_item *i)
{
    if (i->kind == KM_ITEM_INT) {
        *out = km_dec__int(i->number);
        return true;
    }
    return km_dec__read(out, i->text);
}

/* The unit of a product or a quotient, where that takes no algebra of units. */
static bool unit_of(const km_node *n, const km_item *a, const km_item *b, km_str *out)
{
    km_str one = KM_STR("1");
    km_str x = a->kind == KM_ITEM_QUANTITY ? a->unit : one;
    km_str y = b->kind == KM_ITEM_QUANTITY ? b->unit : one;
    char sign = n->op->sign[0];
    *out = x;
    if (sign == '+' || sign == '-')
        return km_str_eq(x, y);
    if (sign == '/' && km_str_eq(x, y))
        *out = one;
    else if (sign == '*' && km_str_eq(x, one))
        *out = y;
    else
        return km_str_eq(y, one);
    return true;
}

static bool compute(char sign, km_dec *out, km_dec a, km_dec b)
{
    switch (sign) {
    case '+':
        return km_dec__add(out, a, b);
    case '-':
        b.minus = !b.minus && b.coef != 0;
        return km_dec__add(out, a, b);
    case '*':
        return km_dec__multiply(out, a, b);
    default:
        return km_dec__divide(out, a, b);
    }
}

/* + - * / of numbers and quantities. What overflows or divides by zero is empty. */
static km_code calculate(km_run *r, const km_node *n, const km_item *a, const km_item *b,
                         km_items *out)
{
    km_dec x, y, z;
    km_item item = { .kind = KM_ITEM_DECIMAL };
    char sign = n->op->sign[0];
    if (!is_numeric(a) || !is_numeric(b))
        return km_path__fail(r, n, "a value that is no number");
    if (!as_dec(&x, a) || !as_dec(&y, b) || !compute(sign, &z, x, y))
        return KM_OK;
    bool whole = a->kind == KM_ITEM_INT && b->kind == KM_ITEM_INT && sign != '/';
    if (whole && !km_dec__to_i64(&item.number, z))
        return KM_OK;
    if (whole)
        item.kind = KM_ITEM_INT;
    if (!is_number(a) || !is_number(b)) {
        if (!unit_of(n, a, b, &item.unit))
            return KM_OK;
        item.kind = KM_ITEM_QUANTITY;
    }
    if (!whole)
        item.text = km_dec__print(r->arena, z);
    return km_path__push(r, out, &item);
}

/* A date and a duration (FHIRPath 6.6.7). */
static km_code shift(km_run *r, const km_node *n, const km_item *a, const km_item *b, km_items *out)
{
    km_moment m;
    km_dec count;
    int64_t whole;
    bool ucum, time = a->kind == KM_ITEM_TIME;
    const km_time_unit *u = b->kind == KM_ITEM_QUANTITY ? km_time_unit__of(b->unit, &ucum) : NULL;
    if (u == NULL || (ucum && u->ms == NULL))
        return km_path__fail(r, n, "a date takes a duration of the calendar");
    if (!km_moment__read(&m, a->text, time) || !km_dec__read(&count, b->text))
        return KM_OK;
    if (n->op->sign[0] == '-')
        count.minus = !count.minus;
    /* Of seconds the fraction counts, to the millisecond; of longer units it does not. */
    if (u->per == 1000) {
        km_dec ms = km_dec__int(1000);
        if (!km_dec__multiply(&count, count, ms))
            return KM_OK;
        u = km_time_unit__word(KM_STR("millisecond"));
    }
    if (!km_dec__to_i64(&whole, km_dec__round(count, 0, KM_ROUND_ZERO))
        || !km_moment__add(&m, whole, u))
        return KM_OK;
    return km_path__push_text(r, out, a->kind, km_moment__print(r->arena, &m));
}

static km_code join(km_run *r, km_str a, km_str b, km_items *out)
{
    KM_TRY(km_path__spend(r, (a.n + b.n) / 16));
    km_str text = km_arena_print(r->arena, "%.*s%.*s", KM_STR_ARG(a), KM_STR_ARG(b));
    return km_path__push_text(r, out, KM_ITEM_STRING, text);
}

static km_code apply_arithmetic(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_item a, b;
    bool got;
    char sign = n->op->sign[0];
    KM_TRY(both_values(r, n, s, &a, &b, &got));
    if (!got)
        return KM_OK;
    if (sign == '+' && a.kind == KM_ITEM_STRING && b.kind == KM_ITEM_STRING)
        return join(r, a.text, b.text, out);
    if ((sign == '+' || sign == '-') && (a.kind == KM_ITEM_DATE || a.kind == KM_ITEM_TIME))
        return shift(r, n, &a, &b, out);
    return calculate(r, n, &a, &b, out);
}

static km_code apply_concatenate(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    sides c;
    km_item a = { .text = KM_STR("") }, b = { .text = KM_STR("") };
    bool got_a, got_b;
    KM_TRY(both(r, n, s, &c));
    KM_TRY(km_path__single(r, n, c.a, &a, &got_a));
    KM_TRY(km_path__single(r, n, c.b, &b, &got_b));
    if ((got_a && a.kind != KM_ITEM_STRING) || (got_b && b.kind != KM_ITEM_STRING))
        return km_path__fail(r, n, "a value that is no string");
    return join(r, a.text, b.text, out);
}

static km_code apply_whole(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_item a, b;
    km_dec x, y, quotient, rest;
    int64_t number;
    bool got;
    KM_TRY(both_values(r, n, s, &a, &b, &got));
    if (!got)
        return KM_OK;
    if (!is_number(&a) || !is_number(&b))
        return km_path__fail(r, n, "a value that is no number");
    if (!as_dec(&x, &a) || !as_dec(&y, &b) || !km_dec__divide_whole(&quotient, &rest, x, y))
        return KM_OK;
    if (n->op->sign[0] == 'm' && (a.kind == KM_ITEM_DECIMAL || b.kind == KM_ITEM_DECIMAL))
        return km_path__push_text(r, out, KM_ITEM_DECIMAL, km_dec__print(r->arena, rest));
    if (!km_dec__to_i64(&number, n->op->sign[0] == 'm' ? rest : quotient))
        return KM_OK;
    return km_path__push_int(r, out, number);
}

/* --- the table
 * -------------------------------------------------------------------------------------- */

const km_path_op *km_path__op(km_str sign)
{
    /* Without a function: the parser makes other nodes of them. */
    static const km_path_op ops[] = {
        { "*", 12, apply_arithmetic },
        { "/", 12, apply_arithmetic },
        { "div", 12, apply_whole },
        { "mod", 12, apply_whole },
        { "+", 11, apply_arithmetic },
        { "-", 11, apply_arithmetic },
        { "&", 11, apply_concatenate },
        { "is", 10, NULL },
        { "as", 10, NULL },
        { "|", 9, NULL },
        { "<=", 8, apply_order },
        { "<", 8, apply_order },
        { ">", 8, apply_order },
        { ">=", 8, apply_order },
        { "=", 7, apply_equal },
        { "~", 7, apply_equivalent },
        { "!=", 7, apply_unequal },
        { "!~", 7, apply_different },
        { "in", 6, apply_in },
        { "contains", 6, apply_contains },
        { "and", 5, apply_and },
        { "or", 4, apply_or },
        { "xor", 4, apply_xor },
        { "implies", 3, apply_implies },
    };
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (km_str_is(sign, ops[i].sign))
            return &ops[i];
    return NULL;
}
