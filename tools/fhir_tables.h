/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two halves of fhir_tables share.
 */
#ifndef KM_TOOLS_FHIR_TABLES_H
#define KM_TOOLS_FHIR_TABLES_H

#include "base/buf.h"
#include "codec/json/json.h"

#define MAP_ROOM 32768u
#define FIRST_PLAIN_TYPE 1001 /* concrete resource types stand below */
#define HL7 "http://hl7.org/fhir/StructureDefinition/"
#define HL7_SET "http://hl7.org/fhir/ValueSet/"

/* Text to number; never shrinks. */
typedef struct map {
    km_str key[MAP_ROOM];
    int value[MAP_ROOM];
    size_t n;
} map;

typedef struct type {
    km_str name, kind, base;
    int number;
} type;

typedef struct element {
    km_str owner, name;
    km_jv facts; /* ElementDefinition */
    bool part;   /* it has elements of its own: its type is its path */
} element;

typedef struct param {
    km_str type, code, kind, expression, components, targets, id;
    int number, index;
} param;

typedef struct work {
    km_arena *mem;
    const char *package, *out;
    km_json *types, *resources, *facts, *params, *sets[3];
    map *fact;  /* path -> index into facts */
    map *known; /* path -> 1: stands in a profile */
    map *has_parts;
    map *changed; /* path -> 1: the package's profile differs from R4 there */
    map *set_done;
    type *type;
    size_t n_types;
    element *element;
    size_t n_elements;
    param *param;
    size_t n_params;
} work;

/* The table of errata: the right value of a field, NULL when HL7's is right. */
const char *tables_erratum(km_str path, const char *field);
_Noreturn void tables_die(const char *what, const char *why);
/* The value of the key, -1 when it is new. */
int *tables_map_at(map *m, km_str key);
km_str tables_last_segment(km_str url);
void tables_write_file(work *w, const char *name, const km_buf *b);
/* Keys are the cells `first` (and the next, when `both`) of a table whose cell 0 is its
 * number. Answers with the highest. */
int tables_read_numbers(work *w, map *m, const char *name, size_t first, bool both);
void tables_add_word(km_buf *b, size_t start, km_str word);

/* fhir_params.c: params.tsv and compartments.tsv, after the types have their numbers. */
void tables_write_params(work *w);
void tables_write_compartments(work *w);

#endif
