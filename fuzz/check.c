/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz: codec/fhir
 * Any bytes: parse, check, and ask owner, day and references of what the check let through
 * and of what it did not, since both may be asked before a check.
 */
#include "codec/fhir/fhir.h"

static void look(void *self, km_jv value, km_str text)
{
    km_reference r;
    (void)value;
    *(size_t *)self += km_reference_parse(&r, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_arena *a = km_arena_new((size_t)64 << 20);
    km_str text = { (const char *)bytes, n };
    km_json *doc;
    km_fault f;
    km_reference r;
    km_fault_clear(&f);
    km_fhir_load();
    km_reference_parse(&r, text);
    if (km_json_parse(&doc, a, text, NULL, &f) == KM_OK) {
        km_jv root = km_json_root(doc);
        km_ftype type = km_fhir_type_named(km_jv_text(root, "resourceType"));
        km_str owner[4];
        int64_t day;
        size_t seen = 0;
        km_fhir_check(root, &f);
        km_fhir_owner(owner, 4, root, type);
        km_fhir_day(&day, root, type);
        km_fhir_references(root, type, look, &seen);
        for (km_ftype t = 0; t < 1100; t += 37)
            km_fhir_check_value(root, t, "value", NULL);
    }
    km_arena_free(a);
    return 0;
}
