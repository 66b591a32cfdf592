/* SPDX-License-Identifier: Apache-2.0
 *
 * check: the structure of a resource against the tables, in one walk with a stack of its
 * own. What is checked stands in fhir.h. A fault names elements and what they should be,
 * never what they hold.
 */
#include "codec/fhir/inside.h"

#include <stdio.h>

/* R4 knows no limit; 64 is the parser's default, and nothing real is half as deep. */
#define MAX_DEPTH 100

typedef enum form { OBJECT, LIST, SIDES /* of a list of primitives: _given */ } form;

typedef struct frame {
    km_jv_iter it;
    km_jv self;
    km_str name;               /* its JSON name; empty for an item of a list */
    const km_element *element; /* LIST: whose items they are */
    km_ftype type;             /* of the object, or of the items */
    uint8_t form;
    bool resource;
    bool contained; /* inside Resource.contained */
    uint32_t index; /* LIST, SIDES: items begun */
    uint64_t seen;  /* elements with a value, as bits */
    uint64_t sided; /* elements with a _name */
    uint64_t alone; /* of these, the ones without the value of the same name */
} frame;

typedef struct check {
    const km_fhir_tables *t;
    km_fault *fault;
    km_str root;
    size_t depth;
    frame stack[MAX_DEPTH];
} check;

/* --- faults --------------------------------------------------------------------------- */

static void print_path(char *out, size_t room, const check *c, km_str member)
{
    size_t n = (size_t)snprintf(out, room, "%.*s", KM_STR_ARG(c->root));
    for (size_t i = 0; i < c->depth && n < room; i++) {
        const frame *f = &c->stack[i];
        if (f->name.n)
            n += (size_t)snprintf(out + n, room - n, ".%.*s", KM_STR_ARG(f->name));
        if (f->form != OBJECT && n < room && f->index)
            n += (size_t)snprintf(out + n, room - n, "[%u]", f->index - 1);
    }
    if (member.n && n < room)
        snprintf(out + n, room - n, ".%.*s", KM_STR_ARG(member));
}

/* `member` of the innermost object; empty: the object or item itself. `at` gives the place. */
static km_code fail_at(check *c, km_jv at, km_str member, km_code code, const char *expected)
{
    char path[sizeof((km_fault *)NULL)->path];
    uint32_t line, column;
    if (c->fault == NULL)
        return code;
    print_path(path, sizeof path, c, member);
    km_code rc = km_fail(c->fault, code, path, "%s", expected);
    km_jv_place(at, &line, &column);
    km_fault_at(c->fault, line, column);
    return rc;
}

/* A name that cannot be an element's is not repeated: it might be somebody's. */
static km_code fail_unknown(check *c, km_jv at, km_str name)
{
    bool word = name.n > 0 && name.n <= 64;
    for (size_t i = 0; word && i < name.n; i++)
        word = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= 'A' && name.p[i] <= 'Z')
               || name.p[i] == '_';
    return fail_at(c, at, word ? name : KM_STR_NONE, KM_INVALID, "no such element");
}

/* --- bindings --------------------------------------------------------------------------- */

static bool coding_in(uint16_t set, km_jv coding)
{
    return km_fhir_code_in(set, km_jv_str(KM_JV_GET(coding, "system")),
                           km_jv_str(KM_JV_GET(coding, "code")));
}

/* A concept told in words alone has no coding that could be outside the set. */
static bool concept_in(uint16_t set, km_jv concept)
{
    km_jv codings = KM_JV_GET(concept, "coding");
    if (!km_jv_is(codings, KM_JSON_ARRAY))
        return true;
    for (km_jv_iter i = km_jv_each(codings); km_jv_next(&i);)
        if (coding_in(set, i.value))
            return true;
    return false;
}

static km_code check_binding(check *c, const km_element *e, km_ftype type, km_jv v, km_str name)
{
    bool in = true;
    if (e->value_set == 0)
        return KM_OK;
    if (type == c->t->t_concept)
        in = concept_in(e->value_set, v);
    else if (type == c->t->t_coding)
        in = coding_in(e->value_set, v);
    else if (km_jv_is(v, KM_JSON_STRING))
        in = km_fhir_code_in(e->value_set, KM_STR_NONE, km_jv_str(v));
    return in ? KM_OK : fail_at(c, v, name, KM_CODE_UNKNOWN, "a code of the required value set");
}

/* --- entering ------------------------------------------------------------------------------ */

static km_code push(check *c, frame f)
{
    if (c->depth == MAX_DEPTH)
        return fail_at(c, f.self, f.name, KM_TOO_COSTLY, "nested too deeply");
    if (c->depth)
        f.contained |= c->stack[c->depth - 1].contained;
    f.it = km_jv_each(f.self);
    c->stack[c->depth++] = f;
    return KM_OK;
}

