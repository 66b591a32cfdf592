/* SPDX-License-Identifier: Apache-2.0
 *
 * What an import takes for a file, whose it is, and that one bad thing never stops the rest.
 */
#include "gateways/files/files_test.h"

#define P(id, family) \
    "{\"resourceType\":\"Patient\",\"id\":\"" id "\",\"name\":[{\"family\":\"" family "\"}]}"

static void open_new(km_test_node *t)
{
    km_test_node_make(t, km_test_files);
    assert_int_equal(km_test_node_open(t), KM_OK);
}

/* Imports one file of this content into a new node. */
static km_jv import_text(km_test_node *t, const char *name, km_str text, int rc)
{
    open_new(t);
    return km_test_import(t, km_test_put(t, name, text), rc);
}

/* --- lines --- */

static void a_bad_line_is_named_and_the_others_are_stored(void **state)
{
    static const char text[] = P("a", "A") "\n" P(
        "b", "B") "\n"
                  "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"zq\"}\n"
                  "{\"resourceType\":\"Patient\",\n"
                  "[]\n"
                  "{\"resourceType\":\"Nonsense\",\"id\":\"x\"}\n"
                  "{\"resourceType\":\"Patient\"}\n"
                  "{\"resourceType\":\"Patient\",\"id\":\"_\"}\n" P("c", "C") "\n";
    km_test_node t;
    (void)state;
    km_jv r = import_text(&t, "in/p.ndjson", km_str_of(text), 1);
    km_test_counts(r, 3, 0, 6);
    for (uint32_t i = 0; i < 6; i++)
        km_test_refused_at(r, i, "in/p.ndjson", 3 + i, "");
    km_test_refused_at(r, 0, "p.ndjson", 3, "Patient.gender");
    km_test_refused_at(r, 1, "p.ndjson", 4, "not well-formed");
    km_test_refused_at(r, 3, "p.ndjson", 6, "no such resource type");
    km_test_refused_at(r, 4, "p.ndjson", 7, "required");
    assert_false(km_test_says(km_jv_raw(r), "zq"));
    km_test_holds(&t, NULL, "Patient", "c", 1, "\"C\"");
    assert_int_equal(km_test_whole(&t), 3);
    km_test_node_free(&t);
}

static void lines_may_be_empty_end_with_crlf_or_not_at_all(void **state)
{
    static const char *const texts[] = {
        P("a", "A") "\n" P("b", "B") "\n",
        P("a", "A") "\n" P("b", "B"),
        P("a", "A") "\r\n" P("b", "B") "\r\n",
        P("a", "A") "\r\n" P("b", "B") "\r",
        "\n\n  \n" P("a", "A") "\n\r\n\t\n" P("b", "B") "\n\n",
        " " P("a", "A") " \n\t" P("b", "B") "  ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        km_test_node t;
        km_test_counts(import_text(&t, "p.ndjson", km_str_of(texts[i]), 0), 2, 0, 0);
        km_test_holds(&t, NULL, "Patient", "b", 1, "\"B\"");
        km_test_node_free(&t);
    }
}

/* Empty lines count, also in the chunk after many of them. */
static void a_line_keeps_its_number_whatever_is_above_it(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_buf text = km_buf_in(t.arena);
    for (int i = 0; i < 1000; i++)
        km_buf_print(&text, "%s" P("p%d", "X") "\r\n", i % 3 ? "" : "\r\n", i);
    km_buf_z(&text, "oops\n");
    km_jv r = km_test_import(&t, km_test_put(&t, "p.ndjson", km_buf_str(&text)), 1);
    km_test_counts(r, 1000, 0, 1);
    km_test_refused_at(r, 0, "p.ndjson", 1335, "not well-formed");
    km_test_node_free(&t);
}

static void of_two_versions_in_one_file_the_later_stays(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_buf text = km_buf_in(t.arena);
    for (int i = 0; i < 500; i++)
        km_buf_print(&text, P("p%d", "round %d") "\n", i % 100, i / 100);
    km_test_counts(km_test_import(&t, km_test_put(&t, "p.ndjson", km_buf_str(&text)), 0), 500, 0,
                   0);
    for (int i = 0; i < 100; i++)
        km_test_holds(&t, NULL, "Patient", km_arena_print(t.arena, "p%d", i).p, 5, "round 4");
    km_test_node_free(&t);
}

