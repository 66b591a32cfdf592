/* SPDX-License-Identifier: Apache-2.0
 *
 * replay PATH...: runs a fuzz target over kept inputs, without libFuzzer, so that the corpus
 * is an ordinary test on every compiler. A folder stands for its files. Each input is
 * given whole and cut off at some places, in memory of exactly its length, so that the
 * sanitizers see a read past its end. No input at all is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS 16

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void *must(void *p, const char *what)
{
    if (p == NULL) {
        fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
        exit(2);
    }
    return p;
}

static void give(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = must(malloc(n == 0 ? 1 : n), "memory");
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static void replay_file(const char *path, size_t size)
{
    FILE *in = must(fopen(path, "rb"), path);
    uint8_t *bytes = must(malloc(size + 1), "memory");
    size_t n = fread(bytes, 1, size, in);
    fclose(in);
    for (size_t i = 0; i < CUTS; i++)
        give(bytes, n / CUTS * i);
    give(bytes, n);
    free(bytes);
}

static int replay_path(const char *path);

static int replay_folder(const char *path)
{
    int inputs = 0;
    DIR *d = must(opendir(path), path);
    struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        char full[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        inputs += replay_path(full);
    }
    closedir(d);
    return inputs;
}

/* Recursion as deep as the corpus folder, which is ours. */
static int replay_path(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0)
        must(NULL, path);
    if (S_ISDIR(s.st_mode))
        return replay_folder(path);
    replay_file(path, (size_t)s.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    int inputs = 0;
    for (int i = 1; i < argc; i++)
        inputs += replay_path(argv[i]);
    printf("replayed %d inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
