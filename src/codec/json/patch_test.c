/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Patch as RFC 6902 writes it: its own examples, what it refuses, and the public cases where
 * the sample folder is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json/patch.h"

static km_arena *arena;

static km_jv read_json(km_str text)
{
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, arena, text, NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static km_code patch(km_str *out, km_str document, km_str operations, km_fault *f)
{
    return km_json_patch(out, arena, document, read_json(operations), f);
}

static void the_examples_of_the_rfc_come_out(void **state)
{
    static const struct {
        const char *document, *patch, *result;
    } rows[] = {
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
          "{\"foo\":\"bar\",\"baz\":\"qux\"}" },
        { "{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
          "{\"foo\":[\"bar\",\"qux\",\"baz\"]}" },
        { "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
          "{\"foo\":\"bar\"}" },
        { "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
          "{\"foo\":[\"bar\",\"baz\"]}" },
        { "{\"baz\":\"qux\",\"foo\":\"bar\"}",
          "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
          "{\"baz\":\"boo\",\"foo\":\"bar\"}" },
        { "{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
          "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
          "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}" },
        { "{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
          "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
          "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}" },
        { "{\"a\":[1]}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}]",
          "{\"a\":[1,[1]]}" },
        { "{\"foo\":\"bar\"}",
          "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
          "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}" },
        { "{\"foo\":[\"bar\"]}",
          "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
          "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}" },
        { "{\"/\":9,\"~1\":10}",
          "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10},{\"op\":\"remove\",\"path\":\"/~1\"}]",
          "{\"~1\":10}" },
        { "{\"\":{\"\":1}}", "[{\"op\":\"replace\",\"path\":\"//\",\"value\":2}]",
          "{\"\":{\"\":2}}" },
        { "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":[2]}]", "[2]" },
        { "{\"a\":1}", "[]", "{\"a\":1}" },
        /* Tests between changes must not lose the text that was made. */
        { "{\"a\":[{\"b\":1,\"c\":[2]}]}",
          "[{\"op\":\"add\",\"path\":\"/x\",\"value\":\"y\"},{\"op\":\"test\",\"path\":\"/"
          "x\",\"value\":\"y\"},"
          "{\"op\":\"test\",\"path\":\"/a/0\",\"value\":{\"c\":[2.0],\"b\":1e0}},"
          "{\"op\":\"test\",\"path\":\"\",\"value\":{\"x\":\"y\",\"a\":[{\"b\":1,\"c\":[2]}]}},"
          "{\"op\":\"remove\",\"path\":\"/a/0/c/0\"}]",
          "{\"a\":[{\"b\":1,\"c\":[]}],\"x\":\"y\"}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_str out;
        km_fault f = { 0 };
        if (patch(&out, km_str_of(rows[i].document), km_str_of(rows[i].patch), &f) != KM_OK)
            fail_msg("%s: %s %s", rows[i].patch, f.path, f.detail);
        if (!km_str_is(out, rows[i].result))
            fail_msg("%s: %.*s", rows[i].patch, KM_STR_ARG(out));
    }
}

