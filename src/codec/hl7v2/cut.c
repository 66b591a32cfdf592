/* SPDX-License-Identifier: Apache-2.0
 *
 * cut: a text into messages, segments, fields and their parts.
 */
#include "codec/hl7v2/hl7v2.h"

#include <string.h>

enum { ESC = 0x1B, VT = 0x0B, FS = 0x1C, LOOK = 4096 };

static bool is_header(km_str s)
{
    static const char *const names[] = { "MSH", "FHS", "BHS" };
    for (size_t i = 0; i < 3; i++)
        if (km_str_starts(s, km_str_of(names[i])) && s.n >= 8) {
            char d = s.p[3];
            bool letter = (d >= '0' && d <= '9') || (d >= 'A' && d <= 'Z')
                          || (d >= 'a' && d <= 'z');
            return !letter && (unsigned char)d > 0x20 && (unsigned char)d < 0x7F
                   && memchr(s.p + 4, d, s.n - 4 < 6 ? s.n - 4 : 6) != NULL;
        }
    return false;
}

/* A byte order mark, white space, MLLP's start. */
static km_str after_start(km_str s)
{
    if (km_str_starts(s, KM_STR("\xEF\xBB\xBF")))
        s = km_str_sub(s, 3, s.n);
    while (s.n > 0
           && (s.p[0] == ' ' || s.p[0] == '\r' || s.p[0] == '\n' || s.p[0] == '\t' || s.p[0] == VT))
        s = km_str_sub(s, 1, s.n);
    return s;
}

bool km_hl7_is(km_str text)
{
    return is_header(after_start(text));
}

/* The end of the line: at its CR or LF, or the end. */
static const char *line_end(const char *p, const char *end)
{
    while (p < end && *p != '\r' && *p != '\n')
        p++;
    return p;
}

static const char *next_line(const char *p, const char *end)
{
    if (p < end && *p == '\r')
        return p + 1 < end && p[1] == '\n' ? p + 2 : p + 1;
    return p < end ? p + 1 : p;
}

static bool begins_message(const char *p, const char *end)
{
    if (p < end && *p == VT)
        p++;
    return end - p >= 8 && memcmp(p, "MSH", 3) == 0 && is_header((km_str){ p, (size_t)(end - p) });
}

static km_hl7_charset charset_of(km_str text)
{
    if (memchr(text.p, ESC, text.n) != NULL)
        return KM_HL7_JIS;
    return km_str_is_utf8(text, NULL) ? KM_HL7_UTF8 : KM_HL7_CP932;
}

static void read_delimiters(km_hl7 *m)
{
    km_str s = m->text.p[0] == VT ? km_str_sub(m->text, 1, m->text.n) : m->text;
    char *const at[] = { &m->component, &m->repeat, &m->escape, &m->sub };
    m->field = s.p[3];
    for (size_t i = 0; i < 4; i++)
        *at[i] = '\0';
    for (size_t i = 0;
         i < 4 && 4 + i < s.n && s.p[4 + i] != m->field && s.p[4 + i] != '\r' && s.p[4 + i] != '\n';
         i++)
        *at[i] = s.p[4 + i];
}

bool km_hl7_next_message(km_hl7 *out, km_hl7_texts *t)
{
    const char *p = t->text.p, *end = p + t->text.n, *begin = NULL;
    uint32_t line = t->line, first = 0;
    for (bool start = true; p < end; start = false) {
        km_str bare = start && line == 0 ? after_start((km_str){ p, (size_t)(end - p) })
                                         : (km_str){ p, (size_t)(end - p) };
        if (begins_message(bare.p, end)) {
            if (begin != NULL)
                break;
            begin = bare.p;
            first = line + 1;
        }
        p = next_line(line_end(p, end), end);
        line++;
    }
    t->line = line;
    t->text = (km_str){ p, (size_t)(end - p) };
    if (begin == NULL)
        return false;
    *out = (km_hl7){ .text = { begin, (size_t)(p - begin) }, .line = first };
    out->charset = charset_of(out->text);
    read_delimiters(out);
    return true;
}

/* --- segments --- */

/* Steps over an escape of ISO 2022. A region of two bytes, or of kana (where ^ is ﾞ and & is ｦ),
 * has no delimiters. */
static const char *over_region(const char *p, const char *end, bool *two)
{
    if (end - p >= 3 && p[1] == '$') {
        *two = true;
        return p + (p[2] == '(' && end - p >= 4 ? 4 : 3);
    }
    if (end - p >= 3 && p[1] == '(') {
        *two = p[2] == 'I';
        return p + 3;
    }
    return p + 1;
}

