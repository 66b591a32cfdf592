/* SPDX-License-Identifier: Apache-2.0
 *
 * patch: see patch.h. There is no tree that changes: an operation prints the document anew up to
 * its place, then what belongs there, then the rest. So nothing is linked, nothing nests and
 * nothing is freed; what it costs is bounded by counting the bytes.
 */
#include "codec/json/patch.h"

#include <stdio.h>

#include "codec/json/decimal.h"

typedef enum op { ADD, REMOVE, REPLACE, MOVE, COPY, TEST, OPS } op;

typedef struct patching {
    km_arena *a;
    km_fault *f;
    size_t index; /* of the operation */
    size_t work;  /* bytes read and written by all operations so far */
} patching;

static km_code told(patching *p, km_code code, const char *member, const char *what)
{
    char path[48];
    snprintf(path, sizeof path, "patch[%zu]%s%s", p->index, member[0] ? "." : "", member);
    return km_fail(p->f, code, path, "%s", what);
}

/* --- pointers (RFC 6901) --- */

enum { TOKENS = 128 };

typedef struct pointer {
    km_str token[TOKENS];
    size_t n;
} pointer;

static bool unescape(km_str *out, km_arena *a, km_str token)
{
    km_buf b = km_buf_in(a);
    *out = token;
    if (km_str_find(token, '~') == token.n)
        return true;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        if (c == '~') {
            if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
                return false;
            c = token.p[i] == '0' ? '~' : '/';
        }
        km_buf_char(&b, c);
    }
    *out = km_buf_str(&b);
    return true;
}

static km_code read_pointer(pointer *out, patching *p, km_jv operation, const char *member)
{
    km_jv value = km_jv_get(operation, km_str_of(member));
    km_str rest = km_jv_str(value);
    out->n = 0;
    if (!km_jv_is(value, KM_JSON_STRING) || (rest.n > 0 && rest.p[0] != '/'))
        return told(p, KM_BAD_VALUE, member, "a JSON pointer");
    while (rest.n > 0) {
        rest = km_str_sub(rest, 1, rest.n); /* the slash */
        size_t end = km_str_find(rest, '/');
        if (out->n == TOKENS)
            return told(p, KM_BAD_VALUE, member, "a shorter pointer");
        if (!unescape(&out->token[out->n++], p->a, km_str_sub(rest, 0, end)))
            return told(p, KM_BAD_VALUE, member, "~ stands before 0 or 1");
        rest = km_str_sub(rest, end, rest.n);
    }
    return KM_OK;
}

/* An index without leading zeros; `end` for "-". */
static bool read_index(uint32_t *out, km_str token, uint32_t end)
{
    int64_t n;
    *out = end;
    if (km_str_is(token, "-"))
        return true;
    if (token.n == 0 || token.n > 9 || (token.n > 1 && token.p[0] == '0') || token.p[0] == '-'
        || token.p[0] == '+' || !km_str_to_i64(&n, token))
        return false;
    *out = (uint32_t)n;
    return true;
}

static km_jv child(km_jv v, km_str token)
{
    uint32_t index;
    if (km_jv_is(v, KM_JSON_OBJECT))
        return km_jv_get(v, token);
    if (!km_jv_is(v, KM_JSON_ARRAY) || !read_index(&index, token, UINT32_MAX)
        || index >= km_jv_count(v))
        return KM_JV_NONE;
    return km_jv_item(v, index);
}

static km_jv find(km_jv v, const pointer *at, size_t tokens)
{
    for (size_t i = 0; i < tokens && km_jv_kind(v) != KM_JSON_NONE; i++)
        v = child(v, at->token[i]);
    return v;
}

/* --- printing with one place changed --- */

typedef struct level { /* a container on the way to the place */
    km_jv_iter it;     /* what follows the way */
    bool comma;
} level;

static void separate(km_buf *out, bool *comma)
{
    if (*comma)
        km_buf_char(out, ',');
    *comma = true;
}

static void print_member(km_buf *out, const km_jv_iter *it, bool *comma)
{
    separate(out, comma);
    if (it->object) {
        km_json_string(out, it->name);
        km_buf_char(out, ':');
    }
    km_jv_print(out, it->value);
}

/* Prints the container up to the child that the token names; l->it stands on it. */
static void print_before(km_buf *out, level *l, km_jv v, km_str token, uint32_t index)
{
    uint32_t i = 0;
    *l = (level){ .it = km_jv_each(v) };
    km_buf_char(out, l->it.object ? '{' : '[');
    for (; i < index && km_jv_next(&l->it); i++) {
        if (l->it.object && km_str_eq(l->it.name, token))
            return;
        print_member(out, &l->it, &l->comma);
    }
    if (!l->it.object && index < km_jv_count(v))
        km_jv_next(&l->it);
}

static void print_after(km_buf *out, level *l)
{
    while (km_jv_next(&l->it))
        print_member(out, &l->it, &l->comma);
    km_buf_char(out, l->it.object ? '}' : ']');
}

