/* SPDX-License-Identifier: Apache-2.0
 *
 * text: the characters of a part, and times.
 */
#include "codec/hl7v2/hl7v2.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/kana.h"

enum { ESC = 0x1B, ROW_FIRST = 0x21, ROW_LAST = 0x7E };

/* --- ISO 2022 to CP932 --- */

static void put_two(km_buf *out, unsigned row, unsigned cell)
{
    unsigned lead = (row - ROW_FIRST) / 2 + 0x81, trail;
    if (lead > 0x9F)
        lead += 0x40;
    if (row % 2 == 1)
        trail = cell + 0x1F + (cell >= 0x60);
    else
        trail = cell + 0x7E;
    km_buf_char(out, (char)lead);
    km_buf_char(out, (char)trail);
}

enum set { ASCII, KANA, KANJI, OTHER };

/* ESC ( B, ESC ( J, ESC ( I, ESC $ @, ESC $ B; JIS X 0212 (ESC $ ( D) has no place in CP932. */
static size_t designate(enum set *set, km_str s)
{
    if (s.n >= 3 && s.p[1] == '(') {
        *set = s.p[2] == 'I' ? KANA : ASCII;
        return 3;
    }
    if (s.n >= 3 && s.p[1] == '$' && (s.p[2] == '@' || s.p[2] == 'B')) {
        *set = KANJI;
        return 3;
    }
    if (s.n >= 4 && s.p[1] == '$' && s.p[2] == '(') {
        *set = s.p[3] == '@' || s.p[3] == 'B' ? KANJI : OTHER;
        return 4;
    }
    return 1;
}

static km_str from_jis(km_arena *a, km_str s)
{
    km_buf out = km_buf_in(a);
    enum set set = ASCII;
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == ESC)
            i += designate(&set, km_str_sub(s, i, s.n));
        else if (set >= KANJI && c >= ROW_FIRST && c <= ROW_LAST && i + 1 < s.n
                 && (unsigned char)s.p[i + 1] >= ROW_FIRST
                 && (unsigned char)s.p[i + 1] <= ROW_LAST) {
            if (set == KANJI)
                put_two(&out, c, (unsigned char)s.p[i + 1]);
            else
                km_buf_z(&out, "\x81\xAC"); /* 〓 */
            i += 2;
        } else {
            km_buf_char(&out, set == KANA && c >= 0x21 && c <= 0x5F ? (char)(c | 0x80) : (char)c);
            i++;
        }
    }
    return km_buf_str(&out);
}

/* --- escapes of HL7 --- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static void put_hex(km_buf *out, km_str digits)
{
    for (size_t i = 0; i + 1 < digits.n; i += 2) {
        int high = hex(digits.p[i]), low = hex(digits.p[i + 1]);
        if (high >= 0 && low >= 0)
            km_buf_char(out, (char)(high * 16 + low));
    }
}

/* \F\ \S\ \T\ \R\ \E\ \Xhh..\ \.br\; highlighting, charsets and local ones say nothing. */
static void put_escape(km_buf *out, const km_hl7 *m, km_str name)
{
    static const char letters[] = "FSTRE";
    const char marks[] = { m->field, m->component, m->sub, m->repeat, m->escape };
    for (size_t i = 0; i < 5; i++)
        if (name.n == 1 && name.p[0] == letters[i])
            km_buf_char(out, marks[i]);
    if (km_str_is(name, ".br"))
        km_buf_char(out, '\n');
    else if (name.n > 1 && name.p[0] == 'X')
        put_hex(out, km_str_sub(name, 1, name.n));
}

static km_str unescape(const km_hl7 *m, km_arena *a, km_str s)
{
    if (m->escape == '\0' || km_str_find(s, m->escape) == s.n)
        return s;
    km_buf out = km_buf_in(a);
    while (s.n > 0) {
        km_str rest, before = km_str_cut(s, m->escape, &rest);
        km_buf_add(&out, before);
        if (before.n == s.n)
            break;
        size_t close = km_str_find(rest, m->escape);
        if (close == rest.n || close > 64) { /* a lone one is a character */
            km_buf_char(&out, m->escape);
            s = rest;
            continue;
        }
        put_escape(&out, m, km_str_sub(rest, 0, close));
        s = km_str_sub(rest, close + 1, rest.n);
    }
    return km_buf_str(&out);
}

