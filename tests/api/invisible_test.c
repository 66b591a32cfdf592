/* SPDX-License-Identifier: Apache-2.0
 *
 * Identifiers are invisible: a node with enrolled people is asked for everything that it says
 * (pages, errors, metrics, exports, audit, log lines), and all its files are read. No identifier,
 * token or proof occurs anywhere, but in the answer to a client that is registered for the domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "base/hash.h"
#include "node.h"
#include "wire.h"

enum { PEOPLE = 40, SECRETS = 1024 };
#define CARE "urn:kumihimo:dom:care:net-0001"
#define CLAIMS "urn:kumihimo:dom:claims:all"

typedef struct world {
    api_node node;
    km_arena *a;
    km_fault f;
    km_str secret[SECRETS];
    size_t n;
    char token[PEOPLE][KM_TOKEN_LEN + 1]; /* of CARE */
} world;

static const km_service *const no_services[] = { NULL };
static const km_decided decided = { KM_STR_INIT("case"), KM_STR_INIT("one"), KM_STR_INIT("two") };

static void must(world *w, km_code rc)
{
    if (rc != KM_OK)
        fail_msg("%s at %s: %s", km_code_name(rc), w->f.path, w->f.detail);
}

static void keep(world *w, const void *p, size_t n)
{
    assert_true(w->n < SECRETS);
    w->secret[w->n++] = km_arena_copy(w->a, (km_str){ p, n });
}

static bool shows(const world *w, km_str text)
{
    for (size_t i = 0; i < w->n; i++)
        if (text.n > 0 && memmem(text.p, text.n, w->secret[i].p, w->secret[i].n) != NULL)
            return true;
    return false;
}

/* --- people --- */

typedef struct domain_wish {
    km_persons *p;
    const km_domain_rules *r;
} domain_wish;

static km_code add_domain(void *self, km_txn *t, km_fault *f)
{
    domain_wish *d = self;
    return km_persons_add_domain(d->p, d->r, &decided, t, f);
}

static void make_domain(world *w, km_node *n, km_persons *p, const char *uri, km_call *call)
{
    km_domain_rules rules = { km_str_of(uri), KM_STR("test"), 60, 0 };
    km_holder h = { .client = KM_STR("open"),
                    .jwk = KM_STR(""),
                    .flags = KM_HOLDER_OWNER | KM_HOLDER_ISSUES };
    domain_wish d = { p, &rules };
    must(w, km_persons_prepare_domain(p, &rules, call));
    must(w, km_log_work(n->log, add_domain, &d, &w->f));
    must(w, km_persons_reload(p, &w->f));
    if (strcmp(uri, CARE) == 0)
        must(w, km_persons_put_holder(p, rules.uri, &h, call));
}

static void enrol(world *w, km_persons *p, int i, km_call *call)
{
    int64_t person;
    bool made;
    km_str number = km_arena_print(w->a, "%09d", 765400000 + i);
    km_id_proof q = { .system = KM_STR("insno"),
                      .part = { KM_STR("01130012"), KM_STR("記号"), number, KM_STR("00") },
                      .parts = 4,
                      .source = KM_STR("01130012") };
    static const char *const in[] = { CARE, CLAIMS };
    must(w, km_persons_enrol(&person, &made, p, &q, 1, call));
    keep(w, number.p, number.n);
    for (int k = 0; k < 2; k++) {
        km_pid pid;
        km_domain d;
        must(w, km_persons_issue(&pid, &d, p, km_str_of(in[k]), person, call));
        km_pid_token t = km_identity_token(&d, &pid);
        keep(w, pid.v, sizeof pid.v);
        km_str hex = km_hex(w->a, pid.v, sizeof pid.v);
        keep(w, hex.p, hex.n);
        keep(w, t.v, KM_TOKEN_LEN);
        if (k == 0)
            memcpy(w->token[i], t.v, sizeof t.v);
    }
}

static void populate(world *w)
{
    char data[100];
    snprintf(data, sizeof data, "%s/node", w->node.dir);
    km_config c = { .data_dir = data, .open = true, .quiet = true };
    km_node *n;
    km_persons *p;
    km_own_call own;
    must(w, km_node_open(&n, &c, no_services, &w->f));
    km_own_call_open(&own, n, "job:test", KM_ARENA_CAP_DEFAULT);
    own.call.fault = &w->f;
    must(w, km_node_persons(&p, n, &w->f));
    make_domain(w, n, p, CARE, &own.call);
    make_domain(w, n, p, CLAIMS, &own.call);
    for (int i = 0; i < PEOPLE; i++)
        enrol(w, p, i, &own.call);
    km_own_call_close(&own);
    km_node_close(n);
}

/* --- asking --- */

static api_reply ask(world *w, const char *method, const char *target, km_str body)
{
    api_reply out = { 0 };
    km_fault_clear(&w->f);
    must(w, api_send(&out, w->a, w->node.port, km_str_of(method), km_str_of(target),
                     KM_STR("Content-Type: application/json\n"), body, &w->f));
    return out;
}

static void an_answer_shows_nothing(world *w, const char *method, const char *target, km_str body)
{
    api_reply out = ask(w, method, target, body);
    if (shows(w, out.body))
        fail_msg("%s %s answers %d with a secret", method, target, out.status);
}

