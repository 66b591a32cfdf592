/* SPDX-License-Identifier: Apache-2.0
 *
 * progress: import-progress.tsv in the data directory: hash of path, size and time of a file, and
 * how many of its bytes are durable. A file that changed is another file.
 */
#include "gateways/files/inside.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"

typedef struct row {
    char mark[33];
    long long done;
} row;

struct km_import_progress {
    char file[4200];
    row *row;
    size_t n, room;
};

static void mark_of(char out[33], const char *path, int64_t size, int64_t mtime)
{
    unsigned char hash[KM_SHA256_LEN];
    char real[4096], text[4200];
    if (realpath(path, real) == NULL)
        snprintf(real, sizeof real, "%s", path);
    int n = snprintf(text, sizeof text, "%s\n%lld\n%lld", real, (long long)size, (long long)mtime);
    km_sha256(hash, text, n > 0 && (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    for (size_t i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static row *add(km_import_progress *p, const char *mark)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->row[i].mark, mark) == 0)
            return &p->row[i];
    if (p->n == p->room) {
        p->room = p->room ? p->room * 2 : 64;
        p->row = realloc(p->row, p->room * sizeof *p->row);
        if (p->row == NULL)
            abort();
    }
    row *one = &p->row[p->n++];
    memset(one, 0, sizeof *one);
    memcpy(one->mark, mark, sizeof one->mark);
    return one;
}

km_import_progress *km_progress__open(const char *data_dir)
{
    km_import_progress *p = calloc(1, sizeof *p);
    char mark[33];
    long long done;
    if (p == NULL)
        abort();
    snprintf(p->file, sizeof p->file, "%s/import-progress.tsv", data_dir);
    FILE *f = fopen(p->file, "r");
    while (f != NULL && fscanf(f, "%32s\t%lld\n", mark, &done) == 2)
        add(p, mark)->done = done;
    if (f != NULL)
        fclose(f);
    return p;
}

void km_progress__close(km_import_progress *p)
{
    free(p->row);
    free(p);
}

int64_t km_progress__done(km_import_progress *p, const char *path, int64_t size, int64_t mtime)
{
    char mark[33];
    mark_of(mark, path, size, mtime);
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->row[i].mark, mark) == 0)
            return p->row[i].done;
    return 0;
}

/* Written beside and renamed: a crash leaves the old or the new one. Losing it costs time only, so
 * no fsync. */
void km_progress__save(km_import_progress *p, const char *path, int64_t size, int64_t mtime,
                       int64_t done)
{
    char mark[33], beside[4300];
    mark_of(mark, path, size, mtime);
    add(p, mark)->done = done;
    snprintf(beside, sizeof beside, "%s.new", p->file);
    FILE *f = fopen(beside, "w");
    if (f == NULL)
        return;
    for (size_t i = 0; i < p->n; i++)
        fprintf(f, "%s\t%lld\n", p->row[i].mark, p->row[i].done);
    if (fclose(f) == 0)
        (void)rename(beside, p->file);
}
