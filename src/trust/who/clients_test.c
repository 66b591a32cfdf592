/* SPDX-License-Identifier: Apache-2.0
 *
 * Apps and machines: what a row must hold, how each kind proves itself, and what ends with it.
 */
#include "record/log_test.h"

#include "base/hash.h"
#include "km_sql_trust_who.h"
#include "trust/who/allowed.h"
#include "trust/who/clients.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_who, NULL };

#define KEY                                                                  \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_" \
    "7TyWQHOg7hcvPapiMlrwIaa"                                                \
    "PcHURo\"}]}"

typedef struct fixture {
    km_test_log *log;
    km_keys *keys;
    km_whos *whos;
} fixture;

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    x->log = km_test_log_new(lists, NULL);
    km_test_must(x->log, km_keys_in_memory(&x->keys, KM_KEY_MASK(KM_KEY_TOKEN), &x->log->random,
                                           &x->log->fault));
    km_whos_options o = { .log = x->log->log,
                          .keys = x->keys,
                          .clock = &x->log->clock,
                          .random = &x->log->random,
                          .address = "https://node.example" };
    km_test_must(x->log, km_whos_open(&x->whos, &o, &x->log->fault));
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    fixture *x = *state;
    km_whos_close(x->whos);
    km_keys_close(x->keys);
    km_test_log_free(x->log);
    free(x);
    return 0;
}

static const km_str back[] = { KM_STR_INIT("https://app.example/cb") };

static km_registered row(const char *id)
{
    return (km_registered){ .id = km_str_of(id),
                            .name = KM_STR("App"),
                            .redirect = back,
                            .redirects = 1,
                            .scopes = KM_STR("patient/*.rs"),
                            .role = -1 };
}

static km_code add(fixture *x, const km_registered *c)
{
    km_fault_clear(&x->log->fault);
    return km_registered_add(x->whos, c, &x->log->call);
}

static km_code find(km_registered *out, fixture *x, const char *id)
{
    km_fault_clear(&x->log->fault);
    return km_registered_find(out, x->whos, km_str_of(id), &x->log->call);
}

static void a_client_is_found_as_it_was_registered(void **state)
{
    fixture *x = *state;
    km_registered in = row("lab"), out, page[4];
    size_t n;
    in.kind = KM_REGISTERED_KEYS;
    in.proof = KM_STR(KEY);
    in.role = km_roles_role(km_whos_roles(x->whos), KM_STR("clinician"));
    in.purpose = KM_CAREMGT;
    in.organisation = KM_STR("Organization/3");
    km_test_must(x->log, add(x, &in));
    assert_int_equal(add(x, &in), KM_DUPLICATE);
    km_test_must(x->log, find(&out, x, "lab"));
    assert_int_equal(out.kind, KM_REGISTERED_KEYS);
    assert_true(km_str_eq(out.proof, in.proof));
    assert_int_equal(out.role, in.role);
    assert_int_equal(out.purpose, KM_CAREMGT);
    assert_true(km_registered_has_redirect(&out, back[0]));
    assert_false(km_registered_has_redirect(&out, KM_STR("https://app.example/cb/")));
    assert_false(km_registered_has_redirect(&out, KM_STR("")));
    assert_int_equal(find(&out, x, "LAB"), KM_NOT_FOUND);
    in = row("a");
    km_test_must(x->log, add(x, &in));
    km_test_must(x->log, km_registered_list(page, &n, 4, x->whos, KM_STR(""), &x->log->call));
    assert_int_equal(n, 2);
    assert_true(km_str_is(page[0].id, "a"));
    km_test_must(x->log, km_registered_list(page, &n, 4, x->whos, KM_STR("a"), &x->log->call));
    assert_int_equal(n, 1);
    km_test_must(x->log, km_registered_remove(x->whos, KM_STR("a"), &x->log->call));
    assert_int_equal(km_registered_remove(x->whos, KM_STR("a"), &x->log->call), KM_NOT_FOUND);
}

