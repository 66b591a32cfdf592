/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: the verb that says who vouches for people (OpenID Connect).
 */
#include "app/inside.h"

#include <fcntl.h>
#include <unistd.h>

#include "trust/who/provider.h"

typedef struct asked {
    const km_args *args;
    km_node *node;
    km_own_call own;
} asked;

static km_str text_of(const asked *q, const char *option, const char *otherwise)
{
    const char *text = q->args->option(q->args, option);
    return km_str_of(text ? text : otherwise);
}

/* One line; never an argument, which every user of the machine can read. */
static km_code read_secret(km_str *out, asked *q)
{
    const char *file = q->args->option(q->args, "client-secret-file");
    char *text = km_arena_zero(q->own.call.arena, 1024);
    *out = KM_STR_NONE;
    if (file == NULL)
        return KM_OK;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, 1023) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return km_fail(&q->own.fault, KM_IO, "client-secret-file",
                       "it cannot be read, or is empty");
    *out = km_str_trim((km_str){ text, (size_t)n });
    return KM_OK;
}

static km_code trace(asked *q, const char *what)
{
    km_audit_entry e = { .kind = KM_AUDIT_JOB, .reason = km_str_of(what) };
    return km_trust_trace(q->node->trust, &e, &q->own.call);
}

static km_code add(asked *q)
{
    km_str allowed[KM_PROVIDER_ALLOWED];
    km_provider p = { .name = km_str_of(q->args->word[1]),
                      .issuer = text_of(q, "issuer", NULL),
                      .client_id = text_of(q, "client-id", NULL),
                      .claim = text_of(q, "claim", "sub"),
                      .scope = text_of(q, "scope", ""),
                      .allowed = allowed,
                      .ca_file = text_of(q, "ca", "") };
    p.ja = text_of(q, "label", q->args->word[1]);
    p.en = text_of(q, "label-en", q->args->word[1]);
    for (km_str left = text_of(q, "allow", NULL); left.n > 0 && p.allowances < KM_PROVIDER_ALLOWED;)
        allowed[p.allowances++] = km_str_trim(km_str_cut(left, ',', &left));
    KM_TRY(read_secret(&p.secret, q));
    KM_TRY(km_provider_add(q->node->log, &p, &q->own.call));
    KM_TRY(trace(q, "provider added"));
    printf(q->args->config->json ? "{\"added\":\"%.*s\"}\n" : "added: %.*s\n", KM_STR_ARG(p.name));
    return KM_OK;
}

static km_code remove_one(asked *q)
{
    KM_TRY(km_provider_remove(q->node->log, km_str_of(q->args->word[1]), &q->own.call));
    KM_TRY(trace(q, "provider removed"));
    printf(q->args->config->json ? "{\"removed\":true}\n" : "removed\n");
    return KM_OK;
}

static km_code list(asked *q)
{
    km_provider p[KM_PROVIDERS_MAX];
    size_t n;
    KM_TRY(km_provider_list(p, &n, q->node->log, &q->own.call));
    for (size_t i = 0; i < n; i++) {
        km_buf out = km_buf_in(q->own.call.arena);
        km_jw w = km_jw_on(&out);
        km_jw_open(&w, '{');
        km_jw_member(&w, "name", p[i].name);
        km_jw_member(&w, "ja", p[i].ja);
        km_jw_member(&w, "en", p[i].en);
        km_jw_member(&w, "issuer", p[i].issuer);
        km_jw_member(&w, "clientId", p[i].client_id);
        km_jw_member(&w, "claim", p[i].claim);
        km_jw_close(&w, '}');
        if (q->args->config->json)
            printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        else
            printf("%.*s  %.*s  %.*s\n", KM_STR_ARG(p[i].name), KM_STR_ARG(p[i].issuer),
                   KM_STR_ARG(p[i].client_id));
    }
    return KM_OK;
}

int km_app__provider(const km_args *a, km_node *n)
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
        km_own_call_open(&q.own, n, "provider", KM_ARENA_CAP_DEFAULT);
        km_code rc = parts[i].run(&q);
        if (rc != KM_OK)
            km_app__tell(a->config, "provider", &q.own.fault);
        km_own_call_close(&q.own);
        return km_app__exit_code(rc);
    }
    fprintf(stderr,
            "kumihimo provider: add NAME, list, or remove NAME\nkumihimo provider --help\n");
    return KM_EXIT_USAGE;
}
