/* SPDX-License-Identifier: Apache-2.0
 *
 * math: FHIRPath 5.7. What has no real answer, or one that does not fit, is empty.
 */
#include "codec/fhirpath/functions.h"

#include <math.h>

#include "codec/fhirpath/decimal.h"

static bool read(km_dec *out, const km_item *i)
{
    if (i->kind != KM_ITEM_INT)
        return km_dec__read(out, i->text);
    *out = km_dec__int(i->number);
    return true;
}

static km_code push_dec(km_run *r, km_items *out, km_dec d)
{
    return km_path__push_text(r, out, KM_ITEM_DECIMAL, km_dec__print(r->arena, d));
}

static km_code push_real(km_run *r, km_items *out, double v)
{
    km_dec d;
    return km_dec__from_double(&d, v) ? push_dec(r, out, d) : KM_OK;
}

km_code km_path__abs(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                     km_items *out)
{
    km_item item = *in;
    km_dec d;
    (void)n, (void)arg;
    if (in->kind == KM_ITEM_INT) {
        if (in->number == INT64_MIN)
            return KM_OK;
        item.number = in->number < 0 ? -in->number : in->number;
    } else {
        if (!read(&d, in))
            return KM_OK;
        d.minus = false;
        item.text = km_dec__print(r->arena, d);
    }
    return km_path__push(r, out, &item);
}

/* ceiling, floor, truncate */
km_code km_path__whole(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                       km_items *out)
{
    km_dec d;
    int64_t whole;
    char first = n->fn->name[0];
    (void)arg;
    if (!read(&d, in))
        return KM_OK;
    d = km_dec__round(d, 0,
                      first == 'c'   ? KM_ROUND_UP
                      : first == 'f' ? KM_ROUND_DOWN
                                     : KM_ROUND_ZERO);
    return km_dec__to_i64(&whole, d) ? km_path__push_int(r, out, whole) : KM_OK;
}

km_code km_path__round(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                       km_items *out)
{
    km_dec d;
    int64_t digits = n->n_args ? arg[0].number : 0;
    if (digits < 0)
        return km_path__fail(r, n, "digits are not negative");
    if (in->kind == KM_ITEM_INT)
        return km_path__push(r, out, in);
    if (!read(&d, in))
        return KM_OK;
    return push_dec(r, out, km_dec__round(d, digits > 36 ? 36 : (int)digits, KM_ROUND_HALF));
}

/* exp, ln, sqrt */
km_code km_path__real(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                      km_items *out)
{
    km_dec d;
    (void)arg;
    if (!read(&d, in))
        return KM_OK;
    double v = km_dec__to_double(d);
    char first = n->fn->name[0];
    return push_real(r, out, first == 'e' ? exp(v) : first == 'l' ? log(v) : sqrt(v));
}

km_code km_path__log(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                     km_items *out)
{
    km_dec a, b;
    (void)n;
    if (!read(&a, in) || !read(&b, &arg[0]))
        return KM_OK;
    double base = km_dec__to_double(b);
    return push_real(r, out, base > 0 ? log(km_dec__to_double(a)) / log(base) : NAN);
}

/* Small whole exponents exactly, by multiplying. */
static bool whole_power(km_dec *out, km_dec base, int64_t exponent)
{
    if (exponent < 0 || exponent > 128)
        return false;
    *out = km_dec__int(1);
    for (; exponent > 0; exponent--)
        if (!km_dec__multiply(out, *out, base))
            return false;
    return true;
}

km_code km_path__power(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                       km_items *out)
{
    km_dec a, b, p;
    int64_t whole;
    (void)n;
    if (!read(&a, in) || !read(&b, &arg[0]))
        return KM_OK;
    if (!km_dec__to_i64(&whole, b) || !whole_power(&p, a, whole))
        return push_real(r, out, pow(km_dec__to_double(a), km_dec__to_double(b)));
    if (in->kind != KM_ITEM_INT || arg[0].kind != KM_ITEM_INT)
        return push_dec(r, out, p);
    return km_dec__to_i64(&whole, p) ? km_path__push_int(r, out, whole) : KM_OK;
}
