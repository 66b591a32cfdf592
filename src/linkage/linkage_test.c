/* SPDX-License-Identifier: Apache-2.0
 *
 * Linkage on people that never existed: who belongs together is found; neither the order of the
 * records nor how a field is written changes that; who cannot be one person stays apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "linkage/inside.h"

enum { PEOPLE = 3000, ROOM = 4 * PEOPLE, WIDTH = 64 };

/* --- people --- */

typedef struct row {
    char value[KM_LINK_COLUMNS][WIDTH];
    int person;
} row;

typedef struct set {
    row *row;
    size_t n;
    uint64_t state;
} set;

static uint32_t roll(set *s, uint32_t sides)
{
    s->state = s->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->state >> 33) % sides;
}

static const char *const family_kanji[] = {
    "佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "中村",
    "小林", "山崎", "斉藤", "沢田", "浜口", "広瀬", "桜井"
};
static const char *const family_kana[] = { "サトウ", "スズキ",   "タカハシ", "タナカ",   "ワタナベ",
                                           "イトウ", "ナカムラ", "コバヤシ", "ヤマザキ", "サイトウ",
                                           "サワダ", "ハマグチ", "ヒロセ",   "サクライ" };
static const char *const given_kanji[] = { "花子", "恵",   "美咲", "陽子", "直美",
                                           "太郎", "一郎", "健太", "大輔", "隆" };
static const char *const given_kana[] = { "ハナコ", "メグミ",   "ミサキ", "ヨウコ",   "ナオミ",
                                          "タロウ", "イチロウ", "ケンタ", "ダイスケ", "タカシ" };

static void set_value(row *r, km_link_column c, const char *text)
{
    snprintf(r->value[c], WIDTH, "%s", text);
}

/* A person as told in further records: moved, with another number, a slip in the birthday. */
static void add_records(set *s, row *base, int person)
{
    size_t times = 1 + roll(s, 3);
    for (size_t i = 0; i < times && s->n < ROOM; i++) {
        row *r = &s->row[s->n];
        *r = *base;
        r->person = person;
        snprintf(r->value[KM_LINK_ID], WIDTH, "r%zu", s->n++);
        if (roll(s, 8) == 0)
            snprintf(r->value[KM_LINK_POSTAL], WIDTH, "%07u", roll(s, 9999999));
        if (roll(s, 4) == 0)
            snprintf(r->value[KM_LINK_NUMBER], WIDTH, "%u-%u", roll(s, 9999), roll(s, 999999));
        if (roll(s, 40) == 0)
            r->value[KM_LINK_BIRTH][7] = (char)('0' + roll(s, 9));
        if (roll(s, 30) == 0)
            r->value[KM_LINK_FAMILY_KANJI][0] = r->value[KM_LINK_GIVEN_KANJI][0] = '\0';
    }
}

static void make(set *s)
{
    s->row = calloc(ROOM, sizeof *s->row);
    s->state = 7;
    for (int p = 0; p < PEOPLE; p++) {
        row base = { 0 };
        uint32_t f = roll(s, 14), g = roll(s, 10);
        set_value(&base, KM_LINK_FAMILY_KANJI, family_kanji[f]);
        set_value(&base, KM_LINK_FAMILY_KANA, family_kana[f]);
        set_value(&base, KM_LINK_GIVEN_KANJI, given_kanji[g]);
        set_value(&base, KM_LINK_GIVEN_KANA, given_kana[g]);
        set_value(&base, KM_LINK_SEX, g < 5 ? "2" : "1");
        snprintf(base.value[KM_LINK_BIRTH], WIDTH, "%u%02u%02u", 1930 + roll(s, 58),
                 1 + roll(s, 12), 1 + roll(s, 28));
        snprintf(base.value[KM_LINK_POSTAL], WIDTH, "%07u", roll(s, 9999999));
        snprintf(base.value[KM_LINK_ADDRESS], WIDTH, "%u-%u", 1 + roll(s, 9), 1 + roll(s, 30));
        snprintf(base.value[KM_LINK_INSURER], WIDTH, "%08u", 1000000 + roll(s, 90000) * 11);
        snprintf(base.value[KM_LINK_NUMBER], WIDTH, "%u-%u", roll(s, 9999), roll(s, 999999));
        add_records(s, &base, p);
    }
}

static void add_row(km_linker *l, const row *r)
{
    km_str value[KM_LINK_COLUMNS];
    for (int c = 0; c < KM_LINK_COLUMNS; c++)
        value[c] = km_str_of(r->value[c]);
    km_linker_add(l, value);
}

static km_linker *run(km_link_report *report, const set *s, const uint32_t *order,
                      const km_link_model *model)
{
    km_linker *l = km_linker_new();
    km_link_options o = { .model = model };
    for (size_t i = 0; i < s->n; i++)
        add_row(l, &s->row[order == NULL ? i : order[i]]);
    assert_int_equal(km_linker_run(report, l, &o, NULL), KM_OK);
    return l;
}

