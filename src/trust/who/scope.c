/* SPDX-License-Identifier: Apache-2.0
 *
 * scope: reading, printing and meeting (scope.h).
 */
#include "trust/who/scope.h"

static const char *const kinds[] = { "patient", "user", "system" };
enum { KINDS = 3 };

/* "cruds" in its order. */
static const struct {
    char letter;
    unsigned may;
} letters[] = { { 'c', KM_SCOPE_CREATE },
                { 'r', KM_SCOPE_READ },
                { 'u', KM_SCOPE_UPDATE },
                { 'd', KM_SCOPE_DELETE },
                { 's', KM_SCOPE_SEARCH } };
enum { LETTERS = sizeof letters / sizeof *letters };

/* SMART App Launch 2.0.0 §2.0.8: what the first version's words mean. */
static const struct {
    const char *word;
    unsigned may;
} words[] = { { "read", KM_SCOPE_READ | KM_SCOPE_SEARCH },
              { "write", KM_SCOPE_CREATE | KM_SCOPE_UPDATE | KM_SCOPE_DELETE },
              { "*", KM_SCOPE_EVERY } };

static const struct flag {
    const char *name;
    size_t at;
} flags[] = {
    { "openid", offsetof(km_scopes, openid) },
    { "profile", offsetof(km_scopes, profile) },
    { "fhirUser", offsetof(km_scopes, fhir_user) },
    { "offline_access", offsetof(km_scopes, offline) },
    { "online_access", offsetof(km_scopes, online) },
    { "launch", offsetof(km_scopes, launch) },
    { "launch/patient", offsetof(km_scopes, launch_patient) },
};
enum { FLAGS = sizeof flags / sizeof *flags };

static bool *flag_of(km_scopes *s, size_t i)
{
    return (bool *)((char *)s + flags[i].at);
}

static km_code refuse(km_fault *f, const char *what)
{
    return km_fail(f, KM_BAD_VALUE, "scope", "%s", what);
}

/* RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
static bool is_token(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7E || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return s.n > 0;
}

static bool read_letters(unsigned *may, km_str text)
{
    size_t at = 0;
    *may = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (km_str_is(text, words[i].word)) {
            *may = words[i].may;
            return true;
        }
    for (size_t i = 0; i < LETTERS && at < text.n; i++)
        if (text.p[at] == letters[i].letter) {
            *may |= letters[i].may;
            at++;
        }
    return text.n > 0 && at == text.n;
}

/* Each part is NAME=VALUE, and the name a search parameter of the type. */
static bool is_limit(km_str limit, km_ftype type)
{
    while (limit.p != NULL) {
        km_str value, modifier, part = km_str_cut(limit, '&', &limit);
        km_str name = km_str_cut(km_str_cut(part, '=', &value), ':', &modifier);
        if (value.n == 0 || name.n == 0 || (name.p[0] != '_' && km_fhir_param(type, name) == NULL))
            return false;
    }
    return true;
}

static int kind_of(km_str of)
{
    for (int i = 0; i < KINDS; i++)
        if (km_str_is(of, kinds[i]))
            return i;
    return KINDS;
}

static km_code read_resource(km_scope *out, km_str of, km_str rest, km_fault *f)
{
    km_str limit, letters_text, head = km_str_cut(rest, '?', &limit);
    km_str type = km_str_cut(head, '.', &letters_text);
    *out = (km_scope){ .of = (km_scope_of)kind_of(of) };
    if (!km_str_is(type, "*")) {
        out->type = km_fhir_type_named(type);
        if (out->type == 0 || !km_fhir_is_resource(out->type))
            return refuse(f, "a scope names a resource type that is none");
    }
    if (!read_letters(&out->may, letters_text))
        return refuse(f, "behind the type stand letters of cruds in that order");
    if (limit.p != NULL && (out->type == 0 || !is_limit(limit, out->type)))
        return refuse(f, "a limit is search parameters of the type, NAME=VALUE");
    out->limit = limit;
    return KM_OK;
}

static bool same(const km_scope *x, const km_scope *y)
{
    return x->of == y->of && x->type == y->type && km_str_eq(x->limit, y->limit);
}

static km_code add(km_scope *list, size_t *n, km_scope s, km_fault *f)
{
    for (size_t i = 0; i < *n; i++)
        if (same(&list[i], &s)) {
            list[i].may |= s.may;
            return KM_OK;
        }
    if (*n == KM_SCOPES_MAX)
        return km_fail(f, KM_TOO_LONG, "scope", "at most %d scopes", KM_SCOPES_MAX);
    list[(*n)++] = s;
    return KM_OK;
}

