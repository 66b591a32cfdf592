/* SPDX-License-Identifier: Apache-2.0
 *
 * kit: rows, places, time.
 */
#include "kit/kit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

static void print_number(char out[24], double n)
{
    snprintf(out, 24, n >= 1000 ? "%.0f" : n >= 10 ? "%.1f" : n >= 0.1 ? "%.2f" : "%.4f", n);
}

void kit_print(const kit_row *r)
{
    char ours[24], peer[24];
    double ratio = r->peer > 0 ? r->ours / r->peer : 0;
    bool kept = r->want == KIT_AT_LEAST ? ratio >= r->goal : ratio <= r->goal;
    print_number(ours, r->ours);
    print_number(peer, r->peer);
    printf("%-46s %10s %10s %-5s %-26s %8.2f  %s %-5g %s\n", r->what, ours, peer, r->unit,
           r->peer_is, ratio, r->want == KIT_AT_LEAST ? ">=" : "<=", r->goal, kept ? "ok" : "MISS");
    fflush(stdout);
}

void kit_skip(const char *what, const char *why)
{
    printf("%-46s left out: %s\n", what, why);
    fflush(stdout);
}

void kit_die(const char *what)
{
    fprintf(stderr, "bench: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

double kit_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- places ----------------------------------------------------------------------------------- */

/* Known to the exit handler, which takes no argument. */
static char made[512];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void remove_made(void)
{
    nftw(made, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

const char *kit_folder(void)
{
    const char *under = getenv("TMPDIR");
    if (made[0] != '\0')
        return made;
    snprintf(made, sizeof made, "%s/kumihimo-bench-XXXXXX", under ? under : P_tmpdir);
    if (mkdtemp(made) == NULL)
        kit_die("no folder to work in");
    atexit(remove_made);
    return made;
}

const char *kit_path(const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = malloc(n);
    if (path == NULL)
        kit_die("memory");
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

int64_t kit_file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

bool kit_exists(const char *path)
{
    return access(path, R_OK) == 0;
}

char *kit_read(size_t *bytes, const char *path)
{
    int64_t n = kit_file_bytes(path);
    FILE *f = fopen(path, "r");
    char *text = n >= 0 ? malloc((size_t)n + 1) : NULL;
    if (f == NULL || text == NULL || fread(text, 1, (size_t)n, f) != (size_t)n)
        kit_die(path);
    fclose(f);
    text[n] = '\0';
    if (bytes != NULL)
        *bytes = (size_t)n;
    return text;
}

/* --- the set
 * -------------------------------------------------------------------------------------- */

static void unpack(const char *to, const char *from)
{
    size_t n;
    char *packed = kit_read(&n, from);
    unsigned long long room = ZSTD_getFrameContentSize(packed, n);
    if (room == ZSTD_CONTENTSIZE_ERROR || room == ZSTD_CONTENTSIZE_UNKNOWN)
        room = 1ULL << 30;
    char *text = malloc((size_t)room);
    size_t got = text ? ZSTD_decompress(text, (size_t)room, packed, n) : 0;
    FILE *f = fopen(to, "w");
    if (text == NULL || ZSTD_isError(got) || f == NULL || fwrite(text, 1, got, f) != got)
        kit_die("the set cannot be unpacked");
    fclose(f);
    free(text);
    free(packed);
}

/* The files of a region, one behind the other: synth writes NDJSON or Bundles; a folder is handed
 * on as it is. */
static const char *synthesise(void)
{
    const char *out = kit_path(kit_folder(), "region");
    const char *const argv[] = { kit_program(), "synth", "--people", "400", "--seed",
                                 "1",           "--out", out,        NULL };
    mkdir(out, 0700);
    kit_run(NULL, argv);
    return out;
}

const char *kit_set(bool *sample)
{
    static const char name[] = "fhir/synthea/synthea120.ndjson";
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    const char *plain = kit_path(samples ? samples : "../shared/samples", name);
    const char *packed = kit_path(samples ? samples : "../shared/samples",
                                  "fhir/synthea/synthea120.ndjson.zst");
    *sample = true;
    if (kit_exists(plain))
        return plain;
    if (kit_exists(packed)) {
        const char *to = kit_path(kit_folder(), "set.ndjson");
        unpack(to, packed);
        return to;
    }
    *sample = false;
    return synthesise();
}
