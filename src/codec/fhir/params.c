/* SPDX-License-Identifier: Apache-2.0
 *
 * params: search parameters and the compartments made of them.
 */
#include "codec/fhir/inside.h"

#include <assert.h>
#include <stdlib.h>

#define HL7_PARAM "http://hl7.org/fhir/SearchParameter/"

typedef struct km_component component;

/* Expressions are compiled once, however many parameters share them (`Resource.meta.tag`
 * is one of every type). */
typedef struct compiler {
    km_fhir_tables *t;
    km_names texts;
    const km_path **path;
    uint16_t n;
} compiler;

static const km_path *compile(compiler *c, km_str text)
{
    const km_name *found = km_fhir__names_find(&c->texts, 0, text);
    if (found)
        return c->path[found->a];
    km_path *path;
    km_fault f;
    km_fault_clear(&f);
    if (km_path_compile(&path, c->t->arena, text, km_fhir_model(), &f) != KM_OK)
        km_fhir__wrong("params", text);
    c->path[c->n] = path;
    km_fhir__names_add(&c->texts, 0, text, c->n++, 0);
    return path;
}

static km_param_kind kind_named(km_str s)
{
    static const char *const names[] = { NULL,       "string", "token", "reference", "date",
                                         "quantity", "number", "uri",   "composite", "special" };
    for (size_t i = KM_PARAM_STRING; i <= KM_PARAM_SPECIAL; i++)
        if (km_str_is(s, names[i]))
            return (km_param_kind)i;
    km_fhir__wrong("params", s);
}

static uint16_t number_in(km_str s)
{
    int64_t n;
    if (!km_str_to_i64(&n, s) || n < 1 || n > UINT16_MAX)
        km_fhir__wrong("params", s);
    return (uint16_t)n;
}

static km_str url_of(km_arena *a, km_str id)
{
    size_t head = sizeof HL7_PARAM - 1;
    char *p = km_arena_alloc(a, head + id.n);
    memcpy(p, HL7_PARAM, head);
    memcpy(p + head, id.p, id.n);
    return (km_str){ p, head + id.n };
}

static size_t count_terms(km_str s, char sep)
{
    size_t n = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == sep;
    return n;
}

/* Does every term of the expression lead where the first owner row of its type points? */
static bool is_own_patient(const km_fhir_tables *t, const km_param *p)
{
    static const km_str where = KM_STR_INIT(".where(resolve() is Patient)");
    const km_fhir_paths *row = t->owner, *end = t->owner + t->n_owner;
    while (row < end && row->type != p->type)
        row++;
    if (p->kind != KM_PARAM_REFERENCE || row == end)
        return false;
    km_str name = t->type[p->type].name;
    for (km_str rest = p->expression; rest.n;) {
        km_str term = km_str_trim(km_str_cut(rest, '|', &rest));
        if (km_str_ends(term, where))
            term = km_str_sub(term, 0, term.n - where.n);
        if (!km_str_starts(term, name))
            return false;
        bool own = false;
        for (uint8_t i = 0; i < row->n_paths; i++)
            own |= km_str_eq(km_str_sub(term, name.n + 1, term.n), row->path[i]);
        if (!own)
            return false;
    }
    return true;
}

static km_param read_param(compiler *c, const km_fhir_rows *r)
{
    km_fhir_tables *t = c->t;
    km_param p = { .number = number_in(r->cell[0]),
                   .index_number = number_in(r->cell[1]),
                   .type = km_fhir__type_or_wrong(t, "params", r->cell[2]),
                   .code = r->cell[3],
                   .kind = kind_named(r->cell[4]),
                   .url = url_of(t->arena, r->cell[8]),
                   .expression = r->cell[6],
                   .path = compile(c, r->cell[6]) };
    p.targets = km_fhir__types_in(&p.n_targets, t, "params", r->cell[5]);
    p.own_patient = is_own_patient(t, &p);
    return p;
}

static int by_type(const void *a, const void *b)
{
    const km_param *x = a, *y = b;
    return x->type != y->type ? x->type - y->type : x->number - y->number;
}

/* "code=expression;code=expression" */
static void read_components(compiler *c, const km_fhir_rows *r)
{
    km_fhir_tables *t = c->t;
    km_param *p = &t->param[t->numbered[number_in(r->cell[0])] - t->param];
    component *out = KM_NEW_ARRAY(t->arena, count_terms(r->cell[7], ';'), component);
    p->component = out;
    for (km_str rest = r->cell[7]; rest.n; p->n_components++) {
        km_str expression, code = km_str_cut(km_str_cut(rest, ';', &rest), '=', &expression);
        const km_name *of = km_fhir__names_find(&t->param_names, p->type, code);
        if (of == NULL)
            km_fhir__wrong("params", code);
        const km_param *part = &t->param[of->a];
        out[p->n_components] = (component){ part, compile(c, expression), part->kind };
    }
}

/* --- what others take together --- */

static bool has_term(const km_param *p, km_str wanted)
{
    for (km_str rest = p->expression; rest.n;)
        if (km_str_eq(km_str_trim(km_str_cut(rest, '|', &rest)), wanted))
            return true;
    return false;
}

static bool takes_all_of(const km_param *p, const km_param *other)
{
    for (km_str rest = other->expression; rest.n;)
        if (!has_term(p, km_str_trim(km_str_cut(rest, '|', &rest))))
            return false;
    return true;
}

