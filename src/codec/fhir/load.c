/* SPDX-License-Identifier: Apache-2.0
 *
 * km_fhir_load: the tables of data/fhir into memory, and what every loader needs.
 */
#include "codec/fhir/inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "gen/km_data_codec_fhir.h"

km_fhir_tables *km_fhir__tables;

/* More than the tables need (tables_test measures them); over it something is wrong. */
#define ARENA_CAP ((size_t)32 << 20)

void km_fhir_load(void)
{
    if (km_fhir__tables)
        return;
    km_arena *arena = km_arena_new(ARENA_CAP);
    km_fhir_tables *t = KM_NEW(arena, km_fhir_tables);
    t->arena = arena;
    km_fhir__load_types(t);
    km_fhir__load_value_sets(t);
    km_fhir__load_elements(t);
    km_fhir__load_owners(t);
    km_fhir__load_days(t);
    km_fhir__tables = t; /* compiling an expression asks the model */
    km_fhir__load_params(t);
    km_fhir__load_compartments(t);
    assert(!km_arena_over(arena));
}

_Noreturn void km_fhir__wrong(const char *table, km_str what)
{
    fprintf(stderr, "data/fhir/%s.tsv is wrong at \"%.*s\"\n", table, KM_STR_ARG(what));
    abort();
}

km_fhir_rows km_fhir__rows(const char *table)
{
    char name[64];
    snprintf(name, sizeof name, "%s.tsv", table);
    km_str text = km_embedded_find(km_data_codec_fhir, name);
    if (text.n == 0)
        km_fhir__wrong(table, KM_STR("nothing"));
    return (km_fhir_rows){ .table = table, .rest = text };
}

bool km_fhir__next_row(km_fhir_rows *r)
{
    size_t room = sizeof r->cell / sizeof r->cell[0];
    size_t n = km_tsv_next(r->cell, room, &r->rest);
    if (!r->started) {
        r->started = true;
        n = km_tsv_next(r->cell, room, &r->rest);
    }
    for (size_t i = n; i < room; i++)
        r->cell[i] = KM_STR_NONE;
    return n > 0;
}

size_t km_fhir__count_rows(const char *table)
{
    size_t n = 0;
    for (km_fhir_rows r = km_fhir__rows(table); km_fhir__next_row(&r);)
        n++;
    return n;
}

km_ftype km_fhir__type_or_wrong(const km_fhir_tables *t, const char *table, km_str name)
{
    const km_name *found = km_fhir__names_find(&t->type_names, 0, name);
    if (found == NULL)
        km_fhir__wrong(table, name);
    return found->a;
}

const km_ftype *km_fhir__types_in(uint16_t *n, km_fhir_tables *t, const char *table, km_str words)
{
    size_t room = words.n > 0;
    for (size_t i = 0; i < words.n; i++)
        room += words.p[i] == ' ';
    km_ftype *out = room ? KM_NEW_ARRAY(t->arena, room, km_ftype) : NULL;
    *n = 0;
    while (words.n)
        out[(*n)++] = km_fhir__type_or_wrong(t, table, km_str_cut(words, ' ', &words));
    return out;
}
