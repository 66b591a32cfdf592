/* SPDX-License-Identifier: Apache-2.0
 *
 * values: what a search parameter finds in a resource, by kind of parameter and type of element
 * (FHIR R4 3.1.1.4.1 to 3.1.1.4.14, "search parameter types"). One table of (kind, type, reader).
 */
#include "view/index/keys.h"

#include <pthread.h>
#include <stdlib.h>

#include "codec/json/decimal.h"
#include "view/index/inside.h"

typedef struct reading {
    km_values *out;
    km_arena *a;
    km_param_kind kind;
} reading;

static km_value *add(reading *r)
{
    km_values *out = r->out;
    if (out->n == out->room) {
        size_t room = out->room ? out->room * 2 : 8;
        km_value *v = km_arena_alloc(r->a, room * sizeof *v);
        if (out->n > 0)
            memcpy(v, out->v, out->n * sizeof *v);
        out->v = v;
        out->room = room;
    }
    km_value *v = &out->v[out->n++];
    *v = (km_value){ .kind = r->kind };
    return v;
}

/* --- strings --- */

static void add_text(reading *r, km_str text)
{
    if (text.n > 0)
        add(r)->text = text;
}

static void read_string(reading *r, km_jv v)
{
    add_text(r, km_jv_str(v));
}

static void add_each(reading *r, km_jv list)
{
    if (km_jv_is(list, KM_JSON_STRING))
        add_text(r, km_jv_str(list));
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        if (!i.object)
            add_text(r, km_jv_str(i.value));
}

static void add_members(reading *r, km_jv v, const char *const *name)
{
    for (; *name != NULL; name++)
        add_each(r, km_jv_get(v, km_str_of(*name)));
}

/* Every part, and family with given names as Japan writes them: 山田太郎 finds 山田 + 太郎. */
static void read_name(reading *r, km_jv v)
{
    static const char *const parts[] = { "text", "family", "given", "prefix", "suffix", NULL };
    add_members(r, v, parts);
    km_str family = km_jv_str(KM_JV_GET(v, "family"));
    km_jv given = KM_JV_GET(v, "given");
    if (family.n == 0 || km_jv_count(given) == 0)
        return;
    km_buf whole = km_buf_in(r->a);
    km_buf_add(&whole, family);
    for (km_jv_iter i = km_jv_each(given); km_jv_next(&i);) {
        km_buf_char(&whole, ' ');
        km_buf_add(&whole, km_jv_str(i.value));
    }
    add_text(r, km_buf_str(&whole));
}

static void read_address(reading *r, km_jv v)
{
    static const char *const parts[] = { "text",  "line",       "city",    "district",
                                         "state", "postalCode", "country", NULL };
    add_members(r, v, parts);
}

static void read_concept_text(reading *r, km_jv v)
{
    add_text(r, km_jv_str(KM_JV_GET(v, "text")));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "coding")); km_jv_next(&i);)
        add_text(r, km_jv_str(KM_JV_GET(i.value, "display")));
}

/* --- tokens --- */

static km_value *add_token(reading *r, km_str system, km_str code, bool any_system)
{
    km_value *v = add(r);
    v->text = code;
    v->system = system;
    v->has_system = system.n > 0;
    v->any_system = any_system;
    return v;
}

static void read_coding(reading *r, km_jv v)
{
    km_str code = km_jv_str(KM_JV_GET(v, "code")), system = km_jv_str(KM_JV_GET(v, "system"));
    km_str display = km_jv_str(KM_JV_GET(v, "display"));
    if (code.n > 0 || system.n > 0 || display.n > 0)
        add_token(r, system, code, false)->display = display;
}

static void read_concept(reading *r, km_jv v)
{
    km_str text = km_jv_str(KM_JV_GET(v, "text"));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "coding")); km_jv_next(&i);)
        read_coding(r, i.value);
    if (text.n > 0)
        add_token(r, KM_STR_NONE, KM_STR_NONE, false)->display = text;
}

static void read_identifier(reading *r, km_jv v)
{
    km_jv type = KM_JV_GET(v, "type"), coding = km_jv_item(KM_JV_GET(type, "coding"), 0);
    km_str value = km_jv_str(KM_JV_GET(v, "value"));
    km_str system = km_jv_str(KM_JV_GET(v, "system"));
    if (value.n == 0 && system.n == 0)
        return;
    km_value *t = add_token(r, system, value, false);
    t->type_system = km_jv_str(KM_JV_GET(coding, "system"));
    t->type_code = km_jv_str(KM_JV_GET(coding, "code"));
    t->display = km_jv_str(KM_JV_GET(type, "text"));
}

