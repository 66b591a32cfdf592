/* SPDX-License-Identifier: Apache-2.0
 *
 * verbs: `kumihimo client`, which registers apps and machines, and `kumihimo token`, which makes a
 * token of a demonstration.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "codec/x509/x509.h"
#include "services/oauth/oauth.h"
#include "trust/who/demo.h"

enum { PAGE = 128, FILE_MAX_BYTES = 256 * 1024 };

static int exit_of(km_code rc)
{
    switch (rc) {
    case KM_OK:
        return KM_EXIT_DONE;
    case KM_USAGE:
        return KM_EXIT_USAGE;
    case KM_STORE:
    case KM_IO:
    case KM_BUSY:
        return KM_EXIT_STORE;
    default:
        return KM_EXIT_REFUSED;
    }
}

static int tell(const km_args *a, const char *verb, const km_fault *f)
{
    if (f->code == KM_OK)
        return KM_EXIT_DONE;
    if (a->config->json) {
        km_arena *arena = km_arena_new(1 << 16);
        km_buf out = km_buf_in(arena);
        km_outcome_print(&out, f);
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        km_arena_free(arena);
    } else {
        fprintf(stderr, "kumihimo %s: %s%s%s%s%s\n", verb, km_code_sentence(f->code),
                f->path[0] ? ": " : "", f->path, f->detail[0] ? ": " : "", f->detail);
    }
    return exit_of(f->code);
}

static km_str option(const km_args *a, const char *name)
{
    return km_str_of(a->option(a, name));
}

/* --- client --- */

typedef struct asked {
    const km_args *args;
    km_node *node;
    km_own_call own;
} asked;

static km_code read_file(km_str *out, const char *path, const char *name, km_call *call)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = km_arena_alloc(call->arena, FILE_MAX_BYTES);
    ssize_t n = fd >= 0 ? read(fd, text, FILE_MAX_BYTES) : -1;
    if (fd >= 0)
        close(fd);
    *out = (km_str){ text, n > 0 ? (size_t)n : 0 };
    return n > 0 ? KM_OK : km_fail(call->fault, KM_IO, name, "it cannot be read, or is empty");
}

static km_code read_proof(km_registered *c, asked *q)
{
    km_call *call = &q->own.call;
    const char *jwks = q->args->option(q->args, "jwks");
    const char *certificate = q->args->option(q->args, "certificate");
    char thumbprint[KM_X509_THUMBPRINT];
    km_str pem, der;
    size_t n;
    if (jwks != NULL && certificate != NULL)
        return km_fail(call->fault, KM_USAGE, "jwks", "either keys or a certificate");
    c->kind = jwks != NULL          ? KM_REGISTERED_KEYS
              : certificate != NULL ? KM_REGISTERED_CERTIFICATE
                                    : KM_REGISTERED_PUBLIC;
    if (jwks != NULL)
        return read_file(&c->proof, jwks, "jwks", call);
    if (certificate == NULL)
        return KM_OK;
    KM_TRY(read_file(&pem, certificate, "certificate", call));
    KM_TRY(km_cert_unpem(&der, &n, 1, call->arena, pem, call->fault));
    km_cert_thumbprint(thumbprint, der);
    c->proof = km_arena_copy(call->arena, km_str_of(thumbprint));
    return KM_OK;
}

static km_code trace(asked *q, const char *what)
{
    km_audit_entry e = { .kind = KM_AUDIT_JOB, .reason = km_str_of(what) };
    return km_trust_trace(q->node->trust, &e, &q->own.call);
}

static km_code add(asked *q)
{
    const km_args *a = q->args;
    km_call *call = &q->own.call;
    km_str redirect[KM_REGISTERED_REDIRECTS + 1], purpose = option(a, "purpose");
    km_registered c = { .id = km_str_of(a->word[1]),
                        .name = option(a, "name"),
                        .redirect = redirect,
                        .launch = option(a, "launch"),
                        .scopes = option(a, "scope"),
                        .role = -1,
                        .purpose = km_purpose_named(purpose),
                        .network = option(a, "network"),
                        .organisation = option(a, "organisation"),
                        .country = option(a, "country") };
    if (c.name.n == 0)
        c.name = c.id;
    if (a->option(a, "role") != NULL) {
        c.role = km_roles_role(km_whos_roles(q->node->whos), option(a, "role"));
        if (c.role < 0)
            return km_fail(call->fault, KM_USAGE, "role", "no such role: kumihimo permissions");
    }
    if (purpose.n > 0 && c.purpose == KM_PURPOSE_NONE)
        return km_fail(call->fault, KM_USAGE, "purpose", "no such purpose");
    for (km_str left = option(a, "redirect"); left.n > 0 && c.redirects <= KM_REGISTERED_REDIRECTS;)
        redirect[c.redirects++] = km_str_trim(km_str_cut(left, ',', &left));
    KM_TRY(read_proof(&c, q));
    KM_TRY(km_registered_add(q->node->whos, &c, call));
    KM_TRY(trace(q, "client added"));
    printf(a->config->json ? "{\"added\":\"%s\",\"kind\":\"%s\"}\n" : "added: %s (%s)\n",
           a->word[1], km_registered_kind_name(c.kind));
    return KM_OK;
}

