/* SPDX-License-Identifier: Apache-2.0
 *
 * valuesets: what :in, :not-in, :below and :above of a token stand for: codes of a ValueSet or
 * descendants in a CodeSystem that this node holds as records, or a value set of the R4
 * definitions.
 */
#include "view/index/inside.h"

static void add_code(km_code_list *l, km_arena *a, km_str system, km_str code)
{
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 32;
        km_search_field *more = km_arena_alloc(a, room * sizeof *more);
        if (l->n > 0)
            memcpy(more, l->code, l->n * sizeof *more);
        l->code = more;
        l->room = room;
    }
    l->code[l->n++] = (km_search_field){ system, code };
}

bool km_codes__have(const km_code_list *l, km_str system, km_str code, bool any_system)
{
    if (l->base_set != 0 && km_fhir_code_in(l->base_set, any_system ? KM_STR_NONE : system, code))
        return true;
    for (size_t i = 0; i < l->n; i++)
        if ((any_system || km_str_eq(l->code[i].name, system))
            && (l->code[i].value.n == 0 || km_str_eq(l->code[i].value, code)))
            return true;
    return false;
}

/* The record of `type` whose canonical URL it is; *body is none when the node holds none. */
static km_code find_canonical(km_jv *body, km_reader *r, const char *type_name, km_str url)
{
    km_found found[1];
    size_t n;
    km_search *s;
    km_record *rec;
    km_search_field field = { KM_STR("url"), url };
    km_search_input in = { .type = km_fhir_type_named(km_str_of(type_name)),
                           .field = &field,
                           .fields = 1,
                           .conditional = true };
    *body = KM_JV_NONE;
    KM_TRY(km_search_parse(&s, &in, km_reader_call(r)));
    KM_TRY(km_search_few(found, 1, &n, s, r));
    if (n == 0)
        return KM_OK;
    KM_TRY(km_reader_by_rid(&rec, r, found[0].rid));
    return km_record_json(body, rec, km_reader_call(r));
}

static void add_concepts(km_code_list *l, km_arena *a, km_str system, km_jv concepts)
{
    for (km_jv_iter i = km_jv_each(concepts); km_jv_next(&i);)
        add_code(l, a, system, km_jv_str(KM_JV_GET(i.value, "code")));
}

static bool add_value_set(km_code_list *l, km_arena *a, km_jv set)
{
    for (km_jv_iter i = km_jv_each(km_jv_at(set, "expansion.contains")); km_jv_next(&i);)
        add_code(l, a, km_jv_str(KM_JV_GET(i.value, "system")),
                 km_jv_str(KM_JV_GET(i.value, "code")));
    for (km_jv_iter i = km_jv_each(km_jv_at(set, "compose.include")); km_jv_next(&i);) {
        km_str system = km_jv_str(KM_JV_GET(i.value, "system"));
        km_jv concepts = KM_JV_GET(i.value, "concept");
        if (km_jv_count(KM_JV_GET(i.value, "filter")) > 0
            || km_jv_count(KM_JV_GET(i.value, "valueSet")) > 0)
            return false;
        if (km_jv_count(concepts) > 0)
            add_concepts(l, a, system, concepts);
        else
            add_code(l, a, system, KM_STR_NONE);
    }
    return km_jv_count(km_jv_at(set, "compose.exclude")) == 0;
}

/* A value set of the R4 definitions; codes of one only are looked up in one search. */
static km_code take_base_set(km_clause *c, km_str url, km_call *call)
{
    uint16_t set = km_fhir_value_set(url), before = c->codes->base_set;
    if (set == 0)
        return km_fail(call->fault, KM_BAD_VALUE, km_arena_z(call->arena, c->name),
                       "this node holds no such value set");
    if (before != 0 && before != set)
        return km_fail(call->fault, KM_UNSUPPORTED, km_arena_z(call->arena, c->name),
                       "one value set of FHIR itself at a time");
    c->codes->base_set = set;
    return KM_OK;
}

static km_code resolve_in(km_clause *c, km_reader *r)
{
    km_arena *a = km_reader_call(r)->arena;
    for (size_t i = 0; i < c->terms; i++) {
        km_jv set;
        KM_TRY(find_canonical(&set, r, "ValueSet", c->term[i].text));
        if (km_jv_kind(set) == KM_JSON_NONE)
            KM_TRY(take_base_set(c, c->term[i].text, km_reader_call(r)));
        else if (!add_value_set(c->codes, a, set))
            return km_fail(km_reader_call(r)->fault, KM_UNSUPPORTED, km_arena_z(a, c->name),
                           "the value set is defined by filters or by other sets");
    }
    return KM_OK;
}

/* --- hierarchies --- */

enum { DEPTH = 32 };

/* Walks the concept tree; takes a concept when it is the asked one, stands below it (or above it).
 */
typedef struct walk {
    km_code_list *out;
    km_arena *a;
    km_str system, asked;
    bool up;
} walk;

static bool take_concepts(walk *w, km_jv concepts, bool inside, int depth)
{
    bool found = false;
    if (depth > DEPTH)
        return false;
    for (km_jv_iter i = km_jv_each(concepts); km_jv_next(&i);) {
        km_str code = km_jv_str(KM_JV_GET(i.value, "code"));
        bool hit = km_str_eq(code, w->asked);
        bool below = take_concepts(w, KM_JV_GET(i.value, "concept"), inside || hit, depth + 1);
        if (w->up ? hit || below : hit || inside)
            add_code(w->out, w->a, w->system, code);
        found = found || hit || below;
    }
    return found;
}

static km_code resolve_hierarchy(km_clause *c, km_reader *r)
{
    km_call *call = km_reader_call(r);
    for (size_t i = 0; i < c->terms; i++) {
        km_jv system;
        if (c->term[i].system.n == 0)
            return km_fail(call->fault, KM_BAD_VALUE, km_arena_z(call->arena, c->name),
                           "system|code");
        KM_TRY(find_canonical(&system, r, "CodeSystem", c->term[i].system));
        if (km_jv_kind(system) == KM_JSON_NONE)
            return km_fail(call->fault, KM_UNSUPPORTED, km_arena_z(call->arena, c->name),
                           "this node does not hold the code system, so no hierarchy is known");
        walk w = { c->codes, call->arena, c->term[i].system, c->term[i].text,
                   c->modifier == KM_MOD_ABOVE };
        take_concepts(&w, KM_JV_GET(system, "concept"), false, 0);
    }
    return KM_OK;
}

km_code km_codes__resolve(km_clause *c, km_reader *r)
{
    bool in = c->modifier == KM_MOD_IN || c->modifier == KM_MOD_NOT_IN;
    bool tree = c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE;
    if (c->codes != NULL || (!in && !tree))
        return KM_OK;
    c->codes = KM_NEW(km_reader_call(r)->arena, km_code_list);
    return in ? resolve_in(c, r) : resolve_hierarchy(c, r);
}
