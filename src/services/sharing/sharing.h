/* SPDX-License-Identifier: Apache-2.0
 *
 * sharing: health-record sharing (保健医療記録共有): one person's records of all institutions on
 * one timeline. The service's one symbol, and the names its files share. The JSON it answers stands
 * in docs/timeline-api.md.
 */
#ifndef KM_SERVICES_SHARING_SHARING_H
#define KM_SERVICES_SHARING_SHARING_H

#include "base/date.h"
#include "platform/platform.h"

extern const km_service km_service_sharing;
extern const km_policy km_sharing__policy;

/* --- rules.c: pure --- */
typedef enum km_kind {
    KM_KIND_NONE, /* not shown by itself */
    KM_KIND_NOTE,
    KM_KIND_LAB,
    KM_KIND_PRESCRIPTION,
    KM_KIND_ADMISSION,
    KM_KIND_VISIT,
    KM_KIND_DOCUMENT,
    KM_KIND_IMAGE,
    KM_KIND_CHECKUP,
    KM_KIND_CONDITION,
    KM_KIND_PROCEDURE,
    KM_KIND_IMMUNIZATION,
    KM_KIND_ALLERGY,
    KM_KIND_VITAL,
    KM_KINDS
} km_kind;

const char *km_kind_name(km_kind k);  /* "lab" */
const char *km_kind_title(km_kind k); /* 検査データ */
km_kind km_kind_of(km_jv resource, km_ftype type);
/* Laboratory results and prescriptions of one institution and day are one event. */
bool km_kind_is_grouped(km_kind k);

/* The name as written, and its reading; either may be empty. */
void km_person_names(km_str *name, km_str *kana, km_jv patient, km_arena *a);
/* What a CodeableConcept says to a person: its text, else the first display, else the code. */
km_str km_concept_text(km_jv concept);
/* "system|code" of the first coding; empty when there is none. */
km_str km_concept_code(km_jv concept, km_arena *a);
/* One line for the grid: what stands in this record. */
km_str km_event_summary(km_jv resource, km_kind k, km_arena *a);
/* YYYY-MM-DD into out; 11 bytes. */
void km_day_print(char out[11], int64_t day);
bool km_day_parse(int64_t *day, km_str text);
/* Clock time in Japan of a FHIR dateTime that has one, "09:30"; empty otherwise. */
km_str km_clock_time(km_str date_time, km_arena *a);

/* --- gather.c: a person's records, with their bodies --- */
typedef struct km_item_seen {
    int64_t day;
    km_kind kind;
    int32_t source;
    km_record *record;
    km_jv body;
} km_item_seen;

typedef struct km_person_seen {
    km_request *r;
    km_reader *reader;
    int64_t person;
    int64_t *chart;
    size_t charts;
    km_item_seen *item; /* newest day first */
    size_t n;
} km_person_seen;

/* Opens the person of the path variable; KM_NOT_FOUND. Close the reader at the end. */
km_code km_seen__open(km_person_seen *out, km_request *r);
/* All of the person's records between the days that are shown, released. */
km_code km_seen__gather(km_person_seen *p, int64_t from, int64_t to, bool undated);

/* --- details.c --- */
km_code km_sharing__detail(km_request *r, km_reply *out);
km_code km_sharing__trend(km_request *r, km_reply *out);
/* --- decide.c --- */
km_code km_sharing__decide(km_request *r, km_reply *out);
/* --- events.c --- */
km_code km_sharing__events(km_request *r, km_reply *out);
km_code km_sharing__person(km_request *r, km_reply *out);
km_code km_sharing__persons(km_request *r, km_reply *out);

#endif
