/* SPDX-License-Identifier: Apache-2.0
 *
 * user: from root to somebody, with no way back.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

static bool is_only(uid_t uid, gid_t gid)
{
    uid_t r, e, s;
    gid_t gr, ge, gs;
    return getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid
           && getresgid(&gr, &ge, &gs) == 0 && gr == gid && ge == gid && gs == gid
           && getgroups(0, NULL) == 0 && setresuid(0, 0, 0) != 0 && setuid(0) != 0
           && setgid(0) != 0;
}

km_code km_sandbox_become(const char *name, const char *own, km_fault *f)
{
    errno = 0;
    const struct passwd *who = getpwnam(name);
    if (who == NULL)
        return km_fail(f, KM_USAGE, "user", "no user of this name");
    uid_t uid = who->pw_uid;
    gid_t gid = who->pw_gid;
    if (uid == 0 || gid == 0)
        return km_fail(f, KM_USAGE, "user", "a node does not serve as root");
    if (geteuid() != 0)
        return geteuid() == uid ? KM_OK
                                : km_fail(f, KM_USAGE, "user", "only root can become another user");
    if (own != NULL && mkdir(own, 0700) == 0 && chown(own, uid, gid) != 0)
        return km_fail(f, KM_IO, "user", "the data directory cannot be given away: %s",
                       strerror(errno));
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return km_fail(f, KM_IO, "user", "%s", strerror(errno));
    return is_only(uid, gid) ? KM_OK : km_fail(f, KM_INTERNAL, "user", "root is still at hand");
}
