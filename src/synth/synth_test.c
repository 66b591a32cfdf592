/* SPDX-License-Identifier: Apache-2.0
 *
 * The region as its readers see it: the files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "codec/fhir/fhir.h"
#include "synth/inside.h"

typedef struct region {
    char dir[64];
    km_synth_report report;
    unsigned char hash[KM_SHA256_LEN];
} region;

/* --- walking the files, by name --- */

typedef void (*on_file)(void *self, km_arena *a, km_str path, km_str text);

static int by_name(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static size_t names_in(char **name, size_t room, const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') {
            assert_true(n < room);
            name[n++] = strdup(e->d_name);
        }
    closedir(d);
    qsort(name, n, sizeof *name, by_name);
    return n;
}

static km_str read_whole(km_arena *a, const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    char *bytes = km_arena_alloc(a, (size_t)st.st_size + 1);
    assert_int_equal(fread(bytes, 1, (size_t)st.st_size, f), (size_t)st.st_size);
    fclose(f);
    return (km_str){ bytes, (size_t)st.st_size };
}

static void each_file(const region *r, on_file what, void *self)
{
    enum { ROOM = 4000 };
    char *folder[64], **file = calloc(ROOM, sizeof *file);
    size_t folders = names_in(folder, 64, r->dir);
    km_arena *a = km_arena_new((size_t)256 << 20);
    for (size_t i = 0; i < folders; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", r->dir, folder[i]);
        size_t files = names_in(file, ROOM, path);
        for (size_t k = 0; k < files; k++) {
            snprintf(path, sizeof path, "%s/%s/%s", r->dir, folder[i], file[k]);
            km_arena_reset(a);
            what(self, a, km_str_of(path + strlen(r->dir) + 1), read_whole(a, path));
            free(file[k]);
        }
        free(folder[i]);
    }
    km_arena_free(a);
    free(file);
}

static void remove_one(void *self, km_arena *a, km_str path, km_str text)
{
    (void)text;
    unlink(km_arena_print(a, "%s/%.*s", ((region *)self)->dir, KM_STR_ARG(path)).p);
}

static void fold_hash(void *self, km_arena *a, km_str path, km_str text)
{
    (void)a;
    region *r = self;
    km_str part[] = { { (const char *)r->hash, sizeof r->hash }, path, text };
    km_sha256_parts(r->hash, part, 3);
}

static region *make(int64_t people, uint64_t seed)
{
    km_fault fault = { 0 };
    region *r = calloc(1, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "/tmp/kumihimo-synth-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    km_synth_options o = { people, seed, r->dir };
    assert_int_equal(km_synth_write(&r->report, &o, NULL, NULL, &fault), KM_OK);
    each_file(r, fold_hash, r);
    return r;
}

static void drop(region *r)
{
    char *folder[64];
    each_file(r, remove_one, r);
    for (size_t n = names_in(folder, 64, r->dir); n-- > 0; free(folder[n])) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", r->dir, folder[n]);
        rmdir(path);
    }
    rmdir(r->dir);
    free(r);
}

/* --- same seed, same bytes --- */

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    region *one = make(40, 5), *two = make(40, 5);
    assert_memory_equal(one->hash, two->hash, KM_SHA256_LEN);
    drop(one);
    drop(two);
}

static void another_seed_gives_another_region(void **state)
{
    (void)state;
    region *one = make(40, 5), *two = make(40, 6);
    assert_memory_not_equal(one->hash, two->hash, KM_SHA256_LEN);
    drop(one);
    drop(two);
}

/* --- what the files hold --- */

typedef struct census {
    int64_t resources, bundles;
    int64_t of_type[1000]; /* resources are numbered below 1000 */
    char **id;
    size_t ids, room;
    char **reference;
    size_t references, reference_room;
} census;

static void keep(char ***list, size_t *n, size_t *room, km_str s)
{
    if (*n == *room) {
        *room = *room ? *room * 2 : 1024;
        *list = realloc(*list, *room * sizeof **list);
    }
    (*list)[(*n)++] = strndup(s.p, s.n);
}

static void drop_census(census *c)
{
    for (size_t i = 0; i < c->ids; i++)
        free(c->id[i]);
    for (size_t i = 0; i < c->references; i++)
        free(c->reference[i]);
    free(c->id);
    free(c->reference);
    free(c);
}

static void note_reference(void *self, km_jv value, km_str text)
{
    (void)value;
    census *c = self;
    keep(&c->reference, &c->references, &c->reference_room, text);
}

