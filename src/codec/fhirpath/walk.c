/* SPDX-License-Identifier: Apache-2.0
 *
 * walk: from elements to their children. This is where search indexing spends its time, so a
 * chain of names goes down the tape without making collections on its way.
 */
#include "codec/fhirpath/inside.h"

/* A member and its companion: birthDate and _birthDate. */
typedef struct found {
    km_jv value, side;
    km_ptype type;
} found;

km_ptype km_path__resource_type(const km_path_model *m, km_jv v, km_ptype otherwise)
{
    km_ptype t = m->type_named(km_jv_str(KM_JV_GET(v, "resourceType")));
    return t ? t : otherwise;
}

/* Quantity of valueQuantity, when the element may have that type. */
static km_ptype choice_type(const km_run *r, const km_path_element *e, km_str ending)
{
    for (uint16_t i = 0; i < e->n_types; i++) {
        km_str t = r->model->type_name(e->types[i]);
        if (t.n != ending.n || t.n == 0)
            continue;
        char first = t.p[0] >= 'a' && t.p[0] <= 'z' ? (char)(t.p[0] - 'a' + 'A') : t.p[0];
        if (first == ending.p[0] && memcmp(t.p + 1, ending.p + 1, t.n - 1) == 0)
            return e->types[i];
    }
    return 0;
}

static void keep(found *f, bool side, km_jv v, km_ptype type)
{
    if (side)
        f->side = v;
    else
        f->value = v;
    f->type = type;
}

static void find_choice(const km_run *r, const km_path_step *s, km_jv object, found *out)
{
    for (km_jv_iter i = km_jv_each(object); km_jv_next(&i);) {
        km_str key = i.name;
        bool side = key.n && key.p[0] == '_';
        if (side)
            key = km_str_sub(key, 1, key.n);
        if (key.n <= s->name.n || !km_str_starts(key, s->name))
            continue;
        km_ptype type = choice_type(r, &s->element, km_str_sub(key, s->name.n, key.n));
        if (type == 0 || (out->type && type != out->type))
            continue;
        keep(out, side, i.value, type);
        if (!r->model->is_primitive(type))
            return;
    }
}

static void find_primitive(const km_path_step *s, km_jv object, found *out)
{
    for (km_jv_iter i = km_jv_each(object); km_jv_next(&i);) {
        km_str key = i.name;
        bool side = key.n == s->name.n + 1 && key.p[0] == '_';
        if (side)
            key = km_str_sub(key, 1, key.n);
        if (!km_str_eq(key, s->name))
            continue;
        keep(out, side, i.value, s->element.type);
        if (out->value.doc && out->side.doc)
            return;
    }
}

static bool find(const km_run *r, const km_path_step *s, km_jv object, found *out)
{
    *out = (found){ .type = 0 };
    if (s->element.choice) {
        find_choice(r, s, object, out);
    } else if (s->primitive) {
        find_primitive(s, object, out);
    } else {
        out->value = km_jv_get(object, s->name);
        out->type = s->element.type;
    }
    return out->value.doc || out->side.doc;
}

/* The step as the item's own type has it, where the static type did not tell. */
static const km_path_step *resolve(const km_run *r, const km_path_step *s, km_ptype owner,
                                   km_path_step *room)
{
    if (s->known)
        return s;
    km_path__step(room, r->model, &r->path->known, s->name, owner);
    return room->known || owner == 0 ? room : NULL;
}

static km_code follow(km_run *r, const km_node *chain, unsigned at, km_jv object, km_ptype owner,
                      km_items *out);

static km_code arrive(km_run *r, const km_node *chain, unsigned at, const km_path_step *s,
                      const found *f, km_items *out)
{
    km_json_kind kind = km_jv_kind(f->value);
    if ((kind == KM_JSON_NONE || kind == KM_JSON_NULL) && !km_jv_is(f->side, KM_JSON_OBJECT))
        return KM_OK;
    km_ptype type = s->resource ? km_path__resource_type(r->model, f->value, f->type) : f->type;
    if (at + 1 == chain->n_steps)
        return km_path__push(
            r, out,
            &(km_item){ .kind = KM_ITEM_JSON, .type = type, .v = f->value, .side = f->side });
    return follow(r, chain, at + 1, kind == KM_JSON_OBJECT ? f->value : f->side, type, out);
}

