/* SPDX-License-Identifier: Apache-2.0
 *
 * kana: Japanese text made comparable, and Windows code page 932.
 *
 * km_fold gives the key under which two writings of one name or word meet:
 *   NFKC (half-width kana, full-width Latin) -> lower case, accents and strokes off
 *   -> katakana to hiragana -> small kana to large, voicing marks off (が = か, ぱ = は);
 *      what sounds the same is the same (づ = ず, ぢ = じ, ゐ = い, ゑ = え, を = お)
 *   -> long vowels, see below; ゝ and 々 say the letter before again (佐々木 = 佐佐木)
 *   -> middle dots, spaces (ASCII, U+3000), hyphens, apostrophes off
 *   -> old and variant kanji to the common form (髙 -> 高, 﨑 -> 崎, 邊邉 -> 辺, 齋斎齊 -> 斉 ...)
 * so 山田太郎 = 山田　太郎, ﾔﾏﾀﾞ = ヤマダ = やまだ, José = jose.
 * The table of variants is `data/base/kanji_variants.tsv` (origin named there).
 *
 * Long vowels. Only o and u are long in names, and a long one stays another name than the short:
 * 大野 is not 小野, 大川 not 小川. It has one form, written う: お behind a kana with o, and ー
 * (or a dash typed for it) behind a kana with o or u. So おおの = オオノ = オーノ = おうの, and
 * in romaji ohno = oono = ouno = Ōno = Ôno, カトー = かとう = katoh. ー behind other kana is off,
 * because foreign names come with it and without (マリー = マリ). The beginning of a text always
 * folds to the beginning of its key, so that searching while typing works: かと, kato find かとう.
 * Passports leave long vowels out in the middle too (Kohei); km_romaji_readings tries both.
 */
#ifndef KM_BASE_KANA_H
#define KM_BASE_KANA_H

#include "base/buf.h"
#include "base/fault.h"

/* The folded key; bytes that are not UTF-8 are left out. Never fails. Folding a
 * fold changes nothing. Words stay apart by one space only where keep_spaces. */
km_str km_fold(km_arena *a, km_str text);
km_str km_fold_words(km_arena *a, km_str text); /* spaces between words kept as one space */

/* When the whole of `text` reads as romaji (Hepburn or Kunrei, long vowels as
 * ou, oo, ō, oh ...), its folded hiragana in *out and true: "yamada" -> やまた.
 * Search asks for both keys. It is the first of the readings. */
bool km_romaji_to_fold(km_str *out, km_arena *a, km_str text);

/* Every reading that romaji leaves open, the likeliest first: shinichi is しんいち or しにち,
 * kohei こへい or こうへい. None when the text is no romaji. */
#define KM_ROMAJI_READINGS 16
size_t km_romaji_readings(km_str *out, size_t max, km_arena *a, km_str text);

/* NFKC through utf8proc. Bytes that are not UTF-8 are left out, and so are more than 30 marks
 * on one letter. */
km_str km_nfkc(km_arena *a, km_str text);

/* Half-width katakana to full-width (with voicing joined), full-width ASCII to
 * ASCII; nothing else changes, U+3000 and bytes that are not UTF-8 neither. */
km_str km_width(km_arena *a, km_str text);
km_str km_hira_to_kata(km_arena *a, km_str text);
km_str km_kata_to_hira(km_arena *a, km_str text);

/* CP932 (Windows-31J with NEC and IBM extensions, WHATWG index). Unmappable
 * bytes: KM_MALFORMED with their offset in column. Encoding: KM_BAD_VALUE. Both
 * also treat the wave dash and the like by the Microsoft mapping. */
km_code km_cp932_decode(km_str *utf8, km_arena *a, km_str bytes, km_fault *f);
km_code km_cp932_encode(km_str *bytes, km_arena *a, km_str utf8, km_fault *f);

#endif