/* A Binary of 15 MB, 20 MB of text: more than a megabyte is no string of FHIR, but a file's
 * content. */
static void a_line_of_twenty_megabytes_is_a_line(void **state)
{
    km_test_node t;
    enum { CONTENT = 20 << 20 };
    (void)state;
    open_new(&t);
    km_buf text = km_buf_in(t.arena);
    km_buf_z(&text,
             P("before", "A") "\n{\"resourceType\":\"Binary\",\"id\":\"big\",\"contentType\":"
                              "\"application/pdf\",\"data\":\"");
    km_buf_reserve(&text, CONTENT);
    memset(text.p + text.n, 'Q', CONTENT);
    text.n += CONTENT;
    km_buf_z(&text, "\"}\n{\"resourceType\":\"Patient\",\"id\":\"text\",\"name\":[{\"family\":\"");
    km_buf_reserve(&text, CONTENT);
    memset(text.p + text.n, 'Q', CONTENT);
    text.n += CONTENT;
    km_buf_z(&text, "\"}]}\n" P("after", "B") "\n");
    km_jv r = km_test_import(&t, km_test_put(&t, "p.ndjson", km_buf_str(&text)), 1);
    km_test_counts(r, 3, 0, 1);
    km_test_refused_at(r, 0, "p.ndjson", 3, "Patient.name[0].family");
    km_test_holds(&t, NULL, "Patient", "after", 1, "B");
    assert_true(km_test_find(&t, NULL, "Binary", "big")->stored.n > CONTENT);
    km_test_node_free(&t);
}

/* --- what is not FHIR --- */

static void what_is_not_json_is_refused_and_leaves_nothing(void **state)
{
    static const char utf16[] = "\xff\xfe{\0\"\0r\0e\0s\0o\0u\0r\0c\0e\0T\0y\0p\0e\0";
    static const char binary[] = "\x7f"
                                 "ELF\x02\x01\x01\0\0\0\0\x80\xff\xfe\n\0\n\x01";
    static const km_str texts[] = {
        KM_STR_INIT("hello"),
        KM_STR_INIT("<html>"),
        KM_STR_INIT("{"),
        KM_STR_INIT("{}"),
        KM_STR_INIT("[]"),
        KM_STR_INIT("null"),
        KM_STR_INIT("\"Patient\""),
        KM_STR_INIT("\0"),
        KM_STR_INIT("\xef\xbb\xbf" P("a", "A")), /* RFC 8259 8.1: no byte order mark */
        { utf16, sizeof utf16 - 1 },
        { binary, sizeof binary - 1 },
        KM_STR_INIT("{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}"),
        KM_STR_INIT(P("a", "\x82\xa0")), /* Shift_JIS */
        KM_STR_INIT(P("a", "A") "x"),
    };
    static const char *const names[] = { "x.json", "x.ndjson" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < 2; k++) {
            km_test_node t;
            km_jv r = import_text(&t, names[k], texts[i], 1);
            assert_int_equal(km_test_count(r, "stored"), 0);
            assert_true(km_test_count(r, "refused") >= 1);
            km_test_refused_at(r, 0, names[k], 1, "");
            assert_int_equal(km_test_whole(&t), 0);
            km_test_node_free(&t);
        }
}

static void an_empty_file_of_lines_is_no_line_and_an_empty_resource_is_none(void **state)
{
    km_test_node t;
    (void)state;
    km_test_counts(import_text(&t, "x.ndjson", KM_STR(""), 0), 0, 0, 0);
    km_test_node_free(&t);
    km_test_counts(import_text(&t, "x.json", KM_STR(""), 1), 0, 0, 1);
    km_test_node_free(&t);
}

static void lines_in_a_json_file_are_lines(void **state)
{
    km_test_node t;
    (void)state;
    km_test_counts(import_text(&t, "x.json", KM_STR(P("a", "A") "\r\n" P("b", "B") "\r\n"), 0), 2,
                   0, 0);
    km_test_node_free(&t);
    km_test_counts(
        import_text(&t, "x.json", KM_STR("{\n\"resourceType\":\"Patient\",\n\"id\":\"a\"\n}\n"), 0),
        1, 0, 0);
    km_test_node_free(&t);
}

/* --- folders --- */

