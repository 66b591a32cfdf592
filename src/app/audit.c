/* SPDX-License-Identifier: Apache-2.0
 *
 * audit: the verb that proves and reads the audit. It needs no node and disturbs none: a node that
 * runs goes on appending, and what is read ends where the last checkpoint or the last whole entry
 * does.
 */
#include "app/inside.h"

#include "base/date.h"
#include "trust/audit/audit.h"
#include "trust/audit/balp.h"
#include "trust/audit/outside.h"
#include "trust/audit/proof.h"
#include "trust/audit/stamp.h"

typedef struct asked {
    const km_args *args;
    const char *dir;
    km_call call;
} asked;

static int told(const asked *q, km_code rc)
{
    km_app__tell(q->args->config, "audit", q->call.fault);
    return rc == KM_TAMPERED || rc == KM_NOT_FOUND ? KM_EXIT_REFUSED : km_app__exit_code(rc);
}

static int usage(const char *what)
{
    fprintf(stderr, "kumihimo audit: %s\nkumihimo audit --help\n", what);
    return KM_EXIT_USAGE;
}

/* --- verify
 * ---------------------------------------------------------------------------------------- */

static void print_report(const km_audit_report *r, km_code rc)
{
    if (rc == KM_OK)
        printf("whole: %lld entries signed for in %lld checkpoints, %lld after the last, %lld "
               "purged\n",
               (long long)r->entries, (long long)r->checkpoints, (long long)r->beyond,
               (long long)r->purged);
    else
        fprintf(stderr, "kumihimo audit: the first bad entry is %lld (%s)\n",
                (long long)r->bad_entry, r->bad_what ? r->bad_what : "");
}

static void print_kept(const km_audit_kept_report *k, km_code rc)
{
    char at[25];
    if (rc != KM_OK) {
        fprintf(stderr, "kumihimo audit: a %s does not hold (checkpoint at %lld)\n",
                k->bad_what ? k->bad_what : "", (long long)k->bad_size);
        return;
    }
    if (k->stamps > 0) {
        km_instant_print(at, k->stamped_at);
        printf("stamped: %lld time stamps, entries below %lld were there at %s\n",
               (long long)k->stamps, (long long)k->stamped, at);
    }
    if (k->countersigned > 0)
        printf("witnessed: %lld countersignatures, entries below %lld were seen\n",
               (long long)k->countersigned, (long long)k->witnessed);
}

static void print_json(const km_audit_report *r, const km_audit_kept_report *k, km_code rc)
{
    char at[25] = "";
    if (k->stamped_at > 0)
        km_instant_print(at, k->stamped_at);
    const char *bad = r->bad_what ? r->bad_what : k->bad_what ? k->bad_what : "";
    printf("{\"whole\":%s,\"entries\":%lld,\"beyond\":%lld,\"purged\":%lld,\"checkpoints\":%lld,"
           "\"segments\":%lld,\"badEntry\":%lld,\"bad\":\"%s\",\"stamps\":%lld,\"stamped\":%lld,"
           "\"stampedAt\":\"%s\",\"countersigned\":%lld,\"witnessed\":%lld}\n",
           rc == KM_OK ? "true" : "false", (long long)r->entries, (long long)r->beyond,
           (long long)r->purged, (long long)r->checkpoints, (long long)r->segments,
           (long long)r->bad_entry, bad, (long long)k->stamps, (long long)k->stamped, at,
           (long long)k->countersigned, (long long)k->witnessed);
}

static bool read_whole(km_str *out, const char *path, km_arena *a)
{
    enum { PIECE = 1 << 16, MOST = 256 << 20 };
    km_buf bytes = km_buf_in(a);
    FILE *in = fopen(path, "rb");
    size_t got = 1;
    while (in != NULL && got > 0 && bytes.n < MOST) {
        km_buf_reserve(&bytes, PIECE);
        got = fread(bytes.p + bytes.n, 1, PIECE, in);
        bytes.n += got;
    }
    bool good = in != NULL && ferror(in) == 0 && got == 0;
    if (in != NULL)
        fclose(in);
    *out = km_buf_str(&bytes);
    return good;
}

