/* SPDX-License-Identifier: Apache-2.0
 *
 * Who comes with these credentials: tokens and sessions that are good, and all the ways in which
 * they are not.
 */
#include "record/log_test.h"

#include <time.h>

#include "codec/jose/jose.h"
#include "km_sql_trust_who.h"
#include "trust/who/demo.h"
#include "trust/who/scope.h"
#include "trust/who/session.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_who, NULL };

#define HOME "https://node.example"

typedef struct fixture {
    km_test_log *log;
    km_keys *keys;
    km_whos *whos;
    km_call call;
} fixture;

static km_whos_options options_of(fixture *x)
{
    return (km_whos_options){ .log = x->log->log,
                              .keys = x->keys,
                              .clock = &x->log->clock,
                              .random = &x->log->random,
                              .address = HOME };
}

static void open_whos(fixture *x)
{
    km_whos_options o = options_of(x);
    km_fault_clear(&x->log->fault);
    km_test_must(x->log, km_whos_open(&x->whos, &o, &x->log->fault));
}

static int setup(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    x->log = km_test_log_new(lists, NULL);
    km_test_must(x->log, km_keys_in_memory(&x->keys, KM_KEY_MASK(KM_KEY_TOKEN), &x->log->random,
                                           &x->log->fault));
    open_whos(x);
    x->call = x->log->call;
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

static const km_str actors[] = { KM_STR_INIT("Practitioner/1"), KM_STR_INIT("Organization/3") };

static km_who clinician(fixture *x)
{
    return (km_who){ .issuer = KM_STR("https://login.example"),
                     .subject = KM_STR("c-1"),
                     .name = KM_STR("試験 花子"),
                     .role = km_roles_role(km_whos_roles(x->whos), KM_STR("clinician")),
                     .purpose = KM_TREAT,
                     .network = KM_STR("Organization/n1"),
                     .organisation = KM_STR("Organization/3"),
                     .actor = actors,
                     .actors = 2,
                     .second_factor_at = 1699999999000 };
}

static km_str bearer(fixture *x, km_str token)
{
    return km_arena_print(x->log->arena, "Bearer %.*s", KM_STR_ARG(token));
}

static km_code prove(km_who **out, fixture *x, km_str token)
{
    km_credentials c = { .authorization = bearer(x, token) };
    km_fault_clear(&x->log->fault);
    return km_who_prove(out, x->whos, &c, &x->call);
}

static km_str token_of(fixture *x, const km_who *who)
{
    km_str token;
    km_test_must(x->log,
                 km_token_make(&token, x->whos, who, KM_STR("user/Observation.rs"), 300, &x->call));
    return token;
}

static km_who app(fixture *x)
{
    km_who who = clinician(x);
    who.client = KM_STR("app-1");
    who.session = km_token_sid(&x->call);
    who.patient = KM_STR("Patient/9");
    return who;
}

static void must_refuse(fixture *x, km_str token)
{
    km_who *who;
    assert_int_equal(prove(&who, x, token), KM_UNAUTHENTICATED);
    assert_string_equal(x->log->fault.detail, "the token or session is not good; sign in again");
    assert_string_equal(x->log->fault.path, "");
}

static void a_token_brings_back_who_it_was_made_for(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str token = token_of(x, &in);
    for (int kept = 0; kept < 2; kept++) {
        km_test_must(x->log, prove(&out, x, token));
        assert_true(km_str_eq(out->issuer, in.issuer));
        assert_true(km_str_eq(out->subject, in.subject));
        assert_true(km_str_eq(out->name, in.name));
        assert_int_equal(out->role, in.role);
        assert_int_equal(out->purpose, KM_TREAT);
        assert_true(km_str_eq(out->organisation, in.organisation));
        assert_int_equal(out->actors, 2);
        assert_true(km_str_eq(out->actor[1], actors[1]));
        assert_true(km_str_eq(out->client, in.client));
        assert_true(km_str_eq(out->session, in.session));
        assert_true(km_str_eq(out->patient, in.patient));
        assert_true(out->scoped);
        assert_int_equal(out->scopes, 1);
        assert_int_equal(out->scope[0].may, KM_SCOPE_READ | KM_SCOPE_SEARCH);
        assert_int_equal(out->second_factor_at, in.second_factor_at);
        assert_int_equal(out->certificate.n, 0);
    }
}

static void what_an_app_was_not_granted_is_sealed_in_its_token(void **state)
{
    fixture *x = *state;
    km_who in = app(x);
    km_str rest, claims, token = token_of(x, &in);
    km_str_cut(token, '.', &rest);
    assert_true(km_unbase64url(&claims, x->log->arena, km_str_cut(rest, '.', &rest)));
    const char *text = km_arena_z(x->log->arena, claims);
    assert_null(strstr(text, "Practitioner"));
    assert_null(strstr(text, "花子"));
    assert_null(strstr(text, "c-1"));
    assert_non_null(strstr(text, "Patient/9"));
}

static void a_token_ends_with_its_time_kept_or_not(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str token = token_of(x, &in);
    km_ms began = x->log->now;
    km_test_must(x->log, prove(&out, x, token));
    x->log->now = began + (300 + KM_TOKEN_LEEWAY_S) * 1000 - 1;
    km_test_must(x->log, prove(&out, x, token));
    x->log->now += 1;
    must_refuse(x, token);
    x->log->now = began + (km_ms)400 * 86400 * 1000;
    must_refuse(x, token);
    /* A clock that fell behind the making of the token. */
    x->log->now = began - 3600 * 1000;
    must_refuse(x, token);
    x->log->now = began;
    km_test_must(x->log, prove(&out, x, token));
}

static void a_token_that_was_ended_stays_so_after_a_start_and_a_jump(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str token = token_of(x, &in), other;
    in.session = km_token_sid(&x->call);
    other = token_of(x, &in);
    km_test_must(x->log, prove(&out, x, token));
    km_test_must(x->log, km_token_end(x->whos, out->session, x->log->now + 400 * 1000, &x->call));
    must_refuse(x, token);
    km_test_must(x->log, prove(&out, x, other));
    km_whos_close(x->whos);
    x->log->now += (km_ms)399 * 86400 * 1000;
    open_whos(x);
    x->log->now -= (km_ms)399 * 86400 * 1000;
    must_refuse(x, token);
}

static void every_changed_byte_of_a_token_is_refused(void **state)
{
    fixture *x = *state;
    km_who in = app(x);
    km_str token = token_of(x, &in);
    char *copy = km_arena_alloc(x->log->arena, token.n);
    for (size_t i = 0; i < token.n; i++) {
        km_arena_mark mark = km_arena_here(x->log->arena);
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        must_refuse(x, (km_str){ copy, token.n });
        must_refuse(x, km_str_sub(token, 0, i));
        km_arena_back(x->log->arena, mark);
    }
}

/* --- forgers --- */

static km_str b64(fixture *x, const char *text)
{
    return km_base64url(x->log->arena, text, strlen(text));
}

static void a_forged_header_is_refused(void **state)
{
    fixture *x = *state;
    km_who in = app(x);
    km_str rest, token = token_of(x, &in);
    km_str_cut(token, '.', &rest);
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"none\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
        "{}",
        "[]",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        must_refuse(x, km_arena_print(x->log->arena, "%.*s.%.*s", KM_STR_ARG(b64(x, headers[i])),
                                      KM_STR_ARG(rest)));
        km_str body = km_str_cut(rest, '.', &(km_str){ 0 });
        must_refuse(x, km_arena_print(x->log->arena, "%.*s.%.*s.", KM_STR_ARG(b64(x, headers[i])),
                                      KM_STR_ARG(body)));
    }
    must_refuse(x, KM_STR("."));
    must_refuse(x, KM_STR(".."));
    must_refuse(x, KM_STR("x"));
}

