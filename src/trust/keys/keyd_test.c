/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trust/keys/inside.h"

typedef struct place {
    char folder[64], ring[80], socket[80];
    pid_t child;
} place;

static volatile sig_atomic_t stopped;
static void on_term(int s)
{
    (void)s;
    stopped = 1;
}
static bool is_stopped(void)
{
    return stopped != 0;
}

static void start(place *p, unsigned roles)
{
    fflush(NULL);
    p->child = fork();
    assert_true(p->child >= 0);
    if (p->child == 0) {
        km_keys *k;
        km_fault f = { 0 };
        km_keys_folder o = { p->ring, roles, &km_random_real };
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* no test that fails leaves it behind */
        signal(SIGTERM, on_term);
        km_keyd_options serve = { p->socket, NULL, is_stopped, true, p->ring };
        if (km_keys_open(&k, &o, &f) != KM_OK)
            _exit(3);
        serve.keys = k;
        km_code rc = km_keyd_run(&serve, &f);
        km_keys_close(k);
        _exit(rc == KM_OK ? 0 : 4);
    }
}

static int stop(place *p, int with)
{
    int status = 0;
    kill(p->child, with);
    waitpid(p->child, &status, 0);
    return status;
}

static km_keys *reach(place *p)
{
    km_keys *k = NULL;
    for (int i = 0; i < 500; i++) {
        km_fault f = { 0 };
        if (km_keys_connect(&k, p->socket, &f) == KM_OK)
            return k;
        usleep(10000);
    }
    fail_msg("the key process did not start");
    return NULL;
}

