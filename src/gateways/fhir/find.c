/* SPDX-License-Identifier: Apache-2.0
 *
 * find: searches as searchset Bundles (R4 3.1.1). Links hold sealed cursors, never a query with a
 * person's data (decision 23).
 */
#include "gateways/fhir/inside.h"

/* --- fields: from the address, from a form, or from a cursor --- */

typedef struct asking {
    km_finding f;
    km_str state;  /* of the index, from a cursor */
    km_str path;   /* "Observation", "Patient/1/Observation" or empty */
    km_str fields; /* encoded, for the next cursor */
} asking;

static bool is_ours(km_str name)
{
    static const char *const names[] = { "_format", "_pretty", "_cursor" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (km_str_is(name, names[i]))
            return true;
    return false;
}

static void encode_fields(km_buf *out, const km_search_field *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            km_buf_char(out, '&');
        km_url_encode(out, f[i].name);
        km_buf_char(out, '=');
        km_url_encode(out, f[i].value);
    }
}

static km_code gather_fields(asking *out, km_request *r)
{
    const km_field *form = NULL;
    size_t forms = 0;
    if (km_str_is(r->method, "POST"))
        KM_TRY(km_request_form(&form, &forms, r));
    km_field *all = KM_NEW_ARRAY(r->call.arena, r->queries + forms + 1, km_field);
    size_t n = 0;
    for (size_t i = 0; i < r->queries; i++)
        if (!is_ours(r->query[i].name))
            all[n++] = r->query[i];
    for (size_t i = 0; i < forms; i++)
        if (!is_ours(form[i].name))
            all[n++] = form[i];
    out->f.field = all;
    out->f.fields = n;
    return KM_OK;
}

/* A cursor carries the whole question; beside it only the size of the page may be asked anew. */
static km_code with_count(asking *out, km_request *r)
{
    km_field *field = KM_NEW_ARRAY(r->call.arena, out->f.fields + 1, km_field);
    km_str count = km_request_query(r, "_count");
    size_t n = 0;
    for (size_t i = 0; i < r->queries && !out->f.lenient; i++)
        if (!is_ours(r->query[i].name) && !km_str_is(r->query[i].name, "_count"))
            return km_fail(r->call.fault, KM_UNKNOWN_PARAM,
                           km_arena_z(r->call.arena, r->query[i].name), "not beside _cursor");
    if (count.n == 0)
        return KM_OK;
    for (size_t i = 0; i < out->f.fields; i++)
        if (!km_str_is(out->f.field[i].name, "_count"))
            field[n++] = out->f.field[i];
    field[n++] = (km_field){ KM_STR("_count"), count };
    out->f.field = field;
    out->f.fields = n;
    return KM_OK;
}

/* A cursor's plain text: path NUL fields NUL state. */
static km_code open_cursor(asking *out, km_request *r, km_str cursor)
{
    km_str plain, path;
    KM_TRY(km_cursor__open(&plain, r, cursor));
    path = km_str_cut(plain, '\0', &plain);
    km_str fields = km_str_cut(plain, '\0', &out->state);
    if (!km_str_eq(path, out->path) || out->state.n == 0)
        return km_fail(r->call.fault, KM_BAD_VALUE, "_cursor", "it belongs to another search");
    KM_TRY(km_form_decode(&out->f.field, &out->f.fields, r->call.arena, fields, r->call.fault));
    return with_count(out, r);
}

/* --- printing --- */

static void print_link(km_jw *w, const char *relation, km_str url)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "relation", relation);
    km_jw_member(w, "url", url);
    km_jw_close(w, '}');
}

static km_str link_to(km_request *r, const asking *q, km_str state, const km_search_view *view)
{
    km_arena *a = r->call.arena;
    km_buf plain = km_buf_in(a), url = km_buf_in(a);
    km_buf_add(&plain, q->path);
    km_buf_char(&plain, '\0');
    encode_fields(&plain, view->used, view->n_used);
    km_buf_char(&plain, '\0');
    km_buf_add(&plain, state);
    km_buf_add(&url, km_show__base(r));
    if (q->path.n > 0) {
        km_buf_char(&url, '/');
        km_buf_add(&url, q->path);
    }
    KM_BUF_LIT(&url, "?_cursor=");
    km_buf_add(&url, km_cursor__seal(r, km_buf_str(&plain)));
    return km_buf_str(&url);
}

