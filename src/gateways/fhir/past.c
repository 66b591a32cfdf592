/* SPDX-License-Identifier: Apache-2.0
 *
 * past: histories (R4 3.1.0.12) of a resource, a type, the node; newest first, paged by sealed
 * cursor.
 */
#include "base/date.h"
#include "gateways/fhir/inside.h"

enum { HISTORY_MAX = 1000 };

typedef struct looking {
    km_history h;
    km_str path;
    const km_field *field;
    size_t fields;
    bool lenient;
    size_t room;
    km_ms current_at; /* _at: nothing that was replaced before this; 0 = no such wish */
    int64_t total;    /* -1: not known */
} looking;

static km_str field_of(const looking *l, const char *name)
{
    for (size_t i = 0; i < l->fields; i++)
        if (km_str_is(l->field[i].name, name))
            return l->field[i].value;
    return KM_STR_NONE;
}

static km_code read_period(km_ms *low, km_ms *high, const looking *l, km_request *r,
                           const char *name)
{
    km_civil c;
    km_ms ignored;
    km_str text = field_of(l, name);
    if (text.n == 0)
        return KM_OK;
    if (!km_civil_parse(&c, text))
        return km_fail(r->call.fault, KM_BAD_VALUE, name, "an instant");
    km_civil_interval(low ? low : &ignored, high ? high : &ignored, &c);
    return KM_OK;
}

static km_code known_fields(const looking *l, km_request *r)
{
    static const char *const names[] = {
        "_count", "_since", "_at", "_cursor", "_format", "_pretty"
    };
    for (size_t i = 0; i < l->fields && !l->lenient; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            known = known || km_str_is(l->field[i].name, names[k]);
        if (!known)
            return km_fail(r->call.fault, KM_UNKNOWN_PARAM,
                           km_arena_z(r->call.arena, l->field[i].name),
                           "a history takes _count, _since and _at");
    }
    return KM_OK;
}

/* A cursor's plain text: path NUL before NUL room NUL since NUL until NUL at NUL total. */
enum { CURSOR_NUMBERS = 6 };

static km_code read_cursor(looking *l, km_request *r, km_str cursor)
{
    km_str plain, rest;
    int64_t number[CURSOR_NUMBERS];
    KM_TRY(km_cursor__open(&plain, r, cursor));
    bool fine = km_str_eq(km_str_cut(plain, '\0', &rest), l->path);
    for (int i = 0; i < CURSOR_NUMBERS && fine; i++)
        fine = km_str_to_i64(&number[i], km_str_cut(rest, '\0', &rest));
    if (!fine)
        return km_fail(r->call.fault, KM_BAD_VALUE, "_cursor", "it belongs to another history");
    l->h.before = number[0];
    l->room = (size_t)number[1];
    l->h.since = number[2];
    l->h.until = number[3];
    l->current_at = number[4];
    l->total = number[5];
    return KM_OK;
}

static km_code read_options(looking *l, km_request *r)
{
    int64_t count;
    km_str text = field_of(l, "_count"), cursor = field_of(l, "_cursor");
    l->room = KM_HISTORY_DEFAULT;
    l->h.chart = -1;
    l->total = -1;
    KM_TRY(known_fields(l, r));
    if (cursor.n > 0)
        KM_TRY(read_cursor(l, r, cursor));
    if (text.n > 0) {
        if (!km_str_to_i64(&count, text) || count < 0)
            return km_fail(r->call.fault, KM_BAD_VALUE, "_count", "a number from 0 on");
        l->room = count > HISTORY_MAX ? HISTORY_MAX : (size_t)count;
    }
    KM_TRY(read_period(&l->h.since, NULL, l, r, "_since"));
    KM_TRY(read_period(&l->current_at, &l->h.until, l, r, "_at"));
    if (l->current_at != 0 && l->h.rid == 0)
        return km_fail(r->call.fault, KM_UNSUPPORTED, "_at", "for the history of one record only");
    return KM_OK;
}

