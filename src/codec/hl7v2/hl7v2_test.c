/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages are cut where their delimiters stand, and only there; what was cut is printed back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/hl7v2/hl7v2.h"

#define MSH "MSH|^~\\&|HIS|HOSP|GW|RCV|20240301101500||ADT^A08^ADT_A01|1|P|2.5||||||~ISO IR87\r"
/* 山田^太郎: the second byte of 田 is |, as it must be for this test. */
#define YAMADA "\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
#define PID "PID|1||123^^^^PI~9^^^^XX||" YAMADA "^^^^^L^I||19410421|M\r"

static void first(km_hl7 *m, km_hl7_segment *s, const char *text, const char *id)
{
    km_hl7_texts texts = { .text = km_str_of(text) };
    assert_true(km_hl7_next_message(m, &texts));
    km_hl7_segments segments = km_hl7_segments_of(m);
    while (km_hl7_next(s, &segments))
        if (km_str_is(s->field[0], id))
            return;
    fail_msg("no %s", id);
}

static void says(const char *text, const char *id, uint32_t field, uint32_t repeat,
                 uint32_t component, const char *words)
{
    km_hl7 m;
    km_hl7_segment s;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    first(&m, &s, text, id);
    km_str got = km_hl7_words(&m, a, km_hl7_field(&s, field), repeat, component);
    if (!km_str_is(got, words))
        fail_msg("%s-%u is %.*s, not %s", id, field, KM_STR_ARG(got), words);
    km_arena_free(a);
}

static void parts_have_the_numbers_of_the_standard(void **state)
{
    (void)state;
    says(MSH PID, "MSH", 1, 0, 1, "|");
    says(MSH PID, "MSH", 9, 0, 2, "A08");
    says(MSH PID, "PID", 3, 0, 1, "123");
    says(MSH PID, "PID", 3, 1, 5, "XX");
    says(MSH PID, "PID", 3, 2, 1, "");
    says(MSH PID, "PID", 7, 0, 1, "19410421");
    says(MSH PID, "PID", 99, 0, 1, "");
    says("MSH#*!%@#a#b\rPID###1*2!3\r", "PID", 3, 1, 1, "3"); /* any delimiters */
}

static void a_delimiter_within_a_two_byte_region_is_half_a_character(void **state)
{
    (void)state;
    says(MSH PID, "PID", 5, 0, 1, "山田");
    says(MSH PID, "PID", 5, 0, 2, "太郎");
    /* 言 is 8@, 葵 0*, 鯵 0^3... : a row of characters whose second bytes are | ^ ~ & */
    says(MSH "PID|||1||\x1b$B0|0^0~0&\x1b(B^x\r", "PID", 5, 0, 2, "x");
}

static void every_charset_and_escape_becomes_utf8(void **state)
{
    (void)state;
    says(MSH "PID|||1||\x1b(ITO@^\x1b(B^x\r", "PID", 5, 0, 1, "ﾔﾏﾀﾞ");
    says(MSH "PID|||1||\x1b(ITO@^\x1b(B^x\r", "PID", 5, 0, 2, "x");
    says("MSH|^~\\&|A\rPID|||1||山田^太郎\r", "PID", 5, 0, 1, "山田");
    says("MSH|^~\\&|A\rPID|||1||\x8e\x52\x93\x63^x\r", "PID", 5, 0, 1, "山田"); /* CP932 */
    says("MSH|^~\\&|A\rPID|||1||\x95\\^x\r", "PID", 5, 0, 1, "表"); /* its second byte is \ */
    says("MSH|^~\\&|A\rPID|||1||a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\r", "PID", 5, 0, 1, "a|b^c&d~e\\f");
    says("MSH|^~\\&|A\rPID|||1||\\XE5B1B1\\\r", "PID", 5, 0, 1, "山");
    says("MSH|^~\\&|A\rPID|||1||a\\b\r", "PID", 5, 0, 1, "a\\b");
    says("MSH|^~\\&|A\rPID|||1||\"\"\r", "PID", 5, 0, 1, "");
}

