/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of references, and where a resource holds some.
 */
#include "codec/fhir/fhir.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static km_arena *arena;

static bool same(km_str s, const char *z)
{
    return km_str_is(s, z ? z : "");
}

static void a_reference_tells_type_id_version_and_base(void **state)
{
    static const struct {
        const char *text, *type, *id, *version, *base, *query;
        bool contained, urn, canonical;
    } rows[] = {
        { "Patient/1", "Patient", "1", "", "", "", 0, 0, 0 },
        { "Patient/1/_history/2", "Patient", "1", "2", "", "", 0, 0, 0 },
        { "http://x/fhir/Patient/1", "Patient", "1", "", "http://x/fhir/", "", 0, 0, 0 },
        { "http://x/fhir/Patient/1/_history/3", "Patient", "1", "3", "http://x/fhir/", "", 0, 0,
          0 },
        { "Patient?identifier=a|b", "Patient", "", "", "", "identifier=a|b", 0, 0, 0 },
        { "#p1", "", "p1", "", "", "", 1, 0, 0 },
        { "#", "", "", "", "", "", 1, 0, 0 },
        { "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "", "", "", "", "", 0, 1, 0 },
        { "urn:oid:1.2.3", "", "", "", "", "", 0, 1, 0 },
        { "http://x/ValueSet/y|1.0", "ValueSet", "y", "1.0", "http://x/", "", 0, 0, 1 },
        { "http://x/about", "", "", "", "", "", 0, 0, 0 },
        { "http://x/Patient/a_b", "", "", "", "", "", 0, 0, 0 },
        { "mailto:a@example.org", "", "", "", "", "", 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_reference r;
        if (!km_reference_parse(&r, km_str_of(rows[i].text)))
            fail_msg("refused: %s", rows[i].text);
        if (!same(km_fhir_type_name(r.type), rows[i].type) || !same(r.id, rows[i].id)
            || !same(r.version, rows[i].version) || !same(r.base, rows[i].base)
            || !same(r.query, rows[i].query) || r.contained != rows[i].contained
            || r.urn != rows[i].urn || r.canonical != rows[i].canonical
            || !km_str_is(r.text, rows[i].text))
            fail_msg("misread: %s", rows[i].text);
    }
}

static void what_is_no_reference_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "Patient",
        "Patient/",
        "/Patient/1",
        "Pacient/1",
        "Patient/a b",
        "Patient/a_b",
        "Patient/1/2",
        "Patient/1/_history",
        "Resource/1",
        "HumanName/1",
        "Patient/1/",
        "Patient/1/_history/",
        "Pacient?x=y",
        "urn:",
        "Patient/1 ",
        "Patient.contact/1",
    };
    km_reference r;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (km_reference_parse(&r, km_str_of(texts[i])))
            fail_msg("accepted: \"%s\"", texts[i]);
}

typedef struct seen {
    km_str text[16];
    size_t n;
} seen;

static void note(void *self, km_jv value, km_str text)
{
    seen *s = self;
    assert_true(km_str_eq(km_jv_str(value), text));
    assert_true(s->n < 16);
    s->text[s->n++] = text;
}

static seen references_of(const char *text)
{
    seen s = { .n = 0 };
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, arena, km_str_of(text), NULL, NULL), KM_OK);
    km_jv root = km_json_root(doc);
    km_fhir_references(root, km_fhir_type_named(km_jv_text(root, "resourceType")), note, &s);
    return s;
}

static void references_are_found_at_every_depth_in_order(void **state)
{
    (void)state;
    seen s = references_of(
        "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Observation\","
        "\"contained\":[{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"a\"}}],"
        "\"subject\":{\"reference\":\"b\"},\"performer\":[{\"reference\":\"c\"},{\"display\":\"x\"}"
        ","
        "{\"reference\":\"d\"}],\"_status\":{\"extension\":[{\"url\":\"u\",\"valueReference\":"
        "{\"reference\":\"e\"}}]}}}]}");
    assert_int_equal(s.n, 5);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.text[i].p[0], "abcde"[i]);
}

static void an_element_called_reference_need_not_be_one(void **state)
{
    (void)state;
    seen s = references_of("{\"resourceType\":\"Immunization\",\"education\":[{\"reference\":"
                           "\"http://x\"}],\"patient\":{\"reference\":\"a\"}}");
    assert_int_equal(s.n, 1);
    s = references_of("{\"resourceType\":\"Patient\",\"strange\":{\"reference\":\"a\"}}");
    assert_int_equal(s.n, 0);
    s = references_of("[]");
    assert_int_equal(s.n, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_tells_type_id_version_and_base),
        cmocka_unit_test(what_is_no_reference_is_refused),
        cmocka_unit_test(references_are_found_at_every_depth_in_order),
        cmocka_unit_test(an_element_called_reference_need_not_be_one),
    };
    km_fhir_load();
    arena = km_arena_new((size_t)64 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    km_arena_free(arena);
    return failed;
}