static void a_redirect_leads_to_an_app_and_nowhere_else(void **state)
{
    fixture *x = *state;
    static const char *const good[] = {
        "https://app.example/cb",   "https://app.example:8443/", "https://app.example/cb?tenant=1",
        "http://127.0.0.1:9000/cb", "http://localhost/cb",       "http://[::1]:1/cb",
        "org.example.app:/cb"
    };
    static const char *const bad[] = { "http://app.example/cb",
                                       "https://",
                                       "https:/app.example/cb",
                                       "https://u@app.example/cb",
                                       "https://app.example/cb#f",
                                       "https://app.example/a b",
                                       "javascript:alert(1)",
                                       "data:x",
                                       "ftp://app.example/cb",
                                       "http://127.0.0.1.evil.example/cb",
                                       "http://localhost.evil.example/",
                                       "https://app.example/\n",
                                       "https://app.example;x/cb",
                                       "/cb",
                                       "" };
    char id[16];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        km_str to = km_str_of(good[i]);
        snprintf(id, sizeof id, "good-%zu", i);
        km_registered c = row(id);
        c.redirect = &to;
        km_test_must(x->log, add(x, &c));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_str to = km_str_of(bad[i]);
        km_registered c = row("bad");
        c.redirect = &to;
        if (add(x, &c) != KM_BAD_VALUE)
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(x->log->fault.path, "redirect");
    }
}

static void a_row_that_is_not_whole_is_refused(void **state)
{
    fixture *x = *state;
    km_registered c = row("bad id");
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c = row("c");
    c.name = KM_STR("two\nlines");
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c = row("c");
    c.scopes = KM_STR("openid");
    assert_int_equal(add(x, &c), KM_REQUIRED);
    c.scopes = KM_STR("patient/Nothing.rs");
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c = row("c");
    c.redirects = 0;
    assert_int_equal(add(x, &c), KM_REQUIRED);
    c = row("c");
    c.role = km_roles_role(km_whos_roles(x->whos), KM_STR("clinician"));
    assert_int_equal(add(x, &c), KM_BAD_VALUE); /* proves nothing, and would act by itself */
    c.kind = KM_REGISTERED_KEYS;
    c.proof = KM_STR("{\"keys\":[]}");
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c.proof = KM_STR("{");
    assert_true(add(x, &c) != KM_OK);
    c.proof = KM_STR(KEY);
    c.role = km_roles_role(km_whos_roles(x->whos), KM_STR("operator"));
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c = row("c");
    c.kind = KM_REGISTERED_CERTIFICATE;
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    c = row("c");
    c.organisation = KM_STR("3");
    assert_int_equal(add(x, &c), KM_BAD_VALUE);
    km_registered out;
    assert_int_equal(find(&out, x, "c"), KM_NOT_FOUND);
}

static void a_certificate_proves_its_own_client_alone(void **state)
{
    fixture *x = *state;
    km_str der = KM_STR("the certificate");
    unsigned char sum[KM_SHA256_LEN];
    km_registered c = row("lab"), app = row("app"), out;
    km_sha256(sum, der.p, der.n);
    c.kind = KM_REGISTERED_CERTIFICATE;
    c.proof = km_base64url(x->log->arena, sum, sizeof sum);
    km_test_must(x->log, add(x, &c));
    km_test_must(x->log, add(x, &app));
    km_registered_shown s = { .id = KM_STR("lab"),
                              .certificate = der,
                              .endpoint = KM_STR("https://node.example/oauth/token") };
    km_test_must(x->log, km_registered_prove(&out, x->whos, &s, &x->log->call));
    assert_true(km_str_is(out.id, "lab"));
    static const char *const others[] = { "", "another certificate" };
    for (size_t i = 0; i < 2; i++) {
        s.certificate = km_str_of(others[i]);
        km_fault_clear(&x->log->fault);
        assert_int_equal(km_registered_prove(&out, x->whos, &s, &x->log->call), KM_UNAUTHENTICATED);
    }
    km_fault_clear(&x->log->fault);
    s = (km_registered_shown){ .id = KM_STR("app"), .endpoint = s.endpoint };
    km_test_must(x->log, km_registered_prove(&out, x->whos, &s, &x->log->call));
    s.assertion = KM_STR("e30.e30.AAAA");
    assert_int_equal(km_registered_prove(&out, x->whos, &s, &x->log->call), KM_UNAUTHENTICATED);
}

