/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_compile: a pattern to a program, by descent through brackets (their depth is limited).
 */
#include "codec/fhirpath/regex_inside.h"

#define MAX_DEPTH 50
#define MAX_REPEAT 1000
#define MAX_RANGES 256

typedef struct compiler {
    km_regex *x;
    km_arena *arena;
    km_str pattern;
    size_t at;
    unsigned depth;
    uint32_t room; /* for code */
    const char *wrong;
} compiler;

static bool alternatives(compiler *c);

static bool refuse(compiler *c, const char *what)
{
    if (c->wrong == NULL)
        c->wrong = what;
    return false;
}

static char peek(const compiler *c, size_t ahead)
{
    return c->at + ahead < c->pattern.n ? c->pattern.p[c->at + ahead] : '\0';
}

static bool accept(compiler *c, const char *z)
{
    km_str s = km_str_of(z);
    if (!km_str_starts(km_str_sub(c->pattern, c->at, c->pattern.n), s))
        return false;
    c->at += s.n;
    return true;
}

/* --- code ---------------------------------------------------------------------------------- */

static bool put(compiler *c, km_regex_code code)
{
    if (c->x->n >= KM_REGEX_SIZE)
        return refuse(c, "a pattern too large");
    if (c->x->n == c->room) {
        c->room *= 2;
        km_regex_code *more = km_arena_array(c->arena, c->room, sizeof *more);
        memcpy(more, c->x->code, c->x->n * sizeof *more);
        c->x->code = more;
    }
    c->x->code[c->x->n++] = code;
    return true;
}

static bool insert(compiler *c, uint32_t where, km_regex_code code)
{
    if (!put(c, code))
        return false;
    km_regex_code *p = c->x->code + where;
    memmove(p + 1, p, (c->x->n - 1 - where) * sizeof *p);
    *p = code;
    return true;
}

static bool copy(compiler *c, const km_regex_code *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!put(c, from[i]))
            return false;
    return true;
}

static km_regex_code split(int32_t into, int32_t past, bool lazy)
{
    return lazy ? (km_regex_code){ KM_RX_SPLIT, past, into, NULL }
                : (km_regex_code){ KM_RX_SPLIT, into, past, NULL };
}

/* --- sets ------------------------------------------------------------------------------------ */

static const km_regex_range digits[] = { { '0', '9' } };
static const km_regex_range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const km_regex_range spaces[] = { { '\t', '\r' }, { ' ', ' ' } };
static const km_regex_range no_digits[] = { { 0, '0' - 1 }, { '9' + 1, 0x10ffff } };
static const km_regex_range no_words[] = {
    { 0, '0' - 1 }, { '9' + 1, 'A' - 1 }, { 'Z' + 1, '_' - 1 }, { '`', '`' }, { 'z' + 1, 0x10ffff }
};
static const km_regex_range no_spaces[] = { { 0, 8 }, { 14, 31 }, { 33, 0x10ffff } };

#define SET(ranges)                                   \
    {                                                 \
        ranges, sizeof ranges / sizeof *ranges, false \
    }
static const struct {
    char letter;
    km_regex_set set;
} classes[] = { { 'd', SET(digits) },    { 'w', SET(words) },    { 's', SET(spaces) },
                { 'D', SET(no_digits) }, { 'W', SET(no_words) }, { 'S', SET(no_spaces) } };

static const km_regex_set *class_of(char letter)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].letter == letter)
            return &classes[i].set;
    return NULL;
}

static bool hex(compiler *c, unsigned digits_n, uint32_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < digits_n; i++) {
        char d = peek(c, 0);
        if (d >= '0' && d <= '9')
            *out = *out << 4 | (uint32_t)(d - '0');
        else if ((d | 32) >= 'a' && (d | 32) <= 'f')
            *out = *out << 4 | (uint32_t)((d | 32) - 'a' + 10);
        else
            return refuse(c, "a hexadecimal digit missing");
        c->at++;
    }
    return true;
}

/* What follows a backslash, when it is one character. */
static bool escaped(compiler *c, uint32_t *out)
{
    static const char from[] = "tnrf", to[] = "\t\n\r\f";
    char e = peek(c, 0);
    if (c->at >= c->pattern.n)
        return refuse(c, "nothing after a backslash");
    if (e == 'x' || e == 'u') {
        c->at++;
        return hex(c, e == 'x' ? 2 : 4, out);
    }
    *out = km_regex__next(c->pattern, &c->at);
    for (size_t i = 0; i < sizeof from - 1; i++)
        if (*out == (unsigned char)from[i])
            *out = (unsigned char)to[i];
    bool letter = (e >= '0' && e <= '9') || ((e | 32) >= 'a' && (e | 32) <= 'z');
    return letter && !strchr(from, e) ? refuse(c, "an escape that is not known") : true;
}

