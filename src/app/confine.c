/* SPDX-License-Identifier: Apache-2.0
 *
 * confine: what `serve` keeps of the machine: its data directory, the files that its options name,
 * the ports that it may ask. Everything else of the sandbox is a table (calls.def, places.def).
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/inside.h"
#include "sandbox/sandbox.h"
#include "trust/who/provider.h"
#include "trust/who/responder.h"

enum { PLACES = 48, PORTS = 64, FILES = 65536, HTTP = 80, HTTPS = 443, POSTGRES = 5432 };

typedef struct keeping {
    km_sandbox_place place[PLACES];
    uint16_t port[PORTS];
    size_t places, ports;
    km_arena *arena;
} keeping;

static void keep(keeping *k, const char *path, unsigned may)
{
    if (path != NULL && path[0] != '\0' && k->places < PLACES)
        k->place[k->places++] = (km_sandbox_place){ path, may };
}

static void ask(keeping *k, int64_t port)
{
    for (size_t i = 0; i < k->ports; i++)
        if (k->port[i] == port)
            return;
    if (port > 0 && port < 65536 && k->ports < PORTS)
        k->port[k->ports++] = (uint16_t)port;
}

/* "8443,9443" */
static km_code ask_list(keeping *k, const char *list, km_fault *f)
{
    km_str left = km_str_of(list);
    while (left.n > 0) {
        int64_t port;
        if (!km_str_to_i64(&port, km_str_cut(left, ',', &left)) || port < 1 || port > 65535)
            return km_fail(f, KM_USAGE, "connect", "ports, as 8443,9443");
        ask(k, port);
    }
    return KM_OK;
}

static int64_t number_at_end(km_str s)
{
    int64_t n;
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] >= '0' && s.p[at - 1] <= '9')
        at--;
    bool behind_colon = at > 0 && at < s.n && s.p[at - 1] == ':';
    return behind_colon && km_str_to_i64(&n, km_str_sub(s, at, s.n)) ? n : 0;
}

/* scheme://[user@]host[:port][,host[:port]][/...][?...&port=N] */
static void ask_address(keeping *k, const char *url)
{
    km_str text = km_str_of(url), query, rest, scheme = km_str_cut(text, ':', &rest);
    rest = km_str_sub(rest, 2, rest.n);
    km_str hosts = km_str_cut(km_str_cut(rest, '?', &query), '/', &rest);
    for (size_t i = hosts.n; i-- > 0;)
        if (hosts.p[i] == '@') {
            hosts = km_str_sub(hosts, i + 1, hosts.n);
            break;
        }
    while (hosts.n > 0)
        ask(k, number_at_end(km_str_cut(hosts, ',', &hosts)));
    while (query.n > 0) {
        km_str value, name = km_str_cut(km_str_cut(query, '&', &query), '=', &value);
        int64_t port;
        if (km_str_is(name, "port") && km_str_to_i64(&port, value))
            ask(k, port);
    }
    if (km_str_starts(scheme, KM_STR("postgres")))
        ask(k, POSTGRES);
}

/* libpq asks for the user's name when the address has none, and reads files of its home: what it
 * needs is looked up while it can be. */
static void keep_libpq(keeping *k)
{
    const char *home = getenv("HOME"), *port = getenv("PGPORT");
    const struct passwd *who = getpwuid(geteuid());
    if (who != NULL)
        (void)setenv("PGUSER", who->pw_name, 0);
    if (port != NULL)
        ask(k, strtol(port, NULL, 10));
    keep(k, getenv("PGPASSFILE"), KM_SANDBOX_READ);
    keep(k, getenv("PGSSLROOTCERT"), KM_SANDBOX_READ);
    keep(k, getenv("PGSSLCERT"), KM_SANDBOX_READ);
    keep(k, getenv("PGSSLKEY"), KM_SANDBOX_READ);
    if (home != NULL && home[0] == '/') {
        keep(k, km_arena_print(k->arena, "%s/.pgpass", home).p, KM_SANDBOX_READ);
        keep(k, km_arena_print(k->arena, "%s/.postgresql", home).p, KM_SANDBOX_READ);
    }
}

static const km_option *options_of(const char *verb)
{
    for (const km_command *c = km_app_node.commands; c->verb != NULL; c++)
        if (strcmp(c->verb, verb) == 0)
            return c->options;
    return NULL;
}

/* An option that names a file or an address says thereby that the node reads or asks it; so a new
 * one needs no line here. */
static void keep_options(keeping *k, const km_args *a)
{
    for (const km_option *o = options_of("serve"); o->name != NULL; o++) {
        const char *value = o->value != NULL ? a->option(a, o->name) : NULL;
        if (value == NULL)
            continue;
        if (strcmp(o->value, "FILE") == 0 || strcmp(o->value, "DIR") == 0)
            keep(k, value, KM_SANDBOX_READ);
        if (strcmp(o->value, "URL") == 0)
            ask_address(k, value);
    }
}

/* --- what the store names --- */

static void tell_provider(FILE *out, const km_provider *p)
{
    fprintf(out, "url %.*s\n", KM_STR_ARG(p->issuer));
    for (size_t i = 0; i < p->allowances; i++)
        fprintf(out, "at %.*s\n", KM_STR_ARG(p->allowed[i]));
    if (p->ca_file.n > 0)
        fprintf(out, "file %.*s\n", KM_STR_ARG(p->ca_file));
}

