/* SPDX-License-Identifier: Apache-2.0
 *
 * parse: tokens to a tree, by operator precedence (FHIRPath 2.0, 6.8 and appendix B).
 *
 * While parsing, the static type of every expression is followed as far as the model tells it,
 * so that a member is looked up in the model once, here, and not for every resource.
 */
#include <assert.h>

#include "codec/fhirpath/decimal.h"
#include "codec/fhirpath/inside.h"
#include "codec/fhirpath/lex.h"
#include "codec/fhirpath/moment.h"

typedef struct parser {
    km_lexer lex;
    km_token token; /* the next one, not yet taken */
    const km_path_model *model;
    km_path *path;
    unsigned depth;
    km_ptype focus; /* static type of $this */
} parser;

static km_code parse_expression(parser *p, const km_node **out, unsigned binds);

#define REFUSE(p, where, ...) km_path__refuse((p)->lex.fault, (p)->lex.text, (where), __VA_ARGS__)

static km_code take(parser *p)
{
    return km_path__lex(&p->lex, &p->token);
}

static bool at_sign(const parser *p, const char *sign)
{
    return p->token.kind == KM_TOKEN_SIGN && km_str_is(p->token.text, sign);
}

static bool at_name(const parser *p)
{
    return p->token.kind == KM_TOKEN_NAME || p->token.kind == KM_TOKEN_QUOTED;
}

static km_code expect(parser *p, const char *sign)
{
    if (!at_sign(p, sign))
        return REFUSE(p, p->token.at, "'%s' expected", sign);
    return take(p);
}

/* --- nodes ---------------------------------------------------------------------------- */

static void deepen(km_node *n, const km_node *under)
{
    if (under && under->depth >= n->depth)
        n->depth = (uint8_t)(under->depth + 1);
}

/* Every node with children goes through here, so that no tree is deeper than KM_PATH_DEPTH. */
static km_code seal(parser *p, km_node *n, const km_node **out)
{
    deepen(n, n->from);
    deepen(n, n->right);
    for (size_t i = 0; i < n->n_args; i++)
        deepen(n, n->arg[i]);
    for (size_t i = 0; i < n->n_terms; i++)
        deepen(n, n->term[i]);
    if (n->depth > KM_PATH_DEPTH)
        return REFUSE(p, n->at, "deeper than %d", KM_PATH_DEPTH);
    *out = n;
    return KM_OK;
}

static km_node *node_new(parser *p, km_node_kind kind, uint32_t at, const km_node *from)
{
    km_node *n = KM_NEW(p->lex.arena, km_node);
    n->kind = (uint8_t)kind;
    n->at = at;
    n->from = from;
    return n;
}

static km_node *literal(parser *p, uint32_t at, km_item item)
{
    km_node *n = node_new(p, KM_NODE_LITERAL, at, NULL);
    n->literal = item;
    return n;
}

static km_node *text_literal(parser *p, uint32_t at, km_item_kind kind, km_str text)
{
    return literal(p, at, (km_item){ .kind = kind, .text = km_arena_copy(p->lex.arena, text) });
}

static km_ptype type_of(const parser *p, const km_node *from)
{
    return from ? from->type : p->focus;
}

/* --- members --------------------------------------------------------------------------- */

void km_path__step(km_path_step *out, const km_path_model *m, const km_path_known *k, km_str name,
                   km_ptype owner)
{
    *out = (km_path_step){ .name = name };
    if (owner == 0) {
        /* An owner of no known type: the JSON is taken as it stands. */
        out->primitive = out->resource = true;
        return;
    }
    out->known = m->element(&out->element, owner, name);
    if (!out->known)
        return;
    km_ptype t = out->element.type;
    out->primitive = out->element.choice || m->is_primitive(t);
    out->resource = !out->element.choice && t == k->resource;
}

