/* SPDX-License-Identifier: Apache-2.0
 *
 * normal: what stands in a field, freed of how it was written. One table of 65,536 entries, made
 * once of base/kana's rules, folds a character; a record costs one pass over its bytes.
 */
#include "linkage/inside.h"

#include <string.h>
#include <threads.h>

#include "base/date.h"
#include "base/kana.h"
#include "base/utf8.h"

enum { TABLE = 65536, DROP = 0, VOICED = 1, HALF_VOICED = 2, GAP = 3, ARENA = 1 << 22 };

static uint16_t folded[TABLE], plain[TABLE];
static once_flag once = ONCE_FLAG_INIT;

static bool is_katakana(int c)
{
    return c >= 0x30A1 && c <= 0x30FA;
}

/* Small to large, and what sounds the same: ヅ ズ, ヂ ジ, ヲ オ, ヱ エ, ヰ イ. */
static uint16_t katakana(int c)
{
    static const uint16_t from[] = { 0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9, 0x30C3,
                                     0x30E3, 0x30E5, 0x30E7, 0x30EE, 0x30F5, 0x30F6,
                                     0x30C2, 0x30C5, 0x30F2, 0x30F1, 0x30F0 };
    static const uint16_t to[] = { 0x30A2, 0x30A4, 0x30A6, 0x30A8, 0x30AA, 0x30C4,
                                   0x30E4, 0x30E6, 0x30E8, 0x30EF, 0x30AB, 0x30B1,
                                   0x30B8, 0x30BA, 0x30AA, 0x30A8, 0x30A4 };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        if (from[i] == c)
            return to[i];
    return (uint16_t)c;
}

static int first_of(km_str s)
{
    return s.n > 0 ? km_utf8_next(&s) : 0;
}

static km_str utf8_of(char room[4], int c)
{
    return (km_str){ room, km_utf8_bytes((unsigned char *)room, c) };
}

static uint16_t fold_other(km_arena *a, int c)
{
    char room[4];
    km_str s = km_fold(a, utf8_of(room, c));
    int to = first_of(s);
    return to > 0 && to < TABLE ? (uint16_t)to : DROP;
}

static uint16_t fold_one(km_arena *a, int c)
{
    char room[4];
    int k = c;
    if (c == ' ' || c == 0x3000)
        return GAP;
    if (c >= 0xFF61 && c <= 0xFF9F) {
        if (c == 0xFF9E || c == 0xFF9F)
            return c == 0xFF9E ? VOICED : HALF_VOICED;
        k = first_of(km_width(a, utf8_of(room, c)));
    }
    if (c == 0x3099 || c == 0x309B)
        return VOICED;
    if (c == 0x309A || c == 0x309C)
        return HALF_VOICED;
    if (c == 0x3013 || c == 0x25A0 || c == 0xFFFD || (c >= 0xE000 && c < 0xF900))
        return KM_LINK_WILD;
    if (k >= 0x3041 && k <= 0x3096)
        k += 0x60;
    if (is_katakana(k))
        return katakana(k);
    if (k == 0x30FC || (c >= 0xD800 && c < 0xE000))
        return DROP;
    if (c == 0x3005) /* 々 says the letter before again */
        return (uint16_t)c;
    return fold_other(a, c);
}

static uint16_t plain_one(km_arena *a, int c)
{
    char room[4];
    if (!is_katakana(c))
        return (uint16_t)c;
    int to = first_of(km_fold(a, utf8_of(room, c)));
    return to > 0 && to < TABLE ? (uint16_t)to : (uint16_t)c;
}

static void make_tables(void)
{
    km_arena *a = km_arena_new(ARENA);
    for (int c = 1; c < TABLE; c++) {
        folded[c] = fold_one(a, c);
        km_arena_reset(a);
    }
    for (int c = 1; c < TABLE; c++) {
        plain[c] = plain_one(a, c);
        km_arena_reset(a);
    }
    km_arena_free(a);
}

uint16_t km_linkage__plain(uint16_t kana)
{
    return plain[kana];
}