/* What those outside gave, where their keys are named. */
static km_code verify_kept(km_audit_kept_report *k, asked *q)
{
    const char *ca = q->args->option(q->args, "tsa-ca"),
               *witness = q->args->option(q->args, "witness");
    km_stamp_authorities *s = NULL;
    km_audit_key key;
    km_str pem;
    if (ca == NULL && witness == NULL)
        return KM_OK;
    if (witness != NULL && km_audit_key_parse(&key, km_str_of(witness), NULL) != KM_OK)
        return km_fail(q->call.fault, KM_USAGE, "witness", "name+hash+key");
    if (ca != NULL && !read_whole(&pem, ca, q->call.arena))
        return km_fail(q->call.fault, KM_IO, NULL, "%s cannot be read", ca);
    if (ca != NULL)
        KM_TRY(km_stamp_authorities_new(&s, pem, q->call.fault));
    km_code rc = km_audit_kept_check(k, q->dir, s, witness != NULL ? &key : NULL, &q->call);
    km_stamp_authorities_free(s);
    return rc;
}

static int verify(asked *q)
{
    km_audit_report r;
    km_audit_kept_report k = { 0 };
    km_audit_key pinned;
    const char *key = q->args->option(q->args, "key");
    if (key != NULL && km_audit_key_parse(&pinned, km_str_of(key), NULL) != KM_OK)
        return usage("--key is name+hash+key");
    km_code rc = km_audit_verify(&r, q->dir, key ? &pinned : NULL, &q->call);
    bool whole = rc == KM_OK;
    if (whole)
        rc = verify_kept(&k, q);
    if (rc != KM_OK && rc != KM_TAMPERED)
        return told(q, rc);
    if (q->args->config->json) {
        print_json(&r, &k, rc);
    } else {
        print_report(&r, whole ? KM_OK : rc);
        if (whole)
            print_kept(&k, rc);
    }
    return rc == KM_OK ? KM_EXIT_DONE : KM_EXIT_REFUSED;
}

/* --- prove
 * ------------------------------------------------------------------------------------------ */

/* A file of proofs, wherever it came from: needs no data directory. */
static int check(asked *q, const char *path)
{
    km_audit_proofs_report r;
    km_audit_key pinned;
    km_str file;
    const char *key = q->args->option(q->args, "key");
    if (key != NULL && km_audit_key_parse(&pinned, km_str_of(key), NULL) != KM_OK)
        return usage("--key is name+hash+key");
    if (!read_whole(&file, path, q->call.arena)) {
        (void)km_fail(q->call.fault, KM_IO, NULL, "%s cannot be read", path);
        return told(q, KM_IO);
    }
    km_code rc = km_audit_proofs_check(&r, file, key ? &pinned : NULL, q->call.arena,
                                       q->call.fault);
    if (rc != KM_OK && rc != KM_TAMPERED)
        return told(q, rc);
    if (q->args->config->json)
        printf("{\"whole\":%s,\"proved\":%lld,\"withheld\":%lld,\"badLine\":%lld,\"bad\":\"%s\","
               "\"pinned\":%s}\n",
               rc == KM_OK ? "true" : "false", (long long)r.proved, (long long)r.withheld,
               (long long)r.bad_line, r.bad_what ? r.bad_what : "", key ? "true" : "false");
    else if (rc == KM_OK)
        printf("proved: %lld entries and %lld commitments without text, in the tree of %lld that "
               "%.*s signed%s\n",
               (long long)r.proved, (long long)r.withheld, (long long)r.checkpoint.size,
               KM_STR_ARG(r.checkpoint.origin),
               key ? "" : " (by the file's own key; --key names the one that was given out)");
    else
        fprintf(stderr, "kumihimo audit: line %lld proves nothing (%s)\n", (long long)r.bad_line,
                r.bad_what);
    return rc == KM_OK ? KM_EXIT_DONE : KM_EXIT_REFUSED;
}

static void print_proof(km_buf *out, const km_audit_proof *p)
{
    km_jw on = km_jw_on(out), *w = &on;
    km_jw_open(w, '{');
    km_audit_proof_members(w, &p->item, true, &p->path, p->note, out->arena);
    km_jw_close(w, '}');
}

static int prove(asked *q)
{
    int64_t index;
    km_audit_proof *p = KM_NEW(q->call.arena, km_audit_proof);
    if (q->args->option(q->args, "check") != NULL)
        return check(q, q->args->option(q->args, "check"));
    if (q->args->words != 2 || !km_str_to_i64(&index, km_str_of(q->args->word[1])))
        return usage("prove: name one entry by its number");
    km_code rc = km_audit_prove_entry(p, q->dir, index, &q->call);
    if (rc != KM_OK)
        return told(q, rc);
    km_buf out = km_buf_in(q->call.arena);
    print_proof(&out, p);
    printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
    return KM_EXIT_DONE;
}

/* --- export
 * ------------------------------------------------------------------------------------------- */

