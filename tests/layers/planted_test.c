/* SPDX-License-Identifier: Apache-2.0
 *
 * The checkers of layers and of symbol names, held against small trees with one violation
 * planted in each. The programs to ask are in KM_LAYERS and KM_NAMES (tests.cmake).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char three_layers[] = "base :\n"
                                   "codec/json : base\n"
                                   "store : base\n"
                                   "record : base codec/json store\n"
                                   "trust : base record\n"
                                   "only record/access_make.h : record trust\n";

/* A file to be planted; NULL text plants nothing. */
typedef struct planted {
    const char *path, *text;
} planted;

typedef struct verdict {
    int status;
    char said[4096];
} verdict;

static void write_file(const char *root, const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static verdict ask(const char *command)
{
    verdict v = { 0 };
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(v.said, 1, sizeof v.said - 1, p);
    v.said[n] = '\0';
    int status = pclose(p);
    v.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return v;
}

static verdict ask_layers(const char *root)
{
    char command[1024];
    assert_non_null(getenv("KM_LAYERS"));
    snprintf(command, sizeof command, "'%s' '%s' 2>&1", getenv("KM_LAYERS"), root);
    return ask(command);
}

/* The verdict on a sound little house in which one file has been replaced or added. */
static verdict verdict_on(const char *path, const char *text)
{
    const planted house[] = {
        { "LAYERS", three_layers },
        { "src/base/str.h", "#include <stdbool.h>\n" },
        { "src/store/store.h", "#include \"base/str.h\"\n" },
        { "src/record/access_make.h", "#include \"record/access.h\"\n" },
        { "src/record/access.h", "#include \"base/str.h\"\n#include \"store/store.h\"\n" },
        { "src/trust/trust.c", "#include \"record/access_make.h\"\n" },
        { path, text },
    };
    char root[] = "/tmp/km-layers-XXXXXX", command[64];
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof house / sizeof *house; i++)
        if (house[i].text != NULL)
            write_file(root, house[i].path, house[i].text);
    verdict v = ask_layers(root);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
    return v;
}

static void expect_refused(const char *path, const char *text, const char *said)
{
    verdict v = verdict_on(path, text);
    if (v.status != 1 || strstr(v.said, said) == NULL)
        fail_msg("expected `%s`, exit 1; got exit %d: %s", said, v.status, v.said);
}

static void expect_allowed(const char *path, const char *text)
{
    verdict v = verdict_on(path, text);
    if (v.status != 0)
        fail_msg("expected no violation; got exit %d: %s", v.status, v.said);
}

static void a_sound_house_passes(void **state)
{
    (void)state;
    expect_allowed("none", NULL);
    expect_allowed("src/record/log.c", "#include \"record/access.h\"\n#include <openssl/evp.h>\n");
    expect_allowed("src/record/log.c", "#include \"access.h\"\n#include \"km_sql_record.h\"\n");
    expect_allowed("src/codec/json/tape.c", "#include \"gen/km_data_codec_json.h\"\n");
}

static void an_include_upwards_is_told_with_file_and_line(void **state)
{
    (void)state;
    expect_refused("src/base/str.c", "#include \"base/str.h\"\n\n#include \"store/store.h\"\n",
                   "src/base/str.c:3: base may not include store/store.h");
}

static void folders_of_one_layer_do_not_meet(void **state)
{
    (void)state;
    expect_refused("src/codec/json/tape.c", "#include \"store/store.h\"\n",
                   "codec/json may not include store/store.h");
}

static void every_spelling_of_an_include_is_seen(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "  #  include \"store/store.h\"\n",
        "#include <store/store.h>\n",
        "#include_next \"store/store.h\"\n",
        "#import \"store/store.h\"\n",
        "%:include \"store/store.h\"\n",
        "/* why */ #include /* not */ \"store/store.h\"\n",
        "#inc\\\nlude \"store/store.h\"\n",
        "char quote = '\"'; /* \" */\n#include \"store/store.h\"\n",
        "#include \"../store/store.h\"\n",
        "#include \"base/../store/store.h\"\n",
        "#define HEADER \"store/store.h\"\n#include HEADER\n",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        expect_refused("src/base/str.c", spellings[i], "src/base/str.c:");
}

static void what_stands_in_a_comment_is_no_include(void **state)
{
    (void)state;
    expect_allowed("src/base/str.c", "/*\n#include \"store/store.h\"\n*/\n");
    expect_allowed("src/base/str.c", "// so \\\n#include \"store/store.h\"\n");
}

static void an_only_header_is_closed_to_the_rest(void **state)
{
    (void)state;
    expect_refused("src/store/store.c", "#include \"record/access_make.h\"\n", "may not include");
    expect_refused("LAYERS",
                   "base :\nstore : base\nrecord : base store\ntrust : base record\n"
                   "only record/access_make.h : record\n",
                   "src/trust/trust.c:1: record/access_make.h is open to");
    expect_refused("LAYERS",
                   "base :\nstore : base\nrecord : base store\ntrust : base record\n"
                   "only record/acess_make.h : record trust\n",
                   "there is no src/record/acess_make.h");
}

static void an_unlisted_folder_is_refused(void **state)
{
    (void)state;
    expect_refused("src/attic/old.c", "\n", "src/attic is not listed in LAYERS");
    expect_refused("src/trust/t.c", "#include \"attic/old.h\"\n", "attic is no folder of LAYERS");
}

