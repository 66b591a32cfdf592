/* SPDX-License-Identifier: Apache-2.0
 *
 * job: the parent's side. It trusts nothing that comes by the pipe: lengths are bounded before
 * memory is asked for, and a fault's text is cleaned.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/call.h"
#include "base/utf8.h"
#include "sandbox/inside.h"

enum { READ_AHEAD = 1 << 20 };

const km_job_limits km_job_limits_default = {
    .memory_bytes = (size_t)512 << 20,
    .ms = 30000,
    .ms_per_mib = 250, /* a claim file of a large hospital has a hundred MiB */
    .input_bytes = (size_t)1 << 30,
    .result_bytes = (size_t)4 << 30,
    .piece_bytes = (size_t)64 << 20,
    .at_once = 4,
};

unsigned km_sandbox__job_ms(const km_job_limits *l, size_t input_bytes)
{
    return l->ms + (unsigned)(input_bytes >> 20) * l->ms_per_mib;
}

struct km_jobs {
    const km_job_def *const *defs;
    km_job_limits limits;
    pid_t zygote;
    int orders;
    pthread_mutex_t lock; /* guards busy */
    pthread_cond_t free_place;
    unsigned busy;
    _Atomic uint64_t run, killed;
};

typedef struct running {
    const km_jobs *jobs;
    const km_job_def *def;
    int result, ticket;
    unsigned ms;
    uint64_t waited_ns;
    size_t said; /* bytes so far */
    char *in;    /* read ahead: from at to n of READ_AHEAD */
    size_t at, n;
    char *piece; /* of one that is larger */
    size_t room;
    bool late, spoke_last;
} running;

/* --- the zygote --- */

static km_code fork_zygote(km_jobs *j, km_fault *f)
{
    km_sandbox_report report;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return km_fail(f, KM_IO, "parse", "%s", strerror(errno));
    fflush(NULL);
    j->zygote = fork();
    if (j->zygote == 0)
        km_sandbox__zygote(pair[1], j->defs, &j->limits);
    close(pair[1]);
    j->orders = pair[0];
    if (j->zygote > 0 && recv(pair[0], &report, sizeof report, 0) == (ssize_t)sizeof report)
        return KM_OK;
    return km_fail(f, KM_IO, "parse", "the process that parses documents does not start");
}

km_code km_jobs_start(km_jobs **out, const km_job_def *const *defs, const km_job_limits *limits,
                      km_fault *f)
{
    km_jobs *j = calloc(1, sizeof *j);
    pthread_condattr_t monotone;
    assert(j != NULL && km_sandbox__alone());
    *out = NULL;
    j->defs = defs;
    j->limits = limits != NULL ? *limits : km_job_limits_default;
    j->orders = -1;
    pthread_mutex_init(&j->lock, NULL);
    pthread_condattr_init(&monotone);
    pthread_condattr_setclock(&monotone, CLOCK_MONOTONIC);
    pthread_cond_init(&j->free_place, &monotone);
    pthread_condattr_destroy(&monotone);
    km_code rc = fork_zygote(j, f);
    if (rc == KM_OK)
        *out = j;
    else
        km_jobs_stop(j);
    return rc;
}

