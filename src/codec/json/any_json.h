/* SPDX-License-Identifier: Apache-2.0
 *
 * any_json: for tests: JSON texts of every shape, the same ones for the same seed.
 */
#ifndef KM_CODEC_JSON_ANY_JSON_H
#define KM_CODEC_JSON_ANY_JSON_H

#include <stdlib.h>

#include "base/buf.h"

/* xorshift64*, Vigna 2016. The seed is not 0. */
static inline uint32_t any_below(uint64_t *seed, uint32_t n)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (uint32_t)((*seed * 0x2545F4914F6CDD1Du) >> 33) % n;
}

static inline void any_blank(km_buf *out, uint64_t *seed, bool compact)
{
    static const char *const blanks[] = { " ", "\n", "\t", "\r\n", "    ", "\n                 " };
    if (!compact && any_below(seed, 3) == 0)
        km_buf_z(out, blanks[any_below(seed, 6)]);
}

static inline void any_string(km_buf *out, uint64_t *seed, bool compact)
{
    static const char *const parts[] = {
        "a",         "system",  "http://example.org/x",
        "漢字",      "é",       "😀",
        "\\\"",      "\\\\",    "\\n",
        "\\b\\f\\r", "\\t",     "\x7f",
        "\\u0001",   " ",       "0123456789abcdef",
        "ｶﾅ",        "{[,:]}",  "\u2028",
        "\\/",       "\\u6F22", "\\uD83D\\uDE00",
        "\\u0041",
    };
    uint32_t known = compact ? 12 : sizeof parts / sizeof *parts;
    km_buf_char(out, '"');
    for (uint32_t n = any_below(seed, 5); n > 0; n--)
        km_buf_z(out, parts[any_below(seed, known)]);
    km_buf_char(out, '"');
}

static inline void any_number(km_buf *out, uint64_t *seed)
{
    static const char *const numbers[] = { "0",      "-0",   "1",       "-12",        "3.50",
                                           "1e2",    "1E-7", "0.0001",  "12345.6789", "-1.5e+3",
                                           "100.00", "9",    "20260401" };
    km_buf_z(out, numbers[any_below(seed, 13)]);
}

/* `compact` texts are as the printer writes them. Names in an object differ by their number. */
static inline void any_value(km_buf *out, uint64_t *seed, bool compact, int depth)
{
    uint32_t kind = any_below(seed, depth > 0 ? 8 : 5);
    if (kind < 2) {
        any_string(out, seed, compact);
    } else if (kind == 2) {
        any_number(out, seed);
    } else if (kind < 5) {
        km_buf_z(out, kind == 3 ? "null" : any_below(seed, 2) ? "true" : "false");
    } else {
        bool object = kind < 7;
        uint32_t members = any_below(seed, any_below(seed, 9) == 0 ? 40 : 6);
        km_buf_char(out, object ? '{' : '[');
        any_blank(out, seed, compact);
        for (uint32_t i = 0; i < members; i++) {
            if (i > 0)
                km_buf_char(out, ',');
            any_blank(out, seed, compact);
            if (object) {
                km_buf_print(out, "\"%s%u\"", i % 3 ? "name" : "長い名前", i);
                any_blank(out, seed, compact);
                km_buf_char(out, ':');
                any_blank(out, seed, compact);
            }
            any_value(out, seed, compact, depth - 1);
            any_blank(out, seed, compact);
        }
        km_buf_char(out, object ? '}' : ']');
    }
}

/* In memory of exactly its length, so that the sanitizers see a read past its end. */
static inline km_str any_exact(km_str s)
{
    char *p = malloc(s.n ? s.n : 1);
    if (p == NULL)
        abort();
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (km_str){ p, s.n };
}

#endif