/* --- what is found --- */

static double f1(const set *s, const km_linker *l)
{
    double both = 0, truth = 0, found = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = i + 1; k < s->n && k < i + 4; k++) { /* records of one stand together */
            bool same = s->row[i].person == s->row[k].person;
            truth += same;
            both += same && km_linker_cluster(l, i) == km_linker_cluster(l, k);
        }
    uint32_t *size = calloc(s->n, sizeof *size);
    for (size_t i = 0; i < s->n; i++)
        found += size[km_linker_cluster(l, i)]++;
    free(size);
    return 2 * both / (truth + found);
}

static void people_are_found_without_labels(void **state)
{
    km_link_report report;
    set s = { 0 };
    (void)state;
    make(&s);
    km_linker *l = run(&report, &s, NULL, NULL);
    if (f1(&s, l) < 0.97)
        fail_msg("F1 %f", f1(&s, l));
    assert_true(report.pairs > 0 && report.matches > 0 && report.largest < 10);
    km_linker_free(l);
    free(s.row);
}

static void the_order_of_the_records_changes_no_cluster(void **state)
{
    km_link_report one, other;
    set s = { 0 };
    (void)state;
    make(&s);
    uint32_t *order = calloc(s.n, sizeof *order);
    for (size_t i = 0; i < s.n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = s.n - 1; i > 0; i--) {
        uint32_t k = roll(&s, (uint32_t)i + 1), was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
    km_linker *a = run(&one, &s, NULL, NULL), *b = run(&other, &s, order, NULL);
    assert_int_equal(one.clusters, other.clusters);
    uint32_t *seen = calloc(s.n, sizeof *seen);
    for (size_t i = 0; i < s.n; i++) { /* b's cluster of a record, by a's */
        uint32_t c = km_linker_cluster(a, order[i]), d = km_linker_cluster(b, i) + 1;
        if (seen[c] == 0)
            seen[c] = d;
        assert_int_equal(seen[c], d);
    }
    free(seen);
    free(order);
    km_linker_free(a);
    km_linker_free(b);
    free(s.row);
}

/* Half-width kana, hiragana, old kanji, era dates, full-width digits: the same fields. */
static void how_a_field_is_written_changes_nothing(void **state)
{
    static const struct {
        km_link_column column;
        const char *one, *other;
    } t[] = {
        { KM_LINK_FAMILY_KANA, "ワタナベ", "ﾜﾀﾅﾍﾞ" },
        { KM_LINK_FAMILY_KANA, "ワタナベ", "わたなべ" },
        { KM_LINK_GIVEN_KANA, "ヴァレリー", "ﾊﾞﾚﾘ" },
        { KM_LINK_GIVEN_KANA, "ショウヘイ", "ｼﾖｳﾍｲ" },
        { KM_LINK_GIVEN_KANA, "ミヅキ", "ミズキ" },
        { KM_LINK_FAMILY_KANJI, "斉藤", "齋藤" },
        { KM_LINK_FAMILY_KANJI, "高崎", "髙﨑" },
        { KM_LINK_FAMILY_KANJI, "佐々木", "佐佐木" },
        { KM_LINK_FAMILY_KANJI, "渡辺", "渡邉　" },
        { KM_LINK_BIRTH, "19410421", "S160421" },
        { KM_LINK_BIRTH, "19410421", "昭和16年4月21日" },
        { KM_LINK_BIRTH, "20190501", "R010501" },
        { KM_LINK_BIRTH, "19410421", "1941-04-21" },
        { KM_LINK_BIRTH, "19410421", "１９４１０４２１" },
        { KM_LINK_SEX, "2", "女" },
        { KM_LINK_SEX, "1", "male" },
        { KM_LINK_POSTAL, "1050004", "〒１０５－０００４" },
        { KM_LINK_NUMBER, "12-345", "１２－３４５" },
        { KM_LINK_NUMBER, "12-345", "12 ー 0345" },
        { KM_LINK_ADDRESS, "1-2-3", "1丁目2番地3" },
        { KM_LINK_ADDRESS, "1-2-3", "一丁目２番３号" },
        { KM_LINK_INSURER, "00133066", "133066" },
        { KM_LINK_MUNICIPALITY, "13103", "131032" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        km_linker *l = km_linker_new();
        row a = { 0 }, b = { 0 };
        set_value(&a, t[i].column, t[i].one);
        set_value(&b, t[i].column, t[i].other);
        add_row(l, &a);
        add_row(l, &b);
        l->record[1].id = l->record[0].id;
        if (memcmp(&l->record[0], &l->record[1], sizeof *l->record) != 0)
            fail_msg("%s is not %s", t[i].one, t[i].other);
        km_linker_free(l);
    }
}

static void another_value_stays_another(void **state)
{
    static const struct {
        km_link_column column;
        const char *one, *other;
    } t[] = {
        { KM_LINK_FAMILY_KANA, "ハマダ", "ハマタ" },  { KM_LINK_FAMILY_KANJI, "大野", "小野" },
        { KM_LINK_BIRTH, "19410421", "S160422" },     { KM_LINK_NUMBER, "12-345", "123-45" },
        { KM_LINK_ADDRESS, "1-23", "12-3" },          { KM_LINK_SEX, "1", "2" },
        { KM_LINK_MUNICIPALITY, "131032", "131041" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        km_linker *l = km_linker_new();
        row a = { 0 }, b = { 0 };
        set_value(&a, t[i].column, t[i].one);
        set_value(&b, t[i].column, t[i].other);
        add_row(l, &a);
        add_row(l, &b);
        l->record[1].id = l->record[0].id;
        if (memcmp(&l->record[0], &l->record[1], sizeof *l->record) == 0)
            fail_msg("%s is %s", t[i].one, t[i].other);
        km_linker_free(l);
    }
}

/* Twins: all is the same but the given name. */
static void twins_stay_apart(void **state)
{
    km_link_report report;
    set s = { 0 };
    (void)state;
    make(&s);
    row twin = s.row[0];
    twin.person = PEOPLE;
    set_value(&twin, KM_LINK_ID, "twin");
    set_value(&twin, KM_LINK_GIVEN_KANJI, "鶴");
    set_value(&twin, KM_LINK_GIVEN_KANA, "ツル");
    s.row[s.n++] = twin;
    km_linker *l = run(&report, &s, NULL, NULL);
    assert_int_not_equal(km_linker_cluster(l, 0), km_linker_cluster(l, s.n - 1));
    assert_true(report.refused > 0);
    km_linker_free(l);
    free(s.row);
}

static void a_model_comes_back_from_its_text(void **state)
{
    km_link_report report, again;
    km_link_model model;
    km_fault f = { 0 };
    set s = { 0 };
    (void)state;
    make(&s);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_linker *l = run(&report, &s, NULL, NULL);
    km_buf text = km_buf_in(a);
    km_link_model_print(&text, &report.model);
    assert_int_equal(km_link_model_read(&model, km_buf_str(&text), &f), KM_OK);
    km_linker *other = run(&again, &s, NULL, &model);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(km_linker_cluster(l, i), km_linker_cluster(other, i));
    assert_int_equal(km_link_model_read(&model, KM_STR("kumihimo-linkage-model\t2\n"), &f),
                     KM_MALFORMED);
    assert_int_equal(km_link_model_read(&model, KM_STR(""), &f), KM_MALFORMED);
    km_linker_free(l);
    km_linker_free(other);
    km_arena_free(a);
    free(s.row);
}

static void nothing_and_one_record_are_a_batch(void **state)
{
    km_link_report report;
    row one = { 0 };
    set s = { .row = &one };
    (void)state;
    km_linker_free(run(&report, &s, NULL, NULL));
    assert_int_equal(report.clusters, 0);
    s.n = 1;
    km_linker_free(run(&report, &s, NULL, NULL));
    assert_int_equal(report.clusters, 1);
}

static void a_map_finds_its_columns(void **state)
{
    static const km_str febrl[] = { KM_STR_INIT("rec_id"),     KM_STR_INIT(" given_name"),
                                    KM_STR_INIT(" surname"),   KM_STR_INIT(" street_number"),
                                    KM_STR_INIT(" address_1"), KM_STR_INIT(" date_of_birth") };
    km_link_map map;
    km_fault f = { 0 };
    (void)state;
    assert_int_equal(km_link_map_guess(&map, febrl, 6, &f), KM_OK);
    assert_int_equal(map.at[KM_LINK_FAMILY_KANA][0], 2);
    assert_int_equal(map.at[KM_LINK_ADDRESS][1], 4);
    assert_int_equal(map.at[KM_LINK_POSTAL][0], -1);
    assert_int_equal(km_link_map_guess(&map, febrl, 1, &f), KM_REQUIRED);
    assert_int_equal(km_link_map_columns(&map, KM_STR("nonsense\tx\n"), febrl, 6, &f),
                     KM_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_found_without_labels),
        cmocka_unit_test(the_order_of_the_records_changes_no_cluster),
        cmocka_unit_test(how_a_field_is_written_changes_nothing),
        cmocka_unit_test(another_value_stays_another),
        cmocka_unit_test(twins_stay_apart),
        cmocka_unit_test(a_model_comes_back_from_its_text),
        cmocka_unit_test(nothing_and_one_record_are_a_batch),
        cmocka_unit_test(a_map_finds_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
