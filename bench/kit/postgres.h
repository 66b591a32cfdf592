/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres: PostgreSQL as the peer: a server of the benchmark's own (tools/pgtest.c, durable),
 * asked by pgbench.
 */
#ifndef KM_BENCH_POSTGRES_H
#define KM_BENCH_POSTGRES_H

#include <stdbool.h>

/* Where the address of the server stands in the program that runs beside it. */
#define KIT_PG_URL "KUMIHIMO_TEST_PG"

/* Runs this program again, with the argument `part` and a server beside it. What it prints comes
 * back, to be freed; NULL where no server is installed. */
char *kit_beside_postgres(const char *part);

typedef struct kit_pgbench {
    double per_s, latency_ms;
} kit_pgbench;
/* One script for `seconds`; false without pgbench. */
bool kit_pgbench_run(kit_pgbench *out, const char *script, int clients, int seconds);
/* Statements without an answer that matters; dies when one fails. */
void kit_pg_run(const char *sql);
/* Brings in rows of NDJSON: type, id, body. */
void kit_pg_load(const char *table, const char *ndjson);

#endif
