/* SPDX-License-Identifier: Apache-2.0
 *
 * page: what a person is asked before an app may act for them. Plain HTML without scripts: it is
 * read and answered by keyboard, on a phone, and by a reader of screens.
 */
#include "services/oauth/oauth.h"

static const km_words title = { "アプリに許可しますか", "Allow this app?" };
static const km_words asks = { "が、次のことを求めています。", " asks for the following." };
static const km_words as = { "あなた:", "You are:" };
static const km_words leads = { "許可すると、ここへ戻ります:", "If you allow it, you return to:" };
static const km_words whose = { "対象の患者 (Patient の ID)", "Whose records (id of the Patient)" };
static const km_words yours = { "対象:", "Whose records:" };
static const km_words allow = { "許可する", "Allow" };
static const km_words deny = { "許可しない", "Do not allow" };
static const km_words stop = {
    "許可は、アプリの側からも、このノードの管理者によっても、いつでも取り消せます。",
    "The app can give it back at any time, and this node's administrator can end it."
};
static const km_words abroad = {
    "このアプリの提供者は外国にいます。読んだ個人情報は、外国にある第三者に提供されることになります"
    "。"
    "このアプリと外国への提供を名指しした本人の同意 (Consent) がある記録だけが渡されます。国:",
    "This app is run from abroad: what it reads is given to a third party in another country. It "
    "gets "
    "those records alone for which a Consent of the person names this app and the provision "
    "abroad. "
    "Country:"
};
static const km_words failed = { "アプリからの求めに応じられません",
                                 "The app's request cannot be served" };
static const km_words onward = { "続ける", "Continue" };

static const km_words of[] = { { "対象の患者の", "the patient's" },
                               { "あなたが見られる", "what you may see of" },
                               { "", "" } };
static const struct {
    unsigned may;
    km_words words;
} acts[] = { { KM_SCOPE_READ, { "読む", "read" } },
             { KM_SCOPE_SEARCH, { "探す", "search" } },
             { KM_SCOPE_CREATE, { "書き加える", "add" } },
             { KM_SCOPE_UPDATE, { "書き換える", "change" } },
             { KM_SCOPE_DELETE, { "消す", "delete" } } };

static const char style[] =
    "*{box-sizing:border-box}body{margin:0;font:1rem/1.6 system-ui,sans-serif;color:#1b1f24;"
    "background:#f4f5f7}main{max-width:36rem;margin:0 auto;padding:1rem}"
    "section{background:#fff;border:1px solid #c9ced6;border-radius:.5rem;padding:1rem}"
    "h1{font-size:1.25rem;margin:.25rem 0 1rem}li{margin:.25rem 0}"
    "code{overflow-wrap:anywhere}input[type=text]{width:100%;font:inherit;padding:.5rem;"
    "border:1px solid #6b7480;border-radius:.25rem}"
    "button{font:inherit;padding:.6rem 1.2rem;border-radius:.25rem;border:1px solid #1b4f8f;"
    "background:#fff;color:#1b4f8f;margin:.25rem .5rem .25rem 0;cursor:pointer}"
    "button.yes{background:#1b4f8f;color:#fff}:focus-visible{outline:3px solid #d97706;"
    "outline-offset:2px}.lang{float:right;padding:.2rem .6rem;font-size:.875rem}"
    ".demo{background:#fff3cd;border:2px solid #b45309;padding:.5rem 1rem;margin:0 0 1rem}";

km_code km_oauth__style(km_request *r, km_reply *out)
{
    (void)r;
    out->type = "text/css; charset=utf-8";
    out->body = (km_str){ style, sizeof style - 1 };
    km_reply_header(out, "Cache-Control", KM_STR("public, max-age=3600"));
    return KM_OK;
}

void km_oauth__put(km_html *p, const char *html)
{
    km_buf_z(&p->out, html);
}

void km_oauth__text(km_html *p, km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        switch (s.p[i]) {
        case '&':
            km_oauth__put(p, "&amp;");
            break;
        case '<':
            km_oauth__put(p, "&lt;");
            break;
        case '>':
            km_oauth__put(p, "&gt;");
            break;
        case '"':
            km_oauth__put(p, "&quot;");
            break;
        case '\'':
            km_oauth__put(p, "&#39;");
            break;
        default:
            km_buf_char(&p->out, s.p[i]);
        }
}

void km_oauth__say(km_html *p, const km_words *w)
{
    km_oauth__text(p, km_str_of(p->english ? w->en : w->ja));
}

