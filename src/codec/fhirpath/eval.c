/* SPDX-License-Identifier: Apache-2.0
 *
 * eval: a tree and a focus to a collection.
 *
 * Recursion follows the tree, which KM_PATH_DEPTH bounds. Every item made and every member
 * looked at is a step; steps and the arena's cap bound an evaluation.
 */
#include "codec/fhirpath/decimal.h"
#include "codec/fhirpath/inside.h"

/* --- collections ---------------------------------------------------------------------- */

void km_path__grow(km_run *r, km_items *c)
{
    uint32_t room = c->room ? c->room * 2 : 4;
    km_item *more = km_arena_alloc(r->arena, room * sizeof *more);
    if (c->n)
        memcpy(more, c->item, c->n * sizeof *more);
    c->item = more;
    c->room = room;
}

km_code km_path__push_bool(km_run *r, km_items *out, bool value)
{
    return km_path__push(r, out, &(km_item){ .kind = KM_ITEM_BOOL, .number = value });
}

km_code km_path__push_int(km_run *r, km_items *out, int64_t value)
{
    return km_path__push(r, out, &(km_item){ .kind = KM_ITEM_INT, .number = value });
}

km_code km_path__push_text(km_run *r, km_items *out, km_item_kind kind, km_str text)
{
    return km_path__push(r, out, &(km_item){ .kind = kind, .text = text });
}

bool km_items_true(const km_items *c)
{
    if (c->n == 0)
        return false;
    if (c->n == 1 && c->item[0].kind == KM_ITEM_BOOL)
        return c->item[0].number != 0;
    if (c->n == 1 && c->item[0].kind == KM_ITEM_JSON)
        return !km_jv_is(c->item[0].v, KM_JSON_FALSE);
    return true;
}

/* --- faults ----------------------------------------------------------------------------- */

void km_path__place(km_fault *f, km_str text, uint32_t at)
{
    uint32_t line = 1, column = 1;
    for (uint32_t i = 0; i < at && i < text.n; i++) {
        column++;
        if (text.p[i] == '\n') {
            line++;
            column = 1;
        }
    }
    if (f)
        km_fault_at(f, line, column);
}

km_code km_path__costly(km_run *r)
{
    return km_fail(r->fault, KM_TOO_COSTLY, "expression", "more than %u steps or too much memory",
                   (unsigned)r->limit);
}

km_code km_path__fail(km_run *r, const km_node *n, const char *what)
{
    const char *name = n->fn ? n->fn->name : n->op ? n->op->sign : "it";
    km_code rc = km_fail(r->fault, KM_BAD_VALUE, "expression", "%s: %s", name, what);
    km_path__place(r->fault, r->path->text, n->at);
    return rc;
}

/* --- nodes ------------------------------------------------------------------------------ */

static km_code append(km_run *r, const km_items *from, km_items *out)
{
    for (uint32_t i = 0; i < from->n; i++)
        KM_TRY(km_path__push(r, out, &from->item[i]));
    return KM_OK;
}

static km_code eval_empty(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)r, (void)n, (void)s, (void)out;
    return KM_OK;
}

static km_code eval_literal(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)s;
    return km_path__push(r, out, &n->literal);
}

static km_code eval_this(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)n;
    return append(r, s->focus, out);
}

static km_code eval_index(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)n;
    return s->index < 0 ? KM_OK : km_path__push_int(r, out, s->index);
}

static km_code eval_total(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)n;
    return s->total ? append(r, s->total, out) : KM_OK;
}

static km_code eval_context(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)n, (void)s;
    return append(r, r->context, out);
}

static km_code eval_resource(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    (void)n, (void)s;
    km_item item = { .kind = KM_ITEM_JSON, .v = r->env->resource };
    if (item.v.doc == NULL)
        return KM_OK;
    item.type = km_path__resource_type(r->model, item.v, 0);
    return km_path__push(r, out, &item);
}

static bool is_rooted(const km_run *r, const km_item *item, const km_node *root)
{
    return item->type == root->spec.type || r->model->is(item->type, root->spec.type);
}

