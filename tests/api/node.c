/* SPDX-License-Identifier: Apache-2.0
 *
 * node: processes. The node's words go to files in its folder, not to a pipe, so that it never
 * waits for its reader.
 */
#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64
#define WAIT_TICKS 3000 /* of 20 ms */

extern char **environ;

static void tick(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

km_code api_read_file(km_str *out, km_arena *a, const char *path, km_fault *f)
{
    km_buf b = km_buf_in(a);
    size_t n;
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return km_fail(f, KM_IO, NULL, "%s: %s", path, strerror(errno));
    do {
        km_buf_reserve(&b, 1 << 16);
        n = fread(b.p + b.n, 1, 1 << 16, in);
        b.n += n;
    } while (n > 0);
    fclose(in);
    *out = km_buf_str(&b);
    return KM_OK;
}

km_code api_node_make(api_node *n, km_fault *f)
{
    const char *base = getenv("TMPDIR");
    *n = (api_node){ .pid = 0 };
    snprintf(n->dir, sizeof n->dir, "%.40s/kumihimo-api-XXXXXX", base ? base : "/tmp");
    if (mkdtemp(n->dir) == NULL)
        return km_fail(f, KM_IO, NULL, "%s: %s", n->dir, strerror(errno));
    return KM_OK;
}

/* Program and words as the array that exec wants; ends with NULL. */
static km_code words_of(char *word[WORDS_MAX], km_arena *a, km_str fixed, km_str more, km_fault *f)
{
    size_t n = 0;
    const char *program = getenv("KUMIHIMO");
    if (program == NULL)
        return km_fail(f, KM_USAGE, NULL, "KUMIHIMO names the program to test");
    word[n++] = (char *)km_arena_z(a, km_str_of(program));
    const km_str part[] = { fixed, more };
    for (size_t i = 0; i < 2; i++)
        for (km_str left = part[i]; left.n > 0 && n + 1 < WORDS_MAX;) {
            km_str w = km_str_trim(km_str_cut(left, ' ', &left));
            if (w.n > 0)
                word[n++] = (char *)km_arena_z(a, w);
        }
    word[n] = NULL;
    return KM_OK;
}

static km_code spawn(int *pid, const api_node *n, km_arena *a, char *const word[], km_fault *f)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    const char *out = km_arena_print(a, "%s/out", n->dir).p;
    const char *log = km_arena_print(a, "%s/log", n->dir).p;
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int rc = posix_spawn(pid, word[0], &files, NULL, word, environ);
    posix_spawn_file_actions_destroy(&files);
    if (rc != 0)
        return km_fail(f, KM_IO, NULL, "%s: %s", word[0], strerror(rc));
    return KM_OK;
}

/* The exit code, 128 and more for a signal, -1 when it runs on after the wait. */
static int wait_for(int pid)
{
    int status;
    for (int i = 0; i < WAIT_TICKS; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        tick();
    }
    return -1;
}

static int port_said(km_str out)
{
    static const char said[] = "listening on http://127.0.0.1:";
    const char *at = out.n ? memmem(out.p, out.n, said, sizeof said - 1) : NULL;
    int64_t port;
    if (at == NULL)
        return 0;
    km_str rest = km_str_sub(out, (size_t)(at - out.p) + sizeof said - 1, out.n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    bool whole = n < rest.n && km_str_to_i64(&port, km_str_sub(rest, 0, n));
    return whole && port > 0 && port < 65536 ? (int)port : 0;
}

km_code api_node_start(api_node *n, km_arena *a, km_str arguments, km_fault *f)
{
    char *word[WORDS_MAX];
    const char *place = getenv("KUMIHIMO_TEST_PG");
    km_str fixed = km_arena_print(a, "serve --data %s/node --listen 127.0.0.1:0%s%s", n->dir,
                                  place ? " --store " : "", place ? place : "");
    KM_TRY(words_of(word, a, fixed, arguments, f));
    KM_TRY(spawn(&n->pid, n, a, word, f));
    n->port = 0;
    for (int i = 0; i < WAIT_TICKS && n->port == 0; i++) {
        km_arena_mark here = km_arena_here(a);
        km_str out = KM_STR_NONE;
        KM_TRY(api_read_file(&out, a, km_arena_print(a, "%s/out", n->dir).p, f));
        n->port = port_said(out);
        km_arena_back(a, here);
        int status;
        if (n->port == 0 && waitpid(n->pid, &status, WNOHANG) == n->pid) {
            n->pid = 0;
            return km_fail(f, KM_INTERNAL, NULL, "the node ended at its start");
        }
        if (n->port == 0)
            tick();
    }
    return n->port != 0 ? KM_OK : km_fail(f, KM_TIMEOUT, NULL, "the node does not listen");
}

km_code api_node_stop(api_node *n, km_fault *f)
{
    if (n->pid == 0)
        return km_fail(f, KM_USAGE, NULL, "the node does not run");
    kill(n->pid, SIGTERM);
    int code = wait_for(n->pid);
    if (code == -1)
        api_node_kill(n);
    n->pid = 0;
    return code == 0 ? KM_OK : km_fail(f, KM_INTERNAL, NULL, "the node ended with %d", code);
}

void api_node_kill(api_node *n)
{
    if (n->pid == 0)
        return;
    kill(n->pid, SIGKILL);
    waitpid(n->pid, NULL, 0);
    n->pid = 0;
}

void api_node_free(api_node *n, bool keep)
{
    char command[128];
    api_node_kill(n);
    snprintf(command, sizeof command, "rm -rf '%s'", n->dir);
    if (n->dir[0] != '\0' && !keep && system(command) != 0)
        fprintf(stderr, "%s could not be removed\n", n->dir);
}

/* A command on the node's own data wants the node's own store. */
static km_str store_of(const api_node *n, km_arena *a, km_str arguments)
{
    const char *place = getenv("KUMIHIMO_TEST_PG");
    km_str own = km_arena_print(a, "%s/node", n->dir), left = arguments;
    while (place != NULL && left.n > 0)
        if (km_str_eq(km_str_cut(left, ' ', &left), own))
            return km_arena_print(a, "--store %s", place);
    return KM_STR_NONE;
}

km_code api_node_run(api_reply *out, api_node *n, km_arena *a, km_str arguments, km_fault *f)
{
    char *word[WORDS_MAX];
    int pid;
    *out = (api_reply){ .status = -1 };
    KM_TRY(words_of(word, a, arguments, store_of(n, a, arguments), f));
    KM_TRY(spawn(&pid, n, a, word, f));
    out->status = wait_for(pid);
    if (out->status == -1) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return km_fail(f, KM_TIMEOUT, NULL, "the command does not end");
    }
    return api_read_file(&out->body, a, km_arena_print(a, "%s/out", n->dir).p, f);
}
