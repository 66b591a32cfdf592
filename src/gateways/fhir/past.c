/* SPDX-License-Identifier: Apache-2.0
 *
 * past: histories (R4 3.1.0.12) of a resource, a type, the node; newest first, paged by sealed
 * cursor.
 */
#include "base/date.h"
#include "gateways/fhir/inside.h"

typedef struct looking {
    km_history h;
    size_t room;
    km_str path;
} looking;

static km_code read_instant(km_ms *out, km_request *r, const char *name, bool end)
{
    km_civil c;
    km_ms low, high;
    km_str text = km_request_query(r, name);
    if (text.n == 0)
        return KM_OK;
    if (!km_civil_parse(&c, text))
        return km_fail(r->call.fault, KM_BAD_VALUE, name, "an instant");
    km_civil_interval(&low, &high, &c);
    *out = end ? high : low;
    return KM_OK;
}

static km_code read_options(looking *l, km_request *r)
{
    int64_t count;
    km_str text = km_request_query(r, "_count"), cursor = km_request_query(r, "_cursor"), plain,
           rest;
    l->room = KM_HISTORY_DEFAULT;
    l->h.chart = -1;
    if (cursor.n > 0) { /* path NUL before NUL count NUL since */
        int64_t room = 0, since = 0;
        KM_TRY(km_cursor__open(&plain, r, cursor));
        km_str path = km_str_cut(plain, '\0', &rest);
        bool fine = km_str_eq(path, l->path)
                    && km_str_to_i64(&l->h.before, km_str_cut(rest, '\0', &rest))
                    && km_str_to_i64(&room, km_str_cut(rest, '\0', &rest))
                    && km_str_to_i64(&since, rest);
        l->room = (size_t)room;
        l->h.since = since;
        return fine ? KM_OK : km_fail(r->call.fault, KM_BAD_VALUE, "_cursor", "another history's");
    }
    if (text.n > 0) {
        if (!km_str_to_i64(&count, text) || count < 0)
            return km_fail(r->call.fault, KM_BAD_VALUE, "_count", "a number from 0 on");
        l->room = count > 1000 ? 1000 : (size_t)count;
    }
    KM_TRY(read_instant(&l->h.since, r, "_since", false));
    return read_instant(&l->h.until, r, "_at", true);
}

static void print_request(km_jw *w, km_request *r, const km_record *rec)
{
    const char *method = rec->deleted ? "DELETE" : rec->put ? "PUT" : "POST";
    bool with_id = rec->deleted || rec->put;
    km_arena *a = r->call.arena;
    km_jw_key(w, "request");
    km_jw_open(w, '{');
    km_jw_member_z(w, "method", method);
    km_jw_member(w, "url",
                 km_arena_print(a, "%.*s%s%.*s", KM_STR_ARG(km_fhir_type_name(rec->type)),
                                with_id ? "/" : "", with_id ? (int)rec->id.n : 0, rec->id.p));
    km_jw_close(w, '}');
}

static km_code print_version(km_jw *w, km_request *r, km_record *rec)
{
    char instant[25];
    km_arena *a = r->call.arena;
    km_jw_open(w, '{');
    km_jw_member(w, "fullUrl",
                 km_arena_print(a, "%.*s/%.*s/%.*s", KM_STR_ARG(km_show__base(r)),
                                KM_STR_ARG(km_fhir_type_name(rec->type)), KM_STR_ARG(rec->id)));
    if (!rec->deleted) {
        km_jw_key(w, "resource");
        KM_TRY(km_show__resource(w->out, rec, NULL, &r->call));
        w->comma = true;
    }
    print_request(w, r, rec);
    km_instant_print(instant, rec->at);
    km_jw_key(w, "response");
    km_jw_open(w, '{');
    km_jw_member_z(w, "status",
                   rec->deleted        ? "204 No Content"
                   : rec->version == 1 ? "201 Created"
                                       : "200 OK");
    km_jw_member(w, "etag", km_arena_print(a, "W/\"%d\"", rec->version));
    km_jw_member_z(w, "lastModified", instant);
    km_jw_close(w, '}');
    km_jw_close(w, '}');
    return KM_OK;
}

static km_str next_link(km_request *r, const looking *l, int64_t before)
{
    km_arena *a = r->call.arena;
    km_buf plain = km_buf_in(a);
    km_buf_add(&plain, l->path);
    km_buf_char(&plain, '\0');
    km_buf_print(&plain, "%lld", (long long)before);
    km_buf_char(&plain, '\0');
    km_buf_print(&plain, "%zu", l->room);
    km_buf_char(&plain, '\0');
    km_buf_print(&plain, "%lld", (long long)l->h.since);
    return km_arena_print(a, "%.*s/%.*s?_cursor=%.*s", KM_STR_ARG(km_show__base(r)),
                          KM_STR_ARG(l->path), KM_STR_ARG(km_cursor__seal(r, km_buf_str(&plain))));
}

