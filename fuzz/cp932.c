/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: base
 *
 * Code page 932 and the keys of names: what decodes encodes again to bytes of the same
 * meaning; any bytes fold, and a fold folds to itself.
 */
#include "base/kana.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_pages(km_arena *a, km_str bytes)
{
    km_str utf8, back, again;
    km_fault f = { 0 };
    if (km_cp932_decode(&utf8, a, bytes, &f) != KM_OK) {
        claim(f.column >= 1 && f.column <= bytes.n);
        return;
    }
    claim(km_str_is_utf8(utf8, NULL));
    claim(km_cp932_encode(&back, a, utf8, NULL) == KM_OK);
    claim(back.n == bytes.n);
    claim(km_cp932_decode(&again, a, back, NULL) == KM_OK);
    claim(km_str_eq(again, utf8));
}

static void fuzz_keys(km_arena *a, km_str text)
{
    km_str out[KM_ROMAJI_READINGS], key = km_fold(a, text), words = km_fold_words(a, text);
    claim(km_str_is_utf8(key, NULL));
    claim(km_str_eq(km_fold(a, key), key));
    claim(km_str_eq(km_fold_words(a, words), words));
    claim(km_str_is_utf8(km_nfkc(a, text), NULL));
    claim(km_str_is_utf8(km_width(a, text), NULL) == km_str_is_utf8(text, NULL));
    km_hira_to_kata(a, text);
    km_kata_to_hira(a, text);
    size_t n = km_romaji_readings(out, KM_ROMAJI_READINGS, a, text);
    for (size_t i = 0; i < n; i++)
        claim(km_str_eq(km_fold(a, out[i]), out[i]));
    km_str bytes;
    (void)km_cp932_encode(&bytes, a, text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    fuzz_pages(a, text);
    fuzz_keys(a, text);
    km_arena_free(a);
    return 0;
}
