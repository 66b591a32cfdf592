/* SPDX-License-Identifier: Apache-2.0
 *
 * oauth: the node's own authorisation server: OAuth 2.1's code flow and backend services as SMART
 * App Launch 2.0 wants them. The service's one symbol, and the names its files share. What is
 * implemented stands in docs/sign-in.md.
 */
#ifndef KM_SERVICES_OAUTH_OAUTH_H
#define KM_SERVICES_OAUTH_OAUTH_H

#include "platform/platform.h"
#include "trust/who/allowed.h"
#include "trust/who/clients.h"
#include "trust/who/scope.h"
#include "trust/who/session.h"

extern const km_service km_service_oauth;

/* --- params.c: parameters of a request, each there once at most (RFC 6749 §3.1) --- */
typedef struct km_params {
    const km_field *field;
    size_t n;
} km_params;
/* The value, or KM_STR_NONE. */
km_str km_given(const km_params *p, const char *name);
/* One that is there twice, or NULL; `lang` may be. */
const char *km_param_twice(const km_params *p);
/* A reply of RFC 6749 §5.2, with an entry of the audit. Always KM_OK: it is an answer. */
km_code km_oauth__fail(km_reply *out, km_request *r, const char *error, const char *why);
void km_oauth__json(km_reply *out, km_str json);
/* The form and the client that proves itself with it. *told: the reply is filled, it was none. */
km_code km_oauth__caller(km_registered *client, km_params *form, bool *told, km_request *r,
                         km_reply *out);
/* An entry of the audit about a token; `who` may be NULL. */
km_code km_oauth__trace(km_request *r, const km_who *who, km_str client, const char *reason);
km_str km_oauth__endpoint(const km_request *r, const char *path);

/* --- rules.c: pure --- */
/* What of the scopes a role may at all (data/roles). */
void km_oauth__narrow(km_scopes *s, const km_roles *roles, int role, bool system, km_arena *a);
/* "Patient/1", from "1" too; KM_STR_NONE when it is neither. */
km_str km_oauth__patient(km_str text, km_arena *a);
/* Is this the whole of a challenge by S256? */
bool km_oauth__is_challenge(km_str s);

/* --- routes --- */
km_code km_oauth__smart(km_request *r, km_reply *out);
km_code km_oauth__server(km_request *r, km_reply *out);
km_code km_oauth__jwks(km_request *r, km_reply *out);
km_code km_oauth__authorize(km_request *r, km_reply *out);
km_code km_oauth__answer(km_request *r, km_reply *out);
km_code km_oauth__token(km_request *r, km_reply *out);
km_code km_oauth__introspect(km_request *r, km_reply *out);
km_code km_oauth__revoke(km_request *r, km_reply *out);
km_code km_oauth__launch(km_request *r, km_reply *out);
km_code km_oauth__apps(km_request *r, km_reply *out);
km_code km_oauth__apps_end(km_request *r, km_reply *out);
km_code km_oauth__style(km_request *r, km_reply *out);

/* --- page.c: HTML without scripts, Japanese first --- */
typedef struct km_words {
    const char *ja, *en;
} km_words;
typedef struct km_html {
    km_buf out;
    bool english;
} km_html;
km_html km_oauth__html(km_request *r, const km_words *title, bool english);
void km_oauth__put(km_html *p, const char *html);
void km_oauth__text(km_html *p, km_str s); /* escaped */
void km_oauth__say(km_html *p, const km_words *w);
void km_oauth__finish(km_reply *out, km_html *p);
/* Who is signed in at our pages; KM_UNAUTHENTICATED without a fault: nobody. */
km_code km_oauth__session(km_who **who, km_request *r);
/* What a person is asked. */
typedef struct km_wish { /* of an app, checked */
    km_registered client;
    km_str redirect, state, challenge, nonce, patient;
    km_scopes scopes; /* what may be granted */
    bool pick;        /* the person is to say whose records */
} km_wish;
void km_oauth__ask(km_reply *out, km_request *r, const km_wish *wish, const km_who *who,
                   km_str ticket, bool english);
/* Where nothing can be sent back to an app. */
void km_oauth__refuse(km_reply *out, km_request *r, const char *error, const char *ja,
                      const char *en);
/* A page of our own that asks again, so that the browser sends its session along. */
void km_oauth__again(km_reply *out, km_request *r);

/* --- provision.c --- */
/* The record of what was allowed, before the code goes out. */
km_code km_oauth__provide(km_request *r, const km_allowed *a, km_str client_name);

/* --- verbs --- */
int km_oauth__client(const km_args *a, km_node *n);
int km_oauth__demo_token(const km_args *a, km_node *none);

#endif
