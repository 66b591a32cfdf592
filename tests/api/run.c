/* SPDX-License-Identifier: Apache-2.0
 *
 * run SCRIPT: runs one API script (README.md) against a node of its own. Ends with 0 when every
 * expectation holds, 1 when one does not, 77 when a sample that the script wants is absent.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "expect.h"
#include "node.h"
#include "wire.h"

#define SKIPPED 77
#define THREADS_MAX 256
#define NAMES_MAX 64
#define STATUS_MAX 600
#define EVENTUALLY_TICKS 600 /* of 50 ms */

typedef struct pair {
    km_str name, value;
} pair;

typedef struct pairs {
    pair row[NAMES_MAX];
    uint32_t n;
} pairs;

/* One thread of a script: what it knows and the reply it looks at. */
typedef struct runner {
    const api_script *script;
    api_node *node;
    km_arena *kept;    /* variables */
    km_arena *scratch; /* the last reply; forgotten at the next request */
    pairs variables, with;
    km_str serve; /* arguments for the next start */
    api_reply reply;
    const api_step *asked; /* the step that brought the reply */
    const api_step *failed;
    uint32_t checks;
    uint32_t tally[STATUS_MAX];
    bool skipped;
    km_fault fault;
} runner;

/* An open repeat block. */
typedef struct loop {
    uint32_t opener, left;
} loop;

static bool known(km_str *out, const pairs *p, km_str name)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (km_str_eq(p->row[i].name, name)) {
            *out = p->row[i].value;
            return true;
        }
    return false;
}

static km_code put(pairs *p, km_arena *a, km_str name, km_str value, km_fault *f)
{
    uint32_t at = 0;
    while (at < p->n && !km_str_eq(p->row[at].name, name))
        at++;
    if (at == NAMES_MAX)
        return km_fail(f, KM_TOO_COSTLY, NULL, "more than %d names", NAMES_MAX);
    p->row[at] = (pair){ km_arena_copy(a, name), km_arena_copy(a, value) };
    p->n = at == p->n ? at + 1 : p->n;
    return KM_OK;
}

static km_code set_number(runner *r, const char *name, uint32_t n)
{
    km_str text = km_arena_print(r->kept, "%u", n);
    return put(&r->variables, r->kept, km_str_of(name), text, &r->fault);
}

/* Puts variables in. A $ before a name that nobody set stays: $everything is an address. */
static km_str expand(runner *r, km_str text)
{
    km_buf out = km_buf_in(r->scratch);
    for (size_t i = 0; i < text.n;) {
        size_t n = 0;
        km_str value;
        while (text.p[i] == '$' && i + 1 + n < text.n
               && strchr("abcdefghijklmnopqrstuvwxyz0123456789_", text.p[i + 1 + n]) != NULL)
            n++;
        if (n > 0 && known(&value, &r->variables, km_str_sub(text, i + 1, n))) {
            km_buf_add(&out, value);
            i += 1 + n;
        } else {
            km_buf_char(&out, text.p[i++]);
        }
    }
    return km_buf_str(&out);
}

/* Links of the node name it with its port, which a restart changes. */
static km_str path_of(km_str target)
{
    km_str host = KM_STR("http://127.0.0.1:");
    if (!km_str_starts(target, host))
        return target;
    km_str rest = km_str_sub(target, host.n, target.n);
    return km_str_sub(rest, km_str_find(rest, '/'), rest.n);
}

static bool names_header(km_str lines, km_str name)
{
    api_reply own = { .headers = lines };
    km_str value;
    return api_header(&value, &own, name, 0);
}

static km_str headers_of(runner *r, km_str own)
{
    km_buf out = km_buf_in(r->scratch);
    km_buf_add(&out, expand(r, own));
    for (uint32_t i = 0; i < r->with.n; i++) {
        const pair *p = &r->with.row[i];
        if (p->value.n == 0 || names_header(own, p->name))
            continue;
        km_str value = expand(r, p->value);
        km_buf_print(&out, "\n%.*s: %.*s", KM_STR_ARG(p->name), KM_STR_ARG(value));
    }
    return km_buf_str(&out);
}

/* The body as written, or the file that it names: @path. An absent sample skips the script. */
static km_code body_of(km_str *out, runner *r, km_str body)
{
    *out = expand(r, body);
    if (out->n == 0 || out->p[0] != '@' || km_str_find(*out, '\n') < out->n)
        return KM_OK;
    km_code rc = api_read_file(out, r->scratch, km_arena_z(r->scratch, km_str_sub(*out, 1, out->n)),
                               &r->fault);
    r->skipped = rc != KM_OK && km_str_starts(body, KM_STR("@$samples/"));
    return rc;
}

static km_code start(runner *r)
{
    KM_TRY(api_node_start(r->node, r->kept, r->serve, &r->fault));
    km_str base = km_arena_print(r->kept, "http://127.0.0.1:%d", r->node->port);
    return put(&r->variables, r->kept, KM_STR("base"), base, &r->fault);
}