/* --- printing --- */

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
    const int64_t number[CURSOR_NUMBERS] = { before,     (int64_t)l->room, l->h.since,
                                             l->h.until, l->current_at,    l->total };
    km_buf plain = km_buf_in(a);
    km_buf_add(&plain, l->path);
    for (int i = 0; i < CURSOR_NUMBERS; i++) {
        km_buf_char(&plain, '\0');
        km_buf_print(&plain, "%lld", (long long)number[i]);
    }
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
    if (l->total >= 0)
        km_jw_member_int(&w, "total", l->total);
    if (more && n > 0) {
        km_jw_key(&w, "link");
        km_jw_open(&w, '[');
        km_jw_open(&w, '{');
        km_jw_member_z(&w, "relation", "next");
        km_jw_member(&w, "url", next_link(r, l, rec[n - 1]->seq));
        km_jw_close(&w, '}');
        km_jw_close(&w, ']');
    }
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

/* Versions come newest first: the first one that was there when the period began is the last that
 * counts. */
static size_t still_current(km_record **rec, size_t n, km_ms at)
{
    for (size_t i = 0; i < n; i++)
        if (rec[i]->at <= at)
            return i + 1;
    return n;
}

/* What is known without counting: all of it stands on this page, or the versions are numbered. */
static void settle_total(looking *l, km_record **rec, size_t n)
{
    bool whole = l->h.since == 0 && l->h.until == 0;
    if (l->h.before != 0 || l->total >= 0)
        return;
    if (n <= l->room)
        l->total = (int64_t)n;
    else if (whole && l->h.rid != 0)
        l->total = rec[0]->version;
}

static km_code look(km_buf *out, km_request *r, looking *l, km_reader *reader)
{
    km_record **rec = KM_NEW_ARRAY(r->call.arena, l->room + 1, km_record *);
    size_t n;
    KM_TRY(km_reader_history(rec, &n, l->room + 1, reader, &l->h));
    if (l->current_at != 0)
        n = still_current(rec, n, l->current_at);
    settle_total(l, rec, n);
    KM_TRY(km_access_release(km_reader_access(reader), rec, n, r->call.fault));
    return print_history(out, r, l, rec, n);
}

static km_code print(km_buf *out, km_request *r, looking *l, km_str id)
{
    km_reader *reader;
    int64_t chart;
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_histories));
    km_code rc = KM_OK;
    if (id.n > 0)
        rc = km_reader_locate(&chart, &l->h.rid, reader, l->h.type, id,
                              ((const km_caller *)r->call.caller)->source);
    if (rc == KM_OK)
        rc = read_options(l, r);
    if (rc == KM_OK)
        rc = look(out, r, l, reader);
    km_reader_close(reader);
    return rc;
}

km_code km_past__print(km_buf *out, km_request *r, const km_finding *f, km_str id)
{
    km_str type = km_fhir_type_name(f->type);
    looking l = {
        .h = { .type = f->type }, .field = f->field, .fields = f->fields, .lenient = f->lenient
    };
    l.path = km_arena_print(r->call.arena, "%.*s%s%.*s%s_history", KM_STR_ARG(type),
                            id.n > 0 ? "/" : "", KM_STR_ARG(id), type.n > 0 ? "/" : "");
    return print(out, r, &l, id);
}

static km_code serve(km_request *r, km_reply *out, km_ftype type, km_str id)
{
    km_buf json = km_buf_in(r->call.arena);
    km_finding f = { .type = type, .field = r->query, .fields = r->queries };
    (void)km_show__prefer(r, &f.lenient);
    KM_TRY(km_show__acceptable(r));
    KM_TRY(km_past__print(&json, r, &f, id));
    return km_show__body(out, r, &json, 200);
}

km_code km_fhir__history_instance(km_request *r, km_reply *out)
{
    km_ftype type;
    km_str id;
    KM_TRY(km_fhir__type_of(&type, r));
    KM_TRY(km_fhir__id_of(&id, r));
    return serve(r, out, type, id);
}

km_code km_fhir__history_type(km_request *r, km_reply *out)
{
    km_ftype type;
    KM_TRY(km_fhir__type_of(&type, r));
    return serve(r, out, type, KM_STR_NONE);
}

km_code km_fhir__history_all(km_request *r, km_reply *out)
{
    return serve(r, out, 0, KM_STR_NONE);
}
