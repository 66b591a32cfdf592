/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: the door opened and closed; who comes in. Open node: everyone on loopback is its operator.
 * Otherwise the operator's token says so.
 */
#include "trust/inside.h"
#include "trust/marks.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_BYTES = 32, TOKEN_TEXT = 64 };

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
    t->log = o->log;
    t->whos = o->whos;
    t->sources = km_source_names__new();
    t->audit = o->audit;
    if (o->views != NULL)
        t->views = *o->views;
    t->roles = km_roles_new();
    t->shown = km_shown__new(t->roles);
    t->network_text = strdup(o->network != NULL ? o->network : "Organization/network");
    assert(t->network_text != NULL);
    t->network = km_str_of(t->network_text);
    t->local_source = o->local_source;
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
    km_shown__free(t->shown);
    km_source_names__free(t->sources);
    free(t->network_text);
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

const km_classes *km_trust_classes(const km_trust *t)
{
    (void)t;
    return km_mark_classes();
}

bool km_trust_knows(const km_trust *t, const km_policy *policy)
{
    return policy->permission != NULL
           && km_roles_permission(t->roles, km_str_of(policy->permission)) >= 0;
}

km_code km_trust__same_person(int64_t **chart, size_t *n, km_trust *t, km_reader *r,
                              int64_t chart_of)
{
    if (t->views.same_person != NULL)
        return t->views.same_person(chart, n, r, chart_of);
    *chart = KM_NEW(km_reader_call(r)->arena, int64_t);
    **chart = chart_of;
    *n = 1;
    return KM_OK;
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

km_basis km_trust__basis(const km_trust *t, const km_policy *policy, int role)
{
    assert(policy != NULL && policy->permission != NULL);
    int permission = km_roles_permission(t->roles, km_str_of(policy->permission));
    assert(permission >= 0);
    return km_roles_basis(t->roles, permission, role);
}

km_code km_trust__refused(km_trust *t, const km_policy *policy, km_call *call)
{
    bool nobody = call->caller->role == t->nobody_role;
    km_trace__refused(t, policy, nobody ? KM_UNAUTHENTICATED : KM_FORBIDDEN, call);
    return nobody
               ? km_fail(call->fault, KM_UNAUTHENTICATED, NULL, "send Authorization: Bearer TOKEN")
               : km_fail(call->fault, KM_FORBIDDEN, NULL, NULL);
}

/* Machines show a key or a certificate each time; people a second factor once for a session. */
static bool proved_enough(const km_trust *t, const km_who *w)
{
    const km_role *role;
    (void)km_roles_all(&role, t->roles);
    bool machine = w->client.n > 0 && km_str_eq(w->client, w->subject);
    return !role[w->role].second_factor || machine || w->second_factor_at > 0
           || w->certificate.n > 0;
}

static void prove(km_caller *caller, km_trust *t, const km_credentials *c, km_call *call)
{
    km_who *who;
    km_fault kept = *call->fault;
    *caller =
        (km_caller){ .name = KM_STR("nobody"), .role = t->nobody_role, .asked = caller->asked };
    if (t->whos == NULL || !km_credentials_any(c))
        return;
    if (km_who_prove(&who, t->whos, c, call) != KM_OK) {
        *call->fault = kept; /* nobody, who may still use what is public */
        return;
    }
    caller->name = KM_STR("");
    caller->role = who->role;
    caller->who = who;
}

static km_code wants_second_factor(km_trust *t, const km_policy *policy, km_call *call)
{
    km_trace__refused(t, policy, KM_UNAUTHENTICATED, call);
    return km_fail(call->fault, KM_UNAUTHENTICATED, NULL, "show a passkey or a certificate first");
}

km_code km_trust_admit(km_caller **out, km_trust *t, const km_policy *policy,
                       const km_credentials *c, const km_asked *asked, km_call *call)
{
    km_caller *caller = KM_NEW(call->arena, km_caller);
    caller->asked = *asked;
    call->caller = caller;
    if (t->open || is_operator(t, c->authorization)) {
        caller->name = t->open ? KM_STR("open") : KM_STR("operator");
        caller->role = t->operator_role;
    } else {
        prove(caller, t, c, call);
    }
    km_basis basis = km_trust__basis(t, policy, caller->role);
    if (basis == KM_BASIS_NONE
        || (km_trust__is_abroad(caller) && !km_trust__open_abroad(t, policy)))
        return km_trust__refused(t, policy, call);
    if (basis != KM_BASIS_OPEN && caller->who != NULL && !proved_enough(t, caller->who))
        return wants_second_factor(t, policy, call);
    *out = caller;
    return KM_OK;
}
