/* SPDX-License-Identifier: Apache-2.0
 *
 * account: the verb that says who may sign in, and as what. Each change leaves an entry in the
 * audit.
 */
#include "app/inside.h"

#include <stdio.h>

#include "trust/who/accounts.h"
#include "trust/who/allowed.h"
#include "trust/who/card.h"
#include "trust/who/session.h"

enum { PAGE = 256, CERTIFICATE_MAX = 64 << 10 };

typedef struct asked {
    const km_args *args;
    km_node *node;
    km_own_call own;
} asked;

static km_str text_of(const asked *q, const char *option)
{
    return km_str_of(q->args->option(q->args, option));
}

/* "Patient/1,Patient/2" */
static void list_of(const km_str **out, size_t *n, const asked *q, const char *option)
{
    km_str *item = KM_NEW_ARRAY(q->own.call.arena, KM_ACCOUNT_LIST + 1, km_str);
    *n = 0;
    for (km_str left = text_of(q, option); left.n > 0 && *n <= KM_ACCOUNT_LIST;)
        item[(*n)++] = km_str_trim(km_str_cut(left, ',', &left));
    *out = item;
}

/* The subject of a card: a blind index. The file is read, and nothing of it is kept. */
static km_code card_subject(km_str *out, asked *q, km_card_kind kind, const char *file)
{
    km_str subject[2];
    char *text = km_arena_alloc(q->own.call.arena, CERTIFICATE_MAX);
    FILE *in = fopen(file, "rb");
    size_t n = in != NULL ? fread(text, 1, CERTIFICATE_MAX, in) : 0;
    if (in != NULL)
        fclose(in);
    if (n == 0)
        return km_fail(&q->own.fault, KM_IO, "certificate", "it cannot be read, or is empty");
    KM_TRY(km_card_subject(subject, q->node->keys, kind, (km_str){ text, n }, &q->own.call));
    *out = subject[0];
    return KM_OK;
}

/* Who proves them, and what they are there: as told, or of a card. `renewed`: the new one. */
static km_code proof_of(km_str *issuer, km_str *subject, asked *q, bool renewed)
{
    const char *file = q->args->option(q->args, renewed ? "renewed-certificate" : "certificate");
    const char *card = q->args->option(q->args, "card");
    *issuer = text_of(q, "issuer");
    *subject = text_of(q, renewed ? "renewed" : "subject");
    if (file == NULL)
        return KM_OK;
    km_card_kind kind = km_card_named(km_str_of(card));
    if (kind == KM_CARD_KINDS || issuer->n > 0 || subject->n > 0)
        return km_fail(&q->own.fault, KM_USAGE, "certificate",
                       "with --card hpki or jpki, and without issuer and subject");
    *issuer = km_card_issuer(kind);
    return card_subject(subject, q, kind, file);
}

static km_code trace(asked *q, const char *what)
{
    km_audit_entry e = { .kind = KM_AUDIT_JOB, .reason = km_str_of(what) };
    return km_trust_trace(q->node->trust, &e, &q->own.call);
}

static km_code add(asked *q)
{
    const km_roles *roles = km_trust_roles(q->node->trust);
    km_account a = { .role = km_roles_role(roles, text_of(q, "role")),
                     .name = text_of(q, "name"),
                     .network = text_of(q, "network"),
                     .organisation = text_of(q, "organisation"),
                     .person = text_of(q, "person") };
    KM_TRY(proof_of(&a.issuer, &a.subject, q, false));
    list_of(&a.actor, &a.actors, q, "actor");
    list_of(&a.ward, &a.wards, q, "ward");
    KM_TRY(km_account_add(&a.number, q->node->log, &a, roles, &q->own.call));
    KM_TRY(trace(q, "account added"));
    printf(q->args->config->json ? "{\"added\":%lld}\n" : "added: account %lld\n",
           (long long)a.number);
    return KM_OK;
}

static km_code remove_one(asked *q)
{
    km_str issuer, subject;
    KM_TRY(proof_of(&issuer, &subject, q, false));
    KM_TRY(km_account_remove(q->node->log, issuer, subject, &q->own.call));
    KM_TRY(km_session_end_all(q->node->whos, issuer, subject, &q->own.call));
    KM_TRY(km_allowed_end_person(q->node->whos, issuer, subject, &q->own.call));
    KM_TRY(trace(q, "account removed"));
    printf(q->args->config->json ? "{\"removed\":true}\n" : "removed\n");
    return KM_OK;
}

