/* SPDX-License-Identifier: Apache-2.0
 *
 * references: every Reference.reference of a resource. Walks by type, since other elements
 * (Immunization.education.reference) are called `reference` too and are none.
 */
#include "codec/fhir/inside.h"

/* Deeper than the parser lets anything through by default (64); what a caller with wider
 * limits lets through, km_fhir_check refuses. */
#define MAX_DEPTH 128

typedef struct level {
    km_jv_iter it;
    km_ftype type; /* of the object, or of the list's items */
} level;

/* The type of a value that should be of `type`: a resource says itself what it is. */
static km_ftype told_type(km_jv value, km_ftype type)
{
    return type == km_fhir__tables->t_resource
               ? km_fhir_type_named(km_jv_text(value, "resourceType"))
               : type;
}

static km_ftype member_type(km_ftype owner, km_str name)
{
    km_ftype type = 0;
    if (name.n > 1 && name.p[0] == '_') /* an extension of a primitive */
        return km_fhir__tables->t_element;
    return km_fhir_element(owner, name, &type) ? type : 0;
}

void km_fhir_references(km_jv resource, km_ftype type, km_reference_found found, void *self)
{
    const km_fhir_tables *t = km_fhir__tables;
    level stack[MAX_DEPTH];
    size_t depth = 0;
    if (km_jv_is(resource, KM_JSON_OBJECT))
        stack[depth++] = (level){ km_jv_each(resource), type };
    while (depth) {
        level *top = &stack[depth - 1];
        if (!km_jv_next(&top->it)) {
            depth--;
            continue;
        }
        km_jv v = top->it.value;
        bool object = km_jv_is(v, KM_JSON_OBJECT);
        if (top->type == t->t_reference && top->it.object && km_str_is(top->it.name, "reference")
            && km_jv_is(v, KM_JSON_STRING)) {
            found(self, v, km_jv_str(v));
            continue;
        }
        if (!object && !km_jv_is(v, KM_JSON_ARRAY))
            continue;
        km_ftype below = top->it.object ? member_type(top->type, top->it.name) : top->type;
        if (object)
            below = told_type(v, below);
        if (below && depth < MAX_DEPTH)
            stack[depth++] = (level){ km_jv_each(v), below };
    }
}
