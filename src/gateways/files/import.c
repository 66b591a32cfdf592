/* SPDX-License-Identifier: Apache-2.0
 *
 * import: walks the paths in the order of their names, finds out whose each file is and what it is,
 * and hands it on.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateways/files/inside.h"

enum { PATH_ROOM = 4096, DEPTH = 32, SOURCE_BYTES = 4096, HEAD_BYTES = 4096 };

typedef struct names {
    char **name;
    size_t n, room;
} names;

static void add_name(names *s, const char *name)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->name = realloc(s->name, s->room * sizeof *s->name);
        if (s->name == NULL)
            abort();
    }
    s->name[s->n] = strdup(name);
    if (s->name[s->n++] == NULL)
        abort();
}

static void free_names(names *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->name[i]);
    free(s->name);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* FHIR by the name, all else by the first bytes. */
static bool is_ours(const km_importing *im, const char *name, const char *path)
{
    char head[HEAD_BYTES];
    km_str s = km_str_of(name);
    if (strcmp(name, "source.json") == 0)
        return false;
    if (km_str_ends(s, KM_STR(".json")) || km_str_ends(s, KM_STR(".ndjson"))
        || km_str_ends(s, KM_STR(".jsonl")))
        return true;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    km_str text = { head, fread(head, 1, sizeof head, f) };
    fclose(f);
    return km_format_of(im->node->services, text) != NULL;
}

/* All files below a path, sorted within each folder. Links are not followed, but for one that was
 * named itself. */
static void gather(names *out, const km_importing *im, const char *path, int depth)
{
    struct stat st;
    if (depth > DEPTH || (depth == 0 ? stat(path, &st) : lstat(path, &st)) != 0)
        return;
    if (S_ISREG(st.st_mode)) {
        add_name(out, path);
        return;
    }
    DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (d == NULL)
        return;
    names inside = { 0 };
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            add_name(&inside, e->d_name);
    closedir(d);
    if (inside.n > 0)
        qsort(inside.name, inside.n, sizeof *inside.name, by_name);
    for (size_t i = 0; i < inside.n; i++) {
        char below[PATH_ROOM];
        struct stat one;
        int len = snprintf(below, sizeof below, "%s/%s", path, inside.name[i]);
        if (len < 0 || (size_t)len >= sizeof below || lstat(below, &one) != 0)
            continue;
        if (S_ISDIR(one.st_mode) || (S_ISREG(one.st_mode) && is_ours(im, inside.name[i], below)))
            gather(out, im, below, depth + 1);
    }
    free_names(&inside);
}

/* --- whose is it? --- */

/* A source.json that cannot be understood is refused: what it is about would be stored as somebody
 * else's, for ever. */
static km_code read_source(km_str *uri, km_str *name, FILE *f, km_arena *a, km_fault *fault)
{
    char text[SOURCE_BYTES];
    km_json *doc;
    km_str copy = km_arena_copy(a, (km_str){ text, fread(text, 1, sizeof text, f) });
    if (copy.n < sizeof text && km_json_parse(&doc, a, copy, NULL, NULL) == KM_OK) {
        *uri = km_jv_str(KM_JV_GET(km_json_root(doc), "uri"));
        *name = km_jv_str(KM_JV_GET(km_json_root(doc), "name"));
        if (km_jv_is(KM_JV_GET(km_json_root(doc), "uri"), KM_JSON_STRING) && uri->n > 0)
            return KM_OK;
    }
    return km_fail(fault, KM_INVALID, "source.json",
                   "it must be {\"uri\":\"...\",\"name\":\"...\"}");
}