static km_code print_history(km_buf *out, km_request *r, const looking *l, km_record **rec,
                             size_t n)
{
    km_jw w = km_jw_on(out);
    bool more = n > l->room;
    if (more)
        n = l->room;
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Bundle");
    km_jw_member_z(&w, "type", "history");
    if (more && n > 0) {
        km_jw_key(&w, "link");
        km_jw_open(&w, '[');
        km_jw_open(&w, '{');
        km_jw_member_z(&w, "relation", "next");
        km_jw_member(&w, "url", next_link(r, l, rec[n - 1]->seq));
        km_jw_close(&w, '}');
        km_jw_close(&w, ']');
    } else if (l->h.before == 0 && l->h.since == 0 && l->h.until == 0)
        km_jw_member_int(&w, "total", (int64_t)n);
    if (n > 0) {
        km_jw_key(&w, "entry");
        km_jw_open(&w, '[');
        for (size_t i = 0; i < n; i++)
            KM_TRY(print_version(&w, r, rec[i]));
        km_jw_close(&w, ']');
    }
    km_jw_close(&w, '}');
    return KM_OK;
}

static km_code look(km_buf *out, km_request *r, looking *l, km_reader *reader)
{
    km_record **rec = KM_NEW_ARRAY(r->call.arena, l->room + 1, km_record *);
    size_t n;
    KM_TRY(km_reader_history(rec, &n, l->room + 1, reader, &l->h));
    KM_TRY(km_access_release(km_reader_access(reader), rec, n, r->call.fault));
    return print_history(out, r, l, rec, n);
}

static km_code serve(km_request *r, km_reply *out, looking *l, km_str id)
{
    km_reader *reader;
    km_buf json = km_buf_in(r->call.arena);
    int64_t chart;
    KM_TRY(km_show__acceptable(r));
    KM_TRY(read_options(l, r));
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_reads));
    km_code rc = KM_OK;
    if (id.n > 0)
        rc = km_reader_locate(&chart, &l->h.rid, reader, l->h.type, id,
                              ((const km_caller *)r->call.caller)->source);
    if (rc == KM_OK)
        rc = look(&json, r, l, reader);
    km_reader_close(reader);
    KM_TRY(rc);
    return km_show__body(out, r, &json, 200);
}

km_code km_fhir__history_instance(km_request *r, km_reply *out)
{
    looking l = { 0 };
    km_str id;
    KM_TRY(km_fhir__type_of(&l.h.type, r));
    KM_TRY(km_fhir__id_of(&id, r));
    l.path = km_arena_print(r->call.arena, "%.*s/%.*s/_history",
                            KM_STR_ARG(km_fhir_type_name(l.h.type)), KM_STR_ARG(id));
    return serve(r, out, &l, id);
}

km_code km_fhir__history_type(km_request *r, km_reply *out)
{
    looking l = { 0 };
    KM_TRY(km_fhir__type_of(&l.h.type, r));
    l.path = km_arena_print(r->call.arena, "%.*s/_history",
                            KM_STR_ARG(km_fhir_type_name(l.h.type)));
    return serve(r, out, &l, KM_STR_NONE);
}

km_code km_fhir__history_all(km_request *r, km_reply *out)
{
    looking l = { .path = KM_STR_INIT("_history") };
    return serve(r, out, &l, KM_STR_NONE);
}

/* --- GET inside a Bundle --- */

static km_code get_record(km_buf *out, km_request *r, km_ftype type, km_str id, km_str version)
{
    km_reader *reader;
    km_record *rec;
    int64_t v = 0;
    km_code rc;
    if (version.n > 0 && (!km_str_to_i64(&v, version) || v < 1 || v > INT32_MAX))
        return km_fail(r->call.fault, KM_NOT_FOUND, NULL, "no such version");
    int32_t source = ((const km_caller *)r->call.caller)->source;
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_reads));
    rc = v > 0 ? km_reader_version(&rec, reader, type, id, source, (int32_t)v)
               : km_reader_find(&rec, reader, type, id, source);
    if (rc == KM_OK && rec->deleted)
        rc = km_fail(r->call.fault, KM_GONE, NULL, NULL);
    if (rc == KM_OK)
        rc = km_access_release(km_reader_access(reader), &rec, 1, r->call.fault);
    if (rc == KM_OK)
        rc = km_show__resource(out, rec, NULL, &r->call);
    km_reader_close(reader);
    return rc;
}

km_code km_fhir__get_relative(km_buf *out, int *status, km_request *r, km_str url)
{
    km_str query, rest, path = km_str_cut(url, '?', &query);
    if (km_str_starts(path, KM_STR("/")))
        path = km_str_sub(path, 1, path.n);
    km_ftype type = km_fhir_type_named(km_str_cut(path, '/', &rest));
    *status = 200;
    if (!km_fhir_is_resource(type))
        return km_fail(r->call.fault, KM_UNKNOWN_TYPE, NULL, NULL);
    if (rest.n == 0 || km_str_is(rest, "_search")) {
        km_finding f = { .type = type };
        KM_TRY(km_form_decode(&f.field, &f.fields, r->call.arena, query, r->call.fault));
        return km_find__print(out, r, &f);
    }
    km_str id = km_str_cut(rest, '/', &rest);
    if (!km_fhir_is_id(id))
        return km_fail(r->call.fault, KM_NOT_FOUND, NULL, NULL);
    km_str word = km_str_cut(rest, '/', &rest);
    if (word.n > 0 && (!km_str_is(word, "_history") || rest.n == 0))
        return km_fail(r->call.fault, KM_UNSUPPORTED, NULL, "only reads and searches in a Bundle");
    return get_record(out, r, type, id, rest);
}
