/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/layout/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void assert_reprints(km_arena *a, km_str text, bool quoted)
{
    km_buf out = km_buf_in(a);
    km_rows_reprint(&out, text, quoted);
    if (!km_str_eq(km_buf_str(&out), text))
        fail_msg("%zu bytes became %zu: %.*s", text.n, out.n, KM_STR_ARG(text));
}

static void any_bytes_print_back_as_they_were(void **state)
{
    static const char letters[] = ",,,,\"\"\r\n\nA1\x1a\x83\x5c\xff";
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t chance = 7;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[700];
        size_t n = next_random(&chance) % (i % 10 == 0 ? sizeof text : 48);
        for (size_t k = 0; k < n; k++)
            text[k] = letters[next_random(&chance) % (sizeof letters - 1)];
        assert_reprints(a, (km_str){ text, n }, i % 2);
        km_arena_reset(a);
    }
    km_arena_free(a);
}

/* The fields of every row of `text`, each in [], rows ended by /. */
static km_str cut(km_arena *a, km_str text, bool quoted)
{
    km_rows rows = { .text = text, .quoted = quoted };
    km_row row;
    km_buf out = km_buf_in(a);
    while (km_rows_next(&row, &rows)) {
        for (uint32_t i = 0; i < row.fields; i++)
            km_buf_print(&out, "[%.*s]", KM_STR_ARG(row.field[i]));
        km_buf_char(&out, '/');
    }
    if (rows.tail.n > 0)
        km_buf_z(&out, "tail");
    return km_buf_str(&out);
}

static void lines_are_cut_at_commas_whatever_ends_them(void **state)
{
    static const struct {
        const char *text, *cut;
        bool quoted;
    } t[] = {
        { "", "", false },
        { "A", "[A]/", false },
        { "A,\r\nB", "[A][]/[B]/", false },
        { "A,B\n\n", "[A][B]/[]/", false },
        { "A,,,\x1a", "[A][][][]/tail", false },
        { "A\r\n\x1a", "[A]/tail", false },
        { "\"A,1\",2\n", "[\"A][1\"][2]/", false },
        { "\"A,1\",2\n", "[\"A,1\"][2]/", true },
        { "\"A\"\",\n1\",2\n", "[\"A\"\",\n1\"][2]/", true },
        { "A\"B,\"\n", "[A\"B][\"\n]/", true },
        { "SI,11,1,111000110,,291,1,,,,,,,1,,\r\n",
          "[SI][11][1][111000110][][291][1][][][][][][][1][][]/", false },
    };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        km_str got = cut(a, km_str_of(t[i].text), t[i].quoted);
        if (!km_str_is(got, t[i].cut))
            fail_msg("%s: %.*s", t[i].text, KM_STR_ARG(got));
    }
    km_arena_free(a);
}

static void what_is_behind_the_last_room_stands_in_the_last_field(void **state)
{
    char text[600];
    km_row row;
    (void)state;
    memset(text, ',', sizeof text);
    for (size_t n = 250; n < sizeof text; n++) {
        km_rows rows = { .text = { text, n } };
        assert_true(km_rows_next(&row, &rows));
        assert_int_equal(row.fields, n + 1 < KM_ROW_FIELDS ? n + 1 : KM_ROW_FIELDS);
        if (row.fields == KM_ROW_FIELDS)
            assert_int_equal(row.field[KM_ROW_FIELDS - 1].n, n - (KM_ROW_FIELDS - 1));
    }
}

static void quotes_come_off_and_doubled_ones_are_single(void **state)
{
    km_arena *a = km_arena_new(1 << 16);
    (void)state;
    assert_true(km_str_is(km_field_unquoted(a, KM_STR("\"a\"\"b\"")), "a\"b"));
    assert_true(km_str_is(km_field_unquoted(a, KM_STR("\"\"")), ""));
    assert_true(km_str_is(km_field_unquoted(a, KM_STR("\"")), "\""));
    assert_true(km_str_is(km_field_unquoted(a, KM_STR("a")), "a"));
    km_arena_free(a);
}

static void every_layout_names_each_position_once_and_in_order(void **state)
{
    static const char *const names[] = { "uke_medical.tsv", "uke_dpc.tsv", "uke_dental.tsv",
                                         "uke_pharmacy.tsv" };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        km_layout *l;
        assert_int_equal(km_layout_open(&l, a, names[i], 202404, NULL), KM_OK);
        for (size_t r = 0; r < l->n; r++) {
            const km_layout_record *rec = &l->record[r];
            assert_ptr_equal(km_layout_find(l, rec->id), rec);
            assert_true(rec->ja.n > 0 && rec->en.n > 0 && rec->place.n > 0);
            if (rec->most > 0 && rec->n > rec->most)
                fail_msg("%s %.*s: %u of %u", names[i], KM_STR_ARG(rec->id), rec->n, rec->most);
        }
    }
    km_arena_free(a);
}

static void days_are_numbered_and_codes_have_meanings(void **state)
{
    km_layout *l;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_int_equal(km_layout_open(&l, a, "uke_medical.tsv", 0, NULL), KM_OK);
    const km_layout_record *si = km_layout_find(l, KM_STR("SI"));
    assert_true(km_str_is(km_layout_at(si, 13)->en, "day 1"));
    assert_true(km_str_is(km_layout_at(si, 43)->ja, "31日"));
    assert_null(km_layout_at(si, 44));
    const km_layout_field *sex = km_layout_at(km_layout_find(l, KM_STR("RE")), 5);
    assert_true(km_str_is(km_layout_meaning(sex, KM_STR("2")), "女"));
    assert_int_equal(km_layout_meaning(sex, KM_STR("3")).n, 0);
    assert_int_equal(km_layout_open(&l, a, "nothing.tsv", 0, NULL), KM_NOT_FOUND);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_print_back_as_they_were),
        cmocka_unit_test(lines_are_cut_at_commas_whatever_ends_them),
        cmocka_unit_test(what_is_behind_the_last_room_stands_in_the_last_field),
        cmocka_unit_test(quotes_come_off_and_doubled_ones_are_single),
        cmocka_unit_test(every_layout_names_each_position_once_and_in_order),
        cmocka_unit_test(days_are_numbered_and_codes_have_meanings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
