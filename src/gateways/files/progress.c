/* SPDX-License-Identifier: Apache-2.0
 *
 * progress: import-progress.tsv in the data directory: how many bytes of which file are durable. A
 * row is the hash of store, path, size and time of the file (a file that changed is another file,
 * and what is in one store is not in another), the bytes, and how long the log was: a row that
 * knows of more than the log holds is of a time that a backup took back, and counts for nothing.
 *
 * Rows are added at the end, the last one of a file holds; opening writes the file anew.
 */
#include "gateways/files/inside.h"

#include <stdlib.h>

#include "base/hash.h"

enum { MARK = 16, FEW = 64 };

typedef struct row {
    unsigned char mark[MARK];
    int64_t done, versions;
} row;

struct km_import_progress {
    km_log *log;
    char path[4200];
    row *slot; /* open addressing by the first bytes of the mark; done = 0: empty */
    size_t n, room;
    FILE *file;
};

static void mark_of(unsigned char out[MARK], const km_import_progress *p, const char *path,
                    int64_t size, int64_t mtime_ns)
{
    unsigned char hash[KM_SHA256_LEN];
    char real[4096], stamp[64];
    if (realpath(path, real) == NULL)
        snprintf(real, sizeof real, "%s", path);
    int n = snprintf(stamp, sizeof stamp, "\n%lld\n%lld", (long long)size, (long long)mtime_ns);
    const km_str part[] = { { (const char *)km_log_node_key(p->log), 32 },
                            km_str_of(real),
                            { stamp, (size_t)n } };
    km_sha256_parts(hash, part, 3);
    memcpy(out, hash, MARK);
}

static row *place(const km_import_progress *p, const unsigned char mark[MARK])
{
    uint64_t start;
    memcpy(&start, mark, sizeof start);
    for (size_t i = start & (p->room - 1);; i = (i + 1) & (p->room - 1))
        if (p->slot[i].done == 0 || memcmp(p->slot[i].mark, mark, MARK) == 0)
            return &p->slot[i];
}

static void grow(km_import_progress *p)
{
    km_import_progress bigger = { .room = p->room ? p->room * 2 : FEW };
    bigger.slot = calloc(bigger.room, sizeof *bigger.slot);
    if (bigger.slot == NULL)
        abort();
    for (size_t i = 0; i < p->room; i++)
        if (p->slot[i].done > 0)
            *place(&bigger, p->slot[i].mark) = p->slot[i];
    free(p->slot);
    p->slot = bigger.slot;
    p->room = bigger.room;
}

static void put(km_import_progress *p, const row *one)
{
    if (p->n * 2 >= p->room)
        grow(p);
    row *at = place(p, one->mark);
    p->n += at->done == 0;
    *at = *one;
}

static void write_row(FILE *f, const row *r)
{
    for (size_t i = 0; i < MARK; i++)
        fprintf(f, "%02x", r->mark[i]);
    fprintf(f, "\t%lld\t%lld\n", (long long)r->done, (long long)r->versions);
}

/* A line that is no row, or half a row, is passed over. */
static void load(km_import_progress *p)
{
    char line[256];
    int64_t versions = km_log_figured(p->log).versions;
    FILE *f = fopen(p->path, "r");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        row one;
        km_str bytes, length, text = km_str_of(line);
        if (!km_str_ends(text, KM_STR("\n")))
            continue;
        km_str mark = km_str_cut(km_str_trim(text), '\t', &bytes);
        bytes = km_str_cut(bytes, '\t', &length);
        if (km_unhex(one.mark, MARK, mark) && km_str_to_i64(&one.done, bytes)
            && km_str_to_i64(&one.versions, length) && one.done > 0 && one.versions <= versions)
            put(p, &one);
    }
    fclose(f);
}

/* Written beside and renamed: a crash leaves the old or the new one. Losing it costs time only, so
 * no fsync. */
static void begin_file(km_import_progress *p)
{
    char beside[4300];
    snprintf(beside, sizeof beside, "%s.new", p->path);
    FILE *f = fopen(beside, "w");
    if (f == NULL)
        return;
    for (size_t i = 0; i < p->room; i++)
        if (p->slot[i].done > 0)
            write_row(f, &p->slot[i]);
    if (fclose(f) == 0 && rename(beside, p->path) == 0)
        p->file = fopen(p->path, "a");
}

km_import_progress *km_progress__open(const char *data_dir, km_log *log)
{
    km_import_progress *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    p->log = log;
    snprintf(p->path, sizeof p->path, "%s/import-progress.tsv", data_dir);
    grow(p);
    load(p);
    begin_file(p);
    return p;
}

void km_progress__close(km_import_progress *p)
{
    if (p->file != NULL)
        fclose(p->file);
    free(p->slot);
    free(p);
}

int64_t km_progress__done(km_import_progress *p, const char *path, int64_t size, int64_t mtime_ns)
{
    unsigned char mark[MARK];
    mark_of(mark, p, path, size, mtime_ns);
    return place(p, mark)->done;
}

void km_progress__save(km_import_progress *p, const char *path, int64_t size, int64_t mtime_ns,
                       int64_t done)
{
    row one = { .done = done, .versions = km_log_figured(p->log).versions };
    mark_of(one.mark, p, path, size, mtime_ns);
    if (done <= 0 || place(p, one.mark)->done == done)
        return;
    put(p, &one);
    if (p->file != NULL) {
        write_row(p->file, &one);
        fflush(p->file);
    }
}
