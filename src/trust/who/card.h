/* SPDX-License-Identifier: Apache-2.0
 *
 * card: signing in by a certificate on a card: professionals by their HPKI certificate for
 * authentication, citizens by that of JPKI. The node gives a text, the card signs it, and the
 * certificate comes along (trust.md §5.3).
 *
 * Promises
 * - The text names this node and is random, good for five minutes and once, in the browser that
 *   asked for it; it cannot be mistaken for anything else that somebody signs.
 * - The certificate is proved up to an anchor of DIR/certificates, with policy, usage, hcRole and
 *   status (codec/x509): by the lists there, and by its authority's responder where one is named
 *   (responder.h). Without anchors nobody signs in so; without a fresh list nobody either.
 * - Of a citizen's certificate nothing is kept: its issuer and serial become a blind index under
 *   the node's index key, which is the account's subject. So it is done for professionals too.
 *
 * DIR/certificates/hpki.pem, jpki.pem   anchors, and authorities between
 * DIR/certificates/NAME.crl             lists, PEM or DER; replaced by renaming, read anew then
 * DIR/certificates/responders.tsv       who is asked by OCSP; its authorities still by lists
 */
#ifndef KM_TRUST_WHO_CARD_H
#define KM_TRUST_WHO_CARD_H

#include "codec/x509/x509.h"
#include "record/log.h"
#include "trust/keys/keys.h"

#define KM_CARD_TICKET_MS ((km_ms)5 * 60 * 1000)

typedef enum km_card_kind { KM_CARD_HPKI, KM_CARD_JPKI, KM_CARD_KINDS } km_card_kind;
/* "hpki", "jpki"; KM_CARD_KINDS for other words. */
km_card_kind km_card_named(km_str word);
/* The issuer of such accounts: "urn:kumihimo:card:hpki". */
km_str km_card_issuer(km_card_kind kind);

typedef struct km_cards km_cards;
/* A folder that is missing means no cards. `test`: policies of test certificates are taken too;
 * for demonstrations. What is wrong in the folder is told when it is used. */
km_cards *km_cards_new(const char *folder, bool test);
void km_cards_free(km_cards *cards);
bool km_cards_take(km_cards *cards, km_card_kind kind);

/* *text is to be signed as it is; `address` is this node's. */
void km_card_begin(km_str *text, km_str *ticket, km_log *l, km_card_kind kind, km_str address,
                   km_call *call);

typedef struct km_card_answer {
    km_str ticket;
    const km_str *der; /* der[0] the holder's certificate; others may help */
    size_t n;
    km_proof proof;
    km_str signature;
} km_card_answer;
typedef struct km_card_said {
    km_card_kind kind;
    km_str subject[2]; /* under the newest index key, and under the one before it, if any */
    km_hc_role role;   /* HPKI */
    unsigned char sha256[KM_SHA256_LEN]; /* of the certificate */
} km_card_said;
/* KM_UNAUTHENTICATED, KM_MALFORMED, KM_TOO_LONG, KM_BUSY (no fresh list), KM_UPSTREAM (no answer of
 * the responder), KM_UNSUPPORTED (no anchors of that kind). */
km_code km_card_finish(km_card_said *out, km_cards *cards, km_log *l, km_keys *keys,
                       const km_card_answer *answer, km_call *call);

/* The subjects of an account with this certificate; makes an index key where there is none. Proves
 * nothing: for the administrator, who adds or renews an account. KM_MALFORMED, KM_BAD_VALUE: not of
 * this kind. */
km_code km_card_subject(km_str subject[2], km_keys *keys, km_card_kind kind, km_str pem,
                        km_call *call);

/* May somebody with this hcRole sign in to an account of that role? A role that comes with a
 * licence wants the licence; who works in another (reviewing claims, running the network) needs
 * any. */
bool km_card_allows(km_str hc_role, km_str account_role);

#endif
