/* SPDX-License-Identifier: Apache-2.0
 *
 * letters: see letters.h.
 */
#include "base/letters.h"

#include <assert.h>
#include <uchar.h>

#include <utf8proc.h>

enum { FIRST = 0x3041, LAST = 0x3096, KANA = LAST - FIRST + 1 };

static const char16_t plain[KANA + 1] = u"ああいいううええおお"
                                        u"かかききくくけけここ"
                                        u"ささししすすせせそそ"
                                        u"たたちしつつすててとと"
                                        u"なにぬねの"
                                        u"はははひひひふふふへへへほほほ"
                                        u"まみむめも"
                                        u"ややゆゆよよ"
                                        u"らりるれろ"
                                        u"わわいえおん"
                                        u"うかけ";

static const char vowels[KANA + 1] = "aaiiuueeoo"
                                     "aaiiuueeoo"
                                     "aaiiuueeoo"
                                     "aaiiuuueeoo"
                                     "aiueo"
                                     "aaaiiiuuueeeooo"
                                     "aiueo"
                                     "aauuoo"
                                     "aiueo"
                                     "aaieon"
                                     "uae";

int32_t km_kana__plain(int32_t hiragana)
{
    assert(hiragana >= FIRST && hiragana <= LAST);
    return plain[hiragana - FIRST];
}

char km_kana__vowel(int32_t hiragana)
{
    return hiragana >= FIRST && hiragana <= LAST ? vowels[hiragana - FIRST] : '\0';
}

int32_t km_kana__full_width(int32_t half)
{
    static const char16_t full[] = u"ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテト"
                                   u"ナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
    assert(half >= 0xFF66 && half <= 0xFF9D);
    return full[half - 0xFF66];
}

bool km_kana__is_kanji(int32_t c)
{
    return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0x20000 && c <= 0x3FFFF)
           || (c >= 0xF900 && c <= 0xFAFF);
}

/* Signs with a meaning of their own here, before the blocks they stand in are asked. */
static const struct {
    int32_t first, last;
    km_kind kind;
} signs[] = {
    { 0, ' ', KM_KIND_GAP },
    { '\'', '\'', KM_KIND_SILENT },
    { '-', '-', KM_KIND_DASH },
    { '`', '`', KM_KIND_SILENT },
    { '~', '~', KM_KIND_DASH },
    { 0x7F, 0xA0, KM_KIND_GAP },
    { 0xB4, 0xB4, KM_KIND_SILENT },     /* ´ */
    { 0xB7, 0xB7, KM_KIND_GAP },        /* · */
    { 0x2B9, 0x2BF, KM_KIND_SILENT },   /* ʹ ʼ and the like */
    { 0x1680, 0x1680, KM_KIND_GAP },    /* the one space NFKC leaves */
    { 0x2010, 0x2015, KM_KIND_DASH },   /* ‐ — ― */
    { 0x2018, 0x201B, KM_KIND_SILENT }, /* ‘ ’ */
    { 0x2022, 0x2022, KM_KIND_GAP },    /* • */
    { 0x2027, 0x2029, KM_KIND_GAP },    /* ‧, line and paragraph separator */
    { 0x2032, 0x2032, KM_KIND_SILENT }, /* ′ */
    { 0x2043, 0x2043, KM_KIND_DASH },
    { 0x2212, 0x2212, KM_KIND_DASH }, /* − */
    { 0x2219, 0x2219, KM_KIND_GAP },
    { 0x22C5, 0x22C5, KM_KIND_GAP },  /* ⋅ */
    { 0x2500, 0x2500, KM_KIND_DASH }, /* ─, drawn for ー in old files */
    { 0x3005, 0x3005, KM_KIND_AGAIN },
    { 0x301C, 0x301C, KM_KIND_DASH },
    { 0x303B, 0x303B, KM_KIND_AGAIN },
    { 0x3099, 0x309C, KM_KIND_VOICE },
    { 0x309D, 0x309E, KM_KIND_AGAIN },
    { 0x30A0, 0x30A0, KM_KIND_DASH },
    { 0x30FB, 0x30FB, KM_KIND_GAP },
    { 0x30FC, 0x30FC, KM_KIND_DASH },
    { 0x30FD, 0x30FE, KM_KIND_AGAIN },
};
enum { SIGNS = sizeof signs / sizeof *signs };

static km_kind kind_of_sign(int32_t c)
{
    int low = 0, high = SIGNS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (c > signs[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < SIGNS && c >= signs[low].first ? signs[low].kind : KM_KIND_OTHER;
}

km_kind km_kana__kind(int32_t c)
{
    if (c >= FIRST && c <= LAST)
        return KM_KIND_HIRAGANA;
    if (c >= FIRST + KM_KANA_APART && c <= LAST + KM_KANA_APART)
        return KM_KIND_KATAKANA;
    if (km_kana__is_kanji(c))
        return KM_KIND_KANJI;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return KM_KIND_OTHER;
    km_kind sign = kind_of_sign(c);
    if (sign != KM_KIND_OTHER || c < 0x80)
        return sign;
    if (c < 0x300)
        return KM_KIND_LATIN;
    return utf8proc_get_property(c)->combining_class != 0 ? KM_KIND_SILENT : KM_KIND_OTHER;
}
