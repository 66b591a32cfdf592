/* SPDX-License-Identifier: Apache-2.0
 *
 * The half of fhir_tables that writes search parameters and compartments.
 */
#include <assert.h>
#include <stdlib.h>

#include "fhir_tables.h"

/* FHIR.DateTime is System's; in R4's parameters the element's own type is meant. */
static km_str plain_type(km_str t)
{
    return km_str_is(t, "DateTime") ? KM_STR("dateTime") : t;
}

static size_t closing(km_str s, size_t open)
{
    size_t depth = 0;
    for (size_t i = open; i < s.n; i++) {
        depth += s.p[i] == '(';
        if (s.p[i] == ')' && --depth == 0)
            return i;
    }
    return s.n;
}

static bool cut_as(km_str *path, km_str *as, km_str inner)
{
    for (size_t i = 0; i + 4 < inner.n; i++)
        if (memcmp(inner.p + i, " as ", 4) == 0) {
            *path = km_str_sub(inner, 0, i);
            *as = km_str_sub(inner, i + 4, inner.n);
            return km_str_find(*path, '|') == path->n && km_str_find(*as, ' ') == as->n;
        }
    return false;
}

/* R4 writes (X as T) and X.as(T) where X may be many, which FHIRPath 6.3.3 refuses; what is
 * meant is ofType. */
static km_str plain_expression(work *w, km_str s)
{
    km_buf b = km_buf_in(w->mem);
    for (size_t i = 0; i < s.n; i++) {
        km_str path, as, tail = km_str_sub(s, i, s.n);
        size_t end = s.p[i] == '(' ? closing(s, i) : s.n;
        if (km_str_starts(tail, KM_STR(".as("))) {
            end = closing(s, i + 3);
            as = km_str_sub(s, i + 4, end - i - 4);
            km_buf_print(&b, ".ofType(%.*s)", KM_STR_ARG(plain_type(as)));
            i = end;
        } else if (end < s.n && cut_as(&path, &as, km_str_sub(s, i + 1, end - i - 1))) {
            km_buf_print(&b, "%.*s.ofType(%.*s)", KM_STR_ARG(path), KM_STR_ARG(plain_type(as)));
            i = end;
        } else {
            km_buf_char(&b, s.p[i]);
        }
    }
    return km_buf_str(&b);
}

/* The terms of a union that begin with the type. */
static km_str part_for(work *w, km_str s, km_str base)
{
    km_buf b = km_buf_in(w->mem);
    size_t depth = 0, start = 0;
    for (size_t i = 0; i <= s.n; i++) {
        depth += i < s.n && s.p[i] == '(';
        depth -= i < s.n && s.p[i] == ')';
        if (i < s.n && (s.p[i] != '|' || depth))
            continue;
        km_str term = km_str_trim(km_str_sub(s, start, i - start));
        km_str after = km_str_sub(term, base.n, 1);
        start = i + 1;
        if (!km_str_starts(term, base) || (after.n && after.p[0] != '.'))
            continue;
        if (b.n)
            km_buf_z(&b, " | ");
        km_buf_add(&b, term);
    }
    return km_buf_str(&b);
}

static km_str components_of(work *w, km_jv p)
{
    km_buf b = km_buf_in(w->mem);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(p, "component")); km_jv_next(&i);) {
        km_str id = tables_last_segment(km_jv_text(i.value, "definition"));
        km_str code = KM_STR_NONE;
        for (km_jv_iter e = km_jv_each(KM_JV_GET(km_json_root(w->params), "entry"));
             km_jv_next(&e);)
            if (km_str_eq(km_jv_text(e.value, "resource.id"), id))
                code = km_jv_text(e.value, "resource.code");
        if (code.n == 0)
            tables_die(km_arena_z(w->mem, id), "is a component and not there");
        km_str expression = plain_expression(w, km_jv_text(i.value, "expression"));
        km_buf_print(&b, "%s%.*s=%.*s", b.n ? ";" : "", KM_STR_ARG(code), KM_STR_ARG(expression));
    }
    return km_buf_str(&b);
}

