/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void memory_is_aligned_apart_and_stays_as_written(void **state)
{
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        size_t n = i * i % 3001;
        piece[i] = km_arena_alloc(a, n);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
        memset(piece[i], (int)(i % 251), n);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < i * i % 3001; k++)
            assert_int_equal(piece[i][k], i % 251);
    km_arena_free(a);
}

static void going_back_forgets_what_came_since_and_no_more(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (size_t size = 1; size < 4000000; size *= 7) {
        char *before = km_arena_alloc(a, 100);
        memset(before, 'b', 100);
        size_t used = km_arena_used(a);
        km_arena_mark here = km_arena_here(a);
        for (int round = 0; round < 5; round++) {
            memset(km_arena_alloc(a, size), 'x', size);
            memset(km_arena_alloc(a, 1000), 'x', 1000);
            assert_true(km_arena_used(a) >= used + size + 1000);
            km_arena_back(a, here);
            assert_int_equal(km_arena_used(a), used);
        }
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(before[i], 'b');
    }
    km_arena_free(a);
}

static void a_reset_arena_is_as_new(void **state)
{
    km_arena *a = km_arena_new(1 << 20);
    (void)state;
    void *first = km_arena_alloc(a, 1);
    for (int i = 0; i < 10; i++) {
        memset(km_arena_alloc(a, 3 << 20), 1, 3 << 20);
        assert_true(km_arena_over(a));
        km_arena_reset(a);
        assert_false(km_arena_over(a));
        assert_int_equal(km_arena_used(a), 0);
        assert_ptr_equal(km_arena_alloc(a, 1), first);
    }
    km_arena_free(a);
    km_arena_free(NULL);
}

static void over_the_cap_it_still_answers_and_says_so(void **state)
{
    km_arena *a = km_arena_new(10000);
    size_t given = 0;
    (void)state;
    while (given < 100000) {
        memset(km_arena_alloc(a, 16), 0, 16);
        given += 16;
        assert_int_equal(km_arena_over(a), given > 10000);
    }
    km_arena_free(a);
}

static void zeroed_memory_is_zero_even_where_something_was(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    memset(km_arena_alloc(a, 5000), 0xEE, 5000);
    km_arena_reset(a);
    unsigned char *p = km_arena_zero(a, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(p[i], 0);
    uint64_t *numbers = KM_NEW_ARRAY(a, 1000, uint64_t);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], 0);
    assert_non_null(KM_NEW_ARRAY(a, 0, uint64_t));
    km_arena_free(a);
}

static void copies_end_in_nul_and_printing_has_no_limit(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    km_str copy = km_arena_copy(a, (km_str){ "ab\0c", 3 });
    assert_int_equal(copy.n, 3);
    assert_memory_equal(copy.p, "ab\0", 4);
    assert_string_equal(km_arena_z(a, KM_STR_NONE), "");
    for (size_t n = 0; n < 2000; n += 17) {
        km_str s = km_arena_print(a, "%0*d|", (int)n, 7);
        assert_int_equal(s.n, n ? n + 1 : 2);
        assert_int_equal(s.p[s.n], '\0');
        assert_int_equal(s.p[s.n - 1], '|');
    }
    km_arena_free(a);
}

static void what_is_built_is_what_was_added(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf b = km_buf_in(a);
    (void)state;
    for (int i = 0; i < 5000; i++) {
        km_buf_char(&b, (char)('a' + i % 26));
        km_buf_bytes(&b, NULL, 0);
        km_buf_add(&b, KM_STR("--"));
        KM_BUF_LIT(&b, "x");
        km_buf_print(&b, "%d", i % 10);
    }
    assert_int_equal(b.n, 5 * 5000);
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(b.p[5 * i], 'a' + i % 26);
        assert_memory_equal(b.p + 5 * i + 1, "--x", 3);
        assert_int_equal(b.p[5 * i + 4], '0' + i % 10);
    }
    km_arena_free(a);
}

static void printing_into_a_buffer_has_no_limit(void **state)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    (void)state;
    for (int n = 1; n < 3000; n += 13) {
        km_buf b = km_buf_in(a);
        km_buf_print(&b, "%0*d", n, 1);
        km_buf_print(&b, "%0*d", n, 2);
        assert_int_equal(b.n, 2 * n);
        assert_int_equal(b.p[n - 1], '1');
        assert_int_equal(b.p[2 * n - 1], '2');
        km_arena_reset(a);
    }
    km_arena_free(a);
}

static void big_endian_numbers_sort_as_bytes(void **state)
{
    static const uint64_t up[] = {
        0, 1, 255, 256, 65535, 65536, 1ull << 31, 1ull << 32, UINT64_MAX
    };
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str before = KM_STR_NONE;
    (void)state;
    for (size_t i = 0; i < sizeof up / sizeof *up; i++) {
        km_buf b = km_buf_in(a);
        km_buf_u64be(&b, up[i]);
        assert_int_equal(b.n, 8);
        assert_true(km_str_cmp(before, km_buf_str(&b)) < 0);
        before = km_buf_str(&b);
    }
    km_buf b = km_buf_in(a);
    km_buf_u16be(&b, 0x0102);
    km_buf_u32be(&b, 0x03040506);
    km_buf_u64be(&b, 0x0708090a0b0c0d0e);
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(b.p[i], i + 1);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_apart_and_stays_as_written),
        cmocka_unit_test(going_back_forgets_what_came_since_and_no_more),
        cmocka_unit_test(a_reset_arena_is_as_new),
        cmocka_unit_test(over_the_cap_it_still_answers_and_says_so),
        cmocka_unit_test(zeroed_memory_is_zero_even_where_something_was),
        cmocka_unit_test(copies_end_in_nul_and_printing_has_no_limit),
        cmocka_unit_test(what_is_built_is_what_was_added),
        cmocka_unit_test(printing_into_a_buffer_has_no_limit),
        cmocka_unit_test(big_endian_numbers_sort_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