static void a_circle_or_an_upward_row_is_refused(void **state)
{
    (void)state;
    expect_refused("LAYERS", "base : store\nstore : base\nrecord : base store\ntrust : record\n",
                   "base names store, which does not stand above it");
    expect_refused("LAYERS", "base : basement\n", "basement, which is no folder");
    expect_refused("LAYERS", "base\n", "LAYERS:1: expected");
    expect_refused("LAYERS", "base :\nbase :\n", "stands there twice");
}

static void a_plus_stands_for_what_the_row_above_lets_in_and_no_more(void **state)
{
    (void)state;
    expect_allowed("LAYERS", "base :\nstore : base\nrecord : store+\ntrust : record+\n"
                             "only record/access_make.h : record trust\n");
    expect_refused("LAYERS",
                   "base :\nstore : base\nrecord : store\ntrust : record+\n"
                   "only record/access_make.h : record trust\n",
                   "record may not include base/");
    expect_refused("LAYERS", "base :\nstore : record+\nrecord : base\n",
                   "store names record, which does not stand above it");
    expect_refused("LAYERS", "base :\nstore : bas+\n", "bas, which is no folder");
}

static void a_table_is_read_by_its_own_folder(void **state)
{
    (void)state;
    expect_refused("src/trust/t.c", "#include \"gen/km_sql_record.h\"\n", "another folder");
    expect_refused("src/trust/t.c", "#include \"km_data_record.h\"\n", "another folder");
}

static void a_link_cannot_carry_a_file_into_another_folder(void **state)
{
    (void)state;
    char root[] = "/tmp/km-layers-XXXXXX", link[64];
    assert_non_null(mkdtemp(root));
    write_file(root, "LAYERS", "base :\n");
    write_file(root, "src/base/str.h", "\n");
    snprintf(link, sizeof link, "%s/src/base/log.c", root);
    assert_int_equal(symlink("../../LAYERS", link), 0);
    verdict v = ask_layers(root);
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
    assert_int_equal(v.status, 1);
    assert_non_null(strstr(v.said, "src/base/log.c:1: a link"));
}

/* Two libraries, base below store, each of one file. */
static verdict names_verdict(const char *base, const char *store)
{
    char root[] = "/tmp/km-names-XXXXXX", command[1024];
    assert_non_null(mkdtemp(root));
    assert_non_null(getenv("KM_NAMES"));
    write_file(root, "LAYERS", "base :\nstore : base\n");
    write_file(root, "base.c", base);
    write_file(root, "store.c", store);
    snprintf(command, sizeof command,
             "cd '%s' && cc -c base.c store.c && ar rc libkm_base.a base.o"
             " && ar rc libkm_store.a store.o && '%s' . . 2>&1",
             root, getenv("KM_NAMES"));
    verdict v = ask(command);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
    return v;
}

static void a_reference_downwards_passes(void **state)
{
    (void)state;
    verdict v = names_verdict("void km_str_cut(void);void km_str_cut(void) {}",
                              "void km_str_cut(void);void km_store_open(void) { km_str_cut(); }");
    if (v.status != 0)
        fail_msg("exit %d: %s", v.status, v.said);
}

static void a_declaration_by_hand_goes_round_no_layer(void **state)
{
    (void)state;
    verdict v = names_verdict("void km_store_open(void);void km_str_cut(void) { km_store_open(); }",
                              "void km_store_open(void) {}");
    assert_int_equal(v.status, 1);
    assert_non_null(strstr(v.said, "km_store_open of store is above or beside"));
}

static void a_private_symbol_stays_in_its_folder(void **state)
{
    (void)state;
    verdict v = names_verdict(
        "void km_str__grow(void) {}",
        "void km_str__grow(void);void km_store_open(void) { km_str__grow(); }");
    assert_int_equal(v.status, 1);
    assert_non_null(strstr(v.said, "km_str__grow of base is private"));
}

static void a_global_without_km_is_refused(void **state)
{
    (void)state;
    verdict v = names_verdict("int counter;", "void km_store_open(void) {}");
    assert_int_equal(v.status, 1);
    assert_non_null(strstr(v.said, "counter leaves its file without km_"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_house_passes),
        cmocka_unit_test(an_include_upwards_is_told_with_file_and_line),
        cmocka_unit_test(folders_of_one_layer_do_not_meet),
        cmocka_unit_test(every_spelling_of_an_include_is_seen),
        cmocka_unit_test(what_stands_in_a_comment_is_no_include),
        cmocka_unit_test(an_only_header_is_closed_to_the_rest),
        cmocka_unit_test(an_unlisted_folder_is_refused),
        cmocka_unit_test(a_circle_or_an_upward_row_is_refused),
        cmocka_unit_test(a_plus_stands_for_what_the_row_above_lets_in_and_no_more),
        cmocka_unit_test(a_table_is_read_by_its_own_folder),
        cmocka_unit_test(a_link_cannot_carry_a_file_into_another_folder),
        cmocka_unit_test(a_reference_downwards_passes),
        cmocka_unit_test(a_declaration_by_hand_goes_round_no_layer),
        cmocka_unit_test(a_private_symbol_stays_in_its_folder),
        cmocka_unit_test(a_global_without_km_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