static void a_folder_is_read_in_the_order_of_names_and_only_what_is_fhir(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_put(&t, "in/b.json", KM_STR(P("a", "second")));
    km_test_put(&t, "in/a/z.ndjson", KM_STR(P("a", "first") "\n"));
    km_test_put(&t, "in/c/1.jsonl", KM_STR(P("a", "third") "\n"));
    km_test_put(&t, "in/c/2.txt", KM_STR("no"));
    km_test_put(&t, "in/c/README", KM_STR("no"));
    km_test_put(&t, "in/.hidden/3.json", KM_STR("no"));
    km_test_put(&t, "in/.hidden.json", KM_STR("no"));
    km_jv r = km_test_import(&t, km_test_path(&t, "in"), 0);
    km_test_counts(r, 3, 0, 0);
    assert_int_equal(km_test_count(r, "files"), 3);
    km_test_holds(&t, NULL, "Patient", "a", 3, "third");
    km_test_node_free(&t);
}

static void links_are_not_followed_unless_named(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    const char *outside = km_test_put(&t, "out/secret.json", KM_STR(P("a", "A")));
    km_test_put(&t, "in/b.json", KM_STR(P("b", "B")));
    assert_int_equal(symlink(outside, km_test_path(&t, "in/a.json")), 0);
    assert_int_equal(symlink(km_test_path(&t, "out"), km_test_path(&t, "in/c")), 0);
    assert_int_equal(symlink(km_test_path(&t, "in"), km_test_path(&t, "in/d")), 0);
    km_test_counts(km_test_import(&t, km_test_path(&t, "in"), 0), 1, 0, 0);
    km_test_counts(km_test_import(&t, km_test_path(&t, "in/c"), 0), 1, 0, 0);
    km_test_node_free(&t);
}

static void what_is_not_there_or_cannot_be_read_is_refused_and_the_rest_comes_in(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_refused_at(km_test_import(&t, km_test_path(&t, "nowhere"), 1), 0, "nowhere", 0, "");
    const char *closed = km_test_put(&t, "in/a.json", KM_STR(P("a", "A")));
    km_test_put(&t, "in/b.json", KM_STR(P("b", "B")));
    assert_int_equal(chmod(closed, 0), 0);
    bool root = geteuid() == 0; /* nothing is closed to it */
    km_test_counts(km_test_import(&t, km_test_path(&t, "in"), root ? 0 : 1), root ? 2 : 1, 0,
                   root ? 0 : 1);
    assert_int_equal(mkdir(km_test_path(&t, "empty"), 0700), 0);
    km_test_refused_at(km_test_import(&t, km_test_path(&t, "empty"), 1), 0, "empty", 0,
                       "no FHIR file");
    assert_int_equal(mkfifo(km_test_path(&t, "pipe.json"), 0600), 0);
    km_test_refused_at(km_test_import(&t, km_test_path(&t, "pipe.json"), 1), 0, "pipe.json", 0,
                       "no FHIR file");
    km_test_node_free(&t);
}

/* --- whose it is --- */

static void the_nearest_source_json_says_whose_a_file_is(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_put(&t, "in/source.json", KM_STR("{\"uri\":\"urn:x:upper\",\"name\":\"上\"}"));
    km_test_put(&t, "in/1/source.json", KM_STR("{\"uri\":\"urn:x:lower\"}"));
    km_test_put(&t, "in/a.json", KM_STR(P("same", "upper")));
    km_test_put(&t, "in/1/b.json", KM_STR(P("same", "lower")));
    km_test_put(&t, "in/2/3/4/c.ndjson", KM_STR(P("deep", "upper")));
    km_test_put(&t, "in/2/3/4/5/d.ndjson", KM_STR(P("deeper", "own")));
    km_test_counts(km_test_import(&t, km_test_path(&t, "in"), 0), 4, 0, 0);
    km_test_holds(&t, "urn:x:upper", "Patient", "same", 1, "upper");
    km_test_holds(&t, "urn:x:lower", "Patient", "same", 1, "lower");
    km_test_holds(&t, "urn:x:upper", "Patient", "deep", 1, "upper");
    km_test_holds(&t, NULL, "Patient", "deeper", 1, "own"); /* four folders, not more */
    km_test_node_free(&t);
}

