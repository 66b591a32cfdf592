/* SPDX-License-Identifier: Apache-2.0
 *
 * The three forms of the scanner are one function.
 */
#include "codec/json/scan.h"
#include "codec/json/any_json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_same(const char *at, const char *end)
{
    bool by_bytes = false, by_words = false, by_vectors = false;
    const char *stop = km_json__plain_bytes(at, end, &by_bytes);
    assert_ptr_equal(km_json__plain_words(at, end, &by_words), stop);
    assert_ptr_equal(km_json__plain(at, end, &by_vectors), stop);
    assert_int_equal(by_words, by_bytes);
    assert_int_equal(by_vectors, by_bytes);
}

static void every_byte_stops_all_forms_alike(void **state)
{
    char text[48];
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < sizeof text; at++)
            for (size_t n = at + 1; n <= sizeof text; n += 3) {
                memset(text, 'a', sizeof text);
                text[at] = (char)byte;
                km_str exact = any_exact((km_str){ text, n });
                assert_same(exact.p, exact.p + n);
                free((void *)(uintptr_t)exact.p);
            }
}

static void all_forms_stop_alike_in_random_bytes(void **state)
{
    static const char alphabet[] =
        "aaaaaaaaaaaabcdefg!#[]^\x20\x21\x7f\x80\x81\xa0\xa2\xdc\xff\x1f\"\\";
    uint64_t seed = 3;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char text[64];
        size_t n = any_below(&seed, sizeof text + 1);
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[any_below(&seed, round % 2 ? sizeof alphabet - 1 : 14 + 12)];
        assert_same(text, text + n);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_byte_stops_all_forms_alike),
    cmocka_unit_test(all_forms_stop_alike_in_random_bytes),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
