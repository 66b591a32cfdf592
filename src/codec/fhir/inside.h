/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables as they stand in memory, for the files of this folder alone.
 */
#ifndef KM_CODEC_FHIR_INSIDE_H
#define KM_CODEC_FHIR_INSIDE_H

#include "codec/fhir/fhir.h"
#include "codec/fhir/names.h"

typedef enum km_fhir_kind {
    KM_FHIR_UNUSED = 0, /* no such number, or retired */
    KM_FHIR_RESOURCE,
    KM_FHIR_ABSTRACT,
    KM_FHIR_DATATYPE,
    KM_FHIR_PRIMITIVE,
    KM_FHIR_PART /* Patient.contact */
} km_fhir_kind;

/* Most elements of one type, inherited ones included: km_fhir_check keeps them as bits. */
#define KM_FHIR_ELEMENTS 64
#define KM_FHIR_TYPES 4096

typedef struct km_fhir_type {
    km_str name;
    km_ftype base;
    uint8_t kind; /* km_fhir_kind */
    uint8_t form; /* primitive: km_fhir_form */
    uint16_t n_elements, n_own;
    const km_element *element;
    uint64_t required; /* bit i: element[i] has min > 0 */
    const km_param *param;
    uint16_t n_params;
} km_fhir_type;

/* One line of value_sets.tsv: the codes that a set takes from one system. */
typedef struct km_fhir_include {
    km_str system;
    bool all; /* every code of the system */
} km_fhir_include;

typedef struct km_fhir_paths {
    km_ftype type;
    bool bare; /* owner.tsv: a reference that tells no type counts */
    enum { KM_SEVERAL_REFUSED, KM_SEVERAL_FIRST, KM_SEVERAL_NOBODY } several; /* owner.tsv */
    uint8_t n_paths;
    km_str path[6];
} km_fhir_paths;

typedef struct km_fhir_compartment_row {
    km_ftype of, type;
    uint16_t n_params;
    const km_param **param;
} km_fhir_compartment_row;

typedef struct km_fhir_tables {
    km_arena *arena;
    km_fhir_type type[KM_FHIR_TYPES];
    km_names type_names;    /* (0, name) -> type */
    km_names element_names; /* (type, JSON name) -> element index, type; a choice's base name: 0 */
    km_ftype *resource;
    size_t n_resources;

    km_names set_names; /* (0, name) -> value set */
    km_names codes;     /* (value set, code) -> include */
    km_fhir_include *include;
    uint16_t *set_first; /* value set -> its first include; the next set's is the end */
    uint16_t n_sets, n_includes;

    km_param *param; /* by type, then number */
    size_t n_params;
    const km_param **numbered;
    uint16_t highest;
    km_names param_names; /* (type, code) -> index into param */

    km_fhir_compartment_row *compartment;
    size_t n_compartments;
    km_fhir_paths *owner, *day; /* by type, in the order of preference */
    size_t n_owner, n_day;

    km_ftype t_resource, t_domain_resource, t_element, t_reference, t_extension, t_code, t_coding,
        t_concept, t_patient;
} km_fhir_tables;

/* Written by km_fhir_load alone, before any thread starts, and read-only ever after: facts of
 * a published standard are no state of a call. */
extern km_fhir_tables *km_fhir__tables;

static inline const km_fhir_type *km_fhir__type(km_ftype t)
{
    return &km_fhir__tables->type[t < KM_FHIR_TYPES ? t : 0];
}

/* Loading, in this order. They end the process where a table is wrong. */
void km_fhir__load_types(km_fhir_tables *t);
void km_fhir__load_value_sets(km_fhir_tables *t);
void km_fhir__load_elements(km_fhir_tables *t);
void km_fhir__load_owners(km_fhir_tables *t);
void km_fhir__load_days(km_fhir_tables *t);
void km_fhir__load_params(km_fhir_tables *t);
void km_fhir__load_compartments(km_fhir_tables *t);

/* Rows of one embedded table: the next one's cells; false at the end. The header is passed
 * over; missing cells are empty. */
typedef struct km_fhir_rows {
    const char *table;
    km_str rest;
    bool started;
    km_str cell[10];
} km_fhir_rows;
km_fhir_rows km_fhir__rows(const char *table);
bool km_fhir__next_row(km_fhir_rows *r);
size_t km_fhir__count_rows(const char *table);
/* Our own table says something impossible. */
_Noreturn void km_fhir__wrong(const char *table, km_str what);
km_ftype km_fhir__type_or_wrong(const km_fhir_tables *t, const char *table, km_str name);
/* The words of a cell as types, in the arena. */
const km_ftype *km_fhir__types_in(uint16_t *n, km_fhir_tables *t, const char *table, km_str words);

/* The format of a primitive (R4 2.24.0.1); forms are rows of one table in primitive.c. */
uint8_t km_fhir__form_named(km_str primitive);
/* NULL when the value has the form, else what was expected (never what was there). */
const char *km_fhir__form_fault(uint8_t form, km_jv value);

/* Calls `found` for every value that the path (JSON names) reaches, lists opened. False from
 * `found` stops the walk. */
typedef bool (*km_fhir_reached)(void *self, km_jv value);
void km_fhir__reach(km_jv from, km_str path, km_fhir_reached found, void *self);

#endif
