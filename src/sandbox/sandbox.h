/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox: a process gives up what it does not need, for good (trust.md §6).
 *
 * Promises
 * - After km_sandbox_enter only the named places can be opened (Landlock), only the system calls
 *   of the kind's column in calls.def can be made (seccomp; any other ends the whole process with
 *   SIGSYS), no privilege can be gained, no program run, no core written, no debugger attached.
 * - What the kernel is too old for is left out and named in the report; nothing is left out in
 *   silence. That seccomp does not work at all is a fault.
 * - It is entered while the process has one thread (asserted): Landlock binds the thread that
 *   asks, and those that it starts.
 * - Sanitised and coverage builds need calls and files that a confined process may not have: there
 *   km_sandbox_enter does nothing but say so in the report.
 */
#ifndef KM_SANDBOX_SANDBOX_H
#define KM_SANDBOX_SANDBOX_H

#include <sys/types.h>

#include "base/fault.h"

typedef enum km_sandbox_kind {
    KM_SANDBOX_SERVE,  /* the node: store, threads, sockets that are open already, TCP out */
    KM_SANDBOX_KEYD,   /* the key process: its folder and its one socket */
    KM_SANDBOX_ZYGOTE, /* forks workers, and does nothing else */
    KM_SANDBOX_WORKER, /* computes, and writes what it found */
    KM_SANDBOX_KINDS
} km_sandbox_kind;

enum { KM_SANDBOX_READ = 1, KM_SANDBOX_WRITE = 2 }; /* WRITE: also make, rename and remove below */

typedef struct km_sandbox_place {
    const char *path; /* a folder with all below, or a file; one that is missing is passed over */
    unsigned may;
} km_sandbox_place;

typedef struct km_sandbox_places {
    const km_sandbox_place *place; /* besides places.def, which SERVE has by itself */
    size_t places;
    const uint16_t *connect; /* TCP ports that may be asked; no other, and none is bound */
    size_t connects;
} km_sandbox_places;

typedef struct km_sandbox_report {
    int abi;           /* of Landlock; 0: the kernel has none */
    bool calls;        /* system calls are filtered */
    char missing[256]; /* what could not be confined, for the log; "" = nothing */
} km_sandbox_report;

/* `places` may be NULL: none. KM_IO. */
km_code km_sandbox_enter(km_sandbox_kind kind, const km_sandbox_places *places,
                         km_sandbox_report *out, km_fault *f);
/* False in builds that cannot be confined (see above). */
bool km_sandbox_can(void);

/* No core file, nobody's debugger, no privilege by exec; at most `files` descriptors, soft and
 * hard, where the hard limit allows them. Part of km_sandbox_enter but for the descriptors. */
void km_sandbox_limits(unsigned files);

/* Becomes the user of this name with its group and no other, for good, and proves it. Before that
 * gives it the folder `own` (made when missing, NULL: none). KM_USAGE: no such user, root itself,
 * or we may not. */
km_code km_sandbox_become(const char *name, const char *own, km_fault *f);

#endif
