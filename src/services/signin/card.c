/* SPDX-License-Identifier: Apache-2.0
 *
 * card: signing in by a card's certificate, its two requests.
 */
#include "base/hash.h"
#include "services/signin/entry.h"

/* {"kind":"hpki"} -> {"text":"..."}: what the card is to sign, as UTF-8. */
km_code km_signin__card(km_request *r, km_reply *out)
{
    km_jv body;
    km_str word, text, ticket;
    km_node *n = km_request_node(r);
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(km_signin__text(&word, body, "kind", r));
    km_card_kind kind = km_card_named(word);
    if (kind == KM_CARD_KINDS)
        return km_fail(r->call.fault, KM_BAD_VALUE, "kind", "hpki or jpki");
    if (!km_cards_take(n->cards, kind))
        return km_fail(r->call.fault, KM_UNSUPPORTED, "kind", "cards of this kind are not taken");
    km_card_begin(&text, &ticket, n->log, kind, km_signin__address(r), &r->call);
    KM_TRY(km_signin__keep_ticket(out, r, ticket));
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    km_jw_open(&w, '{');
    km_jw_member(&w, "text", text);
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&b);
    return KM_OK;
}

static km_code read_answer(km_card_answer *out, km_jv body, km_request *r)
{
    static const char *const proofs[] = { "RSA-PKCS1", "RSA-PSS", "ECDSA", "ECDSA-RAW" };
    km_str *der = KM_NEW_ARRAY(r->call.arena, KM_X509_CHAIN, km_str), algorithm;
    KM_TRY(km_signin__bytes(&out->signature, body, "signature", r));
    KM_TRY(km_signin__text(&algorithm, body, "algorithm", r));
    size_t i = 0;
    while (i < 4 && !km_str_is(algorithm, proofs[i]))
        i++;
    if (i == 4)
        return km_fail(r->call.fault, KM_BAD_VALUE, "algorithm",
                       "RSA-PKCS1, RSA-PSS, ECDSA or ECDSA-RAW");
    out->proof = (km_proof)i;
    for (km_jv_iter c = km_jv_each(KM_JV_GET(body, "certificates")); km_jv_next(&c); out->n++)
        if (out->n == KM_X509_CHAIN
            || !km_unbase64(&der[out->n], r->call.arena, km_jv_str(c.value)))
            return km_fail(r->call.fault, KM_BAD_VALUE, "certificates",
                           "at most %d, each DER in base64", KM_X509_CHAIN);
    out->der = der;
    return out->n > 0 ? KM_OK : km_fail(r->call.fault, KM_REQUIRED, "certificates", NULL);
}

static km_code account_of(km_account *out, const km_card_said *said, km_request *r)
{
    const km_role *role;
    km_code rc = KM_UNAUTHENTICATED;
    for (int i = 0; i < 2 && rc == KM_UNAUTHENTICATED && said->subject[i].n > 0; i++) {
        if (i > 0)
            km_fault_clear(r->call.fault);
        rc = km_signin__account(out, r, km_card_issuer(said->kind), said->subject[i]);
    }
    KM_TRY(rc);
    km_roles_all(&role, km_trust_roles(km_request_node(r)->trust));
    if (said->kind == KM_CARD_HPKI && !km_card_allows(said->role.role, role[out->role].name))
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, "hcRole",
                       "the licence on the card is not that of the account's role");
    return KM_OK;
}

/* {"certificates":[base64 DER...],"algorithm":"RSA-PKCS1","signature":base64url} */
km_code km_signin__card_done(km_request *r, km_reply *out)
{
    km_jv body;
    km_card_said said;
    km_account account;
    km_who who;
    km_node *n = km_request_node(r);
    km_card_answer answer = { .ticket = km_signin__ticket(r) };
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(read_answer(&answer, body, r));
    km_code rc = km_card_finish(&said, n->cards, n->log, n->keys, &answer, &r->call);
    if (rc == KM_OK)
        rc = account_of(&account, &said, r);
    if (rc != KM_OK)
        return km_signin__failed(r, rc, "card");
    km_account_who(&who, &account, km_trust_roles(n->trust), r->call.arena);
    who.second_factor_at = km_call_now(&r->call); /* the card, and the PIN that opened it */
    return km_signin__enter(r, out, &who, "card");
}