static km_code remove_one(asked *q)
{
    KM_TRY(km_registered_remove(q->node->whos, km_str_of(q->args->word[1]), &q->own.call));
    KM_TRY(trace(q, "client removed"));
    printf(q->args->config->json ? "{\"removed\":\"%s\"}\n" : "removed: %s\n", q->args->word[1]);
    return KM_OK;
}

static void print_client(const km_registered *c, const asked *q)
{
    const km_role *role;
    km_buf out = km_buf_in(q->own.call.arena);
    km_jw w = km_jw_on(&out);
    km_roles_all(&role, km_whos_roles(q->node->whos));
    if (!q->args->config->json) {
        printf("%.*s  %s  %.*s  %.*s\n", KM_STR_ARG(c->id), km_registered_kind_name(c->kind),
               KM_STR_ARG(c->name), KM_STR_ARG(c->scopes));
        return;
    }
    km_jw_open(&w, '{');
    km_jw_member(&w, "id", c->id);
    km_jw_member(&w, "name", c->name);
    km_jw_member_z(&w, "kind", km_registered_kind_name(c->kind));
    km_jw_member(&w, "scope", c->scopes);
    km_jw_key(&w, "redirect");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < c->redirects; i++)
        km_jw_str(&w, c->redirect[i]);
    km_jw_close(&w, ']');
    if (km_registered_is_abroad(c))
        km_jw_member(&w, "country", c->country);
    if (c->role >= 0)
        km_jw_member(&w, "role", role[c->role].name);
    km_jw_close(&w, '}');
    printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
}

static km_code list(asked *q)
{
    km_registered *page = KM_NEW_ARRAY(q->own.call.arena, PAGE, km_registered);
    km_str after = KM_STR("");
    for (size_t n = PAGE; n == PAGE;) {
        KM_TRY(km_registered_list(page, &n, PAGE, q->node->whos, after, &q->own.call));
        for (size_t i = 0; i < n; i++)
            print_client(&page[i], q);
        if (n > 0)
            after = page[n - 1].id;
    }
    return KM_OK;
}

int km_oauth__client(const km_args *a, km_node *n)
{
    static const struct {
        const char *word;
        size_t words;
        km_code (*run)(asked *q);
    } parts[] = { { "add", 2, add }, { "list", 1, list }, { "remove", 2, remove_one } };
    asked q = { .args = a, .node = n };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (a->words != parts[i].words || strcmp(a->word[0], parts[i].word) != 0)
            continue;
        km_own_call_open(&q.own, n, "client", KM_ARENA_CAP_DEFAULT);
        (void)parts[i].run(&q);
        int rc = tell(a, "client", &q.own.fault);
        km_own_call_close(&q.own);
        return rc;
    }
    fprintf(stderr, "kumihimo client: add ID, list or remove ID\nkumihimo client --help\n");
    return KM_EXIT_USAGE;
}

/* --- token --- */

/* "7" or "Type/7". */
static km_code reference(km_str *out, const km_args *a, const char *name, const char *type,
                         km_call *call)
{
    km_str text = option(a, name), prefix = km_arena_print(call->arena, "%s/", type);
    *out = KM_STR_NONE;
    if (text.n == 0)
        return KM_OK;
    km_str id = km_str_starts(text, prefix) ? km_str_sub(text, prefix.n, text.n) : text;
    if (!km_fhir_is_id(id))
        return km_fail(call->fault, KM_USAGE, name, "an id, or %s/ID", type);
    *out = km_arena_print(call->arena, "%s/%.*s", type, KM_STR_ARG(id));
    return KM_OK;
}

static bool decided_by(const km_roles *roles, int role, km_basis basis)
{
    const km_permission *p;
    for (size_t n = km_roles_permissions(&p, roles); n > 0; n--)
        if (p[n - 1].basis[role] == basis)
            return true;
    return false;
}