static void read_contact(reading *r, km_jv v)
{
    km_str value = km_jv_str(KM_JV_GET(v, "value"));
    if (value.n > 0)
        add_token(r, km_jv_str(KM_JV_GET(v, "use")), value, true);
}

static void read_code(reading *r, km_jv v)
{
    km_json_kind k = km_jv_kind(v);
    km_str code = k == KM_JSON_TRUE    ? KM_STR("true")
                  : k == KM_JSON_FALSE ? KM_STR("false")
                                       : km_jv_str(v);
    if (code.n > 0)
        add_token(r, KM_STR_NONE, code, true);
}

/* --- references --- */

static void read_reference(reading *r, km_jv v)
{
    km_str text = km_jv_str(KM_JV_GET(v, "reference"));
    km_jv id = KM_JV_GET(v, "identifier");
    km_str id_value = km_jv_str(KM_JV_GET(id, "value"));
    km_str display = km_jv_str(KM_JV_GET(v, "display"));
    if (text.n == 0 && id_value.n == 0 && display.n == 0)
        return;
    km_value *one = add(r);
    one->text = text;
    one->id_value = id_value;
    one->id_system = km_jv_str(KM_JV_GET(id, "system"));
    one->display_text = display;
}

static void read_canonical(reading *r, km_jv v)
{
    km_str text = km_jv_str(v);
    if (text.n == 0)
        return;
    km_value *one = add(r);
    one->text = text;
    one->canonical = true;
}

/* --- dates --- */

static bool interval(km_ms *low, km_ms *high, km_str text)
{
    km_civil c;
    if (!km_civil_parse(&c, text))
        return false;
    km_civil_interval(low, high, &c);
    return true;
}

static void add_interval(reading *r, km_ms low, km_ms high)
{
    km_value *v = add(r);
    v->low = low;
    v->high = high;
}

static void read_date(reading *r, km_jv v)
{
    km_ms low, high;
    if (interval(&low, &high, km_jv_str(v)))
        add_interval(r, low, high);
}

static void read_period(reading *r, km_jv v)
{
    km_ms low = INT64_MIN, high = INT64_MAX, first_end, last_start;
    bool started = interval(&low, &last_start, km_jv_str(KM_JV_GET(v, "start")));
    bool ended = interval(&first_end, &high, km_jv_str(KM_JV_GET(v, "end")));
    if (started && ended && high < low) { /* written the wrong way round: what lies between */
        low = first_end;
        high = last_start;
    }
    if (started || ended)
        add_interval(r, low, high);
}

/* The outer limits of what is planned (R4 3.1.1.4.7: "Timing: the specified scheduling details are
 * ignored and only the outer limits matter"). */
static void read_timing(reading *r, km_jv v)
{
    km_ms low = INT64_MAX, high = INT64_MIN, one_low, one_high;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "event")); km_jv_next(&i);)
        if (interval(&one_low, &one_high, km_jv_str(i.value))) {
            low = one_low < low ? one_low : low;
            high = one_high > high ? one_high : high;
        }
    if (low <= high)
        add_interval(r, low, high);
    read_period(r, km_jv_at(v, "repeat.boundsPeriod"));
}

/* --- numbers and quantities --- */

static bool number_of(double *out, km_jv v)
{
    km_decimal d;
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_decimal_parse(&d, km_jv_str(v)))
        return false;
    *out = km_decimal_to_double(&d);
    return true;
}

static void read_number(reading *r, km_jv v)
{
    double n;
    if (!number_of(&n, v))
        return;
    km_value *one = add(r);
    one->number_low = one->number_high = n;
}

/* Comparators widen: "<5" is everything below 5. */
static void read_quantity(reading *r, km_jv v)
{
    double n;
    if (!number_of(&n, KM_JV_GET(v, "value")))
        return;
    km_str comparator = km_jv_str(KM_JV_GET(v, "comparator"));
    km_value *one = add(r);
    one->number_low = comparator.n > 0 && comparator.p[0] == '<' ? -__builtin_inf() : n;
    one->number_high = comparator.n > 0 && comparator.p[0] == '>' ? __builtin_inf() : n;
    one->text = km_jv_str(KM_JV_GET(v, "code"));
    one->system = km_jv_str(KM_JV_GET(v, "system"));
    one->unit = km_jv_str(KM_JV_GET(v, "unit"));
    km_str currency = km_jv_str(KM_JV_GET(v, "currency"));
    if (currency.n > 0) {
        one->text = currency;
        one->system = KM_STR("urn:iso:std:iso:4217");
    }
}

