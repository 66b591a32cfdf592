/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside the matches (_include, _revinclude), and what :in, :not-in, :below and :above
 * of codes stand for. Small worlds, each said in a few lines.
 */
#include "record/log_test.h"

#include "km_sql_view_index.h"
#include "view/index/inside.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_view_index, NULL };
static const km_fold_def *const folds[] = { &km_index_fold, NULL };

static void put(km_test_log *w, const char *json, const char *owner, int source)
{
    km_write one = km_test_update(km_test_json(w->arena, "%s", json), owner);
    one.source = source;
    km_test_must(w, km_test_write(w, &one));
}

static int setup(void **state)
{
    static const struct {
        const char *json, *owner;
    } records[] = {
        { "{\"resourceType\":\"Organization\",\"id\":\"o1\"}", "" },
        { "{\"resourceType\":\"Practitioner\",\"id\":\"d1\"}", "" },
        { "{\"resourceType\":\"Practitioner\",\"id\":\"d2\"}", "" },
        { "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"generalPractitioner\":[{\"reference\":"
          "\"Practitioner/d2\"}],\"managingOrganization\":{\"reference\":\"Organization/o1\"}}",
          "" },
        { "{\"resourceType\":\"Observation\",\"id\":\"a\",\"status\":\"final\",\"subject\":{"
          "\"reference\":"
          "\"Patient/p1\"},\"performer\":[{\"reference\":\"Practitioner/d1\"},{\"reference\":"
          "\"Practitioner/gone\"},{\"reference\":\"Practitioner/none\"}],\"code\":{\"coding\":[{"
          "\"system\":\"urn:c\",\"code\":\"x\"}]}}",
          "p1" },
        { "{\"resourceType\":\"Observation\",\"id\":\"b\",\"status\":\"final\",\"subject\":{"
          "\"reference\":"
          "\"Patient/p1\"},\"hasMember\":[{\"reference\":\"Observation/"
          "a\"}],\"code\":{\"coding\":[{"
          "\"system\":\"urn:c\",\"code\":\"x1\"}]}}",
          "p1" },
        { "{\"resourceType\":\"Observation\",\"id\":\"c\",\"status\":\"final\",\"subject\":{"
          "\"reference\":"
          "\"Patient/p1\"},\"code\":{\"coding\":[{\"system\":\"urn:c\",\"code\":\"y\"}]}}",
          "p1" },
        { "{\"resourceType\":\"CodeSystem\",\"id\":\"cs\",\"url\":\"urn:c\",\"status\":\"active\","
          "\"content\":\"complete\",\"concept\":[{\"code\":\"x\",\"concept\":[{\"code\":\"x1\"}]},{"
          "\"code\":\"y\"}]}",
          "" },
        { "{\"resourceType\":\"ValueSet\",\"id\":\"vs\",\"url\":\"http://v\",\"status\":\"active\","
          "\"compose\":{\"include\":[{\"system\":\"urn:c\",\"concept\":[{\"code\":\"x\"},{\"code\":"
          "\"y\"}]}]}}",
          "" },
        { "{\"resourceType\":\"ValueSet\",\"id\":\"all\",\"url\":\"http://"
          "all\",\"status\":\"active\","
          "\"compose\":{\"include\":[{\"system\":\"urn:c\"}]}}",
          "" },
        { "{\"resourceType\":\"ValueSet\",\"id\":\"f\",\"url\":\"http://"
          "f\",\"status\":\"active\",\"compose\":{"
          "\"include\":[{\"system\":\"urn:c\",\"filter\":[{\"property\":\"p\",\"op\":\"=\","
          "\"value\":\"1\"}]}]}}",
          "" },
        { "{\"resourceType\":\"Practitioner\",\"id\":\"gone\"}", "" },
    };
    km_test_log *w = km_test_log_new(lists, folds);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        put(w, records[i].json, records[i].owner, 1);
    /* Another source with the same names: nothing of it belongs to ours. */
    put(w, "{\"resourceType\":\"Practitioner\",\"id\":\"d1\"}", "", 2);
    put(w,
        "{\"resourceType\":\"Observation\",\"id\":\"z\",\"status\":\"amended\",\"code\":{},"
        "\"performer\":[{"
        "\"reference\":\"Practitioner/d1\"}]}",
        "", 2);
    km_write gone = km_test_delete("Practitioner", "gone");
    km_test_must(w, km_test_write(w, &gone));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    km_test_log_free(*state);
    return 0;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* "Observation/a Observation/b | Patient/p1": matches, then what is included, each sorted; of
 * source 2 with a star. The name of the fault where it is refused. */
static const char *found(km_test_log *w, const char *type, const char *query)
{
    size_t n = 0;
    const char *name[100];
    km_search_field field[20];
    for (km_str rest = km_str_of(query); rest.n > 0; n++) {
        km_str value, key = km_str_cut(km_str_cut(rest, '&', &rest), '=', &value);
        field[n] = (km_search_field){ key, value };
    }
    km_search_input in = { .type = km_fhir_type_named(km_str_of(type)),
                           .field = field,
                           .fields = n };
    km_search *s;
    km_page page;
    km_fault_clear(&w->fault);
    km_code rc = km_search_parse(&s, &in, &w->call);
    if (rc != KM_OK)
        return km_code_name(rc);
    km_reader *r = km_test_reader(w, &w->everything);
    rc = km_search_run(&page, s, r, KM_STR_NONE);
    km_buf out = km_buf_in(w->arena);
    for (size_t i = 0; i < page.n && rc == KM_OK; i++) {
        km_record *rec;
        km_test_must(w, km_reader_by_rid(&rec, r, page.found[i].rid));
        assert_false(rec->deleted);
        assert_int_equal(page.found[i].included, i >= page.matches);
        km_str of = km_fhir_type_name(rec->type);
        name[i] = km_arena_z(w->arena,
                             km_arena_print(w->arena, "%.*s/%.*s%s", KM_STR_ARG(of),
                                            KM_STR_ARG(rec->id), rec->source == 2 ? "*" : ""));
    }
    km_reader_close(r);
    if (rc != KM_OK)
        return km_code_name(rc);
    qsort(name, page.matches, sizeof *name, by_text);
    qsort(name + page.matches, page.n - page.matches, sizeof *name, by_text);
    for (size_t i = 0; i < page.n; i++)
        km_buf_print(&out, "%s%s", i == 0 ? "" : i == page.matches ? " | " : " ", name[i]);
    return km_arena_z(w->arena, km_buf_str(&out));
}

typedef struct row {
    const char *type, *query, *found;
} row;

static void expect(km_test_log *w, const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *is = found(w, rows[i].type, rows[i].query);
        if (strcmp(is, rows[i].found) != 0)
            fail_msg("%s?%s: %s, not %s", rows[i].type, rows[i].query, is, rows[i].found);
    }
}

