/* SPDX-License-Identifier: Apache-2.0
 *
 * child: the program as a child, and what the system says of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"

const char *kit_program(void)
{
    const char *given = getenv("KUMIHIMO");
    return given ? given : "build/release/kumihimo";
}

pid_t kit_start(const char *out, const char *const *argv)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        kit_die("fork");
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    int to = out ? open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600) : dup(null);
    dup2(null, 0);
    dup2(to, 1);
    dup2(null, 2);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* The kernel's ru_maxrss of a child begins with what its parent had when it forked, and a bench may
 * hold a whole set in memory; so the child itself is asked, until it is gone. */
int kit_wait(int64_t *peak_bytes, pid_t child)
{
    int status;
    pid_t done = 0;
    while (done == 0) {
        int64_t most = peak_bytes != NULL ? kit_status_bytes(child, "VmHWM") : 0;
        if (most > 0)
            *peak_bytes = most;
        done = waitpid(child, &status, peak_bytes != NULL ? WNOHANG : 0);
        if (done < 0 && errno == EINTR)
            done = 0;
        else if (done == 0)
            usleep(5000);
    }
    if (done < 0)
        kit_die("wait");
    errno = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void kit_run(const char *out, const char *const *argv)
{
    int code = kit_wait(NULL, kit_start(out, argv));
    if (code == 0)
        return;
    fprintf(stderr, "bench: %s %s ended with %d\n", argv[0], argv[1] ? argv[1] : "", code);
    exit(1);
}

int64_t kit_status_bytes(pid_t pid, const char *name)
{
    char path[64], line[256];
    long long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            kib = strtoll(line + strlen(name) + 1, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib < 0 ? -1 : kib * 1024;
}

double kit_number_in(const char *text, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    return at ? strtod(at + strlen(key), NULL) : -1;
}

/* --- a node that serves ----------------------------------------------------------------------- */

static int free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0
        || getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        kit_die("no free port");
    close(fd);
    return ntohs(a.sin_port);
}

static bool answers(int port)
{
    static const char ask[] = "GET /health/ready HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    char reply[16];
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&a, sizeof a) == 0
                && write(fd, ask, sizeof ask - 1) == (ssize_t)(sizeof ask - 1)
                && read(fd, reply, sizeof reply) == (ssize_t)sizeof reply
                && memcmp(reply, "HTTP/1.1 200", 12) == 0;
    close(fd);
    return good;
}

void kit_serve(kit_node *out, const char *data_dir, const char *const *more)
{
    char listen[32];
    const char *argv[16] = { kit_program(), "serve",    "--data", data_dir,
                             "--open",      "--listen", listen,   "--quiet" };
    for (size_t i = 8; more != NULL && *more != NULL && i < 15; i++)
        argv[i] = *more++;
    out->port = free_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", out->port);
    double began = kit_now();
    out->pid = kit_start(NULL, argv);
    while (!answers(out->port)) {
        usleep(1000);
        if (kit_now() - began > 30 || waitpid(out->pid, NULL, WNOHANG) == out->pid)
            kit_die("the node does not serve");
    }
    errno = 0;
    out->ready_s = kit_now() - began;
}

void kit_stop(kit_node *n)
{
    kill(n->pid, SIGTERM);
    kit_wait(NULL, n->pid);
}
