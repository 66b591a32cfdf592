/* SPDX-License-Identifier: Apache-2.0
 *
 * owner: whose a resource is and on which day it happened, by the rows of owner.tsv and
 * day.tsv.
 */
#include "codec/fhir/inside.h"

#include <assert.h>

#include "base/date.h"

#define MAX_PATHS (sizeof((km_fhir_paths *)NULL)->path / sizeof(km_str))

/* --- paths of JSON names ------------------------------------------------------------------ */

typedef struct step {
    km_jv_iter items; /* of a list */
    km_str rest;      /* the path below it */
} step;

#define MAX_STEPS 8 /* names in a path of our own tables: at most as many lists */

/* A list inside a list is no FHIR and is passed over, so input cannot deepen the stack. */
void km_fhir__reach(km_jv from, km_str path, km_fhir_reached found, void *self)
{
    step stack[MAX_STEPS];
    size_t depth = 0;
    km_jv at = from;
    km_str rest = path;
    bool item = false;
    for (;;) {
        while (rest.n && !km_jv_is(at, KM_JSON_ARRAY)) {
            at = km_jv_get(at, km_str_cut(rest, '.', &rest));
            item = false;
        }
        if (km_jv_is(at, KM_JSON_ARRAY) && !item) {
            assert(depth < MAX_STEPS);
            stack[depth++] = (step){ km_jv_each(at), rest };
        } else if (!km_jv_is(at, KM_JSON_NONE) && rest.n == 0 && !found(self, at)) {
            return;
        }
        while (depth && !km_jv_next(&stack[depth - 1].items))
            depth--;
        if (depth == 0)
            return;
        at = stack[depth - 1].items.value;
        rest = stack[depth - 1].rest;
        item = true;
    }
}

/* --- tables ------------------------------------------------------------------------------- */

static km_fhir_paths read_row(const km_fhir_tables *t, const char *table, const km_fhir_rows *r)
{
    km_fhir_paths row = { .type = km_fhir__type_or_wrong(t, table, r->cell[0]) };
    for (km_str rest = r->cell[1]; rest.n; row.n_paths++) {
        if (row.n_paths == MAX_PATHS)
            km_fhir__wrong(table, r->cell[0]);
        row.path[row.n_paths] = km_str_cut(rest, ' ', &rest);
    }
    return row;
}

static __typeof__(((km_fhir_paths *)NULL)->several) several_of(km_str word)
{
    static const char *const words[] = { [KM_SEVERAL_REFUSED] = "refused",
                                         [KM_SEVERAL_FIRST] = "first",
                                         [KM_SEVERAL_NOBODY] = "nobody" };
    for (int i = 0; i < 3; i++)
        if (km_str_is(word, words[i]))
            return (__typeof__(((km_fhir_paths *)NULL)->several))i;
    km_fhir__wrong("owner", word);
}

void km_fhir__load_owners(km_fhir_tables *t)
{
    t->owner = KM_NEW_ARRAY(t->arena, km_fhir__count_rows("owner"), km_fhir_paths);
    for (km_fhir_rows r = km_fhir__rows("owner"); km_fhir__next_row(&r);) {
        km_fhir_paths *row = &t->owner[t->n_owner++];
        *row = read_row(t, "owner", &r);
        row->bare = km_str_is(r.cell[2], "yes");
        if (!row->bare && !km_str_is(r.cell[2], "no"))
            km_fhir__wrong("owner", r.cell[2]);
        row->several = several_of(r.cell[3]);
    }
}

void km_fhir__load_days(km_fhir_tables *t)
{
    t->day = KM_NEW_ARRAY(t->arena, km_fhir__count_rows("day"), km_fhir_paths);
    for (km_fhir_rows r = km_fhir__rows("day"); km_fhir__next_row(&r);)
        t->day[t->n_day++] = read_row(t, "day", &r);
}

/* --- owner ---------------------------------------------------------------------------------- */

typedef struct owners {
    km_str *out;
    size_t room, n;
    bool bare;
} owners;

/* #p1 names a Patient inside the record: a picture of somebody, no chart. */
static bool is_patient(const owners *o, km_jv value, km_str text)
{
    km_reference r;
    if (!km_reference_parse(&r, text) || r.contained)
        return false;
    if (r.type)
        return r.type == km_fhir__tables->t_patient;
    km_str told = km_jv_str(KM_JV_GET(value, "type"));
    return told.n ? km_str_is(told, "Patient") : r.urn && o->bare;
}

static bool add_owner(void *self, km_jv value)
{
    owners *o = self;
    km_str text = km_jv_str(KM_JV_GET(value, "reference"));
    if (text.n == 0 || !is_patient(o, value, text))
        return true;
    size_t held = o->n < o->room ? o->n : o->room;
    for (size_t i = 0; i < held; i++)
        if (km_str_eq(o->out[i], text))
            return true;
    if (o->n < o->room)
        o->out[o->n] = text;
    o->n++;
    return true;
}

size_t km_fhir_owner(km_str *out, size_t room, km_jv resource, km_ftype type)
{
    const km_fhir_tables *t = km_fhir__tables;
    owners o = { out, room, 0, false };
    for (size_t i = 0; i < t->n_owner && o.n == 0; i++) {
        if (t->owner[i].type != type || t->owner[i].several == KM_SEVERAL_NOBODY)
            continue;
        o.bare = t->owner[i].bare;
        for (uint8_t p = 0; p < t->owner[i].n_paths; p++)
            km_fhir__reach(resource, t->owner[i].path[p], add_owner, &o);
    }
    return o.n;
}

bool km_fhir_owner_is_first(km_ftype type)
{
    const km_fhir_tables *t = km_fhir__tables;
    for (size_t i = 0; i < t->n_owner; i++)
        if (t->owner[i].type == type)
            return t->owner[i].several == KM_SEVERAL_FIRST;
    return false;
}

/* --- day ------------------------------------------------------------------------------------- */

typedef struct moment {
    km_ms *out;
    bool found;
} moment;

static bool take_moment(void *self, km_jv value)
{
    moment *m = self;
    km_civil c;
    km_ms high;
    if (!km_civil_parse(&c, km_jv_str(value)))
        return true;
    km_civil_interval(m->out, &high, &c);
    m->found = true;
    return false;
}

bool km_fhir_moment(km_ms *out, km_jv resource, km_ftype type)
{
    const km_fhir_tables *t = km_fhir__tables;
    moment m = { out, false };
    for (size_t i = 0; i < t->n_day; i++)
        if (t->day[i].type == type)
            for (uint8_t p = 0; p < t->day[i].n_paths && !m.found; p++)
                km_fhir__reach(resource, t->day[i].path[p], take_moment, &m);
    return m.found;
}

bool km_fhir_day(int64_t *out, km_jv resource, km_ftype type)
{
    km_ms at;
    bool found = km_fhir_moment(&at, resource, type);
    if (found)
        *out = km_day_in_japan(at);
    return found;
}

bool km_fhir_has_owner(km_ftype type)
{
    const km_fhir_tables *t = km_fhir__tables;
    for (size_t i = 0; i < t->n_owner; i++)
        if (t->owner[i].type == type)
            return t->owner[i].several != KM_SEVERAL_NOBODY;
    return false;
}
