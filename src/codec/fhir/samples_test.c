/* SPDX-License-Identifier: Apache-2.0
 *
 * The official R4 examples and a synthetic patient's bundle, from the samples folder
 * (KUMIHIMO_SAMPLES, or ../shared/samples); skipped where it is absent.
 */
#include "codec/fhir/fhir.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static km_arena *arena;

/* Published examples that do not follow R4 themselves. */
static const struct {
    const char *file;
    km_code code;
    const char *why;
} wrong[] = {
    { "bundle-questionnaire.json", KM_REQUIRED, "its items of type display have no linkId (1..1)" },
};

static const char *samples(void)
{
    const char *named = getenv("KUMIHIMO_SAMPLES");
    return named && *named ? named : "../shared/samples";
}

static km_str read_file(const char *dir, const char *name)
{
    km_str path = km_arena_print(arena, "%s/%s", dir, name);
    FILE *f = fopen(km_arena_z(arena, path), "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *p = km_arena_alloc(arena, (size_t)n + 1);
    assert_int_equal(fread(p, 1, (size_t)n, f), n);
    fclose(f);
    return (km_str){ p, (size_t)n };
}

typedef void (*visit)(const char *file, km_jv resource);

/* Every JSON file of the folder; how many there were. */
static size_t each_file(const char *folder, visit v)
{
    static const km_json_limits wide = { 64, 100000, 1000000, 16u << 20 };
    km_str dir = km_arena_print(arena, "%s/%s", samples(), folder);
    const char *path = km_arena_z(arena, dir);
    DIR *d = opendir(path);
    size_t n = 0;
    if (d == NULL) {
        print_message("no samples in %s\n", path);
        skip();
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        km_arena_mark here = km_arena_here(arena);
        km_json *doc;
        km_fault f;
        if (!km_str_ends(km_str_of(e->d_name), KM_STR(".json")))
            continue;
        km_fault_clear(&f);
        if (km_json_parse(&doc, arena, read_file(path, e->d_name), &wide, &f) != KM_OK)
            fail_msg("%s: %s", e->d_name, f.detail);
        v(e->d_name, km_json_root(doc));
        km_arena_back(arena, here);
        n++;
    }
    closedir(d);
    return n;
}

static void check(const char *file, km_jv resource)
{
    km_fault f;
    km_code expected = KM_OK;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (strcmp(file, wrong[i].file) == 0)
            expected = wrong[i].code;
    km_fault_clear(&f);
    if (km_fhir_check(resource, &f) != expected)
        fail_msg("%s:%u:%u %s: %s", file, f.line, f.column, f.path, f.detail);
}

static void the_official_examples_pass(void **state)
{
    (void)state;
    assert_true(each_file("fhir/fhir-test-cases/r4/examples", check) >= 50);
}

static void the_bundles_of_a_synthetic_patient_pass(void **state)
{
    (void)state;
    assert_true(each_file("fhir/synthea", check) >= 3);
}

/* --- parameters ------------------------------------------------------------------------ */

static size_t asked, answered;

static void ask(const km_path_env *env, const km_path *path, const km_item *focus, const char *file,
                const km_param *p, km_items *out)
{
    km_fault f;
    km_fault_clear(&f);
    *out = (km_items){ NULL, 0, 0 };
    km_code code = focus ? km_path_eval_on(out, path, env, *focus, &f)
                         : km_path_eval(out, path, env, &f);
    if (code != KM_OK)
        fail_msg("%s %.*s: %s %s", file, KM_STR_ARG(p->code), f.path, f.detail);
}

static void ask_params(const char *file, km_jv resource)
{
    const km_param *p;
    size_t n = km_fhir_params(&p, km_fhir_type_named(km_jv_text(resource, "resourceType")));
    km_path_env env = { .model = km_fhir_model(), .arena = arena, .resource = resource };
    for (size_t i = 0; i < n; i++, asked++) {
        km_items found, part;
        ask(&env, p[i].path, NULL, file, &p[i], &found);
        answered += found.n > 0;
        for (size_t c = 0; c < p[i].n_components; c++)
            for (uint32_t k = 0; k < found.n; k++)
                ask(&env, p[i].component[c].path, &found.item[k], file, &p[i], &part);
    }
}

static void every_parameter_evaluates_on_the_examples(void **state)
{
    (void)state;
    each_file("fhir/fhir-test-cases/r4/examples", ask_params);
    print_message("%zu parameters asked, %zu gave values\n", asked, answered);
    assert_true(answered * 4 > asked);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_examples_pass),
        cmocka_unit_test(the_bundles_of_a_synthetic_patient_pass),
        cmocka_unit_test(every_parameter_evaluates_on_the_examples),
    };
    km_fhir_load();
    arena = km_arena_new((size_t)1 << 30);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    km_arena_free(arena);
    return failed;
}
