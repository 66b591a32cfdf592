/* SPDX-License-Identifier: Apache-2.0
 *
 * job: bytes that came from outside are parsed in a process of their own (trust.md §6).
 *
 * Promises
 * - A job runs in a child that has its input, a pipe for what it finds, and nothing else: no other
 *   file, no network, no other process, 512 MiB, 30 s; one child a job. What a broken or captured
 *   parser can do is to answer wrongly, or not at all.
 * - The children are forked by a zygote, a process that km_jobs_start forks while the program has
 *   one thread and holds nothing secret: fork of a process with threads is not safe, and a child
 *   would inherit what the parent knows.
 * - What a child says reaches the sink in order while it runs, bounded; the text of its fault is
 *   made harmless for logs and terminals.
 * - A child that dies is a fault of its document, never the end of the parent:
 *     KM_TOO_COSTLY  it wanted more memory or more time than it has (detail: which, how much)
 *     KM_TOO_LONG    it said more than a result may have
 *     KM_MALFORMED   the parser fell over it, or tried what it may not
 *     KM_BUSY        no place came free in time, or the zygote is gone
 * - Time is the child's own processor time, and time that the parent has waited for it in vain: a
 *   parent that is slow in taking what it is told takes nobody's time.
 */
#ifndef KM_SANDBOX_JOB_H
#define KM_SANDBOX_JOB_H

#include "base/fault.h"

typedef struct km_jobs km_jobs; /* the zygote, seen from the parent */
typedef struct km_job km_job;   /* one job, seen from its child */

enum { KM_JOB_HOW_MAX = 640 };

typedef struct km_job_def {
    const char *name; /* "document": for faults and the log */
    /* In the child, which has memory as it was when the zygote was forked. `how` is what
     * km_jobs_run was given, `in` the document. */
    km_code (*run)(const void *self, km_job *j, km_str how, km_str in, km_fault *f);
    const void *self;
} km_job_def;

/* In the child: tells the parent. A parent that no longer listens ends the child. Kinds are below
 * 0xFFFFFF00. */
void km_job_say(km_job *j, uint32_t kind, int64_t number, km_str bytes);

/* A fault said as its bytes: in the parent, a copy that is safe to show. False: it is none. */
bool km_job_read_fault(km_fault *out, km_str bytes);

typedef struct km_job_limits {
    size_t memory_bytes;     /* besides the input */
    unsigned ms, ms_per_mib; /* for any document; and more for each MiB of it */
    size_t input_bytes, result_bytes, piece_bytes; /* a piece is what is said at once */
    unsigned at_once;                              /* children; further jobs wait */
} km_job_limits;
extern const km_job_limits km_job_limits_default;

/* Forks the zygote, which knows these jobs (NULL-ended; they live as long) and no other. The
 * process has one thread. `limits` may be NULL. */
km_code km_jobs_start(km_jobs **out, const km_job_def *const *defs, const km_job_limits *limits,
                      km_fault *f);
/* The zygote ends, and what still runs with it. NULL is allowed. */
void km_jobs_stop(km_jobs *j);

typedef struct km_job_sink {
    /* `bytes` lives until it returns. Anything but KM_OK ends the job and is passed on. */
    km_code (*hear)(void *self, uint32_t kind, int64_t number, km_str bytes, km_fault *f);
    void *self;
} km_job_sink;

/* Any thread. The name is of a def (asserted). The job's own fault is passed on as it is. */
km_code km_jobs_run(km_jobs *j, const char *name, km_str how, km_str in, const km_job_sink *sink,
                    km_fault *f);

typedef struct km_jobs_figures {
    uint64_t run, killed; /* killed: ended by a limit or by a signal */
} km_jobs_figures;
km_jobs_figures km_jobs_figured(const km_jobs *j);

#endif
