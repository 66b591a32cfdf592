/* SPDX-License-Identifier: Apache-2.0
 *
 * pages: the files of the browser pages.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/inside.h"

enum { FILE_MAX = 16 << 20 };

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

bool km_app__has_pages(const char *dir)
{
    char start[4096];
    int n = snprintf(start, sizeof start, "%s/index.html", dir);
    return n > 0 && (size_t)n < sizeof start && access(start, R_OK) == 0;
}

/* Beside the program in a build tree, or installed. */
void km_app__find_pages(km_config *c, km_arena *a)
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
        if (km_app__has_pages(place))
            c->web_dir = place;
    }
    if (c->web_dir == NULL)
        fprintf(stderr, "kumihimo serve: the pages are not beside the program; --web names them\n");
}
