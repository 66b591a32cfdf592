/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: the bytes under which a value stands in `hit`. memcmp order is the order of values.
 *
 *   token      be64 sip(code) | be64 sip(system); system 0 = none, ~0 = the element has no
 *              room for one (code, boolean, ...): it meets every system; both 0: a text alone
 *   string     the folded text (base/kana.h), cut at KM_KEY_TEXT bytes on a character
 *   date       class byte | be64 low | be64 high, biased; class by length: 'a' up to a day,
 *              'b' up to 32 days, 'c' up to 367, 'd' longer or open: so a search that must meet
 *              intervals which began earlier looks back no farther than its class allows
 *   number     class byte | be64 low | be64 high (km_double_key); class 'p' a point, 'r' a range
 *   quantity   the same | be64 sip(code) | be64 sip(system); a further row with sip(unit) and
 *              system 0 when the unit differs from the code
 *   uri        the text, cut at KM_KEY_TEXT bytes
 *   reference  'r' | sip128(text) of "Type/id" or an absolute URL; 'i' | token of its identifier;
 *              'c' | canonical URL without version, cut; 'p' alone: something else is there
 *
 * Hashes are keyed with the store's own secret (decision 10): identifiers do not stand clear in
 * the index. 64 bits for a code are checked against the body where a meeting by chance would
 * matter. A reference to the chart's own patient by a parameter with own_patient has no row: the
 * chart says it; the few records of a chart that do not name its patient there have the row 'n'.
 * Composites have no rows: components are intersected and the body is asked.
 */
#ifndef KM_VIEW_INDEX_KEYS_H
#define KM_VIEW_INDEX_KEYS_H

#include "base/date.h"
#include "base/hash.h"
#include "codec/fhir/fhir.h"

#define KM_KEY_TEXT 120
#define KM_KEY_SYSTEM_ANY (~(uint64_t)0)
#define KM_KEY_MAX 128

typedef struct km_key {
    unsigned char b[KM_KEY_MAX];
    uint8_t n;
    bool cut; /* the value was longer: equality must ask the body */
} km_key;

void km_key_token(km_key *out, km_sipkey k, km_str code, km_str system, bool any_system);
void km_key_string(km_key *out, km_arena *a, km_str text);
void km_key_date(km_key *out, km_ms low, km_ms high);
bool km_key_date_read(km_ms *low, km_ms *high, km_str key);
void km_key_number(km_key *out, double low, double high);
void km_key_quantity(km_key *out, km_sipkey k, double low, double high, km_str code, km_str system);
void km_key_uri(km_key *out, km_str text);
void km_key_reference(km_key *out, km_sipkey k, km_str text);
void km_key_reference_identifier(km_key *out, km_sipkey k, km_str system, km_str value);
void km_key_not_own(km_key *out);
km_str km_key_without_version(const km_reference *r); /* Type/id of Type/id/_history/v */
void km_key_canonical(km_key *out, km_str url);       /* |version is left out */

/* Every value a parameter finds in a resource, as one value of its kind with its meaning, not as
 * bytes: what rows are made of, what the body is asked, what sorting compares. */
typedef struct km_value {
    km_param_kind kind;
    km_str text;   /* string, uri, reference text, token code or identifier value */
    km_str system; /* token, quantity */
    bool has_system, any_system;
    km_str display;                 /* token: Coding.display or CodeableConcept.text, for :text */
    km_str type_system, type_code;  /* Identifier.type.coding[0], for :of-type */
    km_ms low, high;                /* date */
    double number_low, number_high; /* number, quantity */
    km_str unit;                    /* quantity: unit as written; text = code */
    km_str id_system, id_value;     /* Reference.identifier */
    km_str display_text;            /* Reference.display */
    bool canonical;
} km_value;

typedef struct km_values {
    km_value *v;
    size_t n, room;
} km_values;

/* Values of one parameter in one resource (not composites). `path` normally param->path; a
 * component's own path with its focus otherwise. */
km_code km_values_of(km_values *out, const km_param *p, km_jv resource, km_ftype type, km_arena *a,
                     km_fault *f);

/* The keys a value has in `hit` (one or two). */
size_t km_value_keys(km_key out[3], const km_value *v, km_sipkey k, km_arena *a);

#endif