static bool some_take(const km_param *const *part, size_t n, km_str term)
{
    for (size_t i = 0; i < n; i++)
        if (has_term(part[i], term))
            return true;
    return false;
}

/* Tokens and quantities alone: what else has rows of its own kind (own patients, long texts) is not
 * worth the care. */
static void find_parts(km_fhir_tables *t, km_param *p)
{
    enum { MOST = 8 };
    const km_param *found[MOST];
    uint16_t n = 0;
    bool whole = p->kind == KM_PARAM_TOKEN || p->kind == KM_PARAM_QUANTITY;
    for (size_t i = 0; whole && i < t->n_params && n < MOST; i++) {
        const km_param *other = &t->param[i];
        if (other != p && other->type == p->type && other->kind == p->kind
            && other->index_number == other->number && takes_all_of(p, other)
            && !takes_all_of(other, p))
            found[n++] = other;
    }
    for (km_str rest = p->expression; whole && rest.n;)
        whole = some_take(found, n, km_str_trim(km_str_cut(rest, '|', &rest)));
    if (!whole || p->index_number != p->number)
        return;
    const km_param **part = KM_NEW_ARRAY(t->arena, n, const km_param *);
    memcpy(part, found, n * sizeof *part);
    p->part = part;
    p->n_parts = n;
}

static void enter_params(km_fhir_tables *t)
{
    qsort(t->param, t->n_params, sizeof t->param[0], by_type);
    for (size_t i = 0; i < t->n_params; i++)
        if (t->param[i].number > t->highest)
            t->highest = t->param[i].number;
    t->numbered = KM_NEW_ARRAY(t->arena, t->highest + 1u, const km_param *);
    t->param_names = km_fhir__names_new(t->arena, t->n_params);
    for (size_t i = 0; i < t->n_params; i++) {
        const km_param *p = &t->param[i];
        if (t->numbered[p->number])
            km_fhir__wrong("params", p->code);
        t->numbered[p->number] = p;
        km_fhir__names_add(&t->param_names, p->type, p->code, (uint16_t)i, 0);
        if (t->type[p->type].n_params++ == 0)
            t->type[p->type].param = p;
    }
    for (size_t i = 0; i < t->n_params; i++) {
        const km_param *of = km_fhir_param_numbered(t->param[i].index_number);
        if (of == NULL || of->type != t->param[i].type || of->index_number != of->number)
            km_fhir__wrong("params", t->param[i].code);
    }
    for (size_t i = 0; i < t->n_params; i++)
        find_parts(t, &t->param[i]);
}

void km_fhir__load_params(km_fhir_tables *t)
{
    size_t rows = km_fhir__count_rows("params");
    compiler c = { t, km_fhir__names_new(t->arena, 2 * rows),
                   KM_NEW_ARRAY(t->arena, 2 * rows, const km_path *), 0 };
    t->param = KM_NEW_ARRAY(t->arena, rows, km_param);
    for (km_fhir_rows r = km_fhir__rows("params"); km_fhir__next_row(&r);)
        if (!km_str_is(r.cell[4], "retired"))
            t->param[t->n_params++] = read_param(&c, &r);
    enter_params(t);
    for (km_fhir_rows r = km_fhir__rows("params"); km_fhir__next_row(&r);)
        if (r.cell[7].n)
            read_components(&c, &r);
}

const km_param *km_fhir_param(km_ftype type, km_str code)
{
    const km_name *found = km_fhir__names_find(&km_fhir__tables->param_names, type, code);
    return found ? &km_fhir__tables->param[found->a] : NULL;
}

size_t km_fhir_params(const km_param **out, km_ftype type)
{
    *out = km_fhir__type(type)->param;
    return km_fhir__type(type)->n_params;
}

const km_param *km_fhir_param_numbered(uint16_t number)
{
    return number <= km_fhir__tables->highest ? km_fhir__tables->numbered[number] : NULL;
}

/* --- compartments ----------------------------------------------------------------------- */

void km_fhir__load_compartments(km_fhir_tables *t)
{
    t->compartment = KM_NEW_ARRAY(t->arena, km_fhir__count_rows("compartments"),
                                  km_fhir_compartment_row);
    for (km_fhir_rows r = km_fhir__rows("compartments"); km_fhir__next_row(&r);) {
        km_fhir_compartment_row *c = &t->compartment[t->n_compartments++];
        c->of = km_fhir__type_or_wrong(t, "compartments", r.cell[0]);
        c->type = km_fhir__type_or_wrong(t, "compartments", r.cell[1]);
        c->param = KM_NEW_ARRAY(t->arena, count_terms(r.cell[2], ' '), const km_param *);
        for (km_str rest = r.cell[2]; rest.n;) {
            km_str code = km_str_cut(rest, ' ', &rest);
            const km_param *p = km_fhir_param(c->type, code);
            if (p)
                c->param[c->n_params++] = p;
            else if (!km_str_is(code, "{def}"))
                km_fhir__wrong("compartments", code);
        }
    }
}

size_t km_fhir_compartment(const km_param *const **out, bool *in, km_ftype of, km_ftype type)
{
    const km_fhir_tables *t = km_fhir__tables;
    for (size_t i = 0; i < t->n_compartments; i++)
        if (t->compartment[i].of == of && t->compartment[i].type == type) {
            *out = t->compartment[i].param;
            *in = true;
            return t->compartment[i].n_params;
        }
    *out = NULL;
    *in = of != 0 && of == type;
    return 0;
}