/* The nearest source.json, at most four folders up; *uri stays empty where there is none. */
static km_code nearest_source(km_str *uri, km_str *name, const char *file, km_arena *a, km_fault *f)
{
    char folder[PATH_ROOM], path[PATH_ROOM + 16];
    if (realpath(file, folder) == NULL)
        return KM_OK;
    for (int up = 0; up < 4; up++) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return KM_OK;
        *slash = '\0';
        snprintf(path, sizeof path, "%s/source.json", folder);
        FILE *in = fopen(path, "r");
        if (in == NULL)
            continue;
        km_code rc = read_source(uri, name, in, a, f);
        fclose(in);
        return rc;
    }
    return KM_OK;
}

static km_code source_of(int32_t *out, km_importing *im, const char *file, km_fault *refused,
                         km_fault *f)
{
    km_arena *a = km_arena_new(1 << 20);
    km_str uri = km_str_of(im->source_uri), name = im->source_name;
    km_code rc = KM_OK;
    *out = im->node->local_source;
    if (uri.n == 0)
        (void)nearest_source(&uri, &name, file, a, refused);
    if (uri.n > 0 && refused->code == KM_OK)
        rc = km_log_source(out, im->node->log, uri, name, f);
    km_arena_free(a);
    return rc;
}

/* --- one file --- */

/* NDJSON when its name says so, or when a second value follows on another line. */
static bool is_lines(const char *path, km_str text)
{
    km_str s = km_str_of(path), first, rest;
    if (km_str_ends(s, KM_STR(".ndjson")) || km_str_ends(s, KM_STR(".jsonl")))
        return true;
    first = km_str_trim(km_str_cut(text, '\n', &rest));
    rest = km_str_trim(rest);
    return first.n > 1 && first.p[0] == '{' && first.p[first.n - 1] == '}' && rest.n > 0
           && rest.p[0] == '{';
}

static km_code import_text(km_importing *im, const char *path, km_str text, const struct stat *st,
                           bool again, km_fault *f)
{
    int32_t source;
    km_fault refused = { 0 };
    int64_t mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    int64_t from = again ? 0 : km_progress__done(im->progress, path, st->st_size, mtime_ns);
    KM_TRY(source_of(&source, im, path, &refused, f));
    if (refused.code != KM_OK) {
        km_report__refuse(im->report, path, 0, &refused);
        return KM_OK;
    }
    if (from > 0 && from >= (int64_t)text.n) {
        im->report->resumed += (int64_t)text.n;
        return KM_OK;
    }
    im->report->resumed += from;
    const km_format *format = km_format_of(im->node->services, text);
    if (im->dry && format == NULL) {
        (void)km_fail(&refused, KM_UNSUPPORTED, NULL, "no dry run of FHIR files");
        km_report__refuse(im->report, path, 0, &refused);
        return KM_OK;
    }
    if (!im->dry)
        KM_TRY(km_receipts__begin(&im->shares, im, source, f));
    if (format == NULL && is_lines(path, text))
        return km_lines__import(im, path, text, source, from, st->st_size, mtime_ns, f);
    int64_t before = im->report->refused;
    KM_TRY(format != NULL ? km_foreign__import(im, path, text, format, source, again)
                          : km_whole__import(im, path, text, source));
    if (im->report->refused == before && !im->dry && !km_stop_asked())
        km_progress__save(im->progress, path, st->st_size, mtime_ns, (int64_t)text.n);
    return KM_OK;
}

static void refuse_file(km_importing *im, const char *path, const char *why)
{
    km_fault f = { 0 };
    (void)km_fail(&f, KM_IO, NULL, "%s", why);
    km_report__refuse(im->report, path, 0, &f);
}

static km_code import_open(km_importing *im, const char *path, int fd, const struct stat *st,
                           bool again, km_fault *f)
{
    if (st->st_size == 0) /* no memory stands for no bytes */
        return import_text(im, path, KM_STR(""), st, again, f);
    void *bytes = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        refuse_file(im, path, "it cannot be read");
        return KM_OK;
    }
    (void)madvise(bytes, (size_t)st->st_size, MADV_SEQUENTIAL);
    km_code rc = import_text(im, path, (km_str){ bytes, (size_t)st->st_size }, st, again, f);
    munmap(bytes, (size_t)st->st_size);
    return rc;
}

