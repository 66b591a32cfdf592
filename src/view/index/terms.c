/* SPDX-License-Identifier: Apache-2.0
 *
 * terms: the values of search parameters, understood (FHIR R4 3.1.1.4). `\,` `\|` `\$` `\\` are
 * escapes.
 */
#include "view/index/inside.h"

#include <math.h>
#include <stdio.h>

#include "base/kana.h"
#include "codec/json/decimal.h"

size_t km_terms__split(km_str *part, size_t max, km_str text, char sep)
{
    size_t n = 0, start = 0;
    for (size_t i = 0; i <= text.n && n < max; i++) {
        if (i < text.n && text.p[i] == '\\') {
            i++;
            continue;
        }
        if (i == text.n || text.p[i] == sep || i > text.n) {
            size_t end = i > text.n ? text.n : i;
            part[n++] = km_str_sub(text, start, end - start);
            start = end + 1;
        }
    }
    if (n < max && start < text.n) /* ended on an escape */
        part[n++] = km_str_sub(text, start, text.n);
    return n;
}

static km_str unescape(km_arena *a, km_str s)
{
    if (km_str_find(s, '\\') == s.n)
        return s;
    km_buf out = km_buf_in(a);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && strchr(",|$\\", s.p[i + 1]) != NULL)
            i++;
        km_buf_char(&out, s.p[i]);
    }
    return km_buf_str(&out);
}

static km_code bad(const km_clause *c, km_call *call, const char *what)
{
    return km_fail(call->fault, KM_BAD_VALUE, km_arena_z(call->arena, c->name), "%s", what);
}

static km_prefix take_prefix(km_str *text)
{
    static const char names[][3] = { "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text->n > 2 && memcmp(text->p, names[i], 2) == 0) {
            *text = km_str_sub(*text, 2, text->n);
            return (km_prefix)i;
        }
    return KM_EQ;
}

/* "About": within a tenth of the time between now and then (R4 3.1.1.4.5 leaves it to us). */
static void widen(km_term *t, km_ms now)
{
    km_ms gap = now > t->low ? now - t->low : t->low - now;
    t->low -= gap / 10;
    t->high += gap / 10;
}

km_code km_terms__date(km_term *out, km_str text, km_call *call)
{
    km_civil civil;
    *out = (km_term){ 0 };
    out->prefix = take_prefix(&text);
    out->text = text;
    if (!km_civil_parse(&civil, text))
        return km_fail(call->fault, KM_BAD_VALUE, NULL,
                       "a date as YYYY, YYYY-MM, YYYY-MM-DD or with a time");
    km_civil_interval(&out->low, &out->high, &civil);
    if (out->prefix == KM_AP)
        widen(out, km_call_now(call));
    return KM_OK;
}

static km_code number(km_term *out, km_str text, const km_clause *c, km_call *call)
{
    km_decimal d;
    out->prefix = take_prefix(&text);
    out->text = text;
    if (!km_decimal_parse(&d, text))
        return bad(c, call, "a number");
    out->value = km_decimal_to_double(&d);
    km_decimal_interval(&out->number_low, &out->number_high, &d);
    if (out->prefix == KM_AP) {
        out->number_low = out->value - fabs(out->value) / 10;
        out->number_high = out->value + fabs(out->value) / 10;
    }
    return KM_OK;
}

/* 5.4|http://unitsofmeasure.org|mg, 5.4||mg, 5.4 */
static km_code quantity(km_term *out, km_str text, const km_clause *c, km_call *call)
{
    km_str part[3];
    size_t n = km_terms__split(part, 3, text, '|');
    if (n == 0)
        return bad(c, call, "number|system|code");
    KM_TRY(number(out, part[0], c, call));
    out->system = n > 1 ? unescape(call->arena, part[1]) : KM_STR_NONE;
    out->unit = n > 2 ? unescape(call->arena, part[2]) : KM_STR_NONE;
    return n == 2 ? bad(c, call, "number|system|code") : KM_OK;
}

static km_code token(km_term *out, km_str text, const km_clause *c, km_call *call)
{
    km_str part[3];
    size_t n = km_terms__split(part, 3, text, '|');
    if (c->modifier == KM_MOD_OF_TYPE) {
        if (n != 3 || part[1].n == 0 || part[2].n == 0)
            return bad(c, call, "system|code|value");
        out->type_system = unescape(call->arena, part[0]);
        out->type_code = unescape(call->arena, part[1]);
        out->text = unescape(call->arena, part[2]);
        out->has_code = true;
        return KM_OK;
    }
    if (n > 2)
        return bad(c, call, "system|code");
    out->has_bar = n == 2;
    out->system = n == 2 ? unescape(call->arena, part[0]) : KM_STR_NONE;
    out->text = unescape(call->arena, n > 0 ? part[n - 1] : KM_STR_NONE);
    out->has_code = out->text.n > 0;
    return out->has_code || out->system.n > 0 ? KM_OK : bad(c, call, "system|code");
}

static km_code whole_text(km_term *out, km_str text, const km_clause *c, km_call *call)
{
    out->text = unescape(call->arena, text);
    return out->text.n > 0 ? KM_OK : bad(c, call, "a text");
}

