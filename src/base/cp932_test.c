/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kana.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/utf8.h"

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

/* Bytes of one character: one, or two from lead 0x81 on. */
static km_str bytes_of(unsigned pair)
{
    char *p = km_arena_alloc(arena, 2);
    p[0] = (char)(unsigned char)(pair > 0xFF ? pair >> 8 : pair);
    p[1] = (char)(unsigned char)(pair & 0xFF);
    return (km_str){ p, pair > 0xFF ? 2 : 1 };
}

/* 0 when the bytes are no character. */
static int32_t decoded(unsigned pair)
{
    km_str utf8;
    if (km_cp932_decode(&utf8, arena, bytes_of(pair), NULL) != KM_OK)
        return -1;
    int32_t c = km_utf8_next(&utf8);
    return utf8.n == 0 ? c : -1; /* two characters of one byte each are no pair */
}

static unsigned encoded(int32_t c)
{
    km_buf b = km_buf_in(arena);
    km_str bytes;
    km_utf8_put(&b, c);
    if (km_cp932_encode(&bytes, arena, km_buf_str(&b), NULL) != KM_OK)
        return 0x10000;
    const unsigned char *p = (const unsigned char *)bytes.p;
    return bytes.n == 1 ? p[0] : (unsigned)p[0] << 8 | p[1];
}

