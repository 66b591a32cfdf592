/* SPDX-License-Identifier: Apache-2.0
 *
 * emergency: breaking the glass for somebody who cannot be asked (救急時の閲覧), the one screen
 * that is shown then, notices to those it concerns, and the queue of reviews. The service's one
 * symbol, and the names its files share. The JSON it answers stands in docs/emergency-api.md.
 */
#ifndef KM_SERVICES_EMERGENCY_EMERGENCY_H
#define KM_SERVICES_EMERGENCY_EMERGENCY_H

#include "base/date.h"
#include "platform/platform.h"
#include "trust/grants.h"

extern const km_service km_service_emergency;

/* --- ask.c: who asks, what the body says, whose charts --- */

/* Who asks, as grants name them. On an open node, which asks nobody, a name of the node's. */
const km_who *km_emergency__who(km_request *r);
km_str km_emergency__by(km_request *r);
/* The call of the same caller for the purpose ETREAT, which a grant answers. */
km_call *km_emergency__urgent(km_request *r);
km_access *km_emergency__own_access(km_request *r);

typedef struct km_member {
    const char *name;
    km_str *to;
    bool wanted;
} km_member;
/* An object of texts with these members (ended by {0}) and no others. */
km_code km_emergency__body(km_request *r, const km_member *m);
/* KM_NOT_FOUND unless it is a number. */
km_code km_emergency__number(int64_t *out, km_request *r, const char *var);
/* The charts of a person's number; of a Patient/ID. KM_NOT_FOUND. */
km_code km_emergency__charts(int64_t **chart, size_t *n, km_reader *r, km_str person);
km_code km_emergency__charts_of(int64_t **chart, size_t *n, km_reader *r, km_str patient);
/* The Patient of a chart, KM_JV_NONE where there is none any more; not for replies. */
km_code km_emergency__patient(km_jv *out, km_record **rec, km_reader *r, int64_t chart);

km_code km_emergency__reply(km_reply *out, int status, const km_buf *json);
void km_emergency__member_time(km_jw *w, const char *name, km_ms at); /* null for 0 */
void km_emergency__print_grant(km_jw *w, const km_granted *g, km_ms now);

/* --- rules.c: pure --- */
void km_emergency__names(km_str *name, km_str *kana, km_jv patient, km_arena *a);
km_str km_emergency__concept(km_jv concept);
/* One line for a record, and what belongs beside it. */
typedef struct km_said {
    km_str text, detail, phone;
    bool grave;
} km_said;
void km_emergency__said(km_said *out, km_jv resource, km_ftype type, km_arena *a);

/* The screen's sections, most urgent first; a record stands in the first that has one of its items.
 */
typedef struct km_section {
    const char *id, *items; /* "T48 T52" */
} km_section;
enum { KM_SECTIONS = 12 };
extern const km_section km_emergency__sections[KM_SECTIONS];
/* KM_SECTIONS: none of them. */
size_t km_emergency__section(const km_classes *c, km_carried carried);

/* --- the routes --- */
km_code km_emergency__find(km_request *r, km_reply *out);
km_code km_emergency__reasons(km_request *r, km_reply *out);
km_code km_emergency__make(km_request *r, km_reply *out);
km_code km_emergency__extend(km_request *r, km_reply *out);
km_code km_emergency__mine(km_request *r, km_reply *out);
km_code km_emergency__view(km_request *r, km_reply *out);
km_code km_emergency__notices(km_request *r, km_reply *out);
km_code km_emergency__notice_read(km_request *r, km_reply *out);
km_code km_emergency__reviews(km_request *r, km_reply *out);
km_code km_emergency__judge(km_request *r, km_reply *out);
km_code km_emergency__sites(km_request *r, km_reply *out);
km_code km_emergency__site_put(km_request *r, km_reply *out);
km_code km_emergency__site_end(km_request *r, km_reply *out);
km_code km_emergency__standing_put(km_request *r, km_reply *out);
km_code km_emergency__standing_end(km_request *r, km_reply *out);

extern const km_policy km_emergency__view_policy, km_emergency__notices_policy,
    km_emergency__standing_policy;

#endif