/* Type/id stays; an id alone gets the only type it can have; ours written in full is made relative.
 */
static km_code reference(km_term *out, km_str text, const km_clause *c, km_call *call, km_str base)
{
    km_str bare = unescape(call->arena, text);
    if (c->modifier == KM_MOD_IDENTIFIER)
        return token(out, text, c, call);
    if (base.n > 0 && km_str_starts(bare, base) && bare.n > base.n + 1 && bare.p[base.n] == '/')
        bare = km_str_sub(bare, base.n + 1, bare.n);
    out->text = bare;
    if (bare.n == 0)
        return bad(c, call, "a reference");
    bool hierarchy = c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE;
    if (hierarchy && km_str_find(bare, ':') == bare.n)
        return km_fail(call->fault, KM_UNSUPPORTED, km_arena_z(call->arena, c->name),
                       "with a canonical address, not with a reference to a record");
    if (km_fhir_is_id(bare)) {
        out->has_code = true; /* an id alone */
        if (c->target != 0 || c->param->n_targets == 1) {
            km_ftype t = c->target != 0 ? c->target : c->param->targets[0];
            out->text = km_arena_print(call->arena, "%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(t)),
                                       KM_STR_ARG(bare));
            out->has_code = false;
        }
        return KM_OK;
    }
    km_reference ref;
    if (km_reference_parse(&ref, bare) && !ref.canonical && ref.version.n > 0)
        out->version = ref.version;
    else if (km_str_find(bare, ':') < bare.n)
        (void)km_str_cut(bare, '|', &out->version);
    out->long_text = bare.n > KM_KEY_TEXT - 3;
    return KM_OK;
}

static km_code composite(km_term *out, km_str text, const km_clause *c, km_call *call, km_str base);

static km_code one_term(km_term *out, km_str text, const km_clause *c, km_param_kind kind,
                        km_call *call, km_str base)
{
    switch (kind) {
    case KM_PARAM_STRING:
        KM_TRY(whole_text(out, text, c, call));
        /* Folding may make it longer, reading it as romaji three times as long. */
        out->long_text = out->text.n > KM_KEY_TEXT / 3 - 1
                         || km_fold(call->arena, out->text).n > KM_KEY_TEXT - 3;
        return KM_OK;
    case KM_PARAM_URI:
        KM_TRY(whole_text(out, text, c, call));
        out->long_text = out->text.n > KM_KEY_TEXT - 3;
        return KM_OK;
    case KM_PARAM_TOKEN:
        return c->modifier == KM_MOD_TEXT || c->modifier == KM_MOD_IN
                       || c->modifier == KM_MOD_NOT_IN
                   ? whole_text(out, text, c, call)
                   : token(out, text, c, call);
    case KM_PARAM_DATE:
        if (km_terms__date(out, text, call) == KM_OK)
            return KM_OK;
        snprintf(call->fault->path, sizeof call->fault->path, "%.*s", KM_STR_ARG(c->name));
        return call->fault->code;
    case KM_PARAM_NUMBER:
        return number(out, text, c, call);
    case KM_PARAM_QUANTITY:
        return quantity(out, text, c, call);
    case KM_PARAM_REFERENCE:
        return reference(out, text, c, call, base);
    case KM_PARAM_COMPOSITE:
        return composite(out, text, c, call, base);
    default:
        return km_fail(call->fault, KM_UNSUPPORTED, km_arena_z(call->arena, c->name), NULL);
    }
}

static km_code composite(km_term *out, km_str text, const km_clause *c, km_call *call, km_str base)
{
    km_str part[8];
    size_t n = km_terms__split(part, 8, text, '$');
    if (n != c->param->n_components)
        return bad(c, call, "one value for each component, with $ between");
    out->part = KM_NEW_ARRAY(call->arena, n, km_term);
    for (size_t i = 0; i < n; i++) {
        km_clause inner = *c;
        inner.param = c->param->component[i].param ? c->param->component[i].param : c->param;
        KM_TRY(one_term(&out->part[i], part[i], &inner, c->param->component[i].kind, call, base));
    }
    return KM_OK;
}

km_code km_terms__parse(km_clause *c, km_str value, km_str base, km_call *call)
{
    km_str part[KM_TERMS_MAX + 1];
    if (c->modifier == KM_MOD_MISSING) {
        c->missing = km_str_is(value, "true");
        return c->missing || km_str_is(value, "false") ? KM_OK : bad(c, call, "true or false");
    }
    size_t n = km_terms__split(part, KM_TERMS_MAX + 1, value, ',');
    if (n > KM_TERMS_MAX)
        return km_fail(call->fault, KM_TOO_COSTLY, km_arena_z(call->arena, c->name),
                       "at most %d values", KM_TERMS_MAX);
    if (n == 0)
        return bad(c, call, "a value");
    c->term = KM_NEW_ARRAY(call->arena, n, km_term);
    c->terms = n;
    for (size_t i = 0; i < n; i++)
        KM_TRY(one_term(&c->term[i], part[i], c, c->param->kind, call, base));
    return KM_OK;
}
