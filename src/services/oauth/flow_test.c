/* SPDX-License-Identifier: Apache-2.0
 *
 * The flows of the authorisation server over HTTP, on a whole node: apps with codes, machines with
 * keys, and everybody who tries otherwise.
 */
#include "http/wire_test.h"
#include "platform/node_test.h"

#include <openssl/evp.h>

#include "base/hash.h"
#include "codec/jose/jose.h"
#include "trust/who/accounts.h"
#include "services/oauth/oauth.h"
#include "trust/provision.h"

#define BACK "https://app.example/cb"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  /* RFC 7636 B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636 B */

static const km_service *const services[] = { &km_service_oauth, NULL };

typedef struct fixture {
    km_test_node t;
    km_own_call own;
    km_arena *a;
    int port;
    const char *base;
    km_str cookie;
    EVP_PKEY *key;
    km_str kid;
} fixture;

static void silent(void *app, km_str line)
{
    (void)app, (void)line;
}

static void serve(fixture *x)
{
    static const km_http_route *tables[2];
    tables[0] = km_service_oauth.routes;
    km_http_options o = { .listen = "127.0.0.1:0",
                          .routes = tables,
                          .limits = km_http_limits_default,
                          .app = x->t.node,
                          .admit = km_admit,
                          .refuse = km_refuse,
                          .log = silent,
                          .session_cookie = km_session_cookie(false),
                          .clock = x->t.node->clock,
                          .random = x->t.node->random };
    assert_int_equal(km_http_start(&x->t.node->http, &o, &x->t.fault), KM_OK);
    x->port = km_http_port(x->t.node->http);
    x->base = km_arena_print(x->a, "http://127.0.0.1:%d", x->port).p;
    km_whos_address(x->t.node->whos, km_str_of(x->base));
}

static void must(fixture *x, km_code rc)
{
    if (rc != KM_OK)
        fail_msg("%s at %s: %s", km_code_name(rc), x->own.fault.path, x->own.fault.detail);
}

static void sign_in(fixture *x, const char *role, const char *person)
{
    km_str handle;
    const km_roles *roles = km_whos_roles(x->t.node->whos);
    km_who who = { .issuer = KM_STR("https://login.example"),
                   .subject = km_arena_print(x->a, "s-%s", role),
                   .name = KM_STR("試験 <花子>"),
                   .role = km_roles_role(roles, km_str_of(role)),
                   .purpose = KM_TREAT,
                   .person = km_str_of(person) };
    must(x, km_session_begin(&x->cookie, &handle, x->t.node->whos, &who, &x->own.call));
}

static void register_app(fixture *x, const char *id, km_registered_kind kind, km_str proof,
                         const char *scopes, const char *role)
{
    static const km_str back[] = { KM_STR_INIT(BACK) };
    km_registered c = { .id = km_str_of(id),
                        .name = KM_STR("成長曲線 & <Co>"),
                        .kind = kind,
                        .proof = proof,
                        .redirect = back,
                        .redirects = 1,
                        .launch = KM_STR("https://app.example/launch"),
                        .scopes = km_str_of(scopes),
                        .role = -1 };
    if (role != NULL)
        c.role = km_roles_role(km_whos_roles(x->t.node->whos), km_str_of(role));
    must(x, km_registered_add(x->t.node->whos, &c, &x->own.call));
}

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    km_test_node_make(&x->t, services);
    x->t.config.open = false;
    x->a = x->t.arena;
    if (km_test_node_open(&x->t) != KM_OK)
        fail_msg("%s: %s", x->t.fault.path, x->t.fault.detail);
    km_own_call_open(&x->own, x->t.node, "test", KM_ARENA_CAP_DEFAULT);
    serve(x);
    register_app(x, "app", KM_REGISTERED_PUBLIC, KM_STR(""),
                 "openid profile fhirUser launch launch/patient offline_access patient/*.rs "
                 "user/Observation.rs",
                 NULL);
    sign_in(x, "citizen", "Patient/p1");
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    fixture *x = *state;
    km_http_stop(x->t.node->http);
    x->t.node->http = NULL;
    EVP_PKEY_free(x->key);
    km_own_call_close(&x->own);
    km_test_node_free(&x->t);
    free(x);
    return 0;
}

/* --- asking --- */

static answer get(fixture *x, const char *target, bool signed_in)
{
    km_str text = km_arena_print(x->a, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%.*s%s\r\n",
                                 target, x->port, signed_in ? "Cookie: kumihimo=" : "",
                                 KM_STR_ARG(signed_in ? x->cookie : KM_STR("")),
                                 signed_in ? "\r\n" : "");
    return wire_ask(x->port, x->a, text.p, text.n);
}

