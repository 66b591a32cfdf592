/* SPDX-License-Identifier: Apache-2.0
 *
 * arguments: kumihimo VERB [options] [words]. Options common to all verbs are rows here, a verb's
 * own stand beside it.
 */
#include "app/inside.h"

#include <stdlib.h>

#include "platform/formats.h"

enum { OWN_OPTIONS = 32 };

const km_option km_app__common[] = {
    { "data", "DIR", "data directory (default ./data-dir)", "データの置き場 (省略時 ./data-dir)" },
    { "store", "URL", "postgres://... instead of SQLite in the data directory",
      "SQLite の代わりに使う postgres://..." },
    { "json", NULL, "the report as one JSON document", "報告を JSON で出す" },
    { "quiet", NULL, "no progress", "経過を表示しない" },
    { "help", NULL, "this help", "この説明" },
    { "lang", "ja|en", "language of the help (default: from LANG)",
      "説明の言語 (省略時は LANG による)" },
    { 0 }
};

typedef struct parsed {
    const km_command *command;
    const char *name[OWN_OPTIONS], *value[OWN_OPTIONS];
    size_t n;
    const char *word[4096];
    size_t words;
} parsed;

static const char *option_of(const km_args *a, const char *name)
{
    const parsed *p = a->self;
    for (size_t i = p->n; i-- > 0;)
        if (strcmp(p->name[i], name) == 0)
            return p->value[i];
    return NULL;
}

static const km_option *find_option(const km_option *list, km_str name)
{
    for (; list != NULL && list->name != NULL; list++)
        if (km_str_is(name, list->name))
            return list;
    return NULL;
}

static int wrong(const km_command *c, const char *what, const char *word)
{
    fprintf(stderr, "kumihimo %s: %s: %s\nkumihimo %s --help\n", c->verb, what, word, c->verb);
    return KM_EXIT_USAGE;
}

/* "ja|en": the words that the option takes, where its table row lists them in small letters. */
static bool is_listed(const km_option *o, const char *value)
{
    km_str left = km_str_of(o->value);
    if (strchr(o->value, '|') == NULL || o->value[0] < 'a' || o->value[0] > 'z')
        return true;
    while (left.n > 0)
        if (km_str_is(km_str_cut(left, '|', &left), value))
            return true;
    return false;
}

/* --name=value, or --name and the word behind it. */
static const char *value_of(km_str after_equals, char **argv, int argc, int *i)
{
    if (after_equals.p != NULL)
        return after_equals.n > 0 ? after_equals.p : NULL;
    if (*i + 1 >= argc || argv[*i + 1][0] == '\0' || strncmp(argv[*i + 1], "--", 2) == 0)
        return NULL;
    return argv[++*i];
}

static int take_option(parsed *p, char **argv, int argc, int *i)
{
    const char *word = argv[*i];
    km_str value, name = km_str_cut(km_str_of(word + 2), '=', &value);
    const km_option *o = find_option(km_app__common, name);
    if (o == NULL)
        o = find_option(p->command->options, name);
    if (o == NULL)
        return wrong(p->command, "unknown option", word);
    if (p->n == OWN_OPTIONS)
        return wrong(p->command, "too many options", word);
    if (o->value == NULL && value.p != NULL) /* or --open=no would open the node */
        return wrong(p->command, "this option takes no value", word);
    p->name[p->n] = o->name;
    p->value[p->n] = o->value == NULL ? "true" : value_of(value, argv, argc, i);
    if (p->value[p->n] == NULL)
        return wrong(p->command, "this option needs a value", word);
    if (o->value != NULL && !is_listed(o, p->value[p->n]))
        return wrong(p->command, o->value, word);
    p->n++;
    return KM_EXIT_DONE;
}

static int parse(parsed *p, int argc, char **argv)
{
    bool options = true;
    for (int i = 2; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (options && strncmp(argv[i], "--", 2) == 0) {
            int rc = take_option(p, argv, argc, &i);
            if (rc != KM_EXIT_DONE)
                return rc;
            continue;
        }
        if (p->words == sizeof p->word / sizeof *p->word)
            return wrong(p->command, "too many words", argv[i]);
        p->word[p->words++] = argv[i];
    }
    if (p->command->arguments == NULL && p->words > 0)
        return wrong(p->command, "this verb takes no words", p->word[0]);
    return KM_EXIT_DONE;
}

