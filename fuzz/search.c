/* SPDX-License-Identifier: Apache-2.0
 * fuzz: view/index
 *
 * Search fields: the first line names a type, the rest is name=value&name=value. Whatever stands
 * there is understood, refused or, leniently, left out; what is understood can be asked of a
 * resource.
 */
#include <assert.h>

#include "view/index/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { FIELDS = 40 };

static km_jv patient(km_arena *a)
{
    static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"p\",\"identifier\":[{"
                               "\"system\":\"urn:a\",\"value\":\"1\"}],"
                               "\"name\":[{\"family\":\"山田\",\"given\":[\"太郎\"]}],\"gender\":"
                               "\"male\",\"birthDate\":\"1941-04-21\","
                               "\"generalPractitioner\":[{\"reference\":\"Practitioner/1\"}]}";
    km_json *doc;
    km_code rc = km_json_parse(&doc, a, km_str_of(text), NULL, NULL);
    assert(rc == KM_OK);
    return km_json_root(doc);
}

static void ask(km_ftype type, const km_search_field *field, size_t n, bool lenient)
{
    km_fault fault = { 0 };
    km_call call = { .arena = km_arena_new(KM_ARENA_CAP_DEFAULT),
                     .fault = &fault,
                     .clock = &km_clock_real,
                     .random = &km_random_real };
    km_search_input in = { .type = type,
                           .field = field,
                           .fields = n,
                           .lenient = lenient,
                           .base = KM_STR_INIT("http://127.0.0.1/fhir") };
    km_search *s;
    km_code rc = km_search_parse(&s, &in, &call);
    assert((rc == KM_OK) == (fault.code == KM_OK));
    if (rc == KM_OK) {
        bool yes;
        (void)km_search_matches(&yes, s, patient(call.arena), km_fhir_type_named(KM_STR("Patient")),
                                &call);
    }
    km_arena_free(call.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_search_field field[FIELDS];
    size_t fields = 0;
    km_fhir_load();
    km_str rest = { (const char *)bytes, n };
    if (!km_str_is_utf8(rest, NULL)) /* the gateway lets nothing else through */
        return 0;
    km_ftype type = km_fhir_type_named(km_str_cut(rest, '\n', &rest));
    while (rest.n > 0 && fields < FIELDS) {
        km_str value, name = km_str_cut(km_str_cut(rest, '&', &rest), '=', &value);
        field[fields++] = (km_search_field){ name, value };
    }
    if (type != 0 && !km_fhir_is_resource(type))
        return 0;
    ask(type, field, fields, false);
    ask(type, field, fields, true);
    return 0;
}
