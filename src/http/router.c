/* SPDX-License-Identifier: Apache-2.0
 *
 * router: see router.h. The tree is built once, in an arena of its own, and only read after.
 */
#include "http/router.h"

#include <stdlib.h>

typedef struct row {
    const km_http_route *route;
    km_str method;
    size_t at;
    km_str name[KM_ROUTE_VARS];
    size_t vars;
    struct row *next;
} row;

typedef struct leaf {
    row *rows;
    km_str allow;
} leaf;

typedef struct node {
    km_str text; /* of a literal */
    struct node *literal, *sibling;
    struct node *var;
    leaf own;  /* patterns that end here */
    leaf rest; /* patterns that end here with {name*} */
} node;

struct km_router {
    km_arena *arena;
    node root;
    const km_http_route **route;
    size_t n;
};

static node *literal_child(const node *of, km_str text)
{
    node *c = of->literal;
    while (c != NULL && !km_str_eq(c->text, text))
        c = c->sibling;
    return c;
}

static node *add_literal(km_arena *a, node *of, km_str text)
{
    node *c = literal_child(of, text);
    if (c == NULL) {
        c = KM_NEW(a, node);
        c->text = text;
        c->sibling = of->literal;
        of->literal = c;
    }
    return c;
}

static km_code wrong(const km_http_route *r, const char *what, km_fault *f)
{
    return km_fail(f, KM_USAGE, "route", "%s %s: %s", r->method ? r->method : "?",
                   r->pattern ? r->pattern : "?", what);
}

static bool is_upper_word(const char *z)
{
    size_t n = strspn(z, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n > 0 && z[n] == '\0';
}

static km_code check_row(const km_http_route *r, km_fault *f)
{
    if (r->policy == NULL)
        return wrong(r, "no policy says who may ask", f);
    if (r->serve == NULL)
        return wrong(r, "nothing serves it", f);
    if (!is_upper_word(r->method) || strcmp(r->method, "HEAD") == 0)
        return wrong(r, "not a method (HEAD is served by GET)", f);
    if (r->pattern == NULL || r->pattern[0] != '/')
        return wrong(r, "the pattern does not begin with a slash", f);
    if (strlen(r->pattern) > KM_PATTERN_MOST || strpbrk(r->pattern, "\"\\") != NULL)
        return wrong(r, "the pattern is too long or cannot be logged", f);
    if ((r->flags & KM_HTTP_STREAM) && r->piece == NULL)
        return wrong(r, "STREAM without piece", f);
    return KM_OK;
}

/* {name} or {name*}: its name in *name. */
static bool is_var(km_str segment, km_str *name, bool *rest)
{
    if (segment.n < 3 || segment.p[0] != '{' || segment.p[segment.n - 1] != '}')
        return false;
    *name = km_str_sub(segment, 1, segment.n - 2);
    *rest = km_str_ends(*name, KM_STR("*"));
    if (*rest)
        name->n--;
    for (size_t i = 0; i < name->n; i++) {
        char c = name->p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '_'))
            return false;
    }
    return name->n > 0;
}

static km_code add_to_leaf(leaf *l, row *w, km_fault *f)
{
    for (row *had = l->rows; had != NULL; had = had->next)
        if (km_str_eq(had->method, w->method))
            return wrong(w->route, "the same route twice", f);
    w->next = l->rows;
    l->rows = w;
    return KM_OK;
}

/* Walks the pattern into the tree; `*at` becomes the leaf. */
static km_code place(leaf **at, km_router *r, row *w, km_fault *f)
{
    node *n = &r->root;
    bool rest = false;
    size_t depth = 0;
    for (km_str s = km_str_of(w->route->pattern + 1); s.p != NULL;) {
        km_str name, segment = km_str_cut(s, '/', &s);
        if (segment.n == 0 && s.p == NULL)
            break;
        if (rest || segment.n == 0 || ++depth > KM_PATH_SEGMENTS)
            return wrong(w->route, "an empty segment, or one after the rest", f);
        if (is_var(segment, &name, &rest)) {
            if (w->vars == KM_ROUTE_VARS)
                return wrong(w->route, "too many variables", f);
            w->name[w->vars++] = name;
            if (!rest)
                n = n->var = n->var ? n->var : KM_NEW(r->arena, node);
        } else if (strcspn(segment.p, "{}*%?#") < segment.n) {
            return wrong(w->route, "a segment is neither literal nor {name}", f);
        } else {
            n = add_literal(r->arena, n, segment);
        }
    }
    *at = rest ? &n->rest : &n->own;
    return KM_OK;
}

static bool leaf_has(const leaf *l, km_str method)
{
    for (const row *w = l->rows; w != NULL; w = w->next)
        if (km_str_eq(w->method, method))
            return true;
    return false;
}

/* The value of Allow, made again with each row; starting is not in a hurry. */
static void name_methods(leaf *l, km_arena *a)
{
    km_buf b = km_buf_in(a);
    for (const row *w = l->rows; w != NULL; w = w->next) {
        km_buf_add(&b, w->method);
        KM_BUF_LIT(&b, ", ");
    }
    if (leaf_has(l, KM_STR("GET")))
        KM_BUF_LIT(&b, "HEAD, ");
    if (!leaf_has(l, KM_STR("OPTIONS")))
        KM_BUF_LIT(&b, "OPTIONS, ");
    l->allow = km_str_sub(km_buf_str(&b), 0, b.n - 2);
}

static km_code add_route(km_router *r, const km_http_route *route, km_fault *f)
{
    leaf *l;
    row *w = KM_NEW(r->arena, row);
    KM_TRY(check_row(route, f));
    w->route = route;
    w->method = km_str_of(route->method);
    w->at = r->n;
    KM_TRY(place(&l, r, w, f));
    KM_TRY(add_to_leaf(l, w, f));
    name_methods(l, r->arena);
    r->route[r->n++] = route;
    return KM_OK;
}

