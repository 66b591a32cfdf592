/* SPDX-License-Identifier: Apache-2.0
 *
 * pgtest [--durable] COMMAND ARGS...: runs the command with KUMIHIMO_TEST_PG set to the address of
 * a PostgreSQL of its own: a new folder, a Unix socket in it, no network, no fsync (with --durable:
 * fsync and all else as PostgreSQL comes). Both are gone afterwards, also after a signal. Where
 * KUMIHIMO_TEST_PG is set already, that server is used. The exit code is the command's; 77
 * (skipped) where no server is installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, BROKEN = 70, START_TRIES = 600, TRY_US = 50000 };

/* Written by the handler, read by the main line: the one way a signal can speak. */
static volatile sig_atomic_t stopped_by;

static void stop(int signal)
{
    stopped_by = signal;
}

static void catch_signals(void)
{
    static const int all[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    struct sigaction a = { .sa_handler = stop }; /* no SA_RESTART: waiting is to end */
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sigaction(all[i], &a, NULL);
}

/* --- where the server is ------------------------------------------------------------- */

static bool has_server(const char *folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/initdb", folder);
    if (access(path, X_OK) != 0)
        return false;
    snprintf(path, sizeof path, "%s/postgres", folder);
    return access(path, X_OK) == 0;
}

/* /usr/lib/postgresql/15/bin: the highest number wins. */
static bool find_packaged(char out[PATH_MAX])
{
    glob_t g;
    long best = 0;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        long version = strtol(g.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (version > best && has_server(g.gl_pathv[i])) {
            best = version;
            snprintf(out, PATH_MAX, "%s", g.gl_pathv[i]);
        }
    }
    globfree(&g);
    return best > 0;
}

static bool find_in_path(char out[PATH_MAX])
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        snprintf(out, PATH_MAX, "%.*s", (int)n, path);
        if (n > 0 && has_server(out))
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* --- children ------------------------------------------------------------------------ */

/* The server refuses to run as root. */
static const struct passwd *somebody_else(void)
{
    const struct passwd *who = geteuid() == 0 ? getpwnam("postgres") : NULL;
    return geteuid() == 0 && who == NULL ? getpwnam("nobody") : who;
}

static void become(const struct passwd *who)
{
    if (who == NULL)
        return;
    if (setgroups(0, NULL) != 0 || setgid(who->pw_gid) != 0 || setuid(who->pw_uid) != 0) {
        perror("pgtest: setuid");
        _exit(BROKEN);
    }
}

static pid_t start(const char *folder, const struct passwd *who, const char *const *argv)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    char log[PATH_MAX];
    snprintf(log, sizeof log, "%s/log", folder);
    become(who);
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* after setuid, which clears it */
    setpgid(0, 0);                    /* a ^C is for us alone: we stop it in order */
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (fd < 0 || null < 0 || chdir(folder) != 0)
        _exit(BROKEN);
    dup2(null, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    execv(argv[0], (char *const *)argv);
    _exit(BROKEN);
}

/* Waits for the child; a signal to us is passed on to it. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return BROKEN;
        if (stopped_by != 0)
            kill(child, SIGTERM);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- the server's life --------------------------------------------------------------- */

typedef struct server {
    char bin[PATH_MAX];
    char folder[64];
    char url[160];
    const struct passwd *who;
    bool durable;
    pid_t pid;
} server;

static bool make_cluster(const server *s)
{
    char initdb[PATH_MAX + 16], cluster[80];
    snprintf(initdb, sizeof initdb, "%s/initdb", s->bin);
    snprintf(cluster, sizeof cluster, "%s/cluster", s->folder);
    const char *const argv[] = {
        initdb, "-D",   cluster,      "-U",        "kumihimo",          "--auth=trust",
        "-E",   "UTF8", "--locale=C", "--no-sync", "--no-instructions", NULL
    };
    return wait_for(start(s->folder, s->who, argv)) == 0;
}

static bool start_server(server *s)
{
    char postgres[PATH_MAX + 16], cluster[80];
    snprintf(postgres, sizeof postgres, "%s/postgres", s->bin);
    snprintf(cluster, sizeof cluster, "%s/cluster", s->folder);
    const char *const argv[] = { postgres,
                                 "-D",
                                 cluster,
                                 "-k",
                                 s->folder,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 s->durable ? "fsync=on" : "fsync=off",
                                 "-c",
                                 s->durable ? "full_page_writes=on" : "full_page_writes=off",
                                 "-c",
                                 "autovacuum_naptime=1h",
                                 "-c",
                                 "max_connections=100",
                                 NULL };
    s->pid = start(s->folder, s->who, argv);
    for (int i = 0; i < START_TRIES && stopped_by == 0; i++) {
        if (PQping(s->url) == PQPING_OK)
            return true;
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            return false;
        }
        usleep(TRY_US);
    }
    return false;
}

static void show_log(const server *s)
{
    char path[80], line[512];
    snprintf(path, sizeof path, "%s/log", s->folder);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        fprintf(stderr, "pgtest: %s", line);
    if (f != NULL)
        fclose(f);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void stop_server(server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGQUIT); /* at once: nothing of it is kept */
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    nftw(s->folder, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

/* --- the command --------------------------------------------------------------------- */

static int run(char **argv)
{
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    return wait_for(child);
}

static int run_with_server(server *s, char **argv)
{
    /* Not $TMPDIR: a socket's path has at most 107 bytes. */
    snprintf(s->folder, sizeof s->folder, P_tmpdir "/kumihimo-pg-XXXXXX");
    if (mkdtemp(s->folder) == NULL) {
        perror("pgtest");
        return BROKEN;
    }
    int code = BROKEN;
    s->who = somebody_else();
    snprintf(s->url, sizeof s->url, "postgresql://kumihimo@/postgres?host=%s", s->folder);
    if (s->who != NULL && chown(s->folder, s->who->pw_uid, s->who->pw_gid) != 0)
        perror("pgtest: chown");
    else if (make_cluster(s) && start_server(s)) {
        setenv("KUMIHIMO_TEST_PG", s->url, 1);
        code = run(argv);
    } else if (stopped_by == 0)
        show_log(s);
    stop_server(s);
    return stopped_by != 0 ? 128 + stopped_by : code;
}

int main(int argc, char **argv)
{
    bool durable = argc > 1 && strcmp(argv[1], "--durable") == 0;
    argv += durable;
    argc -= durable;
    if (argc < 2) {
        fprintf(stderr, "usage: pgtest [--durable] COMMAND ARGS...\n");
        return 64;
    }
    const char *given = getenv("KUMIHIMO_TEST_PG");
    catch_signals();
    if (given != NULL && given[0] != '\0')
        return run(argv + 1);
    server s = { .durable = durable };
    if (!find_packaged(s.bin) && !find_in_path(s.bin)) {
        printf("pgtest: no PostgreSQL server is installed; skipped\n");
        return SKIPPED;
    }
    return run_with_server(&s, argv + 1);
}
