/* SPDX-License-Identifier: Apache-2.0
 *
 * parse: names of search fields to clauses, sorts and includes. What is not known is refused, or,
 * when the caller is lenient, left out and named.
 */
#include "view/index/inside.h"

#include <pthread.h>

/* Which modifier works for which kind of parameter: the one table that parsing and the
 * CapabilityStatement read. */
#define KIND(k) (1u << KM_PARAM_##k)
#define EVERY                                                                                  \
    (KIND(STRING) | KIND(TOKEN) | KIND(REFERENCE) | KIND(DATE) | KIND(QUANTITY) | KIND(NUMBER) \
     | KIND(URI) | KIND(COMPOSITE))
static const struct row {
    const char *name;
    km_modifier modifier;
    unsigned kinds;
} rows[] = {
    { "missing", KM_MOD_MISSING, EVERY & ~KIND(COMPOSITE) },
    { "exact", KM_MOD_EXACT, KIND(STRING) },
    { "contains", KM_MOD_CONTAINS, KIND(STRING) },
    { "text", KM_MOD_TEXT, KIND(TOKEN) },
    { "not", KM_MOD_NOT, KIND(TOKEN) },
    { "in", KM_MOD_IN, KIND(TOKEN) },
    { "not-in", KM_MOD_NOT_IN, KIND(TOKEN) },
    { "below", KM_MOD_BELOW, KIND(TOKEN) | KIND(URI) | KIND(REFERENCE) },
    { "above", KM_MOD_ABOVE, KIND(TOKEN) | KIND(URI) | KIND(REFERENCE) },
    { "identifier", KM_MOD_IDENTIFIER, KIND(REFERENCE) },
    { "of-type", KM_MOD_OF_TYPE, KIND(TOKEN) },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* The same by kind, filled once from the table. */
enum { KINDS = KM_PARAM_SPECIAL + 1 };
static const char *names_of_kind[KINDS][ROWS];
static size_t names_n[KINDS];
static pthread_once_t names_known = PTHREAD_ONCE_INIT;

static void know_names(void)
{
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < ROWS; i++)
            if (rows[i].kinds & (1u << kind))
                names_of_kind[kind][names_n[kind]++] = rows[i].name;
}

size_t km_search_modifiers(const char *const **out, km_param_kind kind)
{
    pthread_once(&names_known, know_names);
    *out = names_of_kind[kind];
    return names_n[kind];
}

typedef struct parsing {
    const km_search_input *in;
    km_call *call;
    km_search *out;
    km_str *ignored;
    km_search_field *used;
    size_t clauses; /* of all types and chains */
} parsing;

static km_code unknown(parsing *p, km_str name, const char *what)
{
    return km_fail(p->call->fault, KM_UNKNOWN_PARAM, km_arena_z(p->call->arena, name), "%s", what);
}

/* --- clauses --- */

static km_code set_modifier(parsing *p, km_clause *c, km_str modifier)
{
    if (modifier.n == 0)
        return KM_OK;
    for (size_t i = 0; i < ROWS; i++)
        if (km_str_is(modifier, rows[i].name) && (rows[i].kinds & (1u << c->param->kind))) {
            c->modifier = rows[i].modifier;
            return KM_OK;
        }
    km_ftype type = km_fhir_type_named(modifier);
    if (c->param->kind != KM_PARAM_REFERENCE || !km_fhir_is_resource(type))
        return unknown(p, c->name, "this modifier does not go with this parameter");
    c->modifier = KM_MOD_TYPE;
    c->target = type;
    return KM_OK;
}

static km_code parse_clause(parsing *p, km_clause *c, km_ftype type, km_str name, km_str value,
                            int depth);

/* subject:Patient.name or subject.name: the rest is asked of each type that can stand there and
 * knows it. */