km_html km_oauth__html(km_request *r, const km_words *head, bool english)
{
    km_html p = { km_buf_in(r->call.arena), english };
    km_oauth__put(&p, english ? "<!doctype html><html lang=\"en\">"
                              : "<!doctype html><html lang=\"ja\">");
    km_oauth__put(
        &p, "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            "<link rel=\"stylesheet\" href=\"/oauth/style.css\"><title>");
    km_oauth__say(&p, head);
    km_oauth__put(&p, " — Kumihimo</title></head><body><main>");
    if (km_whos_demo(km_request_node(r)->whos))
        km_oauth__put(
            &p, "<p class=\"demo\"><strong>実演用です。実在の人の記録ではありません。</strong> "
                "<span lang=\"en\">A demonstration; no real person's records.</span></p>");
    return p;
}

void km_oauth__finish(km_reply *out, km_html *p)
{
    km_oauth__put(p, "</main></body></html>");
    out->type = "text/html; charset=utf-8";
    out->body = km_buf_str(&p->out);
}

/* --- what is asked for --- */

static void list_item(km_html *p, const km_scope *s)
{
    km_str type = km_fhir_type_name(s->type);
    bool first = true;
    km_oauth__put(p, "<li>");
    km_oauth__say(p, &of[s->of]);
    km_oauth__put(p, " ");
    if (s->type == 0)
        km_oauth__say(p, &(km_words){ "すべての記録", "all records" });
    else {
        km_oauth__put(p, "<code>");
        km_oauth__text(p, type);
        km_oauth__put(p, "</code>");
    }
    if (s->limit.n > 0) {
        km_oauth__put(p, " (<code>");
        km_oauth__text(p, s->limit);
        km_oauth__put(p, "</code>)");
    }
    km_oauth__put(p, ": ");
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (s->may & acts[i].may) {
            km_oauth__put(p, first ? "" : p->english ? ", " : "・");
            km_oauth__say(p, &acts[i].words);
            first = false;
        }
    km_oauth__put(p, "</li>");
}

static void list_scopes(km_html *p, const km_scopes *s)
{
    static const km_words who = { "あなたが誰かを知る", "know who you are" };
    static const km_words later = { "あなたがいない間も続ける (90 日まで)",
                                    "go on while you are away (up to 90 days)" };
    static const km_words now = { "あなたが使う間続ける (12 時間まで)",
                                  "go on while you use it (up to 12 hours)" };
    km_oauth__put(p, "<ul>");
    for (size_t i = 0; i < s->n; i++)
        list_item(p, &s->scope[i]);
    const struct {
        bool on;
        const km_words *words;
    } more[] = { { s->openid, &who }, { s->offline, &later }, { s->online && !s->offline, &now } };
    for (size_t i = 0; i < 3; i++)
        if (more[i].on) {
            km_oauth__put(p, "<li>");
            km_oauth__say(p, more[i].words);
            km_oauth__put(p, "</li>");
        }
    km_oauth__put(p, "</ul>");
}

static void ask_patient(km_html *p, const km_wish *w, const km_who *who)
{
    if (!w->pick) {
        if (w->patient.n == 0)
            return;
        km_oauth__put(p, "<p>");
        km_oauth__say(p, &yours);
        km_oauth__put(p, " <code>");
        km_oauth__text(p, w->patient);
        km_oauth__put(p, "</code></p>");
        return;
    }
    if (who->wards == 0) {
        km_oauth__put(p, "<p><label>");
        km_oauth__say(p, &whose);
        km_oauth__put(p, "<br><input type=\"text\" name=\"patient\" required autocomplete=\"off\" "
                         "pattern=\"(Patient/)?[A-Za-z0-9.\\-]{1,64}\"></label></p>");
        return;
    }
    km_oauth__put(p, "<fieldset><legend>");
    km_oauth__say(p, &whose);
    km_oauth__put(p, "</legend>");
    for (size_t i = 0; i < who->wards; i++) {
        km_oauth__put(p, "<label><input type=\"radio\" name=\"patient\" required value=\"");
        km_oauth__text(p, who->ward[i]);
        km_oauth__put(p, "\"> ");
        km_oauth__text(p, who->ward[i]);
        km_oauth__put(p, "</label><br>");
    }
    km_oauth__put(p, "</fieldset>");
}

static void button(km_html *p, const char *value, const char *class, const km_words *w)
{
    km_oauth__put(p, "<button name=\"answer\" value=\"");
    km_oauth__put(p, value);
    km_oauth__put(p, "\" class=\"");
    km_oauth__put(p, class);
    km_oauth__put(p, strcmp(value, "allow") == 0 ? "\">" : "\" formnovalidate>");
    km_oauth__say(p, w);
    km_oauth__put(p, "</button>");
}

