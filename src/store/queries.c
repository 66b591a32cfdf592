/* SPDX-License-Identifier: Apache-2.0
 *
 * queries: reads `-- name:` files into a table of statements. The texts come with the
 * program, so a fault here is found by the first run of any test.
 */
#include "store/queries.h"

#include "base/buf.h"

enum { SEEN_SQLITE = 1, SEEN_POSTGRES = 2, SEEN_ALL = SEEN_SQLITE | SEEN_POSTGRES };

static const struct {
    const char *text;
    unsigned seen;
    bool many;
} marks[] = {
    { "[sqlite]", SEEN_SQLITE, false },
    { "[postgres]", SEEN_POSTGRES, false },
    { "[many]", 0, true },
};

typedef struct headline {
    km_str name;
    unsigned seen;
    bool many;
} headline;

/* Where a text came from, for faults. */
typedef struct place {
    const char *file;
    uint32_t line;
} place;

static km_code refuse(km_fault *f, place at, km_str name, const char *why)
{
    km_code rc = km_fail(f, KM_STORE, at.file, "query '%.*s': %s", KM_STR_ARG(name), why);
    km_fault_at(f, at.line, 1);
    return rc;
}

/* --- one statement ------------------------------------------------------------------- */

typedef enum token_kind { TEXT, SPACE, PARAM, END, BROKEN } token_kind;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t word(km_str s)
{
    size_t n = 0;
    while (n < s.n && (is_word(s.p[n]) || (n > 0 && s.p[n] == '$')))
        n++;
    return n;
}

