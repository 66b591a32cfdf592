/* SPDX-License-Identifier: Apache-2.0
 *
 * bundle: batch and transaction (R4 3.1.0.11). A transaction is one list of changes, all or
 * nothing; a batch is many lists of one. Reads come after writes.
 */
#include "gateways/fhir/inside.h"

#include <stdio.h>

#include "base/date.h"

typedef enum verb { VERB_DELETE, VERB_POST, VERB_PUT, VERB_GET, VERBS } verb;

typedef struct entry {
    verb verb;
    km_str url;
    km_change change;
    km_inner inner;
    char place[48];
    km_str resource; /* answer of a GET or the outcome of a refusal */
    int status;
    bool refused;
} entry;

typedef struct bundling {
    km_request *r;
    km_writing w;
    entry *e;
    size_t n;
    km_jv root;
} bundling;

/* --- reading --- */

static km_code wrong(bundling *b, const entry *e, const char *element, const char *what)
{
    char path[96];
    snprintf(path, sizeof path, "%.*s%s%s", (int)(strlen(e->place) - strlen(".resource")), e->place,
             element[0] ? "." : "", element);
    return km_fail(b->r->call.fault, KM_INVALID, path, "%s", what);
}

/* Type, Type/id or Type?condition. */
static km_code read_url(bundling *b, entry *e)
{
    km_str query, id, path = km_str_cut(e->url, '?', &query);
    km_str base = b->w.base;
    if (km_str_starts(path, base) && path.n > base.n)
        path = km_str_sub(path, base.n + 1, path.n);
    if (km_str_starts(path, KM_STR("/")))
        path = km_str_sub(path, 1, path.n);
    km_str type = km_str_cut(path, '/', &id);
    km_change *c = &e->change;
    c->type = km_fhir_type_named(type);
    if (!km_fhir_is_resource(c->type))
        return wrong(b, e, "request.url", "no such resource type");
    if (id.n > 0 && !km_fhir_is_id(id))
        return wrong(b, e, "request.url", "that is no id");
    c->id = id;
    c->condition = query;
    c->conditional = query.n > 0;
    bool fits = e->verb == VERB_POST ? id.n == 0 && query.n == 0 : (id.n > 0) != (query.n > 0);
    return fits ? KM_OK : wrong(b, e, "request.url", "the address does not go with the method");
}

static km_code read_resource(bundling *b, entry *e, km_jv value)
{
    km_str type = km_jv_str(KM_JV_GET(KM_JV_GET(value, "resource"), "resourceType"));
    km_change *c = &e->change;
    c->resource = KM_JV_GET(value, "resource");
    if (!km_jv_is(c->resource, KM_JSON_OBJECT))
        return wrong(b, e, "resource", "a resource must stand here");
    if (km_fhir_type_named(type) != c->type)
        return wrong(b, e, "request.url", "the address names another type than the resource");
    if (e->verb == VERB_PUT && c->id.n > 0
        && !km_str_eq(c->id, km_jv_str(KM_JV_GET(c->resource, "id"))))
        return wrong(b, e, "resource.id", "the address and the resource differ");
    return KM_OK;
}

