/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/pack.h"

static km_arena *arena;
static km_packers packers;

static int setup(void **state)
{
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_http__packers_open(&packers);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_http__packers_close(&packers);
    km_arena_free(arena);
    return 0;
}

static const km_coding both[] = { KM_CODING_GZIP, KM_CODING_ZSTD };

/* Lines that pack, but not by much more than text does. */
static km_str lines(size_t about)
{
    km_buf b = km_buf_in(arena);
    uint32_t x = 12345;
    while (b.n < about) {
        x = x * 1664525u + 1013904223u;
        km_buf_print(&b, "{\"resourceType\":\"Observation\",\"value\":%u,\"at\":%u}\n", x, x >> 7);
    }
    return km_buf_str(&b);
}

static km_str packed(km_coding c, km_str plain)
{
    km_pack *k = km_http__pack_take(&packers, c);
    km_str out = km_http__pack_all(k, arena, plain);
    km_http__pack_give(&packers, k);
    return out;
}

static km_code gather(void *self, km_str bytes)
{
    km_http__block_add(self, bytes.p, bytes.n);
    return KM_OK;
}

static km_code unpacked(km_block *out, km_coding c, km_str in, size_t step, uint64_t limit,
                        unsigned ratio)
{
    km_fault f = { 0 };
    km_unpack *u = km_http__unpack_new(c, limit, ratio);
    km_code rc = KM_OK;
    while (in.n > 0 && rc == KM_OK) {
        rc = km_http__unpack_feed(u, km_str_sub(in, 0, step), gather, out, &f);
        in = km_str_sub(in, step, in.n);
    }
    if (rc == KM_OK)
        rc = km_http__unpack_end(u, &f);
    km_http__unpack_free(u);
    return rc;
}

static void what_was_packed_unpacks_to_itself_however_it_arrives(void **state)
{
    static const size_t size[] = { 1024, 32768, 32769, 200000 }, step[] = { 7, 1000, 1000000 };
    (void)state;
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; i < 4; i++)
            for (size_t j = 0; j < 3; j++) {
                km_block b = { 0 };
                km_str plain = lines(size[i]), small = packed(both[c], plain);
                assert_non_null(small.p);
                assert_true(small.n < plain.n);
                assert_int_equal(unpacked(&b, both[c], small, step[j], 1 << 20, 10), KM_OK);
                assert_true(km_str_eq((km_str){ b.p, b.n }, plain));
                km_http__block_free(&b);
            }
}

static void every_cut_of_a_packed_body_is_noticed(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        km_str small = packed(both[c], lines(2000));
        for (size_t n = 1; n < small.n; n++) {
            km_block b = { 0 };
            km_str cut = km_str_sub(small, 0, n);
            assert_int_equal(unpacked(&b, both[c], cut, 100, 1 << 20, 10), KM_MALFORMED);
            km_http__block_free(&b);
        }
    }
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        km_block b = { 0 };
        km_buf more = km_buf_in(arena);
        km_buf_add(&more, packed(both[c], lines(2000)));
        km_buf_z(&more, "trailing");
        assert_int_equal(unpacked(&b, both[c], km_buf_str(&more), 100, 1 << 20, 10), KM_MALFORMED);
        km_http__block_free(&b);
    }
}

static void members_one_after_another_are_one_body(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        km_block b = { 0 };
        km_str half = lines(2000);
        km_buf twice = km_buf_in(arena);
        km_buf_add(&twice, packed(both[c], half));
        km_buf_add(&twice, packed(both[c], half));
        assert_int_equal(unpacked(&b, both[c], km_buf_str(&twice), 64, 1 << 20, 10), KM_OK);
        assert_int_equal(b.n, 2 * half.n);
        km_http__block_free(&b);
    }
}

static void a_bomb_is_stopped_at_its_limits(void **state)
{
    char *zeros = km_arena_zero(arena, 8 << 20);
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        km_block b = { 0 };
        km_str bomb = packed(both[c], (km_str){ zeros, 8 << 20 });
        assert_int_equal(unpacked(&b, both[c], bomb, 4096, UINT64_MAX, 10), KM_TOO_LONG);
        assert_true(b.n <= KM_UNPACK_FREE + 10 * bomb.n);
        b.n = 0;
        assert_int_equal(unpacked(&b, both[c], bomb, 4096, 1 << 20, 1000000), KM_TOO_LONG);
        assert_true(b.n <= 1 << 20);
        km_http__block_free(&b);
    }
}

