/* SPDX-License-Identifier: Apache-2.0
 *
 * calls: the filters of system calls, made from calls.def and rules.def by libseccomp, as a program
 * that the kernel takes.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/inside.h"

enum { N, Y, E, S, R };

static const struct {
    const char *name;
    unsigned char may[KM_SANDBOX_KINDS];
} calls[] = {
#define CALL(name, serve, keyd, zygote, worker) { #name, { serve, keyd, zygote, worker } },
#include "sandbox/calls.def"
#undef CALL
};

#define OF_SERVE (1U << KM_SANDBOX_SERVE)
#define OF_KEYD (1U << KM_SANDBOX_KEYD)
#define OF_ZYGOTE (1U << KM_SANDBOX_ZYGOTE)
#define OF_WORKER (1U << KM_SANDBOX_WORKER)
#define OF_ALL (OF_SERVE | OF_KEYD | OF_ZYGOTE | OF_WORKER)

#define IF(at, mask, value)                                             \
    {                                                                   \
        at, SCMP_CMP_MASKED_EQ, (scmp_datum_t)mask, (scmp_datum_t)value \
    }
#define ALWAYS        \
    {                 \
        NONE, 0, 0, 0 \
    }
enum { NONE = 6 }; /* a call has six arguments */

static const struct {
    unsigned kinds;
    const char *name;
    unsigned char action;
    struct scmp_arg_cmp when[2];
} rules[] = {
#define RULE(kinds, name, action, first, second) { kinds, #name, action, { first, second } },
#include "sandbox/rules.def"
#undef RULE
};

static uint32_t action_of(unsigned char may)
{
    if (may == E)
        return SCMP_ACT_ERRNO(EPERM);
    return may == S ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW;
}

/* A call that this machine, or this libseccomp, has no number for cannot be made by it either. */
static bool add(scmp_filter_ctx c, const char *name, unsigned char may, unsigned conditions,
                const struct scmp_arg_cmp *when)
{
    int call = seccomp_syscall_resolve_name(name);
    if (call < 0)
        return true;
    return seccomp_rule_add_array(c, action_of(may), call, conditions, when) == 0;
}

static bool add_all(scmp_filter_ctx c, km_sandbox_kind kind)
{
    bool done = true;
    for (size_t i = 0; done && i < sizeof calls / sizeof *calls; i++) {
        unsigned char may = calls[i].may[kind];
        if (may != N && may != R)
            done = add(c, calls[i].name, may, 0, NULL);
    }
    for (size_t i = 0; done && i < sizeof rules / sizeof *rules; i++)
        if (rules[i].kinds & (1U << kind))
            done = add(c, rules[i].name, rules[i].action,
                       rules[i].when[0].arg == NONE ? 0 : 1 + (rules[i].when[1].arg != NONE),
                       rules[i].when);
    return done;
}

/* libseccomp writes the program to a file only. */
static bool take_program(km_sandbox_filter *out, scmp_filter_ctx c)
{
    struct stat st;
    int fd = memfd_create("calls", MFD_CLOEXEC);
    bool done = fd >= 0 && seccomp_export_bpf(c, fd) == 0 && fstat(fd, &st) == 0 && st.st_size > 0
                && (size_t)st.st_size <= BPF_MAXINSNS * sizeof *out->code;
    if (done) {
        size_t n = (size_t)st.st_size;
        out->code = malloc(n);
        out->n = (unsigned short)(n / sizeof *out->code);
        done = out->code != NULL && pread(fd, out->code, n, 0) == (ssize_t)n;
    }
    if (fd >= 0)
        close(fd);
    return done;
}

km_code km_sandbox__filter(km_sandbox_filter *out, km_sandbox_kind kind, km_fault *f)
{
    *out = (km_sandbox_filter){ NULL, 0 };
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
    /* Level 2: a search tree, where some filters of ours have two hundred calls. */
    bool done = c != NULL && seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0
                && add_all(c, kind) && take_program(out, c);
    seccomp_release(c);
    if (!done) {
        free(out->code);
        out->code = NULL;
    }
    return done ? KM_OK : km_fail(f, KM_IO, "seccomp", "the filter cannot be made");
}

bool km_sandbox__put_on(const km_sandbox_filter *filter)
{
    struct sock_fprog program = { filter->n, filter->code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
           && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
