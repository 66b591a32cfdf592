/* SPDX-License-Identifier: Apache-2.0
 *
 * scan: where the plain part of a string ends, and where a number does. The vector form is SSE2,
 * which every x86-64 has; elsewhere the portable form works on words. Both are always compiled, so
 * that one can be tested against the other.
 */
#ifndef KM_CODEC_JSON_SCAN_H
#define KM_CODEC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool km_json__stops(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20;
}

/* The first quote, backslash or control character in [at, end), or end. *high becomes true
 * when a byte before it is not ASCII. */
static inline const char *km_json__plain_bytes(const char *at, const char *end, bool *high)
{
    for (; at < end && !km_json__stops((unsigned char)*at); at++)
        if ((unsigned char)*at >= 0x80)
            *high = true;
    return at;
}

static inline const char *km_json__plain_words(const char *at, const char *end, bool *high)
{
    const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
    for (; end - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, at, 8);
        uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
        /* A top bit says that some byte was zero (or below 0x20); borrows from a true hit may
         * set false ones above it, never a first one. */
        uint64_t hit = ((quote - ones) & ~quote) | ((slash - ones) & ~slash)
                       | ((w - ones * 0x20) & ~w);
        if (hit & tops)
            break;
        if (w & tops)
            *high = true;
    }
    return km_json__plain_bytes(at, end, high);
}

#ifdef __SSE2__
static inline const char *km_json__plain(const char *at, const char *end, bool *high)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  control = _mm_set1_epi8(0x1F);
    for (; end - at >= 16; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned hits = (unsigned)_mm_movemask_epi8(hit);
        unsigned tops = (unsigned)_mm_movemask_epi8(v);
        if (hits != 0) {
            if (tops & (hits ^ (hits - 1)))
                *high = true;
            return at + __builtin_ctz(hits);
        }
        if (tops)
            *high = true;
    }
    return km_json__plain_bytes(at, end, high);
}
#else
static inline const char *km_json__plain(const char *at, const char *end, bool *high)
{
    return km_json__plain_words(at, end, high);
}
#endif

static inline const char *km_json__digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259 §6. Answers where the number that begins at `at` ends; when there is none, *wrong
 * says what was expected at the place answered. */
static inline const char *km_json__number(const char *at, const char *end, const char **wrong)
{
    const char *from = at < end && *at == '-' ? at + 1 : at;
    *wrong = NULL;
    at = km_json__digits(from, end);
    if (at == from) {
        *wrong = "a digit";
        return at;
    }
    if (*from == '0')
        at = from + 1;
    if (at < end && *at == '.') {
        from = at + 1;
        at = km_json__digits(from, end);
        if (at == from) {
            *wrong = "a digit behind the point";
            return at;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        from = at + 1;
        if (from < end && (*from == '+' || *from == '-'))
            from++;
        at = km_json__digits(from, end);
        if (at == from)
            *wrong = "a digit in the exponent";
    }
    return at;
}

#endif