static km_code ask(runner *r, const api_step *s)
{
    km_str body;
    km_arena_reset(r->scratch);
    r->asked = s;
    r->reply = (api_reply){ .status = 0 };
    if (s->kind == API_RUN)
        return api_node_run(&r->reply, r->node, r->scratch, expand(r, s->rest), &r->fault);
    if (r->node->pid == 0)
        KM_TRY(start(r));
    KM_TRY(body_of(&body, r, s->body));
    KM_TRY(api_send(&r->reply, r->scratch, r->node->port, s->word, path_of(expand(r, s->rest)),
                    headers_of(r, s->headers), body, &r->fault));
    if (r->reply.status > 0 && r->reply.status < STATUS_MAX)
        r->tally[r->reply.status]++;
    return KM_OK;
}

static km_code expect_tally(runner *r, const api_step *s)
{
    int64_t status, n;
    if (s->verb != API_IS || !km_str_to_i64(&status, s->word) || !km_str_to_i64(&n, s->rest)
        || status < 0 || status >= STATUS_MAX)
        return km_fail(&r->fault, KM_MALFORMED, NULL, "`tally STATUS is N` is expected");
    if (r->tally[status] == n)
        return KM_OK;
    return km_fail(&r->fault, KM_INVALID, NULL, "it came %u times", r->tally[status]);
}

static km_code expect_once(runner *r, const api_step *s)
{
    km_str saved = KM_STR_NONE;
    if (s->subject == API_TALLY)
        return expect_tally(r, s);
    /* `save $name` names a variable and has no value. */
    km_str wanted = s->verb == API_SAVE ? KM_STR_NONE : expand(r, s->rest);
    KM_TRY(api_expect(&saved, r->scratch, &r->reply, s, expand(r, s->word), wanted, &r->fault));
    if (s->verb != API_SAVE)
        return KM_OK;
    return put(&r->variables, r->kept, km_str_sub(s->rest, 1, s->rest.n), saved, &r->fault);
}

static km_code expect(runner *r, const api_step *s)
{
    r->checks++;
    for (int i = 0; s->subject == API_EVENTUALLY && i < EVENTUALLY_TICKS; i++) {
        if (expect_once(r, s) == KM_OK)
            return KM_OK;
        km_fault_clear(&r->fault);
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
        KM_TRY(ask(r, r->asked));
    }
    return expect_once(r, s);
}

static km_code run_steps(runner *r, uint32_t from, uint32_t to);

typedef struct strand {
    runner runner;
    uint32_t from, to;
    pthread_t thread;
} strand;

static void *run_strand(void *arg)
{
    strand *t = arg;
    run_steps(&t->runner, t->from, t->to);
    return NULL;
}

static km_code begin_strand(strand *t, const runner *r, uint32_t opener, uint32_t number)
{
    t->runner = *r;
    t->runner.kept = km_arena_new(KM_ARENA_CAP_DEFAULT);
    t->runner.scratch = km_arena_new(KM_ARENA_CAP_DEFAULT);
    t->runner.checks = 0;
    memset(t->runner.tally, 0, sizeof t->runner.tally);
    t->from = opener + 1;
    t->to = r->script->step[opener].partner;
    return set_number(&t->runner, "i", number);
}

/* The first failure of a strand is the failure of the block. */
static void end_strand(runner *r, strand *t)
{
    for (uint32_t i = 0; i < STATUS_MAX; i++)
        r->tally[i] += t->runner.tally[i];
    r->checks += t->runner.checks;
    if (t->runner.fault.code != KM_OK && r->fault.code == KM_OK) {
        r->fault = t->runner.fault;
        r->failed = t->runner.failed;
        r->asked = t->runner.asked;
        r->skipped = t->runner.skipped;
        r->reply.status = t->runner.reply.status;
        r->reply.headers = km_arena_copy(r->kept, t->runner.reply.headers);
        r->reply.body = km_arena_copy(r->kept, t->runner.reply.body);
    }
    km_arena_free(t->runner.kept);
    km_arena_free(t->runner.scratch);
}

/* Every strand has the block for itself, with its number in $i and variables of its own. */
static km_code run_concurrently(runner *r, uint32_t opener)
{
    uint32_t n = r->script->step[opener].count;
    if (n > THREADS_MAX)
        return km_fail(&r->fault, KM_TOO_COSTLY, NULL, "more than %d at once", THREADS_MAX);
    if (r->node->pid == 0)
        KM_TRY(start(r));
    strand *t = KM_NEW_ARRAY(r->kept, n, strand);
    uint32_t begun = 0;
    while (begun < n && begin_strand(&t[begun], r, opener, begun + 1) == KM_OK
           && pthread_create(&t[begun].thread, NULL, run_strand, &t[begun]) == 0)
        begun++;
    for (uint32_t i = 0; i < begun; i++)
        pthread_join(t[i].thread, NULL);
    memset(r->tally, 0, sizeof r->tally);
    for (uint32_t i = 0; i < begun; i++)
        end_strand(r, &t[i]);
    if (begun < n)
        return km_fail(&r->fault, KM_IO, NULL, "only %u threads of %u", begun, n);
    return r->fault.code;
}

