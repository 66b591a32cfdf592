/* SPDX-License-Identifier: Apache-2.0
 *
 * parse: text to tape, in one pass.
 *
 * There is no stack. While a container is open its node says where its parent is (next), how
 * many members it has (n) and which names it may have (end); closing it puts what they are for
 * in their place. So nesting costs nothing beyond the tape, and the limit on depth is for those
 * who walk it.
 */
#include <assert.h>

#include "codec/json/inside.h"
#include "codec/json/scan.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

const km_json_limits km_json_limits_default = { 64, 10000, 1000000, 1 << 20 };

typedef struct reader {
    const char *end;
    km_json_node *node;
    uint32_t nodes, room;
    uint32_t open, depth;
    uint32_t respelt; /* 1 + the last offset at which print will differ from the text, 0 = none */
    km_json_limits limits;
    km_str text;
    km_arena *arena;
    km_fault *fault;
    km_code code;
} reader;

/* Answers NULL, so that a refusal can be returned in one breath. */
static const char *refuse(reader *r, const char *at, km_code code, const char *what)
{
    uint32_t line, column;
    km_json__locate(&line, &column, r->text.p, at);
    r->code = km_fail(r->fault, code, NULL, "%s", what);
    km_fault_at(r->fault, line, column);
    return NULL;
}

static const char *expect(reader *r, const char *at, const char *what)
{
    return refuse(r, at, KM_MALFORMED, at == r->end ? "more: the text ends too early" : what);
}

static bool grow(reader *r, const char *at)
{
    /* A node takes a byte at least, and no more than that while containers only open. */
    size_t room = (size_t)r->room * 2;
    if (room > r->text.n)
        room = r->text.n;
    assert(room > r->nodes);
    km_json_node *wider = km_arena_alloc(r->arena, room * sizeof *wider);
    memcpy(wider, r->node, r->nodes * sizeof *wider);
    r->node = wider;
    r->room = (uint32_t)room;
    if (km_arena_over(r->arena)) {
        refuse(r, at, KM_TOO_COSTLY, "less memory for one text");
        return false;
    }
    return true;
}

static inline km_json_node *add(reader *r, km_json_kind kind, const char *p, size_t n)
{
    if (UNLIKELY(r->nodes == r->room) && !grow(r, p))
        return NULL;
    km_json_node *one = &r->node[r->nodes++];
    *one = (km_json_node){ .p = p,
                           .n = (uint32_t)n,
                           .next = r->nodes,
                           .kind = (uint8_t)kind,
                           .depth = (uint16_t)r->depth };
    return one;
}

