/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundles from files: all or nothing, each by itself in a batch, the same however often they come;
 * and what was exported comes in again as it was.
 */
#include "gateways/files/files_test.h"

#define ENTRY(url, resource, request) \
    "{\"fullUrl\":\"" url "\",\"resource\":" resource ",\"request\":{" request "}}"
#define BUNDLE(type, entries) \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" entries "]}"
#define U1 "urn:uuid:11111111-1111-4111-8111-111111111111"
#define U2 "urn:uuid:22222222-2222-4222-8222-222222222222"
#define PATIENT \
    "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:s\",\"value\":\"7\"}]}"
#define OBSERVATION(subject)                                                            \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"}," \
    "\"subject\":{\"reference\":\"" subject "\"}}"
#define POST(type) "\"method\":\"POST\",\"url\":\"" type "\""

static const km_test_option again[] = { { "again", "true" }, { 0 } };

static void open_new(km_test_node *t)
{
    km_test_node_make(t, km_test_files);
    assert_int_equal(km_test_node_open(t), KM_OK);
}

static km_jv import_again(km_test_node *t, const char *text, int rc)
{
    return km_test_import_so(t, km_test_put(t, "b.json", km_str_of(text)), rc, again);
}

static void posted_entries_keep_the_id_of_their_full_url_however_often_they_come(void **state)
{
    static const char text[] = BUNDLE("transaction", ENTRY(U1, PATIENT, POST("Patient")) "," ENTRY(
                                                         U2, OBSERVATION(U1), POST("Observation")));
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_counts(import_again(&t, text, 0), 2, 0, 0);
    for (int i = 0; i < 3; i++)
        km_test_counts(import_again(&t, text, 0), 0, 2, 0);
    km_test_holds(&t, NULL, "Patient", "11111111-1111-4111-8111-111111111111", 1, "urn:s");
    km_test_holds(&t, NULL, "Observation", "22222222-2222-4222-8222-222222222222", 1,
                  "\"reference\":\"Patient/11111111-1111-4111-8111-111111111111\"");
    assert_int_equal(km_test_whole(&t), 2);
    km_test_node_free(&t);
}

static void a_bundle_is_all_or_nothing_and_names_the_entry(void **state)
{
    static const char *const broken[] = {
        BUNDLE("transaction",
               ENTRY(U1, PATIENT, POST("Patient")) ",\n" ENTRY(
                   U2, OBSERVATION("Patient?identifier=urn:s|none"), POST("Observation"))),
        BUNDLE("transaction", ENTRY(U1, PATIENT, POST("Patient")) ",\n" ENTRY(
                                  U2, "{\"resourceType\":\"Observation\",\"status\":\"zq\"}",
                                  POST("Observation"))),
        BUNDLE("collection", ENTRY(U1, PATIENT, POST("Patient")) ",\n{\"fullUrl\":\"" U2 "\"}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        km_test_node t;
        open_new(&t);
        km_jv r = import_again(&t, broken[i], 1);
        km_test_counts(r, 0, 0, 1);
        km_test_refused_at(r, 0, "b.json", 2, "Bundle.entry[1]");
        assert_int_equal(km_test_whole(&t), 0);
        km_test_node_free(&t);
    }
}

static void the_entries_of_a_batch_stand_for_themselves(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_jv r = import_again(
        &t,
        BUNDLE("batch", ENTRY(U1, PATIENT, POST("Patient")) ",\n" ENTRY(
                            U2, OBSERVATION("Patient?identifier=urn:s|none"), POST("Observation"))),
        1);
    km_test_counts(r, 1, 0, 1);
    km_test_refused_at(r, 0, "b.json", 2, "Bundle.entry[1]");
    km_test_holds(&t, NULL, "Patient", "11111111-1111-4111-8111-111111111111", 1, "urn:s");
    km_test_node_free(&t);
}

static void entries_that_only_ask_are_passed_over(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_jv r = import_again(
        &t,
        BUNDLE("batch", "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"}}," ENTRY(
                            U1, PATIENT, POST("Patient")) ",\n{\"fullUrl\":\"" U2 "\"}"),
        1);
    km_test_refused_at(r, 0, "b.json", 2, "Bundle.entry[2]"); /* counted as written */
    km_test_node_free(&t);
}

