/* SPDX-License-Identifier: Apache-2.0
 * fuzz: codec/fhirpath
 *
 * fhirpath: an expression, then a NUL and a resource. Both may be hostile: compiling and
 * evaluating end within their steps, answer with a fault or with items that lie in what was
 * read, and twice the same. Without a NUL the resource is one that is always there.
 */
#include <stdlib.h>

#include "codec/fhirpath/fhirpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Types by their first letter: enough to reach choices, primitives, references and resources
 * whatever names the fuzzer makes up. */
static const char *const types[] = { "",         "Resource",   "Patient",   "Element",   "string",
                                     "code",     "date",       "dateTime",  "decimal",   "boolean",
                                     "Quantity", "Reference",  "Extension", "HumanName", "time",
                                     "instant",  "Observation" };
enum { TYPES = sizeof types / sizeof types[0] };
static const km_ptype choices[] = { 4, 7, 9, 10, 8, 14 };

static km_ptype type_named(km_str name)
{
    for (km_ptype t = 1; t < TYPES; t++)
        if (km_str_is(name, types[t]))
            return t;
    return 0;
}

static km_str type_name(km_ptype t)
{
    must(t < TYPES);
    return km_str_of(types[t]);
}

static bool is(km_ptype t, km_ptype ancestor)
{
    return t != 0
           && (t == ancestor || (ancestor == 1 && (t == 2 || t == 16))
               || (ancestor == 4 && t == 5));
}

static bool is_primitive(km_ptype t)
{
    return (t >= 4 && t <= 9) || t == 14 || t == 15;
}

static bool is_resource(km_ptype t)
{
    return t == 2 || t == 16;
}

static bool element(km_path_element *out, km_ptype type, km_str name)
{
    static const struct {
        const char *name;
        km_ptype type;
    } elements[] = { { "name", 13 },      { "given", 4 }, { "use", 5 },       { "birthDate", 6 },
                     { "extension", 12 }, { "url", 4 },   { "contained", 1 }, { "subject", 11 },
                     { "code", 5 },       { "unit", 4 },  { "id", 4 },        { "reference", 4 },
                     { "issued", 15 },    { "active", 9 } };
    must(type != 0 && type < TYPES);
    *out = (km_path_element){ .choice = km_str_is(name, "value") && type != 10 };
    if (out->choice) {
        out->types = choices;
        out->n_types = sizeof choices / sizeof choices[0];
        return true;
    }
    if (km_str_is(name, "value"))
        out->type = 8;
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (km_str_is(name, elements[i].name))
            out->type = elements[i].type;
    return out->type != 0;
}

static const km_path_model model = {
    element, type_named, type_name, is, is_primitive, is_resource
};

static const char always[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"active\":true,\"name\":[{\"use\":\"official\","
    "\"given\":[\"a\",null,\"c\"],\"_given\":[null,{\"extension\":[{\"url\":\"u\",\"valueString\":"
    "\"v\"}]}]}],\"birthDate\":\"1974-12-25\",\"_birthDate\":{\"id\":\"b\"},\"valueQuantity\":"
    "{\"value\":1.50,\"unit\":\"g\"},\"subject\":{\"reference\":\"#c\"},\"contained\":[{"
    "\"resourceType\":\"Observation\",\"id\":\"c\",\"valueDateTime\":\"2020\"}]}";

static void look(const km_items *items)
{
    for (uint32_t i = 0; i < items->n; i++) {
        const km_item *item = &items->item[i];
        must(item->type < TYPES && item->kind <= KM_ITEM_TYPE_INFO);
        must(item->kind != KM_ITEM_STRING || item->text.p != NULL || item->text.n == 0);
        for (size_t k = 0; k < item->text.n; k++)
            must(item->text.p[k] != '\0' || item->kind == KM_ITEM_STRING);
        must(item->v.doc == NULL || item->v.at < item->v.doc->nodes);
        must(item->side.doc == NULL || item->side.at < item->side.doc->nodes);
    }
}

static void run(km_arena *a, km_str text, km_jv resource)
{
    km_path *path = NULL;
    km_items once, twice;
    km_fault f = { 0 };
    km_path_env env = { .model = &model,
                        .arena = a,
                        .resource = resource,
                        .step_limit = 20000,
                        .now = INT64_C(1714566896789) };
    km_code rc = km_path_compile(&path, a, text, &model, &f);
    must((rc == KM_OK) == (path != NULL) && rc == f.code);
    if (rc != KM_OK)
        return;
    rc = km_path_eval(&once, path, &env, &f);
    must(rc == f.code && (rc == KM_OK || rc == KM_BAD_VALUE || rc == KM_TOO_COSTLY));
    if (rc != KM_OK)
        return;
    look(&once);
    /* The arena may be over its cap by then, which is a fault of its own. */
    if (km_path_eval(&twice, path, &env, &f) == KM_OK)
        must(twice.n == once.n && km_items_true(&once) == km_items_true(&twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_str rest, text = km_str_cut((km_str){ (const char *)bytes, n }, '\0', &rest);
    km_arena *a = km_arena_new((size_t)16 << 20);
    km_json *doc;
    if (rest.p == NULL)
        rest = km_str_of(always);
    if (km_json_parse(&doc, a, rest, NULL, NULL) == KM_OK)
        run(a, text, km_json_root(doc));
    km_arena_free(a);
    return 0;
}
