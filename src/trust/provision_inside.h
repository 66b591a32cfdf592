/* SPDX-License-Identifier: Apache-2.0
 *
 * provision_inside: what the files of provision share.
 */
#ifndef KM_TRUST_PROVISION_INSIDE_H
#define KM_TRUST_PROVISION_INSIDE_H

#include "trust/consents.h"
#include "trust/provision.h"

/* Country, basis, party and channel are words that we know. */
km_code km_provision__sound(const km_provision *p, km_fault *f);
/* Must each record be asked for: a recipient abroad, an opt-out scheme? */
bool km_provision__asks(const km_provision *p);
/* KM_NOT_FOUND. */
km_code km_provision__scheme(km_scheme *out, km_conn *c, km_str id, km_arena *a, km_fault *f);

#endif
