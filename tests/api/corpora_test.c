/* SPDX-License-Identifier: Apache-2.0
 *
 * Public lists of attacks, each line and each request of them sent to a confined node as addresses,
 * searches, headers and whole requests: none may be a fault of the server, none may show a file,
 * and the node serves on. The lists are in the sample folder; without it the claims are skipped.
 * KUMIHIMO names the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"
#include "wire.h"

static api_node node;
static km_arena *arena; /* of one list */
static size_t sent;     /* what nftw's callbacks did */

static const char *folder_of(const char *name)
{
    static char path[512];
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    struct stat st;
    snprintf(path, sizeof path, "%s/security/%s", samples ? samples : "../shared/samples", name);
    return stat(path, &st) == 0 ? path : NULL;
}

static void must_live(void)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    assert_int_equal(api_send(&r, arena, node.port, KM_STR("GET"), KM_STR("/health/ready"),
                              KM_STR_NONE, KM_STR_NONE, &f),
                     KM_OK);
    assert_int_equal(r.status, 200);
}

/* --- lines --- */

static km_str encoded(km_str line)
{
    km_buf out = km_buf_in(arena);
    for (size_t i = 0; i < line.n; i++)
        km_buf_print(&out, "%%%02X", (unsigned char)line.p[i]);
    return km_buf_str(&out);
}

static void check_answer(const char *where, km_str line, const api_reply *r)
{
    if (r->status >= 500 || r->status < 200)
        fail_msg("%s %.*s: %d %.*s", where, KM_STR_ARG(line), r->status, KM_STR_ARG(r->body));
    if (r->body.n > 0 && memmem(r->body.p, r->body.n, "root:x:", 7) != NULL)
        fail_msg("%s %.*s: a file is shown", where, KM_STR_ARG(line));
}

static void ask(const char *where, km_str line, km_str target, km_str headers)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    if (api_send(&r, arena, node.port, KM_STR("GET"), target, headers, KM_STR_NONE, &f) != KM_OK)
        fail_msg("%s %.*s: %s", where, KM_STR_ARG(line), f.detail);
    check_answer(where, line, &r);
    sent++;
}

static bool has_only_text(km_str line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] <= ' ' || line.p[i] == 0x7F)
            return false;
    return true;
}

/* Some lists have thousands of lines alike: of those every so manieth. */
static void send_lines(km_str text, size_t most)
{
    size_t lines = 1, number = 0;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    size_t step = lines / most + 1;
    for (km_str left = text; left.n > 0; number++) {
        km_arena_mark here = km_arena_here(arena);
        km_str line = km_str_trim(km_str_cut(left, '\n', &left)), code;
        if (number % step != 0 || line.n == 0 || line.n > 1000)
            continue;
        code = encoded(line);
        ask("search", line,
            km_arena_print(arena, "/fhir/Patient?name=%.*s&_id=%.*s", KM_STR_ARG(code),
                           KM_STR_ARG(code)),
            KM_STR_NONE);
        ask("address", line, km_arena_print(arena, "/fhir/Patient/%.*s", KM_STR_ARG(code)),
            KM_STR_NONE);
        if (has_only_text(line)) {
            ask("raw", line,
                km_arena_print(arena, "%s%.*s", line.p[0] == '/' ? "" : "/", KM_STR_ARG(line)),
                KM_STR_NONE);
            ask("header", line, KM_STR("/fhir/metadata"),
                km_arena_print(arena, "Accept: %.*s\nX-Forwarded-For: %.*s\nX-Request-Id: %.*s\n",
                               KM_STR_ARG(line), KM_STR_ARG(line), KM_STR_ARG(line)));
        }
        km_arena_back(arena, here);
    }
}

static int send_list(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    enum { MOST = 60 };
    km_str text, ending = km_str_of(path);
    km_fault f = { 0 };
    (void)st;
    (void)where;
    if (kind != FTW_F || !km_str_ends(ending, KM_STR(".txt")))
        return 0;
    km_arena_reset(arena);
    assert_int_equal(api_read_file(&text, arena, path, &f), KM_OK);
    send_lines(text, MOST);
    return 0;
}

static void no_attack_of_the_lists_is_a_fault_of_the_server_or_shows_a_file(void **state)
{
    const char *folder = folder_of("fuzzdb");
    (void)state;
    if (folder == NULL) {
        print_message("fuzzdb is not in the sample folder, skipped\n");
        skip();
    }
    sent = 0;
    nftw(folder, send_list, 8, FTW_PHYS);
    assert_true(sent > 1000);
    must_live();
}

/* --- whole requests --- */

