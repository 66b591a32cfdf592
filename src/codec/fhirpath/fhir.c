/* SPDX-License-Identifier: Apache-2.0
 *
 * fhir: types, the tree, references and time (FHIRPath 5.8 to 6.3; FHIR R4 2.9.1.5).
 */
#include "codec/fhirpath/functions.h"

#include "base/date.h"

/* --- types ------------------------------------------------------------------------------- */

km_code km_path__is_type(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         km_items *out)
{
    (void)s;
    if (in->n > 1)
        return km_path__fail(r, n, "several items where one is meant");
    if (in->n == 0)
        return KM_OK;
    return km_path__push_bool(r, out, km_path__is(r, in->item, n->spec));
}

/* as and ofType. FHIRPath lets `as` fail on several items; R4's search parameters use it on
 * repeating elements (`(Observation.component.value as Quantity)`), so it sifts like ofType. */
km_code km_path__as_type(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         km_items *out)
{
    (void)s;
    for (uint32_t i = 0; i < in->n; i++)
        if (km_path__as(r, &in->item[i], n->spec))
            KM_TRY(km_path__push(r, out, &in->item[i]));
    return KM_OK;
}

km_code km_path__type_info(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    (void)n, (void)s;
    for (uint32_t i = 0; i < in->n; i++) {
        const km_item *item = &in->item[i];
        km_item info = { .kind = KM_ITEM_TYPE_INFO };
        km_system system = km_path__system_of(item);
        if (item->kind == KM_ITEM_JSON || item->kind == KM_ITEM_TYPE) {
            info.unit = KM_STR("FHIR");
            info.text = r->model->type_name(item->type);
        } else if (system != KM_SYSTEM_NONE) {
            info.unit = KM_STR("System");
            info.text = km_str_of(km_path__system_name(system));
        }
        KM_TRY(km_path__push(r, out, &info));
    }
    return KM_OK;
}

/* --- tree ---------------------------------------------------------------------------------- */

km_code km_path__all_children(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                              km_items *out)
{
    (void)n, (void)s;
    for (uint32_t i = 0; i < in->n; i++)
        KM_TRY(km_path__children(r, &in->item[i], out));
    return KM_OK;
}

/* The answers are the queue of what is still to be opened. */
km_code km_path__descendants(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                             km_items *out)
{
    uint32_t at = out->n;
    KM_TRY(km_path__all_children(r, n, in, s, out));
    for (; at < out->n; at++) {
        km_item item = out->item[at];
        KM_TRY(km_path__children(r, &item, out));
    }
    return KM_OK;
}

/* --- primitives and extensions ---------------------------------------------------------------- */

static bool has_value(const km_item *item)
{
    if (item->kind != KM_ITEM_JSON)
        return item->kind != KM_ITEM_TYPE && item->kind != KM_ITEM_TYPE_INFO;
    km_json_kind kind = km_jv_kind(item->v);
    return kind == KM_JSON_TRUE || kind == KM_JSON_FALSE || kind == KM_JSON_NUMBER
           || kind == KM_JSON_STRING;
}

km_code km_path__has_value(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    (void)n, (void)s;
    return km_path__push_bool(r, out, in->n == 1 && has_value(in->item));
}

km_code km_path__get_value(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_item value;
    (void)n, (void)s;
    if (in->n != 1 || !has_value(in->item) || !km_path__system_value(r, &value, in->item))
        return KM_OK;
    return km_path__push(r, out, &value);
}

static km_code push_extensions(km_run *r, const km_item *item, km_str url, km_items *out)
{
    km_path_step step;
    km_items all = { 0 };
    if (item->kind != KM_ITEM_JSON)
        return KM_OK;
    km_path__step(&step, r->model, &r->path->known, KM_STR("extension"), item->type);
    km_node chain = { .kind = KM_NODE_CHAIN, .n_steps = 1, .step = &step };
    KM_TRY(km_path__walk(r, &chain, item, &all));
    for (uint32_t i = 0; i < all.n; i++)
        if (km_str_eq(km_jv_str(KM_JV_GET(all.item[i].v, "url")), url))
            KM_TRY(km_path__push(r, out, &all.item[i]));
    return KM_OK;
}

