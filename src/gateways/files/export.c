/* SPDX-License-Identifier: Apache-2.0
 *
 * export: current versions as NDJSON, in the order of the log. Into a folder: a folder for each
 * source with its source.json and a file for each type, so that an import of it makes what was
 * there; ids are unique within a source only, and one file cannot tell sources apart.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "gateways/files/inside.h"

enum { TYPES = 1024, OPEN_MOST = 200, PATH_ROOM = 4300 };

typedef struct outlet { /* of one source */
    FILE *file[TYPES];  /* types have numbers below 1024 (codec/fhir) */
    bool begun[TYPES];
    bool named; /* source.json is written */
} outlet;

typedef struct exporting {
    km_node *node;
    km_access *access;
    const char *folder;
    FILE *one;
    outlet **outlet; /* by number of the source */
    size_t outlets, open;
    km_ftype only;
    int64_t n, left_out;
    km_bar bar;
    km_provision provision;
    km_provision_gate *gate;
    km_shares *shares;
} exporting;

/* --- a folder --- */

static bool close_outlets(exporting *x)
{
    bool fine = true;
    for (size_t s = 0; s < x->outlets; s++)
        for (size_t t = 0; x->outlet[s] != NULL && t < TYPES; t++)
            if (x->outlet[s]->file[t] != NULL) {
                fine = fclose(x->outlet[s]->file[t]) == 0 && fine;
                x->outlet[s]->file[t] = NULL;
            }
    x->open = 0;
    return fine;
}

static outlet *outlet_of(exporting *x, int32_t source)
{
    size_t at = (size_t)source;
    if (at >= x->outlets) {
        size_t room = at * 2 + 8;
        x->outlet = realloc(x->outlet, room * sizeof(outlet *));
        if (x->outlet == NULL)
            abort();
        memset(x->outlet + x->outlets, 0, (room - x->outlets) * sizeof(outlet *));
        x->outlets = room;
    }
    if (x->outlet[at] == NULL && (x->outlet[at] = calloc(1, sizeof(outlet))) == NULL)
        abort();
    return x->outlet[at];
}

static km_code cannot_write(km_fault *f)
{
    return km_fail(f, KM_IO, NULL, "the export cannot be written");
}

static km_code source_text(km_buf *out, exporting *x, int32_t number, km_call *call)
{
    km_reader *r;
    km_source source;
    KM_TRY(km_reader_open(&r, x->node->log, x->access, call));
    km_code rc = km_reader_source(&source, r, number);
    if (rc == KM_OK) {
        km_jw w = km_jw_on(out);
        km_jw_open(&w, '{');
        km_jw_member(&w, "uri", source.uri);
        km_jw_member(&w, "name", source.name);
        km_jw_close(&w, '}');
        km_buf_char(out, '\n');
    }
    km_reader_close(r);
    return rc;
}

static km_code name_source(exporting *x, int32_t number, km_fault *f)
{
    char path[PATH_ROOM];
    km_own_call own;
    km_own_call_open(&own, x->node, "export", 1 << 20);
    km_buf text = km_buf_in(own.call.arena);
    own.call.fault = f;
    km_code rc = source_text(&text, x, number, &own.call);
    snprintf(path, sizeof path, "%s/source-%d", x->folder, number);
    (void)mkdir(path, 0700); /* there already, or the file cannot be opened either */
    snprintf(path, sizeof path, "%s/source-%d/source.json", x->folder, number);
    FILE *to = rc == KM_OK ? fopen(path, "w") : NULL;
    bool written = to != NULL && fwrite(text.p, 1, text.n, to) == text.n;
    if (to != NULL)
        written = fclose(to) == 0 && written;
    km_own_call_close(&own);
    return rc != KM_OK ? rc : written ? KM_OK : cannot_write(f);
}

static km_code file_of(FILE **out, exporting *x, const km_record *rec, km_fault *f)
{
    char path[PATH_ROOM];
    outlet *o = outlet_of(x, rec->source);
    if (!o->named)
        KM_TRY(name_source(x, rec->source, f));
    o->named = true;
    if (o->file[rec->type] == NULL) {
        if (x->open == OPEN_MOST && !close_outlets(x))
            return cannot_write(f);
        snprintf(path, sizeof path, "%s/source-%d/%.*s.ndjson", x->folder, rec->source,
                 KM_STR_ARG(km_fhir_type_name(rec->type)));
        o->file[rec->type] = fopen(path, o->begun[rec->type] ? "a" : "w");
        o->begun[rec->type] = true;
        x->open++;
    }
    *out = o->file[rec->type];
    return *out != NULL ? KM_OK : cannot_write(f);
}

/* --- records --- */

/* May it go to whom it is for? Asked only where somebody must be asked. */
static km_code may_go(bool *out, exporting *x, km_record *rec, km_fault *f)
{
    km_reader *r;
    km_own_call own;
    *out = true;
    if (!km_provision_gate_asks(x->gate))
        return KM_OK;
    km_own_call_open(&own, x->node, "export", KM_ARENA_CAP_DEFAULT);
    own.call.fault = f;
    km_code rc = km_reader_open(&r, x->node->log, x->access, &own.call);
    if (rc == KM_OK) {
        rc = km_provision_gate_lets(out, x->gate, r, rec);
        km_reader_close(r);
    }
    km_provision_gate_forget(x->gate); /* what it remembers ends with this arena */
    km_own_call_close(&own);
    x->left_out += rc == KM_OK && !*out;
    return rc;
}