/* The text with `word` in the place of each '@'. */
static km_str filled(world *w, const char *text, const char *word)
{
    km_buf out = km_buf_in(w->a);
    for (; *text != '\0'; text++)
        if (*text == '@')
            km_buf_z(&out, word);
        else
            km_buf_char(&out, *text);
    return km_buf_str(&out);
}

static void no_answer_shows_an_identifier(world *w)
{
    static const char *const pages[] = { "/",
                                         "/metrics",
                                         "/health/ready",
                                         "/api/permissions",
                                         "/id/domains",
                                         "/id/permits",
                                         "/id/open-answers",
                                         "/id/cases",
                                         "/fhir/metadata",
                                         "/fhir/Patient",
                                         "/api/sharing/persons",
                                         "/api/audit",
                                         "/nothing" };
    static const char *const bodies[] = { "{\"token\":\"@\"}",
                                          "{\"token\":\"@\",\"more\":1}",
                                          "{\"person\":\"@\",\"domain\":\"" CARE "\"}",
                                          "{\"proofs\":\"@\"}",
                                          "{\"domain\":\"@\"}",
                                          "{\"kind\":\"@\"}",
                                          "@" };
    static const char *const routes[] = { "/id/resolve",   "/id/issue",      "/id/enrol",
                                          "/id/events",    "/id/cases",      "/id/merge",
                                          "/id/translate", "/id/rekey/feed", "/id/revoke" };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        an_answer_shows_nothing(w, "GET", pages[i], KM_STR_NONE);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++)
            an_answer_shows_nothing(w, "POST", routes[i], filled(w, bodies[k], w->token[i]));
}

static void a_registered_client_is_shown_its_own(world *w)
{
    api_reply out = ask(w, "POST", "/id/resolve", filled(w, "{\"token\":\"@\"}", w->token[3]));
    if (out.status != 200)
        fail_msg("%d: %.*s", out.status, KM_STR_ARG(out.body));
    km_json *doc;
    must(w, km_json_parse(&doc, w->a, out.body, NULL, &w->f));
    km_str handle = km_jv_text(km_json_root(doc), "person");
    km_str body = km_arena_print(w->a, "{\"person\":\"%.*s\",\"domain\":\"" CARE "\"}",
                                 KM_STR_ARG(handle));
    out = ask(w, "POST", "/id/issue", body);
    assert_int_equal(out.status, 200);
    assert_true(shows(w, out.body)); /* so the search does find what is there */
    /* Nobody is registered for the other domain: it does not exist. */
    body = km_arena_print(w->a, "{\"person\":\"%.*s\",\"domain\":\"" CLAIMS "\"}",
                          KM_STR_ARG(handle));
    out = ask(w, "POST", "/id/issue", body);
    assert_int_equal(out.status, 404);
}

static void no_command_shows_an_identifier(world *w)
{
    static const char *const commands[] = { "identifiers domains --data @/node",
                                            "audit export --data @/node",
                                            "audit export --format fhir --data @/node",
                                            "export --out @/export.ndjson --data @/node",
                                            "verify --data @/node" };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        api_reply out = { 0 };
        must(w, api_node_run(&out, &w->node, w->a, filled(w, commands[i], w->node.dir), &w->f));
        if (out.status != 0 || shows(w, out.body))
            fail_msg("%s ends with %d, or shows a secret", commands[i], out.status);
    }
}

/* --- files --- */

static world *walking;
static int files;

static int read_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)at;
    if (kind != FTW_F)
        return 0;
    km_arena *a = km_arena_new((size_t)1 << 28);
    km_str text;
    km_fault f = { 0 };
    if (api_read_file(&text, a, path, &f) == KM_OK) {
        files++;
        if (shows(walking, text))
            fail_msg("%s holds a secret", path);
    }
    km_arena_free(a);
    return 0;
}

static void no_file_holds_an_identifier(world *w)
{
    walking = w;
    files = 0;
    assert_int_equal(nftw(w->node.dir, read_file, 16, FTW_PHYS), 0);
    assert_true(files > 6); /* store, keys, audit, log, output */
}

static void identifiers_are_invisible(void **state)
{
    static world w;
    (void)state;
    if (getenv("KUMIHIMO") == NULL)
        skip();
    w.a = km_arena_new((size_t)1 << 28);
    must(&w, api_node_make(&w.node, &w.f));
    populate(&w);
    assert_true(w.n >= PEOPLE * 7);
    must(&w, api_node_start(&w.node, w.a, KM_STR("--open"), &w.f));
    no_answer_shows_an_identifier(&w);
    a_registered_client_is_shown_its_own(&w);
    no_file_holds_an_identifier(&w); /* while it serves: write-ahead logs too */
    must(&w, api_node_stop(&w.node, &w.f));
    no_command_shows_an_identifier(&w);
    no_file_holds_an_identifier(&w);
    api_node_free(&w.node, false);
    km_arena_free(w.a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(identifiers_are_invisible) };
    return cmocka_run_group_tests_name("identifiers", tests, NULL, NULL);
}