/* What becomes of the last container: its child is left out, replaced, or a new one is put in. */
static void change_last(km_buf *out, level *l, km_jv parent, km_str token, op what, km_str value)
{
    uint32_t index;
    bool object = km_jv_is(parent, KM_JSON_OBJECT);
    bool there = km_jv_kind(child(parent, token)) != KM_JSON_NONE;
    (void)read_index(&index, token, km_jv_count(parent));
    print_before(out, l, parent, token, object ? UINT32_MAX : index);
    if (what != REMOVE) {
        separate(out, &l->comma);
        if (object) {
            km_json_string(out, token);
            km_buf_char(out, ':');
        }
        km_buf_add(out, value);
    }
    if (what == ADD && !object && there)
        print_member(out, &l->it, &l->comma);
    print_after(out, l);
}

static km_code rewrite(km_str *out, patching *p, km_jv doc, const pointer *at, op what,
                       km_str value)
{
    km_buf b = km_buf_in(p->a);
    level *stack = KM_NEW_ARRAY(p->a, at->n + 1, level);
    km_jv v = doc;
    if (at->n == 0) {
        *out = value;
        return KM_OK;
    }
    for (size_t i = 0; i + 1 < at->n; i++) {
        uint32_t index = UINT32_MAX;
        bool object = km_jv_is(v, KM_JSON_OBJECT);
        if (!object)
            (void)read_index(&index, at->token[i], UINT32_MAX);
        print_before(&b, &stack[i], v, at->token[i], index);
        separate(&b, &stack[i].comma);
        if (object) {
            km_json_string(&b, at->token[i]);
            km_buf_char(&b, ':');
        }
        v = child(v, at->token[i]);
    }
    change_last(&b, &stack[at->n - 1], v, at->token[at->n - 1], what, value);
    for (size_t i = at->n - 1; i-- > 0;)
        print_after(&b, &stack[i]);
    p->work += b.n;
    if (p->work > KM_PATCH_BYTES || km_arena_over(p->a))
        return told(p, KM_TOO_COSTLY, "", "the patch writes too much");
    *out = km_buf_str(&b);
    return KM_OK;
}

/* --- equality (RFC 6902 4.6) --- */

static bool same_scalar(km_jv a, km_jv b)
{
    km_decimal x, y;
    if (!km_jv_is(a, KM_JSON_NUMBER) || km_str_eq(km_jv_str(a), km_jv_str(b)))
        return km_str_eq(km_jv_str(a), km_jv_str(b));
    return km_decimal_parse(&x, km_jv_str(a)) && km_decimal_parse(&y, km_jv_str(b))
           && km_decimal_cmp(&x, &y) == 0;
}

static bool is_container(km_jv v)
{
    return km_jv_is(v, KM_JSON_OBJECT) || km_jv_is(v, KM_JSON_ARRAY);
}

/* Looking for each member of one object in the other costs the square of their number. */
static bool affordable(patching *p, km_jv v)
{
    size_t n = km_jv_count(v);
    if (km_jv_is(v, KM_JSON_OBJECT))
        p->work += n * n / 16;
    return p->work <= KM_PATCH_BYTES;
}

typedef struct pair { /* containers whose members are being compared */
    km_jv_iter it, items;
    km_jv other;
} pair;

/* The next members to compare; false when all have been. */
static bool next_pair(km_jv *a, km_jv *b, pair *stack, size_t *depth)
{
    while (*depth > 0 && !km_jv_next(&stack[*depth - 1].it))
        --*depth;
    if (*depth == 0)
        return false;
    pair *top = &stack[*depth - 1];
    *a = top->it.value;
    if (!top->it.object)
        (void)km_jv_next(&top->items);
    *b = top->it.object ? km_jv_get(top->other, top->it.name) : top->items.value;
    return true;
}

/* Members in any order, items in theirs. */
static km_code compare(bool *same, patching *p, km_jv a, km_jv b)
{
    pair *stack = KM_NEW_ARRAY(p->a, KM_JSON_DEPTH_MAX + 1, pair);
    size_t depth = 0;
    *same = false;
    do {
        if (km_jv_kind(a) != km_jv_kind(b) || km_jv_count(a) != km_jv_count(b))
            return KM_OK;
        if (!is_container(a) && !same_scalar(a, b))
            return KM_OK;
        if (!affordable(p, a))
            return told(p, KM_TOO_COSTLY, "", "the patch asks too much");
        if (is_container(a) && depth <= KM_JSON_DEPTH_MAX)
            stack[depth++] = (pair){ km_jv_each(a), km_jv_each(b), b };
    } while (next_pair(&a, &b, stack, &depth));
    *same = true;
    return KM_OK;
}

/* --- operations --- */

static bool room_for(km_jv doc, const pointer *at)
{
    uint32_t index;
    km_jv parent = at->n > 0 ? find(doc, at, at->n - 1) : KM_JV_NONE;
    if (at->n == 0 || km_jv_is(parent, KM_JSON_OBJECT))
        return true;
    return km_jv_is(parent, KM_JSON_ARRAY)
           && read_index(&index, at->token[at->n - 1], km_jv_count(parent))
           && index <= km_jv_count(parent);
}

