/* SPDX-License-Identifier: Apache-2.0
 *
 * What strangers send: a node of its own is asked from outside, must answer everything with a clear
 * 4xx (or find nothing), keep nothing of it, stay alive and not grow. KUMIHIMO names the program.
 * The public lists (JSONTestSuite, big list of naughty strings) are read from the sample folder
 * where it is there.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node.h"
#include "wire.h"

static const char json_headers[] = "Content-Type: application/fhir+json\n";

/* One node for all claims: what one of them breaks, the next must not find whole. */
static api_node node;
static km_arena *arena; /* of one claim */

static api_reply ask(const char *method, const char *target, const char *headers, km_str body)
{
    km_fault f = { 0 };
    api_reply r = { 0 };
    if (api_send(&r, arena, node.port, km_str_of(method), km_str_of(target), km_str_of(headers),
                 body, &f)
        != KM_OK)
        fail_msg("%s %s: %s", method, target, f.detail);
    return r;
}

static km_jv parsed(const api_reply *r)
{
    km_json *doc;
    km_json_limits wide = { 256, 1u << 30, 1u << 30, 1u << 30 };
    if (km_json_parse(&doc, arena, r->body, &wide, NULL) != KM_OK)
        fail_msg("no JSON: %.*s", KM_STR_ARG(r->body));
    return km_json_root(doc);
}

static void must_refuse(const api_reply *r, const char *what)
{
    if (r->status < 400 || r->status > 499)
        fail_msg("%s: %d %.*s", what, r->status, KM_STR_ARG(r->body));
    if (!km_str_is(km_jv_text(parsed(r), "resourceType"), "OperationOutcome"))
        fail_msg("%s: no OperationOutcome", what);
}

static void nothing_may_be_stored(void)
{
    api_reply r = ask("GET", "/fhir?_summary=count", "", KM_STR_NONE);
    assert_int_equal(r.status, 200);
    assert_true(km_str_is(km_jv_raw(KM_JV_GET(parsed(&r), "total")), "0"));
}

static const char *samples(void)
{
    const char *named = getenv("KUMIHIMO_SAMPLES");
    return named ? named : "../shared/samples";
}

/* --- malformed bodies --- */

static size_t post_minefield(const char *folder)
{
    size_t files = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        km_str text;
        km_fault f = { 0 };
        if (strchr("yni", e->d_name[0]) == NULL || e->d_name[1] != '_')
            continue;
        const char *path = km_arena_print(arena, "%s/%s", folder, e->d_name).p;
        assert_int_equal(api_read_file(&text, arena, path, &f), KM_OK);
        api_reply r = ask("POST", "/fhir/Patient", json_headers, text);
        must_refuse(&r, e->d_name); /* what is JSON there is no Patient */
        km_arena_reset(arena);
        files++;
    }
    closedir(dir);
    return files;
}

static long resident_kib(void)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", node.pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (kib == 0 && fgets(line, sizeof line, f) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kib);
    fclose(f);
    return kib;
}

static void no_file_of_the_minefield_is_stored_or_kept_in_memory(void **state)
{
    (void)state;
    const char *folder =
        km_arena_print(arena, "%s/security/json-testsuite/test_parsing", samples()).p;
    char kept[4096];
    snprintf(kept, sizeof kept, "%s", folder);
    if (post_minefield(kept) == 0) {
        print_message("JSONTestSuite is not in the sample folder, skipped\n");
        skip();
        return;
    }
    long before = resident_kib();
    post_minefield(kept);
    post_minefield(kept);
    assert_true(resident_kib() < before + 32 * 1024);
    nothing_may_be_stored();
}

static km_str nested(size_t depth, const char *open, const char *close)
{
    km_buf b = km_buf_in(arena);
    km_buf_z(&b, "{\"resourceType\":\"Patient\",\"extension\":");
    for (size_t i = 0; i < depth; i++)
        km_buf_z(&b, open);
    km_buf_z(&b, "1");
    for (size_t i = 0; i < depth; i++)
        km_buf_z(&b, close);
    km_buf_z(&b, "}");
    return km_buf_str(&b);
}

static km_str with_name(const char *bytes)
{
    return km_arena_print(arena, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"%s\"}]}",
                          bytes);
}

