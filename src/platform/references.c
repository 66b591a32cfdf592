/* SPDX-License-Identifier: Apache-2.0
 *
 * references: what the references of a request's resources mean and whether they lead anywhere
 * (R4 3.1.0.11.2, 3.1.0.11.4, 2.36.4.1).
 */
#include <stdlib.h>

#include "platform/inside.h"

enum { MISSING_MAX = 100, PATH_DEPTH = 64, NAMES = 5 };

/* The request's own entries by what references may call them, sorted once. A weak name gives way to
 * the same name of another entry: the id that a body to be created brought along is no identity. */
typedef struct entry_name {
    km_str name;
    bool weak;
    const km_change *change;
} entry_name;

typedef struct rewriting {
    km_writing *w;
    entry_name *name;
    size_t names;
    km_reader *r;
    const km_change *of; /* whose references are looked at */
    km_code rc;
} rewriting;

/* --- names of entries --- */

static int by_name(const void *x, const void *y)
{
    const entry_name *a = x, *b = y;
    int c = km_str_cmp(a->name, b->name);
    return c != 0 ? c : (int)a->weak - (int)b->weak;
}

static const km_change *entry_of(const rewriting *x, km_str name)
{
    size_t low = 0, high = x->names;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (km_str_cmp(x->name[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < x->names && km_str_eq(x->name[low].name, name) ? x->name[low].change : NULL;
}

static km_str type_and(const rewriting *x, const km_change *c, const char *between, km_str rest)
{
    return km_arena_print(x->w->call->arena, "%.*s%s%.*s", KM_STR_ARG(km_fhir_type_name(c->type)),
                          between, KM_STR_ARG(rest));
}

static size_t names_of(entry_name *out, const rewriting *x, const km_change *c)
{
    size_t n = 0;
    km_reference url;
    if (c->full_url.n > 0)
        out[n++] = (entry_name){ c->full_url, false, c };
    if (c->op == KM_OP_DELETE)
        return n;
    out[n++] = (entry_name){ type_and(x, c, "/", c->id), false, c };
    if (c->op == KM_OP_CREATE && c->conditional)
        out[n++] = (entry_name){ type_and(x, c, "?", c->condition), false, c };
    for (const struct km_former *f = c->former; f != NULL; f = f->older)
        out[n++] = (entry_name){ f->name, false, c };
    if (c->place == NULL) /* not in a Bundle */
        return n;
    if (km_reference_parse(&url, c->full_url) && url.base.n > 0 && url.id.n > 0)
        out[n++] = (entry_name){ type_and(x, c, "/", url.id), true, c };
    km_str own = km_jv_str(KM_JV_GET(c->resource, "id"));
    if (own.n > 0)
        out[n++] = (entry_name){ type_and(x, c, "/", own), true, c };
    return n;
}

static void name_entries(rewriting *x, const km_change *c, size_t n)
{
    x->name = KM_NEW_ARRAY(x->w->call->arena, (NAMES + KM_CHANGE_TRIES) * n, entry_name);
    x->names = 0;
    for (size_t i = 0; i < n; i++)
        x->names += names_of(&x->name[x->names], x, &c[i]);
    qsort(x->name, x->names, sizeof *x->name, by_name);
}

/* --- where a value stands --- */

typedef struct level {
    km_jv_iter it;
    uint32_t index;
} level;

static void print_path(km_buf *out, const level *stack, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        if (stack[i].it.object)
            km_buf_print(out, ".%.*s", KM_STR_ARG(stack[i].it.name));
        else
            km_buf_print(out, "[%u]", stack[i].index - 1);
    }
}

/* Observation.performer[1].reference. The tape lies in the order of the text, so a value stands in
 * the last container that begins before it. */
static km_str path_of(rewriting *x, km_jv wanted)
{
    level stack[PATH_DEPTH];
    size_t depth = 1;
    km_buf out = km_buf_in(x->w->call->arena);
    km_buf_add(&out, km_fhir_type_name(x->of->type));
    stack[0] = (level){ km_jv_each(x->of->resource), 0 };
    while (depth > 0) {
        level *top = &stack[depth - 1];
        if (!km_jv_next(&top->it)) {
            depth--;
            continue;
        }
        top->index++;
        if (top->it.value.at == wanted.at) {
            print_path(&out, stack, depth);
            break;
        }
        bool holds = km_jv_is(top->it.value, KM_JSON_OBJECT)
                     || km_jv_is(top->it.value, KM_JSON_ARRAY);
        if (holds && depth < PATH_DEPTH)
            stack[depth++] = (level){ km_jv_each(top->it.value), 0 };
    }
    return km_buf_str(&out);
}

static km_code refuse(rewriting *x, km_jv value, km_code why, const char *what, km_ftype type)
{
    uint32_t line, column;
    km_code rc = km_fail(x->w->call->fault, why, km_arena_z(x->w->call->arena, path_of(x, value)),
                         "%s a %.*s", what, KM_STR_ARG(km_fhir_type_name(type)));
    km_jv_place(value, &line, &column);
    km_fault_at(x->w->call->fault, line, column);
    return rc;
}

/* --- rewriting --- */

/* Patient?identifier=...: exactly one (R4 3.1.0.11.4). */
static km_code resolve_conditional(rewriting *x, km_jv value, const km_reference *ref)
{
    km_search *s;
    km_found found[2];
    size_t n;
    km_record *rec;
    KM_TRY(km_change_condition(&s, x->w, ref->type, ref->query));
    KM_TRY(km_search_few(found, 2, &n, s, x->r));
    if (n != 1)
        return refuse(x, value, n == 0 ? KM_BROKEN_REFERENCE : KM_MULTIPLE_MATCHES,
                      "a conditional reference must find exactly", ref->type);
    KM_TRY(km_reader_by_rid(&rec, x->r, found[0].rid));
    km_jv_replace(value,
                  km_arena_print(x->w->call->arena, "%.*s/%.*s",
                                 KM_STR_ARG(km_fhir_type_name(ref->type)), KM_STR_ARG(rec->id)));
    return KM_OK;
}

/* The base of an address, with the slash at its end, is this node's. */
static bool is_ours(const rewriting *x, km_str base)
{
    return base.n == x->w->base.n + 1 && km_str_starts(base, x->w->base);
}

static void rewrite_one(void *self, km_jv value, km_str text)
{
    rewriting *x = self;
    km_reference ref;
    const km_change *entry;
    if (x->rc != KM_OK)
        return;
    if (text.n > 0 && text.p[0] != '#' && (entry = entry_of(x, text)) != NULL) {
        km_jv_replace(value, type_and(x, entry, "/", entry->id));
        return;
    }
    if (!km_reference_parse(&ref, text))
        return;
    if (ref.query.n > 0)
        x->rc = resolve_conditional(x, value, &ref);
    else if (is_ours(x, ref.base)) /* written in full */
        km_jv_replace(value, km_str_sub(text, ref.base.n, text.n));
}

/* --- addresses that are no references: uri, url, oid, uuid, and links of narratives
 * (R4 3.1.0.11.2) --- */

static bool is_address(km_ftype type)
{
    static const char *const names[] = { "uri", "url", "oid", "uuid" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (km_str_is(km_fhir_type_name(type), names[i]))
            return true;
    return false;
}

/* href="urn:uuid:..." and src="urn:uuid:..." */
static void rewrite_narrative(rewriting *x, km_jv value)
{
    const km_str begin = KM_STR("\"urn:");
    km_str rest = km_jv_str(value);
    km_buf out = km_buf_in(x->w->call->arena);
    bool changed = false;
    for (const char *at; rest.n > 0 && (at = memmem(rest.p, rest.n, begin.p, begin.n)) != NULL;) {
        km_str behind = km_str_sub(rest, (size_t)(at - rest.p) + 1, rest.n);
        km_str urn = km_str_sub(behind, 0, km_str_find(behind, '"'));
        const km_change *entry = entry_of(x, urn);
        km_buf_add(&out, km_str_sub(rest, 0, (size_t)(at - rest.p) + 1));
        km_buf_add(&out, entry != NULL ? type_and(x, entry, "/", entry->id) : urn);
        changed = changed || entry != NULL;
        rest = km_str_sub(behind, urn.n, behind.n);
    }
    km_buf_add(&out, rest);
    if (changed)
        km_jv_replace(value, km_buf_str(&out));
}

static void rewrite_address(rewriting *x, km_jv value, km_ftype type)
{
    km_str text = km_jv_str(value);
    const km_change *entry;
    if (km_str_is(km_fhir_type_name(type), "xhtml"))
        rewrite_narrative(x, value);
    else if (km_str_starts(text, KM_STR("urn:")) && is_address(type)
             && (entry = entry_of(x, text)) != NULL)
        km_jv_replace(value, type_and(x, entry, "/", entry->id));
}

/* Every string with the type that its element has. */
static void rewrite_addresses(rewriting *x, const km_change *c)
{
    struct {
        km_jv_iter it;
        km_ftype type;
    } stack[PATH_DEPTH];
    size_t depth = 1;
    stack[0].it = km_jv_each(c->resource);
    stack[0].type = c->type;
    while (depth > 0) {
        km_jv_iter *it = &stack[depth - 1].it;
        km_ftype type = stack[depth - 1].type;
        if (!km_jv_next(it)) {
            depth--;
            continue;
        }
        km_jv value = it->value;
        km_json_kind kind = km_jv_kind(value);
        if (it->object && km_fhir_element(type, it->name, &type) == NULL)
            continue;
        if (kind == KM_JSON_STRING)
            rewrite_address(x, value, type);
        if ((kind != KM_JSON_OBJECT && kind != KM_JSON_ARRAY) || depth == PATH_DEPTH)
            continue;
        km_str said = km_jv_str(KM_JV_GET(value, "resourceType"));
        stack[depth].it = km_jv_each(value);
        stack[depth++].type = said.n > 0 ? km_fhir_type_named(said) : type;
    }
}

static bool has_urn(const km_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_starts(c[i].full_url, KM_STR("urn:")))
            return true;
    return false;
}

/* --- do references lead anywhere? --- */

static void note_missing(rewriting *x, km_jv value, const km_reference *ref)
{
    km_writing *w = x->w;
    if (w->missing == NULL)
        w->missing = KM_NEW_ARRAY(w->call->arena, MISSING_MAX, km_issue);
    if (w->n_missing < MISSING_MAX)
        w->missing[w->n_missing++] =
            (km_issue){ "warning", KM_BROKEN_REFERENCE, path_of(x, value),
                        km_arena_print(w->call->arena, "nowhere is such a %.*s",
                                       KM_STR_ARG(km_fhir_type_name(ref->type))) };
}

static void check_one(void *self, km_jv value, km_str text)
{
    rewriting *x = self;
    km_reference ref;
    int64_t chart, rid;
    if (x->rc != KM_OK || !km_reference_parse(&ref, text) || ref.contained || ref.base.n > 0
        || ref.urn || ref.type == 0 || ref.id.n == 0)
        return;
    if (ref.version.n > 0)
        text = km_str_sub(text, 0, text.n - ref.version.n - (sizeof "/_history/" - 1));
    if (entry_of(x, text) != NULL)
        return;
    km_code rc = km_reader_locate(&chart, &rid, x->r, ref.type, ref.id, x->w->source);
    if (rc != KM_NOT_FOUND) {
        x->rc = rc;
        return;
    }
    km_fault_clear(x->w->call->fault);
    if (x->w->references_reported)
        note_missing(x, value, &ref);
    else
        x->rc = refuse(x, value, KM_BROKEN_REFERENCE, "nowhere is such", ref.type);
}

static km_code each_reference(rewriting *x, km_change *c, size_t n, size_t *failed,
                              km_reference_found what)
{
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        x->of = &c[i];
        if (km_jv_kind(c[i].resource) == KM_JSON_OBJECT && !c[i].existing)
            km_fhir_references(c[i].resource, c[i].type, what, x);
        KM_TRY(x->rc);
    }
    return KM_OK;
}

km_code km_platform__references(km_writing *w, km_change *c, size_t n, size_t *failed, km_reader *r)
{
    rewriting x = { .w = w, .r = r };
    w->n_missing = 0;
    name_entries(&x, c, n);
    KM_TRY(each_reference(&x, c, n, failed, rewrite_one));
    bool urns = has_urn(c, n);
    for (size_t i = 0; i < n && urns; i++)
        if (km_jv_kind(c[i].resource) == KM_JSON_OBJECT && !c[i].existing)
            rewrite_addresses(&x, &c[i]);
    return each_reference(&x, c, n, failed, check_one);
}
