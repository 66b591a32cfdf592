/* SPDX-License-Identifier: Apache-2.0
 *
 * kana: one width, one script, and NFKC.
 */
#include "base/kana.h"

#include <assert.h>

#include <utf8proc.h>

#include "base/letters.h"
#include "base/utf8.h"

enum {
    HALF_FIRST = 0xFF61,
    HALF_KANA = 0xFF66,
    HALF_LAST = 0xFF9D,
    HALF_VOICE = 0xFF9E, /* ﾞ, and ﾟ behind it */
};

/* The kana with its mark, 0 when there is no such kana. */
static int32_t join(int32_t kana, bool half_voice)
{
    if (kana >= 0x30CF && kana <= 0x30DB && (kana - 0x30CF) % 3 == 0) /* ハヒフヘホ */
        return kana + (half_voice ? 2 : 1);
    if (half_voice)
        return 0;
    if (kana >= 0x30AB && kana <= 0x30C1 && kana % 2 == 1) /* カ..チ */
        return kana + 1;
    if (kana == 0x30C4 || kana == 0x30C6 || kana == 0x30C8) /* ツテト */
        return kana + 1;
    return kana == 0x30A6 ? 0x30F4 : kana == 0x30EF ? 0x30F7 : kana == 0x30F2 ? 0x30FA : 0;
}

static int32_t widen(int32_t half, km_str *rest)
{
    static const int32_t signs[] = { 0x3002, 0x300C, 0x300D, 0x3001, 0x30FB }; /* 。「」、・ */
    if (half < HALF_KANA)
        return signs[half - HALF_FIRST];
    if (half >= HALF_VOICE)
        return half - HALF_VOICE + 0x309B;
    int32_t kana = km_kana__full_width(half);
    km_str after = *rest;
    int32_t mark = after.n > 0 ? km_utf8_next(&after) : 0;
    int32_t both = mark == HALF_VOICE || mark == HALF_VOICE + 1 ? join(kana, mark > HALF_VOICE) : 0;
    if (both == 0)
        return kana;
    *rest = after;
    return both;
}

typedef int32_t change(int32_t c, km_str *rest);

/* Every character changed by itself; what is not UTF-8 stays as it is. */
static km_str change_each(km_arena *a, km_str text, change *f)
{
    km_buf out = km_buf_in(a);
    km_buf_reserve(&out, text.n + 1);
    while (text.n > 0) {
        km_str before = text;
        int32_t c = km_utf8_next(&text);
        if (c == KM_UTF8_BAD)
            km_buf_char(&out, before.p[0]);
        else
            km_utf8_put(&out, f(c, &text));
    }
    return km_buf_str(&out);
}

static int32_t one_width(int32_t c, km_str *rest)
{
    if (c >= 0xFF01 && c <= 0xFF5E)
        return c - 0xFF01 + '!';
    return c >= HALF_FIRST && c <= HALF_VOICE + 1 ? widen(c, rest) : c;
}

static int32_t to_kata(int32_t c, km_str *rest)
{
    (void)rest;
    return (c >= 0x3041 && c <= 0x3096) || c == 0x309D || c == 0x309E ? c + KM_KANA_APART : c;
}

static int32_t to_hira(int32_t c, km_str *rest)
{
    (void)rest;
    return (c >= 0x30A1 && c <= 0x30F6) || c == 0x30FD || c == 0x30FE ? c - KM_KANA_APART : c;
}

km_str km_width(km_arena *a, km_str text)
{
    return change_each(a, text, one_width);
}

km_str km_hira_to_kata(km_arena *a, km_str text)
{
    return change_each(a, text, to_kata);
}

km_str km_kata_to_hira(km_arena *a, km_str text)
{
    return change_each(a, text, to_hira);
}

/* Well-formed characters only, and no more marks on one letter than UAX #15 (Stream-Safe Text)
 * has in any language: putting marks in order takes the square of their number. */
static km_str marks_in_bounds(km_arena *a, km_str text)
{
    enum { MARKS = 30 };
    km_buf out = km_buf_in(a);
    int marks = 0;
    km_buf_reserve(&out, text.n + 1);
    while (text.n > 0) {
        int32_t c = km_utf8_next(&text);
        if (c == KM_UTF8_BAD)
            continue;
        marks = c >= 0x300 && utf8proc_get_property(c)->combining_class != 0 ? marks + 1 : 0;
        if (marks <= MARKS)
            km_utf8_put(&out, c);
    }
    return km_buf_str(&out);
}

km_str km_nfkc(km_arena *a, km_str text)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    km_str in = marks_in_bounds(a, text);
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)in.p;
    utf8proc_ssize_t n = utf8proc_decompose(p, (utf8proc_ssize_t)in.n, NULL, 0, options);
    assert(n >= 0);
    /* Room for one number a character, and for the bytes that take their place. */
    utf8proc_int32_t *letters = km_arena_alloc(a, ((size_t)n + 1) * sizeof *letters);
    n = utf8proc_decompose(p, (utf8proc_ssize_t)in.n, letters, n, options);
    assert(n >= 0);
    n = utf8proc_reencode(letters, n, options);
    assert(n >= 0);
    return (km_str){ (const char *)letters, (size_t)n };
}