static size_t digits(km_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* To the closing mark, that included; 0 when it is missing. */
static size_t until(km_str s, size_t from, const char *mark)
{
    size_t m = strlen(mark);
    for (size_t i = from; i + m <= s.n; i++)
        if (memcmp(s.p + i, mark, m) == 0)
            return i + m;
    return 0;
}

/* Length and kind of the token that `s` (not empty) begins with. A doubled quote inside
 * quotes reads as two quoted texts side by side, which comes to the same. */
static size_t token(token_kind *kind, km_str s)
{
    char c = s.p[0], next = s.n > 1 ? s.p[1] : '\0';
    size_t n = 1;
    *kind = TEXT;
    if (is_space(c)) {
        *kind = SPACE;
    } else if (c == '-' && next == '-') {
        *kind = SPACE;
        n = km_str_find(s, '\n');
    } else if (c == '/' && next == '*') {
        *kind = SPACE;
        n = until(s, 2, "*/");
    } else if (c == '\'' || c == '"') {
        n = until(s, 1, (char[]){ c, '\0' });
    } else if (c == ';') {
        *kind = END;
    } else if (c == '$') {
        *kind = PARAM;
        n = digits(km_str_sub(s, 1, s.n));
        n = n > 0 && n < 4 ? n + 1 : 0;
    } else if (is_word(c)) {
        n = word(s);
    }
    if (n == 0) {
        *kind = BROKEN;
        n = 1;
    }
    return n;
}

static bool is_blank(km_str s)
{
    while (s.n > 0) {
        token_kind kind;
        size_t n = token(&kind, s);
        if (kind != SPACE)
            return false;
        s = km_str_sub(s, n, s.n);
    }
    return true;
}

static bool add_param(km_named *q, km_buf *out, km_str number, km_dialect d)
{
    int64_t n = 0;
    if (!km_str_to_i64(&n, number) || n < 1 || n > KM_QUERY_PARAMS)
        return false;
    q->params |= (uint64_t)1 << (n - 1);
    q->count = n > q->count ? (int)n : q->count;
    km_buf_print(out, "%c%d", d == KM_SQLITE ? '?' : '$', (int)n);
    return true;
}

/* The statement at the head of `body`, rewritten for the dialect; *rest is what follows
 * its `;`. Returns what is wrong, or NULL. */
static const char *rewrite(km_named *q, km_buf *out, km_str *rest, km_str body, km_dialect d)
{
    token_kind kind = SPACE;
    while (body.n > 0 && kind != END) {
        size_t n = token(&kind, body);
        km_str t = km_str_sub(body, 0, n);
        body = km_str_sub(body, n, body.n);
        if (kind == BROKEN)
            return "a quote, a comment or a $ without its end";
        if (kind == PARAM && !add_param(q, out, km_str_sub(t, 1, t.n), d))
            return "parameters are $1 to $64";
        if (kind == TEXT)
            km_buf_add(out, t);
        if (kind == SPACE && out->n > 0 && out->p[out->n - 1] != ' ')
            km_buf_char(out, ' ');
    }
    *rest = body;
    if (kind != END)
        return "no ; at its end";
    if (out->n == 0)
        return "empty";
    uint64_t all = q->count == 64 ? UINT64_MAX : ((uint64_t)1 << q->count) - 1;
    return q->params == all ? NULL : "a parameter number is left out";
}

/* --- names --------------------------------------------------------------------------- */

static uint32_t hash(km_str name)
{
    uint32_t h = 2166136261U; /* FNV-1a; names are ours, nobody floods the table */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619U;
    return h ^ (h >> 15);
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *slot_of(const km_queries *q, km_str name)
{
    uint32_t i = hash(name) & q->mask;
    while (q->slot[i] != 0 && !km_str_is(name, q->at[q->slot[i] - 1].name))
        i = (i + 1) & q->mask;
    return &q->slot[i];
}

uint32_t km_queries__find(const km_queries *q, const char *name)
{
    uint32_t number = *slot_of(q, km_str_of(name));
    return number == 0 ? KM_QUERY_NONE : number - 1;
}

bool km_queries__is_script(int *number, const char *file)
{
    km_str name = km_str_of(file);
    int64_t n = 0;
    if (name.n < 4 || name.p[3] != '_' || digits(name) != 3
        || !km_str_to_i64(&n, km_str_sub(name, 0, 3)))
        return false;
    *number = (int)n;
    return true;
}

static bool read_mark(headline *h, km_str mark)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (km_str_is(mark, marks[i].text)) {
            h->seen |= marks[i].seen;
            h->many |= marks[i].many;
            return true;
        }
    return false;
}

/* Reads `find_chart [sqlite] [many]`; false when it is not a name and marks that we have. */
static bool read_heading(headline *h, km_str text)
{
    text = km_str_trim(text);
    size_t n = word(text);
    *h = (headline){ .name = km_str_sub(text, 0, n) };
    km_str rest = km_str_trim(km_str_sub(text, n, text.n));
    while (rest.n > 0)
        if (!read_mark(h, km_str_trim(km_str_cut(rest, ' ', &rest))))
            return false;
    if (h->seen == 0)
        h->seen = SEEN_ALL;
    return n > 0;
}

/* --- files --------------------------------------------------------------------------- */

static const km_str heading = KM_STR_INIT("-- name:");

/* Cuts off everything before the next heading line; *rest begins with it. */
static km_str before_heading(km_str *rest, uint32_t *lines, km_str text)
{
    size_t at = 0;
    while (at < text.n) {
        km_str line = km_str_sub(text, at, text.n);
        if (km_str_starts(line, heading))
            break;
        at += km_str_find(line, '\n');
        if (at < text.n) {
            at++;
            ++*lines;
        }
    }
    *rest = km_str_sub(text, at, text.n);
    return km_str_sub(text, 0, at);
}

static km_code add_query(km_queries *q, km_arena *a, km_dialect d, place at, km_str head,
                         km_str body, km_fault *f)
{
    headline h;
    if (!read_heading(&h, head))
        return refuse(f, at, km_str_trim(head), "not a name, or not a mark");
    uint32_t *slot = slot_of(q, h.name);
    if (*slot == 0) {
        q->at[q->n].name = km_arena_z(a, h.name);
        *slot = ++q->n;
    }
    km_named *row = &q->at[*slot - 1];
    if (row->seen & h.seen)
        return refuse(f, at, h.name, "there are two of this name");
    row->seen |= h.seen;
    row->many |= h.many;

    /* The other dialect's text is read too, so that both are checked by every build. */
    unsigned mine = d == KM_SQLITE ? SEEN_SQLITE : SEEN_POSTGRES;
    km_named other = { 0 };
    km_buf sql = km_buf_in(a);
    km_str rest;
    const char *wrong = rewrite(h.seen & mine ? row : &other, &sql, &rest, body, d);
    if (wrong == NULL && !is_blank(rest))
        wrong = "more than one statement";
    if (wrong != NULL)
        return refuse(f, at, h.name, wrong);
    if (h.seen & mine)
        row->sql = km_arena_z(a, km_buf_str(&sql));
    return KM_OK;
}

static km_code add_file(km_queries *q, km_arena *a, km_dialect d, const km_embedded *file,
                        km_fault *f)
{
    place at = { file->name, 1 };
    km_str rest;
    km_str preamble = before_heading(&rest, &at.line, (km_str){ file->bytes, file->n });
    if (!is_blank(preamble))
        return refuse(f, (place){ file->name, 1 }, KM_STR_NONE, "text before the first name");
    while (rest.n > 0) {
        km_str text;
        km_str head = km_str_cut(km_str_sub(rest, heading.n, rest.n), '\n', &text);
        uint32_t next = at.line + 1;
        km_str body = before_heading(&rest, &next, text);
        KM_TRY(add_query(q, a, d, at, head, body, f));
        at.line = next;
    }
    return KM_OK;
}

static uint32_t count_headings(const km_embedded *const *lists)
{
    uint32_t n = 0, lines = 0;
    for (; *lists != NULL; lists++)
        for (const km_embedded *e = *lists; e->name != NULL; e++) {
            km_str rest;
            before_heading(&rest, &lines, (km_str){ e->bytes, e->n });
            for (; rest.n > 0; n++)
                before_heading(&rest, &lines, km_str_sub(rest, heading.n, rest.n));
        }
    return n;
}

km_code km_queries__load(km_queries *out, km_arena *a, km_dialect d,
                         const km_embedded *const *lists, km_fault *f)
{
    uint32_t room = count_headings(lists), slots = 16;
    while (slots < 2 * room)
        slots *= 2;
    *out = (km_queries){ KM_NEW_ARRAY(a, room + 1, km_named), 0, KM_NEW_ARRAY(a, slots, uint32_t),
                         slots - 1 };
    for (const km_embedded *const *l = lists; *l != NULL; l++)
        for (const km_embedded *e = *l; e->name != NULL; e++) {
            int number;
            if (!km_queries__is_script(&number, e->name))
                KM_TRY(add_file(out, a, d, e, f));
        }
    for (uint32_t i = 0; i < out->n; i++)
        if (out->at[i].seen != SEEN_ALL)
            return km_fail(f, KM_STORE, out->at[i].name, "the query lacks a dialect");
    return KM_OK;
}