static void add_param(work *w, km_jv p, km_str base, km_str expression)
{
    km_str id = km_jv_text(p, "id");
    const char *targets = tables_erratum(id, "targets");
    km_buf b = km_buf_in(w->mem);
    if (targets)
        km_buf_z(&b, targets);
    else
        for (km_jv_iter i = km_jv_each(KM_JV_GET(p, "target")); km_jv_next(&i);)
            tables_add_word(&b, 0, km_jv_str(i.value));
    if (expression.n == 0)
        tables_die(km_arena_z(w->mem, id), "says nothing about one of its types");
    w->param[w->n_params++] = (param){ base,
                                       km_jv_text(p, "code"),
                                       km_jv_text(p, "type"),
                                       expression,
                                       components_of(w, p),
                                       km_buf_str(&b),
                                       id,
                                       0,
                                       0 };
}

/* _id and _lastUpdated are kept by the index itself, _text, _content and _query have no
 * expression; the others of Resource are rows of every type. */
static void add_params(work *w, km_jv p)
{
    km_str code = km_jv_text(p, "code");
    const char *right = tables_erratum(km_jv_text(p, "id"), "expression");
    km_str expression = plain_expression(w, right ? km_str_of(right) : km_jv_text(p, "expression"));
    if (expression.n == 0 || km_str_is(code, "_id") || km_str_is(code, "_lastUpdated")
        || tables_erratum(km_jv_text(p, "id"), "drop"))
        return;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(p, "base")); km_jv_next(&i);) {
        km_str base = km_jv_str(i.value);
        if (!km_str_is(base, "Resource")) {
            bool alone = km_jv_count(KM_JV_GET(p, "base")) == 1;
            add_param(w, p, base, alone ? expression : part_for(w, expression, base));
            continue;
        }
        for (size_t t = 0; t < w->n_types; t++)
            if (km_str_is(w->type[t].kind, "resource"))
                add_param(w, p, w->type[t].name, expression);
    }
}

static int compare_names(const void *a, const void *b)
{
    const param *x = a, *y = b;
    int by_type = km_str_cmp(x->type, y->type);
    return by_type ? by_type : km_str_cmp(x->code, y->code);
}

static int compare_params(const void *a, const void *b)
{
    const param *x = a, *y = b;
    return x->number - y->number;
}

static void number_params(work *w)
{
    map *old = KM_NEW(w->mem, map);
    int next = tables_read_numbers(w, old, "params.tsv", 2, true) + 1;
    qsort(w->param, w->n_params, sizeof w->param[0], compare_names);
    for (size_t i = 0; i < w->n_params; i++) {
        km_str key = km_arena_print(w->mem, "%.*s %.*s", KM_STR_ARG(w->param[i].type),
                                    KM_STR_ARG(w->param[i].code));
        int *known = tables_map_at(old, key);
        w->param[i].number = *known >= 0 ? *known : next++;
        *known = -2;
    }
    for (size_t i = 0; i < MAP_ROOM; i++)
        if (old->key[i].p && old->value[i] >= 0) {
            km_str code, of = km_str_cut(old->key[i], ' ', &code);
            w->param[w->n_params++] = (param){ .type = of,
                                               .code = code,
                                               .number = old->value[i],
                                               .kind = KM_STR("retired"),
                                               .index = old->value[i] };
        }
    qsort(w->param, w->n_params, sizeof w->param[0], compare_params);
}

/* The rows of `of` serve `p`: the same expression, or `p` only narrows the targets of `of` to
 * one type (patient and subject), which the target type in the rows tells as well. */