static void a_conditional_reference_finds_what_is_there(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_counts(import_again(&t, BUNDLE("transaction", ENTRY(U1, PATIENT, POST("Patient"))), 0),
                   1, 0, 0);
    km_test_counts(
        import_again(&t,
                     BUNDLE("transaction", ENTRY(U2, OBSERVATION("Patient?identifier=urn:s|7"),
                                                 POST("Observation"))),
                     0),
        1, 0, 0);
    km_test_holds(&t, NULL, "Observation", "22222222-2222-4222-8222-222222222222", 1,
                  "Patient/11111111-1111-4111-8111-111111111111");
    km_test_node_free(&t);
}

/* If-None-Exist, a conditional PUT and a conditional DELETE, each twice. */
static void conditional_entries_do_the_same_when_they_come_again(void **state)
{
    static const char create[] = BUNDLE(
        "transaction",
        ENTRY(U1, PATIENT, POST("Patient") ",\"ifNoneExist\":\"identifier=urn:s|7\""));
    static const char update[] = BUNDLE("transaction", "{\"resource\":" PATIENT
                                                       ",\"request\":{\"method\":\"PUT\",\"url\":"
                                                       "\"Patient?identifier=urn:s|7\"}}");
    static const char delete[] = BUNDLE("transaction",
                                        "{\"request\":{\"method\":\"DELETE\",\"url\":"
                                        "\"Patient?identifier=urn:s|7\"}}");
    km_test_node t;
    (void)state;
    open_new(&t);
    km_test_counts(import_again(&t, create, 0), 1, 0, 0);
    km_test_counts(import_again(&t, create, 0), 0, 1, 0);
    km_test_counts(import_again(&t, update, 0), 0, 1, 0);
    km_test_counts(import_again(&t, update, 0), 0, 1, 0);
    assert_int_equal(km_test_whole(&t), 1);
    km_test_counts(import_again(&t, delete, 0), 1, 0, 0);
    km_test_counts(import_again(&t, delete, 0), 0, 1, 0);
    assert_int_equal(km_test_whole(&t), 2);
    km_test_node_free(&t);
}

/* --- out and in --- */

static void export_to(km_test_node *t, const char *out, const char *type)
{
    km_str said;
    const km_test_option options[] = { { "out", out }, { "type", type }, { 0 } };
    assert_int_equal(km_test_verb(&said, t, "export", NULL, options), KM_EXIT_DONE);
}

static void fill(km_test_node *t)
{
    km_test_put(t, "in/1/source.json", KM_STR("{\"uri\":\"urn:x:one\",\"name\":\"第一病院\"}"));
    km_test_put(t, "in/2/source.json", KM_STR("{\"uri\":\"urn:x:two\",\"name\":\"Two\"}"));
    for (int s = 1; s <= 2; s++)
        for (int i = 0; i < 50; i++)
            km_test_put(
                t, km_arena_print(t->arena, "in/%d/%d.ndjson", s, i).p,
                km_arena_print(
                    t->arena,
                    "{\"resourceType\":\"Patient\",\"id\":\"%d\",\"name\":[{\"family\":"
                    "\"s%d\"}]}\n{\"resourceType\":\"Observation\",\"id\":\"%d\","
                    "\"status\":\"final\",\"code\":{\"text\":\"血圧\"},\"subject\":{"
                    "\"reference\":\"Patient/%d\"},\"valueQuantity\":{\"value\":1.%02d0}}\n",
                    i, s, i, i, i));
    km_test_counts(km_test_import(t, km_test_path(t, "in"), 0), 200, 0, 0);
}

