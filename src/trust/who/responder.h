/* SPDX-License-Identifier: Apache-2.0
 *
 * responder: whether a card's certificate is good today, by the responder of its authority (OCSP,
 * RFC 6960; codec/x509 judges the answer).
 *
 * Promises
 * - Only a responder that the operator named is asked, by http/client and nowhere else: what a
 *   certificate says about its responder is not read, so that nobody's card makes the node call.
 * - No answer is never "good". What then: nobody signs in (`refuse`), or the authority's fresh list
 *   says it (`list`), as the row chose.
 * - Good answers alone are kept, until the responder's own time and at most an hour; at most eight
 *   threads wait for responders, others are told KM_BUSY.
 * - It is asked about holders who have shown that they have the key, not about certificates that
 *   somebody found.
 *
 * DIR/certificates/responders.tsv   one line of names, then rows:
 *   kind     hpki or jpki
 *   url      http or https, where requests are posted; its place may be private
 *   without  refuse or list
 *   nonce    needed, or any: an answer without one counts while it is fresh (RFC 5019)
 */
#ifndef KM_TRUST_WHO_RESPONDER_H
#define KM_TRUST_WHO_RESPONDER_H

#include "codec/x509/x509.h"
#include "trust/who/card.h"

#define KM_RESPONDER_AGE_MS ((km_ms)24 * 60 * 60 * 1000) /* an answer may be so old */
#define KM_RESPONDER_KEEP_MS ((km_ms)60 * 60 * 1000)

typedef struct km_responder {
    char url[512], place[300]; /* url[0] = 0: nobody is asked */
    bool list_instead, nonce_needed;
} km_responder;

/* The rows of the folder; no such file: nobody is asked. KM_BAD_VALUE: not such a table, or it
 * cannot be read. */
km_code km_responders_read(km_responder out[KM_CARD_KINDS], const char *folder, km_fault *f);

/* What was answered; safe for many threads. */
typedef struct km_answers km_answers;
km_answers *km_answers_new(void);
void km_answers_free(km_answers *x);

/* KM_OK: good. KM_UNAUTHENTICATED: revoked, or not known to its authority. KM_UPSTREAM: no answer
 * that counts; KM_BUSY. */
km_code km_responder_ask(km_answers *x, const km_responder *r, const km_x509_path *path,
                         km_call *call);

#endif
