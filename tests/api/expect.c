/* SPDX-License-Identifier: Apache-2.0
 *
 * expect: paths into JSON and the verbs that judge what they find.
 */
#include "expect.h"

/* Any text for *, without going back further than to the last one. */
bool api_glob(km_str pattern, km_str text)
{
    size_t p = 0, t = 0, star = pattern.n, resume = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star < pattern.n) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

bool api_header(km_str *out, const api_reply *r, km_str name, size_t n)
{
    for (km_str left = r->headers; left.n > 0;) {
        km_str value, line = km_str_cut(left, '\n', &left);
        km_str key = km_str_cut(line, ':', &value);
        if (!km_str_eq_nocase(km_str_trim(key), name) || n-- > 0)
            continue;
        *out = km_str_trim(value);
        return true;
    }
    return false;
}

static void push(api_values *v, km_arena *a, km_jv value)
{
    if (km_jv_is(value, KM_JSON_NONE))
        return;
    bool full = v->n == 0 || (v->n >= 8 && (v->n & (v->n - 1)) == 0);
    if (full) { /* room doubles from 8 on */
        km_jv *wider = KM_NEW_ARRAY(a, v->n < 8 ? 8 : 2 * v->n, km_jv);
        if (v->n > 0)
            memcpy(wider, v->value, v->n * sizeof *wider);
        v->value = wider;
    }
    v->value[v->n++] = value;
}

static km_str text_of(km_jv v)
{
    return km_jv_is(v, KM_JSON_STRING) ? km_jv_str(v) : km_jv_raw(v);
}

/* [2], [*] or [key=text] applied to one value. */
static km_code select_items(api_values *out, km_arena *a, km_jv array, km_str inside, km_fault *f)
{
    int64_t index;
    km_str wanted, key = km_str_cut(inside, '=', &wanted);
    if (km_str_to_i64(&index, inside) && index >= 0) {
        push(out, a, km_jv_item(array, (uint32_t)index));
        return KM_OK;
    }
    if (!km_str_is(inside, "*") && key.n == inside.n)
        return km_fail(f, KM_MALFORMED, NULL, "[n], [*] or [key=text] is expected");
    if (!km_jv_is(array, KM_JSON_ARRAY))
        return KM_OK;
    km_jv_iter i = km_jv_each(array);
    while (km_jv_next(&i))
        if (km_str_is(inside, "*") || km_str_eq(text_of(km_jv_get(i.value, key)), wanted))
            push(out, a, i.value);
    return KM_OK;
}

static km_code apply(api_values *out, km_arena *a, const api_values *from, km_str name, km_str item,
                     km_fault *f)
{
    for (size_t i = 0; i < from->n; i++) {
        if (item.p != NULL)
            KM_TRY(select_items(out, a, from->value[i], item, f));
        else if (km_jv_is(from->value[i], KM_JSON_OBJECT))
            push(out, a, km_jv_get(from->value[i], name));
    }
    return KM_OK;
}

/* Cuts the next part off the path: a name, or what stands between brackets. */
static bool next_part(km_str *name, km_str *item, km_str *path)
{
    *name = *item = KM_STR_NONE;
    if (path->p[0] == '[') {
        *item = km_str_cut(km_str_sub(*path, 1, path->n), ']', path);
        return path->p != NULL;
    }
    if (path->p[0] == '.')
        *path = km_str_sub(*path, 1, path->n);
    size_t n = 0;
    while (n < path->n && path->p[n] != '.' && path->p[n] != '[')
        n++;
    *name = km_str_sub(*path, 0, n);
    *path = km_str_sub(*path, n, path->n);
    return n > 0;
}

km_code api_find(api_values *out, km_arena *a, km_jv root, km_str path, km_fault *f)
{
    api_values found = { 0 };
    km_str name, item;
    push(&found, a, root);
    if (km_str_is(path, "."))
        path.n = 0;
    while (path.n > 0) {
        api_values next = { 0 };
        if (!next_part(&name, &item, &path))
            return km_fail(f, KM_MALFORMED, NULL, "this is no path into JSON");
        KM_TRY(apply(&next, a, &found, name, item, f));
        found = next;
    }
    found.text = KM_NEW_ARRAY(a, found.n + 1, km_str);
    for (size_t i = 0; i < found.n; i++)
        found.text[i] = text_of(found.value[i]);
    *out = found;
    return KM_OK;
}

static km_str compact(km_arena *a, km_jv v)
{
    km_buf b = km_buf_in(a);
    km_jv_print(&b, v);
    return km_buf_str(&b);
}

/* What the script wants: JSON or a bare text. */
typedef struct wanted_value {
    bool json;
    km_jv value;
    km_str text; /* compact JSON, or the bare text */
    km_str bare; /* a JSON string's bytes, or the bare text */
} wanted_value;

static km_code read_wanted(wanted_value *w, km_arena *a, km_str text, km_fault *f)
{
    km_json *doc;
    *w = (wanted_value){ .text = text, .bare = text };
    if (text.n == 0 || strchr("\"[{", text.p[0]) == NULL)
        return KM_OK;
    KM_TRY(km_json_parse(&doc, a, text, NULL, f));
    w->json = true;
    w->value = km_json_root(doc);
    w->text = compact(a, w->value);
    w->bare = text_of(w->value);
    return KM_OK;
}

static bool equal(km_arena *a, km_jv value, km_str text, const wanted_value *w)
{
    if (km_jv_is(value, KM_JSON_NONE) || !w->json)
        return km_str_eq(text, w->bare);
    return km_str_eq(compact(a, value), w->text);
}

