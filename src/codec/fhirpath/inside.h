/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiled tree, one evaluation's state, and what the files of this folder ask of each
 * other.
 */
#ifndef KM_CODEC_FHIRPATH_INSIDE_H
#define KM_CODEC_FHIRPATH_INSIDE_H

#include "codec/fhirpath/fhirpath.h"

/* Depth of brackets and of the tree: recursion below is bounded by it, never by data. */
#define KM_PATH_DEPTH 100
/* Member names in one chain node; a longer chain becomes several nodes. */
#define KM_PATH_CHAIN 16
#define KM_PATH_ARGS 3
#define KM_PATH_STEPS_DEFAULT 1000000u

/* --- types -------------------------------------------------------------------------- */

typedef enum km_system {
    KM_SYSTEM_NONE = 0,
    KM_SYSTEM_BOOLEAN,
    KM_SYSTEM_STRING,
    KM_SYSTEM_INTEGER,
    KM_SYSTEM_DECIMAL,
    KM_SYSTEM_DATE,
    KM_SYSTEM_DATETIME,
    KM_SYSTEM_TIME,
    KM_SYSTEM_QUANTITY
} km_system;
const char *km_path__system_name(km_system s);
km_system km_path__system_named(km_str name);
km_system km_path__system_of(const km_item *i); /* of a computed item; JSON has none */

/* A type specifier. Unqualified `Quantity` is both FHIR's and System's. */
typedef struct km_path_spec {
    km_ptype type;
    km_system system;
} km_path_spec;

/* Types of the model that the engine must know, 0 where the model lacks one. */
typedef struct km_path_known {
    km_ptype resource, reference, quantity, date, date_time, instant, time, decimal;
} km_path_known;

/* --- tree --------------------------------------------------------------------------- */

typedef enum km_node_kind {
    KM_NODE_EMPTY,
    KM_NODE_LITERAL,
    KM_NODE_THIS,
    KM_NODE_INDEX, /* $index */
    KM_NODE_TOTAL,
    KM_NODE_CONTEXT, /* %context */
    KM_NODE_RESOURCE,
    KM_NODE_ROOT,  /* a leading type name: the focus, where it is of that type */
    KM_NODE_CHAIN, /* .a.b.c */
    KM_NODE_AT,    /* [expression] */
    KM_NODE_CALL,
    KM_NODE_UNION,
    KM_NODE_MINUS,
    KM_NODE_BINARY,
    KM_NODE_KINDS
} km_node_kind;

typedef struct km_path_step {
    km_str name;
    bool known;     /* the static type told the element, once and for all */
    bool primitive; /* has a companion _name */
    bool resource;  /* the value's own resourceType says what it is */
    km_path_element element;
} km_path_step;

typedef struct km_node km_node;
struct km_node {
    uint8_t kind; /* km_node_kind */
    uint8_t depth;
    uint8_t n_args;
    uint8_t n_steps;
    bool minus;
    km_ptype type;       /* static type of its items, 0 = only known at run time */
    uint32_t at;         /* offset in the text */
    const km_node *from; /* what it is applied to; NULL is the focus. BINARY: the left side */
    const km_node *right;
    const km_node *arg[KM_PATH_ARGS];
    const km_node **term; /* UNION */
    uint32_t n_terms;
    const km_path_step *step;
    const struct km_path_fn *fn;
    const struct km_path_op *op;
    km_path_spec spec;
    km_str name; /* ROOT: the type's name */
    km_item literal;
};

struct km_path {
    const km_node *root;
    km_str text;
    km_path_known known;
    km_ptype leading; /* the first type name in it, to read resourceType fast; 0 = none */
    km_str leading_name;
};

/* --- evaluation --------------------------------------------------------------------- */

typedef struct km_run {
    const km_path *path;
    const km_path_env *env;
    const km_path_model *model;
    km_arena *arena;
    km_fault *fault;
    uint32_t steps, limit;
    const km_items *context;
} km_run;

/* What $this, $index and $total stand for. */
typedef struct km_scope {
    const km_items *focus;
    const km_items *total;
    int64_t index;
} km_scope;

/* Appends to *out. */
km_code km_path__eval(km_run *r, const km_node *n, const km_scope *s, km_items *out);
/* The collection that `from` means: *in is the focus itself or *room, evaluated. */
km_code km_path__input(km_run *r, const km_node *from, const km_scope *s, const km_items **in,
                       km_items *room);
/* With `item` as $this. */
km_code km_path__eval_with(km_run *r, const km_node *n, const km_scope *s, const km_item *item,
                           int64_t index, km_items *out);
km_code km_path__costly(km_run *r);
km_code km_path__fail(km_run *r, const km_node *n, const char *what);
void km_path__place(km_fault *f, km_str text, uint32_t at);
void km_path__grow(km_run *r, km_items *c);

static inline km_code km_path__spend(km_run *r, size_t n)
{
    if (n >= r->limit - r->steps)
        return km_path__costly(r);
    r->steps += (uint32_t)n;
    return KM_OK;
}

static inline km_code km_path__push(km_run *r, km_items *c, const km_item *item)
{
    if (c->n == c->room) {
        km_path__grow(r, c);
        if (km_arena_over(r->arena))
            return km_path__costly(r);
    }
    c->item[c->n++] = *item;
    return km_path__spend(r, 1);
}

km_code km_path__push_bool(km_run *r, km_items *out, bool value);
km_code km_path__push_int(km_run *r, km_items *out, int64_t value);
km_code km_path__push_text(km_run *r, km_items *out, km_item_kind kind, km_str text);

