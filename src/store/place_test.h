/* SPDX-License-Identifier: Apache-2.0
 *
 * place_test: an empty place for a test, on either database. SQLite: a file in a new folder.
 * PostgreSQL: a new schema of the server at $KUMIHIMO_TEST_PG (km_pgtest starts one); where
 * that is not set, the test skips.
 *
 * For the tests of every folder that stores something: a list of tests runs on both with
 *     return km_test_on_both("the log", tests, NULL, NULL);
 * and reads km_test_dialect.
 */
#ifndef KM_STORE_PLACE_TEST_H
#define KM_STORE_PLACE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/store.h"

/* Which database the running tests are for; set by km_test_on_both alone. */
static km_dialect km_test_dialect;

typedef struct km_test_place {
    char place[640]; /* for km_store_options */
    char folder[64]; /* SQLite: holds the file */
    char schema[64]; /* PostgreSQL */
} km_test_place;

static inline const char *km_test_server(void)
{
    const char *url = getenv("KUMIHIMO_TEST_PG");
    return url != NULL && url[0] != '\0' ? url : NULL;
}

static inline void km_test_sql(const char *format, const char *name)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SET client_min_messages = error; %s%s", format, name);
    PGconn *pg = PQconnectdb(km_test_server());
    PGresult *r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(pg));
    PQclear(r);
    PQfinish(pg);
}

static inline void km_test_place_new(km_test_place *p)
{
    static int made; /* counts within the process, so that names differ */
    memset(p, 0, sizeof *p);
    if (km_test_dialect == KM_SQLITE) {
        snprintf(p->folder, sizeof p->folder, P_tmpdir "/kumihimo-test-XXXXXX");
        assert_non_null(mkdtemp(p->folder));
        snprintf(p->place, sizeof p->place, "%s/store.db", p->folder);
        return;
    }
    const char *url = km_test_server();
    snprintf(p->schema, sizeof p->schema, "t%d_%d", (int)getpid(), made++);
    km_test_sql("CREATE SCHEMA ", p->schema);
    snprintf(p->place, sizeof p->place, "%s%coptions=-csearch_path%%3D%s", url,
             strchr(url, '?') ? '&' : '?', p->schema);
}

static inline int km_test_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline void km_test_place_free(km_test_place *p)
{
    if (p->folder[0] != '\0')
        nftw(p->folder, km_test_remove, 16, FTW_DEPTH | FTW_PHYS);
    if (p->schema[0] != '\0') {
        char name[80];
        snprintf(name, sizeof name, "%s CASCADE", p->schema);
        km_test_sql("DROP SCHEMA ", name);
    }
}

/* Runs the group on SQLite, then on PostgreSQL; the sum of what failed. */
static inline int km_test_run_both(const char *group, const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    char name[128];
    int failed = 0;
    for (int d = KM_SQLITE; d <= KM_POSTGRES; d++) {
        km_test_dialect = (km_dialect)d;
        snprintf(name, sizeof name, "%s on %s", group, d == KM_SQLITE ? "SQLite" : "PostgreSQL");
        if (d == KM_POSTGRES && km_test_server() == NULL) {
            printf("[  SKIPPED ] %s: KUMIHIMO_TEST_PG is not set; `km_pgtest %s` sets it\n", name,
                   program_invocation_short_name);
            continue;
        }
        failed += _cmocka_run_group_tests(name, tests, n, setup, teardown);
    }
    return failed;
}
#define km_test_on_both(group, tests, setup, teardown) \
    km_test_run_both(group, tests, sizeof(tests) / sizeof(tests)[0], setup, teardown)

#endif
