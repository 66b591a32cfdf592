/* SPDX-License-Identifier: Apache-2.0
 *
 * The relying party against a simulated provider that is a program of its own: honest sign-ins of
 * every algorithm pass; each lie is refused, and each for its own reason.
 */
#include "record/log_test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "km_sql_trust_who.h"
#include "trust/who/provider.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_who, NULL };

typedef struct provider_process {
    pid_t pid;
    char issuer[64];
} provider_process;

typedef struct world {
    km_test_log *w;
    km_providers *ps;
    provider_process at;
    km_client client;
    const char *allow[2];
} world;

static const km_str back = KM_STR_INIT("http://127.0.0.1:9/sign-in/return");

static void start(provider_process *p, const char *secret)
{
    int out[2];
    const char *program = getenv("SIMULATED_OPENID");
    assert_non_null(program);
    assert_int_equal(pipe(out), 0);
    p->pid = fork();
    if (p->pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execl(program, program, "127.0.0.1:0", "kumihimo", secret, (char *)NULL);
        _exit(3);
    }
    close(out[1]);
    size_t n = 0;
    for (ssize_t got = 1;
         got > 0 && n < sizeof p->issuer - 1 && memchr(p->issuer, '\n', n) == NULL;)
        if ((got = read(out[0], p->issuer + n, sizeof p->issuer - 1 - n)) > 0)
            n += (size_t)got;
    close(out[0]);
    p->issuer[n > 0 ? n - 1 : 0] = '\0';
    assert_true(n > 10);
}

static km_code enter(world *x, const char *secret)
{
    km_str allowed = km_str_of(x->at.issuer + strlen("http://"));
    km_provider p = { .name = KM_STR("sim"),
                      .ja = KM_STR("模擬"),
                      .en = KM_STR("Simulated"),
                      .issuer = km_str_of(x->at.issuer),
                      .client_id = KM_STR("kumihimo"),
                      .secret = secret[0] == '-' ? KM_STR_NONE : km_str_of(secret),
                      .claim = KM_STR("sub"),
                      .allowed = &allowed,
                      .allowances = 1 };
    return km_provider_add(x->w->log, &p, &x->w->call);
}

static int open_world(void **state, const char *secret)
{
    world *x = calloc(1, sizeof *x);
    x->w = km_test_log_new(lists, NULL);
    x->w->clock = km_clock_real; /* the provider's tokens are of today */
    x->w->random = km_random_real;
    x->ps = km_providers_new(x->w->log);
    start(&x->at, secret);
    x->allow[0] = x->at.issuer + strlen("http://");
    x->client = (km_client){ .allow = x->allow };
    km_test_must(x->w, enter(x, secret));
    *state = x;
    return 0;
}

static int setup(void **state)
{
    return open_world(state, "-");
}

static int setup_secret(void **state)
{
    return open_world(state, "s3cret:/&");
}

static int teardown(void **state)
{
    world *x = *state;
    int status;
    kill(x->at.pid, SIGTERM);
    waitpid(x->at.pid, &status, 0);
    assert_int_equal(status, 0);
    km_providers_free(x->ps);
    km_test_log_free(x->w);
    free(x);
    return 0;
}

/* What stands behind `name=` in a query. */
static km_str query_of(km_arena *a, km_str url, const char *name)
{
    const km_field *f;
    size_t n;
    km_fault fault = { 0 };
    km_str query;
    km_str_cut(url, '?', &query);
    assert_int_equal(km_form_decode(&f, &n, a, query, &fault), KM_OK);
    for (size_t i = 0; i < n; i++)
        if (km_str_is(f[i].name, name))
            return f[i].value;
    return KM_STR_NONE;
}