static uint16_t voiced(uint16_t before, bool half)
{
    bool ha = before >= 0x30CF && before <= 0x30DB && (before - 0x30CF) % 3 == 0;
    if (half)
        return ha ? (uint16_t)(before + 2) : before;
    if (before == 0x30A6)
        return 0x30F4;
    if (before == 0x30C1) /* チ with its mark sounds as ジ, ツ as ズ */
        return 0x30B8;
    if (before == 0x30C4)
        return 0x30BA;
    if (ha || before == 0x30C6 || before == 0x30C8
        || (before >= 0x30AB && before <= 0x30BF && before % 2 == 1))
        return (uint16_t)(before + 1);
    return before;
}

/* ヴァ is バ, ヴィ ビ, ヴ ブ, ヴェ ベ, ヴォ ボ. */
static bool joins_vu(km_link_text *out, uint16_t c)
{
    static const uint16_t small[] = { 0x30A2, 0x30A4, 0x30A8, 0x30AA };
    static const uint16_t to[] = { 0x30D0, 0x30D3, 0x30D9, 0x30DC };
    if (out->n == 0 || out->cp[out->n - 1] != 0x30F4)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (c == small[i]) {
            out->cp[out->n - 1] = to[i];
            return true;
        }
    out->cp[out->n - 1] = 0x30D6;
    return false;
}

static void put(km_link_text *out, uint16_t c)
{
    if (c == DROP || joins_vu(out, c))
        return;
    if (c == VOICED || c == HALF_VOICED) {
        if (out->n > 0)
            out->cp[out->n - 1] = voiced(out->cp[out->n - 1], c == HALF_VOICED);
    } else if (c == GAP) {
        if (out->n > 0 && out->gap == 0)
            out->gap = out->n;
    } else if (out->n < KM_LINK_NAME) {
        if (c == 0x3005 && out->n > 0)
            c = out->cp[out->n - 1];
        out->wild = out->wild || c == KM_LINK_WILD;
        out->cp[out->n++] = c;
    }
}

/* Beyond the first plane: ideographs that have a common form there is a table for; variation
 * selectors say nothing. */
static void put_far(km_link_text *out, int c)
{
    char room[4];
    if (c >= 0xE0100 && c <= 0xE01EF)
        return;
    if (c >= 0xF0000) {
        put(out, KM_LINK_WILD);
        return;
    }
    km_arena *a = km_arena_new(4096);
    int to = first_of(km_fold(a, utf8_of(room, c)));
    km_arena_free(a);
    put(out, to > 0 && to < TABLE ? (uint16_t)to : (uint16_t)(0xE000 | (c & 0xFFF)));
}

void km_linkage__fold(km_link_text *out, km_str s)
{
    call_once(&once, make_tables);
    out->n = out->gap = 0;
    out->wild = false;
    while (s.n > 0) {
        int c = (unsigned char)s.p[0];
        if (c < 0x80) {
            s = (km_str){ s.p + 1, s.n - 1 };
            put(out, c == 0 ? DROP : folded[c]);
            continue;
        }
        c = km_utf8_next(&s);
        if (c < 0)
            put(out, KM_LINK_WILD);
        else if (c < TABLE)
            put(out, folded[c]);
        else
            put_far(out, c);
    }
    (void)joins_vu(out, 0);
    if (out->gap == out->n)
        out->gap = 0;
}

/* --- dates --- */