static bool set_member(compiler *c, uint32_t *out)
{
    if (c->at >= c->pattern.n)
        return refuse(c, "a set that does not end");
    if (accept(c, "\\"))
        return escaped(c, out);
    *out = km_regex__next(c->pattern, &c->at);
    return true;
}

static bool set_ranges(compiler *c, km_regex_range *range, uint32_t *n)
{
    bool first = true;
    while (first || peek(c, 0) != ']' || c->at >= c->pattern.n) {
        const km_regex_set *known = peek(c, 0) == '\\' ? class_of(peek(c, 1)) : NULL;
        if (*n + (known ? known->n : 1) > MAX_RANGES)
            return refuse(c, "a set too large");
        first = false;
        if (known) {
            memcpy(range + *n, known->range, known->n * sizeof *range);
            *n += known->n;
            c->at += 2;
            continue;
        }
        km_regex_range one;
        if (!set_member(c, &one.low))
            return false;
        one.high = one.low;
        if (peek(c, 0) == '-' && peek(c, 1) != ']' && c->at + 1 < c->pattern.n) {
            c->at++;
            if (!set_member(c, &one.high))
                return false;
        }
        if (one.high < one.low)
            return refuse(c, "a range that runs backwards");
        range[(*n)++] = one;
    }
    c->at++;
    return true;
}

static bool set(compiler *c)
{
    km_regex_range range[MAX_RANGES];
    uint32_t n = 0;
    km_regex_set *s = KM_NEW(c->arena, km_regex_set);
    s->except = accept(c, "^");
    if (!set_ranges(c, range, &n))
        return false;
    km_regex_range *kept = KM_NEW_ARRAY(c->arena, n + 1u, km_regex_range);
    memcpy(kept, range, n * sizeof *kept);
    s->range = kept;
    s->n = n;
    return put(c, (km_regex_code){ KM_RX_SET, 0, 0, s });
}

/* --- atoms --------------------------------------------------------------------------------------
 */

static bool group_name(compiler *c, km_str *out)
{
    size_t start = c->at;
    while (c->at < c->pattern.n && peek(c, 0) != '>')
        c->at++;
    *out = km_str_sub(c->pattern, start, c->at - start);
    return out->n && accept(c, ">") ? true : refuse(c, "a group without a name");
}

static bool group(compiler *c)
{
    km_str name = KM_STR_NONE;
    bool captures = !accept(c, "?:");
    if (accept(c, "?<") && !group_name(c, &name))
        return false;
    if (captures && peek(c, 0) == '?')
        return refuse(c, "looking around is not supported");
    uint32_t number = c->x->groups;
    captures = captures && number < KM_REGEX_GROUPS;
    if (captures) {
        c->x->groups++;
        c->x->name[number] = name;
        if (!put(c, (km_regex_code){ KM_RX_SAVE, (int32_t)number * 2, 0, NULL }))
            return false;
    }
    if (!alternatives(c))
        return false;
    if (!accept(c, ")"))
        return refuse(c, "a bracket that does not close");
    return !captures || put(c, (km_regex_code){ KM_RX_SAVE, (int32_t)number * 2 + 1, 0, NULL });
}

static bool escape(compiler *c)
{
    const km_regex_set *known = class_of(peek(c, 0));
    uint32_t point;
    if (known) {
        c->at++;
        return put(c, (km_regex_code){ KM_RX_SET, 0, 0, known });
    }
    if (accept(c, "b"))
        return put(c, (km_regex_code){ KM_RX_WORD, 0, 0, NULL });
    if (accept(c, "B"))
        return put(c, (km_regex_code){ KM_RX_WORD, 1, 0, NULL });
    return escaped(c, &point) && put(c, (km_regex_code){ KM_RX_CHAR, (int32_t)point, 0, NULL });
}

static bool atom(compiler *c)
{
    if (accept(c, "("))
        return group(c);
    if (accept(c, "["))
        return set(c);
    if (accept(c, "\\"))
        return escape(c);
    if (accept(c, "."))
        return put(c, (km_regex_code){ KM_RX_ANY, 0, 0, NULL });
    if (accept(c, "^"))
        return put(c, (km_regex_code){ KM_RX_BEGIN, 0, 0, NULL });
    if (accept(c, "$"))
        return put(c, (km_regex_code){ KM_RX_END, 0, 0, NULL });
    if (strchr("*+?", peek(c, 0)))
        return refuse(c, "nothing to repeat");
    uint32_t point = km_regex__next(c->pattern, &c->at);
    return put(c, (km_regex_code){ KM_RX_CHAR, (int32_t)point, 0, NULL });
}

