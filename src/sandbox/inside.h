/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the sandbox share.
 */
#ifndef KM_SANDBOX_INSIDE_H
#define KM_SANDBOX_INSIDE_H

#include <linux/filter.h>

#include "sandbox/job.h"
#include "sandbox/sandbox.h"

/* landlock.c: fences off what is not in `places`; tells what it could not. */
km_code km_sandbox__fence(km_sandbox_kind kind, const km_sandbox_places *places,
                          km_sandbox_report *out, km_fault *f);

/* calls.c: the filter of a kind, ready to be put on; a forked child needs no libseccomp for it. */
typedef struct km_sandbox_filter {
    struct sock_filter *code; /* malloc'd */
    unsigned short n;
} km_sandbox_filter;
km_code km_sandbox__filter(km_sandbox_filter *out, km_sandbox_kind kind, km_fault *f);
bool km_sandbox__put_on(const km_sandbox_filter *filter);
/* enter.c: has the process one thread? */
bool km_sandbox__alone(void);
void km_sandbox__miss(km_sandbox_report *out, const char *what);

/* --- jobs: what parent, zygote and child say to each other --- */

enum { KM_JOB_FAULT = 0xFFFFFFF0U, KM_JOB_END = 0xFFFFFFF1U, KM_JOB_FDS = 3 };

typedef struct km_job_order { /* parent to zygote, with input, result and ticket */
    uint32_t def, how_n;
    char how[KM_JOB_HOW_MAX];
} km_job_order;

typedef struct km_job_head { /* child to parent, before `n` bytes */
    uint32_t kind, n;
    int64_t number;
} km_job_head;

/* job.c: how long a job may take for a document of this size. */
unsigned km_sandbox__job_ms(const km_job_limits *l, size_t input_bytes);

/* zygote.c: never returns. */
_Noreturn void km_sandbox__zygote(int orders, const km_job_def *const *defs,
                                  const km_job_limits *limits);
/* worker.c: the child; never returns. */
_Noreturn void km_sandbox__work(const km_job_def *def, km_str how, const km_job_limits *limits,
                                const km_sandbox_filter *filter);

enum { KM_JOB_NO_MEMORY = 70, KM_JOB_ASSERT = 71 }; /* exit codes of a child */

#endif
