/* SPDX-License-Identifier: Apache-2.0
 *
 * value_sets: the codes of R4's required bindings. Sets whose system is nobody's to list
 * here (mime types BCP 13, units UCUM, LOINC answers, currencies ISO 4217) take every code
 * of their system that has the system's form.
 */
#include "codec/fhir/inside.h"

#include <assert.h>

#define HL7_SET "http://hl7.org/fhir/ValueSet/"

void km_fhir__load_value_sets(km_fhir_tables *t)
{
    size_t rows = km_fhir__count_rows("value_sets"), words = 0;
    for (km_fhir_rows r = km_fhir__rows("value_sets"); km_fhir__next_row(&r); words++)
        for (size_t i = 0; i < r.cell[2].n; i++)
            words += r.cell[2].p[i] == ' ';
    t->set_names = km_fhir__names_new(t->arena, rows);
    t->codes = km_fhir__names_new(t->arena, words);
    t->include = KM_NEW_ARRAY(t->arena, rows, km_fhir_include);
    t->set_first = KM_NEW_ARRAY(t->arena, rows + 2, uint16_t);
    km_str last = KM_STR_NONE;
    for (km_fhir_rows r = km_fhir__rows("value_sets"); km_fhir__next_row(&r);) {
        if (!km_str_eq(last, r.cell[0])) {
            t->set_first[++t->n_sets] = t->n_includes;
            km_fhir__names_add(&t->set_names, 0, r.cell[0], t->n_sets, 0);
        }
        last = r.cell[0];
        bool all = km_str_is(r.cell[2], "*");
        t->include[t->n_includes] = (km_fhir_include){ r.cell[1], all };
        for (km_str codes = all ? KM_STR_NONE : r.cell[2]; codes.n;)
            km_fhir__names_add(&t->codes, t->n_sets, km_str_cut(codes, ' ', &codes), t->n_includes,
                               0);
        t->n_includes++;
    }
    t->set_first[t->n_sets + 1] = t->n_includes;
}

uint16_t km_fhir_value_set(km_str url)
{
    if (km_str_starts(url, KM_STR(HL7_SET)))
        url = km_str_sub(url, sizeof HL7_SET - 1, url.n);
    const km_name *found = km_fhir__names_find(&km_fhir__tables->set_names, 0, url);
    return found ? found->a : 0;
}

/* ISO 4217: three capital letters. */
static bool has_form(km_str system, km_str code)
{
    if (!km_str_is(system, "urn:iso:std:iso:4217"))
        return code.n > 0;
    for (size_t i = 0; i < code.n; i++)
        if (code.p[i] < 'A' || code.p[i] > 'Z')
            return false;
    return code.n == 3;
}

static bool is_of(km_str have, km_str want)
{
    return want.n == 0 || have.n == 0 || km_str_eq(have, want);
}

bool km_fhir_code_in(uint16_t value_set, km_str system, km_str code)
{
    const km_fhir_tables *t = km_fhir__tables;
    if (value_set == 0 || value_set > t->n_sets)
        return false;
    const km_name *c = km_fhir__names_find(&t->codes, value_set, code);
    for (; c; c = km_fhir__names_again(&t->codes, c))
        if (is_of(t->include[c->a].system, system))
            return true;
    for (uint16_t i = t->set_first[value_set]; i < t->set_first[value_set + 1]; i++)
        if (t->include[i].all && is_of(t->include[i].system, system)
            && has_form(t->include[i].system, code))
            return true;
    return false;
}
