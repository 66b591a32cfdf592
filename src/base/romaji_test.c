/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kana.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static km_arena *arena;

static int new_arena(void **state)
{
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

static bool reads_as(const char *romaji, const char *kana)
{
    km_str out[KM_ROMAJI_READINGS], want = km_fold(arena, km_str_of(kana));
    size_t n = km_romaji_readings(out, KM_ROMAJI_READINGS, arena, km_str_of(romaji));
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(out[i], want))
            return true;
    return false;
}

static void first_reading_is(const char *romaji, const char *kana)
{
    km_str out, want = km_fold(arena, km_str_of(kana));
    if (!km_romaji_to_fold(&out, arena, km_str_of(romaji)))
        fail_msg("%s is no romaji", romaji);
    if (!km_str_eq(out, want))
        fail_msg("%s: %.*s, not %.*s", romaji, KM_STR_ARG(out), KM_STR_ARG(want));
}

/* Each kana in its Hepburn and its Kunrei spelling, and as typed. */
static void every_syllable_is_read_in_each_system(void **state)
{
    static const char *rows[][4] = {
        { "し", "shi", "si", "shi" },    { "ち", "chi", "ti", "chi" },
        { "つ", "tsu", "tu", "tsu" },    { "ふ", "fu", "hu", "fu" },
        { "じ", "ji", "zi", "ji" },      { "ぢ", "di", "ji", "zi" },
        { "づ", "zu", "du", "dzu" },     { "しゃ", "sha", "sya", "sha" },
        { "しゅ", "shu", "syu", "shu" }, { "しょ", "sho", "syo", "sho" },
        { "ちゃ", "cha", "tya", "cha" }, { "ちゅ", "chu", "tyu", "chu" },
        { "ちょ", "cho", "tyo", "cho" }, { "じゃ", "ja", "zya", "jya" },
        { "じゅ", "ju", "zyu", "jyu" },  { "じょ", "jo", "zyo", "jyo" },
        { "きゃ", "kya", "KYA", "Kya" }, { "りょ", "ryo", "RYO", "ｒｙｏ" },
        { "を", "wo", "o", "WO" },       { "ん", "n", "nn", "n'" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 1; k < 4; k++)
            first_reading_is(rows[i][k], rows[i][0]);
}

/* The whole of the fifty sounds in one line each. */
static void rows_of_the_syllabary_are_read(void **state)
{
    static const char *rows[][2] = {
        { "a i u e o", "あいうえお" },      { "kakikukeko", "かきくけこ" },
        { "sashisuseso", "さしすせそ" },    { "tachitsuteto", "たちつてと" },
        { "na ni nu ne no", "なにぬねの" }, { "hahifuheho", "はひふへほ" },
        { "mamimumemo", "まみむめも" },     { "ya yu yo", "やゆよ" },
        { "rarirurero", "らりるれろ" },     { "gagigugego", "がぎぐげご" },
        { "zajizuzezo", "ざじずぜぞ" },     { "dadidudedo", "だぢづでど" },
        { "babibubebo", "ばびぶべぼ" },     { "papipupepo", "ぱぴぷぺぽ" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        first_reading_is(rows[i][0], rows[i][1]);
}

static void names_are_read_as_they_are_spelt(void **state)
{
    static const char *rows[][2] = {
        { "Yamada", "ヤマダ" },     { "YAMADA TARO", "やまだたろ" }, { "Tanaka", "たなか" },
        { "Suzuki", "すずき" },     { "Hattori", "はっとり" },       { "Hotta", "ほった" },
        { "matcha", "まっちゃ" },   { "Issei", "いっせい" },         { "Beppu", "べっぷ" },
        { "Homma", "ほんま" },      { "Honma", "ほんま" },           { "Namba", "なんば" },
        { "Sampei", "さんぺい" },   { "Shin'ichi", "しんいち" },     { "Shin-ichi", "しんいち" },
        { "Shinichi", "しんいち" }, { "Kenichiro", "けんいちろ" },   { "Junya", "じゅんや" },
        { "Jun'ya", "じゅんや" },   { "Jun Ito", "じゅんいと" },     { "Onna", "おんな" },
        { "Nanno", "なんの" },      { "Inoue", "いのうえ" },         { "Kitaōji", "きたおおじ" },
        { "Nīgata", "にいがた" },   { "Niigata", "にいがた" },       { "Shizuka", "しづか" },
        { "Genji", "げんぢ" },      { "Yasuo", "やすお" },           { "Satō", "さとう" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        first_reading_is(rows[i][0], rows[i][1]);
}

static void every_spelling_of_a_long_vowel_meets(void **state)
{
    static const char *spelling[] = { "ohno", "oono", "ouno", "Ōno", "Ôno", "O\u0304no", "OHNO" };
    (void)state;
    for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++) {
        first_reading_is(spelling[i], "おおの");
        first_reading_is(spelling[i], "オーノ");
    }
    first_reading_is("ohara", "おはら");
    first_reading_is("Ohyama", "おおやま");
    first_reading_is("Kohno", "こうの");
    first_reading_is("satoh", "さとう");
    first_reading_is("Ooka", "おおか");
    first_reading_is("Ōoka", "おおおか");
    first_reading_is("yūko", "ゆうこ");
    first_reading_is("Yuhki", "ゆうき");
    first_reading_is("toru", "とる");
}

static void passport_spelling_reaches_the_long_name_too(void **state)
{
    static const char *rows[][2] = {
        { "kohei", "こうへい" },
        { "yosuke", "ようすけ" },
        { "shohei", "しょうへい" },
        { "oshima", "おおしま" },
        { "Yuki", "ゆうき" },
        { "Ryota", "りょうた" },
        { "kosuke", "こうすけ" },
        { "Oyama Yuji", "おおやまゆうじ" },
        { "sotaro", "そうたろ" },
        { "kohei", "こへい" },
        { "yuki", "ゆき" },
        { "shinnichi", "しんいち" },
        { "kinya", "きにゃ" },
        { "konichi", "こにち" },
        { "Sato Ryoichi", "さとうりょういち" },
        { "kenei", "けんえい" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!reads_as(rows[i][0], rows[i][1]))
            fail_msg("%s does not reach %s", rows[i][0], rows[i][1]);
}

static void other_words_are_no_romaji(void **state)
{
    static const char *bad[] = { "",       "smith",   "Brown",    "Li",    "x",   "q",
                                 "karl",   "やまだ",  "yamada山", "taro1", "a,b", "Müller",
                                 "ka\xff", "yamadat", "trk",      "stra",  "  ",  "'",
                                 "ﾔﾏﾀﾞ",   "é",       "c",        "bcd" };
    km_str out;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (km_romaji_to_fold(&out, arena, km_str_of(bad[i])))
            fail_msg("%s is %.*s", bad[i], KM_STR_ARG(out));
}

static void readings_are_few_distinct_and_folded(void **state)
{
    static const char *texts[] = {
        "nonononononononono", "yoyoyoyoyoyoyo", "onioneonyonioneonyo", "kohei", "a", "n",
        "ninininininininini"
    };
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        km_str out[KM_ROMAJI_READINGS];
        size_t n = km_romaji_readings(out, KM_ROMAJI_READINGS, arena, km_str_of(texts[t]));
        assert_true(n >= 1 && n <= KM_ROMAJI_READINGS);
        for (size_t i = 0; i < n; i++) {
            assert_true(km_str_eq(km_fold(arena, out[i]), out[i]));
            for (size_t k = 0; k < i; k++)
                assert_false(km_str_eq(out[i], out[k]));
        }
    }
}

/* Every text of up to five letters from an alphabet that has all the special cases. */
static void any_short_text_is_read_or_refused(void **state)
{
    static const char some[] = "aonuhyktm'^";
    enum { LETTERS = sizeof some - 1, LENGTH = 5 };
    int read = 0, total = 1;
    (void)state;
    for (int i = 0; i < LENGTH; i++)
        total *= LETTERS;
    for (int i = 0; i < total; i++) {
        char text[LENGTH];
        km_str out[4];
        for (int k = 0, left = i; k < LENGTH; k++, left /= LETTERS)
            text[k] = some[left % LETTERS];
        read += km_romaji_readings(out, 4, arena, (km_str){ text, LENGTH }) > 0;
        km_arena_reset(arena);
    }
    assert_true(read > 0 && read < total);
}

static void a_text_too_long_for_a_name_is_refused(void **state)
{
    char text[1000];
    km_str out;
    (void)state;
    memset(text, 'o', sizeof text);
    assert_true(km_romaji_to_fold(&out, arena, (km_str){ text, 96 }));
    for (size_t n = 97; n <= sizeof text; n += 43)
        assert_false(km_romaji_to_fold(&out, arena, (km_str){ text, n }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_syllable_is_read_in_each_system),
        cmocka_unit_test(rows_of_the_syllabary_are_read),
        cmocka_unit_test(names_are_read_as_they_are_spelt),
        cmocka_unit_test(every_spelling_of_a_long_vowel_meets),
        cmocka_unit_test(passport_spelling_reaches_the_long_name_too),
        cmocka_unit_test(other_words_are_no_romaji),
        cmocka_unit_test(readings_are_few_distinct_and_folded),
        cmocka_unit_test(any_short_text_is_read_or_refused),
        cmocka_unit_test(a_text_too_long_for_a_name_is_refused),
    };
    return cmocka_run_group_tests(tests, new_arena, free_arena);
}