/* km_client does not follow, nor tell of headers: a browser by hand. */
static km_str send_on(world *x, km_str location, const char *who)
{
    km_arena *a = x->w->arena;
    char *reply = km_arena_zero(a, 8192);
    size_t n = 0;
    km_str path = km_str_sub(location, strlen(x->at.issuer), location.n);
    km_str request = km_arena_print(a,
                                    "GET %.*s&login_hint=%s HTTP/1.1\r\nHost: %s\r\n"
                                    "Connection: close\r\n\r\n",
                                    KM_STR_ARG(path), who, x->allow[0]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    at.sin_port = htons((uint16_t)atoi(strrchr(x->at.issuer, ':') + 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(write(fd, request.p, request.n), request.n);
    for (ssize_t got = 1; got > 0 && n < 8191;)
        if ((got = read(fd, reply + n, 8191 - n)) > 0)
            n += (size_t)got;
    close(fd);
    const char *to = strcasestr(reply, "\r\nLocation: ");
    assert_non_null(to);
    to += strlen("\r\nLocation: ");
    return (km_str){ to, (size_t)(strstr(to, "\r\n") - to) };
}

typedef struct walk {
    km_str location, ticket, came;
} walk;

static void begin(world *x, walk *out, const char *who)
{
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_provider_begin(&out->location, &out->ticket, x->ps, KM_STR("sim"), back,
                                         &x->w->call));
    out->came = send_on(x, out->location, who);
    assert_true(km_str_starts(out->came, back));
}

static km_code finish(world *x, km_provider_said *said, const walk *walked)
{
    km_arena *a = x->w->arena;
    km_provider_came came = { .ticket = walked->ticket,
                              .back = back,
                              .state = query_of(a, walked->came, "state"),
                              .code = query_of(a, walked->came, "code"),
                              .iss = query_of(a, walked->came, "iss") };
    km_fault_clear(&x->w->fault);
    return km_provider_finish(said, x->ps, &came, &x->w->call);
}

static km_code sign_in(world *x, km_provider_said *said, const char *who)
{
    walk walked;
    begin(x, &walked, who);
    return finish(x, said, &walked);
}

static void the_browser_is_sent_with_what_the_flow_needs(void **state)
{
    world *x = *state;
    walk walked;
    km_arena *a = x->w->arena;
    begin(x, &walked, "hanako");
    assert_true(km_str_is(query_of(a, walked.location, "response_type"), "code"));
    assert_true(km_str_is(query_of(a, walked.location, "code_challenge_method"), "S256"));
    assert_true(km_str_is(query_of(a, walked.location, "scope"), "openid"));
    assert_true(km_str_eq(query_of(a, walked.location, "redirect_uri"), back));
    static const char *const chances[] = { "state", "nonce", "code_challenge" };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(query_of(a, walked.location, chances[i]).n, 43);
    walk again;
    begin(x, &again, "hanako");
    for (size_t i = 0; i < 3; i++)
        assert_false(km_str_eq(query_of(a, walked.location, chances[i]),
                               query_of(a, again.location, chances[i])));
}

static void honest_people_sign_in_whatever_the_algorithm(void **state)
{
    static const char *const people[] = { "hanako",       "honest-rs256", "honest-ps256",
                                          "honest-eddsa", "honest-azp",   "honest-no-type" };
    world *x = *state;
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        km_provider_said said;
        km_test_must(x->w, sign_in(x, &said, people[i]));
        assert_true(km_str_is(said.subject, people[i]));
        assert_true(km_str_is(said.issuer, x->at.issuer));
    }
}

static void each_lie_is_refused_for_its_own_reason(void **state)
{
    static const struct {
        const char *who, *path;
        km_code code;
    } lies[] = {
        { "lie-none", "token", KM_UNAUTHENTICATED },
        { "lie-hs256", "token", KM_UNAUTHENTICATED },
        { "lie-signature", "token", KM_UNAUTHENTICATED },
        { "lie-key", "token", KM_UNAUTHENTICATED },
        { "lie-issuer", "iss", KM_UNAUTHENTICATED },
        { "lie-audience", "aud", KM_UNAUTHENTICATED },
        { "lie-no-azp", "azp", KM_UNAUTHENTICATED },
        { "lie-azp", "azp", KM_UNAUTHENTICATED },
        { "lie-nonce", "nonce", KM_UNAUTHENTICATED },
        { "lie-no-nonce", "nonce", KM_UNAUTHENTICATED },
        { "lie-expired", "exp", KM_UNAUTHENTICATED },
        { "lie-future", "iat", KM_UNAUTHENTICATED },
        { "lie-no-iat", "iat", KM_UNAUTHENTICATED },
        { "lie-at-hash", "at_hash", KM_UNAUTHENTICATED },
        { "lie-type", "typ", KM_UNAUTHENTICATED },
        { "lie-no-subject", "sub", KM_UNAUTHENTICATED },
        { "lie-iss", "iss", KM_UNAUTHENTICATED },
        { "lie-no-id-token", "provider", KM_UPSTREAM },
    };
    world *x = *state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        km_provider_said said;
        km_code rc = sign_in(x, &said, lies[i].who);
        if (rc != lies[i].code || strcmp(x->w->fault.path, lies[i].path) != 0)
            fail_msg("%s: %s at %s (%s)", lies[i].who, km_code_name(rc), x->w->fault.path,
                     x->w->fault.detail);
        assert_null(strstr(x->w->fault.detail, lies[i].who));
    }
}

