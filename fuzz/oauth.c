/* SPDX-License-Identifier: Apache-2.0
 * fuzz: trust/who
 *
 * oauth: the input as the text of scopes, and as the form of a token request. What was read is
 * printed and read again as the same; what meets itself is itself.
 */
#include <stdlib.h>

#include "http/http.h"
#include "trust/who/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void try_scopes(km_arena *a, km_str text)
{
    km_scopes s, again, met;
    km_fault f = { 0 };
    km_code rc = km_scopes_parse(&s, text, a, &f);
    if (rc != f.code)
        abort();
    if (rc != KM_OK)
        return;
    km_str printed = km_scopes_print(&s, a);
    if (printed.n > KM_SCOPE_TEXT_MAX)
        return; /* ".*" is printed as ".cruds" */
    if (km_scopes_parse(&again, printed, a, &f) != KM_OK || again.n != s.n
        || !km_str_eq(printed, km_scopes_print(&again, a)))
        abort();
    if (km_scopes_meet(&met, &s, &s, a, &f) == KM_OK && met.n < s.n)
        abort();
    km_who who = {
        .scoped = true, .scope = s.scope, .scopes = s.n, .patient = KM_STR("Patient/1")
    };
    for (size_t i = 0; i < s.n; i++) {
        km_scope_reach reach;
        if (s.scope[i].type != 0 && !km_scopes_allow(&reach, &who, s.scope[i].type, s.scope[i].may))
            abort();
    }
}

static void try_form(km_arena *a, km_str text)
{
    const km_field *field;
    size_t n;
    if (km_form_decode(&field, &n, a, text, NULL) != KM_OK)
        return;
    for (size_t i = 0; i < n; i++)
        if (km_str_is(field[i].name, "scope"))
            try_scopes(a, field[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_fhir_load();
    km_arena *a = km_arena_new((size_t)16 << 20);
    km_str text = { (const char *)bytes, n };
    try_scopes(a, text);
    try_form(a, text);
    km_arena_free(a);
    return 0;
}