static bool serves(work *w, const param *of, const param *p)
{
    if (of == p || !km_str_eq(of->type, p->type) || !km_str_eq(of->kind, p->kind)
        || km_str_is(p->kind, "composite") || km_str_is(p->kind, "special"))
        return false;
    if (km_str_eq(of->expression, p->expression))
        return of->number < p->number;
    km_str target = p->targets;
    return km_str_is(p->kind, "reference")
           && km_str_eq(p->expression,
                        km_arena_print(w->mem, "%.*s.where(resolve() is %.*s)",
                                       KM_STR_ARG(of->expression), KM_STR_ARG(target)));
}

/* A narrowed parameter has one target, whatever its row says for its other types. */
static void narrow_targets(param *p)
{
    km_str mark = KM_STR("resolve() is "), e = p->expression;
    for (size_t i = 0; i + mark.n < e.n; i++)
        if (memcmp(e.p + i, mark.p, mark.n) == 0) {
            km_str rest;
            p->targets = km_str_cut(km_str_sub(e, i + mark.n, e.n), ')', &rest);
        }
}

/* Follows server to server: always to a lower number or a shorter expression, so to an end. */
static void find_aliases(work *w)
{
    const param **server = KM_NEW_ARRAY(w->mem, w->n_params, const param *);
    for (size_t i = 0; i < w->n_params; i++)
        narrow_targets(&w->param[i]);
    for (size_t i = 0; i < w->n_params; i++)
        for (size_t j = 0; j < w->n_params && server[i] == NULL; j++)
            if (serves(w, &w->param[j], &w->param[i]))
                server[i] = &w->param[j];
    for (size_t i = 0; i < w->n_params; i++) {
        const param *end = &w->param[i];
        while (server[end - w->param])
            end = server[end - w->param];
        w->param[i].index = end->number;
    }
}

static void print_params(work *w)
{
    km_buf b = km_buf_in(w->mem);
    km_buf_z(&b, "number\tindex\ttype\tcode\tkind\ttargets\texpression\tcomponents\tid\n");
    for (size_t i = 0; i < w->n_params; i++) {
        const param *p = &w->param[i];
        km_buf_print(&b, "%d\t%d\t%.*s\t%.*s\t%.*s\t%.*s\t", p->number, p->index,
                     KM_STR_ARG(p->type), KM_STR_ARG(p->code), KM_STR_ARG(p->kind),
                     KM_STR_ARG(p->targets));
        km_buf_print(&b, "%.*s\t%.*s\t%.*s\n", KM_STR_ARG(p->expression), KM_STR_ARG(p->components),
                     KM_STR_ARG(p->id));
    }
    tables_write_file(w, "params.tsv", &b);
}

void tables_write_params(work *w)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(km_json_root(w->params), "entry")); km_jv_next(&i);)
        add_params(w, KM_JV_GET(i.value, "resource"));
    number_params(w);
    find_aliases(w);
    print_params(w);
}

/* --- compartments -------------------------------------------------------------------------- */

void tables_write_compartments(work *w)
{
    km_buf b = km_buf_in(w->mem);
    km_buf_z(&b, "of\ttype\tparams\n");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(km_json_root(w->resources), "entry"));
         km_jv_next(&i);) {
        km_jv c = KM_JV_GET(i.value, "resource");
        if (!km_str_is(km_jv_text(c, "resourceType"), "CompartmentDefinition"))
            continue;
        for (km_jv_iter r = km_jv_each(KM_JV_GET(c, "resource")); km_jv_next(&r);) {
            if (km_jv_count(KM_JV_GET(r.value, "param")) == 0)
                continue;
            km_buf_print(&b, "%.*s\t%.*s\t", KM_STR_ARG(km_jv_text(c, "code")),
                         KM_STR_ARG(km_jv_text(r.value, "code")));
            size_t start = b.n;
            for (km_jv_iter p = km_jv_each(KM_JV_GET(r.value, "param")); km_jv_next(&p);)
                tables_add_word(&b, start, km_jv_str(p.value));
            km_buf_char(&b, '\n');
        }
    }
    tables_write_file(w, "compartments.tsv", &b);
}