static km_code enter_object(check *c, km_ftype type, km_jv v, km_str name, bool contained)
{
    frame f = { .self = v, .name = name, .type = type, .form = OBJECT, .contained = contained };
    if (!km_jv_is(v, KM_JSON_OBJECT))
        return fail_at(c, v, name, KM_INVALID, "an object");
    if (km_jv_count(v) == 0)
        return fail_at(c, v, name, KM_INVALID, "an object is never empty");
    if (type == c->t->t_resource) {
        km_jv told = KM_JV_GET(v, "resourceType");
        f.resource = true;
        f.type = km_fhir_type_named(km_jv_str(told));
        if (!km_fhir_is_resource(f.type))
            return fail_at(c, v, name, c->depth ? KM_INVALID : KM_UNKNOWN_TYPE,
                           "resourceType names a resource of R4");
    }
    return push(c, f);
}

static km_code enter_list(check *c, const km_element *e, km_ftype type, km_jv v, km_str name,
                          form as)
{
    uint32_t n = km_jv_count(v);
    if (!km_jv_is(v, KM_JSON_ARRAY))
        return fail_at(c, v, name, KM_INVALID, "an array");
    if (n == 0)
        return fail_at(c, v, name, KM_INVALID, "an array is never empty");
    if (e->max && n > e->max)
        return fail_at(c, v, name, KM_INVALID, "fewer items");
    bool contained = type == c->t->t_resource && km_str_is(e->name, "contained");
    if (contained && c->stack[c->depth - 1].contained)
        return fail_at(c, v, name, KM_INVALID, "contained resources do not contain others");
    return push(c, (frame){ .self = v,
                            .name = name,
                            .element = e,
                            .type = type,
                            .form = (uint8_t)as,
                            .contained = contained });
}

/* One value; `name` is empty for an item of a list. */
static km_code check_one(check *c, const km_element *e, km_ftype type, km_jv v, km_str name)
{
    const km_fhir_type *t = km_fhir__type(type);
    if (t->kind != KM_FHIR_PRIMITIVE) {
        if (km_jv_is(v, KM_JSON_OBJECT))
            KM_TRY(check_binding(c, e, type, v, name));
        return enter_object(c, type, v, name, false);
    }
    const char *expected = km_fhir__form_fault(t->form, v);
    if (expected)
        return fail_at(c, v, name, KM_BAD_VALUE, expected);
    return check_binding(c, e, type, v, name);
}

/* --- members --------------------------------------------------------------------------------- */

static size_t bit_of(const km_fhir_type *t, const km_element *e)
{
    return (size_t)(e - t->element);
}

/* _birthDate beside birthDate: id and extensions of a primitive (R4 2.6.2). */
static km_code check_side(check *c, frame *f, km_str name, km_jv v)
{
    km_ftype type;
    km_str plain = km_str_sub(name, 1, name.n);
    const km_element *e = km_fhir_element(f->type, plain, &type);
    if (e == NULL || km_fhir__type(type)->kind != KM_FHIR_PRIMITIVE)
        return fail_unknown(c, v, name);
    uint64_t bit = UINT64_C(1) << bit_of(km_fhir__type(f->type), e);
    if (f->sided & bit)
        return fail_at(c, v, name, KM_INVALID, "one value of the choice");
    km_jv value = km_jv_get(f->self, plain);
    f->sided |= bit;
    if (km_jv_is(value, KM_JSON_NONE))
        f->alone |= bit;
    if (e->max == 1)
        return enter_object(c, c->t->t_element, v, name, false);
    if (km_jv_is(value, KM_JSON_ARRAY) && km_jv_count(v) > km_jv_count(value))
        return fail_at(c, v, name, KM_INVALID, "as many items as values, filled with null");
    return enter_list(c, e, c->t->t_element, v, name, SIDES);
}

static km_code check_member(check *c, frame *f, km_str name, km_jv v)
{
    km_ftype type;
    if (f->resource && km_str_is(name, "resourceType"))
        return KM_OK;
    if (name.n > 1 && name.p[0] == '_')
        return check_side(c, f, name, v);
    const km_element *e = km_fhir_element(f->type, name, &type);
    if (e == NULL)
        return fail_unknown(c, v, name);
    uint64_t bit = UINT64_C(1) << bit_of(km_fhir__type(f->type), e);
    if (f->seen & bit) /* duplicate names end in the parser */
        return fail_at(c, v, name, KM_INVALID, "one value of the choice");
    f->seen |= bit;
    return e->max == 1 ? check_one(c, e, type, v, name) : enter_list(c, e, type, v, name, LIST);
}

