/* SPDX-License-Identifier: Apache-2.0
 *
 * passkey: showing one, to come in or as the second factor of somebody who is in; enrolling and
 * dropping one. The bodies are those of WebAuthn's JSON, bytes in base64url.
 */
#include "base/hash.h"
#include "services/signin/entry.h"
#include "trust/who/ticket.h"

#define TICKET_MS ((km_ms)5 * 60 * 1000)

static const char show_ticket[] = "passkey", new_ticket[] = "passkey-new";

static km_str rp_id_of(km_str address)
{
    km_str rest, port;
    (void)km_str_cut(address, '/', &rest);
    return km_str_cut(km_str_sub(rest, 1, rest.n), ':', &port);
}

static km_passkey_want want_of(const km_request *r, km_str challenge)
{
    km_str address = km_signin__address(r);
    return (km_passkey_want){ rp_id_of(address), address, challenge };
}

/* The account of who is signed in. */
static km_code own_account(km_account *out, km_request *r)
{
    const km_who *who = km_signin__who(r);
    if (who == NULL)
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, NULL, "sign in first");
    return km_signin__account(out, r, who->issuer, who->subject);
}

static km_code passkeys_of(km_passkey *out, size_t *n, int64_t account, km_request *r)
{
    km_conn *c;
    KM_TRY(km_store_reader(&c, km_request_node(r)->store, r->call.fault));
    km_code rc = km_account_passkeys(out, n, c, account, &r->call);
    km_store_return(c);
    return rc;
}

static km_code keep_challenge(km_str *challenge, km_reply *out, const char *what, km_str more,
                              km_request *r)
{
    char bytes[KM_PASSKEY_CHALLENGE];
    km_str ticket;
    r->call.random->fill(r->call.random->self, bytes, sizeof bytes);
    *challenge = km_base64url(r->call.arena, bytes, sizeof bytes);
    km_str kept = km_arena_print(r->call.arena, "%.*s\n%.*s", KM_STR_ARG(*challenge),
                                 KM_STR_ARG(more));
    km_ticket_seal(&ticket, km_request_node(r)->log, what, kept, km_call_now(&r->call) + TICKET_MS,
                   &r->call);
    return km_signin__keep_ticket(out, r, ticket);
}

/* The challenge's bytes, what else was kept, and until when. */
static km_code open_challenge(km_str *challenge, km_str *more, km_ms *until, const char *what,
                              km_request *r)
{
    km_str kept;
    KM_TRY(km_ticket_open(&kept, until, km_request_node(r)->log, what, km_signin__ticket(r),
                          &r->call));
    km_str text = km_str_cut(kept, '\n', more);
    return km_unbase64url(challenge, r->call.arena, text)
               ? KM_OK
               : km_fail(r->call.fault, KM_INTERNAL, "ticket", NULL);
}

