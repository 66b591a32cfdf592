/* SPDX-License-Identifier: Apache-2.0
 *
 * types: the tree of types, their elements, and the model that FHIRPath asks.
 */
#include "codec/fhir/inside.h"

#include <assert.h>
#include <stdlib.h>

/* --- loading ------------------------------------------------------------------------ */

static uint8_t kind_named(km_str s)
{
    static const struct {
        const char *name;
        km_fhir_kind kind;
    } kinds[] = {
        { "resource", KM_FHIR_RESOURCE }, { "abstract", KM_FHIR_ABSTRACT },
        { "type", KM_FHIR_DATATYPE },     { "primitive", KM_FHIR_PRIMITIVE },
        { "part", KM_FHIR_PART },         { "retired", KM_FHIR_UNUSED },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (km_str_is(s, kinds[i].name))
            return (uint8_t)kinds[i].kind;
    km_fhir__wrong("types", s);
}

static int by_name(const void *a, const void *b, void *tables)
{
    const km_fhir_tables *t = tables;
    return km_str_cmp(t->type[*(const km_ftype *)a].name, t->type[*(const km_ftype *)b].name);
}

static void load_known(km_fhir_tables *t)
{
    struct {
        km_ftype *at;
        const char *name;
    } known[] = {
        { &t->t_resource, "Resource" },   { &t->t_domain_resource, "DomainResource" },
        { &t->t_element, "Element" },     { &t->t_reference, "Reference" },
        { &t->t_extension, "Extension" }, { &t->t_code, "code" },
        { &t->t_coding, "Coding" },       { &t->t_concept, "CodeableConcept" },
        { &t->t_patient, "Patient" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        *known[i].at = km_fhir__type_or_wrong(t, "types", km_str_of(known[i].name));
}

void km_fhir__load_types(km_fhir_tables *t)
{
    size_t rows = km_fhir__count_rows("types");
    t->type_names = km_fhir__names_new(t->arena, rows);
    t->resource = KM_NEW_ARRAY(t->arena, rows, km_ftype);
    for (km_fhir_rows r = km_fhir__rows("types"); km_fhir__next_row(&r);) {
        int64_t n;
        if (!km_str_to_i64(&n, r.cell[0]) || n < 1 || n >= KM_FHIR_TYPES || t->type[n].name.n)
            km_fhir__wrong("types", r.cell[0]);
        km_fhir_type *type = &t->type[n];
        type->kind = kind_named(r.cell[2]);
        if (type->kind == KM_FHIR_UNUSED)
            continue;
        type->name = r.cell[1];
        if (type->kind == KM_FHIR_PRIMITIVE)
            type->form = km_fhir__form_named(type->name);
        if (type->kind == KM_FHIR_RESOURCE)
            t->resource[t->n_resources++] = (km_ftype)n;
        km_fhir__names_add(&t->type_names, 0, type->name, (km_ftype)n, 0);
    }
    for (km_fhir_rows r = km_fhir__rows("types"); km_fhir__next_row(&r);)
        if (r.cell[3].n)
            t->type[km_fhir__type_or_wrong(t, "types", r.cell[1])].base = km_fhir__type_or_wrong(
                t, "types", r.cell[3]);
    load_known(t);
    qsort_r(t->resource, t->n_resources, sizeof t->resource[0], by_name, t);
}

static uint16_t small_number(km_str s)
{
    int64_t n;
    if (!km_str_to_i64(&n, s) || n < 0 || n > 1000)
        km_fhir__wrong("elements", s);
    return (uint16_t)n;
}

static uint16_t set_or_wrong(const km_fhir_tables *t, km_str name)
{
    if (name.n == 0)
        return 0;
    const km_name *found = km_fhir__names_find(&t->set_names, 0, name);
    if (found == NULL)
        km_fhir__wrong("elements", name);
    return found->a;
}

static km_element read_element(km_fhir_tables *t, const km_fhir_rows *r)
{
    km_element e = { .name = r->cell[1],
                     .owner = km_fhir__type_or_wrong(t, "elements", r->cell[0]),
                     .min = small_number(r->cell[2]),
                     .max = small_number(r->cell[3]),
                     .choice = km_str_find(r->cell[5], 'c') < r->cell[5].n,
                     .summary = km_str_find(r->cell[5], 's') < r->cell[5].n,
                     .modifier = km_str_find(r->cell[5], 'm') < r->cell[5].n,
                     .value_set = set_or_wrong(t, r->cell[6]) };
    e.types = km_fhir__types_in(&e.n_types, t, "elements", r->cell[4]);
    e.targets = km_fhir__types_in(&e.n_targets, t, "elements", r->cell[7]);
    if (e.n_types == 0)
        km_fhir__wrong("elements", e.name);
    return e;
}

/* valueQuantity: the base name and the type's with a capital. */
static km_str choice_name(km_arena *a, km_str name, km_str type)
{
    char *p = km_arena_alloc(a, name.n + type.n);
    memcpy(p, name.p, name.n);
    memcpy(p + name.n, type.p, type.n);
    if (p[name.n] >= 'a' && p[name.n] <= 'z')
        p[name.n] = (char)(p[name.n] - 'a' + 'A');
    return (km_str){ p, name.n + type.n };
}

static void enter_names(km_fhir_tables *t, km_ftype type)
{
    km_fhir_type *of = &t->type[type];
    for (uint16_t i = 0; i < of->n_elements; i++) {
        const km_element *e = &of->element[i];
        if (e->min > 0)
            of->required |= UINT64_C(1) << i;
        km_fhir__names_add(&t->element_names, type, e->name, i, e->choice ? 0 : e->types[0]);
        for (uint16_t c = 0; e->choice && c < e->n_types; c++)
            km_fhir__names_add(&t->element_names, type,
                               choice_name(t->arena, e->name, t->type[e->types[c]].name), i,
                               e->types[c]);
    }
}

/* The elements of the ancestors, the furthest first, before a type's own. */
static size_t lay_out(km_fhir_tables *t, const km_element *own, const size_t *first, km_ftype type)
{
    km_ftype line[16];
    size_t depth = 0, n = 0, names = 0;
    for (km_ftype at = type; at; at = t->type[at].base) {
        assert(depth < 16);
        line[depth++] = at;
        n += t->type[at].n_own;
    }
    if (n > KM_FHIR_ELEMENTS)
        km_fhir__wrong("elements", t->type[type].name);
    km_element *all = n ? KM_NEW_ARRAY(t->arena, n, km_element) : NULL;
    t->type[type].element = all;
    for (size_t d = depth; d > 0; d--)
        for (uint16_t i = 0; i < t->type[line[d - 1]].n_own; i++) {
            const km_element *e = &own[first[line[d - 1]] + i];
            all[t->type[type].n_elements++] = *e;
            names += 1u + (e->choice ? e->n_types : 0u);
        }
    return names;
}

void km_fhir__load_elements(km_fhir_tables *t)
{
    size_t rows = km_fhir__count_rows("elements"), n = 0, names = 0;
    km_element *own = KM_NEW_ARRAY(t->arena, rows, km_element);
    size_t *first = KM_NEW_ARRAY(t->arena, KM_FHIR_TYPES, size_t);
    km_element *sorted = KM_NEW_ARRAY(t->arena, rows, km_element);
    for (km_fhir_rows r = km_fhir__rows("elements"); km_fhir__next_row(&r); n++) {
        own[n] = read_element(t, &r);
        t->type[own[n].owner].n_own++;
    }
    /* Rows of a type need not stand together (a part interrupts its parent): a stable
     * counting sort by owner. */
    for (size_t at = 0, type = 0; type < KM_FHIR_TYPES; at += t->type[type++].n_own)
        first[type] = at;
    for (size_t i = 0; i < n; i++)
        sorted[first[own[i].owner]++] = own[i];
    for (size_t type = 0; type < KM_FHIR_TYPES; type++)
        first[type] -= t->type[type].n_own;
    for (size_t type = 1; type < KM_FHIR_TYPES; type++)
        if (t->type[type].kind != KM_FHIR_UNUSED)
            names += lay_out(t, sorted, first, (km_ftype)type);
    t->element_names = km_fhir__names_new(t->arena, names);
    for (size_t type = 1; type < KM_FHIR_TYPES; type++)
        enter_names(t, (km_ftype)type);
}

/* --- asking --------------------------------------------------------------------------- */

km_ftype km_fhir_type_named(km_str name)
{
    const km_name *found = km_fhir__names_find(&km_fhir__tables->type_names, 0, name);
    return found ? found->a : 0;
}

km_str km_fhir_type_name(km_ftype t)
{
    return km_fhir__type(t)->name;
}

bool km_fhir_is_resource(km_ftype t)
{
    return km_fhir__type(t)->kind == KM_FHIR_RESOURCE;
}

size_t km_fhir_resources(const km_ftype **out)
{
    *out = km_fhir__tables->resource;
    return km_fhir__tables->n_resources;
}

size_t km_fhir_elements(const km_element **out, km_ftype t)
{
    *out = km_fhir__type(t)->element;
    return km_fhir__type(t)->n_elements;
}

const km_element *km_fhir_element(km_ftype t, km_str json_name, km_ftype *type)
{
    const km_name *found = km_fhir__names_find(&km_fhir__tables->element_names, t, json_name);
    if (found == NULL || found->b == 0)
        return NULL;
    if (type)
        *type = found->b;
    return &km_fhir__tables->type[t].element[found->a];
}

/* --- the model ------------------------------------------------------------------------- */

static bool model_element(km_path_element *out, km_ptype type, km_str name)
{
    const km_name *found = km_fhir__names_find(&km_fhir__tables->element_names, type, name);
    if (found == NULL)
        return false;
    const km_element *e = &km_fhir__tables->type[type].element[found->a];
    if (!km_str_eq(e->name, name)) /* valueQuantity is JSON's name, FHIRPath says value */
        return false;
    *out = (km_path_element){ .type = e->choice ? 0 : e->types[0],
                              .choice = e->choice,
                              .types = e->types,
                              .n_types = e->n_types };
    return true;
}

static bool model_is(km_ptype type, km_ptype ancestor)
{
    while (type && type != ancestor)
        type = km_fhir__type(type)->base;
    return type != 0;
}

static bool model_is_primitive(km_ptype type)
{
    return km_fhir__type(type)->kind == KM_FHIR_PRIMITIVE;
}

const km_path_model *km_fhir_model(void)
{
    static const km_path_model model = { model_element, km_fhir_type_named, km_fhir_type_name,
                                         model_is,      model_is_primitive, km_fhir_is_resource };
    return &model;
}
