/* SPDX-License-Identifier: Apache-2.0
 *
 * romaji: Japanese in Latin letters, read back into kana. Hepburn, Kunrei, passports and what
 * people type into an input method are taken side by side, because nobody says which they use.
 */
#include "base/kana.h"

#include <assert.h>

#include <utf8proc.h>

#include "base/letters.h"
#include "base/utf8.h"

enum {
    LONGEST = 96,   /* letters; longer text is no name */
    KANA_ROOM = 16, /* bytes of one syllable */
    CHOICES = 3,
    OPEN = 6, /* syllables of which more than one reading is tried: 3^6 at most */
};

/* ' is a place where words meet, ^ makes the vowel before it long. */
typedef struct letters {
    char at[LONGEST + 4]; /* ends in NULs, so that looking ahead needs no care */
    size_t n;
} letters;

typedef struct syllable {
    char kana[CHOICES][KANA_ROOM];
    int choices;
} syllable;

typedef struct reading {
    const letters *text;
    size_t at;
    syllable syllables[LONGEST];
    size_t n;
} reading;

static const char five[] = "aiueo";

static const struct row {
    char consonants[3];
    const char *kana[5]; /* with a i u e o, NULL where there is none */
} rows[] = {
    { "", { "あ", "い", "う", "え", "お" } },
    { "k", { "か", "き", "く", "け", "こ" } },
    { "ky", { "きゃ", NULL, "きゅ", "きぇ", "きょ" } },
    { "kw", { "くぁ", "くぃ", NULL, "くぇ", "くぉ" } },
    { "g", { "が", "ぎ", "ぐ", "げ", "ご" } },
    { "gy", { "ぎゃ", NULL, "ぎゅ", "ぎぇ", "ぎょ" } },
    { "s", { "さ", "し", "す", "せ", "そ" } },
    { "sh", { "しゃ", "し", "しゅ", "しぇ", "しょ" } },
    { "sy", { "しゃ", NULL, "しゅ", "しぇ", "しょ" } },
    { "z", { "ざ", "じ", "ず", "ぜ", "ぞ" } },
    { "zy", { "じゃ", NULL, "じゅ", "じぇ", "じょ" } },
    { "j", { "じゃ", "じ", "じゅ", "じぇ", "じょ" } },
    { "jy", { "じゃ", NULL, "じゅ", "じぇ", "じょ" } },
    { "t", { "た", "ち", "つ", "て", "と" } },
    { "ch", { "ちゃ", "ち", "ちゅ", "ちぇ", "ちょ" } },
    { "ty", { "ちゃ", NULL, "ちゅ", "ちぇ", "ちょ" } },
    { "ts", { "つぁ", "つぃ", "つ", "つぇ", "つぉ" } },
    { "d", { "だ", "ぢ", "づ", "で", "ど" } },
    { "dy", { "ぢゃ", NULL, "ぢゅ", "ぢぇ", "ぢょ" } },
    { "dz", { NULL, NULL, "づ", NULL, NULL } },
    { "n", { "な", "に", "ぬ", "ね", "の" } },
    { "ny", { "にゃ", NULL, "にゅ", "にぇ", "にょ" } },
    { "h", { "は", "ひ", "ふ", "へ", "ほ" } },
    { "hy", { "ひゃ", NULL, "ひゅ", "ひぇ", "ひょ" } },
    { "f", { "ふぁ", "ふぃ", "ふ", "ふぇ", "ふぉ" } },
    { "b", { "ば", "び", "ぶ", "べ", "ぼ" } },
    { "by", { "びゃ", NULL, "びゅ", "びぇ", "びょ" } },
    { "p", { "ぱ", "ぴ", "ぷ", "ぺ", "ぽ" } },
    { "py", { "ぴゃ", NULL, "ぴゅ", "ぴぇ", "ぴょ" } },
    { "v", { "ゔぁ", "ゔぃ", "ゔ", "ゔぇ", "ゔぉ" } },
    { "m", { "ま", "み", "む", "め", "も" } },
    { "my", { "みゃ", NULL, "みゅ", "みぇ", "みょ" } },
    { "y", { "や", NULL, "ゆ", "いぇ", "よ" } },
    { "r", { "ら", "り", "る", "れ", "ろ" } },
    { "ry", { "りゃ", NULL, "りゅ", "りぇ", "りょ" } },
    { "w", { "わ", "うぃ", NULL, "うぇ", "を" } },
};