static void what_matches_refer_to_and_who_refers_to_them_is_included(void **state)
{
    static const row rows[] = {
        { "Observation", "_id=a&_include=Observation:subject", "Observation/a | Patient/p1" },
        { "Observation", "_id=a&_include=Observation:patient", "Observation/a | Patient/p1" },
        { "Observation", "_id=a&_include=Observation:performer",
          "Observation/a | Practitioner/d1" },
        { "Observation", "_id=z&_include=Observation:performer",
          "Observation/z* | Practitioner/d1*" },
        { "Observation", "_id=a&_include=Observation:performer:Organization", "Observation/a" },
        { "Observation", "_id=a&_include=Observation:*",
          "Observation/a | Patient/p1 Practitioner/d1" },
        { "Observation", "_id=a&_include=*", "Observation/a | Patient/p1 Practitioner/d1" },
        { "Observation", "_id=b&_include=Observation:has-member", "Observation/b | Observation/a" },
        { "Observation", "_id=b&_include=Observation:has-member&_include=Observation:performer",
          "Observation/b | Observation/a" },
        { "Observation",
          "_id=b&_include=Observation:has-member&_include:iterate=Observation:performer",
          "Observation/b | Observation/a Practitioner/d1" },
        { "Observation",
          "_id=a&_include=Observation:subject&_include:iterate=Patient:general-practitioner",
          "Observation/a | Patient/p1 Practitioner/d2" },
        { "Observation", "_id=a,b&_include=Observation:has-member", "Observation/a Observation/b" },
        { "Patient", "_id=p1&_revinclude=Observation:subject",
          "Patient/p1 | Observation/a Observation/b Observation/c" },
        { "Practitioner", "_id=d1&_revinclude=Observation:performer",
          "Practitioner/d1 Practitioner/d1* | Observation/a Observation/z*" },
        { "Practitioner", "_id=d2&_revinclude=Patient:general-practitioner",
          "Practitioner/d2 | Patient/p1" },
        { "Practitioner", "_id=d2&_revinclude=*", "Practitioner/d2 | Patient/p1" },
        { "Practitioner", "_id=d2&_revinclude=Observation:performer", "Practitioner/d2" },
        { "Organization",
          "_id=o1&_revinclude=Patient:organization&_revinclude:iterate=Observation:patient",
          "Organization/o1 | Observation/a Observation/b Observation/c Patient/p1" },
    };
    expect(*state, rows, sizeof rows / sizeof *rows);
}

