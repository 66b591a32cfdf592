/* SPDX-License-Identifier: Apache-2.0
 *
 * fhirpath: FHIRPath 2.0 (normative R4 flavour) over JSON tapes.
 *
 * - An expression is compiled once to a tree (immutable, shared by threads) and evaluated
 *   often; evaluation allocates in the given arena only and is bounded in steps and depth.
 * - What an element is (its type, whether it is a choice such as value[x]) is asked of a
 *   model, a small table of functions, so that the engine itself knows no FHIR.
 * - Functions and operators are rows of one table (functions.c); a function that is not
 *   there is refused when compiling, with its place in the expression.
 */
#ifndef KM_CODEC_FHIRPATH_FHIRPATH_H
#define KM_CODEC_FHIRPATH_FHIRPATH_H

#include "base/call.h"
#include "codec/json/json.h"

/* A type of the model; 0 is "not known". */
typedef uint16_t km_ptype;

typedef struct km_path_element {
    km_ptype type;         /* when there is one */
    bool choice;           /* the JSON name carries the type: value -> valueQuantity */
    const km_ptype *types; /* choice: the allowed ones */
    uint16_t n_types;
} km_path_element;

typedef struct km_path_model {
    /* The element `name` of `type`; false when there is none. */
    bool (*element)(km_path_element *out, km_ptype type, km_str name);
    km_ptype (*type_named)(
        km_str name); /* "Patient", "CodeableConcept", "string", "Patient.contact"; 0 unknown */
    km_str (*type_name)(km_ptype type);
    bool (*is)(km_ptype type,
               km_ptype ancestor); /* itself or derived (Age is Quantity, Patient is Resource) */
    bool (*is_primitive)(km_ptype type);
    bool (*is_resource)(km_ptype type);
} km_path_model;

/* One item of a collection: a JSON value with its type, or a computed system value. */
typedef enum km_item_kind {
    KM_ITEM_JSON, /* v (and for primitives also `side`, the _name object; v is then none or
                   * null where the primitive has extensions but no value) */
    KM_ITEM_BOOL,
    KM_ITEM_INT,
    KM_ITEM_DECIMAL, /* text */
    KM_ITEM_STRING,  /* text */
    KM_ITEM_DATE,    /* text, also dateTime */
    KM_ITEM_TIME,
    KM_ITEM_QUANTITY, /* text is the number, unit the unit code */
    KM_ITEM_TYPE,     /* answer of resolve() to a reference: only its type is known */
    KM_ITEM_TYPE_INFO /* answer of type(): text is the type's name, unit its namespace */
} km_item_kind;

typedef struct km_item {
    km_item_kind kind;
    km_ptype type; /* JSON: what the model says; TYPE: the target's type */
    km_jv v, side;
    km_str text;
    km_str unit;
    int64_t number; /* BOOL, INT */
} km_item;

typedef struct km_items {
    km_item *item;
    uint32_t n, room;
} km_items;

typedef struct km_path km_path;

/* The tree lives in `a`. KM_BAD_VALUE with the column of the error. */
km_code km_path_compile(km_path **out, km_arena *a, km_str text, const km_path_model *m,
                        km_fault *f);

typedef struct km_path_env {
    const km_path_model *model;
    km_arena *arena;
    km_jv resource;      /* %resource, %rootResource; its type by resourceType */
    uint32_t step_limit; /* 0 = 1,000,000 */
    km_ms now;           /* now(), today() */
    bool keep_equal;     /* `|` leaves what is equal: an index wants 100 kg of either system */
    /* resolve(): fills the item for a reference; NULL = by the text of the reference alone,
     * "Patient/1" or ".../Patient/1" gives a KM_ITEM_TYPE of Patient; "#x" looks into
     * `contained`. It may allocate in `arena` what its item needs and nothing that is to outlive
     * the call: where(...) gives its memory back after each item. */
    bool (*resolve)(void *self, km_item *out, km_str reference);
    void *self;
} km_path_env;

/* Evaluates on a whole resource. Faults: KM_TOO_COSTLY, KM_BAD_VALUE (singleton rules). */
km_code km_path_eval(km_items *out, const km_path *p, const km_path_env *env, km_fault *f);
/* The same with another focus than the resource. */
km_code km_path_eval_on(km_items *out, const km_path *p, const km_path_env *env, km_item focus,
                        km_fault *f);

/* Singleton evaluation of collections: empty is false. */
bool km_items_true(const km_items *c);

#endif