/* Members in a row share one node. */
static km_code add_member(parser *p, const km_node *from, km_str name, uint32_t at,
                          const km_node **out)
{
    km_ptype owner = type_of(p, from);
    km_node *n;
    if (from && from->kind == KM_NODE_CHAIN && from->n_steps < KM_PATH_CHAIN) {
        n = KM_NEW(p->lex.arena, km_node);
        *n = *from;
    } else {
        n = node_new(p, KM_NODE_CHAIN, at, from);
    }
    km_path_step *steps = KM_NEW_ARRAY(p->lex.arena, n->n_steps + 1u, km_path_step);
    km_path_step *step = &steps[n->n_steps];
    if (n->n_steps)
        memcpy(steps, n->step, n->n_steps * sizeof *steps);
    n->step = steps;
    n->n_steps++;
    km_path__step(step, p->model, &p->path->known, km_arena_copy(p->lex.arena, name), owner);
    /* Without a static type what is found, if anything, depends on the item. */
    step->known = step->known && owner != 0;
    n->type = step->known && !step->element.choice && !step->resource ? step->element.type : 0;
    return seal(p, n, out);
}

static bool starts_upper(km_str s)
{
    return s.n && s.p[0] >= 'A' && s.p[0] <= 'Z';
}

/* `Patient` at the head of an expression names the focus by its type (FHIRPath 3.1). */
static km_code add_head(parser *p, km_token t, const km_node **out)
{
    km_ptype type = starts_upper(t.text) ? p->model->type_named(t.text) : 0;
    if (type == 0)
        return add_member(p, NULL, t.text, t.at, out);
    km_node *n = node_new(p, KM_NODE_ROOT, t.at, NULL);
    n->type = n->spec.type = type;
    n->name = p->model->type_name(type);
    if (p->path->leading == 0) {
        p->path->leading = type;
        p->path->leading_name = n->name;
    }
    return seal(p, n, out);
}

/* --- types ------------------------------------------------------------------------------ */

static km_code take_name(parser *p, km_token *out)
{
    if (!at_name(p))
        return REFUSE(p, p->token.at, "a name expected");
    *out = p->token;
    return take(p);
}

/* Quantity, FHIR.Quantity, System.Quantity, Patient.contact */
static km_code parse_spec(parser *p, km_path_spec *out)
{
    km_token first = { 0 }, second = { 0 };
    KM_TRY(take_name(p, &first));
    *out = (km_path_spec){ 0 };
    if (!at_sign(p, ".")) {
        out->type = p->model->type_named(first.text);
        out->system = km_path__system_named(first.text);
        if (out->type == 0 && out->system == KM_SYSTEM_NONE)
            return REFUSE(p, first.at, "no such type: %.*s",
                          KM_STR_ARG(km_str_sub(first.text, 0, 64)));
        return KM_OK;
    }
    KM_TRY(take(p));
    KM_TRY(take_name(p, &second));
    bool system = km_str_is(first.text, "System"), fhir = km_str_is(first.text, "FHIR");
    if (system)
        out->system = km_path__system_named(second.text);
    else if (fhir)
        out->type = p->model->type_named(second.text);
    else
        out->type = p->model->type_named(km_arena_print(
            p->lex.arena, "%.*s.%.*s", KM_STR_ARG(first.text), KM_STR_ARG(second.text)));
    /* System.Patient is no type, but a fair question with the answer no. */
    if (out->type == 0 && out->system == KM_SYSTEM_NONE
        && !(system && p->model->type_named(second.text)))
        return REFUSE(p, first.at, "no such type: %.*s",
                      KM_STR_ARG(km_str_sub(second.text, 0, 64)));
    return KM_OK;
}

/* --- calls ------------------------------------------------------------------------------- */

static km_code parse_args(parser *p, km_node *n)
{
    km_ptype outer = p->focus;
    if (n->fn->args == KM_ARGS_EACH)
        p->focus = type_of(p, n->from);
    else if (n->fn->args == KM_ARGS_LOOSE)
        p->focus = 0;
    while (!at_sign(p, ")")) {
        if (n->n_args == n->fn->max)
            return REFUSE(p, p->token.at, "too many arguments of %s()", n->fn->name);
        if (n->n_args > 0)
            KM_TRY(expect(p, ","));
        if (n->fn->args == KM_ARGS_TYPE)
            KM_TRY(parse_spec(p, &n->spec));
        else
            KM_TRY(parse_expression(p, &n->arg[n->n_args], 0));
        n->n_args++;
    }
    if (n->n_args < n->fn->min)
        return REFUSE(p, p->token.at, "too few arguments of %s()", n->fn->name);
    if (n->fn->args == KM_ARGS_TYPE)
        n->n_args = 0;
    p->focus = outer;
    return take(p);
}