static km_code write_record(void *self, km_record *rec, km_fault *f)
{
    exporting *x = self;
    FILE *to = x->one;
    if (km_stop_asked())
        return km_fail(f, KM_CANCELLED, NULL, NULL);
    if (x->only != 0 && rec->type != x->only)
        return KM_OK;
    bool goes;
    KM_TRY(may_go(&goes, x, rec, f));
    if (!goes)
        return KM_OK;
    if (to == NULL)
        KM_TRY(file_of(&to, x, rec, f));
    KM_TRY(km_access_release(x->access, &rec, 1, f));
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf line = km_buf_in(a);
    km_record_print(&line, rec);
    km_buf_char(&line, '\n');
    bool written = fwrite(line.p, 1, line.n, to) == line.n;
    km_arena_free(a);
    km_shares__add(x->shares, rec->chart, rec->type);
    km_bar_show(&x->bar, ++x->n, 0, "resources");
    return written ? KM_OK : cannot_write(f);
}

static bool close_all(exporting *x)
{
    bool fine = close_outlets(x);
    for (size_t s = 0; s < x->outlets; s++)
        free(x->outlet[s]);
    free(x->outlet);
    if (x->one != NULL)
        fine = (x->one == stdout ? fflush(stdout) : fclose(x->one)) == 0 && fine;
    return fine;
}

static bool open_output(exporting *x, const char *out)
{
    struct stat st;
    if (out != NULL && km_str_ends(km_str_of(out), KM_STR("/")))
        (void)mkdir(out, 0700); /* there already, or it cannot be opened either */
    if (out == NULL)
        x->one = stdout;
    else if (stat(out, &st) == 0 && S_ISDIR(st.st_mode))
        x->folder = out;
    else
        x->one = fopen(out, "w");
    return x->one != NULL || x->folder != NULL;
}

/* The record of the provision stands before the first byte leaves, and is completed by whose data
 * it was, also when it broke off. */
static km_code export_recorded(exporting *x, km_call *call)
{
    int64_t number;
    km_log *l = x->node->log;
    KM_TRY(km_provision_write(&number, l, &x->provision, x->gate, NULL, 0, call));
    km_code rc = km_log_walk(l, x->access, 0, true, write_record, x, call);
    km_fault first = *call->fault;
    km_fault_clear(call->fault);
    km_code saved = km_shares__save(x->shares, l, number, call);
    if (rc != KM_OK)
        *call->fault = first;
    return rc != KM_OK ? rc : saved;
}

static int export_all(exporting *x, const km_args *a, km_node *n)
{
    km_own_call own;
    bool to_stdout = x->one == stdout;
    x->bar = km_bar_start(a->config, "export");
    km_own_call_open(&own, n, "export", (size_t)1 << 30);
    x->access = km_trust_job_access("export", own.call.arena);
    x->shares = km_shares__new();
    km_code rc = km_provision_gate_open(&x->gate, n->log, &x->provision, km_person_same, &own.call);
    if (rc == KM_OK)
        rc = export_recorded(x, &own.call);
    km_shares__free(x->shares);
    if (!close_all(x) && rc == KM_OK)
        rc = cannot_write(&own.fault);
    km_bar_end(&x->bar);
    if (x->left_out > 0)
        fprintf(stderr, "kumihimo export: %lld records were left out: nobody agreed to that\n",
                (long long)x->left_out);
    if (rc != KM_OK)
        fprintf(stderr, "kumihimo export: %s%s%s\n", km_code_sentence(rc),
                own.fault.detail[0] ? ": " : "", own.fault.detail);
    else if (a->config->json && !to_stdout)
        printf("{\"resources\":%lld,\"leftOut\":%lld}\n", (long long)x->n, (long long)x->left_out);
    km_own_call_close(&own);
    return rc == KM_OK                                          ? KM_EXIT_DONE
           : rc == KM_STORE || rc == KM_IO || rc == KM_TAMPERED ? KM_EXIT_STORE
                                                                : KM_EXIT_REFUSED;
}

/* Whoever names nobody takes their own records along. */
static bool for_whom(km_provision *out, const km_args *a)
{
    const char *to = a->option(a, "to"), *basis = a->option(a, "basis"),
               *purpose = a->option(a, "purpose");
    *out = (km_provision){ .way = KM_PROVIDED,
                           .channel = KM_STR("export"),
                           .party = to ? km_str_of(to) : KM_STR("urn:kumihimo:source:local"),
                           .party_name = km_str_of(a->option(a, "to-name")),
                           .country = km_str_of(a->option(a, "country")),
                           .basis = basis ? km_str_of(basis) : KM_STR("own"),
                           .scheme = km_str_of(a->option(a, "scheme")),
                           .purpose = purpose ? km_str_of(purpose) : KM_STR("HOPERAT"),
                           .by = KM_STR("job:export") };
    return to == NULL || basis != NULL;
}

int km_files__export(const km_args *a, km_node *n)
{
    const char *type = a->option(a, "type");
    exporting x = { .node = n, .only = type ? km_fhir_type_named(km_str_of(type)) : 0 };
    if (!for_whom(&x.provision, a)) {
        fprintf(stderr, "kumihimo export: --to wants --basis: consent, law, entrusted ...\n");
        return KM_EXIT_USAGE;
    }
    if (type != NULL && !km_fhir_is_resource(x.only)) {
        fprintf(stderr, "kumihimo export: no such resource type: %s\n", type);
        return KM_EXIT_USAGE;
    }
    if (!open_output(&x, a->option(a, "out"))) {
        fprintf(stderr, "kumihimo export: the output cannot be opened: %s\n", a->option(a, "out"));
        return KM_EXIT_USAGE;
    }
    return export_all(&x, a, n);
}
