/* SPDX-License-Identifier: Apache-2.0
 *
 * patch: PATCH by JSON Patch (R4 3.1.0.8, RFC 6902). The patch is carried out on what a read shows;
 * what comes out is checked and written like any update, and only over the version that was read.
 */
#include "codec/json/patch.h"

#include "gateways/fhir/inside.h"

enum { TRIES = 6 };

static km_code read_patch(km_jv *out, km_request *r)
{
    km_json *doc;
    km_str rest, type = km_str_cut(km_request_header(r, "Content-Type"), ';', &rest);
    if (!km_str_eq_nocase(km_str_trim(type), KM_STR("application/json-patch+json")))
        return km_fail(r->call.fault, KM_MEDIA_TYPE, NULL, "send application/json-patch+json");
    KM_TRY(km_json_parse(&doc, r->call.arena, r->body, NULL, r->call.fault));
    *out = km_json_root(doc);
    return KM_OK;
}

static km_code read_current(km_str *text, int32_t *version, km_request *r, km_ftype type, km_str id)
{
    km_reader *reader;
    km_record *rec;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_writes));
    km_code rc = km_reader_find(&rec, reader, type, id,
                                ((const km_caller *)r->call.caller)->source);
    if (rc == KM_OK && rec->deleted)
        rc = km_fail(r->call.fault, KM_GONE, NULL, NULL);
    if (rc == KM_OK)
        rc = km_access_release(km_reader_access(reader), &rec, 1, r->call.fault);
    if (rc == KM_OK) {
        km_record_print(&json, rec);
        *version = rec->version;
        *text = km_buf_str(&json);
    }
    km_reader_close(reader);
    return rc;
}

/* `wanted` is the version of If-Match, 0 = any. */
static km_code patch_once(km_request *r, km_reply *out, km_change *c, km_jv patch, int64_t wanted)
{
    km_str text;
    int32_t version = 0;
    km_ftype type;
    KM_TRY(read_current(&text, &version, r, c->type, c->id));
    if (wanted > 0 && wanted != version)
        return km_fail(r->call.fault, KM_PRECONDITION, NULL, "the current version is another one");
    KM_TRY(km_json_patch(&text, r->call.arena, text, patch, r->call.fault));
    KM_TRY(km_change_read(&c->resource, &type, text, c->type, &r->call));
    if (!km_str_eq(km_jv_str(KM_JV_GET(c->resource, "id")), c->id))
        return km_fail(r->call.fault, KM_INVALID, "id", "a patch does not change the id");
    c->if_match = version;
    return km_fhir__carry_out(r, out, c);
}

static km_code patch_record(km_request *r, km_reply *out, km_ftype type, km_str id)
{
    km_jv patch;
    km_change asked = { 0 };
    km_code rc = KM_PRECONDITION;
    KM_TRY(read_patch(&patch, r));
    KM_TRY(km_show__acceptable(r));
    KM_TRY(km_fhir__preconditions(&asked, r));
    for (int i = 0; i < TRIES && rc == KM_PRECONDITION; i++) {
        km_change c = { .op = KM_OP_UPDATE, .type = type, .id = id };
        km_fault_clear(r->call.fault);
        rc = patch_once(r, out, &c, patch, asked.if_match);
        if (asked.if_match > 0)
            break;
    }
    return rc;
}

km_code km_fhir__patch(km_request *r, km_reply *out)
{
    km_ftype type;
    km_str id;
    KM_TRY(km_fhir__type_of(&type, r));
    KM_TRY(km_fhir__id_of(&id, r));
    return patch_record(r, out, type, id);
}

/* Exactly one record must match (R4 3.1.0.8.1). */
km_code km_fhir__patch_if(km_request *r, km_reply *out)
{
    km_ftype type;
    km_search *s;
    km_found found[2];
    km_reader *reader;
    km_record *rec;
    size_t n;
    km_writing w = { .call = &r->call,
                     .base = km_show__base(r),
                     .source = ((const km_caller *)r->call.caller)->source };
    KM_TRY(km_fhir__type_of(&type, r));
    KM_TRY(km_change_condition(&s, &w, type, r->query_raw));
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_writes));
    km_code rc = km_search_few(found, 2, &n, s, reader);
    if (rc == KM_OK && n != 1)
        rc = km_fail(r->call.fault, n == 0 ? KM_NOT_FOUND : KM_MULTIPLE_MATCHES, NULL, NULL);
    if (rc == KM_OK)
        rc = km_reader_by_rid(&rec, reader, found[0].rid);
    km_str id = rc == KM_OK ? km_arena_copy(r->call.arena, rec->id) : KM_STR_NONE;
    km_reader_close(reader);
    return rc == KM_OK ? patch_record(r, out, type, id) : rc;
}