static void what_is_no_text_no_number_or_too_deep_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *what;
        km_str body;
    } rows[] = {
        { "ten thousand arrays", nested(10000, "[", "]") },
        { "ten thousand objects", nested(10000, "{\"extension\":", "}") },
        { "a hundred extensions", nested(100, "[{\"url\":\"x\",\"extension\":", "}]") },
        { "invalid UTF-8", with_name("\xff\xfe") },
        { "an overlong slash", with_name("\xc0\xaf") },
        { "half of a character", with_name("\xe5\xb1") },
        { "a surrogate in UTF-8", with_name("\xed\xa0\x80") },
        { "a lone surrogate", with_name("\\ud800") },
        { "surrogates the wrong way round", with_name("\\udc00\\ud800") },
        { "an escaped NUL", with_name("\\u0000") },
        { "a control character", with_name("\x01") },
        { "a NUL byte", { "{\"resourceType\":\"Patient\"\0}", 26 } },
        { "a huge number", KM_STR("{\"resourceType\":\"Patient\",\"multipleBirthInteger\":"
                                  "99999999999999999999999999}") },
        { "an endless exponent",
          KM_STR("{\"resourceType\":\"Patient\",\"multipleBirthInteger\":1e999999999}") },
        { "a number as text",
          KM_STR("{\"resourceType\":\"Patient\",\"multipleBirthInteger\":\"1\"}") },
        { "a repeated name",
          KM_STR("{\"resourceType\":\"Patient\",\"active\":true,\"active\":true}") },
        { "a repeated name, escaped",
          KM_STR("{\"resourceType\":\"Patient\",\"active\":true,\"\\u0061ctive\":true}") },
        { "text behind", KM_STR("{\"resourceType\":\"Patient\"} {}") },
        { "a comment", KM_STR("{\"resourceType\":\"Patient\"/**/}") },
        { "an endless name", km_arena_print(arena, "{\"%0100000d\":1}", 1) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        api_reply r = ask("POST", "/fhir/Patient", json_headers, rows[i].body);
        must_refuse(&r, rows[i].what);
        km_str bundle = km_arena_print(
            arena,
            "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{"
            "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"},"
            "\"resource\":%.*s}]}",
            KM_STR_ARG(rows[i].body));
        r = ask("POST", "/fhir", json_headers, bundle);
        must_refuse(&r, rows[i].what);
    }
    nothing_may_be_stored();
}

/* The length alone is enough: the body never comes. */
static int status_of_head(const char *head)
{
    char reply[16] = { 0 };
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)node.port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0);
    assert_true(write(s, head, strlen(head)) == (ssize_t)strlen(head));
    assert_true(recv(s, reply, 12, MSG_WAITALL) == 12);
    close(s);
    return atoi(reply + 9);
}

static void a_body_beyond_the_limit_is_refused_before_it_comes(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
        "Content-Length: 1073741824\r\n\r\n",
        "POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
        "Content-Length: 1073741824\r\n\r\n",
        "POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
        "Content-Length: 99999999999999999999\r\n\r\n",
    };
    assert_int_equal(status_of_head(heads[0]), 413);
    assert_int_equal(status_of_head(heads[1]), 413);
    int status = status_of_head(heads[2]);
    assert_true(status == 400 || status == 413);
}

static void a_wrong_kind_of_body_is_refused(void **state)
{
    static const char *const types[] = { "text/plain",
                                         "application/fhir+xml",
                                         "application/xml",
                                         "application/x-www-form-urlencoded",
                                         "multipart/form-data",
                                         "application/fhir+json;charset=utf-16",
                                         "*/*",
                                         "json/application" };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const char *header = km_arena_print(arena, "Content-Type: %s\n", types[i]).p;
        api_reply r = ask("POST", "/fhir/Patient", header,
                          KM_STR("{\"resourceType\":\"Patient\"}"));
        assert_int_equal(r.status, 415);
        must_refuse(&r, types[i]);
    }
    nothing_may_be_stored();
}

