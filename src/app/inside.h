/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of app share.
 */
#ifndef KM_APP_INSIDE_H
#define KM_APP_INSIDE_H

#include "app/app.h"
#include "trust/keys/keys.h"

extern const km_option km_app__common[];

void km_app__help(const km_service *const *services, const char *lang);
void km_app__help_command(const km_command *c, const char *lang);
void km_app__version(void);
/* What --lang says, or else the environment. */
bool km_app__in_english(const char *lang);
/* A fault of a verb, for people or as an OperationOutcome. */
void km_app__tell(const km_config *c, const char *verb, const km_fault *f);
int km_app__exit_code(km_code c);

int km_app__serve(const km_args *a, km_node *n);
int km_app__verify(const km_args *a, km_node *n);
int km_app__erase(const km_args *a, km_node *n);
int km_app__rebuild(const km_args *a, km_node *n);
int km_app__audit(const km_args *a, km_node *n);
int km_app__synth(const km_args *a, km_node *n);
int km_app__consent(const km_args *a, km_node *n);
int km_app__roundtrip(const km_args *a, km_node *n);
int km_app__explain(const km_args *a, km_node *n);
int km_app__convert(const km_args *a, km_node *n);
int km_app__link(const km_args *a, km_node *n);
int km_app__permissions(const km_args *a, km_node *n);
int km_app__id(const km_args *a, km_node *n);
int km_app__account(const km_args *a, km_node *n);
int km_app__provider(const km_args *a, km_node *n);
int km_app__keyd(const km_args *a, km_node *n);
int km_app__pki(const km_args *a, km_node *n);
int km_app__keys(const km_args *a, km_node *n);
/* The sealed files at `path`, or the token that --pkcs11, --token and --pin-file name; --operator
 * says which roles. */
km_code km_app__open_ring(km_keys **out, const km_args *a, const char *path, km_fault *f);

/* pages.c: is there a start page; where they are when no option says so. */
bool km_app__has_pages(const char *dir);
void km_app__find_pages(km_config *c, km_arena *a);

/* confine.c: the process gives up what serving does not need (docs/hardening.md). */
km_code km_app__confine(const km_args *a, const km_config *c, km_fault *f);

km_code km_app__page(km_request *r, km_reply *out);
km_code km_app__permissions_shown(km_request *r, km_reply *out);

#endif
