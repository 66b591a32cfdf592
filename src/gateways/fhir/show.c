/* SPDX-License-Identifier: Apache-2.0
 *
 * show: what a reply looks like: the resource whole or in part, headers of a version, negotiation.
 */
#include "gateways/fhir/inside.h"

#include <stdio.h>

#include "base/date.h"

/* --- the resource --- */

static bool listed(const km_showing *s, km_str name)
{
    for (size_t i = 0; i < s->elements; i++) {
        km_str rest, wanted = s->element[i], head = km_str_cut(wanted, '.', &rest);
        if (km_str_eq(wanted, name) || (rest.n > 0 && km_str_eq(rest, name)))
            return true;
        (void)head;
    }
    return false;
}

/* Mandatory elements always stay (R4 3.1.1.5.8, 3.1.1.5.9). */
static bool shown(const km_showing *s, km_ftype type, km_str name)
{
    km_ftype ignored;
    if (name.n > 0 && name.p[0] == '_')
        name = km_str_sub(name, 1, name.n);
    const km_element *e = km_fhir_element(type, name, &ignored);
    if (s->summary == KM_SUMMARY_DATA)
        return !km_str_is(name, "text");
    if (e != NULL && e->min > 0)
        return true;
    if (s->summary == KM_SUMMARY_TEXT)
        return km_str_is(name, "text");
    if (s->summary == KM_SUMMARY_TRUE)
        return e != NULL && e->summary;
    return listed(s, name) || (e != NULL && listed(s, e->name));
}

static void print_meta(km_jw *w, km_jv meta)
{
    bool tagged = false;
    km_jw_key(w, "meta");
    km_jw_open(w, '{');
    for (km_jv_iter i = km_jv_each(meta); km_jv_next(&i);) {
        km_jw_key_str(w, i.name);
        if (!km_str_is(i.name, "tag")) {
            km_jw_value(w, i.value);
            continue;
        }
        tagged = true;
        km_jw_open(w, '[');
        for (km_jv_iter t = km_jv_each(i.value); km_jv_next(&t);)
            km_jw_value(w, t.value);
        km_jw_raw(
            w, KM_STR("{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ObservationValue\","
                      "\"code\":\"SUBSETTED\"}"));
        km_jw_close(w, ']');
    }
    if (!tagged)
        km_jw_raw(w, KM_STR("\"tag\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Observ"
                            "ationValue\",\"code\":\"SUBSETTED\"}]"));
    km_jw_close(w, '}');
}

static km_code print_part(km_buf *out, km_record *r, const km_showing *s, km_call *call)
{
    km_json *doc;
    km_buf whole = km_buf_in(call->arena);
    km_json_limits ours = { 256, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    km_record_print(&whole, r);
    KM_TRY(km_json_parse(&doc, call->arena, km_buf_str(&whole), &ours, call->fault));
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    for (km_jv_iter i = km_jv_each(km_json_root(doc)); km_jv_next(&i);) {
        if (km_str_is(i.name, "meta"))
            print_meta(&w, i.value);
        else if (km_str_is(i.name, "resourceType") || km_str_is(i.name, "id")
                 || shown(s, r->type, i.name)) {
            km_jw_key_str(&w, i.name);
            km_jw_value(&w, i.value);
        }
    }
    km_jw_close(&w, '}');
    return KM_OK;
}

km_code km_show__resource(km_buf *out, km_record *r, const km_showing *s, km_call *call)
{
    if (s == NULL
        || (s->elements == 0
            && (s->summary == KM_SUMMARY_FALSE || s->summary == KM_SUMMARY_COUNT))) {
        km_record_print(out, r);
        return KM_OK;
    }
    return print_part(out, r, s, call);
}

/* Two spaces a level; the text is our own, so quotes and brackets are in order. */
void km_show__pretty(km_buf *out, km_str json)
{
    int depth = 0;
    bool text = false;
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (text) {
            km_buf_char(out, c);
            if (c == '\\' && i + 1 < json.n)
                km_buf_char(out, json.p[++i]);
            text = c != '"';
            continue;
        }
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        bool empty = opens && i + 1 < json.n && (json.p[i + 1] == '}' || json.p[i + 1] == ']');
        bool closes_empty = closes && i > 0 && (json.p[i - 1] == '{' || json.p[i - 1] == '[');
        depth += opens ? 1 : closes ? -1 : 0;
        if (closes && !closes_empty)
            km_buf_print(out, "\n%*s", 2 * depth, "");
        km_buf_char(out, c);
        if ((opens && !empty) || c == ',')
            km_buf_print(out, "\n%*s", 2 * depth, "");
        if (c == ':')
            km_buf_char(out, ' ');
        text = c == '"';
    }
    km_buf_char(out, '\n');
}

