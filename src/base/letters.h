/* SPDX-License-Identifier: Apache-2.0
 *
 * letters: what the files behind kana.h know of single characters.
 */
#ifndef KM_BASE_LETTERS_H
#define KM_BASE_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

/* From a hiragana to its katakana, U+3041..U+3096. */
#define KM_KANA_APART 0x60

/* What folding does with a character that NFKC has taken apart. */
typedef enum km_kind {
    KM_KIND_OTHER,  /* stays */
    KM_KIND_LATIN,  /* may have a stroke */
    KM_KIND_GAP,    /* spaces, controls, middle dots */
    KM_KIND_DASH,   /* ー, hyphens, dashes, tildes */
    KM_KIND_SILENT, /* apostrophes; accents and points */
    KM_KIND_HIRAGANA,
    KM_KIND_KATAKANA,
    KM_KIND_VOICE, /* ゛ ゜ */
    KM_KIND_AGAIN, /* ゝ ゞ ヽ ヾ 々 〻 */
    KM_KIND_KANJI,
} km_kind;
km_kind km_kana__kind(int32_t c);

bool km_kana__is_kanji(int32_t c);

/* The common form of a kanji; the character itself when it is no variant. */
int32_t km_kana__common(int32_t c);

/* Large and voiceless: が, ガ's hiragana and ゕ are か; づ is す, ぢ is し, ゐ is い, を is お. */
int32_t km_kana__plain(int32_t hiragana);

/* a i u e o, n for ん; 0 for what is no hiragana. */
char km_kana__vowel(int32_t hiragana);

/* The katakana of a half-width one (U+FF66..U+FF9D), ー of U+FF70. */
int32_t km_kana__full_width(int32_t half);

#endif