void km_jobs_stop(km_jobs *j)
{
    if (j == NULL)
        return;
    if (j->orders >= 0)
        close(j->orders);
    while (j->zygote > 0 && waitpid(j->zygote, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_cond_destroy(&j->free_place);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

km_jobs_figures km_jobs_figured(const km_jobs *j)
{
    return (km_jobs_figures){ atomic_load(&j->run), atomic_load(&j->killed) };
}

/* --- places --- */

static bool take_place(km_jobs *j)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(j->limits.ms / 1000) + 1;
    pthread_mutex_lock(&j->lock);
    while (j->busy >= j->limits.at_once && rc == 0)
        rc = pthread_cond_timedwait(&j->free_place, &j->lock, &until);
    bool taken = j->busy < j->limits.at_once;
    j->busy += taken;
    pthread_mutex_unlock(&j->lock);
    return taken;
}

static void leave_place(km_jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->busy--;
    pthread_cond_signal(&j->free_place);
    pthread_mutex_unlock(&j->lock);
}

/* --- the order --- */

static int input_of(km_str in)
{
    int fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    size_t done = 0;
    while (fd >= 0 && done < in.n) {
        ssize_t some = write(fd, in.p + done, in.n - done);
        if (some <= 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += some > 0 ? (size_t)some : 0;
    }
    /* What does not shrink below a mapping raises no SIGBUS. */
    if (fd >= 0)
        (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return fd;
}

static uint32_t number_of(const km_jobs *j, const char *name)
{
    uint32_t i = 0;
    while (j->defs[i] != NULL && strcmp(j->defs[i]->name, name) != 0)
        i++;
    assert(j->defs[i] != NULL);
    return i;
}

static bool send_order(const running *r, km_str how, const int fd[KM_JOB_FDS])
{
    union {
        char room[CMSG_SPACE(sizeof(int) * KM_JOB_FDS)];
        struct cmsghdr align;
    } control = { .room = { 0 } };
    km_job_order order = { .def = number_of(r->jobs, r->def->name), .how_n = (uint32_t)how.n };
    assert(how.n <= sizeof order.how);
    if (how.n > 0)
        memcpy(order.how, how.p, how.n);
    struct iovec from = { &order, sizeof order };
    struct msghdr m = {
        .msg_iov = &from, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * KM_JOB_FDS);
    memcpy(CMSG_DATA(c), fd, sizeof(int) * KM_JOB_FDS);
    return sendmsg(r->jobs->orders, &m, MSG_NOSIGNAL) == (ssize_t)sizeof order;
}

static bool start(running *r, km_str how, km_str in)
{
    int pipes[2] = { -1, -1 }, tickets[2] = { -1, -1 }, input = input_of(in);
    bool done = input >= 0 && pipe2(pipes, O_CLOEXEC) == 0
                && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tickets) == 0;
    if (done) /* fewer changes between the two; a system that allows less is as good */
        (void)fcntl(pipes[1], F_SETPIPE_SZ, READ_AHEAD);
    int theirs[KM_JOB_FDS] = { input, pipes[1], tickets[1] };
    done = done && send_order(r, how, theirs);
    for (size_t i = 0; i < KM_JOB_FDS; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    r->result = pipes[0];
    r->ticket = tickets[0];
    return done;
}

/* --- what comes back --- */

/* False when nothing comes in time. */
static bool wait_for(running *r, int fd)
{
    uint64_t most = (uint64_t)r->ms * 1000000u, before = km_ticks_ns();
    struct pollfd p = { fd, POLLIN, 0 };
    int rc = -1;
    while (rc < 0 && r->waited_ns < most) {
        rc = poll(&p, 1, (int)((most - r->waited_ns) / 1000000u) + 1);
        uint64_t now = km_ticks_ns();
        r->waited_ns += now - before;
        before = now;
        if (rc < 0 && errno != EINTR)
            break;
    }
    r->late = rc <= 0;
    return rc > 0;
}

static ssize_t read_some(running *r, char *to, size_t n)
{
    ssize_t some;
    do {
        if (!wait_for(r, r->result))
            return 0;
        some = read(r->result, to, n);
    } while (some < 0 && (errno == EINTR || errno == EAGAIN));
    return some > 0 ? some : 0;
}

/* At least n bytes read ahead; false at the end, or when it takes too long. */
static bool have(running *r, size_t n)
{
    if (r->n - r->at < n && r->at > 0) {
        memmove(r->in, r->in + r->at, r->n - r->at);
        r->n -= r->at;
        r->at = 0;
    }
    while (r->n - r->at < n) {
        ssize_t some = read_some(r, r->in + r->n, READ_AHEAD - r->n);
        if (some == 0)
            return false;
        r->n += (size_t)some;
    }
    return true;
}

static bool take(running *r, void *to, size_t n)
{
    if (!have(r, n))
        return false;
    memcpy(to, r->in + r->at, n);
    r->at += n;
    return true;
}

static bool make_room(running *r, size_t n)
{
    if (n <= r->room)
        return true;
    free(r->piece);
    r->piece = malloc(n);
    r->room = r->piece != NULL ? n : 0;
    return r->piece != NULL;
}

/* A piece where it was read to, or gathered. */
static bool take_piece(running *r, km_str *out, size_t n)
{
    if (n <= READ_AHEAD) {
        if (!have(r, n))
            return false;
        *out = (km_str){ r->in + r->at, n };
        r->at += n;
        return true;
    }
    size_t done = r->n - r->at;
    memcpy(r->piece, r->in + r->at, done);
    r->at = r->n = 0;
    while (done < n) {
        ssize_t some = read_some(r, r->piece + done, n - done);
        if (some == 0)
            return false;
        done += (size_t)some;
    }
    *out = (km_str){ r->piece, n };
    return true;
}

static void clean(char *text, size_t room)
{
    text[room - 1] = '\0';
    km_str t = km_str_of(text);
    bool whole = km_str_is_utf8(t, NULL);
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xC2 && (unsigned char)text[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || (c >= 0x80 && !whole) || c1)
            text[i] = '?';
        if (c1)
            text[++i] = '?';
    }
}

/* What is ours alone to say (the store failed, sign in) is not a document's fault. */
bool km_job_read_fault(km_fault *out, km_str bytes)
{
    if (bytes.n != sizeof *out)
        return false;
    memcpy(out, bytes.p, sizeof *out);
    bool known = out->code > KM_OK && out->code < KM_CODES;
    if (!known || km_code_http(out->code) >= 500 || out->code == KM_UNAUTHENTICATED)
        out->code = KM_INTERNAL;
    clean(out->path, sizeof out->path);
    clean(out->detail, sizeof out->detail);
    return true;
}

static km_code pass_fault(const running *r, km_str bytes, km_fault *f)
{
    km_fault said;
    if (!km_job_read_fault(&said, bytes))
        return km_fail(f, KM_MALFORMED, r->def->name, "the parser answers nonsense");
    if (f != NULL && f->code == KM_OK)
        *f = said;
    return said.code;
}

static km_code hear(running *r, const km_job_sink *sink, km_fault *f)
{
    const km_job_limits *l = &r->jobs->limits;
    km_job_head head;
    km_str piece;
    while (take(r, &head, sizeof head)) {
        r->said += head.n;
        if (head.n > l->piece_bytes || r->said > l->result_bytes)
            return km_fail(f, KM_TOO_LONG, r->def->name, "the result has more than %zu MiB",
                           (head.n > l->piece_bytes ? l->piece_bytes : l->result_bytes) >> 20);
        if (head.n > READ_AHEAD && !make_room(r, head.n))
            return km_fail(f, KM_TOO_COSTLY, r->def->name, "no memory for the result");
        if (!take_piece(r, &piece, head.n))
            break;
        r->spoke_last = head.kind == KM_JOB_END || head.kind == KM_JOB_FAULT;
        if (r->spoke_last)
            return head.kind == KM_JOB_END ? KM_OK : pass_fault(r, piece, f);
        KM_TRY(sink->hear(sink->self, head.kind, head.number, piece, f));
    }
    return KM_OK;
}

static km_code fault_of_death(const running *r, int status, km_fault *f)
{
    const km_job_limits *l = &r->jobs->limits;
    const char *name = r->def->name;
    int with = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (with == SIGXCPU)
        return km_fail(f, KM_TOO_COSTLY, name, "parsing takes more than %u s", r->ms / 1000);
    if (code == KM_JOB_NO_MEMORY || with == SIGKILL)
        return km_fail(f, KM_TOO_COSTLY, name, "parsing needs more than %zu MiB",
                       l->memory_bytes >> 20);
    fprintf(stderr, "kumihimo: the parser of %s was ended by %s %d\n", name,
            with ? "signal" : "code", with ? with : code);
    if (with == SIGSYS)
        return km_fail(f, KM_MALFORMED, name, "the parser tried what it may not");
    return km_fail(f, KM_MALFORMED, name, "the parser fell over it");
}

/* The worker said neither end nor fault. */
static km_code judge_silence(running *r, km_fault *f)
{
    int status;
    if (r->late)
        return km_fail(f, KM_TOO_COSTLY, r->def->name, "parsing takes more than %u s",
                       r->ms / 1000);
    r->waited_ns = 0; /* it has ended, perhaps with its time: how, is told in a moment */
    if (!wait_for(r, r->ticket) || recv(r->ticket, &status, sizeof status, 0) != sizeof status)
        return km_fail(f, KM_BUSY, r->def->name, "no process for it");
    return fault_of_death(r, status, f);
}

static km_code run(km_jobs *j, running *r, km_str how, km_str in, const km_job_sink *sink,
                   km_fault *f)
{
    if (!start(r, how, in))
        return km_fail(f, KM_BUSY, r->def->name, "the process that parses is gone");
    km_code rc = hear(r, sink, f);
    if (rc == KM_OK && !r->spoke_last)
        rc = judge_silence(r, f);
    atomic_fetch_add_explicit(&j->run, 1, memory_order_relaxed);
    if (!r->spoke_last && rc != KM_OK)
        atomic_fetch_add_explicit(&j->killed, 1, memory_order_relaxed);
    return rc;
}

km_code km_jobs_run(km_jobs *j, const char *name, km_str how, km_str in, const km_job_sink *sink,
                    km_fault *f)
{
    running r = { .jobs = j, .def = j->defs[number_of(j, name)], .result = -1, .ticket = -1 };
    r.ms = km_sandbox__job_ms(&j->limits, in.n);
    if (in.n > j->limits.input_bytes)
        return km_fail(f, KM_TOO_LONG, name, "a document has at most %zu MiB",
                       j->limits.input_bytes >> 20);
    if (!take_place(j))
        return km_fail(f, KM_BUSY, name, "too many documents at once");
    r.in = malloc(READ_AHEAD);
    if (r.in == NULL)
        abort(); /* decision 18 */
    km_code rc = run(j, &r, how, in, sink, f);
    if (r.result >= 0)
        close(r.result);
    if (r.ticket >= 0) /* which kills a worker that is still there */
        close(r.ticket);
    free(r.in);
    free(r.piece);
    leave_place(j);
    return rc;
}
