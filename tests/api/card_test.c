/* SPDX-License-Identifier: Apache-2.0
 *
 * Cards at the front door: a node that trusts the TEST authority of `kumihimo pki test-ca` is asked
 * with each of its certificates, each signing its challenge rightly. KUMIHIMO names the program,
 * SIMULATED_OCSP the responder of that authority.
 */
#include <setjmp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/hash.h"
#include "node.h"
#include "wire.h"

static api_node node;
static km_arena *arena;

/* In the node's folder. */
static void shell(const char *words)
{
    char command[1024];
    snprintf(command, sizeof command, "cd %s && %s", node.dir, words);
    assert_int_equal(system(command), 0);
}

static int start(void **state)
{
    km_fault f = { 0 };
    (void)state;
    arena = km_arena_new((size_t)64 << 20);
    if (api_node_make(&node, &f) != KM_OK)
        fail_msg("%s", f.detail);
    char program[PATH_MAX];
    assert_non_null(realpath(getenv("KUMIHIMO"), program));
    setenv("TEST_CA_MAKER", program, 1);
    shell("\"$TEST_CA_MAKER\" pki test-ca ca 2>/dev/null && mkdir -p node/certificates"
          " && cp ca/anchors-hpki.pem node/certificates/hpki.pem"
          " && cp ca/anchors-jpki.pem node/certificates/jpki.pem"
          " && cp ca/*.crl node/certificates");
    if (api_node_start(&node, arena, KM_STR("--demo"), &f) != KM_OK)
        fail_msg("%s", f.detail);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    api_node_free(&node, false);
    km_arena_free(arena);
    return 0;
}

static api_reply post(const char *target, const char *headers, km_str body)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    km_str all = km_arena_print(arena,
                                "Content-Type: application/json\nOrigin: http://127.0.0.1:%d\n%s",
                                node.port, headers);
    if (api_send(&r, arena, node.port, KM_STR("POST"), km_str_of(target), all, body, &f) != KM_OK)
        fail_msg("%s", f.detail);
    return r;
}

static FILE *open_file(const char *name, const char *end)
{
    char path[256];
    snprintf(path, sizeof path, "%s/ca/%s.%s", node.dir, name, end);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    return in;
}

/* "base64","base64": the chain of the file. */
static km_str chain(const char *name)
{
    FILE *in = open_file(name, "pem");
    km_buf b = km_buf_in(arena);
    for (X509 *x; (x = PEM_read_X509(in, NULL, NULL, NULL)) != NULL; X509_free(x)) {
        unsigned char *der = NULL;
        int n = i2d_X509(x, &der);
        km_buf_print(&b, "%s\"%.*s\"", b.n > 0 ? "," : "",
                     KM_STR_ARG(km_base64(arena, der, (size_t)n)));
        OPENSSL_free(der);
    }
    fclose(in);
    return km_buf_str(&b);
}

static km_str sign(const char *name, km_str text, bool *rsa)
{
    unsigned char sig[512];
    size_t n = sizeof sig;
    FILE *in = open_file(name, "key");
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    fclose(in);
    *rsa = EVP_PKEY_is_a(key, "RSA");
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, sig, &n, (const unsigned char *)text.p, text.n), 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return km_base64url(arena, sig, n);
}

/* "Cookie: name=value\n" of the first Set-Cookie. */
static const char *cookie_of(const api_reply *r)
{
    static const char header[] = "set-cookie: ";
    for (km_str rest = r->headers; rest.n > 0;) {
        km_str line = km_str_trim(km_str_cut(rest, '\n', &rest));
        km_str name = km_str_sub(line, 0, sizeof header - 1), value;
        if (!km_str_eq_nocase(name, km_str_of(header)))
            continue;
        value = km_str_sub(line, sizeof header - 1, line.n);
        value.n = km_str_find(value, ';');
        return km_arena_print(arena, "Cookie: %.*s\n", KM_STR_ARG(value)).p;
    }
    fail_msg("no cookie");
    return NULL;
}

