/* SPDX-License-Identifier: Apache-2.0
 *
 * entry: the text of an audit entry and back.
 */
#include "trust/audit/entry.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

static const char *const kind_text[] = {
    [KM_AUDIT_NONE] = "",
#define KIND(name, text) [KM_AUDIT_##name] = text,
#include "trust/audit/kinds.def"
#undef KIND
};

const char *km_audit_kind_text(km_audit_kind k)
{
    assert(k < KM_AUDIT_KINDS_END);
    return kind_text[k];
}

km_audit_kind km_audit_kind_named(km_str text)
{
    for (int k = KM_AUDIT_NONE + 1; k < KM_AUDIT_KINDS_END; k++)
        if (km_str_is(text, kind_text[k]))
            return (km_audit_kind)k;
    return KM_AUDIT_NONE;
}

/* Plain texts of an entry and of its agent, in the order in which they are written. */
typedef struct text_row {
    const char *name;
    size_t at;
    const char *never; /* letters that it may not hold: they would bring values in */
} text_row;
#define AGENT(name) offsetof(km_audit_agent, name)
static const text_row agent_texts[] = {
    { "id", AGENT(id), "" },           { "role", AGENT(role), "" },
    { "name", AGENT(name), "" },       { "organisation", AGENT(organisation), "" },
    { "client", AGENT(client), "" },   { "address", AGENT(address), "" },
    { "cert", AGENT(thumbprint), "" }, { "session", AGENT(session), "" },
};
#define ENTRY(name) offsetof(km_audit_entry, name)
static const text_row entry_texts[] = {
    { "purpose", ENTRY(purpose), "" },
    { "route", ENTRY(route), "?=" },
    { "reason", ENTRY(reason), "" },
    { "request", ENTRY(request), "" },
};
enum {
    AGENT_TEXTS = sizeof agent_texts / sizeof *agent_texts,
    ENTRY_TEXTS = sizeof entry_texts / sizeof *entry_texts,
    TEXT_MAX = 4096
};
static const char *const flag_text[] = { "unexplained", "emergency" };
enum { FLAGS = sizeof flag_text / sizeof *flag_text };

static km_str *text_at(void *object, const text_row *row)
{
    return (km_str *)(void *)((char *)object + row->at);
}

static km_str text_of(const void *object, const text_row *row)
{
    return *(const km_str *)(const void *)((const char *)object + row->at);
}

static km_code check_text(km_str s, const char *name, const char *never, km_fault *f)
{
    if (s.n > TEXT_MAX)
        return km_fail(f, KM_TOO_LONG, name, "at most %d bytes", TEXT_MAX);
    if (!km_str_is_utf8(s, NULL) || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
        return km_fail(f, KM_BAD_VALUE, name, "UTF-8 without NUL");
    for (; *never != '\0'; never++)
        if (km_str_find(s, *never) < s.n)
            return km_fail(f, KM_BAD_VALUE, name, "a template or a name, never a value");
    return KM_OK;
}

/* --- what may be written ------------------------------------------------------------------------
 */

static km_code check_texts(const km_audit_entry *e, km_fault *f)
{
    KM_TRY(check_text(e->outcome, "outcome", "", f));
    for (size_t i = 0; i < AGENT_TEXTS; i++)
        KM_TRY(check_text(text_of(&e->agent, &agent_texts[i]), agent_texts[i].name,
                          agent_texts[i].never, f));
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        KM_TRY(
            check_text(text_of(e, &entry_texts[i]), entry_texts[i].name, entry_texts[i].never, f));
    for (size_t i = 0; i < e->queries; i++)
        KM_TRY(check_text(e->query[i], "query", "?=&", f));
    for (size_t i = 0; i < e->bases; i++)
        KM_TRY(check_text(e->basis[i], "basis", "", f));
    for (size_t i = 0; i < e->shows; i++) {
        KM_TRY(check_text(e->shown[i].type, "shown", "/", f));
        KM_TRY(check_text(e->shown[i].id, "shown", "/", f));
        if (e->shown[i].type.n == 0 || e->shown[i].id.n == 0 || e->shown[i].version < 0)
            return km_fail(f, KM_BAD_VALUE, "shown", "a type and an id");
    }
    return KM_OK;
}

static km_code check(const km_audit_entry *e, km_fault *f)
{
    if (e->at <= 0)
        return km_fail(f, KM_REQUIRED, "at", NULL);
    if (e->kind <= KM_AUDIT_NONE || e->kind >= KM_AUDIT_KINDS_END)
        return km_fail(f, KM_REQUIRED, "kind", NULL);
    if (e->charts > KM_AUDIT_CHARTS_MAX || e->shows > KM_AUDIT_SHOWN_MAX
        || e->queries > KM_AUDIT_NAMES_MAX || e->bases > KM_AUDIT_NAMES_MAX)
        return km_fail(f, KM_TOO_LONG, "audit", "too many of a list");
    if (e->bytes_out < 0 || e->flags >= 1u << FLAGS)
        return km_fail(f, KM_BAD_VALUE, "audit", "bytes or flags");
    return check_texts(e, f);
}

/* --- writing
 * -------------------------------------------------------------------------------------- */

static void member_if(km_jw *w, const char *name, km_str s)
{
    if (s.n > 0)
        km_jw_member(w, name, s);
}

static void print_agent(km_jw *w, const km_audit_agent *g)
{
    bool any = g->second_factor;
    for (size_t i = 0; i < AGENT_TEXTS; i++)
        any = any || text_of(g, &agent_texts[i]).n > 0;
    if (!any)
        return;
    km_jw_key(w, "agent");
    km_jw_open(w, '{');
    for (size_t i = 0; i < AGENT_TEXTS; i++)
        member_if(w, agent_texts[i].name, text_of(g, &agent_texts[i]));
    if (g->second_factor)
        km_jw_member_bool(w, "secondFactor", true);
    km_jw_close(w, '}');
}

static void print_list(km_jw *w, const char *name, const km_str *s, size_t n)
{
    if (n == 0)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++)
        km_jw_str(w, s[i]);
    km_jw_close(w, ']');
}