static km_config config_of(const km_args *a)
{
    const char *data = option_of(a, "data"), *references = option_of(a, "references");
    const char *names = option_of(a, "names");
    return (km_config){ .data_dir = data ? data : "data-dir",
                        .store = option_of(a, "store"),
                        .listen = option_of(a, "listen"),
                        .tls_cert = option_of(a, "tls-cert"),
                        .tls_key = option_of(a, "tls-key"),
                        .address = option_of(a, "address"),
                        .demo = option_of(a, "demo") != NULL,
                        .web_dir = option_of(a, "web"),
                        .open = option_of(a, "open") != NULL,
                        .tsa_url = option_of(a, "tsa"),
                        .tsa_ca = option_of(a, "tsa-ca"),
                        .witness = { option_of(a, "witness"), option_of(a, "witness-2") },
                        .names_withheld = names != NULL && strcmp(names, "withheld") == 0,
                        .references_checked = references == NULL
                                              || strcmp(references, "report") != 0,
                        .json = option_of(a, "json") != NULL,
                        .quiet = option_of(a, "quiet") != NULL };
}

void km_app__tell(const km_config *c, const char *verb, const km_fault *f)
{
    if (c->json) {
        km_arena *a = km_arena_new(1 << 16);
        km_buf out = km_buf_in(a);
        km_outcome_print(&out, f);
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        km_arena_free(a);
        return;
    }
    fprintf(stderr, "kumihimo %s: %s%s%s%s%s\n", verb, km_code_sentence(f->code),
            f->path[0] ? ": " : "", f->path, f->detail[0] ? ": " : "", f->detail);
}

int km_app__exit_code(km_code c)
{
    switch (c) {
    case KM_OK:
        return KM_EXIT_DONE;
    case KM_USAGE:
        return KM_EXIT_USAGE;
    case KM_STORE:
    case KM_IO:
    case KM_BUSY:
    case KM_TAMPERED:
    case KM_TOO_NEW:
    case KM_INTERNAL:
        return KM_EXIT_STORE;
    default:
        return KM_EXIT_REFUSED;
    }
}

static int run_on_node(const km_command *c, km_args *args, const km_service *const *services)
{
    km_node *node;
    km_fault fault = { 0 };
    if (km_node_open(&node, args->config, services, &fault) != KM_OK) {
        km_app__tell(args->config, c->verb, &fault);
        return km_app__exit_code(fault.code);
    }
    int rc = c->run(args, node);
    km_node_close(node);
    return rc;
}

/* Forks what reads files from outside, while there is one thread and nothing secret. */
static int run_with_workers(const km_command *c, km_args *args, km_config *config)
{
    km_fault fault = { 0 };
    km_job_def job = km_format_job(args->services);
    const km_job_def *jobs[] = { &job, NULL };
    if (c->flags & KM_PARSES && km_jobs_start(&config->jobs, jobs, NULL, &fault) != KM_OK) {
        km_app__tell(config, c->verb, &fault);
        return KM_EXIT_STORE;
    }
    int rc = c->flags & KM_NO_NODE ? c->run(args, NULL) : run_on_node(c, args, args->services);
    km_jobs_stop(config->jobs);
    return rc;
}

static int run_command(const km_command *c, int argc, char **argv,
                       const km_service *const *services)
{
    parsed *p = calloc(1, sizeof *p);
    if (p == NULL)
        return KM_EXIT_STORE;
    p->command = c;
    int rc = parse(p, argc, argv);
    km_args args = {
        .word = p->word, .words = p->words, .option = option_of, .self = p, .services = services
    };
    km_config config = config_of(&args);
    args.config = &config;
    if (rc == KM_EXIT_DONE && option_of(&args, "help") != NULL)
        km_app__help_command(c, option_of(&args, "lang"));
    else if (rc == KM_EXIT_DONE)
        rc = run_with_workers(c, &args, &config);
    free(p);
    return rc;
}

/* What stands before any verb: --help, --version, --lang. */
static int run_without_verb(int argc, char **argv, const km_service *const *services)
{
    const char *lang = NULL;
    bool help = false, version = false;
    for (int i = 1; i < argc; i++) {
        help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "help") == 0;
        version = version || strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "version") == 0;
        if (strncmp(argv[i], "--lang=", 7) == 0)
            lang = argv[i] + 7;
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            lang = argv[i + 1];
    }
    if (version)
        km_app__version();
    else
        km_app__help(services, lang);
    return help || version ? KM_EXIT_DONE : KM_EXIT_USAGE;
}

int km_app_run(int argc, char **argv, const km_service *const *services)
{
    km_stop_listen();
    if (argc < 2 || argv[1][0] == '-' || strcmp(argv[1], "help") == 0
        || strcmp(argv[1], "version") == 0)
        return run_without_verb(argc, argv, services);
    for (const km_service *const *s = services; *s != NULL; s++)
        for (const km_command *c = (*s)->commands; c != NULL && c->verb != NULL; c++)
            if (strcmp(c->verb, argv[1]) == 0)
                return run_command(c, argc, argv, services);
    fprintf(stderr, "kumihimo: no verb %s. The verbs: kumihimo --help\n", argv[1]);
    return KM_EXIT_USAGE;
}
