/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of signing in.
 */
#include "services/signin/entry.h"

static const km_policy who_am_i = { .permission = "session.read" };
static const km_policy begin = { .permission = "session.begin", .kind = KM_AUDIT_LOGIN };

#define ROUTE(method, pattern, serve, policy)          \
    {                                                  \
        method, pattern, serve, 0, &policy, NULL, NULL \
    }

static const km_http_route routes[] = {
    ROUTE("GET", "/session", km_signin__session, who_am_i),
    ROUTE("POST", "/session", km_signin__demo, begin),
    ROUTE("DELETE", "/session", km_signin__sign_out, begin),
    ROUTE("GET", KM_SIGN_IN_PAGE, km_signin__page, begin),
    ROUTE("GET", KM_SIGN_IN_PAGE "/ways", km_signin__ways, begin),
    ROUTE("GET", KM_SIGN_IN_PAGE "/return", km_signin__return, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/provider", km_signin__provider, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/provider/done", km_signin__provider_done, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/passkey", km_signin__passkey, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/passkey/done", km_signin__passkey_done, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/passkey/new", km_signin__passkey_new, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/passkey/new/done", km_signin__passkey_new_done, begin),
    ROUTE("GET", KM_SIGN_IN_PAGE "/passkeys", km_signin__passkeys, begin),
    ROUTE("DELETE", KM_SIGN_IN_PAGE "/passkeys/{id}", km_signin__passkey_drop, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/card", km_signin__card, begin),
    ROUTE("POST", KM_SIGN_IN_PAGE "/card/done", km_signin__card_done, begin),
    { 0 }
};

const km_service km_service_signin = { .name = "signin", .routes = routes };