static km_code eval_root(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    for (uint32_t i = 0; i < s->focus->n; i++)
        if (is_rooted(r, &s->focus->item[i], n))
            KM_TRY(km_path__push(r, out, &s->focus->item[i]));
    return KM_OK;
}

static km_code eval_chain(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    const km_items *in;
    km_items room = { 0 };
    KM_TRY(km_path__input(r, n->from, s, &in, &room));
    for (uint32_t i = 0; i < in->n; i++)
        KM_TRY(km_path__walk(r, n, &in->item[i], out));
    return KM_OK;
}

static km_code eval_at(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    const km_items *in;
    km_items room = { 0 }, where = { 0 };
    km_item index;
    bool got;
    KM_TRY(km_path__input(r, n->from, s, &in, &room));
    KM_TRY(km_path__eval(r, n->arg[0], s, &where));
    KM_TRY(km_path__single(r, n, &where, &index, &got));
    if (!got)
        return KM_OK;
    if (index.kind != KM_ITEM_INT)
        return km_path__fail(r, n, "the index is no whole number");
    if (index.number < 0 || index.number >= in->n)
        return KM_OK;
    return km_path__push(r, out, &in->item[index.number]);
}

/* Each term is evaluated in place, and what was there before is taken out again. */
static km_code eval_union(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    km_seen seen = { 0 };
    uint32_t before = out->n;
    for (uint32_t t = 0; t < n->n_terms; t++) {
        uint32_t from = out->n;
        KM_TRY(km_path__eval(r, n->term[t], s, out));
        if (!r->env->keep_equal)
            KM_TRY(km_path__keep_new(r, &seen, out, before, from));
    }
    return KM_OK;
}

static km_code eval_minus(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    const km_items *in;
    km_items room = { 0 };
    km_item item;
    km_dec d;
    bool got;
    KM_TRY(km_path__input(r, n->from, s, &in, &room));
    KM_TRY(km_path__single(r, n, in, &item, &got));
    if (!got)
        return KM_OK;
    if (item.kind != KM_ITEM_INT && item.kind != KM_ITEM_DECIMAL && item.kind != KM_ITEM_QUANTITY)
        return km_path__fail(r, n, "a sign before something that is no number");
    if (n->minus && item.kind == KM_ITEM_INT) {
        if (item.number == INT64_MIN)
            return KM_OK;
        item.number = -item.number;
    } else if (n->minus) {
        if (!km_dec__read(&d, item.text))
            return KM_OK;
        d.minus = !d.minus && d.coef != 0;
        item.text = km_dec__print(r->arena, d);
    }
    return km_path__push(r, out, &item);
}

static km_code eval_binary(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    return n->op->apply(r, n, s, out);
}

/* --- calls -------------------------------------------------------------------------------- */

km_code km_path__arg(km_run *r, const km_node *n, size_t i, const km_scope *s, km_items *out)
{
    return km_path__eval(r, n->arg[i], s, out);
}

static km_code taken(km_run *r, const km_node *n, const km_item *item, unsigned takes)
{
    if (1u << item->kind & takes)
        return KM_OK;
    return km_path__fail(r, n, "a value of a kind that it does not take");
}

/* The only item and the only values of the arguments; *all is false when one is missing. */
static km_code singles(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_item *value, km_item *arg, bool *all)
{
    if (in->n > 1)
        return km_path__fail(r, n, "more than one item");
    *all = in->n == 1;
    if (in->n == 1 && !km_path__system_value(r, value, &in->item[0])) {
        *value = in->item[0];
        /* Elements are of no kind that a function takes, but conversions only say no. */
        if (n->fn->takes != KM_TAKES_ANY)
            return km_path__fail(r, n, "a value of a kind that it does not take");
    }
    if (*all)
        KM_TRY(taken(r, n, value, n->fn->takes));
    for (size_t i = 0; i < n->n_args; i++) {
        km_items c = { 0 };
        bool got;
        KM_TRY(km_path__arg(r, n, i, s, &c));
        KM_TRY(km_path__single(r, n, &c, &arg[i], &got));
        *all = *all && got;
        if (got)
            KM_TRY(taken(r, n, &arg[i], n->fn->arg_takes[i]));
    }
    return KM_OK;
}

