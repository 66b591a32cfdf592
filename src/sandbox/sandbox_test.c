/* SPDX-License-Identifier: Apache-2.0
 *
 * What a confined process can and cannot do, each tried by a child of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

typedef struct house {
    char dir[64], inside[80];
    int listener; /* on loopback; its port may be asked */
    uint16_t port;
    int other; /* may not */
    uint16_t other_port;
} house;

static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 4) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static int set_up(void **state)
{
    static house h;
    snprintf(h.dir, sizeof h.dir, "/tmp/kumihimo-sandbox-XXXXXX");
    assert_non_null(mkdtemp(h.dir));
    snprintf(h.inside, sizeof h.inside, "%s/inside", h.dir);
    h.listener = listen_somewhere(&h.port);
    h.other = listen_somewhere(&h.other_port);
    *state = &h;
    return 0;
}

static int tear_down(void **state)
{
    house *h = *state;
    close(h->listener);
    close(h->other);
    (void)unlink(h->inside);
    return rmdir(h->dir);
}

/* How a child ended that went in as `kind` and then tried: exit code, or 128 and the signal. */
static int try_in(km_sandbox_kind kind, const house *h, int (*attempt)(const house *h))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        km_fault f = { 0 };
        km_sandbox_report report;
        km_sandbox_place place = { h->dir, KM_SANDBOX_READ | KM_SANDBOX_WRITE };
        km_sandbox_places places = { &place, 1, &h->port, 1 };
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (km_sandbox_enter(kind, &places, &report, &f) != KM_OK) {
            fprintf(stderr, "%s %s\n", f.path, f.detail);
            _exit(99);
        }
        _exit(attempt(h));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void skip_unless_confined(void)
{
    if (!km_sandbox_can()) {
        print_message("this build is watched by a sanitizer or counts lines: not confined\n");
        skip();
    }
}

static int open_passwd(const house *h)
{
    (void)h;
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1;
}

static int list_root(const house *h)
{
    (void)h;
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1;
}

static int write_outside(const house *h)
{
    (void)h;
    return open("/tmp/kumihimo-outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0
                   && errno == EACCES
               ? 0
               : 1;
}

static int write_inside(const house *h)
{
    char moved[96];
    snprintf(moved, sizeof moved, "%s.2", h->inside);
    int fd = open(h->inside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 4096) == 0 && fsync(fd) == 0;
    void *p = done ? mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    return done && p != MAP_FAILED && rename(h->inside, moved) == 0 && unlink(moved) == 0 ? 0 : 1;
}

static void a_confined_node_opens_its_folder_and_no_other(void **state)
{
    const house *h = *state;
    skip_unless_confined();
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, open_passwd), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, list_root), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, write_outside), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, write_inside), 0);
    assert_int_equal(try_in(KM_SANDBOX_KEYD, h, open_passwd), 0);
}

static int call_port(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
}

static int call_named(const house *h)
{
    return call_port(h->port);
}

static int call_other(const house *h)
{
    return call_port(h->other_port) == EACCES ? 0 : 1;
}

static int bind_any(const house *h)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)h;
    return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno == EACCES ? 0 : 1;
}

static int abi_of_kernel(void)
{
    return (int)syscall(444, NULL, 0, 1);
}

static void a_confined_node_asks_named_ports_only_and_opens_none(void **state)
{
    const house *h = *state;
    skip_unless_confined();
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, call_named), 0);
    if (abi_of_kernel() < 4)
        skip();
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, call_other), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, h, bind_any), 0);
}

static int run_program(const house *h)
{
    (void)h;
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int run_shell(const house *h)
{
    (void)h;
    return system("true");
}

static int fork_process(const house *h)
{
    (void)h;
    return fork() == 0 ? 0 : 1;
}

static int debug_parent(const house *h)
{
    (void)h;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 1 : 2;
}

static int raw_socket(const house *h)
{
    (void)h;
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0 ? 1 : 2;
}

static int listen_unbound(const house *h)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)h;
    return listen(fd, 1);
}

static int run_what_was_written(const house *h)
{
    (void)h;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                   == MAP_FAILED
               ? 2
               : 1;
}

static int make_runnable(const house *h)
{
    (void)h;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? 1 : 2;
}

static int become_root(const house *h)
{
    (void)h;
    return setuid(0) == 0 ? 1 : 2;
}

static int set_limit(const house *h)
{
    struct rlimit r = { 1, 1 };
    (void)h;
    return syscall(SYS_setrlimit, RLIMIT_NOFILE, &r) != 0 && errno == EPERM ? 0 : 1;
}