static km_code run_one(runner *r, const api_step *s)
{
    switch (s->kind) {
    case API_REQUEST:
    case API_RUN:
        return ask(r, s);
    case API_EXPECT:
        return expect(r, s);
    case API_WITH:
        return put(&r->with, r->kept, s->word, s->rest, &r->fault);
    case API_SET:
        return put(&r->variables, r->kept, s->word, expand(r, s->rest), &r->fault);
    case API_SERVE:
        r->serve = km_arena_copy(r->kept, expand(r, s->rest));
        return KM_OK;
    case API_START:
        return start(r);
    case API_STOP:
        return api_node_stop(r->node, &r->fault);
    case API_KILL:
        api_node_kill(r->node);
        return KM_OK;
    default:
        return KM_OK;
    }
}

/* Opens a repeat block, or goes past it when it runs no time; the next step's number. */
static km_code open_loop(uint32_t *next, runner *r, loop *top, uint32_t depth, uint32_t at)
{
    const api_step *s = &r->script->step[at];
    if (depth == 0)
        memset(r->tally, 0, sizeof r->tally);
    *top = (loop){ at, s->count };
    *next = s->count == 0 ? s->partner : at + 1;
    return set_number(r, "i", 1);
}

static km_code run_steps(runner *r, uint32_t from, uint32_t to)
{
    loop open[8]; /* the parser allows no more */
    uint32_t depth = 0;
    km_code rc = KM_OK;
    for (uint32_t at = from; at < to && rc == KM_OK;) {
        const api_step *s = &r->script->step[at];
        uint32_t next = at + 1;
        if (s->kind == API_REPEAT) {
            rc = open_loop(&next, r, &open[depth], depth, at);
            depth++;
        } else if (s->kind == API_CONCURRENTLY) {
            rc = run_concurrently(r, at);
            next = s->partner + 1;
        } else if (s->kind == API_END) {
            loop *l = &open[depth - 1];
            if (l->left > 1) {
                next = l->opener + 1;
                rc = set_number(r, "i", r->script->step[l->opener].count - --l->left + 1);
            } else {
                depth--;
            }
        } else {
            rc = run_one(r, s);
        }
        if (rc != KM_OK && r->failed == NULL)
            r->failed = s;
        at = next;
    }
    return rc;
}

static void show(const char *path, const runner *r)
{
    const api_step *s = r->failed;
    km_str line = s != NULL ? s->text : KM_STR_NONE;
    fprintf(stderr, "%s:%u: %.*s: %s\n", path, s != NULL ? s->line : r->fault.line,
            KM_STR_ARG(line), r->fault.detail);
    if (r->asked == NULL)
        return;
    km_str body = km_str_sub(r->reply.body, 0, 2000);
    fprintf(stderr, "after line %u: %.*s\n%d\n%.*s\n%.*s\n", r->asked->line,
            KM_STR_ARG(r->asked->text), r->reply.status, KM_STR_ARG(r->reply.headers),
            KM_STR_ARG(body));
    km_str log, whole;
    if (api_read_file(&whole, r->kept, km_arena_print(r->kept, "%s/log", r->node->dir).p, NULL)
        != KM_OK)
        return;
    log = whole.n > 3000 ? km_str_sub(whole, whole.n - 3000, 3000) : whole;
    fprintf(stderr, "the node said:\n%.*s\n", KM_STR_ARG(log));
}

static km_code prepare(runner *r)
{
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    KM_TRY(api_node_make(r->node, &r->fault));
    KM_TRY(put(&r->variables, r->kept, KM_STR("samples"),
               km_str_of(samples ? samples : "../shared/samples"), &r->fault));
    KM_TRY(put(&r->variables, r->kept, KM_STR("dir"), km_str_of(r->node->dir), &r->fault));
    return put(&r->variables, r->kept, KM_STR("data"),
               km_arena_print(r->kept, "%s/node", r->node->dir), &r->fault);
}

static km_code run_script(runner *r, const char *path)
{
    static api_script script; /* one script a process; strands read it */
    km_str text;
    KM_TRY(api_read_file(&text, r->kept, path, &r->fault));
    KM_TRY(api_script_parse(&script, r->kept, text, &r->fault));
    r->script = &script;
    KM_TRY(prepare(r));
    KM_TRY(run_steps(r, 0, script.steps));
    return r->node->pid != 0 ? api_node_stop(r->node, &r->fault) : KM_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: run SCRIPT\n");
        return 2;
    }
    api_node node = { .pid = 0 };
    runner r = { .node = &node, .serve = KM_STR("--open") };
    r.kept = km_arena_new(KM_ARENA_CAP_DEFAULT);
    r.scratch = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_code rc = run_script(&r, argv[1]);
    if (r.skipped)
        printf("skipped, a sample is absent: %s\n", r.fault.detail);
    else if (rc != KM_OK)
        show(argv[1], &r);
    else
        printf("%u expectations hold: %.*s\n", r.checks, KM_STR_ARG(r.script->claim));
    api_node_free(&node, rc != KM_OK && getenv("KUMIHIMO_API_KEEP") != NULL);
    km_arena_free(r.scratch);
    km_arena_free(r.kept);
    return r.skipped ? SKIPPED : rc == KM_OK ? 0 : 1;
}
