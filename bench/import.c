/* SPDX-License-Identifier: Apache-2.0
 *
 * import: how near `kumihimo import` comes to a bare loop that only writes. The loop takes the rows
 * of the finished store, in memory and in the order of the groups, and writes the same tables,
 * keys and bytes in groups of the same size with plain SQLite, each group durable. So everything
 * else that an import does (parsing, checking, packing, sealing, indexing) is what is measured.
 *
 * KUMIHIMO_BENCH_ROUNDS (default 2): the best of each. KUMIHIMO_BENCH_COPIES (default 8): the
 * larger set, with new persons and ids; 1 leaves it out.
 */
#include <ctype.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kit/kit.h"

/* --- rows of a finished store -------------------------------------------------------------------
 */

enum { COLUMNS = 11 };

/* Group: the last seq of the commit that wrote a row. One entity's rows are put where its chart
 * or its resource was. */
#define GROUP_OF(seq) "(SELECT min(last_seq) FROM log_commit WHERE last_seq >= " seq ")"
#define BY_CHART(table, columns, tail)                                          \
    "WITH born(chart, seq) AS (SELECT chart, min(seq) FROM log GROUP BY chart)" \
    "SELECT " GROUP_OF("born.seq") ", " columns " FROM " table " JOIN born ON born.chart = " tail

static const struct table {
    const char *name, *read, *write;
} tables[] = {
    { "chart",
      BY_CHART("chart c", "c.number, c.source, c.patient, c.key", "c.number ORDER BY 1, 2"),
      "INSERT INTO chart VALUES(?,?,?,?)" },
    { "log",
      "SELECT " GROUP_OF("l.seq") ", seq, chart, rid, type, version, source, op, at, prev, "
                                  "type_prev, body FROM log l ORDER BY 1, 2",
      "INSERT INTO log VALUES(?,?,?,?,?,?,?,?,?,?,?)" },
    { "resource",
      "SELECT " GROUP_OF("r.seq") ", rid, chart, type, source, id, version, seq, deleted "
                                  "FROM resource r ORDER BY 1, 2",
      "INSERT INTO resource VALUES(?,?,?,?,?,?,?,?)" },
    { "claim",
      "SELECT " GROUP_OF("r.seq") ", c.type, c.id, c.source, c.chart, c.rid FROM claim c "
                                  "JOIN resource r ON r.rid = c.rid ORDER BY 1, c.rid",
      "INSERT INTO claim VALUES(?,?,?,?,?)" },
    { "hit",
      "SELECT " GROUP_OF("r.seq") ", h.param, h.value, h.chart, h.rid FROM hit h "
                                  "JOIN resource r ON r.rid = h.rid ORDER BY 1, 2, 3, 4, 5",
      "INSERT INTO hit VALUES(?,?,?,?)" },
    { "chart_day",
      "SELECT " GROUP_OF("r.seq") ", d.chart, d.type, d.day, d.rid FROM chart_day d "
                                  "JOIN resource r ON r.rid = d.rid ORDER BY 1, 5",
      "INSERT INTO chart_day VALUES(?,?,?,?)" },
    { "person_chart", BY_CHART("person_chart p", "p.chart, p.person", "p.chart ORDER BY 1, 2"),
      "INSERT INTO person_chart VALUES(?,?)" },
    { "person_name",
      BY_CHART("person_name p", "p.chart, p.name, p.shown, p.rid", "p.chart ORDER BY 1, 2"),
      "INSERT INTO person_name VALUES(?,?,?,?)" },
    { "type_head",
      "SELECT " GROUP_OF("l.seq") " AS g, l.type, max(l.seq) FROM log l GROUP BY g, l.type "
                                  "ORDER BY 1, 2",
      "INSERT INTO type_head VALUES(?,?) ON CONFLICT DO UPDATE SET seq = excluded.seq" },
    { "log_commit", "SELECT last_seq, last_seq, head FROM log_commit ORDER BY 1",
      "INSERT INTO log_commit VALUES(?,?)" },
};
enum { TABLES = sizeof tables / sizeof *tables };

typedef struct cell {
    int64_t number;
    const char *bytes; /* of texts and blobs; number is then their length */
    int kind;          /* SQLITE_INTEGER, ... */
} cell;

typedef struct rows {
    int64_t *group;
    cell *cell; /* columns for each row */
    size_t n, room;
    int columns;
} rows;

static void must(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return;
    errno = 0;
    kit_die(sqlite3_errmsg(db));
}

