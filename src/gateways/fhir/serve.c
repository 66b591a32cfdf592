/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: reading and writing one resource.
 */
#include "base/date.h"
#include "gateways/fhir/inside.h"

km_code km_fhir__type_of(km_ftype *out, km_request *r)
{
    *out = km_fhir_type_named(km_request_var(r, "type"));
    return km_fhir_is_resource(*out) ? KM_OK : km_fail(r->call.fault, KM_UNKNOWN_TYPE, NULL, NULL);
}

km_code km_fhir__id_of(km_str *out, km_request *r)
{
    *out = km_request_var(r, "id");
    return km_fhir_is_id(*out) ? KM_OK
                               : km_fail(r->call.fault, KM_NOT_FOUND, NULL, "that is no id");
}

km_code km_fhir__reader(km_reader **out, km_request *r, const km_policy *policy)
{
    km_access *access;
    KM_TRY(km_trust_access(&access, km_request_node(r)->trust, policy, &r->call));
    return km_reader_open(out, km_request_node(r)->log, access, &r->call);
}

static int32_t source_of(const km_request *r)
{
    return ((const km_caller *)r->call.caller)->source;
}

/* --- what is shown leaves when its trace is durable, and no thread waits for that (decision 16)
 * --- */

typedef struct traced {
    int64_t owed;
    km_audit_waiter waiter;
    km_request *request;
    km_code code;
} traced;

/* Before anything is released. */
static traced *trace_unattended(km_request *r, km_reader *reader)
{
    traced *t = KM_NEW(r->call.arena, traced);
    t->request = r;
    km_access_defer(km_reader_access(reader), &t->owed);
    return t;
}

static void is_traced(void *self, km_code rc)
{
    traced *t = self;
    t->code = rc;
    km_request_go_on(t->request);
}

static km_code let_go(km_request *r, km_reply *out)
{
    traced *t = out->self;
    out->self = NULL;
    return t->code == KM_OK ? KM_OK : km_fail(r->call.fault, t->code, NULL, "the trace");
}

/* The reply is made; `rc` is how. */
static km_code leave_traced(traced *t, km_request *r, km_reply *out, km_code rc)
{
    if (rc != KM_OK || t->owed == 0)
        return rc;
    out->self = t;
    out->then = let_go;
    km_audit_when(km_request_node(r)->audit, &t->waiter, t->owed, is_traced, t);
    return KM_OK;
}

/* --- read --- */

/* Where tags are asked for, the date is not looked at (RFC 9110 13.2.2). */
static bool not_modified(km_request *r, const km_record *rec)
{
    km_str tags = km_request_header(r, "If-None-Match");
    km_str since = km_request_header(r, "If-Modified-Since");
    km_ms at;
    if (tags.n > 0)
        return km_show__tag_meets(tags, rec->version);
    return since.n > 0 && km_http_date_parse(&at, since) && rec->at / 1000 <= at / 1000;
}

static km_code show_record(km_request *r, km_reply *out, km_reader *reader, km_record *rec)
{
    if (rec->deleted) {
        km_reply_header(out, "ETag", km_arena_print(r->call.arena, "W/\"%d\"", rec->version));
        return km_fail(r->call.fault, KM_GONE, NULL, NULL);
    }
    KM_TRY(km_access_release(km_reader_access(reader), &rec, 1, r->call.fault));
    if (not_modified(r, rec)) {
        out->status = 304;
        km_reply_header(out, "ETag", km_arena_print(r->call.arena, "W/\"%d\"", rec->version));
        return KM_OK;
    }
    return km_show__version(out, r, rec, 200);
}

km_code km_fhir__read(km_request *r, km_reply *out)
{
    km_ftype type;
    km_str id;
    km_reader *reader;
    km_record *rec;
    KM_TRY(km_fhir__type_of(&type, r));
    KM_TRY(km_fhir__id_of(&id, r));
    KM_TRY(km_show__acceptable(r));
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_reads));
    traced *t = trace_unattended(r, reader);
    km_code rc = km_reader_find(&rec, reader, type, id, source_of(r));
    if (rc == KM_OK)
        rc = show_record(r, out, reader, rec);
    km_reader_close(reader);
    return leave_traced(t, r, out, rc);
}