static void what_was_exported_makes_the_same_resources_in_a_new_node(void **state)
{
    km_test_node a, b;
    (void)state;
    open_new(&a);
    open_new(&b);
    fill(&a);
    const char *out = km_test_path(&b, "out");
    assert_int_equal(mkdir(out, 0700), 0);
    export_to(&a, out, NULL);
    km_test_counts(km_test_import(&b, out, 0), 200, 0, 0);
    for (int s = 1; s <= 2; s++)
        for (int i = 0; i < 50; i++)
            for (int k = 0; k < 2; k++) {
                const char *uri = s == 1 ? "urn:x:one" : "urn:x:two";
                const char *id = km_arena_print(a.arena, "%d", i).p;
                const km_record *x = km_test_find(&a, uri, k ? "Observation" : "Patient", id);
                const km_record *y = km_test_find(&b, uri, k ? "Observation" : "Patient", id);
                assert_true(x != NULL && y != NULL && km_str_eq(x->stored, y->stored));
            }
    km_test_whole(&b);
    km_test_node_free(&a);
    km_test_node_free(&b);
}

static size_t lines_of(km_test_node *t, const char *path)
{
    size_t n = 0;
    for (km_str left = km_test_read(t, path); left.n > 0; n++)
        (void)km_str_cut(left, '\n', &left);
    return n;
}

static void an_export_holds_current_versions_of_what_is_asked_for(void **state)
{
    km_test_node t;
    (void)state;
    open_new(&t);
    fill(&t);
    km_test_counts(
        import_again(
            &t,
            BUNDLE("transaction", ENTRY("urn:x:1", "{\"resourceType\":\"Patient\",\"id\":\"new\"}",
                                        "\"method\":\"PUT\",\"url\":\"Patient/new\"")),
            0),
        1, 0, 0);
    km_test_counts(
        import_again(
            &t,
            BUNDLE("transaction", "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/new\"}}"),
            0),
        1, 0, 0);
    const char *all = km_test_path(&t, "all.ndjson"), *some = km_test_path(&t, "some.ndjson");
    export_to(&t, all, NULL);
    export_to(&t, some, "Observation");
    assert_int_equal(lines_of(&t, all), 200);
    assert_int_equal(lines_of(&t, some), 100);
    assert_false(km_test_says(km_test_read(&t, some), "\"Patient\""));
    assert_true(km_test_says(km_test_read(&t, some), "\"versionId\":\"1\""));
    assert_true(km_test_says(km_test_read(&t, some), "1.490")); /* as it was written */
    km_test_node_free(&t);
}

static void an_export_that_cannot_be_written_says_so(void **state)
{
    km_test_node t;
    km_str said;
    (void)state;
    open_new(&t);
    fill(&t);
    const km_test_option no_type[] = { { "type", "Nonsense" }, { 0 } };
    const km_test_option no_folder[] = { { "out", km_test_path(&t, "no/such/file") }, { 0 } };
    const km_test_option full[] = { { "out", "/dev/full" }, { 0 } };
    km_test_words heard = km_test_listen(stderr);
    int type = km_test_verb(&said, &t, "export", NULL, no_type);
    int folder = km_test_verb(&said, &t, "export", NULL, no_folder);
    int disk = km_test_verb(&said, &t, "export", NULL, full);
    said = km_test_heard(&heard, t.arena);
    assert_int_equal(type, KM_EXIT_USAGE);
    assert_int_equal(folder, KM_EXIT_USAGE);
    assert_int_equal(disk, KM_EXIT_STORE);
    assert_true(km_test_says(said, "no such resource type: Nonsense"));
    assert_true(km_test_says(said, "cannot be written"));
    km_test_node_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posted_entries_keep_the_id_of_their_full_url_however_often_they_come),
        cmocka_unit_test(a_bundle_is_all_or_nothing_and_names_the_entry),
        cmocka_unit_test(the_entries_of_a_batch_stand_for_themselves),
        cmocka_unit_test(entries_that_only_ask_are_passed_over),
        cmocka_unit_test(a_conditional_reference_finds_what_is_there),
        cmocka_unit_test(conditional_entries_do_the_same_when_they_come_again),
        cmocka_unit_test(what_was_exported_makes_the_same_resources_in_a_new_node),
        cmocka_unit_test(an_export_holds_current_versions_of_what_is_asked_for),
        cmocka_unit_test(an_export_that_cannot_be_written_says_so),
    };
    return km_test_on_both("bundles and exports", tests, NULL, NULL);
}
