/* SPDX-License-Identifier: Apache-2.0
 *
 * lookers: who looked at my record (誰が見たか), for the person, with proofs that the browser
 * checks; and the audit for the security officer. The JSON it answers stands in docs/audit.md.
 */
#ifndef KM_SERVICES_LOOKERS_LOOKERS_H
#define KM_SERVICES_LOOKERS_LOOKERS_H

#include "platform/platform.h"

extern const km_service km_service_lookers;
extern const km_policy km_lookers__own, km_lookers__audit;

enum { KM_LOOKERS_LIMIT = 50, KM_LOOKERS_LIMIT_MAX = 200, KM_LOOKERS_PROOFS_MAX = 10000 };

/* --- rules.c: pure --- */
/* May the text of an entry be given to the person whose charts these are? A proof stands on the
 * text, so it is given whole or not at all. */
typedef enum km_text_given {
    KM_TEXT_GIVEN,
    KM_TEXT_OF_OTHERS, /* other persons stand in it too */
    KM_TEXT_NAMES      /* it names a professional, and the network does not */
} km_text_given;
const char *km_text_given_name(km_text_given g); /* "others", "names"; "" for what is given */
km_text_given km_text_given_of(const km_audit_entry *e, const int64_t *chart, size_t charts,
                               bool names);
/* People ask for their own: their names are theirs to see. */
bool km_looker_is_staff(const km_audit_entry *e);

/* --- lookers.c --- */
km_code km_lookers__list(km_request *r, km_reply *out);
km_code km_lookers__proofs(km_request *r, km_reply *out);
/* --- officer.c --- */
km_code km_lookers__search(km_request *r, km_reply *out);

/* --- person.c: whose entries --- */
typedef struct km_looked_at {
    km_request *r;
    km_reader *reader;
    int64_t person;
    int64_t *chart;
    size_t charts;
} km_looked_at;
/* The person of ?person=, else the caller's own, else the only one whom they stand for;
 * KM_NOT_FOUND where the access covers nothing of them, KM_REQUIRED where it is not clear who.
 * Close the reader at the end. */
km_code km_lookers__open(km_looked_at *out, km_request *r, const km_policy *policy);
/* An entry about the reading itself, durable when it returns. */
km_code km_lookers__trace(const km_request *r, const int64_t *chart, size_t charts);
/* ?before and ?limit. */
km_code km_lookers__page(km_audit_search *s, const km_request *r);
/* Signs what the page shows and is not signed for yet; the newest checkpoint and the paths. */
km_code km_lookers__prove(km_audit_checkpoint *c, km_str *note, km_audit_path **path, km_request *r,
                          const km_audit_page *page);

/* --- print.c: members that both answers share --- */
void km_lookers__print(km_jw *w, const km_audit_found *one);
void km_lookers__print_shown(km_jw *w, const km_audit_entry *e, km_arena *a);
void km_lookers__print_key(km_jw *w, const km_request *r);

#endif