km_code km_show__body(km_reply *out, km_request *r, km_buf *json, int status)
{
    out->status = status;
    out->type = KM_FHIR_JSON;
    out->body = km_buf_str(json);
    if (km_str_is(km_request_query(r, "_pretty"), "true")) {
        km_buf pretty = km_buf_in(r->call.arena);
        km_show__pretty(&pretty, out->body);
        out->body = km_buf_str(&pretty);
    }
    return KM_OK;
}

/* --- negotiation --- */

static bool is_json_type(km_str type)
{
    static const char *const names[] = { "application/fhir+json",
                                         "application/json",
                                         "application/json+fhir",
                                         "text/json",
                                         "json",
                                         "*/*",
                                         "application/*" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (km_str_eq_nocase(type, km_str_of(names[i])))
            return true;
    return false;
}

km_code km_show__acceptable(const km_request *r)
{
    km_str format = km_request_query(r, "_format"), accept = km_request_header(r, "Accept"), rest;
    if (format.n > 0) {
        km_str type = km_str_trim(km_str_cut(format, ';', &rest));
        km_buf plus = km_buf_in(r->call.arena); /* a '+' sent unencoded arrives as a space */
        for (size_t i = 0; i < type.n; i++)
            km_buf_char(&plus, type.p[i] == ' ' ? '+' : type.p[i]);
        return is_json_type(km_buf_str(&plus))
                   ? KM_OK
                   : km_fail(r->call.fault, KM_NOT_ACCEPTABLE, "_format", "this node speaks JSON");
    }
    bool any = accept.n == 0;
    while (accept.n > 0 && !any) {
        km_str one = km_str_cut(accept, ',', &accept);
        any = is_json_type(km_str_trim(km_str_cut(one, ';', &rest)));
    }
    return any ? KM_OK : km_fail(r->call.fault, KM_NOT_ACCEPTABLE, NULL, "this node speaks JSON");
}

km_code km_show__content_type(const km_request *r)
{
    km_str rest, type = km_str_trim(km_str_cut(km_request_header(r, "Content-Type"), ';', &rest));
    if (!is_json_type(type) || km_str_find(type, '*') < type.n)
        return km_fail(r->call.fault, KM_MEDIA_TYPE, NULL, "send application/fhir+json");
    km_str charset = km_str_trim(rest);
    if (km_str_starts(charset, KM_STR("charset="))
        && !km_str_eq_nocase(km_str_sub(charset, 8, charset.n), KM_STR("utf-8"))
        && !km_str_eq_nocase(km_str_sub(charset, 8, charset.n), KM_STR("\"utf-8\"")))
        return km_fail(r->call.fault, KM_MEDIA_TYPE, NULL, "send UTF-8");
    return KM_OK;
}

km_return km_show__prefer(const km_request *r, bool *lenient)
{
    static const char *const names[] = { "", "return=minimal", "return=representation",
                                         "return=OperationOutcome" };
    km_return out = KM_RETURN_DEFAULT;
    km_str prefer = km_request_header(r, "Prefer");
    if (lenient != NULL)
        *lenient = false;
    while (prefer.n > 0) {
        km_str rest = prefer, one;
        size_t end = 0;
        while (end < rest.n && rest.p[end] != ',' && rest.p[end] != ';')
            end++;
        one = km_str_trim(km_str_sub(rest, 0, end));
        prefer = km_str_sub(rest, end + 1, rest.n);
        for (int i = 1; i < 4; i++)
            if (km_str_eq_nocase(one, km_str_of(names[i])))
                out = (km_return)i;
        if (lenient != NULL && km_str_eq_nocase(one, KM_STR("handling=lenient")))
            *lenient = true;
    }
    return out;
}

km_code km_show__options(km_showing *out, const km_request *r)
{
    static const char *const names[] = { "false", "true", "text", "data", "count" };
    km_str summary = km_request_query(r, "_summary"), elements = km_request_query(r, "_elements");
    *out = (km_showing){ 0 };
    bool known = summary.n == 0;
    for (int i = 0; i < 5; i++)
        if (km_str_is(summary, names[i])) {
            out->summary = (km_summary)i;
            known = true;
        }
    if (!known)
        return km_fail(r->call.fault, KM_BAD_VALUE, "_summary", "true, text, data or false");
    km_str *list = KM_NEW_ARRAY(r->call.arena, elements.n + 1, km_str);
    while (elements.n > 0)
        list[out->elements++] = km_str_trim(km_str_cut(elements, ',', &elements));
    out->element = list;
    return KM_OK;
}

/* --- versions --- */

int64_t km_show__tag_version(km_str tag)
{
    int64_t v;
    if (km_str_starts(tag, KM_STR("W/")))
        tag = km_str_sub(tag, 2, tag.n);
    if (tag.n >= 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"')
        tag = km_str_sub(tag, 1, tag.n - 2);
    return km_str_to_i64(&v, tag) && v > 0 ? v : 0;
}

bool km_show__tag_meets(km_str tags, int32_t version)
{
    while (tags.n > 0) {
        km_str one = km_str_trim(km_str_cut(tags, ',', &tags));
        if (km_str_is(one, "*") || km_show__tag_version(one) == version)
            return true;
    }
    return false;
}

km_str km_show__base(const km_request *r)
{
    if (r->host.n == 0 || r->host.n > 255)
        return KM_STR("/fhir");
    for (size_t i = 0; i < r->host.n; i++) { /* it goes into links: names, ports, nothing else */
        char c = r->host.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                    || c == '.' || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
        if (!fine)
            return KM_STR("/fhir");
    }
    return km_arena_print(r->call.arena, "%s://%.*s/fhir", r->tls ? "https" : "http",
                          KM_STR_ARG(r->host));
}

static void version_headers(km_reply *out, km_request *r, int32_t version, km_ms at)
{
    char date[30];
    km_http_date_print(date, at);
    km_reply_header(out, "ETag", km_arena_print(r->call.arena, "W/\"%d\"", version));
    if (at > 0)
        km_reply_header(out, "Last-Modified", km_arena_copy(r->call.arena, km_str_of(date)));
}

km_code km_show__version(km_reply *out, km_request *r, km_record *rec, int status)
{
    km_buf json = km_buf_in(r->call.arena);
    km_showing s;
    KM_TRY(km_show__options(&s, r));
    version_headers(out, r, rec->version, rec->at);
    KM_TRY(km_show__resource(&json, rec, &s, &r->call));
    return km_show__body(out, r, &json, status);
}

void km_show__change_headers(km_reply *out, km_request *r, const km_change *c)
{
    if (c->version == 0)
        return;
    version_headers(out, r, c->version, c->at);
    if (c->op != KM_OP_DELETE && (c->status == 201 || c->existing))
        km_reply_header(out, "Location",
                        km_arena_print(r->call.arena, "%.*s/%.*s/%.*s/_history/%d",
                                       KM_STR_ARG(km_show__base(r)),
                                       KM_STR_ARG(km_fhir_type_name(c->type)), KM_STR_ARG(c->id),
                                       c->version));
}