/* The _name of a list's primitives, in the object that holds both. */
static km_jv side_item(const check *c, const frame *list)
{
    const frame *owner = &c->stack[c->depth - 2];
    for (km_jv_iter i = km_jv_each(owner->self); km_jv_next(&i);)
        if (i.name.n == list->name.n + 1 && i.name.p[0] == '_'
            && memcmp(i.name.p + 1, list->name.p, list->name.n) == 0)
            return km_jv_item(i.value, list->index - 1);
    return KM_JV_NONE;
}

static km_code check_item(check *c, frame *f)
{
    km_jv v = f->it.value;
    f->index++;
    if (f->form == LIST && !km_jv_is(v, KM_JSON_NULL))
        return check_one(c, f->element, f->type, v, KM_STR_NONE);
    if (f->form == LIST) {
        if (km_fhir__type(f->type)->kind == KM_FHIR_PRIMITIVE
            && km_jv_is(side_item(c, f), KM_JSON_OBJECT))
            return KM_OK;
        return fail_at(c, v, KM_STR_NONE, KM_INVALID, "null only beside an extension");
    }
    if (!km_jv_is(v, KM_JSON_NULL))
        return enter_object(c, f->type, v, KM_STR_NONE, false);
    km_str plain = km_str_sub(f->name, 1, f->name.n);
    if (km_jv_is(km_jv_get(c->stack[c->depth - 2].self, plain), KM_JSON_NONE))
        return fail_at(c, v, KM_STR_NONE, KM_INVALID, "null only beside a value");
    return KM_OK;
}

/* --- leaving -----------------------------------------------------------------------------------
 */

static km_code check_extension(check *c, const frame *f)
{
    const km_names *names = &c->t->element_names;
    uint64_t value = UINT64_C(1) << km_fhir__names_find(names, f->type, KM_STR("value"))->a;
    uint64_t part = UINT64_C(1) << km_fhir__names_find(names, f->type, KM_STR("extension"))->a;
    bool has_value = ((f->seen | f->sided) & value) != 0, has_parts = (f->seen & part) != 0;
    return has_value != has_parts ? KM_OK
                                  : fail_at(c, f->self, KM_STR_NONE, KM_INVALID,
                                            "an extension has a value or extensions");
}

static km_code leave_object(check *c, const frame *f)
{
    const km_fhir_type *t = km_fhir__type(f->type);
    uint64_t missing = t->required & ~(f->seen | f->sided);
    if (missing)
        return fail_at(c, f->self, t->element[__builtin_ctzll(missing)].name, KM_REQUIRED,
                       "is required");
    if (f->alone & f->seen)
        return fail_at(c, f->self, t->element[__builtin_ctzll(f->alone & f->seen)].name, KM_INVALID,
                       "value and extension of one type");
    if (f->type == c->t->t_extension)
        return check_extension(c, f);
    km_reference r;
    if (f->type != c->t->t_reference)
        return KM_OK;
    km_jv text = KM_JV_GET(f->self, "reference");
    if (km_jv_is(text, KM_JSON_NONE) || km_reference_parse(&r, km_jv_str(text)))
        return KM_OK;
    return fail_at(c, text, KM_STR("reference"), KM_BAD_VALUE,
                   "Type/id, an absolute address, #id or urn:uuid:");
}

static km_code walk(check *c)
{
    while (c->depth) {
        frame *top = &c->stack[c->depth - 1];
        if (km_jv_next(&top->it)) {
            KM_TRY(top->form == OBJECT ? check_member(c, top, top->it.name, top->it.value)
                                       : check_item(c, top));
            continue;
        }
        if (top->form == OBJECT)
            KM_TRY(leave_object(c, top));
        c->depth--;
    }
    return KM_OK;
}

/* --- the door ----------------------------------------------------------------------------------
 */

km_code km_fhir_check(km_jv resource, km_fault *f)
{
    km_str told = km_jv_str(KM_JV_GET(resource, "resourceType"));
    km_ftype type = km_fhir_type_named(told);
    check c __attribute__((uninitialized)); /* 17 KB, of which each frame is filled by push */
    c.t = km_fhir__tables;
    c.fault = f;
    c.depth = 0;
    c.root = km_fhir_is_resource(type) ? km_fhir_type_name(type) : KM_STR_NONE;
    KM_TRY(enter_object(&c, c.t->t_resource, resource, KM_STR_NONE, false));
    return walk(&c);
}

km_code km_fhir_check_value(km_jv value, km_ftype type, const char *path, km_fault *f)
{
    static const km_element unbound = { .max = 1 };
    check c __attribute__((uninitialized)); /* 17 KB, of which each frame is filled by push */
    c.t = km_fhir__tables;
    c.fault = f;
    c.depth = 0;
    c.root = km_str_of(path);
    KM_TRY(check_one(&c, &unbound, type, value, KM_STR_NONE));
    return walk(&c);
}
