/* SPDX-License-Identifier: Apache-2.0
 *
 * dictionary OUT FOLDER: trains the compression dictionary of record bodies on the Bundles of a
 * folder that `kumihimo synth` wrote, and on nothing else (decision 11: a dictionary holds pieces
 * of what it was trained on, and goes to everybody). The samples are texts as the log stores them.
 * OUT must not exist: a released dictionary is never replaced, the next number is added.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zdict.h>

#include "record/record.h"

enum { DICTIONARY = 64 * 1024, SAMPLES = 40000, TEXT_MAX = 48 << 20 };

/* nftw hands no state on. */
static char *text;
static size_t used, size_of[SAMPLES], samples;
static unsigned passed;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "dictionary: %s\n", what);
    exit(1);
}

static void take(km_jv resource, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_ftype type = km_fhir_type_named(km_jv_text(resource, "resourceType"));
    if (!km_fhir_is_resource(type) || samples == SAMPLES)
        return;
    km_record_canonical(&out, resource, type, km_jv_text(resource, "id"));
    if (out.n > TEXT_MAX - used)
        return;
    memcpy(text + used, out.p, out.n);
    used += out.n;
    size_of[samples++] = out.n;
}

/* Every third resource: people who come late in the alphabet count too. */
static void take_bundle(km_str bytes)
{
    enum { EVERY = 3 };
    km_arena *a = km_arena_new((size_t)1 << 30);
    km_json *doc;
    km_fault f = { 0 };
    if (km_json_parse(&doc, a, bytes, NULL, &f) != KM_OK)
        die("a file that synth wrote is no JSON");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(km_json_root(doc), "entry")); km_jv_next(&i);)
        if (passed++ % EVERY == 0)
            take(KM_JV_GET(i.value, "resource"), a);
    km_arena_free(a);
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)at;
    if (kind != FTW_F || !km_str_ends(km_str_of(path), KM_STR(".json")))
        return 0;
    char *bytes = malloc((size_t)st->st_size + 1);
    FILE *f = fopen(path, "r");
    if (bytes == NULL || f == NULL
        || fread(bytes, 1, (size_t)st->st_size, f) != (size_t)st->st_size)
        die(path);
    fclose(f);
    take_bundle((km_str){ bytes, (size_t)st->st_size });
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    static char out[DICTIONARY];
    if (argc != 3)
        die("usage: dictionary OUT FOLDER");
    text = malloc(TEXT_MAX);
    km_fhir_load();
    if (text == NULL || nftw(argv[2], visit, 32, FTW_PHYS) != 0 || samples == 0)
        die("nothing to learn from");
    size_t n = ZDICT_trainFromBuffer(out, sizeof out, text, size_of, (unsigned)samples);
    if (ZDICT_isError(n))
        die(ZDICT_getErrorName(n));
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, out, n) != (ssize_t)n || close(fd) != 0)
        die("the dictionary cannot be written, or is there already");
    printf("%s: %zu bytes from %zu records\n", argv[1], n, samples);
    free(text);
    return 0;
}