static km_code read_one(km_scopes *out, km_scope *list, km_str one, km_fault *f)
{
    km_scope s;
    km_str rest, of = km_str_cut(one, '/', &rest);
    if (!is_token(one))
        return refuse(f, "a scope is made of printable ASCII, one space between two");
    for (size_t i = 0; i < FLAGS; i++)
        if (km_str_is(one, flags[i].name)) {
            *flag_of(out, i) = true;
            return KM_OK;
        }
    if (rest.p == NULL || kind_of(of) == KINDS)
        return KM_OK;
    KM_TRY(read_resource(&s, of, rest, f));
    return add(list, &out->n, s, f);
}

km_code km_scopes_parse(km_scopes *out, km_str text, km_arena *a, km_fault *f)
{
    km_scope *list = KM_NEW_ARRAY(a, KM_SCOPES_MAX, km_scope);
    *out = (km_scopes){ .scope = list };
    if (text.n > KM_SCOPE_TEXT_MAX)
        return km_fail(f, KM_TOO_LONG, "scope", "at most %d bytes", KM_SCOPE_TEXT_MAX);
    while (text.n > 0) {
        km_str one = km_str_cut(text, ' ', &text);
        if (text.p != NULL && text.n == 0)
            return refuse(f, "a scope is made of printable ASCII, one space between two");
        KM_TRY(read_one(out, list, one, f));
    }
    return KM_OK;
}

static void print_one(km_buf *out, const km_scope *s)
{
    km_str type = s->type == 0 ? KM_STR("*") : km_fhir_type_name(s->type);
    km_buf_print(out, "%s/%.*s.", kinds[s->of], KM_STR_ARG(type));
    for (size_t i = 0; i < LETTERS; i++)
        if (s->may & letters[i].may)
            km_buf_char(out, letters[i].letter);
    if (s->limit.n > 0)
        km_buf_print(out, "?%.*s", KM_STR_ARG(s->limit));
}

km_str km_scopes_print(const km_scopes *s, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_scopes copy = *s;
    for (size_t i = 0; i < FLAGS; i++)
        if (*flag_of(&copy, i))
            km_buf_print(&out, "%s%s", out.n > 0 ? " " : "", flags[i].name);
    for (size_t i = 0; i < s->n; i++) {
        if (out.n > 0)
            km_buf_char(&out, ' ');
        print_one(&out, &s->scope[i]);
    }
    return km_buf_str(&out);
}

/* --- narrowing --- */

static bool meet_one(km_scope *out, const km_scope *x, const km_scope *y, km_arena *a)
{
    if (x->of != y->of || (x->type != 0 && y->type != 0 && x->type != y->type)
        || (x->may & y->may) == 0)
        return false;
    *out = (km_scope){ x->of, x->type != 0 ? x->type : y->type, x->may & y->may, x->limit };
    if (x->limit.n == 0 || km_str_eq(x->limit, y->limit))
        out->limit = y->limit;
    else if (y->limit.n > 0)
        out->limit = km_arena_print(a, "%.*s&%.*s", KM_STR_ARG(x->limit), KM_STR_ARG(y->limit));
    return true;
}

km_code km_scopes_meet(km_scopes *out, const km_scopes *x, const km_scopes *y, km_arena *a,
                       km_fault *f)
{
    km_scope *list = KM_NEW_ARRAY(a, KM_SCOPES_MAX, km_scope), both;
    km_scopes met = { .scope = list }, left = *x, right = *y;
    for (size_t i = 0; i < FLAGS; i++)
        *flag_of(&met, i) = *flag_of(&left, i) && *flag_of(&right, i);
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < y->n; j++)
            if (meet_one(&both, &x->scope[i], &y->scope[j], a))
                KM_TRY(add(list, &met.n, both, f));
    *out = met;
    return KM_OK;
}

void km_scopes_narrow(km_scopes *s, unsigned which, unsigned may, km_arena *a)
{
    km_scope *list = KM_NEW_ARRAY(a, s->n + 1, km_scope);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if ((which >> s->scope[i].of & 1U) != 0 && (s->scope[i].may & may) != 0) {
            list[n] = s->scope[i];
            list[n++].may &= may;
        }
    s->scope = list;
    s->n = n;
}

/* --- deciding --- */

bool km_scopes_allow(km_scope_reach *out, const km_who *who, km_ftype type, unsigned may)
{
    km_scope_reach own;
    km_scope_reach *r = out != NULL ? out : &own;
    r->whole = !who->scoped;
    r->n = 0;
    for (size_t i = 0; who->scoped && i < who->scopes; i++) {
        const km_scope *s = &who->scope[i];
        if ((s->type != 0 && s->type != type) || (s->may & may) != may)
            continue;
        if (s->of == KM_SCOPE_PATIENT && who->patient.n == 0)
            continue; /* a launch without patient: such a scope covers nobody */
        r->whole = r->whole || (s->of != KM_SCOPE_PATIENT && s->limit.n == 0);
        if (r->n < KM_SCOPES_MAX)
            r->by[r->n++] = s;
    }
    return r->whole || r->n > 0;
}
