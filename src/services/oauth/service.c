/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes and verbs of the authorisation server.
 */
#include "services/oauth/oauth.h"

static const km_policy anybody = { .permission = "app.allow" };

static const km_http_route routes[] = {
    { "GET", "/.well-known/smart-configuration", km_oauth__smart, 0, &anybody, NULL, NULL },
    { "GET", "/fhir/.well-known/smart-configuration", km_oauth__smart, 0, &anybody, NULL, NULL },
    { "GET", "/.well-known/oauth-authorization-server", km_oauth__server, 0, &anybody, NULL, NULL },
    { "GET", "/.well-known/openid-configuration", km_oauth__server, 0, &anybody, NULL, NULL },
    { "GET", "/oauth/jwks", km_oauth__jwks, 0, &anybody, NULL, NULL },
    { "GET", "/oauth/authorize", km_oauth__authorize, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/authorize", km_oauth__answer, 0, &anybody, NULL, NULL },
    { "GET", "/oauth/apps", km_oauth__apps, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/apps", km_oauth__apps_end, 0, &anybody, NULL, NULL },
    { "GET", "/oauth/style.css", km_oauth__style, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/token", km_oauth__token, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/introspect", km_oauth__introspect, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/revoke", km_oauth__revoke, 0, &anybody, NULL, NULL },
    { "POST", "/oauth/launch", km_oauth__launch, 0, &anybody, NULL, NULL },
    { 0 }
};

static const km_option client_options[] = {
    { "name", "TEXT", "add: for people to read", "add: 画面に出す名前" },
    { "redirect", "URI,...", "add: where answers may be sent, exactly",
      "add: 応答を送ってよい URI (完全一致)" },
    { "scope", "WORDS", "add: the most that it may be granted", "add: 与えてよい scope の上限" },
    { "jwks", "FILE", "add: its public keys (private_key_jwt); without: a public client",
      "add: 公開鍵 (JWK Set)。省けば公開クライアント" },
    { "certificate", "FILE", "add: its certificate, PEM (tls_client_auth)", "add: 証明書 (PEM)" },
    { "launch", "URL", "add: where a launch from our pages sends the browser",
      "add: 画面から起動するときの URL" },
    { "role", "ROLE", "add: in which role it acts by itself (backend services)",
      "add: 単独で動くときの役割 (バックエンド)" },
    { "purpose", "CODE", "add: for what, by itself (default: the role's)",
      "add: 単独で動くときの目的 (省略時は役割のもの)" },
    { "organisation", "Organization/ID", "add: for whom, by itself", "add: 単独で動くときの所属" },
    { "network", "Organization/ID", "add: of which network", "add: 地域ネットワーク" },
    { "country", "CC", "add: where who runs it is, as US (default: JP)",
      "add: 提供者のいる国。US など (省略時は JP)" },
    { 0 }
};

static const km_option token_options[] = {
    { "role", "ROLE", "clinician, citizen, ... (`kumihimo permissions`)",
      "clinician, citizen など (`kumihimo permissions`)" },
    { "person", "ID", "whose own records (citizen), whom they stand for (proxy)",
      "本人 (citizen)、代理される人 (proxy) の Patient の ID" },
    { "purpose", "CODE", "TREAT, PATRQT, HRESCH, ... (default: the role's)",
      "目的 TREAT, PATRQT, HRESCH など (省略時は役割のもの)" },
    { "organisation", "ID", "for whom they act (Organization)", "所属 (Organization の ID)" },
    { "network", "ID", "of which network (Organization)", "地域ネットワーク (Organization の ID)" },
    { "practitioner", "ID", "under which name in consents (Practitioner)",
      "同意の中での名 (Practitioner の ID)" },
    { "scope", "WORDS", "an app's token with these scopes (default: no app)",
      "アプリのトークンとして与える scope (省略時はアプリなし)" },
    { "patient", "ID", "with --scope: whom patient/ scopes cover",
      "--scope とともに: patient/ の対象" },
    { "country", "CC", "with --scope: where who runs the app is (default: JP)",
      "--scope とともに: アプリの提供者のいる国 (省略時は JP)" },
    { 0 }
};

static const km_command commands[] = {
    { "client", "add ID | list | remove ID", "which apps and machines may ask for tokens",
      "トークンを求めてよいアプリと機械",
      "  kumihimo client add --data DIR growth-chart --name 'Growth chart' \\\n"
      "    --redirect https://app.example/cb --scope 'launch/patient patient/*.rs openid'\n"
      "  kumihimo client add --data DIR lab --name 'Laboratory' --jwks lab.json \\\n"
      "    --scope 'system/Observation.cruds' --role clinician --organisation Organization/3\n"
      "  kumihimo client list --data DIR",
      client_options, 0, km_oauth__client },
    { "token", NULL, "a token for trying out, of a demonstration alone (serve --demo)",
      "試用のためのトークン (実演用データでのみ。serve --demo)",
      "  kumihimo token --data demo/node --role clinician\n"
      "  kumihimo token --data demo/node --role citizen --person 17",
      token_options, KM_NO_NODE, km_oauth__demo_token },
    { 0 }
};

const km_service km_service_oauth = { .name = "oauth", .routes = routes, .commands = commands };