static answer post(fixture *x, const char *target, km_str form, bool signed_in)
{
    km_str headers = km_arena_print(
        x->a, "Content-Type: application/x-www-form-urlencoded\r\n%s%.*s%s",
        signed_in ? "Sec-Fetch-Site: same-origin\r\nCookie: kumihimo=" : "",
        KM_STR_ARG(signed_in ? x->cookie : KM_STR("")), signed_in ? "\r\n" : "");
    return wire_post(x->port, x->a, target, km_arena_z(x->a, headers), form);
}

static const char *encoded(fixture *x, const char *text)
{
    km_buf b = km_buf_in(x->a);
    km_url_encode(&b, km_str_of(text));
    return km_arena_z(x->a, km_buf_str(&b));
}

static const char *question(fixture *x, const char *scope, const char *more)
{
    return km_arena_print(x->a,
                          "/oauth/authorize?response_type=code&client_id=app&redirect_uri=%s&"
                          "state=st&aud=%s%%2Ffhir&scope=%s&code_challenge=" CHALLENGE
                          "&code_challenge_method=S256%s",
                          encoded(x, BACK), encoded(x, x->base), encoded(x, scope), more)
        .p;
}

static bool says(km_str text, const char *word)
{
    return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static km_str between(km_str text, const char *from, char until)
{
    const char *at = memmem(text.p, text.n, from, strlen(from));
    assert_non_null(at);
    at += strlen(from);
    km_str rest = { at, text.n - (size_t)(at - text.p) };
    return km_str_sub(rest, 0, km_str_find(rest, until));
}

static km_str location(const answer *a)
{
    return wire_header(a, "Location");
}

static km_str answer_page(fixture *x, const answer *page, const char *more)
{
    assert_int_equal(page->status, 200);
    km_str form = km_arena_print(x->a, "ticket=%.*s%s",
                                 KM_STR_ARG(between(page->body, "name=\"ticket\" value=\"", '"')),
                                 more);
    answer a = post(x, "/oauth/authorize", form, true);
    assert_int_equal(a.status, 303);
    return location(&a);
}

static km_str code_for(fixture *x, const char *scope, const char *more)
{
    answer page = get(x, question(x, scope, more), true);
    km_str to = answer_page(x, &page, "&answer=allow");
    assert_true(km_str_starts(to, KM_STR(BACK "?code=")));
    assert_true(says(to, "&state=st"));
    assert_true(says(to, km_arena_print(x->a, "&iss=%s", encoded(x, x->base)).p));
    return between(to, "code=", '&');
}

static answer redeem(fixture *x, km_str code, const char *client, const char *verifier)
{
    return post(x, "/oauth/token",
                km_arena_print(x->a,
                               "grant_type=authorization_code&client_id=%s&code=%.*s&"
                               "code_verifier=%s&redirect_uri=%s",
                               client, KM_STR_ARG(code), verifier, encoded(x, BACK)),
                false);
}

static km_jv json_of(fixture *x, const answer *a)
{
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, x->a, a->body, NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static void must_fail(fixture *x, answer a, int status, const char *error)
{
    if (a.status != status)
        fail_msg("%d: %.*s", a.status, KM_STR_ARG(a.body));
    km_jv o = json_of(x, &a);
    assert_string_equal(km_arena_z(x->a, km_jv_text(o, "error")), error);
    assert_true(km_jv_text(o, "error_description").n > 0);
}

static km_code prove(km_who **who, fixture *x, km_str token)
{
    km_credentials c = { .authorization = km_arena_print(x->a, "Bearer %.*s", KM_STR_ARG(token)) };
    km_fault_clear(&x->own.fault);
    return km_who_prove(who, x->t.node->whos, &c, &x->own.call);
}

/* --- an app --- */

static void an_app_gets_what_was_asked_and_registered_and_allowed(void **state)
{
    fixture *x = *state;
    km_who *who;
    km_str code = code_for(
        x, "launch/patient patient/Observation.cruds system/*.rs openid fhirUser", "&nonce=n-1");
    answer a = redeem(x, code, "app", VERIFIER);
    assert_int_equal(a.status, 200);
    assert_true(km_str_is(wire_header(&a, "Cache-Control"), "no-store"));
    km_jv o = json_of(x, &a);
    assert_string_equal(km_arena_z(x->a, km_jv_text(o, "scope")),
                        "openid fhirUser launch/patient patient/Observation.rs");
    assert_string_equal(km_arena_z(x->a, km_jv_text(o, "patient")), "p1");
    assert_true(km_jv_text(o, "refresh_token").n == 0);
    must(x, prove(&who, x, km_jv_text(o, "access_token")));
    assert_true(km_str_is(who->client, "app"));
    assert_true(km_str_is(who->patient, "Patient/p1"));
    assert_true(km_str_is(who->person, "Patient/p1"));
    assert_true(who->scoped);
    assert_int_equal(who->scopes, 1);
    /* The ID token is signed by a published key and is no access token. */
    km_jwks *set;
    km_jws jws;
    answer keys = get(x, "/oauth/jwks", false);
    assert_int_equal(km_jwks_new(&set, keys.body, NULL), KM_OK);
    assert_int_equal(km_jws_verify(&jws, x->a, set, km_jv_text(o, "id_token"), NULL), KM_OK);
    km_jwks_free(set);
    assert_true(says(jws.payload, "\"nonce\":\"n-1\""));
    assert_true(says(jws.payload, "/fhir/Patient/p1\""));
    assert_false(says(jws.payload, "s-citizen"));
    assert_int_equal(prove(&who, x, km_jv_text(o, "id_token")), KM_UNAUTHENTICATED);
}

static void a_code_is_good_once_for_its_client_and_verifier(void **state)
{
    fixture *x = *state;
    km_who *who;
    km_str code = code_for(x, "patient/*.rs offline_access", "");
    answer a = redeem(x, code, "app", VERIFIER);
    assert_int_equal(a.status, 200);
    km_jv o = json_of(x, &a);
    must(x, prove(&who, x, km_jv_text(o, "access_token")));
    must_fail(x, redeem(x, code, "app", VERIFIER), 400, "invalid_grant");
    /* Who comes again with a code ends what it had brought. */
    assert_int_equal(prove(&who, x, km_jv_text(o, "access_token")), KM_UNAUTHENTICATED);
    must_fail(x,
              post(x, "/oauth/token",
                   km_arena_print(x->a, "grant_type=refresh_token&client_id=app&refresh_token=%.*s",
                                  KM_STR_ARG(km_jv_text(o, "refresh_token"))),
                   false),
              400, "invalid_grant");
    register_app(x, "other", KM_REGISTERED_PUBLIC, KM_STR(""), "patient/*.rs", NULL);
    must_fail(x, redeem(x, code_for(x, "patient/*.rs", ""), "other", VERIFIER), 400,
              "invalid_grant");
    code = code_for(x, "patient/*.rs", "");
    must_fail(x, redeem(x, code, "app", "xBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), 400,
              "invalid_grant");
    must_fail(x, redeem(x, code, "app", VERIFIER), 400, "invalid_grant");
    must_fail(x, redeem(x, KM_STR("nonsense"), "app", VERIFIER), 400, "invalid_grant");
    must_fail(x, redeem(x, code_for(x, "patient/*.rs", ""), "nobody", VERIFIER), 401,
              "invalid_client");
}

static answer turn(fixture *x, km_str token, const char *more)
{
    return post(x, "/oauth/token",
                km_arena_print(x->a, "grant_type=refresh_token&client_id=app&refresh_token=%.*s%s",
                               KM_STR_ARG(token), more),
                false);
}

static void add_account(fixture *x)
{
    int64_t number;
    km_account a = { .issuer = KM_STR("https://login.example"),
                     .subject = KM_STR("s-citizen"),
                     .role = km_roles_role(km_whos_roles(x->t.node->whos), KM_STR("citizen")),
                     .name = KM_STR("試験 花子"),
                     .person = KM_STR("Patient/p1") };
    must(x,
         km_account_add(&number, x->t.node->log, &a, km_whos_roles(x->t.node->whos), &x->own.call));
}

static void a_refresh_token_turns_and_one_that_comes_again_ends_all(void **state)
{
    fixture *x = *state;
    km_who *who;
    add_account(x);
    answer a = redeem(x, code_for(x, "patient/*.rs offline_access", ""), "app", VERIFIER);
    km_str first = km_jv_text(json_of(x, &a), "refresh_token");
    answer b = turn(x, first, "&scope=patient/Observation.rs+patient/Condition.cruds");
    assert_int_equal(b.status, 200);
    km_jv o = json_of(x, &b);
    assert_string_equal(km_arena_z(x->a, km_jv_text(o, "scope")),
                        "patient/Observation.rs patient/Condition.rs");
    km_str second = km_jv_text(o, "refresh_token"), access = km_jv_text(o, "access_token");
    must(x, prove(&who, x, access));
    must_fail(x, turn(x, first, ""), 400, "invalid_grant");
    must_fail(x, turn(x, second, ""), 400, "invalid_grant");
    assert_int_equal(prove(&who, x, access), KM_UNAUTHENTICATED);
}

static void a_grant_ends_with_its_account_and_with_its_client(void **state)
{
    fixture *x = *state;
    add_account(x);
    answer a = redeem(x, code_for(x, "patient/*.rs offline_access", ""), "app", VERIFIER);
    km_str token = km_jv_text(json_of(x, &a), "refresh_token");
    must(x, km_account_remove(x->t.node->log, KM_STR("https://login.example"), KM_STR("s-citizen"),
                              &x->own.call));
    must_fail(x, turn(x, token, ""), 400, "invalid_grant");
    add_account(x);
    a = redeem(x, code_for(x, "patient/*.rs offline_access", ""), "app", VERIFIER);
    km_who *who;
    km_str access = km_jv_text(json_of(x, &a), "access_token");
    must(x, prove(&who, x, access));
    must(x, km_registered_remove(x->t.node->whos, KM_STR("app"), &x->own.call));
    assert_int_equal(prove(&who, x, access), KM_UNAUTHENTICATED);
    must_fail(x, turn(x, km_jv_text(json_of(x, &a), "refresh_token"), ""), 401, "invalid_client");
}

/* --- what does not go back to anybody, and what does --- */

static void an_unregistered_place_is_never_sent_to(void **state)
{
    fixture *x = *state;
    static const char *const places[] = { BACK "/",
                                          BACK "?x=1",
                                          "https://app.example/CB",
                                          "https://evil.example/cb",
                                          "http://app.example/cb",
                                          "javascript:alert(1)",
                                          "" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        answer a = get(x,
                       km_arena_print(x->a,
                                      "/oauth/authorize?response_type=code&client_id=app&"
                                      "redirect_uri=%s&state=s",
                                      encoded(x, places[i]))
                           .p,
                       true);
        assert_int_equal(a.status, 400);
        assert_null(location(&a).p);
        assert_true(says(a.body, "<html lang=\"ja\">"));
    }
    answer a = get(x, "/oauth/authorize?client_id=nobody&redirect_uri=https://x.example/", true);
    assert_int_equal(a.status, 400);
    assert_null(location(&a).p);
}

static void must_send_back(fixture *x, const char *target, const char *error)
{
    answer a = get(x, target, true);
    assert_int_equal(a.status, 303);
    km_str to = location(&a);
    if (!km_str_starts(to, km_arena_print(x->a, BACK "?error=%s&", error)))
        fail_msg("%.*s", KM_STR_ARG(to));
}

static void an_app_is_told_what_is_wrong_with_its_question(void **state)
{
    fixture *x = *state;
    const char *place = encoded(x, BACK), *base = encoded(x, x->base);
    const char *head =
        km_arena_print(x->a, "/oauth/authorize?client_id=app&redirect_uri=%s", place).p;
#define ASK(error, ...) must_send_back(x, km_arena_print(x->a, __VA_ARGS__).p, error)
    ASK("invalid_request", "%s", head);
    ASK("unsupported_response_type", "%s&response_type=token&state=s", head);
    ASK("invalid_request", "%s&response_type=code&aud=%s%%2Ffhir", head, base);
    ASK("invalid_request", "%s&response_type=code&state=s&aud=%s%%2Ffhir", head, base);
    ASK("invalid_request",
        "%s&response_type=code&state=s&aud=%s%%2Ffhir&code_challenge=" CHALLENGE
        "&code_challenge_method=plain",
        head, base);
    ASK("invalid_request",
        "%s&response_type=code&state=s&aud=https://other.example/fhir&code_challenge=" CHALLENGE
        "&code_challenge_method=S256&scope=openid",
        head);
    must_send_back(x, question(x, "patient/Nothing.rs", ""), "invalid_scope");
    must_send_back(x, question(x, "user/Condition.rs", ""), "invalid_scope");
    must_send_back(x, question(x, "system/*.rs", ""), "invalid_scope");
    must_send_back(x, question(x, "openid", "&state=twice"), "invalid_request");
    must_send_back(x, question(x, "openid", "&prompt=none"), "consent_required");
    must_send_back(x, question(x, "openid launch", "&launch=nonsense"), "invalid_request");
}

static void who_is_not_signed_in_is_sent_to_sign_in_and_an_apps_link_asked_again(void **state)
{
    fixture *x = *state;
    const char *target = question(x, "openid", "");
    answer a = get(x, target, false);
    assert_int_equal(a.status, 303);
    assert_true(km_str_starts(location(&a), KM_STR("/sign-in?then=%2Foauth%2Fauthorize%3F")));
    km_str text = km_arena_print(
        x->a, "GET %s HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: cross-site\r\n\r\n", target);
    a = wire_ask(x->port, x->a, text.p, text.n);
    assert_int_equal(a.status, 200);
    assert_true(says(a.body, "http-equiv=\"refresh\""));
    assert_false(says(a.body, "<strong>試験"));
}

static void the_page_says_who_asks_for_what_and_escapes_it(void **state)
{
    fixture *x = *state;
    answer a = get(x, question(x, "openid patient/*.rs", ""), true);
    assert_int_equal(a.status, 200);
    assert_true(says(a.body, "成長曲線 &amp; &lt;Co&gt;"));
    assert_true(says(a.body, "試験 &lt;花子&gt;"));
    assert_true(says(a.body, "<html lang=\"ja\">"));
    assert_true(says(a.body, "すべての記録"));
    assert_true(
        says(wire_header(&a, "Content-Security-Policy"), "form-action 'self' https://app.example"));
    assert_false(says(a.body, "<script"));
    km_str ticket = between(a.body, "name=\"ticket\" value=\"", '"');
    answer english = post(x, "/oauth/authorize",
                          km_arena_print(x->a, "ticket=%.*s&answer=en", KM_STR_ARG(ticket)), true);
    assert_int_equal(english.status, 200);
    assert_true(says(english.body, "<html lang=\"en\">"));
    assert_true(says(english.body, "all records"));
    km_str to = answer_page(x, &english, "&answer=deny");
    assert_true(km_str_starts(to, KM_STR(BACK "?error=access_denied&")));
}

static void an_answer_counts_once_from_who_was_asked_and_from_our_page(void **state)
{
    fixture *x = *state;
    answer a = get(x, question(x, "patient/*.rs", ""), true);
    km_str ticket = between(a.body, "name=\"ticket\" value=\"", '"');
    km_str form = km_arena_print(x->a, "ticket=%.*s&answer=allow", KM_STR_ARG(ticket));
    /* From another site. */
    answer b = wire_post(x->port, x->a, "/oauth/authorize",
                         km_arena_print(x->a,
                                        "Content-Type: application/x-www-form-urlencoded\r\n"
                                        "Sec-Fetch-Site: cross-site\r\nCookie: kumihimo=%.*s\r\n",
                                        KM_STR_ARG(x->cookie))
                             .p,
                         form);
    assert_int_equal(b.status, 403);
    /* By somebody else. */
    km_str mine = x->cookie;
    sign_in(x, "citizen", "Patient/p2");
    b = post(x, "/oauth/authorize", form, true);
    assert_int_equal(b.status, 400);
    assert_null(location(&b).p);
    x->cookie = mine;
    /* By nobody. */
    b = post(x, "/oauth/authorize", form, false);
    assert_int_equal(b.status, 400);
    b = post(x, "/oauth/authorize", form, true);
    assert_true(km_str_starts(location(&b), KM_STR(BACK "?code=")));
    b = post(x, "/oauth/authorize", form, true);
    assert_true(km_str_starts(location(&b), KM_STR(BACK "?error=access_denied")));
}

static void a_clinician_says_whose_records_or_launches_from_them(void **state)
{
    fixture *x = *state;
    sign_in(x, "clinician", "");
    answer page = get(x, question(x, "launch/patient patient/*.rs", ""), true);
    assert_true(says(page.body, "name=\"patient\" required"));
    km_str to = answer_page(x, &page, "&answer=allow&patient=p+9");
    assert_true(says(to, "error=access_denied"));
    page = get(x, question(x, "launch/patient patient/*.rs", ""), true);
    to = answer_page(x, &page, "&answer=allow&patient=p9");
    answer a = redeem(x, between(to, "code=", '&'), "app", VERIFIER);
    assert_string_equal(km_arena_z(x->a, km_jv_text(json_of(x, &a), "patient")), "p9");
    /* From a page of ours. */
    km_str headers = km_arena_print(
        x->a,
        "Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\nCookie: "
        "kumihimo=%.*s\r\n",
        KM_STR_ARG(x->cookie));
    a = wire_post(x->port, x->a, "/oauth/launch", km_arena_z(x->a, headers),
                  KM_STR("{\"client\":\"app\",\"patient\":\"Patient/p7\"}"));
    assert_int_equal(a.status, 201);
    km_str handle = km_jv_text(json_of(x, &a), "launch");
    assert_true(km_str_starts(km_jv_text(json_of(x, &a), "location"),
                              KM_STR("https://app.example/launch?iss=http")));
    const char *more = km_arena_print(x->a, "&launch=%.*s", KM_STR_ARG(handle)).p;
    a = redeem(x, code_for(x, "launch patient/*.rs", more), "app", VERIFIER);
    assert_string_equal(km_arena_z(x->a, km_jv_text(json_of(x, &a), "patient")), "p7");
    must_send_back(x, question(x, "launch patient/*.rs", more), "invalid_request");
    a = wire_post(x->port, x->a, "/oauth/launch", "Content-Type: application/json\r\n",
                  KM_STR("{\"client\":\"app\",\"patient\":\"Patient/p7\"}"));
    assert_int_equal(a.status, 401);
}

/* --- a machine --- */

static km_code sign(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    (void)f;
    *n = KM_JWS_SIGNATURE_MAX;
    assert_int_equal(EVP_DigestSignInit_ex(md, NULL, NULL, NULL, NULL, self, NULL), 1);
    assert_int_equal(EVP_DigestSign(md, out, n, (const unsigned char *)bytes.p, bytes.n), 1);
    EVP_MD_CTX_free(md);
    return KM_OK;
}

static void register_machine(fixture *x)
{
    unsigned char pub[32];
    size_t n = sizeof pub;
    x->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(EVP_PKEY_get_raw_public_key(x->key, pub, &n), 1);
    x->kid = KM_STR("k1");
    register_app(x, "lab", KM_REGISTERED_KEYS,
                 km_arena_print(x->a,
                                "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\","
                                "\"x\":\"%.*s\"}]}",
                                KM_STR_ARG(km_base64url(x->a, pub, 32))),
                 "system/Observation.cruds system/Patient.rs", "clinician");
}

typedef struct claims {
    const char *iss, *sub, *aud, *jti, *type;
    int64_t life_s;
} claims;

static km_str assertion(fixture *x, claims c)
{
    km_str token;
    km_jws_signer s = { KM_JWS_EDDSA, x->kid, sign, x->key };
    const char *aud = km_arena_print(x->a, "%s/oauth/token", x->base).p;
    km_str payload = km_arena_print(
        x->a, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"jti\":\"%s\",\"exp\":%lld}",
        c.iss ? c.iss : "lab", c.sub ? c.sub : "lab", c.aud ? c.aud : aud, c.jti,
        (long long)(km_clock_real.now(NULL) / 1000 + c.life_s));
    assert_int_equal(
        km_jws_sign(&token, x->a, &s, km_str_of(c.type ? c.type : "JWT"), payload, NULL), KM_OK);
    return token;
}

static km_str machine_form(fixture *x, km_str jwt, const char *more)
{
    return km_arena_print(x->a,
                          "client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion"
                          "-type%%3Ajwt-bearer&client_assertion=%.*s%s",
                          KM_STR_ARG(jwt), more);
}

static answer ask_as_machine(fixture *x, km_str jwt, const char *scope)
{
    return post(
        x, "/oauth/token",
        machine_form(
            x, jwt,
            km_arena_print(x->a, "&grant_type=client_credentials&scope=%s", encoded(x, scope)).p),
        false);
}

static void a_machine_proves_itself_by_its_key(void **state)
{
    fixture *x = *state;
    km_who *who;
    register_machine(x);
    km_str jwt = assertion(x, (claims){ .jti = "1", .life_s = 300 });
    answer a = ask_as_machine(x, jwt, "system/*.rs user/*.rs openid");
    assert_int_equal(a.status, 200);
    km_jv o = json_of(x, &a);
    assert_string_equal(km_arena_z(x->a, km_jv_text(o, "scope")),
                        "system/Observation.rs system/Patient.rs");
    must(x, prove(&who, x, km_jv_text(o, "access_token")));
    assert_true(km_str_is(who->subject, "lab"));
    assert_true(km_jv_text(o, "refresh_token").n == 0);
    /* The same assertion again. */
    must_fail(x, ask_as_machine(x, jwt, "system/*.rs"), 401, "invalid_client");
}

static void a_machine_with_a_wrong_assertion_is_nobody(void **state)
{
    fixture *x = *state;
    register_machine(x);
    const claims wrong[] = {
        { .jti = "a", .life_s = 0 },
        { .jti = "b", .life_s = -3600 },
        { .jti = "c", .life_s = 400 * 86400 },
        { .jti = "d", .life_s = 330 },
        { .jti = "", .life_s = 60 },
        { .jti = "e", .life_s = 60, .iss = "app" },
        { .jti = "f", .life_s = 60, .sub = "app" },
        { .jti = "g", .life_s = 60, .aud = "https://other.example/oauth/token" },
        { .jti = "h", .life_s = 60, .type = "at+jwt" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        claims c = wrong[i];
        if (c.life_s == 0)
            c.life_s = -6; /* beyond the leeway */
        must_fail(x, ask_as_machine(x, assertion(x, c), "system/*.rs"), 401, "invalid_client");
    }
    EVP_PKEY *mine = x->key;
    x->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must_fail(x,
              ask_as_machine(x, assertion(x, (claims){ .jti = "i", .life_s = 60 }), "system/*.rs"),
              401, "invalid_client");
    EVP_PKEY_free(x->key);
    x->key = mine;
    must_fail(x, ask_as_machine(x, KM_STR("a.b.c"), "system/*.rs"), 401, "invalid_client");
    must_fail(x,
              post(x, "/oauth/token",
                   KM_STR("grant_type=client_credentials&client_id=lab&scope=system/*.rs"), false),
              401, "invalid_client");
    must_fail(x,
              ask_as_machine(x, assertion(x, (claims){ .jti = "j", .life_s = 60 }),
                             "system/Condition.rs"),
              400, "invalid_scope");
    must_fail(x,
              ask_as_machine(x, assertion(x, (claims){ .jti = "k", .life_s = 60 }), "system/X.rs"),
              400, "invalid_scope");
}

static void a_token_is_introspected_and_revoked(void **state)
{
    fixture *x = *state;
    km_who *who;
    register_machine(x);
    answer a = ask_as_machine(x, assertion(x, (claims){ .jti = "1", .life_s = 60 }), "system/*.rs");
    km_str access = km_jv_text(json_of(x, &a), "access_token");
    const char *token = km_arena_print(x->a, "&token=%.*s", KM_STR_ARG(access)).p;
    a = post(x, "/oauth/introspect",
             machine_form(x, assertion(x, (claims){ .jti = "2", .life_s = 60 }), token), false);
    assert_int_equal(a.status, 200);
    km_jv o = json_of(x, &a);
    assert_true(km_jv_is(KM_JV_GET(o, "active"), KM_JSON_TRUE));
    assert_true(km_str_is(km_jv_text(o, "client_id"), "lab"));
    must_fail(x,
              post(x, "/oauth/introspect", km_arena_print(x->a, "client_id=app%s", token), false),
              401, "invalid_client");
    /* Another client's revocation changes nothing, and says nothing. */
    a = post(x, "/oauth/revoke", km_arena_print(x->a, "client_id=app%s", token), false);
    assert_int_equal(a.status, 200);
    must(x, prove(&who, x, access));
    a = post(x, "/oauth/revoke",
             machine_form(x, assertion(x, (claims){ .jti = "3", .life_s = 60 }), token), false);
    assert_int_equal(a.status, 200);
    assert_int_equal(prove(&who, x, access), KM_UNAUTHENTICATED);
    a = post(x, "/oauth/introspect",
             machine_form(x, assertion(x, (claims){ .jti = "4", .life_s = 60 }), token), false);
    assert_true(says(a.body, "{\"active\":false}"));
    a = post(x, "/oauth/introspect",
             machine_form(x, assertion(x, (claims){ .jti = "5", .life_s = 60 }), "&token=nonsense"),
             false);
    assert_true(says(a.body, "{\"active\":false}"));
}

static void a_person_sees_and_ends_what_they_allowed(void **state)
{
    fixture *x = *state;
    km_who *who;
    answer a = redeem(x, code_for(x, "patient/*.rs", ""), "app", VERIFIER);
    km_str access = km_jv_text(json_of(x, &a), "access_token"), mine = x->cookie;
    must(x, prove(&who, x, access));
    a = get(x, "/oauth/apps", false);
    assert_int_equal(a.status, 303);
    a = get(x, "/oauth/apps", true);
    assert_int_equal(a.status, 200);
    assert_true(says(a.body, "成長曲線 &amp; &lt;Co&gt;"));
    km_str form = km_arena_print(x->a, "end=%.*s",
                                 KM_STR_ARG(between(a.body, "name=\"end\" value=\"", '"')));
    sign_in(x, "clinician", "");
    assert_int_equal(post(x, "/oauth/apps", form, true).status, 404);
    must(x, prove(&who, x, access));
    x->cookie = mine;
    assert_int_equal(post(x, "/oauth/apps", form, true).status, 303);
    assert_int_equal(prove(&who, x, access), KM_UNAUTHENTICATED);
    a = get(x, "/oauth/apps?lang=en", true);
    assert_true(says(a.body, "You allowed no app."));
}

/* Of an app: which, what it may, on what it rests. */
static void what_was_allowed_is_on_record_as_a_provision(void **state)
{
    fixture *x = *state;
    km_provision_seen seen[4];
    km_reader *r;
    size_t before, after;
    must(x, km_reader_open(&r, x->t.node->log, km_trust_job_access("export", x->a), &x->own.call));
    must(x, km_provisions_all(seen, &before, 4, r, 0));
    km_reader_close(r);
    (void)code_for(x, "patient/*.rs", "");
    must(x, km_reader_open(&r, x->t.node->log, km_trust_job_access("export", x->a), &x->own.call));
    must(x, km_provisions_all(seen, &after, 4, r, 0));
    km_reader_close(r);
    assert_int_equal(after, before + 1);
    assert_true(km_str_is(seen[0].p.channel, "app") && km_str_is(seen[0].p.party, "app"));
    assert_true(km_str_is(seen[0].p.basis, "consent")
                && km_str_is(seen[0].p.items, "patient/*.rs"));
    assert_true(km_str_starts(seen[0].p.consent, KM_STR("authorisation/")));
}

/* However the token is come by; the account, which a refresh reads anew, knows nothing of it. */
static void where_an_app_is_run_stands_in_its_tokens_and_on_the_page(void **state)
{
    fixture *x = *state;
    km_who *who;
    km_registered app;
    must(x, km_registered_find(&app, x->t.node->whos, KM_STR("app"), &x->own.call));
    must(x, km_registered_remove(x->t.node->whos, app.id, &x->own.call));
    app.country = KM_STR("US");
    must(x, km_registered_add(x->t.node->whos, &app, &x->own.call));
    add_account(x);
    answer a = get(x, question(x, "patient/*.rs", ""), true);
    assert_true(says(a.body, "外国") && says(a.body, "<strong>US</strong>"));
    a = redeem(x, code_for(x, "patient/*.rs offline_access", ""), "app", VERIFIER);
    must(x, prove(&who, x, km_jv_text(json_of(x, &a), "access_token")));
    assert_true(km_str_is(who->country, "US"));
    a = turn(x, km_jv_text(json_of(x, &a), "refresh_token"), "");
    must(x, prove(&who, x, km_jv_text(json_of(x, &a), "access_token")));
    assert_true(km_str_is(who->country, "US"));
}

static void a_form_that_is_none_is_told_so(void **state)
{
    fixture *x = *state;
    must_fail(x, post(x, "/oauth/token", KM_STR("client_id=app&client_id=app"), false), 400,
              "invalid_request");
    must_fail(x, post(x, "/oauth/token", KM_STR("client_id=app"), false), 400, "invalid_request");
    must_fail(x, post(x, "/oauth/token", KM_STR("client_id=app&grant_type=password"), false), 400,
              "unsupported_grant_type");
    must_fail(x,
              post(x, "/oauth/token", KM_STR("client_id=app&grant_type=client_credentials"), false),
              400, "unauthorized_client");
    must_fail(x, post(x, "/oauth/token", KM_STR("%zz"), false), 400, "invalid_request");
    must_fail(x, post(x, "/oauth/token", KM_STR(""), false), 401, "invalid_client");
    must_fail(x,
              wire_post(x->port, x->a, "/oauth/token", "Content-Type: application/json\r\n",
                        KM_STR("{}")),
              400, "invalid_request");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_app_gets_what_was_asked_and_registered_and_allowed),
        TEST(a_code_is_good_once_for_its_client_and_verifier),
        TEST(a_refresh_token_turns_and_one_that_comes_again_ends_all),
        TEST(a_grant_ends_with_its_account_and_with_its_client),
        TEST(an_unregistered_place_is_never_sent_to),
        TEST(an_app_is_told_what_is_wrong_with_its_question),
        TEST(who_is_not_signed_in_is_sent_to_sign_in_and_an_apps_link_asked_again),
        TEST(the_page_says_who_asks_for_what_and_escapes_it),
        TEST(an_answer_counts_once_from_who_was_asked_and_from_our_page),
        TEST(a_clinician_says_whose_records_or_launches_from_them),
        TEST(a_machine_proves_itself_by_its_key),
        TEST(a_machine_with_a_wrong_assertion_is_nobody),
        TEST(a_token_is_introspected_and_revoked),
        TEST(a_person_sees_and_ends_what_they_allowed),
        TEST(what_was_allowed_is_on_record_as_a_provision),
        TEST(where_an_app_is_run_stands_in_its_tokens_and_on_the_page),
        TEST(a_form_that_is_none_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