static km_code renew(asked *q)
{
    km_str issuer, old, renewed;
    KM_TRY(proof_of(&issuer, &old, q, false));
    KM_TRY(proof_of(&issuer, &renewed, q, true));
    KM_TRY(km_account_renew(q->node->log, issuer, old, renewed, &q->own.call));
    KM_TRY(trace(q, "account renewed"));
    printf(q->args->config->json ? "{\"renewed\":true}\n" : "renewed\n");
    return KM_OK;
}

static void print_account(const km_account *a, const km_role *role, const asked *q)
{
    km_buf out = km_buf_in(q->own.call.arena);
    km_jw w = km_jw_on(&out);
    if (!q->args->config->json) {
        printf("%lld  %.*s  %.*s  %.*s  %.*s\n", (long long)a->number, KM_STR_ARG(role->name),
               KM_STR_ARG(a->name), KM_STR_ARG(a->issuer), KM_STR_ARG(a->subject));
        return;
    }
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "number", a->number);
    km_jw_member(&w, "role", role->name);
    km_jw_member(&w, "name", a->name);
    km_jw_member(&w, "issuer", a->issuer);
    km_jw_member(&w, "subject", a->subject);
    km_jw_member(&w, "network", a->network);
    km_jw_member(&w, "organisation", a->organisation);
    km_jw_member(&w, "person", a->person);
    km_jw_close(&w, '}');
    printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
}

/* One line for each account. */
static km_code list(asked *q)
{
    const km_roles *roles = km_trust_roles(q->node->trust);
    const km_role *role;
    km_account *page = KM_NEW_ARRAY(q->own.call.arena, PAGE, km_account);
    km_conn *c;
    size_t n = PAGE;
    km_code rc = KM_OK;
    km_roles_all(&role, roles);
    KM_TRY(km_store_reader(&c, q->node->store, &q->own.fault));
    for (int64_t after = 0; rc == KM_OK && n == PAGE;) {
        km_arena_mark here = km_arena_here(q->own.call.arena);
        rc = km_account_list(page, &n, PAGE, c, roles, after, &q->own.call);
        for (size_t i = 0; rc == KM_OK && i < n; i++)
            print_account(&page[i], &role[page[i].role], q);
        after = n > 0 ? page[n - 1].number : after;
        km_arena_back(q->own.call.arena, here);
    }
    km_store_return(c);
    return rc;
}

/* A code that its bearer shows once, within a day, to enrol the first passkey of the account. */
static km_code enrol(asked *q)
{
    km_conn *c;
    km_account a;
    km_str code, issuer, subject;
    km_call *call = &q->own.call;
    KM_TRY(proof_of(&issuer, &subject, q, false));
    KM_TRY(km_store_reader(&c, q->node->store, &q->own.fault));
    km_code rc = km_account_find(&a, c, km_trust_roles(q->node->trust), issuer, subject, call);
    km_store_return(c);
    KM_TRY(rc);
    km_account_enrolment(&code, q->node->log, &a, call);
    KM_TRY(trace(q, "enrolment code made"));
    printf(q->args->config->json ? "{\"code\":\"%.*s\"}\n" : "%.*s\n", KM_STR_ARG(code));
    return KM_OK;
}

int km_app__account(const km_args *a, km_node *n)
{
    static const struct {
        const char *word;
        km_code (*run)(asked *q);
    } parts[] = { { "add", add },
                  { "list", list },
                  { "remove", remove_one },
                  { "renew", renew },
                  { "enrol", enrol } };
    asked q = { .args = a, .node = n };
    for (size_t i = 0; a->words == 1 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(a->word[0], parts[i].word) != 0)
            continue;
        km_own_call_open(&q.own, n, "account", KM_ARENA_CAP_DEFAULT);
        km_code rc = parts[i].run(&q);
        if (rc != KM_OK)
            km_app__tell(a->config, "account", &q.own.fault);
        km_own_call_close(&q.own);
        return km_app__exit_code(rc);
    }
    fprintf(stderr,
            "kumihimo account: add, list, remove, renew or enrol\nkumihimo account --help\n");
    return KM_EXIT_USAGE;
}
