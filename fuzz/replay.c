/* SPDX-License-Identifier: Apache-2.0
 *
 * replay PATH...: gives every file, and every file of every directory, to one fuzz target,
 * so that what once was found stays found without a fuzzer. Each input lies in memory of
 * exactly its size, where a sanitizer sees the first byte too far. Says how many ran; a
 * directory that holds none fails, for it tests nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void die(const char *path)
{
    perror(path);
    exit(3);
}

static void run_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc(size > 0 ? size : 1);
    if (f == NULL || p == NULL || fread(p, 1, size, f) != size)
        die(path);
    fclose(f);
    LLVMFuzzerTestOneInput(p, size);
    free(p);
}

static int no_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static size_t run_path(const char *path);

static size_t run_directory(const char *path)
{
    struct dirent **entry;
    size_t ran = 0;
    int n = scandir(path, &entry, no_dots, alphasort);
    if (n < 0)
        die(path);
    for (int i = 0; i < n; i++) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entry[i]->d_name);
        ran += run_path(inside);
        free(entry[i]);
    }
    free(entry);
    return ran;
}

static size_t run_path(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0)
        die(path);
    if (S_ISDIR(s.st_mode))
        return run_directory(path);
    run_file(path, (size_t)s.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: replay PATH...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        size_t ran = run_path(argv[i]);
        printf("%s: %zu inputs\n", argv[i], ran);
        if (ran == 0) {
            fprintf(stderr, "%s: no inputs\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
