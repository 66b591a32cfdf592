/* SPDX-License-Identifier: Apache-2.0
 *
 * match: a clause asked of the body alone. What rows cannot settle comes here, and the property
 * tests hold the rows against it: it shares the reading of values with them and nothing else.
 */
#include "view/index/inside.h"

#include "base/kana.h"

bool km_match__date(const km_term *t, km_ms low, km_ms high)
{
    bool inside = t->low <= low && high <= t->high;
    switch (t->prefix) {
    case KM_EQ:
        return inside;
    case KM_NE:
        return !inside;
    case KM_GT:
        return high > t->high;
    case KM_LT:
        return low < t->low;
    case KM_GE:
        return high > t->high || inside;
    case KM_LE:
        return low < t->low || inside;
    case KM_SA:
        return low > t->high;
    case KM_EB:
        return high < t->low;
    case KM_AP:
        return low <= t->high && high >= t->low;
    }
    return false;
}

/* Equality knows the precision of what was asked: 100 is [99.5, 100.5); order compares the number
 * itself. */
bool km_match__number(const km_term *t, double low, double high)
{
    bool inside = t->number_low <= low && high < t->number_high;
    switch (t->prefix) {
    case KM_EQ:
        return inside;
    case KM_NE:
        return !inside;
    case KM_GT:
        return high > t->value;
    case KM_LT:
        return low < t->value;
    case KM_GE:
        return high >= t->value;
    case KM_LE:
        return low <= t->value;
    case KM_SA:
        return low > t->value;
    case KM_EB:
        return high < t->value;
    case KM_AP:
        return low <= t->number_high && high >= t->number_low;
    }
    return false;
}

static bool contains(km_str whole, km_str part)
{
    return part.n == 0 || (whole.n >= part.n && memmem(whole.p, whole.n, part.p, part.n) != NULL);
}

static bool part_matches_text(const km_clause *c, km_str whole, km_str part)
{
    return c->modifier == KM_MOD_CONTAINS ? contains(whole, part) : km_str_starts(whole, part);
}

static bool string_matches(const km_clause *c, const km_term *t, const km_value *v, km_arena *a)
{
    km_str reading[KM_ROMAJI_READINGS];
    if (c->modifier == KM_MOD_EXACT)
        return km_str_eq(v->text, t->text);
    km_str whole = km_fold(a, v->text);
    bool yes = part_matches_text(c, whole, km_fold(a, t->text));
    size_t readings = yes ? 0 : km_romaji_readings(reading, KM_ROMAJI_READINGS, a, t->text);
    for (size_t i = 0; i < readings && !yes; i++)
        yes = part_matches_text(c, whole, reading[i]);
    return yes;
}

static bool token_matches(const km_clause *c, const km_term *t, const km_value *v, km_arena *a)
{
    switch (c->modifier) {
    case KM_MOD_TEXT:
        return v->display.n > 0 && km_str_starts(km_fold(a, v->display), km_fold(a, t->text));
    case KM_MOD_OF_TYPE:
        return km_str_eq(v->text, t->text) && km_str_eq(v->type_code, t->type_code)
               && (t->type_system.n == 0 || km_str_eq(v->type_system, t->type_system));
    default:
        break;
    }
    if (t->has_code && !km_str_eq(v->text, t->text))
        return false;
    if (!t->has_code && v->any_system)
        return false;
    return !t->has_bar || v->any_system || km_str_eq(v->system, t->system);
}

static bool unit_matches(const km_term *t, const km_value *v)
{
    if (t->unit.n == 0)
        return true;
    if (t->system.n > 0)
        return km_str_eq(v->text, t->unit) && km_str_eq(v->system, t->system);
    return km_str_eq(v->text, t->unit) || km_str_eq(v->unit, t->unit);
}

static bool uri_matches(const km_clause *c, const km_term *t, km_str uri)
{
    km_str longer = c->modifier == KM_MOD_ABOVE ? t->text : uri;
    km_str shorter = c->modifier == KM_MOD_ABOVE ? uri : t->text;
    if (km_str_eq(uri, t->text))
        return true;
    return (c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE)
           && km_str_starts(longer, shorter)
           && (longer.p[shorter.n] == '/' || km_str_ends(shorter, KM_STR("/"))
               || longer.p[shorter.n] == ':' || longer.p[shorter.n] == '.');
}

static bool canonical_matches(const km_clause *c, const km_term *t, km_str text)
{
    km_str version, asked_version, url = km_str_cut(text, '|', &version);
    km_str asked = km_str_cut(t->text, '|', &asked_version);
    km_term bare = *t;
    bare.text = asked;
    return uri_matches(c, &bare, url)
           && (asked_version.n == 0 || km_str_eq(version, asked_version));
}

static bool may_lead_to(const km_param *p, km_ftype type)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (p->targets[i] == type)
            return true;
    return p->n_targets == 0;
}