static void a_bare_name_finds_the_source_beside_it(void **state)
{
    km_test_node t;
    char here[4096];
    (void)state;
    open_new(&t);
    km_test_put(&t, "in/source.json", KM_STR("{\"uri\":\"urn:x:beside\"}"));
    km_test_put(&t, "in/a.json", KM_STR(P("a", "A")));
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(km_test_path(&t, "in")), 0);
    km_jv r = km_test_import(&t, "a.json", 0);
    assert_int_equal(chdir(here), 0);
    km_test_counts(r, 1, 0, 0);
    km_test_holds(&t, "urn:x:beside", "Patient", "a", 1, "A");
    km_test_node_free(&t);
}

static void the_option_goes_before_source_json(void **state)
{
    static const km_test_option options[] = { { "source", "urn:x:said" },
                                              { "source-name", "病院" },
                                              { 0 } };
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_put(&t, "in/source.json", KM_STR("{\"uri\":\"urn:x:beside\"}"));
    km_test_put(&t, "in/a.json", KM_STR(P("a", "A")));
    km_test_counts(km_test_import_so(&t, km_test_path(&t, "in"), 0, options), 1, 0, 0);
    km_test_holds(&t, "urn:x:said", "Patient", "a", 1, "A");
    assert_null(km_test_find(&t, "urn:x:beside", "Patient", "a"));
    km_test_node_free(&t);
}

/* Else its files would be stored as the node's own, and stay so. */
static void a_source_json_that_cannot_be_understood_refuses_its_files(void **state)
{
    static const char *const broken[] = {
        "", "{", "[]", "{}", "{\"uri\":1}", "{\"uri\":\"\"}", "{\"name\":\"x\"}", "urn:x:y"
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        km_test_node t;
        open_new(&t);
        km_test_put(&t, "in/1/source.json", km_str_of(broken[i]));
        km_test_put(&t, "in/1/a.json", KM_STR(P("a", "A")));
        km_test_put(&t, "in/2/b.json", KM_STR(P("b", "B")));
        km_jv r = km_test_import(&t, km_test_path(&t, "in"), 1);
        km_test_counts(r, 1, 0, 1);
        km_test_refused_at(r, 0, "1/a.json", 0, "source.json");
        km_test_node_free(&t);
    }
}

static void references_that_lead_nowhere_are_counted_once_each_when_all_is_in(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_put(
        &t, "in/a.ndjson",
        KM_STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"managingOrganization\":{"
               "\"reference\":\"Organization/later\"},\"generalPractitioner\":[{"
               "\"reference\":\"Practitioner/never\"},{\"reference\":\"Practitioner/never\"}]}\n"
               "{\"resourceType\":\"Patient\",\"id\":\"b\",\"generalPractitioner\":[{"
               "\"reference\":\"Practitioner/never\"}]}\n"));
    km_test_put(&t, "in/b.ndjson",
                KM_STR("{\"resourceType\":\"Organization\",\"id\":\"later\",\"name\":\"x\"}\n"));
    km_jv r = km_test_import(&t, km_test_path(&t, "in"), 0);
    km_test_counts(r, 3, 0, 0);
    assert_int_equal(km_test_count(r, "missingReferences"), 1);
    km_test_node_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_line_is_named_and_the_others_are_stored),
        cmocka_unit_test(lines_may_be_empty_end_with_crlf_or_not_at_all),
        cmocka_unit_test(a_line_keeps_its_number_whatever_is_above_it),
        cmocka_unit_test(of_two_versions_in_one_file_the_later_stays),
        cmocka_unit_test(a_line_of_twenty_megabytes_is_a_line),
        cmocka_unit_test(what_is_not_json_is_refused_and_leaves_nothing),
        cmocka_unit_test(an_empty_file_of_lines_is_no_line_and_an_empty_resource_is_none),
        cmocka_unit_test(lines_in_a_json_file_are_lines),
        cmocka_unit_test(a_folder_is_read_in_the_order_of_names_and_only_what_is_fhir),
        cmocka_unit_test(links_are_not_followed_unless_named),
        cmocka_unit_test(what_is_not_there_or_cannot_be_read_is_refused_and_the_rest_comes_in),
        cmocka_unit_test(the_nearest_source_json_says_whose_a_file_is),
        cmocka_unit_test(a_bare_name_finds_the_source_beside_it),
        cmocka_unit_test(the_option_goes_before_source_json),
        cmocka_unit_test(a_source_json_that_cannot_be_understood_refuses_its_files),
        cmocka_unit_test(references_that_lead_nowhere_are_counted_once_each_when_all_is_in),
    };
    return km_test_on_both("import", tests, NULL, NULL);
}
