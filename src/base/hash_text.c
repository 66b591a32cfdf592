/* SPDX-License-Identifier: Apache-2.0
 *
 * hash: bytes as text: hex and the two base64 alphabets of RFC 4648. Decoding takes one
 * spelling of each value only: no white space, no stray bits in the last character.
 */
#include "base/hash.h"

#include <assert.h>

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

km_str km_hex(km_arena *a, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = p;
    assert(n < SIZE_MAX / 2);
    char *out = km_arena_alloc(a, 2 * n + 1);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * n] = '\0';
    return (km_str){ out, 2 * n };
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool km_unhex(unsigned char *out, size_t n, km_str hex)
{
    if (hex.n / 2 != n || hex.n % 2 != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static km_str encode(km_arena *a, const unsigned char *b, size_t n, const char *letters, bool pad)
{
    assert(n < SIZE_MAX / 2);
    char *out = km_arena_alloc(a, (n + 2) / 3 * 4 + 1);
    size_t at = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)b[i] << 16 | (have > 1 ? (uint32_t)b[i + 1] << 8 : 0)
                     | (have > 2 ? b[i + 2] : 0);
        for (size_t k = 0; k <= have; k++)
            out[at++] = letters[v >> (18 - 6 * k) & 63];
        for (size_t k = have; pad && k < 3; k++)
            out[at++] = '=';
    }
    out[at] = '\0';
    return (km_str){ out, at };
}

static int letter_value(char c, const char *letters)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == letters[62] ? 62 : c == letters[63] ? 63 : -1;
}

static bool decode(km_str *out, km_arena *a, km_str text, const char *letters)
{
    if (text.n % 4 == 1)
        return false;
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0), at = 0;
    char *p = km_arena_alloc(a, n + 1);
    uint32_t v = 0;
    int bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        int letter = letter_value(text.p[i], letters);
        if (letter < 0)
            return false;
        v = v << 6 | (uint32_t)letter;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            p[at++] = (char)(unsigned char)(v >> bits & 255);
        }
    }
    if ((v & ((1u << bits) - 1)) != 0)
        return false;
    assert(at == n);
    p[n] = '\0';
    *out = (km_str){ p, n };
    return true;
}

km_str km_base64url(km_arena *a, const void *p, size_t n)
{
    return encode(a, p, n, alphabet_url, false);
}

bool km_unbase64url(km_str *out, km_arena *a, km_str text)
{
    return decode(out, a, text, alphabet_url);
}

km_str km_base64(km_arena *a, const void *p, size_t n)
{
    return encode(a, p, n, alphabet, true);
}

bool km_unbase64(km_str *out, km_arena *a, km_str text)
{
    if (text.n % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.n > 0 && text.p[text.n - 1] == '='; i++)
        text.n--;
    return decode(out, a, text, alphabet);
}
