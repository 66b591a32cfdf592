/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: two records as a pattern: a level of three bits for each field. Family and given name
 * are one comparison each, over kana and kanji together: they are written from one another, and as
 * fields of their own they would be counted twice.
 */
#include "linkage/inside.h"

#include <string.h>

enum { ALIKE_PER_MILLE = 880, SHORT = 8 };

/* --- likeness of two texts: Jaro and Winkler --- */

typedef struct text {
    uint16_t cp[KM_LINK_NAME];
    int n;
} text;

static void text_of(text *t, const km_values *v, uint32_t id, bool plain)
{
    km_str s = km_linkage__text(v, id);
    t->n = (int)(s.n / 2);
    memcpy(t->cp, s.p, s.n);
    if (plain)
        for (int i = 0; i < t->n; i++)
            t->cp[i] = km_linkage__plain(t->cp[i]);
}

/* Common characters within half the longer text; half the number that stand in another order. */
static int jaro(const text *a, const text *b, int *transposed)
{
    bool used[KM_LINK_NAME] = { 0 }, has[KM_LINK_NAME] = { 0 };
    int reach = (a->n > b->n ? a->n : b->n) / 2 - 1, common = 0, at = 0, moved = 0;
    if (reach < 0)
        reach = 0;
    for (int i = 0; i < a->n; i++) {
        int from = i > reach ? i - reach : 0, to = i + reach < b->n - 1 ? i + reach : b->n - 1;
        for (int k = from; k <= to; k++)
            if (!used[k] && a->cp[i] == b->cp[k]) {
                used[k] = has[i] = true;
                common++;
                break;
            }
    }
    for (int i = 0; i < a->n; i++) {
        if (!has[i])
            continue;
        while (!used[at])
            at++;
        moved += a->cp[i] != b->cp[at++];
    }
    *transposed = moved / 2;
    return common;
}

static bool alike(const text *a, const text *b)
{
    int moved, prefix = 0;
    if (a->n == 0 || b->n == 0)
        return false;
    int common = jaro(a, b, &moved);
    if (common == 0)
        return false;
    long j = 1000L * common / a->n + 1000L * common / b->n + 1000L * (common - moved) / common;
    j /= 3;
    while (prefix < 4 && prefix < a->n && prefix < b->n && a->cp[prefix] == b->cp[prefix])
        prefix++;
    return j + prefix * (1000 - j) / 10 >= ALIKE_PER_MILLE;
}

/* Characters that cannot be known fit any. */
static bool fits_wild(const text *a, const text *b)
{
    bool wild = false;
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++) {
        bool any = a->cp[i] == KM_LINK_WILD || b->cp[i] == KM_LINK_WILD;
        if (!any && a->cp[i] != b->cp[i])
            return false;
        wild = wild || any;
    }
    return wild;
}

static bool alike_values(const km_values *v, uint32_t a, uint32_t b, bool plain)
{
    text x, y;
    if (a == 0 || b == 0)
        return false;
    text_of(&x, v, a, plain);
    text_of(&y, v, b, plain);
    return fits_wild(&x, &y) || alike(&x, &y);
}

/* --- fields --- */

static int name_level(const km_linker *l, uint32_t kana_a, uint32_t kanji_a, uint32_t kana_b,
                      uint32_t kanji_b)
{
    bool kana = kana_a != 0 && kana_b != 0, kanji = kanji_a != 0 && kanji_b != 0;
    bool same_kana = kana && kana_a == kana_b, same_kanji = kanji && kanji_a == kanji_b;
    if (!kana && !kanji)
        return KM_LINK_NULL;
    if (same_kana && same_kanji)
        return KM_NAME_BOTH;
    if (same_kana)
        return kanji ? KM_NAME_KANA_OTHER_KANJI : KM_NAME_KANA;
    if (same_kanji)
        return kana ? KM_NAME_KANJI_OTHER_KANA : KM_NAME_KANJI;
    return alike_values(&l->kana, kana_a, kana_b, true)
                   || alike_values(&l->kanji, kanji_a, kanji_b, false)
               ? KM_NAME_ALIKE
               : KM_NAME_ELSE;
}

/* Family and given in each other's place. */
static bool is_swapped(const km_link_record *a, const km_link_record *b)
{
    return (a->kana[0] != 0 && a->kana[0] == b->kana[1] && a->kana[1] != 0
            && a->kana[1] == b->kana[0])
           || (a->kanji[0] != 0 && a->kanji[0] == b->kanji[1] && a->kanji[1] != 0
               && a->kanji[1] == b->kanji[0]);
}

/* Years that one calendar takes for another's: 1867, 1911, 1925, 1988 and 2018 begin them. */
static bool is_wrong_era(int years)
{
    static const int apart[] = { 14, 30, 44, 58, 63, 77, 93, 107, 121, 151 };
    if (years < 0)
        years = -years;
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (apart[i] == years)
            return true;
    return false;
}

