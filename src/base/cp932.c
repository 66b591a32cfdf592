/* SPDX-License-Identifier: Apache-2.0
 *
 * cp932: Windows code page 932 as the WHATWG Encoding Standard describes Shift_JIS, from
 * data/base/cp932.tsv. A character that has several places is written to the first one, but
 * not to NEC's selection of IBM's characters (leads ED and EE), as Windows does.
 */
#include "base/kana.h"

#include <assert.h>
#include <threads.h>

#include "base/utf8.h"
#include "gen/km_data_base.h"

enum {
    TRAILS = 188, /* 40..7E and 80..FC */
    LEADS = 60,   /* 81..9F and E0..FC */
    PLACES = LEADS * TRAILS,
    USER_FIRST = 47 * TRAILS, /* F040..F9FC */
    USER_END = 57 * TRAILS,
    NEC_SELECTED = 44 * TRAILS, /* ED40..EEFC */
    NEC_SELECTED_END = 46 * TRAILS,
    USER_CHAR = 0xE000,
    HALF_APART = 0xFF61 - 0xA1,
};

/* Read once from constant bytes of the program, then never written: the same in every thread
 * and every test. 0 is no character, and no place: places count from 1. */
static uint16_t char_at[PLACES];
static uint16_t place_of[0x10000];
static once_flag tables_once = ONCE_FLAG_INIT;

/* Characters that other mappings of the same signs give, and the ones Microsoft has there. */
static const struct {
    int32_t given;
    uint16_t bytes;
} alike[] = {
    { 0xA2, 0x8191 },   /* ¢ */
    { 0xA3, 0x8192 },   /* £ */
    { 0xA5, 0x5C },     /* ¥ */
    { 0xA6, 0xFA55 },   /* ¦ */
    { 0xAC, 0x81CA },   /* ¬ */
    { 0x2014, 0x815C }, /* — */
    { 0x2016, 0x8161 }, /* ‖ */
    { 0x203E, 0x7E },   /* ‾ */
    { 0x2212, 0x817C }, /* − */
    { 0x301C, 0x8160 }, /* 〜 */
};

/* -1 when the two bytes are no pair. */
static int place(unsigned lead, unsigned trail)
{
    if (lead < 0x81 || lead > 0xFC || (lead > 0x9F && lead < 0xE0))
        return -1;
    if (trail < 0x40 || trail > 0xFC || trail == 0x7F)
        return -1;
    unsigned row = lead < 0xA0 ? lead - 0x81 : lead - 0xC1;
    return (int)(row * TRAILS + trail - (trail < 0x7F ? 0x40 : 0x41));
}

static unsigned bytes_of(int at)
{
    unsigned row = (unsigned)at / TRAILS, cell = (unsigned)at % TRAILS;
    unsigned lead = row + (row < 31 ? 0x81 : 0xC1), trail = cell + (cell < 63 ? 0x40 : 0x41);
    return lead << 8 | trail;
}

static unsigned hex(km_str two)
{
    unsigned v = 0;
    for (size_t i = 0; i < two.n; i++)
        v = v << 4 | (unsigned)(two.p[i] <= '9' ? two.p[i] - '0' : two.p[i] - 'A' + 10);
    return v;
}

static void put_char(int at, int32_t c)
{
    assert(at >= 0 && at < PLACES && c > 0x7F && c < 0x10000 && char_at[at] == 0);
    char_at[at] = (uint16_t)c;
    if (place_of[c] == 0 && (at < NEC_SELECTED || at >= NEC_SELECTED_END))
        place_of[c] = (uint16_t)(at + 1);
}

static void read_tables(void)
{
    km_str cell[3], rest = km_embedded_find(km_data_base, "cp932.tsv");
    km_tsv_next(cell, 3, &rest);
    assert(km_str_is(cell[0], "lead"));
    while (km_tsv_next(cell, 3, &rest) == 3) {
        int at = place(hex(cell[0]), hex(cell[1]));
        while (cell[2].n > 0)
            put_char(at++, km_utf8_next(&cell[2]));
    }
    for (int at = USER_FIRST; at < USER_END; at++)
        put_char(at, USER_CHAR + at - USER_FIRST);
}

static km_code refuse(km_fault *f, km_code code, size_t at, const char *what)
{
    code = km_fail(f, code, NULL, "%s at byte %zu", what, at + 1);
    km_fault_at(f, 1, at < UINT32_MAX ? (uint32_t)at + 1 : UINT32_MAX);
    return code;
}

/* One character that is not ASCII; how many bytes it took, 0 when it is none. */
static size_t decode_one(int32_t *c, km_str s)
{
    unsigned char lead = (unsigned char)s.p[0];
    if (lead == 0x80 || (lead >= 0xA1 && lead <= 0xDF)) {
        *c = lead == 0x80 ? lead : lead + HALF_APART;
        return 1;
    }
    int at = s.n > 1 ? place(lead, (unsigned char)s.p[1]) : -1;
    *c = at >= 0 ? char_at[at] : 0;
    return *c != 0 ? 2 : 0;
}

/* How many bytes of ASCII stand at the front. */
static size_t ascii_run(km_str s)
{
    size_t n = 0;
    while (n < s.n && (unsigned char)s.p[n] < 0x80)
        n++;
    return n;
}

km_code km_cp932_decode(km_str *utf8, km_arena *a, km_str bytes, km_fault *f)
{
    km_buf out = km_buf_in(a);
    call_once(&tables_once, read_tables);
    km_buf_reserve(&out, bytes.n + bytes.n / 2 + 4); /* a pair becomes three bytes */
    for (size_t i = 0; i < bytes.n;) {
        size_t run = ascii_run(km_str_sub(bytes, i, bytes.n));
        int32_t c;
        km_buf_bytes(&out, bytes.p + i, run);
        i += run;
        if (i == bytes.n)
            break;
        size_t took = decode_one(&c, km_str_sub(bytes, i, 2));
        if (took == 0)
            return refuse(f, KM_MALFORMED, i, "no character of code page 932");
        km_utf8_put(&out, c);
        i += took;
    }
    *utf8 = km_buf_str(&out);
    return KM_OK;
}

/* One or two bytes, 0 when there is no place. */
static unsigned encode_one(int32_t c)
{
    if (c == 0x80 || (c >= 0xFF61 && c <= 0xFF9F))
        return (unsigned)(c == 0x80 ? c : c - HALF_APART);
    if (c >= 0x10000 || c < 0)
        return 0;
    if (place_of[c] != 0)
        return bytes_of(place_of[c] - 1);
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if (alike[i].given == c)
            return alike[i].bytes;
    return 0;
}

km_code km_cp932_encode(km_str *bytes, km_arena *a, km_str utf8, km_fault *f)
{
    km_buf out = km_buf_in(a);
    km_str rest = utf8;
    call_once(&tables_once, read_tables);
    km_buf_reserve(&out, utf8.n + 1);
    while (rest.n > 0) {
        size_t run = ascii_run(rest);
        km_buf_bytes(&out, rest.p, run);
        rest = km_str_sub(rest, run, rest.n);
        if (rest.n == 0)
            break;
        size_t at = utf8.n - rest.n;
        unsigned pair = encode_one(km_utf8_next(&rest));
        if (pair == 0)
            return refuse(f, KM_BAD_VALUE, at, "a character that code page 932 lacks");
        if (pair > 0xFF)
            km_buf_char(&out, (char)(unsigned char)(pair >> 8));
        km_buf_char(&out, (char)(unsigned char)(pair & 0xFF));
    }
    *bytes = km_buf_str(&out);
    return KM_OK;
}
