/* SPDX-License-Identifier: Apache-2.0
 *
 * The public JSONTestSuite (Seriot, "Parsing JSON is a minefield"), read from the sample folder
 * when it is there: y_ is accepted, n_ refused. Where RFC 8259 leaves the choice (i_, and names
 * that repeat) ours is to refuse what two programs could read differently.
 */
#include "codec/json/any_json.h"
#include "codec/json/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const accepted_all_the_same[] = {
    /* Numbers are kept as text, so none is too large. */
    "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json",
    "i_number_neg_int_huge_exp.json",    "i_number_pos_double_huge_exp.json",
    "i_number_real_neg_overflow.json",   "i_number_real_pos_overflow.json",
    "i_number_real_underflow.json",      "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",     "i_number_very_big_negative_int.json",
};

static const char *const refused_all_the_same[] = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_string_null_escape.json",
};

static bool is_in(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}
#define IS_IN(name, list) is_in((name), (list), sizeof(list) / sizeof *(list))

static km_str read_file(const char *folder, const char *name)
{
    char path[4096];
    km_arena *a = km_arena_new(SIZE_MAX);
    km_buf text = km_buf_in(a);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;)
        km_buf_char(&text, (char)c);
    fclose(f);
    km_str exact = any_exact(km_buf_str(&text));
    km_arena_free(a);
    return exact;
}

static bool is_read(const char *folder, const char *name)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str text = read_file(folder, name);
    km_json *doc;
    bool read = km_json_parse(&doc, a, text, NULL, NULL) == KM_OK;
    if (read) {
        km_buf out = km_buf_in(a);
        km_json *again;
        km_jv_print(&out, km_json_root(doc));
        assert_int_equal(km_json_parse(&again, a, km_buf_str(&out), NULL, NULL), KM_OK);
    }
    free((void *)(uintptr_t)text.p);
    km_arena_free(a);
    return read;
}

static void the_minefield_is_crossed(void **state)
{
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    char folder[3000];
    size_t files = 0, wrong = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/security/json-testsuite/test_parsing",
             samples ? samples : "../shared/samples");
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        print_message("JSONTestSuite is not in the sample folder, skipped\n");
        skip();
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strchr("yni", e->d_name[0]) == NULL || e->d_name[1] != '_')
            continue;
        bool want = (e->d_name[0] == 'y' && !IS_IN(e->d_name, refused_all_the_same))
                    || IS_IN(e->d_name, accepted_all_the_same);
        files++;
        if (is_read(folder, e->d_name) != want) {
            print_error("%s is %s\n", e->d_name, want ? "refused" : "accepted");
            wrong++;
        }
    }
    closedir(dir);
    assert_int_equal(wrong, 0);
    assert_true(files > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_minefield_is_crossed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