static km_code parse_chain(parsing *p, km_clause *c, km_str rest, km_str value, int depth)
{
    km_str next_name = rest;
    size_t end = km_str_find(rest, '.');
    next_name = km_str_sub(rest, 0, end);
    next_name = km_str_sub(next_name, 0, km_str_find(next_name, ':'));
    const km_ftype *targets = c->target ? &c->target : c->param->targets;
    size_t n = c->target ? 1 : c->param->n_targets;
    if (n == 0)
        n = km_fhir_resources(&targets);
    if (c->param->kind != KM_PARAM_REFERENCE || depth >= KM_CHAIN_MAX)
        return unknown(p, c->name, "no chain leads from here");
    c->form = KM_FORM_CHAIN;
    c->inner = KM_NEW_ARRAY(p->call->arena, n, km_clause);
    for (size_t i = 0; i < n; i++) {
        bool known = km_fhir_param(targets[i], next_name) != NULL || km_str_is(next_name, "_id")
                     || km_str_is(next_name, "_has") || km_str_is(next_name, "_lastUpdated");
        if (!known)
            continue;
        km_code rc = parse_clause(p, &c->inner[c->inners], targets[i], rest, value, depth + 1);
        if (rc == KM_OK)
            c->inners++;
        else if (rc != KM_UNKNOWN_PARAM) /* another type may know the rest of the chain */
            return rc;
        else
            km_fault_clear(p->call->fault);
    }
    return c->inners > 0 ? KM_OK : unknown(p, c->name, "no target of the chain has this parameter");
}

/* _has:Observation:patient:code=... */
static km_code parse_has(parsing *p, km_clause *c, km_str rest, km_str value, int depth)
{
    km_str type_name = km_str_cut(rest, ':', &rest);
    km_str param_name = km_str_cut(rest, ':', &rest);
    c->form = KM_FORM_HAS;
    c->inner_type = km_fhir_type_named(type_name);
    if (!km_fhir_is_resource(c->inner_type) || rest.n == 0 || depth >= KM_CHAIN_MAX)
        return unknown(p, c->name, "_has:Type:reference:parameter");
    c->param = km_fhir_param(c->inner_type, param_name);
    if (c->param == NULL || c->param->kind != KM_PARAM_REFERENCE)
        return unknown(p, c->name, "no such reference parameter");
    c->inner = KM_NEW(p->call->arena, km_clause);
    c->inners = 1;
    return parse_clause(p, c->inner, c->inner_type, rest, value, depth + 1);
}

static km_code parse_id(parsing *p, km_clause *c, km_str value)
{
    km_str part[KM_TERMS_MAX + 1];
    c->form = KM_FORM_ID;
    c->terms = km_terms__split(part, KM_TERMS_MAX + 1, value, ',');
    if (c->terms > KM_TERMS_MAX)
        return km_fail(p->call->fault, KM_TOO_COSTLY, "_id", "at most %d values", KM_TERMS_MAX);
    c->term = KM_NEW_ARRAY(p->call->arena, c->terms, km_term);
    for (size_t i = 0; i < c->terms; i++)
        c->term[i].text = part[i];
    return KM_OK;
}

static km_code parse_updated(parsing *p, km_clause *c, km_str value)
{
    c->form = KM_FORM_LAST_UPDATED;
    km_str part[KM_UPDATED_MAX + 1];
    size_t n = km_terms__split(part, KM_UPDATED_MAX + 1, value, ',');
    if (n > KM_UPDATED_MAX)
        return km_fail(p->call->fault, KM_TOO_COSTLY, "_lastUpdated", "at most %d values",
                       KM_UPDATED_MAX);
    c->term = KM_NEW_ARRAY(p->call->arena, n + 1, km_term);
    km_code rc = n > 0 ? KM_OK : km_fail(p->call->fault, KM_BAD_VALUE, NULL, "a date");
    for (; rc == KM_OK && c->terms < n; c->terms++)
        rc = km_terms__date(&c->term[c->terms], part[c->terms], p->call);
    if (rc == KM_OK)
        return KM_OK;
    memcpy(p->call->fault->path, "_lastUpdated", sizeof "_lastUpdated");
    return p->call->fault->code;
}