static km_code read_entry(bundling *b, entry *e, km_jv value)
{
    static const struct {
        const char *name;
        verb verb;
        km_op op;
    } verbs[] = { { "DELETE", VERB_DELETE, KM_OP_DELETE },
                  { "POST", VERB_POST, KM_OP_CREATE },
                  { "PUT", VERB_PUT, KM_OP_UPDATE },
                  { "GET", VERB_GET, 0 },
                  { "HEAD", VERB_GET, 0 } };
    km_jv request = KM_JV_GET(value, "request");
    km_str method = km_jv_str(KM_JV_GET(request, "method"));
    e->verb = VERBS;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (km_str_is(method, verbs[i].name)) {
            e->verb = verbs[i].verb;
            e->change.op = verbs[i].op;
        }
    if (e->verb == VERBS)
        return wrong(b, e, "request.method", "GET, POST, PUT or DELETE");
    e->url = km_jv_str(KM_JV_GET(request, "url"));
    if (e->verb == VERB_GET) {
        km_code rc = km_inner__read(&e->inner, b->r, request);
        km_fault *f = b->r->call.fault;
        if (rc != KM_OK)
            snprintf(f->path, sizeof f->path, "Bundle.entry[%zu].request.url", b->n);
        return rc;
    }
    KM_TRY(read_url(b, e));
    km_change *c = &e->change;
    c->place = e->place;
    c->full_url = km_jv_str(KM_JV_GET(value, "fullUrl"));
    km_str none = km_jv_str(KM_JV_GET(request, "ifNoneMatch"));
    c->create_only = km_str_is(none, "*");
    km_str match = km_jv_str(KM_JV_GET(request, "ifMatch"));
    c->if_match = km_show__tag_version(match);
    if (match.n > 0 && c->if_match == 0)
        return km_fail(b->r->call.fault, KM_PRECONDITION, e->place,
                       "ifMatch is no version of ours");
    if (e->verb == VERB_DELETE)
        return KM_OK;
    km_str exist = km_jv_str(KM_JV_GET(request, "ifNoneExist"));
    if (e->verb == VERB_POST && exist.n > 0) {
        c->condition = exist.p[0] == '?' ? km_str_sub(exist, 1, exist.n) : exist;
        c->conditional = true;
    }
    return read_resource(b, e, value);
}

static km_code refuse_entry(bundling *b, entry *e)
{
    km_buf json = km_buf_in(b->r->call.arena);
    km_outcome_print(&json, b->r->call.fault);
    e->resource = km_buf_str(&json);
    e->status = km_code_http(b->r->call.fault->code);
    e->refused = true;
    km_fault_clear(b->r->call.fault);
    return KM_OK;
}

static km_code check_entry(bundling *b, const entry *e, km_jv value)
{
    char path[sizeof e->place];
    snprintf(path, sizeof path, "%.*s", (int)(strlen(e->place) - strlen(".resource")), e->place);
    return km_fhir_check_value(value, km_fhir_type_named(KM_STR("Bundle.entry")), path,
                               b->r->call.fault);
}

static km_code read_entries(bundling *b, bool batch, bool checked)
{
    km_jv list = KM_JV_GET(b->root, "entry");
    b->n = 0;
    if (km_jv_count(list) > KM_BUNDLE_MAX)
        return km_fail(b->r->call.fault, KM_TOO_COSTLY, "Bundle.entry", "at most %d entries",
                       KM_BUNDLE_MAX);
    b->e = KM_NEW_ARRAY(b->r->call.arena, km_jv_count(list) + 1, entry);
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i); b->n++) {
        entry *e = &b->e[b->n];
        snprintf(e->place, sizeof e->place, "Bundle.entry[%zu].resource", b->n);
        km_code rc = checked ? KM_OK : check_entry(b, e, i.value);
        if (rc == KM_OK)
            rc = read_entry(b, e, i.value);
        if (rc != KM_OK && batch)
            rc = refuse_entry(b, e);
        KM_TRY(rc);
    }
    return KM_OK;
}

/* --- carrying out --- */

/* The writes are done by now, of a transaction too: a read that is refused is told in its entry. */
static km_code run_reads(bundling *b)
{
    for (size_t i = 0; i < b->n; i++) {
        entry *e = &b->e[i];
        km_buf json = km_buf_in(b->r->call.arena);
        if (e->verb != VERB_GET || e->refused)
            continue;
        km_code rc = km_inner__answer(&json, &e->status, b->r, &e->inner);
        if (rc == KM_OK && km_arena_over(b->r->call.arena))
            rc = km_fail(b->r->call.fault, KM_TOO_COSTLY, NULL, "ask for less in one request");
        if (rc != KM_OK)
            KM_TRY(refuse_entry(b, e));
        else
            e->resource = km_buf_str(&json);
    }
    return KM_OK;
}