/* One digit differs, or two neighbours changed places. */
static bool is_slip(uint32_t a, uint32_t b)
{
    char x[SHORT], y[SHORT];
    int differ = 0, first = -1;
    for (int i = SHORT - 1; i >= 0; i--, a /= 10, b /= 10) {
        x[i] = (char)(a % 10);
        y[i] = (char)(b % 10);
    }
    for (int i = 0; i < SHORT; i++)
        if (x[i] != y[i]) {
            differ++;
            if (first < 0)
                first = i;
        }
    return differ == 1
           || (differ == 2 && first + 1 < SHORT && x[first] == y[first + 1]
               && x[first + 1] == y[first]);
}

enum { BIRTH_SAME, BIRTH_SLIP, BIRTH_ERA, BIRTH_TWO_OF_THREE, BIRTH_YEAR, BIRTH_ELSE };

static int birth_level(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return KM_LINK_NULL;
    if (a == b)
        return BIRTH_SAME;
    int ya = (int)(a / 10000), yb = (int)(b / 10000), ma = (int)(a / 100 % 100);
    int mb = (int)(b / 100 % 100), da = (int)(a % 100), db = (int)(b % 100);
    if (ma == mb && da == db && is_wrong_era(ya - yb))
        return BIRTH_ERA;
    if (is_slip(a, b) || (ya == yb && ma == db && mb == da))
        return BIRTH_SLIP;
    if ((ya == yb) + (ma == mb) + (da == db) >= 2)
        return BIRTH_TWO_OF_THREE;
    return ya - yb >= -1 && ya - yb <= 1 ? BIRTH_YEAR : BIRTH_ELSE;
}

enum { PLACE_SAME, PLACE_ADDRESS, PLACE_POSTAL, PLACE_TOWN, PLACE_ELSE };

static int place_level(const km_link_record *a, const km_link_record *b)
{
    bool postal = a->postal != 0 && a->postal == b->postal;
    bool town = a->municipality != 0 && a->municipality == b->municipality;
    bool address = a->address != 0 && a->address == b->address;
    if (address && (postal || town))
        return PLACE_SAME;
    if (address)
        return PLACE_ADDRESS;
    if (postal)
        return PLACE_POSTAL;
    if (town)
        return PLACE_TOWN;
    if ((a->postal == 0 || b->postal == 0) && (a->municipality == 0 || b->municipality == 0)
        && (a->address == 0 || b->address == 0))
        return KM_LINK_NULL;
    return PLACE_ELSE;
}

enum { NUMBER_SAME, NUMBER_SLIP, NUMBER_INSURER, NUMBER_ELSE };

/* One character more, less or other, or two changed places. */
static bool one_edit(km_str a, km_str b)
{
    size_t i = 0, k = 0;
    if (a.n < 6 || b.n < 6 || a.n > b.n + 1 || b.n > a.n + 1)
        return false;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    while (k < a.n - i && k < b.n - i && a.p[a.n - 1 - k] == b.p[b.n - 1 - k])
        k++;
    size_t left_a = a.n - i - k, left_b = b.n - i - k;
    return (left_a <= 1 && left_b <= 1)
           || (left_a == 2 && left_b == 2 && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i]);
}

static int number_level(const km_linker *l, const km_link_record *a, const km_link_record *b)
{
    if (a->number == 0 || b->number == 0)
        return KM_LINK_NULL;
    bool insurer = a->insurer == b->insurer;
    if (a->number == b->number && insurer)
        return a->branch != 0 && b->branch != 0 && a->branch != b->branch ? NUMBER_INSURER
                                                                          : NUMBER_SAME;
    if (insurer
        && one_edit(km_linkage__text(&l->number, a->number),
                    km_linkage__text(&l->number, b->number)))
        return NUMBER_SLIP;
    return insurer && a->insurer != 0 ? NUMBER_INSURER : NUMBER_ELSE;
}

static uint32_t at_field(int level, int field)
{
    return (uint32_t)level << (3 * field);
}

uint32_t km_linkage__compare(const km_linker *l, const km_link_record *a, const km_link_record *b)
{
    int family = name_level(l, a->kana[0], a->kanji[0], b->kana[0], b->kanji[0]);
    int given = name_level(l, a->kana[1], a->kanji[1], b->kana[1], b->kanji[1]);
    if ((family >= KM_NAME_ALIKE || given >= KM_NAME_ALIKE) && is_swapped(a, b))
        family = given = KM_NAME_ALIKE;
    int sex = a->sex == 0 || b->sex == 0 ? KM_LINK_NULL : a->sex != b->sex;
    return at_field(family, KM_LINK_F_FAMILY) | at_field(given, KM_LINK_F_GIVEN)
           | at_field(birth_level(a->birth, b->birth), KM_LINK_F_BIRTH)
           | at_field(sex, KM_LINK_F_SEX) | at_field(place_level(a, b), KM_LINK_F_PLACE)
           | at_field(number_level(l, a, b), KM_LINK_F_NUMBER);
}