static void type_of_call(const parser *p, km_node *n)
{
    switch ((km_fn_result)n->fn->result) {
    case KM_RESULT_NEW:
        n->type = 0;
        break;
    case KM_RESULT_SAME:
        n->type = type_of(p, n->from);
        break;
    case KM_RESULT_ARG:
        n->type = n->n_args ? n->arg[0]->type : 0;
        break;
    case KM_RESULT_SPEC:
        n->type = n->spec.type;
        break;
    }
}

static km_code add_call(parser *p, const km_node *from, km_token name, const km_node **out)
{
    km_node *n = node_new(p, KM_NODE_CALL, name.at, from);
    n->fn = km_path__fn(name.text);
    if (n->fn == NULL)
        return REFUSE(p, name.at, "no such function: %.*s()",
                      KM_STR_ARG(km_str_sub(name.text, 0, 64)));
    KM_TRY(take(p));
    KM_TRY(parse_args(p, n));
    type_of_call(p, n);
    return seal(p, n, out);
}

/* --- terms -------------------------------------------------------------------------------- */

static km_code number_literal(parser *p, const km_node **out)
{
    km_token t = p->token;
    km_item item = { .kind = KM_ITEM_INT };
    KM_TRY(take(p));
    while (t.text.n > 1 && t.text.p[0] == '0' && t.text.p[1] != '.')
        t.text = km_str_sub(t.text, 1, t.text.n);
    if (!km_str_to_i64(&item.number, t.text)) {
        item.kind = KM_ITEM_DECIMAL;
        item.text = km_arena_copy(p->lex.arena, t.text);
    }
    bool word = p->token.kind == KM_TOKEN_NAME && km_time_unit__word(p->token.text);
    if (word || p->token.kind == KM_TOKEN_STRING) {
        item = (km_item){ .kind = KM_ITEM_QUANTITY,
                          .text = km_arena_copy(p->lex.arena, t.text),
                          .unit = km_arena_copy(p->lex.arena, p->token.text) };
        KM_TRY(take(p));
    }
    return seal(p, literal(p, t.at, item), out);
}

static km_code external(parser *p, const km_node **out)
{
    static const struct {
        const char *name;
        km_node_kind kind;
        const char *text;
    } named[] = {
        { "context", KM_NODE_CONTEXT, NULL },
        { "resource", KM_NODE_RESOURCE, NULL },
        { "rootResource", KM_NODE_RESOURCE, NULL },
        { "ucum", KM_NODE_LITERAL, "http://unitsofmeasure.org" },
        { "sct", KM_NODE_LITERAL, "http://snomed.info/sct" },
        { "loinc", KM_NODE_LITERAL, "http://loinc.org" },
    };
    static const struct {
        km_str prefix;
        const char *url;
    } families[] = { { KM_STR_INIT("vs-"), "http://hl7.org/fhir/ValueSet/" },
                     { KM_STR_INIT("ext-"), "http://hl7.org/fhir/StructureDefinition/" } };
    km_token t = p->token;
    KM_TRY(take(p));
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (!km_str_is(t.text, named[i].name))
            continue;
        if (named[i].text)
            return seal(p, text_literal(p, t.at, KM_ITEM_STRING, km_str_of(named[i].text)), out);
        return seal(p, node_new(p, named[i].kind, t.at, NULL), out);
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (km_str_starts(t.text, families[i].prefix)) {
            km_str rest = km_str_sub(t.text, families[i].prefix.n, t.text.n);
            km_str url = km_arena_print(p->lex.arena, "%s%.*s", families[i].url, KM_STR_ARG(rest));
            return seal(p, text_literal(p, t.at, KM_ITEM_STRING, url), out);
        }
    return REFUSE(p, t.at, "no such variable");
}

static km_code variable(parser *p, km_node_kind kind, const km_node **out)
{
    km_node *n = node_new(p, kind, p->token.at, NULL);
    n->type = kind == KM_NODE_THIS ? p->focus : 0;
    KM_TRY(take(p));
    return seal(p, n, out);
}

static km_code moment_literal(parser *p, km_item_kind kind, const km_node **out)
{
    km_node *n = text_literal(p, p->token.at, kind, p->token.text);
    KM_TRY(take(p));
    return seal(p, n, out);
}