static km_code parse_clause(parsing *p, km_clause *c, km_ftype type, km_str name, km_str value,
                            int depth)
{
    km_str rest, modifier, head = km_str_cut(name, '.', &rest);
    bool chained = head.n < name.n;
    *c = (km_clause){ .type = type, .name = name };
    if (++p->clauses > KM_CLAUSES_ALL)
        return km_fail(p->call->fault, KM_TOO_COSTLY, NULL,
                       "the search leads to too many types: name them, as in subject:Patient");
    if (km_str_starts(name, KM_STR("_has:")))
        return parse_has(p, c, km_str_sub(name, 5, name.n), value, depth);
    km_str code = km_str_cut(head, ':', &modifier);
    if (km_str_is(name, "_id"))
        return parse_id(p, c, value);
    if (km_str_is(name, "_lastUpdated"))
        return parse_updated(p, c, value);
    c->param = km_fhir_param(type, code);
    if (c->param == NULL || c->param->kind == KM_PARAM_SPECIAL || c->param->path == NULL)
        return unknown(p, name, "this type is not searched by it");
    KM_TRY(set_modifier(p, c, modifier));
    if (chained)
        return c->modifier == KM_MOD_NONE || c->modifier == KM_MOD_TYPE
                   ? parse_chain(p, c, rest, value, depth)
                   : unknown(p, name, "a chain takes no such modifier");
    return km_terms__parse(c, value, p->in->base, p->call);
}

/* --- result parameters --- */

static km_code parse_count(parsing *p, km_str value)
{
    int64_t n;
    if (!km_str_to_i64(&n, value) || n < 0)
        return km_fail(p->call->fault, KM_BAD_VALUE, "_count", "a number from 0 on");
    uint32_t max = p->in->count_max ? p->in->count_max : 1000;
    p->out->view.count = n > max ? max : (uint32_t)n;
    if (n == 0) /* R4 3.1.1.5.2: the same as _summary=count */
        p->out->view.summary = KM_SUMMARY_COUNT;
    return KM_OK;
}