static void tricks_with_addresses_lead_nowhere(void **state)
{
    static const char *const targets[] = {
        "/fhir/Patient/../../etc/passwd",
        "/fhir/%2e%2e/%2e%2e/etc/passwd",
        "/fhir/Patient/a%2fb",
        "/fhir/Patient/a%00b",
        "/fhir/Patient/%ff",
        "/fhir/Patient/%e5%b1",
        "/fhir/Patient/a%0d%0aX-A:b",
        "/fhir//Patient//a%5c..%5cb",
        "/fhir/Patient/%u0041",
        "/fhir/Patient/%zz",
        "/fhir/Patient/a;b=c/_history/1",
        "/fhir/Patient/..%c0%af..",
        "/fhir/patient",
        "/fhir/Patient/a/_history/-1",
        "/fhir/Patient/a/_history/99999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        api_reply r = ask("GET", targets[i], "", KM_STR_NONE);
        must_refuse(&r, targets[i]);
    }
    char longest[20000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    api_reply r = ask("GET", km_arena_print(arena, "/fhir/Patient?name=%s", longest).p, "",
                      KM_STR_NONE);
    assert_true(r.status == 414 || r.status == 431);
}

/* --- naughty strings --- */

typedef struct naughty {
    km_str *text;
    size_t n;
} naughty;

static bool read_naughty(naughty *out, km_arena *a)
{
    km_str text;
    km_json *doc;
    km_fault f = { 0 };
    const char *path = km_arena_print(a, "%s/security/blns/blns.json", samples()).p;
    if (api_read_file(&text, a, path, &f) != KM_OK)
        return false;
    assert_int_equal(km_json_parse(&doc, a, text, NULL, &f), KM_OK);
    out->text = KM_NEW_ARRAY(a, km_jv_count(km_json_root(doc)), km_str);
    for (km_jv_iter i = km_jv_each(km_json_root(doc)); km_jv_next(&i);)
        out->text[out->n++] = km_jv_str(i.value);
    return out->n > 400;
}

static km_str query(const char *head, km_str text)
{
    km_buf b = km_buf_in(arena);
    km_buf_z(&b, head);
    for (size_t i = 0; i < text.n; i++)
        km_buf_print(&b, "%%%02X", (unsigned char)text.p[i]);
    return km_arena_copy(arena, km_buf_str(&b));
}

static void naughty_strings_are_searched_as_any_other(void **state)
{
    static const char *const heads[] = { "name=",
                                         "identifier=",
                                         "birthdate=",
                                         "general-practitioner=",
                                         "_id=",
                                         "_sort=",
                                         "_has:Observation:patient:code=",
                                         "name:exact=",
                                         "_profile=" };
    km_arena *kept = km_arena_new(KM_ARENA_CAP_DEFAULT);
    naughty list = { 0 };
    (void)state;
    if (!read_naughty(&list, kept)) {
        km_arena_free(kept);
        print_message("the big list of naughty strings is not in the sample folder, skipped\n");
        skip();
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        const char *head = heads[i % (sizeof heads / sizeof *heads)];
        km_str asked[] = { query("name=", list.text[i]), query(head, list.text[i]) };
        for (int k = 0; k < 2; k++) {
            const char *target =
                km_arena_print(arena, "/fhir/Patient?%.*s", KM_STR_ARG(asked[k])).p;
            api_reply r = k == 0
                              ? ask("GET", target, "", KM_STR_NONE)
                              : ask("POST", "/fhir/Patient/_search",
                                    "Content-Type: application/x-www-form-urlencoded\n", asked[k]);
            if (r.status != 200)
                must_refuse(&r, target);
        }
        km_arena_reset(arena);
    }
    km_arena_free(kept);
}

/* Every string parameter of every type, all strings at once in a batch of searches. */
static void ask_all(const naughty *list, km_str type, km_str code)
{
    km_buf b = km_buf_in(arena);
    km_buf_z(&b, "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
    for (size_t i = 0; i < list->n; i++) {
        km_str value = query("", list->text[i]);
        km_buf_print(&b, "%s{\"request\":{\"method\":\"GET\",\"url\":\"%.*s?%.*s=%.*s\"}}",
                     i > 0 ? "," : "", KM_STR_ARG(type), KM_STR_ARG(code), KM_STR_ARG(value));
    }
    km_buf_z(&b, "]}");
    api_reply r = ask("POST", "/fhir", json_headers, km_buf_str(&b));
    assert_int_equal(r.status, 200);
    size_t n = 0;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(parsed(&r), "entry")); km_jv_next(&i); n++) {
        km_str status = km_jv_text(i.value, "response.status");
        if (!km_str_starts(status, KM_STR("200")) && !km_str_starts(status, KM_STR("400")))
            fail_msg("%.*s?%.*s: string %zu: %.*s", KM_STR_ARG(type), KM_STR_ARG(code), n,
                     KM_STR_ARG(status));
    }
    assert_int_equal(n, list->n);
}