static void print_links(km_jw *w, km_request *r, const asking *q, const km_page *page,
                        const km_search_view *view)
{
    km_jw_key(w, "link");
    km_jw_open(w, '[');
    print_link(w, "self", link_to(r, q, q->state.n > 0 ? q->state : KM_STR("0"), view));
    if (page->more)
        print_link(w, "next", link_to(r, q, page->cursor, view));
    km_jw_close(w, ']');
}

static km_code load_page(km_record ***out, size_t *n, km_reader *reader, const km_page *page)
{
    km_call *call = km_reader_call(reader);
    km_record **rec = KM_NEW_ARRAY(call->arena, page->n + 1, km_record *);
    *n = 0;
    for (size_t i = 0; i < page->n; i++) {
        km_code rc = km_reader_by_rid(&rec[*n], reader, page->found[i].rid);
        if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
            km_fault_clear(call->fault);
            continue;
        }
        KM_TRY(rc);
        page->found[*n] = page->found[i];
        ++*n;
        if (km_arena_over(call->arena))
            return km_fail(call->fault, KM_TOO_COSTLY, "_count", "ask for fewer on a page");
    }
    KM_TRY(km_access_release(km_reader_access(reader), rec, *n, call->fault));
    *out = rec;
    return KM_OK;
}

static km_code print_entry(km_jw *w, km_request *r, km_record *rec, bool included,
                           const km_showing *how)
{
    km_jw_open(w, '{');
    km_jw_member(w, "fullUrl",
                 km_arena_print(r->call.arena, "%.*s/%.*s/%.*s", KM_STR_ARG(km_show__base(r)),
                                KM_STR_ARG(km_fhir_type_name(rec->type)), KM_STR_ARG(rec->id)));
    km_jw_key(w, "resource");
    KM_TRY(km_show__resource(w->out, rec, how, &r->call));
    w->comma = true;
    km_jw_key(w, "search");
    km_jw_open(w, '{');
    km_jw_member_z(w, "mode", included ? "include" : "match");
    km_jw_close(w, '}');
    km_jw_close(w, '}');
    return KM_OK;
}

static void print_ignored(km_jw *w, km_request *r, const km_search_view *view)
{
    if (view->n_ignored == 0)
        return;
    km_issue *issue = KM_NEW_ARRAY(r->call.arena, view->n_ignored, km_issue);
    km_buf json = km_buf_in(r->call.arena);
    for (size_t i = 0; i < view->n_ignored; i++)
        issue[i] = (km_issue){ "warning", KM_UNKNOWN_PARAM, view->ignored[i], KM_STR("ignored") };
    km_outcome_issues(&json, issue, view->n_ignored);
    km_jw_open(w, '{');
    km_jw_key(w, "resource");
    km_jw_raw(w, km_buf_str(&json));
    km_jw_key(w, "search");
    km_jw_raw(w, KM_STR("{\"mode\":\"outcome\"}"));
    km_jw_close(w, '}');
}

static km_code print_page(km_buf *out, km_request *r, const asking *q, km_reader *reader,
                          const km_search *s, const km_page *page)
{
    km_search_view view = km_search_viewed(s);
    km_showing how = { view.summary, view.element, view.elements, false };
    km_record **rec;
    size_t n;
    km_jw w = km_jw_on(out);
    KM_TRY(load_page(&rec, &n, reader, page));
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Bundle");
    km_jw_member_z(&w, "type", "searchset");
    if (page->has_total)
        km_jw_member_int(&w, "total", page->total);
    print_links(&w, r, q, page, &view);
    if (n > 0 || view.n_ignored > 0) {
        km_jw_key(&w, "entry");
        km_jw_open(&w, '[');
        for (size_t i = 0; i < n; i++)
            KM_TRY(print_entry(&w, r, rec[i], page->found[i].included, &how));
        print_ignored(&w, r, &view);
        km_jw_close(&w, ']');
    }
    km_jw_close(&w, '}');
    return KM_OK;
}

