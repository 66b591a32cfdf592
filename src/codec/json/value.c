/* SPDX-License-Identifier: Apache-2.0
 *
 * value: reading a tape.
 */
#include "codec/json/inside.h"

static const km_json_node *node_of(km_jv v)
{
    static const km_json_node nothing = { 0 }; /* KM_JSON_NONE */
    return v.doc ? &v.doc->node[v.at] : &nothing;
}

km_str km_jv_str(km_jv v)
{
    const km_json_node *one = node_of(v);
    if (one->kind != KM_JSON_STRING && one->kind != KM_JSON_NUMBER)
        return KM_STR_NONE;
    return (km_str){ one->p, one->n };
}

/* The text of a string that has escapes: to the first quote that is not escaped. */
static km_str quoted(km_str text, uint32_t from)
{
    size_t to = (size_t)from + 1;
    while (text.p[to] != '"')
        to += text.p[to] == '\\' ? 2 : 1;
    return km_str_sub(text, from, to + 1 - from);
}

km_str km_jv_raw(km_jv v)
{
    const km_json_node *one = node_of(v);
    switch ((km_json_kind)one->kind) {
    case KM_JSON_NONE:
        return KM_STR_NONE;
    case KM_JSON_STRING:
        if (one->marks & KM_JSON_ESCAPED)
            return quoted(v.doc->text, one->end);
        return (km_str){ one->p - 1, one->n + (size_t)2 };
    case KM_JSON_ARRAY:
    case KM_JSON_OBJECT:
        return (km_str){ one->p, one->end };
    default:
        return (km_str){ one->p, one->n };
    }
}

uint32_t km_jv_count(km_jv v)
{
    const km_json_node *one = node_of(v);
    return one->kind == KM_JSON_ARRAY || one->kind == KM_JSON_OBJECT ? one->n : 0;
}

km_jv km_jv_get(km_jv object, km_str name)
{
    const km_json_node *one = node_of(object);
    if (one->kind != KM_JSON_OBJECT)
        return KM_JV_NONE;
    const km_json_node *node = object.doc->node;
    for (uint32_t i = object.at + 1; i < one->next; i = node[i + 1].next)
        if (node[i].n == name.n && (name.n == 0 || memcmp(node[i].p, name.p, name.n) == 0))
            return (km_jv){ object.doc, i + 1 };
    return KM_JV_NONE;
}

km_jv km_jv_at(km_jv v, const char *path)
{
    km_str rest = km_str_of(path);
    do
        v = km_jv_get(v, km_str_cut(rest, '.', &rest));
    while (rest.p != NULL && v.doc != NULL);
    return v;
}

km_str km_jv_text(km_jv v, const char *path)
{
    return km_jv_str(km_jv_at(v, path));
}

km_jv km_jv_item(km_jv array, uint32_t index)
{
    const km_json_node *one = node_of(array);
    if (one->kind != KM_JSON_ARRAY || index >= one->n)
        return KM_JV_NONE;
    uint32_t at = array.at + 1;
    while (index-- > 0)
        at = array.doc->node[at].next;
    return (km_jv){ array.doc, at };
}

km_jv_iter km_jv_each(km_jv container)
{
    const km_json_node *one = node_of(container);
    bool object = one->kind == KM_JSON_OBJECT;
    if (!object && one->kind != KM_JSON_ARRAY)
        return (km_jv_iter){ .doc = NULL };
    return (km_jv_iter){
        .doc = container.doc, .at = container.at + 1, .end = one->next, .object = object
    };
}

bool km_jv_next(km_jv_iter *i)
{
    if (i->at >= i->end)
        return false;
    if (i->object) {
        i->name = km_jv_str((km_jv){ i->doc, i->at });
        i->at++;
    }
    i->value = (km_jv){ i->doc, i->at };
    i->at = i->doc->node[i->at].next;
    return true;
}

void km_jv_place(km_jv v, uint32_t *line, uint32_t *column)
{
    *line = *column = 0;
    km_str raw = km_jv_raw(v);
    if (raw.p == NULL)
        return;
    km_json__locate(line, column, v.doc->text.p, raw.p);
}