static km_code import_file(km_importing *im, const char *path, bool again, km_fault *f)
{
    struct stat st;
    km_code rc = KM_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        refuse_file(im, path, "it cannot be opened");
    } else {
        im->report->files++;
        im->report->bytes += st.st_size;
        rc = import_open(im, path, fd, &st, again, f);
        if (rc == KM_OK && !im->dry)
            rc = km_receipts__save(im, f);
        im->bytes_done += st.st_size;
        km_bar_show(&im->bar, im->bytes_done, im->bytes_all, "bytes");
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static int64_t size_of(const names *files)
{
    int64_t all = 0;
    for (size_t i = 0; i < files->n; i++) {
        struct stat st;
        if (stat(files->name[i], &st) == 0)
            all += st.st_size;
    }
    return all;
}

static km_code import_all(km_importing *im, const km_args *a, km_fault *f)
{
    names files = { 0 };
    km_code rc = KM_OK;
    for (size_t i = 0; i < a->words; i++) {
        size_t before = files.n;
        gather(&files, im, a->word[i], 0);
        if (files.n == before)
            refuse_file(im, a->word[i],
                        "no FHIR file (.json, .ndjson) or other known file is there");
    }
    im->bytes_all = size_of(&files);
    for (size_t i = 0; i < files.n && rc == KM_OK && !km_stop_asked(); i++)
        rc = import_file(im, files.name[i], a->option(a, "again") != NULL, f);
    free_names(&files);
    return rc;
}

int km_files__import(const km_args *a, km_node *n)
{
    km_fault fault = { 0 };
    if (a->words == 0) {
        fprintf(stderr, "kumihimo import: name a file or folder\nkumihimo import --help\n");
        return KM_EXIT_USAGE;
    }
    km_import_report *report = calloc(1, sizeof *report);
    if (report == NULL)
        abort();
    pthread_mutex_init(&report->lock, NULL);
    report->started_ns = km_ticks_ns();
    km_importing im = { .node = n,
                        .report = report,
                        .progress = km_progress__open(a->config->data_dir, n->log),
                        .targets = km_targets__new(),
                        .bar = km_bar_start(a->config, "import"),
                        .dry = a->option(a, "dry-run") != NULL,
                        .receipts = km_receipts__new(),
                        .basis = a->option(a, "basis"),
                        .country = a->option(a, "country"),
                        .obtained = a->option(a, "obtained"),
                        .source_uri = a->option(a, "source"),
                        .source_name = km_str_of(a->option(a, "source-name")) };
    km_own_call own;
    km_own_call_open(&own, n, "import", 1 << 16);
    if (im.source_uri != NULL && strncmp(im.source_uri, "Organization/", 13) == 0)
        im.source_uri = km_arena_print(own.call.arena, KM_SOURCE_PREFIX "%s", im.source_uri).p;
    km_code rc = km_trust_act(&im.act, n->trust, &own.call);
    if (rc == KM_OK)
        rc = import_all(&im, a, &fault);
    if (rc == KM_OK)
        rc = km_targets__missing(&report->missing_references, im.targets, n);
    km_bar_end(&im.bar);
    km_report__print(report, a->config);
    int64_t refused = report->refused;
    km_targets__free(im.targets);
    km_receipts__free(im.receipts);
    km_progress__close(im.progress);
    km_own_call_close(&own);
    pthread_mutex_destroy(&report->lock);
    free(report);
    if (rc != KM_OK) {
        fprintf(stderr, "kumihimo import: %s%s%s\n", km_code_sentence(rc),
                fault.detail[0] ? ": " : "", fault.detail);
        return KM_EXIT_STORE;
    }
    return refused > 0 || km_stop_asked() ? KM_EXIT_REFUSED : KM_EXIT_DONE;
}
