/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the gateway share.
 */
#ifndef KM_GATEWAYS_MEDICINES_INSIDE_H
#define KM_GATEWAYS_MEDICINES_INSIDE_H

#include "codec/jahis/jahis.h"
#include "gateways/medicines/medicines.h"
#include "platform/entries.h"

enum { KM_MED_SHARED = 256 };

/* A row as UTF-8, trimmed. */
typedef struct km_med_line {
    uint32_t line, n;
    int id; /* 201; 0: the header or no number */
    km_str *field;
} km_med_line;

typedef struct km_med_text {
    const km_jahis *doc;
    km_arena *arena;
    km_med_line *line;
    size_t n;
    km_str patient;                /* the id of the Patient */
    km_str written[KM_MED_SHARED]; /* organisations and practitioners that are entries already */
    size_t n_written;
} km_med_text;

/* --- lines.c --- */
void km_medicines__read(km_med_text *out, const km_jahis *doc, km_str text, km_arena *a);
km_str km_medicines__at(const km_med_line *l, uint32_t field);
/* The first line with that id at or behind `from`, before `to`; NULL. */
const km_med_line *km_medicines__find(const km_med_text *t, size_t from, size_t to, int id);

/* --- parts.c: elements that both formats write --- */
bool km_medicines__date(char out[16], km_str field);
/* "medicationCodeableConcept" with the code's system by its kind (2 claims, 3 MHLW, 4 YJ, 6 HOT,
 * 7 generic) and a second coding for the generic name. */
void km_medicines__drug(km_jw *w, km_str name, km_str kind, km_str code, km_str generic,
                        km_str generic_code);
void km_medicines__quantity(km_jw *w, const char *name, km_str value, km_str unit);
/* Organization, once for each code or name; its id. `code` has ten digits or is empty. */
km_str km_medicines__organization(km_jw *w, km_med_text *t, km_str code, km_str name,
                                  km_str telephone);
km_str km_medicines__practitioner(km_jw *w, km_med_text *t, km_str organization, km_str name,
                                  km_str code);
/* PractitionerRole: a practitioner at an organization, of a department (may be empty). */
km_str km_medicines__role(km_jw *w, km_med_text *t, km_str organization, km_str practitioner,
                          km_str department);
typedef struct km_med_person {
    km_str number_system, number, name, kana, sex, born, telephone, postal, address;
} km_med_person;
void km_medicines__patient(km_jw *w, const km_med_text *t, const km_med_person *p);
/* The system of a drug code's kind, and back: the kind of a system (0: none). */
const char *km_medicines__system(km_str kind, km_str code);
char km_medicines__kind(km_str system);

/* --- notebook.c, prescription.c --- */
void km_medicines__notebook(km_jw *w, km_med_text *t);
void km_medicines__prescription(km_jw *w, km_med_text *t);

/* --- bundle.c: a Bundle on its way back to rows --- */
typedef struct km_med_bundle {
    km_jv bundle;
    km_arena *arena;
    km_buf *out; /* UTF-8; encoded at the end */
} km_med_bundle;
km_jv km_medicines__resource(km_jv entry);
/* "Type/id" or a fullUrl; an object of no kind where the bundle has none. */
km_jv km_medicines__look_up(const km_med_bundle *b, km_str reference);
km_jv km_medicines__first(km_jv v, const char *name); /* of an array */
void km_medicines__row(km_med_bundle *b, const char *id, const km_str *field, size_t n);
km_str km_medicines__day(const km_med_bundle *b, km_str date); /* 20240305 */
km_str km_medicines__name(km_jv who, bool kana);
km_str km_medicines__phone(km_jv who);
/* --- back.c, back_prescription.c --- */
km_code km_medicines__write_notebook(km_buf *out, km_jv bundle, km_call *call);
km_code km_medicines__write_prescription(km_buf *out, km_jv bundle, km_call *call);

#endif