/* --- what was allowed --- */

static km_str code_of(fixture *x, km_ms life)
{
    static const km_code_bound bound = { KM_STR_INIT("https://app.example/cb"),
                                         KM_STR_INIT("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                                         KM_STR_INIT("") };
    km_str code;
    km_allowed a = { .client = KM_STR("app"),
                     .who = { .issuer = KM_STR("i"), .subject = KM_STR("s"), .role = 2 },
                     .scope = KM_STR("patient/*.rs"),
                     .patient = KM_STR("Patient/1"),
                     .until = x->log->now + life };
    km_test_must(x->log, km_allowed_code(&code, x->whos, &a, &bound, &x->log->call));
    return code;
}

static km_code redeem(km_allowed *out, fixture *x, km_str code)
{
    km_str nonce;
    km_code_came came = { code, KM_STR("app"), KM_STR("https://app.example/cb"),
                          KM_STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") };
    km_fault_clear(&x->log->fault);
    return km_allowed_redeem(out, &nonce, x->whos, &came, &x->log->call);
}

static void a_code_ends_after_a_minute_and_when_the_clock_fell_back(void **state)
{
    fixture *x = *state;
    km_allowed a;
    km_str code = code_of(x, KM_ONLINE_LIFE_MS);
    x->log->now += KM_CODE_LIFE_MS - 1;
    km_test_must(x->log, redeem(&a, x, code));
    assert_true(km_str_is(a.patient, "Patient/1"));
    code = code_of(x, KM_ONLINE_LIFE_MS);
    x->log->now += KM_CODE_LIFE_MS;
    assert_int_equal(redeem(&a, x, code), KM_UNAUTHENTICATED);
    code = code_of(x, KM_ONLINE_LIFE_MS);
    x->log->now -= 3600 * 1000;
    assert_int_equal(redeem(&a, x, code), KM_UNAUTHENTICATED);
}

static void a_refresh_token_ends_with_its_grant(void **state)
{
    fixture *x = *state;
    km_allowed a;
    km_str token;
    km_test_must(x->log, redeem(&a, x, code_of(x, KM_ONLINE_LIFE_MS)));
    km_test_must(x->log, km_allowed_refresh(&token, x->whos, &a, &x->log->call));
    km_test_must(x->log, km_allowed_look(&a, x->whos, token, &x->log->call));
    x->log->now += KM_ONLINE_LIFE_MS;
    assert_int_equal(km_allowed_look(&a, x->whos, token, &x->log->call), KM_UNAUTHENTICATED);
}

static void what_a_person_allowed_ends_with_the_person(void **state)
{
    fixture *x = *state;
    km_allowed a, b;
    km_str token, other;
    km_test_must(x->log, redeem(&a, x, code_of(x, KM_ONLINE_LIFE_MS)));
    km_test_must(x->log, km_allowed_refresh(&token, x->whos, &a, &x->log->call));
    km_test_must(x->log, redeem(&b, x, code_of(x, KM_ONLINE_LIFE_MS)));
    km_test_must(x->log, km_allowed_refresh(&other, x->whos, &b, &x->log->call));
    km_test_must(x->log,
                 km_allowed_end_person(x->whos, KM_STR("i"), KM_STR("else"), &x->log->call));
    km_test_must(x->log, km_allowed_look(&a, x->whos, token, &x->log->call));
    km_test_must(x->log, km_allowed_end_person(x->whos, KM_STR("i"), KM_STR("s"), &x->log->call));
    assert_int_equal(km_allowed_look(&a, x->whos, token, &x->log->call), KM_UNAUTHENTICATED);
    km_fault_clear(&x->log->fault);
    assert_int_equal(km_allowed_look(&a, x->whos, other, &x->log->call), KM_UNAUTHENTICATED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_client_is_found_as_it_was_registered),
        TEST(a_redirect_leads_to_an_app_and_nowhere_else),
        TEST(a_row_that_is_not_whole_is_refused),
        TEST(a_certificate_proves_its_own_client_alone),
        TEST(a_code_ends_after_a_minute_and_when_the_clock_fell_back),
        TEST(a_refresh_token_ends_with_its_grant),
        TEST(what_a_person_allowed_ends_with_the_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
