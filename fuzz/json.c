/* SPDX-License-Identifier: Apache-2.0
 * fuzz: codec/json
 *
 * json: whatever is read prints to a text that reads and prints the same, and every part of it
 * lies inside the text. Numbers that are read as decimals have a value and an interval.
 */
#include <stdlib.h>

#include "codec/json/decimal.h"
#include "codec/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void look(km_jv v)
{
    km_decimal d;
    double low, high;
    uint32_t line, column, seen = 0;
    km_str text = v.doc->text, raw = km_jv_raw(v);
    must(raw.p >= text.p && raw.n > 0 && raw.n <= (size_t)(text.p + text.n - raw.p));
    km_jv_place(v, &line, &column);
    must(line > 0 && column > 0);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i); seen++)
        if (i.object)
            must(km_jv_get(v, i.name).at == i.value.at);
    must(seen == km_jv_count(v));
    must(km_jv_is(v, KM_JSON_STRING) == (raw.p[0] == '"'));
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_decimal_parse(&d, km_jv_str(v)))
        return;
    double value = km_decimal_to_double(&d);
    km_decimal_interval(&low, &high, &d);
    must(low <= value && value <= high && km_decimal_cmp(&d, &d) == 0);
    must(km_double_from_key(km_double_key(value)) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const km_str text = { (const char *)bytes, n };
    const km_json_limits tight = {
        .depth = 5, .members = 20, .array_members = 50, .string_bytes = 100
    };
    km_arena *a = km_arena_new((size_t)16 << 20);
    km_json *doc, *again, *less;
    km_fault f = { 0 };
    km_code rc = km_json_parse(&doc, a, text, NULL, &f);
    must(rc == f.code && (doc != NULL) == (rc == KM_OK));
    if (rc == KM_OK) {
        km_buf once = km_buf_in(a), twice = km_buf_in(a);
        for (uint32_t i = 0; i < doc->nodes && i < 200; i++)
            look((km_jv){ doc, i });
        km_jv_print(&once, km_json_root(doc));
        must(once.n <= n);
        must(km_json_parse(&again, a, km_buf_str(&once), NULL, NULL) == KM_OK);
        must(again->nodes == doc->nodes);
        for (uint32_t i = 0; i < doc->nodes; i++)
            must(km_str_eq(km_jv_str((km_jv){ doc, i }), km_jv_str((km_jv){ again, i })));
        km_jv_print(&twice, km_json_root(again));
        must(km_str_eq(km_buf_str(&once), km_buf_str(&twice)));
    }
    must(km_json_parse(&less, a, text, &tight, NULL) != KM_OK || rc == KM_OK);
    km_arena_free(a);
    return 0;
}
