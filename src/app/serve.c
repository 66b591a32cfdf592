/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: runs the node until it is asked to stop, then drains.
 *
 * The order is that of giving up: bind while ports below 1024 may be bound, become the user, go
 * into the sandbox, and only then open the store and its keys.
 */
#include <arpa/inet.h>
#include <time.h>

#include "app/inside.h"
#include "trust/who/session.h"

enum { TABLES = 32, PEER_PER_S = 1000, CALLER_PER_S = 500, MOST_PER_S = 1000000 };

/* A name like 127.example.org is not an address. */
static bool is_loopback(const char *listen)
{
    struct in_addr v4;
    char host[64];
    km_str port, at = km_str_of(listen), before = km_str_cut(at, ':', &port);
    if (km_str_starts(at, KM_STR("[::1]:")) || km_str_is(before, "localhost"))
        return true;
    snprintf(host, sizeof host, "%.*s", KM_STR_ARG(before));
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* https://HOST[:PORT]; http too, for a proxy's sake: loopback is where it is used. */
static bool is_address(const char *url)
{
    km_str s = km_str_of(url);
    size_t from = km_str_starts(s, KM_STR("https://"))  ? 8
                  : km_str_starts(s, KM_STR("http://")) ? 7
                                                        : s.n;
    km_str host = km_str_sub(s, from, s.n);
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] <= ' ' || strchr("/?#\"\\<>@", host.p[i]) != NULL)
            return false;
    return host.n > 0;
}

/* Scheme, host as it was given, and the port that was found. */
static km_str address_of(const km_node *n, const char *listen, km_arena *a)
{
    km_str at = km_str_of(listen);
    size_t colon = at.n;
    while (colon > 0 && at.p[colon - 1] != ':')
        colon--;
    return km_arena_print(a, "%s://%.*s:%d", n->config->tls_cert ? "https" : "http",
                          KM_STR_ARG(km_str_sub(at, 0, colon > 0 ? colon - 1 : at.n)),
                          km_http_port(n->http));
}

static void tell_ready(const km_node *n, km_str address)
{
    if (n->config->open)
        fprintf(
            stderr,
            "*** 認証は切られています。試用のためだけに。 AUTHENTICATION IS OFF. FOR TRYING OUT "
            "ONLY. ***\n");
    if (km_whos_demo(n->whos))
        fprintf(stderr, "*** 実演用です。誰にでもなれます。実在の人の記録を入れないでください。 A "
                        "DEMONSTRATION: ANYBODY CAN BE ANYBODY. NO REAL PERSON'S RECORDS. ***\n");
    printf("listening on %.*s\n", KM_STR_ARG(address));
    fflush(stdout);
}

static void wait_for_stop(void)
{
    while (!km_stop_asked()) {
        struct timespec t = { .tv_nsec = 100000000 };
        nanosleep(&t, NULL);
    }
}

static int refuse_start(const char *why, const char *what)
{
    fprintf(stderr, "kumihimo serve: %s: %s\n", why, what);
    return KM_EXIT_USAGE;
}

/* A route that names no permission of the table could be asked by nobody knows whom. */
static const km_http_route *first_unknown(const km_node *n, const km_http_route *const *tables)
{
    for (; *tables != NULL; tables++)
        for (const km_http_route *r = *tables; r->method != NULL; r++)
            if (r->policy == NULL || !km_trust_knows(n->trust, r->policy))
                return r;
    return NULL;
}

/* Reads a whole number from 0 on; what is not given is `otherwise`. */
static bool take_number(uint32_t *out, const km_args *a, const char *option, uint32_t otherwise)
{
    const char *text = a->option(a, option);
    int64_t n;
    *out = otherwise;
    if (text == NULL)
        return true;
    if (!km_str_to_i64(&n, km_str_of(text)) || n < 0 || n > MOST_PER_S)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* Beyond trying out, a peer (an address: a hospital is one) and a caller have rates by default. A
 * burst is two seconds' worth: a page asks for much at once. */
static km_code take_rates(km_http_limits *l, const km_args *a, km_fault *f)
{
    bool open = a->config->open;
    if (!take_number(&l->peer_per_s, a, "rate-peer", open ? 0 : PEER_PER_S))
        return km_fail(f, KM_USAGE, "rate-peer", "a number, 0 for no limit");
    if (!take_number(&l->caller_per_s, a, "rate-caller", open ? 0 : CALLER_PER_S))
        return km_fail(f, KM_USAGE, "rate-caller", "a number, 0 for no limit");
    l->peer_burst = 2 * l->peer_per_s;
    l->caller_burst = 2 * l->caller_per_s;
    return KM_OK;
}

/* In the form in which addresses of peers are compared. */
static km_code take_proxy(const char **out, const km_args *a, km_arena *arena, km_fault *f)
{
    const char *text = a->option(a, "trusted-proxy");
    unsigned char address[16];
    char form[INET6_ADDRSTRLEN];
    *out = NULL;
    if (text == NULL)
        return KM_OK;
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1
        || inet_ntop(family, address, form, sizeof form) == NULL)
        return km_fail(f, KM_USAGE, "trusted-proxy", "an address, as 192.0.2.1 or 2001:db8::1");
    *out = km_arena_print(arena, "%s", form).p;
    return KM_OK;
}

