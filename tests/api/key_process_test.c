/* SPDX-License-Identifier: Apache-2.0
 *
 * A node whose keys lie in a process of their own: sealed files there, or a PKCS#11 token (SoftHSM,
 * skipped where it is absent). The node signs its audit and its tokens through the socket and keeps
 * no key. KUMIHIMO names the program.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node.h"
#include "wire.h"

static const char module[] = "/usr/lib/softhsm/libsofthsm2.so";

typedef struct place {
    api_node node;
    km_arena *arena;
    pid_t keyd;
    char keys[96], socket[128];
} place;

static void make_folder(const char *path)
{
    assert_int_equal(mkdir(path, 0700), 0);
}

static int make_place(void **state)
{
    static place p;
    char path[256];
    km_fault f = { 0 };
    p = (place){ .arena = km_arena_new((size_t)64 << 20) };
    assert_int_equal(api_node_make(&p.node, &f), KM_OK);
    snprintf(p.keys, sizeof p.keys, "%s/keyd", p.node.dir);
    snprintf(p.socket, sizeof p.socket, "%s/socket", p.keys);
    make_folder(p.keys);
    snprintf(path, sizeof path, "%s/node", p.node.dir);
    make_folder(path);
    snprintf(path, sizeof path, "%s/node/keys", p.node.dir);
    make_folder(path);
    snprintf(path, sizeof path, "%s/node/keys/operator-a", p.node.dir);
    assert_int_equal(symlink(p.socket, path), 0);
    *state = &p;
    return 0;
}

static void stop_keyd(place *p)
{
    int status = -1;
    if (p->keyd == 0)
        return;
    kill(p->keyd, SIGTERM);
    assert_int_equal(waitpid(p->keyd, &status, 0), p->keyd);
    p->keyd = 0;
    assert_int_equal(status, 0);
}

static int leave_place(void **state)
{
    place *p = *state;
    if (p->keyd != 0)
        kill(p->keyd, SIGKILL);
    api_node_free(&p->node, false);
    km_arena_free(p->arena);
    return 0;
}

static void start_keyd(place *p, const char *const *more)
{
    const char *argv[16] = { getenv("KUMIHIMO"), "keyd",    "--data",     p->keys,
                             "--socket",         p->socket, "--operator", "a" };
    size_t n = 8;
    for (; *more != NULL; more++)
        argv[n++] = *more;
    fflush(NULL);
    p->keyd = fork();
    if (p->keyd == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    for (int i = 0; i < 1500 && access(p->socket, F_OK) != 0; i++)
        usleep(20000);
    assert_int_equal(access(p->socket, F_OK), 0);
}

static api_reply run(place *p, const char *line)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    if (api_node_run(&r, &p->node, p->arena, km_str_of(line), &f) != KM_OK)
        fail_msg("%s: %s", line, f.detail);
    return r;
}

static api_reply ask(place *p, const char *method, const char *target, km_str body)
{
    api_reply r = { 0 };
    km_fault f = { 0 };
    if (api_send(&r, p->arena, p->node.port, km_str_of(method), km_str_of(target),
                 KM_STR("Content-Type: application/fhir+json\n"), body, &f)
        != KM_OK)
        fail_msg("%s %s: %s", method, target, f.detail);
    return r;
}

static void a_node_lives_on_these_keys(place *p)
{
    char path[256], line[512];
    km_fault f = { 0 };
    if (api_node_start(&p->node, p->arena, KM_STR("--open"), &f) != KM_OK)
        fail_msg("%s", f.detail);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            ask(p, "POST", "/fhir/Patient", KM_STR("{\"resourceType\":\"Patient\"}")).status, 201);
    assert_int_equal(ask(p, "GET", "/fhir/Patient", KM_STR_NONE).status, 200);
    assert_int_equal(api_node_stop(&p->node, &f), KM_OK);
    snprintf(path, sizeof path, "%s/node/keys/ring", p->node.dir);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(line, sizeof line, "audit verify --data %s/node", p->node.dir);
    assert_int_equal(run(p, line).status, 0);
    /* Without the process there are no keys, and no node. */
    stop_keyd(p);
    assert_int_not_equal(api_node_start(&p->node, p->arena, KM_STR("--open"), &f), KM_OK);
}

static void a_node_keeps_no_key_when_a_key_process_holds_them(void **state)
{
    place *p = *state;
    char line[512];
    start_keyd(p, (const char *const[]){ NULL });
    a_node_lives_on_these_keys(p);
    snprintf(line, sizeof line, "keys list --data %s", p->keys);
    api_reply r = run(p, line);
    assert_int_equal(r.status, 0);
    assert_true(memmem(r.body.p, r.body.n, "checkpoint\t1\t\n", 14) != NULL);
}

static void a_node_lives_on_the_keys_of_a_token(void **state)
{
    place *p = *state;
    char path[256], command[512];
    if (access(module, R_OK) != 0) {
        printf("skipped: no SoftHSM on this machine\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/tokens", p->keys);
    make_folder(path);
    snprintf(path, sizeof path, "%s/conf", p->keys);
    FILE *out = fopen(path, "w");
    fprintf(out, "directories.tokendir = %s/tokens\nobjectstore.backend = file\n", p->keys);
    fclose(out);
    setenv("SOFTHSM2_CONF", path, 1);
    snprintf(command, sizeof command,
             "softhsm2-util --init-token --free --label node --so-pin 5678 --pin 1234 >/dev/null");
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/pin", p->keys);
    out = fopen(path, "w");
    fprintf(out, "1234\n");
    fclose(out);
    chmod(path, 0400);
    start_keyd(p, (const char *const[]){ "--pkcs11", module, "--token", "node", "--pin-file", path,
                                         NULL });
    a_node_lives_on_these_keys(p);
    snprintf(command, sizeof command, "keys list --pkcs11 %s --token node --pin-file %s", module,
             path);
    api_reply r = run(p, command);
    assert_true(memmem(r.body.p, r.body.n, "checkpoint\t1\t\n", 14) != NULL);
    snprintf(path, sizeof path, "%s/ring", p->keys);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
#define IN_PLACE(t) cmocka_unit_test_setup_teardown(t, make_place, leave_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_node_keeps_no_key_when_a_key_process_holds_them),
        IN_PLACE(a_node_lives_on_the_keys_of_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