static km_code parse_summary(parsing *p, km_str value)
{
    static const char *const names[] = { "false", "true", "text", "data", "count" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (km_str_is(value, names[i])) {
            p->out->view.summary = (km_summary)i;
            return KM_OK;
        }
    return km_fail(p->call->fault, KM_BAD_VALUE, "_summary", "true, text, data, count or false");
}

static km_code parse_total(parsing *p, km_str value)
{
    static const char *const names[] = { "none", "estimate", "accurate" };
    for (int i = 0; i < 3; i++)
        if (km_str_is(value, names[i])) {
            p->out->total = (__typeof__(p->out->total))i;
            return KM_OK;
        }
    return km_fail(p->call->fault, KM_BAD_VALUE, "_total", "none, estimate or accurate");
}

static km_code parse_elements(parsing *p, km_str value)
{
    km_str part[100];
    size_t n = km_terms__split(part, 100, value, ',');
    km_str *element = KM_NEW_ARRAY(p->call->arena, n, km_str);
    for (size_t i = 0; i < n; i++)
        element[i] = km_str_trim(part[i]);
    p->out->view.element = element;
    p->out->view.elements = n;
    return KM_OK;
}

static km_code parse_sort(parsing *p, km_str value)
{
    km_str part[KM_SORTS_MAX + 1];
    size_t n = km_terms__split(part, KM_SORTS_MAX + 1, value, ',');
    if (n > KM_SORTS_MAX - p->out->sorts)
        return km_fail(p->call->fault, KM_TOO_COSTLY, "_sort", "at most %d", KM_SORTS_MAX);
    for (size_t i = 0; i < n; i++) {
        km_sort *s = &p->out->sort[p->out->sorts++];
        s->name = km_str_trim(part[i]);
        s->down = s->name.n > 0 && s->name.p[0] == '-';
        if (s->down)
            s->name = km_str_sub(s->name, 1, s->name.n);
        s->by_id = km_str_is(s->name, "_id");
        s->by_update = km_str_is(s->name, "_lastUpdated");
        if (s->by_id || s->by_update)
            continue;
        for (size_t t = 0; t < p->out->types; t++) {
            const km_param *param = km_fhir_param(p->out->typed[t].type, s->name);
            if (param == NULL || param->kind == KM_PARAM_COMPOSITE
                || param->kind == KM_PARAM_SPECIAL)
                return km_fail(p->call->fault, KM_UNKNOWN_PARAM, "_sort",
                               "not a parameter to sort by");
            s->param = param;
        }
    }
    return KM_OK;
}

/* Observation:subject, Observation:subject:Patient, Observation:*, * */
static km_code parse_include(parsing *p, km_str modifier, km_str value, bool reverse)
{
    km_str part[4];
    size_t n = km_terms__split(part, 4, value, ':');
    km_include *i = &p->out->include[p->out->includes];
    *i = (km_include){ .reverse = reverse };
    if (modifier.n > 0 && !km_str_is(modifier, "iterate") && !km_str_is(modifier, "recurse"))
        return unknown(p, modifier, "only :iterate goes with includes");
    i->iterate = modifier.n > 0;
    if (n == 1 && km_str_is(part[0], "*"))
        i->all = true;
    else if (n < 2 || n > 3 || !km_fhir_is_resource(i->type = km_fhir_type_named(part[0])))
        return km_fail(p->call->fault, KM_BAD_VALUE, reverse ? "_revinclude" : "_include",
                       "Type:parameter or Type:parameter:Target");
    else if (km_str_is(part[1], "*"))
        i->all = true;
    else
        i->param = km_fhir_param(i->type, part[1]);
    if (!i->all && (i->param == NULL || i->param->kind != KM_PARAM_REFERENCE))
        return km_fail(p->call->fault, KM_UNKNOWN_PARAM, reverse ? "_revinclude" : "_include",
                       "no such reference parameter");
    if (n == 3 && !km_fhir_is_resource(i->target = km_fhir_type_named(part[2])))
        return km_fail(p->call->fault, KM_BAD_VALUE, reverse ? "_revinclude" : "_include",
                       "no such target type");
    p->out->includes++;
    return KM_OK;
}

static const struct result_row {
    const char *name;
    km_code (*parse)(parsing *p, km_str value);
} results[] = { { "_count", parse_count },
                { "_summary", parse_summary },
                { "_total", parse_total },
                { "_elements", parse_elements },
                { "_sort", parse_sort } };

/* *mine is false when the field is not a result parameter. */
static km_code parse_result(parsing *p, const km_search_field *f, bool *mine)
{
    km_str modifier, head = km_str_cut(f->name, ':', &modifier);
    bool include = km_str_is(head, "_include"), reverse = km_str_is(head, "_revinclude");
    *mine = include || reverse || km_str_is(f->name, "_type");
    for (size_t i = 0; !*mine && i < sizeof results / sizeof *results; i++)
        if (km_str_is(f->name, results[i].name)) {
            *mine = true;
            return p->in->conditional ? unknown(p, f->name, "not in a condition")
                                      : results[i].parse(p, f->value);
        }
    if ((include || reverse) && p->in->conditional)
        return unknown(p, f->name, "not in a condition");
    return include || reverse ? parse_include(p, modifier, f->value, reverse) : KM_OK;
}

/* --- types and the whole --- */

static bool has_type(const km_search *s, km_ftype type)
{
    for (size_t i = 0; i < s->types; i++)
        if (s->typed[i].type == type)
            return true;
    return false;
}

static km_code choose_types(parsing *p)
{
    const km_ftype *all;
    km_str wanted = KM_STR_NONE;
    size_t n = km_fhir_resources(&all);
    for (size_t i = 0; i < p->in->fields; i++)
        if (km_str_is(p->in->field[i].name, "_type"))
            wanted = p->in->field[i].value;
    km_search *s = p->out;
    s->typed = KM_NEW_ARRAY(p->call->arena, n, km_typed);
    if (p->in->type != 0) {
        s->typed[s->types++].type = p->in->type;
        return wanted.n > 0 ? unknown(p, KM_STR("_type"), "only at the system level") : KM_OK;
    }
    while (wanted.n > 0) {
        km_ftype t = km_fhir_type_named(km_str_trim(km_str_cut(wanted, ',', &wanted)));
        if (!km_fhir_is_resource(t))
            return km_fail(p->call->fault, KM_BAD_VALUE, "_type", "no such resource type");
        if (!has_type(s, t))
            s->typed[s->types++].type = t;
    }
    if (s->types > 0)
        return KM_OK;
    for (size_t i = 0; i < n; i++)
        s->typed[s->types++].type = all[i];
    return KM_OK;
}

static km_code add_clause(parsing *p, const km_search_field *f)
{
    for (size_t t = 0; t < p->out->types; t++) {
        km_typed *typed = &p->out->typed[t];
        if (typed->clauses >= KM_CLAUSES_MAX)
            return km_fail(p->call->fault, KM_TOO_COSTLY, NULL, "at most %d search parameters",
                           KM_CLAUSES_MAX);
        km_clause *c = &typed->clause[typed->clauses];
        *c = (km_clause){ 0 };
        KM_TRY(parse_clause(p, c, typed->type, f->name, f->value, 0));
        typed->clauses++;
    }
    return KM_OK;
}

static void add_compartment(parsing *p)
{
    for (size_t t = 0; p->in->compartment != 0 && t < p->out->types; t++) {
        km_typed *typed = &p->out->typed[t];
        typed->clause[typed->clauses++] = (km_clause){ .form = KM_FORM_COMPARTMENT,
                                                       .type = typed->type,
                                                       .compartment = p->in->compartment,
                                                       .compartment_id = p->in->compartment_id };
    }
}

static km_code parse_field(parsing *p, const km_search_field *f)
{
    bool result;
    size_t before = p->out->types ? p->out->typed[0].clauses : 0, sorts = p->out->sorts;
    km_code rc = parse_result(p, f, &result);
    if (rc == KM_OK && !result)
        rc = add_clause(p, f);
    if (rc == KM_OK) {
        p->used[p->out->view.n_used++] = *f;
        return KM_OK;
    }
    if (rc != KM_UNKNOWN_PARAM || !p->in->lenient)
        return rc;
    for (size_t t = 0; t < p->out->types; t++)
        p->out->typed[t].clauses = before;
    p->out->sorts = sorts;
    km_fault_clear(p->call->fault);
    p->ignored[p->out->view.n_ignored++] = f->name;
    return KM_OK;
}

km_code km_search_parse(km_search **out, const km_search_input *in, km_call *call)
{
    km_search *s = KM_NEW(call->arena, km_search);
    parsing p = { .in = in, .call = call, .out = s };
    s->view.count = in->count_default ? in->count_default : 50;
    s->total = KM_TOTAL_ACCURATE;
    s->source = in->source;
    s->base = in->base;
    p.ignored = KM_NEW_ARRAY(call->arena, in->fields + 1, km_str);
    p.used = KM_NEW_ARRAY(call->arena, in->fields + 1, km_search_field);
    s->include = KM_NEW_ARRAY(call->arena, in->fields + 1, km_include);
    s->view.ignored = p.ignored;
    s->view.used = p.used;
    KM_TRY(choose_types(&p));
    size_t room = in->fields + 1 < KM_CLAUSES_MAX + 1 ? in->fields + 1 : KM_CLAUSES_MAX + 1;
    for (size_t t = 0; t < s->types; t++)
        s->typed[t].clause = KM_NEW_ARRAY(call->arena, room, km_clause);
    add_compartment(&p);
    for (size_t i = 0; i < in->fields; i++)
        KM_TRY(parse_field(&p, &in->field[i]));
    *out = s;
    return KM_OK;
}

km_search_view km_search_viewed(const km_search *s)
{
    return s->view;
}