km_code km_path__extension(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                           km_items *out)
{
    km_items room = { 0 };
    km_item url;
    bool got;
    KM_TRY(km_path__arg(r, n, 0, s, &room));
    KM_TRY(km_path__single(r, n, &room, &url, &got));
    if (got && url.kind != KM_ITEM_STRING)
        return km_path__fail(r, n, "the URL is no string");
    for (uint32_t i = 0; got && i < in->n; i++)
        KM_TRY(push_extensions(r, &in->item[i], url.text, out));
    return KM_OK;
}

/* --- references ---------------------------------------------------------------------------------
 */

/* "Patient" of "Patient/1", ".../Patient/1" and ".../Patient/1/_history/2". */
static km_ptype type_in(const km_run *r, km_str text)
{
    km_str part[4] = { { 0 } }; /* the last four, the last first */
    for (km_str rest = text; rest.p;) {
        km_str one = km_str_cut(rest, '/', &rest);
        memmove(part + 1, part, 3 * sizeof *part);
        part[0] = one;
    }
    km_str named = km_str_is(part[1], "_history") ? part[3] : part[1];
    km_ptype type = named.n ? r->model->type_named(named) : 0;
    return type && r->model->is_resource(type) ? type : 0;
}

static bool find_contained(const km_run *r, km_str id, km_item *out)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(r->env->resource, "contained")); km_jv_next(&i);)
        if (km_str_eq(km_jv_str(KM_JV_GET(i.value, "id")), id)) {
            *out = (km_item){ .kind = KM_ITEM_JSON,
                              .type = km_path__resource_type(r->model, i.value, 0),
                              .v = i.value };
            return true;
        }
    return false;
}

static bool resolve_one(const km_run *r, const km_item *item, km_item *out)
{
    bool reference = item->kind == KM_ITEM_JSON && km_jv_is(item->v, KM_JSON_OBJECT);
    km_item value;
    km_str text = KM_STR_NONE;
    if (reference)
        text = km_jv_str(KM_JV_GET(item->v, "reference"));
    else if (km_path__system_value(r, &value, item) && value.kind == KM_ITEM_STRING)
        text = value.text;
    if (text.n == 0)
        return false;
    if (text.p[0] == '#')
        return find_contained(r, km_str_sub(text, 1, text.n), out);
    if (r->env->resolve)
        return r->env->resolve(r->env->self, out, text);
    *out = (km_item){ .kind = KM_ITEM_TYPE, .type = type_in(r, text) };
    /* urn:uuid:... says nothing; Reference.type may. */
    if (out->type == 0 && reference)
        out->type = r->model->type_named(km_jv_str(KM_JV_GET(item->v, "type")));
    return out->type != 0;
}

km_code km_path__resolve(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                         km_items *out)
{
    (void)n, (void)s;
    for (uint32_t i = 0; i < in->n; i++) {
        km_item found;
        if (resolve_one(r, &in->item[i], &found))
            KM_TRY(km_path__push(r, out, &found));
    }
    return KM_OK;
}

/* --- time
 * ------------------------------------------------------------------------------------------ */

/* The clock on a wall in Japan, to the millisecond. */
static km_str clock_text(km_run *r)
{
    char utc[25];
    km_instant_print(utc, r->env->now + (km_ms)KM_JAPAN_OFFSET_MIN * 60000);
    return km_arena_copy(r->arena, (km_str){ utc, 23 });
}

km_code km_path__now(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                     km_items *out)
{
    (void)n, (void)in, (void)s;
    km_str text = km_arena_print(r->arena, "%.*s+09:00", KM_STR_ARG(clock_text(r)));
    return km_path__push_text(r, out, KM_ITEM_DATE, text);
}

km_code km_path__today(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                       km_items *out)
{
    (void)n, (void)in, (void)s;
    return km_path__push_text(r, out, KM_ITEM_DATE, km_str_sub(clock_text(r), 0, 10));
}

km_code km_path__time_of_day(km_run *r, const km_node *n, const km_items *in, const km_scope *s,
                             km_items *out)
{
    (void)n, (void)in, (void)s;
    return km_path__push_text(r, out, KM_ITEM_TIME, km_str_sub(clock_text(r), 11, 12));
}