static void print_charts(km_jw *w, const km_audit_entry *e)
{
    if (e->charts == 0)
        return;
    km_jw_key(w, "charts");
    km_jw_open(w, '[');
    for (size_t i = 0; i < e->charts; i++)
        km_jw_int(w, e->chart[i]);
    km_jw_close(w, ']');
}

/* A type is told once for all of it that follow each other: a page of 1,000 rows of one type is the
 * ids and little more. */
static void print_shown(km_jw *w, km_buf *out, const km_audit_entry *e)
{
    if (e->shows == 0)
        return;
    km_jw_key(w, "shown");
    km_jw_open(w, '[');
    for (size_t i = 0; i < e->shows;) {
        km_str type = e->shown[i].type;
        km_jw_open(w, '[');
        km_jw_str(w, type);
        for (; i < e->shows && km_str_eq(e->shown[i].type, type); i++) {
            char version[16] = "";
            if (e->shown[i].version > 0)
                snprintf(version, sizeof version, "/%d", (int)e->shown[i].version);
            km_jw_str(w, km_arena_print(out->arena, "%.*s%s", KM_STR_ARG(e->shown[i].id), version));
        }
        km_jw_close(w, ']');
    }
    km_jw_close(w, ']');
}

km_code km_audit_entry_print(km_buf *out, const km_audit_entry *e, km_fault *f)
{
    KM_TRY(check(e, f));
    km_jw on = km_jw_on(out), *w = &on;
    km_jw_open(w, '{');
    km_jw_member_int(w, "at", e->at);
    km_jw_member_z(w, "kind", kind_text[e->kind]);
    member_if(w, "outcome", e->outcome);
    print_agent(w, &e->agent);
    for (size_t i = 0; i < ENTRY_TEXTS; i++)
        member_if(w, entry_texts[i].name, text_of(e, &entry_texts[i]));
    print_list(w, "query", e->query, e->queries);
    print_list(w, "basis", e->basis, e->bases);
    if (e->flags != 0) {
        km_jw_key(w, "flags");
        km_jw_open(w, '[');
        for (size_t i = 0; i < FLAGS; i++)
            if (e->flags & 1u << i)
                km_jw_z(w, flag_text[i]);
        km_jw_close(w, ']');
    }
    print_charts(w, e);
    print_shown(w, out, e);
    if (e->bytes_out > 0)
        km_jw_member_int(w, "bytes", e->bytes_out);
    km_jw_close(w, '}');
    return KM_OK;
}

/* --- reading -------------------------------------------------------------------------------------
 */

typedef struct reading {
    km_audit_entry *e;
    km_arena *arena;
    km_fault *fault;
} reading;

static km_code unlike(const reading *r, const char *what)
{
    return km_fail(r->fault, KM_INVALID, what, "not as an entry has it");
}

static km_code read_int(int64_t *out, const reading *r, km_jv v, const char *what)
{
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_str_to_i64(out, km_jv_str(v)) || *out <= 0)
        return unlike(r, what);
    return KM_OK;
}

static km_code read_kind(const reading *r, km_jv v)
{
    r->e->kind = km_audit_kind_named(km_jv_str(v));
    return r->e->kind == KM_AUDIT_NONE ? unlike(r, "kind") : KM_OK;
}

static km_code read_at(const reading *r, km_jv v)
{
    return read_int(&r->e->at, r, v, "at");
}

static km_code read_bytes(const reading *r, km_jv v)
{
    return read_int(&r->e->bytes_out, r, v, "bytes");
}

static km_code read_outcome(const reading *r, km_jv v)
{
    r->e->outcome = km_jv_str(v);
    return r->e->outcome.n == 0 ? unlike(r, "outcome") : KM_OK;
}

static km_code read_text(const reading *r, void *object, const text_row *row, size_t rows,
                         km_str name, km_jv v)
{
    for (size_t i = 0; i < rows; i++)
        if (km_str_is(name, row[i].name) && km_jv_is(v, KM_JSON_STRING)) {
            *text_at(object, &row[i]) = km_jv_str(v);
            return KM_OK;
        }
    return unlike(r, "audit");
}

