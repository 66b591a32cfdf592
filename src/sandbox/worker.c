/* SPDX-License-Identifier: Apache-2.0
 *
 * worker: one job, in its own process: standard input is the document, standard output the pipe to
 * whoever waits for it.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/inside.h"

enum { GATHERED = 1 << 18 };

struct km_job {
    char out[GATHERED]; /* small pieces leave together */
    size_t n;
    size_t piece_bytes;
};

static void put(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t some = write(STDOUT_FILENO, p, n);
        if (some <= 0 && errno != EINTR)
            _exit(0); /* nobody listens */
        p += some > 0 ? some : 0;
        n -= some > 0 ? (size_t)some : 0;
    }
}

static void leave(km_job *j)
{
    put(j->out, j->n);
    j->n = 0;
}

static void add(km_job *j, const void *p, size_t n)
{
    if (n > sizeof j->out - j->n)
        leave(j);
    if (n > sizeof j->out) {
        put(p, n);
        return;
    }
    if (n > 0)
        memcpy(j->out + j->n, p, n);
    j->n += n;
}

static void say(km_job *j, uint32_t kind, int64_t number, km_str bytes)
{
    km_job_head head = { kind, (uint32_t)bytes.n, number };
    add(j, &head, sizeof head);
    add(j, bytes.p, bytes.n);
}

void km_job_say(km_job *j, uint32_t kind, int64_t number, km_str bytes)
{
    assert(kind < 0xFFFFFF00U);
    if (bytes.n > j->piece_bytes) { /* which the parent refuses too: told while it can be told */
        km_fault f = { 0 };
        km_fail(&f, KM_TOO_LONG, NULL, "one piece of the result has more than %zu MiB",
                j->piece_bytes >> 20);
        say(j, KM_JOB_FAULT, 0, (km_str){ (char *)&f, sizeof f });
        leave(j);
        _exit(0);
    }
    say(j, kind, number, bytes);
}

/* malloc leaves ENOMEM, and whoever called it aborts (decision 18): told apart from an assertion,
 * since the one is the document's size and the other our mistake. */
static void on_abort(int signal)
{
    (void)signal;
    _exit(errno == ENOMEM ? KM_JOB_NO_MEMORY : KM_JOB_ASSERT);
}

static bool limit(int what, size_t most)
{
    /* Processor time: at the first number SIGXCPU, which says why; the second kills. */
    struct rlimit r = { most, most + (what == RLIMIT_CPU) };
    return setrlimit((__rlimit_resource_t)what, &r) == 0;
}

/* RLIMIT_DATA counts private memory that can be written, so not the input; the filter lets no other
 * kind be made. */
static bool confine(const km_job_limits *l, size_t input, const km_sandbox_filter *filter)
{
    struct sigaction a = { .sa_handler = on_abort };
    size_t seconds = (km_sandbox__job_ms(l, input) + 999) / 1000;
    sigemptyset(&a.sa_mask);
    sigaction(SIGABRT, &a, NULL);
    bool done = limit(RLIMIT_CPU, seconds) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0);
    if (filter == NULL) /* a sanitizer's own memory is more than any limit */
        return done;
    return done && limit(RLIMIT_DATA, l->memory_bytes) && limit(RLIMIT_NOFILE, 3)
           && km_sandbox__put_on(filter);
}

static bool map_input(km_str *in)
{
    struct stat st;
    *in = KM_STR_NONE;
    if (fstat(STDIN_FILENO, &st) != 0)
        return false;
    if (st.st_size == 0)
        return true;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    *in = (km_str){ p, (size_t)st.st_size };
    return p != MAP_FAILED;
}

_Noreturn void km_sandbox__work(const km_job_def *def, km_str how, const km_job_limits *limits,
                                const km_sandbox_filter *filter)
{
    static km_job job; /* the process is this job */
    km_fault f = { 0 };
    km_str in;
    job.piece_bytes = limits->piece_bytes;
    if (!map_input(&in) || !confine(limits, in.n, filter))
        _exit(1);
    errno = 0;
    km_code rc = def->run(def->self, &job, how, in, &f);
    if (rc == KM_OK)
        say(&job, KM_JOB_END, 0, KM_STR_NONE);
    else {
        f.code = rc;
        say(&job, KM_JOB_FAULT, 0, (km_str){ (char *)&f, sizeof f });
    }
    leave(&job);
    _exit(0);
}
