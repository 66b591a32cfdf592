/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: signing in at an OpenID provider, its two requests.
 */
#include "services/signin/entry.h"

static km_str back_of(const km_request *r)
{
    return km_arena_print(r->call.arena, "%.*s/sign-in/return", KM_STR_ARG(km_signin__address(r)));
}

/* {"provider":"city"} -> {"location":"https://..."} */
km_code km_signin__provider(km_request *r, km_reply *out)
{
    km_jv body;
    km_str name, location, ticket;
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(km_signin__text(&name, body, "provider", r));
    KM_TRY(km_provider_begin(&location, &ticket, km_request_node(r)->providers, name, back_of(r),
                             &r->call));
    KM_TRY(km_signin__keep_ticket(out, r, ticket));
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    km_jw_open(&w, '{');
    km_jw_member(&w, "location", location);
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&b);
    return KM_OK;
}

/* {"state","code","iss"} */
km_code km_signin__provider_done(km_request *r, km_reply *out)
{
    km_jv body;
    km_provider_said said;
    km_account account;
    km_who who;
    km_provider_came came = { .ticket = km_signin__ticket(r), .back = back_of(r) };
    KM_TRY(km_signin__body(&body, r));
    KM_TRY(km_signin__text(&came.state, body, "state", r));
    KM_TRY(km_signin__text(&came.code, body, "code", r));
    came.iss = km_jv_text(body, "iss");
    km_code rc = km_provider_finish(&said, km_request_node(r)->providers, &came, &r->call);
    if (rc == KM_OK)
        rc = km_signin__account(&account, r, said.issuer, said.subject);
    if (rc != KM_OK)
        return km_signin__failed(r, rc, "provider");
    km_account_who(&who, &account, km_trust_roles(km_request_node(r)->trust), r->call.arena);
    return km_signin__enter(r, out, &who, "provider");
}
