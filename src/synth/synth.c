/* SPDX-License-Identifier: Apache-2.0
 *
 * synth: the run: people, their lives, and the files.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "synth/inside.h"

enum { PEOPLE_MOST = 1000000, ARENA_RUN = 1 << 30, ARENA_PERSON = 256 << 20 };

typedef struct run {
    syn_world world;
    const char *out;
    km_synth_report report;
    km_fault *fault;
} run;

/* --- files --- */

static km_code make_folder(run *r, km_str path)
{
    char z[4096];
    int n = snprintf(z, sizeof z, "%.*s", KM_STR_ARG(path));
    if (n < 0 || (size_t)n >= sizeof z)
        return km_fail(r->fault, KM_USAGE, "out", "the path is too long");
    for (char *at = z + 1;; at++) {
        char was = *at;
        if (was != '/' && was != '\0')
            continue;
        *at = '\0';
        if (mkdir(z, 0777) != 0 && errno != EEXIST)
            return km_fail(r->fault, KM_IO, "out", "a folder cannot be made");
        *at = was;
        if (was == '\0')
            return KM_OK;
    }
}

static km_code write_all(run *r, int fd, km_str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return km_fail(r->fault, KM_IO, "out", "a file cannot be written");
        bytes = km_str_sub(bytes, (size_t)n, bytes.n);
        r->report.bytes += n;
    }
    return KM_OK;
}

static km_code write_file(run *r, km_arena *a, km_str folder, const char *name, km_str bytes)
{
    km_str path = km_arena_print(a, "%s/%.*s/%s", r->out, KM_STR_ARG(folder), name);
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return km_fail(r->fault, KM_IO, "out", "a file cannot be made");
    km_code rc = write_all(r, fd, bytes);
    if (close(fd) != 0 && rc == KM_OK)
        rc = km_fail(r->fault, KM_IO, "out", "a file cannot be written");
    r->report.files++;
    return rc;
}

static km_code write_bundle(run *r, km_arena *a, const syn_chart *c, const char *name)
{
    km_buf b = km_buf_in(a);
    km_buf_reserve(&b, c->entries.n + 128);
    KM_BUF_LIT(&b, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
    km_buf_add(&b, km_buf_str(&c->entries));
    KM_BUF_LIT(&b, "]}\n");
    r->report.resources += c->resources;
    return write_file(r, a, c->institution->cell[INST_KEY], name, km_buf_str(&b));
}

/* --- institutions --- */

/* source.json tells the import whose files these are. */
static km_code write_source(run *r, km_arena *a, const syn_row *institution)
{
    km_buf b = km_buf_in(a);
    km_jw w = km_jw_on(&b);
    km_jw_open(&w, '{');
    km_jw_member(&w, "uri",
                 km_arena_print(a, "urn:oid:1.2.392.100495.20.3.51.1%.*s",
                                KM_STR_ARG(institution->cell[INST_CODE])));
    km_jw_member(&w, "name", institution->cell[INST_NAME]);
    km_jw_close(&w, '}');
    km_buf_char(&b, '\n');
    return write_file(r, a, institution->cell[INST_KEY], "source.json", km_buf_str(&b));
}

static km_code write_institutions(run *r)
{
    syn_world *w = &r->world;
    for (size_t i = 0; i < w->institutions.n; i++) {
        const syn_row *row = &w->institutions.row[i];
        syn_chart c = { .institution = row, .entries = km_buf_in(w->arena) };
        c.w = km_jw_on(&c.entries);
        km_synth__write_institution(w, &c);
        KM_TRY(make_folder(
            r, km_arena_print(w->arena, "%s/%.*s", r->out, KM_STR_ARG(row->cell[INST_KEY]))));
        KM_TRY(write_source(r, w->arena, row));
        KM_TRY(write_bundle(r, w->arena, &c, "000-institution.json"));
        r->report.institutions++;
    }
    return KM_OK;
}

/* --- people --- */

static void tell_truth(km_buf *truth, const syn_person *p)
{
    char born[25], died[25] = "";
    km_instant_print(born, p->born * 86400000);
    if (p->died)
        km_instant_print(died, p->last * 86400000);
    for (size_t i = 0; i < p->charts; i++)
        km_buf_print(
            truth, "%lld\t%lld\t%.*s\t%.*s\t%.*s\t%.*s\t%s\t%.10s\t%.10s\t%.*s\t%s\n",
            (long long)p->index + 1, (long long)p->household + 1,
            KM_STR_ARG(p->family->cell[FAMILY_KANJI]), KM_STR_ARG(p->given->cell[GIVEN_KANJI]),
            KM_STR_ARG(p->family->cell[FAMILY_KANA]), KM_STR_ARG(p->given->cell[GIVEN_KANA]),
            p->female ? "female" : "male", born, died,
            KM_STR_ARG(p->chart[i]->institution->cell[INST_KEY]), p->chart[i]->patient);
}

static km_code write_person(run *r, km_buf *truth, syn_person *p, km_arena *a)
{
    p->arena = a;
    km_synth__live(p);
    for (size_t i = 0; i < p->charts; i++) {
        char name[32];
        snprintf(name, sizeof name, "%08lld.json", (long long)p->chart[i]->number);
        KM_TRY(write_bundle(r, a, p->chart[i], name));
        r->report.charts++;
    }
    tell_truth(truth, p);
    r->report.people++;
    return KM_OK;
}

static km_code write_people(run *r, const km_synth_options *o, km_arena *own,
                            bool (*tick)(void *, int64_t, int64_t), void *self)
{
    size_t n;
    syn_person *all = km_synth__people(&n, &r->world, o->people);
    km_buf truth = km_buf_in(r->world.arena);
    KM_BUF_LIT(&truth,
               "person\thousehold\tfamily\tgiven\tfamily_kana\tgiven_kana\tsex\tborn\tdied\t"
               "institution\tpatient\n");
    for (size_t i = 0; i < n; i++) {
        km_arena_reset(own);
        KM_TRY(write_person(r, &truth, &all[i], own));
        if (tick != NULL && !tick(self, (int64_t)i + 1, (int64_t)n))
            return km_fail(r->fault, KM_CANCELLED, NULL, NULL);
    }
    KM_TRY(make_folder(r, km_arena_print(r->world.arena, "%s/truth", r->out)));
    return write_file(r, r->world.arena, KM_STR("truth"), "persons.tsv", km_buf_str(&truth));
}

km_code km_synth_write(km_synth_report *out, const km_synth_options *o,
                       bool (*tick)(void *self, int64_t done, int64_t all), void *self, km_fault *f)
{
    if (o->people < 1 || o->people > PEOPLE_MOST)
        return km_fail(f, KM_USAGE, "people", "1 to %d", PEOPLE_MOST);
    if (o->out == NULL || o->out[0] == '\0')
        return km_fail(f, KM_USAGE, "out", "a folder to write to");
    km_arena *whole = km_arena_new(ARENA_RUN), *own = km_arena_new(ARENA_PERSON);
    run r = { .out = o->out, .fault = f };
    km_synth__load(&r.world, whole);
    r.world.seed = o->seed;
    km_code rc = write_institutions(&r);
    if (rc == KM_OK)
        rc = write_people(&r, o, own, tick, self);
    *out = r.report;
    km_arena_free(own);
    km_arena_free(whole);
    return rc;
}