/* --- walk.c: from an element to its children ------------------------------------------ */
km_code km_path__walk(km_run *r, const km_node *chain, const km_item *from, km_items *out);
km_code km_path__children(km_run *r, const km_item *from, km_items *out);
void km_path__step(km_path_step *out, const km_path_model *m, const km_path_known *k, km_str name,
                   km_ptype owner);
/* The type that a resource's own resourceType names, else `otherwise`. */
km_ptype km_path__resource_type(const km_path_model *m, km_jv v, km_ptype otherwise);

/* --- value.c: what a FHIR value is to an operator ---------------------------------------- */
/* JSON primitives and Quantities become system values; false for any other element (and a
 * primitive without a value). */
bool km_path__system_value(const km_run *r, km_item *out, const km_item *in);
bool km_path__is(const km_run *r, const km_item *item, km_path_spec spec);
bool km_path__as(const km_run *r, const km_item *item, km_path_spec spec);
/* The text of a system value as toString() gives it. */
km_str km_path__text(km_run *r, const km_item *system);
typedef enum km_truth { KM_FALSE, KM_TRUE, KM_UNKNOWN } km_truth;
/* Singleton evaluation: one item that is no Boolean counts as true; several are a fault. */
km_code km_path__truth(km_run *r, const km_node *n, const km_items *c, km_truth *out);
/* The single system value of a collection. *got is false when it is empty. */
km_code km_path__single(km_run *r, const km_node *n, const km_items *c, km_item *out, bool *got);

/* --- compare.c ------------------------------------------------------------------------------ */
km_code km_path__equal(km_run *r, const km_item *a, const km_item *b, km_truth *out);
km_code km_path__equivalent(km_run *r, const km_item *a, const km_item *b, bool *out);
km_code km_path__all_equal(km_run *r, const km_items *a, const km_items *b, km_truth *out);
km_code km_path__all_equivalent(km_run *r, const km_items *a, const km_items *b, bool *out);
km_code km_path__has(km_run *r, const km_items *c, const km_item *item, bool *out);
/* <0, 0, >0 in *order; KM_UNKNOWN when it cannot be told, KM_FALSE when the kinds do not
 * compare at all. */
km_truth km_path__order(km_run *r, const km_item *a, const km_item *b, int *order);

/* --- distinct.c ------------------------------------------------------------------------------ */

/* Items by a hash that agrees with equality; zeroed it is empty. It belongs to one growing
 * collection. */
typedef struct km_seen_slot {
    uint32_t hash, index; /* index 0: free, else the item's plus one */
} km_seen_slot;
typedef struct km_seen {
    km_seen_slot *slot;
    uint32_t room, n;
} km_seen;
/* out[before..from) are distinct: takes out of out[from..] what equals an item since `before`. */
km_code km_path__keep_new(km_run *r, km_seen *seen, km_items *out, uint32_t before, uint32_t from);
/* Appends those of `from` that *out has not had since `before`. */
km_code km_path__push_new(km_run *r, const km_items *from, uint32_t before, km_items *out);

/* --- tables ---------------------------------------------------------------------------------- */

typedef km_code km_path_apply(km_run *r, const km_node *n, const km_scope *s, km_items *out);
typedef struct km_path_op {
    const char *sign;
    uint8_t binds; /* the higher, the tighter */
    km_path_apply *apply;
} km_path_op;
const km_path_op *km_path__op(km_str sign); /* NULL when there is none */

typedef enum km_fn_args {
    KM_ARGS_VALUES, /* evaluated where the call stands */
    KM_ARGS_EACH,   /* evaluated with each item as $this */
    KM_ARGS_LOOSE,  /* the same, but the items' static type is not the input's */
    KM_ARGS_TYPE    /* a type specifier */
} km_fn_args;

typedef enum km_fn_result {
    KM_RESULT_NEW,  /* of no static type */
    KM_RESULT_SAME, /* of the input's */
    KM_RESULT_ARG,  /* of the first argument's */
    KM_RESULT_SPEC
} km_fn_result;

/* Kinds of system value that a function takes. */
enum {
    KM_TAKES_BOOL = 1 << KM_ITEM_BOOL,
    KM_TAKES_INT = 1 << KM_ITEM_INT,
    KM_TAKES_NUMBER = 1 << KM_ITEM_INT | 1 << KM_ITEM_DECIMAL,
    KM_TAKES_STRING = 1 << KM_ITEM_STRING,
    KM_TAKES_QUANTITY = 1 << KM_ITEM_QUANTITY,
    KM_TAKES_ANY = 0xffff
};

typedef struct km_path_fn {
    const char *name;
    uint8_t min, max; /* arguments */
    uint8_t args;     /* km_fn_args */
    uint8_t result;   /* km_fn_result */
    /* On a whole collection: */
    km_code (*on_all)(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                      km_items *out);
    /* Or on one system value with system values as arguments; when the input or an argument
     * is empty so is the answer. */
    km_code (*on_one)(km_run *r, const km_node *n, const km_item *in, const km_item *arg,
                      km_items *out);
    uint16_t takes;
    uint16_t arg_takes[KM_PATH_ARGS];
    bool asks; /* convertsTo...: whether on_one gives anything */
} km_path_fn;
const km_path_fn *km_path__fn(km_str name); /* NULL when there is none */

/* The argument's value, where the call stands. */
km_code km_path__arg(km_run *r, const km_node *n, size_t i, const km_scope *s, km_items *out);

#endif
