/* SPDX-License-Identifier: Apache-2.0
 *
 * enter: the steps of going in, in the order in which each is still possible.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox/inside.h"

/* The sanitizers need calls that a confined process may not make, and counted lines are written
 * beside the objects at the end. gcc says by a macro that they are there, clang by a question. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(KM_COVERAGE)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
    || __has_feature(memory_sanitizer)
#define WATCHED 1
#endif
#endif

bool km_sandbox_can(void)
{
#ifdef WATCHED
    return false;
#else
    return true;
#endif
}

void km_sandbox_limits(unsigned files)
{
    struct rlimit r, none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && files > 0) {
        rlim_t most = r.rlim_max < files ? r.rlim_max : files;
        r = (struct rlimit){ most, most };
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
    if (km_sandbox_can()) /* LeakSanitizer looks at its own process as a debugger does */
        (void)prctl(PR_SET_DUMPABLE, 0);
}

/* ThreadSanitizer has a thread of its own. */
bool km_sandbox__alone(void)
{
    int n = 0;
    DIR *d = km_sandbox_can() ? opendir("/proc/self/task") : NULL;
    if (d == NULL)
        return true;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n == 1;
}

km_code km_sandbox_enter(km_sandbox_kind kind, const km_sandbox_places *places,
                         km_sandbox_report *out, km_fault *f)
{
    km_sandbox_filter filter;
    *out = (km_sandbox_report){ 0 };
    km_sandbox_limits(0);
    if (!km_sandbox_can()) {
        km_sandbox__miss(out, "anything: this build is watched by a sanitizer or counts lines");
        return KM_OK;
    }
    assert(km_sandbox__alone());
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return km_fail(f, KM_IO, "no_new_privs", "%s", strerror(errno));
    KM_TRY(km_sandbox__filter(&filter, kind, f));
    km_code rc = km_sandbox__fence(kind, places, out, f);
    if (rc == KM_OK && !km_sandbox__put_on(&filter))
        rc = km_fail(f, KM_IO, "seccomp", "%s", strerror(errno));
    out->calls = rc == KM_OK;
    free(filter.code);
    return rc;
}