static km_jv parsed(const api_reply *r)
{
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, arena, r->body, NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static const char proved[] = "the proof holds, but this node has no account for it";

static void is_answered(const char *name, const char *kind, int status, const char *says)
{
    bool rsa;
    api_reply r = post("/sign-in/card", "", km_arena_print(arena, "{\"kind\":\"%s\"}", kind));
    assert_int_equal(r.status, 200);
    km_str sig = sign(name, km_jv_text(parsed(&r), "text"), &rsa);
    km_str body = km_arena_print(
        arena, "{\"certificates\":[%.*s],\"algorithm\":\"%s\",\"signature\":\"%.*s\"}",
        KM_STR_ARG(chain(name)), rsa ? "RSA-PKCS1" : "ECDSA", KM_STR_ARG(sig));
    r = post("/sign-in/card/done", cookie_of(&r), body);
    km_str said = km_jv_text(km_jv_item(KM_JV_GET(parsed(&r), "issue"), 0), "diagnostics");
    if (r.status != status || !km_str_is(said, says))
        fail_msg("%s as %s: %d, %.*s", name, kind, r.status, KM_STR_ARG(r.body));
}

static void each_certificate_is_answered_by_what_is_wrong_with_it(void **state)
{
    static const struct {
        const char *name, *kind, *says;
    } rows[] = {
        { "doctor", "hpki", proved },
        { "pharmacist", "hpki", proved },
        { "emergency-medical-technician", "hpki", proved },
        { "citizen", "jpki", proved },
        { "doctor-revoked", "hpki", "was revoked" },
        { "doctor-expired", "hpki", "has expired" },
        { "doctor-early", "hpki", "is not valid yet" },
        { "doctor-wrong-policy", "hpki", "the chain has none of the policies asked for" },
        { "doctor-other-ca", "hpki", "the chain has none of the policies asked for" },
        { "doctor-stranger", "hpki", "the chain does not end at a trusted authority" },
        { "doctor-critical", "hpki", "a critical extension is not known" },
        { "doctor-no-role", "hpki", "is missing" },
        { "doctor-two-roles", "hpki", "more than one role" },
        { "doctor-unknown-role", "hpki", "a role that is not known" },
        { "doctor-of-doctor", "hpki", "an issuer in the chain is no authority" },
        { "doctor-sign", "hpki", "the chain has none of the policies asked for" },
        { "citizen-revoked", "jpki", "was revoked" },
        { "citizen-expired", "jpki", "has expired" },
        { "citizen-sign", "jpki",
          "a JPKI certificate for signatures is not taken; use the one for user authentication" },
        { "doctor", "jpki", "the chain does not end at a trusted authority" },
        { "citizen", "hpki", "the chain does not end at a trusted authority" },
        { "client", "hpki", "the chain does not end at a trusted authority" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        is_answered(rows[i].name, rows[i].kind, 401, rows[i].says);
}

/* --- asking the authority's responder ------------------------------------------------------- */

typedef struct responder {
    pid_t pid;
    int port;
} responder;

static responder respond(const char *mode)
{
    responder r = { 0 };
    int way[2];
    char folder[80], text[16] = "";
    snprintf(folder, sizeof folder, "%s/ca", node.dir);
    assert_int_equal(pipe(way), 0);
    r.pid = fork();
    if (r.pid == 0) {
        dup2(way[1], STDOUT_FILENO);
        close(way[0]);
        close(way[1]);
        execl(getenv("SIMULATED_OCSP"), "simulated_ocsp", folder, "hpki-auth-ca", "hpki-ocsp", mode,
              "0", (char *)NULL);
        _exit(127);
    }
    close(way[1]);
    assert_true(read(way[0], text, sizeof text - 1) > 0);
    close(way[0]);
    r.port = atoi(text);
    return r;
}

static void fall_silent(const responder *r)
{
    assert_int_equal(kill(r->pid, SIGKILL), 0);
    assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
}

/* A node that has no list of the professionals' authority, but its responder at this port. */
static void restart(int port, const char *without, const char *nonce)
{
    km_fault f = { 0 };
    char words[512];
    if (node.pid != 0 && api_node_stop(&node, &f) != KM_OK)
        fail_msg("%s", f.detail);
    snprintf(words, sizeof words,
             "rm -f node/certificates/hpki-auth-ca.crl && printf 'kind\\turl\\twithout\\tnonce\\n"
             "hpki\\thttp://127.0.0.1:%d/ocsp\\t%s\\t%s\\n' > node/certificates/responders.tsv",
             port, without, nonce);
    shell(words);
    if (api_node_start(&node, arena, KM_STR("--demo"), &f) != KM_OK)
        fail_msg("%s", f.detail);
}

static void a_responder_says_what_no_list_says_and_good_is_kept(void **state)
{
    (void)state;
    responder r = respond("honest");
    restart(r.port, "refuse", "needed");
    is_answered("doctor", "hpki", 401, proved);
    is_answered("doctor-revoked", "hpki", 401, "was revoked");
    is_answered("doctor-expired", "hpki", 401, "has expired");
    is_answered("citizen", "jpki", 401, proved); /* by lists, as before */
    is_answered("citizen-revoked", "jpki", 401, "was revoked");
    fall_silent(&r);
    is_answered("doctor", "hpki", 401, proved);
    is_answered("pharmacist", "hpki", 502, "no connection");
    is_answered("doctor-revoked", "hpki", 502, "no connection");
}

static void an_answer_that_does_not_count_lets_nobody_in(void **state)
{
    static const struct {
        const char *mode, *nonce, *says;
        int status;
    } rows[] = {
        { "other-nonce", "any", "the answer is to another question (nonce)", 502 },
        { "no-nonce", "needed", "the answer is to another question (nonce)", 502 },
        { "no-nonce", "any", proved, 401 },
        { "old", "any", "the answer is too old", 502 },
        { "expired", "any", "the answer has expired", 502 },
        { "future", "any", "thisUpdate lies in the future", 502 },
        { "other", "any", "the answer is about another certificate", 502 },
        { "try-later", "any", "the responder answers with an error", 502 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        responder r = respond(rows[i].mode);
        restart(r.port, "refuse", rows[i].nonce);
        is_answered("doctor", "hpki", rows[i].status, rows[i].says);
        fall_silent(&r);
    }
}

static void a_list_may_speak_for_a_silent_responder_and_nothing_else_may(void **state)
{
    (void)state;
    responder r = respond("try-later");
    restart(r.port, "list", "needed");
    is_answered("doctor", "hpki", 503, "no fresh list says whether the certificate is revoked");
    shell("cp ca/hpki-auth-ca.crl node/certificates/new && mv node/certificates/new"
          " node/certificates/hpki-auth-ca.crl");
    km_fault f = { 0 };
    assert_int_equal(api_node_stop(&node, &f), KM_OK);
    assert_int_equal(api_node_start(&node, arena, KM_STR("--demo"), &f), KM_OK);
    is_answered("doctor", "hpki", 401, proved);
    is_answered("doctor-revoked", "hpki", 401, "was revoked");
    fall_silent(&r);
    is_answered("pharmacist", "hpki", 401, proved);
}

static void a_table_that_is_wrong_opens_nothing(void **state)
{
    (void)state;
    restart(1, "guess", "needed");
    api_reply r = post("/sign-in/card", "", KM_STR("{\"kind\":\"hpki\"}"));
    assert_int_equal(r.status, 400); /* cards of this kind are not taken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_certificate_is_answered_by_what_is_wrong_with_it),
        cmocka_unit_test(a_responder_says_what_no_list_says_and_good_is_kept),
        cmocka_unit_test(an_answer_that_does_not_count_lets_nobody_in),
        cmocka_unit_test(a_list_may_speak_for_a_silent_responder_and_nothing_else_may),
        cmocka_unit_test(a_table_that_is_wrong_opens_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