static void chains_part_namesakes_of_other_sources(void **state)
{
    static const row rows[] = {
        { "Practitioner", "_has:Observation:performer:status=amended", "Practitioner/d1*" },
        { "Practitioner", "_has:Observation:performer:status=final", "Practitioner/d1" },
        { "Observation", "performer:Practitioner._id=d1", "Observation/a Observation/z*" },
        { "Patient", "_has:Observation:patient:code=y", "Patient/p1" },
        { "Patient", "_has:Observation:patient:code=none", "" },
        { "Practitioner", "_has:Observation:performer:_id=a", "Practitioner/d1" },
        { "Organization", "_has:Patient:organization:_has:Observation:subject:code=y",
          "Organization/o1" },
    };
    expect(*state, rows, sizeof rows / sizeof *rows);
}

static void codes_in_sets_and_hierarchies_are_found(void **state)
{
    static const row rows[] = {
        { "Observation", "code:in=http://v", "Observation/a Observation/c" },
        { "Observation", "code:not-in=http://v", "Observation/b Observation/z*" },
        { "Observation", "code:in=http://all", "Observation/a Observation/b Observation/c" },
        { "Observation", "code:not-in=http://all", "Observation/z*" },
        { "Observation", "code:in=http://nowhere", "BAD_VALUE" },
        { "Observation", "code:in=http://v,http://nowhere", "BAD_VALUE" },
        { "Observation", "code:in=http://f", "UNSUPPORTED" },
        { "Observation", "code:below=urn:c|x", "Observation/a Observation/b" },
        { "Observation", "code:below=urn:c|x1", "Observation/b" },
        { "Observation", "code:above=urn:c|x1", "Observation/a Observation/b" },
        { "Observation", "code:above=urn:c|x", "Observation/a" },
        { "Observation", "code:below=urn:c|none", "" },
        { "Observation", "code:below=x", "BAD_VALUE" },
        { "Observation", "code:below=urn:unknown|x", "UNSUPPORTED" },
        { "Observation", "status:in=http://hl7.org/fhir/ValueSet/observation-status&_id=a",
          "Observation/a" },
    };
    expect(*state, rows, sizeof rows / sizeof *rows);
}

/* FHIRPath's union would keep one of the two: 100 kg is 100 kg. */
static void equal_numbers_of_two_systems_are_both_found(void **state)
{
    static const row rows[] = {
        { "Observation", "combo-value-quantity=100|urn:s1|kg", "Observation/q" },
        { "Observation", "combo-value-quantity=100|urn:s2|kg", "Observation/q" },
        { "Observation", "combo-value-quantity=100|urn:s3|kg", "" },
    };
    put(*state,
        "{\"resourceType\":\"Observation\",\"id\":\"q\",\"status\":\"final\",\"code\":{},"
        "\"valueQuantity\":{\"value\":100,\"system\":\"urn:s1\",\"code\":\"kg\"},\"component\":[{"
        "\"code\":{},\"valueQuantity\":{\"value\":100,\"system\":\"urn:s2\",\"code\":\"kg\"}}]}",
        "p1", 1);
    expect(*state, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_matches_refer_to_and_who_refers_to_them_is_included),
        T(chains_part_namesakes_of_other_sources),
        T(codes_in_sets_and_hierarchies_are_found),
        T(equal_numbers_of_two_systems_are_both_found),
    };
    return km_test_on_both("includes, chains, sets", tests, NULL, NULL);
}