static bool has_within(km_str text, km_str part)
{
    return part.n == 0 || (text.n >= part.n && memmem(text.p, text.n, part.p, part.n) != NULL);
}

static bool holds(km_arena *a, km_jv value, km_str text, const wanted_value *w)
{
    if (equal(a, value, text, w))
        return true;
    if (km_jv_is(value, KM_JSON_ARRAY)) {
        km_jv_iter i = km_jv_each(value);
        while (km_jv_next(&i))
            if (equal(a, i.value, text_of(i.value), w))
                return true;
        return false;
    }
    return (km_jv_is(value, KM_JSON_NONE) || km_jv_is(value, KM_JSON_STRING))
           && has_within(text, w->bare);
}

static bool found_is(km_arena *a, km_jv value, km_str text, const wanted_value *w, api_verb verb)
{
    switch (verb) {
    case API_IS:
        return equal(a, value, text, w);
    case API_DIFFERS:
        return !equal(a, value, text, w);
    case API_MATCHES:
        return api_glob(w->bare, text);
    default:
        return holds(a, value, text, w);
    }
}

/* is, differs and matches want every value so, and one at least; contains wants one. */
static bool judge(km_arena *a, const api_values *v, const wanted_value *w, api_verb verb)
{
    size_t good = 0;
    for (size_t i = 0; i < v->n; i++)
        good += found_is(a, v->value ? v->value[i] : KM_JV_NONE, v->text[i], w, verb) ? 1 : 0;
    if (verb == API_CONTAINS)
        return good > 0;
    if (verb == API_LACKS)
        return good == 0;
    return good == v->n && v->n > 0;
}

/* One array found is counted by its items, anything else by how often it was found. */
static bool counts(const api_values *v, km_str wanted)
{
    int64_t n;
    bool array = v->n == 1 && v->value != NULL && km_jv_is(v->value[0], KM_JSON_ARRAY);
    size_t found = array ? km_jv_count(v->value[0]) : v->n;
    return km_str_to_i64(&n, wanted) && n >= 0 && (size_t)n == found;
}

static km_code ndjson_values(api_values *out, km_arena *a, km_str body, km_str path, km_fault *f)
{
    api_values all = { 0 };
    for (km_str left = body; left.n > 0;) {
        km_str line = km_str_trim(km_str_cut(left, '\n', &left));
        km_json *doc;
        api_values one;
        if (line.n == 0)
            continue;
        KM_TRY(km_json_parse(&doc, a, line, NULL, f));
        KM_TRY(api_find(&one, a, km_json_root(doc), path, f));
        for (size_t i = 0; i < one.n; i++)
            push(&all, a, one.value[i]);
    }
    all.text = KM_NEW_ARRAY(a, all.n + 1, km_str);
    for (size_t i = 0; i < all.n; i++)
        all.text[i] = text_of(all.value[i]);
    *out = all;
    return KM_OK;
}

static km_code subject_values(api_values *out, km_arena *a, const api_reply *r, const api_step *s,
                              km_str name, km_fault *f)
{
    km_json *doc;
    *out = (api_values){ .text = KM_NEW_ARRAY(a, 64, km_str) };
    switch (s->subject) {
    case API_HEADER:
        while (out->n < 64 && api_header(&out->text[out->n], r, name, out->n))
            out->n++;
        return KM_OK;
    case API_BODY:
        out->text[0] = r->body;
        out->n = r->body.n > 0;
        return KM_OK;
    case API_NDJSON:
        return ndjson_values(out, a, r->body, name, f);
    default:
        KM_TRY(km_json_parse(&doc, a, r->body, NULL, f));
        return api_find(out, a, km_json_root(doc), name, f);
    }
}

static km_code tell_found(const api_values *v, km_fault *f)
{
    if (v->n == 0)
        return km_fail(f, KM_INVALID, NULL, "nothing was found there");
    km_str first = km_str_sub(v->text[0], 0, 160);
    return km_fail(f, KM_INVALID, NULL, "%zu found, the first is %.*s", v->n, KM_STR_ARG(first));
}

static km_code expect_status(int status, km_str wanted, km_fault *f)
{
    for (km_str left = wanted; left.n > 0;) {
        int64_t n;
        if (km_str_to_i64(&n, km_str_trim(km_str_cut(left, '|', &left))) && n == status)
            return KM_OK;
    }
    return km_fail(f, KM_INVALID, NULL, "it is %d", status);
}

km_code api_expect(km_str *saved, km_arena *a, const api_reply *r, const api_step *s, km_str name,
                   km_str wanted, km_fault *f)
{
    api_values v;
    wanted_value w;
    bool good = false;
    if (s->subject == API_STATUS || s->subject == API_EVENTUALLY || s->subject == API_EXIT)
        return expect_status(r->status, wanted, f);
    KM_TRY(subject_values(&v, a, r, s, name, f));
    switch (s->verb) {
    case API_ABSENT:
        good = v.n == 0;
        break;
    case API_EXISTS:
        good = v.n > 0;
        break;
    case API_COUNT:
        good = counts(&v, wanted);
        break;
    case API_SAVE:
        good = v.n == 1;
        *saved = good ? v.text[0] : KM_STR_NONE;
        break;
    default:
        KM_TRY(read_wanted(&w, a, wanted, f));
        good = judge(a, &v, &w, s->verb);
    }
    return good ? KM_OK : tell_found(&v, f);
}
