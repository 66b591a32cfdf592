/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/router.h"

static km_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

static km_code cut(km_path *p, const char *raw)
{
    km_fault f = { 0 };
    return km_http__path_cut(p, arena, km_str_of(raw), &f);
}

static km_code fields(const km_field **out, size_t *n, const char *text)
{
    km_fault f = { 0 };
    return km_form_decode(out, n, arena, km_str_of(text), &f);
}

static void every_byte_encoded_and_decoded_is_itself(void **state)
{
    (void)state;
    for (int high = 1; high < 0x80; high++) {
        /* one byte, and a character of two with it as the tail */
        char text[3] = { (char)high, (char)(unsigned char)(0xC2 + high % 30),
                         (char)(unsigned char)(0x80 + high % 64) };
        km_buf b = km_buf_in(arena);
        const km_field *f;
        size_t n;
        km_fault fault = { 0 };
        km_buf_z(&b, "k=");
        km_url_encode(&b, (km_str){ text, 3 });
        assert_int_equal(km_form_decode(&f, &n, arena, km_buf_str(&b), &fault), KM_OK);
        assert_int_equal(n, 1);
        assert_true(km_str_eq(f[0].value, (km_str){ text, 3 }));
    }
}

static void only_unreserved_letters_stay_as_they_are(void **state)
{
    km_buf b = km_buf_in(arena);
    (void)state;
    km_url_encode(&b, KM_STR("aZ09-._~ /?&=+%\xE5\xB1\xB1"));
    assert_true(km_str_eq(km_buf_str(&b), KM_STR("aZ09-._~%20%2F%3F%26%3D%2B%25%E5%B1%B1")));
}

static void tricks_with_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",           "x",           "/..",       "/a/../b",       "/a/.",   "/%2e%2e/x",
        "/%2E./x",    "/.%2e",       "/%2e",      "/a%00b",        "/a%0ab", "/a%7F",
        "/a%",        "/a%4",        "/a%zz",     "/a%4g",         "/%ff",   "/%c0%ae%c0%ae",
        "/%ed%a0%80", "/a%2f..%2fb", "/..%2fetc", "/x%2F%2e",      "/a#b",   "/a\x01",
        "/%C3",       "/\xff",       "/a\tb",     "/%f5%80%80%80",
    };
    km_path p;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cut(&p, bad[i]) != KM_MALFORMED)
            fail_msg("let pass: %s", bad[i]);
}

static void a_path_is_decoded_once(void **state)
{
    km_path p;
    (void)state;
    assert_int_equal(cut(&p, "/a%252e%252e/%2525/+"), KM_OK);
    assert_int_equal(p.n, 3);
    assert_true(km_str_is(p.segment[0], "a%2e%2e"));
    assert_true(km_str_is(p.segment[1], "%25"));
    assert_true(km_str_is(p.segment[2], "+")); /* a space in forms only */
}

static void dots_in_names_are_letters(void **state)
{
    km_path p;
    (void)state;
    assert_int_equal(cut(&p, "/a..b/...//.x/x."), KM_OK);
    assert_int_equal(p.n, 5);
}

static void a_path_may_speak_japanese(void **state)
{
    km_path p;
    (void)state;
    assert_int_equal(cut(&p, "/%E5%B1%B1/\xE5\xB1\xB1"), KM_OK);
    assert_true(km_str_eq(p.segment[0], p.segment[1]));
}

static void a_path_of_too_many_segments_is_unknown(void **state)
{
    char text[2 * KM_PATH_SEGMENTS + 3];
    km_path p;
    (void)state;
    for (int i = 0; i <= KM_PATH_SEGMENTS; i++)
        memcpy(text + 2 * i, "/a", 3);
    assert_int_equal(cut(&p, text), KM_UNKNOWN_ROUTE);
    text[2 * KM_PATH_SEGMENTS] = '\0';
    assert_int_equal(cut(&p, text), KM_OK);
    assert_int_equal(p.n, KM_PATH_SEGMENTS);
}

static void fields_keep_their_order_and_their_doubles(void **state)
{
    static const struct {
        const char *name, *value;
    } want[] = {
        { "a", "1" }, { "b", "" }, { "a", "2 3" }, { "", "x" }, { "c", "=" }, { "d e", "" }
    };
    const km_field *f;
    size_t n;
    (void)state;
    assert_int_equal(fields(&f, &n, "a=1&b&&a=2+3&=x&c==&d%20e="), KM_OK);
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++) {
        assert_true(km_str_is(f[i].name, want[i].name));
        assert_true(km_str_is(f[i].value, want[i].value));
    }
}

static void nothing_is_no_fields(void **state)
{
    static const char *const empty[] = { "", "&", "&&&" };
    const km_field *f;
    size_t n;
    km_fault fault = { 0 };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fields(&f, &n, empty[i]), KM_OK);
        assert_int_equal(n, 0);
    }
    assert_int_equal(km_form_decode(&f, &n, arena, KM_STR_NONE, &fault), KM_OK);
    assert_int_equal(n, 0);
}

static void broken_fields_are_refused_whole(void **state)
{
    static const char *const bad[] = { "a=%", "a=%1", "%=1", "a=%xy", "a=%00", "a=%ff", "a=\x80" };
    const km_field *f;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fields(&f, &n, bad[i]), KM_MALFORMED);
        assert_int_equal(n, 0);
    }
}

static void a_form_of_endless_fields_is_too_costly(void **state)
{
    km_buf b = km_buf_in(arena);
    const km_field *f;
    size_t n;
    km_fault fault = { 0 };
    (void)state;
    for (int i = 0; i < 10001; i++)
        KM_BUF_LIT(&b, "a&");
    assert_int_equal(km_form_decode(&f, &n, arena, km_buf_str(&b), &fault), KM_TOO_COSTLY);
}

static void a_target_is_cut_into_path_and_query(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } row[] = {
        { "/a/b?c=d?e", "/a/b", "c=d?e" },
        { "/a", "/a", NULL },
        { "/?", "/", "" },
        { "http://host:80/a?b", "/a", "b" },
        { "https://host", "/", NULL },
        { "http://host?q", "/", "q" },
        { "*", "*", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_str path, query;
        km_http__target_cut(&path, &query, km_str_of(row[i].target));
        assert_true(km_str_is(path, row[i].path));
        assert_true(km_str_is(query, row[i].query));
        assert_int_equal(query.p == NULL, row[i].query == NULL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_encoded_and_decoded_is_itself),
        cmocka_unit_test(only_unreserved_letters_stay_as_they_are),
        cmocka_unit_test(tricks_with_paths_are_refused),
        cmocka_unit_test(a_path_is_decoded_once),
        cmocka_unit_test(dots_in_names_are_letters),
        cmocka_unit_test(a_path_may_speak_japanese),
        cmocka_unit_test(a_path_of_too_many_segments_is_unknown),
        cmocka_unit_test(fields_keep_their_order_and_their_doubles),
        cmocka_unit_test(nothing_is_no_fields),
        cmocka_unit_test(broken_fields_are_refused_whole),
        cmocka_unit_test(a_form_of_endless_fields_is_too_costly),
        cmocka_unit_test(a_target_is_cut_into_path_and_query),
    };
    return cmocka_run_group_tests_name("decoding", tests, setup, teardown);
}
