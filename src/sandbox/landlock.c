/* SPDX-License-Identifier: Apache-2.0
 *
 * landlock: what may be opened and whom TCP may reach (Linux, Documentation/userspace-api/
 * landlock.rst). The numbers stand here, since the headers of the machine that builds may be older
 * than the kernel that runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/inside.h"

#ifndef SYS_landlock_create_ruleset /* one number on every machine */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { ASK_VERSION = 1, RULE_BENEATH = 1, RULE_PORT = 2 };
enum { NET_BIND = 1, NET_CONNECT = 2, SCOPE_ABSTRACT_SOCKET = 1, SCOPE_SIGNAL = 2 };

#define BIT(n) ((uint64_t)1 << (n))
#define FS_WRITE_FILE BIT(1)
#define FS_READ_FILE BIT(2)
#define FS_READ_DIR BIT(3)
#define FS_REFER BIT(13)
#define FS_TRUNCATE BIT(14)
/* Remove and make folders, files and sockets; no devices, pipes or symbolic links. */
#define FS_CHANGE (BIT(4) | BIT(5) | BIT(7) | BIT(8) | BIT(9))
#define FS_OF_FILES (BIT(0) | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | BIT(15))

typedef struct ruleset_attr {
    uint64_t files, net, scopes;
} ruleset_attr;

typedef struct beneath_attr {
    uint64_t may;
    int32_t fd;
} __attribute__((packed)) beneath_attr;

typedef struct port_attr {
    uint64_t may, port;
} port_attr;

/* Since which ABI a kernel can fence what, and how the log calls what an older one cannot. */
static const struct {
    int abi;
    uint64_t files, net, scopes;
    const char *what;
} steps[] = {
    { 1, BIT(13) - 1, 0, 0, "files" },
    { 2, FS_REFER, 0, 0, NULL }, /* before, moving between folders was always refused */
    { 3, FS_TRUNCATE, 0, 0, "shortening files" },
    { 4, 0, NET_BIND | NET_CONNECT, 0, "TCP" },
    { 5, BIT(15), 0, 0, "ioctl of devices" },
    { 6, 0, 0, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL, "signals and abstract sockets" },
};

void km_sandbox__miss(km_sandbox_report *out, const char *what)
{
    size_t n = strlen(out->missing);
    snprintf(out->missing + n, sizeof out->missing - n, "%s%s", n > 0 ? ", " : "", what);
}

static ruleset_attr all_of(int abi, km_sandbox_report *out)
{
    ruleset_attr a = { 0, 0, 0 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (abi < steps[i].abi) {
            if (steps[i].what != NULL)
                km_sandbox__miss(out, steps[i].what);
            continue;
        }
        a.files |= steps[i].files;
        a.net |= steps[i].net;
        a.scopes |= steps[i].scopes;
    }
    return a;
}

static bool allow_place(int rules, const ruleset_attr *all, const km_sandbox_place *p)
{
    struct stat st;
    uint64_t may = 0;
    int fd = open(p->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    if (p->may & KM_SANDBOX_READ)
        may |= FS_READ_FILE | FS_READ_DIR;
    if (p->may & KM_SANDBOX_WRITE)
        may |= FS_WRITE_FILE | FS_TRUNCATE | FS_CHANGE | FS_REFER;
    bool done = fstat(fd, &st) == 0;
    if (!S_ISDIR(st.st_mode))
        may &= FS_OF_FILES;
    beneath_attr rule = { may & all->files, fd };
    done = done && syscall(SYS_landlock_add_rule, rules, RULE_BENEATH, &rule, 0) == 0;
    close(fd);
    return done;
}

static const km_sandbox_place of_machine[] = {
#define PLACE(path, may) { path, may },
#include "sandbox/places.def"
#undef PLACE
};

static bool allow_places(int rules, const ruleset_attr *all, const km_sandbox_place *p, size_t n)
{
    bool done = true;
    for (size_t i = 0; done && i < n; i++)
        done = allow_place(rules, all, &p[i]);
    return done;
}

static bool allow_ports(int rules, const ruleset_attr *all, const km_sandbox_places *p)
{
    bool done = true;
    for (size_t i = 0; done && i < p->connects && (all->net & NET_CONNECT); i++) {
        port_attr rule = { NET_CONNECT, p->connect[i] };
        done = syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0) == 0;
    }
    return done;
}

km_code km_sandbox__fence(km_sandbox_kind kind, const km_sandbox_places *places,
                          km_sandbox_report *out, km_fault *f)
{
    static const km_sandbox_places nowhere = { 0 };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    out->abi = abi > 0 ? (int)abi : 0;
    ruleset_attr all = all_of(out->abi, out);
    if (out->abi == 0)
        return KM_OK; /* seccomp has to do; the report names what is missing */
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (places == NULL)
        places = &nowhere;
    bool done = rules >= 0 && allow_places(rules, &all, places->place, places->places)
                && allow_ports(rules, &all, places);
    if (done && kind == KM_SANDBOX_SERVE)
        done = allow_places(rules, &all, of_machine, sizeof of_machine / sizeof *of_machine);
    done = done && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    int why = errno;
    if (rules >= 0)
        close(rules);
    return done ? KM_OK : km_fail(f, KM_IO, "landlock", "%s", strerror(why));
}