static void every_string_parameter_takes_every_naughty_string(void **state)
{
    km_arena *kept = km_arena_new(KM_ARENA_CAP_DEFAULT);
    naughty list = { 0 };
    km_str table, rest;
    km_fault f = { 0 };
    size_t params = 0;
    (void)state;
    if (!read_naughty(&list, kept)) {
        km_arena_free(kept);
        skip();
        return;
    }
    assert_int_equal(api_read_file(&table, kept, "data/fhir/params.tsv", &f), KM_OK);
    for (rest = table; rest.n > 0;) {
        km_str cell[5], line = km_str_cut(rest, '\n', &rest);
        for (int i = 0; i < 5; i++)
            cell[i] = km_str_cut(line, '\t', &line);
        if (!km_str_is(cell[4], "string"))
            continue;
        ask_all(&list, cell[2], cell[3]);
        km_arena_reset(arena);
        params++;
    }
    km_arena_free(kept);
    assert_true(params > 100);
}

static void naughty_strings_are_kept_and_found_as_they_came(void **state)
{
    km_arena *kept = km_arena_new(KM_ARENA_CAP_DEFAULT);
    naughty list = { 0 };
    (void)state;
    if (!read_naughty(&list, kept)) {
        km_arena_free(kept);
        skip();
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        km_buf body = km_buf_in(arena);
        km_buf_z(&body, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":");
        km_json_string(&body, list.text[i]);
        km_buf_z(&body, "}]}");
        api_reply r = ask("POST", "/fhir/Patient", json_headers, km_buf_str(&body));
        if (r.status != 201) {
            must_refuse(&r, "a name"); /* empty, or of controls alone: FHIR allows none */
        } else {
            km_jv name = km_jv_item(KM_JV_GET(parsed(&r), "name"), 0);
            assert_true(km_str_eq(km_jv_text(name, "family"), list.text[i]));
        }
        km_arena_reset(arena);
    }
    km_arena_free(kept);
}

static void the_node_still_lives_and_ends_well(void **state)
{
    km_fault f = { 0 };
    (void)state;
    api_reply r = ask("PUT", "/fhir/Patient/last", json_headers,
                      KM_STR("{\"resourceType\":\"Patient\",\"id\":\"last\"}"));
    assert_int_equal(r.status, 201);
    assert_int_equal(api_node_stop(&node, &f), KM_OK);
}

static int open_arena(void **state)
{
    (void)state;
    arena = km_arena_new(SIZE_MAX);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(no_file_of_the_minefield_is_stored_or_kept_in_memory),
        CLAIM(what_is_no_text_no_number_or_too_deep_is_refused),
        CLAIM(a_body_beyond_the_limit_is_refused_before_it_comes),
        CLAIM(a_wrong_kind_of_body_is_refused),
        CLAIM(tricks_with_addresses_lead_nowhere),
        CLAIM(naughty_strings_are_searched_as_any_other),
        CLAIM(every_string_parameter_takes_every_naughty_string),
        CLAIM(naughty_strings_are_kept_and_found_as_they_came),
        CLAIM(the_node_still_lives_and_ends_well),
    };
    km_fault f = { 0 };
    if (getenv("KUMIHIMO") == NULL) {
        print_message("KUMIHIMO names no program, skipped\n");
        return 77;
    }
    open_arena(NULL);
    bool up = api_node_make(&node, &f) == KM_OK
              && api_node_start(&node, arena, KM_STR("--open"), &f) == KM_OK;
    close_arena(NULL);
    if (!up) {
        print_error("%s\n", f.detail);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    api_node_free(&node, failed != 0);
    return failed;
}