/* Order of the standard: deletions, creations, updates (R4 3.1.0.11.2). */
static km_code transact(bundling *b)
{
    km_change *all = KM_NEW_ARRAY(b->r->call.arena, b->n + 1, km_change);
    size_t *from = KM_NEW_ARRAY(b->r->call.arena, b->n + 1, size_t);
    size_t n = 0, failed;
    for (verb v = VERB_DELETE; v < VERB_GET; v++)
        for (size_t i = 0; i < b->n; i++)
            if (b->e[i].verb == v) {
                from[n] = i;
                all[n++] = b->e[i].change;
            }
    KM_TRY(n == 0 ? KM_OK : km_changes_carry_out(&b->w, all, n, &failed));
    for (size_t i = 0; i < n; i++) {
        b->e[from[i]].change = all[i];
        b->e[from[i]].status = all[i].status;
    }
    return run_reads(b);
}

static km_code run_batch(bundling *b)
{
    for (size_t i = 0; i < b->n; i++) {
        entry *e = &b->e[i];
        size_t failed;
        if (e->refused || e->verb == VERB_GET)
            continue;
        km_code rc = km_changes_carry_out(&b->w, &e->change, 1, &failed);
        e->status = e->change.status;
        if (rc == KM_NOT_FOUND && e->verb == VERB_DELETE) {
            km_fault_clear(b->r->call.fault);
            e->status = 204;
        } else if (rc != KM_OK)
            KM_TRY(refuse_entry(b, e));
    }
    return run_reads(b);
}

