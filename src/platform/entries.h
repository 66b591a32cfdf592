/* SPDX-License-Identifier: Apache-2.0
 *
 * entries: pieces of FHIR JSON that every gateway writes when it makes records of a foreign file:
 * the entry of a transaction around a resource, and its commonest elements. `name` may be NULL
 * where an element of a list is written.
 */
#ifndef KM_PLATFORM_ENTRIES_H
#define KM_PLATFORM_ENTRIES_H

#include "codec/json/json.h"

/* The same parts, the same id; 40 hexadecimal digits. Parts are kept apart. */
km_str km_entry_id(km_arena *a, const char *kind, const km_str *part, size_t n);
/* {"resource":{"resourceType":TYPE,"id":ID, ... */
void km_entry_open(km_jw *w, const char *type, km_str id);
/* ... and its end with the request: PUT TYPE/ID. */
void km_entry_close(km_jw *w, const char *type, km_str id);

void km_entry_reference(km_jw *w, const char *name, const char *type, km_str id);
/* {"system":..,"code":..} */
void km_entry_coding(km_jw *w, const char *system, km_str code);
/* {"coding":[{"system":..,"code":..}]} */
void km_entry_coded(km_jw *w, const char *name, const char *system, km_str code);
void km_entry_identifier(km_jw *w, km_str system, km_str value);
/* A HumanName of its text, in kanji (IDE) or kana (SYL) as JP Core tells them apart; nothing where
 * it is empty. */
void km_entry_name(km_jw *w, const char *form, km_str text);

#endif