static void check_entry(census *c, km_arena *a, km_jv entry, km_str path)
{
    km_fault fault = { 0 };
    km_jv resource = KM_JV_GET(entry, "resource");
    if (km_fhir_check(resource, &fault) != KM_OK)
        fail_msg("%.*s: %s: %s", KM_STR_ARG(path), fault.path, fault.detail);
    km_str type = km_jv_text(resource, "resourceType"), id = km_jv_text(resource, "id");
    km_str name = km_arena_print(a, "%.*s/%.*s", KM_STR_ARG(type), KM_STR_ARG(id));
    assert_true(km_str_eq(name, km_jv_text(entry, "request.url")));
    assert_true(km_str_is(km_jv_text(entry, "request.method"), "PUT"));
    keep(&c->id, &c->ids, &c->room, name);
    km_fhir_references(resource, km_fhir_type_named(type), note_reference, c);
    c->of_type[km_fhir_type_named(type)]++;
    c->resources++;
}

static void check_bundle(void *self, km_arena *a, km_str path, km_str text)
{
    km_json *doc;
    km_fault fault = { 0 };
    census *c = self;
    if (!km_str_ends(path, KM_STR(".json")) || km_str_ends(path, KM_STR("source.json")))
        return;
    assert_int_equal(km_json_parse(&doc, a, text, NULL, &fault), KM_OK);
    km_jv root = km_json_root(doc), list = KM_JV_GET(root, "entry");
    if (km_fhir_check(root, &fault) != KM_OK)
        fail_msg("%.*s: %s: %s", KM_STR_ARG(path), fault.path, fault.detail);
    bool institution = km_str_ends(path, KM_STR("000-institution.json"));
    km_str first = km_jv_text(KM_JV_GET(km_jv_item(list, 0), "resource"), "resourceType");
    assert_true(km_str_is(first, institution ? "Organization" : "Patient"));
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        check_entry(c, a, i.value, path);
    assert_true(km_jv_count(list) <= 5000); /* what one request may hold */
    c->bundles++;
}

static void every_resource_follows_the_definition_and_every_reference_leads_somewhere(void **state)
{
    (void)state;
    region *r = make(200, 1);
    census *c = calloc(1, sizeof *c);
    each_file(r, check_bundle, c);
    assert_int_equal(c->resources, r->report.resources);
    assert_int_equal(c->bundles, r->report.charts + r->report.institutions);
    qsort(c->id, c->ids, sizeof *c->id, by_name);
    for (size_t i = 1; i < c->ids; i++)
        assert_string_not_equal(c->id[i - 1], c->id[i]);
    for (size_t i = 0; i < c->references; i++)
        if (bsearch(&c->reference[i], c->id, c->ids, sizeof *c->id, by_name) == NULL)
            fail_msg("%s leads nowhere", c->reference[i]);
    drop_census(c);
    drop(r);
}

static void a_small_region_has_every_kind_that_the_timeline_shows(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "Patient",           "Coverage",           "Encounter",    "Composition",
        "Observation",       "DiagnosticReport",   "Condition",    "Procedure",
        "Immunization",      "AllergyIntolerance", "ImagingStudy", "DocumentReference",
        "MedicationRequest", "MedicationDispense", "Practitioner", "Organization"
    };
    region *r = make(200, 1);
    census *c = calloc(1, sizeof *c);
    each_file(r, check_bundle, c);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (c->of_type[km_fhir_type_named(km_str_of(kinds[i]))] == 0)
            fail_msg("no %s", kinds[i]);
    assert_in_range(r->report.people, 200, 208);
    assert_int_equal(r->report.institutions, 8);
    assert_in_range(r->report.resources, 15000, 60000);
    drop_census(c);
    drop(r);
}

/* --- what a person's files say together --- */

typedef struct span {
    char person[96];
    int64_t first, last;
    bool in;
} span;

typedef struct spans {
    span *all;
    size_t n, room;
} spans;

static int64_t day_at(km_jv resource, const char *path)
{
    km_civil c;
    assert_true(km_civil_parse(&c, km_jv_text(resource, path)));
    return km_day_from_civil(c.year, c.month, c.day);
}

static km_jv entries_of(km_arena *a, km_str path, km_str text, km_str *member)
{
    km_json *doc;
    if (!km_str_ends(path, KM_STR(".json")) || km_str_ends(path, KM_STR("source.json"))
        || km_str_ends(path, KM_STR("000-institution.json")))
        return KM_JV_NONE;
    assert_int_equal(km_json_parse(&doc, a, text, NULL, NULL), KM_OK);
    km_jv list = KM_JV_GET(km_json_root(doc), "entry");
    km_jv ids = KM_JV_GET(KM_JV_GET(km_jv_item(list, 0), "resource"), "identifier");
    *member = km_jv_text(km_jv_item(ids, 1), "value");
    return list;
}

