/* SPDX-License-Identifier: Apache-2.0
 *
 * search: a count by code in the engine, warm, beside the same question to PostgreSQL over the same
 * records as JSONB with a GIN index, asked by pgbench.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "gateways/fhir/fhir.h"
#include "gateways/files/files.h"
#include "kit/kit.h"
#include "kit/postgres.h"
#include "services/sharing/sharing.h"

enum { SECONDS = 5 };

/* What is asked for: the code that stands in the middle of the Observations by number. */
typedef struct question {
    char system[128], code[64];
    long count;
} question;

/* --- ours ------------------------------------------------------------------------------------- */

static km_code count_once(int64_t *total, km_node *n, km_arena *a, const char *value)
{
    km_fault fault = { 0 };
    km_call call = { .arena = a, .fault = &fault, .clock = n->clock, .random = n->random };
    km_search_field field[] = { { KM_STR("code"), km_str_of(value) },
                                { KM_STR("_summary"), KM_STR("count") } };
    km_search_input in = { .type = km_fhir_type_named(KM_STR("Observation")),
                           .field = field,
                           .fields = 2 };
    km_search *s;
    km_reader *r;
    km_page page = { 0 };
    KM_TRY(km_search_parse(&s, &in, &call));
    KM_TRY(km_reader_open(&r, n->log, km_trust_job_access("export", a), &call));
    km_code rc = km_search_run(&page, s, r, KM_STR_NONE);
    km_reader_close(r);
    *total = page.total;
    return rc;
}

/* Microseconds of one count; the total must be what the export says. */
static double ask_engine(const char *data, const question *q)
{
    static const km_service *const services[] = { &km_app_node, &km_gateway_fhir, &km_gateway_files,
                                                  &km_service_sharing, NULL };
    km_config config = { .data_dir = data, .quiet = true };
    km_node *n;
    km_fault fault = { 0 };
    char value[256];
    int64_t total = 0;
    size_t asked = 0;
    if (km_node_open(&n, &config, services, &fault) != KM_OK)
        kit_die("the node cannot be opened");
    snprintf(value, sizeof value, "%s|%s", q->system, q->code);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    double began = 0, now = 0;
    for (int warm = 0; now < began + SECONDS; asked++) {
        if (warm < 100 && ++warm == 100) {
            began = kit_now();
            asked = 0;
        }
        if (count_once(&total, n, a, value) != KM_OK || total != q->count)
            kit_die("the count is another one than the export says");
        km_arena_reset(a);
        now = began > 0 ? kit_now() : 0;
    }
    km_arena_free(a);
    km_node_close(n);
    return (now - began) * 1e6 / (double)asked;
}

/* --- the peer
 * ------------------------------------------------------------------------------------- */

static int count_in_postgres(void)
{
    char script[512];
    kit_pgbench got;
    kit_pg_run("CREATE TABLE resource(body jsonb)");
    kit_pg_load("resource", getenv("KUMIHIMO_BENCH_EXPORT"));
    kit_pg_run("CREATE INDEX resource_body ON resource USING gin(body jsonb_path_ops)");
    kit_pg_run("VACUUM (ANALYZE) resource");
    snprintf(
        script, sizeof script,
        "SELECT count(*) FROM resource WHERE body @> '{\"resourceType\":\"Observation\",\"code\":"
        "{\"coding\":[{\"system\":\"%s\",\"code\":\"%s\"}]}}';\n",
        getenv("KUMIHIMO_BENCH_SYSTEM"), getenv("KUMIHIMO_BENCH_CODE"));
    if (!kit_pgbench_run(&got, script, 1, SECONDS))
        return 1;
    printf("{\"ms\":%.4f}\n", got.latency_ms);
    return 0;
}

/* --- the question
 * ----------------------------------------------------------------------------------- */

static int by_count(const void *x, const void *y)
{
    const question *a = x, *b = y;
    return (a->count > b->count) - (a->count < b->count);
}

static void count_line(question *all, size_t *n, size_t room, const char *line)
{
    question q = { .count = 1 };
    const char *code = strstr(line, "\"code\":{\"coding\":[{");
    if (strncmp(line, "{\"resourceType\":\"Observation\"", 29) != 0 || code == NULL
        || sscanf(code, "\"code\":{\"coding\":[{\"system\":\"%127[^\"]\",\"code\":\"%63[^\"]\"",
                  q.system, q.code)
               != 2)
        return;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(all[i].code, q.code) == 0 && strcmp(all[i].system, q.system) == 0) {
            all[i].count++;
            return;
        }
    if (*n < room)
        all[(*n)++] = q;
}

static question choose(const char *export_file)
{
    enum { CODES = 4096 };
    question *all = calloc(CODES, sizeof *all);
    char *line = NULL;
    size_t n = 0, room = 0;
    FILE *f = fopen(export_file, "r");
    while (f != NULL && all != NULL && getline(&line, &room, f) > 0)
        count_line(all, &n, CODES, line);
    if (f == NULL || n == 0)
        kit_die("the set has no Observation with a code");
    fclose(f);
    free(line);
    qsort(all, n, sizeof *all, by_count);
    /* The middle of the records, not of the codes: what a record picked at random has. */
    long records = 0, seen = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        records += all[i].count;
    for (; at + 1 < n && (seen += all[at].count) < records / 2; at++)
        ;
    question q = all[at];
    free(all);
    return q;
}

int main(int argc, char **argv)
{
    bool sample;
    if (argc > 1 && strcmp(argv[1], "counts") == 0)
        return count_in_postgres();
    const char *set = kit_set(&sample), *data = kit_path(kit_folder(), "node");
    const char *all = kit_path(kit_folder(), "all.ndjson");
    const char *const import[] = { kit_program(), "import", "--quiet", "--data", data, set, NULL };
    const char *const export[] = { kit_program(), "export", "--quiet", "--data",
                                   data,          "--out",  all,       NULL };
    kit_run(NULL, import);
    kit_run(NULL, export);
    question q = choose(all);
    char what[96];
    snprintf(what, sizeof what, "count by code, in the engine (%ld found)", q.count);
    double ours_us = ask_engine(data, &q);
    setenv("KUMIHIMO_BENCH_EXPORT", all, 1);
    setenv("KUMIHIMO_BENCH_SYSTEM", q.system, 1);
    setenv("KUMIHIMO_BENCH_CODE", q.code, 1);
    char *report = kit_beside_postgres("counts");
    if (report == NULL) {
        kit_skip(what, "no PostgreSQL is installed");
        return 0;
    }
    double peer_us = kit_number_in(report, "ms") * 1000;
    kit_print(&(kit_row){ what, "/s", "PostgreSQL JSONB + GIN", 1e6 / ours_us, 1e6 / peer_us,
                          KIT_AT_LEAST, 20 });
    free(report);
    return 0;
}
