/* SPDX-License-Identifier: Apache-2.0 */
#include "base/call.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/embedded.h"

static void the_first_story_stays(void **state)
{
    km_fault f = { 0 };
    (void)state;
    assert_int_equal(km_fail(&f, KM_INVALID, "Patient.birthDate", "month %d", 13), KM_INVALID);
    assert_int_equal(km_fail(&f, KM_STORE, "other", "later"), KM_INVALID);
    assert_string_equal(f.path, "Patient.birthDate");
    assert_string_equal(f.detail, "month 13");
    km_fault_at(&f, 3, 14);
    km_fault_at(&f, 4, 15);
    assert_int_equal(f.line, 3);
    assert_int_equal(f.column, 14);
    km_fault_clear(&f);
    assert_int_equal(f.code, KM_OK);
    assert_int_equal(km_fail(&f, KM_STORE, NULL, NULL), KM_STORE);
    assert_string_equal(f.path, "");
    assert_string_equal(f.detail, "");
    assert_int_equal(km_fail(NULL, KM_GONE, NULL, NULL), KM_GONE);
    km_fault_at(NULL, 1, 1);
}

static void a_long_story_is_cut_between_characters(void **state)
{
    char text[600];
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        km_fault f = { 0 };
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "あ", 4);
        km_fail(&f, KM_INVALID, text, "%s", text);
        assert_true(km_str_is_utf8(km_str_of(f.path), NULL));
        assert_true(km_str_is_utf8(km_str_of(f.detail), NULL));
        assert_true(strlen(f.detail) > sizeof f.detail - 5);
    }
}

static void every_code_has_its_row(void **state)
{
    (void)state;
    for (km_code c = KM_OK; c < KM_CODES; c++) {
        const char *sentence = km_code_sentence(c);
        assert_true(km_code_http(c) >= 200 && km_code_http(c) < 600);
        assert_true(km_code_issue(c)[0] != '\0' && km_code_name(c)[0] != '\0');
        assert_true(islower((unsigned char)sentence[0]));
        assert_true(sentence[strlen(sentence) - 1] != '.');
    }
    assert_string_equal(km_code_name(KM_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(km_code_http(KM_NOT_FOUND), 404);
}

static void count_up(void *self, void *out, size_t n)
{
    unsigned char *next = self, *p = out;
    while (n-- > 0)
        *p++ = (*next)++;
}

static km_ms noon(void *self)
{
    return *(km_ms *)self;
}

static void time_and_chance_can_be_chosen(void **state)
{
    unsigned char next = 0;
    km_ms at = 1714532400000;
    char uuid[37];
    const km_clock clock = { noon, &at };
    const km_random chance = { count_up, &next };
    const km_call c = { .clock = &clock, .random = &chance };
    (void)state;
    assert_int_equal(km_call_now(&c), at);
    km_call_uuid(&c, uuid);
    assert_string_equal(uuid, "018f3218-3b80-7607-8809-0a0b0c0d0e0f");
}

/* RFC 9562 5.7: version 7, variant 10x. */
static void real_uuids_differ_and_have_their_form(void **state)
{
    char before[37] = "", uuid[37];
    const km_call c = { .clock = &km_clock_real, .random = &km_random_real };
    (void)state;
    for (int i = 0; i < 1000; i++) {
        km_call_uuid(&c, uuid);
        assert_int_equal(strlen(uuid), 36);
        for (int k = 0; k < 36; k++)
            assert_true(k == 8 || k == 13 || k == 18 || k == 23
                            ? uuid[k] == '-'
                            : isdigit((unsigned char)uuid[k])
                                  || (uuid[k] >= 'a' && uuid[k] <= 'f'));
        assert_int_equal(uuid[14], '7');
        assert_non_null(strchr("89ab", uuid[19]));
        assert_string_not_equal(uuid, before);
        memcpy(before, uuid, sizeof uuid);
    }
}

static void the_real_clock_is_past_2024_and_ticks_do_not_go_back(void **state)
{
    const km_call c = { .clock = &km_clock_real, .random = &km_random_real };
    uint64_t before = 0;
    (void)state;
    assert_true(km_call_now(&c) > 1704067200000);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = km_ticks_ns();
        assert_true(now >= before);
        before = now;
    }
}

static void a_table_is_read_row_by_row(void **state)
{
    km_str cell[3], rest = KM_STR("# about\nname\tkind\n\na\tb\r\n\tc\n#x\nd\te\tf\tg\nlast");
    (void)state;
    assert_int_equal(km_tsv_next(cell, 3, &rest), 2);
    assert_true(km_str_is(cell[0], "name") && km_str_is(cell[1], "kind"));
    assert_int_equal(km_tsv_next(cell, 3, &rest), 2);
    assert_true(km_str_is(cell[0], "a") && km_str_is(cell[1], "b"));
    assert_int_equal(km_tsv_next(cell, 3, &rest), 2);
    assert_true(km_str_is(cell[0], "") && km_str_is(cell[1], "c"));
    assert_int_equal(km_tsv_next(cell, 3, &rest), 3);
    assert_true(km_str_is(cell[2], "f"));
    assert_int_equal(km_tsv_next(cell, 3, &rest), 1);
    assert_true(km_str_is(cell[0], "last"));
    assert_int_equal(km_tsv_next(cell, 3, &rest), 0);
    assert_int_equal(km_tsv_next(cell, 3, &rest), 0);
}

static void a_file_is_found_by_its_whole_name(void **state)
{
    static const km_embedded list[] = { { "a.tsv", "one", 3 },
                                        { "b.tsv", "two", 3 },
                                        { NULL, NULL, 0 } };
    (void)state;
    assert_true(km_str_is(km_embedded_find(list, "b.tsv"), "two"));
    assert_null(km_embedded_find(list, "b").p);
    assert_null(km_embedded_find(list, "").p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_story_stays),
        cmocka_unit_test(a_long_story_is_cut_between_characters),
        cmocka_unit_test(every_code_has_its_row),
        cmocka_unit_test(time_and_chance_can_be_chosen),
        cmocka_unit_test(real_uuids_differ_and_have_their_form),
        cmocka_unit_test(the_real_clock_is_past_2024_and_ticks_do_not_go_back),
        cmocka_unit_test(a_table_is_read_row_by_row),
        cmocka_unit_test(a_file_is_found_by_its_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