static void note_stays(void *self, km_arena *a, km_str path, km_str text)
{
    spans *s = self;
    km_str member;
    for (km_jv_iter i = km_jv_each(entries_of(a, path, text, &member)); km_jv_next(&i);) {
        km_jv e = KM_JV_GET(i.value, "resource");
        if (!km_str_is(km_jv_text(e, "resourceType"), "Encounter"))
            continue;
        if (s->n == s->room) {
            s->room = s->room ? s->room * 2 : 1024;
            s->all = realloc(s->all, s->room * sizeof *s->all);
        }
        span *one = &s->all[s->n++];
        snprintf(one->person, sizeof one->person, "%.*s", KM_STR_ARG(member));
        one->first = day_at(e, "period.start");
        one->last = day_at(e, "period.end");
        one->in = km_str_is(km_jv_text(e, "class.code"), "IMP");
    }
}

static void who_lies_in_hospital_goes_to_nobody_else(void **state)
{
    (void)state;
    int64_t admissions = 0;
    spans s = { 0 };
    region *r = make(300, 1);
    each_file(r, note_stays, &s);
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; s.all[i].in && k < s.n; k++) {
            admissions += k == i;
            if (k != i && strcmp(s.all[i].person, s.all[k].person) == 0)
                assert_false(s.all[i].first <= s.all[k].last && s.all[k].first <= s.all[i].last);
        }
    assert_true(admissions > 10);
    free(s.all);
    drop(r);
}

typedef struct viewer {
    km_str member;
    int institutions_in_may, notes_of_march, labs, prescriptions;
    bool by_komatsu;
} viewer;

static void look_at(viewer *v, km_jv resource, bool *in_may)
{
    km_str type = km_jv_text(resource, "resourceType");
    int64_t day, may = km_day_from_civil(2010, 5, 1);
    if (!km_fhir_day(&day, resource, km_fhir_type_named(type)))
        return;
    if (day >= may && day < may + 31) {
        *in_may = true;
        v->labs += km_str_is(type, "DiagnosticReport");
        v->prescriptions += km_str_is(type, "MedicationRequest");
    }
    if (km_str_is(type, "Composition") && day == km_day_from_civil(2010, 3, 3)) {
        km_jv author = km_jv_item(KM_JV_GET(resource, "author"), 0);
        v->notes_of_march++;
        v->by_komatsu = km_str_is(km_jv_text(author, "display"), "小松 圭介");
    }
}

static void look(void *self, km_arena *a, km_str path, km_str text)
{
    viewer *v = self;
    km_str member;
    bool in_may = false;
    km_jv list = entries_of(a, path, text, &member);
    if (km_jv_is(list, KM_JSON_NONE) || !km_str_eq(member, v->member))
        return;
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        look_at(v, KM_JV_GET(i.value, "resource"), &in_may);
    v->institutions_in_may += in_may;
}

static void the_viewer_of_the_reform_finds_its_month(void **state)
{
    (void)state;
    syn_world w = { .seed = 1 };
    size_t n;
    km_synth__load(&w, km_arena_new((size_t)64 << 20));
    viewer v = { .member = km_synth__people(&n, &w, 20)[0].member_id };
    region *r = make(20, 1);
    each_file(r, look, &v);
    assert_true(v.institutions_in_may >= 3);
    assert_true(v.labs >= 3);
    assert_true(v.prescriptions >= 3);
    assert_int_equal(v.notes_of_march, 1);
    assert_true(v.by_komatsu);
    drop(r);
    km_arena_free(w.arena);
}

/* --- persons --- */

typedef struct world {
    syn_world w;
    syn_person *p;
    size_t n;
} world;

static world people(int64_t n, uint64_t seed)
{
    world x = { 0 };
    km_synth__load(&x.w, km_arena_new((size_t)256 << 20));
    x.w.seed = seed;
    x.p = km_synth__people(&x.n, &x.w, n);
    return x;
}

static void the_hand_placed_person_has_the_age_of_the_viewer(void **state)
{
    (void)state;
    int years, months, days;
    for (uint64_t seed = 1; seed < 20; seed++) {
        world x = people(3, seed);
        assert_true(km_str_is(x.p[0].family->cell[FAMILY_KANJI], "山田"));
        assert_true(km_str_is(x.p[0].given->cell[GIVEN_KANJI], "太郎"));
        assert_true(km_age(&years, &months, &days, x.p[0].born, km_day_from_civil(2010, 5, 7)));
        assert_int_equal(years, 69);
        assert_int_equal(months, 0);
        assert_int_equal(days, 16);
        km_arena_free(x.w.arena);
    }
}

