/* SPDX-License-Identifier: Apache-2.0
 *
 * The formats of R4's primitives (2.24.0.1), JSON text by JSON text.
 */
#include "codec/fhir/fhir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static km_arena *arena;

static bool is_a(const char *json, const char *type)
{
    static const km_json_limits wide = { 8, 100, 100, 8u << 20 };
    km_json *doc;
    km_ftype t = km_fhir_type_named(km_str_of(type));
    assert_int_not_equal(t, 0);
    if (km_json_parse(&doc, arena, km_str_of(json), &wide, NULL) != KM_OK)
        fail_msg("no JSON: %s", json);
    return km_fhir_check_value(km_json_root(doc), t, "value", NULL) == KM_OK;
}

static void each_form_takes_what_r4_writes_and_nothing_else(void **state)
{
    static const struct {
        const char *type, *good[12], *bad[16];
    } rows[] = {
        { "string",
          { "\"a\"", "\" a\\tb\\r\\n\"", "\"\xe5\xb1\xb1\"" },
          { "\"\"", "1", "true", "null", "[]", "{}", "\"\\u0007\"", "\"a\\u001f\"" } },
        { "boolean", { "true", "false" }, { "\"true\"", "1", "0", "null" } },
        { "code",
          { "\"a\"", "\"a b\"", "\"<=\"" },
          { "\"\"", "\" a\"", "\"a \"", "\"a  b\"", "\"a\\tb\"", "1" } },
        { "id",
          { "\"a\"", "\"A-1.b\"",
            "\"0123456789012345678901234567890123456789012345678901234567890123\"" },
          { "\"\"", "\"a_b\"", "\"a b\"", "\"a/b\"",
            "\"01234567890123456789012345678901234567890123456789012345678901234\"" } },
        { "uri", { "\"http://x\"", "\"urn:x:y\"", "\"x\"" }, { "\"\"", "\"a b\"", "\"a\\nb\"" } },
        { "oid",
          { "\"urn:oid:1.2.392.100495.20\"", "\"urn:oid:0.9\"", "\"urn:oid:2.0.0\"" },
          { "\"1.2.3\"", "\"urn:oid:3.1\"", "\"urn:oid:1\"", "\"urn:oid:1.\"", "\"urn:oid:1.2.\"",
            "\"urn:oid:1..2\"", "\"urn:oid:1.02\"", "\"urn:oid:1.a\"" } },
        { "uuid",
          { "\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\"" },
          { "\"c757873d-ec9a-4326-a141-556f43239520\"",
            "\"urn:uuid:c757873dec9a4326a141556f43239520\"",
            "\"urn:uuid:c757873d-ec9a-4326-a141-556f4323952g\"",
            "\"urn:uuid:c757873d-ec9a-4326-a141-556f432395200\"" } },
        { "date",
          { "\"2024\"", "\"2024-02\"", "\"2024-02-29\"", "\"0001-01-01\"" },
          { "\"24\"", "\"2024-2\"", "\"2024-13\"", "\"2023-02-29\"", "\"2024-00\"",
            "\"2024-01-00\"", "\"0000\"", "\"2024-01-01T\"", "\"2024-01-01T00:00:00Z\"",
            "\"2024/01/01\"", "2024" } },
        { "dateTime",
          { "\"2024\"", "\"2024-05\"", "\"2024-05-01\"", "\"2024-05-01T12:34:56Z\"",
            "\"2024-05-01T23:59:60.123456+09:00\"", "\"2024-05-01T00:00:00-14:00\"" },
          { "\"2024-05-01T12:34:56\"", "\"2024-05-01T12:34Z\"", "\"2024-05-01T24:00:00Z\"",
            "\"2024-05-01T12:60:00Z\"", "\"2024-05-01T12:00:61Z\"", "\"2024-05-01T12:00:00.Z\"",
            "\"2024-05-01T12:00:00+14:01\"", "\"2024-05-01T12:00:00+0900\"",
            "\"2024-05-01 12:00:00Z\"", "\"2024-05T12:00:00Z\"", "\"2024-05-01T12:00:00Zx\"" } },
        { "instant",
          { "\"2024-05-01T12:34:56Z\"", "\"2024-05-01T12:34:56.789+09:00\"" },
          { "\"2024-05-01\"", "\"2024\"", "\"2024-05-01T12:34:56\"" } },
        { "time",
          { "\"00:00:00\"", "\"23:59:60.5\"" },
          { "\"12:00\"", "\"24:00:00\"", "\"12:00:00Z\"", "\"1:00:00\"" } },
        { "decimal", { "1", "-0.50", "1e3", "1.00E-10" }, { "\"1\"", "true", "null" } },
        { "integer",
          { "0", "-2147483648", "2147483647" },
          { "2147483648", "-2147483649", "1.0", "1e3", "99999999999999999999", "\"1\"" } },
        { "unsignedInt", { "0", "2147483647" }, { "-1", "-0", "1.5", "2147483648" } },
        { "positiveInt", { "1", "2147483647" }, { "0", "-1", "1.0" } },
        { "base64Binary",
          { "\"AAAA\"", "\"AA==\"", "\"AAA=\"", "\"AA\\nAA\\r\\n AAAA\"" },
          { "\"\"", "\"AAA\"", "\"A===\"", "\"AA=A\"", "\"AA*A\"", "\"    \"" } },
        { "markdown", { "\"# a\\n\"" }, { "\"\"", "1" } },
        { "xhtml",
          { "\"<div>a</div>\"", "\" <div xmlns='x'/>\\n\"" },
          { "\"\"", "\"a\"", "\"<p>a</p>\"", "\"<div\"" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t g = 0; g < 12 && rows[i].good[g]; g++)
            if (!is_a(rows[i].good[g], rows[i].type))
                fail_msg("%s is no %s", rows[i].good[g], rows[i].type);
        for (size_t b = 0; b < 16 && rows[i].bad[b]; b++)
            if (is_a(rows[i].bad[b], rows[i].type))
                fail_msg("%s is a %s", rows[i].bad[b], rows[i].type);
    }
}

/* One byte over 1 MiB is too long for a text; what a file holds may be longer. */
static void texts_end_at_a_mebibyte_and_binaries_do_not(void **state)
{
    size_t n = ((size_t)1 << 20) + 4;
    char *text = calloc(1, n + 3);
    (void)state;
    assert_non_null(text);
    memset(text, 'A', n + 2);
    text[0] = text[n + 1] = '"';
    assert_true(is_a(text, "base64Binary"));
    assert_false(is_a(text, "string"));
    assert_false(is_a(text, "markdown"));
    text[n - 3] = '"';
    text[n - 2] = '\0';
    assert_true(is_a(text, "string"));
    free(text);
}

static void an_id_is_1_to_64_of_its_alphabet(void **state)
{
    char s[66];
    (void)state;
    for (int c = 0; c < 256; c++) {
        char one = (char)c;
        bool in = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.", c)
                  && c;
        assert_int_equal(km_fhir_is_id((km_str){ &one, 1 }), in);
    }
    memset(s, 'a', sizeof s);
    for (size_t n = 0; n < sizeof s; n++)
        assert_int_equal(km_fhir_is_id((km_str){ s, n }), n >= 1 && n <= 64);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_takes_what_r4_writes_and_nothing_else),
        cmocka_unit_test(texts_end_at_a_mebibyte_and_binaries_do_not),
        cmocka_unit_test(an_id_is_1_to_64_of_its_alphabet),
    };
    km_fhir_load();
    arena = km_arena_new((size_t)64 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    km_arena_free(arena);
    return failed;
}