/* Arrays of values and of companions run side by side; either may be absent. */
static km_code arrive_each(km_run *r, const km_node *chain, unsigned at, const km_path_step *s,
                           const found *f, km_items *out)
{
    km_jv_iter value = km_jv_each(f->value), side = km_jv_each(f->side);
    for (;;) {
        bool more = km_jv_next(&value), also = km_jv_next(&side);
        if (!more && !also)
            return KM_OK;
        found one = { more ? value.value : KM_JV_NONE, also ? side.value : KM_JV_NONE, f->type };
        KM_TRY(arrive(r, chain, at, s, &one, out));
    }
}

/* Depth of recursion: the steps of one chain, KM_PATH_CHAIN at most. */
static km_code follow(km_run *r, const km_node *chain, unsigned at, km_jv object, km_ptype owner,
                      km_items *out)
{
    km_path_step room;
    found f;
    KM_TRY(km_path__spend(r, 1 + km_jv_count(object) / 16));
    const km_path_step *s = resolve(r, &chain->step[at], owner, &room);
    if (s == NULL || !find(r, s, object, &f))
        return KM_OK;
    if (km_jv_is(f.value, KM_JSON_ARRAY) || km_jv_is(f.side, KM_JSON_ARRAY))
        return arrive_each(r, chain, at, s, &f, out);
    return arrive(r, chain, at, s, &f, out);
}

/* Computed items have members only where System says so. */
static km_code walk_computed(km_run *r, const km_node *chain, const km_item *from, km_items *out)
{
    km_str name = chain->step[0].name;
    if (chain->n_steps > 1)
        return KM_OK;
    if (from->kind == KM_ITEM_QUANTITY && km_str_is(name, "value"))
        return km_path__push_text(r, out, KM_ITEM_DECIMAL, from->text);
    if (from->kind == KM_ITEM_QUANTITY && km_str_is(name, "unit"))
        return km_path__push_text(r, out, KM_ITEM_STRING, from->unit);
    if (from->kind == KM_ITEM_TYPE_INFO && km_str_is(name, "name"))
        return km_path__push_text(r, out, KM_ITEM_STRING, from->text);
    if (from->kind == KM_ITEM_TYPE_INFO && km_str_is(name, "namespace"))
        return km_path__push_text(r, out, KM_ITEM_STRING, from->unit);
    return KM_OK;
}

km_code km_path__walk(km_run *r, const km_node *chain, const km_item *from, km_items *out)
{
    if (from->kind != KM_ITEM_JSON)
        return walk_computed(r, chain, from, out);
    km_jv object = km_jv_is(from->v, KM_JSON_OBJECT) ? from->v : from->side;
    return follow(r, chain, 0, object, from->type, out);
}

/* --- all children ------------------------------------------------------------------------- */

/* The element of a JSON name: itself, or the choice of which it is one form. */
static bool step_of_key(const km_run *r, km_path_step *out, km_ptype owner, km_str key)
{
    km_path__step(out, r->model, &r->path->known, key, owner);
    if (owner == 0 || (out->known && !out->element.choice))
        return true;
    for (size_t i = 1; i < key.n; i++) {
        if (key.p[i] < 'A' || key.p[i] > 'Z')
            continue;
        km_path__step(out, r->model, &r->path->known, km_str_sub(key, 0, i), owner);
        if (out->known && out->element.choice
            && choice_type(r, &out->element, km_str_sub(key, i, key.n)))
            return true;
    }
    return false;
}

km_code km_path__children(km_run *r, const km_item *from, km_items *out)
{
    if (from->kind != KM_ITEM_JSON)
        return KM_OK;
    km_jv object = km_jv_is(from->v, KM_JSON_OBJECT) ? from->v : from->side;
    for (km_jv_iter i = km_jv_each(object); km_jv_next(&i);) {
        km_str key = i.name;
        KM_TRY(km_path__spend(r, 1 + km_jv_count(object) / 16));
        bool side = key.n && key.p[0] == '_';
        if (side)
            key = km_str_sub(key, 1, key.n);
        /* A companion comes with its value. */
        if (km_str_is(key, "resourceType") || (side && km_jv_get(object, key).doc))
            continue;
        km_path_step step;
        if (!step_of_key(r, &step, from->type, key))
            continue;
        km_node chain = { .kind = KM_NODE_CHAIN, .n_steps = 1, .step = &step };
        step.known = true;
        KM_TRY(follow(r, &chain, 0, object, from->type, out));
    }
    return KM_OK;
}