static km_code search(km_buf *out, km_request *r, const asking *q)
{
    km_search *s;
    km_reader *reader;
    km_page page;
    km_search_field *field = KM_NEW_ARRAY(r->call.arena, q->f.fields + 1, km_search_field);
    for (size_t i = 0; i < q->f.fields; i++)
        field[i] = (km_search_field){ q->f.field[i].name, q->f.field[i].value };
    km_search_input in = { .type = q->f.type,
                           .compartment = q->f.compartment,
                           .compartment_id = q->f.compartment_id,
                           .field = field,
                           .fields = q->f.fields,
                           .lenient = q->f.lenient,
                           .source = ((const km_caller *)r->call.caller)->source,
                           .base = km_show__base(r) };
    KM_TRY(km_search_parse(&s, &in, &r->call));
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_searches));
    km_str state = km_str_is(q->state, "0") ? KM_STR_NONE : q->state;
    km_code rc = km_search_run(&page, s, reader, state);
    if (rc == KM_OK)
        rc = print_page(out, r, q, reader, s, &page);
    km_reader_close(reader);
    return rc;
}

static km_code serve(km_request *r, km_reply *out, asking *q)
{
    km_buf json = km_buf_in(r->call.arena);
    km_str cursor = km_request_query(r, "_cursor");
    KM_TRY(km_show__acceptable(r));
    (void)km_show__prefer(r, &q->f.lenient);
    KM_TRY(cursor.n > 0 ? open_cursor(q, r, cursor) : gather_fields(q, r));
    KM_TRY(search(&json, r, q));
    return km_show__body(out, r, &json, 200);
}

km_code km_fhir__search_type(km_request *r, km_reply *out)
{
    asking q = { 0 };
    KM_TRY(km_fhir__type_of(&q.f.type, r));
    q.path = km_fhir_type_name(q.f.type);
    return serve(r, out, &q);
}

km_code km_fhir__search_all(km_request *r, km_reply *out)
{
    asking q = { 0 };
    return serve(r, out, &q);
}

static km_str path_of(km_request *r, const km_finding *f)
{
    km_str type = km_fhir_type_name(f->type);
    if (f->compartment == 0)
        return type;
    return km_arena_print(
        r->call.arena, "%.*s/%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(f->compartment)),
        KM_STR_ARG(f->compartment_id), KM_STR_ARG(type.n > 0 ? type : KM_STR("*")));
}

/* A star stands for every type. */
km_code km_find__compartment(km_finding *out, km_request *r, km_ftype of, km_str id, km_str member)
{
    static const char *const names[] = { "Patient", "Encounter", "Practitioner", "RelatedPerson",
                                         "Device" };
    bool known = false, star = km_str_is(member, "*");
    out->compartment = of;
    out->compartment_id = id;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known = known || km_str_is(km_fhir_type_name(of), names[i]);
    out->type = star ? 0 : km_fhir_type_named(member);
    if (!known || !(star || km_fhir_is_resource(out->type)))
        return km_fail(r->call.fault, KM_UNKNOWN_ROUTE, NULL, NULL);
    return KM_OK;
}

km_code km_fhir__search_compartment(km_request *r, km_reply *out)
{
    asking q = { 0 };
    km_ftype of;
    km_str id;
    KM_TRY(km_fhir__type_of(&of, r));
    KM_TRY(km_fhir__id_of(&id, r));
    KM_TRY(km_find__compartment(&q.f, r, of, id, km_request_var(r, "member")));
    q.path = path_of(r, &q.f);
    return serve(r, out, &q);
}

km_code km_find__print(km_buf *out, km_request *r, const km_finding *f)
{
    asking q = { .f = *f, .path = path_of(r, f) };
    km_field *field = KM_NEW_ARRAY(r->call.arena, f->fields + 1, km_field);
    q.f.field = field;
    q.f.fields = 0;
    for (size_t i = 0; i < f->fields; i++)
        if (!is_ours(f->field[i].name))
            field[q.f.fields++] = f->field[i];
    return search(out, r, &q);
}