km_code km_fhir__vread(km_request *r, km_reply *out)
{
    km_ftype type;
    km_str id;
    km_reader *reader;
    km_record *rec;
    int64_t version;
    KM_TRY(km_fhir__type_of(&type, r));
    KM_TRY(km_fhir__id_of(&id, r));
    KM_TRY(km_show__acceptable(r));
    if (!km_str_to_i64(&version, km_request_var(r, "version")) || version < 1
        || version > INT32_MAX)
        return km_fail(r->call.fault, KM_NOT_FOUND, NULL, "no such version");
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_reads));
    km_code rc = km_reader_version(&rec, reader, type, id, source_of(r), (int32_t)version);
    if (rc == KM_OK)
        rc = show_record(r, out, reader, rec);
    km_reader_close(reader);
    return rc;
}

/* --- write --- */

static km_code start_writing(km_writing *w, km_request *r)
{
    *w = (km_writing){ .node = km_request_node(r),
                       .call = &r->call,
                       .policy = &km_fhir_writes,
                       .base = km_show__base(r),
                       .source = source_of(r),
                       .references_reported = !km_request_node(r)->config->references_checked };
    return km_trust_access(&w->access, w->node->trust, &km_fhir_writes, &r->call);
}

static km_code show_current(km_request *r, km_reply *out, const km_change *c)
{
    km_reader *reader;
    km_record *rec;
    km_buf json = km_buf_in(r->call.arena);
    /* What was there before is read, what was made is the caller's own. */
    KM_TRY(km_fhir__reader(&reader, r, c->existing ? &km_fhir_reads : &km_fhir_writes));
    traced *t = trace_unattended(r, reader);
    km_code rc = km_reader_by_rid(&rec, reader, c->rid);
    if (rc == KM_OK)
        rc = km_access_release(km_reader_access(reader), &rec, 1, r->call.fault);
    if (rc == KM_OK)
        rc = km_show__resource(&json, rec, NULL, &r->call);
    km_reader_close(reader);
    if (rc == KM_OK)
        rc = km_show__body(out, r, &json, c->status);
    return leave_traced(t, r, out, rc);
}

static km_code show_outcome(km_request *r, km_reply *out, const km_writing *w, int status)
{
    km_buf json = km_buf_in(r->call.arena);
    km_issue done = { "information", KM_OK, KM_STR_NONE, KM_STR("stored") };
    if (w->n_missing > 0)
        km_outcome_issues(&json, w->missing, w->n_missing);
    else
        km_outcome_issues(&json, &done, 1);
    return km_show__body(out, r, &json, status);
}

static km_code show_change(km_request *r, km_reply *out, const km_writing *w, const km_change *c)
{
    km_show__change_headers(out, r, c);
    out->status = c->status;
    switch (km_show__prefer(r, NULL)) {
    case KM_RETURN_MINIMAL:
        return KM_OK;
    case KM_RETURN_OUTCOME:
        return show_outcome(r, out, w, c->status == 204 ? 200 : c->status);
    default:
        return c->op == KM_OP_DELETE ? KM_OK : show_current(r, out, c);
    }
}

km_code km_fhir__carry_out(km_request *r, km_reply *out, km_change *c)
{
    km_writing w;
    size_t failed;
    KM_TRY(start_writing(&w, r));
    KM_TRY(km_changes_carry_out(&w, c, 1, &failed));
    return show_change(r, out, &w, c);
}

/* What the two halves of a write share. */
typedef struct halves {
    km_writing w;
    km_change change;
} halves;

static km_code show_written(km_request *r, km_reply *out)
{
    halves *h = out->self;
    out->self = NULL;
    KM_TRY(km_change_end(&h->w, &h->change));
    return show_change(r, out, &h->w, &h->change);
}

static void go_on(void *request)
{
    km_request_go_on(request);
}

/* As above, but no thread waits for the group to be durable; what has a condition may have to be
 * tried again, and does. */