static km_str text_of(km_arena *a, km_jv v)
{
    km_buf b = km_buf_in(a);
    km_jv_print(&b, v);
    return km_buf_str(&b);
}

static km_code parse(km_jv *out, patching *p, km_str text)
{
    km_json *doc;
    p->work += text.n;
    if (p->work > KM_PATCH_BYTES)
        return told(p, KM_TOO_COSTLY, "", "the patch asks too much");
    KM_TRY(km_json_parse(&doc, p->a, text, NULL, p->f));
    *out = km_json_root(doc);
    return KM_OK;
}

static bool lies_below(const pointer *inner, const pointer *outer)
{
    if (inner->n <= outer->n)
        return false;
    for (size_t i = 0; i < outer->n; i++)
        if (!km_str_eq(inner->token[i], outer->token[i]))
            return false;
    return true;
}

static km_code move_or_copy(km_str *text, patching *p, km_jv doc, km_jv operation,
                            const pointer *to, op what)
{
    pointer *from = KM_NEW(p->a, pointer);
    KM_TRY(read_pointer(from, p, operation, "from"));
    km_jv value = find(doc, from, from->n);
    if (km_jv_kind(value) == KM_JSON_NONE)
        return told(p, KM_INVALID, "from", "there is nothing");
    km_str moved = text_of(p->a, value);
    if (what == MOVE) {
        if (from->n == 0 || lies_below(to, from))
            return told(p, KM_INVALID, "path", "nothing moves into itself");
        KM_TRY(rewrite(text, p, doc, from, REMOVE, KM_STR_NONE));
        KM_TRY(parse(&doc, p, *text));
    }
    if (!room_for(doc, to))
        return told(p, KM_INVALID, "path", "there is no such place");
    return rewrite(text, p, doc, to, ADD, moved);
}

static km_code with_value(km_str *text, patching *p, km_jv doc, km_jv operation, const pointer *at,
                          op what)
{
    km_jv value = KM_JV_GET(operation, "value"), there = find(doc, at, at->n);
    if (km_jv_kind(value) == KM_JSON_NONE)
        return told(p, KM_BAD_VALUE, "value", "a value is needed");
    if (what == ADD && !room_for(doc, at))
        return told(p, KM_INVALID, "path", "there is no such place");
    if (what != ADD && km_jv_kind(there) == KM_JSON_NONE)
        return told(p, KM_INVALID, "path", "there is nothing");
    if (what == TEST) {
        bool same;
        KM_TRY(compare(&same, p, there, value));
        return same ? KM_OK : told(p, KM_INVALID, "value", "the test fails");
    }
    return rewrite(text, p, doc, at, what, text_of(p->a, value));
}

static km_code carry_out(km_str *text, patching *p, km_jv operation)
{
    static const char *const names[OPS] = { "add", "remove", "replace", "move", "copy", "test" };
    km_str name = km_jv_str(KM_JV_GET(operation, "op"));
    pointer *at = KM_NEW(p->a, pointer);
    km_jv doc;
    int what = 0;
    while (what < OPS && !km_str_is(name, names[what]))
        what++;
    if (!km_jv_is(operation, KM_JSON_OBJECT) || what == OPS)
        return told(p, KM_BAD_VALUE, "op", "add, remove, replace, move, copy or test");
    KM_TRY(read_pointer(at, p, operation, "path"));
    KM_TRY(parse(&doc, p, *text));
    if (what == MOVE || what == COPY)
        return move_or_copy(text, p, doc, operation, at, (op)what);
    if (what != REMOVE)
        return with_value(text, p, doc, operation, at, (op)what);
    if (at->n == 0 || km_jv_kind(find(doc, at, at->n)) == KM_JSON_NONE)
        return told(p, KM_INVALID, "path", "there is nothing");
    return rewrite(text, p, doc, at, REMOVE, KM_STR_NONE);
}

/* Two arenas: one holds the text, the other is for the operation at hand. */
km_code km_json_patch(km_str *out, km_arena *a, km_str document, km_jv patch, km_fault *f)
{
    km_arena *work[2] = { km_arena_new(KM_ARENA_CAP_DEFAULT), km_arena_new(KM_ARENA_CAP_DEFAULT) };
    patching p = { .f = f };
    km_str text = document;
    km_code rc = KM_OK;
    if (!km_jv_is(patch, KM_JSON_ARRAY))
        rc = km_fail(f, KM_BAD_VALUE, "patch", "an array of operations");
    else if (km_jv_count(patch) > KM_PATCH_MAX)
        rc = km_fail(f, KM_TOO_COSTLY, "patch", "at most %d operations", KM_PATCH_MAX);
    int free_one = 0;
    for (km_jv_iter i = km_jv_each(patch); rc == KM_OK && km_jv_next(&i); p.index++) {
        const char *before = text.p;
        p.a = work[free_one];
        km_arena_reset(p.a);
        rc = carry_out(&text, &p, i.value);
        if (text.p != before)
            free_one = 1 - free_one;
    }
    if (rc == KM_OK)
        *out = km_arena_copy(a, text);
    km_arena_free(work[0]);
    km_arena_free(work[1]);
    return rc;
}