static bool digits(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static uint32_t of_day(int64_t day)
{
    int y, m, d;
    km_day_to_civil(day, &y, &m, &d);
    return (uint32_t)(y * 10000 + m * 100 + d);
}

/* YYYYMMDD where month and day may be 00. */
static uint32_t of_eight(km_str s, bool *bad)
{
    int y, m, d;
    (void)km_str_take_digits(&y, &s, 4);
    (void)km_str_take_digits(&m, &s, 2);
    (void)km_str_take_digits(&d, &s, 2);
    if (y < 1800 || y > 2200 || m > 12 || d > 31 || (m == 0 && d != 0)
        || (m > 0 && d > 0 && !km_civil_exists(y, m, d))) {
        *bad = true;
        return 0;
    }
    return (uint32_t)(y * 10000 + m * 100 + d);
}

static uint32_t of_words(km_str s, bool *bad)
{
    char room[64];
    size_t n = 0;
    int64_t day;
    km_arena *a = km_arena_new(4096);
    km_str plainly = km_width(a, s);
    for (size_t i = 0; i < plainly.n && n < sizeof room; i++)
        if (plainly.p[i] != ' ')
            room[n++] = plainly.p[i];
    s = (km_str){ room, n };
    uint32_t out = 0;
    if (s.n == 8 && digits(s))
        out = of_eight(s, bad);
    else if (km_era_parse(&day, s))
        out = of_day(day);
    else {
        char only[8];
        size_t k = 0;
        bool clean = true;
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] >= '0' && s.p[i] <= '9' && k < 8)
                only[k++] = s.p[i];
            else
                clean = clean && (s.p[i] == '-' || s.p[i] == '/' || s.p[i] == '.');
        }
        if (clean && k == 8 && s.n == 10)
            out = of_eight((km_str){ only, 8 }, bad);
        else
            *bad = true;
    }
    km_arena_free(a);
    return out;
}

uint32_t km_linkage__birth(km_str s, bool *bad)
{
    *bad = false;
    s = km_str_trim(s);
    if (s.n == 0)
        return 0;
    if (s.n == 8 && digits(s))
        return of_eight(s, bad);
    return of_words(s, bad);
}

/* --- numbers --- */

static size_t put_part(char *out, size_t n, size_t room, const char *part, size_t k)
{
    while (k > 1 && part[0] == '0') {
        part++;
        k--;
    }
    if (k == 0 || n + k + 1 > room)
        return n;
    if (n > 0)
        out[n++] = '-';
    memcpy(out + n, part, k);
    return n + k;
}

/* What is neither digit nor letter parts. */
static size_t parts_of(char *out, size_t room, const km_link_text *t)
{
    char part[64];
    size_t k = 0, n = 0;
    for (size_t i = 0; i <= t->n; i++) {
        uint16_t c = i < t->n ? t->cp[i] : '-';
        bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (letter && k < sizeof part)
            part[k++] = (char)c;
        else if (c >= 0x80 && k + 2 < sizeof part) {
            part[k++] = (char)(c >> 8);
            part[k++] = (char)c;
        } else if (!letter) {
            n = put_part(out, n, room, part, k);
            k = 0;
        }
    }
    return n;
}

static bool is_hyphen(int c)
{
    return c == '-' || c == 0x2010 || c == 0x2011 || c == 0x2012 || c == 0x2013 || c == 0x2014
           || c == 0x2015 || c == 0x2212 || c == 0xFF0D || c == 0x30FC || c == 0xFF70;
}

/* Folding drops hyphens, which here keep parts apart. */
static void fold_parts(km_link_text *out, km_str s)
{
    call_once(&once, make_tables);
    *out = (km_link_text){ 0 };
    while (s.n > 0 && out->n < KM_LINK_NAME) {
        int c = km_utf8_next(&s);
        if (c > 0 && is_hyphen(c))
            out->cp[out->n++] = '-';
        else if (c > 0 && c < TABLE && folded[c] > GAP)
            out->cp[out->n++] = folded[c];
    }
}

size_t km_linkage__number(char *out, size_t room, km_str s)
{
    km_link_text t;
    fold_parts(&t, s);
    return parts_of(out, room, &t);
}

/* 丁目, 番地, 番, 号, の, and kanji numerals. */
size_t km_linkage__address(char *out, size_t room, km_str s)
{
    static const uint16_t numerals[] = { 0x3007, 0x4E00, 0x4E8C, 0x4E09, 0x56DB,
                                         0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D };
    static const uint16_t breaks[] = { 0x4E01, 0x76EE, 0x756A, 0x5730, 0x53F7, 0x30CE };
    km_link_text t;
    fold_parts(&t, s);
    for (size_t i = 0; i < t.n; i++) {
        for (size_t k = 0; k < 10; k++)
            if (t.cp[i] == numerals[k])
                t.cp[i] = (uint16_t)('0' + k);
        for (size_t k = 0; k < 6; k++)
            if (t.cp[i] == breaks[k] && i > 0 && t.cp[i - 1] < 0x80)
                t.cp[i] = '-';
    }
    return parts_of(out, room, &t);
}