static km_code call_on_one(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_item value, arg[KM_PATH_ARGS];
    km_items answer = { 0 };
    bool all;
    KM_TRY(singles(r, n, in, s, &value, arg, &all));
    if (!all)
        return KM_OK;
    if (!n->fn->asks)
        return n->fn->on_one(r, n, &value, arg, out);
    KM_TRY(n->fn->on_one(r, n, &value, arg, &answer));
    return km_path__push_bool(r, out, answer.n > 0);
}

static km_code eval_call(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    const km_items *in;
    km_items room = { 0 };
    KM_TRY(km_path__input(r, n->from, s, &in, &room));
    KM_TRY(km_path__spend(r, 1));
    if (n->fn->on_all)
        return n->fn->on_all(r, n, in, s, out);
    return call_on_one(r, n, in, s, out);
}

/* --- dispatch ------------------------------------------------------------------------------- */

km_code km_path__eval(km_run *r, const km_node *n, const km_scope *s, km_items *out)
{
    static km_path_apply *const by_kind[KM_NODE_KINDS] = {
        [KM_NODE_EMPTY] = eval_empty,       [KM_NODE_LITERAL] = eval_literal,
        [KM_NODE_THIS] = eval_this,         [KM_NODE_INDEX] = eval_index,
        [KM_NODE_TOTAL] = eval_total,       [KM_NODE_CONTEXT] = eval_context,
        [KM_NODE_RESOURCE] = eval_resource, [KM_NODE_ROOT] = eval_root,
        [KM_NODE_CHAIN] = eval_chain,       [KM_NODE_AT] = eval_at,
        [KM_NODE_CALL] = eval_call,         [KM_NODE_UNION] = eval_union,
        [KM_NODE_MINUS] = eval_minus,       [KM_NODE_BINARY] = eval_binary,
    };
    return by_kind[n->kind](r, n, s, out);
}

km_code km_path__input(km_run *r, const km_node *from, const km_scope *s, const km_items **in,
                       km_items *room)
{
    *in = s->focus;
    if (from == NULL || from->kind == KM_NODE_THIS)
        return KM_OK;
    /* The usual head of a search expression: nothing to copy. */
    if (from->kind == KM_NODE_ROOT && s->focus->n == 1 && is_rooted(r, s->focus->item, from))
        return KM_OK;
    *in = room;
    return km_path__eval(r, from, s, room);
}

km_code km_path__eval_with(km_run *r, const km_node *n, const km_scope *s, const km_item *item,
                           int64_t index, km_items *out)
{
    /* The one item is only read. */
    km_items focus = { (km_item *)(uintptr_t)item, 1, 1 };
    km_scope inner = { &focus, s->total, index };
    return km_path__eval(r, n, &inner, out);
}

km_code km_path_eval_on(km_items *out, const km_path *p, const km_path_env *env, km_item focus,
                        km_fault *f)
{
    km_items context = { &focus, 1, 1 };
    km_run r = { .path = p,
                 .env = env,
                 .model = env->model,
                 .arena = env->arena,
                 .fault = f,
                 .limit = env->step_limit ? env->step_limit : KM_PATH_STEPS_DEFAULT,
                 .context = &context };
    km_scope s = { &context, NULL, -1 };
    *out = (km_items){ 0 };
    return km_path__eval(&r, p->root, &s, out);
}

km_code km_path_eval(km_items *out, const km_path *p, const km_path_env *env, km_fault *f)
{
    km_item focus = { .kind = KM_ITEM_JSON, .v = env->resource };
    km_str named = km_jv_str(KM_JV_GET(env->resource, "resourceType"));
    if (p->leading && km_str_eq(named, p->leading_name))
        focus.type = p->leading;
    else
        focus.type = env->model->type_named(named);
    return km_path_eval_on(out, p, env, focus, f);
}