typedef struct wanted {
    km_arena *arena;
    km_ms since, until;
    int64_t chart;
    bool one_chart;
    km_balp *balp; /* NULL: entries as they are */
    km_str origin;
} wanted;

static bool is_wanted(const wanted *want, const km_audit_entry *e)
{
    if (e->at < want->since || e->at > want->until)
        return false;
    for (size_t i = 0; want->one_chart && i < e->charts; i++)
        if (e->chart[i] == want->chart)
            return true;
    return !want->one_chart;
}

static void print_entry(const wanted *want, const km_audit_item *item, const km_audit_entry *e)
{
    if (want->balp == NULL) {
        printf("{\"index\":%lld,\"entry\":%.*s}\n", (long long)item->index,
               KM_STR_ARG(item->entry));
        return;
    }
    for (size_t n = 0; n < km_balp_events(e); n++) {
        km_arena_mark here = km_arena_here(want->arena);
        km_buf out = km_buf_in(want->arena);
        /* An entry about many, when one chart is asked for: the event of that one. */
        if (!want->one_chart || e->chart[n] == want->chart) {
            km_balp_print(&out, want->balp, e, item->index, n, want->origin);
            printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        }
        km_arena_back(want->arena, here);
    }
}

static km_code print_wanted(void *self, const km_audit_item *item, km_fault *f)
{
    wanted *want = self;
    km_audit_entry e;
    if (km_stop_asked())
        return km_fail(f, KM_CANCELLED, NULL, NULL);
    if (item->purged)
        return KM_OK;
    km_arena_mark here = km_arena_here(want->arena);
    km_code rc = km_audit_entry_parse(&e, item->entry, want->arena, f);
    if (rc == KM_OK && is_wanted(want, &e))
        print_entry(want, item, &e);
    km_arena_back(want->arena, here);
    return rc;
}

static bool read_time(km_ms *low, km_ms *high, const char *text)
{
    km_civil c;
    if (text == NULL)
        return true;
    if (!km_civil_parse(&c, km_str_of(text)))
        return false;
    km_civil_interval(low, high, &c);
    return true;
}

/* Who recorded: as its checkpoints say. */
static km_code read_origin(km_str *out, asked *q)
{
    km_str note;
    km_audit_checkpoint c;
    KM_TRY(km_audit_last_checkpoint(&note, q->dir, &q->call));
    KM_TRY(km_audit_checkpoint_parse(&c, note, q->call.fault));
    *out = c.origin;
    return KM_OK;
}

static int export_entries(asked *q)
{
    wanted want = { .arena = q->call.arena, .until = INT64_MAX };
    km_ms unused = 0;
    const char *chart = q->args->option(q->args, "chart");
    const char *format = q->args->option(q->args, "format");
    if (!read_time(&want.since, &unused, q->args->option(q->args, "since"))
        || !read_time(&unused, &want.until, q->args->option(q->args, "until")))
        return usage("a time is written as 2026-04-01 or 2026-04-01T09:00:00+09:00");
    want.one_chart = chart != NULL;
    if (want.one_chart && !km_str_to_i64(&want.chart, km_str_of(chart)))
        return usage("a chart is a number");
    if (format != NULL && strcmp(format, "fhir") == 0)
        want.balp = km_balp_new();
    else if (format != NULL && strcmp(format, "own") != 0)
        return usage("--format is fhir or own");
    km_code rc = read_origin(&want.origin, q);
    if (rc == KM_OK)
        rc = km_audit_walk(q->dir, 0, 0, print_wanted, &want, &q->call);
    km_balp_free(want.balp);
    if (rc == KM_OK && fflush(stdout) != 0)
        rc = km_fail(q->call.fault, KM_IO, NULL, "standard output");
    return rc == KM_OK ? KM_EXIT_DONE : told(q, rc);
}

static const struct {
    const char *word;
    int (*run)(asked *q);
} parts[] = { { "verify", verify }, { "prove", prove }, { "export", export_entries } };

int km_app__audit(const km_args *a, km_node *n)
{
    km_fault fault = { 0 };
    km_arena *arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    asked q = { .args = a,
                .call = { .arena = arena,
                          .fault = &fault,
                          .clock = &km_clock_real,
                          .random = &km_random_real } };
    int code = -1;
    (void)n;
    q.dir = km_arena_z(arena, km_arena_print(arena, "%s/audit", a->config->data_dir));
    for (size_t i = 0; a->words > 0 && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(a->word[0], parts[i].word) == 0)
            code = parts[i].run(&q);
    if (code < 0)
        code = usage("verify, prove ENTRY or export");
    km_arena_free(arena);
    return code;
}
