/* SPDX-License-Identifier: Apache-2.0
 *
 * convert: FHIRPath 5.5. A conversion that does not do is empty; the rows of convertsTo... ask
 * only whether it is not.
 */
#include "codec/fhirpath/functions.h"

#include "codec/fhirpath/decimal.h"
#include "codec/fhirpath/moment.h"
#include "codec/json/decimal.h"

static bool is_value(const km_item *in)
{
    return in->kind != KM_ITEM_JSON && in->kind != KM_ITEM_TYPE && in->kind != KM_ITEM_TYPE_INFO;
}

static bool any_of(km_str s, const char *const *words)
{
    for (; *words; words++)
        if (km_str_eq_nocase(s, km_str_of(*words)))
            return true;
    return false;
}

km_code km_path__to_boolean(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                            km_items *out)
{
    static const char *const yes[] = { "true", "t", "yes", "y", "1", "1.0", NULL };
    static const char *const no[] = { "false", "f", "no", "n", "0", "0.0", NULL };
    (void)n, (void)arg;
    bool is_yes = false, is_no = false;
    if (in->kind == KM_ITEM_BOOL || in->kind == KM_ITEM_INT) {
        is_yes = in->number == 1;
        is_no = in->number == 0;
    } else if (in->kind == KM_ITEM_STRING || in->kind == KM_ITEM_DECIMAL) {
        is_yes = any_of(in->text, yes);
        is_no = any_of(in->text, no);
    }
    return is_yes || is_no ? km_path__push_bool(r, out, is_yes) : KM_OK;
}

/* (\+|-)?\d+ without a plus and leading zeros, which numbers elsewhere do not have. */
static km_str plain_number(km_arena *a, km_str s)
{
    bool minus = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '+' || minus))
        s = km_str_sub(s, 1, s.n);
    if (s.n == 0 || s.p[0] < '0' || s.p[0] > '9')
        return KM_STR_NONE;
    while (s.n > 1 && s.p[0] == '0' && s.p[1] >= '0' && s.p[1] <= '9')
        s = km_str_sub(s, 1, s.n);
    return minus ? km_arena_print(a, "-%.*s", KM_STR_ARG(s)) : s;
}

km_code km_path__to_integer(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                            km_items *out)
{
    int64_t number;
    (void)n, (void)arg;
    if (in->kind == KM_ITEM_BOOL || in->kind == KM_ITEM_INT)
        return km_path__push_int(r, out, in->number);
    if (in->kind == KM_ITEM_STRING && km_str_to_i64(&number, plain_number(r->arena, in->text)))
        return km_path__push_int(r, out, number);
    return KM_OK;
}

/* A decimal's text, empty when the value is none. */
static km_str decimal_text(km_run *r, const km_item *in)
{
    km_decimal d;
    km_str text = in->text;
    if (in->kind == KM_ITEM_BOOL)
        return in->number ? KM_STR("1.0") : KM_STR("0.0");
    if (in->kind == KM_ITEM_INT)
        return km_path__text(r, in);
    if (in->kind == KM_ITEM_STRING)
        text = plain_number(r->arena, in->text);
    else if (in->kind != KM_ITEM_DECIMAL)
        return KM_STR_NONE;
    if (!km_decimal_parse(&d, text) || (in->kind == KM_ITEM_STRING && d.has_exponent))
        return KM_STR_NONE;
    return text;
}

km_code km_path__to_decimal(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                            km_items *out)
{
    (void)n, (void)arg;
    km_str text = decimal_text(r, in);
    return text.n ? km_path__push_text(r, out, KM_ITEM_DECIMAL, text) : KM_OK;
}

static km_code to_moment(km_run *r, const km_item *in, bool day_only, km_items *out)
{
    km_moment m;
    if (in->kind != KM_ITEM_STRING && in->kind != KM_ITEM_DATE)
        return KM_OK;
    if (!km_moment__read(&m, in->text, false))
        return KM_OK;
    if (day_only && (m.precision > KM_DAY || m.has_t)) {
        if (in->kind == KM_ITEM_STRING)
            return KM_OK;
        m.precision = m.precision > KM_DAY ? KM_DAY : m.precision;
        m.has_t = m.has_zone = false;
    } else if (!day_only) {
        m.has_t = true;
    }
    return km_path__push_text(r, out, KM_ITEM_DATE, km_moment__print(r->arena, &m));
}

km_code km_path__to_date(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                         km_items *out)
{
    (void)n, (void)arg;
    return to_moment(r, in, true, out);
}

km_code km_path__to_date_time(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                              km_items *out)
{
    (void)n, (void)arg;
    return to_moment(r, in, false, out);
}

km_code km_path__to_time(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                         km_items *out)
{
    km_moment m;
    (void)n, (void)arg;
    km_str text = in->text;
    if (in->kind == KM_ITEM_STRING && text.n && text.p[0] == 'T')
        text = km_str_sub(text, 1, text.n);
    if ((in->kind != KM_ITEM_STRING && in->kind != KM_ITEM_TIME)
        || !km_moment__read(&m, text, true))
        return KM_OK;
    return km_path__push_text(r, out, KM_ITEM_TIME, text);
}

/* number [ 'unit' | word of time ] */
static bool read_quantity(km_run *r, km_item *out, km_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '\'')
        n++;
    km_item number = { .kind = KM_ITEM_STRING, .text = km_str_sub(s, 0, n) };
    km_str unit = km_str_trim(km_str_sub(s, n, s.n));
    *out = (km_item){ .kind = KM_ITEM_QUANTITY,
                      .text = decimal_text(r, &number),
                      .unit = KM_STR("1") };
    if (out->text.n == 0)
        return false;
    if (unit.n == 0)
        return true;
    out->unit = unit;
    if (unit.p[0] != '\'')
        return km_time_unit__word(unit) != NULL;
    out->unit = km_str_sub(unit, 1, unit.n > 2 ? unit.n - 2 : 0);
    return unit.n > 2 && unit.p[unit.n - 1] == '\'' && km_str_find(out->unit, '\'') == out->unit.n;
}

km_code km_path__to_quantity(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                             km_items *out)
{
    km_item quantity = *in;
    (void)n, (void)arg;
    if (in->kind == KM_ITEM_STRING) {
        if (!read_quantity(r, &quantity, in->text))
            return KM_OK;
    } else if (in->kind != KM_ITEM_QUANTITY) {
        quantity =
            (km_item){ .kind = KM_ITEM_QUANTITY, .text = decimal_text(r, in), .unit = KM_STR("1") };
        if (quantity.text.n == 0)
            return KM_OK;
    }
    return km_path__push(r, out, &quantity);
}

km_code km_path__to_string(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                           km_items *out)
{
    (void)n, (void)arg;
    return is_value(in) ? km_path__push_text(r, out, KM_ITEM_STRING, km_path__text(r, in)) : KM_OK;
}
