/* SPDX-License-Identifier: Apache-2.0
 *
 * params: what comes in and what goes out, the same at every endpoint.
 */
#include "services/oauth/oauth.h"

km_str km_given(const km_params *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (km_str_is(p->field[i].name, name))
            return p->field[i].value;
    return KM_STR_NONE;
}

const char *km_param_twice(const km_params *p)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < i; j++)
            if (km_str_eq(p->field[i].name, p->field[j].name)
                && !km_str_is(p->field[i].name, "lang"))
                return "a parameter is there twice";
    return NULL;
}

void km_oauth__json(km_reply *out, km_str json)
{
    out->type = "application/json";
    out->body = json;
    km_reply_header(out, "Pragma", KM_STR("no-cache")); /* RFC 6749 §5.1 */
}

km_code km_oauth__trace(km_request *r, const km_who *who, km_str client, const char *reason)
{
    km_node *n = km_request_node(r);
    const km_role *role;
    km_audit_entry e = { .kind = KM_AUDIT_TOKEN, .reason = km_str_of(reason) };
    km_roles_all(&role, km_trust_roles(n->trust));
    e.agent = (km_audit_agent){ .id = KM_STR("nobody"), .client = client };
    e.agent.address = km_str_of(r->peer);
    if (who != NULL) {
        e.agent.id = km_arena_print(r->call.arena, "%.*s|%.*s", KM_STR_ARG(who->issuer),
                                    KM_STR_ARG(who->subject));
        e.agent.role = role[who->role].name;
        e.agent.organisation = who->organisation;
        e.agent.session = who->session;
        e.purpose = km_str_of(km_purpose_name(who->purpose));
    }
    return km_trust_trace(n->trust, &e, &r->call);
}

static km_code trace_refusal(km_request *r, const char *error)
{
    km_audit_entry e = { .kind = KM_AUDIT_REFUSED,
                         .outcome = KM_STR("UNAUTHENTICATED"),
                         .reason = km_str_of(error) };
    e.agent = (km_audit_agent){ .id = KM_STR("nobody"), .address = km_str_of(r->peer) };
    return km_trust_trace(km_request_node(r)->trust, &e, &r->call);
}

km_code km_oauth__fail(km_reply *out, km_request *r, const char *error, const char *why)
{
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    km_str told = km_arena_copy(r->call.arena, km_str_of(why)); /* it may stand in the fault */
    km_fault_clear(r->call.fault);
    KM_TRY(trace_refusal(r, error));
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "error", error);
    km_jw_member(&w, "error_description", told);
    km_jw_close(&w, '}');
    out->status = strcmp(error, "invalid_client") == 0 ? 401 : 400;
    km_oauth__json(out, km_buf_str(&json));
    return KM_OK;
}

km_str km_oauth__endpoint(const km_request *r, const char *path)
{
    return km_arena_print(r->call.arena, "%.*s%s",
                          KM_STR_ARG(km_whos_issuer(km_request_node(r)->whos)), path);
}

km_code km_oauth__caller(km_registered *client, km_params *form, bool *told, km_request *r,
                         km_reply *out)
{
    static const char by_jwt[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    km_whos *w = km_request_node(r)->whos;
    *told = true;
    if (km_request_form(&form->field, &form->n, r) != KM_OK)
        return km_oauth__fail(out, r, "invalid_request",
                              "send a form, application/x-www-form-urlencoded");
    if (km_param_twice(form) != NULL)
        return km_oauth__fail(out, r, "invalid_request", km_param_twice(form));
    km_registered_shown shown = { .id = km_given(form, "client_id"),
                                  .assertion = km_given(form, "client_assertion"),
                                  .certificate = r->peer_verified ? r->peer_certificate
                                                                  : KM_STR_NONE,
                                  .endpoint = km_oauth__endpoint(r, "/oauth/token") };
    if (km_whos_issuer(w).n == 0)
        return km_fail(r->call.fault, KM_BUSY, NULL, "the node is starting");
    if (shown.assertion.n > 0 && !km_str_is(km_given(form, "client_assertion_type"), by_jwt))
        return km_oauth__fail(out, r, "invalid_request",
                              "client_assertion_type is jwt-bearer (RFC 7523)");
    km_code rc = km_registered_prove(client, w, &shown, &r->call);
    if (rc == KM_UNAUTHENTICATED)
        return km_oauth__fail(out, r, "invalid_client", "the client did not prove itself");
    *told = false;
    return rc;
}