/* Signed with our own key, and still not an access token of this node. */
static void a_token_of_another_type_issuer_or_audience_is_refused(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str claims, rest, token = token_of(x, &in), same;
    km_str_cut(token, '.', &rest);
    assert_true(km_unbase64url(&claims, x->log->arena, km_str_cut(rest, '.', &rest)));
    km_test_must(x->log, km_token_sign(&same, x->whos, "at+jwt", claims, &x->call));
    km_test_must(x->log, prove(&out, x, same));
    km_test_must(x->log, km_token_sign(&same, x->whos, "JWT", claims, &x->call));
    must_refuse(x, same);
    static const char *const from[] = { "\"iss\":\"https://node.example\"",
                                        "\"aud\":\"https://node.example/fhir\"",
                                        "\"sid\":",
                                        "\"iat\":",
                                        "\"exp\":",
                                        "\"who\":" };
    static const char *const to[] = { "\"iss\":\"https://node.exampel\"",
                                      "\"aud\":\"https://node.example\"",
                                      "\"sib\":",
                                      "\"iab\":",
                                      "\"exb\":",
                                      "\"woh\":" };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        char *text = km_arena_alloc(x->log->arena, claims.n + 8);
        memcpy(text, claims.p, claims.n);
        text[claims.n] = '\0';
        char *at = strstr(text, from[i]);
        assert_non_null(at);
        km_buf changed = km_buf_in(x->log->arena);
        km_buf_bytes(&changed, text, (size_t)(at - text));
        km_buf_z(&changed, to[i]);
        km_buf_z(&changed, at + strlen(from[i]));
        km_test_must(x->log,
                     km_token_sign(&same, x->whos, "at+jwt", km_buf_str(&changed), &x->call));
        must_refuse(x, same);
    }
}