static cell cell_of(sqlite3_stmt *st, int at)
{
    cell c = { .kind = sqlite3_column_type(st, at) };
    if (c.kind == SQLITE_INTEGER)
        c.number = sqlite3_column_int64(st, at);
    else if (c.kind != SQLITE_NULL) {
        const void *p = sqlite3_column_blob(st, at);
        c.number = sqlite3_column_bytes(st, at);
        char *copy = malloc((size_t)c.number + 1);
        if (copy == NULL)
            kit_die("memory");
        if (c.number > 0)
            memcpy(copy, p, (size_t)c.number);
        c.bytes = copy;
    }
    return c;
}

static void read_table(rows *out, sqlite3 *db, const struct table *t)
{
    sqlite3_stmt *st;
    must(db, sqlite3_prepare_v2(db, t->read, -1, &st, NULL));
    out->columns = sqlite3_column_count(st) - 1;
    while (sqlite3_step(st) == SQLITE_ROW) {
        if (out->n == out->room) {
            out->room = out->room ? out->room * 2 : 1024;
            out->group = realloc(out->group, out->room * sizeof *out->group);
            out->cell = realloc(out->cell, out->room * (size_t)out->columns * sizeof *out->cell);
            if (out->group == NULL || out->cell == NULL)
                kit_die("memory");
        }
        out->group[out->n] = sqlite3_column_int64(st, 0);
        for (int i = 0; i < out->columns; i++)
            out->cell[out->n * (size_t)out->columns + (size_t)i] = cell_of(st, i + 1);
        out->n++;
    }
    must(db, sqlite3_finalize(st));
}

static void free_rows(rows *r)
{
    for (size_t i = 0; i < r->n * (size_t)r->columns; i++)
        free((void *)(uintptr_t)r->cell[i].bytes);
    free(r->cell);
    free(r->group);
    *r = (rows){ 0 };
}

/* --- the bare loop
 * -------------------------------------------------------------------------------- */

