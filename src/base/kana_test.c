/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kana.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/letters.h"
#include "base/utf8.h"
#include "gen/km_data_base.h"

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

static void same(km_str got, km_str want, const char *of)
{
    if (!km_str_eq(got, want))
        fail_msg("%s: got %.*s, want %.*s", of, KM_STR_ARG(got), KM_STR_ARG(want));
}

static km_str fold(const char *text)
{
    return km_fold(arena, km_str_of(text));
}

static void folds_to(const char *text, const char *key)
{
    same(fold(text), km_str_of(key), text);
}

/* xorshift64*: the same texts in every run. */
static uint64_t chance(uint64_t *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 2685821657736338717u;
}

/* Letters that look at their neighbours, with a few that do not. */
static const int32_t neighbours[] = {
    0x304A, 0x3053, 0x3046, 0x3064, 0x3061, 0x3063,  0x30C4, 0x30C1, 0x3099,  0x309A, 0x309B,
    0x309D, 0x309E, 0x30FD, 0x30FE, 0x3005, 0x30FC,  0xFF70, 0xFF82, 0xFF9E,  0xFF9F, 0x3000,
    ' ',    '-',    '\'',   0x30FB, 0x4F50, 0x6728,  0x9AD9, 0x3092, 0x3085,  0x3093, 'O',
    0x14C,  0x304,  0x301,  0xAC00, 0x1100, 0x1161,  0x11A8, 0x200D, 0xE0100, 0xB4,   0x3C2,
    0x130,  0x5D0,  0x5B8,  0x915,  0x94D,  0x1F600, 0x2F,   0x30F4, 0x30F7,  0x337B, 0xFDFA,
};
enum { NEIGHBOURS = sizeof neighbours / sizeof *neighbours };

static km_str random_text(uint64_t *seed)
{
    km_buf b = km_buf_in(arena);
    size_t n = chance(seed) % 12;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = chance(seed) >> 8;
        int32_t c = neighbours[r % NEIGHBOURS];
        if (r % 16 == 15)
            c = (int32_t)((r >> 8) % 0x110000);
        if (r % 64 == 14)
            km_buf_char(&b, (char)(r >> 16));
        else if (c < 0xD800 || c > 0xDFFF)
            km_utf8_put(&b, c);
    }
    return km_buf_str(&b);
}

static void folding_a_fold_changes_nothing(void **state)
{
    uint64_t seed = 20240501;
    (void)state;
    for (int i = 0; i < 300000; i++) {
        km_str text = random_text(&seed), key = km_fold(arena, text);
        same(km_fold(arena, key), key, "key");
        assert_true(km_str_is_utf8(key, NULL));
        km_str words = km_fold_words(arena, text);
        same(km_fold_words(arena, words), words, "words");
        km_arena_reset(arena);
    }
}

/* And alone between two kana: what is written must not change its neighbours later. */
static void folding_any_character_of_unicode_twice_changes_nothing(void **state)
{
    (void)state;
    for (int32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        km_buf b = km_buf_in(arena);
        km_buf_z(&b, "つ");
        km_utf8_put(&b, c);
        km_buf_z(&b, "おつ");
        km_str key = km_fold(arena, km_buf_str(&b)), again = km_fold(arena, key);
        if (!km_str_eq(key, again))
            fail_msg("U+%04X", (unsigned)c);
        km_arena_reset(arena);
    }
}

static void the_beginning_of_a_text_folds_to_the_beginning_of_its_key(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        km_str text = random_text(&seed), key = km_fold(arena, text), rest = text;
        while (rest.n > 0) {
            km_utf8_next(&rest);
            km_str ahead = rest;
            int32_t next = ahead.n > 0 ? km_utf8_next(&ahead) : 0;
            /* A voicing mark belongs to the letter before it; others may follow unseen ones. */
            km_kind kind = next > 0 ? km_kana__kind(next) : KM_KIND_OTHER;
            if (kind == KM_KIND_VOICE || kind == KM_KIND_SILENT || next >= 0xFE00 || next == 0x200D)
                continue;
            if (!km_str_starts(key, km_fold(arena, km_str_sub(text, 0, text.n - rest.n))))
                fail_msg("%.*s", KM_STR_ARG(text));
        }
        km_arena_reset(arena);
    }
}