static size_t count_rows(const km_http_route *const *tables)
{
    size_t n = 0;
    for (; tables != NULL && *tables != NULL; tables++)
        for (const km_http_route *r = *tables; r->method != NULL; r++)
            n++;
    return n;
}

km_code km_http__router_new(km_router **out, const km_http_route *const *tables, km_fault *f)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_router *r = KM_NEW(a, km_router);
    size_t rows = count_rows(tables);
    *out = NULL;
    r->arena = a;
    r->route = (const km_http_route **)km_arena_array(a, rows + 1, sizeof *r->route);
    for (; rows > 0 && *tables != NULL; tables++) {
        for (const km_http_route *row_of = *tables; row_of->method != NULL; row_of++) {
            km_code rc = add_route(r, row_of, f);
            if (rc != KM_OK) {
                km_arena_free(a);
                return rc;
            }
        }
    }
    *out = r;
    return KM_OK;
}

void km_http__router_free(km_router *r)
{
    if (r != NULL)
        km_arena_free(r->arena);
}

size_t km_http__router_count(const km_router *r)
{
    return r->n;
}

const km_http_route *km_http__router_route(const km_router *r, size_t at)
{
    return r->route[at];
}

/* What stands for the variables on the way, by level; the rest begins at `rest_from`. */
typedef struct way {
    const leaf *leaf;
    uint32_t is_var; /* bit d: level d was taken by {name} */
    size_t rest_from;
    bool rest;
} way;

typedef enum branch { LITERAL, VAR, REST, BACK } branch;

/* Steps down from `n` by `b`, or NULL. */
static const node *down(const node *n, branch b, km_str segment)
{
    if (b == LITERAL)
        return literal_child(n, segment);
    return segment.n > 0 ? n->var : NULL;
}

/* Depth first in the order of precedence. Every node of the tree is entered at most once, as a
 * node has one way from the root, so the work is bounded by the tables and not by the path. */
static bool walk(way *out, const km_router *r, const km_path *p)
{
    const node *at[KM_PATH_SEGMENTS + 1];
    branch next[KM_PATH_SEGMENTS + 1];
    size_t d = 0;
    at[0] = &r->root;
    next[0] = LITERAL;
    *out = (way){ 0 };
    for (;;) {
        const node *n = at[d];
        if (d == p->n && next[d] == LITERAL) {
            if (n->own.rows != NULL) {
                out->leaf = &n->own;
                return true;
            }
            next[d] = REST;
        }
        if (next[d] <= VAR) {
            branch b = next[d]++;
            const node *child = down(n, b, p->segment[d]);
            if (child != NULL) {
                uint32_t bit = (uint32_t)1 << d;
                out->is_var = b == VAR ? out->is_var | bit : out->is_var & ~bit;
                at[++d] = child;
                next[d] = LITERAL;
            }
        } else if (n->rest.rows != NULL) {
            out->leaf = &n->rest;
            out->rest = true;
            out->rest_from = d;
            out->is_var &= d < 32 ? ((uint32_t)1 << d) - 1 : UINT32_MAX;
            return true;
        } else if (d == 0) {
            return false;
        } else {
            d--;
        }
    }
}

/* In a rest an encoded slash (or a backslash) would read as another path than was sent. */
static km_code join_rest(km_str *out, const km_path *p, size_t from, km_arena *a, km_fault *f)
{
    km_buf b = km_buf_in(a);
    for (size_t i = from; i < p->n; i++) {
        km_str s = p->segment[i];
        if (s.n == 0)
            return km_fail(f, KM_UNKNOWN_ROUTE, NULL, "an empty segment");
        if ((p->slashed >> i & 1) || km_str_find(s, '\\') < s.n)
            return km_fail(f, KM_MALFORMED, NULL, "an encoded slash in the path");
        if (i > from)
            km_buf_char(&b, '/');
        km_buf_add(&b, s);
    }
    *out = b.n ? km_buf_str(&b) : KM_STR("");
    return KM_OK;
}

static const row *row_for(const leaf *l, km_str method)
{
    const row *w = l->rows;
    while (w != NULL && !km_str_eq(w->method, method))
        w = w->next;
    if (w == NULL && km_str_eq(method, KM_STR("HEAD")))
        return row_for(l, KM_STR("GET"));
    return w;
}

km_code km_http__router_find(km_found *out, km_field var[KM_ROUTE_VARS], const km_router *r,
                             const km_path *path, km_str method, km_arena *a, km_fault *f)
{
    way y;
    *out = (km_found){ 0 };
    if (!walk(&y, r, path)) {
        if (path->slashed)
            return km_fail(f, KM_MALFORMED, NULL, "an encoded slash in the path");
        return km_fail(f, KM_UNKNOWN_ROUTE, NULL, NULL);
    }
    const row *w = row_for(y.leaf, method);
    out->allow = y.leaf->allow;
    if (w == NULL)
        return km_str_eq(method, KM_STR("OPTIONS")) ? KM_OK : km_fail(f, KM_METHOD, NULL, NULL);
    for (size_t d = 0; d < path->n && y.is_var >> d; d++)
        if (y.is_var >> d & 1) {
            var[out->vars] = (km_field){ w->name[out->vars], path->segment[d] };
            out->vars++;
        }
    if (y.rest) {
        var[out->vars].name = w->name[out->vars];
        KM_TRY(join_rest(&var[out->vars++].value, path, y.rest_from, a, f));
    }
    out->route = w->route;
    out->at = w->at;
    return KM_OK;
}