static _Noreturn void tell_providers(int to, const km_args *a, const km_config *c)
{
    km_fault f = { 0 };
    km_node *n;
    FILE *out = fdopen(to, "w");
    if (out == NULL || km_node_open(&n, c, a->services, &f) != KM_OK)
        _exit(0); /* which the node will tell itself */
    static km_provider all[KM_PROVIDERS_MAX];
    size_t count = 0;
    km_own_call own;
    km_own_call_open(&own, n, "confine", 1 << 20);
    if (km_provider_list(all, &count, n->log, &own.call) == KM_OK)
        for (size_t i = 0; i < count; i++)
            tell_provider(out, &all[i]);
    fclose(out);
    km_own_call_close(&own);
    km_node_close(n);
    _exit(0);
}

static void hear_line(keeping *k, km_str line)
{
    km_str rest, word = km_str_cut(line, ' ', &rest);
    const char *value = km_arena_print(k->arena, "%.*s", KM_STR_ARG(rest)).p;
    if (km_str_is(word, "url"))
        ask_address(k, value);
    else if (km_str_is(word, "at"))
        ask(k, number_at_end(rest));
    else if (km_str_is(word, "file"))
        keep(k, value, KM_SANDBOX_READ);
}

/* Providers at which people sign in stand in the store, and what has opened the store can no longer
 * be fenced: its threads are there. So a child opens it, tells where they are, and ends. */
static void keep_providers(keeping *k, const km_args *a, const km_config *c)
{
    char line[2048];
    int way[2];
    const char *db = km_arena_print(k->arena, "%s/kumihimo.db", c->data_dir).p;
    if ((c->store == NULL && access(db, R_OK) != 0) || pipe(way) != 0)
        return;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(way[0]);
        tell_providers(way[1], a, c);
    }
    close(way[1]);
    FILE *in = fdopen(way[0], "r");
    while (child > 0 && in != NULL && fgets(line, sizeof line, in) != NULL)
        hear_line(k, km_str_trim(km_str_of(line)));
    if (in != NULL)
        fclose(in);
    if (child > 0)
        (void)waitpid(child, NULL, 0);
}

/* A table that is wrong is told when a card is shown. */
static void keep_responders(keeping *k, const km_config *c)
{
    km_responder all[KM_CARD_KINDS];
    km_fault none = { 0 };
    const char *folder = km_arena_print(k->arena, "%s/certificates", c->data_dir).p;
    if (km_responders_read(all, folder, &none) != KM_OK)
        return;
    for (int i = 0; i < KM_CARD_KINDS; i++)
        ask(k, number_at_end(km_str_of(all[i].place)));
}

static km_code gather(keeping *k, const km_args *a, const km_config *c, km_fault *f)
{
    const char *more = a->option(a, "connect");
    keep(k, c->data_dir, KM_SANDBOX_READ | KM_SANDBOX_WRITE);
    keep(k, c->web_dir, KM_SANDBOX_READ);
    keep_options(k, a);
    ask(k, HTTP);
    ask(k, HTTPS);
    if (c->store != NULL) {
        ask_address(k, c->store);
        keep_libpq(k);
    }
    keep_providers(k, a, c);
    keep_responders(k, c);
    return more != NULL ? ask_list(k, more, f) : KM_OK;
}

static void tell(const km_config *c, const keeping *k, const km_sandbox_report *r)
{
    if (r->missing[0] != '\0')
        fprintf(stderr, "kumihimo serve: NOT CONFINED: %s\n", r->missing);
    if (!r->calls || c->quiet)
        return;
    fprintf(stderr, "kumihimo serve: confined to %s, asking TCP ports", c->data_dir);
    for (size_t i = 0; i < k->ports; i++)
        fprintf(stderr, " %u", k->port[i]);
    fprintf(stderr, " alone (more: --connect)\n");
}

km_code km_app__confine(const km_args *a, const km_config *c, km_fault *f)
{
    const char *user = a->option(a, "user");
    km_sandbox_report report;
    km_sandbox_limits(FILES);
    if (user != NULL)
        KM_TRY(km_sandbox_become(user, c->data_dir, f));
    if (a->option(a, "no-sandbox") != NULL) {
        fprintf(stderr,
                "*** 隔離は切られています。調査のためだけに。 THIS NODE IS NOT CONFINED. FOR "
                "DEBUGGING ONLY. ***\n");
        return KM_OK;
    }
    if (mkdir(c->data_dir, 0700) != 0 && errno != EEXIST)
        return km_fail(f, KM_IO, NULL, "the data directory %s: %s", c->data_dir, strerror(errno));
    keeping k = { .arena = km_arena_new(1 << 16) };
    km_code rc = gather(&k, a, c, f);
    km_sandbox_places places = { k.place, k.places, k.port, k.ports };
    if (rc == KM_OK)
        rc = km_sandbox_enter(KM_SANDBOX_SERVE, &places, &report, f);
    if (rc == KM_OK)
        tell(c, &k, &report);
    km_arena_free(k.arena);
    return rc;
}
