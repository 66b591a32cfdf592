/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: runs the node until it is asked to stop, then drains. And the files of the browser pages.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/inside.h"

enum { TABLES = 32, FILE_MAX = 16 << 20 };

/* --- pages --- */

static const char *type_of(km_str name)
{
    static const char *const types[][2] = { { ".html", "text/html; charset=utf-8" },
                                            { ".js", "text/javascript; charset=utf-8" },
                                            { ".css", "text/css; charset=utf-8" },
                                            { ".svg", "image/svg+xml" },
                                            { ".png", "image/png" },
                                            { ".ico", "image/x-icon" },
                                            { ".woff2", "font/woff2" },
                                            { ".webmanifest", "application/manifest+json" } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (km_str_ends(name, km_str_of(types[i][0])))
            return types[i][1];
    return NULL;
}

/* One path segment without tricks: the router has refused the rest already. */
static bool is_plain(km_str name)
{
    return name.n > 0 && name.n < 128 && name.p[0] != '.' && memchr(name.p, '/', name.n) == NULL
           && memchr(name.p, '\0', name.n) == NULL;
}

static km_code read_file(km_str *out, const char *path, km_call *call)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        if (fd >= 0)
            close(fd);
        return km_fail(call->fault, KM_UNKNOWN_ROUTE, NULL, NULL);
    }
    char *bytes = km_arena_alloc(call->arena, (size_t)st.st_size + 1);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<(size_t)st.st_size; n += got> 0 ? (size_t)got : 0)
        got = read(fd, bytes + n, (size_t)st.st_size - n);
    close(fd);
    *out = (km_str){ bytes, n };
    return n == (size_t)st.st_size ? KM_OK
                                   : km_fail(call->fault, KM_IO, NULL, "a page cannot be read");
}

km_code km_app__page(km_request *r, km_reply *out)
{
    const char *dir = km_request_node(r)->config->web_dir;
    km_str file = km_request_var(r, "file");
    bool asset = km_str_starts(r->path, KM_STR("/assets/")), start = file.n == 0;
    if (start)
        file = KM_STR("index.html");
    if (dir == NULL || !is_plain(file) || type_of(file) == NULL)
        return km_fail(r->call.fault, KM_UNKNOWN_ROUTE, NULL, NULL);
    km_str path = km_arena_print(r->call.arena, "%s/%s%.*s", dir, asset ? "assets/" : "",
                                 KM_STR_ARG(file));
    KM_TRY(read_file(&out->body, path.p, &r->call));
    out->type = type_of(file);
    km_reply_header(out, "Cache-Control",
                    asset ? KM_STR("public, max-age=31536000, immutable") : KM_STR("no-cache"));
    return KM_OK;
}

static bool has_pages(const char *dir)
{
    char start[4096];
    int n = snprintf(start, sizeof start, "%s/index.html", dir);
    return n > 0 && (size_t)n < sizeof start && access(start, R_OK) == 0;
}

/* Beside the program in a build tree, or installed. */
static void find_pages(km_config *c, km_arena *a)
{
    static const char *const tries[] = { "../../web/dist", "../share/kumihimo/web" };
    char self[2048];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof tries / sizeof *tries && c->web_dir == NULL; i++) {
        const char *place = km_arena_print(a, "%s/%s", self, tries[i]).p;
        if (has_pages(place))
            c->web_dir = place;
    }
    if (c->web_dir == NULL)
        fprintf(stderr, "kumihimo serve: the pages are not beside the program; --web names them\n");
}

/* --- serving --- */

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

/* A connection is a descriptor; many systems start programs with 1024. */
static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

static void tell_ready(const km_node *n, const char *listen)
{
    km_str host, at = km_str_of(listen);
    size_t colon = at.n;
    while (colon > 0 && at.p[colon - 1] != ':')
        colon--;
    host = km_str_sub(at, 0, colon > 0 ? colon - 1 : at.n);
    if (n->config->open)
        fprintf(
            stderr,
            "*** 認証は切られています。試用のためだけに。 AUTHENTICATION IS OFF. FOR TRYING OUT "
            "ONLY. ***\n");
    printf("listening on %s://%.*s:%d\n", n->config->tls_cert ? "https" : "http", KM_STR_ARG(host),
           km_http_port(n->http));
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

static int listen_until_stopped(km_node *n, const km_config *c, const char *listen)
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
    km_http_options o = { .listen = listen,
                          .tls_cert = c->tls_cert,
                          .tls_key = c->tls_key,
                          .routes = tables,
                          .limits = km_http_limits_default,
                          .app = n,
                          .admit = km_admit,
                          .refuse = km_refuse,
                          .clock = n->clock,
                          .random = n->random };
    if (km_http_start(&n->http, &o, &fault) != KM_OK) {
        if (!c->json && strcmp(fault.path, "listen") == 0)
            fprintf(stderr, "kumihimo serve: cannot listen on %s: %s\n", listen, fault.detail);
        else
            km_app__tell(c, "serve", &fault);
        return fault.code == KM_USAGE ? KM_EXIT_USAGE : KM_EXIT_STORE;
    }
    tell_ready(n, listen);
    wait_for_stop();
    km_http_stop(n->http);
    n->http = NULL;
    return KM_EXIT_DONE;
}

int km_app__serve(const km_args *a, km_node *n)
{
    km_config config = *a->config;
    const char *listen = config.listen ? config.listen : "127.0.0.1:8080";
    if (config.open && !is_loopback(listen))
        return refuse_start("--open works on loopback only; listen on 127.0.0.1, not", listen);
    if (config.web_dir != NULL && !has_pages(config.web_dir))
        return refuse_start("no index.html in --web", config.web_dir);
    km_arena *own = km_arena_new(1 << 16);
    if (config.web_dir == NULL)
        find_pages(&config, own);
    raise_file_limit();
    n->config = &config;
    int rc = listen_until_stopped(n, &config, listen);
    n->config = a->config;
    km_arena_free(own);
    return rc;
}