static bool add_letter(letters *l, int32_t c)
{
    if (c == 0x304 || c == 0x302) /* ō, ô */
        c = '^';
    else
        switch (km_kana__kind(c)) {
        case KM_KIND_GAP:
        case KM_KIND_SILENT:
        case KM_KIND_DASH:
            if (c >= 0x300 && c <= 0x36F)
                return false;
            c = '\'';
            break;
        default:
            if (c < 'a' || c > 'z')
                return false;
        }
    if (l->n == LONGEST)
        return false;
    l->at[l->n++] = (char)c;
    return true;
}

static bool read_letters(letters *l, km_str text)
{
    while (text.n > 0) {
        utf8proc_int32_t part[32];
        int boundary = 0;
        int32_t c = km_utf8_next(&text);
        if (c == KM_UTF8_BAD || (c >= 0x2E80 && c < 0xFF00))
            return false;
        utf8proc_ssize_t n = utf8proc_decompose_char(
            c, part, 32, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD, &boundary);
        assert(n >= 0 && n <= 32);
        for (utf8proc_ssize_t i = 0; i < n; i++)
            if (!add_letter(l, part[i]))
                return false;
    }
    return l->n > 0;
}

static bool is_vowel(char c)
{
    return c != '\0' && strchr(five, c) != NULL;
}

static bool is_consonant(char c)
{
    return c >= 'a' && c <= 'z' && !is_vowel(c);
}

static syllable *begin(reading *r, const char *kana)
{
    syllable *s = &r->syllables[r->n++];
    *s = (syllable){ .choices = 1 };
    assert(r->n <= LONGEST && strlen(kana) < KANA_ROOM);
    strcpy(s->kana[0], kana);
    return s;
}

static void choose(syllable *s, const char *first, const char *second)
{
    if (s->choices == CHOICES)
        return;
    assert(strlen(first) + strlen(second) < KANA_ROOM);
    strcpy(s->kana[s->choices], first);
    strcat(s->kana[s->choices++], second);
}

static const char *look_up(const char *p, size_t consonants)
{
    const char *vowel = strchr(five, p[consonants]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].consonants) == consonants
            && memcmp(rows[i].consonants, p, consonants) == 0)
            return rows[i].kana[vowel - five];
    return NULL;
}

/* What follows an o says whether it is long: ^, or h before no vowel (Ohno, Satoh). An h
 * before "ya" is taken so too: Ohyama is おおやま. Steps over what it used. */
static bool is_marked_long(reading *r)
{
    const char *p = r->text->at + r->at;
    bool h = p[0] == 'h' && !is_vowel(p[1]) && (p[1] != 'y' || p[2] == 'a');
    if (p[0] != '^' && !h)
        return false;
    r->at++;
    return true;
}

/* Passports leave long o and yu short: Kohei is こへい or こうへい. At the very end nothing is
 * asked, for there the short key begins the long one. */
static bool may_be_long(const reading *r, const char *kana, char vowel, const char *after)
{
    bool glide = km_str_ends(km_str_of(kana), KM_STR("ゆ"))
                 || km_str_ends(km_str_of(kana), KM_STR("ゅ"));
    if (*after == '\0' || *after == 'u' || (vowel == 'o' && *after == 'o'))
        return false;
    if (after - r->text->at >= 2 && after[-2] == 'o') /* the second of oo */
        return false;
    return vowel == 'o' || (vowel == 'u' && glide);
}

static void append(syllable *s, const char *kana)
{
    for (int i = 0; i < s->choices; i++) {
        assert(strlen(s->kana[i]) + strlen(kana) < KANA_ROOM);
        strcat(s->kana[i], kana);
    }
}

static void lengthen(reading *r, syllable *s, const char *kana, char vowel)
{
    const char *p = r->text->at + r->at;
    bool o_or_u = vowel == 'o' || vowel == 'u';
    if (o_or_u && is_marked_long(r))
        append(s, "ー");
    else if (o_or_u && may_be_long(r, kana, vowel, p))
        choose(s, s->kana[0], "ー");
    else if (!o_or_u && *p == '^') {
        r->at++;
        append(s, rows[0].kana[strchr(five, vowel) - five]);
    }
}

/* Junya is じゅんや or じゅにゃ, Shinichi しんいち or しにち: nobody writes the apostrophe. In
 * names にゃ and にち hardly stand but at the beginning. */
