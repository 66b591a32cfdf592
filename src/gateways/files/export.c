/* SPDX-License-Identifier: Apache-2.0
 *
 * export: current versions as NDJSON, in the order of the log.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "gateways/files/inside.h"

enum { TYPES = 1024 };

typedef struct exporting {
    km_access *access;
    const char *folder;
    FILE *one;
    FILE *by_type[TYPES];
    km_ftype only;
    int64_t n;
    km_bar bar;
    bool failed;
} exporting;

static FILE *file_for(exporting *x, km_ftype type)
{
    char path[4200];
    if (x->folder == NULL)
        return x->one;
    if (x->by_type[type] == NULL) {
        snprintf(path, sizeof path, "%s/%.*s.ndjson", x->folder,
                 KM_STR_ARG(km_fhir_type_name(type)));
        x->by_type[type] = fopen(path, "w");
    }
    return x->by_type[type];
}

static km_code write_record(void *self, km_record *rec, km_fault *f)
{
    exporting *x = self;
    if (km_stop_asked())
        return km_fail(f, KM_CANCELLED, NULL, NULL);
    if (x->only != 0 && rec->type != x->only)
        return KM_OK;
    KM_TRY(km_access_release(x->access, &rec, 1, f));
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf line = km_buf_in(a);
    km_record_print(&line, rec);
    km_buf_char(&line, '\n');
    FILE *to = file_for(x, rec->type);
    bool written = to != NULL && fwrite(line.p, 1, line.n, to) == line.n;
    km_arena_free(a);
    km_bar_show(&x->bar, ++x->n, 0, "resources");
    return written ? KM_OK : km_fail(f, KM_IO, NULL, "the export cannot be written");
}

static bool close_all(exporting *x)
{
    bool fine = true;
    for (size_t i = 0; i < TYPES; i++)
        if (x->by_type[i] != NULL)
            fine = fclose(x->by_type[i]) == 0 && fine;
    if (x->one != NULL)
        fine = (x->one == stdout ? fflush(stdout) : fclose(x->one)) == 0 && fine;
    return fine;
}

static bool open_output(exporting *x, const char *out)
{
    struct stat st;
    if (out == NULL)
        x->one = stdout;
    else if (stat(out, &st) == 0 && S_ISDIR(st.st_mode))
        x->folder = out;
    else
        x->one = fopen(out, "w");
    return x->one != NULL || x->folder != NULL;
}

int km_files__export(const km_args *a, km_node *n)
{
    km_own_call own;
    const char *type = a->option(a, "type");
    exporting *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort();
    x->only = type ? km_fhir_type_named(km_str_of(type)) : 0;
    if ((type != NULL && !km_fhir_is_resource(x->only)) || !open_output(x, a->option(a, "out"))) {
        fprintf(stderr, "kumihimo export: %s\n",
                type != NULL && !km_fhir_is_resource(x->only) ? "no such resource type"
                                                              : "the output cannot be opened");
        free(x);
        return KM_EXIT_USAGE;
    }
    x->bar = km_bar_start(a->config, "export");
    km_own_call_open(&own, n, "export", (size_t)1 << 30);
    x->access = km_trust_job_access("export", own.call.arena);
    km_code rc = km_log_walk(n->log, x->access, 0, true, write_record, x, &own.call);
    if (!close_all(x) && rc == KM_OK)
        rc = km_fail(&own.fault, KM_IO, NULL, "the export cannot be written");
    km_bar_end(&x->bar);
    if (rc != KM_OK)
        fprintf(stderr, "kumihimo export: %s %s\n", km_code_sentence(rc), own.fault.detail);
    km_own_call_close(&own);
    free(x);
    return rc == KM_OK ? KM_EXIT_DONE : KM_EXIT_STORE;
}