static __attribute__((noinline)) const char *skip_blank(reader *r, const char *at)
{
    const char *from = at;
    while (at < r->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    if (at > from)
        r->respelt = (uint32_t)(from - r->text.p) + 1;
    return at;
}

static inline const char *blank(reader *r, const char *at)
{
    return at < r->end && (unsigned char)*at > ' ' ? at : skip_blank(r, at);
}

/* The closing quote of a string that goes on at `at`, a backslash; NULL when refused. */
static const char *find_close(reader *r, const char *at, bool *high)
{
    while (at < r->end && *at == '\\')
        at = r->end - at < 2 ? r->end : km_json__plain(at + 2, r->end, high);
    if (at == r->end)
        return refuse(r, at, KM_MALFORMED, "a closing quote");
    if (*at != '"')
        return refuse(r, at, KM_MALFORMED, "no control character in a string");
    return at;
}

static const char *unescape(reader *r, const char *at, const char *close)
{
    size_t n, raw = (size_t)(close - at);
    bool respelt;
    char *plain = km_arena_alloc(r->arena, raw);
    const char *bad, *wrong = km_json__unescape(plain, &n, &respelt, (km_str){ at, raw }, &bad);
    if (wrong != NULL)
        return refuse(r, bad, KM_MALFORMED, wrong);
    if (n > r->limits.string_bytes)
        return refuse(r, at, KM_TOO_LONG, "a shorter string");
    if (km_arena_over(r->arena))
        return refuse(r, at, KM_TOO_COSTLY, "less memory for one text");
    km_json_node *one = add(r, KM_JSON_STRING, plain, n);
    if (one == NULL)
        return NULL;
    one->end = (uint32_t)(at - 1 - r->text.p);
    one->marks = KM_JSON_ESCAPED;
    if (respelt) {
        one->marks |= KM_JSON_RESPELT;
        r->respelt = one->end + 1;
    }
    return close + 1;
}

/* A string that is not short plain ASCII; `stop` is where the plain part from `at` ends. */
static __attribute__((noinline)) const char *any_string(reader *r, const char *at, const char *stop,
                                                        bool high)
{
    const char *close = find_close(r, stop, &high);
    if (close == NULL)
        return NULL;
    const char *bad = high ? km_json__not_utf8(at, close) : NULL;
    if (bad != NULL)
        return refuse(r, bad, KM_MALFORMED, "well-formed UTF-8");
    if (close != stop)
        return unescape(r, at, close);
    if ((size_t)(close - at) > r->limits.string_bytes)
        return refuse(r, at, KM_TOO_LONG, "a shorter string");
    return add(r, KM_JSON_STRING, at, (size_t)(close - at)) ? close + 1 : NULL;
}

/* at: behind the opening quote; answers the place behind the closing one. */
static inline const char *string(reader *r, const char *at)
{
    bool high = false;
    const char *stop = km_json__plain(at, r->end, &high);
    if (UNLIKELY(stop == r->end || *stop != '"' || high
                 || (size_t)(stop - at) > r->limits.string_bytes))
        return any_string(r, at, stop, high);
    return add(r, KM_JSON_STRING, at, (size_t)(stop - at)) ? stop + 1 : NULL;
}

static const char *number(reader *r, const char *at)
{
    const char *wrong, *to = km_json__number(at, r->end, &wrong);
    if (UNLIKELY(wrong != NULL))
        return expect(r, to, wrong);
    return add(r, KM_JSON_NUMBER, at, (size_t)(to - at)) ? to : NULL;
}

static const char *literal(reader *r, const char *at, km_json_kind kind, km_str word)
{
    if (!km_str_starts((km_str){ at, (size_t)(r->end - at) }, word))
        return refuse(r, at, KM_MALFORMED, "null, true, false, a number, string, array or object");
    return add(r, kind, at, word.n) ? at + word.n : NULL;
}

/* One bit of 32: names that are equal share it. */
static inline uint32_t name_bit(const km_json_node *name)
{
    if (name->n == 0)
        return 1;
    const unsigned char *p = (const unsigned char *)name->p;
    uint32_t mix = p[0] + 31u * p[name->n - 1] + 59u * p[name->n / 2] + 7u * name->n;
    return 1u << (mix * 0x9E3779B1u >> 27);
}

/* The member's name and its colon; answers where its value begins. */
static inline const char *name(reader *r, const char *at)
{
    if (UNLIKELY(at == r->end || *at != '"'))
        return expect(r, at, "a member name in quotes");
    uint32_t index = r->nodes;
    const char *from = at;
    at = string(r, at + 1);
    if (UNLIKELY(at == NULL))
        return NULL;
    km_json_node *object = &r->node[r->open];
    uint32_t bit = name_bit(&r->node[index]);
    if (UNLIKELY(object->end & bit) && object->n <= KM_JSON_FEW_NAMES
        && km_json__is_repeated(r->node, r->open, index))
        return refuse(r, from, KM_MALFORMED, "each member name once");
    object->end |= bit;
    at = blank(r, at);
    if (UNLIKELY(at == r->end || *at != ':'))
        return expect(r, at, "a colon");
    return blank(r, at + 1);
}

static const char *close_container(reader *r, const char *at)
{
    km_json_node *one = &r->node[r->open];
    if (one->kind == KM_JSON_OBJECT && UNLIKELY(one->n > KM_JSON_FEW_NAMES)) {
        uint32_t twin = km_json__find_repeated(r->arena, r->node, r->open);
        if (twin != 0) {
            const km_json_node *t = &r->node[twin];
            const char *where = t->marks & KM_JSON_ESCAPED ? r->text.p + t->end : t->p - 1;
            return refuse(r, where, KM_MALFORMED, "each member name once");
        }
    }
    r->open = one->next;
    r->depth--;
    one->next = r->nodes;
    one->end = (uint32_t)(at + 1 - one->p);
    if (r->respelt > one->p - r->text.p)
        one->marks = KM_JSON_RESPELT;
    return at + 1;
}

/* *complete: the container was empty and is closed again. */
static inline const char *open_container(reader *r, const char *at, km_json_kind kind,
                                         bool *complete)
{
    if (UNLIKELY(r->depth == r->limits.depth))
        return refuse(r, at, KM_TOO_LONG, "less deep nesting");
    uint32_t index = r->nodes;
    km_json_node *one = add(r, kind, at, 1);
    if (one == NULL)
        return NULL;
    one->next = r->open;
    r->open = index;
    r->depth++;
    at = blank(r, at + 1);
    *complete = at < r->end && *at == (kind == KM_JSON_OBJECT ? '}' : ']');
    if (*complete) {
        one->n = 0;
        return close_container(r, at);
    }
    return kind == KM_JSON_OBJECT ? name(r, at) : at;
}

/* Reads a scalar, or opens a container and goes to its first value (not *complete). */
static inline const char *value(reader *r, const char *at, bool *complete)
{
    if (UNLIKELY(at == r->end))
        return expect(r, at, NULL);
    *complete = true;
    switch (*at) {
    case '"':
        return string(r, at + 1);
    case '{':
        return open_container(r, at, KM_JSON_OBJECT, complete);
    case '[':
        return open_container(r, at, KM_JSON_ARRAY, complete);
    case 't':
        return literal(r, at, KM_JSON_TRUE, KM_STR("true"));
    case 'f':
        return literal(r, at, KM_JSON_FALSE, KM_STR("false"));
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return number(r, at);
    default:
        return literal(r, at, KM_JSON_NULL, KM_STR("null"));
    }
}

/* Behind a complete value inside a container: on to the next value (not *complete), or the
 * container is complete too. */
static inline const char *after(reader *r, const char *at, bool *complete)
{
    km_json_node *one = &r->node[r->open];
    bool object = one->kind == KM_JSON_OBJECT;
    at = blank(r, at);
    if (UNLIKELY(at == r->end))
        return expect(r, at, NULL);
    if (*at == ',') {
        *complete = false;
        if (UNLIKELY(one->n >= (object ? r->limits.members : r->limits.array_members)))
            return refuse(r, at, KM_TOO_LONG, "fewer members");
        one->n++;
        at = blank(r, at + 1);
        return object ? name(r, at) : at;
    }
    if (*at == (object ? '}' : ']'))
        return close_container(r, at);
    return refuse(r, at, KM_MALFORMED,
                  object ? "a comma or the end of the object" : "a comma or the end of the array");
}

static const char *read_all(reader *r)
{
    bool complete = false;
    const char *at = blank(r, r->text.p);
    do {
        at = value(r, at, &complete);
        while (at != NULL && complete && r->depth > 0)
            at = after(r, at, &complete);
    } while (at != NULL && !complete);
    if (at == NULL)
        return NULL;
    at = blank(r, at);
    return at == r->end ? at : refuse(r, at, KM_MALFORMED, "nothing behind the value");
}

static km_json_limits effective(const km_json_limits *asked)
{
    km_json_limits l = asked ? *asked : km_json_limits_default;
    const km_json_limits *d = &km_json_limits_default;
    assert(l.depth <= KM_JSON_DEPTH_MAX);
    return (km_json_limits){ l.depth ? l.depth : d->depth, l.members ? l.members : d->members,
                             l.array_members ? l.array_members : d->array_members,
                             l.string_bytes ? l.string_bytes : d->string_bytes };
}

km_code km_json_parse(km_json **out, km_arena *a, km_str text, const km_json_limits *limits,
                      km_fault *f)
{
    km_arena_mark here = km_arena_here(a);
    *out = NULL;
    if (text.n >= UINT32_MAX)
        return km_fail(f, KM_TOO_LONG, NULL, "a text shorter than 4 GiB");
    if (text.n == 0)
        text.p = "";
    km_json *doc = km_arena_alloc(a, sizeof *doc);
    /* FHIR without white space has a node every 15 bytes, resources in it one every 12 to 20;
     * growing leaves the narrower tape behind in the arena. */
    reader r = { .end = text.p + text.n,
                 .room = (uint32_t)(text.n / 12) + 8,
                 .limits = effective(limits),
                 .text = text,
                 .arena = a,
                 .fault = f };
    r.node = km_arena_alloc(a, r.room * sizeof *r.node);
    if (read_all(&r) == NULL) {
        assert(r.code != KM_OK);
        km_arena_back(a, here);
        return r.code;
    }
    if (km_arena_over(a)) {
        refuse(&r, text.p, KM_TOO_COSTLY, "less memory for one text");
        km_arena_back(a, here);
        return r.code;
    }
    *doc = (km_json){ r.node, r.nodes, text };
    *out = doc;
    return KM_OK;
}