static void another_browser_state_or_code_does_not_finish(void **state)
{
    world *x = *state;
    walk mine, other, mixed;
    km_provider_said said;
    begin(x, &mine, "hanako");
    begin(x, &other, "taro");
    mixed = mine;
    mixed.ticket = other.ticket; /* another browser brings my answer */
    assert_int_equal(finish(x, &said, &mixed), KM_UNAUTHENTICATED);
    assert_string_equal(x->w->fault.path, "state");
    mixed.ticket = KM_STR_NONE;
    assert_int_equal(finish(x, &said, &mixed), KM_UNAUTHENTICATED);
    /* Somebody else's code under my state: the verifier is not theirs. */
    km_arena *a = x->w->arena;
    mixed = mine;
    mixed.came = km_arena_print(a, "%.*s?code=%.*s&state=%.*s&iss=%s", KM_STR_ARG(back),
                                KM_STR_ARG(query_of(a, other.came, "code")),
                                KM_STR_ARG(query_of(a, mine.came, "state")), x->at.issuer);
    assert_int_equal(finish(x, &said, &mixed), KM_UNAUTHENTICATED);
    assert_string_equal(x->w->fault.path, "code");
    km_test_must(x->w, finish(x, &said, &mine));
    assert_int_equal(finish(x, &said, &mine), KM_UNAUTHENTICATED); /* once */
}

static void a_missing_iss_is_missed(void **state)
{
    world *x = *state;
    walk mine;
    km_provider_said said;
    begin(x, &mine, "hanako");
    km_arena *a = x->w->arena;
    mine.came = km_arena_print(a, "%.*s?code=%.*s&state=%.*s", KM_STR_ARG(back),
                               KM_STR_ARG(query_of(a, mine.came, "code")),
                               KM_STR_ARG(query_of(a, mine.came, "state")));
    assert_int_equal(finish(x, &said, &mine), KM_UNAUTHENTICATED);
    assert_string_equal(x->w->fault.path, "iss");
}

/* --- its keys ------------------------------------------------------------------------------------
 */

static km_ms ahead_ms;
static km_ms later(void *self)
{
    (void)self;
    return km_clock_real.now(km_clock_real.self) + ahead_ms;
}

/* The provider's clock goes with ours. */
static void set_jwks(world *x, const char *mode)
{
    km_answer answer;
    km_question q = {
        .method = "POST",
        .url = km_arena_z(x->w->arena, km_arena_print(x->w->arena, "%s/simulate?jwks=%s&ahead=%d",
                                                      x->at.issuer, mode, (int)(ahead_ms / 1000)))
    };
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_client_ask(&answer, &x->client, &q, &x->w->call));
    assert_int_equal(answer.status, 204);
}

static void keys_that_lie_are_refused_and_old_ones_serve_an_hour(void **state)
{
    static const char *const modes[] = { "huge", "redirect", "garbage", "private" };
    world *x = *state;
    km_provider_said said;
    for (size_t i = 0; i < 4; i++) {
        km_providers *fresh = km_providers_new(x->w->log), *kept = x->ps;
        x->ps = fresh;
        set_jwks(x, modes[i]);
        assert_int_equal(sign_in(x, &said, "hanako"), KM_UPSTREAM);
        /* and it is not asked again at once */
        set_jwks(x, "good");
        assert_int_equal(sign_in(x, &said, "hanako"), KM_UPSTREAM);
        x->ps = kept;
        km_providers_free(fresh);
    }
    km_test_must(x->w, sign_in(x, &said, "hanako"));
    x->w->clock = (km_clock){ later, NULL };
    ahead_ms = KM_PROVIDER_LIFE_MS + 60000;
    set_jwks(x, "garbage");
    km_test_must(x->w, sign_in(x, &said, "hanako"));
    ahead_ms = KM_PROVIDER_STALE_MS + 60000;
    set_jwks(x, "garbage");
    assert_int_equal(sign_in(x, &said, "hanako"), KM_UPSTREAM);
    ahead_ms = 0;
}

static void a_new_key_is_asked_for_once_but_not_at_once_again(void **state)
{
    world *x = *state;
    km_provider_said said;
    km_test_must(x->w, sign_in(x, &said, "hanako"));
    set_jwks(x, "rotated");
    /* The keys were fetched a moment ago. */
    assert_int_equal(sign_in(x, &said, "honest-new-key"), KM_UNAUTHENTICATED);
    x->w->clock = (km_clock){ later, NULL };
    ahead_ms = KM_PROVIDER_AGAIN_MS + 100;
    km_test_must(x->w, sign_in(x, &said, "honest-new-key"));
    assert_int_equal(sign_in(x, &said, "hanako"), KM_UNAUTHENTICATED); /* es-1 is gone */
    ahead_ms = 0;
}