static km_code parse_name(parser *p, const km_node **out)
{
    km_token t = p->token;
    KM_TRY(take(p));
    if (at_sign(p, "("))
        return add_call(p, NULL, t, out);
    bool yes = km_str_is(t.text, "true");
    if (t.kind == KM_TOKEN_NAME && (yes || km_str_is(t.text, "false")))
        return seal(p, literal(p, t.at, (km_item){ .kind = KM_ITEM_BOOL, .number = yes }), out);
    return add_head(p, t, out);
}

static km_code parse_brackets(parser *p, const km_node **out)
{
    uint32_t at = p->token.at;
    if (at_sign(p, "(")) {
        KM_TRY(take(p));
        KM_TRY(parse_expression(p, out, 0));
        return expect(p, ")");
    }
    if (!at_sign(p, "{"))
        return REFUSE(p, at, "an expression expected");
    KM_TRY(take(p));
    KM_TRY(expect(p, "}"));
    return seal(p, node_new(p, KM_NODE_EMPTY, at, NULL), out);
}

static km_code parse_term(parser *p, const km_node **out)
{
    switch (p->token.kind) {
    case KM_TOKEN_NAME:
    case KM_TOKEN_QUOTED:
        return parse_name(p, out);
    case KM_TOKEN_NUMBER:
        return number_literal(p, out);
    case KM_TOKEN_STRING:
        return moment_literal(p, KM_ITEM_STRING, out);
    case KM_TOKEN_DATE:
        return moment_literal(p, KM_ITEM_DATE, out);
    case KM_TOKEN_TIME:
        return moment_literal(p, KM_ITEM_TIME, out);
    case KM_TOKEN_THIS:
        return variable(p, KM_NODE_THIS, out);
    case KM_TOKEN_INDEX:
        return variable(p, KM_NODE_INDEX, out);
    case KM_TOKEN_TOTAL:
        return variable(p, KM_NODE_TOTAL, out);
    case KM_TOKEN_EXTERNAL:
        return external(p, out);
    case KM_TOKEN_END:
    case KM_TOKEN_SIGN:
        break;
    }
    return parse_brackets(p, out);
}

static km_code parse_invocation(parser *p, const km_node **left)
{
    km_token t = p->token;
    const km_node *from = *left;
    /* `.$this` and the like are in the grammar and change nothing but the receiver. */
    if (t.kind == KM_TOKEN_THIS || t.kind == KM_TOKEN_INDEX || t.kind == KM_TOKEN_TOTAL)
        return parse_term(p, left);
    KM_TRY(take_name(p, &t));
    if (at_sign(p, "("))
        return add_call(p, from, t, left);
    return add_member(p, from, t.text, t.at, left);
}

static km_code parse_indexer(parser *p, uint32_t at, const km_node **left)
{
    km_node *n = node_new(p, KM_NODE_AT, at, *left);
    KM_TRY(parse_expression(p, &n->arg[0], 0));
    n->n_args = 1;
    n->type = (*left)->type;
    KM_TRY(expect(p, "]"));
    return seal(p, n, left);
}

static km_code parse_postfix(parser *p, const km_node **out)
{
    KM_TRY(parse_term(p, out));
    for (;;) {
        uint32_t at = p->token.at;
        if (at_sign(p, ".")) {
            KM_TRY(take(p));
            KM_TRY(parse_invocation(p, out));
        } else if (at_sign(p, "[")) {
            KM_TRY(take(p));
            KM_TRY(parse_indexer(p, at, out));
        } else {
            return KM_OK;
        }
    }
}

/* --- operators ---------------------------------------------------------------------------- */

static bool is_number(const km_node *n)
{
    return n->kind == KM_NODE_LITERAL
           && (n->literal.kind == KM_ITEM_INT || n->literal.kind == KM_ITEM_DECIMAL
               || n->literal.kind == KM_ITEM_QUANTITY);
}

/* Signs stand in a row at most KM_PATH_DEPTH long: each but the last makes a node. */
static km_code parse_polarity(parser *p, const km_node **out)
{
    uint32_t at = p->token.at;
    unsigned minus = 0;
    bool any = false;
    while (at_sign(p, "+") || at_sign(p, "-")) {
        minus += at_sign(p, "-");
        any = true;
        KM_TRY(take(p));
    }
    KM_TRY(parse_postfix(p, out));
    if (!any || (is_number(*out) && minus % 2 == 0))
        return KM_OK;
    km_node *n = node_new(p, KM_NODE_MINUS, at, *out);
    n->minus = minus % 2; /* +x still wants a number */
    return seal(p, n, out);
}

