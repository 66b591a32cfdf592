/* SPDX-License-Identifier: Apache-2.0
 *
 * text: strings with escapes, and well-formed UTF-8.
 */
#include "codec/json/inside.h"

/* RFC 8259 §7: what stands behind the backslash, and what it means. */
static const char meaning[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* A hexadecimal digit's worth and one more; 0 for other bytes. */
static const unsigned char hex[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* The code unit of the escape \uXXXX at `at`, or -1. */
static int32_t code_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex[(unsigned char)at[i]];
        if (digit == 0)
            return -1;
        unit = unit * 16 + digit - 1;
    }
    return unit;
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(unsigned char)(0xC0 | c >> 6);
        *out++ = (char)(unsigned char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(unsigned char)(0xE0 | c >> 12);
        *out++ = (char)(unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(unsigned char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(unsigned char)(0xF0 | c >> 18);
        *out++ = (char)(unsigned char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(unsigned char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* One \uXXXX, or two that are a surrogate pair; *at moves behind. */
static const char *unicode(char **out, const char **at, const char *end)
{
    int32_t unit = code_unit(*at, end);
    if (unit < 0)
        return "four hexadecimal digits behind \\u";
    if (unit == 0)
        return "no NUL in a string";
    uint32_t c = (uint32_t)unit;
    *at += 6;
    if (c >= 0xD800 && c <= 0xDFFF) {
        int32_t low = code_unit(*at, end);
        if (c >= 0xDC00 || low < 0xDC00 || low > 0xDFFF) {
            *at -= 6;
            return "no half of a surrogate pair";
        }
        c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        *at += 6;
    }
    *out = put_utf8(*out, c);
    return NULL;
}

const char *km_json__unescape(char *out, size_t *n, bool *respelt, km_str raw, const char **bad)
{
    const char *at = raw.p, *end = raw.p + raw.n, *wrong = NULL;
    char *to = out;
    *respelt = false;
    while (at < end) {
        if (*at != '\\') {
            const char *slash = memchr(at, '\\', (size_t)(end - at));
            size_t run = (size_t)((slash ? slash : end) - at);
            memcpy(to, at, run);
            to += run;
            at += run;
            continue;
        }
        char plain = at + 1 < end ? meaning[(unsigned char)at[1]] : '\0';
        if (plain != '\0') {
            *respelt = *respelt || plain == '/';
            *to++ = plain;
            at += 2;
            continue;
        }
        *respelt = true;
        wrong = at + 1 < end && at[1] == 'u' ? unicode(&to, &at, end) : "a known escape";
        if (wrong != NULL) {
            *bad = at;
            return wrong;
        }
    }
    *n = (size_t)(to - out);
    return NULL;
}

/* Bytes of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 when there is none. */
static size_t sequence(const unsigned char *at, size_t n)
{
    if (at[0] < 0x80)
        return 1;
    if (n < 2 || (at[1] & 0xC0) != 0x80)
        return 0;
    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        return 2;
    if (n < 3 || (at[2] & 0xC0) != 0x80)
        return 0;
    if ((at[0] & 0xF0) == 0xE0) {
        bool overlong = at[0] == 0xE0 && at[1] < 0xA0;
        bool surrogate = at[0] == 0xED && at[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (n < 4 || (at[3] & 0xC0) != 0x80 || at[0] < 0xF0 || at[0] > 0xF4)
        return 0;
    bool overlong = at[0] == 0xF0 && at[1] < 0x90;
    bool beyond = at[0] == 0xF4 && at[1] > 0x8F;
    return overlong || beyond ? 0 : 4;
}

const char *km_json__not_utf8(const char *at, const char *end)
{
    const uint64_t tops = 0x8080808080808080u;
    while (at < end) {
        uint64_t w;
        while (end - at >= 8 && (memcpy(&w, at, 8), (w & tops) == 0))
            at += 8;
        /* A word of text that is not ASCII is seldom alone. */
        for (int i = 0; i < 8 && at < end; i++) {
            size_t n = sequence((const unsigned char *)at, (size_t)(end - at));
            if (n == 0)
                return at;
            at += n;
        }
    }
    return NULL;
}

void km_json__locate(uint32_t *line, uint32_t *column, const char *text, const char *at)
{
    *line = 1;
    for (const char *p; (p = memchr(text, '\n', (size_t)(at - text))) != NULL; text = p + 1)
        ++*line;
    *column = (uint32_t)(at - text) + 1;
}