static void a_token_of_another_node_is_refused(void **state)
{
    fixture *x = *state;
    fixture other = *x;
    km_who in = app(x);
    km_test_must(x->log, km_keys_in_memory(&other.keys, KM_KEY_MASK(KM_KEY_TOKEN), &x->log->random,
                                           &x->log->fault));
    open_whos(&other);
    must_refuse(x, token_of(&other, &in));
    km_whos_close(other.whos);
    km_keys_close(other.keys);
}

static void the_key_before_is_still_good(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    x->log->now += KM_TOKEN_KEY_MS - 1000;
    km_str old = token_of(x, &in), jwks = km_arena_copy(x->log->arena, km_whos_jwks(x->whos));
    km_whos_close(x->whos);
    x->log->now += 1000;
    open_whos(x);
    assert_false(km_str_eq(jwks, km_whos_jwks(x->whos)));
    km_test_must(x->log, prove(&out, x, old));
    km_str fresh = token_of(x, &in);
    km_test_must(x->log, prove(&out, x, fresh));
    /* Not another with each start. */
    jwks = km_arena_copy(x->log->arena, km_whos_jwks(x->whos));
    km_whos_close(x->whos);
    open_whos(x);
    assert_true(km_str_eq(jwks, km_whos_jwks(x->whos)));
}

static void a_token_bound_to_a_certificate_is_good_with_no_other(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str der = KM_STR("certificate one");
    unsigned char sum[KM_SHA256_LEN];
    km_sha256(sum, der.p, der.n);
    in.certificate = (km_str){ (const char *)sum, sizeof sum };
    km_str token = token_of(x, &in);
    for (int kept = 0; kept < 2; kept++) {
        km_credentials c = { .authorization = bearer(x, token), .certificate = der };
        km_test_must(x->log, km_who_prove(&out, x->whos, &c, &x->call));
        assert_true(km_str_eq(out->certificate, in.certificate));
        must_refuse(x, token);
        c.certificate = KM_STR("certificate two");
        km_fault_clear(&x->log->fault);
        assert_int_equal(km_who_prove(&out, x->whos, &c, &x->call), KM_UNAUTHENTICATED);
        km_fault_clear(&x->log->fault);
    }
}

/* A key that nobody vouches for, shown at the handshake, proves nothing more. */
static void a_certificate_that_did_not_verify_is_not_told_of(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str cookie, handle, token = token_of(x, &in);
    km_credentials c = { .authorization = bearer(x, token), .certificate = KM_STR("self-signed") };
    km_test_must(x->log, km_session_begin(&cookie, &handle, x->whos, &in, &x->call));
    for (int session = 0; session < 2; session++) {
        c.certificate_verified = false;
        km_test_must(x->log, km_who_prove(&out, x->whos, &c, &x->call));
        assert_int_equal(out->certificate.n, 0);
        c.certificate_verified = true;
        km_test_must(x->log, km_who_prove(&out, x->whos, &c, &x->call));
        assert_int_equal(out->certificate.n, KM_SHA256_LEN);
        c.authorization = KM_STR_NONE;
        c.session = cookie;
    }
}

