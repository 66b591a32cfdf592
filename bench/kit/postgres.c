/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres: see postgres.h.
 */
#include "kit/postgres.h"

#include <errno.h>
#include <glob.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit/kit.h"

enum { NO_SERVER = 77 };

char *kit_beside_postgres(const char *part)
{
    char self[4096], pgtest[4200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        kit_die("/proc/self/exe");
    self[n] = '\0';
    snprintf(pgtest, sizeof pgtest, "%.*s/km_pgtest", (int)(strrchr(self, '/') - self), self);
    const char *out = kit_path(kit_folder(), part);
    const char *const argv[] = { pgtest, "--durable", self, part, NULL };
    int code = kit_wait(NULL, kit_start(out, argv));
    if (code == NO_SERVER)
        return NULL;
    if (code != 0) {
        fprintf(stderr, "bench: the part with PostgreSQL ended with %d\n", code);
        exit(1);
    }
    return kit_read(NULL, out);
}

/* --- pgbench -----------------------------------------------------------------------------------
 */

static const char *find_pgbench(void)
{
    static char path[512]; /* found once, for the life of the program */
    glob_t g;
    if (glob("/usr/lib/postgresql/*/bin/pgbench", 0, NULL, &g) == 0 && g.gl_pathc > 0)
        snprintf(path, sizeof path, "%s", g.gl_pathv[g.gl_pathc - 1]);
    globfree(&g);
    return path[0] != '\0' ? path : "pgbench";
}

static double after(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    return at ? strtod(at + strlen(words), NULL) : 0;
}

bool kit_pgbench_run(kit_pgbench *out, const char *script, int clients, int seconds)
{
    char c[16], t[16];
    const char *file = kit_path(kit_folder(), "pgbench.sql");
    const char *report = kit_path(kit_folder(), "pgbench.out");
    FILE *f = fopen(file, "w");
    if (f == NULL || fputs(script, f) < 0 || fclose(f) != 0)
        kit_die("the script for pgbench");
    snprintf(c, sizeof c, "%d", clients);
    snprintf(t, sizeof t, "%d", seconds);
    const char *const argv[] = {
        find_pgbench(),     "-n", "-M", "prepared", "-c", c, "-j", "2", "-T", t, "-f", file,
        getenv(KIT_PG_URL), NULL
    };
    if (kit_wait(NULL, kit_start(report, argv)) != 0)
        return false;
    char *text = kit_read(NULL, report);
    *out = (kit_pgbench){ after(text, "tps = "), after(text, "latency average = ") };
    free(text);
    return out->per_s > 0;
}

/* --- statements
 * ------------------------------------------------------------------------------------ */

static PGconn *connected(void)
{
    PGconn *c = PQconnectdb(getenv(KIT_PG_URL));
    if (PQstatus(c) != CONNECTION_OK) {
        fprintf(stderr, "bench: %s", PQerrorMessage(c));
        exit(1);
    }
    return c;
}

static void expect(PGconn *c, PGresult *r, ExecStatusType wanted)
{
    if (PQresultStatus(r) != wanted) {
        fprintf(stderr, "bench: %s", PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
}

void kit_pg_run(const char *sql)
{
    PGconn *c = connected();
    PGresult *r = PQexec(c, sql);
    expect(c, r, PQresultStatus(r) == PGRES_TUPLES_OK ? PGRES_TUPLES_OK : PGRES_COMMAND_OK);
    PQfinish(c);
}

/* The text format of COPY: a backslash is written twice. */
static void put_line(PGconn *c, const char *line, size_t n)
{
    char *out = malloc(2 * n + 1);
    size_t m = 0;
    if (out == NULL)
        kit_die("memory");
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\\')
            out[m++] = '\\';
        out[m++] = line[i];
    }
    out[m++] = '\n';
    if (PQputCopyData(c, out, (int)m) != 1)
        kit_die("COPY");
    free(out);
}

void kit_pg_load(const char *table, const char *ndjson)
{
    char sql[128];
    char *line = NULL;
    size_t room = 0;
    FILE *f = fopen(ndjson, "r");
    PGconn *c = connected();
    if (f == NULL)
        kit_die(ndjson);
    snprintf(sql, sizeof sql, "COPY %s(body) FROM STDIN", table);
    expect(c, PQexec(c, sql), PGRES_COPY_IN);
    for (ssize_t n; (n = getline(&line, &room, f)) > 0;)
        put_line(c, line, (size_t)n - (line[n - 1] == '\n'));
    if (PQputCopyEnd(c, NULL) != 1)
        kit_die("COPY");
    expect(c, PQgetResult(c), PGRES_COMMAND_OK);
    fclose(f);
    free(line);
    errno = 0;
    PQfinish(c);
}
