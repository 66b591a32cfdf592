/* SPDX-License-Identifier: Apache-2.0
 *
 * demo: the key of a demonstration. Whoever holds it can be anybody, so there is one only where
 * somebody said that this data directory is a demonstration (`kumihimo serve --demo`, `make run`);
 * its tokens name an issuer of their own, which a node without the file does not know.
 *
 * DIR/keys/demo   an Ed25519 private key, 32 bytes in hexadecimal, mode 0400
 */
#ifndef KM_TRUST_WHO_DEMO_H
#define KM_TRUST_WHO_DEMO_H

#include "trust/who/who.h"

#define KM_DEMO_ISSUER "urn:kumihimo:demonstration"
enum { KM_DEMO_LIFE_S = 12 * 60 * 60 };

/* Makes the file where there is none. */
km_code km_demo_begin(const char *file, const km_random *random, km_fault *f);
bool km_demo_is(const char *file);
/* A token for `who`: with client and scope it is an app's, without it may what the role may. Needs
 * the file and no node. KM_FORBIDDEN: no demonstration. */
km_code km_demo_token(km_str *token, const char *file, const km_who *who, km_str scope,
                      const km_roles *roles, km_call *call);
/* Its public part as a JWK set. KM_FORBIDDEN, KM_IO. */
km_code km_demo_jwks(km_str *json, const char *file, km_arena *a, km_fault *f);

#endif
