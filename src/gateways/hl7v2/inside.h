/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the gateway share.
 */
#ifndef KM_GATEWAYS_HL7V2_INSIDE_H
#define KM_GATEWAYS_HL7V2_INSIDE_H

#include "codec/hl7v2/hl7v2.h"
#include "gateways/hl7v2/hl7v2_gateway.h"
#include "platform/entries.h"

enum { KM_HL7_SHARED = 4096 };

/* A message on its way to records. */
typedef struct km_message {
    const km_hl7 *hl7;
    km_arena *arena;
    km_hl7_segment *segment; /* all of them */
    size_t n;
    km_str type, trigger;                    /* "ADT", "A08" */
    km_str facility;                         /* MSH-4, or the application where it is empty */
    km_str time;                             /* of the message, for FHIR; may be empty */
    bool deleted;                            /* SS-MIX2's flag 0: what it says holds no longer */
    km_str organization, patient, encounter; /* ids; encounter may be empty */
    km_str written[KM_HL7_SHARED];
    size_t n_written;
} km_message;

/* --- message.c --- */
void km_hl7v2__read(km_message *out, const km_hl7 *m, km_arena *a);
const km_hl7_segment *km_hl7v2__first(const km_message *m, const char *id);
/* Words of field.repeat.component (component 1, repetition 0: the value itself). */
km_str km_hl7v2__words(const km_message *m, const km_hl7_segment *s, uint32_t field,
                       uint32_t component);
km_str km_hl7v2__time(const km_message *m, const km_hl7_segment *s, uint32_t field);
/* An id made of the patient and parts, at most six; where the message says the same twice, each
 * has its own. */
km_str km_hl7v2__id(km_message *m, const char *kind, const km_str *part, size_t n);
/* "name": {"coding": [...], "text": ...} of a CE or CWE; nothing where it is empty. */
void km_hl7v2__coded(km_jw *w, const km_message *m, const char *name, km_str coded);
void km_hl7v2__quantity(km_jw *w, const km_message *m, const char *name, km_str value, km_str unit);
void km_hl7v2__subject(km_jw *w, const km_message *m);
const char *km_hl7v2__status(const km_message *m, const char *status); /* or "entered-in-error" */
/* Practitioner of an XCN, once; its id, empty where it names nobody. */
km_str km_hl7v2__practitioner(km_jw *w, km_message *m, km_str xcn);

/* --- person.c: MSH, PID, PV1, AL1, IAM, IN1 --- */
void km_hl7v2__person(km_jw *w, km_message *m);
/* --- orders.c: what was ordered, given, found. False: no mapping knows this type of message. */
bool km_hl7v2__orders(km_jw *w, km_message *m);

/* --- path.c: where SS-MIX2 keeps a message --- */
typedef struct km_ssmix2 {
    bool is; /* the path is one of SS-MIX2 storage */
    km_str patient, day, type, key, flag;
    km_str folder_patient, folder_day, folder_type;
    km_str upper[2]; /* the folders above the patient's */
} km_ssmix2;
km_ssmix2 km_hl7v2__place(km_str path);
/* Tells what does not fit; true when the message belongs there. */
bool km_hl7v2__fits(const km_ssmix2 *place, km_judge *j, const km_message *m);

#endif