static km_code read_agent(const reading *r, km_jv v)
{
    if (!km_jv_is(v, KM_JSON_OBJECT))
        return unlike(r, "agent");
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (km_str_is(i.name, "secondFactor"))
            r->e->agent.second_factor = km_jv_is(i.value, KM_JSON_TRUE);
        else
            KM_TRY(read_text(r, &r->e->agent, agent_texts, AGENT_TEXTS, i.name, i.value));
    }
    return KM_OK;
}

static km_code read_list(const km_str **out, size_t *n, const reading *r, km_jv v)
{
    if (!km_jv_is(v, KM_JSON_ARRAY) || km_jv_count(v) > KM_AUDIT_NAMES_MAX)
        return unlike(r, "audit");
    km_str *list = KM_NEW_ARRAY(r->arena, km_jv_count(v), km_str);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (!km_jv_is(i.value, KM_JSON_STRING))
            return unlike(r, "audit");
        list[(*n)++] = km_jv_str(i.value);
    }
    *out = list;
    return KM_OK;
}

static km_code read_query(const reading *r, km_jv v)
{
    return read_list(&r->e->query, &r->e->queries, r, v);
}

static km_code read_basis(const reading *r, km_jv v)
{
    return read_list(&r->e->basis, &r->e->bases, r, v);
}

static km_code read_flags(const reading *r, km_jv v)
{
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        size_t k = 0;
        while (k < FLAGS && !km_str_is(km_jv_str(i.value), flag_text[k]))
            k++;
        if (k == FLAGS)
            return unlike(r, "flags");
        r->e->flags |= 1u << k;
    }
    return km_jv_is(v, KM_JSON_ARRAY) ? KM_OK : unlike(r, "flags");
}

static km_code read_charts(const reading *r, km_jv v)
{
    if (!km_jv_is(v, KM_JSON_ARRAY) || km_jv_count(v) > KM_AUDIT_CHARTS_MAX)
        return unlike(r, "charts");
    int64_t *list = KM_NEW_ARRAY(r->arena, km_jv_count(v), int64_t);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);)
        if (!km_jv_is(i.value, KM_JSON_NUMBER)
            || !km_str_to_i64(&list[r->e->charts++], km_jv_str(i.value)))
            return unlike(r, "charts");
    r->e->chart = list;
    return KM_OK;
}

static bool read_one_shown(km_audit_shown *out, km_str type, km_str text)
{
    int64_t version = 0;
    km_str number;
    *out = (km_audit_shown){ .type = type, .id = km_str_cut(text, '/', &number) };
    if (number.p != NULL
        && (!km_str_to_i64(&version, number) || version < 1 || version > INT32_MAX))
        return false;
    out->version = (int32_t)version;
    return out->id.n > 0;
}

static km_code read_shown(const reading *r, km_jv v)
{
    size_t room = 0;
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);)
        room += km_jv_count(i.value);
    if (!km_jv_is(v, KM_JSON_ARRAY) || room > 2 * (size_t)KM_AUDIT_SHOWN_MAX)
        return unlike(r, "shown");
    km_audit_shown *list = KM_NEW_ARRAY(r->arena, room, km_audit_shown);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        km_str type = km_jv_str(km_jv_item(i.value, 0));
        uint32_t place = 0;
        if (!km_jv_is(i.value, KM_JSON_ARRAY) || type.n == 0)
            return unlike(r, "shown");
        for (km_jv_iter k = km_jv_each(i.value); km_jv_next(&k); place++)
            if (place > 0 && !read_one_shown(&list[r->e->shows++], type, km_jv_str(k.value)))
                return unlike(r, "shown");
    }
    r->e->shown = list;
    return KM_OK;
}

static const struct {
    const char *name;
    km_code (*read)(const reading *r, km_jv v);
} members[] = {
    { "at", read_at },       { "kind", read_kind },     { "outcome", read_outcome },
    { "agent", read_agent }, { "query", read_query },   { "basis", read_basis },
    { "flags", read_flags }, { "charts", read_charts }, { "shown", read_shown },
    { "bytes", read_bytes },
};

static km_code read_member(const reading *r, km_str name, km_jv v)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (km_str_is(name, members[i].name))
            return members[i].read(r, v);
    return read_text(r, r->e, entry_texts, ENTRY_TEXTS, name, v);
}

km_code km_audit_entry_parse(km_audit_entry *out, km_str text, km_arena *a, km_fault *f)
{
    km_json *doc;
    reading r = { out, a, f };
    *out = (km_audit_entry){ 0 };
    KM_TRY(km_json_parse(&doc, a, text, NULL, f));
    km_jv root = km_json_root(doc);
    if (!km_jv_is(root, KM_JSON_OBJECT))
        return unlike(&r, "audit");
    for (km_jv_iter i = km_jv_each(root); km_jv_next(&i);)
        KM_TRY(read_member(&r, i.name, i.value));
    return check(out, f);
}