static void what_cannot_be_done_is_told_with_its_place(void **state)
{
    static const struct {
        const char *patch;
        km_code code;
        const char *path;
    } rows[] = {
        { "{}", KM_BAD_VALUE, "patch" },
        { "[1]", KM_BAD_VALUE, "patch[0].op" },
        { "[{\"op\":\"spam\",\"path\":\"\"}]", KM_BAD_VALUE, "patch[0].op" },
        { "[{\"op\":\"add\",\"value\":1}]", KM_BAD_VALUE, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", KM_BAD_VALUE, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", KM_BAD_VALUE, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/a\"}]", KM_BAD_VALUE, "patch[0].value" },
        { "[{\"op\":\"copy\",\"path\":\"/z\"}]", KM_BAD_VALUE, "patch[0].from" },
        { "[{\"op\":\"add\",\"path\":\"/none/b\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/a/3\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"remove\",\"path\":\"/a/2\"}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"remove\",\"path\":\"/a/-\"}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"remove\",\"path\":\"\"}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"replace\",\"path\":\"/z\",\"value\":1}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/0\"}]", KM_INVALID, "patch[0].path" },
        { "[{\"op\":\"move\",\"from\":\"/z\",\"path\":\"/y\"}]", KM_INVALID, "patch[0].from" },
        { "[{\"op\":\"test\",\"path\":\"/b\",\"value\":\"2\"}]", KM_INVALID, "patch[0].value" },
        { "[{\"op\":\"test\",\"path\":\"/a\",\"value\":[2,1]}]", KM_INVALID, "patch[0].value" },
        { "[{\"op\":\"test\",\"path\":\"\",\"value\":{\"a\":[1,2],\"c\":2}}]", KM_INVALID,
          "patch[0].value" },
        { "[{\"op\":\"add\",\"path\":\"/c\",\"value\":1},{\"op\":\"test\",\"path\":\"/"
          "c\",\"value\":2}]",
          KM_INVALID, "patch[1].value" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_str out;
        km_fault f = { 0 };
        km_code rc = patch(&out, KM_STR("{\"a\":[1,2],\"b\":2}"), km_str_of(rows[i].patch), &f);
        if (rc != rows[i].code || strcmp(f.path, rows[i].path) != 0)
            fail_msg("%s: %s %s", rows[i].patch, km_code_name(rc), f.path);
    }
}

static void copies_of_copies_do_not_grow_without_end(void **state)
{
    km_str out;
    km_fault f = { 0 };
    km_buf b = km_buf_in(arena);
    (void)state;
    km_buf_z(&b, "[");
    for (int i = 0; i < 60; i++)
        km_buf_print(&b, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}", i > 0 ? "," : "");
    km_buf_z(&b, "]");
    km_code rc = patch(&out, KM_STR("{\"a\":[1]}"), km_buf_str(&b), &f);
    assert_true(rc == KM_TOO_COSTLY || rc == KM_TOO_LONG);
}

static void the_public_cases_come_out(void **state)
{
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    char path[3000];
    size_t cases = 0;
    km_buf text = km_buf_in(arena);
    (void)state;
    snprintf(path, sizeof path, "%s/fhir/fhir-test-cases/r4/patch/json-patch-tests.json",
             samples ? samples : "../shared/samples");
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        print_message("the FHIR test cases are not in the sample folder, skipped\n");
        skip();
        return;
    }
    for (int c; (c = getc(in)) != EOF;)
        km_buf_char(&text, (char)c);
    fclose(in);
    for (km_jv_iter i = km_jv_each(read_json(km_buf_str(&text))); km_jv_next(&i); cases++) {
        km_str out;
        km_fault f = { 0 };
        km_jv expected = KM_JV_GET(i.value, "expected");
        km_code rc = km_json_patch(&out, arena, km_jv_raw(KM_JV_GET(i.value, "doc")),
                                   KM_JV_GET(i.value, "patch"), &f);
        if ((rc == KM_OK) != (km_jv_kind(expected) != KM_JSON_NONE))
            fail_msg("%.*s: %s %s", KM_STR_ARG(km_jv_text(i.value, "comment")), km_code_name(rc),
                     f.detail);
        if (rc != KM_OK)
            continue;
        km_str same = km_arena_print(arena, "[{\"op\":\"test\",\"path\":\"\",\"value\":%.*s}]",
                                     KM_STR_ARG(km_jv_raw(expected)));
        assert_int_equal(patch(&out, out, same, &f), KM_OK);
    }
    assert_true(cases > 10);
}

static int open_arena(void **state)
{
    (void)state;
    arena = km_arena_new(SIZE_MAX);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_come_out),
        cmocka_unit_test(what_cannot_be_done_is_told_with_its_place),
        cmocka_unit_test(copies_of_copies_do_not_grow_without_end),
        cmocka_unit_test(the_public_cases_come_out),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