static void list_ids(km_jw *w, const char *name, const km_passkey *key, size_t n, km_arena *a)
{
    km_jw_key(w, name);
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(w, '{');
        km_jw_member_z(w, "type", "public-key");
        km_jw_member(w, "id", km_base64url(a, key[i].id.p, key[i].id.n));
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static km_code reply(km_reply *out, km_buf *json)
{
    out->type = "application/json";
    out->body = km_buf_str(json);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

/* --- showing one
 * ------------------------------------------------------------------------------------- */

/* {} -> PublicKeyCredentialRequestOptions */
km_code km_signin__passkey(km_request *r, km_reply *out)
{
    km_jv body;
    km_account account;
    km_passkey key[KM_ACCOUNT_PASSKEYS];
    size_t n = 0;
    km_str challenge;
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    KM_TRY(km_signin__body(&body, r));
    if (km_signin__who(r) != NULL) {
        KM_TRY(own_account(&account, r));
        KM_TRY(passkeys_of(key, &n, account.number, r));
        if (n == 0)
            return km_fail(r->call.fault, KM_NOT_FOUND, "passkey", "no passkey is enrolled yet");
    }
    KM_TRY(keep_challenge(&challenge, out, show_ticket, KM_STR_NONE, r));
    km_jw_open(&w, '{');
    km_jw_member(&w, "challenge", challenge);
    km_jw_member(&w, "rpId", rp_id_of(km_signin__address(r)));
    km_jw_member_int(&w, "timeout", TICKET_MS);
    km_jw_member_z(&w, "userVerification", "required");
    list_ids(&w, "allowCredentials", key, n, r->call.arena);
    km_jw_close(&w, '}');
    return reply(out, &b);
}

static km_code find_shown(int64_t *account, km_passkey *key, km_str id, km_request *r)
{
    km_conn *c;
    km_fault own = { 0 };
    km_call call = r->call;
    call.fault = &own;
    KM_TRY(km_store_reader(&c, km_request_node(r)->store, r->call.fault));
    km_code rc = km_account_of_passkey(account, key, c, id, &call);
    km_store_return(c);
    if (rc == KM_NOT_FOUND)
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, "passkey",
                       "this passkey is not enrolled here");
    return rc == KM_OK ? KM_OK : km_fail(r->call.fault, rc, own.path, "%s", own.detail);
}

static km_code numbered(km_account *out, int64_t number, km_request *r)
{
    km_conn *c;
    const km_node *n = km_request_node(r);
    KM_TRY(km_store_reader(&c, n->store, r->call.fault));
    km_code rc = km_account_numbered(out, c, km_trust_roles(n->trust), number, &r->call);
    km_store_return(c);
    return rc;
}

static km_code read_shown(km_passkey_shown *out, km_str *id, km_jv body, km_request *r)
{
    KM_TRY(km_signin__bytes(id, body, "id", r));
    KM_TRY(km_signin__bytes(&out->client_data, body, "clientDataJSON", r));
    KM_TRY(km_signin__bytes(&out->authenticator_data, body, "authenticatorData", r));
    return km_signin__bytes(&out->signature, body, "signature", r);
}

/* Everything but the step through the door. */
static km_code check_shown(km_account *account, const km_passkey_shown *shown, km_str id,
                           km_request *r)
{
    km_passkey key;
    km_str challenge, more;
    km_ms until;
    int64_t number;
    uint32_t count;
    km_log *l = km_request_node(r)->log;
    const km_who *who = km_signin__who(r);
    KM_TRY(open_challenge(&challenge, &more, &until, show_ticket, r));
    KM_TRY(find_shown(&number, &key, id, r));
    km_passkey_want want = want_of(r, challenge);
    KM_TRY(km_passkey_check(&count, &key, &want, shown, &r->call));
    KM_TRY(km_ticket_spend(l, challenge, until, &r->call));
    KM_TRY(km_account_used(l, &key, count, &r->call));
    KM_TRY(numbered(account, number, r));
    if (who != NULL
        && (!km_str_eq(who->issuer, account->issuer) || !km_str_eq(who->subject, account->subject)))
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, "passkey",
                       "it belongs to somebody else than who is signed in");
    return KM_OK;
}

/* {"id","clientDataJSON","authenticatorData","signature"} */
km_code km_signin__passkey_done(km_request *r, km_reply *out)
{
    km_jv body;
    km_passkey_shown shown;
    km_account account;
    km_str id;
    km_who who;
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(read_shown(&shown, &id, body, r));
    km_code rc = check_shown(&account, &shown, id, r);
    if (rc != KM_OK) {
        (void)km_signin__failed(r, rc, "passkey");
        if (rc != KM_CONFLICT) /* its counter went back: traced as what it is, told as a refusal */
            return rc;
        km_fault_clear(r->call.fault);
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, "passkey",
                       "its counter did not rise; ask the administrator");
    }
    if (km_signin__who(r) != NULL)
        return km_signin__raise(r, out, "passkey");
    km_account_who(&who, &account, km_trust_roles(km_request_node(r)->trust), r->call.arena);
    who.second_factor_at = km_call_now(&r->call);
    return km_signin__enter(r, out, &who, "passkey");
}

/* --- enrolling one
 * ------------------------------------------------------------------------------------ */

static void print_creation(km_jw *w, km_str challenge, const km_account *account,
                           const km_passkey *key, size_t n, km_request *r)
{
    km_buf user = km_buf_in(r->call.arena);
    km_buf_u64be(&user, (uint64_t)account->number);
    km_jw_open(w, '{');
    km_jw_member(w, "challenge", challenge);
    km_jw_key(w, "rp");
    km_jw_open(w, '{');
    km_jw_member(w, "id", rp_id_of(km_signin__address(r)));
    km_jw_member_z(w, "name", "Kumihimo");
    km_jw_close(w, '}');
    km_jw_key(w, "user");
    km_jw_open(w, '{');
    km_jw_member(w, "id", km_base64url(r->call.arena, user.p, user.n));
    km_jw_member(w, "name", account->name);
    km_jw_member(w, "displayName", account->name);
    km_jw_close(w, '}');
    km_jw_key(w, "pubKeyCredParams");
    km_jw_raw(w,
              KM_STR("[{\"type\":\"public-key\",\"alg\":-7},{\"type\":\"public-key\",\"alg\":-8},"
                     "{\"type\":\"public-key\",\"alg\":-257}]"));
    km_jw_key(w, "authenticatorSelection");
    km_jw_raw(w, KM_STR("{\"residentKey\":\"preferred\",\"userVerification\":\"required\"}"));
    km_jw_member_z(w, "attestation", "none");
    km_jw_member_int(w, "timeout", TICKET_MS);
    list_ids(w, "excludeCredentials", key, n, r->call.arena);
    km_jw_close(w, '}');
}