static void keys_that_hang_are_not_waited_for_long(void **state)
{
    world *x = *state;
    km_provider_said said;
    set_jwks(x, "hang");
    uint64_t from = km_ticks_ns();
    assert_int_equal(sign_in(x, &said, "hanako"), KM_UPSTREAM);
    assert_true(km_ticks_ns() - from < UINT64_C(12000000000));
}

/* --- the table
 * ------------------------------------------------------------------------------------ */

static void a_provider_is_known_once_and_its_secret_is_not_shown(void **state)
{
    world *x = *state;
    km_provider there[KM_PROVIDERS_MAX];
    size_t n;
    km_provider_said said;
    km_test_must(x->w, sign_in(x, &said, "hanako")); /* by client_secret_basic */
    assert_int_equal(enter(x, "-"), KM_DUPLICATE);
    km_fault_clear(&x->w->fault);
    km_test_must(x->w, km_provider_list(there, &n, x->w->log, &x->w->call));
    assert_int_equal(n, 1);
    assert_int_equal(there[0].secret.n, 0);
    km_test_must(x->w, km_provider_remove(x->w->log, KM_STR("sim"), &x->w->call));
    walk walked;
    assert_int_equal(km_provider_begin(&walked.location, &walked.ticket, x->ps, KM_STR("sim"), back,
                                       &x->w->call),
                     KM_NOT_FOUND);
}

static void a_row_that_could_not_work_is_refused(void **state)
{
    static const struct {
        const char *name, *issuer, *client, *path;
    } bad[] = {
        { "Upper", "https://a.example", "c", "provider.name" },
        { "", "https://a.example", "c", "provider.name" },
        { "a", "http://a.example", "c", "provider.issuer" },
        { "a", "https://a.example/?x", "c", "provider.issuer" },
        { "a", "https://a.example/#x", "c", "provider.issuer" },
        { "a", "ftp://a.example", "c", "provider.issuer" },
        { "a", "https://a.example", "", "provider.client_id" },
    };
    world *x = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_provider p = { .name = km_str_of(bad[i].name),
                          .ja = KM_STR("名"),
                          .en = KM_STR("name"),
                          .issuer = km_str_of(bad[i].issuer),
                          .client_id = km_str_of(bad[i].client),
                          .claim = KM_STR("sub") };
        km_fault_clear(&x->w->fault);
        assert_int_equal(km_provider_add(x->w->log, &p, &x->w->call), KM_BAD_VALUE);
        assert_string_equal(x->w->fault.path, bad[i].path);
    }
}

/* A provider's address is not a way into our own network. */
static void a_private_place_is_asked_only_where_the_row_allows_it(void **state)
{
    world *x = *state;
    walk walked;
    km_provider p = { .name = KM_STR("inside"),
                      .ja = KM_STR("内"),
                      .en = KM_STR("inside"),
                      .issuer = KM_STR("https://127.0.0.1:1"),
                      .client_id = KM_STR("c"),
                      .claim = KM_STR("sub") };
    km_test_must(x->w, km_provider_add(x->w->log, &p, &x->w->call));
    assert_int_equal(
        km_provider_begin(&walked.location, &walked.ticket, x->ps, p.name, back, &x->w->call),
        KM_UPSTREAM);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(the_browser_is_sent_with_what_the_flow_needs),
        T(honest_people_sign_in_whatever_the_algorithm),
        T(each_lie_is_refused_for_its_own_reason),
        T(another_browser_state_or_code_does_not_finish),
        T(a_missing_iss_is_missed),
        T(keys_that_lie_are_refused_and_old_ones_serve_an_hour),
        T(a_new_key_is_asked_for_once_but_not_at_once_again),
        T(keys_that_hang_are_not_waited_for_long),
        cmocka_unit_test_setup_teardown(a_provider_is_known_once_and_its_secret_is_not_shown,
                                        setup_secret, teardown),
        T(a_row_that_could_not_work_is_refused),
        T(a_private_place_is_asked_only_where_the_row_allows_it),
    };
    km_test_dialect = KM_SQLITE;
    return cmocka_run_group_tests_name("signing in at a provider", tests, NULL, NULL);
}
