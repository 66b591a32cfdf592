/* SPDX-License-Identifier: Apache-2.0
 *
 * How a node serves: confined, as which user, whom it lets shake hands, how often one may ask.
 * Every claim starts the program (KUMIHIMO) with its options and looks at it from outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/cert_test.h"
#include "sandbox/sandbox.h"

typedef struct served {
    char dir[48], out[64], log[64], data[64];
    pid_t pid;
    int port;
    bool tls;
    char said[8192]; /* standard error */
} served;

static size_t read_text(char *to, size_t room, const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(to, 1, room - 1, f) : 0;
    to[n] = '\0';
    if (f != NULL)
        fclose(f);
    return n;
}

static void run_program(const served *s, char *const word[])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = open(s->out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int log = open(s->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(word[0], word);
    _exit(127);
}

static void make_place(served *s)
{
    *s = (served){ .dir = "/tmp/kumihimo-serve-XXXXXX" };
    assert_non_null(mkdtemp(s->dir));
    assert_int_equal(chmod(s->dir, 0755), 0); /* for whom it becomes */
    snprintf(s->out, sizeof s->out, "%s/out", s->dir);
    snprintf(s->log, sizeof s->log, "%s/log", s->dir);
    snprintf(s->data, sizeof s->data, "%s/node", s->dir);
}

/* Words apart by spaces. */
static pid_t run_words(const served *s, const char *words)
{
    enum { WORDS = 40 };
    static char text[2048];
    char *word[WORDS + 1], *left;
    size_t n = 0;
    snprintf(text, sizeof text, "%s %s", getenv("KUMIHIMO"), words);
    for (char *w = strtok_r(text, " ", &left); w != NULL && n < WORDS;
         w = strtok_r(NULL, " ", &left))
        word[n++] = w;
    word[n] = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_program(s, word);
    return pid;
}

/* Waits until it listens. */
static void begin(served *s, const char *options)
{
    enum { TRIES = 1500 };
    char said[256] = "", words[1024];
    snprintf(words, sizeof words, "serve --data %s --listen 127.0.0.1:0 %s", s->data, options);
    s->pid = run_words(s, words);
    for (int i = 0; i < TRIES && s->port == 0; i++) {
        read_text(said, sizeof said, s->out);
        const char *at = strstr(said, "://127.0.0.1:");
        if (at != NULL && strchr(at, '\n') != NULL)
            (void)sscanf(at, "://127.0.0.1:%d", &s->port);
        else
            nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    }
    s->tls = strstr(said, "https://") != NULL;
    read_text(s->said, sizeof s->said, s->log);
    if (s->port == 0)
        fail_msg("it does not listen: %s", s->said);
}

static void start(served *s, const char *options)
{
    make_place(s);
    begin(s, options);
}

static int forget(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void stop(served *s)
{
    int status = -1;
    kill(s->pid, SIGTERM);
    waitpid(s->pid, &status, 0);
    nftw(s->dir, forget, 16, FTW_DEPTH | FTW_PHYS);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A line of /proc/PID/status: "Seccomp". */
static long long status_of(const served *s, const char *name)
{
    char path[64], text[4096], line[64];
    long long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", s->pid);
    read_text(text, sizeof text, path);
    snprintf(line, sizeof line, "\n%s:", name);
    const char *at = strstr(text, line);
    assert_non_null(at);
    (void)sscanf(at + strlen(line), "%lld", &value);
    return value;
}

/* --- asking --- */

typedef struct asked {
    const char *ca, *cert, *key, *header;
} asked;

static size_t swallow(char *p, size_t size, size_t n, void *self)
{
    (void)p;
    (void)self;
    return size * n;
}

/* The status; 0 when there is no answer. */
static long ask(const served *s, const char *path, asked how)
{
    char url[256];
    long status = 0;
    CURL *c = curl_easy_init();
    struct curl_slist *headers = how.header ? curl_slist_append(NULL, how.header) : NULL;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", s->tls ? "https" : "http", s->port, path);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(c, CURLOPT_CAINFO, how.ca);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    if (how.cert != NULL) {
        curl_easy_setopt(c, CURLOPT_SSLCERT, how.cert);
        curl_easy_setopt(c, CURLOPT_SSLKEY, how.key);
    }
    if (curl_easy_perform(c) == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    return status;
}

static void a_node_confines_itself_and_says_to_what(void **state)
{
    served s;
    (void)state;
    start(&s, "--open");
    assert_int_equal(ask(&s, "/fhir/metadata", (asked){ 0 }), 200);
    if (km_sandbox_can()) {
        assert_int_equal(status_of(&s, "Seccomp"), 2);
        assert_int_equal(status_of(&s, "NoNewPrivs"), 1);
        assert_non_null(strstr(s.said, "confined to"));
        assert_null(strstr(s.said, "NOT CONFINED: files"));
    } else
        assert_non_null(strstr(s.said, "NOT CONFINED: anything"));
    stop(&s);
}

static void a_node_may_ask_the_providers_that_its_store_names_and_what_options_say(void **state)
{
    served s;
    char words[512];
    int status;
    (void)state;
    make_place(&s);
    snprintf(words, sizeof words,
             "provider add clinic --data %s --issuer https://id.example.org:8443/realm --client-id "
             "c --label x --label-en x --allow 127.0.0.1:9191",
             s.data);
    assert_int_equal(waitpid(run_words(&s, words), &status, 0) > 0 ? status : -1, 0);
    begin(&s, "--open --connect 7001,7002");
    if (km_sandbox_can())
        assert_non_null(strstr(s.said, " 80 443 8443 9191 7001 7002 alone"));
    stop(&s);
}

static void a_node_that_is_not_confined_says_so_loudly(void **state)
{
    served s;
    (void)state;
    start(&s, "--open --quiet --no-sandbox");
    assert_int_equal(status_of(&s, "Seccomp"), 0);
    assert_non_null(strstr(s.said, "NOT CONFINED"));
    assert_non_null(strstr(s.said, "隔離は切られています"));
    stop(&s);
}

static void root_serves_as_the_named_user_and_the_data_is_the_users(void **state)
{
    served s;
    struct stat st;
    char db[96];
    const struct passwd *who = getpwnam("nobody");
    (void)state;
    if (geteuid() != 0 || who == NULL) {
        print_message("needs root and a user `nobody`\n");
        skip();
    }
    start(&s, "--open --user nobody");
    assert_int_equal(ask(&s, "/fhir/Patient", (asked){ 0 }), 200);
    assert_int_equal(status_of(&s, "Uid"), who->pw_uid);
    assert_int_equal(status_of(&s, "Gid"), who->pw_gid);
    snprintf(db, sizeof db, "%s/kumihimo.db", s.data);
    assert_int_equal(stat(db, &st), 0);
    assert_int_equal(st.st_uid, who->pw_uid);
    stop(&s);
}

/* --- certificates --- */

typedef struct papers {
    char ca[48], other_ca[48], cert[48], key[48], client[48], client_key[48], stranger[48],
        stranger_key[48];
} papers;

static void write_papers(papers *p)
{
    *p = (papers){ "/tmp/kumihimo-ca-XXXXXX", "/tmp/kumihimo-ca-XXXXXX", "/tmp/kumihimo-c-XXXXXX",
                   "/tmp/kumihimo-k-XXXXXX",  "/tmp/kumihimo-c-XXXXXX",  "/tmp/kumihimo-k-XXXXXX",
                   "/tmp/kumihimo-c-XXXXXX",  "/tmp/kumihimo-k-XXXXXX" };
    party ca = make_party((shape){ .dn = "CN=ca", .authority = true });
    party other = make_party((shape){ .dn = "CN=other", .authority = true });
    party node = make_party((shape){
        .dn = "CN=node", .issuer = &ca, .use = GNUTLS_KP_TLS_WWW_SERVER, .host = "localhost" });
    party client = make_party(
        (shape){ .dn = "CN=client", .issuer = &ca, .use = GNUTLS_KP_TLS_WWW_CLIENT });
    party stranger = make_party(
        (shape){ .dn = "CN=x", .issuer = &other, .use = GNUTLS_KP_TLS_WWW_CLIENT });
    write_certificate(p->ca, &ca);
    write_certificate(p->other_ca, &other);
    write_certificate(p->cert, &node);
    write_key(p->key, &node);
    write_certificate(p->client, &client);
    write_key(p->client_key, &client);
    write_certificate(p->stranger, &stranger);
    write_key(p->stranger_key, &stranger);
    party *all[] = { &ca, &other, &node, &client, &stranger };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free_party(all[i]);
}

static void forget_papers(const papers *p)
{
    const char *all[] = { p->ca,     p->other_ca,   p->cert,     p->key,
                          p->client, p->client_key, p->stranger, p->stranger_key };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)unlink(all[i]);
}

static void a_caller_without_a_good_certificate_gets_no_handshake_where_it_is_required(void **state)
{
    served s;
    papers p;
    char options[512];
    (void)state;
    write_papers(&p);
    snprintf(options, sizeof options,
             "--open --tls-cert %s --tls-key %s --tls-client-ca %s --tls-peer required", p.cert,
             p.key, p.ca);
    start(&s, options);
    assert_true(s.tls);
    assert_int_equal(ask(&s, "/health/live", (asked){ p.ca, p.client, p.client_key, NULL }), 200);
    assert_int_equal(ask(&s, "/health/live", (asked){ p.ca, NULL, NULL, NULL }), 0);
    assert_int_equal(ask(&s, "/health/live", (asked){ p.ca, p.stranger, p.stranger_key, NULL }), 0);
    stop(&s);
    snprintf(options, sizeof options, "--open --tls-cert %s --tls-key %s --tls-client-ca %s",
             p.cert, p.key, p.ca);
    start(&s, options);
    assert_int_equal(ask(&s, "/health/live", (asked){ p.ca, NULL, NULL, NULL }), 200);
    stop(&s);
    forget_papers(&p);
}

/* --- rates --- */

static int count_429(const served *s, int n, bool forwarded)
{
    int refused = 0;
    for (int i = 0; i < n; i++) {
        char line[64];
        snprintf(line, sizeof line, "X-%s: 192.0.2.%d", forwarded ? "Forwarded-For" : "None", i);
        long status = ask(s, "/fhir/metadata", (asked){ .header = line });
        assert_true(status == 200 || status == 429);
        refused += status == 429;
    }
    return refused;
}

static void a_peer_that_asks_too_often_is_refused_and_a_trusted_proxys_callers_apart(void **state)
{
    served s;
    (void)state;
    start(&s, "--open --rate-peer 2");
    assert_true(count_429(&s, 40, false) > 0);
    assert_true(count_429(&s, 10, true) > 0);                     /* nobody's proxy */
    assert_int_equal(ask(&s, "/health/live", (asked){ 0 }), 200); /* watchers are exempt */
    stop(&s);
    start(&s, "--open --rate-peer 2 --trusted-proxy 127.0.0.1");
    assert_int_equal(count_429(&s, 40, true), 0);
    stop(&s);
    start(&s, "--open");
    assert_int_equal(count_429(&s, 40, false), 0);
    stop(&s);
}

/* The operator's token of a node that is not open. */
static void with_token(const served *s, char line[128])
{
    char path[96], text[96];
    snprintf(path, sizeof path, "%s/keys/token", s->data);
    assert_true(read_text(text, sizeof text, path) >= 64);
    snprintf(line, 128, "Authorization: Bearer %.64s", text);
}

static void a_caller_that_asks_too_often_is_refused_and_nobody_else_is(void **state)
{
    served s;
    char line[128];
    int refused = 0;
    (void)state;
    start(&s, "--rate-caller 2");
    with_token(&s, line);
    for (int i = 0; i < 40; i++)
        refused += ask(&s, "/fhir/metadata", (asked){ .header = line }) == 429;
    assert_true(refused > 0);
    assert_int_equal(count_429(&s, 20, false), 0);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_confines_itself_and_says_to_what),
        cmocka_unit_test(a_node_may_ask_the_providers_that_its_store_names_and_what_options_say),
        cmocka_unit_test(a_node_that_is_not_confined_says_so_loudly),
        cmocka_unit_test(root_serves_as_the_named_user_and_the_data_is_the_users),
        cmocka_unit_test(
            a_caller_without_a_good_certificate_gets_no_handshake_where_it_is_required),
        cmocka_unit_test(a_peer_that_asks_too_often_is_refused_and_a_trusted_proxys_callers_apart),
        cmocka_unit_test(a_caller_that_asks_too_often_is_refused_and_nobody_else_is),
    };
    if (getenv("KUMIHIMO") == NULL) {
        print_message("KUMIHIMO names the program\n");
        return 77;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