static km_code take_person(km_who *who, const km_args *a, const km_roles *roles, km_call *call)
{
    km_str *ward = KM_NEW_ARRAY(call->arena, 1, km_str);
    bool self = decided_by(roles, who->role, KM_BASIS_SELF),
         proxy = decided_by(roles, who->role, KM_BASIS_WARD);
    KM_TRY(reference(ward, a, "person", "Patient", call));
    if ((self || proxy) && ward->n == 0)
        return km_fail(call->fault, KM_USAGE, "person", "this role needs --person ID");
    if (self)
        who->person = *ward;
    if (proxy) {
        who->ward = ward;
        who->wards = 1;
    }
    return KM_OK;
}

static void name_actors(km_who *who, km_str practitioner, km_arena *a)
{
    km_str *actor = KM_NEW_ARRAY(a, 2, km_str);
    if (practitioner.n > 0)
        actor[who->actors++] = practitioner;
    if (who->organisation.n > 0)
        actor[who->actors++] = who->organisation;
    who->actor = actor;
}

static km_code take_who(km_who *who, const km_args *a, const km_roles *roles, km_call *call)
{
    const km_role *role;
    km_str practitioner, purpose = option(a, "purpose");
    km_roles_all(&role, roles);
    *who = (km_who){ .issuer = KM_STR(KM_DEMO_ISSUER),
                     .role = km_roles_role(roles, option(a, "role")) };
    if (who->role < 0 || km_str_is(option(a, "role"), "nobody")
        || km_str_is(option(a, "role"), "operator"))
        return km_fail(call->fault, KM_USAGE, "role",
                       "a role of `kumihimo permissions`, but not nobody or operator");
    role += who->role;
    who->purpose = purpose.n > 0 ? km_purpose_named(purpose) : role->purpose;
    if (purpose.n > 0 && who->purpose == KM_PURPOSE_NONE)
        return km_fail(call->fault, KM_USAGE, "purpose", "TREAT, ETREAT, PATRQT, HRESCH, ...");
    KM_TRY(reference(&who->organisation, a, "organisation", "Organization", call));
    KM_TRY(reference(&who->network, a, "network", "Organization", call));
    KM_TRY(reference(&practitioner, a, "practitioner", "Practitioner", call));
    KM_TRY(reference(&who->patient, a, "patient", "Patient", call));
    KM_TRY(take_person(who, a, roles, call));
    name_actors(who, practitioner, call->arena);
    if (role->second_factor)
        who->second_factor_at = km_call_now(call);
    who->name = km_arena_print(call->arena, "実演の%.*s", KM_STR_ARG(role->ja));
    who->subject = km_arena_print(call->arena, "%.*s:%.*s%.*s%.*s", KM_STR_ARG(role->name),
                                  KM_STR_ARG(who->person), KM_STR_ARG(who->organisation),
                                  KM_STR_ARG(practitioner));
    return KM_OK;
}

static km_code make_token(const km_args *a, const km_roles *roles, km_call *call)
{
    km_who who;
    km_scopes scopes;
    km_str token, text = option(a, "scope");
    char file[4096];
    int n = snprintf(file, sizeof file, "%s/keys/demo", a->config->data_dir);
    if (n < 0 || (size_t)n >= sizeof file)
        return km_fail(call->fault, KM_USAGE, "data", "the path is too long");
    KM_TRY(take_who(&who, a, roles, call));
    KM_TRY(km_scopes_parse(&scopes, text, call->arena, call->fault));
    if (text.n > 0) {
        who.client = KM_STR("demonstration");
        who.country = option(a, "country");
        text = km_scopes_print(&scopes, call->arena);
        if (who.patient.n == 0)
            who.patient = who.person;
    }
    KM_TRY(km_demo_token(&token, file, &who, text, roles, call));
    fprintf(stderr,
            "*** 実演用のトークン (12 時間)。 A token of a demonstration (12 hours). ***\n");
    printf(a->config->json ? "{\"access_token\":\"%.*s\",\"token_type\":\"Bearer\"}\n" : "%.*s\n",
           KM_STR_ARG(token));
    return KM_OK;
}

int km_oauth__demo_token(const km_args *a, km_node *none)
{
    km_fault f = { 0 };
    (void)none;
    km_fhir_load();
    km_roles *roles = km_roles_new();
    km_arena *arena = km_arena_new((size_t)4 << 20);
    km_call call = { arena, &f, &km_clock_real, &km_random_real, NULL };
    (void)make_token(a, roles, &call);
    km_arena_free(arena);
    km_roles_free(roles);
    return tell(a, "token", &f);
}
