/* SPDX-License-Identifier: Apache-2.0
 *
 * Medicine notebook lines and prescription symbols: what is found, where, and how split codes are
 * put together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/jahis/jahis.h"

#define PERSON "1,組紐 花子,2,19800229,,,,,,,クミヒモ ハナコ\r\n"
#define DISPENSED "5,20260310,1\r\n11,紐薬局,13,4,1234567,,,,1\r\n51,紐病院,13,1,7654321,1\r\n"
#define DRUG "201,1,ノルバスク錠２．５ｍｇ,1,錠,2,612170709,1\r\n301,1,毎食後服用,3,日分,1,1,,1\r\n"

typedef struct heard {
    char first[128];
    int errors, warnings;
} heard;

static void hear(void *self, const km_finding *f)
{
    heard *h = self;
    if (h->first[0] == '\0')
        snprintf(h->first, sizeof h->first, "%u:%.*s[%u] %.*s", f->line, KM_STR_ARG(f->record),
                 f->field, KM_STR_ARG(f->reason));
    h->errors += f->error;
    h->warnings += !f->error;
}

static heard check(const char *text)
{
    heard h = { 0 };
    km_fault f = { 0 };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_jahis *doc = KM_NEW(a, km_jahis);
    km_judge j = { .tell = hear, .self = &h, .arena = a };
    assert_true(km_jahis_is(km_str_of(text)));
    km_jahis_open(doc, km_str_of(text));
    assert_int_equal(km_jahis_check(&j, doc, &f), KM_OK);
    assert_int_equal(h.errors, j.errors);
    km_arena_free(a);
    return h;
}

static void a_sound_text_has_no_finding(void **state)
{
    (void)state;
    heard h = check("JAHISTC08,1\r\n" PERSON DISPENSED DRUG "501,薬袋を参照,1\r\n");
    assert_string_equal(h.first, "");
    h = check("JAHISTC08,2\r\n" PERSON "3,バファリン,20240221,20240224,2,1,\r\n");
    assert_string_equal(h.first, "");
    h = check("JAHIS10\r\n1,1,1234567,13,紐病院\r\n5,,,紐 一郎\r\n11,00012,組紐 花子,\r\n12,2\r\n"
              "13,19800229\r\n51,20260310\r\n101,1,1,内服,14\r\n111,1,1,,毎食後\r\n"
              "201,1,1,,2,612170709,ノルバスク錠,3,1,錠\r\n");
    assert_string_equal(h.first, "");
}

static void a_mistake_is_told_at_its_field(void **state)
{
    static const struct {
        const char *text, *first;
    } t[] = {
        { "JAHISTC08,1\r\n1,名,3,19800229\r\n", "2:1[2] code-unknown" },
        { "JAHISTC08,1\r\n1,名,2,19810229\r\n", "2:1[3] date-impossible" },
        { "JAHISTC08,1\r\n1,名,2,S640108\r\n", "2:1[3] date-impossible" },
        { "JAHISTC08,1\r\n1,名,2,S640107\r\n", "" },
        { "JAHISTC08,1\r\n1,,2,19800229\r\n", "2:1[1] missing" },
        { "JAHISTC08,1\r\n1,\x81,2,19800229\r\n", "2:1[1] not-cp932" },
        { "JAHISTC08,1\r\n" PERSON "999,x\r\n", "3:999[0] record-unknown" },
        { "JAHISTC08,1\r\n" PERSON PERSON, "3:1[0] record-twice" },
        { "JAHISTC08,1\r\n" PERSON DRUG, "3:201[0] record-alone" },
        { "JAHISTC08,1\r\n" PERSON DISPENSED "201,1,薬,1,錠,2,612170709,1\r\n",
          "6:301[0] rp-incomplete" },
        { "JAHISTC08,1\r\n" PERSON DISPENSED "201,1,薬,1,錠,2,,1\r\n301,1,毎食後,3,日分,1,1,,1\r\n",
          "6:201[6] code-missing" },
        { "JAHISTC08,1\r\n" PERSON DISPENSED
          "201,1,薬,多,錠,1,,1\r\n301,1,毎食後,3,日分,1,1,,1\r\n",
          "6:201[3] not-a-number" },
        { "JAHISTC99,1\r\n" PERSON, "1:[0] version-unknown" },
        { "JAHIS10\r\n12,2\r\n", "2:1[0] record-missing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        heard h = check(t[i].text);
        if (t[i].first[0] == '\0' ? h.errors > 0 : strcmp(h.first, t[i].first) != 0)
            fail_msg("%zu: %s, not %s", i, h.first, t[i].first);
    }
}

/* What the parts say when read as one text: ids and the lines they stood at. */
static void ids_of(char *out, size_t room, const char *text)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_jahis *doc = KM_NEW(a, km_jahis);
    km_row row;
    km_jahis_open(doc, km_str_of(text));
    km_jahis_rows rows = { .of = doc };
    size_t at = 0;
    out[0] = '\0';
    while (km_jahis_next(&row, &rows) && at < room)
        at += (size_t)snprintf(out + at, room - at, "%.*s@%u ", KM_STR_ARG(row.field[0]), row.line);
    km_arena_free(a);
}

#define PART1 "JAHISTC08,1\r\n" PERSON DISPENSED DRUG "911,12345678901234,2,1\r\n"
#define PART2                          \
    "JAHISTC08,1\r\n" PERSON DISPENSED \
    "201,2,別の薬,1,錠,1,,1\r\n301,2,朝食後,3,日分,1,1,,1\r\n911,12345678901234,2,2\r\n"

static void split_codes_are_one_text_in_any_order(void **state)
{
    char one[512], other[512];
    (void)state;
    assert_string_equal(check(PART1 PART2).first, "");
    assert_string_equal(check(PART2 PART1).first, "");
    ids_of(one, sizeof one, PART1 PART2);
    assert_string_equal(one, "JAHISTC08@1 1@2 5@3 11@4 51@5 201@6 301@7 911@8 201@14 301@15 "
                             "911@16 ");
    ids_of(other, sizeof other, PART2 PART1);
    assert_string_equal(other, "JAHISTC08@9 1@10 5@11 11@12 51@13 201@14 301@15 911@16 201@6 "
                               "301@7 911@8 ");
}

static void a_set_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    assert_string_equal(check(PART1).first, "1:[0] set-incomplete");
    assert_string_equal(check(PART2).first, "1:[0] set-incomplete");
    assert_string_equal(check(PART1 PART1 PART2).first, "1:[0] part-twice");
    assert_string_equal(check(PART1 "JAHISTC08,1\r\n" PERSON "911,99999999999999,2,2\r\n").first,
                        "11:[0] set-mixed");
    assert_true(check(PART1 "JAHISTC08,1\r\n" PERSON).errors > 0);
}

static void other_texts_are_none(void **state)
{
    (void)state;
    assert_false(km_jahis_is(KM_STR("")));
    assert_false(km_jahis_is(KM_STR("JAHIS")));
    assert_false(km_jahis_is(KM_STR("JAHISTC")));
    assert_false(km_jahis_is(KM_STR("NOT_JAHIS")));
    assert_true(km_jahis_is(KM_STR("\xEF\xBB\xBFJAHIS9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_text_has_no_finding),
        cmocka_unit_test(a_mistake_is_told_at_its_field),
        cmocka_unit_test(split_codes_are_one_text_in_any_order),
        cmocka_unit_test(a_set_that_is_not_whole_is_refused),
        cmocka_unit_test(other_texts_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