static void nothing_is_good_before_the_node_knows_its_address(void **state)
{
    fixture *x = *state;
    km_who in = app(x), *out;
    km_str token = token_of(x, &in);
    km_whos_options o = options_of(x);
    o.address = NULL;
    km_whos_close(x->whos);
    km_test_must(x->log, km_whos_open(&x->whos, &o, &x->log->fault));
    must_refuse(x, token);
    km_fault_clear(&x->log->fault);
    km_whos_address(x->whos, KM_STR(HOME));
    km_test_must(x->log, prove(&out, x, token));
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int larger(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}

static int64_t median_ns(fixture *x, km_str token)
{
    enum { N = 41 };
    int64_t took[N];
    for (int i = 0; i < N; i++) {
        km_arena_mark here = km_arena_here(x->log->arena);
        int64_t from = cpu_ns();
        must_refuse(x, token);
        took[i] = cpu_ns() - from;
        km_arena_back(x->log->arena, here);
    }
    qsort(took, N, sizeof *took, larger);
    return took[N / 2];
}

/* Nothing, another's, a changed signature, an expired one: the cost of a signature each. */
static void what_is_refused_costs_the_same_whatever_was_wrong(void **state)
{
    fixture *x = *state;
    km_who in = app(x);
    km_str good = token_of(x, &in);
    char *changed = km_arena_alloc(x->log->arena, good.n);
    memcpy(changed, good.p, good.n);
    changed[good.n - 3] = changed[good.n - 3] == 'A' ? 'B' : 'A';
    int64_t whole = median_ns(x, (km_str){ changed, good.n });
    int64_t nothing = median_ns(x, KM_STR("x"));
    int64_t other = median_ns(x, km_str_sub(good, 1, good.n));
    x->log->now += 3600 * 1000;
    int64_t old = median_ns(x, good);
    int64_t all[] = { whole, nothing, other, old };
    qsort(all, 4, sizeof *all, larger);
    if (all[3] > 2 * all[0])
        fail_msg("changed %lld, nothing %lld, another's %lld, expired %lld ns", (long long)whole,
                 (long long)nothing, (long long)other, (long long)old);
}

/* --- sessions --- */

static km_code by_cookie(km_who **out, fixture *x, km_str cookie)
{
    km_fault_clear(&x->log->fault);
    return km_session_who(out, x->whos, cookie, &x->call);
}

static void reopen(fixture *x)
{
    km_whos_close(x->whos);
    open_whos(x);
}

static void a_session_lasts_while_it_is_used_and_no_longer(void **state)
{
    fixture *x = *state;
    km_who in = clinician(x), *out;
    km_str cookie, handle;
    km_ms began = x->log->now;
    km_test_must(x->log, km_session_begin(&cookie, &handle, x->whos, &in, &x->call));
    km_test_must(x->log, by_cookie(&out, x, cookie));
    assert_true(km_str_eq(out->session, handle));
    assert_true(km_str_eq(out->subject, in.subject));
    assert_false(out->scoped);
    while (x->log->now - began + KM_SESSION_IDLE_MS < KM_SESSION_LIFE_MS) {
        x->log->now += KM_SESSION_IDLE_MS - 1000;
        km_test_must(x->log, by_cookie(&out, x, cookie));
        if ((x->log->now - began) % 2 == 0)
            reopen(x);
    }
    x->log->now = began + KM_SESSION_LIFE_MS;
    assert_int_equal(by_cookie(&out, x, cookie), KM_UNAUTHENTICATED);
}

static void an_idle_session_is_over_kept_or_not(void **state)
{
    fixture *x = *state;
    km_who in = clinician(x), *out;
    km_str cookie, handle;
    km_test_must(x->log, km_session_begin(&cookie, &handle, x->whos, &in, &x->call));
    km_test_must(x->log, by_cookie(&out, x, cookie));
    x->log->now += KM_SESSION_IDLE_MS;
    assert_int_equal(by_cookie(&out, x, cookie), KM_UNAUTHENTICATED);
    reopen(x);
    assert_int_equal(by_cookie(&out, x, cookie), KM_UNAUTHENTICATED);
}

static void an_ended_session_is_over_at_once_and_for_ever(void **state)
{
    fixture *x = *state;
    km_who in = clinician(x), *out;
    km_str cookie, handle, second, raised;
    km_test_must(x->log, km_session_begin(&cookie, &handle, x->whos, &in, &x->call));
    km_test_must(x->log, km_session_begin(&second, &handle, x->whos, &in, &x->call));
    km_test_must(x->log, by_cookie(&out, x, cookie));
    km_test_must(x->log, km_session_end(x->whos, cookie, &x->call));
    assert_int_equal(by_cookie(&out, x, cookie), KM_UNAUTHENTICATED);
    km_test_must(x->log, by_cookie(&out, x, second));
    km_test_must(x->log, km_session_raise(&raised, x->whos, second, &x->call));
    assert_int_equal(by_cookie(&out, x, second), KM_UNAUTHENTICATED);
    km_test_must(x->log, by_cookie(&out, x, raised));
    assert_int_equal(out->second_factor_at, x->log->now);
    km_test_must(x->log, km_session_end_all(x->whos, in.issuer, in.subject, &x->call));
    assert_int_equal(by_cookie(&out, x, raised), KM_UNAUTHENTICATED);
    reopen(x);
    assert_int_equal(by_cookie(&out, x, cookie), KM_UNAUTHENTICATED);
    assert_int_equal(by_cookie(&out, x, raised), KM_UNAUTHENTICATED);
    assert_int_equal(by_cookie(&out, x, KM_STR("")), KM_UNAUTHENTICATED);
    km_test_must(x->log, km_session_end(x->whos, KM_STR("nobody's"), &x->call));
}

/* --- the demonstration --- */

static void a_token_of_a_demonstration_is_good_there_alone(void **state)
{
    fixture *x = *state;
    km_who in = clinician(x), *out;
    km_str token;
    char file[] = "/tmp/km_demo_XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    unlink(file);
    assert_false(km_demo_is(file));
    assert_int_equal(
        km_demo_token(&token, file, &in, KM_STR_NONE, km_whos_roles(x->whos), &x->call),
        KM_FORBIDDEN);
    km_fault_clear(&x->log->fault);
    km_test_must(x->log, km_demo_begin(file, &x->log->random, &x->log->fault));
    km_test_must(x->log,
                 km_demo_token(&token, file, &in, KM_STR_NONE, km_whos_roles(x->whos), &x->call));
    must_refuse(x, token);
    km_fault_clear(&x->log->fault);
    km_whos_options o = options_of(x);
    o.demo_key = file;
    km_whos_close(x->whos);
    km_test_must(x->log, km_whos_open(&x->whos, &o, &x->log->fault));
    km_test_must(x->log, prove(&out, x, token));
    assert_true(km_str_eq(out->subject, in.subject));
    assert_false(out->scoped);
    x->log->now += (km_ms)KM_DEMO_LIFE_S * 1000 + KM_TOKEN_LEEWAY_S * 1000;
    must_refuse(x, token);
    unlink(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_token_brings_back_who_it_was_made_for),
        TEST(what_an_app_was_not_granted_is_sealed_in_its_token),
        TEST(a_token_ends_with_its_time_kept_or_not),
        TEST(a_token_that_was_ended_stays_so_after_a_start_and_a_jump),
        TEST(every_changed_byte_of_a_token_is_refused),
        TEST(a_forged_header_is_refused),
        TEST(a_token_of_another_type_issuer_or_audience_is_refused),
        TEST(a_token_of_another_node_is_refused),
        TEST(the_key_before_is_still_good),
        TEST(a_token_bound_to_a_certificate_is_good_with_no_other),
        TEST(a_certificate_that_did_not_verify_is_not_told_of),
        TEST(nothing_is_good_before_the_node_knows_its_address),
        TEST(what_is_refused_costs_the_same_whatever_was_wrong),
        TEST(a_session_lasts_while_it_is_used_and_no_longer),
        TEST(an_idle_session_is_over_kept_or_not),
        TEST(an_ended_session_is_over_at_once_and_for_ever),
        TEST(a_token_of_a_demonstration_is_good_there_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