static void no_two_people_share_an_insured_number(void **state)
{
    (void)state;
    world x = people(2000, 3);
    char **id = calloc(x.n, sizeof *id);
    for (size_t i = 0; i < x.n; i++)
        id[i] = strndup(x.p[i].member_id.p, x.p[i].member_id.n);
    qsort(id, x.n, sizeof *id, by_name);
    for (size_t i = 1; i < x.n; i++)
        assert_string_not_equal(id[i - 1], id[i]);
    for (size_t i = 0; i < x.n; i++)
        free(id[i]);
    free(id);
    km_arena_free(x.w.arena);
}

static void insurers_and_institutions_have_their_check_digit(void **state)
{
    (void)state;
    world x = people(300, 4);
    for (size_t i = 0; i < x.n; i++) {
        km_str n = x.p[i].insurer;
        assert_int_equal(n.n, 8);
        if (km_str_starts(n, KM_STR("00")))
            n = km_str_sub(n, 2, 6);
        assert_int_equal(n.p[n.n - 1], km_synth__check_digit(km_str_sub(n, 0, n.n - 1)));
    }
    for (size_t i = 0; i < x.w.institutions.n; i++) {
        km_str code = x.w.institutions.row[i].cell[INST_CODE];
        assert_int_equal(code.n, 10);
        assert_int_equal(code.p[9], km_synth__check_digit(km_str_sub(code, 0, 9)));
    }
    km_arena_free(x.w.arena);
}

static void nobody_has_a_day_before_birth_or_after_death(void **state)
{
    (void)state;
    world x = people(2000, 9);
    for (size_t i = 0; i < x.n; i++) {
        assert_true(x.p[i].first >= x.p[i].born);
        assert_true(x.p[i].last >= x.p[i].first);
        assert_in_range(km_synth__age(&x.p[i], x.p[i].last), 0, 110);
    }
    km_arena_free(x.w.arena);
}

static void a_treated_diabetic_comes_down_and_stays_above_the_healthy(void **state)
{
    (void)state;
    world x = people(50, 2);
    const syn_row *hba1c = km_synth__row(&x.w.labs, KM_STR("HbA1c"));
    for (size_t i = 1; i < x.n; i++) {
        syn_person *p = &x.p[i];
        int64_t day = km_day_from_civil(2018, 4, 1), before = 0, early = 0, late = 0;
        for (int64_t k = 0; k < 40; k++)
            before += km_synth__value(p, hba1c, day + k);
        p->ill[p->ills++] = (syn_ill){ km_synth__row(&x.w.illnesses, KM_STR("diabetes")), day,
                                       day };
        for (int64_t k = 0; k < 40; k++) {
            early += km_synth__value(p, hba1c, day + k);
            late += km_synth__value(p, hba1c, day + 900 + k);
        }
        assert_true(early > late && late > before);
    }
    km_arena_free(x.w.arena);
}

/* --- asking --- */

static bool stop_at_three(void *self, int64_t done, int64_t all)
{
    (void)all;
    *(int64_t *)self = done;
    return done < 3;
}

static void a_run_stops_when_it_is_asked_to(void **state)
{
    (void)state;
    km_fault fault = { 0 };
    int64_t done = 0;
    region *r = calloc(1, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "/tmp/kumihimo-synth-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    km_synth_options o = { 30, 1, r->dir };
    assert_int_equal(km_synth_write(&r->report, &o, stop_at_three, &done, &fault), KM_CANCELLED);
    assert_int_equal(done, 3);
    drop(r);
}

static void no_people_or_no_folder_is_wrong_usage(void **state)
{
    (void)state;
    static const km_synth_options wrong[] = {
        { 0, 1, "x" }, { -1, 1, "x" }, { 10, 1, NULL }, { 10, 1, "" }, { INT64_MAX, 1, "x" }
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        km_fault fault = { 0 };
        km_synth_report report;
        assert_int_equal(km_synth_write(&report, &wrong[i], NULL, NULL, &fault), KM_USAGE);
    }
}

static int setup(void **state)
{
    (void)state;
    km_fhir_load();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(another_seed_gives_another_region),
        cmocka_unit_test(every_resource_follows_the_definition_and_every_reference_leads_somewhere),
        cmocka_unit_test(a_small_region_has_every_kind_that_the_timeline_shows),
        cmocka_unit_test(who_lies_in_hospital_goes_to_nobody_else),
        cmocka_unit_test(the_viewer_of_the_reform_finds_its_month),
        cmocka_unit_test(the_hand_placed_person_has_the_age_of_the_viewer),
        cmocka_unit_test(no_two_people_share_an_insured_number),
        cmocka_unit_test(insurers_and_institutions_have_their_check_digit),
        cmocka_unit_test(nobody_has_a_day_before_birth_or_after_death),
        cmocka_unit_test(a_treated_diabetic_comes_down_and_stays_above_the_healthy),
        cmocka_unit_test(a_run_stops_when_it_is_asked_to),
        cmocka_unit_test(no_people_or_no_folder_is_wrong_usage),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