km_str km_hl7_text(const km_hl7 *m, km_arena *a, km_str part, bool *whole)
{
    bool fine = true;
    if (km_str_is(part, "\"\""))
        part = KM_STR_NONE;
    /* In CP932 a backslash may be the second half of a character: characters first. In UTF-8 an
     * escape may name bytes of a character: escapes first. */
    if (m->charset == KM_HL7_UTF8) {
        part = unescape(m, a, part);
        fine = km_str_is_utf8(part, NULL);
    }
    if (m->charset != KM_HL7_UTF8 || !fine) {
        part = m->charset == KM_HL7_JIS ? from_jis(a, part) : part;
        part = unescape(m, a, km_field_text(&fine, a, part));
    }
    if (!km_str_is_utf8(part, NULL)) {
        part = KM_STR("〓");
        fine = false;
    }
    if (whole != NULL)
        *whole = fine;
    return part;
}

km_str km_hl7_words(const km_hl7 *m, km_arena *a, km_str field, uint32_t repeat, uint32_t component)
{
    km_str part = km_hl7_component(m, km_hl7_repeat(m, field, repeat), component);
    return part.n == 0 ? part : km_str_trim(km_hl7_text(m, a, part, NULL));
}

/* --- times --- */

static bool two(int *out, km_str *s, int most)
{
    return km_str_take_digits(out, s, 2) && *out <= most;
}

/* +HHMM behind a time. */
static bool zone(km_str s, char out[8])
{
    int h, m;
    if (s.n == 0) {
        memcpy(out, "+09:00", 7);
        return true;
    }
    char sign = s.p[0];
    s = km_str_sub(s, 1, s.n);
    if ((sign != '+' && sign != '-') || !two(&h, &s, 14) || !two(&m, &s, 59) || s.n > 0)
        return false;
    snprintf(out, 8, "%c%02u:%02u", sign, (unsigned)h % 100, (unsigned)m % 100);
    return true;
}

km_str km_hl7_time(km_arena *a, km_str s)
{
    int y, mo, d, h, mi, sec = 0;
    char offset[8];
    s = km_str_trim(s);
    if (!km_str_take_digits(&y, &s, 4) || y < 1800)
        return KM_STR_NONE;
    if (s.n == 0)
        return km_arena_print(a, "%04d", y);
    if (!two(&mo, &s, 12) || mo == 0)
        return KM_STR_NONE;
    if (s.n == 0)
        return km_arena_print(a, "%04d-%02d", y, mo);
    if (!two(&d, &s, 31) || !km_civil_exists(y, mo, d))
        return KM_STR_NONE;
    if (s.n == 0)
        return km_arena_print(a, "%04d-%02d-%02d", y, mo, d);
    if (!two(&h, &s, 23))
        return KM_STR_NONE;
    if (s.n == 0 || !two(&mi, &s, 59)) /* an hour alone is no time in FHIR */
        return s.n == 0 ? km_arena_print(a, "%04d-%02d-%02d", y, mo, d) : KM_STR_NONE;
    if (s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9' && !two(&sec, &s, 59))
        return KM_STR_NONE;
    bool point = s.n > 0 && s.p[0] == '.';
    if (point)
        s = km_str_sub(s, 1, s.n);
    size_t fraction = 0;
    while (fraction < s.n && s.p[fraction] >= '0' && s.p[fraction] <= '9')
        fraction++;
    km_str part = km_str_sub(s, 0, fraction > 3 ? 3 : fraction);
    if ((point && fraction == 0) || fraction > 4 || !zone(km_str_sub(s, fraction, s.n), offset))
        return KM_STR_NONE;
    return km_arena_print(a, "%04d-%02d-%02dT%02d:%02d:%02d%s%.*s%s", y, mo, d, h, mi, sec,
                          part.n > 0 ? "." : "", KM_STR_ARG(part), offset);
}