/* a | b | c is one node; its room doubles. */
static km_code add_union(parser *p, uint32_t at, const km_node *right, const km_node **left)
{
    const km_node *l = *left;
    bool more = l->kind == KM_NODE_UNION;
    km_node *n = node_new(p, KM_NODE_UNION, more ? l->at : at, NULL);
    uint32_t before = more ? l->n_terms : 1;
    n->term = more ? l->term : NULL;
    if (!more || (before & (before - 1)) == 0) {
        n->term = KM_NEW_ARRAY(p->lex.arena, before * (size_t)2, const km_node *);
        memcpy(n->term, more ? l->term : left, before * sizeof *n->term);
    }
    n->term[before] = right;
    n->n_terms = before + 1;
    n->type = l->type == right->type ? l->type : 0;
    return seal(p, n, left);
}

/* x is T, x as T: the operators are the functions of the same name. */
static km_code add_type_operator(parser *p, km_token op, const km_node **left)
{
    km_node *n = node_new(p, KM_NODE_CALL, op.at, *left);
    n->fn = km_path__fn(op.text);
    assert(n->fn);
    KM_TRY(parse_spec(p, &n->spec));
    type_of_call(p, n);
    return seal(p, n, left);
}

static km_code add_operator(parser *p, const km_path_op *op, const km_node **left)
{
    km_token t = p->token;
    KM_TRY(take(p));
    if (op->apply == NULL && !km_str_is(t.text, "|"))
        return add_type_operator(p, t, left);
    const km_node *right;
    KM_TRY(parse_expression(p, &right, op->binds + 1u));
    if (op->apply == NULL)
        return add_union(p, t.at, right, left);
    km_node *n = node_new(p, KM_NODE_BINARY, t.at, *left);
    n->right = right;
    n->op = op;
    return seal(p, n, left);
}

static km_code parse_expression(parser *p, const km_node **out, unsigned binds)
{
    if (++p->depth > KM_PATH_DEPTH)
        return REFUSE(p, p->token.at, "deeper than %d", KM_PATH_DEPTH);
    KM_TRY(parse_polarity(p, out));
    for (;;) {
        bool may = p->token.kind == KM_TOKEN_SIGN || p->token.kind == KM_TOKEN_NAME;
        const km_path_op *op = may ? km_path__op(p->token.text) : NULL;
        if (op == NULL || op->binds < binds)
            break;
        KM_TRY(add_operator(p, op, out));
    }
    p->depth--;
    return KM_OK;
}

/* --- the whole ------------------------------------------------------------------------------ */

static km_path_known know(const km_path_model *m)
{
    return (km_path_known){
        .resource = m->type_named(KM_STR("Resource")),
        .reference = m->type_named(KM_STR("Reference")),
        .quantity = m->type_named(KM_STR("Quantity")),
        .date = m->type_named(KM_STR("date")),
        .date_time = m->type_named(KM_STR("dateTime")),
        .instant = m->type_named(KM_STR("instant")),
        .time = m->type_named(KM_STR("time")),
        .decimal = m->type_named(KM_STR("decimal")),
    };
}

km_code km_path_compile(km_path **out, km_arena *a, km_str text, const km_path_model *m,
                        km_fault *f)
{
    if (text.n > 1u << 20)
        return km_fail(f, KM_TOO_LONG, "expression", "more than 1 MiB");
    km_path *path = KM_NEW(a, km_path);
    path->text = km_arena_copy(a, text);
    path->known = know(m);
    parser p = { .lex = { .text = path->text, .arena = a, .fault = f }, .model = m, .path = path };
    KM_TRY(take(&p));
    KM_TRY(parse_expression(&p, &path->root, 0));
    if (p.token.kind != KM_TOKEN_END)
        return REFUSE(&p, p.token.at, "the end or an operator expected");
    if (km_arena_over(a))
        return km_fail(f, KM_TOO_COSTLY, "expression", "too large");
    *out = path;
    return KM_OK;
}