/* --- answering --- */

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = { { 200, "200 OK" },
                 { 201, "201 Created" },
                 { 204, "204 No Content" },
                 { 304, "304 Not Modified" },
                 { 400, "400 Bad Request" },
                 { 404, "404 Not Found" },
                 { 409, "409 Conflict" },
                 { 410, "410 Gone" },
                 { 412, "412 Precondition Failed" },
                 { 422, "422 Unprocessable Entity" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return NULL;
}

static void print_response(km_jw *w, bundling *b, const entry *e)
{
    char number[8], instant[25];
    const km_change *c = &e->change;
    const char *text = status_text(e->status);
    snprintf(number, sizeof number, "%d", e->status);
    km_jw_key(w, "response");
    km_jw_open(w, '{');
    km_jw_member_z(w, "status", text ? text : number);
    if (!e->refused && c->version > 0) {
        km_arena *a = b->r->call.arena;
        if (c->op != KM_OP_DELETE)
            km_jw_member(w, "location",
                         km_arena_print(a, "%.*s/%.*s/%.*s/_history/%d", KM_STR_ARG(b->w.base),
                                        KM_STR_ARG(km_fhir_type_name(c->type)), KM_STR_ARG(c->id),
                                        c->version));
        km_jw_member(w, "etag", km_arena_print(a, "W/\"%d\"", c->version));
        km_instant_print(instant, c->at);
        km_jw_member_z(w, "lastModified", instant);
    }
    if (e->refused) {
        km_jw_key(w, "outcome");
        km_jw_raw(w, e->resource);
    }
    km_jw_close(w, '}');
}

static km_code release_stored(bundling *b, km_reader *reader, const entry *e, km_record *rec)
{
    km_reader *reads;
    if (!e->change.existing)
        return km_access_release(km_reader_access(reader), &rec, 1, b->r->call.fault);
    KM_TRY(km_fhir__reader(&reads, b->r, &km_fhir_reads));
    km_code rc = km_access_release(km_reader_access(reads), &rec, 1, b->r->call.fault);
    km_reader_close(reads);
    return rc;
}

static km_code print_stored(km_jw *w, bundling *b, km_reader *reader, const entry *e)
{
    km_record *rec;
    if (e->verb == VERB_DELETE || e->refused || e->change.rid == 0)
        return KM_OK;
    KM_TRY(km_reader_by_rid(&rec, reader, e->change.rid));
    KM_TRY(release_stored(b, reader, e, rec));
    km_jw_key(w, "resource");
    w->comma = false;
    km_record_print(w->out, rec);
    w->comma = true;
    return KM_OK;
}

static km_code print_entries(km_jw *w, bundling *b, km_reader *reader)
{
    km_jw_key(w, "entry");
    km_jw_open(w, '[');
    for (size_t i = 0; i < b->n; i++) {
        const entry *e = &b->e[i];
        km_jw_open(w, '{');
        if (e->verb == VERB_GET && !e->refused && e->resource.n > 0) {
            km_jw_key(w, "resource");
            km_jw_raw(w, e->resource);
        } else if (reader != NULL)
            KM_TRY(print_stored(w, b, reader, e));
        print_response(w, b, e);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
    return KM_OK;
}

static km_code answer(bundling *b, km_reply *out, const char *type)
{
    km_buf json = km_buf_in(b->r->call.arena);
    km_jw w = km_jw_on(&json);
    km_reader *reader = NULL;
    if (km_show__prefer(b->r, NULL) == KM_RETURN_REPRESENTATION)
        KM_TRY(km_fhir__reader(&reader, b->r, &km_fhir_writes));
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Bundle");
    km_jw_member_z(&w, "type", type);
    km_code rc = b->n > 0 ? print_entries(&w, b, reader) : KM_OK;
    if (reader != NULL)
        km_reader_close(reader);
    KM_TRY(rc);
    km_jw_close(&w, '}');
    return km_show__body(out, b->r, &json, 200);
}

/* In a batch one wrong entry is no reason to refuse the others, so where the whole does not pass,
 * each is checked for itself. */
static km_code read_bundle(bundling *b, bool *batch)
{
    km_json *doc;
    km_fault *f = b->r->call.fault;
    KM_TRY(km_json_parse(&doc, b->r->call.arena, b->r->body, &km_change_limits, f));
    b->root = km_json_root(doc);
    if (!km_str_is(km_jv_str(KM_JV_GET(b->root, "resourceType")), "Bundle"))
        return km_fail(f, KM_BAD_VALUE, "resourceType", "a Bundle goes here");
    km_str kind = km_jv_str(KM_JV_GET(b->root, "type"));
    *batch = km_str_is(kind, "batch");
    if (!*batch && !km_str_is(kind, "transaction"))
        return km_fail(f, KM_BAD_VALUE, "Bundle.type", "batch or transaction");
    km_code rc = km_fhir_check(b->root, f);
    if (rc == KM_OK || !*batch || km_jv_count(KM_JV_GET(b->root, "entry")) == 0)
        return rc == KM_OK ? read_entries(b, *batch, true) : rc;
    km_fault whole = *f;
    km_fault_clear(f);
    KM_TRY(read_entries(b, true, false));
    for (size_t i = 0; i < b->n; i++)
        if (b->e[i].refused)
            return KM_OK;
    *f = whole;
    return rc;
}

km_code km_fhir__bundle(km_request *r, km_reply *out)
{
    bundling b = { .r = r };
    bool batch = false;
    KM_TRY(km_show__content_type(r));
    KM_TRY(km_show__acceptable(r));
    b.w = (km_writing){ .node = km_request_node(r),
                        .call = &r->call,
                        .policy = &km_fhir_writes,
                        .base = km_show__base(r),
                        .source = ((const km_caller *)r->call.caller)->source,
                        .references_reported = !km_request_node(r)->config->references_checked };
    KM_TRY(read_bundle(&b, &batch));
    KM_TRY(km_trust_access(&b.w.access, b.w.node->trust, &km_fhir_writes, &r->call));
    KM_TRY(batch ? run_batch(&b) : transact(&b));
    return answer(&b, out, batch ? "batch-response" : "transaction-response");
}