km_hl7_segments km_hl7_segments_of(const km_hl7 *m)
{
    return (km_hl7_segments){ .of = m, .rest = m->text, .line = m->line - 1 };
}

static void put(km_hl7_segment *s, const char *from, const char *to)
{
    s->field[s->n++] = (km_str){ from, (size_t)(to - from) };
}

/* Cuts the fields and finds the end of the segment in one pass. */
static const char *cut_fields(km_hl7_segment *s, const char *p, const char *end, char mark)
{
    const char *from = p;
    bool two = false;
    while (p < end && *p != '\r' && *p != '\n') {
        if (*p == ESC)
            p = over_region(p, end, &two);
        else {
            if (*p == mark && !two && s->n < KM_HL7_FIELDS - 1) {
                put(s, from, p);
                from = p + 1;
            }
            p++;
        }
    }
    if (p > end)
        p = end;
    put(s, from, p);
    return p;
}

bool km_hl7_next(km_hl7_segment *out, km_hl7_segments *s)
{
    for (;;) {
        const char *p = s->rest.p, *end = p + s->rest.n;
        if (s->rest.n == 0)
            return false;
        const char *begin = *p == VT ? p + 1 : p;
        out->line = ++s->line;
        out->n = 0;
        bool header = end - begin >= 4 && memcmp(begin, "MSH", 3) == 0;
        if (header) { /* MSH-1 is the delimiter itself */
            put(out, begin, begin + 3);
            put(out, begin + 3, begin + 4);
        }
        const char *stop = cut_fields(out, header ? begin + 4 : begin, end, s->of->field);
        const char *next = next_line(stop, end);
        if (header && out->n > 2 && out->field[2].n == 0 && begin + 4 < stop)
            out->field[2] = (km_str){ begin + 4, 0 };
        out->raw = (km_str){ begin, (size_t)(stop - begin) };
        out->ending = (km_str){ stop, (size_t)(next - stop) };
        s->rest = (km_str){ next, (size_t)(end - next) };
        if (out->raw.n > 0 && begin[0] != FS)
            return true;
    }
}

/* --- parts --- */

km_str km_hl7_field(const km_hl7_segment *s, uint32_t number)
{
    return number < s->n ? s->field[number] : KM_STR_NONE;
}

static km_str nth(km_str s, char mark, uint32_t i)
{
    if (mark == '\0' || s.n == 0)
        return i == 0 ? s : KM_STR_NONE;
    const char *p = s.p, *end = p + s.n, *from = p;
    bool two = false;
    while (p < end) {
        if (*p == ESC) {
            p = over_region(p, end, &two);
            continue;
        }
        if (*p == mark && !two) {
            if (i-- == 0)
                return (km_str){ from, (size_t)(p - from) };
            from = p + 1;
        }
        p++;
    }
    return i == 0 ? (km_str){ from, (size_t)(end - from) } : KM_STR_NONE;
}

km_str km_hl7_repeat(const km_hl7 *m, km_str field, uint32_t i)
{
    return nth(field, m->repeat, i);
}

km_str km_hl7_component(const km_hl7 *m, km_str repeat, uint32_t i)
{
    return i == 0 ? KM_STR_NONE : nth(repeat, m->component, i - 1);
}

km_str km_hl7_sub(const km_hl7 *m, km_str component, uint32_t i)
{
    return i == 0 ? KM_STR_NONE : nth(component, m->sub, i - 1);
}

void km_hl7_reprint(km_buf *out, km_str text)
{
    km_hl7_texts texts = { .text = text };
    km_hl7 m;
    const char *at = text.p;
    while (km_hl7_next_message(&m, &texts)) {
        km_hl7_segments segments = km_hl7_segments_of(&m);
        km_hl7_segment s;
        while (km_hl7_next(&s, &segments)) {
            km_buf_bytes(out, at, (size_t)(s.raw.p - at)); /* what stands between segments */
            for (uint32_t i = 0; i < s.n; i++) {
                bool header = km_str_is(s.field[0], "MSH") && i <= 2;
                if (i > 0 && !(header && i >= 1))
                    km_buf_char(out, m.field);
                km_buf_add(out, s.field[i]);
            }
            km_buf_add(out, s.ending);
            at = s.ending.p + s.ending.n;
        }
    }
    km_buf_bytes(out, at, (size_t)(text.p + text.n - at));
}
