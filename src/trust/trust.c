/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: the simplest decision. Open node: everyone on loopback may do everything. Otherwise the
 * operator's token opens everything, and nobody else gets more than what is public.
 */
#include "trust/trust.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "record/access_make.h"

enum { TOKEN_BYTES = 32, TOKEN_TEXT = 64 };

struct km_trust {
    bool open;
    km_roles *roles;
    int nobody_role, operator_role;
    unsigned char token_hash[KM_SHA256_LEN]; /* of the token's text; the text itself is not kept */
};

/* --- the operator's token --- */

static km_code make_token(const char *file, const km_random *random, char text[TOKEN_TEXT + 1],
                          km_fault *f)
{
    unsigned char bytes[TOKEN_BYTES];
    km_arena *a = km_arena_new(4096);
    random->fill(random->self, bytes, sizeof bytes);
    km_str hex = km_hex(a, bytes, sizeof bytes);
    memcpy(text, hex.p, TOKEN_TEXT);
    text[TOKEN_TEXT] = '\0';
    km_arena_free(a);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    bool written = fd >= 0 && write(fd, text, TOKEN_TEXT) == TOKEN_TEXT && write(fd, "\n", 1) == 1
                   && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return written ? KM_OK : km_fail(f, KM_IO, NULL, "the token file cannot be written");
}

static km_code read_token(const char *file, const km_random *random, char text[TOKEN_TEXT + 1],
                          km_fault *f)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return make_token(file, random, text, f);
    if (fd < 0)
        return km_fail(f, KM_IO, NULL, "the token file cannot be read");
    ssize_t n = read(fd, text, TOKEN_TEXT);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n == TOKEN_TEXT ? KM_OK : km_fail(f, KM_IO, NULL, "the token file is too short");
}

km_code km_trust_open(km_trust **out, const km_trust_options *o, km_fault *f)
{
    km_trust *t = calloc(1, sizeof *t);
    assert(t != NULL);
    t->open = o->open;
    t->roles = km_roles_new();
    t->nobody_role = km_roles_role(t->roles, KM_STR("nobody"));
    t->operator_role = km_roles_role(t->roles, KM_STR("operator"));
    assert(t->nobody_role >= 0 && t->operator_role >= 0);
    if (!o->open) {
        char text[TOKEN_TEXT + 1];
        km_code rc = read_token(o->token_file, o->random, text, f);
        if (rc != KM_OK) {
            km_trust_close(t);
            return rc;
        }
        km_sha256(t->token_hash, text, TOKEN_TEXT);
        explicit_bzero(text, sizeof text);
    }
    *out = t;
    return KM_OK;
}

void km_trust_close(km_trust *t)
{
    if (t == NULL)
        return;
    km_roles_free(t->roles);
    free(t);
}

bool km_trust_is_open(const km_trust *t)
{
    return t->open;
}

const km_roles *km_trust_roles(const km_trust *t)
{
    return t->roles;
}

bool km_trust_knows(const km_trust *t, const km_policy *policy)
{
    return policy->permission != NULL
           && km_roles_permission(t->roles, km_str_of(policy->permission)) >= 0;
}

/* --- who asks --- */

static bool is_operator(const km_trust *t, km_str authorization)
{
    unsigned char hash[KM_SHA256_LEN];
    const km_str scheme = KM_STR("Bearer ");
    if (authorization.n < scheme.n
        || !km_str_eq_nocase(km_str_sub(authorization, 0, scheme.n), scheme))
        return false;
    km_str token = km_str_trim(km_str_sub(authorization, scheme.n, authorization.n));
    km_sha256(hash, token.p, token.n);
    return km_same_secret(hash, t->token_hash, sizeof hash);
}

static km_basis basis_of(const km_trust *t, const km_policy *policy, int role)
{
    assert(policy != NULL && policy->permission != NULL);
    int permission = km_roles_permission(t->roles, km_str_of(policy->permission));
    assert(permission >= 0);
    return km_roles_basis(t->roles, permission, role);
}

/* Who may not is told so; who is nobody yet, how to become somebody. */
static km_code refused(const km_trust *t, int role, km_call *call)
{
    return role == t->nobody_role
               ? km_fail(call->fault, KM_UNAUTHENTICATED, NULL, "send Authorization: Bearer TOKEN")
               : km_fail(call->fault, KM_FORBIDDEN, NULL, NULL);
}

km_code km_trust_admit(km_caller **out, km_trust *t, const km_policy *policy, km_str authorization,
                       km_call *call)
{
    km_caller *c = KM_NEW(call->arena, km_caller);
    if (t->open)
        *c = (km_caller){ .name = KM_STR("open"), .role = t->operator_role };
    else if (authorization.n > 0 && is_operator(t, authorization))
        *c = (km_caller){ .name = KM_STR("operator"), .role = t->operator_role };
    else
        *c = (km_caller){ .name = KM_STR("nobody"), .role = t->nobody_role };
    if (basis_of(t, policy, c->role) == KM_BASIS_NONE)
        return refused(t, c->role, call);
    *out = c;
    call->caller = c;
    return KM_OK;
}

/* --- what they may see --- */

static bool never_chart(const km_access *a, int64_t chart)
{
    (void)a;
    (void)chart;
    return false;
}

static bool never_partial(const km_access *a, km_ftype type)
{
    (void)a;
    (void)type;
    return false;
}

static bool never(const km_access *a, int64_t chart, km_ftype type, int64_t rid)
{
    (void)a;
    (void)chart;
    (void)type;
    (void)rid;
    return false;
}

static km_code release(km_access *a, struct km_record *const *shown, size_t n, km_fault *f)
{
    (void)a;
    (void)shown;
    (void)n;
    (void)f;
    return KM_OK;
}

/* An access that covers everything never asks the first three. */
static const km_access_rules rules = { never_chart, never_partial, never, release };

km_code km_trust_access(km_access **out, const km_trust *t, const km_policy *policy, km_call *call)
{
    assert(call->caller != NULL);
    if (basis_of(t, policy, call->caller->role) != KM_BASIS_ALL)
        return refused(t, call->caller->role, call);
    km_access *a = KM_NEW(call->arena, km_access);
    a->rules = &rules;
    a->covers_all = true;
    *out = a;
    return KM_OK;
}

km_access *km_trust_job_access(const char *job, km_arena *a)
{
    static const char *const jobs[] = { "rebuild", "verify", "export", "import", "erase" };
    bool known = false;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        known = known || strcmp(jobs[i], job) == 0;
    assert(known);
    km_access *access = KM_NEW(a, km_access);
    access->rules = &rules;
    access->covers_all = true;
    return access;
}