static km_code carry_out_unattended(km_request *r, km_reply *out, km_change *c)
{
    if (c->conditional)
        return km_fhir__carry_out(r, out, c);
    halves *h = KM_NEW(r->call.arena, halves);
    h->change = *c;
    KM_TRY(start_writing(&h->w, r));
    out->self = h;
    out->then = show_written;
    return km_change_begin(&h->w, &h->change, go_on, r);
}

static km_code read_body(km_change *c, km_request *r)
{
    km_ftype type;
    KM_TRY(km_fhir__type_of(&c->type, r));
    KM_TRY(km_show__content_type(r));
    KM_TRY(km_show__acceptable(r));
    return km_change_read(&c->resource, &type, r->body, c->type, &r->call);
}

km_code km_fhir__create(km_request *r, km_reply *out)
{
    km_change c = { .op = KM_OP_CREATE };
    KM_TRY(read_body(&c, r));
    c.condition = km_request_header(r, "If-None-Exist");
    c.conditional = c.condition.n > 0;
    if (km_str_starts(c.condition, KM_STR("?")))
        c.condition = km_str_sub(c.condition, 1, c.condition.n);
    /* A created resource gets an id of ours (R4 3.1.0.8): the body's own is dropped. */
    char uuid[37];
    km_call_uuid(&r->call, uuid);
    if (!c.conditional)
        c.id = km_arena_copy(r->call.arena, km_str_of(uuid));
    return carry_out_unattended(r, out, &c);
}

km_code km_fhir__preconditions(km_change *c, km_request *r)
{
    km_str match = km_str_trim(km_request_header(r, "If-Match"));
    km_str none = km_str_trim(km_request_header(r, "If-None-Match"));
    c->create_only = km_str_is(none, "*");
    if (match.n == 0)
        return KM_OK;
    c->if_match = km_show__tag_version(match);
    return c->if_match > 0
               ? KM_OK
               : km_fail(r->call.fault, KM_PRECONDITION, "If-Match", "no version of ours");
}

km_code km_fhir__update(km_request *r, km_reply *out)
{
    km_change c = { .op = KM_OP_UPDATE, .id = km_request_var(r, "id") };
    if (!km_fhir_is_id(c.id))
        return km_fail(r->call.fault, KM_BAD_VALUE, "id", "[A-Za-z0-9-.], at most 64");
    KM_TRY(read_body(&c, r));
    KM_TRY(km_fhir__preconditions(&c, r));
    km_str own = km_jv_str(KM_JV_GET(c.resource, "id"));
    if (!km_str_eq(own, c.id))
        return km_fail(
            r->call.fault, KM_BAD_VALUE,
            km_arena_print(r->call.arena, "%.*s.id", KM_STR_ARG(km_fhir_type_name(c.type))).p,
            "the address and the body differ");
    return carry_out_unattended(r, out, &c);
}

km_code km_fhir__update_if(km_request *r, km_reply *out)
{
    km_change c = { .op = KM_OP_UPDATE, .conditional = true, .condition = r->query_raw };
    KM_TRY(read_body(&c, r));
    KM_TRY(km_fhir__preconditions(&c, r));
    return km_fhir__carry_out(r, out, &c);
}

/* Deleting what is not there is no error: afterwards it is not there (R4 3.1.0.7). */
km_code km_fhir__delete(km_request *r, km_reply *out)
{
    km_change c = { .op = KM_OP_DELETE };
    KM_TRY(km_fhir__type_of(&c.type, r));
    KM_TRY(km_fhir__id_of(&c.id, r));
    KM_TRY(km_fhir__preconditions(&c, r));
    km_code rc = km_fhir__carry_out(r, out, &c);
    if (rc == KM_NOT_FOUND && c.if_match == 0) {
        km_fault_clear(r->call.fault);
        out->status = 204;
        rc = KM_OK;
    }
    return rc;
}

km_code km_fhir__delete_if(km_request *r, km_reply *out)
{
    km_change c = { .op = KM_OP_DELETE, .conditional = true, .condition = r->query_raw };
    KM_TRY(km_fhir__type_of(&c.type, r));
    return km_fhir__carry_out(r, out, &c);
}