static void bytes_mean_what_microsoft_says(void **state)
{
    static const struct {
        unsigned pair;
        int32_t c;
    } rows[] = {
        { 0x00, 0 },        { 0x5C, '\\' },     { 0x7E, '~' },      { 0x7F, 0x7F },
        { 0x80, 0x80 },     { 0xA1, 0xFF61 },   { 0xDF, 0xFF9F },   { 0x8140, 0x3000 },
        { 0x815C, 0x2015 }, { 0x815F, 0xFF3C }, { 0x8160, 0xFF5E }, { 0x8161, 0x2225 },
        { 0x817C, 0xFF0D }, { 0x8191, 0xFFE0 }, { 0x8192, 0xFFE1 }, { 0x81CA, 0xFFE2 },
        { 0x8250, 0xFF11 }, { 0x82A0, 0x3042 }, { 0x8340, 0x30A1 }, { 0x889F, 0x4E9C },
        { 0x8740, 0x2460 },                     /* NEC row 13: ① */
        { 0x8754, 0x2160 },                     /* Ⅰ */
        { 0x877E, 0x337B },                     /* ㍻ */
        { 0x8782, 0x2116 },                     /* № */
        { 0xED40, 0x7E8A },                     /* NEC's selection of IBM: 纊 */
        { 0xEEFC, 0xFF02 }, { 0xFA40, 0x2170 }, /* IBM: ⅰ */
        { 0xFBFC, 0x9AD9 },                     /* 髙 */
        { 0xFAB1, 0xFA11 },                     /* 﨑 */
        { 0xFC4B, 0x9ED1 },                     /* 黑 */
        { 0xF040, 0xE000 },                     /* user-defined */
        { 0xF9FC, 0xE757 }, { 0xEAA4, 0x7199 }, /* 熙 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (decoded(rows[i].pair) != rows[i].c)
            fail_msg("%04X: U+%04X", rows[i].pair, (unsigned)decoded(rows[i].pair));
}

static void all_other_bytes_are_refused_with_their_place(void **state)
{
    static const struct {
        km_str bytes;
        uint32_t column;
    } rows[] = {
        { KM_STR_INIT("\xA0"), 1 },         { KM_STR_INIT("a\xFD"), 2 },
        { KM_STR_INIT("ab\xFE"), 3 },       { KM_STR_INIT("\xFF"), 1 },
        { KM_STR_INIT("\x82\xA0\x82"), 3 }, { KM_STR_INIT("\x81\x3F"), 1 },
        { KM_STR_INIT("\x81\x7F"), 1 },     { KM_STR_INIT("\x81\xFD"), 1 },
        { KM_STR_INIT("\x81\xAD"), 1 },     { KM_STR_INIT("\x85\x40"), 1 },
        { KM_STR_INIT("\xFC\x4C"), 1 },     { KM_STR_INIT("\xB1\xEF\x40"), 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_fault f = { 0 };
        km_str out;
        assert_int_equal(km_cp932_decode(&out, arena, rows[i].bytes, &f), KM_MALFORMED);
        assert_int_equal(f.code, KM_MALFORMED);
        assert_int_equal(f.column, rows[i].column);
    }
}

/* ASCII, 0x80, half-width kana, the index, user-defined ones. */
static void every_character_goes_there_and_back(void **state)
{
    int characters = 0, own_place = 0;
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        if (pair > 0xFF && pair < 0x8100)
            continue;
        int32_t c = decoded(pair);
        if (c >= 0) {
            characters++;
            assert_int_equal(decoded(encoded(c)), c);
            own_place += encoded(c) == pair;
        }
        km_arena_reset(arena);
    }
    assert_int_equal(characters, 128 + 1 + 63 + 7724 + 1880);
    /* The 398 of Microsoft KB 170559: NEC's selection; nine signs, ¬ and ∵, ten numerals,
     * № ℡ ㈱ again in row 13 or among IBM's. */
    assert_int_equal(characters - own_place, 374 + 9 + 2 + 10 + 3);
}

static void a_character_with_several_places_is_written_as_windows_writes_it(void **state)
{
    static const struct {
        int32_t c;
        unsigned pair;
    } rows[] = {
        { 0x2252, 0x81E0 }, { 0x2261, 0x81DF }, { 0x222B, 0x81E7 }, { 0x221A, 0x81E3 },
        { 0x22A5, 0x81DB }, { 0x2220, 0x81DA }, { 0x2235, 0x81E6 }, { 0x2229, 0x81BF },
        { 0x222A, 0x81BE }, { 0xFFE2, 0x81CA }, { 0x2160, 0x8754 }, { 0x2169, 0x875D },
        { 0x2116, 0x8782 }, { 0x2121, 0x8784 }, { 0x3231, 0x878A }, { 0x2170, 0xFA40 },
        { 0x2179, 0xFA49 }, { 0x7E8A, 0xFA5C }, { 0x9AD9, 0xFBFC }, { 0xFA11, 0xFAB1 },
        { 0xFFE4, 0xFA55 }, { 0xFF07, 0xFA56 }, { 0xFF02, 0xFA57 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (encoded(rows[i].c) != rows[i].pair)
            fail_msg("U+%04X: %04X", (unsigned)rows[i].c, encoded(rows[i].c));
}

static void signs_that_others_map_elsewhere_are_written_too(void **state)
{
    static const struct {
        int32_t c;
        unsigned pair;
    } rows[] = { { 0x301C, 0x8160 }, { 0x2016, 0x8161 }, { 0x2212, 0x817C }, { 0x2014, 0x815C },
                 { 0xA2, 0x8191 },   { 0xA3, 0x8192 },   { 0xAC, 0x81CA },   { 0xA5, 0x5C },
                 { 0x203E, 0x7E },   { 0xA6, 0xFA55 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(encoded(rows[i].c), rows[i].pair);
}

static void a_character_that_is_lacking_is_refused_with_its_place(void **state)
{
    static const struct {
        km_str text;
        uint32_t column;
    } rows[] = { { KM_STR_INIT("𠮷"), 1 },       { KM_STR_INIT("あé"), 4 },
                 { KM_STR_INIT("a\xff"), 2 },    { KM_STR_INIT("\xe3\x81"), 1 },
                 { KM_STR_INIT("ab\uE758"), 3 }, { KM_STR_INIT("か\u3099"), 4 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_fault f = { 0 };
        km_str out;
        assert_int_equal(km_cp932_encode(&out, arena, rows[i].text, &f), KM_BAD_VALUE);
        assert_int_equal(f.column, rows[i].column);
    }
}

static void text_is_a_row_of_characters(void **state)
{
    km_str utf8, bytes;
    (void)state;
    const km_str sjis = KM_STR("\x8ER\x93"
                               "c,\xD4\xCF\xC0\xDE,A\x5C\r\n");
    assert_int_equal(km_cp932_decode(&utf8, arena, sjis, NULL), KM_OK);
    assert_true(km_str_eq(utf8, KM_STR("山田,ﾔﾏﾀﾞ,A\\\r\n")));
    assert_int_equal(km_cp932_encode(&bytes, arena, utf8, NULL), KM_OK);
    assert_true(km_str_eq(bytes, sjis));
    assert_int_equal(km_cp932_decode(&utf8, arena, KM_STR_NONE, NULL), KM_OK);
    assert_int_equal(utf8.n, 0);
    assert_int_equal(km_cp932_encode(&bytes, arena, KM_STR_NONE, NULL), KM_OK);
    assert_int_equal(bytes.n, 0);
}

/* The table came from there once; this holds the reading of it. */
static void every_pair_means_what_glibc_says(void **state)
{
    iconv_t to = iconv_open("UTF-8", "CP932");
    (void)state;
    if (to == (iconv_t)-1) {
        print_message("no converter CP932 on this machine\n");
        skip();
    }
    for (unsigned pair = 0x8100; pair < 0x10000; pair++) {
        char in[2] = { (char)(unsigned char)(pair >> 8), (char)(unsigned char)pair }, out[8];
        char *from = in, *at = out;
        size_t left = 2, room = sizeof out;
        unsigned lead = pair >> 8;
        if (lead > 0xFC || (lead >= 0xA0 && lead < 0xE0))
            continue;
        iconv(to, NULL, NULL, NULL, NULL);
        bool theirs = iconv(to, &from, &left, &at, &room) != (size_t)-1;
        km_str ours;
        assert_int_equal(km_cp932_decode(&ours, arena, bytes_of(pair), NULL) == KM_OK, theirs);
        if (theirs)
            assert_true(km_str_eq(ours, (km_str){ out, sizeof out - room }));
        km_arena_reset(arena);
    }
    iconv_close(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_mean_what_microsoft_says),
        cmocka_unit_test(all_other_bytes_are_refused_with_their_place),
        cmocka_unit_test(every_character_goes_there_and_back),
        cmocka_unit_test(a_character_with_several_places_is_written_as_windows_writes_it),
        cmocka_unit_test(signs_that_others_map_elsewhere_are_written_too),
        cmocka_unit_test(a_character_that_is_lacking_is_refused_with_its_place),
        cmocka_unit_test(text_is_a_row_of_characters),
        cmocka_unit_test(every_pair_means_what_glibc_says),
    };
    return cmocka_run_group_tests(tests, new_arena, free_arena);
}