static void what_was_cut_is_printed_back(void **state)
{
    static const char *const t[] = {
        MSH PID,
        "\x0b" MSH PID "\x1c\r",
        MSH PID "\r\r" MSH PID,
        "\xEF\xBB\xBF" MSH "PID",
        "MSH|^~\\&|A\r\nPID|||1\r\n\r\nZZZ|\n",
        "MSH|^~\\&|\x1b$B",
        "MSH|^~\\&|a||||",
        "FHS|^~\\&|x\rBHS|^~\\&|x\rMSH|^~\\&|x\rBTS|1\r",
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
        km_buf out = km_buf_in(a);
        assert_true(km_hl7_is(km_str_of(t[i])));
        km_hl7_reprint(&out, km_str_of(t[i]));
        if (!km_str_is(km_buf_str(&out), t[i]))
            fail_msg("%zu: %.*s", i, KM_STR_ARG(km_buf_str(&out)));
        km_arena_free(a);
    }
}

static void messages_of_a_file_are_told_with_their_lines(void **state)
{
    km_hl7 m;
    km_hl7_texts texts = { .text = KM_STR(MSH PID MSH PID PID) };
    (void)state;
    assert_true(km_hl7_next_message(&m, &texts));
    assert_int_equal(m.line, 1);
    assert_true(km_hl7_next_message(&m, &texts));
    assert_int_equal(m.line, 3);
    assert_false(km_hl7_next_message(&m, &texts));
    assert_false(km_hl7_is(KM_STR("MSHA^~\\&|")));
    assert_false(km_hl7_is(KM_STR("MSH")));
    assert_false(km_hl7_is(KM_STR("PID|1|2|3|4|5")));
}

static void a_time_is_as_exact_as_it_is(void **state)
{
    static const struct {
        const char *ts, *time;
    } t[] = { { "2011", "2011" },
              { "201102", "2011-02" },
              { "20110701", "2011-07-01" },
              { "201107011030", "2011-07-01T10:30:00+09:00" },
              { "20110701103045.3399", "2011-07-01T10:30:45.339+09:00" },
              { "20110701103045225", "2011-07-01T10:30:45.225+09:00" },
              { "20110701103045+0000", "2011-07-01T10:30:45+00:00" },
              { "20110229", "" },
              { "20111301", "" },
              { "2011070125", "" },
              { "201107011030x", "" },
              { "0001", "" } };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (!km_str_is(km_hl7_time(a, km_str_of(t[i].ts)), t[i].time))
            fail_msg("%s is %.*s", t[i].ts, KM_STR_ARG(km_hl7_time(a, km_str_of(t[i].ts))));
    km_arena_free(a);
}

static void hear(void *self, const km_finding *f)
{
    char *out = self;
    if (out[0] == '\0')
        snprintf(out, 64, "%u:%.*s-%u %.*s", f->line, KM_STR_ARG(f->record), f->field,
                 KM_STR_ARG(f->reason));
}

static void a_mistake_is_told_at_its_field(void **state)
{
    static const struct {
        const char *text, *first;
    } t[] = { { MSH PID, "" },
              { MSH, "1:-0 patient-missing" },
              { MSH "PID|1||||x\r", "2:PID-3 missing" },
              { MSH PID PID, "3:PID-0 patient-twice" },
              { MSH PID "pid|1\r", "3:pid-0 segment-name" },
              { MSH PID "QQQ|1\r", "3:QQQ-0 segment-unknown" },
              { MSH PID "ZZ1|1\r", "" },
              { MSH "PID|||1||a||19410230|M\r", "2:PID-7 no-time" },
              { MSH PID "OBX|1|NM|x^y^JC10||1.2.3|||||F\r", "3:OBX-5 no-number" },
              { MSH PID "OBX|1|NM|x^y^JC10||abc||||||F\r", "3:OBX-5 no-number" } };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char said[64] = "";
        km_fault f = { 0 };
        km_hl7 m;
        km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
        km_hl7_texts texts = { .text = km_str_of(t[i].text) };
        km_judge j = { .tell = hear, .self = said, .arena = a };
        assert_true(km_hl7_next_message(&m, &texts));
        assert_int_equal(km_hl7_check(&j, &m, &f), KM_OK);
        if (strcmp(said, t[i].first) != 0)
            fail_msg("%zu: %s, not %s", i, said, t[i].first);
        km_arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_the_numbers_of_the_standard),
        cmocka_unit_test(a_delimiter_within_a_two_byte_region_is_half_a_character),
        cmocka_unit_test(every_charset_and_escape_becomes_utf8),
        cmocka_unit_test(what_was_cut_is_printed_back),
        cmocka_unit_test(messages_of_a_file_are_told_with_their_lines),
        cmocka_unit_test(a_time_is_as_exact_as_it_is),
        cmocka_unit_test(a_mistake_is_told_at_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
