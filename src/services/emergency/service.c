/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of breaking the glass, of notices and of reviews.
 */
#include "services/emergency/emergency.h"

static const km_policy find = { "emergency.find", KM_AUDIT_SEARCH },
                       grant = { "emergency.grant", KM_AUDIT_BREAK_GLASS },
                       review = { "emergency.review", KM_AUDIT_CASE },
                       sites = { "emergency.sites", KM_AUDIT_CASE };

static const km_http_route routes[] = {
    { "POST", "/emergency/find", km_emergency__find, 0, &find, NULL, NULL },
    { "GET", "/emergency/reasons", km_emergency__reasons, 0, &grant, NULL, NULL },
    { "POST", "/emergency/grants", km_emergency__make, 0, &grant, NULL, NULL },
    { "GET", "/emergency/grants", km_emergency__mine, 0, &grant, NULL, NULL },
    { "POST", "/emergency/grants/{grant}/extend", km_emergency__extend, 0, &grant, NULL, NULL },
    { "GET", "/emergency/persons/{person}", km_emergency__view, 0, &km_emergency__view_policy, NULL,
      NULL },
    { "GET", "/api/notices", km_emergency__notices, 0, &km_emergency__notices_policy, NULL, NULL },
    { "POST", "/api/notices/{notice}/read", km_emergency__notice_read, 0,
      &km_emergency__notices_policy, NULL, NULL },
    { "GET", "/emergency/reviews", km_emergency__reviews, 0, &review, NULL, NULL },
    { "POST", "/emergency/reviews/{grant}", km_emergency__judge, 0, &review, NULL, NULL },
    { "GET", "/emergency/sites", km_emergency__sites, 0, &sites, NULL, NULL },
    { "POST", "/emergency/sites", km_emergency__site_put, 0, &sites, NULL, NULL },
    { "POST", "/emergency/sites/end", km_emergency__site_end, 0, &sites, NULL, NULL },
    { "POST", "/emergency/standings", km_emergency__standing_put, 0, &km_emergency__standing_policy,
      NULL, NULL },
    { "POST", "/emergency/standings/end", km_emergency__standing_end, 0,
      &km_emergency__standing_policy, NULL, NULL },
    { 0 }
};

static const km_fold_def *const folds[] = { &km_trust_grants_fold, NULL };

/* For alarms: reviews that nobody has made. */
static void metrics(km_node *n, km_buf *out)
{
    km_conn *c;
    km_fault f = { 0 };
    int64_t open, overdue;
    if (km_store_reader_if_free(&c, n->store, &f) != KM_OK || c == NULL)
        return;
    km_ms now = n->clock->now(n->clock->self);
    if (km_trust_review_figures(&open, &overdue, c, now, &f) == KM_OK)
        km_buf_print(out,
                     "# TYPE kumihimo_emergency_reviews_open gauge\n"
                     "kumihimo_emergency_reviews_open %lld\n"
                     "# TYPE kumihimo_emergency_reviews_overdue gauge\n"
                     "kumihimo_emergency_reviews_overdue %lld\n",
                     (long long)open, (long long)overdue);
    km_store_return(c);
}

const km_service km_service_emergency = {
    .name = "emergency", .routes = routes, .folds = folds, .metrics = metrics
};
