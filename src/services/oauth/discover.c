/* SPDX-License-Identifier: Apache-2.0
 *
 * discover: what an app must know before it asks: SMART App Launch 2.0 §4, RFC 8414.
 */
#include "services/oauth/oauth.h"

static const char *const grants[] = { "authorization_code", "refresh_token", "client_credentials",
                                      NULL };
static const char *const methods[] = { "none", "private_key_jwt", "tls_client_auth", NULL };
static const char *const algs[] = { "ES256", "RS256", "PS256", "EdDSA", NULL };
static const char *const es256[] = { "ES256", NULL };
static const char *const code[] = { "code", NULL };
static const char *const query[] = { "query", NULL };
static const char *const s256[] = { "S256", NULL };
static const char *const public_subject[] = { "public", NULL };
static const char *const scopes[] = { "openid",
                                      "profile",
                                      "fhirUser",
                                      "launch",
                                      "launch/patient",
                                      "offline_access",
                                      "online_access",
                                      "patient/*.rs",
                                      "user/*.rs",
                                      "user/*.cruds",
                                      "system/*.rs",
                                      "system/*.cruds",
                                      NULL };
static const char *const capabilities[] = { "launch-ehr",          "launch-standalone",
                                            "client-public",       "client-confidential-asymmetric",
                                            "context-ehr-patient", "context-standalone-patient",
                                            "permission-offline",  "permission-online",
                                            "permission-patient",  "permission-user",
                                            "permission-v1",       "permission-v2",
                                            "sso-openid-connect",  NULL };

static const struct list {
    const char *name;
    const char *const *item;
    bool smart; /* SMART's alone */
} lists[] = {
    { "grant_types_supported", grants, false },
    { "response_types_supported", code, false },
    { "response_modes_supported", query, false },
    { "code_challenge_methods_supported", s256, false },
    { "token_endpoint_auth_methods_supported", methods, false },
    { "token_endpoint_auth_signing_alg_values_supported", algs, false },
    { "introspection_endpoint_auth_methods_supported", methods + 1, false },
    { "scopes_supported", scopes, false },
    { "subject_types_supported", public_subject, false },
    { "id_token_signing_alg_values_supported", es256, false },
    { "capabilities", capabilities, true },
};

static const struct place {
    const char *name, *path;
} places[] = {
    { "jwks_uri", "/oauth/jwks" },
    { "authorization_endpoint", "/oauth/authorize" },
    { "token_endpoint", "/oauth/token" },
    { "introspection_endpoint", "/oauth/introspect" },
    { "revocation_endpoint", "/oauth/revoke" },
};

static void print_list(km_jw *w, const struct list *l)
{
    km_jw_key(w, l->name);
    km_jw_open(w, '[');
    for (const char *const *i = l->item; *i != NULL; i++)
        km_jw_z(w, *i);
    km_jw_close(w, ']');
}

static km_code tell(km_request *r, km_reply *out, bool smart)
{
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    km_str issuer = km_whos_issuer(km_request_node(r)->whos);
    if (issuer.n == 0)
        return km_fail(r->call.fault, KM_BUSY, NULL, "the node is starting");
    km_jw_open(&w, '{');
    km_jw_member(&w, "issuer", issuer);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        km_jw_member(&w, places[i].name, km_oauth__endpoint(r, places[i].path));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (smart || !lists[i].smart)
            print_list(&w, &lists[i]);
    km_jw_member_bool(&w, "authorization_response_iss_parameter_supported", true); /* RFC 9207 */
    km_jw_member_bool(&w, "tls_client_certificate_bound_access_tokens", true);     /* RFC 8705 */
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}

km_code km_oauth__smart(km_request *r, km_reply *out)
{
    return tell(r, out, true);
}

km_code km_oauth__server(km_request *r, km_reply *out)
{
    return tell(r, out, false);
}

km_code km_oauth__jwks(km_request *r, km_reply *out)
{
    out->type = "application/jwk-set+json";
    out->body = km_whos_jwks(km_request_node(r)->whos);
    return KM_OK;
}