/* A form that leads to the app's place: browsers ask the page's policy about redirects too. */
static void open_policy(km_reply *out, km_request *r, km_str redirect)
{
    km_str rest, scheme = km_str_cut(redirect, ':', &rest), origin = km_str_sub(redirect, 0, 0);
    if (km_str_starts(rest, KM_STR("//"))) {
        km_str host = km_str_sub(rest, 2, rest.n);
        host.n = km_str_find(host, '/');
        host.n = km_str_find(host, '?');
        origin = km_arena_print(r->call.arena, "%.*s://%.*s", KM_STR_ARG(scheme), KM_STR_ARG(host));
    } else {
        origin = km_arena_print(r->call.arena, "%.*s:", KM_STR_ARG(scheme));
    }
    km_reply_header(out, "Content-Security-Policy",
                    km_arena_print(r->call.arena,
                                   "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
                                   "object-src 'none'; form-action 'self' %.*s",
                                   KM_STR_ARG(origin)));
}

/* Act 57 of 2003, art. 28: told before anything is given. */
static void tell_country(km_html *p, const km_wish *w)
{
    if (!km_registered_is_abroad(&w->client))
        return;
    km_oauth__put(p, "<p class=\"demo\">");
    km_oauth__say(p, &abroad);
    km_oauth__put(p, " <strong>");
    km_oauth__text(p, w->client.country);
    km_oauth__put(p, "</strong></p>");
}

static void introduce(km_html *p, const km_wish *w, const km_who *who, const km_roles *roles)
{
    const km_role *role;
    km_roles_all(&role, roles);
    km_oauth__put(p, "<p><strong>");
    km_oauth__text(p, w->client.name);
    km_oauth__put(p, "</strong> (<code>");
    km_oauth__text(p, w->client.id);
    km_oauth__put(p, "</code>)");
    km_oauth__say(p, &asks);
    km_oauth__put(p, "</p>");
    list_scopes(p, &w->scopes);
    tell_country(p, w);
    km_oauth__put(p, "<p>");
    km_oauth__say(p, &as);
    km_oauth__put(p, " <strong>");
    km_oauth__text(p, who->name);
    km_oauth__put(p, "</strong> (");
    km_oauth__text(p, p->english ? role[who->role].en : role[who->role].ja);
    km_oauth__put(p, ")<br>");
    km_oauth__say(p, &leads);
    km_oauth__put(p, " <code>");
    km_oauth__text(p, w->redirect);
    km_oauth__put(p, "</code></p>");
}

void km_oauth__ask(km_reply *out, km_request *r, const km_wish *w, const km_who *who, km_str ticket,
                   bool english)
{
    km_html p = km_oauth__html(r, &title, english);
    km_oauth__put(&p, "<form method=\"post\" action=\"/oauth/authorize\"><section>");
    km_oauth__put(&p, "<input type=\"hidden\" name=\"ticket\" value=\"");
    km_oauth__text(&p, ticket);
    km_oauth__put(&p, "\">");
    /* Enter in the field presses the first button: it must not be the one for the language. */
    km_oauth__put(&p, "<h1>");
    km_oauth__say(&p, &title);
    km_oauth__put(&p, "</h1>");
    introduce(&p, w, who, km_trust_roles(km_request_node(r)->trust));
    ask_patient(&p, w, who);
    km_oauth__put(&p, "<p>");
    button(&p, "allow", "yes", &allow);
    button(&p, "deny", "no", &deny);
    button(&p, english ? "ja" : "en", "lang",
           english ? &(km_words){ NULL, "日本語" } : &(km_words){ "English", NULL });
    km_oauth__put(&p, "</p><p><small>");
    km_oauth__say(&p, &stop);
    km_oauth__put(&p, "</small></p></section></form>");
    open_policy(out, r, w->redirect);
    km_oauth__finish(out, &p);
}

void km_oauth__refuse(km_reply *out, km_request *r, const char *error, const char *ja,
                      const char *en)
{
    km_html p = km_oauth__html(r, &failed, false);
    km_oauth__put(&p, "<section><h1>");
    km_oauth__say(&p, &failed);
    km_oauth__put(&p, "</h1><p>");
    km_oauth__text(&p, km_str_of(ja));
    km_oauth__put(&p, "</p><p lang=\"en\">");
    km_oauth__text(&p, km_str_of(en));
    km_oauth__put(&p, " <code>");
    km_oauth__put(&p, error);
    km_oauth__put(&p, "</code></p></section>");
    km_oauth__finish(out, &p);
    out->status = 400;
}

void km_oauth__again(km_reply *out, km_request *r)
{
    km_html p = km_oauth__html(r, &onward, false);
    km_str here = km_arena_print(r->call.arena, "/oauth/authorize?%.*s", KM_STR_ARG(r->query_raw));
    km_oauth__put(&p, "<meta http-equiv=\"refresh\" content=\"0;url=");
    km_oauth__text(&p, here);
    km_oauth__put(&p, "\"><section><p><a href=\"");
    km_oauth__text(&p, here);
    km_oauth__put(&p, "\">");
    km_oauth__say(&p, &onward);
    km_oauth__put(&p, " / <span lang=\"en\">Continue</span></a></p></section>");
    km_oauth__finish(out, &p);
}