static void what_does_not_pack_stays_plain(void **state)
{
    char noise[4096];
    uint64_t x = 88172645463325252u;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        noise[i] = (char)(unsigned char)(x >> 32);
    }
    for (size_t c = 0; c < 2; c++)
        assert_null(packed(both[c], (km_str){ noise, sizeof noise }).p);
}

static void the_caller_chooses_by_weight(void **state)
{
    enum { NOTHING = 9 };
    static const struct {
        const char *accept;
        int want;
        bool plain_refused;
    } row[] = {
        { NULL, KM_CODING_PLAIN, false },
        { "", KM_CODING_PLAIN, false },
        { "gzip", KM_CODING_GZIP, false },
        { "gzip, deflate, br, zstd", KM_CODING_ZSTD, false },
        { "GZIP;q=1.0, zstd;q=0.5", KM_CODING_GZIP, false },
        { "zstd;q=0, gzip", KM_CODING_GZIP, false },
        { "*", KM_CODING_ZSTD, false },
        { "*;q=0.5, zstd;q=0", KM_CODING_GZIP, false },
        { "identity", KM_CODING_PLAIN, false },
        { "identity;q=1, gzip;q=0.1", KM_CODING_PLAIN, false },
        { "br", KM_CODING_PLAIN, false },
        { "identity;q=0, gzip", KM_CODING_GZIP, true },
        { "*;q=0, gzip;q=0.001", KM_CODING_GZIP, true },
        { "identity;q=0", NOTHING, true },
        { "*;q=0", NOTHING, true },
        { "br, *;q=0", NOTHING, true },
        { "gzip;q=0, zstd;q=0", KM_CODING_PLAIN, false },
        { "gzip;q=nonsense", KM_CODING_PLAIN, false },
        { "gzip;q=2", KM_CODING_PLAIN, false },
        { ",,gzip ; q=0.8 ,", KM_CODING_GZIP, false },
        { "x-gzip", KM_CODING_GZIP, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_coding best;
        bool refused;
        bool any = km_http__coding_accepted(&best, &refused, km_str_of(row[i].accept));
        if ((any ? (int)best : NOTHING) != row[i].want || refused != row[i].plain_refused)
            fail_msg("%s", row[i].accept);
    }
}

static void a_body_is_packed_in_one_way_that_we_know(void **state)
{
    static const struct {
        const char *value;
        km_code code;
        km_coding coding;
    } row[] = {
        { "gzip", KM_OK, KM_CODING_GZIP },
        { " ZSTD ", KM_OK, KM_CODING_ZSTD },
        { "identity", KM_OK, KM_CODING_PLAIN },
        { NULL, KM_OK, KM_CODING_PLAIN },
        { "br", KM_MEDIA_TYPE, 0 },
        { "gzip, gzip", KM_MEDIA_TYPE, 0 },
        { "deflate", KM_MEDIA_TYPE, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        km_coding c;
        km_fault f = { 0 };
        assert_int_equal(km_http__coding_of(&c, km_str_of(row[i].value), &f), row[i].code);
        if (row[i].code == KM_OK)
            assert_int_equal(c, row[i].coding);
    }
}

static void packing_in_steps_gives_what_packing_at_once_gives(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        km_str rest = lines(100000), plain = rest;
        km_block small = { 0 }, again = { 0 };
        km_pack *k = km_http__pack_take(&packers, both[c]);
        bool done = false;
        while (!done) {
            char out[777];
            size_t n = 0;
            km_str piece = km_str_sub(rest, 0, 5000);
            bool last = piece.n == rest.n;
            km_str left = piece;
            done = km_http__pack_some(k, &left, last, out, &n, sizeof out) && last;
            rest = km_str_sub(rest, piece.n - left.n, rest.n);
            km_http__block_add(&small, out, n);
        }
        km_http__pack_give(&packers, k);
        km_str bytes = { small.p, small.n };
        assert_int_equal(unpacked(&again, both[c], bytes, 999, 1 << 20, 10), KM_OK);
        assert_true(km_str_eq((km_str){ again.p, again.n }, plain));
        km_http__block_free(&small);
        km_http__block_free(&again);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_unpacks_to_itself_however_it_arrives),
        cmocka_unit_test(every_cut_of_a_packed_body_is_noticed),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(members_one_after_another_are_one_body),
        cmocka_unit_test(a_bomb_is_stopped_at_its_limits),
        cmocka_unit_test(what_does_not_pack_stays_plain),
        cmocka_unit_test(the_caller_chooses_by_weight),
        cmocka_unit_test(a_body_is_packed_in_one_way_that_we_know),
        cmocka_unit_test(packing_in_steps_gives_what_packing_at_once_gives),
    };
    return cmocka_run_group_tests_name("content codings", tests, setup, teardown);
}
