/* SPDX-License-Identifier: Apache-2.0 */
#include "base/numbers.h"
#include "codec/receden/receden.h"

#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct heard {
    km_buf said; /* "line:field:reason " */
} heard;

static void hear(void *self, const km_finding *p)
{
    heard *h = self;
    assert_true(p->ja.n > 0 && p->en.n > 0);
    km_buf_print(&h->said, "%u:%u:%.*s ", p->line, p->field, KM_STR_ARG(p->reason));
}

static km_str check(km_receden_sums *sums, km_arena *a, km_str text)
{
    heard h = { km_buf_in(km_arena_new(1 << 20)) };
    assert_int_equal(km_receden_check(sums, a, text, (km_receden_teller){ hear, &h }, NULL), KM_OK);
    km_str said = km_arena_copy(a, km_buf_str(&h.said));
    km_arena_free(h.said.arena);
    return said;
}

static bool read_file(km_str *out, km_arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    size_t room = (size_t)1 << 20;
    char *p = km_arena_alloc(a, room);
    *out = (km_str){ p, fread(p, 1, room, f) };
    fclose(f);
    return out->n < room;
}

static const struct {
    const char *path;
    km_receden_kind kind;
} golden[] = {
    { "tests/golden/claims/medical.uke", KM_RECEDEN_MEDICAL },
    { "tests/golden/claims/dpc.uke", KM_RECEDEN_DPC },
    { "tests/golden/claims/dental.uke", KM_RECEDEN_DENTAL },
    { "tests/golden/claims/pharmacy.uke", KM_RECEDEN_PHARMACY },
};
enum { GOLDEN = sizeof golden / sizeof *golden };

static void a_sound_file_of_each_kind_has_nothing_to_tell(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (int i = 0; i < GOLDEN; i++) {
        km_str text;
        km_receden_sums sums;
        assert_true(read_file(&text, a, golden[i].path));
        assert_true(km_receden_is(text));
        km_str said = check(&sums, a, text);
        if (said.n > 0 || sums.kind != golden[i].kind)
            fail_msg("%s: %.*s", golden[i].path, KM_STR_ARG(said));
        km_buf out = km_buf_in(a);
        km_rows_reprint(&out, text, false);
        assert_true(km_str_eq(km_buf_str(&out), text));
    }
    km_arena_free(a);
}

static void a_file_cut_off_anywhere_is_told(void **state)
{
    km_str text, said;
    km_receden_sums sums;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    assert_true(read_file(&text, a, golden[0].path));
    for (size_t n = 1; n < text.n; n++) {
        said = check(&sums, a, km_str_sub(text, 0, n));
        if (n + 1 < text.n && said.n == 0)
            fail_msg("cut at %zu: nothing said", n);
    }
    km_arena_free(a);
}

/* The golden medical file with one piece replaced by another. */
static void says(const char *from, const char *to, const char *word)
{
    km_str text;
    km_receden_sums sums;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    assert_true(read_file(&text, a, golden[0].path));
    size_t at = 0, n = strlen(from);
    while (at + n <= text.n && memcmp(text.p + at, from, n) != 0)
        at++;
    if (at + n > text.n)
        fail_msg("no %s in the golden file", from);
    km_buf changed = km_buf_in(a);
    km_buf_add(&changed, km_str_sub(text, 0, at));
    km_buf_z(&changed, to);
    km_buf_add(&changed, km_str_sub(text, at + n, text.n));
    const char *said = km_arena_z(a, check(&sums, a, km_buf_str(&changed)));
    if (strstr(said, word) == NULL)
        fail_msg("%s -> %s: not %s but %s", from, to, word, said);
    km_arena_free(a);
}

