/* SPDX-License-Identifier: Apache-2.0
 *
 * fold: the key under which two writings meet. Every character is folded by itself; what
 * looks back, looks at the letter written last (long vowels, 々, a voicing mark of its own).
 * No character that combines with its neighbours is ever written, so no order of marks has to
 * be restored and folding a fold changes nothing.
 */
#include "base/kana.h"

#include <assert.h>

#include <utf8proc.h>

#include "base/letters.h"
#include "base/utf8.h"

enum {
    HIRA_U = 0x3046,
    HIRA_O = 0x304A,
    HIRA_SHI = 0x3057,
    HIRA_SU = 0x3059,
    HIRA_CHI = 0x3061,
    HIRA_TSU = 0x3064,
    REPEAT_KANJI = 0x3005, /* 々 */
    REPEAT_KANA = 0x309D,  /* ゝ */
    LONGEST_PARTS = 32,    /* Unicode's longest decomposition has 18 */
};

typedef struct folding {
    km_buf out;
    int32_t last; /* letter written last, 0 before the first */
    bool words;   /* a gap becomes a space */
    bool gap;     /* a space came since `last` */
    bool bare;    /* the character just read was つ or ち: a mark may still voice it */
} folding;

static void write_letter(folding *f, int32_t c)
{
    if (f->gap && f->words && f->out.n > 0) {
        km_buf_char(&f->out, ' ');
        f->last = ' ';
    }
    f->gap = false;
    if (c == HIRA_O && km_kana__vowel(f->last) == 'o') /* おお is おう */
        c = HIRA_U;
    km_utf8_put(&f->out, c);
    f->last = c;
}

/* づ sounds as ず and ぢ as じ, and one name is written with either. */
static int32_t voiced(int32_t plain)
{
    return plain == HIRA_TSU ? HIRA_SU : plain == HIRA_CHI ? HIRA_SHI : plain;
}

static void write_kana(folding *f, int32_t hiragana)
{
    write_letter(f, km_kana__plain(hiragana));
    f->bare = f->last == HIRA_TSU || f->last == HIRA_CHI;
}

/* A voicing mark of its own, behind the kana it belongs to. */
static void voice_last(folding *f)
{
    f->out.n -= 3; /* つ and ち take three bytes */
    f->last = voiced(f->last);
    km_utf8_put(&f->out, f->last);
}

/* ー and whatever is typed for it or for a hyphen. */
static void write_dash(folding *f)
{
    char vowel = km_kana__vowel(f->last);
    if (!f->gap && (vowel == 'o' || vowel == 'u'))
        write_letter(f, HIRA_U);
}

/* Letters that Unicode does not take apart though people do. */
static const struct {
    int32_t letter;
    char plain[3];
} strokes[] = {
    { 0xE6, "ae" },  { 0xF0, "d" },  { 0xF8, "o" },  { 0xFE, "th" }, { 0x111, "d" },
    { 0x127, "h" },  { 0x131, "i" }, { 0x138, "k" }, { 0x142, "l" }, { 0x14B, "ng" },
    { 0x153, "oe" }, { 0x167, "t" }, { 0x180, "b" }, { 0x19A, "l" }, { 0x1B6, "z" },
    { 0x259, "e" },  { 0x268, "i" }, { 0x289, "u" },
};

static void write_latin(folding *f, int32_t c)
{
    for (size_t i = 0; i < sizeof strokes / sizeof *strokes; i++)
        if (strokes[i].letter == c) {
            for (const char *p = strokes[i].plain; *p != '\0'; p++)
                write_letter(f, *p);
            return;
        }
    write_letter(f, c);
}

/* ゝ ゞ ヽ ヾ 々 〻 say the letter before once more. */
static void write_again(folding *f, int32_t c)
{
    bool voice = c == 0x309E || c == 0x30FE;
    c = c < REPEAT_KANA ? REPEAT_KANJI : REPEAT_KANA;
    bool can = c == REPEAT_KANJI ? km_kana__is_kanji(f->last) : km_kana__vowel(f->last) != 0;
    write_letter(f, !can ? c : voice ? voiced(f->last) : f->last);
    f->bare = can && (f->last == HIRA_TSU || f->last == HIRA_CHI);
}

/* A character that has been taken apart already. */
static void fold_part(folding *f, int32_t c)
{
    bool was_bare = f->bare;
    f->bare = false;
    switch (km_kana__kind(c)) {
    case KM_KIND_GAP:
        f->gap = true;
        break;
    case KM_KIND_SILENT:
        break;
    case KM_KIND_DASH:
        write_dash(f);
        break;
    case KM_KIND_HIRAGANA:
        write_kana(f, c);
        break;
    case KM_KIND_KATAKANA:
        write_kana(f, c - KM_KANA_APART);
        break;
    case KM_KIND_VOICE:
        if (was_bare)
            voice_last(f);
        break;
    case KM_KIND_AGAIN:
        write_again(f, c);
        break;
    case KM_KIND_KANJI:
        write_letter(f, km_kana__common(c));
        break;
    case KM_KIND_LATIN:
        write_latin(f, c);
        break;
    case KM_KIND_OTHER:
        write_letter(f, c);
        break;
    }
}

/* Kana, kanji and ASCII are most of what comes and need no taking apart. */
static bool is_whole(int32_t c)
{
    return c < 0x80 || (c >= 0x3041 && c <= 0x3096) || (c >= 0x309B && c <= 0x309E)
           || (c >= 0x30A1 && c <= 0x30FE) || (c >= 0x4E00 && c <= 0x9FFF) || c == 0xB4;
}

static void fold_char(folding *f, int32_t c)
{
    utf8proc_int32_t part[LONGEST_PARTS];
    int boundary = 0;
    if (c >= 'A' && c <= 'Z')
        c += 'a' - 'A';
    else if (c >= 0xFF66 && c <= 0xFF9D)
        c = km_kana__full_width(c);
    if (is_whole(c)) {
        fold_part(f, c);
        return;
    }
    utf8proc_ssize_t n = utf8proc_decompose_char(
        c, part, LONGEST_PARTS,
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &boundary);
    assert(n >= 0 && n <= LONGEST_PARTS);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        fold_part(f, part[i]);
}

static km_str fold(km_arena *a, km_str text, bool words)
{
    folding f = { .out = km_buf_in(a), .words = words };
    km_buf_reserve(&f.out, text.n + 1);
    while (text.n > 0) {
        int32_t c = km_utf8_next(&text);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            f.bare = false;
            write_letter(&f, c);
        } else if (c == KM_UTF8_BAD)
            f.bare = false;
        else
            fold_char(&f, c);
    }
    return km_buf_str(&f.out);
}

km_str km_fold(km_arena *a, km_str text)
{
    return fold(a, text, false);
}

km_str km_fold_words(km_arena *a, km_str text)
{
    return fold(a, text, true);
}
