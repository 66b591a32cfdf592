/* SPDX-License-Identifier: Apache-2.0
 *
 * identifier: identifiers that differ by purpose, over REST (docs/identifier-api.md), and the cases
 * of two persons. The service's one symbol, and the names its files share.
 *
 * - An identifier stands in a body, never in an address; it leaves only as a FHIR Identifier with
 *   use=secondary to a client that is registered for its domain, or encrypted to one.
 * - A domain that the client is not registered for looks like one that is not there.
 */
#ifndef KM_SERVICES_IDENTIFIER_IDENTIFIER_H
#define KM_SERVICES_IDENTIFIER_IDENTIFIER_H

#include "codec/jose/jose.h"
#include "platform/platform.h"

extern const km_service km_service_identifier;

/* --- ask.c: what every route does --- */

typedef struct km_id_call {
    km_request *r;
    km_call *call;
    km_node *node;
    km_persons *persons;
    km_jv body; /* an object */
    km_str client;
    km_buf json;
    km_jw w; /* of the answer, its '{' written */
} km_id_call;
/* Opens the register and reads the body; members other than those of `names` (space between) are
 * refused. */
km_code km_identifier__open(km_id_call *out, km_request *r, const char *names);
/* Closes the answer and leaves its trace in the audit first. */
km_code km_identifier__done(km_id_call *q, km_reply *out, int status, km_audit_kind kind,
                            km_str reason);
km_code km_identifier__text(km_str *out, km_id_call *q, const char *name);
/* `fallback` < 0: it must be there. */
km_code km_identifier__number(int64_t *out, km_id_call *q, const char *name, int64_t fallback,
                              int64_t most);
km_code km_identifier__person(int64_t *out, km_id_call *q, const char *name);
/* The client's registration for the domain, with one of `flags` (0: any). KM_NOT_FOUND where it has
 * none, KM_FORBIDDEN where it lacks the flag. */
km_code km_identifier__holder(km_holder *out, km_id_call *q, km_str domain, unsigned flags);
/* Writes the member: {"use":"secondary",...} */
km_code km_identifier__write(km_id_call *q, km_jw *w, const char *name, const km_domain *d,
                             const km_pid *pid);
km_code km_identifier__seal(km_str *jwe, km_id_call *q, const km_holder *to, const char *type,
                            km_str plain);
km_code km_identifier__read_proofs(km_id_proof *out, size_t *n, km_id_call *q, const char *name);
km_cases km_identifier__cases(km_node *n);
km_case_actor km_identifier__actor(const km_call *call);

/* --- persons.c --- */
km_code km_identifier__enrol(km_request *r, km_reply *out);
km_code km_identifier__find(km_request *r, km_reply *out);
km_code km_identifier__proofs(km_request *r, km_reply *out);
km_code km_identifier__resolve(km_request *r, km_reply *out);
km_code km_identifier__issue(km_request *r, km_reply *out);
km_code km_identifier__translate(km_request *r, km_reply *out);
km_code km_identifier__merge(km_request *r, km_reply *out);
km_code km_identifier__link(km_request *r, km_reply *out);

/* --- holders.c --- */
km_code km_identifier__domains(km_request *r, km_reply *out);
km_code km_identifier__permits(km_request *r, km_reply *out);
km_code km_identifier__hold(km_request *r, km_reply *out);
km_code km_identifier__events(km_request *r, km_reply *out);
km_code km_identifier__answer(km_request *r, km_reply *out);
km_code km_identifier__open_answers(km_request *r, km_reply *out);
km_code km_identifier__rekey(km_request *r, km_reply *out);
km_code km_identifier__feed(km_request *r, km_reply *out);
km_code km_identifier__applied(km_request *r, km_reply *out);

/* --- cases.c --- */
km_code km_identifier__propose(km_request *r, km_reply *out);
km_code km_identifier__revoke(km_request *r, km_reply *out);
km_code km_identifier__cases_list(km_request *r, km_reply *out);
km_code km_identifier__case(km_request *r, km_reply *out);
km_code km_identifier__confirm(km_request *r, km_reply *out);
km_code km_identifier__refuse(km_request *r, km_reply *out);

/* --- carry.c --- */
km_code km_identifier__carry(km_request *r, km_reply *out);
void km_identifier__write_case(km_jw *w, const km_case *c);

#endif