static km_http_peer peer_of(const km_args *a)
{
    const char *peer = a->option(a, "tls-peer");
    if (peer == NULL)
        return a->option(a, "tls-client-ca") != NULL ? KM_HTTP_PEER_OPTIONAL : KM_HTTP_PEER_OFF;
    return strcmp(peer, "required") == 0 ? KM_HTTP_PEER_REQUIRED : KM_HTTP_PEER_OPTIONAL;
}

static km_code take_options(km_http_options *o, const km_args *a, const km_config *c,
                            km_arena *arena, km_fault *f)
{
    *o = (km_http_options){ .listen = c->listen,
                            .tls_cert = c->tls_cert,
                            .tls_key = c->tls_key,
                            .tls_client_ca = a->option(a, "tls-client-ca"),
                            .tls_peer = peer_of(a),
                            .tls_1_2 = a->option(a, "tls-1-2") != NULL,
                            .session_cookie = km_session_cookie(c->tls_cert != NULL),
                            .limits = km_http_limits_default,
                            .admit = km_admit,
                            .refuse = km_refuse };
    KM_TRY(take_rates(&o->limits, a, f));
    KM_TRY(take_proxy(&o->trusted_proxy, a, arena, f));
    return km_http_listen(&o->listening, c->listen, f);
}

static int listen_until_stopped(km_node *n, km_http_options *o)
{
    km_fault fault = { 0 };
    const km_http_route *tables[TABLES + 1] = { 0 };
    size_t count = 0;
    for (const km_service *const *s = n->services; *s != NULL && count < TABLES; s++)
        if ((*s)->routes != NULL)
            tables[count++] = (*s)->routes;
    const km_http_route *unknown = first_unknown(n, tables);
    if (unknown != NULL)
        return refuse_start("no permission says who may ask for this route", unknown->pattern);
    o->routes = tables;
    o->app = n;
    o->clock = n->clock;
    o->random = n->random;
    if (km_node_watch(n, &fault) != KM_OK || km_http_start(&n->http, o, &fault) != KM_OK) {
        km_app__tell(n->config, "serve", &fault);
        return fault.code == KM_USAGE ? KM_EXIT_USAGE : KM_EXIT_STORE;
    }
    km_arena *own = km_arena_new(1 << 12);
    km_str address = address_of(n, o->listen, own);
    if (n->config->address == NULL)
        km_whos_address(n->whos, address);
    tell_ready(n, address);
    km_arena_free(own);
    wait_for_stop();
    km_http_stop(n->http);
    n->http = NULL;
    return KM_EXIT_DONE;
}

static int tell_fault(const km_config *c, const km_fault *f)
{
    if (!c->json && f->code == KM_IO && strcmp(f->path, "listen") == 0)
        fprintf(stderr, "kumihimo serve: cannot listen on %s: %s\n", c->listen, f->detail);
    else
        km_app__tell(c, "serve", f);
    return km_app__exit_code(f->code);
}

static int serve(const km_args *a, const km_config *c, km_arena *arena)
{
    km_http_options o;
    km_node *n;
    km_fault f = { 0 };
    if (take_options(&o, a, c, arena, &f) != KM_OK || km_app__confine(a, c, &f) != KM_OK
        || km_node_open(&n, c, a->services, &f) != KM_OK)
        return tell_fault(c, &f);
    int rc = km_whos_demo(n->whos) && !is_loopback(c->listen) ? refuse_start(
                 "a demonstration works on loopback only; listen on 127.0.0.1, not", c->listen)
                                                              : listen_until_stopped(n, &o);
    km_node_close(n);
    return rc;
}

int km_app__serve(const km_args *a, km_node *none)
{
    km_config config = *a->config;
    (void)none;
    if (config.listen == NULL)
        config.listen = "127.0.0.1:8080";
    if (config.open && !is_loopback(config.listen))
        return refuse_start("--open works on loopback only; listen on 127.0.0.1, not",
                            config.listen);
    if (config.address != NULL && !is_address(config.address))
        return refuse_start("--address is a URL without path, as https://node.example",
                            config.address);
    if (config.web_dir != NULL && !km_app__has_pages(config.web_dir))
        return refuse_start("no index.html in --web", config.web_dir);
    km_arena *own = km_arena_new(1 << 16);
    if (config.web_dir == NULL)
        km_app__find_pages(&config, own);
    int rc = serve(a, &config, own);
    km_arena_free(own);
    return rc;
}
