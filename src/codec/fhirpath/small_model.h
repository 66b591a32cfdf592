/* SPDX-License-Identifier: Apache-2.0
 *
 * small_model: enough of FHIR for the tests of this folder, so that they need nothing above it.
 */
#ifndef KM_CODEC_FHIRPATH_SMALL_MODEL_H
#define KM_CODEC_FHIRPATH_SMALL_MODEL_H

#include "codec/fhirpath/fhirpath.h"

/* Row 0 is "not known"; a type's number is its row. */
static const struct {
    const char *name, *base;
    char kind; /* r resource, a abstract, t type, p primitive */
} small_types[] = {
    { NULL, NULL, 0 },
    { "Resource", NULL, 'a' },
    { "DomainResource", "Resource", 'a' },
    { "Patient", "DomainResource", 'r' },
    { "Observation", "DomainResource", 'r' },
    { "Bundle", "Resource", 'r' },
    { "Questionnaire", "DomainResource", 'r' },
    { "Element", NULL, 't' },
    { "BackboneElement", "Element", 't' },
    { "Patient.contact", "BackboneElement", 't' },
    { "Observation.component", "BackboneElement", 't' },
    { "Bundle.entry", "BackboneElement", 't' },
    { "Questionnaire.item", "BackboneElement", 't' },
    { "HumanName", "Element", 't' },
    { "Identifier", "Element", 't' },
    { "ContactPoint", "Element", 't' },
    { "CodeableConcept", "Element", 't' },
    { "Coding", "Element", 't' },
    { "Quantity", "Element", 't' },
    { "Age", "Quantity", 't' },
    { "Period", "Element", 't' },
    { "Reference", "Element", 't' },
    { "Extension", "Element", 't' },
    { "Meta", "Element", 't' },
    { "boolean", "Element", 'p' },
    { "string", "Element", 'p' },
    { "code", "string", 'p' },
    { "id", "string", 'p' },
    { "uri", "Element", 'p' },
    { "decimal", "Element", 'p' },
    { "integer", "Element", 'p' },
    { "date", "Element", 'p' },
    { "dateTime", "Element", 'p' },
    { "instant", "Element", 'p' },
    { "time", "Element", 'p' },
};
enum { SMALL_TYPES = sizeof small_types / sizeof small_types[0] };

static const struct {
    const char *owner, *name, *types; /* several types: a choice */
} small_elements[] = {
    { "Element", "id", "string" },
    { "Element", "extension", "Extension" },
    { "Extension", "url", "uri" },
    { "Extension", "value", "string Quantity Age dateTime boolean" },
    { "Resource", "id", "id" },
    { "Resource", "meta", "Meta" },
    { "Meta", "lastUpdated", "instant" },
    { "DomainResource", "contained", "Resource" },
    { "DomainResource", "extension", "Extension" },
    { "Patient", "active", "boolean" },
    { "Patient", "identifier", "Identifier" },
    { "Patient", "name", "HumanName" },
    { "Patient", "telecom", "ContactPoint" },
    { "Patient", "gender", "code" },
    { "Patient", "birthDate", "date" },
    { "Patient", "deceased", "boolean dateTime" },
    { "Patient", "contact", "Patient.contact" },
    { "Patient", "generalPractitioner", "Reference" },
    { "Patient.contact", "name", "HumanName" },
    { "HumanName", "use", "code" },
    { "HumanName", "family", "string" },
    { "HumanName", "given", "string" },
    { "HumanName", "period", "Period" },
    { "Period", "start", "dateTime" },
    { "Period", "end", "dateTime" },
    { "Identifier", "system", "uri" },
    { "Identifier", "value", "string" },
    { "ContactPoint", "system", "code" },
    { "ContactPoint", "value", "string" },
    { "CodeableConcept", "coding", "Coding" },
    { "CodeableConcept", "text", "string" },
    { "Coding", "system", "uri" },
    { "Coding", "code", "code" },
    { "Quantity", "value", "decimal" },
    { "Quantity", "comparator", "code" },
    { "Quantity", "unit", "string" },
    { "Quantity", "system", "uri" },
    { "Quantity", "code", "code" },
    { "Reference", "reference", "string" },
    { "Reference", "type", "uri" },
    { "Observation", "status", "code" },
    { "Observation", "code", "CodeableConcept" },
    { "Observation", "category", "CodeableConcept" },
    { "Observation", "subject", "Reference" },
    { "Observation", "effective", "dateTime Period instant" },
    { "Observation", "issued", "instant" },
    { "Observation", "value",
      "Quantity CodeableConcept string boolean integer time dateTime Period" },
    { "Observation", "component", "Observation.component" },
    { "Observation.component", "code", "CodeableConcept" },
    { "Observation.component", "value", "Quantity CodeableConcept string integer" },
    { "Bundle", "entry", "Bundle.entry" },
    { "Bundle.entry", "resource", "Resource" },
    { "Questionnaire", "item", "Questionnaire.item" },
    { "Questionnaire.item", "linkId", "string" },
    { "Questionnaire.item", "item", "Questionnaire.item" },
};
enum { SMALL_ELEMENTS = sizeof small_elements / sizeof small_elements[0] };

static inline km_ptype small_type_named(km_str name)
{
    for (km_ptype i = 1; i < SMALL_TYPES; i++)
        if (km_str_is(name, small_types[i].name))
            return i;
    return 0;
}

static inline km_str small_type_name(km_ptype t)
{
    return km_str_of(small_types[t < SMALL_TYPES ? t : 0].name);
}

static inline bool small_is(km_ptype t, km_ptype ancestor)
{
    while (t && t != ancestor)
        t = small_types[t].base ? small_type_named(km_str_of(small_types[t].base)) : 0;
    return t != 0;
}

static inline bool small_is_primitive(km_ptype t)
{
    return small_types[t].kind == 'p';
}

static inline bool small_is_resource(km_ptype t)
{
    return small_types[t].kind == 'r';
}

/* The choices of every element, which a model lends for ever: written at every question, always
 * the same; the tests have one thread. */
static km_ptype small_choice[SMALL_ELEMENTS][16];

static inline void small_fill(km_path_element *out, size_t row)
{
    km_str rest = km_str_of(small_elements[row].types);
    *out = (km_path_element){ .types = small_choice[row] };
    while (rest.p)
        small_choice[row][out->n_types++] = small_type_named(km_str_cut(rest, ' ', &rest));
    out->choice = out->n_types > 1;
    out->type = out->choice ? 0 : small_choice[row][0];
}

static inline bool small_element(km_path_element *out, km_ptype type, km_str name)
{
    for (size_t i = 0; i < SMALL_ELEMENTS; i++)
        if (km_str_is(name, small_elements[i].name)
            && small_is(type, small_type_named(km_str_of(small_elements[i].owner)))) {
            small_fill(out, i);
            return true;
        }
    return false;
}

static const km_path_model small_model = { small_element, small_type_named,   small_type_name,
                                           small_is,      small_is_primitive, small_is_resource };

#endif