/* --- repetition
 * ----------------------------------------------------------------------------------- */

static bool number(compiler *c, int *out)
{
    size_t start = c->at;
    for (*out = 0; peek(c, 0) >= '0' && peek(c, 0) <= '9'; c->at++)
        if (*out <= MAX_REPEAT)
            *out = *out * 10 + (peek(c, 0) - '0');
    return c->at > start;
}

/* {m}, {m,}, {m,n}; anything else after { is text. */
static bool counted(compiler *c, int *low, int *high)
{
    size_t start = c->at;
    if (accept(c, "{") && number(c, low)) {
        *high = *low;
        if (accept(c, ",") && !number(c, high))
            *high = -1;
        if (accept(c, "}"))
            return true;
    }
    c->at = start;
    return false;
}

static bool times(compiler *c, int *low, int *high)
{
    *low = accept(c, "+");
    *high = -1;
    if (*low || accept(c, "*"))
        return true;
    *high = 1;
    return accept(c, "?") || counted(c, low, high);
}

/* code[start..] stands there once; make it low to high times. */
static bool repeat(compiler *c, uint32_t start, int low, int high, bool lazy)
{
    uint32_t n = c->x->n - start;
    if (low > MAX_REPEAT || high > MAX_REPEAT || (high >= 0 && high < low))
        return refuse(c, "a count out of range");
    km_regex_code *piece = km_arena_array(c->arena, n + 1u, sizeof *piece);
    memcpy(piece, c->x->code + start, n * sizeof *piece);
    c->x->n = start;
    for (int i = 0; i < low; i++)
        if (!copy(c, piece, n))
            return false;
    int32_t len = (int32_t)n;
    if (high < 0)
        return put(c, split(1, len + 2, lazy)) && copy(c, piece, n)
               && put(c, (km_regex_code){ KM_RX_JUMP, -(len + 1), 0, NULL });
    for (int i = low; i < high; i++)
        if (!put(c, split(1, (high - i) * (len + 1), lazy)) || !copy(c, piece, n))
            return false;
    return true;
}

static bool repeated(compiler *c)
{
    uint32_t start = c->x->n;
    int low, high;
    if (!atom(c))
        return false;
    if (!times(c, &low, &high))
        return true;
    bool lazy = accept(c, "?");
    if (!repeat(c, start, low, high, lazy))
        return false;
    return strchr("*+?", peek(c, 0)) && peek(c, 0) ? refuse(c, "nothing to repeat") : true;
}

static bool sequence(compiler *c)
{
    while (c->at < c->pattern.n && peek(c, 0) != '|' && peek(c, 0) != ')')
        if (!repeated(c))
            return false;
    return true;
}

/* a|b|c: split to each, and from the end of each a jump past the last. */
static bool alternatives(compiler *c)
{
    if (++c->depth > MAX_DEPTH)
        return refuse(c, "brackets too deep");
    uint32_t start = c->x->n;
    if (!sequence(c))
        return false;
    while (accept(c, "|")) {
        int32_t left = (int32_t)(c->x->n - start);
        if (!insert(c, start, split(1, left + 2, false))
            || !put(c, (km_regex_code){ KM_RX_JUMP, 0, 0, NULL }))
            return false;
        uint32_t jump = c->x->n - 1;
        if (!sequence(c))
            return false;
        c->x->code[jump].x = (int32_t)(c->x->n - jump);
    }
    c->depth--;
    return true;
}

const char *km_regex__compile(km_regex **out, km_arena *a, km_str pattern)
{
    km_regex *x = KM_NEW(a, km_regex);
    compiler c = { .x = x, .arena = a, .pattern = pattern, .room = 16 };
    x->code = KM_NEW_ARRAY(a, c.room, km_regex_code);
    x->groups = 1;
    if (!put(&c, (km_regex_code){ KM_RX_SAVE, 0, 0, NULL }) || !alternatives(&c))
        return c.wrong;
    if (c.at < pattern.n)
        return "a bracket that was not opened";
    if (!put(&c, (km_regex_code){ KM_RX_SAVE, 1, 0, NULL })
        || !put(&c, (km_regex_code){ KM_RX_MATCH, 0, 0, NULL }))
        return c.wrong;
    *out = x;
    return NULL;
}

size_t km_regex__size(const km_regex *x)
{
    return x->n;
}

km_str km_regex__group_name(const km_regex *x, size_t group_number)
{
    return x->name[group_number];
}
