/* SPDX-License-Identifier: Apache-2.0
 *
 * stamp: time stamps of checkpoints by an authority (RFC 3161). Pure: what is asked, what is
 * believed of an answer, what is believed of a token that was kept. The network is outside.h.
 *
 * - What is stamped is the text of a checkpoint, without its signatures, by SHA-256.
 * - Believed is a token whose signer has a certificate for time stamping alone (RFC 3161 §2.3) that
 *   stands under the given authorities, named in the signed attributes (RFC 5035), valid at the
 * time that the token tells.
 */
#ifndef KM_TRUST_AUDIT_STAMP_H
#define KM_TRUST_AUDIT_STAMP_H

#include "trust/audit/tree.h"

enum { KM_STAMP_NONCE = 8, KM_STAMP_MAX = 64 << 10 };

/* DER of a TimeStampReq that asks for the signer's certificates. In the arena. */
km_code km_stamp_ask(km_str *out, km_str text, const unsigned char nonce[KM_STAMP_NONCE],
                     km_arena *a, km_fault *f);

typedef struct km_stamp_authorities km_stamp_authorities;
/* Of PEM certificates. KM_BAD_VALUE: there is none in it. */
km_code km_stamp_authorities_new(km_stamp_authorities **out, km_str pem, km_fault *f);
void km_stamp_authorities_free(km_stamp_authorities *s);

/* Takes the token out of an answer to km_stamp_ask and believes it, or does not: KM_UPSTREAM (the
 * authority refused, or answers another question), KM_FORBIDDEN (nobody we know signed it). */
km_code km_stamp_take(km_str *token, km_ms *at, km_str answer, km_str text,
                      const unsigned char nonce[KM_STAMP_NONCE], const km_stamp_authorities *s,
                      km_arena *a, km_fault *f);
/* A token that was kept: is it one over this text? *at: the time that it tells. KM_TAMPERED. */
km_code km_stamp_check(km_ms *at, km_str token, km_str text, const km_stamp_authorities *s,
                       km_fault *f);

#endif