/* All that comes back until the other side closes or is silent for a while. */
static km_str exchange(km_str request)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((uint16_t)node.port) };
    struct timeval patience = { .tv_usec = 300000 };
    km_buf out = km_buf_in(arena);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)send(fd, request.p, request.n, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    for (ssize_t n = 1; n > 0; out.n += n > 0 ? (size_t)n : 0) {
        km_buf_reserve(&out, 1 << 14);
        n = recv(fd, out.p + out.n, 1 << 14, 0);
    }
    close(fd);
    return km_buf_str(&out);
}

/* Lines as on the wire; \r, \n, \t and \f stand for what they say. */
static km_str request_of(km_str block)
{
    km_buf out = km_buf_in(arena);
    for (size_t i = 0; i < block.n; i++) {
        bool escape = block.p[i] == '\\' && i + 1 < block.n;
        char c = escape ? block.p[i + 1] : block.p[i];
        const char *at = escape ? strchr("rntf", c) : NULL;
        if (at != NULL) {
            km_buf_char(&out, "\r\n\t\f"[at - strchr("rntf", 'r')]);
            i++;
        } else if (block.p[i] == '\n')
            KM_BUF_LIT(&out, "\r\n");
        else
            km_buf_char(&out, block.p[i]);
    }
    return km_buf_str(&out);
}

/* Every answer in what came: 501 and 505 say what a server is not; other 5xx are its faults. */
static void check_answers(const char *path, km_str request, km_str came)
{
    for (km_str left = came; left.n > 0;) {
        km_str line = km_str_cut(left, '\n', &left);
        int64_t status;
        if (!km_str_starts(line, KM_STR("HTTP/1."))
            || !km_str_to_i64(&status, km_str_sub(line, 9, 3)))
            continue;
        if (status >= 500 && status != 501 && status != 505)
            fail_msg("%s: %lld to\n%.*s", path, (long long)status, KM_STR_ARG(request));
    }
}

static int send_requests(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    static const char open[] = "\n```http\n", close[] = "\n```";
    km_str text;
    km_fault f = { 0 };
    (void)st;
    (void)where;
    if (kind != FTW_F || !km_str_ends(km_str_of(path), KM_STR(".md")))
        return 0;
    km_arena_reset(arena);
    assert_int_equal(api_read_file(&text, arena, path, &f), KM_OK);
    for (size_t at = 0;;) {
        const char *p = memmem(text.p + at, text.n - at, open, sizeof open - 1);
        if (p == NULL)
            break;
        at = (size_t)(p - text.p) + sizeof open - 1;
        const char *end = memmem(text.p + at, text.n - at, close, sizeof close - 1);
        if (end == NULL)
            break;
        km_str request = request_of(km_str_sub(text, at, (size_t)(end - text.p) - at));
        check_answers(path, request, exchange(request));
        sent++;
    }
    return 0;
}

static void no_request_of_the_parsers_suite_is_a_fault_of_the_server(void **state)
{
    const char *folder = folder_of("http-llhttp");
    (void)state;
    if (folder == NULL) {
        print_message("http-llhttp is not in the sample folder, skipped\n");
        skip();
    }
    sent = 0;
    nftw(folder, send_requests, 8, FTW_PHYS);
    assert_true(sent > 90);
    must_live();
}

static int send_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    km_str text;
    km_fault f = { 0 };
    (void)st;
    (void)where;
    if (kind != FTW_F)
        return 0;
    km_arena_reset(arena);
    assert_int_equal(api_read_file(&text, arena, path, &f), KM_OK);
    check_answers(path, text, exchange(text));
    sent++;
    return 0;
}

static void no_request_that_a_fuzzer_found_is_a_fault_of_the_server(void **state)
{
    const char *folder = folder_of("gofuzz/httpreq");
    (void)state;
    if (folder == NULL) {
        print_message("gofuzz is not unpacked in the sample folder, skipped\n");
        skip();
    }
    sent = 0;
    nftw(folder, send_file, 8, FTW_PHYS);
    assert_true(sent > 0);
    must_live();
}

static int start(void **state)
{
    km_fault f = { 0 };
    (void)state;
    arena = km_arena_new((size_t)64 << 20);
    if (api_node_make(&node, &f) != KM_OK
        || api_node_start(&node, arena, KM_STR("--open"), &f) != KM_OK) {
        fprintf(stderr, "%s\n", f.detail);
        return 1;
    }
    return 0;
}

static int stop(void **state)
{
    km_fault f = { 0 };
    (void)state;
    int rc = api_node_stop(&node, &f) == KM_OK ? 0 : 1;
    api_node_free(&node, false);
    km_arena_free(arena);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_attack_of_the_lists_is_a_fault_of_the_server_or_shows_a_file),
        cmocka_unit_test(no_request_of_the_parsers_suite_is_a_fault_of_the_server),
        cmocka_unit_test(no_request_that_a_fuzzer_found_is_a_fault_of_the_server),
    };
    if (getenv("KUMIHIMO") == NULL) {
        print_message("KUMIHIMO names the program\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