/* {"code"?} -> PublicKeyCredentialCreationOptions */
km_code km_signin__passkey_new(km_request *r, km_reply *out)
{
    km_jv body;
    km_account account;
    km_passkey key[KM_ACCOUNT_PASSKEYS];
    size_t n;
    km_str challenge;
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(own_account(&account, r));
    km_str code = km_jv_text(body, "code");
    if (code.n == 0 && km_signin__who(r)->second_factor_at == 0)
        return km_fail(r->call.fault, KM_FORBIDDEN, "code",
                       "the first passkey wants a code from the administrator");
    if (code.n > 512)
        return km_fail(r->call.fault, KM_BAD_VALUE, "code", NULL);
    KM_TRY(passkeys_of(key, &n, account.number, r));
    KM_TRY(keep_challenge(&challenge, out, new_ticket, code, r));
    print_creation(&w, challenge, &account, key, n, r);
    return reply(out, &b);
}

static km_code enrol(const km_account *account, km_jv body, km_request *r)
{
    km_str challenge, code, client, attestation;
    km_ms until;
    km_passkey key;
    km_log *l = km_request_node(r)->log;
    KM_TRY(km_signin__bytes(&client, body, "clientDataJSON", r));
    KM_TRY(km_signin__bytes(&attestation, body, "attestationObject", r));
    KM_TRY(open_challenge(&challenge, &code, &until, new_ticket, r));
    km_passkey_want want = want_of(r, challenge);
    KM_TRY(km_passkey_register(&key, &want, client, attestation, &r->call));
    KM_TRY(km_ticket_spend(l, challenge, until, &r->call));
    if (code.n > 0)
        KM_TRY(km_account_enrolment_spend(l, account, code, &r->call));
    else if (km_signin__who(r)->second_factor_at == 0)
        return km_fail(r->call.fault, KM_FORBIDDEN, "code", NULL);
    return km_account_enrol(l, account->number, &key, &r->call);
}

/* {"clientDataJSON","attestationObject"}. With the code, an authenticator and its user's
 * verification somebody has shown two factors. */
km_code km_signin__passkey_new_done(km_request *r, km_reply *out)
{
    km_jv body;
    km_account account;
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(own_account(&account, r));
    km_code rc = enrol(&account, body, r);
    if (rc != KM_OK)
        return km_signin__failed(r, rc, "passkey-new");
    return km_signin__raise(r, out, "passkey-new");
}

/* --- looking after them
 * --------------------------------------------------------------------------------- */

km_code km_signin__passkeys(km_request *r, km_reply *out)
{
    km_account account;
    km_passkey key[KM_ACCOUNT_PASSKEYS];
    size_t n;
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    KM_TRY(own_account(&account, r));
    KM_TRY(passkeys_of(key, &n, account.number, r));
    km_jw_open(&w, '{');
    list_ids(&w, "passkeys", key, n, r->call.arena);
    km_jw_close(&w, '}');
    return reply(out, &b);
}

km_code km_signin__passkey_drop(km_request *r, km_reply *out)
{
    km_account account;
    km_str id;
    if (!km_request_same_origin(r))
        return km_fail(r->call.fault, KM_FORBIDDEN, NULL, "the request came from another site");
    KM_TRY(own_account(&account, r));
    if (km_signin__who(r)->second_factor_at == 0)
        return km_fail(r->call.fault, KM_FORBIDDEN, NULL, "show a passkey first");
    if (!km_unbase64url(&id, r->call.arena, km_request_var(r, "id")))
        return km_fail(r->call.fault, KM_BAD_VALUE, "id", "base64url");
    KM_TRY(km_account_unenrol(km_request_node(r)->log, account.number, id, &r->call));
    km_audit_entry e = { .kind = KM_AUDIT_LOGIN, .reason = KM_STR("passkey dropped") };
    KM_TRY(km_trust_trace(km_request_node(r)->trust, &e, &r->call));
    out->status = 204;
    return KM_OK;
}