static void choose_syllabic_n(syllable *s, const char *p, const char *start, size_t consonants)
{
    char vowel = p[consonants];
    if (p[0] != 'n' || p == start || p[-1] == '\'' || is_consonant(p[-1]))
        return;
    if (consonants != 2 && vowel != 'i' && vowel != 'e')
        return;
    choose(s, "ん", look_up(p + 1, consonants - 1));
    if (consonants == 2 || strncmp(p, "nichi", 5) == 0) {
        char plain[KANA_ROOM];
        memcpy(plain, s->kana[0], KANA_ROOM);
        memcpy(s->kana[0], s->kana[s->choices - 1], KANA_ROOM);
        memcpy(s->kana[s->choices - 1], plain, KANA_ROOM);
    }
}

static bool read_syllable(reading *r)
{
    const char *p = r->text->at + r->at;
    size_t consonants = 0;
    while (consonants < 3 && is_consonant(p[consonants]))
        consonants++;
    if (consonants > 2 || !is_vowel(p[consonants]))
        return false;
    const char *kana = look_up(p, consonants);
    if (kana == NULL)
        return false;
    syllable *s = begin(r, kana);
    r->at += consonants + 1;
    choose_syllabic_n(s, p, r->text->at, consonants);
    lengthen(r, s, kana, p[consonants]);
    /* Input methods take nn for ん: Shinnichi. */
    if (r->at > 2 && p > r->text->at && p[0] == 'n' && p[-1] == 'n' && consonants == 1)
        choose(s, look_up(p + 1, 0), "");
    return true;
}

/* ん, っ and the places between words; false when it is none of them. */
static bool read_single(reading *r)
{
    const char *p = r->text->at + r->at;
    if (*p == '\'') {
        r->at++;
        return true;
    }
    if (*p == 'n' && !is_vowel(p[1]) && p[1] != 'y') {
        begin(r, "ん");
        r->at += p[1] == 'n' && !is_vowel(p[2]) && p[2] != 'y' && p[2] != 'n' ? 2 : 1;
        return true;
    }
    if (*p == 'm' && (p[1] == 'b' || p[1] == 'm' || p[1] == 'p')) { /* Homma, Namba */
        begin(r, "ん");
        r->at++;
        return true;
    }
    if (is_consonant(*p) && (p[1] == *p || (*p == 't' && p[1] == 'c' && p[2] == 'h'))) {
        begin(r, "っ");
        r->at++;
        return true;
    }
    return false;
}

/* The syllables chosen by `which` (one digit of base CHOICES for each open one), folded.
 * False when a digit chooses what is not there. */
static bool write_choice(km_str *out, km_arena *a, const reading *r, unsigned which)
{
    km_buf kana = km_buf_in(a);
    for (size_t i = 0; i < r->n; i++) {
        const syllable *s = &r->syllables[i];
        int choice = 0;
        if (s->choices > 1) {
            choice = (int)(which % CHOICES);
            which /= CHOICES;
        }
        if (choice >= s->choices)
            return false;
        km_buf_z(&kana, s->kana[choice]);
    }
    *out = km_fold(a, km_buf_str(&kana));
    return true;
}

static int turns(unsigned which)
{
    int n = 0;
    for (; which > 0; which /= CHOICES)
        n += which % CHOICES != 0;
    return n;
}

/* Only the first OPEN syllables stay open; how many readings that makes. */
static unsigned close_the_rest(reading *r)
{
    unsigned all = 1;
    int open = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->syllables[i].choices == 1)
            continue;
        if (open++ < OPEN)
            all *= CHOICES;
        else
            r->syllables[i].choices = 1;
    }
    return all;
}

static bool is_new(const km_str *out, size_t n, km_str kana)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(out[i], kana))
            return false;
    return true;
}

size_t km_romaji_readings(km_str *out, size_t max, km_arena *a, km_str text)
{
    letters l = { 0 };
    if (text.n > 4 * LONGEST || !read_letters(&l, text))
        return 0;
    reading *r = KM_NEW(a, reading);
    r->text = &l;
    while (r->at < l.n)
        if (!read_single(r) && !read_syllable(r))
            return 0;
    if (r->n == 0)
        return 0;
    unsigned all = close_the_rest(r);
    size_t n = 0;
    for (int turned = 0; turned <= OPEN; turned++)
        for (unsigned which = 0; which < all && n < max; which++)
            if (turns(which) == turned && write_choice(&out[n], a, r, which)
                && is_new(out, n, out[n]))
                n++;
    return n;
}

bool km_romaji_to_fold(km_str *out, km_arena *a, km_str text)
{
    return km_romaji_readings(out, 1, a, text) == 1;
}