static place make(void)
{
    place p = { .child = -1 };
    snprintf(p.folder, sizeof p.folder, P_tmpdir "/kumihimo-keyd-XXXXXX");
    assert_non_null(mkdtemp(p.folder));
    snprintf(p.ring, sizeof p.ring, "%s/ring", p.folder);
    snprintf(p.socket, sizeof p.socket, "%s/socket", p.folder);
    return p;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void leave(place *p)
{
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_key_process_answers_as_a_ring_in_this_process_does(void **state)
{
    (void)state;
    place p = make();
    enum { N = 1000 };
    static km_key_root root[N];
    static unsigned char there[N][32], here[N][32];
    uint32_t v;
    start(&p, KM_KEY_MASK_ALL);
    km_keys *k = reach(&p);
    struct stat st;
    assert_int_equal(stat(p.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    km_key_name d = { KM_KEY_PID_A, KM_STR("urn:kumihimo:dom:care:net-0001"), 0 };
    assert_int_equal(km_keys_make(&v, k, KM_KEY_PID_A, d.name, NULL), KM_OK);
    assert_int_equal(km_keys_make(&v, k, KM_KEY_TOKEN, KM_STR(""), NULL), KM_OK);
    unsigned char sig[64], pub[KM_KEY_PUBLIC_MAX];
    size_t n = 0;
    assert_int_equal(km_keys_sign_token(sig, k, 0, KM_STR("header.body"), NULL), KM_OK);
    assert_int_equal(km_keys_public(pub, &n, k, (km_key_name){ KM_KEY_TOKEN, { "", 0 }, 0 }, NULL),
                     KM_OK);
    assert_int_equal(n, 65);
    km_random_real.fill(NULL, root, sizeof root);
    assert_int_equal(km_keys_pid_a(there, k, d, root, N, NULL), KM_OK);
    km_keys_close(k);
    assert_int_equal(stop(&p, SIGTERM), 0);
    km_keys_folder o = { p.ring, KM_KEY_MASK_ALL, &km_random_real };
    assert_int_equal(km_keys_open(&k, &o, NULL), KM_OK);
    assert_int_equal(km_keys_pid_a(here, k, d, root, N, NULL), KM_OK);
    assert_memory_equal(here, there, sizeof here);
    km_keys_close(k);
    leave(&p);
}

static void a_key_process_that_dies_is_busy_and_the_next_one_is_found(void **state)
{
    (void)state;
    place p = make();
    unsigned char one[16], two[16];
    uint32_t v;
    start(&p, KM_KEY_MASK_ALL);
    km_keys *k = reach(&p);
    assert_int_equal(km_keys_make(&v, k, KM_KEY_INDEX, KM_STR(""), NULL), KM_OK);
    assert_int_equal(km_keys_index(one, k, 0, KM_STR("\0\1x"), NULL), KM_OK);
    for (int round = 0; round < 3; round++) {
        km_fault f = { 0 };
        stop(&p, SIGKILL);
        assert_int_equal(km_keys_index(two, k, 0, KM_STR("\0\1x"), &f), KM_BUSY);
        assert_string_equal(f.detail, "the key process does not answer");
        start(&p, KM_KEY_MASK_ALL);
        km_keys_close(reach(&p));
        assert_int_equal(km_keys_index(two, k, 0, KM_STR("\0\1x"), NULL), KM_OK);
        assert_memory_equal(one, two, 16);
    }
    km_keys_close(k);
    assert_int_equal(stop(&p, SIGTERM), 0);
    leave(&p);
}

static void operators_in_two_processes_hold_only_their_own_keys(void **state)
{
    (void)state;
    place a = make(), b = make();
    km_str domain = KM_STR("urn:kumihimo:dom:research:ndb");
    uint32_t v;
    km_fault f = { 0 }, g = { 0 };
    start(&a, KM_KEY_MASK_A);
    start(&b, KM_KEY_MASK_B);
    km_keys *ka = reach(&a), *kb = reach(&b);
    assert_int_equal(km_keys_make(&v, ka, KM_KEY_PID_A, domain, NULL), KM_OK);
    assert_int_equal(km_keys_make(&v, kb, KM_KEY_PID_B, domain, NULL), KM_OK);
    assert_int_equal(km_keys_make(&v, ka, KM_KEY_PID_B, domain, &f), KM_FORBIDDEN);
    assert_int_equal(km_keys_make(&v, kb, KM_KEY_PID_A, domain, &g), KM_FORBIDDEN);
    km_keys_close(ka);
    km_keys_close(kb);
    assert_int_equal(stop(&a, SIGTERM), 0);
    assert_int_equal(stop(&b, SIGTERM), 0);
    leave(&a);
    leave(&b);
}

static void whatever_is_sent_the_next_client_is_served(void **state)
{
    (void)state;
    place p = make();
    uint64_t seed = 88172645463325252ULL;
    uint32_t v = 0;
    start(&p, KM_KEY_MASK_ALL);
    km_keys *k = reach(&p);
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    memcpy(at.sun_path, p.socket, sizeof p.socket);
    for (int round = 0; round < 400; round++) {
        unsigned char noise[64];
        for (size_t i = 0; i < sizeof noise; i++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            noise[i] = (unsigned char)(seed >> 24);
        }
        if (round % 2 == 0) /* a likely length and form */
            memcpy(noise, "\0\0\0\x10\1", 5);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
        (void)send(fd, noise, (size_t)(round % 64) + 1, MSG_NOSIGNAL);
        close(fd);
    }
    assert_int_equal(km_keys_make(&v, k, KM_KEY_INDEX, KM_STR(""), NULL), KM_OK);
    km_keys_close(k);
    assert_int_equal(stop(&p, SIGTERM), 0);
    leave(&p);
}

/* Runs only where the test may become another user. */
static void a_process_of_another_user_is_not_heard(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        printf("skipped: only root can become another user\n");
        skip();
    }
    place p = make();
    start(&p, KM_KEY_MASK_ALL);
    km_keys_close(reach(&p));
    assert_int_equal(chmod(p.folder, 0755), 0);
    assert_int_equal(chmod(p.socket, 0666), 0);
    fflush(NULL);
    pid_t other = fork();
    if (other == 0) {
        km_keys *k;
        uint32_t v;
        km_fault f = { 0 };
        if (setuid(65534) != 0 || km_keys_connect(&k, p.socket, &f) != KM_OK)
            _exit(1);
        _exit(km_keys_make(&v, k, KM_KEY_INDEX, KM_STR(""), &f) == KM_BUSY ? 0 : 2);
    }
    int status = -1;
    waitpid(other, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(stop(&p, SIGTERM), 0);
    leave(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_process_answers_as_a_ring_in_this_process_does),
        cmocka_unit_test(a_key_process_that_dies_is_busy_and_the_next_one_is_found),
        cmocka_unit_test(operators_in_two_processes_hold_only_their_own_keys),
        cmocka_unit_test(whatever_is_sent_the_next_client_is_served),
        cmocka_unit_test(a_process_of_another_user_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