static void run(sqlite3 *db, const char *sql)
{
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void copy_schema(sqlite3 *to, sqlite3 *from)
{
    sqlite3_stmt *st;
    must(from, sqlite3_prepare_v2(from, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL", -1,
                                  &st, NULL));
    while (sqlite3_step(st) == SQLITE_ROW)
        run(to, (const char *)sqlite3_column_text(st, 0));
    must(from, sqlite3_finalize(st));
}

static sqlite3 *open_bare(const char *path, sqlite3 *like)
{
    sqlite3 *db;
    remove(path);
    must(NULL,
         sqlite3_open_v2(path, &db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    run(db,
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA cache_size = -49152; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000");
    copy_schema(db, like);
    return db;
}

static void write_row(sqlite3 *db, sqlite3_stmt *st, const cell *c, int columns)
{
    for (int i = 0; i < columns; i++, c++) {
        if (c->kind == SQLITE_INTEGER)
            sqlite3_bind_int64(st, i + 1, c->number);
        else if (c->kind == SQLITE_TEXT)
            sqlite3_bind_text(st, i + 1, c->bytes, (int)c->number, SQLITE_STATIC);
        else if (c->kind == SQLITE_BLOB)
            sqlite3_bind_blob(st, i + 1, c->bytes, (int)c->number, SQLITE_STATIC);
        else
            sqlite3_bind_null(st, i + 1);
    }
    must(db, sqlite3_step(st));
    sqlite3_reset(st);
}

static double write_all(sqlite3 *db, const rows *all)
{
    sqlite3_stmt *st[TABLES];
    size_t at[TABLES] = { 0 };
    const rows *commits = &all[TABLES - 1];
    for (size_t t = 0; t < TABLES; t++)
        must(db, sqlite3_prepare_v2(db, tables[t].write, -1, &st[t], NULL));
    double began = kit_now();
    for (size_t g = 0; g < commits->n; g++) {
        run(db, "BEGIN IMMEDIATE");
        for (size_t t = 0; t < TABLES; t++)
            for (; at[t] < all[t].n && all[t].group[at[t]] <= commits->group[g]; at[t]++)
                write_row(db, st[t], all[t].cell + at[t] * (size_t)all[t].columns, all[t].columns);
        run(db, "COMMIT");
    }
    double took = kit_now() - began;
    for (size_t t = 0; t < TABLES; t++)
        sqlite3_finalize(st[t]);
    return took;
}

/* Versions a second of the loop, for the store in `folder`. */
static double bare_loop(const char *folder)
{
    sqlite3 *from;
    rows all[TABLES] = { 0 };
    const char *path = kit_path(kit_folder(), "bare.db");
    must(NULL,
         sqlite3_open_v2(kit_path(folder, "kumihimo.db"), &from, SQLITE_OPEN_READWRITE, NULL));
    run(from, "PRAGMA temp_store = MEMORY");
    for (size_t t = 0; t < TABLES; t++)
        read_table(&all[t], from, &tables[t]);
    sqlite3 *to = open_bare(path, from);
    double took = write_all(to, all);
    double rate = (double)all[1].n / took;
    sqlite3_close(to);
    sqlite3_close(from);
    remove(path);
    for (size_t t = 0; t < TABLES; t++)
        free_rows(&all[t]);
    return rate;
}

/* --- ours
 * -------------------------------------------------------------------------------------------- */

/* Versions a second, from the first byte read to the report. */
static double import(int64_t *peak, const char *folder, const char *set)
{
    const char *out = kit_path(kit_folder(), "report.json");
    const char *const argv[] = { kit_program(), "import",  "--data", folder,
                                 "--json",      "--quiet", set,      NULL };
    int code = kit_wait(peak, kit_start(out, argv));
    char *report = kit_read(NULL, out);
    double stored = kit_number_in(report, "stored"), ms = kit_number_in(report, "milliseconds");
    free(report);
    if (code > 1 || stored < 1 || ms < 1) {
        fprintf(stderr, "bench: import ended with %d\n", code);
        exit(1);
    }
    return stored * 1000 / ms;
}

static void compare(const char *what, const char *set, double per_s_wanted, int rounds)
{
    double ours = 0, bare = 0;
    int64_t peak = 0, one_peak;
    char line[80];
    for (int i = 0; i < rounds; i++) {
        char name[32];
        snprintf(name, sizeof name, "node-%d", i);
        const char *folder = kit_path(kit_folder(), name);
        double one = import(&one_peak, folder, set);
        double other = bare_loop(folder);
        ours = one > ours ? one : ours;
        bare = other > bare ? other : bare;
        peak = one_peak > peak ? one_peak : peak;
        const char *const argv[] = { "rm", "-r", folder, NULL };
        kit_run(NULL, argv);
    }
    snprintf(line, sizeof line, "import, %s", what);
    kit_print(&(kit_row){ line, "/s", "bare loop, same bytes", ours, bare, KIT_AT_LEAST, 0.6 });
    kit_print(&(kit_row){ line, "/s", "hoped for", ours, per_s_wanted, KIT_AT_LEAST, 1 });
    snprintf(line, sizeof line, "  most memory resident, %s", what);
    kit_print(&(kit_row){ line, "MB", "limit", (double)peak / 1e6, 150, KIT_AT_MOST, 1 });
}

/* --- the set, several times over
 * ------------------------------------------------------------------------ */

static bool is_uuid(const char *p)
{
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' : !isxdigit((unsigned char)p[i]))
            return false;
    return true;
}

/* Every UUID gets another first digit, so a copy's references stay among themselves. */
static void rename_all(char *text, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 8; i + 28 < n; i++)
        if (text[i] == '-' && text[i + 5] == '-' && is_uuid(text + i - 8)) {
            const char *d = strchr(digits, tolower((unsigned char)text[i - 8]));
            text[i - 8] = digits[(d - digits + 1) % 16];
            i += 27;
        }
}

static const char *copies_of(const char *set, int copies)
{
    size_t n;
    const char *path = kit_path(kit_folder(), "copies.ndjson");
    char *text = kit_read(&n, set);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < copies && f != NULL; i++) {
        if (fwrite(text, 1, n, f) != n)
            kit_die("the copies cannot be written");
        rename_all(text, n);
    }
    if (f == NULL || fclose(f) != 0)
        kit_die("the copies cannot be written");
    free(text);
    return path;
}

static int setting(const char *name, int otherwise)
{
    const char *given = getenv(name);
    return given ? atoi(given) : otherwise;
}

int main(void)
{
    bool sample;
    const char *set = kit_set(&sample);
    int copies = setting("KUMIHIMO_BENCH_COPIES", 8);
    compare(sample ? "Synthea set" : "synthetic region", set, 10000,
            setting("KUMIHIMO_BENCH_ROUNDS", 2));
    if (!sample || copies < 2) {
        kit_skip("import, the set several times over",
                 sample ? "one copy was asked for" : "no sample set is here");
        return 0;
    }
    char what[64];
    snprintf(what, sizeof what, "Synthea set x%d", copies);
    compare(what, copies_of(set, copies), 6000, 1);
    return 0;
}