static void two_writings_of_a_name_meet(void **state)
{
    static const char *rows[][4] = {
        { "山田太郎", "山田　太郎", "山田 太郎", "山田・太郎" },
        { "ﾔﾏﾀﾞ", "ヤマダ", "やまだ", "ヤマタ\u3099" },
        { "José", "jose", "JOSE\u0301", "Ｊｏｓｅ" },
        { "O'Brien", "O’Brien", "OBRIEN", "o´brien" },
        { "Smith-Jones", "smith jones", "SmithJones", "Smith–Jones" },
        { "Nguyễn Văn Đức", "NGUYEN VAN DUC", "nguyễn văn đức",
          "Nguyen\u0302\u0303 Va\u0306n Đuc" },
        { "髙橋", "高橋", "高𣘺", "髙槗" },
        { "山﨑", "山崎", "山嵜", "山\uFA11" },
        { "渡邊", "渡邉", "渡辺", "渡邉\U000E0101" },
        { "齋藤", "斎藤", "齊藤", "斉藤" },
        { "𠮷野", "吉野", "𠮷埜", "吉壄" },
        { "佐々木", "佐佐木", "佐 々木", "佐〻木" },
        { "みすず", "みすゞ", "ミスヾ", "ミスヽ" },
        { "しづ", "しず", "ｼﾂﾞ", "シツ\u3099" },
        { "キョウコ", "きょうこ", "ｷｮｳｺ", "きようこ" },
        { "スヱ", "スエ", "すゑ", "ｽｴ" },
        { "おおの", "オオノ", "オーノ", "おうの" },
        { "かとう", "カトー", "ｶﾄ-", "カト～" },
        { "ゆうこ", "ユーコ", "ﾕｰｺ", "ゆ─こ" },
        { "マリー", "マリ", "まり", "ﾏﾘｰ" },
        { "神", "神", "\uFA19", "神\uFE00" },
        { "가각", "\u1100\u1161\u1100\u1161\u11A8", "가 각", "가-각" },
        { "Straße", "STRASSE", "strasse", "Straẞe" },
        { "㍻", "平成", "平 成", "平・成" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 1; k < 4; k++)
            same(fold(rows[i][k]), fold(rows[i][0]), rows[i][k]);
}

static void names_that_differ_stay_apart(void **state)
{
    static const char *rows[][2] = { { "おおの", "おの" },     { "大野", "小野" },
                                     { "おおかわ", "おがわ" }, { "かとう", "かと" },
                                     { "ゆうき", "ゆき" },     { "しょうこ", "しょこ" },
                                     { "田中", "田仲" },       { "阪本", "坂本" },
                                     { "川島", "河島" },       { "伊東", "伊藤" },
                                     { "あきら", "あきこ" },   { "ono", "oono" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (km_str_eq(fold(rows[i][0]), fold(rows[i][1])))
            fail_msg("%s and %s", rows[i][0], rows[i][1]);
}

static void keys_look_as_the_header_says(void **state)
{
    (void)state;
    folds_to("", "");
    folds_to(" 　\t\n", "");
    folds_to("がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽ",
             "かきくけこさしすせそたしすてとはひふへほはひふへほ");
    folds_to("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ");
    folds_to("ヴァイオリン", "うあいおりん");
    folds_to("コーヒー", "こうひ");
    folds_to("ゝ々", "ゝ々");
    folds_to("人々々", "人人人");
    folds_to("A1-ｂ２", "a1b2");
    folds_to("№５", "no5");
    folds_to("a\xff\xe3\x81z\xed\xa0\x80", "az");
    same(km_fold(arena, (km_str){ "a\0b", 3 }), KM_STR("ab"), "NUL");
    same(km_fold(arena, KM_STR_NONE), KM_STR(""), "nothing");
}

static void words_stay_apart_by_one_space(void **state)
{
    static const char *rows[][2] = { { "  Taro   Yamada ", "taro yamada" },
                                     { "山田　　太郎", "山田 太郎" },
                                     { "マイケル・ジャクソン", "まいける しやくそん" },
                                     { "Smith-Jones", "smithjones" },
                                     { "おおの おさむ", "おうの おさむ" },
                                     { "-", "" },
                                     { "・", "" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        same(km_fold_words(arena, km_str_of(rows[i][0])), km_str_of(rows[i][1]), rows[i][0]);
}

static void every_variant_has_one_common_form_that_is_none_itself(void **state)
{
    km_str cell[2], rest = km_embedded_find(km_data_base, "kanji_variants.tsv");
    int32_t before = 0;
    int rows = 0;
    (void)state;
    assert_int_equal(km_tsv_next(cell, 2, &rest), 2);
    for (; km_tsv_next(cell, 2, &rest) == 2; rows++) {
        km_str variant = cell[0], common = cell[1];
        same(km_nfkc(arena, variant), variant, "a compatibility form in the table");
        same(km_nfkc(arena, common), common, "a compatibility form in the table");
        same(km_fold(arena, variant), common, "variant");
        same(km_fold(arena, common), common, "common");
        int32_t c = km_utf8_next(&variant), to = km_utf8_next(&common);
        assert_true(variant.n == 0 && common.n == 0 && c > before);
        assert_int_equal(km_kana__common(c), to);
        assert_int_equal(km_kana__common(to), to);
        before = c;
    }
    assert_true(rows > 700);
    assert_int_equal(km_kana__common(0x5C71), 0x5C71);
}

static void width_changes_half_width_kana_and_full_width_ascii_only(void **state)
{
    static const char *rows[][2] = { { "ｱｲｳｴｵ", "アイウエオ" },
                                     { "ｶﾞｷﾞｸﾞｹﾞｺﾞｻﾞｼﾞｽﾞｾﾞｿﾞﾀﾞﾁﾞﾂﾞﾃﾞﾄﾞ",
                                       "ガギグゲゴザジズゼゾダヂヅデド" },
                                     { "ﾊﾞﾋﾞﾌﾞﾍﾞﾎﾞﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ", "バビブベボパピプペポ" },
                                     { "ｳﾞﾜﾞｦﾞ", "ヴヷヺ" },
                                     { "ﾅﾞｶﾟｧﾞ", "ナ゛カ゜ァ゛" },
                                     { "ﾞﾟ", "゛゜" },
                                     { "｡｢｣､･ｰ", "。「」、・ー" },
                                     { "ｧｨｩｪｫｬｭｮｯ", "ァィゥェォャュョッ" },
                                     { "Ａｚ０９～！", "Az09~!" },
                                     { "山田　Taro", "山田　Taro" },
                                     { "①㍻Å\xff", "①㍻Å\xff" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        same(km_width(arena, km_str_of(rows[i][0])), km_str_of(rows[i][1]), rows[i][0]);
    for (int32_t c = 0; c < 0x110000; c++) {
        if ((c >= 0xD800 && c <= 0xDFFF) || (c >= 0xFF01 && c <= 0xFF9F))
            continue;
        km_buf b = km_buf_in(arena);
        km_utf8_put(&b, c);
        assert_true(km_str_eq(km_width(arena, km_buf_str(&b)), km_buf_str(&b)));
        km_arena_reset(arena);
    }
}

/* U+FF66..U+FF9F, by one and with both marks, against Unicode's own table. */
static void width_of_kana_is_that_of_nfkc(void **state)
{
    (void)state;
    for (int32_t c = 0xFF66; c <= 0xFF9D; c++)
        for (int32_t mark = 0; mark <= 0xFF9F; mark = mark ? mark + 1 : 0xFF9E) {
            km_buf b = km_buf_in(arena);
            km_utf8_put(&b, c);
            if (mark)
                km_utf8_put(&b, mark);
            /* A mark that joins nothing is ゛ in a line of its own, which NFKC takes apart. */
            km_str wide = km_nfkc(arena, km_width(arena, km_buf_str(&b)));
            km_str nfkc = km_nfkc(arena, km_buf_str(&b));
            if (wide.n == nfkc.n)
                same(wide, nfkc, "width");
            else
                assert_true(mark != 0 && wide.n == nfkc.n + 1);
        }
}

static void hiragana_and_katakana_change_into_each_other(void **state)
{
    (void)state;
    for (int32_t c = 0x3041; c <= 0x309E; c++) {
        if (c >= 0x3097 && c <= 0x309C)
            continue;
        km_buf hira = km_buf_in(arena), kata = km_buf_in(arena);
        km_utf8_put(&hira, c);
        km_utf8_put(&kata, c + 0x60);
        same(km_hira_to_kata(arena, km_buf_str(&hira)), km_buf_str(&kata), "kata");
        same(km_kata_to_hira(arena, km_buf_str(&kata)), km_buf_str(&hira), "hira");
    }
    same(km_hira_to_kata(arena, KM_STR("山だｱーA\xff")), KM_STR("山ダｱーA\xff"), "kata");
    same(km_kata_to_hira(arena, KM_STR("山ダｱー")), KM_STR("山だｱー"), "hira");
}

static void nfkc_is_bounded_and_leaves_out_what_is_no_utf8(void **state)
{
    km_buf b = km_buf_in(arena);
    (void)state;
    same(km_nfkc(arena, KM_STR("ｶﾞ①ﬁＡ")), KM_STR("ガ1fiA"), "nfkc");
    same(km_nfkc(arena, KM_STR("e\u0301\xff\xe3")), KM_STR("é"), "nfkc");
    same(km_nfkc(arena, KM_STR_NONE), KM_STR(""), "nfkc");
    km_buf_char(&b, 'a');
    for (int i = 0; i < 200000; i++)
        km_utf8_put(&b, i % 2 ? 0x0301 : 0x0327); /* hours, were they put in order */
    km_str out = km_nfkc(arena, km_buf_str(&b));
    assert_true(out.n > 0 && out.n < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_a_fold_changes_nothing),
        cmocka_unit_test(folding_any_character_of_unicode_twice_changes_nothing),
        cmocka_unit_test(the_beginning_of_a_text_folds_to_the_beginning_of_its_key),
        cmocka_unit_test(two_writings_of_a_name_meet),
        cmocka_unit_test(names_that_differ_stay_apart),
        cmocka_unit_test(keys_look_as_the_header_says),
        cmocka_unit_test(words_stay_apart_by_one_space),
        cmocka_unit_test(every_variant_has_one_common_form_that_is_none_itself),
        cmocka_unit_test(width_changes_half_width_kana_and_full_width_ascii_only),
        cmocka_unit_test(width_of_kana_is_that_of_nfkc),
        cmocka_unit_test(hiragana_and_katakana_change_into_each_other),
        cmocka_unit_test(nfkc_is_bounded_and_leaves_out_what_is_no_utf8),
    };
    return cmocka_run_group_tests(tests, new_arena, free_arena);
}