static bool reference_matches(const km_clause *c, const km_term *t, const km_value *v)
{
    km_reference ref;
    if (c->modifier == KM_MOD_IDENTIFIER)
        return v->id_value.n > 0 && (!t->has_code || km_str_eq(v->id_value, t->text))
               && (!t->has_bar || km_str_eq(v->id_system, t->system));
    if (v->canonical)
        return canonical_matches(c, t, v->text);
    bool hierarchy = c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE;
    if (hierarchy || v->text.n == 0 || !km_reference_parse(&ref, v->text) || ref.contained)
        return false;
    if (t->has_code) /* an id alone */
        return ref.base.n == 0 && km_str_eq(ref.id, t->text)
               && (c->target == 0 ? may_lead_to(c->param, ref.type) : ref.type == c->target);
    return km_str_eq(t->version.n > 0 ? v->text : km_key_without_version(&ref), t->text);
}

static bool value_matches(const km_clause *c, const km_term *t, const km_value *v, km_arena *a)
{
    switch (v->kind) {
    case KM_PARAM_STRING:
        return string_matches(c, t, v, a);
    case KM_PARAM_TOKEN:
        return token_matches(c, t, v, a);
    case KM_PARAM_DATE:
        return km_match__date(t, v->low, v->high);
    case KM_PARAM_NUMBER:
        return km_match__number(t, v->number_low, v->number_high);
    case KM_PARAM_QUANTITY:
        return unit_matches(t, v) && km_match__number(t, v->number_low, v->number_high);
    case KM_PARAM_URI:
        return uri_matches(c, t, v->text);
    case KM_PARAM_REFERENCE:
        return reference_matches(c, t, v);
    default:
        return false;
    }
}

static bool any_in_codes(const km_clause *c, const km_values *values)
{
    for (size_t i = 0; i < values->n; i++)
        if (values->v[i].text.n > 0
            && km_codes__have(c->codes, values->v[i].system, values->v[i].text,
                              values->v[i].any_system))
            return true;
    return false;
}

static bool any_matches(const km_clause *c, const km_values *values, km_arena *a)
{
    if (c->codes != NULL)
        return any_in_codes(c, values);
    for (size_t i = 0; i < values->n; i++)
        for (size_t j = 0; j < c->terms; j++)
            if (value_matches(c, &c->term[j], &values->v[i], a))
                return true;
    return false;
}

/* --- composites: every component of one and the same focus --- */

static km_code part_matches(bool *yes, const km_clause *c, size_t part, const km_term *t,
                            const km_item *focus, const km_path_env *env, km_fault *f)
{
    km_items items = { 0 };
    km_values values = { 0 };
    km_clause inner = { .param = c->param->component[part].param };
    *yes = false;
    KM_TRY(km_path_eval_on(&items, c->param->component[part].path, env, *focus, f));
    km_values__read(&values, c->param->component[part].kind, &items, env->arena);
    for (size_t i = 0; i < values.n && !*yes; i++)
        *yes = value_matches(&inner, t, &values.v[i], env->arena);
    return KM_OK;
}

static km_code composite_matches(bool *yes, const km_clause *c, km_jv resource, km_arena *a,
                                 km_fault *f)
{
    km_items foci = { 0 };
    km_path_env env = {
        .model = km_fhir_model(), .arena = a, .resource = resource, .keep_equal = true
    };
    KM_TRY(km_path_eval(&foci, c->param->path, &env, f));
    *yes = false;
    for (uint32_t i = 0; i < foci.n && !*yes; i++)
        for (size_t j = 0; j < c->terms && !*yes; j++) {
            bool all = true;
            for (size_t p = 0; p < c->param->n_components && all; p++)
                KM_TRY(part_matches(&all, c, p, &c->term[j].part[p], &foci.item[i], &env, f));
            *yes = all;
        }
    return KM_OK;
}

/* subject.where(resolve() is Patient) leads to no reference that is an identifier alone, which is
 * what patient:identifier is asked for: the wider parameter answers. */
static const km_param *read_by(const km_clause *c)
{
    return c->modifier == KM_MOD_IDENTIFIER ? km_fhir_param_numbered(c->param->index_number)
                                            : c->param;
}

km_code km_match__clause(bool *yes, const km_clause *c, km_jv resource, km_arena *a, km_fault *f)
{
    km_values values = { 0 };
    if (c->param->kind == KM_PARAM_COMPOSITE)
        return composite_matches(yes, c, resource, a, f);
    KM_TRY(km_values_of(&values, read_by(c), resource, c->type, a, f));
    if (c->modifier == KM_MOD_MISSING)
        *yes = (values.n == 0) == c->missing;
    else
        *yes = any_matches(c, &values, a)
               != (c->modifier == KM_MOD_NOT || c->modifier == KM_MOD_NOT_IN);
    return KM_OK;
}

km_code km_search_matches(bool *yes, const km_search *s, km_jv resource, km_ftype type,
                          km_call *call)
{
    *yes = false;
    for (size_t i = 0; i < s->types; i++) {
        const km_typed *t = &s->typed[i];
        if (t->type != type)
            continue;
        *yes = true;
        for (size_t j = 0; j < t->clauses && *yes; j++) {
            if (t->clause[j].form != KM_FORM_PARAM)
                *yes = false;
            else
                KM_TRY(km_match__clause(yes, &t->clause[j], resource, call->arena, call->fault));
        }
        return KM_OK;
    }
    return KM_OK;
}
