/* SPDX-License-Identifier: Apache-2.0
 *
 * files_verbs: the verbs that look at files of any known format and store nothing: roundtrip,
 * explain, convert.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/inside.h"
#include "platform/formats.h"

enum { ARENA = 1 << 30 };

typedef struct opened {
    km_str text;
    void *mapped;
    const km_format *format;
} opened;

static void close_file(opened *o)
{
    if (o->mapped != NULL)
        munmap(o->mapped, o->text.n);
}

static km_code map_file(opened *o, const char *path, km_fault *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return km_fail(f, KM_IO, path, "%s", strerror(errno));
    km_code rc = KM_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = km_fail(f, KM_IO, path, "no regular file");
    else if (st.st_size > 0) {
        o->mapped = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (o->mapped == MAP_FAILED) {
            o->mapped = NULL;
            rc = km_fail(f, KM_IO, path, "%s", strerror(errno));
        } else
            o->text = (km_str){ o->mapped, (size_t)st.st_size };
    }
    close(fd);
    return rc;
}

static km_code look_at(opened *o, const km_args *a, const char *path, km_fault *f)
{
    *o = (opened){ 0 };
    KM_TRY(map_file(o, path, f));
    o->format = km_format_of(a->services, o->text);
    return KM_OK;
}

static km_code open_file(opened *o, const km_args *a, const char *path, km_fault *f)
{
    KM_TRY(look_at(o, a, path, f));
    if (o->format == NULL)
        return km_fail(f, KM_UNSUPPORTED, path, "no known format");
    return KM_OK;
}

static km_code cannot(const char *path, const opened *o, km_fault *f)
{
    return km_fail(f, KM_UNSUPPORTED, path, "not for %s", o->format->name);
}

static int usage(const char *verb, const char *what)
{
    fprintf(stderr, "kumihimo %s: %s\nkumihimo %s --help\n", verb, what, verb);
    return KM_EXIT_USAGE;
}

/* --- roundtrip --- */

static bool same(const char *path, km_str was, km_str is)
{
    size_t at = 0, line = 1, column = 1;
    while (at < was.n && at < is.n && was.p[at] == is.p[at]) {
        column = was.p[at] == '\n' ? 1 : column + 1;
        line += was.p[at++] == '\n';
    }
    if (at == was.n && at == is.n) {
        printf("%s: identical\n", path);
        return true;
    }
    printf("%s: differs at byte %zu (line %zu, column %zu)\n", path, at + 1, line, column);
    return false;
}

int km_app__roundtrip(const km_args *a, km_node *n)
{
    (void)n;
    int worst = KM_EXIT_DONE;
    if (a->words == 0)
        return usage("roundtrip", "name a file");
    for (size_t i = 0; i < a->words; i++) {
        opened o;
        km_fault f = { 0 };
        km_arena *arena = km_arena_new(ARENA);
        km_buf out = km_buf_in(arena);
        int rc = KM_EXIT_DONE;
        if (open_file(&o, a, a->word[i], &f) == KM_OK && o.format->reprint == NULL)
            (void)cannot(a->word[i], &o, &f);
        if (f.code == KM_OK && o.format->reprint(&out, o.text, &f) == KM_OK)
            rc = same(a->word[i], o.text, km_buf_str(&out)) ? KM_EXIT_DONE : KM_EXIT_REFUSED;
        else {
            printf("%s: refused: line %u: %s%s%s\n", a->word[i], f.line, km_code_sentence(f.code),
                   f.detail[0] ? ": " : "", f.detail);
            rc = km_app__exit_code(f.code);
        }
        worst = rc > worst ? rc : worst;
        close_file(&o);
        km_arena_free(arena);
    }
    return worst;
}

/* --- explain --- */

static bool japanese(const km_args *a)
{
    const char *lang = a->option(a, "lang");
    if (lang == NULL)
        lang = getenv("LANG");
    return lang != NULL && strncmp(lang, "ja", 2) == 0;
}

