/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of the timeline.
 */
#include "services/sharing/sharing.h"

const km_policy km_sharing__policy = { .permission = "timeline.read" };
static const km_policy everyone = { .permission = "session.read" },
                       deciding = { .permission = "consent.decide" };

static km_code session(km_request *r, km_reply *out)
{
    km_buf json = km_buf_in(r->call.arena);
    km_buf_print(&json, "{\"open\":%s,\"user\":null}",
                 km_trust_is_open(km_request_node(r)->trust) ? "true" : "false");
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}

static const km_http_route routes[] = {
    { "GET", "/api/sharing/session", session, 0, &everyone, NULL, NULL },
    { "GET", "/api/sharing/persons", km_sharing__persons, 0, &km_sharing__policy, NULL, NULL },
    { "GET", "/api/sharing/persons/{person}", km_sharing__person, 0, &km_sharing__policy, NULL,
      NULL },
    { "GET", "/api/sharing/persons/{person}/events", km_sharing__events, 0, &km_sharing__policy,
      NULL, NULL },
    { "GET", "/api/sharing/persons/{person}/events/{event*}", km_sharing__detail, 0,
      &km_sharing__policy, NULL, NULL },
    { "GET", "/api/sharing/persons/{person}/trend", km_sharing__trend, 0, &km_sharing__policy, NULL,
      NULL },
    { "POST", "/consent/decide", km_sharing__decide, 0, &deciding, NULL, NULL },
    { 0 }
};

const km_service km_service_sharing = { .name = "sharing", .routes = routes };