static void each_mistake_is_told_at_its_line_and_field(void **state)
{
    static const char *const t[][3] = {
        { "IR,1", "XX,1", "1:0:header-missing" },
        { "SN,1", "QQ,1", "5:0:record-unknown" },
        { "19600110", "19600230", "2:6:date-impossible" },
        { "19600110", "4310501", "2:6:era-border" },
        { "19600110", "3640108", "2:6:era-border" },
        { "111000110,,291,1", "111000110,,292,1", "3:5:claim-total" },
        { "111000110,,291,1", "111000110,,x,1", "9:5:not-a-number" },
        { "2500013,", "25000131,", "6:1:too-long" },
        { "2500013,", "\xff\x81,", "6:1:not-cp932" },
        { "2500013,", "\xf0\x40,", "6:1:gaiji" },
        { "SJ,01,", "SN,1,01,", "16:0:record-order" },
        { "GO,3", "GO,2", "21:1:count-wrong" },
        { "GO,3,803", "GO,3,804", "21:2:sum-wrong" },
        { "GO,3,803,99\r\n\x1a", "GO,3,803,99", "21:0:line-cut" },
        { "GO,3,803,99\r\n\x1a", "", "end-missing" },
        { "GO,3,803,99\r\n", "GO,3,803,99\r\nSJ,01,A\r\n", "22:0:after-end" },
        { "RE,1,", "SJ,1,", "2:0:record-alone" },
        { "SJ,01,", "SJ,01,,,", "16:0:too-many-fields" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        says(t[i][0], t[i][1], t[i][2]);
}

static void another_last_digit_never_checks(void **state)
{
    (void)state;
    for (int payload = 0; payload < 10000; payload++) {
        char n[9];
        int fine = 0;
        for (int d = 0; d < 10; d++) {
            snprintf(n, sizeof n, "%04d%d", payload, d);
            fine += km_number_checks(km_str_of(n));
        }
        assert_int_equal(fine, 1);
    }
    assert_true(km_number_checks(KM_STR("01010016")));
    assert_false(km_number_checks(KM_STR("")));
    assert_false(km_number_checks(KM_STR("0101001a")));
}

static void the_days_of_a_century_read_in_both_writings(void **state)
{
    int64_t first = km_day_from_civil(1912, 7, 31), last = km_day_from_civil(2030, 12, 31), got;
    (void)state;
    for (int64_t day = first; day <= last; day++) {
        char text[40];
        int y, m, d, ey, em, ed;
        const km_era *era = km_era_of(day);
        km_day_to_civil(day, &y, &m, &d);
        km_day_to_civil(era->first_day, &ey, &em, &ed);
        snprintf(text, sizeof text, "%04d%02d%02d", y, m, d);
        assert_true(km_field_day(&got, km_str_of(text)) && got == day);
        assert_int_equal(km_field_month(km_str_sub(km_str_of(text), 0, 6)), y * 100 + m);
        snprintf(text, sizeof text, "%d%02d%02d%02d", era->number, y - ey + 1, m, d);
        assert_true(km_field_day(&got, km_str_of(text)) && got == day);
        assert_int_equal(km_field_month(km_str_sub(km_str_of(text), 0, 5)), y * 100 + m);
    }
    assert_false(km_field_day(&got, KM_STR("20230229")));
    assert_false(km_field_day(&got, KM_STR("4310501")));
    assert_false(km_field_day(&got, KM_STR("")));
    assert_int_equal(km_field_month(KM_STR("43105")), 0);
}

static void bytes_that_are_no_text_become_one_sign_each(void **state)
{
    bool whole;
    km_arena *a = km_arena_new(1 << 16);
    (void)state;
    assert_true(km_str_is(km_field_text(&whole, a, KM_STR("\x8e\x52")), "山"));
    assert_true(whole);
    assert_true(km_str_is(km_field_text(&whole, a, KM_STR("\x8e\x52\xff\x8e\x52")), "山〓山"));
    assert_false(whole);
    km_arena_free(a);
}

/* Kept beside the project, not in it. */
static void the_samples_of_real_software_are_sound(void **state)
{
    static const char *const path[] = {
        "../shared/samples/japan/receden/uke/RECEIPTC_GAIRAI_SAMPLE.UKE",
        "../shared/samples/japan/receden/uke/ikasample.csv",
        "../shared/samples/japan/receden/uke/receipt_gairai_sample.txt",
    };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        km_str text;
        km_receden_sums sums;
        if (!read_file(&text, a, path[i])) {
            printf("no %s: skipped\n", path[i]);
            continue;
        }
        km_str said = check(&sums, a, text);
        km_buf out = km_buf_in(a);
        km_rows_reprint(&out, text, false);
        assert_true(km_str_eq(km_buf_str(&out), text));
        if ((sums.errors > 0) != (i == 2)) /* the third is UTF-8 and has no header */
            fail_msg("%s: %.*s", path[i], KM_STR_ARG(said));
    }
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file_of_each_kind_has_nothing_to_tell),
        cmocka_unit_test(a_file_cut_off_anywhere_is_told),
        cmocka_unit_test(each_mistake_is_told_at_its_line_and_field),
        cmocka_unit_test(another_last_digit_never_checks),
        cmocka_unit_test(the_days_of_a_century_read_in_both_writings),
        cmocka_unit_test(bytes_that_are_no_text_become_one_sign_each),
        cmocka_unit_test(the_samples_of_real_software_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
