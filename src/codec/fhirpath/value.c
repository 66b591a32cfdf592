/* SPDX-License-Identifier: Apache-2.0
 *
 * value: what FHIR's elements are to FHIRPath's operators (FHIR R4 2.9.1.3: primitives and
 * Quantity convert implicitly to System types), and what type an item is.
 */
#include "codec/fhirpath/inside.h"

#include "codec/fhirpath/moment.h"

static const struct {
    const char *name;
    km_item_kind kind;
} systems[] = {
    [KM_SYSTEM_BOOLEAN] = { "Boolean", KM_ITEM_BOOL },
    [KM_SYSTEM_STRING] = { "String", KM_ITEM_STRING },
    [KM_SYSTEM_INTEGER] = { "Integer", KM_ITEM_INT },
    [KM_SYSTEM_DECIMAL] = { "Decimal", KM_ITEM_DECIMAL },
    [KM_SYSTEM_DATE] = { "Date", KM_ITEM_DATE },
    [KM_SYSTEM_DATETIME] = { "DateTime", KM_ITEM_DATE },
    [KM_SYSTEM_TIME] = { "Time", KM_ITEM_TIME },
    [KM_SYSTEM_QUANTITY] = { "Quantity", KM_ITEM_QUANTITY },
};
enum { SYSTEMS = sizeof systems / sizeof systems[0] };

const char *km_path__system_name(km_system s)
{
    return systems[s].name;
}

km_system km_path__system_named(km_str name)
{
    for (size_t i = 1; i < SYSTEMS; i++)
        if (km_str_is(name, systems[i].name))
            return (km_system)i;
    return KM_SYSTEM_NONE;
}

km_system km_path__system_of(const km_item *item)
{
    if (item->kind == KM_ITEM_DATE)
        return km_str_find(item->text, 'T') < item->text.n ? KM_SYSTEM_DATETIME : KM_SYSTEM_DATE;
    for (size_t i = 1; i < SYSTEMS; i++)
        if (systems[i].kind == item->kind)
            return (km_system)i;
    return KM_SYSTEM_NONE;
}

/* --- FHIR values ------------------------------------------------------------------------- */

static bool is_a(const km_run *r, km_ptype type, km_ptype ancestor)
{
    return type != 0 && ancestor != 0 && (type == ancestor || r->model->is(type, ancestor));
}

static bool of_quantity(km_item *out, km_jv v)
{
    km_jv number = KM_JV_GET(v, "value");
    /* A comparator makes it a range of values and not a value. */
    if (!km_jv_is(number, KM_JSON_NUMBER) || KM_JV_GET(v, "comparator").doc)
        return false;
    *out = (km_item){ .kind = KM_ITEM_QUANTITY,
                      .text = km_jv_str(number),
                      .unit = km_jv_str(KM_JV_GET(v, "code")) };
    if (out->unit.n == 0)
        out->unit = km_jv_str(KM_JV_GET(v, "unit"));
    if (out->unit.n == 0)
        out->unit = KM_STR("1");
    return true;
}

static bool of_number(const km_run *r, km_item *out, const km_item *in)
{
    *out = (km_item){ .kind = KM_ITEM_INT, .text = km_jv_str(in->v) };
    if (is_a(r, in->type, r->path->known.decimal) || !km_str_to_i64(&out->number, out->text))
        out->kind = KM_ITEM_DECIMAL;
    return true;
}

static bool of_string(const km_run *r, km_item *out, const km_item *in)
{
    const km_path_known *k = &r->path->known;
    *out = (km_item){ .kind = KM_ITEM_STRING, .text = km_jv_str(in->v) };
    if (in->type == 0)
        return true;
    if (in->type == k->date || in->type == k->date_time || in->type == k->instant)
        out->kind = KM_ITEM_DATE;
    else if (in->type == k->time)
        out->kind = KM_ITEM_TIME;
    return true;
}

bool km_path__system_value(const km_run *r, km_item *out, const km_item *in)
{
    if (in->kind != KM_ITEM_JSON) {
        *out = *in;
        return in->kind != KM_ITEM_TYPE && in->kind != KM_ITEM_TYPE_INFO;
    }
    km_json_kind kind = km_jv_kind(in->v);
    switch (kind) {
    case KM_JSON_TRUE:
    case KM_JSON_FALSE:
        *out = (km_item){ .kind = KM_ITEM_BOOL, .number = kind == KM_JSON_TRUE };
        return true;
    case KM_JSON_NUMBER:
        return of_number(r, out, in);
    case KM_JSON_STRING:
        return of_string(r, out, in);
    case KM_JSON_OBJECT:
        return is_a(r, in->type, r->path->known.quantity) && of_quantity(out, in->v);
    case KM_JSON_NONE:
    case KM_JSON_NULL:
    case KM_JSON_ARRAY:
        break;
    }
    return false;
}

km_str km_path__text(km_run *r, const km_item *s)
{
    bool ucum;
    switch (s->kind) {
    case KM_ITEM_BOOL:
        return s->number ? KM_STR("true") : KM_STR("false");
    case KM_ITEM_INT:
        return km_arena_print(r->arena, "%lld", (long long)s->number);
    case KM_ITEM_QUANTITY:
        if (km_time_unit__of(s->unit, &ucum) && !ucum)
            return km_arena_print(r->arena, "%.*s %.*s", KM_STR_ARG(s->text), KM_STR_ARG(s->unit));
        return km_arena_print(r->arena, "%.*s '%.*s'", KM_STR_ARG(s->text), KM_STR_ARG(s->unit));
    default:
        return s->text;
    }
}

/* --- types --------------------------------------------------------------------------------- */

bool km_path__is(const km_run *r, const km_item *item, km_path_spec spec)
{
    if (item->kind == KM_ITEM_JSON || item->kind == KM_ITEM_TYPE)
        return is_a(r, item->type, spec.type);
    return spec.system != KM_SYSTEM_NONE && km_path__system_of(item) == spec.system;
}

/* Other than `is`, as and ofType take a primitive by its very type: FHIR's code is not
 * FHIRPath's string (the official suite wants Patient.gender.as(string) empty), and the search
 * parameters that tell canonical from uri rely on it. */
bool km_path__as(const km_run *r, const km_item *item, km_path_spec spec)
{
    if (item->kind == KM_ITEM_JSON && spec.type && r->model->is_primitive(item->type))
        return item->type == spec.type;
    return km_path__is(r, item, spec);
}

/* --- singletons ----------------------------------------------------------------------------- */

km_code km_path__truth(km_run *r, const km_node *n, const km_items *c, km_truth *out)
{
    km_item value;
    if (c->n > 1)
        return km_path__fail(r, n, "several items where one truth value is meant");
    *out = c->n == 0 ? KM_UNKNOWN : KM_TRUE;
    if (c->n == 1 && km_path__system_value(r, &value, c->item) && value.kind == KM_ITEM_BOOL)
        *out = value.number ? KM_TRUE : KM_FALSE;
    return KM_OK;
}

km_code km_path__single(km_run *r, const km_node *n, const km_items *c, km_item *out, bool *got)
{
    *got = c->n == 1;
    if (c->n > 1)
        return km_path__fail(r, n, "several items where one is meant");
    if (c->n == 1 && !km_path__system_value(r, out, c->item))
        return km_path__fail(r, n, "an element where a value is meant");
    return KM_OK;
}
