/* SPDX-License-Identifier: Apache-2.0
 *
 * zygote: waits for orders and forks a worker for each. One thread, no files, no network, nothing
 * secret: it was forked before any was read.
 *
 * An order comes with three descriptors: the input, the pipe for the result, and a ticket, on which
 * the zygote tells how the worker ended. A ticket whose other end is closed is a job that nobody
 * waits for any more: its worker is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "sandbox/inside.h"

enum { CHILDREN = 256, ORDERS = 3, DEATHS = 4, FIRST_FREE = 5 };

typedef struct child {
    pid_t pid;
    int ticket;
} child;

typedef struct zygote {
    const km_job_def *const *defs;
    const km_job_limits *limits;
    km_sandbox_filter filter;
    child child[CHILDREN];
    size_t children;
} zygote;

static void close_all(const int fd[KM_JOB_FDS])
{
    for (size_t i = 0; i < KM_JOB_FDS; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

/* False at the parent's end. */
static bool take_order(km_job_order *order, int fd[KM_JOB_FDS])
{
    union {
        char room[CMSG_SPACE(sizeof(int) * KM_JOB_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec into = { order, sizeof *order };
    struct msghdr m = {
        .msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    for (size_t i = 0; i < KM_JOB_FDS; i++)
        fd[i] = -1;
    ssize_t n = recvmsg(ORDERS, &m, MSG_CMSG_CLOEXEC);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c != NULL && c->cmsg_type == SCM_RIGHTS
        && c->cmsg_len == CMSG_LEN(sizeof(int) * KM_JOB_FDS))
        memcpy(fd, CMSG_DATA(c), sizeof(int) * KM_JOB_FDS);
    if (n != (ssize_t)sizeof *order || order->how_n > sizeof order->how)
        order->def = UINT32_MAX;
    return true;
}

static const km_job_def *def_of(const zygote *z, uint32_t number)
{
    for (uint32_t i = 0; z->defs[i] != NULL; i++)
        if (i == number)
            return z->defs[i];
    return NULL;
}

static _Noreturn void become_worker(const zygote *z, const km_job_def *def,
                                    const km_job_order *order, const int fd[KM_JOB_FDS])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(fd[0], STDIN_FILENO) < 0 || dup2(fd[1], STDOUT_FILENO) < 0
        || close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(1);
    km_sandbox__work(def, (km_str){ order->how, order->how_n }, z->limits,
                     km_sandbox_can() ? &z->filter : NULL);
}

static _Noreturn void end(const zygote *z)
{
    for (size_t i = 0; i < z->children; i++)
        kill(z->child[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    _exit(0);
}

static void serve_order(zygote *z)
{
    km_job_order order;
    int fd[KM_JOB_FDS];
    if (!take_order(&order, fd))
        end(z);
    const km_job_def *def = fd[0] >= 0 ? def_of(z, order.def) : NULL;
    pid_t pid = def != NULL && z->children < CHILDREN ? fork() : -1;
    if (pid == 0)
        become_worker(z, def, &order, fd);
    if (pid > 0) {
        z->child[z->children++] = (child){ pid, fd[2] };
        fd[2] = -1;
    }
    close_all(fd); /* a ticket that is closed without a word: no worker */
}

static void tell_deaths(zygote *z)
{
    struct signalfd_siginfo any;
    int status;
    pid_t pid;
    while (read(DEATHS, &any, sizeof any) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < z->children; i++)
            if (z->child[i].pid == pid) {
                (void)send(z->child[i].ticket, &status, sizeof status, MSG_NOSIGNAL | MSG_DONTWAIT);
                close(z->child[i].ticket);
                z->child[i] = z->child[--z->children];
                break;
            }
}

static _Noreturn void serve(zygote *z)
{
    struct pollfd wait[CHILDREN + 2];
    for (;;) {
        wait[0] = (struct pollfd){ ORDERS, POLLIN, 0 };
        wait[1] = (struct pollfd){ DEATHS, POLLIN, 0 };
        for (size_t i = 0; i < z->children; i++)
            wait[i + 2] = (struct pollfd){ z->child[i].ticket, 0, 0 };
        if (poll(wait, z->children + 2, -1) < 0)
            continue;
        for (size_t i = 0; i < z->children; i++)
            if (wait[i + 2].revents != 0)
                kill(z->child[i].pid, SIGKILL);
        if (wait[1].revents != 0)
            tell_deaths(z);
        if (wait[0].revents != 0)
            serve_order(z);
    }
}

/* Nothing of the parent stays open but the orders; signals for the parent are not for us. */
static bool settle(int orders)
{
    sigset_t deaths;
    sigemptyset(&deaths);
    sigaddset(&deaths, SIGCHLD);
    for (int s = 1; s < SIGRTMIN; s++)
        (void)signal(s, SIG_DFL); /* no handler of the parent runs here */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (sigprocmask(SIG_SETMASK, &deaths, NULL) != 0)
        return false;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int from = fcntl(orders, F_DUPFD_CLOEXEC, FIRST_FREE + 1);
    int died = signalfd(-1, &deaths, SFD_NONBLOCK | SFD_CLOEXEC);
    for (int i = 0; i <= STDERR_FILENO; i++)
        if (dup2(null, i) < 0)
            return false;
    /* signalfd may have got the number that the orders are to have */
    int aside = fcntl(died, F_DUPFD_CLOEXEC, FIRST_FREE + 1);
    return dup2(from, ORDERS) == ORDERS && dup2(aside, DEATHS) == DEATHS
           && close_range(FIRST_FREE, ~0U, 0) == 0;
}

/* OpenSSL reads its settings when it is first asked: now, while files can be opened. */
static void wake_openssl(void)
{
    unsigned char hash[KM_SHA256_LEN];
    km_sha256(hash, "", 0);
}

_Noreturn void km_sandbox__zygote(int orders, const km_job_def *const *defs,
                                  const km_job_limits *limits)
{
    km_sandbox_report report;
    km_fault f = { 0 };
    zygote *z = calloc(1, sizeof *z);
    if (z == NULL)
        _exit(1);
    z->defs = defs;
    z->limits = limits;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "km-parse");
    wake_openssl();
    if (!settle(orders))
        _exit(1);
    if (km_sandbox__filter(&z->filter, KM_SANDBOX_WORKER, &f) != KM_OK
        || km_sandbox_enter(KM_SANDBOX_ZYGOTE, NULL, &report, &f) != KM_OK
        || send(ORDERS, &report, sizeof report, MSG_NOSIGNAL) != (ssize_t)sizeof report)
        _exit(1);
    serve(z);
}