static void a_forbidden_call_ends_the_process(void **state)
{
    int (*const forbidden[])(const house *) = { run_program,  run_shell,     fork_process,
                                                debug_parent, raw_socket,    listen_unbound,
                                                become_root,  make_runnable, run_what_was_written };
    skip_unless_confined();
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        assert_int_equal(try_in(KM_SANDBOX_SERVE, *state, forbidden[i]), 128 + SIGSYS);
        assert_int_equal(try_in(KM_SANDBOX_KEYD, *state, forbidden[i]), 128 + SIGSYS);
        assert_int_equal(try_in(KM_SANDBOX_WORKER, *state, forbidden[i]), 128 + SIGSYS);
    }
    assert_int_equal(try_in(KM_SANDBOX_SERVE, *state, set_limit), 0);
}

static void *nothing(void *p)
{
    return p;
}

static int start_thread(const house *h)
{
    pthread_t t;
    (void)h;
    return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 ? 0 : 1;
}

static int is_closed_to_others(const house *h)
{
    struct rlimit core;
    (void)h;
    return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0
               ? 0
               : 1;
}

static int die_by_assertion(const house *h)
{
    (void)h;
    abort();
}

static void a_confined_node_still_has_threads_and_aborts_without_a_core(void **state)
{
    skip_unless_confined();
    assert_int_equal(try_in(KM_SANDBOX_SERVE, *state, start_thread), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, *state, is_closed_to_others), 0);
    assert_int_equal(try_in(KM_SANDBOX_SERVE, *state, die_by_assertion), 128 + SIGABRT);
    assert_int_equal(try_in(KM_SANDBOX_WORKER, *state, die_by_assertion), 128 + SIGABRT);
}

static void what_cannot_be_confined_is_said(void **state)
{
    int said[2];
    (void)state;
    assert_int_equal(pipe(said), 0);
    pid_t pid = fork();
    if (pid == 0) {
        km_fault f = { 0 };
        km_sandbox_report r;
        close(said[0]);
        FILE *out = fdopen(said[1], "w");
        if (km_sandbox_enter(KM_SANDBOX_SERVE, NULL, &r, &f) == KM_OK)
            fprintf(out, "%d %d %s", r.abi, r.calls, r.missing);
        fflush(out);
        _exit(0);
    }
    char text[512] = "";
    close(said[1]);
    ssize_t n = read(said[0], text, sizeof text - 1);
    close(said[0]);
    waitpid(pid, NULL, 0);
    assert_true(n > 0);
    text[n] = '\0';
    if (!km_sandbox_can())
        assert_non_null(strstr(text, "sanitizer"));
    else if (abi_of_kernel() >= 6)
        assert_string_equal(strrchr(text, ' '), " ");
    else
        assert_true(strrchr(text, ' ')[1] != '\0');
}

/* --- another user --- */

static int become(const char *name, const char *own, int (*then)(const char *own))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        km_fault f = { 0 };
        km_code rc = km_sandbox_become(name, own, &f);
        _exit(rc == KM_OK ? then(own) : 100 + (rc == KM_USAGE));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int is_nobody(const char *own)
{
    struct stat st;
    return getuid() != 0 && getgid() != 0 && getgroups(0, NULL) == 0 && setuid(0) != 0
                   && stat(own, &st) == 0 && st.st_uid == getuid() && (st.st_mode & 0777) == 0700
               ? 0
               : 1;
}

static void root_becomes_a_user_for_good_and_gives_it_the_folder(void **state)
{
    const house *h = *state;
    if (geteuid() != 0 || getpwnam("nobody") == NULL) {
        print_message("needs root and a user `nobody`\n");
        skip();
    }
    assert_int_equal(chmod(h->dir, 0755), 0);
    assert_int_equal(become("nobody", h->inside, is_nobody), 0);
    assert_int_equal(rmdir(h->inside), 0);
}

static void nobody_serves_as_root_or_as_a_user_that_is_not(void **state)
{
    (void)state;
    assert_int_equal(become("root", NULL, is_nobody), 101);
    assert_int_equal(become("no-such-user-here", NULL, is_nobody), 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_node_opens_its_folder_and_no_other),
        cmocka_unit_test(a_confined_node_asks_named_ports_only_and_opens_none),
        cmocka_unit_test(a_forbidden_call_ends_the_process),
        cmocka_unit_test(a_confined_node_still_has_threads_and_aborts_without_a_core),
        cmocka_unit_test(what_cannot_be_confined_is_said),
        cmocka_unit_test(root_becomes_a_user_for_good_and_gives_it_the_folder),
        cmocka_unit_test(nobody_serves_as_root_or_as_a_user_that_is_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