static void read_range(reading *r, km_jv v)
{
    km_jv low = KM_JV_GET(v, "low"), high = KM_JV_GET(v, "high");
    km_jv units = km_jv_kind(low) != KM_JSON_NONE ? low : high;
    double a = -__builtin_inf(), b = __builtin_inf();
    bool any = number_of(&a, KM_JV_GET(low, "value"));
    any = number_of(&b, KM_JV_GET(high, "value")) || any;
    if (!any)
        return;
    km_value *one = add(r);
    one->number_low = a;
    one->number_high = b;
    one->text = km_jv_str(KM_JV_GET(units, "code"));
    one->system = km_jv_str(KM_JV_GET(units, "system"));
    one->unit = km_jv_str(KM_JV_GET(units, "unit"));
}

/* --- the table --- */

typedef void (*reader)(reading *r, km_jv v);

static const struct row {
    km_param_kind kind;
    const char *type;
    reader read;
} rows[] = {
    { KM_PARAM_STRING, "HumanName", read_name },
    { KM_PARAM_STRING, "Address", read_address },
    { KM_PARAM_STRING, "CodeableConcept", read_concept_text },
    { KM_PARAM_STRING, NULL, read_string },
    { KM_PARAM_TOKEN, "CodeableConcept", read_concept },
    { KM_PARAM_TOKEN, "Coding", read_coding },
    { KM_PARAM_TOKEN, "Identifier", read_identifier },
    { KM_PARAM_TOKEN, "ContactPoint", read_contact },
    { KM_PARAM_TOKEN, NULL, read_code },
    { KM_PARAM_REFERENCE, "Reference", read_reference },
    { KM_PARAM_REFERENCE, NULL, read_canonical },
    { KM_PARAM_DATE, "Period", read_period },
    { KM_PARAM_DATE, "Timing", read_timing },
    { KM_PARAM_DATE, NULL, read_date },
    { KM_PARAM_NUMBER, "Range", read_range },
    { KM_PARAM_NUMBER, NULL, read_number },
    { KM_PARAM_QUANTITY, "Range", read_range },
    { KM_PARAM_QUANTITY, NULL, read_quantity },
    { KM_PARAM_URI, NULL, read_string },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Type numbers of the rows, looked up once; the definitions are read-only by then. */
static km_ftype row_type[ROWS];
static pthread_once_t types_known = PTHREAD_ONCE_INIT;

static void know_types(void)
{
    for (size_t i = 0; i < ROWS; i++)
        row_type[i] = rows[i].type ? km_fhir_type_named(km_str_of(rows[i].type)) : 0;
}

static reader reader_for(km_param_kind kind, km_ftype type)
{
    reader general = NULL;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].kind != kind)
            continue;
        if (rows[i].type == NULL)
            general = rows[i].read;
        else if (row_type[i] == type)
            return rows[i].read;
    }
    return general;
}

/* A value that the expression computed rather than found. */
static void read_computed(reading *r, const km_item *item)
{
    if (item->kind == KM_ITEM_BOOL && r->kind == KM_PARAM_TOKEN)
        add_token(r, KM_STR_NONE, item->number ? KM_STR("true") : KM_STR("false"), true);
    else if (item->kind == KM_ITEM_STRING && r->kind == KM_PARAM_TOKEN)
        add_token(r, KM_STR_NONE, item->text, true);
    else if (item->kind == KM_ITEM_STRING)
        add_text(r, item->text);
}

void km_values__read(km_values *out, km_param_kind kind, const km_items *items, km_arena *a)
{
    pthread_once(&types_known, know_types);
    reading r = { out, a, kind };
    for (uint32_t i = 0; i < items->n; i++) {
        const km_item *item = &items->item[i];
        reader read = reader_for(kind, item->type);
        if (item->kind != KM_ITEM_JSON)
            read_computed(&r, item);
        else if (read != NULL && km_jv_kind(item->v) > KM_JSON_NULL)
            read(&r, item->v);
    }
}

km_code km_values_of(km_values *out, const km_param *p, km_jv resource, km_ftype type, km_arena *a,
                     km_fault *f)
{
    km_items items = { 0 };
    km_path_env env = {
        .model = km_fhir_model(), .arena = a, .resource = resource, .keep_equal = true
    };
    (void)type;
    if (p->path == NULL)
        return KM_OK;
    KM_TRY(km_path_eval(&items, p->path, &env, f));
    km_values__read(out, p->kind, &items, a);
    return KM_OK;
}