int km_app__explain(const km_args *a, km_node *n)
{
    opened o;
    km_fault f = { 0 };
    int64_t errors = 0;
    (void)n;
    if (a->words != 1)
        return usage("explain", "name one file");
    km_code rc = open_file(&o, a, a->word[0], &f);
    if (rc == KM_OK)
        rc = o.format->explain == NULL
                 ? cannot(a->word[0], &o, &f)
                 : km_format_explain(&errors, stdout, o.format, a->config->jobs, o.text,
                                     japanese(a), &f);
    close_file(&o);
    if (rc != KM_OK) {
        km_app__tell(a->config, "explain", &f);
        return km_app__exit_code(rc);
    }
    return errors > 0 ? KM_EXIT_REFUSED : KM_EXIT_DONE;
}

/* --- convert --- */

static const char opening[] = "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[\n";

typedef struct converting {
    const char *path;
    int64_t bundles, errors;
} converting;

static km_code print_entries(void *self, const km_piece *piece)
{
    converting *c = self;
    printf("%s%.*s", c->bundles++ > 0 ? ",\n" : opening, KM_STR_ARG(piece->json));
    return ferror(stdout) ? KM_IO : KM_OK;
}

static void print_problem(void *self, bool error, const km_fault *f)
{
    converting *c = self;
    c->errors += error;
    fprintf(stderr, "%s:%u: %s: %s%s%s\n", c->path, f->line, error ? "error" : "warning", f->path,
            f->path[0] ? ": " : "", f->detail);
}

static km_code convert_to_fhir(converting *c, const km_args *a, const opened *o, km_call *call)
{
    km_format_sink sink = { print_entries, print_problem, c };
    km_document doc = { o->text, km_str_of(c->path) };
    if (o->format == NULL)
        return km_fail(call->fault, KM_UNSUPPORTED, c->path, "no known format");
    if (o->format->records == NULL)
        return cannot(c->path, o, call->fault);
    KM_TRY(km_format_records(o->format, a->config->jobs, &doc, &sink, call));
    printf("%s]}\n", c->bundles == 0 ? opening : "\n");
    return KM_OK;
}

static km_code convert_from_fhir(const km_format *to, const opened *o, km_call *call)
{
    km_json *doc;
    km_buf out = km_buf_in(call->arena);
    KM_TRY(km_json_parse(&doc, call->arena, o->text, NULL, call->fault));
    KM_TRY(to->write(&out, km_json_root(doc), call));
    fwrite(out.p, 1, out.n, stdout);
    return ferror(stdout) ? km_fail(call->fault, KM_IO, NULL, "it cannot be written") : KM_OK;
}

int km_app__convert(const km_args *a, km_node *n)
{
    opened o;
    km_fault f = { 0 };
    const char *name = a->option(a, "to");
    bool fhir = name != NULL && strcmp(name, "fhir") == 0;
    const km_format *to = fhir ? NULL : km_format_named(a->services, km_str_of(name));
    (void)n;
    if (a->words != 1)
        return usage("convert", "name one file");
    if (!fhir && (to == NULL || to->write == NULL))
        return usage("convert", "say what to: --to fhir, or a format that can be written");
    converting c = { .path = a->word[0] };
    km_arena *arena = km_arena_new(ARENA);
    km_call call = {
        .arena = arena, .fault = &f, .clock = &km_clock_real, .random = &km_random_real
    };
    km_code rc = look_at(&o, a, a->word[0], &f);
    if (rc == KM_OK)
        rc = fhir ? convert_to_fhir(&c, a, &o, &call) : convert_from_fhir(to, &o, &call);
    close_file(&o);
    km_arena_free(arena);
    if (rc != KM_OK) {
        km_app__tell(a->config, "convert", &f);
        return km_app__exit_code(rc);
    }
    return c.errors > 0 ? KM_EXIT_REFUSED : KM_EXIT_DONE;
}
