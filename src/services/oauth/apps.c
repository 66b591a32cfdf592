/* SPDX-License-Identifier: Apache-2.0
 *
 * apps: what a person let apps do, and the end of it.
 */
#include "base/date.h"
#include "services/oauth/oauth.h"

enum { MOST = 100 };

static const km_words title = { "許可したアプリ", "Apps you allowed" };
static const km_words none = { "許可したアプリはありません。", "You allowed no app." };
static const km_words end = { "取り消す", "End it" };
static const km_words since = { "許可した日:", "Allowed on:" };
static const km_words until = { "期限:", "Until:" };
static const km_words about = { "取り消すと、そのアプリは直ちに記録を見られなくなります。",
                                "Once you end it, the app sees no record any more, at once." };

static void put_day(km_html *p, const km_words *what, km_ms at)
{
    int year, month, day;
    char text[32];
    km_day_to_civil(km_day_in_japan(at), &year, &month, &day);
    snprintf(text, sizeof text, " %04d-%02d-%02d ", year, month, day);
    km_oauth__say(p, what);
    km_oauth__put(p, text);
}

static void put_grant(km_html *p, const km_allowed *a, km_str name)
{
    km_oauth__put(p, "<section><h2>");
    km_oauth__text(p, name);
    km_oauth__put(p, "</h2><p><code>");
    km_oauth__text(p, a->scope);
    km_oauth__put(p, "</code></p><p>");
    put_day(p, &since, a->given_at);
    put_day(p, &until, a->until);
    km_oauth__put(p,
                  "</p><form method=\"post\" action=\"/oauth/apps\"><button name=\"end\" value=\"");
    km_oauth__text(p, a->sid);
    km_oauth__put(p, "\">");
    km_oauth__say(p, &end);
    km_oauth__put(p, "</button></form></section>");
}

static km_code show(km_request *r, km_reply *out, const km_who *who)
{
    km_allowed *a = KM_NEW_ARRAY(r->call.arena, MOST, km_allowed);
    km_whos *w = km_request_node(r)->whos;
    size_t n;
    bool english = km_str_is(km_request_query(r, "lang"), "en");
    km_html p = km_oauth__html(r, &title, english);
    KM_TRY(km_allowed_list(a, &n, MOST, w, who->issuer, who->subject, &r->call));
    km_oauth__put(&p, "<p><a href=\"/oauth/apps");
    km_oauth__put(&p, english ? "\">日本語</a></p>" : "?lang=en\">English</a></p>");
    km_oauth__put(&p, "<h1>");
    km_oauth__say(&p, &title);
    km_oauth__put(&p, "</h1><p>");
    km_oauth__say(&p, n > 0 ? &about : &none);
    km_oauth__put(&p, "</p>");
    for (size_t i = 0; i < n; i++) {
        km_registered c;
        km_code rc = km_registered_find(&c, w, a[i].client, &r->call);
        if (rc == KM_NOT_FOUND)
            km_fault_clear(r->call.fault);
        else
            KM_TRY(rc);
        put_grant(&p, &a[i], rc == KM_OK ? c.name : a[i].client);
    }
    km_oauth__finish(out, &p);
    return KM_OK;
}

km_code km_oauth__apps(km_request *r, km_reply *out)
{
    km_who *who;
    km_code rc = km_oauth__session(&who, r);
    if (rc == KM_UNAUTHENTICATED) {
        out->status = 303;
        km_reply_header(out, "Location", KM_STR(KM_SIGN_IN_PAGE "?then=%2Foauth%2Fapps"));
        return KM_OK;
    }
    KM_TRY(rc);
    return show(r, out, who);
}

km_code km_oauth__apps_end(km_request *r, km_reply *out)
{
    km_who *who;
    km_params p;
    KM_TRY(km_request_form(&p.field, &p.n, r));
    km_code rc = km_oauth__session(&who, r);
    if (rc == KM_UNAUTHENTICATED)
        return km_fail(r->call.fault, KM_UNAUTHENTICATED, NULL, "sign in first");
    KM_TRY(rc);
    km_allowed *a = KM_NEW_ARRAY(r->call.arena, MOST, km_allowed);
    km_whos *w = km_request_node(r)->whos;
    size_t n;
    KM_TRY(km_allowed_list(a, &n, MOST, w, who->issuer, who->subject, &r->call));
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(a[i].sid, km_given(&p, "end"))) { /* one's own alone */
            KM_TRY(km_allowed_end(w, a[i].sid, &r->call));
            KM_TRY(km_oauth__trace(r, who, a[i].client, "ended by the person"));
            out->status = 303;
            km_reply_header(out, "Location", KM_STR("/oauth/apps"));
            return KM_OK;
        }
    return km_fail(r->call.fault, KM_NOT_FOUND, "end", "no such grant");
}
