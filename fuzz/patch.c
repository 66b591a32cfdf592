/* SPDX-License-Identifier: Apache-2.0
 * fuzz: codec/json
 *
 * patch: {"doc": ..., "patch": [...]}. Whatever comes out is JSON, and equals itself by a test
 * operation.
 */
#include <stdlib.h>

#include "codec/json/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_arena *a = km_arena_new((size_t)64 << 20);
    km_json *doc;
    km_str out;
    if (km_json_parse(&doc, a, (km_str){ (const char *)bytes, n }, NULL, NULL) == KM_OK) {
        km_jv root = km_json_root(doc), from = KM_JV_GET(root, "doc");
        km_fault f = { 0 };
        if (km_jv_kind(from) != KM_JSON_NONE
            && km_json_patch(&out, a, km_jv_raw(from), KM_JV_GET(root, "patch"), &f) == KM_OK) {
            km_json *result, *test;
            must(km_json_parse(&result, a, out, NULL, &f) == KM_OK || f.code == KM_TOO_LONG);
            km_str same = km_arena_print(a, "[{\"op\":\"test\",\"path\":\"\",\"value\":%.*s}]",
                                         KM_STR_ARG(out));
            if (km_json_parse(&test, a, same, NULL, NULL) == KM_OK)
                must(km_json_patch(&out, a, out, km_json_root(test), &f) == KM_OK
                     || f.code == KM_TOO_COSTLY);
        }
    }
    km_arena_free(a);
    return 0;
}
